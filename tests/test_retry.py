"""The retry policy: how often, how long, and what is returned in the end."""

from __future__ import annotations

import random
from io import BytesIO

import pytest
import requests

from tap_amazon_vendor.amazon.retry import LONGEST_REQUEST, MAX_TRIES, PassingError, RetryPolicy
from tap_amazon_vendor.errors import UnavailableError


class Attempt:
    """Fails as told, then answers."""

    def __init__(self, *errors: PassingError) -> None:
        self.errors = list(errors)
        self.answer = requests.Response()
        self.answer.status_code = 200
        self.tries = 0

    def __call__(self) -> requests.Response:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.answer


def policy(naps: list[float]) -> RetryPolicy:
    return RetryPolicy(sleep=naps.append, rng=random.Random(1))


def test_what_passes_is_tried_again_after_growing_pauses() -> None:
    naps: list[float] = []
    attempt = Attempt(*(PassingError("busy") for _ in range(3)))
    assert policy(naps).run(attempt) is attempt.answer
    assert [full / 2 <= nap <= full for nap, full in zip(naps, (1, 2, 4), strict=True)] == [True] * 3


def test_the_pause_that_an_answer_asks_for_is_kept_and_no_pause_goes_beyond_the_end() -> None:
    naps: list[float] = []
    with pytest.raises(UnavailableError, match="busy"):
        policy(naps).run(Attempt(*(PassingError("busy", pause=200) for _ in range(9))))
    assert naps == [200] * 2
    assert sum(naps) + 200 >= LONGEST_REQUEST


def test_after_the_last_try_the_problem_is_raised_and_an_error_answer_returned() -> None:
    attempt = Attempt(*(PassingError("reset") for _ in range(MAX_TRIES)))
    with pytest.raises(UnavailableError, match="reset"):
        policy([]).run(attempt)
    assert attempt.tries == MAX_TRIES
    response = requests.Response()
    response.status_code = 503
    response.raw = BytesIO()
    again = Attempt(*(PassingError("HTTP 503", response=response) for _ in range(MAX_TRIES)))
    assert policy([]).run(again) is response


def test_a_reason_that_rarely_passes_is_tried_less_often() -> None:
    attempt = Attempt(*(PassingError("refused", most_tries=2) for _ in range(5)))
    with pytest.raises(UnavailableError):
        policy([]).run(attempt)
    assert attempt.tries == 2
