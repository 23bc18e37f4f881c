"""Buckets that processes share: as one bucket at Amazon, and as each process's own where there is no store."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import typing as t
from datetime import timedelta
from pathlib import Path

import pytest
from embedded_postgres import postgres
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_throttle import CREATE, STATUS, AmazonBucket, operations, pauses

from tap_amazon_vendor.amazon import shared_quota
from tap_amazon_vendor.amazon.shared_quota import FRESH, PostgresStore, Quotas, SqliteStore
from tap_amazon_vendor.amazon.throttle import Bucket, Operation

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from clocks import FakeClock
    from world import World

OWNER = ("amzn1.application-oa2-client.x", "vendor-us")

#: Holds the store of the file that it is given, for ever.
HOLDER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("begin immediate")
connection.execute("update amazon_vendor_quota set tokens = -1000")
print("holds", flush=True)
time.sleep(600)
"""

#: Locks a bucket of the given database, and never releases it.
POSTGRES_HOLDER = """
import psycopg, sys, time
connection = psycopg.connect(sys.argv[1])
lock = "select pg_advisory_xact_lock(hashtextextended('amazon_vendor_quota ' || %s, 0))"
connection.execute(lock, (sys.argv[2],))
connection.execute("update amazon_vendor_quota set tokens = -1000")
print("holds", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Name files: for property tests, which need one for each example."""
    folder, numbers = tmp_path_factory.mktemp("stores"), iter(range(10**6))
    return lambda: str(folder / f"{next(numbers)}.db")


def bucket(address: str, operation: Operation, clock: Callable[[], t.Any]) -> Bucket:
    """The bucket of one more process."""
    return Quotas.at(address, clock).throttle(*OWNER).bucket(operation)


def call(bucket: Bucket, clock: FakeClock) -> None:
    """Do as the client does: take, and wait for what was taken."""
    clock.sleep(bucket.take())


def kill_once_it_holds(program: str, *arguments: str) -> None:
    """Kill a process that has a level of a store in its hands."""
    holder = subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "holds\n"
    finally:
        holder.kill()
        holder.communicate()


class TestProcesses:
    @settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
    @given(operation=operations, idle=pauses, data=st.data())
    def test_together_are_never_refused(
        self,
        operation: Operation,
        idle: list[float],
        data: st.DataObject,
        new_clock: Callable[[], FakeClock],
        new_store: Callable[[], str],
    ) -> None:
        clock, address = new_clock(), new_store()
        amazon = AmazonBucket(operation.rate, operation.burst, clock)
        processes = [bucket(address, operation, clock) for _ in range(3)]
        for seconds in idle:
            clock.advance(seconds)
            call(data.draw(st.sampled_from(processes)), clock)
            assert amazon.call()

    @settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
    @given(operation=operations, idle=pauses)
    def test_one_alone_waits_no_longer_than_without_a_store(
        self,
        operation: Operation,
        idle: list[float],
        new_clock: Callable[[], FakeClock],
        new_store: Callable[[], str],
    ) -> None:
        clock = new_clock()
        shared, own = bucket(new_store(), operation, clock), Bucket(operation, clock)
        for seconds in idle:
            clock.advance(seconds)
            delay = own.delay()
            assert shared.delay() <= delay
            clock.sleep(delay)
            own.take()
            assert shared.take() == 0

    def test_a_429_of_one_is_heard_by_the_others(self, clock: FakeClock, new_store: Callable[[], str]) -> None:
        address = new_store()
        one, other = bucket(address, STATUS, clock), bucket(address, STATUS, clock)
        assert other.delay() == 0
        one.empty()
        clock.advance(FRESH / 10)
        assert other.take() > 0

    def test_a_run_knows_what_the_one_before_has_used(self, clock: FakeClock, new_store: Callable[[], str]) -> None:
        address = new_store()
        for _ in range(15):
            bucket(address, CREATE, clock).take()
        assert bucket(address, CREATE, clock).delay() == pytest.approx(1 / 0.0167 + 1, abs=0.001)
        assert bucket(address, CREATE, clock).seconds_for(1) == pytest.approx(1 / 0.0167, abs=0.001)
        assert not bucket(address, CREATE, clock).is_full

    def test_a_token_that_is_given_back_is_there_for_the_others(
        self, clock: FakeClock, new_store: Callable[[], str]
    ) -> None:
        address = new_store()
        one, other = bucket(address, CREATE, clock), bucket(address, CREATE, clock)
        for _ in range(15):
            one.take()
        one.give_back()
        assert other.take() == 0

    def test_accounts_applications_and_operations_have_buckets_of_their_own(
        self, clock: FakeClock, new_store: Callable[[], str]
    ) -> None:
        quotas = Quotas.at(new_store(), clock)
        for _ in range(15):
            quotas.throttle(*OWNER).bucket(CREATE).take()
        assert quotas.throttle(OWNER[0], "vendor-de").bucket(CREATE).delay() == 0
        assert quotas.throttle("another", OWNER[1]).bucket(CREATE).delay() == 0
        assert quotas.throttle(OWNER[0]).bucket(CREATE).delay() == 0
        assert quotas.throttle(*OWNER).bucket(STATUS).delay() == 0

    def test_a_holder_that_is_killed_stops_nobody_and_takes_nothing(
        self, clock: FakeClock, new_store: Callable[[], str]
    ) -> None:
        address = new_store()
        one = bucket(address, CREATE, clock)
        one.take()
        kill_once_it_holds(HOLDER, address)
        assert one.take() == 0
        level = SqliteStore(Path(address), clock).read(f"{'/'.join(OWNER)}/createReport")
        assert level
        assert level.tokens == 13


class TestStore:
    @pytest.mark.parametrize("content", [b"no database at all, but a text that is long enough", None])
    def test_one_that_cant_be_used_is_done_without(
        self, content: bytes | None, clock: FakeClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "store"
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
        own = bucket(str(path), CREATE, clock)
        with caplog.at_level(logging.WARNING):
            assert [own.take() for _ in range(15)] == [0] * 15
            assert own.delay() == pytest.approx(1 / 0.0167 + 1, abs=0.001)
        assert len(caplog.records) == 1
        assert "`quota_store` can't be used" in caplog.text

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            ("/nowhere/quota.db", "unable to open database file"),
            ("/proc/quota.db", "unable to open database file"),
            ("postgresql://user:hunter22@127.0.0.1:1/x", "PostgreSQL: connection failed"),
            ("postgresql://user:hunter22@127.0.0.1:port/x", "PostgreSQL: "),
        ],
    )
    def test_a_store_that_cant_be_opened_gives_one_message_without_a_password(
        self, address: str, why: str, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING):
            assert [bucket.take() for bucket in [bucket(address, CREATE, clock)] * 15] == [0] * 15
        (record,) = caplog.records
        assert why in record.getMessage()
        assert "hunter22" not in record.getMessage()

    def test_a_locked_store_is_waited_for_once(
        self,
        clock: FakeClock,
        new_store: Callable[[], str],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(shared_quota, "PATIENCE", 0.1)
        address = new_store()
        quotas = Quotas.at(address, clock)
        quotas.throttle(*OWNER).bucket(CREATE).take()
        with sqlite3.connect(address, isolation_level=None) as holder, caplog.at_level(logging.WARNING):
            holder.execute("begin exclusive")
            for label in ("us", "de"):
                assert quotas.throttle("app", label).bucket(CREATE).take() == 0
        assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == ["database is locked"]

    def test_holds_no_secret(self, world: World, tmp_path: Path) -> None:
        path = tmp_path / "quota.db"
        assert world.run(world.config(quota_store=str(path))).error is None
        with sqlite3.connect(path) as connection:
            rows = dict(connection.execute("select bucket, tokens from amazon_vendor_quota").fetchall())
        assert rows[f"{world.config()['client_id']}/default/createReport"] < CREATE.burst
        assert all(secret not in "".join(rows) for secret in ("Atzr|", "amzn1.oa2-cs"))

    @pytest.mark.exhaustive
    def test_postgres_ignores_what_the_clocks_of_the_processes_say(self, clock: FakeClock, tmp_path: Path) -> None:
        with postgres(tmp_path) as server:
            address = server.url.replace("+psycopg", "")
            early, late = bucket(address, CREATE, clock), bucket(address, CREATE, lambda: clock() + timedelta(hours=9))
            for each in (early, late) * 7:
                assert each.take() == 0
            assert late.take() == 0
            assert early.take() > 50
            level = PostgresStore(address).read(f"{'/'.join(OWNER)}/createReport")
            assert level is not None
            assert level.tokens < 0

    @pytest.mark.exhaustive
    def test_a_killed_process_leaves_no_lock_in_postgres(self, clock: FakeClock, tmp_path: Path) -> None:
        with postgres(tmp_path) as server:
            address, name = server.url.replace("+psycopg", ""), f"{'/'.join(OWNER)}/createReport"
            one = bucket(address, CREATE, clock)
            one.take()
            kill_once_it_holds(POSTGRES_HOLDER, address, name)
            assert one.take() == 0
            level = PostgresStore(address).read(name)
            assert level is not None
            assert level.tokens == 13
