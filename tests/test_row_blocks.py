"""Blocks of rows: encoded as their rows would be, one by one."""

from __future__ import annotations

import json
import typing as t

from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.documents.row_blocks import RowBlock, members

VALUES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3)


@given(data=st.data(), size=st.integers(1, 3))
def test_the_members_of_a_block_are_those_of_its_rows_in_order(data: st.DataObject, size: int) -> None:
    order = data.draw(st.lists(st.sampled_from("abcdefg"), min_size=1, unique=True))
    own = data.draw(st.sets(st.sampled_from(order)))
    columns = {name: data.draw(st.lists(VALUES, min_size=size, max_size=size)) for name in own}
    block = RowBlock(size, order, {name: data.draw(VALUES) for name in order}, columns)
    left_out = data.draw(st.sets(st.sampled_from(order)))
    first, rows, last = members(block, left_out)
    found: list[t.Any] = [list(json.loads(b"{%b%b%b}" % (first, row, last)).items()) for row in rows]
    assert found == [[(name, row[name]) for name in order if name not in left_out] for row in block]
