"""What the money of a seller did: the transactions of the Finances API 2024-06-19."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from tap_amazon_vendor.sandbox.accounts import MARKETPLACES
from tap_amazon_vendor.sandbox.chance import mix
from tap_amazon_vendor.sandbox.data.catalogue import code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_amazon_vendor.sandbox.data.catalogue import Catalogue, Product, Row

# Orders a day, and every so many of them comes back.
MOST_ORDERS = 6
REFUNDED = 8
# Every so many are paid out a week later only, and every so many show up late (API.md section 9).
DEFERRED, LATE = 3, 4
RESERVE = timedelta(days=7)
LATEST = timedelta(hours=48)
FEE = 15


def transactions(catalogue: Catalogue, partner_id: str, day: date, now: datetime) -> Iterator[Row]:
    """The transactions that were posted on a day, as far as they are known by now.

    Args:
        catalogue: What the seller sells in one marketplace.
        partner_id: The seller.
        day: A day in UTC.
        now: When it is asked; decides what is still missing, and what is still deferred.

    Yields:
        Transactions of the model, oldest first; amounts are Decimals, or whole yen.
    """
    key = mix(catalogue.key ^ day.toordinal())
    midnight = datetime.combine(day, time(), timezone.utc)
    seconds = sorted(mix(key + number) % 86_400 for number in range(1 + key % MOST_ORDERS))
    for number, second in enumerate(seconds):
        bits = mix(key - number - 1)
        posted = midnight + timedelta(seconds=second, milliseconds=bits % 1000)
        late = LATEST * (bits >> 12 & 15) / 16 if bits % LATE == 0 else timedelta()
        if posted + late <= now:
            product = catalogue.products[(bits >> 20) % len(catalogue.products)]
            row = _transaction(catalogue, product, posted, bits, now)
            row["sellingPartnerMetadata"]["sellingPartnerId"] = partner_id
            yield row


def _transaction(catalogue: Catalogue, product: Product, posted: datetime, bits: int, now: datetime) -> Row:
    def money(units: int) -> Row:
        return {"currencyAmount": catalogue.amount(units), "currencyCode": catalogue.currency}

    def part(kind: str, units: int, *parts: Row) -> Row:
        return {"breakdownType": kind, "breakdownAmount": money(units), "breakdowns": list(parts)}

    quantity = 1 + (bits >> 40) % 3
    refund = (bits >> 44) % REFUNDED == 0
    sales = product.price * quantity * (-1 if refund else 1)
    fees = -sales * FEE // 100
    breakdowns = [
        part("Sales", sales, part("ProductCharges", sales)),
        part("Expenses", fees, part("AmazonFees", fees, part("Commission", fees))),
    ]
    contexts: list[Row] = []
    status = "RELEASED"
    if bits % DEFERRED == 0:
        release = posted + RESERVE
        status = "DEFERRED" if now < release else "DEFERRED_RELEASED"
        contexts = [{"contextType": "DeferredContext", "deferralReason": "DD7", "maturityDate": iso(release)}]
    product_context = {
        "contextType": "ProductContext",
        "asin": product.asin,
        "sku": f"SKU-{product.asin}",
        "quantityShipped": quantity,
        "fulfillmentNetwork": "AFN",
    }
    order = mix(bits)
    place = MARKETPLACES[catalogue.marketplace_id]
    return {
        "sellingPartnerMetadata": {
            "accountType": "Standard Orders",
            "marketplaceId": catalogue.marketplace_id,
        },
        "relatedIdentifiers": [
            {
                "relatedIdentifierName": "ORDER_ID",
                "relatedIdentifierValue": (
                    f"{order % 1000:03d}-{(order >> 10) % 10**7:07d}-{(order >> 34) % 10**7:07d}"
                ),
            },
        ],
        "transactionType": "Refund" if refund else "Shipment",
        "transactionId": code(mix(order), 10) + code(bits, 12),
        "transactionStatus": status,
        "description": "Refund Order" if refund else "Order Payment",
        "postedDate": iso(posted),
        "totalAmount": money(sales + fees),
        "marketplaceDetails": {
            "marketplaceId": catalogue.marketplace_id,
            "marketplaceName": place.domain.capitalize(),
        },
        "items": [
            {
                "description": product.title,
                "relatedIdentifiers": [
                    {
                        "itemRelatedIdentifierName": "ORDER_ADJUSTMENT_ITEM_ID" if refund else "TRANSACTION_ID",
                        "itemRelatedIdentifierValue": code(mix(order + 1), 11),
                    }
                ],
                "totalAmount": money(sales + fees),
                "breakdowns": breakdowns,
                "contexts": [product_context],
            }
        ],
        "contexts": contexts,
        "breakdowns": breakdowns,
    }


def iso(moment: datetime) -> str:
    """A moment as this API writes it, with thousandths of a second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
