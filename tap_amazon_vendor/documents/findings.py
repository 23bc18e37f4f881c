"""What reading a document found besides its rows: lines that can't be rows, cells that can't be read, doubts.

Readers count into `Findings`; whoever reads a window decides what follows, and the ledger states the counts.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass, field

from tap_amazon_vendor.documents.encodings import REPLACEMENT

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

#: More rejected lines than these, and a greater share than this, are no dirty lines but a wrong layout.
MOST_REJECTS, MOST_SHARE = 10, 0.05

#: Characters of a rejected line that are kept.
LONGEST_LINE = 1 << 16


@dataclass(frozen=True)
class Reject:
    """A line that can't be a row.

    Attributes:
        number: Of a flat file the number of the line where it begins (the header's is 1); of a JSON array the number
            of the element, from 1.
        text: The line as Amazon wrote it, decoded; of an element its JSON.
        reason: Why it can't be a row, without quoting a value.
        column: The column at fault, None if it is the whole line.
    """

    number: int
    text: str
    reason: str
    column: str | None = None


@dataclass
class Findings:
    """What was found in one document, as far as it is read.

    Attributes:
        on_reject: Receives each rejected line.
        rows: Rows for the stream. Counted by the stream, all else by the readers.
        rejected: Lines that can't be rows.
        unfound: Rejected elements of which Amazon does not find the rows: they say nothing about the layout.
        first_reject: The first rejected line.
        unreadable_cells: Cells that are not of their column's type, by column: null there, their text in `_extra`.
        repeated_keys: Rows whose key an earlier row of the document has.
        rows_elsewhere: Rows of other marketplaces, by country code: the reports of those bring them.
        total_difference: What a document's own total differs by from the sum of its lines; None if it has none.
        repairs: Faults of its JSON that were repaired.
        remarks: What else the user should know, one sentence each.
    """

    on_reject: Callable[[Reject], None] = field(default=lambda _: None)
    rows: int = 0
    rejected: int = 0
    unfound: int = 0
    first_reject: Reject | None = None
    unreadable_cells: Counter[str] = field(default_factory=Counter)
    repeated_keys: int = 0
    rows_elsewhere: Counter[str] = field(default_factory=Counter)
    total_difference: Decimal | None = None
    repairs: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)

    def reject(self, number: int, text: str, reason: str, column: str | None = None) -> None:
        """Count a line that can't be a row, and hand it on."""
        # PostgreSQL refuses NUL.
        reject = Reject(number, text[:LONGEST_LINE].replace("\0", REPLACEMENT), reason, column)
        self.rejected += 1
        # Of the lines that are processed at once, those that are too short are rejected before those without a key.
        if self.first_reject is None or number < self.first_reject.number:
            self.first_reject = reject
        self.on_reject(reject)

    @property
    def is_empty(self) -> bool:
        """Whether the document has no line at all, not even one that is no row of this stream."""
        return not (self.rows or self.rejected or self.rows_elsewhere)

    def is_wrong_layout(self, *, layout_known: bool = False) -> bool:
        """Return whether so many lines are rejected that the document probably has another layout.

        It also has one if all its lines are rejected.

        Args:
            layout_known: Something other than the rows shows the layout, such as a header. Then a document with a
                single line, which is rejected, has no other layout: the line may just be dirty.
        """
        good, bad = self.rows + self.rows_elsewhere.total(), self.rejected - self.unfound
        share = bad > MOST_REJECTS and bad > (good + bad) * MOST_SHARE
        return share or (not good and bad > (1 if layout_known else 0))
