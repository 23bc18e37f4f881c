"""A breaker keeps calls of an operation back while all fail, and in the end ends what needs them."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import timedelta

import pytest
from test_engine import NEWEST, NOW, OLDER, FakeAmazon, Fate, engine, planned, sales

from tap_amazon_vendor.engine.breaker import FAILURES, LASTING, LONGEST_PAUSE, PAUSE, Breaker
from tap_amazon_vendor.engine.model import JobStatus, ListedJob, Processing, Service
from tap_amazon_vendor.errors import UnansweredError, UnavailableError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.calendars import AmazonGenerated
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.reports.request import REPORTS

if t.TYPE_CHECKING:
    from datetime import datetime

    from clocks import FakeClock

    from tap_amazon_vendor.documents.files import Document
    from tap_amazon_vendor.reports.request import ReportRequest

#: Seconds that the made-up Amazon needs to not answer: what one request is tried for.
PATIENCE = 300.0

REQUESTS = [sales(4 + 15 * number) for number in range(40)]


def test_one_failure_holds_nothing_up_and_more_hold_up_ever_longer() -> None:
    breaker, pauses = Breaker(), []
    for _ in range(FAILURES + 5):
        breaker.failed("HTTP 503", began=NOW, now=NOW)
        pauses.append(breaker.delay(NOW))
    assert pauses == [0, PAUSE, 2 * PAUSE, 4 * PAUSE, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    assert breaker.reason is None
    breaker.worked()
    assert breaker.delay(NOW) == 0


def test_after_nothing_but_failures_for_long_enough_it_gives_up() -> None:
    breaker, later = Breaker(), NOW + timedelta(seconds=LASTING)
    breaker.failed("HTTP 503", began=NOW, now=NOW)
    breaker.worked()
    breaker.failed("HTTP 503", began=later, now=later)
    breaker.failed("HTTP 503", began=later, now=later)
    assert breaker.reason is None
    breaker.failed("HTTP 503", began=later, now=later + timedelta(seconds=LASTING))
    assert breaker.reason == "Amazon has not answered for 15 minutes: HTTP 503"


class Outage(FakeAmazon):
    """One operation does not answer for some time."""

    operation = ""
    lasts = float("inf")
    tried = 0

    def step(self, operation: str) -> None:
        over = (self.clock() - NOW).total_seconds() > self.lasts
        if operation == self.operation and not over:
            self.tried += 1
            self.clock.advance(PATIENCE)
            text = f"{operation} still failed"
            raise UnavailableError(text)

    def create(self, request: ReportRequest) -> str:
        self.step("create")
        return super().create(request)

    def status(self, report_id: str) -> JobStatus:
        self.step("status")
        return super().status(report_id)

    def fetch(self, document_id: str, request: ReportRequest) -> Document:
        self.step("fetch")
        return super().fetch(document_id, request)


class Generated(Outage):
    """Amazon has made forty reports by itself, and its listing may be out of order, too."""

    def listed(  # type: ignore[override]
        self, job_types: t.Sequence[str], marketplace_id: str | None, since: datetime, **_: t.Any
    ) -> t.Any:
        if marketplace_id:
            return []
        self.step("listed")
        return [
            ListedJob(f"g{number}", job_types[0], (), "2026-01-01", "2026-01-02", since, Processing.DONE)
            for number in range(40)
        ]

    def status(self, report_id: str) -> JobStatus:
        self.step("status")
        return JobStatus(Processing.DONE, f"d-{report_id}")


@pytest.mark.parametrize("operation", ["listed", "status", "fetch"])
def test_a_lasting_outage_ends_the_reports_that_amazon_made_by_itself_too(clock: FakeClock, operation: str) -> None:
    amazon = Generated(clock)
    amazon.operation = operation
    policy = ReportType("SETTLEMENTS", calendars=AmazonGenerated())
    kinds = [
        replace(NEWEST, report_type=name, options=(), calendar=AmazonGenerated(), policy=policy)
        for name in ("SETTLEMENTS", "SETTLEMENTS_V2")
    ]
    jobs = engine(amazon)
    jobs.plan(planned(*kinds))
    for kind in kinds:
        if parts := jobs.result(kind).parts:
            jobs.replan(kind, parts)
            assert {jobs.result(part).outcome for part in parts} == {Outcome.FAILED}
        else:
            assert jobs.result(kind).outcome is Outcome.FAILED
    assert amazon.tried <= 5
    assert (clock() - NOW).total_seconds() <= LASTING + LONGEST_PAUSE + 2 * PATIENCE


def test_reports_that_cannot_be_created_do_not_hold_up_those_that_are_looked_up(clock: FakeClock) -> None:
    amazon = Generated(clock)
    amazon.operation = "create"
    policy = ReportType("SETTLEMENTS", calendars=AmazonGenerated())
    settlements = replace(NEWEST, report_type="SETTLEMENTS", options=(), calendar=AmazonGenerated(), policy=policy)
    jobs = engine(amazon)
    jobs.plan(planned(*REQUESTS, settlements))
    assert len(jobs.result(settlements).parts) == 40
    assert jobs.result(NEWEST).outcome is Outcome.FAILED


@pytest.mark.parametrize("operation", ["create", "status", "fetch"])
def test_a_lasting_outage_of_an_operation_ends_the_run_in_bounded_time(clock: FakeClock, operation: str) -> None:
    amazon = Outage(clock)
    amazon.operation = operation
    jobs = engine(amazon)
    jobs.plan(planned(*REQUESTS))
    results = [jobs.result(request) for request in REQUESTS]
    assert {result.outcome for result in results} == {Outcome.FAILED}
    assert {str(result.reason).rpartition(": ")[2] for result in results} == {f"{operation} still failed"}
    # What asking hears three times alike is shared by the windows that are not asked for yet.
    assert len({result.reason for result in results}) == (1 if operation == "create" else 2)
    assert amazon.tried <= 5
    # The account's other calls go on: to create forty reports takes 25 minutes.
    created = 0 if operation == "create" else 25 * 60
    assert (clock() - NOW).total_seconds() <= max(LASTING + LONGEST_PAUSE + PATIENCE, created) + 600


def test_after_a_short_outage_the_rest_is_read(clock: FakeClock) -> None:
    amazon = Outage(clock)
    amazon.operation, amazon.lasts = "create", 500
    jobs = engine(amazon)
    jobs.plan(planned(*REQUESTS))
    results = [jobs.result(request) for request in REQUESTS]
    assert [result.outcome for result in results].count(Outcome.FAILED) == amazon.tried == FAILURES


def test_an_outage_of_one_account_does_not_hold_up_another(clock: FakeClock) -> None:
    down, up = Outage(clock), FakeAmazon(clock)
    down.operation = "create"
    jobs = engine(up)
    t.cast("t.Any", jobs)._registry.apis = {Service("a", REPORTS): down, Service("b", REPORTS): up}
    other = sales(4, account="b")
    jobs.plan(planned(NEWEST, OLDER, other))
    assert jobs.result(other).outcome is Outcome.LOADED
    assert (clock() - NOW).total_seconds() < 2 * PATIENCE + 60


def test_a_word_about_one_report_is_no_outage(clock: FakeClock) -> None:
    amazon = FakeAmazon(clock, create_default=Fate(text="an unknown reason"))
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, OLDER))
    assert "an unknown reason" in str(jobs.result(NEWEST).reason)
    assert "an unknown reason" in str(jobs.result(OLDER).reason)


def test_creations_that_are_never_answered_are_an_outage_too(clock: FakeClock) -> None:
    """A gateway that times out answers for itself: the listing shows that nothing was created."""

    class Gateway(Outage):
        def create(self, request: ReportRequest) -> str:  # noqa: ARG002
            self.tried += 1
            self.clock.advance(PATIENCE)
            text = "no answer in time"
            raise UnansweredError(text)

    amazon = Gateway(clock)
    jobs = engine(amazon)
    partitions = [replace(request, marketplace_id=f"M{number}") for number, request in enumerate(REQUESTS)]
    jobs.plan(planned(*partitions))
    assert {jobs.result(request).outcome for request in partitions} == {Outcome.FAILED}
    assert amazon.tried <= 5
    assert (clock() - NOW).total_seconds() <= LASTING + LONGEST_PAUSE + 2 * PATIENCE
