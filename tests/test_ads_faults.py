"""Faults of the Ads API in a run: nothing is lost, and what lasts is one clear message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from test_ads_runs import CAMPAIGNS, config, created

from amazon_sandbox.faults import ADS, DOWNLOAD

if TYPE_CHECKING:
    from world import World

Row = dict[str, Any]

__all__ = ["config"]


@pytest.mark.sampled(6)
@pytest.mark.parametrize("skip", range(3))
@pytest.mark.parametrize("fault", sorted({*ADS, *DOWNLOAD} - {"ads_not_acceptable", "ads_report_stuck"}))
def test_a_fault_loses_nothing(world: World, config: Row, fault: str, skip: int) -> None:
    expected = world.run(config, streams=[CAMPAIGNS]).upserted(CAMPAIGNS)
    world.sandbox.faults.inject(fault, skip=skip)
    struck = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    world.sandbox.faults.clear()
    assert struck.error is None
    rows = struck.upserted(CAMPAIGNS)
    if not rows:
        # Half a report is never written: the next run reads it whole.
        assert {outcome for *_, outcome in struck.windows} == {"later"}
        rows = world.run(config, struck.state, streams=[CAMPAIGNS]).upserted(CAMPAIGNS)
    assert {key: told(row) for key, row in rows.items()} == {key: told(row) for key, row in expected.items()}


def told(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "report_id"}


def test_a_report_that_stays_is_taken_up_by_the_next_run(world: World, config: Row) -> None:
    world.sandbox.faults.inject("ads_report_stuck")
    first = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert first.records(CAMPAIGNS) == []
    assert [outcome for *_, outcome in first.windows] == ["later"]
    world.clock.sleep(8 * 3600)
    second = world.run(config, first.state, streams=[CAMPAIGNS, "report_ledger"])
    assert second.records(CAMPAIGNS)
    assert len(created(world)) == 1


def test_a_run_that_lost_its_state_takes_up_the_report_that_is_running(world: World, config: Row) -> None:
    world.sandbox.faults.inject("ads_report_stuck")
    first = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    (left,) = first.records("report_ledger")
    world.clock.sleep(6.5 * 3600)
    second = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert {row["report_id"] for row in second.records(CAMPAIGNS)} == {left["report_id"]}
    assert [call.status for call in world.sandbox.calls if call.operation == "createAdsReport"] == [200, 425]


def test_a_media_type_that_amazon_refuses_is_a_fault_of_the_tap(world: World, config: Row) -> None:
    world.sandbox.faults.inject("ads_not_acceptable", skip=2)
    run = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert run.error is not None
    assert "Not Acceptable" in str(run.error)
    assert "report it" in str(run.error)
    world.sandbox.faults.clear()
    assert world.run(config, run.state, streams=[CAMPAIGNS]).records(CAMPAIGNS)


def test_a_revoked_consent_is_one_clear_message_and_sales_go_on(world: World, config: Row) -> None:
    account = next(each for each in world.sandbox.ads_accounts if each.label == "ads-vendor-us")
    world.sandbox.lwa.withdraw(account)
    both = {**world.config(start_date=world.day(20), restatement_days=0), "ads": config["ads"]}
    run = world.run(both, streams=[CAMPAIGNS, "ads_campaigns", "vendor_sales", "report_ledger"])
    message = str(run.error)
    assert message.count("the consent for Amazon Ads is not valid") == 1
    assert "amazon-vendor authorize --ads" in message
    assert run.records("vendor_sales")
    assert run.records(CAMPAIGNS) == []


def test_an_expired_url_is_asked_for_anew(world: World, config: Row) -> None:
    world.sandbox.faults.inject("url_expired")
    run = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert run.records(CAMPAIGNS)
    downloads = [call.status for call in world.sandbox.calls if call.operation == "download"]
    assert downloads == [403, 200]
    assert len(created(world)) == 1
