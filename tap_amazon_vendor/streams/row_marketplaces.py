"""Puts the rows of a report where they belong, as the rows themselves say.

Some reports ignore the marketplace that they are asked for and hold the whole region. Each row is written once then:
from the report of its own marketplace.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass

from tap_amazon_vendor.config.marketplaces import BY_ID, country_of, region_of
from tap_amazon_vendor.documents.json_values import shown
from tap_amazon_vendor.documents.keys import NONE
from tap_amazon_vendor.documents.row_blocks import distinct, records_of, values_of
from tap_amazon_vendor.reports.belonging import is_other_channel
from tap_amazon_vendor.streams.columns import COUNTRY_CODE

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from singer_sdk.helpers.types import Record

    from tap_amazon_vendor.documents.findings import Findings
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.reports.belonging import ToldBy
    from tap_amazon_vendor.reports.report_type import ReportType

    Chunks = Iterable[Rows]

#: Stands for the country of rows that do not tell it.
UNTOLD = "(unknown)"

#: Most unknown names of marketplaces that are told, each with its rows.
MOST_NAMES = 5
MORE = "others"


@dataclass
class RowMarketplaces:
    """Decides for each row of one document whether it is written, and under which marketplace.

    Attributes:
        report: The report type.
        told_by: What in a row tells its marketplace.
        asked: Id of the marketplace that was asked for.
        own: Ids of the marketplaces that the account is configured for.
        asked_for: Ids of those for which the account's reports are requested.
    """

    report: ReportType
    told_by: ToldBy
    asked: str
    own: frozenset[str]
    asked_for: frozenset[str]

    def sort(self, chunks: Chunks, findings: Findings) -> Iterator[Rows]:
        """Yield the rows that belong to this report, each under its own marketplace.

        Args:
            chunks: The document's rows, under the marketplace that was asked for.
            findings: Counts the others, by country.
        """
        told_by = self.told_by
        shared: set[str] = set()
        left_out: set[str] = set()
        untold = Untold(told_by)
        # Texts that say that a row belongs where it was asked for: mostly one, so that whole chunks are passed on.
        here: set[t.Any] = set()
        says = told_by.reader()
        region = BY_ID[self.asked].region
        for rows in chunks:
            all_said = list(map(says, rows)) if told_by.within else None
            if here.issuperset(distinct(rows, told_by.columns) if all_said is None else all_said):
                yield rows
                continue
            kept = []
            for row, said in zip(records_of(rows), all_said or values_of(rows, told_by.columns), strict=True):
                candidates = told_by.told(said, region)
                place = self._place(candidates)
                if place is None:
                    country = country_of(candidates[0]) or UNTOLD if candidates else UNTOLD
                    findings.rows_elsewhere[country] += 1
                    if candidates and self.own.isdisjoint(candidates):
                        left_out.add(country)
                    continue
                if place == self.asked:
                    here.add(said)
                    shared |= self.own & {*candidates} if self.report.ignores_marketplaces else set()
                if not candidates and untold.count(row):
                    here.discard(said)
                else:
                    row["marketplace_id"], row[COUNTRY_CODE] = place, country_of(place)
                kept.append(row)
            yield kept
        if len(shared) > 1:
            findings.remarks.append(
                f"its rows do not say which marketplace they belong to, {_countries(shared)}: all are under "
                f"{country_of(self.asked)}"
            )
        findings.remarks += untold.remarks(country_of(self.asked))
        if left_out:
            countries = ", ".join(sorted(left_out))
            findings.remarks.append(f"rows of {countries} are left out: `marketplaces` does not name it")

    def _place(self, candidates: tuple[str, ...]) -> str | None:
        """Return the marketplace of a row, by those that it may be of; None if another report brings it."""
        if self.report.once_per_account:
            return _one_of(candidates, self.own) or self.asked
        if not self.report.ignores_marketplaces:
            return candidates[0] if len(candidates) == 1 else self.asked
        # Each report of the region holds the row. Of those that may bring it, the first by id does.
        first = min(self.asked_for.intersection(candidates) if candidates else self.asked_for, default=None)
        return self.asked if self.asked == first else None


def own_marketplaces(
    chunks: Chunks, told_by: ToldBy, marketplace_id: str, findings: Findings, own: Collection[str] = ()
) -> Iterator[list[Record]]:
    """Put the rows of a file, which nobody asked for, under the marketplace that each tells.

    Args:
        chunks: The rows, under the marketplace of the file.
        told_by: What in a row tells its marketplace.
        marketplace_id: The marketplace of the file.
        findings: Gets a remark on those that name none that is known.
        own: Ids of the account's marketplaces, where the report holds all of them: of several that a row may be of, it
            is put under one of these.
    """
    untold = Untold(told_by)
    region = region_of(marketplace_id)
    says = told_by.reader()
    for rows in map(records_of, chunks):
        for row in rows:
            candidates = told_by.told(says(row), region)
            if not candidates:
                untold.count(row)
            elif (place := _one_of(candidates, own)) and place != row["marketplace_id"]:
                row["marketplace_id"], row[COUNTRY_CODE] = place, country_of(place)
        yield rows
    findings.remarks += untold.remarks(country_of(marketplace_id))


class Untold:
    """Counts the rows that say of which marketplace they are, in a way that none is known by."""

    def __init__(self, told_by: ToldBy) -> None:
        """Store what in a row tells its marketplace."""
        self._told_by = told_by
        self._currencies: Counter[str] = Counter()
        self._names: Counter[str] = Counter()

    def count(self, row: Record) -> bool:
        """Count a row of no marketplace that is known; return whether it says something of it."""
        name, currency = (
            (row.get(column) or "").strip() if column else "" for column in (self._told_by.name, self._told_by.currency)
        )
        if currency:
            self._currencies[currency] += 1
        elif name and name != NONE and not is_other_channel(name):
            self._names[name if name in self._names or len(self._names) < MOST_NAMES else MORE] += 1
        else:
            return False
        return True

    def remarks(self, country: str | None) -> list[str]:
        """Return what to say of them.

        Args:
            country: Country of the marketplace that they are written under.
        """
        said = [
            *((n, f"have amounts in {shown(text)}, a currency") for text, n in sorted(self._currencies.items())),
            *((n, f"are of {shown(text)}, the name") for text, n in sorted(self._names.items())),
        ]
        return [f"{n} rows {what} of no marketplace of the region: they are under {country}" for n, what in said]


def _one_of(candidates: Sequence[str], own: Collection[str]) -> str | None:
    """Return the only candidate, or the first by id of those that the account has; None if there is none."""
    return candidates[0] if len(candidates) == 1 else min({*candidates} & {*own}, default=None)


def _countries(ids: Iterable[str]) -> str:
    return ", ".join(sorted(filter(None, map(country_of, ids))))
