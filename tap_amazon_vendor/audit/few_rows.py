"""Finds windows with far fewer rows than others of the same run.

A flat file, or JSON Lines, that Amazon cuts at the end of a line is whole in itself: only the other windows tell.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict

from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_amazon_vendor.audit.ledger import LedgerEntry

#: Windows of which it takes so many to show what is usual.
ENOUGH = 6

#: Rows below which half as many are chance.
USUAL_ROWS = 20


def few_rows(entries: Iterable[LedgerEntry]) -> Iterator[tuple[LedgerEntry, str]]:
    """Find windows with less than half of the rows that three quarters of the windows like them have.

    Those are of the same stream, report and length, so that weekends are usual where there are two in a week.

    Args:
        entries: Those of a run.

    Yields:
        The entry of such a window, and what to say about it.
    """
    alike: dict[t.Any, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        if entry.outcome is Outcome.LOADED:
            window = entry.window
            alike[entry.stream, entry.subject, window.end - window.start].append(entry)
    for same in alike.values():
        usual = sorted(entry.rows for entry in same)[len(same) // 4]
        if len(same) < ENOUGH or usual < USUAL_ROWS:
            continue
        for entry in same:
            if 2 * entry.rows < usual:
                yield entry, f"most windows of this run have {usual} rows or more, so the document may be cut"
