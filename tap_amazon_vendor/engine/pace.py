"""When to poll a job: by how long jobs of its type usually take."""

from __future__ import annotations

import math
import typing as t
from collections import defaultdict, deque
from functools import partial
from statistics import median_high

if t.TYPE_CHECKING:
    from datetime import datetime

    from tap_amazon_vendor.engine.job import Job

#: Seconds to the first poll of a job type without history, and least pause between two polls.
FIRST_POLL = 1.0

#: Seconds to the first poll of a job type with history, and by how much the time so far grows until the next, while
#: jobs of the type are not ready yet, as a rule: one may be ready at once where others took minutes.
EARLY_POLL, EARLY_GROWTH = 3.0, 2.0

#: Seconds that a job is assumed to take while nothing is known.
FIRST_GUESS = 60.0

#: Pause between two polls as a share of the time so far, and its most seconds: if nothing is known about the job
#: type, a poll is late by at most a quarter.
POLL_GROWTH, LONGEST_PAUSE = 0.25, 30.0

#: Longest pause in seconds while the time is not there at which jobs of the type are ready.
LONGEST_EARLY_PAUSE = 60.0

#: Seconds that a job took beyond which that says nothing: Amazon's clocks may be wrong. Ours is not ahead by more than
#: the second number.
ABSURD, TOLERANCE = 6 * 3600.0, 5.0

#: How many jobs of a type are remembered, and into how many polls the time that they took is divided.
REMEMBERED, POLLS = 20, 5


class Pace:
    """Remembers how long jobs took, and says when to poll the next."""

    def __init__(self) -> None:
        """Start without history."""
        self._seconds: dict[str, deque[float]] = defaultdict(partial(deque, maxlen=REMEMBERED))

    def learn(self, job: Job, seconds: float | None, now: datetime) -> None:
        """Note how long a job took.

        Args:
            job: The job.
            seconds: What Amazon says, None if it does not. What can't be, by our own clock, is not believed.
            now: The current time.
        """
        if seconds is None or job.asked_at is None:
            return
        elapsed = (now - job.asked_at).total_seconds()
        if 0 <= seconds <= min(elapsed + TOLERANCE, ABSURD):
            self._seconds[job.request.job_type].append(seconds)

    def pause(self, job: Job, now: datetime) -> float:
        """Return the seconds to the next poll: at times that jobs of the type took, else in growing pauses."""
        # A second try starts over.
        began = job.waiting_since if job.attempts else job.asked_at
        elapsed = max(0.0, (now - t.cast("datetime", began)).total_seconds())
        usual = sorted(self._seconds[job.request.job_type])
        stride = math.ceil(len(usual) / POLLS) or 1
        for seconds in usual[stride - 1 :: stride]:
            if seconds > elapsed:
                early = min(max(EARLY_POLL, elapsed * EARLY_GROWTH), LONGEST_EARLY_PAUSE)
                return min(seconds - elapsed + FIRST_POLL / 2, early)
        return _pause_after(elapsed)

    def slowest(self) -> float:
        """Return the median seconds of the slowest job type: a guess while nothing is known."""
        return max((median_high(times) for times in self._seconds.values() if times), default=FIRST_GUESS)


def polls_of_first(seconds: float) -> int:
    """Return how often a job that takes this long is polled if no earlier job of its type is known."""
    elapsed, number = 0.0, 0
    while elapsed < seconds:
        elapsed += _pause_after(elapsed)
        number += 1
    return number


def _pause_after(elapsed: float) -> float:
    return min(max(FIRST_POLL, elapsed * POLL_GROWTH), LONGEST_PAUSE)
