"""Data Kiosk: vendor analytics, and economics, sales and traffic of sellers (docs/amazon/data-kiosk.md#datasets)."""

from __future__ import annotations

from dataclasses import replace

import pendulum

from tap_amazon_vendor.config.settings_schema import KIOSK_METRICS
from tap_amazon_vendor.data_kiosk.view import View
from tap_amazon_vendor.reports.calendars import Period
from tap_amazon_vendor.reports.options import REPORT_PERIOD
from tap_amazon_vendor.reports.roles import SELLING_PARTNER_INSIGHTS
from tap_amazon_vendor.streams.query_rows import QueryRows

#: With a margin: Amazon goes back two years.
TWO_YEARS = pendulum.duration(days=728)

PERIOD = replace(REPORT_PERIOD, values=("DAY", "WEEK", "MONTH"))

#: As wide as the reports of the same figures: in longer ones figures have been seen to be missing
#: (docs/amazon/data-kiosk.md#vendor-analytics).
VENDOR_PERIODS = {
    "DAY": Period("DAY", 15, TWO_YEARS),
    "WEEK": Period("WEEK", 7, TWO_YEARS),
    "MONTH": Period("MONTH", 15, TWO_YEARS),
}

#: Figures of single products: a month of days in a query, to be read in pages.
PRODUCT_PERIODS = {
    "DAY": Period("DAY", 31, TWO_YEARS, late=3),
    "WEEK": Period("WEEK", 26, TWO_YEARS, late=3),
    "MONTH": Period("MONTH", 24, TWO_YEARS, late=3),
}

#: Figures of the account: all that there is in one query.
ACCOUNT_PERIODS = {
    "DAY": Period("DAY", 728, TWO_YEARS, late=3),
    "WEEK": Period("WEEK", 105, TWO_YEARS, late=3),
    "MONTH": Period("MONTH", 24, TWO_YEARS, late=3),
}

#: Figures that are summed over all days of a query.
SINGLE_PERIODS = {name: replace(period, span=1) for name, period in ACCOUNT_PERIODS.items()}

VENDOR_ANALYTICS = "analytics_vendorAnalytics_2024_09_30"
SALES_AND_TRAFFIC = "analytics_salesAndTraffic_2024_04_24"
ECONOMICS = "analytics_economics_2024_03_15"

MANUFACTURING = View(
    dataset=VENDOR_ANALYTICS,
    field="manufacturingView",
    account_type="vendor",
    period=PERIOD,
    calendars=VENDOR_PERIODS,
    arguments='aggregateBy:{period} currencyCode:"{currency}"',
    rows="metrics",
    # The groups, too: with their names as prefixes columns would be longer than the 63 characters of a database.
    lifted=("groupByKey", "metrics", *(group for group in KIOSK_METRICS if group != "forecasting")),
    # The figures of all products, which have streams of their own, and an attribute that is an amount of money.
    left_out=("totals", "metrics.groupByKey.msrp"),
    groups="metrics.metrics",
    attributes="metrics.groupByKey",
    not_daily=frozenset({"productAvailability"}),
)
SOURCING = replace(MANUFACTURING, field="sourcingView")

#: Rates don't add up, and some are known of all products together alone (docs/amazon/data-kiosk.md#vendor-analytics).
MANUFACTURING_TOTALS = replace(
    MANUFACTURING,
    rows="",
    lifted=("totals", *(group for group in KIOSK_METRICS if group != "forecasting")),
    left_out=("metrics",),
    groups="totals",
    attributes="",
)
SOURCING_TOTALS = replace(MANUFACTURING_TOTALS, field="sourcingView")
BY_DATE = View(
    dataset=SALES_AND_TRAFFIC,
    field="salesAndTrafficByDate",
    account_type="seller",
    period=PERIOD,
    calendars=ACCOUNT_PERIODS,
    arguments='aggregateBy:{period} marketplaceIds:["{marketplace}"]',
)
BY_ASIN = replace(
    BY_DATE,
    field="salesAndTrafficByAsin",
    calendars=SINGLE_PERIODS,
    arguments='aggregateBy:SKU marketplaceIds:["{marketplace}"]',
)
ECONOMICS_VIEW = View(
    dataset=ECONOMICS,
    field="economics",
    account_type="seller",
    period=PERIOD,
    calendars=PRODUCT_PERIODS,
    arguments='aggregateBy:{{date:{period} productId:MSKU}} marketplaceIds:["{marketplace}"] '
    "includeComponentsForFeeTypes:[FBA_FULFILLMENT_FEE FBA_STORAGE_FEE]",
    roles=(SELLING_PARTNER_INSIGHTS,),
)

_DAYS = ("start_date", "end_date")

VENDOR_STREAMS = (
    QueryRows(
        name="vendor_analytics_manufacturing",
        view=MANUFACTURING,
        key_columns=_DAYS,
        description="Sales, costs, traffic, stock and sourcing of the products that the vendor makes, split by the "
        "attributes in `kiosk_group_by`. One row is a period and a combination of these.",
    ),
    QueryRows(
        name="vendor_analytics_sourcing",
        view=SOURCING,
        key_columns=_DAYS,
        description="Sales, costs, stock and sourcing of the products that Amazon buys from the vendor, split by the "
        "attributes in `kiosk_group_by`. One row is a period and a combination of these.",
    ),
    QueryRows(
        name="vendor_analytics_manufacturing_totals",
        view=MANUFACTURING_TOTALS,
        key_columns=_DAYS,
        description="Sales, costs, traffic, stock and sourcing of all products together that the vendor makes. One row "
        "is a period.",
    ),
    QueryRows(
        name="vendor_analytics_sourcing_totals",
        view=SOURCING_TOTALS,
        key_columns=_DAYS,
        description="Sales, costs, stock and sourcing of all products together that Amazon buys from the vendor. One "
        "row is a period.",
    ),
)
SELLER_STREAMS = (
    QueryRows(
        name="seller_economics",
        view=ECONOMICS_VIEW,
        key_columns=(*_DAYS, "parent_asin", "child_asin", "msku", "fnsku"),
        description="Sales, fees, advertising spend, costs and net proceeds of each product. One row is a period and "
        "a SKU.",
    ),
    QueryRows(
        name="seller_analytics_by_date",
        view=BY_DATE,
        key_columns=_DAYS,
        description="Sales, page views and Buy Box percentage of all products together. One row is a period.",
    ),
    QueryRows(
        name="seller_analytics_by_asin",
        view=BY_ASIN,
        key_columns=(*_DAYS, "parent_asin", "child_asin", "sku"),
        description="Sales, page views and Buy Box percentage of each product. One row is a period and a SKU.",
    ),
)
STREAMS = (*VENDOR_STREAMS, *SELLER_STREAMS)
