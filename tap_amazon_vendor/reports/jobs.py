"""The report jobs: ask, poll, fetch, judge, and hand out in the order that is wanted.

Amazon works on many reports at once, but lets an account ask for one a minute after the first
fifteen (API.md section 6). So everything is planned before the first call and asked for ahead,
as far as the quota goes, while the caller waits for the first result.

Knows nothing of Singer, HTTP or schemas. Clock and sleep are handed in. Everything happens in
the caller's thread, inside `ReportJobs.result`.
"""

from __future__ import annotations

import logging
import math
import typing as t
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from tap_amazon_vendor.errors import (
    AmazonError,
    CredentialsError,
    DocumentError,
    LoginUnavailableError,
    NotFoundError,
    UnansweredError,
    UnavailableError,
)
from tap_amazon_vendor.reports.outcomes import Outcome, Processing, judge_fatal, judge_refusal
from tap_amazon_vendor.reports.request import ReportRequest

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_amazon_vendor.reports.api import ReportStatus
    from tap_amazon_vendor.reports.documents import Document
    from tap_amazon_vendor.reports.request import ReportPartition

logger = logging.getLogger("tap-amazon-vendor.reports")

#: Seconds to the first look at a report, growth of the pause between two looks, longest pause.
#: A look is late by at most a quarter of the time that the report took.
FIRST_POLL, POLL_GROWTH, LONGEST_POLL = 1.0, 1.25, 30.0

#: Seconds before a report that failed without a known reason is asked for again.
RETRY_PAUSE = 60.0

#: Times that one window may be asked for because Amazon failed or cancelled it for no good reason.
MAX_ATTEMPTS = 2

#: Days after which Amazon has forgotten a report (90, REPORTS.md 0.1), with a margin.
KEPT_DAYS = 85

#: Days for which a report that no run wanted any more is remembered.
UNCLAIMED_DAYS = 3

#: Pauses shorter than this many seconds are not worth a log line.
QUIET_PAUSE = 5.0


class ReportsApi(t.Protocol):
    """What the engine needs of an account's Reports API."""

    def create_delay(self) -> float:
        """Return the seconds until a report may be asked for."""

    def status_delay(self) -> float:
        """Return the seconds until a status may be asked for."""

    def document_delay(self) -> float:
        """Return the seconds until a document may be fetched."""

    def create(self, request: ReportRequest) -> str:
        """Ask for a report; return its id."""

    def find(self, request: ReportRequest, since: datetime) -> list[str]:
        """List the ids of reports that may answer a request, newest first."""

    def status(self, report_id: str) -> ReportStatus:
        """Ask how far a report is."""

    def document(self, document_id: str) -> Document:
        """Fetch a document to disk."""


@dataclass(frozen=True)
class PlannedReport:
    """A report that this run wants.

    Attributes:
        request: What to ask for.
        readers: Names of the streams that will read it; its document is kept for all of them.
        delivered: The account has had this report with these options before. Where not, one
            window is tried before the others are asked for.
        settled: Amazon no longer restates these days, so that an old report is as good as new.
        again: All of it is complete, and only figures may be others: asked for last.
    """

    request: ReportRequest
    readers: frozenset[str]
    delivered: bool
    settled: bool = False
    again: bool = False


@dataclass(frozen=True)
class ReportResult:
    """What became of a report.

    Attributes:
        outcome: `Outcome.LOADED` where there is a document; its rows are still to be read.
        asked: The request as it was last sent: its window may be shorter than what was wanted.
        reason: Amazon's text, or ours, for any outcome but `Outcome.LOADED`; for a shortened
            window the reason for that.
        advice: What a person can do about it.
        halves: The request in two parts, older first, where Amazon finds it too wide: plan and ask for those instead.
        document: The rows.
        report_id: Amazon's id.
        attempts: Calls of createReport that it took, 0 where an earlier run's report was used.
        asked_at: When it was first asked for.
        processed_at: When Amazon had finished it, ISO 8601.
    """

    outcome: Outcome
    asked: ReportRequest
    reason: str | None = None
    advice: str = ""
    halves: tuple[ReportRequest, ReportRequest] | None = None
    document: Document | None = None
    report_id: str | None = None
    attempts: int = 0
    asked_at: datetime | None = None
    processed_at: str | None = None

    @property
    def words(self) -> str:
        """Reason and advice in one line."""
        return ". ".join(words for words in (self.reason, self.advice) if words)


class _Step(Enum):
    CREATE = auto()
    POLL = auto()
    FETCH = auto()
    DONE = auto()


@dataclass
class _Job:
    """A planned report and how far it is."""

    planned: PlannedReport
    asking: ReportRequest
    #: Who wants it still, and who has not read it yet: a reader that gave up is in the latter.
    readers: set[str]
    unread: set[str]
    step: _Step = _Step.CREATE
    report_id: str | None = None
    asked_at: datetime | None = None
    #: createReport is on its way.
    calling: bool = False
    not_before: datetime | None = None
    waiting_since: datetime | None = None
    poll_pause: float = FIRST_POLL
    attempts: int = 0
    failures: int = 0
    status: ReportStatus | None = None
    reason: str | None = None
    result: ReportResult | None = None
    #: The result is not the last word on the report: the next run looks at it again.
    kept: bool = False


class ReportJobs:
    """All reports of a run."""

    def __init__(  # noqa: PLR0913  # each is one fact that the engine can't know by itself
        self,
        apis: Mapping[str, ReportsApi],
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        wait_seconds: float,
        max_reports: int | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Start without reports.

        Args:
            apis: The Reports API of each account, by its label.
            clock: Returns the current time, aware.
            sleep: Waits the given seconds.
            wait_seconds: How long to wait for one report before it is left for the next run.
            max_reports: Most createReport calls, None for no limit.
            changed: Called whenever a report has been asked for, so that its id can be written down.
        """
        self._apis = apis
        self._clock = clock
        self._sleep = sleep
        self._wait = wait_seconds
        self._budget = math.inf if max_reports is None else max_reports
        self._changed = changed
        self._jobs: dict[ReportRequest, _Job] = {}
        #: The jobs that are not done, and the jobs of each partition, both in the order of the plan.
        self._open: dict[ReportRequest, _Job] = {}
        self._partitions: dict[ReportPartition, list[_Job]] = {}
        #: Reports that an earlier run asked for: id, None where it ended before it knew, and when.
        self._known: dict[ReportRequest, tuple[str | None, datetime]] = {}
        self._refused: dict[str, AmazonError] = {}
        #: Widest window that Amazon did not find too wide, by account and report type.
        self._widest: dict[tuple[str, str], timedelta] = {}

    def plan(self, reports: Iterable[PlannedReport], pending: Iterable[Mapping[str, t.Any]] = ()) -> None:
        """Say what the run wants, in the order in which to ask for it.

        Args:
            reports: Every report of the run.
            pending: What `pending` was at the end of an earlier run: reports that were asked for
                and not read are taken up instead of being asked for again.
        """
        for planned in reports:
            if planned.request in self._jobs:
                continue
            job = _Job(planned, planned.request, set(planned.readers), set(planned.readers))
            self._jobs[planned.request] = self._open[planned.request] = job
            self._partitions.setdefault(planned.request.partition, []).append(job)
        for entry in pending:
            self._note(entry)

    def _note(self, entry: Mapping[str, t.Any]) -> None:
        """Note a report that an earlier run asked for."""
        try:
            request = ReportRequest.from_state(entry)
            self._known[request] = (entry["report_id"] or None, datetime.fromisoformat(entry["asked_at"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            logger.warning("Ignoring a report in the state that can't be read")

    def planned(self, request: ReportRequest) -> PlannedReport:
        """Return what was planned of a request."""
        return self._jobs[request].planned

    def wanted(self, request: ReportRequest) -> bool:
        """Say whether a result is there or is being waited for."""
        job = self._jobs[request]
        return bool(job.readers or job.result)

    def pending(self) -> list[dict[str, t.Any]]:
        """Return the reports that are asked for and not read by all their readers, as JSON."""
        unread = {
            job.asking: (job.report_id, job.asked_at)
            for job in self._jobs.values()
            if (job.report_id or job.calling)
            and job.asked_at
            and job.unread
            and (job.result is None or job.result.document or job.kept)
        }
        now = self._clock()
        unclaimed = {
            request: (report_id, asked_at)
            for request, (report_id, asked_at) in self._known.items()
            if now - asked_at <= timedelta(days=UNCLAIMED_DAYS)
        }
        return [
            {**request.to_state(), "report_id": report_id, "asked_at": asked_at.isoformat()}
            for request, (report_id, asked_at) in {**unclaimed, **unread}.items()
        ]

    def result(self, request: ReportRequest) -> ReportResult:
        """Wait for a report, working on all others meanwhile.

        Args:
            request: A planned request.

        Returns:
            What became of it.
        """
        job = self._jobs[request]
        while job.result is None:
            pause = self._work()
            if pause == math.inf:
                msg = f"nobody waits for {request}"
                raise RuntimeError(msg)
            if pause > QUIET_PAUSE:
                logger.info("%s; waiting %.0f s", self._progress(), pause)
            if pause > 0:
                self._sleep(pause)
        return job.result

    def release(self, request: ReportRequest, reader: str, *, read: bool) -> None:
        """Note that a reader is through with a report.

        What nobody wants any more is neither asked for nor kept on disk. What somebody has not
        read stays in `pending`, for the next run.

        Args:
            request: A planned request.
            reader: Name of the stream.
            read: Its rows are written. False where the reader gives up.
        """
        job = self._jobs[request]
        job.readers.discard(reader)
        if read:
            job.unread.discard(reader)
        if not job.readers:
            self._open.pop(request, None)
            if job.result and job.result.document:
                job.result.document.path.unlink(missing_ok=True)

    # What follows is one step at a time: `_work` does the first thing that can be done now.

    def _work(self) -> float:
        """Do one thing, and return the seconds until there is something to do: 0 for now."""
        soonest = math.inf
        for job in self._open.values():
            due = self._due(job)
            if due <= 0:
                self._act(job)
                return 0
            soonest = min(soonest, due)
        return soonest

    def _due(self, job: _Job) -> float:
        """Return the seconds until the next step of a job, infinity while it must not be made."""
        account = job.asking.account
        if account in self._refused:
            return 0
        api = self._apis[account]
        pause = (job.not_before - self._clock()).total_seconds() if job.not_before else 0.0
        if job.step is _Step.POLL:
            return max(pause, api.status_delay())
        if job.step is _Step.FETCH:
            return api.document_delay()
        if self._probing(job):
            return math.inf
        if self._budget <= 0 or job.asking in self._known or self._lacks(job):
            return 0
        return max(pause, api.create_delay())

    def _probing(self, job: _Job) -> bool:
        """Say whether an older sibling is still to show that the account has the partition.

        One window after the other is tried before the quota is spent on what may not exist.
        """
        if job.planned.delivered or self._lacks(job):
            return False
        siblings = self._partitions[job.asking.partition]
        if any(other.result and other.result.outcome.completes for other in siblings):
            return False
        return next(other for other in siblings if other.result is None and other.readers) is not job

    def _lacks(self, job: _Job) -> ReportResult | None:
        """Return the result that has shown that other windows of the partition need no try."""
        if job.planned.delivered:
            return None
        results = [other.result for other in self._partitions[job.asking.partition] if other.result]
        if any(result.outcome.completes for result in results):
            return None
        return next((result for result in results if result.outcome.ends_partition), None)

    def _act(self, job: _Job) -> None:
        """Make the next step of a job and turn whatever goes wrong into its result."""
        refused = self._refused.get(job.asking.account)
        if refused:
            self._refuse(job, refused)
            return
        try:
            {_Step.CREATE: self._create, _Step.POLL: self._poll, _Step.FETCH: self._fetch}[job.step](job)
        except (CredentialsError, LoginUnavailableError) as error:
            self._refused[job.asking.account] = error
            self._refuse(job, error)
        except (NotFoundError, DocumentError) as error:
            # Older than Amazon keeps reports, another account's, or damaged in every download:
            # a new report is better.
            self._again_or_failed(job, str(error))
        except UnavailableError as error:
            job.kept = True
            self._finish(job, Outcome.FAILED, str(error), advice="The next run tries again")
        except AmazonError as error:
            verdict = judge_refusal(error)
            self._finish(job, verdict.outcome, str(error), advice=verdict.advice)

    def _refuse(self, job: _Job, error: AmazonError) -> None:
        """End a job whose account gets no token; a report that it has at Amazon is for the next run."""
        job.kept = job.report_id is not None
        self._finish(job, Outcome.FAILED, str(error))

    def _create(self, job: _Job) -> None:
        lacks = self._lacks(job)
        if lacks:
            self._finish(job, lacks.outcome, lacks.reason, advice=lacks.advice)
            return
        if self._take_up(job):
            return
        widest = self._widest.get((job.asking.account, job.asking.report_type))
        if widest is not None and _width(job.asking) > widest:
            self._finish(job, Outcome.LATER, "wider than Amazon allows", halves=job.asking.halve())
            return
        if self._budget <= 0:
            self._finish(job, Outcome.LATER, "`max_reports` is reached")
            return
        self._budget -= 1
        now = self._clock()
        api = self._apis[job.asking.account]
        job.attempts += 1
        job.asked_at = job.asked_at or now
        # Written down before and after: no signal may find a report that only Amazon knows of.
        job.calling = True
        self._changed()
        try:
            job.report_id = api.create(job.asking)
        except UnansweredError as error:
            # It may have been asked for: look before asking again.
            job.report_id = self._find(job, now)
            if job.report_id is None:
                self._again_or_failed(job, str(error))
                return
        except Exception:
            job.calling = False
            raise
        job.calling = False
        self._wait_for(job)
        self._changed()
        logger.info("Asked for %s. %s", job.asking, self._progress())

    def _find(self, job: _Job, asked_at: datetime) -> str | None:
        """Look for a report that was asked for and whose id nobody knows."""
        known = {other.report_id for other in self._jobs.values()} | {
            report_id for report_id, _ in self._known.values()
        }
        # A minute of margin, because Amazon's clock is not ours.
        listed = self._apis[job.asking.account].find(job.asking, asked_at - timedelta(seconds=60))
        return next((report_id for report_id in listed if report_id not in known), None)

    def _wait_for(self, job: _Job) -> None:
        """Begin to poll a report."""
        job.step = _Step.POLL
        job.waiting_since = self._clock()
        job.poll_pause = FIRST_POLL
        job.not_before = job.waiting_since + timedelta(seconds=FIRST_POLL)

    def _poll(self, job: _Job) -> None:
        job.status = self._apis[job.asking.account].status(t.cast("str", job.report_id))
        processing = job.status.processing
        if processing in {Processing.IN_QUEUE, Processing.IN_PROGRESS}:
            self._keep_waiting(job)
        elif processing is Processing.CANCELLED:
            reason = "Amazon cancelled the report: it has no data for these days"
            # Asked too soon, perhaps: then the same moment is too soon again.
            if not (self._doubtful(job) and self._again(job, reason, pause=RETRY_PAUSE)):
                self._finish(job, Outcome.EMPTY, reason)
        elif job.status.document_id:
            job.step = _Step.FETCH
        else:
            self._judge(job, None)

    def _keep_waiting(self, job: _Job) -> None:
        now = self._clock()
        waited = (now - t.cast("datetime", job.waiting_since)).total_seconds()
        if waited >= self._wait:
            status = t.cast("ReportStatus", job.status).processing.value
            reason = f"{status} for {waited / 60:.0f} minutes"
            job.kept = True
            self._finish(job, Outcome.LATER, reason, advice="The next run takes the report up")
            return
        job.poll_pause = min(job.poll_pause * POLL_GROWTH, LONGEST_POLL)
        job.not_before = now + timedelta(seconds=min(job.poll_pause, self._wait - waited))

    def _fetch(self, job: _Job) -> None:
        status = t.cast("ReportStatus", job.status)
        document = self._apis[job.asking.account].document(t.cast("str", status.document_id))
        if document.error or status.processing is Processing.FATAL:
            document.path.unlink(missing_ok=True)
            self._judge(job, document.error)
        elif not job.asking.matches(document.specification):
            document.path.unlink(missing_ok=True)
            reason = f"the document of report {job.report_id} answers another request"
            self._again_or_failed(job, reason)
        elif document.empty and self._doubtful(job) and self._again(job, "no rows", pause=0):
            document.path.unlink(missing_ok=True)
        else:
            self._finish(job, Outcome.LOADED, job.reason, document=document)

    def _doubtful(self, job: _Job) -> bool:
        """Say whether "no data" should be heard twice before it is believed.

        It should for days that may just have been published, and next to days that have data.
        Not further away, so that the time before a vendor's first sale costs no double quota.
        """
        window = job.asking.window
        if job.asking.recent(self._clock().date()):
            return True
        neighbours = [
            other.result
            for other in self._partitions[job.asking.partition]
            if window.next == other.asking.window.start or other.asking.window.next == window.start
        ]
        if not neighbours:
            return job.planned.delivered
        return any(result and result.document and not result.document.empty for result in neighbours)

    def _judge(self, job: _Job, text: str | None) -> None:
        """Decide what follows from an error that Amazon gave as the report."""
        today = self._clock().date()
        verdict = judge_fatal(text, recent=job.asking.recent(today), delivered=job.planned.delivered)
        reason = text or "FATAL without a reason"
        if verdict.again and self._again(job, reason, pause=RETRY_PAUSE):
            return
        halves = job.asking.halve() if verdict.too_wide else None
        if halves is not None:
            self._widest[job.asking.account, job.asking.report_type] = _width(halves[0])
            self._finish(job, Outcome.LATER, reason, halves=halves)
            return
        shorter = job.asking.shorten() if verdict.shorten else None
        if shorter is not None:
            # One unpublished day spoils the whole range: the days before it must not be lost.
            job.asking = shorter
            job.reason = reason
            self._forget(job)
            return
        self._finish(job, verdict.outcome, reason, advice=verdict.advice)

    def _again(self, job: _Job, reason: str, *, pause: float) -> bool:
        """Ask once more, unless that was done already."""
        job.failures += 1
        if job.failures >= MAX_ATTEMPTS:
            return False
        logger.info("%s: %s. Asking once more", job.asking, reason)
        self._forget(job)
        job.calling = False
        job.not_before = self._clock() + timedelta(seconds=pause)
        return True

    def _again_or_failed(self, job: _Job, reason: str) -> None:
        """Ask once more, at once; a second time is a failure."""
        if not self._again(job, reason, pause=0):
            self._finish(job, Outcome.FAILED, reason)

    def _forget(self, job: _Job) -> None:
        """Go back to before the report was asked for."""
        job.step = _Step.CREATE
        job.report_id = None
        job.status = None
        job.not_before = None

    def _finish(  # noqa: PLR0913  # the parts of a result
        self,
        job: _Job,
        outcome: Outcome,
        reason: str | None,
        *,
        advice: str = "",
        document: Document | None = None,
        halves: tuple[ReportRequest, ReportRequest] | None = None,
    ) -> None:
        job.step = _Step.DONE
        self._open.pop(job.planned.request, None)
        job.result = ReportResult(
            outcome=outcome,
            asked=job.asking,
            reason=reason,
            advice=advice,
            halves=halves,
            document=document,
            report_id=job.report_id,
            attempts=job.attempts,
            asked_at=job.asked_at,
            processed_at=job.status.processed_at if job.status else None,
        )

    def _take_up(self, job: _Job) -> bool:
        """Use a report that an earlier run asked for, if it is young enough."""
        if job.asking not in self._known:
            return False
        report_id, asked_at = self._known.pop(job.asking)
        now = self._clock()
        # A report of days that Amazon may still restate must not be older than a day.
        if now - asked_at > timedelta(days=KEPT_DAYS if job.planned.settled else 1):
            return False
        job.report_id, job.asked_at = report_id or self._find(job, asked_at), asked_at
        if job.report_id is None:
            return False
        self._wait_for(job)
        job.not_before = now
        logger.info("Taking up %s, asked for at %s", job.asking, asked_at.isoformat(timespec="seconds"))
        return True

    def _progress(self) -> str:
        """Say in one line how far the run is."""
        steps = Counter(job.step for job in self._jobs.values() if job.readers or job.result)
        done = steps[_Step.DONE]
        return (
            f"{done} of {steps.total()} reports done, {steps[_Step.POLL] + steps[_Step.FETCH]} "
            f"at Amazon, {steps[_Step.CREATE]} to ask for"
        )


def _width(request: ReportRequest) -> timedelta:
    """Return how much time a request asks for."""
    return request.window.end - request.window.start
