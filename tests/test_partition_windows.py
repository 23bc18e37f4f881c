"""The range of a partition, whatever order Amazon is done in."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_engine import NEWEST, NOW

from tap_amazon_vendor.reports.calendars import PERIODS, Horizon
from tap_amazon_vendor.reports.coverage import Coverage, plan
from tap_amazon_vendor.reports.windows import Window, touches
from tap_amazon_vendor.streams.partition_state import PartitionState
from tap_amazon_vendor.streams.partition_windows import MOST_HOLES, PartitionWindows

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
    windows = PartitionWindows(Coverage.of(None), [A, B, C])
    assert windows.ready(lambda request: request in (A, B)) is None
    assert windows.ready(lambda _: True) == C


def test_both_ends_grow_in_whatever_order() -> None:
    windows = PartitionWindows(Coverage.of(window(10, 29)), [A, D])
    assert windows.ready(lambda request: request == A) == A
    assert windows.decide(A, A.window) == []
    assert windows.ready(lambda request: request == D) == D
    assert windows.decide(D, D.window) == []
    assert (windows.complete, windows.left) == (window(0, 39), [])


def test_what_a_missing_window_cuts_off_is_given_back() -> None:
    windows = PartitionWindows(Coverage.of(window(30, 39)), [A, B, C])
    assert windows.decide(C, None) == [B, A]
    assert (windows.complete, windows.left) == (window(30, 39), [])


def test_a_shortened_window_cuts_off_what_is_older_only() -> None:
    windows = PartitionWindows(Coverage.of(None), [A, B])
    windows.decide(B, window(10, 15))
    assert (windows.complete, windows.left) == (window(10, 15), [A])


def test_without_a_range_the_next_older_may_begin_after_a_failure() -> None:
    windows = PartitionWindows(Coverage.of(None), [A, B])
    assert windows.decide(B, None) == []
    assert windows.ready(lambda _: True) == A


def test_parts_take_the_place_of_a_window() -> None:
    windows = PartitionWindows(Coverage.of(window(20, 29)), [A, B])
    older, newer = requests(window(10, 14), window(15, 19))
    windows.replace(B, [older, newer])
    assert windows.left == [newer, older, A]


def test_what_failed_is_a_hole_and_what_is_beyond_it_is_read() -> None:
    windows = PartitionWindows(Coverage.of(window(10, 19)), [A, C, D])
    assert windows.ready(lambda request: request == D) is None
    assert windows.decide(C, None, failed=True) == []
    assert windows.ready(lambda request: request == D) == D
    windows.decide(D, D.window)
    windows.decide(A, A.window)
    assert windows.coverage == Coverage(window(0, 19), window(0, 39), (C.window,))


def test_the_range_joins_what_is_beyond_a_hole_once_that_is_read() -> None:
    known = Coverage(window(0, 9), window(0, 39), (B.window, C.window))
    windows = PartitionWindows(known, [B, C])
    windows.decide(B, B.window)
    assert windows.coverage == Coverage(window(0, 19), window(0, 39), (C.window,))
    windows.decide(C, C.window)
    assert windows.coverage == Coverage.of(window(0, 39))


def test_a_restatement_that_fails_leaves_no_hole_and_new_days_beside_it_do() -> None:
    restated, restated_and_new = requests(window(0, 9), window(15, 20))
    windows = PartitionWindows(Coverage.of(window(0, 19)), [restated, restated_and_new])
    windows.decide(restated, None, failed=True)
    assert windows.coverage == Coverage(window(0, 19), window(0, 19), (), (restated.window,))
    windows.decide(restated_and_new, None, failed=True)
    # What was read of it before is as old as it was.
    due = (restated.window, window(15, 19))
    assert windows.coverage == Coverage(window(0, 19), window(0, 20), (window(20, 20),), due)


@pytest.mark.parametrize("failed", [False, True])
def test_what_is_read_again_is_due_until_it_is_read(*, failed: bool) -> None:
    windows = PartitionWindows(Coverage.of(window(0, 29)), [D, C, B])
    windows.decide(D, D.window)
    # Killed here, the next run asks for both.
    assert windows.coverage == Coverage(window(0, 39), window(0, 39), (), (B.window, C.window))
    windows.decide(B, None, failed=failed)
    windows.decide(C, C.window)
    assert windows.coverage.due == (B.window,)
    windows = PartitionWindows(windows.coverage, [B])
    windows.decide(B, window(10, 17))
    assert windows.coverage.due == (window(18, 19),)


def test_what_fails_again_to_be_read_again_is_halved() -> None:
    known = Coverage(window(0, 39), window(0, 39), (), (B.window,))
    windows = PartitionWindows(known, [B])
    windows.decide(B, None, failed=True)
    assert windows.coverage == known._replace(due=(window(10, 14), window(15, 19)))


def test_what_is_no_longer_asked_for_is_no_longer_due() -> None:
    windows = PartitionWindows(Coverage(window(0, 39), window(0, 39), (), (A.window, B.window)), [B])
    windows.decide(B, B.window)
    assert windows.coverage == Coverage.of(window(0, 39))


def test_parts_of_a_window_that_is_read_again_are_due() -> None:
    windows = PartitionWindows(Coverage.of(window(0, 29)), [B])
    older, newer = requests(window(10, 14), window(15, 19))
    windows.replace(B, [older, newer])
    windows.decide(newer, newer.window)
    assert windows.coverage.due == (older.window,)


def test_the_state_says_what_is_due_and_what_is_invalid_there_is_not() -> None:
    known: dict[str, t.Any] = {}
    coverage = Coverage(window(0, 39), window(0, 39), (), (A.window, B.window))
    PartitionState(known).set_coverage(coverage, "end_date")
    assert known["due"] == ["2026-08-01/2026-08-10", "2026-08-11/2026-08-20"]
    assert PartitionState(known).coverage == coverage
    for odd in (
        "2026-08-01/2026-08-10",
        ["2026-08-11"],
        ["2026-08-11/2027-08-20"],
        ["2026-08-11T00:00:00Z/2026-08-12"],
        7,
    ):
        assert PartitionState({**known, "due": odd}).coverage == Coverage.of(coverage.complete)
    PartitionState(known).set_coverage(coverage._replace(due=()), "end_date")
    assert "due" not in known


def test_a_hole_that_fails_again_is_halved_until_there_are_many() -> None:
    known = Coverage(window(0, 9), window(0, 39), (B.window,))
    windows = PartitionWindows(known, [B])
    windows.decide(B, None, failed=True)
    assert windows.coverage.holes == (window(10, 14), window(15, 19))
    many = tuple(window(day, day) for day in range(40, 60, 2))
    windows = PartitionWindows(Coverage(window(0, 9), window(0, 60), (B.window, *many)), [B])
    windows.decide(B, None, failed=True)
    assert windows.coverage.holes == (B.window, *many)


def test_days_that_all_fail_become_one_hole_after_some() -> None:
    windows = PartitionWindows(Coverage.of(window(0, 9)), requests(*(window(day, day) for day in range(10, 10 + 20))))
    while request := windows.ready(lambda _: True):
        windows.decide(request, None, failed=True)
        assert len(windows.coverage.holes) <= MOST_HOLES
    assert windows.complete == window(0, 9)
    assert {day for hole in windows.coverage.holes for day in days(hole)} == days(window(10, 29))


@given(data=st.data())
def test_whatever_fails_all_other_windows_are_read_and_the_complete_range_holds_no_hole(data: st.DataObject) -> None:
    wanted = requests(*(window(start, start + 4) for start in range(0, 60, 5)))
    begin = data.draw(st.sampled_from(wanted)).window
    windows = PartitionWindows(Coverage.of(begin), [each for each in wanted if each.window != begin])
    read = days(begin)
    for arrived in (set(data.draw(st.permutations(wanted))[:6]), set(wanted)):
        while request := windows.ready(arrived.__contains__):
            good = data.draw(st.booleans())
            assert windows.decide(request, request.window if good else None, failed=not good) == []
            read |= days(request.window) if good else set()
            complete, all_read, holes, due = windows.coverage
            assert due == ()
            assert days(complete) <= read
            assert days(all_read) - {day for hole in holes for day in days(hole)} == read
    assert windows.left == []


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
    windows = PartitionWindows(Coverage.of(complete), wanted)
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


@pytest.mark.parametrize("end", ["9999-12-31", "0000-00-00", None, 7])
def test_a_range_that_ends_nowhere_is_none(end: object) -> None:
    state = PartitionState({"complete_from": "2026-11-01", "replication_key_value": end})
    assert state.complete is None
