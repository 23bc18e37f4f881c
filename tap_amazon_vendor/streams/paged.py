"""The base of streams of paged APIs: from an account's windows to rows, state and ledger.

`SellingPartnerApi` throttles, authenticates and retries, so this is not a REST stream of the SDK's: what is left to do
is to follow the page tokens of each window.
"""

from __future__ import annotations

import typing as t
from abc import abstractmethod
from collections import defaultdict
from dataclasses import dataclass

from singer_sdk.contrib.msgspec import encoder
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from singer_sdk.streams.core import Stream

from tap_amazon_vendor.accounts import country_of
from tap_amazon_vendor.errors import AccessDeniedError, AmazonError, DocumentError
from tap_amazon_vendor.reports.jobs import ReportResult
from tap_amazon_vendor.reports.ledger import LedgerEntry
from tap_amazon_vendor.reports.outcomes import Outcome
from tap_amazon_vendor.reports.request import ReportRequest
from tap_amazon_vendor.reports.rows import EXTRA, RowShaper
from tap_amazon_vendor.reports.windows import Window, extend, from_text, plan, reachable, to_text
from tap_amazon_vendor.streams.base import load_schema, skipped_until
from tap_amazon_vendor.streams.columns import ACCOUNT, COUNTRY_CODE, MARKETPLACE, all_columns

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from singer_sdk.helpers.types import Context, Record

    from tap_amazon_vendor.accounts import Account
    from tap_amazon_vendor.reports.windows import Calendar
    from tap_amazon_vendor.tap import TapAmazonVendor
    from tap_amazon_vendor.throttle import Operation


@dataclass(frozen=True)
class _Finished:
    """A window that is through, but not yet in state and ledger."""

    context: Context
    entry: LedgerEntry
    complete: Window | None


class PagedStream(Stream):
    """The elements that an operation lists, page by page.

    A subclass is a declaration: `name`, the attributes below, how to ask and where the answer has its elements; and a
    schema file of its name. Nested objects stay nested, with snake_case keys.

    Attributes:
        operation: What is called.
        row_keys: Columns that identify a row within an account and marketplace.
        calendar: How time is cut.
        kind: Type of account that has the operation.
        roles: Amazon's roles of which any one suffices.
    """

    name: str = ""
    operation: t.ClassVar[Operation]
    row_keys: t.ClassVar[tuple[str, ...]]
    calendar: t.ClassVar[Calendar]
    kind: t.ClassVar[str] = "vendor"
    roles: t.ClassVar[tuple[str, ...]]

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: TapAmazonVendor) -> None:
        """Load the schema and put the columns that every stream has around it."""
        self.tap = tap
        own = load_schema(self.name)
        columns = all_columns({**ACCOUNT, **MARKETPLACE}, own["properties"], {}, self.row_keys)
        self._shaper = RowShaper(own["properties"], self.row_keys, self._warn_of_unknown)
        self._warned: set[str] = set()
        self._finished: list[_Finished] = []
        described = f"{own['description']} Source: {self.operation.name}."
        super().__init__(tap, schema=own | {"description": described, "properties": columns})
        self.primary_keys = ("account", "marketplace_id", *self.row_keys)

    @abstractmethod
    def query(self, window: Window) -> dict[str, str]:
        """Return the query parameters of a window."""

    @abstractmethod
    def elements(self, answer: Mapping[str, t.Any]) -> Iterable[Mapping[str, t.Any]]:
        """Return the elements of a page."""

    @abstractmethod
    def next_token(self, answer: Mapping[str, t.Any]) -> str | None:
        """Return the token of the next page, None after the last."""

    @abstractmethod
    def marketplace(self, element: Mapping[str, t.Any]) -> str | None:
        """Return the id of the marketplace that an element names, None where it names none."""

    @property
    def partitions(self) -> list[dict[str, t.Any]] | None:
        """One partition for each account."""
        return [{"account": account.label} for account in self.tap.settings.accounts if account.kind == self.kind]

    def complete_range(self, context: Mapping[str, t.Any]) -> Window | None:
        """Return the unbroken range that earlier runs completed, None for none."""
        if self.replication_method == REPLICATION_FULL_TABLE:
            return None
        state = self.get_context_state(context)
        try:
            complete = Window(from_text(state["complete_from"]), from_text(state["replication_key_value"]))
        except (KeyError, TypeError, ValueError):
            return None
        return reachable(complete, self.tap.horizon, self.calendar)

    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Read an account window by window, and complete each after its last row.

        Args:
            context: The account.

        Yields:
            Rows.

        Raises:
            AmazonError: In a connection test, whatever keeps the first window from being read.
        """
        if not context or self.skipped_until(context, self.tap.today):
            return
        complete = self.complete_range(context)
        for window in plan(complete, self.tap.horizon, self.calendar):
            rows = 0
            try:
                for row in self._read(context, window):
                    rows += 1
                    yield row
            except AmazonError as error:
                self._finish(context, self._refused(context, window, error), 0, complete)
                if self.ABORT_AT_RECORD_COUNT is not None:
                    raise
                return
            complete = extend(complete, window)
            outcome = Outcome.LOADED if rows else Outcome.EMPTY
            self._finish(context, ReportResult(outcome, self._asked(context, window)), rows, complete)

    def _read(self, context: Context, window: Window) -> Iterator[Record]:
        account = self._account(context)
        wanted = {marketplace.marketplace_id for marketplace in account.marketplaces}
        for page in self._pages(account, window):
            rows: dict[str, list[t.Any]] = defaultdict(list)
            for element in page:
                # An authorization may reach further than the user wants to read.
                marketplace = self.marketplace(element) or account.marketplaces[0].marketplace_id
                if marketplace in wanted:
                    rows[marketplace].append(element)
            for marketplace, some in rows.items():
                constants = {
                    "account": account.label,
                    "marketplace_id": marketplace,
                    COUNTRY_CODE: country_of(marketplace),
                    EXTRA: None,
                }
                for chunk in self._shaper.shape([encoder.encode(some)], constants, self.operation.name):
                    yield from chunk

    def _pages(self, account: Account, window: Window) -> Iterator[list[Mapping[str, t.Any]]]:
        query = self.query(window)
        seen: set[str] = set()
        while True:
            answer = self.tap.apis[account.label].call(self.operation, query=query)
            yield list(self.elements(answer))
            token = self.next_token(answer)
            if not token:
                return
            if token in seen:
                msg = f"{self.operation.name} gave the same page token twice: its pages have no end"
                raise DocumentError(msg)
            seen.add(token)
            query = {**query, "nextToken": token}

    def skipped_until(self, context: Context, today: date) -> date | None:
        """Return when an account is tried again that may not call the operation, None where that is due."""
        return skipped_until(self.get_context_state(context), today)

    def _asked(self, context: Context, window: Window) -> ReportRequest:
        """Name a window to the ledger, which knows requests."""
        account = self._account(context)
        first = account.marketplaces[0].marketplace_id
        return ReportRequest(account.label, self.operation.name, first, (), window, calendar=self.calendar)

    def _refused(self, context: Context, window: Window, error: AmazonError) -> ReportResult:
        """Say what an error means for a window."""
        asked = self._asked(context, window)
        if not isinstance(error, AccessDeniedError):
            return ReportResult(Outcome.FAILED, asked, str(error), error=error)
        reason = f"{error}. The application needs one of these roles: {', '.join(self.roles)}"
        return ReportResult(Outcome.SKIPPED, asked, reason, error=error)

    def _account(self, context: Context) -> Account:
        return next(account for account in self.tap.settings.accounts if account.label == context["account"])

    def _finish(self, context: Context, result: ReportResult, rows: int, complete: Window | None) -> None:
        """Note what became of a window."""
        entry = LedgerEntry(self.name, result, result.asked.window, result.outcome, rows)
        self._finished.append(_Finished(context, entry, complete))
        if not self.get_batch_config(self.config):
            self._write_state_message()

    def _write_state_message(self) -> None:
        """Complete the finished windows, then write state: all their rows are written when the SDK calls this."""
        for finished in self._finished:
            self.tap.record(finished.entry)
            state = self.get_context_state(finished.context)
            state.pop("skipped_on", None)
            if finished.entry.outcome is Outcome.SKIPPED:
                state["skipped_on"] = self.tap.today.isoformat()
            if finished.complete:
                state["complete_from"] = to_text(finished.complete.start)
                state["replication_key"] = self.replication_key
                state["replication_key_value"] = to_text(finished.complete.end)
            self.state_manager.is_flushed = False
        self._finished.clear()
        super()._write_state_message()

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Leave the state alone: it moves with windows, not with records."""

    def _warn_of_unknown(self, field: str) -> None:
        if field not in self._warned:
            self._warned.add(field)
            self.logger.warning(
                "%s has a field that this tap does not know: %s. It goes to %s", self.operation.name, field, EXTRA
            )
