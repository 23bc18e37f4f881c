"""A run that is killed while it checks a document: the next run downloads the document again and checks all of it."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import commands
import pytest
from world import catalog

from amazon_sandbox import Sandbox, running
from tap_amazon_vendor.run.spool import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from amazon_sandbox import Server

Row = dict[str, Any]

TAP = "from tap_amazon_vendor.tap import TapAmazonVendor; TapAmazonVendor.cli()"

#: Documents are checked in background threads, and read in the main one. The process kills itself before one read of
#: the check, whose number is its first argument.
KILLED = f"""
import os, signal, sys, threading
from tap_amazon_vendor.documents import unzip

left = int(sys.argv.pop(1))

class Deadly(unzip._gzip_file):
    def read(self, size=-1):
        global left
        if threading.current_thread() is not threading.main_thread():
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().read(size)

unzip._gzip_file = Deadly
{TAP}
"""

#: The kill comes before one of so many reads. A check reads 4 bytes, then a mebibyte, then small blocks: it has more.
READS = 16

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(1, 8))]


@pytest.fixture
def amazon() -> Sandbox:
    """A fast local Amazon, whose documents are longer than the first reads of a check."""
    return Sandbox(seed=7, speed=3000, asins=6000)


@pytest.fixture
def server(amazon: Sandbox) -> Iterator[Server]:
    with running(amazon) as server:
        yield server


@dataclass
class Tap:
    """Runs the tap in processes of their own: one day of sales of one account.

    Attributes:
        folder: Where configuration, catalog and state are written.
        spool: The tap's folder for temporary files.
        settings: The tap's settings.
    """

    folder: Path
    spool: Path
    settings: Row

    def run(self, code: str, *arguments: str, state: Row | None = None) -> CompletedProcess[str]:
        """Run Python code that runs the tap, with these arguments and those of the tap."""
        wanted = catalog(frozenset({"vendor"}), frozenset({"vendor_sales", "report_ledger"}))
        for name, content in (("config", self.settings), ("catalog", wanted.to_dict()), ("state", state or {})):
            file = self.folder / f"{name}.json"
            file.write_text(json.dumps(content), encoding="utf-8")
            arguments = (*arguments, f"--{name}", str(file))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TAP_AMAZON_VENDOR_")}
        environment |= {"TMPDIR": str(self.spool), "PYTHONPATH": os.pathsep.join(sys.path)}
        return commands.run(code, *arguments, cwd=self.folder, env=environment)


@pytest.fixture
def tap(amazon: Sandbox, server: Server, tmp_path: Path) -> Tap:
    account = next(account for account in amazon.accounts if account.label == "vendor-us")
    day = (datetime.now(tz=timezone.utc) - timedelta(days=10)).date().isoformat()
    settings = {
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "refresh_token": account.refresh_token,
        "marketplaces": ["US"],
        "distributor_views": ["MANUFACTURING"],
        "start_date": day,
        "end_date": day,
        "api_url": server.url,
        "auth_url": server.auth_url,
    }
    spool = tmp_path / "spool"
    spool.mkdir()
    return Tap(tmp_path, spool, settings)


def messages(done: CompletedProcess[str], kind: str) -> list[Row]:
    """Return the messages of one type that a run wrote."""
    lines = map(json.loads, done.stdout.splitlines())
    return [line for line in lines if line["type"] == kind]


def rows(done: CompletedProcess[str]) -> dict[str, Row]:
    """Return the rows of sales that a run wrote, by ASIN, and check that it wrote each once."""
    records = [each["record"] for each in messages(done, "RECORD") if each["stream"] == "vendor_sales"]
    found = {row["asin"]: {name: row[name] for name in row if name != "report_id"} for row in records}
    assert len(found) == len(records)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_next_run_downloads_the_document_again_and_writes_all_its_rows(
    seed: int, tap: Tap, amazon: Sandbox
) -> None:
    killed = tap.run(KILLED, str(random.Random(seed).randint(1, READS)))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert rows(killed) == {}
    (left,) = tap.spool.iterdir()
    assert [path.suffix for path in left.iterdir() if path.name != LOCK] == [".document"]

    again = tap.run(TAP, state=messages(killed, "STATE")[-1]["value"])
    assert again.returncode == 0, again.stderr
    assert list(tap.spool.iterdir()) == []
    calls = Counter(call.operation for call in amazon.calls)
    assert (calls["createReport"], calls["getReportDocument"]) == (1, 2)

    undisturbed = tap.run(TAP)
    assert rows(again) == rows(undisturbed) != {}
