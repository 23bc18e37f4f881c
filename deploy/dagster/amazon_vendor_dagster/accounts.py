"""The accounts in the tap's configuration: of which kind and region, and which of them one process reads together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import groupby
from typing import Any

from singer_sdk.exceptions import ConfigValidationError

from amazon_vendor_dagster.settings import SettingsError
from tap_amazon_vendor.config.marketplaces import find_marketplace
from tap_amazon_vendor.config.settings import check_settings, read_settings
from tap_amazon_vendor.config.settings_schema import SCHEMA

#: Which of an account's streams are meant: a vendor's, a seller's, or those of advertising.
KINDS = ("vendor", "seller", "ads")
REGIONS = ("na", "eu", "fe")

#: Of a configuration, what makes it one account.
OWN = ("account", "refresh_token", "marketplaces", "region", "ads")

#: What the name of a partition must not contain.
FORBIDDEN = ("...", *"\a\b\f\n\r\t\v\0")

Config = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """One account, as one kind of asset reads it.

    Attributes:
        label: The user's name for it.
        kind: One of `KINDS`.
        region: One of `REGIONS`.
        application: Client id of the application that reads it.
        entry: Its settings.
    """

    label: str
    kind: str
    region: str
    application: str
    entry: Config


class Accounts:
    """The accounts of a configuration."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Read them.

        Args:
            config: The tap's configuration.

        Raises:
            SettingsError: Two accounts have the same name, or a name can't be that of a partition.
        """
        self._shared = {name: value for name, value in config.items() if name not in {*OWN, "accounts"}}
        entries = config.get("accounts")
        if entries is None:
            entries = [{name: config[name] for name in OWN if name in config}]
        self._ads = config.get("ads")
        self._found = [account for entry in entries for account in self._of(entry)]
        names = Counter((each.kind, each.label) for each in self._found)
        if twice := [label for (_, label), times in names.items() if times > 1]:
            message = f"`account` must be unique: there are two accounts called {', '.join(map(repr, twice))}"
            raise SettingsError(message)
        if wrong := [label for _, label in names if any(text in label for text in FORBIDDEN)]:
            message = f"`account` can't contain three dots, tabs or line breaks: {', '.join(map(repr, wrong))}"
            raise SettingsError(message)

    def _of(self, entry: Config) -> Iterator[Account]:
        label = _label(entry)
        application = entry.get("client_id") or self._shared.get("client_id") or ""
        region = _region(entry)
        if entry.get("refresh_token"):
            kind = entry.get("account_type") or self._shared.get("account_type") or "vendor"
            yield Account(label, kind, region, application, entry)
        if ads := entry.get("ads"):
            yield Account(label, "ads", ads.get("region") or region, ads.get("client_id") or application, entry)

    def of(self, kind: str, region: str | None = None) -> list[Account]:
        """Return those of a kind, in the order of the file."""
        return [each for each in self._found if each.kind == kind and region in {None, each.region}]

    def config(self, kind: str, labels: Iterable[str]) -> Config:
        """Return the configuration that reads some accounts.

        Args:
            kind: Whose streams are read.
            labels: The accounts.

        Raises:
            SettingsError: An account is not in the file (any more).
        """
        known = {each.label: each.entry for each in self.of(kind)}
        labels = list(labels)
        if missing := [label for label in labels if label not in known]:
            message = f"No {kind} account is called {', '.join(map(repr, missing))}: the file has {', '.join(known)}"
            raise SettingsError(message)
        shared = dict(self._shared)
        if kind == "ads" and self._ads:
            shared["ads"] = self._ads
        # A consent that is not needed is not handed on.
        unused = {"refresh_token"} if kind == "ads" else {"ads"}
        return {
            **shared,
            "accounts": [
                {name: value for name, value in known[label].items() if name not in unused} for label in labels
            ],
        }


def _label(entry: Config) -> str:
    return str(entry.get("account") or "default")


def refused(config: Config) -> dict[str, str]:
    """Return why the tap would refuse accounts, by label: one wrong account must not stop the others."""
    # Without the SDK's own settings, which belong to no account.
    shared, found = {name: value for name, value in config.items() if name in SCHEMA["properties"]}, {}
    for entry in config["accounts"]:
        alone = deepcopy({**shared, "accounts": [entry]})
        problems = check_settings(SCHEMA, alone)
        if not problems:
            try:
                read_settings(alone, datetime.now(timezone.utc).date())
            except ConfigValidationError as error:
                problems = list(error.errors)
        if problems:
            found[_label(entry)] = " ".join(problems).replace("accounts[0].", "")
    return found


def shards(accounts: Mapping[str, Account], order: Sequence[str], region: str, most: int) -> Iterator[list[str]]:
    """Cut the accounts of a region into shards, each of which one process reads.

    A run of Dagster is about a range of partitions: so a shard is of one application and region, and of neighbours in
    Dagster's order, which is the one in which they were added.

    Args:
        accounts: The accounts of the file, by label.
        order: All partitions.
        region: The region.
        most: Most accounts of a shard.
    """
    for (where, _), some in groupby(order, lambda label: _place(accounts.get(label))):
        labels = list(some)
        if where == region:
            yield from (labels[first : first + most] for first in range(0, len(labels), most))


def _place(account: Account | None) -> tuple[str, str]:
    return (account.region, account.application) if account else ("", "")


def _region(entry: Config) -> str:
    """Return the region of an account: that of its first marketplace, and `na` where it names none."""
    found = (find_marketplace(name) for name in entry.get("marketplaces") or ())
    return entry.get("region") or next((each.region for each in found if each), REGIONS[0])
