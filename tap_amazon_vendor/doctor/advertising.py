"""Finds out what blocks a consent for Amazon Ads: the consent, its profiles, or the permission for what they hold.

Each has its own cure: a new consent, another setting, or an administrator of the advertising account.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from tap_amazon_vendor.ads.exports import AD_PRODUCTS
from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.amazon.wording import judge_ads_refusal
from tap_amazon_vendor.doctor import advice
from tap_amazon_vendor.doctor.result import Check, Diagnosis, Permission, State
from tap_amazon_vendor.errors import AccessDeniedError, AmazonError, CredentialsError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_amazon_vendor.ads.consent import Consents, OpenProfile
    from tap_amazon_vendor.config.ads_accounts import AdsAccount

_SP, _SB = "application/vnd.spCampaign.v3+json", "application/vnd.sbcampaignresource.v4+json"

#: A call about each kind of advertising, which changes nothing (docs/amazon/ads.md#exports-and-lists).
QUESTIONS = {
    "SPONSORED_PRODUCTS": Operation("listSpCampaigns", "POST", "/sp/campaigns/list", 1, 5, sends=_SP, accepts=_SP),
    "SPONSORED_BRANDS": Operation("listSbCampaigns", "POST", "/sb/v4/campaigns/list", 1, 5, sends=_SB, accepts=_SB),
    "SPONSORED_DISPLAY": Operation("listSdCampaigns", "GET", "/sd/campaigns", 1, 5),
}

LET_ADMINISTRATOR = (
    "If you advertise so, let an administrator of the advertising account give the user who consented the right to "
    "view campaigns and reports. If not, deselect the streams"
)


def check_advertising(account: AdsAccount, consents: Consents) -> Diagnosis:
    """Check a consent for Amazon Ads, in the order in which one thing explains the next. Requests no report.

    Args:
        account: The consent.
        consents: Those of the run, this one among them.

    Returns:
        The diagnosis; Amazon's refusals are part of it and not raised.
    """
    profiles = [profile for profile in consents.profiles if profile.account == account]
    opened = [profile for profile in profiles if not profile.error]
    error = next((profile.error for profile in profiles if profile.error), None)
    consent = [Check("advertising consent", State.OK, "Login with Amazon accepts client and refresh token of `ads`")]
    if isinstance(error, CredentialsError):
        return Diagnosis(account, (Check("advertising consent", State.FAILED, str(error), _steps(account, error)),))
    if isinstance(error, AccessDeniedError):
        steps = tuple(filter(None, (judge_ads_refusal(error).advice,)))
        found = Check("advertising profiles", State.FAILED, str(error), steps)
        return Diagnosis(account, (*consent, found), tuple(_permissions(opened)))
    if error is not None:
        return Diagnosis(account, (Check("advertising", State.FAILED, str(error)),))
    names = ", ".join(f"{profile.profile_id} ({profile.country})" for profile in opened)
    found = Check("advertising profiles", State.OK, f"The consent opens {names}")
    return Diagnosis(account, (*consent, found), tuple(_permissions(opened)))


def _steps(account: AdsAccount, error: CredentialsError) -> tuple[str, ...]:
    if error.code == "invalid_client":
        # A new consent would fail alike.
        return advice.credentials(account)
    label = "" if account.label == "default" else f" --account {account.label!r}"
    return (*advice.credentials(account), f"Get a new consent: amazon-vendor authorize --ads{label}")


def _permissions(profiles: list[OpenProfile]) -> Iterator[Permission]:
    for profile in profiles:
        for ad_product in AD_PRODUCTS:
            group = f"{ad_product.replace('_', ' ').title()}, profile {profile.profile_id} ({profile.country})"
            yield _permission(profile, ad_product, Permission(group, (), ()))


def _permission(profile: OpenProfile, ad_product: str, unknown: Permission) -> Permission:
    """Ask for the campaigns of one kind of advertising."""
    operation = QUESTIONS[ad_product]
    few: dict[str, t.Any] = {"query": {"count": "1"}} if operation.method == "GET" else {"body": {"maxResults": 1}}
    try:
        profile.client.call(operation, answer=object, tries=2, **few)
    except AccessDeniedError as error:
        text = f"The advertising account lacks the permission: {error}"
        return replace(unknown, authorized=State.OK, permitted=State.WARNING, text=text, steps=(LET_ADMINISTRATOR,))
    except AmazonError as error:
        return replace(unknown, text=str(error), answered=False)
    return replace(unknown, authorized=State.OK, permitted=State.OK, text=f"Amazon answers {operation.name}")
