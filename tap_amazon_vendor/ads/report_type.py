"""Report types of the Ads API: what Amazon states of each. Streams name them."""

from __future__ import annotations

from dataclasses import dataclass

SPONSORED_PRODUCTS = "SPONSORED_PRODUCTS"
SPONSORED_BRANDS = "SPONSORED_BRANDS"
SPONSORED_DISPLAY = "SPONSORED_DISPLAY"


@dataclass(frozen=True)
class AdsReportType:
    """A report type, grouped in one way (docs/amazon/ads.md#report-types).

    Attributes:
        name: Amazon's ``reportTypeId``.
        ad_product: Amazon's ``adProduct``.
        group_by: What a row is of.
        days_back: How many days before today, in the profile's time zone, Amazon keeps.
        span: Most days of a report.
    """

    name: str
    ad_product: str
    group_by: tuple[str, ...]
    days_back: int
    span: int = 31
