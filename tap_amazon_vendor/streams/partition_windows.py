"""The windows of one partition of a stream: which can be read, and which are complete."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.reports.coverage import Coverage, in_reading_order, pieces
from tap_amazon_vendor.reports.windows import Window, extend, touches

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_amazon_vendor.reports.calendars import Calendar


class Windowed(t.Protocol):
    """A request of any kind."""

    @property
    def window(self) -> Window:
        """The days or hours asked for."""

    @property
    def calendar(self) -> Calendar:
        """How its time is cut."""


Request = t.TypeVar("Request", bound=Windowed)

#: Most holes that are requested one by one. More, and those beside each other are requested together.
MOST_HOLES = 8


class PartitionWindows(t.Generic[Request]):
    """Grows the range of a partition that was read at both ends, without gaps but for windows that failed.

    Those are its holes. A hole never ends the reading of what is beyond it, and the complete range never passes one.
    Where windows do not join into a range, because each run requests them again, each is independent.

    Attributes:
        complete: The unbroken range that is complete, None while there is none.
        left: Requests whose windows are still open, in reading order.
    """

    def __init__(self, known: Coverage, requests: Iterable[Request], *, unbroken: bool = True) -> None:
        """Start with all requests open.

        Args:
            known: What earlier runs read.
            requests: What this run wants.
            unbroken: The windows join into one range.
        """
        self.complete, self._read, self._holes = known
        self._unbroken = unbroken
        self.left = self._in_order(requests)

    def _in_order(self, requests: Iterable[Request]) -> list[Request]:
        if not self._unbroken:
            return list(requests)
        by_window = {request.window: request for request in requests}
        return [by_window[window] for window in in_reading_order(self._read, by_window)]

    @property
    def coverage(self) -> Coverage:
        """What is read now."""
        return Coverage(self.complete, self._read, self._holes)

    def joins(self, window: Window) -> bool:
        """Return whether a window that was read leaves no gap."""
        return not self._unbroken or touches(self._read, window)

    def replace(self, request: Request, parts: Iterable[Request]) -> None:
        """Replace a window by its parts."""
        self.left = self._in_order(each for each in (*self.left, *parts) if each != request)

    def ready(self, finished: Callable[[Request], bool]) -> Request | None:
        """Return a request whose rows may be written now.

        Args:
            finished: Returns whether a request has a result.
        """
        # A new range must begin with the first window in reading order.
        candidates = self.left[:1] if self._unbroken and self._read is None else self.left
        return next((request for request in candidates if self.joins(request.window) and finished(request)), None)

    def decide(self, request: Request, done: Window | None, *, failed: bool = False) -> list[Request]:
        """Note the result of a window.

        Args:
            request: The window's request.
            done: The days that are complete now, None if none. They touch the range.
            failed: They can't be read, by a fault of theirs: they become a hole.

        Returns:
            Requests that can no longer be read, because this one leaves a gap between them and the range.
        """
        self.left.remove(request)
        if not self._unbroken:
            if done is not None:
                self.complete = self._read = done
            return []
        if done is not None:
            self._fill(done)
        elif failed and self._read is not None:
            self._skip(self._read, request)
        if done == request.window or self._read is None:
            return []
        reach = self._read
        for ascending in (True, False):
            for other in sorted(self.left, key=lambda each: each.window, reverse=not ascending):
                if touches(reach, other.window):
                    reach = extend(reach, other.window)
        lost = [other for other in self.left if not touches(reach, other.window)]
        self.left = [other for other in self.left if other not in lost]
        return lost

    def _fill(self, done: Window) -> None:
        """Extend the range by days that are complete."""
        self._read = extend(self._read, done)
        self._holes = tuple(part for hole in self._holes for part in _without(hole, done))
        within = self.complete or done
        self.complete = next(
            piece for piece in pieces(self._read, self._holes) if piece.start <= within.start <= piece.end
        )

    def _skip(self, read: Window, request: Request) -> None:
        """Extend the range by a hole. One that fails again is halved, so that what is good of it will be read."""
        units = request.calendar.cut(request.window)
        if request.window in self._holes and len(units) > 1 and len(self._holes) < MOST_HOLES:
            middle = units[len(units) // 2]
            halves = middle.before(request.window.start), Window(middle.start, request.window.end)
            self._holes = (*(hole for hole in self._holes if hole != request.window), *halves)
            return
        self._holes = (*self._holes, *_without(request.window, read))
        self._read = extend(read, request.window)
        if len(self._holes) > MOST_HOLES:
            self._holes = tuple(_joined(self._holes))


def _without(window: Window, other: Window) -> list[Window]:
    """Return the parts of a window that are not in another one."""
    if other.next <= window.start or window.next <= other.start:
        return [window]
    parts = [other.before(window.start)] if window.start < other.start else []
    return [*parts, Window(other.next, window.end)] if other.next < window.next else parts


def _joined(holes: Iterable[Window]) -> list[Window]:
    """Join holes that are beside each other."""
    joined: list[Window] = []
    for hole in sorted(holes):
        if joined and touches(joined[-1], hole):
            joined[-1] = extend(joined[-1], hole)
        else:
            joined.append(hole)
    return joined
