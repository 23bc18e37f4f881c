"""A configuration, checked and read."""

from __future__ import annotations

import difflib
import os
import re
import typing as t
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.plugin_base import JSONSchemaValidator

from tap_amazon_vendor.config.accounts import Account, read_accounts
from tap_amazon_vendor.config.ads_accounts import ADS, AdsAccount, read_ads_accounts
from tap_amazon_vendor.config.credential_store import ENVIRONMENT, KEYRING, VaultError, look_up
from tap_amazon_vendor.config.dates import day_setting
from tap_amazon_vendor.config.redaction import Secret
from tap_amazon_vendor.config.settings_schema import DEFAULT_DAYS, SCHEMA, SECRETS

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from jsonschema import ValidationError

#: Settings that may hold the path of a file, which may have any character but NUL.
PATHS = ("inbox", "quota_store")

#: NUL and halves of surrogate pairs: requests and most targets refuse them.
_BAD_CHARACTER = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Settings:
    """A validated configuration.

    Attributes:
        accounts: Accounts that can call the Selling Partner API.
        labels: These, and those that only label advertising, or files in the inbox.
        ads: Consents for the Ads API.
        inbox: Folder of files to read, if any.
        start_date: First day to read.
        start_given: `start_date` is set.
        end_date: Last day to read, None for the newest available.
        report_periods: See the setting of that name.
        selling_programs: See the setting of that name.
        distributor_views: See the setting of that name.
        kiosk_metrics: See the setting of that name.
        kiosk_group_by: See the setting of that name, in alphabetical order.
        availability_days: See the setting of that name.
        restatement_days: See the setting of that name.
        wait_seconds: How long to wait for a report.
        max_reports: Most reports and queries to request, None for no limit.
        quota_store: See the setting of that name, empty for none.
    """

    accounts: tuple[Account, ...]
    labels: tuple[Account, ...]
    ads: tuple[AdsAccount, ...]
    inbox: Path | None
    start_date: date
    start_given: bool
    end_date: date | None
    report_periods: tuple[str, ...]
    selling_programs: tuple[str, ...]
    distributor_views: tuple[str, ...]
    kiosk_metrics: tuple[str, ...]
    kiosk_group_by: tuple[str, ...]
    availability_days: int
    restatement_days: int
    wait_seconds: float
    max_reports: int | None
    quota_store: Secret

    @property
    def asked(self) -> list[str]:
        """The labels of all accounts that can call one of Amazon's APIs, each once."""
        owners: tuple[Account | AdsAccount, ...] = (*self.accounts, *self.ads)
        return list(dict.fromkeys(owner.label for owner in owners))

    @property
    def secrets(self) -> list[Secret]:
        """The secrets of all authorizations, and the password of the quota store."""
        owners: tuple[Account | AdsAccount, ...] = (*self.accounts, *self.ads)
        found = [secret for owner in owners for secret in (owner.client_secret, owner.refresh_token)]
        password = urlsplit(self.quota_store.reveal()).password
        return [*found, Secret(password)] if password else found


def check_settings(schema: dict[str, t.Any], config: dict[str, t.Any]) -> list[str]:
    """Validate a configuration against the schema, and fill in defaults.

    Args:
        schema: JSON Schema of the settings, the SDK's own included.
        config: The configuration; missing settings, null ones too, get their defaults.

    Returns:
        A sentence for each unknown setting, each value of a wrong type and each text with a character that is not
        allowed. None of them quotes the value of a secret.
    """
    for name in [name for name, value in config.items() if value is None]:
        del config[name]
    problems: list[str] = []
    for error in JSONSchemaValidator(schema).iter_errors(config):
        problems += _words(error)
    own = {name: value for name, value in config.items() if name in SCHEMA["properties"] and name not in PATHS}
    nul = [f"`{name}` contains U+0000, which no path has: remove it" for name in PATHS if "\0" in str(config.get(name))]
    return [*problems, *_bad_characters(own), *nul]


def secrets_in(config: Mapping[str, t.Any]) -> list[Secret]:
    """Return the secrets in a configuration, valid or not; references are left out."""
    accounts = config.get("accounts")
    entries = [config, *(accounts if isinstance(accounts, list) else ())]
    entries += [entry.get(ADS) for entry in entries if isinstance(entry, dict)]
    values = [entry.get(name) for entry in entries if isinstance(entry, dict) for name in SECRETS]
    return [
        Secret(value) for value in values if isinstance(value, str) and not value.startswith((ENVIRONMENT, KEYRING))
    ]


def read_settings(config: Mapping[str, t.Any], today: date) -> Settings:
    """Parse a configuration that passed `check_settings`.

    Args:
        config: The tap's configuration.
        today: The current UTC day.

    Returns:
        The checked settings.

    Raises:
        ConfigValidationError: Something is missing or contradictory; lists each problem.
    """
    problems: list[str] = []
    accounts = read_accounts(config, problems, inbox=bool(config.get("inbox")))
    ads = read_ads_accounts(config, problems)
    end = day_setting(config, "end_date", problems)
    start = day_setting(config, "start_date", problems) or default_start(today, end)
    if end and end < start:
        problems.append(f"`end_date` ({end}) is before `start_date` ({start})")
    elif start > today:
        problems.append(f"`start_date` ({start}) is in the future: today is {today}")
    problems += [
        f"`{name}` is empty: name at least one"
        for name in ("report_periods", "selling_programs", "distributor_views", "kiosk_metrics", "kiosk_group_by")
        if not config[name]
    ]
    inbox = _folder(config, "inbox", problems)
    quota_store = _quota_store(config, problems)
    if problems:
        message = "Config validation failed"
        raise ConfigValidationError(message, errors=problems, schema=SCHEMA)
    return Settings(
        accounts=tuple(account for account in accounts if account.asks),
        labels=accounts,
        ads=ads,
        inbox=inbox,
        start_date=start,
        start_given=bool(config.get("start_date")),
        end_date=end,
        # dict.fromkeys: a value listed twice must not be requested twice.
        report_periods=tuple(dict.fromkeys(config["report_periods"])),
        selling_programs=tuple(dict.fromkeys(config["selling_programs"])),
        distributor_views=tuple(dict.fromkeys(config["distributor_views"])),
        kiosk_metrics=tuple(sorted(set(config["kiosk_metrics"]))),
        kiosk_group_by=tuple(sorted(set(config["kiosk_group_by"]))),
        availability_days=config["availability_days"],
        restatement_days=config["restatement_days"],
        wait_seconds=config["wait_minutes"] * 60,
        max_reports=config.get("max_reports"),
        quota_store=quota_store,
    )


def _folder(config: Mapping[str, t.Any], name: str, problems: list[str]) -> Path | None:
    if not config.get(name):
        return None
    folder = Path(config[name]).expanduser()
    if not folder.exists():
        problems.append(f"`{name}` is {config[name]!r}: there is no such folder")
    elif not folder.is_dir():
        problems.append(f"`{name}` is {config[name]!r}: that is a file, name the folder")
    elif not os.access(folder, os.R_OK | os.X_OK):
        problems.append(f"`{name}` is {config[name]!r}: the folder can't be read by this user")
    return folder


def _quota_store(config: Mapping[str, t.Any], problems: list[str]) -> Secret:
    try:
        address = look_up(config.get("quota_store") or "")
        parts = urlsplit(address.reveal())
    except (VaultError, ValueError) as error:
        problems.append(f"`quota_store`: {error}" if isinstance(error, VaultError) else "`quota_store` is not valid")
        return Secret("")
    if parts.scheme not in {"", "postgresql", "postgres"} and len(parts.scheme) > 1:
        problems.append("`quota_store` must be the path of a file, or begin with postgresql://")
    elif not parts.scheme and parts.path and not Path(parts.path).expanduser().absolute().parent.is_dir():
        problems.append("`quota_store`: there is no such folder")
    return address


def default_start(today: date, end: date | None) -> date:
    """Return the first day to read if `start_date` is not set."""
    return min(today, end or today) - timedelta(days=DEFAULT_DAYS)


def _words(error: ValidationError) -> list[str]:
    """Describe what is wrong with one setting, and what is allowed, without showing a secret."""
    name = ""
    for step in error.absolute_path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else str(step)
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        inside = f"`{name}`: unknown" if name else "Unknown"
        return [
            f"{inside} setting {unknown!r}.{_suggestion(unknown, known)} Allowed are {', '.join(sorted(known))}"
            for unknown in error.instance
            if unknown not in known
        ]
    if error.validator == "type":
        kinds = error.validator_value
        kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
        return [f"`{name}` must be of type {' or '.join(kinds)}"]
    if error.validator == "enum":
        allowed = ", ".join(str(value) for value in error.validator_value if value is not None)
        return [f"`{name}` is {error.instance!r}: allowed are {allowed}"]
    if error.schema.get("writeOnly") or error.schema.get("secret"):
        return [f"`{name}` is not valid"]
    return [f"`{name}`: {error.message}"]


def _bad_characters(value: t.Any, name: str = "") -> Iterator[str]:  # noqa: ANN401  # any JSON
    """Yield a sentence for each text with a character that is not allowed."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _bad_characters(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _bad_characters(inner, f"{name}[{number}]")
    elif isinstance(value, str) and (odd := _BAD_CHARACTER.search(value)):
        yield f"`{name}` contains the character U+{ord(odd[0]):04X}, which is not allowed: remove it"


def _suggestion(unknown: str, known: Mapping[str, t.Any]) -> str:
    close = difflib.get_close_matches(unknown, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
