"""Faults of the computer that the tap runs on: a full disk, a wrong clock, a target that dies."""

from __future__ import annotations

import builtins
import io
import os
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

from world import Recorder

from tap_amazon_vendor.run.spool import PREFIX
from tap_amazon_vendor.singer import stage
from tap_amazon_vendor.streams import listed_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

#: A device that is always full.
FULL = "/dev/full"

#: How far the clock is wrong, by the number of times that the fault strikes.
WRONG_BY = {1: timedelta(minutes=10), 3: timedelta(hours=3), None: timedelta(days=1)}

#: At what parts of a whole run the target dies, one run after another; at 0 it can't be reached.
DIES_AT = {1: (0.5,), 3: (0.2, 0.5, 0.8), None: (0.0,)}


@dataclass
class Strikes:
    """How often a fault struck."""

    count: int = 0


@contextmanager
def disk_full(world: World, times: int | None) -> Iterator[Strikes]:  # noqa: ARG001
    """Let the disk be full for files that the run creates in its spool, and keep nothing in memory instead."""
    strikes = Strikes()
    really, temporary = open, tempfile.TemporaryFile

    def is_struck(place: object) -> bool:
        strikes.count += (struck := PREFIX in str(place) and (times is None or strikes.count < times))
        return struck

    def opened(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        if "w" in mode and is_struck(file):
            really(file, mode).close()
            file = FULL
        return really(file, mode, *arguments, **named)

    def made(*arguments: Any, **named: Any) -> Any:
        return really(FULL, "w+b", buffering=0) if is_struck(named.get("dir")) else temporary(*arguments, **named)

    with ExitStack() as patches:
        for owner, name, new in (
            (builtins, "open", opened),
            (io, "open", opened),
            (tempfile, "TemporaryFile", made),
            (stage, "IN_MEMORY", 0),
            (listed_window, "IN_MEMORY", 1),
        ):
            patches.enter_context(mock.patch.object(owner, name, new))
        yield strikes


@contextmanager
def clock_ahead(world: World, times: int | None) -> Iterator[Strikes]:
    """Let the computer's clock be ahead of Amazon's, which is right."""
    with _apart(world, WRONG_BY[times]) as strikes:
        yield strikes


@contextmanager
def clock_behind(world: World, times: int | None) -> Iterator[Strikes]:
    """Let the computer's clock be behind Amazon's, which is right."""
    with _apart(world, -WRONG_BY[times]) as strikes:
        yield strikes


@contextmanager
def _apart(world: World, by: timedelta) -> Iterator[Strikes]:
    world.clock.now += by
    world.sandbox.clock = lambda: world.clock() - by
    yield Strikes(1)
    world.sandbox.clock = world.clock
    world.clock.now -= by


#: By fault, the context manager within which it strikes.
COMPUTER: dict[str, Callable[[World, int | None], Any]] = {
    "disk_full": disk_full,
    "clock_ahead": clock_ahead,
    "clock_behind": clock_behind,
}

#: The dead target lost all since its last state, or only the states of the second half.
TARGET = ("target_dies", "target_keeps_rows")


class DyingTarget(Recorder):
    """Takes some lines; then its end of the pipe is closed."""

    gone = BrokenPipeError

    def kept(self, fault: str) -> list[bytes]:
        """Return the lines whose effect the dead target kept."""
        states = [number for number, line in enumerate(self.lines) if line.startswith(b'{"type":"STATE"')]
        if fault == "target_dies":
            return self.lines[: states[-1] + 1] if states else []
        lost = {*states[(len(states) + 1) // 2 :]}
        return [line for number, line in enumerate(self.lines) if number not in lost]


assert os.path.exists(FULL)  # noqa: PTH110
