"""`kill -9` in the middle of `meltano run`, and what the run after it leaves in PostgreSQL.

`scripts/prove.py` kills at many points, `test_crashes.py` at one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import demo
import meltano_project
import psycopg
from embedded_postgres import postgres, remove
from psycopg.rows import dict_row

from amazon_sandbox import Sandbox, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_postgres import Postgres

Row = dict[str, Any]
Table = dict[tuple[str, ...], Row]

STREAMS = {
    "vendor_sales": ("distributor_view", "selling_program", "start_date", "asin"),
    "vendor_traffic": ("start_date", "asin"),
    "vendor_purchase_orders": ("purchase_order_number",),
    "vendor_purchase_order_items": ("purchase_order_number", "item_sequence_number"),
}

#: Those whose rows change from day to day and not from minute to minute, as orders do.
OF_A_DAY = {"vendor_sales", "vendor_traffic"}

#: What is not of the row, but of how it came.
HOW = ("report_id", "seen_at", "_extra", "_sdc_")


@dataclass
class Crash:
    """What a run that was killed and the run after it left.

    Attributes:
        after: Seconds after which the run was killed.
        asked: Number of reports that the run had requested when it was killed.
        there: Number of rows in the tables when the run was killed.
        lost: Rows that are missing.
        doubled: Rows whose key is in the table twice, or that should not be there.
        wrong: Rows with other values.
        twice: Requests that were asked for twice in the two runs.
        left: Files that both runs left in the temporary folder.
        output: What the second run said, if it failed.
    """

    after: float
    asked: int = 0
    there: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    twice: int = 0
    left: list[str] = field(default_factory=list)
    output: str = ""

    @property
    def whole(self) -> bool:
        """Whether no row is lost, doubled or wrong, none requested twice, no file left, and the second run is good."""
        return not (self.lost or self.doubled or self.wrong or self.twice or self.left or self.output)


@contextmanager
def pipeline() -> Iterator[Pipeline]:
    """Set up a Meltano project and a database, and measure a run that nobody kills."""
    meltano_project.install_plugins()
    with tempfile.TemporaryDirectory(prefix="tav-test-") as name:
        folder = Path(name)
        try:
            with postgres(folder / "postgres") as server:
                made = Pipeline(meltano_project.make_project(folder / "project"), server)
                made.measure()
                yield made
        finally:
            remove(folder / "postgres")


@dataclass
class Pipeline:
    """A Meltano project and a database, with a local Amazon for each experiment: it remembers what was asked for.

    Attributes:
        project: The Meltano project.
        server: The database.
        truth: The tables of a run that nobody killed.
        seconds: How long that run took.
        began: When that run began: another day has other figures, and orders may have changed since.
        measured: Number of such runs so far.
    """

    project: Path
    server: Postgres
    truth: dict[str, Table] = field(default_factory=dict)
    seconds: float = 0.0
    began: datetime | None = None
    measured: int = 0

    def measure(self) -> None:
        """Run without a kill, for the rows and for the time of a run, which depends on the computer's other work."""
        self.began = _now()
        self.measured += 1
        schema = f"whole_{self.measured}"
        with running(self._amazon()) as amazon:
            began = time.monotonic()
            done = self._run(schema, amazon.url)
            self.seconds = time.monotonic() - began
        if done.returncode:
            raise RuntimeError(done.stdout[-3000:])
        self.truth = self._tables(schema)[0]

    def crash(self, number: int, after: float) -> Crash:
        """Kill a run, and run again.

        Args:
            number: Tells the experiment from others.
            after: Seconds after which the run is killed.
        """
        if not self.began or self.began.date() != _now().date():
            self.measure()
        schema, sandbox, crash = f"crash_{number}", self._amazon(), Crash(after)
        spool = self.project / schema
        spool.mkdir()
        with running(sandbox) as amazon:
            self._run(schema, amazon.url, spool, kill_after=after)
            crash.asked = len(_asked(sandbox))
            crash.there = sum(map(len, self._tables(schema)[0].values()))
            done = self._run(schema, amazon.url, spool)
        if done.returncode:
            crash.output = done.stdout[-2000:]
        tables, crash.doubled = self._tables(schema)
        for name, truth in self.truth.items():
            there = tables.get(name, {})
            missing = truth.keys() - there.keys()
            crash.lost += (
                len(missing) if name in OF_A_DAY else sum(not self._changed(sandbox, key[0]) for key in missing)
            )
            if name in OF_A_DAY:
                crash.doubled += len(there.keys() - truth.keys())
                crash.wrong += sum(row != truth[key] for key, row in there.items() if key in truth)
        crash.twice = sum(times - 1 for times in Counter(_asked(sandbox)).values())
        crash.left = sorted(path.name for path in spool.iterdir())
        return crash

    def _changed(self, sandbox: Sandbox, number: str) -> bool:
        """Return whether an order has changed since the undisturbed run: it is read once the hour of that is over."""
        now = _now()
        account = next(each for each in sandbox.accounts if each.label == "vendor-us")
        order = sandbox.data.procurement(account).find(number, now)
        return order is not None and self.began is not None and order.changed_at(now) >= self.began

    @staticmethod
    def _amazon() -> Sandbox:
        return Sandbox(seed=7, speed=1500, asins=8)

    def _run(
        self, schema: str, url: str, spool: Path | None = None, *, kill_after: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            **demo.pipeline_environment(self.project, url, self.server),
            "MELTANO_HUB_URL": "http://[::1]:9",
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": schema,
            "TAP_AMAZON_VENDOR__SELECT": str([f"{name}.*" for name in (*STREAMS, "report_ledger")]).replace("'", '"'),
            **({"TMPDIR": str(spool)} if spool else {}),
        }
        # For five minutes Meltano believes that the run which was killed goes on.
        words = ["run", "--force", "--no-install", f"--state-id-suffix={schema}"]
        command = [str(meltano_project.MELTANO), *words, *demo.PIPELINE]
        with subprocess.Popen(
            command,
            cwd=self.project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=kill_after)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                output, _ = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, output)

    def _tables(self, schema: str) -> tuple[dict[str, Table], int]:
        """Read the tables; count the rows that have the key of another."""
        tables, doubled = {}, 0
        with psycopg.connect(self.server.dsn, row_factory=dict_row) as connection:
            for name, keys in STREAMS.items():
                if not connection.execute("select to_regclass(%s) as it", [f"{schema}.{name}"]).fetchone()["it"]:  # type: ignore[index]
                    continue
                rows = connection.execute(f"select * from {schema}.{name}").fetchall()  # noqa: S608
                tables[name] = {
                    tuple(str(row[key]) for key in keys): {
                        column: value for column, value in row.items() if not column.startswith(HOW)
                    }
                    for row in rows
                }
                doubled += len(rows) - len(tables[name])
        return tables, doubled


def _asked(sandbox: Sandbox) -> list[str]:
    """Return the parameters of each report that was requested."""
    return [str(sorted(call.request.items())) for call in sandbox.calls if call.operation == "createReport"]


def _now() -> datetime:
    return datetime.now(timezone.utc)
