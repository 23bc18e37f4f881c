"""The range of a partition, whatever order Amazon is done in."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from test_engine import NEWEST, NOW

from tap_amazon_vendor.reports.calendars import PERIODS, Horizon
from tap_amazon_vendor.reports.coverage import plan
from tap_amazon_vendor.reports.windows import Window, touches
from tap_amazon_vendor.streams.partition_windows import PartitionWindows

if t.TYPE_CHECKING:
    from tap_amazon_vendor.reports.request import ReportRequest

FIRST = date(2026, 8, 1)


def window(start: int, end: int) -> Window:
    """Some days, counted from the first of August."""
    return Window(FIRST + timedelta(days=start), FIRST + timedelta(days=end))


def requests(*windows: Window) -> list[ReportRequest]:
    return [replace(NEWEST, window=each) for each in windows]


A, B, C, D = requests(window(0, 9), window(10, 19), window(20, 29), window(30, 39))


def days(one: Window | None) -> set[date]:
    if one is None:
        return set()
    return {one.start + timedelta(days=number) for number in range((one.end - one.start).days + 1)}


def test_without_a_range_only_the_newest_may_begin() -> None:
    windows = PartitionWindows(None, [A, B, C])
    assert windows.ready(lambda request: request in (A, B)) is None
    assert windows.ready(lambda _: True) == C


def test_both_ends_grow_in_whatever_order() -> None:
    windows = PartitionWindows(window(10, 29), [A, D])
    assert windows.ready(lambda request: request == A) == A
    assert windows.decide(A, A.window) == []
    assert windows.ready(lambda request: request == D) == D
    assert windows.decide(D, D.window) == []
    assert (windows.complete, windows.left) == (window(0, 39), [])


def test_what_a_missing_window_cuts_off_is_given_back() -> None:
    windows = PartitionWindows(window(30, 39), [A, B, C])
    assert windows.decide(C, None) == [B, A]
    assert (windows.complete, windows.left) == (window(30, 39), [])


def test_a_shortened_window_cuts_off_what_is_older_only() -> None:
    windows = PartitionWindows(None, [A, B])
    windows.decide(B, window(10, 15))
    assert (windows.complete, windows.left) == (window(10, 15), [A])


def test_without_a_range_the_next_older_may_begin_after_a_failure() -> None:
    windows = PartitionWindows(None, [A, B])
    assert windows.decide(B, None) == []
    assert windows.ready(lambda _: True) == A


def test_parts_take_the_place_of_a_window() -> None:
    windows = PartitionWindows(window(20, 29), [A, B])
    older, newer = requests(window(10, 14), window(15, 19))
    windows.replace(B, [older, newer])
    assert windows.left == [newer, older, A]


@given(data=st.data())
def test_whatever_arrives_when_there_is_never_a_hole_and_all_that_can_be_reached_is_read(data: st.DataObject) -> None:
    calendar = PERIODS["DAY"]
    today = NOW.date()
    horizon = Horizon(
        NOW,
        today - timedelta(days=data.draw(st.integers(5, 120))),
        None,
        availability_days=4,
        restatement_days=data.draw(st.sampled_from([0, 14])),
    )
    complete = None
    if data.draw(st.booleans()):
        begin = data.draw(st.integers(0, 80))
        complete = window(begin, begin + data.draw(st.integers(0, 30)))
    wanted = [replace(NEWEST, window=each) for each in plan(complete, horizon, calendar)]
    windows = PartitionWindows(complete, wanted)
    arrived: set[ReportRequest] = set()
    read: set[date] = days(complete)
    given_back: list[ReportRequest] = []
    failed = False
    for arrival in data.draw(st.permutations(wanted)):
        arrived.add(arrival)
        while request := windows.ready(arrived.__contains__):
            assert request in arrived
            outcome = data.draw(st.sampled_from(["loaded", "loaded", "loaded", "later", "shortened"]))
            done: Window | None = request.window
            if outcome == "later":
                done = None
            elif outcome == "shortened":
                done = calendar.shorten(request.window)
                if done is not None and not touches(windows.complete, done):
                    done = None
            failed |= done != request.window
            given_back += windows.decide(request, done)
            read |= days(done)
            # The range is exactly what was read: no hole, and nothing that was not.
            assert days(windows.complete) == read
    assert windows.left == []
    if not failed:
        assert given_back == []
        assert all(days(each.window) <= read for each in wanted)
    # What was given back does not touch the range: nobody could have read it.
    for other in given_back:
        assert not touches(windows.complete, other.window)
