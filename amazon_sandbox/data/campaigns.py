"""Promotions and coupons (docs/amazon/vendor-reports.md#promotions-and-coupons).

Both run for some days, and their figures are the sums up to yesterday: the same campaign,
read again, has grown, until it has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from amazon_sandbox.calendars import date_time
from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import TITLES, code, iso, moment_of, ratio
from amazon_sandbox.data.sold import Day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_sandbox.data.catalogue import Arrays, Catalogue, Product, Query, Row

TYPES = (
    "BEST_DEAL",
    "LIGHTNING_DEAL",
    "PRICE_DISCOUNT",
    "DEAL_OF_THE_DAY",
    "SALES_DISCOUNT",
    "COUPON",
    "PROMO_CODE",
    "BEST_DEAL",
)
CHANNELS = ("SELF-SERVICE", "FULL-SERVICE", "AUTOMATED", "MANUAL")
SEGMENTS = ("All (Default)", "Amazon Prime", "Amazon Student")
PLANNED_AHEAD = timedelta(days=40)
FEE = 60  # What a redemption costs a vendor besides, in the smallest unit.


@dataclass(frozen=True)
class Campaign:
    """Something that runs for some days.

    Attributes:
        bits: Its randomness.
        created: When somebody planned it.
        start: When it starts.
        end: When it ends.
        known: Up to when its figures count: last midnight, or its end.
        has_started: Whether it has any figures.
        products: What is part of it.
        days: The days that count.
    """

    bits: int
    created: datetime
    start: datetime
    end: datetime
    known: datetime
    has_started: bool
    products: tuple[Product, ...]
    days: tuple[Day, ...]

    def sold(self, product: Product) -> int:
        """Units of a product that customers bought on these days, with or without the campaign."""
        return sum(sold.units for day in self.days if (sold := day.sold(product)))


def _campaigns(catalogue: Catalogue, query: Query, subject: Literal["promotion", "campaign"]) -> Iterator[Campaign]:
    """What starts within the two options, and was planned before today; oldest first."""
    first = date_time(query.options[f"{subject}StartDateFrom"])
    last = date_time(query.options[f"{subject}StartDateTo"])
    if first is None or last is None:
        return
    today = moment_of(query.today)
    day = max(first.date(), query.first_day or first.date())
    while day <= min(last.date(), (today + PLANNED_AHEAD).date()):
        bits = mix(mix(catalogue.key ^ day.toordinal()) + len(subject))
        # Something starts every other day.
        start = moment_of(day) + timedelta(seconds=bits % 86_400)
        created = start - timedelta(days=2 + (bits >> 20 & 31), seconds=bits >> 25 & 4095)
        if bits >> 17 & 1 and first <= start <= last and created < today:
            end = start + timedelta(days=1 + (bits >> 40 & 15), seconds=-1)
            yield _campaign(catalogue, mix(bits), created, start, end, today)
        day += timedelta(days=1)


def _campaign(  # noqa: PLR0913, PLR0917
    catalogue: Catalogue, bits: int, created: datetime, start: datetime, end: datetime, today: datetime
) -> Campaign:
    products = catalogue.products
    place = bits >> 8
    chosen = {(place + number * 7) % len(products) for number in range(1 + (bits & 3))}
    known = min(end, today)
    day, days = start.date(), []
    while moment_of(day) < known:
        days.append(Day(catalogue, day))
        day += timedelta(days=1)
    return Campaign(
        bits=bits,
        created=created,
        start=start,
        end=end,
        known=max(known, created),
        has_started=start < today,
        # Nothing has been put into a few of them.
        products=() if bits >> 4 & 15 == 0 else tuple(products[index] for index in sorted(chosen)),
        days=tuple(days) if start < today else (),
    )


def promotions(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_PROMOTION_PERFORMANCE_REPORT, as vendors get it."""
    return {"promotions": (_promotion(catalogue, found) for found in _campaigns(catalogue, query, "promotion"))}


def _promotion(catalogue: Catalogue, found: Campaign) -> Row:
    bits, currency = found.bits, catalogue.currency
    cancelled = bits >> 20 & 15 == 0
    status = "APPROVED" if bits >> 24 & 7 else "NEEDS_YOUR_ATTENTION"
    if cancelled:
        status = "CANCELED"
    elif not found.has_started:
        status = "PENDING_APPROVAL"
    running = bool(found.days) and not cancelled
    rows: list[Row] = []
    units = spent = revenue = views = 0
    for product in found.products:
        own = mix(bits ^ product.key)
        # At most half of what is sold at all.
        sold = found.sold(product) * (20 + (own & 31)) // 100 if running else 0
        funding = sold * product.price * (5 + (own >> 8 & 15)) // 100
        looked = sold * 6 + (own >> 12 & 7 if running else 0)
        row: Row = {"asin": product.asin, "productName": product.title}
        # Amazon does not always count who looked.
        if own >> 18 & 3:
            row["productGlanceViews"] = looked
        row["productUnitsSold"] = sold
        if running:
            row["productAmountSpent"] = catalogue.amount(funding)
            row["productAmountSpentCurrencyCode"] = currency
        row["productRevenue"] = catalogue.amount(sold * product.price - funding)
        row["productRevenueCurrencyCode"] = currency
        rows.append(row)
        units, spent, views = units + sold, spent + funding, views + looked
        revenue += sold * product.price - funding
    # The number of a promotion may begin with zeros.
    promotion: Row = {
        "promotionId": f"{mix(bits + 1) % 10**11:011d}",
        "promotionName": f"{TITLES[bits >> 27 & 7]} - {found.start:%Y}",
    }
    if bits >> 30 & 7:
        promotion["vendorCode"] = catalogue.vendor_codes[bits >> 33 & 1]
    promotion["unitsSold"] = units
    if running:
        promotion["amountSpent"] = catalogue.amount(spent)
        promotion["amountSpentCurrencyCode"] = currency
    promotion |= {
        "revenue": catalogue.amount(revenue),
        "revenueCurrencyCode": currency,
        "startDateTime": iso(found.start),
        "endDateTime": iso(found.end),
        "type": TYPES[bits >> 34 & 7],
        "status": status,
        "creationChannel": CHANNELS[bits >> 37 & 3],
        "marketplaceId": catalogue.marketplace_id,
    }
    if status == "APPROVED":
        promotion["fundingAgreementId"] = f"{mix(bits + 2) % 10**8:08d}"
    if bits >> 39 & 7:
        promotion["glanceViews"] = views
    promotion |= {
        "createdDateTime": iso(found.created),
        "lastUpdatedDateTime": iso(found.known),
        "includedProducts": rows,
    }
    return promotion


def coupons(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_COUPON_PERFORMANCE_REPORT, as vendors get it.

    All coupons of a campaign start together, so that it makes no difference whether the
    range selects campaigns (docs/amazon/calendars.md#campaign-ranges) or coupons (Amazon's schema).
    """
    today = moment_of(query.today)
    return {"campaigns": (_coupons(catalogue, found, today) for found in _campaigns(catalogue, query, "campaign"))}


def _coupons(catalogue: Catalogue, found: Campaign, today: datetime) -> Row:
    bits, amount = found.bits, catalogue.amount
    shared = bool(bits >> 30 & 1)
    # 1,000 to 8,000 of the currency, or of hundreds of yen.
    budget = (1 + (bits >> 31 & 7)) * 100_000
    # A campaign may have no coupon yet. Each product has a coupon of its own.
    count = max(len(found.products), 1)
    rows: list[Row] = []
    clips = redemptions = spent = 0
    for number, product in enumerate(found.products):
        own = mix(bits ^ product.key)
        discount = max(product.price * 10 // 100, 1)
        limit = budget // count if shared else budget
        used = min(found.sold(product) * (own & 31) // 100, limit // (discount + FEE))
        clipped = used * (2 + (own >> 8 & 7)) + (own >> 11 & 15 if found.days else 0)
        cost = used * (discount + FEE)
        clips, redemptions, spent = clips + clipped, redemptions + used, spent + cost
        row: Row = {"couponId": "A" + code(mix(own), 12)}
        if own >> 15 & 3:
            row["name"] = f"{product.asin} -10 %"
        if number and shared:
            # No field of Amazon's schema, yet of the example in it.
            row["couponVendorCode"] = catalogue.vendor_codes[number % 2]
        if own >> 17 & 3:
            row["websiteMessage"] = product.title
        row |= {
            "startDateTime": iso(found.start),
            "endDateTime": iso(found.end),
            "isOncePerCustomer": bool(own >> 19 & 1),
            "customerSegment": SEGMENTS[(own >> 20) % len(SEGMENTS)],
            "clips": clipped,
            "redemptions": used,
        }
        if not shared:
            row["budget"] = amount(budget)
        row["totalDiscount"] = amount(used * discount)
        row["budgetSpent"] = amount(cost)
        if not shared:
            row["budgetRemaining"] = amount(budget - cost)
        row["budgetPercentageUsed"] = ratio(cost * 100, budget, 1)
        row["asins"] = [] if own >> 24 & 15 == 0 else [_discount(catalogue, product, discount, own)]
        rows.append(row)
    campaign: Row = {
        "campaignId": "A" + code(mix(bits + 3), 12),
        "campaignName": f"{TITLES[bits >> 20 & 7]} {found.start:%B %Y}",
        "vendorCode": catalogue.vendor_codes[bits >> 33 & 1],
        "marketplaceId": catalogue.marketplace_id,
        "creationDateTime": iso(found.created),
        # Up to a day old: as of the last midnight, also when it has ended long ago.
        "lastUpdatedDateTime": iso(today),
        "isSubscribeAndSave": bool(bits >> 34 & 1),
        "budgetType": "SHARED_BUDGET" if shared else "PER_INDIVIDUAL_COUPON",
        "totalClips": clips,
        "totalRedemptions": redemptions,
    }
    if bits >> 35 & 7:
        campaign["currencyCode"] = catalogue.currency
    if shared:
        campaign["totalBudget"] = amount(budget)
        campaign["totalBudgetSpent"] = amount(spent)
        campaign["totalBudgetRemaining"] = amount(budget - spent)
    campaign["coupons"] = rows
    return campaign


def _discount(catalogue: Catalogue, product: Product, discount: int, bits: int) -> Row:
    percent = bool(bits >> 28 & 1)
    return {
        "asin": product.asin,
        "discountType": "PERCENT_OFF_LIST_PRICE" if percent else "AMOUNT_OFF_LIST_PRICE",
        "discountAmount": 10 if percent else catalogue.amount(discount),
    }
