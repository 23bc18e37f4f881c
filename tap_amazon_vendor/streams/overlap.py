"""Whether the figures of RETAIL contain those of the other selling programs (REPORTS.md section 0.4).

Amazon has neither confirmed nor denied it, so nothing is dropped or corrected: the user is warned where the
rows show it. They show it when, product by product and day by day, RETAIL never sells less than the other
programs together.
"""

from __future__ import annotations

import typing as t
import zlib
from collections import defaultdict

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Most products and days that are looked at: memory stays small.
MOST = 20_000

#: Fewer products and days than this show nothing.
ENOUGH = 20


class ProgramOverlap:
    """Shipped units by program, of a sample of the rows of `vendor_sales`."""

    def __init__(self) -> None:
        """Start without rows."""
        self._units: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
        #: One product in so many is looked at. Doubles whenever there are too many.
        self._one_in = 1

    def see(self, rows: Iterable[Mapping[str, t.Any]]) -> None:
        """Take rows into account."""
        for row in rows:
            self._see(row)

    def _see(self, row: Mapping[str, t.Any]) -> None:
        units = row["shipped_units"]
        if units is None or zlib.crc32(row["asin"].encode()) % self._one_in:
            return
        # The ASIN comes last, see below.
        key = (row["account"], row["marketplace_id"], row["distributor_view"], row["end_date"], row["asin"])
        self._units[key][row["selling_program"]] = units
        while len(self._units) > MOST:
            self._one_in *= 2
            for product in [key for key in self._units if zlib.crc32(key[-1].encode()) % self._one_in]:
                del self._units[product]

    def warning(self) -> str | None:
        """Say what the rows show, None for nothing."""
        compared = [
            (programs["RETAIL"], sum(units for name, units in programs.items() if name != "RETAIL"))
            for programs in self._units.values()
            if "RETAIL" in programs
        ]
        compared = [(retail, others) for retail, others in compared if others > 0]
        if len(compared) < ENOUGH or any(retail < others for retail, others in compared):
            return None
        return (
            f"RETAIL seems to contain the other selling programs: in all {len(compared)} products and days looked "
            "at it is not less than they are together. Do not add programs up"
        )
