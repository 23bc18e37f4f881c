"""Vendor retail analytics, brand analytics, promotions and coupons (docs/amazon/vendor-reports.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_sandbox.accounts import MARKETPLACES
from amazon_sandbox.rules.dates import Days, Hours, Span, StartsIn
from amazon_sandbox.rules.rule import ReportRule
from amazon_sandbox.rules.verdicts import DATA_UNAVAILABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

# DAY is from docs/amazon/calendars.md#widths-and-look-back. The others are those of the margin report, which connector
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


VENDOR_RULES: tuple[ReportRule, ...] = (
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
