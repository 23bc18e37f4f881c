"""How a seller does: account health, sales and traffic, search (docs/amazon/seller-reports.md#performance)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from amazon_sandbox.calendars import period_of, periods
from amazon_sandbox.chance import mix
from amazon_sandbox.data.brand import search_term
from amazon_sandbox.data.catalogue import foreign_asin, hundredths, moment_of, settled, share
from amazon_sandbox.data.orders import SLOWEST_RETURN, orders_between, sku

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from amazon_sandbox.data.catalogue import Arrays, Catalogue, Product, Query, Row

    Figures = Counter[str]

# Percent that search reports still miss while the last day of a period is young; see AGES.
PENDING = (7, 4, 2, 1, 0)
# Percent of a day's traffic that is known when the day is so many days old.
TRAFFIC_KNOWN = (0, 0, 60, 100)
SIBLINGS = 2
# What the best queries have of a product's search results, in percent.
QUERIES = (35, 20, 12, 8, 5)
B2B = "B2B"

COMPLAINTS = (
    "listingPolicyViolations",
    "productAuthenticityCustomerComplaints",
    "productConditionCustomerComplaints",
    "productSafetyCustomerComplaints",
    "receivedIntellectualPropertyComplaints",
    "restrictedProductPolicyViolations",
    "suspectedIntellectualPropertyViolations",
    "foodAndProductSafetyIssues",
    "otherPolicyViolations",
    "documentRequests",
)


def account_health(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_V2_SELLER_PERFORMANCE_REPORT: windows that end yesterday, whatever dates are asked for."""
    bits = mix(catalogue.key ^ query.today.toordinal() << 4)
    status = ("NORMAL", "NORMAL", "NORMAL", "AT_RISK")[bits & 3]
    return {
        "accountStatuses": [{"marketplaceId": catalogue.marketplace_id, "status": status}],
        "performanceMetrics": [_metrics(catalogue.marketplace_id, query.today, bits)],
    }


def _metrics(marketplace_id: str, today: date, bits: int) -> Row:
    def window(days: int, until: int = 1) -> Row:
        first, last = today - timedelta(days=days + until), today - timedelta(days=until)
        return {"reportingDateRange": {"reportingDateFrom": f"{first}T00:00Z", "reportingDateTo": f"{last}T23:59Z"}}

    def judged(part: int, whole: int, target: Decimal, *, least: bool = False) -> Row:
        rate = share(part * 10_000 // whole)
        good = rate > target if least else rate < target
        condition = "GREATER_THAN" if least else "LESS_THAN"
        return {
            "status": "GOOD" if good else "BAD",
            "rate": rate,
            "targetValue": target,
            "targetCondition": condition,
        }

    def counted(count: int) -> Row:
        return {"count": count, "status": "GOOD" if count else "NONE"}

    orders = 900 + (bits & 255)
    late, bad, cancelled, untracked = bits >> 8 & 63, bits >> 14 & 15, bits >> 18 & 31, bits >> 23 & 15

    def defects(channel: str, share_of: int) -> Row:
        parts = {"orderWithDefects": bad, "claims": bad // 2, "chargebacks": 0, "negativeFeedback": bad - bad // 2}
        counts = {name: counted(count) for name, count in parts.items()}
        return {
            **window(60, 16),
            "fulfillmentType": channel,
            "orderCount": orders // share_of,
            **counts,
            **judged(bad, orders // share_of, hundredths(1)),
        }

    return {
        "marketplaceId": marketplace_id,
        "invoiceDefectRate": {
            **window(7, 20),
            "orderCount": orders,
            "invoiceDefect": counted(bad),
            "missingInvoice": counted(bad // 2),
            "lateInvoice": counted(bad - bad // 2),
            **judged(bad, orders, hundredths(5)),
        },
        "lateShipmentRate": {
            **window(30),
            "orderCount": orders,
            "lateShipmentCount": late,
            **judged(late, orders, hundredths(4)),
        },
        "orderDefectRate": {"mfn": defects("mfn", 8), "afn": defects("afn", 1)},
        "onTimeDeliveryRate": {
            **window(14, 8),
            "shipmentCountWithValidTracking": orders - untracked,
            "onTimeDeliveryCount": orders - untracked - late,
            **judged(orders - untracked - late, orders, hundredths(97), least=True),
        },
        "unitOnTimeDeliveryRate": {
            **window(14, 8),
            "unitOnTimeDeliveryCount": orders - late,
            "totalUnitCount": orders,
            **judged(orders - late, orders, hundredths(90), least=True),
        },
        "validTrackingRate": {
            **window(30),
            "shipmentCount": orders,
            "validTrackingCount": orders - untracked,
            **judged(orders - untracked, orders, hundredths(95), least=True),
        },
        "preFulfillmentCancellationRate": {
            **window(7),
            "orderCount": orders // 4,
            "cancellationCount": cancelled // 8,
            **judged(cancelled // 8, orders // 4, share(250)),
        },
        "warningStates": [{"warningType": "spammingSellerMessaging", "status": "BAD"}] if bits & 3 else [],
        # The schema names one of the two and demands the other, as Amazon's example has it.
        "accountHealthRating": {**window(180), "ahrStatus": "GREAT", "accountHealthRatingStatus": "GREAT"},
        **{
            name: {
                **window(180),
                "defectsCount": mix(bits + number) % 3,
                "status": "GOOD" if mix(bits + number) % 3 == 0 else "BAD",
                "targetValue": 0,
                "targetCondition": "EQUALS",
            }
            for number, name in enumerate(COMPLAINTS)
        },
    }


def sales_and_traffic(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_SALES_AND_TRAFFIC_REPORT: sales are those of the orders; traffic is known later."""
    return {
        "salesAndTrafficByDate": _by_date(catalogue, query),
        "salesAndTrafficByAsin": _by_asin(catalogue, query),
    }


def _by_date(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    period = query.options["dateGranularity"]
    found = figures_of(catalogue, query, query.start, query.end, lambda day, _: period_of(period, day)[0])
    for start, _ in periods(period, query.start, query.end):
        total = found.get(start)
        if not total:
            continue
        defective = total["refunded"] // 4
        yield {
            "date": f"{start}",
            "salesByDate": {
                **_sales(catalogue, total),
                **_each("averageSalesPerOrderItem", _money_per(catalogue, total, "lines")),
                **_each("averageUnitsPerOrderItem", _per(total, "units", "lines", 1)),
                **_each("averageSellingPrice", _money_per(catalogue, total, "units")),
                "unitsRefunded": total["refunded"],
                "refundRate": percent(total["refunded"], total["units"]),
                "claimsGranted": defective,
                "claimsAmount": catalogue.money(defective * 1999),
                "shippedProductSales": catalogue.money(total["shipped sales"]),
                "unitsShipped": total["shipped"],
                "ordersShipped": total["shipped lines"],
            },
            "trafficByDate": {
                **_traffic(total),
                **_each("orderItemSessionPercentage", _per(total, "lines", "sessions", 100)),
                "averageOfferCount": 40 * len(catalogue.products),
                "averageParentItems": len(catalogue.products) // SIBLINGS,
                "feedbackReceived": total["units"] // 8,
                "negativeFeedbackReceived": total["units"] // 80,
                "receivedNegativeFeedbackRate": percent(total["units"] // 80, total["units"] // 8),
            },
        }


def _by_asin(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    granularity = query.options["asinGranularity"]
    rows: dict[tuple[str, ...], Figures] = defaultdict(Counter)
    whole: Figures = Counter()
    for index, figures in sorted(figures_of(catalogue, query, query.start, query.end, _by_place).items()):
        # Products without an order on these days are not listed (docs/amazon/seller-reports.md#performance).
        if not figures["lines"]:
            continue
        product, parent = catalogue.products[index], catalogue.products[index // SIBLINGS * SIBLINGS]
        names: tuple[str, ...] = (foreign_asin(mix(parent.key + 3)), product.asin, sku(product))
        rows[names[: 1 + ("PARENT", "CHILD", "SKU").index(granularity)]] += figures
        whole += figures
    for names, figures in rows.items():
        sales, traffic = by_asin_row(catalogue, figures, whole)
        yield {
            **dict(zip(("parentAsin", "childAsin", "sku"), names, strict=False)),
            "salesByAsin": sales,
            "trafficByAsin": traffic,
        }


def by_asin_row(catalogue: Catalogue, figures: Figures, whole: Figures) -> tuple[Row, Row]:
    """The sales and the traffic of one product, whose shares are those of the whole."""
    shares = {
        "browserSessionPercentage": "browser sessions",
        "mobileAppSessionPercentage": "app sessions",
        "sessionPercentage": "sessions",
        "browserPageViewsPercentage": "browser views",
        "mobileAppPageViewsPercentage": "app views",
        "pageViewsPercentage": "views",
    }
    traffic = _traffic(figures)
    for field, figure in shares.items():
        for suffix in ("", B2B):
            traffic[field + suffix] = percent(figures[figure + suffix], whole[figure + suffix])
    return _sales(catalogue, figures), traffic


def _sales(catalogue: Catalogue, figures: Figures) -> Row:
    return {
        **_each("orderedProductSales", lambda suffix: catalogue.money(figures["sales" + suffix])),
        **_each("unitsOrdered", _count(figures, "units")),
        **_each("totalOrderItems", _count(figures, "lines")),
    }


def _traffic(figures: Figures) -> Row:
    counts = {
        "browserPageViews": "browser views",
        "mobileAppPageViews": "app views",
        "pageViews": "views",
        "browserSessions": "browser sessions",
        "mobileAppSessions": "app sessions",
        "sessions": "sessions",
    }
    row: Row = {}
    for field, figure in counts.items():
        row |= _each(field, _count(figures, figure))
    row |= _each("buyBoxPercentage", _per(figures, "won views", "views", 100))
    return row | _each("unitSessionPercentage", _per(figures, "units", "sessions", 100))


def _each(field: str, value: Callable[[str], object]) -> Row:
    """A field for all buyers, and the same for businesses alone."""
    return {field: value(""), field + B2B: value(B2B)}


def _count(figures: Figures, figure: str) -> Callable[[str], object]:
    return lambda suffix: figures[figure + suffix]


def _per(figures: Figures, part: str, whole: str, factor: int) -> Callable[[str], object]:
    def value(suffix: str) -> Decimal:
        return hundredths(figures[part + suffix] * 100 * factor // max(figures[whole + suffix], 1))

    return value


def _money_per(catalogue: Catalogue, figures: Figures, whole: str) -> Callable[[str], object]:
    return lambda suffix: catalogue.money(figures["sales" + suffix] // max(figures[whole + suffix], 1))


def percent(part: int, whole: int) -> Decimal:
    """A part of a whole in percent, cut off after two digits."""
    return hundredths(part * 10_000 // max(whole, 1))


def figures_of(
    catalogue: Catalogue, query: Query, start: date, end: date, group: Callable[[date, int], Hashable]
) -> Mapping[Any, Figures]:
    """What was sold, sent, paid back and looked at, each on its own day, up to yesterday.

    Args:
        catalogue: What is sold.
        query: When it is asked for.
        start: The first day.
        end: The last day.
        group: Tells what a day and the place of a product count in.

    Returns:
        The figures of each group.
    """
    places = {product.asin: place for place, product in enumerate(catalogue.products)}
    found: dict[Any, Figures] = defaultdict(Counter)
    end = min(end, query.today - timedelta(days=1))
    for order in orders_between(catalogue, replace(query, start=start, end=end), SLOWEST_RETURN):
        for item in order.items:
            place = places[item.product.asin]
            day = order.purchased_at.date()
            # What is cancelled was not sold: orders count it with a quantity of 0.
            if start <= day <= end and not order.cancelled_by(moment_of(query.as_of)):
                for suffix in ("", B2B) if order.business else ("",):
                    found[group(day, place)].update(
                        {"sales" + suffix: item.price, "units" + suffix: item.quantity, "lines" + suffix: 1}
                    )
            if item.shipped_at is not None and start <= (day := item.shipped_at.date()) <= end:
                sent = {"shipped": item.quantity, "shipped lines": 1, "shipped sales": item.price}
                found[group(day, place)].update(sent)
            if item.refunded_at is not None and start <= (day := item.refunded_at.date()) <= end:
                found[group(day, place)]["refunded"] += item.quantity
    for day in query.days(start, end):
        known = TRAFFIC_KNOWN[min((query.today - day).days, len(TRAFFIC_KNOWN) - 1)]
        for place, product in enumerate(catalogue.products):
            figures = found[group(day, place)]
            bits = mix(mix(catalogue.key ^ day.toordinal()) ^ product.key)
            for suffix, busy in (("", 40), (B2B, 4)):
                views = (busy + bits % busy * 2) * known // 100
                sessions = views * 3 // 4
                figures["views" + suffix] += views
                figures["app views" + suffix] += views // 3
                figures["browser views" + suffix] += views - views // 3
                figures["sessions" + suffix] += sessions
                figures["app sessions" + suffix] += sessions // 3
                figures["browser sessions" + suffix] += sessions - sessions // 3
                figures["won views" + suffix] += views * (60 + (bits >> 16) % 41) // 100
    return found


def _by_place(_: date, place: int) -> int:
    """Group by product."""
    return place


def search_catalog(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_BRAND_ANALYTICS_SEARCH_CATALOG_PERFORMANCE_REPORT."""
    return {"dataByAsin": _catalog_rows(catalogue, query)}


def _catalog_rows(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    for product, start, end, _, counts in _searched(catalogue, query, query.options.get("asins")):
        seen, clicked, added, bought = counts
        price = catalogue.money(product.price)

        def fast(name: str, count: int) -> Row:
            days = ("sameDay", "oneDay", "twoDay")
            return {f"{day}Shipping{name}Count": count * part // 10 for day, part in zip(days, (5, 3, 2), strict=True)}

        yield {
            "startDate": start,
            "endDate": end,
            "asin": product.asin,
            "impressionData": {"impressionCount": seen, "impressionMedianPrice": price, **fast("Impression", seen)},
            "clickData": {
                "clickCount": clicked,
                "clickRate": share(clicked * 10_000 // max(seen, 1)),
                "clickedMedianPrice": price,
                **fast("Click", clicked),
            },
            "cartAddData": {"cartAddCount": added, "cartAddedMedianPrice": price, **fast("CartAdd", added)},
            "purchaseData": {
                "purchaseCount": bought,
                "searchTrafficSales": catalogue.money(bought * product.price),
                "conversionRate": share(bought * 10_000 // max(clicked, 1)),
                "purchaseMedianPrice": price,
                **fast("Purchase", bought),
            },
        }


def search_query(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT."""
    return {"dataByAsin": _query_rows(catalogue, query)}


def _query_rows(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    for product, start, end, bits, whole in _searched(catalogue, query, query.options["asin"]):
        for rank, percent in enumerate(QUERIES, start=1):
            chance = mix(bits + rank)
            counts = [count * percent // 100 for count in whole]
            totals = [count * (3 + chance % 40) for count in counts]
            price = catalogue.money(product.price)
            row: Row = {
                "startDate": start,
                "endDate": end,
                "asin": product.asin,
                "searchQueryData": {
                    "searchQuery": search_term(bits % 90 + rank),
                    "searchQueryScore": rank,
                    "searchQueryVolume": totals[0] // 2,
                },
                "impressionData": {
                    "totalQueryImpressionCount": totals[0],
                    "asinImpressionCount": counts[0],
                    "asinImpressionShare": share(counts[0] * 10_000 // max(totals[0], 1)),
                },
            }
            for place, (data, name) in enumerate(
                (("clickData", "Click"), ("cartAddData", "CartAdd"), ("purchaseData", "Purchase")), start=1
            ):
                total, count = totals[place], counts[place]
                row[data] = {
                    f"total{name}Count": total,
                    f"total{name}Rate": share(total * 10_000 // max(totals[0], 1)),
                    f"asin{name}Count": count,
                    f"asin{name}Share": share(count * 10_000 // max(total, 1)),
                    f"totalMedian{name}Price": price,
                    f"asinMedian{name}Price": price,
                    f"totalSameDayShipping{name}Count": total * 5 // 10,
                    f"totalOneDayShipping{name}Count": total * 3 // 10,
                    f"totalTwoDayShipping{name}Count": total * 2 // 10,
                }
            yield row


def _searched(
    catalogue: Catalogue, query: Query, asins: str | None
) -> Iterator[tuple[Product, str, str, int, Sequence[int]]]:
    """The products that are asked for, first and last day of each period, their randomness, and their funnel."""
    wanted = None if asins is None else asins.split()
    missing = query.missing(query.end, PENDING)
    for start, end in query.periods():
        if query.first_day is not None and end < query.first_day:
            continue
        key = mix(catalogue.key ^ start.toordinal() << 3)
        found = figures_of(catalogue, query, start, end, _by_place)
        for place, product in enumerate(catalogue.products):
            if wanted is None or product.asin in wanted:
                bits = mix(key ^ product.key)
                yield product, f"{start}", f"{end}", bits, _funnel(found.get(place, Counter()), bits, missing)


def _funnel(figures: Figures, bits: int, missing: int) -> Sequence[int]:
    """Impressions, clicks, cart adds and purchases: parts of all views and of all orders."""
    clicked = settled(figures["views"] * (20 + (bits >> 8 & 15)) // 100, missing)
    bought = settled(figures["units"] * (30 + (bits >> 16 & 31)) // 100, missing)
    added = min(clicked, bought * 2 + (bits >> 12 & 3))
    return clicked * (10 + bits % 20), clicked, added, min(added, bought)
