"""What goes into the engine and what comes out of it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from enum import Enum, auto

if t.TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import datetime

    from tap_amazon_vendor.errors import AmazonError
    from tap_amazon_vendor.outcomes import Outcome


class Service(t.NamedTuple):
    """One of Amazon's APIs as an account uses it: with quotas, a listing and outages of its own.

    Attributes:
        account: Label of the account.
        name: Our name of the API, such as ``reports``: each kind of job has one.
        scope: What of the account its calls are for, where they are not for all of it: an advertising profile.
    """

    account: str
    name: str
    scope: str = ""


class Processing(str, Enum):
    """Amazon's ``processingStatus``."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FATAL = "FATAL"

    @property
    def running(self) -> bool:
        """Whether Amazon is still working on the job."""
        return self in {Processing.IN_QUEUE, Processing.IN_PROGRESS}


@dataclass(frozen=True)
class JobStatus:
    """How far Amazon is with a job.

    Attributes:
        processing: Amazon's status.
        document_id: The document, if any: the rows, or for FATAL the reason.
        processed_at: ISO 8601 time at which processing ended, if it has.
        took: Seconds from the request to that time, by Amazon's clock.
        next_page: What names the next page, None if this is the last or only one.
    """

    processing: Processing
    document_id: str | None = None
    processed_at: str | None = None
    took: float | None = None
    next_page: Hashable | None = None

    @property
    def ended_without_document(self) -> bool:
        """Whether Amazon has finished the job without a document to fetch."""
        return not self.processing.running and self.document_id is None


@dataclass(frozen=True)
class ListedJob:
    """A job that Amazon lists, created by any application: what the listing shows of it.

    Attributes:
        job_id: Amazon's id.
        job_type: Amazon's name for jobs of this kind.
        marketplace_ids: What it was created for.
        start: ISO 8601 start of its range, None if it has none.
        end: ISO 8601 end of its range.
        created_at: When it was created.
        processing: Amazon's status.
        body: What it was created with, word for word, where the listing shows that.
    """

    job_id: str
    job_type: str
    marketplace_ids: tuple[str, ...]
    start: str | None
    end: str | None
    created_at: datetime
    processing: Processing
    body: str | None = None


class Priority(Enum):
    """Why a job is wanted. Jobs are created in this order."""

    NEW = auto()
    BACKFILL = auto()
    RESTATEMENT = auto()


class Source(Enum):
    """Where a planned job will come from."""

    #: This run creates it.
    CREATED = auto()
    #: An earlier run created it and did not read it.
    RESUMED = auto()
    #: Amazon lists one for the same window. A guess: its options show only in its document.
    ADOPTED = auto()
    #: Amazon makes it by itself.
    AMAZON_GENERATED = auto()
    #: The next run, because `max_reports` or Amazon's quota for the job type is used up.
    DEFERRED = auto()


@dataclass(frozen=True)
class PlannedJob:
    """A job that this run wants.

    Attributes:
        request: What to create: a `ports.Request`.
        readers: Names of the streams that will read it. The document is kept until all have.
        known_available: The account has had data for this partition before. Where it has not, one
            window is tried before the others are created.
        fresh_since: A job created since then is as good as a new one.
        priority: Newer than what is complete, older or missing, or within.
        adoptable: A job that another application created will do: not where restated figures are wanted.
        quiet: The newest days that the account has had before, if any, were without rows.
        once: The next run asks for another window in its place, as of a snapshot.
    """

    request: t.Any
    readers: frozenset[str]
    known_available: bool
    fresh_since: datetime
    priority: Priority = Priority.NEW
    adoptable: bool = True
    quiet: bool = False
    once: bool = False

    @property
    def had_no_rows(self) -> bool:
        """Whether the account has had data for this partition before, the newest of it without rows."""
        return self.quiet and self.known_available


@dataclass(frozen=True)
class PendingJob:
    """A job that was created, or may have been, and is not read by all its readers.

    Attributes:
        request: What it was created with.
        job_id: Amazon's id, None if the run ended before it was known.
        asked_at: When it was created, or announced.
        said: What Amazon says of it and is not believed yet, None for nothing.
        said_since: Since when.
        pages: Amazon's ids of the jobs of the pages before, in order.
    """

    request: t.Any
    job_id: str | None
    asked_at: datetime
    pages: tuple[str, ...] = ()
    said: str | None = None
    said_since: datetime | None = None

    @property
    def known_pages(self) -> tuple[str, ...]:
        """The ids of all pages whose jobs certainly exist."""
        return (*self.pages, self.job_id) if self.job_id else self.pages


@dataclass(frozen=True)
class JobResult:
    """How a job ended.

    Attributes:
        outcome: `Outcome.LOADED` if there is a document; its rows are still to be read.
        request: The request as last sent: its window may be shorter than what was wanted.
        reason: Amazon's text, or ours, for any outcome but `Outcome.LOADED`; for a shortened
            window the reason for that.
        advice: What the user can do about it.
        error: The call that failed, where the reason is that of a call.
        parts: Requests to read instead: halves of a window that is too wide, or jobs that Amazon made by itself.
        document: The rows; of several pages the last.
        pages: The documents of the pages before, in order.
        lasting: The next runs would hear the same, so a skip may be remembered.
        doubtful: What else is known contradicts what Amazon says, or it is more than a delay: a warning is due.
        job_id: Amazon's id.
        attempts: Number of create calls; 0 where an existing job was used.
        asked_at: When it was first requested.
        processed_at: When Amazon had finished it, ISO 8601.
    """

    outcome: Outcome
    request: t.Any
    reason: str | None = None
    advice: str = ""
    error: AmazonError | None = None
    parts: tuple[t.Any, ...] = ()
    document: t.Any = None
    pages: tuple[t.Any, ...] = ()
    lasting: bool = False
    doubtful: bool = False
    job_id: str | None = None
    attempts: int = 0
    asked_at: datetime | None = None
    processed_at: str | None = None

    @property
    def message(self) -> str:
        """Reason and advice in one line."""
        return ". ".join(part for part in (self.reason, self.advice) if part)

    @property
    def documents(self) -> tuple[t.Any, ...]:
        """The documents with the rows, in order: one for each page."""
        return (*self.pages, self.document) if self.document else self.pages
