"""What follows from an answer: decisions about one job, without a call."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_engine import NOT_YET, NOW, TODAY, Fate
from test_queue import job

from tap_amazon_vendor.documents.files import Document
from tap_amazon_vendor.engine.answers import (
    after_document,
    after_error,
    after_failure,
    after_fault,
    after_processing,
    still_running,
)
from tap_amazon_vendor.engine.decisions import Fetch, Finish, PollAgain, Restart, Retry, Shorten, Weigh
from tap_amazon_vendor.engine.hearings import NO_DATA
from tap_amazon_vendor.engine.model import JobStatus, Processing
from tap_amazon_vendor.errors import (
    REPORT_IT,
    AccessDeniedError,
    AmazonError,
    DocumentError,
    NotFoundError,
    UnavailableError,
)
from tap_amazon_vendor.outcomes import Outcome

if TYPE_CHECKING:
    from tap_amazon_vendor.engine.job import Job

DONE = JobStatus(Processing.DONE, "d1")


def tried_before() -> Job:
    found = job(1)
    found.failures = 1
    return found


def test_a_job_in_the_queue_is_polled_until_the_run_has_waited_long_enough() -> None:
    waiting = job(1)
    waiting.waiting_since = NOW - timedelta(minutes=59)
    about = {"now": NOW, "pause": 30.0, "wait_seconds": 3600.0}
    assert still_running(waiting, Processing.IN_QUEUE, **about) == PollAgain(30)  # type: ignore[arg-type]
    waiting.waiting_since = NOW - timedelta(minutes=60)
    end = still_running(waiting, Processing.IN_QUEUE, **about)  # type: ignore[arg-type]
    assert isinstance(end, Finish)
    assert (end.outcome, end.unsettled) == (Outcome.LATER, True)


def test_a_finished_job_is_fetched_and_an_adopted_one_without_a_document_given_up() -> None:
    about = {"now": NOW, "refreshed_recently": False}
    assert after_processing(job(1), DONE, **about) == Fetch()  # type: ignore[arg-type]
    guessed = job(1)
    guessed.guessed = True
    assert after_processing(guessed, JobStatus(Processing.CANCELLED), **about) == Restart()  # type: ignore[arg-type]


def test_what_brings_no_rows_is_weighed() -> None:
    status, empty = JobStatus(Processing.CANCELLED), Document(Path("x"), 1, None, None, empty=True)
    cancelled = after_processing(job(1), status, now=NOW, refreshed_recently=False)
    without_rows, kept = after_document(job(1), DONE, empty, today=TODAY)
    failed = after_failure(job(1), None, TODAY)
    assert not kept
    for decision, outcome in ((cancelled, Outcome.EMPTY), (without_rows, Outcome.EMPTY), (failed, Outcome.LATER)):
        assert isinstance(decision, Weigh)
        assert decision.verdict.outcome is outcome


def test_what_amazon_does_not_make_again_so_soon_ends_as_it_said_before_in_this_run() -> None:
    about = {"now": NOW, "refreshed_recently": True}
    first, second = job(1), job(1)
    first.attempts = second.attempts = 1
    too_soon = after_processing(first, JobStatus(Processing.CANCELLED), **about)  # type: ignore[arg-type]
    assert isinstance(too_soon, Finish)
    assert "too recently" in str(too_soon.reason)
    second.heard = {"a document that breaks off": None, "the report has no rows": NO_DATA}
    weighed = after_processing(second, JobStatus(Processing.CANCELLED), **about)  # type: ignore[arg-type]
    assert weighed == Weigh("the report has no rows", NO_DATA, refresh_refused=True)


@pytest.mark.parametrize(("hours", "again"), [(3.9, False), (4, True), (24, True)])
def test_what_an_earlier_run_asked_for_too_soon_is_asked_for_again_once_it_is_time(
    hours: float, *, again: bool
) -> None:
    asked = job(1)
    asked.request = replace(asked.request, policy=replace(asked.request.policy, refresh_interval=timedelta(hours=4)))
    asked.resumed, asked.asked_at = True, NOW - timedelta(hours=hours)
    decision = after_processing(asked, JobStatus(Processing.CANCELLED), now=NOW, refreshed_recently=True)
    assert (decision == Restart()) is again
    assert again or (isinstance(decision, Finish) and decision.outcome is Outcome.LATER)


def test_an_unexpected_error_fails_its_job_and_names_its_type() -> None:
    decision = after_fault(job(1), ZeroDivisionError("secret"))
    assert isinstance(decision, Finish)
    assert decision.outcome is Outcome.FAILED
    assert decision.reason == f"an unexpected ZeroDivisionError. {REPORT_IT}"


def test_an_unpublished_day_shortens_the_window() -> None:
    decision = after_failure(job(1), NOT_YET, TODAY)
    assert isinstance(decision, Shorten)
    assert decision.request.window.end < job(1).request.window.end


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NotFoundError("gone"), Outcome.FAILED),
        (DocumentError("damaged"), Outcome.FAILED),
        (UnavailableError("HTTP 500"), Outcome.FAILED),
        (AccessDeniedError("Access to the resource is forbidden"), Outcome.SKIPPED),
    ],
)
def test_an_error_that_does_not_pass_is_the_result(error: AmazonError, outcome: Outcome) -> None:
    decision = after_error(tried_before(), error)
    assert isinstance(decision, Finish)
    assert decision.outcome is outcome
    assert error.text in str(decision.reason)


def test_a_document_of_another_request_is_never_kept() -> None:
    document = Document(Path("x"), 1, Fate().text, {"reportType": "OTHER"}, empty=False)
    decision, kept = after_document(job(1), DONE, document, today=TODAY)
    assert isinstance(decision, Retry)
    assert not kept
