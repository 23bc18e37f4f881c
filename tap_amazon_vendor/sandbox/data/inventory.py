"""GET_VENDOR_INVENTORY_REPORT (REPORTS.md section 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_amazon_vendor.sandbox.chance import mix
from tap_amazon_vendor.sandbox.data.catalogue import ratio, settled, volume
from tap_amazon_vendor.sandbox.data.levels import TwoLevels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tap_amazon_vendor.sandbox.data.catalogue import Arrays, Catalogue, Product, Query, Row
    from tap_amazon_vendor.sandbox.data.levels import Cell

# Percent that is still missing while a day is young; see AGES.
RECEIVED_PENDING = (25, 12, 6, 2, 0)

ENDLESS = 3_000_000_007


class Numbers(NamedTuple):
    """What is known of an ASIN: flows over the days, then the state on the last day."""

    asked: int
    confirmed: int
    received: int
    waited: int
    net_received: int
    net_received_cost: int
    shipped: int
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
        # Where nothing was asked for, received or there, a rate of it is left out.
        if n.asked:
            row["vendorConfirmationRate"] = ratio(n.confirmed, n.asked, 4)
        row["netReceivedInventoryCost"] = money(n.net_received_cost)
        row["netReceivedInventoryUnits"] = n.net_received
        row["openPurchaseOrderUnits"] = n.open_orders
        if n.received:
            row["averageVendorLeadTimeDays"] = ratio(n.waited, n.received, 2)
        if n.at_hand_before + n.received > 0:
            row["sellThroughRate"] = ratio(n.shipped, n.at_hand_before + n.received, 16)
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
            # Not known of a day (models #4809): null, against the schema. The other half
            # of the rows leaves the fields out, as the schema would have it.
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

    levels = TwoLevels(catalogue, query, _inventory_of_day, figures, over_days=_then, of_aggregate=of_aggregate)
    return levels.arrays("inventory")


def _then(before: Sequence[int], after: Sequence[int]) -> Sequence[int]:
    """Add up what flowed; of stock keep what there was first, and what there is last."""
    flows = [a + b for a, b in zip(before[:FLOWS], after[:FLOWS], strict=True)]
    return (*flows, before[FLOWS], *after[FLOWS + 1 :])


def _inventory_of_day(catalogue: Catalogue, query: Query, day: date) -> Iterator[Cell]:
    key = mix(catalogue.key ^ day.toordinal() ^ 0x1CE)
    busy = volume(day)
    missing = query.missing(day, RECEIVED_PENDING)
    sourcing = query.options["distributorView"] == "SOURCING"
    fresh = query.options["sellingProgram"] == "FRESH"
    for index, product in enumerate(catalogue.products):
        if (sourcing and not product.sourced) or (fresh and not product.fresh) or product.key % 17 == 0:
            continue
        percent = product.sourced if sourcing else 100
        if fresh:
            percent = percent // 4
        yield index, _numbers(product, mix(key ^ product.key), busy, missing, percent)


def _numbers(product: Product, bits: int, busy: int, missing: int, percent: int) -> Numbers:
    demand = product.demand * busy // 10_000
    asked = demand * (bits & 3) * 2 * percent // 100
    confirmed = asked * (60 + (bits >> 2 & 63)) // 100
    received = settled(confirmed * (bits >> 8 & 15) // 16, missing)
    # One ASIN in sixteen goes back to the vendor.
    returned = 1 + demand // 2 if bits >> 12 & 15 == 0 else 0
    cost = product.cost
    # More is owed to customers than is there, now and then.
    backlog = bits >> 16 & 31 == 0
    sellable = -(1 + demand) if backlog else demand * (8 + (bits >> 21 & 31)) * percent // 100
    if product.endless:
        sellable += ENDLESS
    aged = sellable * (bits >> 26 & 7) // 16
    unsellable = demand * (bits >> 29 & 7) // 4
    unhealthy = max(sellable, 0) * (bits >> 32 & 7) // 32
    shipped = demand * (90 + (bits >> 35 & 31)) // 100 - (2 * demand + 1 if bits >> 40 & 31 == 0 else 0)
    views = demand * 7 + (bits >> 45 & 15)
    return Numbers(
        asked=asked,
        confirmed=confirmed,
        received=received,
        waited=received * (3 + (bits >> 49 & 7)) + (bits >> 52 & 3 if received else 0),
        net_received=received - returned,
        net_received_cost=(received - returned) * cost,
        shipped=shipped,
        views=views,
        views_out_of_stock=views if backlog else views * (bits >> 54 & 7) // 100,
        at_hand_before=max(sellable + shipped - received, 0),
        open_orders=(demand * (bits >> 57 & 7) - (demand + 3 if bits >> 60 == 0 else 0)) * percent // 100,
        unfilled=1 + demand if backlog else 0,
        sellable=sellable,
        sellable_cost=sellable * cost,
        unsellable=unsellable,
        unsellable_cost=unsellable * cost,
        aged=aged,
        aged_cost=aged * cost,
        unhealthy=unhealthy,
        unhealthy_cost=unhealthy * cost,
    )
