"""Finds windows with far fewer rows than those near them of the same run.

A flat file or JSON Lines that Amazon cuts off after a whole line looks complete: only other windows show the cut.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict

from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.windows import to_text

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_amazon_vendor.audit.ledger import LedgerEntry

#: Fewest windows alike that show how many rows are usual.
FEWEST_WINDOWS = 6

#: Nearest windows that one is compared with: two weeks and a day. An account that grows, has seasons or gives up
#: products has other figures at other times.
NEAREST = 15

#: With fewer rows than these as usual, half as many may be chance.
FEWEST_ROWS = 20


def windows_with_few_rows(entries: Iterable[LedgerEntry]) -> Iterator[tuple[LedgerEntry, str]]:
    """Find windows with less than half of the usual rows: of those that three quarters of the nearest windows have.

    Windows alike are of the same stream, report options and length. By three quarters, the low figures of two days in
    each week, such as weekends, are usual.

    Args:
        entries: The ledger entries of a run.

    Yields:
        The entry of such a window, and a remark about it.
    """
    alike: dict[t.Any, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        if entry.outcome is Outcome.LOADED:
            window = entry.window
            alike[entry.stream, entry.subject, window.end - window.start].append(entry)
    for same in alike.values():
        same.sort(key=lambda entry: to_text(entry.window.start))
        for place, entry in enumerate(same):
            first = max(0, min(place - NEAREST // 2, len(same) - NEAREST))
            near = sorted(other.rows for other in same[first : first + NEAREST])
            usual = near[len(near) // 4]
            if len(near) >= FEWEST_WINDOWS and usual >= FEWEST_ROWS and 2 * entry.rows < usual:
                yield entry, f"most windows near this one have {usual} rows or more, so the document may be incomplete"
