"""The figures of the reports beside sales and traffic: they fit Amazon's schemas, awkward as they are."""

from __future__ import annotations

import json
import tracemalloc
import unicodedata
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox, documents, encode
from amazon_sandbox.data import REPORTS, TABLES
from amazon_sandbox.reports import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.conftest import Driver

SCHEMAS = Path(__file__).parents[3] / "shared" / "spapi" / "schemas" / "reports"
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
PLACES = {"vendor-us": "ATVPDKIKX0DER", "vendor-de": "A1PA6795UKMFR9", "vendor-jp": "A1VC38T7YXB528"}

INVENTORY = "GET_VENDOR_INVENTORY_REPORT"
MARGIN = "GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT"
FORECAST = "GET_VENDOR_FORECASTING_REPORT"
RT_SALES = "GET_VENDOR_REAL_TIME_SALES_REPORT"
RT_TRAFFIC = "GET_VENDOR_REAL_TIME_TRAFFIC_REPORT"
RT_INVENTORY = "GET_VENDOR_REAL_TIME_INVENTORY_REPORT"
BASKET = "GET_BRAND_ANALYTICS_MARKET_BASKET_REPORT"
REPEAT = "GET_BRAND_ANALYTICS_REPEAT_PURCHASE_REPORT"
TERMS = "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT"
PROMOTIONS = "GET_PROMOTION_PERFORMANCE_REPORT"
COUPONS = "GET_COUPON_PERFORMANCE_REPORT"

WEEKS = (date(2026, 11, 1), date(2026, 11, 14))
HOURS = (datetime(2026, 11, 18, tzinfo=timezone.utc), datetime(2026, 11, 20, tzinfo=timezone.utc))
ALL_STOCK = {"distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"}
YEAR = ("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z")

# Report type, its options, its range, Amazon's schema of it, and the key of its rows.
CASES: tuple[tuple[str, dict[str, str], Any, str, tuple[str, ...]], ...] = (
    *(
        (
            INVENTORY,
            {"reportPeriod": period, "distributorView": view, "sellingProgram": program},
            WEEKS,
            "vendorInventoryReport",
            ("startDate", "endDate", "asin"),
        )
        for period in ("DAY", "WEEK")
        for view in ("MANUFACTURING", "SOURCING")
        for program in ("RETAIL", "FRESH")
    ),
    *(
        (MARGIN, {"reportPeriod": period}, WEEKS, "vendorNetPureProductMarginReport", ("startDate", "endDate", "asin"))
        for period in ("DAY", "WEEK")
    ),
    *(
        (
            FORECAST,
            {"sellingProgram": program},
            (None, None),
            "vendorForecastingReport",
            ("forecastGenerationDate", "asin", "startDate", "endDate"),
        )
        for program in ("RETAIL", "FRESH")
    ),
    (RT_SALES, {}, HOURS, "vendorRealTimeSalesReport", ("startTime", "endTime", "asin")),
    (RT_TRAFFIC, {}, HOURS, "vendorRealTimeTrafficReport", ("startTime", "endTime", "asin")),
    (RT_INVENTORY, {}, HOURS, "vendorRealTimeInventoryReport", ("startTime", "endTime", "asin")),
    *(
        (
            BASKET,
            {"reportPeriod": period},
            WEEKS,
            "sellingPartnerMarketBasketAnalysisReport",
            ("startDate", "endDate", "asin", "purchasedWithAsin"),
        )
        for period in ("DAY", "WEEK")
    ),
    (REPEAT, {"reportPeriod": "WEEK"}, WEEKS, "sellingPartnerRepeatPurchaseReport", ("startDate", "endDate", "asin")),
    (
        TERMS,
        {"reportPeriod": "WEEK"},
        (date(2026, 11, 8), date(2026, 11, 14)),
        "sellingPartnerSearchTermsReport",
        ("departmentName", "searchTerm", "clickShareRank"),
    ),
    (
        PROMOTIONS,
        dict(zip(("promotionStartDateFrom", "promotionStartDateTo"), YEAR, strict=True)),
        (None, None),
        "promotionReport",
        ("promotionId",),
    ),
    (
        COUPONS,
        dict(zip(("campaignStartDateFrom", "campaignStartDateTo"), YEAR, strict=True)),
        (None, None),
        "vendorCouponReport",
        ("campaignId",),
    ),
)
BY_TYPE = {case[0]: case for case in reversed(CASES)}
IDS = ["-".join((case[0].removeprefix("GET_"), *case[1].values())) for case in CASES]
each_case = pytest.mark.parametrize("case", CASES, ids=IDS)


def made(case: Any, sandbox: Sandbox | None = None, label: str = "vendor-us", **change: Any) -> dict[str, Any]:
    """The document of a case."""
    report_type, options, (start, end), _, _ = case
    request = {"options": options, "start": start, "end": end, "as_of": NOW, **change}
    data = (sandbox or Sandbox(asins=60)).data
    return data.document(report_type, account=label, marketplace_id=PLACES[label], **request)


def rows(case: Any, sandbox: Sandbox | None = None, label: str = "vendor-us", **change: Any) -> list[dict[str, Any]]:
    """The most detailed array of the document of a case."""
    found: list[dict[str, Any]] = list(made(case, sandbox, label, **change).values())[-1]
    return found


def numbers(value: Any) -> Iterator[Any]:
    """All numbers in something."""
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, list):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        yield value


def test_every_report_with_rules_has_figures() -> None:
    assert RULES.keys() == REPORTS.keys() | TABLES.keys()


@pytest.mark.sampled(2)
@each_case
@pytest.mark.parametrize("label", PLACES)
@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="Amazon's schemas are not here")
def test_documents_fit_amazons_schemas(case: Any, label: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((SCHEMAS / f"{case[3]}.json").read_text(encoding="utf-8"))
    sent = json.loads(encode(made(case, label=label)))
    if case[0] == INVENTORY and case[1]["reportPeriod"] == "DAY":
        # The one place where Amazon is known to break its schema (docs/amazon/vendor-reports.md#retail-analytics).
        for row in (*sent["inventoryAggregate"], *sent["inventoryByAsin"]):
            for field in ("unhealthyInventoryCost", "unhealthyInventoryUnits"):
                assert row.pop(field, None) is None
    jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(sent)
    assert set(sent["reportSpecification"]) <= set(schema["properties"]["reportSpecification"]["properties"])
    closed(schema, {"properties": {**schema["properties"], "reportSpecification": {}}}, sent)


def closed(schema: Any, part: Any, value: Any) -> None:
    """Check that no field is there that the schema does not know."""
    if "$ref" in part:
        part = schema["definitions"][part["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        assert "items" in part
        for item in value:
            closed(schema, part["items"], item)
    elif isinstance(value, dict) and "properties" in part:
        # In Amazon's own example, though not in the list of fields.
        assert set(value) - {"couponVendorCode"} <= set(part["properties"])
        for name in set(value) & set(part["properties"]):
            closed(schema, part["properties"][name], value[name])


@pytest.mark.sampled(2)
@each_case
def test_same_seed_same_figures_in_any_order_and_another_seed_other_ones(case: Any) -> None:
    sandbox = Sandbox(asins=60)
    for other in BY_TYPE.values():
        made(other, sandbox)
    assert made(case, sandbox) == made(case)
    assert made(case, Sandbox(asins=60, seed=2)) != made(case)


@pytest.mark.sampled(2)
@each_case
def test_keys_are_unique(case: Any) -> None:
    found = Counter(tuple(row[name] for name in case[4]) for row in rows(case, Sandbox(asins=200, search_terms=3000)))
    assert max(found.values()) == 1


@pytest.mark.sampled(2)
@each_case
def test_numbers_are_exact_and_read_back_as_they_were(case: Any) -> None:
    document = made(case)
    assert json.loads(encode(document), parse_float=Decimal) == document
    assert all(type(number) in {int, Decimal} for number in numbers(document))


@pytest.mark.sampled(2)
@each_case
@pytest.mark.parametrize("asins", [1, 2])
def test_a_tiny_catalogue_will_do(case: Any, asins: int) -> None:
    document = made(case, Sandbox(asins=asins, search_terms=1))
    assert document["reportSpecification"]["reportType"] == case[0]


@pytest.mark.sampled(2)
@each_case
def test_nothing_before_the_first_day(case: Any) -> None:
    account = replace(DEFAULT_ACCOUNTS[0], first_day=date(2030, 1, 1))
    sandbox = Sandbox(asins=10, accounts=(account,))
    document = made(case, sandbox)
    assert not any(part for name, part in document.items() if name != "reportSpecification")
    report_type, options, (start, end), _, _ = case
    where = {"account": account, "marketplace_id": PLACES["vendor-us"], "options": options, "as_of": NOW}
    assert not sandbox.data.has_rows(report_type, start=start, end=end, **where)


def test_yen_are_whole() -> None:
    for report_type in (RT_SALES, PROMOTIONS, REPEAT):
        text = encode(made(BY_TYPE[report_type], label="vendor-jp")).decode()
        assert "JPY" in text
    assert all(type(row["orderedRevenue"]) is int for row in rows(BY_TYPE[RT_SALES], label="vendor-jp"))
    assert rows(BY_TYPE[REPEAT], label="vendor-de")[0]["repeatPurchaseRevenue"]["currencyCode"] == "EUR"


@pytest.mark.parametrize("report_type", [INVENTORY, RT_SALES, RT_TRAFFIC, RT_INVENTORY, BASKET, PROMOTIONS])
def test_asins_that_are_isbns_are_there(report_type: str) -> None:
    assert '"0071234567"' in encode(made(BY_TYPE[report_type], Sandbox(asins=12))).decode()


class TestRestatement:
    @pytest.mark.parametrize(
        ("report_type", "field"),
        [(INVENTORY, "netReceivedInventoryUnits"), (BASKET, "combinationPct"), (MARGIN, "netPureProductMargin")],
    )
    def test_a_young_day_changes_and_an_old_day_is_final(self, report_type: str, field: str) -> None:
        day = date(2026, 11, 1)
        case = (report_type, {"reportPeriod": "DAY", **ALL_STOCK}, (day, day), "", ())
        self.check(case, [day + timedelta(days=age) for age in (3, 5, 7, 10, 14, 60)], field)

    @pytest.mark.parametrize(("report_type", "field"), [(REPEAT, "orders"), (TERMS, "clickShare")])
    def test_so_does_a_young_week(self, report_type: str, field: str) -> None:
        case = (report_type, {"reportPeriod": "WEEK"}, (date(2026, 10, 25), date(2026, 10, 31)), "", ())
        self.check(case, [date(2026, 10, 31) + timedelta(days=age) for age in (3, 5, 7, 10, 14, 60)], field)

    @pytest.mark.parametrize(
        ("report_type", "field"),
        [(RT_SALES, "orderedUnits"), (RT_TRAFFIC, "glanceViews"), (RT_INVENTORY, "highlyAvailableInventory")],
    )
    def test_an_hour_changes_for_a_day(self, report_type: str, field: str) -> None:
        start = datetime(2026, 11, 18, 4, tzinfo=timezone.utc)
        end = start + timedelta(hours=1)
        case: Any = (report_type, {}, (start, end), "", ())
        self.check(case, [end + timedelta(hours=age) for age in (2, 3, 6, 12, 24, 240)], field)

    @staticmethod
    def check(case: Any, moments: list[Any], field: str) -> None:
        versions = [rows(case, Sandbox(asins=400), as_of=moment) for moment in moments]
        sums = [sum(row[field] for row in version) for version in versions]
        young, old = sums[0], sums[-1]
        assert young != old
        assert len(set(sums)) >= 4
        assert sums == sorted(sums, reverse=young > old)
        assert versions[-1] == versions[-2]
        # The same rows at every age.
        fields = {"asin", "purchasedWithAsin", "searchTerm", "departmentName", "clickShareRank"}
        keys = [[{name: row[name] for name in fields & row.keys()} for row in version] for version in versions]
        assert all(key == keys[0] for key in keys)

    def test_a_forecast_is_made_each_sunday(self) -> None:
        case = BY_TYPE[FORECAST]
        friday, saturday, sunday = (rows(case, as_of=date(2026, 11, day)) for day in (20, 21, 22))
        assert friday == saturday
        assert {row["forecastGenerationDate"] for row in saturday} == {"2026-11-15"}
        assert {row["forecastGenerationDate"] for row in sunday} == {"2026-11-22"}
        weeks = {(row["asin"], row["startDate"]): row["meanForecastUnits"] for row in friday}
        again = {(row["asin"], row["startDate"]): row["meanForecastUnits"] for row in sunday}
        assert any(weeks[key] != again[key] for key in weeks.keys() & again.keys())

    @pytest.mark.parametrize("report_type", [PROMOTIONS, COUPONS])
    def test_campaigns_grow_until_they_end(self, report_type: str) -> None:
        name, figure = {
            PROMOTIONS: ("promotionId", "unitsSold"),
            COUPONS: ("campaignId", "totalClips"),
        }[report_type]
        days = [date(2026, 10, 1) + timedelta(days=number) for number in range(60)]
        seen: dict[str, list[int]] = {}
        ends: dict[str, str] = {}
        for day in days:
            for row in rows(BY_TYPE[report_type], as_of=day):
                seen.setdefault(row[name], []).append(row[figure])
                parts = [row] if report_type == PROMOTIONS else row["coupons"]
                ends[row[name]] = max((part["endDateTime"] for part in parts), default="")
        assert all(figures == sorted(figures) for figures in seen.values())
        grown = [figures for figures in seen.values() if figures[0] == 0 < figures[-1]]
        assert any(len(set(figures)) > 3 for figures in grown)
        over = [seen[key] for key, end in ends.items() if end and end < "2026-10-01"]
        assert over
        assert all(len(set(figures)) == 1 for figures in over)

    def test_a_promotion_changes_its_status(self) -> None:
        seen: dict[str, set[str]] = {}
        for day in range(1, 31):
            for row in rows(BY_TYPE[PROMOTIONS], as_of=date(2026, 11, day)):
                seen.setdefault(row["promotionId"], set()).add(row["status"])
        assert {"PENDING_APPROVAL", "APPROVED"} in seen.values()
        assert {status for statuses in seen.values() for status in statuses} == {
            "APPROVED",
            "PENDING_APPROVAL",
            "NEEDS_YOUR_ATTENTION",
            "CANCELED",
        }


class TestInventory:
    def test_stock_is_that_of_the_last_day_and_what_flows_is_added_up(self) -> None:
        days = rows((INVENTORY, {"reportPeriod": "DAY", **ALL_STOCK}, WEEKS, "", ()))
        weeks = rows((INVENTORY, {"reportPeriod": "WEEK", **ALL_STOCK}, WEEKS, "", ()))
        for week in weeks:
            daily = [
                day
                for day in days
                if day["asin"] == week["asin"] and week["startDate"] <= day["startDate"] <= week["endDate"]
            ]
            last = daily[-1]
            assert last["endDate"] == week["endDate"]
            assert week["sellableOnHandInventoryUnits"] == last["sellableOnHandInventoryUnits"]
            assert week["openPurchaseOrderUnits"] == last["openPurchaseOrderUnits"]
            assert week["netReceivedInventoryUnits"] == sum(day["netReceivedInventoryUnits"] for day in daily)

    def test_aggregate_is_the_sum_of_its_asins(self) -> None:
        document = made((INVENTORY, {"reportPeriod": "WEEK", **ALL_STOCK}, WEEKS, "", ()))
        for whole in document["inventoryAggregate"]:
            parts = [row for row in document["inventoryByAsin"] if row["startDate"] == whole["startDate"]]
            for field in ("netReceivedInventoryCost", "sellableOnHandInventoryCost", "unhealthyInventoryCost"):
                assert whole[field]["amount"] == sum(row[field]["amount"] for row in parts)

    def test_rates_of_the_whole_are_not_told_of_asins(self) -> None:
        document = made(BY_TYPE[INVENTORY])
        rates = {"procurableProductOutOfStockRate", "uft", "receiveFillRate"}
        assert all(rates <= set(row) for row in document["inventoryAggregate"])
        assert not any(rates & set(row) for row in document["inventoryByAsin"])

    @pytest.mark.parametrize(
        "field",
        [
            "netReceivedInventoryUnits",
            "openPurchaseOrderUnits",
            "sellableOnHandInventoryUnits",
            "aged90PlusDaysSellableInventoryUnits",
            "sellThroughRate",
        ],
    )
    def test_negative_counts(self, field: str) -> None:
        assert any(row.get(field, 0) < 0 for row in rows(BY_TYPE[INVENTORY]))

    @pytest.mark.parametrize("field", ["vendorConfirmationRate", "averageVendorLeadTimeDays", "sellThroughRate"])
    def test_optional_fields_are_left_out_now_and_then(self, field: str) -> None:
        assert {field in row for row in rows(BY_TYPE[INVENTORY])} == {True, False}

    def test_unhealthy_stock_of_a_day_is_null_or_missing(self) -> None:
        days = rows((INVENTORY, {"reportPeriod": "DAY", **ALL_STOCK}, WEEKS, "", ()))
        assert {row.get("unhealthyInventoryUnits", "missing") for row in days} == {None, "missing"}
        weeks = rows((INVENTORY, {"reportPeriod": "WEEK", **ALL_STOCK}, WEEKS, "", ()))
        assert all(row["unhealthyInventoryUnits"] >= 0 for row in weeks)

    def test_numbers_that_need_more_than_32_bits_and_many_decimals(self) -> None:
        found = rows(BY_TYPE[INVENTORY])
        assert max(row["sellableOnHandInventoryUnits"] for row in found) > 2**31
        exponents = {row["sellThroughRate"].as_tuple().exponent for row in found if "sellThroughRate" in row}
        assert exponents == {-16}


def test_margins_are_fractions_and_some_are_negative() -> None:
    margins = [row["netPureProductMargin"] for row in rows(BY_TYPE[MARGIN])]
    assert min(margins) < 0 < max(margins) < 1


def test_a_forecast_has_26_weeks_of_each_asin_and_rising_percentiles() -> None:
    found = rows(BY_TYPE[FORECAST])
    assert set(Counter(row["asin"] for row in found).values()) == {26}
    assert found[0]["startDate"] == found[0]["forecastGenerationDate"] == "2026-11-15"
    assert found[25]["endDate"] == "2027-05-15"
    for row in found:
        ordered = [row[f"{name}ForecastUnits"] for name in ("mean", "p70", "p80", "p90")]
        assert ordered == sorted(ordered)
    assert any(row["meanForecastUnits"] == 0 for row in found)


class TestRealTime:
    def test_cancellations_make_negative_hours(self) -> None:
        found = rows(BY_TYPE[RT_SALES])
        negative = [row for row in found if row["orderedUnits"] < 0]
        assert negative
        assert all(row["orderedRevenue"] < 0 for row in negative)
        assert any(row["orderedUnits"] == 0 for row in found)
        assert all(row["orderedRevenue"].as_tuple().exponent == -2 for row in found)

    def test_inventory_is_sparse_and_may_be_large(self) -> None:
        found = rows(BY_TYPE[RT_INVENTORY])
        assert 0 < len(found) < 0.4 * 60 * 48
        assert max(row["highlyAvailableInventory"] for row in found) > 2**32
        assert min(row["highlyAvailableInventory"] for row in found) == 0

    def test_hours_are_full_and_in_utc_and_those_of_every_range(self) -> None:
        case = BY_TYPE[RT_TRAFFIC]
        tokyo = timezone(timedelta(hours=9))
        start = datetime(2026, 11, 18, 9, 30, tzinfo=tokyo)
        some = rows(case, start=start, end=start + timedelta(hours=2, minutes=45))
        assert {(row["startTime"], row["endTime"]) for row in some} == {
            ("2026-11-18T01:00:00Z", "2026-11-18T02:00:00Z"),
            ("2026-11-18T02:00:00Z", "2026-11-18T03:00:00Z"),
        }
        assert all(row in rows(case) for row in some)

    def test_a_bare_day_is_its_midnight(self) -> None:
        case = BY_TYPE[RT_SALES]
        assert rows(case, as_of=date(2026, 11, 20)) == rows(case, as_of=datetime(2026, 11, 20, tzinfo=timezone.utc))


class TestBrandAnalytics:
    def test_ranks_count_up_and_shares_go_down(self) -> None:
        last: dict[str, Any] = {}
        for row in rows(BY_TYPE[BASKET]):
            if row["purchasedWithRank"] > 1:
                assert row["asin"] == last["asin"]
                assert row["purchasedWithRank"] == last["purchasedWithRank"] + 1
                assert row["combinationPct"] <= last["combinationPct"]
            assert row["purchasedWithAsin"] != row["asin"]
            last = row

    def test_repeat_customers_from_none_to_all(self) -> None:
        found = {row["repeatCustomersPctTotal"] for row in rows(BY_TYPE[REPEAT], Sandbox(asins=200))}
        assert {Decimal(0), Decimal(1)} < found

    def test_number_of_terms(self) -> None:
        found = rows(BY_TYPE[TERMS], Sandbox(search_terms=1000))
        terms = {(row["departmentName"], row["searchTerm"]) for row in found}
        assert len(terms) == 1000
        assert 2800 < len(found) <= 3000
        by_department: dict[str, set[int]] = {}
        for row in found:
            by_department.setdefault(row["departmentName"], set()).add(row["searchFrequencyRank"])
        assert len(by_department) == 4
        assert all(ranks == set(range(1, len(ranks) + 1)) for ranks in by_department.values())

    def test_terms_as_customers_type_them(self) -> None:
        terms = {row["searchTerm"] for row in rows(BY_TYPE[TERMS])}
        text = "".join(terms)
        assert {"0071234567", "null", "café", unicodedata.normalize("NFD", "café")} <= terms
        assert any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in text)
        assert {"🎁", "水", "\t", '"', "\\", "\u200d"} <= set(text)
        assert max(map(len, terms)) > 255

    def test_departments_in_the_language_of_the_store(self) -> None:
        assert "ビューティー" in {row["departmentName"] for row in rows(BY_TYPE[TERMS], label="vendor-jp")}

    def test_periods_rank_the_terms_anew(self) -> None:
        first = rows(BY_TYPE[TERMS])
        other = rows(BY_TYPE[TERMS], start=date(2026, 11, 1), end=date(2026, 11, 7))
        assert first[0]["searchTerm"] != other[0]["searchTerm"]


class TestCampaigns:
    def test_sums_of_promotions(self) -> None:
        for promotion in rows(BY_TYPE[PROMOTIONS]):
            products = promotion["includedProducts"]
            assert promotion["unitsSold"] == sum(row["productUnitsSold"] for row in products)
            assert promotion["revenue"] == sum(row["productRevenue"] for row in products)
            assert promotion.get("amountSpent", 0) == sum(row.get("productAmountSpent", 0) for row in products)

    def test_sums_of_coupons(self) -> None:
        for campaign in rows(BY_TYPE[COUPONS]):
            coupons = campaign["coupons"]
            assert campaign["totalClips"] == sum(row["clips"] for row in coupons)
            assert campaign["totalRedemptions"] == sum(row["redemptions"] for row in coupons)
            if campaign["budgetType"] == "SHARED_BUDGET":
                assert campaign["totalBudgetSpent"] == sum(row["budgetSpent"] for row in coupons)
                assert campaign["totalBudgetRemaining"] == campaign["totalBudget"] - campaign["totalBudgetSpent"]
                assert not any("budget" in row for row in coupons)
            else:
                assert "totalBudget" not in campaign
                assert all(row["budgetRemaining"] == row["budget"] - row["budgetSpent"] for row in coupons)

    @pytest.mark.parametrize(
        ("report_type", "array", "fields", "part_fields"),
        [
            (
                PROMOTIONS,
                "includedProducts",
                {"vendorCode", "fundingAgreementId", "glanceViews", "amountSpent"},
                {"productGlanceViews", "productAmountSpent"},
            ),
            (COUPONS, "coupons", {"currencyCode", "totalBudget"}, {"name", "websiteMessage", "budget"}),
        ],
    )
    def test_optional_fields_and_empty_arrays(
        self, report_type: str, array: str, fields: set[str], part_fields: set[str]
    ) -> None:
        found = rows(BY_TYPE[report_type])
        for field in fields:
            assert {field in row for row in found} == {True, False}, field
        parts = [part for row in found for part in row[array]]
        for field in part_fields:
            assert {field in part for part in parts} == {True, False}, field
        assert any(row[array] == [] for row in found)
        assert {len(row[array]) for row in found} > {1, 2}

    def test_coupons_without_asins(self) -> None:
        coupons = [coupon for campaign in rows(BY_TYPE[COUPONS]) for coupon in campaign["coupons"]]
        assert {len(coupon["asins"]) for coupon in coupons} == {0, 1}
        assert len({coupon["couponId"] for coupon in coupons}) == len(coupons)

    def test_titles_of_all_kinds(self) -> None:
        promotions = rows(BY_TYPE[PROMOTIONS])
        text = "".join(part["productName"] for row in promotions for part in row["includedProducts"])
        assert {"🎁", "ス", "\u0301", "é", "ك", "\u05e1", "\n", "\t", '"', "\\"} <= set(text)

    def test_numbers_with_leading_zeros(self) -> None:
        assert any(row["promotionId"].startswith("0") for row in rows(BY_TYPE[PROMOTIONS]))

    @pytest.mark.parametrize("report_type", [PROMOTIONS, COUPONS])
    def test_a_narrow_range_selects_some_of_the_wide_one(self, report_type: str) -> None:
        case = BY_TYPE[report_type]
        names = sorted(case[1])
        october = dict(zip(names, ("2026-10-01T00:00:00Z", "2026-10-31T23:59:59Z"), strict=True))
        some, every = rows(case, options=october), rows(case)
        assert 0 < len(some) < len(every)
        assert all(row in every for row in some)


class TestLargeDocuments:
    @pytest.fixture
    def small_memory(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Files from the first megabyte on, and all allocations counted."""
        monkeypatch.setattr(documents, "IN_MEMORY", 1_000_000)
        tracemalloc.start()
        yield
        tracemalloc.stop()

    @pytest.mark.usefixtures("small_memory")
    def test_search_terms_need_no_memory(self, make: Callable[..., Driver]) -> None:
        amazon = make(search_terms=30_000)
        body = {"reportType": TERMS, "reportOptions": {"reportPeriod": "DAY"}, "dataStartTime": "2026-11-16"}
        report = amazon.finished(**body)
        job = amazon.sandbox.jobs.with_document(report["reportDocumentId"], amazon.clock.now)
        assert job is not None
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        content = amazon.sandbox.documents.content(job)
        size = sum(len(chunk) for chunk in documents.spoil("plain_labelled_gzip", content).chunks())
        _, peak = tracemalloc.get_traced_memory()
        assert size > 15_000_000
        assert peak - before < 6_000_000

    @pytest.mark.usefixtures("small_memory")
    def test_a_document_in_a_file_is_served_in_parts_too(self, make: Callable[..., Driver]) -> None:
        amazon = make(search_terms=20_000)
        body = {"reportType": TERMS, "reportOptions": {"reportPeriod": "DAY"}, "dataStartTime": "2026-11-16"}
        link = amazon.link(amazon.finished(**body))
        whole = amazon.download(link)
        assert whole.content_length == len(whole.data) > 1_000_000
        part = amazon.download(link, {"Range": "bytes=999990-1000010"})
        assert part.status_code == 206
        assert part.data == whole.data[999_990:1_000_011]
