"""What a vendor bills Amazon for its shipments, what Amazon bills the vendor, and what is paid of both.

An invoice of a shipment bills what was sent. Amazon matches it with what was received
(`procurement.py`), so a shortage becomes a quantity variance; some lines were billed at a higher
cost than ordered, a price variance. What matches is paid when it is due, the rest sometimes later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from amazon_sandbox.chance import derive, mix
from amazon_sandbox.data.catalogue import iso
from amazon_sandbox.data.procurement import barcode
from amazon_sandbox.data.shipments import Shipment, sent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from amazon_sandbox.data.catalogue import Catalogue, Row
    from amazon_sandbox.data.procurement import Line, Procurement, PurchaseOrder

# Percent of value added tax; what is sold to a shop in North America bears none.
TAX: Mapping[str, int] = {"DE": 19, "UK": 20, "FR": 20, "IT": 22, "ES": 21, "NL": 21, "BE": 21, "PL": 23, "JP": 10}
PRICE_REASONS = ("PRODUCT_COST_NOT_ACTIVE", "REJECTED_PRICE_INCREASE_ON_PO", "DEALBUY", "ROUNDING_ISSUES")
QUANTITY_REASONS = ("SHORTAGES_IN_TRANSIT", "OVERBILLING", "NO_APPOINTMENT", "FEED_DEFECTS")
CHARGES = ("DAMAGE_ALLOWANCE", "PRICE_PROTECTION", "OTHER")
# An invoice is older than its delivery by so many days at most when something last happens to it.
LONGEST_LIFE = timedelta(days=110)
# Lines of the longest monthly invoice: more than a page holds.
MANY_LINES = 620


@dataclass(frozen=True)
class Billed:
    """One line of an invoice, with amounts in the smallest unit of the currency.

    Attributes:
        number: Its place, from 1.
        quantity: Units.
        cost: What one of them is billed at.
        tax: Percent.
        matched: Units that match; None for what is not matched with anything.
        agreed: What one of them should cost.
        line: The item of the purchase order; None for a service.
        charge: The kind of service; None for goods.
        bits: Its share of the randomness.
    """

    number: int
    quantity: int
    cost: int
    tax: int
    matched: int | None
    agreed: int
    line: Line | None
    charge: str | None
    bits: int

    @property
    def net(self) -> int:
        """Its amount without tax."""
        return self.quantity * self.cost

    @property
    def total(self) -> int:
        """Its amount with tax."""
        return self.with_tax(self.net)

    def with_tax(self, amount: int) -> int:
        """An amount and its tax."""
        return amount + amount * self.tax // 100

    @property
    def shortage(self) -> int:
        """What is billed for units that did not come, with tax."""
        if self.matched is None:
            return 0
        # What is lost by rounding is no price variance.
        return self.total - self.with_tax(self.matched * self.cost)

    @property
    def overcharge(self) -> int:
        """What is billed above the agreed cost of units that came, with tax."""
        return self.total - self.shortage - self.payable

    @property
    def payable(self) -> int:
        """What will be paid at once."""
        return self.total if self.matched is None else self.with_tax(self.matched * self.agreed)


@dataclass(frozen=True)
class Invoice:
    """One invoice with all that will ever happen to it.

    Attributes:
        identifier: The invoiceIdentifier, unique.
        number: The invoiceNumber.
        key: Its randomness.
        catalogue: Whose invoice it is.
        vendor_code: The vendor code of the purchase order.
        order: The purchase order; None for what Amazon bills.
        issued: The issueDate.
        matched: When it is compared with what was received.
        queued: When it is queued for payment.
        due: When it is due, and paid.
        settled: When the rest is paid too; None for never.
        rejected: Whether it is refused instead.
        lines: Its lines.
    """

    identifier: str
    number: str
    key: int
    catalogue: Catalogue
    vendor_code: str
    order: PurchaseOrder | None
    issued: datetime
    matched: datetime
    queued: datetime
    due: datetime
    settled: datetime | None
    rejected: bool
    lines: tuple[Billed, ...]

    @property
    def created(self) -> datetime:
        """When Amazon has it."""
        return self.issued + timedelta(hours=3, seconds=self.key % 3_000)

    @cached_property
    def total(self) -> int:
        """All of it."""
        return sum(line.total for line in self.lines)

    @cached_property
    def net(self) -> int:
        """All of it without tax."""
        return sum(line.net for line in self.lines)

    @cached_property
    def payable(self) -> int:
        """What is paid when it is due."""
        return sum(line.payable for line in self.lines)

    def changed_at(self, now: datetime) -> datetime:
        """When something last happened to it."""
        moments = [self.matched] if self.rejected else [self.matched, self.queued, self.due, self.settled]
        return max((each for each in moments if each is not None and each <= now), default=self.created)

    def status(self, now: datetime) -> str:
        """The invoiceStatus."""
        if self.rejected:
            return "REJECTED" if now >= self.matched else "IN_PROGRESS"
        if now < self.due:
            return "IN_PROGRESS"
        word = "PAID" if self.order is not None else "DEDUCTED"
        whole = self.total == self.payable or (self.settled is not None and now >= self.settled)
        return word if whole else f"PARTIALLY_{word}"

    def paid(self, now: datetime) -> int:
        """What has been paid."""
        status = self.status(now)
        if status in {"PAID", "DEDUCTED"}:
            return self.total
        return self.payable if status.startswith("PARTIALLY") else 0


class Invoices:
    """All invoices of a vendor.

    Args:
        catalogue: What it sells.
        procurement: Its purchase orders.
    """

    def __init__(self, catalogue: Catalogue, procurement: Procurement) -> None:
        """Work nothing out yet."""
        self._catalogue = catalogue
        self._procurement = procurement
        self._monthly = lru_cache(maxsize=256)(self._make_monthly)

    def issued(self, start: datetime, end: datetime) -> Iterator[Invoice]:
        """The invoices that are issued from one moment on and before another one."""
        day = start.date() - timedelta(days=3)
        while day <= end.date():
            found = [self.of_order(order) for order in self._procurement.of_delivery(day) if order.shipped]
            # Those of a month come on its last day but two, whatever the month.
            if day.day == 28:  # noqa: PLR2004
                found += [self._monthly(day.year, day.month, slot) for slot in range(len(self._catalogue.vendor_codes))]
            yield from (invoice for invoice in found if start <= invoice.issued < end)
            day += timedelta(days=1)

    def find(self, identifier: str, now: datetime) -> Invoice | None:
        """The invoice of an identifier; None if there is none by now."""
        found = None
        codes = self._catalogue.vendor_codes
        if identifier.startswith("INV"):
            order = self._procurement.find(identifier[3:11], now)
            found = self.of_order(order) if order is not None and order.shipped else None
        elif identifier.startswith("SVC") and identifier[3:9].isdecimal() and identifier[10:] in codes:
            year, month = int(identifier[3:7]), int(identifier[7:9])
            if year and 1 <= month <= 12:  # noqa: PLR2004
                found = self._monthly(year, month, codes.index(identifier[10:]))
        exists = found is not None and found.identifier == identifier and found.created <= now
        return found if exists else None

    def of_order(self, order: PurchaseOrder) -> Invoice:
        """The invoice of a purchase order of which something was shipped."""
        key, catalogue = mix(order.key), order.catalogue
        issued = order.unloaded + timedelta(days=1)
        due = issued + timedelta(days=(30, 60)[key >> 3 & 1])
        tax = TAX.get(catalogue.country, 0)
        lines = tuple(_billed(number, line, tax) for number, line in enumerate(sent(order), 1))
        number = f"INV{order.number}"
        return Invoice(
            identifier=f"{number}~{payee_code(order.vendor_code)}",
            number=number,
            key=key,
            catalogue=catalogue,
            vendor_code=order.vendor_code,
            order=order,
            issued=issued,
            matched=issued + timedelta(days=14, seconds=key % 50_000),
            queued=due - timedelta(days=5),
            due=due,
            settled=due + timedelta(days=12 + (key >> 20) % 30, seconds=key % 9_000) if key >> 8 & 3 == 0 else None,
            rejected=key >> 10 & 15 == 0,
            lines=lines,
        )

    def _make_monthly(self, year: int, month: int, slot: int) -> Invoice:
        """What Amazon bills a vendor for a month of services."""
        catalogue = self._catalogue
        vendor_code = catalogue.vendor_codes[slot]
        key = derive(catalogue.key, "services", year, month, slot)
        issued = datetime.combine(datetime(year, month, 28, tzinfo=timezone.utc), time(6), timezone.utc)
        number = f"SVC{year:04d}{month:02d}"
        lines = tuple(_service(place, mix(key + place)) for place in range(1, (5 if slot else MANY_LINES) + 1))
        return Invoice(
            identifier=f"{number}/{vendor_code}",
            number=number,
            key=key,
            catalogue=catalogue,
            vendor_code=vendor_code,
            order=None,
            issued=issued,
            matched=issued + timedelta(days=1),
            queued=issued + timedelta(days=25),
            due=issued + timedelta(days=30),
            settled=None,
            rejected=False,
            lines=lines,
        )


def payee_code(vendor_code: str) -> str:
    """The payee code that belongs to a vendor code."""
    return f"{vendor_code}P"


def _billed(number: int, line: Line, tax: int) -> Billed:
    bits = mix(line.bits)
    agreed = line.product.cost
    # Some lines are billed at the price list of next year.
    cost = agreed + max(agreed * 4 // 100, 1) if bits & 7 == 0 else agreed
    return Billed(number, line.shipped, cost, tax, line.received, agreed, line, None, bits)


def _service(number: int, bits: int) -> Billed:
    amount = 100 + bits % 90_000
    return Billed(number, 1, amount, 0, None, amount, None, CHARGES[bits % len(CHARGES)], bits)


def header_as_json(invoice: Invoice, now: datetime, group: str) -> Row:
    """The InvoiceHeader of the model, as it stands at a moment.

    Args:
        invoice: The invoice.
        now: The moment.
        group: The vendorGroupID.
    """
    catalogue, order = invoice.catalogue, invoice.order
    vendor = {
        "partnerId": group,
        "partnerType": "VENDOR",
        "partnerEntities": list(catalogue.vendor_codes),
        "partnerName": "BrandX Manufacturing",
        "partnerAddress": "1 Vendor Street, Makerton",
        "taxRegistrationNumber": f"{catalogue.iso_country}{catalogue.key % 10**9:09d}",
    }
    amazon = {
        "partnerId": f"AMAZON_{catalogue.country}",
        "partnerType": "AMAZON",
        "partnerEntities": [],
        "partnerName": "Amazon",
    }
    row: Row = {
        "invoiceNumber": invoice.number,
        "invoiceStatus": invoice.status(now),
        "invoiceType": "OTHER" if order is None else "AP_INVENTORY",
    }
    if order is None:
        row["billingPeriod"] = {
            "startDate": iso(invoice.issued.replace(day=1, hour=0)),
            "endDate": iso(invoice.issued.replace(hour=0)),
        }
    days = (invoice.due - invoice.issued).days
    net = invoice.net
    row |= {
        "payer": vendor if order is None else amazon,
        "payee": amazon if order is None else vendor,
        "invoiceIdentifier": invoice.identifier,
        "issueDate": iso(invoice.issued),
        "dueDate": iso(invoice.due),
        "paymentTerms": f"NET{days}",
        "invoiceAmount": _money(catalogue, invoice.total),
        "invoiceAmountBreakdowns": [
            _breakdown(
                catalogue,
                "Total",
                invoice.total,
                _breakdown(catalogue, "InvoiceAmountWithoutTax", net),
                _breakdown(catalogue, "TaxAmount", invoice.total - net),
            )
        ],
        "invoiceSettlementBreakdowns": [
            _breakdown(catalogue, name, amount) for name, amount in _settlement(invoice, now).items()
        ],
        "relatedIdentifiers": list(_related(invoice, now)),
        "creationDate": iso(invoice.created),
        "lastUpdatedDate": iso(invoice.changed_at(now)),
    }
    return row


def _settlement(invoice: Invoice, now: datetime) -> dict[str, int]:
    """What the settlement of an invoice is made of, by Amazon's names."""
    paid = invoice.paid(now)
    parts = {"AmountPaid": paid}
    if not invoice.rejected and invoice.queued <= now < invoice.due:
        parts["QueuedForPayment"] = invoice.payable
    if now >= invoice.matched and paid != invoice.total:
        parts["QuantityVarianceAmount"] = sum(line.shortage for line in invoice.lines)
        parts["PriceVariance"] = sum(line.overcharge for line in invoice.lines)
    return parts


def _related(invoice: Invoice, now: datetime) -> Iterator[Row]:
    order = invoice.order
    names: dict[str, list[str]] = {
        "PAYEE_CODE": [payee_code(invoice.vendor_code)],
        "VENDOR_CODE": [invoice.vendor_code],
    }
    if order is None:
        names["AGREEMENT_IDS"] = [f"{invoice.key % 10**8:08d}"]
    else:
        names["PURCHASE_ORDER_IDS"] = [order.number]
        names["ASN_IDS"] = [Shipment(order, called_off=False).identifier]
        names["WAREHOUSE_ID"] = [order.center]
        if now >= invoice.matched and any(line.shortage for line in invoice.lines):
            names["SHORTAGE_INVOICE_IDS"] = [f"{invoice.number}SCR"]
    payments = [each for each in (invoice.due, invoice.settled) if each is not None and each <= now]
    if payments and invoice.paid(now):
        names["UNIQUE_PAYMENT_IDS"] = [f"{each:%Y%m%d}{invoice.key % 10**6:06d}" for each in payments]
    for name, values in names.items():
        yield {"relatedIdentifierName": name, "relatedIdentifierValue": values}


def items_as_json(invoice: Invoice, lines: Sequence[Billed], now: datetime) -> list[Row]:
    """The InvoiceItems of the model for some lines, as they stand at a moment."""
    return [_item(invoice, line, now) for line in lines]


def _item(invoice: Invoice, billed: Billed, now: datetime) -> Row:
    catalogue = invoice.catalogue
    row: Row = {
        "lineItemId": f"{billed.number}",
        "unitCost": _money(catalogue, billed.cost),
        "quantity": billed.quantity,
    }
    if billed.tax:
        row["taxRateCodes"] = [f"{catalogue.iso_country} {billed.tax}"]
    row["totalAmount"] = _money(catalogue, billed.total)
    row["totalAmountBreakdown"] = [
        _breakdown(catalogue, "ItemCostWithoutTax", billed.net),
        _breakdown(catalogue, "ItemTaxAmount", billed.total - billed.net),
    ]
    context: Row = {"lineItemType": "SERVICES" if billed.line is None else "GOODS"}
    if billed.line is not None and invoice.order is not None:
        product = billed.line.product
        number = barcode(product)
        kind = "ISBN" if number == product.asin else "EAN"
        context["itemIdentifiers"] = [
            {"itemIdentifierName": "ASIN", "itemIdentifierValue": product.asin},
            {"itemIdentifierName": kind, "itemIdentifierValue": number},
        ]
        context["itemDescription"] = product.title
        if now >= invoice.matched:
            context["matchingContext"] = _matching(invoice, billed, now)
        row["lineItemContext"] = context
        row["relatedItemIdentifiers"] = [
            {"relatedIdentifierName": "PURCHASE_ORDER_IDS", "relatedIdentifierValue": [invoice.order.number]}
        ]
        return row
    context["itemDescription"] = f"Service {billed.number}"
    context["serviceChargeType"] = billed.charge
    context["serviceChargePeriod"] = {
        "startDate": iso(invoice.issued.replace(day=1, hour=0)),
        "endDate": iso(invoice.issued.replace(hour=0)),
    }
    row["lineItemContext"] = context
    return row


def _matching(invoice: Invoice, billed: Billed, now: datetime) -> Row:
    catalogue, matched = invoice.catalogue, billed.matched or 0
    short = billed.quantity - matched
    status = invoice.status(now)
    paid = billed.quantity if status == "PAID" else matched if status == "PARTIALLY_PAID" else 0
    reasons: list[Row] = []
    if short:
        reason = QUANTITY_REASONS[billed.bits >> 8 & 3]
        reasons.append({"varianceType": "PQV", "defectTypes": [reason]})
    if billed.cost != billed.agreed:
        reasons.append({"varianceType": "PPV", "defectTypes": [PRICE_REASONS[billed.bits >> 10 & 3]]})
    amounts = {"PAID": billed.total, "PARTIALLY_PAID": billed.payable}
    row: Row = {
        "matchedQuantity": matched,
        "matchedAmount": _money(catalogue, billed.payable),
        "quantityVariance": short,
        "priceVariance": _money(catalogue, billed.overcharge),
        "paidQuantity": paid,
        "paidAmount": _money(catalogue, amounts.get(status, 0)),
    }
    if reasons:
        row["varianceReasons"] = reasons
    return row


def _money(catalogue: Catalogue, units: int) -> Row:
    return {"currencyCode": catalogue.currency, "currencyAmount": catalogue.amount(units)}


def _breakdown(catalogue: Catalogue, name: str, units: int, *parts: Row) -> Row:
    return {"breakdownType": name, "breakdownAmount": _money(catalogue, units), "breakdowns": list(parts)}
