"""Data Kiosk: the life of a query, what is refused, pages, documents, and figures that agree with the reports."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from graphql import build_schema

from amazon_sandbox import graphql_queries
from amazon_sandbox.accounts import SELLING_PARTNER_INSIGHTS, without
from amazon_sandbox.graphql_queries import DATASETS, schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver
    from werkzeug.test import TestResponse

Row = dict[str, Any]

BASE = "/dataKiosk/2023-11-15"
# Beside the repository, or beside the folder of its working copies.
SHARED = next((path / "shared" for path in Path(__file__).parents[3:5] if (path / "shared").is_dir()), Path("shared"))
SCHEMAS = SHARED / "spapi" / "schemas" / "data-kiosk"
VENDOR, TRAFFIC, ECONOMICS = DATASETS
DAY = 'startDate: "2026-11-10", endDate: "2026-11-10", aggregateBy: DAY'
ORDERED = "metrics { groupByKey { asin } metrics { orders { orderedUnitsWithRevenue { units } } } }"
WEEK = ("WEEK", "2026-10-25", "2026-10-31")
US = 'marketplaceIds: ["ATVPDKIKX0DER"]'


def text(view: str, arguments: str, fields: str, dataset: str = VENDOR) -> str:
    return f"query {{ {dataset} {{ {view}({arguments}) {{ {fields} }} }} }}"


SIMPLE = text("manufacturingView", DAY, "startDate, endDate " + ORDERED)


def create(amazon: Driver, query: str, label: str = "vendor-us", **more: str) -> TestResponse:
    return amazon.call("POST", f"{BASE}/queries", label, json={"query": query, **more})


def asked(amazon: Driver, query: str, label: str = "vendor-us", **more: str) -> str:
    answer = create(amazon, query, label, **more)
    assert answer.status_code == 202, answer.text
    query_id: str = answer.json["queryId"]  # type: ignore[index]
    return query_id


def look(amazon: Driver, query_id: str, label: str = "vendor-us") -> Row:
    answer = amazon.call("GET", f"{BASE}/queries/{query_id}", label)
    assert answer.status_code == 200, answer.text
    found: Row = answer.json  # type: ignore[assignment]
    return found


def finished(amazon: Driver, query: str, label: str = "vendor-us", **more: str) -> Row:
    query_id = asked(amazon, query, label, **more)
    amazon.clock.advance(seconds=100)
    return look(amazon, query_id, label)


def download(amazon: Driver, document_id: str, label: str = "vendor-us") -> TestResponse:
    answer = amazon.call("GET", f"{BASE}/documents/{document_id}", label)
    assert answer.status_code == 200, answer.text
    url = urlsplit(answer.json["documentUrl"])  # type: ignore[index]
    return amazon.http.get(f"{url.path}?{url.query}")


def content(answer: TestResponse) -> str:
    zipped = answer.headers.get("Content-Encoding") == "gzip"
    return (gzip.decompress(answer.data) if zipped else answer.data).decode()


def rows(amazon: Driver, query: str, label: str = "vendor-us") -> list[Row]:
    found = finished(amazon, query, label)
    assert found["processingStatus"] == "DONE", found
    lines = content(download(amazon, found["dataDocumentId"], label)).splitlines()
    return [json.loads(line, parse_float=Decimal) for line in lines]


def reason(amazon: Driver, query: str, label: str = "vendor-us") -> str:
    found = finished(amazon, query, label)
    assert found["processingStatus"] == "FATAL", found
    (error,) = json.loads(content(download(amazon, found["errorDocumentId"], label)))
    message: str = error["message"]
    return message


def report(amazon: Driver, report_type: str, start: str, end: str, label: str = "vendor-us", **options: str) -> Row:
    place = {each.label: each for each in amazon.sandbox.accounts}[label].marketplaces[0]
    day = type(amazon.clock.now.date()).fromisoformat
    return amazon.sandbox.data.document(
        report_type,
        account=label,
        marketplace_id=place,
        options=options,
        start=day(start),
        end=day(end),
        as_of=amazon.clock.now,
    )


def money(value: Row | None) -> Decimal | None:
    return None if value is None else Decimal(value["amount"])


class TestLife:
    """What becomes of a query."""

    def test_it_waits_runs_and_is_done(self, amazon: Driver) -> None:
        query_id = asked(amazon, SIMPLE)
        seen = []
        for _ in range(120):
            found = look(amazon, query_id)
            seen.append(found["processingStatus"])
            assert ("processingStartTime" in found) == (seen[-1] != "IN_QUEUE")
            assert ("dataDocumentId" in found) == ("processingEndTime" in found) == (seen[-1] == "DONE")
            amazon.clock.advance(seconds=1)
        assert list(dict.fromkeys(seen)) == ["IN_QUEUE", "IN_PROGRESS", "DONE"]

    def test_one_runs_at_a_time_of_each_partner(self, amazon: Driver) -> None:
        first, second, third = (asked(amazon, SIMPLE) for _ in range(3))
        other = asked(amazon, SIMPLE, "vendor-de")
        amazon.clock.advance(seconds=6)
        assert [look(amazon, each)["processingStatus"] for each in (first, second)] == ["IN_PROGRESS", "IN_QUEUE"]
        assert look(amazon, other, "vendor-de")["processingStatus"] == "IN_PROGRESS"
        assert amazon.call("DELETE", f"{BASE}/queries/{first}").status_code == 204
        assert amazon.call("DELETE", f"{BASE}/queries/{first}").status_code == 204
        assert [look(amazon, each)["processingStatus"] for each in (first, second, third)] == [
            "CANCELLED",
            "IN_PROGRESS",
            "IN_QUEUE",
        ]
        amazon.clock.advance(seconds=200)
        assert look(amazon, third)["processingStatus"] == "DONE"
        assert amazon.call("DELETE", f"{BASE}/queries/{third}").status_code == 400

    def test_it_is_repeated_without_needless_characters(self, amazon: Driver) -> None:
        echo = look(amazon, asked(amazon, SIMPLE))["query"]
        assert echo == (
            f'query{{{VENDOR}{{manufacturingView(startDate:"2026-11-10" endDate:"2026-11-10" aggregateBy:DAY)'
            "{startDate endDate metrics{groupByKey{asin}metrics{orders{orderedUnitsWithRevenue{units}}}}}}}"
        )

    def test_it_is_gone_after_thirty_days(self, amazon: Driver) -> None:
        found = finished(amazon, SIMPLE)
        amazon.clock.advance(days=30)
        amazon._tokens.clear()
        answer = amazon.call("GET", f"{BASE}/queries/{found['queryId']}")
        assert (answer.status_code, answer.json["errors"][0]["message"]) == (  # type: ignore[index]
            404,
            "The provided queryId was not found.",
        )
        assert amazon.call("GET", f"{BASE}/documents/{found['dataDocumentId']}").status_code == 403
        assert amazon.call("GET", f"{BASE}/queries").json == {"queries": []}

    def test_another_partner_has_no_such_query(self, amazon: Driver) -> None:
        found = finished(amazon, SIMPLE)
        assert amazon.call("GET", f"{BASE}/queries/{found['queryId']}", "vendor-de").status_code == 404
        assert amazon.call("GET", f"{BASE}/documents/{found['dataDocumentId']}", "vendor-de").status_code == 404
        assert amazon.call("GET", f"{BASE}/queries/none").status_code == 400

    def test_queries_are_listed_newest_first_in_pages(self, amazon: Driver) -> None:
        ids = []
        for _ in range(5):
            ids.append(asked(amazon, SIMPLE))
            amazon.clock.advance(seconds=1)
        first: Row = amazon.call("GET", f"{BASE}/queries?pageSize=3").json  # type: ignore[assignment]
        token = first["pagination"]["nextToken"]
        second: Row = amazon.call("GET", f"{BASE}/queries?pageSize=3&paginationToken={token}").json  # type: ignore[assignment]
        assert [each["queryId"] for each in first["queries"] + second["queries"]] == ids[::-1]
        assert "pagination" not in second
        assert amazon.call("GET", f"{BASE}/queries?paginationToken={token}").status_code == 400
        done: Row = amazon.call("GET", f"{BASE}/queries?processingStatuses=DONE,FATAL").json  # type: ignore[assignment]
        assert done == {"queries": []}
        assert amazon.call("GET", f"{BASE}/queries?processingStatuses=OVER").status_code == 400
        assert amazon.call("GET", f"{BASE}/queries?createdSince=2026-11-20T12:00:04Z").json["queries"] == [  # type: ignore[index]
            look(amazon, ids[-1])
        ]

    def test_no_rows_is_done_without_a_document(self, amazon: Driver) -> None:
        found = finished(amazon, SIMPLE.replace("2026-11-10", "2026-11-19"))
        assert found["processingStatus"] == "DONE"
        assert "dataDocumentId" not in found

    def test_only_the_download_says_whether_it_is_compressed(self, make: Callable[..., Driver]) -> None:
        amazon = make(speed=1000)
        seen: set[str | None] = set()
        for _ in range(40):
            found = finished(amazon, text("manufacturingView", DAY, "startDate"))
            answer = download(amazon, found["dataDocumentId"])
            seen.add(answer.headers.get("Content-Encoding"))
            assert json.loads(content(answer)) == {"startDate": "2026-11-10"}
            if len(seen) > 1:
                break
        assert seen == {"gzip", None}


class TestRefusals:
    """What Amazon does not take, and how it says so."""

    @pytest.mark.parametrize(
        ("query", "details"),
        [
            ("{sampleQuery{x}}", "Query 'sampleQuery' is not supported."),
            ("{", "Syntax Error"),
            ("query A{x} query B{y}", "one operation"),
            (text("manufacturingView", DAY, "sku"), "Cannot query field 'sku'"),
            (text("manufacturingView", 'startDate: "2026-11-10"', "startDate"), "aggregateBy"),
            (text("manufacturingView", DAY.replace("DAY", "YEAR"), "startDate"), "YEAR"),
            (text("sourcingView", DAY, ORDERED), "Cannot query field 'orders'"),
            (f"{{{VENDOR}{{a:manufacturingView({DAY}){{startDate}}b:sourcingView({DAY}){{endDate}}}}}}", "one list"),
            ("{" * 3_000, "Syntax Error"),
        ],
    )
    def test_a_query_that_the_schema_does_not_allow(self, amazon: Driver, query: str, details: str) -> None:
        answer = create(amazon, query)
        assert answer.status_code == 400
        (error,) = answer.json["errors"]  # type: ignore[index]
        assert error["code"] == "InvalidInput"
        assert error["message"] == "The provided query is invalid."
        assert details in error["details"]

    def test_more_than_8000_characters(self, amazon: Driver) -> None:
        spaced = SIMPLE.replace(" ", " " * 900)
        assert len(spaced) > 8_000
        assert create(amazon, spaced).status_code == 202
        names = " ".join(f"alias_number_{number}: startDate" for number in range(400))
        assert create(amazon, text("manufacturingView", DAY, names)).status_code == 400

    def test_bodies_without_a_query(self, amazon: Driver) -> None:
        for body in ({}, {"query": 1}, {"query": ""}):
            assert amazon.call("POST", f"{BASE}/queries", json=body).status_code == 400
        assert amazon.call("POST", f"{BASE}/queries", data="query").status_code == 415

    def test_unknown_parameters(self, amazon: Driver) -> None:
        assert amazon.call("GET", f"{BASE}/queries?marketplaceIds=ATVPDKIKX0DER").status_code == 403

    def test_the_role_of_the_operations(self, amazon: Driver) -> None:
        assert create(amazon, SIMPLE, "vendor-us-no-role").status_code == 403
        assert amazon.call("GET", f"{BASE}/queries", "seller-us-no-role").status_code == 403

    def test_fields_of_the_other_kind_or_of_a_missing_role_are_named(self, make: Callable[..., Driver]) -> None:
        seller = next(each for each in make().sandbox.accounts if each.label == "seller-us")
        bare = without(seller, SELLING_PARTNER_INSIGHTS)
        amazon = make(accounts=(*make().sandbox.accounts, bare))
        economics = text("economics", f'startDate: "2026-11-10", endDate: "2026-11-10", {US}', "startDate", ECONOMICS)
        for query, label in ((economics, "vendor-us"), (economics, bare.label), (SIMPLE, "seller-us")):
            answer = create(amazon, query, label)
            assert answer.status_code == 403
            (error,) = answer.json["errors"]  # type: ignore[index]
            assert error["message"] == "Unauthorized to access requested fields."
        assert create(amazon, economics, bare.label).json["errors"][0]["details"] == (  # type: ignore[index]
            f"Unauthorized to access: [{ECONOMICS}.economics.startDate]"
        )
        assert create(amazon, economics, "seller-us").status_code == 202

    def test_some_fields_may_be_denied_and_the_rest_not(self, make: Callable[..., Driver]) -> None:
        account = replace(make().sandbox.accounts[0], denied_fields=("orders",))
        amazon = make(accounts=(account,))
        answer = create(amazon, SIMPLE)
        leaf = f"{VENDOR}.manufacturingView.metrics.metrics.orders.orderedUnitsWithRevenue.units"
        assert answer.json["errors"][0]["details"] == f"Unauthorized to access: [{leaf}]"  # type: ignore[index]
        assert create(amazon, text("manufacturingView", DAY, "startDate")).status_code == 202

    def test_stock_by_day_is_there_for_ten_days_one_at_a_time(self, amazon: Driver) -> None:
        stock = "totals { productAvailability { sellableOnHandInventory { units } } }"
        wide = DAY.replace('endDate: "2026-11-10"', 'endDate: "2026-11-11"')
        assert "The same start and end dates" in reason(amazon, text("manufacturingView", wide, stock))
        old = text("sourcingView", DAY.replace("2026-11-10", "2026-11-01"), stock)
        assert "Daily Inventory metrics are only available on the following dates" in reason(amazon, old)
        assert rows(amazon, text("manufacturingView", DAY, stock))

    def test_days_that_cannot_be(self, amazon: Driver) -> None:
        for start, end in (("2024-11-01", "2024-11-02"), ("2026-11-10", "2026-11-09"), ("yesterday", "today")):
            days = f'startDate: "{start}", endDate: "{end}", aggregateBy: DAY'
            assert f"/{VENDOR}/manufacturingView" in reason(amazon, text("manufacturingView", days, "startDate"))

    def test_fifteen_queries_at_once(self, amazon: Driver) -> None:
        query = text("manufacturingView", DAY, "startDate")
        assert [create(amazon, query).status_code for _ in range(16)] == [202] * 15 + [429]


class TestPages:
    """Documents of several pages, each by a query of its own."""

    def test_each_page_is_asked_for_with_the_query_and_its_token(self, make: Callable[..., Driver]) -> None:
        days = 'startDate: "2026-11-01", endDate: "2026-11-05", aggregateBy: DAY'
        query = text("manufacturingView", days, "startDate")
        whole = rows(make(), query)
        amazon = make(page_records=2)
        found: list[Row] = []
        more: dict[str, str] = {}
        while True:
            page = finished(amazon, query, **more)
            lines = content(download(amazon, page["dataDocumentId"])).splitlines()
            assert len(lines) <= 2
            found += map(json.loads, lines)
            if "pagination" not in page:
                break
            more = {"paginationToken": page["pagination"]["nextToken"]}
        assert found == whole
        assert len(found) == 5
        assert create(amazon, SIMPLE, **more).status_code == 400
        assert create(amazon, query, "vendor-de", **more).status_code == 400


class TestFigures:
    """The figures are those of the reports."""

    @pytest.mark.parametrize("view", ["manufacturingView", "sourcingView"])
    @pytest.mark.parametrize(("period", "start", "end"), [("DAY", "2026-11-10", "2026-11-10"), WEEK])
    def test_of_vendors(self, amazon: Driver, view: str, period: str, start: str, end: str) -> None:
        manufacturing = view == "manufacturingView"
        fields = (
            "costs { netPPM shippedCogs { amount } } customerSatisfaction { customerReturns }"
            " shippedOrders { shippedUnitsWithRevenue { units value { amount } } }"
            " productAvailability { sellableOnHandInventory { units value { amount } } sellThroughRate }"
            " sourcing { netReceived { units } openPurchaseOrderQuantity vendorConfirmationRate }"
            + (" orders { orderedUnitsWithRevenue { units value { amount } } } traffic { glanceViews }" * manufacturing)
        )
        arguments = f'startDate: "{start}", endDate: "{end}", aggregateBy: {period}, currencyCode: "USD"'
        query = text(
            view, arguments, f"totals {{ {fields} }} metrics {{ groupByKey {{ asin }} metrics {{ {fields} }} }}"
        )
        (row,) = rows(amazon, query)
        options = {
            "reportPeriod": period,
            "sellingProgram": "RETAIL",
            "distributorView": "MANUFACTURING" if manufacturing else "SOURCING",
        }
        sales = report(amazon, "GET_VENDOR_SALES_REPORT", start, end, **options)
        stock = report(amazon, "GET_VENDOR_INVENTORY_REPORT", start, end, **options)
        traffic = report(amazon, "GET_VENDOR_TRAFFIC_REPORT", start, end, reportPeriod=period)
        margin = report(amazon, "GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT", start, end, reportPeriod=period)
        by_asin = {each["groupByKey"]["asin"]: each["metrics"] for each in row["metrics"]}
        groups = [(row["totals"], sales["salesAggregate"][0], stock["inventoryAggregate"][0])]
        stocks = {each["asin"]: each for each in stock["inventoryByAsin"]}
        groups += [(by_asin[each["asin"]], each, stocks.get(each["asin"])) for each in sales["salesByAsin"]]
        for metrics, sold, kept in groups:
            units = metrics["shippedOrders"]["shippedUnitsWithRevenue"]
            assert (units["units"], money(units["value"])) == (sold["shippedUnits"], money(sold["shippedRevenue"]))
            assert money(metrics["costs"]["shippedCogs"]) == money(sold["shippedCogs"])
            assert metrics["customerSatisfaction"]["customerReturns"] == sold["customerReturns"]
            if manufacturing:
                ordered = metrics["orders"]["orderedUnitsWithRevenue"]
                assert (ordered["units"], money(ordered["value"])) == (
                    sold["orderedUnits"],
                    money(sold["orderedRevenue"]),
                )
            if kept:
                there = metrics["productAvailability"]["sellableOnHandInventory"]
                assert there["units"] == kept["sellableOnHandInventoryUnits"]
                assert money(there["value"]) == money(kept["sellableOnHandInventoryCost"])
                assert metrics["sourcing"]["netReceived"]["units"] == kept["netReceivedInventoryUnits"]
                assert metrics["sourcing"]["openPurchaseOrderQuantity"] == kept["openPurchaseOrderUnits"]
                assert metrics["sourcing"]["vendorConfirmationRate"] == kept.get("vendorConfirmationRate")
        if manufacturing:
            views = {each["asin"]: each["glanceViews"] for each in traffic["trafficByAsin"]}
            assert {
                asin: metrics["traffic"]["glanceViews"] for asin, metrics in by_asin.items()
            }.items() >= views.items()
        for each in margin["netPureProductMarginByAsin"]:
            if each["asin"] in by_asin and manufacturing:
                assert by_asin[each["asin"]]["costs"]["netPPM"] == each["netPureProductMargin"]

    def test_groups_add_up_to_the_totals_whatever_they_are_grouped_by(self, amazon: Driver) -> None:
        for attribute in ("asin", "brand", "vendorCode", "productGroup brand", "msrp { amount }"):
            fields = "orders { orderedUnitsWithRevenue { units } }"
            inner = f"groupByKey {{ {attribute} }} metrics {{ {fields} }}"
            (row,) = rows(amazon, text("manufacturingView", DAY, f"totals {{ {fields} }} metrics {{ {inner} }}"))
            units = [each["metrics"]["orders"]["orderedUnitsWithRevenue"]["units"] for each in row["metrics"]]
            assert sum(units) == row["totals"]["orders"]["orderedUnitsWithRevenue"]["units"]
            keys = [json.dumps(each["groupByKey"], default=str) for each in row["metrics"]]
            assert len({*keys}) == len(keys)

    def test_weeks_begin_on_the_sunday_before_and_months_on_their_first(self, amazon: Driver) -> None:
        for period, start, end, expected in (
            ("WEEK", "2025-01-01", "2025-01-14", ["2024-12-29", "2025-01-05"]),
            ("MONTH", "2026-08-15", "2026-10-10", ["2026-08-01", "2026-09-01"]),
        ):
            days = f'startDate: "{start}", endDate: "{end}", aggregateBy: {period}'
            assert [row["startDate"] for row in rows(amazon, text("manufacturingView", days, "startDate"))] == expected
        days = f'startDate: "2025-01-01", endDate: "2025-01-14", aggregateBy: WEEK, {US}'
        query = text("salesAndTrafficByDate", days, "startDate endDate", TRAFFIC)
        assert [row["endDate"] for row in rows(amazon, query, "seller-us")] == ["2025-01-04", "2025-01-11"]

    def test_other_currencies_and_aliases(self, amazon: Driver) -> None:
        fields = "totals { money: costs { shippedCogs { amount currencyCode } } }"
        amounts = {}
        for currency in ("USD", "EUR", "JPY"):
            days = f'{DAY}, currencyCode: "{currency}"'
            (row,) = rows(amazon, text("manufacturingView", days, fields))
            amount = row["totals"]["money"]["shippedCogs"]
            assert amount["currencyCode"] == currency
            amounts[currency] = Decimal(amount["amount"])
        assert amounts["EUR"] < amounts["USD"] < amounts["JPY"]
        assert "not supported" in reason(amazon, text("manufacturingView", f'{DAY}, currencyCode: "XXX"', fields))

    def test_of_sellers(self, amazon: Driver) -> None:
        days = f'startDate: "2026-11-08", endDate: "2026-11-10", aggregateBy: DAY, {US}'
        fields = "startDate sales { unitsOrdered orderedProductSales { amount } unitsShipped } traffic { pageViews }"
        found = rows(amazon, text("salesAndTrafficByDate", days, fields, TRAFFIC), "seller-us")
        options = {"dateGranularity": "DAY", "asinGranularity": "SKU"}
        document = report(amazon, "GET_SALES_AND_TRAFFIC_REPORT", "2026-11-08", "2026-11-10", "seller-us", **options)
        assert [
            (
                row["date"],
                row["salesByDate"]["unitsOrdered"],
                row["salesByDate"]["orderedProductSales"]["amount"],
                row["salesByDate"]["unitsShipped"],
                row["trafficByDate"]["pageViews"],
            )
            for row in document["salesAndTrafficByDate"]
        ] == [
            (
                row["startDate"],
                row["sales"]["unitsOrdered"],
                row["sales"]["orderedProductSales"]["amount"],
                row["sales"]["unitsShipped"],
                row["traffic"]["pageViews"],
            )
            for row in found
        ]
        whole = f'startDate: "2026-11-08", endDate: "2026-11-10", aggregateBy: SKU, {US}'
        by_asin = rows(amazon, text("salesAndTrafficByAsin", whole, "sku sales { unitsOrdered }", TRAFFIC), "seller-us")
        assert {row["sku"]: row["sales"]["unitsOrdered"] for row in by_asin} == {
            row["sku"]: row["salesByAsin"]["unitsOrdered"] for row in document["salesAndTrafficByAsin"]
        }

    def test_economics_are_units_fees_and_what_is_left(self, amazon: Driver) -> None:
        days = f'startDate: "2026-11-08", endDate: "2026-11-10", {US}'
        fields = (
            "startDate msku sales { unitsOrdered netProductSales { amount } }"
            " fees { charges { aggregatedDetail { totalAmount { amount } } } }"
            " ads { charge { totalAmount { amount } } } netProceeds { total { amount } }"
        )
        found = rows(amazon, text("economics", days, fields, ECONOMICS), "seller-us")
        options = {"dateGranularity": "DAY", "asinGranularity": "SKU"}
        document = report(amazon, "GET_SALES_AND_TRAFFIC_REPORT", "2026-11-08", "2026-11-10", "seller-us", **options)
        units: Counter[str] = Counter()
        for row in found:
            units[row["startDate"]] += row["sales"]["unitsOrdered"]
            fees = sum(
                Decimal(charge["aggregatedDetail"]["totalAmount"]["amount"])
                for fee in row["fees"]
                for charge in fee["charges"]
            )
            ads = sum(Decimal(ad["charge"]["totalAmount"]["amount"]) for ad in row["ads"])
            net = Decimal(row["sales"]["netProductSales"]["amount"])
            assert money(row["netProceeds"]["total"]) == net - fees - ads
        assert units == {row["date"]: row["salesByDate"]["unitsOrdered"] for row in document["salesAndTrafficByDate"]}

    def test_trends_are_of_the_products_that_are_named(self, amazon: Driver) -> None:
        asin = amazon.sandbox.data.catalogue("seller-us", "ATVPDKIKX0DER").products[0].asin
        arguments = (
            'startDate: "2026-10-25", endDate: "2026-11-07", dateAggregation: WEEK, asinAggregation: CHILD,'
            f' filters: [{{marketplaceId: "ATVPDKIKX0DER", asins: ["{asin}"]}}]'
        )
        query = text("salesAndTrafficTrends", arguments, "startDate childAsin asinAggregation", TRAFFIC)
        found = rows(amazon, query, "seller-us")
        assert {row["childAsin"] for row in found} == {asin}
        assert {row["startDate"] for row in found} <= {"2026-10-25", "2026-11-01"}


class TestFaults:
    """What goes wrong with a query."""

    def test_without_a_document(self, amazon: Driver) -> None:
        amazon.sandbox.inject("query_fatal_without_document")
        found = finished(amazon, SIMPLE)
        assert found["processingStatus"] == "FATAL"
        assert not {"dataDocumentId", "errorDocumentId"} & found.keys()

    def test_with_an_error_never_seen(self, amazon: Driver) -> None:
        amazon.sandbox.inject("query_fatal_unknown_text")
        assert "plutonium" in reason(amazon, SIMPLE)

    def test_stuck(self, amazon: Driver) -> None:
        amazon.sandbox.inject("query_stuck_in_queue")
        first, second = asked(amazon, SIMPLE), asked(amazon, SIMPLE)
        amazon.clock.advance(hours=7)
        amazon._tokens.clear()
        assert [look(amazon, each)["processingStatus"] for each in (first, second)] == ["IN_PROGRESS", "IN_QUEUE"]

    def test_rows_of_nulls_and_a_line_that_is_cut_off(self, amazon: Driver) -> None:
        amazon.sandbox.inject("query_rows_of_nulls")
        assert rows(amazon, SIMPLE) == [{"startDate": "2026-11-10", "endDate": "2026-11-10", "metrics": None}]
        amazon.sandbox.inject("query_line_cut_off")
        answer = content(download(amazon, finished(amazon, SIMPLE)["dataDocumentId"]))
        assert answer.startswith('{"startDate":"2026-11-10"')
        with pytest.raises(json.JSONDecodeError):
            json.loads(answer)

    def test_all_fields_refused(self, amazon: Driver) -> None:
        amazon.sandbox.inject("query_fields_refused")
        assert create(amazon, SIMPLE).status_code == 403
        assert create(amazon, SIMPLE).status_code == 202


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="Amazon's schemas are not beside this working copy")
@pytest.mark.parametrize("dataset", DATASETS)
def test_the_schemas_are_amazons_names_and_types(dataset: str) -> None:
    def told(found: Any) -> Row:
        return {
            name: {
                field: (str(each.type), {argument: str(of.type) for argument, of in getattr(each, "args", {}).items()})
                for field, each in getattr(kind, "fields", {}).items()
            }
            or sorted(getattr(kind, "values", ()))
            for name, kind in found.type_map.items()
            if not name.startswith("__")
        }

    assert told(schema(dataset)) == told(build_schema((SCHEMAS / f"{dataset}.graphql").read_text("utf-8")))


def test_a_query_knows_what_it_asks_for() -> None:
    query = graphql_queries.read(
        f"query Q {{ d: {VENDOR} {{ v: manufacturingView({DAY}) {{ ...F }} }} }}"
        " fragment F on ManufacturingView { metrics { groupByKey { ... on GroupByAttributes { a: asin } } } }"
    )
    assert query.leaves == (f"{VENDOR}.manufacturingView.metrics.groupByKey.asin",)
    assert query.below("metrics", "groupByKey") == {"asin"}
