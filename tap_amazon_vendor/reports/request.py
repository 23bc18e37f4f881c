"""Report requests: the whole identity of a report at Amazon."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from tap_amazon_vendor.amazon.wording import judge_fatal, judge_refusal
from tap_amazon_vendor.config.marketplaces import find_marketplace
from tap_amazon_vendor.documents.json_values import shown
from tap_amazon_vendor.engine.hearings import NO_DATA
from tap_amazon_vendor.engine.model import Processing, Service
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.outcomes import Outcome, Verdict
from tap_amazon_vendor.reports.calendars import PERIODS, SETTLED_DAYS, Calendar
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.reports.specification import stated
from tap_amazon_vendor.reports.windows import Window, from_text, to_text, touches

if t.TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from datetime import date

    from tap_amazon_vendor.engine.model import ListedJob
    from tap_amazon_vendor.errors import AmazonError
    from tap_amazon_vendor.reports.calendars import AmazonGenerated


#: The name of the service.
REPORTS = "reports"

#: How long Amazon keeps a report (90 days, docs/amazon/reports-api.md#retention), with a margin.
KEPT = timedelta(days=85)

#: For a request from the state: nothing is known of the report type.
NO_POLICY = ReportType("")


@dataclass(frozen=True)
class ReportRequest:
    """One report of one account. Two streams that need the same request share its report.

    Attributes:
        account: Label of the account.
        report_type: Amazon's report type.
        marketplace_id: The one marketplace.
        options: Amazon's option names and values, sorted by name.
        window: The requested days or hours.
        report_id: The requested report, if Amazon makes them by itself.
        calendar: How the report's time is cut. Follows from report type and options.
        policy: What Amazon states of reports of this type.
    """

    account: str
    report_type: str
    marketplace_id: str
    options: tuple[tuple[str, str], ...]
    window: Window
    report_id: str | None = None
    calendar: Calendar = field(default=PERIODS["DAY"], compare=False, repr=False)
    policy: ReportType = field(default=NO_POLICY, compare=False, repr=False)

    def __str__(self) -> str:
        """Name the report for a log line."""
        return self.partition.label(self.window)

    @property
    def service(self) -> Service:
        """The Reports API of the account."""
        return Service(self.account, REPORTS)

    @property
    def listed_under(self) -> str:
        """The marketplace, to which getReports is limited."""
        return self.marketplace_id

    @property
    def kept(self) -> timedelta:
        """How long Amazon keeps a report."""
        return KEPT

    @property
    def job_type(self) -> str:
        """The report type, as the engine calls it."""
        return self.report_type

    @property
    def job_id(self) -> str | None:
        """The requested report, if its id is known."""
        return self.report_id

    @property
    def has_options(self) -> bool:
        """Whether there are options, or may be where another client asked: Amazon's listing does not show them."""
        return bool(self.options or self.policy.narrowed_by)

    @property
    def amazon_generated(self) -> bool:
        """Whether Amazon makes such reports by itself."""
        return self.policy.amazon_generated

    @property
    def refused_at_once(self) -> bool:
        """Whether creating one shows that the account has such reports: some are FATAL only after a while."""
        return False

    @property
    def may_be_unused(self) -> bool:
        """Whether a report without rows may just mean that the account does not use it: not known of any type."""
        return False

    @property
    def refresh_interval(self) -> timedelta | None:
        """For how long Amazon answers with its last report instead of a new one."""
        return self.policy.refresh_interval

    @property
    def partition(self) -> ReportPartition:
        """Everything but the window."""
        return ReportPartition(self.account, self.report_type, self.marketplace_id, self.options)

    @property
    def subject(self) -> ReportPartition:
        """What the ledger calls the partition."""
        # Settlements of several marketplaces can cover the same days: the id distinguishes them.
        own = (("reportId", self.report_id),) if self.report_id else ()
        return self.partition._replace(options=(*self.options, *own))

    def is_recent(self, today: date) -> bool:
        """Return whether Amazon may still publish something for these days."""
        return self.window.last_day > today - timedelta(days=SETTLED_DAYS)

    def adjoins(self, other: ReportRequest) -> bool:
        """Return whether another window begins where this one ends, or the other way round, or they overlap."""
        return touches(self.window, other.window)

    def shorten(self) -> ReportRequest | None:
        """Leave the newest unit out; return None if no other is left."""
        window = self.calendar.shorten(self.window)
        return replace(self, window=window) if window else None

    def halve(self) -> tuple[ReportRequest, ...]:
        """Split a request that may be too wide in two, older first; return none if that is not to be tried."""
        return tuple(replace(self, window=half) for half in self.calendar.halve(self.window) or ())

    def following(self, page: Hashable) -> ReportRequest:  # noqa: ARG002
        """Return the request: a report has one page."""
        return self

    def body(self) -> dict[str, t.Any]:
        """Return the body of createReport. The range of a campaign report goes into the options.

        See docs/amazon/calendars.md#campaign-ranges.
        """
        body: dict[str, t.Any] = {
            "reportType": self.report_type,
            "marketplaceIds": [self.marketplace_id],
            "reportOptions": dict(self.options),
        }
        for name, value in self.calendar.range(self.window).items():
            (body if name.startswith("data") else body["reportOptions"])[name] = value
        return body

    def mismatch(self, specification: Mapping[str, t.Any] | None) -> str | None:
        """Return how a document contradicts this request, None if it does not.

        Args:
            specification: ``reportSpecification`` of the document, if it has one. Amazon
                repeats the request there, days without their clock part.

        Returns:
            What was asked for, and what the document says. What it leaves out contradicts nothing.
        """
        try:
            said = stated(specification)
        except DocumentError as error:
            return str(error)
        ids = said.get("marketplaceIds", [self.marketplace_id])
        if said.get("reportType", self.report_type) != self.report_type:
            return _contradiction("", self.report_type, said["reportType"])
        if set(ids) != {self.marketplace_id}:
            return _contradiction("marketplace", _country(self.marketplace_id), [_country(each) for each in ids])
        for name, value in self.options:
            if said.get(name, value.upper()) != value.upper():
                return _contradiction(name, value, said[name])
        asked, found = self._ranges(said)
        return None if asked == found else _contradiction("", " to ".join(asked), " to ".join(found))

    def matches(self, specification: Mapping[str, t.Any] | None) -> bool:
        """Return whether a document that may have been asked for otherwise answers this request for certain.

        Its options must be stated: the listing does not show them.
        """
        if self.mismatch(specification) is not None:
            return False
        said = stated(specification)
        return all(name in said for name, _ in self.options) and said.keys().isdisjoint(self.policy.narrowed_by)

    def may_be(self, listed: ListedJob) -> bool:
        """Return whether a listed report may answer this request: the listing does not show its options."""
        asked, found = self._ranges({"dataStartTime": listed.start, "dataEndTime": listed.end})
        return (
            listed.job_type == self.report_type
            and set(listed.marketplace_ids) == {self.marketplace_id}
            and asked == found
        )

    def generated(self, listed: ListedJob) -> ReportRequest:
        """Return the request for a report that Amazon made by itself, whose days only the listing shows."""
        calendar = t.cast("AmazonGenerated", self.calendar)
        window = calendar.covered(listed.start, listed.end, listed.created_at)
        return replace(self, window=window, report_id=listed.job_id)

    def judge_end(self, processing: Processing) -> tuple[str, Verdict] | None:
        """Judge a report that ended without a document: what Amazon cancels has no data."""
        if processing is Processing.CANCELLED:
            return "Amazon cancelled the report: it has no data for these days", NO_DATA
        return None

    def judge_failure(self, text: str | None, *, today: date, known_available: bool) -> Verdict:
        """Judge a report that Amazon failed with an error text, or without one."""
        # docs/amazon/errors.md#texts-of-error-documents
        may_lack_days = "BRAND_ANALYTICS" in self.report_type
        verdict = judge_fatal(
            text,
            recent=self.is_recent(today),
            known_available=known_available,
            may_lack_days=may_lack_days,
            options=dict(self.options),
        )
        if self.report_id and verdict.outcome is not Outcome.FAILED:
            # Amazon made it by itself, so the account has this report: an error is about this one report only.
            return Verdict(Outcome.LATER, retry=True)
        return replace(verdict, whole=False) if self.report_id else verdict

    def judge_refusal(self, error: AmazonError) -> Verdict:
        """Judge a call that Amazon refused."""
        return judge_refusal(error, self.policy.roles)

    def _ranges(self, said: Mapping[str, t.Any]) -> tuple[list[str], list[str]]:
        """Return start and end that were asked for, and those that Amazon states, if any."""
        asked = self.calendar.range(self.window)
        found = {name: str(said.get(name, value)) for name, value in asked.items()}
        told = _to_the_second if self.calendar.exact else _day
        return [*map(told, asked.values())], [*map(told, found.values())]

    def to_state(self) -> dict[str, t.Any]:
        """Write the request as JSON."""
        return {
            "account": self.account,
            "report_type": self.report_type,
            "marketplace_id": self.marketplace_id,
            "options": dict(self.options),
            "start": to_text(self.window.start),
            "end": to_text(self.window.end),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, t.Any]) -> ReportRequest:
        """Read what `to_state` wrote.

        Raises:
            KeyError: Something is missing.
            ValueError: A date is not valid.
        """
        return cls(
            account=state["account"],
            report_type=state["report_type"],
            marketplace_id=state["marketplace_id"],
            options=tuple(sorted(state["options"].items())),
            window=Window(from_text(state["start"]), from_text(state["end"])),
        )


def _country(marketplace_id: str) -> str:
    """Return the country code of a marketplace for a message, its id if it is unknown."""
    known = find_marketplace(marketplace_id)
    return known.country if known else marketplace_id


def _day(text: str) -> str:
    """Return the day of a moment: of a range of days, the clock part means nothing."""
    return text[: len("2026-01-31")]


def _to_the_second(text: str) -> str:
    """Return a moment in UTC without a fraction; what is none as it is."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    return to_text(moment.astimezone(timezone.utc).replace(microsecond=0)) if moment.tzinfo else text[:19] + "Z"


def _contradiction(name: str, asked: str, said: t.Any) -> str:  # noqa: ANN401  # any JSON
    return f"requested {f'{name} {asked}'.strip()}, but the document says {shown(said)}"


class ReportPartition(t.NamedTuple):
    """What the windows of one bookmark have in common.

    Attributes:
        account: Label of the account.
        report_type: Amazon's report type, or the name of an operation; empty if unknown, as of an inbox file.
        marketplace_id: The marketplace; empty if unknown.
        options: Amazon's option names and values, sorted by name.
    """

    account: str
    report_type: str
    marketplace_id: str
    options: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """Name the partition for a log line."""
        return self.label()

    def label(self, window: Window | None = None) -> str:
        """Name the partition, or one of its windows, for a log line."""
        values = [value for _, value in self.options]
        days = str(window) if window else ""
        return " ".join(filter(None, [self.report_type, *values, days, f"of {self.account!r}"]))
