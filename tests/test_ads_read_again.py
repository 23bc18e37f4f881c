"""Which days of advertising are read again, and that none of them is forgotten."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ads_faults import asins
from test_ads_runs import CAMPAIGNS, config, created
from world import partitions

from tap_amazon_vendor.ads.calendar import AdsDays
from tap_amazon_vendor.ads.report_type import SPONSORED_PRODUCTS, AdsReportType
from tap_amazon_vendor.ads.request import AdsRequest
from tap_amazon_vendor.engine.model import Priority
from tap_amazon_vendor.forecast import look_ahead
from tap_amazon_vendor.reports.calendars import Horizon
from tap_amazon_vendor.reports.coverage import plan
from tap_amazon_vendor.reports.windows import NO_TIME, Window
from tap_amazon_vendor.streams.partition_state import PartitionState
from tap_amazon_vendor.streams.partition_windows import PartitionWindows

if TYPE_CHECKING:
    from world import World

Row = dict[str, Any]

__all__ = ["asins", "config"]


#: The older of the two reports that the first run of December asks for: all of it is read again.
AGAIN = Window(date(2026, 10, 3), date(2026, 11, 2))


def test_advertising_is_read_again_as_far_back_as_it_says(world: World, config: Row) -> None:
    streams = [CAMPAIGNS, "ads_sb_campaigns", "report_ledger"]
    first = world.run(config, streams=streams)
    config["ads"] |= {"restatement_days": 5, "sb_restatement_days": 0}
    again = world.run(config, first.state, streams=streams)
    assert len({row["date"] for row in again.records(CAMPAIGNS)}) == 5
    assert {row["date"] for row in again.records("ads_sb_campaigns")} == set()


@pytest.mark.parametrize("fault", ["ads_report_stuck", "ads_report_failed"])
def test_what_the_first_run_of_a_month_did_not_read_again_the_next_run_does(
    world: World, config: Row, fault: str
) -> None:
    config |= {"start_date": world.day(61), "restatement_days": 14, "wait_minutes": 240}
    run = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    world.clock.advance(11 * 86_400)  # the second of December
    world.sandbox.faults.inject(fault, None, skip=1)
    run = world.run(config, run.state, streams=[CAMPAIGNS, "report_ledger"])
    world.sandbox.faults.clear()
    (partition,) = partitions(run.state, CAMPAIGNS)
    assert (partition["replication_key_value"], partition["due"]) == ("2026-12-01", [f"{AGAIN}"])
    world.clock.advance(86_400)
    asked = len(created(world))
    tap = world.tap(config, run.state)
    for name, stream in tap.streams.items():
        stream.selected = name == CAMPAIGNS
    planned = look_ahead(tap.run, tap.settings.asked, ask_amazon=True).windows
    assert [each.ranges for each in planned if each.priority is Priority.RESTATEMENT] == [(AGAIN,)]
    run = world.run(config, run.state, streams=[CAMPAIGNS, "report_ledger"])
    assert run.error is None
    assert {f"{AGAIN.start}", f"{AGAIN.end}"} <= {row["date"] for row in run.records(CAMPAIGNS)}
    # The report that was still being made serves; one that failed is asked for anew, beside that of the new day.
    assert len(created(world)) - asked == (1 if fault == "ads_report_stuck" else 2)
    (partition,) = partitions(run.state, CAMPAIGNS)
    assert "due" not in partition
    world.clock.advance(86_400)
    run = world.run(config, run.state, streams=[CAMPAIGNS, "report_ledger"])
    assert min(row["date"] for row in run.records(CAMPAIGNS)) == "2026-11-20"


@given(seed=st.integers(0, 2**32))
@settings(max_examples=10)
def test_whatever_is_late_fails_or_is_killed_each_day_is_read_again_when_it_is_final(seed: int) -> None:
    chance = random.Random(seed)  # nothing secret
    calendar = AdsDays.of(AdsReportType("spCampaigns", SPONSORED_PRODUCTS, ("campaign",), 95), "US")
    request = AdsRequest("a", "spCampaigns", "ATVPDKIKX0DER", (), NO_TIME, calendar)
    begin = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)
    state: Row = {}
    read: dict[date, date] = {}
    for now in (begin + timedelta(days=number) for number in range(75)):
        horizon = Horizon(now, date(2026, 9, 1), None, 4, 14)
        known = PartitionState(state).coverage
        wanted = plan(known.read, horizon, calendar, holes=known.holes, due=known.due)
        windows = PartitionWindows(known, [replace(request, window=window) for window in wanted])
        # Each fourth run is a good one: what fails for a week is given up.
        fate = ["loaded"] if now.toordinal() % 4 == 0 else ["loaded", "loaded", "later", "failed", "killed"]
        while (asked := windows.ready(lambda _: True)) and (outcome := chance.choice(fate)) != "killed":
            good = outcome == "loaded"
            windows.decide(asked, asked.window if good else None, failed=outcome == "failed")
            if good:
                read |= dict.fromkeys((day.start for day in calendar.cut(asked.window)), now.date())
            PartitionState(state).set_coverage(windows.coverage, "date")
    last = PartitionState(state).coverage
    assert last.complete is not None
    for day in (each.start for each in calendar.cut(last.complete)):
        # Two weeks later, and in the first run that has days of a new month: a good one comes four days later at most.
        turns = [day + timedelta(days=14), *(date(2026, month, 2) for month in (11, 12))]
        due = [each for each in turns if day < each <= min(day + timedelta(days=56), now.date() - timedelta(days=8))]
        assert read[day] >= max(due, default=day)
