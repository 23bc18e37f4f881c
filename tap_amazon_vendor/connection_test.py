"""The connection test, `--test`: check each account, read one row of each selected stream, and say what came of it."""

from __future__ import annotations

import typing as t

from singer_sdk.exceptions import AbortedSyncFailedException, AbortedSyncPausedException

from tap_amazon_vendor import advice
from tap_amazon_vendor.errors import AmazonError, RunFailedError
from tap_amazon_vendor.reports.outcomes import Outcome
from tap_amazon_vendor.streams.base import ReportStream
from tap_amazon_vendor.streams.paged import PagedStream
from tap_amazon_vendor.verdict import Reasons, about, parts_of, unread_accounts, verdict

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.streams.core import Stream

    from tap_amazon_vendor.accounts import Account
    from tap_amazon_vendor.reports.ledger import LedgerEntry
    from tap_amazon_vendor.tap import TapAmazonVendor
    from tap_amazon_vendor.verdict import Part


def run_connection_test(tap: TapAmazonVendor) -> str:
    """Test a tap.

    Args:
        tap: Whose accounts and streams.

    Returns:
        What can be read, in words.

    Raises:
        RunFailedError: An account or a stream can't be read; says what stands in the way, and what to do about it.
    """
    found = {account.label: tap.diagnose(account.label).problems for account in tap.settings.accounts}
    lines = [line for label, problems in found.items() if problems for line in about(label, problems)]
    if lines:
        raise RunFailedError("\n".join(lines))
    streams = tap.selected_streams
    for stream in streams:
        # All of them first: the one that is begun first plans for all.
        stream.ABORT_AT_RECORD_COUNT = 1
    read = {stream.name for stream in streams if _has_rows(stream)}
    read |= {entry.stream for entry in tap.entries if entry.outcome is Outcome.LOADED}
    parts = list(parts_of(streams, tap.today, read))
    unread = unread_accounts(parts, tap.entries)
    if unread and (message := verdict(unread, (), lambda each: tap.diagnose(each.account, each.heard))):
        raise RunFailedError(message)
    names = [stream.name for stream in streams if isinstance(stream, (ReportStream, PagedStream))]
    return "\n".join(report(tap.settings.accounts, names, read, parts, tap.entries))


def _has_rows(stream: Stream) -> bool:
    """Read a stream as the SDK does in a connection test; say whether it ended that early, having more than a row."""
    try:
        stream.sync()
    except (AbortedSyncFailedException, AbortedSyncPausedException):
        return True
    except AmazonError as error:
        text = f"{stream.name}: {error}"
        raise RunFailedError(text) from None
    return False


def report(
    accounts: Sequence[Account], names: Sequence[str], read: set[str], parts: Sequence[Part], entries: list[LedgerEntry]
) -> Iterator[str]:
    """Yield the lines that say what a connection test found where nothing stands in the way.

    Args:
        accounts: Those that were asked.
        names: The streams that read Amazon.
        read: The streams that gave a row.
        parts: Their partitions.
        entries: What became of windows that were not just begun.
    """
    if not accounts:
        yield "All is well: there is no account to ask, and the inbox can be read."
        return
    failed = any(entry.outcome is Outcome.FAILED for entry in entries)
    well = "Not everything can be read" if failed else "All is well"
    labels = [f"{one.label!r} ({one.kind}, {advice.countries(one)})" for one in accounts]
    yield f"{well}: Amazon lets us read {'account' if len(labels) == 1 else 'accounts'} {', '.join(labels)}."
    yield f"{len(read)} of {len(names)} selected streams gave a row."
    others = [entry for entry in entries if entry.outcome is not Outcome.LOADED]
    for same in Reasons.of(others):
        streams = list(dict.fromkeys(entry.stream for entry in same))
        yield f"- {same[0].outcome.value}: {', '.join(streams)}: {same[0].result.words or 'the report has no rows'}"
    silent = [name for name in names if name not in read and name not in {entry.stream for entry in entries}]
    lacking = {part.stream: part.lacking_until for part in parts if part.lacking_until and part.stream in silent}
    for until in sorted(set(filter(None, lacking.values()))):
        streams = [name for name in silent if lacking.get(name) == until]
        yield f"- skipped: {', '.join(streams)}: the account was found to lack them, they are tried again on {until}"
    idle = [name for name in silent if name not in lacking]
    partitioned = {part.stream for part in parts}
    for streams, why in (
        ([name for name in idle if name in partitioned], "what these settings want is not published, or read already"),
        ([name for name in idle if name not in partitioned], "not in these marketplaces, or not for `report_periods`"),
    ):
        if streams:
            yield f"- nothing to ask for: {', '.join(streams)}: {why}"
