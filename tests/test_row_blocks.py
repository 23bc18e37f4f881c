"""Blocks of rows: encoded as their rows would be, one by one."""

from __future__ import annotations

import json
import typing as t

from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.documents.row_blocks import RowBlock, encoded

VALUES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3)


@given(data=st.data(), size=st.integers(1, 3))
def test_a_block_is_encoded_as_its_rows_are_with_their_columns_in_order(data: st.DataObject, size: int) -> None:
    order = data.draw(st.lists(st.sampled_from(["a", "b", "cc", "d_d", "é", "g"]), min_size=1, unique=True))
    own = data.draw(st.sets(st.sampled_from(order)))
    columns = {name: data.draw(st.lists(VALUES, min_size=size, max_size=size)) for name in own}
    block = RowBlock(size, order, {name: data.draw(VALUES) for name in order}, columns)
    left_out = data.draw(st.sets(st.sampled_from(order)))
    found: list[t.Any] = [list(json.loads(line).items()) for line in encoded(block, left_out)]
    assert found == [[(name, row[name]) for name in order if name not in left_out] for row in block]
