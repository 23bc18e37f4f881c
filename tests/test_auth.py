"""Login with Amazon, at the local one: who is wrong, where to mend it, and when to renew."""

from __future__ import annotations

import json
import logging
import threading
import typing as t
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from hosts import Answer, account_at, serving

from amazon_sandbox import (
    CLIENT_ID,
    CLIENT_SECRET,
    OTHER_CLIENT_ID,
    OTHER_CLIENT_SECRET,
    REVOKED_REFRESH_TOKEN,
    Sandbox,
    running,
)
from tap_amazon_vendor.amazon.auth import LONGEST_LOGIN, LwaAuthenticator, exchange_code
from tap_amazon_vendor.amazon.retry import MAX_TRIES
from tap_amazon_vendor.config.redaction import Secret
from tap_amazon_vendor.errors import AmazonError, CredentialsError, LoginUnavailableError, UnavailableError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clocks import FakeClock

    from tap_amazon_vendor.amazon.transport import Transport
    from tap_amazon_vendor.config.accounts import Account

pytestmark = pytest.mark.usefixtures("bare_environment")

REFRESH_TOKEN = "Atzr|sandbox-vendor-us"
TOKEN_HEADER = "x-amz-access-token"


def secretly(changes: dict[str, t.Any]) -> dict[str, t.Any]:
    """Fields of an account, its secrets as such."""
    secrets = ("client_secret", "refresh_token")
    return {name: Secret(value) if name in secrets else value for name, value in changes.items()}


@pytest.fixture
def sandbox(clock: FakeClock) -> Sandbox:
    return Sandbox(clock=clock)


@pytest.fixture
def account(sandbox: Sandbox) -> Iterator[Account]:
    """An account of the sandbox, which listens."""
    with running(sandbox) as server:
        yield account_at(server.url)


@pytest.fixture
def auth(account: Account, transport: Transport, clock: FakeClock) -> LwaAuthenticator:
    return LwaAuthenticator(account, transport, clock)


@pytest.fixture
def refuse(account: Account, transport: Transport, clock: FakeClock) -> Callable[..., AmazonError]:
    """Ask for a token with changed credentials, and return the error."""

    def refuse(**changes: t.Any) -> AmazonError:  # fields of an account
        with pytest.raises(AmazonError) as caught:
            LwaAuthenticator(replace(account, **secretly(changes)), transport, clock).update_access_token()
        return caught.value

    return refuse


@pytest.fixture
def answer(auth: LwaAuthenticator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LwaAuthenticator]:
    """Let Login with Amazon answer what no sandbox would."""

    def answer(status: int, body: object, request_id: str = "") -> LwaAuthenticator:
        response = requests.Response()
        response.status_code = status
        response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response.headers["x-amzn-RequestId"] = request_id
        monkeypatch.setattr(auth._transport, "request", lambda *_, **__: response)
        return auth

    return answer


def sign(auth: LwaAuthenticator) -> str:
    """Return the token that a request gets."""
    request = requests.Request("GET", "https://sellingpartnerapi-na.amazon.com/").prepare()
    return auth.authenticate_request(request).headers[TOKEN_HEADER]


def granted(sandbox: Sandbox) -> int:
    return sum(call.operation == "token" and call.status == 200 for call in sandbox.calls)


class TestTokens:
    def test_a_request_gets_a_token_that_amazon_knows(self, auth: LwaAuthenticator, sandbox: Sandbox) -> None:
        token = sandbox.lwa.find(sign(auth))
        assert token
        assert token.account
        assert token.account.label == "vendor-us"

    def test_the_token_goes_where_amazon_looks_for_it_and_nowhere_else(self, auth: LwaAuthenticator) -> None:
        request = requests.Request("GET", "https://sellingpartnerapi-na.amazon.com/reports?a=1").prepare()
        signed = auth.authenticate_request(request)
        assert signed is request
        assert signed.headers[TOKEN_HEADER].startswith("Atza|")
        assert "Authorization" not in signed.headers
        assert signed.url == "https://sellingpartnerapi-na.amazon.com/reports?a=1"

    def test_the_grant_is_a_form_with_the_four_fields_of_a_refresh(self, auth: LwaAuthenticator) -> None:
        assert auth.oauth_request_body == {
            "grant_type": "refresh_token",
            "refresh_token": REFRESH_TOKEN,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }

    def test_one_token_serves_all_requests_while_it_lives(
        self, auth: LwaAuthenticator, sandbox: Sandbox, clock: FakeClock
    ) -> None:
        tokens = set()
        for _ in range(11):
            tokens.add(sign(auth))
            clock.advance(299)
        assert len(tokens) == granted(sandbox) == 1

    def test_is_renewed_at_55_minutes_and_not_before(
        self, auth: LwaAuthenticator, sandbox: Sandbox, clock: FakeClock
    ) -> None:
        first = sign(auth)
        clock.advance(3299)
        assert sign(auth) == first
        clock.advance(1)
        assert sign(auth) != first
        assert granted(sandbox) == 2

    @pytest.mark.parametrize(("lives", "used"), [(60, 55), (12, 11), (3600, 3300), (86400, 86100)])
    def test_the_margin_is_a_twelfth_of_a_life_and_at_most_five_minutes(
        self, lives: int, used: int, answer: Callable[..., LwaAuthenticator], clock: FakeClock
    ) -> None:
        auth = answer(200, {"access_token": "Atza|1", "expires_in": lives})
        auth.update_access_token()
        clock.advance(used - 0.001)
        assert auth.is_token_valid()
        clock.advance(0.001)
        assert not auth.is_token_valid()

    def test_never_is_a_token_sent_that_amazon_calls_expired(
        self, auth: LwaAuthenticator, sandbox: Sandbox, clock: FakeClock
    ) -> None:
        for _ in range(50):
            token = sandbox.lwa.find(sign(auth))
            assert token
            assert clock() + timedelta(seconds=299) < token.expires_at
            clock.advance(700)

    def test_its_age_counts_from_when_it_was_asked_for(
        self, auth: LwaAuthenticator, sandbox: Sandbox, clock: FakeClock
    ) -> None:
        """An answer that took long has a token that is not as young as it seems."""
        sandbox.inject("lwa_503", 3)
        asked = clock()
        sign(auth)
        assert clock() > asked
        assert auth.last_refreshed == asked

    def test_no_token_is_not_valid(self, auth: LwaAuthenticator) -> None:
        assert not auth.is_token_valid()

    def test_a_dropped_token_is_replaced_at_the_next_request(self, auth: LwaAuthenticator, sandbox: Sandbox) -> None:
        first = sign(auth)
        auth.drop_token()
        assert not auth.is_token_valid()
        assert sign(auth) != first
        assert granted(sandbox) == 2

    def test_a_token_that_another_thread_drops_meanwhile_is_still_put_on_the_request(
        self, auth: LwaAuthenticator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = sign(auth)
        dropping = threading.Thread(target=auth.drop_token)

        def valid() -> bool:
            dropping.start()
            dropping.join(0.05)
            return True

        with monkeypatch.context() as patch:
            patch.setattr(auth, "is_token_valid", valid)
            assert sign(auth) == first
        dropping.join()
        assert sign(auth) != first

    @pytest.mark.parametrize("body", [{"access_token": "Atza|1"}, {"access_token": "Atza|1", "expires_in": None}])
    def test_a_token_without_a_lifetime_lives_an_hour(
        self, body: dict[str, t.Any], answer: Callable[..., LwaAuthenticator]
    ) -> None:
        auth = answer(200, body)
        auth.update_access_token()
        assert auth.expires_in == 3600


class TestRefusals:
    """docs/amazon/errors.md#login-errors: each error says which of client and token is wrong, and where to mend it."""

    def test_a_wrong_client_secret(self, refuse: Callable[..., AmazonError]) -> None:
        error = refuse(client_secret="wrong")
        assert isinstance(error, CredentialsError)
        words = str(error)
        assert words.startswith("Account 'main': the client is wrong: `client_id` or `client_secret`")
        assert "Developer Central or Solution Provider Portal" in words
        assert "Amazon says: invalid_client: Client authentication failed" in words
        assert "refresh_token" not in words

    def test_a_wrong_client_id(self, refuse: Callable[..., AmazonError]) -> None:
        error = refuse(client_id="amzn1.application-oa2-client.mistyped")
        assert isinstance(error, CredentialsError)
        assert "the client is wrong" in str(error)

    @pytest.mark.parametrize("refresh_token", [REVOKED_REFRESH_TOKEN, "Atzr|mistyped"])
    def test_a_refresh_token_that_is_revoked_or_mistyped(
        self, refresh_token: str, refuse: Callable[..., AmazonError]
    ) -> None:
        error = refuse(refresh_token=refresh_token)
        assert isinstance(error, CredentialsError)
        words = str(error)
        assert words.startswith("Account 'main': the refresh token is not valid: `refresh_token`")
        assert "The client itself was accepted" in words
        assert "Vendor Central or Seller Central" in words
        assert "Amazon says: invalid_grant: The request has an invalid grant parameter : refresh_token." in words

    def test_a_refresh_token_of_another_application(self, refuse: Callable[..., AmazonError]) -> None:
        error = refuse(client_id=OTHER_CLIENT_ID, client_secret=OTHER_CLIENT_SECRET)
        assert isinstance(error, CredentialsError)
        words = str(error)
        assert "`refresh_token` and `client_id` do not belong together" in words
        assert "Amazon says: unauthorized_client: Not authorized for requested operation" in words

    def test_a_partner_who_refused(self, answer: Callable[..., LwaAuthenticator]) -> None:
        auth = answer(400, {"error": "access_denied"})
        with pytest.raises(CredentialsError, match=r"refused the authorization.* Amazon says: access_denied"):
            auth.update_access_token()

    def test_the_request_id_is_quoted(self, refuse: Callable[..., AmazonError]) -> None:
        error = refuse(client_secret="wrong")
        assert error.request_id
        assert f"(Amazon request id {error.request_id})" in str(error)

    @pytest.mark.parametrize("error", ["unsupported_grant_type", "invalid_request"])
    def test_an_error_that_is_nobodys_fault_but_ours_names_itself(
        self, error: str, answer: Callable[..., LwaAuthenticator]
    ) -> None:
        auth = answer(400, {"error": error}, request_id="1-2-3")
        with pytest.raises(CredentialsError, match=f"'main'.* HTTP 400 {error} instead of a token.*1-2-3"):
            auth.update_access_token()

    def test_an_error_that_is_not_known_quotes_amazons_text(self, answer: Callable[..., LwaAuthenticator]) -> None:
        auth = answer(400, {"error": "invalid_scope", "error_description": "The scope is out of scope"})
        with pytest.raises(CredentialsError, match="The scope is out of scope"):
            auth.update_access_token()

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (404, b"<html>Not found</html>"),
            (404, {"message": "no Route matched with those values"}),
            (403, b""),
        ],
    )
    def test_what_is_no_answer_of_login_with_amazon_is_a_wrong_setting(
        self, status: int, body: object, answer: Callable[..., LwaAuthenticator]
    ) -> None:
        with pytest.raises(CredentialsError, match=f"Login with Amazon answered HTTP {status} instead of a token"):
            answer(status, body).update_access_token()

    @pytest.mark.parametrize(
        "body",
        [
            {},
            [],
            None,
            b"",
            b"<html>Please log in to the hotel's network</html>",
            b"[" * 10_000,
            '{"access_token": "é"}'.encode("latin-1"),
            '{"access_token": "Atza|1"}'.encode("utf-16"),
            *({"access_token": token} for token in ("", None, 7, "Atza|1\nx: y", "Atza|é", ["Atza|1"])),
            *({"access_token": "Atza|1", "expires_in": life} for life in ("abc", -1, 0, 10**12, 1.5)),
            b'{"access_token": "Atza|1", "expires_in": %s}' % (b"9" * 5000),
        ],
    )
    def test_a_200_without_a_token_is_tried_again_and_then_no_fault_of_the_credentials(
        self, body: object, account: Account, transport: Transport, clock: FakeClock
    ) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        good = b'{"access_token": "Atza|good"}'
        with serving(*[Answer(200, content)] * 2, Answer(200, good)) as host:
            auth = LwaAuthenticator(replace(account, auth_url=host.url), transport, clock)
            auth.update_access_token()
            assert auth.access_token == "Atza|good"
        before = clock()
        with (
            serving(*[Answer(200, content)] * MAX_TRIES) as host,
            pytest.raises(LoginUnavailableError, match="'main': Login with Amazon: HTTP 200 with an answer that can't"),
        ):
            LwaAuthenticator(replace(account, auth_url=host.url), transport, clock).update_access_token()
        assert len(host.seen) == MAX_TRIES
        assert (clock() - before).total_seconds() <= LONGEST_LOGIN

    def test_a_refusal_is_read_whatever_comes_first_in_it(self, answer: Callable[..., LwaAuthenticator]) -> None:
        said = {"error_index": "5EDd==", "error_description": "The grant type", "error": "unsupported_grant_type"}
        with pytest.raises(
            CredentialsError, match=r"HTTP 400 unsupported_grant_type instead of a token.*The grant type"
        ):
            answer(400, said).update_access_token()

    def test_too_many_logins_are_no_fault_of_the_credentials(self, answer: Callable[..., LwaAuthenticator]) -> None:
        with pytest.raises(LoginUnavailableError, match="HTTP 429"):
            answer(429, b"").update_access_token()

    @pytest.mark.parametrize("error", [{"code": 404, "message": "Not found"}, ["invalid_client"]])
    def test_an_error_of_another_shape_is_no_traceback(
        self, error: object, answer: Callable[..., LwaAuthenticator]
    ) -> None:
        with pytest.raises(CredentialsError, match="HTTP 404"):
            answer(404, {"error": error}).update_access_token()

    def test_a_refused_account_keeps_no_token(self, refuse: Callable[..., AmazonError], auth: LwaAuthenticator) -> None:
        refuse(client_secret="wrong")
        assert auth.access_token is None


class TestCodes:
    """The grant authorization_code; the rest of the way is shown in the tests of `authorize`."""

    def exchange(self, answer: Answer, account: Account, transport: Transport) -> tuple[Secret, str]:
        with serving(answer) as host:
            token = exchange_code(replace(account, auth_url=host.url), Secret("c de"), "http://localhost/x", transport)
        return token, host.seen[0].body.decode()

    def test_a_code_becomes_a_refresh_token(self, account: Account, transport: Transport) -> None:
        body = json.dumps({"access_token": "Atza|1", "refresh_token": "Atzr|1"}).encode()
        token, form = self.exchange(Answer(200, body), account, transport)
        assert token == Secret("Atzr|1")
        assert form == (
            "grant_type=authorization_code&code=c+de&redirect_uri=http%3A%2F%2Flocalhost%2Fx"
            f"&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}"
        )

    @pytest.mark.parametrize(
        ("status", "body", "words"),
        [
            (200, {"access_token": "Atza|1"}, "answer has no refresh token"),
            (400, {"error": "invalid_grant"}, "the authorization code is not valid: it is older than 5 minutes"),
            (400, {"error": "unauthorized_client"}, "`application_id` and `client_id` are of two applications"),
            (401, {"error": "invalid_client"}, "the client is wrong"),
            (403, {"error": "access_denied"}, "the selling partner refused"),
        ],
    )
    def test_a_refusal_says_what_is_wrong(
        self, status: int, body: object, words: str, account: Account, transport: Transport
    ) -> None:
        with pytest.raises(CredentialsError, match=words) as caught:
            self.exchange(Answer(status, json.dumps(body).encode()), account, transport)
        assert "c de" not in str(caught.value)
        assert "refresh_token" not in str(caught.value)


class TestIncidents:
    @pytest.mark.parametrize("fault", ["lwa_500", "lwa_503"])
    def test_a_passing_fault_is_waited_for(
        self, fault: str, auth: LwaAuthenticator, sandbox: Sandbox, clock: FakeClock
    ) -> None:
        sandbox.inject(fault, 3)
        before = clock()
        assert sign(auth)
        assert granted(sandbox) == 1
        assert clock() > before

    @pytest.mark.parametrize("fault", ["lwa_500", "lwa_503"])
    def test_a_fault_that_stays_is_not_blamed_on_the_credentials(
        self, fault: str, auth: LwaAuthenticator, sandbox: Sandbox
    ) -> None:
        sandbox.inject(fault, None)
        with pytest.raises(UnavailableError, match="'main': Login with Amazon answered HTTP 50"):
            sign(auth)


class TestSecrets:
    SECRETS = (CLIENT_SECRET, REFRESH_TOKEN, REVOKED_REFRESH_TOKEN, OTHER_CLIENT_SECRET, "s3cret-mistyped", "Atza|")

    @pytest.mark.parametrize(
        "changes",
        [
            {"client_secret": "s3cret-mistyped"},
            {"refresh_token": REVOKED_REFRESH_TOKEN},
            {"client_id": OTHER_CLIENT_ID, "client_secret": OTHER_CLIENT_SECRET},
            {"auth_url": "http://127.0.0.1:9/auth?client_secret=s3cret-mistyped"},
        ],
    )
    def test_no_refusal_quotes_one(
        self, changes: dict[str, str], refuse: Callable[..., AmazonError], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        words = str(refuse(**changes)) + caplog.text
        assert not any(secret in words for secret in self.SECRETS)

    def test_no_log_quotes_one(
        self, auth: LwaAuthenticator, sandbox: Sandbox, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        sandbox.inject("lwa_500", 2)
        sign(auth)
        clock.advance(4000)
        sign(auth)
        assert caplog.text
        assert not any(secret in caplog.text for secret in self.SECRETS)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed_with_them(
        self, status: int, account: Account, transport: Transport, clock: FakeClock
    ) -> None:
        with serving() as elsewhere, serving(Answer(status, headers={"Location": f"{elsewhere.url}/token"})) as host:
            auth = LwaAuthenticator(replace(account, auth_url=host.url), transport, clock)
            with pytest.raises(AmazonError, match=f"HTTP {status}"):
                auth.update_access_token()
        assert elsewhere.seen == []
