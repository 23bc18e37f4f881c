"""A terminal of some width, as the commands see it."""

from __future__ import annotations

import os
import pty
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from tap_amazon_vendor.cli.main import cli

if TYPE_CHECKING:
    import pytest


def screen(arguments: list[str], width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a command on a terminal and return what is on it, without styles and spaces at the ends of lines."""
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read() -> None:
        with suppress(OSError):  # Linux's way to say that the other end is closed
            while more := os.read(ours, 1024):
                shown.extend(more)

    reader = threading.Thread(target=read)
    reader.start()
    with monkeypatch.context() as patch, open(theirs, "w", encoding="utf-8") as terminal:  # noqa: PTH123 - a descriptor
        patch.setattr(sys, "stdout", terminal)
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "xterm")
        with suppress(SystemExit):
            cli.main(arguments)
    reader.join(30)
    os.close(ours)
    lines = click.unstyle(shown.decode()).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines)
