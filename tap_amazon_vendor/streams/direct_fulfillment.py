"""Integrations: what a vendor ships to customers, version 2021-12-28 (docs/amazon/vendor-apis.md#direct-fulfilment)."""

from __future__ import annotations

from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.reports.roles import SHIPPING
from tap_amazon_vendor.streams.paged import Listing, PagedRows
from tap_amazon_vendor.streams.procurement import CREATIONS

_ORDERS = "/vendor/directFulfillment/orders/2021-12-28"
_SHIPPING = "/vendor/directFulfillment/shipping/2021-12-28"


def _listing(operation: str, path: str, elements: str) -> Listing:
    """Return a listing by time of creation, the only one there is here."""
    return Listing(
        Operation(operation, "GET", path, 10, 10),
        elements=elements,
        next_token="pagination.nextToken",  # noqa: S106  # no secret
        identifiers=("purchaseOrderNumber",),
        ranges=(("createdAfter", "createdBefore"),),
        time=CREATIONS,
        roles=(SHIPPING,),
        parameters={"limit": "100"},
        restricted=True,
    )


ORDERS = _listing("getOrders", f"{_ORDERS}/purchaseOrders", "orders")
LABELS = _listing("getShippingLabels", f"{_SHIPPING}/shippingLabels", "shippingLabels")
PACKING_SLIPS = _listing("getPackingSlips", f"{_SHIPPING}/packingSlips", "packingSlips")
CUSTOMER_INVOICES = _listing("getCustomerInvoices", f"{_SHIPPING}/customerInvoices", "customerInvoices")

STREAMS = (
    PagedRows(
        name="vendor_direct_orders",
        listing=ORDERS,
        key_columns=("purchase_order_number",),
    ),
    PagedRows(
        name="vendor_direct_order_items",
        listing=ORDERS,
        path=("orderDetails", "items"),
        inherits=("purchaseOrderNumber",),
        key_columns=("purchase_order_number", "item_sequence_number"),
    ),
    PagedRows(
        name="vendor_direct_shipping_labels",
        listing=LABELS,
        path=("labelData",),
        inherits=("purchaseOrderNumber", "labelFormat", "sellingParty", "shipFromParty"),
        place="packageNumber",
        key_columns=("purchase_order_number", "package_number"),
        contents=("content",),
    ),
    PagedRows(
        name="vendor_direct_packing_slips",
        listing=PACKING_SLIPS,
        key_columns=("purchase_order_number",),
        contents=("content",),
    ),
    PagedRows(
        name="vendor_direct_customer_invoices",
        listing=CUSTOMER_INVOICES,
        key_columns=("purchase_order_number",),
        contents=("content",),
    ),
)
