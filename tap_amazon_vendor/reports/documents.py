"""Report documents: spooled to disk as Amazon sent them, checked, read row by row."""

from __future__ import annotations

import codecs
import gzip
import json
import typing as t
import zlib
from contextlib import contextmanager
from dataclasses import dataclass

import ijson

from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What a gzip file starts with. Amazon's own label has been wrong both ways (REPORTS.md 0.2).
GZIP_MAGIC = b"\x1f\x8b"

#: A document that holds an error instead of rows is short; nothing longer is searched for one.
ERROR_BYTES = 1 << 20

_CHUNK = 1 << 18

#: Where else than in ``errorDetails`` Amazon has been seen to put the reason (ERRORS.md section 1).
_ERROR_FIELDS = ("errorMessage", "message", "reason")


@dataclass(frozen=True)
class Document:
    """A report document on disk, known to be whole.

    Attributes:
        path: The file, gzip or plain.
        bytes: Its size.
        error: Amazon's text, where the document holds an error instead of rows.
        specification: ``reportSpecification``, where it has one.
        empty: There is no row in any of its arrays.
    """

    path: Path
    bytes: int
    error: str | None
    specification: dict[str, t.Any] | None
    empty: bool


def open_document(path: Path) -> Document:
    """Check a downloaded file.

    Reads it through once: a truncated or damaged file must be found before its first row is
    written, not in the middle.

    Args:
        path: The file.

    Raises:
        DocumentError: It is truncated, damaged, or not JSON.
    """
    head = b""
    last = b""
    with _unpacked(path) as file:
        while chunk := file.read(_CHUNK):
            if len(head) < ERROR_BYTES:
                head += chunk
            last = chunk.rstrip()[-1:] or last
    stripped = head.lstrip()
    if not stripped.startswith((b"{", b"[")):
        text = "the document is not JSON"
        raise DocumentError(text)
    if last not in {b"}", b"]"}:
        text = "the document ends in the middle of its JSON"
        raise DocumentError(text)
    size = path.stat().st_size
    if len(head) >= ERROR_BYTES:
        return Document(path, size, None, _specification(path), empty=False)
    try:
        content = json.loads(stripped)
    except ValueError:
        text = "the document is not JSON"
        raise DocumentError(text) from None
    error = _error(content)
    specification = content.get("reportSpecification") if isinstance(content, dict) else None
    if not isinstance(specification, dict):
        specification = None
    return Document(path, size, error, specification, _empty(content))


def read_rows(document: Document, path: str, inherits: tuple[str, ...] = ()) -> Iterator[dict[str, t.Any]]:
    """Read one array of a document, row by row, in constant memory.

    Args:
        document: The document.
        path: Name of the array at the document's top level; of an array in each of its elements, both names with a
            dot between, and so on.
        inherits: Fields that a row of an inner array takes from the elements around it.

    Yields:
        Each row as Amazon wrote it. Numbers are int or Decimal: no digit is lost.

    Raises:
        DocumentError: The document is not JSON, or has no such array.
    """
    array, _, inner = path.partition(".")
    found = False
    for row in _items(document.path, f"{array}.item"):
        found = True
        if not isinstance(row, dict):
            text = f"an element of {array} is not an object"
            raise DocumentError(text)
        if inner:
            yield from _inner_rows(row, inner, inherits)
        else:
            yield row
    if not found and not isinstance(next(_items(document.path, array), None), list):
        text = f"the document has no array {array}"
        raise DocumentError(text)


def _inner_rows(element: dict[str, t.Any], path: str, inherits: tuple[str, ...]) -> Iterator[dict[str, t.Any]]:
    """Read the rows of an array within an element; an element without the array has none."""
    array, _, inner = path.partition(".")
    inherited = {name: element[name] for name in inherits if name in element}
    for row in element.get(array) or ():
        if not isinstance(row, dict):
            text = f"an element of {array} is not an object"
            raise DocumentError(text)
        row = inherited | row  # noqa: PLW2901  # the row's own fields win
        if inner:
            yield from _inner_rows(row, inner, inherits)
        else:
            yield row


def _items(path: Path, prefix: str) -> Iterator[t.Any]:
    with _unpacked(path) as file:
        try:
            yield from ijson.items(file, prefix)
        except (ijson.JSONError, UnicodeDecodeError) as error:
            text = f"the document is not JSON: {str(error).splitlines()[0]}"
            raise DocumentError(text) from None


def _specification(path: Path) -> dict[str, t.Any] | None:
    found = next(_items(path, "reportSpecification"), None)
    return found if isinstance(found, dict) else None


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
