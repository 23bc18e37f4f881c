"""The list call of the Vendor Orders API v1 (docs/amazon/other-apis.md#getpurchaseorders and the model).

No vendor group of the sandbox has orders yet: the call tells whether the role is there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_sandbox import errors
from amazon_sandbox.accounts import AMAZON_FULFILLMENT, INVENTORY_AND_ORDER_TRACKING
from amazon_sandbox.api import Answer, ApiCall, Operation

if TYPE_CHECKING:
    from amazon_sandbox.amazon import Sandbox

MOST_ORDERS = 100
WIDEST = timedelta(days=7)
OLDEST = timedelta(days=183)


def get_purchase_orders(_sandbox: Sandbox, call: ApiCall) -> Answer:
    """List the purchase orders of a window of at most 7 days, six months back."""
    call.size("limit", MOST_ORDERS, MOST_ORDERS)
    for name in ("created", "changed"):
        after, before = call.moment(f"{name}After"), call.moment(f"{name}Before")
        if after is not None and (after < call.now - OLDEST or (before or call.now) - after > WIDEST):
            raise errors.invalid_input()
    return Answer(200, {"payload": {"pagination": {}, "orders": []}})


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "getPurchaseOrders",
        "GET",
        "/vendor/orders/v1/purchaseOrders",
        get_purchase_orders,
        (
            *("limit", "createdAfter", "createdBefore", "sortOrder", "nextToken", "includeDetails", "changedAfter"),
            *("changedBefore", "poItemState", "isPOChanged", "purchaseOrderState", "orderingVendorCode"),
        ),
        kind="vendor",
        roles=(AMAZON_FULFILLMENT, INVENTORY_AND_ORDER_TRACKING),
    ),
)
