"""The declaration of a stream of advertising reports: what it is, not how it is read."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from functools import cached_property

from tap_amazon_vendor.ads.calendar import AdsDays
from tap_amazon_vendor.ads.request import GROUP_BY, PROFILE, AdsRequest
from tap_amazon_vendor.config.marketplaces import country_of
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


@dataclass(frozen=True, eq=False)
class AdsRows:
    """The daily rows of one report type of the Ads API. Its schema file has its name, and Amazon's columns.

    Attributes:
        name: Name of the stream.
        report: The report type.
        key_columns: Columns that identify a row within a profile.
        asin: Amazon's name of the column with the advertised ASIN: the stream calls it `asin`, as all others do.
        replication_key: Column of the bookmark.
        opt_in: Deselected unless a catalog selects it.
    """

    name: str
    report: AdsReportType
    key_columns: tuple[str, ...]
    asin: str = ""
    replication_key: str = "date"
    opt_in: bool = False

    @property
    def account_type(self) -> str:
        """Account type that has the stream."""
        return ADVERTISER

    @property
    def roles(self) -> tuple[str, ...]:
        """Amazon's roles: advertising has none."""
        return ()

    @property
    def countries(self) -> None:
        """Countries whose marketplaces have the stream: all."""

    @property
    def source(self) -> str:
        """Amazon's name of the report type."""
        return self.report.name

    @property
    def period_column(self) -> None:
        """The partition's column with the length of the periods: rows are of days."""

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Amazon's names of the columns."""
        return load_fields(self.name)

    def calendar(self, context: Context) -> AdsDays:
        """Return how a partition's time is split into windows."""
        return AdsDays.of(self.report, country_of(context["marketplace_id"]))

    def partitions(self, settings: Settings) -> list[dict[str, t.Any]]:  # noqa: ARG002
        """Return nothing: only Amazon, not the settings, says which profiles there are."""
        return []

    def unavailable_partitions(self, settings: Settings) -> list[dict[str, t.Any]]:  # noqa: ARG002
        """Return the contexts that `left_out` leaves out: none."""
        return []

    def left_out(self, settings: Settings) -> None:
        """Return why the settings leave the stream without any partition: they do not."""

    def report_partition(self, context: Context) -> ReportPartition:
        """Return what the ledger calls the partition."""
        options = {GROUP_BY: ",".join(self.report.group_by), PROFILE: context[PROFILE_ID]}
        return ReportPartition(
            context["account"], self.report.name, context["marketplace_id"], tuple(sorted(options.items()))
        )

    def first_request(self, context: Context) -> AdsRequest:
        """Return the request for a partition's reports, without a window yet."""
        return AdsRequest(
            *self.report_partition(context),
            window=NO_TIME,
            calendar=self.calendar(context),
            report_type=self.report,
            columns=self.fields,
        )

    def leads_on(self, request: AdsRequest) -> bool:  # noqa: ARG002
        """Return whether a report's rows say what to request next: none do."""
        return False

    def next_request(self, request: AdsRequest, result: JobResult) -> None:
        """Return what to request after a report that leads on: nothing."""
