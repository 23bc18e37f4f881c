"""Flat files about orders, shipments and returns (docs/amazon/seller-reports.md)."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import code, moment_of
from amazon_sandbox.data.orders import (
    CARRIERS,
    PAYMENT,
    SLOWEST_SHIPMENT,
    amounts,
    centers_of,
    columns_of,
    orders_between,
    replaced,
    returned,
    shipped,
    sku,
    title,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_sandbox.data.catalogue import Arrays, Catalogue, Query, Row
    from amazon_sandbox.data.orders import Item, Order
    from amazon_sandbox.data.tables import Cell, Line

REASONS_TO_REPLACE = 7


def orders_by_order_date(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL: what was ordered, as it stands now."""
    for order in orders_between(catalogue, query):
        if within(order.purchased_at, query):
            yield from _order_lines(order, moment_of(query.as_of))


def orders_by_last_update(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL: what has changed, and not again since."""
    known = moment_of(query.as_of)
    for order in orders_between(catalogue, query, SLOWEST_SHIPMENT):
        if within(_last_update(order, known), query):
            yield from _order_lines(order, known)


def xml_orders_by_order_date(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL: the orders of the flat file, each with its lines."""
    return {"Order": _orders_of_lines(orders_by_order_date(catalogue, query))}


def xml_orders_by_last_update(catalogue: Catalogue, query: Query) -> Arrays:
    """GET_XML_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL."""
    return {"Order": _orders_of_lines(orders_by_last_update(catalogue, query))}


def _orders_of_lines(lines: Iterator[Line]) -> Iterator[Row]:
    for order_id, group in groupby(lines, key=itemgetter("amazon-order-id")):
        items = list(group)
        first = items[0]
        yield {
            "AmazonOrderID": order_id,
            "MerchantOrderID": first["merchant-order-id"],
            "PurchaseDate": _iso(first["purchase-date"]),
            "LastUpdatedDate": _iso(first["last-updated-date"]),
            "OrderStatus": first["order-status"],
            "SalesChannel": first["sales-channel"],
            "FulfillmentData": {
                "FulfillmentChannel": first["fulfillment-channel"],
                "ShipServiceLevel": first["ship-service-level"],
                "Address": {
                    "City": first["ship-city"],
                    "State": first["ship-state"],
                    "PostalCode": first["ship-postal-code"],
                    "Country": first["ship-country"],
                },
            },
            "IsBusinessOrder": first["is-business-order"],
            "OrderItem": [_xml_item(line) for line in items],
        }


def _xml_item(line: Line) -> Row:
    item: Row = {
        "ASIN": line["asin"],
        "SKU": line["sku"],
        "ItemStatus": line["item-status"],
        "ProductName": line["product-name"],
        "Quantity": line["quantity"],
    }
    if "currency" in line:
        names = {"Principal": "item-price", "Tax": "item-tax", "Shipping": "shipping-price"}
        item["ItemPrice"] = {
            "Component": [
                {"Type": name, "Amount": {"amount": line[column], "currencyCode": line["currency"]}}
                for name, column in names.items()
            ]
        }
    return item


def _iso(moment: Cell) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S+00:00}"


def fulfilled_shipments(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL: buyers' data only for who may see them."""
    for item, at in shipped(catalogue, query):
        yield _shipment(item, at, personal=query.personal)


def fulfilled_shipments_with_buyers(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX and _INVOICING."""
    for item, at in shipped(catalogue, query):
        yield _shipment(item, at, personal=True)


def shipment_sales(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA."""
    for item, at in shipped(catalogue, query):
        place = item.order.place
        yield {
            **columns_of(item.product),
            "shipment-date": at,
            "fulfillment-center-id": item.fulfillment_center,
            "quantity": item.quantity,
            "amazon-order-id": item.order.order_id,
            "currency": catalogue.currency,
            "item-price-per-unit": catalogue.amount(item.product.price),
            "shipping-price": catalogue.amount(item.shipping),
            "gift-wrap-price": catalogue.amount(item.gift_wrap),
            "ship-city": place.city,
            "ship-state": place.state,
            "ship-postal-code": place.postal_code,
        }


def shipment_promotions(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_PROMOTION_DATA: yesterday's are the newest."""
    for item, at in shipped(catalogue, query):
        if item.discount and at.date() < query.today:
            yield {
                "shipment-date": at,
                "currency": catalogue.currency,
                "item-promotion-discount": catalogue.amount(item.discount),
                "item-promotion-id": item.promotion_id,
                "description": "Save 15% with a coupon",
                "promotion-rule-value": f"15.0{item.bits & 1}",
                "amazon-order-id": item.order.order_id,
                "shipment-id": item.shipment_id,
                "shipment-item-id": item.shipment_item_id,
            }


def replacements(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA."""
    centers = centers_of(catalogue.country)
    for item, at in replaced(catalogue, query):
        yield {
            **columns_of(item.product),
            "shipment-date": at,
            "fulfillment-center-id": centers[item.bits % len(centers)],
            "original-fulfillment-center-id": item.fulfillment_center,
            "quantity": item.quantity,
            "replacement-reason-code": item.bits % REASONS_TO_REPLACE,
            "replacement-customer-order-id": f"D01-{item.item_id[:7]}-{item.item_id[7:]}",
            "original-amazon-order-id": item.order.order_id,
        }


def customer_returns(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA: one line for each unit, each with its own plate, mostly."""
    for item, at in returned(catalogue, query):
        for unit in range(item.quantity):
            bits = mix(int(item.item_id) + unit)
            yield {
                **columns_of(item.product),
                "return-date": at,
                "order-id": item.order.order_id,
                "quantity": 1,
                "fulfillment-center-id": item.fulfillment_center,
                "detailed-disposition": item.disposition(unit),
                "reason": item.return_reason,
                "status": ("Unit returned to inventory", "Reimbursed", None)[bits >> 2 & 1],
                "license-plate-number": f"LPN{code(bits, 10)}" if bits >> 3 & 15 else None,
                "customer-comments": item.comment,
            }


def returns_by_return_date(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE: what the seller itself had sent."""
    for item, at in returned(catalogue, query, by_amazon=False):
        approved = item.approved
        yield {
            "Order ID": item.order.order_id,
            "Order date": item.order.purchased_at.date(),
            "Return request date": at.date(),
            "Return request status": "Approved" if approved else "PendingApproval",
            "Amazon RMA ID": f"D{code(int(item.item_id), 8)}RRMA",
            "Label type": "AmazonUnPaidLabel" if approved else None,
            "Label cost": catalogue.amount(item.bits >> 4 & 1023) if approved else None,
            "Currency code": catalogue.currency,
            "Return carrier": CARRIERS[item.bits % len(CARRIERS)] if approved else None,
            "Tracking ID": f"{mix(int(item.item_id)) % 10**18:018d}" if approved else None,
            "Label to be paid by": "Customer",
            "A-to-Z Claim": "N",
            "Is prime": "Y" if item.bits & 1 else "N",
            "ASIN": item.product.asin,
            "Merchant SKU": sku(item.product),
            "Item Name": title(item.product),
            "Return quantity": item.quantity,
            "Return Reason": f"CR-{item.return_reason}",
            "In policy": "Y" if item.bits >> 1 & 1 else "N",
            "Return type": "C-Returns",
            "Resolution": "StandardRefund",
            "Return delivery date": (at + timedelta(days=3)).date() if approved else None,
            "Order Amount": catalogue.amount(item.price + item.shipping),
            "Order quantity": item.quantity,
            "Refunded Amount": catalogue.amount(item.refunded) if approved else None,
        }


def _last_update(order: Order, known: datetime) -> datetime:
    moments = [order.purchased_at, order.purchased_at + PAYMENT]
    if order.cancelled_at is not None:
        moments.append(order.cancelled_at)
    moments += [item.shipped_at for item in order.items if item.shipped_at is not None]
    return max(moment for moment in moments if moment <= known)


def _order_lines(order: Order, known: datetime) -> Iterator[Line]:
    cancelled = order.cancelled_at is not None and order.cancelled_at <= known
    pending = known < order.purchased_at + PAYMENT
    waiting = "Shipping" if order.by_amazon else "Unshipped"
    items = order.items
    gone = [item.shipped_at is not None and item.shipped_at <= known for item in items]
    status = "Cancelled" if cancelled else "Pending" if pending else "Shipped" if all(gone) else waiting
    place = order.place
    for item, left in zip(items, gone, strict=True):
        item_status = "Shipped" if left else "Unshipped"
        # What is not yet paid for has no amounts.
        money = {} if pending else {**amounts(item), "currency": order.catalogue.currency}
        yield {
            **columns_of(item.product),
            **money,
            "amazon-order-id": order.order_id,
            "merchant-order-id": order.order_id if order.by_amazon else None,
            "purchase-date": order.purchased_at,
            "last-updated-date": _last_update(order, known),
            "order-status": status,
            "fulfillment-channel": "Amazon" if order.by_amazon else "Merchant",
            "sales-channel": order.catalogue.domain.capitalize(),
            "ship-service-level": order.service,
            "item-status": "Cancelled" if cancelled else item_status,
            "quantity": 0 if cancelled else item.quantity,
            "ship-city": place.city,
            "ship-state": place.state,
            "ship-postal-code": place.postal_code,
            "ship-country": place.country,
            "promotion-ids": item.promotion_id,
            "is-business-order": order.business,
            "purchase-order-number": f"PO {order.bits % 1000:05d}" if order.business and order.bits & 32 else None,
            "price-designation": "Business Price" if order.business else None,
            "signature-confirmation-recommended": item.price > 20_000,  # noqa: PLR2004 - costly things
        }


def _shipment(item: Item, at: datetime, *, personal: bool) -> Line:
    order, place = item.order, item.order.place
    street = f"{item.bits % 200 + 1} O'Hare Str."
    buyer: dict[str, Cell] = {
        "buyer-email": order.email,
        "buyer-name": order.buyer,
        "buyer-phone-number": order.phone,
        "recipient-name": order.buyer,
        "ship-address-1": street,
        "ship-address-2": "Apt. 007" if item.bits & 1 else None,
        "ship-phone-number": order.phone,
        "bill-address-1": street,
        "bill-city": place.city,
        "bill-state": place.state,
        "bill-postal-code": place.postal_code,
        "bill-country": place.country,
    }
    return {
        **columns_of(item.product),
        **amounts(item),
        **(buyer if personal else {}),
        "amazon-order-id": order.order_id,
        "shipment-id": item.shipment_id,
        "shipment-item-id": item.shipment_item_id,
        "amazon-order-item-id": item.item_id,
        "purchase-date": order.purchased_at,
        "payments-date": order.purchased_at + PAYMENT,
        "shipment-date": at,
        "reporting-date": item.reported_at,
        "quantity-shipped": item.quantity,
        "currency": order.catalogue.currency,
        "ship-service-level": order.service,
        "ship-city": place.city,
        "ship-state": place.state,
        "ship-postal-code": place.postal_code,
        "ship-country": place.country,
        "carrier": CARRIERS[item.bits % len(CARRIERS)],
        "tracking-number": f"TBA{mix(item.bits) % 10**12:012d}",
        "estimated-arrival-date": at + timedelta(days=2),
        "fulfillment-center-id": item.fulfillment_center,
        "fulfillment-channel": "AFN",
        "sales-channel": order.catalogue.domain.capitalize(),
    }
