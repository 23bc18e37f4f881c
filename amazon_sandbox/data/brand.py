# ruff: noqa: RUF001 - awkward characters are what this is about
"""Brand analytics (docs/amazon/vendor-reports.md#brand-analytics)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import foreign_asin, settled, share
from amazon_sandbox.data.sold import Day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from amazon_sandbox.data.catalogue import Arrays, Catalogue, Product, Query, Row

# Percent that is still missing while the last day of a period is young; see AGES.
ORDERS_PENDING = (6, 4, 2, 1, 0)
SHARES_PENDING = (9, 5, 3, 1, 0)

MOST_RANKS = 3

# All of Amazon first, then its departments, as the store of the country names them.
DEPARTMENTS: Mapping[str, tuple[str, ...]] = {
    "US": ("Amazon.com", "Beauty", "Books", "Toys & Games"),
    "UK": ("Amazon.co.uk", "Beauty", "Books", "Toys & Games"),
    "DE": ("Amazon.de", "Beauty", "Bücher", "Spielzeug"),
    "JP": ("Amazon.co.jp", "ビューティー", "本", "おもちゃ"),
}

# What customers really type; each stands once in the list of a department. The two cafés
# differ in how their accent is put together, and are two terms.
AWKWARD_TERMS = (
    "christmas day gifts",
    "水筒 おしゃれ",
    "🎁 gift for 👩‍👩‍👧‍👦",
    "café",
    "cafe\u0301",
    "كتاب الطبخ",
    "ספר \u200fבישול",
    "0071234567",
    "null",
    'tv 55" 4k',
    "50% off \\ sale",
    "tab\there",
    " two  spaces ",
    "'; drop table terms; --",
    "ＦＵＬＬ　ＷＩＤＴＨ",
    "ein sehr langer suchbegriff " + "wort " * 60 + "ende",
)
ADJECTIVES = (
    "cheap", "best", "small", "grüne", "wireless", "kids", "vintage", "赤い", "organic", "leather", "usb c", "xxl",
    "foldable", "used", "rosé", "mini",
)  # fmt: skip
NOUNS = (
    "shoes", "mug", "lamp", "schuhe", "cable", "puzzle", "shampoo", "靴", "backpack", "notebook", "tea", "desk",
    "jeans", "drill", "crème", "tent",
)  # fmt: skip


def market_basket(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_BRAND_ANALYTICS_MARKET_BASKET_REPORT."""
    return {"dataByAsin": _baskets(catalogue, query)}


def _baskets(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    products = catalogue.products
    for start, end, key, missing in _periods(catalogue, query, SHARES_PENDING):
        for index, product in enumerate(products):
            bits = mix(key ^ product.key)
            # Few orders hold nothing else, and some hold less than three other things.
            ranks = min(bits & 7, MOST_RANKS)
            percent = 200 + (bits >> 3 & 4095)
            for rank in range(1, ranks + 1):
                other = foreign_asin(mix(bits + rank))
                if rank == 1 and bits >> 20 & 3 == 0 and len(products) > 1:
                    other = products[(index + 1) % len(products)].asin
                yield {
                    "startDate": f"{start}",
                    "endDate": f"{end}",
                    "asin": product.asin,
                    "purchasedWithAsin": other,
                    "purchasedWithRank": rank,
                    "combinationPct": share(settled(percent, missing)),
                }
                percent = percent * (40 + (bits >> 8 * rank & 31)) // 100


def repeat_purchase(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_BRAND_ANALYTICS_REPEAT_PURCHASE_REPORT."""
    return {"dataByAsin": _repeats(catalogue, query)}


def _repeats(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    for start, end, key, missing in _periods(catalogue, query, ORDERS_PENDING):
        days = [Day(catalogue, day) for day in query.days(start, end)]
        for product in catalogue.products:
            bits = mix(key ^ product.key)
            if bits >> 6 & 15 == 0:
                continue
            units = sum(sold.units for day in days if (sold := day.sold(product)))
            # Some orders are of several units.
            final = units * (85 + (product.key & 7)) // 100
            if not final:
                continue
            orders = settled(final, missing)
            # Nobody came back, or everybody did.
            part = (0, 10_000)[bits >> 24 & 1] if bits >> 20 & 15 == 0 else bits >> 25 & 4095
            part = part if orders else 0
            customers = orders - orders * (bits >> 10 & 15) // 100 if part else orders
            yield {
                "startDate": f"{start}",
                "endDate": f"{end}",
                "asin": product.asin,
                "orders": orders,
                "uniqueCustomers": customers,
                "repeatCustomersPctTotal": share(part),
                "repeatPurchaseRevenue": catalogue.money(orders * product.price * part // 10_000),
                "repeatPurchaseRevenuePctTotal": share(part * (10 + (bits >> 40 & 7)) // 17),
            }


def _periods(catalogue: Catalogue, query: Query, pending: tuple[int, ...]) -> Iterator[tuple[date, date, int, int]]:
    """First and last day of each period that has figures, its randomness, what it lacks."""
    for start, end in query.periods():
        if query.first_day is None or end >= query.first_day:
            yield start, end, _key(catalogue, start, end), query.missing(end, pending)


def _key(catalogue: Catalogue, start: date, end: date) -> int:
    return mix(mix(catalogue.key ^ start.toordinal()) + (end - start).days)


def search_terms(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT: the whole marketplace, not one brand."""
    return {"dataByDepartmentAndSearchTerm": _terms(catalogue, query)}


def _terms(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    if query.first_day is not None and query.end < query.first_day:
        return
    key = _key(catalogue, query.start, query.end)
    missing = query.missing(query.end, SHARES_PENDING)
    departments = DEPARTMENTS.get(catalogue.country) or (f"Amazon {catalogue.country}", *DEPARTMENTS["US"][1:])
    small = catalogue.search_terms // 8
    sizes = (catalogue.search_terms - small * (len(departments) - 1), *[small] * (len(departments) - 1))
    for department, size in zip(departments, sizes, strict=True):
        # The list of all terms turns from one period to the next.
        offset = key % max(size, 1)
        for rank in range(1, size + 1):
            number = (rank + offset) % size
            yield from _term(department, search_term(number), rank, mix(key ^ number), missing, catalogue.products)


def _term(  # noqa: PLR0913, PLR0917 - called for each term of ten millions
    department: str, text: str, rank: int, bits: int, missing: int, products: tuple[Product, ...]
) -> Iterator[Row]:
    clicks = 300 + (bits & 2047)
    # A few terms have less than three ASINs.
    ranks = 1 + (bits >> 11 & 1) if bits >> 12 & 15 == 0 else MOST_RANKS
    for place in range(1, ranks + 1):
        own = place == 1 and bits >> 16 & 7 == 0
        chance = bits >> 19 + place
        yield {
            "departmentName": department,
            "searchTerm": text,
            "searchFrequencyRank": rank,
            "clickedAsin": products[chance % len(products)].asin if own else foreign_asin(mix(bits + place)),
            "clickShareRank": place,
            "clickShare": share(clicks - clicks * missing // 100),
            "conversionShare": share(0 if chance & 3 == 0 else chance >> 2 & 2047),
        }
        clicks = clicks * (50 + (chance & 31)) // 100


def search_term(number: int) -> str:
    """The term of a number; no two numbers have the same."""
    if number < len(AWKWARD_TERMS):
        return AWKWARD_TERMS[number]
    words = f"{ADJECTIVES[number & 15]} {NOUNS[number >> 4 & 15]}"
    return f"{words} {number >> 8}" if number >> 8 else words
