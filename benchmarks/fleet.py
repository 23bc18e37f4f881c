"""What many accounts take: how many accounts a process should read, and how many one process can hold.

    python benchmarks/fleet.py [--shards 1 5 20] [--plan 200 2000]

The first table is of real daily runs of sales and traffic (14 days read again), each a process against the sandbox: CPU
and memory of the tap alone, requests to Amazon. The second is of the start of a run: memory, state and plan.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
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

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox, running
from tap_amazon_vendor.tap import TapAmazonVendor

STREAMS = {"vendor_sales", "vendor_sales_totals", "vendor_traffic", "vendor_traffic_totals", "report_ledger"}
US = "ATVPDKIKX0DER"


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
    sandbox = Sandbox(seed=1, speed=600, asins=40, accounts=accounts)
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


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, nargs="*", default=[1, 5, 20])
    parser.add_argument("--plan", type=int, nargs="*", default=[200, 2000])
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


if __name__ == "__main__":
    main()
