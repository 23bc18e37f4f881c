"""What the Reports API 2021-06-30 can do (API.md section 6). When to do it is `jobs`' matter."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

from urllib3.exceptions import HTTPError

from tap_amazon_vendor.errors import AmazonError, DocumentError, UnavailableError
from tap_amazon_vendor.reports.documents import open_document
from tap_amazon_vendor.reports.outcomes import Processing
from tap_amazon_vendor.throttle import Operation

if t.TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tap_amazon_vendor.reports.documents import Document
    from tap_amazon_vendor.reports.request import ReportRequest
    from tap_amazon_vendor.spapi import SellingPartnerApi
    from tap_amazon_vendor.transport import Transport

_BASE = "/reports/2021-06-30"

# Usage plans: model reports_2021-06-30.
CREATE_REPORT = Operation("createReport", "POST", f"{_BASE}/reports", 0.0167, 15)
GET_REPORT = Operation("getReport", "GET", f"{_BASE}/reports/{{report_id}}", 2, 15)
GET_REPORTS = Operation("getReports", "GET", f"{_BASE}/reports", 0.0222, 10)
GET_DOCUMENT = Operation("getReportDocument", "GET", f"{_BASE}/documents/{{document_id}}", 0.0167, 15)

#: Tries to get a document whole. Each asks for a new URL, because a URL lives five minutes.
DOCUMENT_TRIES = 3

_CHUNK = 1 << 18


@dataclass(frozen=True)
class ReportStatus:
    """How far Amazon is with a report.

    Attributes:
        processing: Amazon's status.
        document_id: The document, where there is one: the rows, or for FATAL the reason.
        processed_at: ISO 8601 time at which processing ended, where it has.
    """

    processing: Processing
    document_id: str | None = None
    processed_at: str | None = None


class ReportsApi:
    """The Reports API of one account."""

    def __init__(self, api: SellingPartnerApi, transport: Transport, spool: Path) -> None:
        """Keep the parts.

        Args:
            api: The account's door to Amazon.
            transport: The way to the document host, which must never see the account's token.
            spool: Private folder for documents.
        """
        self._api = api
        self._transport = transport
        self._spool = spool

    def create_delay(self) -> float:
        """Return the seconds until a report may be asked for."""
        return self._api.delay(CREATE_REPORT)

    def status_delay(self) -> float:
        """Return the seconds until a status may be asked for."""
        return self._api.delay(GET_REPORT)

    def document_delay(self) -> float:
        """Return the seconds until a document may be fetched."""
        return self._api.delay(GET_DOCUMENT)

    def create(self, request: ReportRequest) -> str:
        """Ask for a report (createReport).

        Returns:
            The report's id.

        Raises:
            UnansweredError: The connection broke: it may have been asked for or not.
            AmazonError: Amazon refuses.
        """
        answer = self._api.call(CREATE_REPORT, repeatable=False, body=request.body())
        return _field(answer, "reportId")

    def find(self, request: ReportRequest, since: datetime) -> list[str]:
        """List reports that may answer a request (getReports).

        Amazon's listing does not tell the options, so a document found this way must be compared
        with the request before it is trusted.

        Args:
            request: What is looked for.
            since: Only reports asked for since then.

        Returns:
            Report ids, newest first.
        """
        query = {
            "reportTypes": request.report_type,
            "marketplaceIds": request.marketplace_id,
            "createdSince": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "pageSize": "100",
        }
        asked = request.body()
        found: list[str] = []
        while True:
            answer = self._api.call(GET_REPORTS, query=query)
            found += [
                report["reportId"]
                for report in answer.get("reports", [])
                if all(
                    report.get(name, "")[:19] == asked[name][:19]
                    for name in ("dataStartTime", "dataEndTime")
                    if name in asked
                )
            ]
            if not answer.get("nextToken"):
                return found
            # The token must be the only parameter.
            query = {"nextToken": answer["nextToken"]}

    def status(self, report_id: str) -> ReportStatus:
        """Ask how far a report is (getReport).

        Raises:
            AmazonError: Amazon refuses, or answers a status that this tap does not know.
            NotFoundError: Amazon does not know the report.
        """
        answer = self._api.call(GET_REPORT, report_id=report_id)
        try:
            processing = Processing(answer.get("processingStatus"))
        except ValueError:
            text = f"getReport: unknown processing status {answer.get('processingStatus')!r}"
            raise AmazonError(text) from None
        return ReportStatus(processing, answer.get("reportDocumentId"), answer.get("processingEndTime"))

    def document(self, document_id: str) -> Document:
        """Fetch a document to disk (getReportDocument and its URL).

        Returns:
            The document, whole.

        Raises:
            AmazonError: Amazon refuses.
            DocumentError: It came truncated or damaged each time.
        """
        problem = AmazonError("not tried")
        for _ in range(DOCUMENT_TRIES):
            url = _field(self._api.call(GET_DOCUMENT, document_id=document_id), "url")
            path = self._spool / f"{uuid4().hex}.document"
            try:
                self._download(url, path)
                return open_document(path)
            except (DocumentError, UnavailableError) as error:
                path.unlink(missing_ok=True)
                problem = error
        raise problem

    def _download(self, url: str, path: Path) -> None:
        """Save what a presigned URL answers, byte by byte as it comes.

        The URL is a secret: no error may quote it.
        """
        response = self._transport.request("GET", url, stream=True)
        try:
            with response, path.open("wb") as file:
                if response.status_code != HTTPStatus.OK:
                    text = f"the document host answered HTTP {response.status_code}"
                    raise UnavailableError(text, request_id=response.headers.get("x-amz-request-id"))
                for chunk in response.raw.stream(_CHUNK, decode_content=False):
                    file.write(chunk)
        except (HTTPError, ConnectionError, TimeoutError) as error:
            text = f"the download broke off ({type(error).__name__})"
            raise UnavailableError(text) from None
        except OSError as error:
            path.unlink(missing_ok=True)
            text = f"the document could not be saved in {self._spool}: {error.strerror}"
            raise AmazonError(text) from None


def _field(answer: dict[str, t.Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        text = f"Amazon's answer has no {name}"
        raise UnavailableError(text)
    return value
