"""The report engine against a made-up Amazon that follows a script, on a made-up clock."""

from __future__ import annotations

import random
import typing as t
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_amazon_vendor.amazon.throttle import Bucket, Operation
from tap_amazon_vendor.documents.files import Document
from tap_amazon_vendor.engine.decisions import Restart
from tap_amazon_vendor.engine.engine import Engine
from tap_amazon_vendor.engine.hearings import RETRY_PAUSE
from tap_amazon_vendor.engine.job import State
from tap_amazon_vendor.engine.model import JobResult, JobStatus, ListedJob, PendingJob, PlannedJob, Processing, Service
from tap_amazon_vendor.errors import (
    AccessDeniedError,
    AmazonError,
    CredentialsError,
    DocumentError,
    NotFoundError,
    RequestRejectedError,
    UnansweredError,
    UnavailableError,
)
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.api import CREATE_REPORT, GET_DOCUMENT, GET_REPORT, GET_REPORTS
from tap_amazon_vendor.reports.calendars import Hours
from tap_amazon_vendor.reports.request import REPORTS, ReportRequest
from tap_amazon_vendor.reports.windows import Window

if t.TYPE_CHECKING:
    from clocks import FakeClock

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
NOT_YET = "The report data for the requested date range is not yet available. Try later."
NO_PROGRAM = "sellingProgram parameter contains an invalid value"


def sales(newest: int, days: int = 15, program: str = "RETAIL", account: str = "a") -> ReportRequest:
    """A sales report whose last day lies some days before today."""
    end = TODAY - timedelta(days=newest)
    return ReportRequest(
        account=account,
        report_type="GET_VENDOR_SALES_REPORT",
        marketplace_id="ATVPDKIKX0DER",
        options=(("reportPeriod", "DAY"), ("sellingProgram", program)),
        window=Window(end - timedelta(days=days - 1), end),
    )


NEWEST, OLDER, OLDEST = sales(4), sales(19), sales(34)


@dataclass
class Fate:
    """What happens to one report that is asked for."""

    processing: Processing = Processing.DONE
    seconds: float = 30
    text: str | None = None
    empty: bool = False
    specification: dict[str, t.Any] | None = None
    document_error: AmazonError | None = None


@dataclass
class FakeAmazon:
    """A Reports API in memory. Each created report takes the next fate of its request."""

    clock: FakeClock
    fates: dict[ReportRequest, list[Fate]] = field(default_factory=dict)
    create_errors: list[AmazonError | None] = field(default_factory=list)
    status_errors: list[AmazonError | None] = field(default_factory=list)
    reports: dict[str, tuple[ReportRequest, Fate, datetime]] = field(default_factory=dict)
    created: list[ReportRequest] = field(default_factory=list)
    polls: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    listings: list[tuple[tuple[str, ...], datetime]] = field(default_factory=list)
    list_errors: list[AmazonError] = field(default_factory=list)
    own: dict[str, Bucket] = field(default_factory=dict)
    size: int = 1
    create_default: Fate = field(default_factory=Fate)

    def __post_init__(self) -> None:
        self.bucket = Bucket(CREATE_REPORT, self.clock)
        self.list_bucket = Bucket(GET_REPORTS, self.clock)
        self.status_bucket = Bucket(GET_REPORT, self.clock)
        self.document_bucket = Bucket(GET_DOCUMENT, self.clock)

    def create_buckets(self, report_type: str) -> list[Bucket]:
        return [self.bucket, self.own[report_type]] if report_type in self.own else [self.bucket]

    def made_by_others(
        self, report_id: str, request: ReportRequest, *, ago: float = 3600, seconds: float = 0, **attributes: t.Any
    ) -> None:
        """List a report that somebody else asked for some seconds ago."""
        self.reports[report_id] = (request, Fate(seconds=seconds, **attributes), self.clock() - timedelta(seconds=ago))

    def create(self, request: ReportRequest) -> str:
        error = self.create_errors.pop(0) if self.create_errors else None
        if error and not isinstance(error, UnansweredError):
            raise error
        for bucket in self.create_buckets(request.report_type):
            bucket.take()
        fates = self.fates.get(request)
        fate = (fates.pop(0) if len(fates) > 1 else fates[0]) if fates else self.create_default
        report_id = f"r{len(self.reports)}"
        self.reports[report_id] = (request, fate, self.clock())
        self.created.append(request)
        if error:
            raise error
        return report_id

    def listed(
        self,
        report_types: t.Sequence[str],
        marketplace_id: str | None,
        since: datetime,
        *,
        optional: bool = False,  # noqa: ARG002  # the made-up Amazon has no retries
    ) -> list[ListedJob]:
        self.listings.append((tuple(report_types), since))
        self.list_bucket.take()
        if self.list_errors:
            raise self.list_errors.pop(0)
        return [
            ListedJob(
                report_id,
                made.report_type,
                (made.marketplace_id,),
                made.body()["dataStartTime"],
                made.body()["dataEndTime"],
                at,
                Processing.DONE if (self.clock() - at).total_seconds() >= fate.seconds else Processing.IN_QUEUE,
            )
            for report_id, (made, fate, at) in reversed(self.reports.items())
            if marketplace_id == made.marketplace_id
            and made.report_type in report_types
            and at >= since
            and fate.processing is Processing.DONE
        ]

    def status(self, report_id: str) -> JobStatus:
        self.polls.append(report_id)
        error = self.status_errors.pop(0) if self.status_errors else None
        if error:
            raise error
        if report_id not in self.reports:
            text = "not found"
            raise NotFoundError(text)
        _, fate, at = self.reports[report_id]
        if (self.clock() - at).total_seconds() < fate.seconds:
            return JobStatus(Processing.IN_QUEUE)
        has_document = fate.processing is Processing.DONE or fate.text is not None
        document_id = f"d-{report_id}" if has_document else None
        return JobStatus(fate.processing, document_id, "2026-11-21T00:00:00Z", fate.seconds)

    def fetch(self, document_id: str, request: ReportRequest) -> Document:  # noqa: ARG002
        self.fetched.append(document_id)
        self.document_bucket.take()
        made, fate, _ = self.reports[document_id[2:]]
        if fate.document_error:
            raise fate.document_error
        specification = fate.specification or {**made.body(), "reportOptions": dict(made.options)}
        return Document(Path("/nonexistent/document"), self.size, fate.text, specification, fate.empty)


@pytest.fixture
def amazon(clock: FakeClock) -> FakeAmazon:
    return FakeAmazon(clock)


def engine(amazon: FakeAmazon, **changes: t.Any) -> Engine:
    """An engine on the made-up Amazon."""
    arguments: dict[str, t.Any] = {
        "clock": amazon.clock,
        "sleep": amazon.clock.sleep,
        "wait_seconds": 3600,
    }
    return Engine({Service("a", REPORTS): amazon, Service("b", REPORTS): amazon}, **(arguments | changes))


def planned(*requests: ReportRequest, **changes: t.Any) -> list[PlannedJob]:
    """Reports that nobody else is to have asked for, unless said otherwise."""
    attributes: dict[str, t.Any] = {
        "readers": frozenset("s"),
        "known_available": True,
        "fresh_since": NOW - timedelta(days=1),
        "adoptable": False,
    }
    return [PlannedJob(request, **(attributes | changes)) for request in requests]


def run(amazon: FakeAmazon, request: ReportRequest = NEWEST, **changes: t.Any) -> JobResult:
    """Plan one report and wait for it."""
    known_available = changes.pop("known_available", True)
    jobs = engine(amazon, **changes)
    jobs.plan(planned(request, known_available=known_available))
    return jobs.result(request)


def test_a_finished_report_is_loaded_with_its_document(amazon: FakeAmazon) -> None:
    result = run(amazon)
    assert (result.outcome, result.job_id, result.attempts) == (Outcome.LOADED, "r0", 1)
    assert result.document
    assert result.request == NEWEST
    assert result.processed_at == "2026-11-21T00:00:00Z"


def test_all_reports_are_asked_for_before_the_first_is_waited_for(amazon: FakeAmazon) -> None:
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, OLDER, OLDEST))
    jobs.result(NEWEST)
    assert amazon.created == [NEWEST, OLDER, OLDEST]


def test_a_report_of_two_streams_is_asked_for_once_and_kept_for_both(amazon: FakeAmazon, tmp_path: Path) -> None:
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, readers=frozenset("st")))
    path = tmp_path / "document"
    path.write_bytes(b"{}")
    amazon.fetch = lambda document_id, request: Document(path, 2, None, None, empty=False)  # type: ignore[method-assign]  # noqa: ARG005
    assert jobs.result(NEWEST) is jobs.result(NEWEST)
    jobs.release(NEWEST, "s", read=True)
    assert path.exists()
    assert len(jobs.pending()) == 1
    jobs.release(NEWEST, "t", read=True)
    assert not path.exists()
    assert jobs.pending() == []
    assert amazon.created == [NEWEST]


def test_polls_grow_apart_and_are_late_by_at_most_a_quarter(amazon: FakeAmazon) -> None:
    amazon.fates[NEWEST] = [Fate(seconds=100)]
    start = amazon.clock()
    run(amazon)
    waited = (amazon.clock() - start).total_seconds()
    assert 100 <= waited <= 130
    assert len(amazon.polls) < 20


def test_an_unproven_partition_is_tried_with_one_window_first(amazon: FakeAmazon) -> None:
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, OLDER, known_available=False))
    amazon.fates[NEWEST] = [Fate(Processing.FATAL, text=NO_PROGRAM)]
    first = jobs.result(NEWEST)
    assert first.outcome is Outcome.SKIPPED
    assert "selling_programs" in first.advice
    assert jobs.result(OLDER).outcome is Outcome.SKIPPED
    assert amazon.created == [NEWEST, NEWEST]


def test_a_proven_partition_goes_on_with_all_windows(amazon: FakeAmazon) -> None:
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, OLDER, OLDEST, known_available=False))
    assert [jobs.result(request).outcome for request in (NEWEST, OLDER, OLDEST)] == [Outcome.LOADED] * 3


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (AccessDeniedError("Unauthorized: Access to the resource is forbidden"), Outcome.SKIPPED),
        (RequestRejectedError("Report type 1 does not support account ID of type x"), Outcome.SKIPPED),
        (RequestRejectedError("Report rejected for this client."), Outcome.FAILED),
        (AccessDeniedError("Access to requested resource is denied."), Outcome.FAILED),
        (UnavailableError("createReport still failed"), Outcome.FAILED),
    ],
)
def test_a_refused_report_is_judged_by_its_text(amazon: FakeAmazon, error: AmazonError, outcome: Outcome) -> None:
    amazon.create_errors = [error]
    result = run(amazon)
    assert result.outcome is outcome
    assert error.text in str(result.reason)


def test_refused_credentials_stop_only_their_account(amazon: FakeAmazon) -> None:
    other = sales(4, account="b")
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, other, OLDER))
    amazon.create_errors = [CredentialsError("revoked")]
    assert jobs.result(NEWEST).outcome is Outcome.FAILED
    assert jobs.result(OLDER).reason == "revoked"
    assert jobs.result(other).outcome is Outcome.LOADED
    assert amazon.created == [other]


class TestFatal:
    def test_one_unpublished_day_does_not_lose_the_days_before_it(self, amazon: FakeAmazon) -> None:
        for request in (NEWEST, sales(5, 14)):
            amazon.fates[request] = [Fate(Processing.FATAL, text=NOT_YET)]
        result = run(amazon)
        assert result.outcome is Outcome.LOADED
        assert result.request == sales(6, 13)
        assert result.reason == NOT_YET
        assert result.attempts == 3

    def test_a_window_of_unpublished_days_only_is_left_for_later(self, amazon: FakeAmazon) -> None:
        request = sales(4, 1)
        amazon.fates[request] = [Fate(Processing.FATAL, text=NOT_YET)]
        result = run(amazon, request)
        assert (result.outcome, result.reason) == (Outcome.LATER, NOT_YET)
        assert amazon.created == [request]

    def test_without_a_reason_it_is_asked_for_once_more_after_a_pause(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [Fate(Processing.FATAL), Fate()]
        start = amazon.clock()
        assert run(amazon).outcome is Outcome.LOADED
        assert (amazon.clock() - start).total_seconds() >= RETRY_PAUSE

    def test_without_a_reason_twice_it_is_left_for_later(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [Fate(Processing.FATAL)]
        assert run(amazon).outcome is Outcome.LATER
        assert len(amazon.created) == 2

    def test_an_unknown_text_fails_after_one_more_try_and_is_quoted(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [Fate(Processing.FATAL, text="never seen")]
        result = run(amazon)
        assert (result.outcome, result.reason) == (Outcome.FAILED, "never seen")
        assert len(amazon.created) == 2

    def test_an_error_inside_a_done_report_counts_as_fatal(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [Fate(Processing.DONE, text=NO_PROGRAM)]
        assert run(amazon).outcome is Outcome.SKIPPED

    @pytest.mark.parametrize(
        ("request_", "known_available", "outcome"),
        [(NEWEST, False, Outcome.LATER), (OLDEST, True, Outcome.LATER), (OLDEST, False, Outcome.LATER)],
    )
    def test_a_client_error_alone_concludes_nothing(
        self, amazon: FakeAmazon, request_: ReportRequest, outcome: Outcome, *, known_available: bool
    ) -> None:
        amazon.fates[request_] = [Fate(Processing.FATAL, text="A client error occurred. Please double check")]
        assert run(amazon, request_, known_available=known_available).outcome is outcome


class TestCancelled:
    def test_recent_days_are_asked_for_once_more(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [Fate(Processing.CANCELLED), Fate()]
        assert run(amazon).outcome is Outcome.LOADED

    @pytest.mark.parametrize(("known", "outcome"), [(True, Outcome.EMPTY), (False, Outcome.LATER)])
    def test_a_second_time_it_means_empty_unless_nothing_else_tells_of_the_partition(
        self, amazon: FakeAmazon, *, known: bool, outcome: Outcome
    ) -> None:
        amazon.fates[NEWEST] = [Fate(Processing.CANCELLED)]
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST, known_available=known, quiet=True))
        assert jobs.result(NEWEST).outcome is outcome
        assert len(amazon.created) == 2

    def test_old_days_beside_days_with_rows_are_asked_for_once_more(self, amazon: FakeAmazon) -> None:
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST, OLDER))
        amazon.fates[OLDER] = [Fate(Processing.CANCELLED, seconds=60), Fate()]
        assert jobs.result(OLDER).outcome is Outcome.LOADED

    def test_days_before_the_first_sale_cost_one_report_each(self, amazon: FakeAmazon) -> None:
        jobs = engine(amazon)
        other = replace(NEWEST, report_type="OTHER")
        jobs.plan(planned(NEWEST, OLDER, OLDEST, other, known_available=False))
        for number, request in enumerate((NEWEST, OLDER, OLDEST)):
            amazon.fates[request] = [Fate(Processing.CANCELLED, seconds=30 * (number + 1))]
        assert [jobs.result(request).outcome for request in (NEWEST, OLDER, OLDEST)] == [Outcome.EMPTY] * 3
        assert Counter(amazon.created) == {NEWEST: 2, OLDER: 1, OLDEST: 1, other: 1}

    def test_a_document_without_rows_beside_rows_is_asked_for_once_more(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [Fate(empty=True), Fate()]
        result = run(amazon)
        assert result.document
        assert not result.document.empty


class TestTooWide:
    HOURS = Hours(span=14 * 24, look_back=30 * 24, late=4)
    CLIENT_ERROR = "A client error occurred. Please double check"

    def hours(self, first: int, last: int) -> ReportRequest:
        """Real-time sales from one hour to another, counted from the begin of the month."""
        begin = datetime(2026, 11, 1, tzinfo=timezone.utc)
        window = Window(begin + timedelta(hours=first), begin + timedelta(hours=last))
        return replace(NEWEST, report_type="REAL_TIME", options=(), window=window, calendar=self.HOURS)

    def test_hours_that_amazon_rejects_are_to_be_asked_for_in_halves(self, amazon: FakeAmazon) -> None:
        whole = self.hours(0, 100)
        amazon.fates[whole] = [Fate(Processing.FATAL, text=self.CLIENT_ERROR)]
        jobs = engine(amazon)
        jobs.plan(planned(whole))
        assert jobs.result(whole).parts == (self.hours(0, 50), self.hours(50, 100))

    def test_the_width_that_was_too_much_is_not_tried_twice(self, amazon: FakeAmazon) -> None:
        whole, other = self.hours(0, 100), self.hours(100, 200)
        amazon.fates[whole] = [Fate(Processing.FATAL, text=self.CLIENT_ERROR, seconds=0)]
        jobs = engine(amazon)
        jobs.plan(planned(whole))
        jobs.result(whole)
        jobs.plan(planned(other))
        assert jobs.result(other).parts == (self.hours(100, 150), self.hours(150, 200))
        assert amazon.created == [whole]

    def test_an_odd_number_of_hours_loses_neither_half(self, amazon: FakeAmazon) -> None:
        whole = self.hours(0, 25)
        amazon.fates[whole] = [Fate(Processing.FATAL, text=self.CLIENT_ERROR)]
        jobs = engine(amazon)
        jobs.plan(planned(whole))
        halves = jobs.result(whole).parts
        jobs.replan(whole, halves)
        assert [jobs.result(half).outcome for half in halves] == [Outcome.LOADED] * 2

    def test_a_reader_that_gave_up_is_not_waited_for_in_the_parts(self, amazon: FakeAmazon) -> None:
        whole = self.hours(0, 100)
        amazon.fates[whole] = [Fate(Processing.FATAL, text=self.CLIENT_ERROR)]
        jobs = engine(amazon)
        jobs.plan(planned(whole, readers=frozenset("st")))
        halves = jobs.result(whole).parts
        jobs.release(whole, "t", read=False)
        jobs.replan(whole, halves)
        jobs.release(whole, "s", read=True)
        for half in halves:
            jobs.result(half)
            jobs.release(half, "s", read=True)
        assert [entry for entry in jobs.pending() if entry.request.window.end != whole.window.end] == []

    def test_a_day_that_amazon_rejects_is_not_too_wide(self, amazon: FakeAmazon) -> None:
        day = self.hours(0, 24)
        amazon.fates[day] = [Fate(Processing.FATAL, text=self.CLIENT_ERROR)]
        result = run(amazon, day, known_available=False)
        assert (result.outcome, result.parts) == (Outcome.LATER, ())


class TestDoubts:
    def test_a_document_of_another_request_is_never_handed_out(self, amazon: FakeAmazon) -> None:
        other = {"reportOptions": {"sellingProgram": "FRESH"}}
        amazon.fates[NEWEST] = [Fate(specification=other)]
        result = run(amazon)
        assert (result.outcome, result.document) == (Outcome.FAILED, None)

    def test_a_document_of_another_request_is_asked_for_once_more(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [Fate(specification={"reportType": "OTHER"}), Fate()]
        assert run(amazon).outcome is Outcome.LOADED

    def test_a_damaged_document_fails(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [Fate(document_error=DocumentError("truncated"))]
        result = run(amazon)
        assert (result.outcome, result.reason) == (Outcome.FAILED, "truncated")

    def test_a_report_that_was_created_though_the_answer_got_lost_is_found(self, amazon: FakeAmazon) -> None:
        amazon.create_errors = [UnansweredError("connection reset")]
        assert run(amazon).outcome is Outcome.LOADED
        assert amazon.created == [NEWEST]

    def test_a_report_that_was_not_created_is_asked_for_again(self, amazon: FakeAmazon) -> None:
        amazon.create_errors = [UnansweredError("connection reset")]
        amazon.listed = lambda *_, **__: []  # type: ignore[method-assign]
        assert run(amazon).outcome is Outcome.LOADED
        assert len(amazon.created) == 2

    def test_an_unknown_status_is_a_failure(self, amazon: FakeAmazon) -> None:
        amazon.status_errors = [AmazonError("getReport: unknown processing status 'PAUSED'")]
        result = run(amazon)
        assert result.outcome is Outcome.FAILED
        assert "PAUSED" in str(result.reason)


class TestNextRun:
    def test_a_report_that_stays_in_the_queue_is_left_and_taken_up(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [Fate(seconds=7200)]
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST))
        result = jobs.result(NEWEST)
        assert result.outcome is Outcome.LATER
        assert result.reason == "IN_QUEUE for 60 minutes"
        jobs.release(NEWEST, "s", read=False)
        amazon.clock.advance(7200)
        again = engine(amazon)
        again.plan(planned(NEWEST), jobs.pending())
        result = again.result(NEWEST)
        assert (result.outcome, result.attempts) == (Outcome.LOADED, 0)
        assert amazon.created == [NEWEST]

    def test_a_killed_run_asks_for_nothing_twice(self, amazon: FakeAmazon) -> None:
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST, OLDER))
        jobs.result(NEWEST)
        again = engine(amazon)
        again.plan(planned(NEWEST, OLDER), jobs.pending())
        assert again.result(NEWEST).outcome is again.result(OLDER).outcome is Outcome.LOADED
        assert amazon.created == [NEWEST, OLDER]

    @pytest.mark.parametrize("created", [True, False])
    def test_a_run_that_ends_while_it_asks_leaves_word_of_it(self, amazon: FakeAmazon, *, created: bool) -> None:
        remembered: list[PendingJob] = []
        jobs: Engine = engine(amazon, save=lambda: remembered.__setitem__(slice(None), jobs.pending()))
        jobs.plan(planned(NEWEST))
        create = amazon.create

        def interrupted(request: ReportRequest) -> str:
            if created:
                create(request)
            raise SystemExit

        amazon.create = interrupted  # type: ignore[method-assign]
        with pytest.raises(SystemExit):
            jobs.result(NEWEST)
        assert [entry.job_id for entry in remembered] == [None]
        amazon.create = create  # type: ignore[method-assign]
        again = engine(amazon)
        again.plan(planned(NEWEST), remembered)
        assert again.result(NEWEST).outcome is Outcome.LOADED
        assert amazon.created == [NEWEST]

    def test_a_report_of_yesterday_may_hold_old_figures(self, amazon: FakeAmazon) -> None:
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST))
        jobs.result(NEWEST)
        amazon.clock.advance(2 * 86400)
        again = engine(amazon)
        again.plan(planned(NEWEST, fresh_since=amazon.clock() - timedelta(days=1)), jobs.pending())
        again.result(NEWEST)
        assert amazon.created == [NEWEST, NEWEST]

    def test_a_report_of_settled_days_is_good_for_weeks(self, amazon: FakeAmazon) -> None:
        jobs = engine(amazon)
        jobs.plan(planned(OLDEST))
        jobs.result(OLDEST)
        amazon.clock.advance(40 * 86400)
        again = engine(amazon)
        again.plan(planned(OLDEST, fresh_since=NOW), jobs.pending())
        again.result(OLDEST)
        assert amazon.created == [OLDEST]

    def test_a_report_that_amazon_forgot_is_asked_for_again(self, amazon: FakeAmazon, clock: FakeClock) -> None:
        entry = PendingJob(NEWEST, "gone", clock())
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST), [entry])
        assert jobs.result(NEWEST).outcome is Outcome.LOADED

    def test_a_report_that_this_run_does_not_want_stays_for_days(self, amazon: FakeAmazon, clock: FakeClock) -> None:
        entry = PendingJob(OLDER, "r9", clock())
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST), [entry])
        assert entry in jobs.pending()
        clock.advance(4 * 86400)
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST), [entry])
        assert entry not in jobs.pending()

    def test_what_a_reader_gave_up_is_left_for_the_next_run(self, amazon: FakeAmazon) -> None:
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST, OLDER))
        jobs.result(NEWEST)
        jobs.release(NEWEST, "s", read=True)
        jobs.release(OLDER, "s", read=False)
        assert [entry.request for entry in jobs.pending()] == [OLDER]

    def test_a_report_that_could_not_be_polled_is_taken_up(self, amazon: FakeAmazon) -> None:
        amazon.status_errors = [UnavailableError("getReport still failed")]
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST))
        assert jobs.result(NEWEST).outcome is Outcome.FAILED
        assert len(jobs.pending()) == 1


def test_max_reports_leaves_the_rest_for_later(amazon: FakeAmazon) -> None:
    jobs = engine(amazon, max_jobs=2)
    jobs.plan(planned(NEWEST, OLDER, OLDEST))
    outcomes = [jobs.result(request).outcome for request in (NEWEST, OLDER, OLDEST)]
    assert outcomes == [Outcome.LOADED, Outcome.LOADED, Outcome.LATER]
    assert amazon.created == [NEWEST, OLDER]


def test_what_nobody_wants_any_more_is_not_asked_for(amazon: FakeAmazon) -> None:
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, OLDER, known_available=False))
    jobs.release(OLDER, "s", read=False)
    jobs.result(NEWEST)
    assert amazon.created == [NEWEST]


class TestReportsOfOthers:
    """Amazon lists what anyone asked for, without the options."""

    OTHER = sales(4, program="FRESH")

    def wanted(self, amazon: FakeAmazon, *requests: ReportRequest, **changes: t.Any) -> Engine:
        jobs = engine(amazon)
        jobs.plan(planned(*requests, **({"adoptable": True} | changes)))
        for request in requests:
            jobs.result(request)
        return jobs

    def test_one_that_is_young_and_exactly_the_same_is_used(self, amazon: FakeAmazon) -> None:
        amazon.made_by_others("x", NEWEST)
        result = self.wanted(amazon, NEWEST).result(NEWEST)
        assert (result.outcome, result.job_id, result.attempts) == (Outcome.LOADED, "x", 0)
        assert amazon.created == []

    @pytest.mark.parametrize(
        "other",
        [
            replace(NEWEST, report_type="GET_VENDOR_TRAFFIC_REPORT"),
            replace(NEWEST, marketplace_id="A1PA6795UKMFR9"),
            OTHER,
            replace(NEWEST, options=(*NEWEST.options[:1], ("sellingProgram", "BUSINESS"))),
            sales(4, days=14),
            sales(5, days=15),
        ],
        ids=["type", "marketplace", "program", "options", "begin", "end"],
    )
    def test_one_that_differs_in_anything_is_not_used(self, amazon: FakeAmazon, other: ReportRequest) -> None:
        amazon.made_by_others("x", other)
        assert self.wanted(amazon, NEWEST).result(NEWEST).job_id != "x"
        assert amazon.created == [NEWEST]

    @pytest.mark.parametrize(("ago", "used"), [(86_000, True), (87_000, False)])
    def test_one_that_is_too_old_is_not_used(self, amazon: FakeAmazon, ago: float, *, used: bool) -> None:
        amazon.made_by_others("x", NEWEST, ago=ago)
        self.wanted(amazon, NEWEST)
        assert bool(amazon.created) is not used

    def test_one_that_is_still_in_the_queue_is_not_used(self, amazon: FakeAmazon) -> None:
        amazon.made_by_others("x", NEWEST, ago=60, seconds=5000)
        self.wanted(amazon, NEWEST)
        assert amazon.created == [NEWEST]

    def test_figures_that_are_to_be_read_again_are_asked_for(self, amazon: FakeAmazon) -> None:
        amazon.made_by_others("x", NEWEST)
        self.wanted(amazon, NEWEST, adoptable=False)
        assert (amazon.created, amazon.listings) == ([NEWEST], [])

    def test_one_without_a_specification_is_not_used_where_options_matter(self, amazon: FakeAmazon) -> None:
        amazon.made_by_others("x", NEWEST)
        fetch = amazon.fetch
        amazon.fetch = lambda *arguments: replace(fetch(*arguments), specification=None)  # type: ignore[method-assign]
        self.wanted(amazon, NEWEST)
        assert amazon.created == [NEWEST]

    def test_one_without_rows_is_not_believed(self, amazon: FakeAmazon) -> None:
        amazon.made_by_others("x", NEWEST, empty=True)
        self.wanted(amazon, NEWEST)
        assert amazon.created == [NEWEST]

    def test_a_wrong_guess_is_handed_to_the_sibling_that_it_fits(self, amazon: FakeAmazon) -> None:
        amazon.made_by_others("x", self.OTHER)
        jobs = self.wanted(amazon, NEWEST, self.OTHER)
        assert (jobs.result(NEWEST).job_id, jobs.result(self.OTHER).job_id) == ("r1", "x")
        assert amazon.created == [NEWEST]
        assert amazon.fetched.count("d-x") == 1

    def test_two_guesses_that_are_crossed_cost_no_report(self, amazon: FakeAmazon) -> None:
        amazon.made_by_others("x", NEWEST, ago=3600)
        amazon.made_by_others("y", self.OTHER, ago=60)
        jobs = self.wanted(amazon, NEWEST, self.OTHER)
        assert (jobs.result(NEWEST).job_id, jobs.result(self.OTHER).job_id) == ("x", "y")
        assert amazon.created == []

    def test_after_some_wrong_guesses_no_more_are_made(self, amazon: FakeAmazon) -> None:
        requests = [sales(4 + 15 * number) for number in range(12)]
        for number, request in enumerate(requests):
            amazon.made_by_others(f"x{number}", replace(request, options=self.OTHER.options))
        jobs = engine(amazon)
        jobs.plan(planned(*requests[:1], adoptable=True))
        jobs.result(requests[0])
        jobs.plan(planned(*requests, adoptable=True))
        assert [jobs.result(request).outcome for request in requests] == [Outcome.LOADED] * 12
        assert amazon.created == requests
        assert len(amazon.fetched) < 2 * len(requests)

    def test_one_that_could_not_be_read_is_never_guessed_again(self, amazon: FakeAmazon) -> None:
        amazon.made_by_others("x", NEWEST)
        jobs = self.wanted(amazon, NEWEST)
        jobs.mark_unreadable("x")
        again = engine(amazon)
        again.plan(planned(NEWEST, adoptable=True), unreadable=jobs.unreadable)
        assert again.result(NEWEST).job_id != "x"
        amazon.clock.advance(91 * 86_400)
        assert jobs.unreadable == {}

    def test_a_refused_listing_of_several_types_is_repeated_one_by_one(self, amazon: FakeAmazon) -> None:
        traffic = replace(NEWEST, report_type="GET_VENDOR_TRAFFIC_REPORT")
        amazon.made_by_others("x", traffic)
        amazon.list_errors = [AccessDeniedError("Unauthorized")]
        jobs = self.wanted(amazon, NEWEST, traffic)
        assert [len(types) for types, _ in amazon.listings] == [2, 1, 1]
        assert jobs.result(traffic).job_id == "x"
        assert amazon.created == [NEWEST]

    def test_a_listing_that_is_out_of_order_is_not_asked_for_each_type(self, amazon: FakeAmazon) -> None:
        traffic = replace(NEWEST, report_type="GET_VENDOR_TRAFFIC_REPORT")
        amazon.list_errors = [UnavailableError("getReports still failed")] * 9
        self.wanted(amazon, NEWEST, traffic)
        assert len(amazon.listings) == 1
        assert len(amazon.created) == 2

    def test_without_a_token_for_the_listing_reports_are_asked_for(self, amazon: FakeAmazon) -> None:
        amazon.made_by_others("x", NEWEST)
        amazon.list_bucket.empty()
        self.wanted(amazon, NEWEST)
        assert (amazon.listings, amazon.created) == ([], [NEWEST])

    def test_an_account_without_a_token_of_its_own_ends_at_the_listing(self, amazon: FakeAmazon) -> None:
        amazon.list_errors = [CredentialsError("revoked")]
        jobs = self.wanted(amazon, NEWEST, OLDER)
        assert [jobs.result(request).reason for request in (NEWEST, OLDER)] == ["revoked", "revoked"]
        assert amazon.created == []

    def test_guesses_need_their_part_of_max_reports(self, amazon: FakeAmazon) -> None:
        amazon.made_by_others("x", self.OTHER)
        jobs = engine(amazon, max_jobs=1)
        jobs.plan([*planned(NEWEST, adoptable=True), *planned(OLDER)])
        outcomes = [jobs.result(request).outcome for request in (NEWEST, OLDER)]
        assert outcomes == [Outcome.LOADED, Outcome.LATER]
        assert amazon.created == [NEWEST]

    def test_one_of_a_killed_run_that_became_nothing_is_asked_for_like_a_new_one(self, amazon: FakeAmazon) -> None:
        amazon.made_by_others("x", NEWEST, ago=60, seconds=90)
        entry = PendingJob(NEWEST, None, amazon.clock() - timedelta(minutes=1))
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST), [entry])
        status = amazon.status

        def fatal(report_id: str) -> JobStatus:
            return JobStatus(Processing.FATAL) if report_id == "x" else status(report_id)

        amazon.status = fatal  # type: ignore[method-assign]
        amazon.fates[NEWEST] = [Fate(empty=True)]
        jobs.result(NEWEST)
        # Once, and once more because "no rows" of young days is doubtful.
        assert amazon.created == [NEWEST, NEWEST]


class TestSpool:
    def test_no_more_documents_are_fetched_than_the_disk_is_to_hold(self, amazon: FakeAmazon) -> None:
        amazon.size = 100
        requests = [sales(4 + 15 * number, program=program) for program in "ABC" for number in range(4)]
        jobs = engine(amazon, spool_bytes=250)
        jobs.plan(planned(*requests))
        # The oldest of each is there first, and can't be read before the newest.
        for number, request in enumerate(requests):
            amazon.fates[request] = [Fate(seconds=400 - 100 * (number % 4))]
        most = held = 0
        while finished := jobs.next_finished():
            held += 1
            most = max(most, held)
            if finished.window == NEWEST.window:
                for other in requests:
                    if other.partition == finished.partition:
                        jobs.result(other)
                        jobs.release(other, "s", read=True)
                held = 0
        # Three, and of each partition the one that is read next.
        assert most <= 6
        assert len(amazon.fetched) == len(requests)

    def test_a_full_disk_does_not_hold_up_the_one_that_is_read_next(self, amazon: FakeAmazon) -> None:
        amazon.size = 1000
        amazon.fates[NEWEST] = [Fate(seconds=900)]
        jobs = engine(amazon, spool_bytes=1)
        jobs.plan(planned(NEWEST, OLDER, OLDEST))
        assert [jobs.next_finished(), jobs.next_finished()] == [OLDER, NEWEST]
        assert amazon.fetched == ["d-r1", "d-r0"]
        for request in (NEWEST, OLDER):
            jobs.release(request, "s", read=True)
        assert jobs.next_finished() == OLDEST

    def test_a_full_disk_and_a_budget_do_not_wait_for_each_other(self, amazon: FakeAmazon) -> None:
        # The newest waits for the budget, the budget for a guess, and the guess for the disk.
        amazon.size = 1000
        other = sales(4, program="FRESH")
        amazon.made_by_others("x", OLDER)
        jobs = engine(amazon, spool_bytes=1, max_jobs=2)
        jobs.plan([*planned(other), *planned(NEWEST), *planned(OLDER, adoptable=True)])
        amazon.fates[other] = [Fate(seconds=0)]
        for _ in range(3):
            jobs.next_finished()
        assert jobs.result(OLDER).job_id == "x"
        assert amazon.created == [other, NEWEST]


class TestOwnQuota:
    """Some report types have a limit of their own that no usage plan shows."""

    SLOW = replace(NEWEST, report_type="SLOW")
    SLOWER = replace(OLDER, report_type="SLOW")

    @pytest.fixture
    def amazon(self, clock: FakeClock) -> FakeAmazon:
        amazon = FakeAmazon(clock)
        amazon.own = {"SLOW": Bucket(Operation("slow", "POST", "", 1 / 900, 1), clock)}
        return amazon

    def test_others_are_not_held_up(self, amazon: FakeAmazon) -> None:
        jobs = engine(amazon)
        jobs.plan(planned(self.SLOW, self.SLOWER, NEWEST, OLDER))
        begin = amazon.clock()
        jobs.result(OLDER)
        assert (amazon.clock() - begin).total_seconds() < 100
        jobs.result(self.SLOWER)
        assert (amazon.clock() - begin).total_seconds() >= 900
        assert amazon.created == [self.SLOW, NEWEST, OLDER, self.SLOWER]

    def test_what_is_hours_away_is_left_for_later(self, amazon: FakeAmazon) -> None:
        amazon.own = {"SLOW": Bucket(Operation("slow", "POST", "", 1 / 14_400, 1), amazon.clock)}
        jobs = engine(amazon)
        jobs.plan(planned(self.SLOW, self.SLOWER))
        result = jobs.result(self.SLOWER)
        assert result.outcome is Outcome.LATER
        assert "next report of this type in 4 hours" in str(result.reason)
        assert amazon.created == [self.SLOW]

    def test_the_estimate_knows_it(self, amazon: FakeAmazon) -> None:
        jobs = engine(amazon)
        jobs.plan(planned(self.SLOW, self.SLOWER, NEWEST))
        assert 900 <= jobs.progress().seconds <= 1000


def test_a_pause_before_a_new_try_does_not_hold_up_others(amazon: FakeAmazon) -> None:
    amazon.fates[NEWEST] = [Fate(Processing.FATAL, seconds=0), Fate()]
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST))
    while not amazon.polls:
        task = jobs.next_task()
        jobs.save() if task == float("inf") else amazon.clock.sleep(task) if isinstance(task, float) else task()
    jobs.plan(planned(OLDER, OLDEST))
    jobs.result(OLDEST)
    assert amazon.created == [NEWEST, OLDER, OLDEST]
    jobs.result(NEWEST)
    assert amazon.created[-1] == NEWEST


class TestPolls:
    def test_looks_begin_at_what_the_report_type_usually_takes(self, amazon: FakeAmazon) -> None:
        requests = [sales(4 + 15 * number) for number in range(60)]
        rng = random.Random(1)
        for request in requests:
            amazon.fates[request] = [Fate(seconds=rng.uniform(20, 200))]
        jobs = engine(amazon)
        jobs.plan(planned(*requests))
        for request in requests:
            jobs.result(request)
        known = Counter(amazon.polls[len(amazon.polls) // 3 :])
        assert sum(known.values()) / len(known) <= 7

    def test_what_a_type_usually_takes_is_what_it_took_of_late(self, amazon: FakeAmazon) -> None:
        requests = [sales(4 + 15 * number) for number in range(80)]
        for number, request in enumerate(requests):
            amazon.fates[request] = [Fate(seconds=300 if number < 40 else 10)]
        jobs = engine(amazon)
        jobs.plan(planned(*requests))
        for request in requests:
            jobs.result(request)
        # Whoever still believes in 300 seconds does not look after 10.
        fetched_at = jobs.result(requests[-1]).processed_at
        assert fetched_at
        assert jobs.progress().open == 0

    def test_what_is_ready_at_once_is_read_soon_though_another_one_took_long(self, amazon: FakeAmazon) -> None:
        amazon.fates[NEWEST] = [Fate(seconds=600)]
        for request in (OLDER, OLDEST):
            amazon.fates[request] = [Fate(seconds=1)]
        jobs = engine(amazon)
        jobs.plan(planned(NEWEST))
        jobs.result(NEWEST)
        jobs.plan(planned(OLDER, OLDEST))
        begin = amazon.clock()
        for request in (OLDER, OLDEST):
            jobs.result(request)
        assert (amazon.clock() - begin).total_seconds() < 5

    def test_a_report_that_is_asked_for_once_more_takes_its_time_anew(self, amazon: FakeAmazon) -> None:
        jobs = engine(amazon)
        jobs.plan(planned(OLDER))
        jobs.result(OLDER)
        amazon.fates[NEWEST] = [Fate(Processing.FATAL), Fate()]
        jobs.plan(planned(NEWEST))
        begin = amazon.clock()
        jobs.result(NEWEST)
        assert (amazon.clock() - begin).total_seconds() < 30 + RETRY_PAUSE + 30 + 10


class TestAnnounced:
    def test_a_full_bucket_costs_one_save_before_and_one_after(self, amazon: FakeAmazon) -> None:
        saves: list[int] = []
        requests = [sales(4 + 15 * number) for number in range(15)]
        jobs = engine(amazon, save=lambda: saves.append(len(amazon.created)))
        jobs.plan(planned(*requests))
        while len(amazon.created) < len(requests):
            task = jobs.next_task()
            jobs.save() if task == float("inf") else t.cast("t.Any", task)()
        assert saves == [0]

    def test_only_what_may_be_asked_for_is_announced(self, amazon: FakeAmazon) -> None:
        announced: list[int] = []
        requests = [sales(4 + 15 * number) for number in range(15)]
        jobs: Engine = engine(amazon, max_jobs=3, save=lambda: announced.append(len(jobs.pending())))
        jobs.plan(planned(*requests))
        jobs.result(NEWEST)
        assert max(announced) == 3

    def test_what_went_back_while_it_was_saved_is_announced_anew(self, amazon: FakeAmazon) -> None:
        jobs: Engine = engine(amazon, save=lambda: jobs._registry.apply(jobs._registry.jobs[NEWEST], Restart()))
        jobs.plan(planned(NEWEST))
        assert jobs.next_task() == float("inf")
        jobs.save()
        assert jobs._registry.jobs[NEWEST].state is State.PLANNED


class TestProgress:
    def test_it_counts_reports_and_estimates_the_end_by_the_quota(self, amazon: FakeAmazon) -> None:
        requests = [sales(4 + 15 * number) for number in range(75)]
        jobs = engine(amazon)
        jobs.plan(planned(*requests))
        progress = jobs.progress()
        assert (progress.total, progress.open) == (75, 75)
        assert progress.services[0].to_ask == 75
        assert 60 * 60 <= progress.seconds <= 60 * 62
        jobs.result(NEWEST)
        progress = jobs.progress()
        account = progress.services[0]
        assert (progress.open, account.to_ask, account.at_amazon + account.to_fetch) == (74, 60, 14)
        while jobs.next_finished():
            pass
        assert (jobs.progress().open, jobs.progress().seconds) == (0, 0)

    def test_the_estimate_ends_with_max_reports(self, amazon: FakeAmazon) -> None:
        jobs = engine(amazon, max_jobs=15)
        jobs.plan(planned(*(sales(4 + 15 * number) for number in range(75))))
        assert jobs.progress().seconds < 120

    def test_the_estimate_is_near_what_it_takes(self, amazon: FakeAmazon) -> None:
        jobs = engine(amazon)
        jobs.plan(planned(*(sales(4 + 15 * number) for number in range(40))))
        estimated, begin = jobs.progress().seconds, amazon.clock()
        while jobs.next_finished():
            pass
        assert estimated == pytest.approx((amazon.clock() - begin).total_seconds(), rel=0.1)

    def test_it_is_told_while_rows_are_written(self, amazon: FakeAmazon) -> None:
        told: list[object] = []
        jobs = engine(amazon, on_progress=lambda progress: told.append(progress()))
        jobs.plan(planned(NEWEST))
        jobs.save()
        assert len(told) == 1


class TestQueue:
    def test_windows_of_an_unproven_partition_do_not_wait_in_the_queue_one_after_the_other(
        self, amazon: FakeAmazon
    ) -> None:
        requests = [sales(4 + 15 * number) for number in range(6)]
        for request in requests:
            amazon.fates[request] = [Fate(seconds=100_000)]
        jobs = engine(amazon)
        jobs.plan(planned(*requests, known_available=False))
        begin = amazon.clock()
        assert [jobs.result(request).outcome for request in requests] == [Outcome.LATER] * 6
        assert (amazon.clock() - begin).total_seconds() <= 2 * 3700
        assert len(jobs.pending()) == len(requests)

    def test_an_unpublished_window_does_not_keep_the_older_ones(self, amazon: FakeAmazon) -> None:
        newest = sales(4, 1)
        amazon.fates[newest] = [Fate(Processing.FATAL, text=NOT_YET)]
        jobs = engine(amazon)
        jobs.plan(planned(newest, OLDER, known_available=False))
        assert [jobs.result(each).outcome for each in (newest, OLDER)] == [Outcome.LATER, Outcome.LOADED]


FATES = st.sampled_from(
    [
        Fate(),
        Fate(seconds=0),
        Fate(seconds=900),
        Fate(seconds=5000),
        Fate(Processing.FATAL),
        Fate(Processing.FATAL, text=NOT_YET),
        Fate(Processing.CANCELLED),
        Fate(empty=True),
        Fate(specification={"reportType": "OTHER"}),
    ]
)
TROUBLES = st.lists(st.sampled_from([None, None, None, UnansweredError("reset")]), max_size=4)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fates=st.lists(st.lists(FATES, min_size=1, max_size=3), min_size=5, max_size=5),
    troubles=TROUBLES,
    crashes=st.lists(st.integers(1, 40), max_size=4),
    known_available=st.booleans(),
    seed=st.integers(0, 9),
)
def test_whatever_happens_every_window_is_read_once_or_said_to_be_late(
    clock: FakeClock,
    fates: list[list[Fate]],
    troubles: list[AmazonError | None],
    crashes: list[int],
    seed: int,
    *,
    known_available: bool,
) -> None:
    """Schedules of statuses, delays, lost answers and crashes; after each crash the last state."""
    requests = [sales(4 + 15 * number) for number in range(5)]
    # In the end Amazon recovers: the last fate of each report is a good one.
    amazon = FakeAmazon(
        clock,
        {request: [*fate, Fate(seconds=10)] for request, fate in zip(requests, fates, strict=True)},
        create_errors=list(troubles),
    )
    random.Random(seed).shuffle(crashes)
    state: list[PendingJob] = []
    read: dict[ReportRequest, int] = dict.fromkeys(requests, 0)
    for steps in [*crashes, 0, 0, 0, 0, 0, 0, 0, 0]:
        left = [request for request in requests if not read[request]]
        jobs = engine(amazon)
        jobs.plan(planned(*left, known_available=known_available), state)
        sleeps = 0

        def sleep(seconds: float, steps: int = steps) -> None:
            nonlocal sleeps
            sleeps += 1
            if sleeps == steps:
                raise KeyboardInterrupt
            clock.advance(seconds)

        jobs._sleep = sleep
        try:
            for request in left:
                result = jobs.result(request)
                good = result.outcome in {Outcome.LOADED, Outcome.EMPTY}
                read[request] += good and result.request == request
                assert result.reason or result.outcome is Outcome.LOADED
                jobs.release(request, "s", read=good)
        except KeyboardInterrupt:
            pass
        state = jobs.pending()
        clock.advance(3600)
    assert set(read.values()) == {1}
    # A shortened report that a crash left behind may linger for a day; none that was read does.
    assert not [entry for entry in state if entry.request in requests]
