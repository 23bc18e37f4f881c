"""The transactions of the Finances API: the window, the pages, the figures."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver
    from werkzeug.test import TestResponse

Row = dict[str, Any]

PATH = "/finances/2024-06-19/transactions"
NOVEMBER = {"postedAfter": "2026-11-01T00:00:00Z", "postedBefore": "2026-11-18T00:00:00Z"}


@pytest.fixture
def amazon(make: Callable[..., Driver]) -> Driver:
    """Sellers with few products."""
    return make(asins=8)


def ask(amazon: Driver, label: str = "seller-us", **query: str) -> TestResponse:
    """Ask for one page."""
    return amazon.call("GET", PATH, label, query_string=query)


def pages(amazon: Driver, label: str = "seller-us", **query: str) -> list[list[Row]]:
    """Ask for all pages of a window."""
    found: list[list[Row]] = []
    token: dict[str, str] = {}
    while True:
        answer = ask(amazon, label, **query, **token)
        assert answer.status_code == 200, answer.text
        payload = json.loads(answer.data, parse_float=Decimal)["payload"]
        found.append(payload["transactions"])
        if "nextToken" not in payload:
            return found
        token = {"nextToken": payload["nextToken"]}
        amazon.clock.advance(seconds=2)


def rows(amazon: Driver, label: str = "seller-us", **query: str) -> list[Row]:
    """All transactions of a window."""
    return [row for page in pages(amazon, label, **query) for row in page]


def test_a_window_is_read_page_by_page_oldest_first(amazon: Driver) -> None:
    found = pages(amazon, **NOVEMBER)
    assert len(found) == 3
    every = [row for page in found for row in page]
    assert len({row["transactionId"] for row in every}) == len(every) > 50
    dates = [row["postedDate"] for row in every]
    assert dates == sorted(dates)
    assert dates[0] >= "2026-11-01"
    assert dates[-1] < "2026-11-18"


def test_neighbouring_windows_hold_every_transaction_once(amazon: Driver) -> None:
    whole = rows(amazon, postedAfter="2026-10-01T00:00:00Z", postedBefore="2026-10-09T06:30:15Z")
    cut = rows(amazon, postedAfter="2026-10-01T00:00:00Z", postedBefore=whole[20]["postedDate"])
    rest = rows(amazon, postedAfter=whole[20]["postedDate"], postedBefore="2026-10-09T06:30:15Z")
    assert cut + rest == whole
    assert len(cut) == 20


def test_marketplaces_add_up(amazon: Driver) -> None:
    every = rows(amazon, **NOVEMBER)
    account = next(account for account in amazon.sandbox.accounts if account.label == "seller-us")
    by_place = {place: rows(amazon, **NOVEMBER, marketplaceId=place) for place in account.marketplaces}
    assert all(row["sellingPartnerMetadata"]["marketplaceId"] == place for place in by_place for row in by_place[place])
    assert sum(map(len, by_place.values())) == len(every)
    assert ask(amazon, **NOVEMBER, marketplaceId="A1PA6795UKMFR9").status_code == 400


def test_amounts_are_exact_and_add_up(amazon: Driver) -> None:
    def total(part: Row) -> Decimal:
        return sum((money(child["breakdownAmount"]) for child in part["breakdowns"]), Decimal(0))

    def money(amount: Row) -> Decimal:
        assert amount.keys() == {"currencyAmount", "currencyCode"}
        return Decimal(amount["currencyAmount"])

    for row in rows(amazon, **NOVEMBER):
        assert total(row) == money(row["totalAmount"]) == sum(money(item["totalAmount"]) for item in row["items"])
        # The fees of something cheap may be more than its price.
        assert money(row["totalAmount"]) < 0 or row["transactionType"] == "Shipment"
        for part in row["breakdowns"]:
            assert total(part) == money(part["breakdownAmount"])


def test_whole_yen(amazon: Driver) -> None:
    first = rows(amazon, "seller-jp", **NOVEMBER)[0]
    assert first["totalAmount"]["currencyCode"] == "JPY"
    assert isinstance(first["totalAmount"]["currencyAmount"], int)


def test_what_is_deferred_is_released_a_week_later(amazon: Driver) -> None:
    deferred = rows(amazon, **NOVEMBER, transactionStatus="DEFERRED")
    assert deferred
    assert all(row["contexts"][0]["maturityDate"] > "2026-11-20" for row in deferred)
    amazon.clock.advance(days=8)
    amazon._tokens.clear()
    now = {row["transactionId"]: row["transactionStatus"] for row in rows(amazon, **NOVEMBER)}
    assert {now[row["transactionId"]] for row in deferred} == {"DEFERRED_RELEASED"}
    assert ask(amazon, **NOVEMBER, transactionStatus="GONE").status_code == 400


def test_some_of_the_last_48_hours_come_late(amazon: Driver) -> None:
    window = {"postedAfter": "2026-11-18T12:00:00Z", "postedBefore": "2026-11-20T11:58:00Z"}
    early = {row["transactionId"] for row in rows(amazon, **window)}
    amazon.clock.advance(days=2)
    amazon._tokens.clear()
    late = {row["transactionId"] for row in rows(amazon, **window)}
    assert early < late


def test_an_order_can_be_looked_for(amazon: Driver) -> None:
    order_id = rows(amazon, **NOVEMBER)[0]["relatedIdentifiers"][0]["relatedIdentifierValue"]
    wanted = {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order_id}
    found = rows(amazon, **NOVEMBER, **wanted)
    assert found
    assert all(row["relatedIdentifiers"][0]["relatedIdentifierValue"] == order_id for row in found)
    assert ask(amazon, **NOVEMBER, relatedIdentifierName="ORDER_ID").status_code == 400


def test_a_page_may_be_empty_though_more_follow(amazon: Driver) -> None:
    window = {"postedAfter": "2026-10-01T00:00:00Z", "postedBefore": "2026-11-18T00:00:00Z"}
    found = pages(amazon, **window, transactionStatus="DEFERRED")
    assert found[0] == []
    assert found[-1] != []


def test_more_than_180_days_are_empty_without_an_error(amazon: Driver) -> None:
    wide = {"postedAfter": "2026-05-01T00:00:00Z", "postedBefore": "2026-10-28T00:00:01Z"}
    assert ask(amazon, **wide).json == {"payload": {"transactions": []}}
    wide["postedBefore"] = "2026-10-28T00:00:00Z"
    assert "nextToken" in ask(amazon, **wide).json["payload"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({}, "One or more required parameters missing"),
        ({"postedAfter": "2026-11-20T11:58:00Z"}, "Date must be more than two minutes before the time of the request"),
        (
            {"postedAfter": "2026-11-01", "postedBefore": "2026-11-20T11:58:01Z"},
            "Date must be more than two minutes before the time of the request",
        ),
        ({"postedAfter": "2026-11-02", "postedBefore": "2026-11-02"}, "postedBefore must be later than postedAfter"),
        ({"postedAfter": "lately"}, "Invalid Input"),
    ],
)
def test_windows_that_are_refused(amazon: Driver, window: dict[str, str], message: str) -> None:
    answer = ask(amazon, **window)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["message"] == message  # type: ignore[index]


def test_without_an_end_the_window_ends_two_minutes_before_the_first_page(amazon: Driver) -> None:
    open_ended = rows(amazon, postedAfter="2026-11-05T00:00:00Z")
    assert open_ended[-1]["postedDate"] < "2026-11-20T11:58:00"
    assert open_ended[-1]["postedDate"] > "2026-11-19"


def test_a_next_token_needs_the_same_arguments(amazon: Driver) -> None:
    token = ask(amazon, **NOVEMBER).json["payload"]["nextToken"]  # type: ignore[index]
    assert ask(amazon, **NOVEMBER, nextToken=token).status_code == 200
    assert ask(amazon, nextToken=token, postedAfter="2026-11-01T00:00:00Z").status_code == 400
    assert ask(amazon, **NOVEMBER, nextToken=token, marketplaceId="ATVPDKIKX0DER").status_code == 400
    assert ask(amazon, "seller-de", **NOVEMBER, nextToken=token).status_code == 400
    assert ask(amazon, **NOVEMBER, nextToken="bm9uc2Vuc2U=").status_code == 400


def test_the_same_seed_gives_the_same_transactions(make: Callable[..., Driver]) -> None:
    one, same, other = (rows(make(seed=seed, asins=8), **NOVEMBER) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_ten_at_once_then_one_every_two_seconds(amazon: Driver) -> None:
    statuses = [ask(amazon, **NOVEMBER).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    amazon.clock.now += timedelta(seconds=2)
    assert ask(amazon, **NOVEMBER).status_code == 200
