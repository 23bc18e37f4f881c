"""Declarations of advertising streams: what they are, not how they are read."""

from __future__ import annotations

import typing as t
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

from tap_amazon_vendor.ads.calendar import AdsDays
from tap_amazon_vendor.ads.exports import AdsExportRequest
from tap_amazon_vendor.ads.request import GROUP_BY, PROFILE, AdsRequest
from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.reports.calendars import Calendar, Snapshot
from tap_amazon_vendor.reports.request import ReportPartition
from tap_amazon_vendor.reports.windows import NO_TIME
from tap_amazon_vendor.singer.schema_files import load_fields

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_amazon_vendor.ads.report_type import AdsReportType
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.engine.model import JobResult

    Context = Mapping[str, t.Any]

#: The type of account that has advertising streams: one with a consent for it, whatever it sells.
ADVERTISER = "ads"

#: Column of the partition.
PROFILE_ID = "profile_id"

#: Column of snapshots: when Amazon made the export, or answered with the list.
SNAPSHOT_TIME = "snapshot_time"


class AdsRows(ABC):
    """The rows of one kind that each advertising profile has.

    Attributes:
        name: Name of the stream, and of its schema file.
        key_columns: Columns that identify a row within a profile.
        replication_key: Column of the bookmark.
        asin: Amazon's name of the column with the advertised ASIN: the stream calls it `asin`, as all others do.
    """

    name: str
    key_columns: tuple[str, ...]
    replication_key: str
    asin: str = ""

    account_type = ADVERTISER
    opt_in = False
    #: Advertising has none of the Selling Partner API's roles.
    roles: tuple[str, ...] = ()
    countries: frozenset[str] | None = None
    period_column: str | None = None

    @property
    @abstractmethod
    def source(self) -> str:
        """Amazon's name of the report type, export or list."""

    @abstractmethod
    def calendar(self, context: Context) -> Calendar:
        """Return how a partition's time is split into windows."""

    @abstractmethod
    def first_request(self, context: Context) -> AdsRequest:
        """Return the request for a partition's jobs, without a window yet."""

    @property
    def options(self) -> dict[str, str]:
        """What else than the profile its jobs are for."""
        return {}

    def report_partition(self, context: Context) -> ReportPartition:
        """Return what the ledger calls the partition."""
        options = {**self.options, PROFILE: context[PROFILE_ID]}
        return ReportPartition(
            context["account"], self.source, context["marketplace_id"], tuple(sorted(options.items()))
        )

    def partitions(self, settings: Settings) -> list[dict[str, t.Any]]:  # noqa: ARG002
        """Return nothing: only Amazon, not the settings, says which profiles there are."""
        return []

    def unavailable_partitions(self, settings: Settings) -> list[dict[str, t.Any]]:  # noqa: ARG002
        """Return the contexts that `left_out` leaves out: none."""
        return []

    def left_out(self, settings: Settings) -> None:  # noqa: B027  # not abstract: none has a reason
        """Return why the settings leave the stream without any partition: they do not."""

    def leads_on(self, request: AdsRequest) -> bool:  # noqa: ARG002
        """Return whether a job's rows say what to request next: none do."""
        return False

    def next_request(self, request: AdsRequest, result: JobResult) -> None:  # noqa: B027  # nothing
        """Return what to request after a job that leads on: nothing."""


@dataclass(frozen=True, eq=False)
class AdsReportRows(AdsRows):
    """The daily rows of one report type. Its schema file has Amazon's columns.

    Attributes:
        report: The report type.
    """

    name: str
    report: AdsReportType
    key_columns: tuple[str, ...]
    asin: str = ""
    replication_key: str = "date"

    @property
    def source(self) -> str:
        """Amazon's name of the report type."""
        return self.report.name

    @property
    def options(self) -> dict[str, str]:
        """What a row is of."""
        return {GROUP_BY: ",".join(self.report.group_by)}

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Amazon's names of the columns."""
        return load_fields(self.name)

    def calendar(self, context: Context) -> AdsDays:
        """Return how a partition's time is split into windows."""
        return AdsDays.of(self.report, country_of(context["marketplace_id"]))

    def first_request(self, context: Context) -> AdsRequest:
        """Return the request for a partition's reports, without a window yet."""
        return AdsRequest(
            *self.report_partition(context),
            window=NO_TIME,
            calendar=self.calendar(context),
            report_type=self.report,
            columns=self.fields,
        )


@dataclass(frozen=True, eq=False)
class AdsSnapshotRows(AdsRows):
    """The rows of an export or list: the state of now.

    Attributes:
        kind: What is exported or listed.
    """

    name: str
    kind: str
    key_columns: tuple[str, ...]
    replication_key: str = SNAPSHOT_TIME

    @property
    def source(self) -> str:
        """What is exported or listed."""
        return self.kind

    def calendar(self, context: Context) -> Snapshot:  # noqa: ARG002
        """Return how a partition's time is split into windows: it is now."""
        return Snapshot()

    def first_request(self, context: Context) -> AdsExportRequest:
        """Return the request for a partition's exports, without a window yet."""
        return AdsExportRequest(*self.report_partition(context), window=NO_TIME, calendar=self.calendar(context))
