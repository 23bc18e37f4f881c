"""Runs with Amazon Ads: advertising beside sales or alone, against the local Amazon, on a made-up clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox.ads_accounts import ADS_CLIENT_ID, ADS_CLIENT_SECRET
from amazon_sandbox.faults import ADS

if TYPE_CHECKING:
    from world import World

    from amazon_sandbox import Call

Row = dict[str, Any]

CAMPAIGNS = "ads_sp_campaigns"


def consent(world: World, label: str = "vendor-us", **changes: Any) -> Row:
    """The setting `ads` for a consent of the sandbox."""
    return {
        "client_id": ADS_CLIENT_ID,
        "client_secret": ADS_CLIENT_SECRET,
        "refresh_token": f"Atzr|sandbox-ads-{label}",
        "api_url": f"{world.server.url}/ads",
        "auth_url": world.server.auth_url,
        **changes,
    }


@pytest.fixture
def config(world: World) -> Row:
    """Advertising alone."""
    return {"ads": consent(world), "marketplaces": ["US"], "start_date": world.day(20), "restatement_days": 0}


def created(world: World, since: int = 0) -> list[Call]:
    return [call for call in world.sandbox.calls[since:] if call.operation == "createAdsReport" and call.status == 200]


def test_advertising_alone_is_read_and_not_again(world: World, config: Row) -> None:
    first = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert first.error is None
    rows = first.records(CAMPAIGNS)
    assert rows
    assert {row["country_code"] for row in rows} == {"US"}
    asked = len(created(world))
    again = world.run(config, first.state, streams=[CAMPAIGNS, "report_ledger"])
    assert again.error is None
    assert again.records(CAMPAIGNS) == []
    assert len(created(world)) == asked == 1


@pytest.mark.sampled(6)
@pytest.mark.parametrize("skip", range(3))
@pytest.mark.parametrize("fault", sorted({*ADS} - {"ads_not_acceptable", "ads_report_stuck"}))
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


def test_a_profile_that_the_consent_does_not_open_is_named(world: World, config: Row) -> None:
    config["ads"]["profiles"] = ["123"]
    run = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert "does not open the profile 123" in str(run.error)
    assert "It opens" in str(run.error)


def test_a_kind_of_advertising_that_is_not_open_is_skipped_and_the_rest_read(world: World, config: Row) -> None:
    config |= {"ads": consent(world, "vendor-jp"), "marketplaces": ["JP"]}
    run = world.run(config, streams=[CAMPAIGNS, "ads_sd_campaigns", "report_ledger"])
    assert run.error is None
    assert {(name, outcome) for name, _, _, outcome in run.windows} == {
        (CAMPAIGNS, "loaded"),
        ("ads_sd_campaigns", "skipped"),
    }
