"""Integrations: what retail procurement reads back (docs/amazon/other-apis.md#retail-procurement)."""

from __future__ import annotations

from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.reports.roles import AMAZON_FULFILLMENT, INVENTORY_AND_ORDERS
from tap_amazon_vendor.streams.paged import Listing, PagedRows, RereadHours

ROLES = (AMAZON_FULFILLMENT, INVENTORY_AND_ORDERS)

#: A window and its overlap are exactly the seven days that Amazon allows, or less; six months back. What changed is
#: found when it changes: only the last window is read again.
CHANGES = RereadHours(span=7 * 24 - 1, look_back=180 * 24, late=0, most=7)

#: Found by when it was created, or by what happened to it at most: read again as figures are that Amazon restates.
CREATIONS = RereadHours(span=7 * 24 - 1, look_back=180 * 24, late=0)

PURCHASE_ORDERS = Listing(
    Operation("getPurchaseOrders", "GET", "/vendor/orders/v1/purchaseOrders", 10, 10),
    elements="payload.orders",
    next_token="payload.pagination.nextToken",  # noqa: S106  # no secret
    identifiers=("purchaseOrderNumber",),
    ranges=(("changedAfter", "changedBefore"),),
    time=CHANGES,
    roles=ROLES,
    parameters={"limit": "100"},
)

STREAMS = (
    PagedRows(
        name="vendor_purchase_orders",
        listing=PURCHASE_ORDERS,
        key_columns=("purchase_order_number",),
    ),
    PagedRows(
        name="vendor_purchase_order_items",
        listing=PURCHASE_ORDERS,
        path=("orderDetails", "items"),
        inherits=("purchaseOrderNumber",),
        key_columns=("purchase_order_number", "item_sequence_number"),
    ),
)
