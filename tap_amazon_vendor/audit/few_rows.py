"""Finds windows with far fewer rows than those near them of the same run.

A flat file, or JSON Lines, that Amazon cuts at the end of a line is whole in itself: only the other windows tell.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict

from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.windows import to_text

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_amazon_vendor.audit.ledger import LedgerEntry

#: Windows of which it takes so many to show what is usual.
ENOUGH = 6

#: Windows, the nearest, that one is compared with: two weeks and a day. An account that grows, has seasons or gives up
#: products has other figures at other times.
NEAREST = 15

#: Rows below which half as many are chance.
USUAL_ROWS = 20


def few_rows(entries: Iterable[LedgerEntry]) -> Iterator[tuple[LedgerEntry, str]]:
    """Find windows with less than half of the rows that three quarters of the windows like them and near them have.

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
        same.sort(key=lambda entry: to_text(entry.window.start))
        for place, entry in enumerate(same):
            first = max(0, min(place - NEAREST // 2, len(same) - NEAREST))
            near = sorted(other.rows for other in same[first : first + NEAREST])
            usual = near[len(near) // 4]
            if len(near) >= ENOUGH and usual >= USUAL_ROWS and 2 * entry.rows < usual:
                yield entry, f"most windows near it have {usual} rows or more, so the document may be cut"
