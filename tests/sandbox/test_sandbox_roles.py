"""The cheap calls that tell which roles an authorization has."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from amazon_sandbox import DEFAULT_ACCOUNTS
from amazon_sandbox.accounts import (
    AMAZON_FULFILLMENT,
    BRAND_ANALYTICS,
    FINANCE,
    INVENTORY_AND_ORDER_TRACKING,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver

PARTICIPATIONS = "/sellers/v1/marketplaceParticipations"
ORDERS = "/vendor/orders/v1/purchaseOrders"
TRANSACTIONS = "/finances/2024-06-19/transactions?postedAfter=2026-11-01"
LISTED = "/reports/2021-06-30/reports?reportTypes="
DENIED = {"code": "Unauthorized", "message": "Access to requested resource is denied.", "details": ""}
FORBIDDEN = {"code": "Unauthorized", "message": "Access to the resource is forbidden", "details": ""}

VENDOR, SELLER = DEFAULT_ACCOUNTS[0], next(account for account in DEFAULT_ACCOUNTS if account.kind == "seller")


def test_a_seller_has_marketplaces(amazon: Driver) -> None:
    answer = amazon.call("GET", PARTICIPATIONS, "seller-us")
    assert answer.status_code == 200
    payload = answer.json["payload"]  # type: ignore[index]
    assert [entry["marketplace"]["id"] for entry in payload] == list(SELLER.marketplaces)
    assert payload[0] == {
        "marketplace": {
            "id": "ATVPDKIKX0DER",
            "name": "Amazon.com",
            "countryCode": "US",
            "defaultCurrencyCode": "USD",
            "defaultLanguageCode": "en_US",
            "domainName": "www.amazon.com",
        },
        "storeName": "seller-us",
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
    }
    assert payload[2]["marketplace"]["defaultLanguageCode"] == "es_MX"


def test_the_country_of_the_united_kingdom_is_that_of_iso(make: Callable[..., Driver]) -> None:
    amazon = make(accounts=(replace(SELLER, region="eu", marketplaces=("A1F83G8C2ARO7P",)),))
    marketplace = amazon.call("GET", PARTICIPATIONS, "seller-us").json["payload"][0]["marketplace"]  # type: ignore[index]
    assert (marketplace["countryCode"], marketplace["domainName"]) == ("GB", "www.amazon.co.uk")


@pytest.mark.parametrize("path", [PARTICIPATIONS, TRANSACTIONS])
def test_a_vendor_has_no_calls_of_sellers(amazon: Driver, path: str) -> None:
    answer = amazon.call("GET", path)
    assert answer.status_code == 403
    assert answer.json == {"errors": [DENIED]}


def test_a_seller_has_no_purchase_orders(amazon: Driver) -> None:
    assert amazon.call("GET", ORDERS, "seller-us").json == {"errors": [DENIED]}


@pytest.mark.parametrize(
    ("roles", "status"),
    [((BRAND_ANALYTICS,), 403), ((AMAZON_FULFILLMENT,), 200), ((INVENTORY_AND_ORDER_TRACKING,), 200)],
)
def test_purchase_orders_need_one_of_two_roles(
    make: Callable[..., Driver], roles: tuple[str, ...], status: int
) -> None:
    answer = make(accounts=(replace(VENDOR, roles=roles),)).call("GET", f"{ORDERS}?limit=1")
    assert answer.status_code == status
    if status == 200:
        payload = answer.json["payload"]  # type: ignore[index]
        assert len(payload["orders"]) == 1
        assert payload["pagination"]["nextToken"]
        assert answer.headers["x-amzn-RateLimit-Limit"] == "10.0"


@pytest.mark.parametrize(
    "query",
    ["limit=101", "createdAfter=2026-11-12T11:00:00Z", "changedAfter=2026-01-01&changedBefore=2026-01-07"],
)
def test_purchase_orders_of_seven_days_and_six_months(make: Callable[..., Driver], query: str) -> None:
    amazon = make(accounts=(replace(VENDOR, roles=(AMAZON_FULFILLMENT,)),))
    assert amazon.call("GET", f"{ORDERS}?{query}").status_code == 400
    assert amazon.call("GET", f"{ORDERS}?changedAfter=2026-10-01&changedBefore=2026-10-07").status_code == 200


def test_transactions_need_the_role(make: Callable[..., Driver]) -> None:
    roles = tuple(role for role in SELLER.roles if role != FINANCE)
    assert make(accounts=(replace(SELLER, roles=roles),)).call("GET", TRANSACTIONS, "seller-us").json == {
        "errors": [DENIED]
    }


def test_listing_reports_needs_their_role(amazon: Driver) -> None:
    answer = amazon.call("GET", f"{LISTED}GET_VENDOR_SALES_REPORT", "vendor-us-no-role")
    assert answer.status_code == 403
    assert answer.json == {"errors": [FORBIDDEN]}


def test_listing_reports_of_the_other_kind_of_account_is_refused(amazon: Driver) -> None:
    answer = amazon.call("GET", f"{LISTED}GET_SALES_AND_TRAFFIC_REPORT")
    assert answer.status_code == 400
    assert "VendorGroupId" in answer.json["errors"][0]["message"]  # type: ignore[index]


def test_rights_of_the_vendor_group_are_another_matter(make: Callable[..., Driver]) -> None:
    """The application may ask, but the group has no such data: only the report itself tells."""
    amazon = make(accounts=(replace(VENDOR, denied_reports=("GET_VENDOR_SALES_REPORT",)),))
    assert amazon.call("GET", f"{LISTED}GET_VENDOR_SALES_REPORT").status_code == 200
    assert "Vendor Group Rights" in (amazon.reason() or "")


def test_a_vendor_group_may_not_be_enabled_at_all(make: Callable[..., Driver]) -> None:
    amazon = make(accounts=(replace(VENDOR, enabled=False),))
    for answer in (amazon.create(), amazon.call("GET", f"{LISTED}GET_VENDOR_SALES_REPORT")):
        assert answer.status_code == 403
        text = answer.json["errors"][0]["message"]  # type: ignore[index]
        assert re.fullmatch(r"Vendor Group amzn1\.vg\.\d+ is not authorized to access vendor reports", text)
