"""When to poll: by what jobs of the type took, else in growing pauses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from test_engine import NEWEST, NOW
from test_queue import job

from tap_amazon_vendor.engine.pace import FIRST_GUESS, FIRST_POLL, LONGEST_PAUSE, REMEMBERED, Pace, polls_of_first


def learn(pace: Pace, seconds: float, job_type: str = NEWEST.report_type) -> None:
    """A job of a type took some seconds."""
    done = job(1, replace(NEWEST, report_type=job_type))
    done.asked_at = NOW
    pace.learn(done, seconds, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(("elapsed", "pause"), [(0, FIRST_POLL), (40, 10), (4000, LONGEST_PAUSE)])
def test_without_experience_pauses_grow_with_the_time_so_far(elapsed: float, pause: float) -> None:
    waiting = job(1)
    waiting.asked_at = NOW
    assert Pace().pause(waiting, NOW + timedelta(seconds=elapsed)) == pause


def test_the_first_poll_is_when_jobs_of_the_type_are_finished() -> None:
    pace, waiting = Pace(), job(1)
    learn(pace, 100)
    waiting.asked_at = NOW
    assert pace.pause(waiting, NOW + timedelta(seconds=60)) == 40 + FIRST_POLL / 2


def test_before_that_it_is_looked_for_early_but_rarely() -> None:
    pace, waiting = Pace(), job(1)
    learn(pace, 300)
    waiting.asked_at = NOW
    looks, elapsed = [], 0.0
    while elapsed < 300:
        elapsed += pace.pause(waiting, NOW + timedelta(seconds=elapsed))
        looks.append(elapsed)
    assert looks == [3, 9, 27, 81, 141, 201, 261, 300 + FIRST_POLL / 2]


@pytest.mark.parametrize("seconds", [None, -1.0, 30 * 86_400.0, float("inf"), float("nan")])
def test_what_amazons_clock_says_is_not_learned_where_it_can_not_be(seconds: float | None) -> None:
    pace, done = Pace(), job(1)
    done.asked_at = NOW
    pace.learn(done, seconds, NOW + timedelta(seconds=60))
    assert pace.slowest() == FIRST_GUESS
    done.asked_at = NOW - timedelta(days=40)
    pace.learn(done, seconds, NOW)
    assert pace.slowest() == FIRST_GUESS


def test_only_the_last_jobs_count() -> None:
    pace, waiting = Pace(), job(1)
    waiting.asked_at = NOW
    learn(pace, 1000)
    for _ in range(REMEMBERED):
        learn(pace, 10)
    assert pace.pause(waiting, NOW + timedelta(seconds=9)) == 1 + FIRST_POLL / 2


def test_the_slowest_type_decides_when_a_run_ends() -> None:
    pace = Pace()
    assert pace.slowest() == FIRST_GUESS
    for job_type, seconds in (("FAST", 5), ("SLOW", 300), ("SLOW", 310)):
        learn(pace, seconds, job_type)
    assert pace.slowest() == 310


@pytest.mark.parametrize("seconds", [0.5, 60, 900])
def test_how_often_a_first_job_is_polled_is_known(seconds: float) -> None:
    waiting, elapsed, polls = job(1), 0.0, 0
    waiting.asked_at = NOW
    while elapsed < seconds:
        elapsed += Pace().pause(waiting, NOW + timedelta(seconds=elapsed))
        polls += 1
    assert polls_of_first(seconds) == polls
