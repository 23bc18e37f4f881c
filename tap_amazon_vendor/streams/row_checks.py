"""What is checked about the rows of a report as they pass: their days, and their keys.

Each check sees every chunk once and keeps little: a report may have ten million rows.
"""

from __future__ import annotations

import typing as t
from array import array
from collections import Counter, deque
from datetime import timedelta
from itertools import chain

from tap_amazon_vendor.documents.flat_files import OCCURRENCE
from tap_amazon_vendor.documents.keys import NONE
from tap_amazon_vendor.documents.row_blocks import distinct, values_of
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.reports.calendars import Hours, Period
from tap_amazon_vendor.reports.windows import to_text

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_amazon_vendor.documents.findings import Findings
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.reports.calendars import Calendar
    from tap_amazon_vendor.reports.windows import Window
    from tap_amazon_vendor.streams.totals import TotalCheck

#: Keys that are collected in a set, which takes 8 MB, before they are compared with earlier ones.
COLLECTED_KEYS = 1 << 17

#: Earlier collections of keys that are remembered. Each takes 1 MB.
_REMEMBERED = 2

#: Days of other time zones, and of events that Amazon books a little later.
ZONE_DAYS = timedelta(days=2)


class RepeatedKeys:
    """Counts rows whose key an earlier row of the document has, among the last quarter of a million at least.

    Keys are collected, and compared with earlier collections when there are many, and once more after the last row.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        """Store the columns of the key."""
        self._columns = columns
        self._new: set[int] = set()
        self._old: deque[array[int]] = deque(maxlen=_REMEMBERED)

    def count(self, rows: Rows) -> int:
        """Return how many repeated keys were found that no earlier call returned."""
        # 64 bits of a hash: two of ten million keys collide by chance once in half a million documents.
        before = len(self._new)
        self._new.update(map(hash, values_of(rows, self._columns)))
        repeated = len(rows) - (len(self._new) - before)
        return repeated + (self.compare() if len(self._new) >= COLLECTED_KEYS else 0)

    def compare(self) -> int:
        """Return how many of the collected keys are in earlier collections, and begin a new one."""
        repeated = len(self._new.intersection(chain.from_iterable(self._old)))
        self._old.append(array("q", self._new))
        self._new = set()
        return repeated


class RepeatedIds:
    """Counts numbered rows that have the id of an earlier row: they are kept apart, but should be one."""

    def __init__(self, column: str) -> None:
        """Store the column of the id."""
        self._column = column

    def count(self, rows: Rows) -> int:
        """Return how many of the rows have an id that was there before."""
        return sum(number > 1 and own != NONE for number, own in values_of(rows, (OCCURRENCE, self._column)))


class ForeignCurrencies:
    """Counts the rows whose amounts are in another currency than the marketplace's."""

    def __init__(self, columns: Sequence[str], own: str) -> None:
        """Store the columns with currencies, and the marketplace's currency."""
        self._columns = columns
        self._own = own
        self._known: set[t.Any] = set()
        self._found: Counter[str] = Counter()

    def check(self, rows: Rows) -> None:
        """Count among some rows."""
        # Mostly all rows say the same.
        if self._known.issuperset(distinct(rows, self._columns)):
            return
        for texts in values_of(rows, self._columns):
            foreign = {*(texts if isinstance(texts, tuple) else (texts,))} - {None, "", self._own}
            self._found.update(foreign)
            if not foreign:
                self._known.add(texts)

    def remark(self, findings: Findings) -> None:
        """Say how many there were."""
        findings.remarks += [
            f"{count} rows have amounts in {currency}; the currency of the marketplace is {self._own}"
            for currency, count in sorted(self._found.items())
        ]


class AskedPeriods:
    """Checks that the rows of a report are of the periods that were asked for.

    They state their periods exactly, so one row of another period means that the document is not the answer.
    """

    def __init__(self, calendar: Calendar, window: Window, columns: Sequence[str]) -> None:
        """Cut the window into its periods.

        Args:
            calendar: How the report's time is cut.
            window: What was asked for.
            columns: Start and end of a row's period, or its start alone.
        """
        self._window = window
        self._columns = tuple(columns)
        units = calendar.cut(window)
        self._known: set[t.Any] = (
            {(unit.start.isoformat(), unit.end.isoformat()) for unit in units}
            if len(columns) > 1
            else {unit.start.isoformat() for unit in units}
        )
        self._hours = isinstance(calendar, Hours)

    def check(self, rows: Rows) -> None:
        """Check some rows.

        Raises:
            DocumentError: One is of another period.
        """
        for period in distinct(rows, self._columns) - self._known:
            if not (self._hours and self._is_hour_within(period)):
                said = " to ".join(period) if isinstance(period, tuple) else period
                text = f"a row is of {said}, which is not a period of the requested {self._window}"
                raise DocumentError(text)
            self._known.add(period)

    def _is_hour_within(self, period: tuple[str, str]) -> bool:
        # To the second: Amazon may add a fraction.
        start, end, first, last = (
            text[:19] for text in (*period, *map(to_text, (self._window.start, self._window.end)))
        )
        return first <= start < end <= last


class NearWindow:
    """Counts the rows whose day is not near the window that was asked for."""

    def __init__(self, window: Window, column: str, *, figures: bool = False) -> None:
        """Prepare.

        Args:
            window: What was asked for.
            column: The column with the day.
            figures: The rows are a period's figures, not events with ids of their own: those of another period are not
                the answer, and would replace the right ones.
        """
        self._figures = figures
        self._first = (window.start - ZONE_DAYS).isoformat()[:10]
        self._after = (window.last_day + ZONE_DAYS + timedelta(days=1)).isoformat()[:10]
        self._window = window
        self._column = column
        self._outside = 0

    def check(self, rows: Rows) -> None:
        """Count among some rows.

        Raises:
            DocumentError: One that is a period's figures is of another period.
        """
        days = list(filter(None, values_of(rows, (self._column,))))
        # Mostly all are near.
        if days and not (self._first <= min(days) and max(days) < self._after):
            self._outside += sum(not self._first <= day < self._after for day in days)
            if self._outside and self._figures:
                raise DocumentError(self._text)

    @property
    def _text(self) -> str:
        return f"{self._outside} rows have a {self._column} outside the requested {self._window}"

    def remark(self, findings: Findings) -> None:
        """Say how many there were."""
        if self._outside:
            findings.remarks.append(self._text)


def period_check(calendar: Calendar, window: Window, columns: Iterable[str]) -> AskedPeriods | None:
    """Return the check of the periods of JSON rows, None if they state none.

    Args:
        calendar: How the report's time is cut.
        window: What was asked for.
        columns: Columns that the rows themselves fill.
    """
    names = set(columns)
    if isinstance(calendar, Hours) and {"start_time", "end_time"} <= names:
        return AskedPeriods(calendar, window, ("start_time", "end_time"))
    if isinstance(calendar, Period) and {"start_date", "end_date"} <= names:
        return AskedPeriods(calendar, window, ("start_date", "end_date"))
    if isinstance(calendar, Period) and "date" in names:
        return AskedPeriods(calendar, window, ("date",))
    return None


def counted(  # noqa: PLR0913  # each is one fact
    chunks: Iterable[Rows],
    findings: Findings,
    *,
    repeated: RepeatedKeys | RepeatedIds | None,
    days: AskedPeriods | NearWindow | None,
    currencies: ForeignCurrencies | None = None,
    total: TotalCheck | None = None,
    layout_known: bool = False,
) -> Iterator[Rows]:
    """Pass chunks of rows through the checks, and count them.

    Args:
        chunks: The rows.
        findings: Counts rows, repeated keys and remarks.
        repeated: The check of keys; None where keys can't repeat.
        days: The check of days; None where there is nothing to compare with.
        currencies: The check of currencies; None where rows have none, or belong where these tell.
        total: The check of what the document states as its total; None where it states none.
        layout_known: Something other than the rows shows the layout, as the header of a flat file does.

    Raises:
        DocumentError: The document is not the answer to what was asked, or its layout is another one.
    """
    for rows in chunks:
        if days:
            days.check(rows)
        if currencies:
            currencies.check(rows)
        if repeated:
            findings.repeated_keys += repeated.count(rows)
        if total:
            total.add(rows)
        findings.rows += len(rows)
        yield rows
    _note_results(findings, repeated, days, currencies, total)
    if findings.is_wrong_layout(layout_known=layout_known) and (first := findings.first_reject):
        text = (
            f"{findings.rejected} of {findings.rows + findings.rejected} lines can't become rows, so the file has "
            f"another layout. The first is number {first.number}: {first.reason}"
        )
        raise DocumentError(text)


def _note_results(
    findings: Findings,
    repeated: RepeatedKeys | RepeatedIds | None,
    days: AskedPeriods | NearWindow | None,
    currencies: ForeignCurrencies | None,
    total: TotalCheck | None,
) -> None:
    """Note what the checks know after the last row."""
    if isinstance(repeated, RepeatedKeys):
        findings.repeated_keys += repeated.compare()
    if isinstance(days, NearWindow):
        days.remark(findings)
    if currencies:
        currencies.remark(findings)
    if total:
        total.finish(findings)
