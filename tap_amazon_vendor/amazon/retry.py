"""The one retry policy for requests: transient failures are retried, after growing pauses.

tenacity runs the loop; sleep and jitter are handed in. (backoff, which the SDK brings, sleeps by itself.)
"""

from __future__ import annotations

import logging
import math
import typing as t

import tenacity

from tap_amazon_vendor.errors import UnavailableError

if t.TYPE_CHECKING:
    import random
    from collections.abc import Callable

    import requests

    Sleep = Callable[[float], None]

logger = logging.getLogger("tap-amazon-vendor.transport")

#: Tries of one request.
MAX_TRIES = 9

#: Longest pause, in seconds, between two tries, unless the response names one.
LONGEST_PAUSE = 60.0

#: Seconds of pauses after which no new try is made: the longest that one request is retried for.
LONGEST_WAIT = 600.0


class PassingError(Exception):
    """A try failed for a reason that may be transient.

    Attributes:
        problem: What happened.
        pause: Seconds to the next try that the response asks for, None if it asks for none.
        response: The response, returned when no tries are left; None if there was none.
        most_tries: Tries for a reason like this, where that is fewer than usual.
    """

    def __init__(
        self,
        problem: str,
        *,
        pause: float | None = None,
        response: requests.Response | None = None,
        most_tries: float = math.inf,
    ) -> None:
        """Store what is known of the try."""
        super().__init__(problem)
        self.problem = problem
        self.pause = pause
        self.response = response
        self.most_tries = most_tries


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
            stop=self._is_last,
            wait=self._pause,
            retry=tenacity.retry_if_exception_type(PassingError),
            before_sleep=_log,
            retry_error_callback=_give_up,
        )

    def run(self, attempt: Callable[[], requests.Response]) -> requests.Response:
        """Make tries until one succeeds.

        Args:
            attempt: Makes one try. Raises PassingError for what a retry may change.

        Returns:
            The last response.

        Raises:
            UnavailableError: No try got a response.
        """
        return self._retrying.copy()(attempt)

    def _is_last(self, state: tenacity.RetryCallState) -> bool:
        tries = min(self._tries, _error(state).most_tries)
        return state.attempt_number >= tries or state.idle_for >= LONGEST_WAIT

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


def _log(state: tenacity.RetryCallState) -> None:
    logger.info("%s, trying again in %.1f s", _error(state).problem, state.upcoming_sleep)


def _give_up(state: tenacity.RetryCallState) -> requests.Response:
    """Return the last response, if it is an error that the caller can read."""
    error = _error(state)
    if error.response is not None and not error.response.ok:
        return error.response
    raise UnavailableError(error.problem) from None
