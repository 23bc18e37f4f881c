"""Login with Amazon: from consent to a refresh token, and from that to the access token on every call."""

from __future__ import annotations

import threading
import typing as t
from http import HTTPStatus

from singer_sdk.authenticators import OAuthAuthenticator

from tap_amazon_vendor.amazon.answers import (
    LONGEST_TEXT,
    AccessToken,
    LoginRefusal,
    decode,
    read_answer,
    request_id,
)
from tap_amazon_vendor.amazon.transport import redirect
from tap_amazon_vendor.config.redaction import Redactor, Secret, keep_out_of_logs
from tap_amazon_vendor.errors import CredentialsError, LoginUnavailableError, UnavailableError, one_line

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import requests

    from tap_amazon_vendor.amazon.transport import Transport

#: A token is renewed when this part of its life, but at most `LONGEST_MARGIN` seconds, is left:
#: with Amazon's 3,600 seconds that is at 55 minutes (docs/amazon/errors.md#rules-that-follow).
MARGIN = 1 / 12
LONGEST_MARGIN = 300

#: Name of the call in errors.
LOGIN = "Login with Amazon"

#: Seconds that a login may take, with all its tries.
LONGEST_LOGIN = 300.0

#: Bytes of its largest answer.
LARGEST_LOGIN = 1 << 20

#: What each error of Login with Amazon means and where to fix it (docs/amazon/errors.md#login-errors).
MEANINGS = {
    "invalid_client": (
        "the client is wrong: `client_id` or `client_secret` is mistyped, or the secret was not "
        "rotated in 180 days. Fix this under your application's LWA credentials in Developer "
        "Central or Solution Provider Portal"
    ),
    "invalid_grant": (
        "the refresh token is not valid: `refresh_token` is mistyped, was revoked, or belongs to "
        "another application. The client itself was accepted. Authorize the application again in "
        "Vendor Central or Seller Central and use the new refresh token"
    ),
    "unauthorized_client": (
        "`refresh_token` and `client_id` do not belong together: the token was issued to another "
        "application. Use the client that the account authorized, or authorize this one"
    ),
    "access_denied": "the selling partner refused the authorization. Ask for consent again",
}

#: The same for the exchange of an authorization code.
CODE_MEANINGS = MEANINGS | {
    "invalid_grant": (
        "the authorization code is not valid: it is older than 5 minutes, was used before, or was given for "
        "another redirect URI or another application than that of `client_id`. The client itself was accepted. "
        "Ask for consent again"
    ),
    "unauthorized_client": (
        "the authorization code and `client_id` do not belong together: `application_id` and `client_id` are of two "
        "applications. Take both from one, in Developer Central or Solution Provider Portal"
    ),
}


class Applicant(t.Protocol):
    """Whom Login with Amazon knows: an authorization of an application."""

    @property
    def label(self) -> str:
        """The user's name for the account."""

    @property
    def client_id(self) -> str:
        """The application."""

    @property
    def client_secret(self) -> Secret:
        """Its secret."""

    @property
    def refresh_token(self) -> Secret:
        """The authorization of that application."""

    @property
    def auth_url(self) -> str:
        """Login with Amazon's token endpoint."""


class LwaAuthenticator(OAuthAuthenticator):
    """Puts a valid access token of one account on each request.

    See docs/amazon/login.md#token-endpoint and docs/amazon/requests.md#headers.

    Attributes:
        redactor: Knows the account's secrets, for texts that may quote one.
        meanings: What each error of Login with Amazon means for this account, and where to fix it.
    """

    meanings: t.ClassVar[Mapping[str, str]] = MEANINGS

    def __init__(
        self, account: Applicant, transport: Transport, clock: Callable[[], datetime], redactor: Redactor | None = None
    ) -> None:
        """Store what a token request needs.

        Args:
            account: Owner of the token.
            transport: HTTP client.
            clock: Returns the current time, aware.
            redactor: Learns the account's secrets and each token that is issued; its own if None.
        """
        super().__init__(client_id=account.client_id, auth_endpoint=account.auth_url)
        self._account = account
        self._lock = threading.Lock()
        self._transport = transport
        self._clock = clock
        self.redactor = redactor or Redactor()
        self.redactor.learn([account.client_secret, account.refresh_token])

    @property
    def oauth_request_body(self) -> dict[str, t.Any]:
        """The form of a refresh token grant."""
        return {
            "grant_type": "refresh_token",
            "refresh_token": self._account.refresh_token.reveal(),
            **_client(self._account),
        }

    def authenticate_request(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the access token where Amazon looks for it, renewing it first where due."""
        request.headers["x-amz-access-token"] = self.valid_token()
        return request

    def valid_token(self) -> str:
        """Return the access token, a new one where due."""
        with self._lock:
            if not self.is_token_valid():
                self.update_access_token()
            return t.cast("str", self.access_token)

    def is_token_valid(self) -> bool:
        """Return whether the token is valid long enough for another request."""
        if self.access_token is None or self.last_refreshed is None or self.expires_in is None:
            return False
        margin = min(self.expires_in * MARGIN, LONGEST_MARGIN)
        age = (self._clock() - self.last_refreshed).total_seconds()
        return age < self.expires_in - margin

    def keep_secret(self, token: str) -> None:
        """Keep a token that was issued out of texts and logs."""
        self.redactor.learn([Secret(token)])
        keep_out_of_logs([Secret(token)])

    def drop_token(self) -> None:
        """Forget the access token, so that the next request gets a new one."""
        with self._lock:
            self.access_token = None

    def update_access_token(self) -> None:
        """Ask Login with Amazon for an access token.

        Raises:
            CredentialsError: The client or the refresh token is rejected; the message says which.
            LoginUnavailableError: Login with Amazon gives no valid response.
        """
        asked = self._clock()
        answer = _ask(self._account, self._transport, self.oauth_request_body, self.meanings)
        self.keep_secret(answer.access_token)
        self.access_token = answer.access_token
        self.expires_in = answer.expires_in or 3600
        self.last_refreshed = asked


def exchange_code(account: Applicant, code: Secret, redirect_uri: str, transport: Transport) -> Secret:
    """Exchange the code of a selling partner's consent for a refresh token (grant authorization_code).

    Args:
        account: Has the application and the token endpoint.
        code: ``spapi_oauth_code``, at most 5 minutes old.
        redirect_uri: Where the code was sent.
        transport: HTTP client.

    Returns:
        The refresh token.

    Raises:
        CredentialsError: The client or the code is rejected; the message says which.
        LoginUnavailableError: Login with Amazon gives no valid response.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code.reveal(),
        "redirect_uri": redirect_uri,
        **_client(account),
    }
    answer = _ask(account, transport, form, CODE_MEANINGS)
    if not answer.refresh_token:
        text = f"Account {account.label!r}: Login with Amazon's answer has no refresh token"
        raise CredentialsError(text)
    token = Secret(answer.refresh_token)
    keep_out_of_logs([token])
    return token


def _client(account: Applicant) -> dict[str, str]:
    """Return the fields of a token request that name the application."""
    return {"client_id": account.client_id, "client_secret": account.client_secret.reveal()}


def _ask(account: Applicant, transport: Transport, form: Mapping[str, str], meanings: Mapping[str, str]) -> AccessToken:
    """Send a token request; return the response, which has a token.

    Raises:
        CredentialsError: The request is rejected.
        LoginUnavailableError: Login with Amazon gives no valid response.
    """
    try:
        response = transport.request(
            "POST",
            account.auth_url,
            data=form,
            deadline=LONGEST_LOGIN,
            largest=LARGEST_LOGIN,
            check=lambda response: read_answer(response, AccessToken, LOGIN),
        )
        if response.status_code == HTTPStatus.OK:
            return read_answer(response, AccessToken, LOGIN)
    except UnavailableError as error:
        text = f"Account {account.label!r}: {error.text}"
        raise LoginUnavailableError(text, request_id=error.request_id) from None
    secrets = Redactor(Secret(form[name]) for name in ("client_secret", "refresh_token", "code") if name in form)
    raise _refusal(account, response, meanings, secrets)


def _refusal(
    account: Applicant, response: requests.Response, meanings: Mapping[str, str], secrets: Redactor
) -> CredentialsError | LoginUnavailableError:
    """Map a response without a token to the exception to raise."""
    try:
        said = decode(response.content, LoginRefusal)
    except ValueError:
        said = LoginRefusal()
    status = response.status_code
    error, description = (
        one_line(secrets.redact(words or ""))[:LONGEST_TEXT] for words in (said.error, said.error_description)
    )
    meaning = meanings.get(error)
    if meaning is None:
        meaning = f"{LOGIN} answered {redirect(response) or f'HTTP {status} {error}'.rstrip()} instead of a token"
    if description or error in meanings:
        meaning += f". Amazon says: {error}: {description or 'no description'}"
    text = f"Account {account.label!r}: {meaning}"
    id_ = request_id(response)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return LoginUnavailableError(text, request_id=id_)
    return CredentialsError(text, request_id=id_, code=said.error)
