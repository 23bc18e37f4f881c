"""One job on its way from the plan to its result.

    PLANNED -> ANNOUNCED -> SAVED -> WAITING -> READY -> FINISHED

A job is announced before it is created: the Singer state says that it is about to be, so that a killed run leaves no
job that only Amazon knows. An existing job goes from PLANNED straight to WAITING. A new try goes back to PLANNED.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from enum import IntEnum, auto

from tap_amazon_vendor.engine.model import PendingJob

if t.TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import datetime

    from tap_amazon_vendor.engine.model import JobResult, JobStatus, PlannedJob
    from tap_amazon_vendor.engine.ports import Document
    from tap_amazon_vendor.outcomes import Verdict

    Rank = tuple[int, ...]


class State(IntEnum):
    """How far a job is."""

    PLANNED = auto()
    #: The next state message will say that it is about to be created.
    ANNOUNCED = auto()
    #: That message is written: the job may be created.
    SAVED = auto()
    #: Amazon is working on it.
    WAITING = auto()
    #: Its document may be fetched.
    READY = auto()
    FINISHED = auto()


class Call(IntEnum):
    """The kinds of calls to Amazon that move a job on."""

    CREATE = auto()
    POLL = auto()
    FETCH = auto()


@dataclass
class Job:
    """A planned job and how far it is.

    Attributes:
        planned: What the run wants.
        request: What is sent: its window may have been shortened.
        rank: Place in the order of creation: parts of a window come right after the whole.
        readers: Streams that still want it.
        unread: Streams that have not read it: those that gave up are among them.
        state: How far it is.
        in_call: A call for it is on its way.
        guessed: It was found in Amazon's listing, and its options are unknown until its document is fetched.
        resumed: An earlier run created it, or the one before it.
        unsettled: Its result is not final: the next run looks at it again.
        job_id: Amazon's id; of several pages that of the current one.
        pages: The documents of the pages before.
        page_ids: The ids of their jobs.
        known_pages: Ids of the pages after this one that an earlier run created.
        pages_named: What named the pages so far.
        asked_at: When it was first requested.
        announced_at: When it was announced.
        maybe_since: Since when it may exist, because a run that announced it ended before it knew the id.
        waiting_since: When this run started to wait for it.
        attempts: Number of create calls.
        failures: Number of failed tries.
        heard: Why it failed in this run, and what that means where Amazon said so.
        said: What Amazon says of it and is not believed yet, by an earlier run or by this one.
        said_since: Since when.
        refresh_refused: It was created once more, and Amazon refused to make it again so soon.
        held: What it said last and what that means, where the decision waits for other jobs.
        status: Amazon's last answer.
        shortened_because: Why the window was shortened.
        result: How it ended.
    """

    planned: PlannedJob
    request: t.Any
    rank: Rank
    readers: set[str]
    unread: set[str]
    state: State = State.PLANNED
    in_call: bool = False
    guessed: bool = False
    resumed: bool = False
    unsettled: bool = False
    job_id: str | None = None
    pages: list[t.Any] = field(default_factory=list)
    page_ids: list[str] = field(default_factory=list)
    known_pages: list[str] = field(default_factory=list)
    pages_named: set[Hashable] = field(default_factory=set)
    asked_at: datetime | None = None
    announced_at: datetime | None = None
    maybe_since: datetime | None = None
    waiting_since: datetime | None = None
    attempts: int = 0
    failures: int = 0
    heard: dict[str, Verdict | None] = field(default_factory=dict)
    said: str | None = None
    said_since: datetime | None = None
    refresh_refused: bool = False
    held: tuple[str, Verdict] | None = None
    status: JobStatus | None = None
    shortened_because: str | None = None
    result: JobResult | None = None

    @property
    def open(self) -> bool:
        """Whether a reader waits for a result."""
        return self.result is None and bool(self.readers)

    @property
    def exists(self) -> bool:
        """Whether Amazon has it, or pages of it."""
        return self.job_id is not None or bool(self.page_ids)

    @property
    def next_call(self) -> Call:
        """The call that moves it on."""
        if self.state < State.WAITING:
            return Call.CREATE
        return Call.POLL if self.state is State.WAITING else Call.FETCH

    @property
    def wanted(self) -> t.Any:  # noqa: ANN401  # the kind's request
        """The request by which its readers know it."""
        return self.planned.request

    def to_remember(self) -> PendingJob | None:
        """Return what the state says of it, without an id if that is not certain; None for nothing."""
        if self.request.job_id:
            return None
        request, pages = self.request, tuple(self.page_ids)
        if self.job_id and self.asked_at and not self.guessed:
            known = (*pages, self.job_id, *self.known_pages)
            return PendingJob(request, known[-1], self.asked_at, known[:-1])
        since = self.asked_at if pages else self.announced_at or self.maybe_since
        return PendingJob(request, None, since, pages) if since else None

    def turn_page(self, document: Document, page: Hashable) -> None:
        """Go on to the next page: to its job where that is known, else back to before it is created."""
        self.pages.append(document)
        self.page_ids.append(t.cast("str", self.job_id))
        self.status = self.announced_at = None
        self.pages_named.add(page)
        self.request = self.request.following(page)
        if self.known_pages:
            self.job_id, self.state = self.known_pages.pop(0), State.WAITING
        else:
            self.job_id, self.state = None, State.PLANNED

    def take_up(self, pending: PendingJob) -> None:
        """Go on with what an earlier run created."""
        self.job_id, *self.known_pages = pending.known_pages
        self.asked_at, self.resumed = pending.asked_at, True

    def restart(self) -> None:
        """Go back to before it was created."""
        self.state = State.PLANNED
        self.held = None
        self.job_id = self.status = self.announced_at = None
        if self.page_ids:
            self.request = self.request.following(None)
        self.pages, self.page_ids, self.known_pages, self.pages_named = [], [], [], set()
