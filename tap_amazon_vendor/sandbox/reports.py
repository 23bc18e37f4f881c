"""The rules of each report type, and how a request that breaks them ends.

A further report is one more `ReportRule` here and one function in `data.py`.
The rules are REPORTS.md sections 0.3, 0.4 and 1, the words ERRORS.md section 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from tap_amazon_vendor.sandbox.accounts import BRAND_ANALYTICS, Kind, SandboxAccount
from tap_amazon_vendor.sandbox.chance import derive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A day of retail analytics is a Pacific day, in every marketplace (docs #3107).
PACIFIC = ZoneInfo("America/Los_Angeles")
SATURDAY = 5

NOT_YET_AVAILABLE = (
    "The report data for the requested date range is not yet available. Try submitting"
    " this createReport request at a later time, or modify dataEndTime to be an earlier"
    " date."
)
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

PERIODS = tuple(RETAIL_SPANS)
VIEWS = ("MANUFACTURING", "SOURCING")


@dataclass(frozen=True)
class ReportRule:
    """What a report type asks of a request.

    Attributes:
        report_type: Amazon's name.
        kinds: The kinds of account that may have it.
        role: The role that createReport needs.
        options: The reportOptions, all of them required, with their values.
        spans: Limits by reportPeriod; empty for a report that takes no dates.
    """

    report_type: str
    kinds: tuple[Kind, ...] = ("vendor",)
    role: str = BRAND_ANALYTICS
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)


RULES: Mapping[str, ReportRule] = {
    rule.report_type: rule
    for rule in (
        ReportRule(
            "GET_VENDOR_SALES_REPORT",
            options={
                "reportPeriod": PERIODS,
                "distributorView": VIEWS,
                "sellingProgram": ("RETAIL", "BUSINESS", "FRESH"),
            },
            spans=RETAIL_SPANS,
        ),
        ReportRule(
            "GET_VENDOR_TRAFFIC_REPORT",
            options={"reportPeriod": PERIODS},
            spans=RETAIL_SPANS,
        ),
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

    def days(self, now: datetime) -> tuple[date, date]:
        """The first and the last day; the clock part of both does not count.

        Args:
            now: The time of the request, which a date that was left out defaults to.
        """
        return (self.start or now).date(), (self.end or now).date()


@dataclass(frozen=True)
class Verdict:
    """How a report ends.

    Attributes:
        status: DONE, FATAL or CANCELLED.
        details: The errorDetails of a FATAL; None means that no document tells why.
    """

    status: Literal["DONE", "FATAL", "CANCELLED"]
    details: str | None = None


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
    if rule.spans and (request.start is None or request.end is None):
        return _fatal(DATES_MISSING)
    if set(rule.options) - set(request.options):
        names = ", ".join(rule.options)
        return _fatal(f"This report type requires the {names} reportOption to be specified.")
    return _entitlement(rule, account, request) or _range(rule, request, now)


def _entitlement(rule: ReportRule, account: SandboxAccount, request: ReportRequest) -> Verdict | None:
    own = account.marketplaces[0]
    if account.kind == "vendor" and request.marketplace_ids != (own,):
        return _fatal(WRONG_MARKETPLACE.format(marketplace=own))
    granted = {
        "sellingProgram": account.selling_programs,
        "distributorView": account.distributor_views,
    }
    for option, values in rule.options.items():
        value = request.options[option]
        if value not in values:
            return _fatal(INVALID_VALUE.format(option=option))
        if value not in granted.get(option, values):
            no_manufacturing = value == "MANUFACTURING"
            text = NO_MANUFACTURING if no_manufacturing else INVALID_VALUE
            return _fatal(text.format(option=option))
    if rule.report_type in account.denied_reports:
        return _fatal(NO_RIGHTS)
    return None


def _range(rule: ReportRule, request: ReportRequest, now: datetime) -> Verdict | None:
    if not rule.spans:
        return None
    period = request.options["reportPeriod"]
    start, end = request.days(now)
    span = rule.spans[period]
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
    if now < published_at(end):
        return _fatal(NOT_YET_AVAILABLE)
    return None


def _fatal(details: str) -> Verdict:
    return Verdict("FATAL", details)


def _earliest(period: str, today: date, look_back: int) -> date:
    first = period_of(period, today)[0]
    for _ in range(look_back):
        first = period_of(period, first - timedelta(days=1))[0]
    return first


def published_at(day: date) -> datetime:
    """Say when the figures of a day appear (docs #3107).

    Args:
        day: A Pacific day.

    Returns:
        72 hours after the day closes, or 48 for a Saturday and so for its week.
    """
    close = datetime.combine(day + timedelta(days=1), time(), PACIFIC)
    hours = 48 if day.weekday() == SATURDAY else 72
    # Through UTC: across a change to summer time 72 hours are not three days.
    return close.astimezone(ZoneInfo("UTC")) + timedelta(hours=hours)


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
