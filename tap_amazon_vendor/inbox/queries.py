"""Recognises Data Kiosk files in the inbox: JSON Lines, each line with its period and marketplace."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from tap_amazon_vendor.documents.files import content_of
from tap_amazon_vendor.documents.json_lines import open_lines, read_lines
from tap_amazon_vendor.errors import DocumentError, UnknownReportError
from tap_amazon_vendor.inbox.recognise import flattened, period_of
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams.data_kiosk import STREAMS
from tap_amazon_vendor.streams.query_rows import GROUP_BY

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_amazon_vendor.documents.files import Document
    from tap_amazon_vendor.inbox.files import InboxFile
    from tap_amazon_vendor.streams.query_rows import QueryRows

#: Fields of every line.
_OF_A_LINE = frozenset({"startDate", "endDate", "marketplaceId"})

#: Bytes within which the fields of the first line are looked for.
_HEAD = 1 << 16


@dataclass(frozen=True)
class QueryFile:
    """What a file was recognised as.

    Attributes:
        rows: The declaration of the stream that reads it.
        document: The file.
        first: Its first row.
    """

    rows: QueryRows
    document: Document
    first: Mapping[str, t.Any]

    def context(self, attributes: Iterable[str]) -> dict[str, str]:
        """Return the partition of its rows, without the account.

        Args:
            attributes: Columns of the attributes that the stream's key has.

        Raises:
            DocumentError: It has another period, or other attributes.
        """
        view = self.rows.view
        period = period_of(self.first.get("startDate"), self.first.get("endDate"), view.period.values)
        if period is None:
            text = "its first row covers no period that Data Kiosk has: a day, a week from Sunday, a month"
            raise DocumentError(text)
        context = {"marketplace_id": str(self.first.get("marketplaceId")), view.period.column: period}
        if not view.attributes:
            return context
        *_, name = view.attributes.split(".")
        kept = _first_row(self.document, view.rows, ()).get(name) or {}
        group_by = ",".join(sorted(kept))
        if not kept or set(self.rows.attributes(group_by)) != set(attributes):
            text = f"its figures are split by {group_by}: set `kiosk_group_by` to these attributes to read it"
            raise DocumentError(text)
        return {**context, GROUP_BY: group_by}


def is_query_file(file: InboxFile) -> bool:
    """Return whether a file begins like a document of Data Kiosk."""
    with content_of(file.path) as content:
        head = content.read(_HEAD).lstrip()
    # The days come before any list of rows.
    begins = head.partition(b"[")[0]
    return head.startswith(b"{") and all(b'"%b"' % name.encode() in begins for name in _OF_A_LINE)


def recognise_query(file: InboxFile) -> QueryFile:
    """Find the stream that reads a document of Data Kiosk, of any type of account.

    Args:
        file: The file.

    Raises:
        UnknownReportError: No stream reads it.
        DocumentError: It is damaged, or may be one of several views.
    """
    document = open_lines(file.path)
    fits: dict[QueryRows, tuple[int, int]] = {}
    first: dict[QueryRows, dict[str, t.Any]] = {}
    for rows in STREAMS:
        row = _first_row(document, rows.view.rows, rows.view.lifted)
        names, columns = flattened(row), load_schema(rows.name)["properties"].keys()
        known = sum(name in columns or _is_inside(name, columns) for name in names)
        first[rows], fits[rows] = row, (known, known - len(names))
    best = max(fits.values())
    # More than the fields of every line, and more that is known than what is not.
    if best[0] <= len(_OF_A_LINE) or sum(best) <= 0:
        text = "no stream reads such a file: it is a document of Data Kiosk, of another view than those of the streams"
        raise UnknownReportError(text)
    found = [rows for rows, fit in fits.items() if fit == best]
    named = [rows for rows in found if rows.name in file.name.lower().replace("-", "_")]
    if len(named or found) != 1:
        views = " or ".join(rows.name for rows in found)
        text = f"it is a document of Data Kiosk, of {views}: put the stream's name into the name of the file"
        raise DocumentError(text)
    (rows,) = named or found
    return QueryFile(rows, document, first[rows])


def _first_row(document: Document, rows: str, lifted: Iterable[str]) -> dict[str, t.Any]:
    slice_ = next(read_lines(document, rows, lifted), b"[{}]")
    first = json.loads(slice_)[0]
    return first if isinstance(first, dict) else {}


def _is_inside(name: str, columns: t.Collection[str]) -> bool:
    """Return whether a field is in an object that is one column."""
    return any(name.startswith(f"{column}_") for column in columns)
