"""The one retry policy for requests: transient failures are retried, after growing pauses.

tenacity runs the loop; sleep and jitter are handed in. (backoff, which the SDK brings, sleeps by itself.)
"""

from __future__ import annotations

import logging
import math
import typing as t

import tenacity

from tap_amazon_vendor.amazon.deadline import Budget
from tap_amazon_vendor.errors import UnavailableError

if t.TYPE_CHECKING:
    import random
    from collections.abc import Callable

    import requests

    from tap_amazon_vendor.errors import AmazonError

    Sleep = Callable[[float], None]

logger = logging.getLogger("tap-amazon-vendor.transport")

#: Tries of one request.
MAX_TRIES = 9

#: Longest pause, in seconds, between two tries, unless the response names one.
LONGEST_PAUSE = 60.0

#: Seconds that one request may take, with all its tries and pauses; waiting for quota and login comes before.
LONGEST_REQUEST = 600.0


class PassingError(Exception):
    """A try failed for a reason that may be transient.

    Attributes:
        problem: What happened.
        pause: Seconds to the next try that the response asks for, None if it asks for none.
        response: The response, returned when no tries are left; None if there was none.
        most_tries: Tries for a reason like this, where that is fewer than usual.
        error: What to raise when no tries are left, where that is neither the response nor the problem.
    """

    def __init__(
        self,
        problem: str,
        *,
        pause: float | None = None,
        response: requests.Response | None = None,
        most_tries: float = math.inf,
        error: AmazonError | None = None,
    ) -> None:
        """Store what is known of the try."""
        super().__init__(problem)
        self.problem = problem
        self.pause = pause
        self.response = response
        self.most_tries = most_tries
        self.error = error


class RetryPolicy:
    """Tries a request until it has a response that a retry would not change."""

    def __init__(self, *, sleep: Sleep, rng: random.Random, tries: int = MAX_TRIES) -> None:
        """Store the dependencies.

        Args:
            sleep: Waits the given seconds.
            rng: Source of jitter.
            tries: Most tries.
        """
        self._rng = rng
        self._tries = tries
        self._retrying = tenacity.Retrying(
            sleep=sleep,
            wait=self._pause,
            retry=tenacity.retry_if_exception_type(PassingError),
            retry_error_callback=_give_up,
        )

    def run(
        self, attempt: Callable[[], requests.Response], *, tries: int | None = None, budget: Budget | None = None
    ) -> requests.Response:
        """Make tries until one succeeds.

        Args:
            attempt: Makes one try. Raises PassingError for what a retry may change.
            tries: Most tries of this request, where that is fewer than usual.
            budget: The time that it has; the tries spend of it what they take.

        Returns:
            The last response.

        Raises:
            UnavailableError: No try got a response.
        """
        most = min(self._tries, tries or self._tries)
        time = budget or Budget(LONGEST_REQUEST)

        def is_last(state: tenacity.RetryCallState) -> bool:
            error = _error(state)
            # What is mended at once, an access token, is worth a second try even where there is only one.
            allowed = max(most, 2) if error.pause == 0 else most
            # A pause beyond the end would be for nothing.
            return state.attempt_number >= min(allowed, error.most_tries) or state.upcoming_sleep >= time.left

        def before_pause(state: tenacity.RetryCallState) -> None:
            time.spend(state.upcoming_sleep)
            if (response := _error(state).response) is not None:
                # Only the last response is read: earlier ones, which may be large, must not stay in memory.
                response._content = b""  # noqa: SLF001
            logger.info("%s, trying again in %.1f s", _error(state).problem, state.upcoming_sleep)

        return self._retrying.copy(stop=is_last, before_sleep=before_pause)(attempt)

    def _pause(self, state: tenacity.RetryCallState) -> float:
        error = _error(state)
        if error.response is not None:
            # Its connection is needed for the next try.
            error.response.close()
        if error.pause is not None:
            return error.pause
        return self._rng.uniform(0.5, 1) * min(2.0 ** (state.attempt_number - 1), LONGEST_PAUSE)


def _error(state: tenacity.RetryCallState) -> PassingError:
    """Return why the last try failed."""
    return t.cast("PassingError", state.outcome and state.outcome.exception())


def _give_up(state: tenacity.RetryCallState) -> requests.Response:
    """Return the last response, if it is an error that the caller can read."""
    error = _error(state)
    if error.error is not None:
        raise error.error from None
    if error.response is not None and not error.response.ok:
        return error.response
    raise UnavailableError(error.problem) from None
