"""The order in which a run writes: all streams at once, each window when Amazon is done with it."""

from __future__ import annotations

import json
import logging
import typing as t
from collections import Counter

from world import STREAMS, Recorder, partitions

if t.TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from world import Row, World


def written(world: World, **config: t.Any) -> list[Row]:
    return world.run(world.config(**config)).messages


def windows(messages: list[Row]) -> list[tuple[str, str]]:
    """Stream and first day of each window, in the order in which they were finished."""
    return [
        (message["record"]["stream_name"], message["record"]["window_start"][:10])
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == "report_ledger"
    ]


def test_every_streams_newest_window_is_written_before_any_history(world: World) -> None:
    order = windows(written(world, start_date=world.day(90)))
    newest = {stream: max(start for name, start in order if name == stream) for stream in STREAMS}
    oldest_of_the_first = order.index(("vendor_sales", min(start for name, start in order if name == "vendor_sales")))
    for stream, start in newest.items():
        assert order.index((stream, start)) < oldest_of_the_first


def test_schemas_come_before_any_record(world: World) -> None:
    kinds = [message["type"] for message in written(world)]
    last_schema = max(number for number, kind in enumerate(kinds) if kind == "SCHEMA")
    assert last_schema < kinds.index("RECORD")
    assert kinds.count("SCHEMA") == len(STREAMS) + 1


def test_a_state_never_says_more_than_the_rows_before_it(world: World) -> None:
    rows: dict[str, set[tuple[str, str]]] = {name: set() for name in STREAMS}
    states = 0
    for message in written(world, start_date=world.day(60)):
        if message["type"] == "RECORD" and message["stream"] in rows:
            row = message["record"]
            rows[message["stream"]].add((str(row.get("distributor_view")), row["start_date"]))
        elif message["type"] == "STATE":
            states += 1
            for name, days in rows.items():
                for partition in partitions(message["value"], name):
                    if "complete_from" not in partition:
                        continue
                    view = str(partition["context"].get("distributor_view"))
                    there = {day for of, day in days if of == view}
                    # Every day of the seed has rows.
                    assert {partition["complete_from"], partition["replication_key_value"]} <= there
    assert states > len(STREAMS)


def test_a_report_is_announced_in_the_state_before_amazon_hears_of_it(world: World) -> None:
    recorder = Recorder()
    tap = world.tap(world.config(), message_writer=recorder)
    for name, stream in tap.streams.items():
        stream.selected = name in (*STREAMS, "report_ledger")
    create = type(next(iter(tap.run.engine._registry.apis.values()))).create
    announced: list[int] = []

    def heard(api: t.Any, request: t.Any) -> str:
        states = [json.loads(line)["value"] for line in recorder.lines if b'"STATE"' in line]
        pending = states[-1]["bookmarks"]["report_ledger"]["pending"]
        announced.append(request.to_state() in [{key: entry[key] for key in request.to_state()} for entry in pending])
        return str(create(api, request))

    for api in tap.run.engine._registry.apis.values():
        t.cast("t.Any", api).create = heard.__get__(api)
    tap.sync_all()
    assert announced
    assert all(announced)


def test_a_batch_is_written_before_the_state_that_counts_on_it(world: World, tmp_path: Path) -> None:
    batches = {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": f"file://{tmp_path}"}}
    messages = written(world, batch_config=batches)
    there: set[str] = set()
    for message in messages:
        if message["type"] == "BATCH":
            there.add(message["stream"])
        if message["type"] == "STATE":
            for name in STREAMS:
                complete = any("complete_from" in partition for partition in partitions(message["value"], name))
                assert not complete or name in there
    assert there == set(STREAMS)


def test_a_stream_that_nobody_selected_is_not_written(world: World) -> None:
    run = world.run(streams=["vendor_traffic", "report_ledger"])
    assert {message["stream"] for message in run.messages if "stream" in message} == {"vendor_traffic", "report_ledger"}


def test_the_metrics_count_the_records_of_every_stream_and_of_the_ledger(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        run = world.run()
    counted: Counter[str] = Counter()
    for point in (record.__dict__["args"][0] for record in caplog.records if "METRIC" in record.msg):
        assert point.metric == "record_count"
        counted[point.tags["stream"]] += point.value
    written = Counter(message["stream"] for message in run.messages if message["type"] == "RECORD")
    assert counted == written
    assert written["report_ledger"] > len(STREAMS)
