"""Invoices: windows, pages of invoices and of lines, and how they are paid."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from amazon_sandbox.data.invoices import MANY_LINES, header_as_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver
    from werkzeug.test import TestResponse

Row = dict[str, Any]

PATH = "/finances/invoices/2026-06-25/invoices"
PLACE = {"marketplaceId": "ATVPDKIKX0DER"}
SUMMER = {"fromIssueDate": "2026-06-01T00:00:00Z", "toIssueDate": "2026-08-30T00:00:00Z"}


def ask(amazon: Driver, identifier: str | None = None, label: str = "vendor-us", **query: str) -> TestResponse:
    path = PATH if identifier is None else f"{PATH}/{quote(identifier, safe='')}"
    return amazon.call("GET", path, label, query_string={**PLACE, **query})


def read(amazon: Driver, identifier: str | None = None, **query: str) -> Row:
    answer = ask(amazon, identifier, **query)
    assert answer.status_code == 200, answer.text
    found: Row = json.loads(answer.data, parse_float=Decimal)
    return found


def headers(amazon: Driver, **query: str) -> list[Row]:
    """All invoices of a window."""
    found: list[Row] = []
    token: dict[str, str] = {}
    while True:
        page = read(amazon, **query, **token)
        assert page["numOfRecords"] == len(page["invoices"]) <= 100
        found += page["invoices"]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}
        amazon.clock.advance(seconds=2)


def lines(amazon: Driver, identifier: str) -> list[list[Row]]:
    """All pages of lines of an invoice."""
    found: list[list[Row]] = []
    token: dict[str, str] = {}
    while True:
        amazon.clock.advance(seconds=2)
        page = read(amazon, identifier, **token)
        found.append(page["invoiceItems"])
        if "nextTokenForLineItems" not in page:
            return found
        token = {"nextTokenForLineItems": page["nextTokenForLineItems"]}


def settlement(header: Row) -> dict[str, Decimal]:
    return {
        part["breakdownType"]: Decimal(part["breakdownAmount"]["currencyAmount"])
        for part in header["invoiceSettlementBreakdowns"]
    }


def test_a_window_is_read_page_by_page_and_holds_what_was_issued_in_it(amazon: Driver) -> None:
    found = headers(amazon, **SUMMER)
    assert len({row["invoiceIdentifier"] for row in found}) == len(found) > 100
    assert all(SUMMER["fromIssueDate"] <= row["issueDate"] < SUMMER["toIssueDate"] for row in found)


def test_without_dates_the_last_90_days_are_listed(amazon: Driver) -> None:
    dates = [row["issueDate"] for row in headers(amazon)]
    assert "2026-08-22" < min(dates) < "2026-08-26"
    assert max(dates) > "2026-11-15"


def test_what_is_answered_is_what_the_seed_says(amazon: Driver) -> None:
    data, now = amazon.sandbox.data.invoices("vendor-us"), amazon.clock.now
    group = headers(amazon)[0]["payee"]["partnerId"]
    amazon.clock.now = now
    expected = [
        header_as_json(invoice, now, group)["invoiceIdentifier"]
        for invoice in data.issued(now - timedelta(days=90), now)
        if invoice.created <= now
    ]
    assert sorted(row["invoiceIdentifier"] for row in headers(amazon)) == sorted(expected)


def test_only_what_was_modified_since_is_listed(amazon: Driver) -> None:
    every = headers(amazon, **SUMMER)
    late = headers(amazon, **SUMMER, invoicesModifiedAfter="2026-10-01T00:00:00Z")
    assert {row["invoiceIdentifier"] for row in late} == {
        row["invoiceIdentifier"] for row in every if row["lastUpdatedDate"] >= "2026-10-01"
    }
    assert 0 < len(late) < len(every)


@pytest.mark.parametrize(
    "query",
    [
        {"fromIssueDate": "2026-06-01T00:00:00Z"},
        {"toIssueDate": "2026-06-01T00:00:00Z"},
        {"fromIssueDate": "2026-06-01T00:00:00Z", "toIssueDate": "2026-08-30T00:00:01Z"},
        {"fromIssueDate": "2026-06-02T00:00:00Z", "toIssueDate": "2026-06-01T00:00:00Z"},
        {"marketplaceId": "A1PA6795UKMFR9"},
        {"invoicesModifiedAfter": "lately"},
        {"nextToken": "bm9uc2Vuc2U="},
    ],
)
def test_requests_that_break_a_rule_are_refused(amazon: Driver, query: dict[str, str]) -> None:
    assert ask(amazon, **query).status_code == 400


def test_the_marketplace_is_required(amazon: Driver) -> None:
    answer = amazon.call("GET", PATH)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["message"] == "One or more required parameters missing"  # type: ignore[index]


def test_an_identifier_is_percent_encoded(amazon: Driver) -> None:
    identifiers = [row["invoiceIdentifier"] for row in headers(amazon)]
    for sign in "~/":
        identifier = next(each for each in identifiers if sign in each)
        assert read(amazon, identifier)["invoiceHeader"]["invoiceIdentifier"] == identifier
    assert amazon.call("GET", f"{PATH}/{identifier}", query_string=PLACE).status_code == 403
    assert ask(amazon, "INV00000000~NOBODY").status_code == 404
    assert ask(amazon, "nothing").status_code == 404


def test_lines_come_in_pages_of_600(amazon: Driver) -> None:
    long = next(row for row in headers(amazon) if row["invoiceType"] == "OTHER" and len(lines_of(amazon, row)) > 1)
    pages = lines(amazon, long["invoiceIdentifier"])
    assert [len(page) for page in pages] == [600, MANY_LINES - 600]
    every = [item for page in pages for item in page]
    assert len({item["lineItemId"] for item in every}) == MANY_LINES
    total = sum(Decimal(item["totalAmount"]["currencyAmount"]) for item in every)
    assert total == Decimal(long["invoiceAmount"]["currencyAmount"])


def lines_of(amazon: Driver, header: Row) -> list[list[Row]]:
    return lines(amazon, header["invoiceIdentifier"])


def test_amounts_add_up_and_every_variance_has_a_reason(make: Callable[..., Driver]) -> None:
    amazon = make(asins=12)
    for header in headers(amazon, **SUMMER)[:40]:
        parts = settlement(header)
        total = Decimal(header["invoiceAmount"]["currencyAmount"])
        if "QuantityVarianceAmount" in parts and header["invoiceStatus"].startswith("PARTIALLY"):
            assert sum(parts.values()) == total
        if header["invoiceStatus"] in {"PAID", "DEDUCTED"}:
            assert parts["AmountPaid"] == total
        items = [item for page in lines(amazon, header["invoiceIdentifier"]) for item in page]
        assert sum(Decimal(item["totalAmount"]["currencyAmount"]) for item in items) == total
        for item in items:
            match = item["lineItemContext"].get("matchingContext")
            if match is None:
                continue
            assert match["matchedQuantity"] + match["quantityVariance"] == item["quantity"]
            kinds = {reason["varianceType"] for reason in match.get("varianceReasons", ())}
            assert ("PQV" in kinds) == (match["quantityVariance"] > 0)
            assert ("PPV" in kinds) == (Decimal(match["priceVariance"]["currencyAmount"]) > 0)


def test_an_invoice_is_matched_queued_paid_and_at_last_settled(amazon: Driver) -> None:
    data = amazon.sandbox.data.invoices("vendor-us")
    orders = amazon.sandbox.data.procurement("vendor-us").between(amazon.clock.now, amazon.clock.now)
    invoices = [data.of_order(order) for order in orders if order.shipped]
    late = next(each for each in invoices if each.settled and not each.rejected and each.payable < each.total)
    assert late.settled is not None
    seen: list[tuple[str, bool]] = []
    for moment in (late.created, late.queued, late.due, late.settled):
        header = header_as_json(late, moment, "group")
        assert header["lastUpdatedDate"] >= header["issueDate"]
        seen.append((header["invoiceStatus"], "QueuedForPayment" in settlement(header)))
    assert seen == [("IN_PROGRESS", False), ("IN_PROGRESS", True), ("PARTIALLY_PAID", False), ("PAID", False)]
    assert any(each.rejected for each in invoices)


def test_sellers_have_none_and_the_role_is_needed(amazon: Driver) -> None:
    assert ask(amazon, label="seller-us").json == {"invoices": [], "numOfRecords": 0}
    assert ask(amazon, label="vendor-us-no-role").status_code == 403


def test_ten_at_once_then_one_every_two_seconds(amazon: Driver) -> None:
    assert [ask(amazon).status_code for _ in range(11)] == [200] * 10 + [429]
