"""Pages of a listing and of the parts of its elements, on answers made up to be odd."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from clocks import FakeClock
from world import Recorder, Run

from tap_amazon_vendor.amazon.answers import decode
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.engine.hearings import RETRY_PAUSE
from tap_amazon_vendor.errors import MalformedAnswerError, NotFoundError, RequestRejectedError
from tap_amazon_vendor.reports.windows import Window
from tap_amazon_vendor.streams.details import MOST_UNFOUND, Unfound
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
    told: Callable[[str | None, str], Any],
    folder: Path,
    invoices: tuple[str, ...] = ("A~1",),
    unfound: Unfound | None = None,
    clock: FakeClock | None = None,
) -> tuple[list[tuple[str, str]], Findings]:
    """The lines of some invoices."""
    stream: Any = TapAmazonVendor(config=CONFIG).streams["vendor_invoice_items"]
    headers = {"invoices": [{"invoiceIdentifier": each} for each in invoices]}
    api: Any = Scripted({"getInvoiceHeaders": lambda *_: headers, "getInvoice": told})
    findings = Findings()
    clock = clock or FakeClock(NOW)
    with ListedWindow(stream.declaration.listing, api, stream.partitions[0], WINDOW, clock, folder) as listed:
        for _ in listed.fetch():
            pass
        chunks = [*stream.chunks(listed, stream._settings().accounts[0], findings, (), unfound)]
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


class Lost:
    """Answers 404 for some invoices, the first times that they are requested."""

    def __init__(self, *lost: str, times: float = float("inf")) -> None:
        self.lost, self.times = lost, times
        self.asked: list[str] = []

    def __call__(self, _: str | None, identifier: str) -> Row:
        self.asked.append(identifier)
        if identifier in self.lost and self.asked.count(identifier) <= self.times:
            text = "no such invoice"
            raise NotFoundError(text)
        return {
            **lines(1),
            "invoiceHeader": {"invoiceIdentifier": identifier, "lastUpdatedDate": "2026-11-01T08:00:00Z"},
        }


def test_an_invoice_that_amazon_does_not_find_once_is_asked_for_again_minutes_later(tmp_path: Path) -> None:
    clock = FakeClock(NOW)
    found, findings = lines_of(Lost("A~1", times=1), tmp_path, ("A~1", "B~1"), clock=clock)
    assert found == [("B~1", "1"), ("A~1", "1")]
    assert (findings.rejected, findings.remarks) == (0, [])
    assert (clock() - NOW).total_seconds() == RETRY_PAUSE


def test_an_invoice_that_is_not_found_twice_is_left_to_the_next_run_and_the_others_are_read(
    tmp_path: Path,
) -> None:
    unfound = Unfound()
    found, findings = lines_of(Lost("A~1"), tmp_path, ("A~1", "B~1"), unfound)
    assert found == [("B~1", "1")]
    assert (findings.rejected, unfound.now) == (0, ["A~1"])
    assert findings.remarks == [
        "getInvoice has nothing for 1 of the elements that getInvoiceHeaders lists: the next run requests them again"
    ]


@pytest.mark.parametrize("is_listed", [True, False])
def test_an_invoice_that_the_next_run_does_not_find_either_is_rejected_without_a_wait(
    tmp_path: Path, *, is_listed: bool
) -> None:
    clock, unfound = FakeClock(NOW), Unfound(("A~1",))
    found, findings = lines_of(Lost("A~1"), tmp_path, ("A~1", "B~1")[not is_listed :], unfound, clock)
    assert found == [("B~1", "1")]
    assert findings.first_reject
    assert (findings.rejected, findings.remarks, clock()) == (1, [], NOW)
    assert "no such invoice" in findings.first_reject.reason
    # It stays in the state while it is listed, so that no later run waits for it.
    assert unfound.now == ["A~1"] * is_listed


def test_if_amazon_finds_no_invoice_the_window_fails(tmp_path: Path) -> None:
    for invoices in (("A~1",), ("A~1", "B~1")):
        lost = Lost(*invoices)
        with pytest.raises(NotFoundError):
            lines_of(lost, tmp_path, invoices)
        assert len(lost.asked) == len(invoices) + 1


def test_the_state_holds_a_limited_number_of_invoices_that_are_not_found(tmp_path: Path) -> None:
    lost, unfound = [f"L~{number}" for number in range(MOST_UNFOUND + 3)], Unfound()
    found, findings = lines_of(Lost(*lost), tmp_path, (*lost, *(f"F~{number}" for number in range(100))), unfound)
    assert (len(found), len(unfound.now), findings.rejected) == (100, MOST_UNFOUND, 3)


def odd_lines(times: int) -> Callable[[str | None, str], Row]:
    """Invoices whose first answers have a line that can't be read."""
    asked: list[str] = []

    def told(_: str | None, identifier: str) -> Row:
        asked.append(identifier)
        answer = lines(1, 2)
        if identifier == "A~1" and asked.count(identifier) <= times:
            answer["invoiceItems"][1] = 7
        return answer

    return told


def test_a_line_that_can_not_be_read_is_asked_for_again_and_then_rejected(tmp_path: Path) -> None:
    whole = [("A~1", "1"), ("A~1", "2"), ("B~1", "1"), ("B~1", "2")]
    found, findings = lines_of(odd_lines(1), tmp_path, ("A~1", "B~1"))
    assert (sorted(found), findings.rejected) == (whole, 0)
    found, findings = lines_of(odd_lines(2), tmp_path, ("A~1", "B~1"))
    assert (sorted(found), findings.rejected) == ([each for each in whole if each != ("A~1", "2")], 1)


class Invoices(Scripted):
    """An account's invoices; each run lists others of them."""

    def __init__(self, lost: Lost) -> None:
        self.listed: tuple[str, ...] = ()
        super().__init__({"getInvoiceHeaders": self.headers, "getInvoice": lost})

    def headers(self, *_: Any) -> Row:
        return {
            "invoices": [{"invoiceIdentifier": each, "lastUpdatedDate": "2026-11-01T08:00:00Z"} for each in self.listed]
        }

    def run(self, clock: FakeClock, state: Row | None, *listed: str) -> Run:
        self.listed = listed
        recorder = Recorder()
        tap = TapAmazonVendor(config=CONFIG, state=state, clock=clock, message_writer=recorder, in_background=False)
        for name, stream in tap.streams.items():
            stream.selected = name in {"vendor_invoice_items", "report_ledger", "report_rejects"}
        tap.run.__dict__["apis"] = {"default": self}
        tap.sync_all()
        return Run(recorder.lines, None)


def test_no_line_is_lost_or_doubled_while_amazon_does_not_find_an_old_invoice(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The next run lists only what was changed of late."""
    api = Invoices(Lost("A~1", times=2))
    first = api.run(clock, None, "A~1", "B~1")
    (entry,) = first.records("report_ledger")
    assert (entry["outcome"], entry["rows"], entry["rejected"]) == ("loaded", 1, 0)
    assert "the next run requests them again" in entry["remarks"]
    assert entry["remarks"] in caplog.text
    clock.advance(86_400)
    second = api.run(clock, first.state, "C~1")
    rows = [row for run in (first, second) for row in run.records("vendor_invoice_items")]
    assert [row["invoice_identifier"] for row in rows] == ["B~1", "C~1", "A~1"]
    # The date comes from the invoice itself, which is no longer listed.
    assert {row["last_updated_date"][:10] for row in rows} == {"2026-11-01"}
    clock.advance(86_400)
    asked = len(api.answers["getInvoice"].asked)  # type: ignore[attr-defined]
    api.run(clock, second.state)
    assert len(api.answers["getInvoice"].asked) == asked  # type: ignore[attr-defined]


def test_invoices_that_amazon_never_finds_do_not_fail_the_window(clock: FakeClock) -> None:
    lost = [f"L~{number}" for number in range(20)]
    api = Invoices(Lost(*lost))
    first = api.run(clock, None, *lost, "B~1")
    clock.advance(86_400)
    second = api.run(clock, first.state)
    (entry,) = second.records("report_ledger")
    assert (entry["outcome"], entry["rejected"]) == ("loaded", 20)


def test_an_old_invoice_that_amazon_never_finds_is_rejected_by_the_next_run(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    lost = Lost("A~1")
    api = Invoices(lost)
    first = api.run(clock, None, "A~1", "B~1")
    clock.advance(86_400)
    second = api.run(clock, first.state)
    (entry,) = second.records("report_ledger")
    assert (entry["outcome"], entry["rejected"]) == ("loaded", 1)
    (reject,) = second.records("report_rejects")
    assert (json.loads(reject["line"]), reject["reason"]) == ({"invoiceIdentifier": "A~1"}, "no such invoice")
    assert "rejected 1 line" in caplog.text
    clock.advance(86_400)
    third = api.run(clock, second.state)
    assert [entry["outcome"] for entry in third.records("report_ledger")] == ["empty"]
    # Twice by the first run, and twice by the second.
    assert lost.asked.count("A~1") == 4


def answering(identifier: str, *answers: Any) -> Callable[[str | None, str], Row]:
    """Invoices, of which one has other answers at first."""
    left = [*answers]

    def told(_: str | None, each: str) -> Row:
        answer = left.pop(0) if each == identifier and left else lines(1)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    return told


@pytest.mark.parametrize("answer", [lines(), RequestRejectedError("getInvoice: not now")])
def test_an_invoice_that_has_no_line_or_is_refused_is_asked_for_again_minutes_later(
    tmp_path: Path, answer: Any
) -> None:
    clock, unfound = FakeClock(NOW), Unfound()
    found, findings = lines_of(answering("A~1", answer), tmp_path, ("A~1", "B~1"), unfound, clock)
    assert found == [("B~1", "1"), ("A~1", "1")]
    assert (findings.rejected, findings.remarks, unfound.now) == (0, [], [])
    assert (clock() - NOW).total_seconds() == RETRY_PAUSE


@pytest.mark.parametrize("answer", [lines(), RequestRejectedError("getInvoice: not now")])
def test_what_amazon_says_of_it_twice_is_left_to_the_next_run(tmp_path: Path, answer: Any) -> None:
    unfound = Unfound()
    found, findings = lines_of(answering("A~1", *[answer] * 2), tmp_path, ("A~1", "B~1"), unfound)
    assert (found, findings.rejected, unfound.now) == ([("B~1", "1")], 0, ["A~1"])
    clock, unfound = FakeClock(NOW), Unfound(unfound.now)
    found, findings = lines_of(answering("A~1", *[answer] * 2), tmp_path, ("A~1", "B~1"), unfound, clock)
    # What has no lines is no fault of its element's.
    assert (found, findings.rejected + len(findings.remarks)) == ([("B~1", "1")], 1)
    assert (clock(), unfound.now) == (NOW, ["A~1"])


def test_a_line_that_can_not_be_read_is_waited_for_also_where_the_last_run_did_not_find_its_invoice(
    tmp_path: Path,
) -> None:
    clock, unfound = FakeClock(NOW), Unfound(("A~1",))
    found, findings = lines_of(odd_lines(1), tmp_path, ("A~1", "B~1"), unfound, clock)
    assert (len(found), findings.rejected) == (4, 0)
    assert (clock() - NOW).total_seconds() == RETRY_PAUSE


def test_an_invoice_is_kept_once_for_the_next_run() -> None:
    unfound = Unfound(most=1)
    assert [unfound.keep(each) for each in ("A~1", "A~1", "B~1")] == [True, True, False]
    assert unfound.now == ["A~1"]


def test_an_invoice_without_a_line_is_told(tmp_path: Path) -> None:
    found, findings = lines_of(lambda _, each: lines() if each == "A~1" else lines(1), tmp_path, ("A~1", "B~1"))
    assert found == [("B~1", "1")]
    assert findings.remarks == ["getInvoice has no rows for 1 of the elements that getInvoiceHeaders lists"]


def test_a_token_beside_the_envelope_is_followed(tmp_path: Path) -> None:
    def told(token: str | None, _: str) -> Row:
        number = "2" if token else "1"
        more = {} if token else {"pagination": {"nextToken": "more"}}
        return {"payload": {"orders": [{"purchaseOrderNumber": number}]}, **more}

    api: Any = Scripted({"getPurchaseOrders": told})
    with ListedWindow(PURCHASE_ORDERS, api, {}, WINDOW, FakeClock(NOW), tmp_path) as listed:
        assert [None for _ in listed.fetch()] == [None, None]
        assert [number for number, _ in listed.elements()] == [1, 2]


def orders_of(clock: FakeClock, folder: Path, *answers: list[Any], confirmed: set[str] | None = None) -> list[bytes]:
    """Return the orders of a window; each reading of it gets the next answer."""
    pages = iter(answers)
    api: Any = Scripted({"getPurchaseOrders": lambda *_: {"payload": {"orders": next(pages)}}})
    with ListedWindow(PURCHASE_ORDERS, api, {}, WINDOW, clock, folder, confirmed=confirmed) as listed:
        for _ in listed.fetch():
            pass
        assert listed.seen_at == clock()
        return [element for _, element in listed.elements()]


ORDERS = [{"purchaseOrderNumber": "A"}, {"purchaseOrderNumber": "B"}]
ODD = [ORDERS[0], None]


def test_a_listing_with_an_element_that_can_not_be_read_is_read_again_minutes_later(tmp_path: Path) -> None:
    clock = FakeClock(NOW)
    found = orders_of(clock, tmp_path, ODD, ORDERS)
    assert [json.loads(each) for each in found] == ORDERS
    assert (clock() - NOW).total_seconds() == RETRY_PAUSE


def test_an_element_that_is_unreadable_in_every_window_is_waited_for_once(tmp_path: Path) -> None:
    clock, confirmed = FakeClock(NOW), set[str]()
    found = orders_of(clock, tmp_path, ODD, ODD, confirmed=confirmed)
    assert [json.loads(each) for each in found] == ODD
    found = orders_of(clock, tmp_path, ODD, confirmed=confirmed)
    assert [json.loads(each) for each in found] == ODD
    assert (clock() - NOW).total_seconds() == RETRY_PAUSE
    # For another reason it is waited for.
    found = orders_of(clock, tmp_path, [*ODD, {}], ORDERS, confirmed=confirmed)
    assert [json.loads(each) for each in found] == ORDERS
