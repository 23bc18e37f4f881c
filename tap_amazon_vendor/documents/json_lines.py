"""JSON Lines documents: an object a line, whose rows are the objects themselves or the elements of a list in each."""

from __future__ import annotations

import json
import re
import typing as t
from collections import Counter

import msgspec

from tap_amazon_vendor.documents.files import ERROR_BYTES, Document
from tap_amazon_vendor.documents.json_repair import TWICE, has_single_fields, with_single_fields
from tap_amazon_vendor.documents.json_slices import LONGEST_ELEMENT, SLICE_BYTES, WHITE, JsonText, checked, not_json
from tap_amazon_vendor.documents.unzip import unzipped
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


def open_lines(path: Path) -> Document:
    """Check a downloaded file, or what came in its place. Reads it once.

    Args:
        path: The file, gzip or plain.

    Raises:
        DocumentError: It is truncated, damaged, or not JSON Lines.
    """
    size = path.stat().st_size
    with unzipped(path) as file:
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
    if isinstance(errors, list):
        return "; ".join(_message(each) for each in errors) or "an error document without a reason"
    return None


def _message(error: t.Any) -> str:  # noqa: ANN401  # any JSON
    if not isinstance(error, dict) or not error.get("message"):
        return str(error)
    path = error.get("path")
    where = f" (/{'/'.join(map(str, path))})" if isinstance(path, list) and path else ""
    return f"{error['message']}{where}"


def holds_numbers(document: Document) -> bool:
    """Return whether any field of a document is a number."""
    with unzipped(document.path) as file:
        before = b""
        while block := file.read(_BLOCK):
            if _NUMBER.search(before + block):
                return True
            before = block[-_OVERLAP:]
    return False


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
    with unzipped(document.path) as file:
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
        if line := line.strip(WHITE):
            waiting.append(line)
            size += len(line)
        if size >= SLICE_BYTES:
            yield checked(b"[%b]" % b",".join(waiting), repairs), {}
            waiting, size = [], 0
    if waiting:
        yield checked(b"[%b]" % b",".join(waiting), repairs), {}


def _lists(file: t.IO[bytes], rows: str, repairs: Counter[str]) -> Iterator[tuple[bytes, Row]]:
    """Yield the elements of the lists of rows in slices, and the fields before each list."""
    for members in JsonText(file, repairs=repairs).objects():
        inherited: Row = {}
        for name, value in members:
            if name != rows:
                repairs[TWICE] += name in inherited
                inherited[name] = msgspec.Raw(value)
            elif value not in {b"[]", b"null"}:
                yield value, inherited


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
