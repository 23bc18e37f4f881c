"""What follows from an answer by Amazon: pure decisions about one job."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.engine.decisions import Fetch, Finish, PollAgain, Restart, Retry, Shorten, Split, TurnPage, Weigh
from tap_amazon_vendor.engine.hearings import NO_DATA
from tap_amazon_vendor.engine.model import Processing
from tap_amazon_vendor.errors import (
    DocumentError,
    MalformedAnswerError,
    NotFoundError,
    TapFaultError,
    ThrottledError,
    UnavailableError,
)
from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from datetime import date, datetime

    from tap_amazon_vendor.engine.decisions import Decision
    from tap_amazon_vendor.engine.job import Job
    from tap_amazon_vendor.engine.model import JobStatus
    from tap_amazon_vendor.engine.ports import Document
    from tap_amazon_vendor.errors import AmazonError
    from tap_amazon_vendor.outcomes import Verdict


def still_running(job: Job, processing: Processing, *, now: datetime, pause: float, wait_seconds: float) -> Decision:
    """Decide about a job that Amazon is still working on.

    Args:
        job: The job.
        processing: Amazon's status.
        now: The current time.
        pause: Seconds to the next poll.
        wait_seconds: How long a run waits for one job.
    """
    if job.request.job_id:
        # Amazon makes it by itself, and has had more than a day: waiting would hold up the run.
        reason = f"Amazon has been working on the report for more than a day: its status is {processing.value}"
        return Finish(Outcome.LATER, reason, advice="The next run checks again", doubtful=True)
    waited = (now - t.cast("datetime", job.waiting_since)).total_seconds()
    if waited < wait_seconds:
        return PollAgain(min(pause, wait_seconds - waited))
    reason = f"{processing.value} for {waited / 60:.0f} minutes"
    advice = "The next run continues with the report"
    # An earlier run has waited as long.
    return Finish(Outcome.LATER, reason, advice=advice, unsettled=True, doubtful=job.resumed)


def after_processing(job: Job, status: JobStatus, *, now: datetime, refreshed_recently: bool) -> Decision:
    """Decide about a job that Amazon has finished.

    Args:
        job: The job.
        status: Amazon's answer.
        now: The current time.
        refreshed_recently: Amazon made no job because it had made another one shortly before.
    """
    if status.document_id and status.processing is not Processing.CANCELLED:
        return Fetch()
    if job.guessed:
        return Restart()
    if refreshed_recently:
        return _too_recent(job, now)
    if said := job.request.judge_end(status.processing):
        return _without_document(job, status, *said)
    return after_failure(job, None, now.date())


def _too_recent(job: Job, now: datetime) -> Decision:
    """Decide about a job that Amazon refuses to make, because it has made the same one within `refresh_interval`.

    Amazon's last answer of this run counts. If an earlier run requested the job and the interval is over by now, the
    job is created again.
    """
    if not job.attempts and now - t.cast("datetime", job.asked_at) >= job.request.refresh_interval:
        return Restart()
    for reason, verdict in reversed(job.heard.items()):
        if verdict:
            return Weigh(reason, verdict, refresh_refused=True)
    return Finish(Outcome.LATER, "Amazon has made this report too recently", advice="The next run asks again")


def _without_document(job: Job, status: JobStatus, reason: str, verdict: Verdict) -> Decision:
    """Decide about a job that ended without a document, and not with an error."""
    if status.next_page is not None:
        return retry_or_fail(job, "a page has no document, though another page follows it")
    if verdict.no_data and job.pages:
        return Finish(Outcome.LOADED, job.shortened_because)
    return Weigh(reason, verdict)


def after_failure(job: Job, text: str | None, today: date) -> Decision:
    """Decide about a job that Amazon ended with an error.

    Args:
        job: The job.
        text: Amazon's text, None if it gave none.
        today: The current UTC day.
    """
    verdict = job.request.judge_failure(text, today=today, known_available=job.planned.known_available)
    reason = text or "FATAL without a reason"
    if verdict.too_wide and (halves := job.request.halve()):
        return Split(halves, reason)
    if verdict.shorten and (shorter := job.request.shorten()) is not None:
        # One unpublished day fails the whole range: the days before it must not be lost.
        return Shorten(shorter, reason)
    return Weigh(reason, verdict)


def after_document(job: Job, status: JobStatus, document: Document, *, today: date) -> tuple[Decision, bool]:
    """Decide about a fetched document.

    Args:
        job: Its job.
        status: Amazon's last answer about the job.
        document: The document.
        today: The current UTC day.

    Returns:
        The decision, and whether the document is kept for the readers.
    """
    if document.error or status.processing is Processing.FATAL:
        return after_failure(job, document.error, today), False
    if contradiction := job.request.mismatch(document.specification):
        return retry_or_fail(job, f"the report's document is not what was requested: {contradiction}"), False
    if status.next_page is not None:
        odd = "its pages go in a circle" if status.next_page in job.pages_named else None
        if document.empty:
            odd = "a page has no rows, though another page follows it"
        return (retry_or_fail(job, odd), False) if odd else (TurnPage(document, status.next_page), True)
    if document.empty and not job.pages:
        return Weigh("the report has no rows", NO_DATA), False
    return Finish(Outcome.LOADED, job.shortened_because, document=document), True


def after_error(job: Job, error: AmazonError) -> Decision:
    """Decide about a call that failed."""
    if isinstance(error, (NotFoundError, DocumentError)):
        # Older than Amazon keeps jobs, another account's, or damaged in every download: a new job is better.
        return retry_or_fail(job, str(error))
    if isinstance(error, MalformedAnswerError) and job.resumed:
        # An earlier run could not read what Amazon says of it either.
        return retry_or_fail(job, str(error))
    if isinstance(error, UnavailableError):
        postponed = isinstance(error, ThrottledError)
        return unanswered(str(error), error, postponed=postponed, unsettled=True)
    verdict = job.request.judge_refusal(error)
    if verdict.retry and error.text not in job.heard:
        return Weigh(error.text, verdict)
    return Finish(
        verdict.outcome,
        str(error),
        advice=verdict.advice,
        error=error,
        whole=verdict.whole,
        lasting=verdict.lasting,
    )


def unanswered(reason: str, error: AmazonError | None = None, *, postponed: bool, unsettled: bool) -> Finish:
    """Return the end of a job whose call Amazon does not answer.

    Args:
        reason: What is known of it.
        error: The call that failed, None if it was not tried any more.
        postponed: Amazon only has no time for it: that is for a later run, with a warning.
        unsettled: The next run looks at it again.
    """
    outcome = Outcome.LATER if postponed else Outcome.FAILED
    advice = "The next run tries again"
    return Finish(outcome, reason, advice=advice, error=error, unsettled=unsettled, doubtful=postponed)


def after_fault(job: Job, error: Exception) -> Decision:
    """Decide about a job that an unexpected error ended: it must not end the others."""
    return Finish(Outcome.FAILED, str(TapFaultError.of(error, job.request)), unsettled=job.exists)


def retry_or_fail(job: Job, reason: str) -> Decision:
    """Decide to create a job once more, at once; the second time it fails."""
    if job.guessed:
        return Restart()
    return Finish(Outcome.FAILED, reason) if job.failures else Retry(reason, 0)
