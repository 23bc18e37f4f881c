"""Report documents on disk: spooled as Amazon sent them, checked for completeness, read array by array."""

from __future__ import annotations

import codecs
import io
import json
import re
import typing as t
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import msgspec

from tap_amazon_vendor.documents.delimited import is_empty
from tap_amazon_vendor.documents.encodings import UTF_8, is_utf_8
from tap_amazon_vendor.documents.json_repair import has_single_fields, with_single_fields
from tap_amazon_vendor.documents.json_slices import WHITE, JsonText, not_json
from tap_amazon_vendor.documents.json_values import shown
from tap_amazon_vendor.documents.unzip import unzipped
from tap_amazon_vendor.errors import DocumentError, one_line

if t.TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tap_amazon_vendor.documents.encodings import Charset

#: A document that holds an error instead of rows is short; nothing longer is searched for one.
ERROR_BYTES = 1 << 20

_SPECIFICATION = "reportSpecification"

#: How far into a document the start of a page of HTML is looked for.
HTML_BYTES = 1 << 12

#: Most rows of a slice that is made of inner arrays.
SLICE_ROWS = 1000

#: Where else than in ``errorDetails`` Amazon has been seen to put the reason (docs/amazon/errors.md#error-documents).
_ERROR_FIELDS = ("errorMessage", "message", "reason")

_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw]] | None)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_elements = msgspec.json.Decoder(list[msgspec.Raw])

#: Longer integers are not decoded here: the time that takes grows with their square.
_MOST_DIGITS = 1000

#: Bytes that are read at once.
_BLOCK = 1 << 18

#: A number other than zero, of a field.
_FIGURE = re.compile(rb'":\s*-?(?:0\.0*)?[1-9]')

#: Most arrays that an error lists.
_MOST_ARRAYS = 9


@dataclass(frozen=True)
class Document:
    """A report document on disk, known to be complete.

    Attributes:
        path: The file, gzip or plain.
        bytes: Its size.
        error: Amazon's text, if the document holds an error instead of rows.
        specification: ``reportSpecification``, if it has one.
        empty: It has no rows.
        charset: How to decode a flat file, if the file shows that; else what the document host declared.
        cuts: Where long arrays may be cut into slices, see `JsonText`.
    """

    path: Path
    bytes: int
    error: str | None
    specification: dict[str, t.Any] | None
    empty: bool
    charset: Charset | str | None = None
    cuts: Mapping[int, array[int]] = field(default_factory=dict, compare=False, repr=False)


def open_flat_file(path: Path, charset: str | None = None) -> Document:
    """Check a downloaded flat file, or what came in its place. Reads it once, as `open_document` does.

    Most flat files are UTF-8, which shows while reading. For the others `find_charset` decides.

    Args:
        path: The file.
        charset: What the document host declared.

    Raises:
        DocumentError: It is truncated, damaged, or a page of HTML.
    """
    with unzipped(path) as file:
        head = file.read(ERROR_BYTES)
        utf_8 = is_utf_8(chain((head,), iter(partial(file.read, _BLOCK), b"")), charset)
    start = text_start(head)
    if start.startswith("{"):
        # The reason why there is no file: none of Amazon's headers begins like this.
        return open_document(path)
    if start.lower().startswith(("<!doctype html", "<html")):
        text = "the document is a page of HTML"
        raise DocumentError(text)
    return Document(path, path.stat().st_size, None, None, is_empty(path), UTF_8 if utf_8 else charset)


def open_document(path: Path) -> Document:
    """Check a downloaded file.

    Reads it once: a truncated or damaged file must be found before its first row is written, not in the
    middle, and the specification may come after the rows. For vendor sales that takes an eighth
    of a document's instructions, a quarter of them to unzip it. docs/quota.md says why it is unzipped twice.

    Args:
        path: The file.

    Raises:
        DocumentError: It is truncated, damaged, or not JSON.
    """
    size = path.stat().st_size
    with content_of(path) as file:
        start = file.read(ERROR_BYTES)
        head = start.lstrip(WHITE)
        if not head.startswith((b"{", b"[")):
            text = "the document is not JSON"
            raise DocumentError(text)
        if more := file.read(1):
            whole = JsonText(file, start + more)
            return Document(path, size, None, _specification(whole.members()), empty=False, cuts=whole.cuts)
    if head.rstrip(WHITE)[-1:] not in {b"}", b"]"}:
        text = "the document ends in the middle of its JSON"
        raise DocumentError(text)
    content = _decoded(head)
    specification = content.get(_SPECIFICATION) if isinstance(content, dict) else None
    if head.count(b'"%b"' % _SPECIFICATION.encode()) > 1:
        specification = _specification(JsonText(io.BytesIO(), head).members())
    return Document(path, size, one_line(_error(content)) or None, _if_object(specification), _empty(content))


def has_no_element(document: Document) -> bool:
    """Return whether a document is a JSON array without elements."""
    with content_of(document.path) as file:
        return file.read(ERROR_BYTES).strip(WHITE)[1:].lstrip(WHITE) == b"]"


def read_slices(
    document: Document,
    path: str,
    inherits: tuple[str, ...] = (),
    repairs: Counter[str] | None = None,
    remarks: list[str] | None = None,
) -> Iterator[bytes]:
    """Read one array of a document, slice by slice, in constant memory.

    Args:
        document: The document.
        path: Name of the array at the document's top level; of an array in each of its elements, both names with a
            dot between, and so on.
        inherits: Fields that a row of an inner array takes from the elements around it.
        repairs: Counts the faults that had to be repaired.
        remarks: Receives a sentence if the array is empty though another one has figures: totals without their rows.

    Yields:
        Slices: JSON arrays of some rows, as Amazon wrote them. What stands in a row's place is among them.

    Raises:
        DocumentError: The document is not JSON, or has no such array.
    """
    array, _, inner = path.partition(".")
    found = some = False
    #: Whether each has a figure.
    others: dict[str, bool] = {}
    with content_of(document.path) as file:
        for name, value in JsonText(file, repairs=repairs, cuts=document.cuts).members():
            if not value.startswith(b"["):
                continue
            if name != array:
                others[name] = others.get(name) or bool(_FIGURE.search(value))
                continue
            found, some = True, some or value != b"[]"
            if inner:
                yield from _inner_slices(value, inner, inherits, repairs)
            elif value != b"[]":
                yield value
    if not found:
        text = f"the document has no array {array}" if array else "the document is no array"
        if names := [name for name in others if name.isidentifier()]:
            text += f", but {', '.join(names[:_MOST_ARRAYS])}"
        raise DocumentError(text)
    full = [name for name, has_figures in others.items() if has_figures and name.isidentifier()]
    if remarks is not None and full and not some:
        remarks.append(f"the document has no rows in {array}, though {', '.join(full[:_MOST_ARRAYS])} has figures")


def first_rows(document: Document) -> dict[str, dict[str, t.Any]]:
    """Read the first element of each array at a document's top level, an empty object if it is not an object.

    Reads the whole document. Includes arrays without elements, but nothing that is not an array.

    Raises:
        DocumentError: The document is not JSON.
    """
    found: dict[str, dict[str, t.Any]] = {}
    with content_of(document.path) as file:
        for name, value in JsonText(file).members():
            if value.startswith(b"[") and not found.get(name):
                first = next(iter(_elements.decode(value)), None)
                element = None if first is None else _decoded(bytes(first))
                found[name] = element if isinstance(element, dict) else {}
    return found


def _inner_slices(text: bytes, path: str, inherits: tuple[str, ...], repairs: Counter[str] | None) -> Iterator[bytes]:
    """Yield the rows of the arrays within the elements of a slice as slices of their own."""
    rows = []
    if not has_single_fields(text):
        text = with_single_fields(text, Counter() if repairs is None else repairs)
    for row in _inner_rows(text, path, inherits, {}):
        rows.append(row)
        if len(rows) == SLICE_ROWS:
            yield msgspec.json.encode(rows)
            rows.clear()
    if rows:
        yield msgspec.json.encode(rows)


def _inner_rows(
    text: bytes | msgspec.Raw, path: str, inherits: tuple[str, ...], inherited: dict[str, msgspec.Raw]
) -> Iterator[dict[str, msgspec.Raw] | msgspec.Raw | list[msgspec.Raw]]:
    """Read the rows of an array within elements; an element without the array has no rows.

    Yields:
        Rows. What is no object where one is due is yielded as it is, and what is no array within one: neither is a row.
    """
    try:
        elements = _objects.decode(text) or ()
    except msgspec.ValidationError:
        try:
            mixed = _elements.decode(text)
        except msgspec.ValidationError:
            yield [msgspec.Raw(bytes(text))]
            return
        for element in mixed:
            if bytes(element).startswith(b"{"):
                yield from _inner_rows(b"[%b]" % bytes(element), path, inherits, inherited)
            else:
                yield element
        return
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_json(str(error)) from None
    inner, _, rest = path.partition(".")
    for element in elements:
        own = inherited | element  # The row's own fields win.
        if not path:
            yield own
        elif inner in element:
            handed_down = {name: own[name] for name in inherits if name in own}
            yield from _inner_rows(element[inner], rest, inherits, handed_down)


def text_start(head: bytes) -> str:
    """Return the first text of a document after white space, whatever its encoding; empty if there is none.

    Args:
        head: The first bytes of the document.
    """
    head = head[: len(head) & ~3] or head  # No half of a character of UTF-16 or UTF-32.
    start = head.decode(json.detect_encoding(head), "replace")
    return start.lstrip("\ufeff \t\r\n")[:HTML_BYTES]


def _decoded(text: bytes) -> t.Any:  # noqa: ANN401  # any JSON
    """Decode JSON of which only some texts are looked at; of integers that are too long, their text.

    Raises:
        DocumentError: It is not JSON.
    """
    try:
        return json.loads(
            # What is nearly JSON is repaired when its rows are read.
            text.decode(errors="replace"),
            strict=False,
            parse_int=lambda digits: int(digits) if len(digits) <= _MOST_DIGITS else digits,
        )
    except (ValueError, RecursionError):
        problem = "the document is not JSON"
        raise DocumentError(problem) from None


def _specification(members: Iterator[tuple[str, bytes]]) -> dict[str, t.Any] | None:
    """Return the specification among the members of a document, None if it has none. Reads all of them.

    Raises:
        DocumentError: It is there more than once, and says different things.
    """
    said = [each for name, value in members if name == _SPECIFICATION and (each := _if_object(_decoded(value)))]
    for other in said[1:]:
        for name in {**said[0], **other}:
            one, two = said[0].get(name), other.get(name)
            if one != two:
                text = f"its {_SPECIFICATION} is there twice, with {name} {shown(one)} and {shown(two)}"
                raise DocumentError(text)
    return said[0] if said else None


def _if_object(specification: t.Any) -> dict[str, t.Any] | None:  # noqa: ANN401  # any JSON
    return specification if isinstance(specification, dict) else None


def _empty(document: t.Any) -> bool:  # noqa: ANN401  # any JSON
    """Return whether a short document has arrays, and no row in any of them."""
    arrays = [value for value in document.values() if isinstance(value, list)] if isinstance(document, dict) else []
    return bool(arrays) and not any(arrays)


def _error(document: t.Any) -> str | None:  # noqa: ANN401  # any JSON
    """Return the error text of a short document, None for a document of rows."""
    if not isinstance(document, dict):
        return None
    if document.get("errorDetails"):
        return str(document["errorDetails"])
    if _SPECIFICATION in document:
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
def content_of(path: Path) -> Iterator[t.IO[bytes]]:
    """Open a file for reading its content, in UTF-8 and without the byte order mark, if it has one.

    Raises:
        DocumentError: The gzip data is truncated or damaged.
    """
    with unzipped(path) as file:
        head = file.read(len(codecs.BOM_UTF32_LE))
        file.seek(0)
        encoding = json.detect_encoding(head)
        if encoding == "utf-8-sig":
            file.seek(len(codecs.BOM_UTF8))
        yield file if encoding.startswith("utf-8") else io.BufferedReader(_Recoded(file, encoding))


class _Recoded(io.RawIOBase):
    """Reads a file in UTF-16 or UTF-32, which PowerShell and spreadsheets write, as UTF-8."""

    def __init__(self, file: t.IO[bytes], encoding: str) -> None:
        self._file = file
        # What is no character, as half of a surrogate pair, must not fail the report.
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: t.Any) -> int:  # noqa: ANN401  # the type has no name before Python 3.12
        """Fill a buffer, as far as there is something."""
        while not self._ready:
            block = self._file.read(_BLOCK)
            self._ready = self._decoder.decode(block, final=not block).encode()
            if not block:
                break
        taken, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)
