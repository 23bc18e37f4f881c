"""What the ledger of a run and the state after it say of each account and asset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

#: Outcomes that show that Amazon serves the account.
GOOD = {"loaded", "empty", "later"}

#: Reasons that a check quotes.
MOST_REASONS = 5

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """How the windows of one account and one asset ended.

    Attributes:
        rows: Rows of the ledger, of this run.
        holes: Windows that earlier runs failed to read, and that are not complete yet, as `stream: window`.
        stale: Windows with days that should have been read by now.
    """

    rows: tuple[Row, ...]
    holes: tuple[str, ...]
    stale: tuple[str, ...]

    @classmethod
    def of(
        cls, ledger: Iterable[Row], state: Mapping[str, Any], label: str, streams: Collection[str], due: date
    ) -> Verdict:
        """Judge one account and asset.

        Args:
            ledger: The ledger of a run.
            state: The account's state after it.
            label: The account.
            streams: The streams of the asset.
            due: All days before that one should have been read.
        """
        rows = tuple(row for row in ledger if row["account"] == label and row["stream_name"] in streams)
        holes = tuple(
            f"{stream}: {hole}"
            for stream in streams
            for partition in state.get("bookmarks", {}).get(stream, {}).get("partitions", ())
            if partition["context"].get("account") == label
            for hole in partition.get("holes", ())
        )
        late = (
            row for row in rows if row["outcome"] in {"later", "failed"} and row["window_start"][:10] < due.isoformat()
        )
        return cls(rows, holes, tuple(map(window, late)))

    @property
    def failed(self) -> list[Row]:
        """The windows that failed."""
        return [row for row in self.rows if row["outcome"] == "failed"]

    @property
    def written(self) -> bool:
        """Whether the asset is as new as Amazon lets it be, in parts at least."""
        return not self.rows or any(row["outcome"] in GOOD for row in self.rows)

    @property
    def reasons(self) -> str:
        """Why windows failed, the most frequent reason first."""
        found = Counter(row["reason"] or "no reason" for row in self.failed)
        return "\n".join(f"{reason} ({number} windows)" for reason, number in found.most_common(MOST_REASONS))

    @property
    def metadata(self) -> dict[str, Any]:
        """Figures to show beside a materialisation."""
        outcomes = Counter(row["outcome"] for row in self.rows)
        loaded = [row["window_end"][:10] for row in self.rows if row["outcome"] == "loaded"]
        return {
            "dagster/row_count": self._sum("rows"),
            "reports asked for": self._of_reports(lambda row: row["attempts"] or 0),
            "minutes waited for Amazon": round(self._of_reports(_minutes), 1),
            "rejected lines": self._sum("rejected"),
            "unreadable cells": self._sum("unreadable_cells"),
            **{f"windows {outcome}": number for outcome, number in sorted(outcomes.items())},
            **({"newest day": max(loaded)} if loaded else {}),
        }

    def _sum(self, column: str) -> int:
        return sum(row[column] or 0 for row in self.rows)

    def _of_reports(self, figure: Callable[[Row], float]) -> float:
        """Add a figure of reports up: several streams have a row of one report each."""
        each = {row["report_id"]: figure(row) for row in self.rows if row["report_id"]}
        return sum(each.values())


def unread(ledger: Iterable[Row], label: str) -> bool:
    """Return whether an account could not be read at all, though something was asked of it."""
    outcomes = {row["outcome"] for row in ledger if row["account"] == label}
    return bool(outcomes) and not outcomes & GOOD


def window(row: Row) -> str:
    """Name a window."""
    return f"{row['stream_name']}: {row['window_start'][:10]} to {row['window_end'][:10]}"


def due(today: date, fresh_days: int) -> date:
    """Return the first day that may be missing."""
    return today - timedelta(days=fresh_days)


def listed(windows: Sequence[str]) -> str:
    """Join windows into a text that can be shown."""
    more = f"\nand {len(windows) - MOST_REASONS} more" if len(windows) > MOST_REASONS else ""
    return "\n".join(windows[:MOST_REASONS]) + more


def _minutes(row: Row) -> float:
    if not row["asked_at"] or not row["processed_at"]:
        return 0.0
    asked, processed = (
        datetime.fromisoformat(row[name].replace("Z", "+00:00")) for name in ("asked_at", "processed_at")
    )
    return max(0.0, (processed - asked).total_seconds() / 60)
