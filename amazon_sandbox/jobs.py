"""The life of a report: IN_QUEUE, IN_PROGRESS, then DONE, FATAL or CANCELLED.

How a report ends is decided when it is asked for; what it shows of that follows from
the clock alone (docs/amazon/reports-api.md#life-cycle). Nothing runs in the background.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from amazon_sandbox import faults as known
from amazon_sandbox.chance import derive
from amazon_sandbox.data import TABLES
from amazon_sandbox.reports import RULES, refusal
from amazon_sandbox.rules.dates import UpToNow
from amazon_sandbox.rules.verdicts import CLIENT_ERROR, NOT_YET_AVAILABLE, Verdict
from amazon_sandbox.schedules import settlements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_sandbox.accounts import SandboxAccount
    from amazon_sandbox.data import Data
    from amazon_sandbox.faults import Faults
    from amazon_sandbox.rules.verdicts import ReportRequest

RETENTION = timedelta(days=90)
# A report takes 20 to 90 seconds; the split into waiting and working is ours.
SHORTEST, LONGEST = 20_000, 90_000
STUCK = timedelta(hours=8)
DAY = timedelta(days=1)
UNKNOWN_STATUS = "PAUSED"
UNKNOWN_TEXT = "The flux capacitor of the report engine is out of plutonium."

_FAULTY_VERDICTS = {
    "cancelled_spuriously": Verdict("CANCELLED"),
    "fatal_without_document": Verdict("FATAL"),
    "fatal_unknown_text": Verdict("FATAL", UNKNOWN_TEXT),
    "fatal_client_error": Verdict("FATAL", CLIENT_ERROR),
    "not_yet_available": Verdict("FATAL", NOT_YET_AVAILABLE),
}


# How a report ends that is asked for again inside its regeneration window: both were
# seen, neither with a document (docs/amazon/reports-api.md#regeneration-windows).
TOO_SOON = (Verdict("CANCELLED"), Verdict("FATAL"))

Origin = Literal["application", "other application", "seller central", "schedule", "amazon"]


@dataclass
class Job:
    """One report that was asked for.

    Attributes:
        report_id: Unique for its account.
        account: Who asked.
        request: What was asked for.
        created_at: When it was asked for.
        waiting: How long it is IN_QUEUE.
        working: How long it is IN_PROGRESS.
        verdict: How it ends.
        fault: The fault of the report or of its document, if any.
        schedule_id: The schedule that asked, if one did.
        cancelled_at: When cancelReport took it out of the queue.
        created_by: Who asked.
        listed_under: The marketplaces of which the filter of getReports finds it.
    """

    report_id: str
    account: SandboxAccount
    request: ReportRequest
    created_at: datetime
    waiting: timedelta
    working: timedelta
    verdict: Verdict
    fault: str | None = None
    schedule_id: str | None = None
    cancelled_at: datetime | None = None
    created_by: Origin = "application"
    listed_under: tuple[str, ...] = ()

    @property
    def age(self) -> tuple[datetime, str]:
        """Its place among the reports of its account."""
        return self.created_at, self.report_id

    @property
    def document_id(self) -> str:
        """The id of its document, if it ends with one."""
        # Unlike a report id it is unique over all accounts: the document host does not
        # know who asks.
        name = derive(self.account.label, self.report_id)
        return f"amzn1.spdoc.1.4.{self.account.region}.{name:016x}"

    def status(self, now: datetime) -> str:
        """The processingStatus at a moment."""
        if self.cancelled_at is not None:
            return "CANCELLED"
        if now < self.created_at + self.waiting:
            return "IN_QUEUE"
        if now < self.created_at + self.waiting + self.working:
            return "IN_PROGRESS"
        return UNKNOWN_STATUS if self.fault == "unknown_status" else self.verdict.status

    def has_document(self, now: datetime) -> bool:
        """Whether the document exists at a moment."""
        status = self.status(now)
        return status == "DONE" or (status == "FATAL" and self.verdict.details is not None)

    def as_json(self, now: datetime) -> dict[str, object]:
        """The Report of the model, with just the fields that are known by now."""
        request = self.request
        status = self.status(now)
        report: dict[str, object] = {
            "reportId": self.report_id,
            "reportType": request.report_type,
            "marketplaceIds": list(request.marketplace_ids),
            # Left out of a request they default to now (model).
            "dataStartTime": iso(request.start or self.created_at),
            "dataEndTime": iso(request.end or self.created_at),
            "createdTime": iso(self.created_at),
            "processingStatus": status,
        }
        if self.schedule_id is not None:
            report["reportScheduleId"] = self.schedule_id
        if self.cancelled_at is None and status != "IN_QUEUE":
            started = self.created_at + self.waiting
            report["processingStartTime"] = iso(started)
            if status != "IN_PROGRESS":
                report["processingEndTime"] = iso(started + self.working)
        if self.has_document(now):
            report["reportDocumentId"] = self.document_id
        return report


class Jobs:
    """All reports of one sandbox.

    Args:
        data: Tells whether there is anything to report.
        faults: May spoil a report.
        seed: Decides ids and durations.
        speed: Processing takes this many times less.
    """

    def __init__(self, data: Data, faults: Faults, seed: int, speed: float) -> None:
        """Start without any report."""
        self._data = data
        self._faults = faults
        self._seed = seed
        self._speed = speed
        self._of: defaultdict[str, _Shelf] = defaultdict(_Shelf)
        self._by_document: dict[str, Job] = {}

    def create(
        self,
        account: SandboxAccount,
        request: ReportRequest,
        now: datetime,
        schedule_id: str | None = None,
    ) -> Job:
        """Take a report in and decide how it will end."""
        # What Amazon has made by now came before.
        self._shelf(account, now)
        return self._add(account, request, now, schedule_id=schedule_id, faults=self._faults)

    def order(self, account: SandboxAccount, request: ReportRequest, at: datetime, by: Origin) -> Job:
        """Take in a report that somebody else asked for; no fault strikes it.

        Args:
            account: Whose report it is.
            request: What is asked for.
            at: When it was asked for.
            by: Who asked.
        """
        schedule_id = str(derive(self._seed, account.label, at.isoformat())) if by == "schedule" else None
        return self._add(account, request, at, schedule_id=schedule_id, by=by)

    def find(self, account: SandboxAccount, report_id: str, now: datetime) -> Job | None:
        """The report of an account by its id; None when Amazon would answer 404."""
        job = self._shelf(account, now).by_id.get(report_id)
        return job if job is not None and _kept(job, now) else None

    def of(self, account: SandboxAccount, now: datetime, before: Job | None = None) -> Iterator[Job]:
        """The reports of an account that are still kept, newest first.

        Args:
            account: Whose reports.
            now: The time of the call.
            before: Only those that come after this one in the list.
        """
        listed = self._shelf(account, now).listed
        end = len(listed) if before is None else bisect_left(listed, before.age, key=_age)
        return takewhile(lambda job: _kept(job, now), (listed[i] for i in range(end - 1, -1, -1)))

    def with_document(self, document_id: str, now: datetime) -> Job | None:
        """The report whose document has an id, whoever owns it."""
        job = self._by_document.get(document_id)
        return job if job is not None and _kept(job, now) and job.has_document(now) else None

    def _shelf(self, account: SandboxAccount, now: datetime) -> _Shelf:
        """The reports of an account, with those that Amazon has made by now."""
        shelf = self._of[account.label]
        since, shelf.settled_until = max(shelf.settled_until, now - RETENTION), max(shelf.settled_until, now)
        if account.kind == "seller" and since < now:
            for request, at in settlements(self._seed, account, since, now):
                self._add(account, request, at, by="amazon")
        return shelf

    def _add(  # noqa: PLR0913 - what tells one report from another
        self,
        account: SandboxAccount,
        request: ReportRequest,
        now: datetime,
        *,
        schedule_id: str | None = None,
        by: Origin = "application",
        faults: Faults | None = None,
    ) -> Job:
        shelf = self._of[account.label]
        number = len(shelf.by_id)
        rule = RULES[request.report_type]
        same = _same(request, now)
        # Amazon settles whether or not there was a sale.
        verdict = Verdict("DONE") if by == "amazon" else self._verdict(account, request, now)
        fault = None
        window = (rule.regenerates or timedelta()) / self._speed
        if verdict.status == "DONE" and shelf.is_too_soon(same, window, now):
            verdict = TOO_SOON[derive(self._seed, account.label, number) % len(TOO_SOON)]
        # A fault is not wasted on a report that fails anyway.
        elif verdict.status == "DONE" and faults is not None:
            sheet = TABLES.get(request.report_type)
            regional = sheet is not None and sheet.ignores_marketplaces
            fault = faults.strike(known.of_report(flat=sheet is not None, regional=regional))
            verdict = _FAULTY_VERDICTS.get(fault or "", verdict)
        waiting, working = self._durations(account, request, number)
        if fault == "stuck_in_queue":
            waiting = STUCK / self._speed
        if verdict.status == "DONE" and rule.finished_a_day is not None:
            finish = shelf.turn(request.report_type, rule.finished_a_day, DAY / self._speed, now + waiting + working)
            waiting = finish - working - now
        job = Job(
            report_id=f"{self._prefix(account)}{number + 20_001:06d}",
            account=account,
            request=request,
            created_at=now,
            waiting=waiting,
            working=working,
            verdict=verdict,
            fault=fault,
            schedule_id=schedule_id,
            created_by=by,
            # The filter misses settlements (docs/amazon/reports-api.md#getreports): here it misses every second one.
            listed_under=() if by == "amazon" and number % 2 else request.marketplace_ids,
        )
        shelf.add(job, same)
        self._by_document[job.document_id] = job
        return job

    def _prefix(self, account: SandboxAccount) -> int:
        return 50_000 + derive(self._seed, account.label) % 40_000

    def _verdict(self, account: SandboxAccount, request: ReportRequest, now: datetime) -> Verdict:
        rule = RULES[request.report_type]
        refused = refusal(rule, account, request, now)
        if refused is not None:
            return refused
        start, end = rule.dates.window(request, now)
        # No rows means CANCELLED, not an empty document (docs/amazon/reports-api.md#statuses).
        any_rows = self._data.has_rows(
            request.report_type,
            account=account,
            marketplace_id=request.marketplace_ids[0],
            options=request.options,
            start=start,
            end=end,
            as_of=now,
        )
        return Verdict("DONE" if any_rows else "CANCELLED")

    def _durations(self, account: SandboxAccount, request: ReportRequest, number: int) -> tuple[timedelta, timedelta]:
        bits = derive(
            self._seed,
            account.label,
            request.report_type,
            sorted(request.options.items()),
            number,
        )
        total = SHORTEST + bits % (LONGEST - SHORTEST)
        waiting = total * (10 + (bits >> 32) % 30) // 100
        working = total - waiting
        return timedelta(milliseconds=waiting / self._speed), timedelta(milliseconds=working / self._speed)


class _Shelf:
    """The reports of one account.

    Attributes:
        by_id: All of them.
        listed: The same ones, oldest first.
        settled_until: Up to when Amazon's own reports are there.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.by_id: dict[str, Job] = {}
        self.listed: list[Job] = []
        self.settled_until = datetime.min.replace(tzinfo=timezone.utc)
        self._newest: dict[tuple[object, ...], Job] = {}
        self._finishes: dict[str, list[datetime]] = {}

    def add(self, job: Job, same: tuple[object, ...]) -> None:
        """Put a report in, which may be older than others."""
        self.by_id[job.report_id] = job
        insort(self.listed, job, key=_age)
        if job.verdict.status == "DONE":
            self._newest[same] = max(job, self._newest.get(same, job), key=_age)

    def is_too_soon(self, same: tuple[object, ...], window: timedelta, now: datetime) -> bool:
        """Whether the last good report of the same range is younger than a window.

        See docs/amazon/reports-api.md#regeneration-windows.
        """
        last = self._newest.get(same)
        if last is None or last.cancelled_at is not None:
            return False
        return last.created_at <= now < last.created_at + window

    def turn(self, report_type: str, most: int, day: timedelta, finish: datetime) -> datetime:
        """Keep a report waiting until fewer than so many of its type end in a day (docs/amazon/quotas.md#own-quotas).

        Args:
            report_type: The type that is counted.
            most: How many may end within a day.
            day: How long a day lasts here.
            finish: When it would end.

        Returns:
            When it ends.
        """
        finishes = self._finishes.setdefault(report_type, [])
        if len(finishes) >= most:
            finish = max(finish, finishes[-most] + day)
        insort(finishes, finish)
        return finish


def _same(request: ReportRequest, now: datetime) -> tuple[object, ...]:
    """What two requests share of which one regenerates the report of the other.

    See docs/amazon/reports-api.md#regeneration-windows.
    """
    dates = RULES[request.report_type].dates
    # Of a report that always ends now there is but one.
    window = () if isinstance(dates, UpToNow) else dates.window(request, now)
    return (request.report_type, request.marketplace_ids, tuple(sorted(request.options.items())), *window)


def _age(job: Job) -> tuple[datetime, str]:
    return job.age


def _kept(job: Job, now: datetime) -> bool:
    return now - job.created_at <= RETENTION


def iso(moment: datetime) -> str:
    """A moment as the Reports API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")
