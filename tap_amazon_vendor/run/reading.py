"""Writes what is read of one window or file: its rows and its rejected lines, all of them or nothing."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.audit.rejects import reject_row, rejects_name
from tap_amazon_vendor.errors import AmazonError, TapFaultError
from tap_amazon_vendor.singer.stage import BatchStage, Stage

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from tap_amazon_vendor.config.redaction import Redactor
    from tap_amazon_vendor.documents.findings import Findings, Reject
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.reports.request import ReportPartition
    from tap_amazon_vendor.reports.windows import Window
    from tap_amazon_vendor.singer.writer import RecordWriter
    from tap_amazon_vendor.streams.base import AmazonStream


class Reading(t.Protocol):
    """A window, or a file, that is being read: iterate over its rows, write them unless it failed, then finish it."""

    findings: Findings

    @property
    def stream(self) -> AmazonStream:
        """The stream of its rows."""

    @property
    def subject(self) -> ReportPartition:
        """What is read."""

    @property
    def window(self) -> Window:
        """The days or hours that are read."""

    @property
    def report_id(self) -> str | None:
        """Amazon's id of the report, or what identifies a file; None if there is none."""

    @property
    def failed(self) -> bool:
        """Whether nothing may be written. Known after the last row."""

    def __iter__(self) -> Iterator[Rows]:
        """Yield the rows in chunks."""

    def fail(self, error: AmazonError) -> None:
        """Note why nothing may be written."""


def write_whole(
    reading: Reading,
    writers: Mapping[str, RecordWriter],
    spool: Path,
    clock: Callable[[], datetime],
    redactor: Redactor,
) -> Iterator[None]:
    """Stage the rows of a reading and its rejected lines, then write them unless it failed.

    Args:
        reading: What is read.
        writers: The writers of the selected streams, by name.
        spool: Private folder for what is staged.
        clock: Returns the current time, aware.
        redactor: Redacts secrets in rejected lines.

    Yields:
        After each part of the work: state may be written then.
    """
    stream = reading.stream
    writer = writers[stream.name]
    rejects = writers.get(rejects_name(restricted=stream.restricted))
    batches = stream.get_batch_config(stream.config)
    with BatchStage(spool, writer, batches) if batches else Stage(spool) as stage:

        def stage_reject(reject: Reject) -> None:
            if rejects:
                row = reject_row(
                    reject,
                    stream=stream.name,
                    subject=reading.subject,
                    window=reading.window,
                    report_id=reading.report_id,
                    now=clock(),
                )
                stage.add(rejects, [redactor.redact_row(row)])

        reading.findings.on_reject = stage_reject
        try:
            for rows in reading:
                stage.add(writer, rows)
                yield
        except OSError as error:
            reading.fail(AmazonError(f"its rows could not be kept in {spool}: {error.strerror or error}"))
        except Exception as error:  # noqa: BLE001  # a fault in one reading must not end the others
            reading.fail(TapFaultError.of(error, f"{stream.name}: {reading.subject}"))
        if not reading.failed:
            yield from stage.write()
