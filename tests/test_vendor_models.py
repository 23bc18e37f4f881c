"""Amazon's models of the vendor APIs: every call is valid by them, and each of their examples becomes rows.

They lie beside the checkout, as do documents that others published; answers made up after their likeness always run.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jsonschema
import pytest
from bootstrap import ROOT
from clocks import FakeClock

from tap_amazon_vendor.amazon.answers import decode
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.reports.windows import Window
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import GROUPS
from tap_amazon_vendor.streams.listed_window import ListedWindow
from tap_amazon_vendor.streams.paged import PagedRows
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_amazon_vendor.amazon.throttle import Operation
    from tap_amazon_vendor.streams.paged_stream import PagedStream

Row = dict[str, Any]

SHARED = ROOT.parent / "shared"
MODELS = SHARED / "spapi" / "models"
SAMPLES = SHARED / "samples" / "amzn-samples"
NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
US = "ATVPDKIKX0DER"
CONFIG = {"client_id": "app", "client_secret": "secret", "refresh_token": "Atzr|token", "marketplaces": ["US"]}
STREAMS = [
    stream
    for group in GROUPS.values()
    for stream in group
    if isinstance(stream, PagedRows) and stream.account_type == "vendor"
]
LISTINGS = list({stream.listing: None for stream in STREAMS})

there = pytest.mark.skipif(not MODELS.is_dir(), reason="Amazon's models are not beside the checkout")


def models() -> Iterator[Row]:
    for path in sorted(MODELS.rglob("*.json")):
        yield json.loads(path.read_text(), parse_float=Decimal)


def described(operation: Operation) -> tuple[Row, Row]:
    """The model that has an operation, and what it says of it."""
    path = re.sub(r"\{.*?\}", "{}", operation.path)
    for model in models():
        for template, verbs in model["paths"].items():
            own = verbs.get(operation.method.lower(), {})
            if re.sub(r"\{.*?\}", "{}", template) == path and own.get("operationId") == operation.name:
                return model, own
    raise LookupError(operation.name)


class FakeApi:
    """Answers each operation with one page."""

    def __init__(self, answers: dict[str, Row]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def call(self, operation: Operation, *, answer: type[Any], **_: Any) -> Any:
        self.asked.append(operation.name)
        if operation.name == "createRestrictedDataToken":
            return answer(restricted_data_token="Atz.sprdt|token")  # no secret
        page = json.loads(json.dumps(self.answers[operation.name], default=float))
        # One page is enough.
        for place in (page, page.get("payload", {})):
            for name in ("pagination", "nextToken", "nextTokenForLineItems"):
                place.pop(name, None)
        return decode(json.dumps(page).encode(), answer)


def read(stream: PagedStream, answers: dict[str, Row], folder: Path) -> tuple[list[Row], Findings]:
    """The rows of a page."""
    context = (stream.partitions or [])[0]
    window = Window(NOW - timedelta(days=6), NOW)
    findings = Findings()
    api: Any = FakeApi(answers)
    account = stream._settings().accounts[0]
    with ListedWindow(stream.declaration.listing, api, context, window, FakeClock(NOW), folder) as listed:
        for _ in listed.fetch():
            pass
        rows = [row for chunk in stream.chunks(listed, account, findings, ()) for row in chunk]
    return rows, findings


def leaves(value: Any) -> Iterator[str]:
    """The values within JSON, as texts that sort."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value is not None:
        text = str(value)
        is_number = not isinstance(value, bool) and re.fullmatch(r"-?\d+(\.\d+)?", text)
        yield str(Decimal(text).normalize()) if is_number else text


def rows_are_whole(stream: PagedRows, answers: dict[str, Row], folder: Path, *, unknown: bool = False) -> list[Row]:
    """Check that each value of a stream's elements is in its rows, and that the rows fit the schema."""
    tap = TapAmazonVendor(config=CONFIG)
    made: Any = tap.streams[stream.name]
    made.selected = True
    for column in stream.contents:
        made.metadata["properties", column].selected = True
        made._mask = None
    rows, findings = read(made, answers, folder)
    assert findings.rejected == 0
    validator = jsonschema.Draft7Validator(load_schema(stream.name))
    for row in rows:
        plain = json.loads(
            json.dumps({name: row[name] for name in load_schema(stream.name)["properties"]}, default=float)
        )
        assert list(validator.iter_errors(plain)) == []
        assert unknown or row["_extra"] is None
    found = {leaf for row in rows for leaf in leaves(row)}
    found |= {leaf for row in rows for leaf in leaves(json.loads(row["_extra"] or "{}", parse_float=Decimal))}
    wanted = [leaf for part in elements(stream, answers) for leaf in leaves(part)]
    assert [leaf for leaf in wanted if leaf not in found] == []
    return rows


def elements(stream: PagedRows, answers: dict[str, Row]) -> Iterator[Any]:
    """What a stream has rows of, as Amazon writes it."""
    array: Any = answers[stream.source]
    for name in (stream.detail.elements if stream.detail else stream.listing.elements).split("."):
        # One example lacks the envelope.
        array = array if name == "payload" and name not in array else array[name]
    yield from inside(array, list(stream.path))


def inside(value: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from inside(each, path)
    elif not path:
        yield value
    elif value.get(path[0]) is not None:
        yield from inside(value[path[0]], path[1:])


def bodies(operation: Operation) -> Iterator[Row]:
    """The examples that a model has of the good answers of an operation."""
    _, own = described(operation)
    good = own["responses"]["200"]
    examples = good.get("examples", {})
    # Some models have the parts of a body in its place.
    yield from [examples] if "pagination" in examples else examples.values()
    yield from (each["response"] for each in good.get("x-amzn-api-sandbox", {}).get("static", []))


@there
@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.operation.name)
def test_every_call_is_valid_by_the_model(listing: Any) -> None:
    model, own = described(listing.operation)
    known = {parameter["name"]: parameter for parameter in own["parameters"]}
    required = {name for name, parameter in known.items() if parameter.get("required")}
    assert "nextToken" in known
    window = Window(NOW - timedelta(days=6), NOW)
    queries = list(listing.queries(window, {"account": "default", "marketplace_id": US}))
    assert queries
    for query in queries:
        assert required <= query.keys() <= known.keys()
        for name, text in query.items():
            parameter = known[name]
            assert parameter["type"] in {"string", "integer"}
            if parameter["type"] == "integer":
                assert int(text) <= parameter.get("maximum", int(text))
            elif parameter.get("format") == "date-time":
                assert datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo
            assert text in parameter.get("enum", [text])
    usage = re.search(r"\| (\d+) \| (\d+) \|", own.get("description", ""))
    if usage:
        assert (listing.operation.rate, listing.operation.burst) == (int(usage[1]), int(usage[2]))
    assert urlsplit(f"https://{model['host']}").netloc


@there
@pytest.mark.parametrize("stream", [each for each in STREAMS if each.detail], ids=lambda stream: stream.name)
def test_every_call_for_parts_is_valid_by_the_model(stream: PagedRows) -> None:
    assert stream.detail
    _, own = described(stream.detail.operation)
    names = {parameter["name"] for parameter in own["parameters"] if parameter["in"] == "query"}
    assert {stream.detail.parameter, "marketplaceId"} <= names


@there
@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_example_becomes_rows_with_every_field(stream: PagedRows, tmp_path: Path) -> None:
    read_some = False
    details = list(bodies(stream.detail.operation)) if stream.detail else [{}]
    for body in bodies(stream.listing.operation):
        for detail in details:
            answers = {stream.listing.operation.name: body}
            if stream.detail:
                answers[stream.detail.operation.name] = detail
            # The example without an envelope has fields at the wrong level, too.
            slips = stream.name == "vendor_purchase_orders" and "payload" not in body
            read_some |= bool(rows_are_whole(stream, answers, tmp_path, unknown=slips))
    assert read_some


@there
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("vendor_purchase_orders", "vendororders-getPurchaseOrders"),
        ("vendor_purchase_order_items", "vendororders-getPurchaseOrders"),
        ("vendor_purchase_order_statuses", "vendororders-getPurchaseOrdersStatus"),
        ("vendor_purchase_order_status_items", "vendororders-getPurchaseOrdersStatus"),
        ("vendor_shipments", "vendorshipments-getShipmentDetails"),
        ("vendor_shipment_items", "vendorshipments-getShipmentDetails"),
        ("vendor_shipment_containers", "vendorshipments-getShipmentDetails"),
    ],
)
def test_every_document_that_others_published_becomes_rows(name: str, file: str, tmp_path: Path) -> None:
    """Some differ from the model: what it does not know is in `_extra`."""
    (stream,) = [each for each in STREAMS if each.name == name]
    body = json.loads((SAMPLES / f"{file}.json").read_text(), parse_float=Decimal)
    assert rows_are_whole(stream, {stream.source: body}, tmp_path, unknown=True)


@there
@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_field_of_the_model_is_a_column_or_lies_in_one(stream: PagedRows) -> None:
    operation = stream.detail.operation if stream.detail else stream.listing.operation
    model, own = described(operation)
    schema = own["responses"]["200"]["schema"]
    definitions = model["definitions"]

    def resolved(value: Row) -> Row:
        while "$ref" in value:
            value = definitions[value["$ref"].rpartition("/")[2]]
        return value["items"] if value.get("type") == "array" and "$ref" in value.get("items", {}) else value

    place = resolved(schema)
    listed = stream.detail.elements if stream.detail else stream.listing.elements
    for name in (*listed.split("."), *stream.path):
        place = resolved(resolved(place["properties"][name]))
    columns = load_schema(stream.name)["properties"]
    fields = resolved(place)["properties"]
    for wrapper in stream.lifts:
        fields = {**fields, **resolved(fields[wrapper])["properties"]}
        del fields[wrapper]
    for name, field in fields.items():
        column = column_name(name)
        inner = resolved(field).get("properties", {})
        assert column in columns or (inner and all(any(c.startswith(f"{column}_") for c in columns) for _ in inner))
        for each in inner:
            flat = f"{column}_{column_name(each)}"
            nested = columns.get(column, {})
            nested = nested.get("items", nested).get("properties", {})
            assert column_name(each) in nested or any(c == flat or c.startswith(f"{flat}_") for c in columns)


def order(**changes: Any) -> Row:
    """A purchase order after the likeness of Amazon's."""
    item = {
        "itemSequenceNumber": "1",
        "amazonProductIdentifier": "B0EXAMPLE1",
        "orderedQuantity": {"amount": 3, "unitOfMeasure": "Cases", "unitSize": 10},
        "isBackOrderAllowed": True,
        "netCost": {"amount": "94.970", "currencyCode": "USD"},
    }
    return {
        "purchaseOrderNumber": "4EXAMPLE",
        "purchaseOrderState": "New",
        "orderDetails": {"purchaseOrderDate": "2026-11-20T16:29:00Z", "items": [item]},
    } | changes


def answer(*orders: Any) -> dict[str, Row]:
    return {"getPurchaseOrders": {"payload": {"orders": list(orders)}}}


def named(name: str) -> Any:
    return TapAmazonVendor(config=CONFIG).streams[name]


def test_money_is_exact_and_two_columns_and_amounts_are_numbers(tmp_path: Path) -> None:
    ((item,), _) = read(named("vendor_purchase_order_items"), answer(order()), tmp_path)
    assert str(item["net_cost_amount"]) == "94.970"
    assert item["net_cost_currency_code"] == "USD"
    assert (item["ordered_quantity_amount"], item["is_back_order_allowed"]) == (3, True)
    assert (item["marketplace_id"], item["country_code"], item["purchase_order_number"]) == (US, "US", "4EXAMPLE")
    assert item["seen_at"] == "2026-11-21T12:00:00+00:00"
    ((row,), _) = read(named("vendor_purchase_orders"), answer(order()), tmp_path)
    assert row["order_details"]["items"][0]["net_cost"]["amount"] == Decimal("94.970")


@pytest.mark.parametrize("bad", ["a lot", {"x": 1}, True, [1], "1,5", "NaN", "1e999"])
def test_an_amount_that_is_none_is_null_and_kept(bad: Any, tmp_path: Path) -> None:
    changed = order()
    changed["orderDetails"]["items"][0]["netCost"]["amount"] = bad
    ((item,), findings) = read(named("vendor_purchase_order_items"), answer(changed), tmp_path)
    assert item["net_cost_amount"] is None
    assert "net_cost_amount" in json.loads(item["_extra"]) or "netCost.amount" in item["_extra"]
    assert item["net_cost_currency_code"] == "USD"
    ((row,), findings) = read(named("vendor_purchase_orders"), answer(changed), tmp_path)
    assert row["order_details"] is None
    assert findings.unreadable_cells == {"order_details": 1}
    assert json.loads(row["_extra"])["order_details"]["purchaseOrderDate"] == "2026-11-20T16:29:00Z"


def test_an_unknown_field_is_kept(tmp_path: Path) -> None:
    changed = order(riskScore=7)
    changed["orderDetails"]["items"][0]["hazard"] = "none"
    changed["orderDetails"]["newDate"] = "soon"
    ((row,), _) = read(named("vendor_purchase_orders"), answer(changed), tmp_path)
    assert json.loads(row["_extra"]) == {"riskScore": 7}
    assert row["order_details"]["new_date"] == "soon"
    ((item,), _) = read(named("vendor_purchase_order_items"), answer(changed), tmp_path)
    assert json.loads(item["_extra"]) == {"hazard": "none"}


@pytest.mark.parametrize("bad", [7, None, "text", [], {}, {"purchaseOrderNumber": " "}, {"purchaseOrderNumber": 7}])
@pytest.mark.parametrize("name", ["vendor_purchase_orders", "vendor_purchase_order_items"])
def test_an_order_that_is_none_takes_no_other_with_it(bad: Any, name: str, tmp_path: Path) -> None:
    other = order(purchaseOrderNumber="5EXAMPLE")
    rows, findings = read(named(name), answer(order(), bad, other), tmp_path)
    assert [row["purchase_order_number"] for row in rows] == ["4EXAMPLE", "5EXAMPLE"]
    assert (findings.rejected, findings.first_reject and findings.first_reject.number) == (1, 2)


@pytest.mark.parametrize("bad", [7, "text", [7], {"itemSequenceNumber": None}, {"itemSequenceNumber": " "}, {}])
def test_an_item_that_is_none_takes_no_other_with_it(bad: Any, tmp_path: Path) -> None:
    """Two items of an order without a number would be one in a database."""
    changed = order()
    changed["orderDetails"]["items"] += [bad, bad]
    rows, findings = read(named("vendor_purchase_order_items"), answer(changed), tmp_path)
    assert [row["item_sequence_number"] for row in rows] == ["1"]
    assert findings.rejected == 2


def test_an_item_keeps_the_key_of_its_order_where_its_own_is_null(tmp_path: Path) -> None:
    changed = order()
    changed["orderDetails"]["items"][0]["purchaseOrderNumber"] = None
    ((item,), _) = read(named("vendor_purchase_order_items"), answer(changed), tmp_path)
    assert item["purchase_order_number"] == "4EXAMPLE"


@pytest.mark.parametrize("details", [None, {}, {"items": None}, {"items": []}])
def test_an_order_without_items_has_none(details: Any, tmp_path: Path) -> None:
    rows, findings = read(named("vendor_purchase_order_items"), answer(order(orderDetails=details)), tmp_path)
    assert (rows, findings.rejected) == ([], 0)
    ((row,), _) = read(named("vendor_purchase_orders"), answer(order(orderDetails=details)), tmp_path)
    assert row["purchase_order_number"] == "4EXAMPLE"


def test_an_order_that_changes_between_two_pages_is_there_once_as_it_is_now(tmp_path: Path) -> None:
    old, new = order(), order(purchaseOrderState="Acknowledged")
    ((row,), findings) = read(named("vendor_purchase_orders"), answer(old, new), tmp_path)
    assert (row["purchase_order_state"], findings.repeated_keys) == ("Acknowledged", 1)
    ((row,), findings) = read(named("vendor_purchase_orders"), answer(old, old), tmp_path)
    assert (row["purchase_order_state"], findings.repeated_keys) == ("New", 0)
