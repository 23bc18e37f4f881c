"""Calendars other than periods: hours, snapshots, campaigns."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.reports.calendars import (
    AmazonGenerated,
    Campaigns,
    Horizon,
    Hours,
    Period,
    Snapshot,
    TimedPeriod,
)
from tap_amazon_vendor.reports.coverage import plan, reachable
from tap_amazon_vendor.reports.windows import HOUR, Window, from_text, to_text, touches

NOW = datetime(2026, 11, 21, 12, 34, 56, tzinfo=timezone.utc)
SALES = Hours(span=14 * 24, look_back=30 * 24, late=4)


def at(text: str) -> datetime:
    """An hour of November 2026: day and hour."""
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%dT%H").replace(tzinfo=timezone.utc)


def horizon(start: date = date(2026, 11, 1), end: date | None = None, restatement_days: int = 14) -> Horizon:
    return Horizon(NOW, start, end, 4, restatement_days)


class TestHours:
    def test_the_newest_hour_is_one_that_amazon_has(self) -> None:
        assert SALES.wanted(horizon()) == Window(at("01T00"), at("21T08"))

    def test_the_last_wanted_day_is_wanted_whole(self) -> None:
        assert SALES.wanted(horizon(end=date(2026, 11, 5))) == Window(at("01T00"), at("06T00"))

    def test_what_amazon_no_longer_keeps_is_not_asked_for(self) -> None:
        wanted = Hours(168, 168, 1).wanted(horizon())
        assert wanted
        assert NOW - timedelta(hours=168) < wanted.start < NOW - timedelta(hours=160)

    def test_a_future_start_wants_nothing(self) -> None:
        assert SALES.wanted(horizon(date(2026, 11, 22))) is None

    def test_a_first_run_reads_the_newest_window_first(self) -> None:
        assert plan(None, horizon(), SALES) == [
            Window(at("07T08"), at("21T08")),
            Window(at("01T00"), at("07T08")),
        ]

    def test_a_later_run_reads_the_last_day_again_and_what_is_new(self) -> None:
        complete = Window(at("01T00"), at("21T06"))
        assert plan(complete, horizon(), SALES) == [Window(at("20T11"), at("21T08"))]

    def test_without_restatement_only_what_is_new(self) -> None:
        complete = Window(at("01T00"), at("21T06"))
        assert plan(complete, horizon(restatement_days=0), SALES) == [Window(at("21T06"), at("21T08"))]

    def test_a_window_joins_the_range_at_the_very_hour(self) -> None:
        complete = Window(at("01T00"), at("02T00"))
        assert touches(complete, Window(at("02T00"), at("02T01")))
        assert not touches(complete, Window(at("02T01"), at("02T02")))

    def test_a_pause_longer_than_amazons_memory_starts_anew(self) -> None:
        old = Window(at("01T00") - timedelta(days=60), at("01T00") - timedelta(days=40))
        assert reachable(old, horizon(), SALES) is None

    def test_shortening_drops_the_newest_hour(self) -> None:
        assert SALES.shorten(Window(at("01T00"), at("01T02"))) == Window(at("01T00"), at("01T01"))
        assert SALES.shorten(Window(at("01T00"), at("01T01"))) is None

    def test_halves_are_whole_hours_and_make_the_whole(self) -> None:
        halves = SALES.halve(Window(at("01T00"), at("02T01")))
        assert halves == (Window(at("01T00"), at("01T12")), Window(at("01T12"), at("02T01")))

    def test_a_day_is_not_halved(self) -> None:
        assert SALES.halve(Window(at("01T00"), at("02T00"))) is None

    @given(
        start=st.dates(date(2026, 9, 1), date(2026, 11, 20)),
        complete=st.none() | st.tuples(st.integers(0, 900), st.integers(1, 900)),
        restatement=st.integers(0, 3),
        span=st.integers(1, 400),
    )
    def test_every_wanted_hour_is_covered_once(
        self, start: date, complete: tuple[int, int] | None, restatement: int, span: int
    ) -> None:
        calendar = Hours(span, 30 * 24, 4)
        now = horizon(start, restatement_days=restatement)
        known = None
        if complete:
            end = at("21T08") - complete[0] * HOUR
            known = reachable(Window(end - complete[1] * HOUR, end), now, calendar)
        planned = plan(known, now, calendar)
        hours = [hour for window in planned for hour in calendar.cut(window)]
        assert len(hours) == len(set(hours))
        wanted = calendar.wanted(now)
        have = set(hours) | set(calendar.cut(known) if known else ())
        assert set(calendar.cut(wanted) if wanted else ()) <= have
        range_ = known
        for window in planned:
            assert touches(range_, window)
            assert timedelta(0) < window.end - window.start <= span * HOUR
            range_ = Window(min(window.start, (range_ or window).start), max(window.end, (range_ or window).end))


@given(quarters=st.integers(-14 * 4, 14 * 4), start=st.dates(date(2026, 10, 1), date(2026, 11, 20)))
def test_hours_do_not_depend_on_the_clocks_time_zone(quarters: int, start: date) -> None:
    here = horizon(start)
    elsewhere = replace(here, now=NOW.astimezone(timezone(timedelta(minutes=15 * quarters))))
    assert plan(None, elsewhere, SALES) == plan(None, here, SALES)
    assert to_text(plan(None, elsewhere, SALES)[0].end) == "2026-11-21T08:00:00Z"


class TestSnapshots:
    @pytest.mark.parametrize("complete", [None, Window(date(2026, 11, 1), date(2026, 11, 1))])
    def test_each_run_takes_one(self, complete: Window | None) -> None:
        assert plan(complete, horizon(), Snapshot()) == [Window(date(2026, 11, 21), date(2026, 11, 21))]

    def test_says_no_dates(self) -> None:
        assert Snapshot().range_in == ()


class TestCampaigns:
    CALENDAR = Campaigns(("from", "to"))

    def test_each_run_reads_all_of_them(self) -> None:
        whole = [Window(date(2026, 11, 1), date(2026, 11, 21))]
        assert plan(None, horizon(), self.CALENDAR) == whole
        assert plan(whole[0], horizon(), self.CALENDAR) == whole

    def test_not_further_back_than_two_years(self) -> None:
        (window,) = plan(None, horizon(date(2020, 1, 1)), self.CALENDAR)
        assert window.start == date(2024, 11, 22)

    def test_of_the_future_nothing(self) -> None:
        assert plan(None, horizon(date(2026, 12, 1)), self.CALENDAR) == []


@pytest.mark.parametrize("moment", [date(2026, 2, 28), at("01T23")])
def test_a_moment_survives_the_state(moment: date) -> None:
    assert from_text(to_text(moment)) == moment


@pytest.mark.parametrize("text", ["", "x", "2026-13-01", "2026-11-01T25:00:00Z"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever its words
        from_text(text)


MONTHS_BACK = pendulum.duration(months=18)
DAYS = TimedPeriod("DAY", 30, MONTHS_BACK)
BILLED = TimedPeriod("MONTH", 1, MONTHS_BACK, late=15)
VAT = TimedPeriod("MONTH", 1, MONTHS_BACK, late=3)


def day(text: str) -> date:
    return date.fromisoformat(text)


def noon(today: str | date) -> datetime:
    return datetime.fromisoformat(f"{today}T12:00:00+00:00")


def on(today: str | date, start: str | date = "2026-01-01", restatement_days: int = 14) -> Horizon:
    """What a seller's run wants on a day; the vendor's availability days must not matter."""
    return Horizon(noon(today), day(str(start)), None, 99, restatement_days)


class TestTimedPeriods:
    def test_yesterday_is_the_newest_day(self) -> None:
        assert DAYS.wanted(on("2026-11-21")) == Window(day("2026-01-01"), day("2026-11-20"))

    def test_a_day_ends_with_its_last_second(self) -> None:
        window = Window(day("2026-10-31"), day("2026-11-20"))
        assert DAYS.range(window) == {
            "dataStartTime": "2026-10-31T00:00:00Z",
            "dataEndTime": "2026-11-20T23:59:59Z",
        }

    def test_a_range_of_exactly_one_month_ends_at_midnight(self) -> None:
        surcharged = TimedPeriod("MONTH", 1, MONTHS_BACK, ends_at_midnight=True)
        assert surcharged.range(Window(day("2026-12-01"), day("2026-12-31"))) == {
            "dataStartTime": "2026-12-01T00:00:00Z",
            "dataEndTime": "2027-01-01T00:00:00Z",
        }

    @pytest.mark.parametrize(
        ("today", "newest"), [("2026-11-02", "2026-09-30"), ("2026-11-03", "2026-10-31"), ("2026-11-30", "2026-10-31")]
    )
    def test_vat_of_a_month_is_asked_for_from_the_third_of_the_next(self, today: str, newest: str) -> None:
        wanted = VAT.wanted(on(today))
        assert wanted
        assert wanted.end == day(newest)

    def test_a_month_is_not_asked_for_before_it_is_billed(self) -> None:
        wanted = BILLED.wanted(on("2026-11-14"))
        assert wanted
        assert wanted.end == day("2026-09-30")

    def test_a_month_that_was_billed_late_is_read_again(self) -> None:
        """Asked for before it is billed, it is cancelled like a month without fees."""
        complete = Window(day("2026-01-01"), day("2026-10-31"))
        assert plan(complete, on("2026-11-20"), BILLED) == [Window(day("2026-10-01"), day("2026-10-31"))]
        assert plan(complete, on("2026-11-30"), BILLED) == []

    def test_days_are_read_again_as_often_as_the_user_says_and_the_report_needs(self) -> None:
        complete = Window(day("2026-10-01"), day("2026-11-19"))
        start = "2026-10-01"
        assert plan(complete, on("2026-11-21", start), DAYS) == [Window(day("2026-11-07"), day("2026-11-20"))]
        assert plan(complete, on("2026-11-21", start, 0), DAYS) == [Window(day("2026-11-20"), day("2026-11-20"))]
        updates = replace(DAYS, restated_days=2)
        assert plan(complete, on("2026-11-21", start), updates) == [Window(day("2026-11-19"), day("2026-11-20"))]

    def test_a_window_is_settled_when_it_is_no_longer_read_again(self) -> None:
        for calendar, window in (
            (DAYS, Window(day("2026-10-01"), day("2026-10-01"))),
            (VAT, Window(day("2026-10-01"), day("2026-10-31"))),
            (BILLED, Window(day("2026-10-01"), day("2026-10-31"))),
        ):
            settled = calendar.settles(window, on("2026-12-31")).date()
            assert calendar.restated(on(settled - timedelta(days=1))) <= window.end
            assert calendar.restated(on(settled)) > window.end

    def test_a_month_is_never_halved(self) -> None:
        assert VAT.halve(Window(day("2026-10-01"), day("2026-10-31"))) is None

    def test_a_week_is_never_halved(self) -> None:
        assert DAYS.halve(Window(day("2026-10-01"), day("2026-10-07"))) is None

    @given(
        today=st.dates(date(2020, 1, 1), date(2090, 1, 1)),
        back=st.integers(0, 700),
        late=st.integers(0, 20),
        span=st.integers(1, 60),
        name=st.sampled_from(["DAY", "MONTH"]),
    )
    def test_windows_are_whole_periods_without_a_hole_that_amazon_has(
        self, today: date, back: int, late: int, span: int, name: str
    ) -> None:
        calendar = TimedPeriod(name, span, MONTHS_BACK, late=late)
        horizon = on(today, today - timedelta(days=back))
        windows = sorted(plan(None, horizon, calendar))
        for window in windows:
            units = calendar.cut(window)
            assert 1 <= len(units) <= span
            assert [calendar.first_day(unit.start) for unit in units] == [unit.start for unit in units]
            assert [calendar.last_day(unit.start) for unit in units] == [unit.end for unit in units]
            assert window.end <= today - timedelta(days=late)
        assert all(before.next == after.start for before, after in itertools.pairwise(windows))
        if windows and name == "DAY":
            assert windows[-1].end == today - timedelta(days=late)
            assert windows[0].start == max(today - timedelta(days=back), calendar.oldest(horizon))

    @given(
        start=st.dates(date(2020, 1, 1), date(2090, 1, 1)),
        days=st.integers(8, 400),
    )
    def test_halves_make_the_whole(self, start: date, days: int) -> None:
        window = Window(start, start + timedelta(days=days - 1))
        halves = DAYS.halve(window)
        assert halves
        older, newer = halves
        assert (older.start, newer.end) == (window.start, window.end)
        assert older.next == newer.start

    @given(
        start=st.dates(date(2020, 1, 1), date(2090, 1, 1)),
        days=st.lists(st.integers(1, 30), min_size=2, max_size=5),
        at_midnight=st.booleans(),
    )
    def test_ranges_of_windows_that_follow_share_no_second(
        self, start: date, days: list[int], *, at_midnight: bool
    ) -> None:
        calendar = replace(DAYS, ends_at_midnight=at_midnight)
        gap = timedelta() if at_midnight else timedelta(seconds=1)
        ends: datetime | None = None
        for count in days:
            window = Window(start, start + timedelta(days=count - 1))
            said = {name: datetime.fromisoformat(text[:-1]) for name, text in calendar.range(window).items()}
            assert ends is None or said["dataStartTime"] == ends + gap
            ends, start = said["dataEndTime"], window.next


class TestWhatAmazonMakes:
    def test_a_run_looks_for_all_that_is_kept_whatever_the_start(self) -> None:
        """A report is known by its id, so that none is missed however long the tap did not run."""
        for start in ("2026-01-01", "2026-11-20"):
            wanted = AmazonGenerated().wanted(on("2026-11-21", start))
            assert wanted == Window(day("2026-08-24"), day("2026-11-21"))
            assert (wanted.end - wanted.start).days + 1 == AmazonGenerated().kept

    def test_an_end_is_kept_to(self) -> None:
        horizon = Horizon(noon("2026-11-21"), day("2026-09-01"), day("2026-09-30"), 4, 14)
        assert AmazonGenerated().wanted(horizon) == Window(day("2026-08-24"), day("2026-09-30"))
        assert AmazonGenerated().wanted(replace(horizon, start=day("2026-01-01"), end=day("2026-01-31"))) is None

    def test_a_request_would_say_no_range(self) -> None:
        assert AmazonGenerated().range(Window(day("2026-08-24"), day("2026-11-21"))) == {}


class TestSnapshotsWithABeginning:
    def test_the_range_begins_days_ago_and_says_no_end(self) -> None:
        window = Window(day("2026-11-21"), day("2026-11-21"))
        assert Snapshot(since=3).range(window) == {"dataStartTime": "2026-11-18T00:00:00Z"}
        assert Snapshot().range(window) == {}


class TestLatePeriods:
    def test_a_report_with_a_latency_of_its_own_does_not_wait_for_the_users(self) -> None:
        late = Period("DAY", 1, pendulum.duration(years=2), late=3)
        wanted = late.wanted(on("2026-11-21"))
        assert wanted
        assert wanted.end == day("2026-11-18")
