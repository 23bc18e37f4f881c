"""Seller performance (REPORTS.md sections 2 and 11)."""

from __future__ import annotations

from dataclasses import replace

import pendulum

from tap_amazon_vendor.reports.windows import BRAND_PERIODS, Period, Snapshot
from tap_amazon_vendor.streams.base import ReportStream
from tap_amazon_vendor.streams.options import DATE_GRANULARITY, LONG_BRAND_PERIOD
from tap_amazon_vendor.streams.roles import BRAND_ANALYTICS, SELLING_PARTNER_INSIGHTS

#: With a margin: what is older than two years to the second is cancelled like a report without data.
TWO_YEARS = pendulum.duration(days=728)

#: Sales and traffic: at most two years back, no limit of width, a day is there after 72 hours.
SALES_PERIODS = {
    "DAY": Period("DAY", 728, TWO_YEARS, late=3),
    "WEEK": Period("WEEK", 105, TWO_YEARS, late=3),
    "MONTH": Period("MONTH", 24, TWO_YEARS, late=3),
}

#: Periods of reports of which each holds one.
SINGLE_SALES_PERIODS = {name: replace(period, span=1) for name, period in SALES_PERIODS.items()}
SINGLE_BRAND_PERIODS = {name: replace(period, span=1) for name, period in BRAND_PERIODS.items()}


class SellerAccountHealth(ReportStream):
    """Status of the account. A row names the marketplace once more: the one that was asked for."""

    name = "seller_account_health"
    kind = "seller"
    report_type = "GET_V2_SELLER_PERFORMANCE_REPORT"
    array = "accountStatuses"
    leaves_out = ("marketplaceId",)
    row_keys = ("snapshot_time",)
    replication_key = "snapshot_time"
    calendars = Snapshot()
    roles = (SELLING_PARTNER_INSIGHTS,)


class SellerAccountHealthMetrics(ReportStream):
    """Figures that the account is judged by."""

    name = "seller_account_health_metrics"
    kind = "seller"
    report_type = "GET_V2_SELLER_PERFORMANCE_REPORT"
    array = "performanceMetrics"
    leaves_out = ("marketplaceId",)
    row_keys = ("snapshot_time",)
    replication_key = "snapshot_time"
    calendars = Snapshot()
    roles = (SELLING_PARTNER_INSIGHTS,)


class SellerSalesAndTrafficByDate(ReportStream):
    """Sales and traffic of all products. Alone it needs one report; with the next one it reads that one's."""

    name = "seller_sales_and_traffic_by_date"
    kind = "seller"
    report_type = "GET_SALES_AND_TRAFFIC_REPORT"
    array = "salesAndTrafficByDate"
    options = (DATE_GRANULARITY,)
    fixed_options = {"asinGranularity": "SKU"}  # noqa: RUF012
    row_keys = ("date",)
    replication_key = "date"
    calendars = SALES_PERIODS
    roles = (BRAND_ANALYTICS,)


class SellerSalesAndTrafficByAsin(ReportStream):
    """Sales and traffic of each SKU. Rows have no date, so each period has a report of its own."""

    name = "seller_sales_and_traffic_by_asin"
    kind = "seller"
    # A report for each period, and one report in 15 minutes (REPORTS.md 0.6): a first run takes hours.
    costly = True
    report_type = "GET_SALES_AND_TRAFFIC_REPORT"
    array = "salesAndTrafficByAsin"
    options = (DATE_GRANULARITY,)
    fixed_options = {"asinGranularity": "SKU"}  # noqa: RUF012
    row_keys = ("start_date", "end_date", "parent_asin", "child_asin", "sku")
    from_specification = {"start_date": "dataStartTime", "end_date": "dataEndTime"}  # noqa: RUF012
    calendars = SINGLE_SALES_PERIODS
    roles = (BRAND_ANALYTICS,)


class SearchCatalogPerformance(ReportStream):
    """What came of the brand's products in search results."""

    name = "search_catalog_performance"
    kind = "seller"
    report_type = "GET_BRAND_ANALYTICS_SEARCH_CATALOG_PERFORMANCE_REPORT"
    array = "dataByAsin"
    options = (LONG_BRAND_PERIOD,)
    row_keys = ("start_date", "end_date", "asin")
    calendars = SINGLE_BRAND_PERIODS
    roles = (BRAND_ANALYTICS,)


class SearchQueryPerformance(ReportStream):
    """What customers searched for.

    A report takes 18 products at most, a day some 20 reports: whoever wants it selects it.
    """

    name = "search_query_performance"
    kind = "seller"
    report_type = "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT"
    array = "dataByAsin"
    options = (LONG_BRAND_PERIOD,)
    row_keys = ("start_date", "end_date", "asin", "search_query_data_search_query")
    calendars = SINGLE_BRAND_PERIODS
    roles = (BRAND_ANALYTICS,)
    asins_from = SearchCatalogPerformance
    costly = True


STREAMS = (
    SellerAccountHealth,
    SellerAccountHealthMetrics,
    SellerSalesAndTrafficByDate,
    SellerSalesAndTrafficByAsin,
    SearchCatalogPerformance,
    SearchQueryPerformance,
)
