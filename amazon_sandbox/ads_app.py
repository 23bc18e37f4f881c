"""The host of the Amazon Ads API: the gate before each of its operations.

It lies under `/ads`, so that a client tells the two hosts apart by their addresses as it does at
Amazon. Tokens come from the same endpoint; those of the one API do not open the other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
from werkzeug.wrappers import Response

from amazon_sandbox import ads_api, documents
from amazon_sandbox.ads_accounts import AdsAccount
from amazon_sandbox.ads_operations import AdsCall, AdsError, of_gateway, of_resource
from amazon_sandbox.faults import ADS_ANSWER, ADS_GATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from werkzeug.wrappers import Request

    from amazon_sandbox.ads_accounts import AdsProfile
    from amazon_sandbox.ads_operations import AdsOperation
    from amazon_sandbox.amazon import Sandbox

PREFIX = "/ads"
OPERATIONS: Mapping[str, AdsOperation] = {operation.name: operation for operation in ads_api.OPERATIONS}
# Any of these is what a client accepts that says nothing.
ANY = ("*/*", "application/*", "application/json")

_encode = msgspec.json.Encoder(decimal_format="number").encode


def respond(  # noqa: PLR0913 - a request, and what the application knows of it
    sandbox: Sandbox,
    request: Request,
    operation: AdsOperation,
    *,
    ids: Mapping[str, str],
    now: datetime,
    known: Callable[[str], None],
) -> tuple[Response, str | None]:
    """Answer a request.

    Args:
        sandbox: What is asked.
        request: The request.
        operation: What its path and method stand for.
        ids: What stands in the path.
        now: When it came.
        known: Is told the label of the consent once it is known.

    Returns:
        The answer, and the fault that shall strike it on its way, if any.
    """
    try:
        account, token = _authenticate(sandbox, request, now, known)
        page = _gate(sandbox, request, operation, token, now)
        if page is not None:
            return page, None
        scope = _scope(request, account) if operation.scoped else None
        _negotiate(request, operation)
        waiting = sandbox.ads_reports.wait(f"{scope.profile_id}" if scope else account.label, operation.limit, now)
        if waiting is not None:
            raise _throttled(operation, math.ceil(waiting))
        if scope is not None and operation.ad_product in scope.closed:
            title = str(operation.ad_product).replace("_", " ").title()
            raise of_resource(403, "ACCESS_DENIED", f"Advertiser is not authorized for {title}")
        call = AdsCall(
            account=account,
            now=now,
            ids=ids,
            query={name: ",".join(request.args.getlist(name)) for name in request.args},
            body=request.get_data(),
            base_url=sandbox.url or request.host_url.rstrip("/"),
            accepts=next((value for value in _accepted(request) if value not in ANY), ""),
            scope=scope,
        )
        answer = operation.handler(sandbox, call)
    except AdsError as error:
        response = _json(error.status, error.body, "application/json")
        response.headers.update(error.headers)
        return response, None
    except ConnectionResetError:
        return Response(), "ads_connection_reset"
    fits = ADS_ANSWER if operation.name == "createAdsReport" else set(ADS_ANSWER) - {"ads_connection_reset"}
    gives = "application/json" if operation.gives == "*" else operation.gives
    return _json(operation.status, answer, gives), sandbox.faults.strike(fits)


def _authenticate(
    sandbox: Sandbox, request: Request, now: datetime, known: Callable[[str], None]
) -> tuple[AdsAccount, str]:
    """Let nobody in without a good access token of the Ads API, and its client's id."""
    access_token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = sandbox.lwa.find(access_token)
    if token is None or not isinstance(token.account, AdsAccount):
        raise of_gateway(401, "Unauthorized")
    known(token.account.label)
    if now >= token.expires_at:
        raise of_gateway(401, "Unauthorized")
    if request.headers.get("Amazon-Advertising-API-ClientId") != token.account.client_id:
        raise of_resource(
            401, "UNAUTHORIZED", "Amazon-Advertising-API-ClientId is missing or not the client of the token"
        )
    return token.account, access_token


def _gate(sandbox: Sandbox, request: Request, operation: AdsOperation, token: str, now: datetime) -> Response | None:
    """Let a fault strike before the operation does anything."""
    fits = set(ADS_GATE)
    if request.method != "GET":
        fits -= {"ads_connection_reset_get"}
    if operation.name != "getAdsReport":
        fits -= {"ads_report_gone"}
    if operation.limit != "create":
        fits -= {"ads_throttled_silently"}
    fault = sandbox.faults.strike(fits)
    if fault is None:
        return None
    if fault == "ads_connection_reset_get":
        raise ConnectionResetError
    if fault in {"ads_html_502", "ads_html_200"}:
        return Response(documents.HTML, int(fault[-3:]), mimetype="text/html")
    if fault == "ads_token_expired_early":
        # For good: repeating the call with the same token must not help.
        sandbox.lwa.expire(token, now)
    if fault in {"ads_throttled", "ads_throttled_silently"}:
        raise _throttled(operation, 30 if fault == "ads_throttled" else None)
    raise {
        "ads_token_expired_early": of_gateway(401, "Unauthorized"),
        "ads_unauthorized": of_gateway(401, "Unauthorized"),
        "ads_server_error_500": operation.errors(500, "Internal Server Error"),
        "ads_not_acceptable": operation.errors(406, "Not Acceptable"),
        "ads_report_gone": operation.errors(404, "Report not found"),
    }[fault]


def _scope(request: Request, account: AdsAccount) -> AdsProfile:
    """The profile that a call is for."""
    scope = request.headers.get("Amazon-Advertising-API-Scope")
    if not scope:
        raise of_resource(400, "INVALID_ARGUMENT", "Missing required header Amazon-Advertising-API-Scope")
    profile = account.profile(scope)
    if profile is None:
        raise of_resource(401, "UNAUTHORIZED", "No matching advertiser found for scope")
    if profile.kind == "agency":
        raise of_resource(400, "INVALID_ARGUMENT", "Invalid Advertiser or Marketplace ID.")
    return profile


def _negotiate(request: Request, operation: AdsOperation) -> None:
    """Refuse media types that the operation does not know."""
    if operation.takes is not None and request.mimetype != operation.takes.lower():
        raise operation.errors(415, f"Cannot consume content type, expected {operation.takes}")
    accepted = _accepted(request)
    good = {operation.gives} if operation.strict else {operation.gives, *ANY}
    if operation.gives == "*":
        return
    if (operation.strict and not accepted) or (accepted and good.isdisjoint(accepted)):
        raise operation.errors(406, f"Cannot produce content type, expected {operation.gives}")


def _accepted(request: Request) -> list[str]:
    values = (value.partition(";")[0].strip() for value in request.headers.get("Accept", "").split(","))
    return [value for value in values if value]


def _throttled(operation: AdsOperation, seconds: int | None) -> AdsError:
    error = operation.errors(429, "Too Many Requests")
    headers = {} if seconds is None else {"Retry-After": f"{seconds}"}
    return AdsError(429, error.body, headers)


def _json(status: int, body: Any, content_type: str) -> Response:  # noqa: ANN401 - whatever JSON can hold
    return Response(_encode(body), status, content_type=content_type)
