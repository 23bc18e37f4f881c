"""What no usage plan shows: quotas of report types, regeneration windows, and reports of others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox.conftest import Clock

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver

REPORTS = "/reports/2021-06-30/reports"
OCTOBER = {"dataStartTime": "2026-10-01T00:00:00Z", "dataEndTime": "2026-10-31T00:00:00Z", "reportOptions": None}
SHIPMENTS = {"reportType": "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL", **OCTOBER}
SALES_AND_TRAFFIC = {"reportType": "GET_SALES_AND_TRAFFIC_REPORT", **OCTOBER}
RETURNS = {"reportType": "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", **OCTOBER}
QUERIES = {
    "reportType": "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT",
    "dataStartTime": "2026-10-04",
    "dataEndTime": "2026-10-10",
}
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"


def listed(amazon: Driver, report_type: str, label: str = "seller-us", **query: str) -> list[dict[str, Any]]:
    """All reports of a type that getReports lists, newest first."""
    found: list[dict[str, Any]] = []
    query = {"reportTypes": report_type, "pageSize": "100", **query}
    while True:
        answer = amazon.call("GET", REPORTS, label, query_string=query)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        found += answer.json["reports"]
        if "nextToken" not in answer.json:
            return found
        query = {"nextToken": answer.json["nextToken"]}


def ask_for_queries(amazon: Driver, label: str) -> int:
    """Ask for the search queries that lead to an ASIN of a seller."""
    place = next(account.marketplaces[0] for account in amazon.sandbox.accounts if account.label == label)
    asin = amazon.sandbox.data.catalogue(label, place).products[0].asin
    options = {"reportPeriod": "WEEK", "asin": asin}
    return amazon.create(label, **QUERIES, reportOptions=options).status_code


def day(number: int) -> dict[str, str]:
    """A window of one day, so that no request repeats another one."""
    return {
        "dataStartTime": f"2026-10-{number:02d}T00:00:00Z",
        "dataEndTime": f"2026-10-{number:02d}T23:59:59Z",
    }


def test_fulfilled_shipments_have_a_quota_of_their_own(amazon: Driver) -> None:
    statuses = [amazon.create("seller-us", **{**SHIPMENTS, **day(number)}).status_code for number in range(1, 5)]
    assert statuses == [202, 202, 202, 429]
    # Other types, and other sellers, are not concerned.
    assert amazon.create("seller-us", **RETURNS).status_code == 202
    assert amazon.create("seller-de", **SHIPMENTS).status_code == 202
    amazon.clock.advance(minutes=20)
    assert [amazon.create("seller-us", **{**SHIPMENTS, **day(n)}).status_code for n in (5, 6)] == [202, 429]


def test_a_hidden_quota_looks_like_any_other_one(amazon: Driver) -> None:
    for number in range(1, 5):
        answer = amazon.create("seller-us", **{**SHIPMENTS, **day(number)})
    assert answer.json["errors"][0]["code"] == "QuotaExceeded"  # type: ignore[index]
    assert "x-amzn-RateLimit-Limit" not in answer.headers


def test_sales_and_traffic_is_counted_by_seller(amazon: Driver) -> None:
    assert amazon.create("seller-us", **SALES_AND_TRAFFIC).status_code == 202
    assert amazon.create("seller-us", **SALES_AND_TRAFFIC).status_code == 429
    assert amazon.create("seller-de", **SALES_AND_TRAFFIC).status_code == 202
    amazon.clock.advance(minutes=14, seconds=59)
    assert amazon.create("seller-us", **SALES_AND_TRAFFIC).status_code == 429
    amazon.clock.advance(seconds=1)
    assert amazon.create("seller-us", **SALES_AND_TRAFFIC).status_code == 202


def test_hidden_quotas_run_with_the_speed(make: Callable[..., Driver]) -> None:
    amazon = make(speed=900)
    assert [amazon.create("seller-us", **SALES_AND_TRAFFIC).status_code for _ in range(2)] == [202, 429]
    amazon.clock.advance(seconds=1)
    assert amazon.create("seller-us", **SALES_AND_TRAFFIC).status_code == 202


def test_settlements_cannot_be_asked_for(amazon: Driver) -> None:
    answer = amazon.create("seller-us", reportType=SETTLEMENT, **OCTOBER)
    assert answer.status_code == 429
    assert amazon.create("seller-us-no-role", reportType=SETTLEMENT, **OCTOBER).status_code == 403


def test_search_queries_end_twenty_times_a_day(make: Callable[..., Driver]) -> None:
    amazon = make(speed=1440)
    report_type = str(QUERIES["reportType"])
    for _ in range(25):
        assert ask_for_queries(amazon, "seller-us") == 202
        amazon.clock.advance(seconds=0.05)
    amazon.clock.advance(seconds=50)
    statuses = [report["processingStatus"] for report in listed(amazon, report_type)]
    assert statuses == ["IN_QUEUE"] * 5 + ["DONE"] * 20
    # A day is a minute here.
    amazon.clock.advance(seconds=20)
    assert {report["processingStatus"] for report in listed(amazon, report_type)} == {"DONE"}


@given(st.lists(st.integers(min_value=0, max_value=20_000), min_size=21, max_size=60))
@settings(max_examples=30, deadline=None)
def test_no_day_sees_more_than_twenty_search_query_reports(gaps: list[int]) -> None:
    clock = Clock()
    sandbox = Sandbox(clock=clock, asins=2)
    account = next(known for known in sandbox.accounts if known.label == "seller-jp")
    asin = sandbox.data.catalogue(account, account.marketplaces[0]).products[0].asin
    week = (datetime(2026, 10, 4, tzinfo=timezone.utc), datetime(2026, 10, 10, tzinfo=timezone.utc))
    ends = []
    for gap in gaps:
        clock.advance(seconds=gap)
        options = {"reportPeriod": "WEEK", "asin": asin}
        job = sandbox.order("seller-jp", str(QUERIES["reportType"]), options=options, start=week[0], end=week[1])
        ends.append(job.created_at + job.waiting + job.working)
    ends.sort()
    assert all(later - earlier >= timedelta(days=1) for earlier, later in zip(ends, ends[20:], strict=False))


def test_each_seller_has_its_own_twenty(make: Callable[..., Driver]) -> None:
    amazon = make(speed=1440)
    for _ in range(21):
        ask_for_queries(amazon, "seller-us")
        amazon.clock.advance(seconds=0.05)
    assert ask_for_queries(amazon, "seller-de") == 202
    amazon.clock.advance(seconds=1)
    (report,) = listed(amazon, str(QUERIES["reportType"]), "seller-de")
    assert report["processingStatus"] == "DONE"


def test_a_report_is_not_made_again_inside_its_window(amazon: Driver) -> None:
    """docs/amazon/reports-api.md#regeneration-windows; getReports finds the one that is there."""
    good = amazon.finished("seller-us", **RETURNS)
    assert good["processingStatus"] == "DONE"
    again = [amazon.finished("seller-us", **RETURNS) for _ in range(6)]
    assert {report["processingStatus"] for report in again} == {"CANCELLED", "FATAL"}
    assert not any("reportDocumentId" in report for report in again)
    assert [
        report["reportId"] for report in listed(amazon, RETURNS["reportType"] or "", processingStatuses="DONE")
    ] == [good["reportId"]]


def test_the_window_counts_from_the_good_report(amazon: Driver) -> None:
    created = amazon.clock.now
    assert amazon.finished("seller-us", **RETURNS)["processingStatus"] == "DONE"
    amazon.clock.now = created + timedelta(hours=4, seconds=-1)
    amazon._tokens.clear()
    assert amazon.finished("seller-us", **RETURNS)["processingStatus"] in {"CANCELLED", "FATAL"}
    amazon.clock.now = created + timedelta(hours=4)
    assert amazon.finished("seller-us", **RETURNS)["processingStatus"] == "DONE"


def test_a_report_that_was_called_back_starts_no_window(amazon: Driver) -> None:
    report_id = amazon.create("seller-us", **RETURNS).json["reportId"]  # type: ignore[index]
    assert amazon.call("DELETE", f"{REPORTS}/{report_id}", "seller-us").status_code == 200
    assert amazon.finished("seller-us", **RETURNS)["processingStatus"] == "DONE"


@pytest.mark.parametrize("change", [{"marketplaceIds": ["A2EUQ1WTGCTBG2"]}, {"dataEndTime": "2026-10-30T00:00:00Z"}])
def test_other_marketplaces_and_ranges_are_made(amazon: Driver, change: dict[str, Any]) -> None:
    assert amazon.finished("seller-us", **RETURNS)["processingStatus"] == "DONE"
    assert amazon.finished("seller-us", **{**RETURNS, **change})["processingStatus"] == "DONE"


def test_a_window_covers_all_applications(amazon: Driver) -> None:
    start, end = (datetime(2026, 10, number, tzinfo=timezone.utc) for number in (1, 31))
    amazon.sandbox.order("seller-us", RETURNS["reportType"] or "", start=start, end=end)
    assert amazon.finished("seller-us", **RETURNS)["processingStatus"] in {"CANCELLED", "FATAL"}


def test_windows_run_with_the_speed(make: Callable[..., Driver]) -> None:
    amazon = make(speed=14_400)
    amazon.finished("seller-us", **RETURNS)
    # Four hours are a second here, and to wait for a report takes longer.
    assert amazon.finished("seller-us", **RETURNS)["processingStatus"] == "DONE"


def test_all_orders_reports_are_exempt(amazon: Driver) -> None:
    order = {"reportType": "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", **OCTOBER}
    assert [amazon.finished("seller-us", **order)["processingStatus"] for _ in range(2)] == ["DONE", "DONE"]


def test_reports_of_others_are_listed_without_their_options(amazon: Driver) -> None:
    asked = amazon.clock.now - timedelta(days=2)
    job = amazon.sandbox.order(
        "vendor-us",
        "GET_VENDOR_TRAFFIC_REPORT",
        options={"reportPeriod": "DAY"},
        start=datetime(2026, 11, 1, tzinfo=timezone.utc),
        end=datetime(2026, 11, 2, tzinfo=timezone.utc),
        at=asked,
        by="seller central",
    )
    assert job.created_by == "seller central"
    (report,) = listed(amazon, "GET_VENDOR_TRAFFIC_REPORT", "vendor-us")
    assert report["createdTime"] == "2026-11-18T12:00:00+00:00"
    assert report["processingStatus"] == "DONE"
    assert "reportOptions" not in report
    assert amazon.document(report)["reportSpecification"]["reportOptions"] == {"reportPeriod": "DAY"}


def test_reports_of_others_stand_where_their_age_puts_them(amazon: Driver) -> None:
    made = [amazon.create().json["reportId"] for _ in range(3)]  # type: ignore[index]
    period = datetime(2026, 11, 1, tzinfo=timezone.utc)
    older = [
        amazon.sandbox.order(
            "vendor-us",
            "GET_VENDOR_SALES_REPORT",
            options={"reportPeriod": "DAY", "distributorView": "SOURCING", "sellingProgram": "RETAIL"},
            start=period,
            end=period,
            at=amazon.clock.now - timedelta(days=days),
        ).report_id
        for days in (50, 10, 91)
    ]
    found = [report["reportId"] for report in listed(amazon, "GET_VENDOR_SALES_REPORT", "vendor-us", pageSize="2")]
    assert found == [*made[::-1], older[1], older[0]]


def test_a_schedule_is_told(amazon: Driver) -> None:
    amazon.sandbox.order("vendor-us", "GET_VENDOR_TRAFFIC_REPORT", options={"reportPeriod": "DAY"}, by="schedule")
    assert listed(amazon, "GET_VENDOR_TRAFFIC_REPORT", "vendor-us")[0]["reportScheduleId"]


def test_reports_of_others_cost_no_quota_and_meet_no_fault(make: Callable[..., Driver]) -> None:
    amazon = make(faults=["cancelled_spuriously"])
    period = datetime(2026, 11, 1, tzinfo=timezone.utc)
    for _ in range(20):
        amazon.sandbox.order(
            "vendor-us", "GET_VENDOR_TRAFFIC_REPORT", options={"reportPeriod": "DAY"}, start=period, end=period
        )
    amazon.clock.advance(seconds=90)
    assert {report["processingStatus"] for report in listed(amazon, "GET_VENDOR_TRAFFIC_REPORT", "vendor-us")} == {
        "DONE"
    }
    assert amazon.create().status_code == 202
    assert amazon.sandbox.calls[-1].operation == "createReport"


def test_amazon_settles_every_fourteen_days(amazon: Driver) -> None:
    found = listed(amazon, SETTLEMENT, "seller-jp")
    assert 6 <= len(found) <= 7
    ends = [datetime.fromisoformat(report["dataEndTime"]) for report in found]
    assert {newer - older for newer, older in pairwise(ends)} == {timedelta(days=14)}
    for report in found:
        assert report["processingStatus"] == "DONE"
        created = datetime.fromisoformat(report["createdTime"])
        assert created <= amazon.clock.now
        assert amazon.clock.now - created <= timedelta(days=90)
        assert datetime.fromisoformat(report["dataStartTime"]) == datetime.fromisoformat(
            report["dataEndTime"]
        ) - timedelta(days=14)
    assert amazon.download(amazon.link(found[0], "seller-jp")).status_code == 200


def test_each_marketplace_has_its_settlements(amazon: Driver) -> None:
    found = listed(amazon, SETTLEMENT)
    places = [place for report in found for place in report["marketplaceIds"]]
    account = next(account for account in amazon.sandbox.accounts if account.label == "seller-us")
    assert {places.count(place) for place in account.marketplaces} == {len(found) // 3}


def test_settlements_are_there_before_anybody_lists_them_and_come_once(amazon: Driver) -> None:
    before = listed(amazon, SETTLEMENT, "seller-jp")
    assert [report["reportId"] for report in listed(amazon, SETTLEMENT, "seller-jp")] == [
        report["reportId"] for report in before
    ]
    amazon.clock.advance(days=14)
    amazon._tokens.clear()
    after = listed(amazon, SETTLEMENT, "seller-jp")
    assert [report["createdTime"] for report in after[1:]] == [
        report["createdTime"] for report in before[: len(after) - 1]
    ]
    assert after[0] not in before


def test_the_filter_by_marketplace_misses_settlements(amazon: Driver) -> None:
    """As many clients have met (docs/amazon/reports-api.md#getreports)."""
    account = next(account for account in amazon.sandbox.accounts if account.label == "seller-us")
    every = listed(amazon, SETTLEMENT)
    filtered = listed(amazon, SETTLEMENT, marketplaceIds=",".join(account.marketplaces))
    assert 0 < len(filtered) < len(every)


def test_a_new_seller_is_settled_from_its_first_day_on(make: Callable[..., Driver]) -> None:
    account = replace(
        next(known for known in DEFAULT_ACCOUNTS if known.label == "seller-jp"), first_day=date(2026, 11, 1)
    )
    (report, *others) = listed(make(accounts=(account,)), SETTLEMENT, "seller-jp")
    assert report["dataEndTime"] > "2026-11-01"
    assert len(others) <= 1


def test_vendors_are_not_settled(amazon: Driver) -> None:
    answer = amazon.call("GET", f"{REPORTS}?reportTypes={SETTLEMENT}")
    assert answer.status_code == 400
