"""How long a request may take: the seconds that it has left, and the limit of each try, checked at each byte.

The timeouts of requests bound the time between two bytes: a host that sends one every two seconds keeps to them for
days. So the reading end of each connection checks the limit of the try before it waits for more.
"""

from __future__ import annotations

import http.client
import io
import math
import typing as t
from dataclasses import dataclass
from functools import partial

from requests.adapters import HTTPAdapter

if t.TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from datetime import datetime

    from urllib3 import HTTPConnectionPool


@dataclass
class Budget:
    """What is left of a request's time, for its tries and the pauses between them.

    Attributes:
        left: Seconds.
        tries: Tries so far.
    """

    left: float
    tries: int = 0

    def spend(self, seconds: float) -> None:
        """Take off what a try or a pause took."""
        self.left -= max(0.0, seconds)


class Limit:
    """How long one try may take, from its start to the last byte of the answer."""

    def __init__(self, clock: Callable[[], datetime], seconds: float, rate: float = math.inf) -> None:
        """Start now.

        Args:
            clock: Returns the current time, aware.
            seconds: What it may take at most,
            rate: beyond the time that its bytes take at this many a second.
        """
        self._clock = clock
        self._seconds = seconds
        self._rate = rate
        self._began = clock()
        self.received = 0

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return (self._clock() - self._began).total_seconds()

    def check(self) -> None:
        """Raise if the time is over.

        Raises:
            TimeoutError: It is.
        """
        if self.elapsed >= self._seconds + self.received / self._rate:
            text = "the answer takes too long"
            raise TimeoutError(text)


class BoundedAdapter(HTTPAdapter):
    """An adapter of requests whose connections, through proxies too, check a limit."""

    def __init__(self, limit: Callable[[], Limit], pool_maxsize: int) -> None:
        """Store the limit.

        Args:
            limit: Returns the limit of the try that the current thread makes.
            pool_maxsize: Connections that are kept open to one host.
        """
        self._limit = limit
        super().__init__(pool_maxsize=pool_maxsize)

    def get_connection_with_tls_context(self, *args: t.Any, **kwargs: t.Any) -> HTTPConnectionPool:  # noqa: ANN401
        """Return the pool of a host; the connections that it opens are bounded."""
        pool = t.cast("HTTPConnectionPool", super().get_connection_with_tls_context(*args, **kwargs))
        if "ConnectionCls" not in vars(pool):
            pool.ConnectionCls = _bounded(pool.ConnectionCls, self._limit)
        return pool


def _bounded(base: type[t.Any], limit: Callable[[], Limit]) -> type[t.Any]:
    """Return a kind of connection whose answers are bounded."""

    class Bounded(base):  # type: ignore[misc]  # with or without TLS
        def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:  # noqa: ANN401
            super().__init__(*args, **kwargs)
            self.response_class = partial(_BoundedAnswer, limit)

    return Bounded


class _BoundedAnswer(http.client.HTTPResponse):
    def __init__(self, limit: Callable[[], Limit], sock: socket.socket, *args: t.Any, **kwargs: t.Any) -> None:  # noqa: ANN401
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_BoundedReader(raw, limit()))


class _BoundedReader(io.RawIOBase):
    """Checks a limit before each read of a socket."""

    def __init__(self, raw: io.RawIOBase, limit: Limit) -> None:
        self._raw = raw
        self._limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:  # noqa: ANN401  # any buffer
        self._limit.check()
        count = t.cast("io.FileIO", self._raw).readinto(buffer)
        self._limit.received += count or 0
        return count

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
