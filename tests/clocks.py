"""A made-up time for tests."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

#: The noon of a Saturday.
NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


class FakeClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        """Sleep without sleeping."""
        self.advance(max(0.0, seconds))

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Threads wait for real time: tests on this clock have none."""
        raise NotImplementedError
