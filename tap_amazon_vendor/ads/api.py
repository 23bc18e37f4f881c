"""The calls of the Ads API that make reports (docs/amazon/ads.md#reports). `engine` decides when to make them."""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace
from uuid import uuid4

from tap_amazon_vendor.ads.answers import AdsReport
from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.documents.files import Document, has_no_element, open_document
from tap_amazon_vendor.engine.model import JobStatus, ListedJob, Processing
from tap_amazon_vendor.errors import RequestRejectedError, one_line
from tap_amazon_vendor.reports.job_calls import JobCalls, times

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from tap_amazon_vendor.ads.client import AdsClient
    from tap_amazon_vendor.ads.request import AdsRequest
    from tap_amazon_vendor.amazon.throttle import Bucket
    from tap_amazon_vendor.amazon.transport import Transport

_REPORTS = "/reporting/reports"
_MEDIA = "application/vnd.createasyncreportrequest.v3+json"

# Amazon publishes no rates: these are what a run begins with, and a 429 teaches (`LearnedBucket`).
CREATE_REPORT = Operation("createAdsReport", "POST", _REPORTS, 1, 10, sends=_MEDIA)
GET_REPORT = Operation("getAdsReport", "GET", f"{_REPORTS}/{{report_id}}", 2, 20)
#: What needs no call: listing, which there is none of, and fetching, which is a download.
NO_CALL = Operation("noCall", "GET", "", 100, 1000)

#: How the engine calls Amazon's statuses; the guide was seen with FAILURE for FAILED.
STATUSES = {
    "PENDING": Processing.IN_QUEUE,
    "PROCESSING": Processing.IN_PROGRESS,
    "COMPLETED": Processing.DONE,
    "FAILED": Processing.FATAL,
    "FAILURE": Processing.FATAL,
    "CANCELLED": Processing.CANCELLED,
}

#: In the refusal of a request while the same one is running: the id of that.
_DUPLICATE = re.compile(r"duplicate of\W*([a-z\d-]*\d[a-z\d-]*)", re.IGNORECASE)


class DocumentApi(JobCalls):
    """What makes documents for one profile, and lists none of them."""

    listing = fetching = NO_CALL

    def listed(
        self, job_types: Iterable[str], marketplace_id: str | None, since: datetime, *, optional: bool = False
    ) -> list[ListedJob]:
        """Return nothing: Amazon lists no jobs, but names the running report to whoever asks for the same."""
        _ = job_types, marketplace_id, since, optional
        return []

    def fetched(self, find_url: Callable[[], str | None]) -> Document:
        """Download a document to disk.

        Args:
            find_url: Returns its URL, a new one each time.

        Returns:
            The complete document.

        Raises:
            AmazonError: Amazon refuses.
            DocumentError: It was truncated or damaged each time.
        """
        document = self._fetched(self.polling, find_url, lambda path, _charset: open_document(path))
        return replace(document, empty=has_no_element(document))


class AdsReportsApi(DocumentApi):
    """The reports of one profile."""

    polling = GET_REPORT

    def __init__(
        self,
        api: AdsClient,
        transport: Transport,
        spool: Path,
        *,
        may_download: Callable[[str], bool],
        sells: bool = False,
    ) -> None:
        """Store the dependencies.

        Args:
            api: The profile's client.
            transport: HTTP client for the document host, which must never see the access token.
            spool: Private folder for documents.
            may_download: Returns whether a URL is one of a document host.
            sells: The profile is a seller's.
        """
        super().__init__(api, transport, spool, may_download=may_download)
        self._sells = sells
        #: Of each report that ended, the answer that said so.
        self._ended: dict[str, AdsReport] = {}

    def create_buckets(self, job_type: str) -> list[Bucket]:  # noqa: ARG002  # all types share one
        """Return the buckets that creating a report takes from."""
        return [self._api.bucket(CREATE_REPORT)]

    def create(self, request: AdsRequest) -> str:
        """Create a report, or take up the one that is running for the same request.

        It may be repeated: while Amazon is making the report, the same request only tells its id.

        Returns:
            The report's id.

        Raises:
            AmazonError: Amazon refuses.
        """
        body = request.body(sells=self._sells)
        try:
            return self._api.call(CREATE_REPORT, answer=AdsReport, body=body).report_id
        except RequestRejectedError as error:
            if running := _DUPLICATE.search(error.text):
                return running[1]
            raise

    def status(self, job_id: str) -> JobStatus:
        """Ask how far a report is.

        Raises:
            AmazonError: Amazon refuses.
            NotFoundError: Amazon does not know the report.
        """
        report = self._api.call(GET_REPORT, answer=AdsReport, report_id=job_id)
        processing = STATUSES[report.status]
        if not processing.running:
            self._ended[job_id] = report
        # The reason of a failure takes the place of a document.
        readable = processing is Processing.DONE or (processing is Processing.FATAL and report.failure_reason)
        return JobStatus(
            processing,
            job_id if readable else None,
            *times(report.created_at, report.generated_at),
        )

    def fetch(self, document_id: str, request: AdsRequest) -> Document:
        """Fetch the document of a report to disk.

        Args:
            document_id: The report's id.
            request: The request that the document is for.

        Returns:
            The complete document.

        Raises:
            AmazonError: Amazon refuses.
            DocumentError: It was truncated or damaged each time.
        """
        _ = request
        first = self._ended.pop(document_id, None)
        if first and first.failure_reason and STATUSES[first.status] is Processing.FATAL:
            # There is no file; what would be its name is ours, never Amazon's.
            return Document(self._spool / uuid4().hex, 0, one_line(first.failure_reason) or None, None, empty=False)
        # Its URL may have expired: then a new answer has a new one.
        urls = [first.url] if first and first.url else []
        return self.fetched(
            lambda: urls.pop() if urls else self._api.call(GET_REPORT, answer=AdsReport, report_id=document_id).url
        )
