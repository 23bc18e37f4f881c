"""Reads the stream `report_ledger` from where a target put it: a database, or a file of JSON Lines."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: The columns that tell one window of one stream from another: the stream's key.
KEY = ("account", "marketplace_id", "report_type", "report_options", "stream_name", "window_start", "window_end")

#: The columns that are shown.
SHOWN = ("country_code", "outcome", "reason", "rows", "rejected", "recorded_at")


class UnreadableLedgerError(Exception):
    """The source can't be read, or holds no ledger."""


@dataclass(frozen=True)
class LedgerWindow:
    """A window of a stream, and what became of it.

    Attributes:
        account: The account's label.
        country: Country code of the marketplace, or its id where it has none.
        stream: Name of the stream.
        options: Amazon's report options, as the ledger writes them.
        start: First day or hour.
        end: Last day, or the end of the last hour.
        outcome: How it ended.
        reason: Why, for all but loaded windows.
        rows: Rows written.
        rejected: Lines that could not be rows.
        recorded_at: When that was written down, ISO 8601.
    """

    account: str
    country: str
    stream: str
    options: str
    start: datetime
    end: datetime
    outcome: Outcome
    reason: str | None
    rows: int
    rejected: int
    recorded_at: str


def read_ledger(source: str, schema: str | None) -> list[LedgerWindow]:
    """Read a ledger.

    Args:
        source: The path of a file of JSON Lines, of records or Singer messages, or the URL of a database, as SQLAlchemy
            has it.
        schema: The database's schema that holds the table.

    Returns:
        Each window once, as it was recorded last.

    Raises:
        UnreadableLedgerError: The source can't be read, or is no ledger.
    """
    newest: dict[tuple[t.Any, ...], Mapping[str, t.Any]] = {}
    for row in _from_database(source, schema) if "://" in source else _from_file(Path(source)):
        key = tuple(str(row.get(column)) for column in KEY)
        if key not in newest or str(newest[key].get("recorded_at")) <= str(row.get("recorded_at")):
            newest[key] = row
    try:
        return [_window(row) for row in newest.values()]
    except (KeyError, ValueError, TypeError) as error:
        text = f"this is not a `report_ledger`: {error}"
        raise UnreadableLedgerError(text) from None


def _from_file(path: Path) -> Iterator[Mapping[str, t.Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip() and (row := _record(line, f"{path}, line {number}")):
                    yield row
    except (OSError, UnicodeDecodeError) as error:
        text = f"{path} can't be read: {error}"
        raise UnreadableLedgerError(text) from None


def _record(line: str, place: str) -> Mapping[str, t.Any] | None:
    """Return the ledger's row that a line holds, None for another Singer message."""
    try:
        row = json.loads(line)
    except ValueError as error:
        text = f"{place} is not JSON: {error}"
        raise UnreadableLedgerError(text) from None
    if not isinstance(row, dict):
        text = f"{place} is not a JSON object"
        raise UnreadableLedgerError(text)
    if "type" in row and "window_start" not in row:
        is_row = row["type"] == "RECORD" and row.get("stream") == "report_ledger"
        return row.get("record") if is_row else None
    return row


def _from_database(url: str, schema: str | None) -> Iterable[Mapping[str, t.Any]]:
    import sqlalchemy as sql  # noqa: PLC0415 - commands start fast

    columns: list[sql.ColumnClause[t.Any]] = [sql.column(name) for name in (*KEY, *SHOWN)]
    query = sql.select(*columns).select_from(sql.table("report_ledger", schema=schema))
    try:
        with sql.create_engine(url).connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
    except (sql.exc.SQLAlchemyError, ImportError) as error:
        # The URL may hold a password, and SQLAlchemy's own text the query.
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        text = f"the ledger can't be read from the database: {reason}"
        raise UnreadableLedgerError(text) from None


def _window(row: Mapping[str, t.Any]) -> LedgerWindow:
    return LedgerWindow(
        account=str(row["account"]),
        country=str(row.get("country_code") or row["marketplace_id"]),
        stream=str(row["stream_name"]),
        options=str(row["report_options"]),
        start=_moment(row["window_start"]),
        end=_moment(row["window_end"]),
        outcome=Outcome(row["outcome"]),
        reason=row.get("reason"),
        rows=int(row.get("rows") or 0),
        rejected=int(row.get("rejected") or 0),
        recorded_at=str(row.get("recorded_at")),
    )


def _moment(value: t.Any) -> datetime:  # noqa: ANN401 - text or what a database has
    """Return a time as UTC without a zone: targets differ in that."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return moment.replace(tzinfo=None) - (moment.utcoffset() or moment.resolution * 0)
