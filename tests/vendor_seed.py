"""Orders, shipments, direct fulfilment and invoices as the local Amazon's seed has them, in our columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from amazon_sandbox.data.direct import invoice_as_json, label_as_json, slip_as_json
from amazon_sandbox.data.direct import order_as_json as direct_order_as_json
from amazon_sandbox.data.invoices import header_as_json, items_as_json
from amazon_sandbox.data.procurement import order_as_json, status_as_json
from amazon_sandbox.data.shipments import as_json as shipment_as_json
from amazon_sandbox.data.shipments import shipments
from amazon_sandbox.registrations import selling_partner_id
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.streams import GROUPS
from tap_amazon_vendor.streams.paged import PagedRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from amazon_sandbox import Sandbox

Row = dict[str, Any]
Seed = dict[tuple[Any, ...], Row]

#: The streams of a vendor that read paged APIs.
STREAMS = {
    stream.name: stream
    for group in GROUPS.values()
    for stream in group
    if isinstance(stream, PagedRows) and stream.account_type == "vendor"
}


@dataclass(frozen=True)
class Source:
    """A vendor's data at a moment."""

    sandbox: Sandbox
    now: datetime
    label: str = "vendor-us"


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
    source: Source, name: str, start: datetime, end: datetime
) -> list[Row]:
    """What the local Amazon's data say of what changed, or was made, in a time; elements as Amazon writes them."""
    data, now, label = source.sandbox.data, source.now, source.label
    listing = STREAMS[name].listing.operation.name
    orders = data.procurement(label).between(start, end)
    direct = list(data.direct_orders(label).placed(start - timedelta(days=30), end))
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
            every = shipments(data.procurement(label), start - timedelta(days=30), end)
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
            return list(invoices(source, start, lines=bool(STREAMS[name].detail)))
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


def invoices(source: Source, start: datetime, *, lines: bool) -> Iterator[Row]:
    """Invoices that are new or have changed, with their lines where a stream reads them."""
    now = source.now
    account = next(each for each in source.sandbox.accounts if each.label == source.label)
    for invoice in source.sandbox.data.invoices(source.label).issued(start - timedelta(days=730), now):
        if invoice.created <= now and invoice.changed_at(now) >= start:
            header = header_as_json(invoice, now, selling_partner_id(account))
            yield {**header, "lines": items_as_json(invoice, invoice.lines, now)} if lines else header


def expected(source: Source, name: str, start: datetime, end: datetime | None = None) -> Seed:
    """The rows of a stream, by key, without columns that are null and without those of the tap."""
    stream, rows = STREAMS[name], seed(source, name, start, end or source.now)
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
    own = {"account", "marketplace_id", "country_code", "seen_at", "content"}
    found: Seed = {}
    for row in rows:
        columns = {column: plain(value) for column, value in row.items() if value is not None and column not in own}
        found[tuple(columns[key] for key in STREAMS[name].key_columns)] = columns
    return found
