"""Report options that several reports share.

See docs/amazon/vendor-reports.md and docs/amazon/seller-reports.md#performance.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from tap_amazon_vendor.documents.rows import column_name

if t.TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Option:
    """A report option whose values a user chooses in the settings.

    Attributes:
        name: Amazon's name.
        setting: The setting that lists the values.
        values: Values that the report accepts.
        description: Description of the column of that name.
    """

    name: str
    setting: t.Literal["report_periods", "distributor_views", "selling_programs"]
    values: tuple[str, ...]
    description: str

    @property
    def column(self) -> str:
        """Name of the option's column."""
        return column_name(self.name)

    def lacks(self, wanted: Sequence[str]) -> str | None:
        """Return why a report is never requested, None if it has a wanted value.

        Args:
            wanted: The values that the setting lists.
        """
        if not set(wanted).isdisjoint(self.values):
            return None
        return f"no {' or '.join(wanted)}; Amazon has {', '.join(self.values)}: add one to {self.setting}"


REPORT_PERIOD = Option(
    "reportPeriod",
    "report_periods",
    ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR"),
    "Period over which the figures are summed: DAY, WEEK (Sunday to Saturday), MONTH, "
    "QUARTER or YEAR. Do not add up rows of different periods.",
)
DISTRIBUTOR_VIEW = Option(
    "distributorView",
    "distributor_views",
    ("MANUFACTURING", "SOURCING"),
    "MANUFACTURING: all sales of products that the vendor makes. SOURCING: only units that Amazon "
    "bought from this vendor. Do not add the two up.",
)
SELLING_PROGRAM = Option(
    "sellingProgram",
    "selling_programs",
    ("RETAIL", "BUSINESS", "FRESH"),
    "Amazon's store. RETAIL has been seen to contain BUSINESS and FRESH: do not add programs up.",
)

#: Inventory reports have no BUSINESS.
STOCK_PROGRAM = replace(SELLING_PROGRAM, values=("RETAIL", "FRESH"))

#: Brand reports have no YEAR, and some no DAY.
BRAND_PERIOD = replace(REPORT_PERIOD, values=("DAY", "WEEK", "MONTH", "QUARTER"))
LONG_BRAND_PERIOD = replace(REPORT_PERIOD, values=("WEEK", "MONTH", "QUARTER"))

#: What sales and traffic call the period.
DATE_GRANULARITY = replace(REPORT_PERIOD, name="dateGranularity", values=("DAY", "WEEK", "MONTH"))
