"""What every SP-API call has to get past, and what every answer carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandbox.conftest import Driver

REPORTS = "/reports/2021-06-30/reports"
DENIED = "Access to requested resource is denied."


def test_missing_token(amazon: Driver) -> None:
    answer = amazon.call("GET", f"{REPORTS}/1", label="")
    assert answer.status_code == 403
    assert answer.json == {"errors": [{"code": "MissingAuthenticationToken", "message": DENIED, "details": ""}]}
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def test_malformed_token(amazon: Driver) -> None:
    answer = amazon.call("GET", f"{REPORTS}/1", headers={"x-amz-access-token": "Atza|nonsense"})
    assert answer.status_code == 403
    details = "The access token you provided is revoked, malformed or invalid."
    assert answer.json == {"errors": [{"code": "Unauthorized", "message": DENIED, "details": details}]}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/reports/2020-09-04/reports"),
        ("GET", "/sellers/v1/nothing"),
        ("PUT", REPORTS),
        ("GET", f"{REPORTS}/"),
    ],
)
def test_wrong_path_is_denied_without_details(amazon: Driver, method: str, path: str) -> None:
    answer = amazon.call(method, path)
    assert answer.status_code == 403
    assert answer.json == {"errors": [{"code": "Unauthorized", "message": DENIED, "details": ""}]}
    assert amazon.sandbox.calls[-1].operation == "unknown"


def test_unknown_query_parameter_is_denied(amazon: Driver) -> None:
    answer = amazon.call("GET", f"{REPORTS}/1?verbose=true")
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["errors"][0]["details"] == ""


def test_marketplace_parameters_of_the_most_used_client_pass(amazon: Driver) -> None:
    """python-amazon-sp-api sends these along with getReport, against the real thing."""
    extra = "MarketplaceId=ATVPDKIKX0DER&MarketplaceIds=ATVPDKIKX0DER&marketplace_ids=ATVPDKIKX0DER"
    assert amazon.call("GET", f"{REPORTS}/1?{extra}").status_code == 404


def test_user_agent_is_needed(amazon: Driver) -> None:
    assert amazon.call("GET", f"{REPORTS}/1", headers={"user-agent": ""}).status_code == 400
    assert amazon.call("GET", f"{REPORTS}/1", headers={"user-agent": "x" * 501}).status_code == 400
    assert amazon.call("GET", f"{REPORTS}/1", headers={"user-agent": "x" * 500}).status_code == 404


def test_request_ids_differ(amazon: Driver) -> None:
    answers = [amazon.call("GET", f"{REPORTS}/1") for _ in range(3)]
    assert len({answer.headers["x-amzn-RequestId"] for answer in answers}) == 3


def test_rate_is_told_on_the_answers_of_the_model(amazon: Driver) -> None:
    told = "x-amzn-RateLimit-Limit"
    assert told in amazon.create().headers
    assert told in amazon.create(marketplaceIds=None).headers
    assert amazon.call("GET", f"{REPORTS}/1").headers[told] == "2.0"
    assert told not in amazon.create("vendor-us-no-role").headers
    assert told not in amazon.call("GET", f"{REPORTS}/1", headers={"x-amz-access-token": "x"}).headers


def test_calls_are_recorded(amazon: Driver) -> None:
    report = amazon.finished()
    amazon.download(amazon.link(report))
    amazon.call("GET", f"{REPORTS}?reportTypes=GET_VENDOR_SALES_REPORT")
    calls = [(call.operation, call.account, call.status) for call in amazon.sandbox.calls]
    assert calls == [
        ("token", "vendor-us", 200),
        ("createReport", "vendor-us", 202),
        ("getReport", "vendor-us", 200),
        ("getReportDocument", "vendor-us", 200),
        ("download", "vendor-us", 200),
        ("getReports", "vendor-us", 200),
    ]
    requests = [call.request for call in amazon.sandbox.calls]
    assert requests[1]["reportType"] == "GET_VENDOR_SALES_REPORT"
    assert requests[1]["dataStartTime"] == "2026-11-15"
    assert requests[2] == {"reportId": report["reportId"]}
    assert requests[4] == {"documentId": report["reportDocumentId"]}
    assert requests[5] == {"reportTypes": "GET_VENDOR_SALES_REPORT"}
