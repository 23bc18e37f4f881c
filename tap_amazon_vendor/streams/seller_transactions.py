"""Seller finance: the transactions of the Finances API 2024-06-19 (docs/amazon/other-apis.md#listtransactions)."""

from __future__ import annotations

from datetime import timedelta

from tap_amazon_vendor.amazon.answers import Answer
from tap_amazon_vendor.amazon.throttle import Operation
from tap_amazon_vendor.reports.roles import FINANCE
from tap_amazon_vendor.streams.paged import Listing, PagedRows, RereadHours


class _Marketplace(Answer):
    marketplace_id: str | None = None


class Transaction(Answer):
    """What tells a transaction's marketplace."""

    marketplace_details: _Marketplace | None = None
    selling_partner_metadata: _Marketplace | None = None


def marketplace_of(transaction: Transaction) -> str | None:
    """Return the marketplace id of the transaction's marketplace details, or else of its seller metadata."""
    for part in (transaction.marketplace_details, transaction.selling_partner_metadata):
        if part and part.marketplace_id:
            return part.marketplace_id
    return None


#: Of all marketplaces: if one is named, Amazon leaves out orders that the seller ships.
TRANSACTIONS = Listing(
    Operation("listTransactions", "GET", "/finances/2024-06-19/transactions", 0.5, 10),
    elements="payload.transactions",
    next_token="payload.nextToken",  # noqa: S106  # no secret
    identifiers=("transactionId",),
    ranges=(("postedAfter", "postedBefore"),),
    # A wider window returns nothing, without an error. Amazon does not state how far back data reaches. A transaction
    # may appear two days late, and changes its status when it is released.
    time=RereadHours(span=180 * 24, look_back=730 * 24, late=1, least=2),
    roles=(FINANCE,),
    account_type="seller",
    overlap=timedelta(0),
    # Half a year of a great seller's has some ten thousand.
    most_pages=50_000,
    element=Transaction,
    marketplace=marketplace_of,
)

STREAMS = (
    PagedRows(
        name="seller_finance_transactions",
        listing=TRANSACTIONS,
        key_columns=("transaction_id",),
        replication_key="posted_date",
    ),
)
