"""Lists that change or break off while they are read, over real HTTP: nothing is lost, nothing is there twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from in_process import served
from world import Killed, World

from amazon_sandbox import Sandbox
from amazon_sandbox.data.procurement import order_as_json, status_as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clocks import FakeClock

    from amazon_sandbox import Call

Row = dict[str, Any]

ORDERS, ITEMS = "vendor_purchase_orders", "vendor_purchase_order_items"
STATUSES = "vendor_purchase_order_statuses"
DAYS = 20


@pytest.fixture
def world(clock: FakeClock, bare_environment: None) -> Iterator[World]:  # noqa: ARG001
    """A local Amazon with short pages."""
    sandbox = Sandbox(seed=7, clock=clock, asins=8, stall_seconds=0.1, page_records=3)
    with served(sandbox) as server:
        yield World(sandbox, server, clock)


def after(world: World, operation: str, number: int, do: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something once so many answers of an operation were received by the tap."""
    seen = 0
    api = world.tap(world.config()).run.apis["default"].__class__
    call = api.call

    def counted(self: Any, called: Any, **arguments: Any) -> Any:
        nonlocal seen
        answer = call(self, called, **arguments)
        seen += called.name == operation
        if called.name == operation and seen == number:
            do()
        return answer

    monkeypatch.setattr(api, "call", counted)


def pages(world: World, operation: str) -> list[Call]:
    return [call for call in world.sandbox.calls if call.operation == operation and "nextToken" in call.request]


def states(rows: dict[Any, Row], column: str) -> dict[str, str]:
    return {row["purchase_order_number"]: row[column] for row in rows.values()}


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_run_that_is_cut_between_two_pages_is_made_up_for(
    number: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = world.config(start_date=world.day(DAYS))
    whole = world.run(config, streams=[ORDERS, ITEMS])

    def die() -> None:
        raise Killed

    with monkeypatch.context() as patch:
        after(world, "getPurchaseOrders", number, die, patch)
        cut = world.run(config, streams=[ORDERS, ITEMS])
    rest = world.run(config, cut.state or None, streams=[ORDERS, ITEMS])
    assert pages(world, "getPurchaseOrders")
    for name in (ORDERS, ITEMS):
        assert len(cut.upserted(name)) == len(cut.records(name)) < len(whole.records(name))
        assert len(rest.upserted(name)) == len(rest.records(name))
        assert unseen(rest.upserted(name, cut.upserted(name))) == unseen(whole.upserted(name))


def unseen(rows: dict[Any, Row]) -> dict[Any, Row]:
    """Rows without the time at which they were read."""
    return {key: {name: value for name, value in row.items() if name != "seen_at"} for key, row in rows.items()}


def moved(world: World, changed: Callable[[Any], Any]) -> Any:
    """The next moment at which an order of the newest window changes."""
    now = world.clock()
    orders = world.sandbox.data.procurement("vendor-us").between(now - timedelta(days=DAYS), now)
    return min(at for order in orders if order.placed <= now for at in changed(order) if at > now)


def test_an_order_that_changes_between_two_pages_is_there_once_and_the_next_run_has_its_new_state(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = world.config(start_date=world.day(DAYS))
    then = moved(world, lambda order: [at for at in (order.cut, order.closed) if at]) + timedelta(minutes=1)
    data = world.sandbox.data.procurement("vendor-us")
    begin = world.clock() - timedelta(days=DAYS)

    def change() -> None:
        world.clock.advance((then - world.clock()).total_seconds())

    with monkeypatch.context() as patch:
        after(world, "getPurchaseOrders", 2, change, patch)
        first = world.run(config, streams=[ORDERS, ITEMS])
    assert first.error is None
    assert world.clock() >= then
    assert len(first.records(ORDERS)) == len(first.upserted(ORDERS))
    world.clock.advance(2 * 3600)
    second = world.run(config, first.state, streams=[ORDERS, ITEMS])
    rows = second.upserted(ORDERS, first.upserted(ORDERS))
    now = world.clock().replace(minute=0, second=0)
    wanted = {
        order.number: order_as_json(order, now)["purchaseOrderState"]
        for order in data.between(begin, now)
        if order.placed <= now and begin <= order.changed_at(now) < now
    }
    assert {number: states(rows, "purchase_order_state").get(number) for number in wanted} == wanted


def test_statuses_that_move_on_while_an_old_window_is_read_are_all_there_after_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that is updated leaves the window that is being read: those behind it move up a place."""
    config = world.config(start_date=world.day(DAYS))
    begin = world.clock() - timedelta(days=DAYS)
    data, start = world.sandbox.data.procurement("vendor-us"), world.clock()
    with monkeypatch.context() as patch:
        after(world, "getPurchaseOrdersStatus", 3, lambda: world.clock.advance(12 * 3600), patch)
        first = world.run(config, streams=[STATUSES])
    begun = {order.number for order in data.between(begin, world.clock()) if order.updated_at(world.clock()) > start}
    assert begun, "some were updated meanwhile"
    world.clock.advance(24 * 3600)
    second = world.run(config, first.state, streams=[STATUSES])
    rows = second.upserted(STATUSES, first.upserted(STATUSES))
    now = world.clock().replace(minute=0, second=0)
    wanted = {
        order.number: status_as_json(order, now)["purchaseOrderStatus"]
        for order in data.between(begin, now)
        if order.placed <= now and begin <= order.updated_at(now) < now
    }
    assert {number: states(rows, "purchase_order_status").get(number) for number in wanted} == wanted
