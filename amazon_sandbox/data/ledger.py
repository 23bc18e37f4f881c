"""The inventory ledger: every unit that came or went, and what was there (docs/amazon/seller-reports.md#inventory).

Stock of a month begins at the same figure each time, and a receipt or a transfer on its
last day sees to that. So the balance of any day follows from the days of its month.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from amazon_sandbox.calendars import PACIFIC, period_of, periods
from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import Query, code, moment_of
from amazon_sandbox.data.orders import centers_of, end_of, fnsku, returned, shipped, sku, title
from amazon_sandbox.data.removals import removals_shipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amazon_sandbox.data.catalogue import Catalogue, Product
    from amazon_sandbox.data.tables import Cell, Line

SELLABLE = "SELLABLE"
STARTING = "Starting Warehouse Balance"
DISPOSITIONS = (SELLABLE, "CUSTOMER_DAMAGED", "DEFECTIVE", "WAREHOUSE_DAMAGED")

# The column of the summary that an event counts in, by its type, or by its reason.
COLUMNS: Mapping[str, str] = {
    "Receipts": "Receipts",
    "Shipments": "Customer Shipments",
    "CustomerReturns": "Customer Returns",
    "VendorReturns": "Vendor Returns",
    "WhseTransfers": "Warehouse Transfer In/Out",
}
REASONS: Mapping[str, str] = {"F": "Found", "M": "Lost", "E": "Damaged", "D": "Disposed", "Q": "Other Events"}
PERIODS: Mapping[str, str] = {"DAILY": "DAY", "WEEKLY": "WEEK", "MONTHLY": "MONTH"}


@dataclass(frozen=True)
class Shelf:
    """Units of a product that lie in one place in one condition.

    Attributes:
        product: The product.
        center: The fulfillment center.
        disposition: One of DISPOSITIONS.
    """

    product: Product
    center: str
    disposition: str

    @property
    def base(self) -> int:
        """What lies there when a month begins."""
        bits = mix(self.product.key ^ sum(self.center.encode()))
        return 60 + bits % 200 if self.disposition == SELLABLE else bits % 4


@dataclass(frozen=True)
class Event:
    """Units that come to a shelf or leave it.

    Attributes:
        shelf: The shelf.
        day: When.
        kind: The Event Type.
        quantity: How many; below zero when they leave.
        reference: The shipment, transfer or case.
        reason: One letter, for adjustments only.
    """

    shelf: Shelf
    day: date
    kind: str
    quantity: int
    reference: str | None = None
    reason: str | None = None

    @property
    def column(self) -> str:
        """The column of the summary."""
        return REASONS[self.reason] if self.reason else COLUMNS[self.kind]


def ledger_detail(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_LEDGER_DETAIL_VIEW_DATA. Lines may be equal: the report names no order and no time of day."""
    kind = query.options.get("eventType")
    first, last = _days(query)
    for event in _events(catalogue, query, first, last):
        if kind not in {None, "", event.kind} or not _asked_for(event.shelf.product, query):
            continue
        yield {
            **_product(event.shelf.product),
            "Date": event.day,
            "Event Type": event.kind,
            "Reference ID": event.reference,
            "Quantity": event.quantity,
            "Fulfillment Center": event.shelf.center,
            "Disposition": event.shelf.disposition,
            "Reason": event.reason,
            "Country": catalogue.iso_country,
            "Reconciled Quantity": event.quantity if event.reason in {"F", "M"} else None,
            "Unreconciled Quantity": 0 if event.reason in {"F", "M"} else None,
            "Date and Time": datetime.combine(event.day, time(), PACIFIC),
        }


def ledger_summary(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_LEDGER_SUMMARY_VIEW_DATA: each period's balances, which its events explain."""
    period = PERIODS[query.options.get("aggregatedByTimePeriod", "MONTHLY")]
    by_center = query.options.get("aggregateByLocation", "COUNTRY") == "FC"
    first, last = _days(query)
    if first > last:
        return
    # A running period ends yesterday.
    for start, totals in _summed(catalogue, query, period, period_of(period, first)[0], last, by_center=by_center):
        for (product, location, disposition), columns in totals.items():
            if any(columns.values()) and _asked_for(product, query):
                yield {
                    **_product(product),
                    **{column: columns[column] for column in (*COLUMNS.values(), *REASONS.values())},
                    "Date": f"{start:%m/%Y}" if period == "MONTH" else start,
                    "Disposition": disposition,
                    STARTING: columns[STARTING],
                    "In Transit Between Warehouses": 0,
                    "Ending Warehouse Balance": sum(columns.values()),
                    "Unknown Events": 0,
                    "Location": location,
                }


def balances(catalogue: Catalogue, query: Query) -> tuple[Counter[Product], Counter[Product]]:
    """What there is of each product as the ledger closed last night: units to sell, and other ones."""
    yesterday = query.today - timedelta(days=1)
    sellable: Counter[Product] = Counter()
    unsellable: Counter[Product] = Counter()
    for _, totals in _summed(catalogue, query, "DAY", yesterday, yesterday, by_center=False):
        for (product, _, disposition), columns in totals.items():
            found = sellable if disposition == SELLABLE else unsellable
            found[product] += sum(columns.values())
    return sellable, unsellable


def _days(query: Query) -> tuple[date, date]:
    """The first and the last day of the range that the ledger knows."""
    first = max(moment_of(query.start).date(), query.first_day or date.min)
    return first, min(end_of(query).date(), query.today - timedelta(days=1))


def _asked_for(product: Product, query: Query) -> bool:
    wanted = {"FNSKU": fnsku(product), "MSKU": sku(product), "ASIN": product.asin}
    return all(query.options.get(name, value) == value for name, value in wanted.items())


def _product(product: Product) -> dict[str, Cell]:
    return {"FNSKU": fnsku(product), "ASIN": product.asin, "MSKU": sku(product), "Title": title(product)}


def _summed(  # noqa: PLR0913 - a period, its range, and the way of summing up
    catalogue: Catalogue, query: Query, period: str, first: date, last: date, *, by_center: bool
) -> Iterator[tuple[date, dict[tuple[Product, str, str], Counter[str]]]]:
    """First day of each period; its starting balances and events by product, location and disposition."""
    totals: dict[tuple[Product, str, str], Counter[str]] = defaultdict(Counter)
    by_day: dict[date, list[Event]] = defaultdict(list)

    def columns_of(shelf: Shelf) -> Counter[str]:
        return totals[shelf.product, shelf.center if by_center else catalogue.iso_country, shelf.disposition]

    for shelf in _shelves(catalogue):
        columns_of(shelf)[STARTING] += shelf.base
    for event in _events(catalogue, query, period_of("MONTH", first)[0], last):
        if event.day < first:
            columns_of(event.shelf)[STARTING] += event.quantity
        else:
            by_day[event.day].append(event)
    day = first
    for start, end in periods(period, first, last):
        totals = defaultdict(Counter, {key: Counter({STARTING: columns.total()}) for key, columns in totals.items()})
        while day <= min(end, last):
            for event in by_day[day]:
                columns_of(event.shelf)[event.column] += event.quantity
            day += timedelta(days=1)
        yield start, totals


def _shelves(catalogue: Catalogue) -> Iterator[Shelf]:
    for product in catalogue.products:
        for center in centers_of(catalogue.country):
            for disposition in DISPOSITIONS:
                yield Shelf(product, center, disposition)


def _events(catalogue: Catalogue, query: Query, first: date, last: date) -> Iterator[Event]:
    """All events of some days, oldest day first."""
    month = period_of("MONTH", first)[0]
    while month <= last:
        end = period_of("MONTH", month)[1]
        # The last day of a month needs the whole month, which is then put right.
        running: Counter[Shelf] = Counter()
        start = month if last >= end else max(first, month)
        by_day = _moved(catalogue, query, start, min(end, last))
        day = start
        while day <= min(end, last):
            events = by_day[day]
            for event in events:
                running[event.shelf] += event.quantity
            if day == end:
                events += [_put_right(shelf, day, -change) for shelf, change in running.items() if change]
            if day >= first:
                yield from events
            day += timedelta(days=1)
        month = end + timedelta(days=1)


def _put_right(shelf: Shelf, day: date, missing: int) -> Event:
    bits = mix(shelf.product.key + day.toordinal())
    if missing > 0:
        return Event(shelf, day, "Receipts", missing, f"FBA15{code(bits, 7)}")
    return Event(shelf, day, "WhseTransfers", missing, f"{bits % 10**9:09d}")


def _moved(catalogue: Catalogue, query: Query, first: date, last: date) -> dict[date, list[Event]]:
    """What buyers, sellers and warehouses did on some days."""
    by_day: dict[date, list[Event]] = defaultdict(list)
    range_ = Query(query.first_day, {}, moment_of(first), moment_of(last) + timedelta(days=1, seconds=-1), query.as_of)

    def add(event: Event) -> None:
        by_day[event.day].append(event)

    for item, at in shipped(catalogue, range_):
        add(Event(Shelf(item.product, item.fulfillment_center, SELLABLE), at.date(), "Shipments", -item.quantity))
    for item, at in returned(catalogue, range_):
        for unit in range(item.quantity):
            shelf = Shelf(item.product, item.fulfillment_center, item.disposition(unit))
            add(Event(shelf, at.date(), "CustomerReturns", 1, item.order.order_id))
    for removal, line in removals_shipped(catalogue, range_):
        disposition = SELLABLE if line.disposition == "Sellable" else "DEFECTIVE"
        shelf = Shelf(line.product, centers_of(catalogue.country)[0], disposition)
        add(Event(shelf, removal.shipped_at.date(), "VendorReturns", -line.kept, removal.order_id))
    day = first
    while day <= last:
        for event in _in_the_warehouse(catalogue, day):
            add(event)
        day += timedelta(days=1)
    return by_day


def _in_the_warehouse(catalogue: Catalogue, day: date) -> Iterator[Event]:
    """Receipts, transfers, losses and finds of a day."""
    centers = centers_of(catalogue.country)
    for product in catalogue.products:
        bits = mix(catalogue.key ^ product.key ^ day.toordinal() << 8)
        here = Shelf(product, centers[product.key % len(centers)], SELLABLE)
        there = Shelf(product, centers[(product.key + 1) % len(centers)], SELLABLE)
        units = 1 + (bits >> 8 & 7)
        reference = f"{bits % 10**9:09d}"
        chance = bits & 63
        if chance == 0:
            # One shipment is counted in parts.
            yield Event(here, day, "Receipts", 4 * units, f"FBA15{code(bits, 7)}")
            yield Event(here, day, "Receipts", 4 * units, f"FBA15{code(bits, 7)}")
        elif chance == 1:
            yield Event(here, day, "WhseTransfers", -units, reference)
            yield Event(there, day, "WhseTransfers", units, reference)
        elif chance == 2:  # noqa: PLR2004 - one in 64
            damaged = Shelf(product, here.center, "WAREHOUSE_DAMAGED")
            yield Event(here, day, "Adjustments", -1, reference, "E")
            yield Event(damaged, day, "Adjustments", 1, reference, "Q")
        elif chance < 6:  # noqa: PLR2004
            yield Event(here, day, "Adjustments", -1 if chance & 1 else 1, reference, "M" if chance & 1 else "F")
