"""The checks of rows as they pass: their days, their keys, the layout of their document."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.keys import NONE
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.reports.calendars import PERIODS, Hours, Snapshot, TimedPeriod
from tap_amazon_vendor.reports.windows import Window
from tap_amazon_vendor.streams import row_checks
from tap_amazon_vendor.streams.row_checks import (
    ForeignCurrencies,
    NearWindow,
    RepeatedIds,
    RepeatedKeys,
    counted,
    period_check,
)

Row = dict[str, Any]

TWO_DAYS = Window(date(2026, 11, 6), date(2026, 11, 7))
PERIOD = ("start_date", "end_date")


def day(text: str, end: str | None = None) -> Row:
    return {"start_date": text, "end_date": end or text}


class TestPeriods:
    def check(self, rows: list[Row], period: str = "DAY", window: Window = TWO_DAYS) -> None:
        check = period_check(PERIODS[period], window, PERIOD)
        assert check
        check.check(rows)

    def test_the_days_asked_for_pass(self) -> None:
        self.check([day("2026-11-06"), day("2026-11-07"), day("2026-11-06")])

    @pytest.mark.parametrize(
        "row",
        [
            day("2026-11-05"),
            day("2026-11-08"),
            day("2027-01-01"),
            day("0001-01-01"),
            day("2026-11-06", "2026-11-07"),
            day("2026-11-07", "2026-11-06"),
            day("2026-11-01", "2026-11-07"),
        ],
    )
    def test_any_other_period_fails_the_document_and_both_sides_are_named(self, row: Row) -> None:
        with pytest.raises(DocumentError, match=rf"{row['start_date']} to {row['end_date']}.*2026-11-06/2026-11-07"):
            self.check([day("2026-11-06"), row])

    def test_weeks_are_whole(self) -> None:
        weeks = Window(date(2026, 11, 1), date(2026, 11, 14))
        self.check([day("2026-11-01", "2026-11-07"), day("2026-11-08", "2026-11-14")], "WEEK", weeks)
        with pytest.raises(DocumentError):
            self.check([day("2026-11-02", "2026-11-08")], "WEEK", weeks)
        with pytest.raises(DocumentError):
            self.check([day("2026-11-02")], "WEEK", weeks)

    def test_hours_lie_within_the_hours_asked_for(self) -> None:
        start = datetime(2026, 11, 6, 10, tzinfo=timezone.utc)
        hours = Hours(span=24, look_back=24, late=1)
        check = period_check(hours, Window(start, start + timedelta(hours=3)), ("start_time", "end_time", "asin"))
        assert check
        check.check([{"start_time": "2026-11-06T10:00:00Z", "end_time": "2026-11-06T11:00:00Z"}])
        check.check([{"start_time": "2026-11-06T12:00:00.000Z", "end_time": "2026-11-06T13:00:00.000Z"}])
        for first, last in (("09", "10"), ("12", "14"), ("11", "11"), ("13", "14")):
            with pytest.raises(DocumentError):
                check.check([{"start_time": f"2026-11-06T{first}:00:00Z", "end_time": f"2026-11-06T{last}:00:00Z"}])

    def test_rows_with_one_date_have_the_first_of_a_period(self) -> None:
        check = period_check(PERIODS["MONTH"], Window(date(2026, 9, 1), date(2026, 10, 31)), ("date", "units"))
        assert check
        check.check([{"date": "2026-09-01"}, {"date": "2026-10-01"}])
        with pytest.raises(DocumentError):
            check.check([{"date": "2026-11-01"}])

    def test_where_rows_state_no_period_there_is_nothing_to_check(self) -> None:
        assert period_check(Snapshot(), TWO_DAYS, PERIOD) is None
        assert period_check(PERIODS["DAY"], TWO_DAYS, ("asin",)) is None


class TestDaysOfFlatFiles:
    def test_rows_far_from_the_window_are_noticed_and_kept(self) -> None:
        rows = [{"day": text} for text in ("2026-11-04", "2026-11-09T23:59:59+00:00", "2026-11-10", None, "0001-01-01")]
        findings = Findings()
        near = NearWindow(TWO_DAYS, "day")
        assert list(counted([rows], findings, repeated=None, days=near)) == [rows]
        assert findings.remarks == ["2 rows have a day outside the requested 2026-11-06/2026-11-07"]

    @pytest.mark.parametrize("day", ["2026-11-04", "2026-11-10", "2099-01-01", "0001-01-01"])
    def test_figures_far_from_the_window_are_not_the_answer(self, day: str) -> None:
        rows = [{"day": "2026-11-06"}, {"day": day}]
        near = NearWindow(TWO_DAYS, "day", figures=True)
        is_near = day == "2026-11-04"
        with (
            nullcontext() if is_near else pytest.raises(DocumentError, match="1 rows have a day outside the requested")
        ):
            assert list(counted([rows], Findings(), repeated=None, days=near)) == [rows]

    def test_nothing_is_said_of_rows_near_it(self) -> None:
        findings = Findings()
        list(counted([[{"day": "2026-11-06"}]], findings, repeated=None, days=NearWindow(TWO_DAYS, "day")))
        assert findings.remarks == []

    def test_a_month_counts_to_its_end(self) -> None:
        month = TimedPeriod("MONTH", 1, PERIODS["DAY"].look_back)
        window = Window(date(2026, 10, 1), month.last_day(date(2026, 10, 1)))
        findings = Findings()
        list(counted([[{"day": "2026-10-31"}]], findings, repeated=None, days=NearWindow(window, "day")))
        assert findings.remarks == []


class TestKeys:
    @given(keys=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"))), size=st.integers(1, 5))
    def test_rows_with_an_earlier_key_are_counted(self, keys: list[tuple[str, str]], size: int) -> None:
        rows = [{"a": a, "b": b, "n": number} for number, (a, b) in enumerate(keys)]
        chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
        findings = Findings()
        list(counted(chunks, findings, repeated=RepeatedKeys(("a", "b")), days=None))
        assert (findings.rows, findings.repeated_keys) == (len(keys), len(keys) - len(set(keys)))

    def test_memory_is_bounded_and_near_keys_are_found_all_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(row_checks, "COLLECTED_KEYS", 100)
        repeated = RepeatedKeys(("key",))
        # Every key again after 200 others, and once more.
        rows = [{"key": key} for start in range(0, 1000, 200) for _ in range(3) for key in range(start, start + 200)]
        found = sum(repeated.count(rows[start : start + 10]) for start in range(0, len(rows), 10))
        assert found + repeated.compare() == 2000
        assert len(repeated._new) + sum(map(len, repeated._old)) <= 300


class TestIds:
    def test_an_id_twice_is_counted_though_its_rows_are_numbered_and_lines_without_one_are_not(self) -> None:
        rows = [
            {"plate": plate, "occurrence": number}
            for plate, number in [("LPN1", 1), ("LPN1", 2), ("LPN2", 1), (NONE, 1), (NONE, 2)]
        ]
        findings = Findings()
        list(counted([rows], findings, repeated=RepeatedIds("plate"), days=None))
        assert findings.repeated_keys == 1


class TestCurrencies:
    def test_rows_in_another_currency_than_the_marketplaces_are_told_and_written(self) -> None:
        rows = [
            {"a": a, "b": b} for a, b in [("USD", None), ("USD", "CAD"), ("CAD", "CAD"), (None, ""), ("EUR", "USD")]
        ]
        findings = Findings()
        check = ForeignCurrencies(("a", "b"), "USD")
        assert list(counted([rows, rows], findings, repeated=None, days=None, currencies=check)) == [rows, rows]
        assert findings.remarks == [
            "4 rows have amounts in CAD; the currency of the marketplace is USD",
            "2 rows have amounts in EUR; the currency of the marketplace is USD",
        ]

    def test_nothing_is_said_of_the_marketplaces_own(self) -> None:
        findings = Findings()
        check = ForeignCurrencies(("a",), "USD")
        list(counted([[{"a": "USD"}, {"a": None}]], findings, repeated=None, days=None, currencies=check))
        assert findings.remarks == []


class TestLayout:
    def read(self, rows: int, rejects: int, *, layout_known: bool = False) -> Findings:
        findings = Findings()
        for number in range(rejects):
            findings.reject(number + 2, "x", "it has 2 cells, the header 9")
        chunks = [[{"key": number}] for number in range(rows)]
        list(counted(chunks, findings, repeated=None, days=None, layout_known=layout_known))
        return findings

    @pytest.mark.parametrize(("rows", "rejects"), [(1, 10), (209, 11), (1000, 50)])
    def test_dirty_lines_do_not_fail_a_document(self, rows: int, rejects: int) -> None:
        assert self.read(rows, rejects).rejected == rejects

    @pytest.mark.parametrize(("rows", "rejects"), [(0, 1), (0, 2), (0, 11), (200, 11), (1000, 60)])
    def test_more_than_a_dirty_file_explains_fails_it(self, rows: int, rejects: int) -> None:
        with pytest.raises(DocumentError, match=f"{rejects} of {rows + rejects} lines .* number 2: it has 2 cells"):
            self.read(rows, rejects)

    def test_one_line_below_a_header_may_just_be_dirty(self) -> None:
        assert self.read(0, 1, layout_known=True).rejected == 1
        with pytest.raises(DocumentError):
            self.read(0, 2, layout_known=True)
