"""Days of a whole fleet on a made-up clock: each shard a tap of its own, against the sandbox in the same process.

Nothing really waits: the time of a run is the sum of the tap's waits, which follow from Amazon's quotas and processing.
"""

from __future__ import annotations

import heapq
import json
import logging
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from quota import bound

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox
from tap_amazon_vendor.singer.writer import MessageWriter
from tap_amazon_vendor.tap import TapAmazonVendor

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import pytest
from clocks import FakeClock
from in_process import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

    from singer_sdk.singerlib import Catalog

#: When the daily run starts, as in `deploy/dagster`.
MORNING = datetime(2026, 11, 2, 11, 30, tzinfo=timezone.utc)

#: Days before the first run that are read.
HISTORY = timedelta(days=18)

#: Seconds that a process takes to start, Dagster's and the tap's together (first table of `fleet.py`).
START = 3.0


class _Counted(MessageWriter):
    """Counts messages, and keeps the last state; writes them to a file where one is given."""

    def __init__(self, file: BinaryIO | None) -> None:
        super().__init__()
        self.kinds: Counter[str] = Counter()
        self.bytes = 0
        self.state: dict[str, Any] = {}
        self._file = file

    def _put(self, lines: bytes | bytearray) -> None:
        for line in bytes(lines).splitlines(keepends=True):
            kind = line[9 : line.index(b'"', 9)].decode()
            self.kinds[kind] += 1
            self.bytes += len(line)
            if kind == "STATE":
                self.state = json.loads(line)["value"]
        if self._file:
            self._file.write(lines)

    def flush(self) -> None:
        """Do nothing."""


@dataclass
class Day:
    """What a day of some accounts took.

    Attributes:
        walls: Seconds that each shard's run took, by the made-up clock.
        bounds: The least seconds that quotas and Amazon's processing allow, for each shard.
        calls: Calls by operation and by whether Amazon granted them.
        messages: Messages by type.
        bytes: Size of all messages.
        state: Size of all states, in bytes.
        cpu: CPU seconds of tap and sandbox together.
    """

    walls: list[float] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    state: int = 0
    cpu: float = 0.0

    @property
    def created(self) -> int:
        """Reports asked for."""
        return self.calls["createReport"]

    @property
    def gets(self) -> int:
        """Calls of GET operations."""
        return sum(times for name, times in self.calls.items() if name.startswith("get"))

    def pooled(self, processes: int) -> float:
        """Return the seconds until all shards are read, with this many processes at a time."""
        free = [0.0] * min(processes, len(self.walls))
        for wall in self.walls:
            heapq.heapreplace(free, free[0] + wall + START)
        return max(free)


def days_of(  # noqa: PLR0913, PLR0917  # each is one fact
    accounts: int,
    shard: int,
    days: int,
    settings: Callable[..., dict[str, Any]],
    streams: Iterable[str],
    file: BinaryIO | None = None,
) -> list[Day]:
    """Read some accounts on each of some days.

    Args:
        accounts: How many.
        shard: How many one process reads.
        days: How many days.
        settings: Returns the configuration of some accounts.
        streams: What is read.
        file: Where the messages of the last day go, if they are wanted.
    """
    logging.disable(logging.ERROR)
    found = [Day() for _ in range(days)]
    for first in range(0, accounts, shard):
        _read_shard(min(shard, accounts - first), first, found, settings, {*streams}, file)
    return found


def _read_shard(  # noqa: PLR0913, PLR0917  # each is one fact
    number: int,
    seed: int,
    found: list[Day],
    settings: Callable[..., dict[str, Any]],
    streams: set[str],
    file: BinaryIO | None,
) -> None:
    base = DEFAULT_ACCOUNTS[0]
    clock = FakeClock(MORNING)
    accounts = [replace(base, label=f"a{each}", refresh_token=f"Atzr|sandbox-a{each}") for each in range(number)]
    sandbox = Sandbox(seed=seed, clock=clock, asins=40, accounts=accounts)
    with pytest.MonkeyPatch.context() as patch:
        server = serve(sandbox, patch)
        start = (MORNING - HISTORY).date().isoformat()
        config = settings(number, api_url=server.url, auth_url=server.auth_url, start_date=start)
        catalog, state = _catalog(config, streams), None
        for day, totals in enumerate(found):
            clock.now = MORNING + timedelta(days=day)
            sandbox.calls.clear()
            writer = _Counted(file if day == len(found) - 1 else None)
            cpu = time.process_time()
            tap = TapAmazonVendor(
                config=config, state=state, catalog=catalog, clock=clock, rng=Random(1), in_background=False,
                message_writer=writer,
            )  # fmt: skip
            begin = clock()
            tap.sync_all()
            totals.cpu += time.process_time() - cpu
            state = writer.state
            totals.walls.append((clock() - begin).total_seconds())
            totals.bounds.append(max(_bound(sandbox, account, begin, clock()) for account in accounts))
            for call in sandbox.calls:
                totals.calls[call.operation if call.status < 400 else f"refused {call.status}"] += 1
            totals.messages += writer.kinds
            totals.bytes += writer.bytes
            totals.state += len(json.dumps(state))


def _bound(sandbox: Sandbox, account: Any, begin: datetime, now: datetime) -> float:  # noqa: ANN401
    jobs = [job for job in sandbox.jobs.of(account, now) if job.created_at >= begin]
    return bound([(job.waiting + job.working).total_seconds() for job in reversed(jobs)])


def _catalog(config: dict[str, Any], streams: set[str]) -> Catalog:
    catalog = TapAmazonVendor(config=config).catalog
    for name in [*catalog]:
        if name not in streams:
            del catalog[name]
    return catalog
