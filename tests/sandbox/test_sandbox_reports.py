"""The rules of the report types: how a request ends that breaks one."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from amazon_sandbox import calendars
from amazon_sandbox.rules import verdicts

if TYPE_CHECKING:
    from sandbox.conftest import Driver

SALES = {"reportPeriod": "DAY", "distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"}
TRAFFIC = "GET_VENDOR_TRAFFIC_REPORT"


def traffic(period: str, start: str, end: str) -> dict[str, object]:
    """A request for the traffic report."""
    options = {"reportPeriod": period}
    return {"reportType": TRAFFIC, "reportOptions": options, "dataStartTime": start, "dataEndTime": end}


@pytest.mark.parametrize("missing", ["dataStartTime", "dataEndTime"])
def test_both_dates_are_needed(amazon: Driver, missing: str) -> None:
    change = {"dataEndTime": "2026-11-16", missing: None}
    assert amazon.reason(**change) == "dataStartTime and dataEndTime must be supplied"


@pytest.mark.parametrize("options", [None, {"reportPeriod": "DAY"}, ["reportPeriod=DAY"], {}])
def test_all_options_are_needed_as_a_map(amazon: Driver, options: object) -> None:
    assert amazon.reason(reportOptions=options) == (
        "This report type requires the reportPeriod, distributorView, sellingProgram reportOption to be specified."
    )


def test_an_unknown_option_ends_without_a_document(amazon: Driver) -> None:
    assert amazon.reason(reportOptions={**SALES, "viewBy": "vendorcode"}) is None


def test_the_case_of_an_option_matters(amazon: Driver) -> None:
    assert amazon.reason(reportOptions={**SALES, "ReportPeriod": "DAY"}) is None


@pytest.mark.parametrize(
    ("label", "change", "text"),
    [
        ("vendor-us", {"sellingProgram": "PRIME"}, "sellingProgram parameter contains an invalid value"),
        ("vendor-us", {"distributorView": "sourcing"}, "distributorView parameter contains an invalid value"),
        ("vendor-us", {"reportPeriod": "HOUR"}, "reportPeriod parameter contains an invalid value"),
        ("vendor-de", {"sellingProgram": "BUSINESS"}, "sellingProgram parameter contains an invalid value"),
        ("vendor-uk", {"sellingProgram": "FRESH", "distributorView": "SOURCING"}, "sellingProgram parameter"),
        ("vendor-uk", {}, "No vendor code set as manufacturing role for vendor group"),
    ],
)
def test_values_that_the_account_does_not_have(amazon: Driver, label: str, change: dict[str, str], text: str) -> None:
    reason = amazon.reason(label, reportOptions={**SALES, **change})
    assert reason is not None
    assert reason.startswith(text)


def test_another_marketplace_of_the_region_ends_fatal(amazon: Driver) -> None:
    assert amazon.reason("vendor-de", marketplaceIds=["A1F83G8C2ARO7P"]) == (
        "The requested marketplaceId does not match the marketplace associated with the selling partner account:"
        " A1PA6795UKMFR9"
    )


def test_exactly_one_marketplace(amazon: Driver) -> None:
    reason = amazon.reason("vendor-de", marketplaceIds=["A1PA6795UKMFR9", "A1F83G8C2ARO7P"])
    assert reason is not None
    assert reason.startswith("The requested marketplaceId does not match")


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("WEEK", "2026-11-01", "2026-11-14"),
        ("WEEK", "2026-09-27", "2026-11-14"),
        ("MONTH", "2026-10-01", "2026-10-31"),
        ("MONTH", "2023-11-01", "2025-01-31"),
        ("QUARTER", "2024-10-01", "2025-09-30"),
        ("YEAR", "2023-01-01", "2024-12-31"),
        ("DAY", "2026-11-02", "2026-11-16"),
        ("DAY", "2022-11-21", "2022-11-21"),
    ],
)
def test_widest_and_oldest_requests_that_are_allowed(amazon: Driver, period: str, start: str, end: str) -> None:
    assert amazon.finished(**traffic(period, start, end))["processingStatus"] == "DONE"


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        # Not aligned.
        ("WEEK", "2026-11-02", "2026-11-14"),
        ("WEEK", "2026-11-01", "2026-11-13"),
        ("MONTH", "2026-10-02", "2026-10-31"),
        ("QUARTER", "2026-04-01", "2026-05-31"),
        ("YEAR", "2025-01-01", "2025-12-30"),
        # Too wide.
        ("DAY", "2026-11-01", "2026-11-16"),
        ("MONTH", "2025-01-01", "2026-10-31"),
        ("YEAR", "2023-01-01", "2025-12-31"),
        # Too far back.
        ("DAY", "2022-11-20", "2022-11-20"),
        ("WEEK", "2026-09-20", "2026-09-26"),
        ("MONTH", "2023-10-01", "2023-10-31"),
        ("QUARTER", "2024-07-01", "2024-09-30"),
        ("YEAR", "2022-01-01", "2022-12-31"),
    ],
)
def test_ranges_that_break_a_rule(amazon: Driver, period: str, start: str, end: str) -> None:
    assert amazon.reason(**traffic(period, start, end)) == verdicts.CLIENT_ERROR


def test_a_longer_period_that_still_runs_is_a_client_error(amazon: Driver) -> None:
    amazon.clock.now = datetime(2026, 11, 30, 20, tzinfo=timezone.utc)
    assert amazon.reason(**traffic("MONTH", "2026-11-01", "2026-11-30")) == verdicts.CLIENT_ERROR


@pytest.mark.parametrize("end", ["2026-11-17", "2026-11-19", "2026-11-20"])
def test_one_day_not_yet_published_spoils_the_range(amazon: Driver, end: str) -> None:
    reason = amazon.reason(dataEndTime=end)
    assert reason == (
        "The report data for the requested date range is not yet available. Try submitting this createReport request"
        " at a later time, or modify dataEndTime to be an earlier date."
    )


@pytest.mark.parametrize(
    ("day", "published"),
    [
        # A Monday closes at eight o'clock UTC and appears 72 hours later.
        (date(2026, 11, 16), datetime(2026, 11, 20, 8, tzinfo=timezone.utc)),
        # A Saturday needs 48 hours.
        (date(2026, 11, 14), datetime(2026, 11, 17, 8, tzinfo=timezone.utc)),
        # In summer Seattle is one hour nearer to UTC.
        (date(2026, 7, 1), datetime(2026, 7, 5, 7, tzinfo=timezone.utc)),
        # 72 hours are 72 hours, also across the end of summer time.
        (date(2026, 10, 30), datetime(2026, 11, 3, 7, tzinfo=timezone.utc)),
    ],
)
def test_when_a_day_is_published(day: date, published: datetime) -> None:
    assert calendars.published_at(day) == published


def test_availability_turns_at_the_second(amazon: Driver) -> None:
    amazon.clock.now = calendars.published_at(date(2026, 11, 16)) - timedelta(seconds=1)
    assert amazon.reason() == verdicts.NOT_YET_AVAILABLE
    amazon.clock.now = calendars.published_at(date(2026, 11, 16))
    assert amazon.finished()["processingStatus"] == "DONE"


def test_only_the_date_of_a_time_counts(amazon: Driver) -> None:
    report = amazon.finished(dataStartTime="2026-11-15T17:30:00Z", dataEndTime="2026-11-16T03:00:00.000Z")
    specification = amazon.document(report)["reportSpecification"]
    assert specification["dataStartTime"] == "2026-11-15"
    assert specification["dataEndTime"] == "2026-11-16"


def test_dates_inside_a_specification_are_ignored(amazon: Driver) -> None:
    dates = {"dataStartTime": "2026-11-15", "dataEndTime": "2026-11-16"}
    reason = amazon.reason(dataStartTime=None, dataEndTime=None, reportSpecification=dates)
    assert reason == verdicts.DATES_MISSING


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        ("WEEK", date(2026, 11, 20), date(2026, 11, 15), date(2026, 11, 21)),
        ("WEEK", date(2026, 11, 15), date(2026, 11, 15), date(2026, 11, 21)),
        ("WEEK", date(2026, 11, 21), date(2026, 11, 15), date(2026, 11, 21)),
        ("MONTH", date(2024, 2, 29), date(2024, 2, 1), date(2024, 2, 29)),
        ("MONTH", date(2026, 12, 5), date(2026, 12, 1), date(2026, 12, 31)),
        ("QUARTER", date(2026, 11, 20), date(2026, 10, 1), date(2026, 12, 31)),
        ("YEAR", date(2026, 11, 20), date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_periods(period: str, day: date, first: date, last: date) -> None:
    assert calendars.period_of(period, day) == (first, last)
