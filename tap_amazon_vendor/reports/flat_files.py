"""Flat files: from the lines of a tab- or comma-separated document to typed rows, in constant memory.

The work is done column by column, a thousand lines at a time: most of it then happens inside built-in functions.
"""

from __future__ import annotations

import csv
import re
import typing as t
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat

from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.reports.charsets import find_charset, head_text, texts, unpacked
from tap_amazon_vendor.reports.rows import EXTRA, column_name
from tap_amazon_vendor.reports.texts import (
    COMMA_COUNTRIES,
    Convention,
    convention_of,
    kind_of,
    text_converter,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tap_amazon_vendor.reports.charsets import Charset

    Row = dict[str, t.Any]
    #: Rows of cells, and for each the line in which it begins.
    Chunk = tuple[Sequence[int], list[list[str]]]

#: Rows in a chunk, at most.
ROWS = 1000

#: No line of a report is longer. A file without line ends must not be collected in memory.
_LONGEST_LINE = 1 << 22

#: A header is not longer.
_HEAD = 1 << 16

#: Converted texts that are remembered for each column, at most.
_REMEMBERED = 1 << 14

#: Bits in which equal keys meet: with three million keys, one in two hundred meets another by chance, which costs a
#: little memory and nothing else.
_KEY_BITS = 1 << 28

#: The first end of a line says how all lines end: ``\n``, perhaps after ``\r``, or ``\r`` alone.
_LINE_END = re.compile(r"\r*\n|\r(?!\Z)")

_NUMBERS = frozenset({"integer", "number"})
_DATES = frozenset({"date", "date-time"})

LINE_NUMBER = "line_number"
OCCURRENCE = "occurrence"


@dataclass(frozen=True)
class FlatFile:
    """How a report's flat file is written: what a stream declares.

    Attributes:
        delimiter: Between cells: tab or comma.
        quoted: Cells may be enclosed in quotes. In all other files a quote is data (REPORTS.md 0.2).
        headers: Column of each translated header name. Other names become columns by `column_name`.
        numbered: Column that makes rows without identity of their own differ: `LINE_NUMBER` is the number of the row
            in the file, `OCCURRENCE` its number among the rows with the same other key columns; both from 1.
        day_first: Order in dates like ``02/03/2026``, where a fact says it. Else the file itself has to.
        local_numbers: Numbers use the local format, ``1.234,56`` in Europe (REPORTS.md 10). Where they don't,
            ``1.234`` is a bit more than one.
        nulls: Texts of Amazon's that stand for no value in columns that are not text.
    """

    delimiter: str = "\t"
    quoted: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    numbered: str | None = None
    day_first: bool | None = None
    local_numbers: bool = False
    nulls: tuple[str, ...] = ()


class FlatFileReader:
    """Reads the flat files of one stream."""

    def __init__(
        self,
        flat: FlatFile,
        columns: Mapping[str, Mapping[str, t.Any]],
        keys: Iterable[str],
        unknown: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        """Prepare the columns.

        Args:
            flat: How the files are written.
            columns: JSON Schema of each column.
            keys: Columns that must have a value.
            unknown: Called with the name of a column that the schema does not know, once for each file.
            warn: Called with a sentence on what a person should look at.
        """
        self._flat = flat
        self._kinds = {name: kind_of(schema) for name, schema in columns.items() if name != EXTRA}
        self._has_extra = EXTRA in columns
        self._keys = tuple(key for key in keys if key != flat.numbered)
        self._unknown = unknown
        self._warn = warn
        self._headers = {_comparable(name): column for name, column in flat.headers.items()}

    def read(
        self,
        path: Path,
        constants: Mapping[str, t.Any],
        source: str,
        *,
        charset: str | None = None,
        country: str | None = None,
    ) -> Iterator[list[Row]]:
        """Read a file.

        Args:
            path: The file, gzip or plain.
            constants: Columns that have the same value in each row.
            source: What to call the file in an error.
            charset: What the document host named.
            country: Country of the marketplace, where it is known: charset and formats hang on it.

        Yields:
            Chunks of rows with every column of the schema. What is absent is null.

        Raises:
            DocumentError: The file is damaged, is of another report, a value is not of its column's type, or a key
                column has none. Names file, line (the header's is 1) and column, and never the value.
        """
        found = find_charset(path, source, self._warn, declared=charset, country=country)
        table = _Table(path, found, self._flat, source)
        known, unknown = self._assign(table, constants)
        for header in unknown:
            self._unknown(header)
        cells = _Cells(table, known, self._kinds, self._flat, country)
        occurrences = self._occurrences(table, cells, known) if self._flat.numbered == OCCURRENCE else None
        fixed = dict(constants) | dict.fromkeys(name for name in self._kinds if name not in constants)
        if unknown or self._has_extra:
            fixed[EXTRA] = None
        read = 0
        for lines, rows in table.chunks():
            texts_by_index = list(zip(*rows))
            columns = {name: cells.convert(name, lines, texts_by_index[index]) for name, index in known.items()}
            self._check_keys(table, lines, columns, known)
            if self._flat.numbered == LINE_NUMBER:
                columns[LINE_NUMBER] = range(read + 1, read + len(rows) + 1)
            elif occurrences:
                columns[OCCURRENCE] = occurrences.of(zip(*(columns[key] for key in self._compared(known))))
            if unknown:
                columns[EXTRA] = [
                    {name: text or None for name, text in zip(unknown, row)}
                    for row in zip(*(texts_by_index[index] for index in unknown.values()))
                ]
            read += len(rows)
            values = [columns[name] if name in columns else repeat(value) for name, value in fixed.items()]
            yield [dict(zip(fixed, row)) for row in zip(*values)]

    def column(self, header: str) -> str | None:
        """Return the column of a header name, None where the schema has none."""
        column = self._headers.get(_comparable(header)) or column_name(header)
        return column if column in self._kinds and column != self._flat.numbered else None

    def _assign(self, table: _Table, constants: Mapping[str, t.Any]) -> tuple[dict[str, int], dict[str, int]]:
        """Return the place of each known column, and of each other one by Amazon's name."""
        known: dict[str, int] = {}
        unknown: dict[str, int] = {}
        for index, header in enumerate(table.header):
            column = self.column(header)
            places, name = (known, column) if column else (unknown, header or f"column {index + 1}")
            if name in places:
                raise table.error(1, index, "is there twice")
            places[name] = index
        if not known:
            raise table.error(1, None, "the header has no column of this report")
        for key in self._keys:
            if key not in known and constants.get(key) is None:
                raise table.error(1, None, f"column {key} is missing")
        return known, unknown

    def _check_keys(
        self, table: _Table, lines: Sequence[int], columns: Mapping[str, Sequence[t.Any]], known: Mapping[str, int]
    ) -> None:
        for key in self._keys:
            if key in known and None in columns[key]:
                raise table.error(lines[columns[key].index(None)], known[key], "has no value")

    def _occurrences(self, table: _Table, cells: _Cells, known: Mapping[str, int]) -> _Occurrences:
        """Look for keys that occur more than once. Reads the file through."""
        occurrences = _Occurrences()
        keys = self._compared(known)
        for lines, rows in table.chunks():
            texts_by_index = list(zip(*rows))
            occurrences.look(zip(*(cells.convert(key, lines, texts_by_index[known[key]]) for key in keys)))
        return occurrences

    def _compared(self, known: Mapping[str, int]) -> list[str]:
        """Return the columns whose values make two rows equal."""
        return [key for key in self._keys if key in known] or list(known)


class _Cells:
    """The conversion of one file's cells."""

    def __init__(
        self, table: _Table, known: Mapping[str, int], kinds: Mapping[str, str], flat: FlatFile, country: str | None
    ) -> None:
        self._table = table
        self._known = known
        self._kinds = kinds
        self._flat = flat
        self._country = country
        self._proven: dict[str, dict[str, set[Convention]]] = {}
        self._values = {
            name: _Remembered(
                text_converter(
                    kinds[name], partial(self._choose, name), only=self._declared(kinds[name]), nulls=flat.nulls
                )
            )
            for name in known
            if kinds[name] != "string"
        }

    def convert(self, name: str, lines: Sequence[int], cells: Sequence[str]) -> Sequence[t.Any]:
        """Convert the cells of a column.

        Raises:
            DocumentError: A cell is not of the column's type.
        """
        values = self._values.get(name)
        if values is None:
            return [cell or None for cell in cells] if "" in cells else cells
        try:
            return list(map(values.__getitem__, cells))
        except ValueError:
            for line, cell in zip(lines, cells):
                try:
                    values[cell]
                except ValueError as error:
                    raise self._table.error(line, self._known[name], str(error)) from None
            raise

    def _declared(self, kind: str) -> Convention | None:
        if self._flat.day_first is None or kind not in _DATES:
            return None
        return Convention.CONTINENTAL if self._flat.day_first else Convention.ENGLISH

    def _choose(self, name: str, text: str) -> Convention | None:
        """Say by which convention a text is written that can be read in two ways.

        The rest of the column proves it, or the rest of the file. If neither does, numbers have a decimal point where
        the country or the report has one, and dates begin with the month in the United States.
        """
        family = _DATES if self._kinds[name] in _DATES else _NUMBERS
        proven = self._proofs(family)
        proofs = proven[name] or set().union(*proven.values())
        if proofs:
            return next(iter(proofs)) if len(proofs) == 1 else None
        if family is _DATES:
            return Convention.ENGLISH if self._country == "US" else None
        has_point = self._country is not None and self._country not in COMMA_COUNTRIES
        if has_point or ("." in text and not self._flat.local_numbers):
            return Convention.ENGLISH
        return None

    def _proofs(self, family: frozenset[str]) -> dict[str, set[Convention]]:
        """Collect the conventions that the texts of each column prove. Reads the file through, once for each family."""
        key = min(family)
        if key not in self._proven:
            indexes = {name: index for name, index in self._known.items() if self._kinds[name] in family}
            proven: dict[str, set[Convention]] = {name: set() for name in indexes}
            for _, rows in self._table.chunks():
                for name, index in indexes.items():
                    for text in {row[index] for row in rows}:
                        convention = convention_of(self._kinds[name], text)
                        if convention is not None:
                            proven[name].add(convention)
            self._proven[key] = proven
        return self._proven[key]


class _Remembered(dict[str, t.Any]):
    """The values of texts, converted when they are first asked for. Cells repeat a lot."""

    def __init__(self, convert: Callable[[str], t.Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, text: str) -> t.Any:  # noqa: ANN401
        if len(self) >= _REMEMBERED:
            self.clear()
        value = self[text] = self._convert(text)
        return value


class _Occurrences:
    """Numbers equal keys. Only keys that occur more than once are kept in memory."""

    def __init__(self) -> None:
        self._met = bytearray(_KEY_BITS >> 3)
        self._repeated: set[int] = set()
        self._counts: Counter[tuple[t.Any, ...]] = Counter()

    def look(self, keys: Iterable[tuple[t.Any, ...]]) -> None:
        """Look at keys before they are numbered."""
        met = self._met
        for key in keys:
            spot = hash(key) % _KEY_BITS
            bit = 1 << (spot & 7)
            if met[spot >> 3] & bit:
                self._repeated.add(spot)
            else:
                met[spot >> 3] |= bit

    def of(self, keys: Iterable[tuple[t.Any, ...]]) -> list[int]:
        """Number keys: the first of equal ones is 1."""
        numbers = []
        for key in keys:
            number = 1
            if hash(key) % _KEY_BITS in self._repeated:
                number = self._counts[key] = self._counts[key] + 1
            numbers.append(number)
        return numbers


class _Table:
    """A file as rows of cells, each as wide as the header. It can be read more than once."""

    def __init__(self, path: Path, charset: Charset, flat: FlatFile, source: str) -> None:
        """Read the header.

        Raises:
            DocumentError: There is none, or the gzip data is damaged.
        """
        self._path = path
        self._charset = charset
        self._flat = flat
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
        """Make the error that names file, line and column."""
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

        A line without any value is no row. A line that is too short lacks the empty cells at its end, if that is how
        the whole file is written; in a file with empty cells at the end of other lines it is damaged.

        Raises:
            DocumentError: A line is damaged. Names file, line and column.
        """
        width = len(self.header)
        short: tuple[int, int] | None = None
        has_empty_ends = False
        body = False
        for lines, rows, cut in self._chunks():
            if not body:
                lines, rows = lines[1:], rows[1:]  # noqa: PLW2901  # the header
                body = True
            if set(map(len, rows)) - {width}:
                for line, row in zip(lines, rows):
                    if len(row) > width:
                        self._shorten(line, row)
                    elif len(row) < width:
                        if cut and line == lines[-1]:
                            raise self.error(line, len(row), "is missing: the file ends in the middle of a line")
                        short = short or (line, len(row))
                        row.extend([""] * (width - len(row)))
                        continue
                    has_empty_ends = has_empty_ends or not row[-1]
            elif not has_empty_ends:
                has_empty_ends = any(not row[-1] for row in rows)
            if short and has_empty_ends:
                raise self.error(*short, "is missing: the line is too short")
            if rows:
                yield lines, rows

    def _shorten(self, line: int, row: list[str]) -> None:
        width = len(self.header)
        if any(row[width:]):
            raise self.error(line, width, f"has no name: the line has {len(row)} cells, the header {width}")
        del row[width:]

    def _chunks(self) -> Iterator[tuple[Sequence[int], list[list[str]], bool]]:
        """Read rows of any width, the header too; the last flag says that the file's last line has no end."""
        return self._quoted() if self._flat.quoted else self._unquoted()

    def _unquoted(self) -> Iterator[tuple[Sequence[int], list[list[str]], bool]]:
        delimiter = self._flat.delimiter
        for first, lines, _, cut in self._lines():
            rows = [cells for line in lines if any(cells := line.split(delimiter)) and not line.isspace()]
            numbers: Sequence[int] = range(first, first + len(lines))
            if len(rows) != len(lines):
                numbers = [
                    number for number, line in zip(numbers, lines) if any(line.split(delimiter)) and not line.isspace()
                ]
            if rows:
                yield numbers, rows, cut

    def _quoted(self) -> Iterator[tuple[Sequence[int], list[list[str]], bool]]:
        cut = False

        def physical_lines() -> Iterator[str]:
            nonlocal cut
            for _, lines, end, cut in self._lines():  # noqa: B007
                yield from (f"{line}{end}" for line in lines)

        reader = csv.reader(physical_lines(), delimiter=self._flat.delimiter, strict=True)
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
            lines = rest.split(end) if end else [rest]
            rest = lines.pop()
            damage = None
            if "\0" in text or len(rest) > _LONGEST_LINE:
                lines, damage = self._sound([*lines, rest], number)
            if end == "\n" and "\r" in text and not self._flat.quoted:
                lines = [line.rstrip("\r") for line in lines]
            for start in range(0, len(lines), ROWS):
                yield number + start, lines[start : start + ROWS], end, False
            if damage:
                raise self.error(*damage)
            number += len(lines)
        if rest:
            yield number, [rest if self._flat.quoted else rest.rstrip("\r")], "", not rest.endswith("\r")

    def _sound(self, lines: list[str], number: int) -> tuple[list[str], tuple[int, int | None, str]]:
        """Return the lines before the damaged one, and what is to be said of that."""
        for index, line in enumerate(lines):
            if "\0" in line:
                cell = line[: line.index("\0")].count(self._flat.delimiter)
                return lines[:index], (number + index, cell, "holds a NUL character: the file is damaged")
        return lines[:-1], (number + len(lines) - 1, None, "the line does not end")


def read_header(path: Path, charset: str | None = None, country: str | None = None) -> list[str]:
    """Read the names in a file's header, whatever its dialect. Reads the head of the file only.

    Args:
        path: The file, gzip or plain.
        charset: What the document host named.
        country: Country of the marketplace, where it is known.

    Returns:
        Amazon's names. No name where the file is empty.

    Raises:
        DocumentError: The gzip data is damaged.
    """
    text = head_text(path, path.name, declared=charset, country=country)
    line = next(filter(None, map(str.strip, text.lstrip("\ufeff").splitlines())), "")
    names = next(csv.reader([line], delimiter="\t" if "\t" in line else ",")) if "\0" not in line else []
    return [name.strip("\ufeff ") for name in names]


def is_empty(path: Path) -> bool:
    """Say whether a file has a header and no row. Reads no further than to the first row.

    A file without even a header is not empty: reading it says that it is damaged.

    Raises:
        DocumentError: The gzip data is damaged.
    """
    head = b""
    lines: list[bytes] = []
    with unpacked(path, path.name) as file:
        while len(lines) <= 1 and len(head) < _LONGEST_LINE and (block := file.read(_HEAD)):
            head += block
            lines = [line for line in head.splitlines() if line.strip(b' \t,"\0')]
    return len(lines) == 1 and len(head) < _LONGEST_LINE


def _comparable(header: str) -> str:
    return unicodedata.normalize("NFKC", header).strip("\ufeff \t").casefold()
