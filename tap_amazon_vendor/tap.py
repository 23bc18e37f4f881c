"""The tap: its settings, its streams, and the SDK's hooks into a run."""

from __future__ import annotations

import copy
import random
import sys
import typing as t
from datetime import timezone
from functools import cached_property, partial

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import TapCapabilities

from tap_amazon_vendor.audit.rejects import ReportRejects
from tap_amazon_vendor.audit.stream import ReportLedger
from tap_amazon_vendor.clock import SystemClock
from tap_amazon_vendor.command import check_environment, with_checked_files
from tap_amazon_vendor.config.accounts import ACCOUNT_TYPES, has_credentials, own_entries
from tap_amazon_vendor.config.ads_accounts import ADS, has_ads
from tap_amazon_vendor.config.exposure import exposures
from tap_amazon_vendor.config.redaction import keep_out_of_logs
from tap_amazon_vendor.config.settings import check_settings, read_settings, secrets_in
from tap_amazon_vendor.config.settings_schema import SCHEMA
from tap_amazon_vendor.run.connection_test import run_connection_test
from tap_amazon_vendor.run.run import Run
from tap_amazon_vendor.singer.writer import MessageWriter
from tap_amazon_vendor.streams import STREAMS
from tap_amazon_vendor.streams.ads_rows import ADVERTISER, AdsRows
from tap_amazon_vendor.streams.ads_stream import AdsStream
from tap_amazon_vendor.streams.base import AmazonStream
from tap_amazon_vendor.streams.paged_stream import PagedStream
from tap_amazon_vendor.streams.query_rows import QueryRows
from tap_amazon_vendor.streams.query_stream import QueryStream
from tap_amazon_vendor.streams.report_rows import ReportRows
from tap_amazon_vendor.streams.report_stream import ReportStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.streams.core import Stream

    from tap_amazon_vendor.clock import Clock
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.streams import AnyRows


#: A configuration whose tap has all streams, though it can't read them: for pages and definitions that list them.
EVERY_STREAM: dict[str, t.Any] = {
    "accounts": [{"account_type": account_type, "client_id": "none"} for account_type in ACCOUNT_TYPES],
    ADS: {"region": "na"},
}


class TapAmazonVendor(Tap):
    """Singer tap for Amazon Vendor Central, Seller Central and Amazon Ads."""

    name = "tap-amazon-vendor"
    # A copy: the SDK adds its own settings to it.
    config_jsonschema: t.ClassVar[dict[str, t.Any]] = copy.deepcopy(SCHEMA)
    message_writer_class = MessageWriter
    #: The SDK leaves out `--test`, which every tap of its has.
    capabilities: t.ClassVar[list[CapabilitiesEnum]] = [*Tap.capabilities, TapCapabilities.TEST]

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
            clock: Tells the time and waits.
            rng: Source of jitter.
            in_background: Make calls to Amazon in worker threads while rows are written.
            kwargs: The SDK's.
        """
        self._clock = clock or SystemClock()
        self._rng = rng or random.Random()  # noqa: S311  # jitter is no secret
        self._in_background = in_background
        if kwargs.get("parse_env_config"):
            check_environment(type(self))
        super().__init__(*args, **kwargs)
        if self.input_catalog is None:
            # Not with `selected_by_default`: users who then select the stream would get none of its columns.
            for stream in self.streams.values():
                stream.selected = not (
                    (isinstance(stream, AmazonStream) and stream.declaration.opt_in)
                    or (isinstance(stream, ReportRejects) and stream.restricted)
                )

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command with our error handling."""
        return with_checked_files(super().get_singer_command(), cls.logger)

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
    def settings(self) -> Settings:
        """The checked settings."""
        settings = read_settings(self.config, self._clock().astimezone(timezone.utc).date())
        # The configuration may hold only references to them.
        keep_out_of_logs(settings.secrets)
        return settings

    def setup_mapper(self) -> None:
        """Make the SDK's stream maps, once the streams have applied their catalog."""
        try:
            _ = self.streams
        except ConfigValidationError:
            # Whoever needs the streams hears of it.
            self._streams = None
        super().setup_mapper()

    def discover_streams(self) -> Sequence[Stream]:
        """Return the streams of the configured account types; all if inbox files may be of any account."""
        # Not self.settings: discovery works without a configuration.
        entries = own_entries(self.config) or [self.config]
        advertises = has_ads(self.config)
        types = {
            str(entry.get("account_type") or self.config.get("account_type"))
            for entry in entries
            # Advertising alone has no streams of vendors and sellers.
            if has_credentials(entry) or not advertises
        }
        if self.config.get("inbox") and not all(map(has_credentials, entries)):
            # The files may be of any account type.
            types = set(ACCOUNT_TYPES)
        if advertises:
            types.add(ADVERTISER)
        return [
            ReportLedger(self),
            *(ReportRejects(self, restricted=restricted) for restricted in (False, True)),
            *(self._stream(each) for each in STREAMS if each.account_type in types),
        ]

    def _stream(self, declaration: AnyRows) -> Stream:
        if isinstance(declaration, ReportRows):
            return ReportStream(self, declaration, self._read_settings)
        if isinstance(declaration, AdsRows):
            return AdsStream(self, declaration, self._read_settings)
        if isinstance(declaration, QueryRows):
            return QueryStream(self, declaration, self._read_settings)
        return PagedStream(self, declaration, self._read_settings)

    def _read_settings(self) -> Settings:
        return self.settings

    @property
    def streams(self) -> dict[str, Stream]:
        """The streams by name, the ledger first: see `ReportLedger`."""
        streams = super().streams
        return {ReportLedger.name: streams[ReportLedger.name], **streams}

    @cached_property
    def run(self) -> Run:
        """The run of this tap."""
        return self._make_run()

    def _make_run(self, *, testing: bool = False) -> Run:
        streams = self.streams
        run = Run(
            self.settings,
            list(streams.values()),
            t.cast("ReportLedger", streams[ReportLedger.name]),
            clock=self._clock,
            rng=self._rng,
            write_state=lambda: self.state_writer.write_state(self.state),
            beat=t.cast("MessageWriter", self.message_writer).beat,
            in_background=self._in_background,
            testing=testing,
        )
        t.cast("MessageWriter", self.message_writer).redact_states(run.redactor.redact)
        return run

    def sync_all(self) -> None:  # type: ignore[misc]  # final, but there is no hook for a run's end
        """Write the messages of all selected streams.

        Raises:
            RunFailedError: An account could not be read, or windows failed.
        """
        for message in exposures(self.settings.inbox):
            self.logger.warning(message)
        self.run.sync()

    def run_connection_test(self) -> bool:  # type: ignore[misc]  # final, but it knows nothing of permissions
        """Check accounts and permissions, read the first rows of each stream, and log the result."""
        self.logger.info(run_connection_test(self._make_run(testing=True)))
        return True

    def run_sync_dry_run(  # type: ignore[misc]  # final, but it asks streams for rows one after the other
        self,
        dry_run_record_limit: int | None = 1,  # noqa: ARG002  # a window is the least that is written
        streams: Iterable[Stream] | None = None,
    ) -> bool:
        """Run the given streams, or all if none are given: for the SDK's test suites."""
        chosen = {stream.name for stream in streams or self.streams.values()}
        for stream in self.streams.values():
            stream.selected = stream.name in chosen
        self.run.sync()
        return True

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End as soon as the current write is complete."""
        t.cast("MessageWriter", self.message_writer).when_whole(partial(self._end, signum, frame))

    def _end(self, signum: int, frame: FrameType | None) -> None:
        """Write the state, as the SDK does, and exit with the signal's exit code instead of 0."""
        self.run.note_pending_in_signal()
        try:
            super()._handle_termination(signum, frame)
        except SystemExit:
            sys.exit(128 + signum)
