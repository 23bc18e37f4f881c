"""Flat files about stock that goes back to the seller, or came with problems.

See docs/amazon/seller-reports.md#fees-and-removals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import code, moment_of
from amazon_sandbox.data.orders import CARRIERS, centers_of, columns_of, end_of, fnsku, sku, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_sandbox.data.catalogue import Catalogue, Product, Query
    from amazon_sandbox.data.tables import Line

SLOWEST_REMOVAL = timedelta(days=11)


@dataclass(frozen=True)
class RemovedLine:
    """One product of a removal order.

    Attributes:
        product: The product.
        disposition: Sellable or Unsellable.
        quantity: Units that the seller wants removed.
        cancelled: Units of these that stay.
    """

    product: Product
    disposition: str
    quantity: int
    cancelled: int

    @property
    def kept(self) -> int:
        """Units that are removed."""
        return self.quantity - self.cancelled


@dataclass(frozen=True)
class Removal:
    """A seller takes stock back, or has it disposed of.

    Attributes:
        bits: Its own randomness.
        requested_at: When the seller asks for it.
        shipped_at: When that is done.
        order_id: Its name, Amazon's or the seller's own.
        kind: Return or Disposal.
        lines: What is removed.
    """

    bits: int
    requested_at: datetime
    shipped_at: datetime
    order_id: str
    kind: str
    lines: tuple[RemovedLine, ...]


def removal_orders(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA, by request-date; its state is today's."""
    known = moment_of(query.as_of)
    for removal in _removals(catalogue, query, timedelta(0)):
        if not within(removal.requested_at, query):
            continue
        done = removal.shipped_at <= known
        for line in removal.lines:
            yield {
                "request-date": removal.requested_at,
                "order-id": removal.order_id,
                "order-source": "Seller-initiated Manual Removal",
                "order-type": removal.kind,
                "service-speed": "Standard",
                "order-status": "Completed" if done else "Pending",
                "last-updated-date": removal.shipped_at if done else removal.requested_at,
                "sku": sku(line.product),
                "fnsku": fnsku(line.product),
                "disposition": line.disposition,
                "requested-quantity": line.quantity,
                "cancelled-quantity": line.cancelled if done else 0,
                "disposed-quantity": line.kept if done and removal.kind == "Disposal" else 0,
                "shipped-quantity": line.kept if done and removal.kind == "Return" else 0,
                "in-process-quantity": 0 if done else line.quantity,
                "removal-fee": catalogue.amount(line.kept * 97) if done else None,
                "currency": catalogue.currency if done else None,
            }


def removal_shipments(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA: without what was cancelled or disposed of."""
    for removal, line in removals_shipped(catalogue, query):
        yield {
            "request-date": removal.requested_at,
            "order-id": removal.order_id,
            "shipment-date": removal.shipped_at,
            "sku": sku(line.product),
            "fnsku": fnsku(line.product),
            "disposition": line.disposition,
            "shipped-quantity": line.kept,
            "carrier": CARRIERS[removal.bits % len(CARRIERS)],
            "tracking-number": f"1Z{code(removal.bits, 16)}",
            "removal-order-type": removal.kind,
        }


def removals_shipped(catalogue: Catalogue, query: Query) -> Iterator[tuple[Removal, RemovedLine]]:
    """What was sent back to the seller in the range and is known to be."""
    known = moment_of(query.as_of)
    for removal in _removals(catalogue, query, SLOWEST_REMOVAL):
        if removal.kind == "Return" and within(removal.shipped_at, query) and removal.shipped_at <= known:
            for line in removal.lines:
                if line.kept:
                    yield removal, line


def _removals(catalogue: Catalogue, query: Query, slowest: timedelta) -> Iterator[Removal]:
    """The removal orders since before the range; every third day has one."""
    day = (moment_of(query.start) - slowest).date()
    last = min(end_of(query), moment_of(query.as_of)).date()
    while day <= last:
        bits = mix(mix(catalogue.key ^ day.toordinal()) ^ 0x4E40)
        if bits % 3 == 0 and (query.first_day is None or day >= query.first_day):
            removal = _removal(catalogue, day, bits)
            if removal.requested_at <= moment_of(query.as_of):
                yield removal
        day += timedelta(days=1)


def _removal(catalogue: Catalogue, day: date, bits: int) -> Removal:
    requested_at = moment_of(day) + timedelta(seconds=bits >> 8 & 65_535)
    products = {catalogue.products[mix(bits + number) % len(catalogue.products)] for number in range(3)}
    return Removal(
        bits=bits,
        requested_at=requested_at,
        shipped_at=requested_at + timedelta(days=2 + (bits >> 24 & 7), minutes=bits >> 27 & 511),
        # The seller chooses the name of a removal order, if it likes.
        order_id=f"Spring cleaning {day:%d.%m.%y}" if bits >> 40 & 3 == 0 else code(bits, 10),
        kind="Disposal" if bits >> 42 & 3 == 0 else "Return",
        lines=tuple(
            RemovedLine(
                product=product,
                disposition="Unsellable" if product.key & 1 else "Sellable",
                quantity=1 + (mix(bits + product.key) & 15),
                cancelled=mix(bits + product.key) >> 4 & 1,
            )
            for product in sorted(products, key=lambda product: product.asin)
        ),
    )


def inbound_noncompliance(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_FULFILLMENT_INBOUND_NONCOMPLIANCE_DATA: what was wrong with the stock that the seller sent in."""
    day, last = moment_of(query.start).date(), min(end_of(query).date(), query.today - timedelta(days=1))
    while day <= last:
        bits = mix(catalogue.key ^ day.toordinal() << 8)
        product = catalogue.products[bits % len(catalogue.products)]
        if bits >> 8 & 3 == 0 and (query.first_day is None or day >= query.first_day):
            units, missing = 1 + (bits >> 10 & 7), bits >> 13 & 1
            yield {
                **columns_of(product),
                "issue-reported-date": day,
                "shipment-creation-date": day - timedelta(days=4 + (bits >> 14 & 3)),
                "fba-shipment-id": f"FBA{code(bits, 9)}",
                "fba-carton-id": f"FBA{code(bits, 9)}U{bits >> 20 & 31:06d}" if bits & 1 else None,
                "fulfillment-center-id": centers_of(catalogue.country)[0],
                "problem-type": ("Barcode missing", "Quantity mismatch")[missing],
                "problem-quantity": units,
                "expected-quantity": 50,
                "received-quantity": 50 - units * missing,
                "performance-measurement-unit": "Units",
                "coaching-level": "Standard",
                "fee-type": None if missing else "Labeling",
                "currency": catalogue.currency,
                "fee-total": catalogue.amount(0 if missing else units * 20),
                "problem-level": "Item",
                "alert-status": "Active",
            }
        day += timedelta(days=1)
