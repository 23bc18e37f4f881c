"""What somebody would check with SQL: the reports of an account agree with each other.

Each test states one relation, and its tolerance where Amazon's figures are known not to fit exactly
(docs/amazon/README.md).
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Any

import pytest

from amazon_sandbox import Sandbox
from amazon_sandbox.calendars import PACIFIC
from amazon_sandbox.data.catalogue import Query
from amazon_sandbox.data.transactions import transactions

Row = dict[str, Any]

VENDORS = {"vendor-us": "ATVPDKIKX0DER", "vendor-de": "A1PA6795UKMFR9", "vendor-jp": "A1VC38T7YXB528"}
SELLERS = {"seller-us": "ATVPDKIKX0DER", "seller-de": "A1PA6795UKMFR9"}
START, END = date(2026, 10, 25), date(2026, 11, 7)
# So late that everything is final, and so early that nothing is.
LATE, EARLY = datetime(2026, 11, 30, 12, tzinfo=timezone.utc), datetime(2026, 11, 12, 12, tzinfo=timezone.utc)
VIEWS, PROGRAMS = ("MANUFACTURING", "SOURCING"), ("RETAIL", "FRESH")

each_vendor = pytest.mark.parametrize("label", VENDORS)
each_seller = pytest.mark.parametrize("label", SELLERS)


@cache
def sandbox() -> Sandbox:
    return Sandbox()


def ask(report: str, label: str, **request: Any) -> list[Row]:
    """The rows of a report's last array, which is the most detailed one, or another one."""
    array, as_of = request.pop("array", None), request.pop("as_of", LATE)
    span = (request.pop("start", START), request.pop("end", END))
    place = {**VENDORS, **SELLERS}[label]
    asked = {"account": label, "marketplace_id": place, "options": request, "as_of": as_of}
    data = sandbox().data
    if report.startswith("GET_VENDOR") or "ANALYTICS" in report or "PERFORMANCE" in report or "TRAFFIC" in report:
        document = data.document(report, start=span[0], end=span[1], **asked)
        return list(document[array] if array else list(document.values())[-1])
    return [dict(row) for row in data.table(report, start=span[0], end=span[1], **asked).rows]


def sales(label: str, view: str = "MANUFACTURING", program: str = "RETAIL", **more: Any) -> list[Row]:
    options = {"reportPeriod": "DAY", "distributorView": view, "sellingProgram": program}
    return ask("GET_VENDOR_SALES_REPORT", label, **options, **more)


def stock(label: str, view: str = "MANUFACTURING", program: str = "RETAIL", **more: Any) -> list[Row]:
    options = {"reportPeriod": "DAY", "distributorView": view, "sellingProgram": program}
    return ask("GET_VENDOR_INVENTORY_REPORT", label, **options, **more)


def by(rows: list[Row], *names: str) -> dict[tuple[Any, ...], Row]:
    return {tuple(row[name] for name in names): row for row in rows}


def pacific(hour: Row) -> str:
    """The Pacific day of an hour in UTC (docs/amazon/calendars.md#publication)."""
    return str(datetime.fromisoformat(hour["startTime"].replace("Z", "+00:00")).astimezone(PACIFIC).date())


class TestVendors:
    @each_vendor
    @pytest.mark.parametrize(("as_of", "tolerance"), [(LATE, 0.03), (EARLY, 0.08)])
    @pytest.mark.parametrize(
        ("hourly", "figure", "daily", "total"),
        [
            ("GET_VENDOR_REAL_TIME_SALES_REPORT", "orderedUnits", "GET_VENDOR_SALES_REPORT", "orderedUnits"),
            ("GET_VENDOR_REAL_TIME_TRAFFIC_REPORT", "glanceViews", "GET_VENDOR_TRAFFIC_REPORT", "glanceViews"),
        ],
    )
    def test_hours_of_a_pacific_day_add_up_to_about_the_day(
        self, label: str, as_of: datetime, tolerance: float, hourly: str, figure: str, daily: str, total: str
    ) -> None:
        # From midnight to midnight, over a day of 25 hours (November 1st).
        span = {
            "start": datetime(2026, 10, 25, tzinfo=PACIFIC),
            "end": datetime(2026, 11, 8, tzinfo=PACIFIC),
        }
        hours: Counter[str] = Counter()
        for row in ask(hourly, label, as_of=as_of, **span):
            hours[pacific(row)] += row[figure]
        options = {"reportPeriod": "DAY"}
        if "SALES" in daily:
            options |= {"distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"}
        days: Counter[str] = Counter()
        for row in ask(daily, label, as_of=as_of, **options):
            days[row["startDate"]] += row[total]
        assert hours.keys() == days.keys()
        for day, units in days.items():
            assert hours[day] == pytest.approx(units, rel=tolerance), day

    @each_vendor
    def test_each_asin_has_about_the_same_in_both(self, label: str) -> None:
        span = {"start": datetime(2026, 10, 25, tzinfo=PACIFIC), "end": datetime(2026, 11, 8, tzinfo=PACIFIC)}
        hours: Counter[str] = Counter()
        for row in ask("GET_VENDOR_REAL_TIME_SALES_REPORT", label, **span):
            hours[row["asin"]] += row["orderedUnits"]
        days: Counter[str] = Counter()
        for row in sales(label):
            days[row["asin"]] += row["orderedUnits"]
        for asin, units in days.items():
            assert hours[asin] == pytest.approx(units, rel=0.03), asin

    @each_vendor
    @pytest.mark.parametrize("view", VIEWS)
    @pytest.mark.parametrize("program", PROGRAMS)
    def test_stock_is_that_of_the_day_before_and_what_came_less_what_was_shipped(
        self, label: str, view: str, program: str
    ) -> None:
        """Exactly, where nothing is restated any more."""
        shipped = by(sales(label, view, program), "startDate", "asin")
        days = by(stock(label, view, program), "startDate", "asin")
        compared = 0
        for (day, asin), row in days.items():
            before = days.get((str(date.fromisoformat(day) - timedelta(days=1)), asin))
            if before:
                left = shipped.get((day, asin), {"shippedUnits": 0})["shippedUnits"]
                expected = before["sellableOnHandInventoryUnits"] + row["netReceivedInventoryUnits"] - left
                assert row["sellableOnHandInventoryUnits"] == expected
                compared += 1
        assert compared > 50

    @each_vendor
    def test_stock_is_made_of_its_parts(self, label: str) -> None:
        for row in stock(label):
            there = row["sellableOnHandInventoryUnits"]
            assert abs(row["aged90PlusDaysSellableInventoryUnits"]) <= abs(there)
            assert row["unfilledCustomerOrderedUnits"] == max(-there, 0)

    @each_vendor
    def test_hourly_stock_ends_a_day_with_the_stock_of_the_day(self, label: str) -> None:
        days = by(stock(label), "startDate", "asin")
        span = {"start": datetime(2026, 10, 26, tzinfo=PACIFIC), "end": datetime(2026, 11, 8, tzinfo=PACIFIC)}
        compared = 0
        for row in ask("GET_VENDOR_REAL_TIME_INVENTORY_REPORT", label, **span):
            if datetime.fromisoformat(row["endTime"].replace("Z", "+00:00")).astimezone(PACIFIC).hour == 0:
                there = days[pacific(row), row["asin"]]["sellableOnHandInventoryUnits"]
                assert row["highlyAvailableInventory"] == max(there, 0)
                compared += 1
        assert compared > 50

    @each_vendor
    def test_sourcing_is_part_of_manufacturing_and_fresh_of_retail(self, label: str) -> None:
        whole = by(sales(label), "startDate", "asin")
        for part in (sales(label, "SOURCING"), sales(label, program="FRESH")):
            for key, row in by(part, "startDate", "asin").items():
                assert row["shippedUnits"] <= whole[key]["shippedUnits"]
        there = by(stock(label), "startDate", "asin")
        for key, row in by(stock(label, "SOURCING"), "startDate", "asin").items():
            # Whole units: a part of what was shipped is rounded on each day since the last delivery.
            if there[key]["sellableOnHandInventoryUnits"] > 0:
                assert row["sellableOnHandInventoryUnits"] <= there[key]["sellableOnHandInventoryUnits"] + 14

    @each_vendor
    def test_what_is_shipped_and_looked_at_fits_what_is_ordered(self, label: str) -> None:
        views = by(ask("GET_VENDOR_TRAFFIC_REPORT", label, reportPeriod="DAY"), "startDate", "asin")
        for key, row in by(sales(label), "startDate", "asin").items():
            assert row["customerReturns"] <= row["shippedUnits"] <= row["orderedUnits"] <= views[key]["glanceViews"]

    @each_vendor
    def test_the_margin_is_below_what_sales_leave(self, label: str) -> None:
        """Vendor-funded marketing, 4 to 15 % of the revenue, is between the two."""
        sold = by(sales(label), "startDate", "asin")
        rows = ask("GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT", label, reportPeriod="DAY")
        assert rows
        for row in rows:
            figures = sold[row["startDate"], row["asin"]]
            revenue, cogs = figures["shippedRevenue"]["amount"], figures["shippedCogs"]["amount"]
            funded = float((revenue - cogs) / revenue) - float(row["netPureProductMargin"])
            assert 0.03 < funded < 0.16

    @each_vendor
    def test_a_forecast_is_about_what_is_then_sold(self, label: str) -> None:
        made = datetime(2026, 10, 25, 12, tzinfo=timezone.utc)
        for program, tolerance in (("RETAIL", 0.15), ("FRESH", 0.4)):
            rows = ask("GET_VENDOR_FORECASTING_REPORT", label, sellingProgram=program, as_of=made, start=None, end=None)
            weeks = {"2026-10-25", "2026-11-01"}
            expected = float(sum(row["meanForecastUnits"] for row in rows if row["startDate"] in weeks))
            # December's demand counts from the week that begins in it, a day's from that day.
            sold = sum(row["orderedUnits"] for row in sales(label, program=program))
            assert expected == pytest.approx(sold, rel=tolerance)

    @each_vendor
    def test_repeat_purchases_are_of_orders_that_are_there(self, label: str) -> None:
        sold: Counter[str] = Counter()
        for row in sales(label):
            sold[row["asin"]] += row["orderedUnits"]
        orders: Counter[str] = Counter()
        for row in ask("GET_BRAND_ANALYTICS_REPEAT_PURCHASE_REPORT", label, reportPeriod="WEEK"):
            assert row["uniqueCustomers"] <= row["orders"]
            orders[row["asin"]] += row["orders"]
        assert sum(orders.values()) > 0.7 * sum(sold.values())
        assert all(count <= sold[asin] for asin, count in orders.items())

    @each_vendor
    def test_promotions_and_coupons_are_part_of_what_is_sold(self, label: str) -> None:
        span = ("2026-10-01T00:00:00Z", "2026-10-31T23:59:59Z")
        days: Any = {"start": date(2026, 9, 30), "end": date(2026, 11, 29)}
        sold: Counter[tuple[str, str]] = Counter()
        for row in sales(label, **days, as_of=LATE + timedelta(days=30)):
            sold[row["startDate"], row["asin"]] += row["orderedUnits"]

        def bought(asin: str, part: Row) -> int:
            first, last = part["startDateTime"][:10], part["endDateTime"][:10]
            return sum(units for (day, sold_asin), units in sold.items() if sold_asin == asin and first <= day <= last)

        options = dict(zip(("promotionStartDateFrom", "promotionStartDateTo"), span, strict=True))
        compared = 0
        for promotion in ask("GET_PROMOTION_PERFORMANCE_REPORT", label, start=None, end=None, **options):
            for product in promotion["includedProducts"]:
                assert product["productUnitsSold"] <= bought(product["asin"], promotion)
                compared += 1
        options = dict(zip(("campaignStartDateFrom", "campaignStartDateTo"), span, strict=True))
        for campaign in ask("GET_COUPON_PERFORMANCE_REPORT", label, start=None, end=None, **options):
            for coupon in campaign["coupons"]:
                for product in coupon["asins"]:
                    assert coupon["redemptions"] <= bought(product["asin"], coupon)
                    compared += 1
        assert compared


def moment(day: date, *, last: bool = False) -> datetime:
    """The first, or the last second of a day in UTC."""
    start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    return start + timedelta(days=1, seconds=-1) if last else start


class TestSellers:
    SPAN = {"start": moment(START), "end": moment(END, last=True)}  # noqa: RUF012

    @each_seller
    def test_sales_of_a_day_are_its_orders_but_for_the_cancelled(self, label: str) -> None:
        rows = ask("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", label, **self.SPAN)
        units: Counter[str] = Counter()
        money: Counter[str] = Counter()
        for row in rows:
            units[str(row["purchase-date"].date())] += row["quantity"]
            money[str(row["purchase-date"].date())] += row["item-price"] * (row["order-status"] != "Cancelled")
        days = self.by_date(label)
        assert {day: row["salesByDate"]["unitsOrdered"] for day, row in days.items()} == units
        assert {day: row["salesByDate"]["orderedProductSales"]["amount"] for day, row in days.items()} == money

    @each_seller
    def test_units_shipped_and_refunded_are_those_of_the_day(self, label: str) -> None:
        shipped: Counter[str] = Counter()
        for row in ask("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL", label, **self.SPAN):
            shipped[str(row["shipment-date"].date())] += row["quantity-shipped"]
        returned: Counter[str] = Counter()
        before = {name: at - timedelta(days=1) for name, at in self.SPAN.items()}
        for row in ask("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", label, **before):
            returned[str(row["return-date"].date() + timedelta(days=1))] += row["quantity"]
        for day, row in self.by_date(label).items():
            # The seller itself ships every eighth order.
            assert 0.6 * row["salesByDate"]["unitsShipped"] <= shipped[day] <= row["salesByDate"]["unitsShipped"]
            assert returned[day] <= row["salesByDate"]["unitsRefunded"]

    @each_seller
    def test_weeks_are_the_sums_of_their_days_and_products_no_more_than_the_whole(self, label: str) -> None:
        days, weeks = self.by_date(label), self.by_date(label, "WEEK")
        assert len(weeks) == 2
        for first, week in weeks.items():
            of_week = [days[str(date.fromisoformat(first) + timedelta(days=number))] for number in range(7)]
            for part, figure in (("salesByDate", "unitsOrdered"), ("trafficByDate", "pageViews")):
                assert week[part][figure] == sum(day[part][figure] for day in of_week)
        products = ask("GET_SALES_AND_TRAFFIC_REPORT", label, array="salesAndTrafficByAsin", asinGranularity="SKU")
        units = sum(row["salesByAsin"]["unitsOrdered"] for row in products)
        assert units == sum(day["salesByDate"]["unitsOrdered"] for day in days.values())
        # Products without an order are not listed (docs/amazon/seller-reports.md#performance).
        views = sum(row["trafficByAsin"]["pageViews"] for row in products)
        assert views <= sum(day["trafficByDate"]["pageViews"] for day in days.values())

    @each_seller
    def test_transactions_are_the_lines_of_the_settlement(self, label: str) -> None:
        end = moment(END + timedelta(days=1))
        lines = ask("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", label, start=self.SPAN["start"], end=end)[1:]
        settled: Counter[tuple[str, str]] = Counter()
        for line in lines:
            if line["order-id"]:
                kind = {"Order": "Shipment", "Refund": "Refund"}[line["transaction-type"]]
                settled[line["order-id"], kind] += line["amount"]
        query = Query(None, {}, self.SPAN["start"], self.SPAN["end"], LATE)
        posted: Counter[tuple[str, str]] = Counter()
        for row in transactions(sandbox().data.catalogue(label, SELLERS[label]), query):
            order = row["relatedIdentifiers"][0]["relatedIdentifierValue"]
            posted[order, row["transactionType"]] += row["totalAmount"]["currencyAmount"]
        assert posted == settled
        assert {kind for _, kind in posted} == {"Shipment", "Refund"}

    @each_seller
    def test_returns_in_the_ledger_are_those_of_the_returns_report(self, label: str) -> None:
        returned: Counter[tuple[Any, ...]] = Counter()
        for row in ask("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", label, **self.SPAN):
            returned[row["order-id"], row["fnsku"], row["return-date"].date(), row["detailed-disposition"]] += 1
        entered: Counter[tuple[Any, ...]] = Counter()
        for row in ask("GET_LEDGER_DETAIL_VIEW_DATA", label, eventType="CustomerReturns", **self.SPAN):
            entered[row["Reference ID"], row["FNSKU"], row["Date"], row["Disposition"]] += row["Quantity"]
        assert entered == returned != Counter()

    @each_seller
    def test_searches_lead_to_some_of_the_views_and_orders(self, label: str) -> None:
        span = {"start": date(2026, 11, 1), "end": END}
        catalog = ask("GET_BRAND_ANALYTICS_SEARCH_CATALOG_PERFORMANCE_REPORT", label, reportPeriod="WEEK", **span)
        products = ask(
            "GET_SALES_AND_TRAFFIC_REPORT", label, array="salesAndTrafficByAsin", asinGranularity="CHILD", **span
        )
        sold = {row["childAsin"]: row for row in products}
        asins = " ".join(row["asin"] for row in catalog)
        queries: Counter[tuple[str, str]] = Counter()
        for row in ask(
            "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT", label, reportPeriod="WEEK", asin=asins, **span
        ):
            for name in ("Impression", "Click", "CartAdd", "Purchase"):
                part = row[f"{name[0].lower()}{name[1:]}Data"]
                queries[row["asin"], name] += part[f"asin{name}Count"]
                assert part[f"asin{name}Count"] <= part[f"total{'Query' * (name == 'Impression')}{name}Count"]
        bought = 0
        for row in catalog:
            counts = [
                row[f"{name[0].lower()}{name[1:]}Data"][f"{name[0].lower()}{name[1:]}Count"]
                for name in ("Impression", "Click", "CartAdd", "Purchase")
            ]
            assert counts == sorted(counts, reverse=True)
            for name, count in zip(("Impression", "Click", "CartAdd", "Purchase"), counts, strict=True):
                assert queries[row["asin"], name] <= count
            if row["asin"] in sold:
                assert counts[1] <= sold[row["asin"]]["trafficByAsin"]["pageViews"]
                assert counts[3] <= sold[row["asin"]]["salesByAsin"]["unitsOrdered"]
            else:
                assert counts[3] == 0
            bought += counts[3]
        assert bought

    @staticmethod
    def by_date(label: str, period: str = "DAY") -> dict[str, Row]:
        rows = ask("GET_SALES_AND_TRAFFIC_REPORT", label, array="salesAndTrafficByDate", dateGranularity=period)
        return {row["date"]: row for row in rows}
