"""What the APIs of an account that make jobs have in common: their buckets, and what they list."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.engine.model import Processing

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_amazon_vendor.amazon.client import SellingPartnerApi
    from tap_amazon_vendor.amazon.throttle import Bucket, Operation
    from tap_amazon_vendor.amazon.transport import Transport

#: Statuses of a usable job, as a filter of a listing.
USABLE = (Processing.DONE.value, Processing.IN_PROGRESS.value, Processing.IN_QUEUE.value)


class JobCalls:
    """The API of one kind of job.

    Attributes:
        listing: The operation that lists jobs.
        polling: The operation that tells how far a job is.
        fetching: The operation that tells where a document is.
    """

    listing: t.ClassVar[Operation]
    polling: t.ClassVar[Operation]
    fetching: t.ClassVar[Operation]

    def __init__(
        self, api: SellingPartnerApi, transport: Transport, spool: Path, *, may_download: Callable[[str], bool]
    ) -> None:
        """Store the dependencies.

        Args:
            api: The account's client.
            transport: HTTP client for the document host, which must never see the account's token.
            spool: Private folder for documents.
            may_download: Returns whether a URL is one of a document host.
        """
        self._api = api
        self._transport = transport
        self._spool = spool
        self._may_download = may_download

    @property
    def list_bucket(self) -> Bucket:
        """The bucket that listing jobs takes from."""
        return self._api.bucket(self.listing)

    @property
    def status_bucket(self) -> Bucket:
        """The bucket that asking for a status takes from."""
        return self._api.bucket(self.polling)

    @property
    def document_bucket(self) -> Bucket:
        """The bucket that fetching a document takes from."""
        return self._api.bucket(self.fetching)
