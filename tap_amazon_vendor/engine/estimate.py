"""What is still to come: where each job will come from, and how long it takes under the quotas."""

from __future__ import annotations

import typing as t
from collections import Counter, defaultdict

from tap_amazon_vendor.engine.job import Call
from tap_amazon_vendor.engine.model import Source
from tap_amazon_vendor.engine.progress import Progress, ServiceProgress

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_amazon_vendor.engine.adoption import Adoption
    from tap_amazon_vendor.engine.checkpoint import Checkpoint
    from tap_amazon_vendor.engine.job import Job
    from tap_amazon_vendor.engine.model import Service
    from tap_amazon_vendor.engine.pace import Pace
    from tap_amazon_vendor.engine.ports import Bucket, JobApi, Request


class QuotaForecast:
    """The quota that a run has left: take from it to see what can still be created, and when."""

    def __init__(self, apis: Mapping[Service, JobApi], budget: float, longest_wait: float) -> None:
        """Start with nothing taken.

        Args:
            apis: The calls of each service.
            budget: Most create calls.
            longest_wait: Seconds for which a run waits for the quota of a single job type.
        """
        self._apis = apis
        self._budget = budget
        self._longest_wait = longest_wait
        self._calls: Counter[Bucket] = Counter()
        self._buckets: dict[Service, set[Bucket]] = defaultdict(set)

    def take(self, request: Request) -> bool:
        """Create one more job, if a run would; return whether it would."""
        buckets = self._apis[request.service].create_buckets(request.job_type)
        narrowest, calls = buckets[-1], self._calls[buckets[-1]]
        wait = narrowest.seconds_for(calls + 1) - narrowest.seconds_for(calls)
        if self._budget <= 0 or wait > self._longest_wait:
            return False
        self._budget -= 1
        self._calls.update(buckets)
        self._buckets[request.service].update(buckets)
        return True

    def seconds(self, service: Service) -> float:
        """Return the seconds until everything taken for a service can have been created."""
        # Accounts of one application share some buckets: each then waits for the others.
        return max((bucket.seconds_for(self._calls[bucket]) for bucket in self._buckets[service]), default=0.0)


def source_of(job: Job, checkpoint: Checkpoint, adoption: Adoption, forecast: QuotaForecast, *, guess: bool) -> Source:
    """Return where a job that is not created yet will come from.

    Args:
        job: The job.
        checkpoint: What earlier runs left.
        adoption: The existing jobs.
        forecast: The quota that is left.
        guess: Use up the guesses that the listing allows: only to plan, not to run.
    """
    pending = checkpoint.known.get(job.request)
    resumable = pending and pending.known_pages and pending.asked_at >= job.planned.fresh_since
    if job.request.job_id or resumable:
        return Source.RESUMED
    if job.request.amazon_generated:
        return Source.AMAZON_GENERATED
    maybe_since = job.maybe_since
    if pending and not maybe_since:
        maybe_since = max(pending.asked_at, job.planned.fresh_since)
    adoptable = job.planned.adoptable and job.request.window == job.wanted.window
    if guess and (adoptable or maybe_since):
        found = adoption.find(job, None if pending and pending.known_pages else maybe_since)
        if found:
            adoption.used.add(found.job_id)
            return Source.ADOPTED
    return Source.CREATED if forecast.take(job.request) else Source.DEFERRED


def progress(  # noqa: PLR0913  # each is one fact
    jobs: Iterable[Job],
    sources: Mapping[Request, Source],
    *,
    total: int,
    apis: Mapping[Service, JobApi],
    forecast: QuotaForecast,
    pace: Pace,
) -> Progress:
    """Count the open jobs, and estimate when the last of them is available.

    Args:
        jobs: The open jobs.
        sources: Where those will come from that are not created yet, in the order of creation.
        total: Number of all jobs of the run.
        apis: The calls of each service.
        forecast: The quota that is left; used up.
        pace: How long jobs take.
    """
    jobs = list(jobs)
    calls = Counter((job.request.service, job.next_call) for job in jobs)
    waiting: Counter[tuple[Service, Source]] = Counter()
    first: dict[Service, Request] = {}
    for request, source in sources.items():
        waiting[request.service, source] += 1
        if source is Source.CREATED:
            first.setdefault(request.service, request)
            forecast.take(request)
    services = []
    for service in dict.fromkeys(service for service, _ in calls):
        api = apis[service]
        to_ask = waiting[service, Source.CREATED]
        at_amazon = calls[service, Call.POLL] + waiting[service, Source.RESUMED]
        to_fetch = calls[service, Call.FETCH]
        to_fetch += waiting[service, Source.ADOPTED] + waiting[service, Source.AMAZON_GENERATED]
        asking = forecast.seconds(service) + (pace.slowest() if to_ask or at_amazon else 0.0)
        fetching = api.document_bucket.seconds_for(to_ask + at_amazon + to_fetch)
        pause = max(bucket.delay() for bucket in api.create_buckets(first[service].job_type)) if to_ask else 0
        services.append(ServiceProgress(service, to_ask, at_amazon, to_fetch, max(asking, fetching), pause))
    return Progress(total=total, open=len(jobs), services=services)
