"""The calls of the Reports API 2021-06-30 (docs/amazon/reports-api.md). `engine` decides when to make them."""

from __future__ import annotations

import logging
import typing as t
from datetime import timezone
from functools import partial
from urllib.parse import quote

from tap_amazon_vendor.amazon.answers import decode, decode_each, moment
from tap_amazon_vendor.amazon.pages import Page, Pages
from tap_amazon_vendor.amazon.restricted import restricted_token
from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.documents.files import open_document, open_flat_file
from tap_amazon_vendor.engine.model import JobStatus, ListedJob, Processing
from tap_amazon_vendor.reports.answers import CreatedReport, ListedReport, Report, ReportDocument, ReportList
from tap_amazon_vendor.reports.job_calls import USABLE, JobCalls, times

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime
    from pathlib import Path

    import msgspec

    from tap_amazon_vendor.amazon.client import SellingPartnerApi
    from tap_amazon_vendor.amazon.throttle import Bucket, Throttle
    from tap_amazon_vendor.amazon.transport import Transport
    from tap_amazon_vendor.documents.files import Document
    from tap_amazon_vendor.reports.request import ReportRequest

_BASE = "/reports/2021-06-30"

# Usage plans: model reports_2021-06-30.
CREATE_REPORT = Operation("createReport", "POST", f"{_BASE}/reports", 0.0167, 15)
GET_REPORT = Operation("getReport", "GET", f"{_BASE}/reports/{{report_id}}", 2, 15)
GET_REPORTS = Operation("getReports", "GET", f"{_BASE}/reports", 0.0222, 10)
GET_DOCUMENT = Operation("getReportDocument", "GET", f"{_BASE}/documents/{{document_id}}", 0.0167, 15)

#: The report type whose quota may be counted for all accounts of an application together, and the one whose quota is
#: not known and found out (docs/amazon/quotas.md#own-quotas).
SALES_AND_TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"
SEARCH_QUERY_PERFORMANCE = "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT"

#: Limits of single report types that usage plans do not show (docs/amazon/quotas.md#own-quotas). That of fulfilled
#: shipments is what users observed, three or four reports an hour; that of search query performance is where its
#: finding out begins.
OWN_QUOTAS = {
    SALES_AND_TRAFFIC: Operation("createReport of sales and traffic", "POST", "", 1 / 900, 1),
    SEARCH_QUERY_PERFORMANCE: Operation(
        "createReport of search query performance", "POST", "", CREATE_REPORT.rate, CREATE_REPORT.burst
    ),
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL": Operation(
        "createReport of fulfilled shipments", "POST", "", 1 / 1200, 3
    ),
}

#: Pages of a hundred reports that are read of a listing: of a marketplace's, and of all that an account has.
LISTED_PAGES = 5
MOST_PAGES = 200

logger = logging.getLogger("tap-amazon-vendor.reports")


class ReportsApi(JobCalls):
    """The Reports API of one account."""

    listing, polling, fetching = GET_REPORTS, GET_REPORT, GET_DOCUMENT

    def __init__(
        self,
        api: SellingPartnerApi,
        transport: Transport,
        spool: Path,
        *,
        shared: Throttle,
        may_download: Callable[[str], bool],
    ) -> None:
        """Store the dependencies.

        Args:
            api: The account's client.
            transport: HTTP client for the document host, which must never see the account's token.
            spool: Private folder for documents.
            shared: The buckets that the accounts of the application share; its `shared_quotas` says of which report
                types that is known.
            may_download: Returns whether a URL is one of a document host.
        """
        super().__init__(api, transport, spool, may_download=may_download)
        self._shared = shared

    def create_buckets(self, report_type: str) -> list[Bucket]:
        """Return the buckets that requesting a report takes from: the account's, and the report type's own."""
        bucket, own = self._api.bucket(CREATE_REPORT), self._own_bucket(report_type)
        if own is None:
            return [bucket]
        # Amazon states only the operation's rate. If that is more than published, the other one is assumed to be, too:
        # if it is not, a 429 says so.
        own.rate = OWN_QUOTAS[report_type].rate * own.share * max(1.0, bucket.rate / CREATE_REPORT.rate)
        return [bucket, own]

    def _own_bucket(self, report_type: str) -> Bucket | None:
        """Return the bucket of a report type with a quota of its own."""
        own = OWN_QUOTAS.get(report_type)
        if own is None:
            return None
        is_shared = report_type in self._shared.shared_quotas
        return self._shared.bucket(own) if is_shared else self._api.bucket(own)

    def create(self, request: ReportRequest) -> str:
        """Ask for a report (createReport).

        Returns:
            The report's id.

        Raises:
            UnansweredError: The connection broke: the report may or may not have been requested.
            AmazonError: Amazon refuses.
        """
        bucket, *own = self.create_buckets(request.report_type)
        if not own:
            return self._api.call(CREATE_REPORT, answer=CreatedReport, repeatable=False, body=request.body()).report_id
        (quota,) = own
        # A 429 while both have tokens is one that our idea of the quota does not explain. Whose quota it is, is
        # remembered: so that needs a bucket that is known to be full, and not the one that a run begins with.
        is_full = quota.is_surely_full if request.report_type == SALES_AND_TRAFFIC else quota.is_full
        unexplained, refusals = bucket.seconds_for(2) == 0 and is_full, quota.refusals
        try:
            return self._api.call(
                CREATE_REPORT, answer=CreatedReport, repeatable=False, quota=quota, body=request.body()
            ).report_id
        finally:
            if unexplained and quota.refusals > refusals:
                self._learn(request.report_type)

    def _learn(self, report_type: str) -> None:
        """Learn that a report type's quota is narrower than assumed."""
        if report_type == SALES_AND_TRAFFIC:
            self._shared.shared_quotas.add(report_type)
            self._shared.bucket(OWN_QUOTAS[report_type]).empty()
        elif report_type == SEARCH_QUERY_PERFORMANCE:
            self._api.bucket(OWN_QUOTAS[report_type]).narrow()

    def listed(
        self, report_types: Iterable[str], marketplace_id: str | None, since: datetime, *, optional: bool = False
    ) -> list[ListedJob]:
        """List reports that have not failed, requested by any application (getReports).

        Args:
            report_types: At most `TYPES_PER_CALL` of them.
            marketplace_id: The one marketplace; None for all of the account, failed reports included. That is for
                reports that Amazon makes by itself, for which its marketplace filter is not reliable.
            since: Only reports requested since then.
            optional: The listing only saves something: each page is asked for once.

        Returns:
            Reports, newest first, each once: of a marketplace's long list the first `LISTED_PAGES` pages, of the
            account's all. One that can't be read is left out, with a warning.

        Raises:
            MalformedAnswerError: A page can't be read, or the pages have no end.
            AmazonError: Amazon refuses.
        """
        statuses = USABLE if marketplace_id else tuple(Processing)
        query = {
            "reportTypes": ",".join(report_types),
            **({"marketplaceIds": marketplace_id} if marketplace_id else {}),
            "processingStatuses": ",".join(statuses),
            "createdSince": since.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "pageSize": "100",
        }
        found: dict[str, ListedJob] = {}
        pages = Pages(GET_REPORTS.name, MOST_PAGES)
        while not pages.finished and not (marketplace_id and pages.count == LISTED_PAGES):
            # The token must be the only parameter.
            query = {"nextToken": pages.current_value} if pages.current_value else query
            answer = self._api.call(GET_REPORTS, answer=ReportList, tries=1 if optional else None, query=query)
            pages.advance(Page(answer.reports, answer.next_token))
            read = partial(_listed_job, statuses=statuses)
            for job in decode_each(answer.reports, read, what="report", operation=GET_REPORTS.name):
                found.setdefault(job.job_id, job)
        return [*found.values()]

    def status(self, report_id: str) -> JobStatus:
        """Ask how far a report is (getReport).

        Raises:
            MalformedAnswerError: Its status is none that Amazon's model has, in every answer.
            AmazonError: Amazon refuses.
            NotFoundError: Amazon does not know the report.
        """
        report = self._api.call(GET_REPORT, answer=Report, report_id=report_id)
        processing = Processing(report.processing_status)
        self._learn_from(report.report_type, processing)
        return JobStatus(processing, report.report_document_id, *times(report.created_time, report.processing_end_time))

    def _learn_from(self, report_type: str | None, processing: Processing) -> None:
        """Learn of a quota that nobody knows from how a report ended: CANCELLED is also what too many become."""
        if report_type != SEARCH_QUERY_PERFORMANCE:
            return
        bucket = self._api.bucket(OWN_QUOTAS[report_type])
        if processing is Processing.CANCELLED:
            bucket.narrow()
        elif processing is Processing.DONE:
            bucket.widen()

    def fetch(self, document_id: str, request: ReportRequest) -> Document:
        """Fetch a document to disk (getReportDocument and its URL).

        Args:
            document_id: Amazon's id.
            request: The request that the document is for.

        Returns:
            The complete document.

        Raises:
            AmazonError: Amazon refuses.
            DocumentError: It was truncated or damaged each time.
        """

        def find_url() -> str:
            token = self._restricted_token(document_id) if request.policy.restricted else None
            return self._api.call(GET_DOCUMENT, answer=ReportDocument, token=token, document_id=document_id).url

        def read(path: Path, charset: str | None) -> Document:
            return open_flat_file(path, charset) if request.policy.layout else open_document(path)

        return self._fetched(GET_DOCUMENT, find_url, read)

    def _restricted_token(self, document_id: str) -> str:
        """Return a token for exactly one document (docs/amazon/reports-api.md#restricted-documents)."""
        path = GET_DOCUMENT.path.format(document_id=quote(document_id, safe=""))
        return restricted_token(self._api, GET_DOCUMENT.method, path)


def _listed_job(element: msgspec.Raw, statuses: Collection[str]) -> ListedJob:
    """Read a listed report, and check its texts.

    Args:
        element: The report.
        statuses: The statuses that were asked for.

    Raises:
        ValueError: It can't be read, or one of them is not what its field holds.
    """
    report = decode(element, ListedReport)
    times = {name: moment(getattr(report, name)) for name in ("created_time", "data_start_time", "data_end_time")}
    for name, time in times.items():
        if time is None and getattr(report, name) is not None:
            text = f"`{name}` is not a time"
            raise ValueError(text)
    if report.processing_status not in statuses:
        text = "`processingStatus` is not one that was asked for"
        raise ValueError(text)
    return ListedJob(
        job_id=report.report_id,
        job_type=report.report_type,
        marketplace_ids=tuple(report.marketplace_ids or ()),
        start=report.data_start_time,
        end=report.data_end_time,
        created_at=t.cast("datetime", times["created_time"]),
        processing=Processing(report.processing_status),
    )
