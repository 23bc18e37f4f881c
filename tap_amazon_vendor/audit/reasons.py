"""Windows grouped by why they were not loaded, so that a shared reason is reported once."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_amazon_vendor.audit.ledger import LedgerEntry
    from tap_amazon_vendor.outcomes import Outcome

#: What varies between refusals with the same message: Amazon's request ids, and ids and types of reports, which are
#: numbers.
_IDS = re.compile(r"Amazon request id [^)]*|\d+")


@dataclass
class Reasons:
    """Windows grouped by why they were not loaded, so that a shared reason is reported once."""

    _same: dict[tuple[str, Outcome, str], list[LedgerEntry]] = field(default_factory=dict)

    def note(self, entry: LedgerEntry) -> LedgerEntry:
        """Add a window; return its account's first one with that outcome and reason, which may be itself."""
        key = entry.subject.account, entry.outcome, _IDS.sub("…", entry.message)
        self._same.setdefault(key, []).append(entry)
        return self._same[key][0]

    def __iter__(self) -> Iterator[list[LedgerEntry]]:
        """Yield the windows of each group."""
        return iter(self._same.values())

    @classmethod
    def of(cls, entries: Iterable[LedgerEntry]) -> Reasons:
        """Return the reasons of some windows."""
        reasons = cls()
        for entry in entries:
            reasons.note(entry)
        return reasons
