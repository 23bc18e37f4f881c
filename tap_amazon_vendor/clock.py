"""The clock: tells the time and waits. Injected everywhere, so that tests need not wait."""

from __future__ import annotations

import math
import time
import typing as t
from datetime import datetime, timezone

if t.TYPE_CHECKING:
    import threading


class Clock(t.Protocol):
    """Tells the time and waits."""

    def __call__(self) -> datetime:
        """Return the current time, aware."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Wait for a condition, at most some seconds."""


class SystemClock:
    """The computer's clock."""

    def __call__(self) -> datetime:
        """Return the current time, UTC."""
        return datetime.now(timezone.utc)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Wait for a condition, at most some seconds."""
        condition.wait(None if seconds == math.inf else seconds)
