"""The operations of the Invoices API 2026-06-25 (docs/amazon/vendor-apis.md#invoices and the model)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_sandbox import errors
from amazon_sandbox.accounts import AMAZON_FULFILLMENT, FINANCE
from amazon_sandbox.api import Answer, ApiCall, Operation
from amazon_sandbox.data.catalogue import iso
from amazon_sandbox.data.invoices import header_as_json, items_as_json
from amazon_sandbox.listing import Window, page, window
from amazon_sandbox.registrations import selling_partner_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from amazon_sandbox.amazon import Sandbox
    from amazon_sandbox.data.catalogue import Row
    from amazon_sandbox.data.invoices import Billed, Invoice

MOST_INVOICES, MOST_LINES = 100, 600
WIDEST = timedelta(days=90)
ROLES = (FINANCE, AMAZON_FULFILLMENT)
FROM, TO, LINES_TOKEN = "fromIssueDate", "toIssueDate", "nextTokenForLineItems"


def get_invoice_headers(sandbox: Sandbox, call: ApiCall) -> Answer:
    """List the invoices that were issued in a window, which is the last 90 days without dates."""
    _check_place(call)
    if (FROM in call.query) != (TO in call.query):
        raise errors.invalid_input(details=f"Provide both {FROM} and {TO}, or none")
    asked = window(call, FROM, TO, widest=WIDEST, oldest=None)
    modified = call.moment("invoicesModifiedAfter")

    def listed(now: datetime) -> Iterator[Invoice]:
        issued = asked or Window(now - WIDEST, now)
        if call.account.kind != "vendor":
            return
        for invoice in sandbox.data.invoices(call.account).issued(issued.start, issued.end):
            if invoice.created <= now and (modified is None or invoice.changed_at(now) >= modified):
                yield invoice

    found = page(sandbox, call, listed, _place, MOST_INVOICES)
    group = selling_partner_id(call.account)
    body: Row = {
        "invoices": [header_as_json(invoice, call.now, group) for invoice in found.records],
        "numOfRecords": len(found.records),
        **found.pagination,
    }
    return Answer(200, body)


def get_invoice(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Tell of one invoice, its lines in pages."""
    _check_place(call)
    invoice = None
    if call.account.kind == "vendor":
        invoice = sandbox.data.invoices(call.account).find(call.ids["invoiceIdentifier"], call.now)
    if invoice is None:
        raise errors.not_found(what="Invoice")
    lines = invoice.lines
    found = page(sandbox, call, lambda _: lines, _number, MOST_LINES, token=LINES_TOKEN)
    body: Row = {
        "invoiceHeader": header_as_json(invoice, call.now, selling_partner_id(call.account)),
        "invoiceItems": items_as_json(invoice, found.records, call.now),
    }
    if found.pagination:
        body[LINES_TOKEN] = found.pagination["nextToken"]
    return Answer(200, body)


def _check_place(call: ApiCall) -> None:
    place = call.query.get("marketplaceId")
    if place is None:
        raise errors.missing_parameters(names=["marketplaceId"])
    if place not in call.account.marketplaces:
        raise errors.invalid_input(details="Invalid input in marketplaceId")


def _place(invoice: Invoice) -> tuple[str, ...]:
    return iso(invoice.issued), invoice.identifier


def _number(line: Billed) -> tuple[str, ...]:
    return (f"{line.number:06d}",)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "getInvoiceHeaders",
        "GET",
        "/finances/invoices/2026-06-25/invoices",
        get_invoice_headers,
        ("nextToken", "marketplaceId", FROM, TO, "invoicesModifiedAfter"),
        roles=ROLES,
    ),
    Operation(
        "getInvoice",
        "GET",
        # The identifier may hold a slash, which has to be sent as %2F.
        "/finances/invoices/2026-06-25/invoices/<path:invoiceIdentifier>",
        get_invoice,
        ("marketplaceId", LINES_TOKEN),
        roles=ROLES,
    ),
)
