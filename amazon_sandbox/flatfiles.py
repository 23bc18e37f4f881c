"""Flat files: tables as bytes, and what can be wrong with them (docs/amazon/documents.md#flat-files)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from amazon_sandbox.data.tables import Cell, Line, Style, Table

# A lead byte of Shift_JIS without its second one; no character of cp1252 or UTF-8 either.
UNDECODABLE = b"\x81\xff"
# What people, spreadsheets and Amazon's own systems leave in place of a value.
DIRT = (
    b"N/A", b"-", b"--", b"n/a", b"NULL", b"12.5%", b"five", b"1,2,3", b"1.2.3", b"#REF!", b"=1+1", b"nan", b"inf",
    b"31/02/2026", b"0000-00-00", b"99/99/9999", b"\0\0", b"\0", b" ", b"$ 5",
)  # fmt: skip
DIRTY_CELL, DIRTY_LINE = 100, 50
SURPRISES = ("unit-weight", "carbon-label")


def write(table: Table, fault: str | None = None) -> Iterator[bytes]:
    """Write a flat file.

    Args:
        table: What it holds.
        fault: A fault of flat files, or None.

    Yields:
        Its bytes, header first.
    """
    table = _SPOILT.get(fault or "", _unspoilt)(table)
    lines = _lines(table)
    if fault == "byte_order_mark":
        yield b"\xef\xbb\xbf"
    elif fault == "undecodable_bytes":
        lines = _with_undecodable(lines)
    elif fault == "dirty_cells":
        lines = _with_dirty_cells(lines, table.style)
    elif fault == "dirty_lines":
        lines = _with_dirty_lines(lines)
    elif fault == "lines_missing":
        lines = _without_most(lines)
    elif fault == "line_cut_off":
        lines = _cut_off(lines, len(table.columns))
    yield from lines


def charset(table: Table, fault: str | None = None) -> str | None:
    """The charset that the download of a table names."""
    if fault == "charset_missing":
        return None
    if fault == "charset_wrong":
        return "ISO-8859-1" if table.codec == "utf-8" else "UTF-8"
    return "UTF-8" if fault == "byte_order_mark" else table.charset


def text_of(cell: Cell, style: Style) -> str:
    """A cell as a flat file has it, without its quotes.

    Args:
        cell: A typed value; None is an empty cell.
        style: How the file is written.
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.strftime(style.moment)
    if isinstance(cell, date):
        return cell.strftime(style.day)
    if isinstance(cell, Decimal):
        return f"{cell:f}".replace(".", ",") if style.decimal_comma else f"{cell:f}"
    return str(cell)


def _lines(table: Table) -> Iterator[bytes]:
    style = table.style

    def line(texts: Iterable[str]) -> bytes:
        if style.quoted:
            texts = ('"' + text.replace('"', '""') + '"' for text in texts)
        return ("\t".join(texts) + style.newline).encode(table.codec)

    yield line(table.columns)
    for row in table.rows:
        yield line(text_of(row[column], style) for column in table.columns)


def _unspoilt(table: Table) -> Table:
    return table


def _with_columns(table: Table) -> Table:
    middle = len(table.columns) // 2
    columns = (*table.columns[:middle], SURPRISES[0], *table.columns[middle:], SURPRISES[1])
    rows = ({**row, SURPRISES[0]: Decimal("1.50"), SURPRISES[1]: "green"} for row in table.rows)
    return replace(table, columns=columns, rows=rows)


def _without_last_column(table: Table) -> Table:
    return replace(table, columns=table.columns[:-1])


def _reordered(table: Table) -> Table:
    return replace(table, columns=table.columns[::-1])


def _in_utf_8(table: Table) -> Table:
    return replace(table, codec="utf-8")


def _with_equal_lines(table: Table) -> Table:
    def twice() -> Iterator[Line]:
        for number, row in enumerate(table.rows):
            yield row
            if number % 3 == 0:
                yield row

    return replace(table, rows=twice())


_SPOILT: Mapping[str, Callable[[Table], Table]] = {
    "columns_added": _with_columns,
    "columns_missing": _without_last_column,
    "columns_reordered": _reordered,
    "byte_order_mark": _in_utf_8,
    "equal_lines": _with_equal_lines,
}


def _with_undecodable(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Put bytes that mean nothing at the end of the longest cell of the first row."""
    yield next(lines)
    for first in lines:
        cells = first.split(b"\t")
        longest = max(cells[:-1], key=len)
        place = cells.index(longest)
        cells[place] = longest[:-1] + UNDECODABLE + longest[-1:]
        yield from chain([b"\t".join(cells)], lines)


def _with_dirty_cells(lines: Iterator[bytes], style: Style) -> Iterator[bytes]:
    """Put dirt into every hundredth cell, one kind after the other."""
    newline = style.newline.encode()
    quote = b'"' if style.quoted else b""
    yield next(lines)
    number = 0
    for line in lines:
        cells = line.removesuffix(newline).split(b"\t")
        for place in range(len(cells)):
            if number % DIRTY_CELL == DIRTY_CELL // 2:
                cells[place] = quote + DIRT[number // DIRTY_CELL % len(DIRT)] + quote
            number += 1
        yield b"\t".join(cells) + newline


def _with_dirty_lines(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Damage the second of every fifty lines: cut it, shift it by a cell, put a quote before a cell."""
    yield next(lines)
    for number, line in enumerate(lines):
        if number % DIRTY_LINE != 1:
            yield line
            continue
        cells = line.split(b"\t")
        middle, kind = len(cells) // 2, number // DIRTY_LINE % 3
        if kind == 0:
            newline = line[len(line.rstrip(b"\r\n")) :]
            yield b"\t".join(cells[:middle]) + newline
        elif kind == 1:
            yield b"\t" + line
        else:
            yield b"\t".join([*cells[:middle], b'"' + cells[middle], *cells[middle + 1 :]])


def _without_most(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the header and a third of the other lines."""
    yield next(lines)
    others = [*lines]
    yield from others[: len(others) // 3]


def _cut_off(lines: Iterator[bytes], columns: int) -> Iterator[bytes]:
    """End the last line with two thirds of its cells, without a newline."""
    last: bytes | None = None
    for line in lines:
        if last is not None:
            yield last
        last = line
    if last is not None:
        yield b"\t".join(last.split(b"\t")[: columns * 2 // 3])
