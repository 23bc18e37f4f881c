"""Records in the ledger what a run does not try to read, and why."""

from __future__ import annotations

import logging
import typing as t

from tap_amazon_vendor.audit.ledger import LedgerEntry
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.windows import Window

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_amazon_vendor.audit.recorder import Recorder
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.reports.calendars import Horizon
    from tap_amazon_vendor.streams.job_stream import JobStream

logger = logging.getLogger("tap-amazon-vendor")


def note_left_out(streams: Iterable[JobStream], settings: Settings, horizon: Horizon, recorder: Recorder) -> None:
    """Log the streams that the settings leave empty, and record the partitions that Amazon does not have."""
    window = Window(horizon.start, horizon.end or horizon.today)
    for stream in streams:
        own = stream.declaration
        reason = own.left_out(settings)
        if reason is None:
            continue
        logger.info("%s: %s", stream.name, reason)
        for context in own.unavailable_partitions(settings):
            subject = own.report_partition(context)
            recorder.note(LedgerEntry(stream.name, subject, window, Outcome.SKIPPED, reason=reason))


def note_lacking(streams: Iterable[JobStream], horizon: Horizon, recorder: Recorder) -> None:
    """Record the partitions that are not tried because the account was found to lack them."""
    for stream in streams:
        for context in stream.partitions or ():
            until = stream.skipped_until(context, horizon.today)
            window = stream.calendar(context).wanted(horizon)
            if until and window:
                reason = f"earlier runs found that the account lacks it, and recorded why. Tried again on {until}"
                subject = stream.first_request(context).subject
                recorder.note(LedgerEntry(stream.name, subject, window, Outcome.SKIPPED, reason=reason))
