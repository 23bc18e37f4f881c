"""Calls to the Selling Partner API: throttle, token, and Amazon's errors turned into ours."""

from __future__ import annotations

import json
import logging
import typing as t
from contextlib import contextmanager, suppress
from dataclasses import replace
from urllib.parse import quote

import pytest
import requests
from hosts import Answer, Fate, Host, account_at, serving

from amazon_sandbox import CLIENT_SECRET, Call, Sandbox, running
from tap_amazon_vendor.amazon.auth import LwaAuthenticator
from tap_amazon_vendor.amazon.client import EXPIRED_SECRET, SellingPartnerApi, amazon_text
from tap_amazon_vendor.amazon.retry import MAX_TRIES
from tap_amazon_vendor.amazon.throttle import Operation, Throttle
from tap_amazon_vendor.amazon.wording import may_lack_role
from tap_amazon_vendor.config.redaction import Secret
from tap_amazon_vendor.errors import (
    AccessDeniedError,
    AmazonError,
    CredentialsError,
    NotFoundError,
    RequestRejectedError,
    UnansweredError,
    UnavailableError,
)
from tap_amazon_vendor.reports.api import CREATE_REPORT, GET_DOCUMENT, GET_REPORT, GET_REPORTS

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from clocks import FakeClock

    from tap_amazon_vendor.amazon.transport import Transport

    Door = Callable[..., SellingPartnerApi]
    Scripted = Callable[..., AbstractContextManager[tuple[Host, SellingPartnerApi]]]

LIST = {"reportTypes": "GET_VENDOR_SALES_REPORT"}
BODY = {
    "reportType": "GET_VENDOR_SALES_REPORT",
    "marketplaceIds": ["ATVPDKIKX0DER"],
    "dataStartTime": "2026-11-16T00:00:00Z",
    "dataEndTime": "2026-11-16T00:00:00Z",
    "reportOptions": {"reportPeriod": "DAY", "distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"},
}


@pytest.fixture
def sandbox(clock: FakeClock) -> Sandbox:
    return Sandbox(clock=clock)


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    with running(sandbox) as server:
        yield server.url


@pytest.fixture
def door(url: str, transport: Transport, clock: FakeClock) -> Door:
    """Open an account's door to the sandbox, or to another host with the sandbox's tokens."""

    def door(label: str = "vendor-us", at: str = "", **changes: t.Any) -> SellingPartnerApi:
        account = replace(account_at(url, label), **changes)
        auth = LwaAuthenticator(account, transport, clock)
        return SellingPartnerApi(
            at or account.api_url, auth=auth, throttle=Throttle(clock), transport=transport, sleep=clock.sleep
        )

    return door


@pytest.fixture
def scripted(door: Door) -> Scripted:
    """Open a door to a host that follows a script."""

    @contextmanager
    def scripted(*script: Answer | Fate) -> Iterator[tuple[Host, SellingPartnerApi]]:
        with serving(*script) as host:
            yield host, door(at=host.url)

    return scripted


def calls(sandbox: Sandbox, operation: str) -> list[Call]:
    return [call for call in sandbox.calls if call.operation == operation]


def statuses(sandbox: Sandbox, operation: str) -> list[int]:
    return [call.status for call in calls(sandbox, operation)]


def error(status: int, message: str, code: str = "Unauthorized", details: str = "") -> Answer:
    body = {"errors": [{"code": code, "message": message, "details": details}]}
    return Answer(status, json.dumps(body).encode(), {"x-amzn-RequestId": "1-2-3"})


class TestCalls:
    def test_the_answer_is_returned(self, door: Door) -> None:
        assert door().call(GET_REPORTS, answer=dict, query=LIST) == {"reports": []}

    def test_a_body_is_sent_as_json(self, door: Door, sandbox: Sandbox) -> None:
        assert door().call(CREATE_REPORT, answer=dict, body=BODY)["reportId"]
        assert calls(sandbox, "createReport")[0].request == BODY

    def test_ids_are_quoted_so_that_they_stay_one_step_of_the_path(self, scripted: Scripted) -> None:
        with scripted() as (host, api):
            api.call(GET_DOCUMENT, answer=dict, document_id="amzn1/../a?b=c&d #e")
        assert host.seen[0].target == "/reports/2021-06-30/documents/amzn1%2F..%2Fa%3Fb%3Dc%26d%20%23e"

    def test_a_query_is_encoded(self, scripted: Scripted) -> None:
        with scripted() as (host, api):
            api.call(GET_REPORTS, answer=dict, query={"nextToken": "a+b/c=="})
        assert host.seen[0].target == "/reports/2021-06-30/reports?nextToken=a%2Bb%2Fc%3D%3D"

    def test_every_call_carries_the_access_token_in_amazons_header(self, scripted: Scripted) -> None:
        with scripted() as (host, api):
            api.call(GET_REPORT, answer=dict, report_id="7")
        headers = {name.lower(): value for name, value in host.seen[0].headers.items()}
        assert headers["x-amz-access-token"].startswith("Atza|")
        assert "authorization" not in headers

    def test_the_buckets_token_is_taken_when_the_access_token_is_there(
        self, door: Door, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Login may take seconds, in which Amazon's bucket stays full."""
        api = door()
        order: list[str] = []
        bucket = api.bucket(GET_REPORTS)

        def noted(name: str, function: Callable[..., t.Any]) -> Callable[..., t.Any]:
            def call(*arguments: t.Any) -> t.Any:
                order.append(name)
                return function(*arguments)

            return call

        monkeypatch.setattr(api.auth, "authenticate_request", noted("sign", api.auth.authenticate_request))
        monkeypatch.setattr(bucket, "take", noted("take", bucket.take))
        api.call(GET_REPORTS, answer=dict, query=LIST)
        assert order == ["sign", "take"]

    def test_one_token_serves_many_calls(self, door: Door, sandbox: Sandbox) -> None:
        api = door()
        for _ in range(5):
            api.call(GET_REPORTS, answer=dict, query=LIST)
        assert len(calls(sandbox, "token")) == 1

    def test_wrong_credentials_are_told_at_once(self, door: Door, sandbox: Sandbox, clock: FakeClock) -> None:
        before = clock()
        with pytest.raises(CredentialsError, match="the refresh token is not valid"):
            door(refresh_token=Secret("Atzr|mistyped")).call(GET_REPORTS, answer=dict, query=LIST)
        assert [call.operation for call in sandbox.calls] == ["token"]
        assert clock() == before


class TestTokens:
    @pytest.mark.parametrize("fault", ["token_expired_early", "token_malformed"])
    def test_a_token_that_amazon_refuses_is_renewed_once(self, fault: str, door: Door, sandbox: Sandbox) -> None:
        sandbox.inject(fault)
        assert door().call(GET_REPORTS, answer=dict, query=LIST) == {"reports": []}
        assert statuses(sandbox, "getReports") == [403, 200]
        assert len(calls(sandbox, "token")) == 2

    @pytest.mark.parametrize(
        ("fault", "text"),
        [
            ("token_expired_early", "The access token you provided has expired."),
            ("token_malformed", "The access token you provided is revoked, malformed or invalid."),
        ],
    )
    def test_a_renewed_token_that_is_refused_too_is_an_error(
        self, fault: str, text: str, door: Door, sandbox: Sandbox
    ) -> None:
        sandbox.inject(fault, None)
        with pytest.raises(AccessDeniedError) as caught:
            door().call(GET_REPORTS, answer=dict, query=LIST)
        assert text in str(caught.value)
        assert statuses(sandbox, "getReports") == [403, 403]

    def test_each_call_may_renew_once(self, door: Door, sandbox: Sandbox) -> None:
        """A run lasts hours: one renewal in all would not do."""
        api = door()
        for _ in range(3):
            sandbox.inject("token_expired_early")
            api.call(GET_REPORTS, answer=dict, query=LIST)
        assert len(calls(sandbox, "token")) == 4

    @pytest.mark.parametrize("case", [str, str.upper])
    @pytest.mark.parametrize(
        "text",
        [
            "The access token you provided has expired.",
            "The access token you provided is revoked, malformed or invalid.",
            "... is revoked, malformed or invalid.",
        ],
    )
    def test_the_texts_that_mean_a_token_are_known_in_any_case(
        self,
        text: str,
        case: Callable[[str], str],
        scripted: Scripted,
    ) -> None:
        with scripted(error(403, "Access to requested resource is denied.", details=case(text))) as (host, api):
            api.call(GET_REPORT, answer=dict, report_id="7")
        first, second = (one.headers["x-amz-access-token"] for one in host.seen)
        assert first != second

    @pytest.mark.parametrize(
        "text",
        [
            "Access to requested resource is denied.",
            "Access to the resource is forbidden",
            "Vendor Group amzn1.vg.x is not authorized to access vendor reports",
            "Unauthorized to access requested fields.",
        ],
    )
    def test_a_403_that_a_token_does_not_mend_is_told_at_once(
        self,
        text: str,
        scripted: Scripted,
        clock: FakeClock,
    ) -> None:
        before = clock()
        with scripted(error(403, text)) as (host, api), pytest.raises(AccessDeniedError) as caught:
            api.call(GET_REPORT, answer=dict, report_id="7")
        assert str(caught.value) == f"getReport: Unauthorized: {text} (Amazon request id 1-2-3)"
        assert len(host.seen) == 1
        assert clock() == before

    def test_a_401_is_a_refusal_too(self, scripted: Scripted) -> None:
        with scripted(error(401, "Who are you?")) as (_, api), pytest.raises(AccessDeniedError, match="Who are you"):
            api.call(GET_REPORT, answer=dict, report_id="7")


#: docs/amazon/errors.md#http-errors: status, message, details, the error, and whether a role is missing.
WORDS = [
    (400, "Report type 8 does not support account ID of type class x.VendorGroupId", "", RequestRejectedError, False),
    (
        400,
        "Report rejected for this client. your report could not be applied to any marketplaces",
        "",
        RequestRejectedError,
        False,
    ),
    (400, "One or more required parameters missing", "marketplaceIds;", RequestRejectedError, False),
    (400, "Application do not have access to some or all requested resource", "", RequestRejectedError, True),
    (403, "Access to the resource is forbidden", "", AccessDeniedError, True),
    (403, "Access to requested resource is denied.", "", AccessDeniedError, True),
    (
        403,
        "Access to requested resource is denied.",
        "The access token you provided has expired.",
        AccessDeniedError,
        False,
    ),
    (403, "Access to requested resource is denied.", "... is revoked, malformed or invalid.", AccessDeniedError, False),
    (
        403,
        "Access to requested resource is denied.",
        "The LWA secret token you provided has expired.",
        CredentialsError,
        False,
    ),
    (403, "The LWA secret token you provided has expired.", "", CredentialsError, False),
    (403, "MissingAuthenticationToken: Access to requested resource is denied.", "", AccessDeniedError, False),
    (403, "Vendor Group amzn1.vg.x is not authorized to access vendor reports", "", AccessDeniedError, False),
    (403, "The security token included in the request is expired", "", UnavailableError, False),
    (403, "Unauthorized to access requested fields.", "", AccessDeniedError, False),
    (404, "One or more of the provided ReportRequestIds could not be found.", None, NotFoundError, False),
    (413, "Too large", "", RequestRejectedError, False),
    (415, "Content type", "", RequestRejectedError, False),
    (429, "You exceeded your quota for the requested resource.", "", UnavailableError, False),
    (500, "We encountered an internal error. Please try again.", "", UnavailableError, False),
    (503, "Service Unavailable", "", UnavailableError, False),
]


@pytest.mark.parametrize("case", [str, str.upper])
@pytest.mark.parametrize(("status", "message", "details", "kind", "role"), WORDS)
def test_each_text_of_amazon_has_its_error(
    status: int,
    message: str,
    details: str | None,
    kind: type[AmazonError],
    case: Callable[[str], str],
    scripted: Scripted,
    *,
    role: bool,
) -> None:
    said = {"code": "X", "message": case(message)} | ({} if details is None else {"details": case(details)})
    answer = Answer(status, json.dumps({"errors": [said]}).encode(), {"x-amzn-ErrorType": "SomeException"})
    with scripted(*[answer] * MAX_TRIES) as (_, api), pytest.raises(AmazonError) as caught:
        api.call(GET_REPORT, answer=dict, report_id="7")
    assert type(caught.value) is kind
    assert case(message) in str(caught.value)
    assert may_lack_role(caught.value) is role


class TestExpiredSecret:
    """docs/amazon/errors.md#http-errors: Login with Amazon still gives tokens for a secret that is over its time."""

    SAYS = error(
        403, "Access to requested resource is denied.", details="The LWA secret token you provided has expired."
    )

    def test_is_a_matter_of_the_credentials_and_not_tried_again(self, scripted: Scripted, clock: FakeClock) -> None:
        before = clock()
        with scripted(*[self.SAYS] * 9) as (host, api), pytest.raises(CredentialsError) as caught:
            api.call(GET_REPORT, answer=dict, report_id="7")
        assert (len(host.seen), clock()) == (1, before)
        assert caught.value.code == EXPIRED_SECRET
        assert "The LWA secret token you provided has expired." in str(caught.value)
        assert "rotate it under your application's LWA credentials" in str(caught.value)
        assert "No new consent is needed" in str(caught.value)


class TestIncident:
    def test_amazons_incident_is_waited_for(self, door: Door, sandbox: Sandbox, clock: FakeClock) -> None:
        sandbox.inject("security_token_incident", 4)
        before = clock()
        assert door().call(GET_REPORTS, answer=dict, query=LIST) == {"reports": []}
        assert (clock() - before).total_seconds() == pytest.approx(240)
        # It hits everybody: another token would not help.
        assert len(calls(sandbox, "token")) == 1

    def test_an_incident_that_lasts_is_an_error_in_amazons_words(self, door: Door, sandbox: Sandbox) -> None:
        sandbox.inject("security_token_incident", None)
        with pytest.raises(UnavailableError, match="The security token included in the request is expired"):
            door().call(GET_REPORTS, answer=dict, query=LIST)
        assert statuses(sandbox, "getReports") == [403] * 6


class TestErrors:
    def test_an_unknown_id_is_not_found(self, door: Door) -> None:
        with pytest.raises(NotFoundError, match=r"^getReport: NotFound: Report not found"):
            door().call(GET_REPORT, answer=dict, report_id="7")

    def test_a_rejected_request_quotes_code_message_and_details(self, door: Door) -> None:
        with pytest.raises(RequestRejectedError) as caught:
            door().call(CREATE_REPORT, answer=dict, body={})
        text = "createReport: InvalidInput: One or more required parameters missing: marketplaceIds;reportType;"
        assert caught.value.text == text

    def test_a_missing_role_is_a_refusal_that_quotes_amazon(self, door: Door) -> None:
        with pytest.raises(AccessDeniedError, match="Unauthorized: Access to the resource is forbidden"):
            door("vendor-us-no-role").call(CREATE_REPORT, answer=dict, body=BODY)

    @pytest.mark.parametrize("status", [400, 413, 415, 422])
    def test_any_other_4xx_is_a_rejected_request(self, status: int, scripted: Scripted) -> None:
        with (
            scripted(error(status, "No", code="Bad")) as (host, api),
            pytest.raises(RequestRejectedError, match="Bad: No"),
        ):
            api.call(GET_REPORT, answer=dict, report_id="7")
        assert len(host.seen) == 1

    def test_every_error_quotes_the_request_id(self, door: Door) -> None:
        with pytest.raises(NotFoundError) as caught:
            door().call(GET_REPORT, answer=dict, report_id="7")
        assert caught.value.request_id
        assert str(caught.value).endswith(f"(Amazon request id {caught.value.request_id})")

    @pytest.mark.parametrize(
        "fault", ["server_error_500", "service_unavailable_503", "html_200", "connection_reset_get"]
    )
    def test_a_passing_fault_is_tried_again(self, fault: str, door: Door, sandbox: Sandbox, clock: FakeClock) -> None:
        sandbox.inject(fault, 3)
        before = clock()
        assert door().call(GET_REPORTS, answer=dict, query=LIST) == {"reports": []}
        assert len(calls(sandbox, "getReports")) == 4
        assert clock() > before

    @pytest.mark.parametrize(
        ("fault", "text"),
        [
            ("server_error_500", "getReports .*InternalFailure: We encountered an internal error"),
            ("service_unavailable_503", "getReports .*HTTP 503"),
            ("html_200", "HTTP 200 with"),
            ("connection_reset_get", "connection reset"),
        ],
    )
    def test_a_fault_that_stays_is_an_error_that_says_so(
        self, fault: str, text: str, door: Door, sandbox: Sandbox
    ) -> None:
        sandbox.inject(fault, None)
        with pytest.raises(UnavailableError, match=text) as caught:
            door().call(GET_REPORTS, answer=dict, query=LIST)
        assert "<html>" not in str(caught.value)
        assert len(calls(sandbox, "getReports")) == MAX_TRIES

    @pytest.mark.parametrize("body", [b"", b"[]", b'"text"', b"null", b"<html>"])
    def test_a_good_status_with_another_body_than_an_object_is_no_success(
        self,
        body: bytes,
        scripted: Scripted,
    ) -> None:
        with scripted(*[Answer(200, body)] * 9) as (_, api), pytest.raises(UnavailableError, match="HTTP 200"):
            api.call(GET_REPORT, answer=dict, report_id="7")

    def test_what_must_not_be_repeated_is_sent_once(self, door: Door, sandbox: Sandbox) -> None:
        sandbox.inject("connection_reset")
        with pytest.raises(UnansweredError, match="connection reset"):
            door().call(CREATE_REPORT, answer=dict, repeatable=False, body=BODY)
        assert statuses(sandbox, "createReport") == [0]

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed_with_our_token(self, status: int, scripted: Scripted) -> None:
        with serving() as elsewhere:
            answers = [Answer(status, headers={"Location": f"{elsewhere.url}/reports"})] * 6
            with scripted(*answers) as (_, api), pytest.raises(AmazonError):
                api.call(GET_REPORT, answer=dict, report_id="7")
        assert elsewhere.seen == []

    def test_a_redirect_is_said_to_be_one(self, scripted: Scripted) -> None:
        with (
            scripted(*[Answer(302, headers={"Location": "/reports"})] * 6) as (_, api),
            pytest.raises(AmazonError, match="HTTP 302"),
        ):
            api.call(GET_REPORT, answer=dict, report_id="7")


class TestQuota:
    def test_calls_wait_for_the_bucket_and_amazon_refuses_none(
        self, door: Door, sandbox: Sandbox, clock: FakeClock
    ) -> None:
        api, before = door(), clock()
        for _ in range(18):
            api.call(CREATE_REPORT, answer=dict, repeatable=False, body=BODY)
        assert set(statuses(sandbox, "createReport")) == {202}
        assert (clock() - before).total_seconds() == pytest.approx(3 / 0.0167, rel=0.01)

    def test_the_delay_is_told_before_the_call(self, door: Door) -> None:
        api = door()
        assert api.bucket(CREATE_REPORT).delay() == 0
        for _ in range(15):
            api.call(CREATE_REPORT, answer=dict, body=BODY)
        assert api.bucket(CREATE_REPORT).delay() == pytest.approx(1 / 0.0167 + 1, abs=0.001)
        assert api.bucket(GET_REPORT).delay() == 0

    def test_a_429_is_waited_for_as_long_as_a_token_takes(self, door: Door, sandbox: Sandbox, clock: FakeClock) -> None:
        sandbox.inject("quota_exceeded")
        before = clock()
        assert door().call(CREATE_REPORT, answer=dict, repeatable=False, body=BODY)["reportId"]
        assert statuses(sandbox, "createReport") == [429, 202]
        assert (clock() - before).total_seconds() == pytest.approx(1 / 0.0167, rel=0.02)

    def test_a_429_that_stays_is_an_error_in_amazons_words(self, door: Door, sandbox: Sandbox) -> None:
        sandbox.inject("quota_exceeded", None)
        with pytest.raises(UnavailableError, match="QuotaExceeded: You exceeded your quota") as caught:
            door().call(CREATE_REPORT, answer=dict, repeatable=False, body=BODY)
        assert caught.value.request_id
        assert statuses(sandbox, "createReport") == [429] * MAX_TRIES

    @pytest.mark.parametrize(
        ("retry_after", "seconds"),
        [("7", 7), ("0.1", 0.525), ("Sat, 21 Nov 2026 12:05:00 GMT", 0.525), ("-3", 0.525), ("", 0.525)],
    )
    def test_retry_after_makes_a_pause_longer_but_never_shorter(
        self,
        retry_after: str,
        seconds: float,
        scripted: Scripted,
        clock: FakeClock,
    ) -> None:
        before = clock()
        with scripted(Answer(429, headers={"Retry-After": retry_after})) as (_, api):
            api.call(GET_REPORT, answer=dict, report_id="7")
        assert (clock() - before).total_seconds() == pytest.approx(seconds)

    def test_a_429_states_the_rate_that_its_pause_goes_by(
        self,
        scripted: Scripted,
        clock: FakeClock,
    ) -> None:
        before = clock()
        with scripted(Answer(429, headers={"x-amzn-RateLimit-Limit": "0.25"})) as (_, api):
            api.call(GET_REPORT, answer=dict, report_id="7")
        assert (clock() - before).total_seconds() == pytest.approx(4, abs=0.1)

    @pytest.mark.parametrize("status", [200, 400, 404])
    def test_the_rate_that_any_answer_states_is_adopted(
        self,
        status: int,
        scripted: Scripted,
    ) -> None:
        with scripted(Answer(status, headers={"x-amzn-RateLimit-Limit": "0.25"})) as (_, api), suppress(AmazonError):
            api.call(GET_REPORT, answer=dict, report_id="7")
        assert api._throttle.bucket(GET_REPORT).rate == 0.25
        assert api._throttle.bucket(CREATE_REPORT).rate == CREATE_REPORT.rate

    def test_a_faster_plan_is_used(self, transport: Transport, clock: FakeClock) -> None:
        sandbox = Sandbox(clock=clock, speed=600)
        with running(sandbox) as server:
            account = account_at(server.url)
            auth = LwaAuthenticator(account, transport, clock)
            api = SellingPartnerApi(
                server.url, auth=auth, throttle=Throttle(clock), transport=transport, sleep=clock.sleep
            )
            before = clock()
            for _ in range(35):
                api.call(CREATE_REPORT, answer=dict, body=BODY)
        assert (clock() - before).total_seconds() < 3
        assert 429 not in statuses(sandbox, "createReport")

    def test_every_try_costs_a_token(self, scripted: Scripted) -> None:
        slow = Operation("slow", "GET", "/slow", 0.001, 3)
        with scripted(Answer(503), Answer(503)) as (_, api):
            api.call(slow, answer=dict)
        assert api.bucket(slow).delay() > 900


class TestSecrets:
    @pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
    def test_one_that_amazon_quotes_is_masked_in_the_error(self, status: int, door: Door) -> None:
        quoted = f"you sent client_id and {quote(CLIENT_SECRET)} and {CLIENT_SECRET} with Atza|abc and Atzr%7Cdef"
        with serving(*[error(status, quoted)] * MAX_TRIES) as host, pytest.raises(AmazonError) as caught:
            door(at=host.url).call(GET_REPORT, answer=dict, report_id="7")
        for secret in (CLIENT_SECRET, quote(CLIENT_SECRET), "abc", "Atzr%7Cdef", "Atza|"):
            assert secret not in str(caught.value)
        assert "you sent client_id and *** and *** with *** and ***" in str(caught.value)

    def test_no_token_is_in_an_error_or_a_log(
        self,
        scripted: Scripted,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        script = [Answer(503), Answer(429), Fate.RESET, error(400, "No", code="Bad")]
        with scripted(*script) as (host, api), pytest.raises(RequestRejectedError) as caught:
            api.call(GET_REPORT, answer=dict, report_id="7")
        assert len(host.seen) == 4
        assert "trying again" in caplog.text
        words = str(caught.value) + caplog.text
        assert "Atza|" not in words
        assert "Atzr|" not in words


class TestAmazonText:
    @staticmethod
    def answer(status: int, body: object) -> requests.Response:
        response = requests.Response()
        response.status_code = status
        response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return response

    @pytest.mark.parametrize(
        ("errors", "text"),
        [
            ([{"code": "A", "message": "b", "details": "c"}], "A: b: c"),
            ([{"code": "A", "message": "b", "details": ""}], "A: b"),
            ([{"message": "b"}], "b"),
            ([{"code": "A", "message": "b"}, {"code": "C", "message": "d"}], "A: b; C: d"),
        ],
    )
    def test_all_errors_are_one_line(self, errors: list[dict[str, str]], text: str) -> None:
        assert amazon_text(self.answer(400, {"errors": errors})) == text

    @pytest.mark.parametrize(
        "body",
        [b"", b"<html>503</html>", {}, [], {"errors": None}, {"errors": []}, {"errors": ["x"]}, {"errors": {}}, 7],
    )
    def test_what_is_no_error_list_leaves_the_status(self, body: object) -> None:
        assert amazon_text(self.answer(503, body)) == "HTTP 503 without a reason"

    def test_a_good_answer_has_no_error(self) -> None:
        assert amazon_text(self.answer(200, {"errors": [{"message": "b"}]})) == ""

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            (b'{"errors": [{"message": "x", "details": ' + b"[" * 10_000 + b"]}]}", "HTTP 503 without a reason"),
            (b'{"errors": [{"message": ' + b"9" * 5000 + b"}]}", "HTTP 503 without a reason"),
            ('{"errors": [{"message": "é"}]}'.encode("latin-1"), "HTTP 503 without a reason"),
            (b'{"errors": [{"code": "NotFound", "message": "two\\nlines"}]}', "NotFound: two lines"),
        ],
    )
    def test_no_body_is_a_traceback(self, body: bytes, text: str) -> None:
        assert amazon_text(self.answer(503, body)) == text
