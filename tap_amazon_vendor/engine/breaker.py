"""A breaker: calls of one operation of an account are not tried for a while, and in the end no more, while all fail."""

from __future__ import annotations

from datetime import datetime, timedelta

#: Failed calls in a row that are taken for an outage.
FAILURES = 2

#: Seconds to the next try in an outage: doubled each time, up to the second number.
PAUSE, LONGEST_PAUSE = 30.0, 240.0

#: Seconds of nothing but failures after which an operation is not tried any more in this run.
LASTING = 900.0


class Breaker:
    """Counts how calls of one operation ended.

    The calls of an outage end at the latest one pause and one call after `LASTING`.

    Attributes:
        reason: Why the operation is not tried any more, None while it is.
        throttled: All failures in a row were for want of quota.
    """

    def __init__(self) -> None:
        """Start closed."""
        self.reason: str | None = None
        self.throttled = True
        self._failures = 0
        self._since: datetime | None = None
        self._not_before: datetime | None = None

    def worked(self) -> None:
        """Note that Amazon answered."""
        self._failures = 0
        self.throttled = True
        self._since = self._not_before = None

    def failed(self, text: str, *, began: datetime, now: datetime, throttled: bool = False) -> None:
        """Note that Amazon did not answer a call, with all its tries.

        Args:
            text: The error.
            began: When the call began.
            now: The current time.
            throttled: It was for want of quota.
        """
        self._failures += 1
        self.throttled = self.throttled and throttled
        self._since = self._since or began
        lasted = (now - self._since).total_seconds()
        if self._failures >= FAILURES:
            pause = min(PAUSE * 2.0 ** (self._failures - FAILURES), LONGEST_PAUSE)
            self._not_before = now + timedelta(seconds=pause)
            if lasted >= LASTING:
                self.reason = f"Amazon has not answered for {lasted / 60:.0f} minutes: {text}"

    def delay(self, now: datetime) -> float:
        """Return the seconds until the next call may be tried."""
        return max(0.0, (self._not_before - now).total_seconds()) if self._not_before else 0.0
