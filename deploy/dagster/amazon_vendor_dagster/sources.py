"""Where the accounts come from: the tap's configuration, or a table of a database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote

from amazon_vendor_dagster.accounts import Accounts, Config
from amazon_vendor_dagster.settings import Settings, SettingsError
from tap_amazon_vendor.config.settings_schema import SCHEMA

#: How PostgreSQL URLs begin; anything else is an SQLite file.
POSTGRES = ("postgresql://", "postgres://")

#: The settings that an account may have; other columns of the table are ignored.
NAMES = frozenset(SCHEMA["properties"]["accounts"]["items"]["properties"])

#: Settings of an account that are lists or objects: in a column they are JSON, or text separated by commas for a list.
STRUCTURED = ("marketplaces", "ads")


def read_accounts(settings: Settings) -> Accounts:
    """Read the accounts, as they are now.

    Raises:
        SettingsError: The configuration or the table can't be read, or has no account.
    """
    config = _file(settings)
    if settings.database:
        config["accounts"] = [*map(_entry, _rows(settings))]
    if config.get("accounts") == []:
        # Otherwise a table that somebody emptied by mistake would remove all partitions.
        message = "There are no accounts in AMAZON_VENDOR_ACCOUNTS or in the table"
        raise SettingsError(message)
    return Accounts(config)


def _file(settings: Settings) -> Config:
    path = settings.accounts
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"AMAZON_VENDOR_ACCOUNTS: {path} can't be read: {error}"
        raise SettingsError(message) from None
    if not isinstance(config, dict):
        message = f"AMAZON_VENDOR_ACCOUNTS: {path} is not a JSON object"
        raise SettingsError(message)
    return config


def _rows(settings: Settings) -> list[Mapping[str, Any]]:
    """Return the rows that the query selects; no message quotes the URL, which may contain a password."""
    try:
        if settings.database.startswith(POSTGRES):
            import psycopg  # noqa: PLC0415  # an optional package

            with psycopg.connect(settings.database, connect_timeout=10) as connection:
                cursor = connection.execute(settings.query)
                return _named(cursor.description or (), cursor.fetchall())
        # Read-only, so that a missing file is not created.
        with closing(sqlite3.connect(f"file:{quote(settings.database)}?mode=ro", uri=True)) as connection:
            found = connection.execute(settings.query)
            return _named(found.description, found.fetchall())
    except ModuleNotFoundError:
        message = "AMAZON_VENDOR_ACCOUNTS_DATABASE needs psycopg: pip install 'tap-amazon-vendor[postgres]'"
        raise SettingsError(message) from None
    except Exception as error:  # noqa: BLE001  # whatever a driver raises
        message = f"AMAZON_VENDOR_ACCOUNTS_DATABASE can't be read: {' '.join(str(error).split())}"
        raise SettingsError(message) from None


def _named(description: Iterable[Any], rows: Iterable[Iterable[Any]]) -> list[Mapping[str, Any]]:
    names = [column[0] for column in description]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _entry(row: Mapping[str, Any]) -> Config:
    """Return a row as an entry of `accounts`, without the columns that are null or are not settings."""
    entry = {name: value for name, value in row.items() if name in NAMES and value not in (None, "")}
    for name in STRUCTURED:
        if isinstance(text := entry.get(name), str):
            entry[name] = _structured(text)
    return entry


def _structured(text: str) -> Any:  # noqa: ANN401  # any JSON
    if text.lstrip().startswith(("[", "{")):
        try:
            return json.loads(text)
        except ValueError as error:
            message = f"A row of the accounts table has invalid JSON: {error}"
            raise SettingsError(message) from None
    return [each.strip() for each in text.split(",") if each.strip()]
