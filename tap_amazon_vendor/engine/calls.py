"""The calls to Amazon that move jobs on: made without the lock, their answers recorded with it."""

from __future__ import annotations

import logging
import typing as t
from datetime import timedelta

from tap_amazon_vendor.engine.adoption import CLOCK_MARGIN
from tap_amazon_vendor.engine.answers import (
    after_document,
    after_error,
    after_fault,
    after_processing,
    retry_or_fail,
    still_running,
)
from tap_amazon_vendor.engine.decisions import Finish, Restart
from tap_amazon_vendor.engine.job import Call
from tap_amazon_vendor.errors import (
    AmazonError,
    CredentialsError,
    LoginUnavailableError,
    ThrottledError,
    UnansweredError,
    UnavailableError,
)
from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_amazon_vendor.engine.job import Job
    from tap_amazon_vendor.engine.model import JobStatus, Service
    from tap_amazon_vendor.engine.ports import JobApi
    from tap_amazon_vendor.engine.queue import CallQueue
    from tap_amazon_vendor.engine.registry import Registry

#: How long a job that Amazon makes by itself may be in progress before a warning is due.
STUCK = timedelta(days=1)

logger = logging.getLogger("tap-amazon-vendor.engine")


class Calls:
    """Makes one call for one job and decides what follows."""

    def __init__(self, registry: Registry, wait_seconds: float) -> None:
        """Store the dependencies.

        Args:
            registry: The jobs.
            wait_seconds: How long a run waits for one job.
        """
        self._registry = registry
        self._wait_seconds = wait_seconds

    def make(self, queue: CallQueue, job: Job) -> None:
        """Make a queue's call for a job, and turn any of its errors into the job's result."""
        registry = self._registry
        calls: dict[Call, Callable[[Job], None]] = {
            Call.CREATE: self._look_up if job.request.amazon_generated else self._create,
            Call.POLL: self._poll,
            Call.FETCH: self._fetch,
        }
        began = registry.clock()
        try:
            calls[queue.call](job)
        except (CredentialsError, LoginUnavailableError) as error:
            registry.refuse(job.request.service, error)
        except UnavailableError as error:
            with registry.changed:
                throttled = isinstance(error, ThrottledError)
                queue.breaker.failed(str(error), began=began, now=registry.clock(), throttled=throttled)
                registry.apply(job, after_error(job, error))
        except UnansweredError as error:
            # Not even created: an outage, too.
            with registry.changed:
                queue.breaker.failed(str(error), began=began, now=registry.clock())
                registry.apply(job, retry_or_fail(job, str(error)))
        except AmazonError as error:
            with registry.changed:
                queue.breaker.worked()
                registry.apply(job, after_error(job, error))
        except Exception as error:  # noqa: BLE001  # a fault in one job ends no other
            with registry.changed:
                registry.apply(job, after_fault(job, error))
        else:
            with registry.changed:
                queue.breaker.worked()
        finally:
            with registry.changed:
                job.in_call = False

    def list_existing(
        self, service: Service, job_types: tuple[str, ...], marketplace_id: str | None, since: datetime
    ) -> None:
        """List a service's jobs of some types. Without the answer, jobs are created that might have been adopted."""
        registry = self._registry
        existing = registry.adoption.existing(service)
        if existing is None:
            return
        try:
            jobs = registry.apis[service].listed(job_types, marketplace_id, since, optional=True)
        except Exception as error:  # noqa: BLE001  # whatever it is, the listing is not needed
            if isinstance(error, (CredentialsError, LoginUnavailableError)):
                registry.refuse(service, error)
            # The job that is created instead reports it.
            logger.debug("Amazon does not list the %s of %r: %s", service.name, service.account, error)
            with registry.changed:
                if isinstance(error, (CredentialsError, UnavailableError)) or not isinstance(error, AmazonError):
                    # What fails for one job type fails for all.
                    existing.add(())
                    existing.abandon()
                else:
                    existing.refused(job_types, marketplace_id, since)
        else:
            with registry.changed:
                existing.add(jobs)

    def _api(self, job: Job) -> JobApi:
        return self._registry.apis[job.request.service]

    def _look_up(self, job: Job) -> None:
        """Find the jobs that Amazon made by itself."""
        listed = self._api(job).listed((job.request.job_type,), None, job.planned.fresh_since)
        stuck = self._registry.clock() - STUCK
        # A page that shifts while it is read shows a job twice. Jobs in progress are left to the next run.
        due = {each.job_id: each for each in reversed(listed) if not each.processing.running or each.created_at < stuck}
        parts = tuple(job.request.generated(each) for each in reversed(due.values()))
        reason = "Amazon has made no report since the last one read"
        self._registry.apply(job, Finish(Outcome.EMPTY, reason, parts=parts))

    def _create(self, job: Job) -> None:
        registry, api = self._registry, self._api(job)
        asked_at = registry.clock()
        try:
            job_id = api.create(job.request)
        except UnansweredError:
            # The listing does not show which page a job is.
            created = None if job.page_ids else self._find_created(job, api, asked_at)
            if created is None:
                raise
            job_id = created
        with registry.changed:
            job.job_id = job_id
            registry.adoption.used.add(job_id)
            job.unsettled = job.result is not None
            registry.checkpoint.unsaved = True
            registry.created(job)
            if job.open:
                registry.wait_for(job, asked_at)
        logger.info("Requested %s", job.request)

    def _find_created(self, job: Job, api: JobApi, asked_at: datetime) -> str | None:
        """Return the id of a job that may have been created although the answer was lost."""
        # While that is unknown, the next run has to look as well.
        with self._registry.changed:
            job.unsettled = True
        listed = api.listed((job.request.job_type,), job.request.listed_under, asked_at - CLOCK_MARGIN)
        with self._registry.changed:
            job.unsettled = False
            used = self._registry.adoption.used
            return next((each.job_id for each in listed if each.job_id not in used and job.request.may_be(each)), None)

    def _poll(self, job: Job) -> None:
        registry = self._registry
        status = self._api(job).status(t.cast("str", job.job_id))
        refreshed = status.ended_without_document and self._refreshed_recently(job)
        with registry.changed:
            job.status = status
            if not job.open:
                return
            now = registry.clock()
            if status.processing.running:
                pause = registry.pace.pause(job, now)
                decision = still_running(job, status.processing, now=now, pause=pause, wait_seconds=self._wait_seconds)
            else:
                registry.pace.learn(job, status.took, now)
                decision = after_processing(job, status, now=now, refreshed_recently=refreshed)
            registry.apply(job, decision)

    def _refreshed_recently(self, job: Job) -> bool:
        """Return whether Amazon made no job because it had made another one shortly before.

        It may have been requested after the run's listing: so it is listed anew.
        """
        request = job.request
        if request.refresh_interval is None or job.guessed:
            return False
        since = t.cast("datetime", job.asked_at) - request.refresh_interval
        listed = self._api(job).listed((request.job_type,), request.listed_under, since)
        return any(each.job_id != job.job_id and request.may_be(each) for each in listed)

    def _fetch(self, job: Job) -> None:
        registry, adoption = self._registry, self._registry.adoption
        status = t.cast("JobStatus", job.status)
        document = self._api(job).fetch(t.cast("str", status.document_id), job.request)
        with registry.changed:
            owner = adoption.owner(job, document)
            if owner is not None and owner is not job:
                # A guess that was wrong for this window and right for another one with the same days.
                adoption.hand_over(job, owner)
                registry.checkpoint.track(owner)
                registry.apply(owner, Finish(Outcome.LOADED, None, document=document))
                registry.apply(job, Restart())
                return
            if owner is None:
                document.path.unlink(missing_ok=True)
                registry.apply(job, Restart())
                return
            job.guessed = False
            decision, kept = after_document(job, status, document, today=registry.clock().date())
            if not kept:
                document.path.unlink(missing_ok=True)
            registry.apply(job, decision)
