"""The calls of the Reports API 2021-06-30 (docs/amazon/reports-api.md). `engine` decides when to make them."""

from __future__ import annotations

import itertools
import typing as t
from datetime import datetime, timezone
from email.message import Message
from http import HTTPStatus
from urllib.parse import quote, urlsplit
from uuid import uuid4

from urllib3.exceptions import HTTPError

from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.documents.files import open_document, open_flat_file
from tap_amazon_vendor.engine.model import JobStatus, ListedJob, Processing
from tap_amazon_vendor.errors import AmazonError, DocumentError, UnavailableError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

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

CREATE_TOKEN = Operation("createRestrictedDataToken", "POST", "/tokens/2021-03-01/restrictedDataToken", 1, 10)

#: Limits of single report types that usage plans do not show (docs/amazon/quotas.md#own-quotas). That of fulfilled
#: shipments is what users observed, three or four reports an hour.
OWN_QUOTAS = {
    "GET_SALES_AND_TRAFFIC_REPORT": Operation("createReport of sales and traffic", "POST", "", 1 / 900, 1),
    "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT": Operation(
        "createReport of search query performance", "POST", "", 20 / 86_400, 20
    ),
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL": Operation(
        "createReport of fulfilled shipments", "POST", "", 1 / 1200, 3
    ),
}

#: Of these, the ones that all accounts of an application share.
SHARED_QUOTAS = {"GET_SALES_AND_TRAFFIC_REPORT"}

#: Tries to get a complete document. Each requests a new URL, because a URL lives five minutes.
DOCUMENT_TRIES = 3

#: Pages of a hundred reports that are read of a listing.
LISTED_PAGES = 5

_CHUNK = 1 << 18

#: Statuses of a usable report.
_GOOD = (Processing.DONE.value, Processing.IN_PROGRESS.value, Processing.IN_QUEUE.value)


class ReportsApi:
    """The Reports API of one account."""

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
            shared: The buckets that the accounts of the application share.
            may_download: Returns whether a URL is one of a document host.
        """
        self._api = api
        self._transport = transport
        self._spool = spool
        self._shared = shared
        self._may_download = may_download

    def create_buckets(self, report_type: str) -> list[Bucket]:
        """Return the buckets that requesting a report takes from: the account's, and the report type's own."""
        own = OWN_QUOTAS.get(report_type)
        bucket = self._api.bucket(CREATE_REPORT)
        if own is None:
            return [bucket]
        narrow = self._shared.bucket(own) if report_type in SHARED_QUOTAS else self._api.bucket(own)
        # Amazon states only the operation's rate. If that is more than published, the other one is assumed to be, too:
        # if it is not, a 429 says so.
        narrow.rate = own.rate * max(1.0, bucket.rate / CREATE_REPORT.rate)
        return [bucket, narrow]

    @property
    def list_bucket(self) -> Bucket:
        """The bucket that listing reports takes from."""
        return self._api.bucket(GET_REPORTS)

    @property
    def status_bucket(self) -> Bucket:
        """The bucket that asking for a status takes from."""
        return self._api.bucket(GET_REPORT)

    @property
    def document_bucket(self) -> Bucket:
        """The bucket that fetching a document takes from."""
        return self._api.bucket(GET_DOCUMENT)

    def create(self, request: ReportRequest) -> str:
        """Ask for a report (createReport).

        Returns:
            The report's id.

        Raises:
            UnansweredError: The connection broke: the report may or may not have been requested.
            AmazonError: Amazon refuses.
        """
        own = self.create_buckets(request.report_type)[1:]
        answer = self._api.call(CREATE_REPORT, repeatable=False, quota=own[0] if own else None, body=request.body())
        return _field(answer, "reportId")

    def listed(  # optional needs a call that can be told how often to try
        self,
        report_types: Iterable[str],
        marketplace_id: str | None,
        since: datetime,
        *,
        optional: bool = False,  # noqa: ARG002
    ) -> list[ListedJob]:
        """List reports that have not failed, requested by any application (getReports).

        Args:
            report_types: At most `TYPES_PER_CALL` of them.
            marketplace_id: The one marketplace; None for all of the account, because for some reports Amazon's filter
                is not to be relied on.
            since: Only reports requested since then.
            optional: The listing only saves something: each page is asked for once.

        Returns:
            Reports, newest first: of a marketplace's long list the first `LISTED_PAGES` pages, of the account's all.

        Raises:
            AmazonError: Amazon refuses.
        """
        query = {
            "reportTypes": ",".join(report_types),
            **({"marketplaceIds": marketplace_id} if marketplace_id else {}),
            "processingStatuses": ",".join(_GOOD),
            "createdSince": since.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "pageSize": "100",
        }
        found: list[ListedJob] = []
        for page in itertools.count(1):
            answer = self._api.call(GET_REPORTS, query=query)
            found += [_listed(report) for report in answer.get("reports") or []]
            if not answer.get("nextToken") or (marketplace_id and page == LISTED_PAGES):
                break
            # The token must be the only parameter.
            query = {"nextToken": answer["nextToken"]}
        return found

    def status(self, report_id: str) -> JobStatus:
        """Ask how far a report is (getReport).

        Raises:
            AmazonError: Amazon refuses, or returns a status that this tap does not know.
            NotFoundError: Amazon does not know the report.
        """
        answer = self._api.call(GET_REPORT, report_id=report_id)
        try:
            processing = Processing(answer.get("processingStatus"))
        except ValueError:
            text = f"getReport: unknown processing status {answer.get('processingStatus')!r}"
            raise AmazonError(text) from None
        return JobStatus(
            processing,
            answer.get("reportDocumentId"),
            answer.get("processingEndTime"),
            _seconds_between(answer.get("createdTime"), answer.get("processingEndTime")),
        )

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
        problem = AmazonError("not tried")
        for _ in range(DOCUMENT_TRIES):
            token = self._restricted_token(document_id) if request.policy.restricted else None
            url = _field(self._api.call(GET_DOCUMENT, token=token, document_id=document_id), "url")
            path = self._spool / f"{uuid4().hex}.document"
            try:
                charset = self._download(url, path)
                return open_flat_file(path, charset) if request.policy.layout else open_document(path)
            except (DocumentError, UnavailableError) as error:
                path.unlink(missing_ok=True)
                problem = error
        raise problem

    def _restricted_token(self, document_id: str) -> str:
        """Return a token for exactly one document (docs/amazon/reports-api.md#restricted-documents)."""
        path = GET_DOCUMENT.path.format(document_id=quote(document_id, safe=""))
        body = {"restrictedResources": [{"method": GET_DOCUMENT.method, "path": path}]}
        return _field(self._api.call(CREATE_TOKEN, body=body), "restrictedDataToken")

    def _download(self, url: str, path: Path) -> str | None:
        """Save the response of a presigned URL, byte for byte. Return the charset that the host states.

        The URL is a secret: no error may quote it.
        """
        if not self._may_download(url):
            text = f"the document lies at {urlsplit(url).hostname}, which is not an Amazon download host"
            raise AmazonError(text)
        # A redirect may lead anywhere.
        response = self._transport.request("GET", url, stream=True, allow_redirects=False)
        try:
            with response, path.open("wb") as file:
                if response.status_code != HTTPStatus.OK:
                    text = f"the document host answered HTTP {response.status_code}"
                    raise UnavailableError(text, request_id=response.headers.get("x-amz-request-id"))
                for chunk in response.raw.stream(_CHUNK, decode_content=False):
                    file.write(chunk)
                content_type = Message()
                content_type["Content-Type"] = response.headers.get("Content-Type", "")
                return content_type.get_content_charset()
        except (HTTPError, ConnectionError, TimeoutError) as error:
            text = f"the download broke off ({type(error).__name__})"
            raise UnavailableError(text) from None
        except OSError as error:
            path.unlink(missing_ok=True)
            text = f"the document could not be saved in {self._spool}: {error.strerror}"
            raise AmazonError(text) from None


def _listed(report: Mapping[str, t.Any]) -> ListedJob:
    """Read one report of the listing.

    Raises:
        AmazonError: It does not match the model.
    """
    try:
        return ListedJob(
            job_id=report["reportId"],
            job_type=report["reportType"],
            marketplace_ids=tuple(report.get("marketplaceIds") or ()),
            start=report.get("dataStartTime"),
            end=report.get("dataEndTime"),
            created_at=_moment(report["createdTime"]),
            processing=Processing(report["processingStatus"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        text = f"getReports: a report that can't be read ({error})"
        raise AmazonError(text) from None


def _moment(text: str) -> datetime:
    """Read one of Amazon's moments, which are UTC."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _seconds_between(start: str | None, end: str | None) -> float | None:
    """Return the seconds between two of Amazon's moments, None if one is missing or invalid."""
    try:
        return (_moment(end or "") - _moment(start or "")).total_seconds()
    except ValueError:
        return None


def _field(answer: dict[str, t.Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        text = f"Amazon's answer has no {name}"
        raise UnavailableError(text)
    return value
