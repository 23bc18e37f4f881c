"""The base of streams that read Amazon: a declaration, a schema file, and the state of its partitions."""

from __future__ import annotations

import typing as t

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from singer_sdk.streams.core import Stream

from tap_amazon_vendor.reports.coverage import Coverage, pieces, reachable
from tap_amazon_vendor.reports.windows import Window, of_one_kind
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams.columns import ACCOUNT, MARKETPLACE, all_columns
from tap_amazon_vendor.streams.partition_state import PartitionState, partition_key

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.reports.calendars import Calendar, Horizon


class Declaration(t.Protocol):
    """What every declaration of a stream provides."""

    @property
    def name(self) -> str:
        """Name of the stream."""

    @property
    def account_type(self) -> str:
        """Account type that has the stream."""

    @property
    def opt_in(self) -> bool:
        """Whether it is deselected unless a catalog selects it."""

    @property
    def roles(self) -> tuple[str, ...]:
        """Amazon's roles, any one of which suffices."""

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Columns that identify a row within a partition."""

    @property
    def replication_key(self) -> str:
        """Column of the bookmark."""

    @property
    def source(self) -> str:
        """Amazon's name of the report or operation."""

    def calendar(self, context: Mapping[str, t.Any]) -> Calendar:
        """Return how a partition's time is split into windows."""

    def partitions(self, settings: Settings) -> list[dict[str, t.Any]]:
        """Return the contexts of the partitions that the settings require."""


class AmazonStream(Stream):
    """A stream that the run reads: the SDK uses its catalog entry, partitions and state, but never reads its rows."""

    #: Whether its rows hold personal data, for which Amazon wants a restricted data token.
    restricted = False
    # Rows already conform to their schema; the SDK need not check them again.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(  # noqa: PLR0913  # each is one fact
        self,
        tap: Tap,
        declaration: Declaration,
        settings: Callable[[], Settings],
        *,
        source: str,
        options: Mapping[str, t.Any] | None = None,
        after: Mapping[str, t.Any] | None = None,
    ) -> None:
        """Load the schema and add the columns that every stream has.

        Args:
            tap: The tap, for the SDK.
            declaration: The stream's declaration.
            settings: Returns the checked settings. Not the settings themselves: discovery works without them.
            source: Source of the rows, for the description.
            options: Columns of the partition's options.
            after: Columns with the source of a row.
        """
        own = load_schema(declaration.name)
        self._settings = settings
        self._columns = own["properties"]
        self._warned: set[str] = set()
        self._states: dict[str, dict[str, t.Any]] = {}
        options = options or {}
        before = {**ACCOUNT, **MARKETPLACE, **options}
        properties = all_columns(before, self._columns, after or {}, declaration.key_columns)
        schema = own | {"description": f"{own['description']} Source: {source}.", "properties": properties}
        super().__init__(tap, schema=schema, name=declaration.name)
        self.declaration = declaration
        self.primary_keys = ("account", "marketplace_id", *options, *declaration.key_columns)
        self.replication_key = declaration.replication_key

    @property
    def partitions(self) -> list[dict[str, t.Any]] | None:
        """The contexts of the partitions that the settings require."""
        return self.declaration.partitions(self._settings())

    def calendar(self, context: Mapping[str, t.Any]) -> Calendar:
        """Return how a partition's time is split into windows."""
        return self.declaration.calendar(context)

    def get_context_state(self, context: Context | None) -> dict[str, t.Any]:
        """Return the bookmark of a partition, and create it if there is none.

        The SDK searches the list of all partitions each time: with thousands, that takes longer than the run.
        """
        if context is None:
            return super().get_context_state(context)
        listed = self.stream_state.setdefault("partitions", [])
        if len(listed) != len(self._states):
            self._states = {partition_key(each["context"]): each for each in listed}
        key = partition_key(context)
        if key not in self._states:
            self._states[key] = {"context": dict(context)}
            listed.append(self._states[key])
        return self._states[key]

    def partition_state(self, context: Context) -> PartitionState:
        """Return the state of a partition."""
        return PartitionState(self.get_context_state(context))

    def complete_range(self, context: Context, horizon: Horizon) -> Window | None:
        """Return the unbroken range that earlier runs completed, None if there is none; see `coverage`."""
        return self.coverage(context, horizon).complete

    def coverage(self, context: Context, horizon: Horizon) -> Coverage:
        """Return what earlier runs read.

        FULL_TABLE replication reads everything again. A range that can't be continued, because
        Amazon no longer has what follows it, is dropped; what was read beyond that takes its place.

        Args:
            context: The partition.
            horizon: The time bounds from settings and clock.
        """
        calendar = self.calendar(context)
        if self.replication_method == REPLICATION_FULL_TABLE or not calendar.unbroken:
            return Coverage.of(None)
        known = self.partition_state(context).coverage
        complete, read, holes, due = known
        if complete and not of_one_kind(complete.start, calendar.oldest(horizon)):
            self.warn_once(f"Ignoring {complete} in the state: it does not fit the periods of the stream")
            return Coverage.of(None)
        if complete is None or read is None or reachable(complete, horizon, calendar):
            return known
        self.warn_once(f"Amazon no longer has the days after {complete}, so there is a gap. Starting over")
        beyond = [piece for piece in pieces(read, holes) if reachable(piece, horizon, calendar)]
        if not beyond:
            return Coverage.of(None)
        read = Window(beyond[0].start, read.end)
        holes, due = (tuple(each for each in some if each.start >= read.start) for some in (holes, due))
        return Coverage(beyond[0], read, holes, due)

    def skipped_until(self, context: Context, today: date) -> date | None:
        """Return when a partition that the account was found to lack is retried; None if it may be read now."""
        return self.partition_state(context).skipped_until(today)

    def had_rows(self, context: Context) -> bool:
        """Return whether the newest window that earlier runs completed had rows."""
        state = self.partition_state(context)
        return state.complete is not None and not state.quiet

    def get_records(self, context: Context | None) -> Iterable[Record]:  # noqa: ARG002
        """Return nothing: the run reads the rows of all streams together (see `run.run`)."""
        return ()

    def warn_once(self, message: str) -> None:
        """Log a warning once."""
        if message not in self._warned:
            self._warned.add(message)
            self.logger.warning(message)

    def _warn_of_unknown(self, name: str) -> None:
        self.warn_once(f"{self.declaration.source} has a field that this tap does not know: {name}. It goes to _extra")
