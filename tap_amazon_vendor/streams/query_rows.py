"""The declaration of a stream of Data Kiosk rows: what it is, not how it is read."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from functools import cached_property

from tap_amazon_vendor.data_kiosk.request import PERIOD, QueryRequest
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.reports.request import ReportPartition
from tap_amazon_vendor.reports.windows import NO_TIME
from tap_amazon_vendor.singer.schema_files import load_fields

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.marketplaces import Marketplace
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.data_kiosk.view import View
    from tap_amazon_vendor.engine.model import JobResult
    from tap_amazon_vendor.reports.calendars import Calendar

    Context = Mapping[str, t.Any]

#: Columns of a partition: what its figures are split by, and the groups of metrics that its queries ask for.
GROUP_BY, METRICS = "group_by", "metrics"


@dataclass(frozen=True, eq=False)
class QueryRows:
    """The rows of one view of Data Kiosk. Its schema file has its name.

    Attributes:
        name: Name of the stream.
        view: The view.
        key_columns: Columns that identify a row within a partition, besides the attributes that the user groups by.
        description: What the rows are, for the schema file.
        replication_key: Column of the bookmark.
        opt_in: Deselected unless a catalog selects it: what it needs of the quota, and most of its figures, another
            stream has as well.
    """

    name: str
    view: View
    key_columns: tuple[str, ...]
    description: str
    replication_key: str = "end_date"
    opt_in: bool = True

    @property
    def account_type(self) -> str:
        """Account type that has the stream."""
        return self.view.account_type

    @property
    def roles(self) -> tuple[str, ...]:
        """Amazon's roles, any one of which suffices."""
        return self.view.roles

    @property
    def countries(self) -> None:
        """Countries whose marketplaces have the stream: all."""

    @property
    def source(self) -> str:
        """Amazon's name of dataset and view."""
        return self.view.name

    @property
    def period_column(self) -> str:
        """The partition's column with the length of the periods."""
        return self.view.period.column

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Paths of all fields of the view."""
        return load_fields(self.name)

    @cached_property
    def every_attribute(self) -> tuple[str, ...]:
        """The columns of all attributes that a user may group by."""
        within = f"{self.view.attributes}."
        names = [path.removeprefix(within) for path in self.fields if self.view.attributes and path.startswith(within)]
        return tuple(column_name(name.partition(".")[0]) for name in names)

    def attributes(self, group_by: str) -> tuple[str, ...]:
        """Return the columns of the attributes that a partition groups by."""
        return tuple(column_name(each) for each in group_by.split(",") if each) if self.view.attributes else ()

    def calendar(self, context: Context) -> Calendar:
        """Return how a partition's time is split into windows."""
        return self.view.calendars[context[self.period_column]]

    def partitions(self, settings: Settings) -> list[dict[str, t.Any]]:
        """Return a context for each account, marketplace that is asked for, and length of periods."""
        periods = [period for period in settings.report_periods if period in self.view.period.values]
        return [self._context(settings, *whose, period) for whose in self._accounts(settings) for period in periods]

    def unavailable_partitions(self, settings: Settings) -> list[dict[str, t.Any]]:
        """Return a context for each configured length of periods, if `left_out` says that Amazon has none of them."""
        if self.left_out(settings) is None:
            return []
        return [
            self._context(settings, *whose, period)
            for whose in self._accounts(settings)
            for period in settings.report_periods
        ]

    def left_out(self, settings: Settings) -> str | None:
        """Return why the settings leave the stream without any partition, None if they do not."""
        if not any(account.kind == self.account_type for account in settings.accounts):
            return None
        return self.view.period.lacks(settings.report_periods)

    def _accounts(self, settings: Settings) -> Iterator[tuple[Account, Marketplace]]:
        for account in settings.accounts:
            if account.kind == self.account_type:
                for marketplace in account.marketplaces:
                    yield account, marketplace

    def _context(self, settings: Settings, account: Account, marketplace: Marketplace, period: str) -> dict[str, t.Any]:
        """Return a partition. What does not change what a row is, is not part of it: see `first_request`."""
        context = {
            "account": account.label,
            "marketplace_id": marketplace.marketplace_id,
            self.period_column: period,
        }
        return context | ({GROUP_BY: ",".join(settings.kiosk_group_by)} if self.view.attributes else {})

    def first_request(self, context: Context, settings: Settings) -> QueryRequest:
        """Return the request for a partition's queries, without a window yet."""
        fields = self.view.chosen(
            self.fields,
            period=context[self.period_column],
            groups=settings.kiosk_metrics,
            attributes=context.get(GROUP_BY, "").split(","),
        )
        options = dict(self.report_partition(context).options)
        if self.view.groups:
            # A query of other metrics is another query.
            options[METRICS] = ",".join(settings.kiosk_metrics)
        return QueryRequest(
            context["account"],
            self.view.name,
            context["marketplace_id"],
            tuple(sorted(options.items())),
            window=NO_TIME,
            calendar=self.calendar(context),
            view=self.view,
            fields=tuple(fields),
        )

    def report_partition(self, context: Context) -> ReportPartition:
        """Return what the ledger calls the partition."""
        options = {PERIOD: context[self.period_column]}
        if self.view.attributes:
            options["groupBy"] = context[GROUP_BY]
        return ReportPartition(
            context["account"], self.view.name, context["marketplace_id"], tuple(sorted(options.items()))
        )

    def leads_on(self, request: QueryRequest) -> bool:  # noqa: ARG002
        """Return whether a query's rows say what to request next: none do."""
        return False

    def next_request(self, request: QueryRequest, result: JobResult) -> None:
        """Return what to request after a query that leads on: nothing."""
