"""What the doctor asks Amazon, and the answers as far as it reads them."""

from __future__ import annotations

import typing as t
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone

from tap_amazon_vendor.amazon.answers import Answer, decode
from tap_amazon_vendor.amazon.restricted import restricted_token
from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.amazon.wording import OTHER_ACCOUNT_TYPE
from tap_amazon_vendor.data_kiosk.answers import QueryList
from tap_amazon_vendor.data_kiosk.api import GET_QUERIES
from tap_amazon_vendor.data_kiosk.graphql import view_of
from tap_amazon_vendor.engine.existing import TYPES_PER_CALL
from tap_amazon_vendor.errors import AmazonError
from tap_amazon_vendor.reports.answers import ReportList
from tap_amazon_vendor.reports.api import GET_REPORTS
from tap_amazon_vendor.reports.windows import DAY, Window

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from tap_amazon_vendor.amazon.client import SellingPartnerApi
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.streams.paged import Listing

    Roles = tuple[str, ...]
    Reports = list["ListedReport"]
    Queries = list["ListedQuery"]

# Usage plan: model sellers. Only sellers have it (docs/amazon/other-apis.md#getmarketplaceparticipations).
GET_PARTICIPATIONS = Operation(
    "getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations", 0.016, 15
)


class ListedReport(Answer):
    """A report that getReports lists."""

    report_type: str | None = None
    processing_status: str | None = None
    marketplace_ids: list[str] | None = None

    @property
    def job_type(self) -> str | None:
        """The report type."""
        return self.report_type


class ListedQuery(Answer):
    """A query that getQueries lists."""

    query: str | None = None
    processing_status: str | None = None

    @property
    def job_type(self) -> str | None:
        """The view, None if it is none of ours."""
        return view_of(self.query or "")


class Marketplace(Answer):
    """Where a seller may sell."""

    id: str
    country_code: str


class Participation(Answer):
    """That a seller sells there."""

    marketplace: Marketplace


class Participations(Answer):
    """Of getMarketplaceParticipations."""

    payload: list[Participation]


Listed = t.TypeVar("Listed", ListedReport, ListedQuery)


@dataclass
class Questions:
    """Answers of getReports for the report types that need the same roles, and of getQueries, each asked for once."""

    api: SellingPartnerApi
    types: Mapping[Roles, Sequence[str]]
    known: dict[Roles, Reports | AmazonError]
    _queries: Queries | AmazonError | None = None

    def can_read(self, listing: Listing, account: Account, today: date) -> AmazonError | None:
        """Ask whether a listing can be read; return None if so, else Amazon's error.

        Of personal data nothing is read: that Amazon gives the token for it is enough.

        Args:
            listing: A listing of a paged API.
            account: The account.
            today: The current UTC day.
        """
        operation = listing.operation
        end = datetime(today.year, today.month, today.day, tzinfo=timezone.utc)
        context = {"account": account.label, "marketplace_id": account.marketplaces[0].marketplace_id}
        query = next(listing.queries(Window(end - DAY, end), context))
        try:
            if listing.restricted:
                restricted_token(self.api, operation.method, operation.path)
            else:
                self.api.call(operation, answer=listing.page, query=query)
        except AmazonError as error:
            return error
        return None

    def of(self, roles: Roles) -> Reports | AmazonError:
        """Return the reports of the last 90 days, or the error.

        Types that need the same role are allowed or refused together, so ten represent all. Types that need different
        roles are not mixed: Amazon's answer where one of the roles is missing is unknown.
        """
        if roles not in self.known:
            if not self.types[roles]:
                # No report needs this role: the first run tells.
                return []
            query = {"reportTypes": ",".join(self.types[roles][:TYPES_PER_CALL]), "pageSize": "100"}
            try:
                answer = self.api.call(GET_REPORTS, answer=ReportList, query=query)
                self.known[roles] = [*_readable(answer.reports, ListedReport)]
            except AmazonError as error:
                self.known[roles] = error
        return self.known[roles]

    def queries(self) -> Queries | AmazonError:
        """Return the queries that Amazon still keeps, of all views, or the error."""
        if self._queries is None:
            try:
                answer = self.api.call(GET_QUERIES, answer=QueryList, query={"pageSize": "100"})
                self._queries = [*_readable(answer.queries, ListedQuery)]
            except AmazonError as error:
                self._queries = error
        return self._queries

    def first(self) -> Reports | AmazonError:
        """Return the answer to the first call, which also shows problems common to all."""
        known = (answer for answer in self.known.values() if says(answer, OTHER_ACCOUNT_TYPE))
        return next(known, None) or next((self.of(roles) for roles, types in self.types.items() if types), [])


def _readable(elements: Iterable[t.Any], kind: type[Listed]) -> Iterator[Listed]:
    """Yield the elements of a list that can be read."""
    for element in elements:
        with suppress(ValueError):
            yield decode(element, kind)


def says(answer: Reports | Queries | AmazonError, *texts: str) -> bool:
    """Return whether Amazon refused with one of some texts."""
    return isinstance(answer, AmazonError) and any(text in answer.text.lower() for text in texts)
