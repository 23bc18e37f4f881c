"""The verdict on a run: which accounts could not be read, what failed, and the message that says both.

A run that could not read an account at all has failed, even if all its windows were only skipped. The outcomes of
windows show that, but not what to do about it: a diagnosis does.
"""

from __future__ import annotations

import logging
import typing as t
from collections import Counter
from dataclasses import dataclass

from tap_amazon_vendor.audit.reasons import Reasons
from tap_amazon_vendor.doctor.diagnosis import is_other_kind, tells_of_roles
from tap_amazon_vendor.errors import UnavailableError
from tap_amazon_vendor.inbox.reading import INBOX
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.streams.job_stream import JobStream

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import date

    from tap_amazon_vendor.audit.ledger import LedgerEntry
    from tap_amazon_vendor.doctor.result import Diagnosis
    from tap_amazon_vendor.errors import AmazonError
    from tap_amazon_vendor.reports.calendars import Horizon
    from tap_amazon_vendor.streams.base import AmazonStream

#: Reasons that a message lists one by one.
_MOST_REASONS = 3

#: Prefix of reports that vendors and sellers both have: a finished one does not show the account type.
_EITHER_KIND = "GET_BRAND_ANALYTICS_"


@dataclass(frozen=True)
class Part:
    """A partition of a selected stream, as it stands after a run.

    Attributes:
        stream: Name of the stream.
        account: Label of the account.
        marketplace_id: The marketplace, None for all of the account's.
        options: The report's options.
        roles: Amazon's roles of which any one suffices.
        lacking_until: When it is tried again, if the account was found to lack it.
        known: It has been read before.
    """

    stream: str
    account: str
    marketplace_id: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    roles: tuple[str, ...] = ()
    lacking_until: date | None = None
    known: bool = False

    def has(self, entry: LedgerEntry) -> bool:
        """Return whether a window belongs to the partition."""
        asked = entry.subject
        return (
            (entry.stream, asked.account) == (self.stream, self.account)
            and self.marketplace_id in {None, asked.marketplace_id}
            and {*self.options} <= {*asked.options}
        )


def parts_of(streams: Iterable[AmazonStream], horizon: Horizon, read: Collection[str] = ()) -> Iterator[Part]:
    """Yield the partitions of streams.

    Args:
        streams: The selected streams that read Amazon.
        horizon: The time bounds from settings and clock.
        read: Names of streams that are known to have been read.
    """
    for stream in streams:
        for context in stream.partitions or ():
            own = stream.declaration
            partition = stream.declaration.report_partition(context) if isinstance(stream, JobStream) else None
            yield Part(
                stream.name,
                context["account"],
                partition.marketplace_id if partition else None,
                partition.options if partition else (),
                own.roles,
                stream.skipped_until(context, horizon.today),
                stream.name in read or stream.complete_range(context, horizon) is not None,
            )


@dataclass(frozen=True)
class Unread:
    """An account that could not be read.

    Attributes:
        account: Its label.
        entries: Its windows that were skipped or failed.
        lacking: Partitions that were not tried, because an earlier run found that the account lacks them.
    """

    account: str
    entries: tuple[LedgerEntry, ...]
    lacking: tuple[Part, ...]

    @property
    def heard(self) -> dict[str, AmazonError]:
        """Amazon's errors for rejected requests, by stream name."""
        return {entry.stream: entry.error for entry in self.entries if entry.error and not entry.report_id}


def unread_accounts(parts: Sequence[Part], entries: Iterable[LedgerEntry]) -> list[Unread]:
    """Find the accounts that could not be read at all.

    An account can be read if a window was loaded or empty, or a report was accepted; also if a known partition was
    not due, unless what was due shows otherwise. If Amazon did not answer, it is unknown, and the account is not
    returned.

    Args:
        parts: The partitions of the selected streams.
        entries: Ledger entries of the run's windows.
    """
    accounts: dict[str, list[Part]] = {}
    for part in parts:
        accounts.setdefault(part.account, []).append(part)
    windows: dict[str, list[LedgerEntry]] = {account: [] for account in accounts}
    for entry in entries:
        asked = entry.subject
        if asked.account in windows and INBOX not in dict(asked.options):
            windows[asked.account].append(entry)
    found = (_unread(account, own, windows[account]) for account, own in accounts.items())
    return [unread for unread in found if unread]


def _unread(account: str, parts: Sequence[Part], entries: Sequence[LedgerEntry]) -> Unread | None:
    bad = [entry for entry in entries if entry.outcome in {Outcome.SKIPPED, Outcome.FAILED}]
    errors = [entry.error for entry in bad]
    wrong_kind = any(map(is_other_kind, errors))
    for entry in entries:
        either = entry.subject.report_type.startswith(_EITHER_KIND)
        if _shows_access(entry) and not (wrong_kind and either):
            return None
    tried = {part for part in parts if any(map(part.has, entries))}
    lacking = [part for part in parts if part.lacking_until and part not in tried]
    if not (bad or lacking) or any(isinstance(error, UnavailableError) for error in errors):
        return None
    # Reports that need the same roles are allowed or refused together.
    refused = {entry.stream for entry in bad if tells_of_roles(entry.error)}
    missing = {role for part in parts if part.stream in refused for role in part.roles}
    for part in parts:
        due = part in tried or part.lacking_until
        if part.known and not due and not (part.roles and {*part.roles} <= missing):
            return None
    return Unread(account, tuple(bad), tuple(lacking))


def _shows_access(entry: LedgerEntry) -> bool:
    """Return whether a window shows that its account can be read: one that this run only postponed does not."""
    return entry.outcome.completes or (entry.outcome is Outcome.LATER and entry.report_id is not None)


def repeated(reasons: Reasons, unread: Iterable[Unread]) -> Iterator[str]:
    """Yield a message for each reason that several partitions were skipped for, if the account can be read.

    Args:
        reasons: Those of the run's windows, each of which was logged with its first window.
        unread: The accounts that the verdict covers.
    """
    spoken_of = {each.account for each in unread}
    for first, *others in reasons:
        asked = first.subject
        # Streams of one report are skipped together.
        elsewhere = any(other.subject != asked for other in others)
        if elsewhere and first.outcome is Outcome.SKIPPED and asked.account not in spoken_of:
            same = f"{_count(others)} more skipped for the same reason as {first.stream}"
            yield f"Account {asked.account!r}: {same}: {_names(others)}"


def left_for_later(entries: Iterable[LedgerEntry]) -> tuple[int, str] | None:
    """Say how many windows are left for the next run, and why; None if there are none.

    Args:
        entries: Ledger entries of the run's windows.

    Returns:
        The level of the message, a warning where one was due for a window, and the message.
    """
    later = [entry for entry in entries if entry.outcome is Outcome.LATER]
    if not later:
        return None
    groups = sorted(Reasons.of(later), key=len, reverse=True)
    said = [f"{len(same)} because: {same[0].reason or 'not available yet'}" for same in groups[:_MOST_REASONS]]
    if rest := sum(map(len, groups[_MOST_REASONS:])):
        said.append(f"{rest} for other reasons, which `report_ledger` has")
    level = logging.WARNING if any(entry.doubtful for entry in later) else logging.INFO
    return level, f"{_count(later)} left for the next run: {'; '.join(said)}"


def verdict(
    unread: Sequence[Unread], entries: Iterable[LedgerEntry], diagnose: Callable[[Unread], Diagnosis]
) -> str | None:
    """Return why a run has failed.

    Args:
        unread: The accounts that could not be read.
        entries: Ledger entries of all windows.
        diagnose: Finds out what blocks one of the accounts.

    Returns:
        The message that the run ends with, None if it has not failed.
    """
    entries = list(entries)
    spoken_of = {id(entry) for each in unread for entry in each.entries}
    failed = [entry for entry in entries if entry.outcome is Outcome.FAILED and id(entry) not in spoken_of]
    lines = [line for each in unread for line in _account(each, diagnose(each))]
    if failed:
        lines += [f"{_count(failed)} could not be read:", *_reasons(failed, each_window=True)]
    if lines and any(entry.outcome.completes for entry in entries):
        lines.append("Everything else is written.")
    return "\n".join(lines) or None


def about(account: str, paragraphs: Iterable[str], windows: str = "") -> list[str]:
    """Return lines that say that an account could not be read, and why.

    Args:
        account: Its label.
        paragraphs: What blocks it, and what to do about it.
        windows: How its windows ended.
    """
    head = f"Account {account!r} could not be read"
    return [f"{head}: {windows}." if windows else f"{head}.", *(f"- {paragraph}" for paragraph in paragraphs)]


def _account(unread: Unread, diagnosis: Diagnosis) -> list[str]:
    outcomes = Counter(entry.outcome.value for entry in unread.entries)
    windows = ", ".join(f"{number} window{'s' * (number > 1)} {outcome}" for outcome, number in outcomes.items())
    lines = about(unread.account, diagnosis.problems, windows)
    if diagnosis.problems:
        return lines
    # Other refusals show in what is read only.
    lines += _reasons(unread.entries)
    if unread.lacking:
        names = ", ".join(sorted({part.stream for part in unread.lacking}))
        until = min(part.lacking_until for part in unread.lacking if part.lacking_until)
        lines.append(
            f"- An earlier run found that the account lacks {names}, and recorded why in `report_ledger`. They are "
            f"tried again on {until} (to try sooner, remove `skipped_on` from the state)"
        )
    skipped = unread.lacking or any(entry.outcome is Outcome.SKIPPED for entry in unread.entries)
    return lines + [f"- {paragraph}" for paragraph in diagnosis.doubts if skipped]


def _reasons(entries: Iterable[LedgerEntry], *, each_window: bool = False) -> list[str]:
    """List reasons, and below each the windows or streams with that reason."""
    lines = []
    for same in Reasons.of(entries):
        lines.append(f"- {same[0].message}")
        if each_window:
            lines += [f"    {entry.stream}: {entry.target}" for entry in same]
        else:
            lines.append(f"    {_count(same)} {same[0].outcome.value}: {_names(same)}")
    return lines


def _count(entries: Sequence[LedgerEntry]) -> str:
    return f"{len(entries)} window{'s' if len(entries) > 1 else ''}"


def _names(entries: Iterable[LedgerEntry]) -> str:
    return ", ".join(sorted({entry.stream for entry in entries}))
