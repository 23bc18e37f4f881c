"""Orders, shipments, direct fulfilment and invoices: read from the local Amazon, compared with its seed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from clocks import NOW
from world import Recorder, World, partitions

from amazon_sandbox import Sandbox, running
from amazon_sandbox.data.direct import invoice_as_json, label_as_json, slip_as_json
from amazon_sandbox.data.direct import order_as_json as direct_order_as_json
from amazon_sandbox.data.invoices import header_as_json, items_as_json
from amazon_sandbox.data.procurement import order_as_json, status_as_json
from amazon_sandbox.data.shipments import as_json as shipment_as_json
from amazon_sandbox.data.shipments import shipments
from amazon_sandbox.registrations import selling_partner_id
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.forecast import look_ahead
from tap_amazon_vendor.streams import GROUPS
from tap_amazon_vendor.streams.paged import PagedRows
from tap_amazon_vendor.streams.procurement import SHIPMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clocks import FakeClock

Row = dict[str, Any]
Seed = dict[tuple[Any, ...], Row]

STREAMS = {
    stream.name: stream
    for group in GROUPS.values()
    for stream in group
    if isinstance(stream, PagedRows) and stream.account_type == "vendor"
}
RESTRICTED = {name for name, stream in STREAMS.items() if stream.opt_in}
DAYS = 30


@pytest.fixture
def world(clock: FakeClock, bare_environment: None) -> Iterator[World]:  # noqa: ARG001
    """A local Amazon with few products."""
    sandbox = Sandbox(seed=7, clock=clock, asins=5, stall_seconds=0.1)
    with running(sandbox) as server:
        yield World(sandbox, server, clock)


@pytest.fixture
def short_pages(world: World) -> World:
    """One whose pages are short."""
    world.sandbox.page_records = 3
    return world


def plain(value: Any) -> Any:
    """A value with snake_case keys, and every number as the text of its decimal."""
    if isinstance(value, dict):
        return {column_name(key): plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        # Amazon writes decimals as texts.
        return str(Decimal(value).normalize()) if value.replace(".", "", 1).isdigit() and "." in value else value
    return str(Decimal(str(value)).normalize())


def flat(value: Row, prefix: str = "") -> Row:
    """Plain columns of an object whose objects are flat."""
    columns: Row = {}
    for name, inner in value.items():
        column = f"{prefix}{column_name(name)}"
        if isinstance(inner, dict):
            columns |= flat(inner, f"{column}_")
        else:
            columns[column] = plain(inner)
    return columns


def parts(rows: list[Row], path: tuple[str, ...], inherits: tuple[str, ...]) -> Iterator[Row]:
    """What lies within rows, with what it inherits."""
    for row in rows:
        if not path:
            yield row
            continue
        inner = row.get(path[0]) or []
        around = {name: row[name] for name in inherits if name in row}
        yield from parts(
            [around | each for each in ([inner] if isinstance(inner, dict) else inner)], path[1:], inherits
        )


def seed(  # noqa: PLR0911  # one for each operation
    world: World, name: str, start: datetime, end: datetime
) -> list[Row]:
    """What the local Amazon's data say of what changed, or was made, in a time; elements as Amazon writes them."""
    data, now = world.sandbox.data, world.clock()
    listing = STREAMS[name].listing.operation.name
    orders = data.procurement("vendor-us").between(start, end)
    direct = list(data.direct_orders("vendor-us").placed(start - timedelta(days=30), end))
    begins, ends = start.isoformat()[:19], end.isoformat()[:19]

    def papers(kind: str, write: Callable[[Any], Row]) -> list[Row]:
        made = [(each, each.available(kind)) for each in direct]
        return [write(each) for each, at in made if at is not None and start <= at < end and at <= now]

    match listing:
        case "getPurchaseOrders":
            placed = (each for each in orders if each.placed <= now)
            return [order_as_json(each, now) for each in placed if start <= each.changed_at(now) < end]
        case "getPurchaseOrdersStatus":
            placed = (each for each in orders if each.placed <= now)
            return [status_as_json(each, now) for each in placed if start <= each.updated_at(now) < end]
        case "GetShipmentDetails":
            every = shipments(data.procurement("vendor-us"), start - timedelta(days=30), end)
            rows = [shipment_as_json(each, now) for each in every if each.created <= now]
            return [row for row in rows if any(begins <= moment < ends for moment in happened(row))]
        case "getOrders":
            return [direct_order_as_json(each, now) for each in direct if start <= each.placed < end]
        case "getShippingLabels":
            return papers("shippingLabels", label_as_json)
        case "getPackingSlips":
            return papers("packingSlips", slip_as_json)
        case "getCustomerInvoices":
            return papers("customerInvoices", invoice_as_json)
        case "getInvoiceHeaders":
            return list(invoices(world, start, lines=bool(STREAMS[name].detail)))
    raise AssertionError(listing)


def happened(shipment: Row) -> list[str]:
    """When something happened to a shipment that a filter finds."""
    transport = shipment["transportationDetails"]
    return [
        shipment["shipmentCreateDate"],
        shipment.get("shipmentConfirmDate", ""),
        shipment.get("packageLabelCreateDate", ""),
        transport.get("shippedDate", ""),
        transport.get("shipmentDeliveryDate", ""),
    ]


def invoices(world: World, start: datetime, *, lines: bool) -> Iterator[Row]:
    now = world.clock()
    account = next(each for each in world.sandbox.accounts if each.label == "vendor-us")
    for invoice in world.sandbox.data.invoices("vendor-us").issued(start - timedelta(days=730), now):
        if invoice.created <= now and invoice.changed_at(now) >= start:
            header = header_as_json(invoice, now, selling_partner_id(account))
            yield {**header, "lines": items_as_json(invoice, invoice.lines, now)} if lines else header


def expected(world: World, name: str, start: datetime, end: datetime) -> Seed:
    """The rows of a stream, by key, without columns that are null and without those of the tap."""
    stream, rows = STREAMS[name], seed(world, name, start, end)
    path = ("lines",) if stream.detail else stream.path
    found: Seed = {}
    for element in rows:
        for place, row in enumerate(parts([element], path, stream.inherits), 1):
            row_ = {**row, stream.place: place} if stream.place else row
            columns = shape(name, row_)
            found[tuple(columns[key] for key in stream.key_columns)] = columns
    return found


def shape(name: str, row: Row) -> Row:
    """Objects are flat in streams of items, and where they are money."""
    nested = {"selling_party", "ship_from_party"} if name == "vendor_direct_shipping_labels" else set()
    columns: Row = {}
    for wrapper in STREAMS[name].lifts:
        row = {**row.pop(wrapper, {}), **row}
    for field, value in row.items():
        is_money = isinstance(value, dict) and "currencyCode" in value
        if isinstance(value, dict) and (is_money or STREAMS[name].path or STREAMS[name].detail):
            columns |= {column_name(field): plain(value)} if column_name(field) in nested else flat({field: value})
        elif field != "content" and value is not None:
            columns[column_name(field)] = plain(value)
    return columns


def told(rows: list[Row], name: str) -> Seed:
    """Rows of a run by key, without columns that are null and without those of the tap."""
    own = {"account", "marketplace_id", "country_code", "seen_at"}
    found: Seed = {}
    for row in rows:
        columns = {column: plain(value) for column, value in row.items() if value is not None and column not in own}
        found[tuple(columns[key] for key in STREAMS[name].key_columns)] = columns
    return found


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
    assert told(first.records(name), name) == expected(world, name, start, world.clock())
    assert len(first.records(name)) == len(told(first.records(name), name)) > 3
    assert {row["outcome"] for row in first.records("report_ledger")} <= {"loaded", "empty"}
    world.clock.advance(3 * 24 * 3600)
    second = world.run(config, first.state, streams=[name])
    assert second.error is None
    rows = told(first.records(name), name) | told(second.records(name), name)
    now = expected(world, name, start, world.clock().replace(minute=0, second=0))
    if "direct" in name or name.startswith("vendor_shipment"):
        # Only what was created within restatement_days is read again.
        assert rows.keys() == now.keys()
    else:
        # An order that was cut loses items, and what was modified moves on.
        assert {key: rows[key] for key in now} == now
    assert len(second.records(name)) < len(first.records(name)) or name.startswith("vendor_invoice")


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
    assert told(run.records(items), items) == expected(world, items, since(world), world.clock())
    assert ("vendor_purchase_orders" in run.state["bookmarks"]) == bool(parents)


def test_a_stream_that_is_selected_later_reads_all_of_its_own(world: World) -> None:
    parent, items = "vendor_purchase_orders", "vendor_purchase_order_items"
    config = world.config(start_date=world.day(DAYS))
    first = world.run(config, streams=[parent])
    second = world.run(config, first.state, streams=[parent, items])
    assert told(second.records(items), items) == expected(world, items, since(world), world.clock())
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
    assert told(run.records(name), name) == expected(world, name, start, world.clock())
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
    assert told(failed.records(name) + again.records(name), name) == expected(world, name, since(world), world.clock())


@pytest.mark.parametrize("lines", [1, 9, 25])
def test_a_run_that_is_killed_in_the_middle_loses_and_doubles_nothing(lines: int, short_pages: World) -> None:
    world = short_pages
    names = ["vendor_purchase_orders", "vendor_purchase_order_items"]
    config = world.config(start_date=world.day(DAYS))
    killed = world.run(config, streams=names, kill_after=lines)
    rest = world.run(config, killed.state if any(b'"STATE"' in line for line in killed.lines) else None, streams=names)
    for name in names:
        rows = killed.records(name) + rest.records(name)
        assert told(rows, name) == expected(world, name, since(world), world.clock())


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
