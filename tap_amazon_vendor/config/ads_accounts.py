"""From the setting `ads` to consents for the Amazon Ads API: another application, another host, other tokens."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from tap_amazon_vendor.config.accounts import LWA_URL, has_credentials, is_download, is_safe, own_entries
from tap_amazon_vendor.config.credential_store import VaultError, look_up
from tap_amazon_vendor.config.marketplaces import find_marketplace
from tap_amazon_vendor.config.redaction import Secret

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tap_amazon_vendor.config.marketplaces import Marketplace

#: The setting.
ADS = "ads"

#: Hosts of the Ads API by region (docs/amazon/ads.md#hosts).
HOSTS = {
    "na": "https://advertising-api.amazon.com",
    "eu": "https://advertising-api-eu.amazon.com",
    "fe": "https://advertising-api-fe.amazon.com",
}

#: Where advertisers give their consent, by region.
CONSENT_PAGES = {
    "na": "https://www.amazon.com",
    "eu": "https://eu.account.amazon.com",
    "fe": "https://apac.account.amazon.com",
}

#: Kinds of advertising: Sponsored Products, Brands and Display.
FAMILIES = ("sp", "sb", "sd")

#: Settings of `ads` without which nothing can be read.
REQUIRED = ("client_id", "client_secret", "refresh_token")


@dataclass(frozen=True)
class AdsAccount:
    """One consent for the Ads API.

    Attributes:
        label: The user's name for the account, the same as that of its sales.
        marketplaces: Whose profiles are read; none for all of the region.
        region: ``na``, ``eu`` or ``fe``.
        profiles: Ids of the profiles to read; none for all that fit the marketplaces and `sells_as`.
        client_id: LWA application.
        client_secret: Its secret.
        refresh_token: The advertiser's authorization of that application.
        api_url: Base URI of the Ads API.
        auth_url: Login with Amazon's token endpoint.
        sells_as: ``vendor`` or ``seller``: whose profiles are read; None for both.
        restatement_days: How far back each run reads figures again, by `FAMILIES`; one that is not among them as far as
            those of sales.
    """

    label: str
    marketplaces: tuple[Marketplace, ...]
    region: str
    profiles: tuple[str, ...]
    client_id: str
    client_secret: Secret
    refresh_token: Secret
    api_url: str
    auth_url: str
    sells_as: str | None = None
    restatement_days: Mapping[str, int] = field(default_factory=dict, hash=False)

    @property
    def kind(self) -> str:
        """What it is, beside vendors and sellers."""
        return ADS

    def may_download(self, url: str) -> bool:
        """Return whether a document may be fetched from a URL: from Amazon's file hosts, or the host of `api_url`."""
        return is_download(url, self.api_url)


def read_ads_accounts(
    config: Mapping[str, t.Any], problems: list[str], required: Collection[str] = REQUIRED
) -> tuple[AdsAccount, ...]:
    """Read the consents for the Ads API out of a configuration.

    Args:
        config: The tap's configuration, with valid types.
        problems: Gets one sentence for each setting that is missing or wrong.
        required: Settings that each must have. A secret that is not among them is not looked up.

    Returns:
        The consents, none if there is no `ads`; not to be used if there are problems.
    """
    shared = config.get(ADS) or {}
    entries: list[tuple[str, Mapping[str, t.Any]]] = [("", config)]
    if config.get("accounts"):
        above = {name: config[name] for name in ("auth_url", "account_type") if config.get(name)}
        entries = [(f"accounts[{number}].", above | _given(own)) for number, own in enumerate(config["accounts"])]
    return tuple(
        _read(prefix, entry, ads, problems, required) for prefix, entry in entries if (ads := _own_ads(entry, shared))
    )


def _own_ads(entry: Mapping[str, t.Any], shared: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    """Return the setting of an account; what it does not set itself is that of all, if their region is its own."""
    own = _given(entry.get(ADS) or {})
    places = [place for each in entry.get("marketplaces") or () if (place := find_marketplace(each))]
    region = entry.get("region") or next((place.region for place in places), None)
    if not own and shared.get("region") and region not in {None, shared["region"]}:
        return {}
    return {**shared, **own}


def _given(entry: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in entry.items() if value is not None}


def _read(
    prefix: str, entry: Mapping[str, t.Any], ads: Mapping[str, t.Any], problems: list[str], required: Collection[str]
) -> AdsAccount:
    where = f"{prefix}{ADS}."
    problems += [f"`{where}{name}` is missing" for name in required if not ads.get(name)]
    # What is not a marketplace is told of the account.
    marketplaces = tuple(filter(None, map(find_marketplace, entry.get("marketplaces") or [])))
    region = ads.get("region") or entry.get("region") or next((each.region for each in marketplaces), None)
    if region is None:
        problems.append(f"`{where}region` is missing: it is `na`, `eu` or `fe`, or follows from `marketplaces`")
    elsewhere = [each.country for each in marketplaces if region and each.region != region]
    if elsewhere:
        problems.append(
            f"`{prefix}marketplaces` has {', '.join(elsewhere)}, which the Ads API of region {region!r} does not have: "
            "one consent covers one region. List each region's account under `accounts`"
        )
    problems += [
        f"`{where}{name}` must be a URL that starts with https:// (http:// for this computer only, as 127.0.0.1)"
        for name in ("api_url", "auth_url")
        if ads.get(name) and not is_safe(ads[name])
    ]
    problems += [
        f"`{where}profiles`: {each!r} is not the id of a profile, which is a number"
        for each in ads.get("profiles") or ()
        if not (each.isascii() and each.isdecimal())
    ]
    return AdsAccount(
        label=entry.get("account") or "default",
        marketplaces=marketplaces,
        region=region or "na",
        profiles=tuple(dict.fromkeys(ads.get("profiles") or ())),
        client_id=ads.get("client_id") or "",
        client_secret=_secret("client_secret", where, ads, problems, required),
        refresh_token=_secret("refresh_token", where, ads, problems, required),
        api_url=(ads.get("api_url") or HOSTS[region or "na"]).rstrip("/"),
        auth_url=ads.get("auth_url") or entry.get("auth_url") or LWA_URL,
        sells_as=_sells_as(entry),
        restatement_days={
            family: days
            for family in FAMILIES
            if (days := ads.get(f"{family}_restatement_days", ads.get("restatement_days"))) is not None
        },
    )


def _sells_as(entry: Mapping[str, t.Any]) -> str | None:
    """Return whose profiles belong to an account. Of advertising alone the default, vendor, says nothing."""
    kind: str = entry.get("account_type") or "vendor"
    return kind if kind == "seller" or has_credentials(entry) else None


def _secret(name: str, prefix: str, ads: Mapping[str, t.Any], problems: list[str], required: Collection[str]) -> Secret:
    if name in required:
        try:
            return look_up(ads.get(name) or "")
        except VaultError as error:
            problems.append(f"`{prefix}{name}`: {error}")
    return Secret("")


def has_ads(config: Mapping[str, t.Any]) -> bool:
    """Return whether a configuration, valid or not, has a consent for the Ads API."""
    return any(entry.get(ADS) for entry in (config, *own_entries(config)))
