"""The consent page of the Ads API, on which an advertiser authorizes an application (docs/amazon/ads.md#consent).

At Amazon it belongs to Login with Amazon, where somebody is logged in; here it lets choose who is.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from werkzeug.wrappers import Response

from amazon_sandbox.consent import page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from amazon_sandbox.amazon import Sandbox

PATH = "/ap/oa"
SCOPE = "advertising::campaign_management"
FIELDS = ("client_id", "scope", "response_type", "redirect_uri", "state")


def show(sandbox: Sandbox, query: Mapping[str, str]) -> Response:
    """Answer GET: ask for a decision, or say what is wrong with the link."""
    problem = _problem(sandbox, query)
    if problem:
        return page(400, "Error", f"<p>{problem}</p>")
    hidden = "\n".join(
        f'<input type="hidden" name="{name}" value="{escape(query[name])}">' for name in FIELDS if name in query
    )
    options = "\n".join(
        f'<option value="{escape(account.label)}">{escape(account.label)}</option>' for account in sandbox.ads_accounts
    )
    return page(
        200,
        "Authorize an application",
        f"""\
<p>Shall <b>{escape(query["client_id"])}</b> have access to your advertising?</p>
<form method="post" action="{PATH}">
{hidden}
<p><label>You are <select name="account">
{options}
</select></label></p>
<p><button type="submit" id="confirm" name="decision" value="confirm">Allow</button>
<button type="submit" id="refuse" name="decision" value="refuse">Cancel</button></p>
</form>""",
    )


def decide(sandbox: Sandbox, form: Mapping[str, str], now: datetime) -> Response:
    """Answer POST: go back to where the link said, with a code or a refusal."""
    problem = _problem(sandbox, form)
    account = next((each for each in sandbox.ads_accounts if each.label == form.get("account")), None)
    if problem or (account is None and form.get("decision") != "refuse"):
        return page(400, "Error", f"<p>{problem or 'Confirm or refuse, as one of the accounts.'}</p>")
    answer = {"state": form["state"]} if "state" in form else {}
    if account is None or form.get("decision") == "refuse":
        # OAuth's words.
        answer |= {"error": "access_denied", "error_description": "Access not permitted."}
    else:
        code = sandbox.lwa.consent(account, sandbox.ads_registration, form["redirect_uri"], now)
        answer |= {"code": code, "scope": form["scope"]}
    joint = "&" if urlsplit(form["redirect_uri"]).query else "?"
    return Response(status=302, headers={"Location": f"{form['redirect_uri']}{joint}{urlencode(answer)}"})


def _problem(sandbox: Sandbox, query: Mapping[str, str]) -> str | None:
    if query.get("client_id") != sandbox.ads_registration.client_id:
        return "Unknown client_id"
    if query.get("scope") != SCOPE:
        return "An unknown scope was requested"
    if query.get("response_type") != "code":
        return "The request has an invalid parameter : response_type"
    if not sandbox.ads_registration.leads_to(query.get("redirect_uri", "")):
        return "The redirect URI you provided has not been whitelisted for your application"
    return None
