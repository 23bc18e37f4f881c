"""The audit streams' base, and the ledger: what was requested, and how it ended."""

from __future__ import annotations

import typing as t

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.streams.core import Stream

from tap_amazon_vendor.reports.pending import texts
from tap_amazon_vendor.singer.schema_files import load_schema

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_amazon_vendor.singer.writer import RecordWriter


class AuditStream(Stream):
    """A stream of what a run notes while it reads the others: the SDK announces it, and reads no rows of it.

    Attributes:
        own_keys: Key columns besides those that say what was read, and for which stream.
    """

    own_keys: t.ClassVar[tuple[str, ...]]
    replication_key = "recorded_at"
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: Tap, name: str, schema: dict[str, t.Any]) -> None:
        """Complete the key."""
        super().__init__(tap, name=name, schema=schema)
        whose = ("account", "marketplace_id", "report_options", "report_type", "stream_name")
        self.primary_keys = (*whose, *self.own_keys)

    def get_records(self, context: Context | None) -> Iterable[Record]:  # noqa: ARG002
        """Return nothing: see the class."""
        return ()


class ReportLedger(AuditStream):
    """One row for each window of each report stream.

    Its rows arise while the other streams are read. So it is the first stream to be synced,
    which writes its schema, and its rows are interleaved with those of other streams, each
    right after the last row that it covers. Its state holds the reports that are requested
    but not yet read, because those belong to several streams.

    Attributes:
        writer: What the run writes the rows with, None before it begins and if the ledger is not selected.
    """

    name = "report_ledger"
    own_keys = ("window_start", "window_end")

    def __init__(self, tap: Tap) -> None:
        """Load the schema."""
        super().__init__(tap, self.name, load_schema(self.name))
        self.writer: RecordWriter | None = None

    def write(self, row: Record) -> None:
        """Write one row now, if the ledger is selected."""
        if self.writer:
            self.writer.write([row])

    @property
    def pending(self) -> t.Any:  # noqa: ANN401  # any JSON, as a state may hold anything
        """Reports that are requested but not yet read, for the next run to resume."""
        return self.stream_state.get("pending") or []

    @pending.setter
    def pending(self, reports: list[dict[str, t.Any]]) -> None:
        self.stream_state["pending"] = reports

    @property
    def unreadable(self) -> dict[str, str]:
        """Reports whose documents could not be read: ids, and the days on which that was found."""
        return texts(self.stream_state.get("unreadable"))

    @unreadable.setter
    def unreadable(self, reports: dict[str, str]) -> None:
        if reports or self.unreadable:
            self.stream_state["unreadable"] = reports

    @property
    def shared_quotas(self) -> dict[str, list[str]]:
        """Report types whose quota Amazon counts for all accounts of an application, by its client id."""
        found = self.stream_state.get("shared_quotas")
        known = found.items() if isinstance(found, dict) else ()
        return {client: list(map(str, types)) for client, types in known if isinstance(types, list)}

    @shared_quotas.setter
    def shared_quotas(self, quotas: dict[str, list[str]]) -> None:
        known = {client: types for client, types in quotas.items() if types}
        if known or self.shared_quotas:
            self.stream_state["shared_quotas"] = known
