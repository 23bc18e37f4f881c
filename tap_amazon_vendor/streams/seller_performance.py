"""Seller performance (docs/amazon/seller-reports.md#performance)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pendulum

from tap_amazon_vendor.reports.calendars import BRAND_PERIODS, Period, Snapshot
from tap_amazon_vendor.reports.options import DATE_GRANULARITY, LONG_BRAND_PERIOD
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.reports.roles import BRAND_ANALYTICS, SELLING_PARTNER_INSIGHTS
from tap_amazon_vendor.streams.report_rows import ReportRows
from tap_amazon_vendor.streams.top_products import TopProducts

#: With a margin: a report older than exactly two years is cancelled like one without data.
TWO_YEARS = pendulum.duration(days=728)

#: Sales and traffic: at most two years back, no limit of width, a day is available after 72 hours.
SALES_PERIODS = {
    "DAY": Period("DAY", 728, TWO_YEARS, late=3),
    "WEEK": Period("WEEK", 105, TWO_YEARS, late=3),
    "MONTH": Period("MONTH", 24, TWO_YEARS, late=3),
}

#: Calendars of reports that hold one period each.
SINGLE_SALES_PERIODS = {name: replace(period, span=1) for name, period in SALES_PERIODS.items()}
SINGLE_BRAND_PERIODS = {name: replace(period, span=1) for name, period in BRAND_PERIODS.items()}

seller = partial(ReportType, account_type="seller")

V2_SELLER_PERFORMANCE = seller(
    "GET_V2_SELLER_PERFORMANCE_REPORT",
    calendars=Snapshot(),
    roles=(SELLING_PARTNER_INSIGHTS,),
)
SALES_AND_TRAFFIC = seller(
    "GET_SALES_AND_TRAFFIC_REPORT",
    fixed_options={"asinGranularity": "SKU"},
    calendars=SALES_PERIODS,
    roles=(BRAND_ANALYTICS,),
    options=(DATE_GRANULARITY,),
)
BRAND_ANALYTICS_SEARCH_CATALOG_PERFORMANCE = seller(
    "GET_BRAND_ANALYTICS_SEARCH_CATALOG_PERFORMANCE_REPORT",
    narrowed_by=("asins",),
    calendars=SINGLE_BRAND_PERIODS,
    roles=(BRAND_ANALYTICS,),
    options=(LONG_BRAND_PERIOD,),
)
BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE = seller(
    "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT",
    calendars=SINGLE_BRAND_PERIODS,
    roles=(BRAND_ANALYTICS,),
    options=(LONG_BRAND_PERIOD,),
)

# How the brand's products performed in search results.
SEARCH_CATALOG_ROWS = ReportRows(
    name="search_catalog_performance",
    report=BRAND_ANALYTICS_SEARCH_CATALOG_PERFORMANCE,
    records_path="dataByAsin",
    key_columns=("start_date", "end_date", "asin"),
    required_keys=("asin",),
)

STREAMS = (
    # Status of the account. A row repeats the requested marketplace.
    ReportRows(
        name="seller_account_health",
        report=V2_SELLER_PERFORMANCE,
        records_path="accountStatuses",
        ignored_fields=("marketplaceId",),
        key_columns=("snapshot_time",),
        replication_key="snapshot_time",
    ),
    # Metrics that the account is judged by.
    ReportRows(
        name="seller_account_health_metrics",
        report=V2_SELLER_PERFORMANCE,
        records_path="performanceMetrics",
        ignored_fields=("marketplaceId",),
        key_columns=("snapshot_time",),
        replication_key="snapshot_time",
    ),
    # Sales and traffic of all products. Alone it needs one report; with the next stream it shares that one's reports.
    ReportRows(
        name="seller_sales_and_traffic_by_date",
        report=SALES_AND_TRAFFIC,
        records_path="salesAndTrafficByDate",
        key_columns=("date",),
        replication_key="date",
    ),
    # Sales and traffic of each SKU. Rows have no date, so each period has a report of its own.
    # At one report per 15 minutes (docs/amazon/quotas.md#own-quotas), a first run takes hours.
    ReportRows(
        name="seller_sales_and_traffic_by_asin",
        report=SALES_AND_TRAFFIC,
        opt_in=True,
        records_path="salesAndTrafficByAsin",
        key_columns=("start_date", "end_date", "parent_asin", "child_asin", "sku"),
        from_specification={"start_date": "dataStartTime", "end_date": "dataEndTime"},
        calendars=SINGLE_SALES_PERIODS,
    ),
    SEARCH_CATALOG_ROWS,
    # What customers searched for. At most 18 products per report, and few reports a day: opt-in.
    ReportRows(
        name="search_query_performance",
        report=BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE,
        records_path="dataByAsin",
        key_columns=("start_date", "end_date", "asin", "search_query_data_search_query"),
        required_keys=("asin",),
        follows=TopProducts(of=SEARCH_CATALOG_ROWS),
        opt_in=True,
    ),
)
