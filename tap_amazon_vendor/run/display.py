"""The progress of a run on standard error: a live line on a terminal, occasional log lines elsewhere."""

from __future__ import annotations

import logging
import os
import typing as t
from datetime import timedelta

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_amazon_vendor.engine.progress import Progress

logger = logging.getLogger("tap-amazon-vendor")

#: Seconds between two log lines: the first, and the most; each pause is twice the one before.
FIRST_LINE, LONGEST_PAUSE = 10.0, 300.0

#: Seconds between two updates of a live line.
STILL = 0.5

#: Characters of the bar on a terminal.
BAR = 20

#: Columns of a terminal that does not report its width.
COLUMNS = 80

_ERASE = "\r\x1b[K"


class Display:
    """Shows the progress of the reports."""

    def __init__(self, stream: t.TextIO, clock: Callable[[], datetime]) -> None:
        """Show nothing yet.

        Args:
            stream: Standard error.
            clock: Returns the current time, aware.
        """
        self._stream = stream
        self._clock = clock
        self._live = stream.isatty()
        self._pause = STILL if self._live else FIRST_LINE
        self._next = clock() + timedelta(seconds=self._pause)
        self._handlers = list(logging.getLogger().handlers) if self._live else []
        for handler in self._handlers:
            handler.addFilter(self._make_room)

    def show(self, progress: Callable[[], Progress]) -> None:
        """Show the progress, if it is due.

        Args:
            progress: Calculates it.
        """
        now = self._clock()
        if now < self._next:
            return
        if self._live:
            self._draw(progress())
        else:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            logger.info("%s", progress())
        self._next = now + timedelta(seconds=self._pause)

    def close(self) -> None:
        """Erase the live line for good."""
        for handler in self._handlers:
            handler.removeFilter(self._make_room)
        if self._live:
            self._stream.write(_ERASE)
            self._stream.flush()

    def _draw(self, progress: Progress) -> None:
        done = BAR * (progress.total - progress.open) // max(1, progress.total)
        width = _columns(self._stream) - 1
        line = f"[{'=' * done}{' ' * (BAR - done)}] {progress}"
        self._stream.write(f"{_ERASE}{line[:width]}")
        self._stream.flush()

    def _make_room(self, _: logging.LogRecord) -> bool:
        """Erase the live line before a log line is written."""
        self._stream.write(_ERASE)
        return True


def _columns(stream: t.TextIO) -> int:
    """Return the terminal's width: of standard error, as standard output usually is not a terminal."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or COLUMNS
    except (OSError, ValueError):
        return COLUMNS
