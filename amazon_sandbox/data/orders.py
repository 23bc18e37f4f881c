"""The orders of a seller: who bought what, when it was shipped, and what came back.

An order follows from the seed, the seller, the marketplace and its day. Everything that
will ever happen to it is known from the beginning; a report shows what has happened by
the time it is asked for. So shipments, returns, taxes and settlements tell one story.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import code, moment_of, volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date
    from decimal import Decimal

    from amazon_sandbox.data.catalogue import Catalogue, Product, Query
    from amazon_sandbox.data.tables import Cell

# How long after its purchase something can happen to an order: shipment, return, replacement.
SLOWEST_SHIPMENT = timedelta(days=6)
SLOWEST_RETURN = timedelta(days=40)

PAYMENT = timedelta(minutes=30)


@dataclass(frozen=True)
class Place:
    """Where a buyer lives.

    Attributes:
        city: The city.
        state: What the country puts in this column; None for nothing.
        postal_code: With leading zeros.
        country: Two letters of ISO 3166.
    """

    city: str
    state: str | None
    postal_code: str
    country: str


# Fulfillment centers, then places whose spelling or postal code is easily damaged.
CENTERS: Mapping[str, tuple[str, ...]] = {
    "US": ("PHX3", "BFI4", "ONT8"),
    "CA": ("YYZ4", "YVR3"),
    "MX": ("MEX2", "MTY1"),
    "UK": ("BHX4", "EDI4"),
    "DE": ("LEJ1", "BER3", "HAM2"),
    "FR": ("ORY1", "LIL1"),
    "JP": ("NRT5", "KIX2"),
    "IN": ("BLR7", "DEL4"),
}
PLACES: Mapping[str, tuple[Place, ...]] = {
    "US": (
        Place("Seattle", "WA", "98101-1234", "US"),
        Place("San José", "CA", "95112", "US"),
        Place("BOSTON", "MA", "02108", "US"),
        Place("Coeur d'Alene", "ID", "83814", "US"),
    ),
    "CA": (Place("Montréal", "Québec", "H2Y 1C6", "CA"), Place("Toronto", "ON", "M5V 3L9", "CA")),
    "MX": (Place("Ciudad de México", "CDMX", "06000", "MX"), Place("Mérida", "Yucatán", "97000", "MX")),
    "UK": (Place("London", None, "SW1A 1AA", "GB"), Place("Stoke-on-Trent", "Staffordshire", "ST1 1HH", "GB")),
    "DE": (
        Place("Dresden", None, "01067", "DE"),
        Place("München", "Bayern", "80331", "DE"),
        Place('"Haus am See", Köln', None, "50667", "DE"),
        Place("Øster Åbo", None, "0150", "DK"),
    ),
    "FR": (Place("Orléans", None, "45000", "FR"), Place("Nîmes", None, "30000", "FR")),
    "JP": (
        Place("千代田区", "東京都", "100-0001", "JP"),
        Place("札幌市中央区①", "北海道", "060-0001", "JP"),
        Place("堺市髙松", "大阪府", "599-8116", "JP"),
    ),
    "IN": (
        Place("BENGALURU", "KARNATAKA", "560001", "IN"),
        Place("मुंबई", "MAHARASHTRA", "400001", "IN"),
        Place("New Delhi", "DELHI", "110001", "IN"),
    ),
}
NAMES = ("Ana O'Neil", "Jürgen Groß", "山田 太郎", 'Zoë "Zo" Faßbinder', "J. Smith", "Æthelred Ñuñez", "अनिल कुमार")

# Percent of the price; in Europe, Japan and India it lies in the price.
TAX: Mapping[str, int] = {"US": 8, "CA": 13, "MX": 16, "UK": 20, "DE": 19, "FR": 20, "JP": 10, "IN": 18}
TAX_ON_TOP = ("US", "CA")

CARRIERS = ("UPS", "USPS", "DHL", "AMZN_US", "Yamato")
RETURN_REASONS = (
    "UNWANTED_ITEM",
    "DEFECTIVE",
    "NOT_AS_DESCRIBED",
    "ORDERED_WRONG_ITEM",
    "UNDELIVERABLE_UNKNOWN",
    "CUSTOMER_DAMAGED",
)
RETURNED_AS = ("SELLABLE", "CUSTOMER_DAMAGED", "DEFECTIVE", "SELLABLE")
COMMENTS = (None, None, "Too small", 'Said 24", is 22"', "don't need it any more; thanks!", "größer als gedacht")


@dataclass(frozen=True)
class Item:
    """One line of an order. Amounts are for all its units, in the smallest unit of the currency.

    Attributes:
        order: The order.
        bits: Its own randomness.
        item_id: Amazon's order item id.
        shipment_id: The shipment that it goes with.
        shipment_item_id: Its place in that shipment.
        product: What was bought.
        quantity: How many.
        price: Without tax where tax comes on top.
        tax: Part of the price where it is included.
        shipping: For the shipment.
        shipping_tax: As `tax`.
        gift_wrap: For the wrapping.
        gift_wrap_tax: As `tax`.
        discount: What a promotion takes off the price.
        shipping_discount: What a promotion takes off the shipping.
        shipped_at: When it leaves; None for a line that is cancelled.
        reported_at: When reports first know of the shipment: an hour to three later, rarely a day.
        returned_at: When it comes back; None for never.
        replaced_at: When a replacement leaves; None for never.
    """

    order: Order
    bits: int
    item_id: str
    shipment_id: str
    shipment_item_id: str
    product: Product
    quantity: int
    price: int
    tax: int
    shipping: int
    shipping_tax: int
    gift_wrap: int
    gift_wrap_tax: int
    discount: int
    shipping_discount: int
    shipped_at: datetime | None
    reported_at: datetime | None
    returned_at: datetime | None
    replaced_at: datetime | None

    @property
    def promotion_id(self) -> str | None:
        """The promotion of its discounts."""
        if not self.discount and not self.shipping_discount:
            return None
        return f"PAWS-V2-{self.bits % 10**8:08d}-{self.bits >> 40 & 4095}" if self.discount else "Free Shipping"

    @property
    def fulfillment_center(self) -> str:
        """Where Amazon keeps it."""
        centers = centers_of(self.order.catalogue.country)
        return centers[self.product.key % len(centers)]

    @property
    def approved(self) -> bool:
        """Whether its return is approved: Amazon does for what it sent, most sellers do for their own."""
        return self.order.by_amazon or self.bits >> 2 & 3 != 0

    @property
    def refunded(self) -> int:
        """What is paid back for a return, in the smallest unit: what was paid for the goods."""
        return self.price - self.discount

    def disposition(self, unit: int) -> str:
        """The condition in which one of its units comes back."""
        return RETURNED_AS[mix(int(self.item_id) + unit) & 3]

    @property
    def refunded_at(self) -> datetime | None:
        """When its price is paid back: in the night after it came back."""
        if self.returned_at is None or not self.approved:
            return None
        return moment_of(self.returned_at.date()) + timedelta(days=1)

    @property
    def return_reason(self) -> str:
        """Why it comes back."""
        return RETURN_REASONS[self.bits >> 30 & 3] if self.bits & 1 else RETURN_REASONS[-(self.bits >> 30 & 1) - 1]

    @property
    def comment(self) -> str | None:
        """What the buyer says to that."""
        return COMMENTS[(self.bits >> 33) % len(COMMENTS)]


@dataclass(frozen=True)
class Order:
    """One order.

    Attributes:
        catalogue: What the seller sells in that marketplace.
        bits: Its own randomness.
        order_id: Amazon's order id.
        purchased_at: When it was placed.
        by_amazon: Whether Amazon fulfills it.
        business: Whether a business bought it.
        cancelled_at: When it was cancelled; None for never.
    """

    catalogue: Catalogue
    bits: int
    order_id: str
    purchased_at: datetime
    by_amazon: bool
    business: bool
    cancelled_at: datetime | None

    @property
    def place(self) -> Place:
        """Where it goes."""
        places = PLACES.get(self.catalogue.country, PLACES["UK"])
        return places[(self.bits >> 12) % len(places)]

    @property
    def buyer(self) -> str:
        """Who bought it."""
        return NAMES[(self.bits >> 16) % len(NAMES)]

    @property
    def email(self) -> str:
        """The address that Amazon gives out instead of the buyer's own."""
        return f"{code(self.bits, 13).lower()}@marketplace.{self.catalogue.domain}"

    @property
    def phone(self) -> str:
        """The telephone, leading zeros included."""
        return f"0{self.bits % 10**10:010d}"

    @property
    def service(self) -> str:
        """The ship-service-level."""
        return ("Expedited", "Standard", "SecondDay", "NextDay")[self.bits >> 20 & 3]

    def cancelled_by(self, moment: datetime) -> bool:
        """Whether it is known to be cancelled at a moment."""
        return self.cancelled_at is not None and self.cancelled_at <= moment

    @property
    def items(self) -> tuple[Item, ...]:
        """Its lines."""
        return tuple(_items(self))


def centers_of(country: str) -> tuple[str, ...]:
    """The fulfillment centers that serve a marketplace."""
    return CENTERS.get(country, CENTERS["UK"])


def sku(product: Product) -> str:
    """The seller's own name of a product, which may look like anything."""
    bits = mix(product.key)
    forms = (
        f"{bits % 10**7:07d}",
        f"{product.asin[-4:]}-{bits % 97}-FBA",
        f"{bits % 90 + 10}E{bits >> 8 & 7}",
        f'"XL" {bits % 1000}',
        f"-{bits % 10**5}",
        f"Shoe, red {bits % 1000}",
        f"sku_{bits % 10**6}",
        f"{bits % 10**12:012d}",
    )
    # The ASIN keeps two equal forms apart.
    return f"{forms[product.key % len(forms)]}.{product.asin[2:6]}"


def fnsku(product: Product) -> str:
    """Amazon's own name of a seller's product."""
    return f"X00{code(mix(product.key + 1), 7)}"


def title(product: Product) -> str:
    """The name of a product as a flat file can hold it, without tabs and newlines."""
    return product.title.replace("\t", " ").replace("\n", " ")


def columns_of(product: Product) -> dict[str, Cell]:
    """The columns that name a product in most flat files."""
    return {"sku": sku(product), "fnsku": fnsku(product), "asin": product.asin, "product-name": title(product)}


def orders_on(catalogue: Catalogue, query: Query, day: date) -> Iterator[Order]:
    """The orders of a day, oldest first."""
    if query.first_day is not None and day < query.first_day:
        return
    key = mix(mix(catalogue.key ^ day.toordinal()) ^ 0x0DE5)
    count = len(catalogue.products) * volume(day) // 200 + (key & 3)
    midnight = datetime.combine(day, time(), timezone.utc)
    for number in range(count):
        bits = mix(key + number)
        seconds = (86_400 * number + bits % 86_400) // max(count, 1)
        purchased_at = midnight + timedelta(seconds=seconds)
        cancelled = bits >> 5 & 15 == 0
        yield Order(
            catalogue=catalogue,
            bits=bits,
            order_id=_order_id(mix(bits + 5)),
            purchased_at=purchased_at,
            by_amazon=bits & 7 != 0,
            business=bits >> 3 & 3 == 0,
            cancelled_at=purchased_at + timedelta(minutes=40 + (bits >> 24 & 1023)) if cancelled else None,
        )


def orders_between(catalogue: Catalogue, query: Query, slowest: timedelta = timedelta(0)) -> Iterator[Order]:
    """The orders to which something may have happened in the range of a query.

    Args:
        catalogue: What is sold.
        query: The range, and when it is asked for.
        slowest: How long after its purchase that may have been.

    Yields:
        Orders that are known when the report is asked for, oldest first.
    """
    first, last = (moment_of(query.start) - slowest).date(), moment_of(query.end).date()
    known = moment_of(query.as_of)
    for number in range((last - first).days + 1):
        for order in orders_on(catalogue, query, first + timedelta(days=number)):
            if order.purchased_at <= known:
                yield order


def happened(
    catalogue: Catalogue, query: Query, slowest: timedelta, when: Callable[[Item], datetime | None]
) -> Iterator[tuple[Item, datetime]]:
    """The items to which something happened in the range, with the time.

    Args:
        catalogue: What is sold.
        query: The range.
        slowest: How long after the purchase it may happen.
        when: Tells when it happens to an item, if ever.

    Yields:
        Items and times, whether reports know of them already or not.
    """
    for order in orders_between(catalogue, query, slowest):
        for item in order.items:
            at = when(item)
            if at is not None and within(at, query):
                yield item, at


def shipped(catalogue: Catalogue, query: Query, *, by_amazon: bool = True) -> Iterator[tuple[Item, datetime]]:
    """The items that were shipped in the range and are known to be, with the time."""
    known = moment_of(query.as_of)
    for item, at in happened(catalogue, query, SLOWEST_SHIPMENT, lambda item: item.shipped_at):
        if item.order.by_amazon == by_amazon and item.reported_at is not None and item.reported_at <= known:
            yield item, at


def returned(catalogue: Catalogue, query: Query, *, by_amazon: bool = True) -> Iterator[tuple[Item, datetime]]:
    """The items that came back in the range; what came today is not known before tomorrow."""
    for item, at in happened(catalogue, query, SLOWEST_RETURN, lambda item: item.returned_at):
        if item.order.by_amazon == by_amazon and at.date() < query.today:
            yield item, at


def replaced(catalogue: Catalogue, query: Query) -> Iterator[tuple[Item, datetime]]:
    """The items for which a replacement left in the range; today's are not known before tomorrow."""
    for item, at in happened(catalogue, query, SLOWEST_RETURN, lambda item: item.replaced_at):
        if at.date() < query.today:
            yield item, at


def within(moment: datetime, query: Query) -> bool:
    """Whether something lies in the range of a query, both ends included."""
    return moment_of(query.start) <= moment <= end_of(query)


def end_of(query: Query) -> datetime:
    """The last moment of a range; that of a bare day is its end."""
    if isinstance(query.end, datetime):
        return query.end
    return moment_of(query.end) + timedelta(days=1, seconds=-1)


def amounts(item: Item) -> Mapping[str, Decimal | int]:
    """The amounts of a line under the names that most reports give them."""
    amount = item.order.catalogue.amount
    return {
        "item-price": amount(item.price),
        "item-tax": amount(item.tax),
        "shipping-price": amount(item.shipping),
        "shipping-tax": amount(item.shipping_tax),
        "gift-wrap-price": amount(item.gift_wrap),
        "gift-wrap-tax": amount(item.gift_wrap_tax),
        "item-promotion-discount": amount(-item.discount),
        "ship-promotion-discount": amount(-item.shipping_discount),
    }


def _order_id(bits: int) -> str:
    """Three digits, seven and seven more."""
    return f"{100 + bits % 900}-{(bits >> 10) % 10**7:07d}-{(bits >> 37) % 10**7:07d}"


def _items(order: Order) -> Iterator[Item]:
    products = order.catalogue.products
    # A quarter has two lines; a few have the same line twice, which no column tells apart.
    count = 2 if order.bits >> 7 & 3 == 0 else 1
    twice = order.bits >> 9 & 7 == 0
    for number in range(count):
        bits = mix(order.bits + (0 if twice else number))
        yield _item(order, number, bits, products[bits % len(products)])


def _item(order: Order, number: int, bits: int, product: Product) -> Item:
    country = order.catalogue.country
    quantity = 1 + (bits >> 8 & 7 == 0) + 2 * (bits >> 11 & 31 == 0)
    price = product.price * quantity
    shipping = 599 if bits >> 16 & 7 == 0 else 0
    gift_wrap = 399 if bits >> 19 & 15 == 0 else 0
    shipped_at = reported_at = returned_at = replaced_at = None
    if order.cancelled_at is None:
        # Of two lines, the second one may wait for a day.
        waits = timedelta(days=number * (bits >> 23 & 1))
        shipped_at = order.purchased_at + timedelta(minutes=180 + bits % 4000) + waits
        late = bits >> 47 & 63 == 0
        reported_at = shipped_at + timedelta(minutes=60 + (bits >> 24) % 120, hours=21 if late else 0)
        fate = bits >> 32 & 31
        later = shipped_at + timedelta(days=4 + (bits >> 37) % 26, minutes=bits >> 42 & 1023)
        # Buyers send more back to sellers than to Amazon.
        if fate < (2 if order.by_amazon else 8):
            returned_at = later
        elif fate == 31 and order.by_amazon:  # noqa: PLR2004 - one in 32
            replaced_at = later
    return Item(
        order=order,
        bits=bits,
        item_id=f"{mix(order.bits + number + 7) % 10**14:014d}",
        shipment_id=code(mix(order.bits + number + 8), 9),
        shipment_item_id=code(mix(order.bits + number + 9), 14),
        product=product,
        quantity=quantity,
        price=price,
        tax=_tax(price, country),
        shipping=shipping,
        shipping_tax=_tax(shipping, country),
        gift_wrap=gift_wrap,
        gift_wrap_tax=_tax(gift_wrap, country),
        discount=price * 15 // 100 if bits >> 27 & 7 == 0 else 0,
        shipping_discount=shipping if bits >> 30 & 1 else 0,
        shipped_at=shipped_at,
        reported_at=reported_at,
        returned_at=returned_at,
        replaced_at=replaced_at,
    )


def _tax(amount: int, country: str) -> int:
    percent = TAX.get(country, 20)
    return amount * percent // 100 if country in TAX_ON_TOP else amount * percent // (100 + percent)
