"""What the tap says, letter by letter: the catalog and the messages of one run.

`pytest tests/test_golden.py --snapshot-update` writes the files anew; their difference belongs in a review.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from world import STREAMS, World

from tap_amazon_vendor.sandbox import Sandbox, running
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import FakeClock
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
def run(clock: FakeClock, bare_environment: None) -> Iterator[Run]:  # noqa: ARG001
    """Two days of an account with three products: small enough to be read by a person."""
    sandbox = Sandbox(seed=7, clock=clock, asins=3)
    with running(sandbox) as server:
        world = World(sandbox, server, clock)
        yield world.run(world.config(start_date=world.day(5)))


@pytest.mark.parametrize("stream", [*STREAMS, "report_ledger"])
def test_catalog(stream: str, lines: SnapshotAssertion) -> None:
    """No column changes its name, type or description unseen."""
    catalog = TapAmazonVendor(config={}, validate_config=False).catalog_dict
    (entry,) = [entry for entry in catalog["streams"] if entry["tap_stream_id"] == stream]
    assert json.dumps(entry, indent=1, ensure_ascii=False, sort_keys=True) == lines


@pytest.mark.parametrize("stream", [*STREAMS, "report_ledger"])
def test_messages(stream: str, run: Run, lines: SnapshotAssertion) -> None:
    """Schema and records of each stream, without the one time that is the computer's."""
    said = [
        re.sub(r'"time_extracted":"[^"]+"', '"time_extracted":"…"', line.decode())
        for line in run.lines
        if f'"stream":"{stream}"' in line.decode()
    ]
    assert "".join(said) == lines


def test_states(run: Run, lines: SnapshotAssertion) -> None:
    """Every state, in order."""
    assert "".join(line.decode() for line in run.lines if b'"type":"STATE"' in line) == lines
