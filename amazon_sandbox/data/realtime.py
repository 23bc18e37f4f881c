"""The hourly reports, "rapid retail analytics" (docs/amazon/vendor-reports.md#real-time-reports).

The hours of a Pacific day share out what is sold and looked at on it. They add up to about
the daily report: some cancellations reach one of the two only.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from amazon_sandbox.calendars import PACIFIC
from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import iso, settled
from amazon_sandbox.data.sold import Day
from amazon_sandbox.data.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from amazon_sandbox.data.catalogue import Arrays, Catalogue, Product, Query, Row

# Percent that is still missing while an hour is young; see HOUR_AGES.
ORDERS_PENDING = (35, 15, 8, 3, 0)
VIEWS_PENDING = (20, 10, 5, 2, 0)
STOCK_PENDING = (3, 2, 1, 1, 0)

# Percent of an average hour, by hours of UTC: America sleeps when Europe has lunch.
HOURS = (150, 148, 140, 128, 110, 90, 70, 52, 40, 32, 30, 36, 50, 68, 84, 98, 108, 114, 118, 122, 128, 136, 146, 152)
# The local hour in which the vendor's truck is unloaded.
UNLOADED = 8


class Hours:
    """The hours of one Pacific day, 23 to 25 of them.

    Args:
        catalogue: The ASINs.
        day: The day.
    """

    def __init__(self, catalogue: Catalogue, day: date) -> None:
        """Work out what all ASINs have in common."""
        first, end = (
            int(datetime.combine(each, time(), PACIFIC).timestamp()) // 3600 for each in (day, day + timedelta(days=1))
        )
        self.day = day
        self.sales = Day(catalogue, day)
        self.count = end - first
        self._key = mix(catalogue.key ^ first << 24)
        self._first = first
        self._weights = [HOURS[hour % 24] for hour in range(first, end)]
        self._before = [0, *accumulate(self._weights)]

    def place(self, start: datetime) -> int:
        """Which hour of the day begins at a moment."""
        return int(start.timestamp()) // 3600 - self._first

    def bits(self, product: Product, place: int) -> int:
        """The randomness of an ASIN and an hour."""
        return mix(self._key + place ^ product.key)

    def share(self, product: Product, total: int, place: int) -> int:
        """What an hour has of a day's total; all hours together have all of it."""
        whole, luck = self._before[-1], product.key % self._before[-1]
        start, end = (self._border(product, each) for each in (place, place + 1))
        return (total * end + luck) // whole - (total * start + luck) // whole

    def _border(self, product: Product, place: int) -> int:
        """Where an hour begins, in percent of average hours: a little later than it should."""
        if place in {0, self.count}:
            return self._before[place]
        return self._before[place] + self.bits(product, place) % self._weights[place]


def real_time_sales(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_REAL_TIME_SALES_REPORT; what it misses later comes from orders not yet known."""
    return {"reportData": _sales(catalogue, query)}


def _sales(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    for hours, start, place, named in _hours(catalogue, query):
        missing = query.missing_of_hour(start, ORDERS_PENDING)
        for product in catalogue.products:
            sold = hours.sales.sold(product)
            if sold is None:
                continue
            # What is cancelled at last is no longer an order here, and is one in the daily report.
            total = sold.units - sold.units * (sold.bits >> 50 & 3) // 100
            bits = hours.bits(product, place)
            units = hours.share(product, total, place)
            # In the hour before were orders that are cancelled now.
            now, then = (_cancelled(hours, product, each) if total else 0 for each in (place, place + 1))
            if now:
                units = -now
            if then:
                units += hours.share(product, total, place + 1) + then
            if not units and bits >> 17 & 7:
                # Most hours without an order have no row; some have one of zeros.
                continue
            known = settled(units, missing, (bits >> 20) % 100) if units > 0 else units
            yield {
                **named,
                "asin": product.asin,
                "orderedUnits": known,
                "orderedRevenue": catalogue.amount(known * sold.price),
            }


def _cancelled(hours: Hours, product: Product, place: int) -> int:
    """How many more orders are cancelled than come in an hour; 0 for most hours."""
    if not 0 < place < hours.count:
        return 0
    bits = hours.bits(product, place)
    return 1 + (bits >> 15 & 3) if bits >> 10 & 31 == 0 else 0


def real_time_traffic(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_REAL_TIME_TRAFFIC_REPORT."""
    return {"reportData": _traffic(catalogue, query)}


def _traffic(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    for hours, start, place, named in _hours(catalogue, query):
        missing = query.missing_of_hour(start, VIEWS_PENDING)
        for product in catalogue.products:
            total = hours.sales.views(product)
            if total is None:
                continue
            views = hours.share(product, total - total * (product.key % 3) // 100, place)
            bits = hours.bits(product, place)
            if views or bits >> 17 & 3 == 0:
                yield {**named, "asin": product.asin, "glanceViews": settled(views, missing, (bits >> 20) % 100)}


def real_time_inventory(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_REAL_TIME_INVENTORY_REPORT; an ASIN without a row has what it had before."""
    return {"reportData": _inventory(catalogue, query)}


def _inventory(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    warehouse = Warehouse(catalogue)
    # Each ASIN is asked for some hours of a day.
    known = lru_cache(maxsize=2 * len(catalogue.products))(
        lambda place, day: warehouse.on(catalogue.products[place], day)
    )
    for hours, start, place, named in _hours(catalogue, query):
        missing = query.missing_of_hour(start, STOCK_PENDING)
        for number, product in enumerate(catalogue.products):
            if hours.bits(product, place) & 3 or not warehouse.has(product):
                continue
            stock = known(number, hours.day)
            units = stock.before - stock.shipped * (place + 1) // hours.count
            if place >= UNLOADED:
                units += stock.received - stock.sent_back
            yield {**named, "asin": product.asin, "highlyAvailableInventory": settled(max(units, 0), missing)}


def _hours(catalogue: Catalogue, query: Query) -> Iterator[tuple[Hours, datetime, int, Row]]:
    """The hours of a range, each with its day, its beginning, its place in the day, and the fields of both ends."""
    hours: Hours | None = None
    for start in query.hours():
        day = start.astimezone(PACIFIC).date()
        if hours is None or hours.day != day:
            hours = Hours(catalogue, day)
        end = start.astimezone(timezone.utc) + timedelta(hours=1)
        yield hours, start, hours.place(start), {"startTime": iso(start), "endTime": iso(end)}
