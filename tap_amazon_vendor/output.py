"""What this package's commands write for people to read."""

from __future__ import annotations

import io
import os
import re
import sys
import typing as t
from contextlib import contextmanager

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: Control characters except tab and line feed, line ends that only some programs know, and marks of direction.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def escape_controls(text: str) -> str:
    """Return a text with its control characters escaped; tabs and line feeds stay.

    Those of a text from Amazon or of a file's name could clear a terminal, overwrite a line or reverse its order.
    """
    return _CONTROLS.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


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
