"""Checks what a document states as its total against the sum of its lines."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from decimal import Decimal

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_amazon_vendor.documents.findings import Findings

#: Most settlements of one document that a remark is written for.
_TOLD = 5

ZERO = Decimal(0)


@dataclass(frozen=True)
class SettlementTotal:
    """Where the lines of a settlement have its total, and what adds up to it.

    Attributes:
        amounts: Columns of amounts: all of them, of all lines of a settlement, add up to its total.
        total: Column with the total. Amazon fills it in the settlement's first line only.
        settlement: Column that tells settlements apart: one file may hold several.
    """

    amounts: tuple[str, ...]
    total: str = "total_amount"
    settlement: str = "settlement_id"

    def check(self) -> TotalCheck:
        """Return the check of one document."""
        return TotalCheck(self)


@dataclass
class _Sums:
    """What is known of one settlement so far: its stated total, and the sum of its lines."""

    stated: Decimal | None = None
    summed: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        return self.summed if self.stated is None else self.stated - self.summed


@dataclass
class TotalCheck:
    """Adds up the settlements of one document as its rows pass, in memory for one pair of numbers each."""

    what: SettlementTotal
    _sums: dict[str, _Sums] = field(default_factory=dict)

    def add(self, rows: Iterable[Mapping[str, t.Any]]) -> None:
        """Add up rows.

        Args:
            rows: A chunk of the document's rows, by our column names. Amounts are exact numbers or null.
        """
        what = self.what
        for row in rows:
            settlement = row[what.settlement]
            sums = self._sums.get(settlement)
            if sums is None:
                sums = self._sums[settlement] = _Sums()
            if sums.stated is None and (stated := row.get(what.total)) is not None:
                sums.stated = Decimal(stated)
            for column in what.amounts:
                if amount := row.get(column):
                    sums.summed += amount

    def differences(self) -> dict[str, Decimal]:
        """Return by settlement what its stated total exceeds the sum of its lines by, where they differ."""
        return {settlement: sums.difference for settlement, sums in self._sums.items() if sums.difference}

    def finish(self, findings: Findings) -> None:
        """Note the result, after the last row.

        Args:
            findings: Gets the greatest difference, zero if all totals are right, and a remark on each that is not.
        """
        if not self._sums:
            return
        wrong = sorted(self.differences().items(), key=lambda each: -abs(each[1]))
        findings.total_difference = wrong[0][1] if wrong else ZERO
        for settlement, difference in wrong[:_TOLD]:
            sums = self._sums[settlement]
            stated = "it states no total" if sums.stated is None else f"its total is {sums.stated}"
            findings.remarks.append(
                f"settlement {settlement}: its lines add up to {sums.summed}, {stated} (difference {difference})"
            )
        if len(wrong) > _TOLD:
            findings.remarks.append(f"{len(wrong) - _TOLD} more settlements differ from their totals")
