"""From settings to accounts: who is asked, where, and for which marketplaces."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

if t.TYPE_CHECKING:
    from collections.abc import Mapping

#: Where every region's tokens come from (API.md section 1).
LWA_URL = "https://api.amazon.com/auth/o2/token"

REGIONS = ("na", "eu", "fe")
ACCOUNT_TYPES = ("vendor", "seller")

#: Settings that an entry of `accounts` takes from the top level where it has none of its own.
SHARED = ("client_id", "client_secret", "account_type", "sandbox", "api_url", "auth_url")


@dataclass(frozen=True)
class Marketplace:
    """An Amazon marketplace.

    Attributes:
        country: Country code as in Amazon's table.
        marketplace_id: Amazon's id.
        region: ``na``, ``eu`` or ``fe``.
        host: The region's base URI.
    """

    country: str
    marketplace_id: str
    region: str
    host: str


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
    """

    label: str
    kind: str
    marketplaces: tuple[Marketplace, ...]
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    api_url: str
    auth_url: str


@cache
def marketplaces() -> Mapping[str, Marketplace]:
    """Return every marketplace by country code and by id.

    The table is python-amazon-sp-api's. The United Kingdom is in it as UK and as GB.
    """
    # The package reads AWS_ENV at import: it may mean anything to the user's other tools, and
    # an unknown value raises.
    kept = os.environ.pop("AWS_ENV", None)
    try:
        from sp_api.base.marketplaces import Marketplaces  # noqa: PLC0415
    finally:
        if kept is not None:
            os.environ["AWS_ENV"] = kept
    found: dict[str, Marketplace] = {}
    for country, entry in Marketplaces.__members__.items():
        host = entry.endpoint.replace("https://sandbox.", "https://")
        region = re.search(r"-(na|eu|fe)\.", host)
        if region is None:  # pragma: no cover  # a region that this tap does not know yet
            continue
        marketplace = Marketplace(country, entry.marketplace_id, region[1], host)
        found[country] = marketplace
        found.setdefault(entry.marketplace_id, marketplace)
    return found


def read_accounts(config: Mapping[str, t.Any], problems: list[str]) -> tuple[Account, ...]:
    """Read the accounts out of a configuration.

    Args:
        config: The tap's configuration, of the right types.
        problems: Gets one sentence for each thing that is missing or wrong.

    Returns:
        The accounts; of no use where there are problems.
    """
    entries: list[tuple[str, Mapping[str, t.Any]]] = [("", config)]
    if config.get("accounts"):
        shared = {key: config[key] for key in SHARED if config.get(key) is not None}
        entries = [
            (f"accounts[{number}].", shared | {key: own for key, own in entry.items() if own is not None})
            for number, entry in enumerate(config["accounts"])
        ]
    accounts = [_read_account(prefix, entry, problems) for prefix, entry in entries]
    labels = [account.label for account in accounts]
    problems += [
        f"`account` {label!r} names {labels.count(label)} accounts: each needs a label of its own, "
        "because it is part of every row's key"
        for label in sorted(set(labels))
        if labels.count(label) > 1
    ]
    return tuple(accounts)


def _read_account(prefix: str, entry: Mapping[str, t.Any], problems: list[str]) -> Account:
    problems += [
        f"`{prefix}{name}` is missing"
        for name in ("client_id", "client_secret", "refresh_token", "marketplaces")
        if not entry.get(name)
    ]
    chosen = _read_marketplaces(prefix, entry.get("marketplaces") or [], problems)
    regions = sorted({marketplace.region for marketplace in chosen})
    region = entry.get("region")
    if len(regions) > 1:
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
        f"`{prefix}{name}` must be a URL that starts with http:// or https://"
        for name in ("api_url", "auth_url")
        if entry.get(name) and not _is_url(entry[name])
    ]
    if not api_url and chosen:
        api_url = chosen[0].host
        if entry.get("sandbox"):
            api_url = api_url.replace("https://", "https://sandbox.")
    return Account(
        label=entry.get("account") or "default",
        kind=entry.get("account_type") or "vendor",
        marketplaces=chosen,
        client_id=entry.get("client_id") or "",
        client_secret=entry.get("client_secret") or "",
        refresh_token=entry.get("refresh_token") or "",
        api_url=(api_url or "").rstrip("/"),
        auth_url=entry.get("auth_url") or LWA_URL,
    )


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # Raises for a port that is none.
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", value)


def _read_marketplaces(prefix: str, names: list[str], problems: list[str]) -> tuple[Marketplace, ...]:
    table = marketplaces()
    chosen: dict[str, Marketplace] = {}
    for name in names:
        marketplace = table.get(name.strip().upper())
        if marketplace is None:
            countries = sorted(key for key, found in table.items() if key == found.country)
            problems.append(
                f"`{prefix}marketplaces`: {name!r} is not a marketplace. Allowed are the country "
                f"codes {', '.join(countries)} and Amazon's marketplace ids"
            )
        else:
            chosen[marketplace.marketplace_id] = marketplace
    return tuple(chosen.values())
