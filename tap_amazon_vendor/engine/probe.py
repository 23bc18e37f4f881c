"""Try one window of a partition before spending quota on data that the account may not have."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from tap_amazon_vendor.engine.job import Job
    from tap_amazon_vendor.engine.model import JobResult


@dataclass
class PartitionProbe:
    """The jobs of a partition, in the plan's order, and whether the account is known to have such data.

    Attributes:
        jobs: All jobs of the partition.
        proven: The account has the partition, as far as is known.
        lacking: The result that showed that the account lacks it.
    """

    jobs: list[Job] = field(default_factory=list)
    proven: bool = False
    lacking: JobResult | None = None
    _probing: Job | None = None
    _held: list[Job] = field(default_factory=list)

    def lacks(self, job: Job) -> JobResult | None:
        """Return the result that a job shares because the account lacks the partition."""
        return None if job.planned.known_available or self.proven else self.lacking

    def admits(self, job: Job) -> bool:
        """Return whether a job may be created now: the first to ask is the probe, and the others wait for it."""
        if job.planned.known_available or self.proven or self.lacking:
            return True
        if self._probing is None:
            self._probing = job
        return self._probing is job

    def probes_with(self, job: Job) -> bool:
        """Return whether a job is the probe."""
        return self._probing is job

    def hold(self, job: Job) -> None:
        """Keep a job until the probe has a result."""
        self._held.append(job)

    def learn(self, job: Job) -> None:
        """Learn from the result of a job."""
        result = t.cast("JobResult", job.result)
        # In Amazon's queue for as long as a run waits: the others must not wait as long, one after the other.
        stuck = self._probing is job and result.outcome is Outcome.LATER and job.unsettled
        if result.outcome.completes or stuck:
            self.proven = True
        elif result.outcome.ends_partition and not self.lacking:
            self.lacking = result

    def release(self, job: Job) -> list[Job]:
        """Return the held jobs that may go on, once the probe has a result or no reader wants it any more."""
        if not (self._probing is job or self.proven or self.lacking):
            return []
        self._probing = None
        held, self._held = self._held, []
        return held

    def is_next(self, job: Job) -> bool:
        """Return whether a job is the first of the partition that is still open."""
        return next(other for other in self.jobs if other.open) is job

    def has_rows_beside(self, job: Job) -> bool | None:
        """Return whether an adjacent window has rows; None if no window is adjacent."""
        results = [other.result for other in self.jobs if job.request.adjoins(other.request)]
        if not results:
            return None
        return any(result and result.document and not result.document.empty for result in results)
