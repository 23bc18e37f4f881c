"""Login with Amazon: who gets an access token, and how the others are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amazon_sandbox import (
    CLIENT_ID,
    CLIENT_SECRET,
    OTHER_CLIENT_ID,
    OTHER_CLIENT_SECRET,
    REVOKED_REFRESH_TOKEN,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver

GOOD = {
    "grant_type": "refresh_token",
    "refresh_token": "Atzr|sandbox-vendor-us",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
}
GRANTLESS = {
    "grant_type": "client_credentials",
    "scope": "sellingpartnerapi::notifications",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
}


def test_refresh_token_buys_an_access_token(amazon: Driver) -> None:
    answer = amazon.ask_token(**GOOD)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["access_token"].startswith("Atza|")
    assert answer.json["token_type"] == "bearer"
    assert answer.json["expires_in"] == 3600
    assert answer.json["refresh_token"] == GOOD["refresh_token"]


def test_each_access_token_is_a_new_one(amazon: Driver) -> None:
    assert amazon.log_in() != amazon.log_in()


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"refresh_token": REVOKED_REFRESH_TOKEN}, 400, "invalid_grant"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "unknown"}, 401, "invalid_client"),
        ({"client_id": OTHER_CLIENT_ID, "client_secret": OTHER_CLIENT_SECRET}, 400, "unauthorized_client"),
        ({"refresh_token": ""}, 400, "invalid_request"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({**GRANTLESS, "scope": "profile"}, 400, "invalid_scope"),
    ],
)
def test_refusals(amazon: Driver, change: dict[str, str], status: int, error: str) -> None:
    answer = amazon.ask_token(**{**GOOD, **change})
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["error"] == error
    assert answer.json["error_description"]


def test_texts_that_clients_match(amazon: Driver) -> None:
    revoked = amazon.ask_token(**{**GOOD, "refresh_token": REVOKED_REFRESH_TOKEN})
    assert "The request has an invalid grant parameter : refresh_token" in revoked.text
    other = {"client_id": OTHER_CLIENT_ID, "client_secret": OTHER_CLIENT_SECRET}
    assert "Not authorized for requested operation" in amazon.ask_token(**{**GOOD, **other}).text


def test_json_is_not_understood(amazon: Driver) -> None:
    answer = amazon.http.post("/auth/o2/token", json=GOOD)
    assert answer.status_code == 401
    assert answer.json == {"error": "invalid_client", "error_description": "Client authentication failed"}


def test_another_encoding_is_an_unsupported_grant(amazon: Driver) -> None:
    answer = amazon.http.post("/auth/o2/token", data="grant_type=refresh_token", content_type="text/plain")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"] == "unsupported_grant_type"


def test_grantless_token_opens_no_reports(amazon: Driver) -> None:
    token = amazon.ask_token(**GRANTLESS).json["access_token"]  # type: ignore[index]
    answer = amazon.call("GET", "/reports/2021-06-30/reports/1", headers={"x-amz-access-token": token})
    assert answer.status_code == 403


def test_access_token_expires(make: Callable[..., Driver]) -> None:
    amazon = make(token_seconds=60)
    token = amazon.log_in()
    amazon.clock.advance(seconds=59)
    headers = {"x-amz-access-token": token}
    assert amazon.call("GET", "/reports/2021-06-30/reports/1", headers=headers).status_code == 404
    amazon.clock.advance(seconds=1)
    answer = amazon.call("GET", "/reports/2021-06-30/reports/1", headers=headers)
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["errors"][0] == {
        "code": "Unauthorized",
        "message": "Access to requested resource is denied.",
        "details": "The access token you provided has expired.",
    }


def test_the_log_of_calls_holds_no_secret(amazon: Driver) -> None:
    amazon.ask_token(**GOOD)
    call = amazon.sandbox.calls[0]
    assert (call.operation, call.account, call.status) == ("token", "vendor-us", 200)
    assert call.request == {"grant_type": "refresh_token"}


def test_a_consent_can_be_taken_back(amazon: Driver) -> None:
    report = "/reports/2021-06-30/reports/1"
    assert amazon.call("GET", report).status_code == 404
    amazon.sandbox.withdraw("vendor-us")
    answer = amazon.ask_token(**GOOD)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"] == "invalid_grant"
    # The access token lives out its hour, and other accounts are not concerned.
    assert amazon.call("GET", report).status_code == 404
    assert amazon.log_in("vendor-de")
