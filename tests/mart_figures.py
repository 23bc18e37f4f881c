"""What the marts of the dbt package must hold, worked out in Python from the sandbox's seed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from ads_seed import REPORTS, seeded
from mart_seed import DAY, PARTITION, Figures, Seed, keyed, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import Row


def completeness(seed: Seed) -> Figures:
    """What became of each day: the ledger is no figure of Amazon's, so it is taken as the runs wrote it."""
    ledger = seed.runs[1].upserted("report_ledger", seed.runs[0].upserted("report_ledger"))
    groups = defaultdict(list)
    for row in ledger.values():
        groups[row["account"], row["marketplace_id"], row["stream_name"], row["report_options"]].append(row)
    order = ["loaded", "empty", "failed", "later", "skipped"]
    found: Figures = {}
    for key, windows in groups.items():
        times = [
            [datetime.fromisoformat(row[name].replace("Z", "+00:00")) for name in ("window_start", "window_end")]
            for row in windows
        ]
        hourly = any(f"{each:%H%M%S}" != "000000" for pair in times for each in pair)
        days: dict[date, list[str]] = defaultdict(list)
        for row, (start, end) in zip(windows, times, strict=True):
            last = (end - timedelta(seconds=1) if hourly and end > start else end).date()
            for number in range((last - start.date()).days + 1):
                days[start.date() + number * DAY].append(row["outcome"])
        snapshot = all(row["window_start"][:10] == row["recorded_at"][:10] for row in windows)
        if not snapshot and "reportId=" not in key[3]:
            for number in range((max(days) - min(days)).days):
                days.setdefault(min(days) + number * DAY, [])
        for day, outcomes in days.items():
            state = min(outcomes, key=order.index, default="missing")
            found[(*key, day.isoformat())] = {"state": state, "times_loaded": outcomes.count("loaded")}
    return found


def inventory_health(seed: Seed) -> Figures:
    shipped: dict[tuple[str, ...], dict[date, int]] = defaultdict(dict)
    sold_on: dict[tuple[str, ...], set[date]] = defaultdict(set)
    for row in seed.days("vendor_sales"):
        partition, day = tuple(row[name] for name in PARTITION), date.fromisoformat(row["start_date"])
        shipped[(*partition, row["asin"])][day] = row.get("shipped_units") or 0
        sold_on[partition].add(day)
    forecasts: dict[tuple[str, ...], dict[date, dict[date, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for row in seed.reports("vendor_forecasting"):
        product = (row["account"], row["marketplace_id"], row["selling_program"], row["asin"])
        made, week = (date.fromisoformat(row[name]) for name in ("forecast_generation_date", "start_date"))
        forecasts[product][made][week] = row["mean_forecast_units"]
    rows = []
    for row in seed.days("vendor_inventory"):
        partition, day = tuple(row[name] for name in PARTITION), date.fromisoformat(row["start_date"])
        stock, aged = row.get("sellable_on_hand_inventory_units"), row.get("aged90_plus_days_sellable_inventory_units")
        figures: Row = {"day": row["start_date"], "open_purchase_order_units": row.get("open_purchase_order_units")}
        figures |= {"sell_through_rate": row.get("sell_through_rate"), "aged90_plus_days_share": ratio(aged, stock)}
        for weeks in (4, 8):
            days = [day - number * DAY for number in range(7 * weeks)]
            units = None
            if min(sold_on[partition]) <= days[-1] and max(sold_on[partition]) >= day:
                units = sum(shipped[(*partition, row["asin"])].get(each, 0) for each in days)
            figures[f"shipped_units_{weeks}_weeks"] = units
            figures[f"weeks_of_cover_{weeks}_weeks"] = None if stock is None else ratio(weeks * stock, units)
        latest = max((each for each in forecasts[(*partition[:3], row["asin"])] if each <= day), default=None)
        expected = None
        if latest is not None:
            weeks_of = forecasts[(*partition[:3], row["asin"])][latest]
            coming = [units for week, units in weeks_of.items() if day < week <= day + 28 * DAY]
            expected = sum(coming) if len(coming) == 4 else None
        figures["forecast_units_4_weeks"] = expected
        figures["weeks_of_cover_forecast"] = None if stock is None else ratio(4 * stock, expected)
        rows.append({**row, **figures})
    return keyed(rows, *PARTITION, "day", "asin")


def traffic_conversion(seed: Seed) -> Figures:
    period = ("account", "marketplace_id", "report_period", "start_date")
    views = {
        (*(row[name] for name in period), row["asin"]): row["glance_views"] for row in seed.reports("vendor_traffic")
    }
    found: Figures = {}
    sold = seed.reports("vendor_sales")
    units = {(*(row[name] for name in (*PARTITION, "report_period", "start_date")), row["asin"]): row for row in sold}
    for partition in {key[:-1] for key in units}:
        time = (*partition[:2], *partition[4:])
        seen = {key[-1] for key in views if key[:-1] == time} | {key[-1] for key in units if key[:-1] == partition}
        for asin in seen:
            ordered = units.get((*partition, asin), {}).get("ordered_units") or 0
            glances = views.get((*time, asin))
            found[(*partition, asin)] = {
                "glance_views": glances, "ordered_units": ordered, "conversion": ratio(ordered, glances)
            }  # fmt: skip
    return found


def advertised_sales(seed: Seed) -> Figures:
    labels = {marketplace: label for label, marketplace in seed.vendors.items()}
    spent: dict[tuple[str, ...], Row] = defaultdict(lambda: defaultdict(Decimal))
    for name, sales in (("ads_sp_advertised_products", "sales14d"), ("ads_sd_advertised_products", "sales")):
        for row in seeded(seed.world.sandbox, REPORTS[name], seed.runs[0].keys(name)).values():
            told = spent[labels[row["marketplace_id"]], row["marketplace_id"], row["date"], row["asin"]]
            for figure, value in {"clicks": "clicks", "cost_amount": "cost", "advertised_sales_amount": sales}.items():
                told[figure] += Decimal(str(row[value]))
    days = {label: {key[2] for key in spent if key[0] == label} for label in seed.vendors}
    found: Figures = {}
    for row in seed.days("vendor_sales"):
        partition, day = tuple(row[name] for name in PARTITION), row["start_date"]
        if day in days[partition[0]]:
            revenue = row.get("ordered_revenue_amount") or 0
            found[(*partition, day, row["asin"])] = {"ordered_revenue_amount": revenue}
    for partition_and_day in {key[:-1] for key in found}:
        for label, marketplace, day, asin in spent:
            if (label, marketplace, day) == (*partition_and_day[:2], partition_and_day[-1]):
                found.setdefault((*partition_and_day, asin), {"ordered_revenue_amount": 0})
    for key, figures in found.items():
        told = spent.get((*key[:2], *key[4:]), {})
        figures |= {name: told.get(name, 0) for name in ("clicks", "cost_amount", "advertised_sales_amount")}
        figures["tacos"] = ratio(figures["cost_amount"], figures["ordered_revenue_amount"])
    return found


def net_ppm(seed: Seed) -> Figures:
    rows = seed.reports("vendor_net_pure_product_margin")
    key = ("account", "marketplace_id", "report_period", "asin")
    ended = {(*(row[name] for name in key), row["end_date"]): row["net_pure_product_margin"] for row in rows}
    for row in rows:
        eve = (date.fromisoformat(row["start_date"]) - DAY).isoformat()
        before, now = ended.get((*(row[name] for name in key), eve)), row["net_pure_product_margin"]
        row["previous_net_pure_product_margin"] = before
        row["change"] = None if before is None or now is None else now - before
    return keyed(rows, "account", "marketplace_id", "report_period", "start_date", "asin")


def forecast_accuracy(seed: Seed) -> Figures:
    ordered: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
    for row in seed.days("vendor_sales"):
        partition = tuple(row[name] for name in PARTITION)
        ordered[(*partition, row["start_date"])][row["asin"]] = row.get("ordered_units") or 0
    found: Figures = {}
    for row in seed.reports("vendor_forecasting"):
        made, week = (date.fromisoformat(row[name]) for name in ("forecast_generation_date", "start_date"))
        days = [(week + number * DAY).isoformat() for number in range(7)]
        assert days[-1] == row["end_date"]
        for view in ("MANUFACTURING", "SOURCING"):
            partition = (row["account"], row["marketplace_id"], row["selling_program"], view)
            if not all((*partition, day) in ordered for day in days):
                continue
            units = sum(ordered[(*partition, day)].get(row["asin"], 0) for day in days)
            error = row["mean_forecast_units"] - units
            key = (*partition, row["asin"], week.isoformat(), str((week - made).days // 7 + 1))
            figures: Row = {"ordered_units": units, "error_units": error, "absolute_error_units": abs(error)}
            figures |= {"wape": ratio(abs(error), units), "bias": ratio(error, units)}
            figures |= {f"p{share}_hit": int(units <= row[f"p{share}_forecast_units"]) for share in (70, 80, 90)}
            found[key] = figures
    return found


def po_fill_rate(seed: Seed) -> Figures:
    def single(quantity: Row | None) -> int | None:
        if quantity is None:
            return None
        return int(quantity["amount"] * (quantity["unitSize"] if quantity["unitOfMeasure"] == "Cases" else 1))

    found: Figures = {}
    for label, order, status in seed.orders():
        window = order["orderDetails"].get("deliveryWindow")
        last_day = window and date.fromisoformat(window.split("--")[1][:10])
        costs = {
            item["itemSequenceNumber"]: Decimal(item["netCost"]["amount"]) for item in order["orderDetails"]["items"]
        }
        for item in status["itemStatus"]:
            ordered = single(item["orderedQuantity"]["orderedQuantity"])
            confirmed = single(item["acknowledgementStatus"].get("acceptedQuantity"))
            received = single(item["receivingStatus"]["receivedQuantity"])
            came = item["receivingStatus"].get("lastReceiveDate")
            late = (date.fromisoformat(came[:10]) - last_day).days if came and last_day else None
            key = (label, seed.vendors[label], order["purchaseOrderNumber"], item["itemSequenceNumber"])
            found[key] = {
                "ordered_units": ordered,
                "confirmed_units": confirmed,
                "received_units": received,
                "confirmation_rate": ratio(confirmed, ordered),
                "receive_rate": ratio(received, confirmed),
                "days_late": late,
                "cost_variance_amount": Decimal(item["netCost"]["amount"]) - costs[item["itemSequenceNumber"]],
            }
    return found


def invoice_deductions(seed: Seed) -> Figures:
    found: Figures = {}
    for label, header, line in seed.invoices():
        matching = line["lineItemContext"].get("matchingContext")
        total = line["totalAmount"]["currencyAmount"]
        goods = line["lineItemContext"]["lineItemType"] == "GOODS"
        matched, price = (
            (matching or {}).get(name, {}).get("currencyAmount") for name in ("matchedAmount", "priceVariance")
        )
        shortage = None if matched is None else total - matched - price
        deducted = total if not goods else 0
        if goods and matched is not None and header["invoiceStatus"] != "PAID":
            deducted = shortage + price
        key = (label, seed.vendors[label], header["invoiceIdentifier"], line["lineItemId"])
        found[key] = {
            "kind": "variance" if goods else "charge",
            "billed_amount": total,
            "quantity_variance_amount": shortage,
            "price_variance_amount": price,
            "deducted_amount": deducted,
        }
    return found


def buy_box(seed: Seed) -> Figures:
    product = ("account", "marketplace_id", "date_granularity", "parent_asin", "child_asin", "sku")
    rows = seed.reports("seller_sales_and_traffic_by_asin")
    for row in rows:
        for column in product:
            row.setdefault(column, "(none)")
    share = "traffic_by_asin_buy_box_percentage"
    ended = {(*(row[name] for name in product), row["end_date"]): row[share] for row in rows}
    for row in rows:
        eve = (date.fromisoformat(row["start_date"]) - DAY).isoformat()
        before, now = ended.get((*(row[name] for name in product), eve)), row[share]
        row |= {"buy_box_percentage": now, "change": None if before is None else now - before}
        row["page_views_without_buy_box"] = Decimal(row["traffic_by_asin_page_views"]) * (100 - Decimal(str(now))) / 100
    return keyed(rows, *product[:3], "start_date", *product[3:])


def daily_profit(seed: Seed) -> Figures:
    found: Figures = defaultdict(lambda: defaultdict(Decimal))
    currencies = {}
    for row in seed.settlement_lines():
        if row.get("transaction_type") is None:
            continue
        kind, what, amount = row["amount_type"], row["amount_description"], row["amount"]
        key = (
            row["account"],
            row["marketplace_id"],
            row["currency"],
            row["posted_date"].isoformat(),
            row.get("sku") or "(none)",
        )
        currencies[key[:2]] = row["currency"]
        if kind == "ItemWithheldTax" or what.endswith("Tax"):
            place = "tax"
        elif kind == "ItemPrice":
            place = "sales" if row["transaction_type"] == "Order" else "refunds"
        else:
            place = {"Promotion": "promotions", "ItemFees": "fees", "Cost of Advertising": "advertising"}.get(
                kind, "other"
            )
        found[key][f"{place}_amount"] += amount
        found[key]["proceeds_amount"] += amount
        if place == "sales" and what == "Principal":
            found[key]["units_sold"] += row["quantity_purchased"]
    for run_row in {
        tuple(row[name] for name in run.keys("seller_customer_returns")): row
        for run in seed.runs for row in run.records("seller_customer_returns")
    }.values():  # fmt: skip
        where = (run_row["account"], run_row["marketplace_id"])
        when = datetime.fromisoformat(run_row["return_date"].replace("Z", "+00:00"))
        day = (when - (when.utcoffset() or timedelta())).date().isoformat()
        found[(*where, currencies.get(where, "(none)"), day, run_row["sku"])]["units_returned"] += run_row["quantity"]
    names = [
        f"{name}_amount"
        for name in ("sales", "refunds", "promotions", "fees", "advertising", "tax", "other", "proceeds")
    ]
    return {
        key: {name: row.get(name, Decimal()) for name in (*names, "units_sold", "units_returned")}
        for key, row in found.items()
    }


@dataclass(frozen=True)
class Mart:
    """A mart's key, the figures to compare, and how to work them out."""

    key: tuple[str, ...]
    figures: tuple[str, ...]
    expected: Callable[[Seed], Figures]


MARTS = {
    "amazon__completeness": Mart(
        ("account", "marketplace_id", "stream_name", "report_options", "day"), ("state", "times_loaded"), completeness
    ),
    "vendor__inventory_health": Mart(
        (*PARTITION, "day", "asin"),
        (
            "shipped_units_4_weeks", "shipped_units_8_weeks", "weeks_of_cover_4_weeks", "weeks_of_cover_8_weeks",
            "forecast_units_4_weeks", "weeks_of_cover_forecast", "aged90_plus_days_share", "sell_through_rate",
            "open_purchase_order_units",
        ),
        inventory_health,
    ),
    "vendor__traffic_conversion": Mart(
        (*PARTITION, "report_period", "start_date", "asin"),
        ("glance_views", "ordered_units", "conversion"),
        traffic_conversion,
    ),
    "vendor__advertised_sales": Mart(
        (*PARTITION, "day", "asin"),
        ("clicks", "cost_amount", "advertised_sales_amount", "ordered_revenue_amount", "tacos"),
        advertised_sales,
    ),
    "vendor__net_ppm": Mart(
        ("account", "marketplace_id", "report_period", "start_date", "asin"),
        ("net_pure_product_margin", "previous_net_pure_product_margin", "change"),
        net_ppm,
    ),
    "vendor__forecast_accuracy": Mart(
        (*PARTITION, "asin", "week_start_date", "lead_weeks"),
        ("ordered_units", "error_units", "absolute_error_units", "wape", "bias", "p70_hit", "p80_hit", "p90_hit"),
        forecast_accuracy,
    ),
    "vendor__po_fill_rate": Mart(
        ("account", "marketplace_id", "purchase_order_number", "item_sequence_number"),
        (
            "ordered_units", "confirmed_units", "received_units", "confirmation_rate", "receive_rate", "days_late",
            "cost_variance_amount",
        ),
        po_fill_rate,
    ),
    "vendor__invoice_deductions": Mart(
        ("account", "marketplace_id", "invoice_identifier", "line_item_id"),
        ("kind", "billed_amount", "quantity_variance_amount", "price_variance_amount", "deducted_amount"),
        invoice_deductions,
    ),
    "seller__buy_box": Mart(
        ("account", "marketplace_id", "date_granularity", "start_date", "parent_asin", "child_asin", "sku"),
        ("buy_box_percentage", "change", "page_views_without_buy_box"),
        buy_box,
    ),
    "seller__daily_profit": Mart(
        ("account", "marketplace_id", "currency", "day", "sku"),
        (
            "units_sold", "units_returned", "sales_amount", "refunds_amount", "promotions_amount", "fees_amount",
            "advertising_amount", "tax_amount", "other_amount", "proceeds_amount",
        ),
        daily_profit,
    ),
}  # fmt: skip
