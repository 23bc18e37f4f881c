"""The tap: its settings, its streams, and what they share in a run."""

from __future__ import annotations

import copy
import io
import json
import logging
import random
import shutil
import sys
import tempfile
import typing as t
import weakref
from collections import defaultdict
from datetime import timezone
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.plugin_base import SingerCommand

from tap_amazon_vendor.accounts import ACCOUNT_TYPES, has_credentials
from tap_amazon_vendor.checks import check_account
from tap_amazon_vendor.clock import SystemClock
from tap_amazon_vendor.connection_test import run_connection_test
from tap_amazon_vendor.display import Display
from tap_amazon_vendor.errors import RunFailedError
from tap_amazon_vendor.output import calm_output
from tap_amazon_vendor.reports.api import ReportsApi
from tap_amazon_vendor.reports.jobs import ReportJobs
from tap_amazon_vendor.reports.outcomes import Outcome
from tap_amazon_vendor.reports.windows import Horizon
from tap_amazon_vendor.secrets import keep_out_of_logs
from tap_amazon_vendor.settings import SCHEMA, check_settings, read_settings, secrets_in
from tap_amazon_vendor.singer import MessageWriter
from tap_amazon_vendor.spapi import SellingPartnerApi
from tap_amazon_vendor.streams import GROUPS, STREAMS
from tap_amazon_vendor.streams.audit import ReportLedger
from tap_amazon_vendor.streams.base import ReportStream
from tap_amazon_vendor.streams.overlap import ProgramOverlap
from tap_amazon_vendor.streams.plan import demands, in_asking_order, plan_reports
from tap_amazon_vendor.streams.sync import sync
from tap_amazon_vendor.throttle import Throttle
from tap_amazon_vendor.transport import Transport
from tap_amazon_vendor.verdict import Reasons, parts_of, repeated, unread_accounts, verdict

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from types import FrameType

    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.streams.core import Stream

    from tap_amazon_vendor.checks import Diagnosis
    from tap_amazon_vendor.clock import Clock
    from tap_amazon_vendor.errors import AmazonError
    from tap_amazon_vendor.reports.jobs import PlannedReport, ReportResult
    from tap_amazon_vendor.reports.ledger import LedgerEntry
    from tap_amazon_vendor.reports.request import ReportPartition
    from tap_amazon_vendor.settings import Settings
    from tap_amazon_vendor.streams.plan import Demand


#: Seconds that a signal waits for the lock of the report jobs.
PATIENCE = 1.0


class JsonFile(click.File):
    """A file given on the command line that must be JSON."""

    def convert(
        self,
        value: t.Any,  # noqa: ANN401  # as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> t.Any:  # noqa: ANN401
        """Read the file and check it."""
        try:
            text = super().convert(value, param, ctx).read()
            check_shape(json.loads(text))
        except ValueError as error:
            self.fail(f"not the JSON that is wanted: {error}", param, ctx)
        return io.StringIO(text)


def check_shape(content: t.Any) -> None:  # noqa: ANN401  # any JSON
    """Refuse a state or catalog that the SDK would trip over.

    Raises:
        ValueError: It is no object, or its bookmarks are not what they should be.
    """
    bookmarks = content.get("bookmarks", {}) if isinstance(content, dict) else None
    if not isinstance(bookmarks, dict):
        msg = "an object with an object `bookmarks` at most"
        raise ValueError(msg)  # noqa: TRY004  # for click it is a matter of the value
    for name, bookmark in bookmarks.items():
        parts = bookmark.get("partitions", []) if isinstance(bookmark, dict) else None
        if not isinstance(parts, list) or not all(
            isinstance(part, dict) and isinstance(part.get("context"), dict) for part in parts
        ):
            msg = f"the bookmark of {name} is damaged"
            raise ValueError(msg)


class TapCommand(SingerCommand):
    """The command line: what a person has to mend is one message, not a traceback."""

    def main(self, *args: t.Any, **kwargs: t.Any) -> t.Any:  # noqa: ANN401
        """Run the command."""
        try:
            with calm_output():
                return super().main(*args, **kwargs)
        except ConfigValidationError as error:
            for problem in error.errors:
                self.logger.error(problem)  # noqa: TRY400
        except SingerSDKError as error:
            # Ours, and the SDK's for stream maps and catalogs.
            self.logger.error(error)  # noqa: TRY400
        sys.exit(1)


class TapAmazonVendor(Tap):
    """Singer tap for Amazon Vendor Central and Seller Central."""

    name = "tap-amazon-vendor"
    # A copy: the SDK adds its own settings to it.
    config_jsonschema: t.ClassVar[dict[str, t.Any]] = copy.deepcopy(SCHEMA)
    message_writer_class = MessageWriter

    def __init__(
        self,
        *args: t.Any,  # noqa: ANN401
        clock: Clock | None = None,
        rng: random.Random | None = None,
        in_background: bool = True,
        **kwargs: t.Any,  # noqa: ANN401
    ) -> None:
        """Check the configuration.

        Args:
            args: The SDK's.
            clock: The time, and how to wait.
            rng: Source of jitter.
            in_background: Ask for reports in threads of their own while rows are written.
            kwargs: The SDK's.
        """
        self.clock = clock or SystemClock()
        self.in_background = in_background
        self._rng = rng or random.Random()  # noqa: S311  # jitter is no secret
        self.entries: list[LedgerEntry] = []
        self._reasons = Reasons()
        if kwargs.get("parse_env_config"):
            _check_environment(type(self))
        super().__init__(*args, **kwargs)
        if self.input_catalog is None:
            # Not by `selected_by_default`: whoever then selects the stream would get none of its columns.
            for stream in self.streams.values():
                stream.selected = not (isinstance(stream, ReportStream) and stream.costly)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command with our way of ending."""
        command = super().get_singer_command()
        for param in command.params:
            if param.name in {"state", "catalog"}:
                param.type = JsonFile()
        return TapCommand(
            name=command.name,
            callback=command.callback,
            context_settings=command.context_settings,
            params=command.params,
            help=command.help,
            logger=cls.logger,
        )

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> _ConfigInput:
        """Read the configuration files."""
        try:
            return super().cb_config(ctx, param, value)
        except OSError as error:
            problem = str(error)
        except (ValueError, TypeError) as error:
            problem = f"not a JSON object: {error}"
        raise click.BadParameter(problem)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings; the SDK's own check would quote the value of a secret."""
        keep_out_of_logs(secrets_in(self._config))
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        errors = check_settings(schema, self._config)
        if not errors and raise_errors:
            _ = self.settings
        if errors and raise_errors:
            message = "Config validation failed"
            raise ConfigValidationError(message, errors=errors, schema=schema)
        for error in errors:
            self.logger.warning(error)
        return errors

    @cached_property
    def now(self) -> datetime:
        """The time at which the run began, UTC."""
        return self.clock().astimezone(timezone.utc)

    @property
    def today(self) -> date:
        """The UTC day on which the run began."""
        return self.now.date()

    @cached_property
    def settings(self) -> Settings:
        """The checked settings."""
        settings = read_settings(self.config, self.today)
        for account in settings.accounts:
            # The configuration may only say where they are.
            keep_out_of_logs((account.client_secret, account.refresh_token))
        return settings

    @cached_property
    def horizon(self) -> Horizon:
        """What the settings and the clock say about time."""
        return Horizon(
            now=self.now,
            start=self.settings.start_date,
            end=self.settings.end_date,
            availability_days=self.settings.availability_days,
            restatement_days=self.settings.restatement_days,
        )

    def discover_streams(self) -> Sequence[Stream]:
        """Return the streams of the types of account that are configured; all where files may be of any account."""
        # Not self.settings: discovery works without a configuration.
        entries = self.config.get("accounts") or [self.config]
        kinds = {entry.get("account_type") or self.config.get("account_type") for entry in entries}
        if self.config.get("inbox") and not all(map(has_credentials, entries)):
            # Whose files they are, nobody said.
            kinds = set(ACCOUNT_TYPES)
        return [
            ReportLedger(self),
            *(stream(self) for stream in STREAMS if stream.kind in kinds),
        ]

    @property
    def streams(self) -> dict[str, Stream]:
        """The streams by name, the ledger first: see `ReportLedger`."""
        streams = super().streams
        return {self.ledger_name: streams[self.ledger_name], **streams}

    @property
    def selected_streams(self) -> list[Stream]:
        """The streams that the user wants."""
        return [stream for stream in self.streams.values() if stream.selected]

    ledger_name = ReportLedger.name

    @property
    def ledger(self) -> ReportLedger:
        """The ledger."""
        return t.cast("ReportLedger", self.streams[self.ledger_name])

    @cached_property
    def spool(self) -> Path:
        """A private folder for documents, which goes with the tap."""
        spool = Path(tempfile.mkdtemp(prefix="tap-amazon-vendor-"))
        weakref.finalize(self, shutil.rmtree, spool, ignore_errors=True)
        return spool

    @cached_property
    def overlap(self) -> ProgramOverlap | None:
        """Compares selling programs, where the user wants several."""
        return ProgramOverlap() if len(self.settings.selling_programs) > 1 else None

    @cached_property
    def transport(self) -> Transport:
        """The one way out."""
        return Transport(sleep=self.clock.sleep, rng=self._rng)

    @cached_property
    def apis(self) -> dict[str, SellingPartnerApi]:
        """The door to Amazon of each account."""
        return {
            account.label: SellingPartnerApi.of(account, self.transport, self.clock, self.clock.sleep)
            for account in self.settings.accounts
        }

    @cached_property
    def display(self) -> Display:
        """Where a person sees how far the run is."""
        return Display(sys.stderr, self.clock)

    @cached_property
    def jobs(self) -> ReportJobs:
        """The report jobs of the run, not yet planned."""
        shared: dict[str, Throttle] = defaultdict(lambda: Throttle(self.clock))
        apis = {
            account.label: ReportsApi(
                self.apis[account.label],
                self.transport,
                self.spool,
                shared=shared[account.client_id],
                may_download=account.may_download,
            )
            for account in self.settings.accounts
        }
        return ReportJobs(
            apis,
            clock=self.clock,
            sleep=self.clock.sleep,
            wait_seconds=self.settings.wait_seconds,
            max_reports=self.settings.max_reports,
            save=self.write_state,
            told=self.display.show,
        )

    @cached_property
    def demands(self) -> list[Demand]:
        """What the selected report streams want and have."""
        return demands([each for each in self.selected_streams if isinstance(each, ReportStream)], self.today)

    @cached_property
    def plan(self) -> dict[ReportPartition, list[PlannedReport]]:
        """What the run asks for; made, and handed to the jobs, when the first stream begins."""
        # Before the streams: in the state the ledger comes first.
        pending, unreadable = self.ledger.pending, self.ledger.unreadable
        testing = self.ledger.ABORT_AT_RECORD_COUNT is not None
        reports = plan_reports(self.demands, self.horizon, pending, first_only=testing)
        self.jobs.plan(in_asking_order(reports), pending, unreadable)
        return reports

    def run_connection_test(self) -> bool:  # type: ignore[misc]  # final, but it knows nothing of permissions
        """Check accounts and permissions, read one row of each stream, and say what came of it."""
        self.logger.info(run_connection_test(self))
        return True

    def diagnose(self, label: str, heard: Mapping[str, AmazonError] = MappingProxyType({})) -> Diagnosis:
        """Find out what keeps the selected streams of an account from being read.

        Args:
            label: The account.
            heard: With what Amazon refused reports in this run, by the name of the stream.
        """
        account = next(each for each in self.settings.accounts if each.label == label)
        selected = {stream.name for stream in self.selected_streams}
        return check_account(account, GROUPS, self.apis[label], self.today, only=selected, heard=heard)

    def nothing_else_of(self, result: ReportResult) -> bool:
        """Say, in a connection test, whether no other combination of a report's options can be had either."""
        same = [
            self.jobs.result(planned.request)
            for partition, reports in self.plan.items()
            if (partition.account, partition.report_type) == (result.asked.account, result.asked.report_type)
            for planned in reports
            if self.jobs.wanted(planned.request)
        ]
        return all(other.outcome.ends_partition for other in same)

    def record(self, entry: LedgerEntry) -> None:
        """Write what became of a window into the ledger, and say it where a person should know."""
        self.entries.append(entry)
        self.ledger.write(entry.row(self.clock()))
        result = entry.result
        if entry.outcome is Outcome.LOADED:
            self.logger.info("%s: %d rows of %s", entry.stream, entry.rows, result.asked)
            return
        words = result.words or "the report has no rows"
        level = logging.INFO
        if entry.outcome.ends_partition:
            first = self._reasons.note(entry)
            if first is not entry:
                words = f"for the same reason as {first.stream}"
            elif entry.outcome is Outcome.SKIPPED:
                level = logging.WARNING
        self.logger.log(level, "%s: %s %s: %s", entry.stream, result.asked, entry.outcome.value, words)

    def write_state(self) -> None:
        """Write the state, with the reports that are asked for by now."""
        self._note_pending()
        self.state_writer.write_state(self.state)

    def _note_pending(self) -> None:
        # Not before there is a plan: what an earlier run left must not be forgotten.
        if "plan" in self.__dict__:
            self.ledger.pending = self.jobs.pending()
            self.ledger.unreadable = self.jobs.unreadable

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End, once what is being written is written."""
        t.cast("MessageWriter", self.message_writer).when_whole(partial(self._end, signum, frame))

    def _end(self, signum: int, frame: FrameType | None) -> None:
        """Write the state, as the SDK does, and end as whoever sent the signal expects: not as a success."""
        # A worker that has the lock may wait for a log line, and the log for us: then what was last saved must do.
        if "plan" in self.__dict__ and self.jobs.changed.acquire(timeout=PATIENCE):
            try:
                self._note_pending()
            finally:
                self.jobs.changed.release()
        try:
            super()._handle_termination(signum, frame)
        except SystemExit:
            sys.exit(128 + signum)

    def sync_all(self) -> None:  # type: ignore[misc]  # final, but there is no hook for a run's end
        """Sync all streams, then fail if something failed.

        Raises:
            RunFailedError: An account could not be read, or windows failed; says which, and what to do about it.
        """
        try:
            sync(self)
        finally:
            self.display.close()
            shutil.rmtree(self.spool, ignore_errors=True)
        if self.overlap and (warning := self.overlap.warning()):
            self.logger.warning(warning)
        unread = unread_accounts([*parts_of(self.selected_streams, self.today)], self.entries)
        for words in repeated(self._reasons, unread):
            self.logger.warning(words)
        if message := verdict(unread, self.entries, lambda each: self.diagnose(each.account, each.heard)):
            raise RunFailedError(message)


def _check_environment(tap: type[TapAmazonVendor]) -> None:
    """Refuse environment variables that can't be parsed, which the SDK answers with a traceback.

    Raises:
        ConfigValidationError: One of them is not what its setting is.
    """
    try:
        _ = tap._env_var_config  # noqa: SLF001  # what the SDK is about to read
    except ValueError as error:
        message = "Config validation failed"
        problem = f"an environment variable TAP_AMAZON_VENDOR_… can't be read: {error}"
        raise ConfigValidationError(message, errors=[problem], schema=SCHEMA) from None
