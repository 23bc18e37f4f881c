"""What a report is asked for with, and which documents answer it."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.engine.model import ListedJob, Processing
from tap_amazon_vendor.reports.calendars import PERIODS, Period, TimedPeriod
from tap_amazon_vendor.reports.report_type import ReportType
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


class TestMismatch:
    def test_the_document_that_answers_it_does_not_contradict_it(self) -> None:
        assert REQUEST.mismatch(SPECIFICATION) is None
        assert REQUEST.matches(SPECIFICATION)

    @pytest.mark.parametrize("specification", [None, {}])
    def test_a_document_that_does_not_say_what_it_answers_contradicts_nothing(
        self, specification: dict[str, t.Any] | None
    ) -> None:
        assert REQUEST.mismatch(specification) is None

    @pytest.mark.parametrize("nothing", ["absent", None, " "])
    @pytest.mark.parametrize("name", list(SPECIFICATION))
    def test_what_the_document_leaves_out_does_not_count(self, name: str, nothing: str | None) -> None:
        said = {key: value for key, value in SPECIFICATION.items() if key != name}
        assert REQUEST.mismatch(said if nothing == "absent" else {**said, name: nothing}) is None

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (
                {"reportType": "GET_VENDOR_TRAFFIC_REPORT"},
                "requested GET_VENDOR_SALES_REPORT, but the document says GET_VENDOR_TRAFFIC_REPORT",
            ),
            ({"marketplaceIds": ["A1PA6795UKMFR9"]}, "requested marketplace US, but the document says DE"),
            (
                {"marketplaceIds": ["A1AM78C64UM0Y8", "ATVPDKIKX0DER"]},
                "requested marketplace US, but the document says MX, US",
            ),
            ({"marketplaceIds": []}, "requested marketplace US, but the document says none"),
            ({"marketplaceIds": "A2EUQ1WTGCTBG2"}, "requested marketplace US, but the document says CA"),
            ({"marketplaceIds": 5}, "its reportSpecification has an invalid marketplaceIds: 5"),
            ({"marketplaceIds": [None]}, "its reportSpecification has an invalid marketplaceIds: null"),
            (
                {"dataStartTime": "2026-11-01"},
                "requested 2026-11-02 to 2026-11-16, but the document says 2026-11-01 to 2026-11-16",
            ),
            (
                {"dataEndTime": "2026-11-15T00:00:00Z"},
                "requested 2026-11-02 to 2026-11-16, but the document says 2026-11-02 to 2026-11-15",
            ),
            ({"dataEndTime": 20261116}, "its reportSpecification has an invalid dataEndTime: 20261116"),
            ({"dataEndTime": "yesterday"}, "its reportSpecification has an invalid dataEndTime: yesterday"),
            (
                {"dataEndTime": "2026-10-01"},
                "its reportSpecification has an invalid dataEndTime: 2026-10-01 before 2026-11-02",
            ),
            ({"reportOptions": ["DAY"]}, "its reportSpecification has an invalid reportOptions: DAY"),
            ({"reportType": 5}, "its reportSpecification has an invalid reportType: 5"),
        ],
    )  # fmt: skip
    def test_names_both_sides(self, change: dict[str, t.Any], told: str) -> None:
        assert REQUEST.mismatch({**SPECIFICATION, **change}) == told
        assert not REQUEST.matches({**SPECIFICATION, **change})

    @pytest.mark.parametrize(
        ("name", "value", "told"),
        [
            ("distributorView", "SOURCING", "SOURCING"),
            ("sellingProgram", "fresh", "FRESH"),
            ("reportPeriod", "FORTNIGHT", "FORTNIGHT"),
            ("reportPeriod", {"DAY": 1}, "an object"),
            ("reportPeriod", 5, "5"),
        ],
    )
    def test_names_the_option(self, name: str, value: object, told: str) -> None:
        options = {**SPECIFICATION["reportOptions"], name: value}
        asked = dict(REQUEST.options)[name]
        assert REQUEST.mismatch({**SPECIFICATION, "reportOptions": options}) == (
            f"requested {name} {asked}, but the document says {told}"
        )

    def test_a_spelling_is_no_contradiction(self) -> None:
        options = {"distributorView": " manufacturing", "reportPeriod": "day", "sellingProgram": "Retail "}
        said = {**SPECIFICATION, "reportOptions": options, "marketplaceIds": " atvpdkikx0der"}
        assert REQUEST.matches({**said, "dataStartTime": " 2026-11-02 00:00:00"})

    def test_dates_match_whatever_their_clock_part(self) -> None:
        moments = {"dataStartTime": "2026-11-02T00:00:00Z", "dataEndTime": "2026-11-16T23:59:59+00:00"}
        assert REQUEST.matches({**SPECIFICATION, **moments})

    def test_an_option_that_amazon_adds_does_not_count(self) -> None:
        options = {**SPECIFICATION["reportOptions"], "currency": {"code": "USD"}, "marketplaceIds": "x"}
        assert REQUEST.matches({**SPECIFICATION, "reportOptions": options})

    @pytest.mark.parametrize("options", [None, {}, {"reportPeriod": "DAY"}, {"reportPeriod": None}, "absent"])
    def test_a_document_of_another_client_must_state_its_options(self, options: object) -> None:
        said = {**SPECIFICATION, "reportOptions": options}
        if options == "absent":
            del said["reportOptions"]
        assert REQUEST.mismatch(said) is None
        assert not REQUEST.matches(said)

    @pytest.mark.parametrize("name", ["asins", "ASINs"])
    def test_a_document_of_another_client_must_not_be_narrowed_by_an_option(self, name: str) -> None:
        request = replace(REQUEST, policy=ReportType(REQUEST.report_type, narrowed_by=("asins",)))
        said = {**SPECIFICATION, "reportOptions": {**SPECIFICATION["reportOptions"], name: "B000000001"}}
        assert request.matches(SPECIFICATION)
        assert not request.matches(said)

    def test_a_document_that_states_nothing_may_be_narrowed_where_that_can_be(self) -> None:
        free = replace(REQUEST, options=())
        assert not free.has_options
        assert replace(free, policy=ReportType(free.report_type, narrowed_by=("eventType",))).has_options

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text() | st.just("DAY"),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*SPECIFICATION, "reportPeriod"]), inner),
        )
    )
    def test_any_specification_is_judged(self, said: t.Any) -> None:
        for specification in (said if isinstance(said, dict) else {}, dict.fromkeys(SPECIFICATION, said)):
            told = REQUEST.mismatch(specification)
            assert told is None or len(told) < 1000
            assert REQUEST.matches(specification) in {True, False}


class TestListing:
    LISTED = ListedJob(
        job_id="7",
        job_type="GET_VENDOR_SALES_REPORT",
        marketplace_ids=("ATVPDKIKX0DER",),
        processing=Processing.DONE,
        created_at=datetime(2026, 11, 17, tzinfo=timezone.utc),
        start="2026-11-02T00:00:00+00:00",
        end="2026-11-16T00:00:00+00:00",
    )

    def test_a_report_of_the_same_days_and_marketplace_may_be_the_answer(self) -> None:
        assert REQUEST.may_be(self.LISTED)

    @pytest.mark.parametrize(
        "change",
        [
            {"job_type": "GET_VENDOR_TRAFFIC_REPORT"},
            {"marketplace_ids": ("A1AM78C64UM0Y8", "ATVPDKIKX0DER")},
            {"marketplace_ids": ("A1AM78C64UM0Y8",)},
            {"marketplace_ids": ()},
            {"start": "2026-11-01T00:00:00+00:00"},
            {"end": None},
        ],
    )
    def test_any_other_is_not(self, change: dict[str, t.Any]) -> None:
        assert not REQUEST.may_be(replace(self.LISTED, **change))

    @pytest.mark.parametrize(
        ("start", "end", "same"),
        [
            ("2026-11-02T00:00:00+00:00", "2026-11-16T23:59:59+00:00", True),
            ("2026-11-02T00:00:00Z", "2026-11-16T23:59:59.999Z", True),
            ("2026-11-01T16:00:00-08:00", "2026-11-16T15:59:59-08:00", True),
            ("2026-11-02T08:00:00+00:00", "2026-11-16T23:59:59+00:00", False),
            ("2026-11-02T00:00:00+00:00", "2026-11-16T12:00:00+00:00", False),
            ("2026-11-02T00:00:00-08:00", "2026-11-16T23:59:59-08:00", False),
        ],
    )
    def test_where_the_range_consists_of_moments_a_part_of_a_day_is_another_range(
        self, start: str, end: str, *, same: bool
    ) -> None:
        by_moments = replace(REQUEST, calendar=TimedPeriod("DAY", 30, pendulum.duration(days=540)))
        assert by_moments.may_be(replace(self.LISTED, start=start, end=end)) is same


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
