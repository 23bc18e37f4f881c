"""Flat files: from the lines of a tab- or comma-separated document to typed rows, in constant memory.

It works column by column, a few hundred lines at a time: most of the time is then spent in built-in functions.
"""

from __future__ import annotations

import typing as t
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from tap_amazon_vendor.documents.cell_values import (
    COMMA_COUNTRIES,
    Convention,
    are_iso_times,
    convention_of,
    kind_of,
    text_converter,
)
from tap_amazon_vendor.documents.delimited import Table
from tap_amazon_vendor.documents.encodings import Charset, find_charset
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.keys import NONE, key_texts, without_value
from tap_amazon_vendor.documents.rows import EXTRA, column_name, extra_text, in_order

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    Row = dict[str, t.Any]

#: Most converted texts that are cached for each column.
_REMEMBERED = 1 << 14

#: Bits of the filter for repeated keys: of three million keys, one in two hundred collides by chance, which only costs
#: a little memory.
_KEY_BITS = 1 << 28

_NUMBERS = frozenset({"integer", "number"})
_DATES = frozenset({"date", "date-time", "day"})

#: Kind of a text column that is part of the key.
_KEY_TEXT = "key text"
_TEXTS = frozenset({"string", _KEY_TEXT})

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
    """The format of a report's flat file, as a stream declares it.

    Attributes:
        delimiter: Between cells: tab or comma.
        quoted: Cells may be enclosed in quotes. In all other files a quote is data (docs/amazon/documents.md#quotes).
        headers: Column of each translated header name. Other names become columns by `column_name`.
        numbered: Column that makes rows without identity of their own differ: `LINE_NUMBER` is the number of the row
            in the file, `OCCURRENCE` its number among the rows with the same other key columns; both from 1.
        day_first: Order in dates like ``02/03/2026``, if known. Else the file has to show it.
        local_numbers: Numbers use the local format, ``1.234,56`` in Europe (docs/amazon/documents.md#local-formats).
            If not, ``1.234`` is a bit more than one.
        nulls: Texts of Amazon's that stand for no value in columns that are not text.
        derived: How columns are made that a document lacks.
        days: Date columns that some documents give with a clock, or as a month. They hold the day, or the month's
            first; a derived column has the rest.
    """

    delimiter: str = "\t"
    quoted: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    numbered: str | None = None
    day_first: bool | None = None
    local_numbers: bool = False
    nulls: tuple[str, ...] = ()
    derived: Mapping[str, Derived] = field(default_factory=dict)
    days: frozenset[str] = frozenset()


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
            flat: Format of the files.
            columns: JSON Schema of each column.
            keys: Key columns: never null, and never empty text (see `keys`).
            unknown: Called with the name of a column that the schema does not have, once for each file.
            warn: Called with a warning for the user, one sentence.
        """
        self._flat = flat
        self._kinds = {name: kind_of(schema) for name, schema in columns.items() if name != EXTRA}
        self._kinds |= dict.fromkeys(flat.days & self._kinds.keys(), "day")
        self._has_extra = EXTRA in columns
        self._keys = tuple(key for key in keys if key != flat.numbered)
        self._key_texts = tuple(key for key in self._keys if self._kinds.get(key) == "string")
        self._kinds |= dict.fromkeys(self._key_texts, _KEY_TEXT)
        self._unknown = unknown
        self._warn = warn
        self._headers = {_comparable(name): column for name, column in flat.headers.items()}

    def read(  # noqa: PLR0913  # each is one fact
        self,
        path: Path,
        constants: Mapping[str, t.Any],
        source: str,
        findings: Findings | None = None,
        *,
        charset: Charset | str | None = None,
        country: str | None = None,
    ) -> Iterator[list[Row]]:
        """Read a file.

        Args:
            path: The file, gzip or plain.
            constants: Columns that have the same value in each row.
            source: What to call the file in an error.
            findings: Counts what is found besides the rows.
            charset: How to decode it, or what the document host declared.
            country: Country of the marketplace, if known: charset and formats depend on it.

        Yields:
            Chunks of rows with every column of the schema. What is absent is null.

        Raises:
            DocumentError: The file is damaged, is of another report, a value is not of its column's type, or a key
                of a line has no value. Names file, line (the header's is 1) and column, and never the value.
        """
        findings = findings or Findings()
        if not isinstance(charset, Charset):
            charset = find_charset(path, source, self._warn, declared=charset, country=country)
        table = Table(path, charset, self._flat.delimiter, source, quoted=self._flat.quoted)
        known, unknown = self._assign(table, constants)
        derived = {name: each for name, each in self._flat.derived.items() if name not in known}
        for header in unknown:
            self._unknown(header)
        cells = _Cells(table, known, self._kinds, self._flat, country)
        occurrences = self._occurrences(table, cells, known, derived) if self._flat.numbered == OCCURRENCE else None
        extra = [EXTRA] if unknown or self._has_extra else []
        template = {
            name: None if name in known or name in derived else constants.get(name)
            for name in in_order(constants, [*self._kinds, *extra])
        }
        read = 0
        for lines, rows in table.chunks():
            texts_by_index = list(zip(*rows, strict=True))
            # Columns without any value come from the template: whole groups of them are empty in most files.
            columns = {
                name: cells.convert(name, lines, texts_by_index[index])
                for name, index in known.items()
                if name in self._key_texts or any(texts_by_index[index])
            }
            for name, each in derived.items():
                columns[name] = list(map(each.make, *(texts_by_index[known[source]] for source in each.sources)))
            self._check_keys(table, lines, columns, known)
            if self._flat.numbered == LINE_NUMBER:
                columns[LINE_NUMBER] = range(read + 1, read + len(rows) + 1)
            elif occurrences:
                nulls = (None,) * len(rows)
                compared = (columns.get(name, nulls) for name in self._compared(known, derived))
                columns[OCCURRENCE] = occurrences.of(zip(*compared, strict=True))
            if unknown:
                columns[EXTRA] = [
                    extra_text({name: text or None for name, text in zip(unknown, row, strict=True)})
                    for row in zip(*(texts_by_index[index] for index in unknown.values()), strict=True)
                ]
            read += len(rows)
            chunk = [template.copy() for _ in rows]
            for name, values in columns.items():
                for row, value in zip(chunk, values, strict=True):
                    row[name] = value
            yield chunk

    def column(self, header: str) -> str | None:
        """Return the column of a header name, None if the schema has none."""
        column = self._headers.get(_comparable(header)) or column_name(header)
        return column if column in self._kinds and column != self._flat.numbered else None

    def _assign(self, table: Table, constants: Mapping[str, t.Any]) -> tuple[dict[str, int], dict[str, int]]:
        """Return the index of each known column, and of each unknown one by Amazon's name."""
        known: dict[str, int] = {}
        unknown: dict[str, int] = {}
        for index, header in enumerate(table.header):
            column = self.column(header)
            places, name = (known, column) if column else (unknown, header or f"column {index + 1}")
            if name in places:
                raise table.error(1, index, "appears twice")
            places[name] = index
        if not known:
            raise table.error(1, None, "the header has no column of this report")
        for name, each in self._flat.derived.items():
            for source in each.sources:
                if name not in known and source not in known:
                    raise table.error(1, None, f"column {source} is missing")
        for key in self._keys:
            if key not in known and key not in self._flat.derived and constants.get(key) is None:
                raise table.error(1, None, f"column {key} is missing")
        return known, unknown

    def _check_keys(
        self, table: Table, lines: Sequence[int], columns: Mapping[str, Sequence[t.Any]], known: Mapping[str, int]
    ) -> None:
        for key in self._keys:
            if key in known and None in (values := columns.get(key, (None,))):
                raise table.error(lines[values.index(None)], known[key], "has no value")
        texts = [key for key in self._key_texts if key in known]
        # Numbered lines are distinct anyway.
        if self._flat.numbered or not all(NONE in columns[key] for key in texts):
            return
        for line, *values in zip(lines, *(columns[key] for key in texts), strict=True):
            if values and all(value is NONE for value in values):
                if len(texts) == 1:
                    raise table.error(line, known[texts[0]], "has no value")
                raise table.error(line, None, without_value(texts))

    def _occurrences(
        self, table: Table, cells: _Cells, known: Mapping[str, int], derived: Mapping[str, Derived]
    ) -> _Occurrences:
        """Find keys that occur more than once. Reads the whole file."""
        occurrences = _Occurrences()
        keys = self._compared(known, derived)
        for lines, rows in table.chunks():
            texts_by_index = list(zip(*rows, strict=True))
            columns = (
                list(map(derived[key].make, *(texts_by_index[known[source]] for source in derived[key].sources)))
                if key in derived
                else cells.convert(key, lines, texts_by_index[known[key]])
                for key in keys
            )
            occurrences.look(zip(*columns, strict=True))
        return occurrences

    def _compared(self, known: Mapping[str, int], derived: Mapping[str, Derived]) -> list[str]:
        """Return the columns whose values make two rows equal."""
        return [key for key in self._keys if key in known or key in derived] or list(known)


class _Cells:
    """The conversion of one file's cells."""

    def __init__(
        self,
        table: Table,
        known: Mapping[str, int],
        kinds: Mapping[str, str],
        flat: FlatFile,
        country: str | None,
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
            if kinds[name] not in _TEXTS
        }

    def convert(self, name: str, lines: Sequence[int], cells: Sequence[str]) -> Sequence[t.Any]:
        """Convert the cells of a column.

        Raises:
            DocumentError: A cell is not of the column's type.
        """
        if self._kinds[name] == _KEY_TEXT:
            return key_texts(cells)
        values = self._values.get(name)
        if values is None or (self._kinds[name] == "date-time" and are_iso_times(cells)):
            if "" not in cells:
                return cells
            return [cell or None for cell in cells]
        try:
            return list(map(values.__getitem__, cells))
        except ValueError:
            for line, cell in zip(lines, cells, strict=True):
                try:
                    values[cell]
                except ValueError as error:  # noqa: PERF203  # only to find the one
                    raise self._table.error(line, self._known[name], str(error)) from None
            raise

    def _declared(self, kind: str) -> Convention | None:
        if self._flat.day_first is None or kind not in _DATES:
            return None
        return Convention.CONTINENTAL if self._flat.day_first else Convention.ENGLISH

    def _choose(self, name: str, text: str) -> Convention | None:
        """Return the convention of an ambiguous text.

        The rest of the column proves it, or the rest of the file. If neither does, numbers have a decimal point if
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
        """Collect the conventions that the texts of each column prove. Reads the whole file, once for each family."""
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
    """Cache of converted texts, filled on first use. Cells repeat a lot."""

    def __init__(self, convert: Callable[[str], t.Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, text: str) -> t.Any:  # noqa: ANN401
        value = self._convert(text)
        if len(self) < _REMEMBERED:
            self[text] = value
        return value


class _Occurrences:
    """Numbers equal keys. Only keys that occur more than once are kept in memory."""

    def __init__(self) -> None:
        self._met = bytearray(_KEY_BITS >> 3)
        self._repeated: set[int] = set()
        self._counts: Counter[tuple[t.Any, ...]] = Counter()

    def look(self, keys: Iterable[tuple[t.Any, ...]]) -> None:
        """Note keys, to find repeated ones before they are numbered."""
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


def _comparable(header: str) -> str:
    return unicodedata.normalize("NFKC", header).strip("\ufeff \t").casefold()
