"""What is believed of Amazon's words: nothing that may be passing at once, nothing that other answers contradict.

"No data" and the words that mean an outage as well as a refusal are weighed against what other jobs heard. While
those are on their way the decision waits (`Hold`); each of them has a deadline, so it always comes.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from tap_amazon_vendor.engine.decisions import Finish, Hold, Retry
from tap_amazon_vendor.engine.model import Priority
from tap_amazon_vendor.engine.probe import has_none, has_rows
from tap_amazon_vendor.outcomes import Outcome, Verdict

if t.TYPE_CHECKING:
    from collections.abc import Collection

    from tap_amazon_vendor.engine.decisions import Decision
    from tap_amazon_vendor.engine.job import Job
    from tap_amazon_vendor.engine.probe import PartitionProbe

#: Seconds before a job is created again because what Amazon said may be passing: some minutes, because the same
#: moment may be too soon again, or within the same outage.
RETRY_PAUSE = 300.0

#: Tries of one job that may fail, whatever the reasons.
MAX_FAILURES = 3

#: Seconds for which Amazon must say the same, from one run to a later one, before it is believed against what other
#: answers say: a daily run asks on two days. A window of hours is asked for as often as it is long.
SAID_FOR = 20 * 3600.0
DAY = 24 * 3600.0


#: How a job without data is remembered, whatever the words.
NO_ROWS = "no rows"

#: What a job without data means.
NO_DATA = Verdict(Outcome.EMPTY, no_data=True)


_NEXT_RUN = "The next run asks again"


@dataclass(frozen=True)
class Hearing:
    """What Amazon says of a job that brought no rows, and what else is known.

    Attributes:
        job: The job.
        reason: What Amazon says.
        verdict: What that means, once it is believed.
        probe: The job's partition.
        others: The account's other partitions.
        now: The current time.
        pause: Seconds before it is asked for once more.
    """

    job: Job
    reason: str
    verdict: Verdict
    probe: PartitionProbe
    others: Collection[PartitionProbe]
    now: datetime
    pause: float = RETRY_PAUSE

    def decide(self) -> Decision:
        """Decide what follows."""
        if self.verdict.no_data:
            return self._no_data()
        if self.verdict.retry and self._may_retry:
            return self._retry()
        if self.verdict.ambiguous:
            return self._ambiguous()
        if self.verdict.outcome is Outcome.LATER and self.verdict.retry and not self._is_recent:
            return self._outage(self.reason, whole=False)
        return self._believe()

    def _believe(self) -> Finish:
        verdict = self.verdict
        # Nothing is final in one run. The next one then knows since when Amazon has said so.
        lasting = (verdict.lasting or verdict.ambiguous) and self._is_old
        open_ = (verdict.lasting or verdict.ambiguous) and not lasting
        return Finish(
            verdict.outcome,
            self.reason,
            advice=verdict.advice,
            whole=verdict.whole or verdict.ambiguous,
            lasting=lasting,
            unsettled=open_,
            doubted=self._word if open_ else None,
            # What is recent may just not be published. More than one run of that is no delay any more; nor is a failure
            # that was heard twice, minutes apart.
            doubtful=verdict.outcome is Outcome.LATER and (self.job.resumed or verdict.retry or not self._is_recent),
        )

    def _later(self, reason: str, *, whole: bool = False, unsettled: bool = False, doubtful: bool = True) -> Finish:
        doubted = self._word if unsettled else None
        return Finish(
            Outcome.LATER,
            reason,
            advice=_NEXT_RUN,
            whole=whole,
            unsettled=unsettled,
            doubtful=doubtful,
            doubted=doubted,
        )

    @property
    def _may_retry(self) -> bool:
        """Whether the job may be tried once more: once for each reason."""
        return self.reason not in self.job.heard and self.job.failures + 1 < MAX_FAILURES

    def _retry(self) -> Retry:
        """Ask once more, minutes after the first time: for a job of an earlier run they have passed."""
        waited = 0.0
        if self.job.asked_at and not self.job.attempts:
            waited = max(0.0, (self.now - self.job.asked_at).total_seconds())
        return Retry(self.reason, max(0.0, self.pause - waited), self.verdict)

    @property
    def _is_recent(self) -> bool:
        return bool(self.job.request.is_recent(self.now.date()))

    @property
    def _word(self) -> str:
        """What Amazon says, to be compared with what it says later."""
        # No database that holds states as JSON takes NUL.
        return NO_ROWS if self.verdict.no_data else self.reason.replace("\0", "\ufffd")

    @property
    def _is_old(self) -> bool:
        """Whether Amazon has said the same in an earlier run, long enough ago.

        If it refused to make the job again in this run, two runs have heard it as often as one usually does.
        """
        return self._said_the_same_for(2 if self.job.refresh_refused else 1)

    def _said_the_same_for(self, runs: int) -> bool:
        """Return whether Amazon has said the same for so many times `SAID_FOR` seconds (less for windows of hours)."""
        job, window = self.job, self.job.request.window
        if job.said != self._word or job.said_since is None:
            return False
        seconds = (window.end - window.start).total_seconds()
        share = min(1.0, seconds / DAY) if isinstance(window.start, datetime) else 1.0
        return (self.now - job.said_since).total_seconds() >= share * SAID_FOR * runs

    def _no_data(self) -> Decision:
        """Decide about a job for which Amazon says that it has no data.

        The job is tried once more if a day may just have been published, if one of the next two windows on either side
        has rows, if an adjacent window could not be read, and if there are no other windows. In the last case, and if
        no report of the account has had rows, a later run asks again before the answer is believed. Far from rows,
        between other windows without data, the answer is believed at once, so that the time before a vendor's first
        sale does not cost twice the quota.

        What an account does not use is without data in every run: Amazon Ads answers `[]` for each kind of advertising
        that a profile does not use. To request that twice in each run would cost twice the quota. So once days were
        completed without rows, the answer is believed at once; each run reads the newest days again anyway.
        """
        if self.job.request.job_id:
            # Amazon made it by itself, so it should have rows: each run reads it again until it has.
            return self._retry() if self._may_retry else self._later(self.reason)
        beside = self.probe.beside(self.job)
        rows, early = any(map(has_rows, beside)), self.probe.is_early(self.job)
        unused = self._is_unused
        doubtful = rows or (self._is_recent and not unused)
        if early and not (doubtful and self._may_retry):
            return Hold()
        alone = not any(map(has_none, beside))
        unknown = not all(has_rows(other) or has_none(other) for other in beside)
        near = any(has_rows(far) for other in beside for far in self.probe.beside(other))
        if self.reason not in self.job.heard and not unused and (doubtful or near or alone or unknown):
            return self._retry() if self._may_retry else self._later(self.reason, unsettled=True)
        beside_rows = "the days next to these have rows" if rows and alone else None
        if by := beside_rows or self._rows_before(beside):
            return self._contradicted(by)
        return self._first_word(alone=alone)

    @property
    def _is_unused(self) -> bool:
        """Whether the account does not use what the job is about: its last rows were none, and this run found none.

        A snapshot may be the first one: nothing is lost for good by that, since each run takes another one.
        """
        planned = self.job.planned
        known = planned.quiet and (planned.known_available or planned.once)
        return self.job.request.may_be_unused and known and not any(map(has_rows, self.probe.jobs))

    def _first_word(self, *, alone: bool) -> Decision:
        """Decide about a window without data that no rows contradict.

        Args:
            alone: Nothing else tells of the partition: one run's word would be the last one.
        """
        planned = self.job.planned
        if planned.once or planned.had_no_rows or self._said_the_same_for(1):
            return self._believe()
        # If Amazon refused to make the job again, this is still the first hearing.
        if not (alone or self.job.refresh_refused):
            if any(probe.has_had_rows for probe in (self.probe, *self.others)):
                return self._believe()
            # Nothing tells of the account: it may be an outage that calls itself "no data".
            if not all(other.answered for other in self.others):
                return Hold()
        return self._later(self.reason, unsettled=True, doubtful=False)

    def _rows_before(self, beside: Collection[Job]) -> str | None:
        """Say so if what earlier runs have completed, with rows, lies beside the window.

        Of several new windows without data the first one is doubted: none can be complete before it is.
        """
        planned, start = self.job.planned, self.job.request.window.start
        if planned.quiet or not (planned.known_available or planned.once):
            return None
        is_first = not any(other.request.window.start < start for other in beside)
        follows = not beside or (planned.priority is Priority.NEW and is_first)
        return "the account has had rows of this report before" if follows else None

    def _contradicted(self, by: str) -> Finish:
        """Decide about a window without data where what is known says otherwise."""
        doubt = f"{self.reason}, but {by}"
        if self.job.planned.once:
            # There will be no second occasion.
            return Finish(self.verdict.outcome, doubt, doubtful=True)
        if not self._is_old:
            return self._later(doubt, unsettled=True)
        since = t.cast("datetime", self.job.said_since)
        return Finish(self.verdict.outcome, f"{doubt}. It has said so since {since:%Y-%m-%d}", doubtful=True)

    def _ambiguous(self) -> Decision:
        """Decide about a job that was refused twice, in words that may mean an outage.

        Only a partition that is refused alone, while Amazon answers for others of the account, may be one that the
        account lacks.
        """
        outage = any(other.suspect for other in self.others)
        if self.verdict.outcome is Outcome.LATER or self.probe.well:
            return self._outage(self.reason, whole=outage and not self.probe.well)
        if not all(other.answered for other in self.others):
            return Hold()
        if not any(other.well for other in self.others):
            return self._outage(f"{self.reason} No other report of the account shows whether it is an outage")
        if outage and not self._is_old:
            return self._outage(f"{self.reason} Other reports of the account fail alike, so it may be an outage")
        return self._believe()

    def _outage(self, reason: str, *, whole: bool = True) -> Finish:
        """Leave a job to the next run. No outage lasts for days: then it is a failure, and holds up nothing else."""
        if self._is_recent or not self._is_old:
            return self._later(reason, whole=whole, unsettled=True)
        since = t.cast("datetime", self.job.said_since)
        reason = f"{reason.removesuffix('.')}. It has said so since {since:%Y-%m-%d}"
        return Finish(Outcome.FAILED, reason, advice=_NEXT_RUN, whole=whole, unsettled=True, doubted=self._word)
