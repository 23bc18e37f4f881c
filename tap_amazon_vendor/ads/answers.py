"""Answers of the Ads API about reports, as far as they are read (docs/amazon/ads.md#reports)."""

from __future__ import annotations

import typing as t

import msgspec

from tap_amazon_vendor.amazon.answers import Answer, Text

#: Where a document lies: a secret for an hour.
Url = t.Annotated[str, msgspec.Meta(pattern=r"\A[\x21-\x7e]+\Z")]

#: How far a report is. Another word may be passing: such an answer is asked for again.
AdsStatus = t.Annotated[str, msgspec.Meta(pattern=r"\A(PENDING|PROCESSING|COMPLETED|FAILED|FAILURE|CANCELLED)\Z")]


class AdsReport(Answer):
    """Of every call about a report."""

    report_id: Text
    status: AdsStatus
    created_at: str | None = None
    generated_at: str | None = None
    url: Url | None = None
    failure_reason: str | None = None


#: The same of an export.
ExportStatus = t.Annotated[str, msgspec.Meta(pattern=r"\A(PROCESSING|COMPLETED|FAILED)\Z")]


class AdsExport(Answer):
    """Of every call about an export."""

    export_id: Text
    status: ExportStatus
    created_at: str | None = None
    generated_at: str | None = None
    url: Url | None = None


class PortfolioPage(Answer):
    """Of listPortfolios.

    Attributes:
        portfolios: Each as it came.
    """

    portfolios: list[msgspec.Raw]
    next_token: str | None = None
