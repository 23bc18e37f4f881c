"""The conversion of a flat file's cells, column by column: numbers and dates by the convention of the whole column."""

from __future__ import annotations

import typing as t
from collections import Counter
from functools import partial

from tap_amazon_vendor.documents.cell_values import (
    COMMA_COUNTRIES,
    Convention,
    are_iso_times,
    are_plain_numbers,
    convention_of,
    is_ambiguous,
    text_converter,
)
from tap_amazon_vendor.documents.row_blocks import Numerals

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tap_amazon_vendor.documents.delimited import Table

#: Most converted texts that are cached for each column.
_REMEMBERED = 1 << 14

_NUMBERS = frozenset({"integer", "number"})
_DATES = frozenset({"date", "date-time", "day"})


class Unreadable(t.NamedTuple):
    """Stands for a cell that is not of its column's type.

    Attributes:
        reason: Why, as an end of a sentence that begins with the column.
    """

    reason: str


class Formats(t.NamedTuple):
    """What is known of a file's formats before it is read.

    Attributes:
        day_first: Order in dates like ``02/03/2026``, if known.
        local_numbers: Numbers use the local format.
        nulls: Texts that stand for no value in columns that are not text.
        country: Country of the marketplace, if known.
    """

    day_first: bool | None
    local_numbers: bool
    nulls: tuple[str, ...]
    country: str | None


#: Of so many texts of a column, one may be odd.
ODD_SHARE = 3


class Cells:
    """The conversion of one file's cells.

    A text like ``1,234`` or ``02/03/2026`` is read by the convention that most of its column's texts prove; if they
    prove none, most of the file's; else by what is known before. Texts that can only be read by the other convention
    are unreadable then, and so is every such text where as many prove one as the other.
    """

    def __init__(
        self,
        table: Table,
        known: Mapping[str, int],
        kinds: Mapping[str, str],
        formats: Formats,
        compared: Collection[str],
    ) -> None:
        """Prepare.

        Args:
            table: The file.
            known: Index of each column.
            kinds: Types of the columns; of those that are not converted, too.
            formats: What is known before.
            compared: Columns whose values are compared: 1.50 equals 1.5.
        """
        self._table = table
        self._known = known
        self._kinds = kinds
        self._formats = formats
        self._proofs: dict[frozenset[str], dict[str, Counter[Convention | None]]] = {}
        self._decided: set[str] = set()
        # Numbers with a decimal point are so common that only where commas are to be expected, all are looked at first.
        points = not formats.local_numbers and formats.country not in COMMA_COUNTRIES
        #: Columns of numbers that may be written as they are, if they have a decimal point.
        self._as_is = {name for name in known if points and kinds[name] == "number" and name not in compared}
        self._values = {
            name: _Remembered(
                text_converter(kinds[name], partial(self._decide, name), nulls=formats.nulls, points=points)
            )
            for name in known
            if kinds[name] in _NUMBERS | _DATES | {"boolean"}
        }

    def convert(self, name: str, cells: Sequence[str]) -> tuple[Sequence[t.Any], bool]:
        """Convert the cells of a column.

        Returns:
            The values, `Unreadable` for a cell that is not of the column's type; and whether there are such cells.
        """
        values = self._values.get(name)
        if values is None or (self._kinds[name] == "date-time" and are_iso_times(cells)):
            return (cells if all(cells) else [cell or None for cell in cells]), False
        values.has_unreadable = False
        converted = list(map(values.__getitem__, cells))
        if values is not self._values[name]:  # The convention was decided in between.
            return self.convert(name, cells)
        return converted, values.has_unreadable

    def numerals(self, name: str, cells: Sequence[str]) -> Numerals | None:
        """Return the numbers of a column as they are written, None if they must be converted."""
        return Numerals(cells) if name in self._as_is and are_plain_numbers(cells) else None

    def _decide(self, name: str, text: str) -> Convention | None:
        """Return the convention of a text that can be read by one only, or differently by both; decide for the column.

        Raises:
            ValueError: As many texts of the column prove one convention as the other.
        """
        kind = self._kinds[name]
        family = _DATES if kind in _DATES else _NUMBERS
        formats = self._formats
        proofs = self._family_proofs(family)
        everywhere = sum(proofs.values(), Counter[Convention | None]())
        if name not in self._decided:
            self._decided.add(name)
            convention = self._convention(proofs[name] if _proves(proofs[name]) else everywhere, family)
            choose = partial(self._decide, name)
            points = convention is Convention.ENGLISH
            if not points:
                self._as_is.discard(name)
            self._values[name] = _Remembered(
                text_converter(kind, choose, only=convention, nulls=formats.nulls, points=points)
            )
            return convention
        if _proves(everywhere):
            msg = f"can be read as two different values of type {kind}"
            raise ValueError(msg)
        # Most reports have a decimal point everywhere.
        return Convention.ENGLISH if family is _NUMBERS and "." in text and not formats.local_numbers else None

    def _convention(self, found: Counter[Convention | None], family: frozenset[str]) -> Convention | None:
        """Return the convention of a column, by what its texts prove and by what is expected of it.

        One odd cell must not change the others: what is not expected needs more than a third of the texts that tell.
        """
        proven, expected = _most(found), self._expected(family)
        if proven is None:
            return expected
        if expected is not None and ODD_SHARE * found[proven] <= found.total():
            return expected
        return proven

    def _expected(self, family: frozenset[str]) -> Convention | None:
        """Return the convention of a file that proves none: the report's, or the country's."""
        formats = self._formats
        if family is _DATES:
            if formats.day_first is not None:
                return Convention.CONTINENTAL if formats.day_first else Convention.ENGLISH
            return Convention.ENGLISH if formats.country == "US" else None
        has_point = formats.country is not None and formats.country not in COMMA_COUNTRIES
        return Convention.ENGLISH if has_point else None

    def _family_proofs(self, family: frozenset[str]) -> Mapping[str, Counter[Convention | None]]:
        """Count what the texts of each column prove; None for those that both conventions can read.

        Reads the whole file, once for each family.
        """
        if family not in self._proofs:
            found = {name: Counter[Convention | None]() for name in self._known if self._kinds[name] in family}
            known = {name: _Remembered(partial(_tells, self._kinds[name])) for name in found}
            for chunk in self._table.chunks():
                for name, proofs in found.items():
                    for text, count in Counter(chunk.columns[self._known[name]]).items():
                        if text and (told := known[name][text]):
                            proofs[told[0]] += count
            self._proofs[family] = found
        return self._proofs[family]


def _tells(kind: str, text: str) -> tuple[Convention | None, ...]:
    """Return the convention that a text proves, or None for one that both can read; nothing where it tells nothing."""
    proven = convention_of(kind, text)
    return (proven,) if proven is not None or is_ambiguous(kind, text) else ()


def _proves(found: Counter[Convention | None]) -> bool:
    return any(convention is not None for convention in found)


def _most(proofs: Counter[Convention | None]) -> Convention | None:
    """Return the convention that most texts prove, None if as many prove the other."""
    english, continental = proofs[Convention.ENGLISH], proofs[Convention.CONTINENTAL]
    if english == continental:
        return None
    return Convention.ENGLISH if english > continental else Convention.CONTINENTAL


class _Remembered(dict[str, t.Any]):
    """Cache of converted texts, filled on first use. Cells repeat a lot."""

    def __init__(self, convert: Callable[[str], t.Any]) -> None:
        super().__init__()
        self._convert = convert
        self.has_unreadable = False

    def __missing__(self, text: str) -> t.Any:  # noqa: ANN401
        try:
            value = self._convert(text)
        except ValueError as error:
            self.has_unreadable = True
            return Unreadable(str(error))
        if len(self) < _REMEMBERED:
            self[text] = value
        return value
