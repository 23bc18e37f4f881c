"""Rows stored by column, so that work on a whole column is not repeated row by row.

Readers yield blocks of some hundred rows; checks use the columns, and the writer encodes them. Rows as mappings are
made only where they are needed.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from itertools import repeat
from operator import itemgetter

import msgspec

from tap_amazon_vendor.documents.json_values import decimal

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Row = dict[str, t.Any]
    #: Some rows: a block, or a list where rows were processed one by one.
    Rows: t.TypeAlias = "RowBlock | list[Row]"

_numbers = msgspec.json.Decoder(float_hook=decimal)


class Numerals(list[str]):
    """The numbers of a column as Amazon wrote them, each valid JSON, none null."""


class RowBlock(Sequence["Row"]):
    """Some rows of the same columns.

    Attributes:
        order: Names of all columns in the order that rows have them.
        constants: The value of each column that has one in all rows, if it is not null.
        columns: The values of the other columns, one for each row. In a column they are either all decoded, or all
            numbers as Amazon wrote them: `Numerals` of flat files, or of JSON `msgspec.Raw`, nulls among them.
    """

    __slots__ = ("_size", "columns", "constants", "order")

    def __init__(
        self, size: int, order: Sequence[str], constants: Mapping[str, t.Any], columns: Mapping[str, Sequence[t.Any]]
    ) -> None:
        """Store the columns.

        Args:
            size: Number of rows.
            order: See the class.
            constants: See the class. There may be others, which are ignored.
            columns: See the class.
        """
        self._size = size
        self.order = order
        self.columns = columns
        self.constants = constants

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._size

    def __getitem__(self, index: t.Any) -> t.Any:  # noqa: ANN401  # of a sequence
        """Return a row, or a list of rows for a slice."""
        return self.records()[index]

    def __iter__(self) -> Iterator[Row]:
        """Iterate over copies of the rows: changes to them do not change the block."""
        return iter(self.records())

    def __eq__(self, other: object) -> bool:
        """Return whether the rows are equal to those of a block or list."""
        return self.records() == list(other) if isinstance(other, (RowBlock, list)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def values(self, name: str) -> Sequence[t.Any]:
        """Return the values of a column."""
        values = self.columns.get(name)
        if values is None:
            return (self.constants.get(name),) * self._size
        if isinstance(values, Numerals):
            return numbers([",".join(values).encode()])
        return numbers(values) if type(values[0]) is msgspec.Raw else values

    def tuples(self, names: Sequence[str]) -> Iterator[tuple[t.Any, ...]]:
        """Yield the values of some columns, row by row."""
        return zip(
            *(
                self.values(name) if name in self.columns else repeat(self.constants.get(name), self._size)
                for name in names
            ),
            strict=True,
        )

    def records(self) -> list[Row]:
        """Return new rows."""
        template = {name: self.constants.get(name) for name in self.order}
        rows = [template.copy() for _ in range(self._size)]
        for name in self.columns:
            for row, value in zip(rows, self.values(name), strict=True):
                row[name] = value
        return rows


def numbers(encoded: Sequence[msgspec.Raw | bytes]) -> list[t.Any]:
    """Decode numbers and nulls, with every digit.

    Args:
        encoded: Their JSON; several may be in one, with commas between.

    Raises:
        ArithmeticError: One is out of the bounds of a number column.
    """
    return t.cast("list[t.Any]", _numbers.decode(b"[%b]" % b",".join(encoded)))


def records_of(rows: Rows) -> list[Row]:
    """Return rows as mappings that may be changed."""
    return rows if isinstance(rows, list) else rows.records()


def values_of(rows: Rows, names: Sequence[str]) -> Iterator[t.Any]:
    """Yield the values of some columns row by row: as tuples, or for one column as single values."""
    if isinstance(rows, list):
        return map(itemgetter(*names), rows)
    return rows.tuples(names) if len(names) > 1 else iter(rows.values(names[0]))


def distinct(rows: Rows, names: Sequence[str]) -> set[t.Any]:
    """Return the distinct values that `values_of` yields."""
    if isinstance(rows, RowBlock) and rows and rows.columns.keys().isdisjoint(names):
        return {next(values_of(rows, names))}
    return set(values_of(rows, names))
