"""Queues of jobs that wait for the same kind of call: one call of each queue at a time, in the plan's order."""

from __future__ import annotations

import heapq
import itertools
import math
import typing as t

from tap_amazon_vendor.engine.breaker import Breaker
from tap_amazon_vendor.engine.job import Call, Job

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_amazon_vendor.engine.job import Rank
    from tap_amazon_vendor.engine.model import Service
    from tap_amazon_vendor.engine.ports import JobApi


#: The queue of jobs that Amazon made by itself: no job type is called so.
LOOK_UP = " look-up"


class CallQueue:
    """The jobs of a service that wait for the same call.

    Attributes:
        service: The account's API.
        call: The kind of call.
        busy: A call is on its way.
        breaker: How the calls ended.
    """

    def __init__(self, service: Service, call: Call) -> None:
        """Start empty."""
        self.service = service
        self.call = call
        self.busy = False
        self.breaker = Breaker()
        self._ready: list[tuple[Rank, Job]] = []
        self._paused: list[tuple[datetime, Rank, Job]] = []

    def put(self, job: Job, not_before: datetime | None = None) -> None:
        """Add a job, which may be taken from some time on."""
        if not_before is None:
            heapq.heappush(self._ready, (job.rank, job))
        else:
            heapq.heappush(self._paused, (not_before, job.rank, job))

    def first(self, now: datetime) -> Job | None:
        """Return the first job that may be taken, and drop those that no reader waits for."""
        while self._paused and self._paused[0][0] <= now:
            self.put(heapq.heappop(self._paused)[-1])
        while self._ready and not self._ready[0][1].open:
            heapq.heappop(self._ready)
        return self._ready[0][1] if self._ready else None

    def pop(self) -> None:
        """Take the first job out."""
        heapq.heappop(self._ready)

    def peek(self, number: int) -> list[Job]:
        """Return the jobs that come first."""
        return [job for _, job in heapq.nsmallest(number, self._ready)]

    def pause(self, now: datetime) -> float:
        """Return the seconds until a paused job may be taken, infinity if there is none."""
        return max(0.001, (self._paused[0][0] - now).total_seconds()) if self._paused else math.inf


class CallQueues:
    """The queues of all services, those for creating first."""

    def __init__(self, apis: Mapping[Service, JobApi]) -> None:
        """Start without queues.

        Args:
            apis: The calls of each service.
        """
        self._apis = apis
        self._queues: dict[tuple[Service, Call, str], CallQueue] = {}
        # Creating comes first, because a look at what is to be created may find a job to poll.
        self._by_call: dict[Call, list[CallQueue]] = {call: [] for call in sorted(Call)}

    def __iter__(self) -> Iterator[CallQueue]:
        """Iterate over the queues; new ones may be added meanwhile."""
        return itertools.chain.from_iterable(self._by_call.values())

    def put(self, job: Job, not_before: datetime | None = None) -> None:
        """Put a job where its next call belongs.

        A job type with a quota of its own has a queue of its own. So have the jobs that are looked up instead of being
        created: that is another operation, which may be out of order alone.
        """
        service, job_type, call = job.request.service, job.request.job_type, job.next_call
        own = call is Call.CREATE and len(self._apis[service].create_buckets(job_type)) > 1
        look_up = call is Call.CREATE and job.request.amazon_generated
        key = (service, call, LOOK_UP if look_up else job_type if own else "")
        for each in (key, *((service, other, "") for other in Call)):
            if each not in self._queues:
                self._queues[each] = CallQueue(service, each[1])
                self._by_call[each[1]].append(self._queues[each])
        self._queues[key].put(job, not_before)
