"""Pages of a listing and of the parts of its elements, on answers made up to be odd."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tap_amazon_vendor.amazon.answers import decode
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.errors import MalformedAnswerError, NotFoundError
from tap_amazon_vendor.reports.windows import Window
from tap_amazon_vendor.streams.listed_window import ListedWindow
from tap_amazon_vendor.streams.procurement import PURCHASE_ORDERS
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Row = dict[str, Any]

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
WINDOW = Window(NOW - timedelta(days=6), NOW)
CONFIG = {"client_id": "app", "client_secret": "secret", "refresh_token": "Atzr|token", "marketplaces": ["US"]}


class Scripted:
    """Answers each call by a function of the token that it is asked with, and of the element's identifier."""

    def __init__(self, answers: dict[str, Callable[[str | None, str], Any]]) -> None:
        self.answers = answers
        self.calls = 0

    def call(self, operation: Any, *, answer: type[Any], query: Row, identifier: str = "", **_: Any) -> Any:
        self.calls += 1
        token = query.get("nextToken") or query.get("nextTokenForLineItems")
        return decode(json.dumps(self.answers[operation.name](token, identifier)).encode(), answer)


def lines_of(
    told: Callable[[str | None, str], Any], folder: Path, invoices: tuple[str, ...] = ("A~1",)
) -> tuple[list[tuple[str, str]], Findings]:
    """The lines of some invoices."""
    stream: Any = TapAmazonVendor(config=CONFIG).streams["vendor_invoice_items"]
    headers = {"invoices": [{"invoiceIdentifier": each} for each in invoices]}
    api: Any = Scripted({"getInvoiceHeaders": lambda *_: headers, "getInvoice": told})
    findings = Findings()
    with ListedWindow(stream.declaration.listing, api, stream.partitions[0], WINDOW, NOW, folder) as listed:
        for _ in listed.fetch():
            pass
        chunks = [*stream.chunks(listed, stream._settings().accounts[0], findings, ())]
    return [(row["invoice_identifier"], row["line_item_id"]) for rows in chunks for row in rows], findings


def lines(*numbers: int, token: str | None = None, **fields: Any) -> Row:
    items = [{"lineItemId": str(number), **fields} for number in numbers]
    return {"invoiceItems": items, "nextTokenForLineItems": token}


def test_a_line_that_is_on_two_pages_is_there_once(tmp_path: Path) -> None:
    found, findings = lines_of(lambda token, _: lines(2, 3) if token else lines(1, 2, token="more"), tmp_path)
    assert found == [("A~1", "1"), ("A~1", "2"), ("A~1", "3")]
    assert findings.repeated_keys == 0


def test_pages_with_other_versions_of_the_same_lines_end(tmp_path: Path) -> None:
    with pytest.raises(MalformedAnswerError, match="nothing new"):
        lines_of(lambda token, _: lines(1, token=f"{token}x"[-900:], priceNote=token), tmp_path)


def test_an_invoice_that_amazon_no_longer_knows_keeps_not_the_lines_of_the_others(tmp_path: Path) -> None:
    def told(_: str | None, identifier: str) -> Row:
        if identifier == "A~1":
            text = "no such invoice"
            raise NotFoundError(text)
        return lines(1)

    found, findings = lines_of(told, tmp_path, ("A~1", "B~1"))
    assert found == [("B~1", "1")]
    assert findings.first_reject
    assert (findings.rejected, findings.first_reject.number) == (1, 1)
    assert "no such invoice" in findings.first_reject.reason
    with pytest.raises(NotFoundError):
        lines_of(told, tmp_path)


def test_an_invoice_without_a_line_is_told(tmp_path: Path) -> None:
    found, findings = lines_of(lambda _, each: lines() if each == "A~1" else lines(1), tmp_path, ("A~1", "B~1"))
    assert found == [("B~1", "1")]
    assert findings.remarks == ["getInvoice has no rows for 1 of those that getInvoiceHeaders lists"]


def test_a_token_beside_the_envelope_is_followed(tmp_path: Path) -> None:
    def told(token: str | None, _: str) -> Row:
        number = "2" if token else "1"
        more = {} if token else {"pagination": {"nextToken": "more"}}
        return {"payload": {"orders": [{"purchaseOrderNumber": number}]}, **more}

    api: Any = Scripted({"getPurchaseOrders": told})
    with ListedWindow(PURCHASE_ORDERS, api, {}, WINDOW, NOW, tmp_path) as listed:
        assert [None for _ in listed.fetch()] == [None, None]
        assert [number for number, _ in listed.elements()] == [1, 2]
