"""Sellers' reports in JSON: sales and traffic, account health, search performance."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from amazon_sandbox import Sandbox, encode

SCHEMAS = Path(__file__).parents[3] / "shared" / "spapi" / "schemas" / "reports"
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
PLACES = {"seller-us": "ATVPDKIKX0DER", "seller-de": "A1PA6795UKMFR9", "seller-jp": "A1VC38T7YXB528"}
WEEK = (date(2026, 11, 8), date(2026, 11, 14))

TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"
HEALTH = "GET_V2_SELLER_PERFORMANCE_REPORT"
CATALOG = "GET_BRAND_ANALYTICS_SEARCH_CATALOG_PERFORMANCE_REPORT"
QUERY = "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT"


def made(
    report_type: str, options: dict[str, str], span: Any = WEEK, label: str = "seller-us", as_of: datetime = NOW
) -> dict[str, Any]:
    """The document of a report."""
    start, end = span
    if "asin" in options:
        products = Sandbox().data.catalogue(label, PLACES[label]).products
        options = {**options, "asin": " ".join(product.asin for product in products[:18])}
    return Sandbox().data.document(
        report_type, account=label, marketplace_id=PLACES[label], options=options, start=start, end=end, as_of=as_of
    )


@pytest.mark.parametrize("label", PLACES)
@pytest.mark.parametrize(
    ("report_type", "options", "schema"),
    [
        (TRAFFIC, {}, "sellerSalesAndTrafficReport"),
        (TRAFFIC, {"dateGranularity": "WEEK", "asinGranularity": "CHILD"}, "sellerSalesAndTrafficReport"),
        (TRAFFIC, {"dateGranularity": "DAY", "asinGranularity": "SKU"}, "sellerSalesAndTrafficReport"),
        (HEALTH, {}, "accountHealthReport-2020-11-18"),
        (CATALOG, {"reportPeriod": "WEEK"}, "sellingPartnerSearchCatalogPerformanceReport"),
        (QUERY, {"reportPeriod": "WEEK", "asin": "…"}, "sellingPartnerSearchQueryPerformanceReport"),
    ],
)
@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="Amazon's schemas are not here")
def test_documents_fit_amazons_schemas(report_type: str, options: dict[str, str], schema: str, label: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    rules = json.loads((SCHEMAS / f"{schema}.json").read_bytes())
    span = (None, None) if report_type == HEALTH else WEEK
    document = json.loads(encode(made(report_type, options, span, label)))
    jsonschema.validate(document, rules)
    assert all(document.values())


def test_days_of_sales_and_traffic_are_complete_and_keyed() -> None:
    document = made(TRAFFIC, {"asinGranularity": "SKU"})
    assert [row["date"] for row in document["salesAndTrafficByDate"]] == [f"2026-11-{day:02}" for day in range(8, 15)]
    keys = [(row["parentAsin"], row["childAsin"], row["sku"]) for row in document["salesAndTrafficByAsin"]]
    assert len(keys) == len(set(keys)) > 20
    days = sum(row["salesByDate"]["unitsOrdered"] for row in document["salesAndTrafficByDate"])
    assert days == sum(row["salesByAsin"]["unitsOrdered"] for row in document["salesAndTrafficByAsin"])


@pytest.mark.parametrize(("granularity", "columns"), [("PARENT", 1), ("CHILD", 2), ("SKU", 3)])
def test_granularity_decides_what_names_a_row(granularity: str, columns: int) -> None:
    rows = made(TRAFFIC, {"asinGranularity": granularity})["salesAndTrafficByAsin"]
    assert {len(row) for row in rows} == {columns + 2}


def test_traffic_is_known_later_than_sales() -> None:
    yesterday = (date(2026, 11, 19), date(2026, 11, 19))
    young = made(TRAFFIC, {}, yesterday)["salesAndTrafficByDate"][0]
    old = made(TRAFFIC, {}, yesterday, as_of=NOW + timedelta(days=3))["salesAndTrafficByDate"][0]
    assert young["salesByDate"]["unitsOrdered"] == old["salesByDate"]["unitsOrdered"] > 0
    assert (young["trafficByDate"]["sessions"], old["trafficByDate"]["sessions"] > 0) == (0, True)


def test_today_has_no_sales_and_traffic() -> None:
    document = made(TRAFFIC, {}, (date(2026, 11, 20), date(2026, 11, 20)))
    assert (document["salesAndTrafficByDate"], document["salesAndTrafficByAsin"]) == ([], [])


def test_search_reports_hold_only_the_asins_asked_for() -> None:
    asins = [product.asin for product in Sandbox().data.catalogue("seller-us", PLACES["seller-us"]).products[3:5]]
    rows = made(CATALOG, {"reportPeriod": "WEEK", "asins": " ".join(asins)})["dataByAsin"]
    assert [row["asin"] for row in rows] == asins
    assert len(made(CATALOG, {"reportPeriod": "WEEK"})["dataByAsin"]) == 40


def test_search_queries_are_keyed_by_their_text() -> None:
    rows = made(QUERY, {"reportPeriod": "WEEK", "asin": "…"})["dataByAsin"]
    keys = {(row["startDate"], row["asin"], row["searchQueryData"]["searchQuery"]) for row in rows}
    assert len(keys) == len(rows) == 90


def test_account_health_is_that_of_the_marketplace_and_changes_by_day() -> None:
    today = made(HEALTH, {}, (None, None))
    assert list(today) == ["accountStatuses", "performanceMetrics"]
    assert {row["marketplaceId"] for rows in today.values() for row in rows} == {"ATVPDKIKX0DER"}
    assert today != made(HEALTH, {}, (None, None), as_of=NOW + timedelta(days=1))
