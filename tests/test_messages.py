"""Messages that no signal cuts in two."""

from __future__ import annotations

import io
import signal
import sys
import typing as t

import pytest
from singer_sdk.singerlib import StateMessage

from tap_amazon_vendor.singer.writer import MessageWriter

if t.TYPE_CHECKING:
    from collections.abc import Iterator


class SlowPipe(io.RawIOBase):
    """Takes a few bytes at a time; a signal comes in the middle."""

    def __init__(self, *signals: signal.Signals) -> None:
        self.taken = b""
        self._signals = list(signals)

    def writable(self) -> bool:
        return True

    def write(self, data: t.Any) -> int:
        self.taken += bytes(data[:10])
        if self._signals:
            signal.raise_signal(self._signals.pop())
        return min(10, len(data))


@pytest.fixture
def writer() -> Iterator[MessageWriter]:
    """A writer, in a process that ends on SIGTERM as the tap does: with a last state."""
    writer = MessageWriter()

    def end() -> None:
        writer.write_message(StateMessage({"last": True}))
        sys.exit(143)

    before = signal.signal(signal.SIGTERM, lambda *_: writer.when_whole(end))
    yield writer
    signal.signal(signal.SIGTERM, before)


def test_a_signal_in_the_middle_of_a_message_waits_for_its_end(
    writer: MessageWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = SlowPipe(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(pipe)))
        with pytest.raises(SystemExit):
            writer.write_message(StateMessage({"first": "x" * 100}))
    assert [line.count(b"STATE") for line in pipe.taken.splitlines()] == [1, 1]
    assert pipe.taken.endswith(b'{"type":"STATE","value":{"last":true}}\n')


def test_a_signal_between_messages_is_heard_at_once(writer: MessageWriter, capsysbinary: t.Any) -> None:
    writer.write_message(StateMessage({}))
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGTERM)
    assert capsysbinary.readouterr().out.count(b"\n") == 2


def test_a_second_signal_does_not_wait() -> None:
    writer = MessageWriter()
    heard: list[str] = []
    writer._writing = True
    writer.when_whole(lambda: heard.append("first"))
    assert heard == []
    writer.when_whole(lambda: heard.append("second"))
    assert heard == ["second"]
