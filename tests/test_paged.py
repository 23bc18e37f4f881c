"""Streams of paged APIs, on made-up answers: windows, pages, rows, state, ledger."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from world import Recorder, Run

from tap_amazon_vendor.amazon.answers import decode
from tap_amazon_vendor.amazon.pages import MOST_EMPTY_PAGES
from tap_amazon_vendor.documents.json_values import converter
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.errors import (
    REPORT_IT,
    AccessDeniedError,
    MalformedAnswerError,
    RunFailedError,
    UnavailableError,
)
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clocks import FakeClock

    from tap_amazon_vendor.amazon.throttle import Operation

NAME = "seller_finance_transactions"
US, CA, DE = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1PA6795UKMFR9"
WIDEST = timedelta(days=180)
Row = dict[str, Any]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def transaction(number: int, posted: str, marketplace: str | None = US, **changes: Any) -> Row:
    return {
        "transactionId": f"t{number}",
        "transactionType": "Shipment",
        "transactionStatus": "DEFERRED",
        "postedDate": posted,
        "totalAmount": {"currencyAmount": 10.25, "currencyCode": "USD"},
        "relatedIdentifiers": [{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "1-2-3"}],
        "sellingPartnerMetadata": {"marketplaceId": marketplace} if marketplace else {},
    } | changes


#: What a list call says of reports whose role is missing.
FORBIDDEN = AccessDeniedError("Access to the resource is forbidden")


class FakeApi:
    """Answers with what was posted, two a page and an empty page between; refuses what Amazon refuses."""

    def __init__(self, clock: FakeClock, posted: Iterable[Row]) -> None:
        self.clock = clock
        self.posted = list(posted)
        self.queries: list[dict[str, str]] = []
        self.error: Exception | None = None

    @property
    def auth(self) -> FakeApi:
        """Whose token is valid."""
        return self

    def is_token_valid(self) -> bool:
        return True

    def call(self, operation: Operation, *, answer: type[Any], query: dict[str, str] | None = None, **_: Any) -> Any:
        return decode(json.dumps(self.say(operation, query)).encode(), answer)

    def say(self, operation: Operation, query: dict[str, str] | None) -> Row:
        if operation.name == "getReports":
            raise FORBIDDEN
        if operation.name == "getMarketplaceParticipations":
            return {"payload": [{"marketplace": {"id": id_, "countryCode": id_}} for id_ in (US, CA)]}
        assert operation.name == "listTransactions"
        assert query is not None
        self.queries.append(query)
        if self.error:
            raise self.error
        start, end = moment(query["postedAfter"]), moment(query["postedBefore"])
        assert start < end <= self.clock() - timedelta(minutes=2)
        if end - start > WIDEST:
            return {"payload": {"transactions": []}}
        found = [each for each in self.posted if start <= moment(each["postedDate"]) < end]
        page = int(query.get("nextToken", 0))
        elements = [] if page % 2 else found[page : page + 2]
        more = page + 1 <= len(found) + 1
        return {"payload": {"transactions": elements} | ({"nextToken": str(page + 1)} if more else {})}


@pytest.fixture
def run(clock: FakeClock) -> Callable[..., tuple[Run, FakeApi]]:
    def run_once(
        posted: Iterable[Row], state: Row | None = None, error: Exception | None = None, **changes: Any
    ) -> tuple[Run, FakeApi]:
        config = {
            "account_type": "seller",
            "client_id": "app",
            "client_secret": "secret",
            "refresh_token": "Atzr|of-a-seller",
            "marketplaces": ["US", "CA"],
        } | changes
        recorder = Recorder()
        tap = TapAmazonVendor(config=config, state=state, clock=clock, message_writer=recorder, in_background=False)
        for name, stream in tap.streams.items():
            stream.selected = name in {NAME, "report_ledger", "report_rejects"}
        api = FakeApi(clock, posted)
        api.error = error
        tap.run.__dict__["apis"] = {"default": api}
        failure = None
        try:
            tap.sync_all()
        except RunFailedError as failed:
            failure = failed
        return Run(recorder.lines, failure), api

    return run_once


def test_every_transaction_of_every_page_is_there_once_and_typed(run: Callable[..., tuple[Run, FakeApi]]) -> None:
    posted = [transaction(number, f"2026-11-1{number}T08:00:00.000Z") for number in range(5)]
    done, _ = run(posted)
    rows = done.records(NAME)
    assert [row["transaction_id"] for row in rows] == ["t0", "t1", "t2", "t3", "t4"]
    assert rows[0]["account"] == "default"
    assert rows[0]["marketplace_id"] == US
    total = (rows[0]["total_amount_currency_amount"], rows[0]["total_amount_currency_code"])
    assert total == (pytest.approx(10.25), "USD")
    assert rows[0]["related_identifiers"] == [
        {"related_identifier_name": "ORDER_ID", "related_identifier_value": "1-2-3"}
    ]
    assert rows[0]["breakdowns"] is None
    assert done.keys(NAME) == ["account", "marketplace_id", "transaction_id"]


def test_no_window_is_wider_than_amazon_answers(run: Callable[..., tuple[Run, FakeApi]]) -> None:
    posted = [transaction(1, "2025-02-03T04:05:06Z"), transaction(2, "2026-11-20T04:05:06Z")]
    done, api = run(posted, start_date="2025-01-01")
    assert {row["transaction_id"] for row in done.records(NAME)} == {"t1", "t2"}
    assert all(moment(query["postedBefore"]) - moment(query["postedAfter"]) <= WIDEST for query in api.queries)
    assert [row["outcome"] for row in done.records("report_ledger")].count("loaded") > 1


def test_the_next_run_reads_what_is_new_and_what_may_have_changed(
    run: Callable[..., tuple[Run, FakeApi]], clock: FakeClock
) -> None:
    posted = [transaction(1, "2026-11-01T08:00:00Z"), transaction(2, "2026-11-15T08:00:00Z")]
    first, _ = run(posted)
    clock.advance(24 * 3600)
    posted[1]["transactionStatus"] = "DEFERRED_RELEASED"
    second, api = run([*posted, transaction(3, "2026-11-22T08:00:00Z")], state=first.state)
    assert [(row["transaction_id"], row["transaction_status"]) for row in second.records(NAME)] == [
        ("t2", "DEFERRED_RELEASED"),
        ("t3", "DEFERRED"),
    ]
    assert api.queries[0]["postedAfter"] == "2026-11-07T12:00:00Z"


def test_without_restatement_the_days_in_which_one_may_show_up_late_are_read_again(
    run: Callable[..., tuple[Run, FakeApi]],
) -> None:
    first, _ = run([])
    _, api = run([], state=first.state, restatement_days=0)
    assert api.queries[0]["postedAfter"] == "2026-11-19T11:00:00Z"


def test_only_marketplaces_that_are_wanted_are_written(run: Callable[..., tuple[Run, FakeApi]]) -> None:
    posted = [
        transaction(1, "2026-11-10T08:00:00Z", CA),
        transaction(2, "2026-11-11T08:00:00Z", DE),
        transaction(3, "2026-11-12T08:00:00Z", None),
        transaction(4, "2026-11-13T08:00:00Z", None, marketplaceDetails={"marketplaceId": CA}),
    ]
    done, api = run(posted)
    assert sorted((row["transaction_id"], row["marketplace_id"]) for row in done.records(NAME)) == [
        ("t1", CA),
        ("t3", US),
        ("t4", CA),
    ]
    assert not any("marketplaceId" in query for query in api.queries)


def test_a_field_that_amazon_adds_is_kept(run: Callable[..., tuple[Run, FakeApi]]) -> None:
    done, _ = run([transaction(1, "2026-11-10T08:00:00Z", riskScore=7)])
    assert done.records(NAME)[0]["_extra"] == '{"riskScore":7}'


@pytest.mark.parametrize(
    ("field", "value", "column", "kept"),
    [
        ("totalAmount", "ten", "total_amount_currency_amount", {"total_amount": "ten"}),
        (
            "totalAmount",
            {"currencyAmount": "ten", "currencyCode": "USD"},
            "total_amount_currency_amount",
            {"total_amount_currency_amount": "ten"},
        ),
        ("items", [{"description": 1.5}], "items", {"items": [{"description": 1.5}]}),
    ],
)
def test_a_value_that_does_not_fit_is_kept_and_the_rest_of_the_row_too(
    field: str, value: Any, column: str, kept: Row, run: Callable[..., tuple[Run, FakeApi]]
) -> None:
    done, _ = run([transaction(1, "2026-11-10T08:00:00Z", **{field: value})])
    (row,) = done.records(NAME)
    assert (row[column], json.loads(row["_extra"])) == (None, kept)
    assert row["related_identifiers"]
    assert [row["unreadable_cells"] for row in done.records("report_ledger")] == [1]


def test_a_missing_role_skips_the_stream_for_a_week(run: Callable[..., tuple[Run, FakeApi]], clock: FakeClock) -> None:
    done, _ = run([], error=AccessDeniedError("Access to the resource is forbidden", request_id="1-2"))
    (entry,) = done.records("report_ledger")
    assert "The API authorization lacks the role Finance and Accounting" in str(done.error), "there is nothing else"
    assert entry["outcome"] == "skipped"
    assert "Access to the resource is forbidden" in entry["reason"]
    assert "Finance and Accounting" in entry["reason"]
    clock.advance(6 * 24 * 3600)
    _, api = run([], state=done.state)
    assert api.queries == []
    clock.advance(24 * 3600)
    again, api = run([transaction(1, "2026-11-28T00:00:00Z")], state=done.state)
    assert api.queries
    assert again.records(NAME)


def test_an_account_that_had_the_role_is_not_skipped(run: Callable[..., tuple[Run, FakeApi]]) -> None:
    first, _ = run([transaction(1, "2026-11-10T08:00:00Z")])
    again, _ = run([], state=first.state, error=AccessDeniedError("Access to requested resource is denied."))
    assert [row["outcome"] for row in again.records("report_ledger")] == ["failed"]
    _, api = run([], state=again.state)
    assert api.queries


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError(), ZeroDivisionError()])
def test_a_fault_of_the_tap_ends_that_window_and_not_the_run(
    error: Exception, run: Callable[..., tuple[Run, FakeApi]]
) -> None:
    done, _ = run([], error=error)
    (entry,) = done.records("report_ledger")
    assert entry["outcome"] == "failed"
    assert type(error).__name__ in entry["reason"]
    assert REPORT_IT in entry["reason"]
    assert done.error is not None


def test_pages_that_hold_the_same_transaction_for_ever_are_an_error(
    run: Callable[..., tuple[Run, FakeApi]], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(range(10**6))

    def say(*_: Any) -> Row:
        number = next(numbers)
        some = transaction(1, "2026-11-10T08:00:00Z", description=str(number))
        return {"payload": {"transactions": [some], "nextToken": str(number)}}

    monkeypatch.setattr(FakeApi, "say", say)
    done, _ = run([])
    assert "nothing new on 20 pages in a row" in str(done.error)
    assert done.records(NAME) == []
    assert next(numbers) < 60


def test_an_outage_fails_and_the_next_run_misses_nothing(run: Callable[..., tuple[Run, FakeApi]]) -> None:
    done, _ = run([], error=UnavailableError("InternalFailure", request_id="1-2"))
    assert "InternalFailure" in str(done.error)
    posted = [transaction(1, "2026-10-23T08:00:00Z")]
    again, _ = run(posted, state=done.state)
    assert [row["transaction_id"] for row in again.records(NAME)] == ["t1"]


def test_pages_without_an_end_are_an_error(run: Callable[..., tuple[Run, FakeApi]], monkeypatch: Any) -> None:
    monkeypatch.setattr(FakeApi, "say", lambda *_, **__: {"payload": {"transactions": [], "nextToken": "same"}})
    done, _ = run([])
    assert "the same page token twice" in str(done.error)


@pytest.mark.parametrize(
    "text",
    [
        "Unauthorized: Access to requested resource is denied.: The access token you provided has expired.",
        "Unauthorized: Access to requested resource is denied.: The access token you provided is revoked, malformed",
        "MissingAuthenticationToken: Missing Authentication Token",
        "HTTP 403 without a reason",
        "Unauthorized: Unauthorized to access requested fields.",
    ],
)
def test_a_403_that_no_role_mends_is_failed_and_read_by_the_next_run(
    text: str, run: Callable[..., tuple[Run, FakeApi]]
) -> None:
    done, _ = run([], error=AccessDeniedError(f"listTransactions: {text}"))
    assert [row["outcome"] for row in done.records("report_ledger")] == ["failed"]
    assert done.error
    again, _ = run([transaction(1, "2026-10-23T08:00:00Z")], state=done.state)
    assert [row["transaction_id"] for row in again.records(NAME)] == ["t1"]


@pytest.mark.parametrize("page", [{}, {"payload": None}, {"payload": {}}, {"payload": {"transactions": None}}])
def test_a_page_without_its_required_parts_is_no_empty_page(
    page: Row, run: Callable[..., tuple[Run, FakeApi]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def call(self: FakeApi, operation: Operation, *, answer: type[Any], query: Any = None, **_: Any) -> Any:
        content = json.dumps(page if operation.name == "listTransactions" else self.say(operation, query)).encode()
        try:
            return decode(content, answer)
        except ValueError as error:
            raise MalformedAnswerError(str(error)) from None

    with monkeypatch.context() as patch:
        patch.setattr(FakeApi, "call", call)
        done, _ = run([])
    assert [row["outcome"] for row in done.records("report_ledger")] == ["failed"]
    again, _ = run([transaction(1, "2026-10-23T08:00:00Z")], state=done.state)
    assert [row["transaction_id"] for row in again.records(NAME)] == ["t1"]


@pytest.mark.parametrize("bad", [7, None, "text", [], {}, {"transactionId": None}, {"transactionId": 7}])
@pytest.mark.parametrize("where", ["marketplaceDetails", None])
def test_a_transaction_that_is_none_takes_no_other_with_it(
    bad: Any, where: str | None, run: Callable[..., tuple[Run, FakeApi]], monkeypatch: pytest.MonkeyPatch
) -> None:
    if where:
        bad = transaction(2, "2026-11-12T08:00:00Z", **cast("Row", {where: bad if bad is not None else 7}))
    if isinstance(bad, dict) and where and bad[where] in ({}, {"transactionId": None}, {"transactionId": 7}):
        pytest.skip("marketplace details without a marketplace are allowed")
    good = [transaction(1, "2026-11-10T08:00:00Z"), transaction(3, "2026-11-12T08:00:00Z")]
    page = {"payload": {"transactions": [good[0], bad, good[1]]}}
    monkeypatch.setattr(FakeApi, "say", lambda *_: page)
    done, _ = run([], start_date="2026-10-23")
    assert [row["transaction_id"] for row in done.records(NAME)] == ["t1", "t3"]
    rejects = done.records("report_rejects")
    assert [(reject["line_number"], json.loads(reject["line"])) for reject in rejects] == [(2, bad)]
    assert [(row["rows"], row["rejected"]) for row in done.records("report_ledger")] == [(2, 1)]
    assert done.error is None


@pytest.mark.parametrize("bad", [7, None, "text", [], {}, {"transactionId": None}])
def test_a_transaction_that_is_unreadable_only_once_is_read_again(
    bad: Any, run: Callable[..., tuple[Run, FakeApi]], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = [transaction(1, "2026-11-10T08:00:00Z"), transaction(3, "2026-11-12T08:00:00Z")]
    answers = itertools.chain([[good[0], bad]], itertools.repeat(good))
    monkeypatch.setattr(FakeApi, "say", lambda *_: {"payload": {"transactions": next(answers)}})
    done, _ = run([], start_date="2026-10-23")
    assert [row["transaction_id"] for row in done.records(NAME)] == ["t1", "t3"]
    assert [(row["rows"], row["rejected"]) for row in done.records("report_ledger")] == [(2, 0)]


@pytest.mark.parametrize("kind", ["same content", "no content"])
def test_pages_with_new_tokens_for_ever_are_an_error(
    kind: str, run: Callable[..., tuple[Run, FakeApi]], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(range(10**6))
    some = [transaction(1, "2026-11-10T08:00:00Z")] if kind == "same content" else []
    monkeypatch.setattr(FakeApi, "say", lambda *_: {"payload": {"transactions": some, "nextToken": str(next(numbers))}})
    done, _ = run([])
    assert "its pages have no end" in str(done.error)
    assert len(done.records(NAME)) <= 1
    assert next(numbers) <= 2 * MOST_EMPTY_PAGES


def test_keys_of_nested_objects_are_snake_case() -> None:
    keep = converter({}, column_name)
    assert keep({"aB": [{"cD": 1, "E F": {"gH": None}}], "x": "yZ"}) == {
        "a_b": [{"c_d": 1, "e_f": {"g_h": None}}],
        "x": "yZ",
    }
