"""The rows of the reports of the Ads API's version 3.

They are sums of `data.advertising.Spot`, so that all reports of a profile agree with each other.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from amazon_sandbox.ads_accounts import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS
from amazon_sandbox.ads_report_types import VIDEO
from amazon_sandbox.data.advertising import WINDOWS, known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from amazon_sandbox.ads_report_types import Asked
    from amazon_sandbox.data.advertising import Advertising, Known, Spot

    Row = dict[str, Any]

# Columns that sbPurchasedProduct has with their window in the name.
IN_FOURTEEN_DAYS = (
    "sales", "unitsSold", "newToBrandPurchases", "newToBrandSales", "newToBrandUnitsSold",
    "newToBrandPurchasesPercentage", "newToBrandSalesPercentage", "newToBrandUnitsSoldPercentage",
)  # fmt: skip
PLACEMENTS = ("Top of Search on-Amazon", "Detail Page on-Amazon", "Other on-Amazon")
SEARCHED = ("travel mug", "tasse", "水筒", "*", 'mug "0,5 l"')


class _Sum:
    """What is summed up in one row."""

    def __init__(self, spot: Spot, placement: int, term: str) -> None:
        """Start with nothing, but for where it belongs to."""
        self.spot = spot
        self.placement = placement
        self.term = term
        self.impressions = self.clicks = self.cost = 0
        self.units = [0] * len(WINDOWS)
        self.sales = [0] * len(WINDOWS)
        self.orders = [0] * len(WINDOWS)
        self.other_units = [0] * len(WINDOWS)
        self.other_sales = [0] * len(WINDOWS)

    def add(self, spot: Spot, seen: Known) -> None:
        """Add what is known of a spot."""
        self.impressions += seen.impressions
        self.clicks += seen.clicks
        self.cost += seen.cost
        for place, units in enumerate(seen.units):
            self.units[place] += units
            self.sales[place] += units * spot.price
            self.orders[place] += units - units // 4
        if spot.halo is not None:
            for place, units in enumerate(seen.halo):
                self.other_units[place] += units
                self.other_sales[place] += units * spot.halo.price


def rows(advertising: Advertising, asked: Asked, now: datetime) -> list[Row]:
    """Work out the rows of a report.

    Args:
        advertising: The advertising of the profile.
        asked: What is asked for.
        now: When it is generated, on which restatement depends.

    Returns:
        Rows with exactly the columns that are asked for, oldest first.
    """
    local = now.astimezone(advertising.profile.zone)
    today = local.date()
    sums: dict[tuple[object, ...], _Sum] = {}
    key = KEYS[asked.type.id]
    day = asked.start
    while day <= min(asked.end, today):
        age = (today - day).days
        for spot in advertising.day(day):
            campaign = spot.ad.group.campaign
            if campaign.ad_product != asked.type.ad_product or not campaign.multi or not _passes(asked, spot):
                continue
            placement, term = (spot.bits >> 20) % len(PLACEMENTS), SEARCHED[(spot.bits >> 24) % len(SEARCHED)]
            seen = known(spot, age, local.hour)
            for parts in key(asked.group_by, spot, seen, placement, term):
                place = (day if asked.daily else asked.start, *parts)
                if place not in sums:
                    sums[place] = _Sum(spot, placement, term)
                sums[place].add(spot, seen)
        day += timedelta(days=1)
    write = WRITERS[asked.type.ad_product]
    found = []
    for (first, *name), total in sums.items():
        whole = {"date": f"{first}", "startDate": f"{asked.start}", "endDate": f"{asked.end}"}
        whole.update(_names(advertising, total, today))
        whole.update(write(advertising, total, name))
        found.append({column: whole[column] for column in asked.columns})
    return found


def _passes(asked: Asked, spot: Spot) -> bool:
    have = {
        "campaignStatus": spot.ad.group.campaign.state,
        "adStatus": "ENABLED",
        "adCreativeStatus": "ENABLED",
        "adKeywordStatus": "ENABLED",
        "campaignSite": "AmazonSite",
        "keywordType": spot.target.type,
    }
    return all(have[field] in values for field, values in asked.filters.items())


def _sp_campaigns(
    group_by: Sequence[str], spot: Spot, _seen: Known, placement: int, _term: str
) -> Iterator[tuple[object, ...]]:
    group = spot.ad.group
    parts = {"campaign": group.campaign.id, "adGroup": group.id, "campaignPlacement": (group.campaign.id, placement)}
    yield tuple(parts[each] for each in group_by)


def _of_campaign(group_by: Sequence[str], spot: Spot, *_: object) -> Iterator[tuple[object, ...]]:
    yield (spot.ad.group.campaign.id, *_matched(group_by, spot))


def _of_group(group_by: Sequence[str], spot: Spot, *_: object) -> Iterator[tuple[object, ...]]:
    yield (spot.ad.group.id, *_matched(group_by, spot))


def _of_target(group_by: Sequence[str], spot: Spot, *_: object) -> Iterator[tuple[object, ...]]:
    yield (spot.target.id, *_matched(group_by, spot))


def _of_ad(_group_by: Sequence[str], spot: Spot, *_: object) -> Iterator[tuple[object, ...]]:
    yield (spot.ad.id,)


def _of_term(
    _group_by: Sequence[str], spot: Spot, seen: Known, _placement: int, term: str
) -> Iterator[tuple[object, ...]]:
    # Terms without a click are not told.
    if seen.clicks:
        yield (spot.target.id, term)


def _of_purchase(_group_by: Sequence[str], spot: Spot, seen: Known, *_: object) -> Iterator[tuple[object, ...]]:
    """Of a purchase of the product itself there is no row in spPurchasedProduct but with its own ASIN."""
    if seen.units[-1]:
        yield (spot.target.id, spot.ad.product.asin, spot.ad.product.asin)
    if spot.halo is not None and seen.halo[-1]:
        yield (spot.target.id, spot.ad.product.asin, spot.halo.product.asin)


def _of_brand_purchase(_group_by: Sequence[str], spot: Spot, seen: Known, *_: object) -> Iterator[tuple[object, ...]]:
    if seen.units[2]:
        yield (spot.ad.group.id, spot.ad.product.asin)


def _of_display_purchase(_group_by: Sequence[str], spot: Spot, seen: Known, *_: object) -> Iterator[tuple[object, ...]]:
    if seen.units[2]:
        yield (spot.ad.group.id, spot.ad.product.asin, spot.ad.product.asin)


def _matched(group_by: Sequence[str], spot: Spot) -> tuple[str, ...]:
    return (spot.ad.product.asin,) if "matchedTarget" in group_by else ()


KEYS: Mapping[str, Callable[[Sequence[str], Spot, Known, int, str], Iterator[tuple[object, ...]]]] = {
    "spCampaigns": _sp_campaigns,
    "spAdvertisedProduct": _of_ad,
    "spTargeting": _of_target,
    "spSearchTerm": _of_term,
    "spPurchasedProduct": _of_purchase,
    "sbCampaigns": _of_campaign,
    "sbAdGroup": _of_group,
    "sbAds": _of_ad,
    "sbTargeting": _of_target,
    "sbSearchTerm": _of_term,
    "sbPurchasedProduct": _of_brand_purchase,
    "sdCampaigns": _of_campaign,
    "sdAdGroup": _of_group,
    "sdTargeting": _of_target,
    "sdAdvertisedProduct": _of_ad,
    "sdPurchasedProduct": _of_display_purchase,
}


def _names(advertising: Advertising, total: _Sum, today: date) -> Row:
    """Everything that is no figure."""
    spot, money = total.spot, advertising.catalogue.amount
    target, group = spot.target, spot.ad.group
    campaign = group.campaign
    keyword = target.is_keyword
    return {
        "campaignId": campaign.id,
        "campaignName": advertising.name(campaign, today),
        "campaignStatus": campaign.state,
        "campaignBudgetAmount": money(campaign.budget),
        "campaignBudgetType": "DAILY_BUDGET" if campaign.ad_product == SPONSORED_PRODUCTS else "DAILY",
        "campaignBudgetCurrencyCode": advertising.catalogue.currency,
        "campaignRuleBasedBudgetAmount": None,
        "campaignApplicableBudgetRuleId": None,
        "campaignApplicableBudgetRuleName": None,
        "campaignBiddingStrategy": "optimizeForSales",
        "topOfSearchImpressionShare": Decimal(spot.bits % 1000).scaleb(-1),
        "costType": "CPC",
        "portfolioId": campaign.portfolio_id,
        "adGroupId": group.id,
        "adGroupName": group.name,
        "adStatus": "ENABLED",
        "adId": spot.ad.id,
        "placementClassification": PLACEMENTS[total.placement],
        "advertisedAsin": spot.ad.product.asin,
        "advertisedSku": spot.ad.sku,
        "promotedAsin": spot.ad.product.asin,
        "promotedSku": spot.ad.sku,
        "matchedTargetAsin": spot.ad.product.asin,
        "bidOptimization": "clicks",
        "keywordId": target.id if keyword or campaign.ad_product == SPONSORED_PRODUCTS else None,
        "keyword": target.text,
        "keywordText": target.text if keyword else None,
        "targeting": target.text,
        "keywordType": target.type,
        "matchType": target.type,
        "keywordBid": money(target.bid),
        "adKeywordStatus": "ENABLED",
        "targetingId": None if keyword else target.id,
        "targetingText": None if keyword else target.text,
        "targetingExpression": None if keyword else target.text,
        "targetingType": None if keyword else target.type,
        "searchTerm": total.term,
        "productName": spot.ad.product.title,
        "productCategory": "Kitchen",
        "attributionType": "Promoted",
    }


def _traffic(advertising: Advertising, total: _Sum) -> Row:
    cost = advertising.catalogue.amount(total.cost)
    return {
        "impressions": total.impressions,
        "clicks": total.clicks,
        "cost": cost,
        "spend": cost,
        "costPerClick": _ratio(Decimal(cost), total.clicks),
        "clickThroughRate": _ratio(100 * total.clicks, total.impressions),
    }


def _products(advertising: Advertising, total: _Sum, name: Sequence[object]) -> Row:
    """The figures of Sponsored Products, of which each has its windows."""
    money = advertising.catalogue.amount
    row = _traffic(advertising, total)
    purchased = name[2] if len(name) > 2 else None  # noqa: PLR2004 - as `_of_purchase` names its rows
    halo = purchased is not None and purchased != total.spot.ad.product.asin
    for place, window in enumerate(WINDOWS):
        own, own_sales = total.units[place], total.sales[place]
        other, other_sales = total.other_units[place], total.other_sales[place]
        if purchased is not None:
            own, own_sales = (0, 0) if halo else (own, own_sales)
            other, other_sales = (other, other_sales) if halo else (0, 0)
        orders = 0 if halo else total.orders[place]
        row.update(
            {
                f"purchases{window}d": orders + other,
                f"purchasesSameSku{window}d": orders,
                f"purchasesOtherSku{window}d": other,
                f"unitsSoldClicks{window}d": own + other,
                f"unitsSoldSameSku{window}d": own,
                f"unitsSoldOtherSku{window}d": other,
                f"sales{window}d": money(own_sales + other_sales),
                f"attributedSalesSameSku{window}d": money(own_sales),
                f"salesOtherSku{window}d": money(other_sales),
                f"acosClicks{window}d": _ratio(100 * total.cost, own_sales + other_sales),
                f"roasClicks{window}d": _ratio(own_sales + other_sales, total.cost),
            }
        )
    return {**row, "purchasedAsin": purchased}


def _window(advertising: Advertising, total: _Sum) -> Row:
    """The figures of Sponsored Brands and Display: one window of 14 days, and what followed a click in it."""
    money = advertising.catalogue.amount
    units, sales, orders = total.units[2], total.sales[2], total.orders[2]
    # Every fourth purchase follows a view alone.
    by_click = {"units": units - units // 4, "sales": sales - sales // 4, "orders": orders - orders // 4}
    views = total.clicks + total.clicks // 3
    row = _traffic(advertising, total)
    for suffix, (count, amount, bought) in {
        "": (units, sales, orders),
        "Clicks": (by_click["units"], by_click["sales"], by_click["orders"]),
    }.items():
        row.update(
            {
                f"purchases{suffix}": bought,
                f"purchasesPromoted{suffix}": bought,
                f"unitsSold{suffix}": count,
                f"sales{suffix}": money(amount),
                f"salesPromoted{suffix}": money(amount),
                f"newToBrandPurchases{suffix}": bought // 3,
                f"newToBrandUnitsSold{suffix}": count // 3,
                f"newToBrandSales{suffix}": money(amount // 3),
            }
        )
    for name, count in {
        "detailPageViews": views,
        "newToBrandDetailPageViews": views // 2,
        "newToBrandDetailPageView": views // 2,
        "brandedSearches": views // 5,
        "addToCart": total.clicks // 4,
    }.items():
        row.update({name: count, f"{name}Clicks": count * 3 // 4, f"{name}Views": count - count * 3 // 4})
    quarters = {name: total.impressions // (8 * (place + 1)) for place, name in enumerate(VIDEO)}
    seen = total.impressions * 3 // 4
    return {
        **row,
        **quarters,
        "viewableImpressions": seen,
        "impressionsViews": seen,
        "video5SecondViews": total.impressions // 6,
        "video5SecondViewRate": _ratio(100 * (total.impressions // 6), total.impressions),
        "viewabilityRate": _ratio(100 * seen, total.impressions),
        "viewClickThroughRate": _ratio(100 * total.clicks, seen),
        "newToBrandSalesPercentage": _ratio(100 * (sales // 3), sales),
        "newToBrandPurchasesPercentage": _ratio(100 * (orders // 3), orders),
        "newToBrandUnitsSoldPercentage": _ratio(100 * (units // 3), units),
        "newToBrandPurchasesRate": _ratio(orders // 3, total.clicks),
        "newToBrandDetailPageViewRate": _ratio(views // 2, total.impressions),
        "newToBrandECPDetailPageView": _ratio(total.cost, 100 * (views // 2)),
        "addToCartRate": _ratio(total.clicks // 4, total.impressions),
        "brandedSearchRate": _ratio(views // 5, total.impressions),
        "eCPAddToCart": _ratio(total.cost, 100 * (total.clicks // 4)),
        "eCPBrandSearch": _ratio(total.cost, 100 * (views // 5)),
        "impressionsFrequencyAverage": Decimal("1.5"),
        "cumulativeReach": f"{total.impressions * 2 // 3}",
    }


def _brands(advertising: Advertising, total: _Sum, name: Sequence[object]) -> Row:
    row = _window(advertising, total)
    purchased = name[1] if len(name) > 1 else None
    row.update({f"{column}14d": row[column] for column in IN_FOURTEEN_DAYS})
    return {**row, "orders14d": row["purchases"], "purchasedAsin": purchased}


def _display(advertising: Advertising, total: _Sum, name: Sequence[object]) -> Row:
    row = _window(advertising, total)
    halo = {
        f"{column}BrandHalo{suffix}": row[of + suffix]
        for column, of in (("conversions", "purchases"), ("sales", "sales"), ("unitsSold", "unitsSold"))
        for suffix in ("", "Clicks")
    }
    return {**row, **halo, "asinBrandHalo": name[-1]}


WRITERS: Mapping[str, Callable[[Advertising, _Sum, Sequence[object]], Row]] = {
    SPONSORED_PRODUCTS: _products,
    SPONSORED_BRANDS: _brands,
    SPONSORED_DISPLAY: _display,
}


def _ratio(part: int | Decimal, whole: int) -> Decimal | None:
    """A fraction with four digits; null where there is nothing to divide by."""
    return (Decimal(part) / whole).quantize(Decimal("0.0001")) if whole else None
