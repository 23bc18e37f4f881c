"""The windows of one partition of a stream: which can be read, and which are complete."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.reports.coverage import in_reading_order
from tap_amazon_vendor.reports.windows import Window, extend, touches

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Windowed(t.Protocol):
    """A request of any kind."""

    @property
    def window(self) -> Window:
        """The days or hours asked for."""


Request = t.TypeVar("Request", bound=Windowed)


class PartitionWindows(t.Generic[Request]):
    """Grows the complete range of a partition at both ends, without gaps.

    Where windows do not join into a range, because each run requests them again, each is independent.

    Attributes:
        complete: The unbroken range that is complete, None while there is none.
        left: Requests whose windows are still open, in reading order.
    """

    def __init__(self, complete: Window | None, requests: Iterable[Request], *, unbroken: bool = True) -> None:
        """Start with all requests open.

        Args:
            complete: What earlier runs completed.
            requests: What this run wants.
            unbroken: The windows join into one range.
        """
        self.complete = complete
        self._unbroken = unbroken
        self.left = self._in_order(requests)

    def _in_order(self, requests: Iterable[Request]) -> list[Request]:
        if not self._unbroken:
            return list(requests)
        by_window = {request.window: request for request in requests}
        return [by_window[window] for window in in_reading_order(self.complete, by_window)]

    def joins(self, window: Window) -> bool:
        """Return whether a complete window leaves no gap."""
        return not self._unbroken or touches(self.complete, window)

    def replace(self, request: Request, parts: Iterable[Request]) -> None:
        """Replace a window by its parts."""
        self.left = self._in_order(each for each in (*self.left, *parts) if each != request)

    def ready(self, finished: Callable[[Request], bool]) -> Request | None:
        """Return a request whose rows may be written now.

        Args:
            finished: Returns whether a request has a result.
        """
        # A new range must begin with the first window in reading order.
        candidates = self.left[:1] if self._unbroken and self.complete is None else self.left
        return next((request for request in candidates if self.joins(request.window) and finished(request)), None)

    def decide(self, request: Request, done: Window | None) -> list[Request]:
        """Note the result of a window.

        Args:
            request: The window's request.
            done: The days that are complete now, None if none. They touch the range.

        Returns:
            Requests that can no longer be read, because this one leaves a gap between them and the range.
        """
        self.left.remove(request)
        if done is not None:
            self.complete = extend(self.complete, done) if self._unbroken else done
        if not self._unbroken or done == request.window or self.complete is None:
            return []
        reach = self.complete
        for ascending in (True, False):
            for other in sorted(self.left, key=lambda each: each.window, reverse=not ascending):
                if touches(reach, other.window):
                    reach = extend(reach, other.window)
        lost = [other for other in self.left if not touches(reach, other.window)]
        self.left = [other for other in self.left if other not in lost]
        return lost
