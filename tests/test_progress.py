"""What a run says of itself."""

from __future__ import annotations

import pytest

from tap_amazon_vendor.engine.model import Service
from tap_amazon_vendor.engine.progress import Progress, ServiceProgress, duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "about 1 s"),
        (0.4, "about 1 s"),
        (59.6, "about 60 s"),
        (89, "about 89 s"),
        (91, "about 2 min"),
        (3600, "about 60 min"),
        (5399, "about 1 h 30 min"),
        (7500, "about 2 h 05 min"),
        (200_000, "about 55 h 33 min"),
    ],
)
def test_a_time_is_said_in_the_unit_that_a_person_would_use(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_one_line_says_what_is_done_waited_for_and_left() -> None:
    progress = Progress(
        total=147,
        open=132,
        services=[
            ServiceProgress(Service("us", "reports"), 100, 5, 2, 6000.0, 59.2),
            ServiceProgress(Service("de", "reports"), 24, 0, 1, 1500.0, 41.3),
        ],
    )
    assert str(progress) == (
        "15 of 147 reports done, about 1 h 40 min left: Amazon works on 5, 3 to fetch, 124 to request, the next in 41 s"
    )


def test_what_is_nothing_is_not_said() -> None:
    assert str(Progress(3, 1, [ServiceProgress(Service("us", "reports"), 0, 1, 0, 42.0)])) == (
        "2 of 3 reports done, about 42 s left: Amazon works on 1"
    )
    assert str(Progress(3, 0, [])) == "3 of 3 reports done"


def test_accounts_do_not_wait_for_each_other() -> None:
    assert (
        Progress(
            9,
            2,
            [
                ServiceProgress(Service("a", "reports"), 1, 0, 0, 60.0),
                ServiceProgress(Service("b", "reports"), 1, 0, 0, 90.0),
            ],
        ).seconds
        == 90
    )
    assert Progress(9, 0, []).seconds == 0
