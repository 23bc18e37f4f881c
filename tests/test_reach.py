"""What Amazon no longer has, or does not have yet, is said once and not of each report."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from world import STREAMS

from tap_amazon_vendor.streams.reach import remarks

if TYPE_CHECKING:
    from world import World


def said(world: World, **changes: Any) -> list[tuple[int, str]]:
    tap = world.tap(world.config(**changes), None)
    for name, stream in tap.streams.items():
        stream.selected = name in STREAMS
    run = tap.run
    return list(remarks(run.amazon_streams, run.horizon, start_given=run.settings.start_given))


def test_nothing_of_a_default_run(world: World) -> None:
    assert said(world) == []


def test_from_when_on_there_is_data_by_stream_and_period(world: World) -> None:
    ((level, words),) = said(world, start_date="2015-01-01", report_periods=["DAY", "WEEK"])
    assert level == logging.INFO
    assert f"`start_date` (2015-01-01) is earlier than Amazon keeps data. Data begins on {world.day(1460)}" in words
    assert f"{world.day(1460)} for vendor_sales (DAY), vendor_sales_totals (DAY)" in words
    assert "vendor_sales (WEEK)" in words.partition(";")[2]


def test_what_is_not_published_yet_is_one_warning(world: World) -> None:
    ((level, words),) = said(world, report_periods=["DAY", "YEAR"])
    assert level == logging.WARNING
    assert words.startswith("Amazon has published no complete period of vendor_sales (YEAR), vendor_sales_totals (Y")
    assert words.endswith("move `start_date`")
