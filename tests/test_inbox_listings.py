"""Answers of paged APIs in the inbox: purchase orders, statuses, shipments, as somebody's own script kept them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from clocks import NOW, FakeClock
from world import Recorder, Run, catalog

from amazon_sandbox.accounts import DEFAULT_ACCOUNTS
from amazon_sandbox.data import Data
from amazon_sandbox.data.direct import order_as_json as direct_order_as_json
from amazon_sandbox.data.invoices import header_as_json, items_as_json
from amazon_sandbox.data.procurement import order_as_json, status_as_json
from amazon_sandbox.data.shipments import as_json as shipment_as_json
from amazon_sandbox.data.shipments import shipments
from tap_amazon_vendor.config.accounts import ACCOUNT_TYPES
from tap_amazon_vendor.errors import RunFailedError
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World

    from amazon_sandbox.data.invoices import Invoice

Row = dict[str, Any]

US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
EVERY = {"report_ledger", "report_rejects", "vendor_direct_orders", "vendor_direct_order_items"}
SAMPLES = Path(__file__).parents[2] / "shared" / "samples" / "amzn-samples"
DATA = Data(7, DEFAULT_ACCOUNTS, 5, 3)
PLACED = [*DATA.procurement("vendor-us").between(NOW - timedelta(days=9), NOW)]
PLACED = [order for order in PLACED if order.placed <= NOW]
SHIPPED = [*shipments(DATA.procurement("vendor-us"), NOW - timedelta(days=9), NOW)]
SHIPPED = [shipment for shipment in SHIPPED if shipment.created <= NOW]

#: Of each array of a page: its streams, and its elements.
ANSWERS: dict[str, tuple[tuple[str, ...], list[Row]]] = {
    "orders": (
        ("vendor_purchase_orders", "vendor_purchase_order_items"),
        [order_as_json(order, NOW) for order in PLACED],
    ),
    "ordersStatus": (
        ("vendor_purchase_order_statuses", "vendor_purchase_order_status_items"),
        [status_as_json(order, NOW) for order in PLACED],
    ),
    "shipments": (
        ("vendor_shipments", "vendor_shipment_items", "vendor_shipment_containers"),
        [shipment_as_json(shipment, NOW) for shipment in SHIPPED],
    ),
}


def page(array: str, elements: list[Row]) -> Row:
    return {"payload": {"pagination": {"nextToken": "MDAwMDAwMDAwMQ=="}, array: elements}}


def text(value: Any) -> str:
    return json.dumps(value, default=float)


#: Shapes in which people keep answers.
SHAPES: dict[str, Callable[[str, list[Row]], str]] = {
    "a page": lambda array, rows: text(page(array, rows)),
    "a payload": lambda array, rows: text(page(array, rows)["payload"]),
    "a list of pages": lambda array, rows: text([page(array, rows[:1]), page(array, rows[1:])]),
    "a list of elements": lambda _, rows: text(rows),
    "a page a line": lambda array, rows: "\n".join(text(page(array, [row])) for row in rows),
    "an element a line": lambda _, rows: "\n".join(map(text, rows)) + "\n",
    "the answer for one": lambda _, rows: text([{"payload": row} for row in rows]),
    "indented": lambda array, rows: json.dumps(page(array, rows), default=float, indent=4),
}


EVERY |= {stream for streams, _ in ANSWERS.values() for stream in streams}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def read(folder: Path, state: Row | None = None, streams: set[str] | None = None, **settings: Any) -> Run:
    recorder = Recorder()
    tap = TapAmazonVendor(
        config={"inbox": str(folder), "marketplaces": ["US"], **settings},
        catalog=catalog(frozenset(ACCOUNT_TYPES), frozenset(streams or EVERY)),
        state=json.loads(json.dumps(state or {})),
        clock=FakeClock(NOW),
        in_background=False,
        message_writer=recorder,
    )
    error = None
    try:
        tap.sync_all()
    except RunFailedError as failed:
        error = failed
    return Run(recorder.lines, error)


def rows(run: Run, stream: str) -> list[Row]:
    """The rows of a stream, but for when the file was written."""
    found = [{name: value for name, value in row.items() if name != "seen_at"} for row in run.records(stream)]
    return sorted(found, key=lambda row: [str(row[key]) for key in run.keys(stream)])


def outcomes(run: Run) -> dict[str, tuple[str, str | None]]:
    return {row["stream_name"]: (row["outcome"], row["reason"]) for row in run.records("report_ledger")}


@pytest.mark.parametrize("array", ANSWERS)
def test_an_answer_in_any_shape_becomes_the_rows_of_its_streams(array: str, inbox: Path) -> None:
    streams, elements = ANSWERS[array]
    for number, write in enumerate(SHAPES.values()):
        (inbox / f"{number}.json").write_text(write(array, elements))
    run = read(inbox, streams={*streams, "report_ledger"})
    assert run.error is None
    entries = run.records("report_ledger")
    assert Counter((entry["stream_name"], entry["outcome"], entry["reason"]) for entry in entries) == {
        (stream, "loaded", None): len(SHAPES) for stream in streams
    }
    assert {entry["rows"] for entry in entries if entry["stream_name"] == streams[0]} == {len(elements)}
    for stream in streams:
        each = rows(run, stream)
        assert len(each) == len(SHAPES) * len(run.upserted(stream)) > len(SHAPES)
        assert all(
            each[start : start + len(SHAPES)] == [each[start]] * len(SHAPES)
            for start in range(0, len(each), len(SHAPES))
        )
        assert all(row["_extra"] is None and row["marketplace_id"] == US for row in each)
    again = read(inbox, run.state, streams={*streams, "report_ledger"})
    assert (again.records(streams[0]), again.records("report_ledger")) == ([], [])


def test_a_file_brings_the_rows_that_the_api_would(world: World, inbox: Path) -> None:
    names = ["vendor_purchase_orders", "vendor_purchase_order_items"]
    there = world.run(world.config(start_date=world.day(8)), streams=names)
    numbers = {row["purchase_order_number"] for row in there.records(names[0])}
    placed = world.sandbox.data.procurement("vendor-us").between(NOW - timedelta(days=400), NOW)
    orders = [order_as_json(order, NOW) for order in placed if order.number in numbers]
    (inbox / "orders.json.gz").write_bytes(gzip.compress(text(page("orders", orders)).encode("utf-16")))
    own = {"account", "country_code"}
    run = read(inbox, streams={*names})
    for name in names:
        assert [{k: v for k, v in row.items() if k not in own} for row in rows(run, name)] == [
            {k: v for k, v in row.items() if k not in own} for row in rows(there, name)
        ]


def test_the_last_version_of_an_order_counts_and_it_says_when_it_was_seen(inbox: Path) -> None:
    order = ANSWERS["orders"][1][0]
    changed = {**order, "purchaseOrderState": "Closed"}
    (inbox / "orders.json").write_text(text([page("orders", [order]), page("orders", [changed])]))
    (row,) = read(inbox).records("vendor_purchase_orders")
    assert row["purchase_order_state"] == "Closed"
    assert row["seen_at"]


@pytest.mark.parametrize(
    ("content", "outcome", "words"),
    [
        (page("orders", []), "failed", "may be a response of getOrders or getPurchaseOrders"),
        (page("ordersStatus", []), "empty", "the file has no rows"),
        ([page("orders", ANSWERS["orders"][1]), page("shipments", [])], "failed", "several operations"),
        ({"payload": {"shipmentConfirmations": [{"purchaseOrderNumber": "4Z32PABC"}]}}, "skipped", "no stream reads"),
        ({"purchaseOrderNumber": "4Z32PABC", "a": 1, "b": {"c": 2}}, "skipped", "no stream reads"),
    ],
)
def test_what_is_no_answer_or_of_several_says_so(content: Any, outcome: str, words: str, inbox: Path) -> None:
    (inbox / "file.json").write_text(text(content))
    run = read(inbox)
    (entry, *_) = outcomes(run).values()
    assert (entry[0], words in str(entry[1])) == (outcome, True), entry


def test_a_name_decides_between_answers_that_look_alike(inbox: Path) -> None:
    (inbox / "getPurchaseOrders 1.json").write_text(text(page("orders", [])))
    assert {outcome for outcome, _ in outcomes(read(inbox)).values()} == {"empty"}


def test_the_receipt_of_something_sent_is_no_transaction(inbox: Path) -> None:
    (inbox / "sent.json").write_text('{"payload": {"transactionId": "20190904190535-eef8cad8-418e-4ed3"}}')
    run = read(inbox, streams={"seller_finance_transactions", "report_ledger"})
    assert run.error is None
    assert run.records("seller_finance_transactions") == []
    assert outcomes(run)["inbox"][0] == "skipped"


def test_direct_orders_are_told_from_purchase_orders(inbox: Path) -> None:
    placed = DATA.direct_orders("vendor-us").placed(NOW - timedelta(days=9), NOW)
    (inbox / "orders.json").write_text(text({"orders": [direct_order_as_json(order, NOW) for order in placed]}))
    assert {*outcomes(read(inbox))} == {"vendor_direct_orders", "vendor_direct_order_items"}


@pytest.mark.parametrize(
    "content", ['{"payload": {"orders": [{"purchaseOrderNumber": "4Z32P', '[{"purchaseOrderNumber": 1}']
)
def test_a_file_that_breaks_off_is_read_not_at_all(content: str, inbox: Path) -> None:
    (inbox / "orders.json").write_text(content)
    run = read(inbox)
    assert run.error is not None
    assert {outcome for outcome, _ in outcomes(run).values()} == {"failed"}


def test_an_element_that_can_be_no_row_goes_to_the_rejects(inbox: Path) -> None:
    orders = ANSWERS["orders"][1]
    (inbox / "orders.json").write_text(text(page("orders", [{"purchaseOrderNumber": None}, *orders])))
    run = read(inbox, streams={"vendor_purchase_orders", "report_rejects", "report_ledger"})
    assert len(run.records("vendor_purchase_orders")) == len(orders)
    (entry,) = run.records("report_ledger")
    assert (entry["rows"], entry["rejected"], len(run.records("report_rejects"))) == (len(orders), 1, 1)


INVOICES = ("vendor_invoices", "vendor_invoice_items")
BILLED = [*DATA.invoices("vendor-us").issued(NOW - timedelta(days=30), NOW)]
BILLED = sorted((each for each in BILLED if each.created <= NOW), key=lambda each: len(each.lines))[-3:]


def told(invoice: Invoice, first: int = 0, last: int | None = None) -> Row:
    """What getInvoice returns: some lines of an invoice."""
    lines = items_as_json(invoice, invoice.lines[first:last], NOW)
    return {"invoiceHeader": header_as_json(invoice, NOW, "A1"), "invoiceItems": lines}


def headless_pages(invoice: Invoice) -> list[Row]:
    """Pages of which only the first has the invoice."""
    first, *others = [told(invoice, at, at + 1) for at in range(3)] + [told(invoice, 3)]
    more = {"nextTokenForLineItems": "MQ=="}
    pages = [first | more, *({"invoiceItems": each["invoiceItems"]} | more for each in others)]
    del pages[-1]["nextTokenForLineItems"]
    return pages


def lines_of(*invoices: Invoice) -> set[tuple[str, str]]:
    return {(each.identifier, line["lineItemId"]) for each in invoices for line in told(each)["invoiceItems"]}


@pytest.mark.parametrize(
    "write",
    [
        lambda: text([*map(told, BILLED)]),
        lambda: "\n".join(text(told(each)) for each in BILLED),
        # Pages of one, the first of them twice.
        lambda: text([*map(told, BILLED[:-1]), told(BILLED[-1], 0, 2), told(BILLED[-1], 2), told(BILLED[-1], 0, 2)]),
        lambda: text([dict(reversed(told(each).items())) for each in BILLED]),
        lambda: "\n".join(map(text, [*map(told, BILLED[:-1]), *headless_pages(BILLED[-1])])),
    ],
    ids=["a list", "lines", "pages", "lines of the invoice first", "later pages without the invoice"],
)
def test_an_invoice_with_its_lines_is_read_by_both_streams(write: Callable[[], str], inbox: Path) -> None:
    (inbox / "invoices.json").write_text(write())
    run = read(inbox, streams={*INVOICES, "report_ledger"})
    assert outcomes(run) == dict.fromkeys(INVOICES, ("loaded", None))
    headers, lines = map(run.records, INVOICES)
    assert sorted(row["invoice_identifier"] for row in headers) == sorted(each.identifier for each in BILLED)
    assert len(lines) == len(lines_of(*BILLED)) > len(BILLED) == 3
    assert {(row["invoice_identifier"], row["line_item_id"]) for row in lines} == lines_of(*BILLED)
    assert {row["_extra"] for row in (*headers, *lines)} == {None}
    assert {row["last_updated_date"] for row in lines} == {row["last_updated_date"] for row in headers}


def test_lines_are_read_by_a_stream_that_is_selected_later(inbox: Path) -> None:
    (inbox / "invoices.json").write_text(text(told(BILLED[0])))
    first = read(inbox, streams={INVOICES[0]})
    second = read(inbox, first.state, streams={*INVOICES})
    assert (len(first.records(INVOICES[0])), second.records(INVOICES[0])) == (1, [])
    assert len(second.records(INVOICES[1])) == len(lines_of(BILLED[0])) > 0


def test_a_list_of_invoices_says_nothing_of_their_lines(inbox: Path) -> None:
    (inbox / "invoices.json").write_text(text({"invoices": [told(each)["invoiceHeader"] for each in BILLED]}))
    assert outcomes(read(inbox, streams={*INVOICES, "report_ledger"})) == {INVOICES[0]: ("loaded", None)}


def test_lines_of_an_invoice_that_can_be_no_row_are_said_to_be_missing(inbox: Path) -> None:
    damaged = {**told(BILLED[0]), "invoiceHeader": {"invoiceIdentifier": None}}
    (inbox / "invoices.json").write_text(text([damaged, told(BILLED[1])]))
    run = read(inbox, streams={*INVOICES, "report_ledger"})
    assert {row["stream_name"]: row["rejected"] for row in run.records("report_ledger")} == dict.fromkeys(INVOICES, 1)
    lines = run.records(INVOICES[1])
    assert {(row["invoice_identifier"], row["line_item_id"]) for row in lines} == lines_of(BILLED[1])


@pytest.mark.parametrize("before", [[], [told(BILLED[0])]], ids=["alone", "after the last page of another"])
def test_lines_without_their_invoice_are_not_guessed_and_not_passed_over(before: list[Row], inbox: Path) -> None:
    (inbox / "invoices.json").write_text(text([*before, *headless_pages(BILLED[-1])[1:]]))
    run = read(inbox, streams={*INVOICES, "report_ledger"})
    ((outcome, reason),) = outcomes(run).values()
    assert (outcome, "lines without their invoice" in str(reason)) == ("failed", True)


@pytest.mark.parametrize("stray", [{"errors": [{"code": "QuotaExceeded", "message": "slow down"}]}, {"x": 1}, 7])
def test_what_is_no_answer_among_answers_goes_to_the_rejects(stray: Any, inbox: Path) -> None:
    """A page that is missing must be noticed."""
    orders = ANSWERS["orders"][1]
    (inbox / "orders.jsonl").write_text("\n".join(map(text, [page("orders", orders[:1]), stray, orders[1]])))
    run = read(inbox, streams={"vendor_purchase_orders", "report_rejects", "report_ledger"})
    (entry,) = run.records("report_ledger")
    assert (entry["rows"], entry["rejected"], len(run.records("report_rejects"))) == (2, 1, 1)


@pytest.mark.parametrize("bad", [b"\\ud83d", b"\xff"])
def test_what_is_no_character_takes_no_answer_with_it(bad: bytes, inbox: Path) -> None:
    orders = [{**each, "purchaseOrderState": "STATE"} for each in ANSWERS["orders"][1][:2]]
    (inbox / "orders.json").write_bytes(text(page("orders", orders)).encode().replace(b"STATE", bad, 1))
    run = read(inbox, streams={"vendor_purchase_orders", "report_ledger"})
    assert sorted(row["purchase_order_state"] for row in run.records("vendor_purchase_orders")) == ["STATE", "\ufffd"]


def test_an_answer_that_is_nested_too_deeply_is_no_fault_of_the_tap(inbox: Path) -> None:
    (inbox / "orders.json").write_text("[" * 9000 + text(ANSWERS["orders"][1][0]) + "]" * 9000)
    (outcome,) = outcomes(read(inbox)).values()
    assert outcome == ("failed", "the document is not JSON: it is nested too deeply")


def test_a_folder_named_by_country_says_where_the_rows_belong(inbox: Path) -> None:
    (inbox / "CA").mkdir()
    (inbox / "CA" / "orders.json").write_text(text(page("orders", ANSWERS["orders"][1])))
    assert {row["marketplace_id"] for row in read(inbox).records("vendor_purchase_orders")} == {CA}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside the checkout")
@pytest.mark.parametrize(
    ("name", "stream", "array"),
    [
        ("vendororders-getPurchaseOrders", "vendor_purchase_orders", "orders"),
        ("vendororders-getPurchaseOrder", "vendor_purchase_orders", None),
        ("vendororders-getPurchaseOrdersStatus", "vendor_purchase_order_statuses", "ordersStatus"),
        ("vendorshipments-getShipmentDetails", "vendor_shipments", "shipments"),
    ],
)
def test_amazons_samples_are_read_without_anything_unknown(
    name: str, stream: str, array: str | None, inbox: Path
) -> None:
    content = (SAMPLES / f"{name}.json").read_text()
    (inbox / "sample.json").write_text(content)
    run = read(inbox)
    assert run.error is None
    payload = json.loads(content)["payload"]
    found = run.records(stream)
    assert len(found) == (len(payload[array]) if array else 1)
    assert {row["_extra"] for row in found} == {None}
