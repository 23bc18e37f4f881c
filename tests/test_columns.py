"""What all streams' columns have in common, whatever they are read from."""

from __future__ import annotations

import pytest

from tap_amazon_vendor.tap import EVERY_STREAM, TapAmazonVendor

#: What PostgreSQL keeps of a name: it cuts off the rest, and refuses a table with two columns that are equal then.
LONGEST = 63

TAP = TapAmazonVendor(config=dict(EVERY_STREAM), validate_config=False)


@pytest.mark.parametrize("name", TAP.streams)
def test_names_fit_into_postgresql(name: str) -> None:
    assert [column for column in (name, *TAP.streams[name].schema["properties"]) if len(column) > LONGEST] == []


@pytest.mark.parametrize("name", TAP.streams)
def test_every_column_and_the_stream_is_described(name: str) -> None:
    schema = TAP.streams[name].schema
    assert schema["description"]
    assert [column for column, own in schema["properties"].items() if not own.get("description")] == []
