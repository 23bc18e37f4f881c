"""Which days of advertising are read again, and that none of them is forgotten."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from test_ads_faults import asins
from test_ads_runs import CAMPAIGNS, config, created
from world import partitions

from tap_amazon_vendor.engine.model import Priority
from tap_amazon_vendor.forecast import look_ahead
from tap_amazon_vendor.reports.windows import Window

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
