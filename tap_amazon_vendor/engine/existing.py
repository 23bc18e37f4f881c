"""Jobs that Amazon lists, created by any application, to be adopted instead of creating new ones.

What a listing shows differs: not a report's options (github.com/amzn/selling-partner-api-models/issues/495), so there a
match is a guess until the document's own specification has been compared. `Request.may_be` compares what is shown.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict

from tap_amazon_vendor.engine.model import Processing

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_amazon_vendor.engine.model import ListedJob
    from tap_amazon_vendor.engine.ports import Request

    Query = tuple[tuple[str, ...], str | None, datetime]

#: Job types that one call may list (getReports: 10).
TYPES_PER_CALL = 10


class ExistingJobs:
    """Queries for a service's listing, and their results.

    A guess costs a document call. Other applications of the account may use other options
    than we do: after a few wrong guesses no more are made.
    """

    #: Wrong guesses in excess of right ones that are accepted.
    TOLERANCE = 2

    def __init__(self) -> None:
        """Start with nothing to ask."""
        self._since: dict[str | None, dict[str, datetime]] = defaultdict(dict)
        self._found: dict[str, list[ListedJob]] = defaultdict(list)
        self._single: list[Query] = []
        self._calls = 0
        self._score = 0

    def request(self, request: Request, since: datetime) -> None:
        """Request the jobs that may answer a request and were created since then."""
        types = self._since[request.listed_under]
        types[request.job_type] = min(since, types.get(request.job_type, since))

    @property
    def complete(self) -> bool:
        """Whether nothing is left to ask and no answer is outstanding."""
        return not self._since and not self._single and not self._calls

    def next_query(self) -> Query | None:
        """Take out the job types, marketplace and time of one call; None if there is none to make."""
        if self._single:
            self._calls += 1
            return self._single.pop()
        if not self._since:
            return None
        listed_under, types = next(iter(self._since.items()))
        # Those that go back about as far share a call.
        chosen = tuple(sorted(types, key=lambda job_type: types[job_type])[:TYPES_PER_CALL])
        since = min(types.pop(job_type) for job_type in chosen)
        if not types:
            del self._since[listed_under]
        self._calls += 1
        return chosen, listed_under, since

    def add(self, jobs: Iterable[ListedJob]) -> None:
        """Add the jobs that a call returned."""
        self._calls -= 1
        for job in jobs:
            self._found[job.job_type].append(job)

    def refused(self, job_types: Sequence[str], listed_under: str | None, since: datetime) -> None:
        """Ask for each type on its own: one that the account may not have fails the call for all."""
        self._calls -= 1
        for job_type in job_types if len(job_types) > 1 else ():
            self._single.append(((job_type,), listed_under, since))

    def abandon(self) -> None:
        """Ask for nothing more."""
        self._since.clear()
        self._single.clear()

    def find(self, request: Request, since: datetime, *, done: bool, used: set[str]) -> ListedJob | None:
        """Return the newest job that may answer a request.

        Args:
            request: What is wanted.
            since: Earliest time of its creation.
            done: It must be finished.
            used: Ids of jobs that must not be taken.
        """
        return next(
            (
                job
                for job in self._found[request.job_type]
                if job.created_at >= since
                and (job.processing is Processing.DONE or not done)
                and job.job_id not in used
                and request.may_be(job)
            ),
            None,
        )

    @property
    def hopeless(self) -> bool:
        """Whether too many guesses were wrong."""
        return self._score < -self.TOLERANCE

    def may_guess(self, open_guesses: int) -> bool:
        """Return whether one more guess is worth its call while some are open."""
        return open_guesses <= self._score + self.TOLERANCE

    def learn(self, *, right: bool) -> None:
        """Note whether a guess was right."""
        self._score += 1 if right else -1
