"""Vendor Central's permission group "Financial reports"."""

from __future__ import annotations

from tap_amazon_vendor.streams.base import ReportStream
from tap_amazon_vendor.streams.options import DISTRIBUTOR_VIEW, REPORT_PERIOD, SELLING_PROGRAM


class VendorSales(ReportStream):
    """Sales of each ASIN."""

    name = "vendor_sales"
    report_type = "GET_VENDOR_SALES_REPORT"
    array = "salesByAsin"
    options = (REPORT_PERIOD, DISTRIBUTOR_VIEW, SELLING_PROGRAM)
    row_keys = ("start_date", "end_date", "asin")


class VendorSalesTotals(ReportStream):
    """Sales of the whole catalog."""

    name = "vendor_sales_totals"
    report_type = "GET_VENDOR_SALES_REPORT"
    array = "salesAggregate"
    options = (REPORT_PERIOD, DISTRIBUTOR_VIEW, SELLING_PROGRAM)
    row_keys = ("start_date", "end_date")


STREAMS = (VendorSales, VendorSalesTotals)
