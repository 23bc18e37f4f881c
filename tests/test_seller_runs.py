"""Whole runs of the seller's streams against the local Amazon, compared with its seed."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world import Key, Row, Run, World, as_read, flat, partitions, plain, seller_rows, table_rows

from tap_amazon_vendor.reports.windows import Snapshot
from tap_amazon_vendor.sandbox.data.catalogue import Query
from tap_amazon_vendor.sandbox.data.transactions import transactions
from tap_amazon_vendor.streams import REPORT_STREAMS
from tap_amazon_vendor.streams.base import load_schema

if TYPE_CHECKING:
    from tap_amazon_vendor.streams.base import ReportStream

SELLER = {stream.name: stream for stream in REPORT_STREAMS if stream.kind == "seller" and not stream.costly}
FLAT = {name: stream for name, stream in SELLER.items() if stream.flat}
SETTLEMENTS = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
LEDGER = "report_ledger"
DAY = timedelta(days=1)


def account_of(world: World, label: str) -> Any:
    return next(account for account in world.sandbox.accounts if account.label == label)


def config(world: World, label: str = "seller-us", **changes: Any) -> Row:
    return world.config(label, account_type="seller", **changes)


def rows_of(runs: list[Run], stream: str) -> dict[Key, Row]:
    """The table of an upserting target; fails where one document has a key twice, or a key is not whole."""
    table: dict[Key, Row] = {}
    for run in runs:
        records = run.records(stream)
        keys = [(row["report_id"], *(row[key] for key in run.keys(stream))) for row in records]
        assert len(set(keys)) == len(keys), stream
        assert not [key for key in keys if None in key], stream
        table = run.upserted(stream, table)
    return table


def check_against_seed(stream: type[ReportStream], table: dict[Key, Row], wanted: dict[Key, Row]) -> None:
    """Compare a stream's table with the seed's lines, key by key and cell by cell."""
    keys = ("marketplace_id", *(key for key in stream.row_keys if key != "snapshot_time"))
    times = {name for name, schema in load_schema(stream.name)["properties"].items() if schema.get("format")}
    there = {
        tuple(plain(row[key])[:19] if key in times else plain(row[key]) for key in keys): row for row in table.values()
    }
    assert len(there) == len(table), stream.name
    assert set(there) == {tuple(part for part in key if part is not None) for key in wanted}, stream.name
    properties = load_schema(stream.name)["properties"]
    for key, line in wanted.items():
        row = there[tuple(part for part in key if part is not None)]
        for column, cell in line.items():
            kinds = properties[column]["type"]
            kind = kinds if isinstance(kinds, str) else kinds[0]
            expected = as_read(cell, "" if "format" in properties[column] else kind, row[column])
            assert row[column] == expected or (row[column], expected) == ("", None), (stream.name, column)
        assert row["_extra"] is None


@pytest.mark.parametrize("label", ["seller-us", "seller-de", "seller-jp", "seller-in"])
def test_two_runs_bring_every_row_of_the_seed_once(world: World, label: str) -> None:
    account = account_of(world, label)
    marketplaces = list(account.marketplaces)[:2]
    settings = config(world, label, marketplaces=marketplaces, start_date=world.day(50))
    names = [name for name in SELLER if not name.startswith("seller_sales_and_traffic")]
    names += [LEDGER, "seller_finance_transactions"]
    began, calls = world.clock(), world.sandbox.calls
    first = world.run(settings, streams=names)
    world.clock.advance(26 * 3600)
    second = world.run(settings, first.state, streams=names)
    runs = [first, second]
    assert [run.error for run in runs] == [None, None]
    assert {row["outcome"] for run in runs for row in run.records(LEDGER)} <= {"loaded", "empty"}
    assert {call.status for call in calls} <= {200, 202}
    read = 0
    for name, stream in FLAT.items():
        if stream.made_by_amazon:
            continue
        table = rows_of(runs, name)
        latest = calls
        if isinstance(stream.calendars, Snapshot):
            latest = [call for call in calls if call.operation != "createReport" or call.at > began + DAY]
            newest = {row["report_id"] for row in second.records(name)}
            table = {key: row for key, row in table.items() if row["report_id"] in newest}
        else:
            # A consumer's invoices reach back 44 days.
            oldest = world.day(44 if name == "seller_gst_b2c" else 51)
            assert {part["complete_from"] <= oldest for part in partitions(second.state, name)} <= {True}, name
        check_against_seed(stream, table, seller_rows(world.sandbox, stream, label, latest))
        read += len(table)
    assert read > 500
    check_settlements(world, label, runs)
    check_transactions(world, label, marketplaces, runs)


def check_settlements(world: World, label: str, runs: list[Run]) -> None:
    """All settlements of all marketplaces, each in the run that first saw it."""
    stream = SELLER["seller_settlements"]
    account = account_of(world, label)
    wanted: dict[Key, Row] = {}
    made = [
        job
        for job in world.sandbox.jobs.of(account, world.clock())
        if job.request.report_type == SETTLEMENTS and job.created_at <= runs_end(runs)
    ]
    for job in made:
        table = world.sandbox.data.table(
            SETTLEMENTS, account=account, marketplace_id=job.request.marketplace_ids[0],
            options={}, start=job.request.start, end=job.request.end, as_of=job.created_at,
        )  # fmt: skip
        wanted |= table_rows(stream, table, min(world_marketplaces(runs)))
    check_against_seed(stream, rows_of(runs, "seller_settlements"), wanted)
    read = [row["report_id"] for run in runs for row in run.records(LEDGER) if row["stream_name"] == stream.name]
    assert Counter(filter(None, read)) == dict.fromkeys((job.report_id for job in made), 1)


def runs_end(runs: list[Run]) -> datetime:
    return datetime.fromisoformat(runs[-1].records(LEDGER)[-1]["recorded_at"])


def world_marketplaces(runs: list[Run]) -> set[str]:
    return {row["marketplace_id"] for run in runs for row in run.records(LEDGER)}


def check_transactions(world: World, label: str, marketplaces: list[str], runs: list[Run]) -> None:
    """Every transaction that had shown up when the last run began."""
    account = account_of(world, label)
    as_of = world.clock() - timedelta(hours=8)
    end = as_of - timedelta(hours=3)
    start = datetime.fromisoformat(f"{world.day(50)}T00:00:00+00:00")
    wanted = {
        (marketplace, row["transactionId"])
        for marketplace in marketplaces
        for row in transactions(
            world.sandbox.data.catalogue(label, marketplace), Query(account.first_day, {}, start, end, as_of)
        )
    }
    there = runs[1].upserted("seller_finance_transactions", runs[0].upserted("seller_finance_transactions"))
    assert wanted
    assert wanted <= {(row["marketplace_id"], row["transaction_id"]) for row in there.values()}
    assert all(row["_extra"] is None for row in there.values())
