"""Standard output of this package's commands."""

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
    """Avoid tracebacks for characters that the output's encoding lacks and for a closed pipe.

    The former are escaped. The latter (`| head`) ends the command with exit code 1, as click does for its own writes:
    here for what is still buffered at the end.

    Yields:
        None, to the code that writes.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            # Otherwise Python flushes again at exit, and complains.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
