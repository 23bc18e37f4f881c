"""What the selling partners of the sandbox sold: seeded, restated, summed up.

A figure follows from the seed, the account, the marketplace, the ASIN, the day and
the age of the day when the report is asked for. All sums are sums of whole numbers
(units, cents), so aggregates, programs and longer periods fit exactly.

Fields and their presence per view and program are those of Amazon's schemas
(`vendorSalesReport.json`, `vendorTrafficReport.json`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tap_amazon_vendor.sandbox.accounts import MARKETPLACES, SandboxAccount
from tap_amazon_vendor.sandbox.chance import derive, mix
from tap_amazon_vendor.sandbox.reports import periods

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Row = dict[str, Any]
    Cell = tuple[int, Sequence[int]]
    Report = Callable[["Catalogue", "Query"], "Arrays"]
    Arrays = dict[str, Iterable[Row]]

# Percent that is still missing while a day is younger than so many days. From the
# last age on, a day is final: two weeks, the usual re-read window (REPORTS.md 0.3).
AGES = (5, 7, 10, 14)
ORDERED_PENDING = (8, 5, 3, 1, 0)
SHIPPED_PENDING = (15, 9, 5, 2, 0)
RETURNS_PENDING = (80, 60, 40, 20, 0)
VIEWS_PENDING = (3, 2, 1, 1, 0)

# Percent of an average day, Monday first; then percent by month, January first.
WEEKDAYS = (104, 98, 96, 95, 92, 106, 118)
MONTHS = (92, 90, 94, 96, 98, 97, 118, 99, 96, 102, 128, 140)

ISBN_EVERY = 10
WELL_KNOWN_ISBN = "0071234567"
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


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
    """

    asin: str
    key: int
    price: int
    cost: int
    demand: int
    sourced: int
    fresh: bool


@dataclass(frozen=True)
class Catalogue:
    """All ASINs of one account in one marketplace.

    Attributes:
        key: The randomness of its days.
        currency: ISO 4217 code.
        decimals: Digits behind the decimal point.
        products: The ASINs, in the order in which rows appear.
    """

    key: int
    currency: str
    decimals: int
    products: tuple[Product, ...]

    def money(self, units: int) -> Row:
        """Amazon's money object for an amount in the smallest unit."""
        amount = Decimal(units).scaleb(-self.decimals) if self.decimals else units
        return {"amount": amount, "currencyCode": self.currency}


@dataclass(frozen=True)
class Query:
    """What a report is asked for.

    Attributes:
        first_day: The first day on which the account has figures at all.
        options: The reportOptions.
        start: First day.
        end: Last day, included.
        as_of: The day of the request, which decides how old each day is.
    """

    first_day: date | None
    options: Mapping[str, str]
    start: date
    end: date
    as_of: date

    def periods(self) -> Iterator[tuple[date, date]]:
        """The periods of the range, oldest first."""
        return periods(self.options["reportPeriod"], self.start, self.end)

    def days(self, start: date, end: date) -> Iterator[date]:
        """The days of a period on which the account has figures."""
        day = max(start, self.first_day or start)
        while day <= end:
            yield day
            day += timedelta(days=1)

    def missing(self, day: date, percents: Sequence[int]) -> int:
        """Percent of a figure that a day still lacks at `as_of`."""
        age = (self.as_of - day).days
        return percents[sum(age >= limit for limit in AGES)]


def sales(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_SALES_REPORT (REPORTS.md section 1)."""
    manufacturing = query.options["distributorView"] == "MANUFACTURING"
    returned = query.options["sellingProgram"] != "FRESH"
    money = catalogue.money

    def figures(numbers: Sequence[int]) -> Row:
        ordered, shipped, returns, revenue, shipped_revenue, cogs = numbers
        row: Row = {}
        if returned:
            row["customerReturns"] = returns
        if manufacturing:
            row["orderedRevenue"] = money(revenue)
            row["orderedUnits"] = ordered
        row["shippedCogs"] = money(cogs)
        row["shippedRevenue"] = money(shipped_revenue)
        row["shippedUnits"] = shipped
        return row

    return _TwoLevels(catalogue, query, _sales_of_day, figures).arrays("sales")


def traffic(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_VENDOR_TRAFFIC_REPORT (REPORTS.md section 1)."""

    def figures(numbers: Sequence[int]) -> Row:
        return {"glanceViews": numbers[0]}

    return _TwoLevels(catalogue, query, _traffic_of_day, figures).arrays("traffic")


REPORTS: Mapping[str, Report] = {
    "GET_VENDOR_SALES_REPORT": sales,
    "GET_VENDOR_TRAFFIC_REPORT": traffic,
}


@dataclass(frozen=True)
class _TwoLevels:
    """The aggregate and the by-ASIN rows of a retail analytics report.

    Rows come out of generators, so that a large document is never held as rows; the
    price is that its cells are worked out twice.

    Attributes:
        catalogue: The ASINs.
        query: What is asked for.
        cells: Gives the numbers of each ASIN that has a row on a day.
        figures: Turns numbers into the fields of a row.
    """

    catalogue: Catalogue
    query: Query
    cells: Callable[[Catalogue, Query, date], Iterator[Cell]]
    figures: Callable[[Sequence[int]], Row]

    def arrays(self, name: str) -> Arrays:
        """Both arrays, under Amazon's names for them."""
        return {f"{name}Aggregate": self._aggregate(), f"{name}ByAsin": self._by_asin()}

    def _aggregate(self) -> Iterator[Row]:
        for start, end in self.query.periods():
            total: Sequence[int] | None = None
            for _, numbers in self._sums(start, end):
                total = numbers if total is None else _add(total, numbers)
            if total is not None:
                yield {"startDate": f"{start}", "endDate": f"{end}", **self.figures(total)}

    def _by_asin(self) -> Iterator[Row]:
        for start, end in self.query.periods():
            first, last = f"{start}", f"{end}"
            for index, numbers in self._sums(start, end):
                row: Row = {"startDate": first, "endDate": last, "asin": self.catalogue.products[index].asin}
                row.update(self.figures(numbers))
                yield row

    def _sums(self, start: date, end: date) -> Iterator[Cell]:
        """The numbers of each ASIN over a period; for a day without any adding up."""
        days = self.query.days(start, end)
        if start == end:
            for day in days:
                yield from self.cells(self.catalogue, self.query, day)
            return
        total: dict[int, Sequence[int]] = {}
        for day in days:
            for index, numbers in self.cells(self.catalogue, self.query, day):
                before = total.get(index)
                total[index] = numbers if before is None else _add(before, numbers)
        yield from sorted(total.items())


def _add(left: Sequence[int], right: Sequence[int]) -> list[int]:
    return [a + b for a, b in zip(left, right, strict=True)]


def _volume(day: date) -> int:
    """How busy a day is, in percent of an average one."""
    return WEEKDAYS[day.weekday()] * MONTHS[day.month - 1] // 100


def _settled(final: int, missing: int) -> int:
    """What is known of a figure; a missing percent takes away one unit at least."""
    return final - (final * missing + 99) // 100


def _sales_of_day(catalogue: Catalogue, query: Query, day: date) -> Iterator[Cell]:
    """One tuple of six whole numbers per ASIN that has a row on that day.

    RETAIL is the sum of three parts - consumers, BUSINESS, FRESH - because Amazon's
    figures were seen to be so (models #5177).
    """
    key = mix(catalogue.key ^ day.toordinal())
    volume = _volume(day)
    no_orders = query.missing(day, ORDERED_PENDING)
    no_shipments = query.missing(day, SHIPPED_PENDING)
    no_returns = query.missing(day, RETURNS_PENDING)
    program = query.options["sellingProgram"]
    sourcing = query.options["distributorView"] == "SOURCING"
    for index, product in enumerate(catalogue.products):
        if sourcing and not product.sourced:
            continue
        bits = mix(key ^ product.key)
        if bits & 63 < 6:  # noqa: PLR2004 - about every tenth ASIN has no row
            continue
        total = product.demand * volume * (60 + (bits >> 8 & 63)) // 1_000_000
        business = total * (bits >> 16 & 31) // 200
        fresh = total * (bits >> 21 & 31) // 160 if product.fresh else 0
        if program == "RETAIL":
            parts: tuple[int, ...] = (total - business - fresh, business, fresh)
        else:
            parts = (business,) if program == "BUSINESS" else (fresh,)
            if not parts[0]:
                continue
        ordered = shipped = returns = 0
        for place, part in enumerate(parts):
            units = part - part * (bits >> 26 & 7) // 100
            ordered += _settled(part, no_orders)
            known = _settled(units, no_shipments)
            shipped += known * product.sourced // 100 if sourcing else known
            if program != "FRESH" and place < 2:  # noqa: PLR2004 - FRESH takes none back
                returns += _settled(units * (bits >> 29 & 15) // 100, no_returns)
        if sourcing:
            returns = returns * product.sourced // 100
        price = product.price
        if bits >> 33 & 15 == 0:
            price = price * 85 // 100
        kept = shipped - returns
        yield (
            index,
            (
                ordered,
                shipped,
                returns,
                (ordered - returns) * price,
                kept * price,
                kept * product.cost,
            ),
        )


def _traffic_of_day(catalogue: Catalogue, query: Query, day: date) -> Iterator[Cell]:
    key = mix(catalogue.key ^ day.toordinal())
    volume = _volume(day)
    missing = query.missing(day, VIEWS_PENDING)
    for index, product in enumerate(catalogue.products):
        bits = mix(key ^ product.key)
        if bits & 63 < 2:  # noqa: PLR2004 - more ASINs are looked at than sold
            continue
        total = product.demand * volume * (60 + (bits >> 8 & 63)) // 1_000_000
        views = total * (6 + (bits >> 40 & 7)) + (bits >> 44 & 15)
        yield index, (_settled(views, missing),)


class Data:
    """All figures of one sandbox.

    Args:
        seed: Another seed is another world.
        accounts: The accounts that have figures.
        asins: Number of ASINs in each catalogue.
    """

    def __init__(self, seed: int, accounts: Sequence[SandboxAccount], asins: int) -> None:
        """Work nothing out yet: a catalogue is made when it is first needed."""
        self._seed = seed
        self._accounts = {account.label: account for account in accounts}
        self._asins = asins
        self._catalogue = lru_cache(maxsize=None)(self._make_catalogue)

    def catalogue(self, account: SandboxAccount | str, marketplace_id: str) -> Catalogue:
        """The ASINs that an account sells in a marketplace."""
        label = account if isinstance(account, str) else account.label
        return self._catalogue(label, marketplace_id)

    def document(  # noqa: PLR0913 - these are the parts of a report request
        self,
        report_type: str,
        *,
        account: SandboxAccount | str,
        marketplace_id: str,
        options: Mapping[str, str],
        start: date,
        end: date,
        as_of: date,
    ) -> dict[str, Any]:
        """Work out the JSON document that a report asked for on a day would hold.

        Money amounts are `Decimal` with the digits of the document (whole yen are
        `int`), so compare with `json.loads(text, parse_float=Decimal)`.

        Args:
            report_type: Amazon's name of the report.
            account: The account or its label.
            marketplace_id: The one marketplace.
            options: The reportOptions.
            start: First day of the first period.
            end: Last day of the last period.
            as_of: The day (UTC) of createReport, on which restatement depends.

        Returns:
            The document. Rules of the API are not applied: `reports.py` has those.
        """
        document = self.stream(
            report_type,
            account=account,
            marketplace_id=marketplace_id,
            options=options,
            start=start,
            end=end,
            as_of=as_of,
        )
        return {name: part if name == "reportSpecification" else list(part) for name, part in document.items()}

    def stream(  # noqa: PLR0913 - as `document`
        self,
        report_type: str,
        *,
        account: SandboxAccount | str,
        marketplace_id: str,
        options: Mapping[str, str],
        start: date,
        end: date,
        as_of: date,
    ) -> dict[str, Any]:
        """Like `document`, but each array is an iterator that makes rows as it goes."""
        label = account if isinstance(account, str) else account.label
        query = Query(self._accounts[label].first_day, options, start, end, as_of)
        specification = {
            "reportType": report_type,
            "reportOptions": dict(sorted(options.items())),
            "lastUpdatedDate": as_of.isoformat(),
            "dataStartTime": start.isoformat(),
            "dataEndTime": end.isoformat(),
            "marketplaceIds": [marketplace_id],
        }
        arrays = REPORTS[report_type](self.catalogue(label, marketplace_id), query)
        return {"reportSpecification": specification, **arrays}

    def has_rows(  # noqa: PLR0913 - as `document`
        self,
        report_type: str,
        *,
        account: SandboxAccount | str,
        marketplace_id: str,
        options: Mapping[str, str],
        start: date,
        end: date,
    ) -> bool:
        """Tell whether a report would have any row, without working it out."""
        # Whether a row exists depends on no age and adds up from the days, so the
        # first row of the first day with one is enough, for a year too.
        if "reportPeriod" in options:
            options = {**options, "reportPeriod": "DAY"}
        document = self.stream(
            report_type,
            account=account,
            marketplace_id=marketplace_id,
            options=options,
            start=start,
            end=end,
            as_of=end,
        )
        *_, rows = document.values()
        return next(iter(rows), None) is not None

    def _make_catalogue(self, label: str, marketplace_id: str) -> Catalogue:
        marketplace = MARKETPLACES[marketplace_id]
        products: dict[str, Product] = {}
        number = 0
        while len(products) < self._asins:
            key = derive(self._seed, label, marketplace_id, "product", number)
            asin = _asin(len(products), key)
            if asin not in products:
                products[asin] = _product(asin, key, marketplace.decimals)
            number += 1
        return Catalogue(
            key=derive(self._seed, label, marketplace_id, "days"),
            currency=marketplace.currency,
            decimals=marketplace.decimals,
            products=tuple(products.values()),
        )


def _asin(position: int, key: int) -> str:
    """A made-up ASIN; every tenth one is a book, whose ASIN is its ISBN."""
    if position == ISBN_EVERY // 2:
        return WELL_KNOWN_ISBN
    if position % ISBN_EVERY == ISBN_EVERY // 2:
        digits = f"00{key % 10**7:07d}"
        check = -sum(int(d) * (10 - i) for i, d in enumerate(digits)) % 11
        return digits + "0123456789X"[check]
    code = ""
    for _ in range(8):
        key, letter = divmod(key, len(LETTERS))
        code += LETTERS[letter]
    return f"B0{code}"


def _product(asin: str, key: int, decimals: int) -> Product:
    bits = mix(key)
    # 3.49 to about 205 of the currency, ending in 9; yen carry no decimals.
    price = 349 + (bits % 2048) * 10
    if not decimals:
        price = price * 3 // 2
    return Product(
        asin=asin,
        key=key,
        price=price,
        cost=price * (45 + (bits >> 11 & 15)) // 100,
        # Few ASINs sell much and many sell little.
        demand=40 + (bits >> 15 & 255) ** 3 // 2000,
        sourced=(0, 60, 85, 100)[bits >> 23 & 3],
        fresh=bits >> 25 & 3 == 0,
    )
