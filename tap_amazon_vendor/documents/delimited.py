"""Delimited text: from a tab- or comma-separated document to rows of cells as wide as its header.

What makes a line short, long or blank, and which damage is an error, is decided here; what a cell means is not.
"""

from __future__ import annotations

import csv
import re
import typing as t
from itertools import chain

from tap_amazon_vendor.documents.encodings import head_text, texts
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.documents.unzip import unzipped
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tap_amazon_vendor.documents.encodings import Charset

    #: Rows of cells, and for each the line where it begins. The header's is 1.
    Chunk = tuple[Sequence[int], list[list[str]]]

#: Rows in a chunk, at most. More do not fit the processor's cache, and are slower.
ROWS = 250

#: No line of a report is longer. A file without line ends must not be collected in memory.
_LONGEST_LINE = 1 << 22

#: No header is longer.
_HEAD = 1 << 16

#: The first line end tells how all lines end: ``\n``, perhaps after ``\r``, or ``\r`` alone.
_LINE_END = re.compile(r"\r*\n|\r(?!\Z)")


class Table:
    """A file as rows of cells, each as wide as the header. It can be read more than once."""

    def __init__(self, path: Path, charset: Charset, delimiter: str, source: str, *, quoted: bool) -> None:
        """Read the header.

        Raises:
            DocumentError: There is no header, or the gzip data is damaged.
        """
        self._path = path
        self._charset = charset
        self._delimiter = delimiter
        self._quoted_cells = quoted
        self._source = source
        self.header: list[str] = []
        _, rows, _ = next(self._chunks(), ((), [[]], False))
        header = [name.strip("\ufeff ") for name in rows[0]]
        while header and not header[-1]:
            header.pop()
        if not header:
            raise self.error(1, None, "the file is empty, it has not even a header")
        if header[0].startswith("<"):
            raise self.error(1, None, "the file is a page, not a table")
        self.header = header

    def error(self, line: int, index: int | None, text: str) -> DocumentError:
        """Return an error that names file, line and column."""
        place = f"{self._source}, line {line}"
        if index is None:
            return DocumentError(f"{place}: {text}")
        if index >= len(self.header):
            return DocumentError(f"{place}, column number {index + 1} {text}")
        header = self.header[index]
        column = column_name(header)
        named = header if column in {"", header} else f"{column} ({header})"
        return DocumentError(f"{place}, column {named} {text}")

    def chunks(self) -> Iterator[Chunk]:
        """Read the rows after the header.

        A line without any value is skipped. A line that is too short lacks the empty cells at its end, if the whole
        file is written that way; in a file with empty cells at the end of other lines it is damaged.

        Raises:
            DocumentError: A line is damaged. Names file, line and column.
        """
        short = None
        has_empty_ends = False
        chunks = self._chunks()
        lines, rows, cut = next(chunks)
        for lines, rows, cut in chain([(lines[1:], rows[1:], cut)], chunks):  # noqa: B020  # without the header
            short_here, empty_here = self._square(lines, rows, cut=cut)
            short = short or short_here
            has_empty_ends = has_empty_ends or empty_here
            if short and has_empty_ends:
                raise self.error(*short, "is missing: the line is too short")
            if rows:
                yield lines, rows

    def _square(self, lines: Sequence[int], rows: list[list[str]], *, cut: bool) -> tuple[tuple[int, int] | None, bool]:
        """Make rows as wide as the header.

        Returns:
            Line and width of the first row that was too short, and whether another one has an empty cell at its end.
        """
        width = len(self.header)
        if set(map(len, rows)) <= {width}:
            return None, any(not row[-1] for row in rows)
        short = None
        has_empty_ends = False
        for line, row in zip(lines, rows, strict=True):
            if len(row) < width:
                if cut and line == lines[-1]:
                    raise self.error(line, len(row), "is missing: the file ends in the middle of a line")
                short = short or (line, len(row))
                row.extend([""] * (width - len(row)))
            else:
                self._shorten(line, row)
                has_empty_ends = has_empty_ends or not row[-1]
        return short, has_empty_ends

    def _shorten(self, line: int, row: list[str]) -> None:
        width = len(self.header)
        if any(row[width:]):
            raise self.error(line, width, f"has no name: the line has {len(row)} cells, the header {width}")
        del row[width:]

    def _chunks(self) -> Iterator[tuple[Sequence[int], list[list[str]], bool]]:
        """Read rows of any width, the header too; the flag says that the file's last line has no end."""
        return self._quoted() if self._quoted_cells else self._unquoted()

    def _unquoted(self) -> Iterator[tuple[Sequence[int], list[list[str]], bool]]:
        delimiter = self._delimiter
        for first, lines, _, cut in self._lines():
            numbers: Sequence[int] = range(first, first + len(lines))
            rows = [line.split(delimiter) for line in lines]
            # A line without any value has none at its beginning.
            if not all(row[0] and not row[0].isspace() for row in rows):
                full = [
                    (number, row)
                    for number, line, row in zip(numbers, lines, rows, strict=True)
                    if any(row) and not line.isspace()
                ]
                numbers, rows = [number for number, _ in full], [row for _, row in full]
            if rows:
                yield numbers, rows, cut

    def _quoted(self) -> Iterator[tuple[Sequence[int], list[list[str]], bool]]:
        cut = False

        def physical_lines() -> Iterator[str]:
            nonlocal cut
            for _, lines, end, cut in self._lines():  # noqa: B007
                yield from (f"{line}{end}" for line in lines)

        reader = csv.reader(physical_lines(), delimiter=self._delimiter, strict=True)
        numbers: list[int] = []
        rows: list[list[str]] = []
        line = 1
        try:
            for row in reader:
                if any(cell and not cell.isspace() for cell in row):
                    numbers.append(line)
                    rows.append(row)
                line = reader.line_num + 1
                if len(rows) == ROWS:
                    yield numbers, rows, False
                    numbers, rows = [], []
        except csv.Error as error:
            raise self.error(line, None, f"the quotes are damaged: {error}") from None
        if rows:
            yield numbers, rows, cut

    def _lines(self) -> Iterator[tuple[int, list[str], str, bool]]:
        """Read lines: the first one's number, the lines, how they end, and whether the last one has no end."""
        number = 1
        end = ""
        rest = ""
        for text in texts(self._path, self._charset, self._source):
            rest = rest + text if number > 1 or end or rest else text.lstrip("\ufeff")
            found = None if end else _LINE_END.search(rest)
            if found:
                end = found.group()[-1]
            has_returns = "\r" in rest
            lines = rest.split(end) if end else [rest]
            rest = lines.pop()
            damage = None
            if "\0" in text or len(rest) > _LONGEST_LINE:
                lines, damage = self._sound([*lines, rest], number)
            if end == "\n" and has_returns and not self._quoted_cells:
                lines = [line.rstrip("\r") for line in lines]
            for start in range(0, len(lines), ROWS):
                yield number + start, lines[start : start + ROWS], end, False
            if damage:
                raise self.error(*damage)
            number += len(lines)
        if rest:
            yield number, [rest if self._quoted_cells else rest.rstrip("\r")], "", not rest.endswith("\r")

    def _sound(self, lines: list[str], number: int) -> tuple[list[str], tuple[int, int | None, str]]:
        """Return the lines before the damaged one, and its error: line, column and text."""
        for index, line in enumerate(lines):
            if "\0" in line:
                cell = line[: line.index("\0")].count(self._delimiter)
                return lines[:index], (number + index, cell, "holds a NUL character: the file is damaged")
        return lines[:-1], (number + len(lines) - 1, None, "the line does not end")


class Header(t.NamedTuple):
    """The first line of a file, as far as it tells the file's format.

    Attributes:
        names: Amazon's names; empty if the file is empty.
        delimiter: Between them: a tab, or a comma if there is no tab.
        quoted: They are enclosed in quotes.
    """

    names: list[str]
    delimiter: str
    quoted: bool


def read_header(path: Path, charset: str | None = None, country: str | None = None) -> Header:
    """Read a file's header, whatever its dialect. Reads the head of the file only.

    Args:
        path: The file, gzip or plain.
        charset: What the document host named.
        country: Country of the marketplace, if known.

    Raises:
        DocumentError: The gzip data is damaged.
    """
    text = head_text(path, path.name, declared=charset, country=country)
    line = next(filter(None, map(str.strip, re.split(r"[\r\n]", text.lstrip("\ufeff")))), "")
    delimiter = "\t" if "\t" in line else ","
    names = next(csv.reader([line], delimiter=delimiter), []) if "\0" not in line else []
    return Header([name.strip("\ufeff ") for name in names], delimiter, line.startswith('"'))


def is_empty(path: Path) -> bool:
    """Return whether a file has a header and no row. Reads no further than the first row.

    A file without even a header is not empty: reading it raises an error.

    Raises:
        DocumentError: The gzip data is damaged.
    """
    head = b""
    lines: list[bytes] = []
    with unzipped(path, path.name) as file:
        while len(lines) <= 1 and len(head) < _LONGEST_LINE and (block := file.read(_HEAD)):
            head += block
            lines = [line for line in head.splitlines() if line.strip(b' \t,"\0')]
    return len(lines) == 1 and len(head) < _LONGEST_LINE
