"""Query requests: the whole identity of a query at Amazon."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from datetime import timedelta

from tap_amazon_vendor.amazon.wording import judge_query_failure, judge_query_refusal
from tap_amazon_vendor.config.marketplaces import BY_ID, CURRENCIES
from tap_amazon_vendor.data_kiosk.graphql import normalised, selection
from tap_amazon_vendor.engine.hearings import NO_DATA
from tap_amazon_vendor.engine.model import Processing, Service
from tap_amazon_vendor.outcomes import Outcome, Verdict
from tap_amazon_vendor.reports.asked_job import AskedJob
from tap_amazon_vendor.reports.calendars import PERIODS, Calendar
from tap_amazon_vendor.reports.request import ReportPartition
from tap_amazon_vendor.reports.windows import Window, to_text

if t.TYPE_CHECKING:
    from collections.abc import Collection, Hashable
    from datetime import date

    from tap_amazon_vendor.data_kiosk.view import View
    from tap_amazon_vendor.engine.model import ListedJob
    from tap_amazon_vendor.errors import AmazonError

#: The name of the service.
DATA_KIOSK = "data_kiosk"

#: How long Amazon keeps a query (30 days, docs/amazon/data-kiosk.md#life-cycle), with a margin.
KEPT = timedelta(days=25)

#: The name of the option that says how long the periods are.
PERIOD = "aggregateBy"


class QueryPage(t.NamedTuple):
    """What names the next page of a query.

    Attributes:
        token: Amazon's token.
        query: The query as Amazon repeats it, which goes with the token.
    """

    token: str
    query: str


@dataclass(frozen=True)
class QueryRequest(AskedJob):
    """One query of one account. Two streams that need the same request share its query.

    Attributes:
        account: Label of the account.
        view_name: Dataset and view.
        marketplace_id: The one marketplace.
        options: Names and values of what the user chose, sorted by name.
        window: The requested days.
        page: The page, None for the first.
        calendar: How time is cut.
        view: What Amazon states of the view, None for a request from the state.
        fields: Paths of the fields to ask for.
    """

    type_key: t.ClassVar[str] = "view"

    account: str
    view_name: str
    marketplace_id: str
    options: tuple[tuple[str, str], ...]
    window: Window
    page: QueryPage | None = field(default=None, compare=False)
    calendar: Calendar = field(default=PERIODS["DAY"], compare=False, repr=False)
    view: View | None = field(default=None, compare=False, repr=False)
    fields: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def service(self) -> Service:
        """The Data Kiosk of the account."""
        return Service(self.account, DATA_KIOSK)

    @property
    def kept(self) -> timedelta:
        """How long Amazon keeps a query."""
        return KEPT

    @property
    def partition(self) -> ReportPartition:
        """Everything but the window."""
        return ReportPartition(self.account, self.view_name, self.marketplace_id, self.options)

    def halve(self) -> tuple[QueryRequest, ...]:
        """Split a query that may be too wide in two, older first; return none if that is not to be tried."""
        return tuple(replace(self, window=half) for half in self.calendar.halve(self.window) or ())

    def following(self, page: Hashable) -> QueryRequest:
        """Return the request for a page."""
        return replace(self, page=t.cast("QueryPage | None", page))

    def text(self, refused: Collection[str] = ()) -> str:
        """Return the query.

        Args:
            refused: Fields that Amazon does not give this account.
        """
        view = t.cast("View", self.view)
        country = BY_ID[self.marketplace_id].country
        arguments = view.arguments.format(
            period=dict(self.options)[PERIOD], marketplace=self.marketplace_id, currency=CURRENCIES[country]
        )
        days = f'startDate:"{to_text(self.window.start)}" endDate:"{to_text(self.window.end)}"'
        fields = selection(path for path in self.fields if path not in refused)
        return f"query{{{view.dataset}{{{view.field}({days} {arguments}){{{fields}}}}}}}"

    def may_be(self, listed: ListedJob) -> bool:
        """Return whether a listed query is this one, as Amazon repeats it."""
        return self.view is not None and listed.body is not None and normalised(listed.body) == normalised(self.text())

    def judge_end(self, processing: Processing) -> tuple[str, Verdict] | None:
        """Judge a query that ended without a document: a DONE one has no rows, a CANCELLED one somebody cancelled."""
        if processing is Processing.DONE:
            return "the query has no rows", NO_DATA
        if processing is Processing.CANCELLED:
            return "another application cancelled the query", Verdict(Outcome.LATER, retry=True)
        return None

    def judge_failure(self, text: str | None, *, today: date, known_available: bool) -> Verdict:
        """Judge a query that Amazon failed with an error text, or without one."""
        roles = self.view.roles if self.view else ()
        recent = self.is_recent(today)
        return judge_query_failure(text, recent=recent, known_available=known_available, roles=roles)

    def judge_refusal(self, error: AmazonError) -> Verdict:
        """Judge a call that Amazon refused."""
        return judge_query_refusal(error, self.view.roles if self.view else ())
