"""Pure dates: periods, limits, and the plan that never leaves a hole."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amazon_sandbox.calendars import published_at
from tap_amazon_vendor.reports.calendars import PERIODS, Horizon, Hours, Period
from tap_amazon_vendor.reports.coverage import plan, reachable
from tap_amazon_vendor.reports.windows import DAY, Window, common, extend, touches

#: docs/amazon/calendars.md#widths-and-look-back: most periods per request, and a look-back in days that is never too
#: short.
SPANS = {"DAY": 15, "WEEK": 7, "MONTH": 15, "QUARTER": 4, "YEAR": 2}
MOST_DAYS_BACK = {"DAY": 1460, "WEEK": 49, "MONTH": 3 * 366, "QUARTER": 2 * 366, "YEAR": 3 * 366}

periods = st.sampled_from(list(PERIODS.values()))
days = st.dates(date(2012, 1, 1), date(2099, 12, 31))


def on(today: date, start: date, end: date | None, availability_days: int, restatement_days: int) -> Horizon:
    """What the settings and a day say about time."""
    now = datetime.combine(today, time(12), timezone.utc)
    return Horizon(now, start, end, availability_days, restatement_days)


def day(text: str) -> date:
    return date.fromisoformat(text)


def window(start: str, end: str) -> Window:
    return Window(day(start), day(end))


def days_of(one: Window) -> list[date]:
    """List the days of a window by counting, not by the code under test."""
    return [one.start + timedelta(days=number) for number in range((one.end - one.start).days + 1)]


def is_first(period: Period, one: date) -> bool:
    """Say by Amazon's rule, and not by the code under test, whether a period begins at a day."""
    return {
        "DAY": True,
        "WEEK": one.isoweekday() == 7,
        "MONTH": one.day == 1,
        "QUARTER": one.day == 1 and one.month in {1, 4, 7, 10},
        "YEAR": (one.month, one.day) == (1, 1),
    }[period.name]


@st.composite
def horizons(draw: st.DrawFn, most_restated: int = 60) -> Horizon:
    today = draw(days)
    ago = draw(st.integers(0, 1600))
    start = today - timedelta(days=ago)
    end = draw(st.none() | st.integers(0, ago).map(lambda more: start + timedelta(days=more)))
    return on(today, start, end, draw(st.integers(0, 10)), draw(st.integers(0, most_restated)))


@st.composite
def situations(
    draw: st.DrawFn, *, begun: bool | None = None, most_restated: int = 60
) -> tuple[Period, Horizon, Window | None]:
    """Any settings, and any complete range that an earlier run may have left and Amazon can still go on from."""
    period, horizon = draw(periods), draw(horizons(most_restated))
    complete = None
    if begun or (begun is None and draw(st.booleans())):
        oldest = period.oldest_day(horizon.today) - DAY
        newest = horizon.today - timedelta(days=draw(st.integers(0, (horizon.today - oldest).days)))
        first = newest - timedelta(days=draw(st.integers(0, 800)))
        complete = Window(period.first_day(first), period.last_day(newest))
    return period, horizon, reachable(complete, horizon, period)


class TestPeriod:
    @pytest.mark.parametrize(
        ("name", "one", "first", "last"),
        [
            ("DAY", "2024-02-29", "2024-02-29", "2024-02-29"),
            ("WEEK", "2026-11-15", "2026-11-15", "2026-11-21"),  # a Sunday
            ("WEEK", "2026-11-21", "2026-11-15", "2026-11-21"),  # a Saturday
            ("WEEK", "2026-01-01", "2025-12-28", "2026-01-03"),
            ("WEEK", "2024-02-29", "2024-02-25", "2024-03-02"),
            ("MONTH", "2024-02-10", "2024-02-01", "2024-02-29"),
            ("MONTH", "2023-02-28", "2023-02-01", "2023-02-28"),
            ("MONTH", "2100-02-01", "2100-02-01", "2100-02-28"),
            ("MONTH", "2026-12-31", "2026-12-01", "2026-12-31"),
            ("QUARTER", "2026-01-01", "2026-01-01", "2026-03-31"),
            ("QUARTER", "2026-05-31", "2026-04-01", "2026-06-30"),
            ("QUARTER", "2026-09-30", "2026-07-01", "2026-09-30"),
            ("QUARTER", "2026-12-31", "2026-10-01", "2026-12-31"),
            ("YEAR", "2024-12-31", "2024-01-01", "2024-12-31"),
            ("YEAR", "2025-01-01", "2025-01-01", "2025-12-31"),
        ],
    )
    def test_is_amazons_calendar_period(self, name: str, one: str, first: str, last: str) -> None:
        period = PERIODS[name]
        assert period.first_day(day(one)) == day(first)
        assert period.last_day(day(one)) == day(last)

    @given(period=periods, one=days)
    def test_begins_where_the_one_before_ends(self, period: Period, one: date) -> None:
        first, last = period.first_day(one), period.last_day(one)
        assert first <= one <= last
        assert is_first(period, first)
        assert is_first(period, last + DAY)
        assert not any(is_first(period, inner) for inner in days_of(Window(first, last))[1:])

    def test_all_five_of_amazons_periods_are_known(self) -> None:
        assert {name: period.span for name, period in PERIODS.items()} == SPANS
        assert all(name == period.name for name, period in PERIODS.items())

    @given(period=periods, one=days)
    def test_newest_day_ends_the_newest_closed_period(self, period: Period, one: date) -> None:
        newest = period.newest_day(one)
        assert newest <= one
        assert period.last_day(newest) == newest
        assert period.last_day(newest + DAY) > one

    @pytest.mark.parametrize(
        ("name", "today", "oldest"),
        [
            ("DAY", "2026-11-20", "2022-11-21"),  # 1,460 days
            ("DAY", "2024-02-29", "2020-03-01"),
            ("WEEK", "2026-11-20", "2026-10-04"),  # 49 days back is a Friday: the Sunday after it
            ("WEEK", "2026-11-22", "2026-10-04"),  # a Sunday: 49 days back is one too
            ("MONTH", "2026-11-20", "2023-12-01"),
            ("MONTH", "2026-11-01", "2023-11-01"),
            ("QUARTER", "2026-11-20", "2025-01-01"),
            ("QUARTER", "2026-10-01", "2024-10-01"),
            ("QUARTER", "2026-10-02", "2025-01-01"),
            ("YEAR", "2024-02-29", "2022-01-01"),
            ("YEAR", "2026-01-01", "2023-01-01"),
        ],
    )
    def test_oldest_day_begins_the_oldest_period_that_amazon_still_has(
        self, name: str, today: str, oldest: str
    ) -> None:
        assert PERIODS[name].oldest_day(day(today)) == day(oldest)

    @given(period=periods, one=days, count=st.integers(1, 20))
    def test_periods_cut_a_window_without_gap_or_overlap(self, period: Period, one: date, count: int) -> None:
        end = period.first_day(one)
        for _ in range(count):
            end = period.last_day(end) + DAY
        whole = Window(period.first_day(one), end - DAY)
        cut = period.cut(whole)
        assert len(cut) == count
        assert [a_day for part in cut for a_day in days_of(part)] == days_of(whole)
        assert all(is_first(period, part.start) for part in cut)

    def test_an_empty_window_has_no_periods(self) -> None:
        assert PERIODS["DAY"].cut(window("2026-01-02", "2026-01-01")) == []

    @pytest.mark.parametrize(
        ("name", "whole", "left"),
        [
            ("DAY", ("2024-02-15", "2024-03-01"), ("2024-02-15", "2024-02-29")),
            ("DAY", ("2025-12-31", "2026-01-01"), ("2025-12-31", "2025-12-31")),
            ("DAY", ("2026-01-01", "2026-01-01"), None),
            ("WEEK", ("2026-11-01", "2026-11-14"), ("2026-11-01", "2026-11-07")),
            ("WEEK", ("2026-11-08", "2026-11-14"), None),
            ("MONTH", ("2024-01-01", "2024-03-31"), ("2024-01-01", "2024-02-29")),
            ("QUARTER", ("2025-10-01", "2026-03-31"), ("2025-10-01", "2025-12-31")),
            ("YEAR", ("2024-01-01", "2025-12-31"), ("2024-01-01", "2024-12-31")),
            ("YEAR", ("2025-01-01", "2025-12-31"), None),
        ],
    )
    def test_shorten_leaves_out_the_newest_period(
        self, name: str, whole: tuple[str, str], left: tuple[str, str] | None
    ) -> None:
        assert PERIODS[name].shorten(window(*whole)) == (window(*left) if left else None)


class TestWanted:
    def test_the_newest_day_is_today_minus_availability(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-11-01"), None, 4, 14)
        assert PERIODS["DAY"].wanted(horizon) == window("2026-11-01", "2026-11-16")

    @pytest.mark.parametrize(
        ("moment", "newest"),
        [
            ("2026-11-20T07:59:59", "2026-11-15"),
            ("2026-11-20T08:00:00", "2026-11-16"),
            ("2026-07-20T06:59:59", "2026-07-15"),
            ("2026-07-20T07:00:00", "2026-07-16"),
            # Summer time begins on 8 March and ends on 1 November.
            ("2026-03-11T07:59:59", "2026-03-06"),
            ("2026-03-11T08:00:00", "2026-03-07"),
            ("2026-11-04T06:59:59", "2026-10-30"),
            ("2026-11-04T07:00:00", "2026-10-31"),
        ],
    )
    def test_a_day_is_wanted_when_72_hours_have_passed_since_it_ended_in_the_pacific_zone(
        self, moment: str, newest: str
    ) -> None:
        now = datetime.fromisoformat(f"{moment}+00:00")
        wanted = PERIODS["DAY"].wanted(Horizon(now, day("2026-01-01"), None, 4, 14))
        assert wanted
        assert wanted.end == day(newest)

    @given(now=st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1)))  # noqa: DTZ001
    def test_the_newest_day_is_one_that_the_local_amazon_has_just_published(self, now: datetime) -> None:
        horizon = Horizon(now.replace(tzinfo=timezone.utc), day("2023-01-01"), None, 4, 14)
        newest = horizon.published
        assert published_at(newest, saturday=72) <= horizon.now < published_at(newest + DAY, saturday=72)

    def test_a_period_that_is_not_closed_is_not_wanted(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-09-10"), None, 4, 14)
        assert PERIODS["WEEK"].wanted(horizon) == window("2026-10-04", "2026-11-14")
        assert PERIODS["MONTH"].wanted(horizon) == window("2026-09-01", "2026-10-31")
        assert PERIODS["QUARTER"].wanted(horizon) == window("2026-07-01", "2026-09-30")
        assert PERIODS["YEAR"].wanted(horizon) is None

    def test_a_period_that_closes_on_the_newest_day_is_wanted(self) -> None:
        horizon = on(day("2027-01-04"), day("2026-12-31"), None, 4, 14)
        assert PERIODS["YEAR"].wanted(horizon) == window("2026-01-01", "2026-12-31")
        before = on(day("2027-01-03"), day("2026-12-31"), None, 4, 14)
        assert PERIODS["YEAR"].wanted(before) is None

    def test_an_end_date_never_reaches_past_what_is_published(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-11-01"), day("2026-12-31"), 4, 14)
        assert PERIODS["DAY"].wanted(horizon) == window("2026-11-01", "2026-11-16")

    def test_an_end_date_is_the_last_day_and_belongs_to_it(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-11-01"), day("2026-11-03"), 4, 14)
        assert PERIODS["DAY"].wanted(horizon) == window("2026-11-01", "2026-11-03")

    def test_the_period_that_holds_the_first_wanted_day_is_wanted_whole(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-10-14"), None, 4, 14)
        wanted = PERIODS["WEEK"].wanted(horizon)
        assert wanted
        assert wanted.start == day("2026-10-11")

    def test_nothing_is_wanted_of_days_to_come(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-11-17"), None, 4, 14)
        assert PERIODS["DAY"].wanted(horizon) is None

    @given(period=periods, horizon=horizons())
    def test_wanted_is_every_closed_published_kept_period_and_no_other(self, period: Period, horizon: Horizon) -> None:
        wanted = period.wanted(horizon)
        newest = horizon.today - timedelta(days=horizon.availability_days)
        limit = min(newest, horizon.end or newest)
        good = {
            one
            for one in days_of(Window(period.first_day(horizon.start), horizon.today))
            if period.last_day(one) <= limit and period.first_day(one) >= period.oldest_day(horizon.today)
        }
        assert set(days_of(wanted) if wanted else []) == good


class TestPlan:
    """`plan`, from any state."""

    @given(situation=situations())
    def test_every_wanted_day_is_complete_or_asked_for_once(
        self, situation: tuple[Period, Horizon, Window | None]
    ) -> None:
        period, horizon, complete = situation
        wanted = period.wanted(horizon)
        asked = Counter(one for planned in plan(complete, horizon, period) for one in days_of(planned))
        assert not [one for one, times in asked.items() if times > 1]
        done = set(days_of(complete)) if complete else set()
        assert set(days_of(wanted) if wanted else []) <= done | set(asked)
        assert wanted or not asked

    @given(situation=situations())
    def test_windows_are_whole_periods_and_no_wider_than_amazon_allows(
        self, situation: tuple[Period, Horizon, Window | None]
    ) -> None:
        period, horizon, complete = situation
        for planned in plan(complete, horizon, period):
            assert planned.start <= planned.end
            assert is_first(period, planned.start)
            assert is_first(period, planned.end + DAY)
            begun = sum(is_first(period, one) for one in days_of(planned))
            assert begun <= SPANS[period.name]

    @given(situation=situations())
    def test_nothing_is_asked_for_that_is_not_closed_and_published(
        self, situation: tuple[Period, Horizon, Window | None]
    ) -> None:
        period, horizon, complete = situation
        newest = horizon.today - timedelta(days=horizon.availability_days)
        for planned in plan(complete, horizon, period):
            # What lies before a complete day was published before it.
            assert planned.end <= newest or (complete and planned.end < complete.start)

    @example(
        situation=(
            PERIODS["WEEK"],
            on(day("2026-11-20"), day("2026-09-01"), None, 4, 60),
            window("2026-08-02", "2026-11-07"),
        )
    )
    @given(situation=situations())
    def test_nothing_is_asked_for_that_amazon_no_longer_has(
        self, situation: tuple[Period, Horizon, Window | None]
    ) -> None:
        period, horizon, complete = situation
        for planned in plan(complete, horizon, period):
            assert (horizon.today - planned.start).days <= MOST_DAYS_BACK[period.name]
            assert planned.start >= period.oldest_day(horizon.today)

    @given(situation=situations())
    def test_the_range_grows_upwards_then_backwards_and_never_has_a_hole(
        self, situation: tuple[Period, Horizon, Window | None]
    ) -> None:
        period, horizon, complete = situation
        grown = complete
        seen = set(days_of(complete)) if complete else set()
        for planned in plan(complete, horizon, period):
            assert touches(grown, planned)
            grown = extend(grown, planned)
            seen |= set(days_of(planned))
            # Cut the run here: all days between both ends have been read.
            assert set(days_of(grown)) == seen

    @given(situation=situations())
    def test_windows_ascend_up_to_the_newest_day_then_descend(
        self, situation: tuple[Period, Horizon, Window | None]
    ) -> None:
        period, horizon, complete = situation
        planned = plan(complete, horizon, period)
        upwards = [one for one in planned if complete and one.start >= complete.start]
        backwards = planned[len(upwards) :]
        assert planned[: len(upwards)] == upwards == sorted(upwards)
        assert backwards == sorted(backwards, reverse=True)
        assert all(complete is None or one.end < complete.start for one in backwards)

    # More restatement days than that would leave Amazon's reach, which is the matter of another test.
    @given(situation=situations(begun=True, most_restated=40))
    def test_of_the_complete_range_only_days_that_were_not_final_when_last_read_are_asked_for_again(
        self, situation: tuple[Period, Horizon, Window | None]
    ) -> None:
        period, horizon, _ = situation
        complete = t.cast("Window", situation[2])
        wanted = period.wanted(horizon)
        # With a run each day, the last one began a day before for each day that the range is behind.
        behind = (wanted.end - complete.end).days if wanted else 0
        restated = horizon.today - timedelta(days=horizon.restatement_days + max(0, behind - 1))
        asked = {one for planned in plan(complete, horizon, period) for one in days_of(planned)}
        expected = {
            one
            for one in days_of(complete)
            if wanted and period.last_day(one) >= restated and period.oldest(horizon) <= one <= wanted.end
        }
        assert asked & set(days_of(complete)) == expected

    @given(situation=situations())
    def test_a_run_after_a_whole_run_asks_for_nothing_but_restated_days(
        self, situation: tuple[Period, Horizon, Window | None]
    ) -> None:
        period, horizon, complete = situation
        for planned in plan(complete, horizon, period):
            complete = extend(complete, planned)
        again = plan(complete, horizon, period)
        assert all(planned.end >= period.restated(horizon) for planned in again)

    @given(situation=situations())
    def test_the_number_of_reports_is_the_least_possible(
        self, situation: tuple[Period, Horizon, Window | None]
    ) -> None:
        period, horizon, complete = situation
        planned = plan(complete, horizon, period)
        upwards = [one for one in planned if complete and one.start >= complete.start]
        for part in (upwards, planned[len(upwards) :]):
            count = sum(is_first(period, one) for whole in part for one in days_of(whole))
            assert len(part) == -(-count // SPANS[period.name])

    @given(
        situation=situations(),
        quarters=st.integers(-14 * 4, 14 * 4),
        moment=st.times(),
    )
    def test_the_clocks_time_zone_and_the_time_of_day_change_nothing(
        self, situation: tuple[Period, Horizon, Window | None], quarters: int, moment: time
    ) -> None:
        period, horizon, complete = situation
        # Before eight it is still yesterday where Amazon counts.
        now = datetime.combine(horizon.today, max(moment, time(8)), timezone.utc)
        elsewhere = replace(horizon, now=now.astimezone(timezone(timedelta(minutes=15 * quarters))))
        assert elsewhere.today == horizon.today
        assert plan(complete, elsewhere, period) == plan(complete, horizon, period)

    @pytest.mark.parametrize("year", [2023, 2024, 2026, 2028, 2100])
    @pytest.mark.parametrize("period", PERIODS.values(), ids=PERIODS)
    def test_every_day_of_a_year_is_in_one_period(self, period: Period, year: int) -> None:
        first, last = period.first_day(date(year, 1, 1)), period.last_day(date(year, 12, 31))
        found = [one for unit in period.cut(Window(first, last)) for one in days_of(unit)]
        assert found == days_of(Window(first, last))

    def test_a_first_run_begins_with_the_newest_fifteen_days(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-10-10"), None, 4, 14)
        assert plan(None, horizon, PERIODS["DAY"]) == [
            window("2026-11-02", "2026-11-16"),
            window("2026-10-18", "2026-11-01"),
            window("2026-10-10", "2026-10-17"),
        ]

    def test_a_later_run_reads_restated_days_and_new_ones_then_goes_on_backwards(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-09-25"), None, 4, 14)
        complete = window("2026-10-10", "2026-11-10")
        assert plan(complete, horizon, PERIODS["DAY"]) == [
            # What was younger than 14 days on the day of the last run, 2026-11-14.
            window("2026-11-01", "2026-11-15"),
            window("2026-11-16", "2026-11-16"),
            window("2026-09-25", "2026-10-09"),
        ]

    def test_after_a_long_pause_the_days_between_come_first(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-11-01"), None, 4, 3)
        complete = window("2026-09-01", "2026-10-20")
        assert plan(complete, horizon, PERIODS["DAY"]) == [
            window("2026-10-21", "2026-11-04"),
            window("2026-11-05", "2026-11-16"),
        ]

    @pytest.mark.parametrize("pause", [1, 2, 5, 13, 40])
    def test_after_a_pause_of_the_schedule_each_day_is_read_when_it_is_final(self, pause: int) -> None:
        first, later = (
            on(day("2026-10-01") + timedelta(days=days), day("2026-08-01"), None, 4, 14) for days in (0, pause)
        )
        complete = window("2026-08-01", "2026-09-27")
        again = {one for planned in plan(complete, later, PERIODS["DAY"]) for one in days_of(planned)}
        young = {one for one in days_of(complete) if (first.today - one).days < 14}
        assert young <= again

    def test_hours_of_the_day_before_are_read_again_by_a_daily_run(self) -> None:
        hours, now = Hours(336, 720, 4), datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
        complete = Window(now - timedelta(days=9), now - timedelta(days=1, hours=4))
        horizon = Horizon(now, date(2026, 11, 1), None, 4, 14)
        first, *_ = plan(complete, horizon, hours)
        assert first == Window(now - timedelta(hours=47), now - timedelta(hours=4))

    def test_without_restatement_a_complete_range_asks_for_nothing(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-11-01"), None, 4, 0)
        assert plan(window("2026-11-01", "2026-11-16"), horizon, PERIODS["DAY"]) == []

    def test_a_restated_day_brings_its_whole_period(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-10-04"), None, 4, 14)
        complete = window("2026-10-04", "2026-11-14")
        # Fourteen days back is Friday the 6th, of the week that begins on the 1st.
        assert plan(complete, horizon, PERIODS["WEEK"]) == [window("2026-11-01", "2026-11-14")]

    def test_leap_day_and_year_end_are_days_like_others(self) -> None:
        horizon = on(day("2024-03-05"), day("2023-12-25"), None, 4, 14)
        planned = plan(None, horizon, PERIODS["DAY"])
        assert planned[0] == window("2024-02-16", "2024-03-01")
        assert planned[-1].start == day("2023-12-25")
        assert sum(len(days_of(one)) for one in planned) == 68

    def test_a_start_at_the_beginning_of_the_calendar_means_everything(self) -> None:
        horizon = on(day("2026-11-20"), day("0001-01-01"), None, 4, 14)
        assert plan(None, horizon, PERIODS["WEEK"]) == [window("2026-10-04", "2026-11-14")]

    def test_what_is_not_closed_yet_gives_no_plan(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-11-17"), None, 4, 14)
        assert plan(None, horizon, PERIODS["DAY"]) == []
        assert plan(window("2026-11-01", "2026-11-16"), horizon, PERIODS["DAY"]) == []


class TestReachable:
    def test_a_range_that_amazon_can_continue_is_kept(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-11-01"), None, 4, 14)
        oldest = PERIODS["DAY"].oldest_day(horizon.today)
        just = Window(oldest - 5 * DAY, oldest - DAY)
        assert reachable(just, horizon, PERIODS["DAY"]) == just

    def test_a_range_that_amazon_can_not_continue_is_given_up(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-11-01"), None, 4, 14)
        oldest = PERIODS["DAY"].oldest_day(horizon.today)
        assert reachable(Window(oldest - 5 * DAY, oldest - 2 * DAY), horizon, PERIODS["DAY"]) is None

    def test_no_range_stays_none(self) -> None:
        horizon = on(day("2026-11-20"), day("2026-11-01"), None, 4, 14)
        assert reachable(None, horizon, PERIODS["DAY"]) is None


class TestRanges:
    complete = window("2026-11-05", "2026-11-10")

    @pytest.mark.parametrize(
        ("one", "joined"),
        [
            (("2026-11-11", "2026-11-15"), True),
            (("2026-11-12", "2026-11-15"), False),
            (("2026-11-01", "2026-11-04"), True),
            (("2026-11-01", "2026-11-03"), False),
            (("2026-11-06", "2026-11-07"), True),
            (("2026-11-01", "2026-11-30"), True),
        ],
    )
    def test_touches_says_whether_a_hole_would_be_left(self, one: tuple[str, str], *, joined: bool) -> None:
        assert touches(self.complete, window(*one)) is joined

    def test_any_window_touches_nothing(self) -> None:
        assert touches(None, self.complete)

    def test_extend_joins_upwards_backwards_and_not_at_all(self) -> None:
        assert extend(None, self.complete) == self.complete
        assert extend(self.complete, window("2026-11-11", "2026-11-12")) == window("2026-11-05", "2026-11-12")
        assert extend(self.complete, window("2026-11-01", "2026-11-04")) == window("2026-11-01", "2026-11-10")
        assert extend(self.complete, window("2026-11-06", "2026-11-07")) == self.complete

    def test_common_is_what_every_stream_has(self) -> None:
        other = window("2026-11-08", "2026-11-20")
        assert common([self.complete]) == self.complete
        assert common([self.complete, other]) == window("2026-11-08", "2026-11-10")

    def test_common_is_nothing_where_one_has_nothing(self) -> None:
        assert common([]) is None
        assert common([self.complete, None]) is None
        assert common([self.complete, window("2026-11-11", "2026-11-12")]) is None

    @given(
        ranges=st.lists(
            st.tuples(days, st.integers(0, 40)).map(lambda pair: Window(pair[0], pair[0] + timedelta(days=pair[1]))),
            min_size=1,
            max_size=4,
        )
    )
    def test_common_holds_just_the_days_of_all(self, ranges: list[Window]) -> None:
        expected = set.intersection(*(set(days_of(one)) for one in ranges))
        found = common(ranges)
        assert set(days_of(found) if found else []) == expected

    def test_a_window_is_written_as_an_iso_interval(self) -> None:
        assert str(self.complete) == "2026-11-05/2026-11-10"
