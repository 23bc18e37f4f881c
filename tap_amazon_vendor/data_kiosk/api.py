"""The calls of the Data Kiosk API (docs/amazon/data-kiosk.md#life-cycle). `engine` decides when to make them."""

from __future__ import annotations

import logging
import re
import typing as t
from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import timezone

from tap_amazon_vendor.amazon.answers import decode, moment
from tap_amazon_vendor.amazon.pages import Page, Pages
from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.amazon.wording import NULLS, names_daily_inventory, names_refused_fields, refuses_fields
from tap_amazon_vendor.data_kiosk.answers import CreatedQuery, KioskDocument, Query, QueryList
from tap_amazon_vendor.data_kiosk.graphql import view_of
from tap_amazon_vendor.data_kiosk.request import QueryPage
from tap_amazon_vendor.documents.files import Document
from tap_amazon_vendor.documents.json_lines import holds_numbers, lacks_lists, open_lines, read_lines
from tap_amazon_vendor.engine.model import JobStatus, ListedJob, Processing
from tap_amazon_vendor.errors import (
    AccessDeniedError,
    DocumentError,
    RequestRejectedError,
)
from tap_amazon_vendor.reports.job_calls import USABLE, JobCalls, times

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from tap_amazon_vendor.amazon.client import SellingPartnerApi
    from tap_amazon_vendor.amazon.throttle import Bucket
    from tap_amazon_vendor.amazon.transport import Transport
    from tap_amazon_vendor.data_kiosk.request import QueryRequest

_BASE = "/dataKiosk/2023-11-15"

# Usage plans: model dataKiosk_2023-11-15.
CREATE_QUERY = Operation("createQuery", "POST", f"{_BASE}/queries", 0.0167, 15)
GET_QUERY = Operation("getQuery", "GET", f"{_BASE}/queries/{{query_id}}", 2, 15)
GET_QUERIES = Operation("getQueries", "GET", f"{_BASE}/queries", 0.0222, 10)
GET_DOCUMENT = Operation("getDocument", "GET", f"{_BASE}/documents/{{document_id}}", 0.0167, 15)

#: Pages of a hundred queries that are read of a listing.
MOST_PAGES = 50

#: A name in a text of Amazon's, with those of the objects around it.
_NAME = re.compile(r"[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*")

#: Fields without which a row is none.
_NEEDED = ("startDate", "endDate", "marketplaceId")

logger = logging.getLogger("tap-amazon-vendor.data-kiosk")


@dataclass(frozen=True)
class QueryDocument(Document):
    """A document of rows, and what was left out of its query.

    Attributes:
        refused: Paths of the fields that Amazon does not give this account.
    """

    refused: frozenset[str] = frozenset()


class DataKioskApi(JobCalls):
    """The Data Kiosk of one account.

    If Amazon refuses fields of a query twice, minutes apart, they are left out of all later queries of the run.
    """

    listing, polling, fetching = GET_QUERIES, GET_QUERY, GET_DOCUMENT

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
        super().__init__(api, transport, spool, may_download=may_download)
        self._refused: dict[str, frozenset[str]] = defaultdict(frozenset)
        #: Requests that were refused fields once, which may be an incident.
        self._heard: set[QueryRequest] = set()

    def create_buckets(self, job_type: str) -> list[Bucket]:  # noqa: ARG002  # all views share one
        """Return the buckets that creating a query takes from."""
        return [self._api.bucket(CREATE_QUERY)]

    def create(self, request: QueryRequest) -> str:
        """Create a query, or the one of its next page (createQuery): without the fields that Amazon refuses.

        Returns:
            The query's id.

        Raises:
            UnansweredError: The connection broke: the query may or may not have been created.
            AmazonError: Amazon refuses.
        """
        while True:
            body = {"query": request.text(self._refused[request.view_name])}
            if request.page:
                body = {"query": request.page.query, "paginationToken": request.page.token}
            try:
                return self._api.call(CREATE_QUERY, answer=CreatedQuery, repeatable=False, body=body).query_id
            except (AccessDeniedError, RequestRejectedError) as error:
                if request.page or not self._learn(request, error.text):
                    raise

    def _learn(self, request: QueryRequest, text: str) -> bool:
        """Learn from an error text which fields Amazon refuses; return whether there are any, and others are left."""
        if refuses_fields(text) and request not in self._heard:
            self._heard.add(request)
            return False
        known = self._refused[request.view_name]
        refused = set(known)
        if names_refused_fields(text):
            names = _named_in(text, request.view_name)
            refused |= {path for path in request.fields if any(name in f".{path}." for name in names)}
        if names_daily_inventory(text):
            refused |= {path for path in request.fields if ".productAvailability." in path or ".netReceived." in path}
        new, left = refused - known, set(request.fields) - refused
        needed = {path for path in request.fields if path in _NEEDED}
        if not new or not needed <= left or left <= needed:
            return False
        self._refused[request.view_name] = frozenset(refused)
        return True

    def listed(
        self, job_types: Iterable[str], marketplace_id: str | None, since: datetime, *, optional: bool = False
    ) -> list[ListedJob]:
        """List queries that have not failed, created by any application (getQueries).

        Args:
            job_types: Views.
            marketplace_id: Without meaning here.
            since: Only queries created since then.
            optional: The listing only saves something: each page is asked for once.

        Returns:
            Queries of these views, newest first, each once. One that can't be read is left out, with a warning.

        Raises:
            MalformedAnswerError: A page can't be read, or the pages have no end.
            AmazonError: Amazon refuses.
        """
        _ = marketplace_id
        wanted = frozenset(job_types)
        query = {
            "processingStatuses": ",".join(USABLE),
            "createdSince": since.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "pageSize": "100",
        }
        found: dict[str, ListedJob] = {}
        pages = Pages(GET_QUERIES.name, MOST_PAGES)
        while not pages.finished:
            # Unlike in the Reports API, with the other parameters (docs/amazon/data-kiosk.md#life-cycle).
            more = {"paginationToken": pages.current_value} if pages.current_value else {}
            answer = self._api.call(GET_QUERIES, answer=QueryList, tries=1 if optional else None, query=query | more)
            pages.advance(Page(answer.queries, answer.pagination.next_token if answer.pagination else None))
            for element in answer.queries:
                if (job := _listed_job(element)) and job.job_type in wanted:
                    found.setdefault(job.job_id, job)
        return [*found.values()]

    def status(self, job_id: str) -> JobStatus:
        """Ask how far a query is (getQuery).

        Raises:
            AmazonError: Amazon refuses.
            NotFoundError: Amazon does not know the query.
        """
        query = self._api.call(GET_QUERY, answer=Query, query_id=job_id)
        processing = Processing(query.processing_status)
        token = query.pagination.next_token if query.pagination else None
        failed = processing is Processing.FATAL
        return JobStatus(
            processing,
            query.error_document_id if failed else query.data_document_id,
            *times(query.created_time, query.processing_end_time),
            QueryPage(token, query.query) if token and processing is Processing.DONE else None,
        )

    def fetch(self, document_id: str, request: QueryRequest) -> Document:
        """Fetch a document to disk (getDocument and its URL).

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
            return self._api.call(GET_DOCUMENT, answer=KioskDocument, document_id=document_id).document_url

        def read(path: Path, _charset: str | None) -> Document:
            if not path.stat().st_size:
                # A query without rows has no document.
                text = "the document host sent nothing"
                raise DocumentError(text)
            return open_lines(path)

        document = self._fetched(GET_DOCUMENT, find_url, read)
        own = {each.name: getattr(document, each.name) for each in fields(document)}
        if document.error and self._learn(request, document.error):
            # A reason other than before gets another try, which is worth it with fewer fields.
            own["error"] = f"{document.error} The next query leaves them out"
        if not (document.error or document.empty or holds_numbers(document)):
            rows = request.view.rows if request.view else ""
            is_null = any(read_lines(document, rows)) or lacks_lists(document, rows)
            own |= {"error": NULLS} if is_null else {"empty": True}
        # Two streams may ask a view for different fields.
        return QueryDocument(**own, refused=self._refused[request.view_name].intersection(request.fields))


def _named_in(text: str, view_name: str) -> set[str]:
    """Return the fields and objects that a text names, each between dots and without its dataset, view or type."""
    found = set()
    for name in _NAME.findall(text):
        own = [part for part in re.split("[./]", name) if part not in view_name.split(".") and not part[0].isupper()]
        if own:
            found.add(f".{'.'.join(own)}.")
    return found


def _listed_job(element: t.Any) -> ListedJob | None:  # noqa: ANN401  # as it came
    """Read a listed query; None for one that can't be read, or is of no view."""
    try:
        query = decode(element, Query)
        created_at = moment(query.created_time)
        view = view_of(query.query)
        if created_at is None or view is None:
            return None
        return ListedJob(
            job_id=query.query_id,
            job_type=view,
            marketplace_ids=(),
            start=None,
            end=None,
            created_at=created_at,
            processing=Processing(query.processing_status),
            body=query.query,
        )
    except ValueError as error:
        logger.warning("Leaving out a query of getQueries that can't be read: %s", error)
        return None
