"""Vendor Central's permission group "Operational reports" (docs/amazon/vendor-reports.md)."""

from __future__ import annotations

from tap_amazon_vendor.reports.calendars import Hours, Snapshot
from tap_amazon_vendor.reports.options import DISTRIBUTOR_VIEW, REPORT_PERIOD, STOCK_PROGRAM
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.streams.report_rows import ReportRows

VENDOR_INVENTORY = ReportType(
    "GET_VENDOR_INVENTORY_REPORT",
    options=(REPORT_PERIOD, DISTRIBUTOR_VIEW, STOCK_PROGRAM),
)
VENDOR_FORECASTING = ReportType(
    "GET_VENDOR_FORECASTING_REPORT",
    calendars=Snapshot(),
    options=(STOCK_PROGRAM,),
)
VENDOR_REAL_TIME_INVENTORY = ReportType(
    "GET_VENDOR_REAL_TIME_INVENTORY_REPORT",
    calendars=Hours(span=7 * 24, look_back=168, late=1),
)

STREAMS = (
    # Stock of each ASIN.
    ReportRows(
        name="vendor_inventory",
        report=VENDOR_INVENTORY,
        records_path="inventoryByAsin",
        key_columns=("start_date", "end_date", "asin"),
        required_keys=("asin",),
    ),
    # Stock of the whole catalog.
    ReportRows(
        name="vendor_inventory_totals",
        report=VENDOR_INVENTORY,
        records_path="inventoryAggregate",
        key_columns=("start_date", "end_date"),
    ),
    # Demand that Amazon expects. Requests take no dates: history builds up from run to run.
    ReportRows(
        name="vendor_forecasting",
        report=VENDOR_FORECASTING,
        records_path="forecastByAsin",
        key_columns=("forecast_generation_date", "asin", "start_date", "end_date"),
        required_keys=("asin",),
        replication_key="forecast_generation_date",
    ),
    # Stock that is available for immediate sale, of each ASIN and hour.
    ReportRows(
        name="vendor_real_time_inventory",
        report=VENDOR_REAL_TIME_INVENTORY,
        records_path="reportData",
        key_columns=("start_time", "end_time", "asin"),
        required_keys=("asin",),
        replication_key="end_time",
    ),
)
