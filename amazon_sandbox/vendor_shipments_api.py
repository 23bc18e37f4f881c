"""The list of shipments of the Vendor Shipments API v1 (docs/amazon/vendor-apis.md#shipments and the model)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_sandbox.api import Answer, ApiCall, Operation
from amazon_sandbox.data.catalogue import iso
from amazon_sandbox.data.shipments import STATUSES, as_json, of_order, shipments
from amazon_sandbox.listing import OLDEST, Window, choice, page, window
from amazon_sandbox.vendor_orders_api import ROLES, SORT_ORDERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from amazon_sandbox.amazon import Sandbox
    from amazon_sandbox.data.catalogue import Row
    from amazon_sandbox.data.shipments import Shipment

MOST_SHIPMENTS = 50
# How long after one of its dates another one may be.
SPREAD = timedelta(days=10)

# A pair of parameters, and the field that it is about: in the shipment, its transport or its pick-up.
DATES = {
    "created": ("shipmentCreateDate",),
    "shipmentConfirmed": ("shipmentConfirmDate",),
    "packageLabelCreated": ("packageLabelCreateDate",),
    "shipped": ("transportationDetails", "shippedDate"),
    "estimatedDelivery": ("transportationDetails", "estimatedDeliveryDate"),
    "shipmentDelivery": ("transportationDetails", "shipmentDeliveryDate"),
    "requestedPickUp": ("collectFreightPickupDetails", "requestedPickUp"),
    "scheduledPickUp": ("collectFreightPickupDetails", "scheduledPickUp"),
}
# What else is filtered by, and the field.
WORDS = {
    "currentShipmentStatus": ("currentShipmentStatus",),
    "vendorShipmentIdentifier": ("vendorShipmentIdentifier",),
    "buyerReferenceNumber": ("buyerReferenceNumber",),
    "buyerWarehouseCode": ("shipToParty", "partyId"),
    # The model says so, though its name says otherwise.
    "sellerWarehouseCode": ("sellingParty", "partyId"),
}


def get_shipment_details(sandbox: Sandbox, call: ApiCall) -> Answer:
    """List shipments by any of their dates; without a date those of the last six months."""
    size = call.size("limit", MOST_SHIPMENTS, MOST_SHIPMENTS)
    newest_first = choice(call, "sortOrder", SORT_ORDERS, "DESC") == "DESC"
    choice(call, "currentShipmentStatus", STATUSES)
    windows = {
        name: asked
        for name in DATES
        if (asked := window(call, f"{name}After", f"{name}Before", widest=None, oldest=None)) is not None
    }

    def listed(now: datetime) -> Iterator[Shipment]:
        ranges = {
            name: replace(asked, end=now) if f"{name}Before" not in call.query else asked
            for name, asked in windows.items()
        }
        for shipment in _candidates(sandbox, call, ranges, now):
            if shipment.created <= now and _fits(as_json(shipment, now), call, ranges):
                yield shipment

    found = page(sandbox, call, listed, _place, size, newest_first=newest_first)
    rows = [as_json(shipment, call.now) for shipment in found.records]
    return Answer(200, {"payload": {"pagination": found.pagination, "shipments": rows}})


def _candidates(sandbox: Sandbox, call: ApiCall, ranges: dict[str, Window], now: datetime) -> Iterator[Shipment]:
    procurement = sandbox.data.procurement(call.account)
    identifier = call.query.get("vendorShipmentIdentifier")
    if identifier is not None:
        order = procurement.find(identifier[:8].upper(), now)
        yield from () if order is None else of_order(order)
        return
    start = max((each.start for each in ranges.values()), default=now - OLDEST)
    end = min((each.end for each in ranges.values()), default=now)
    yield from shipments(procurement, start - SPREAD, end + SPREAD)


def _fits(row: Row, call: ApiCall, ranges: dict[str, Window]) -> bool:
    for name, asked in ranges.items():
        found = _field(row, DATES[name])
        if found is None or not iso(asked.start) <= found < iso(asked.end):
            return False
    return all(call.query.get(name, found := _field(row, path)) == found for name, path in WORDS.items())


def _field(row: Row, path: tuple[str, ...]) -> str | None:
    for name in path[:-1]:
        row = row.get(name, {})
    return row.get(path[-1])


def _place(shipment: Shipment) -> tuple[str, ...]:
    return iso(shipment.created), shipment.identifier


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GetShipmentDetails",
        "GET",
        "/vendor/shipping/v1/shipments",
        get_shipment_details,
        ("limit", "sortOrder", "nextToken", *(f"{name}{end}" for name in DATES for end in ("After", "Before")), *WORDS),
        kind="vendor",
        roles=ROLES,
    ),
)
