"""Command one: a local Amazon, a real PostgreSQL, and `meltano run` between the two; then dbt, and answers.

python3 scripts/demo.py         run it, and show what arrived
python3 scripts/demo.py psql    look at the same data with psql
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import bootstrap

if __name__ == "__main__":
    bootstrap.in_venv(__file__)

import meltano_project
import psycopg
from embedded_postgres import OWNER, Postgres, postgres
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import FrameType

DEMO = bootstrap.DEMO
SCHEMA = "amazon"
PIPELINE = ("tap-amazon-vendor", "target-postgres")
DBT = "dbt-postgres"
ANSWERS = "answers"
# One view and one program: never add them up.
MARTS = {
    "vendor__daily_sales: what sold best in the newest 7 days, and what Amazon restated of it": """
        select asin, sum(ordered_units) as ordered_units, round(sum(ordered_revenue_amount), 2) as ordered_revenue,
            min(ordered_revenue_currency_code) as currency, sum(restated_ordered_units) as restated_units
        from vendor__daily_sales
        where selling_program = 'RETAIL' and distributor_view = 'MANUFACTURING'
            and day > (select max(day) from vendor__daily_sales) - 7
        group by asin order by ordered_revenue desc nulls last limit 5""",
    # Digital products never run out: Amazon reports billions of units.
    "vendor__inventory_health: the most money in stock aged 90 days and more, on the newest day": """
        select asin, sellable_on_hand_inventory_units as sellable_units,
            round(sellable_on_hand_inventory_cost_amount, 2) as cost,
            round(aged90_plus_days_sellable_inventory_cost_amount, 2) as aged_cost,
            sellable_on_hand_inventory_cost_currency_code as currency, open_purchase_order_units as units_on_order
        from vendor__inventory_health
        where selling_program = 'RETAIL' and distributor_view = 'MANUFACTURING'
            and day = (select max(day) from vendor__inventory_health) and sellable_on_hand_inventory_units < 1000000
        order by aged_cost desc nulls last, asin limit 5""",
    "vendor__po_fill_rate: the newest orders of which something came": """
        select purchase_order_number, purchase_order_date::date as ordered_on, sum(ordered_units) as ordered,
            sum(confirmed_units) as confirmed, sum(received_units) as received,
            round(100 * sum(received_units) / nullif(sum(ordered_units), 0)) || ' %' as fill_rate,
            max(days_late) as days_late
        from vendor__po_fill_rate
        group by 1, 2 having sum(received_units) > 0 order by 2 desc, 1 limit 5""",
}
SPEED = 600
START_SECONDS = 60
STOP_SECONDS = 20
# Columns that hold a row's day; the first one that a table has is used.
DAYS = (
    "forecast_generation_date",
    "end_date",
    "end_time",
    "date",
    "snapshot_time",
    "last_updated_date_time",
    "last_updated_date",
    "window_end",
    "seen_at",
)
# Logged in every run, and of no use to the user. We do force: no second demo can run in this clone.
QUIET = {
    "METRIC",
    "Force option is enabled, ignoring stale job check.",
    "No state was found, complete import.",
    "Skipping parse of env var settings...",
}

# Of dbt's lines, those that say more than that one of its models was made.
DBT_DONE = re.compile(r"Done\. PASS=.*")
DBT_FAILED = re.compile(r"(?:Failure|\w+ Error|Error) in .*|Error: .*|Env var required .*")

OWN_ACCOUNT = """\
To look further:
  python3 scripts/demo.py psql      psql on these tables (schemas {schema} and {answers})
  python3 scripts/demo.py           the next run: asks only for what Amazon may have restated
  rm -rf .demo                      forget it all

To use your own account and database, write a file .env in this folder (git ignores it):
  TAP_AMAZON_VENDOR_CLIENT_ID=amzn1.application-oa2-client...
  TAP_AMAZON_VENDOR_CLIENT_SECRET=amzn1.oa2-cs.v1...
  TAP_AMAZON_VENDOR_REFRESH_TOKEN=Atzr|...
  TAP_AMAZON_VENDOR_MARKETPLACES=["US"]
  TARGET_POSTGRES_SQLALCHEMY_URL=postgresql+psycopg://user:password@host:5432/database
and run:
  .venv/bin/meltano run tap-amazon-vendor target-postgres
and for answers, with TARGET_POSTGRES_HOST, _USER, _PASSWORD and _DATABASE in .env instead of the URL:
  .venv/bin/meltano run tap-amazon-vendor target-postgres dbt-postgres:build
"""


@contextlib.contextmanager
def ended(process: subprocess.Popen[Any]) -> Iterator[subprocess.Popen[Any]]:
    """End a process, which leads its own session, and its children when the block ends: terminate first, then kill."""
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_SECONDS)


@contextlib.contextmanager
def sandbox() -> Iterator[str]:
    """Run the local Amazon and yield its base URI.

    Raises:
        StepError: It did not start.
    """
    ready = DEMO / "sandbox.url"
    ready.unlink(missing_ok=True)
    log = DEMO / "sandbox.log"
    command = [bootstrap.BIN / "amazon-vendor", "sandbox", "--port", "0", "--speed", SPEED, "--ready-file", ready]
    words = [str(word) for word in command]
    with (
        log.open("wb") as output,
        # A session of its own: Ctrl-C is for us, and we end the sandbox last.
        ended(
            subprocess.Popen(
                words,
                cwd=bootstrap.ROOT,
                env=bootstrap.clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ),
        ) as process,
    ):
        deadline = time.monotonic() + START_SECONDS
        while not (ready.exists() and ready.read_text(encoding="utf-8").strip()):
            if process.poll() is not None or time.monotonic() > deadline:
                raise bootstrap.failure(bootstrap.telling_line(log.read_text(encoding="utf-8", errors="replace")), log)
            time.sleep(0.05)
        yield ready.read_text(encoding="utf-8").strip()


def state_suffix(server: Postgres) -> str:
    """Return a suffix that ties Meltano's state to this database: a new database is filled from the start."""
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute("select system_identifier from pg_control_system()").fetchone()
    return str(row[0]) if row else ""


def pipeline_environment(project: Path, api: str, server: Postgres) -> dict[str, str]:
    """Return the environment that points the pipeline at the local Amazon and the embedded database."""
    return {
        **meltano_project.environment(project),
        "MELTANO_ENVIRONMENT": "sandbox",
        "MELTANO_CLI_LOG_FORMAT": "json",
        "TAP_AMAZON_VENDOR_API_URL": api,
        "TAP_AMAZON_VENDOR_AUTH_URL": f"{api}/auth/o2/token",
        "TARGET_POSTGRES_SQLALCHEMY_URL": server.url,
        "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": SCHEMA,
        "DBT_POSTGRES_HOST": str(server.socket_folder),
        "DBT_POSTGRES_USER": OWNER,
        "DBT_POSTGRES_DATABASE": OWNER,
        "DBT_POSTGRES_AMAZON_SCHEMA": SCHEMA,
        "DBT_POSTGRES_SCHEMA": ANSWERS,
        # All of them take twice as long. Tests ask whether an ASIN is in dim_asin.
        "DBT_POSTGRES_MODELS": " ".join(f"+{title.partition(':')[0]}" for title in ("dim_asin", *MARTS)),
    }


def parse(line: str) -> dict[str, Any]:
    """Parse a line of Meltano's log; another line becomes an entry too, an error if it starts like one."""
    with contextlib.suppress(ValueError):
        entry = json.loads(line)
        if isinstance(entry, dict):
            return entry
    level = "error" if bootstrap.COMPLAINT.match(line) else "info"
    return {"event": line.rstrip(), "level": level, "name": PIPELINE[0]}


def readable(entry: dict[str, Any]) -> str | None:
    """Return the part of an entry to show: the tap's messages, and every warning."""
    message = str(entry.get("event", "")).strip()
    level = entry.get("level")
    if not message or message in QUIET or entry.get("type") == "discovery":
        return None
    if level in {"warning", "error", "critical"}:
        return f"  {level}: {message}"
    if entry.get("name") == PIPELINE[0]:
        return f"  {message}"
    told = entry.get("name") == DBT and (DBT_DONE.search(message) or DBT_FAILED.search(message))
    return f"  dbt: {told[0]}" if told else None


def weight(entry: dict[str, Any]) -> int:
    """Return how well an entry explains a failed run: tap, target and dbt give the reasons that Meltano only counts."""
    if entry.get("name") == DBT and DBT_FAILED.search(str(entry.get("event", ""))):
        return 2
    if entry.get("level") not in {"error", "critical"}:
        return 0
    return 2 if entry.get("name") in PIPELINE else 1


def run_pipeline(api: str, server: Postgres) -> None:
    """Run the pipeline and show its progress.

    Raises:
        StepError: The pipeline failed.
    """
    project = meltano_project.make_project(DEMO / "project")
    log = DEMO / "run.log"
    blocks = [*PIPELINE, f"{DBT}:build"] if meltano_project.HAS_DBT else PIPELINE
    command = [str(meltano_project.MELTANO), "run", "--no-install", "--force", *blocks]
    command[4:4] = ["--state-id-suffix", state_suffix(server)]
    print("$ meltano run", *blocks, flush=True)
    start = time.monotonic()
    reason: dict[str, Any] = {}
    with (
        log.open("w", encoding="utf-8") as output,
        ended(
            subprocess.Popen(
                command,
                cwd=project,
                env=pipeline_environment(project, api, server),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            ),
        ) as process,
    ):
        for line in process.stdout or ():
            output.write(line)
            entry = parse(line)
            reason = max(entry, reason, key=weight)
            if shown := readable(entry):
                print(shown, flush=True)
        code = process.wait()
    if code:
        msg = f"`meltano run` failed: {reason.get('event') or f'exit code {code}'}"
        raise bootstrap.failure(msg, log)
    print(f"  done in {time.monotonic() - start:.0f} s; the log is {log}", flush=True)


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table."""
    cells = [["" if value is None else str(value) for value in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")
    for number, row in enumerate(cells):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))


def why_empty(connection: psycopg.Connection[Any], table: str) -> str:
    """Return why a table has no rows, with the reason from the ledger if it has one."""
    reason = connection.execute(
        sql.SQL("select reason from {} where stream_name = %s order by recorded_at desc limit 1").format(
            sql.Identifier(SCHEMA, "report_ledger")
        ),
        [table],
    ).fetchone()
    return f"no rows: {reason[0]}" if reason and reason[0] else "no rows yet"


def newest_day(connection: psycopg.Connection[Any], table: str) -> str:
    """Return the newest day in a table, and its column; or why there is none."""
    columns = connection.execute(
        "select column_name from information_schema.columns"
        " where table_schema = %s and table_name = %s and (data_type = 'date' or data_type like 'timestamp%%')",
        [SCHEMA, table],
    )
    dates = {name for (name,) in columns}
    column = next((name for name in DAYS if name in dates), None)
    if column is None:
        return "no dates"
    query = sql.SQL("select max({})::date, count(*) from {}")
    row = connection.execute(query.format(sql.Identifier(column), sql.Identifier(SCHEMA, table))).fetchone()
    newest, rows = row or (None, 0)
    if newest is None:
        return f"no {column}" if rows else why_empty(connection, table)
    return str(newest) if column == "end_date" else f"{newest} ({column})"


def show_tables(connection: psycopg.Connection[Any]) -> None:
    """Show the tables with their rows and newest day.

    Raises:
        StepError: There is no table.
    """
    query = "select table_name from information_schema.tables where table_schema = %s order by 1"
    tables = [name for (name,) in connection.execute(query, [SCHEMA])]
    if not tables:
        msg = "The pipeline ended well, and yet there is no table."
        raise bootstrap.StepError(msg)
    rows = []
    for table in tables:
        count = sql.SQL("select count(*) from {}").format(sql.Identifier(SCHEMA, table))
        (number,) = connection.execute(count).fetchone() or (0,)
        rows.append((table, number, newest_day(connection, table)))
    show("What arrived in PostgreSQL", ("table", "rows", "newest day"), rows)


def show_query(connection: psycopg.Connection[Any], title: str, query: sql.SQL) -> None:
    """Show the result of a query."""
    cursor = connection.execute(query)
    show(title, [column.name for column in cursor.description or ()], cursor.fetchall())


def show_result(server: Postgres) -> None:
    """Show with SQL what arrived."""
    with psycopg.connect(server.dsn, options=f"-c search_path={SCHEMA}") as connection:
        show_tables(connection)
        show_query(
            connection,
            "vendor_sales, newest day",
            sql.SQL(
                "select end_date, distributor_view, asin, ordered_units,"
                " ordered_revenue_amount, ordered_revenue_currency_code"
                " from vendor_sales order by end_date desc, distributor_view, ordered_units desc nulls last limit 5",
            ),
        )
        show_query(
            connection,
            "report_ledger, all runs",
            sql.SQL("select outcome, count(*) as windows from report_ledger group by 1 order by 2 desc"),
        )


def show_answers(server: Postgres) -> None:
    """Show what dbt made of it, and which days are there."""
    with psycopg.connect(server.dsn, options=f"-c search_path={ANSWERS}") as connection:
        for title, query in MARTS.items():
            show_query(connection, title, sql.SQL(query))
    print("\nWhat is loaded (amazon-vendor coverage)", flush=True)
    command = [str(bootstrap.BIN / "amazon-vendor"), "coverage", server.url, "--schema", SCHEMA]
    subprocess.run(command, env=bootstrap.clean_environment(), check=False)


def demo() -> None:
    """Run the demo."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(bootstrap.alone("demo", wait=False))
        meltano_project.install_plugins()
        meltano_project.install_dbt()
        with bootstrap.step("Starting PostgreSQL"):
            server = stack.enter_context(postgres(DEMO / "postgres"))
        with bootstrap.step("Starting the local Amazon"):
            api = stack.enter_context(sandbox())
        run_pipeline(api, server)
        show_result(server)
        if meltano_project.HAS_DBT:
            show_answers(server)
        else:
            print(
                "\nNo answers: dbt does not run on Python {}.{}. Start this with Python 3.10 to 3.13.".format(
                    *sys.version_info
                )
            )
    print("\n" + OWN_ACCOUNT.format(schema=SCHEMA, answers=ANSWERS), end="")


def psql(arguments: Sequence[str]) -> int:
    """Run psql on the demo's data; return its exit code.

    Raises:
        StepError: There is no data yet.
    """
    if not (DEMO / "postgres").is_dir():
        msg = "There is no data yet: run `python3 scripts/demo.py` first."
        raise bootstrap.StepError(msg)
    with bootstrap.alone("demo", wait=False), postgres(DEMO / "postgres") as server:
        # psql deals with Ctrl-C itself; our handler only keeps us from ending before it does.
        signal.signal(signal.SIGINT, lambda *_: None)
        environment = {**bootstrap.clean_environment(), "PGOPTIONS": f"-c search_path={SCHEMA},{ANSWERS},public"}
        return subprocess.call([str(server.psql), *arguments, server.dsn], env=environment)


def stop(number: int, _: FrameType | None) -> None:
    """Turn a signal into an orderly exit."""
    raise SystemExit(128 + number)


def main() -> int:
    """Do what the command line asks for; return the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    arguments = sys.argv[1:]
    try:
        if arguments[:1] == ["psql"]:
            return psql(arguments[1:])
        if arguments:
            print(__doc__)
            return 2
        demo()
    except bootstrap.StepError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has closed it; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
