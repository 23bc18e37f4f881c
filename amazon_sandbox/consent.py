"""The consent page, on which a selling partner authorizes an application (docs/amazon/login.md#consent).

At Amazon it belongs to Seller Central and Vendor Central, where somebody is logged in.
Here one page serves both, and lets choose who is logged in. It is plain HTML without
script, for browsers and for tests.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from werkzeug.wrappers import Response

from amazon_sandbox.registrations import selling_partner_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from amazon_sandbox.amazon import Sandbox
    from amazon_sandbox.registrations import Registration

PATH = "/apps/authorize/consent"

# docs/amazon/errors.md#consent-errors; MD5100 was met for many reasons.
DRAFT = ("MD1000", "The application is a draft: the link needs version=beta.")
UNKNOWN = ("MD5100", "There is no such application.")
NOT_REGISTERED = ("MD5101", "The redirect_uri is not one of those that the application has registered.")
FRAGMENT = ("MD5110", "The redirect_uri has a fragment.")


def show(sandbox: Sandbox, query: Mapping[str, str]) -> Response:
    """Answer GET: ask for a decision, or say what is wrong with the link."""
    checked = _check(sandbox, query)
    if isinstance(checked, Response):
        return checked
    _, redirect_uri = checked
    sent = {**query, "redirect_uri": redirect_uri}
    hidden = "\n".join(
        f'<input type="hidden" name="{name}" value="{escape(sent[name])}">'
        for name in ("application_id", "state", "redirect_uri", "version")
        if name in sent
    )
    options = "\n".join(
        f'<option value="{escape(account.label)}">{escape(account.label)} ({selling_partner_id(account)})</option>'
        for account in sandbox.accounts
    )
    return page(
        200,
        "Authorize an application",
        f"""\
<p>Shall <b>{escape(query["application_id"])}</b> have access to your account?</p>
<form method="post" action="{PATH}">
{hidden}
<p><label>You are <select name="account">
{options}
</select></label></p>
<p><button type="submit" id="confirm" name="decision" value="confirm">Confirm</button>
<button type="submit" id="refuse" name="decision" value="refuse">Refuse</button></p>
</form>""",
    )


def decide(sandbox: Sandbox, form: Mapping[str, str], now: datetime) -> Response:
    """Answer POST: go back to where the link said, with a code or a refusal."""
    checked = _check(sandbox, form)
    if isinstance(checked, Response):
        return checked
    registration, redirect_uri = checked
    answer = {"state": form["state"]} if "state" in form else {}
    account = next((account for account in sandbox.accounts if account.label == form.get("account")), None)
    if form.get("decision") == "refuse":
        # OAuth's words; what Amazon sends is not documented.
        answer["error"] = "access_denied"
        answer["error_description"] = "The selling partner refused the authorization."
    elif form.get("decision") == "confirm" and account is not None:
        answer["selling_partner_id"] = selling_partner_id(account)
        answer["spapi_oauth_code"] = sandbox.lwa.consent(account, registration, redirect_uri, now)
    else:
        return page(400, "Error", "<p>Confirm or refuse, as one of the accounts.</p>")
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return Response(status=302, headers={"Location": f"{redirect_uri}{joint}{urlencode(answer)}"})


def _check(sandbox: Sandbox, query: Mapping[str, str]) -> tuple[Registration, str] | Response:
    """Find the application and the place to go back to, or say what is wrong."""
    registration = sandbox.registrations.get(query.get("application_id", ""))
    if registration is None:
        return _error(*UNKNOWN)
    if registration.draft and query.get("version") != "beta":
        return _error(*DRAFT)
    redirect_uri = query.get("redirect_uri", registration.redirect_uris[0])
    if "#" in redirect_uri:
        return _error(*FRAGMENT)
    if not registration.leads_to(redirect_uri):
        return _error(*NOT_REGISTERED)
    return registration, redirect_uri


def _error(code: str, why: str) -> Response:
    return page(400, "Error", f"<p>Error Code: <b>{code}</b></p>\n<p>{why}</p>")


def page(status: int, title: str, content: str) -> Response:
    """Return a page of HTML."""
    text = f"""\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<h1>{title}</h1>
{content}
</body>
</html>
"""
    return Response(text, status, mimetype="text/html")
