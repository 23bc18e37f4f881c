"""Every vendor and brand report, from the local Amazon to rows, compared field by field with the seed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from world import VENDOR_STREAMS, Row, Run, World, partitions, seed_rows

from tap_amazon_vendor.streams import STREAMS

BY_NAME = {stream.name: stream for stream in VENDOR_STREAMS}
PERIODS = ["DAY", "WEEK"]


def said(row: Row) -> Row:
    """A row without nulls and without the report that it came in."""
    return {name: value for name, value in row.items() if value is not None and name != "report_id"}


def in_order(rows: list[Row], keys: list[str]) -> list[Row]:
    return sorted(rows, key=lambda row: tuple(str(row.get(key)) for key in keys))


def run(world: World, *names: str, state: Row | None = None, **changes: Any) -> Run:
    config = world.config(report_periods=PERIODS, selling_programs=["RETAIL", "FRESH"], **changes)
    return world.run(config, state, streams=[*names, "report_ledger"])


@pytest.mark.parametrize("name", BY_NAME)
def test_rows_are_those_of_the_seed_field_by_field(world: World, name: str) -> None:
    stream = BY_NAME[name]
    done = run(world, name, start_date=world.day(12))
    assert done.error is None
    rows, keys = done.records(name), done.keys(name)
    assert rows
    assert in_order([said(row) for row in rows], keys) == in_order(
        seed_rows(world.sandbox, stream, world.sandbox.calls), keys
    )
    assert len({tuple(row[key] for key in keys) for row in rows}) == len(rows)
    schema = next(
        message["schema"] for message in done.messages if message["type"] == "SCHEMA" and message["stream"] == name
    )
    validator = jsonschema.Draft7Validator(schema)
    for row in rows:
        plain = {key: float(value) if isinstance(value, Decimal) else value for key, value in row.items()}
        assert list(validator.iter_errors(plain)) == []
        assert set(row) == set(schema["properties"])


@pytest.mark.parametrize("name", BY_NAME)
def test_a_second_run_asks_for_little_and_doubles_nothing(world: World, name: str) -> None:
    first = run(world, name, start_date=world.day(12))
    asked = len(world.asked_bodies())
    world.clock.advance(1800)
    second = run(world, name, state=first.state, start_date=world.day(12))
    assert second.error is None
    assert len(world.asked_bodies()) - asked <= asked
    assert second.upserted(name, first.upserted(name)).keys() >= first.upserted(name).keys()


def test_hourly_bookmarks_move_by_the_hour(world: World) -> None:
    name = "vendor_real_time_traffic"
    first = run(world, name, start_date=world.day(3))
    (part,) = partitions(first.state, name)
    assert part["complete_from"] == f"{world.day(3)}T00:00:00Z"
    assert part["replication_key_value"] == f"{world.day(0)}T10:00:00Z"
    world.clock.advance(3 * 3600)
    second = run(world, name, state=first.state, start_date=world.day(3))
    (part,) = partitions(second.state, name)
    assert part["replication_key_value"] == f"{world.day(0)}T13:00:00Z"
    assert [row["window_start"] for row in second.records("report_ledger")] == [f"{world.day(1)}T13:00:00Z"]


def test_hours_that_amazon_finds_too_many_are_read_in_halves(world: World) -> None:
    name = "vendor_real_time_sales"
    world.sandbox.inject("fatal_client_error", 2)
    done = run(world, name, start_date=world.day(12))
    assert done.error is None
    assert {outcome for *_, outcome in done.windows} == {"loaded"}
    (part,) = partitions(done.state, name)
    assert part["complete_from"] == f"{world.day(12)}T00:00:00Z"
    hours = [row["window_end"] for row in done.records("report_ledger")]
    assert hours == sorted(hours, reverse=True)
    assert len(hours) == 4


def test_a_forecast_is_a_snapshot_of_each_run(world: World) -> None:
    name = "vendor_forecasting"
    first = run(world, name)
    world.clock.advance(7 * 86400)
    second = run(world, name, state=first.state)
    generations = {row["forecast_generation_date"] for row in second.upserted(name, first.upserted(name)).values()}
    assert len(generations) == 2
    assert all("dataStartTime" not in body for body in world.asked_bodies())


def test_promotions_are_asked_for_by_options_and_read_anew_each_run(world: World) -> None:
    names = ("vendor_promotions", "vendor_promotion_products")
    start = world.day(400)
    first = run(world, *names, start_date=start)
    second = run(world, *names, state=first.state, start_date=start)
    assert [body["reportOptions"] for body in world.asked_bodies()] == [
        {
            "promotionStartDateFrom": f"{start}T00:00:00Z",
            "promotionStartDateTo": f"{world.day(0)}T23:59:59Z",
        }
    ] * 2
    assert second.records("vendor_promotions")
    assert second.records("vendor_promotion_products")


def test_search_terms_take_one_period_a_report_and_their_dates_from_it(world: World) -> None:
    name = "brand_search_terms"
    done = run(world, name, start_date=world.day(6))
    days = {(row["start_date"], row["end_date"]) for row in done.records(name) if row["report_period"] == "DAY"}
    assert days == {(world.day(ago), world.day(ago)) for ago in (4, 5, 6)}


def test_a_stream_whose_periods_are_not_wanted_asks_for_nothing(world: World) -> None:
    done = world.run(world.config(report_periods=["DAY"]), streams=["brand_repeat_purchase"])
    assert done.error is None
    assert world.asked_bodies() == []


def test_search_terms_are_read_only_where_they_are_selected(world: World) -> None:
    tap = world.tap(world.config())
    left_out = {name for name, stream in tap.streams.items() if not stream.selected}
    assert {"brand_search_terms", "report_rejects_restricted"} <= left_out
    opt_in = {stream.name for stream in STREAMS if stream.opt_in}
    assert left_out == tap.streams.keys() & {"report_rejects_restricted", *opt_in}


def test_a_vendor_without_brand_registry_is_told_and_goes_on(world: World) -> None:
    done = world.run(
        world.config("vendor-uk"), streams=["brand_market_basket", "vendor_traffic_totals", "report_ledger"]
    )
    assert done.error is None
    outcomes = {row["stream_name"]: row["outcome"] for row in done.records("report_ledger")}
    assert outcomes == {"brand_market_basket": "skipped", "vendor_traffic_totals": "loaded"}


def test_a_day_of_the_horizon_is_never_asked_for_twice_in_a_run(world: World) -> None:
    run(world, "vendor_inventory", "vendor_inventory_totals", start_date=world.day(60))
    bodies = [tuple(sorted(map(str, body.items()))) for body in world.asked_bodies()]
    assert len(bodies) == len(set(bodies))
