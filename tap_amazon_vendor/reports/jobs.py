"""The report jobs: ask, poll, fetch, judge, and hand out what is finished.

Amazon works on many reports at once, but lets an account ask for one a minute after the first
fifteen (API.md section 6). So everything is planned before the first call and asked for ahead,
as far as the quota goes.

Knows nothing of Singer, HTTP or schemas. Clock and sleep are handed in. The calls to Amazon are
tasks, of each kind and account one at a time: `workers` make them in threads of their own, and
without workers they are made by whoever waits for a result. Only the caller's thread saves.
"""

from __future__ import annotations

import heapq
import logging
import math
import threading
import typing as t
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, IntEnum, auto
from functools import partial
from statistics import median_high
from types import MappingProxyType

from tap_amazon_vendor.errors import (
    AmazonError,
    CredentialsError,
    DocumentError,
    LoginUnavailableError,
    NotFoundError,
    UnansweredError,
    UnavailableError,
)
from tap_amazon_vendor.reports.listing import Listing
from tap_amazon_vendor.reports.outcomes import Outcome, Processing, judge_fatal, judge_refusal
from tap_amazon_vendor.reports.progress import AccountProgress, Progress
from tap_amazon_vendor.reports.request import ReportRequest

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_amazon_vendor.reports.api import ListedReport, ReportStatus
    from tap_amazon_vendor.reports.documents import Document
    from tap_amazon_vendor.reports.request import ReportKind, ReportPartition
    from tap_amazon_vendor.reports.windows import MadeByAmazon, Window

    Task = Callable[[], None]

logger = logging.getLogger("tap-amazon-vendor.reports")

#: Seconds to the first look at a report of a type that nobody has waited for yet, and least pause between two looks.
FIRST_POLL = 1.0

#: Seconds that a report takes, as long as nobody has waited for one.
FIRST_GUESS = 60.0

#: A pause between two looks, in parts of the time that the report has taken so far, and its most seconds: where what
#: the report type usually takes says nothing more, a look is late by at most a quarter.
POLL_GROWTH, LONGEST_POLL = 0.25, 30.0

#: How many reports of a type are remembered to know what it usually takes, and looks at one report in that time.
REMEMBERED, LOOKS = 20, 5

#: Seconds before a report that failed without a known reason is asked for again.
RETRY_PAUSE = 60.0

#: Times that one window may be asked for because Amazon failed or cancelled it for no good reason.
MAX_ATTEMPTS = 2

#: Days for which a report that no run wanted any more is remembered.
UNCLAIMED_DAYS = 3

#: Days for which Amazon lists a report (REPORTS.md section 0.1).
LISTED_DAYS = 90

#: Reports whose asking is announced in one go: what a full bucket lets ask for, and one more.
ANNOUNCED = 16

#: Bytes of documents on disk that wait to be read, beyond which only those are fetched that are read next.
SPOOL_BYTES = 1 << 30

#: Longest wait, in seconds, for the quota of a single report type: that of sales and traffic is one in 15 minutes.
HIDDEN_WAIT = 3600.0

#: Why there is no report where Amazon takes the last one for an answer.
TOO_SOON = "Amazon has made this report too recently"
#: Rest after saving, in times of what saving took; and seconds after which a waiting caller looks whether it is over.
RESTS, SHORT_REST = 9, 0.05

#: Seconds after which a waiting caller looks up: to save, and to say how far the run is.
TICK = 1.0


class Bucket(t.Protocol):
    """What the engine needs of a token bucket."""

    def delay(self) -> float:
        """Return the seconds until a token is there."""

    def seconds_for(self, calls: int) -> float:
        """Return the seconds until so many calls can have been made."""


class ReportsApi(t.Protocol):
    """What the engine needs of an account's Reports API."""

    @property
    def list_bucket(self) -> Bucket:
        """What listing reports takes from."""

    @property
    def status_bucket(self) -> Bucket:
        """What asking for a status takes from."""

    @property
    def document_bucket(self) -> Bucket:
        """What fetching a document takes from."""

    def create_buckets(self, report_type: str) -> t.Sequence[Bucket]:
        """Return the buckets that asking for a report takes from, the narrowest last."""

    def create(self, request: ReportRequest) -> str:
        """Ask for a report; return its id."""

    def listed(self, report_types: t.Sequence[str], marketplace_id: str | None, since: datetime) -> list[ListedReport]:
        """List the reports of some types, newest first."""

    def status(self, report_id: str) -> ReportStatus:
        """Ask how far a report is."""

    def document(self, document_id: str, kind: ReportKind) -> Document:
        """Fetch a document to disk."""


class Turn(Enum):
    """When a report is asked for, first things first."""

    NEW = auto()
    BACKFILL = auto()
    AGAIN = auto()


class Source(Enum):
    """Where a planned report is going to come from."""

    #: It is asked for.
    ASKED = auto()
    #: An earlier run asked for it.
    TAKEN_UP = auto()
    #: Amazon lists one of the same days. A guess: whether it has the same options shows when it is read.
    LISTED = auto()
    #: Amazon makes it by itself.
    MADE_BY_AMAZON = auto()
    #: The next run, because `max_reports` or Amazon's quota for the report type is used up.
    LATER = auto()


@dataclass(frozen=True)
class PlannedReport:
    """A report that this run wants.

    Attributes:
        request: What to ask for.
        readers: Names of the streams that will read it; its document is kept for all of them.
        delivered: The account has had this report with these options before. Where not, one
            window is tried before the others are asked for.
        turn: Why it is asked for: newer than what is complete, older, or within.
        good_since: A report asked for since then is as good as a new one.
        listed: Reports that others asked for will do: not where figures are to be read again.
    """

    request: ReportRequest
    readers: frozenset[str]
    delivered: bool
    good_since: datetime
    turn: Turn = Turn.NEW
    listed: bool = True


@dataclass(frozen=True)
class ReportResult:
    """What became of a report.

    Attributes:
        outcome: `Outcome.LOADED` where there is a document; its rows are still to be read.
        asked: The request as it was last sent: its window may be shorter than what was wanted.
        reason: Amazon's text, or ours, for any outcome but `Outcome.LOADED`; for a shortened
            window the reason for that.
        advice: What a person can do about it.
        error: What the call raised that the reason is of, where it was a call.
        parts: The request in parts, where Amazon finds it too wide, or made reports by itself: read those instead.
        document: The rows.
        report_id: Amazon's id.
        attempts: Calls of createReport that it took, 0 where a report was used that had been asked for before.
        asked_at: When it was first asked for.
        processed_at: When Amazon had finished it, ISO 8601.
    """

    outcome: Outcome
    asked: ReportRequest
    reason: str | None = None
    advice: str = ""
    error: AmazonError | None = None
    parts: tuple[ReportRequest, ...] = ()
    document: Document | None = None
    report_id: str | None = None
    attempts: int = 0
    asked_at: datetime | None = None
    processed_at: str | None = None

    @property
    def words(self) -> str:
        """Reason and advice in one line."""
        return ". ".join(words for words in (self.reason, self.advice) if words)


class Allowance:
    """What a run may still ask for."""

    def __init__(self, apis: Mapping[str, ReportsApi], budget: float, longest_wait: float) -> None:
        """Start with nothing asked for.

        Args:
            apis: The Reports API of each account, by its label.
            budget: Most createReport calls.
            longest_wait: Seconds for which a run waits for the quota of a single report type.
        """
        self._apis = apis
        self._budget = budget
        self._longest_wait = longest_wait
        self._calls: Counter[Bucket] = Counter()
        self._buckets: dict[str, set[Bucket]] = defaultdict(set)

    def take(self, request: ReportRequest) -> bool:
        """Ask for one report more, if a run would; say whether."""
        buckets = self._apis[request.account].create_buckets(request.report_type)
        narrowest, calls = buckets[-1], self._calls[buckets[-1]]
        wait = narrowest.seconds_for(calls + 1) - narrowest.seconds_for(calls)
        if self._budget <= 0 or wait > self._longest_wait:
            return False
        self._budget -= 1
        self._calls.update(buckets)
        self._buckets[request.account].update(buckets)
        return True

    def seconds(self, account: str) -> float:
        """Return the seconds until all that was taken for an account can have been asked for."""
        # Accounts of one application share some buckets: each then waits for the others.
        return max((bucket.seconds_for(self._calls[bucket]) for bucket in self._buckets[account]), default=0.0)


class _Step(IntEnum):
    CREATE = auto()
    POLL = auto()
    FETCH = auto()


@dataclass
class _Job:
    """A planned report and how far it is."""

    planned: PlannedReport
    asking: ReportRequest
    #: Its turn: by the plan, parts of a window after the whole.
    turn: tuple[int, ...]
    #: Who wants it still, and who has not read it yet: a reader that gave up is in the latter.
    readers: set[str]
    unread: set[str]
    step: _Step = _Step.CREATE
    #: A call for it is on its way.
    busy: bool = False
    report_id: str | None = None
    asked_at: datetime | None = None
    #: When it was said that the report is going to be asked for, and whether that has been saved.
    announced_at: datetime | None = None
    saved: bool = False
    #: The report was found in Amazon's listing: nobody knows its options before its document is there.
    found: bool = False
    #: Since when one may be listed that a run asked for which ended before it knew the id.
    ours_since: datetime | None = None
    waiting_since: datetime | None = None
    attempts: int = 0
    failures: int = 0
    status: ReportStatus | None = None
    reason: str | None = None
    result: ReportResult | None = None
    #: The result is not the last word on the report: the next run looks at it again.
    kept: bool = False

    @property
    def open(self) -> bool:
        """Whether somebody waits for a result."""
        return self.result is None and bool(self.readers)

    def said(self) -> tuple[str | None, datetime] | None:
        """Return what the state says: id and time of the report; an id is None where it is not known for sure."""
        if self.asking.report_id:
            return None
        if self.report_id and self.asked_at and not self.found:
            return self.report_id, self.asked_at
        since = self.announced_at or self.ours_since
        return (None, since) if since else None


@dataclass
class _Siblings:
    """The jobs of a partition, in the order of the plan."""

    jobs: list[_Job] = field(default_factory=list)
    #: The account has the partition, as far as can be told, or lacks it for this reason; the job that is to show it,
    #: and those that wait.
    proven: bool = False
    lacking: ReportResult | None = None
    prober: _Job | None = None
    held: list[_Job] = field(default_factory=list)


class _Lane:
    """The jobs of an account that wait for the same call, in their turn; one call at a time."""

    def __init__(self) -> None:
        self.busy = False
        self._ready: list[tuple[tuple[int, ...], _Job]] = []
        self._paused: list[tuple[datetime, tuple[int, ...], _Job]] = []

    def put(self, job: _Job, not_before: datetime | None = None) -> None:
        if not_before is None:
            heapq.heappush(self._ready, (job.turn, job))
        else:
            heapq.heappush(self._paused, (not_before, job.turn, job))

    def first(self, now: datetime) -> _Job | None:
        """Return the first job that may be worked on, and forget those that nobody waits for."""
        while self._paused and self._paused[0][0] <= now:
            self.put(heapq.heappop(self._paused)[-1])
        while self._ready and not self._ready[0][1].open:
            heapq.heappop(self._ready)
        return self._ready[0][1] if self._ready else None

    def pop(self) -> None:
        """Take the first job out."""
        heapq.heappop(self._ready)

    def next(self, number: int) -> list[_Job]:
        """Return the jobs that come first."""
        return [job for _, job in heapq.nsmallest(number, self._ready)]

    def pause(self, now: datetime) -> float:
        """Return the seconds until a paused job may be worked on."""
        return max(0.001, (self._paused[0][0] - now).total_seconds()) if self._paused else math.inf


class ReportJobs:
    """All reports of a run.

    Attributes:
        changed: The lock of everything here, notified whenever something has become of a job.
    """

    def __init__(  # noqa: PLR0913  # each is one fact that the engine can't know by itself
        self,
        apis: Mapping[str, ReportsApi],
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        wait_seconds: float,
        max_reports: int | None = None,
        spool_bytes: int = SPOOL_BYTES,
        save: Callable[[], None] = lambda: None,
        told: Callable[[Callable[[], Progress]], None] = lambda _: None,
    ) -> None:
        """Start without reports.

        Args:
            apis: The Reports API of each account, by its label.
            clock: Returns the current time, aware.
            sleep: Waits the given seconds; used without workers.
            wait_seconds: How long to wait for one report before it is left for the next run.
            max_reports: Most createReport calls, None for no limit.
            spool_bytes: Bytes of documents on disk beyond which only those are fetched that are read next.
            save: Writes down `pending`. Called in the caller's thread, before a report is asked for and after.
            told: Is handed `progress` now and then, in the caller's thread.
        """
        self.changed = threading.Condition(threading.RLock())
        self._apis = apis
        self._clock = clock
        self._sleep = sleep
        self._wait = wait_seconds
        self._budget = math.inf if max_reports is None else max_reports
        self._spool_bytes = spool_bytes
        self._save = save
        self._told = told
        self._jobs: dict[ReportRequest, _Job] = {}
        #: Those that somebody waits for, and those of which the state must tell.
        self._open: dict[ReportRequest, _Job] = {}
        self._asked: dict[ReportRequest, _Job] = {}
        self._siblings: dict[ReportPartition, _Siblings] = defaultdict(_Siblings)
        self._alike: dict[tuple[str, str, str, Window], list[_Job]] = defaultdict(list)
        #: By account, step and, for a report type with a quota of its own, report type. Sorted by step, because a look
        #: at what is to be asked for may find a report to poll.
        self._lanes: dict[tuple[str, _Step, str], _Lane] = {}
        #: Reports that an earlier run asked for: id, None where it ended before it knew, and when.
        self._known: dict[ReportRequest, tuple[str | None, datetime]] = {}
        self._listings: dict[str, Listing] = {}
        self._refused: dict[str, AmazonError] = {}
        #: Those whose report was found in a listing, among them some that are not any more.
        self._looked_at: list[_Job] = []
        #: Ids of reports that are known to be of some request, or of none.
        self._used: set[str] = set()
        #: Reports whose documents can't be read, and when that was found.
        self._unreadable: dict[str, str] = {}
        #: Widest window that Amazon did not find too wide, by account and report type.
        self._widest: dict[tuple[str, str], timedelta] = {}
        #: Seconds that the last reports of a type took.
        self._usual: dict[str, deque[float]] = defaultdict(partial(deque, maxlen=REMEMBERED))
        self._finished: deque[ReportRequest] = deque()
        self._spooled = 0
        self._unsaved = False
        self._saved_at: datetime | None = None
        self._rest = timedelta(0)
        self._helped = False
        self._broken: BaseException | None = None

    # The caller's side.

    def plan(
        self,
        reports: Iterable[PlannedReport],
        pending: Iterable[Mapping[str, t.Any]] = (),
        unreadable: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Say what the run wants, in the order in which to ask for it.

        Args:
            reports: Every report of the run.
            pending: What `pending` was at the end of an earlier run: reports that were asked for
                and not read are taken up instead of being asked for again.
            unreadable: What `unreadable` was then.
        """
        with self.changed:
            self._unreadable = dict(unreadable)
            self._used.update(unreadable)
            for entry in pending:
                self._note(entry)
            for planned in reports:
                self._add(planned, (len(self._jobs),))
            self.changed.notify_all()

    def replan(self, request: ReportRequest, parts: Iterable[ReportRequest], reader: str | None = None) -> None:
        """Plan other reports in place of one.

        Args:
            request: A planned request.
            parts: Parts of its window, or what its rows say to ask for.
            reader: Who reads them, if not all that read the one. A report that waits in Amazon's queue since an
                earlier run is good enough then.
        """
        with self.changed:
            whole = self._jobs[request]
            # Who gave up will not read the parts either.
            planned = replace(whole.planned, listed=False, readers=frozenset(whole.readers))
            if reader:
                since = planned.good_since - timedelta(days=UNCLAIMED_DAYS)
                planned = replace(planned, readers=frozenset({reader}), good_since=since)
            for number, part in enumerate(parts):
                self._add(replace(planned, request=part), (*whole.turn, number))
            self.changed.notify_all()

    def _add(self, planned: PlannedReport, turn: tuple[int, ...]) -> None:
        request = planned.request
        if request in self._jobs:
            return
        job = _Job(planned, request, turn, set(planned.readers), set(planned.readers))
        self._jobs[request] = self._open[request] = job
        self._siblings[request.partition].jobs.append(job)
        self._alike[_listed_as(request)].append(job)
        listing = self._listings.setdefault(request.account, Listing())
        unsure = request in self._known and self._known[request][0] is None
        if unsure:
            listing.want(request, self._known[request][1] - timedelta(seconds=60))
        elif planned.listed and request not in self._known:
            listing.want(request, planned.good_since)
        self._lane(job).put(job)
        refused = self._refused.get(request.account)
        if refused:
            self._finish(job, Outcome.FAILED, str(refused), error=refused)

    def _note(self, entry: Mapping[str, t.Any]) -> None:
        """Note a report that an earlier run asked for."""
        try:
            request = ReportRequest.from_state(entry)
            report_id = entry["report_id"] or None
            self._known[request] = (report_id, datetime.fromisoformat(entry["asked_at"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            logger.warning("Ignoring a report in the state that can't be read")
            return
        if report_id:
            self._used.add(report_id)

    def wanted(self, request: ReportRequest) -> bool:
        """Say whether a result is there or is being waited for."""
        job = self._jobs[request]
        return bool(job.readers or job.result)

    def pending(self) -> list[dict[str, t.Any]]:
        """Return the reports that are asked for and not read by all their readers, as JSON."""
        with self.changed:
            unread = {
                job.asking: said
                for job in self._asked.values()
                if (job.result is None or job.result.document or job.kept) and (said := job.said())
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

    @property
    def unreadable(self) -> dict[str, str]:
        """Ids of reports that are not to be used again, and the days on which that was found."""
        oldest = (self._clock() - timedelta(days=LISTED_DAYS)).date().isoformat()
        return {report_id: day for report_id, day in self._unreadable.items() if day >= oldest}

    def shun(self, report_id: str) -> None:
        """Never use a report again that Amazon lists as done and that can't be read."""
        self._unreadable[report_id] = self._clock().date().isoformat()

    def next_finished(self) -> ReportRequest | None:
        """Wait for the next report that is finished.

        Returns:
            Its request, None when there is nothing left to wait for.
        """
        while not self._finished:
            with self.changed:
                if not self._open and not self._finished:
                    self._told(self.progress)
                    return None
            self._advance(lambda: bool(self._finished))
        return self._finished.popleft()

    def finished(self, request: ReportRequest) -> bool:
        """Say whether a report is finished."""
        return self._jobs[request].result is not None

    def result(self, request: ReportRequest) -> ReportResult:
        """Wait for a report.

        Args:
            request: A planned request.

        Returns:
            What became of it.
        """
        job = self._jobs[request]
        while job.result is None:
            self._advance(lambda: job.result is not None)
        return job.result

    def save(self, *, changed: bool = False) -> None:
        """Save what has changed, and let go on who waits for that. To be called now and then while rows are written.

        With many accounts there is much to save each time. So after it there is a rest, that grows with the time it
        took: then nobody who waits for it is let go on yet.

        Args:
            changed: The caller has something to save.
        """
        self._told(self.progress)
        self._unsaved = self._unsaved or changed
        began = self._clock()
        if not self._unsaved or self._resting(began):
            return
        with self.changed:
            self._unsaved = False
            announced = [(job, job.announced_at) for job in self._asked.values() if job.announced_at and not job.saved]
        self._save()
        self._saved_at, self._rest = self._clock(), (self._clock() - began) * RESTS
        with self.changed:
            for job, announced_at in announced:
                # Unless it went back to before it was announced in the meantime.
                job.saved = job.announced_at == announced_at
            self.changed.notify_all()

    def _resting(self, now: datetime) -> float:
        """Return the seconds for which it is too early to save again; none where the clock was set back."""
        if self._saved_at is None or now < self._saved_at:
            return 0.0
        return max(0.0, (self._saved_at + self._rest - now).total_seconds())

    def release(self, request: ReportRequest, reader: str, *, read: bool) -> None:
        """Note that a reader is through with a report.

        What nobody wants any more is neither asked for nor kept on disk. What somebody has not
        read stays in `pending`, for the next run.

        Args:
            request: A planned request.
            reader: Name of the stream.
            read: Its rows are written. False where the reader gives up.
        """
        with self.changed:
            job = self._jobs[request]
            job.readers.discard(reader)
            if read:
                job.unread.discard(reader)
            if not job.unread:
                self._asked.pop(request, None)
            if not job.readers:
                self._open.pop(request, None)
                self._discard(job)
                self._let_go(job)
                self.changed.notify_all()

    def allowance(self) -> Allowance:
        """Return what may still be asked for."""
        return Allowance(self._apis, self._budget, max(self._wait, HIDDEN_WAIT))

    def look(self, account: str) -> bool:
        """Make one call that lists reports of an account, without planning any other: not for a run.

        Returns:
            Whether there was one to make, within the quota.

        Raises:
            CredentialsError: The account gets no token.
            UnavailableError: Amazon does not answer.
        """
        listing = self._listings.get(account)
        if listing is None or self._apis[account].list_bucket.delay() > 0 or not (wish := listing.wish()):
            return False
        try:
            listing.answer(self._apis[account].listed(*wish))
        except (CredentialsError, UnavailableError):
            raise
        except AmazonError:
            # One report type that the account may not have spoils the call for all.
            listing.refused(*wish)
        return True

    def sources(self, *, guess: bool = False) -> dict[ReportRequest, Source]:
        """Say where the reports that are not asked for yet will come from.

        Args:
            guess: Use up the guesses that the listing allows: to plan only, not to run.

        Returns:
            The source of each report, in the order in which they are asked for.
        """
        allowance = self.allowance()
        return {
            request: self._source(job, allowance, guess=guess)
            for request, job in self._open.items()
            if job.step is _Step.CREATE
        }

    def _source(self, job: _Job, allowance: Allowance, *, guess: bool) -> Source:
        report_id, asked_at = self._known.get(job.asking, (None, None))
        if job.asking.report_id or (report_id and asked_at and asked_at >= job.planned.good_since):
            return Source.TAKEN_UP
        if job.asking.kind.made_by_amazon:
            return Source.MADE_BY_AMAZON
        ours_since = job.ours_since or (asked_at and max(asked_at, job.planned.good_since))
        listed = job.planned.listed and job.asking.window == job.planned.request.window
        if guess and (listed or ours_since) and (found := self._listed(job, None if report_id else ours_since)):
            self._used.add(found.report_id)
            return Source.LISTED
        return Source.ASKED if allowance.take(job.asking) else Source.LATER

    def progress(self, sources: Mapping[ReportRequest, Source] | None = None) -> Progress:
        """Say how far the run is.

        Args:
            sources: What `sources` said, where that was asked already.
        """
        with self.changed:
            steps = Counter((job.asking.account, job.step) for job in self._open.values())
            allowance = self.allowance()
            waiting: Counter[tuple[str, Source]] = Counter()
            first: dict[str, ReportRequest] = {}
            for request, source in (self.sources() if sources is None else sources).items():
                waiting[request.account, source] += 1
                if source is Source.ASKED:
                    first.setdefault(request.account, request)
                    allowance.take(request)
            accounts = []
            for account in dict.fromkeys(account for account, _ in steps):
                api = self._apis[account]
                to_ask = waiting[account, Source.ASKED]
                at_amazon = steps[account, _Step.POLL] + waiting[account, Source.TAKEN_UP]
                to_fetch = steps[account, _Step.FETCH]
                to_fetch += waiting[account, Source.LISTED] + waiting[account, Source.MADE_BY_AMAZON]
                asking = allowance.seconds(account) + (self._usual_seconds() if to_ask or at_amazon else 0.0)
                fetching = api.document_bucket.seconds_for(to_ask + at_amazon + to_fetch)
                pause = (
                    max(bucket.delay() for bucket in api.create_buckets(first[account].report_type)) if to_ask else 0
                )
                accounts.append(AccountProgress(account, to_ask, at_amazon, to_fetch, max(asking, fetching), pause))
            return Progress(total=len(self._jobs), open=len(self._open), accounts=accounts)

    def _usual_seconds(self) -> float:
        """Return how long Amazon works on a report of the slowest type: a guess before there was one."""
        return max((median_high(times) for times in self._usual.values() if times), default=FIRST_GUESS)

    # What moves the jobs on: without workers the caller, with workers they.

    def attend(self, *, helped: bool) -> None:
        """Say whether workers take the tasks. Where not, whoever waits for a result does."""
        self._helped = helped

    def fail(self, error: BaseException) -> None:
        """Let the caller know that a worker broke."""
        with self.changed:
            self._broken = error
            self.changed.notify_all()

    def _advance(self, there: Callable[[], bool]) -> None:
        """Let something happen: save, make one call, or wait.

        Args:
            there: Says whether what the caller waits for has happened.
        """
        if self._broken:
            raise self._broken
        unsaved = self._unsaved and not self._resting(self._clock())
        self.save()
        if unsaved:
            return
        if self._helped:
            self._await(there)
            return
        task = self.next_task()
        if not isinstance(task, float):
            task()
        elif there():
            return
        elif self._unsaved:
            self._sleep(min(task, self._resting(self._clock())))
        elif task < math.inf:
            self._sleep(task)
        else:
            msg = f"nothing will come of {', '.join(str(request) for request in self._open)}"
            raise RuntimeError(msg)

    def _await(self, there: Callable[[], bool]) -> None:
        """Wait for the workers, or for the rest after saving to be over."""
        with self.changed:
            if self._unsaved and self._resting(self._clock()):
                self.changed.wait(SHORT_REST)
            elif not (there() or self._unsaved or self._broken):
                self.changed.wait(TICK)

    def next_task(self) -> Task | float:
        """Return a call that can be made now, or the seconds until there may be one.

        Whoever takes a task must make it: no other call of its kind and account is handed out before.
        """
        with self.changed:
            now = self._clock()
            soonest = math.inf
            for (account, step, _), lane in self._lanes.items():
                if lane.busy:
                    continue
                task = self._task(account, step, lane, now)
                if not isinstance(task, float):
                    lane.busy = True
                    return partial(self._make, task, lane)
                soonest = min(soonest, task)
            return soonest

    def _make(self, task: Task, lane: _Lane) -> None:
        try:
            task()
        finally:
            with self.changed:
                lane.busy = False
                self.changed.notify_all()

    def _task(self, account: str, step: _Step, lane: _Lane, now: datetime) -> Task | float:
        """Return the next call of a lane, or the seconds until there may be one."""
        if step is _Step.CREATE and lane.first(now):
            wish = self._wish(account)
            if wish is not None:
                return wish
        calls = {_Step.CREATE: self._create, _Step.POLL: self._poll, _Step.FETCH: self._fetch}
        while job := lane.first(now):
            lane.pop()
            if step is _Step.CREATE and self._settle(job):
                continue
            if step is _Step.FETCH and self._spooled >= self._spool_bytes and not self._waited_for(job):
                lane.put(job, now + timedelta(seconds=TICK))
                continue
            delay = self._delay(step, job, lane)
            if delay > 0:
                lane.put(job)
                return min(delay, lane.pause(now))
            job.busy = True
            if step is _Step.CREATE and job.asking.kind.made_by_amazon:
                return partial(self._call, self._look, job)
            if step is _Step.CREATE:
                self._budget -= 1
                job.attempts += 1
                job.asked_at = job.asked_at or now
            return partial(self._call, calls[step], job)
        return lane.pause(now)

    def _wish(self, account: str) -> Task | float | None:
        """Return the call that lists an account's reports, infinity while it is on its way, None when that is done."""
        listing = self._listings[account]
        if self._apis[account].list_bucket.delay() > 0:
            # A report that is asked for in vain costs less than waiting here.
            listing.renounce()
        if wish := listing.wish():
            return partial(self._list, account, *wish)
        return None if listing.complete else math.inf

    def _delay(self, step: _Step, job: _Job, lane: _Lane) -> float:
        """Return the seconds until the call for a job may be made, infinity where something else comes first."""
        api = self._apis[job.asking.account]
        if step is _Step.POLL:
            return api.status_bucket.delay()
        if step is _Step.FETCH:
            return api.document_bucket.delay()
        if job.asking.kind.made_by_amazon:
            return api.list_bucket.delay()
        if self._budget < math.inf and self._budget <= self._guesses():
            # What turns out to be another report needs it first.
            return math.inf
        if not job.saved:
            # Announced already, it waits for the caller to save.
            if not job.announced_at:
                self._announce(job, lane)
            return math.inf
        return max(bucket.delay() for bucket in api.create_buckets(job.asking.report_type))

    def _guesses(self) -> int:
        """Count the reports that were found and may be others."""
        self._looked_at = [job for job in self._looked_at if job.found and job.open]
        return len(self._looked_at)

    def _lane(self, job: _Job) -> _Lane:
        """Return the lane of a job's step; a report type with a quota of its own has its own for asking."""
        account, report_type = job.asking.account, job.asking.report_type
        own = job.step is _Step.CREATE and len(self._apis[account].create_buckets(report_type)) > 1
        key = (account, job.step, report_type if own else "")
        if key not in self._lanes:
            new = {key: _Lane(), **{(account, step, ""): _Lane() for step in _Step}}
            lanes = self._lanes | {key: lane for key, lane in new.items() if key not in self._lanes}
            self._lanes = dict(sorted(lanes.items(), key=lambda item: item[0][1]))
        return self._lanes[key]

    def _waited_for(self, job: _Job) -> bool:
        """Say whether the documents on disk may be waiting for this one: as the next, or because it holds up others."""
        siblings = self._siblings[job.planned.request.partition]
        if siblings.prober is job:
            return True
        if job.found and (self._budget < math.inf or any(other.open for other in self._alike_to(job))):
            return True
        return next(other for other in siblings.jobs if other.open) is job

    def _announce(self, first: _Job, lane: _Lane) -> None:
        """Say which reports are asked for next: no signal may find a report that only Amazon knows of."""
        now = self._clock()
        for job in (first, *lane.next(int(min(ANNOUNCED, self._budget)) - 1)):
            known = job.asking in self._known
            if job.open and not known and not job.announced_at and self._may_be_asked_for(job):
                job.announced_at = now
                self._asked[job.planned.request] = job
        self._unsaved = True
        self.changed.notify_all()

    def _may_be_asked_for(self, job: _Job) -> bool:
        """Say whether no other window of the partition is tried first.

        One window after the other is tried before the quota is spent on what may not exist.
        """
        siblings = self._siblings[job.planned.request.partition]
        if job.planned.delivered or siblings.proven or siblings.lacking:
            return True
        if siblings.prober is None:
            siblings.prober = job
        return siblings.prober is job

    def _settle(self, job: _Job) -> bool:
        """Do with a report that is to be asked for what needs no call; say whether that was all."""
        siblings = self._siblings[job.planned.request.partition]
        lacking = None if job.planned.delivered or siblings.proven else siblings.lacking
        widest = self._widest.get((job.asking.account, job.asking.report_type))
        if lacking:
            self._finish(job, lacking.outcome, lacking.reason, advice=lacking.advice, error=lacking.error)
        elif not self._may_be_asked_for(job):
            siblings.held.append(job)
        elif self._take_up(job):
            return True
        elif job.asking.kind.made_by_amazon:
            return False
        elif widest is not None and _width(job.asking) > widest and (halves := job.asking.halve()):
            self._finish(job, Outcome.LATER, "wider than Amazon allows", parts=halves)
        elif self._budget <= 0:
            self._finish(job, Outcome.LATER, "`max_reports` is reached")
        elif (delay := self._apis[job.asking.account].create_buckets(job.asking.report_type)[-1].delay()) > max(
            self._wait, HIDDEN_WAIT
        ):
            reason = f"Amazon allows the next report of this type in {delay / 3600:.0f} hours"
            self._finish(job, Outcome.LATER, reason)
        else:
            return False
        return True

    def _take_up(self, job: _Job) -> bool:
        """Use a report that is there already: the one that is meant, one of an earlier run, or one that is listed."""
        now = self._clock()
        since = job.planned.good_since
        if job.asking.report_id:
            job.report_id, job.asked_at = job.asking.report_id, now
            self._wait_for(job, now)
            return True
        if job.asking in self._known:
            report_id, asked_at = self._known.pop(job.asking)
            if report_id and asked_at >= since:
                job.report_id, job.asked_at = report_id, asked_at
                self._wait_for(job, now)
                logger.info("Taking up %s, asked for at %s", job.asking, asked_at.isoformat(timespec="seconds"))
                return True
            if report_id is None:
                job.ours_since = max(since, asked_at)
                self._asked[job.planned.request] = job
        wanted = job.planned.listed and job.asking.window == job.planned.request.window
        return self._guess(job, now) if wanted or job.ours_since else False

    def _listed(self, job: _Job, ours_since: datetime | None) -> ListedReport | None:
        """Return a listed report that may be a job's.

        Args:
            job: One that is to be asked for.
            ours_since: Since when an earlier run may have asked for it.
        """
        # A minute of margin, because Amazon's clock is not ours.
        since = ours_since - timedelta(seconds=60) if ours_since else job.planned.good_since
        # Where Amazon would answer with the last report instead of a new one, that is waited for.
        running = ours_since is not None or job.asking.kind.regenerates is not None
        return self._listings[job.asking.account].find(job.asking, since, done=not running, used=self._used)

    def _guess(self, job: _Job, now: datetime) -> bool:
        """Look at a report that Amazon lists, or wait for what others are looking at; say whether one of both."""
        ours = job.ours_since is not None
        listing = self._listings[job.asking.account]
        found = self._listed(job, job.ours_since)
        if ours and found is None:
            return self._guessed_elsewhere(job)
        if not ours and self._hesitates(job, listing, found):
            self._lane(job).put(job, now + timedelta(seconds=TICK))
            return True
        if found is None or (not ours and listing.hopeless):
            return False
        self._used.add(found.report_id)
        job.report_id, job.asked_at, job.found = found.report_id, found.created_at, True
        self._looked_at.append(job)
        self._wait_for(job, now)
        logger.info("Looking whether %s of %s is %s", found.report_id, found.created_at, job.asking)
        return True

    def _hesitates(self, job: _Job, listing: Listing, found: ListedReport | None) -> bool:
        """Say whether guesses that are being looked at decide what is to be done with a job.

        What is looked at for other options may turn out to be this one, and the first guesses show whether more are
        worth a look.
        """
        if any(other.found and other.open and not other.ours_since for other in self._alike_to(job)):
            return True
        return found is not None and not listing.hopeless and not listing.dares(self._guesses())

    def _guessed_elsewhere(self, job: _Job) -> bool:
        """Let a report wait that may be the one that is looked at for other options; say whether there is one."""
        guess = next((other for other in self._alike_to(job) if other.found), None)
        if guess is None:
            return False
        if guess.open:
            self._lane(job).put(job, self._clock() + timedelta(seconds=TICK))
        else:
            job.kept = True
            reason = f"it may be {guess.report_id}, which could not be looked at"
            self._finish(job, Outcome.LATER, reason, advice="The next run looks again")
        return True

    def _alike_to(self, job: _Job) -> list[_Job]:
        """Return the other jobs that Amazon's listing can't tell from a job: only their options differ."""
        return [
            other
            for other in self._alike[_listed_as(job.planned.request)]
            if other is not job and other.asking.window == job.asking.window
        ]

    # The calls, made without the lock, and what follows from their answers, noted with it.

    def _call(self, call: Callable[[_Job], None], job: _Job) -> None:
        """Make a call and turn whatever goes wrong into the job's result."""
        try:
            call(job)
        except (CredentialsError, LoginUnavailableError) as error:
            self._refuse(job.asking.account, error)
        except (NotFoundError, DocumentError) as error:
            # Older than Amazon keeps reports, another account's, or damaged in every download:
            # a new report is better.
            self._again_or_failed(job, str(error))
        except UnavailableError as error:
            with self.changed:
                job.kept = True
                self._finish(job, Outcome.FAILED, str(error), advice="The next run tries again", error=error)
        except AmazonError as error:
            verdict = judge_refusal(error, job.asking.kind.roles)
            self._finish(job, verdict.outcome, str(error), advice=verdict.advice, error=error)
        finally:
            with self.changed:
                job.busy = False

    def _list(self, account: str, report_types: tuple[str, ...], marketplace_id: str, since: datetime) -> None:
        listing = self._listings[account]
        try:
            reports = self._apis[account].listed(report_types, marketplace_id, since)
        except AmazonError as error:
            if isinstance(error, (CredentialsError, LoginUnavailableError)):
                self._refuse(account, error)
            # What it says is said of the report that is asked for instead.
            logger.debug("Amazon does not list reports of %r: %s", account, error)
            with self.changed:
                if isinstance(error, (CredentialsError, UnavailableError)):
                    # Then everything is asked for: what fails for one report type fails for all.
                    listing.answer(())
                    listing.renounce()
                else:
                    listing.refused(report_types, marketplace_id, since)
        else:
            with self.changed:
                listing.answer(reports)

    def _look(self, job: _Job) -> None:
        """Find the reports that Amazon made by itself."""
        calendar = t.cast("MadeByAmazon", job.asking.calendar)
        listed = self._apis[job.asking.account].listed((job.asking.report_type,), None, job.planned.good_since)
        parts = tuple(
            replace(job.asking, window=calendar.made(each.start, each.end, each.created_at), report_id=each.report_id)
            for each in listed
            if each.processing is Processing.DONE
        )
        self._finish(job, Outcome.EMPTY, "Amazon has made no report since the last one read", parts=parts)

    def _create(self, job: _Job) -> None:
        api = self._apis[job.asking.account]
        asked_at = self._clock()
        try:
            report_id = api.create(job.asking)
        except UnansweredError as error:
            # It may have been asked for: look before asking again. A minute of margin, because Amazon's clock
            # is not ours.
            since = asked_at - timedelta(seconds=60)
            job.kept = True
            listed = api.listed((job.asking.report_type,), job.asking.marketplace_id, since)
            with self.changed:
                job.kept = False
                created = [
                    each.report_id for each in listed if each.report_id not in self._used and job.asking.may_be(each)
                ]
            if not created:
                self._again_or_failed(job, str(error))
                return
            report_id = created[0]
        with self.changed:
            job.report_id = report_id
            self._used.add(report_id)
            job.kept = job.result is not None
            self._unsaved = True
            if job.open:
                self._wait_for(job, asked_at)
        logger.info("Asked for %s", job.asking)

    def _wait_for(self, job: _Job, now: datetime) -> None:
        """Begin to poll a report."""
        job.step = _Step.POLL
        job.waiting_since = now
        self._asked[job.planned.request] = job
        self._lane(job).put(job, now + timedelta(seconds=0 if job.found else self._pause(job, now)))

    def _pause(self, job: _Job, now: datetime) -> float:
        """Return the seconds to the next look: by what reports of the type usually take, then in growing pauses."""
        # Asked for once more, it takes its time anew.
        asked_at = job.waiting_since if job.attempts else job.asked_at
        elapsed = (now - t.cast("datetime", asked_at)).total_seconds()
        usual = sorted(self._usual[job.asking.report_type])
        stride = math.ceil(len(usual) / LOOKS) or 1
        for seconds in usual[stride - 1 :: stride]:
            if seconds > elapsed:
                return seconds - elapsed + FIRST_POLL / 2
        return min(max(FIRST_POLL, elapsed * POLL_GROWTH), LONGEST_POLL)

    def _poll(self, job: _Job) -> None:
        status = self._apis[job.asking.account].status(t.cast("str", job.report_id))
        too_soon = status.fruitless and self._too_soon(job)
        with self.changed:
            job.status = status
            if not job.open:
                return
            if status.processing in {Processing.IN_QUEUE, Processing.IN_PROGRESS}:
                self._keep_waiting(job, status.processing)
                return
            if status.took is not None:
                self._usual[job.asking.report_type].append(status.took)
            if status.document_id and status.processing is not Processing.CANCELLED:
                job.step = _Step.FETCH
                self._lane(job).put(job)
            elif job.found:
                self._disown(job)
            elif too_soon:
                self._finish(job, Outcome.LATER, TOO_SOON, advice="The next run asks again")
            elif status.processing is Processing.CANCELLED:
                reason = "Amazon cancelled the report: it has no data for these days"
                # Asked too soon, perhaps: then the same moment is too soon again.
                if not (self._doubtful(job) and self._again(job, reason, pause=RETRY_PAUSE)):
                    self._finish(job, Outcome.EMPTY, reason)
            else:
                self._judge(job, None)

    def _too_soon(self, job: _Job) -> bool:
        """Say whether Amazon made no report because it had made another one shortly before.

        Whoever asked for that may have done so after the run's listing: so this one is listed anew.
        """
        asking = job.asking
        if asking.kind.regenerates is None or job.found:
            return False
        since = t.cast("datetime", job.asked_at) - asking.kind.regenerates
        listed = self._apis[asking.account].listed((asking.report_type,), asking.marketplace_id, since)
        return any(each.report_id != job.report_id and asking.may_be(each) for each in listed)

    def _keep_waiting(self, job: _Job, processing: Processing) -> None:
        now = self._clock()
        waited = (now - t.cast("datetime", job.waiting_since)).total_seconds()
        if waited >= self._wait:
            reason = f"{processing.value} for {waited / 60:.0f} minutes"
            job.kept = True
            self._finish(job, Outcome.LATER, reason, advice="The next run takes the report up")
            return
        self._lane(job).put(job, now + timedelta(seconds=min(self._pause(job, now), self._wait - waited)))

    def _fetch(self, job: _Job) -> None:
        status = t.cast("ReportStatus", job.status)
        document = self._apis[job.asking.account].document(t.cast("str", status.document_id), job.asking.kind)
        with self.changed:
            reader = self._reader_of(job, document)
            if reader is not None and reader is not job:
                # A guess that was wrong for this window and right for another one with the same days.
                if reader.found and reader.report_id:
                    self._used.discard(reader.report_id)
                reader.report_id, reader.asked_at, reader.status = job.report_id, job.asked_at, job.status
                reader.found = False
                self._asked[reader.planned.request] = reader
                self._finish(reader, Outcome.LOADED, None, document=document)
                self._disown(job)
                return
            if reader is None:
                document.path.unlink(missing_ok=True)
                if job.open:
                    self._disown(job)
                return
            job.found = False
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

    def _reader_of(self, job: _Job, document: Document) -> _Job | None:
        """Return the job that a document is for: another one only where it was guessed; None for nobody."""
        if not job.open:
            return None
        if not job.found:
            return job
        listing = self._listings[job.asking.account]
        fine = not document.error and not document.empty
        others = [
            other
            for other in self._alike_to(job)
            if other.open
            and (other.step is _Step.CREATE or other.found)
            and not other.busy
            and (other.planned.listed or other.ours_since)
        ]
        for candidate in (job, *others):
            proof = document.specification is not None or not candidate.asking.options
            if fine and proof and candidate.asking.matches(document.specification):
                listing.learn(right=True)
                return candidate
        listing.learn(right=False)
        return None

    def _disown(self, job: _Job) -> None:
        """Go back to before a report was found that turned out to be another one."""
        job.report_id = job.asked_at = None
        job.found = False
        self._ask(job)

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
            for other in self._siblings[job.planned.request.partition].jobs
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
        halves = job.asking.halve() if verdict.too_wide else ()
        if halves:
            self._widest[job.asking.account, job.asking.report_type] = max(map(_width, halves))
            self._finish(job, Outcome.LATER, reason, parts=halves)
            return
        shorter = job.asking.shorten() if verdict.shorten else None
        if shorter is not None:
            # One unpublished day spoils the whole range: the days before it must not be lost.
            job.asking = shorter
            job.reason = reason
            self._ask(job)
            return
        self._finish(job, verdict.outcome, reason, advice=verdict.advice)

    def _again(self, job: _Job, reason: str, *, pause: float) -> bool:
        """Ask once more, unless that was done already."""
        job.failures += 1
        if job.failures >= MAX_ATTEMPTS:
            return False
        logger.info("%s: %s. Asking once more", job.asking, reason)
        self._ask(job, self._clock() + timedelta(seconds=pause) if pause else None)
        return True

    def _again_or_failed(self, job: _Job, reason: str) -> None:
        """Ask once more, at once; a second time is a failure."""
        with self.changed:
            if not job.open:
                return
            if job.found:
                self._disown(job)
            elif not self._again(job, reason, pause=0):
                self._finish(job, Outcome.FAILED, reason)

    def _ask(self, job: _Job, not_before: datetime | None = None) -> None:
        """Go back to before the report was asked for."""
        job.step = _Step.CREATE
        job.report_id = job.status = job.announced_at = None
        job.saved = False
        self._lane(job).put(job, not_before)

    def _refuse(self, account: str, error: AmazonError) -> None:
        """End the jobs of an account that gets no token; reports that it has at Amazon are for the next run."""
        with self.changed:
            self._refused[account] = error
            for job in [job for job in self._open.values() if job.asking.account == account]:
                job.kept = job.report_id is not None
                self._finish(job, Outcome.FAILED, str(error), error=error)

    def _finish(  # noqa: PLR0913  # the parts of a result
        self,
        job: _Job,
        outcome: Outcome,
        reason: str | None,
        *,
        advice: str = "",
        error: AmazonError | None = None,
        document: Document | None = None,
        parts: tuple[ReportRequest, ...] = (),
    ) -> None:
        with self.changed:
            if not job.open:
                return
            self._open.pop(job.planned.request)
            self._spooled += document.bytes if document else 0
            job.result = ReportResult(
                outcome=outcome,
                asked=job.asking,
                reason=reason,
                advice=advice,
                error=error,
                parts=parts,
                document=document,
                report_id=job.report_id,
                attempts=job.attempts,
                asked_at=job.asked_at,
                processed_at=job.status.processed_at if job.status else None,
            )
            siblings = self._siblings[job.planned.request.partition]
            # In the queue for as long as a run waits: the others must not wait as long, one after the other.
            stuck = siblings.prober is job and outcome is Outcome.LATER and job.kept
            if outcome.completes or stuck:
                siblings.proven = True
            elif outcome.ends_partition and not siblings.lacking:
                siblings.lacking = job.result
            self._let_go(job)
            self._finished.append(job.planned.request)
            self.changed.notify_all()

    def _let_go(self, job: _Job) -> None:
        """Let those go on that waited for a job to show whether the account has the partition."""
        siblings = self._siblings[job.planned.request.partition]
        if siblings.prober is job or siblings.proven or siblings.lacking:
            siblings.prober = None
            for held in siblings.held:
                self._lane(held).put(held)
            siblings.held.clear()

    def _discard(self, job: _Job) -> None:
        """Take a document off the disk."""
        if job.result and job.result.document:
            self._spooled -= job.result.document.bytes
            job.result.document.path.unlink(missing_ok=True)


def _listed_as(request: ReportRequest) -> tuple[str, str, str, Window]:
    """Return what Amazon's listing tells of a request, and its account."""
    return request.account, request.report_type, request.marketplace_id, request.window


def _width(request: ReportRequest) -> timedelta:
    """Return how much time a request asks for."""
    return request.window.end - request.window.start
