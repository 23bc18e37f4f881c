"""Messages: what the SDK would write, byte for byte, and what of the SDK that rests on."""

from __future__ import annotations

import copy
import gzip
import hashlib
import inspect
import json
import logging
import re
import tempfile
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer_sdk import Stream, Tap
from singer_sdk.contrib.msgspec import MsgSpecWriter, encoder
from singer_sdk.helpers._batch import BatchConfig, SDKBatchMessage, StorageTarget
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import RecordMessage, StateMessage

from tap_amazon_vendor.singer.stage import BatchStage
from tap_amazon_vendor.singer.writer import MessageWriter, RecordWriter
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Row = dict[str, Any]

CONFIG = {"client_id": "id", "client_secret": "secret", "refresh_token": "token", "marketplaces": ["US"]}
ROWS: list[Row] = [
    {
        "account": "mine",
        "asin": f"B{number}",
        "start_date": "2026-11-16",
        "ordered_units": number,
        "ordered_revenue_amount": Decimal("1.10"),
        "ordered_revenue_currency_code": None,
        "_extra": None,
    }
    for number in range(5)
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="utf-8"))
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.datetimes(timezones=st.just(timezone.utc)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ONLY: Row = {"__key_properties__": ["asin"], "__else__": None}
MAPS: dict[str, Any] = {
    "renamed": {"vendor_sales": {"asin": "asin", "units": "ordered_units", "__alias__": "sales", **ONLY}},
    "filtered": {"vendor_sales": {"__filter__": "ordered_units > 2"}},
    "doubled": {"copied": {"__source__": "vendor_sales", "asin": "asin", **ONLY}},
    "removed": {"vendor_sales": None},
    "hidden": {"vendor_sales": {"ordered_units": None}},
}


class Collector(MessageWriter):
    """Keeps what would go to standard output, and when it was handed over."""

    def __init__(self) -> None:
        self.written = b""
        self.flushed: list[int] = []

    def write_message(self, message: Any) -> None:
        self.written += bytes(self.format_message(message))

    def write_lines(self, lines: bytes) -> None:
        self.written += lines

    def flush(self) -> None:
        self.flushed.append(len(self.written))


def make(selection: Mapping[tuple[str, ...], bool] | None = None, **changes: Any) -> tuple[Stream, Collector]:
    """The stream `vendor_sales` of a tap, with this selection, and what the tap writes to."""
    writer = Collector()
    catalog = None
    if selection is not None:
        catalog = TapAmazonVendor(config=CONFIG).catalog_dict
        (entry,) = (entry for entry in catalog["streams"] if entry["tap_stream_id"] == "vendor_sales")
        entry["metadata"] = [{"breadcrumb": [], "metadata": {"selected": True}}] + [
            {"breadcrumb": list(breadcrumb), "metadata": {"selected": selected}}
            for breadcrumb, selected in selection.items()
        ]
    tap = TapAmazonVendor(config=CONFIG | changes, catalog=catalog, message_writer=writer)
    return tap.streams["vendor_sales"], writer


def without_time(lines: bytes) -> bytes:
    return re.sub(rb'"time_extracted":"[^"]+"', b'"time_extracted":"T"', lines)


def by_the_sdk(rows: list[Row], selection: Mapping[tuple[str, ...], bool] | None = None, **changes: Any) -> bytes:
    """What the SDK writes for the rows."""
    stream, writer = make(selection, **changes)
    for row in copy.deepcopy(rows):
        stream._write_record_message(row)
    return without_time(writer.written)


def by_us(rows: list[Row], selection: Mapping[tuple[str, ...], bool] | None = None, **changes: Any) -> bytes:
    """What we write for the rows."""
    stream, writer = make(selection, **changes)
    RecordWriter(stream).write(copy.deepcopy(rows))
    return without_time(writer.written)


def stage_batches(stream: Stream, chunks: Iterable[list[Row]], config: BatchConfig) -> None:
    """Stage the rows and write them, as files."""
    records = RecordWriter(stream)
    with tempfile.TemporaryDirectory() as spool, BatchStage(Path(spool), records, config) as stage:
        for chunk in chunks:
            stage.add(records, chunk)
        for _ in stage.write():
            pass
        assert list(Path(spool).iterdir()) == []


class TestRecords:
    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(rows=st.lists(st.dictionaries(st.text(st.characters(codec="utf-8")), VALUES, max_size=4), max_size=4))
    def test_they_are_what_the_sdk_writes(self, rows: list[Row]) -> None:
        assert by_us(rows) == by_the_sdk(rows)

    @pytest.mark.parametrize("maps", list(MAPS.values()), ids=list(MAPS))
    def test_stream_maps_are_the_sdks(self, maps: Row) -> None:
        expected = by_the_sdk(ROWS, stream_maps=maps)
        assert by_us(ROWS, stream_maps=maps) == expected
        assert expected != by_us(ROWS)

    @pytest.mark.parametrize(
        "selection",
        [
            {("properties", "ordered_units"): False},
            {("properties", "ordered_units"): False, ("properties", "_extra"): False},
            {("properties", "_extra"): False, ("properties", "_extra", "properties", "a"): False},
            {("properties", "_extra", "properties", "a"): False},
        ],
    )
    def test_deselected_columns_are_left_out_as_the_sdk_does(self, selection: dict[tuple[str, ...], bool]) -> None:
        rows = [*ROWS, {**ROWS[0], "_extra": {"a": 1, "b": 2}}]
        expected = by_the_sdk(rows, selection)
        assert by_us(rows, selection) == expected
        assert expected != by_us(rows)

    def test_flattening_is_the_sdks(self) -> None:
        rows = [{**ROWS[0], "_extra": {"a": {"b": 1}}}]
        changes: Row = {"flattening_enabled": True, "flattening_max_depth": 2}
        assert by_us(rows, **changes) == by_the_sdk(rows, **changes) != by_us(rows)

    def test_the_version_of_a_full_table_is_in_them(self) -> None:
        stream, writer = make()
        stream._stream_version = 7
        RecordWriter(stream).write(copy.deepcopy(ROWS))
        assert [json.loads(line)["version"] for line in writer.written.splitlines()] == [7] * 5

    def test_time_is_in_them(self) -> None:
        stream, writer = make()
        before = datetime.now(timezone.utc)
        RecordWriter(stream).write(copy.deepcopy(ROWS))
        (found,) = {json.loads(line)["time_extracted"] for line in writer.written.splitlines()}
        assert before <= datetime.fromisoformat(found.replace("Z", "+00:00")) <= datetime.now(timezone.utc)

    def test_plain_records_pass_the_sdk_by(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stream, writer = make({("properties", "ordered_units"): False})
        monkeypatch.setattr(stream, "_write_record_message", None)
        RecordWriter(stream).write(copy.deepcopy(ROWS))
        assert writer.written.count(b"\n") == 5

    def test_a_chunk_is_handed_over_at_its_end(self) -> None:
        stream, writer = make()
        records = RecordWriter(stream)
        records.write(copy.deepcopy(ROWS))
        end = len(writer.written)
        records.write(copy.deepcopy(ROWS))
        assert writer.flushed == [end, len(writer.written)]

    def test_no_records_are_nothing(self) -> None:
        stream, writer = make()
        RecordWriter(stream).write([])
        assert writer.written == b""

    def test_state_is_written_after_them(self) -> None:
        stream, _ = make()
        stream.state_manager.is_flushed = True
        RecordWriter(stream).write(copy.deepcopy(ROWS))
        assert not stream.state_manager.is_flushed

    def test_they_are_counted(self, caplog: pytest.LogCaptureFixture) -> None:
        stream, _ = make()
        with caplog.at_level(logging.INFO), RecordWriter(stream) as records:
            records.write(copy.deepcopy(ROWS))
            records.write(copy.deepcopy(ROWS[:2]))
        (point,) = (record.__dict__["args"][0] for record in caplog.records if "METRIC" in record.msg)
        assert (point.metric, point.value, point.tags["stream"]) == ("record_count", 7, "vendor_sales")


class TestMessageWriter:
    def test_it_writes_what_the_sdk_writes(self, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        state = StateMessage(value={"bookmarks": {"a": 1}})
        MsgSpecWriter().write_message(state)
        expected = capsysbinary.readouterr().out
        MessageWriter().write_message(state)
        assert capsysbinary.readouterr().out == expected

    def test_records_wait_and_state_does_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        events: list[str] = []

        class Output:
            def write(self, text: bytes) -> None:
                events.append(json.loads(text)["type"])

            def flush(self) -> None:
                events.append("flush")

        output = Output()
        output.buffer = output  # type: ignore[attr-defined]
        monkeypatch.setattr("sys.stdout", output)
        writer = MessageWriter()
        writer.write_message(RecordMessage(stream="a", record={}))
        writer.write_lines(b'{"type":"LINES"}\n')
        writer.write_message(StateMessage(value={}))
        assert events == ["RECORD", "LINES", "STATE", "flush"]


def batch_config(folder: Path, size: int = 1000, **encoding: Any) -> Row:
    return {
        "encoding": {"format": "jsonl", "compression": "gzip"} | encoding,
        "storage": {"root": folder.as_uri(), "prefix": "x-"},
        "batch_size": size,
    }


class TestBatches:
    def read(self, written: bytes) -> list[tuple[str, list[Row]]]:
        """Stream and records of each BATCH message."""
        batches = []
        for line in written.splitlines():
            message = json.loads(line)
            assert message["type"] == "BATCH"
            (url,) = message["manifest"]
            with open(unquote(urlparse(url).path), "rb") as file:  # noqa: PTH123
                content = file.read()
            if message["encoding"].get("compression") == "gzip":
                content = gzip.decompress(content)
            batches.append((message["stream"], [json.loads(row, parse_float=Decimal) for row in content.splitlines()]))
        return batches

    def write(self, tmp_path: Path, chunks: Any = (), selection: Any = None, **changes: Any) -> list[Any]:
        config = changes.pop("batch_config", batch_config(tmp_path))
        stream, writer = make(selection, batch_config=config, **changes)
        found = stream.get_batch_config(stream.config)
        assert found
        stage_batches(stream, chunks or [copy.deepcopy(ROWS[:3]), copy.deepcopy(ROWS[3:])], found)
        return self.read(writer.written)

    @pytest.mark.parametrize("compression", ["gzip", "none"])
    def test_every_record_is_in_a_file(self, tmp_path: Path, compression: str) -> None:
        config = batch_config(tmp_path, compression=compression)
        assert self.write(tmp_path, batch_config=config) == [("vendor_sales", ROWS)]

    @pytest.mark.parametrize(("size", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (3, [3, 2]), (5, [5]), (9, [5])])
    def test_no_file_is_larger_than_it_may_be(self, tmp_path: Path, size: int, sizes: list[int]) -> None:
        batches = self.write(tmp_path, batch_config=batch_config(tmp_path, size))
        assert [len(rows) for _, rows in batches] == sizes
        assert [row for _, rows in batches for row in rows] == ROWS

    def test_no_records_are_no_file(self, tmp_path: Path) -> None:
        assert self.write(tmp_path, [[]]) == []
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("maps", [{}, *MAPS.values()], ids=["none", *MAPS])
    def test_stream_maps_apply(self, tmp_path: Path, maps: Row) -> None:
        expected: dict[str, list[Row]] = {}
        for line in by_the_sdk(ROWS, stream_maps=maps).splitlines():
            message = json.loads(line, parse_float=Decimal)
            expected.setdefault(message["stream"], []).append(message["record"])
        assert dict(self.write(tmp_path, stream_maps=maps)) == expected

    def test_deselected_columns_are_left_out(self, tmp_path: Path) -> None:
        ((_, rows),) = self.write(tmp_path, selection={("properties", "ordered_units"): False})
        assert rows == [{name: value for name, value in row.items() if name != "ordered_units"} for row in ROWS]

    def test_nothing_of_a_dropped_window_is_stored(self, tmp_path: Path) -> None:
        stream, writer = make()
        (spool := tmp_path / "spool").mkdir()
        (storage := tmp_path / "storage").mkdir()
        found = BatchConfig.from_dict(batch_config(storage, 2))
        records = RecordWriter(stream)
        with BatchStage(spool, records, found) as stage:
            stage.add(records, copy.deepcopy(ROWS))
            assert len(list(spool.iterdir())) == 3
        assert (writer.written, list(storage.iterdir()), list(spool.iterdir())) == (b"", [], [])

    def test_parquet_is_what_it_was(self, tmp_path: Path) -> None:
        parquet = pytest.importorskip("pyarrow.parquet")
        stream, writer = make({("properties", "ordered_units"): False})
        config = BatchConfig.from_dict(batch_config(tmp_path, 3, format="parquet"))
        stage_batches(stream, [copy.deepcopy(ROWS)], config)
        urls = [json.loads(line)["manifest"][0] for line in writer.written.splitlines()]
        rows = [row for url in urls for row in parquet.read_table(unquote(urlparse(url).path)).to_pylist()]
        assert rows == [{name: value for name, value in row.items() if name != "ordered_units"} for row in ROWS]
        assert len(urls) == 2


#: What we call or override, as it is in the SDK that we know. When one differs: read what changed, and then mend this.
PRIVATE: dict[Callable[..., Any], str] = {
    Stream._generate_record_messages: (
        "(self, record: 'types.Record') -> 't.Generator[singer.RecordMessage, None, None]'"
    ),
    Stream._write_record_message: "(self, record: 'types.Record') -> 'None'",
    Stream._increment_stream_state: (
        "(self, latest_record: 'types.Record', *, context: 'types.Context | None' = None) -> 'None'"
    ),
    Stream._write_schema_message: "(self) -> 'None'",
    Stream._write_activate_version_message: "(self, full_table_version: 'int') -> 'None'",
    Stream.sync: "(self, context: 'types.Context | None' = None) -> 'None'",
    Tap.sync_all: "(self) -> 'None'",
    Tap._validate_config: "(self, *, raise_errors: 'bool' = True) -> 'list[str]'",
    Tap._handle_termination: "(self, signum: 'int', frame: 'FrameType | None') -> 'None'",
    MsgSpecWriter.write_message: "(self, message: 'Message') -> 'None'",
    MsgSpecWriter.format_message: "(self, message: 'M') -> '_WT'",
    StorageTarget.open: "(self, filename: 'str', mode: 'str' = 'rb') -> 't.Generator[t.IO, None, None]'",
    SDKBatchMessage.__init__: (
        "(self, stream: 'str', encoding: 'BaseBatchFileEncoding', manifest: 'list[str]' = <factory>, "
        "version: 'int | None' = None) -> None"
    ),
}
#: Bodies that we stand in for: what they do, we do another way.
BODIES: dict[Callable[..., Any], str] = {
    Stream._generate_record_messages: "9b5f9fbcdedb7a1a",
    Stream._write_record_message: "292b7bed39883bd9",
    Stream._sync_records: "8928dc7f50e9bf57",
    Stream._sync_batches: "a42df0f3a08779dc",
    Stream.get_batches: "a30339d2f28a2f9b",
    Stream.sync: "6b4262dcdddf22b4",
    Tap.sync_all: "e4412393757b4cdc",
    SameRecordTransform.transform: "db46d82cacfd5593",
    MsgSpecWriter.write_message: "ede93288e1304d20",
}


class TestSdk:
    @pytest.mark.parametrize("part", PRIVATE, ids=lambda part: part.__qualname__)
    def test_a_private_part_is_as_we_know_it(self, part: Callable[..., Any]) -> None:
        assert str(inspect.signature(part)) == PRIVATE[part]

    @pytest.mark.parametrize("part", BODIES, ids=lambda part: part.__qualname__)
    def test_what_we_do_another_way_is_as_we_know_it(self, part: Callable[..., Any]) -> None:
        assert hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:16] == BODIES[part]

    def test_attributes_are_as_we_know_them(self) -> None:
        stream, writer = make()
        assert stream._tap.message_writer is writer
        assert stream._stream_version is None
        assert stream._initialized_at == stream._tap.initialized_at
        assert type(stream.stream_maps[0]) is SameRecordTransform
        assert stream.mask[("properties", "asin")] is True
        assert TapAmazonVendor._env_var_config == {}

    def test_its_encoder_writes_numbers_as_numbers(self) -> None:
        assert encoder.encode_lines([{"a": Decimal("1.10")}]) == b'{"a":1.10}\n'
