"""Encodes a block of rows as lines of JSON.

Not row by row: the JSON texts of each column are placed in one list, between the texts that all rows share, and joined.
That takes half of the time of encoding an object for each row.
"""

from __future__ import annotations

import typing as t
from functools import lru_cache

import msgspec
from singer_sdk.contrib.msgspec import encoder

from tap_amazon_vendor.documents.row_blocks import Numerals

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tap_amazon_vendor.documents.row_blocks import RowBlock

#: Marks the place of a row's own value. JSON escapes it, so it is nowhere else.
_GAP = "\0"

#: Rows that are joined at once. More would need more memory.
_ROWS = 256

#: Most bytes of shared values that are cached.
_CACHED = 1 << 16

_encoded_values = msgspec.json.Decoder(list[msgspec.Raw])
_encoded_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def row_lines(block: RowBlock, before: str, after: str, leave_out: Collection[str] = ()) -> Iterator[bytes]:
    """Encode each row as a JSON object, and yield some rows at a time.

    Args:
        block: At least one row.
        before: Precedes each object.
        after: Follows each object.
        leave_out: Columns to leave out.
    """
    names = [name for name in block.order if name in block.columns and name not in leave_out]
    columns = [_texts(block.columns[name]) for name in names]
    quotes = tuple((name, quote) for name, (_, quote) in zip(names, columns, strict=True))
    constants = encoder.encode(block.constants)
    shared_texts = _shared_texts if len(constants) <= _CACHED else _shared_texts.__wrapped__
    first, *more = shared_texts(tuple(block.order), constants, quotes, tuple(leave_out))
    row = [before + first]
    for text in more:
        row += _GAP, text
    row[-1] += after
    for start in range(0, len(block), _ROWS):
        pieces = row * min(len(block) - start, _ROWS)
        for place, (texts, _) in enumerate(columns):
            pieces[2 * place + 1 :: len(row)] = texts[start : start + _ROWS]
        yield "".join(pieces).encode()


def _texts(values: Sequence[t.Any]) -> tuple[Sequence[str], str]:
    """Return the JSON of a column's values, and the quote that must be put around each."""
    if isinstance(values, Numerals):
        return values, ""
    if type(values[0]) is str:
        try:
            joined = "".join(values)
        except TypeError:  # Some are no texts, mostly null.
            pass
        else:
            if len(encoder.encode(joined)) == len(joined.encode()) + 2:  # Nothing is escaped.
                return values, '"'
    array = encoder.encode(values)
    texts = array[1:-1].decode().split(",")
    if len(texts) != len(values):  # There are commas in values.
        texts = [bytes(value).decode() for value in _encoded_values.decode(array)]
    return texts, ""


@lru_cache(1 << 3)
def _shared_texts(
    order: Sequence[str], constants: bytes, quotes: Sequence[tuple[str, str]], leave_out: Sequence[str]
) -> Sequence[str]:
    """Return the JSON that all rows share: before, between and after a row's own values.

    Args:
        order: All columns.
        constants: A JSON object of the values that all rows share; a column that is not in it is null.
        quotes: The columns with values of their own, and the quote that must be put around each.
        leave_out: Columns to leave out.
    """
    own, shared = dict(quotes), _encoded_members.decode(constants)
    members = []
    for name in order:
        if name not in leave_out:
            value = f"{own[name]}{_GAP}{own[name]}" if name in own else bytes(shared.get(name, b"null")).decode()
            members.append(f"{encoder.encode(name).decode()}:{value}")
    return f"{{{','.join(members)}}}".split(_GAP)
