"""Adopt existing jobs instead of creating new ones: which to check, and which job a document belongs to."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from datetime import timedelta

from tap_amazon_vendor.engine.decisions import Adopt, Finish, Hesitate
from tap_amazon_vendor.engine.existing import ExistingJobs
from tap_amazon_vendor.engine.job import Call
from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from datetime import datetime

    from tap_amazon_vendor.engine.decisions import Decision
    from tap_amazon_vendor.engine.job import Job
    from tap_amazon_vendor.engine.model import ListedJob, PendingJob, Service
    from tap_amazon_vendor.engine.ports import Document, Request

#: Amazon's clock is not ours.
CLOCK_MARGIN = timedelta(seconds=60)


class Adoption:
    """The existing jobs of all services.

    Attributes:
        used: Ids of jobs known to belong to a request, or to none.
    """

    def __init__(self) -> None:
        """Start without jobs."""
        self.used: set[str] = set()
        self._existing: dict[Service, ExistingJobs] = {}
        self._alike: dict[tuple[t.Any, ...], list[Job]] = defaultdict(list)
        #: Jobs that adopted an existing one as a guess; some may be settled by now.
        self._guesses: list[Job] = []

    def existing(self, service: Service) -> ExistingJobs | None:
        """Return the listing of a service; None if no job is planned for it."""
        return self._existing.get(service)

    def add(self, job: Job, pending: PendingJob | None) -> None:
        """Register a planned job.

        Args:
            job: The job.
            pending: What an earlier run left of it.
        """
        self._alike[_as_listed(job.wanted)].append(job)
        existing = self._existing.setdefault(job.wanted.service, ExistingJobs())
        if pending and not pending.known_pages:
            existing.request(job.wanted, pending.asked_at - CLOCK_MARGIN)
        elif pending is None and job.planned.adoptable:
            existing.request(job.wanted, job.planned.fresh_since)

    def find(self, job: Job, maybe_since: datetime | None) -> ListedJob | None:
        """Return an existing job that may be the one.

        Args:
            job: One that is to be created.
            maybe_since: Since when an earlier run may have created it.
        """
        since = maybe_since - CLOCK_MARGIN if maybe_since else job.planned.fresh_since
        # Where Amazon would answer with its last job instead of a new one, that is waited for.
        running = maybe_since is not None or job.request.refresh_interval is not None
        return self._existing[job.request.service].find(job.request, since, done=not running, used=self.used)

    def decide(self, job: Job) -> Decision | None:
        """Decide what an account's listing means for a job that is to be created; None if nothing."""
        adoptable = job.planned.adoptable and job.request.window == job.wanted.window
        if not (adoptable or job.maybe_since):
            return None
        found = self.find(job, job.maybe_since)
        if job.maybe_since:
            return Adopt(found) if found else self._guessed_by_another(job)
        existing = self._existing[job.request.service]
        if self._must_wait(job, existing, found):
            return Hesitate()
        return None if found is None or existing.hopeless else Adopt(found)

    def adopted(self, job: Job) -> None:
        """Note that a job checks an existing one."""
        self._guesses.append(job)

    def open_guesses(self) -> int:
        """Count the adopted jobs that may still turn out to be others."""
        self._guesses = [job for job in self._guesses if job.guessed and job.open]
        return len(self._guesses)

    def _must_wait(self, job: Job, existing: ExistingJobs, found: ListedJob | None) -> bool:
        """Return whether open guesses decide about a job.

        A job that is checked for other options may turn out to be this one, and the first guesses show whether more
        are worth a call.
        """
        if any(other.guessed and other.open and not other.maybe_since for other in self.alike(job)):
            return True
        return found is not None and not existing.hopeless and not existing.may_guess(self.open_guesses())

    def _guessed_by_another(self, job: Job) -> Decision | None:
        """Wait if the existing job that may be this one is being checked for other options."""
        guess = next((other for other in self.alike(job) if other.guessed), None)
        if guess is None:
            return None
        if guess.open:
            return Hesitate()
        reason = f"it may be {guess.job_id}, which could not be checked"
        return Finish(Outcome.LATER, reason, advice="The next run checks again", unsettled=True)

    def alike(self, job: Job) -> list[Job]:
        """Return the other jobs that the listing can't tell from a job: only their options differ."""
        return [
            other
            for other in self._alike[_as_listed(job.wanted)]
            if other is not job and other.request.window == job.request.window
        ]

    def owner(self, job: Job, document: Document) -> Job | None:
        """Return the job that a document is for: another one only if it was guessed; None if there is none."""
        if not job.open:
            return None
        if not job.guessed:
            return job
        existing = self._existing[job.request.service]
        good = not document.error and not document.empty
        others = [
            other
            for other in self.alike(job)
            if other.open
            and (other.next_call is Call.CREATE or other.guessed)
            and not other.in_call
            and (other.planned.adoptable or other.maybe_since)
        ]
        for candidate in (job, *others):
            proven = document.specification is not None or not candidate.request.has_options
            if good and proven and candidate.request.matches(document.specification):
                existing.learn(right=True)
                return candidate
        existing.learn(right=False)
        return None

    def hand_over(self, job: Job, owner: Job) -> None:
        """Hand a job's existing one over to the job that it belongs to."""
        if owner.guessed and owner.job_id:
            self.used.discard(owner.job_id)
        owner.job_id, owner.asked_at, owner.status = job.job_id, job.asked_at, job.status
        owner.guessed = False


def _as_listed(request: Request) -> tuple[t.Any, ...]:
    """Return what a listing shows of a request, and its service."""
    return request.service, request.job_type, request.listed_under, request.window
