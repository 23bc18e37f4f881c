"""Delimited text: from a document, whatever its dialect, to rows of cells as wide as its header.

Which lines are blank, are rows, are none and so rejected, or prove that the file is damaged, is decided here; what a
cell means is not.
"""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from functools import cached_property

from tap_amazon_vendor.documents.dialects import HEAD, header_of
from tap_amazon_vendor.documents.encodings import REPLACEMENT, texts
from tap_amazon_vendor.documents.quoted_lines import QuotedLines
from tap_amazon_vendor.documents.text_lines import BATCH, BOM, LONGEST, read_lines
from tap_amazon_vendor.documents.unzip import unzipped
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tap_amazon_vendor.documents.encodings import Charset

    #: Takes the number of a line that is no row, its text, and why.
    Reject = Callable[[int, str, str], None]

#: Of a file without the empty cells at the ends of lines, most lines have one in so many of the cells, or more.
_FEW = 4

_BREAK = re.compile(r"\r\n|\r|\n")
_QUOTES = str.maketrans("'\"", "\"'")
_BLANK = f"{BOM}\0 \t\r\n\u00a0"


class Chunk(t.NamedTuple):
    """Some rows.

    Attributes:
        numbers: Of the line where each row begins. The header's is 1, but for blank lines before it.
        ordinals: Of each row among the lines with values after the header, rejected ones too, from 1.
        lines: The text of each.
        columns: Their cells, column by column: as many columns as the header has.
    """

    numbers: Sequence[int]
    ordinals: Sequence[int]
    lines: Sequence[str]
    columns: Sequence[Sequence[str]]


class _Records(t.NamedTuple):
    """Lines with values as they are, the header's too: rows of any width, None if the quotes are damaged.

    Where all are as wide as the header, there are columns in place of rows: a list for each line would cost a tenth of
    the time of reading a file.
    """

    numbers: Sequence[int]
    lines: Sequence[str]
    rows: Sequence[list[str] | None]
    columns: Sequence[Sequence[str]] = ()
    cut: bool = False


class Table:
    """A file as rows of cells, each as wide as the header. It can be read more than once."""

    def __init__(self, path: Path, charset: Charset, source: str, warn: Callable[[str], None] = lambda _: None) -> None:
        """Read the header.

        Args:
            path: The file, gzip or plain.
            charset: How to decode it.
            source: What to call the document.
            warn: Takes the warning that texts hold NUL characters.

        Raises:
            DocumentError: There is no header, or the gzip data is damaged.
        """
        self._path = path
        self._charset = charset
        self._source = source
        self._warn = warn
        self._has_nul = False
        self.header, self._dialect, self._before = header_of(self._head())
        self._width = len(self.header)
        if not self.header:
            raise self.error(1, "the file is empty, it has not even a header")
        if self.header[0].startswith("<"):
            raise self.error(1, "the file is a page, not a table")

    def error(self, line: int, text: str) -> DocumentError:
        """Return an error that names file and line."""
        return DocumentError(f"{self._source}, line {line}: {text}")

    def chunks(self, reject: Reject = lambda *_: None) -> Iterator[Chunk]:
        """Read the rows after the header.

        A line without any value is skipped. A line that is too short is no row, unless most lines are, most have more
        than a few cells, and none has an empty cell at its end: then the file is written without them. A line that is
        too long is no row, unless at least half of the lines are, by empty cells only.

        Args:
            reject: Takes the lines that are no rows.

        Raises:
            DocumentError: The file is cut in the middle of its last line, or of a line without end.
        """
        ordinal = 0
        for records in self._body():
            numbers, lines, rows, columns, _ = records
            first, ordinal = ordinal + 1, ordinal + len(lines)
            if columns and self.header[0] not in columns[0]:
                if lines:
                    yield Chunk(numbers, range(first, ordinal + 1), lines, columns)
                continue
            if columns:
                rows = list(map(list, zip(*columns, strict=True)))
            found: tuple[list[int], list[int], list[str], list[list[str]]] = ([], [], [], [])
            for place, (number, line, row) in enumerate(zip(numbers, lines, rows, strict=True), first):
                is_last = records.cut and place == ordinal
                fault = self._fault(number, row, line, is_last=is_last)
                if fault or row is None:
                    reject(number, line.rstrip("\r"), str(fault))
                    continue
                row.extend([""] * (self._width - len(row)))
                del row[self._width :]
                for values, value in zip(found, (number, place, line, row), strict=True):
                    t.cast("list[t.Any]", values).append(value)
            if found[-1]:
                yield Chunk(*found[:-1], list(zip(*found[-1], strict=True)))

    def _fault(self, number: int, row: list[str] | None, line: str, *, is_last: bool) -> str | None:
        """Return why a line is no row, None if it is one.

        Raises:
            DocumentError: It is the last, and shows that the file is cut.
        """
        cells = len(row) if row else 0
        if len(line) > LONGEST and row is None:
            if is_last:
                raise self.error(number, "the line does not end")
            return f"the line has more than {LONGEST:,} characters"
        open_quote = row and row[-1].startswith('"') and self._dialect.quoted and line.count('"') % 2
        if is_last and (open_quote or (cells < self._width and not self._lacks_empty_ends)):
            raise self.error(number, "the file ends in the middle of a line: it is truncated")
        if row is None:
            return "its quotes are damaged"
        if cells < self._width:
            return None if self._lacks_empty_ends else f"it has too few cells: {cells} instead of {self._width}"
        if cells > self._width and (any(row[self._width :]) or not self._has_more_ends):
            return f"it has too many cells: {cells} instead of {self._width}"
        return "it repeats the header" if row[: self._width] == self.header else None

    @property
    def _lacks_empty_ends(self) -> bool:
        """Whether the file is written without the empty cells at the ends of lines.

        At least half of its lines have a quarter of the cells then: some words under a wide header are no rows.
        """
        widths = self._widths
        full = sum(widths[width, has_end] for width, has_end in widths if width >= self._width)
        filled = sum(widths[width, has_end] for width, has_end in widths if _FEW * width >= self._width)
        short = widths.total() - full
        return not any(empty for _, empty in widths) and short > max(full, 1) and 2 * filled >= widths.total()

    @property
    def _has_more_ends(self) -> bool:
        """Whether at least half of the lines have empty cells beyond the header."""
        longer = sum(count for (width, empty), count in self._widths.items() if width > self._width and empty)
        return 2 * longer >= self._widths.total()

    @cached_property
    def _widths(self) -> Counter[tuple[int, bool]]:
        """Number of lines by their number of cells, and whether the last cell is empty. Reads the whole file."""
        widths: Counter[tuple[int, bool]] = Counter()
        for records in self._body():
            if records.columns:
                widths.update((self._width, not cell) for cell in records.columns[-1])
            rows = records.rows[:-1] if records.cut else records.rows
            widths.update((len(row), not row[-1]) for row in rows if row)
        return widths

    def _head(self) -> str:
        """Return the beginning of the file: its first line with a value, and more."""
        head = ""
        for text in texts(self._path, self._charset, self._source):
            head += text
            if len(head) > LONGEST or (len(head) >= HEAD and _BREAK.search(head.lstrip(_BLANK))):
                break
        return head

    def _body(self) -> Iterator[_Records]:
        """Read the lines after the header that have a value."""
        left = self._before + 1
        for each in self._quoted() if self._dialect.quoted else self._unquoted():
            records = each if self._dialect.quote == '"' else _swapped(each)
            if not left:
                yield records
                continue
            numbers, lines, rows, columns, cut = records
            columns = [column[left:] for column in columns]
            yield _Records(numbers[left:], lines[left:], rows[left:], columns, cut and len(lines) > left)
            left = max(0, left - len(lines))

    def _unquoted(self) -> Iterator[_Records]:
        delimiter = self._dialect.delimiter
        more = 0  # Line ends within lines.
        for number, lines, plain, _, cut in read_lines(self._path, self._charset, self._source, keep_returns=False):
            at = number + more
            if plain and (columns := self._columns(lines)):
                yield _Records(range(at, at + len(lines)), lines, (), columns)
                continue
            found = _Found()
            for line in lines:
                # A return within a row is data. It ends a line if there are cells for another row after it.
                is_more = "\r" in line and line.count(delimiter) >= self._width and len(line) <= LONGEST
                for piece in line.rstrip("\r").split("\r") if is_more else [line]:
                    text = piece.rstrip("\r")
                    found.add(at, text, None if len(text) > LONGEST else self._sound(text.split(delimiter)))
                    at += 1
            more = at - number - len(lines)
            yield from found.records(cut=cut)

    def _quoted(self) -> Iterator[_Records]:
        pending: list[str] = []
        first, reader, cut = 1, QuotedLines(self._dialect.delimiter, self._width), False
        for number, lines, plain, end, cut in read_lines(self._path, self._charset, self._source, keep_returns=True):
            if self._dialect.quote != '"':
                lines = list(map(_swap, lines))  # noqa: PLW2901
            if number == 1:
                reader = QuotedLines(self._dialect.delimiter, self._width, end)
            if plain and not pending and (rows := reader.rows(lines)) and set(map(len, rows)) == {self._width}:
                columns = list(zip(*rows, strict=True))
                if _have_values(columns[0]):
                    yield _Records(range(first, first + len(rows)), lines, (), columns)
                    first += len(rows)
                    continue
            pending += lines
            found = _Found()
            first = self._take(reader, pending, first, found, final=False)
            yield from found.records(cut=cut and not pending)
        found = _Found()
        self._take(reader, pending, first, found, final=True)
        yield from found.records(cut=cut)

    def _take(self, reader: QuotedLines, pending: list[str], first: int, found: _Found, *, final: bool) -> int:
        """Move the rows of lines that are pending; return the number of the first line that is left.

        Args:
            reader: Reads them.
            pending: The lines.
            first: Number of the first of them.
            found: Receives the rows.
            final: No line follows.
        """
        index = 0
        while index < len(pending):
            line = pending[index].rstrip("\r")
            row, count = reader.take(pending, index, final=final) if len(line) <= LONGEST else (None, 1)
            if not count:
                break
            is_row = row is not None and len(row) == self._width
            if not is_row and len(line) <= LONGEST and len(pieces := _BREAK.split(line)) > 1:
                pending[index : index + 1] = pieces
                continue
            text = "\n".join(pending[index : index + count])
            found.add(first + index, text, row and self._sound(row))
            index += count
        del pending[:index]
        return first + index

    def _columns(self, lines: list[str]) -> list[list[str]]:
        """Return the cells of lines without quotes, none if a line is not as wide as the header or may be blank."""
        # A cell of its own, which no other can be, shows where each line ends.
        delimiter, step = self._dialect.delimiter, self._width + 1
        cells = f"{delimiter}\n{delimiter}".join(lines).split(delimiter)
        between = len(lines) - 1
        is_square = len(cells) == len(lines) * step - 1 and cells[self._width :: step].count("\n") == between
        if not is_square or not _have_values(cells[::step]):
            return []
        return [cells[index::step] for index in range(self._width)]

    def _sound(self, row: list[str]) -> list[str]:
        """Return cells without NUL characters, which no database takes."""
        if not any("\0" in cell for cell in row):
            return row
        row = [cell if cell.strip("\0 \t\u00a0") else "" for cell in row]
        if not self._has_nul and any("\0" in cell for cell in row):
            self._has_nul = True
            self._warn(f"{self._source}: texts hold NUL characters, which became {REPLACEMENT!a}")
        return [cell.replace("\0", REPLACEMENT) for cell in row]


def _have_values(cells: Sequence[str]) -> bool:
    """Return whether no cell is blank."""
    return all(cells) and not any(map(str.isspace, cells))


def _swap(text: str) -> str:
    """Exchange single and double quotes: what is read is enclosed in double ones."""
    return text.translate(_QUOTES)


def _swapped(records: _Records) -> _Records:
    rows = [row and list(map(_swap, row)) for row in records.rows]
    columns = [list(map(_swap, column)) for column in records.columns]
    return records._replace(lines=list(map(_swap, records.lines)), rows=rows, columns=columns)


class _Found:
    """Collects lines with values, one by one."""

    def __init__(self) -> None:
        self._records = _Records([], [], [])
        self._ends_blank = False

    def add(self, number: int, line: str, row: list[str] | None) -> None:
        """Add a line, if it is not blank."""
        self._ends_blank = row is not None and not any(cell and not cell.isspace() for cell in row)
        if not self._ends_blank:
            for values, value in zip(self._records, (number, line, row), strict=False):
                t.cast("list[t.Any]", values).append(value)

    def records(self, *, cut: bool) -> Iterator[_Records]:
        """Yield what was added; say whether the last line is the file's last and has no end."""
        numbers, lines, rows, *_ = self._records
        for start in range(0, len(rows), BATCH):
            end = start + BATCH
            is_cut = cut and not self._ends_blank and end >= len(rows)
            yield _Records(numbers[start:end], lines[start:end], rows[start:end], cut=is_cut)


def is_empty(path: Path) -> bool:
    """Return whether a file has a header and no row. Reads no further than the first row.

    A file without even a header is not empty: reading it raises an error.

    Raises:
        DocumentError: The gzip data is damaged.
    """
    head = b""
    lines: list[bytes] = []
    with unzipped(path, path.name) as file:
        while len(lines) <= 1 and len(head) < LONGEST and (block := file.read(HEAD)):
            head += block
            lines = [line for line in head.splitlines() if line.strip(b' \t,;"\0\xef\xbb\xbf')]
    return len(lines) == 1 and len(head) < LONGEST
