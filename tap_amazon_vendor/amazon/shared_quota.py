"""Token buckets that several processes share, by way of a small store: an SQLite file, or a PostgreSQL database.

Amazon counts an account's calls, not a process's. Where several processes call for one account, or for an application
whose quota Amazon counts as a whole, each would take the whole bucket for itself, and learn from HTTP 429 that it is
not. In the store a bucket is what is left in it, and how long ago that was: a process that dies takes with it the
tokens of the calls that it was about to make, and nothing else. A store that fails is done without.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import typing as t
import weakref
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from tap_amazon_vendor.amazon.throttle import Bucket, Throttle

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from tap_amazon_vendor.amazon.throttle import Operation

T = t.TypeVar("T")

logger = logging.getLogger("tap-amazon-vendor.quota")

#: How PostgreSQL's addresses begin; any other store is a file.
POSTGRES = ("postgresql://", "postgres://")

#: Seconds for which a bucket's owner believes what it last saw: it asks far more often than it calls.
FRESH = 1.0

#: Seconds that a process waits for the others, each of which holds the store for a millisecond or so.
PATIENCE = 10.0

_COLUMNS = "(bucket text primary key, tokens double precision not null, filled_at double precision not null)"
_CREATE = f"create table if not exists amazon_vendor_quota {_COLUMNS}"


class StoreError(Exception):
    """The store can't be used; says why."""


class Level:
    """What is in a bucket.

    Attributes:
        tokens: How many were left; below 0 what was taken on credit.
        age: Seconds since then, by the store's clock: those of the processes may differ.
    """

    def __init__(self, tokens: float, age: float) -> None:
        """Keep both."""
        self.tokens, self.age = tokens, age


class Store(t.Protocol):
    """Where the levels of the buckets are kept."""

    def read(self, bucket: str) -> Level | None:
        """Return the level of a bucket, None if nobody has used it yet.

        Raises:
            StoreError: The store can't be used.
        """

    def change(self, bucket: str, change: Callable[[Level | None], Level]) -> None:
        """Change the level of a bucket; meanwhile nobody else does.

        Raises:
            StoreError: The store can't be used. Then nothing was changed.
        """


class SqliteStore:
    """Levels in a file, for the processes of one computer."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        """Keep the place; the file is made on first use.

        Args:
            path: The file.
            clock: Returns the current time, aware.
        """
        self._path, self._clock = path, clock
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def read(self, bucket: str) -> Level | None:
        """Return the level of a bucket."""
        with self._used() as connection:
            return self._level(connection, bucket)

    def change(self, bucket: str, change: Callable[[Level | None], Level]) -> None:
        """Change the level of a bucket."""
        with self._used() as connection:
            # Of two that both read and then write, one would fail.
            connection.execute("begin immediate")
            try:
                level = change(self._level(connection, bucket))
                row = (bucket, level.tokens, self._now() - level.age)
                connection.execute("insert or replace into amazon_vendor_quota values (?, ?, ?)", row)
                connection.execute("commit")
            finally:
                if connection.in_transaction:
                    connection.execute("rollback")

    def _now(self) -> float:
        return self._clock().timestamp()

    def _level(self, connection: sqlite3.Connection, bucket: str) -> Level | None:
        query = "select tokens, filled_at from amazon_vendor_quota where bucket = ?"
        row = connection.execute(query, (bucket,)).fetchone()
        return Level(row[0], self._now() - row[1]) if row else None

    @contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                self._connection = self._connection or self._opened()
                yield self._connection
        except sqlite3.Error as error:
            text = f"{self._path}: {error}"
            raise StoreError(text) from error

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        weakref.finalize(self, connection.close)
        # No waiting for the disk: after a power failure the buckets are as they were a little earlier.
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute(_CREATE)
        return connection


class PostgresStore:
    """Levels in a database, for processes on several computers."""

    def __init__(self, address: str) -> None:
        """Keep the address; the database is asked on first use.

        Args:
            address: ``postgresql://USER:PASSWORD@HOST/DATABASE``.
        """
        self._address = address
        self._lock = threading.Lock()
        self._connection: t.Any = None

    def read(self, bucket: str) -> Level | None:
        """Return the level of a bucket."""
        with self._used() as cursor:
            return self._level(cursor, bucket)

    def change(self, bucket: str, change: Callable[[Level | None], Level]) -> None:
        """Change the level of a bucket."""
        with self._used() as cursor:
            # There may be no row to lock yet.
            cursor.execute("select pg_advisory_xact_lock(hashtextextended('amazon_vendor_quota ' || %s, 0))", (bucket,))
            level = change(self._level(cursor, bucket))
            cursor.execute(
                "insert into amazon_vendor_quota values (%s, %s, extract(epoch from clock_timestamp()) - %s)"
                " on conflict (bucket) do update set tokens = excluded.tokens, filled_at = excluded.filled_at",
                (bucket, level.tokens, level.age),
            )

    @staticmethod
    def _level(cursor: t.Any, bucket: str) -> Level | None:  # noqa: ANN401  # psycopg is optional
        cursor.execute(
            "select tokens, extract(epoch from clock_timestamp())::double precision - filled_at"
            " from amazon_vendor_quota where bucket = %s",
            (bucket,),
        )
        row = cursor.fetchone()
        return Level(*row) if row else None

    @contextmanager
    def _used(self) -> Iterator[t.Any]:
        try:
            import psycopg  # noqa: PLC0415  # an optional extra
        except ModuleNotFoundError:
            text = "PostgreSQL needs psycopg: pip install 'tap-amazon-vendor[postgres]'"
            raise StoreError(text) from None
        try:
            with self._lock:
                if self._connection is None or self._connection.closed:
                    self._connection = self._opened(psycopg)
                with self._connection.transaction(), self._connection.cursor() as cursor:
                    yield cursor
        except psycopg.Error as error:
            text = f"PostgreSQL: {' '.join(str(error).split())}"
            raise StoreError(text) from error

    def _opened(self, psycopg: t.Any) -> t.Any:  # noqa: ANN401  # it is optional
        connection = psycopg.connect(self._address, connect_timeout=int(PATIENCE), autocommit=True)
        weakref.finalize(self, connection.close)
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(f"set lock_timeout = '{PATIENCE:.0f}s'")
            # Two that create it at once would disturb each other.
            cursor.execute("select pg_advisory_xact_lock(hashtextextended('amazon_vendor_quota', 0))")
            cursor.execute(_CREATE)
        return connection


class SharedBucket(Bucket):
    """A bucket whose level other processes see and change."""

    def __init__(self, operation: Operation, clock: Callable[[], datetime], store: Quotas, name: str) -> None:
        """Start full, unless somebody has used it.

        Args:
            operation: The operation and its usage plan.
            clock: Returns the current time, aware.
            store: Where the level is kept.
            name: The bucket's name there.
        """
        super().__init__(operation, clock)
        self._store, self._name = store, name
        self._seen_at: datetime | None = None

    def delay(self) -> float:
        """Return the seconds until a token is available, 0 if one is."""
        with self._lock:
            self._look()
            return super().delay()

    def seconds_for(self, calls: int) -> float:
        """Return the seconds until that many calls can have been made."""
        with self._lock:
            self._look()
            return super().seconds_for(calls)

    @property
    def is_full(self) -> bool:
        """Whether it holds all the tokens that it can."""
        with self._lock:
            self._look()
            return super().is_full

    def take(self) -> float:
        """Take one token, on credit if the bucket is empty; return the seconds until it is available."""
        return self._changed(self._take)

    def _take(self) -> float:
        delay = super().take()
        if delay > 0:
            # Whoever waits oversleeps a little. Where a bucket holds one token, Amazon's stands full meanwhile, and
            # the next in the queue would come that much too early.
            self._tokens -= self._slack * self.rate
        return delay

    def give_back(self) -> None:
        """Return a token that was taken and not used."""
        self._changed(super().give_back)

    def empty(self) -> float:
        """Note a 429: the bucket was empty. Return the seconds until it has a token."""
        return self._changed(super().empty)

    def _look(self) -> None:
        """See what is left, unless that was seen just now."""
        if self._seen_at is None or abs((self._clock() - self._seen_at).total_seconds()) >= FRESH:
            self._store.use(lambda store: self._adopt(store.read(self._name)))
            self._seen_at = self._clock()

    def _changed(self, change: Callable[[], T]) -> T:
        """Do something to the level that the store has."""
        results: list[T] = []

        def apply(level: Level | None) -> Level:
            self._adopt(level)
            self._seen_at = self._clock()
            results[:] = [change()]
            return Level(self._tokens, (self._clock() - self._filled_at).total_seconds())

        with self._lock:
            self._store.use(lambda store: store.change(self._name, apply))
            # Without the store, it is our own.
            return results[0] if results else change()

    def _adopt(self, level: Level | None) -> None:
        if level is not None:
            self._tokens = min(float(self._burst), level.tokens)
            self._filled_at = self._clock() - timedelta(seconds=level.age)


class Quotas:
    """The buckets of all accounts of a run, shared with other processes where there is a store."""

    def __init__(self, clock: Callable[[], datetime], store: Store | None = None) -> None:
        """Keep the arguments.

        Args:
            clock: Returns the current time, aware.
            store: Where levels are kept, None to share nothing.
        """
        self._clock, self._store = clock, store

    @classmethod
    def at(cls, address: str, clock: Callable[[], datetime]) -> Quotas:
        """Return those at an address: a file, a database, or nowhere if it is empty."""
        if not address:
            return cls(clock)
        is_database = address.startswith(POSTGRES)
        return cls(clock, PostgresStore(address) if is_database else SqliteStore(Path(address).expanduser(), clock))

    def throttle(self, *owner: str, shared_quotas: Iterable[str] = ()) -> Throttle:
        """Return the buckets of an account, or of an application.

        Args:
            owner: Client id of the application, and label of the account; no secret.
            shared_quotas: See `Throttle`.
        """
        if self._store is None:
            return Throttle(self._clock, shared_quotas)
        return _SharedThrottle(self._clock, shared_quotas, self, "/".join(owner))

    def use(self, action: Callable[[Store], None]) -> None:
        """Do something with the store; from its first failure on, nothing, and each process has its own buckets."""
        if self._store is None:
            return
        try:
            action(self._store)
        except StoreError as error:
            self._store = None
            logger.warning("`quota_store` can't be used, so other processes' calls are not counted: %s", error)


class _SharedThrottle(Throttle):
    """Buckets by the name of their owner and of the operation."""

    def __init__(self, clock: Callable[[], datetime], shared_quotas: Iterable[str], quotas: Quotas, owner: str) -> None:
        super().__init__(clock, shared_quotas)
        self._quotas, self._owner = quotas, owner

    def _made(self, operation: Operation) -> Bucket:
        return SharedBucket(operation, self._clock, self._quotas, f"{self._owner}/{operation.name}")
