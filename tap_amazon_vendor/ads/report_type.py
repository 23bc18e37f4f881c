"""Report types of the Ads API: what Amazon states of each. Streams name them."""

from __future__ import annotations

from dataclasses import dataclass

SPONSORED_PRODUCTS = "SPONSORED_PRODUCTS"
SPONSORED_BRANDS = "SPONSORED_BRANDS"
SPONSORED_DISPLAY = "SPONSORED_DISPLAY"

#: Kinds of advertising, as names of streams and settings have them.
FAMILIES = {SPONSORED_PRODUCTS: "sp", SPONSORED_BRANDS: "sb", SPONSORED_DISPLAY: "sd"}


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

    @property
    def family(self) -> str:
        """The kind of advertising, as names of streams and settings have it."""
        return FAMILIES[self.ad_product]
