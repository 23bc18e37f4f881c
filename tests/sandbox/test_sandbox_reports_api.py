"""The operations of the Reports API: what they take, refuse and answer."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox import DEFAULT_ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver
    from werkzeug.test import TestResponse

REPORTS = "/reports/2021-06-30/reports"
SCHEDULES = "/reports/2021-06-30/schedules"
LISTED = f"{REPORTS}?reportTypes=GET_VENDOR_SALES_REPORT"


def error(answer: TestResponse, status: int = 400) -> dict[str, str]:
    """The one error of an answer."""
    assert answer.status_code == status, answer.text
    errors: list[dict[str, str]] = answer.json["errors"]  # type: ignore[index]
    assert answer.headers["x-amzn-ErrorType"]
    assert answer.headers["x-amzn-RequestId"]
    assert len(errors) == 1
    return errors[0]


def ids(answer: TestResponse) -> list[str]:
    """The ids of a list of reports."""
    assert answer.status_code == 200, answer.text
    return [report["reportId"] for report in answer.json["reports"]]  # type: ignore[index]


def test_create_report_is_accepted(amazon: Driver) -> None:
    answer = amazon.create()
    assert answer.status_code == 202
    assert set(answer.json) == {"reportId"}  # type: ignore[arg-type]
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-amzn-RequestId"])


@pytest.mark.parametrize("places", [None, [], "ATVPDKIKX0DER"])
def test_marketplaces_must_be_a_list(amazon: Driver, places: object) -> None:
    assert error(amazon.create(marketplaceIds=places)) == {
        "code": "InvalidInput",
        "message": "One or more required parameters missing",
        "details": "marketplaceIds;",
    }


def test_body_must_be_json(amazon: Driver) -> None:
    answer = amazon.call("POST", REPORTS, data="reportType=X", content_type="application/json")
    assert error(answer)["details"] == "marketplaceIds;"
    answer = amazon.call("POST", REPORTS, data={"reportType": "X"})
    assert error(answer, 415)
    assert "x-amzn-RateLimit-Limit" not in answer.headers


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"marketplaceIds": ["ATVPDKIKX0DER"] * 26}, "Invalid Input"),
        ({"reportType": None}, "One or more required parameters missing"),
        ({"reportType": "GET_NOTHING"}, "Invalid Report Type _GET_NOTHING_"),
        ({"dataStartTime": "yesterday"}, "Invalid Input"),
        ({"dataEndTime": "2026-11-21"}, "Invalid Input"),
        ({"dataStartTime": "2026-11-21", "dataEndTime": None}, "Invalid Input"),
        ({"dataStartTime": "2026-11-16", "dataEndTime": "2026-11-15"}, "dataStartTime is after dataEndTime"),
        ({"reportOptions": {"reportPeriod": 1}}, "Invalid Input"),
    ],
)
def test_invalid_input(amazon: Driver, change: dict[str, Any], message: str) -> None:
    found = error(amazon.create(**change))
    assert found["code"] == "InvalidInput"
    assert found["message"] == message


def test_report_types_of_the_other_kind_of_account(amazon: Driver) -> None:
    text = r"Report type \d+ does not support account ID of type class com\.amazon\.partner\.account\.id\.{}\."
    vendor = error(amazon.create(reportType="GET_SALES_AND_TRAFFIC_REPORT"))
    assert re.fullmatch(text.format("VendorGroupId"), vendor["message"])
    seller = error(amazon.create("seller-us"))
    assert re.fullmatch(text.format("MerchantAccountId"), seller["message"])


def test_marketplace_of_another_region(amazon: Driver) -> None:
    found = error(amazon.create(marketplaceIds=["A1PA6795UKMFR9"]))
    assert found["code"] == "InvalidInput"
    assert found["message"] == ("Report rejected for this client. your report could not be applied to any marketplaces")


def test_missing_role(amazon: Driver) -> None:
    answer = amazon.create("vendor-us-no-role")
    assert error(answer, 403) == {
        "code": "Unauthorized",
        "message": "Access to the resource is forbidden",
        "details": "",
    }
    assert "x-amzn-RateLimit-Limit" not in answer.headers


def test_vendor_group_without_the_rights(make: Callable[..., Driver]) -> None:
    account = replace(DEFAULT_ACCOUNTS[0], denied_reports=("GET_VENDOR_SALES_REPORT",))
    reason = make(accounts=(account,)).reason()
    assert reason is not None
    assert "Report requested with invalid user inputs. Please verify if you have correct Vendor Group Rights" in reason


def test_no_rows_means_cancelled_without_a_document(make: Callable[..., Driver]) -> None:
    account = replace(DEFAULT_ACCOUNTS[0], first_day=date(2026, 11, 16))
    amazon = make(accounts=(account,))
    report = amazon.finished(dataEndTime="2026-11-15")
    assert report["processingStatus"] == "CANCELLED"
    assert "reportDocumentId" not in report
    assert amazon.finished()["processingStatus"] == "DONE"


def test_report_tells_what_was_asked(amazon: Driver) -> None:
    report_id = amazon.create().json["reportId"]  # type: ignore[index]
    assert amazon.report(report_id) == {
        "reportId": report_id,
        "reportType": "GET_VENDOR_SALES_REPORT",
        "marketplaceIds": ["ATVPDKIKX0DER"],
        "dataStartTime": "2026-11-15T00:00:00+00:00",
        "dataEndTime": "2026-11-16T00:00:00+00:00",
        "createdTime": "2026-11-20T12:00:00+00:00",
        "processingStatus": "IN_QUEUE",
    }


def test_ids_of_other_accounts_are_unknown(amazon: Driver) -> None:
    report = amazon.finished()
    for path in (f"reports/{report['reportId']}", f"documents/{report['reportDocumentId']}"):
        answer = amazon.call("GET", f"/reports/2021-06-30/{path}", "vendor-de")
        assert error(answer, 404)["code"] == "NotFound"


def test_reports_are_kept_for_ninety_days(amazon: Driver) -> None:
    report = amazon.finished()
    amazon.clock.advance(days=89)
    amazon._tokens.clear()
    assert amazon.report(report["reportId"])["processingStatus"] == "DONE"
    assert ids(amazon.call("GET", LISTED)) == [report["reportId"]]
    amazon.clock.advance(days=1)
    amazon._tokens.clear()
    for path in (f"reports/{report['reportId']}", f"documents/{report['reportDocumentId']}"):
        error(amazon.call("GET", f"/reports/2021-06-30/{path}"), 404)
    assert ids(amazon.call("GET", LISTED)) == []


def test_list_is_newest_first_and_only_ones_own(amazon: Driver) -> None:
    made = [amazon.create().json["reportId"] for _ in range(3)]  # type: ignore[index]
    amazon.create("vendor-de")
    assert ids(amazon.call("GET", LISTED)) == made[::-1]


def test_filters(amazon: Driver) -> None:
    old = amazon.finished()["reportId"]
    new = amazon.create().json["reportId"]  # type: ignore[index]
    options = {"reportPeriod": "DAY"}
    traffic = amazon.create(reportType="GET_VENDOR_TRAFFIC_REPORT", reportOptions=options).json["reportId"]  # type: ignore[index]
    both = "reportTypes=GET_VENDOR_TRAFFIC_REPORT,GET_VENDOR_SALES_REPORT"
    assert ids(amazon.call("GET", f"{REPORTS}?{both}")) == [traffic, new, old]
    assert ids(amazon.call("GET", f"{LISTED}&processingStatuses=DONE,FATAL")) == [old]
    assert ids(amazon.call("GET", f"{LISTED}&processingStatuses=IN_QUEUE")) == [new]
    assert ids(amazon.call("GET", f"{LISTED}&marketplaceIds=A1PA6795UKMFR9")) == []
    assert ids(amazon.call("GET", f"{LISTED}&createdSince=2026-11-20T12:01:00Z")) == [new]
    assert ids(amazon.call("GET", f"{LISTED}&createdUntil=2026-11-20T12:01:00Z")) == [old]
    amazon.clock.advance(minutes=30)
    assert error(amazon.call("GET", f"{LISTED}&processingStatuses=PAUSED"))["code"] == "InvalidInput"
    assert error(amazon.call("GET", f"{LISTED}&createdSince=now"))["code"] == "InvalidInput"


@pytest.mark.parametrize("size", ["0", "101", "ten"])
def test_page_size_is_between_1_and_100(amazon: Driver, size: str) -> None:
    error(amazon.call("GET", f"{LISTED}&pageSize={size}"))


def test_types_are_needed(amazon: Driver) -> None:
    assert error(amazon.call("GET", REPORTS))["message"] == "One or more required parameters missing"
    types = ",".join(f"TYPE_{number}" for number in range(11))
    assert error(amazon.call("GET", f"{REPORTS}?reportTypes={types}"))["code"] == "InvalidInput"


def test_pages_hold_every_report_once(amazon: Driver) -> None:
    made = [amazon.create().json["reportId"] for _ in range(12)]  # type: ignore[index]
    first = amazon.call("GET", f"{LISTED}&processingStatuses=IN_QUEUE&pageSize=5")
    # A report that comes in meanwhile moves nothing.
    amazon.create()
    second = amazon.call("GET", REPORTS, query_string={"nextToken": first.json["nextToken"]})  # type: ignore[index]
    third = amazon.call("GET", REPORTS, query_string={"nextToken": second.json["nextToken"]})  # type: ignore[index]
    assert ids(first) + ids(second) + ids(third) == made[::-1]
    assert "nextToken" not in third.json  # type: ignore[operator]


def test_default_page_has_ten(amazon: Driver) -> None:
    for _ in range(11):
        amazon.create()
    assert len(ids(amazon.call("GET", LISTED))) == 10


def test_next_token_stands_alone_and_belongs_to_its_account(amazon: Driver) -> None:
    for _ in range(2):
        amazon.create()
    token = amazon.call("GET", f"{LISTED}&pageSize=1").json["nextToken"]  # type: ignore[index]
    both = {"nextToken": token, "reportTypes": "GET_VENDOR_SALES_REPORT"}
    error(amazon.call("GET", REPORTS, query_string=both))
    error(amazon.call("GET", REPORTS, "vendor-de", query_string={"nextToken": token}))
    error(amazon.call("GET", REPORTS, query_string={"nextToken": "nonsense"}))


def test_only_a_waiting_report_can_be_cancelled(amazon: Driver) -> None:
    report_id = amazon.create().json["reportId"]  # type: ignore[index]
    answer = amazon.call("DELETE", f"{REPORTS}/{report_id}")
    assert (answer.status_code, answer.data) == (200, b"")
    assert amazon.report(report_id)["processingStatus"] == "CANCELLED"
    error(amazon.call("DELETE", f"{REPORTS}/{amazon.finished()['reportId']}"))
    error(amazon.call("DELETE", f"{REPORTS}/1"), 404)


def test_a_scheduled_vendor_report_ends_fatal(amazon: Driver) -> None:
    body = {
        "reportType": "GET_VENDOR_TRAFFIC_REPORT",
        "marketplaceIds": ["ATVPDKIKX0DER"],
        "reportOptions": {"reportPeriod": "DAY"},
        "period": "P1D",
    }
    created = amazon.call("POST", SCHEDULES, json=body)
    assert created.status_code == 201
    schedule_id = created.json["reportScheduleId"]  # type: ignore[index]
    amazon.clock.advance(seconds=90)
    listed = amazon.call("GET", f"{REPORTS}?reportTypes=GET_VENDOR_TRAFFIC_REPORT").json
    report = listed["reports"][0]  # type: ignore[index]
    assert report["processingStatus"] == "FATAL"
    assert report["reportScheduleId"] == schedule_id
    assert "does not support the ParentReferenceId reportOption" in amazon.document(report)["errorDetails"]


def test_schedules_are_listed_replaced_and_cancelled(amazon: Driver) -> None:
    body = {
        "reportType": "GET_VENDOR_TRAFFIC_REPORT",
        "marketplaceIds": ["ATVPDKIKX0DER"],
        "period": "P1D",
        "nextReportCreationTime": "2026-11-21T00:00:00Z",
    }
    first = amazon.call("POST", SCHEDULES, json=body).json["reportScheduleId"]  # type: ignore[index]
    second = amazon.call("POST", SCHEDULES, json={**body, "period": "P7D"}).json["reportScheduleId"]  # type: ignore[index]
    listed = amazon.call("GET", f"{SCHEDULES}?reportTypes=GET_VENDOR_TRAFFIC_REPORT").json
    assert [schedule["reportScheduleId"] for schedule in listed["reportSchedules"]] == [second]  # type: ignore[index]
    error(amazon.call("GET", f"{SCHEDULES}/{first}"), 404)
    assert amazon.call("GET", f"{SCHEDULES}/{second}").json["period"] == "P7D"  # type: ignore[index]
    assert amazon.call("DELETE", f"{SCHEDULES}/{second}").status_code == 200
    error(amazon.call("DELETE", f"{SCHEDULES}/{second}"), 404)
    error(amazon.call("POST", SCHEDULES, json={**body, "period": "P99D"}))
    error(amazon.call("POST", SCHEDULES, json={**body, "period": None}))
    error(amazon.call("GET", SCHEDULES))
