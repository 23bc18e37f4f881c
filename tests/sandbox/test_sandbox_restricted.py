"""Restricted data tokens: what they open, and who gets one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox import DEFAULT_ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver
    from werkzeug.test import TestResponse

TOKENS = "/tokens/2021-03-01/restrictedDataToken"
DOCUMENTS = "/reports/2021-06-30/documents"
SELLER = "seller-us"
ORDER = {
    "reportOptions": None,
    "dataStartTime": "2026-10-01T00:00:00Z",
    "dataEndTime": "2026-10-31T00:00:00Z",
}
TAX = {**ORDER, "reportType": "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX"}
GENERAL = {**ORDER, "reportType": "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL"}
DENIED = {"code": "Unauthorized", "message": "Access to requested resource is denied.", "details": ""}


def path_of(report: dict[str, Any]) -> str:
    """Where the document of a report is asked for."""
    return f"{DOCUMENTS}/{report['reportDocumentId']}"


def ask(amazon: Driver, *paths: str, label: str = SELLER) -> TestResponse:
    """Ask for a restricted data token."""
    resources = [{"method": "GET", "path": path} for path in paths]
    return amazon.call("POST", TOKENS, label, json={"restrictedResources": resources})


def restricted(amazon: Driver, *paths: str) -> dict[str, str]:
    """The headers of a caller with a restricted data token."""
    answer = ask(amazon, *paths)
    assert answer.status_code == 200, answer.text
    return {"x-amz-access-token": answer.json["restrictedDataToken"]}  # type: ignore[index]


def message(answer: TestResponse) -> str:
    """The message of a refused request for a token."""
    assert answer.status_code == 400, answer.text
    text: str = answer.json["errors"][0]["message"]  # type: ignore[index]
    return text


def test_a_restricted_document_needs_a_token_of_its_own(amazon: Driver) -> None:
    report = amazon.finished(SELLER, **TAX)
    refused = amazon.call("GET", path_of(report), SELLER)
    assert refused.status_code == 403
    assert refused.json == {"errors": [DENIED]}
    answer = ask(amazon, path_of(report))
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["expiresIn"] == 3600
    assert answer.json["restrictedDataToken"].startswith("Atz.sprdt|")
    headers = {"x-amz-access-token": answer.json["restrictedDataToken"]}
    link = amazon.call("GET", path_of(report), SELLER, headers=headers)
    assert link.status_code == 200
    assert amazon.download(link.json).status_code == 200  # type: ignore[arg-type]


def test_a_query_does_not_change_the_path(amazon: Driver) -> None:
    path = path_of(amazon.finished(SELLER, **TAX))
    headers = restricted(amazon, path)
    query = "?enableContentEncodingUrlHeader=true"
    assert amazon.call("GET", path + query, SELLER, headers=headers).status_code == 200


def test_a_restricted_token_opens_nothing_else(amazon: Driver) -> None:
    one, other = amazon.finished(SELLER, **TAX), amazon.finished(SELLER, **TAX, marketplaceIds=["A2EUQ1WTGCTBG2"])
    headers = restricted(amazon, path_of(one))
    for path in (path_of(other), f"/reports/2021-06-30/reports/{one['reportId']}"):
        answer = amazon.call("GET", path, SELLER, headers=headers)
        assert answer.status_code == 403
        assert answer.json == {"errors": [DENIED]}
    both = restricted(amazon, path_of(one), path_of(other))
    assert amazon.call("GET", path_of(other), SELLER, headers=both).status_code == 200


def test_a_restricted_token_lives_an_hour(make: Callable[..., Driver]) -> None:
    amazon = make(token_seconds=86_400)
    path = path_of(amazon.finished(SELLER, **TAX))
    headers = restricted(amazon, path)
    amazon.clock.advance(seconds=3599)
    assert amazon.call("GET", path, SELLER, headers=headers).status_code == 200
    amazon.clock.advance(seconds=1)
    late = amazon.call("GET", path, SELLER, headers=headers)
    assert late.json["errors"][0]["details"] == "The access token you provided has expired."  # type: ignore[index]


def test_asking_and_polling_need_no_restricted_token(amazon: Driver) -> None:
    assert amazon.finished(SELLER, **TAX)["processingStatus"] == "DONE"


def test_only_documents_of_restricted_types_have_one(amazon: Driver) -> None:
    text = "Invalid or unsupported document ID found"
    assert message(ask(amazon, path_of(amazon.finished(SELLER, **GENERAL)))) == text
    assert message(ask(amazon, f"{DOCUMENTS}/amzn1.spdoc.1.4.na.0")) == text
    assert message(ask(amazon, f"{DOCUMENTS}/{{reportDocumentId}}")) == text
    report = amazon.finished(SELLER, **TAX)
    assert message(ask(amazon, f"/reports/2021-06-30/reports/{report['reportDocumentId']}")) == text
    assert message(ask(amazon, path_of(report), label="seller-de")) == text


def test_the_role_is_needed(make: Callable[..., Driver]) -> None:
    """Another application asked for the report; ours was authorized without the role."""
    account = next(account for account in DEFAULT_ACCOUNTS if account.label == SELLER)
    without = replace(account, roles=tuple(role for role in account.roles if role != "Tax Remittance"))
    amazon = make(accounts=(without,))
    start, end = (datetime(2026, 10, day, tzinfo=timezone.utc) for day in (1, 31))
    job = amazon.sandbox.order(SELLER, TAX["reportType"] or "", start=start, end=end)
    amazon.clock.advance(seconds=90)
    text = "Application do not have access to some or all requested resource"
    assert message(ask(amazon, f"{DOCUMENTS}/{job.document_id}")) == text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"restrictedResources": []},
        {"restrictedResources": ["/orders"]},
        {"restrictedResources": [{"method": "", "path": "/orders/v0/orders"}]},
        {"restrictedResources": [{"method": "GET"}]},
        {"restrictedResources": [{"method": "GET", "path": "/x"}] * 51},
    ],
)
def test_malformed_requests(amazon: Driver, body: dict[str, object]) -> None:
    answer = amazon.call("POST", TOKENS, SELLER, json=body)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["details"] == "Resource not provided."  # type: ignore[index]


def test_the_log_of_calls_holds_no_token(amazon: Driver) -> None:
    restricted(amazon, path_of(amazon.finished(SELLER, **TAX)))
    assert amazon.sandbox.calls[-1].operation == "createRestrictedDataToken"
    assert "Atz.sprdt" not in str(amazon.sandbox.calls)
