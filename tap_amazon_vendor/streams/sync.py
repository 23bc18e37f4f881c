"""The sync of a run: windows of all streams, in the order in which Amazon is done with them.

The SDK reads one stream after the other. With reports that would keep the newest days of the
last stream waiting for the whole history of the first, and its documents on disk.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict
from contextlib import ExitStack

from tap_amazon_vendor.reports.workers import Workers
from tap_amazon_vendor.singer import RecordWriter
from tap_amazon_vendor.streams.base import Reading, ReportStream
from tap_amazon_vendor.streams.inbox import Inbox
from tap_amazon_vendor.streams.reach import remarks

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context, Record

    from tap_amazon_vendor.reports.request import ReportRequest
    from tap_amazon_vendor.streams.windows import PartitionWindows
    from tap_amazon_vendor.tap import TapAmazonVendor

    Reader = tuple[ReportStream, Context, PartitionWindows]


def sync(tap: TapAmazonVendor) -> None:  # noqa: C901  # taken apart in the next change
    """Write the messages of all selected streams.

    Args:
        tap: Whose streams.
    """
    streams = tap.selected_streams
    reports = [stream for stream in streams if isinstance(stream, ReportStream)]
    for level, words in remarks(tap):
        tap.logger.log(level, words)
    readers = _readers(reports)
    tap.write_state()
    with ExitStack() as stack:
        if tap.in_background:
            stack.enter_context(Workers(tap.jobs, len(tap.settings.accounts), tap.clock.wait))
        writers = {stream.name: stack.enter_context(RecordWriter(stream)) for stream in reports}
        for stream in streams:
            if stream.name in writers:
                writers[stream.name].announce()
            else:
                stream.sync()
        for stream in reports:
            stream.account_for_left_out()
        # Files first: they are there, and reports are being made meanwhile.
        for file in Inbox(tap, tap.settings.inbox) if tap.settings.inbox else ():
            _write(tap, writers[file.stream.name], file, file.stream.get_batch_config(tap.config))
            file.finish()
        while request := tap.jobs.next_finished():
            # A list: parts of a window are added while it is gone through.
            for stream, context, windows in list(readers[request]):
                while ready := windows.ready(tap.jobs.finished):
                    reading = Reading(stream, context, windows, ready)
                    _write(tap, writers[stream.name], reading, stream.get_batch_config(tap.config))
                    for part in reading.finish():
                        readers[part].append((stream, context, windows))
    # What was completed last may not be saved yet.
    tap.write_state()


def _write(
    tap: TapAmazonVendor, writer: RecordWriter, reading: Iterable[list[Record]], batches: BatchConfig | None
) -> None:
    """Write the rows of a window, or of a file."""
    if batches:
        writer.write_batches(reading, batches)
        return
    for chunk in reading:
        writer.write(chunk)
        # Between two chunks the state may be written: what is asked for in the background waits for that.
        tap.jobs.save()


def _readers(streams: list[ReportStream]) -> dict[ReportRequest, list[Reader]]:
    """Return who reads each report."""
    readers: dict[ReportRequest, list[Reader]] = defaultdict(list)
    for stream in streams:
        for context in stream.partitions or ():
            windows = stream.windows(context)
            for request in windows.left:
                readers[request].append((stream, context, windows))
    return readers
