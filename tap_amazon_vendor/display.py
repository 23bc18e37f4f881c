"""The progress of a run on standard error: live on a terminal, now and then a log line elsewhere."""

from __future__ import annotations

import logging
import shutil
import typing as t
from datetime import timedelta

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_amazon_vendor.reports.progress import Progress

logger = logging.getLogger("tap-amazon-vendor")

#: Seconds between two log lines: the first pauses are long enough to be noticed, then patience grows.
FIRST_LINE, LONGEST_PAUSE = 10.0, 300.0

#: Seconds between two looks of the live display.
LIVE_PAUSE = 1.0

#: Characters of the bar on a terminal.
BAR = 20

_ERASE = "\r\x1b[K"


class Display:
    """Shows how far the reports are."""

    def __init__(self, stream: t.TextIO, clock: Callable[[], datetime]) -> None:
        """Show nothing yet.

        Args:
            stream: Standard error.
            clock: Returns the current time, aware.
        """
        self._stream = stream
        self._clock = clock
        self._live = stream.isatty()
        self._pause = LIVE_PAUSE if self._live else FIRST_LINE
        self._next = clock() + timedelta(seconds=self._pause)
        if self._live:
            for handler in logging.getLogger().handlers:
                handler.addFilter(self._make_room)

    def show(self, progress: Callable[[], Progress]) -> None:
        """Show the progress, if it is time for it.

        Args:
            progress: Works it out.
        """
        now = self._clock()
        if now < self._next:
            return
        if self._live:
            self._draw(progress())
        else:
            logger.info("%s", progress())
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self._next = now + timedelta(seconds=self._pause)

    def clear(self) -> None:
        """Take the live line away."""
        if self._live:
            self._stream.write(_ERASE)
            self._stream.flush()

    def _draw(self, progress: Progress) -> None:
        done = BAR * (progress.total - progress.open) // max(1, progress.total)
        width = shutil.get_terminal_size().columns - 1
        line = f"[{'=' * done}{' ' * (BAR - done)}] {progress}"
        self._stream.write(f"{_ERASE}{line[:width]}")
        self._stream.flush()

    def _make_room(self, _: logging.LogRecord) -> bool:
        """Take the live line away before a log line is written."""
        self._stream.write(_ERASE)
        return True
