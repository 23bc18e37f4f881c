"""Writes Singer messages fast.

The SDK writes records one by one: each is searched for deselected columns, mapped, wrapped, encoded and flushed.
Here some hundred records become one byte string and one write, the same bytes that the SDK would write; only if stream
maps, flattening or the selection of nested fields require it do records go through the SDK one by one.

The private names of the SDK that this needs are listed, with their reasons, in docs/sdk.md.
"""

from __future__ import annotations

import sys
import typing as t
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain

from singer_sdk.contrib.msgspec import MsgSpecWriter, encoder
from singer_sdk.helpers._util import utc_now
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import RecordMessage, StateMessage

from tap_amazon_vendor.config.redaction import in_texts
from tap_amazon_vendor.documents.row_blocks import RowBlock, records_of
from tap_amazon_vendor.singer.row_lines import row_lines

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from singer_sdk.helpers._batch import SDKBatchMessage
    from singer_sdk.helpers.types import Record
    from singer_sdk.metrics import Counter
    from singer_sdk.singerlib import Message
    from singer_sdk.streams.core import Stream
    from typing_extensions import Self

    from tap_amazon_vendor.documents.row_blocks import Rows


class MessageWriter(MsgSpecWriter):
    """Writes messages to standard output. Records are flushed some hundred at a time, all else at once.

    A signal waits for the end of the current write: a target that is slower than the tap leaves the pipe full, so that
    a signal usually arrives while a message is half written. No other message can be written then, and targets fail on
    half a message.

    Attributes:
        record_gap: What an empty record is in an encoded RECORD message.
    """

    record_gap: t.ClassVar[bytes] = b'"record":{}'

    def __init__(self) -> None:
        """Start with no write in progress."""
        super().__init__()
        self._writing = self._asked = False
        self._waiting: Callable[[], None] | None = None
        self._redact: Callable[[str], str] = str

    def redact_states(self, redact: Callable[[str], str]) -> None:
        """Redact the texts of states from now on."""
        # From state to state hardly a text changes.
        self._redact = lru_cache(1 << 16)(redact)

    def write_message(self, message: Message) -> None:
        """Write a message."""
        if isinstance(message, StateMessage):
            message = StateMessage(in_texts(message.value, self._redact))
        with self._whole():
            self._put(self.format_message(message))
            if not isinstance(message, RecordMessage):
                self.flush()

    def write_lines(self, lines: bytes) -> None:
        """Write encoded messages, one per line."""
        with self._whole():
            self._put(lines)

    def flush(self) -> None:
        """Flush standard output."""
        with self._whole():
            sys.stdout.flush()

    def beat(self) -> None:
        """Called now and then while the run waits: Singer has no message that says so."""

    def when_whole(self, action: Callable[[], None]) -> None:
        """Run an action as soon as no message is half written; a second request runs at once."""
        if self._writing and not self._asked:
            self._asked = True
            self._waiting = action
        else:
            action()

    def _put(self, lines: bytes | bytearray) -> None:
        sys.stdout.buffer.write(lines)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Guard a write, and run the waiting action after it."""
        if self._writing:
            yield
            return
        self._writing = True
        try:
            yield
        finally:
            self._writing = False
        waiting, self._waiting = self._waiting, None
        if waiting:
            waiting()


class RecordWriter:
    """Writes the records of one stream, at once or by way of a `Stage`.

    Create it just before writing the stream, when selection and stream maps are final.
    As a context manager, it logs the metric ``record_count`` at its end.
    """

    def __init__(self, stream: Stream) -> None:
        """Read the stream's selection and maps."""
        self._stream = stream
        self._tap = stream._tap  # noqa: SLF001  # there is no public way
        self._counter = stream.get_record_counter()
        self._batch_counter: Counter | None = None
        self.tap_name = stream.tap_name
        stream_map, *more = stream.stream_maps
        mask = stream.mask
        deselected = [breadcrumb for breadcrumb, selected in mask.items() if breadcrumb and not selected]
        #: Columns to leave out.
        self._deselected = [breadcrumb[1] for breadcrumb in deselected if len(breadcrumb) == 2]  # noqa: PLR2004
        # The SDK need not process the records.
        self._plain = (
            not more
            and type(stream_map) is SameRecordTransform
            and not stream_map.flattening_enabled
            and all(mask[breadcrumb[:2]] is False for breadcrumb in deselected)
        )
        self._alias = stream_map.stream_alias

    def __enter__(self) -> Self:
        """Start counting."""
        self._counter.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Log the number of records written, and of batches if there are any."""
        self._counter.__exit__(kind, value, traceback)
        if self._batch_counter:
            self._batch_counter.__exit__(kind, value, traceback)

    def announce(self) -> None:
        """Write the SCHEMA message, which must precede all records."""
        self._stream._write_schema_message()  # noqa: SLF001

    def write(self, records: Rows) -> None:
        """Write RECORD messages now.

        Args:
            records: Some records. They may be modified: deselected columns are removed.
        """
        if records:
            for lines in self.lines(records):
                self.write_lines(lines)
            self.written(len(records))

    def lines(self, records: Rows) -> Iterator[bytes]:
        """Encode RECORD messages, one per line, and yield some at a time.

        Args:
            records: At least one record. They may be modified: deselected columns are removed.
        """
        if self._plain:
            yield from self._plain_lines(records)
            return
        messages = chain.from_iterable(map(self._stream._generate_record_messages, records_of(records)))  # noqa: SLF001
        # Copies: the SDK encodes each message into the same buffer.
        yield b"".join(bytes(self._tap.message_writer.format_message(message)) for message in messages)

    def write_lines(self, lines: bytes) -> None:
        """Write encoded messages, of this stream or another one."""
        writer = t.cast("MessageWriter", self._tap.message_writer)
        writer.write_lines(lines)
        writer.flush()

    def write_batch(self, message: SDKBatchMessage) -> None:
        """Write a BATCH message."""
        self._tap.write_message(message)
        if self._batch_counter is None:
            self._batch_counter = self._stream.get_batch_counter().__enter__()
        self._batch_counter.increment()
        self._stream.state_manager.is_flushed = False

    def written(self, count: int) -> None:
        """Count records that are written: state may be written after them."""
        self._counter.increment(count)
        self._stream.state_manager.is_flushed = False

    def mapped(self, rows: Rows) -> Iterator[tuple[str, list[Record]]]:
        """Select and map records. Yield them by the names of their target streams."""
        records = records_of(rows)
        if self._plain:
            self._deselect(records)
            yield self._alias, records
            return
        streams: dict[str, list[Record]] = {}
        for record in records:
            for message in self._stream._generate_record_messages(record):  # noqa: SLF001
                streams.setdefault(message.stream, []).append(message.record)
        yield from streams.items()

    def _plain_lines(self, records: Rows) -> Iterator[bytes]:
        """Encode RECORD messages. What the SDK writes around each record is encoded once."""
        around = RecordMessage(
            stream=self._alias,
            record={},
            version=self._stream._stream_version,  # noqa: SLF001
            time_extracted=utc_now(),
        )
        # Quotes in the name are escaped, so this occurs only once in the line.
        writer = t.cast("MessageWriter", self._tap.message_writer)
        before, gap, after = bytes(writer.format_message(around)).partition(writer.record_gap)
        before += gap.removesuffix(b"{}")
        if isinstance(records, RowBlock):
            yield from row_lines(records, before.decode(), after.decode(), self._deselected)
            return
        self._deselect(records)
        yield b"".join(before + encoder.encode(record) + after for record in records)

    def _deselect(self, records: list[Record]) -> None:
        for name in self._deselected:
            for record in records:
                record.pop(name, None)
