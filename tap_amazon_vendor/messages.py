"""Singer messages on standard output, each of them whole."""

from __future__ import annotations

import typing as t

from singer_sdk.contrib.msgspec import MsgSpecWriter

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sdk.singerlib import Message


class WholeMessages(MsgSpecWriter):
    """Lets a signal wait for the end of a message.

    A target that is slower than the tap leaves the pipe full, so that a signal mostly comes while a message is being
    written: another one can't be written then, and half a message is one that the target chokes on.
    """

    def __init__(self) -> None:
        """Start between two messages."""
        super().__init__()
        self._writing = self._asked = False
        self._waiting: Callable[[], None] | None = None

    def write_message(self, message: Message) -> None:
        """Write a message, then do what waits for that."""
        self._writing = True
        try:
            super().write_message(message)
        finally:
            self._writing = False
        waiting, self._waiting = self._waiting, None
        if waiting:
            waiting()

    def when_whole(self, action: Callable[[], None]) -> None:
        """Do something as soon as no message is half written; whoever asks a second time does not wait."""
        if self._writing and not self._asked:
            self._asked = True
            self._waiting = action
        else:
            action()
