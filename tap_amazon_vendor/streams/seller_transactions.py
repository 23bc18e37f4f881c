"""Seller finance: the transactions of the Finances API 2024-06-19 (docs/amazon/other-apis.md#listtransactions)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import timedelta

from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.reports.calendars import Hours
from tap_amazon_vendor.reports.roles import FINANCE
from tap_amazon_vendor.reports.windows import to_text
from tap_amazon_vendor.streams.paged import PagedRows

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tap_amazon_vendor.reports.calendars import Horizon
    from tap_amazon_vendor.reports.windows import Window


@dataclass(frozen=True)
class PostedHours(Hours):
    """Hours of posting. A transaction may appear two days late, and changes its status when it is released."""

    def restated(self, horizon: Horizon) -> datetime:
        """Return the first of the hours that are read again."""
        return self.newest(horizon) - timedelta(days=max(horizon.restatement_days, 2))


class SellerFinanceTransactions(PagedRows):
    """Transactions of all marketplaces: if one is named, Amazon leaves out orders that the seller ships."""

    name = "seller_finance_transactions"
    account_type = "seller"
    operation = Operation("listTransactions", "GET", "/finances/2024-06-19/transactions", 0.5, 10)
    key_columns = ("transaction_id",)
    replication_key = "posted_date"
    # A wider window returns nothing, without an error. Amazon does not state how far back data reaches.
    time = PostedHours(span=180 * 24, look_back=730 * 24, late=1)
    roles = (FINANCE,)

    def query(self, window: Window) -> dict[str, str]:
        """Return the query of the range, whose end is exclusive."""
        return {"postedAfter": to_text(window.start), "postedBefore": to_text(window.end)}

    def elements(self, answer: Mapping[str, t.Any]) -> Iterable[Mapping[str, t.Any]]:
        """Return the transactions of a page, possibly none."""
        transactions: list[Mapping[str, t.Any]] = (answer.get("payload") or {}).get("transactions") or []
        return transactions

    def next_token(self, answer: Mapping[str, t.Any]) -> str | None:
        """Return the token of the next page."""
        token: str | None = (answer.get("payload") or {}).get("nextToken")
        return token

    def marketplace(self, element: Mapping[str, t.Any]) -> str | None:
        """Return the marketplace id of the transaction's marketplace details, or else of its seller metadata."""
        for part in ("marketplaceDetails", "sellingPartnerMetadata"):
            marketplace: str | None = (element.get(part) or {}).get("marketplaceId")
            if marketplace:
                return marketplace
        return None
