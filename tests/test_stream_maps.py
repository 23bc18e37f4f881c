"""The stream maps that docs/stream-maps.md shows do what it says."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from bootstrap import ROOT
from jsonschema import Draft7Validator

if TYPE_CHECKING:
    from world import Key, Row, Run, World

TEXT = (ROOT / "docs" / "stream-maps.md").read_text(encoding="utf-8")
RENAME, RENAME_KEY, HASH, DROP = (
    yaml.safe_load(block)["config"] for block in re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
)
SHIPMENTS = "seller_fulfilled_shipments"
COGS = {"shipped_cogs_amount", "shipped_cogs_currency_code"}


def schemas(run: Run) -> dict[str, Row]:
    """The SCHEMA messages of a run by stream."""
    return {message["stream"]: message for message in run.messages if message["type"] == "SCHEMA"}


def rows(run: Run, stream: str, *left_out: str) -> dict[Key, Row]:
    """The rows of a stream by key, without some columns; each run has reports of its own, in an order of its own."""
    return {
        key: {name: value for name, value in row.items() if name not in {"report_id", *left_out}}
        for key, row in run.upserted(stream).items()
    }


@pytest.mark.parametrize("settings", [RENAME, RENAME_KEY, DROP], ids=["rename", "rename a key", "drop"])
def test_rows_fit_the_schema_that_is_announced(world: World, settings: Row) -> None:
    run = world.run(world.config(**settings))
    for name, schema in schemas(run).items():
        validator = Draft7Validator(schema["schema"])
        assert run.records(name)
        for row in run.records(name):
            assert row.keys() == schema["schema"]["properties"].keys()
            validator.validate(row)
            assert all(row[key] is not None for key in schema["key_properties"])


def test_a_stream_and_a_column_are_renamed(world: World) -> None:
    before, after = world.run(), world.run(world.config(**RENAME))
    old, new = schemas(before)["vendor_sales"], schemas(after)["amazon_sales"]
    assert "vendor_sales" not in schemas(after)
    assert new["key_properties"] == old["key_properties"]
    assert (
        new["schema"]["properties"]["revenue"]["type"] == old["schema"]["properties"]["ordered_revenue_amount"]["type"]
    )
    kept = rows(before, "vendor_sales", "ordered_revenue_amount")
    assert rows(after, "amazon_sales") == {
        key: kept[key] | {"revenue": row["ordered_revenue_amount"]} for key, row in rows(before, "vendor_sales").items()
    }
    assert {row["stream_name"] for row in after.records("report_ledger")} == {
        row["stream_name"] for row in before.records("report_ledger")
    }


def test_a_key_column_is_renamed(world: World) -> None:
    before, after = world.run(), world.run(world.config(**RENAME_KEY))
    assert after.keys("vendor_traffic") == [
        "product" if key == "asin" else key for key in before.keys("vendor_traffic")
    ]
    assert rows(after, "vendor_traffic") == {
        key: {("product" if name == "asin" else name): value for name, value in row.items()}
        for key, row in rows(before, "vendor_traffic").items()
    }


def test_a_column_is_hashed(world: World) -> None:
    settings = HASH | {"stream_map_config": {"salt": "pepper"}}
    seller = world.config("seller-us", account_type="seller")
    before, after = (world.run(config, streams=[SHIPMENTS]) for config in (seller, seller | settings))
    hashed = {
        key: email and hashlib.sha256(f"pepper{email}".encode()).hexdigest()
        for key, row in before.upserted(SHIPMENTS).items()
        for email in [row["buyer_email"]]
    }
    assert any(hashed.values())
    assert {key: row["buyer_email"] for key, row in after.upserted(SHIPMENTS).items()} == hashed
    assert rows(after, SHIPMENTS, "buyer_email") == rows(before, SHIPMENTS, "buyer_email")


def test_a_stream_and_columns_are_dropped(world: World) -> None:
    before, after = world.run(), world.run(world.config(**DROP))
    assert set(schemas(before)) - set(schemas(after)) == {"vendor_traffic_totals"}
    assert before.records("vendor_traffic_totals")
    assert after.records("vendor_traffic_totals") == []
    columns = [set(schemas(run)["vendor_sales"]["schema"]["properties"]) for run in (before, after)]
    assert columns[0] - columns[1] == COGS
    assert rows(after, "vendor_sales") == rows(before, "vendor_sales", *COGS)


def test_what_a_map_drops_was_read_all_the_same(world: World) -> None:
    """So the next run does not ask for it again: the range has grown."""
    bookmarks = world.run(world.config(**DROP)).state["bookmarks"]
    assert bookmarks["vendor_traffic_totals"]["partitions"] == bookmarks["vendor_traffic"]["partitions"]


def test_else_drops_the_ledger_as_well(world: World) -> None:
    run = world.run(world.config(stream_maps={"vendor_sales": {}, "__else__": "__NULL__"}))
    assert set(schemas(run)) == {"vendor_sales"}
    assert run.records("vendor_sales")
    assert run.error is None
