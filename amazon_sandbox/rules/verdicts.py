"""What createReport was asked for, how that ends, and Amazon's words for it.

See docs/amazon/errors.md#texts-of-error-documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

NOT_YET_AVAILABLE = (
    "The report data for the requested date range is not yet available. Try submitting"
    " this createReport request at a later time, or modify dataEndTime to be an earlier"
    " date."
)
DATA_UNAVAILABLE = "The requested data is unavailable. Please try a different date range"
CLIENT_ERROR = (
    "A client error occurred. Please double check that your parameters are valid and"
    " fulfill the requirements of the report type."
)
DATES_MISSING = "dataStartTime and dataEndTime must be supplied"
SCHEDULED = (
    "This report type does not support the ParentReferenceId reportOption. Please review"
    " the document for this report type on GitHub, remove this reportOption from your"
    " request, and try again."
)
WRONG_MARKETPLACE = (
    "The requested marketplaceId does not match the marketplace associated with the"
    " selling partner account: {marketplace}"
)
NO_MANUFACTURING = "No vendor code set as manufacturing role for vendor group"
NO_RIGHTS = (
    "Error in report request: Report requested with invalid user inputs. Please verify"
    " if you have correct Vendor Group Rights and/or required permissions to request"
    " this report."
)
ORDERS_TOO_WIDE = "Date range exceeded. Report can be requested only upto 30 days"
INVALID_VALUE = "{option} parameter contains an invalid value"


@dataclass(frozen=True)
class ReportRequest:
    """What createReport was asked for, after the checks of the model.

    Attributes:
        report_type: Amazon's name of the report.
        marketplace_ids: As sent.
        options: The reportOptions.
        start: The dataStartTime, or None when it was left out.
        end: The dataEndTime, or None when it was left out.
        scheduled: Whether a schedule asked.
    """

    report_type: str
    marketplace_ids: tuple[str, ...]
    options: Mapping[str, str]
    start: datetime | None
    end: datetime | None
    scheduled: bool = False


@dataclass(frozen=True)
class Verdict:
    """How a report ends.

    Attributes:
        status: DONE, FATAL or CANCELLED.
        details: The errorDetails of a FATAL; None means that no document tells why.
    """

    status: Literal["DONE", "FATAL", "CANCELLED"]
    details: str | None = None


def fatal(details: str) -> Verdict:
    """A FATAL verdict that tells why."""
    return Verdict("FATAL", details)
