"""One run: its wiring, and the loop that reads windows in the order in which Amazon finishes them.

The SDK reads one stream after the other. With reports, the newest days of the last stream would
wait for the whole history of the first, and its documents would pile up on disk.
"""

from __future__ import annotations

import logging
import sys
import typing as t
from collections import defaultdict
from contextlib import ExitStack
from datetime import timezone
from functools import cached_property, partial
from types import MappingProxyType

from tap_amazon_vendor.ads.consent import Consents
from tap_amazon_vendor.amazon.shared_quota import Quotas
from tap_amazon_vendor.amazon.transport import Transport
from tap_amazon_vendor.audit.ledger import LedgerEntry
from tap_amazon_vendor.audit.recorder import Recorder
from tap_amazon_vendor.config.redaction import Redactor
from tap_amazon_vendor.doctor.advertising import check_advertising
from tap_amazon_vendor.doctor.diagnosis import check_account
from tap_amazon_vendor.doctor.result import Diagnosis
from tap_amazon_vendor.engine.engine import Engine
from tap_amazon_vendor.engine.hearings import RETRY_PAUSE
from tap_amazon_vendor.engine.workers import Workers
from tap_amazon_vendor.errors import RunFailedError, TapFaultError
from tap_amazon_vendor.inbox.reader import Inbox
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.api import OWN_QUOTAS
from tap_amazon_vendor.reports.calendars import Horizon
from tap_amazon_vendor.reports.pending import from_state, to_state
from tap_amazon_vendor.run.display import Display
from tap_amazon_vendor.run.not_read import note_lacking, note_left_out
from tap_amazon_vendor.run.paged_reader import readers as paged_readers
from tap_amazon_vendor.run.reading import write_whole
from tap_amazon_vendor.run.services import KINDS, make_clients, make_services
from tap_amazon_vendor.run.spool import Spool
from tap_amazon_vendor.run.verdict import left_for_later, parts_of, repeated, unread_accounts, verdict
from tap_amazon_vendor.run.window_reader import Partition, WindowReader
from tap_amazon_vendor.singer.writer import RecordWriter
from tap_amazon_vendor.streams import GROUPS
from tap_amazon_vendor.streams.ads_stream import AdsStream
from tap_amazon_vendor.streams.base import AmazonStream
from tap_amazon_vendor.streams.job_stream import JobStream
from tap_amazon_vendor.streams.paged_stream import PagedStream
from tap_amazon_vendor.streams.partition_windows import PartitionWindows
from tap_amazon_vendor.streams.planning import demands, in_asking_order, plan_jobs
from tap_amazon_vendor.streams.reach import remarks

if t.TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from singer_sdk.streams.core import Stream

    from tap_amazon_vendor.amazon.client import SellingPartnerApi
    from tap_amazon_vendor.amazon.throttle import Throttle
    from tap_amazon_vendor.audit.stream import ReportLedger
    from tap_amazon_vendor.clock import Clock
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.engine.model import PlannedJob, Service
    from tap_amazon_vendor.engine.ports import JobApi
    from tap_amazon_vendor.engine.progress import Progress
    from tap_amazon_vendor.errors import AmazonError
    from tap_amazon_vendor.inbox.reading import InboxReading
    from tap_amazon_vendor.reports.pending import Pending
    from tap_amazon_vendor.run.paged_reader import PagedReader
    from tap_amazon_vendor.run.reading import Reading
    from tap_amazon_vendor.streams.planning import Demand

logger = logging.getLogger("tap-amazon-vendor")

#: Seconds that a signal handler waits for the engine's lock.
PATIENCE = 1.0


class Run:
    """Owns clock, clients, jobs, spool, ledger and progress, and passes them to the components.

    Attributes:
        redactor: Knows the secrets of all accounts, and learns each token that is issued to them.
    """

    def __init__(  # noqa: PLR0913  # each is one fact
        self,
        settings: Settings,
        streams: Sequence[Stream],
        ledger: ReportLedger,
        *,
        clock: Clock,
        rng: random.Random,
        write_state: Callable[[], None],
        beat: Callable[[], None] = lambda: None,
        in_background: bool = True,
        testing: bool = False,
    ) -> None:
        """Keep the arguments; components are made on first use.

        Args:
            settings: The checked settings.
            streams: All streams of the tap.
            ledger: The stream `report_ledger`, one of them.
            clock: Tells the time and waits.
            rng: Source of jitter.
            write_state: Writes a STATE message.
            beat: Called now and then, in the run's thread: for a reader that must hear something.
            in_background: Make calls in worker threads while rows are written.
            testing: Plan one window of each partition and write nothing: for a connection test.
        """
        self.settings = settings
        self.clock = clock
        self.now: datetime = clock().astimezone(timezone.utc)
        self.redactor = Redactor(settings.secrets)
        self.recorder = Recorder(None if testing else ledger, clock, self.redactor)
        self._streams = streams
        self._ledger = ledger
        self._rng = rng
        self._write_state = write_state
        self._beat = beat
        self._testing = testing
        self._in_background = in_background
        for stream in streams:
            if isinstance(stream, AdsStream):
                stream.consents = lambda: self.advertising

    @property
    def today(self) -> date:
        """The UTC day on which the run began."""
        return self.now.date()

    @cached_property
    def horizon(self) -> Horizon:
        """The time bounds from settings and clock."""
        return Horizon(
            now=self.now,
            start=self.settings.start_date,
            end=self.settings.end_date,
            availability_days=self.settings.availability_days,
            restatement_days=self.settings.restatement_days,
        )

    @property
    def selected(self) -> list[Stream]:
        """The selected streams, the ledger first."""
        return [stream for stream in self._streams if stream.selected]

    @property
    def job_streams(self) -> list[JobStream]:
        """The selected streams whose rows come from jobs."""
        return [stream for stream in self.selected if isinstance(stream, JobStream)]

    @property
    def paged_streams(self) -> list[PagedStream]:
        """The selected streams of paged APIs."""
        return [stream for stream in self.selected if isinstance(stream, PagedStream)]

    @property
    def amazon_streams(self) -> list[AmazonStream]:
        """The selected streams that read Amazon."""
        return [stream for stream in self.selected if isinstance(stream, AmazonStream)]

    # Components.

    @cached_property
    def _spool(self) -> Spool:
        return Spool()

    @property
    def spool(self) -> Path:
        """A private folder for documents, deleted with the run."""
        return self._spool.folder

    @cached_property
    def transport(self) -> Transport:
        """The HTTP client."""
        return Transport(clock=self.clock, sleep=self.clock.sleep, rng=self._rng)

    @cached_property
    def apis(self) -> dict[str, SellingPartnerApi]:
        """The Selling Partner API client of each account."""
        return make_clients(self.settings.accounts, self._quotas, self.transport, self.clock, self.redactor)

    @cached_property
    def display(self) -> Display:
        """Shows the progress of the run."""
        return Display(sys.stderr, self.clock)

    @cached_property
    def services(self) -> dict[Service, JobApi]:
        """What makes jobs: the services of each account, one for each kind of job."""
        accounts, profiles = self.settings.accounts, self.advertising.profiles
        return make_services(accounts, profiles, self.apis, self._shared, transport=self.transport, spool=self.spool)

    @cached_property
    def advertising(self) -> Consents:
        """The consents for the Ads API and their profiles: asked for on first use, if an advertising stream is read."""
        streams = [stream for stream in self.selected if isinstance(stream, AdsStream)]
        return Consents(
            self.settings.ads if streams else (),
            transport=self.transport,
            clock=self.clock,
            sleep=self.clock.sleep,
            redactor=self.redactor,
            known=(context for stream in streams for context in stream.known),
        )

    @cached_property
    def engine(self) -> Engine:
        """The jobs of the run, not yet planned."""
        return Engine(
            self.services,
            clock=self.clock,
            sleep=self.clock.sleep,
            wait_seconds=self.settings.wait_seconds,
            max_jobs=self.settings.max_reports,
            # Somebody waits for a connection test.
            retry_pause=0.0 if self._testing else RETRY_PAUSE,
            save=self.write_state,
            on_progress=self._on_progress,
        )

    @cached_property
    def _quotas(self) -> Quotas:
        return Quotas.at(self.settings.quota_store.reveal(), self.clock)

    @cached_property
    def _shared(self) -> dict[str, Throttle]:
        """The buckets that the accounts of an application share, by its client id."""
        known = self._ledger.shared_quotas
        clients = {account.client_id for account in self.settings.accounts}
        return {client: self._quotas.throttle(client, shared_quotas=known.get(client, ())) for client in clients}

    @cached_property
    def demands(self) -> list[Demand]:
        """What the selected streams want of jobs, and have."""
        return demands(self.job_streams, self.horizon)

    @cached_property
    def _pending(self) -> Pending:
        """What earlier runs asked for and did not read."""
        return from_state(self._ledger.pending, KINDS)

    @cached_property
    def plan(self) -> dict[t.Any, list[PlannedJob]]:
        """The jobs of the run; made, and passed to the engine, on first access."""
        # The ledger's state is accessed before that of the streams.
        pending, unreadable = self._pending.jobs, self._ledger.unreadable
        jobs = plan_jobs(self.demands, self.horizon, pending, first_only=self._testing)
        self.engine.plan(in_asking_order(jobs), pending, unreadable)
        return jobs

    def _on_progress(self, progress: Callable[[], Progress]) -> None:
        self.display.show(progress)
        self._beat()

    @property
    def _is_planned(self) -> bool:
        return "plan" in self.__dict__

    def partitions(self) -> list[Partition]:
        """Return the partitions of these streams, with the windows that this run wants."""
        found: list[Partition] = []
        for stream in self.job_streams:
            for context in stream.partitions or ():
                planned = self.plan.get(stream.first_request(context).partition, [])
                requests = [job.request for job in planned if stream.name in job.readers]
                coverage = stream.coverage(context, self.horizon)
                windows = PartitionWindows(coverage, requests, unbroken=stream.calendar(context).unbroken)
                found.append(Partition(stream, context, windows))
        return found

    def reader(self, partition: Partition, request: t.Any) -> WindowReader:  # noqa: ANN401
        """Return the reader of a window; wait until its job is finished."""
        return WindowReader(partition, request, self.engine, self.recorder, self.today)

    # The run itself.

    def sync(self) -> None:
        """Write the messages of all selected streams.

        Raises:
            RunFailedError: An account could not be read, or windows failed; says which, and what to do about it.
        """
        try:
            self._sync()
        finally:
            self.display.close()
            self._spool.close()
        unread = unread_accounts([*parts_of(self.amazon_streams, self.horizon)], self.recorder.entries)
        for message in repeated(self.recorder.reasons, unread):
            logger.warning(message)
        if later := left_for_later(self.recorder.entries):
            logger.log(*later)
        failure = verdict(unread, self.recorder.entries, lambda each: self.diagnose(each.account, each.heard))
        if failure:
            raise RunFailedError(self.redactor.redact(failure))

    def _sync(self) -> None:
        readers: dict[t.Any, list[Partition]] = defaultdict(list)
        # Before anything else: in the state the ledger comes first.
        for partition in self.partitions():
            for request in partition.windows.left:
                readers[request].append(partition)
        found = remarks(self.amazon_streams, self.horizon, start_given=self.settings.start_given)
        for level, message in (*found, *self.advertising.remarks):
            logger.log(level, message)
        self.write_state()
        with ExitStack() as stack:
            if self._in_background:
                services = len({demand.request.service for demand in self.demands}) or 1
                workers = Workers(self.engine, self.clock.wait, services=services, own_quotas=len(OWN_QUOTAS))
                stack.enter_context(workers)
            writers = {stream.name: stack.enter_context(RecordWriter(stream)) for stream in self.selected}
            self._ledger.writer = writers.get(self._ledger.name)
            for writer in writers.values():
                writer.announce()
            note_left_out(self.job_streams, self.settings, self.horizon, self.recorder)
            note_lacking(self.job_streams, self.horizon, self.recorder)
            self._read_pages(writers)
            # Files are available at once, and Amazon makes reports meanwhile.
            self._read_inbox(writers)
            while finished := self.engine.next_finished():
                # A copy: parts of a window are added during the iteration.
                for partition in list(readers[finished]):
                    while ready := partition.windows.ready(self.engine.is_finished):
                        for part in self._read_window(writers, partition, ready):
                            readers[part].append(partition)
            self.recorder.remark_on_few_rows()
        # The latest progress may not be saved yet.
        self.write_state()

    def _write(self, writers: Mapping[str, RecordWriter], reading: Reading) -> None:
        """Write the rows of a window, or of a file, and its rejected lines; nothing if it failed."""
        # While rows are staged and written, state may be written: jobs created in the background are waiting for that.
        for _ in write_whole(reading, writers, self.spool, self.clock, self.redactor):
            self.engine.save()

    def _read_window(
        self,
        writers: Mapping[str, RecordWriter],
        partition: Partition,
        request: t.Any,  # noqa: ANN401  # of any kind
    ) -> list[t.Any]:
        """Read a window whose report is finished. Return the requests to read instead."""
        try:
            reader = self.reader(partition, request)
            self._write(writers, reader)
            return reader.finish()
        except OSError:
            # Standard output is gone.
            raise
        except Exception as error:  # noqa: BLE001  # a fault in one window must not end the others
            reason = str(TapFaultError.of(error, request))
        stream = partition.stream.name
        lost = partition.windows.decide(request, None) if request in partition.windows.left else []
        for each in (request, *lost):
            self.recorder.record(LedgerEntry(stream, each.subject, each.window, Outcome.FAILED, reason=reason))
            self.engine.release(each, stream, read=False)
        return []

    def _finish(self, reading: PagedReader | InboxReading, finish: Callable[[], None]) -> None:
        """Complete what is read, in ledger and state."""
        try:
            finish()
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001  # a fault in one window or file must not end the others
            fault = TapFaultError.of(error, f"{reading.stream.name}: {reading.subject}")
            reading.fail(fault)
            entry = LedgerEntry(
                reading.stream.name, reading.subject, reading.window, Outcome.FAILED, reason=str(fault), error=fault
            )
            self.recorder.record(entry)
        self.write_state()

    def _read_pages(self, writers: Mapping[str, RecordWriter]) -> None:
        accounts = {account.label: account for account in self.settings.accounts}
        for reader in paged_readers(
            self.paged_streams, accounts, self.apis, self.horizon, clock=self.clock, folder=self.spool
        ):
            self._write(writers, reader)
            self._finish(reader, partial(reader.finish, self.recorder, self.horizon))

    def _read_inbox(self, writers: Mapping[str, RecordWriter]) -> None:
        if not self.settings.inbox:
            return
        inbox = Inbox(
            self.settings.inbox,
            streams=[stream for stream in self._streams if isinstance(stream, JobStream | PagedStream)],
            accounts=self.settings.labels,
            recorder=self.recorder,
            spool=self.spool,
            today=self.today,
        )
        for file in inbox:
            self._write(writers, file)
            self._finish(file, partial(file.finish, self.recorder, self.today))

    # State.

    def write_state(self) -> None:
        """Write the state, with the jobs created so far."""
        if not self._testing:
            self._note_pending()
            self._write_state()

    def note_pending_in_signal(self) -> None:
        """Put the created jobs into the state, from within a signal handler."""
        # A worker that holds the lock may wait for the log, and the log for us: then the last saved jobs must do.
        if self._is_planned and self.engine.changed.acquire(timeout=PATIENCE):
            try:
                self._note_pending()
            finally:
                self.engine.changed.release()

    def _note_pending(self) -> None:
        # Not before there is a plan: jobs that an earlier run left must not be lost.
        if self._is_planned:
            self._ledger.pending = to_state(self.engine.pending(), self._pending.unknown)
            self._ledger.unreadable = self.engine.unreadable
            self._ledger.shared_quotas = {
                client: sorted(throttle.shared_quotas) for client, throttle in self._shared.items()
            }

    # Diagnosis.

    def diagnose(self, label: str, heard: Mapping[str, AmazonError] = MappingProxyType({})) -> Diagnosis:
        """Find out what blocks the selected streams of an account.

        Args:
            label: The account.
            heard: Errors with which Amazon refused reports in this run, by stream name.
        """
        selected = {stream.name for stream in self.selected}
        found = [
            check_account(account, GROUPS, self.apis[label], self.today, only=selected, heard=heard)
            for account in self.settings.accounts
            if account.label == label
        ]
        if any(isinstance(stream, AdsStream) for stream in self.selected):
            found += [
                check_advertising(account, self.advertising) for account in self.settings.ads if account.label == label
            ]
        return Diagnosis.joined(found)
