"""Vendor Central's permission group "Operational reports" (REPORTS.md section 1)."""

from __future__ import annotations

from tap_amazon_vendor.reports.windows import Hours, Snapshot
from tap_amazon_vendor.streams.base import ReportStream
from tap_amazon_vendor.streams.options import DISTRIBUTOR_VIEW, REPORT_PERIOD, STOCK_PROGRAM


class VendorInventory(ReportStream):
    """Stock of each ASIN."""

    name = "vendor_inventory"
    report_type = "GET_VENDOR_INVENTORY_REPORT"
    array = "inventoryByAsin"
    options = (REPORT_PERIOD, DISTRIBUTOR_VIEW, STOCK_PROGRAM)
    row_keys = ("start_date", "end_date", "asin")


class VendorInventoryTotals(ReportStream):
    """Stock of the whole catalog."""

    name = "vendor_inventory_totals"
    report_type = "GET_VENDOR_INVENTORY_REPORT"
    array = "inventoryAggregate"
    options = (REPORT_PERIOD, DISTRIBUTOR_VIEW, STOCK_PROGRAM)
    row_keys = ("start_date", "end_date")


class VendorForecasting(ReportStream):
    """Demand that Amazon expects. It has no dates: history builds up from run to run."""

    name = "vendor_forecasting"
    report_type = "GET_VENDOR_FORECASTING_REPORT"
    array = "forecastByAsin"
    options = (STOCK_PROGRAM,)
    row_keys = ("forecast_generation_date", "asin", "start_date", "end_date")
    replication_key = "forecast_generation_date"
    calendars = Snapshot()


class VendorRealTimeInventory(ReportStream):
    """Stock that can be sold at once, of each ASIN and hour."""

    name = "vendor_real_time_inventory"
    report_type = "GET_VENDOR_REAL_TIME_INVENTORY_REPORT"
    array = "reportData"
    row_keys = ("start_time", "end_time", "asin")
    replication_key = "end_time"
    calendars = Hours(span=7 * 24, look_back=168, late=1)


STREAMS = (VendorInventory, VendorInventoryTotals, VendorForecasting, VendorRealTimeInventory)
