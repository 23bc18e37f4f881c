"""The sync of a run: windows of all streams, in the order in which Amazon is done with them.

The SDK reads one stream after the other. With reports that would keep the newest days of the
last stream waiting for the whole history of the first, and its documents on disk.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict
from contextlib import ExitStack, contextmanager

from singer_sdk.batch import Batcher

from tap_amazon_vendor.reports.workers import Workers
from tap_amazon_vendor.streams.base import ReportStream

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.helpers.types import Context, Record

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
        writers = {stream.name: stack.enter_context(_writing(stream)) for stream in reports}
        while request := tap.jobs.next_finished():
            for stream, context, windows in list(readers[request]):
                while ready := windows.ready(tap.jobs.finished):
                    for chunk in stream.read(context, windows, ready):
                        writers[stream.name](chunk)
                        tap.jobs.save()
                    for part in tap.jobs.result(ready).halves or ():
                        readers[part].append((stream, context, windows))


@contextmanager
def _writing(stream: ReportStream) -> Iterator[Callable[[list[Record]], None]]:
    """Return what writes rows of a stream: as records, or as a batch where the user configured that."""
    batch_config = stream.get_batch_config(stream.config)
    with stream.get_record_counter() as records, stream.get_batch_counter() as batches:

        def write(rows: list[Record]) -> None:
            if batch_config is None:
                for row in rows:
                    stream._write_record_message(row)  # noqa: SLF001  # and goes on with
                    records.increment()
                return
            batcher = Batcher(tap_name=stream.tap_name, stream_name=stream.name, batch_config=batch_config)
            for manifest in batcher.get_batches(records=iter(rows)):
                stream._write_batch_message(batch_config.encoding, manifest)  # noqa: SLF001  # or with
                batches.increment()

        yield write


def _readers(streams: list[ReportStream]) -> dict[ReportRequest, list[Reader]]:
    """Return who reads each report."""
    readers: dict[ReportRequest, list[Reader]] = defaultdict(list)
    for stream in streams:
        for context in stream.partitions or ():
            windows = stream.windows(context)
            for request in windows.left:
                readers[request].append((stream, context, windows))
    return readers
