"""Reads one window of a paged API into rows, ledger and state."""

from __future__ import annotations

import typing as t
from collections import deque
from functools import partial

from tap_amazon_vendor.amazon.wording import is_missing_role, may_lack_role
from tap_amazon_vendor.audit.ledger import LedgerEntry
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.errors import AmazonError, TapFaultError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.coverage import plan
from tap_amazon_vendor.reports.request import ReportPartition
from tap_amazon_vendor.reports.windows import Window, extend
from tap_amazon_vendor.streams.details import Unfound
from tap_amazon_vendor.streams.listed_window import ListedWindow

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tap_amazon_vendor.amazon.client import SellingPartnerApi
    from tap_amazon_vendor.audit.recorder import Recorder
    from tap_amazon_vendor.clock import Clock
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.reports.calendars import Horizon
    from tap_amazon_vendor.streams.paged import Listing
    from tap_amazon_vendor.streams.paged_stream import PagedStream


class PagedReader:
    """Reads one window for one stream: iterate over its rows, write them, then `finish`.

    Attributes:
        stream: The stream.
        window: The requested time.
        findings: What its pages hold besides rows.
        error: Why it could not be read, None if it could.
    """

    def __init__(
        self, stream: PagedStream, account: Account, listed: ListedWindow, written: set[int], unfound: Unfound
    ) -> None:
        """Prepare.

        Args:
            stream: The stream.
            account: The account.
            listed: What the listing holds of the window; fetched by the stream that is read first.
            written: Hashes of the elements that the run wrote of this partition before. Receives those of the window.
            unfound: Elements of this partition whose parts Amazon does not find. Receives those of the window.
        """
        self.stream = stream
        self.window = listed.window
        self._account = account
        self._listed = listed
        self._written = written
        self._unfound = unfound
        self.error: AmazonError | None = None
        self.findings = Findings()

    @property
    def subject(self) -> ReportPartition:
        """What is read."""
        return partition_of(self.stream, self._listed.context, self._account)

    @property
    def report_id(self) -> None:
        """An operation has no reports."""
        return

    @property
    def failed(self) -> bool:
        """Whether nothing may be written."""
        return self.error is not None

    def __iter__(self) -> Iterator[Rows]:
        """Yield the rows in chunks, and an empty one after each page. An error ends them, and `finish` records it."""
        if self.error:
            return
        try:
            for _ in self._listed.fetch():
                yield []
            yield from self.stream.chunks(self._listed, self._account, self.findings, self._written, self._unfound)
        except AmazonError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001  # a fault in one window must not end the others
            self.error = TapFaultError.of(error, f"{self.stream.name}: {self.window}")

    def fail(self, error: AmazonError) -> None:
        """Note why nothing may be written."""
        self.error = error

    def finish(self, recorder: Recorder, horizon: Horizon) -> None:
        """Complete the window in ledger and state, after its rows are written."""
        context = self._listed.context
        complete = self.stream.complete_range(context, horizon)
        outcome, reason = self._outcome(known=complete is not None)
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
        state = self.stream.partition_state(context)
        state.unskip()
        # A skipped stream is left out for a week: only where Amazon names the role. Else the next run asks again.
        if outcome is Outcome.SKIPPED and is_missing_role(self.error):
            state.skip(horizon.today)
        if outcome.completes:
            state.set_complete(extend(complete, self.window), self.stream.replication_key)
            state.set_unfound(self._unfound.now)
            if len(self.stream.declaration.listing.ranges) > 1:
                # What happened to it in several ways is found in several windows.
                self._written.update(hash(element) for _, element in self._listed.elements())

    def _outcome(self, *, known: bool) -> tuple[Outcome, str | None]:
        if self.error is None:
            return (Outcome.EMPTY if self.findings.is_empty else Outcome.LOADED), None
        if not may_lack_role(self.error):
            return Outcome.FAILED, str(self.error)
        roles = ", ".join(self.stream.declaration.roles) or "not documented by Amazon"
        reason = f"{str(self.error).removesuffix('.')}. The application needs one of these roles: {roles}"
        # An account that had the role has lost it, or the words mean something else, as a host or an incident.
        return (Outcome.FAILED if known else Outcome.SKIPPED), reason


def partition_of(stream: PagedStream, context: Mapping[str, t.Any], account: Account) -> ReportPartition:
    """Return what the ledger and the forecast call a partition: with the first marketplace where it is of all."""
    marketplace = context.get("marketplace_id") or account.marketplaces[0].marketplace_id
    return ReportPartition(account.label, stream.declaration.source, marketplace, ())


def readers(  # noqa: PLR0913  # each is one fact
    streams: Iterable[PagedStream],
    accounts: Mapping[str, Account],
    apis: Mapping[str, SellingPartnerApi],
    horizon: Horizon,
    *,
    clock: Clock,
    folder: Path,
    first_only: bool = False,
) -> Iterator[PagedReader]:
    """Yield a reader for each window that a run wants of each stream; an error ends the windows of that partition.

    Streams of one listing are read from the same pages where they want the same window, which they do unless one of
    them was selected later. Each reader must be finished before the next is taken.

    Args:
        streams: The streams.
        accounts: The accounts, by label.
        apis: The clients of the accounts, by label.
        horizon: The time bounds from settings and clock.
        clock: Tells the time and waits.
        folder: A private folder for what is fetched.
        first_only: The first rows suffice: for a connection test.
    """
    groups: dict[Listing, list[PagedStream]] = {}
    for stream in streams:
        groups.setdefault(stream.declaration.listing, []).append(stream)
    for listing, members in groups.items():
        for context in members[0].partitions or ():
            account = accounts[context["account"]]
            api = apis[account.label]
            pages = partial(ListedWindow, listing, api, context, clock=clock, folder=folder, first_only=first_only)
            left, fault = _left(members, context, horizon)
            written: dict[PagedStream, set[int]] = {stream: set() for stream in left}
            unfound = {stream: Unfound(stream.partition_state(context).unfound) for stream in left}
            confirmed: set[str] = set()
            while window := next((windows[0] for windows in left.values() if windows), None):
                with pages(window=window, confirmed=confirmed) as listed:
                    for stream, windows in left.items():
                        if windows and windows[0] == window:
                            reader = PagedReader(stream, account, listed, written[stream], unfound[stream])
                            reader.error = fault
                            yield reader
                            windows.popleft()
                            if reader.error:
                                windows.clear()


def _left(
    streams: Iterable[PagedStream], context: Mapping[str, t.Any], horizon: Horizon
) -> tuple[dict[PagedStream, deque[Window]], AmazonError | None]:
    """Return the windows of a partition that each stream wants, and the fault that kept them from being planned."""
    try:
        return {
            stream: deque(plan(stream.complete_range(context, horizon), horizon, stream.declaration.listing.time))
            for stream in streams
            if not stream.skipped_until(context, horizon.today)
        }, None
    except Exception as error:  # noqa: BLE001  # a fault in one account must not end the others
        everything = Window(horizon.start, horizon.end or horizon.today)
        return {stream: deque([everything]) for stream in streams}, TapFaultError.of(error, f"{context['account']}")
