"""Reports of sellers: orders, fulfillment, inventory, finance, tax, performance (docs/amazon/seller-reports.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_sandbox.accounts import (
    AMAZON_FULFILLMENT,
    BRAND_ANALYTICS,
    DIRECT_TO_CONSUMER_SHIPPING,
    FINANCE,
    INVENTORY_AND_ORDER_TRACKING,
    MARKETPLACES,
    PRICING,
    PRODUCT_LISTING,
    SELLING_PARTNER_INSIGHTS,
    TAX_INVOICING,
    TAX_REMITTANCE,
)
from amazon_sandbox.rules.dates import (
    TWO_YEARS,
    ClosedMonth,
    Days,
    ExactMonth,
    Moments,
    OneMonth,
    Span,
    UpToNow,
    Widened,
)
from amazon_sandbox.rules.rule import HiddenQuota, ReportRule
from amazon_sandbox.rules.vendor import BRAND_SPANS
from amazon_sandbox.rules.verdicts import DATA_UNAVAILABLE, ORDERS_TOO_WIDE

if TYPE_CHECKING:
    from amazon_sandbox.rules.dates import NoDates

NORTH_AMERICA = ("CA", "US", "MX", "BR")
EUROPE = ("IE", "ES", "UK", "FR", "BE", "NL", "DE", "IT", "SE", "PL")

# docs/amazon/reports-api.md#regeneration-windows. Which of the two classes a report belongs to, Amazon says of few.
NEAR_REAL_TIME = timedelta(minutes=30)
DAILY = timedelta(hours=4)

# No source names the span of customer returns, removals and reimbursements; that of
# fulfilled shipments is the strictest one that is named for an FBA report.
ONE_MONTH = Moments(most=timedelta(days=31))
TWO_MONTHS = Moments(most=timedelta(days=60))
# 18 months of history (docs/amazon/calendars.md#seller-ranges), taken as the days of the shortest 18.
LEDGER = Moments(look_back=timedelta(days=545))

FBA = (PRICING, AMAZON_FULFILLMENT)


def _fba(  # noqa: PLR0913 - as ReportRule
    name: str,
    *,
    roles: tuple[str, ...] = FBA,
    dates: NoDates = ONE_MONTH,
    regenerates: timedelta = DAILY,
    countries: tuple[str, ...] = (),
    schedulable: bool = False,
) -> ReportRule:
    return ReportRule(
        name,
        kinds=("seller",),
        roles=roles,
        dates=dates,
        countries=countries,
        schedulable=schedulable,
        regenerates=regenerates,
    )


def _snapshot(name: str, roles: tuple[str, ...] = FBA, countries: tuple[str, ...] = ()) -> ReportRule:
    return ReportRule(name, kinds=("seller",), roles=roles, countries=countries, regenerates=NEAR_REAL_TIME)


def _orders(name: str, first_role: str, *, specified: bool = True) -> ReportRule:
    return ReportRule(
        name,
        kinds=("seller",),
        roles=(first_role, AMAZON_FULFILLMENT, INVENTORY_AND_ORDER_TRACKING, DIRECT_TO_CONSUMER_SHIPPING),
        dates=Moments(most=timedelta(days=30), too_wide=ORDERS_TOO_WIDE),
        specified=specified,
    )


def _ledger(name: str, **options: tuple[str, ...]) -> ReportRule:
    filters: dict[str, tuple[str, ...]] = {"FNSKU": (), "MSKU": (), "ASIN": ()}
    return ReportRule(
        name,
        kinds=("seller",),
        roles=(AMAZON_FULFILLMENT,),
        options={**options, **filters},
        optional=frozenset({*options, *filters}),
        dates=LEDGER,
        regenerates=DAILY,
    )


def _tax(
    name: str, role: str, countries: tuple[str, ...], dates: NoDates = ONE_MONTH, *, restricted: bool = True
) -> ReportRule:
    return ReportRule(name, kinds=("seller",), roles=(role,), dates=dates, countries=countries, restricted=restricted)


def _settlement(name: str, *roles: str) -> ReportRule:
    return ReportRule(name, kinds=("seller",), roles=(FINANCE, *roles), dates=Moments(), made_by_amazon=True)


def _search(name: str, finished_a_day: int | None = None, **options: tuple[str, ...]) -> ReportRule:
    periods = ("WEEK", "MONTH", "QUARTER")
    return ReportRule(
        f"GET_BRAND_ANALYTICS_{name}_REPORT",
        kinds=("seller",),
        options={"reportPeriod": periods, **options},
        optional=frozenset({"asins"}),
        dates=Days({p: Span(BRAND_SPANS[p].look_back, 1) for p in periods}, saturday=72, too_new=DATA_UNAVAILABLE),
        brand=True,
        finished_a_day=finished_a_day,
    )


SELLER_RULES: tuple[ReportRule, ...] = (
    # Orders. These are exempt from regeneration windows.
    _orders("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", PRODUCT_LISTING),
    _orders("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", PRICING),
    _orders("GET_XML_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", PRICING, specified=False),
    _orders("GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", PRICING, specified=False),
    # Shipments.
    ReportRule(
        "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL",
        kinds=("seller",),
        roles=(PRICING, AMAZON_FULFILLMENT, INVENTORY_AND_ORDER_TRACKING),
        dates=ONE_MONTH,
        regenerates=NEAR_REAL_TIME,
        # Three or four an hour, as users count them (docs/amazon/quotas.md#own-quotas).
        quota=HiddenQuota(seconds=1200, burst=3, per="account"),
    ),
    _tax("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX", TAX_REMITTANCE, NORTH_AMERICA),
    _tax("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING", TAX_INVOICING, EUROPE),
    _fba("GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA", roles=(AMAZON_FULFILLMENT,), regenerates=NEAR_REAL_TIME),
    _fba("GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_PROMOTION_DATA", countries=NORTH_AMERICA),
    _fba(
        "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA",
        roles=(AMAZON_FULFILLMENT,),
        countries=(*NORTH_AMERICA, "IN"),
    ),
    # Returns and removals.
    _fba("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"),
    ReportRule(
        "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE",
        kinds=("seller",),
        roles=(INVENTORY_AND_ORDER_TRACKING, DIRECT_TO_CONSUMER_SHIPPING),
        dates=TWO_MONTHS,
        schedulable=True,
    ),
    _fba("GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA", regenerates=timedelta(hours=2)),
    _fba("GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA", regenerates=NEAR_REAL_TIME),
    # Inventory.
    _snapshot("GET_AFN_INVENTORY_DATA", (AMAZON_FULFILLMENT,)),
    _snapshot("GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA"),
    _snapshot("GET_FBA_MYI_ALL_INVENTORY_DATA"),
    _snapshot("GET_RESERVED_INVENTORY_DATA"),
    _snapshot(
        "GET_FBA_INVENTORY_PLANNING_DATA",
        (AMAZON_FULFILLMENT,),
        tuple(place.country for place in MARKETPLACES.values() if place.country not in {"NL", "PL", "SE", "BE"}),
    ),
    _snapshot("GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT"),
    _snapshot("GET_STRANDED_INVENTORY_UI_DATA"),
    _snapshot("GET_STRANDED_INVENTORY_LOADER_DATA"),
    _snapshot("GET_AFN_INVENTORY_DATA_BY_COUNTRY", countries=EUROPE),
    _fba("GET_FBA_FULFILLMENT_INBOUND_NONCOMPLIANCE_DATA"),
    _ledger(
        "GET_LEDGER_SUMMARY_VIEW_DATA",
        aggregateByLocation=("COUNTRY", "FC"),
        aggregatedByTimePeriod=("MONTHLY", "WEEKLY", "DAILY"),
    ),
    _ledger(
        "GET_LEDGER_DETAIL_VIEW_DATA",
        eventType=("", "Adjustments", "CustomerReturns", "Receipts", "Shipments", "VendorReturns", "WhseTransfers"),
    ),
    # Finance.
    _settlement("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"),
    _fba("GET_FBA_REIMBURSEMENTS_DATA"),
    _fba("GET_FBA_STORAGE_FEE_CHARGES_DATA", dates=OneMonth(), schedulable=True),
    _fba("GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA", dates=ExactMonth()),
    _fba("GET_FBA_OVERAGE_FEE_CHARGES_DATA", roles=(AMAZON_FULFILLMENT,)),
    _fba(
        "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA",
        dates=UpToNow(least=timedelta(hours=72)),
        regenerates=timedelta(days=1),
    ),
    # Tax. The B2C report of India is not in Amazon's list of restricted ones.
    _tax("GET_VAT_TRANSACTION_DATA", TAX_INVOICING, ("DE", "ES", "IT", "FR", "UK"), ClosedMonth(ready=3)),
    _tax("GET_GST_MTR_B2B_CUSTOM", TAX_INVOICING, ("IN",)),
    _tax(
        "GET_GST_MTR_B2C_CUSTOM",
        TAX_INVOICING,
        ("IN",),
        Moments(most=timedelta(days=31), look_back=timedelta(days=45)),
        restricted=False,
    ),
    # Performance.
    ReportRule(
        "GET_V2_SELLER_PERFORMANCE_REPORT", kinds=("seller",), roles=(SELLING_PARTNER_INSIGHTS,), specified=False
    ),
    ReportRule(
        "GET_SALES_AND_TRAFFIC_REPORT",
        kinds=("seller",),
        roles=(BRAND_ANALYTICS,),
        options={"dateGranularity": ("DAY", "WEEK", "MONTH"), "asinGranularity": ("PARENT", "CHILD", "SKU")},
        optional=frozenset({"dateGranularity", "asinGranularity"}),
        defaults={"dateGranularity": "DAY", "asinGranularity": "PARENT"},
        dates=Widened("dateGranularity", "DAY", TWO_YEARS),
        schedulable=True,
        # 96 a day follow from it.
        quota=HiddenQuota(seconds=900, burst=1, per="account"),
    ),
    _search("SEARCH_CATALOG_PERFORMANCE", asins=()),
    _search("SEARCH_QUERY_PERFORMANCE", finished_a_day=20, asin=()),
)
