"""Calls to the Ads API: its headers, its refusals, and quotas that nobody publishes (docs/amazon/ads.md#headers)."""

from __future__ import annotations

import typing as t
from http import HTTPStatus

from tap_amazon_vendor.amazon.auth import MEANINGS, LwaAuthenticator
from tap_amazon_vendor.amazon.client import Repairs, SellingPartnerApi
from tap_amazon_vendor.amazon.throttle import Bucket, Throttle
from tap_amazon_vendor.errors import ThrottledError

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import requests

    from tap_amazon_vendor.amazon.retry import Sleep
    from tap_amazon_vendor.amazon.throttle import Operation
    from tap_amazon_vendor.amazon.transport import Transport
    from tap_amazon_vendor.config.ads_accounts import AdsAccount
    from tap_amazon_vendor.errors import AmazonError

#: What each error of Login with Amazon means for the consent for advertising.
ADS_MEANINGS = MEANINGS | {
    "invalid_client": (
        "the client of Amazon Ads is wrong: `client_id` or `client_secret` in `ads` is mistyped. It is not that of the "
        "Selling Partner API, but of the application that Amazon approved for the Ads API"
    ),
    "invalid_grant": (
        "the consent for Amazon Ads is not valid: `refresh_token` in `ads` is mistyped, was revoked, or belongs to "
        "another application. The client itself was accepted. Ask for consent again: `amazon-vendor authorize --ads`"
    ),
    "unauthorized_client": (
        "`refresh_token` and `client_id` in `ads` do not belong together: the token was issued to another application"
    ),
}

#: Pauses, in seconds, after an access token that was refused though it is new (docs/amazon/ads.md#errors).
REFUSED_PAUSES = (5.0, 15.0, 30.0)

#: Of the rate that a bucket begins with: the least that is believed of a 429, and what each call wins back.
LEAST, REGAINED = 1 / 64, 1 / 16


class AdsAuthenticator(LwaAuthenticator):
    """Puts a valid access token of one consent for advertising on each request."""

    meanings = ADS_MEANINGS

    def authenticate_request(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put access token and client id where the Ads API looks for them, renewing the token first where due."""
        request.headers["Authorization"] = f"Bearer {self.valid_token()}"
        request.headers["Amazon-Advertising-API-ClientId"] = self._account.client_id
        return request


class LearnedBucket(Bucket):
    """Tokens for an operation whose rate Amazon does not publish: each 429 halves it, each call wins a little back."""

    def take(self) -> float:
        """Take one token, on credit if the bucket is empty; return the seconds until it is available."""
        with self._lock:
            self._fill()
            self.rate = min(self._published, self.rate * (1 + REGAINED))
            return super().take()

    def empty(self) -> float:
        """Note a 429. Return the seconds until the bucket has a token."""
        with self._lock:
            self._fill()
            self.rate = max(self._published * LEAST, self.rate / 2)
            return super().empty()


class LearnedThrottle(Throttle):
    """The buckets of one profile."""

    bucket_type = LearnedBucket


class AdsRepairs(Repairs):
    """Recovers one call from a 401: by a new access token, once, then by waiting."""

    def __init__(self, auth: LwaAuthenticator) -> None:
        """Start with every remedy."""
        super().__init__(auth)
        self._pauses = [*REFUSED_PAUSES]

    def after(self, response: requests.Response) -> float | None:
        """Return the seconds to the next try, None if no retry would help."""
        if response.status_code != HTTPStatus.UNAUTHORIZED or b"scope" in response.content:
            return None
        if not self._renewed:
            self._renewed = True
            self._auth.drop_token()
            return 0.0
        return self._pauses.pop(0) if self._pauses else None


class AdsClient(SellingPartnerApi):
    """Client of the Ads API for one profile, or for what needs none."""

    def __init__(  # noqa: PLR0913  # each is one fact
        self,
        account: AdsAccount,
        *,
        auth: AdsAuthenticator,
        transport: Transport,
        clock: Callable[[], datetime],
        sleep: Sleep,
        profile_id: str | None = None,
    ) -> None:
        """Store the dependencies.

        Args:
            account: The consent.
            auth: Puts its token on requests; all its profiles share one.
            transport: HTTP client.
            clock: Returns the current time, aware.
            sleep: Waits the given seconds.
            profile_id: The profile that calls are for.
        """
        super().__init__(account.api_url, auth=auth, throttle=LearnedThrottle(clock), transport=transport, sleep=sleep)
        self.repairs = AdsRepairs
        self._profile_id = profile_id

    def _error(self, operation: Operation, response: requests.Response) -> AmazonError:
        """Map an error response to the exception to raise."""
        error = super()._error(operation, response)
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            # Amazon has refused reports so for hours (docs/amazon/ads.md#errors): nothing that anybody could mend.
            return ThrottledError(error.text, request_id=error.request_id)
        return error

    def _authenticate(
        self, operation: Operation, buckets: list[Bucket], token: str | None, request: requests.PreparedRequest
    ) -> requests.PreparedRequest:
        """Wait for a token of each bucket, and put access token and profile on a request."""
        request = super()._authenticate(operation, buckets, token, request)
        if self._profile_id:
            request.headers["Amazon-Advertising-API-Scope"] = self._profile_id
        return request
