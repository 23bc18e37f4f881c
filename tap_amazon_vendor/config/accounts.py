"""From settings to accounts: which accounts to read, at which hosts, for which marketplaces."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from tap_amazon_vendor.config.credential_store import VaultError, look_up
from tap_amazon_vendor.config.dates import day_setting
from tap_amazon_vendor.config.marketplaces import ALIASES, BY_COUNTRY, find_marketplace
from tap_amazon_vendor.config.redaction import Secret

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from tap_amazon_vendor.config.marketplaces import Marketplace

#: Where every region's tokens come from (docs/amazon/login.md#token-endpoint).
LWA_URL = "https://api.amazon.com/auth/o2/token"

ACCOUNT_TYPES = ("vendor", "seller")

#: Settings that an entry of `accounts` inherits from the top level unless it sets them.
SHARED = (
    "client_id",
    "client_secret",
    "credentials_rotated_on",
    "application_id",
    "account_type",
    "sandbox",
    "api_url",
    "auth_url",
)

#: An account with none of these settings can't call Amazon.
CREDENTIALS = ("client_id", "client_secret", "refresh_token")

#: Settings without which there is no account.
REQUIRED = (*CREDENTIALS, "marketplaces")

#: Domains of the hosts in Amazon's presigned document URLs (reports and Data Kiosk models, practice).
DOCUMENT_DOMAINS = (".amazonaws.com", ".cloudfront.net")

#: User and password, host and port of a URL, only of characters that all libraries read alike. With a backslash or a
#: control character, `urlsplit` finds another host than the one that `requests` connects to.
_AUTHORITY = re.compile(r"([\w.~!$&'()*+,;=:%-]*@)?([\w.-]+|\[[\da-f:.]+\])(:\d+)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Account:
    """One authorization of one selling partner.

    Attributes:
        label: The user's name for it, written into every row.
        kind: ``vendor`` or ``seller``.
        marketplaces: What to read.
        client_id: LWA application.
        client_secret: Its secret.
        refresh_token: The selling partner's authorization of that application.
        api_url: Base URI of the Selling Partner API.
        auth_url: Login with Amazon's token endpoint.
        application_id: The application as the consent page knows it.
        rotated_on: Day on which the client secret was created, if set.
        asks: It can call the Selling Partner API. If not, it is only a label: for inbox files, of vendor and seller
            reports alike, or for advertising.
    """

    label: str
    kind: str
    marketplaces: tuple[Marketplace, ...]
    client_id: str
    client_secret: Secret
    refresh_token: Secret
    api_url: str
    auth_url: str
    application_id: str = ""
    rotated_on: date | None = None
    asks: bool = True

    def may_download(self, url: str) -> bool:
        """Return whether a document may be fetched from a URL: from Amazon's file hosts, or the host of `api_url`.

        Args:
            url: What getReportDocument returned.
        """
        return is_download(url, self.api_url)


def is_download(url: str, api_url: str) -> bool:
    """Return whether a document may be fetched from a URL: from Amazon's file hosts, or the host of an API.

    Args:
        url: What the API returned.
        api_url: Base URI of the API.
    """
    try:
        there, here = urlsplit(url), urlsplit(api_url)
        if not _AUTHORITY.fullmatch(there.netloc):
            return False
        same = (there.scheme, there.hostname, there.port) == (here.scheme, here.hostname, here.port)
    except ValueError:
        return False
    return same or (there.scheme == "https" and (there.hostname or "").endswith(DOCUMENT_DOMAINS))


def own_entries(config: Mapping[str, t.Any]) -> list[Mapping[str, t.Any]]:
    """Return the entries of `accounts` in a configuration, valid or not; what is no object is left out."""
    entries = config.get("accounts")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def has_credentials(entry: Mapping[str, t.Any]) -> bool:
    """Return whether an account's own settings have any credentials."""
    return any(entry.get(name) for name in CREDENTIALS)


def read_accounts(
    config: Mapping[str, t.Any],
    problems: list[str],
    required: Collection[str] = REQUIRED,
    *,
    inbox: bool = False,
) -> tuple[Account, ...]:
    """Read the accounts out of a configuration.

    Args:
        config: The tap's configuration, with valid types.
        problems: Gets one sentence for each setting that is missing or wrong.
        required: Settings that each account must have. A secret that is not among them is not looked up.
        inbox: An account needs no credentials: there are files to read.

    Returns:
        The accounts; not to be used if there are problems.
    """
    # Files, or advertising alone, need no credentials of the Selling Partner API.
    spared = inbox or bool(config.get("ads"))
    asks = has_credentials(config) or not spared
    entries: list[tuple[str, Mapping[str, t.Any], bool]] = [("", config, asks)]
    if config.get("accounts"):
        shared = {key: config[key] for key in SHARED if config.get(key) is not None}
        entries = [
            (
                f"accounts[{number}].",
                shared | {key: own for key, own in entry.items() if own is not None},
                has_credentials(entry) or not (spared or entry.get("ads")),
            )
            for number, entry in enumerate(config["accounts"])
        ]
    accounts = [
        _read_account(prefix, entry, problems, required if asks else (), asks=asks) for prefix, entry, asks in entries
    ]
    labels = [account.label for account in accounts]
    problems += [
        f"`account` {label!r} names {labels.count(label)} accounts: each needs a label of its own, "
        "because it is part of every row's key"
        for label in sorted(set(labels))
        if labels.count(label) > 1
    ]
    return tuple(accounts)


def _read_account(
    prefix: str, entry: Mapping[str, t.Any], problems: list[str], required: Collection[str], *, asks: bool
) -> Account:
    problems += [f"`{prefix}{name}` is missing" for name in required if not entry.get(name)]
    chosen = _read_marketplaces(prefix, entry.get("marketplaces") or [], problems)
    regions = sorted({marketplace.region for marketplace in chosen})
    region = entry.get("region")
    kind = entry.get("account_type") or "vendor"
    if asks and kind == "vendor" and len(chosen) > 1:
        countries = ", ".join(marketplace.country for marketplace in chosen)
        problems.append(
            f"`{prefix}marketplaces` has {len(chosen)} ({countries}): a vendor account has exactly one. Make one entry "
            "in `accounts` for each marketplace, with its own `account` and `refresh_token`"
        )
    elif len(regions) > 1 and asks:
        problems.append(
            f"`{prefix}marketplaces` lie in several regions ({', '.join(regions)}): one "
            "authorization covers one region. List each region's account under `accounts`"
        )
    elif region and regions and region != regions[0]:
        countries = ", ".join(marketplace.country for marketplace in chosen)
        problems.append(
            f"`{prefix}region` is {region!r}, but the marketplaces ({countries}) lie in "
            f"{regions[0]!r}. Leave `region` out or make it {regions[0]!r}"
        )
    api_url = entry.get("api_url")
    if api_url and entry.get("sandbox"):
        problems.append(
            f"`{prefix}sandbox` and `{prefix}api_url` contradict each other: `sandbox` means "
            "Amazon's own sandbox hosts. Keep one of the two"
        )
    problems += [
        f"`{prefix}{name}` must be a URL that starts with https:// (http:// for this computer only, as 127.0.0.1)"
        for name in ("api_url", "auth_url")
        if entry.get(name) and not is_safe(entry[name])
    ]
    if not api_url and chosen:
        api_url = chosen[0].host
        if entry.get("sandbox"):
            api_url = api_url.replace("https://", "https://sandbox.")
    return Account(
        label=entry.get("account") or "default",
        kind=kind,
        marketplaces=chosen,
        client_id=entry.get("client_id") or "",
        client_secret=_secret("client_secret", prefix, entry, problems, required),
        refresh_token=_secret("refresh_token", prefix, entry, problems, required),
        api_url=(api_url or "").rstrip("/"),
        auth_url=entry.get("auth_url") or LWA_URL,
        application_id=entry.get("application_id") or "",
        rotated_on=day_setting(entry, "credentials_rotated_on", problems, prefix=prefix),
        asks=asks,
    )


def _secret(
    name: str, prefix: str, entry: Mapping[str, t.Any], problems: list[str], required: Collection[str]
) -> Secret:
    if name in required:
        try:
            return look_up(entry.get(name) or "")
        except VaultError as error:
            problems.append(f"`{prefix}{name}`: {error}")
    return Secret("")


def is_local(url: str) -> bool:
    """Return whether a URL points to this computer."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def is_safe(url: str) -> bool:
    """Return whether secrets may be sent to a URL: it is encrypted, or does not leave this computer."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # Raises for an invalid port.
    except ValueError:
        return False
    if not _AUTHORITY.fullmatch(parts.netloc) or re.search(r"\s", url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_local(url))


def _read_marketplaces(prefix: str, names: list[str], problems: list[str]) -> tuple[Marketplace, ...]:
    chosen: dict[str, Marketplace] = {}
    for name in names:
        marketplace = find_marketplace(name)
        if marketplace is None:
            countries = sorted([*BY_COUNTRY, *ALIASES])
            problems.append(
                f"`{prefix}marketplaces`: {name!r} is not a marketplace. Allowed are the country "
                f"codes {', '.join(countries)} and Amazon's marketplace ids"
            )
        else:
            chosen[marketplace.marketplace_id] = marketplace
    return tuple(chosen.values())
