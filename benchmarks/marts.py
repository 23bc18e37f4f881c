"""The cost of `dbt build` of all marts, compared with `count(*)` of the tables that they are made from.

    DBT_VENV=... python benchmarks/marts.py [--asins 5000] [--warehouse both] [--docs]

PostgreSQL and DuckDB are filled with a month of a vendor who also sells and advertises, in tables as target-postgres
makes them. dbt builds all marts, with their tests; then two weeks of sales are restated, and dbt builds again.
`DBT_VENV` is the folder of an environment with dbt-postgres and dbt-duckdb. `--docs` writes the table into docs/dbt.md.

Ratios are of the CPU time of dbt and the database, which other work on the computer hardly changes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
if __name__ == "__main__":
    try:
        import psycopg
        import singer_sdk  # noqa: F401
    except ImportError:
        import bootstrap

        bootstrap.in_venv(__file__, checks=True)

from embedded_postgres import Postgres, postgres, remove

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PAGE = ROOT / "docs" / "dbt.md"
BEGIN, END = "<!-- benchmarks/marts.py -->", "<!-- end -->"
DBT = Path(os.environ.get("DBT_VENV", "/nowhere"), "bin", "dbt")
DAYS, VIEWS = 31, ("MANUFACTURING", "SOURCING")
TICKS = os.sysconf("SC_CLK_TCK")

TYPES = {"integer": "bigint", "number": "numeric(38, 9)", "boolean": "boolean", "date": "date", "json": "json"}
#: Columns that targets add: when a record was extracted, received, batched, deleted; see `filling` for the others.
SDC = ("extracted_at", "received_at", "batched_at", "deleted_at")

# i is the product, d the day, w the week, v the view.
PRODUCT, DAY = "generate_series(1, {asins}) as a(i)", f"generate_series(0, {DAYS - 1}) as b(d)"
VIEW = "(values ('MANUFACTURING'), ('SOURCING')) as c(v)"
WEEK = "generate_series(0, 25) as e(w)"
BOTH = "generate_series(0, 1) as f(n)"
DATE = "(date '2026-10-01' + cast(d as integer))"
MADE = "(date '2026-10-04' + 7 * cast(g as integer))"
ASIN = "'B' || lpad(cast(i as text), 9, '0')"
CHANCE = "(i * 7919 + d * 104729) % 101"
DAILY = {"report_period": "'DAY'", "start_date": DATE, "end_date": DATE, "report_id": "'report' || d"}
SOLD = {"selling_program": "'RETAIL'", "distributor_view": "v", **DAILY, "report_id": "'report' || v || d"}
ORDER = {"purchase_order_number": "'PO' || d || '-' || (i - i % 10)", "item_sequence_number": "cast(i % 10 as text)"}
CASES = {"unit_of_measure": "'Cases'", "unit_size": "4"}
QUANTITIES = ("ordered_quantity", "ordered_quantity_ordered_quantity", "acknowledgement_status_accepted_quantity")
CASED = {f"{quantity}_{name}": value for quantity in QUANTITIES for name, value in CASES.items()}
WINDOW = '{{"delivery_window": "2026-10-01T00:00:00Z--2026-10-08T00:00:00Z"}}'

#: By stream: the series that its rows are made from, and the columns with given values; `value` fills the others.
MONTH: Mapping[str, tuple[Sequence[str], Mapping[str, str]]] = {
    "vendor_sales": ((PRODUCT, DAY, VIEW), SOLD),
    "vendor_inventory": ((PRODUCT, DAY, VIEW), {**SOLD, "aged90_plus_days_sellable_inventory_units": "0"}),
    "vendor_traffic": ((PRODUCT, DAY), DAILY),
    "vendor_net_pure_product_margin": ((PRODUCT, DAY), {**DAILY, "net_pure_product_margin": f"{CHANCE} / 101.0"}),
    "vendor_forecasting": (
        (PRODUCT, "generate_series(0, 4) as h(g)", WEEK, "(values (0)) as b(d)"),
        {
            "selling_program": "'RETAIL'",
            "forecast_generation_date": MADE,
            "start_date": f"{MADE} + 7 * cast(w as integer)",
            "end_date": f"{MADE} + 7 * cast(w as integer) + 6",
        },
    ),
    "vendor_purchase_orders": (
        ("generate_series(0, {asins}, 10) as a(i)", "generate_series(0, 3) as b(d)"),
        {"purchase_order_number": "'PO' || d || '-' || i", "order_details": f"'{WINDOW}'"},
    ),
    "vendor_purchase_order_statuses": (
        ("generate_series(0, {asins}, 10) as a(i)", "generate_series(0, 3) as b(d)"),
        {"purchase_order_number": "'PO' || d || '-' || i"},
    ),
    "vendor_purchase_order_items": ((PRODUCT, "generate_series(0, 3) as b(d)"), {**ORDER, **CASED}),
    "vendor_purchase_order_status_items": (
        (PRODUCT, "generate_series(0, 3) as b(d)"),
        {**ORDER, **CASED, "buyer_product_identifier": ASIN, "receiving_status_received_quantity_unit_size": "1"},
    ),
    "vendor_invoices": (
        ("generate_series(0, {asins}, 10) as a(i)", "generate_series(0, 3) as b(d)"),
        {"invoice_identifier": "'I' || d || '-' || i"},
    ),
    "vendor_invoice_items": (
        (PRODUCT, "generate_series(0, 3) as b(d)"),
        {
            "invoice_identifier": "'I' || d || '-' || (i - i % 10)",
            "line_item_id": "cast(i % 10 as text)",
            "line_item_type": "'GOODS'",
        },
    ),
    "ads_sp_advertised_products": ((PRODUCT, DAY), {"date": DATE, "ad_id": "cast(i as text)"}),
    "ads_sd_advertised_products": (
        ("generate_series(2, {asins}, 2) as a(i)", DAY),
        {"date": DATE, "ad_id": "cast(i as text)"},
    ),
    "seller_sales_and_traffic_by_asin": (
        (PRODUCT, DAY),
        {**DAILY, "date_granularity": "'DAY'", "parent_asin": ASIN, "child_asin": ASIN, "sku": "'sku' || i"},
    ),
    "seller_settlements": (
        (PRODUCT, DAY, "generate_series(0, 3) as h(g)"),
        {
            "settlement_id": "cast(d - d % 14 as text)",
            "line_number": "(d * {asins} + i) * 4 + g",
            "currency": "case when i = 1 and g = 0 then 'USD' end",
            "transaction_type": "case when g = 3 then 'Refund' else 'Order' end",
            "amount_type": "case when g = 1 then 'ItemFees' when g = 2 then 'Promotion' else 'ItemPrice' end",
            "amount_description": "'Principal'",
            "posted_date": DATE,
            "sku": "'sku' || i",
        },
    ),
    "seller_customer_returns": (
        ("generate_series(5, {asins}, 5) as a(i)", DAY),
        {
            "return_date": f"cast({DATE} as timestamp)",
            "license_plate_number": "'L' || i || '-' || d",
            "sku": "'sku' || i",
        },
    ),
    # One window a day for each of eight streams, in each view.
    "report_ledger": (
        (DAY, VIEW, "generate_series(1, 8) as a(i)"),
        {
            "stream_name": "case when i = 1 then 'vendor_sales' else 'stream' || i end",
            "report_options": "'distributorView=' || v",
            "window_start": f"cast({DATE} as timestamp)",
            "window_end": f"cast({DATE} as timestamp)",
            "outcome": "'loaded'",
            "loaded_at": f"cast({DATE} + 5 as timestamp)",
            "recorded_at": f"cast({DATE} + 5 as timestamp)",
            "report_id": "'report' || v || d",
        },
    ),
}
#: Amazon restates figures up to two weeks back.
RESTATED = "update amazon.vendor_sales set ordered_units = ordered_units + 1 where start_date > date '2026-10-17'"


def value(column: str, told: str) -> str:
    """Return the SQL value of a column that `MONTH` gives no value."""
    if column in ("account", "marketplace_id", "report_id", "country_code"):
        return f"'{column}'"
    if column.endswith(("currency", "currency_code")):
        return "'USD'"
    if column == "asin":
        return ASIN
    by_kind = {"integer": CHANCE, "number": f"{CHANCE} / 4.0", "date": DATE, "boolean": "true", "json": "null"}
    # Timestamps without a zone, which target-postgres makes.
    by_kind["instant"] = f"cast({DATE} as timestamp)"
    return by_kind.get(told, "null" if column == "_extra" else f"'{column[:12]}'")


def filling(name: str, asins: int) -> Iterator[str]:
    """Yield the SQL that makes a stream's table, with its rows."""
    from dbt_sources import every_tap, kind  # noqa: PLC0415 - not needed by --help

    entry = every_tap().catalog[name]
    columns = {column: kind(told) for column, told in entry.schema.to_dict()["properties"].items()}
    sources, given = MONTH[name]
    sdc = {f"_sdc_{column}": "timestamp" for column in SDC} | {
        "_sdc_sequence": "bigint",
        "_sdc_table_version": "bigint",
    }
    types = {column: TYPES.get(told, "timestamp" if told == "instant" else "text") for column, told in columns.items()}
    body = ", ".join(f'"{column}" {told}' for column, told in (types | sdc).items())
    key = ", ".join(f'"{column}"' for column in entry.key_properties or ())
    yield f"create table amazon.{name} ({body}, primary key ({key}))"
    values = ", ".join(
        f'cast({given.get(column, value(column, told))} as {types[column]}) as "{column}"'
        for column, told in columns.items()
    )
    names = ", ".join(f'"{column}"' for column in columns)
    text = f"insert into amazon.{name} ({names}) select {values} from {' cross join '.join(sources)}"  # noqa: S608
    yield text.format(asins=asins)


class Elephant:
    """A PostgreSQL server."""

    name = "PostgreSQL"

    def __init__(self, folder: Path, server: Postgres) -> None:
        """Take note of the server, whose data is in the folder."""
        self.folder, self.dsn = folder, server.dsn
        self.profile = {
            "type": "postgres",
            "host": str(server.socket_folder),
            "user": "postgres",
            "password": "",
            "port": 5432,
            "dbname": "postgres",
            "schema": "answers",
            "threads": 4,
        }
        (pid,) = self.run("select pg_backend_pid()")[0]
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        self.pid = int(stat.rpartition(")")[2].split()[1])

    def run(self, *texts: str) -> t.Any:  # noqa: ANN401 - rows of any shape
        """Run SQL, and return the rows of the last statement."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for text in texts:
                cursor = connection.execute(text.encode())
            return cursor.fetchall() if cursor.description else None

    def cpu(self) -> float:
        """Return the CPU time of all sessions that have ended."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return sum(map(int, fields[13:15])) / TICKS

    def size(self) -> float:
        """Return the megabytes of the database."""
        return float(self.run("select pg_database_size('postgres') / 1e6")[0][0])


class Duck:
    """A DuckDB file, which only dbt's environment can open."""

    name = "DuckDB"
    CODE = """
import json, sys, duckdb
database = duckdb.connect(sys.argv[1])
database.execute("set enable_progress_bar = false")
for text in json.load(sys.stdin):
    cursor = database.execute(text)
print(json.dumps(cursor.fetchall(), default=str))
"""

    def __init__(self, folder: Path) -> None:
        """Make no file yet."""
        self.folder, self.file, self.pid = folder, folder / "warehouse.duckdb", 0
        self.profile = {"type": "duckdb", "path": str(self.file), "schema": "answers", "threads": 4}

    def run(self, *texts: str) -> t.Any:  # noqa: ANN401
        """Run SQL, and return the rows of the last statement."""
        command = [str(DBT.with_name("python")), "-c", self.CODE, str(self.file)]
        done = subprocess.run(command, input=json.dumps(texts), stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)

    def cpu(self) -> float:
        """Return nothing: the database is in dbt's process."""
        return 0.0

    def size(self) -> float:
        """Return the megabytes of the file."""
        return self.file.stat().st_size / 1e6


Warehouse = Elephant | Duck


@contextlib.contextmanager
def peaks(warehouse: Warehouse) -> Iterator[dict[str, float]]:
    """Watch the memory of the database's sessions; yield their peak, which is known when the block ends."""
    found, over = {"session": 0.0}, threading.Event()

    def watch() -> None:
        while warehouse.pid and not over.wait(0.2):
            children = Path(f"/proc/{warehouse.pid}/task/{warehouse.pid}/children").read_text(encoding="utf-8")
            for pid in children.split():
                with contextlib.suppress(OSError, StopIteration):
                    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
                    # Without the buffers that all sessions share.
                    own = next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))
                    found["session"] = max(found["session"], own / 1000)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def build(warehouse: Warehouse, *words: str) -> tuple[float, dict[str, float], dict[str, float]]:
    """Build all marts; return the CPU time, the peaks of memory, and the seconds of each model.

    Raises:
        RuntimeError: A model or test failed.
    """
    folder = warehouse.folder / "dbt"
    folder.mkdir(exist_ok=True)
    profile = {"amazon_vendor": {"target": "here", "outputs": {"here": warehouse.profile}}}
    (folder / "profiles.yml").write_text(json.dumps(profile), encoding="utf-8")
    places = {"project-dir": ROOT / "dbt", "profiles-dir": folder, "target-path": folder, "log-path": folder}
    options = [f"--{name}={place}" for name, place in places.items()]
    command = [str(DBT), "build", "--select", "+path:models/marts", *options, *words]
    before = warehouse.cpu()
    environment = os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    with peaks(warehouse) as peak, (folder / "said").open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError((folder / "said").read_text(encoding="utf-8")[-3000:])
    peak["dbt"] = usage.ru_maxrss / 1000
    results = json.loads((folder / "run_results.json").read_text(encoding="utf-8"))["results"]
    seconds = {node["unique_id"]: node["execution_time"] for node in results}
    return usage.ru_utime + usage.ru_stime + warehouse.cpu() - before, peak, seconds


def count(warehouse: Warehouse) -> tuple[float, int]:
    """Count the rows of all tables; return the CPU time, without that of the start, and the number of rows."""
    counts = " union all ".join(f"select count(*) as n from amazon.{name}" for name in MONTH)  # noqa: S608
    query, rounds = f"select sum(n) from ({counts}) as counts", 20  # noqa: S608
    times = []
    for queries in (["select 1"], [query] * rounds):
        before, own = warehouse.cpu(), os.times()
        (row,) = warehouse.run(*queries)
        times.append(warehouse.cpu() - before)
        after = os.times()
        if not warehouse.pid:
            times[-1] += after.children_user + after.children_system - own.children_user - own.children_system
    return (times[1] - times[0]) / rounds, int(row[0])


def measure(warehouse: Warehouse, asins: int) -> Iterator[Sequence[str]]:
    """Fill a warehouse and build twice; yield the lines of the table."""
    warehouse.run("create schema amazon", *(text for name in MONTH for text in filling(name, asins)))
    warehouse.run("analyze")
    counted, rows = count(warehouse)
    before = warehouse.size()
    for what in ("first", "next"):
        if what == "next":
            warehouse.run(RESTATED)
        cpu, peak, seconds = build(warehouse)
        for node, took in sorted(seconds.items(), key=lambda item: -item[1])[:25]:
            print(f"  {took:7.1f} s {node}", file=sys.stderr)
        yield (
            f"{warehouse.name}, {what} build",
            f"{rows:,}",
            f"{counted:.2g} s",
            f"{cpu:.0f} s",
            f"{cpu / counted:,.0f} x",
            f"{peak['dbt']:.0f} MB",
            f"{peak['session']:.0f} MB" if warehouse.pid else "in dbt",
            f"{before:,.0f} MB",
            f"{warehouse.size() - before:,.0f} MB",
        )


HEAD = (
    *("warehouse", "rows", "`count(*)`", "`dbt build`", "ratio", "memory of dbt", "of a session"),
    *("tables", "added by dbt"),
)


def figures(asins: int, names: Sequence[str]) -> Iterator[str]:
    """Measure; yield the lines of the table."""
    yield f"| {' | '.join(HEAD)} |"
    yield f"| {' | '.join(['---', *['---:'] * (len(HEAD) - 1)])} |"
    with tempfile.TemporaryDirectory(prefix="tav-marts-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # The server is another user where this one is root.
        for each in names:
            own = folder / each
            own.mkdir()
            if each == "duckdb":
                lines = measure(Duck(own), asins)
                yield from (f"| {' | '.join(line)} |" for line in lines)
                continue
            with postgres(own / "server") as server:
                yield from (f"| {' | '.join(line)} |" for line in measure(Elephant(own, server), asins))
            remove(own / "server")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asins", type=int, default=5000)
    parser.add_argument("--warehouse", choices=("duckdb", "postgres"), action="append", help="both unless given")
    parser.add_argument("--docs", action="store_true", help=f"write the table into {PAGE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    lines = []
    for line in figures(arguments.asins, arguments.warehouse or ["postgres", "duckdb"]):
        print(line, flush=True)
        lines.append(line)
    if arguments.docs:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text("\n".join([f"{before}{BEGIN}", *lines, f"{END}{after}"]), encoding="utf-8")


if __name__ == "__main__":
    main()
