# ruff: noqa: RUF001 - awkward characters are what this is about
"""What each selling partner sells, and what a report asks about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from amazon_sandbox.accounts import MARKETPLACES
from amazon_sandbox.calendars import PACIFIC, periods
from amazon_sandbox.chance import derive, mix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Row = dict[str, Any]
    Arrays = dict[str, Iterable[Row]]
    Report = Callable[["Catalogue", "Query"], Arrays]

# A figure of a day is final two weeks later, the usual re-read window (docs/amazon/calendars.md#restatement);
# until then percents of it are missing, one for each of these ages in days.
AGES = (5, 7, 10, 14)
# A figure of an hour is final a day later; these ages are hours.
HOUR_AGES = (3, 6, 12, 24)

# Percent of an average day, Monday first; then percent by month, January first.
WEEKDAYS = (104, 98, 96, 95, 92, 106, 118)
MONTHS = (92, 90, 94, 96, 98, 97, 118, 99, 96, 102, 128, 140)


ISBN_EVERY = 10
WELL_KNOWN_ISBN = "0071234567"
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PAIRS = tuple(first + second for second in LETTERS for first in LETTERS)

# Titles as awkward as real ones: other scripts, right to left, characters put together
# from several, and whatever a careless writer of JSON, CSV or SQL stumbles over.
TITLES = (
    "BrandX Travel Mug, 0.5 l, 3 Pack",
    'Shelf 24" x 36" \\ "heavy duty"',
    "ステンレスボトル 500ml 保冷保温",
    "🎁 Gift Box 👩‍👩‍👧‍👦 Family",
    "Cafe\u0301 au lait, Cre\u0300me bru\u0302le\u0301e",
    "Café au lait, Crème brûlée",
    "كتاب الطبخ \u200f(الطبعة 2)",
    "ספר בישול",
    "O'Neil & Söhne <b>Größe</b> 42; DROP TABLE",
    "Tab\there, new\nline, and 50 % off {now}",
    "Ünïcödé ﬁ ½ ² №5 𝒜𝔹",
    " leading and trailing space ",
    "NULL",
    "=1+1",
)
DIGITAL = 7  # The place in a catalogue of an ASIN that never runs out.


@dataclass(frozen=True)
class Product:
    """One ASIN of a catalogue.

    Attributes:
        asin: Ten characters; for a book its ISBN, leading zeros and final X included.
        key: Its share of the randomness.
        price: Sales price in the smallest unit of the currency.
        cost: Cost price in the same unit.
        demand: Units of an average day, in hundredths.
        sourced: Percent of its units that Amazon buys from this vendor itself.
        fresh: Whether Amazon Fresh sells it.
        title: Its name.
        endless: Whether its stock is above all 32-bit numbers.
    """

    asin: str
    key: int
    price: int
    cost: int
    demand: int
    sourced: int
    fresh: bool
    title: str
    endless: bool


@dataclass(frozen=True)
class Catalogue:
    """All ASINs of one account in one marketplace.

    Attributes:
        key: The randomness of its days.
        marketplace_id: The marketplace.
        country: Two letters.
        currency: ISO 4217 code.
        domain: The host of the store, without www.
        decimals: Digits behind the decimal point.
        products: The ASINs, in the order in which rows appear.
        vendor_codes: The vendor codes of the group.
        search_terms: How many terms the marketplace's customers search for.
    """

    key: int
    marketplace_id: str
    country: str
    currency: str
    domain: str
    decimals: int
    products: tuple[Product, ...]
    vendor_codes: tuple[str, ...]
    search_terms: int

    def amount(self, units: int) -> Decimal | int:
        """An amount in the smallest unit as the currency writes it: whole yen, or two digits."""
        return Decimal(units).scaleb(-self.decimals) if self.decimals else units

    @property
    def iso_country(self) -> str:
        """The country by ISO 3166."""
        return "GB" if self.country == "UK" else self.country

    def money(self, units: int) -> Row:
        """Amazon's money object for an amount in the smallest unit."""
        return {"amount": self.amount(units), "currencyCode": self.currency}


@dataclass(frozen=True)
class Query:
    """What a report is asked for.

    Attributes:
        first_day: The first day on which the account has figures at all.
        options: The reportOptions.
        start: First day, or the moment from which hours count.
        end: Last day, included, or the moment up to which hours count.
        as_of: The day or the moment of the request, which decides how old figures are.
        personal: Whether the account may see buyers' names and addresses.
    """

    first_day: date | None
    options: Mapping[str, str]
    start: date
    end: date
    as_of: date
    personal: bool = False

    @property
    def today(self) -> date:
        """The day of the request."""
        return self.as_of.date() if isinstance(self.as_of, datetime) else self.as_of

    def periods(self) -> Iterator[tuple[date, date]]:
        """The periods of the range, oldest first."""
        return periods(self.options["reportPeriod"], self.start, self.end)

    def days(self, start: date, end: date) -> Iterator[date]:
        """The days of a period on which the account has figures."""
        day = max(start, self.first_day or start)
        while day <= end:
            yield day
            day += timedelta(days=1)

    def hours(self) -> Iterator[datetime]:
        """The beginnings of all full hours of the range in which the account has figures."""
        hour = -(-int(moment_of(self.start).timestamp()) // 3600)
        first_day = self.first_day
        while (hour + 1) * 3600 <= moment_of(self.end).timestamp():
            start = datetime.fromtimestamp(hour * 3600, timezone.utc)
            if first_day is None or start.astimezone(PACIFIC).date() >= first_day:
                yield start
            hour += 1

    def missing(self, day: date, percents: Sequence[int]) -> int:
        """Percent of a figure that a day still lacks at `as_of`."""
        age = (self.today - day).days
        return percents[sum(age >= limit for limit in AGES)]

    def missing_of_hour(self, start: datetime, percents: Sequence[int]) -> int:
        """Percent of a figure that an hour still lacks at `as_of`."""
        age = (moment_of(self.as_of) - start).total_seconds() / 3600 - 1
        return percents[sum(age >= limit for limit in HOUR_AGES)]


def moment_of(day: date) -> datetime:
    """A moment as it is, a day as its midnight in UTC."""
    return day if isinstance(day, datetime) else datetime.combine(day, time(), timezone.utc)


def iso(moment: datetime) -> str:
    """A moment as documents write it."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def volume(day: date) -> int:
    """How busy a day is, in percent of an average one."""
    return WEEKDAYS[day.weekday()] * MONTHS[day.month - 1] // 100


def settled(final: int, missing: int, luck: int = 99) -> int:
    """What is known of a figure.

    Args:
        final: What it will be.
        missing: Percent that is missing.
        luck: Hundredths that are added to what is missing, which loses the rest. With 99 a
            missing percent takes away one unit at least; with any of 0 to 99 many small
            figures together lack just the percent.
    """
    return final - (final * missing + luck) // 100


def ratio(part: int, whole: int, digits: int) -> Decimal:
    """A fraction, cut off after so many digits."""
    return Decimal(part * 10**digits // whole).scaleb(-digits)


@cache
def share(ten_thousandths: int) -> Decimal:
    """A fraction with four digits, such as 0.0771."""
    return Decimal(ten_thousandths).scaleb(-4)


def hundredths(units: int) -> Decimal:
    """A number with two digits, such as 7.50."""
    return Decimal(units).scaleb(-2)


def make_catalogue(seed: int, label: str, marketplace_id: str, asins: int, search_terms: int) -> Catalogue:
    """Think up what an account sells in a marketplace."""
    marketplace = MARKETPLACES[marketplace_id]
    products: dict[str, Product] = {}
    number = 0
    while len(products) < asins:
        key = derive(seed, label, marketplace_id, "product", number)
        asin = _asin(len(products), key)
        if asin not in products:
            products[asin] = _product(asin, key, marketplace.decimals, len(products))
        number += 1
    codes = derive(seed, label, "vendor codes")
    return Catalogue(
        key=derive(seed, label, marketplace_id, "days"),
        marketplace_id=marketplace_id,
        country=marketplace.country,
        currency=marketplace.currency,
        domain=marketplace.domain,
        decimals=marketplace.decimals,
        products=tuple(products.values()),
        vendor_codes=tuple(code(mix(codes + number), 5, LETTERS[10:]) for number in range(2)),
        search_terms=search_terms,
    )


def foreign_asin(key: int) -> str:
    """The ASIN of somebody else's product."""
    # Written for speed: the search terms report may need thirty millions.
    size = len(PAIRS)
    pairs = (PAIRS[key % size], PAIRS[key // size % size], PAIRS[key // size**2 % size], PAIRS[key // size**3 % size])
    return "B0" + "".join(pairs)


def code(key: int, count: int, letters: str = LETTERS) -> str:
    """So many letters as a number's digits."""
    text = ""
    for _ in range(count):
        key, letter = divmod(key, len(letters))
        text += letters[letter]
    return text


def _asin(position: int, key: int) -> str:
    """A made-up ASIN; every tenth one is a book, whose ASIN is its ISBN."""
    if position == ISBN_EVERY // 2:
        return WELL_KNOWN_ISBN
    if position % ISBN_EVERY == ISBN_EVERY // 2:
        digits = f"00{key % 10**7:07d}"
        check = -sum(int(d) * (10 - i) for i, d in enumerate(digits)) % 11
        return digits + "0123456789X"[check]
    return foreign_asin(key)


def _product(asin: str, key: int, decimals: int, position: int) -> Product:
    bits = mix(key)
    # 3.49 to about 205 of the currency, ending in 9; yen carry no decimals.
    price = 349 + (bits % 2048) * 10
    if not decimals:
        price = price * 3 // 2
    return Product(
        asin=asin,
        key=key,
        price=price,
        # Amazon sells every ninth at a loss: a margin "between 0 and 1" does not hold.
        cost=price * (110 if key % 9 == 0 else 45 + (bits >> 11 & 15)) // 100,
        # Few ASINs sell much and many sell little.
        demand=40 + (bits >> 15 & 255) ** 3 // 2000,
        sourced=(0, 60, 85, 100)[bits >> 23 & 3],
        fresh=bits >> 25 & 3 == 0,
        title=TITLES[position % len(TITLES)],
        endless=position == DIGITAL,
    )
