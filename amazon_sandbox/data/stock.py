"""Snapshots of a seller's stock at Amazon (docs/amazon/seller-reports.md#inventory).

What is there is what the ledger closed with last night; what is reserved or on its way
changes by the hour. Snapshots have no dates, so only the time of the request counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import hundredths, moment_of, share
from amazon_sandbox.data.ledger import balances
from amazon_sandbox.data.orders import columns_of, fnsku, sku, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_sandbox.data.catalogue import Catalogue, Product, Query
    from amazon_sandbox.data.tables import Line

# Every so many products one is archived, stranded, or out of season.
ARCHIVED, STRANDED, SEASONAL = 13, 9, 7
AGES = ("0-to-30", "31-to-60", "61-to-90", "91-to-180", "181-to-270", "271-to-365", "366-to-455")
SURCHARGED = ("181-210", "211-240", "241-270", "271-300", "301-330", "331-365", "366-455", "456-plus")


@dataclass(frozen=True)
class Stock:
    """Units of one product.

    Attributes:
        product: The product.
        sellable: Units that can be sold, some of which are reserved.
        unsellable: Units that cannot.
        ordered: Reserved for orders.
        moving: Reserved, between two fulfillment centers.
        processing: Reserved, being looked at.
        working: On their way: a shipment that is being made up.
        sent: On their way: with a carrier.
        receiving: On their way: being unpacked.
    """

    product: Product
    sellable: int
    unsellable: int
    ordered: int
    moving: int
    processing: int
    working: int
    sent: int
    receiving: int

    @property
    def reserved(self) -> int:
        """Units that are there and not for sale just now."""
        return self.ordered + self.moving + self.processing

    @property
    def fulfillable(self) -> int:
        """Units for sale."""
        return max(self.sellable - self.reserved, 0)

    @property
    def inbound(self) -> int:
        """Units on their way."""
        return self.working + self.sent + self.receiving

    @property
    def sold(self) -> int:
        """Units that are sold in thirty days."""
        return self.product.demand * 30 // 200

    @property
    def days_of_supply(self) -> int | None:
        """How long they will do; None where nothing is sold."""
        return (self.fulfillable + self.inbound) * 30 // self.sold if self.sold else None


def all_inventory(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_MYI_ALL_INVENTORY_DATA, archived products included."""
    for stock in _stocks(catalogue, query):
        product = stock.product
        yield {
            **columns_of(product),
            "condition": "New",
            "your-price": catalogue.amount(product.price) if stock.fulfillable else None,
            "mfn-listing-exists": "Yes" if product.key & 1 else "No",
            "mfn-fulfillable-quantity": product.key % 50 if product.key & 1 else None,
            "afn-listing-exists": "Yes",
            "afn-warehouse-quantity": stock.sellable + stock.unsellable,
            "afn-fulfillable-quantity": stock.fulfillable,
            "afn-unsellable-quantity": stock.unsellable,
            "afn-reserved-quantity": stock.reserved,
            "afn-total-quantity": stock.sellable + stock.unsellable + stock.inbound,
            "per-unit-volume": share(product.key % 3000),
            "afn-inbound-working-quantity": stock.working,
            "afn-inbound-shipped-quantity": stock.sent,
            "afn-inbound-receiving-quantity": stock.receiving,
            "afn-researching-quantity": product.key % 3,
            "afn-reserved-future-supply": 0,
            "afn-future-supply-buyable": 0,
        }


def unsuppressed_inventory(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA."""
    archived = {fnsku(product) for product in catalogue.products if product.key % ARCHIVED == 0}
    return (line for line in all_inventory(catalogue, query) if line["fnsku"] not in archived)


def afn_inventory(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_AFN_INVENTORY_DATA: one line for each condition that there is."""
    for stock in _stocks(catalogue, query):
        for condition, units in (("SELLABLE", stock.fulfillable), ("UNSELLABLE", stock.unsellable)):
            if units or condition == "SELLABLE":
                yield {
                    "seller-sku": sku(stock.product),
                    "fulfillment-channel-sku": fnsku(stock.product),
                    "asin": stock.product.asin,
                    "condition-type": "NewItem",
                    "Warehouse-Condition-code": condition,
                    "Quantity Available": units,
                }


def reserved_inventory(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_RESERVED_INVENTORY_DATA: products of which something is reserved."""
    for stock in _stocks(catalogue, query):
        if stock.reserved:
            yield {
                **columns_of(stock.product),
                "reserved_qty": stock.reserved,
                "reserved_customerorders": stock.ordered,
                "reserved_fc-transfers": stock.moving,
                "reserved_fc-processing": stock.processing,
                "program": "FBA",
            }


def inventory_planning(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_INVENTORY_PLANNING_DATA: yesterday's picture."""
    day = query.today - timedelta(days=1)
    for stock in _stocks(catalogue, query):
        product, left = stock.product, stock.fulfillable
        ages = {}
        for age in AGES[:-1]:
            ages[age] = (left + 1) // 2
            left -= ages[age]
        ages[AGES[-1]] = left
        excess = max(stock.fulfillable - 3 * stock.sold, 0)
        seasonal = product.key % SEASONAL == 0
        amount = catalogue.amount
        yield {
            **columns_of(product),
            **{f"inv-age-{age}-days": units for age, units in ages.items()},
            **{f"quantity-to-be-charged-ais-{age}-days": 0 for age in SURCHARGED},
            **{f"estimated-ais-{age}-days": amount(0) for age in SURCHARGED},
            **{f"units-shipped-t{days}": stock.sold * days // 30 for days in (7, 30, 60, 90)},
            **{
                f"sales-shipped-last-{days}-days": amount(stock.sold * days // 30 * product.price)
                for days in (7, 30, 60, 90)
            },
            "snapshot-date": day,
            "condition": "New",
            "available": stock.fulfillable,
            "fc-transfer": stock.moving,
            "pending-removal-quantity": 0,
            "inv-age-0-to-90-days": ages["0-to-30"] + ages["31-to-60"] + ages["61-to-90"],
            "inv-age-181-to-330-days": ages["181-to-270"],
            "inv-age-331-to-365-days": ages["271-to-365"],
            "inv-age-456-plus-days": 0,
            "currency": catalogue.currency,
            "alert": "Low traffic" if excess else None,
            "your-price": amount(product.price),
            "sales-price": amount(product.price),
            "lowest-price-new-plus-shipping": amount(product.price * 97 // 100),
            "recommended-action": "Create Sale" if excess else "No action required",
            "recommended-sales-price": amount(product.price * 90 // 100) if excess else None,
            "recommended-sale-duration-days": 30 if excess else None,
            "recommended-removal-quantity": 0,
            "sell-through": hundredths(stock.sold * 100 // max(stock.sellable, 1)),
            "item-volume": share(product.key % 9000),
            "volume-unit-measurement": "cubic feet",
            "storage-type": "Standard-size",
            "marketplace": catalogue.country,
            "product-group": "gl_kitchen",
            "sales-rank": product.key % 10**6,
            "days-of-supply": stock.days_of_supply,
            "estimated-excess-quantity": excess,
            "weeks-of-cover-t30": stock.days_of_supply and stock.days_of_supply // 7,
            "featuredoffer-price": amount(product.price),
            "estimated-storage-cost-next-month": amount(stock.sellable * 3),
            "inbound-quantity": stock.inbound,
            "inbound-working": stock.working,
            "inbound-shipped": stock.sent,
            "inbound-received": stock.receiving,
            "no-sale-last-6-months": 0 if stock.sold else stock.fulfillable,
            "Total Reserved Quantity": stock.reserved,
            "unfulfillable-quantity": stock.unsellable,
            "historical-days-of-supply": hundredths(product.key % 9000),
            "fba-inventory-level-health-status": "Excess" if excess else "Healthy",
            "Recommended ship-in quantity": stock.sold if not excess else 0,
            "Recommended ship-in date": None if excess else day + timedelta(days=14),
            "Last updated date for Historical Days of Supply": day,
            "Exempted from Low-Inventory-Level fee?": "No",
            "Low-Inventory-Level fee applied in current week?": "Yes" if product.key & 1 else "No",
            "Inventory age snapshot date": day,
            "Inventory Supply at FBA": stock.sellable + stock.inbound,
            "Reserved FC Processing": stock.processing,
            "Reserved Customer Order": stock.ordered,
            "is-seasonal-in-next-3-months": "Yes" if seasonal else "No",
            "season-name": "Christmas, Chanukah" if seasonal else None,
            "season-start-date": day + timedelta(days=20) if seasonal else None,
            "season-end-date": day + timedelta(days=50) if seasonal else None,
        }


def restock_recommendations(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT."""
    for stock in _stocks(catalogue, query):
        product, needed = stock.product, max(2 * stock.sold - stock.fulfillable - stock.inbound, 0)
        yield {
            "Country": catalogue.iso_country,
            "Product Name": title(product),
            "FNSKU": fnsku(product),
            "Merchant SKU": sku(product),
            "ASIN": product.asin,
            "Condition": "New",
            "Supplier": "unassigned",
            "Currency code": catalogue.currency,
            "Price": catalogue.amount(product.price),
            "Sales last 30 days": catalogue.amount(stock.sold * product.price),
            "Units Sold Last 30 Days": stock.sold,
            "Total Units": stock.sellable + stock.unsellable + stock.inbound,
            "Inbound": stock.inbound,
            "Available": stock.fulfillable,
            "FC transfer": stock.moving,
            "FC Processing": stock.processing,
            "Customer Order": stock.ordered,
            "Unfulfillable": stock.unsellable,
            "Working": stock.working,
            "Shipped": stock.sent,
            "Receiving": stock.receiving,
            "Fulfilled by": "Amazon",
            "Total Days of Supply (including units from open shipments)": stock.days_of_supply,
            "Days of Supply at Amazon Fulfillment Network": stock.days_of_supply,
            "Alert": "out_of_stock" if not stock.fulfillable else None,
            "Recommended replenishment qty": needed,
            "Recommended ship date": query.today + timedelta(days=7) if needed else None,
            "Recommended action": "Create shipping plan" if needed else "No action required",
            "Unit storage size": "Standard-size",
        }


def stranded_inventory(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_STRANDED_INVENTORY_UI_DATA: stock without an offer."""
    for stock in _stocks(catalogue, query):
        product = stock.product
        if product.key % STRANDED:
            continue
        since = moment_of(query.today - timedelta(days=product.key % 40)) + timedelta(seconds=product.key % 86_400)
        yield {
            **columns_of(product),
            "primary-action": "Edit listing",
            "date-stranded": since,
            "Date-to-take-auto-removal": since + timedelta(days=60) if product.key & 2 else None,
            "status-primary": "Inactive",
            "status-secondary": "Closed",
            "error-message": 'Value "0,5 l" not allowed' if product.key & 4 else None,
            "stranded-reason": "Listing closed",
            "condition": "New",
            "fulfilled-by": "Amazon",
            "fulfillable-qty": stock.fulfillable,
            "your-price": catalogue.amount(product.price),
            "unfulfillable-qty": stock.unsellable,
            "reserved-quantity": stock.reserved,
            "inbound-shipped-qty": stock.sent,
        }


def stranded_inventory_loader(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_STRANDED_INVENTORY_LOADER_DATA: the same stock as a table of offers to upload."""
    for line in stranded_inventory(catalogue, query):
        yield {
            "sku": line["sku"],
            "product-id": line["asin"],
            "product-id-type": "1",
            "price": line["your-price"],
            "item-condition": "11",
            "quantity": line["fulfillable-qty"],
            "add-delete": "a",
        }


def afn_inventory_by_country(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_AFN_INVENTORY_DATA_BY_COUNTRY: what can be sold in the marketplace's own country, and in a neighbour's."""
    for stock in _stocks(catalogue, query):
        for country, units in ((catalogue.iso_country, stock.fulfillable), ("PL", stock.fulfillable // 3)):
            yield {
                "seller-sku": sku(stock.product),
                "fulfillment-channel-sku": fnsku(stock.product),
                "asin": stock.product.asin,
                "condition-type": "NewItem",
                "country": country,
                "quantity-for-local-fulfillment": units,
            }


def _stocks(catalogue: Catalogue, query: Query) -> Iterator[Stock]:
    if query.first_day is not None and query.today < query.first_day:
        return
    sellable, unsellable = balances(catalogue, query)
    hour = int(moment_of(query.as_of).timestamp()) // 3600
    for product in catalogue.products:
        bits = mix(catalogue.key ^ product.key ^ hour << 16)
        yield Stock(
            product=product,
            sellable=sellable[product],
            unsellable=unsellable[product],
            ordered=bits & 7,
            moving=bits >> 3 & 3,
            processing=bits >> 5 & 1,
            working=(bits >> 8 & 31) * (bits >> 13 & 1),
            sent=(bits >> 14 & 63) * (bits >> 20 & 1),
            receiving=(bits >> 21 & 15) * (bits >> 25 & 1),
        )
