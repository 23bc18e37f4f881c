"""The sync of a run: windows of all streams, in the order in which Amazon is done with them.

The SDK reads one stream after the other. With reports that would keep the newest days of the
last stream waiting for the whole history of the first, and its documents on disk.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict
from contextlib import ExitStack

from tap_amazon_vendor.reports.workers import Workers
from tap_amazon_vendor.streams.base import ReportStream

if t.TYPE_CHECKING:
    from singer_sdk.helpers.types import Context

    from tap_amazon_vendor.reports.request import ReportRequest
    from tap_amazon_vendor.streams.windows import PartitionWindows
    from tap_amazon_vendor.tap import TapAmazonVendor

    Reader = tuple[ReportStream, Context, PartitionWindows]


def sync(tap: TapAmazonVendor) -> None:
    """Write the messages of all selected streams.

    Args:
        tap: Whose streams.
    """
    streams = [stream for stream in tap.streams.values() if stream.selected]
    reports = [stream for stream in streams if isinstance(stream, ReportStream)]
    readers = _readers(reports)
    tap.write_state()
    with ExitStack() as stack:
        if tap.in_background:
            stack.enter_context(Workers(tap.jobs, len(tap.settings.accounts), tap.clock.wait))
        for stream in streams:
            if isinstance(stream, ReportStream):
                stream._write_schema_message()  # noqa: SLF001  # what the SDK's own sync begins with
            else:
                stream.sync()
        counters = {stream.name: stack.enter_context(stream.get_record_counter()) for stream in reports}
        while request := tap.jobs.next_finished():
            for stream, context, windows in list(readers[request]):
                while ready := windows.ready(tap.jobs.finished):
                    for chunk in stream.read(context, windows, ready):
                        for row in chunk:
                            stream._write_record_message(row)  # noqa: SLF001  # and goes on with
                            counters[stream.name].increment()
                        tap.jobs.save()
                    for part in tap.jobs.result(ready).halves or ():
                        readers[part].append((stream, context, windows))


def _readers(streams: list[ReportStream]) -> dict[ReportRequest, list[Reader]]:
    """Return who reads each report."""
    readers: dict[ReportRequest, list[Reader]] = defaultdict(list)
    for stream in streams:
        for context in stream.partitions or ():
            windows = stream.windows(context)
            for request in windows.left:
                readers[request].append((stream, context, windows))
    return readers
