"""Where things are: read from the environment, as each process of Dagster starts with it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "AMAZON_VENDOR_"


class SettingsError(Exception):
    """The environment lacks a setting, or has a wrong one: says which, and what to write."""


@dataclass(frozen=True)
class Settings:
    """What the environment says.

    Attributes:
        accounts: The tap's configuration, a JSON file with `accounts`.
        state: Folder of the states, one file for each account.
        tap: The tap's command.
        target: The target's command, with its `--config`.
        accounts_per_run: Maximum number of accounts that one process reads.
        fresh_days: Days within which Amazon should have delivered a day.
        by_stream: An asset for each stream, instead of one for each permission group.
        database: A database with the accounts: a PostgreSQL URL, or an SQLite file; empty if they are in the file.
        query: Selects the accounts in the database, one row for each.
        dbt: Folder of the dbt project whose models become assets; None for no models.
    """

    accounts: Path
    state: Path
    tap: tuple[str, ...]
    target: tuple[str, ...]
    accounts_per_run: int = 20
    fresh_days: int = 7
    by_stream: bool = False
    database: str = ""
    query: str = "select * from amazon_accounts"
    dbt: Path | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: One is missing or wrong.
        """

        def text(name: str, default: str | None = None) -> str:
            value = environment.get(PREFIX + name) or default
            if value is None:
                message = f"Set {PREFIX}{name}: see docs/dagster.md"
                raise SettingsError(message)
            return value

        def number(name: str, default: int) -> int:
            value = text(name, str(default))
            if not value.isdecimal() or int(value) < 1:
                message = f"{PREFIX}{name} is {value!r}: make it a whole number from 1 on"
                raise SettingsError(message)
            return int(value)

        assets = text("ASSETS", "groups")
        if assets not in {"groups", "streams"}:
            message = f"{PREFIX}ASSETS is {assets!r}: allowed are groups and streams"
            raise SettingsError(message)
        return cls(
            accounts=Path(text("ACCOUNTS")),
            state=Path(text("STATE")),
            tap=tuple(shlex.split(text("TAP", "tap-amazon-vendor"))),
            target=tuple(shlex.split(text("TARGET"))),
            accounts_per_run=number("ACCOUNTS_PER_RUN", 20),
            fresh_days=number("FRESH_DAYS", 7),
            by_stream=assets == "streams",
            database=text("ACCOUNTS_DATABASE", ""),
            query=text("ACCOUNTS_QUERY", cls.query),
            dbt=Path(text("DBT", "")) if text("DBT", "") else None,
        )
