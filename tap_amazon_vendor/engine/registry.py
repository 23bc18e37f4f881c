"""All jobs of a run and the lock that guards them: every change of a job's state happens here."""

from __future__ import annotations

import logging
import threading
import typing as t
from collections import defaultdict, deque
from datetime import timedelta

from tap_amazon_vendor.engine.adoption import Adoption
from tap_amazon_vendor.engine.checkpoint import Checkpoint
from tap_amazon_vendor.engine.decisions import (
    Adopt,
    Fetch,
    Finish,
    Hesitate,
    Hold,
    PollAgain,
    Restart,
    Retry,
    Shorten,
    Split,
    TurnPage,
    Weigh,
)
from tap_amazon_vendor.engine.hearings import MAX_FAILURES, Hearing
from tap_amazon_vendor.engine.job import Job, State
from tap_amazon_vendor.engine.model import JobResult
from tap_amazon_vendor.engine.pace import Pace
from tap_amazon_vendor.engine.probe import PartitionProbe
from tap_amazon_vendor.engine.queue import CallQueues
from tap_amazon_vendor.errors import without_frames
from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping
    from datetime import datetime

    from tap_amazon_vendor.engine.decisions import Decision
    from tap_amazon_vendor.engine.job import Rank
    from tap_amazon_vendor.engine.model import PlannedJob, Service
    from tap_amazon_vendor.engine.ports import Document, JobApi, Request
    from tap_amazon_vendor.errors import AmazonError

logger = logging.getLogger("tap-amazon-vendor.engine")

#: Seconds after which a job that waits for others, or for disk space, is looked at again.
TICK = 1.0


class Registry:
    """The jobs of a run.

    Attributes:
        changed: The lock of everything here, notified whenever a job has changed.
        apis: The calls of each service.
        clock: Returns the current time, aware.
        jobs: All jobs, by the requests that their readers know.
        open: Those that a reader waits for.
        finished: Requests whose results were not returned yet.
        adoption: The existing jobs.
        checkpoint: What the Singer state says.
        pace: How long jobs take.
        queues: Jobs by the call that they wait for.
        spooled: Bytes of documents on disk.
        budget: How many jobs may still be created.
    """

    def __init__(
        self, apis: Mapping[Service, JobApi], clock: Callable[[], datetime], budget: float, retry_pause: float
    ) -> None:
        """Start without jobs."""
        self.changed = threading.Condition(threading.RLock())
        self.apis = apis
        self.clock = clock
        self.budget = budget
        self._retry_pause = retry_pause
        self.jobs: dict[Request, Job] = {}
        self.open: dict[Request, Job] = {}
        self.finished: deque[Request] = deque()
        self.adoption = Adoption()
        self.checkpoint = Checkpoint()
        self.pace = Pace()
        self.queues = CallQueues(apis)
        self.spooled = 0
        self._probes: dict[Service, dict[Hashable, PartitionProbe]] = defaultdict(lambda: defaultdict(PartitionProbe))
        #: Services whose doubts are to be decided, None while nobody is at it.
        self._undecided: list[Service] | None = None
        self._refused: dict[Service, AmazonError] = {}
        #: Widest window that Amazon did not find too wide, by service and job type.
        self._widest: dict[tuple[Service, str], timedelta] = {}

    def add(self, planned: PlannedJob, rank: Rank) -> None:
        """Add a job, unless there is one for the same request."""
        request = planned.request
        if request in self.jobs:
            return
        job = Job(planned, request, rank, set(planned.readers), set(planned.readers))
        self.jobs[request] = self.open[request] = job
        self.probe(job).jobs.append(job)
        self.adoption.add(job, self.checkpoint.known.get(request))
        self.queues.put(job)
        refused = self._refused.get(request.service)
        if refused:
            self.apply(job, Finish(Outcome.FAILED, str(refused), error=refused))

    def probe(self, job: Job) -> PartitionProbe:
        """Return the probe of a job's partition."""
        return self._probes[job.wanted.service][job.wanted.partition]

    def is_too_wide(self, job: Job) -> bool:
        """Return whether Amazon found a narrower window too wide."""
        widest = self._widest.get((job.request.service, job.request.job_type))
        return widest is not None and _width(job.request) > widest

    def apply(self, job: Job, decision: Decision) -> None:  # noqa: C901  # one branch for each decision
        """Carry out a decision. Does nothing once no reader waits for the job."""
        with self.changed:
            if not job.open:
                return
            now = self.clock()
            if isinstance(decision, Finish):
                self._finish(job, decision)
            elif isinstance(decision, PollAgain):
                self.queues.put(job, now + timedelta(seconds=decision.pause))
            elif isinstance(decision, Fetch):
                job.state = State.READY
                self.queues.put(job)
            elif isinstance(decision, TurnPage):
                self._turn_page(job, decision, now)
            elif isinstance(decision, Weigh):
                self._weigh(job, decision)
            elif isinstance(decision, Retry):
                job.failures += 1
                job.heard[decision.reason] = decision.verdict
                logger.info("%s: %s. Requesting it again", job.request, decision.reason)
                self._restart(job, now + timedelta(seconds=decision.pause) if decision.pause else None)
            elif isinstance(decision, Restart):
                job.asked_at = None
                job.guessed = False
                self._restart(job)
            elif isinstance(decision, Shorten):
                job.request, job.shortened_because = decision.request, decision.reason
                self._restart(job)
            elif isinstance(decision, Split):
                key = job.request.service, job.request.job_type
                self._widest[key] = max(map(_width, decision.halves))
                self._finish(job, Finish(Outcome.LATER, decision.reason, parts=decision.halves))
            elif isinstance(decision, Adopt):
                existing = decision.existing
                job.job_id, job.asked_at, job.guessed = existing.job_id, existing.created_at, True
                self.adoption.used.add(existing.job_id)
                self.adoption.adopted(job)
                self.wait_for(job, now)
                logger.info(
                    "Checking whether %s, created at %s, is %s", existing.job_id, existing.created_at, job.request
                )
            elif isinstance(decision, Hesitate):
                self.queues.put(job, now + timedelta(seconds=TICK))

    def created(self, job: Job) -> None:
        """Note that Amazon created a job: what others of its partition waited for, if it refuses at once."""
        if job.request.refused_at_once:
            self.probe(job).proven = True
            self._let_go(job)

    def _turn_page(self, job: Job, page: TurnPage, now: datetime) -> None:
        """Keep a page and go on to the next."""
        self.spooled += page.document.bytes
        self.probe(job).answered_well()
        self._let_go(job)
        job.turn_page(page.document, page.next_page)
        self.checkpoint.unsaved = True
        if job.state is State.WAITING:
            self.wait_for(job, now)
        else:
            self.queues.put(job)

    def _weigh(self, job: Job, word: Weigh) -> None:
        """Decide what follows from what Amazon says, or keep it in mind until other jobs know more."""
        probe = self.probe(job)
        probe.suspect = probe.suspect or word.verdict.ambiguous
        if word.verdict.no_data:
            probe.answered_well()
            self._let_go(job)
        job.held, job.refresh_refused = (word.reason, word.verdict), word.refresh_refused
        probe.doubts.append(job)
        self._decide_doubts(job.request.service)

    def _decide_doubts(self, service: Service) -> None:
        """Decide about the jobs of a service that were waiting for others, as far as these know enough now."""
        if self._undecided is not None:
            # A decision of the loop below has changed something.
            self._undecided.append(service)
            return
        self._undecided = [service]
        try:
            while self._undecided:
                for probe in self._probes[self._undecided.pop()].values():
                    for job in list(probe.doubts):
                        self._decide_doubt(job, probe)
        finally:
            self._undecided = None

    def _decide_doubt(self, job: Job, probe: PartitionProbe) -> None:
        if job.held and job.open:
            others = [other for other in self._probes[job.request.service].values() if other is not probe]
            decision = Hearing(job, *job.held, probe, others, self.clock(), self._retry_pause).decide()
            if isinstance(decision, Hold):
                return
            self.apply(job, decision)
        job.held = None
        probe.doubts.remove(job)
        self._decide_doubts(job.request.service)

    def wait_for(self, job: Job, now: datetime) -> None:
        """Start to poll a job."""
        job.state = State.WAITING
        job.waiting_since = now
        self.checkpoint.track(job)
        self.queues.put(job, now + timedelta(seconds=self.pace.pause(job, now) if job.attempts else 0))

    def refuse(self, service: Service, error: AmazonError) -> None:
        """End the jobs of a service that gives no token; those already at Amazon are for the next run."""
        with self.changed:
            self._refused[service] = error
            for job in [job for job in self.open.values() if job.request.service == service]:
                self.apply(job, Finish(Outcome.FAILED, str(error), error=error, unsettled=job.exists))

    def release(self, request: Request, reader: str, *, read: bool) -> None:
        """Note that a reader is finished with a job: see `Engine.release`."""
        with self.changed:
            job = self.jobs[request]
            if reader not in job.readers:
                return
            job.readers.discard(reader)
            if read:
                job.unread.discard(reader)
            if not job.unread:
                self.checkpoint.forget(request)
            if not job.readers:
                self.open.pop(request, None)
                self._discard_documents(job)
                self._let_go(job)
                self._decide_doubts(request.service)
                self.changed.notify_all()

    def reopen(self, job: Job, reason: str) -> bool:
        """Create a finished job once more, after a pause; return whether that is done. See `Engine.ask_again`."""
        with self.changed:
            # What this run made anew says the same as an earlier one's.
            heard = reason in job.heard or (job.attempts > 0 and job.said == reason)
            if heard or job.failures + 1 >= MAX_FAILURES or job.planned.had_no_rows or job.request.job_id:
                return False
            self._discard_documents(job)
            job.pages, job.result = [], None
            self.open[job.wanted] = job
            if self.budget > 0:
                self.apply(job, Retry(reason, self._retry_pause))
            else:
                # The next run takes up the window before all others, and creates a report of it.
                self.checkpoint.mark_unreadable(t.cast("str", job.job_id), self.clock())
                text = f"{reason}, and `max_reports` is reached"
                self.apply(job, Finish(Outcome.LATER, text, unsettled=True, doubtful=True, doubted=reason))
            self.changed.notify_all()
            return True

    def _restart(self, job: Job, not_before: datetime | None = None) -> None:
        self._discard(job.pages)
        job.restart()
        self.queues.put(job, not_before)

    def _finish(self, job: Job, end: Finish) -> None:
        self.open.pop(job.wanted)
        self.spooled += end.document.bytes if end.document else 0
        good = end.outcome is Outcome.LOADED
        if not good:
            self._discard(job.pages)
        job.state = State.FINISHED
        job.unsettled = job.unsettled or end.unsettled
        if end.doubted and end.doubted != job.said:
            job.said, job.said_since = end.doubted, self.clock()
        job.result = JobResult(
            outcome=end.outcome,
            request=job.request,
            reason=end.reason,
            advice=end.advice,
            error=end.error and without_frames(end.error),
            parts=end.parts,
            document=end.document,
            pages=tuple(job.pages) if good else (),
            lasting=end.lasting,
            doubtful=end.doubtful,
            job_id=job.job_id,
            attempts=job.attempts,
            asked_at=job.asked_at,
            processed_at=job.status.processed_at if job.status else None,
        )
        self.probe(job).learn(job, whole=end.whole)
        self._let_go(job)
        self.finished.append(job.wanted)
        self._decide_doubts(job.wanted.service)
        self.changed.notify_all()

    def _let_go(self, job: Job) -> None:
        for held in self.probe(job).release(job):
            self.queues.put(held)

    def _discard_documents(self, job: Job) -> None:
        self._discard(job.result.documents if job.result else job.pages)

    def _discard(self, documents: Iterable[Document]) -> None:
        for document in documents:
            self.spooled -= document.bytes
            document.path.unlink(missing_ok=True)


def _width(request: Request) -> timedelta:
    """Return the length of a request's window."""
    return request.window.end - request.window.start
