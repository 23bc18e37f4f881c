"""The figures: seeded, restated, exact, and consistent with themselves."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox, encode

SALES, TRAFFIC = "GET_VENDOR_SALES_REPORT", "GET_VENDOR_TRAFFIC_REPORT"
SCHEMAS = Path(__file__).parents[3] / "shared" / "spapi" / "schemas" / "reports"
AS_OF = date(2026, 11, 20)
US = "ATVPDKIKX0DER"
SHIPPED = ("shippedCogs", "shippedRevenue", "shippedUnits")


def sales(sandbox: Sandbox | None = None, **change: Any) -> dict[str, Any]:
    """A sales document; keywords are options or parts of the request."""
    request: dict[str, Any] = {
        "account": "vendor-us",
        "marketplace_id": US,
        "start": date(2026, 10, 4),
        "end": date(2026, 10, 10),
        "as_of": AS_OF,
    }
    options = {"reportPeriod": "DAY", "distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"}
    options.update({name: change.pop(name) for name in list(change) if name in options})
    request.update(change)
    return (sandbox or Sandbox()).data.document(SALES, options=options, **request)


def traffic(**change: Any) -> dict[str, Any]:
    """A traffic document."""
    request: dict[str, Any] = {
        "options": {"reportPeriod": change.pop("reportPeriod", "DAY")},
        "start": date(2026, 10, 4),
        "end": date(2026, 10, 10),
        "as_of": AS_OF,
        **change,
    }
    return Sandbox().data.document(TRAFFIC, account="vendor-us", marketplace_id=US, **request)


def total(rows: list[dict[str, Any]], field: str) -> Any:
    """The sum of a field over rows, of money its amount."""
    values = [row[field] for row in rows]
    return sum(value["amount"] if isinstance(value, dict) else value for value in values)


def by_key(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows by day and ASIN."""
    return {(row["startDate"], row["asin"]): row for row in rows}


def test_same_seed_same_world_and_another_seed_another_one() -> None:
    assert sales() == sales()
    assert sales(Sandbox(seed=2)) != sales()


def test_order_of_calls_changes_nothing() -> None:
    sandbox = Sandbox()
    sales(sandbox, start=date(2026, 1, 4), end=date(2026, 1, 10))
    traffic()
    assert sales(sandbox) == sales()


def test_a_day_is_the_same_in_every_range() -> None:
    day = "2026-10-07"
    wide = [row for row in sales()["salesByAsin"] if row["startDate"] == day]
    alone = sales(start=date(2026, 10, 7), end=date(2026, 10, 7))
    assert alone["salesByAsin"] == wide


def test_rows_are_unique_by_day_and_asin() -> None:
    rows = sales()["salesByAsin"]
    assert len(by_key(rows)) == len(rows)


def test_aggregates_are_the_sums_of_the_asins() -> None:
    document = sales()
    for aggregate in document["salesAggregate"]:
        rows = [row for row in document["salesByAsin"] if row["startDate"] == aggregate["startDate"]]
        for field in ("customerReturns", "orderedRevenue", "orderedUnits", *SHIPPED):
            assert total([aggregate], field) == total(rows, field), field
    document = traffic()
    assert total(document["trafficAggregate"], "glanceViews") == total(document["trafficByAsin"], "glanceViews")


@pytest.mark.parametrize(
    ("period", "start", "end", "count"),
    [
        ("WEEK", date(2026, 9, 27), date(2026, 10, 10), 2),
        ("MONTH", date(2026, 9, 1), date(2026, 10, 31), 2),
        ("QUARTER", date(2026, 4, 1), date(2026, 9, 30), 2),
        ("YEAR", date(2025, 1, 1), date(2025, 12, 31), 1),
    ],
)
def test_longer_periods_are_the_sums_of_their_days(period: str, start: date, end: date, count: int) -> None:
    days = sales(start=start, end=end)
    long = sales(reportPeriod=period, start=start, end=end)
    assert len(long["salesAggregate"]) == count
    assert long["salesAggregate"][0]["startDate"] == start.isoformat()
    assert long["salesAggregate"][-1]["endDate"] == end.isoformat()
    for asin in {row["asin"] for row in days["salesByAsin"]}:
        daily = [row for row in days["salesByAsin"] if row["asin"] == asin]
        summed = [row for row in long["salesByAsin"] if row["asin"] == asin]
        for field in ("customerReturns", "orderedRevenue", *SHIPPED):
            assert total(daily, field) == total(summed, field)


def test_a_young_day_is_restated_and_an_old_day_is_final() -> None:
    day = date(2026, 11, 1)
    versions = [sales(start=day, end=day, as_of=day + timedelta(days=age)) for age in (3, 5, 7, 10, 14, 60)]
    seen = [version["salesAggregate"][0] for version in versions]
    for field in ("orderedUnits", "shippedUnits", "customerReturns"):
        figures = [row[field] for row in seen]
        assert figures == sorted(figures)
        assert len(set(figures)) == 5
    assert seen[-1] == seen[-2]


def test_a_day_does_not_change_between_two_ages_of_the_list() -> None:
    day = date(2026, 11, 1)
    assert (
        sales(start=day, end=day, as_of=date(2026, 11, 6))["salesByAsin"]
        == sales(start=day, end=day, as_of=date(2026, 11, 7))["salesByAsin"]
    )


def test_restatement_adds_no_rows_and_takes_none_away() -> None:
    day = date(2026, 11, 1)
    young = by_key(sales(start=day, end=day, as_of=date(2026, 11, 4))["salesByAsin"])
    old = by_key(sales(start=day, end=day, as_of=date(2027, 1, 1))["salesByAsin"])
    assert young.keys() == old.keys()


def test_fields_of_each_view_and_program() -> None:
    keys = {"startDate", "endDate", "asin", *SHIPPED}
    ordered = {"orderedRevenue", "orderedUnits"}
    returned = {"customerReturns"}
    cases = {
        ("MANUFACTURING", "RETAIL"): keys | ordered | returned,
        ("MANUFACTURING", "BUSINESS"): keys | ordered | returned,
        ("MANUFACTURING", "FRESH"): keys | ordered,
        ("SOURCING", "RETAIL"): keys | returned,
        ("SOURCING", "FRESH"): keys,
    }
    for (view, program), fields in cases.items():
        document = sales(distributorView=view, sellingProgram=program)
        assert set(document["salesByAsin"][0]) == fields
        assert set(document["salesAggregate"][0]) == fields - {"asin"}


def test_retail_contains_business_and_fresh() -> None:
    retail, business, fresh = (
        by_key(sales(sellingProgram=program, start=date(2026, 11, 8), end=date(2026, 11, 14))["salesByAsin"])
        for program in ("RETAIL", "BUSINESS", "FRESH")
    )
    assert business
    assert fresh
    for key in business.keys() | fresh.keys():
        parts = [part[key] for part in (business, fresh) if key in part]
        assert retail[key]["orderedUnits"] >= total(parts, "orderedUnits")
        assert retail[key]["shippedUnits"] >= total(parts, "shippedUnits")


def test_sourcing_is_a_part_of_manufacturing() -> None:
    manufacturing = by_key(sales()["salesByAsin"])
    sourcing = by_key(sales(distributorView="SOURCING")["salesByAsin"])
    assert 0 < len(sourcing) < len(manufacturing)
    for key, row in sourcing.items():
        assert row["shippedUnits"] <= manufacturing[key]["shippedUnits"]


def test_some_asins_have_no_row_on_some_days() -> None:
    rows = sales()["salesByAsin"]
    assert 0.8 * 40 * 7 < len(rows) < 40 * 7


def test_saturday_sells_more_than_the_friday_before() -> None:
    days = {row["startDate"]: row["orderedUnits"] for row in sales(Sandbox(asins=200))["salesAggregate"]}
    assert days["2026-10-10"] > days["2026-10-09"]


def test_asins_and_isbns() -> None:
    products = Sandbox(asins=400).data.catalogue("vendor-us", US).products
    asins = [product.asin for product in products]
    assert len(set(asins)) == 400
    assert all(re.fullmatch(r"B0[0-9A-Z]{8}|00[0-9]{7}[0-9X]", asin) for asin in asins)
    assert "0071234567" in asins
    assert any(asin.endswith("X") and asin.startswith("00") for asin in asins)


def test_money_has_the_digits_of_its_currency() -> None:
    dollars = sales()["salesByAsin"][0]["orderedRevenue"]
    assert isinstance(dollars["amount"], Decimal)
    assert dollars["amount"].as_tuple().exponent == -2
    assert dollars["currencyCode"] == "USD"
    yen = sales(account="vendor-jp", marketplace_id="A1VC38T7YXB528")["salesByAsin"][0]["orderedRevenue"]
    assert type(yen["amount"]) is int
    assert yen["currencyCode"] == "JPY"


def test_written_json_keeps_the_digits_and_reads_back_exactly() -> None:
    document = sales()
    text = encode(document).decode()
    amounts = re.findall(r'"amount":(-?[0-9.]+)', text)
    assert all(re.fullmatch(r"-?[0-9]+\.[0-9]{2}", amount) for amount in amounts)
    assert any(amount.endswith("0") for amount in amounts)
    assert json.loads(text, parse_float=Decimal) == document


def test_nothing_before_the_first_day() -> None:
    account = DEFAULT_ACCOUNTS[0].__class__(**{**vars(DEFAULT_ACCOUNTS[0]), "first_day": date(2026, 10, 7)})
    sandbox = Sandbox(accounts=(account,))
    document = sales(sandbox)
    assert min(row["startDate"] for row in document["salesByAsin"]) == "2026-10-07"
    assert [row["startDate"] for row in document["salesAggregate"]] == [f"2026-10-{day:02}" for day in (7, 8, 9, 10)]
    assert sales(sandbox, end=date(2026, 10, 6))["salesByAsin"] == []


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), asins=st.integers(1, 12), day=st.dates(date(2022, 1, 1), date(2026, 11, 1)))
def test_sums_fit_in_every_world(seed: int, asins: int, day: date) -> None:
    sandbox = Sandbox(seed=seed, asins=asins)
    document = sales(sandbox, start=day, end=day + timedelta(days=2), as_of=day + timedelta(days=6))
    for field in ("customerReturns", "orderedRevenue", "orderedUnits", *SHIPPED):
        assert total(document["salesAggregate"], field) == total(document["salesByAsin"], field)


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="Amazon's schemas are not here")
@pytest.mark.parametrize("period", ["DAY", "WEEK"])
@pytest.mark.parametrize("view", ["MANUFACTURING", "SOURCING"])
@pytest.mark.parametrize("program", ["RETAIL", "BUSINESS", "FRESH"])
def test_sales_documents_fit_amazons_schema(period: str, view: str, program: str) -> None:
    validate("vendorSalesReport", sales(reportPeriod=period, distributorView=view, sellingProgram=program))


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="Amazon's schemas are not here")
@pytest.mark.parametrize("period", ["DAY", "WEEK"])
def test_traffic_documents_fit_amazons_schema(period: str) -> None:
    validate("vendorTrafficReport", traffic(reportPeriod=period))


def validate(name: str, document: dict[str, Any]) -> None:
    """Check a document, as it is sent, against Amazon's schema and its closed lists of fields."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    sent = json.loads(encode(document))
    jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(sent)
    for array, part in schema["properties"].items():
        if part.get("type") == "array":
            known = schema["definitions"][part["items"]["$ref"].rpartition("/")[2]]["properties"]
            assert sent[array]
            assert all(set(row) <= set(known) for row in sent[array])
