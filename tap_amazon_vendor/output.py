"""Standard output of the commands of this package."""

from __future__ import annotations

import io
import os
import sys
import typing as t
from contextlib import contextmanager

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def calm_output() -> Iterator[None]:
    """Let neither a character that the output's encoding lacks nor a reader that has gone end in a traceback.

    The first becomes an escape. The second (`| head`) ends the command with exit code 1, as click does where it
    meets it: here is what is still in the buffer at the end.

    Yields:
        To what writes.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            # Or Python tries again when it exits, and complains.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
