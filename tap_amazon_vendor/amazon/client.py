"""Calls to the Selling Partner API for one account: throttle, token, Amazon's errors → ours."""

from __future__ import annotations

import typing as t
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

import requests

from tap_amazon_vendor.amazon.auth import LwaAuthenticator
from tap_amazon_vendor.amazon.throttle import Throttle
from tap_amazon_vendor.amazon.wording import is_incident, wants_new_token
from tap_amazon_vendor.errors import (
    AccessDeniedError,
    NotFoundError,
    RequestRejectedError,
    UnavailableError,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_amazon_vendor.amazon.retry import Sleep
    from tap_amazon_vendor.amazon.throttle import Bucket, Operation
    from tap_amazon_vendor.amazon.transport import Transport
    from tap_amazon_vendor.config.accounts import Account

#: Pauses, in seconds, during an incident at Amazon.
INCIDENT_PAUSES = (60.0,) * 5


class SellingPartnerApi:
    """Client of the Selling Partner API for one account.

    Attributes:
        auth: Puts the access token on requests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: LwaAuthenticator,
        throttle: Throttle,
        transport: Transport,
        sleep: Sleep,
    ) -> None:
        """Store the dependencies.

        Args:
            base_url: Regional base URI, without a slash at its end.
            auth: Puts the access token on requests.
            throttle: The account's buckets.
            transport: HTTP client.
            sleep: Waits the given seconds.
        """
        self._base_url = base_url
        self.auth = auth
        self._throttle = throttle
        self._transport = transport
        self._sleep = sleep

    @classmethod
    def of(
        cls, account: Account, transport: Transport, clock: Callable[[], datetime], sleep: Sleep
    ) -> SellingPartnerApi:
        """Return the client of an account, with its own token and buckets.

        Args:
            account: The account.
            transport: HTTP client.
            clock: Returns the current time, aware.
            sleep: Waits the given seconds.
        """
        auth = LwaAuthenticator(account, transport, clock)
        return cls(account.api_url, auth=auth, throttle=Throttle(clock), transport=transport, sleep=sleep)

    def bucket(self, operation: Operation) -> Bucket:
        """Return the bucket of an operation."""
        return self._throttle.bucket(operation)

    def call(  # noqa: PLR0913  # each is one part of a call
        self,
        operation: Operation,
        *,
        repeatable: bool = True,
        quota: Bucket | None = None,
        token: str | None = None,
        query: dict[str, str] | None = None,
        body: dict[str, t.Any] | None = None,
        **path: str,
    ) -> dict[str, t.Any]:
        """Call an operation, waiting for its bucket first.

        Args:
            operation: What to call.
            repeatable: False if a second call would have a second effect.
            quota: A narrower limit than the operation's, which a 429 then comes from.
            token: Restricted data token to send instead of the access token.
            query: Query parameters.
            body: JSON body.
            path: Values of the path's placeholders.

        Returns:
            Amazon's response.

        Raises:
            AccessDeniedError: HTTP 401 or 403 that a new token does not fix.
            NotFoundError: HTTP 404.
            RequestRejectedError: Any other HTTP 4xx.
            UnavailableError: HTTP 429 or 5xx after every retry, or a response that is not JSON.
        """
        bucket = self.bucket(operation)
        buckets = [bucket, quota] if quota else [bucket]
        url = self._base_url + operation.path.format(**{name: quote(value, safe="") for name, value in path.items()})

        repairs = _Repairs(self.auth)

        def retry_after(response: requests.Response) -> float | None:
            bucket.adopt(response.headers.get("x-amzn-RateLimit-Limit"))
            if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                return max(buckets[-1].empty(), _seconds(response.headers.get("Retry-After")))
            return repairs.after(response)

        response = self._transport.request(
            operation.method,
            url,
            params=query,
            json=body,
            # Runs for each try: each costs a token.
            auth=partial(self._authenticate, buckets, token),
            repeatable=repeatable,
            retry_after=retry_after,
            readable=_is_object,
            # A redirect would carry our token to another host.
            allow_redirects=False,
        )
        bucket.adopt(response.headers.get("x-amzn-RateLimit-Limit"))
        if response.ok and response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            return t.cast("dict[str, t.Any]", response.json(parse_float=Decimal))
        raise _error(operation, response, amazon_text(response))

    def _authenticate(
        self, buckets: list[Bucket], token: str | None, request: requests.PreparedRequest
    ) -> requests.PreparedRequest:
        """Wait for a token of each bucket, and put the restricted or the account's access token on a request."""
        # First, because getting one may take a while: Amazon's bucket would lose its token later than ours.
        request = self.auth.authenticate_request(request)
        if (delay := max(bucket.take() for bucket in buckets)) > 0:
            self._sleep(delay)
            # It may have expired meanwhile.
            request = self.auth.authenticate_request(request)
        if token:
            request.headers["x-amz-access-token"] = token
        return request


class _Repairs:
    """Recovers one call from a 403: by a new access token, once; or by waiting, during an incident at Amazon."""

    def __init__(self, auth: LwaAuthenticator) -> None:
        self._auth = auth
        self._renewed = False
        self._incident_pauses = list(INCIDENT_PAUSES)

    def after(self, response: requests.Response) -> float | None:
        """Return the seconds to the next try, None if no retry would help."""
        if response.status_code != HTTPStatus.FORBIDDEN:
            return None
        text = amazon_text(response)
        if wants_new_token(text) and not self._renewed:
            self._renewed = True
            self._auth.drop_token()
            return 0.0
        if is_incident(text) and self._incident_pauses:
            return self._incident_pauses.pop()
        return None


def amazon_text(response: requests.Response) -> str:
    """Return the message of an error response, in one line.

    Args:
        response: Any response.

    Returns:
        Code, message and details of every error in the body (docs/amazon/requests.md#error-bodies); for a body
        that is not JSON (a load balancer's page) only the HTTP status.
    """
    if response.status_code < HTTPStatus.MULTIPLE_CHOICES:
        return ""
    try:
        errors = response.json()["errors"]
        texts = [
            ": ".join(str(error[key]) for key in ("code", "message", "details") if error.get(key)) for error in errors
        ]
    except (requests.JSONDecodeError, KeyError, TypeError, AttributeError):
        texts = []
    return "; ".join(texts) or f"HTTP {response.status_code} without a reason"


def _error(operation: Operation, response: requests.Response, words: str) -> Exception:
    """Map an error response to the exception to raise."""
    request_id = response.headers.get("x-amzn-RequestId")
    status = response.status_code
    kinds: dict[int, type[AccessDeniedError | NotFoundError]] = {
        HTTPStatus.UNAUTHORIZED: AccessDeniedError,
        HTTPStatus.FORBIDDEN: AccessDeniedError,
        HTTPStatus.NOT_FOUND: NotFoundError,
    }
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        text = f"{operation.name} still failed after every retry: {words}"
        return UnavailableError(text, request_id=request_id)
    kind = kinds.get(status, RequestRejectedError)
    return kind(f"{operation.name}: {words}", request_id=request_id)


def _is_object(response: requests.Response) -> bool:
    """Return whether a body is a JSON object."""
    try:
        return isinstance(response.json(), dict)
    except requests.JSONDecodeError:
        return False


def _seconds(retry_after: str | None) -> float:
    """Read ``Retry-After`` given in seconds; its other form, a date, is ignored."""
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        return 0.0
