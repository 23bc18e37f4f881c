"""What an order does to the money of a seller: the transactions of the Finances API 2024-06-19."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_amazon_vendor.sandbox.chance import mix
from tap_amazon_vendor.sandbox.data.catalogue import code, moment_of
from tap_amazon_vendor.sandbox.data.orders import SLOWEST_RETURN, orders_between, sku, title, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_amazon_vendor.sandbox.data.catalogue import Catalogue, Query, Row
    from tap_amazon_vendor.sandbox.data.orders import Item

# Every so many are paid out a week later only, and every so many show up late (API.md section 9).
DEFERRED, LATE = 3, 4
RESERVE = timedelta(days=7)
LATEST = timedelta(hours=48)
FEE = 15


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
            for posted, refund in ((item.shipped_at, False), (item.returned_at, True)):
                bits = mix(item.bits + refund)
                late = LATEST * (bits >> 12 & 15) / 16 if bits % LATE == 0 else timedelta()
                if posted is not None and within(posted, query) and posted + late <= now:
                    yield _transaction(item, posted, bits, now, refund=refund)


def _transaction(item: Item, posted: datetime, bits: int, now: datetime, *, refund: bool) -> Row:
    catalogue, sign = item.order.catalogue, -1 if refund else 1

    def money(units: int) -> Row:
        return {"currencyAmount": catalogue.amount(sign * units), "currencyCode": catalogue.currency}

    def part(kind: str, units: int, *parts: Row) -> Row:
        return {"breakdownType": kind, "breakdownAmount": money(units), "breakdowns": list(parts)}

    shipping = item.shipping - item.shipping_discount
    sales, fee = item.price - item.discount + shipping, -item.price * FEE // 100
    breakdowns = [
        part(
            "Sales",
            sales,
            part("ProductCharges", item.price),
            part("PromotionalRebates", -item.discount),
            part("Shipping", shipping),
        ),
        part("Expenses", fee, part("AmazonFees", fee, part("Commission", fee))),
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
        "transactionType": "Refund" if refund else "Shipment",
        "transactionId": f"{item.shipment_item_id}{item.item_id[-6:]}{code(bits, 8)}",
        "transactionStatus": status,
        "description": "Refund Order" if refund else "Order Payment",
        "postedDate": iso(posted),
        "totalAmount": money(sales + fee),
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
                "totalAmount": money(sales + fee),
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
