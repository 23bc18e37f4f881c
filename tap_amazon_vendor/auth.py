"""Login with Amazon: from a refresh token to the access token on every call."""

from __future__ import annotations

import threading
import typing as t
from http import HTTPStatus

import requests
from singer_sdk.authenticators import OAuthAuthenticator

from tap_amazon_vendor.errors import AmazonError, CredentialsError, LoginUnavailableError, UnavailableError

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_amazon_vendor.accounts import Account
    from tap_amazon_vendor.transport import Transport

#: A token is renewed when this part of its life, but at most `LONGEST_MARGIN` seconds, is left:
#: with Amazon's 3,600 seconds that is at 55 minutes (ERRORS.md section 6).
MARGIN = 1 / 12
LONGEST_MARGIN = 300

#: What each error of Login with Amazon means and where it is mended (ERRORS.md section 4).
MEANINGS = {
    "invalid_client": (
        "the client is wrong: `client_id` or `client_secret` is mistyped, or the secret was not "
        "rotated in 180 days. Mend it under your application's LWA credentials in Developer "
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


class LwaAuthenticator(OAuthAuthenticator):
    """Puts a valid access token of one account on each request (API.md sections 1 and 5)."""

    def __init__(self, account: Account, transport: Transport, clock: Callable[[], datetime]) -> None:
        """Keep what a token request needs.

        Args:
            account: Whose token.
            transport: The way out.
            clock: Returns the current time, aware.
        """
        super().__init__(
            client_id=account.client_id,
            client_secret=account.client_secret,
            auth_endpoint=account.auth_url,
        )
        self.refresh_token = account.refresh_token
        self._lock = threading.Lock()
        self._label = account.label
        self._transport = transport
        self._clock = clock

    @property
    def oauth_request_body(self) -> dict[str, t.Any]:
        """The form of a refresh token grant."""
        return {
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }

    def authenticate_request(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the access token where Amazon looks for it, renewing it first where due."""
        with self._lock:
            if not self.is_token_valid():
                self.update_access_token()
            request.headers["x-amz-access-token"] = t.cast("str", self.access_token)
        return request

    def is_token_valid(self) -> bool:
        """Say whether the token lives long enough for one more request."""
        if self.access_token is None or self.last_refreshed is None or self.expires_in is None:
            return False
        margin = min(self.expires_in * MARGIN, LONGEST_MARGIN)
        age = (self._clock() - self.last_refreshed).total_seconds()
        return age < self.expires_in - margin

    def drop_token(self) -> None:
        """Forget the access token, so that the next request gets a new one."""
        with self._lock:
            self.access_token = None

    def update_access_token(self) -> None:
        """Ask Login with Amazon for an access token.

        Raises:
            CredentialsError: The client or the refresh token is refused; the text says which.
            LoginUnavailableError: Login with Amazon does not answer properly.
        """
        asked = self._clock()
        try:
            response = self._transport.request(
                "POST",
                self.auth_endpoint,
                data=self.oauth_request_body,
                # A redirect would carry our secrets to another host.
                allow_redirects=False,
            )
        except UnavailableError as error:
            text = f"Account {self._label!r}: {error}"
            raise LoginUnavailableError(text) from None
        try:
            answer = response.json()
        except requests.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            answer = {}
        token = answer.get("access_token")
        if response.status_code != HTTPStatus.OK or not token:
            raise self._refusal(response, answer)
        self.access_token = token
        self.expires_in = int(answer.get("expires_in") or 3600)
        self.last_refreshed = asked

    def _refusal(self, response: requests.Response, answer: dict[str, t.Any]) -> AmazonError:
        """Turn an answer without a token into the error that says what to do."""
        error = answer.get("error")
        meaning = MEANINGS.get(error) if isinstance(error, str) else None
        if meaning is None:
            status = f"HTTP {response.status_code}{f' {error}' if isinstance(error, str) else ''}"
            meaning = f"Login with Amazon answered {status} instead of a token"
        description = answer.get("error_description")
        if description or (isinstance(error, str) and error in MEANINGS):
            meaning += f". Amazon says: {error}: {description or 'no description'}"
        text = f"Account {self._label!r}: {meaning}"
        passing = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        kind = LoginUnavailableError if passing else CredentialsError
        return kind(text, request_id=response.headers.get("x-amzn-RequestId"))
