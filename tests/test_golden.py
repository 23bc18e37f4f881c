"""What the tap says, letter by letter: the catalog and the messages of one run.

`pytest tests/test_golden.py --snapshot-update` writes the files anew; their difference belongs in a review.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from in_process import served
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from world import STREAMS, VENDOR_STREAMS, World

from amazon_sandbox import Sandbox
from tap_amazon_vendor.streams import STREAMS as ALL_STREAMS
from tap_amazon_vendor.tap import EVERY_STREAM, TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clocks import FakeClock
    from syrupy.assertion import SnapshotAssertion
    from world import Run


class JsonLines(SingleFileSnapshotExtension):
    """A file of lines of JSON for each snapshot."""

    _write_mode = WriteMode.TEXT
    file_extension = "jsonl"


@pytest.fixture
def lines(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JsonLines)


@pytest.fixture
def world(clock: FakeClock, bare_environment: None) -> Iterator[World]:  # noqa: ARG001
    """An account with three products: small enough to be read by a person."""
    sandbox = Sandbox(seed=7, clock=clock, asins=3, search_terms=3)
    with served(sandbox) as server:
        yield World(sandbox, server, clock)


def one_window(world: World, *names: str) -> Run:
    """Two days, a week, or the hours of today."""
    ago = {"vendor_real_time": 0, "brand_repeat": 12}.get(names[0].rpartition("_")[0], 5)
    config = world.config(start_date=world.day(ago), report_periods=["DAY", "WEEK"])
    return world.run(config, streams=[*names, "report_ledger"])


NAMES = [stream.name for stream in VENDOR_STREAMS]


@pytest.fixture(scope="module")
def entries() -> dict[str, Any]:
    """The catalog by stream."""
    catalog = TapAmazonVendor(config=dict(EVERY_STREAM), validate_config=False).catalog_dict
    return {entry["tap_stream_id"]: entry for entry in catalog["streams"]}


@pytest.mark.parametrize("stream", [*(stream.name for stream in ALL_STREAMS), "report_ledger"])
def test_catalog(stream: str, entries: dict[str, Any], lines: SnapshotAssertion) -> None:
    """No column changes its name, type or description unseen."""
    entry = entries[stream]
    assert json.dumps(entry, indent=1, ensure_ascii=False, sort_keys=True) == lines


@pytest.mark.parametrize("stream", NAMES)
def test_messages(stream: str, world: World, lines: SnapshotAssertion) -> None:
    """Records of each stream and of the ledger, without the one time that is the computer's."""
    said = [
        re.sub(r'"time_extracted":"[^"]+"', '"time_extracted":"…"', line.decode())
        for line in one_window(world, stream).lines
        if b'"type":"RECORD"' in line
    ]
    assert said
    assert "".join(said) == lines


def test_states(world: World, lines: SnapshotAssertion) -> None:
    """Every state, in order."""
    run = one_window(world, *STREAMS)
    assert "".join(line.decode() for line in run.lines if b'"type":"STATE"' in line) == lines
