"""Report documents: spooled to disk as Amazon sent them, checked, cut into slices of rows.

An array is read as slices: JSON arrays of some 32 KiB that hold whole elements, not decoded yet. Where a slice may
end is guessed, and `msgspec` says whether the guess is right: it skips through JSON at about 1 GB/s. Only where the
guess is wrong are brackets and quotes counted.

Measured on one core (Python 3.11, 300 thousand rows of a vendor sales document, 86 MB, gzip; thousand rows a second;
`benchmarks/records.py` prints the whole path)::

    unzip                                          2,800
    cut into slices of 32 KiB                      2,300
    slices, decoded to dicts (msgspec, Decimal)      650     256 KiB: 600, 1 MiB: 450 (the processor's cache)
    slices, decoded to structs (see `rows`)          900
    json's scanner, element by element               350
    ijson.items (yajl2_c)                            250
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
import typing as t
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain

import msgspec

from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.reports.charsets import BLOCK, UTF_8, is_utf_8
from tap_amazon_vendor.reports.delimited import is_empty

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_amazon_vendor.reports.charsets import Charset

#: What a gzip file starts with. Amazon's own label has been wrong both ways (REPORTS.md 0.2).
GZIP_MAGIC = b"\x1f\x8b"

#: A document that holds an error instead of rows is short; nothing longer is searched for one.
ERROR_BYTES = 1 << 20

#: Bytes of a document that are looked at in one go.
SLICE_BYTES = 1 << 15

#: Most rows of a slice that is made of inner arrays.
SLICE_ROWS = 1000

#: Where else than in ``errorDetails`` Amazon has been seen to put the reason (ERRORS.md section 1).
_ERROR_FIELDS = ("errorMessage", "message", "reason")

_WHITE = b" \t\r\n"
#: Where one object of an array may end and the next begin.
_BETWEEN = re.compile(rb"\},(?=[ \t\r\n]*\{)")
#: How far from the end of a slice such a place is looked for.
_TAIL = 1 << 12
#: How many such places are tried: inner arrays have them too. Counting takes as long as thirty guesses.
_GUESSES = 16
#: What structures JSON. A lone quote is a text whose end is not there yet.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{},]', re.DOTALL)
#: An escaped character, with both halves where it is a surrogate pair.
_ESCAPE = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\(?:u....|.)", re.DOTALL)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]..")

_anything = msgspec.json.Decoder(msgspec.Raw)
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw]] | None)


@dataclass(frozen=True)
class Document:
    """A report document on disk, known to be whole.

    Attributes:
        path: The file, gzip or plain.
        bytes: Its size.
        error: Amazon's text, where the document holds an error instead of rows.
        specification: ``reportSpecification``, where it has one.
        empty: There is no row in it.
        charset: How a flat file is to be decoded, where that shows; else what the document host said of it.
    """

    path: Path
    bytes: int
    error: str | None
    specification: dict[str, t.Any] | None
    empty: bool
    charset: Charset | str | None = None


def open_flat_file(path: Path, charset: str | None = None) -> Document:
    """Check a downloaded flat file, or what came in its place. Reads it through once, as `open_document` does.

    Most flat files are UTF-8, which shows while it is read. Of the others `find_charset` decides.

    Args:
        path: The file.
        charset: What the document host said of it.

    Raises:
        DocumentError: It is truncated, damaged, or a page of HTML.
    """
    with _unpacked(path) as file:
        head = file.read(ERROR_BYTES)
        utf_8 = is_utf_8(chain((head,), iter(partial(file.read, BLOCK), b"")), charset)
    head = head.lstrip(_WHITE)
    if head.startswith(b"{"):
        # The reason why there is no file. A first header that begins so is none of Amazon's.
        return open_document(path)
    if head[:_TAIL].lower().startswith((b"<!doctype html", b"<html")):
        text = "the document is a page of HTML"
        raise DocumentError(text)
    return Document(path, path.stat().st_size, None, None, is_empty(path), UTF_8 if utf_8 else charset)


def open_document(path: Path) -> Document:
    """Check a downloaded file.

    Reads it through once: a truncated or damaged file must be found before its first row is written, not in the
    middle, and the specification may come after the rows. That takes about a fifth of the time of a run on a
    document; unzipping, most of it, lets other threads run.

    Args:
        path: The file.

    Raises:
        DocumentError: It is truncated, damaged, or not JSON.
    """
    size = path.stat().st_size
    with _unpacked(path) as file:
        head = file.read(ERROR_BYTES).lstrip(_WHITE)
        if not head.startswith((b"{", b"[")):
            text = "the document is not JSON"
            raise DocumentError(text)
        if more := file.read(1):
            specification = None
            for name, value in _Json(file, head + more).members():
                if name == "reportSpecification":
                    specification = msgspec.json.decode(value)
            return Document(path, size, None, _if_object(specification), empty=False)
    if head.rstrip(_WHITE)[-1:] not in {b"}", b"]"}:
        text = "the document ends in the middle of its JSON"
        raise DocumentError(text)
    try:
        content = json.loads(head)
    except (ValueError, RecursionError):
        text = "the document is not JSON"
        raise DocumentError(text) from None
    specification = content.get("reportSpecification") if isinstance(content, dict) else None
    return Document(path, size, _error(content), _if_object(specification), _empty(content))


def read_slices(document: Document, path: str, inherits: tuple[str, ...] = ()) -> Iterator[bytes]:
    """Read one array of a document, slice by slice, in constant memory.

    Args:
        document: The document.
        path: Name of the array at the document's top level; of an array in each of its elements, both names with a
            dot between, and so on.
        inherits: Fields that a row of an inner array takes from the elements around it.

    Yields:
        Slices: JSON arrays of some rows, as Amazon wrote them.

    Raises:
        DocumentError: The document is not JSON, or has no such array.
    """
    array, _, inner = path.partition(".")
    found = False
    with _unpacked(document.path) as file:
        for name, value in _Json(file).members():
            if name != array or not value.startswith(b"["):
                continue
            found = True
            if inner:
                yield from _inner_slices(value, array, inner, inherits)
            elif value != b"[]":
                yield value
    if not found:
        text = f"the document has no array {array}"
        raise DocumentError(text)


def first_rows(document: Document) -> dict[str, dict[str, t.Any]]:
    """Read the first element of each array at a document's top level, an empty object where it is none.

    Reads the document through. An array without elements is there too; what is no array is not.

    Raises:
        DocumentError: The document is not JSON.
    """
    found: dict[str, dict[str, t.Any]] = {}
    with _unpacked(document.path) as file:
        for name, value in _Json(file).members():
            if value.startswith(b"[") and not found.get(name):
                try:
                    element = next(iter(msgspec.json.decode(value)), None)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    raise _not_json(str(error)) from None
                found[name] = element if isinstance(element, dict) else {}
    return found


def _inner_slices(text: bytes, array: str, path: str, inherits: tuple[str, ...]) -> Iterator[bytes]:
    """Write the rows of the arrays within the elements of a slice as slices of their own."""
    rows = []
    for row in _inner_rows(text, array, path, inherits, {}):
        rows.append(row)
        if len(rows) == SLICE_ROWS:
            yield msgspec.json.encode(rows)
            rows.clear()
    if rows:
        yield msgspec.json.encode(rows)


def _inner_rows(
    text: bytes | msgspec.Raw, array: str, path: str, inherits: tuple[str, ...], inherited: dict[str, msgspec.Raw]
) -> Iterator[dict[str, msgspec.Raw]]:
    """Read the rows of an array within elements; an element without the array has none."""
    try:
        elements = _objects.decode(text) or ()
    except msgspec.ValidationError:
        problem = f"an element of {array} is not an object"
        raise DocumentError(problem) from None
    except UnicodeDecodeError as error:
        raise _not_json(str(error)) from None
    inner, _, rest = path.partition(".")
    for element in elements:
        own = inherited | element  # The row's own fields win.
        if not path:
            yield own
        elif inner in element:
            handed_down = {name: own[name] for name in inherits if name in own}
            yield from _inner_rows(element[inner], inner, rest, inherits, handed_down)


class _Json:
    """The text of a document, of which a window is in memory. What comes next is at the window's front."""

    def __init__(self, file: t.IO[bytes], window: bytes = b"") -> None:
        self._file = file
        self._window = window

    def members(self) -> Iterator[tuple[str, bytes]]:
        """Read the members of the top level, to the end of the document.

        Yields:
            Name and value. Of an array first ``[]``, then its elements in slices. The elements of a document that
            is an array have no name.
        """
        if self._take(b"{[") == b"[":
            for elements in self._slices():
                yield "", elements
        elif self._next() == b"}":
            self._take(b"}")
        else:
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
                    break
        while self._window or self._read():
            if self._window.strip(_WHITE):
                problem = "something follows its end"
                raise _not_json(problem)
            self._window = b""

    def _read(self) -> bool:
        """Widen the window; to its double, so that a long element is not looked through too often."""
        more = self._file.read(max(SLICE_BYTES, len(self._window)))
        self._window += more
        return bool(more)

    def _need(self) -> None:
        if not self._read():
            text = "the document ends in the middle of its JSON"
            raise DocumentError(text)

    def _next(self) -> bytes:
        """Look at the next sign."""
        while not (window := self._window.lstrip(_WHITE)):
            self._window = b""
            self._need()
        self._window = window
        return window[:1]

    def _take(self, signs: bytes) -> bytes:
        """Take the next sign, which must be one of these."""
        sign = self._next()
        if sign not in signs:
            problem = "a bracket, comma or colon is not where it should be"
            raise _not_json(problem)
        self._window = self._window[1:]
        return sign

    def _name(self) -> str:
        """Take the name of a member, and the colon after it."""
        if self._next() != b'"':
            problem = "a name is missing"
            raise _not_json(problem)
        while (end := t.cast("re.Match[bytes]", _TOKEN.match(self._window)).end()) == 1:
            self._need()
        name: str = msgspec.json.decode(_checked(b"[%b]" % self._window[:end]))[0]
        self._window = self._window[end:]
        self._take(b":")
        return name

    def _value(self) -> bytes:
        """Take the value of a member, if it is no array."""
        while (end := next(_ends(self._window), None)) is None:
            self._need()
        value = _checked(b"[%b]" % self._window[:end])[1:-1]
        self._window = self._window[end:]
        return value

    def _slices(self) -> Iterator[bytes]:
        """Take the elements and the closing bracket of an array."""
        first = True
        while True:
            if len(self._window) < SLICE_BYTES:
                self._read()
            window = self._window
            if elements := _guess(window):
                self._window = window[len(elements) - 1 :]
                first = False
                yield elements
                continue
            end = max(_ends(window), default=None)
            if end is None:
                self._need()
                continue
            sign, self._window = window[end : end + 1], window[end + 1 :]
            if not (first and sign == b"]" and not window[:end].strip(_WHITE)):
                yield _checked(b"[%b]" % window[:end])
            if sign == b"]":
                return
            if sign != b",":
                problem = "an array does not end"
                raise _not_json(problem)
            first = False


def _guess(window: bytes) -> bytes | None:
    """Guess the last comma between elements. Return what comes before it as a slice, None if no guess is right.

    If what comes before it is a list of whole elements, it is right: JSON is read from left to right, and what comes
    after does not change what came before.
    """
    places = [place.start() + 1 for place in _BETWEEN.finditer(window, max(0, len(window) - _TAIL))]
    for place in reversed(places[-_GUESSES:]):
        elements = b"[%b]" % window[:place]
        try:
            _anything.decode(elements)
        except (msgspec.DecodeError, RecursionError):
            continue
        return elements
    return None


def _ends(window: bytes) -> Iterator[int]:
    """Find, by counting brackets, the commas after values and the closing bracket of what a window begins in."""
    depth = 0
    for token in _TOKEN.finditer(window):
        match token[0]:
            case b",":
                if not depth:
                    yield token.start()
            case b"{" | b"[":
                depth += 1
            case b"}" | b"]":
                if not depth:
                    yield token.start()
                    return
                depth -= 1
            case b'"':
                return


def _checked(elements: bytes) -> bytes:
    """Check a slice; write half a surrogate pair, which is no character, as U+FFFD.

    That happens where a text was cut by its UTF-16 units, and must not cost the report.

    Raises:
        DocumentError: It is not JSON, or has no element.
    """
    try:
        str(elements, "utf-8")  # What is only skipped is not looked at so closely.
        try:
            found = _elements.decode(elements)
        except msgspec.DecodeError:
            elements = _ESCAPE.sub(lambda escape: rb"\ufffd" if _HALF.fullmatch(escape[0]) else escape[0], elements)
            found = _elements.decode(elements)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(str(error)) from None
    if not found:
        problem = "a value is missing"
        raise _not_json(problem)
    return elements


def _not_json(problem: str) -> DocumentError:
    """Say what is wrong with a document's JSON, without a word of it."""
    return DocumentError(f"the document is not JSON: {problem}")


def _if_object(specification: t.Any) -> dict[str, t.Any] | None:  # noqa: ANN401  # any JSON
    return specification if isinstance(specification, dict) else None


def _empty(document: t.Any) -> bool:  # noqa: ANN401  # any JSON
    """Say whether a short document has arrays, and no row in any of them."""
    arrays = [value for value in document.values() if isinstance(value, list)] if isinstance(document, dict) else []
    return bool(arrays) and not any(arrays)


def _error(document: t.Any) -> str | None:  # noqa: ANN401  # any JSON
    """Return the error text of a short document, None for a document of rows."""
    if not isinstance(document, dict):
        return None
    if document.get("errorDetails"):
        return str(document["errorDetails"])
    if "reportSpecification" in document:
        return None
    for name in _ERROR_FIELDS:
        if document.get(name):
            return str(document[name])
    errors = document.get("errors")
    if isinstance(errors, list) and errors:
        return "; ".join(
            str(error.get("message", error)) if isinstance(error, dict) else str(error) for error in errors
        )
    return None


@contextmanager
def _unpacked(path: Path) -> Iterator[t.IO[bytes]]:
    """Open a file for reading its content, whatever its label said.

    Raises:
        DocumentError: The gzip data is truncated or damaged.
    """
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        file = t.cast("t.IO[bytes]", gzip.GzipFile(fileobj=raw) if packed else raw)
        try:
            if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
                file.seek(0)
            yield file
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            text = f"the document is truncated or damaged: {error}"
            raise DocumentError(text) from None
