"""Chooses the products of a report that must name them: those with the most impressions in another report."""

from __future__ import annotations

import heapq
import itertools
import typing as t
from dataclasses import dataclass, replace

import msgspec

from tap_amazon_vendor.documents.files import read_slices
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from tap_amazon_vendor.engine.model import JobResult
    from tap_amazon_vendor.reports.report_type import ReportType
    from tap_amazon_vendor.reports.request import ReportRequest
    from tap_amazon_vendor.streams.report_rows import ReportRows

#: Maximum of products in a request: their ids must fit in 200 characters
#: (docs/amazon/vendor-reports.md#brand-analytics).
MOST_ASINS = 18


class _Impressions(msgspec.Struct):
    """How often customers saw a product in search results."""

    asin: str
    data: dict[str, t.Any] = msgspec.field(name="impressionData", default_factory=dict)

    @property
    def count(self) -> int:
        return self.data.get("impressionCount") or 0


_impressions = msgspec.json.Decoder(list[_Impressions])


@dataclass(frozen=True)
class TopProducts:
    """The products with the most impressions in the same period.

    Attributes:
        of: The stream whose report has the impressions.
    """

    of: ReportRows

    @property
    def report(self) -> ReportType:
        """The report type with the impressions."""
        return self.of.report

    def next_request(self, report: ReportType, first: ReportRequest, result: JobResult) -> ReportRequest | None:
        """Return the request for the top products of a finished report.

        Args:
            report: The report type to request.
            first: The request of the report with the impressions.
            result: Its result.

        Returns:
            The request; None if there are no products, or if `first` is of type `report` already.

        Raises:
            DocumentError: The report can't be read.
        """
        if first.report_type == report.name or not result.document:
            return None
        shown = itertools.chain.from_iterable(
            map(_impressions.decode, read_slices(result.document, self.of.records_path))
        )
        # Ties are broken by ASIN, so that the request equals one that an earlier run may have sent.
        try:
            most = heapq.nlargest(MOST_ASINS, shown, key=lambda row: (row.count, row.asin))
        except msgspec.ValidationError as error:
            text = f"report {result.job_id}: {error}"
            raise DocumentError(text) from None
        asins = sorted(row.asin for row in most)
        if not asins:
            return None
        options = tuple(sorted({**dict(first.options), "asin": " ".join(asins)}.items()))
        return replace(first, report_type=report.name, options=options, policy=report)
