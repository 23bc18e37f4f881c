"""Each answer of the vendor APIs, of invoices and of Data Kiosk is one that Amazon's model allows."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from jsonschema import Draft4Validator, FormatChecker

if TYPE_CHECKING:
    from sandbox.conftest import Driver

# Beside the repository, or beside the folder of its working copies.
SHARED = next((path / "shared" for path in Path(__file__).parents[3:5] if (path / "shared").is_dir()), Path("shared"))
MODELS = SHARED / "spapi" / "models"
pytestmark = pytest.mark.skipif(not MODELS.is_dir(), reason="the models are not beside this working copy")

ORDERS = "vendor-orders-api-model/vendorOrders.json"
SHIPMENTS = "vendor-shipments-api-model/vendorShipments.json"
INVOICES = "finances-api-model/financesInvoices_2026-06-25.json"
DIRECT = "vendor-direct-fulfillment-orders-api-model/vendorDirectFulfillmentOrders_2021-12-28.json"
PAPERS = "vendor-direct-fulfillment-shipping-api-model/vendorDirectFulfillmentShipping_2021-12-28.json"
KIOSK = "data-kiosk-api-model/dataKiosk_2023-11-15.json"
VENDORS = {"vendor-us": "ATVPDKIKX0DER", "vendor-de": "A1PA6795UKMFR9", "vendor-jp": "A1VC38T7YXB528"}
WEEK = {"createdAfter": "2026-11-13T12:00:00Z", "createdBefore": "2026-11-20T12:00:00Z"}


@cache
def definitions(model: str) -> Any:
    """The definitions of a model."""
    return json.loads((MODELS / model).read_text("utf-8"))["definitions"]


def unknown(model: str, schema: Any, value: Any, place: str) -> list[str]:
    """The fields of an answer that its definition does not know."""
    while "$ref" in schema:
        schema = definitions(model)[schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        return [each for item in value for each in unknown(model, schema.get("items", {}), item, f"{place}[]")]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    known = schema["properties"]
    strange = [f"{place}.{name}" for name in value if name not in known]
    for name in value.keys() & known.keys():
        strange += unknown(model, known[name], value[name], f"{place}.{name}")
    return strange


def assert_valid(model: str, definition: str, answer: Any) -> None:
    schema = {"$ref": f"#/definitions/{definition}", "definitions": definitions(model)}
    validator = Draft4Validator(schema, format_checker=FormatChecker())
    assert not [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(answer)][:5]
    assert not unknown(model, {"$ref": definition}, answer, "")[:5]


def get(amazon: Driver, label: str, path: str, headers: dict[str, str] | None = None, **query: str) -> Any:
    answer = amazon.call("GET", path, label, headers=headers, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize("label", VENDORS)
def test_purchase_orders(amazon: Driver, label: str) -> None:
    listed = get(amazon, label, "/vendor/orders/v1/purchaseOrders", changedAfter="2026-11-13T12:00:00Z")
    assert_valid(ORDERS, "GetPurchaseOrdersResponse", listed)
    number = listed["payload"]["orders"][0]["purchaseOrderNumber"]
    assert_valid(ORDERS, "GetPurchaseOrderResponse", get(amazon, label, f"/vendor/orders/v1/purchaseOrders/{number}"))


@pytest.mark.parametrize("label", VENDORS)
def test_statuses(amazon: Driver, label: str) -> None:
    listed = get(amazon, label, "/vendor/orders/v1/purchaseOrdersStatus", updatedAfter="2026-11-13T12:00:00Z")
    assert_valid(ORDERS, "GetPurchaseOrdersStatusResponse", listed)


@pytest.mark.parametrize("label", VENDORS)
def test_shipments(amazon: Driver, label: str) -> None:
    listed = get(amazon, label, "/vendor/shipping/v1/shipments", createdAfter="2026-11-01T12:00:00Z")
    assert_valid(SHIPMENTS, "GetShipmentDetailsResponse", listed)
    assert any(each["containers"] for each in listed["payload"]["shipments"])


@pytest.mark.parametrize("label", VENDORS)
def test_invoices(amazon: Driver, label: str) -> None:
    path, place = "/finances/invoices/2026-06-25/invoices", VENDORS[label]
    listed = get(amazon, label, path, marketplaceId=place)
    assert_valid(INVOICES, "GetInvoicesResponse", listed)
    kinds = {each["invoiceType"]: each["invoiceIdentifier"] for each in listed["invoices"]}
    assert kinds.keys() == {"AP_INVENTORY", "OTHER"}
    for identifier in kinds.values():
        found = get(amazon, label, f"{path}/{quote(identifier, safe='')}", marketplaceId=place)
        assert_valid(INVOICES, "GetInvoiceResponse", found)


@pytest.mark.parametrize(
    ("path", "model", "many", "one"),
    [
        ("orders/2021-12-28/purchaseOrders", DIRECT, "OrderList", "Order"),
        ("shipping/2021-12-28/shippingLabels", PAPERS, "ShippingLabelList", "ShippingLabel"),
        ("shipping/2021-12-28/packingSlips", PAPERS, "PackingSlipList", "PackingSlip"),
        ("shipping/2021-12-28/customerInvoices", PAPERS, "CustomerInvoiceList", "CustomerInvoice"),
    ],
)
def test_direct_fulfilment(amazon: Driver, path: str, model: str, many: str, one: str) -> None:
    path = f"/vendor/directFulfillment/{path}"
    resources = [{"method": "GET", "path": path}, {"method": "GET", "path": f"{path}/{{purchaseOrderNumber}}"}]
    made = amazon.call("POST", "/tokens/2021-03-01/restrictedDataToken", json={"restrictedResources": resources})
    headers = {"x-amz-access-token": made.json["restrictedDataToken"]}  # type: ignore[index]
    listed = get(amazon, "vendor-us", path, headers, **WEEK)
    assert_valid(model, many, listed)
    (rows,) = (value for name, value in listed.items() if name != "pagination")
    single = get(amazon, "vendor-us", f"{path}/{rows[0]['purchaseOrderNumber']}", headers)
    assert_valid(model, one, single)
    assert single == rows[0]


def test_data_kiosk(amazon: Driver) -> None:
    base = "/dataKiosk/2023-11-15"
    query = (
        'query { analytics_vendorAnalytics_2024_09_30 { manufacturingView(startDate: "2026-11-10", endDate:'
        ' "2026-11-10", aggregateBy: DAY) { startDate metrics { groupByKey { asin } } } } }'
    )
    created = amazon.call("POST", f"{base}/queries", json={"query": query})
    assert created.status_code == 202
    assert_valid(KIOSK, "CreateQueryResponse", created.json)
    path = f"{base}/queries/{created.json['queryId']}"  # type: ignore[index]
    for _ in range(4):
        found = get(amazon, "vendor-us", path)
        assert_valid(KIOSK, "Query", found)
        amazon.clock.advance(seconds=30)
    assert_valid(KIOSK, "GetQueriesResponse", get(amazon, "vendor-us", f"{base}/queries"))
    document = get(amazon, "vendor-us", f"{base}/documents/{found['dataDocumentId']}")
    assert_valid(KIOSK, "GetDocumentResponse", document)
