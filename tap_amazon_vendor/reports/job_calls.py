"""What the APIs of an account that make jobs have in common: their buckets, times and documents."""

from __future__ import annotations

import typing as t
from uuid import uuid4

from tap_amazon_vendor.amazon.answers import moment
from tap_amazon_vendor.amazon.download import DOCUMENT_TRIES, download
from tap_amazon_vendor.engine.model import Processing
from tap_amazon_vendor.errors import AmazonError, DocumentError, UnavailableError, without_frames

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_amazon_vendor.amazon.client import SellingPartnerApi
    from tap_amazon_vendor.amazon.throttle import Bucket, Operation
    from tap_amazon_vendor.amazon.transport import Transport
    from tap_amazon_vendor.documents.files import Document

#: Statuses of a usable job, as a filter of a listing.
USABLE = (Processing.DONE, Processing.IN_PROGRESS, Processing.IN_QUEUE)


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

    def _fetched(
        self, operation: Operation, find_url: Callable[[], str | None], read: Callable[[Path, str | None], Document]
    ) -> Document:
        """Download a document to disk, as often as `DOCUMENT_TRIES`.

        Args:
            operation: What tells its URL.
            find_url: Returns that, a new one each time.
            read: Checks the file, given the charset that the host stated.

        Returns:
            The complete document.

        Raises:
            AmazonError: Amazon refuses.
            DocumentError: It was truncated or damaged each time.
        """
        problem: AmazonError = UnavailableError(f"{operation.name}: a finished document without a URL")
        for _try in range(DOCUMENT_TRIES):
            url = find_url()
            path = self._spool / f"{uuid4().hex}.document"
            try:
                if url:
                    charset = download(
                        self._transport, url, path, may_download=self._may_download, operation=operation.name
                    )
                    return read(path, charset)
            except (DocumentError, UnavailableError) as error:
                path.unlink(missing_ok=True)
                problem = without_frames(error)
        raise problem


def times(created: str | None, ended: str | None) -> tuple[str | None, float | None]:
    """Return when a job ended, and the seconds since it was created; None for what Amazon does not tell."""
    began, end = moment(created), moment(ended)
    return ended if end else None, (end - began).total_seconds() if end and began else None
