"""The Singer state of a partition.

The SDK advances a bookmark record by record. Here it advances when a window is complete, and the complete range also
grows backwards: `complete_from` and `replication_key_value` are the first and the last complete day or hour.
Windows that failed are `holes`; what is beyond them is read too, from the first to the last day or hour of `read`.
Windows that were to be read again and were not are `due`. Elements of a paged API whose parts Amazon did not find are
`unfound`.
"""

from __future__ import annotations

import json
import typing as t
from datetime import date, timedelta

from tap_amazon_vendor.engine.checkpoint import LISTED_DAYS
from tap_amazon_vendor.reports.coverage import Coverage, pieces
from tap_amazon_vendor.reports.pending import texts
from tap_amazon_vendor.reports.windows import Window, from_text, to_text

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What reading a state that somebody changed may raise.
_INVALID = (KeyError, TypeError, ValueError, AttributeError, OverflowError)

#: Days after which a partition that the account lacked is retried.
SKIPPED_DAYS = 7


def partition_key(context: Mapping[str, t.Any]) -> str:
    """Return the key by which partitions are looked up: equal for equal contexts, also in an edited state."""
    return json.dumps(dict(context), sort_keys=True)


class PartitionState:
    """The state of one partition of a stream; changes go straight into the bookmark."""

    def __init__(self, state: dict[str, t.Any]) -> None:
        """Wrap the partition's part of the Singer state."""
        self._state = state

    @property
    def complete(self) -> Window | None:
        """The unbroken range that earlier windows completed, None if there is none or it is invalid."""
        try:
            window = Window(from_text(self._state["complete_from"]), from_text(self._state["replication_key_value"]))
            # Nothing follows the last day of the calendar, nor comes before the first.
            is_valid = window.before(window.start).end <= window.end <= window.next and window.start <= window.end
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        return window if is_valid else None

    @property
    def coverage(self) -> Coverage:
        """What earlier windows read; without holes or due windows if those in the state are invalid."""
        complete = self.complete
        known = Coverage.of(complete)
        try:
            read = _window(self._state["read"])
            holes = tuple(map(_window, self._state["holes"]))
            if complete in pieces(read, holes) and _within(read, holes):
                known = Coverage(complete, read, holes)
        except _INVALID:
            pass
        try:
            due = tuple(map(_window, self._state["due"]))
            return known._replace(due=due) if known.read and _within(known.read, due) else known
        except _INVALID:
            return known

    def set_coverage(self, coverage: Coverage, replication_key: str | None) -> None:
        """Move the bookmark, and note what is beyond holes and what is to be read again."""
        complete, read, holes, due = coverage
        if complete is None or read is None:
            return
        self.set_complete(complete, replication_key)
        # Below what was read there is nothing to keep holes apart from: they are read as the rest of the backfill.
        lowest = pieces(read, holes)[0].start
        holes = tuple(hole for hole in holes if hole.start > lowest)
        self._keep("read", f"{Window(lowest, read.end)}" if holes else None)
        self._keep("holes", [f"{hole}" for hole in sorted(holes)])
        self._keep("due", [f"{window}" for window in sorted(due)])

    def _keep(self, name: str, value: object) -> None:
        """Note a value; forget it if there is none."""
        if value:
            self._state[name] = value
        else:
            self._state.pop(name, None)

    def set_complete(self, window: Window, replication_key: str | None) -> None:
        """Move the bookmark."""
        self._state["complete_from"] = to_text(window.start)
        self._state["replication_key"] = replication_key
        self._state["replication_key_value"] = to_text(window.end)

    def skipped_until(self, today: date) -> date | None:
        """Return when a partition that the account was found to lack is retried; None if it may be read now."""
        try:
            since = date.fromisoformat(self._state["skipped_on"])
            until = since + timedelta(days=SKIPPED_DAYS)
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        return until if since <= today < until else None

    def skip(self, today: date) -> None:
        """Remember that the account lacks the partition."""
        self._state["skipped_on"] = today.isoformat()

    def unskip(self) -> None:
        """Forget that the account lacked the partition."""
        self._state.pop("skipped_on", None)

    @property
    def quiet(self) -> bool:
        """Whether the newest complete window had no rows."""
        return self._state.get("quiet") is True

    @property
    def unfound(self) -> tuple[str, ...]:
        """Identifiers of listed elements whose parts Amazon did not find in the last run."""
        found = self._state.get("unfound")
        return tuple(each for each in found if isinstance(each, str)) if isinstance(found, list) else ()

    def set_unfound(self, identifiers: Iterable[str]) -> None:
        """Note the identifiers of elements whose parts Amazon does not find."""
        self._keep("unfound", [*identifiers])

    def note_rows(self, *, some: bool) -> None:
        """Remember whether the newest complete window had rows."""
        if some:
            self._state.pop("quiet", None)
        else:
            self._state["quiet"] = True

    @property
    def reports_read(self) -> dict[str, str]:
        """Ids of Amazon-generated reports that were read, and the days on which they were read."""
        return texts(self._state.get("reports_read"))

    def note_read(self, report_id: str, today: date) -> None:
        """Remember an Amazon-generated report, for as long as Amazon lists it."""
        oldest = (today - timedelta(days=LISTED_DAYS)).isoformat()
        kept = {known: day for known, day in self.reports_read.items() if day >= oldest}
        self._state["reports_read"] = {**kept, report_id: today.isoformat()}


def _window(text: str) -> Window:
    """Read a window as it is written.

    Raises:
        ValueError: It is none.
    """
    start, end = text.split("/")
    return Window(from_text(start), from_text(end))


def _within(read: Window, windows: Iterable[Window]) -> bool:
    """Return whether some windows are valid, and in a range."""
    return all(read.start <= each.start <= each.end <= read.end for each in windows)
