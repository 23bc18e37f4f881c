"""Reads one window of a paged API into rows, ledger and state."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.amazon.wording import is_missing_role
from tap_amazon_vendor.audit.ledger import LedgerEntry
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.errors import AmazonError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.coverage import plan
from tap_amazon_vendor.reports.request import ReportPartition
from tap_amazon_vendor.reports.windows import extend

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.helpers.types import Context, Record

    from tap_amazon_vendor.amazon.client import SellingPartnerApi
    from tap_amazon_vendor.audit.recorder import Recorder
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.reports.calendars import Horizon
    from tap_amazon_vendor.reports.windows import Window
    from tap_amazon_vendor.streams.paged import PagedStream


class PagedReader:
    """Reads one window: iterate over its rows, write them, then `finish`.

    Attributes:
        stream: The stream.
        window: The requested time.
        findings: What its pages hold besides rows.
        error: Why it could not be read, None if it could.
    """

    def __init__(
        self, stream: PagedStream, context: Context, account: Account, window: Window, api: SellingPartnerApi
    ) -> None:
        """Prepare.

        Args:
            stream: The stream.
            context: Its partition.
            account: The account.
            window: The requested time.
            api: The account's client.
        """
        self.stream = stream
        self._context = context
        self._account = account
        self.window = window
        self._api = api
        self.error: AmazonError | None = None
        self.findings = Findings()

    @property
    def subject(self) -> ReportPartition:
        """What is read."""
        first = self._account.marketplaces[0].marketplace_id
        return ReportPartition(self._account.label, self.stream.declaration.source, first, ())

    @property
    def report_id(self) -> None:
        """An operation has no reports."""
        return

    @property
    def failed(self) -> bool:
        """Whether nothing may be written."""
        return self.error is not None

    def __iter__(self) -> Iterator[list[Record]]:
        """Yield the rows in chunks. An error ends them, and `finish` records it."""
        try:
            yield from self.stream.chunks(self._api, self._account, self.window, self.findings)
        except AmazonError as error:
            self.error = error

    def finish(self, recorder: Recorder, horizon: Horizon) -> None:
        """Complete the window in ledger and state, after its rows are written."""
        outcome, reason = self._outcome()
        recorder.record(
            LedgerEntry(
                self.stream.name,
                self.subject,
                self.window,
                outcome,
                self.findings.rows if outcome.completes else 0,
                self.findings,
                reason=reason,
                error=self.error,
            )
        )
        state = self.stream.partition_state(self._context)
        state.unskip()
        if outcome is Outcome.SKIPPED:
            state.skip(horizon.today)
        if outcome.completes:
            complete = self.stream.complete_range(self._context, horizon)
            state.set_complete(extend(complete, self.window), self.stream.replication_key)

    def _outcome(self) -> tuple[Outcome, str | None]:
        if self.error is None:
            return (Outcome.EMPTY if self.findings.is_empty else Outcome.LOADED), None
        # Not for a refused token: that would leave the stream out for a week.
        if not is_missing_role(self.error):
            return Outcome.FAILED, str(self.error)
        roles = ", ".join(self.stream.declaration.roles)
        return Outcome.SKIPPED, f"{self.error}. The application needs one of these roles: {roles}"


def readers(
    stream: PagedStream,
    accounts: dict[str, Account],
    apis: Callable[[str], SellingPartnerApi],
    horizon: Horizon,
) -> Iterator[PagedReader]:
    """Yield a reader for each window that a run wants of a stream; an error ends the windows of that account.

    Each must be finished before the next is taken.

    Args:
        stream: The stream.
        accounts: The accounts, by label.
        apis: Returns the client of an account.
        horizon: The time bounds from settings and clock.
    """
    for context in stream.partitions or ():
        if stream.skipped_until(context, horizon.today):
            continue
        label = context["account"]
        for window in plan(stream.complete_range(context, horizon), horizon, stream.declaration.calendar(context)):
            reader = PagedReader(stream, context, accounts[label], window, apis(label))
            yield reader
            if reader.error:
                break
