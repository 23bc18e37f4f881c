"""Direct fulfilment: restricted data tokens, windows, and what becomes of an order."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox.accounts import BRAND_ANALYTICS
from amazon_sandbox.data.direct import order_as_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver
    from werkzeug.test import TestResponse

Row = dict[str, Any]

ORDERS = "/vendor/directFulfillment/orders/2021-12-28/purchaseOrders"
SHIPPING = "/vendor/directFulfillment/shipping/2021-12-28"
LISTS = {
    ORDERS: "orders",
    f"{SHIPPING}/shippingLabels": "shippingLabels",
    f"{SHIPPING}/packingSlips": "packingSlips",
    f"{SHIPPING}/customerInvoices": "customerInvoices",
}
WEEK = {"createdAfter": "2026-11-13T12:00:00Z", "createdBefore": "2026-11-20T12:00:00Z"}


def token(amazon: Driver, *paths: str, label: str = "vendor-us") -> TestResponse:
    resources = [{"method": "GET", "path": path} for path in paths]
    return amazon.call("POST", "/tokens/2021-03-01/restrictedDataToken", label, json={"restrictedResources": resources})


def ask(amazon: Driver, path: str, generic: str | None = None, **query: str) -> TestResponse:
    made = token(amazon, generic or path)
    assert made.status_code == 200, made.text
    sent = {"x-amz-access-token": made.json["restrictedDataToken"]}  # type: ignore[index]
    return amazon.call("GET", path, headers=sent, query_string=query)


@pytest.mark.parametrize("path", LISTS)
def test_a_restricted_data_token_for_the_very_path_is_needed(amazon: Driver, path: str) -> None:
    assert amazon.call("GET", path, query_string=WEEK).status_code == 403
    other = next(each for each in LISTS if each != path)
    sent = {"x-amz-access-token": token(amazon, other).json["restrictedDataToken"]}  # type: ignore[index]
    assert amazon.call("GET", path, headers=sent, query_string=WEEK).status_code == 403
    answer = ask(amazon, path, **WEEK)
    assert answer.status_code == 200
    number = answer.json[LISTS[path]][0]["purchaseOrderNumber"]  # type: ignore[index]
    for generic in (f"{path}/{number}", f"{path}/{{purchaseOrderNumber}}"):
        assert ask(amazon, f"{path}/{number}", generic).status_code == 200


def test_no_token_without_the_role_or_for_other_paths(make: Callable[..., Driver]) -> None:
    account = make().sandbox.accounts[0]
    amazon = make(accounts=(replace(account, roles=(BRAND_ANALYTICS,)),))
    assert token(amazon, ORDERS).status_code == 400
    assert token(make(), f"{ORDERS}/1/2").status_code == 400
    assert token(make(), "/vendor/orders/v1/purchaseOrders").status_code == 400


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"createdAfter": WEEK["createdAfter"]},
        {**WEEK, "createdBefore": "2026-11-20T12:00:01Z"},
        {"createdAfter": "2026-01-01T00:00:00Z", "createdBefore": "2026-01-02T00:00:00Z"},
        {**WEEK, "limit": "101"},
        {**WEEK, "sortOrder": "UP"},
    ],
)
def test_requests_that_break_a_rule_are_refused(amazon: Driver, path: str, query: dict[str, str]) -> None:
    assert ask(amazon, path, **query).status_code == 400


def test_orders_are_those_of_the_seed_page_by_page(amazon: Driver) -> None:
    found: list[Row] = []
    more: dict[str, str] = {}
    while True:
        answer = ask(amazon, ORDERS, **WEEK, limit="10", **more)
        assert answer.status_code == 200, answer.text
        page: Row = answer.json  # type: ignore[assignment]
        found += page["orders"]
        if "nextToken" not in page["pagination"]:
            break
        more = {"nextToken": page["pagination"]["nextToken"]}
    start, end = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in WEEK.values())
    orders = sorted(
        amazon.sandbox.data.direct_orders("vendor-us").placed(start, end), key=lambda each: (each.placed, each.number)
    )
    assert found == [order_as_json(order, amazon.clock.now) for order in orders]
    assert len(found) > 20
    newest_first = ask(amazon, ORDERS, **WEEK, sortOrder="DESC").json["orders"]  # type: ignore[index]
    assert newest_first == found[::-1]


def test_an_order_is_new_accepted_and_sent_or_cancelled(amazon: Driver) -> None:
    start = amazon.clock.now - timedelta(days=30)
    orders = list(amazon.sandbox.data.direct_orders("vendor-us").placed(start, amazon.clock.now))
    for order in orders:
        last = "CANCELLED" if order.cancelled else "SHIPPED"
        assert [order.status(at) for at in (order.placed, order.accepted, order.ended)] == ["NEW", "ACCEPTED", last]
        assert (order.available("customerInvoices") is None) == order.cancelled
    assert {order.cancelled for order in orders} == {True, False}
    sent = ask(amazon, ORDERS, **WEEK, status="SHIPPED").json["orders"]  # type: ignore[index]
    assert {row["orderDetails"]["orderStatus"] for row in sent} == {"SHIPPED"}


def test_papers_are_base64_and_come_when_they_are_made(amazon: Driver) -> None:
    for path, name in list(LISTS.items())[1:]:
        for row in ask(amazon, path, **WEEK).json[name]:  # type: ignore[index]
            for content in [part["content"] for part in row.get("labelData", (row,))]:
                assert base64.b64decode(content, validate=True).startswith(b"%PDF")
    young = max(
        amazon.sandbox.data.direct_orders("vendor-us").placed(amazon.clock.now - timedelta(days=2), amazon.clock.now),
        key=lambda each: each.placed,
    )
    path = f"{SHIPPING}/customerInvoices/{young.number}"
    assert ask(amazon, path).status_code == 404
