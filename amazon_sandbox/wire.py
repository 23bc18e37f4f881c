"""What goes wrong below HTTP: connections that break, and answers that never come."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping

# Pause between two pieces of a body that is sent slowly.
DRIP_SECONDS = 2.0


def reset(environ: Mapping[str, Any]) -> ConnectionResetError:
    """Break the connection of a request with a TCP reset.

    Args:
        environ: The WSGI environment; Werkzeug's server puts its socket there.

    Returns:
        The error to raise: Werkzeug takes it as a client that went away, and is quiet.
    """
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is not None:
        # Lingering for zero seconds turns the close into a reset. The descriptor gets
        # a dead end in its place, because Werkzeug still looks at it afterwards.
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        here, there = socket.socketpair()
        with here, there:
            os.dup2(here.fileno(), connection.fileno())
    return ConnectionResetError("a fault of the sandbox")


def reset_within(environ: Mapping[str, Any], chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Send some of a body, then break the connection."""
    yield from chunks
    raise reset(environ)


def drip(pieces: Iterator[bytes], pause: Callable[[float], object]) -> Iterator[bytes]:
    """Send a body piece by piece, with a pause before each: a client that waits for all of it waits for a long time."""
    for piece in pieces:
        pause(DRIP_SECONDS)
        yield piece


def stall(environ: Mapping[str, Any], closing: threading.Event, seconds: float) -> None:
    """Hold an answer back until the client gives up.

    Args:
        environ: The WSGI environment.
        closing: Set when the server stops, which ends the wait too.
        seconds: The longest wait.
    """
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is None:
        return
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not closing.is_set():
        # A client that hangs up makes its end readable.
        if select.select([connection], [], [], 0.05)[0]:
            return
