"""What all tests share."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest


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


@pytest.fixture
def clock() -> FakeClock:
    """The noon of a Saturday."""
    return FakeClock(datetime(2026, 11, 21, 12, tzinfo=timezone.utc))
