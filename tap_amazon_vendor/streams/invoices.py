"""Financial: invoices between vendor and Amazon, version 2026-06-25 (docs/amazon/vendor-apis.md#invoices)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.reports.windows import to_text
from tap_amazon_vendor.streams.paged import Detail, Listing, PagedRows, RereadHours

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_amazon_vendor.reports.windows import Window
    from tap_amazon_vendor.streams.paged import Context

#: Days of issue that one listing may cover, and days after its issue in which an invoice is looked for. Amazon does not
#: state how far back invoices go.
ISSUED_DAYS = 90
KEPT_DAYS = 730

_BASE = "/finances/invoices/2026-06-25/invoices"


@dataclass(frozen=True, eq=False)
class InvoiceListing(Listing):
    """Invoices that were modified in a window, of all days of issue: the only end that Amazon takes is of those."""

    def queries(self, window: Window, context: Context) -> Iterator[dict[str, str]]:
        """Yield a query for each range of days of issue, newest first.

        What was modified after the window is among them: Amazon has no end of modification.
        """
        modified_after = t.cast("datetime", window.start) - self.overlap
        end, oldest = t.cast("datetime", window.end), modified_after - timedelta(days=KEPT_DAYS)
        while end > oldest:
            start = max(oldest, end - timedelta(days=ISSUED_DAYS))
            yield {
                **self._constant(context),
                "fromIssueDate": to_text(start),
                "toIssueDate": to_text(end),
                "invoicesModifiedAfter": to_text(modified_after),
            }
            # Whether Amazon's ends are inclusive is not documented.
            end = start + self.overlap if start > oldest else oldest


# Usage plans: the model has none, so these are the slowest of the Finances API's.
INVOICES = InvoiceListing(
    Operation("getInvoiceHeaders", "GET", _BASE, 0.5, 10),
    elements="invoices",
    next_token="nextToken",  # noqa: S106  # no secret
    identifiers=("invoiceIdentifier",),
    ranges=(),
    # Amazon sets no limit to what was modified when: one window holds all.
    time=RereadHours(span=KEPT_DAYS * 24, look_back=KEPT_DAYS * 24, late=0, most=7),
    roles=(),
    per_marketplace=True,
)

LINES = Detail(
    Operation("getInvoice", "GET", f"{_BASE}/{{identifier}}", 0.5, 10),
    elements="invoiceItems",
    next_token="nextTokenForLineItems",  # noqa: S106  # no secret
    parameter="nextTokenForLineItems",
    identifier="lineItemId",
    element="invoiceHeader",
)

STREAMS = (
    PagedRows(
        name="vendor_invoices",
        listing=INVOICES,
        key_columns=("invoice_identifier",),
        replication_key="last_updated_date",
    ),
    PagedRows(
        name="vendor_invoice_items",
        listing=INVOICES,
        detail=LINES,
        inherits=("invoiceIdentifier", "lastUpdatedDate"),
        lifts=("lineItemContext", "matchingContext"),
        key_columns=("invoice_identifier", "line_item_id"),
        replication_key="last_updated_date",
    ),
)
