"""Faults of the Ads API in a run: nothing is lost, and what lasts is one clear message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from test_ads_runs import CAMPAIGNS, config, created

from amazon_sandbox import ads_jobs
from amazon_sandbox.ads_operations import AdsError
from amazon_sandbox.faults import ADS, DOWNLOAD

if TYPE_CHECKING:
    from world import World

    from amazon_sandbox.ads_jobs import AdsReport
    from amazon_sandbox.ads_report_types import Asked

Row = dict[str, Any]

__all__ = ["config"]


@pytest.fixture
def asins() -> int:
    """Few products: figures do not matter here."""
    return 2


#: Faults that outlast a run; one of them because the time of the run is over when the answer arrives.
LONG = {"ads_answer_drips", "ads_not_acceptable", "ads_report_stuck"}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("skip", range(3))
@pytest.mark.parametrize("fault", sorted({*ADS, *DOWNLOAD} - LONG))
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


#: What lasts, how many calls pass before it, and what a run says of it. What Amazon has no time for fails nothing.
LASTING = {
    "ads_throttled": (3, "429: Too Many Requests"),
    "ads_throttled_silently": (0, "429: Too Many Requests"),
    "ads_report_stuck": (0, "for 60 minutes"),
    "ads_report_failed": (0, "Report generation failed due to an internal error"),
    "ads_report_gone": (0, "404: Report not found"),
    "ads_html_502": (3, "HTTP 502 without a reason"),
    "ads_unauthorized": (3, "amazon-vendor authorize --ads"),
    "ads_not_json": (0, "the document is not JSON"),
}

POSTPONED = {"ads_throttled", "ads_throttled_silently", "ads_report_stuck"}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("fault", LASTING)
def test_a_fault_that_lasts_is_named_once_and_loses_nothing(
    world: World, config: Row, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    passing, words = LASTING[fault]
    streams = [CAMPAIGNS, "vendor_sales", "report_ledger"]
    both = {**world.config(start_date=world.day(20), restatement_days=0), "ads": config["ads"]}
    world.sandbox.faults.inject(fault, None, skip=passing)
    began = world.clock()
    struck = world.run(both, streams=streams)
    world.sandbox.faults.clear()
    # An hour is what a run waits for a report.
    assert (world.clock() - began).total_seconds() <= 3700
    assert struck.records("vendor_sales")
    outcomes = {(name, outcome) for name, *_, outcome in struck.windows}
    if fault in POSTPONED:
        assert outcomes == {("vendor_sales", "loaded"), (CAMPAIGNS, "later")}
        assert struck.error is None
        assert sum("left for the next run" in message and words in message for message in caplog.messages) == 1
    else:
        assert outcomes == {("vendor_sales", "loaded"), (CAMPAIGNS, "failed")}
        assert str(struck.error).count(words) == 1
    world.clock.advance(8 * 3600)
    again = world.run(both, struck.state, streams=streams)
    assert again.error is None
    assert {row["date"] for row in again.records(CAMPAIGNS)} == {world.day(ago) for ago in range(1, 21)}
    assert again.records("vendor_sales") == []


def test_a_type_that_is_throttled_for_hours_does_not_hold_up_the_others(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = ads_jobs.AdsReports.create

    def refuse(*args: Any, asked: Asked, **named: Any) -> AdsReport:
        if asked.type.id == "sbAdGroup":
            raise AdsError(429, {"code": "429", "detail": "Too Many Requests"})
        return create(*args, asked=asked, **named)

    monkeypatch.setattr(ads_jobs.AdsReports, "create", refuse)
    streams = {CAMPAIGNS, "ads_sp_targets", "ads_sb_ad_groups", "ads_sb_campaigns", "ads_sd_campaigns"}
    began = world.clock()
    run = world.run({**config, "wait_minutes": 240}, streams=[*streams, "report_ledger"])
    assert run.error is None
    outcomes = {name: outcome for name, *_, outcome in run.windows}
    assert {name for name, outcome in outcomes.items() if outcome == "later"} == {"ads_sb_ad_groups"}
    assert {*outcomes} == streams
    assert (world.clock() - began).total_seconds() < 3.5 * 3600


def test_a_consent_that_is_revoked_while_a_report_is_made_is_one_clear_message(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = next(each for each in world.sandbox.ads_accounts if each.label == "ads-vendor-us")
    accounts = world.sandbox.lwa._accounts
    create = ads_jobs.AdsReports.create

    def then_revoke(*args: Any, **named: Any) -> AdsReport:
        world.sandbox.lwa.withdraw(account)
        world.sandbox.faults.inject("ads_token_expired_early")
        return create(*args, **named)

    both = {**world.config(start_date=world.day(20), restatement_days=0), "ads": config["ads"]}
    streams = [CAMPAIGNS, "vendor_sales", "report_ledger"]
    with monkeypatch.context() as patch:
        patch.setattr(ads_jobs.AdsReports, "create", then_revoke)
        run = world.run(both, streams=streams)
    assert run.records("vendor_sales")
    assert str(run.error).count("the consent for Amazon Ads is not valid") == 1
    # Given again, the report that was made meanwhile serves.
    world.sandbox.lwa._accounts = accounts
    again = world.run(both, run.state, streams=streams)
    assert again.error is None
    assert again.records(CAMPAIGNS)
    assert len(created(world)) == 1


def test_a_report_that_is_running_without_a_name_is_read_by_the_next_run(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> AdsReport:
        raise AdsError(425, {"code": "425", "detail": "The request is a duplicate"})

    with monkeypatch.context() as patch:
        patch.setattr(ads_jobs.AdsReports, "create", refuse)
        first = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert first.error is None
    assert [outcome for *_, outcome in first.windows] == ["later"]
    assert world.run(config, first.state, streams=[CAMPAIGNS]).records(CAMPAIGNS)
