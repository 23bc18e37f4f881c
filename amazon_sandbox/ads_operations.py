"""What all operations of the Ads API have in common: a call that passed the gate, and how it is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from amazon_sandbox.ads_accounts import AdsAccount, AdsProfile
    from amazon_sandbox.amazon import Sandbox

    Handler = Callable[["Sandbox", "AdsCall"], object]
    Row = dict[str, Any]


class AdsError(Exception):
    """An answer of the Ads API that is an error.

    Attributes:
        status: HTTP status.
        body: The JSON body, which has one of three shapes.
        headers: Further headers.
    """

    def __init__(self, status: int, body: Mapping[str, str], headers: Mapping[str, str] | None = None) -> None:
        """Remember what to answer."""
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers or {}


def of_reporting(status: int, detail: str) -> AdsError:
    """An error of the operations of reports."""
    return AdsError(status, {"code": f"{status}", "detail": detail})


def of_resource(status: int, code: str, details: str) -> AdsError:
    """An error of all other operations."""
    return AdsError(status, {"code": code, "details": details, "requestId": "SANDBOX"})


def _by_number(status: int, details: str) -> AdsError:
    return of_resource(status, f"{status}", details)


def of_gateway(status: int, message: str) -> AdsError:
    """An error before any operation."""
    return AdsError(status, {"message": message})


@dataclass(frozen=True)
class AdsCall:
    """A request that has passed the gate.

    Attributes:
        account: The consent.
        now: When.
        ids: What stands in the path.
        query: The query parameters.
        body: The body.
        base_url: The host that documents are to be fetched from.
        accepts: What the header Accept says, or nothing where it takes anything.
        scope: The profile; None for operations without one.
    """

    account: AdsAccount
    now: datetime
    ids: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    base_url: str
    accepts: str = ""
    scope: AdsProfile | None = None

    @property
    def profile(self) -> AdsProfile:
        """The profile of an operation that needs one."""
        assert self.scope is not None, "the gate lets nobody in without"  # noqa: S101 - for the type checker
        return self.scope

    def json(self) -> Row:
        """The body as a JSON object; none is an empty one."""
        try:
            body = json.loads(self.body or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise of_resource(400, "INVALID_ARGUMENT", "Request body is not valid JSON")
        return body


@dataclass(frozen=True)
class AdsOperation:
    """One operation.

    Attributes:
        name: Its name in the log of calls.
        method: HTTP method.
        path: Path behind the host's prefix, in the notation of Werkzeug's routing.
        handler: What answers it.
        takes: The media type that a body must be announced as; None for any.
        gives: The media type of the answer; * for what is asked for.
        strict: Whether Accept has to name that type; else it may be left out or be JSON.
        limit: The bucket that it draws from.
        scoped: Whether it needs a profile.
        ad_product: What has to be open to the advertiser.
        status: HTTP status of a success.
        errors: Gives a refusal the shape of these operations.
    """

    name: str
    method: str
    path: str
    handler: Handler
    takes: str | None = None
    gives: str = "application/json"
    strict: bool = False
    limit: str = "other"
    scoped: bool = True
    ad_product: str | None = None
    status: int = 200
    errors: Callable[[int, str], AdsError] = _by_number
