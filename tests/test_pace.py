"""When to poll: by what jobs of the type took, else in growing pauses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from test_engine import NEWEST, NOW
from test_queue import job

from tap_amazon_vendor.engine.pace import FIRST_GUESS, FIRST_POLL, LONGEST_PAUSE, REMEMBERED, Pace


@pytest.mark.parametrize(("elapsed", "pause"), [(0, FIRST_POLL), (40, 10), (4000, LONGEST_PAUSE)])
def test_without_experience_pauses_grow_with_the_time_so_far(elapsed: float, pause: float) -> None:
    waiting = job(1)
    waiting.asked_at = NOW
    assert Pace().pause(waiting, NOW + timedelta(seconds=elapsed)) == pause


def test_the_first_poll_is_when_jobs_of_the_type_are_finished() -> None:
    pace, waiting = Pace(), job(1)
    pace.learn(NEWEST.report_type, 100)
    waiting.asked_at = NOW
    assert pace.pause(waiting, NOW) == 100 + FIRST_POLL / 2
    assert pace.pause(waiting, NOW + timedelta(seconds=60)) == 40 + FIRST_POLL / 2


def test_only_the_last_jobs_count() -> None:
    pace, waiting = Pace(), job(1)
    waiting.asked_at = NOW
    pace.learn(NEWEST.report_type, 1000)
    for _ in range(REMEMBERED):
        pace.learn(NEWEST.report_type, 10)
    assert pace.pause(waiting, NOW) == 10 + FIRST_POLL / 2


def test_the_slowest_type_decides_when_a_run_ends() -> None:
    pace = Pace()
    assert pace.slowest() == FIRST_GUESS
    for job_type, seconds in (("FAST", 5), ("SLOW", 300), ("SLOW", 310)):
        pace.learn(job_type, seconds)
    assert pace.slowest() == 310
