"""Cuts the JSON of a document into slices of rows, in constant memory.

An array is read as slices: JSON arrays of some 32 KiB that hold whole elements, not decoded yet. Where a slice may
end is guessed, and `msgspec` says whether the guess is right: it skips through JSON at about 1 GB/s. Only where the
guess is wrong are brackets and quotes counted. A document is read twice, to check it and for its rows: the ends
found the first time are not guessed again.

Measured on one core (Python 3.11, 300 thousand rows of a vendor sales document, 86 MB, gzip; thousand rows a second;
`benchmarks/records.py` prints the whole path)::

    unzip                                         10,300     with zlib: 3,100
    cut into slices of 32 KiB                      2,300
    slices, decoded to dicts (msgspec, Decimal)      650     256 KiB: 600, 1 MiB: 450 (the processor's cache)
    slices, decoded to structs (see `rows`)          900
    json's scanner, element by element               350
    ijson.items (yajl2_c)                            250
"""

from __future__ import annotations

import re
import typing as t
from array import array
from bisect import bisect_right
from collections import Counter

import msgspec

from tap_amazon_vendor.documents.json_repair import repaired
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.surrogates import with_whole_pairs

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Bytes of a document that are processed in one go.
SLICE_BYTES = 1 << 15

#: Longest element of an array, and longest value beside the arrays: more would not fit into memory when decoded.
LONGEST_ELEMENT = 1 << 24

WHITE = b" \t\r\n"
#: Where one object of an array may end and the next begin.
_BETWEEN = re.compile(rb"\},(?=[ \t\r\n]*\{)")
#: How far from the end of a slice such a place is searched for.
_TAIL = 1 << 12
#: How many such places are tried: inner arrays have them too. Counting brackets takes as long as thirty guesses.
_GUESSES = 16
#: What structures JSON, within texts too. An escaped character is one sign, so that its quote is none.
_SIGN = re.compile(rb'\\.|["\[\]{},]', re.DOTALL)
#: In more, the end of an element is looked for only if it is there: counting takes fifty times as long as that look.
_LARGE = 8 * SLICE_BYTES

_anything = msgspec.json.Decoder(msgspec.Raw)
_elements = msgspec.json.Decoder(list[msgspec.Raw])


class JsonText:
    """The text of a document, of which a window is in memory. What comes next is at the window's front."""

    def __init__(
        self,
        file: t.IO[bytes],
        window: bytes = b"",
        repairs: Counter[str] | None = None,
        cuts: Mapping[int, array[int]] | None = None,
    ) -> None:
        self._file = file
        self._window = window
        self._bytes_read = len(window)
        #: Where slices may end, by the position where the elements of an array begin: as found when the text was
        #: read before, and as found now.
        self._known_cuts = cuts or {}
        self.cuts: dict[int, array[int]] = {}
        #: Faults that were repaired, and how often.
        self._repairs: Counter[str] = Counter() if repairs is None else repairs

    def members(self) -> Iterator[tuple[str, bytes]]:
        """Read the members of the top level, to the end of the document.

        Yields:
            Name and value. Of an array first ``[]``, then its elements in slices. The elements of a document that
            is an array have no name.
        """
        if self._next() == b"[":
            self._take(b"[")
            yield "", b"[]"
            for elements in self._slices():
                yield "", elements
        else:
            yield from self._object()
        if self.has_more():
            problem = "something follows its end"
            raise not_json(problem)

    def objects(self) -> Iterator[Iterator[tuple[str, bytes]]]:
        """Read one object after the other, as JSON Lines holds them: each to its end before the next."""
        while self.has_more():
            yield self._object()

    def has_more(self) -> bool:
        """Return whether anything but white space follows."""
        while self._window or self._read():
            self._window = self._window.lstrip(WHITE)
            if self._window:
                return True
        return False

    def _object(self) -> Iterator[tuple[str, bytes]]:
        self._take(b"{")
        if self._next() == b"}":
            self._take(b"}")
            return
        while True:
            name = self._name()
            if self._next() == b"[":
                self._take(b"[")
                yield name, b"[]"
                for elements in self._slices():
                    yield name, elements
            else:
                yield name, self._value()
            if self._take(b",}") == b"}":
                return

    def _read(self) -> bool:
        """Widen the window; to its double, so that a long element is not scanned too often."""
        more = self._file.read(max(SLICE_BYTES, len(self._window)))
        self._window += more
        self._bytes_read += len(more)
        return bool(more)

    @property
    def _position(self) -> int:
        return self._bytes_read - len(self._window)

    def _need(self) -> None:
        if len(self._window) > LONGEST_ELEMENT:
            text = f"an element of the document does not end within {LONGEST_ELEMENT >> 20} MiB"
            raise DocumentError(text)
        if not self._read():
            text = "the document ends in the middle of its JSON"
            raise DocumentError(text)

    def _is_cut(self) -> bool:
        """Return whether a large window surely holds less than the value that it begins with.

        Raises:
            DocumentError: The value is nested too deeply.
        """
        if len(self._window) < _LARGE:
            return False
        try:
            _anything.decode(with_whole_pairs(self._window))
        except msgspec.DecodeError as error:
            return "truncated" in str(error)
        except RecursionError:
            raise _too_deep() from None
        return False

    def _next(self) -> bytes:
        """Peek at the next character."""
        while not (window := self._window.lstrip(WHITE)):
            self._window = b""
            self._need()
        self._window = window
        return window[:1]

    def _take(self, signs: bytes) -> bytes:
        """Take the next character, which must be one of these."""
        sign = self._next()
        if sign not in signs:
            problem = "a bracket, comma or colon is not where it should be"
            raise not_json(problem)
        self._window = self._window[1:]
        return sign

    def _name(self) -> str:
        """Take the name of a member, and the colon after it."""
        if self._next() != b'"':
            problem = "a name is missing"
            raise not_json(problem)
        while (end := _end_of_text(self._window)) is None:
            self._need()
        name: str = msgspec.json.decode(checked(b"[%b]" % self._window[:end], self._repairs))[0]
        self._window = self._window[end:]
        self._take(b":")
        return name

    def _value(self) -> bytes:
        """Take the value of a member that is not an array."""
        while self._is_cut() or (end := next(_ends(self._window), None)) is None:
            self._need()
        value = checked(b"[%b]" % self._window[:end], self._repairs)[1:-1]
        self._window = self._window[end:]
        return value

    def _known_slice(self, start: int) -> bytes | None:
        """Return the slice up to the next known end, None if there is none in the window."""
        cuts, position = self._known_cuts.get(start, ()), self._position
        index = bisect_right(cuts, position)
        place = cuts[index] - position if index < len(cuts) else len(self._window)
        return b"[%b]" % self._window[:place] if place < len(self._window) else None

    def _slices(self) -> Iterator[bytes]:
        """Take the elements and the closing bracket of an array."""
        first = True
        start = self._position  # Where the elements begin.
        while True:
            if len(self._window) < SLICE_BYTES:
                self._read()
            if self._is_cut():
                self._need()
                continue
            window = self._window
            if elements := self._known_slice(start) or _guess(window):
                self.cuts.setdefault(start, array("Q")).append(self._position + len(elements) - 2)
                self._window = window[len(elements) - 1 :]
                first = False
                yield elements
                continue
            end = max(_ends(window), default=None)
            if end is None:
                self._need()
                continue
            sign, self._window = window[end : end + 1], window[end + 1 :]
            if not (first and sign == b"]" and not window[:end].strip(WHITE)):
                yield checked(b"[%b]" % window[:end], self._repairs)
            if sign == b"]":
                return
            if sign != b",":
                problem = "an array does not end"
                raise not_json(problem)
            first = False


def _guess(window: bytes) -> bytes | None:
    """Guess the last comma between elements. Return the part before it as a slice, None if no guess is right.

    If what comes before it is a list of whole elements, it is right: JSON is read from left to right, and what comes
    after does not change what came before.
    """
    # Amazon writes no white space between rows, and mostly the last place is it.
    if (last := window.rfind(b"},{", -_TAIL)) >= 0 and (elements := _whole(window, last + 1)):
        return elements
    places = [place.start() + 1 for place in _BETWEEN.finditer(window, max(0, len(window) - _TAIL))]
    return next(filter(None, (_whole(window, place) for place in reversed(places[-_GUESSES:]))), None)


def _whole(window: bytes, place: int) -> bytes | None:
    """Return what is before a place as a slice, None if that are no whole elements."""
    elements = b"[%b]" % window[:place]
    try:
        _anything.decode(elements)
    except (msgspec.DecodeError, RecursionError):
        return None
    return elements


def _ends(window: bytes) -> Iterator[int]:
    """Find, by counting brackets, the commas after values and the closing bracket of what a window begins in."""
    depth, in_text = 0, False
    for sign in _SIGN.finditer(window):
        match sign[0]:
            case b'"':
                in_text = not in_text
            case _ if in_text:
                continue
            case b",":
                if not depth:
                    yield sign.start()
            case b"{" | b"[":
                depth += 1
            case b"}" | b"]":
                if not depth:
                    yield sign.start()
                    return
                depth -= 1


def _end_of_text(window: bytes) -> int | None:
    """Return where the text ends that a window begins with, None if not within the window."""
    return next((sign.end() for sign in _SIGN.finditer(window, 1) if sign[0] == b'"'), None)


def checked(elements: bytes, repairs: Counter[str]) -> bytes:
    """Check a slice, or a row in brackets; replace half a surrogate pair, which is no character; repair other faults.

    The former happens if a text was cut by its UTF-16 units, and must not fail the report.

    Args:
        elements: The slice.
        repairs: Counts other faults.

    Raises:
        DocumentError: It is not JSON, or has no element.
    """
    try:
        try:
            str(elements, "utf-8")  # msgspec does not check all of what it skips.
            found = _elements.decode(elements)
        except (msgspec.DecodeError, UnicodeDecodeError):
            elements = repaired(with_whole_pairs(elements), repairs)
            found = _elements.decode(elements)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_json(str(error)) from None
    except RecursionError:
        raise _too_deep() from None
    if not found:
        problem = "a value is missing"
        raise not_json(problem)
    return elements


def _too_deep() -> DocumentError:
    return not_json("it is nested too deeply")


def not_json(problem: str) -> DocumentError:
    """Return the error for invalid JSON, without quoting it."""
    return DocumentError(f"the document is not JSON: {problem}")
