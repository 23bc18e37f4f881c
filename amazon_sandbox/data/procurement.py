"""What Amazon orders from a vendor: the orders behind what the warehouse receives (`warehouse.py`).

All that is delivered on a day under a vendor code was ordered in one purchase order some weeks
before, so what the orders say was received is what the inventory report of that day says
(the sourcing view, before what went back). A further order now and then comes to nothing.

An order is a pure function of the seed; what is known of it at a moment follows from its
dates. It is placed, changed by Amazon perhaps, acknowledged, received, closed, and some
orders change once more when they are more than a month old.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from amazon_sandbox.accounts import MARKETPLACES
from amazon_sandbox.chance import derive, mix
from amazon_sandbox.data.catalogue import AGES, code, iso, settled
from amazon_sandbox.data.inventory import RECEIVED_PENDING
from amazon_sandbox.data.warehouse import Warehouse, promised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_sandbox.data.catalogue import Catalogue, Product, Row

# The hour (UTC) at which a truck is unloaded, the same day by the clocks of the region.
UNLOADING = {"na": 18, "eu": 10, "fe": 3}
CENTERS = {
    "na": ("PHX7", "LAS2", "ABE8", "ONT8", "MDW2"),
    "eu": ("LEJ1", "DTM2", "BHX4", "LTN4", "ORY4"),
    "fe": ("NRT5", "KIX2", "HND6", "BWU2"),
}

# How many days before and after its delivery an order can change.
LONGEST_LEAD, LONGEST_LIFE = 21, 50
CASE = 4

_IDS = 36**8
_SLOTS = 3
_FUTILE = 2


@dataclass(frozen=True)
class Line:
    """One item of a purchase order.

    Attributes:
        sequence: Its number in the order, from 1.
        product: What is ordered.
        bits: Its share of the randomness.
        size: Units in a case; 1 where single units are ordered.
        first: What was ordered at first, in cases or units.
        ordered: What is ordered after a change.
        accepted: What the vendor confirms.
        received: Units that arrive in the end.
    """

    sequence: int
    product: Product
    bits: int
    size: int
    first: int
    ordered: int
    accepted: int
    received: int

    @property
    def shipped(self) -> int:
        """Units that the vendor sends: what it confirmed, and never less than what arrives."""
        return max(self.accepted * self.size, self.received)


@dataclass(frozen=True)
class PurchaseOrder:
    """One purchase order with all that will ever happen to it.

    Attributes:
        number: Eight letters and digits.
        key: Its randomness.
        catalogue: Whose order it is.
        vendor_code: The vendor code that it is sent to.
        center: The fulfilment centre that wants it.
        due: The day of the delivery; None for an order that comes to nothing.
        day: The same, or the day on which the delivery should have been.
        placed: When Amazon placed it.
        acknowledged: When the vendor confirmed it.
        unloaded: When it arrives.
        closed: When it is closed.
        changed: When Amazon changed a quantity after placing it; None for never.
        cut: When Amazon cancels what has not come of the first item, a month and more later;
            None for never.
        lines: Its items.
    """

    number: str
    key: int
    catalogue: Catalogue
    vendor_code: str
    center: str
    due: date | None
    day: date
    placed: datetime
    acknowledged: datetime
    unloaded: datetime
    closed: datetime
    changed: datetime | None
    cut: datetime | None
    lines: tuple[Line, ...]

    @property
    def shipped(self) -> bool:
        """Whether anything will ever be sent."""
        return self.due is not None

    def state(self, now: datetime) -> tuple[str, datetime]:
        """The purchaseOrderState, and since when."""
        if now >= self.closed:
            return "Closed", self.closed
        if now >= self.acknowledged:
            return "Acknowledged", self.acknowledged
        return "New", self.placed

    def changed_at(self, now: datetime) -> datetime:
        """When the order last changed; when it was placed, if it did not."""
        moments = (self.changed, self.acknowledged, self.closed, self.cut)
        return max((moment for moment in moments if moment is not None and moment <= now), default=self.placed)

    def updated_at(self, now: datetime) -> datetime:
        """When its status was last updated, what was received included."""
        if not self.shipped or now < self.unloaded:
            return self.changed_at(now)
        counted = self.unloaded
        midnight = datetime.combine(self.day, time(), timezone.utc)
        for age in AGES:
            moment = midnight + timedelta(days=age)
            if moment <= now and any(
                line.received and self.received(line, moment) != self.received(line, moment - timedelta(seconds=1))
                for line in self.lines
            ):
                counted = moment
        return max(self.changed_at(now), counted)

    def ordered(self, line: Line, now: datetime) -> tuple[int, int]:
        """What is ordered of an item, and what was cancelled of it, in cases or units."""
        if self.changed is not None and now < self.changed:
            return line.first, 0
        if not self.shipped:
            return (0, line.ordered) if now >= self.closed else (line.ordered, 0)
        if self.cut is not None and now >= self.cut and line.sequence == 1:
            arrived = min(-(-line.received // line.size), line.ordered)
            return arrived, line.ordered - arrived
        return line.ordered, 0

    def received(self, line: Line, now: datetime) -> int:
        """Units of an item that are known to have come, as the inventory report of that day knows them."""
        if not self.shipped or now < self.unloaded:
            return 0
        age = (now.date() - self.day).days
        return settled(line.received, RECEIVED_PENDING[sum(age >= limit for limit in AGES)])

    def has_cancelled_items(self, now: datetime) -> bool:
        """Whether Amazon has cancelled an item, so that nothing is ordered of it."""
        return any(not ordered and cancelled for ordered, cancelled in (self.ordered(x, now) for x in self.lines))


class Procurement:
    """All purchase orders of a vendor.

    Args:
        catalogue: What it sells.
        first_day: The first day on which the account has figures.
    """

    def __init__(self, catalogue: Catalogue, first_day: date | None) -> None:
        """Work nothing out yet."""
        self._catalogue = catalogue
        self._first_day = first_day
        self._region = MARKETPLACES[catalogue.marketplace_id].region
        self._warehouse = Warehouse(catalogue, sourcing=True)
        self._factor = derive(catalogue.key, "purchase orders") % (_IDS // 6) * 6 + 1
        self._on = lru_cache(maxsize=2048)(self._make_day)

    def of_delivery(self, day: date) -> tuple[PurchaseOrder, ...]:
        """The orders that are delivered on a day, and those that should have been."""
        if self._first_day is not None and day < self._first_day:
            return ()
        return self._on(day)

    def between(self, start: datetime, end: datetime) -> Iterator[PurchaseOrder]:
        """All orders to which anything can have happened from one moment to another one."""
        day = start.date() - timedelta(days=LONGEST_LIFE)
        while day <= end.date() + timedelta(days=LONGEST_LEAD):
            yield from self.of_delivery(day)
            day += timedelta(days=1)

    def find(self, number: str, now: datetime) -> PurchaseOrder | None:
        """The order of a number; None if it has not been placed by now."""
        try:
            scattered = int(number, 36)
        except ValueError:
            return None
        place = scattered * pow(self._factor, -1, _IDS) % _IDS
        if not 1 <= place // _SLOTS <= date.max.toordinal():
            return None
        orders = self.of_delivery(date.fromordinal(place // _SLOTS))
        return next((order for order in orders if order.number == number and order.placed <= now), None)

    def _make_day(self, day: date) -> tuple[PurchaseOrder, ...]:
        codes = self._catalogue.vendor_codes
        arrivals: tuple[list[Line], ...] = tuple([] for _ in codes)
        for product, stock in self._warehouse.receipts(day):
            lines = arrivals[product.key >> 5 & 1]
            bits = mix(stock.bits ^ day.toordinal())
            asked, confirmed = promised(stock.received, stock.bits)
            lines.append(_line(len(lines) + 1, product, bits, asked, confirmed, stock.received))
        orders = [self._order(day, slot, tuple(lines)) for slot, lines in enumerate(arrivals) if lines]
        key = derive(self._catalogue.key, "futile", day.toordinal())
        if key % 9 == 0:
            product = self._catalogue.products[(key >> 8) % len(self._catalogue.products)]
            wanted = 1 + (key >> 24 & 31)
            orders.append(self._order(day, _FUTILE, (_line(1, product, key, wanted, 0, 0),)))
        return tuple(orders)

    def _order(self, day: date, slot: int, lines: tuple[Line, ...]) -> PurchaseOrder:
        key = derive(self._catalogue.key, "order", day.toordinal(), slot)
        unloaded = datetime.combine(day, time(UNLOADING[self._region]), timezone.utc)
        unloaded += timedelta(seconds=key % 10_000)
        placed = unloaded - timedelta(days=9 + (key >> 16) % 11, seconds=(key >> 24) % 50_000)
        acknowledged = placed + timedelta(days=1, seconds=(key >> 32) % 90_000)
        changed = placed + timedelta(hours=2, seconds=(key >> 36) % 70_000) if key >> 8 & 3 == 0 else None
        cut = placed + timedelta(days=36 + (key >> 40) % 20, seconds=key % 80_000) if key >> 10 & 7 < 2 else None  # noqa: PLR2004
        centers = CENTERS[self._region]
        number = (day.toordinal() * _SLOTS + slot) * self._factor % _IDS
        return PurchaseOrder(
            number=code(number, 8)[::-1],
            key=key,
            catalogue=self._catalogue,
            vendor_code=self._catalogue.vendor_codes[slot % len(self._catalogue.vendor_codes)],
            center=centers[(key >> 12) % len(centers)],
            due=None if slot == _FUTILE else day,
            day=day,
            placed=placed,
            acknowledged=acknowledged,
            unloaded=unloaded,
            closed=unloaded + timedelta(days=15 + (key >> 44) % 9, seconds=(key >> 20) % 70_000),
            changed=changed,
            cut=cut if slot != _FUTILE else None,
            lines=lines,
        )


def _line(  # noqa: PLR0913, PLR0917 - what tells one item from another
    sequence: int, product: Product, bits: int, asked: int, confirmed: int, received: int
) -> Line:
    size = CASE if product.key >> 9 & 7 == 0 else 1
    accepted = -(-confirmed // size)
    ordered = max(-(-asked // size), accepted, 1)
    first = ordered + 1 + (bits & 3) if sequence == 1 else ordered
    return Line(sequence, product, bits, size, first, ordered, accepted, received)


def order_as_json(order: PurchaseOrder, now: datetime) -> Row:
    """The Order of the model, as it stands at a moment."""
    state, since = order.state(now)
    changed = order.changed_at(now)
    key, catalogue = order.key, order.catalogue
    window = f"{iso(order.unloaded - timedelta(days=3))}--{iso(order.unloaded + timedelta(days=4))}"
    details: Row = {"purchaseOrderDate": iso(order.placed)}
    if changed > order.placed:
        details["purchaseOrderChangedDate"] = iso(changed)
    details["purchaseOrderStateChangedDate"] = iso(since)
    kinds = ("RegularOrder", "RegularOrder", "RegularOrder", "NewProductIntroduction", "RushOrder", "ConsignedOrder")
    details["purchaseOrderType"] = kinds[(key >> 48) % len(kinds)]
    if key >> 52 & 15 == 0:
        details["importDetails"] = {
            "methodOfPayment": "PaidByBuyer",
            "internationalCommercialTerms": "FreeOnBoard",
            "portOfDelivery": "SHANGHAI",
            "importContainers": "40HC:1",
            "shippingInstructions": "Call the forwarder two days before",
        }
    if key >> 56 & 7 == 0:
        details["dealCode"] = f"DEAL{key % 1000:03d}"
    details["paymentMethod"] = "Consignment" if details["purchaseOrderType"] == "ConsignedOrder" else "Invoice"
    details["buyingParty"] = {"partyId": order.center}
    details["sellingParty"] = {"partyId": order.vendor_code}
    details["shipToParty"] = ship_to(order)
    details["billToParty"] = {"partyId": f"AMZ{catalogue.iso_country}"}
    # A vendor ships by one window or the other.
    details["deliveryWindow" if key >> 60 & 1 else "shipWindow"] = window
    details["items"] = [_item(order, line, now) for line in order.lines]
    return {"purchaseOrderNumber": order.number, "purchaseOrderState": state, "orderDetails": details}


def _item(order: PurchaseOrder, line: Line, now: datetime) -> Row:
    ordered, _ = order.ordered(line, now)
    return {
        "itemSequenceNumber": f"{line.sequence}",
        "amazonProductIdentifier": line.product.asin,
        "vendorProductIdentifier": barcode(line.product),
        "orderedQuantity": quantity(ordered, line.size),
        "isBackOrderAllowed": line.bits & 1 == 1,
        "netCost": price(order.catalogue, line.product.cost),
        "listPrice": price(order.catalogue, line.product.price),
    }


def status_as_json(order: PurchaseOrder, now: datetime) -> Row:
    """The OrderStatus of the model, as it stands at a moment."""
    return {
        "purchaseOrderNumber": order.number,
        "purchaseOrderStatus": "CLOSED" if now >= order.closed else "OPEN",
        "purchaseOrderDate": iso(order.placed),
        "lastUpdatedDate": iso(order.updated_at(now)),
        "sellingParty": {"partyId": order.vendor_code},
        "shipToParty": ship_to(order),
        "itemStatus": [_item_status(order, line, now) for line in order.lines],
    }


def confirmation(order: PurchaseOrder, line: Line, now: datetime) -> str:
    """The confirmationStatus of an item."""
    if now < order.acknowledged:
        return "UNCONFIRMED"
    if not line.accepted:
        return "REJECTED"
    return "ACCEPTED" if line.accepted >= line.ordered else "PARTIALLY_ACCEPTED"


def receipt(order: PurchaseOrder, line: Line, now: datetime) -> str:
    """The receiveStatus of an item."""
    received = order.received(line, now)
    if not received:
        return "NOT_RECEIVED"
    return "RECEIVED" if received >= line.accepted * line.size else "PARTIALLY_RECEIVED"


def _item_status(order: PurchaseOrder, line: Line, now: datetime) -> Row:
    size = line.size
    ordered, cancelled = order.ordered(line, now)
    history = [{"updatedDate": iso(order.placed), "orderedQuantity": quantity(_at_first(order, line), size)}]
    if order.changed is not None and order.changed <= now:
        history.append({"updatedDate": iso(order.changed), "orderedQuantity": quantity(line.ordered, size)})
    if cancelled:
        when = order.cut if order.cut is not None and order.cut <= now else order.closed
        history.append(
            {
                "updatedDate": iso(when),
                "orderedQuantity": quantity(ordered, size),
                "cancelledQuantity": quantity(cancelled, size),
            }
        )
    acknowledgement: Row = {"confirmationStatus": confirmation(order, line, now)}
    if now >= order.acknowledged:
        answered = {
            "acceptedQuantity": quantity(line.accepted, size),
            "rejectedQuantity": quantity(line.ordered - line.accepted, size),
        }
        details = [{"acknowledgementDate": iso(order.acknowledged), **answered}]
        acknowledgement |= {**answered, "acknowledgementStatusDetails": details}
    receiving: Row = {
        "receiveStatus": receipt(order, line, now),
        # Single units are counted, whatever was ordered.
        "receivedQuantity": quantity(order.received(line, now), 1),
    }
    if order.received(line, now):
        receiving["lastReceiveDate"] = iso(order.unloaded)
    return {
        "itemSequenceNumber": f"{line.sequence}",
        "buyerProductIdentifier": line.product.asin,
        "vendorProductIdentifier": barcode(line.product),
        "netCost": price(order.catalogue, line.product.cost),
        "listPrice": price(order.catalogue, line.product.price),
        "orderedQuantity": {"orderedQuantity": quantity(ordered, size), "orderedQuantityDetails": history},
        "acknowledgementStatus": acknowledgement,
        "receivingStatus": receiving,
    }


def _at_first(order: PurchaseOrder, line: Line) -> int:
    return line.ordered if order.changed is None else line.first


def quantity(amount: int, size: int) -> Row:
    """The ItemQuantity of the model: cases of some units, or single units."""
    return {"amount": amount, "unitOfMeasure": "Eaches" if size == 1 else "Cases", "unitSize": size}


def price(catalogue: Catalogue, units: int) -> Row:
    """The Money of the vendor models, whose amount is a text."""
    return {"currencyCode": catalogue.currency, "amount": f"{catalogue.amount(units)}"}


def barcode(product: Product) -> str:
    """The vendor's own number of a product: an EAN, or the ISBN of a book."""
    return product.asin if product.asin[0] == "0" else f"40{product.key % 10**11:011d}"


def ship_to(order: PurchaseOrder) -> Row:
    """The PartyIdentification of a fulfilment centre, with an address for every second one."""
    party: Row = {"partyId": order.center}
    if order.key & 1:
        party["address"] = {
            "name": f"Amazon {order.center}",
            "addressLine1": f"{order.key % 900 + 1} Conveyor Road",
            "city": "Warehouse Park",
            "stateOrRegion": "Somewhere",
            "postalCode": f"{order.key % 90_000 + 10_000}",
            "countryCode": order.catalogue.iso_country,
        }
    if order.key & 1 and MARKETPLACES[order.catalogue.marketplace_id].region == "eu":
        party["taxInfo"] = {"taxRegistrationType": "VAT", "taxRegistrationNumber": f"DE{order.key % 10**9:09d}"}
    return party
