"""The datasets of Data Kiosk for sellers (docs/amazon/data-kiosk.md#datasets-of-sellers).

Sales and traffic are those of the seller's report (`performance.py`); economics are the units that
were sold and paid back (`orders.py`) and the fees of the settlement (`finance.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from amazon_sandbox.calendars import period_of, periods
from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import Query, foreign_asin, hundredths, moment_of
from amazon_sandbox.data.finance import refund, sale
from amazon_sandbox.data.orders import SLOWEST_RETURN, fnsku, orders_between, sku
from amazon_sandbox.data.performance import (
    SIBLINGS,
    by_asin_row,
    figures_of,
    percent,
    sales_and_traffic,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from amazon_sandbox.data.catalogue import Catalogue, Row

LEVELS = {"PARENT": 1, "CHILD": 2, "SKU": 3}


def by_date(catalogue: Catalogue, query: Query, period: str) -> Iterator[Row]:
    """The elements of salesAndTrafficByDate of one marketplace."""
    options = {"dateGranularity": period, "asinGranularity": "PARENT"}
    for row in sales_and_traffic(catalogue, replace(query, options=options))["salesAndTrafficByDate"]:
        start = type(query.start).fromisoformat(row["date"])
        yield {
            "startDate": row["date"],
            "endDate": f"{period_of(period, start)[1]}",
            "marketplaceId": catalogue.marketplace_id,
            "sales": row["salesByDate"],
            "traffic": row["trafficByDate"],
        }


def by_asin(catalogue: Catalogue, query: Query, level: str) -> Iterator[Row]:
    """The elements of salesAndTrafficByAsin of one marketplace: the range as a whole."""
    for names, row in _asins(catalogue, query, level):
        yield {"startDate": f"{query.start}", "endDate": f"{query.end}", **names, **row}


def trends(catalogue: Catalogue, query: Query, level: str, period: str, asins: Iterable[str]) -> Iterator[Row]:
    """The elements of salesAndTrafficTrends of one marketplace: some products, period by period."""
    wanted = set(asins)
    for start, end in periods(period, query.start, query.end):
        for names, row in _asins(catalogue, replace(query, start=start, end=end), level):
            if names.get("childAsin") in wanted:
                yield {"startDate": f"{start}", "endDate": f"{end}", "asinAggregation": level, **names, **row}


def _asins(catalogue: Catalogue, query: Query, level: str) -> Iterator[tuple[Row, Row]]:
    """The names of each product or family with an order in a range, and its sales and traffic."""
    found: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    whole: Counter[str] = Counter()
    for index, figures in sorted(figures_of(catalogue, query, query.start, query.end, lambda _, place: place).items()):
        if figures["lines"]:
            found[_names(catalogue, index)[: LEVELS[level]]] += figures
            whole += figures
    for names, figures in found.items():
        sales, traffic = by_asin_row(catalogue, figures, whole)
        more = {
            "unitsRefunded": figures["refunded"],
            "refundRate": percent(figures["refunded"], figures["units"]),
            "shippedProductSales": catalogue.money(figures["shipped sales"]),
            "unitsShipped": figures["shipped"],
            "ordersShipped": figures["shipped lines"],
        }
        named: Row = dict(zip(("parentAsin", "childAsin", "sku"), names, strict=False))
        named["marketplaceId"] = catalogue.marketplace_id
        yield named, {"sales": {**sales, **more}, "traffic": traffic}


def _names(catalogue: Catalogue, index: int) -> tuple[str, ...]:
    product, parent = catalogue.products[index], catalogue.products[index // SIBLINGS * SIBLINGS]
    return foreign_asin(mix(parent.key + 3)), product.asin, sku(product)


def economics(catalogue: Catalogue, query: Query, period: str, level: str) -> Iterator[Row]:
    """The elements of economics of one marketplace.

    Args:
        catalogue: What the seller sells there.
        query: The range, and when it is asked for.
        period: DAY, WEEK, MONTH, or RANGE for the whole of it.
        level: MSKU, CHILD_ASIN or PARENT_ASIN.
    """
    ranges = [(query.start, query.end)] if period == "RANGE" else periods(period, query.start, query.end)
    for start, end in ranges:
        groups: dict[tuple[str, ...], tuple[int, Counter[str]]] = {}
        for index, amounts in sorted(_economy(catalogue, replace(query, start=start, end=end)).items()):
            names = _names(catalogue, index)[: {"PARENT_ASIN": 1, "CHILD_ASIN": 2, "MSKU": 3}[level]]
            _, total = groups.setdefault(names, (index, Counter()))
            total.update(amounts)
        for names, (index, total) in groups.items():
            yield _economics_row(catalogue, names, index, total, (start, end))


def _economy(catalogue: Catalogue, query: Query) -> dict[int, Counter[str]]:
    """Units and amounts of each product, on the days of the purchase and of the refund."""
    places = {product.asin: place for place, product in enumerate(catalogue.products)}
    found: dict[int, Counter[str]] = defaultdict(Counter)
    start, end = query.start, min(query.end, query.today - timedelta(days=1))
    for order in orders_between(catalogue, replace(query, end=end), SLOWEST_RETURN):
        for item in order.items:
            amounts = found[places[item.product.asin]]
            sold = start <= order.purchased_at.date() <= end and not order.cancelled_by(moment_of(query.as_of))
            if sold:
                amounts.update({"sales": item.price, "units": item.quantity})
                amounts.update(_fees(sale(item), -1))
                if item.bits >> 52 & 3 == 0:
                    amounts["SponsoredProductFee"] += item.price // 20
            if item.refunded_at is not None and start <= item.refunded_at.date() <= end:
                amounts.update({"refunded sales": item.price, "refunded": item.quantity})
                amounts.update(_fees(refund(item), -1))
    return {index: amounts for index, amounts in found.items() if any(amounts.values())}


FEES = {"Commission": "ReferralFee", "FBAPerUnitFulfillmentFee": "FbaFulfillmentFee", "RefundCommission": "RefundFee"}


def _fees(lines: Iterable[tuple[str, str, int]], sign: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for kind, description, cents in lines:
        if kind == "ItemFees":
            found[FEES[description]] += sign * cents
    return found


def _economics_row(
    catalogue: Catalogue, names: tuple[str, ...], index: int, total: Counter[str], days: tuple[date, date]
) -> Row:
    money = catalogue.money
    net, units = total["sales"] - total["refunded sales"], total["units"]
    fees = {name: total[name] for name in FEES.values() if total[name]}
    ads = total["SponsoredProductFee"]
    proceeds = net - sum(fees.values()) - ads
    start, end = (f"{day}" for day in days)
    product = catalogue.products[index]

    def detail(cents: int) -> Row:
        return {
            "amount": money(cents),
            "promotionAmount": money(0),
            "taxAmount": money(0),
            "totalAmount": money(cents),
            "quantity": units or None,
            "amountPerUnit": money(cents // units) if units else None,
        }

    row: dict[str, Any] = {
        **dict(zip(("parentAsin", "childAsin", "msku"), names, strict=False)),
        "marketplaceId": catalogue.marketplace_id,
        "startDate": start,
        "endDate": end,
        "fnsku": fnsku(product) if len(names) == LEVELS["SKU"] else None,
        "sales": {
            "orderedProductSales": money(total["sales"]),
            "refundedProductSales": money(total["refunded sales"]),
            "netProductSales": money(net),
            "averageSellingPrice": money(total["sales"] // units if units else 0),
            "unitsOrdered": units,
            "unitsRefunded": total["refunded"],
            "netUnitsSold": units - total["refunded"],
        },
        "fees": [
            {
                "feeTypeName": name,
                "charges": [
                    {
                        "identifier": f"{name}_Standard",
                        "startDate": start,
                        "endDate": end,
                        "aggregatedDetail": detail(cents),
                        "components": None,
                        "properties": [{"propertyName": "size", "propertyValue": f"{hundredths(product.key % 900)}"}]
                        if name == "FbaFulfillmentFee"
                        else None,
                    }
                ],
            }
            for name, cents in fees.items()
        ],
        "ads": [{"adTypeName": "SponsoredProductFee", "charge": detail(ads)}] if ads else [],
        "cost": {"costOfGoodsSold": money(product.cost) if product.key & 1 else None},
        "netProceeds": {
            "total": money(proceeds),
            "perUnit": money(proceeds // (units - total["refunded"])) if units > total["refunded"] else None,
        },
    }
    return row
