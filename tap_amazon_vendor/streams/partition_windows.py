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
    A window that is read again is due until it is read: where it is not, a later run asks for it.
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
        self.complete, self._read, self._holes, self._overdue = known
        self._unbroken = unbroken
        self.left = self._in_order(requests)
        self._due = self._read_again(request.window for request in self.left)

    def _in_order(self, requests: Iterable[Request]) -> list[Request]:
        if not self._unbroken:
            return list(requests)
        by_window = {request.window: request for request in requests}
        return [by_window[window] for window in in_reading_order(self._read, by_window)]

    @property
    def coverage(self) -> Coverage:
        """What is read now."""
        return Coverage(self.complete, self._read, self._holes, tuple(_few(self._due)))

    def joins(self, window: Window) -> bool:
        """Return whether a window that was read leaves no gap."""
        return not self._unbroken or touches(self._read, window)

    def replace(self, request: Request, parts: Iterable[Request]) -> None:
        """Replace a window by its parts."""
        parts = list(parts)
        self.left = self._in_order(each for each in (*self.left, *parts) if each != request)
        self._due = [each for each in self._due if each != request.window]
        self._due += self._read_again(part.window for part in parts)

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
        self._due = [part for window in self._due for part in _without(window, done)]
        within = self.complete or done
        self.complete = next(
            piece for piece in pieces(self._read, self._holes) if piece.start <= within.start <= piece.end
        )

    def _skip(self, read: Window, request: Request) -> None:
        """Extend the range by a hole. One that fails again is halved, so that what is good of it will be read."""
        window = request.window
        if window in self._holes:
            self._holes = tuple(_halved(self._holes, request))
        elif window in self._overdue:
            self._due = _halved(self._due, request)
        elif new := _without(window, read):
            # What was read of it before is as old as it was.
            self._due += [old for each in _overlap(window, read) for old in pieces(each, self._holes)]
            self._holes = tuple(_few((*self._holes, *new)))
            self._read = extend(read, window)

    def _read_again(self, windows: Iterable[Window]) -> list[Window]:
        """Return those windows that were read before."""
        read = self._read if self._unbroken else None
        return [
            each
            for each in windows
            if read and read.start <= each.start and each.end <= read.end and each not in self._holes
        ]


def _halved(windows: Iterable[Window], request: Windowed) -> list[Window]:
    """Replace the window of a request, one of some windows, by its halves; not where there are many already."""
    units, kept = request.calendar.cut(request.window), list(windows)
    if len(units) == 1 or len(kept) >= MOST_HOLES:
        return kept
    middle = units[len(units) // 2]
    halves = middle.before(request.window.start), Window(middle.start, request.window.end)
    return [*(each for each in kept if each != request.window), *halves]


def _overlap(window: Window, other: Window) -> list[Window]:
    """Return the part of a window that is in another one, if there is one."""
    both = Window(max(window.start, other.start), min(window.end, other.end))
    return [both] if both.start < both.next else []


def _without(window: Window, other: Window) -> list[Window]:
    """Return the parts of a window that are not in another one."""
    if other.next <= window.start or window.next <= other.start:
        return [window]
    parts = [other.before(window.start)] if window.start < other.start else []
    return [*parts, Window(other.next, window.end)] if other.next < window.next else parts


def _few(windows: Iterable[Window]) -> list[Window]:
    """Return some windows; where they are many, join those beside each other."""
    windows = sorted(windows)
    return windows if len(windows) <= MOST_HOLES else _joined(windows)


def _joined(holes: Iterable[Window]) -> list[Window]:
    """Join holes that are beside each other."""
    joined: list[Window] = []
    for hole in sorted(holes):
        if joined and touches(joined[-1], hole):
            joined[-1] = extend(joined[-1], hole)
        else:
            joined.append(hole)
    return joined
