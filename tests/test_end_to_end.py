"""The main job: `meltano run tap-amazon-vendor target-postgres`, from a local Amazon into a real PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import ads_seed
import demo
import kiosk_seed
import meltano_project
import psycopg
import pytest
import vendor_seed
from bootstrap import ROOT
from embedded_postgres import Postgres, postgres, remove
from psycopg.rows import dict_row
from world import TRUTH, VENDOR_STREAMS, plain, seed_rows, seller_rows

from amazon_sandbox import Call, Sandbox, running
from tap_amazon_vendor.reports.calendars import PACIFIC, Snapshot
from tap_amazon_vendor.streams import REPORT_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_amazon_vendor.streams.report_rows import ReportRows

pytestmark = pytest.mark.end_to_end

Row = dict[str, Any]

US = "ATVPDKIKX0DER"
VENDOR, OTHER_VENDOR = "vendor-us", "vendor-ca"
DAYS_BETWEEN_RUNS = 5
OLDEST, NEWEST, RESTATED = 30, 4, 14

SALES, TRAFFIC = "GET_VENDOR_SALES_REPORT", "GET_VENDOR_TRAFFIC_REPORT"
VIEWS = [
    {"reportPeriod": "DAY", "distributorView": view, "sellingProgram": "RETAIL"}
    for view in ("MANUFACTURING", "SOURCING")
]
TABLES: dict[str, tuple[str, str, Sequence[Mapping[str, str]]]] = {
    "vendor_sales": (SALES, "salesByAsin", VIEWS),
    "vendor_sales_totals": (SALES, "salesAggregate", VIEWS),
    "vendor_traffic": (TRAFFIC, "trafficByAsin", [{"reportPeriod": "DAY"}]),
    "vendor_traffic_totals": (TRAFFIC, "trafficAggregate", [{"reportPeriod": "DAY"}]),
}
DEFAULT_STREAMS = [stream for stream in VENDOR_STREAMS if not stream.opt_in]
# Columns that do not come from a report's rows.
OWN_COLUMNS = {"account", "marketplace_id", "country_code", "report_id", "_extra"}
KEY = ("report_period", "distributor_view", "selling_program", "start_date", "end_date", "asin")


class Clock:
    """Amazon's clock: the real one, which can be put forward."""

    def __init__(self) -> None:
        """Start now."""
        self._base = datetime.now(timezone.utc)
        self._start = monotonic()

    def __call__(self) -> datetime:
        """Return the time."""
        return self._base + timedelta(seconds=monotonic() - self._start)

    def forward(self, days: int) -> None:
        """Go forward."""
        self._base += timedelta(days=days)


@dataclass
class World:
    """A local Amazon, a database and a Meltano project."""

    sandbox: Sandbox
    clock: Clock
    url: str
    server: Postgres
    project: Path

    def run(self, *options: str, schema: str = "amazon", **settings: str) -> Run:
        """Run the pipeline."""
        calls, began = len(self.sandbox.calls), self.clock()
        finished = subprocess.run(
            [meltano_project.MELTANO, "run", "--no-install", *options, *demo.PIPELINE],
            cwd=self.project,
            # Nothing answers at this address: a look-up on the Hub would end the run.
            env={
                **demo.pipeline_environment(self.project, self.url, self.server),
                "MELTANO_HUB_URL": "http://[::1]:9",
                "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": schema,
                **settings,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        with psycopg.connect(self.server.dsn, row_factory=dict_row) as connection:
            found = connection.execute("select tablename from pg_tables where schemaname = %s", [schema]).fetchall()
            tables = {
                row["tablename"]: connection.execute(f"select * from {schema}.{row['tablename']}").fetchall()  # noqa: S608
                for row in found
            }
        return Run(began, self.clock(), self.sandbox.calls[calls:], tables)


@dataclass(frozen=True)
class Run:
    """What a run asked Amazon for, and what was in the database after it."""

    began: datetime
    ended: datetime
    calls: Sequence[Call] = field(repr=False)
    tables: Mapping[str, Sequence[Row]] = field(repr=False)

    @property
    def day(self) -> date:
        """The UTC day on which it ended."""
        return self.ended.date()

    def asked(self) -> Counter[tuple[str, str, str, str]]:
        """Count the createReport calls by report type, view and first and last day."""
        requests = [
            call.request
            for call in self.calls
            if call.operation == "createReport" and call.request["reportType"] in {SALES, TRAFFIC}
        ]
        return Counter(
            (
                request["reportType"],
                request["reportOptions"].get("distributorView", ""),
                request["dataStartTime"][:10],
                request["dataEndTime"][:10],
            )
            for request in requests
        )


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Set everything up, with plugins from the clone's own `.meltano`."""
    meltano_project.install_plugins()
    clock = Clock()
    sandbox = Sandbox(speed=1500, clock=clock, asins=12)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tav-test-")))
        stack.callback(remove, folder / "postgres")
        amazon = stack.enter_context(running(sandbox))
        server = stack.enter_context(postgres(folder / "postgres"))
        project = meltano_project.make_project(folder / "project")
        yield World(sandbox, clock, amazon.url, server, project)


@pytest.fixture(scope="module")
def first(world: World) -> Run:
    """Run for the first time."""
    return world.run()


@pytest.fixture(scope="module")
def everything(world: World) -> Run:
    """Run with all streams, also the costly one, by week, as repeat purchase knows no days.

    For another account: of the first one, reports of the first run would do.
    """
    account = next(account for account in world.sandbox.accounts if account.label == OTHER_VENDOR)
    return world.run(
        "--state-id-suffix=everything",
        schema="everything",
        TAP_AMAZON_VENDOR__SELECT='["*.*"]',
        TAP_AMAZON_VENDOR_REFRESH_TOKEN=account.refresh_token,
        TAP_AMAZON_VENDOR_MARKETPLACES=json.dumps(account.marketplaces),
        TAP_AMAZON_VENDOR_REPORT_PERIODS='["WEEK"]',
    )


@pytest.fixture(scope="module")
def second(world: World, first: Run, everything: Run) -> Run:
    """Run again when Amazon has restated figures. For the tap it is the same day."""
    assert first.calls
    assert everything.calls
    world.clock.forward(DAYS_BETWEEN_RUNS)
    return world.run()


def days(oldest: int, newest: int) -> tuple[date, date]:
    """Return the day that lies so many days back, and the one that lies so many Pacific days back."""
    now = datetime.now(timezone.utc)
    return now.date() - timedelta(days=oldest), now.astimezone(PACIFIC).date() - timedelta(days=newest)


def snake(name: str) -> str:
    """Write one of Amazon's names as a column name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def flat(row: Mapping[str, Any]) -> Row:
    """Return one of Amazon's rows with our columns."""
    columns: Row = {}
    for name, value in row.items():
        if isinstance(value, dict):
            columns |= {snake(f"{name}_{part}"): part_value for part, part_value in value.items()}
        else:
            columns[snake(name)] = date.fromisoformat(value) if name.endswith("Date") else value
    return columns


def expected(sandbox: Sandbox, table: str, as_of: date) -> list[Row]:
    """Work out what must be in a table."""
    report, array, choices = TABLES[table]
    start, end = days(OLDEST, NEWEST)
    return [
        flat(row) | {snake(name): value for name, value in options.items()}
        for options in choices
        for row in sandbox.data.document(
            report,
            account=VENDOR,
            marketplace_id=US,
            options=options,
            start=start,
            end=end,
            as_of=as_of,
        )[array]
    ]


def key(row: Row) -> tuple[str, ...]:
    """Return what identifies a row of a report table."""
    return tuple(str(row.get(name, "")) for name in KEY)


def reported(rows: Sequence[Row]) -> list[Row]:
    """Return rows without our own columns and without nulls."""
    return [
        {
            name: value
            for name, value in row.items()
            if value is not None and name not in OWN_COLUMNS and not name.startswith("_sdc_")
        }
        for row in rows
    ]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("run", ["first", "second"])
def test_tables_hold_what_amazon_says(run: str, table: str, world: World, request: pytest.FixtureRequest) -> None:
    """Every row with every column is there once, and nothing else is."""
    done: Run = request.getfixturevalue(run)
    there, wanted = reported(done.tables[table]), expected(world.sandbox, table, done.day)
    assert len({key(row) for row in there}) == len(there)
    assert sorted(there, key=key) == sorted(wanted, key=key)
    assert {(row["account"], row["marketplace_id"], row["_extra"]) for row in done.tables[table]} == {
        ("default", US, None)
    }


@pytest.mark.parametrize(
    ("run", "stream"),
    [("first", stream) for stream in DEFAULT_STREAMS] + [("everything", stream) for stream in VENDOR_STREAMS],
    ids=lambda value: str(getattr(value, "name", value)),
)
def test_every_vendor_table_holds_what_amazon_says(
    run: str, stream: ReportRows, world: World, request: pytest.FixtureRequest
) -> None:
    """Row by row against the seed; repeat purchase knows no days, so it has none in the first run."""
    done: Run = request.getfixturevalue(run)
    wanted = [
        {name: as_in_postgres(name, value) for name, value in row.items()}
        for row in seed_rows(world.sandbox, stream, done.calls, VENDOR if run == "first" else OTHER_VENDOR)
    ]
    there = [
        {
            name: value
            for name, value in row.items()
            if value is not None and name != "report_id" and not name.startswith("_sdc_")
        }
        for row in done.tables[stream.name]
    ]
    keys = ["report_period", "distributor_view", "selling_program", *stream.key_columns]
    assert in_order(there, keys) == in_order(wanted, keys)
    assert bool(there) == ((run, stream.name) != ("first", "brand_repeat_purchase"))


@pytest.mark.parametrize(
    ("run", "name"),
    [
        *(("first", name) for name, stream in vendor_seed.STREAMS.items() if not stream.opt_in),
        *(("everything", name) for name in vendor_seed.STREAMS),
    ],
)
def test_every_table_of_orders_and_invoices_holds_what_amazon_says(
    run: str, name: str, world: World, request: pytest.FixtureRequest
) -> None:
    """Each order, item, shipment and invoice once, as it is when the run ends, or was when it began."""
    done: Run = request.getfixturevalue(run)
    rows = [read_back(row) for row in done.tables[name]]
    there = vendor_seed.told(rows, name)
    label = VENDOR if run == "first" else OTHER_VENDOR
    start = datetime.combine(done.began.date() - timedelta(days=OLDEST), datetime.min.time(), timezone.utc)
    # Windows end with the hour.
    hour = done.began.replace(minute=0, second=0, microsecond=0)
    before = vendor_seed.expected(vendor_seed.Source(world.sandbox, done.began, label), name, start, hour)
    after = vendor_seed.expected(vendor_seed.Source(world.sandbox, done.ended, label), name, start)
    assert len(there) == len(rows) > 0
    assert before.keys() & after.keys() <= there.keys() <= before.keys() | after.keys()
    assert [row for key, row in there.items() if row not in (before.get(key), after.get(key))] == []


@pytest.mark.parametrize("name", [name for name, stream in vendor_seed.STREAMS.items() if not stream.opt_in])
def test_a_second_run_doubles_and_loses_no_order_or_invoice(name: str, first: Run, second: Run) -> None:
    before, after = (
        vendor_seed.told([read_back(row) for row in run.tables[name]], name).keys() for run in (first, second)
    )
    assert before <= after
    assert len(after) == len(second.tables[name])


def read_back(row: Row) -> Row:
    """A row of the database with its times as Amazon writes them, and without the target's columns."""
    return {name: written(value) for name, value in row.items() if not name.startswith("_sdc_")}


def written(value: Any) -> Any:
    """A value of the database as Amazon writes it."""
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.parametrize("view", ["manufacturing", "sourcing"])
def test_the_tables_of_vendor_analytics_hold_the_figures_of_the_reports(view: str, everything: Run) -> None:
    """The same week, the same product, the same units shipped: from Data Kiosk and from the report."""
    units = {
        (row["start_date"], row["end_date"], row["asin"]): row["shipped_units"] or 0
        for row in everything.tables["vendor_sales"]
        if row["distributor_view"] == view.upper()
    }
    table = everything.tables[f"vendor_analytics_{view}"]
    found = {
        (row["start_date"], row["end_date"], row["asin"]): row["shipped_units_with_revenue_units"] for row in table
    }
    assert len(found) == len(table)
    assert found.keys() >= units.keys()
    assert {key: found[key] for key in units} == units


def in_order(rows: Sequence[Row], keys: Sequence[str]) -> list[Row]:
    """Sort rows by columns."""
    return sorted(rows, key=lambda row: [str(row.get(key)) for key in keys])


def as_in_postgres(name: str, value: Any) -> Any:
    """A value as psycopg reads it."""
    if isinstance(value, Decimal):
        # The target, not the tap, passes numbers through a double: 15 digits are sure.
        return Decimal(str(float(value)))
    if isinstance(value, str) and name.endswith("_date"):
        return date.fromisoformat(value)
    if isinstance(value, str) and name.endswith(("_time", "_date_time")):
        return datetime.fromisoformat(value.replace("Z", "+00:00")).replace(tzinfo=None)
    return value


def test_sums_agree(second: Run) -> None:
    """The rows of an ASIN table add up to its table of totals."""
    for table in ("vendor_sales", "vendor_traffic"):
        for column in ("ordered_units", "ordered_revenue_amount", "shipped_cogs_amount", "glance_views"):
            parts = [row[column] for row in second.tables[table] if row.get(column) is not None]
            totals = [row[column] for row in second.tables[f"{table}_totals"] if row.get(column) is not None]
            assert sum(parts) == sum(totals)


def test_first_run_asks_for_each_window_once(first: Run) -> None:
    """Streams share reports, and windows are as wide as Amazon allows."""
    start, end = days(OLDEST, NEWEST)
    newest = end - timedelta(days=14)
    assert first.asked() == {
        (report, view, str(since), str(until)): 1
        for since, until in ((newest, end), (start, newest - timedelta(days=1)))
        for report, view in ((SALES, "MANUFACTURING"), (SALES, "SOURCING"), (TRAFFIC, ""))
    }


def test_second_run_asks_only_for_what_may_be_restated(second: Run) -> None:
    """What is complete and older is not asked for again."""
    start, end = days(RESTATED, NEWEST)
    assert second.asked() == {
        (report, view, str(start), str(end)): 1
        for report, view in ((SALES, "MANUFACTURING"), (SALES, "SOURCING"), (TRAFFIC, ""))
    }


def test_restated_figures_replace_the_old_ones(first: Run, second: Run) -> None:
    """Amazon's later figures are there, in the same number of rows."""
    for table in TABLES:
        before, after = reported(first.tables[table]), reported(second.tables[table])
        assert {key(row) for row in before} <= {key(row) for row in after}
        changed = [new for old, new in zip(sorted(before, key=key), sorted(after, key=key), strict=True) if old != new]
        assert changed
        assert min(row["start_date"] for row in changed) >= days(RESTATED, NEWEST)[0]


def test_ledger_tells_of_every_window(first: Run, second: Run) -> None:
    """Each stream has a line for each window of each partition, and all are loaded."""
    for run, windows in ((first, 2), (second, 3)):
        ledger = [row for row in run.tables["report_ledger"] if row["stream_name"] in TABLES]
        assert {row["outcome"] for row in ledger} == {"loaded"}
        assert Counter(row["stream_name"] for row in ledger) == {
            table: windows * len(choices) for table, (_, _, choices) in TABLES.items()
        }


def test_the_documented_query_finds_every_gap_and_only_gaps(second: Run, world: World) -> None:
    assert second.calls
    page = (ROOT / "docs" / "completeness.md").read_text(encoding="utf-8")
    query = page.split("```sql\n")[1].split("```")[0]
    with psycopg.connect(world.server.dsn) as connection:
        assert connection.execute(query).fetchall() == []
        connection.execute(
            "delete from amazon.report_ledger"
            " where stream_name = 'vendor_traffic' and window_end < now() - interval '15 days'"
        )
        connection.execute(
            "update amazon.report_ledger set outcome = 'later'"
            " where stream_name = 'vendor_sales_totals' and report_options like '%SOURCING%'"
        )
        gaps = connection.execute(query).fetchall()
        connection.rollback()
    assert {gap[2] for gap in gaps} == {"vendor_sales_totals"}
    start, end = days(OLDEST, NEWEST)
    assert len(gaps) == (end - start).days + 1


# Advertising.


@pytest.fixture(scope="module")
def advertising(world: World) -> tuple[World, Run, Run]:
    """Run sales and all of advertising together, twice, against an Amazon of its own."""
    clock = Clock()
    sandbox = Sandbox(speed=1500, clock=clock, asins=5)
    with running(sandbox) as amazon:
        settings = {
            "TAP_AMAZON_VENDOR_ADS": json.dumps(ads_seed.consent(amazon.url, amazon.auth_url)),
            "TAP_AMAZON_VENDOR__SELECT": '["ads_*.*", "vendor_sales.*", "report_ledger.*"]',
        }
        there = World(sandbox, clock, amazon.url, world.server, world.project)
        first, second = (there.run("--state-id-suffix=ads", schema="ads", **settings) for _ in range(2))
    return there, first, second


@pytest.mark.parametrize("name", ads_seed.REPORTS)
def test_every_table_of_advertising_holds_what_amazon_says(advertising: tuple[World, Run, Run], name: str) -> None:
    world, first, second = advertising
    stream = ads_seed.REPORTS[name]
    keys = ["marketplace_id", "profile_id", "date", *(key for key in stream.key_columns if key != "date")]
    for run in (first, second):
        there = {tuple(plain(row[key]) for key in keys): row for row in run.tables[name]}
        assert len(there) == len(run.tables[name])
    wanted = {tuple(map(plain, key)): row for key, row in ads_seed.seeded(world.sandbox, stream, keys).items()}
    assert wanted
    assert there.keys() == wanted.keys()
    different = [
        (column, value, there[key][column])
        for key, row in wanted.items()
        for column, value in row.items()
        if as_in_postgres(column, value) != (str(there[key][column]) if column == "date" else there[key][column])
    ]
    assert different == []


def test_advertised_sales_and_all_sales_have_the_same_keys(advertising: tuple[World, Run, Run]) -> None:
    _, _, second = advertising
    keys = ("account", "marketplace_id", "country_code")
    sales = {tuple(row[key] for key in keys) for row in second.tables["vendor_sales"]}
    for name in ads_seed.REPORTS:
        assert {tuple(row[key] for key in keys) for row in second.tables[name]} == sales
    assert {row["outcome"] for row in second.tables["report_ledger"]} <= {"loaded", "empty"}
    for name in ("ads_profiles", "ads_portfolios", "ads_campaigns", "ads_ad_groups", "ads_targets", "ads_product_ads"):
        assert len({row["snapshot_time"] for row in second.tables[name]}) == 2


# A seller.

#: Of sales and traffic Amazon makes one report in 15 minutes, which `speed` does not change for the tap: that by date
#: is one, that by product one for each day.
SLOW = "seller_sales_and_traffic_by_asin"


@pytest.fixture(scope="module")
def seller(world: World) -> Iterator[tuple[World, Run, Run]]:
    """Run all streams of a seller twice, against an Amazon of its own."""
    clock = Clock()
    sandbox = Sandbox(speed=1500, clock=clock, asins=5)
    settings = {
        "TAP_AMAZON_VENDOR_ACCOUNT_TYPE": "seller",
        "TAP_AMAZON_VENDOR_REFRESH_TOKEN": "Atzr|sandbox-seller-us",
        "TAP_AMAZON_VENDOR__SELECT": f'["*.*", "!{SLOW}.*"]',
    }
    with running(sandbox) as amazon:
        there = World(sandbox, clock, amazon.url, world.server, world.project)
        first, second = (there.run("--state-id-suffix=seller", schema="seller", **settings) for _ in range(2))
        yield there, first, second


FLAT_STREAMS = [
    stream
    for stream in REPORT_STREAMS
    if stream.report.layout
    and not stream.report.amazon_generated
    and (stream.countries is None or "US" in stream.countries)
]


@pytest.mark.parametrize("stream", FLAT_STREAMS, ids=lambda stream: stream.name)
def test_every_seller_table_holds_what_amazon_says(seller: tuple[World, Run, Run], stream: ReportRows) -> None:
    """Every line of the flat files with every cell, once; each run adds a snapshot."""
    world, first, second = seller
    newest = first.calls if not asked_of(stream, second.calls) else second.calls
    calls = newest if isinstance(stream.time, Snapshot) else [*first.calls, *second.calls]
    rows = second.tables[stream.name]
    if isinstance(stream.time, Snapshot):
        newest_report = max(row["report_id"] for row in rows)
        rows = [row for row in rows if row["report_id"] == newest_report]
    keys = ["marketplace_id", *(key for key in stream.key_columns if key != "snapshot_time")]
    there = {tuple(plain(row[key]) for key in keys): row for row in rows}
    assert len(there) == len(rows)
    wanted = {
        tuple(part for part in key if part is not None): line
        for key, line in seller_rows(world.sandbox, stream, "seller-us", calls).items()
    }
    assert wanted
    assert there.keys() == wanted.keys()
    different = [
        (column, cell, there[key][column])
        for key, line in wanted.items()
        for column, cell in line.items()
        if not same(there[key][column], cell)
    ]
    assert different == []


def asked_of(stream: ReportRows, calls: Sequence[Call]) -> bool:
    """Say whether a run asked for the stream's report."""
    return any(call.operation == "createReport" and call.request["reportType"] == stream.report.name for call in calls)


def same(there: Any, cell: Any) -> bool:
    """Say whether a value of the database is that of the seed's cell."""
    if there is None:
        return cell in {None, "", "--", "N/A"}
    if isinstance(there, date):
        return f"{cell.isoformat()}T00:00:00".startswith(there.isoformat()[:19])
    if isinstance(there, bool):
        return there is TRUTH.get(cell, cell)
    if isinstance(there, str):
        return there == ("(none)" if cell is None else str(cell))
    return bool(Decimal(str(there)) == cell)


@pytest.mark.parametrize("name", kiosk_seed.SEED)
def test_every_dataset_holds_what_amazon_says(seller: tuple[World, Run, Run], name: str) -> None:
    world, _, second = seller
    table = second.tables[name]
    first_day = min(row["start_date"] for row in table)
    assert first_day <= days(OLDEST - 1, 3)[0]
    wanted = kiosk_seed.rows(world.sandbox, name, first_day, days(3, 0)[0], second.ended)
    keys = [column for column in ("start_date", "child_asin", "msku", "sku") if column in wanted[0]]
    there = {tuple(str(row[key]) for key in keys): row for row in table}
    assert len(there) == len(table) == len(wanted)
    for row in wanted:
        found = there[tuple(str(row[key]) for key in keys)]
        different = [
            (column, value, found[column])
            for column, value in row.items()
            if not isinstance(value, list) and as_in_postgres(column, value) != pytest.approx(found[column])
        ]
        assert different == []


def test_each_settlement_is_in_the_database_once(seller: tuple[World, Run, Run]) -> None:
    _, first, second = seller
    ledger = [row for row in second.tables["report_ledger"] if row["stream_name"] == "seller_settlements"]
    loaded = [row for row in ledger if row["outcome"] == "loaded"]
    lines = Counter(row["report_id"] for row in second.tables["seller_settlements"])
    assert {row["report_id"]: row["rows"] for row in loaded} == lines
    assert len(lines) >= 18
    assert len(first.tables["seller_settlements"]) == len(second.tables["seller_settlements"])


def test_a_seller_has_no_gap(seller: tuple[World, Run, Run]) -> None:
    _, first, second = seller
    for run in (first, second):
        # But for what the settings want and Amazon does not have.
        wanted = [row for row in run.tables["report_ledger"] if "add one to" not in str(row["reason"])]
        assert {row["outcome"] for row in wanted} <= {"loaded", "empty"}
    names = {row["stream_name"] for row in second.tables["report_ledger"]}
    assert {stream.name for stream in FLAT_STREAMS} <= names
    assert {"seller_finance_transactions", "seller_sales_and_traffic_by_date", "seller_account_health"} <= names
    assert second.tables["seller_finance_transactions"]
