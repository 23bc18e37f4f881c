"""What Amazon had when two runs read it, from the sandbox's seed: what the marts are worked out from."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from clocks import NOW
from world import seed_rows, table_rows

from amazon_sandbox.data.invoices import header_as_json, items_as_json
from amazon_sandbox.data.procurement import order_as_json, status_as_json
from tap_amazon_vendor.streams import REPORT_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from world import Row, Run, World

Figures = dict[tuple[str, ...], dict[str, Any]]

STREAMS = {stream.name: stream for stream in REPORT_STREAMS}
SETTLEMENTS = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
PARTITION = ("account", "marketplace_id", "selling_program", "distributor_view")
DAY = timedelta(days=1)
#: By how much a cost rises after the order.
RISE = Decimal("0.25")


def unusual(stream: str, row: Row) -> Row:
    """Return a row that Amazon may send, the local Amazon never, so that each figure of the marts has several values.

    A forecast far below what is ordered, a cost that changed after the order, advertising paid out of a settlement.
    """
    if stream == "vendor_forecasting":
        factor = (Decimal(1), Decimal("0.7"), Decimal("0.6"), Decimal("0.1"))[sum(row["asin"].encode()) % 4]
        names = [name for name in row if name.endswith("_forecast_units")]
        return row | {name: Decimal(row[name]) * factor for name in names}
    if stream == "vendor_purchase_order_status_items" and sum(row["purchase_order_number"].encode()) % 2:
        return row | {"net_cost_amount": Decimal(row["net_cost_amount"]) + RISE}
    if stream == "seller_settlements" and row.get("amount_type") == "other-transaction":
        if sum(row["settlement_id"].encode()) % 2:
            return row
        return row | {"amount_type": "Cost of Advertising", "amount_description": "TransactionTotalAmount"}
    return row


def unusual_run(run: Run) -> Run:
    """Return a run that read such rows."""
    lines = []
    for line, message in zip(run.lines, run.messages, strict=True):
        if message["type"] == "RECORD":
            record = unusual(message["stream"], message["record"])
            if record is not message["record"]:
                lines.append(json.dumps(message | {"record": record}, default=float).encode() + b"\n")
                continue
        lines.append(line)
    return replace(run, lines=lines)


@dataclass
class Seed:
    """What Amazon had when two runs read it.

    Attributes:
        world: The sandbox and its clock, which stands where it stood when the second run began.
        runs: The runs, for which rows they read: never for what is in them.
        vendors: Marketplace of each vendor.
        sellers: Marketplace of each seller.
    """

    world: World
    runs: Sequence[Run]
    vendors: dict[str, str]
    sellers: dict[str, str]

    def reports(self, name: str) -> list[Row]:
        """The rows of a report's stream of all accounts, each as it was read last."""
        stream, rows = STREAMS[name], {}
        accounts = self.vendors if stream.account_type == "vendor" else self.sellers
        for label in accounts:
            calls = [call for call in self.world.sandbox.calls if call.account == label and call.status == 202]
            for read in seed_rows(self.world.sandbox, stream, calls, label):
                row = unusual(name, read | {"account": label})
                rows[tuple(row.get(column) for column in (*PARTITION, "report_period", *stream.key_columns))] = row
        return list(rows.values())

    def days(self, name: str) -> list[Row]:
        """Those of single days."""
        return [row for row in self.reports(name) if row["report_period"] == "DAY"]

    def read(self, name: str, *columns: str) -> set[tuple[Any, ...]]:
        """The values of columns in the rows that were read."""
        return {tuple(row[column] for column in columns) for run in self.runs for row in run.records(name)}

    def orders(self) -> list[tuple[str, Row, Row]]:
        """Account, order and status of each purchase order whose status was read."""
        found, now = [], self.world.clock()
        for label, number in sorted(self.read("vendor_purchase_order_statuses", "account", "purchase_order_number")):
            order = self.world.sandbox.data.procurement(label).find(number, now)
            assert order is not None
            status = status_as_json(order, now)
            for item in status["itemStatus"]:
                cost = item["netCost"]
                told = {"purchase_order_number": number, "net_cost_amount": cost["amount"]}
                cost["amount"] = unusual("vendor_purchase_order_status_items", told)["net_cost_amount"]
            found.append((label, order_as_json(order, now), status))
        return found

    def invoices(self) -> list[tuple[str, Row, Row]]:
        """Account, header and line of each line of each invoice that was read."""
        found, now = [], self.world.clock()
        for label, identifier in sorted(self.read("vendor_invoices", "account", "invoice_identifier")):
            invoice = self.world.sandbox.data.invoices(label).find(identifier, now)
            assert invoice is not None
            header = header_as_json(invoice, now, "group")
            found += [(label, header, line) for line in items_as_json(invoice, invoice.lines, now)]
        return found

    def settlement_lines(self) -> list[Row]:
        """The lines of all settlements of the sellers that Amazon kept when one of the runs read them."""
        rows: list[Row] = []
        for label, marketplace in self.sellers.items():
            account = next(each for each in self.world.sandbox.accounts if each.label == label)
            kept = {
                job.report_id: job
                for now in (NOW, self.world.clock())
                for job in self.world.sandbox.jobs.of(account, now)
                if job.request.report_type == SETTLEMENTS and job.created_at <= now
            }
            for job in kept.values():
                table = self.world.sandbox.data.table(
                    SETTLEMENTS, account=account, marketplace_id=job.request.marketplace_ids[0],
                    options={}, start=job.request.start, end=job.request.end, as_of=job.created_at,
                )  # fmt: skip
                # Only the first line tells it.
                currency = next(iter(table.rows))["currency"]
                for key, row in table_rows(STREAMS["seller_settlements"], table, marketplace).items():
                    line = {"account": label, **row, "marketplace_id": key[0], "currency": currency}
                    rows.append(unusual("seller_settlements", line))
        return rows


def ratio(numerator: object, denominator: Any) -> float | None:
    if numerator is None or not denominator or denominator <= 0:
        return None
    return float(numerator) / float(denominator)  # type: ignore[arg-type]


def keyed(rows: Iterable[Row], *columns: str) -> Figures:
    """Rows by their key."""
    listed = list(rows)
    found = {tuple(str(row[column]) for column in columns): row for row in listed}
    assert len(found) == len(listed)
    return found
