"""The reading operations of direct fulfilment 2021-12-28 (docs/amazon/vendor-apis.md#direct-fulfilment and the models).

All answers hold buyers' names and addresses, so each call needs a restricted data token.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from amazon_sandbox import errors
from amazon_sandbox.accounts import DIRECT_TO_CONSUMER_SHIPPING
from amazon_sandbox.api import Answer, ApiCall, Operation
from amazon_sandbox.data.catalogue import iso
from amazon_sandbox.data.direct import LONGEST_LIFE, invoice_as_json, label_as_json, order_as_json, slip_as_json
from amazon_sandbox.listing import choice, flag, page, window
from amazon_sandbox.vendor_orders_api import SORT_ORDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from amazon_sandbox.amazon import Sandbox
    from amazon_sandbox.api import Handler
    from amazon_sandbox.data.catalogue import Row
    from amazon_sandbox.data.direct import DirectOrder

MOST = 100
STATUSES = ("NEW", "SHIPPED", "ACCEPTED", "CANCELLED")
NUMBER = re.compile(r"[0-9A-Za-z]+")
DATES = ("createdAfter", "createdBefore")
# What is made of an order, under the name of its list.
PAPERS: dict[str, Callable[[DirectOrder], Row]] = {
    "shippingLabels": label_as_json,
    "packingSlips": slip_as_json,
    "customerInvoices": invoice_as_json,
}


def get_orders(sandbox: Sandbox, call: ApiCall) -> Answer:
    """List the orders of customers that were placed in a window."""
    status = choice(call, "status", STATUSES)
    whole = flag(call, "includeDetails", default=True)

    def fits(order: DirectOrder, now: datetime) -> bool:
        return status is None or order.status(now) == status

    def row(order: DirectOrder) -> Row:
        return order_as_json(order, call.now) if whole else {"purchaseOrderNumber": order.number}

    return _list(sandbox, call, "orders", lambda order: order.placed, row, fits)


def get_order(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Tell of one order of a customer."""
    return Answer(200, order_as_json(_order(sandbox, call), call.now))


def get_papers(kind: str, sandbox: Sandbox, call: ApiCall) -> Answer:
    """List the labels, packing slips or invoices that became available in a window."""
    return _list(sandbox, call, kind, lambda order: order.available(kind), PAPERS[kind])


def get_paper(kind: str, sandbox: Sandbox, call: ApiCall) -> Answer:
    """Give one label, packing slip or invoice."""
    order = _order(sandbox, call)
    available = order.available(kind)
    if available is None or available > call.now:
        raise errors.not_found(what="Document")
    return Answer(200, PAPERS[kind](order))


def _list(  # noqa: PLR0913, PLR0917 - what tells one list from another
    sandbox: Sandbox,
    call: ApiCall,
    name: str,
    dated: Callable[[DirectOrder], datetime | None],
    row: Callable[[DirectOrder], Row],
    fits: Callable[[DirectOrder, datetime], bool] = lambda _order, _now: True,
) -> Answer:
    """Answer with one page of a list, by the date of its records."""
    size = call.size("limit", MOST, MOST)
    newest_first = choice(call, "sortOrder", SORT_ORDERS, "ASC") == "DESC"
    asked = window(call, *DATES, required=True)
    warehouse = call.query.get("shipFromPartyId")

    def listed(now: datetime) -> Iterator[DirectOrder]:
        if asked is None:
            return
        for order in sandbox.data.direct_orders(call.account).placed(asked.start - LONGEST_LIFE, asked.end):
            moment = dated(order)
            if (
                moment is not None
                and moment in asked
                and moment <= now
                and warehouse in {None, order.warehouse}
                and fits(order, now)
            ):
                yield order

    found = page(sandbox, call, listed, partial(_place, dated), size, newest_first=newest_first)
    return Answer(200, {"pagination": found.pagination, name: [row(order) for order in found.records]})


def _place(dated: Callable[[DirectOrder], datetime | None], order: DirectOrder) -> tuple[str, ...]:
    moment = dated(order)
    return ("" if moment is None else iso(moment), order.number)


def _order(sandbox: Sandbox, call: ApiCall) -> DirectOrder:
    number = call.ids["purchaseOrderNumber"]
    if not NUMBER.fullmatch(number):
        raise errors.invalid_input(details="Invalid input in purchaseOrderNumber")
    order = sandbox.data.direct_orders(call.account).find(number, call.now)
    if order is None:
        raise errors.not_found(what="Purchase order")
    return order


def _operation(name: str, path: str, handler: Handler, query: tuple[str, ...] = ()) -> Operation:
    return Operation(
        name,
        "GET",
        f"/vendor/directFulfillment/{path}",
        handler,
        query,
        kind="vendor",
        roles=(DIRECT_TO_CONSUMER_SHIPPING,),
        restricted=True,
    )


_ORDERS, _SHIPPING = "orders/2021-12-28/purchaseOrders", "shipping/2021-12-28"
_LISTED = ("shipFromPartyId", "limit", *DATES, "sortOrder", "nextToken")

OPERATIONS: tuple[Operation, ...] = (
    _operation("getOrders", _ORDERS, get_orders, (*_LISTED, "status", "includeDetails")),
    _operation("getOrder", f"{_ORDERS}/<purchaseOrderNumber>", get_order),
    *(
        _operation(f"get{kind[0].upper()}{kind[1:]}", f"{_SHIPPING}/{kind}", partial(get_papers, kind), _LISTED)
        for kind in PAPERS
    ),
    *(
        _operation(
            f"get{kind[0].upper()}{kind[1:-1]}",
            f"{_SHIPPING}/{kind}/<purchaseOrderNumber>",
            partial(get_paper, kind),
        )
        for kind in PAPERS
    ),
)
