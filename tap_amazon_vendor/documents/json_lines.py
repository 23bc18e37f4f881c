"""JSON Lines documents: an object a line, whose rows are the objects themselves or the elements of a list in each."""

from __future__ import annotations

import json
import re
import typing as t
from collections import Counter

import msgspec

from tap_amazon_vendor.documents.files import ERROR_BYTES, Document, content_of
from tap_amazon_vendor.documents.json_repair import TWICE, has_single_fields, with_single_fields
from tap_amazon_vendor.documents.json_slices import LONGEST_ELEMENT, SLICE_BYTES, WHITE, JsonText, checked, not_json
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    Row = dict[str, msgspec.Raw]

_BLOCK = 1 << 20

#: A field with a number, and how many bytes of one block may begin it.
_NUMBER = re.compile(rb'":[ \t]*-?[0-9]')
_OVERLAP = 16

_object = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_elements = msgspec.json.Decoder(list[msgspec.Raw])


def open_lines(path: Path) -> Document:
    """Check a downloaded file, or what came in its place. Reads it once.

    Args:
        path: The file, gzip or plain.

    Raises:
        DocumentError: It is truncated, damaged, or not JSON Lines.
    """
    size = path.stat().st_size
    with content_of(path) as file:
        head = file.read(ERROR_BYTES)
        last = head
        while block := file.read(_BLOCK):
            last = (last + block)[-_BLOCK:]
    text = head.lstrip(WHITE)
    if not text:
        return Document(path, size, None, None, empty=True)
    if len(head) < ERROR_BYTES and (error := _error(text)):
        return Document(path, size, error, None, empty=False)
    if not text.startswith(b"{"):
        problem = "it does not begin with an object"
        raise not_json(problem)
    if not last.rstrip(WHITE).endswith(b"}"):
        problem = "the document ends in the middle of its JSON"
        raise DocumentError(problem)
    return Document(path, size, None, None, empty=False)


def _error(text: bytes) -> str | None:
    """Return the error texts of a document that holds nothing else: a list of errors, or an object with one."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    errors = content.get("errors") if isinstance(content, dict) else content
    # A list of rows is no list of errors.
    if isinstance(errors, list) and (errors is not content or not any(map(_is_row, errors))):
        return "; ".join(_message(each) for each in errors) or "an error document without a reason"
    return None


def _is_row(element: t.Any) -> bool:  # noqa: ANN401  # any JSON
    return isinstance(element, dict) and not element.get("message")


def _message(error: t.Any) -> str:  # noqa: ANN401  # any JSON
    if not isinstance(error, dict) or not error.get("message"):
        return str(error)
    path = error.get("path")
    where = f" (/{'/'.join(map(str, path))})" if isinstance(path, list) and path else ""
    return f"{error['message']}{where}"


def holds_numbers(document: Document) -> bool:
    """Return whether any field of a document is a number."""
    with content_of(document.path) as file:
        before = b""
        while block := file.read(_BLOCK):
            if _NUMBER.search(before + block):
                return True
            before = block[-_OVERLAP:]
    return False


def lacks_lists(document: Document, rows: str) -> bool:
    """Return whether null stands in an object where its list of rows is due: no answer, which an empty list is.

    Args:
        document: The document.
        rows: The list in each object whose elements are the rows; empty if each object is a row.

    Raises:
        DocumentError: The document is not JSON Lines.
    """
    return bool(rows) and any(
        bytes(each.get(rows, b"null")) == b"null" for slice_ in read_lines(document) for each in _objects.decode(slice_)
    )


def read_lines(
    document: Document, rows: str = "", lifted: Iterable[str] = (), repairs: Counter[str] | None = None
) -> Iterator[bytes]:
    """Read the rows of a document, slice by slice, in constant memory.

    Args:
        document: The document.
        rows: The list in each object whose elements are the rows; they inherit the fields that come before it. Empty
            if each object is a row.
        lifted: Objects of a row whose fields become the row's own.
        repairs: Counts the faults that had to be repaired.

    Yields:
        Slices: JSON arrays of some rows.

    Raises:
        DocumentError: The document is not JSON Lines.
    """
    lifted, repairs = tuple(lifted), Counter() if repairs is None else repairs
    with content_of(document.path) as file:
        slices = _lists(file, rows, repairs) if rows else _lines(file, repairs)
        for slice_, inherited in slices:
            if not (inherited or lifted):
                yield slice_
                continue
            single = slice_ if has_single_fields(slice_) else with_single_fields(slice_, repairs)
            yield _completed(single, inherited, lifted)


def _lines(file: t.IO[bytes], repairs: Counter[str]) -> Iterator[tuple[bytes, Row]]:
    """Yield the objects of a document in slices."""
    waiting: list[bytes] = []
    size = 0
    while line := file.readline(LONGEST_ELEMENT + 1):
        if len(line) > LONGEST_ELEMENT:
            text = f"a line of the document is longer than {LONGEST_ELEMENT >> 20} MiB"
            raise DocumentError(text)
        if not (line := line.strip(WHITE)):
            continue
        size += len(line)
        if waiting and not line.startswith(b"{") and not waiting[-1].endswith(b"}"):
            # A line break within an object.
            waiting[-1] += b"\n" + line
            continue
        if size >= SLICE_BYTES and waiting:
            yield _slice(waiting, repairs), {}
            waiting, size = [], len(line)
        waiting.append(line)
    if waiting:
        yield _slice(waiting, repairs), {}


def _slice(rows: Iterable[bytes], repairs: Counter[str]) -> bytes:
    slice_ = checked(b"[%b]" % b",".join(rows), repairs)
    if b'"errors"' in slice_:
        for row in _elements.decode(slice_):
            if bytes(row).startswith(b"{"):
                _check_no_error(t.cast("Row", _object.decode(row)))
    return slice_


def _check_no_error(row: Row) -> None:
    """Check that an object is no error: rows are missing in its place, or after it.

    Raises:
        DocumentError: It is one.
    """
    errors = bytes(row.get("errors", b"[]"))
    if errors.startswith(b"[") and errors.strip(b"[]" + WHITE):
        text = f"Amazon broke off the document: {_error(errors)}"
        raise DocumentError(text)


def _lists(file: t.IO[bytes], rows: str, repairs: Counter[str]) -> Iterator[tuple[bytes, Row]]:
    """Yield the elements of the lists of rows in slices, and the fields before each list.

    An object without its list, or with something else in its place, is a row: it is rejected if it can be none.
    """
    for members in JsonText(file, repairs=repairs).objects():
        inherited: Row = {}
        before, has_list = "", False
        for name, value in members:
            is_slice = name == before and value.startswith(b"[") and value != b"[]"
            before = name
            if name == rows:
                has_list = True
                if value not in {b"[]", b"null"}:
                    yield value if value.startswith(b"[") else b"[%b]" % value, inherited
            else:
                repairs[TWICE] += name in inherited and not is_slice
                inherited[name] = msgspec.Raw(value)
        _check_no_error(inherited)
        if not has_list:
            yield msgspec.json.encode([inherited]), {}


def _completed(slice_: bytes, inherited: Row, lifted: tuple[str, ...]) -> bytes:
    """Complete the rows of a slice by what they inherit and by the fields of some of their objects."""
    try:
        found = _objects.decode(slice_)
    except msgspec.ValidationError:
        # What is no row among them is found row by row.
        return slice_
    completed = []
    for row in found:
        own = {**inherited, **row}
        for name in lifted:
            if name in own:
                try:
                    inner = _object.decode(own[name])
                except msgspec.ValidationError:
                    continue
                del own[name]
                own.update(inner or {})
        completed.append(own)
    return msgspec.json.encode(completed)
