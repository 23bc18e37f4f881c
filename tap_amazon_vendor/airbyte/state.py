"""The Singer state as the state of Airbyte, which each stream has on its own, and back.

What the ledger keeps belongs to all streams: reports that are requested and not yet read. It must not be lost where the
ledger is not selected, and destinations refuse the state of a stream that is not in their catalog. So it then travels
in the state of the first stream that is selected, under `CARRIED`.
"""

from __future__ import annotations

import typing as t

import msgspec
from singer_sdk.contrib.msgspec import encoder

from tap_amazon_vendor.audit.stream import ReportLedger
from tap_amazon_vendor.command import check_shape

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

State = dict[str, t.Any]

#: Where another stream's state carries the ledger's.
CARRIED = "report_ledger"

#: In what the ledger keeps: when it was saved. The state of a stream that is no longer selected may hold an older one.
SAVED_AT = "saved_at"


def to_singer(messages: t.Any, *, anew: Collection[str]) -> State:  # noqa: ANN401  # any JSON
    """Put the Singer state together.

    Args:
        messages: The state file: a list of STATE messages' contents.
        anew: Streams whose state is dropped because they are read from the start: sync mode `full_refresh`.

    Raises:
        ValueError: It is something else.
    """
    bookmarks: State = {}
    ledgers: list[State] = []
    for name, state in _stream_states(messages or []).items():
        carried = state if name == ReportLedger.name else state.pop(CARRIED, None)
        if isinstance(carried, dict):
            ledgers.append(carried)
        if name not in {ReportLedger.name, *anew}:
            bookmarks[name] = state
    if ledgers:
        newest = max(ledgers, key=lambda each: str(each.get(SAVED_AT, "")))
        bookmarks[ReportLedger.name] = {name: value for name, value in newest.items() if name != SAVED_AT}
    singer = {"bookmarks": bookmarks}
    check_shape(singer)
    return singer


def _stream_states(messages: t.Any) -> dict[str, State]:  # noqa: ANN401  # any JSON
    states: dict[str, State] = {}
    try:
        for message in messages if isinstance(messages, list) else [messages]:
            # Either what a STATE message holds, or the message.
            content = message.get("state", message)
            if content.get("type", "STREAM") != "STREAM":
                msg = f"its type is {content['type']}, not STREAM"
                raise ValueError(msg)
            stream = content["stream"]
            states[stream["stream_descriptor"]["name"]] = dict(stream.get("stream_state") or {})
    except (AttributeError, KeyError, TypeError) as error:
        msg = f"not a list of the states of streams: {error!r}"
        raise ValueError(msg) from None
    return states


class StreamStates:
    """Finds, in each Singer state, the streams whose state has changed."""

    def __init__(self, selected: Sequence[str]) -> None:
        """Know no state yet.

        Args:
            selected: Names of the selected streams.
        """
        self._selected = selected
        self._carrier = ReportLedger.name if ReportLedger.name in selected else next(iter(selected), None)
        self._known: dict[str, bytes] = {}

    def changed(self, state: Mapping[str, t.Any], now: datetime) -> Iterator[tuple[str, msgspec.Raw]]:
        """Yield names and encoded states of the streams whose state differs from what was yielded before.

        Args:
            state: A Singer state.
            now: The current time.
        """
        bookmarks = state.get("bookmarks", {})
        kept = bookmarks.get(ReportLedger.name, {})
        for name in self._selected:
            own = bookmarks.get(name, {})
            # Encoded, because the tap goes on changing its state in place.
            content = encoder.encode([own, kept] if name == self._carrier else own)
            if self._known.get(name, b"{}") == content:
                continue
            self._known[name] = content
            if name == self._carrier:
                dated = {**kept, SAVED_AT: now.isoformat()}
                content = encoder.encode(dated if name == ReportLedger.name else {**own, CARRIED: dated})
            yield name, msgspec.Raw(content)
