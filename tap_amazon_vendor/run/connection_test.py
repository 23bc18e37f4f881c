"""The connection test, `--test`: checks each account, and reads the first rows of each selected stream."""

from __future__ import annotations

import typing as t
from collections import defaultdict

from tap_amazon_vendor.audit.reasons import Reasons
from tap_amazon_vendor.doctor import advice
from tap_amazon_vendor.errors import RunFailedError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.run.paged_reader import readers
from tap_amazon_vendor.run.verdict import about, parts_of, unread_accounts, verdict

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_amazon_vendor.audit.ledger import LedgerEntry
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.ads_accounts import AdsAccount
    from tap_amazon_vendor.run.run import Run
    from tap_amazon_vendor.run.verdict import Part
    from tap_amazon_vendor.run.window_reader import Partition


def run_connection_test(run: Run) -> str:
    """Test what a run would read.

    Args:
        run: A run made for testing.

    Returns:
        A report of what can be read.

    Raises:
        RunFailedError: An account or a stream can't be read; says what blocks it, and what to do about it.
    """
    accounts: list[Account | AdsAccount] = [*run.settings.accounts, *run.settings.ads]
    found = {label: run.diagnose(label).problems for label in run.settings.asked}
    lines = [line for label, problems in found.items() if problems for line in about(label, problems)]
    if lines:
        raise RunFailedError("\n".join(lines))
    read = {*_reports_with_rows(run), *_operations_with_rows(run)}
    entries = run.recorder.entries
    parts = list(parts_of(run.amazon_streams, run.horizon, read))
    unread = unread_accounts(parts, entries)
    if unread and (message := verdict(unread, (), lambda each: run.diagnose(each.account, each.heard))):
        raise RunFailedError(message)
    names = [stream.name for stream in run.amazon_streams]
    return "\n".join(report(accounts, names, read, parts, entries))


def _reports_with_rows(run: Run) -> Iterator[str]:
    """Read the first rows of each report stream; yield the names of streams that have rows.

    Raises:
        RunFailedError: Every window of a stream of an account was skipped or failed.
    """
    partitions: dict[tuple[str, str], list[Partition]] = defaultdict(list)
    for partition in run.partitions():
        partitions[partition.stream.name, str(partition.context and partition.context["account"])].append(partition)
    for (name, _), some in partitions.items():
        results = []
        for partition in some:
            while partition.windows.left:
                request = partition.windows.left[0]
                results.append(run.engine.result(request))
                reader = run.reader(partition, request)
                if next(iter(reader), None):
                    yield name
                    break
                reader.finish()
        if results and all(result.outcome.ends_partition for result in results):
            text = f"{name}: {results[-1].message}"
            raise RunFailedError(text)


def _operations_with_rows(run: Run) -> Iterator[str]:
    """Read the first rows of each stream of a paged API; yield the names of streams that have rows.

    Raises:
        RunFailedError: One of them can't be read.
    """
    accounts = {account.label: account for account in run.settings.accounts}
    for stream in run.paged_streams:
        for reader in readers(
            [stream], accounts, run.apis, run.horizon, clock=run.clock, folder=run.spool, first_only=True
        ):
            if next(filter(None, reader), None):
                yield stream.name
                break
            if reader.error:
                text = f"{stream.name}: {reader.error}"
                raise RunFailedError(text)
            reader.finish(run.recorder, run.horizon)


def report(
    accounts: Sequence[Account | AdsAccount],
    names: Sequence[str],
    read: set[str],
    parts: Sequence[Part],
    entries: list[LedgerEntry],
) -> Iterator[str]:
    """Yield the lines of the report of a successful connection test.

    Args:
        accounts: The accounts that were tested.
        names: Names of the selected streams that read Amazon.
        read: Names of those that returned a row.
        parts: The partitions of the selected streams.
        entries: Ledger entries of the windows that were finished.
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
        yield f"- {same[0].outcome.value}: {', '.join(streams)}: {same[0].message or 'Amazon has no rows'}"
    silent = [name for name in names if name not in read and name not in {entry.stream for entry in entries}]
    lacking = {part.stream: part.lacking_until for part in parts if part.lacking_until and part.stream in silent}
    for until in sorted(set(filter(None, lacking.values()))):
        streams = [name for name in silent if lacking.get(name) == until]
        yield f"- skipped: {', '.join(streams)}: the account lacked them; they are tried again on {until}"
    idle = [name for name in silent if name not in lacking]
    partitioned = {part.stream for part in parts}
    for streams, why in (
        (
            [name for name in idle if name in partitioned],
            "what these settings select is not published yet, or already read",
        ),
        ([name for name in idle if name not in partitioned], "not in these marketplaces, or not for `report_periods`"),
    ):
        if streams:
            yield f"- nothing to request: {', '.join(streams)}: {why}"
