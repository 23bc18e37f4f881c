"""The life of a query of Data Kiosk: IN_QUEUE, IN_PROGRESS, then DONE, FATAL or CANCELLED.

Of one selling partner one query runs at a time, the others wait (docs/amazon/data-kiosk.md#life-cycle). What a query
gives is worked out when it is asked for; what it shows of that follows from the clock alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from amazon_sandbox.chance import derive
from amazon_sandbox.documents import Content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amazon_sandbox.accounts import SandboxAccount
    from amazon_sandbox.data.catalogue import Row

RETENTION = timedelta(days=30)
# Not published: as long as a report takes.
SHORTEST, LONGEST = 20_000, 90_000
STUCK = timedelta(hours=8)
UNKNOWN = [{"message": "The flux capacitor of the query engine is out of plutonium.", "path": None}]


@dataclass(frozen=True)
class Outcome:
    """What a query gives.

    Attributes:
        rows: The lines of the document on this page.
        errors: What is wrong, as the error document has it; empty for nothing.
        next_token: What the query for the next page is asked with; None on the last page.
        fault: The fault of the query or its document, if any.
    """

    rows: Sequence[Row] = ()
    errors: Sequence[Row] = ()
    next_token: str | None = None
    fault: str | None = None


@dataclass
class Asked:
    """One query that was asked for.

    Attributes:
        query_id: Unique for its account.
        account: Who asked.
        text: The query without needless characters.
        created_at: When it was asked for.
        started_at: When its turn comes.
        working: How long it runs.
        outcome: What it gives.
        cancelled_at: When cancelQuery took it out.
    """

    query_id: str
    account: SandboxAccount
    text: str
    created_at: datetime
    started_at: datetime
    working: timedelta
    outcome: Outcome
    cancelled_at: datetime | None = None

    @property
    def ended_at(self) -> datetime:
        """When it makes way for the next one."""
        end = self.started_at + self.working
        if self.cancelled_at is None:
            return end
        return min(end, self.cancelled_at)

    @property
    def document_id(self) -> str:
        """The id of its document, if it ends with one."""
        bits = derive(self.account.label, "query", self.query_id)
        name = f"{bits:016x}{derive(bits):016x}"
        parts = "-".join((name[:8], name[8:12], name[12:16], name[16:20], name[20:]))
        return f"amzn1.tortuga.4.{self.account.region}.{parts}.T{bits % 36**9:09d}"

    def status(self, now: datetime) -> str:
        """The processingStatus at a moment."""
        if self.cancelled_at is not None:
            return "CANCELLED"
        if now < self.started_at:
            return "IN_QUEUE"
        if now < self.started_at + self.working:
            return "IN_PROGRESS"
        failed = self.outcome.errors or self.outcome.fault == "query_fatal_without_document"
        return "FATAL" if failed else "DONE"

    def has_document(self, now: datetime) -> bool:
        """Whether there is a document at a moment: without a row there is none."""
        status = self.status(now)
        return (status == "DONE" and bool(self.outcome.rows)) or (status == "FATAL" and bool(self.outcome.errors))

    def kept(self, now: datetime) -> bool:
        """Whether Amazon still has it."""
        return now - self.created_at <= RETENTION

    @property
    def compressed(self) -> bool:
        """Whether its document is sent as gzip, which only the download says: three of four are."""
        return derive(self.document_id) & 3 != 0

    def content(self) -> Content:
        """The bytes of its document."""
        chunks = iter([_errors(self.outcome.errors)]) if self.outcome.errors else _lines(self.outcome)
        return Content().fill_compressed(chunks) if self.compressed else Content().fill(chunks)

    def as_json(self, now: datetime) -> Row:
        """The Query of the model, with just the fields that are known by now."""
        status = self.status(now)
        row: Row = {
            "queryId": self.query_id,
            "query": self.text,
            "createdTime": iso(self.created_at),
            "processingStatus": status,
        }
        started = self.started_at <= now and (self.cancelled_at is None or self.started_at <= self.cancelled_at)
        if started:
            row["processingStartTime"] = iso(self.started_at)
        if started and status not in {"IN_QUEUE", "IN_PROGRESS"}:
            row["processingEndTime"] = iso(self.ended_at)
        if self.has_document(now):
            row["dataDocumentId" if status == "DONE" else "errorDocumentId"] = self.document_id
        if status == "DONE" and self.outcome.next_token is not None:
            row["pagination"] = {"nextToken": self.outcome.next_token}
        return row


class Queries:
    """All queries of one sandbox.

    Args:
        seed: Decides ids and durations.
        speed: Processing takes this many times less.
    """

    def __init__(self, seed: int, speed: float) -> None:
        """Start without any query."""
        self._seed = seed
        self._speed = speed
        self._of: defaultdict[str, list[Asked]] = defaultdict(list)
        self._by_document: dict[str, Asked] = {}

    def create(self, account: SandboxAccount, text: str, outcome: Outcome, now: datetime) -> Asked:
        """Take a query in; it waits for those before it."""
        queue = self._of[account.label]
        bits = derive(self._seed, account.label, "query", len(queue))
        working = timedelta(milliseconds=SHORTEST + bits % (LONGEST - SHORTEST)) / self._speed
        if outcome.fault == "query_stuck_in_queue":
            working = STUCK / self._speed
        # Numbers of eleven or twelve digits, seen in answers.
        query_id = f"{20_000 + derive(self._seed, account.label) % 70_000}{len(queue) + 1:06d}"
        asked = Asked(query_id, account, text, now, now, working, outcome)
        queue.append(asked)
        self._line_up(queue, len(queue) - 1)
        self._by_document[asked.document_id] = asked
        return asked

    def find(self, account: SandboxAccount, query_id: str, now: datetime) -> Asked | None:
        """The query of an account by its id; None when Amazon would answer 404."""
        return next((each for each in self.of(account, now) if each.query_id == query_id), None)

    def of(self, account: SandboxAccount, now: datetime) -> Iterator[Asked]:
        """The queries of an account that are still kept, newest first."""
        return (each for each in reversed(self._of[account.label]) if each.kept(now))

    def cancel(self, asked: Asked, now: datetime) -> None:
        """Take a query out, so that the next one moves up."""
        queue = self._of[asked.account.label]
        asked.cancelled_at = now
        self._line_up(queue, queue.index(asked) + 1)

    def with_document(self, document_id: str, now: datetime) -> Asked | None:
        """The query whose document has an id, whoever owns it, kept or not."""
        asked = self._by_document.get(document_id)
        return asked if asked is not None and asked.has_document(now) else None

    def _line_up(self, queue: list[Asked], first: int) -> None:
        """Tell the queries from a place in the queue on when their turn comes."""
        free = max((each.ended_at for each in queue[:first]), default=None)
        for place in range(first, len(queue)):
            asked = queue[place]
            waiting = timedelta(milliseconds=derive(self._seed, "wait", asked.query_id) % 5_000) / self._speed
            own = asked.created_at + waiting
            asked.started_at = own if free is None else max(own, free)
            free = asked.ended_at if free is None else max(free, asked.ended_at)


def _lines(outcome: Outcome) -> Iterator[bytes]:
    # Its numbers are of GraphQL's type Float: no exact digits are lost that Amazon would send.
    dump = msgspec.json.Encoder().encode
    rows = outcome.rows
    for row in rows[:-1]:
        yield dump(_nulls(row) if outcome.fault == "query_rows_of_nulls" else row) + b"\n"
    last = dump(_nulls(rows[-1]) if outcome.fault == "query_rows_of_nulls" else rows[-1])
    yield last[: len(last) // 2] if outcome.fault == "query_line_cut_off" else last + b"\n"


def _nulls(row: Row) -> Row:
    """A row as a query that is too wide brings it: the dates, and null for all else."""
    return {name: value if isinstance(value, str) else None for name, value in row.items()}


def _errors(errors: Sequence[Row]) -> bytes:
    return json.dumps(errors).encode()


def iso(moment: datetime) -> str:
    """A moment as Data Kiosk writes it, with thousandths of a second."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def spoilt(outcome: Outcome, fault: str | None) -> Outcome:
    """An outcome with the fault that strikes it."""
    if fault == "query_fatal_unknown_text":
        return Outcome(errors=UNKNOWN, fault=fault)
    return replace(outcome, fault=fault)
