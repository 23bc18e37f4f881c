"""Token buckets: how often Amazon lets an account call an operation.

Amazon keeps one bucket per operation and per pair of account and application (docs/amazon/quotas.md#token-buckets):
it holds `burst` tokens and gets `rate` new ones a second. The throttle mirrors them, so that
HTTP 429 is the exception and not the way to find the rate.
"""

from __future__ import annotations

import math
import threading
import typing as t
from dataclasses import dataclass
from datetime import timedelta

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime


@dataclass(frozen=True)
class Operation:
    """An operation of one of Amazon's APIs and its published usage plan.

    Attributes:
        name: Amazon's operation name, such as ``createReport``.
        method: HTTP verb.
        path: Path, with placeholders for `str.format`.
        rate: New tokens a second.
        burst: Tokens that a full bucket holds.
        sends: Media type of the request's body.
        accepts: Media type that the answer is to have, None for any.
    """

    name: str
    method: str
    path: str
    rate: float
    burst: int
    sends: str = "application/json"
    accepts: str | None = None


#: Amazon fills its bucket by its own clock, and a call may travel faster than the one before. So ours is filled a
#: little later: by this fraction of the time for a token, and at most by that many seconds.
SLACK, LONGEST_SLACK = 0.05, 1.0


#: Least share of its published rate that a response may change a rate to. Amazon gives busy accounts more; less has not
#: been seen of it, and one header must not make a run last for days: if it is true, a 429 says so.
SLOWEST = 1 / 10

#: Fraction of a token that is lost to rounding.
ROUNDING = 1e-9


#: Least share of its rate that a quota narrows to.
LEAST_SHARE = 1 / 32


class Bucket:
    """One account's tokens for one operation. Several threads may use it.

    Attributes:
        rate: New tokens a second.
        share: Of the operation's rate, what Amazon was found to grant.
        refusals: How often Amazon said that it was empty.
    """

    def __init__(self, operation: Operation, clock: Callable[[], datetime]) -> None:
        """Start full, at the published rate."""
        self._lock = threading.RLock()
        self._published = operation.rate
        self._slack = round(min(SLACK / operation.rate, LONGEST_SLACK), 3)
        self.rate = operation.rate
        self.share = 1.0
        self.refusals = 0
        self._burst = operation.burst
        self._tokens = float(operation.burst)
        self._clock = clock
        self._since = self._filled_at = clock()

    def delay(self) -> float:
        """Return the seconds until a token is available, 0 if one is.

        In whole milliseconds, rounded up: a fraction of the clock's resolution would never pass.
        """
        with self._lock:
            late = self._fill()
            missing = 1 - self._tokens
            seconds = missing / self.rate + late if missing > ROUNDING else 0
            return math.ceil(seconds * 1000) / 1000

    def take(self) -> float:
        """Take one token, on credit if the bucket is empty.

        Returns:
            The seconds until it is available: the caller waits that long, and the next one longer.
        """
        with self._lock:
            delay = self.delay()
            self._tokens -= 1
            return delay

    def give_back(self) -> None:
        """Return a token that was taken and not used."""
        with self._lock:
            self._fill()
            self._tokens = min(float(self._burst), self._tokens + 1)

    def adopt(self, limit: str | None) -> None:
        """Adopt the rate that a response states, as far as it is believed (`SLOWEST`).

        Args:
            limit: ``x-amzn-RateLimit-Limit``, requests a second, if the response has it.
        """
        try:
            rate = float(limit or 0)
        except ValueError:
            return
        if 0 < rate < math.inf:
            with self._lock:
                self._fill()
                self.rate = max(rate, self._published * SLOWEST)

    @property
    def is_full(self) -> bool:
        """Whether it holds all the tokens that it can."""
        with self._lock:
            self._fill()
            return self._tokens >= self._burst - ROUNDING

    @property
    def is_surely_full(self) -> bool:
        """Whether it is full even if it was empty at first: by a run before this one, or another application."""
        seconds = (self._clock() - self._since).total_seconds()
        return self.is_full and seconds >= self._burst / self.rate

    @property
    def period(self) -> float:
        """Seconds that a token takes at most to come back."""
        return 1 / self.rate + self._slack

    def narrow(self) -> None:
        """Note that Amazon grants less than assumed: half of it is assumed from now on."""
        with self._lock:
            self._fill()
            self.share = max(self.share / 2, LEAST_SHARE)

    def widen(self) -> None:
        """Note that Amazon granted a call: more is assumed, up to the operation's rate."""
        with self._lock:
            self._fill()
            self.share = min(self.share * 2, 1.0)

    def empty(self) -> float:
        """Note a 429: the bucket was empty. Return the seconds until it has a token."""
        with self._lock:
            self._fill()
            self.refusals += 1
            self._tokens = min(self._tokens, 0.0)
            return self.delay()

    def seconds_for(self, calls: int) -> float:
        """Return the seconds until that many calls can have been made."""
        with self._lock:
            self._fill()
            return max(0.0, calls - self._tokens) / self.rate

    def _fill(self) -> float:
        """Add the tokens earned so far; return the remaining seconds of slack."""
        slack = self._slack
        now = self._clock()
        elapsed = (now - self._filled_at).total_seconds()
        if elapsed < 0:  # The clock was set back.
            self._filled_at = now
        elif elapsed > slack:
            self._tokens = min(float(self._burst), self._tokens + (elapsed - slack) * self.rate)
            # A full bucket begins to fill when a token is taken, and as late as any other.
            full = self._tokens == self._burst
            self._filled_at = now if full else now - timedelta(seconds=slack)
        return slack - min(max(0.0, elapsed), slack)


class Throttle:
    """The buckets of one account, or those that the accounts of one application share.

    Attributes:
        shared_quotas: Of an application: the report types whose quota Amazon was found to count for all its accounts
            together. To be kept from run to run.
        bucket_type: What its buckets are.
    """

    bucket_type: t.ClassVar[type[Bucket]] = Bucket

    def __init__(self, clock: Callable[[], datetime], shared_quotas: Iterable[str] = ()) -> None:
        """Start without buckets: each is created at its operation's first call.

        Args:
            clock: Returns the current time, aware.
            shared_quotas: Those that an earlier run found.
        """
        self.shared_quotas = set(shared_quotas)
        self._lock = threading.Lock()
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def bucket(self, operation: Operation) -> Bucket:
        """Return the bucket of an operation."""
        with self._lock:
            if operation.name not in self._buckets:
                self._buckets[operation.name] = self._made(operation)
            return self._buckets[operation.name]

    def _made(self, operation: Operation) -> Bucket:
        return self.bucket_type(operation, self._clock)
