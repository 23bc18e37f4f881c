"""A stream of advertising reports: from the document of a report to typed rows."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from tap_amazon_vendor.ads.calendar import AdsDays
from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.documents.files import read_slices
from tap_amazon_vendor.documents.row_blocks import records_of
from tap_amazon_vendor.documents.rows import EXTRA, RowShaper, column_name
from tap_amazon_vendor.streams.ads_rows import PROFILE_ID, SNAPSHOT_TIME
from tap_amazon_vendor.streams.columns import COUNTRY_CODE
from tap_amazon_vendor.streams.job_stream import JobStream
from tap_amazon_vendor.streams.row_checks import RepeatedKeys, counted, period_check

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record

    from tap_amazon_vendor.ads.consent import Consents
    from tap_amazon_vendor.ads.request import AdsRequest
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.documents.findings import Findings
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.engine.model import JobResult
    from tap_amazon_vendor.reports.calendars import Calendar
    from tap_amazon_vendor.streams.ads_rows import AdsRows

_PROFILE = {PROFILE_ID: {"type": "string", "description": "Amazon's id of the advertising profile."}}

#: What such columns are called in all streams, and where an exported ad has them.
ASIN, SKU, PRODUCTS = "asin", "sku", "creative_products"


class AdsStream(JobStream):
    """The rows that an `AdsRows` declares."""

    declaration: AdsRows

    def __init__(self, tap: Tap, declaration: AdsRows, settings: Callable[[], Settings]) -> None:
        """Build the schema and the row reader."""
        super().__init__(
            tap,
            declaration,
            settings,
            source=f"Amazon Ads, {declaration.source}",
            options=_PROFILE,
            after={
                "report_id": {
                    "type": ["string", "null"],
                    "description": "Amazon's id of the report or export that the row comes from.",
                },
            },
        )
        #: The profiles, and what Amazon tells of them: known only to a run, which asks for them.
        self.consents: Callable[[], Consents | None] = lambda: None
        self._asin = column_name(declaration.asin)
        amazons = {self._amazons(name): schema for name, schema in self._columns.items()}
        #: Keys that the rows have themselves.
        self._own_keys = tuple(self._amazons(key) for key in declaration.key_columns if key != SNAPSHOT_TIME)
        self._shaper = RowShaper(amazons, self._own_keys, self._warn_of_unknown)

    def _amazons(self, column: str) -> str:
        """Return the name that a column has after Amazon's."""
        return self._asin if column == ASIN and self._asin else column

    @property
    def known(self) -> list[dict[str, t.Any]]:
        """The contexts that earlier runs had."""
        return [partition["context"] for partition in self.stream_state.get("partitions", [])]

    @property
    def partitions(self) -> list[dict[str, t.Any]] | None:
        """The contexts of the profiles that the run reads."""
        consents = self.consents()
        return [profile.context for profile in consents.profiles] if consents else []

    def calendar(self, context: Mapping[str, t.Any]) -> Calendar:
        """Return how a partition's time is split into windows: by the days of the profile's own time zone."""
        calendar, consents = super().calendar(context), self.consents()
        profile = consents.profile(context) if consents else None
        if profile is None or not isinstance(calendar, AdsDays):
            return calendar
        zone = profile.about.zone if profile.about else None
        return calendar.of_profile(zone, profile.account.restatement_days)

    def first_request(self, context: Mapping[str, t.Any]) -> AdsRequest:
        """Return the request for a partition's jobs, without a window yet."""
        return replace(self.declaration.first_request(context), calendar=self.calendar(context))

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
            result: The report's result, with its document.
            findings: Counts what is found.
            asked: Without meaning here: no file in the inbox is such a report.
            dated: The window of its request is known: the rows are compared with it.

        Yields:
            Rows, in chunks.

        Raises:
            DocumentError: They can't be read.
        """
        _ = asked
        constants = {
            **context,
            COUNTRY_CODE: country_of(context["marketplace_id"]),
            **self._taken_at(result),
            "report_id": result.job_id,
            EXTRA: None,
        }
        slices = read_slices(result.document, "", repairs=findings.repairs)
        rows = self._shaper.shape(slices, constants, f"report {result.job_id}", findings)
        request = result.request
        days = period_check(request.calendar, request.window, self._columns) if dated else None
        repeated = RepeatedKeys(self._own_keys) if self._own_keys else None
        rows = counted(rows, findings, repeated=repeated, days=days)
        return self._with_asins(rows) if self._asin or PRODUCTS in self._columns else rows

    def _taken_at(self, result: JobResult) -> dict[str, str]:
        """Return the time of a snapshot: when Amazon made it, so that reading it twice gives the same rows."""
        if self.declaration.replication_key != SNAPSHOT_TIME:
            return {}
        made = result.processed_at or t.cast("datetime", result.asked_at).isoformat()
        return {SNAPSHOT_TIME: f"{made[:19]}Z"}

    def _with_asins(self, chunks: Iterable[Rows]) -> Iterator[list[Record]]:
        """Call the advertised ASIN what all streams call it, and find it among the products of an ad."""
        for rows in map(records_of, chunks):
            for row in rows if self._asin else ():
                row[ASIN] = row.pop(self._asin)
            for row in rows if PRODUCTS in self._columns else ():
                row[ASIN], row[SKU] = (_only_product(row[PRODUCTS] or (), kind) for kind in ("ASIN", "SKU"))
            yield rows


def _only_product(products: Iterable[t.Any], kind: str) -> str | None:
    """Return the id of that kind of an ad's product, None where it has several."""
    found = {
        str(each.get("product_id"))
        for each in products
        if isinstance(each, dict) and each.get("product_id_type") == kind and each.get("product_id")
    }
    return found.pop() if len(found) == 1 else None
