"""The engine's calls, where Amazon's answers are odd: each ends in the result of its job."""

from __future__ import annotations

import logging
import typing as t
from dataclasses import replace
from datetime import timedelta

import pytest
from test_engine import NEWEST, NOW, OLDER, FakeAmazon, engine, planned

from tap_amazon_vendor.engine.model import ListedJob, Processing
from tap_amazon_vendor.errors import UnavailableError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.calendars import AmazonGenerated
from tap_amazon_vendor.reports.report_type import ReportType

if t.TYPE_CHECKING:
    from clocks import FakeClock

SETTLEMENTS = replace(
    NEWEST,
    report_type="SETTLEMENTS",
    options=(),
    calendar=AmazonGenerated(),
    policy=ReportType("SETTLEMENTS", calendars=AmazonGenerated()),
)


@pytest.fixture
def amazon(clock: FakeClock) -> FakeAmazon:
    return FakeAmazon(clock)


def settlement(job_id: str, days_ago: int) -> ListedJob:
    created_at = NOW - timedelta(days=days_ago)
    return ListedJob(job_id, "SETTLEMENTS", (), None, None, created_at, Processing.DONE)


def test_a_job_that_shifting_pages_list_twice_is_one_job(amazon: FakeAmazon) -> None:
    pages = [settlement("new", 1), settlement("both", 2), settlement("both", 2), settlement("old", 3)]
    amazon.listed = lambda *_, **__: pages  # type: ignore[method-assign]
    jobs = engine(amazon)
    jobs.plan(planned(SETTLEMENTS))
    parts = jobs.result(SETTLEMENTS).parts
    assert [part.report_id for part in parts] == ["new", "both", "old"]


def test_what_is_released_twice_is_given_back_once(amazon: FakeAmazon) -> None:
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, OLDER))
    for request in (NEWEST, OLDER):
        jobs.result(request)
    for _ in range(3):
        jobs.release(NEWEST, "s", read=True)
    assert jobs._registry.spooled == amazon.size


@pytest.mark.parametrize("operation", ["create", "status", "fetch"])
def test_a_fault_of_ours_ends_one_job_and_is_named(
    amazon: FakeAmazon, operation: str, caplog: pytest.LogCaptureFixture
) -> None:
    right, calls = getattr(amazon, operation), 0

    def once_broken(*arguments: t.Any) -> t.Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            msg = "a secret"
            raise KeyError(msg)
        return right(*arguments)

    setattr(amazon, operation, once_broken)
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, OLDER))
    with caplog.at_level(logging.INFO):
        results = [jobs.result(request) for request in (NEWEST, OLDER)]
    assert sorted(result.outcome for result in results) == [Outcome.FAILED, Outcome.LOADED]
    failed = next(result for result in results if result.outcome is Outcome.FAILED)
    assert (failed.reason or "").startswith("an unexpected KeyError")
    assert "a secret" not in caplog.text + failed.message


def test_a_fault_of_ours_in_what_a_listing_means_ends_one_job(amazon: FakeAmazon) -> None:
    class Odd(type(NEWEST)):  # type: ignore[misc]
        def may_be(self, _: ListedJob) -> bool:
            raise TypeError

    odd = Odd(NEWEST.account, NEWEST.report_type, NEWEST.marketplace_id, NEWEST.options, NEWEST.window)
    amazon.made_by_others("x", NEWEST)
    jobs = engine(amazon)
    jobs.plan([*planned(odd, adoptable=True), *planned(OLDER)])
    assert [jobs.result(each).outcome for each in (odd, OLDER)] == [Outcome.FAILED, Outcome.LOADED]


@pytest.mark.parametrize("error", [UnavailableError("HTTP 429"), ValueError("odd"), RecursionError()])
def test_a_listing_that_only_saves_something_is_tried_once_and_holds_nothing_up(
    amazon: FakeAmazon, error: Exception
) -> None:
    asked: list[bool] = []

    def listed(*_: t.Any, optional: bool = False) -> list[ListedJob]:
        asked.append(optional)
        raise error

    amazon.listed = listed  # type: ignore[method-assign,assignment]
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, replace(OLDER, report_type="OTHER"), adoptable=True))
    assert jobs.result(NEWEST).outcome is Outcome.LOADED
    assert asked == [True]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_is_no_fault_of_a_job(amazon: FakeAmazon, error: type[BaseException]) -> None:
    def interrupted(_: object) -> str:
        raise error

    amazon.create = interrupted  # type: ignore[method-assign,assignment]
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST))
    with pytest.raises(error):
        jobs.result(NEWEST)


def test_amazons_clock_does_not_decide_how_long_a_report_is_waited_for(amazon: FakeAmazon) -> None:
    status = amazon.status
    amazon.status = lambda report_id: replace(status(report_id), took=30 * 86_400.0)  # type: ignore[method-assign]
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST))
    jobs.result(NEWEST)
    assert jobs.progress().seconds < 100
    begin = amazon.clock()
    jobs.plan(planned(OLDER))
    jobs.result(OLDER)
    assert (amazon.clock() - begin).total_seconds() < 60
