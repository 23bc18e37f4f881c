"""The progress on a terminal and in a pipeline."""

from __future__ import annotations

import io
import logging
import typing as t

import pytest

from tap_amazon_vendor.engine.model import Service
from tap_amazon_vendor.engine.progress import Progress, ServiceProgress
from tap_amazon_vendor.run.display import Display

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clocks import FakeClock

ERASE = "\r\x1b[K"
HALF = Progress(4, 2, [ServiceProgress(Service("us", "reports"), 0, 2, 0, 30.0)])
LINE = "[==========          ] 2 of 4 reports done, about 30 s left: Amazon works on 2"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Display, Terminal]]:
    """A display on a terminal that does not say how wide it is, to which log lines go as well."""
    stream = Terminal()
    handler = logging.StreamHandler(stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    display = Display(stream, clock)
    yield display, stream
    display.close()


def half() -> Progress:
    return HALF


def test_a_terminal_shows_one_line_that_is_written_over(terminal: tuple[Display, Terminal], clock: FakeClock) -> None:
    display, stream = terminal
    for _ in range(2):
        clock.advance(1)
        display.show(half)
    assert stream.getvalue() == f"{ERASE}{LINE}{ERASE}{LINE}"


def test_a_line_is_never_wider_than_the_terminal(
    terminal: tuple[Display, Terminal], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    display, stream = terminal
    monkeypatch.setattr("tap_amazon_vendor.run.display.COLUMNS", 40)
    clock.advance(1)
    display.show(half)
    assert stream.getvalue() == f"{ERASE}{LINE[:39]}"


def test_a_line_stands_still_for_a_moment_and_costs_nothing_then(
    terminal: tuple[Display, Terminal], clock: FakeClock
) -> None:
    display, stream = terminal
    worked_out: list[int] = []

    def progress() -> Progress:
        worked_out.append(1)
        return HALF

    for _ in range(100):
        clock.advance(0.01)
        display.show(progress)
    assert len(worked_out) == stream.getvalue().count(LINE) <= 2


def test_a_log_line_takes_the_place_of_the_live_line(terminal: tuple[Display, Terminal], clock: FakeClock) -> None:
    display, stream = terminal
    clock.advance(1)
    display.show(half)
    logging.getLogger("tap-amazon-vendor").warning("something")
    clock.advance(1)
    display.show(half)
    assert stream.getvalue() == f"{ERASE}{LINE}{ERASE}something\n{ERASE}{LINE}"


def test_nothing_is_left_on_the_terminal(terminal: tuple[Display, Terminal], clock: FakeClock) -> None:
    display, stream = terminal
    clock.advance(1)
    display.show(half)
    display.close()
    logging.getLogger("tap-amazon-vendor").warning("afterwards")
    assert stream.getvalue() == f"{ERASE}{LINE}{ERASE}afterwards\n"


@pytest.fixture
def lines(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> Callable[[float], list[str]]:
    """Show the progress once a second for a time; return what a pipeline's log has of it."""
    stream = io.StringIO()
    display = Display(stream, clock)

    def watch(seconds: float) -> list[str]:
        with caplog.at_level(logging.INFO):
            for _ in range(int(seconds)):
                clock.advance(1)
                display.show(half)
        assert stream.getvalue() == ""
        return [record.getMessage() for record in caplog.records]

    return watch


def test_a_pipeline_gets_a_log_line_when_the_run_lasts(lines: Callable[[float], list[str]]) -> None:
    assert lines(9) == []
    assert lines(2) == [str(HALF)]


def test_log_lines_grow_rare(lines: Callable[[float], list[str]]) -> None:
    assert 4 <= len(lines(300)) <= 6
    assert len(lines(3300)) <= 20
