"""Rows stored by column, so that work on a whole column is not repeated row by row.

Readers yield blocks of some hundred rows; checks use the columns, and the writer encodes them. Rows as mappings are
made only where they are needed.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, repeat
from operator import itemgetter

import msgspec
from singer_sdk.contrib.msgspec import encoder

from tap_amazon_vendor.documents.json_values import decimal

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    Row = dict[str, t.Any]
    #: Some rows: a block, or a list where rows were processed one by one.
    Rows: t.TypeAlias = "RowBlock | list[Row]"

_numbers = msgspec.json.Decoder(float_hook=decimal)


class RowBlock(Sequence["Row"]):
    """Some rows of the same columns.

    Attributes:
        order: Names of all columns in the order that rows have them.
        constants: The columns that have one value in all rows.
        columns: The values of the other columns, one for each row. In a column they are either all decoded, or all
            encoded numbers and nulls (`msgspec.Raw`), which are written as Amazon wrote them.
    """

    __slots__ = ("_size", "columns", "constants", "order")

    def __init__(
        self, size: int, order: Sequence[str], constants: Mapping[str, t.Any], columns: Mapping[str, Sequence[t.Any]]
    ) -> None:
        """Store the columns.

        Args:
            size: Number of rows.
            order: See the class; a column that has no value is null.
            constants: See the class.
            columns: See the class.
        """
        self._size = size
        self.order = order
        self.columns = columns
        self.constants = {name: constants.get(name) for name in order if name not in columns}

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
        if name in self.constants:
            return (self.constants[name],) * self._size
        values = self.columns[name]
        return numbers(values) if is_encoded(values) else values

    def tuples(self, names: Sequence[str]) -> Iterator[tuple[t.Any, ...]]:
        """Yield the values of some columns, row by row."""
        return zip(
            *(
                repeat(self.constants[name], self._size) if name in self.constants else self.values(name)
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


def is_encoded(values: Sequence[t.Any]) -> bool:
    """Return whether the values of a column are encoded numbers."""
    return type(values[0]) is msgspec.Raw


def numbers(encoded: Sequence[msgspec.Raw]) -> list[t.Any]:
    """Decode numbers and nulls, with every digit.

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
    if isinstance(rows, RowBlock) and rows and rows.constants.keys() >= set(names):
        return {next(values_of(rows, names))}
    return set(values_of(rows, names))


def members(block: RowBlock, leave_out: Collection[str] = ()) -> tuple[bytes, list[bytes], bytes]:
    """Encode the members of the JSON objects that rows are, in order and without braces.

    Args:
        block: At least one row.
        leave_out: Columns to leave out.

    Returns:
        The first members, which all rows share; of each row those that follow; and the last, which all rows share.
    """
    names = [name for name in block.order if name not in leave_out]
    own = [place for place, name in enumerate(names) if name in block.columns]
    if not own:
        return _shared(block, names), [b""] * len(block), b""
    first, after = own[0], own[-1] + 1
    fields: dict[str, t.Any] = {}
    for is_own, group in groupby(names[first:after], block.columns.__contains__):
        run = list(group)
        if is_own:
            fields |= {name: block.columns[name] for name in run}
        else:
            # One field for all of them: its value goes on with the names and values of the others.
            start = encoder.encode(run[0]) + b":"
            fields[run[0]] = repeat(msgspec.Raw(_shared(block, run).removeprefix(start)), len(block))
    rows = list(map(_record_type(tuple(fields)), *fields.values()))
    # Encoded objects contain no line breaks.
    lines = [line[1:-1] for line in encoder.encode_lines(rows)[:-1].split(b"\n")]
    before, rest = _shared(block, names[:first]), _shared(block, names[after:])
    return before and before + b",", lines, rest and b"," + rest


def _shared(block: RowBlock, names: Sequence[str]) -> bytes:
    return bytes(encoder.encode({name: block.constants[name] for name in names})[1:-1])


@lru_cache(1 << 8)
def _record_type(columns: Sequence[str]) -> type[msgspec.Struct]:
    """Return a type with these columns: to create and encode its objects takes a quarter of what dictionaries take."""
    names = {f"field{number}": column for number, column in enumerate(columns)}
    return msgspec.defstruct("Record", [(name, t.Any) for name in names], rename=names, gc=False)
