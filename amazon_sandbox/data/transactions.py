"""What an order does to the money of a seller: the transactions of the Finances API 2024-06-19."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import code, moment_of
from amazon_sandbox.data.finance import refund, sale
from amazon_sandbox.data.orders import SLOWEST_RETURN, orders_between, sku, title, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from amazon_sandbox.data.catalogue import Catalogue, Query, Row
    from amazon_sandbox.data.orders import Item

# Every so many are paid out a week later only, and every so many show up late
# (docs/amazon/other-apis.md#listtransactions).
DEFERRED, LATE = 3, 4
RESERVE = timedelta(days=7)
LATEST = timedelta(hours=48)

# The breakdown that an amount of a settlement, by its type and description, counts in.
NAMES = {
    ("ItemPrice", "Principal"): "ProductCharges",
    ("ItemPrice", "Shipping"): "Shipping",
    ("ItemPrice", "GiftWrap"): "GiftWrap",
    ("ItemPrice", "Tax"): "Tax",
    ("ItemWithheldTax", ""): "Tax",
    ("Promotion", "Shipping"): "Shipping",
    ("Promotion", ""): "PromotionalRebates",
    ("ItemFees", "Commission"): "Commission",
    ("ItemFees", "RefundCommission"): "RefundCommission",
    ("ItemFees", "FBAPerUnitFulfillmentFee"): "FBAPerUnitFulfillmentFee",
}
FEES = ("Commission", "RefundCommission", "FBAPerUnitFulfillmentFee")


def transactions(catalogue: Catalogue, query: Query) -> Iterator[Row]:
    """The transactions of a range, as far as they are known when they are asked for.

    Args:
        catalogue: What the seller sells in one marketplace.
        query: The range, both ends included, and when it is asked for.

    Yields:
        Transactions of the model without the seller's id, in no order; amounts are
        Decimals, or whole yen.
    """
    now = moment_of(query.as_of)
    for order in orders_between(catalogue, query, SLOWEST_RETURN):
        for item in order.items:
            for posted, back in ((item.reported_at, False), (item.refunded_at, True)):
                bits = mix(item.bits + back)
                late = LATEST * (bits >> 12 & 15) / 16 if bits % LATE == 0 else timedelta()
                if posted is not None and within(posted, query) and posted + late <= now:
                    yield _transaction(item, posted, bits, now, back=back)


def _transaction(item: Item, posted: datetime, bits: int, now: datetime, *, back: bool) -> Row:
    catalogue = item.order.catalogue

    def money(units: int) -> Row:
        return {"currencyAmount": catalogue.amount(units), "currencyCode": catalogue.currency}

    def part(kind: str, units: int, *parts: Row) -> Row:
        return {"breakdownType": kind, "breakdownAmount": money(units), "breakdowns": list(parts)}

    # What settlements have line by line.
    amounts: Counter[str] = Counter()
    for kind, description, cents in refund(item) if back else sale(item):
        amounts[NAMES.get((kind, description)) or NAMES[kind, ""]] += cents
    fees = {name: amounts.pop(name) for name in FEES if name in amounts}
    sales, expenses = amounts.total(), sum(fees.values())
    breakdowns = [
        part("Sales", sales, *(part(name, cents) for name, cents in amounts.items())),
        part(
            "Expenses",
            expenses,
            part("AmazonFees", expenses, *(part(name, cents) for name, cents in fees.items())),
        ),
    ]
    contexts: list[Row] = []
    status = "RELEASED"
    if bits % DEFERRED == 0:
        release = posted + RESERVE
        status = "DEFERRED" if now < release else "DEFERRED_RELEASED"
        contexts = [{"contextType": "DeferredContext", "deferralReason": "DD7", "maturityDate": iso(release)}]
    product = {
        "contextType": "ProductContext",
        "asin": item.product.asin,
        "sku": sku(item.product),
        "quantityShipped": item.quantity,
        "fulfillmentNetwork": "AFN" if item.order.by_amazon else "MFN",
    }
    identifiers = {"ORDER_ID": item.order.order_id, "SHIPMENT_ID": item.shipment_id}
    return {
        "sellingPartnerMetadata": {"accountType": "Standard Orders", "marketplaceId": catalogue.marketplace_id},
        "relatedIdentifiers": [
            {"relatedIdentifierName": name, "relatedIdentifierValue": value} for name, value in identifiers.items()
        ],
        "transactionType": "Refund" if back else "Shipment",
        "transactionId": f"{item.shipment_item_id}{item.item_id[-6:]}{code(bits, 8)}",
        "transactionStatus": status,
        "description": "Refund Order" if back else "Order Payment",
        "postedDate": iso(posted),
        "totalAmount": money(sales + expenses),
        "marketplaceDetails": {
            "marketplaceId": catalogue.marketplace_id,
            "marketplaceName": catalogue.domain.capitalize(),
        },
        "items": [
            {
                "description": title(item.product),
                "relatedIdentifiers": [
                    {
                        "itemRelatedIdentifierName": "ORDER_ADJUSTMENT_ITEM_ID",
                        "itemRelatedIdentifierValue": item.item_id,
                    }
                ],
                "totalAmount": money(sales + expenses),
                "breakdowns": breakdowns,
                "contexts": [product],
            }
        ],
        "contexts": contexts,
        "breakdowns": breakdowns,
    }


def iso(moment: datetime) -> str:
    """A moment as this API writes it, with thousandths of a second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
