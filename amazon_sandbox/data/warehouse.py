"""What Amazon has of a vendor's products: what lies there when a day ends, and what came and left.

Once a week an ASIN is filled up again, now and then a week late. So the stock of any day
follows from the last delivery and from what was sold since, and a day begins with what the
day before ended with.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import volume
from amazon_sandbox.data.sold import Day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_sandbox.data.catalogue import Catalogue, Product

WEEK = 7
ENDLESS = 5_000_000_000

# Fresh sells about a tenth of what it has a share in, and keeps as much.
FRESH_SHARE = 10


class Stock(NamedTuple):
    """An ASIN on one day, in units.

    Attributes:
        bits: The randomness of the ASIN and the week.
        usual: What is sold on a usual day of that season.
        before: What could be sold when the day began; below zero for what is owed to customers.
        received: What the vendor brought.
        sent_back: What went back to the vendor.
        shipped: What went to customers.
        returned: What customers sent back, which is not for sale again.
        sellable: What can be sold when the day ends.
    """

    bits: int
    usual: int
    before: int
    received: int
    sent_back: int
    shipped: int
    returned: int
    sellable: int


class Warehouse:
    """The stock of a vendor's products.

    Args:
        catalogue: The ASINs.
        sourcing: Count only what Amazon bought from this vendor.
        fresh: Count only what Fresh has.
    """

    def __init__(self, catalogue: Catalogue, *, sourcing: bool = False, fresh: bool = False) -> None:
        """Work nothing out yet."""
        self._catalogue = catalogue
        self._sourcing = sourcing
        self._fresh = fresh
        self._day = lru_cache(maxsize=64)(self._make_day)

    def has(self, product: Product) -> bool:
        """Whether it keeps an ASIN."""
        return (
            (product.sourced > 0 or not self._sourcing) and (product.fresh or not self._fresh) and product.key % 17 != 0
        )

    def on(self, product: Product, day: date) -> Stock:
        """What happens to an ASIN on a day."""
        number = day.toordinal()
        last = _delivery(product, number)
        before = self._sellable(product, number - 1)
        shipped, returned, sent_back = self._left(product, number)
        received = 0
        sellable = before - shipped - sent_back
        if last == number:
            level = self._level(product, number)
            # There may be more than enough, which goes back then.
            received, sent_back = max(level - sellable, 0), sent_back + max(sellable - level, 0)
            sellable = level
        usual = self._share(product, product.demand * volume(day) // 10_000)
        return Stock(_bits(product, last // WEEK), usual, before, received, sent_back, shipped, returned, sellable)

    def receipts(self, day: date) -> Iterator[tuple[Product, Stock]]:
        """What the vendor brought on a day."""
        number = day.toordinal()
        for product in self._catalogue.products:
            if self.has(product) and _delivery(product, number) == number:
                stock = self.on(product, day)
                if stock.received:
                    yield product, stock

    def views(self, product: Product, day: date) -> int:
        """How often somebody looks at an ASIN."""
        return self._day(day.toordinal()).views(product) or 0

    def _make_day(self, number: int) -> Day:
        return Day(self._catalogue, date.fromordinal(number))

    def _sellable(self, product: Product, number: int) -> int:
        """What can be sold when a day ends."""
        last = _delivery(product, number)
        left = 0
        for day in range(last + 1, number + 1):
            shipped, _, sent_back = self._left(product, day)
            left += shipped + sent_back
        return self._level(product, last) - left

    def _level(self, product: Product, number: int) -> int:
        """What a delivery fills up to: what is sold in a week or a little more."""
        usual = product.demand * volume(date.fromordinal(number)) * (7 + (_bits(product, number // WEEK) & 3)) // 10_000
        return self._share(product, usual + 3) + (ENDLESS if product.endless else 0)

    def _share(self, product: Product, units: int) -> int:
        if self._fresh:
            units = (units + FRESH_SHARE - 1) // FRESH_SHARE
        return units * product.sourced // 100 if self._sourcing else units

    def _left(self, product: Product, number: int) -> tuple[int, int, int]:
        """What went to customers on a day, what they sent back, and what went back to the vendor."""
        sold = self._day(number).sold(product)
        if sold is None:
            return 0, 0, 0
        parts = sold.parts[2:] if self._fresh else sold.parts
        percent = product.sourced if self._sourcing else 100
        shipped = sum(map(sold.shipped, parts)) * percent // 100
        returned = 0 if self._fresh else sum(map(sold.returned, parts[:2])) * percent // 100
        # Of one ASIN in sixteen.
        sent_back = self._share(product, 1 + sold.units // 4) if sold.bits >> 52 & 15 == 0 else 0
        return shipped, returned, sent_back


def promised(received: int, bits: int) -> tuple[int, int]:
    """What was asked for and what was confirmed, mostly more, of what was received in the end."""
    confirmed = received * 100 // (80 + (bits & 15))
    return confirmed * 100 // (70 + (bits >> 4 & 63)), confirmed


def _delivery(product: Product, number: int) -> int:
    """The day of the last delivery: a day of the week, of which every so many is a week late."""
    weekday = product.key % WEEK
    last = number - (number - weekday) % WEEK
    week = last // WEEK
    late = (week + product.key // WEEK) % 2 == 0 and _bits(product, week) >> 40 & 3 == 0
    return last - WEEK if late else last


def _bits(product: Product, week: int) -> int:
    return mix(product.key ^ week << 4 ^ 0x1CE)
