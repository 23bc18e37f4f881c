"""The life of a report of the Ads API, and the quotas that Amazon does not publish.

A report is PENDING, PROCESSING, then COMPLETED or FAILED; most take minutes and some three hours.
While one is on its way the same request is refused. What a report shows follows from the clock alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from amazon_sandbox.ads_reports import rows
from amazon_sandbox.chance import derive, mix
from amazon_sandbox.data.advertising import Advertising
from amazon_sandbox.documents import Content, Presigner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from amazon_sandbox.accounts import SandboxAccount
    from amazon_sandbox.ads_accounts import AdsAccount, AdsProfile
    from amazon_sandbox.ads_report_types import Asked
    from amazon_sandbox.data import Data
    from amazon_sandbox.data.catalogue import Row

# Seconds that a report takes: most of them, and every tenth.
USUAL = (120, 600)
SLOW = (3_600, 10_800)
SLOW_EVERY = 10
STUCK = timedelta(hours=8)
# Not known; a report that is asked for again later is gone.
RETENTION = timedelta(days=30)
URL_LIFETIME = timedelta(hours=1)
# An export can be looked at for a day.
EXPORT_RETENTION = timedelta(days=1)
REASON = "Report generation failed due to an internal error. Please try again."
ENDED = frozenset({"COMPLETED", "FAILED", "FAILURE"})

# Tokens of a full bucket, and those that come back in a second; Amazon publishes neither.
LIMITS = {"create": (12, 0.2), "poll": (30, 1.0), "other": (15, 1.0)}
# Hours (UTC) at which half of them come back.
BUSY = range(14, 18)


@dataclass
class AdsReport:
    """One report that was asked for.

    Attributes:
        report_id: A UUID.
        account: The consent that asked.
        profile: Whose figures it has.
        body: The request.
        asked: The request as it was understood.
        created_at: When it was asked for.
        waiting: How long it is PENDING.
        working: How long it is PROCESSING.
        fault: The fault that strikes it, if any.
        cancelled_at: When it was cancelled.
    """

    report_id: str
    account: AdsAccount
    profile: AdsProfile
    body: Mapping[str, Any]
    asked: Asked
    created_at: datetime
    waiting: timedelta
    working: timedelta
    fault: str | None
    cancelled_at: datetime | None = None

    @property
    def generated_at(self) -> datetime:
        """When it ends."""
        return self.created_at + self.waiting + self.working

    def status(self, now: datetime) -> str:
        """The status at a moment."""
        if self.cancelled_at is not None:
            return "CANCELLED"
        if now < self.created_at + self.waiting:
            return "PENDING"
        if now < self.generated_at:
            return "PROCESSING"
        if self.fault == "ads_report_failed":
            return "FAILED"
        return "FAILURE" if self.fault == "ads_report_failure" else "COMPLETED"

    @property
    def document_id(self) -> str:
        """The name of its file."""
        return f"report-{self.report_id}.json"


@dataclass(frozen=True)
class AdsExport:
    """One export of what is advertised.

    Attributes:
        export_id: Its id.
        account: The consent that asked.
        profile: Whose it is.
        kind: campaigns, adgroups, targets or ads.
        created_at: When it was asked for.
        generated_at: When it ends.
        content: The file.
    """

    export_id: str
    account: AdsAccount
    profile: AdsProfile
    kind: str
    created_at: datetime
    generated_at: datetime
    content: Content

    @property
    def document_id(self) -> str:
        """The name of its file."""
        return f"export-{self.export_id}.json"


class File(NamedTuple):
    """A file that can be downloaded: whose it is, and its bytes."""

    account: AdsAccount
    content: Callable[[], Content]


class AdsReports:
    """All reports and exports of the Ads API of one sandbox.

    Args:
        data: Where the figures come from.
        accounts: The selling partners, who own the products.
        seed: Decides ids and durations.
        speed: Reports are made and quotas refill this many times faster.
    """

    def __init__(self, data: Data, accounts: Sequence[SandboxAccount], seed: int, speed: float) -> None:
        """Start without any report."""
        self._data = data
        self._first_days = {account.label: account.first_day for account in accounts}
        self._seed = seed
        self._speed = speed
        self._made: dict[str, AdsReport] = {}
        self._exports: dict[str, AdsExport] = {}
        self._presigner = Presigner(seed, URL_LIFETIME.total_seconds())
        self._buckets: dict[tuple[str, str], tuple[float, datetime]] = {}
        self.advertising = lru_cache(maxsize=None)(self._advertising)
        self.content = lru_cache(maxsize=8)(self._content)

    def running(self, profile: AdsProfile, body: Mapping[str, Any], now: datetime) -> AdsReport | None:
        """The report on its way that was asked for with the same request, whatever its name."""
        wanted = _same(body)
        return next(
            (
                each
                for each in self._made.values()
                if each.profile == profile
                and each.status(now) in {"PENDING", "PROCESSING"}
                and _same(each.body) == wanted
            ),
            None,
        )

    def create(  # noqa: PLR0913 - what a report is made of
        self,
        account: AdsAccount,
        profile: AdsProfile,
        body: Mapping[str, Any],
        *,
        asked: Asked,
        now: datetime,
        fault: str | None,
    ) -> AdsReport:
        """Take a request in."""
        number = len(self._made)
        bits = derive(self._seed, "ads report", profile.profile_id, number)
        low, high = SLOW if bits % SLOW_EVERY == 0 else USUAL
        whole = timedelta(seconds=low + (bits >> 8) % (high - low)) / self._speed
        if fault == "ads_report_stuck":
            whole = STUCK / self._speed
        name = f"{bits:016x}{mix(bits):016x}"
        report_id = "-".join((name[:8], name[8:12], name[12:16], name[16:20], name[20:]))
        report = AdsReport(report_id, account, profile, body, asked, now, whole / 4, whole * 3 / 4, fault)
        self._made[report_id] = report
        return report

    def find(self, profile: AdsProfile, report_id: str, now: datetime) -> AdsReport | None:
        """The report of a profile; None when Amazon would answer 404."""
        report = self._made.get(report_id)
        if report is None or report.profile != profile or now - report.created_at > RETENTION:
            return None
        return report

    def export(
        self, account: AdsAccount, profile: AdsProfile, kind: str, *, rows: Sequence[Row], now: datetime
    ) -> AdsExport:
        """Take an export in; it shows what is so now."""
        bits = derive(self._seed, "ads export", profile.profile_id, len(self._exports))
        ended = now + timedelta(seconds=5 + bits % 40) / self._speed
        content = Content().fill_compressed([_encode(rows)])
        made = AdsExport(f"{bits:016x}", account, profile, kind, now, ended, content)
        self._exports[made.export_id] = made
        return made

    def exports_running(self, profile: AdsProfile, kind: str, now: datetime) -> int:
        """How many exports of a kind a profile has on their way."""
        return sum(
            each.profile == profile and each.kind == kind and now < each.generated_at for each in self._exports.values()
        )

    def find_export(self, profile: AdsProfile, export_id: str, now: datetime) -> AdsExport | None:
        """The export of a profile; None when Amazon would answer 404."""
        export = self._exports.get(export_id)
        if export is None or export.profile != profile or now > export.generated_at + EXPORT_RETENTION:
            return None
        return export

    def link(self, base_url: str, document_id: str, now: datetime) -> tuple[str, datetime]:
        """A new presigned URL of a file, and when it stops to be good."""
        return self._presigner.url(base_url, document_id, now, encoded=False), now + URL_LIFETIME

    def file(self, document_id: str, now: datetime) -> File | None:
        """The file of a name; None when there is none yet, or no longer."""
        kind, _, name = document_id.removesuffix(".json").partition("-")
        export = self._exports.get(name)
        if kind == "export" and export is not None:
            return File(export.account, lambda: export.content) if now >= export.generated_at else None
        report = self._made.get(name)
        if report is None or report.status(now) != "COMPLETED" or now - report.created_at > RETENTION:
            return None
        return File(report.account, partial(self.content, name))

    def wait(self, profile: str, operation: str, now: datetime) -> float | None:
        """Take a token out of the bucket of an operation.

        Args:
            profile: Whose bucket.
            operation: create, poll or other.
            now: The time of the call.

        Returns:
            None, or the seconds until there is a token.
        """
        burst, rate = LIMITS[operation]
        rate = rate * self._speed / (2 if now.hour in BUSY else 1)
        tokens, filled_at = self._buckets.get((profile, operation), (float(burst), now))
        tokens = min(burst, tokens + max(0.0, (now - filled_at).total_seconds()) * rate)
        # A client that waits as long as it is told must not fail on a rounding error.
        enough = tokens >= 1 - 1e-9
        self._buckets[profile, operation] = (tokens - 1 if enough else tokens, max(now, filled_at))
        return None if enough else (1 - tokens) / rate

    def _advertising(self, profile: AdsProfile) -> Advertising:
        catalogue = self._data.catalogue(profile.owner, profile.marketplace_id)
        return Advertising(catalogue, profile, self._first_days.get(profile.owner))

    def _content(self, report_id: str) -> Content:
        report = self._made[report_id]
        if report.fault == "ads_not_json":
            return Content().fill_compressed([b"<html>We're sorry</html>"])
        # What is known when the report is made, which may be hours after it was asked for.
        found = rows(self.advertising(report.profile), report.asked, report.generated_at)
        return Content().fill_compressed([_encode(found)])


_encode = msgspec.json.Encoder(decimal_format="number").encode


def _same(body: Mapping[str, Any]) -> str:
    """What of a request tells it from others; whether the name does is not known."""
    return json.dumps({name: body[name] for name in body if name != "name"}, sort_keys=True)
