"""Seller inventory (REPORTS.md section 8). Snapshots take no dates: their history builds up from run to run."""

from __future__ import annotations

from dataclasses import replace

from tap_amazon_vendor.reports.flat_files import OCCURRENCE, FlatFile
from tap_amazon_vendor.reports.windows import Snapshot
from tap_amazon_vendor.streams.base import ReportStream
from tap_amazon_vendor.streams.roles import AMAZON_FULFILLMENT, PRICING
from tap_amazon_vendor.streams.seller_orders import DAILY, FBA_DAYS, NEAR_REAL_TIME, TABS

#: The one kind of report whose cells are in quotes (section 0.2). Its dates begin with the month everywhere.
QUOTED = FlatFile(quoted=True, day_first=False)

#: The ledger of a day is closed a day later.
LEDGER_DAYS = replace(FBA_DAYS, late=2)


class SellerFbaInventory(ReportStream):
    """Stock of each offer."""

    name = "seller_fba_inventory"
    kind = "seller"
    report_type = "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA"
    flat = TABS
    row_keys = ("snapshot_time", "sku")
    replication_key = "snapshot_time"
    calendars = Snapshot()
    regenerates = NEAR_REAL_TIME
    roles = (PRICING, AMAZON_FULFILLMENT)


class SellerFbaInventoryArchived(ReportStream):
    """Stock of each offer, archived ones too."""

    name = "seller_fba_inventory_archived"
    kind = "seller"
    report_type = "GET_FBA_MYI_ALL_INVENTORY_DATA"
    flat = TABS
    row_keys = ("snapshot_time", "sku")
    replication_key = "snapshot_time"
    calendars = Snapshot()
    regenerates = NEAR_REAL_TIME
    roles = (PRICING, AMAZON_FULFILLMENT)


class SellerAfnInventory(ReportStream):
    """Units of each offer and state."""

    name = "seller_afn_inventory"
    kind = "seller"
    report_type = "GET_AFN_INVENTORY_DATA"
    flat = TABS
    row_keys = ("snapshot_time", "seller_sku", "warehouse_condition_code")
    replication_key = "snapshot_time"
    calendars = Snapshot()
    regenerates = NEAR_REAL_TIME
    roles = (AMAZON_FULFILLMENT,)


class SellerReservedInventory(ReportStream):
    """Units set aside."""

    name = "seller_reserved_inventory"
    kind = "seller"
    report_type = "GET_RESERVED_INVENTORY_DATA"
    flat = TABS
    row_keys = ("snapshot_time", "sku")
    replication_key = "snapshot_time"
    calendars = Snapshot()
    regenerates = DAILY
    roles = (PRICING, AMAZON_FULFILLMENT)


class SellerInventoryPlanning(ReportStream):
    """Stock with its age. Amazon has changed names of columns, and writes others in Europe."""

    name = "seller_inventory_planning"
    kind = "seller"
    report_type = "GET_FBA_INVENTORY_PLANNING_DATA"
    flat = FlatFile(
        headers={
            "DEPRECATED healthy-inventory-level": "healthy_inventory_level",
            "Exempted from Low-Inventory cost coverage fee?": "exempted_from_low_inventory_level_fee",
            "Low-Inventory cost coverage fee applied in current week?": (
                "low_inventory_level_fee_applied_in_current_week"
            ),
        },
        nulls=("--", "N/A"),
    )
    row_keys = ("snapshot_date", "sku")
    replication_key = "snapshot_date"
    calendars = Snapshot()
    regenerates = DAILY
    roles = (AMAZON_FULFILLMENT,)
    countries_without = frozenset({"NL", "PL", "SE", "BE"})


class SellerRestockRecommendations(ReportStream):
    """What to send in."""

    name = "seller_restock_recommendations"
    kind = "seller"
    report_type = "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT"
    flat = FlatFile(nulls=("--", "N/A"), day_first=False)
    row_keys = ("snapshot_time", "country", "merchant_sku")
    replication_key = "snapshot_time"
    calendars = Snapshot()
    regenerates = DAILY
    roles = (PRICING, AMAZON_FULFILLMENT)


class SellerStrandedInventory(ReportStream):
    """Stock without an offer."""

    name = "seller_stranded_inventory"
    kind = "seller"
    report_type = "GET_STRANDED_INVENTORY_UI_DATA"
    flat = TABS
    row_keys = ("snapshot_time", "sku", "fnsku", "condition")
    replication_key = "snapshot_time"
    calendars = Snapshot()
    regenerates = DAILY
    roles = (PRICING, AMAZON_FULFILLMENT)


class SellerLedgerSummary(ReportStream):
    """Balance of each product, day and fulfillment center: the finest that Amazon gives, and all others its sums."""

    name = "seller_ledger_summary"
    kind = "seller"
    report_type = "GET_LEDGER_SUMMARY_VIEW_DATA"
    # The two names differ by a letter, and both are Amazon's.
    fixed_options = {"aggregateByLocation": "FC", "aggregatedByTimePeriod": "DAILY"}  # noqa: RUF012
    flat = QUOTED
    row_keys = ("date", "fnsku", "msku", "disposition", "location")
    replication_key = "date"
    calendars = LEDGER_DAYS
    regenerates = DAILY
    roles = (AMAZON_FULFILLMENT,)


class SellerLedgerDetail(ReportStream):
    """Movements. Equal lines are movements of their own."""

    name = "seller_ledger_detail"
    kind = "seller"
    report_type = "GET_LEDGER_DETAIL_VIEW_DATA"
    flat = replace(QUOTED, numbered=OCCURRENCE)
    row_keys = (
        "date_and_time",
        "fnsku",
        "msku",
        "event_type",
        "reference_id",
        "fulfillment_center",
        "disposition",
        "reason",
        OCCURRENCE,
    )
    replication_key = "date"
    calendars = LEDGER_DAYS
    regenerates = DAILY
    roles = (AMAZON_FULFILLMENT,)


STREAMS = (
    SellerFbaInventory,
    SellerFbaInventoryArchived,
    SellerAfnInventory,
    SellerReservedInventory,
    SellerInventoryPlanning,
    SellerRestockRecommendations,
    SellerStrandedInventory,
    SellerLedgerSummary,
    SellerLedgerDetail,
)
