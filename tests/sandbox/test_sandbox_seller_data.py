"""Sellers' flat files tell one story: orders, shipments, returns, stock, settlements, taxes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox
from amazon_sandbox.data import TABLES
from amazon_sandbox.data.tables import HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
MONTH = (NOW - timedelta(days=30), NOW)
PLACES = {
    "seller-us": "ATVPDKIKX0DER",
    "seller-de": "A1PA6795UKMFR9",
    "seller-jp": "A1VC38T7YXB528",
    "seller-in": "A21TJRUUN4KGV",
}

BY_ORDER_DATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
BY_LAST_UPDATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
SHIPMENTS = "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL"
SHIPMENTS_TAX = "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX"
SALES = "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA"
PROMOTIONS = "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_PROMOTION_DATA"
REPLACEMENTS = "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA"
RETURNS = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
OWN_RETURNS = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
REMOVALS = "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA"
REMOVAL_SHIPMENTS = "GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA"
LEDGER = "GET_LEDGER_DETAIL_VIEW_DATA"
SUMMARY = "GET_LEDGER_SUMMARY_VIEW_DATA"
ALL_STOCK = "GET_FBA_MYI_ALL_INVENTORY_DATA"
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
REIMBURSEMENTS = "GET_FBA_REIMBURSEMENTS_DATA"
STORAGE = "GET_FBA_STORAGE_FEE_CHARGES_DATA"
LONG_TERM = "GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA"
VAT = "GET_VAT_TRANSACTION_DATA"
B2B, B2C = "GET_GST_MTR_B2B_CUSTOM", "GET_GST_MTR_B2C_CUSTOM"

# The keys of docs/amazon/seller-reports.md, where they are whole.
KEYS: Mapping[str, tuple[str, ...]] = {
    SHIPMENTS: ("shipment-id", "shipment-item-id"),
    SHIPMENTS_TAX: ("shipment-id", "shipment-item-id"),
    PROMOTIONS: ("shipment-item-id", "item-promotion-id"),
    REPLACEMENTS: ("replacement-customer-order-id", "sku"),
    OWN_RETURNS: ("Order ID", "Amazon RMA ID", "Merchant SKU"),
    REMOVALS: ("order-id", "sku", "fnsku", "disposition"),
    REMOVAL_SHIPMENTS: ("order-id", "shipment-date", "sku", "tracking-number", "disposition"),
    "GET_AFN_INVENTORY_DATA": ("seller-sku", "Warehouse-Condition-code"),
    "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA": ("sku",),
    ALL_STOCK: ("sku",),
    "GET_RESERVED_INVENTORY_DATA": ("sku",),
    "GET_FBA_INVENTORY_PLANNING_DATA": ("snapshot-date", "sku"),
    "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT": ("Country", "Merchant SKU"),
    "GET_STRANDED_INVENTORY_UI_DATA": ("sku", "fnsku", "condition"),
    SUMMARY: ("Date", "FNSKU", "MSKU", "Disposition", "Location"),
    REIMBURSEMENTS: ("reimbursement-id", "sku", "fnsku", "reason"),
    STORAGE: ("month_of_charge", "fnsku", "fulfillment_center", "country_code"),
    LONG_TERM: ("snapshot-date", "sku", "fnsku"),
    "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA": ("sku", "fnsku"),
    VAT: ("TRANSACTION_EVENT_ID", "ACTIVITY_TRANSACTION_ID", "SELLER_SKU"),
    B2B: ("Transaction Type", "Shipment Item Id"),
    B2C: ("Transaction Type", "Shipment Item Id"),
}


@cache
def sandbox() -> Sandbox:
    return Sandbox()


def rows(
    report_type: str,
    span: tuple[date, date] = MONTH,
    *,
    label: str = "seller-us",
    as_of: datetime = NOW,
    **options: str,
) -> list[dict[str, Any]]:
    """The rows of a flat file."""
    table = sandbox().data.table(
        report_type,
        account=label,
        marketplace_id=PLACES[label],
        options=options,
        start=span[0],
        end=span[1],
        as_of=as_of,
    )
    return [dict(row) for row in table.rows]


def keys(found: Iterable[Mapping[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in found]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("label", PLACES)
@pytest.mark.parametrize("report_type", TABLES)
def test_every_report_has_rows_with_all_columns_and_the_same_each_time(report_type: str, label: str) -> None:
    found = rows(report_type, label=label)
    assert found
    assert {tuple(row) for row in found} == {HEADERS[report_type]}
    again = Sandbox().data.table(
        report_type, account=label, marketplace_id=PLACES[label], options={}, start=MONTH[0], end=MONTH[1], as_of=NOW
    )
    assert found == list(again.rows)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("label", PLACES)
@pytest.mark.parametrize("report_type", KEYS)
def test_keys_are_unique(report_type: str, label: str) -> None:
    found = keys(rows(report_type, label=label), *KEYS[report_type])
    assert len(found) == len(set(found))


def test_another_seed_and_another_seller_are_another_world() -> None:
    assert rows(SHIPMENTS) != rows(SHIPMENTS, label="seller-de")
    place = PLACES["seller-us"]
    other = Sandbox(seed=2).data.table(
        SHIPMENTS, account="seller-us", marketplace_id=place, options={}, start=MONTH[0], end=MONTH[1], as_of=NOW
    )
    assert rows(SHIPMENTS) != list(other.rows)


@pytest.mark.parametrize("report_type", [BY_ORDER_DATE, SHIPMENTS, LEDGER, REIMBURSEMENTS])
def test_a_seller_has_nothing_before_its_first_day(report_type: str) -> None:
    seller = next(account for account in DEFAULT_ACCOUNTS if account.label == "seller-us")
    data = Sandbox(accounts=[replace(seller, first_day=date(2026, 11, 15))]).data
    last_before = datetime(2026, 11, 14, 23, 59, tzinfo=timezone.utc)
    found = [
        data.has_rows(
            report_type,
            account="seller-us",
            marketplace_id=PLACES["seller-us"],
            options={},
            start=MONTH[0],
            end=end,
            as_of=NOW,
        )
        for end in (NOW, last_before)
    ]
    assert found == [True, False]


def test_ranges_side_by_side_hold_each_row_once() -> None:
    middle = datetime(2026, 11, 1, tzinfo=timezone.utc)
    for report_type in (BY_ORDER_DATE, BY_LAST_UPDATE, SHIPMENTS, RETURNS, REMOVALS, REIMBURSEMENTS, LEDGER):
        parts = rows(report_type, (MONTH[0], middle - timedelta(seconds=1))) + rows(report_type, (middle, NOW))
        assert sorted(map(str, parts)) == sorted(map(str, rows(report_type)))


class TestOrders:
    def test_every_fulfilled_order_has_its_shipments_with_the_same_amounts(self) -> None:
        orders = {
            (row["amazon-order-id"], row["sku"]): row
            for row in rows(BY_ORDER_DATE)
            if row["item-status"] == "Shipped" and row["fulfillment-channel"] == "Amazon"
        }
        shipped = rows(SHIPMENTS, (MONTH[0], NOW), as_of=NOW + timedelta(days=1))
        seen = {(row["amazon-order-id"], row["sku"]): row for row in shipped}
        assert orders.keys() <= seen.keys()
        for key, order in orders.items():
            for column in ("item-price", "item-tax", "shipping-price", "item-promotion-discount", "currency"):
                assert order[column] == seen[key][column]

    def test_states_change_until_the_order_is_shipped(self) -> None:
        day = (NOW - timedelta(hours=3), NOW)
        states = [
            Counter(row["order-status"] for row in rows(BY_ORDER_DATE, day, as_of=NOW + timedelta(days=days)))
            for days in (0, 1, 7)
        ]
        assert states[0]["Pending"] >= 1
        assert sum(states[0].values()) == sum(states[2].values())
        assert "Shipped" not in states[0]
        assert states[2].keys() <= {"Shipped", "Cancelled"}

    def test_what_is_pending_has_no_amounts(self) -> None:
        pending = [row for row in rows(BY_ORDER_DATE) if row["order-status"] == "Pending"]
        assert pending
        assert {(row["item-price"], row["currency"]) for row in pending} == {(None, None)}

    def test_an_order_that_changes_again_leaves_its_old_place(self) -> None:
        day = (NOW - timedelta(days=1), NOW)
        before = {row["amazon-order-id"] for row in rows(BY_LAST_UPDATE, day)}
        after = {row["amazon-order-id"] for row in rows(BY_LAST_UPDATE, day, as_of=NOW + timedelta(days=5))}
        assert after < before
        later = rows(BY_LAST_UPDATE, (NOW, NOW + timedelta(days=5)), as_of=NOW + timedelta(days=5))
        assert before - after <= {row["amazon-order-id"] for row in later}

    def test_some_orders_have_equal_lines(self) -> None:
        lines = Counter(tuple(row.items()) for row in rows(BY_ORDER_DATE))
        assert max(lines.values()) > 1


class TestShipments:
    def test_they_are_known_one_to_three_hours_late_and_rarely_a_day(self) -> None:
        late = [row["reporting-date"] - row["shipment-date"] for row in rows(SHIPMENTS)]
        very_late = [delay for delay in late if delay > timedelta(hours=3)]
        assert min(late) >= timedelta(hours=1)
        assert 0 < len(very_late) < len(late) / 20
        assert timedelta(hours=21) < min(very_late) <= max(very_late) <= timedelta(hours=24)
        assert max(row["reporting-date"] for row in rows(SHIPMENTS)) <= NOW
        assert len(rows(SHIPMENTS)) < len(rows(SHIPMENTS, as_of=NOW + timedelta(days=1)))

    def test_buyers_stay_hidden_without_a_restricted_role(self) -> None:
        shown = rows(SHIPMENTS)
        table = sandbox().data.table(
            SHIPMENTS,
            account="seller-us-unrestricted",
            marketplace_id=PLACES["seller-us"],
            options={},
            start=MONTH[0],
            end=NOW,
            as_of=NOW,
        )
        for column in ("buyer-email", "buyer-name", "recipient-name", "ship-address-1", "bill-city"):
            assert all(row[column] for row in shown)
            assert not any(row[column] for row in table.rows)
        assert all(row["ship-city"] for row in table.rows)

    def test_sales_promotions_and_tax_are_of_the_same_shipments(self) -> None:
        shipments = {row["shipment-item-id"]: row for row in rows(SHIPMENTS)}
        assert [row["shipment-item-id"] for row in rows(SHIPMENTS_TAX)] == list(shipments)
        assert len(rows(SALES)) == len(shipments)
        promoted = rows(PROMOTIONS)
        assert promoted
        for row in promoted:
            assert row["item-promotion-discount"] == -shipments[row["shipment-item-id"]]["item-promotion-discount"]


class TestReturns:
    def test_what_comes_back_was_shipped(self) -> None:
        year = (NOW - timedelta(days=120), NOW)
        shipped = set(keys(rows(SHIPMENTS, year), "amazon-order-id", "sku"))
        assert set(keys(rows(RETURNS), "order-id", "sku")) <= shipped
        assert set(keys(rows(REPLACEMENTS), "original-amazon-order-id", "sku")) <= shipped

    def test_today_is_not_known_before_tomorrow(self) -> None:
        for report_type, column in ((RETURNS, "return-date"), (REPLACEMENTS, "shipment-date")):
            assert max(row[column] for row in rows(report_type, (NOW - timedelta(days=60), NOW))).date() < NOW.date()

    def test_most_units_have_a_plate_and_no_two_the_same(self) -> None:
        plates = [row["license-plate-number"] for row in rows(RETURNS, (NOW - timedelta(days=300), NOW))]
        known = [plate for plate in plates if plate]
        assert len(known) == len(set(known)) < len(plates)

    def test_removals_go_on_after_they_were_asked_for(self) -> None:
        span = (NOW - timedelta(days=30), NOW)
        young, old = rows(REMOVALS, span), rows(REMOVALS, span, as_of=NOW + timedelta(days=14))
        assert {row["order-status"] for row in young} == {"Pending", "Completed"}
        assert {row["order-status"] for row in old} == {"Completed"}
        assert keys(young, *KEYS[REMOVALS]) == keys(old, *KEYS[REMOVALS])


class TestLedger:
    @pytest.mark.parametrize("period", ["DAILY", "WEEKLY", "MONTHLY"])
    @pytest.mark.parametrize("location", ["COUNTRY", "FC"])
    def test_events_explain_the_balances(self, period: str, location: str) -> None:
        found = rows(SUMMARY, aggregatedByTimePeriod=period, aggregateByLocation=location)
        first = HEADERS[SUMMARY].index("Starting Warehouse Balance")
        for row in found:
            *parts, end, unknown = list(row.values())[first:-1]
            assert sum(parts) + unknown == end

    def test_a_day_begins_with_what_the_day_before_ended_with(self) -> None:
        found = rows(SUMMARY, aggregatedByTimePeriod="DAILY", aggregateByLocation="FC")
        by_day: dict[date, dict[Any, Any]] = defaultdict(dict)
        for row in found:
            balances = (row["Starting Warehouse Balance"], row["Ending Warehouse Balance"])
            by_day[row["Date"]][row["MSKU"], row["Disposition"], row["Location"]] = balances
        days = sorted(by_day)
        assert days == [date(2026, 10, 21) + timedelta(days=number) for number in range(30)]
        for before, after in pairwise(days):
            for shelf, (start, _) in by_day[after].items():
                assert start == by_day[before].get(shelf, (0, 0))[1]

    def test_detail_adds_up_to_the_summary(self) -> None:
        detail: Counter[Any] = Counter()
        for row in rows(LEDGER):
            detail[row["Date"], row["MSKU"], row["Disposition"], row["Fulfillment Center"]] += row["Quantity"]
        for row in rows(SUMMARY, aggregatedByTimePeriod="DAILY", aggregateByLocation="FC"):
            change = row["Ending Warehouse Balance"] - row["Starting Warehouse Balance"]
            assert detail[row["Date"], row["MSKU"], row["Disposition"], row["Location"]] == change

    def test_units_that_leave_are_those_of_the_shipments(self) -> None:
        span = (datetime(2026, 11, 1, tzinfo=timezone.utc), datetime(2026, 11, 10, 23, 59, 59, tzinfo=timezone.utc))
        left = sum(row["Quantity"] for row in rows(LEDGER, span, eventType="Shipments"))
        assert left == -sum(row["quantity-shipped"] for row in rows(SHIPMENTS, span))

    def test_equal_lines_are_there(self) -> None:
        assert max(Counter(tuple(row.items()) for row in rows(LEDGER)).values()) > 1

    def test_filters(self) -> None:
        one = rows(LEDGER)[0]
        for option, column in (("MSKU", "MSKU"), ("FNSKU", "FNSKU"), ("ASIN", "ASIN")):
            assert {row[column] for row in rows(LEDGER, **{option: one[column]})} == {one[column]}
        assert {row["Event Type"] for row in rows(LEDGER, eventType="Receipts")} == {"Receipts"}
        assert rows(LEDGER, eventType="") == rows(LEDGER)

    def test_snapshots_show_what_the_ledger_closed_with(self) -> None:
        yesterday = (NOW - timedelta(days=1), NOW)
        closed: Counter[str] = Counter()
        for row in rows(SUMMARY, yesterday, aggregatedByTimePeriod="DAILY"):
            if row["Date"] == date(2026, 11, 19):
                closed[row["MSKU"]] += row["Ending Warehouse Balance"]
        assert closed == {row["sku"]: row["afn-warehouse-quantity"] for row in rows(ALL_STOCK)}

    def test_snapshots_change_by_the_hour(self) -> None:
        assert rows(ALL_STOCK) == rows(ALL_STOCK, as_of=NOW + timedelta(minutes=30))
        assert rows(ALL_STOCK) != rows(ALL_STOCK, as_of=NOW + timedelta(hours=1))


class TestFinance:
    @pytest.mark.parametrize("label", PLACES)
    def test_the_first_line_of_a_settlement_is_its_total(self, label: str) -> None:
        span = (NOW - timedelta(days=14), NOW)
        first, *lines = rows(SETTLEMENT, span, label=label)
        assert first["total-amount"] == sum(line["amount"] for line in lines)
        assert (first["transaction-type"], first["settlement-start-date"]) == (None, span[0])
        assert {line["settlement-id"] for line in lines} == {first["settlement-id"]}
        assert {line["total-amount"] for line in lines} == {None}

    def test_each_shipment_is_settled_once(self) -> None:
        spans = [(NOW - timedelta(days=14 * n), NOW - timedelta(days=14 * (n - 1))) for n in (3, 2, 1)]
        principal: Counter[Any] = Counter()
        for span in spans:
            # Amazon makes a settlement just when it ends.
            for line in rows(SETTLEMENT, span, as_of=span[1]):
                if (line["amount-type"], line["amount-description"]) == ("ItemPrice", "Principal"):
                    principal[line["transaction-type"], line["order-item-code"]] += 1
        assert set(principal.values()) == {1}
        shipped = rows(SHIPMENTS, (NOW - timedelta(days=50), NOW))
        known = {r["amazon-order-item-id"] for r in shipped if spans[0][0] <= r["reporting-date"] < NOW}
        assert known == {
            code for kind, code in principal if kind == "Order" and code in {r["amazon-order-item-id"] for r in shipped}
        }
        assert any(kind == "Refund" for kind, _ in principal)

    def test_a_month_is_billed_on_the_tenth_of_the_next(self) -> None:
        october = (datetime(2026, 10, 1, tzinfo=timezone.utc), datetime(2026, 10, 31, tzinfo=timezone.utc))
        assert not rows(STORAGE, october, as_of=datetime(2026, 11, 9, 23, tzinfo=timezone.utc))
        billed = rows(STORAGE, october, as_of=datetime(2026, 11, 10, tzinfo=timezone.utc))
        assert {row["month_of_charge"] for row in billed} == {"2026-10"}

    def test_one_reimbursement_may_have_several_lines(self) -> None:
        assert max(Counter(row["reimbursement-id"] for row in rows(REIMBURSEMENTS)).values()) == 2


class TestTax:
    OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))

    def test_vat_is_that_of_all_marketplaces_whichever_is_asked_for(self) -> None:
        tables = [
            sandbox().data.table(
                VAT,
                account="seller-de",
                marketplace_id=place,
                options={},
                start=self.OCTOBER[0],
                end=self.OCTOBER[1],
                as_of=NOW,
            )
            for place in ("A1PA6795UKMFR9", "A13V1IB3VIYZZH")
        ]
        assert list(tables[0].rows) == list(tables[1].rows)
        assert {row["MARKETPLACE"] for row in tables[0].rows} == {"amazon.de", "amazon.fr", "amazon.co.uk"}
        assert {row["TRANSACTION_TYPE"] for row in tables[0].rows} == {"SALE", "REFUND", "FC_TRANSFER"}

    def test_vat_excluded_and_vat_make_the_price(self) -> None:
        for row in rows(VAT, self.OCTOBER, label="seller-de"):
            if row["TRANSACTION_TYPE"] != "FC_TRANSFER":
                net, tax = row["TOTAL_ACTIVITY_VALUE_AMT_VAT_EXCL"], row["TOTAL_ACTIVITY_VALUE_VAT_AMT"]
                assert net + tax == row["TOTAL_ACTIVITY_VALUE_AMT_VAT_INCL"]

    def test_businesses_and_everybody_else_do_not_overlap(self) -> None:
        business, consumers = (rows(report, label="seller-in") for report in (B2B, B2C))
        assert {row["Order Id"] for row in business}.isdisjoint(row["Order Id"] for row in consumers)
        for row in (*business, *consumers):
            assert row["Cgst Tax"] + row["Sgst Tax"] + row["Igst Tax"] == row["Total Tax Amount"]


def test_money_has_the_digits_of_its_currency() -> None:
    assert {type(row["item-price"]) for row in rows(SHIPMENTS, label="seller-jp")} == {int}
    for row in rows(SHIPMENTS):
        assert isinstance(row["item-price"], Decimal)
        assert row["item-price"].as_tuple().exponent == -2
