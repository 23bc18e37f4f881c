"""Vendor Central's permission group "Financial reports" (docs/amazon/vendor-reports.md)."""

from __future__ import annotations

from tap_amazon_vendor.reports.calendars import Hours
from tap_amazon_vendor.reports.options import DISTRIBUTOR_VIEW, REPORT_PERIOD, SELLING_PROGRAM
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.streams.report_rows import ReportRows

VENDOR_SALES = ReportType(
    "GET_VENDOR_SALES_REPORT",
    options=(REPORT_PERIOD, DISTRIBUTOR_VIEW, SELLING_PROGRAM),
)
VENDOR_NET_PURE_PRODUCT_MARGIN = ReportType(
    "GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT",
    options=(REPORT_PERIOD,),
)
VENDOR_REAL_TIME_SALES = ReportType(
    "GET_VENDOR_REAL_TIME_SALES_REPORT",
    calendars=Hours(span=14 * 24, look_back=30 * 24, late=4),
)

STREAMS = (
    # Sales of each ASIN.
    ReportRows(
        name="vendor_sales",
        report=VENDOR_SALES,
        records_path="salesByAsin",
        key_columns=("start_date", "end_date", "asin"),
        required_keys=("asin",),
    ),
    # Sales of the whole catalog.
    ReportRows(
        name="vendor_sales_totals",
        report=VENDOR_SALES,
        records_path="salesAggregate",
        key_columns=("start_date", "end_date"),
    ),
    # Margin of each ASIN.
    ReportRows(
        name="vendor_net_pure_product_margin",
        report=VENDOR_NET_PURE_PRODUCT_MARGIN,
        records_path="netPureProductMarginByAsin",
        key_columns=("start_date", "end_date", "asin"),
        required_keys=("asin",),
    ),
    # Margin of the whole catalog.
    ReportRows(
        name="vendor_net_pure_product_margin_totals",
        report=VENDOR_NET_PURE_PRODUCT_MARGIN,
        records_path="netPureProductMarginAggregate",
        key_columns=("start_date", "end_date"),
    ),
    # Orders of each ASIN and hour.
    ReportRows(
        name="vendor_real_time_sales",
        report=VENDOR_REAL_TIME_SALES,
        records_path="reportData",
        key_columns=("start_time", "end_time", "asin"),
        required_keys=("asin",),
        from_specification={"currency_code": "currencyCode"},
        replication_key="end_time",
    ),
)
