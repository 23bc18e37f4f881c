"""The hourly reports, "rapid retail analytics" (REPORTS.md section 1)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_amazon_vendor.sandbox.chance import mix
from tap_amazon_vendor.sandbox.data.catalogue import iso, settled, volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_amazon_vendor.sandbox.data.catalogue import Arrays, Catalogue, Product, Query, Row

    # What a row says of a product in an hour; None for no row.
    Figures = Callable[[Product, int, int, int], Row | None]

# Percent that is still missing while an hour is young; see HOUR_AGES.
ORDERS_PENDING = (35, 15, 8, 3, 0)
VIEWS_PENDING = (20, 10, 5, 2, 0)
STOCK_PENDING = (3, 2, 1, 1, 0)

# Percent of an average hour, by hours of UTC: America sleeps when Europe has lunch.
HOURS = (150, 148, 140, 128, 110, 90, 70, 52, 40, 32, 30, 36, 50, 68, 84, 98, 108, 114, 118, 122, 128, 136, 146, 152)
ENDLESS = 5_000_000_000


def real_time_sales(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_REAL_TIME_SALES_REPORT; what it misses later comes from orders not yet known."""

    def figures(product: Product, busy: int, missing: int, bits: int) -> Row | None:
        units = product.demand * busy * (bits & 127) // 4_000_000
        if not units and bits >> 7 & 7:
            # Most hours without an order have no row; some have one of zeros.
            return None
        if bits >> 10 & 31 == 0:
            # More orders of before were cancelled than new ones came.
            units = -1 - (bits >> 15 & 3)
        known = settled(units, missing) if units > 0 else units
        return {"orderedUnits": known, "orderedRevenue": catalogue.amount(known * product.price)}

    return {"reportData": _rows(catalogue, query, ORDERS_PENDING, figures)}


def real_time_traffic(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_REAL_TIME_TRAFFIC_REPORT."""

    def figures(product: Product, busy: int, missing: int, bits: int) -> Row | None:
        views = product.demand * busy * (64 + (bits & 255)) // 2_000_000
        if not views and bits >> 8 & 3:
            return None
        return {"glanceViews": settled(views, missing)}

    return {"reportData": _rows(catalogue, query, VIEWS_PENDING, figures)}


def real_time_inventory(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_REAL_TIME_INVENTORY_REPORT; an ASIN without a row has what it had before."""

    def figures(product: Product, busy: int, missing: int, bits: int) -> Row | None:
        if bits & 3:
            return None
        units = product.demand * (200 + busy + (bits >> 2 & 255)) // 10_000
        if bits >> 10 & 15 == 0:
            units = 0
        if product.endless:
            units += ENDLESS
        return {"highlyAvailableInventory": settled(units, missing)}

    return {"reportData": _rows(catalogue, query, STOCK_PENDING, figures)}


def _rows(catalogue: Catalogue, query: Query, pending: tuple[int, ...], figures: Figures) -> Iterator[Row]:
    for start in query.hours():
        first, last = iso(start), iso(start + timedelta(hours=1))
        key = mix(catalogue.key ^ int(start.timestamp()))
        busy = volume(start.date()) * HOURS[start.hour] // 100
        missing = query.missing_of_hour(start, pending)
        for product in catalogue.products:
            found = figures(product, busy, missing, mix(key ^ product.key))
            if found is not None:
                yield {"startTime": first, "endTime": last, "asin": product.asin, **found}
