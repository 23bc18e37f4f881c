"""Vendor Central's permission group "Financial reports" (REPORTS.md section 1)."""

from __future__ import annotations

from tap_amazon_vendor.reports.windows import Hours
from tap_amazon_vendor.streams.base import ReportStream
from tap_amazon_vendor.streams.options import DISTRIBUTOR_VIEW, REPORT_PERIOD, SELLING_PROGRAM


class VendorSales(ReportStream):
    """Sales of each ASIN."""

    name = "vendor_sales"
    report_type = "GET_VENDOR_SALES_REPORT"
    array = "salesByAsin"
    options = (REPORT_PERIOD, DISTRIBUTOR_VIEW, SELLING_PROGRAM)
    row_keys = ("start_date", "end_date", "asin")
    compares_programs = True


class VendorSalesTotals(ReportStream):
    """Sales of the whole catalog."""

    name = "vendor_sales_totals"
    report_type = "GET_VENDOR_SALES_REPORT"
    array = "salesAggregate"
    options = (REPORT_PERIOD, DISTRIBUTOR_VIEW, SELLING_PROGRAM)
    row_keys = ("start_date", "end_date")


class VendorNetPureProductMargin(ReportStream):
    """Margin of each ASIN."""

    name = "vendor_net_pure_product_margin"
    report_type = "GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT"
    array = "netPureProductMarginByAsin"
    options = (REPORT_PERIOD,)
    row_keys = ("start_date", "end_date", "asin")


class VendorNetPureProductMarginTotals(ReportStream):
    """Margin of the whole catalog."""

    name = "vendor_net_pure_product_margin_totals"
    report_type = "GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT"
    array = "netPureProductMarginAggregate"
    options = (REPORT_PERIOD,)
    row_keys = ("start_date", "end_date")


class VendorRealTimeSales(ReportStream):
    """Orders of each ASIN and hour."""

    name = "vendor_real_time_sales"
    report_type = "GET_VENDOR_REAL_TIME_SALES_REPORT"
    array = "reportData"
    row_keys = ("start_time", "end_time", "asin")
    from_specification = {"currency_code": "currencyCode"}  # noqa: RUF012
    replication_key = "end_time"
    calendars = Hours(span=14 * 24, look_back=30 * 24, late=4)


STREAMS = (
    VendorSales,
    VendorSalesTotals,
    VendorNetPureProductMargin,
    VendorNetPureProductMarginTotals,
    VendorRealTimeSales,
)
