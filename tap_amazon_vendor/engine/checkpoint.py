"""What the Singer state says about jobs, so that neither a killed run nor the next one requests anything twice."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from tap_amazon_vendor.engine.job import State

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tap_amazon_vendor.engine.job import Job
    from tap_amazon_vendor.engine.model import PendingJob
    from tap_amazon_vendor.engine.ports import Request

#: Days for which a job that no run wants any more is remembered.
UNCLAIMED_DAYS = 3

#: Days for which Amazon lists a report.
LISTED_DAYS = 90

#: Rest after saving, as a multiple of what saving took: the state of many accounts is large.
RESTS = 9


class Checkpoint:
    """The jobs in the state, and when to write it.

    Attributes:
        known: What an earlier run left, as long as no job of this run has taken it up.
        unsaved: Something has changed since the state was written.
    """

    def __init__(self) -> None:
        """Start with nothing to remember."""
        self.known: dict[Request, PendingJob] = {}
        self.unsaved = False
        self._jobs: dict[Request, Job] = {}
        self._unreadable: dict[str, str] = {}
        self._saved_at: datetime | None = None
        self._rest = timedelta(0)

    def load(self, pending: Iterable[PendingJob], unreadable: Mapping[str, str] = MappingProxyType({})) -> None:
        """Load what an earlier run left."""
        self.known.update((each.request, each) for each in pending)
        self._unreadable.update(unreadable)

    def track(self, job: Job) -> None:
        """Include a job in the state from now on."""
        self._jobs[job.wanted] = job

    def forget(self, request: Request) -> None:
        """Drop a job from the state: all its readers have read it."""
        self._jobs.pop(request, None)

    def announce(self, job: Job, now: datetime) -> None:
        """Announce in the next state message that a job is about to be created."""
        job.state, job.announced_at = State.ANNOUNCED, now
        self.track(job)

    def pending(self, now: datetime) -> list[PendingJob]:
        """Return the jobs that are created and not read by all their readers."""
        unclaimed = {
            request: each
            for request, each in self.known.items()
            if now - each.asked_at <= timedelta(days=UNCLAIMED_DAYS)
        }
        unread = {
            job.request: replace(remembered, said=job.said, said_since=job.said_since)
            for job in self._jobs.values()
            if _matters(job) and (remembered := job.to_remember())
        }
        return list({**unclaimed, **unread}.values())

    def doubt_of(self, request: t.Any) -> PendingJob | None:  # noqa: ANN401  # the kind's request
        """Return the oldest doubt of an earlier run about a window that holds this one.

        The start of Amazon's history, and of a default `start_date`, moves from run to run, and the oldest window with
        it: without its past, nothing that Amazon says of it would ever have been said for days.
        """
        window = request.window
        doubts = [
            each
            for each in self.known.values()
            if each.said_since
            and each.request.partition == request.partition
            and each.request.window.start <= window.start
            and window.end <= each.request.window.end
        ]
        return min(doubts, key=lambda each: t.cast("datetime", each.said_since), default=None)

    def unreadable(self, now: datetime) -> dict[str, str]:
        """Return the ids of jobs that must not be used again, and the days on which that was found."""
        oldest = (now - timedelta(days=LISTED_DAYS)).date().isoformat()
        return {job_id: day for job_id, day in self._unreadable.items() if day >= oldest}

    def mark_unreadable(self, job_id: str, now: datetime) -> None:
        """Never use a job again that Amazon lists as done and whose document can't be read."""
        self._unreadable[job_id] = now.date().isoformat()

    def resting(self, now: datetime) -> float:
        """Return the seconds for which it is too early to save again; 0 where the clock was set back."""
        if self._saved_at is None or now < self._saved_at:
            return 0.0
        return max(0.0, (self._saved_at + self._rest - now).total_seconds())

    def begin(self) -> list[tuple[Job, datetime | None]]:
        """Return the announced jobs that the state message about to be written contains."""
        self.unsaved = False
        return [(job, job.announced_at) for job in self._jobs.values() if job.state is State.ANNOUNCED]

    def written(self, announced: Iterable[tuple[Job, datetime | None]], *, began: datetime, now: datetime) -> None:
        """Note that the state message is written: what it announces may be created."""
        self._saved_at, self._rest = now, (now - began) * RESTS
        for job, announced_at in announced:
            # Unless it has been restarted in the meantime.
            if job.state is State.ANNOUNCED and job.announced_at == announced_at:
                job.state = State.SAVED


def _matters(job: Job) -> bool:
    """Return whether the next run can use a job that is not read: one that failed, or was skipped, is made anew."""
    return job.result is None or job.result.outcome.completes or job.unsettled
