"""Everything that can go wrong at Amazon, to be ordered by name.

Each fault is one that somebody met (docs/amazon/errors.md). A fault strikes the first calls that
it fits, so a test or a demo knows beforehand what will happen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# Before the call does anything. The first word of each description says which calls
# it fits; `app.py` and `jobs.py` hold the other side of it.
GATE: Mapping[str, str] = {
    "quota_exceeded": "createReport, createQuery: 429 QuotaExceeded though tokens are there",
    "quota_exceeded_get": "any SP-API GET but getReports, getQueries: 429 though tokens are there",
    "server_error_500": "any SP-API call: 500 InternalFailure",
    "service_unavailable_503": "any SP-API call: 503 with a page of HTML, not JSON",
    "html_200": "any SP-API call: 200 with a page of HTML, not JSON",
    "token_expired_early": "any SP-API call: 403, the access token has expired",
    "token_malformed": "any SP-API call: 403, the access token is malformed",
    "security_token_incident": "any SP-API call: 403 of the incident that hit everybody",
    "connection_reset_get": "any SP-API GET: connection reset without an answer",
    "document_gone": "getReportDocument, getDocument: 404 as if the document were too old",
    "document_gone_tersely": "getReportDocument, getDocument: 404 with the code NotFound and nothing else",
}
LOGIN: Mapping[str, str] = {
    "lwa_500": "token: 500 server_error",
    "lwa_503": "token: 503 with a page of HTML, not JSON",
    "lwa_html_200": "token: 200 with a page of HTML, not JSON",
    "lwa_reset": "token: connection reset without an answer",
}
# What a selling partner may do, and later undo.
CONSENT: Mapping[str, str] = {
    "consent_revoked": "token: 400 invalid_grant, as if the partner had revoked the consent",
}
# After the call has done its work.
ANSWER: Mapping[str, str] = {
    "connection_reset": "createReport, createQuery: connection reset although the report or query was created",
    "read_timeout": "any SP-API call: done, but the answer does not come",
    "answer_cut_off": "any SP-API call: done, but the answer breaks off in its middle",
    "answer_drips": "any SP-API call: done, but the answer comes byte after byte, with pauses",
    "answer_without_fields": "any SP-API call: done, but the answer is an empty object",
    "answer_of_nulls": "any SP-API call: done, but all fields of the answer are null",
    "answer_of_other_types": "any SP-API call: done, but all fields of the answer are of another type",
    "gzip_unlabelled": "getReportDocument: no compressionAlgorithm for gzip bytes",
}
# Of the lists of the vendor APIs and of Data Kiosk.
PAGE: Mapping[str, str] = {
    "page_repeated": "list: the page before comes once more, with the token that was sent",
    "page_overlap": "list: the page begins with the last record of the page before",
    "page_empty": "list: a page without records, though more pages follow",
    "page_refused": "list: 400 Invalid Input in the middle of paging, and not the next time",
    "page_token_expired": "list: 400, the token has expired before its time",
}
QUERY: Mapping[str, str] = {
    "query_fatal_without_document": "createQuery: the query is FATAL without a document",
    "query_fatal_unknown_text": "createQuery: the query is FATAL with an error never seen",
    "query_stuck_in_queue": "createQuery: the query runs for eight hours, and all later ones wait",
    "query_rows_of_nulls": "createQuery: DONE, but the lines hold nulls, as a query that is too wide brings them",
    "query_line_cut_off": "createQuery: DONE, but the last line of the document is cut off",
}
ASKED: Mapping[str, str] = {
    "query_fields_refused": "createQuery: 403 for all fields, as in the incident of June 2026",
    "ascending_refused": "purchase orders, their status: 400 Invalid Input for sortOrder=ASC",
}
JOB: Mapping[str, str] = {
    "cancelled_spuriously": "createReport: the report is CANCELLED though data exists",
    "fatal_without_document": "createReport: the report is FATAL without a document",
    "fatal_unknown_text": "createReport: the report is FATAL with a text never seen",
    "fatal_client_error": "createReport: the report is FATAL, 'A client error occurred'",
    "not_yet_available": "createReport: the report is FATAL, newest day not published",
    "stuck_in_queue": "createReport: the report stays IN_QUEUE for eight hours",
    "unknown_status": "createReport: the report ends in a status that no model has",
}
# Part of the report: each download of it is the same, a new report is good.
CONTENT: Mapping[str, str] = {
    "not_json": "report: DONE, but the document is a page of HTML",
    "error_in_done": "report: DONE, but the document holds errorDetails",
}
JSON_CONTENT: Mapping[str, str] = {
    "empty_arrays": "report: DONE, but all arrays are empty though data exists",
    "missing_array": "report: DONE, but the last array is missing",
    "extra_field": "report: each row has a field that the schema does not know",
    "wrong_specification": "report: the document is that of other options or dates",
}
FLAT_CONTENT: Mapping[str, str] = {
    "columns_added": "flat file: two columns more than ever, one of them in the middle",
    "columns_missing": "flat file: the last column is missing",
    "columns_reordered": "flat file: the columns are in another order",
    "byte_order_mark": "flat file: UTF-8 with a byte order mark",
    "charset_missing": "flat file: the download does not say the charset",
    "charset_wrong": "flat file: the download says a charset that it is not",
    "undecodable_bytes": "flat file: a text has bytes that no charset has",
    "lines_missing": "flat file: it ends after a third of its lines, at the end of one",
    "line_cut_off": "flat file: the last line ends in its middle",
    "dirty_cells": "flat file: every hundredth cell holds a word, a dash, a percent sign, NULs or the like",
    "dirty_lines": "flat file: every fiftieth line is cut, shifted by a cell, or has a lone quote",
    "equal_lines": "flat file: every third line stands there twice",
    "marketplace_ignored": "orders, reimbursements, estimated fees: the file holds the whole region",
    "range_ignored": "flat file: dataEndTime is ignored, the file runs to today",
}
# Part of one download: the next one is good.
DOWNLOAD: Mapping[str, str] = {
    "url_expired": "download: 403, the presigned URL has expired",
    "download_slow_down": "download: 503 SlowDown",
    "document_reset": "download: connection reset in the middle",
    "document_drips": "download: it comes in small pieces, with pauses",
    "length_too_large": "download: Content-Length says more than there is",
    "length_too_small": "download: Content-Length says less than there is, and no more comes",
    "identity_encoding": "download: Content-Encoding says identity",
}
GZIP: Mapping[str, str] = {
    "truncated_document": "download: the gzip stream is cut off",
    "corrupt_gzip": "download: the checksum of the gzip stream is wrong",
    "plain_labelled_gzip": "download: plain text though the label says GZIP",
}
# Of the Ads API.
ADS_GATE: Mapping[str, str] = {
    "ads_throttled": "any Ads call: 429 with Retry-After though tokens are there",
    "ads_throttled_silently": "createAdsReport: 429 without Retry-After",
    "ads_server_error_500": "any Ads call: 500",
    "ads_html_502": "any Ads call: 502 with a page of HTML, not JSON",
    "ads_html_200": "any Ads call: 200 with a page of HTML, not JSON",
    "ads_unauthorized": "any Ads call: 401 once, though the token is good",
    "ads_token_expired_early": "any Ads call: 401, the access token has expired",
    "ads_not_acceptable": "any Ads call: 406",
    "ads_connection_reset_get": "any Ads GET: connection reset without an answer",
    "ads_report_gone": "getAdsReport: 404 as if the report were too old",
}
ADS_ANSWER: Mapping[str, str] = {
    "ads_connection_reset": "createAdsReport: connection reset although the report was created",
    "ads_read_timeout": "any Ads call: done, but the answer does not come",
    "ads_answer_cut_off": "any Ads call: done, but the answer breaks off in its middle",
    "ads_answer_drips": "any Ads call: done, but the answer comes byte after byte, with pauses",
    "ads_answer_without_fields": "any Ads call: done, but the answer is an empty object",
    "ads_answer_of_nulls": "any Ads call: done, but all fields of the answer are null",
    "ads_answer_of_other_types": "any Ads call: done, but all fields of the answer are of another type",
}
ADS_JOB: Mapping[str, str] = {
    "ads_report_failed": "createAdsReport: the report is FAILED with a reason",
    "ads_report_failure": "createAdsReport: the report is FAILURE, the other word for it",
    "ads_report_stuck": "createAdsReport: the report stays PENDING for hours",
    "ads_not_json": "createAdsReport: COMPLETED, but the document is a page of HTML",
}
ADS: Mapping[str, str] = {**ADS_GATE, **ADS_ANSWER, **ADS_JOB}

FAULTS: Mapping[str, str] = {
    **GATE,
    **LOGIN,
    **CONSENT,
    **ANSWER,
    **PAGE,
    **QUERY,
    **ASKED,
    **JOB,
    **CONTENT,
    **JSON_CONTENT,
    **FLAT_CONTENT,
    **DOWNLOAD,
    **GZIP,
    **ADS,
}
"""All faults: name and one line on what is struck and how."""


def of_report(*, flat: bool, regional: bool = False) -> Collection[str]:
    """The faults that a report can have.

    Args:
        flat: Whether its document is a flat file, and not JSON.
        regional: Whether it is one that may ignore the marketplace.
    """
    own = {*JOB, *CONTENT, *(FLAT_CONTENT if flat else JSON_CONTENT)}
    return own if regional else own - {"marketplace_ignored"}


def of_download(*, compressed: bool) -> Collection[str]:
    """The faults that a download can have.

    Args:
        compressed: Whether the document is gzip.
    """
    return {*DOWNLOAD, *(GZIP if compressed else ())}


_SPECIFICATION = re.compile(r"(?P<name>\w+)(:(?P<count>\d+|\*))?(@(?P<skip>\d+))?")


class UnknownFaultError(ValueError):
    """A fault that is not in the list, or not written as NAME[:COUNT][@SKIP]."""


@dataclass
class Armed:
    """A fault that waits for its calls.

    Attributes:
        name: One of FAULTS.
        left: How many times it will still strike; None is for ever.
        skip: How many fitting calls it lets pass before.
        struck: How many times it has struck.
    """

    name: str
    left: int | None
    skip: int
    struck: int = 0


class Faults:
    """The faults that are armed, in the order in which they were ordered."""

    def __init__(self, specifications: Collection[str] = ()) -> None:
        """Arm faults.

        Args:
            specifications: Each NAME, NAME:COUNT or NAME:COUNT@SKIP; COUNT may be *.

        Raises:
            UnknownFaultError: A specification names no fault.
        """
        self.armed: list[Armed] = []
        for specification in specifications:
            self.arm(specification)

    def arm(self, specification: str) -> None:
        """Arm one fault, written as in the constructor.

        Raises:
            UnknownFaultError: The specification names no fault.
        """
        match = _SPECIFICATION.fullmatch(specification)
        if match is None:
            message = f"{specification!r} is not NAME, NAME:COUNT or NAME:COUNT@SKIP"
            raise UnknownFaultError(message)
        count = match["count"] or "1"
        self.inject(
            match["name"],
            None if count == "*" else int(count),
            skip=int(match["skip"] or 0),
        )

    def inject(self, name: str, count: int | None = 1, *, skip: int = 0) -> None:
        """Arm one fault.

        Args:
            name: One of FAULTS.
            count: How many times it strikes; None is for ever.
            skip: How many fitting calls it lets pass before.

        Raises:
            UnknownFaultError: There is no such fault.
        """
        if name not in FAULTS:
            message = f"There is no fault {name!r}. Known: {', '.join(FAULTS)}"
            raise UnknownFaultError(message)
        self.armed.append(Armed(name, count, skip))

    def clear(self) -> None:
        """Disarm all."""
        self.armed.clear()

    def strike(self, fitting: Collection[str]) -> str | None:
        """Let a call run into at most one fault.

        Args:
            fitting: The names of the faults that this call can have.

        Returns:
            The fault that strikes, or None.
        """
        for fault in self.armed:
            if fault.name not in fitting or fault.left == 0:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.left is not None:
                fault.left -= 1
            fault.struck += 1
            return fault.name
        return None
