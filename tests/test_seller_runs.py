"""Whole runs of the seller's streams against the local Amazon, compared with its seed."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from in_process import served
from world import Key, Row, Run, World, as_read, flat, moment, partitions, plain, seller_rows, table_rows

from amazon_sandbox import FAULTS, Sandbox
from amazon_sandbox.data.catalogue import Query
from amazon_sandbox.data.transactions import transactions
from amazon_sandbox.faults import (
    ADS,
    ANSWER,
    ASKED,
    CONSENT,
    CONTENT,
    DOWNLOAD,
    FLAT_CONTENT,
    GATE,
    GZIP,
    JSON_CONTENT,
    LOGIN,
    PAGE,
    QUERY,
)
from tap_amazon_vendor.reports.calendars import Snapshot
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import REPORT_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clocks import FakeClock

    from tap_amazon_vendor.streams.report_rows import ReportRows

SELLER = {
    stream.name: stream for stream in REPORT_STREAMS if stream.account_type == "seller" and stream.follows is None
}
FLAT = {name: stream for name, stream in SELLER.items() if stream.report.layout}
SETTLEMENTS = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
LEDGER = "report_ledger"
DAY = timedelta(days=1)


@pytest.fixture
def small(clock: FakeClock, bare_environment: None) -> Iterator[World]:  # noqa: ARG001
    """A local Amazon whose sellers have little to sell."""
    sandbox = Sandbox(seed=7, clock=clock, asins=3, stall_seconds=0.05)
    sandbox.pause = clock.sleep
    with served(sandbox) as server:
        yield World(sandbox, server, clock)


def account_of(world: World, label: str) -> Any:
    return next(account for account in world.sandbox.accounts if account.label == label)


def config(world: World, label: str = "seller-us", **changes: Any) -> Row:
    return world.config(label, account_type="seller", **changes)


def rows_of(runs: list[Run], stream: str, *, equal: bool = False) -> dict[Key, Row]:
    """The table of an upserting target; fails where one document has a key twice, or a key is not whole."""
    table: dict[Key, Row] = {}
    for run in runs:
        records = run.records(stream)
        keys = [(row["report_id"], *(row[key] for key in run.keys(stream))) for row in records]
        assert equal or len(set(keys)) == len(keys), stream
        assert not [key for key in keys if None in key], stream
        table = run.upserted(stream, table)
    return table


def check_against_seed(stream: ReportRows, table: dict[Key, Row], wanted: dict[Key, Row]) -> None:
    """Compare a stream's table with the seed's lines, key by key and cell by cell."""
    keys = ("marketplace_id", *(key for key in stream.key_columns if key != "snapshot_time"))
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
            if expected is None and column in stream.key_columns:
                expected = "(none)"
            assert row[column] == expected, (stream.name, column)
        assert row["_extra"] is None


# In Japan everything is told in another charset.
@pytest.mark.parametrize(
    "label",
    [
        "seller-us",
        *(pytest.param(label, marks=pytest.mark.exhaustive) for label in ("seller-de", "seller-in", "seller-jp")),
    ],
)
def test_two_runs_bring_every_row_of_the_seed_once(small: World, label: str) -> None:
    world = small
    account = account_of(world, label)
    marketplaces = list(account.marketplaces)[: 2 if label == "seller-de" else 1]
    settings = config(world, label, marketplaces=marketplaces, start_date=world.day(50))
    names = [name for name in SELLER if not name.startswith("seller_sales_and_traffic")]
    names += [LEDGER, "seller_finance_transactions"]
    began, calls = world.clock(), world.sandbox.calls
    first = world.run(settings, streams=names)
    world.clock.advance(26 * 3600)
    second = world.run(settings, first.state, streams=names)
    runs = [first, second]
    assert [run.error for run in runs] == [None, None]
    # But for what the settings want and Amazon does not have.
    # Nor are days without rows, beside or after days with rows, believed in the first run that asks for them.
    doubted = ("add one to", "the days next to these have rows", "the account has had rows", "is missing")
    wanted = [row for run in runs for row in run.records(LEDGER) if not any(map(str(row["reason"]).count, doubted))]
    assert {row["outcome"] for row in wanted} <= {"loaded", "empty"}
    assert {call.status for call in calls} <= {200, 202}
    read = 0
    for name, stream in FLAT.items():
        if stream.report.amazon_generated:
            continue
        table = rows_of(runs, name)
        latest = calls
        if isinstance(stream.time, Snapshot):
            latest = [call for call in calls if call.operation != "createReport" or call.at > began + DAY]
            newest = {row["report_id"] for row in second.records(name)}
            table = {key: row for key, row in table.items() if row["report_id"] in newest}
        else:
            # Consumer invoices are read 43 days back.
            oldest = world.day(43 if name == "seller_gst_b2c" else 51)
            assert {part["complete_from"] <= oldest for part in partitions(second.state, name)} <= {True}, name
        check_against_seed(stream, table, seller_rows(world.sandbox, stream, label, latest))
        read += len(table)
    assert read > 200
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
        own = world_marketplaces(runs)
        wanted |= table_rows(stream, table, min(own), own)
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


# Settlements: what Amazon makes by itself.


def settlements(world: World, label: str = "seller-us") -> list[Any]:
    """The settlement reports that Amazon keeps."""
    jobs = world.sandbox.jobs.of(account_of(world, label), world.clock())
    return [job for job in jobs if job.request.report_type == SETTLEMENTS]


def test_each_settlement_is_read_once_over_runs_weeks_apart(small: World) -> None:
    state, read, made = None, Counter[str](), set()
    for days in (0, 3, 20, 41, 89, 2):
        small.clock.advance(days * 86400)
        made |= {job.report_id for job in settlements(small)}
        run = small.run(config(small), state, streams=["seller_settlements", LEDGER])
        assert run.error is None
        state = run.state
        read.update(row["report_id"] for row in run.records(LEDGER) if row["report_id"])
    assert read == dict.fromkeys(made, 1)
    assert len(made) > 30
    # What Amazon has forgotten is forgotten.
    assert len(partitions(state or {}, "seller_settlements")[0]["reports_read"]) < len(made)


def test_settlements_of_the_same_days_have_a_row_each_in_the_ledger(small: World) -> None:
    run = small.run(config(small), streams=["seller_settlements", LEDGER])
    assert len(run.upserted(LEDGER)) == len(settlements(small))


def test_a_damaged_settlement_stops_no_other_and_is_tried_again(small: World) -> None:
    first = small.run(config(small), streams=["seller_settlements", LEDGER])
    made = {job.report_id for job in settlements(small)}
    small.clock.advance(15 * 86400)
    small.sandbox.inject("document_reset", 3)
    broken = small.run(config(small), first.state, streams=["seller_settlements", LEDGER])
    assert broken.error is not None
    assert Counter(row["outcome"] for row in broken.records(LEDGER)) == {"failed": 1, "loaded": 2}
    again = small.run(config(small), broken.state, streams=["seller_settlements", LEDGER])
    assert again.error is None
    ids = [row["report_id"] for run in (first, broken, again) for row in run.records(LEDGER) if row["loaded_at"]]
    assert Counter(ids) == dict.fromkeys(made | {job.report_id for job in settlements(small)}, 1)


@pytest.mark.parametrize("fault", [*DOWNLOAD, *GZIP])
def test_no_fault_of_a_download_loses_a_settlement(small: World, fault: str) -> None:
    small.sandbox.inject(fault, 4)
    runs = [world_run := small.run(config(small), streams=["seller_settlements", LEDGER])]
    runs.append(small.run(config(small), world_run.state, streams=["seller_settlements", LEDGER]))
    assert runs[1].error is None
    read = [row["report_id"] for run in runs for row in run.records(LEDGER) if row["outcome"] == "loaded"]
    assert Counter(read) == dict.fromkeys((job.report_id for job in settlements(small)), 1)


# Restricted reports.

TAX = "seller_fulfilled_shipments_tax"


def test_a_token_is_asked_for_exactly_the_document(world: World) -> None:
    run = world.run(config(world), streams=[TAX, LEDGER])
    assert run.error is None
    assert run.records(TAX)
    tokens = [call for call in world.sandbox.calls if call.operation == "createRestrictedDataToken"]
    documents = [call for call in world.sandbox.calls if call.operation == "getReportDocument"]
    assert len(tokens) == len(documents) == 1
    (resource,) = tokens[0].request["restrictedResources"]
    (job,) = [job for job in world.sandbox.jobs.of(account_of(world, "seller-us"), world.clock())
              if job.request.report_type == SELLER[TAX].report.name]  # fmt: skip
    assert resource["path"].endswith(f"/documents/{job.document_id}")


@pytest.mark.parametrize("label", ["seller-us-unrestricted", "seller-us-no-role"])
def test_without_the_role_a_stream_is_skipped_with_what_to_do(
    world: World, label: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = world.run(config(world, label), streams=[TAX, LEDGER])
    assert [outcome for *_, outcome in run.windows] == ["skipped"]
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert any("Tax Remittance" in words and "then authorize again" in words for words in warnings)


# Reports that Amazon does not make anew within some time.

WITHIN_WINDOWS = [
    "seller_fba_inventory", "seller_reserved_inventory", "seller_reimbursements", "seller_customer_returns",
    "seller_shipment_sales", "seller_removal_orders", "seller_stranded_inventory",
]  # fmt: skip


def sibling(world: World, name: str, minutes: int, later: timedelta = timedelta(), **options: str) -> Any:
    """Let another application ask for what a first run would ask for, or with a later start or other options."""
    tap = world.tap(config(world, start_date=world.day(20)))
    stream = tap.streams[name]
    for other in tap.streams.values():
        other.selected = other is stream
    (planned,) = [report for reports in tap.run.plan.values() for report in reports]
    body = planned.request.body()
    start, end = (moment(body[name]) if name in body else None for name in ("dataStartTime", "dataEndTime"))
    return world.sandbox.order(
        "seller-us",
        SELLER[name].report.name,
        options=body["reportOptions"] | options,
        start=start and start + later,
        end=end,
        at=world.clock() - timedelta(minutes=minutes),
    )


@pytest.mark.parametrize("minutes", [0, 25], ids=["running", "finished"])
@pytest.mark.parametrize("name", [name for name in WITHIN_WINDOWS if name != "seller_stranded_inventory"])
def test_a_report_that_somebody_else_asked_for_is_used(world: World, name: str, minutes: int) -> None:
    job = sibling(world, name, minutes)
    run = world.run(config(world, start_date=world.day(20)), streams=[name, LEDGER])
    assert [(row["outcome"], row["report_id"]) for row in run.records(LEDGER)] == [("loaded", job.report_id)]
    assert world.asked_bodies() == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("seller_shipment_sales", {"later": timedelta(hours=12)}),
        ("seller_ledger_detail", {"eventType": "Receipts"}),
        ("seller_ledger_detail", {}),
    ],
    ids=["part of a day", "some events", "unknown events"],
)
def test_a_report_that_may_hold_less_is_not_used(world: World, name: str, change: Any) -> None:
    """Neither the listing nor the flat file tells the options that another client used."""
    job = sibling(world, name, 5 * 60, **change)
    run = world.run(config(world, start_date=world.day(20)), streams=[name, LEDGER])
    (entry,) = run.records(LEDGER)
    assert entry["outcome"] == "loaded"
    assert entry["report_id"] != job.report_id


@pytest.mark.parametrize("name", WITHIN_WINDOWS)
def test_what_is_asked_for_too_soon_comes_later_and_is_never_empty(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody asks between our listing and our asking."""
    planted: list[Any] = []

    def ask_too(call: Any) -> None:
        if call.operation == "getReports" and not planted:
            planted.append(sibling(world, name, 0))

    monkeypatch.setattr(world.sandbox, "_on_call", ask_too)
    settings = config(world, start_date=world.day(20))
    first = world.run(settings, streams=[name, LEDGER])
    assert first.error is None
    assert [row["outcome"] for row in first.records(LEDGER)] == ["later"]
    assert "too recently" in first.records(LEDGER)[0]["reason"]
    second = world.run(settings, first.state, streams=[name, LEDGER])
    assert [row["outcome"] for row in second.records(LEDGER)] == ["loaded"]
    assert second.records(name)


# Snapshots.


def test_snapshots_build_up_a_history(world: World) -> None:
    names = [name for name, stream in SELLER.items() if isinstance(stream.time, Snapshot) and stream.countries is None]
    state, tables = None, dict[str, dict[Key, Row]]()
    for _ in range(3):
        run = world.run(config(world), state, streams=[*names, LEDGER])
        assert run.error is None
        state = run.state
        tables = {name: run.upserted(name, tables.get(name)) for name in names}
        world.clock.advance(86400)
    for name in names:
        by = "snapshot_time" if "snapshot_time" in SELLER[name].key_columns else "snapshot_date"
        assert len({row[by] for row in tables[name].values()}) == 3, name


def test_a_snapshot_that_is_read_twice_is_one(world: World) -> None:
    """A run ten minutes later gets Amazon's last report once more."""
    first = world.run(config(world), streams=["seller_fba_inventory"])
    second = world.run(config(world), first.state, streams=["seller_fba_inventory"])
    table = first.upserted("seller_fba_inventory")
    assert table
    assert second.upserted("seller_fba_inventory", table).keys() == table.keys()


# Quotas of single report types.


def test_each_account_has_its_own_quota_of_sales_and_traffic(world: World) -> None:
    names = ("client_id", "client_secret", "refresh_token", "marketplaces")
    whole = config(world, start_date=world.day(6))
    accounts = [{name: world.config(label)[name] for name in names} | {"account": label}
                for label in ("seller-us", "seller-de")]  # fmt: skip
    settings = {name: whole[name] for name in ("api_url", "auth_url", "account_type", "start_date")}
    began = world.clock()
    run = world.run(settings | {"accounts": accounts}, streams=["seller_sales_and_traffic_by_asin", LEDGER])
    assert run.error is None
    asked = [call for call in world.sandbox.calls if call.operation == "createReport"]
    assert {call.status for call in asked} == {202}
    assert Counter(call.account for call in asked) == {"seller-us": 4, "seller-de": 4}
    assert timedelta(minutes=15 * 3) <= world.clock() - began < timedelta(minutes=15 * 3 + 40)
    assert {row["account"] for row in run.records("seller_sales_and_traffic_by_asin")} == {"seller-us", "seller-de"}


def test_the_hidden_quota_of_fulfilled_shipments_costs_time_and_no_report(world: World) -> None:
    """Another program has used the quota up: one 429 says so, and nothing else waits for it."""
    for days in (90, 80):
        run = world.run(config(world, start_date=world.day(days)), streams=["seller_fulfilled_shipments", LEDGER])
        assert run.error is None
    refused = [call for call in world.sandbox.calls if call.status == 429]
    assert [call.request["reportType"] for call in refused] == [SELLER["seller_fulfilled_shipments"].report.name]


# Faults.

#: What these damage is rejected or noticed, not read again (tests of the rejects have them).
DIRT = {"dirty_cells", "dirty_lines", "lines_missing", "marketplace_ignored"}

#: What strikes a call, whatever its stream, is in `tests/test_streams.py`; here only those of a call that a seller's
#: reports add something to. Documents of other formats are not struck at all.
OF_ANY_STREAM = {*GATE, *LOGIN, *ANSWER, *JSON_CONTENT} - {
    "quota_exceeded", "token_malformed", "document_gone", "connection_reset", "gzip_unlabelled",
}  # fmt: skip

#: Numbered lines; quotes and equal lines; a snapshot; a restricted document.
SAMPLE = ["seller_orders_by_last_update", "seller_ledger_detail", "seller_fba_inventory", TAX]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("fault", "count"),
    [
        pytest.param(fault, 1, marks=[pytest.mark.exhaustive] if fault in OF_ANY_STREAM else [])
        for fault in FAULTS
        if fault not in {*CONSENT, *CONTENT, *DIRT, *PAGE, *QUERY, *ASKED, *ADS}
    ]
    + [pytest.param(fault, 3, marks=pytest.mark.exhaustive) for fault in FLAT_CONTENT if fault not in DIRT],
)
def test_no_fault_loses_or_doubles_a_row(small: World, fault: str, count: int) -> None:
    world = small
    world.sandbox.inject(fault, count)
    settings = config(world, start_date=world.day(12))
    first = world.run(settings, streams=[*SAMPLE, LEDGER])
    world.clock.advance(9 * 3600)
    second = world.run(settings, first.state, streams=[*SAMPLE, LEDGER])
    assert second.error is None
    for name in SAMPLE:
        stream = SELLER[name]
        there = {
            tuple(
                plain(row[key])[:19] if key.endswith(("time", "date")) else plain(row[key]) for key in keys_of(stream)
            )
            for row in rows_of([first, second], name, equal=fault == "equal_lines").values()
        }
        wanted = {
            tuple(part for part in key if part is not None)
            for key in seller_rows(world.sandbox, stream, "seller-us", world.sandbox.calls)
        }
        assert wanted <= there, name
        assert there <= wanted or fault in {"equal_lines", "range_ignored"}, name


def test_a_file_that_lacks_most_of_its_lines_gets_a_remark(world: World, caplog: pytest.LogCaptureFixture) -> None:
    settings, name = config(world, start_date=world.day(400)), "seller_fulfilled_shipments"
    usual = world.run(settings, streams=[name, LEDGER])
    assert not [row for row in usual.records(LEDGER) if row["remarks"]]
    world.clock.advance(24 * 3600)
    world.sandbox.inject("lines_missing")
    run = world.run(settings, streams=[name, LEDGER])
    (window,) = {row["window_start"]: row for row in run.records(LEDGER) if row["remarks"]}.values()
    assert window["outcome"] == "loaded"
    assert window["remarks"].endswith("so the document may be incomplete")
    assert f"has {window['rows']} rows: {window['remarks']}" in caplog.text


def keys_of(stream: ReportRows) -> list[str]:
    """What tells rows apart, whenever they were read."""
    return ["marketplace_id", *(key for key in stream.key_columns if key != "snapshot_time")]


# Search query performance: a report that must be told the products.

QUERIES, CATALOG = "search_query_performance", "search_catalog_performance"
QUERY_REPORT = "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT"


def queries_of_the_seed(world: World) -> list[Row]:
    """The rows of the documents of all reports that were asked for."""
    return [
        flat(row)
        for call in world.sandbox.calls
        if call.operation == "createReport" and call.request["reportType"] == QUERY_REPORT
        for row in world.sandbox.data.document(
            QUERY_REPORT,
            account="seller-us",
            marketplace_id=call.request["marketplaceIds"][0],
            options=call.request["reportOptions"],
            start=date.fromisoformat(call.request["dataStartTime"][:10]),
            end=date.fromisoformat(call.request["dataEndTime"][:10]),
            as_of=call.at.date(),
        )["dataByAsin"]
    ]


@pytest.mark.parametrize("names", [[QUERIES], [QUERIES, CATALOG]], ids=["alone", "with the catalog"])
def test_queries_are_asked_for_the_products_with_most_impressions(world: World, names: list[str]) -> None:
    settings = config(world, report_periods=["WEEK"], start_date=world.day(30))
    run = world.run(settings, streams=[*names, LEDGER])
    assert run.error is None
    assert {(row["stream_name"], row["outcome"]) for row in run.records(LEDGER)} == {(name, "loaded") for name in names}
    bodies = world.asked_bodies()
    weeks = len({body["dataStartTime"] for body in bodies})
    assert weeks >= 3
    assert Counter(body["reportType"] for body in bodies) == {
        QUERY_REPORT: weeks,
        SELLER[CATALOG].report.name: weeks,
    }
    asked = {body["reportOptions"]["asin"] for body in bodies if body["reportType"] == QUERY_REPORT}
    assert all(len(asins.split()) <= 18 and len(asins) <= 200 for asins in asked)
    keys = ("asin", "start_date", "end_date", "search_query_data_search_query")
    there = {tuple(row[key] for key in keys): row for row in run.records(QUERIES)}
    wanted = {tuple(row[key] for key in keys): row for row in queries_of_the_seed(world)}
    assert there.keys() == wanted.keys()
    assert wanted
    assert all(there[key][name] == value for key, row in wanted.items() for name, value in row.items())
    (part,) = partitions(run.state, QUERIES)
    assert part["context"] == {
        "account": "default",
        "marketplace_id": settings["marketplaces"][0],
        "report_period": "WEEK",
    }
    before = len(world.asked_bodies())
    again = world.run(settings | {"restatement_days": 0}, run.state, streams=[*names, LEDGER])
    assert (again.error, world.asked_bodies()[before:]) == (None, [])


def test_queries_beyond_twenty_reports_a_day_come_later(world: World) -> None:
    settings = config(world, report_periods=["WEEK"], start_date=world.day(26 * 7))
    state, table = None, dict[Key, Row]()
    outcomes = []
    for _ in range(2):
        run = world.run(settings, state, streams=[QUERIES, LEDGER])
        assert run.error is None
        state, table = run.state, run.upserted(QUERIES, table)
        outcomes.append(Counter(row["outcome"] for row in run.records(LEDGER)))
        world.clock.advance(86400)
    assert outcomes[0]["loaded"] == 20
    assert outcomes[0]["later"] >= 4
    assert set(outcomes[1]) == {"loaded"}
    keys = ("asin", "start_date", "end_date", "search_query_data_search_query")
    assert {tuple(row[key] for key in keys) for row in table.values()} == {
        tuple(row[key] for key in keys) for row in queries_of_the_seed(world)
    }


def test_a_week_without_products_has_no_queries(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.sandbox.data, "has_rows", lambda *_, **__: False)
    settings = config(world, report_periods=["WEEK"], start_date=world.day(20))
    first = world.run(settings, streams=[QUERIES, LEDGER])
    assert first.error is None
    # That an account has no rows at all is believed when a later run hears it, too.
    assert {row["outcome"] for row in first.records(LEDGER)} == {"later"}
    world.clock.advance(86400)
    run = world.run(settings, first.state, streams=[QUERIES, LEDGER])
    assert run.error is None
    assert {row["outcome"] for row in run.records(LEDGER)} == {"empty"}
    assert {body["reportType"] for body in world.asked_bodies()} == {SELLER[CATALOG].report.name}


# JSON.


@pytest.mark.parametrize("period", ["DAY", "WEEK"])
def test_sales_and_traffic_are_those_of_the_seed(small: World, period: str) -> None:
    """With a start in the middle of a week, and a run after restatement."""
    names = ["seller_sales_and_traffic_by_date", "seller_sales_and_traffic_by_asin"]
    settings = config(small, start_date=small.day(12 if period == "DAY" else 40), report_periods=[period])
    first = small.run(settings, streams=[*names, LEDGER])
    small.clock.advance(2 * 86400)
    second = small.run(settings, first.state, streams=[*names, LEDGER])
    assert (first.error, second.error) == (None, None)
    for name in names:
        stream = SELLER[name]
        wanted: dict[Key, Row] = {}
        for call in small.sandbox.calls:
            if call.operation != "createReport":
                continue
            start, end = (date.fromisoformat(call.request[field][:10]) for field in ("dataStartTime", "dataEndTime"))
            document = small.sandbox.data.document(
                stream.report.name,
                account="seller-us",
                marketplace_id=call.request["marketplaceIds"][0],
                options=call.request["reportOptions"],
                start=start,
                end=end,
                as_of=call.at.date(),
            )
            said = {"start_date": start.isoformat(), "end_date": end.isoformat()} if stream.from_specification else {}
            for row in document[stream.records_path]:
                columns = said | flat(row)
                wanted[tuple(columns.get(key) for key in stream.key_columns)] = columns
        table = second.upserted(name, first.upserted(name))
        there = {tuple(row[key] for key in stream.key_columns): row for row in table.values()}
        assert len(there) == len(table)
        assert there.keys() == wanted.keys()
        assert wanted
        assert all(there[key][column] == value for key, row in wanted.items() for column, value in row.items())
