"""Flat files: from the lines of a delimited document to typed rows, in constant memory.

It works column by column, a few hundred lines at a time: most of the time is then spent in built-in functions.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass, field

from tap_amazon_vendor.documents.cell_values import kind_of
from tap_amazon_vendor.documents.delimited import Chunk, Table
from tap_amazon_vendor.documents.encodings import Charset, find_charset
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.flat_cells import Cells, Formats, Unreadable
from tap_amazon_vendor.documents.header_names import DECLARED, HeaderNames
from tap_amazon_vendor.documents.keys import NONE, key_texts, without_value
from tap_amazon_vendor.documents.occurrences import Lines, Occurrences
from tap_amazon_vendor.documents.row_blocks import RowBlock
from tap_amazon_vendor.documents.rows import EXTRA, extra_text, in_order

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    Row = dict[str, t.Any]
    #: Why lines of a chunk are no rows: by index, the reason and the column.
    Faults = dict[int, tuple[str, str | None]]

LINE_NUMBER = "line_number"
OCCURRENCE = "occurrence"


@dataclass(frozen=True)
class Derived:
    """A column that is made of the texts of others, in documents that lack it.

    Attributes:
        sources: Columns that it is made of; they are in every document.
        make: Makes the value from their texts, blanks included.
    """

    sources: tuple[str, ...]
    make: Callable[..., t.Any]


@dataclass(frozen=True)
class FlatFile:
    """The format of a report's flat file, as a stream declares it. What is between cells, the file itself shows.

    Attributes:
        headers: Column of each header name that is spelled another way. Others are found by `HeaderNames`.
        numbered: Column that makes rows without identity of their own differ: `LINE_NUMBER` is the number of the line
            among those with values, from the first one with the same other key columns; `OCCURRENCE` its number among
            the rows with the same other key columns; both from 1.
        day_first: Order in dates like ``02/03/2026``, if known. What a file proves has precedence.
        local_numbers: Numbers use the local format, ``1.234,56`` in Europe (docs/amazon/documents.md#local-formats).
            If not, ``1.234`` is a bit more than one, where the file proves nothing else.
        nulls: Texts of Amazon's that stand for no value in columns that are not text.
        derived: How columns are made that a document lacks.
        days: Date columns that some documents give with a clock, or as a month. They hold the day, or the month's
            first; a derived column has the rest.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    numbered: str | None = None
    day_first: bool | None = None
    local_numbers: bool = False
    nulls: tuple[str, ...] = ()
    derived: Mapping[str, Derived] = field(default_factory=dict)
    days: frozenset[str] = frozenset()


class FlatFileReader:
    """Reads the flat files of one stream."""

    def __init__(  # noqa: PLR0913, PLR0917  # each is one fact
        self,
        flat: FlatFile,
        columns: Mapping[str, Mapping[str, t.Any]],
        keys: Iterable[str],
        unknown: Callable[[str], None],
        warn: Callable[[str], None],
        required: Collection[str] = (),
        apart: Collection[str] = (),
    ) -> None:
        """Prepare the columns.

        Args:
            flat: Format of the files.
            columns: JSON Schema of each column.
            keys: Key columns: never null, and never empty text (see `keys`).
            unknown: Called with the name of a column that the schema does not have, once for each file.
            warn: Called with a warning for the user, one sentence.
            required: Text columns of the key that must not be blank. Of all of them, one must not be, in any case.
            apart: Columns besides the key that tell rows apart which are numbered by `OCCURRENCE`: rows of other
                marketplaces are other rows, though their keys are equal.
        """
        self._flat = flat
        self._kinds = {name: kind_of(schema) for name, schema in columns.items() if name != EXTRA}
        self._kinds |= dict.fromkeys(flat.days & self._kinds.keys(), "day")
        self._has_extra = EXTRA in columns
        self._keys = tuple(key for key in keys if key != flat.numbered)
        self._key_texts = tuple(key for key in self._keys if self._kinds.get(key) == "string")
        self._required = tuple(key for key in self._key_texts if key in required)
        self._apart = (*self._keys, *(column for column in apart if column not in self._keys))
        self._unknown = unknown
        self._warn = warn
        self._names = HeaderNames((name for name in self._kinds if name != flat.numbered), flat.headers)

    def read(  # noqa: PLR0913  # each is one fact
        self,
        path: Path,
        constants: Mapping[str, t.Any],
        source: str,
        findings: Findings | None = None,
        *,
        charset: Charset | str | None = None,
        country: str | None = None,
    ) -> Iterator[RowBlock]:
        """Read a file.

        Each line with a value after the header is a row, or rejected.

        Args:
            path: The file, gzip or plain.
            constants: Columns that have the same value in each row.
            source: What to call the file in an error.
            findings: Receives the lines that are no rows, and counts the cells that are not of their column's type.
            charset: How to decode it, or what the document host declared.
            country: Country of the marketplace, if known: charset and formats depend on it.

        Yields:
            Blocks of rows with every column of the schema. What is absent is null, and so is what can't be read: the
            text is in `EXTRA` then, as are columns that the schema does not have.

        Raises:
            DocumentError: The file is damaged as a whole, or of another report.
        """
        findings = findings or Findings()
        if not isinstance(charset, Charset):
            charset = find_charset(path, source, self._warn, declared=charset, country=country)
        table = Table(path, charset, source, self._warn)
        known, unknown = self._assign(table, constants)
        for name in unknown:
            self._unknown(name)
        flat = self._flat
        derived = {name: each for name, each in flat.derived.items() if name not in known}
        compared = self._compared(known, derived)
        formats = Formats(flat.day_first, flat.local_numbers, flat.nulls, country)
        cells = Cells(table, known, self._kinds, formats, compared if flat.numbered == OCCURRENCE else self._keys)
        occurrences, lines = None, Lines()
        if flat.numbered == OCCURRENCE:
            occurrences = self._occurrences(table, cells, known, derived, compared)
        extra = [EXTRA] if unknown or self._has_extra else []
        order = in_order(constants, [*self._kinds, *extra])
        # Columns that had several values stay columns: what all rows share should be the same in many blocks, because
        # the writer keeps its JSON.
        varied: set[str] = set()
        for whole in table.chunks(findings.reject):
            chunk, columns = whole, self._convert(cells, whole, known, derived)
            if faults := self._faults(columns, known, derived):
                chunk = _without(chunk, faults, findings)
                if not chunk.lines:
                    continue
                columns = self._convert(cells, chunk, known, derived)
            values = columns.varied
            if unknown or columns.unreadable:
                values[EXTRA] = _extras(chunk, columns, unknown, known, findings)
            if flat.numbered == LINE_NUMBER:
                values[LINE_NUMBER] = lines.of(columns.tuples(self._keys), chunk.ordinals)
            elif occurrences:
                values[OCCURRENCE] = occurrences.of(columns.tuples(compared))
            varied |= values.keys()
            values |= {name: columns.values(name) for name in columns.same if name in varied}
            same = {name: value for name, value in columns.same.items() if name not in varied}
            yield RowBlock(columns.size, order, {**constants, **same}, values)

    def column(self, header: str) -> str | None:
        """Return the column of a header name, None if the schema has none."""
        return self._names.find(header)[0]

    def _assign(self, table: Table, constants: Mapping[str, t.Any]) -> tuple[dict[str, int], dict[str, int]]:
        """Return the index of each known column, and of each unknown one by Amazon's name.

        If several names mean one column, the declared name wins, or a name that is spelled like most of the header: in
        a header in capitals, a second name in small letters is foreign. Then the closest spelling wins, then the first.

        Raises:
            DocumentError: The header is of another report.
        """
        found = [self._names.find(header) for header in table.header]
        usual = Counter(sorted(distance for column, distance in found if column)).most_common(1)
        own = {DECLARED, *(distance for distance, _ in usual)}
        best: dict[str, tuple[bool, int, int]] = {}
        for index, (column, distance) in enumerate(found):
            rank = distance not in own, distance, index
            if column:
                best[column] = min(rank, best.get(column, rank))
        known = {column: index for column, (*_, index) in best.items()}
        if not known:
            raise table.error(1, "the header has no column of this report")
        derived = self._flat.derived
        sources = {source for name in derived if name not in known for source in derived[name].sources}
        for column in (*sources, *self._keys):
            if column not in known and column not in derived and constants.get(column) is None:
                raise table.error(1, f"column {column} is missing")
        return known, self._unknown_names(table, known)

    def _unknown_names(self, table: Table, known: Mapping[str, int]) -> dict[str, int]:
        """Return the index of each column that is not known, by a name of its own."""
        # The text of a cell that can't be read is told by the column's name.
        taken = {column for column in known if self._kinds[column] != "string"}
        unknown: dict[str, int] = {}
        for index, header in enumerate(table.header):
            if index not in known.values():
                name, number = header or f"column {index + 1}", 1
                while name in unknown or name in taken:
                    number += 1
                    name = f"{header} ({number})"
                unknown[name] = index
        return unknown

    def _convert(
        self, cells: Cells, chunk: Chunk, known: Mapping[str, int], derived: Mapping[str, Derived]
    ) -> _Columns:
        columns = _Columns(len(chunk.lines), {}, {}, set())
        for name, index in known.items():
            column: Sequence[t.Any] = chunk.columns[index]
            first = column[0]
            # In most files many columns hold one text, or none. It is converted once.
            is_same = first == column[-1] and column.count(first) == columns.size
            if is_same:
                column = column[:1]
            if name in self._key_texts:
                column = key_texts(column)
            elif is_same and not first:
                column = (None,)
            elif not is_same and (numerals := cells.numerals(name, column)):
                column = numerals
            else:
                column, has_unreadable = cells.convert(name, column)
                if has_unreadable:
                    columns.unreadable.add(name)
            if is_same:
                columns.same[name] = column[0]
            else:
                columns.varied[name] = column
        for name, each in derived.items():
            sources = (chunk.columns[known[source]] for source in each.sources)
            columns.varied[name] = list(map(each.make, *sources))
        return columns

    def _faults(self, columns: _Columns, known: Mapping[str, int], derived: Mapping[str, Derived]) -> Faults:
        """Return the lines of a chunk that have no key."""
        faults: Faults = {}
        texts = [key for key in self._key_texts if key in known]
        if texts and all(NONE in columns.values(key) for key in texts):
            blank = without_value(texts), texts[0] if len(texts) == 1 else None
            for index, values in enumerate(columns.tuples(texts)):
                if all(value is NONE for value in values):
                    faults[index] = blank
        for key in self._keys:
            if key in known or key in derived:
                for index, text in self._key_faults(key, columns):
                    faults.setdefault(index, (f"column {key} {text}", key))
        return faults

    def _key_faults(self, key: str, columns: _Columns) -> Iterator[tuple[int, str]]:
        """Yield the indexes of lines without a value of a key, and why."""
        values = columns.values(key)
        is_required = key in self._required and NONE in values
        if is_required or None in values or key in columns.unreadable:
            for index, value in enumerate(values):
                if isinstance(value, Unreadable):
                    yield index, value.reason
                elif value is None or (is_required and value is NONE):
                    yield index, "has no value"

    def _occurrences(
        self,
        table: Table,
        cells: Cells,
        known: Mapping[str, int],
        derived: Mapping[str, Derived],
        compared: Sequence[str],
    ) -> Occurrences:
        """Find keys that occur more than once. Reads the whole file."""
        occurrences = Occurrences()
        needed = {*compared, *(source for each in derived.values() for source in each.sources)}
        keys = {name: index for name, index in known.items() if name in needed}
        for chunk in table.chunks():
            columns = self._convert(cells, chunk, keys, derived)
            for name in columns.unreadable:
                columns.null_unreadable(name)
            occurrences.look(columns.tuples(compared))
        return occurrences

    def _compared(self, known: Mapping[str, int], derived: Mapping[str, Derived]) -> list[str]:
        """Return the columns that make two rows equal: of the key, or where the rows have none, all."""
        if not any(key in known or key in derived for key in self._keys):
            return list(known)
        return [column for column in self._apart if column in known or column in derived]


class _Columns(t.NamedTuple):
    """The values of a chunk, column by column.

    Attributes:
        size: Number of rows.
        same: The value of each column that is equal in all rows.
        varied: The values of the other columns, derived ones included.
        unreadable: Columns with `Unreadable` values.
    """

    size: int
    same: dict[str, t.Any]
    varied: dict[str, Sequence[t.Any]]
    unreadable: set[str]

    def values(self, name: str) -> Sequence[t.Any]:
        """Return the values of a column: nulls, if there is no such column."""
        return self.varied.get(name) or (self.same.get(name),) * self.size

    def tuples(self, names: Sequence[str]) -> Iterator[tuple[t.Any, ...]]:
        """Yield the values of some columns, row by row."""
        return zip(*map(self.values, names), strict=True)

    def null_unreadable(self, name: str) -> None:
        """Make what can't be read in a column null."""
        if name in self.same:
            self.same[name] = None
        else:
            self.varied[name] = [None if isinstance(value, Unreadable) else value for value in self.varied[name]]


def _without(chunk: Chunk, faults: Faults, findings: Findings) -> Chunk:
    """Reject the lines of a chunk that are at fault, and return the others."""
    for index, (reason, column) in sorted(faults.items()):
        findings.reject(chunk.numbers[index], chunk.lines[index].rstrip("\r"), reason, column)
    keep = [index for index in range(len(chunk.lines)) if index not in faults]

    def kept(values: Sequence[t.Any]) -> list[t.Any]:
        return [values[index] for index in keep]

    return Chunk(kept(chunk.numbers), kept(chunk.ordinals), kept(chunk.lines), [*map(kept, chunk.columns)])


def _extras(
    chunk: Chunk, columns: _Columns, unknown: Mapping[str, int], known: Mapping[str, int], findings: Findings
) -> list[str | None]:
    """Return `EXTRA` of each row: its unknown columns, and the texts that can't be read, which become null."""
    extras: list[Row] = [
        {name: chunk.columns[index][at] or None for name, index in unknown.items()} for at in range(len(chunk.lines))
    ]
    # In the order of the columns, so that the same document gives the same text in each run.
    for name in filter(columns.unreadable.__contains__, known):
        for extra, text, value in zip(extras, chunk.columns[known[name]], columns.values(name), strict=True):
            if isinstance(value, Unreadable):
                extra[name] = text
                findings.unreadable_cells[name] += 1
        columns.null_unreadable(name)
    return [extra_text(extra) if extra else None for extra in extras]
