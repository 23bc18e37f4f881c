"""Vendor Central's permission group "Digital reports"."""

from __future__ import annotations

from tap_amazon_vendor.streams.base import ReportStream
from tap_amazon_vendor.streams.options import REPORT_PERIOD


class VendorTraffic(ReportStream):
    """Detail page views of each ASIN."""

    name = "vendor_traffic"
    report_type = "GET_VENDOR_TRAFFIC_REPORT"
    array = "trafficByAsin"
    options = (REPORT_PERIOD,)
    row_keys = ("start_date", "end_date", "asin")


class VendorTrafficTotals(ReportStream):
    """Detail page views of the whole catalog."""

    name = "vendor_traffic_totals"
    report_type = "GET_VENDOR_TRAFFIC_REPORT"
    array = "trafficAggregate"
    options = (REPORT_PERIOD,)
    row_keys = ("start_date", "end_date")


STREAMS = (VendorTraffic, VendorTrafficTotals)
