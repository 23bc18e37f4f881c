"""Flat files for the tax office: VAT of Europe, GST of India (docs/amazon/seller-reports.md#tax)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import code, hundredths, moment_of
from amazon_sandbox.data.orders import TAX, centers_of, end_of, returned, shipped, sku, title

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from amazon_sandbox.data.catalogue import Catalogue, Query
    from amazon_sandbox.data.orders import Item
    from amazon_sandbox.data.tables import Cell, Line


def vat_transactions(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_VAT_TRANSACTION_DATA: sales, refunds and what Amazon moved over a border in a month."""
    for by_amazon in (True, False):
        for item, at in shipped(catalogue, query, by_amazon=by_amazon):
            yield _vat(item, at, "SALE", 1)
        for item, at in returned(catalogue, query, by_amazon=by_amazon):
            yield _vat(item, at, "REFUND", -1)
    day = moment_of(query.start).date()
    while day <= end_of(query).date():
        bits = mix(catalogue.key ^ day.toordinal() << 20)
        if bits & 3 == 0 and (query.first_day is None or day >= query.first_day):
            product = catalogue.products[(bits >> 2) % len(catalogue.products)]
            yield {
                **_activity(catalogue, f"{day:%Y-%b}".upper()),
                "TRANSACTION_TYPE": "FC_TRANSFER",
                "TRANSACTION_EVENT_ID": code(bits, 10),
                "ACTIVITY_TRANSACTION_ID": code(mix(bits), 12),
                "TRANSACTION_DEPART_DATE": day,
                "TRANSACTION_ARRIVAL_DATE": day + timedelta(days=2),
                "TRANSACTION_COMPLETE_DATE": day + timedelta(days=2),
                "SELLER_SKU": sku(product),
                "ASIN": product.asin,
                "ITEM_DESCRIPTION": title(product),
                "QTY": 1 + (bits >> 10 & 7),
                "DEPARTURE_COUNTRY": catalogue.iso_country,
                "ARRIVAL_COUNTRY": "PL",
                "COST_PRICE_OF_ITEMS": catalogue.amount(product.cost),
            }
        day += timedelta(days=1)


def _activity(catalogue: Catalogue, period: str) -> dict[str, Cell]:
    return {
        "UNIQUE_ACCOUNT_IDENTIFIER": f"A{code(catalogue.key, 13)}",
        "ACTIVITY_PERIOD": period,
        "MARKETPLACE": catalogue.domain.lower(),
        "PROGRAM_TYPE": "REGULAR",
    }


def _vat(item: Item, at: datetime, kind: str, sign: int) -> Line:
    order, place = item.order, item.order.place
    catalogue = order.catalogue
    rate = hundredths(TAX.get(catalogue.country, 20))

    def split(name: str, gross: int, tax: int) -> dict[str, Cell]:
        return {
            f"{name}_AMT_VAT_EXCL": catalogue.amount(sign * (gross - tax)),
            f"{name}_VAT_AMT": catalogue.amount(sign * tax),
            f"{name}_AMT_VAT_INCL": catalogue.amount(sign * gross),
        }

    gross = item.price - item.discount + item.shipping
    tax = item.tax + item.shipping_tax
    number = f"{catalogue.iso_country}{mix(catalogue.key) % 10**9:09d}"
    return {
        **_activity(catalogue, f"{at:%Y-%b}".upper()),
        **split("PRICE_OF_ITEMS", item.price, item.tax),
        **split("PROMO_PRICE_OF_ITEMS", -item.discount, 0),
        **split("TOTAL_PRICE_OF_ITEMS", item.price - item.discount, item.tax),
        **split("SHIP_CHARGE", item.shipping, item.shipping_tax),
        **split("TOTAL_SHIP_CHARGE", item.shipping, item.shipping_tax),
        **split("TOTAL_ACTIVITY_VALUE", gross, tax),
        "SALES_CHANNEL": "AFN" if order.by_amazon else "MFN",
        "TRANSACTION_TYPE": kind,
        "TRANSACTION_EVENT_ID": order.order_id,
        "ACTIVITY_TRANSACTION_ID": item.shipment_item_id if kind == "SALE" else f"amzn1:crow:{item.item_id}",
        "TAX_CALCULATION_DATE": at.date(),
        "TRANSACTION_DEPART_DATE": at.date(),
        "TRANSACTION_ARRIVAL_DATE": (at + timedelta(days=2)).date() if kind == "SALE" else None,
        "TRANSACTION_COMPLETE_DATE": at.date(),
        "SELLER_SKU": sku(item.product),
        "ASIN": item.product.asin,
        "ITEM_DESCRIPTION": title(item.product),
        "QTY": item.quantity,
        "PRICE_OF_ITEMS_VAT_RATE_PERCENT": rate,
        "TRANSACTION_CURRENCY_CODE": catalogue.currency,
        "PRODUCT_TAX_CODE": "A_GEN_STANDARD",
        "DEPATURE_CITY": "Leipzig",
        "DEPARTURE_COUNTRY": catalogue.iso_country,
        "DEPARTURE_POST_CODE": "04347",
        "ARRIVAL_CITY": place.city,
        "ARRIVAL_COUNTRY": place.country,
        "ARRIVAL_POST_CODE": place.postal_code,
        "SALE_DEPART_COUNTRY": catalogue.iso_country,
        "SALE_ARRIVAL_COUNTRY": place.country,
        "DELIVERY_CONDITIONS": "DAP",
        "SELLER_DEPART_VAT_NUMBER_COUNTRY": catalogue.iso_country,
        "SELLER_DEPART_COUNTRY_VAT_NUMBER": number,
        "TRANSACTION_SELLER_VAT_NUMBER_COUNTRY": catalogue.iso_country,
        "TRANSACTION_SELLER_VAT_NUMBER": number,
        "TAXABLE_JURISDICTION": catalogue.iso_country,
        "TAXABLE_JURISDICTION_LEVEL": "Country",
        "VAT_INV_NUMBER": f"INV-{catalogue.iso_country}-{item.item_id}",
        "VAT_INV_CURRENCY_CODE": catalogue.currency,
        "EXPORT_OUTSIDE_EU": "NO",
        "BUYER_NAME": order.buyer if order.business else None,
        "TAX_REPORTING_SCHEME": "REGULAR",
        "TAX_COLLECTION_RESPONSIBILITY": "SELLER",
    }


def gst_b2b(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_GST_MTR_B2B_CUSTOM: what businesses bought and sent back."""
    return _gst(catalogue, query, business=True)


def gst_b2c(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_GST_MTR_B2C_CUSTOM: what everybody else did."""
    return _gst(catalogue, query, business=False)


def _gst(catalogue: Catalogue, query: Query, *, business: bool) -> Iterator[Line]:
    # Up to yesterday.
    known = replace(query, end=min(end_of(query), moment_of(query.today) - timedelta(seconds=1)))
    for by_amazon in (True, False):
        for item, at in shipped(catalogue, known, by_amazon=by_amazon):
            if item.order.business == business:
                yield _gst_line(item, at, "Shipment", 1)
        for item, at in returned(catalogue, known, by_amazon=by_amazon):
            if item.order.business == business:
                yield _gst_line(item, at, "Refund", -1)


def _gst_line(item: Item, at: datetime, kind: str, sign: int) -> Line:
    order, place = item.order, item.order.place
    catalogue = order.catalogue
    amount = catalogue.amount
    # Within a state the tax is split in two, else it is one.
    half = item.tax // 2
    within_state = place.state == "KARNATAKA"
    seller = f"29{code(catalogue.key, 10)}1Z5"
    return {
        "Seller Gstin": seller,
        "Invoice Number": f"IN-{centers_of('IN')[0]}-{item.item_id[:8]}",
        "Invoice Date": at,
        "Transaction Type": kind,
        "Order Id": order.order_id,
        "Shipment Id": item.shipment_id,
        "Shipment Date": item.shipped_at,
        "Order Date": order.purchased_at,
        "Shipment Item Id": item.shipment_item_id,
        "Quantity": item.quantity,
        "Item Description": title(item.product),
        "Asin": item.product.asin,
        "Hsn/sac": f"0{item.product.key % 10**7:07d}",
        "Sku": sku(item.product),
        "Product Tax Code": "A_GEN_STANDARD",
        "Bill From City": "Bengaluru",
        "Bill From State": "KARNATAKA",
        "Bill From Country": "IN",
        "Bill From Postal Code": "560064",
        "Ship From City": "Bengaluru",
        "Ship From State": "KARNATAKA",
        "Ship From Country": "IN",
        "Ship From Postal Code": "560064",
        "Ship To City": place.city,
        "Ship To State": place.state,
        "Ship To Country": place.country,
        "Ship To Postal Code": place.postal_code,
        "Invoice Amount": amount(sign * item.price),
        "Tax Exclusive Gross": amount(sign * (item.price - item.tax)),
        "Total Tax Amount": amount(sign * item.tax),
        "Cgst Rate": hundredths(9 if within_state else 0),
        "Sgst Rate": hundredths(9 if within_state else 0),
        "Utgst Rate": hundredths(0),
        "Igst Rate": hundredths(0 if within_state else 18),
        "Principal Amount": amount(sign * item.price),
        "Principal Amount Basis": amount(sign * (item.price - item.tax)),
        "Cgst Tax": amount(sign * half if within_state else 0),
        "Sgst Tax": amount(sign * (item.tax - half) if within_state else 0),
        "Utgst Tax": amount(0),
        "Igst Tax": amount(0 if within_state else sign * item.tax),
        "Shipping Amount": amount(sign * item.shipping),
        "Warehouse Id": item.fulfillment_center if order.by_amazon else None,
        "Fulfillment Channel": "AFN" if order.by_amazon else "MFN",
        "Payment Method Code": "Prepaid",
        "Bill To City": place.city,
        "Bill To State": place.state,
        "Bill To Country": place.country,
        "Bill To Postalcode": place.postal_code,
        "Customer Bill To Gstid": f"27{code(order.bits, 10)}1Z9",
        "Buyer Name": order.buyer,
        "Credit Note No": f"CN-{item.item_id}" if kind == "Refund" else None,
        "Credit Note Date": at if kind == "Refund" else None,
        "Irn Filing Status": "success",
    }
