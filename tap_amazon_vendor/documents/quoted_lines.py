"""Rows from lines with quotes, also where the quotes are damaged or were never doubled.

A row is read as CSV says, if it is CSV. Else a quote ends a cell where the delimiter, or the line's end, follows. What
is no row either way is one damaged line: the next line is read as if nothing had been.
"""

from __future__ import annotations

import csv
import re
import typing as t

from tap_amazon_vendor.documents.text_lines import LONGEST

if t.TYPE_CHECKING:
    from collections.abc import Sequence

#: A text in quotes has no more lines.
_MOST_LINES = 500

#: A text whose quotes are damaged has no more lines.
_MOST_DAMAGED = 20

#: Below that, a line of a text may look like a row of its own.
_TELLING_WIDTH = 4

_ODD_QUOTES = re.compile(r'(?<!")"(?:"")*(?!")')


class QuotedLines:
    """Reads the rows of one file."""

    def __init__(self, delimiter: str, width: int, end: str = "\n") -> None:
        """Prepare.

        Args:
            delimiter: Between cells.
            width: Cells of the header.
            end: Between the lines of a text.
        """
        self._delimiter = delimiter
        self._width = width
        self._end = end

    def rows(self, lines: Sequence[str]) -> list[list[str]] | None:
        """Return the rows of lines that are CSV, each a row of its own; None if one is not."""
        try:
            rows = list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) and set(map(len, rows)) <= {self._width} else None

    def take(self, lines: Sequence[str], start: int, *, final: bool) -> tuple[list[str] | None, int]:
        """Read the row that begins with a line.

        Args:
            lines: Lines of the file.
            start: Index of the row's first line.
            final: No line follows these.

        Returns:
            The row, of any width, None if the quotes are damaged; and how many lines it has: 0 if more lines are
            needed to tell.
        """
        line = lines[start].rstrip("\r")
        row = self._csv(line)
        if row is not None and len(row) == self._width:
            return row, 1
        alone = self._loose(line)
        if line.count('"') % 2:
            found = self._joined(lines, start, final=final)
            if found is not None:
                return found
        if len(alone) == self._width:
            return alone, 1
        if row is not None:
            return row, 1
        return self._joined_loosely(lines, start, final=final)

    def _joined(self, lines: Sequence[str], start: int, *, final: bool) -> tuple[list[str], int] | None:
        """Read a row of several lines as CSV: it ends where the number of quotes is even."""
        quotes = size = 0
        for index in range(start, min(len(lines), start + _MOST_LINES)):
            quotes += lines[index].count('"')
            size += len(lines[index])
            if size > LONGEST:
                return None
            if quotes % 2 == 0:
                row = self._csv(self._end.join(lines[start : index + 1]).rstrip("\r"))
                if row is None or len(row) != self._width:
                    return None
                # A quote that never closes may find another one many rows later.
                swallowed = self._width >= _TELLING_WIDTH and self._is_row(lines[start]) and self._is_row(lines[index])
                return None if swallowed else (row, index + 1 - start)
        return None if final or len(lines) >= start + _MOST_LINES else ([], 0)

    def _joined_loosely(self, lines: Sequence[str], start: int, *, final: bool) -> tuple[list[str] | None, int]:
        """Read a row of several lines whose quotes are not doubled: it ends before the next row."""
        for index in range(start + 1, start + _MOST_DAMAGED):
            if index >= len(lines):
                return None, int(final)
            if self._is_row(lines[index]):
                break
            joined = self._end.join(lines[start : index + 1]).rstrip("\r")
            if len(joined) > LONGEST:
                break
            if len(row := self._loose(joined)) == self._width:
                return row, index + 1 - start
        return None, 1

    def _is_row(self, line: str) -> bool:
        return len(self._loose(line.rstrip("\r"))) == self._width

    def _csv(self, text: str) -> list[str] | None:
        try:
            rows = list(csv.reader([text], delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None
        return rows[0] if len(rows) == 1 else None

    def _loose(self, line: str) -> list[str]:
        """Split a line where a quote and the delimiter follow each other, or at the delimiter outside quotes."""
        if len(line) > 1 and line[0] == line[-1] == '"':
            cells = line[1:-1].split(f'"{self._delimiter}"')
            if len(cells) == self._width:
                return [_undoubled(cell) for cell in cells]
        cells, position = [], 0
        while position <= len(line):
            cell, position = self._cell(line, position)
            cells.append(cell)
        return cells

    def _cell(self, line: str, start: int) -> tuple[str, int]:
        """Return a cell, and where the next one starts."""
        if line.startswith('"', start):
            end = line.find(f'"{self._delimiter}', start + 1)
            if end < 0 and len(line) - 1 > start and line.endswith('"'):
                end = len(line) - 1
            if end > 0:
                return _undoubled(line[start + 1 : end]), end + 1 + len(self._delimiter)
        end = line.find(self._delimiter, start)
        if end < 0:
            return line[start:], len(line) + 1
        return line[start:end], end + len(self._delimiter)


def _undoubled(cell: str) -> str:
    """Replace doubled quotes, if all are doubled."""
    return cell if _ODD_QUOTES.search(cell) else cell.replace('""', '"')
