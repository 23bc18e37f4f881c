"""Calls to the Selling Partner API for one account: throttle, token, Amazon's errors → ours."""

from __future__ import annotations

import typing as t
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

from tap_amazon_vendor.amazon.answers import LONGEST_TEXT, error_text, read_answer, request_id
from tap_amazon_vendor.amazon.auth import LwaAuthenticator
from tap_amazon_vendor.amazon.retry import LONGEST_REQUEST
from tap_amazon_vendor.amazon.throttle import Throttle
from tap_amazon_vendor.amazon.transport import LONGEST_RETRY_AFTER, asked_to_wait, redirect
from tap_amazon_vendor.amazon.wording import ROTATE, is_expired_secret, is_incident, wants_new_token
from tap_amazon_vendor.errors import (
    AccessDeniedError,
    AmazonError,
    CredentialsError,
    NotFoundError,
    RequestRejectedError,
    UnavailableError,
    one_line,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import requests

    from tap_amazon_vendor.amazon.retry import Sleep
    from tap_amazon_vendor.amazon.throttle import Bucket, Operation
    from tap_amazon_vendor.amazon.transport import Transport
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.redaction import Redactor

T = t.TypeVar("T")

#: Code of the error for a client secret that is too old for calls, though Login with Amazon still takes it.
EXPIRED_SECRET = "expired_secret"  # noqa: S105  # no secret

#: Seconds; a longer pause is not written out.
DAY = 86_400

#: Pauses, in seconds, during an incident at Amazon.
INCIDENT_PAUSES = (60.0,) * 5


class Repairs:
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


class SellingPartnerApi:
    """Client of the Selling Partner API for one account.

    Attributes:
        auth: Puts the access token on requests.
        repairs: Recovers a call that was refused.
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
        self.repairs: type[Repairs] = Repairs
        self._throttle = throttle
        self._transport = transport
        self._sleep = sleep

    @classmethod
    def of(  # noqa: PLR0913, PLR0917  # each is one fact
        cls,
        account: Account,
        transport: Transport,
        clock: Callable[[], datetime],
        sleep: Sleep,
        redactor: Redactor | None = None,
        throttle: Throttle | None = None,
    ) -> SellingPartnerApi:
        """Return the client of an account, with its own token.

        Args:
            account: The account.
            transport: HTTP client.
            clock: Returns the current time, aware.
            sleep: Waits the given seconds.
            redactor: Learns the secrets of the account and of its calls; its own if None.
            throttle: The account's buckets; full ones if None.
        """
        auth = LwaAuthenticator(account, transport, clock, redactor)
        return cls(account.api_url, auth=auth, throttle=throttle or Throttle(clock), transport=transport, sleep=sleep)

    def bucket(self, operation: Operation) -> Bucket:
        """Return the bucket of an operation."""
        return self._throttle.bucket(operation)

    def call(  # noqa: PLR0913  # each is one part of a call
        self,
        operation: Operation,
        *,
        answer: type[T],
        repeatable: bool = True,
        tries: int | None = None,
        quota: Bucket | None = None,
        token: str | None = None,
        query: dict[str, str] | None = None,
        body: dict[str, t.Any] | None = None,
        **path: str,
    ) -> T:
        """Call an operation, waiting for its bucket first.

        Args:
            operation: What to call.
            answer: The type of its answer.
            repeatable: False if a second call would have a second effect.
            tries: Most tries, where that is fewer than usual.
            quota: A narrower limit than the operation's, which a 429 then comes from.
            token: Restricted data token to send instead of the access token.
            query: Query parameters.
            body: JSON body.
            path: Values of the path's placeholders.

        Returns:
            Amazon's response.

        Raises:
            AccessDeniedError: HTTP 401 or 403 that a new token does not fix.
            CredentialsError: The client secret is too old, or Login with Amazon refuses the account.
            NotFoundError: HTTP 404, or an id in the path that is empty or only dots.
            RequestRejectedError: Any other HTTP 4xx.
            MalformedAnswerError: A response that does not fit `answer`, after every retry.
            UnansweredError: What must not be repeated may or may not have arrived.
            UnavailableError: HTTP 429 or 5xx after every retry, or an incident that lasts.
            AmazonError: A redirect.
        """
        bucket = self.bucket(operation)
        buckets = [bucket, quota] if quota else [bucket]
        if token:
            self.auth.keep_secret(token)
        for name, id_ in path.items():
            if f"{{{name}}}" in operation.path and not id_.strip("."):
                # Without such a part, the URL would be that of another operation.
                text = f"{operation.name}: Amazon gave an invalid id: {id_!r}"
                raise NotFoundError(text)
        url = self._base_url + operation.path.format(**{name: quote(value, safe="") for name, value in path.items()})

        repairs = self.repairs(self.auth)
        decoded: list[T] = []

        def check(response: requests.Response) -> None:
            decoded[:] = [read_answer(response, answer, operation.name)]

        def retry_after(response: requests.Response) -> float | None:
            bucket.adopt(response.headers.get("x-amzn-RateLimit-Limit"))
            if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                return buckets[-1].empty()
            return repairs.after(response)

        response = self._transport.request(
            operation.method,
            url,
            params=query,
            json=body,
            # Runs for each try: each costs a token.
            auth=partial(self._authenticate, operation, buckets, token),
            repeatable=repeatable,
            tries=tries,
            # A 429 of a quota of its own passes with that quota's next token.
            deadline=LONGEST_REQUEST + (quota.period if quota else 0),
            retry_after=retry_after,
            check=check,
        )
        bucket.adopt(response.headers.get("x-amzn-RateLimit-Limit"))
        if response.ok and not redirect(response):
            return decoded[0]
        raise self._error(operation, response)

    def _authenticate(
        self, operation: Operation, buckets: list[Bucket], token: str | None, request: requests.PreparedRequest
    ) -> requests.PreparedRequest:
        """Wait for a token of each bucket, and put the restricted or the account's access token on a request.

        Raises:
            UnavailableError: The wait would be longer than `LONGEST_REQUEST` and the time of one token.
        """
        # First, because getting one may take a while: Amazon's bucket would lose its token later than ours.
        request = self.auth.authenticate_request(request)
        longest = LONGEST_REQUEST + max(bucket.period for bucket in buckets)
        if (delay := max([bucket.take() for bucket in buckets])) > longest:
            for bucket in buckets:
                bucket.give_back()
            text = (
                f"{operation.name}: the quota allows no call for {delay:.0f} s, more than the limit of {longest:.0f} s"
            )
            raise UnavailableError(text)
        if delay > 0:
            self._sleep(delay)
            # It may have expired meanwhile.
            request = self.auth.authenticate_request(request)
        if token:
            request.headers["x-amz-access-token"] = token
        if request.body:
            request.headers["Content-Type"] = operation.sends
        if operation.accepts:
            request.headers["Accept"] = operation.accepts
        return request

    def _error(self, operation: Operation, response: requests.Response) -> AmazonError:
        """Map an error response to the exception to raise; it quotes no secret, even if Amazon does."""
        words = amazon_text(response, self.auth.redactor.redact)[:LONGEST_TEXT]
        id_, status = request_id(response), response.status_code
        if leads := redirect(response):
            return AmazonError(f"{operation.name}: {leads}", request_id=id_)
        if status == HTTPStatus.FORBIDDEN and is_expired_secret(words):
            text = f"{operation.name}: {words.rstrip(' .')}. {ROTATE}"
            return CredentialsError(text, request_id=id_, code=EXPIRED_SECRET)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            asked = asked_to_wait(response)
            pause = f"{asked:.0f}" if asked <= DAY else f"more than {DAY}"
            still = (
                f"asks to wait {pause} s, which is more than {LONGEST_RETRY_AFTER:.0f}"
                if asked > LONGEST_RETRY_AFTER
                else "still failed after every retry"
            )
            return UnavailableError(f"{operation.name} {still}: {words}", request_id=id_)
        text = f"{operation.name}: {words}"
        if status == HTTPStatus.FORBIDDEN and is_incident(words):
            return UnavailableError(text, request_id=id_)
        kinds: dict[int, type[AccessDeniedError | NotFoundError]] = {
            HTTPStatus.UNAUTHORIZED: AccessDeniedError,
            HTTPStatus.FORBIDDEN: AccessDeniedError,
            HTTPStatus.NOT_FOUND: NotFoundError,
        }
        return kinds.get(status, RequestRejectedError)(text, request_id=id_)


def amazon_text(response: requests.Response, redact: Callable[[str], str] = str) -> str:
    """Return the message of an error response, in one line.

    Args:
        response: Any response.
        redact: Redacts a text. Before its lines are joined: they may break a secret.

    Returns:
        Code, message and details of every error in the body; for another body (a load balancer's page) only the HTTP
        status. May quote a secret.
    """
    if response.status_code < HTTPStatus.MULTIPLE_CHOICES:
        return ""
    return one_line(redact(error_text(response.content) or "")) or f"HTTP {response.status_code} without a reason"
