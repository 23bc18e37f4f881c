"""Seller inventory. Snapshots take no dates: their history builds up from run to run.

See docs/amazon/seller-reports.md#inventory.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tap_amazon_vendor.documents.cell_values import are_iso_times, is_month
from tap_amazon_vendor.documents.flat_files import OCCURRENCE, Derived, FlatFile
from tap_amazon_vendor.reports.belonging import ToldBy
from tap_amazon_vendor.reports.calendars import Snapshot
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.reports.roles import AMAZON_FULFILLMENT, PRICING
from tap_amazon_vendor.streams.report_rows import ReportRows
from tap_amazon_vendor.streams.seller_orders import (
    BY_CURRENCY,
    DAILY,
    EUROPE,
    FBA_DAYS,
    NEAR_REAL_TIME,
    NUMBERED,
    TABS,
)

#: Both ledgers (docs/amazon/documents.md#quotes). Their dates begin with the month everywhere.
QUOTED = FlatFile(day_first=False)


def _time_period(date: str) -> str:
    """Return what a line of the ledger is summed up over, in Amazon's words."""
    return "MONTHLY" if is_month(date) else "DAILY"


def _moment(date: str) -> str | None:
    """Return the date of a movement if it has a time of day."""
    date = date.strip()
    return date if date and are_iso_times((date,)) else None


#: The ledger of a day is closed a day later.
LEDGER_DAYS = replace(FBA_DAYS, late=2)

seller = partial(ReportType, account_type="seller")
fba = partial(seller, roles=(PRICING, AMAZON_FULFILLMENT), refresh_interval=DAILY)

MYI_UNSUPPRESSED_INVENTORY = seller(
    "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA",
    calendars=Snapshot(),
    layout=TABS,
    roles=(PRICING, AMAZON_FULFILLMENT),
    refresh_interval=NEAR_REAL_TIME,
)
MYI_ALL_INVENTORY = seller(
    "GET_FBA_MYI_ALL_INVENTORY_DATA",
    calendars=Snapshot(),
    layout=TABS,
    roles=(PRICING, AMAZON_FULFILLMENT),
    refresh_interval=NEAR_REAL_TIME,
)
AFN_INVENTORY = seller(
    "GET_AFN_INVENTORY_DATA",
    calendars=Snapshot(),
    layout=TABS,
    roles=(AMAZON_FULFILLMENT,),
    refresh_interval=NEAR_REAL_TIME,
)
RESERVED_INVENTORY = fba(
    "GET_RESERVED_INVENTORY_DATA",
    calendars=Snapshot(),
    layout=TABS,
)
INVENTORY_PLANNING = seller(
    "GET_FBA_INVENTORY_PLANNING_DATA",
    told_by=ToldBy(name="marketplace", currency="currency"),
    calendars=Snapshot(),
    countries_without=frozenset({"NL", "PL", "SE", "BE"}),
    layout=FlatFile(
        headers={
            "DEPRECATED healthy-inventory-level": "healthy_inventory_level",
            "Exempted from Low-Inventory cost coverage fee?": "exempted_from_low_inventory_level_fee",
            "Low-Inventory cost coverage fee applied in current week?": (
                "low_inventory_level_fee_applied_in_current_week"
            ),
        },
        nulls=("--", "N/A"),
    ),
    roles=(AMAZON_FULFILLMENT,),
    refresh_interval=DAILY,
)
RESTOCK_INVENTORY_RECOMMENDATIONS = fba(
    "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT",
    told_by=ToldBy(name="country", currency="currency_code"),
    calendars=Snapshot(),
    layout=FlatFile(
        headers={
            "Country/Region Code": "country",
            "Total Days of Supply": "total_days_of_supply_including_units_from_open_shipments",
        },
        nulls=("--", "N/A"),
        day_first=False,
    ),
)
STRANDED_INVENTORY = fba(
    "GET_STRANDED_INVENTORY_UI_DATA",
    calendars=Snapshot(),
    layout=TABS,
)
STRANDED_INVENTORY_LOADER = fba(
    "GET_STRANDED_INVENTORY_LOADER_DATA",
    calendars=Snapshot(),
    layout=TABS,
)
AFN_INVENTORY_BY_COUNTRY = fba(
    "GET_AFN_INVENTORY_DATA_BY_COUNTRY",
    countries=EUROPE,
    calendars=Snapshot(),
    layout=TABS,
)
INBOUND_NONCOMPLIANCE = fba(
    "GET_FBA_FULFILLMENT_INBOUND_NONCOMPLIANCE_DATA",
    told_by=BY_CURRENCY,
    calendars=FBA_DAYS,
    layout=NUMBERED,
)
LEDGER_SUMMARY = seller(
    "GET_LEDGER_SUMMARY_VIEW_DATA",
    fixed_options={"aggregateByLocation": "FC", "aggregatedByTimePeriod": "DAILY"},
    narrowed_by=("FNSKU", "MSKU", "ASIN"),
    calendars=LEDGER_DAYS,
    layout=replace(
        QUOTED,
        derived={"aggregated_by_time_period": Derived(("date",), _time_period)},
        days=frozenset({"date"}),
    ),
    roles=(AMAZON_FULFILLMENT,),
    refresh_interval=DAILY,
)
LEDGER_DETAIL = seller(
    "GET_LEDGER_DETAIL_VIEW_DATA",
    narrowed_by=("eventType", "FNSKU", "MSKU", "ASIN"),
    calendars=LEDGER_DAYS,
    layout=replace(
        QUOTED,
        numbered=OCCURRENCE,
        derived={"date_and_time": Derived(("date",), _moment)},
        days=frozenset({"date"}),
    ),
    roles=(AMAZON_FULFILLMENT,),
    refresh_interval=DAILY,
)

STREAMS = (
    # Stock of each offer.
    ReportRows(
        name="seller_fba_inventory",
        report=MYI_UNSUPPRESSED_INVENTORY,
        key_columns=("snapshot_time", "sku"),
        required_keys=("sku",),
        replication_key="snapshot_time",
    ),
    # Stock of each offer, including archived ones.
    ReportRows(
        name="seller_fba_inventory_archived",
        report=MYI_ALL_INVENTORY,
        key_columns=("snapshot_time", "sku"),
        required_keys=("sku",),
        replication_key="snapshot_time",
    ),
    # Units of each offer and state.
    ReportRows(
        name="seller_afn_inventory",
        report=AFN_INVENTORY,
        key_columns=("snapshot_time", "seller_sku", "warehouse_condition_code"),
        required_keys=("seller_sku",),
        replication_key="snapshot_time",
    ),
    # Units set aside.
    ReportRows(
        name="seller_reserved_inventory",
        report=RESERVED_INVENTORY,
        key_columns=("snapshot_time", "sku"),
        required_keys=("sku",),
        replication_key="snapshot_time",
    ),
    # Stock with its age. Amazon has renamed columns, and uses other names in Europe.
    ReportRows(
        name="seller_inventory_planning",
        report=INVENTORY_PLANNING,
        key_columns=("snapshot_date", "sku"),
        required_keys=("sku",),
        replication_key="snapshot_date",
    ),
    # What to send in.
    ReportRows(
        name="seller_restock_recommendations",
        report=RESTOCK_INVENTORY_RECOMMENDATIONS,
        key_columns=("snapshot_time", "country", "merchant_sku"),
        required_keys=("merchant_sku",),
        replication_key="snapshot_time",
    ),
    # Stock without an offer.
    ReportRows(
        name="seller_stranded_inventory",
        report=STRANDED_INVENTORY,
        key_columns=("snapshot_time", "sku", "fnsku", "condition"),
        replication_key="snapshot_time",
    ),
    # The same as a table of offers to upload.
    ReportRows(
        name="seller_stranded_inventory_loader",
        report=STRANDED_INVENTORY_LOADER,
        opt_in=True,
        key_columns=("snapshot_time", "sku"),
        required_keys=("sku",),
        replication_key="snapshot_time",
    ),
    # Units of each offer and country. Amazon has it in Europe.
    ReportRows(
        name="seller_afn_inventory_by_country",
        report=AFN_INVENTORY_BY_COUNTRY,
        opt_in=True,
        key_columns=("snapshot_time", "seller_sku", "condition_type", "country"),
        required_keys=("seller_sku",),
        replication_key="snapshot_time",
    ),
    # Problems with what was sent in.
    ReportRows(
        name="seller_inbound_noncompliance",
        report=INBOUND_NONCOMPLIANCE,
        opt_in=True,
        key_columns=(
            "fba_shipment_id",
            "fba_carton_id",
            "sku",
            "fnsku",
            "problem_type",
            "problem_level",
            OCCURRENCE,
        ),
        required_keys=("fba_shipment_id",),
        replication_key="issue_reported_date",
    ),
    # Balance of each product, day and fulfillment center: Amazon's finest level, of which all others are sums.
    # The two option names differ by a letter; both are Amazon's.
    ReportRows(
        name="seller_ledger_summary",
        report=LEDGER_SUMMARY,
        key_columns=("date", "aggregated_by_time_period", "fnsku", "msku", "disposition", "location"),
        replication_key="date",
    ),
    # Movements. Identical lines are separate movements.
    ReportRows(
        name="seller_ledger_detail",
        report=LEDGER_DETAIL,
        key_columns=(
            "date",
            "fnsku",
            "msku",
            "event_type",
            "reference_id",
            "fulfillment_center",
            "disposition",
            "reason",
            OCCURRENCE,
        ),
        replication_key="date",
    ),
)
