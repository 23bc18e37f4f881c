"""Consent: the page, where it leads, and what its code buys."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from amazon_sandbox import (
    APPLICATION_ID,
    CLIENT_ID,
    CLIENT_SECRET,
    DEFAULT_ACCOUNTS,
    DRAFT_APPLICATION_ID,
    OTHER_CLIENT_ID,
    OTHER_CLIENT_SECRET,
    Registration,
)
from amazon_sandbox.accounts import AMAZON_FULFILLMENT, BRAND_ANALYTICS
from amazon_sandbox.registrations import selling_partner_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver
    from werkzeug.test import TestResponse

PAGE = "/apps/authorize/consent"
HERE = "http://localhost:4711/callback"
LINK = {"application_id": APPLICATION_ID, "state": "a&b=c", "redirect_uri": HERE}
REPORT = {"reportType": "GET_VENDOR_SALES_REPORT", "marketplaceIds": ["ATVPDKIKX0DER"]}


def submit(amazon: Driver, button: str, account: str = "vendor-us", **link: str) -> TestResponse:
    """Open the page and press a button, as a browser does."""
    page = amazon.http.get(PAGE, query_string={**LINK, **link})
    assert page.status_code == 200, page.text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    (name, value), *_ = re.findall(rf'id="{button}" name="(\w+)" value="(\w+)"', page.text)
    assert f'<option value="{account}">' in page.text
    form = {key: text.replace("&amp;", "&") for key, text in hidden}
    return amazon.http.post(PAGE, data={**form, "account": account, name: value})


def led_to(answer: TestResponse) -> dict[str, str]:
    """The parameters with which the browser comes back."""
    assert answer.status_code == 302
    return {name: value for name, (value,) in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def exchange(amazon: Driver, code: str, **change: str) -> TestResponse:
    """Turn a code into a refresh token."""
    form = {"code": code, "redirect_uri": HERE, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return amazon.ask_token(grant_type="authorization_code", **{**form, **change})


def code_of(amazon: Driver, account: str = "vendor-us", **link: str) -> str:
    """Consent, and take the code."""
    return led_to(submit(amazon, "confirm", account, **link))["spapi_oauth_code"]


def access(amazon: Driver, refresh_token: str) -> dict[str, str]:
    """The headers of a caller with a refresh token."""
    form = {"refresh_token": refresh_token, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    answer = amazon.ask_token(grant_type="refresh_token", **form)
    return {"x-amz-access-token": answer.json["access_token"]}  # type: ignore[index]


def test_confirming_leads_back_with_a_code(amazon: Driver) -> None:
    answer = submit(amazon, "confirm")
    assert answer.headers["Location"].startswith(f"{HERE}?")
    parameters = led_to(answer)
    assert parameters.keys() == {"state", "selling_partner_id", "spapi_oauth_code"}
    assert parameters["state"] == "a&b=c"
    assert re.fullmatch(r"amzn1\.vg\.\d+", parameters["selling_partner_id"])


def test_a_seller_is_named_by_its_merchant_id(amazon: Driver) -> None:
    assert re.fullmatch(r"A\w{13}", led_to(submit(amazon, "confirm", "seller-us"))["selling_partner_id"])
    assert len({selling_partner_id(account) for account in DEFAULT_ACCOUNTS}) == len(DEFAULT_ACCOUNTS)


def test_refusing_leads_back_without_a_code(amazon: Driver) -> None:
    parameters = led_to(submit(amazon, "refuse"))
    assert parameters.keys() == {"state", "error", "error_description"}
    assert (parameters["state"], parameters["error"]) == ("a&b=c", "access_denied")


def test_a_redirect_uri_keeps_its_own_query(amazon: Driver) -> None:
    answer = submit(amazon, "confirm", redirect_uri=f"{HERE}?step=2")
    assert answer.headers["Location"].startswith(f"{HERE}?step=2&state=")


def test_without_a_redirect_uri_the_first_registered_one_is_meant(amazon: Driver) -> None:
    link = {name: LINK[name] for name in ("application_id", "state")}
    page = amazon.http.get(PAGE, query_string=link)
    assert 'name="redirect_uri" value="https://example.com/callback"' in page.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"application_id": "amzn1.sp.solution.nobody"}, "MD5100"),
        ({"application_id": DRAFT_APPLICATION_ID}, "MD1000"),
        ({"redirect_uri": "https://example.com/elsewhere"}, "MD5101"),
        ({"redirect_uri": "https://localhost.example.com/callback"}, "MD5101"),
        ({"redirect_uri": f"{HERE}#here"}, "MD5110"),
    ],
)
def test_wrong_links_end_on_a_page_of_amazon(amazon: Driver, change: dict[str, str], code: str) -> None:
    for answer in (
        amazon.http.get(PAGE, query_string={**LINK, **change}),
        amazon.http.post(PAGE, data={**LINK, **change, "account": "vendor-us", "decision": "confirm"}),
    ):
        assert answer.status_code == 400
        assert "Location" not in answer.headers
        assert code in answer.text


def test_a_port_of_this_computer_may_have_to_be_registered_too(amazon: Driver) -> None:
    amazon.sandbox.registrations[APPLICATION_ID].any_loopback = False
    assert "MD5101" in amazon.http.get(PAGE, query_string=LINK).text
    amazon.sandbox.registrations[APPLICATION_ID].redirect_uris = (HERE,)
    assert submit(amazon, "confirm").status_code == 302


def test_a_draft_wants_the_beta_version(amazon: Driver) -> None:
    code = code_of(amazon, application_id=DRAFT_APPLICATION_ID, version="beta")
    answer = exchange(amazon, code, client_id=OTHER_CLIENT_ID, client_secret=OTHER_CLIENT_SECRET)
    assert answer.status_code == 200


def test_a_decision_needs_an_account(amazon: Driver) -> None:
    assert amazon.http.post(PAGE, data={**LINK, "account": "nobody", "decision": "confirm"}).status_code == 400
    assert amazon.http.post(PAGE, data={**LINK, "account": "vendor-us"}).status_code == 400


def test_the_page_shows_a_strange_state_as_text(amazon: Driver) -> None:
    page = amazon.http.get(PAGE, query_string={**LINK, "state": '"><script>alert(1)</script>'})
    assert "<script>" not in page.text


def test_a_code_buys_a_refresh_token_that_works(amazon: Driver) -> None:
    answer = exchange(amazon, code_of(amazon))
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert answer.json["refresh_token"].startswith("Atzr|")
    created = amazon.call(
        "POST", "/reports/2021-06-30/reports", headers=access(amazon, answer.json["refresh_token"]), json=REPORT
    )
    assert created.status_code == 202
    # It is the same account: an earlier authorization sees the report too.
    assert amazon.report(created.json["reportId"])["reportType"] == "GET_VENDOR_SALES_REPORT"  # type: ignore[index]


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://localhost:4712/callback"},
        {"redirect_uri": ""},
        {"client_id": OTHER_CLIENT_ID, "client_secret": OTHER_CLIENT_SECRET},
        {"code": "SPAPInonsense"},
    ],
)
def test_a_code_is_bound_to_its_link(amazon: Driver, change: dict[str, str]) -> None:
    code = code_of(amazon)
    answer = exchange(amazon, **{"code": code, **change})
    assert answer.status_code == 400
    assert answer.json == {
        "error": "invalid_grant",
        "error_description": "The request has an invalid grant parameter : code",
    }
    assert exchange(amazon, code).status_code == 200


def test_a_code_works_once(amazon: Driver) -> None:
    code = code_of(amazon)
    assert exchange(amazon, code).status_code == 200
    assert exchange(amazon, code).json["error"] == "invalid_grant"  # type: ignore[index]


def test_a_code_lives_five_minutes(amazon: Driver) -> None:
    early, late = code_of(amazon), code_of(amazon)
    amazon.clock.advance(seconds=299)
    assert exchange(amazon, early).status_code == 200
    amazon.clock.advance(seconds=1)
    assert exchange(amazon, late).json["error"] == "invalid_grant"  # type: ignore[index]


def test_a_code_is_a_needed_parameter(amazon: Driver) -> None:
    assert exchange(amazon, "").json["error"] == "invalid_request"  # type: ignore[index]


def test_roles_are_those_of_the_moment_of_consent(amazon: Driver) -> None:
    registration = amazon.sandbox.registrations[APPLICATION_ID]
    registration.roles = (AMAZON_FULFILLMENT,)
    before = access(amazon, exchange(amazon, code_of(amazon)).json["refresh_token"])  # type: ignore[index]
    registration.roles = (AMAZON_FULFILLMENT, BRAND_ANALYTICS)
    after = access(amazon, exchange(amazon, code_of(amazon)).json["refresh_token"])  # type: ignore[index]
    statuses = [
        amazon.call("POST", "/reports/2021-06-30/reports", headers=headers, json=REPORT).status_code
        for headers in (before, after)
    ]
    assert statuses == [403, 202]


def test_a_client_secret_must_be_rotated_in_time(amazon: Driver) -> None:
    registration = amazon.sandbox.registrations[APPLICATION_ID]
    registration.secret_made_at = amazon.clock.now - timedelta(days=180)
    form = {"refresh_token": "Atzr|sandbox-vendor-us", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    answer = amazon.ask_token(grant_type="refresh_token", **form)
    assert answer.status_code == 401
    assert answer.json == {"error": "invalid_client", "error_description": "Client authentication failed"}
    registration.secret_made_at += timedelta(seconds=1)
    assert amazon.ask_token(grant_type="refresh_token", **form).status_code == 200


def test_registrations_can_be_ones_own(make: Callable[..., Driver]) -> None:
    own = Registration("amzn1.sp.solution.own", CLIENT_ID, CLIENT_SECRET, redirect_uris=("https://own.example/back",))
    amazon = make(registrations=[own])
    assert amazon.log_in()
    assert "MD5100" in amazon.http.get(PAGE, query_string=LINK).text
    assert amazon.ask_token(grant_type="x", client_id=OTHER_CLIENT_ID).status_code == 400


def test_the_log_of_calls_holds_no_code(amazon: Driver) -> None:
    code = code_of(amazon)
    exchange(amazon, code)
    assert [(call.operation, call.account, call.status) for call in amazon.sandbox.calls] == [
        ("consent", "", 200),
        ("consent", "vendor-us", 302),
        ("token", "vendor-us", 200),
    ]
    assert code not in str(amazon.sandbox.calls)
