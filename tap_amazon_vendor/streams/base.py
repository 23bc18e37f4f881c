"""The base of streams that read Amazon: a declaration, a schema file, and the state of its partitions."""

from __future__ import annotations

import typing as t

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from singer_sdk.streams.core import Stream

from tap_amazon_vendor.reports.coverage import reachable
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams.columns import ACCOUNT, MARKETPLACE, all_columns
from tap_amazon_vendor.streams.partition_state import PartitionState

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.reports.calendars import Calendar, Horizon
    from tap_amazon_vendor.reports.windows import Window


class Declaration(t.Protocol):
    """What every declaration of a stream says."""

    @property
    def name(self) -> str:
        """Name of the stream."""

    @property
    def account_type(self) -> str:
        """Type of account that has it."""

    @property
    def opt_in(self) -> bool:
        """Whether it is deselected where no catalog selects it."""

    @property
    def roles(self) -> tuple[str, ...]:
        """Amazon's roles of which any one suffices."""

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Columns that identify a row within a partition."""

    @property
    def replication_key(self) -> str:
        """Column that the bookmark is of."""

    @property
    def source(self) -> str:
        """Amazon's name of what is read."""

    def calendar(self, context: Mapping[str, t.Any]) -> Calendar:
        """Return how the time of a partition is cut."""

    def partitions(self, settings: Settings) -> list[dict[str, t.Any]]:
        """Return the contexts that the settings want."""


class AmazonStream(Stream):
    """A stream that the run reads: the SDK asks it for its catalog entry, partitions and state, and never for rows."""

    # Rows are shaped by their schema already; the SDK need not do it once more.
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
        """Load the schema and put the columns that every stream has around it.

        Args:
            tap: The tap, as the SDK wants it.
            declaration: What the stream is.
            settings: Returns the checked settings. Not the settings themselves: discovery works without.
            source: Where the rows come from, for the description.
            options: Columns of the partition's options.
            after: Columns that say where a row comes from.
        """
        own = load_schema(declaration.name)
        self._settings = settings
        self._columns = own["properties"]
        self._warned: set[str] = set()
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
        """The contexts that the settings want."""
        return self.declaration.partitions(self._settings())

    def partition_state(self, context: Context) -> PartitionState:
        """Return what the state says of a partition."""
        return PartitionState(self.get_context_state(context))

    def complete_range(self, context: Context, horizon: Horizon) -> Window | None:
        """Return the unbroken range that earlier runs completed, None for none.

        A user who replicates the stream as FULL_TABLE wants everything again. A range that can't
        be continued, because Amazon no longer has what follows it, is given up.

        Args:
            context: The partition.
            horizon: What the settings and the clock say about time.
        """
        calendar = self.declaration.calendar(context)
        if self.replication_method == REPLICATION_FULL_TABLE or not calendar.unbroken:
            return None
        complete = self.partition_state(context).complete
        if complete is None or reachable(complete, horizon, calendar):
            return complete
        self.warn_once(f"Amazon no longer has what follows {complete}: there will be a gap. Starting anew")
        return None

    def skipped_until(self, context: Context, today: date) -> date | None:
        """Return when a partition is tried again that the account was found to lack, None where that is due."""
        return self.partition_state(context).skipped_until(today)

    def get_records(self, context: Context | None) -> Iterable[Record]:  # noqa: ARG002
        """Return nothing: the run reads the rows, of all streams together (see `run.run`)."""
        return ()

    def warn_once(self, message: str) -> None:
        """Log a warning, unless it was logged before."""
        if message not in self._warned:
            self._warned.add(message)
            self.logger.warning(message)

    def _warn_of_unknown(self, name: str) -> None:
        self.warn_once(f"{self.declaration.source} has a field that this tap does not know: {name}. It goes to _extra")
