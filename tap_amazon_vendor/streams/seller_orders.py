"""Seller fulfillment and orders (docs/amazon/seller-reports.md).

A seller's rows are available a few hours after the event, rarely after a day, so yesterday is the newest day requested;
late rows are read again within `restatement_days`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pendulum

from tap_amazon_vendor.documents.flat_files import OCCURRENCE, Derived, FlatFile
from tap_amazon_vendor.documents.keys import NONE, is_blank, key_text
from tap_amazon_vendor.reports.belonging import ToldBy
from tap_amazon_vendor.reports.calendars import TimedPeriod
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.reports.roles import (
    AMAZON_FULFILLMENT,
    INVENTORY_AND_ORDERS,
    PRICING,
    PRODUCT_LISTING,
    SHIPPING,
)
from tap_amazon_vendor.streams.report_rows import ReportRows

TABS = FlatFile()
NUMBERED = FlatFile(numbered=OCCURRENCE)

#: From Seller Central's help for reports on Amazon's fulfillment, and docs/amazon/calendars.md#seller-ranges for the
#: ledger. With a margin: a day begins before the moment that is 18 months ago.
EIGHTEEN_MONTHS = pendulum.duration(days=540)

#: Days of reports on Amazon's fulfillment: at most 31 per report. Where docs/amazon/calendars.md#seller-ranges names no
#: span, this one is used, and a window that proves too wide is halved.
FBA_DAYS = TimedPeriod("DAY", 30, EIGHTEEN_MONTHS)


def day_without(number: str, moment: str) -> str:
    """Return the day of a line that has no number to tell it from others, `NONE` if it has one.

    A number tells a unit or package apart whatever its day: that may change (docs/amazon/seller-reports.md#returns).
    """
    return key_text(moment.strip().partition("T")[0]) if is_blank(number) else NONE


#: All orders: at most 30 days per report. Amazon does not state how far back they reach.
ORDER_DAYS = TimedPeriod("DAY", 30, pendulum.duration(months=24))

RETURN_DAYS = TimedPeriod("DAY", 60, pendulum.duration(months=24))

#: How often Amazon regenerates a report (docs/amazon/reports-api.md#regeneration-windows).
NEAR_REAL_TIME = timedelta(minutes=30)
REMOVALS = timedelta(hours=2)
DAILY = timedelta(hours=4)

#: What tells the marketplace of a line (docs/amazon/seller-reports.md#where-a-line-belongs).
BY_CHANNEL = ToldBy(name="sales_channel", currency="currency")
BY_CURRENCY = ToldBy(currency="currency")

NORTH_AMERICA = frozenset({"US", "CA", "MX", "BR"})
EUROPE = frozenset({"BE", "DE", "ES", "FR", "GB", "IE", "IT", "NL", "PL", "SE"})

seller = partial(ReportType, account_type="seller")
fba = partial(seller, roles=(PRICING, AMAZON_FULFILLMENT), refresh_interval=DAILY)

AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL = seller(
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL",
    told_by=BY_CHANNEL,
    calendars=FBA_DAYS,
    layout=TABS,
    roles=(PRICING, AMAZON_FULFILLMENT, INVENTORY_AND_ORDERS),
    refresh_interval=NEAR_REAL_TIME,
)
ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL = seller(
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
    told_by=BY_CHANNEL,
    ignores_marketplaces=True,
    calendars=ORDER_DAYS,
    layout=NUMBERED,
    roles=(PRICING, AMAZON_FULFILLMENT, INVENTORY_AND_ORDERS, SHIPPING),
)
ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL = seller(
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
    told_by=BY_CHANNEL,
    ignores_marketplaces=True,
    calendars=replace(ORDER_DAYS, restated_days=2),
    layout=NUMBERED,
    roles=(PRODUCT_LISTING, AMAZON_FULFILLMENT, INVENTORY_AND_ORDERS, SHIPPING),
)
CUSTOMER_RETURNS = fba(
    "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
    calendars=FBA_DAYS,
    layout=FlatFile(
        numbered=OCCURRENCE,
        derived={"return_day_without_plate": Derived(("license_plate_number", "return_date"), day_without)},
    ),
)
RETURNS_DATA_BY_RETURN_DATE = seller(
    "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE",
    told_by=ToldBy(currency="currency_code"),
    calendars=RETURN_DAYS,
    layout=TABS,
    roles=(INVENTORY_AND_ORDERS, SHIPPING),
)
CUSTOMER_SHIPMENT_SALES = seller(
    "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA",
    told_by=BY_CURRENCY,
    calendars=FBA_DAYS,
    layout=NUMBERED,
    roles=(AMAZON_FULFILLMENT,),
    refresh_interval=NEAR_REAL_TIME,
)
CUSTOMER_SHIPMENT_REPLACEMENT = seller(
    "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA",
    calendars=FBA_DAYS,
    layout=FlatFile(headers={"replacement-amazon-order-id": "replacement_customer_order_id"}),
    countries=NORTH_AMERICA | {"IN"},
    roles=(AMAZON_FULFILLMENT,),
    refresh_interval=DAILY,
)
CUSTOMER_SHIPMENT_PROMOTION = fba(
    "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_PROMOTION_DATA",
    told_by=BY_CURRENCY,
    calendars=FBA_DAYS,
    layout=TABS,
    countries=NORTH_AMERICA,
)
REMOVAL_ORDER_DETAIL = seller(
    "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA",
    told_by=BY_CURRENCY,
    calendars=FBA_DAYS,
    layout=TABS,
    roles=(PRICING, AMAZON_FULFILLMENT),
    refresh_interval=REMOVALS,
)
REMOVAL_SHIPMENT_DETAIL = seller(
    "GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA",
    calendars=FBA_DAYS,
    layout=FlatFile(
        numbered=OCCURRENCE,
        derived={"shipment_day_without_tracking": Derived(("tracking_number", "shipment_date"), day_without)},
    ),
    roles=(PRICING, AMAZON_FULFILLMENT),
    refresh_interval=REMOVALS,
)

STREAMS = (
    # Lines of what Amazon shipped.
    ReportRows(
        name="seller_fulfilled_shipments",
        report=AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL,
        key_columns=("shipment_id", "shipment_item_id"),
        required_keys=("shipment_id", "shipment_item_id"),
        replication_key="shipment_date",
    ),
    # Lines of all orders, by the day of the order.
    ReportRows(
        name="seller_orders_by_order_date",
        report=ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL,
        key_columns=("amazon_order_id", "sku", OCCURRENCE),
        required_keys=("amazon_order_id",),
        replication_key="purchase_date",
    ),
    # Lines of all orders, by the day of their last change: changed lines reappear, so few days need reading again.
    ReportRows(
        name="seller_orders_by_last_update",
        report=ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL,
        key_columns=("amazon_order_id", "sku", OCCURRENCE),
        required_keys=("amazon_order_id",),
        replication_key="last_updated_date",
    ),
    # Units returned to Amazon.
    ReportRows(
        name="seller_customer_returns",
        report=CUSTOMER_RETURNS,
        key_columns=("license_plate_number", "order_id", "sku", "fnsku", "return_day_without_plate", OCCURRENCE),
        identity="license_plate_number",
        required_keys=("order_id",),
        replication_key="return_date",
    ),
    # Returns to the seller.
    ReportRows(
        name="seller_returns_by_return_date",
        report=RETURNS_DATA_BY_RETURN_DATE,
        key_columns=("order_id", "amazon_rma_id", "merchant_sku"),
        required_keys=("order_id",),
        replication_key="return_request_date",
    ),
    # Units that Amazon shipped, without personal data.
    ReportRows(
        name="seller_shipment_sales",
        report=CUSTOMER_SHIPMENT_SALES,
        key_columns=("amazon_order_id", "sku", "shipment_date", "fulfillment_center_id", OCCURRENCE),
        required_keys=("amazon_order_id",),
        replication_key="shipment_date",
    ),
    # Replacement units. Amazon has renamed a column.
    ReportRows(
        name="seller_replacements",
        report=CUSTOMER_SHIPMENT_REPLACEMENT,
        key_columns=("replacement_customer_order_id", "sku"),
        required_keys=("replacement_customer_order_id",),
        replication_key="shipment_date",
    ),
    # Promotions on lines of shipments.
    ReportRows(
        name="seller_shipment_promotions",
        report=CUSTOMER_SHIPMENT_PROMOTION,
        key_columns=("shipment_item_id", "item_promotion_id"),
        required_keys=("shipment_item_id",),
        replication_key="shipment_date",
    ),
    # Products of removal orders.
    ReportRows(
        name="seller_removal_orders",
        report=REMOVAL_ORDER_DETAIL,
        key_columns=("order_id", "sku", "fnsku", "disposition"),
        required_keys=("order_id",),
        replication_key="last_updated_date",
    ),
    # Products of shipments of removal orders.
    ReportRows(
        name="seller_removal_shipments",
        report=REMOVAL_SHIPMENT_DETAIL,
        key_columns=(
            "order_id",
            "sku",
            "tracking_number",
            "disposition",
            "shipment_day_without_tracking",
            OCCURRENCE,
        ),
        required_keys=("order_id",),
        replication_key="shipment_date",
    ),
)
