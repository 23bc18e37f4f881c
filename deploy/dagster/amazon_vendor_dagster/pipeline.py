"""The tap into the target, as two processes: what passes between them, what they log, how they end."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

#: How the tap begins a row of its ledger. Only those are decoded here: a target gets millions of rows.
LEDGER_ROW = (b'"RECORD"', b'"report_ledger"')
BEGINNING = 80

#: How the SDK marks errors in its log, and figures for machines.
ERROR = "| ERROR "
METRIC = "METRIC: {"

#: Characters that are kept of what a process logs.
MOST_WORDS = 2000

#: Seconds in which a process that is told to end should.
GRACE = 30

#: The columns that tell the ledger's rows apart.
LEDGER_KEY = (
    *("account", "marketplace_id", "report_options", "report_type", "stream_name", "window_start", "window_end"),
)

Row = Mapping[str, Any]


class PipelineError(Exception):
    """The tap or the target could not be run, or ended before its time: says what it logged last."""


@dataclass
class Passed:
    """What a run of the tap brought.

    Attributes:
        ledger: Its ledger, the last row of each window.
        exit_code: The tap's.
        last_words: What it logged last.
    """

    ledger: dict[tuple[Any, ...], Row] = field(default_factory=dict)
    exit_code: int = 0
    last_words: str = ""


@dataclass(frozen=True)
class Pipeline:
    """A tap and a target.

    Attributes:
        tap: The tap's command.
        target: The target's command, with its configuration.
        log: Called with each line that either logs.
    """

    tap: Sequence[str]
    target: Sequence[str]
    log: Callable[[str], None]

    def run(
        self,
        config: Mapping[str, Any],
        streams: Collection[str],
        state: Mapping[str, Any],
        keep: Callable[[dict[str, Any]], None],
        locks: Collection[int] = (),
    ) -> Passed:
        """Read some streams into the target.

        Args:
            config: The tap's configuration.
            streams: What to read; `report_ledger` always is.
            state: The Singer state.
            keep: Called with each state that the target has confirmed, in another thread.
            locks: Descriptors that both processes inherit.

        Raises:
            PipelineError: A process could not be started, or the target failed.
        """
        with tempfile.TemporaryDirectory(prefix="amazon-vendor-") as name:
            folder = Path(name)
            # Only this user may read it: the folder is private.
            base = [*self.tap, "--config", _file(folder / "config.json", config)]
            catalog = _selected(self._discovered(base), streams)
            command = [*base, "--catalog", _file(folder / "catalog.json", catalog)]
            if state:
                command += ["--state", _file(folder / "state.json", state)]
            return self._connected(command, keep, locks)

    def _discovered(self, base: Sequence[str]) -> dict[str, Any]:
        try:
            done = subprocess.run([*base, "--discover"], check=False, capture_output=True, text=True)
        except OSError as error:
            message = f"The tap can't be started: {error}"
            raise PipelineError(message) from None
        if done.returncode:
            message = f"The tap does not accept its configuration: {done.stderr.strip()[-MOST_WORDS:]}"
            raise PipelineError(message)
        catalog: dict[str, Any] = json.loads(done.stdout)
        return catalog

    def _connected(
        self, command: Sequence[str], keep: Callable[[dict[str, Any]], None], locks: Collection[int]
    ) -> Passed:
        passed = Passed()
        with self._started(self.target, locks, stdin=subprocess.PIPE) as target:
            with self._started(command, locks) as tap:
                said = [_Lines(tap.stderr, self.log), _Lines(target.stderr, self.log)]
                states = _Lines(target.stdout, lambda line: keep(json.loads(line)))
                try:
                    for line in tap.stdout:
                        _note(line, passed)
                        target.stdin.write(line)
                        target.stdin.flush()
                    target.stdin.close()
                except BrokenPipeError:
                    # The target has ended. So does the tap, once it finds nobody to write to.
                    tap.stdout.close()
                    with suppress(BrokenPipeError):
                        target.stdin.close()
                passed.exit_code = tap.wait()
                # Read the log to its end before it is closed: its last lines say how the tap ended.
                said[0].join()
            ended = target.wait()
            for each in (*said, states):
                each.join()
        passed.last_words = said[0].last
        if ended:
            message = f"The target ended with exit code {ended}: {said[1].last}"
            raise PipelineError(message)
        if states.error:
            message = f"A state could not be kept: {states.error}"
            raise PipelineError(message) from states.error
        return passed

    @contextmanager
    def _started(
        self, command: Sequence[str], locks: Collection[int], stdin: int = subprocess.DEVNULL
    ) -> Iterator[Any]:
        """Start a process, which ends with the block."""
        try:
            started = subprocess.Popen(
                command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=tuple(locks)
            )
        except OSError as error:
            message = f"{command[0]} can't be started: {error}"
            raise PipelineError(message) from None
        with started as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    # The tap then writes its state and ends; what it asked for is in the state, or listed by Amazon.
                    process.terminate()
                    try:
                        process.wait(GRACE)
                    except subprocess.TimeoutExpired:
                        process.kill()


class _Lines(threading.Thread):
    """Passes the lines of a process on as they come."""

    def __init__(self, file: IO[bytes], use: Callable[[str], None]) -> None:
        super().__init__(daemon=True)
        self.last = ""
        self.error: Exception | None = None
        self._file, self._use = file, use
        self.start()

    def run(self) -> None:
        for raw in self._file:
            line = raw.decode(errors="replace").rstrip()
            # An error may have several lines, as the verdict on a run: its beginning counts, of anything else the end.
            if ERROR in line:
                self.last = line[:MOST_WORDS]
            elif METRIC not in line:
                words = f"{self.last}\n{line}".strip()
                self.last = words[:MOST_WORDS] if ERROR in self.last else words[-MOST_WORDS:]
            try:
                if line and self.error is None:
                    self._use(line)
            except Exception as error:  # noqa: BLE001  # read on: or the process would wait for us for ever
                self.error = error


def _note(line: bytes, passed: Passed) -> None:
    """Keep a row of the ledger."""
    if all(word in line[:BEGINNING] for word in LEDGER_ROW):
        row = json.loads(line)["record"]
        passed.ledger[tuple(row[name] for name in LEDGER_KEY)] = row


def _file(path: Path, content: Mapping[str, Any]) -> str:
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def _selected(catalog: dict[str, Any], streams: Collection[str]) -> dict[str, Any]:
    """Return a catalog that has some streams of another one, as far as they are not only read on request."""
    wanted = {*streams, "report_ledger", "report_rejects"}
    return {**catalog, "streams": [each for each in catalog["streams"] if each["tap_stream_id"] in wanted]}
