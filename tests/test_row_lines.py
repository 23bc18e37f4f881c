"""A block of rows becomes the lines that its rows would become one by one."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.contrib.msgspec import encoder

from tap_amazon_vendor.documents.row_blocks import RowBlock
from tap_amazon_vendor.singer import row_lines as row_lines_module
from tap_amazon_vendor.singer.row_lines import row_lines

#: With all that JSON escapes, and what stands between values.
TEXTS = st.text(st.sampled_from('ab",\\\0\n\x7f é中😀[]{}:'), max_size=4)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.lists(TEXTS | st.integers(), max_size=2)
    | st.dictionaries(TEXTS, TEXTS, max_size=2)
)
NUMBERS = st.sampled_from([msgspec.Raw(b"1.50"), msgspec.Raw(b"-0.0"), msgspec.Raw(b"1e5"), msgspec.Raw(b"null")])
COLUMNS = st.sampled_from([TEXTS, TEXTS.filter(str.isalpha), TEXTS | st.none(), VALUES, NUMBERS, st.integers()])


@given(data=st.data(), size=st.integers(1, 4))
def test_a_block_is_encoded_as_its_rows_are_with_their_columns_in_order(data: st.DataObject, size: int) -> None:
    order = data.draw(st.lists(st.sampled_from(["a", "b", "cc", 'd"d', "é", "\0", ","]), min_size=1, unique=True))
    own = data.draw(st.sets(st.sampled_from(order)))
    columns = {name: data.draw(st.lists(data.draw(COLUMNS), min_size=size, max_size=size)) for name in own}
    constants = {name: data.draw(VALUES) for name in order}
    left_out = data.draw(st.sets(st.sampled_from(order)))
    rows: list[dict[str, t.Any]] = [
        {name: columns[name][at] if name in own else constants[name] for name in order if name not in left_out}
        for at in range(size)
    ]
    lines = row_lines(RowBlock(size, order, constants, columns), '{"é":"', '"}\n', left_out)
    assert b"".join(lines) == b"".join('{"é":"'.encode() + encoder.encode(row) + b'"}\n' for row in rows)


def test_a_column_without_any_value_is_null() -> None:
    block = RowBlock(2, ["a", "b"], {}, {"b": [Decimal("1.10"), None]})
    assert b"".join(row_lines(block, "", "\n")) == b'{"a":null,"b":1.10}\n{"a":null,"b":null}\n'


def test_a_large_block_comes_in_pieces_of_whole_lines() -> None:
    pieces = list(row_lines(RowBlock(1000, ["a", "b"], {"b": "x"}, {"a": [*range(1000)]}), "<", ">\n"))
    assert len(pieces) > 1
    assert b"".join(pieces) == b"".join(b'<{"a":%d,"b":"x"}>\n' % number for number in range(1000))


def test_large_texts_are_not_kept() -> None:
    before = row_lines_module._shared_texts.cache_info().currsize
    list(row_lines(RowBlock(1, ["a"], {"a": "x" * (1 << 20)}, {}), "", "\n"))
    assert row_lines_module._shared_texts.cache_info().currsize == before
