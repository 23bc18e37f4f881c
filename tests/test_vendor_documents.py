"""Orders, shipments, direct fulfilment and invoices: read from the local Amazon, compared with its seed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from clocks import NOW
from in_process import served
from vendor_seed import STREAMS, Row, Source, expected, shape, told
from world import Recorder, World, partitions

from amazon_sandbox import Sandbox
from amazon_sandbox.data.procurement import order_as_json
from tap_amazon_vendor.forecast import look_ahead
from tap_amazon_vendor.streams.procurement import SHIPMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clocks import FakeClock

RESTRICTED = {name for name, stream in STREAMS.items() if stream.opt_in}
DAYS = 30


@pytest.fixture
def world(clock: FakeClock, bare_environment: None) -> Iterator[World]:  # noqa: ARG001
    """A local Amazon with few products."""
    sandbox = Sandbox(seed=7, clock=clock, asins=5, stall_seconds=0.1)
    with served(sandbox) as server:
        yield World(sandbox, server, clock)


@pytest.fixture
def short_pages(world: World) -> World:
    """One whose pages are short."""
    world.sandbox.page_records = 3
    return world


def of_now(world: World) -> Source:
    return Source(world.sandbox, world.clock())


def since(world: World) -> datetime:
    return datetime.fromisoformat(f"{world.day(DAYS)}T00:00:00+00:00")


def calls(world: World, operation: str) -> list[Row]:
    asked = [call for call in world.sandbox.calls if call.operation == operation]
    return [dict(call.request) for call in asked if call.status == 200]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_read_twice_is_what_the_seed_says(name: str, world: World) -> None:
    config, start = world.config(start_date=world.day(DAYS)), since(world)
    first = world.run(config, streams=[name, "report_ledger"])
    assert first.error is None
    assert told(first.records(name), name) == expected(of_now(world), name, start)
    assert len(first.records(name)) == len(told(first.records(name), name)) > 3
    assert {row["outcome"] for row in first.records("report_ledger")} <= {"loaded", "empty"}
    world.clock.advance(3 * 24 * 3600)
    second = world.run(config, first.state, streams=[name])
    assert second.error is None
    rows = told(first.records(name), name) | told(second.records(name), name)
    now = expected(Source(world.sandbox, world.clock().replace(minute=0, second=0)), name, start)
    if "direct" in name or name.startswith("vendor_shipment"):
        # Only what was created within restatement_days is read again.
        assert rows.keys() == now.keys()
    else:
        # An order that was cut loses items, and what was modified moves on.
        assert {key: rows[key] for key in now} == now
    # A pause of three days is read again as well: of shipments, which are few, that may be as many.
    assert len(second.records(name)) < len(first.records(name)) or name.startswith(
        ("vendor_invoice", "vendor_shipment")
    )


def test_an_order_that_changes_after_a_month_arrives_again(world: World) -> None:
    now = world.clock()
    data = world.sandbox.data.procurement("vendor-us")
    old = next(each for each in data.between(now - timedelta(days=20), now) if each.cut and now < each.cut)
    assert old.cut is not None
    names = ["vendor_purchase_orders", "vendor_purchase_order_items"]
    config = world.config(start_date=world.day(DAYS))
    first = world.run(config, streams=names)
    while world.clock() < old.cut + timedelta(hours=1):
        world.clock.advance(7 * 24 * 3600)
    assert world.clock() - old.placed > timedelta(days=35)
    second = world.run(config, first.state, streams=names)
    (row,) = [row for row in second.records(names[0]) if row["purchase_order_number"] == old.number]
    assert told([row], names[0]) == {(old.number,): shape(names[0], order_as_json(old, world.clock()))}
    assert datetime.fromisoformat(row["seen_at"]) >= old.cut
    items = [row for row in second.records(names[1]) if row["purchase_order_number"] == old.number]
    before = {
        row["item_sequence_number"]: row["ordered_quantity_amount"]
        for row in first.records(names[1])
        if row["purchase_order_number"] == old.number
    }
    assert {row["item_sequence_number"]: row["ordered_quantity_amount"] for row in items} != before


def test_an_invoice_that_is_paid_after_months_arrives_again(world: World) -> None:
    name = "vendor_invoices"
    config = world.config(start_date=world.day(10))
    first = world.run(config, streams=[name])
    later = world.clock() + timedelta(days=40)
    paid = [
        invoice
        for invoice in world.sandbox.data.invoices("vendor-us").issued(NOW - timedelta(days=120), NOW)
        if NOW < invoice.changed_at(later) < later and invoice.status(later) != invoice.status(NOW)
    ]
    assert paid
    world.clock.advance(40 * 24 * 3600)
    second = world.run(config, first.state, streams=[name])
    statuses = {row["invoice_identifier"]: row["invoice_status"] for row in second.records(name)}
    assert {invoice.identifier: statuses.get(invoice.identifier) for invoice in paid} == {
        invoice.identifier: invoice.status(later) for invoice in paid
    }


@pytest.mark.parametrize("parents", [["vendor_purchase_orders"], []])
def test_items_cost_no_call_of_their_own(parents: list[str], world: World) -> None:
    config = world.config(start_date=world.day(DAYS))
    world.run(config, streams=["vendor_purchase_orders"])
    alone = len(calls(world, "getPurchaseOrders"))
    items = "vendor_purchase_order_items"
    run = world.run(config, streams=[items, *parents])
    assert len(calls(world, "getPurchaseOrders")) == 2 * alone
    assert told(run.records(items), items) == expected(of_now(world), items, since(world))
    assert ("vendor_purchase_orders" in run.state["bookmarks"]) == bool(parents)


def test_a_stream_that_is_selected_later_reads_all_of_its_own(world: World) -> None:
    parent, items = "vendor_purchase_orders", "vendor_purchase_order_items"
    config = world.config(start_date=world.day(DAYS))
    first = world.run(config, streams=[parent])
    second = world.run(config, first.state, streams=[parent, items])
    assert told(second.records(items), items) == expected(of_now(world), items, since(world))
    (own,), (others,) = partitions(second.state, items), partitions(second.state, parent)
    assert own["complete_from"] == others["complete_from"]


@pytest.mark.parametrize("fault", ["page_repeated", "page_overlap", "page_empty", "page_refused", "page_token_expired"])
@pytest.mark.parametrize("name", ["vendor_purchase_orders", "vendor_invoice_items"])
def test_a_page_that_goes_wrong_loses_and_doubles_nothing(fault: str, name: str, short_pages: World) -> None:
    world = short_pages
    config = world.config(start_date=world.day(20))
    world.sandbox.inject(fault)
    run = world.run(config, streams=[name, "report_ledger"])
    start = datetime.fromisoformat(f"{world.day(20)}T00:00:00+00:00")
    assert told(run.records(name), name) == expected(of_now(world), name, start)
    assert len(run.records(name)) == len(told(run.records(name), name))
    assert run.error is None


@pytest.mark.parametrize("fault", ["page_repeated", "page_token_expired", "page_refused", "page_empty"])
def test_pages_that_go_wrong_for_ever_fail_their_window_only(fault: str, short_pages: World) -> None:
    world = short_pages
    name = "vendor_purchase_orders"
    config = world.config(start_date=world.day(DAYS))
    world.sandbox.inject(fault, None)
    failed = world.run(config, streams=[name, "report_ledger"])
    assert "failed" in {row["outcome"] for row in failed.records("report_ledger")}
    assert failed.error is not None
    assert len(world.sandbox.calls) < 60
    world.sandbox.faults.clear()
    again = world.run(config, failed.state, streams=[name])
    assert told(failed.records(name) + again.records(name), name) == expected(of_now(world), name, since(world))


@pytest.mark.parametrize("lines", [1, 9, 25])
def test_a_run_that_is_killed_in_the_middle_loses_and_doubles_nothing(lines: int, short_pages: World) -> None:
    world = short_pages
    names = ["vendor_purchase_orders", "vendor_purchase_order_items"]
    config = world.config(start_date=world.day(DAYS))
    killed = world.run(config, streams=names, kill_after=lines)
    rest = world.run(config, killed.state if any(b'"STATE"' in line for line in killed.lines) else None, streams=names)
    for name in names:
        rows = killed.records(name) + rest.records(name)
        assert told(rows, name) == expected(of_now(world), name, since(world))


def test_no_window_is_wider_or_older_than_amazon_takes(world: World) -> None:
    names = ["vendor_purchase_orders", "vendor_purchase_order_statuses", "vendor_direct_orders"]
    run = world.run(world.config(start_date="2024-01-01"), streams=names)
    assert run.error is None
    for call in world.sandbox.calls:
        ranges = {name.removesuffix("After"): name for name in call.request if name.endswith("After")}
        for what, after in ranges.items():
            start, end = (datetime.fromisoformat(call.request[name]) for name in (after, f"{what}Before"))
            assert start < end <= start + timedelta(days=7)
            assert start > NOW - timedelta(days=181)
    assert {call.status for call in world.sandbox.calls} == {200}


def test_personal_data_are_read_with_a_token_for_the_very_resource(world: World, caplog: Any) -> None:
    run = world.run(world.config(start_date=world.day(10)), streams=[*RESTRICTED])
    assert run.error is None
    asked = calls(world, "createRestrictedDataToken")
    assert {json.dumps(request["restrictedResources"]) for request in asked} == {
        json.dumps([{"method": "GET", "path": STREAMS[name].listing.operation.path}]) for name in RESTRICTED
    }
    assert "sprdt" not in caplog.text
    assert not any(b"sprdt" in line for line in run.lines)


def test_personal_data_are_read_only_where_they_are_selected(world: World) -> None:
    streams = world.tap(world.config()).streams
    assert {name for name in STREAMS if not streams[name].selected} == RESTRICTED
    assert {name for name in STREAMS if streams[name].restricted} == RESTRICTED  # type: ignore[attr-defined]


@pytest.mark.parametrize("choice", [{"selected": True}, {"selected": False}, {}], ids=str)
@pytest.mark.parametrize("name", [name for name, stream in STREAMS.items() if stream.contents])
def test_files_are_read_only_where_their_column_is_selected(choice: Row, name: str, world: World) -> None:
    config = world.config(start_date=world.day(10))
    catalog = world.tap(config).catalog_dict
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"] == []:
                metadata["metadata"]["selected"] = entry["tap_stream_id"] == name
            elif metadata["breadcrumb"] == ["properties", "content"]:
                metadata["metadata"] |= choice
    recorder = Recorder()
    world.tap(config, catalog=catalog, message_writer=recorder).sync_all()
    messages = [json.loads(line) for line in recorder.lines]
    rows = [message["record"] for message in messages if message["type"] == "RECORD" and message["stream"] == name]
    assert rows
    assert {bool(row.get("content")) for row in rows} == {choice.get("selected", False)}
    assert {row["_extra"] for row in rows} == {None}


def test_each_shipment_is_written_once_though_several_filters_find_it(world: World) -> None:
    run = world.run(world.config(start_date=world.day(DAYS)), streams=["vendor_shipments"])
    numbers = [row["vendor_shipment_identifier"] for row in run.records("vendor_shipments")]
    assert len({*numbers}) == len(numbers)
    asked = {name for request in calls(world, "GetShipmentDetails") for name in request if name.endswith("After")}
    assert asked == {after for after, _ in SHIPMENTS.ranges}


def test_the_identifier_of_an_invoice_is_one_part_of_the_path(world: World) -> None:
    run = world.run(world.config(start_date=world.day(10)), streams=["vendor_invoice_items"])
    assert run.error is None
    identifiers = {request["invoiceIdentifier"] for request in calls(world, "getInvoice")}
    assert any("~" in identifier for identifier in identifiers)
    assert {row["invoice_identifier"] for row in run.records("vendor_invoice_items")} == identifiers


def test_without_roles_the_streams_are_skipped_and_the_ledger_says_which_are_needed(world: World) -> None:
    config = world.config("vendor-us-no-role", start_date=world.day(10))
    run = world.run(config, streams=["vendor_purchase_orders", "vendor_direct_orders", "report_ledger"])
    entries = {row["stream_name"]: row for row in run.records("report_ledger")}
    assert {row["outcome"] for row in entries.values()} == {"skipped"}
    assert "Amazon Fulfillment, Inventory and Order Tracking" in entries["vendor_purchase_orders"]["reason"]
    assert "Direct-to-Consumer Shipping" in entries["vendor_direct_orders"]["reason"]


def test_a_connection_test_reads_the_first_rows_only(world: World) -> None:
    tap = world.tap(world.config(start_date=world.day(DAYS)))
    for name, stream in tap.streams.items():
        stream.selected = name in STREAMS
    tap.run_connection_test()
    asked = [call.operation for call in world.sandbox.calls]
    assert asked.count("getInvoice") == 1
    assert asked.count("getPurchaseOrders") == 3, "one of the diagnosis, one for each stream"


def test_a_plan_names_the_streams_of_a_list_together(world: World) -> None:
    names = ["vendor_purchase_orders", "vendor_purchase_order_items", "vendor_invoices"]
    tap = world.tap(world.config(start_date=world.day(20)))
    for name, stream in tap.streams.items():
        stream.selected = name in names
    outlook = look_ahead(tap.run, ["default"], ask_amazon=False)
    told = [(each.partition.report_type, each.streams, len(each.ranges)) for each in outlook.windows]
    orders = ("vendor_purchase_order_items", "vendor_purchase_orders")
    assert told == [
        ("getInvoiceHeaders", ("vendor_invoices",), 1),
        ("getPurchaseOrders", orders, 1),
        ("getPurchaseOrders", orders, 2),
    ]
    assert not any("getPurchaseOrders" in call.operation for call in world.sandbox.calls)


def test_what_was_received_of_orders_is_what_the_inventory_report_of_that_day_says(world: World) -> None:
    """The report says net of what went back on that day, which is little, and nothing where nothing was received."""
    orders, stock = "vendor_purchase_order_status_items", "vendor_inventory"
    config = world.config(start_date=world.day(45), distributor_views=["SOURCING"], selling_programs=["RETAIL"])
    run = world.run(config, streams=[orders, stock])
    received: Counter[tuple[str, str]] = Counter()
    for row in run.records(orders):
        if units := row["receiving_status_received_quantity_amount"]:
            day = row["receiving_status_last_receive_date"][:10]
            size = row["receiving_status_received_quantity_unit_size"] or 1
            received[day, row["buyer_product_identifier"]] += int(units) * int(size)
    net = {(row["start_date"], row["asin"]): row["net_received_inventory_units"] for row in run.records(stock)}
    days = {day for day, _ in net}
    assert {key for key in received if key[0] in days} <= net.keys()
    went_back = [received[key] - units for key, units in net.items()]
    assert min(went_back) == 0
    assert sum(units > 0 for units in net.values()) > 5
    assert sum(went_back) < sum(net.values()) / 10
