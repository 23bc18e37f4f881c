"""Writes the messages of a run in the Airbyte protocol, at the speed of the Singer path.

Records are encoded as `singer.writer` encodes them, some hundred at once: only what is written around each is another.
"""

from __future__ import annotations

import threading
import typing as t
from collections import Counter, deque
from datetime import timedelta

import msgspec
from singer_sdk.contrib.msgspec import encoder, serialize_jsonl
from singer_sdk.singerlib import RecordMessage, StateMessage

from tap_amazon_vendor.airbyte import messages
from tap_amazon_vendor.airbyte.state import StreamStates
from tap_amazon_vendor.singer.writer import MessageWriter

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from singer_sdk.singerlib import Message

    from tap_amazon_vendor.airbyte.messages import StreamStatus

#: How long the source may be silent. Amazon can be for an hour, and a platform ends a source of which it hears neither
#: records nor state for longer than `maxSecondsBetweenMessages` of metadata.yaml (docs/airbyte.md#heartbeats).
LONGEST_SILENCE = timedelta(minutes=5)

#: How each line of a RECORD message begins.
_RECORD = b'{"type":"RECORD","record":{"stream":'


class AirbyteWriter(MessageWriter):
    """Writes Airbyte messages to a file: translates what the tap writes, and adds the status of each stream.

    Other threads only log: their messages wait until the run's thread writes.
    """

    record_gap = b'"data":{}'

    def __init__(self, file: t.BinaryIO, clock: Callable[[], datetime], streams: Sequence[str] = ()) -> None:
        """Start with nothing written.

        Args:
            file: Standard output.
            clock: Returns the current time, aware.
            streams: Names of the selected streams.
        """
        super().__init__()
        self._file = file
        self._clock = clock
        self._heads = {name: _RECORD + msgspec.json.encode(name) + b"," for name in streams}
        self._states = StreamStates(streams)
        self._running: set[str] = set()
        #: Records of each stream since its last state.
        self._unsaved: Counter[str] = Counter()
        self._logged: deque[bytes] = deque()
        self._last: tuple[str, msgspec.Raw] | None = None
        self._beat_at = clock()

    # What the tap writes.

    def serialize_message(self, message: Message) -> bytearray:
        """Encode a RECORD message; no other Singer message has one that stands for it."""
        if not isinstance(message, RecordMessage):
            return bytearray()
        return serialize_jsonl(messages.record(message.stream, message.record, message.time_extracted or self._clock()))

    def write_message(self, message: Message) -> None:
        """Write a Singer message."""
        if isinstance(message, StateMessage):
            for name, state in self._states.changed(message.value, self._clock()):
                self._write_state(name, state)
        elif isinstance(message, RecordMessage):
            self.write_lines(bytes(self.format_message(message)))

    def write_lines(self, lines: bytes) -> None:
        """Write encoded RECORD messages."""
        counts = self._count(lines)
        self.report(*(name for name in counts if name not in self._running), status="RUNNING")
        self._running.update(counts)
        self._unsaved.update(counts)
        super().write_lines(lines)
        self._beat_at = self._clock()

    def beat(self) -> None:
        """Repeat the latest state where the source has been silent for long: it is what platforms count as a sign."""
        self.write_logs()
        if self._last and self._clock() - self._beat_at >= LONGEST_SILENCE:
            self._write_state(*self._last)

    # What only Airbyte has.

    def write(self, *some: messages.Message) -> None:
        """Write Airbyte messages."""
        super().write_lines(b"".join(encoder.encode(each) + b"\n" for each in some))
        self.flush()

    def report(self, *streams: str, status: StreamStatus) -> None:
        """Write the status of streams."""
        if streams:
            self.write(*(messages.stream_status(name, status, self._clock()) for name in streams))

    def log(self, level: str, text: str) -> None:
        """Write a LOG message; from another thread, as soon as the run's thread writes."""
        self._logged.append(encoder.encode(messages.log(level, text)) + b"\n")
        if threading.current_thread() is threading.main_thread() and not self._writing:
            self.write_logs()

    def write_logs(self) -> None:
        """Write what other threads have logged."""
        if self._logged:
            self.write()

    # Standard output.

    def flush(self) -> None:
        """Flush the file."""
        with self._whole():
            self._file.flush()

    def _put(self, lines: bytes | bytearray) -> None:
        while self._logged:
            self._file.write(self._logged.popleft())
        self._file.write(lines)

    def _write_state(self, name: str, state: msgspec.Raw) -> None:
        self.write(messages.stream_state(name, state, self._unsaved.pop(name, 0)))
        self._last = name, state
        self._beat_at = self._clock()

    def _count(self, lines: bytes) -> dict[str, int]:
        """Count records by stream: most often all are of one."""
        left = lines.count(b"\n")
        counts = {}
        for name in sorted(self._heads, key=lambda each: not lines.startswith(self._heads[each])):
            if not left:
                break
            if found := lines.count(self._heads[name]):
                counts[name] = found
                left -= found
        return counts
