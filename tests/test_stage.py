"""The stage: what a window writes is held back until it is known whether it may be written."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from test_writer import ROWS, by_the_sdk, make, without_time

from tap_amazon_vendor.singer import stage as module
from tap_amazon_vendor.singer.stage import Stage
from tap_amazon_vendor.singer.writer import RecordWriter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("in_memory", [0, 1, 400, 1 << 20])
def test_writes_what_was_staged_once_and_in_whole_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int
) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", in_memory)
    stream, writer = make()
    records = RecordWriter(stream)
    with Stage(tmp_path) as stage:
        stage.add(records, copy.deepcopy(ROWS[:3]))
        stage.add(records, [])
        stage.add(records, copy.deepcopy(ROWS[3:]))
        assert writer.written == b""
        for _ in stage.write():
            assert writer.written.endswith(b"}\n")
        assert list(stage.write()) == []
    assert without_time(writer.written) == by_the_sdk(ROWS)
    assert list(tmp_path.iterdir()) == []


def test_drops_what_is_not_written(tmp_path: Path) -> None:
    stream, writer = make()
    records = RecordWriter(stream)
    with Stage(tmp_path) as stage:
        stage.add(records, copy.deepcopy(ROWS))
    assert writer.written == b""
    assert list(tmp_path.iterdir()) == []


def test_nothing_staged_is_nothing_written(tmp_path: Path) -> None:
    with Stage(tmp_path) as stage:
        assert list(stage.write()) == []
