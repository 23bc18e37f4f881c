"""What a vendor sends for its purchase orders: one shipment each, and now and then one that was called off.

A shipment holds what the vendor confirmed, so that less may arrive than was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_sandbox.data.catalogue import iso
from amazon_sandbox.data.procurement import barcode, price, quantity, ship_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from amazon_sandbox.data.catalogue import Row
    from amazon_sandbox.data.procurement import Line, Procurement, PurchaseOrder

CARTON = 48
MOST_CARTONS = 4
STATUSES = ("Created", "TransportationRequested", "CarrierAssigned", "Shipped")


@dataclass(frozen=True)
class Shipment:
    """One shipment with all that will ever happen to it.

    Attributes:
        order: What it is for.
        called_off: Whether it was cancelled, so that another one took its place.
    """

    order: PurchaseOrder
    called_off: bool

    @property
    def identifier(self) -> str:
        """The vendorShipmentIdentifier: the number of the order and that of the shipment."""
        return f"{self.order.number}{'X' if self.called_off else 'S'}1"

    @property
    def reference(self) -> str:
        """The buyerReferenceNumber."""
        return f"{self.order.key % 10**11:011d}"

    @property
    def warehouse(self) -> str:
        """Where the vendor sends it from."""
        return f"{self.order.vendor_code}W{1 + (self.order.key >> 7 & 1)}"

    @property
    def created(self) -> datetime:
        """When the vendor told of it."""
        return self.order.unloaded - timedelta(days=6 if self.called_off else 5, hours=2)

    def dates(self) -> dict[str, datetime]:
        """When it reaches each status, at last the door of the fulfilment centre."""
        unloaded = self.order.unloaded
        return {
            "Created": self.created,
            "TransportationRequested": self.created + timedelta(hours=5),
            "CarrierAssigned": self.created + timedelta(days=1, hours=1),
            "Shipped": unloaded - timedelta(days=2, hours=self.order.key % 9),
            "delivered": unloaded,
        }

    def status(self, now: datetime) -> tuple[str, datetime]:
        """The currentShipmentStatus, and since when."""
        if self.called_off:
            return "Created", self.created
        status = max((each for each in STATUSES if self.dates()[each] <= now), key=STATUSES.index)
        return status, self.dates()[status]

    def changed_at(self, now: datetime) -> datetime:
        """When something last happened to it: the transactionDate."""
        if self.called_off:
            return min(now, self.created + timedelta(hours=20))
        return max(moment for moment in self.dates().values() if moment <= now)


def shipments(procurement: Procurement, start: datetime, end: datetime) -> Iterator[Shipment]:
    """All shipments of the orders to which anything can have happened in a time."""
    for order in procurement.between(start, end):
        yield from of_order(order)


def of_order(order: PurchaseOrder) -> Iterator[Shipment]:
    """The shipments of an order; none where nothing is sent."""
    if order.shipped:
        if order.key >> 14 & 15 == 0:
            yield Shipment(order, called_off=True)
        yield Shipment(order, called_off=False)


def as_json(shipment: Shipment, now: datetime) -> Row:
    """The Shipment of the model, as it stands at a moment."""
    order, dates = shipment.order, shipment.dates()
    status, since = shipment.status(now)
    gone = shipment.called_off and now >= shipment.created + timedelta(hours=20)
    known = [each for each in STATUSES if dates[each] <= now] if not shipment.called_off else ["Created"]
    row: Row = {
        "vendorShipmentIdentifier": shipment.identifier,
        "transactionType": "Cancel" if gone else "New",
        "buyerReferenceNumber": shipment.reference,
        "transactionDate": iso(shipment.changed_at(now)),
        "currentShipmentStatus": status,
        # The model spells it so.
        "currentshipmentStatusDate": iso(since),
        "shipmentStatusDetails": [{"shipmentStatus": each, "shipmentStatusDate": iso(dates[each])} for each in known],
        "shipmentCreateDate": iso(shipment.created),
    }
    if "TransportationRequested" in known:
        row["shipmentConfirmDate"] = iso(dates["TransportationRequested"])
    if "CarrierAssigned" in known:
        row["packageLabelCreateDate"] = iso(dates["CarrierAssigned"])
    containers = list(_containers(shipment))
    cartons = sum(each["containerType"] == "carton" for each in containers)
    row |= {
        "shipmentFreightTerm": "Collect" if order.key & 2 else "Prepaid",
        "sellingParty": {"partyId": order.vendor_code},
        "shipFromParty": {"partyId": shipment.warehouse, "address": _dock(shipment)},
        "shipToParty": {name: value for name, value in ship_to(order).items() if name != "taxInfo"},
        "shipmentMeasurements": {
            "totalCartonCount": cartons,
            "totalPalletStackable": len(containers) - cartons,
            "totalPalletNonStackable": 0,
            "shipmentWeight": {"unitOfMeasure": "Kg", "value": f"{cartons * 12}.50"},
            "shipmentVolume": {"unitOfMeasure": "CuM", "value": f"0.{cartons:03d}"},
        },
    }
    if order.key & 2:
        pickup = {"requestedPickUp": iso(dates["Shipped"] - timedelta(hours=6))}
        if "CarrierAssigned" in known:
            pickup["scheduledPickUp"] = iso(dates["Shipped"] - timedelta(hours=3))
            pickup["carrierAssignmentDate"] = iso(dates["CarrierAssigned"])
        row["collectFreightPickupDetails"] = pickup
    row["purchaseOrders"] = [
        {
            "purchaseOrderNumber": order.number,
            "purchaseOrderDate": iso(order.placed),
            "shipWindow": f"{iso(order.unloaded - timedelta(days=3))}--{iso(order.unloaded + timedelta(days=4))}",
            "items": [_item(order, line) for line in sent(order)],
        }
    ]
    if order.key >> 52 & 15 == 0:
        row["importDetails"] = {"methodOfPayment": "PaidByBuyer", "sealNumber": f"SEAL{order.key % 10**6:06d}"}
    row["containers"] = containers
    row["transportationDetails"] = _transport(shipment, now)
    return row


def sent(order: PurchaseOrder) -> list[Line]:
    """The items of which anything is sent."""
    return [line for line in order.lines if line.shipped]


def _item(order: PurchaseOrder, line: Line) -> Row:
    item: Row = {
        "itemSequenceNumber": f"{line.sequence}",
        "buyerProductIdentifier": line.product.asin,
        "vendorProductIdentifier": barcode(line.product),
        "shippedQuantity": quantity(line.shipped, 1),
    }
    if order.catalogue.country == "IN":
        item["maximumRetailPrice"] = price(order.catalogue, line.product.price)
    return item


def _containers(shipment: Shipment) -> Iterator[Row]:
    """The cartons, and the pallet on which three and more of them stand."""
    order = shipment.order
    numbers: list[str] = []
    for line in sent(order):
        count = min(-(-line.shipped // CARTON), MOST_CARTONS)
        for place in range(count):
            units = line.shipped // count + (place < line.shipped % count)
            numbers.append(f"{len(numbers) + 1}")
            yield {
                "containerType": "carton",
                "containerSequenceNumber": numbers[-1],
                "containerIdentifiers": [_sscc(order, len(numbers))],
                "trackingNumber": f"1Z{order.key % 10**12:012d}{len(numbers):02d}",
                "dimensions": {"length": "60.00", "width": "40.00", "height": "40.00", "unitOfMeasure": "In"},
                "weight": {"unitOfMeasure": "Kg", "value": "12.50"},
                "packedItems": [
                    {
                        "itemSequenceNumber": f"{line.sequence}",
                        "buyerProductIdentifier": line.product.asin,
                        "vendorProductIdentifier": barcode(line.product),
                        "packedQuantity": quantity(units, 1),
                        "itemDetails": {"purchaseOrderNumber": order.number},
                    }
                ],
            }
    if len(numbers) > 2:  # noqa: PLR2004 - fewer go by hand
        yield {
            "containerType": "pallet",
            "containerSequenceNumber": f"{len(numbers) + 1}",
            "containerIdentifiers": [_sscc(order, 0)],
            "tier": 1,
            "block": len(numbers),
            "innerContainersDetails": {
                "containerCount": len(numbers),
                "containerSequenceNumbers": [{"containerSequenceNumber": number} for number in numbers],
            },
        }


def _sscc(order: PurchaseOrder, number: int) -> Row:
    return {
        "containerIdentificationType": "SSCC",
        "containerIdentificationNumber": f"00{order.key % 10**15:015d}{number:03d}",
    }


def _transport(shipment: Shipment, now: datetime) -> Row:
    order, dates = shipment.order, shipment.dates()
    details: Row = {
        "shipMode": ("TruckLoad", "LessThanTruckLoad", "SmallParcel")[order.key % 3],
        "transportationMode": "Road",
        "estimatedDeliveryDate": iso(order.unloaded + timedelta(hours=order.key % 30 - 12)),
    }
    if not shipment.called_off and dates["Shipped"] <= now:
        details["shippedDate"] = iso(dates["Shipped"])
    if not shipment.called_off and dates["delivered"] <= now:
        details["shipmentDeliveryDate"] = iso(dates["delivered"])
    if not shipment.called_off and dates["CarrierAssigned"] <= now:
        details["carrierDetails"] = {
            "name": "Lorry & Sons",
            "code": "LRSN",
            "phone": "000",
            "email": "dispatch@lorry.example",
            "shipmentReferenceNumber": f"LR{order.key % 10**8:08d}",
        }
        details["billOfLadingNumber"] = f"BOL{order.key % 10**9:09d}"
    return details


def _dock(shipment: Shipment) -> Row:
    return {
        "name": f"Warehouse {shipment.warehouse}",
        "addressLine1": "1 Vendor Street",
        "city": "Makerton",
        "postalCode": "12345",
        "countryCode": shipment.order.catalogue.iso_country,
    }
