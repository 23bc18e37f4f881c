"""`source-amazon-vendor`: the four commands of an Airbyte source."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
import typing as t
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError

from tap_amazon_vendor.airbyte import messages
from tap_amazon_vendor.airbyte.catalog import Selection, to_airbyte
from tap_amazon_vendor.airbyte.failures import failure_type, message
from tap_amazon_vendor.airbyte.logs import LogMessages
from tap_amazon_vendor.airbyte.spec import specification, to_settings
from tap_amazon_vendor.airbyte.state import to_singer
from tap_amazon_vendor.airbyte.writer import AirbyteWriter
from tap_amazon_vendor.clock import SystemClock
from tap_amazon_vendor.config.redaction import Redactor
from tap_amazon_vendor.config.settings_schema import SCHEMA
from tap_amazon_vendor.errors import RunFailedError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.tap import TapAmazonVendor

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_amazon_vendor.audit.ledger import LedgerEntry
    from tap_amazon_vendor.clock import Clock

Json = dict[str, t.Any]

_FILE = click.Path(dir_okay=False, path_type=Path)
_config = click.option("--config", required=True, type=_FILE, help="The configuration, as `spec` describes it.")


class Source:
    """Carries out the commands on the tap, and writes Airbyte messages."""

    def __init__(self, file: t.BinaryIO, *, clock: Clock | None = None, **options: t.Any) -> None:  # noqa: ANN401
        """Write nothing yet.

        Args:
            file: Standard output.
            clock: Tells the time and waits.
            options: More arguments of `TapAmazonVendor`.
        """
        self._clock = clock or SystemClock()
        self._file = file
        self._options = options
        self.writer = AirbyteWriter(file, self._clock)
        #: Ledger entries of a run, from its beginning on.
        self.entries: Sequence[LedgerEntry] = ()
        #: Takes the secrets that are known so far out of a text.
        self.redact: Callable[[str], str] = Redactor().redact

    def spec(self) -> None:
        """Write the specification."""
        self._answer({"type": "SPEC", "spec": specification()})

    def check(self, config: Json) -> None:
        """Write the result of the tap's connection test."""
        try:
            self._tap(config).run_connection_test()
        except SingerSDKError as error:
            self.refuse(error)
        else:
            self._answer(messages.connection_status(None))

    def refuse(self, error: Exception) -> None:
        """Write that the connection test failed."""
        self._answer(messages.connection_status(message(error)))

    def discover(self, config: Json) -> None:
        """Write the catalog."""
        self._answer({"type": "CATALOG", "catalog": to_airbyte(self._tap(config))})

    def read(self, config: Json, catalog: Json, state: t.Any = None) -> None:  # noqa: ANN401  # any JSON
        """Write the records of the selected streams, and their state.

        Args:
            config: The configuration.
            catalog: The configured catalog.
            state: The state of the streams, if there is one.
        """
        with _as_problem("--catalog"):
            selection = Selection.of(catalog)
            chosen = selection.to_singer(self._tap(config))
        with _as_problem("--state"):
            singer_state = to_singer(state, anew=selection.anew)
        names = list(selection.columns)
        self.writer = AirbyteWriter(self._file, self._clock, names)
        self.writer.report(*names, status="STARTED")
        incomplete = set(names)
        try:
            tap = self._tap(config, catalog=chosen, state=singer_state)
            self.entries = tap.run.recorder.entries
            tap.sync_all()
            incomplete.clear()
        except RunFailedError:
            bad = {Outcome.FAILED, Outcome.SKIPPED}
            incomplete = {entry.stream for entry in self.entries if entry.outcome in bad}
            raise
        finally:
            self.writer.report(*(name for name in names if name not in incomplete), status="COMPLETE")
            self.writer.report(*(name for name in names if name in incomplete), status="INCOMPLETE")

    def log(self, level: str, text: str) -> None:
        """Write a LOG message: see `AirbyteWriter.log`."""
        self.writer.log(level, text)

    def report(self, error: Exception) -> None:
        """Write the TRACE message of the error that a command ended with."""
        failure = failure_type(error, self.entries)
        internal = stack = ""
        if failure == "system_error" and not isinstance(error, RunFailedError):
            internal, stack = map(self.redact, (repr(error), "".join(traceback.format_exception(error))))
        now = self._clock()
        self.writer.write(messages.error(message(error), failure, now, internal=internal, stack=stack))

    def _answer(self, answer: messages.Message) -> None:
        """Write what a command is run for. A client may end the process once it has that, and that is no failure."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.writer.write(answer)

    def _tap(self, config: Json, **options: t.Any) -> TapAmazonVendor:  # noqa: ANN401  # the tap's
        settings = to_settings(config)
        return TapAmazonVendor(
            config=settings, message_writer=self.writer, clock=self._clock, **self._options, **options
        )


@contextmanager
def _as_problem(option: str) -> Iterator[None]:
    """Turn an error in a file into one of the configuration."""
    try:
        yield
    except ValueError as error:
        raise _problem(option, error) from None


def _problem(option: str, error: object) -> ConfigValidationError:
    summary = "Config validation failed"
    return ConfigValidationError(summary, errors=[f"{option}: {error}"], schema=SCHEMA)


def _load(option: str, file: Path) -> t.Any:  # noqa: ANN401  # any JSON
    with _as_problem(option):
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise _problem(option, error) from None


def _load_config(file: Path) -> Json:
    config = _load("--config", file)
    if not isinstance(config, dict):
        problem = _problem("--config", "not a JSON object")
        raise problem
    return config


@contextmanager
def _source() -> Iterator[Source]:
    """Let nothing but messages onto standard output, and end with exit code 1 after an error."""
    file = sys.stdout.buffer
    source = Source(file)
    logs = LogMessages(source.log)
    source.redact = logs.redactor.redact
    try:
        with redirect_stdout(sys.stderr), logs:
            try:
                yield source
            except BrokenPipeError:
                raise
            except Exception as error:  # noqa: BLE001  # any defect becomes a message
                source.report(error)
                sys.exit(1)
            finally:
                source.writer.write_logs()
    except BrokenPipeError:
        # Otherwise Python flushes again at exit, and complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())
        sys.exit(1)


@click.group()
@click.version_option(package_name="tap-amazon-vendor")
def cli() -> None:
    """Airbyte source for Amazon Vendor Central, Seller Central and Amazon Ads."""


@cli.command()
def spec() -> None:
    """Print what the configuration may hold."""
    with _source() as source:
        source.spec()


@cli.command()
@_config
def check(config: Path) -> None:
    """Test the accounts, and read the first rows of each stream."""
    with _source() as source:
        try:
            settings = _load_config(config)
        except ConfigValidationError as error:
            source.refuse(error)
        else:
            source.check(settings)


@cli.command()
@_config
def discover(config: Path) -> None:
    """Print the streams of the configured accounts."""
    with _source() as source:
        source.discover(_load_config(config))


@cli.command()
@_config
@click.option("--catalog", required=True, type=_FILE, help="The configured catalog: the streams to read.")
@click.option("--state", type=_FILE, help="The state of an earlier read: a list of its last STATE of each stream.")
def read(config: Path, catalog: Path, state: Path | None) -> None:
    """Read the selected streams."""
    with _source() as source:
        source.read(
            _load_config(config), _load("--catalog", catalog), None if state is None else _load("--state", state)
        )
