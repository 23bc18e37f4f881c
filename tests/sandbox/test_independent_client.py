"""python-amazon-sp-api, a client that we did not write, takes the sandbox for Amazon."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from sp_api.api import FinancesV20240619, Reports, Sellers, Tokens, VendorOrders
from sp_api.auth import AccessTokenClient, access_token_client
from sp_api.auth.exceptions import AuthorizationError
from sp_api.base import (
    Marketplaces,
    SellingApiBadRequestException,
    SellingApiException,
    SellingApiForbiddenException,
    SellingApiNotFoundException,
    SellingApiRequestThrottledException,
)
from sp_api.base.reportTypes import ReportType

from amazon_sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, running
from amazon_sandbox.flatfiles import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.conftest import Clock

OPTIONS = {"reportPeriod": "DAY", "distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"}
REQUEST: dict[str, Any] = {
    "reportType": ReportType.GET_VENDOR_SALES_REPORT,
    "dataStartTime": datetime(2026, 11, 10, tzinfo=timezone.utc),
    "dataEndTime": datetime(2026, 11, 16, tzinfo=timezone.utc),
    "reportOptions": OPTIONS,
}


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    """The local Amazon."""
    return Sandbox(clock=clock)


@pytest.fixture
def connect(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Make clients that know nothing of the sandbox but its address."""
    access_token_client.cache.clear()
    clients: list[Any] = []
    with running(sandbox) as server:
        monkeypatch.setattr(AccessTokenClient, "scheme", "http://")
        monkeypatch.setattr(AccessTokenClient, "host", server.url.removeprefix("http://"))

        def connect(
            label: str = "vendor-us", marketplace: Any = Marketplaces.US, api: Any = Reports, **settings: str
        ) -> Any:
            monkeypatch.setattr(marketplace, "endpoint", server.url)
            credentials = {"lwa_app_id": CLIENT_ID, "lwa_client_secret": CLIENT_SECRET}
            client = api(
                marketplace=marketplace, refresh_token=f"Atzr|sandbox-{label}", credentials=credentials, **settings
            )
            clients.append(client)
            return client

        yield connect
        for client in clients:
            client.close()
            client._auth._transport.close()


def test_from_the_token_to_the_rows(sandbox: Sandbox, connect: Callable[..., Any], clock: Clock) -> None:
    client = connect()
    report_id = client.create_report(**REQUEST).payload["reportId"]
    assert client.get_report(report_id).payload["processingStatus"] == "IN_QUEUE"
    clock.advance(seconds=90)
    report = client.get_report(report_id).payload
    assert report["processingStatus"] == "DONE"
    document = client.get_report_document(report["reportDocumentId"], download=True, character_code="utf-8")
    rows = json.loads(document.payload["document"])["salesByAsin"]
    expected = sandbox.data.document(
        "GET_VENDOR_SALES_REPORT",
        account="vendor-us",
        marketplace_id="ATVPDKIKX0DER",
        options=OPTIONS,
        start=REQUEST["dataStartTime"].date(),
        end=REQUEST["dataEndTime"].date(),
        as_of=clock.now.date(),
    )
    assert [(row["startDate"], row["asin"], row["orderedUnits"]) for row in rows] == [
        (row["startDate"], row["asin"], row["orderedUnits"]) for row in expected["salesByAsin"]
    ]


def test_lists_pages_and_cancels(connect: Callable[..., Any]) -> None:
    client = connect()
    made = [client.create_report(**REQUEST).payload["reportId"] for _ in range(3)]
    page = client.get_reports(reportTypes=[ReportType.GET_VENDOR_SALES_REPORT], pageSize=2)
    assert [report["reportId"] for report in page.payload["reports"]] == made[:0:-1]
    page = client.get_reports(nextToken=page.next_token)
    assert [report["reportId"] for report in page.payload["reports"]] == made[:1]
    client.cancel_report(made[0])
    assert client.get_report(made[0]).payload["processingStatus"] == "CANCELLED"


def test_rate_limit_is_read_from_the_header(connect: Callable[..., Any]) -> None:
    assert connect().create_report(**REQUEST).rate_limit == "0.0167"


def test_errors_have_the_shape_that_it_knows(connect: Callable[..., Any]) -> None:
    client = connect()
    with pytest.raises(SellingApiBadRequestException, match="Report rejected for this client"):
        client.create_report(**REQUEST, marketplaceIds=["A1PA6795UKMFR9"])
    with pytest.raises(SellingApiNotFoundException):
        client.get_report("1")
    with pytest.raises(SellingApiForbiddenException, match="Access to the resource is forbidden"):
        connect("vendor-us-no-role").create_report(**REQUEST)


def test_quota_is_the_exception_that_it_retries(connect: Callable[..., Any]) -> None:
    client = connect()
    for _ in range(15):
        client.create_report(**REQUEST)
    with pytest.raises(SellingApiRequestThrottledException):
        client.create_report(**REQUEST)


def test_wrong_token_is_its_authorization_error(connect: Callable[..., Any]) -> None:
    with pytest.raises(AuthorizationError, match="invalid grant parameter"):
        connect("nobody").get_report("1")


def test_server_errors_are_exceptions(sandbox: Sandbox, connect: Callable[..., Any]) -> None:
    sandbox.inject("server_error_500")
    with pytest.raises(SellingApiException):
        connect().get_report("1")


def test_other_marketplaces(connect: Callable[..., Any], clock: Clock) -> None:
    client = connect("vendor-jp", Marketplaces.JP)
    report_id = client.create_report(**REQUEST).payload["reportId"]
    clock.advance(seconds=90)
    document_id = client.get_report(report_id).payload["reportDocumentId"]
    document = client.get_report_document(document_id, download=True, character_code="utf-8").payload["document"]
    assert json.loads(document)["salesAggregate"][0]["shippedCogs"]["currencyCode"] == "JPY"


def test_a_restricted_document_with_a_token_for_it(connect: Callable[..., Any], clock: Clock) -> None:
    client = connect("seller-us")
    created = client.create_report(
        reportType="GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX",
        dataStartTime=datetime(2026, 10, 1, tzinfo=timezone.utc),
        dataEndTime=datetime(2026, 10, 8, tzinfo=timezone.utc),
    )
    clock.advance(seconds=90)
    document_id = client.get_report(created.payload["reportId"]).payload["reportDocumentId"]
    with pytest.raises(SellingApiForbiddenException):
        client.get_report_document(document_id)
    path = f"/reports/2021-06-30/documents/{document_id}"
    answer = connect("seller-us", api=Tokens).create_restricted_data_token(
        restrictedResources=[{"method": "GET", "path": path}]
    )
    token = answer.payload["restrictedDataToken"]
    restricted = connect("seller-us", restricted_data_token=token)
    document = restricted.get_report_document(document_id, download=True, character_code="utf-8")
    assert document.payload["document"].startswith(b"amazon-order-id\t")


def test_what_a_seller_and_a_vendor_may_list(connect: Callable[..., Any]) -> None:
    participations = connect("seller-us", api=Sellers).get_marketplace_participation().payload
    assert [entry["marketplace"]["countryCode"] for entry in participations] == ["US", "CA", "MX"]
    transactions = connect("seller-us", api=FinancesV20240619).list_transactions(
        postedAfter="2026-11-10T00:00:00Z", marketplaceId="ATVPDKIKX0DER"
    )
    assert transactions.payload["transactions"]
    orders = connect("vendor-us", api=VendorOrders).get_purchase_orders(limit=1)
    assert len(orders.payload["orders"]) == 1
    with pytest.raises(SellingApiForbiddenException):
        connect("vendor-us-no-role", api=VendorOrders).get_purchase_orders(limit=1)


@pytest.mark.parametrize(
    ("label", "marketplace", "codec"),
    [
        ("seller-us", Marketplaces.US, "cp1252"),
        ("seller-de", Marketplaces.DE, "iso-8859-1"),
        ("seller-jp", Marketplaces.JP, "cp932"),
        ("seller-in", Marketplaces.IN, "utf-8"),
    ],
)
def test_flat_files_in_the_charset_that_they_say(
    sandbox: Sandbox, connect: Callable[..., Any], clock: Clock, label: str, marketplace: Any, codec: str
) -> None:
    client = connect(label, marketplace)
    span = (datetime(2026, 11, 1, tzinfo=timezone.utc), datetime(2026, 11, 10, tzinfo=timezone.utc))
    report_type = "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL"
    created = client.create_report(reportType=report_type, dataStartTime=span[0], dataEndTime=span[1])
    asked_at = clock.now
    clock.advance(seconds=90)
    document_id = client.get_report(created.payload["reportId"]).payload["reportDocumentId"]
    document = client.get_report_document(document_id, download=True).payload["document"]
    expected = sandbox.data.table(
        report_type,
        account=label,
        marketplace_id=marketplace.marketplace_id,
        options={},
        start=span[0],
        end=span[1],
        as_of=asked_at,
    )
    # It believes the charset; bytes that are not so, which Shift_JIS says of CP932, it gives back.
    assert isinstance(document, bytes) == (label == "seller-jp")
    text = document.decode(codec) if isinstance(document, bytes) else document
    assert text == b"".join(write(expected)).decode(codec)
