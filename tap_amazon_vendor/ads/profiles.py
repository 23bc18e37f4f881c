"""Profiles: one advertiser in one marketplace, what every other call of the Ads API is for."""

from __future__ import annotations

import typing as t
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tap_amazon_vendor.amazon.answers import Answer, Token, decode, decode_each
from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.config.marketplaces import find_marketplace
from tap_amazon_vendor.errors import AccessDeniedError, MalformedAnswerError

if t.TYPE_CHECKING:
    from tap_amazon_vendor.ads.client import AdsClient
    from tap_amazon_vendor.config.ads_accounts import AdsAccount

#: Tries to get a list in which something can be read.
TRIES = 3

# Amazon publishes no rate.
GET_PROFILES = Operation("getProfiles", "GET", "/v2/profiles", 1, 10)

#: Rights on an advertising account. Amazon lists only those with the right to edit unless it is asked for the other
#: ones, and does not say whether these include them (docs/amazon/ads.md#profiles).
LEVELS = ("view", "edit")

#: Its profiles break calls about advertisements.
AGENCY = "agency"


class AccountInfo(Answer, omit_defaults=True):
    """Of the advertiser. One profile with less than others must not hide these: what is only shown has no type."""

    marketplace_string_id: str | None = None
    type: str | None = None
    id: t.Any = None
    name: t.Any = None
    sub_type: t.Any = None
    valid_payment_method: t.Any = None


class Profile(Answer, omit_defaults=True):
    """An element of `GET /v2/profiles`."""

    profile_id: int | Token
    country_code: str | None = None
    account_info: AccountInfo | None = None
    currency_code: t.Any = None
    timezone: t.Any = None
    daily_budget: t.Any = None

    @property
    def own_id(self) -> str:
        """The id, as it is written everywhere else."""
        return str(self.profile_id)

    @property
    def marketplace_id(self) -> str:
        """The marketplace: that of the country where Amazon does not name it, empty where it tells neither."""
        if self.account_info and self.account_info.marketplace_string_id:
            return self.account_info.marketplace_string_id
        place = find_marketplace(self.country_code or "")
        return place.marketplace_id if place else ""

    @property
    def zone(self) -> str | None:
        """The time zone whose days its reports have; None where Amazon tells none that is known."""
        try:
            return ZoneInfo(self.timezone).key
        except (TypeError, ValueError, OSError, ZoneInfoNotFoundError):
            return None

    @property
    def sells(self) -> bool:
        """Whether it is a seller's, whose products have SKUs."""
        return self.account_type == "seller"

    @property
    def account_type(self) -> str | None:
        """The kind of advertiser, None where Amazon does not tell it."""
        return self.account_info.type if self.account_info else None

    def is_of(self, kind: str | None) -> bool:
        """Return whether it may be a vendor's, or a seller's; None is either."""
        return kind is None or self.account_type not in {"vendor", "seller"} - {kind}

    def row(self) -> dict[str, t.Any]:
        """Return what Amazon tells of it, without what says which one it is."""
        told: dict[str, t.Any] = msgspec.to_builtins(self)
        del told["profileId"]
        told.pop("countryCode", None)
        told["accountInfo"] = told.get("accountInfo") or {}
        told["accountInfo"].pop("marketplaceStringId", None)
        return told


class Found(t.NamedTuple):
    """The profiles to read of a consent.

    Attributes:
        open: Those that it opens.
        missing: Ids in the settings of those that it does not open.
        error: What to say of these.
    """

    open: list[Profile]
    missing: tuple[str, ...]
    error: AccessDeniedError


def find_profiles(client: AdsClient, account: AdsAccount) -> Found:
    """Find the profiles to read of a consent (GET /v2/profiles).

    Args:
        client: The client of the consent, for no profile.
        account: The consent.

    Raises:
        AccessDeniedError: There is none to read, and the settings name none.
        MalformedAnswerError: None of those that Amazon lists can be read.
        AmazonError: Amazon refuses.
    """
    listed: dict[str, Profile] = {}
    for level in LEVELS:
        listed |= {each.own_id: each for each in _listed(client, level)}
    usable = {id_: each for id_, each in listed.items() if each.account_type != AGENCY and each.marketplace_id}
    missing = tuple(id_ for id_ in account.profiles if id_ not in usable)
    text = (
        f"Amazon Ads of account {account.label!r}: the consent does not open the profile "
        f"{', '.join(missing)} at {account.api_url}. {_has(usable)}"
    )
    error = AccessDeniedError(text)
    fit = [
        each
        for id_, each in sorted(usable.items())
        if wants(account, id_, each.marketplace_id) and (account.profiles or each.is_of(account.sells_as))
    ]
    if not fit and not missing:
        where = ", ".join(each.country for each in account.marketplaces) or "any marketplace"
        text = (
            f"Amazon Ads of account {account.label!r}: the consent opens no profile "
            f"{f'of a {account.sells_as} ' if account.sells_as else ''}in {where} at {account.api_url}. "
            f"{_has(usable)}"
        )
        raise AccessDeniedError(text)
    return Found(fit, missing, error)


def _listed(client: AdsClient, level: str) -> list[Profile]:
    """List profiles. If none can be read, try again, as for any other malformed answer."""
    for left in reversed(range(TRIES)):
        found = client.call(GET_PROFILES, answer=list[msgspec.Raw], query={"accessLevel": level})
        try:
            return decode_each(found, lambda each: decode(each, Profile), what="profile", operation=GET_PROFILES.name)
        except MalformedAnswerError:
            if not left:
                raise
    raise AssertionError


def wants(account: AdsAccount, profile_id: str, marketplace_id: str) -> bool:
    """Return whether the settings want a profile to be read."""
    if account.profiles:
        return profile_id in account.profiles
    return not account.marketplaces or marketplace_id in {each.marketplace_id for each in account.marketplaces}


def _has(usable: t.Mapping[str, Profile]) -> str:
    """Say what a consent opens."""
    if not usable:
        return "It opens none: check `region` in `ads`, and that the user who consented may see the advertising account"
    names = ", ".join(
        f"{id_} ({', '.join(filter(None, (each.country_code, each.account_type)))})"
        for id_, each in sorted(usable.items())
    )
    return f"It opens {names}: check `marketplaces`, and `profiles` in `ads`"
