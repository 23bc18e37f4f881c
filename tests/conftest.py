"""What all tests share."""

from __future__ import annotations

import gc
import logging
import os
import random
from collections import Counter
from typing import TYPE_CHECKING
from zlib import crc32

import pytest
from clocks import NOW, FakeClock
from environments import build, copy_source
from hypothesis import settings
from in_process import served
from world import World

from amazon_sandbox import Sandbox
from tap_amazon_vendor.amazon.transport import Transport
from tap_amazon_vendor.config.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# A process holds many large objects for long, and looks through them less often: that saves a fifteenth of the time.
gc.set_threshold(100_000, 50, 100)

# A slow computer is no fault of the tap. `--hypothesis-profile=exhaustive` tries more examples than every day.
settings.register_profile("everyday", deadline=None, max_examples=50)
settings.register_profile("exhaustive", deadline=None, max_examples=500)
settings.load_profile("everyday")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Leave all but the same n-th part of a long series to the exhaustive run, told by the test's name."""
    sample = item.get_closest_marker("sampled")
    if sample and crc32(item.nodeid.encode()) % sample.args[0]:
        item.add_marker(pytest.mark.exhaustive)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: a process takes whole files, and no other may wait for it at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("end_to_end")}
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path not in slow, -tests[item.path]))


@pytest.fixture(autouse=True)
def _no_test_redacts_another_ones_logs() -> Iterator[None]:
    """The handlers of a process outlive a test, and what it taught them."""
    yield
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    handlers = [handler for logger in loggers if isinstance(logger, logging.Logger) for handler in logger.handlers]
    for handler in filter(None, (*handlers, logging.lastResort)):
        handler.filters = [each for each in handler.filters if not isinstance(each, Redactor)]


@pytest.fixture
def clock() -> FakeClock:
    """The noon of a Saturday."""
    return FakeClock(NOW)


@pytest.fixture(scope="session")
def new_clock() -> Callable[[], FakeClock]:
    """Make clocks: for property tests, which need one for each example."""
    return lambda: FakeClock(NOW)


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, in a folder with a space."""
    return copy_source(tmp_path_factory.mktemp("a folder") / "tap-amazon-vendor")


@pytest.fixture(scope="session")
def distributions(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    build(clone, folder, "sdist", "wheel")
    return folder


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Take away what this computer says about proxies, certificates and passwords."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    bundles = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
    for name in (*names, *(name.lower() for name in names), *bundles):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", os.fspath(tmp_path_factory.getbasetemp() / "no-netrc"))


@pytest.fixture
def bare_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An empty current folder, and an environment that says nothing about the tap."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("TAP_AMAZON_VENDOR_")]:
        del os.environ[name]
    monkeypatch.chdir(tmp_path)
    yield
    # Reading a .env file sets variables of the process.
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def asins() -> int:
    """How much each account of the local Amazon has to sell: less where rows do not matter, which saves time."""
    return 12


@pytest.fixture
def world(clock: FakeClock, bare_environment: None, asins: int) -> Iterator[World]:  # noqa: ARG001
    """A local Amazon on the made-up clock."""
    sandbox = Sandbox(seed=7, clock=clock, asins=asins, stall_seconds=0.1)
    sandbox.pause = clock.sleep
    with served(sandbox) as server:
        yield World(sandbox, server, clock)


@pytest.fixture
def transport(clock: FakeClock, bare_environment: None) -> Iterator[Transport]:  # noqa: ARG001
    """A way out that waits on the made-up clock."""
    transport = Transport(clock=clock, sleep=clock.sleep, rng=random.Random(1))  # jitter
    yield transport
    transport._session.close()


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """What is in the system's keyring, which is none of this computer."""
    entries: dict[tuple[str, str], str] = {}
    library = pytest.importorskip("keyring")

    class Memory(library.backend.KeyringBackend):  # type: ignore[misc,name-defined]
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return entries.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            entries[service, username] = password

    monkeypatch.setattr(library.core, "_keyring_backend", Memory())
    return entries
