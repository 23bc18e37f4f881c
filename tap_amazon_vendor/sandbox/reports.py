"""The rules of each report type, and how a request that breaks them ends.

A further report is one more `ReportRule` here and one function in `data/`.
The rules are REPORTS.md sections 0 to 3, the words ERRORS.md section 1. Where no source
is sure, the stricter reading rules: what gets past the sandbox gets past Amazon.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, ClassVar, Literal
from zoneinfo import ZoneInfo

from tap_amazon_vendor.sandbox.accounts import BRAND_ANALYTICS, MARKETPLACES, Kind, SandboxAccount
from tap_amazon_vendor.sandbox.chance import derive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Window = tuple[date, date] | tuple[None, None]

# A day of retail analytics is a Pacific day, in every marketplace (docs #3107).
PACIFIC = ZoneInfo("America/Los_Angeles")
SATURDAY = 5

NOT_YET_AVAILABLE = (
    "The report data for the requested date range is not yet available. Try submitting"
    " this createReport request at a later time, or modify dataEndTime to be an earlier"
    " date."
)
DATA_UNAVAILABLE = "The requested data is unavailable. Please try a different date range"
CLIENT_ERROR = (
    "A client error occurred. Please double check that your parameters are valid and"
    " fulfill the requirements of the report type."
)
DATES_MISSING = "dataStartTime and dataEndTime must be supplied"
SCHEDULED = (
    "This report type does not support the ParentReferenceId reportOption. Please review"
    " the document for this report type on GitHub, remove this reportOption from your"
    " request, and try again."
)
WRONG_MARKETPLACE = (
    "The requested marketplaceId does not match the marketplace associated with the"
    " selling partner account: {marketplace}"
)
NO_MANUFACTURING = "No vendor code set as manufacturing role for vendor group"
NO_RIGHTS = (
    "Error in report request: Report requested with invalid user inputs. Please verify"
    " if you have correct Vendor Group Rights and/or required permissions to request"
    " this report."
)
INVALID_VALUE = "{option} parameter contains an invalid value"

ACCOUNT_ID_CLASS: Mapping[Kind, str] = {
    "vendor": "com.amazon.partner.account.id.VendorGroupId",
    "seller": "com.amazon.partner.account.id.MerchantAccountId",
}


@dataclass(frozen=True)
class Span:
    """How far back and how wide a request may be, counted in its own periods."""

    look_back: int
    most: int


# DAY: models #508. The others are those of the margin report, which connector
# vendors use for all four. For WEEK 8 and 7 weeks were seen; the stricter one rules.
RETAIL_SPANS: Mapping[str, Span] = {
    "DAY": Span(1460, 15),
    "WEEK": Span(7, 7),
    "MONTH": Span(36, 15),
    "QUARTER": Span(8, 4),
    "YEAR": Span(3, 2),
}

# Look-back: Fivetran's plans for DAY, MONTH and QUARTER; nobody names one for WEEK, so it
# is the year of DAY. "Several" periods a request are as many as in retail analytics.
BRAND_SPANS: Mapping[str, Span] = {
    "DAY": Span(365, 15),
    "WEEK": Span(52, 7),
    "MONTH": Span(36, 15),
    "QUARTER": Span(12, 4),
}

PERIODS = tuple(RETAIL_SPANS)
VIEWS = ("MANUFACTURING", "SOURCING")
CURRENCIES = tuple(sorted({marketplace.currency for marketplace in MARKETPLACES.values()}))


@dataclass(frozen=True)
class ReportRequest:
    """What createReport was asked for, after the checks of the model.

    Attributes:
        report_type: Amazon's name of the report.
        marketplace_ids: As sent.
        options: The reportOptions.
        start: The dataStartTime, or None when it was left out.
        end: The dataEndTime, or None when it was left out.
        scheduled: Whether a schedule asked.
    """

    report_type: str
    marketplace_ids: tuple[str, ...]
    options: Mapping[str, str]
    start: datetime | None
    end: datetime | None
    scheduled: bool = False


@dataclass(frozen=True)
class Verdict:
    """How a report ends.

    Attributes:
        status: DONE, FATAL or CANCELLED.
        details: The errorDetails of a FATAL; None means that no document tells why.
    """

    status: Literal["DONE", "FATAL", "CANCELLED"]
    details: str | None = None


@dataclass(frozen=True)
class NoDates:
    """The report takes no dates, and ignores those that are sent."""

    needed: ClassVar[bool] = False

    def window(self, request: ReportRequest, now: datetime) -> Window:  # noqa: ARG002
        """The range that the data is asked for."""
        return None, None

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:  # noqa: ARG002
        """Say how a report ends whose dates break a rule."""
        return None


@dataclass(frozen=True)
class Days(NoDates):
    """dataStartTime and dataEndTime are the first and the last day of whole periods.

    Attributes:
        spans: Limits by reportPeriod.
        saturday: Hours after which a Saturday, and so its week, is published.
        too_new: What a request for a day is told that is not yet published.
    """

    needed: ClassVar[bool] = True

    spans: Mapping[str, Span]
    saturday: int = 48
    too_new: str = NOT_YET_AVAILABLE

    def window(self, request: ReportRequest, now: datetime) -> tuple[date, date]:
        """The first and the last day; the clock part of both does not count."""
        return (request.start or now).date(), (request.end or now).date()

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for whole, closed, published periods, not too many and not too old."""
        period = request.options["reportPeriod"]
        start, end = self.window(request, now)
        span = self.spans[period]
        today = now.astimezone(PACIFIC).date()
        aligned = period_of(period, start)[0] == start and period_of(period, end)[1] == end
        if (
            not aligned
            or start < _earliest(period, today, span.look_back)
            or sum(1 for _ in periods(period, start, end)) > span.most
            # A longer period that still runs is no period; a day that runs is only early.
            or (period != "DAY" and end >= today)
        ):
            return _fatal(CLIENT_ERROR)
        if now < published_at(end, self.saturday):
            return _fatal(self.too_new)
        return None


@dataclass(frozen=True)
class Hours(NoDates):
    """dataStartTime and dataEndTime are moments, and the full hours between them count.

    Attributes:
        look_back: How old the start may be.
        most: How far the end may be from the start.
        newest: How old the end must be at least.
    """

    needed: ClassVar[bool] = True

    look_back: timedelta
    most: timedelta
    newest: timedelta

    def window(self, request: ReportRequest, now: datetime) -> tuple[datetime, datetime]:
        """Both moments, as sent."""
        return request.start or now, request.end or now

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for a window that is neither too wide nor too old nor too new."""
        start, end = self.window(request, now)
        if end - start > self.most or start < now - self.look_back:
            return _fatal(CLIENT_ERROR)
        # FATAL is what scripts saw; that it says so is taken over from the daily reports.
        return _fatal(NOT_YET_AVAILABLE) if end > now - self.newest else None


@dataclass(frozen=True)
class StartsIn(NoDates):
    """Two options select what started between them; dataStartTime is ignored.

    Attributes:
        first: The option with the earliest start.
        last: The option with the latest start; it may lie in the future.
    """

    first: str
    last: str

    def refusal(self, request: ReportRequest, now: datetime) -> Verdict | None:
        """Ask for two date-times in order, at most two years back."""
        moments: list[datetime] = []
        for option in (self.first, self.last):
            moment = date_time(request.options[option])
            if moment is None:
                return _fatal(INVALID_VALUE.format(option=option))
            moments.append(moment)
        if moments[0] > moments[1] or moments[0] < now - TWO_YEARS:
            return _fatal(CLIENT_ERROR)
        return None


# Whether a leap day makes two years longer is not known; the shorter reading is safe.
TWO_YEARS = timedelta(days=730)


@dataclass(frozen=True)
class ReportRule:
    """What a report type asks of a request.

    Attributes:
        report_type: Amazon's name.
        kinds: The kinds of account that may have it.
        role: The role that createReport needs.
        options: The reportOptions with their values; no values stand for any value.
        optional: The reportOptions among them that may be left out.
        dates: Which dates it takes, and which ones are in order.
        brand: Whether it needs Brand Registry.
        says_when_updated: Whether its specification has a lastUpdatedDate.
    """

    report_type: str
    kinds: tuple[Kind, ...] = ("vendor",)
    role: str = BRAND_ANALYTICS
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    dates: NoDates = NoDates()
    brand: bool = False
    says_when_updated: bool = False


def _retail(name: str, **options: tuple[str, ...]) -> ReportRule:
    return ReportRule(
        f"GET_VENDOR_{name}_REPORT",
        options={"reportPeriod": PERIODS, **options},
        dates=Days(RETAIL_SPANS),
        says_when_updated=True,
    )


def _brand(name: str, periods: tuple[str, ...], most: int | None = None) -> ReportRule:
    spans = {period: BRAND_SPANS[period] for period in periods}
    if most is not None:
        spans = {period: Span(span.look_back, most) for period, span in spans.items()}
    return ReportRule(
        f"GET_BRAND_ANALYTICS_{name}_REPORT",
        kinds=("vendor", "seller"),
        options={"reportPeriod": periods},
        # The 48 hours of a Saturday are told of retail analytics only.
        dates=Days(spans, saturday=72, too_new=DATA_UNAVAILABLE),
        brand=True,
    )


def _campaigns(name: str, subject: str) -> ReportRule:
    # Sellers have these two as well, with another role or another document.
    first, last = f"{subject}StartDateFrom", f"{subject}StartDateTo"
    return ReportRule(
        f"GET_{name}_PERFORMANCE_REPORT",
        options={first: (), last: ()},
        dates=StartsIn(first, last),
        brand=True,
    )


RULES: Mapping[str, ReportRule] = {
    rule.report_type: rule
    for rule in (
        _retail("SALES", distributorView=VIEWS, sellingProgram=("RETAIL", "BUSINESS", "FRESH")),
        _retail("INVENTORY", distributorView=VIEWS, sellingProgram=("RETAIL", "FRESH")),
        _retail("TRAFFIC"),
        _retail("NET_PURE_PRODUCT_MARGIN"),
        ReportRule(
            "GET_VENDOR_FORECASTING_REPORT",
            options={"sellingProgram": ("RETAIL", "FRESH")},
            says_when_updated=True,
        ),
        ReportRule(
            "GET_VENDOR_REAL_TIME_SALES_REPORT",
            # Public scripts get data without it. Whether another currency than the
            # marketplace's is converted is not known: it is refused.
            options={"currencyCode": CURRENCIES},
            optional=frozenset({"currencyCode"}),
            # FATAL below 2 hours was seen, and success at 4.
            dates=Hours(look_back=timedelta(days=30), most=timedelta(days=14), newest=timedelta(hours=2)),
        ),
        ReportRule(
            "GET_VENDOR_REAL_TIME_TRAFFIC_REPORT",
            dates=Hours(look_back=timedelta(days=30), most=timedelta(days=14), newest=timedelta(minutes=60)),
        ),
        ReportRule(
            "GET_VENDOR_REAL_TIME_INVENTORY_REPORT",
            # Amazon's schema says that 24 hours *should* not be exceeded; connectors ask
            # for 7 days and get them, within the 168 hours that the schema looks back.
            dates=Hours(look_back=timedelta(hours=168), most=timedelta(days=7), newest=timedelta(0)),
        ),
        _brand("MARKET_BASKET", ("DAY", "WEEK", "MONTH", "QUARTER")),
        _brand("REPEAT_PURCHASE", ("WEEK", "MONTH", "QUARTER")),
        _brand("SEARCH_TERMS", ("DAY", "WEEK", "MONTH", "QUARTER"), most=1),
        _campaigns("PROMOTION", "promotion"),
        _campaigns("COUPON", "campaign"),
    )
}


# Known to be for sellers only (REPORTS.md sections 2 and 5 to 12), so that a vendor
# who asks for one gets the answer that Amazon gives.
SELLER_ONLY = frozenset(
    {
        "GET_AFN_INVENTORY_DATA",
        "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL",
        "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING",
        "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX",
        "GET_BRAND_ANALYTICS_SEARCH_CATALOG_PERFORMANCE_REPORT",
        "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT",
        "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA",
        "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
        "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_PROMOTION_DATA",
        "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA",
        "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA",
        "GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA",
        "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA",
        "GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA",
        "GET_FBA_INVENTORY_PLANNING_DATA",
        "GET_FBA_MYI_ALL_INVENTORY_DATA",
        "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA",
        "GET_FBA_REIMBURSEMENTS_DATA",
        "GET_FBA_STORAGE_FEE_CHARGES_DATA",
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
        "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE",
        "GET_GST_MTR_B2B_CUSTOM",
        "GET_GST_MTR_B2C_CUSTOM",
        "GET_LEDGER_DETAIL_VIEW_DATA",
        "GET_LEDGER_SUMMARY_VIEW_DATA",
        "GET_RESERVED_INVENTORY_DATA",
        "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT",
        "GET_SALES_AND_TRAFFIC_REPORT",
        "GET_STRANDED_INVENTORY_UI_DATA",
        "GET_V2_SELLER_PERFORMANCE_REPORT",
        "GET_VAT_TRANSACTION_DATA",
    }
)


def number_of(report_type: str) -> int:
    """The number that Amazon's messages name a report type by (invented here)."""
    return derive(report_type) % 60_000 + 300


def refusal(rule: ReportRule, account: SandboxAccount, request: ReportRequest, now: datetime) -> Verdict | None:
    """Say how a report ends that breaks a rule.

    Args:
        rule: The rule of the report type.
        account: Who asks.
        request: What is asked for.
        now: When it is asked.

    Returns:
        A FATAL verdict, or None when the request is in order.
    """
    if request.scheduled:
        return _fatal(SCHEDULED)
    if set(request.options) - set(rule.options):
        return Verdict("FATAL")
    if rule.dates.needed and (request.start is None or request.end is None):
        return _fatal(DATES_MISSING)
    required = [name for name in rule.options if name not in rule.optional]
    if set(required) - set(request.options):
        return _fatal(f"This report type requires the {', '.join(required)} reportOption to be specified.")
    return _entitlement(rule, account, request) or rule.dates.refusal(request, now)


def _entitlement(rule: ReportRule, account: SandboxAccount, request: ReportRequest) -> Verdict | None:
    own = account.marketplaces[0]
    if account.kind == "vendor" and request.marketplace_ids != (own,):
        return _fatal(WRONG_MARKETPLACE.format(marketplace=own))
    if len(request.marketplace_ids) > 1:
        return _fatal(CLIENT_ERROR)
    granted = {
        "sellingProgram": account.selling_programs,
        "distributorView": account.distributor_views,
        "currencyCode": (MARKETPLACES[request.marketplace_ids[0]].currency,),
    }
    for option, values in rule.options.items():
        value = request.options.get(option)
        if value is None:
            continue
        if values and value not in values:
            return _fatal(INVALID_VALUE.format(option=option))
        if value not in granted.get(option, (value,)):
            no_manufacturing = value == "MANUFACTURING"
            text = NO_MANUFACTURING if no_manufacturing else INVALID_VALUE
            return _fatal(text.format(option=option))
    if rule.report_type in account.denied_reports or (rule.brand and not account.brand_registry):
        return _fatal(NO_RIGHTS)
    return None


def _fatal(details: str) -> Verdict:
    return Verdict("FATAL", details)


def _earliest(period: str, today: date, look_back: int) -> date:
    first = period_of(period, today)[0]
    for _ in range(look_back):
        first = period_of(period, first - timedelta(days=1))[0]
    return first


def published_at(day: date, saturday: int = 48) -> datetime:
    """Say when the figures of a day appear (docs #3107).

    Args:
        day: A Pacific day.
        saturday: The hours that a Saturday takes.

    Returns:
        72 hours after the day closes; for a Saturday, and so for its week, what is given.
    """
    close = datetime.combine(day + timedelta(days=1), time(), PACIFIC)
    hours = saturday if day.weekday() == SATURDAY else 72
    # Through UTC: across a change to summer time 72 hours are not three days.
    return close.astimezone(ZoneInfo("UTC")) + timedelta(hours=hours)


def date_time(text: str) -> datetime | None:
    """Read an ISO 8601 date-time with its zone; None for anything else, a bare date too."""
    try:
        # Python 3.10 does not know the Z.
        moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        return None
    return moment.astimezone(timezone.utc) if "T" in text and moment.tzinfo else None


def period_of(period: str, day: date) -> tuple[date, date]:
    """Find the period that a day lies in.

    Args:
        period: DAY, WEEK (Sunday to Saturday), MONTH, QUARTER or YEAR.
        day: Any day.

    Returns:
        Its first and its last day.
    """
    if period == "DAY":
        return day, day
    if period == "WEEK":
        first = day - timedelta(days=(day.weekday() + 1) % 7)
        return first, first + timedelta(days=6)
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[period]
    first_month = (day.month - 1) // months * months + 1
    last_month = first_month + months - 1
    following = date(day.year + last_month // 12, last_month % 12 + 1, 1)
    return date(day.year, first_month, 1), following - timedelta(days=1)


def periods(period: str, start: date, end: date) -> Iterator[tuple[date, date]]:
    """Cut an aligned range into its periods, oldest first.

    Args:
        period: The reportPeriod.
        start: The first day of the first period.
        end: The last day of the last period.

    Yields:
        First and last day of each period.
    """
    while start <= end:
        last = period_of(period, start)[1]
        yield start, last
        start = last + timedelta(days=1)
