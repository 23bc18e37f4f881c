"""Purchase orders, their status and shipments: windows, pages, changes, and what the inventory report says of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox.data.procurement import order_as_json, status_as_json
from amazon_sandbox.data.shipments import as_json, shipments
from amazon_sandbox.data.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver
    from werkzeug.test import TestResponse

Row = dict[str, Any]

ORDERS = "/vendor/orders/v1/purchaseOrders"
STATUSES = "/vendor/orders/v1/purchaseOrdersStatus"
SHIPMENTS = "/vendor/shipping/v1/shipments"
ARRAYS = {ORDERS: "orders", STATUSES: "ordersStatus", SHIPMENTS: "shipments"}
NOVEMBER = {"changedAfter": "2026-11-10T00:00:00Z", "changedBefore": "2026-11-17T00:00:00Z"}
UPDATES = {"updatedAfter": "2026-11-10T00:00:00Z", "updatedBefore": "2026-11-17T00:00:00Z"}


def ask(amazon: Driver, path: str, **query: str) -> TestResponse:
    return amazon.call("GET", path, query_string=query)


def payload(amazon: Driver, path: str, **query: str) -> Row:
    answer = ask(amazon, path, **query)
    assert answer.status_code == 200, answer.text
    found: Row = answer.json["payload"]  # type: ignore[index]
    return found


def pages(amazon: Driver, path: str, **query: str) -> list[list[Row]]:
    """All pages of a list, with a wait between them."""
    found: list[list[Row]] = []
    token: dict[str, str] = {}
    while True:
        page = payload(amazon, path, **query, **token)
        found.append(page[ARRAYS[path]])
        if "nextToken" not in page["pagination"]:
            return found
        token = {"nextToken": page["pagination"]["nextToken"]}
        amazon.clock.advance(seconds=2)


def numbers(rows: list[Row]) -> list[str]:
    return [row["purchaseOrderNumber"] for row in rows]


@pytest.mark.parametrize(("path", "window"), [(ORDERS, NOVEMBER), (STATUSES, UPDATES)])
def test_pages_hold_every_order_of_a_window_once_newest_first(
    amazon: Driver, path: str, window: dict[str, str]
) -> None:
    whole = pages(amazon, path, **window)
    assert len(whole) == 1
    cut = pages(amazon, path, **window, limit="4")
    assert len(cut) > 3
    assert max(map(len, cut)) == 4
    every = [row for page in cut for row in page]
    assert every == whole[0]
    dates = [row.get("purchaseOrderDate") or row["orderDetails"]["purchaseOrderDate"] for row in every]
    assert dates == sorted(dates, reverse=True)
    ascending = [row for page in pages(amazon, path, **window, limit="4", sortOrder="ASC") for row in page]
    assert ascending == every[::-1]


def test_what_is_answered_is_what_the_seed_says(amazon: Driver) -> None:
    now, data = amazon.clock.now, amazon.sandbox.data.procurement("vendor-us")
    start, end = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in NOVEMBER.values())
    orders = {each.number: each for each in data.between(start, end) if each.placed <= now}
    changed = {number for number, each in orders.items() if start <= each.changed_at(now) < end}
    updated = {number for number, each in orders.items() if start <= each.updated_at(now) < end}
    listed = payload(amazon, ORDERS, **NOVEMBER)["orders"]
    assert {*numbers(listed)} == changed
    assert listed == [order_as_json(orders[number], now) for number in numbers(listed)]
    statuses = payload(amazon, STATUSES, **UPDATES)["ordersStatus"]
    assert {*numbers(statuses)} == updated
    assert statuses == [status_as_json(orders[number], now) for number in numbers(statuses)]


def test_one_order_is_found_by_its_number(amazon: Driver) -> None:
    (first, *_) = payload(amazon, ORDERS, **NOVEMBER)["orders"]
    assert payload(amazon, f"{ORDERS}/{first['purchaseOrderNumber']}") == first
    assert ask(amazon, f"{ORDERS}/AAAAAAAA").status_code == 404
    assert ask(amazon, f"{ORDERS}/A-B").status_code == 400


def test_without_details_there_are_numbers_and_states_only(amazon: Driver) -> None:
    listed = payload(amazon, ORDERS, **NOVEMBER, includeDetails="false")["orders"]
    assert {frozenset(row) for row in listed} == {frozenset({"purchaseOrderNumber", "purchaseOrderState"})}


@pytest.mark.parametrize(
    ("path", "filters"),
    [
        (ORDERS, {"purchaseOrderState": "New"}),
        (ORDERS, {"purchaseOrderState": "Closed"}),
        (ORDERS, {"isPOChanged": "true"}),
        (ORDERS, {"poItemState": "Cancelled"}),
        (STATUSES, {"purchaseOrderStatus": "OPEN"}),
        (STATUSES, {"itemConfirmationStatus": "PARTIALLY_ACCEPTED"}),
        (STATUSES, {"itemReceiveStatus": "NOT_RECEIVED"}),
    ],
)
def test_filters_keep_some_of_the_orders(amazon: Driver, path: str, filters: dict[str, str]) -> None:
    kind = "changed" if path == ORDERS else "updated"
    every: list[str] = []
    kept: list[str] = []
    for week in range(5):
        after = amazon.clock.now - timedelta(days=7 * (week + 1))
        window = {f"{kind}After": after.isoformat(), f"{kind}Before": (after + timedelta(days=7)).isoformat()}
        every += numbers(payload(amazon, path, **window)[ARRAYS[path]])
        kept += numbers(payload(amazon, path, **window, **filters)[ARRAYS[path]])
    assert {*kept} < {*every}
    assert kept


@pytest.mark.parametrize("path", [ORDERS, STATUSES])
@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "many"},
        {"sortOrder": "UP"},
        {"createdAfter": "2026-11-12T11:59:59Z"},
        {"createdAfter": "2026-11-01T00:00:00Z", "createdBefore": "2026-11-08T00:00:01Z"},
        {"createdAfter": "2026-11-08T00:00:00Z", "createdBefore": "2026-11-01T00:00:00Z"},
        {"createdAfter": "2026-05-01T00:00:00Z", "createdBefore": "2026-05-02T00:00:00Z"},
        {"createdAfter": "lately"},
        {"nextToken": "bm9uc2Vuc2U="},
    ],
)
def test_requests_that_break_a_rule_are_refused(amazon: Driver, path: str, query: dict[str, str]) -> None:
    answer = ask(amazon, path, **query)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["code"] == "InvalidInput"  # type: ignore[index]


def test_unknown_words_and_parameters_are_refused(amazon: Driver) -> None:
    assert ask(amazon, ORDERS, purchaseOrderState="Open").status_code == 400
    assert ask(amazon, STATUSES, purchaseOrderStatus="Open").status_code == 400
    assert ask(amazon, STATUSES, changedAfter="2026-11-14T00:00:00Z").status_code == 403
    assert ask(amazon, ORDERS, updatedAfter="2026-11-14T00:00:00Z").status_code == 403


def test_a_token_needs_its_filters_its_account_and_its_hour(amazon: Driver) -> None:
    asked = {**NOVEMBER, "limit": "3"}
    token = payload(amazon, ORDERS, **asked)["pagination"]["nextToken"]
    assert ask(amazon, ORDERS, **asked, nextToken=token).status_code == 200
    assert ask(amazon, ORDERS, nextToken=token).status_code == 400
    assert ask(amazon, ORDERS, **{**asked, "limit": "4"}, nextToken=token).status_code == 400
    assert amazon.call("GET", ORDERS, "vendor-de", query_string={**asked, "nextToken": token}).status_code == 400
    amazon.clock.advance(minutes=59)
    assert ask(amazon, ORDERS, **asked, nextToken=token).status_code == 200
    amazon.clock.advance(minutes=2)
    amazon._tokens.clear()
    assert ask(amazon, ORDERS, **asked, nextToken=token).status_code == 400


def test_a_list_without_an_end_is_read_to_the_moment_of_its_first_page(amazon: Driver) -> None:
    asked = {"changedAfter": (amazon.clock.now - timedelta(days=7)).isoformat()}
    whole = payload(amazon, ORDERS, **asked)["orders"]
    # Later pages are asked for more than seven days after the start of the window.
    assert [row for page in pages(amazon, ORDERS, **asked, limit="5") for row in page] == whole


def test_an_order_changes_and_is_found_again_after_a_month(amazon: Driver) -> None:
    now = amazon.clock.now
    data = amazon.sandbox.data.procurement("vendor-us")
    old = next(each for each in data.between(now - timedelta(days=20), now) if each.cut and now < each.cut)
    assert old.cut is not None
    amazon.clock.now = old.cut - timedelta(minutes=1)
    before = payload(amazon, f"{ORDERS}/{old.number}")
    amazon.clock.now = old.cut + timedelta(minutes=1)
    amazon._tokens.clear()
    after = payload(amazon, f"{ORDERS}/{old.number}")
    assert old.cut - old.placed > timedelta(days=35)
    assert before["orderDetails"]["items"] != after["orderDetails"]["items"]
    changed = payload(amazon, ORDERS, changedAfter=(amazon.clock.now - timedelta(minutes=5)).isoformat())["orders"]
    assert old.number in numbers(changed)
    assert old.number not in numbers(payload(amazon, ORDERS, createdAfter=changed_week(amazon))["orders"])


def changed_week(amazon: Driver) -> str:
    return (amazon.clock.now - timedelta(days=7)).isoformat()


def test_an_order_is_new_then_acknowledged_then_closed(amazon: Driver) -> None:
    now = amazon.clock.now
    order = next(each for each in amazon.sandbox.data.procurement("vendor-us").between(now, now) if each.shipped)
    moments = (order.placed, order.acknowledged, order.closed)
    assert [order.state(moment)[0] for moment in moments] == ["New", "Acknowledged", "Closed"]
    assert sorted(moments) == list(moments)
    assert "purchaseOrderChangedDate" not in order_as_json(order, order.placed)["orderDetails"]
    assert order_as_json(order, order.closed)["orderDetails"]["purchaseOrderChangedDate"]
    assert status_as_json(order, order.acknowledged)["purchaseOrderStatus"] == "OPEN"
    assert status_as_json(order, order.closed)["purchaseOrderStatus"] == "CLOSED"


@pytest.mark.parametrize("label", ["vendor-us", "vendor-de", "vendor-jp"])
def test_what_was_received_of_orders_is_in_the_inventory_report_of_that_day(amazon: Driver, label: str) -> None:
    data, place = amazon.sandbox.data, {each.label: each for each in amazon.sandbox.accounts}[label].marketplaces[0]
    catalogue = data.catalogue(label, place)
    warehouse = Warehouse(catalogue, sourcing=True)
    # Old days are final; young ones are counted as far as the report counts them.
    for day in (date(2026, 10, 5), date(2026, 11, 9), date(2026, 11, 14)):
        received: Counter[str] = Counter()
        for order in data.procurement(label).of_delivery(day):
            for line in order.lines:
                received[line.product.asin] += order.received(line, amazon.clock.now)
        report = data.document(
            "GET_VENDOR_INVENTORY_REPORT",
            account=label,
            marketplace_id=place,
            options={"reportPeriod": "DAY", "distributorView": "SOURCING", "sellingProgram": "RETAIL"},
            start=day,
            end=day,
            as_of=amazon.clock.now,
        )
        assert sum(received.values()) > 0
        for product in catalogue.products:
            row = next((row for row in report["inventoryByAsin"] if row["asin"] == product.asin), None)
            sent_back = warehouse.on(product, day).sent_back if row else 0
            assert received[product.asin] == (row["netReceivedInventoryUnits"] + sent_back if row else 0)


def test_less_is_received_than_sent_and_no_more_accepted_than_ordered(amazon: Driver) -> None:
    later = amazon.clock.now + timedelta(days=90)
    orders = list(amazon.sandbox.data.procurement("vendor-us").between(amazon.clock.now, amazon.clock.now))
    lines = [line for order in orders for line in order.lines]
    assert all(line.accepted <= line.ordered <= line.first for line in lines)
    assert all(line.received <= line.shipped for line in lines)
    assert any(line.received < line.shipped for line in lines)
    assert any(line.size > 1 for line in lines)
    assert len({order.number for order in orders}) == len(orders)
    assert any(order.has_cancelled_items(later) for order in orders)


def test_shipments_of_a_window_by_each_of_their_dates(amazon: Driver) -> None:
    now = amazon.clock.now
    every = [
        as_json(each, now)
        for each in shipments(amazon.sandbox.data.procurement("vendor-us"), now, now)
        if each.created <= now
    ]
    asked = {"After": "2026-11-05T00:00:00Z", "Before": "2026-11-12T00:00:00Z"}
    fields: dict[str, Callable[[Row], str]] = {
        "created": lambda row: row["shipmentCreateDate"],
        "shipped": lambda row: row["transportationDetails"].get("shippedDate", ""),
        "shipmentDelivery": lambda row: row["transportationDetails"].get("shipmentDeliveryDate", ""),
        "scheduledPickUp": lambda row: row.get("collectFreightPickupDetails", {}).get("scheduledPickUp", ""),
    }
    for name, field in fields.items():
        window = {f"{name}{end}": value for end, value in asked.items()}
        listed = [row for page in pages(amazon, SHIPMENTS, **window, limit="5") for row in page]
        wanted = [row for row in every if asked["After"] <= field(row) < asked["Before"]]
        assert {row["vendorShipmentIdentifier"] for row in listed} == {
            row["vendorShipmentIdentifier"] for row in wanted
        }
        assert len(listed) == len(wanted) > 0


def test_a_shipment_carries_what_was_confirmed_in_its_cartons(amazon: Driver) -> None:
    rows = payload(amazon, SHIPMENTS, createdAfter="2026-11-01T00:00:00Z")["shipments"]
    for row in rows:
        sent = Counter(
            {
                item["buyerProductIdentifier"]: item["shippedQuantity"]["amount"]
                for order in row["purchaseOrders"]
                for item in order["items"]
            }
        )
        packed: Counter[str] = Counter()
        for container in row["containers"]:
            for item in container.get("packedItems", ()):
                packed[item["buyerProductIdentifier"]] += item["packedQuantity"]["amount"]
        assert packed == sent
    one = rows[0]["vendorShipmentIdentifier"]
    assert {
        row["vendorShipmentIdentifier"] for row in payload(amazon, SHIPMENTS, vendorShipmentIdentifier=one)["shipments"]
    } == {one}
    assert ask(amazon, SHIPMENTS, limit="51").status_code == 400
    assert ask(amazon, SHIPMENTS, currentShipmentStatus="Lost").status_code == 400


def test_ten_calls_at_once_then_ten_a_second(amazon: Driver) -> None:
    statuses = [ask(amazon, ORDERS, limit="1").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    amazon.clock.advance(seconds=0.1)
    assert ask(amazon, ORDERS, limit="1").status_code == 200


def test_the_same_seed_gives_the_same_orders(make: Callable[..., Driver]) -> None:
    one, same, other = (payload(make(seed=seed), ORDERS, **NOVEMBER) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_no_orders_before_the_first_day(make: Callable[..., Driver]) -> None:
    account = make().sandbox.accounts[0]
    amazon = make(accounts=(replace(account, first_day=date(2026, 11, 18)),))
    after = datetime(2026, 11, 13, 12, tzinfo=timezone.utc)
    rows = payload(amazon, STATUSES, updatedAfter=after.isoformat())["ordersStatus"]
    received = [item["receivingStatus"].get("lastReceiveDate", "9999") for row in rows for item in row["itemStatus"]]
    assert min(received) >= "2026-11-18"


class TestFaults:
    """What goes wrong while a list is read page by page."""

    @staticmethod
    def second(amazon: Driver, fault: str) -> tuple[Row, TestResponse, dict[str, str]]:
        """The first page, the answer to the second call, and what it was asked with."""
        asked = {**NOVEMBER, "limit": "3"}
        first = payload(amazon, ORDERS, **asked)
        amazon.sandbox.inject(fault)
        asked["nextToken"] = first["pagination"]["nextToken"]
        return first, ask(amazon, ORDERS, **asked), asked

    def test_a_page_comes_again_with_the_token_that_was_sent(self, amazon: Driver) -> None:
        first, answer, asked = self.second(amazon, "page_repeated")
        assert answer.json["payload"]["orders"] == first["orders"]  # type: ignore[index]
        assert answer.json["payload"]["pagination"]["nextToken"] == asked["nextToken"]  # type: ignore[index]
        assert payload(amazon, ORDERS, **asked)["orders"] != first["orders"]

    def test_a_record_is_on_two_pages(self, amazon: Driver) -> None:
        first, answer, _ = self.second(amazon, "page_overlap")
        assert answer.json["payload"]["orders"][0] == first["orders"][-1]  # type: ignore[index]

    def test_a_page_is_empty_though_more_follow(self, amazon: Driver) -> None:
        _, answer, asked = self.second(amazon, "page_empty")
        assert answer.json["payload"]["orders"] == []  # type: ignore[index]
        assert answer.json["payload"]["pagination"]["nextToken"] == asked["nextToken"]  # type: ignore[index]

    @pytest.mark.parametrize("fault", ["page_refused", "page_token_expired"])
    def test_a_page_is_refused_and_not_the_next_time(self, amazon: Driver, fault: str) -> None:
        _, answer, asked = self.second(amazon, fault)
        assert answer.status_code == 400
        assert ask(amazon, ORDERS, **asked).status_code == 200

    def test_sorting_upwards_is_refused(self, amazon: Driver) -> None:
        amazon.sandbox.inject("ascending_refused")
        assert ask(amazon, ORDERS, **NOVEMBER, sortOrder="ASC").status_code == 400

    def test_pages_can_be_made_smaller_than_amazons(self, make: Callable[..., Driver]) -> None:
        assert {len(page) for page in pages(make(page_records=4), ORDERS, **NOVEMBER)[:-1]} == {4}
