"""A stream of Data Kiosk rows: from the documents of a query to typed rows."""

from __future__ import annotations

import itertools
import typing as t

from singer_sdk.singerlib import Schema

from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.documents.json_lines import read_lines
from tap_amazon_vendor.documents.row_blocks import records_of
from tap_amazon_vendor.documents.rows import EXTRA, RowShaper
from tap_amazon_vendor.streams.columns import COUNTRY_CODE, with_own_countries
from tap_amazon_vendor.streams.job_stream import JobStream
from tap_amazon_vendor.streams.query_rows import GROUP_BY
from tap_amazon_vendor.streams.row_checks import NearWindow, RepeatedKeys, counted
from tap_amazon_vendor.streams.row_marketplaces import UNTOLD

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record
    from singer_sdk.singerlib import Catalog

    from tap_amazon_vendor.config.settings import Settings
    from tap_amazon_vendor.documents.findings import Findings
    from tap_amazon_vendor.documents.row_blocks import Rows
    from tap_amazon_vendor.engine.model import JobResult
    from tap_amazon_vendor.streams.query_rows import QueryRows

_GROUP_BY = {
    GROUP_BY: {
        "type": "string",
        "description": "Attributes by which the figures are split: Amazon's names, separated by commas. Do not add up "
        "rows with different attributes.",
    }
}

#: Fields of which a remark names so many.
_TOLD = 5


class QueryStream(JobStream):
    """The rows that a `QueryRows` declares."""

    declaration: QueryRows

    def __init__(self, tap: Tap, declaration: QueryRows, settings: Callable[[], Settings]) -> None:
        """Build the schema and the row reader."""
        view = declaration.view
        period = {view.period.column: {"type": "string", "description": view.period.description}}
        super().__init__(
            tap,
            declaration,
            settings,
            source=f"Data Kiosk, {view.name}",
            options=period | (_GROUP_BY if view.attributes else {}),
            after={
                "report_id": {
                    "type": ["string", "null"],
                    "description": "Amazon's id of the query that the row comes from; of several pages, of the last.",
                },
            },
        )
        #: Columns of the attributes that the user groups by. That there are some is checked with the settings.
        group_by = sorted(set(tap.config.get("kiosk_group_by") or ()))
        self.attributes = attributes = declaration.attributes(",".join(group_by))
        self.primary_keys = (*self.primary_keys, *attributes)
        for column in attributes:
            self.schema["properties"][column]["type"] = "string"
        self._own_keys = (*declaration.key_columns, *attributes)
        self._columns = {
            name: {**schema, "type": "string"} if name in attributes else schema
            for name, schema in self._columns.items()
        }
        self._shaper = RowShaper(
            self._columns,
            (*self._own_keys, "marketplace_id"),
            self._warn_of_unknown,
            required=("marketplace_id",),
        )

    def apply_catalog(self, catalog: Catalog) -> None:
        """Apply a catalog. One that was made for other attributes gets our key and schema: rows would be lost."""
        if entry := catalog.get_stream(self.name):
            keys = set(entry.key_properties or self.primary_keys)
            if keys & set(self.declaration.every_attribute) != set(self.attributes):
                # In place: the SDK's stream maps are made of the same catalog.
                entry.key_properties = list(self.primary_keys)
                entry.schema = Schema.from_dict(self.schema)
        super().apply_catalog(catalog)

    def first_request(self, context: Mapping[str, t.Any]) -> t.Any:  # noqa: ANN401
        """Return the request for a partition's queries, without a window yet."""
        return self.declaration.first_request(context, self._settings())

    def chunks(
        self,
        context: Mapping[str, t.Any],
        result: JobResult,
        findings: Findings,
        *,
        asked: bool = True,
        dated: bool = True,
    ) -> Iterator[Rows]:
        """Read the rows of a query, those of all its pages.

        Args:
            context: The partition.
            result: The query's result, with its documents.
            findings: Counts what is found.
            asked: The query was asked for: rows of other marketplaces are left out.
            dated: The window of its request is known: the rows are compared with it.

        Yields:
            Rows, in chunks.

        Raises:
            DocumentError: They can't be read, or are of other periods than asked for.
        """
        view = self.declaration.view
        # The row says where it belongs.
        constants = {**context, COUNTRY_CODE: None, "report_id": result.job_id, EXTRA: None}
        del constants["marketplace_id"]
        slices = itertools.chain.from_iterable(
            read_lines(document, view.rows, view.lifted, findings.repairs) for document in result.documents
        )
        rows = self._shaper.shape(slices, constants, f"query {result.job_id}", findings)
        rows = with_own_countries(_of_marketplace(rows, context["marketplace_id"], findings) if asked else rows)
        self._remark_refused(result, findings)
        return counted(
            rows,
            findings,
            repeated=RepeatedKeys((*self._own_keys, "marketplace_id")),
            days=NearWindow(result.request.window, self.declaration.replication_key, figures=True) if dated else None,
        )

    @staticmethod
    def _remark_refused(result: JobResult, findings: Findings) -> None:
        refused = sorted({path for document in result.documents for path in getattr(document, "refused", ())})
        if refused:
            more = f" and {len(refused) - _TOLD} more" if len(refused) > _TOLD else ""
            findings.remarks.append(
                f"Amazon refuses {', '.join(refused[:_TOLD])}{more}: these columns are empty. The account lacks them, "
                "the application lacks their role, or it is an incident at Amazon"
            )


def _of_marketplace(chunks: Iterable[Rows], marketplace_id: str, findings: Findings) -> Iterator[list[Record]]:
    """Yield the rows of the marketplace that was asked for: a view without such an argument has all of the account."""
    for rows in map(records_of, chunks):
        own = [row for row in rows if row["marketplace_id"] == marketplace_id]
        if len(own) < len(rows):
            others = (row["marketplace_id"] for row in rows if row["marketplace_id"] != marketplace_id)
            findings.rows_elsewhere.update(country_of(other) or UNTOLD for other in others)
        yield own
