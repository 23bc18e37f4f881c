"""Settlements, reimbursements and fees of sellers (docs/amazon/seller-reports.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from amazon_sandbox.calendars import period_of, periods
from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import hundredths, moment_of, share
from amazon_sandbox.data.orders import (
    SLOWEST_RETURN,
    SLOWEST_SHIPMENT,
    TAX_ON_TOP,
    centers_of,
    columns_of,
    end_of,
    fnsku,
    happened,
    sku,
    title,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from amazon_sandbox.data.catalogue import Catalogue, Product, Query
    from amazon_sandbox.data.orders import Item
    from amazon_sandbox.data.tables import Cell, Line

    # Amount type, description and cents.
    Amount = tuple[str, str, int]

# Amazon's share of a price, in percent, and what it takes for sending a unit.
COMMISSION, FULFILLMENT_FEE = 15, 322
SUBSCRIPTION = 3999
# The day of the next month on which storage is billed.
BILLING_DAY = 10
METRIC = ("DE", "FR", "UK", "JP", "IN")
REIMBURSED = ("Lost_Warehouse", "Damaged_Warehouse", "CustomerReturn", "Reimbursement_Reversal", "Lost_Inbound")


def settlement(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2: first the total, then what it is made of.

    The range of the query is the settlement's; its end belongs to the next one.
    """
    start, end = moment_of(query.start), moment_of(query.end)
    number = f"{mix(catalogue.key ^ int(start.timestamp())) % 10**11:011d}"
    lines = list(_settled(catalogue, replace(query, start=start, end=end - timedelta(seconds=1))))
    yield {
        "settlement-id": number,
        "settlement-start-date": start,
        "settlement-end-date": end,
        "deposit-date": end + timedelta(days=2),
        "total-amount": catalogue.amount(sum(cents for cents, _ in lines)),
        "currency": catalogue.currency,
    }
    for cents, line in lines:
        yield {**line, "settlement-id": number, "amount": catalogue.amount(cents)}


# Where the first version of a settlement has the amounts of a type: what they are for, and how much.
V1_COLUMNS = {
    "ItemPrice": ("price-type", "price-amount"),
    "ItemFees": ("item-related-fee-type", "item-related-fee-amount"),
    "ItemWithheldTax": ("item-related-fee-type", "item-related-fee-amount"),
    "Promotion": ("promotion-type", "promotion-amount"),
    "other-transaction": ("other-fee-reason-description", "other-fee-amount"),
}


def settlement_v1(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE: the same, with a column for each type of amount."""
    first, *lines = settlement(catalogue, query)
    yield first
    for line in lines:
        kind, amount = V1_COLUMNS[str(line["amount-type"])]
        yield {
            **line,
            "posted-date": line["posted-date-time"],
            kind: line["amount-description"],
            amount: line["amount"],
        }


def _settled(catalogue: Catalogue, query: Query) -> Iterator[tuple[int, Line]]:
    # By the time of the entry, so that nothing falls between two settlements.
    for item, at in happened(catalogue, query, SLOWEST_SHIPMENT, lambda item: item.reported_at):
        for amount in sale(item):
            yield amount[2], {**_posted(item, at, "Order"), **_named(item, amount)}
    for item, at in happened(catalogue, query, SLOWEST_RETURN, lambda item: item.refunded_at):
        for kind, description, cents in refund(item):
            line = _posted(item, at, "Refund")
            line |= {"adjustment-id": item.item_id[::-1], "amount-type": kind, "amount-description": description}
            yield cents, line
    yield (
        -SUBSCRIPTION,
        {
            "transaction-type": "other-transaction",
            "amount-type": "other-transaction",
            "amount-description": "Subscription Fee",
            "posted-date": moment_of(query.end).date(),
            "posted-date-time": moment_of(query.end),
        },
    )


def _posted(item: Item, at: datetime, kind: str) -> dict[str, Cell]:
    return {
        "transaction-type": kind,
        "order-id": item.order.order_id,
        "merchant-order-id": item.order.order_id,
        "shipment-id": item.shipment_id if kind == "Order" else None,
        "marketplace-name": item.order.catalogue.domain.capitalize(),
        "fulfillment-id": "AFN" if item.order.by_amazon else "MFN",
        "posted-date": at.date(),
        "posted-date-time": at,
        "order-item-code": item.item_id,
        "sku": sku(item.product),
    }


def _named(item: Item, amount: Amount) -> Line:
    kind, description, _ = amount
    return {
        "amount-type": kind,
        "amount-description": description,
        "quantity-purchased": item.quantity if description == "Principal" and kind == "ItemPrice" else None,
        "promotion-id": item.promotion_id if kind == "Promotion" else None,
    }


def sale(item: Item) -> Iterator[Amount]:
    """What the seller gets for a line of an order, and what Amazon keeps of it."""
    yield from _price(item)
    if item.shipping:
        yield "ItemPrice", "Shipping", item.shipping
    if item.gift_wrap:
        yield "ItemPrice", "GiftWrap", item.gift_wrap
    if item.discount:
        yield "Promotion", "Principal", -item.discount
    if item.shipping_discount:
        yield "Promotion", "Shipping", -item.shipping_discount
    yield "ItemFees", "Commission", -(item.price * COMMISSION // 100)
    if item.order.by_amazon:
        yield "ItemFees", "FBAPerUnitFulfillmentFee", -FULFILLMENT_FEE * item.quantity


def refund(item: Item) -> Iterator[Amount]:
    """What the seller pays for a return, and what Amazon gives back of its commission."""
    for kind, description, cents in _price(item):
        yield kind, description, -cents
    if item.discount:
        yield "Promotion", "Principal", item.discount
    yield "ItemFees", "Commission", item.price * COMMISSION // 100
    yield "ItemFees", "RefundCommission", -(item.price * COMMISSION // 500)


def _price(item: Item) -> Iterator[Amount]:
    """What the buyer pays for the goods; tax on top goes from Amazon to the state."""
    on_top = item.order.catalogue.country in TAX_ON_TOP
    yield "ItemPrice", "Principal", item.price - (0 if on_top else item.tax)
    yield "ItemPrice", "Tax", item.tax
    if on_top:
        yield "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", -item.tax


def reimbursements(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_REIMBURSEMENTS_DATA: what Amazon lost or broke; one id may have several lines."""
    day, last = moment_of(query.start).date(), min(end_of(query).date(), query.today - timedelta(days=1))
    day = max(day, query.first_day or day)
    while day <= last:
        bits = mix(catalogue.key ^ day.toordinal() << 12)
        at = moment_of(day) + timedelta(seconds=bits >> 8 & 65_535)
        lines = (0, 1, 1, 2)[bits & 3] if within(at, query) else 0
        for number in range(lines):
            # Two lines are of one product, for two reasons.
            product = catalogue.products[(bits >> 16) % len(catalogue.products)]
            reason = REIMBURSED[(bits + number) % len(REIMBURSED)]
            units, back = 1 + (bits >> 20 & 3), bits >> 22 & 1
            yield {
                **columns_of(product),
                "approval-date": at,
                "reimbursement-id": f"{bits % 10**10:010d}",
                "case-id": f"{bits >> 12 & 0xFFFFFFF:010d}" if bits & 4 else None,
                "reason": reason,
                "condition": "NewItem",
                "currency-unit": catalogue.currency,
                "amount-per-unit": catalogue.amount(0 if back else product.price),
                "amount-total": catalogue.amount(0 if back else product.price * units),
                "quantity-reimbursed-cash": 0 if back else units,
                "quantity-reimbursed-inventory": units if back else 0,
                "quantity-reimbursed-total": units,
            }
        day += timedelta(days=1)


def storage_fees(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_STORAGE_FEE_CHARGES_DATA: the months of the range that are billed."""
    first, last = moment_of(query.start).date(), end_of(query).date()
    for month, end in periods("MONTH", period_of("MONTH", first)[0], last):
        if query.today < end + timedelta(days=BILLING_DAY) or _before(query, end):
            continue
        for product in catalogue.products:
            for center in centers_of(catalogue.country):
                bits = mix(product.key ^ month.toordinal() ^ sum(center.encode()))
                units = bits % 20_000
                yield {
                    "asin": product.asin,
                    "fnsku": fnsku(product),
                    "product_name": title(product),
                    "fulfillment_center": center,
                    "country_code": catalogue.iso_country,
                    **_size(catalogue, product, "_"),
                    "measurement_units": _units(catalogue)[0],
                    "weight": hundredths(product.key % 900),
                    "weight_units": _units(catalogue)[1],
                    "item_volume": share(product.key % 9_000),
                    "volume_units": _units(catalogue)[2],
                    "product_size_tier": "Standard-Size",
                    "average_quantity_on_hand": hundredths(units),
                    "average_quantity_pending_removal": hundredths(bits >> 20 & 63),
                    "estimated_total_item_volume": share(units * (product.key % 9_000) // 100),
                    "month_of_charge": f"{month:%Y-%m}",
                    "base_rate": hundredths(78),
                    "currency": catalogue.currency,
                    "estimated_monthly_storage_fee": share(units * (product.key % 9_000) * 78 // 10_000),
                    "dangerous_goods_storage_type": "--",
                    "eligible_for_inventory_discount": "N" if product.key & 1 else "Y",
                    "qualifies_for_inventory_discount": "N",
                    "total_incentive_fee_amount": hundredths(0),
                    "breakdown_incentive_fee_amount": None,
                }


def long_term_storage_fees(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA: a snapshot on each 15th."""
    first, last = moment_of(query.start).date(), end_of(query).date()
    for month, _ in periods("MONTH", period_of("MONTH", first)[0], last):
        at = moment_of(date(month.year, month.month, 15)) + timedelta(hours=7)
        if not within(at, query) or at.date() >= query.today or _before(query, at.date()):
            continue
        for product in catalogue.products:
            bits = mix(product.key ^ month.toordinal())
            if bits & 3 == 0:
                yield {
                    **columns_of(product),
                    "snapshot-date": at,
                    "condition": "New",
                    "per-unit-volume": share(product.key % 9_000),
                    "currency": catalogue.currency,
                    "volume-unit": _units(catalogue)[2],
                    "country": catalogue.iso_country,
                    "qty-charged": 1 + (bits >> 2 & 31),
                    "amount-charged": catalogue.amount((1 + (bits >> 2 & 31)) * 15),
                    "surcharge-age-tier": ("271-300 days", "365+ days")[bits >> 7 & 1],
                    "rate-surcharge": hundredths(380 + (bits >> 7 & 1) * 310),
                }


def overage_fees(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_OVERAGE_FEE_CHARGES_DATA: a charge on each fifth day for what takes up more than it may."""
    day, last = moment_of(query.start).date(), min(end_of(query).date(), query.today - timedelta(days=1))
    while day <= last:
        if day.day % 5 == 0 and not _before(query, day):
            for number, storage in enumerate(("Standard-Size", "Oversize")):
                over = mix(catalogue.key ^ day.toordinal() + number) % 90_000
                yield {
                    "charged_date": day,
                    "country_code": catalogue.iso_country,
                    "storage_type": storage,
                    "charge_rate": hundredths(10),
                    "storage_usage_volume": hundredths(1_000_000 + over),
                    "storage_limit_volume": hundredths(1_000_000),
                    "overage_volume": hundredths(over),
                    "volume_unit": _units(catalogue)[2],
                    "charged_fee_amount": catalogue.amount(over // 10),
                    "currency_code": catalogue.currency,
                }
        day += timedelta(days=1)


def estimated_fees(catalogue: Catalogue, query: Query) -> Iterator[Line]:
    """GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA: what each product will cost from now on."""
    if _before(query, query.today):
        return
    amount = catalogue.amount
    # Where a fee does not exist, Europe's files have two hyphens (and no file has a null).
    none: Cell = "--" if catalogue.country in METRIC else None
    for product in catalogue.products:
        referral = product.price * COMMISSION // 100
        yield {
            **columns_of(product),
            "product-group": "gl_kitchen",
            "brand": "BrandX",
            "fulfilled-by": "Amazon",
            "your-price": amount(product.price),
            "sales-price": amount(product.price),
            **_size(catalogue, product, "-"),
            "length-and-girth": hundredths(product.key % 7_000),
            "unit-of-dimension": _units(catalogue)[0],
            "item-package-weight": hundredths(product.key % 900),
            "unit-of-weight": _units(catalogue)[1],
            "product-size-tier": "Standard-Size",
            "currency": catalogue.currency,
            "estimated-fee-total": amount(referral + FULFILLMENT_FEE),
            "estimated-referral-fee-per-unit": amount(referral),
            "estimated-variable-closing-fee": amount(0),
            "estimated-order-handling-fee-per-order": none,
            "estimated-pick-pack-fee-per-unit": none,
            "estimated-weight-handling-fee-per-unit": none,
            "expected-fulfillment-fee-per-unit": amount(FULFILLMENT_FEE),
        }


def _before(query: Query, day: date) -> bool:
    """Whether a day is before the account's first one."""
    return query.first_day is not None and day < query.first_day


def _units(catalogue: Catalogue) -> tuple[str, str, str]:
    metric = catalogue.country in METRIC
    return ("centimeters", "kilograms", "cubic meters") if metric else ("inches", "pounds", "cubic feet")


def _size(catalogue: Catalogue, product: Product, hyphen: str) -> dict[str, Cell]:
    factor = 254 if catalogue.country in METRIC else 100
    sides = {"longest": 900, "median": 600, "shortest": 300}
    return {
        f"{name}{hyphen}side": hundredths(most * (50 + product.key % 50) // 100 * factor // 100)
        for name, most in sides.items()
    }
