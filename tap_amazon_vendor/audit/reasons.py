"""Windows by why they were not loaded: what is the same for many of them is said once."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_amazon_vendor.audit.ledger import LedgerEntry
    from tap_amazon_vendor.outcomes import Outcome

#: What differs from one refusal to the next though they say the same: Amazon's request ids, and ids and types of
#: reports, which are numbers.
_IDS = re.compile(r"Amazon request id [^)]*|\d+")


@dataclass
class Reasons:
    """Windows by why they were not loaded: what is the same for many of them is said once."""

    _same: dict[tuple[str, Outcome, str], list[LedgerEntry]] = field(default_factory=dict)

    def note(self, entry: LedgerEntry) -> LedgerEntry:
        """Note a window; return the first one of its account with that outcome and reason, which may be itself."""
        key = entry.subject.account, entry.outcome, _IDS.sub("…", entry.message)
        self._same.setdefault(key, []).append(entry)
        return self._same[key][0]

    def __iter__(self) -> Iterator[list[LedgerEntry]]:
        """Yield the windows that belong together."""
        return iter(self._same.values())

    @classmethod
    def of(cls, entries: Iterable[LedgerEntry]) -> Reasons:
        """Return the reasons of some windows."""
        reasons = cls()
        for entry in entries:
            reasons.note(entry)
        return reasons
