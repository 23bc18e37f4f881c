"""The base of report streams: from a partition's windows to rows, state and ledger.

The SDK counts a bookmark up record by record. Here a bookmark moves when a window is complete, and
the complete range also grows backwards (DESIGN: state), so this class keeps its own partition
state: ``complete_from`` and ``replication_key_value`` are the first and the last complete day.
"""

from __future__ import annotations

import itertools
import json
import logging
import typing as t
from dataclasses import replace
from datetime import date, timedelta
from importlib import resources

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from singer_sdk.streams.core import Stream

from tap_amazon_vendor.errors import AmazonError, DocumentError
from tap_amazon_vendor.reports.documents import read_rows
from tap_amazon_vendor.reports.jobs import ReportResult
from tap_amazon_vendor.reports.ledger import LedgerEntry
from tap_amazon_vendor.reports.outcomes import Outcome
from tap_amazon_vendor.reports.request import ReportPartition
from tap_amazon_vendor.reports.rows import EXTRA, RowShaper
from tap_amazon_vendor.reports.windows import (
    PERIODS,
    Calendar,
    Window,
    from_text,
    reachable,
    to_text,
    touches,
)
from tap_amazon_vendor.streams.options import REPORT_PERIOD
from tap_amazon_vendor.streams.windows import PartitionWindows

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.helpers.types import Context, Record

    from tap_amazon_vendor.reports.request import ReportRequest
    from tap_amazon_vendor.streams.options import Option
    from tap_amazon_vendor.tap import TapAmazonVendor

#: Rows that are written in one go, where the user does not want batches.
CHUNK = 1000

#: Days after which a partition that the account lacked is tried again.
SKIPPED_DAYS = 7


def _not_reached(request: ReportRequest) -> ReportResult:
    """What became of a window that would leave a hole, because another before it is not complete."""
    return ReportResult(Outcome.LATER, request, "a window between this one and the complete range is missing")


def load_schema(name: str) -> dict[str, t.Any]:
    """Load the schema file of a stream.

    Args:
        name: Name of the stream and of the file.

    Returns:
        Its JSON Schema.
    """
    file = resources.files("tap_amazon_vendor.schemas") / f"{name}.json"
    return {"type": "object", **json.loads(file.read_text(encoding="utf-8"))}


class ReportStream(Stream):
    """One array of rows of one report type.

    A subclass is a declaration: `name`, the attributes below, and a schema file of its name.

    Attributes:
        report_type: Amazon's report type.
        array: The array of the document that holds the rows; of an array within, the path with dots.
        inherits: Fields that a row of an inner array takes from the elements around it.
        leaves_out: Inner arrays, which have streams of their own.
        from_specification: Columns that rows do not say, and the field of the document's specification that does.
        options: Report options that make partitions.
        row_keys: Columns that identify a row within a partition.
        calendars: How time is cut, by ``reportPeriod``, or just one calendar.
        compares_programs: Its rows show whether RETAIL contains the other programs.
        costly: Too large to be read by whoever did not ask for it: deselected where no catalog selects it.
        kind: Type of account that has the report.
    """

    name: str = ""
    report_type: t.ClassVar[str]
    array: t.ClassVar[str]
    inherits: t.ClassVar[tuple[str, ...]] = ()
    leaves_out: t.ClassVar[tuple[str, ...]] = ()
    from_specification: t.ClassVar[Mapping[str, str]] = {}
    options: t.ClassVar[tuple[Option, ...]] = ()
    row_keys: t.ClassVar[tuple[str, ...]]
    calendars: t.ClassVar[Mapping[str, Calendar] | Calendar] = PERIODS
    compares_programs: t.ClassVar[bool] = False
    costly: t.ClassVar[bool] = False
    kind: t.ClassVar[str] = "vendor"

    replication_key = "end_date"

    # Rows are shaped by their schema already; the SDK need not do it once more.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: TapAmazonVendor) -> None:
        """Load the schema and put the columns that every report has around it."""
        self.tap = tap
        own = load_schema(self.name)
        self._properties = own["properties"]
        self._shaper = RowShaper(self._properties, self.row_keys, self._warn_of_unknown, self.leaves_out)
        self._warned: set[str] = set()
        described = f"{own['description']} Source: {self.report_type}, {self.array}."
        properties = self._common() | own["properties"]
        super().__init__(tap, schema=own | {"description": described, "properties": properties})
        self.primary_keys = (
            "account",
            "marketplace_id",
            *(option.column for option in self.options),
            *self.row_keys,
        )

    def _common(self) -> dict[str, t.Any]:
        return {
            "account": {"type": "string", "description": "Your label of the account."},
            "marketplace_id": {
                "type": "string",
                "description": "Amazon's id of the marketplace.",
            },
            **{option.column: {"type": "string", "description": option.description} for option in self.options},
            "report_id": {
                "type": ["string", "null"],
                "description": f"Amazon's id of the {self.report_type} that the row comes from.",
            },
            EXTRA: {
                "type": ["object", "null"],
                "additionalProperties": True,
                "description": "Fields that Amazon sent and this schema does not know, by their names in the report.",
            },
        }

    @property
    def partitions(self) -> list[dict[str, t.Any]] | None:
        """One partition for each account, marketplace and combination of options."""
        settings = self.tap.settings
        choices = [
            [(option.column, value) for value in getattr(settings, option.setting)
             if value in option.values]
            for option in self.options
        ]  # fmt: skip
        return [
            {
                "account": account.label,
                "marketplace_id": marketplace.marketplace_id,
                **dict(combination),
            }
            for account in settings.accounts
            if account.kind == self.kind
            for marketplace in account.marketplaces
            for combination in itertools.product(*choices)
        ]

    def report_partition(self, context: Mapping[str, t.Any]) -> ReportPartition:
        """Return what the reports of a partition have in common."""
        options = {option.name: context[option.column] for option in self.options}
        return ReportPartition(
            context["account"],
            self.report_type,
            context["marketplace_id"],
            tuple(sorted(options.items())),
        )

    def calendar(self, context: Mapping[str, t.Any]) -> Calendar:
        """Return how the time of a partition's reports is cut."""
        if isinstance(self.calendars, Calendar):
            return self.calendars
        return self.calendars[context[REPORT_PERIOD.column]]

    def complete_range(self, context: Mapping[str, t.Any]) -> Window | None:
        """Return the unbroken range of days that earlier runs completed, None for none.

        A user who replicates the stream as FULL_TABLE wants everything again. A range that can't
        be continued, because Amazon no longer has what follows it, is given up.
        """
        calendar = self.calendar(context)
        if self.replication_method == REPLICATION_FULL_TABLE or not calendar.unbroken:
            return None
        state = self.get_context_state(context)
        try:
            complete = Window(from_text(state["complete_from"]), from_text(state["replication_key_value"]))
            if complete.start > complete.end:
                return None
        except (KeyError, TypeError, ValueError):
            return None
        if reachable(complete, self.tap.horizon, calendar):
            return complete
        self._warn_once(f"Amazon no longer has what follows {complete}: there will be a gap. Starting anew")
        return None

    def skipped(self, context: Mapping[str, t.Any], today: date) -> bool:
        """Say whether a run of the last days found that the account lacks a partition."""
        try:
            since = date.fromisoformat(self.get_context_state(context)["skipped_on"])
        except (KeyError, TypeError, ValueError):
            return False
        return today - timedelta(days=SKIPPED_DAYS) < since <= today

    def windows(self, context: Context) -> PartitionWindows:
        """Return what this run wants of a partition."""
        planned = self.tap.plan.get(self.report_partition(context), [])
        requests = [report.request for report in planned if self.name in report.readers]
        return PartitionWindows(self.complete_range(context), requests)

    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Read a partition window by window, waiting for each: for the SDK's own sync, which a connection test uses.

        Args:
            context: The partition.

        Yields:
            Rows.

        Raises:
            AmazonError: In a connection test, whatever keeps the first window from being read.
        """
        if context is None:
            return
        windows = self.windows(context)
        while windows.left:
            request = windows.left[0]
            result = self.tap.jobs.result(request)
            for chunk in self.read(context, windows, request):
                yield from chunk
            if (
                result.outcome.ends_partition
                and self.ABORT_AT_RECORD_COUNT is not None
                and (self.tap.nothing_else_of(result))
            ):
                raise AmazonError(result.words)

    def read(self, context: Context, windows: PartitionWindows, request: ReportRequest) -> Iterator[list[Record]]:
        """Read a window whose report is finished, and complete it after its last row.

        Args:
            context: The partition.
            windows: Its windows.
            request: One of them that is ready.

        Yields:
            Rows, in chunks. Each must be written before the next is asked for.
        """
        result = self.tap.jobs.result(request)
        if result.halves:
            # Amazon finds the window too wide.
            self.tap.jobs.replan(request, result.halves)
            windows.replace(request, result.halves)
            self.tap.jobs.release(request, self.name, read=True)
            return
        rows = 0
        overlap = self.tap.overlap if self.compares_programs else None
        try:
            if result.document:
                for chunk in self._chunks(context, result):
                    rows += len(chunk)
                    if overlap:
                        overlap.see(chunk)
                    yield chunk
        except DocumentError as error:
            result = replace(result, outcome=Outcome.FAILED, reason=str(error))
            self.tap.jobs.shun(t.cast("str", result.report_id))
        self._finish(context, windows, request, result, rows)

    def _chunks(self, context: Context, result: ReportResult) -> Iterator[list[Record]]:
        document = t.cast("t.Any", result.document)
        rows = self._shaper.shape(
            read_rows(document, self.array, self.inherits),
            constants={**context, "report_id": result.report_id, EXTRA: None, **self._said_once(result)},
            source=f"report {result.report_id}, {self.array}",
        )
        batch_config = self.get_batch_config(self.config)
        size = batch_config.batch_size if batch_config else CHUNK
        while chunk := list(itertools.islice(rows, size)):
            yield chunk

    def _said_once(self, result: ReportResult) -> dict[str, t.Any]:
        """Return what the document says once for all its rows: what was asked for, and what Amazon made of it."""
        specification = (result.document and result.document.specification) or {}
        said = {**result.asked.body(), **specification, **(specification.get("reportOptions") or {})}
        columns = {}
        for column, field in self.from_specification.items():
            is_day = self._properties[column].get("format") == "date"
            columns[column] = said[field][:10] if is_day and field in said else said.get(field)
        return columns

    def _finish(
        self, context: Context, windows: PartitionWindows, request: ReportRequest, result: ReportResult, rows: int
    ) -> None:
        """Write what became of a window into ledger and state. Its rows are written."""
        asked = result.asked.window
        outcome = result.outcome
        if outcome is Outcome.LOADED and rows == 0:
            outcome = Outcome.EMPTY
        good = outcome.completes
        if good and not touches(windows.complete, asked):
            # Shortened, it no longer joins the range: its rows are written, but the range would have a hole.
            good, outcome = False, Outcome.LATER
        lost = windows.decide(request, asked if good else None)
        # The ledger first: whatever the state says must be accounted for, also when the process ends here.
        self.tap.record(LedgerEntry(self.name, result, asked if good else request.window, outcome, rows))
        if good and asked != request.window:
            rest = Window(asked.next, request.window.end)
            self.tap.record(LedgerEntry(self.name, result, rest, Outcome.LATER, 0))
        if outcome.ends_partition:
            lost += windows.give_up()
        for other in lost:
            if not outcome.ends_partition:
                self.tap.record(LedgerEntry(self.name, _not_reached(other), other.window, Outcome.LATER, 0))
            self.tap.jobs.release(other, self.name, read=False)
        state = self.get_context_state(context)
        state.pop("skipped_on", None)
        if windows.complete:
            state["complete_from"] = to_text(windows.complete.start)
            state["replication_key"] = self.replication_key
            state["replication_key_value"] = to_text(windows.complete.end)
        # What the account had before, and what Amazon refused outright, costs one call to try again.
        elif outcome is Outcome.SKIPPED and result.report_id:
            state["skipped_on"] = self.tap.today.isoformat()
        # A report that can't be read is not read again; one that could not be had is.
        spent = outcome.completes or result.document is not None
        self.tap.jobs.release(request, self.name, read=spent)
        self.tap.write_state()

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Leave the state alone: it moves with windows, not with records."""

    def log(self, message: str, *args: object, level: int = logging.INFO, **kwargs: t.Any) -> None:  # noqa: ANN401
        """Log a message; in a connection test, where each stream ends by an exception, do not call that an error."""
        testing = self.ABORT_AT_RECORD_COUNT is not None
        super().log(message, *args, level=logging.DEBUG if testing and level == logging.ERROR else level, **kwargs)

    def _warn_of_unknown(self, field: str) -> None:
        self._warn_once(f"{self.report_type} has a field that this tap does not know: {field}. It goes to {EXTRA}")

    def _warn_once(self, words: str) -> None:
        if words not in self._warned:
            self._warned.add(words)
            self.logger.warning(words)
