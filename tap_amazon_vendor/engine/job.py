"""One job on its way from the plan to its result.

    PLANNED -> ANNOUNCED -> SAVED -> WAITING -> READY -> FINISHED

A job is announced before it is created: the Singer state says that it is about to be, so that a killed run leaves no
job that only Amazon knows. An existing job goes from PLANNED straight to WAITING. A new try goes back to PLANNED.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from enum import IntEnum, auto

if t.TYPE_CHECKING:
    from datetime import datetime

    from tap_amazon_vendor.engine.model import JobResult, JobStatus, PlannedJob
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
        job_id: Amazon's id.
        asked_at: When it was first requested.
        announced_at: When it was announced.
        maybe_since: Since when it may exist, because a run that announced it ended before it knew the id.
        waiting_since: When this run started to wait for it.
        attempts: Number of create calls.
        failures: Number of failed tries.
        heard: What Amazon said when it failed, in this run.
        said: What Amazon says of it and is not believed yet, by an earlier run or by this one.
        said_since: Since when.
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
    asked_at: datetime | None = None
    announced_at: datetime | None = None
    maybe_since: datetime | None = None
    waiting_since: datetime | None = None
    attempts: int = 0
    failures: int = 0
    heard: set[str] = field(default_factory=set)
    said: str | None = None
    said_since: datetime | None = None
    held: tuple[str, Verdict] | None = None
    status: JobStatus | None = None
    shortened_because: str | None = None
    result: JobResult | None = None

    @property
    def open(self) -> bool:
        """Whether a reader waits for a result."""
        return self.result is None and bool(self.readers)

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

    def to_remember(self) -> tuple[str | None, datetime] | None:
        """Return what the state says of it: id and time, the id None if it is not certain; None for nothing."""
        if self.request.job_id:
            return None
        if self.job_id and self.asked_at and not self.guessed:
            return self.job_id, self.asked_at
        since = self.announced_at or self.maybe_since
        return (None, since) if since else None

    def restart(self) -> None:
        """Go back to before it was created."""
        self.state = State.PLANNED
        self.held = None
        self.job_id = self.status = self.announced_at = None
