"""Which call is made next: order of creation, quotas, budget, announcements, disk space."""

from __future__ import annotations

import logging
import math
import typing as t
from datetime import timedelta
from functools import partial

from tap_amazon_vendor.engine.answers import after_fault, unanswered
from tap_amazon_vendor.engine.decisions import Finish
from tap_amazon_vendor.engine.job import Call, State
from tap_amazon_vendor.engine.registry import TICK
from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_amazon_vendor.engine.calls import Calls
    from tap_amazon_vendor.engine.job import Job
    from tap_amazon_vendor.engine.model import Service
    from tap_amazon_vendor.engine.ports import Bucket
    from tap_amazon_vendor.engine.queue import CallQueue
    from tap_amazon_vendor.engine.registry import Registry

    Task = Callable[[], None]

logger = logging.getLogger("tap-amazon-vendor.engine")

#: Jobs that are announced in one go: what a full bucket lets create, and one more.
ANNOUNCED = 16

#: Longest wait, in seconds, for the quota of a single job type: that of sales and traffic is one in 15 minutes.
LONGEST_QUOTA_WAIT = 3600.0

#: Seconds between two calls beyond which an operation's quota is not the published one, which is a minute at most: a
#: run waits for it once, and not again and again.
SLOW_QUOTA = 300.0


class Scheduler:
    """Hands out the calls that may be made now."""

    def __init__(self, registry: Registry, calls: Calls, *, wait_seconds: float, spool_bytes: int) -> None:
        """Store the dependencies.

        Args:
            registry: The jobs.
            calls: Makes the calls.
            wait_seconds: How long a run waits for one job.
            spool_bytes: Bytes of documents on disk beyond which only those are fetched that are read next.
        """
        self._registry = registry
        self._calls = calls
        self._spool_bytes = spool_bytes
        #: Since when a queue's operation has been slow.
        self._slow_since: dict[CallQueue, datetime] = {}
        self.longest_quota_wait = max(wait_seconds, LONGEST_QUOTA_WAIT)

    def next_task(self) -> Task | float:
        """Return a call that can be made now, or the seconds until there may be one.

        The caller must run the task: no other call of its queue is handed out before.
        """
        with self._registry.changed:
            now = self._registry.clock()
            soonest = math.inf
            for queue in self._registry.queues:
                if queue.busy:
                    continue
                task = self._task(queue, now)
                if not isinstance(task, float):
                    queue.busy = True
                    return partial(self._make, task, queue)
                soonest = min(soonest, task)
            return soonest

    def _make(self, task: Task, queue: CallQueue) -> None:
        try:
            task()
        finally:
            with self._registry.changed:
                queue.busy = False
                self._registry.changed.notify_all()

    def _task(self, queue: CallQueue, now: datetime) -> Task | float:
        """Return the next call of a queue, or the seconds until there may be one."""
        registry = self._registry
        if queue.call is Call.CREATE and queue.first(now):
            listing = self._listing(queue.service)
            if listing is not None:
                return listing
        while job := queue.first(now):
            queue.pop()
            if queue.call is Call.CREATE and self._is_done_without_call(job):
                continue
            if queue.breaker.reason:
                postponed = queue.breaker.throttled
                registry.apply(job, unanswered(queue.breaker.reason, postponed=postponed, unsettled=job.exists))
                continue
            if late := self._starved(queue, job, now):
                left = job.exists
                registry.apply(job, Finish(Outcome.LATER, late, advice="The next run asks", unsettled=left))
                continue
            if queue.call is Call.FETCH and registry.spooled >= self._spool_bytes and not self._is_waited_for(job):
                queue.put(job, now + timedelta(seconds=TICK))
                continue
            delay = max(self._delay(queue, job), queue.breaker.delay(now))
            if delay > 0:
                queue.put(job)
                return min(delay, queue.pause(now))
            job.in_call = True
            if queue.call is Call.CREATE and not job.request.amazon_generated:
                registry.budget -= 1
                job.attempts += 1
                job.asked_at = job.asked_at or now
            return partial(self._calls.make, queue, job)
        return queue.pause(now)

    def _listing(self, service: Service) -> Task | float | None:
        """Return the call that lists a service's jobs, infinity while one is on its way, None once that is done."""
        existing = self._registry.adoption.existing(service)
        if existing is None:
            return None
        if self._registry.apis[service].list_bucket.delay() > 0:
            # A job that is created in vain costs less than waiting here.
            existing.abandon()
        if query := existing.next_query():
            return partial(self._calls.list_existing, service, *query)
        return None if existing.complete else math.inf

    def _starved(self, queue: CallQueue, job: Job, now: datetime) -> str | None:
        """Return why a job is left to the next run: Amazon grants so few calls that waiting for one takes too long."""
        if queue.call is Call.CREATE and job.state is not State.SAVED and not job.request.amazon_generated:
            return None
        bucket = self._bucket(queue, job)
        wait, pace = bucket.delay(), bucket.seconds_for(2) - bucket.seconds_for(1)
        if not wait:
            return None
        if pace <= SLOW_QUOTA:
            self._slow_since.pop(queue, None)
            return None
        waited = (now - self._slow_since.setdefault(queue, now)).total_seconds()
        if waited + wait <= self.longest_quota_wait:
            return None
        return f"Amazon allows one call in {pace / 60:.0f} minutes, which is too slow to wait for"

    def _bucket(self, queue: CallQueue, job: Job) -> Bucket:
        """Return the bucket of the operation that a queue calls."""
        api = self._registry.apis[queue.service]
        if queue.call is Call.POLL:
            return api.status_bucket
        if queue.call is Call.FETCH:
            return api.document_bucket
        return api.list_bucket if job.request.amazon_generated else api.create_buckets(job.request.job_type)[0]

    def _delay(self, queue: CallQueue, job: Job) -> float:
        """Return the seconds until the call for a job may be made, infinity where something else comes first."""
        registry = self._registry
        if queue.call is not Call.CREATE or job.request.amazon_generated:
            return self._bucket(queue, job).delay()
        if registry.budget < math.inf and registry.budget <= registry.adoption.open_guesses():
            # A wrong guess needs it first.
            return math.inf
        if job.state is not State.SAVED:
            # Announced already, it waits for the caller to save.
            if job.state is State.PLANNED:
                self._announce(job, queue)
            return math.inf
        return max(bucket.delay() for bucket in registry.apis[queue.service].create_buckets(job.request.job_type))

    def _announce(self, first: Job, queue: CallQueue) -> None:
        """Announce the jobs that are created next: no signal may leave one that only Amazon knows."""
        registry = self._registry
        now = registry.clock()
        for job in (first, *queue.peek(int(min(ANNOUNCED, registry.budget)) - 1)):
            known = job.request in registry.checkpoint.known
            if job.open and not known and job.state is State.PLANNED and registry.probe(job).admits(job):
                registry.checkpoint.announce(job, now)
        registry.checkpoint.unsaved = True
        registry.changed.notify_all()

    def _is_done_without_call(self, job: Job) -> bool:
        """Handle a job without a call, if possible; return whether it was. A fault of ours ends that job only."""
        try:
            return self._needs_no_call(job)
        except Exception as error:  # noqa: BLE001  # see above
            self._registry.apply(job, after_fault(job, error))
            return True

    def _needs_no_call(self, job: Job) -> bool:
        """Handle a job that is to be created without a call, if possible; return whether it was."""
        registry, request = self._registry, job.request
        probe = registry.probe(job)
        if lacking := probe.lacks(job):
            shared = Finish(
                lacking.outcome,
                lacking.reason,
                advice=lacking.advice,
                error=lacking.error,
                lasting=lacking.lasting,
                doubtful=lacking.doubtful,
            )
            registry.apply(job, shared)
        elif not probe.admits(job):
            probe.hold(job)
        elif self._uses_existing(job):
            return True
        elif request.amazon_generated:
            return False
        elif registry.is_too_wide(job) and (halves := request.halve()):
            registry.apply(job, Finish(Outcome.LATER, "wider than Amazon allows", parts=halves))
        elif registry.budget <= 0:
            registry.apply(job, Finish(Outcome.LATER, "`max_reports` is reached", unsettled=job.exists))
        elif (delay := self._quota_delay(job)) > self.longest_quota_wait:
            reason = f"Amazon allows the next report of this type in {delay / 3600:.0f} hours"
            registry.apply(job, Finish(Outcome.LATER, reason, unsettled=job.exists))
        else:
            return False
        return True

    def _quota_delay(self, job: Job) -> float:
        return self._registry.apis[job.request.service].create_buckets(job.request.job_type)[-1].delay()

    def _uses_existing(self, job: Job) -> bool:
        """Use an existing job, if any: the requested one, one of an earlier run, or one that Amazon lists."""
        registry = self._registry
        now, since = registry.clock(), job.planned.fresh_since
        if job.page_ids:
            # The listing does not show which page a job is: adopting another's first page would double its rows.
            return False
        if job.request.job_id:
            job.job_id, job.asked_at = job.request.job_id, now
            registry.wait_for(job, now)
            return True
        if pending := registry.checkpoint.known.pop(job.request, None):
            job.said, job.said_since = pending.said, pending.said_since
            odd = pending.job_id in registry.checkpoint.unreadable(now)
            if pending.known_pages and pending.asked_at >= since and not odd:
                job.take_up(pending)
                registry.wait_for(job, now)
                asked_at = pending.asked_at.isoformat(timespec="seconds")
                logger.info("Continuing with %s, requested at %s", job.request, asked_at)
                return True
            if not pending.known_pages:
                job.maybe_since = max(since, pending.asked_at)
                registry.checkpoint.track(job)
        elif doubt := registry.checkpoint.doubt_of(job.request):
            job.said, job.said_since = doubt.said, doubt.said_since
        decision = registry.adoption.decide(job)
        if decision is None:
            return False
        registry.apply(job, decision)
        return True

    def _is_waited_for(self, job: Job) -> bool:
        """Return whether the documents on disk may wait for this one: as the next, or because it holds up others."""
        registry = self._registry
        probe = registry.probe(job)
        if probe.probes_with(job) or probe.holds_up(job):
            return True
        if job.guessed and (registry.budget < math.inf or any(other.open for other in registry.adoption.alike(job))):
            return True
        return probe.is_next(job)
