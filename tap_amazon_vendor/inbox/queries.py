"""Recognises Data Kiosk files in the inbox: JSON Lines, each line with its period and marketplace."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from tap_amazon_vendor.documents.files import content_of
from tap_amazon_vendor.documents.json_lines import open_lines, read_lines
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.inbox.recognise import flattened, period_of
from tap_amazon_vendor.streams.query_rows import GROUP_BY

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_amazon_vendor.documents.files import Document
    from tap_amazon_vendor.inbox.files import InboxFile
    from tap_amazon_vendor.streams.query_stream import QueryStream

#: Fields of every line.
_OF_A_LINE = frozenset({"startDate", "endDate", "marketplaceId"})

#: Bytes within which the fields of the first line are looked for.
_HEAD = 1 << 16


@dataclass(frozen=True)
class QueryFile:
    """What a file was recognised as.

    Attributes:
        stream: The stream that reads it.
        document: The file.
        context: The partition of its rows, without the account.
    """

    stream: QueryStream
    document: Document
    context: Mapping[str, str]


def is_query_file(file: InboxFile) -> bool:
    """Return whether a file begins like a document of Data Kiosk."""
    with content_of(file.path) as content:
        head = content.read(_HEAD).lstrip()
    # The days come before any list of rows.
    begins = head.partition(b"[")[0]
    return head.startswith(b"{") and all(b'"%b"' % name.encode() in begins for name in _OF_A_LINE)


def recognise_query(file: InboxFile, streams: Iterable[QueryStream]) -> QueryFile:
    """Find the stream that reads a document of Data Kiosk, and the partition of its rows.

    Args:
        file: The file.
        streams: All Data Kiosk streams.

    Raises:
        DocumentError: It is damaged, or may be one of several views.
    """
    document = open_lines(file.path)
    fits: dict[QueryStream, tuple[int, int]] = {}
    rows: dict[QueryStream, dict[str, t.Any]] = {}
    for stream in streams:
        view = stream.declaration.view
        row = _first_row(document, view.rows, view.lifted)
        names, columns = flattened(row), stream.schema["properties"].keys()
        known = sum(name in columns or _is_inside(name, columns) for name in names)
        rows[stream], fits[stream] = row, (known, known - len(names))
    best = max(fits.values(), default=(0, 0))
    found = [stream for stream, fit in fits.items() if fit == best and fit[0] > len(_OF_A_LINE)]
    named = [stream for stream in found if stream.name in file.name.lower().replace("-", "_")]
    if len(named or found) != 1:
        views = " or ".join(stream.name for stream in found) or "none of the streams"
        text = f"it is a document of Data Kiosk, of {views}: put the stream's name into the name of the file"
        raise DocumentError(text)
    (stream,) = named or found
    return QueryFile(stream, document, _context(stream, rows[stream], document))


def _first_row(document: Document, rows: str, lifted: Iterable[str]) -> dict[str, t.Any]:
    slice_ = next(read_lines(document, rows, lifted), b"[{}]")
    first = json.loads(slice_)[0]
    return first if isinstance(first, dict) else {}


def _is_inside(name: str, columns: t.Collection[str]) -> bool:
    """Return whether a field is in an object that is one column."""
    return any(name.startswith(f"{column}_") for column in columns)


def _context(stream: QueryStream, row: Mapping[str, t.Any], document: Document) -> dict[str, str]:
    view = stream.declaration.view
    period = period_of(row.get("startDate"), row.get("endDate"), view.period.values)
    if period is None:
        text = "its first row covers no period that Data Kiosk has: a day, a week from Sunday, a month"
        raise DocumentError(text)
    context = {"marketplace_id": str(row.get("marketplaceId")), view.period.column: period}
    if not view.attributes:
        return context
    *_, name = view.attributes.split(".")
    kept = _first_row(document, view.rows, ()).get(name) or {}
    attributes = ",".join(sorted(kept))
    if not kept or set(stream.declaration.attributes(attributes)) != set(stream.attributes):
        text = f"its figures are split by {attributes}: set `kiosk_group_by` to these attributes to read it"
        raise DocumentError(text)
    return {**context, GROUP_BY: attributes}
