"""Vendor analytics of Data Kiosk: the figures of the retail analytics reports through another door.

See docs/amazon/data-kiosk.md#vendor-analytics. Each metric is worked out of the same whole numbers as in the
reports, so that both agree for the same days, view and currency; selling programs are not
told apart.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, cast

from amazon_sandbox.calendars import PACIFIC, period_of, periods
from amazon_sandbox.data.catalogue import foreign_asin, ratio
from amazon_sandbox.data.forecasts import forecasts
from amazon_sandbox.data.inventory import Numbers, inventory_of_day, over_days
from amazon_sandbox.data.levels import TwoLevels, add
from amazon_sandbox.data.procurement import barcode
from amazon_sandbox.data.retail import margin_of_day, sales_of_day, traffic_of_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from amazon_sandbox.data.catalogue import Catalogue, Product, Query, Row

# Figures of a day appear so long after it (docs/amazon/data-kiosk.md#vendor-analytics).
DELAY = timedelta(hours=34)
# Stock of single days is kept for so many of them.
STOCK_DAYS = 10
# What the view calls daily inventory metrics.
STOCK = frozenset(
    {
        "aged90DaysSellableInventory",
        "sellableInTransitInventory",
        "sellableOnHandInventory",
        "unhealthyInventory",
        "unsellableInTransitInventory",
        "unsellableOnHandInventory",
    }
)
# Made-up rates of exchange: what one unit is worth in hundredths of a US dollar.
WORTH: Mapping[str, Decimal] = {
    currency: Decimal(cents)
    for currency, _, cents in (
        line.partition(" ")
        for line in (
            *("USD 100", "CAD 73", "MXN 5", "BRL 18", "EUR 110", "GBP 128", "SEK 10", "PLN 26", "JPY 0.7", "INR 1.2"),
            *("TRY 3", "AED 27", "SAR 27", "EGP 2", "ZAR 5.5", "AUD 66", "SGD 75"),
        )
    )
}
TOPICS = ("quality", "size", "smell", "price", "delivery")


class Raw(NamedTuple):
    """Whole numbers of some ASINs in a period: sales, traffic, margin, then those of the inventory report."""

    sales: Sequence[int]
    traffic: Sequence[int]
    margin: Sequence[int]
    stock: Sequence[int]


NOTHING = Raw([0] * 6, [0], [0] * 3, [0] * len(Numbers._fields))


@dataclass(frozen=True)
class View:
    """What is asked of a view.

    Attributes:
        catalogue: What the vendor sells.
        query: The range, and when it is asked for.
        sourcing: Whether it is the sourcing view.
        period: DAY, WEEK or MONTH.
        currency: In what amounts are.
        attributes: The attributes that are asked for: each combination of theirs is a group.
    """

    catalogue: Catalogue
    query: Query
    sourcing: bool
    period: str
    currency: str
    attributes: AbstractSet[str]


@dataclass(frozen=True)
class Period:
    """One element of a view's list, whose numbers are worked out when they are first asked for.

    Attributes:
        view: What is asked for, its range the period.
        numbers: Those of each ASIN, by its place in the catalogue.
        forecast: The newest forecast of each ASIN.
    """

    view: View
    numbers: Callable[[], dict[int, Raw]]
    forecast: Callable[[], dict[str, list[Row]]]


def aligned(period: str, start: date, end: date) -> tuple[date, date]:
    """The range that is answered: from the beginning of its first period, to the end of the last whole one.

    A week that was asked for from its Wednesday on came whole (docs/amazon/data-kiosk.md#periods).
    """
    first, last = period_of(period, start)[0], period_of(period, end)
    return first, (end if last[1] == end else last[0] - timedelta(days=1))


def newest(now: datetime) -> date:
    """The last day that has figures."""
    day = now.astimezone(PACIFIC).date()
    while datetime.combine(day + timedelta(days=1), time(), PACIFIC) + DELAY > now:
        day -= timedelta(days=1)
    return day


def stock_days(now: datetime) -> list[date]:
    """The days of which daily inventory metrics are there, oldest first."""
    last = newest(now)
    return [last - timedelta(days=number) for number in reversed(range(STOCK_DAYS))]


def rows(view: View, last: date) -> list[Row]:
    """The elements of a view's list, one for each period that has figures.

    Args:
        view: What is asked for.
        last: The last day that has figures.

    Returns:
        ManufacturingView or SourcingView of the schema. Their totals and metrics are functions,
        which work them out when they are asked for.
    """
    first, end = aligned(view.period, view.query.start, min(view.query.end, last))
    found = []
    forecast = cache(partial(_forecast, view))
    for start, stop in periods(view.period, first, end):
        if view.query.first_day is not None and stop < view.query.first_day:
            continue
        part = replace(view, query=replace(view.query, start=start, end=stop))
        period = Period(part, cache(partial(_by_product, part)), forecast)
        found.append(
            {
                "startDate": f"{start}",
                "endDate": f"{stop}",
                "marketplaceId": view.catalogue.marketplace_id,
                "totals": partial(_totals, period),
                "metrics": partial(_groups, period),
            }
        )
    return found


def worked_out(found: list[Row]) -> list[Row]:
    """The elements of a list with everything in them, as a query for all fields would bring them.

    Args:
        found: What `rows` gives.
    """
    return [cast("Row", _whole(row)) for row in found]


def _whole(value: object) -> object:
    if callable(value):
        value = value(None)
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


def _totals(period: Period, _info: object) -> Row:
    raw = period.numbers()
    return _metrics(period, list(raw), _sum(list(raw.values())), whole=True)


def _groups(period: Period, _info: object) -> list[Row]:
    view = period.view
    groups: dict[str, tuple[Row, list[int]]] = {}
    raw = period.numbers()
    for index in raw:
        attributes = _attributes(view, index)
        key = {name: attributes[name] for name in sorted(view.attributes) if name in attributes}
        groups.setdefault(json.dumps(key, default=str), (key, []))[1].append(index)
    return [
        {
            "groupByKey": key,
            "metrics": _metrics(period, members, _sum([raw[index] for index in members]), whole=False),
        }
        for key, members in groups.values()
    ]


def _by_product(view: View) -> dict[int, Raw]:
    """The numbers of each ASIN that has any."""
    options = {
        "reportPeriod": view.period,
        "sellingProgram": "RETAIL",
        "distributorView": "SOURCING" if view.sourcing else "MANUFACTURING",
    }
    query, catalogue = replace(view.query, options=options), view.catalogue
    start, end = query.start, query.end
    found: defaultdict[int, Raw] = defaultdict(lambda: NOTHING)
    for index, numbers in TwoLevels(catalogue, query, sales_of_day, _plain).sums(start, end):
        found[index] = found[index]._replace(sales=numbers)
    for index, numbers in TwoLevels(catalogue, query, inventory_of_day, _plain, over_days=over_days).sums(start, end):
        found[index] = found[index]._replace(stock=numbers)
    for index, numbers in TwoLevels(catalogue, query, margin_of_day, _plain).sums(start, end):
        if not view.sourcing or catalogue.products[index].sourced:
            found[index] = found[index]._replace(margin=numbers)
    if not view.sourcing:
        for index, numbers in TwoLevels(catalogue, query, traffic_of_day, _plain).sums(start, end):
            found[index] = found[index]._replace(traffic=numbers)
    return dict(sorted(found.items()))


def _plain(_: Sequence[int]) -> Row:
    """Of the levels only the sums are wanted here."""
    return {}


def _sum(parts: list[Raw]) -> Raw:
    total = NOTHING
    for part in parts:
        total = Raw(*(add(before, more) for before, more in zip(total, part, strict=True)))
    return total


def _metrics(period: Period, members: list[int], raw: Raw, *, whole: bool) -> Row:
    view = period.view
    ordered, shipped, returns, revenue, shipped_revenue, cogs = raw.sales
    stock = Numbers(*raw.stock)
    net_revenue, cost, funding = raw.margin
    money = partial(_money, view)

    def valued(units: int, value: int) -> Row:
        return {"units": units, "value": money(value)}

    discount, contra = shipped_revenue * 2 // 100, cogs * 3 // 100
    found: Row = {
        "costs": {
            "averageSalesDiscount": money(discount // shipped) if shipped else None,
            "contraCogs": money(contra),
            "contraCogsPerUnit": money(contra // shipped) if shipped else None,
            "netPPM": ratio(net_revenue - cost - funding, net_revenue, 4) if net_revenue else None,
            "salesDiscount": money(discount),
            "shippedCogs": money(cogs),
        },
        "customerSatisfaction": {"customerReturns": returns, **_opinions(view, members)},
        "productAvailability": {
            "aged90DaysSellableInventory": valued(stock.aged, stock.aged_cost),
            "sellThroughRate": _rate(stock.kept, stock.at_hand_before + stock.received, 16),
            "sellableInTransitInventory": max(stock.open_orders, 0) // 3,
            "sellableOnHandInventory": valued(stock.sellable, stock.sellable_cost),
            "sourceableROOS": _rate(stock.views_out_of_stock, stock.views, 4),
            # Known of all products together only, as in the report.
            "ultraFastTrack": _rate(stock.views - stock.views_out_of_stock, stock.views, 4) if whole else None,
            "unhealthyInventory": None if view.period == "DAY" else valued(stock.unhealthy, stock.unhealthy_cost),
            "unsellableInTransitInventory": 0,
            "unsellableOnHandInventory": valued(stock.unsellable, stock.unsellable_cost),
        },
        "shippedOrders": {
            "averageSellingPrice": money(shipped_revenue // shipped) if shipped else None,
            "shippedUnitsWithRevenue": valued(shipped, shipped_revenue),
        },
        "sourcing": {
            "confirmedUnits": stock.confirmed,
            "mostRecentSubmitted": stock.asked,
            "netReceived": valued(stock.net_received, stock.net_received_cost),
            "openPurchaseOrderQuantity": stock.open_orders,
            "overallVendorLeadTime": _rate(stock.waited, stock.received, 2),
            "procurableProductOOS": _rate(stock.views_out_of_stock, stock.views, 16) if whole else None,
            "receivedFillRate": _rate(stock.received, stock.confirmed, 4) if whole else None,
            "vendorConfirmationRate": _rate(stock.confirmed, stock.asked, 4),
        },
    }
    if not view.sourcing:
        found["orders"] = {
            "netOrderedGMS": money(revenue),
            "netShipmentGMS": money(shipped_revenue),
            "orderedUnitsWithRevenue": valued(ordered, revenue),
            "unfilledOrderedUnits": stock.unfilled,
        }
        views = raw.traffic[0]
        lost = sum(view.catalogue.products[index].key % 7 for index in members)
        found["traffic"] = {
            "glanceViews": views,
            "lostFeaturedOffer": _rate(lost, len(members) * 100, 4) if views else None,
        }
        found["forecasting"] = partial(_forecasting, period, members)
    return found


def _rate(part: int, whole: int, digits: int) -> Decimal | None:
    return ratio(part, whole, digits) if whole else None


def _money(view: View, units: int) -> Row:
    """An amount in the currency that is asked for, cut off at its smallest unit."""
    amount = Decimal(view.catalogue.amount(units))
    if view.currency != view.catalogue.currency:
        rate = WORTH[view.catalogue.currency] / WORTH[view.currency]
        amount = (amount * rate).quantize(Decimal(1) if view.currency == "JPY" else Decimal("0.01"))
    return {"amount": amount, "currencyCode": view.currency}


def _attributes(view: View, index: int) -> Row:
    """What a product is grouped by; some of it is not known of each one."""
    product = view.catalogue.products[index]
    bits = product.key >> 11
    number = barcode(product)
    book = number == product.asin
    return {
        "asin": product.asin,
        "parentAsin": foreign_asin(_parent(view, index).key + 3),
        "brand": ("BrandX", "BrandY", "Brand Ž")[bits % 3],
        "brandCode": ("BRDX1", "BRDY1", "BRDZ1")[bits % 3],
        "vendorCode": view.catalogue.vendor_codes[product.key >> 5 & 1],
        "manufacturerCode": view.catalogue.vendor_codes[0],
        "productGroup": "Book" if book else ("Kitchen", "Home", "Toys")[bits % 3],
        "productTitle": product.title,
        "modelNumber": f"MX-{bits % 1000}" if bits & 3 else None,
        "ean": None if book else number,
        "upc": f"{product.key % 10**12:012d}" if bits & 4 else None,
        "isbn13": f"978{number[:9]}0" if book else None,
        "msrp": _money(view, product.price * 11 // 10) if bits & 3 else None,
        "releaseDate": f"{date(2020, 1, 1) + timedelta(days=bits % 2000)}",
        "binding": "Paperback" if book else ("Kitchen", "Toy", "Misc.")[bits % 3],
        "color": ("Black", "Grün", None)[bits % 3],
        "replenishmentCategory": ("Basic Replenishment", "Obsolete", "New Product")[bits % 3],
        "prepInstructions": "Polybagging" if bits & 1 else None,
        "prepInstructionsPerformedBy": "Vendor" if bits & 1 else None,
        "shipToCity": ("SEATTLE", "AUSTIN", "MIAMI")[bits % 3],
        "shipToStateOrProvince": ("WA", "TX", "FL")[bits % 3],
        "shipToZipCode": ("98109", "73301", "33101")[bits % 3],
        "shipToCountryCode": view.catalogue.iso_country,
    }


def _parent(view: View, index: int) -> Product:
    return view.catalogue.products[index // 2 * 2]


def _opinions(view: View, members: list[int]) -> Row:
    """What buyers say: known of single products, and of one in five."""
    if len(members) != 1 or view.catalogue.products[members[0]].key % 5:
        return {}
    key = view.catalogue.products[members[0]].key
    text = json.dumps([{"topic": topic, "mentions": key >> place & 63} for place, topic in enumerate(TOPICS)])
    good = {"positiveReviewTopics": text, "positiveReviewTopicTrends": text}
    bad = {"negativeReviewTopics": text, "negativeReviewTopicTrends": text}
    impact = {"positiveReviewTopicImpactOnStarRating": text, "negativeReviewTopicImpactOnStarRating": text}
    return {
        "customerReviews": {"asinReviewTopics": {**good, **bad, **impact}, "browseNodeReviewTopics": good},
        "customerReturnTopics": {"browseNodeReturnTopics": text, "browseNodeReturnTopicTrends": text},
    }


def _forecast(view: View) -> dict[str, list[Row]]:
    """The weeks of the newest forecast, by ASIN."""
    query = replace(view.query, options={"sellingProgram": "RETAIL"})
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in forecasts(view.catalogue, query)["forecastByAsin"]:
        found[row["asin"]].append(row)
    return found


def _forecasting(period: Period, members: list[int], _info: object) -> list[Row]:
    """The newest forecast of some products, week by week, in whole units."""
    weeks: dict[tuple[str, str], dict[str, Decimal]] = {}
    for index in members:
        for row in period.forecast()[period.view.catalogue.products[index].asin]:
            week = weeks.setdefault((row["startDate"], row["endDate"]), defaultdict(Decimal))
            for name in ("mean", "p70", "p80", "p90"):
                week[name] += row[f"{name}ForecastUnits"]
    return list(_weeks(weeks))


def _weeks(weeks: dict[tuple[str, str], dict[str, Decimal]]) -> Iterator[Row]:
    for number, ((start, end), demand) in enumerate(sorted(weeks.items())):
        yield {
            "weekNumber": number,
            "startDate": start,
            "endDate": end,
            "demand": {name: int(units) for name, units in demand.items()},
        }
