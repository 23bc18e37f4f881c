"""What the engine needs from a kind of job: the protocols to implement for a new one."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from datetime import date, datetime, timedelta
    from pathlib import Path

    from tap_amazon_vendor.engine.model import JobStatus, ListedJob, Processing, Service
    from tap_amazon_vendor.errors import AmazonError
    from tap_amazon_vendor.outcomes import Verdict


class Bucket(t.Protocol):
    """A token bucket."""

    def delay(self) -> float:
        """Return the seconds until a token is available."""

    def seconds_for(self, calls: int) -> float:
        """Return the seconds until that many calls can have been made."""


class Window(t.Protocol):
    """A range of time."""

    @property
    def start(self) -> date:
        """First day or hour."""

    @property
    def end(self) -> date:
        """Last day or hour."""


class Document(t.Protocol):
    """A fetched document on disk."""

    @property
    def path(self) -> Path:
        """Where it is."""

    @property
    def bytes(self) -> int:
        """Its size on disk."""

    @property
    def error(self) -> str | None:
        """Amazon's error text, where the document holds one instead of rows."""

    @property
    def specification(self) -> Mapping[str, t.Any] | None:
        """What the document was requested with according to Amazon, if it says so."""

    @property
    def empty(self) -> bool:
        """Whether it has no rows."""


class Request(t.Protocol):
    """The identity of a job, hashable: equal requests share one job."""

    @property
    def account(self) -> str:
        """Label of the account."""

    @property
    def service(self) -> Service:
        """The account's API that makes the job."""

    @property
    def job_type(self) -> str:
        """Amazon's name for jobs of this kind, such as a report type."""

    @property
    def listed_under(self) -> str | None:
        """The marketplace that Amazon's listing of such jobs is limited to; None where it can't be."""

    @property
    def job_id(self) -> str | None:
        """Id of the one job that is meant, where it exists already."""

    @property
    def window(self) -> Window:
        """The time asked for."""

    @property
    def partition(self) -> Hashable:
        """Everything but the window."""

    @property
    def has_options(self) -> bool:
        """Whether it has options, which Amazon's listing does not show."""

    @property
    def amazon_generated(self) -> bool:
        """Whether Amazon makes such jobs by itself, so that they are looked up and never created."""

    @property
    def refused_at_once(self) -> bool:
        """Whether Amazon refuses to create what the account lacks: one that was created shows that it has it."""

    @property
    def may_be_unused(self) -> bool:
        """Whether a job without rows may just mean that the account does not use what the job is about."""

    @property
    def kept(self) -> timedelta:
        """How long Amazon keeps such a job, with a margin."""

    @property
    def refresh_interval(self) -> timedelta | None:
        """For how long Amazon answers with its last job instead of a new one; None if it never does."""

    def is_recent(self, today: date) -> bool:
        """Return whether Amazon may still publish data for the window."""

    def adjoins(self, other: t.Any) -> bool:  # noqa: ANN401  # a request of the same kind
        """Return whether another request's window begins where this one ends, or ends where it begins, or overlaps."""

    def shorten(self) -> t.Any | None:  # noqa: ANN401
        """Return the request without its newest day or hour; None if nothing would be left."""

    def halve(self) -> tuple[t.Any, ...]:
        """Return the request in two halves, older first; empty where it can't be divided."""

    def following(self, page: Hashable) -> t.Any:  # noqa: ANN401
        """Return the request for a page by what a status named it with; None is the first."""

    def mismatch(self, specification: Mapping[str, t.Any] | None) -> str | None:
        """Return how a document contradicts the request, None if it does not."""

    def matches(self, specification: Mapping[str, t.Any] | None) -> bool:
        """Return whether a document that another may have asked for answers the request for certain."""

    def may_be(self, listed: ListedJob) -> bool:
        """Return whether a listed job may answer the request, as far as the listing shows."""

    def generated(self, listed: ListedJob) -> t.Any:  # noqa: ANN401
        """Return the request for a job that Amazon made by itself."""

    def judge_end(self, processing: Processing) -> tuple[str, Verdict] | None:
        """Judge a job that ended without a document; None if Amazon has failed it without a reason."""

    def judge_failure(self, text: str | None, *, today: date, known_available: bool) -> Verdict:
        """Judge a job that Amazon ended with an error text, or without one."""

    def judge_refusal(self, error: AmazonError) -> Verdict:
        """Judge a call that Amazon refused."""


class JobApi(t.Protocol):
    """The calls of one service of an account: create, list, status, fetch; and the buckets that they take from."""

    @property
    def list_bucket(self) -> Bucket:
        """What listing jobs takes from."""

    @property
    def status_bucket(self) -> Bucket:
        """What asking for a status takes from."""

    @property
    def document_bucket(self) -> Bucket:
        """What fetching a document takes from."""

    def create_buckets(self, job_type: str) -> Sequence[Bucket]:
        """Return the buckets that creating a job takes from, the narrowest last."""

    def create(self, request: t.Any) -> str:  # noqa: ANN401
        """Create a job; return its id."""

    def listed(
        self, job_types: Sequence[str], marketplace_id: str | None, since: datetime, *, optional: bool = False
    ) -> list[ListedJob]:
        """List the jobs of some types that were created since then, newest first.

        Args:
            job_types: The types.
            marketplace_id: The one marketplace, None for all.
            since: When the oldest was created.
            optional: Nothing depends on it, so it is tried once.
        """

    def status(self, job_id: str) -> JobStatus:
        """Ask how far a job is."""

    def fetch(self, document_id: str, request: t.Any) -> Document:  # noqa: ANN401
        """Fetch a document to disk."""
