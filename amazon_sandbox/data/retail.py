"""Sales, traffic and margin of retail analytics (docs/amazon/vendor-reports.md#retail-analytics)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_sandbox.data.catalogue import ratio, settled
from amazon_sandbox.data.levels import TwoLevels
from amazon_sandbox.data.sold import Day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from amazon_sandbox.data.catalogue import Arrays, Catalogue, Query, Row
    from amazon_sandbox.data.levels import Cell

# Percent that is still missing while a day is young; see AGES.
ORDERED_PENDING = (5, 3, 2, 1, 0)
SHIPPED_PENDING = (8, 5, 3, 1, 0)
RETURNS_PENDING = (80, 60, 40, 20, 0)
VIEWS_PENDING = (3, 2, 1, 1, 0)


def sales(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_SALES_REPORT (docs/amazon/vendor-reports.md#retail-analytics)."""
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

    return TwoLevels(catalogue, query, sales_of_day, figures).arrays("sales")


def traffic(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_TRAFFIC_REPORT (docs/amazon/vendor-reports.md#retail-analytics)."""

    def figures(numbers: Sequence[int]) -> Row:
        return {"glanceViews": numbers[0]}

    return TwoLevels(catalogue, query, traffic_of_day, figures).arrays("traffic")


def margin(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT (docs/amazon/vendor-reports.md#retail-analytics)."""

    def figures(numbers: Sequence[int]) -> Row:
        revenue, cost, funding = numbers
        return {"netPureProductMargin": ratio(revenue - cost - funding, revenue, 4)}

    return TwoLevels(catalogue, query, margin_of_day, figures).arrays("netPureProductMargin")


def sales_of_day(catalogue: Catalogue, query: Query, day: date) -> Iterator[Cell]:
    """One tuple of six whole numbers per ASIN that has a row on that day."""
    today = Day(catalogue, day)
    no_orders = query.missing(day, ORDERED_PENDING)
    no_shipments = query.missing(day, SHIPPED_PENDING)
    no_returns = query.missing(day, RETURNS_PENDING)
    program = query.options["sellingProgram"]
    sourcing = query.options["distributorView"] == "SOURCING"
    for index, product in enumerate(catalogue.products):
        if sourcing and not product.sourced:
            continue
        sold = today.sold(product)
        if sold is None:
            continue
        parts: tuple[int, ...] = sold.parts
        if program != "RETAIL":
            parts = sold.parts[1:2] if program == "BUSINESS" else sold.parts[2:]
            if not parts[0]:
                continue
        ordered = shipped = returns = 0
        for place, part in enumerate(parts):
            ordered += settled(part, no_orders, sold.luck)
            shipped += settled(sold.shipped(part), no_shipments, sold.luck)
            if program != "FRESH" and place < 2:  # noqa: PLR2004 - FRESH takes none back
                returns += settled(sold.returned(part), no_returns)
        if sourcing:
            shipped = shipped * product.sourced // 100
            returns = returns * product.sourced // 100
        kept = shipped - returns
        yield (
            index,
            (
                ordered,
                shipped,
                returns,
                (ordered - returns) * sold.price,
                kept * sold.price,
                kept * product.cost,
            ),
        )


def traffic_of_day(catalogue: Catalogue, query: Query, day: date) -> Iterator[Cell]:
    """How often each ASIN was looked at."""
    today = Day(catalogue, day)
    missing = query.missing(day, VIEWS_PENDING)
    for index, product in enumerate(catalogue.products):
        views = today.views(product)
        if views is not None:
            yield index, (settled(views, missing),)


def margin_of_day(catalogue: Catalogue, query: Query, day: date) -> Iterator[Cell]:
    """Revenue, cost, and what the vendor adds to advertising, which is known late."""
    today = Day(catalogue, day)
    missing = query.missing(day, RETURNS_PENDING)
    for index, product in enumerate(catalogue.products):
        sold = today.sold(product)
        if sold is None:
            continue
        kept = sum(map(sold.shipped, sold.parts)) - sum(map(sold.returned, sold.parts[:2]))
        if kept:
            revenue = kept * sold.price
            funding = settled(revenue * (400 + (sold.bits >> 16 & 1023)) // 10_000, missing)
            yield index, (revenue, kept * product.cost, funding)
