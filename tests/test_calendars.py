"""Calendars other than periods: hours, snapshots, campaigns."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.reports.windows import (
    HOUR,
    Campaigns,
    Horizon,
    Hours,
    Snapshot,
    Window,
    from_text,
    plan,
    reachable,
    to_text,
    touches,
)

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
        assert plan(complete, horizon(), SALES) == [Window(at("20T12"), at("21T08"))]

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
