"""GET_VENDOR_INVENTORY_REPORT (docs/amazon/vendor-reports.md#retail-analytics)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from amazon_sandbox.data.catalogue import ratio, settled
from amazon_sandbox.data.levels import TwoLevels
from amazon_sandbox.data.warehouse import Warehouse, promised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from amazon_sandbox.data.catalogue import Arrays, Catalogue, Product, Query, Row
    from amazon_sandbox.data.levels import Cell

# Percent that is still missing while a day is young; see AGES.
RECEIVED_PENDING = (6, 4, 2, 1, 0)


class Numbers(NamedTuple):
    """What is known of an ASIN: flows over the days, then the state on the last day."""

    asked: int
    confirmed: int
    received: int
    waited: int
    net_received: int
    net_received_cost: int
    kept: int
    views: int
    views_out_of_stock: int
    at_hand_before: int
    open_orders: int
    unfilled: int
    sellable: int
    sellable_cost: int
    unsellable: int
    unsellable_cost: int
    aged: int
    aged_cost: int
    unhealthy: int
    unhealthy_cost: int


FLOWS = Numbers._fields.index("at_hand_before")


def inventory(catalogue: Catalogue, query: Query) -> Arrays:
    """Stock, orders and what was received."""
    daily = query.options["reportPeriod"] == "DAY"
    fresh = query.options["sellingProgram"] == "FRESH"
    money = catalogue.money

    def figures(numbers: Sequence[int]) -> Row:
        n = Numbers(*numbers)
        row: Row = {}
        # Where nothing was asked for, received or sold, a rate of it is left out.
        if n.asked:
            row["vendorConfirmationRate"] = ratio(n.confirmed, n.asked, 4)
        row["netReceivedInventoryCost"] = money(n.net_received_cost)
        row["netReceivedInventoryUnits"] = n.net_received
        row["openPurchaseOrderUnits"] = n.open_orders
        if n.received:
            row["averageVendorLeadTimeDays"] = ratio(n.waited, n.received, 2)
        if n.kept and n.at_hand_before + n.received:
            row["sellThroughRate"] = ratio(n.kept, n.at_hand_before + n.received, 16)
        row["unfilledCustomerOrderedUnits"] = n.unfilled
        row["sellableOnHandInventoryCost"] = money(n.sellable_cost)
        row["sellableOnHandInventoryUnits"] = n.sellable
        row["unsellableOnHandInventoryCost"] = money(n.unsellable_cost)
        row["unsellableOnHandInventoryUnits"] = n.unsellable
        row["aged90PlusDaysSellableInventoryCost"] = money(n.aged_cost)
        row["aged90PlusDaysSellableInventoryUnits"] = n.aged
        if not daily:
            row["unhealthyInventoryCost"] = money(n.unhealthy_cost)
            row["unhealthyInventoryUnits"] = n.unhealthy
        elif n.views & 1:
            # Not known of a day (docs/amazon/vendor-reports.md#retail-analytics): null, against the schema. The other
            # half of the rows leaves the fields out, as the schema would have it.
            row["unhealthyInventoryCost"] = None
            row["unhealthyInventoryUnits"] = None
        return row

    def of_aggregate(numbers: Sequence[int]) -> Row:
        n = Numbers(*numbers)
        row: Row = {}
        if not fresh:
            row["procurableProductOutOfStockRate"] = ratio(n.views_out_of_stock, n.views or 1, 16)
            row["uft"] = ratio(n.views - n.views_out_of_stock, n.views or 1, 4)
        if n.confirmed:
            row["receiveFillRate"] = ratio(n.received, n.confirmed, 4)
        return row

    levels = TwoLevels(catalogue, query, inventory_of_day, figures, over_days=over_days, of_aggregate=of_aggregate)
    return levels.arrays("inventory")


def over_days(before: Sequence[int], after: Sequence[int]) -> Sequence[int]:
    """Add up what flowed; of stock keep what there was first, and what there is last."""
    flows = [a + b for a, b in zip(before[:FLOWS], after[:FLOWS], strict=True)]
    return (*flows, before[FLOWS], *after[FLOWS + 1 :])


def inventory_of_day(catalogue: Catalogue, query: Query, day: date) -> Iterator[Cell]:
    """The Numbers of each ASIN that is kept."""
    missing = query.missing(day, RECEIVED_PENDING)
    warehouse = Warehouse(
        catalogue,
        sourcing=query.options["distributorView"] == "SOURCING",
        fresh=query.options["sellingProgram"] == "FRESH",
    )
    for index, product in enumerate(catalogue.products):
        if warehouse.has(product):
            yield index, _numbers(warehouse, product, day, missing)


def _numbers(warehouse: Warehouse, product: Product, day: date, missing: int) -> Numbers:
    today, cost = warehouse.on(product, day), product.cost
    received = settled(today.received, missing)
    bits = today.bits
    asked, confirmed = promised(received, bits)
    net_received = received - today.sent_back
    aged = today.sellable * (bits >> 26 & 7) // 16
    unsellable = today.usual * (bits >> 29 & 7) // 4
    unhealthy = max(today.sellable, 0) * (bits >> 32 & 7) // 32
    # More is owed to customers than is there, now and then.
    backlog = max(-today.sellable, 0)
    views = warehouse.views(product, day)
    return Numbers(
        asked=asked,
        confirmed=confirmed,
        received=received,
        waited=received * (3 + (bits >> 49 & 7)) + (bits >> 52 & 3 if received else 0),
        net_received=net_received,
        net_received_cost=net_received * cost,
        kept=today.shipped - today.returned,
        views=views,
        views_out_of_stock=views if backlog else views * (bits >> 54 & 7) // 100,
        at_hand_before=today.before,
        open_orders=today.usual * (bits >> 57 & 7) - (today.usual + 3 if bits >> 60 == 0 else 0),
        unfilled=backlog,
        sellable=today.sellable,
        sellable_cost=today.sellable * cost,
        unsellable=unsellable,
        unsellable_cost=unsellable * cost,
        aged=aged,
        aged_cost=aged * cost,
        unhealthy=unhealthy,
        unhealthy_cost=unhealthy * cost,
    )
