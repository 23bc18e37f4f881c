"""What a run asks for, in which order, and how old a report may be."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import date, timedelta

import pytest
from test_engine import NEWEST, NOW

from tap_amazon_vendor.engine.model import PendingJob, PlannedJob, Priority
from tap_amazon_vendor.reports.calendars import PERIODS, Horizon, Snapshot
from tap_amazon_vendor.reports.coverage import Coverage
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.reports.request import KEPT, ReportPartition, ReportRequest
from tap_amazon_vendor.reports.windows import NO_TIME, Window
from tap_amazon_vendor.streams.planning import demands, in_asking_order, plan_jobs

if t.TYPE_CHECKING:
    from tap_amazon_vendor.reports.calendars import Calendar

TODAY = NOW.date()


class FakeStream:
    """What the planner asks of a stream with one partition."""

    def __init__(
        self,
        name: str,
        complete: Window | None = None,
        report: str = "SALES",
        *,
        calendar: Calendar = PERIODS["DAY"],
        lacking: bool = False,
        holes: tuple[Window, ...] = (),
        due: tuple[Window, ...] = (),
    ) -> None:
        self.name = name
        self.report = ReportType(report)
        self.declaration = self
        self.partitions: list[dict[str, t.Any]] = [{}]
        self._partition = ReportPartition("a", report, "ATVPDKIKX0DER", ())
        self._complete = complete
        self._holes = holes
        self._due = due
        self._calendar = calendar
        self._lacking = lacking

    def first_request(self, _: object) -> ReportRequest:
        return ReportRequest(*self._partition, window=NO_TIME, calendar=self._calendar, policy=self.report)

    def skipped_until(self, *_: object) -> date | None:
        return TODAY if self._lacking else None

    def coverage(self, *_: object) -> Coverage:
        return Coverage(self._complete, self._complete, self._holes, self._due)

    def had_rows(self, *_: object) -> bool:
        return self._complete is not None


def ago(first: int, last: int) -> Window:
    """Some days, counted back from today."""
    return Window(TODAY - timedelta(days=first), TODAY - timedelta(days=last))


def horizon(days: int = 60, restatement_days: int = 14) -> Horizon:
    return Horizon(NOW, TODAY - timedelta(days=days), None, availability_days=4, restatement_days=restatement_days)


def asked(
    *streams: FakeStream, pending: t.Sequence[PendingJob] = (), **about: t.Any
) -> list[tuple[str, str, int, int]]:
    """Report type, turn, first and last day, counted back, of everything that is planned, in the order of asking."""
    reports = plan_jobs(demands(t.cast("t.Any", streams), horizon()), horizon(**about), pending)
    return [
        (
            each.request.report_type,
            each.priority.name,
            (TODAY - each.request.window.start).days,
            (TODAY - each.request.window.end).days,
        )
        for each in in_asking_order(reports)
    ]


def only(*streams: FakeStream, **about: t.Any) -> list[PlannedJob]:
    """The planned reports of the one partition of some streams."""
    (planned,) = plan_jobs(demands(t.cast("t.Any", streams), horizon()), horizon(**about)).values()
    return list(planned)


def test_new_days_of_every_stream_come_before_any_history_and_that_before_what_is_read_again() -> None:
    streams = [
        FakeStream("first", report="NEVER"),
        FakeStream("behind", ago(40, 12), report="BEHIND"),
        FakeStream("fresh", ago(60, 4), report="FRESH"),
    ]
    order = asked(*streams)
    turns = [turn for _, turn, *_ in order]
    assert turns == sorted(turns, key=["NEW", "BACKFILL", "RESTATEMENT"].index)
    assert order[:2] == [("NEVER", "NEW", 18, 4), ("BEHIND", "NEW", 21, 7)]
    assert order[-1] == ("FRESH", "RESTATEMENT", 14, 4)


def test_partitions_have_their_turns_in_the_backfill() -> None:
    order = asked(*(FakeStream(name, report=name) for name in "ABC"))
    assert [report for report, *_ in order] == list("ABCABCABCABC")
    assert [first for *_, first, _ in order][::3] == [18, 33, 48, 60]


def test_whoever_is_furthest_behind_comes_first() -> None:
    streams = [
        FakeStream("ahead", ago(60, 5), report="AHEAD"),
        FakeStream("behind", ago(60, 9), report="BEHIND"),
        FakeStream("never", report="NEVER"),
    ]
    assert [report for report, turn, *_ in asked(*streams) if turn == "NEW"] == ["NEVER", "BEHIND", "AHEAD"]


def test_two_streams_of_a_report_want_it_together() -> None:
    planned = only(FakeStream("rows"), FakeStream("totals"), days=18)
    assert [each.readers for each in planned] == [frozenset({"rows", "totals"})]


def test_a_partition_that_the_account_lacks_is_not_planned() -> None:
    assert asked(FakeStream("lacking", lacking=True)) == []


def test_a_report_of_settled_days_may_be_weeks_old_and_one_of_young_days_a_day() -> None:
    planned = only(FakeStream("first"), days=120)
    assert planned[0].fresh_since == NOW - timedelta(days=1)
    assert planned[-1].fresh_since <= NOW - timedelta(days=60)
    assert all(each.fresh_since >= NOW - KEPT for each in planned)


def test_what_is_read_again_or_grows_is_not_looked_for_among_the_reports_of_others() -> None:
    (again,) = only(FakeStream("fresh", ago(60, 4)))
    assert (again.priority, again.adoptable) == (Priority.RESTATEMENT, False)
    (snapshot,) = only(FakeStream("forecast", calendar=Snapshot()))
    assert not snapshot.adoptable
    assert all(each.adoptable for each in only(FakeStream("first")))


@pytest.mark.parametrize(("complete", "known_available"), [(None, False), (ago(60, 20), True)])
def test_what_the_account_had_before_is_not_tried_first(complete: Window | None, *, known_available: bool) -> None:
    assert {each.known_available for each in only(FakeStream("one", complete))} == {known_available}


def test_a_pending_report_decides_how_time_is_cut() -> None:
    request = ReportRequest("a", "SALES", "ATVPDKIKX0DER", (), ago(20, 6))
    entry = PendingJob(request, "r1", NOW)
    order = asked(FakeStream("first"), pending=[entry], days=35)
    assert order[0] == ("SALES", "NEW", 20, 6)
    assert ("SALES", "BACKFILL", 35, 21) in order
    unsure = asked(FakeStream("first"), pending=[replace(entry, job_id=None)], days=35)
    assert unsure[0] == ("SALES", "NEW", 18, 4)


def test_a_connection_test_plans_one_window_each() -> None:
    streams: t.Any = [FakeStream(name, report=name) for name in "AB"]
    reports = plan_jobs(demands(streams, horizon()), horizon(), first_only=True)
    assert [len(planned) for planned in reports.values()] == [1, 1]


def test_turns_do_not_depend_on_how_many_windows_the_others_have() -> None:
    planned = [
        PlannedJob(
            replace(NEWEST, report_type=name), frozenset("s"), known_available=True, fresh_since=NOW, priority=turn
        )
        for name, turn in (("A", Priority.RESTATEMENT), ("B", Priority.NEW), ("C", Priority.BACKFILL))
    ]
    order = in_asking_order({each.request.partition: [each] for each in planned})
    assert [each.request.report_type for each in order] == ["B", "C", "A"]


def test_a_hole_is_asked_for_by_itself_and_nothing_beyond_it_again() -> None:
    stream = FakeStream("holed", ago(60, 5), holes=(ago(40, 40), ago(8, 8)))
    windows = [(first, last) for *_, first, last in asked(stream)]
    assert sorted(windows, reverse=True) == [(40, 40), (14, 9), (8, 8), (7, 4)]


def test_a_hole_is_requested_with_the_backfill_and_before_restatements() -> None:
    streams = [FakeStream(name, ago(40, 5), holes=(ago(20, 20),), report=name) for name in "AB"]
    order = [(turn, first) for _, turn, first, _ in asked(*streams, days=60)]
    assert [turn for turn, _ in order] == sorted(
        (turn for turn, _ in order), key=["NEW", "BACKFILL", "RESTATEMENT"].index
    )
    assert [first for turn, first in order if turn == "BACKFILL"][:2] == [20, 20]


def test_a_hole_of_one_of_two_streams_of_a_report_is_asked_for_once_for_both() -> None:
    streams = FakeStream("rows", ago(60, 4), holes=(ago(30, 25),)), FakeStream("totals", ago(60, 4))
    planned = [each for each in only(*streams) if each.request.window == ago(30, 25)]
    assert [each.readers for each in planned] == [frozenset({"rows", "totals"})]


def test_a_hole_before_the_first_wanted_day_is_not_asked_for() -> None:
    assert asked(FakeStream("holed", ago(60, 4), holes=(ago(50, 50),)), days=20) == asked(
        FakeStream("whole", ago(60, 4)), days=20
    )


def test_what_was_to_be_read_again_is_asked_for_as_it_was() -> None:
    windows = [(turn, first, last) for _, turn, first, last in asked(FakeStream("one", ago(60, 5), due=(ago(20, 16),)))]
    assert windows == [("NEW", 14, 4), ("RESTATEMENT", 20, 16)]
    # It is not asked for twice where it overlaps what is read again anyway, or a hole.
    stream = FakeStream("one", ago(60, 5), due=(ago(20, 10), ago(12, 9)), holes=(ago(18, 17),))
    assert sorted((first, last) for *_, first, last in asked(stream)) == [(8, 4), (9, 9), (16, 10), (18, 17), (20, 19)]


def test_what_was_to_be_read_again_is_given_up_a_week_after_its_time() -> None:
    def due(*windows: Window) -> list[tuple[int, int]]:
        return [(first, last) for *_, first, last in asked(FakeStream("one", ago(60, 4), due=windows))][:-1]

    # Fourteen days are read again.
    assert due(ago(25, 20)) == [(21, 20)]
    assert due(ago(40, 22)) == []


def test_what_was_to_be_read_again_is_not_beyond_what_is_wanted_or_read() -> None:
    stream = FakeStream("one", ago(30, 4), due=(ago(40, 20),))
    assert [(first, last) for *_, first, last in asked(stream, days=30)] == [(14, 4)]
