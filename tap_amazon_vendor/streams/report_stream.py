"""A stream of report rows: from a document to typed rows."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.documents.files import read_slices
from tap_amazon_vendor.documents.flat_files import LINE_NUMBER, OCCURRENCE, FlatFileReader
from tap_amazon_vendor.documents.rows import EXTRA, RowShaper
from tap_amazon_vendor.reports.belonging import CURRENCIES
from tap_amazon_vendor.reports.calendars import Period
from tap_amazon_vendor.reports.specification import stated
from tap_amazon_vendor.streams.columns import COUNTRY_CODE, with_own_countries
from tap_amazon_vendor.streams.job_stream import JobStream
from tap_amazon_vendor.streams.row_checks import (
    ForeignCurrencies,
    NearWindow,
    RepeatedIds,
    RepeatedKeys,
    counted,
    period_check,
)
from tap_amazon_vendor.streams.row_marketplaces import RowMarketplaces, own_marketplaces

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk import Tap

    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.documents.files import Document
    from tap_amazon_vendor.documents.findings import Findings
    from tap_amazon_vendor.documents.flat_files import FlatFile
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.engine.model import JobResult
    from tap_amazon_vendor.reports.belonging import ToldBy
    from tap_amazon_vendor.reports.request import ReportRequest
    from tap_amazon_vendor.reports.windows import Window
    from tap_amazon_vendor.streams.report_rows import ReportRows
    from tap_amazon_vendor.streams.row_checks import AskedPeriods

#: Column of snapshots: when Amazon made the report.
SNAPSHOT_TIME = "snapshot_time"


class ReportStream(JobStream):
    """The rows that a `ReportRows` declares."""

    declaration: ReportRows

    def __init__(self, tap: Tap, declaration: ReportRows, settings: Callable[[], Settings]) -> None:
        """Build the schema and the row reader."""
        report = declaration.report
        path = declaration.records_path
        super().__init__(
            tap,
            declaration,
            settings,
            source=f"{report.name}, {path}" if path else report.name,
            options={each.column: {"type": "string", "description": each.description} for each in report.options},
            after={
                "report_id": {
                    "type": ["string", "null"],
                    "description": f"Amazon's id of the {report.name} that the row comes from.",
                },
            },
        )
        # Key columns that the rows contain themselves.
        self._own_keys = tuple(key for key in self.primary_keys if key in self._columns)
        self._numbered = not {LINE_NUMBER, OCCURRENCE}.isdisjoint(self.primary_keys)
        self._shaper = RowShaper(
            self._columns,
            self._own_keys,
            self._warn_of_unknown,
            declaration.ignored_fields,
            required=declaration.required_keys,
        )
        self._flat_reader = report.layout and self._reader(report.layout)
        self.restricted = report.restricted

    def first_request(self, context: Mapping[str, t.Any]) -> ReportRequest:
        """Return the request for a partition's first reports, without a window yet."""
        return self.declaration.first_request(context)

    def chunks(
        self,
        context: Mapping[str, t.Any],
        result: JobResult,
        findings: Findings,
        *,
        asked: bool = True,
        dated: bool = True,
    ) -> Iterator[Rows]:
        """Read the rows of a report.

        Args:
            context: The partition.
            result: The result of its report, with a document.
            findings: Counts what is found.
            asked: The report was asked for: what belongs to the report of another marketplace is left to that.
            dated: The window of its request is known, as asked for or as stated: the rows are compared with it.

        Yields:
            Rows, in chunks.

        Raises:
            DocumentError: They can't be read, or are not what was asked for.
        """
        rows = self._rows(context, result, findings)
        told_by = self.declaration.report.told_by
        if told_by and asked:
            rows = self._sorted(rows, context, findings, told_by)
        elif told_by:
            own = self._own(context) if self.declaration.report.once_per_account else ()
            rows = own_marketplaces(rows, told_by, context["marketplace_id"], findings, own)
        days = self._days(context, result.request.window) if dated else None
        # The rest of the key is the same in all rows.
        is_constant = self._own_keys and not told_by and "marketplace_id" not in self._columns
        repeated: RepeatedKeys | RepeatedIds | None = None
        if not self._numbered:
            repeated = RepeatedKeys(self._own_keys if is_constant else (*self._own_keys, "marketplace_id"))
        elif self.declaration.identity:
            repeated = RepeatedIds(self.declaration.identity)
        total = self.declaration.total.check() if self.declaration.total else None
        currencies = self._currencies(context["marketplace_id"])
        return counted(
            rows,
            findings,
            repeated=repeated,
            days=days,
            currencies=currencies,
            total=total,
            layout_known=self._flat_reader is not None,
        )

    def _sorted(
        self,
        rows: Iterator[Rows],
        context: Mapping[str, t.Any],
        findings: Findings,
        told_by: ToldBy,
    ) -> Iterator[Rows]:
        """Return the rows of a report that belong to the marketplace that it was asked for."""
        report = self.declaration.report
        account = self._account(context)
        sorter = RowMarketplaces(
            report,
            told_by,
            asked=context["marketplace_id"],
            own=self._own(context),
            asked_for=frozenset(each.marketplace_id for each in report.marketplaces(account)),
        )
        return sorter.sort(rows, findings)

    def _account(self, context: Mapping[str, t.Any]) -> Account:
        return next(each for each in self._settings().labels if each.label == context["account"])

    def _own(self, context: Mapping[str, t.Any]) -> frozenset[str]:
        """Return the ids of the marketplaces of a partition's account."""
        return frozenset(each.marketplace_id for each in self._account(context).marketplaces)

    def _days(self, context: Mapping[str, t.Any], window: Window) -> AskedPeriods | NearWindow | None:
        """Return the check of the rows' days."""
        calendar = self.calendar(context)
        if not self._flat_reader:
            filled = self._columns.keys() - self.declaration.from_specification.keys()
            return period_check(calendar, window, filled)
        column = self.declaration.replication_key
        return NearWindow(window, column) if isinstance(calendar, Period) and column in self._columns else None

    def _currencies(self, marketplace_id: str) -> ForeignCurrencies | None:
        """Return the check of currencies, for rows that do not tell their marketplace themselves."""
        own = CURRENCIES.get(country_of(marketplace_id) or "")
        columns = [column for column in self._columns if column.endswith(("currency", "currency_code"))]
        if self.declaration.report.told_by or not own or not columns or "marketplace_id" in self._columns:
            return None
        return ForeignCurrencies(columns, own)

    def _rows(self, context: Mapping[str, t.Any], result: JobResult, findings: Findings) -> Iterator[Rows]:
        document = t.cast("Document", result.document)
        country = country_of(context["marketplace_id"])
        constants = {
            **{name: context[name] for name in ("account", "marketplace_id")},
            COUNTRY_CODE: country,
            **context,
            **self._from_document(result),
            "report_id": result.job_id,
            EXTRA: None,
        }
        if self._flat_reader:
            source = f"report {result.job_id}"
            return self._flat_reader.read(
                document.path, constants, source, findings, charset=document.charset, country=country
            )
        path = self.declaration.records_path
        slices = read_slices(document, path, self.declaration.parent_fields, findings.repairs, findings.remarks)
        rows = self._shaper.shape(slices, constants, f"report {result.job_id}, {path}", findings)
        return with_own_countries(rows) if "marketplace_id" in self._columns else rows

    def _reader(self, layout: FlatFile) -> FlatFileReader:
        told_by = self.declaration.report.told_by
        return FlatFileReader(
            layout,
            self._columns,
            self._own_keys,
            self._warn_of_unknown,
            self.warn_once,
            required=self.declaration.required_keys,
            apart=told_by.columns if told_by else (),
        )

    def _from_document(self, result: JobResult) -> dict[str, t.Any]:
        """Return the columns that are the same for all rows of a document, from the request and its specification."""
        specified = {**result.request.body(), **stated(result.document and result.document.specification)}
        columns: dict[str, t.Any] = {}
        if SNAPSHOT_TIME in self._columns:
            # When Amazon made the report, not when we read it: reading it twice gives the same rows.
            made = result.processed_at or t.cast("datetime", result.asked_at).isoformat()
            columns[SNAPSHOT_TIME] = f"{made[:19]}Z"
        for column, name in self.declaration.from_specification.items():
            is_day = self._columns[column].get("format") == "date"
            columns[column] = specified[name][:10] if is_day and name in specified else specified.get(name)
        return columns
