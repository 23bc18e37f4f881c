"""Reads one window, the documents of a job, into rows, ledger and state."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from tap_amazon_vendor.audit.ledger import LedgerEntry
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.engine.model import JobResult
from tap_amazon_vendor.errors import CredentialsError, DocumentError, TapFaultError, UnavailableError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.windows import Window

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from singer_sdk.helpers.types import Context

    from tap_amazon_vendor.audit.recorder import Recorder
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.engine.engine import Engine
    from tap_amazon_vendor.errors import AmazonError
    from tap_amazon_vendor.reports.request import ReportPartition
    from tap_amazon_vendor.streams.job_stream import JobStream
    from tap_amazon_vendor.streams.partition_state import PartitionState
    from tap_amazon_vendor.streams.partition_windows import PartitionWindows


@dataclass(frozen=True)
class Partition:
    """A partition of a stream in a run.

    Attributes:
        stream: The stream.
        context: The partition's context.
        windows: The windows that the run wants.
    """

    stream: JobStream
    context: Context
    windows: PartitionWindows[t.Any]


class WindowReader:
    """Reads one window whose job is finished: iterate over its rows, write them unless it failed, then `finish`.

    Attributes:
        stream: The stream.
        findings: What its document holds besides rows.
    """

    def __init__(
        self,
        partition: Partition,
        request: t.Any,  # noqa: ANN401  # of any kind
        engine: Engine,
        recorder: Recorder,
        today: date,
    ) -> None:
        """Prepare.

        Args:
            partition: The partition.
            request: The window's request, which is finished.
            engine: The jobs.
            recorder: Records how the window ended.
            today: The current UTC day.
        """
        self.stream = partition.stream
        self._context = partition.context
        self._windows = partition.windows
        self._request = request
        self._engine = engine
        self._recorder = recorder
        self._today = today
        self._result = engine.result(request)
        self.findings = Findings()
        self._next: t.Any = None

    @property
    def subject(self) -> ReportPartition:
        """What is read."""
        return t.cast("ReportPartition", self._result.request.subject)

    @property
    def window(self) -> Window:
        """The days or hours that are read."""
        return t.cast("Window", self._result.request.window)

    @property
    def report_id(self) -> str | None:
        """Amazon's id of the job."""
        return self._result.job_id

    @property
    def _state(self) -> PartitionState:
        return self.stream.partition_state(self._context)

    @property
    def failed(self) -> bool:
        """Whether nothing may be written. Known after the last row."""
        return self._result.outcome is Outcome.FAILED

    def __iter__(self) -> Iterator[Rows]:
        """Yield the rows in chunks. An error ends them, and `finish` records it."""
        if not self._result.documents:
            return
        declaration = self.stream.declaration
        try:
            if declaration.leads_on(self._request):
                self._next = declaration.next_request(self._request, self._result)
                return
            yield from self.stream.chunks(self._context, self._result, self.findings)
        except DocumentError as error:
            self.fail(error)
        except Exception as error:  # noqa: BLE001  # a fault in one document must not end the others
            self.fail(TapFaultError.of(error, self._request))

    def fail(self, error: AmazonError) -> None:
        """Note why nothing may be written."""
        self._result = replace(self._result, outcome=Outcome.FAILED, reason=str(error))
        if self._result.job_id:
            self._engine.mark_unreadable(self._result.job_id)

    def finish(self) -> list[t.Any]:
        """Complete the window in ledger and state, after its rows are written.

        Returns:
            Requests to read instead, if Amazon found the window too wide or generated reports by itself, or if its rows
            specify the next request.
        """
        name = self.stream.name
        if self._contradicts_itself and self._engine.ask_again(self._request, self.findings.remarks[0]):
            return []
        if self._next:
            self._engine.replan(self._request, [self._next], reader=name)
            self._windows.replace(self._request, [self._next])
            self._engine.release(self._request, name, read=True)
            return [self._next]
        read = self._state.reports_read
        parts = [part for part in self._result.parts if part.job_id not in read]
        if parts:
            self._engine.replan(self._request, parts)
            self._windows.replace(self._request, parts)
            self._engine.release(self._request, name, read=True)
        else:
            self._complete()
        return parts

    @property
    def _contradicts_itself(self) -> bool:
        """Whether the document contradicts itself: it has no row of the stream, but a remark, such as totals not zero.

        If a second document says the same, it is believed, with the remark and a warning: totals may include what no
        row has, and the window must not stay a hole forever. Recent days are read again anyway.
        """
        return self._result.outcome is Outcome.LOADED and self.findings.is_empty and bool(self.findings.remarks)

    def _complete(self) -> None:
        result, request = self._result, self._request
        read = result.request.window
        known = self._windows.coverage.read
        outcome = result.outcome
        if outcome is Outcome.LOADED and self.findings.is_empty:
            outcome = Outcome.EMPTY
        good = outcome.completes
        if good and not self._windows.joins(read):
            # Shortened, it no longer joins the range: its rows are written, but the range would have a gap.
            good, outcome = False, Outcome.LATER
        # Where Amazon can't be reached, nothing is known of the window.
        failed = outcome is Outcome.FAILED and not isinstance(result.error, (CredentialsError, UnavailableError))
        lost = self._windows.decide(request, read if good else None, failed=failed)
        if outcome is Outcome.LATER and result.processed_at and any(other.window > request.window for other in lost):
            # Amazon answered, but without data, and the window holds up newer rows: that is more than a delay.
            result = replace(result, doubtful=True)
        covered = self._windows.coverage.read
        is_newest = good and covered is not None and read.end == covered.end
        # The ledger first: it must account for everything in the state, even if the process ends here.
        self._record(result, read if good else request.window, outcome, self.findings)
        if good and read != request.window:
            left = Window(read.next, request.window.end)
            # An earlier run got as far, and a period has passed since: that is no delay any more.
            overdue = known is not None and known.end == read.end and bool(request.calendar.shorten(left))
            self._record(replace(result, doubtful=overdue), left, Outcome.LATER)
        for other in lost:
            reason = "a window between this one and the complete range is missing"
            self._record(JobResult(Outcome.LATER, other, reason), other.window, Outcome.LATER)
            self._engine.release(other, self.stream.name, read=False)
        self._move_state(outcome, result)
        if is_newest:
            self._state.note_rows(some=outcome is Outcome.LOADED)
        # A document that can't be read is not retried; one that could not be fetched is.
        spent = outcome.completes or bool(result.documents)
        self._engine.release(request, self.stream.name, read=spent)
        self._engine.save(changed=True)

    def _record(self, result: JobResult, window: Window, outcome: Outcome, findings: Findings | None = None) -> None:
        self._recorder.record(LedgerEntry.of_job(self.stream.name, result, window, outcome, findings))

    def _move_state(self, outcome: Outcome, result: JobResult) -> None:
        state = self._state
        state.unskip()
        if self._request.job_id:
            if outcome.completes:
                state.note_read(self._request.job_id, self._today)
        elif self._windows.complete:
            state.set_coverage(self._windows.coverage, self.stream.replication_key)
        # A known partition, or a request that Amazon rejected outright, costs only one call to try again.
        elif outcome is Outcome.SKIPPED and result.lasting:
            state.skip(self._today)
