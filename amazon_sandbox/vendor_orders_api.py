"""The reading operations of the Vendor Orders API v1 (docs/amazon/other-apis.md#getpurchaseorders and the model)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from amazon_sandbox import errors
from amazon_sandbox.accounts import AMAZON_FULFILLMENT, INVENTORY_AND_ORDER_TRACKING
from amazon_sandbox.api import Answer, ApiCall, Operation
from amazon_sandbox.data.catalogue import iso
from amazon_sandbox.data.procurement import confirmation, order_as_json, receipt, status_as_json
from amazon_sandbox.listing import WIDEST, Window, choice, flag, page, window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from amazon_sandbox.amazon import Sandbox
    from amazon_sandbox.data.procurement import PurchaseOrder

MOST_ORDERS = 100
ROLES = (AMAZON_FULFILLMENT, INVENTORY_AND_ORDER_TRACKING)
STATES = ("New", "Acknowledged", "Closed")
STATUSES = ("OPEN", "CLOSED")
CONFIRMATIONS = ("ACCEPTED", "PARTIALLY_ACCEPTED", "REJECTED", "UNCONFIRMED")
RECEIPTS = ("NOT_RECEIVED", "PARTIALLY_RECEIVED", "RECEIVED")
SORT_ORDERS = ("ASC", "DESC")
NUMBER = re.compile(r"[0-9A-Za-z]{8}")


def get_purchase_orders(sandbox: Sandbox, call: ApiCall) -> Answer:
    """List the purchase orders that were placed or changed in a window.

    An order that never changed counts as changed when it was placed: whether Amazon's
    changedAfter finds it is not documented.
    """
    size = call.size("limit", MOST_ORDERS, MOST_ORDERS)
    state = choice(call, "purchaseOrderState", STATES)
    cancelled = choice(call, "poItemState", ("Cancelled",))
    only_changed = flag(call, "isPOChanged", default=False)
    whole = flag(call, "includeDetails", default=True)
    code = call.query.get("orderingVendorCode")
    newest_first = _newest_first(sandbox, call)
    windows = _windows(call, "created", "changed")

    def listed(now: datetime) -> Iterator[PurchaseOrder]:
        created, changed = _at(windows, call, now)
        for order in _placed(sandbox, call, created, changed, now):
            if (
                (changed is None or order.changed_at(now) in changed)
                and (state is None or order.state(now)[0] == state)
                and (cancelled is None or order.has_cancelled_items(now))
                and (not only_changed or order.changed_at(now) > order.placed)
                and code in {None, order.vendor_code}
            ):
                yield order

    found = page(sandbox, call, listed, _place, size, newest_first=newest_first)
    orders = [order_as_json(order, call.now) for order in found.records]
    if not whole:
        orders = [{name: row[name] for name in row if name != "orderDetails"} for row in orders]
    return Answer(200, {"payload": {"pagination": found.pagination, "orders": orders}})


def get_purchase_order(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Tell of one purchase order."""
    number = call.ids["purchaseOrderNumber"]
    if not NUMBER.fullmatch(number):
        raise errors.invalid_input(details="Invalid input in purchaseOrderNumber")
    order = sandbox.data.procurement(call.account).find(number.upper(), call.now)
    if order is None:
        raise errors.not_found(what="Purchase order")
    return Answer(200, {"payload": order_as_json(order, call.now)})


def get_purchase_orders_status(sandbox: Sandbox, call: ApiCall) -> Answer:
    """List how purchase orders stand that were placed or updated in a window."""
    size = call.size("limit", MOST_ORDERS, MOST_ORDERS)
    status = choice(call, "purchaseOrderStatus", STATUSES)
    confirmed = choice(call, "itemConfirmationStatus", CONFIRMATIONS)
    received = choice(call, "itemReceiveStatus", RECEIPTS)
    newest_first = _newest_first(sandbox, call)
    windows = _windows(call, "created", "updated")
    query = call.query

    def listed(now: datetime) -> Iterator[PurchaseOrder]:
        created, updated = _at(windows, call, now)
        for order in _numbered(sandbox, call, created, updated, now):
            if (
                (updated is None or order.updated_at(now) in updated)
                and (status is None or status == ("CLOSED" if now >= order.closed else "OPEN"))
                and (confirmed is None or confirmed in {confirmation(order, line, now) for line in order.lines})
                and (received is None or received in {receipt(order, line, now) for line in order.lines})
                and query.get("orderingVendorCode") in {None, order.vendor_code}
                and query.get("shipToPartyId") in {None, order.center}
            ):
                yield order

    found = page(sandbox, call, listed, _place, size, newest_first=newest_first)
    statuses = [status_as_json(order, call.now) for order in found.records]
    return Answer(200, {"payload": {"pagination": found.pagination, "ordersStatus": statuses}})


def _windows(call: ApiCall, *names: str) -> tuple[Window | None, ...]:
    return tuple(window(call, f"{name}After", f"{name}Before") for name in names)


def _at(windows: tuple[Window | None, ...], call: ApiCall, now: datetime) -> tuple[Window | None, ...]:
    """The windows as of the call that began the list: without an end they end there."""
    return tuple(replace(each, end=now) if each is not None and each.end == call.now else each for each in windows)


def _numbered(
    sandbox: Sandbox, call: ApiCall, created: Window | None, other: Window | None, now: datetime
) -> Iterator[PurchaseOrder]:
    number = call.query.get("purchaseOrderNumber")
    if number is None:
        yield from _placed(sandbox, call, created, other, now)
        return
    order = sandbox.data.procurement(call.account).find(number.upper(), now)
    if order is not None and (created is None or order.placed in created):
        yield order


def _placed(
    sandbox: Sandbox, call: ApiCall, created: Window | None, other: Window | None, now: datetime
) -> Iterator[PurchaseOrder]:
    """The orders that a window may concern; without any window those of the last seven days."""
    widest = created or other or Window(now - WIDEST, now)
    if created is None and other is None:
        created = widest
    for order in sandbox.data.procurement(call.account).between(widest.start, widest.end):
        if order.placed <= now and (created is None or order.placed in created):
            yield order


def _newest_first(sandbox: Sandbox, call: ApiCall) -> bool:
    order = choice(call, "sortOrder", SORT_ORDERS, "DESC")
    if order == "ASC" and sandbox.faults.strike({"ascending_refused"}):
        raise errors.invalid_input()
    return order == "DESC"


def _place(order: PurchaseOrder) -> tuple[str, ...]:
    return iso(order.placed), order.number


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
        roles=ROLES,
    ),
    Operation(
        "getPurchaseOrder",
        "GET",
        "/vendor/orders/v1/purchaseOrders/<purchaseOrderNumber>",
        get_purchase_order,
        kind="vendor",
        roles=ROLES,
    ),
    Operation(
        "getPurchaseOrdersStatus",
        "GET",
        "/vendor/orders/v1/purchaseOrdersStatus",
        get_purchase_orders_status,
        (
            *("limit", "sortOrder", "nextToken", "createdAfter", "createdBefore", "updatedAfter", "updatedBefore"),
            *("purchaseOrderNumber", "purchaseOrderStatus", "itemConfirmationStatus", "itemReceiveStatus"),
            *("orderingVendorCode", "shipToPartyId"),
        ),
        kind="vendor",
        roles=ROLES,
    ),
)
