"""What customers order of a vendor that sends it to them itself: direct fulfilment.

An order is a few of the units that are sold on its day (`sold.py`). It is new, accepted a few
hours later, then sent or cancelled; label and packing slip come when it is accepted, the
customer's invoice when it is sent. All people and addresses are made up.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from amazon_sandbox.chance import derive, mix
from amazon_sandbox.data.catalogue import code, iso
from amazon_sandbox.data.procurement import barcode, price
from amazon_sandbox.data.sold import Day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_sandbox.data.catalogue import Catalogue, Product, Row

NAMES = ("Ada Example", "Łukasz Źdźbło", "山田 太郎", "Zoë O'Neil", "محمد علي", "Müller & Söhne GmbH")
LONGEST_LIFE = timedelta(days=4)

_IDS = 36**9
_SLOTS = 4096


@dataclass(frozen=True)
class DirectOrder:
    """One order of a customer with all that will ever happen to it.

    Attributes:
        number: Nine letters and digits.
        key: Its randomness.
        catalogue: Whose order it is.
        placed: When the customer ordered.
        items: What, and how many of it.
    """

    number: str
    key: int
    catalogue: Catalogue
    placed: datetime
    items: tuple[tuple[Product, int], ...]

    @property
    def cancelled(self) -> bool:
        """Whether it is cancelled, and never sent."""
        return self.key >> 4 & 15 == 0

    @property
    def accepted(self) -> datetime:
        """When the vendor accepts it."""
        return self.placed + timedelta(hours=2, seconds=self.key % 20_000)

    @property
    def ended(self) -> datetime:
        """When it is sent, or cancelled."""
        return self.accepted + timedelta(hours=20, seconds=(self.key >> 8) % 100_000)

    @property
    def warehouse(self) -> str:
        """Where it is sent from."""
        return f"{self.catalogue.vendor_codes[0]}D{1 + (self.key >> 9 & 1)}"

    def status(self, now: datetime) -> str:
        """The orderStatus."""
        if now < self.accepted:
            return "NEW"
        if now < self.ended:
            return "ACCEPTED"
        return "CANCELLED" if self.cancelled else "SHIPPED"

    def available(self, kind: str) -> datetime | None:
        """When its label, packing slip or customer invoice is there; None for never."""
        if kind == "customerInvoices":
            return None if self.cancelled else self.ended + timedelta(minutes=30)
        return self.accepted + timedelta(minutes=5)


class DirectOrders:
    """All direct fulfilment orders of a vendor.

    Args:
        catalogue: What it sells.
        first_day: The first day on which the account has figures.
    """

    def __init__(self, catalogue: Catalogue, first_day: date | None) -> None:
        """Work nothing out yet."""
        self._catalogue = catalogue
        self._first_day = first_day
        self._factor = derive(catalogue.key, "direct orders") % (_IDS // 6) * 6 + 1
        self._on = lru_cache(maxsize=512)(self._make_day)

    def placed(self, start: datetime, end: datetime) -> Iterator[DirectOrder]:
        """The orders that were placed from one moment on and before another one."""
        day = start.date()
        while day <= end.date():
            yield from (order for order in self._of(day) if start <= order.placed < end)
            day += timedelta(days=1)

    def find(self, number: str, now: datetime) -> DirectOrder | None:
        """The order of a number; None if it has not been placed by now."""
        try:
            place = int(number, 36) * pow(self._factor, -1, _IDS) % _IDS
        except ValueError:
            return None
        if not 1 <= place // _SLOTS <= date.max.toordinal():
            return None
        orders = self._of(date.fromordinal(place // _SLOTS))
        return next((order for order in orders if order.number == number and order.placed <= now), None)

    def _of(self, day: date) -> tuple[DirectOrder, ...]:
        early = self._first_day is not None and day < self._first_day
        return () if early else self._on(day)

    def _make_day(self, day: date) -> tuple[DirectOrder, ...]:
        today, products = Day(self._catalogue, day), self._catalogue.products
        orders = []
        for slot, product in enumerate(products[:_SLOTS]):
            sold = today.sold(product)
            if sold is None or not sold.units or sold.bits >> 12 & 7:
                continue
            key = mix(sold.bits ^ 0xD1)
            other = products[(slot + 1) % len(products)]
            items = [(product, min(sold.units, 1 + (key >> 3 & 1)))]
            if key >> 16 & 3 == 0 and other is not product and today.sold(other):
                items.append((other, 1))
            number = (day.toordinal() * _SLOTS + slot) * self._factor % _IDS
            midnight = datetime.combine(day, time(), timezone.utc)
            placed = midnight + timedelta(seconds=(key >> 20) % 86_400)
            orders.append(DirectOrder(code(number, 9)[::-1], key, self._catalogue, placed, tuple(items)))
        return tuple(orders)


def order_as_json(order: DirectOrder, now: datetime) -> Row:
    """The Order of the model 2021-12-28, as it stands at a moment."""
    key, catalogue = order.key, order.catalogue
    details: Row = {
        "customerOrderNumber": f"{key % 900 + 100}-{key >> 10 & 0xFFFFF:07d}-{key >> 30 & 0xFFFFF:07d}",
        "orderDate": iso(order.placed),
        "orderStatus": order.status(now),
        "shipmentDetails": {
            "isPriorityShipment": key & 1 == 1,
            "isScheduledDeliveryShipment": key >> 5 & 7 == 0,
            "isPslipRequired": key & 2 == 2,  # noqa: PLR2004 - a bit
            "isGift": key >> 6 & 7 == 0,
            "shipMethod": ("UPS_GR_RES", "DHL_PAKET", "FEDEX_GROUND")[key % 3],
            "shipmentDates": {
                "requiredShipDate": iso(order.placed + timedelta(days=2)),
                "promisedDeliveryDate": iso(order.placed + timedelta(days=5)),
            },
            "messageToCustomer": "Thank you for your order",
        },
        "taxTotal": {"taxLineItem": [_tax(catalogue, sum(_tax_of(*item) for item in order.items), "TOTAL")]},
        "sellingParty": {"partyId": catalogue.vendor_codes[0]},
        "shipFromParty": {"partyId": order.warehouse},
        "shipToParty": _customer(order),
        "billToParty": {"partyId": f"AMZ{catalogue.iso_country}"},
        "hasCustomizableItems": False,
        "items": [_item(order, number, *item) for number, item in enumerate(order.items, 1)],
    }
    return {"purchaseOrderNumber": order.number, "orderDetails": details}


def _item(order: DirectOrder, number: int, product: Product, units: int) -> Row:
    catalogue, key = order.catalogue, order.key
    item: Row = {
        "itemSequenceNumber": f"{number}",
        "buyerProductIdentifier": product.asin,
        "vendorProductIdentifier": barcode(product),
        "title": product.title,
        "orderedQuantity": {"amount": units, "unitOfMeasure": "Each"},
    }
    if key >> 5 & 7 == 0:
        item["scheduledDeliveryShipment"] = {
            "scheduledDeliveryServiceType": "Scheduled",
            "earliestNominatedDeliveryDate": iso(order.placed + timedelta(days=3)),
            "latestNominatedDeliveryDate": iso(order.placed + timedelta(days=4)),
        }
    if key >> 6 & 7 == 0:
        item["giftDetails"] = {"giftMessage": "Happy birthday!", "giftWrapId": f"WRAP{key % 10}"}
    tax = _tax_of(product, units)
    item["netPrice"] = price(catalogue, product.price)
    item["taxDetails"] = {"taxLineItem": [_tax(catalogue, tax, "CONSUMPTION")]}
    item["totalPrice"] = price(catalogue, product.price * units + tax)
    return item


def _tax_of(product: Product, units: int) -> int:
    return product.price * units // 10


def _tax(catalogue: Catalogue, amount: int, kind: str) -> Row:
    return {
        "taxRate": "0.10",
        "taxAmount": price(catalogue, amount),
        "taxableAmount": price(catalogue, amount * 10),
        "type": kind,
    }


def _customer(order: DirectOrder) -> Row:
    key = order.key
    return {
        "name": NAMES[key % len(NAMES)],
        "addressLine1": f"{key % 200 + 1} Nowhere Lane",
        "city": "Sampletown",
        "stateOrRegion": "ZZ",
        "postalCode": f"{key % 90_000 + 10_000}",
        "countryCode": order.catalogue.iso_country,
        "phone": "000-0000",
    }


def label_as_json(order: DirectOrder) -> Row:
    """The ShippingLabel of the model 2021-12-28."""
    parcels = range(1, 1 + len(order.items))
    return {
        "purchaseOrderNumber": order.number,
        "sellingParty": {"partyId": order.catalogue.vendor_codes[0]},
        "shipFromParty": {"partyId": order.warehouse},
        "labelFormat": "ZPL" if order.key & 1 else "PNG",
        "labelData": [
            {
                "packageIdentifier": f"{order.number}{number}",
                "trackingNumber": f"1Z{order.key % 10**14:014d}{number}",
                "shipMethod": "UPS_GR_RES",
                "shipMethodName": "UPS Ground Residential",
                "content": _content(order, f"label {number}"),
            }
            for number in parcels
        ],
    }


def slip_as_json(order: DirectOrder) -> Row:
    """The PackingSlip of the model 2021-12-28."""
    content = _content(order, "packing slip")
    return {"purchaseOrderNumber": order.number, "content": content, "contentType": "application/pdf"}


def invoice_as_json(order: DirectOrder) -> Row:
    """The CustomerInvoice of the model 2021-12-28."""
    return {"purchaseOrderNumber": order.number, "content": _content(order, "invoice")}


def _content(order: DirectOrder, what: str) -> str:
    """A document in base64: the first bytes of a PDF, and what it is."""
    text = f"%PDF-1.4 {what} of {order.number} for {NAMES[order.key % len(NAMES)]}\n"
    return base64.b64encode(text.encode()).decode()
