"""What all tests share."""

from __future__ import annotations

import os
import random
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from world import World

from tap_amazon_vendor.sandbox import Sandbox, running
from tap_amazon_vendor.transport import Transport

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

# A slow computer is no fault of the tap.
settings.register_profile("any-speed", deadline=None)
settings.load_profile("any-speed")

#: The noon of a Saturday.
NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


class FakeClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        """Sleep without sleeping."""
        self.advance(max(0.0, seconds))

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Threads wait for real time: tests on this clock have none."""
        raise NotImplementedError


@pytest.fixture
def clock() -> FakeClock:
    """The noon of a Saturday."""
    return FakeClock(NOW)


@pytest.fixture(scope="session")
def new_clock() -> Callable[[], FakeClock]:
    """Make clocks: for property tests, which need one for each example."""
    return lambda: FakeClock(NOW)


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Take away what this computer says about proxies, certificates and passwords."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    bundles = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
    for name in (*names, *(name.lower() for name in names), *bundles):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", os.fspath(tmp_path_factory.getbasetemp() / "no-netrc"))


@pytest.fixture
def world(clock: FakeClock, bare_environment: None) -> Iterator[World]:  # noqa: ARG001
    """A local Amazon on the made-up clock."""
    sandbox = Sandbox(seed=7, clock=clock, asins=12, stall_seconds=0.1)
    with running(sandbox) as server:
        yield World(sandbox, server, clock)


@pytest.fixture
def transport(clock: FakeClock, bare_environment: None) -> Iterator[Transport]:  # noqa: ARG001
    """A way out that waits on the made-up clock."""
    transport = Transport(sleep=clock.sleep, rng=random.Random(1))  # jitter
    yield transport
    transport._session.close()
