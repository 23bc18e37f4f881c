"""The jobs of a run, as the caller sees them: plan, wait for results, release, save.

Amazon works on many jobs at once, but lets an account create one a minute after the first fifteen. So everything is
planned before the first call, and created ahead as far as the quota goes.

Calls to Amazon are tasks, one at a time for each service and kind of call. `Workers` make them in threads of their
own; without workers the caller that waits for a result makes them. Only the caller's thread saves.
"""

from __future__ import annotations

import math
import typing as t
from dataclasses import replace
from datetime import timedelta

from tap_amazon_vendor.engine import estimate
from tap_amazon_vendor.engine.calls import Calls
from tap_amazon_vendor.engine.checkpoint import UNCLAIMED_DAYS
from tap_amazon_vendor.engine.estimate import QuotaForecast
from tap_amazon_vendor.engine.hearings import RETRY_PAUSE
from tap_amazon_vendor.engine.job import Call
from tap_amazon_vendor.engine.registry import TICK, Registry
from tap_amazon_vendor.engine.scheduler import Scheduler
from tap_amazon_vendor.errors import AmazonError, CredentialsError, UnavailableError

if t.TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from tap_amazon_vendor.engine.model import JobResult, PendingJob, PlannedJob, Service, Source
    from tap_amazon_vendor.engine.ports import JobApi, Request
    from tap_amazon_vendor.engine.progress import Progress
    from tap_amazon_vendor.engine.scheduler import Task

#: Bytes of documents on disk that wait to be read, beyond which only those are fetched that are read next.
SPOOL_BYTES = 1 << 30

#: Seconds after which a waiting caller looks whether the rest after saving is over.
SHORT_REST = 0.05


class Engine:
    """All jobs of a run.

    Attributes:
        changed: The lock of everything here, notified whenever a job has changed.
    """

    def __init__(  # noqa: PLR0913  # each is one fact that the engine can't know
        self,
        apis: Mapping[Service, JobApi],
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        wait_seconds: float,
        max_jobs: int | None = None,
        spool_bytes: int = SPOOL_BYTES,
        retry_pause: float = RETRY_PAUSE,
        save: Callable[[], None] = lambda: None,
        on_progress: Callable[[Callable[[], Progress]], None] = lambda _: None,
    ) -> None:
        """Start without jobs.

        Args:
            apis: The calls of each service.
            clock: Returns the current time, aware.
            sleep: Waits the given seconds; used without workers.
            wait_seconds: How long to wait for one job before it is left for the next run.
            max_jobs: Most create calls, None for no limit.
            spool_bytes: Bytes of documents on disk beyond which only those are fetched that are read next.
            retry_pause: Seconds before a job is created once more because what Amazon said of it may be passing.
            save: Saves `pending`. Called in the caller's thread, before a job is created and after.
            on_progress: Called with `progress` now and then, in the caller's thread.
        """
        self._registry = Registry(apis, clock, math.inf if max_jobs is None else max_jobs, retry_pause)
        self._scheduler = Scheduler(
            self._registry,
            Calls(self._registry, wait_seconds),
            wait_seconds=wait_seconds,
            spool_bytes=spool_bytes,
        )
        self._sleep = sleep
        self._save = save
        self._on_progress = on_progress
        self._has_workers = False
        self._broken: BaseException | None = None

    @property
    def changed(self) -> threading.Condition:
        """The lock of everything here, notified whenever a job has changed."""
        return self._registry.changed

    def plan(
        self,
        jobs: Iterable[PlannedJob],
        pending: Iterable[PendingJob] = (),
        unreadable: Mapping[str, str] | None = None,
    ) -> None:
        """Plan the jobs that the run wants, in the order of creation.

        Args:
            jobs: Every job of the run.
            pending: What `pending` was at the end of an earlier run: jobs that were created
                and not read are resumed instead of being created again.
            unreadable: What `unreadable` was then.
        """
        registry = self._registry
        pending = list(pending)
        with self.changed:
            registry.checkpoint.load(pending, unreadable or {})
            registry.adoption.used.update(unreadable or {}, (page for each in pending for page in each.known_pages))
            for planned in jobs:
                registry.add(planned, (len(registry.jobs),))
            self.changed.notify_all()

    def replan(self, request: Request, parts: Iterable[Request], reader: str | None = None) -> None:
        """Plan other jobs in place of one.

        Args:
            request: A planned request.
            parts: Parts of its window, or what its rows say to request.
            reader: The stream that reads them, if not all readers of the one. A job that waits in Amazon's queue
                since an earlier run is good enough then.
        """
        with self.changed:
            whole = self._registry.jobs[request]
            # A reader that gave up will not read the parts either.
            planned = replace(whole.planned, adoptable=False, readers=frozenset(whole.readers))
            if reader:
                since = planned.fresh_since - timedelta(days=UNCLAIMED_DAYS)
                planned = replace(planned, readers=frozenset({reader}), fresh_since=since)
            for number, part in enumerate(parts):
                self._registry.add(replace(planned, request=part), (*whole.rank, number))
            self.changed.notify_all()

    def ask_again(self, request: Request, reason: str) -> bool:
        """Create a finished job once more, minutes later, because its document contradicts itself.

        Args:
            request: A planned request whose job is finished.
            reason: What is wrong with the document.

        Returns:
            Whether the job is created again. It is not if the same was odd before, after too many failures, if Amazon
            makes it by itself, or if the newest days that the account has had were without rows, too.
        """
        return self._registry.reopen(self._registry.jobs[request], reason)

    def is_finished(self, request: Request) -> bool:
        """Return whether a job has a result."""
        return self._registry.jobs[request].result is not None

    def next_finished(self) -> t.Any | None:  # noqa: ANN401  # the kind's request
        """Wait for the next finished job.

        Returns:
            Its request, None if there is nothing left to wait for.
        """
        registry = self._registry
        while not registry.finished:
            with self.changed:
                if not registry.open and not registry.finished:
                    self._on_progress(self.progress)
                    return None
            self._advance(lambda: bool(registry.finished))
        return registry.finished.popleft()

    def result(self, request: Request) -> JobResult:
        """Wait for the result of a planned request."""
        job = self._registry.jobs[request]
        while job.result is None:
            self._advance(lambda: job.result is not None)
        return job.result

    def release(self, request: Request, reader: str, *, read: bool) -> None:
        """Note that a reader is finished with a job.

        A job without readers is neither created nor kept on disk. One that a reader has not
        read stays in `pending`, for the next run.

        Args:
            request: A planned request.
            reader: Name of the stream.
            read: Its rows are written. False where the reader gives up.
        """
        self._registry.release(request, reader, read=read)

    # For the state.

    def pending(self) -> list[PendingJob]:
        """Return the jobs that are created and not read by all their readers."""
        with self.changed:
            return self._registry.checkpoint.pending(self._registry.clock())

    @property
    def unreadable(self) -> dict[str, str]:
        """Ids of jobs that must not be used again, and the days on which that was found."""
        return self._registry.checkpoint.unreadable(self._registry.clock())

    def mark_unreadable(self, job_id: str) -> None:
        """Never use a job again that Amazon lists as done and whose document can't be read."""
        self._registry.checkpoint.mark_unreadable(job_id, self._registry.clock())

    def save(self, *, changed: bool = False) -> None:
        """Save what has changed, which lets announced jobs be created; call it now and then while rows are written.

        With many accounts there is much to save each time. So after it there is a rest that grows with the time it
        took; while it lasts, announced jobs wait.

        Args:
            changed: The caller has something to save.
        """
        registry, checkpoint = self._registry, self._registry.checkpoint
        self._on_progress(self.progress)
        checkpoint.unsaved = checkpoint.unsaved or changed
        began = registry.clock()
        if not checkpoint.unsaved or checkpoint.resting(began):
            return
        with self.changed:
            announced = checkpoint.begin()
        self._save()
        with self.changed:
            checkpoint.written(announced, began=began, now=registry.clock())
            self.changed.notify_all()

    # What is still to come.

    def quota_forecast(self) -> QuotaForecast:
        """Return the quota that the run has left."""
        registry = self._registry
        return QuotaForecast(registry.apis, registry.budget, self._scheduler.longest_quota_wait)

    def query_listings(self, account: str) -> None:
        """List the jobs of an account, as far as the quotas allow: only to plan, not to run.

        Raises:
            CredentialsError: The account gets no token.
            UnavailableError: Amazon does not answer.
        """
        for service in self._registry.apis:
            while service.account == account and self._query_listing(service):
                pass

    def _query_listing(self, service: Service) -> bool:
        """Make one call that lists jobs.

        Returns:
            Whether there was a call to make, within the quota.

        Raises:
            CredentialsError: The account gets no token.
            UnavailableError: Amazon does not answer.
        """
        existing = self._registry.adoption.existing(service)
        api = self._registry.apis[service]
        if existing is None or api.list_bucket.delay() > 0 or not (query := existing.next_query()):
            return False
        try:
            existing.add(api.listed(*query, optional=True))
        except (CredentialsError, UnavailableError):
            raise
        except AmazonError:
            # One job type that the account may not have fails the call for all.
            existing.refused(*query)
        return True

    def sources(self, *, guess: bool = False) -> dict[t.Any, Source]:
        """Return where the jobs will come from that are not created yet, in the order of creation.

        Args:
            guess: Use up the guesses that the listing allows: only to plan, not to run.
        """
        registry, forecast = self._registry, self.quota_forecast()
        return {
            request: estimate.source_of(job, registry.checkpoint, registry.adoption, forecast, guess=guess)
            for request, job in registry.open.items()
            if job.next_call is Call.CREATE
        }

    def progress(self, sources: Mapping[Request, Source] | None = None) -> Progress:
        """Return how far the run is.

        Args:
            sources: What `sources` returned, if the caller has it already.
        """
        registry = self._registry
        with self.changed:
            return estimate.progress(
                registry.open.values(),
                self.sources() if sources is None else sources,
                total=len(registry.jobs),
                apis=registry.apis,
                forecast=self.quota_forecast(),
                pace=registry.pace,
            )

    # What moves the jobs on: the workers, or without any the caller.

    def use_workers(self, *, working: bool) -> None:
        """Set whether workers make the calls."""
        self._has_workers = working

    def next_task(self) -> Task | float:
        """Return a call that can be made now, or the seconds until there may be one: see `Scheduler.next_task`."""
        return self._scheduler.next_task()

    def fail(self, error: BaseException) -> None:
        """Tell the caller that a worker failed."""
        with self.changed:
            self._broken = error
            self.changed.notify_all()

    def _advance(self, there: Callable[[], bool]) -> None:
        """Make progress: save, make one call, or wait.

        Args:
            there: Whether what the caller waits for has happened.
        """
        if self._broken:
            raise self._broken
        registry, checkpoint = self._registry, self._registry.checkpoint
        saves = checkpoint.unsaved and not checkpoint.resting(registry.clock())
        self.save()
        if saves:
            return
        if self._has_workers:
            self._wait_for_workers(there)
            return
        task = self.next_task()
        if not isinstance(task, float):
            task()
        elif there():
            return
        elif checkpoint.unsaved:
            self._sleep(min(task, checkpoint.resting(registry.clock())))
        elif task < math.inf:
            self._sleep(task)
        else:
            msg = f"nothing will come of {', '.join(str(request) for request in registry.open)}"
            raise RuntimeError(msg)

    def _wait_for_workers(self, there: Callable[[], bool]) -> None:
        """Wait for the workers, or for the rest after saving to be over."""
        checkpoint = self._registry.checkpoint
        with self.changed:
            if checkpoint.unsaved and checkpoint.resting(self._registry.clock()):
                self.changed.wait(SHORT_REST)
            elif not (there() or checkpoint.unsaved or self._broken):
                self.changed.wait(TICK)
