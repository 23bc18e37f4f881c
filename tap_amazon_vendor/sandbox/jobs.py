"""The life of a report: IN_QUEUE, IN_PROGRESS, then DONE, FATAL or CANCELLED.

How a report ends is decided when it is asked for; what it shows of that follows from
the clock alone (REPORTS.md section 0.1). Nothing runs in the background.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_amazon_vendor.sandbox import faults as known
from tap_amazon_vendor.sandbox.chance import derive
from tap_amazon_vendor.sandbox.data import TABLES
from tap_amazon_vendor.sandbox.reports import RULES, refusal
from tap_amazon_vendor.sandbox.rules.verdicts import CLIENT_ERROR, NOT_YET_AVAILABLE, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_amazon_vendor.sandbox.accounts import SandboxAccount
    from tap_amazon_vendor.sandbox.data import Data
    from tap_amazon_vendor.sandbox.faults import Faults
    from tap_amazon_vendor.sandbox.rules.verdicts import ReportRequest

RETENTION = timedelta(days=90)
# A report takes 20 to 90 seconds; the split into waiting and working is ours.
SHORTEST, LONGEST = 20_000, 90_000
STUCK = timedelta(hours=8)
UNKNOWN_STATUS = "PAUSED"
UNKNOWN_TEXT = "The flux capacitor of the report engine is out of plutonium."

_FAULTY_VERDICTS = {
    "cancelled_spuriously": Verdict("CANCELLED"),
    "fatal_without_document": Verdict("FATAL"),
    "fatal_unknown_text": Verdict("FATAL", UNKNOWN_TEXT),
    "fatal_client_error": Verdict("FATAL", CLIENT_ERROR),
    "not_yet_available": Verdict("FATAL", NOT_YET_AVAILABLE),
}


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
        # By label and report id, oldest first; and again by document id.
        self._of: dict[str, dict[str, Job]] = {}
        self._by_document: dict[str, Job] = {}

    def create(
        self,
        account: SandboxAccount,
        request: ReportRequest,
        now: datetime,
        schedule_id: str | None = None,
    ) -> Job:
        """Take a report in and decide how it will end."""
        mine = self._of.setdefault(account.label, {})
        verdict = self._verdict(account, request, now)
        fault = None
        # A fault is not wasted on a report that fails anyway.
        if verdict.status == "DONE":
            fault = self._faults.strike(known.of_report(flat=request.report_type in TABLES))
            verdict = _FAULTY_VERDICTS.get(fault or "", verdict)
        waiting, working = self._durations(account, request, len(mine))
        if fault == "stuck_in_queue":
            waiting = STUCK / self._speed
        job = Job(
            report_id=f"{self._prefix(account)}{len(mine) + 20_001:06d}",
            account=account,
            request=request,
            created_at=now,
            waiting=waiting,
            working=working,
            verdict=verdict,
            fault=fault,
            schedule_id=schedule_id,
        )
        mine[job.report_id] = job
        self._by_document[job.document_id] = job
        return job

    def find(self, account: SandboxAccount, report_id: str, now: datetime) -> Job | None:
        """The report of an account by its id; None when Amazon would answer 404."""
        job = self._of.get(account.label, {}).get(report_id)
        return job if job is not None and _kept(job, now) else None

    def of(self, account: SandboxAccount, now: datetime) -> Iterator[Job]:
        """The reports of an account that are still kept, newest first."""
        return (job for job in reversed(self._of.get(account.label, {}).values()) if _kept(job, now))

    def with_document(self, document_id: str, now: datetime) -> Job | None:
        """The report whose document has an id, whoever owns it."""
        job = self._by_document.get(document_id)
        return job if job is not None and _kept(job, now) and job.has_document(now) else None

    def _prefix(self, account: SandboxAccount) -> int:
        return 50_000 + derive(self._seed, account.label) % 40_000

    def _verdict(self, account: SandboxAccount, request: ReportRequest, now: datetime) -> Verdict:
        rule = RULES[request.report_type]
        refused = refusal(rule, account, request, now)
        if refused is not None:
            return refused
        start, end = rule.dates.window(request, now)
        # No rows means CANCELLED, not an empty document (REPORTS.md section 0.1).
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


def _kept(job: Job, now: datetime) -> bool:
    return now - job.created_at <= RETENTION


def iso(moment: datetime) -> str:
    """A moment as the Reports API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")
