"""What advertising leads to: campaigns, and the share of all sales that is attributed to them.

An advertiser's figures are parts of the same made-up sales that all other reports tell of: what the
advertisements of a product lead to on a day is never more than was bought of it on that day, as
other reports show it at the same time or later. Clicks and sales of a day follow from the seed;
how much of them is known, from the age of the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from amazon_sandbox.ads_accounts import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS
from amazon_sandbox.chance import derive, mix
from amazon_sandbox.data.catalogue import Query, moment_of, settled
from amazon_sandbox.data.orders import orders_on, sku
from amazon_sandbox.data.retail import SHIPPED_PENDING
from amazon_sandbox.data.sold import Day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from amazon_sandbox.ads_accounts import AdsProfile
    from amazon_sandbox.data.catalogue import Catalogue, Product

WINDOWS = (1, 7, 14, 30)
# Percent of all purchases after a click that have happened so many days later.
CURVE = ((0, 40), (1, 55), (7, 80), (14, 92), (30, 100))
# Percent of purchases not yet attributed to their click before a day has these ages.
LATE = ((7, 10), (28, 5), (58, 2))
# Clicks before this age hold some that are taken out as invalid.
CLICKS_SETTLE = 3
# Percent of a product's sales that the advertising product leads to, at most.
MOST = {SPONSORED_PRODUCTS: 40, SPONSORED_BRANDS: 15, SPONSORED_DISPLAY: 10}
HALO = 10
FAR = timedelta(days=400)


class Campaign(NamedTuple):
    """A campaign.

    Attributes:
        ad_product: SPONSORED_PRODUCTS and so on.
        id: A number of 18 digits.
        name: Its name when it began; see `Advertising.name`.
        state: ENABLED, PAUSED or ARCHIVED.
        portfolio_id: The portfolio that it is in; None for none.
        budget: What it may spend in a day, in the smallest unit.
        targeting: AUTO or MANUAL.
        multi: Whether its advertisements lie in groups, as reports of Sponsored Brands need it.
    """

    ad_product: str
    id: int
    name: str
    state: str
    portfolio_id: int | None
    budget: int
    targeting: str
    multi: bool = True


class AdGroup(NamedTuple):
    """A group of advertisements that have targets in common."""

    id: int
    campaign: Campaign
    name: str
    bid: int


class Target(NamedTuple):
    """A keyword, a product or an audience.

    Attributes:
        id: A number of 18 digits.
        group: The ad group.
        type: BROAD, PHRASE or EXACT for a keyword; TARGETING_EXPRESSION or
            TARGETING_EXPRESSION_PREDEFINED.
        text: The keyword or the expression.
        bid: What a click may cost, in the smallest unit.
    """

    id: int
    group: AdGroup
    type: str
    text: str
    bid: int

    @property
    def is_keyword(self) -> bool:
        """Whether words are looked for, and not products or audiences."""
        return not self.type.startswith("TARGETING")


class Ad(NamedTuple):
    """The advertisement of one product."""

    id: int
    group: AdGroup
    product: Product
    sku: str | None


class Halo(NamedTuple):
    """Another product of the brand that is bought after a click."""

    product: Product
    units: int
    price: int


class Share(NamedTuple):
    """What of a product's sales and views all advertisements of one advertising product lead to on a day."""

    units: int
    price: int
    views: int
    halo: Halo | None


class Spot(NamedTuple):
    """What one advertisement at one target leads to on a day, as it is known in the end.

    Attributes:
        ad: The advertisement.
        target: The target.
        bits: The randomness.
        impressions: How often it was shown.
        clicks: How often it was clicked.
        cost: What the clicks cost, in the smallest unit.
        units: Units of the advertised product that are bought.
        price: What one of them costs.
        halo: What else is bought.
    """

    ad: Ad
    target: Target
    bits: int
    impressions: int
    clicks: int
    cost: int
    units: int
    price: int
    halo: Halo | None


class Known(NamedTuple):
    """What is known of a spot at an age.

    Attributes:
        impressions: How often it was shown.
        clicks: How often it was clicked, invalid clicks included while the day is young.
        cost: What the clicks cost.
        units: Units of the advertised product by window: 1, 7, 14 and 30 days.
        halo: Units of the other product by window.
    """

    impressions: int
    clicks: int
    cost: int
    units: tuple[int, ...]
    halo: tuple[int, ...]


@dataclass(frozen=True)
class Bought:
    """What is bought of a product on a day: units, the price of one, and views of its page."""

    units: int
    price: int
    views: int


def percent_known(window: int, age: int) -> int:
    """Percent of the purchases after a click that are attributed within a window at an age.

    Args:
        window: Days after the click that count.
        age: Days since the day of the click; purchases of a day that is not over are not known.

    Returns:
        Never less than at a lower age or in a shorter window.
    """
    if age < 1:
        return 0
    days = min(window, age)
    percent = 0
    for (left, low), (right, high) in pairwise(CURVE):
        if left <= days <= right:
            percent = low + (high - low) * (days - left) // (right - left)
    late = next((missing for limit, missing in LATE if age < limit), 0)
    return percent * (100 - late) // 100


def known(spot: Spot, age: int, hour: int = 24) -> Known:
    """What is known of a spot.

    Args:
        spot: The spot.
        age: Days since its day.
        hour: Hours of its day that are over, when it is today.
    """
    luck = spot.bits >> 50 & 63
    part = (hour, 24) if age < 1 else (1, 1)
    clicks = spot.clicks * part[0] // part[1]
    cost = spot.cost * part[0] // part[1]
    if clicks and 1 <= age < CLICKS_SETTLE and luck < 20:  # noqa: PLR2004
        clicks, cost = clicks + 1, cost + spot.cost // spot.clicks
    percents = [percent_known(window, age) for window in WINDOWS]
    return Known(
        max(spot.impressions * part[0] // part[1], clicks),
        clicks,
        cost,
        tuple((spot.units * percent + luck) // 100 for percent in percents),
        tuple((spot.halo.units * percent + luck) // 100 if spot.halo else 0 for percent in percents),
    )


class Advertising:
    """All advertising of one profile.

    Args:
        catalogue: The products of the selling partner.
        profile: The profile.
        first_day: The selling partner has no figures before this day; None for always.
    """

    def __init__(self, catalogue: Catalogue, profile: AdsProfile, first_day: date | None) -> None:
        """Lay out the campaigns; days are worked out when they are asked for."""
        self.catalogue = catalogue
        self.profile = profile
        self._first_day = first_day
        self._key = derive("advertising", catalogue.key, profile.profile_id)
        self.portfolios = tuple((self._id("portfolio", number), f"Range {number + 1}") for number in range(2))
        self.campaigns = tuple(self._campaigns())
        self.groups = tuple(self._groups())
        self.targets = tuple(self._targets())
        self.ads = tuple(self._ads())
        self._places: dict[tuple[str, str], list[tuple[Ad, Target]]] = {}
        for ad in self.ads:
            campaign = ad.group.campaign
            if campaign.state == "ENABLED":
                self._places.setdefault((campaign.ad_product, ad.product.asin), []).extend(
                    (ad, target) for target in self.targets if target.group == ad.group
                )
        self.day = lru_cache(maxsize=400)(self._day)

    def name(self, campaign: Campaign, today: date) -> str:
        """What a campaign is called: somebody gives the first one a new name each quarter."""
        if campaign == self.campaigns[0]:
            return f"{campaign.name} {today.year} Q{(today.month + 2) // 3}"
        return campaign.name

    def bought(self, day: date) -> Mapping[str, Bought]:
        """What is bought of each product, as the most careful report shows it in the end."""
        if self._first_day is not None and day < self._first_day:
            return {}
        return self._retail(day) if self.profile.kind == "vendor" else self._marketplace(day)

    def _retail(self, day: date) -> Mapping[str, Bought]:
        today, found = Day(self.catalogue, day), {}
        for product in self.catalogue.products:
            sold = today.sold(product)
            if sold is None:
                continue
            # What is left while the reports of sales lack most, and after all returns.
            shipped = sum(settled(sold.shipped(part), SHIPPED_PENDING[0], sold.luck) for part in sold.parts)
            if self.profile.sourcing_only:
                shipped = shipped * product.sourced // 100
            units = max(0, shipped - sum(map(sold.returned, sold.parts)))
            found[product.asin] = Bought(units, sold.price, today.views(product) or 0)
        return found

    def _marketplace(self, day: date) -> Mapping[str, Bought]:
        moment = day + FAR
        query = Query(self._first_day, {}, day, day, moment)
        units: dict[str, int] = {}
        sales: dict[str, int] = {}
        for order in orders_on(self.catalogue, query, day):
            if order.cancelled_by(moment_of(moment)):
                continue
            for item in order.items:
                asin = item.product.asin
                units[asin] = units.get(asin, 0) + item.quantity
                sales[asin] = sales.get(asin, 0) + item.price
        # The least number of views that the report of traffic has.
        return {asin: Bought(count, sales[asin] // count, 40) for asin, count in units.items() if count}

    def _day(self, day: date) -> Sequence[Spot]:
        bought = self.bought(day)
        spots: list[Spot] = []
        key = mix(self._key ^ day.toordinal())
        products = self.catalogue.products
        nothing = Bought(0, 0, 0)
        for place, product in enumerate(products):
            own, bits = bought.get(product.asin, nothing), mix(key ^ product.key)
            halo = self._halo(own, products[(place + 1) % len(products)], bought)
            for number, (ad_product, most) in enumerate(MOST.items()):
                places = self._places.get((ad_product, product.asin), [])
                if ad_product in self.profile.closed or not places or not own.price:
                    continue
                percent = most // 2 + (bits >> 8 * number & 255) % (most // 2 + 1)
                # Only the first one may round up, or a lone unit would be attributed twice.
                luck = 0 if number else bits >> 24 & 63
                units = (own.units * percent + luck) // 100
                views = own.views * (percent + 5) // 300
                share = Share(units, own.price, views, None if number else halo)
                spots += self._share(places, mix(bits + number), share)
        return spots

    def _halo(self, own: Bought, other: Product, bought: Mapping[str, Bought]) -> Halo | None:
        """What is bought of the next product, within a tenth of either one's own sales."""
        theirs = bought.get(other.asin)
        if theirs is None or not theirs.price:
            return None
        units = min(theirs.units, own.units, own.units * own.price // theirs.price) * HALO // 100
        return Halo(other, units, theirs.price) if units else None

    def _share(self, places: Sequence[tuple[Ad, Target]], bits: int, share: Share) -> Iterator[Spot]:
        """Spread what a product's advertisements lead to over them."""
        weights = [1 + (mix(bits + place) & 7) for place in range(len(places))]
        whole, before = sum(weights), 0
        for place, ((ad, target), weight) in enumerate(zip(places, weights, strict=True)):
            after = before + weight
            part = share.units * after // whole - share.units * before // whole
            clicks = max(share.views * after // whole - share.views * before // whole, part)
            before = after
            luck = mix(bits ^ target.id ^ ad.id)
            shown = clicks * (20 + (luck & 63)) + (luck >> 6 & 63)
            more = share.halo if place == 0 else None
            clicks = clicks or (1 if more else 0)
            shown = max(shown, clicks)
            if not shown:
                continue
            cost = clicks * (target.bid * (40 + (luck >> 12 & 31)) // 100)
            yield Spot(ad, target, luck, shown, clicks, cost, part, share.price, more)

    def _id(self, kind: str, *number: object) -> int:
        """Too large for a float to hold, as ids are that Amazon calls 64-bit integers."""
        return 10**17 + derive(self._key, kind, *number) % (9 * 10**17)

    def _campaigns(self) -> Iterator[Campaign]:
        unit = 10**self.catalogue.decimals
        first, second = (portfolio[0] for portfolio in self.portfolios)
        laid_out = (
            (SPONSORED_PRODUCTS, "Auto", "ENABLED", first, "AUTO", True),
            (SPONSORED_PRODUCTS, 'Keywords, "broad" & exact', "ENABLED", first, "MANUAL", True),
            (SPONSORED_PRODUCTS, "商品ターゲティング", "ENABLED", second, "MANUAL", True),
            (SPONSORED_PRODUCTS, "Paused", "PAUSED", None, "MANUAL", True),
            (SPONSORED_PRODUCTS, "Archived", "ARCHIVED", None, "AUTO", True),
            (SPONSORED_BRANDS, "Brand", "ENABLED", second, "MANUAL", True),
            (SPONSORED_BRANDS, "Brand, of old", "ENABLED", None, "MANUAL", False),
            (SPONSORED_DISPLAY, "Display", "ENABLED", None, "MANUAL", True),
        )
        for number, (ad_product, name, state, portfolio, targeting, multi) in enumerate(laid_out):
            id_ = self._id("campaign", number)
            yield Campaign(ad_product, id_, name, state, portfolio, (number + 2) * 10 * unit, targeting, multi)

    def _groups(self) -> Iterator[AdGroup]:
        for place, campaign in enumerate(self.campaigns):
            for number in range(2 if place in {1, 5} else 1):
                id_ = self._id("group", place, number)
                yield AdGroup(id_, campaign, f"{campaign.name} {number + 1}", 60 + 10 * number)

    def _targets(self) -> Iterator[Target]:
        foreign = self.catalogue.products[-1].asin
        for group in self.groups:
            campaign = group.campaign
            if campaign.targeting == "AUTO":
                texts = ("close-match", "loose-match", "substitutes", "complements")
                kinds = [("TARGETING_EXPRESSION_PREDEFINED", text) for text in texts]
            elif campaign == self.campaigns[2] or campaign.ad_product == SPONSORED_DISPLAY:
                kinds = [("TARGETING_EXPRESSION", f'asin="{foreign}"'), ("TARGETING_EXPRESSION", 'category="Kitchen"')]
            else:
                kinds = [("BROAD", "travel mug"), ("PHRASE", "tasse à café"), ("EXACT", "水筒 500ml")]
            for number, (kind, text) in enumerate(kinds):
                yield Target(self._id("target", group.id, number), group, kind, text, group.bid + 5 * number)

    def _ads(self) -> Iterator[Ad]:
        for number, group in enumerate(self.groups):
            for place, product in enumerate(self.catalogue.products):
                # Each product but every fourth is in some groups, and in none of the others.
                if place % 4 == 3 or (place + number) % 3 == 0:  # noqa: PLR2004
                    continue
                name = sku(product) if self.profile.kind == "seller" else None
                yield Ad(self._id("ad", group.id, product.asin), group, product, name)
