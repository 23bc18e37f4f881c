"""Flat files as tables: what their columns are called, and how their cells are to be written.

A cell holds a typed value, so that a test can work out what must arrive; text appears
only when `flatfiles.py` writes the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date
    from decimal import Decimal

    from amazon_sandbox.data.catalogue import Catalogue, Query

    Cell = str | int | Decimal | date | bool | None
    Line = Mapping[str, Cell]
    Lines = Callable[[Catalogue, Query], Iterator[Line]]

# Seen in English and European marketplaces and in Japan (docs/amazon/documents.md#charsets); which
# country has which of the first two is made up. The name is Amazon's, the codec Python's.
CHARSETS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("US", "CA", "MX", "BR", "AU", "SG"), ("Cp1252", "cp1252")),
    **dict.fromkeys(("UK", "IE", "DE", "FR", "IT", "ES", "NL", "BE", "SE"), ("ISO-8859-1", "iso-8859-1")),
    "JP": ("Shift_JIS", "cp932"),
}
UTF_8 = ("UTF-8", "utf-8")

# A report type and its columns on each line, as Amazon writes them. The lists are those of
# public connectors' schemas and of public samples (docs/amazon/seller-reports.md).
HEADERS: Mapping[str, tuple[str, ...]] = {
    report_type: tuple(columns)
    for report_type, *columns in (
        line.split("\t") for line in (files(__package__) / "headers.tsv").read_text("utf-8").splitlines()
    )
}


@dataclass(frozen=True)
class Style:
    """How a flat file is written; tabs stand between its cells.

    Attributes:
        moment: The strftime format of date-times, which are in UTC.
        day: The strftime format of dates.
        quoted: Whether each cell is enclosed in quotes; without, a quote is data.
        newline: What ends a line.
        decimal_comma: Whether numbers have a comma in place of the point.
    """

    moment: str = "%Y-%m-%dT%H:%M:%S+00:00"
    day: str = "%Y-%m-%d"
    quoted: bool = False
    newline: str = "\r\n"
    decimal_comma: bool = False


@dataclass(frozen=True)
class Sheet:
    """A report type that is a flat file.

    Attributes:
        lines: Makes the lines; a column that a line does not name is empty, and what it
            names beyond the columns is left out.
        style: How it is written.
        local: How it is written in some countries.
        everywhere: Whether it holds all marketplaces of the account, whichever is asked for.
        ignores_marketplaces: Whether that happens to it: with the fault `marketplace_ignored`.
    """

    lines: Lines
    style: Style = Style()
    local: Mapping[str, Style] = field(default_factory=dict)
    everywhere: bool = False
    ignores_marketplaces: bool = False


@dataclass(frozen=True)
class Table:
    """A flat file before it is text.

    Attributes:
        columns: Amazon's English names of its columns.
        rows: Its lines; each has all columns. An empty cell is None.
        style: How it is written.
        charset: The charset that its download names; None for none.
        codec: Python's name of the charset that it is written in.
    """

    columns: tuple[str, ...]
    rows: Iterable[Line]
    style: Style
    charset: str | None
    codec: str

    def whole(self) -> Table:
        """The same with all rows in a list."""
        return replace(self, rows=list(self.rows))


def table_of(report_type: str, sheet: Sheet, country: str, lines: Iterable[Line]) -> Table:
    """Lay lines out for a country's marketplace; what its charset lacks becomes a question mark."""
    columns = HEADERS[report_type]
    charset, codec = CHARSETS.get(country, UTF_8)
    rows = ({column: _legible(line.get(column), codec) for column in columns} for line in lines)
    return Table(columns, rows, sheet.local.get(country, sheet.style), charset, codec)


def _legible(cell: Cell, codec: str) -> Cell:
    if isinstance(cell, str) and not cell.isascii():
        return cell.encode(codec, "replace").decode(codec)
    return cell
