"""What is known of a partition: whether the account has it, and what its other windows say."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass, field

from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from tap_amazon_vendor.engine.job import Job
    from tap_amazon_vendor.engine.model import JobResult

#: Windows of a partition that fail for the same reason, none having ended well, before its others are not tried.
ALIKE = 3


@dataclass
class PartitionProbe:
    """The jobs of a partition, in the plan's order, and whether the account is known to have such data.

    One window is tried before the quota is spent on the others.

    Attributes:
        jobs: All jobs of the partition.
        proven: The account has the partition, as far as is known.
        well: A window of this run was answered well.
        suspect: A window was refused in words that may mean an outage, and none was answered well since.
        lacking: The result that showed that no window can be had.
        doubts: Jobs whose decision waits for other jobs.
    """

    jobs: list[Job] = field(default_factory=list)
    proven: bool = False
    well: bool = False
    suspect: bool = False
    lacking: JobResult | None = None
    doubts: list[Job] = field(default_factory=list)
    _probing: Job | None = None
    _held: list[Job] = field(default_factory=list)
    _failures: Counter[str] = field(default_factory=Counter)

    def lacks(self, job: Job) -> JobResult | None:
        """Return the result that a job shares because the partition can't be had."""
        if self.lacking and (self.lacking.error or self.lacking.outcome is Outcome.LATER):
            # Refused outright, or an outage: that the account has had the partition does not matter.
            return self.lacking
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

    def answered_well(self) -> None:
        """Note that Amazon makes reports of the partition, with rows or without."""
        self.proven = self.well = True
        self.suspect = False

    def learn(self, job: Job, *, whole: bool) -> None:
        """Learn from the result of a job.

        Args:
            job: The job.
            whole: The partition's other windows would end alike.
        """
        result = t.cast("JobResult", job.result)
        # In Amazon's queue for as long as a run waits: the others must not wait as long, one after the other.
        stuck = self._probing is job and result.outcome is Outcome.LATER and job.unsettled and not whole
        if result.outcome.completes:
            self.answered_well()
        elif stuck:
            self.proven = True
        elif result.outcome is Outcome.FAILED and not whole:
            reason = result.error.text if result.error else str(result.reason)
            self._failures[reason] += 1
            whole = self._failures[reason] >= ALIKE and not self.well
        if whole and not self.lacking:
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

    def known(self, job: Job) -> bool:
        """Return whether the account has had the partition, in this run or before."""
        return job.planned.known_available or self.well

    @property
    def answered(self) -> bool:
        """Whether there is nothing more to wait for to know how Amazon answers for the partition."""
        return self.well or any(job.result or job.held for job in self.jobs) or not any(job.open for job in self.jobs)

    @property
    def has_had_rows(self) -> bool:
        """Whether the account has had rows of the partition, in this run or before."""
        return any(has_rows(job) or (job.planned.known_available and not job.planned.quiet) for job in self.jobs)

    # The windows beside one.

    def beside(self, job: Job) -> list[Job]:
        """Return the jobs of the adjacent windows, and of those that overlap."""
        return [
            other
            for other in self.jobs
            if other is not job and job.request.adjoins(other.request) and not (other.result and other.result.parts)
        ]

    def is_early(self, job: Job) -> bool:
        """Return whether adjacent windows are about to tell whether "no data" is to be believed.

        A newer one must have its result. Of an older one it is enough to have heard what Amazon says: it may wait for
        this one.
        """
        start = job.request.window.start
        return any(
            other.open and (other.held is None or other.request.window.start > start) for other in self.beside(job)
        )

    def holds_up(self, job: Job) -> bool:
        """Return whether the decision about another window waits for a job."""
        return any(doubt is not job and job.request.adjoins(doubt.request) for doubt in self.doubts)


def has_rows(job: Job) -> bool:
    """Return whether a job ended with rows."""
    return bool(job.result and any(not document.empty for document in job.result.documents))


def has_none(job: Job) -> bool:
    """Return whether Amazon says that a window has no rows."""
    said = bool(job.held and job.held[1].no_data)
    return said or bool(job.result and job.result.outcome.completes and not has_rows(job))
