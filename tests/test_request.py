"""What a report is asked for with, and which documents answer it."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.reports.calendars import PERIODS, Period
from tap_amazon_vendor.reports.request import ReportRequest
from tap_amazon_vendor.reports.windows import Window

REQUEST = ReportRequest(
    account="main",
    report_type="GET_VENDOR_SALES_REPORT",
    marketplace_id="ATVPDKIKX0DER",
    options=(("distributorView", "MANUFACTURING"), ("reportPeriod", "DAY"), ("sellingProgram", "RETAIL")),
    window=Window(date(2026, 11, 2), date(2026, 11, 16)),
)

#: ``reportSpecification`` of the document that answers it, as Amazon's examples have it.
SPECIFICATION: dict[str, t.Any] = {
    "reportType": "GET_VENDOR_SALES_REPORT",
    "reportOptions": {"distributorView": "MANUFACTURING", "reportPeriod": "DAY", "sellingProgram": "RETAIL"},
    "lastUpdatedDate": "2026-11-20",
    "dataStartTime": "2026-11-02",
    "dataEndTime": "2026-11-16",
    "marketplaceIds": ["ATVPDKIKX0DER"],
}


def test_a_request_names_itself_for_the_log() -> None:
    assert str(REQUEST) == "GET_VENDOR_SALES_REPORT MANUFACTURING DAY RETAIL 2026-11-02/2026-11-16 of 'main'"


def test_windows_of_one_bookmark_share_a_partition() -> None:
    other = replace(REQUEST, window=Window(date(2026, 10, 1), date(2026, 10, 15)))
    assert other != REQUEST
    assert other.partition == REQUEST.partition == ("main", *REQUEST.partition[1:])


@pytest.mark.parametrize(
    "change",
    [
        {"account": "other"},
        {"report_type": "GET_VENDOR_TRAFFIC_REPORT"},
        {"marketplace_id": "A1PA6795UKMFR9"},
        {"options": (("reportPeriod", "DAY"),)},
    ],
)
def test_requests_of_two_bookmarks_never_share_a_partition(change: dict[str, t.Any]) -> None:
    assert replace(REQUEST, **change).partition != REQUEST.partition


def test_a_partition_names_itself_for_the_log() -> None:
    assert str(REQUEST.partition) == "GET_VENDOR_SALES_REPORT MANUFACTURING DAY RETAIL of 'main'"


@pytest.mark.parametrize(("days", "recent"), [(0, True), (6, True), (7, False), (400, False)])
def test_recent_are_days_that_amazon_may_still_publish(days: int, *, recent: bool) -> None:
    assert REQUEST.is_recent(REQUEST.window.end + timedelta(days=days)) is recent


def test_shorten_leaves_the_newest_period_out_and_nothing_else() -> None:
    shorter = REQUEST.shorten()
    assert shorter == replace(REQUEST, window=Window(date(2026, 11, 2), date(2026, 11, 15)))


def test_shorten_goes_by_the_calendar_of_the_request() -> None:
    weeks = replace(REQUEST, calendar=PERIODS["WEEK"], window=Window(date(2026, 11, 1), date(2026, 11, 14)))
    assert weeks.shorten() == replace(weeks, window=Window(date(2026, 11, 1), date(2026, 11, 7)))


def test_a_request_of_one_period_can_not_be_shortened() -> None:
    assert replace(REQUEST, window=Window(date(2026, 11, 2), date(2026, 11, 2))).shorten() is None


class TestMatches:
    def test_the_document_that_answers_it_matches(self) -> None:
        assert REQUEST.matches(SPECIFICATION)

    @pytest.mark.parametrize("specification", [None, {}])
    def test_a_document_that_does_not_say_what_it_answers_matches(self, specification: dict[str, t.Any] | None) -> None:
        assert REQUEST.matches(specification)

    @pytest.mark.parametrize("name", list(SPECIFICATION))
    def test_what_the_document_leaves_out_does_not_count(self, name: str) -> None:
        assert REQUEST.matches({key: value for key, value in SPECIFICATION.items() if key != name})

    @pytest.mark.parametrize(
        "change",
        [
            {"reportType": "GET_VENDOR_TRAFFIC_REPORT"},
            {"marketplaceIds": ["A1PA6795UKMFR9"]},
            {"marketplaceIds": []},
            {"dataStartTime": "2026-11-01"},
            {"dataEndTime": "2026-11-15"},
            {"reportOptions": {**SPECIFICATION["reportOptions"], "distributorView": "SOURCING"}},
            {"reportOptions": {**SPECIFICATION["reportOptions"], "sellingProgram": "FRESH"}},
            {"reportOptions": {**SPECIFICATION["reportOptions"], "reportPeriod": "WEEK"}},
        ],
    )
    def test_the_document_of_another_request_does_not_match(self, change: dict[str, t.Any]) -> None:
        assert not REQUEST.matches({**SPECIFICATION, **change})

    def test_dates_match_whatever_their_clock_part(self) -> None:
        moments = {"dataStartTime": "2026-11-02T00:00:00Z", "dataEndTime": "2026-11-16T23:59:59+00:00"}
        assert REQUEST.matches({**SPECIFICATION, **moments})

    def test_an_option_that_amazon_adds_does_not_count(self) -> None:
        options = {**SPECIFICATION["reportOptions"], "currency": "USD"}
        assert REQUEST.matches({**SPECIFICATION, "reportOptions": options})

    def test_options_that_are_null_count_as_left_out(self) -> None:
        assert REQUEST.matches({**SPECIFICATION, "reportOptions": None})


class TestState:
    @given(
        account=st.text(),
        options=st.dictionaries(st.text(), st.text(), max_size=3),
        period=st.sampled_from(list(PERIODS.values())),
        day=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    )
    def test_a_request_comes_back_from_json_as_the_same_key(
        self,
        account: str,
        options: dict[str, str],
        period: Period,
        day: date,
    ) -> None:
        request = ReportRequest(
            account=account,
            report_type="GET_VENDOR_SALES_REPORT",
            marketplace_id="ATVPDKIKX0DER",
            options=tuple(sorted(options.items())),
            # Months end on a date of pendulum, which must not be another key than a date of Python.
            window=Window(period.first_day(day), period.last_day(day)),
        )
        back = ReportRequest.from_state(json.loads(json.dumps(request.to_state())))
        assert back == request
        assert {request: "found"}[back] == "found"
        assert back.partition == request.partition

    def test_is_written_as_plain_json(self) -> None:
        assert REQUEST.to_state() == {
            "account": "main",
            "report_type": "GET_VENDOR_SALES_REPORT",
            "marketplace_id": "ATVPDKIKX0DER",
            "options": {"distributorView": "MANUFACTURING", "reportPeriod": "DAY", "sellingProgram": "RETAIL"},
            "start": "2026-11-02",
            "end": "2026-11-16",
        }

    def test_what_is_added_to_it_is_ignored(self) -> None:
        assert ReportRequest.from_state({**REQUEST.to_state(), "report_id": "7"}) == REQUEST

    @pytest.mark.parametrize("name", list(REQUEST.to_state()))
    def test_a_missing_part_is_a_key_error(self, name: str) -> None:
        with pytest.raises(KeyError):
            ReportRequest.from_state({key: value for key, value in REQUEST.to_state().items() if key != name})

    def test_a_wrong_date_is_a_value_error(self) -> None:
        with pytest.raises(ValueError, match="yesterday"):
            ReportRequest.from_state({**REQUEST.to_state(), "end": "yesterday"})
