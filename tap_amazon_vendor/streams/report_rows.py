"""The declaration of a stream of report rows: what it is, not how it is read."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import dataclass, field

from tap_amazon_vendor.reports.calendars import Calendar
from tap_amazon_vendor.reports.request import ReportPartition, ReportRequest
from tap_amazon_vendor.reports.windows import NO_TIME

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.engine.model import JobResult
    from tap_amazon_vendor.reports.report_type import ReportType
    from tap_amazon_vendor.streams.totals import SettlementTotal

    Context = Mapping[str, t.Any]


class Follows(t.Protocol):
    """Another report that is read first, because its rows specify what to request."""

    @property
    def report(self) -> ReportType:
        """That report type."""

    def next_request(self, report: ReportType, first: ReportRequest, result: JobResult) -> ReportRequest | None:
        """Return what to request after that report; None for nothing."""


@dataclass(frozen=True, eq=False)
class ReportRows:
    """One array of rows of one report type, or the lines of a flat file. Its schema file has its name.

    Attributes:
        name: Name of the stream.
        report: The report type.
        key_columns: Columns that identify a row within a partition.
        required_keys: Text columns of the key that are never blank: a line without one of them is no row. Not those
            that real documents leave blank.
        identity: Column that identifies a row where it has a value, though rows of equal keys are numbered.
        records_path: The document's array of rows; for a nested array, the dotted path. Empty for a flat file.
        replication_key: Column of the bookmark.
        parent_fields: Fields that a row of a nested array takes from its parent elements.
        ignored_fields: Fields that this stream leaves out, such as nested arrays with streams of their own.
        from_specification: Columns that the rows lack, and the field of the document's specification that has them.
        calendars: How the stream needs time to be split, if narrower than the report allows.
        opt_in: Needs too many rows, or too much of a quota, to be read by default: deselected unless a catalog
            selects it.
        follows: Another report that specifies what to request. It is read first.
        total: The total that a document states itself, and what adds up to it.
    """

    name: str
    report: ReportType
    key_columns: tuple[str, ...]
    required_keys: tuple[str, ...] = ()
    identity: str | None = None
    records_path: str = ""
    replication_key: str = "end_date"
    parent_fields: tuple[str, ...] = ()
    ignored_fields: tuple[str, ...] = ()
    from_specification: Mapping[str, str] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] | None = None
    opt_in: bool = False
    follows: Follows | None = None
    total: SettlementTotal | None = None

    @property
    def account_type(self) -> str:
        """Account type that has the stream."""
        return self.report.account_type

    @property
    def roles(self) -> tuple[str, ...]:
        """Amazon's roles, any one of which suffices."""
        return self.report.roles

    @property
    def countries(self) -> frozenset[str] | None:
        """Countries whose marketplaces have the stream; None for all, none where Amazon no longer gives the report."""
        return frozenset() if self.report.inbox_only else self.report.countries

    @property
    def source(self) -> str:
        """Amazon's name of the report type."""
        return self.report.name

    @property
    def time(self) -> Mapping[str, Calendar] | Calendar:
        """How time is split into windows: a calendar per ``reportPeriod``, or just one calendar."""
        return self.calendars or self.report.calendars

    @property
    def period_column(self) -> str | None:
        """The partition's column with the length of the periods, None if the rows have none."""
        return next((option.column for option in self.report.options if option.setting == "report_periods"), None)

    def calendar(self, context: Context) -> Calendar:
        """Return how the time of a partition's reports is split into windows."""
        calendars = self.time
        return calendars if isinstance(calendars, Calendar) else calendars[context[str(self.period_column)]]

    def partitions(self, settings: Settings) -> list[dict[str, t.Any]]:
        """Return a context for each account, marketplace and combination of options that the report has.

        None if it is read from the inbox only: it is neither planned nor asked for.
        """
        if self.report.inbox_only:
            return []
        choices = [
            [value for value in getattr(settings, option.setting) if value in option.values]
            for option in self.report.options
        ]
        return self._contexts(settings, choices)

    def unavailable_partitions(self, settings: Settings) -> list[dict[str, t.Any]]:
        """Return a context for each combination of configured options, if `left_out` says that the report has none."""
        if self.left_out(settings) is None:
            return []
        return self._contexts(settings, [list(getattr(settings, option.setting)) for option in self.report.options])

    def left_out(self, settings: Settings) -> str | None:
        """Return why the settings leave the stream without any partition, None if they do not."""
        if not any(account.kind == self.account_type for account in settings.accounts):
            return None
        reasons = (option.lacks(getattr(settings, option.setting)) for option in self.report.options)
        return "; ".join(reason for reason in reasons if reason) or None

    def _contexts(self, settings: Settings, choices: list[list[str]]) -> list[dict[str, t.Any]]:
        columns = [option.column for option in self.report.options]
        return [
            {
                "account": account.label,
                "marketplace_id": marketplace.marketplace_id,
                **dict(zip(columns, values, strict=True)),
            }
            for account in settings.accounts
            if account.kind == self.account_type
            for marketplace in self.report.marketplaces(account)
            for values in itertools.product(*choices)
        ]

    def report_partition(self, context: Context) -> ReportPartition:
        """Return the attributes that a partition's reports share."""
        options = {option.name: context[option.column] for option in self.report.options}
        return ReportPartition(
            context["account"],
            self.report.name,
            context["marketplace_id"],
            tuple(sorted({**self.report.fixed_options, **options}.items())),
        )

    def first_request(self, context: Context) -> ReportRequest:
        """Return the request for a partition's first reports, without a window yet."""
        report = self.follows.report if self.follows else self.report
        own = self.report_partition(context)._replace(report_type=report.name)
        return ReportRequest(*own, window=NO_TIME, calendar=self.calendar(context), policy=report)

    def leads_on(self, request: ReportRequest) -> bool:
        """Return whether a report says what to request next."""
        return self.follows is not None and request.report_type != self.report.name

    def next_request(self, request: ReportRequest, result: JobResult) -> ReportRequest | None:
        """Return what to request after a report that leads on; None for nothing."""
        return self.follows.next_request(self.report, request, result) if self.follows else None
