"""Sales, traffic and margin of retail analytics (REPORTS.md section 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_amazon_vendor.sandbox.chance import mix
from tap_amazon_vendor.sandbox.data.catalogue import ratio, settled, volume
from tap_amazon_vendor.sandbox.data.levels import TwoLevels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tap_amazon_vendor.sandbox.data.catalogue import Arrays, Catalogue, Query, Row
    from tap_amazon_vendor.sandbox.data.levels import Cell

# Percent that is still missing while a day is young; see AGES.
ORDERED_PENDING = (8, 5, 3, 1, 0)
SHIPPED_PENDING = (15, 9, 5, 2, 0)
RETURNS_PENDING = (80, 60, 40, 20, 0)
VIEWS_PENDING = (3, 2, 1, 1, 0)


def sales(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_SALES_REPORT (REPORTS.md section 1)."""
    manufacturing = query.options["distributorView"] == "MANUFACTURING"
    returned = query.options["sellingProgram"] != "FRESH"
    money = catalogue.money

    def figures(numbers: Sequence[int]) -> Row:
        ordered, shipped, returns, revenue, shipped_revenue, cogs = numbers
        row: Row = {}
        if returned:
            row["customerReturns"] = returns
        if manufacturing:
            row["orderedRevenue"] = money(revenue)
            row["orderedUnits"] = ordered
        row["shippedCogs"] = money(cogs)
        row["shippedRevenue"] = money(shipped_revenue)
        row["shippedUnits"] = shipped
        return row

    return TwoLevels(catalogue, query, _sales_of_day, figures).arrays("sales")


def traffic(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_TRAFFIC_REPORT (REPORTS.md section 1)."""

    def figures(numbers: Sequence[int]) -> Row:
        return {"glanceViews": numbers[0]}

    return TwoLevels(catalogue, query, _traffic_of_day, figures).arrays("traffic")


def margin(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT (REPORTS.md section 1)."""

    def figures(numbers: Sequence[int]) -> Row:
        revenue, cost, funding = numbers
        return {"netPureProductMargin": ratio(revenue - cost - funding, revenue, 4)}

    return TwoLevels(catalogue, query, _margin_of_day, figures).arrays("netPureProductMargin")


def _sales_of_day(catalogue: Catalogue, query: Query, day: date) -> Iterator[Cell]:
    """One tuple of six whole numbers per ASIN that has a row on that day.

    RETAIL is the sum of three parts - consumers, BUSINESS, FRESH - because Amazon's
    figures were seen to be so (models #5177).
    """
    key = mix(catalogue.key ^ day.toordinal())
    busy = volume(day)
    no_orders = query.missing(day, ORDERED_PENDING)
    no_shipments = query.missing(day, SHIPPED_PENDING)
    no_returns = query.missing(day, RETURNS_PENDING)
    program = query.options["sellingProgram"]
    sourcing = query.options["distributorView"] == "SOURCING"
    for index, product in enumerate(catalogue.products):
        if sourcing and not product.sourced:
            continue
        bits = mix(key ^ product.key)
        if bits & 63 < 6:  # noqa: PLR2004 - about every tenth ASIN has no row
            continue
        total = product.demand * busy * (60 + (bits >> 8 & 63)) // 1_000_000
        business = total * (bits >> 16 & 31) // 200
        fresh = total * (bits >> 21 & 31) // 160 if product.fresh else 0
        if program == "RETAIL":
            parts: tuple[int, ...] = (total - business - fresh, business, fresh)
        else:
            parts = (business,) if program == "BUSINESS" else (fresh,)
            if not parts[0]:
                continue
        ordered = shipped = returns = 0
        for place, part in enumerate(parts):
            units = part - part * (bits >> 26 & 7) // 100
            ordered += settled(part, no_orders)
            known = settled(units, no_shipments)
            shipped += known * product.sourced // 100 if sourcing else known
            if program != "FRESH" and place < 2:  # noqa: PLR2004 - FRESH takes none back
                returns += settled(units * (bits >> 29 & 15) // 100, no_returns)
        if sourcing:
            returns = returns * product.sourced // 100
        price = product.price
        if bits >> 33 & 15 == 0:
            price = price * 85 // 100
        kept = shipped - returns
        yield (
            index,
            (
                ordered,
                shipped,
                returns,
                (ordered - returns) * price,
                kept * price,
                kept * product.cost,
            ),
        )


def _traffic_of_day(catalogue: Catalogue, query: Query, day: date) -> Iterator[Cell]:
    key = mix(catalogue.key ^ day.toordinal())
    busy = volume(day)
    missing = query.missing(day, VIEWS_PENDING)
    for index, product in enumerate(catalogue.products):
        bits = mix(key ^ product.key)
        if bits & 63 < 2:  # noqa: PLR2004 - more ASINs are looked at than sold
            continue
        total = product.demand * busy * (60 + (bits >> 8 & 63)) // 1_000_000
        views = total * (6 + (bits >> 40 & 7)) + (bits >> 44 & 15)
        yield index, (settled(views, missing),)


def _margin_of_day(catalogue: Catalogue, query: Query, day: date) -> Iterator[Cell]:
    """Revenue, cost, and what the vendor adds to advertising, which is known late."""
    key = mix(catalogue.key ^ day.toordinal())
    busy = volume(day)
    missing = query.missing(day, RETURNS_PENDING)
    for index, product in enumerate(catalogue.products):
        bits = mix(key ^ product.key)
        units = product.demand * busy * (60 + (bits >> 8 & 63)) // 1_000_000
        if not units:
            continue
        revenue = units * product.price
        # Every ninth ASIN sells at a loss: the schema's "between 0 and 1" does not hold.
        cost = revenue * 110 // 100 if product.key % 9 == 0 else units * product.cost
        yield index, (revenue, cost, settled(revenue * (400 + (bits >> 16 & 1023)) // 10_000, missing))
