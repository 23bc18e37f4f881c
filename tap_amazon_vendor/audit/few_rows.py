"""Finds windows with far fewer rows than others of the same run.

A flat file or JSON Lines that Amazon cuts off after a whole line looks complete: only other windows show the cut.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict

from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_amazon_vendor.audit.ledger import LedgerEntry

#: Fewest windows alike that show how many rows are usual.
FEWEST_WINDOWS = 6

#: With fewer rows than these as usual, half as many may be chance.
FEWEST_ROWS = 20


def windows_with_few_rows(entries: Iterable[LedgerEntry]) -> Iterator[tuple[LedgerEntry, str]]:
    """Find windows with less than half of the usual rows: of those that three quarters of the windows alike have.

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
        usual = sorted(entry.rows for entry in same)[len(same) // 4]
        if len(same) < FEWEST_WINDOWS or usual < FEWEST_ROWS:
            continue
        for entry in same:
            if 2 * entry.rows < usual:
                yield entry, f"most windows of this run have {usual} rows or more, so the document may be incomplete"
