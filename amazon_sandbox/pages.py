"""The sandbox's own pages, for people and for tests. Amazon has none of them.

`GET /` tells how to use the sandbox, `GET /sandbox/accounts` lists who can log in,
`GET /sandbox/calls` counts and lists calls, and `/sandbox/faults` shows (GET), arms
(POST) and disarms (DELETE) faults.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from amazon_sandbox import consent
from amazon_sandbox.faults import FAULTS, UnknownFaultError

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from amazon_sandbox.accounts import SandboxAccount
    from amazon_sandbox.amazon import Sandbox


def respond(sandbox: Sandbox, request: Request) -> Response | None:
    """Answer a request for one of these pages.

    Args:
        sandbox: The sandbox that is shown.
        request: Any request.

    Returns:
        None when the request is meant for Amazon.
    """
    route = (request.method, request.path)
    if route == ("GET", "/"):
        return Response(welcome(sandbox, request), mimetype="text/plain")
    if route == ("GET", "/sandbox/accounts"):
        return _json(200, {"accounts": _accounts(sandbox), "ads_accounts": _ads_accounts(sandbox)})
    if route == ("GET", "/sandbox/calls"):
        return _json(200, _calls(sandbox))
    if request.path == "/sandbox/faults":
        return _faults(sandbox, request)
    if request.path.startswith("/sandbox/"):
        return _json(404, {"error": "There is no such page. GET / lists them."})
    return None


def welcome(sandbox: Sandbox, request: Request) -> str:
    """The first page: what this is, and the settings that lead here."""
    url = sandbox.url or request.host_url.rstrip("/")
    return f"""\
This is the sandbox of tap-amazon-vendor: a local Amazon with made-up figures.
It speaks Login with Amazon, the Reports API 2021-06-30 and Data Kiosk, and serves the
documents; it asks for consent, and has purchase orders, shipments, direct fulfilment,
invoices, transactions, and what restricted documents and a check of roles need.

{settings(sandbox, url)}

GET    {url}{consent.PATH}?application_id={next(iter(sandbox.registrations))}&state=...

GET    {url}/sandbox/accounts   all accounts and what they are entitled to
The Amazon Ads API is at {url}/ads, with tokens of consents of its own (ads_accounts).
GET    {url}/sandbox/calls      what was called so far
GET    {url}/sandbox/faults     what can go wrong, and what is armed
POST   {url}/sandbox/faults     {{"name": "quota_exceeded", "count": 2, "skip": 0}}
DELETE {url}/sandbox/faults     disarm all
"""


def settings(sandbox: Sandbox, url: str) -> str:
    """The settings of the tap as a person copies them: for one account of each kind, and for all of them."""
    every = list(sandbox.accounts)
    firsts = {account.kind: account for account in reversed(every)}
    parts = [
        f"Settings of the tap for {account.label}, a {account.kind}:\n{_as_text(_settings(sandbox, account, url))}"
        for account in every
        if account is firsts[account.kind]
    ]
    if len(every) > 1:
        readable = [account for account in every if account.roles and account.enabled]
        many = {"accounts": [{"account": each.label, **_settings(sandbox, each, url)} for each in readable]}
        others = "\n".join(
            f"  {other.label:<22} {other.refresh_token:<32} {' '.join(other.marketplaces)}"
            for other in every
            if other is not firsts[other.kind]
        )
        parts.append(f"Settings of the tap for all accounts that have a role:\n{_as_text(many)}")
        if others:
            parts.append(f"Other accounts, by refresh_token:\n{others}")
    return "\n\n".join(parts)


def _settings(sandbox: Sandbox, account: SandboxAccount, url: str) -> dict[str, Any]:
    """The settings of the tap for an account."""
    registration = next(each for each in sandbox.registrations.values() if each.client_id == account.client_id)
    return {
        "api_url": url,
        "auth_url": f"{url}/auth/o2/token",
        "application_id": registration.application_id,
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "refresh_token": account.refresh_token,
        "account_type": account.kind,
        "marketplaces": list(account.marketplaces),
    }


def _as_text(settings: dict[str, Any]) -> str:
    return json.dumps(settings, indent=2)


def _accounts(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [
        {
            "label": account.label,
            "kind": account.kind,
            "region": account.region,
            "marketplaces": account.marketplaces,
            # They open nothing but this sandbox, and users have to copy them.
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "refresh_token": account.refresh_token,
            "roles": account.roles,
            "selling_programs": account.selling_programs,
            "distributor_views": account.distributor_views,
            "brand_registry": account.brand_registry,
            "first_day": account.first_day and account.first_day.isoformat(),
        }
        for account in sandbox.accounts
    ]


def _ads_accounts(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [
        {
            "label": account.label,
            "region": account.region,
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "refresh_token": account.refresh_token,
            "profiles": [profile.as_json() for profile in account.profiles],
        }
        for account in sandbox.ads_accounts
    ]


def _calls(sandbox: Sandbox) -> dict[str, Any]:
    with sandbox.lock:
        calls = list(sandbox.calls)
    counts: dict[str, Counter[str]] = {}
    for call in calls:
        counts.setdefault(call.account, Counter())[call.operation] += 1
    listed = [
        {
            "at": call.at.isoformat(),
            "account": call.account,
            "operation": call.operation,
            "status": call.status,
            "request": call.request,
        }
        for call in calls
    ]
    return {"counts": counts, "calls": listed}


def _faults(sandbox: Sandbox, request: Request) -> Response:
    if request.method == "POST":
        try:
            body = json.loads(request.get_data())
            count, skip = body.get("count", 1), body.get("skip", 0)
            sandbox.inject(body["name"], None if count is None else int(count), skip=int(skip))
        except UnknownFaultError as error:
            return _json(400, {"error": str(error)})
        except (ValueError, TypeError, KeyError, AttributeError):
            example = '{"name": "quota_exceeded", "count": 2, "skip": 0}'
            return _json(400, {"error": f"Send JSON such as {example}"})
    elif request.method == "DELETE":
        with sandbox.lock:
            sandbox.faults.clear()
    elif request.method != "GET":
        return _json(405, {"error": "GET, POST or DELETE"})
    with sandbox.lock:
        armed = [dict(vars(fault)) for fault in sandbox.faults.armed]
    return _json(200, {"available": dict(FAULTS), "armed": armed})


def _json(status: int, body: dict[str, Any]) -> Response:
    text = json.dumps(body, indent=2, default=str)
    return Response(text, status, mimetype="application/json")
