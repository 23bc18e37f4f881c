"""Seller finance: the transactions of the Finances API 2024-06-19 (docs/amazon/other-apis.md#listtransactions)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import timedelta

import msgspec  # noqa: TC002  # msgspec itself reads the annotations

from tap_amazon_vendor.amazon.answers import Answer, Text
from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.reports.calendars import Hours
from tap_amazon_vendor.reports.roles import FINANCE
from tap_amazon_vendor.reports.windows import to_text
from tap_amazon_vendor.streams.paged import PagedRows

if t.TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_amazon_vendor.reports.calendars import Horizon
    from tap_amazon_vendor.reports.windows import Window


@dataclass(frozen=True)
class PostedHours(Hours):
    """Hours of posting. A transaction may appear two days late, and changes its status when it is released."""

    def restated(self, horizon: Horizon) -> datetime:
        """Return the first of the hours that are read again."""
        return self.newest(horizon) - timedelta(days=max(horizon.restatement_days, 2))


class _Marketplace(Answer):
    marketplace_id: str | None = None


class Transaction(Answer):
    """A transaction: what tells its marketplace, and its key."""

    transaction_id: Text
    marketplace_details: _Marketplace | None = None
    selling_partner_metadata: _Marketplace | None = None


class _Transactions(Answer):
    transactions: list[msgspec.Raw]
    next_token: str | None = None


class TransactionPage(Answer):
    """Of listTransactions."""

    payload: _Transactions


class SellerFinanceTransactions(PagedRows):
    """Transactions of all marketplaces: if one is named, Amazon leaves out orders that the seller ships."""

    name = "seller_finance_transactions"
    account_type = "seller"
    operation = Operation("listTransactions", "GET", "/finances/2024-06-19/transactions", 0.5, 10)
    answer = TransactionPage
    element = Transaction
    key_columns = ("transaction_id",)
    replication_key = "posted_date"
    # A wider window returns nothing, without an error. Amazon does not state how far back data reaches.
    time = PostedHours(span=180 * 24, look_back=730 * 24, late=1)
    roles = (FINANCE,)

    def query(self, window: Window) -> dict[str, str]:
        """Return the query of the range, whose end is exclusive."""
        return {"postedAfter": to_text(window.start), "postedBefore": to_text(window.end)}

    def elements(self, answer: TransactionPage) -> Sequence[msgspec.Raw]:
        """Return the transactions of a page, possibly none."""
        return answer.payload.transactions

    def next_token(self, answer: TransactionPage) -> str | None:
        """Return the token of the next page."""
        return answer.payload.next_token

    def marketplace(self, element: Transaction) -> str | None:
        """Return the marketplace id of the transaction's marketplace details, or else of its seller metadata."""
        for part in (element.marketplace_details, element.selling_partner_metadata):
            if part and part.marketplace_id:
                return part.marketplace_id
        return None
