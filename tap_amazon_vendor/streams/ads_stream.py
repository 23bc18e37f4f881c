"""A stream of advertising reports: from the document of a report to typed rows."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.documents.files import read_slices
from tap_amazon_vendor.documents.rows import EXTRA, RowShaper, column_name
from tap_amazon_vendor.streams.ads_rows import PROFILE_ID
from tap_amazon_vendor.streams.columns import COUNTRY_CODE
from tap_amazon_vendor.streams.job_stream import JobStream
from tap_amazon_vendor.streams.row_checks import NearWindow, RepeatedKeys, counted

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record

    from tap_amazon_vendor.ads.request import AdsRequest
    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.documents.findings import Findings
    from tap_amazon_vendor.engine.model import JobResult
    from tap_amazon_vendor.streams.ads_rows import AdsRows

_PROFILE = {PROFILE_ID: {"type": "string", "description": "Amazon's id of the advertising profile."}}

#: What such a column is called in all streams.
ASIN = "asin"


class AdsStream(JobStream):
    """The rows that an `AdsRows` declares."""

    declaration: AdsRows

    def __init__(self, tap: Tap, declaration: AdsRows, settings: Callable[[], Settings]) -> None:
        """Build the schema and the row reader."""
        super().__init__(
            tap,
            declaration,
            settings,
            source=f"Amazon Ads, {declaration.report.name}",
            options=_PROFILE,
            after={
                "report_id": {
                    "type": ["string", "null"],
                    "description": f"Amazon's id of the {declaration.report.name} report that the row comes from.",
                },
            },
        )
        #: The contexts of all profiles: known only to a run, which asks Amazon for them.
        self.profiles: Callable[[], Iterable[dict[str, t.Any]]] = tuple
        self._asin = column_name(declaration.asin)
        amazons = {self._amazons(name): schema for name, schema in self._columns.items()}
        self._own_keys = tuple(map(self._amazons, declaration.key_columns))
        self._shaper = RowShaper(amazons, self._own_keys, self._warn_of_unknown, required=("date",))

    def _amazons(self, column: str) -> str:
        """Return the name that a column has after Amazon's."""
        return self._asin if column == ASIN and self._asin else column

    @property
    def partitions(self) -> list[dict[str, t.Any]] | None:
        """The contexts of the profiles that the run reads."""
        return [dict(context) for context in self.profiles()]

    def first_request(self, context: Mapping[str, t.Any]) -> AdsRequest:
        """Return the request for a partition's reports, without a window yet."""
        return self.declaration.first_request(context)

    def chunks(
        self,
        context: Mapping[str, t.Any],
        result: JobResult,
        findings: Findings,
        *,
        asked: bool = True,
        dated: bool = True,
    ) -> Iterator[list[Record]]:
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
            "report_id": result.job_id,
            EXTRA: None,
        }
        slices = read_slices(result.document, "", repairs=findings.repairs)
        rows = self._shaper.shape(slices, constants, f"report {result.job_id}", findings)
        days = NearWindow(result.request.window, self.declaration.replication_key) if dated else None
        checked = counted(rows, findings, repeated=RepeatedKeys(self._own_keys), days=days)
        return self._renamed(checked) if self._asin else checked

    def _renamed(self, chunks: Iterable[list[Record]]) -> Iterator[list[Record]]:
        """Call the advertised ASIN what all streams call it."""
        for rows in chunks:
            for row in rows:
                row[ASIN] = row.pop(self._asin)
            yield rows
