"""Integrations: what retail procurement reads back (docs/amazon/vendor-apis.md#purchase-orders)."""

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

STATUSES = Listing(
    Operation("getPurchaseOrdersStatus", "GET", "/vendor/orders/v1/purchaseOrdersStatus", 10, 10),
    elements="payload.ordersStatus",
    next_token="payload.pagination.nextToken",  # noqa: S106  # no secret
    identifiers=("purchaseOrderNumber",),
    ranges=(("updatedAfter", "updatedBefore"),),
    time=CHANGES,
    roles=ROLES,
    parameters={"limit": "100"},
)

#: The model has no filter for changes: each of these brings what happened in one way.
SHIPMENTS = Listing(
    Operation("GetShipmentDetails", "GET", "/vendor/shipping/v1/shipments", 10, 10),
    elements="payload.shipments",
    next_token="payload.pagination.nextToken",  # noqa: S106  # no secret
    identifiers=("vendorShipmentIdentifier",),
    ranges=(
        ("createdAfter", "createdBefore"),
        ("shipmentConfirmedAfter", "shipmentConfirmedBefore"),
        ("packageLabelCreatedAfter", "packageLabelCreatedBefore"),
        ("shippedAfter", "shippedBefore"),
        ("shipmentDeliveryAfter", "shipmentDeliveryBefore"),
    ),
    time=CREATIONS,
    roles=ROLES,
    parameters={"limit": "50"},
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
    PagedRows(
        name="vendor_purchase_order_statuses",
        listing=STATUSES,
        key_columns=("purchase_order_number",),
        replication_key="last_updated_date",
    ),
    PagedRows(
        name="vendor_purchase_order_status_items",
        listing=STATUSES,
        path=("itemStatus",),
        inherits=("purchaseOrderNumber", "lastUpdatedDate"),
        key_columns=("purchase_order_number", "item_sequence_number"),
        replication_key="last_updated_date",
    ),
    PagedRows(
        name="vendor_shipments",
        listing=SHIPMENTS,
        key_columns=("vendor_shipment_identifier",),
    ),
    PagedRows(
        name="vendor_shipment_items",
        listing=SHIPMENTS,
        path=("purchaseOrders", "items"),
        inherits=("vendorShipmentIdentifier", "transactionDate", "purchaseOrderNumber", "purchaseOrderDate"),
        key_columns=("vendor_shipment_identifier", "purchase_order_number", "item_sequence_number"),
    ),
    PagedRows(
        name="vendor_shipment_containers",
        listing=SHIPMENTS,
        path=("containers",),
        inherits=("vendorShipmentIdentifier", "transactionDate"),
        place="containerNumber",
        key_columns=("vendor_shipment_identifier", "container_number"),
    ),
)
