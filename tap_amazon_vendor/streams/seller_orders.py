"""Seller fulfillment and orders (REPORTS.md sections 5 to 7 and 9).

A seller's rows are there a few hours after the fact, rarely a day, so that yesterday is the newest day asked for; what
came late is read again within `restatement_days`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pendulum

from tap_amazon_vendor.reports.flat_files import OCCURRENCE, FlatFile
from tap_amazon_vendor.reports.windows import TimedPeriod
from tap_amazon_vendor.streams.base import ReportStream
from tap_amazon_vendor.streams.roles import (
    AMAZON_FULFILLMENT,
    INVENTORY_AND_ORDERS,
    PRICING,
    PRODUCT_LISTING,
    SHIPPING,
)

TABS = FlatFile()
NUMBERED = FlatFile(numbered=OCCURRENCE)

#: What Seller Central's help says of reports on what Amazon fulfills, and section 8 of the ledger. With a margin: a day
#: begins before the moment that is 18 months ago.
EIGHTEEN_MONTHS = pendulum.duration(days=540)

#: Days of reports on what Amazon fulfills: at most 31 in one report. Where section 6 or 7 says no span, it is this one,
#: and a window that proves too wide is halved.
FBA_DAYS = TimedPeriod("DAY", 30, EIGHTEEN_MONTHS)

#: All orders: at most 30 days a report. How far they reach back is not said.
ORDER_DAYS = TimedPeriod("DAY", 30, pendulum.duration(months=24))

RETURN_DAYS = TimedPeriod("DAY", 60, pendulum.duration(months=24))

#: How often Amazon makes a report anew (section 0.5).
NEAR_REAL_TIME = timedelta(minutes=30)
REMOVALS = timedelta(hours=2)
DAILY = timedelta(hours=4)

NORTH_AMERICA = frozenset({"US", "CA", "MX", "BR"})


class SellerFulfilledShipments(ReportStream):
    """Lines of what Amazon shipped."""

    name = "seller_fulfilled_shipments"
    kind = "seller"
    report_type = "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL"
    flat = TABS
    row_keys = ("shipment_id", "shipment_item_id")
    replication_key = "shipment_date"
    calendars = FBA_DAYS
    regenerates = NEAR_REAL_TIME
    roles = (PRICING, AMAZON_FULFILLMENT, INVENTORY_AND_ORDERS)


class SellerOrdersByOrderDate(ReportStream):
    """Lines of all orders, by the day of the order."""

    name = "seller_orders_by_order_date"
    kind = "seller"
    report_type = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
    flat = NUMBERED
    row_keys = ("amazon_order_id", "sku", OCCURRENCE)
    replication_key = "purchase_date"
    calendars = ORDER_DAYS
    roles = (PRICING, AMAZON_FULFILLMENT, INVENTORY_AND_ORDERS, SHIPPING)


class SellerOrdersByLastUpdate(ReportStream):
    """Lines of all orders, by the day of their last change: a change brings them again, so little is read twice."""

    name = "seller_orders_by_last_update"
    kind = "seller"
    report_type = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
    flat = NUMBERED
    row_keys = ("amazon_order_id", "sku", OCCURRENCE)
    replication_key = "last_updated_date"
    calendars = replace(ORDER_DAYS, restated_days=2)
    roles = (PRODUCT_LISTING, AMAZON_FULFILLMENT, INVENTORY_AND_ORDERS, SHIPPING)


class SellerCustomerReturns(ReportStream):
    """Units that came back to Amazon."""

    name = "seller_customer_returns"
    kind = "seller"
    report_type = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
    flat = NUMBERED
    row_keys = ("license_plate_number", "order_id", "sku", "return_date", "fnsku", OCCURRENCE)
    replication_key = "return_date"
    calendars = FBA_DAYS
    regenerates = DAILY
    roles = (PRICING, AMAZON_FULFILLMENT)


class SellerReturnsByReturnDate(ReportStream):
    """Returns to the seller."""

    name = "seller_returns_by_return_date"
    kind = "seller"
    report_type = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
    flat = TABS
    row_keys = ("order_id", "amazon_rma_id", "merchant_sku")
    replication_key = "return_request_date"
    calendars = RETURN_DAYS
    roles = (INVENTORY_AND_ORDERS, SHIPPING)


class SellerShipmentSales(ReportStream):
    """Units that Amazon shipped, without personal data."""

    name = "seller_shipment_sales"
    kind = "seller"
    report_type = "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA"
    flat = NUMBERED
    row_keys = ("amazon_order_id", "sku", "shipment_date", "fulfillment_center_id", OCCURRENCE)
    replication_key = "shipment_date"
    calendars = FBA_DAYS
    regenerates = NEAR_REAL_TIME
    roles = (AMAZON_FULFILLMENT,)


class SellerReplacements(ReportStream):
    """Units sent in place of others. Amazon has changed the name of a column."""

    name = "seller_replacements"
    kind = "seller"
    report_type = "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA"
    flat = FlatFile(headers={"replacement-amazon-order-id": "replacement_customer_order_id"})
    row_keys = ("replacement_customer_order_id", "sku")
    replication_key = "shipment_date"
    calendars = FBA_DAYS
    regenerates = DAILY
    roles = (AMAZON_FULFILLMENT,)
    countries = NORTH_AMERICA | {"IN"}


class SellerShipmentPromotions(ReportStream):
    """Promotions on lines of shipments."""

    name = "seller_shipment_promotions"
    kind = "seller"
    report_type = "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_PROMOTION_DATA"
    flat = TABS
    row_keys = ("shipment_item_id", "item_promotion_id")
    replication_key = "shipment_date"
    calendars = FBA_DAYS
    regenerates = DAILY
    roles = (PRICING, AMAZON_FULFILLMENT)
    countries = NORTH_AMERICA


class SellerRemovalOrders(ReportStream):
    """Products of removal orders."""

    name = "seller_removal_orders"
    kind = "seller"
    report_type = "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA"
    flat = TABS
    row_keys = ("order_id", "sku", "fnsku", "disposition")
    replication_key = "last_updated_date"
    calendars = FBA_DAYS
    regenerates = REMOVALS
    roles = (PRICING, AMAZON_FULFILLMENT)


class SellerRemovalShipments(ReportStream):
    """Products of shipments of removal orders."""

    name = "seller_removal_shipments"
    kind = "seller"
    report_type = "GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA"
    flat = TABS
    row_keys = ("order_id", "shipment_date", "sku", "tracking_number", "disposition")
    replication_key = "shipment_date"
    calendars = FBA_DAYS
    regenerates = REMOVALS
    roles = (PRICING, AMAZON_FULFILLMENT)


STREAMS = (
    SellerFulfilledShipments,
    SellerOrdersByOrderDate,
    SellerOrdersByLastUpdate,
    SellerCustomerReturns,
    SellerReturnsByReturnDate,
    SellerShipmentSales,
    SellerReplacements,
    SellerShipmentPromotions,
    SellerRemovalOrders,
    SellerRemovalShipments,
)
