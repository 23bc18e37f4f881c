"""Layouts of seller reports as they come: versions, periods, renamed columns; what one row is, over several pulls."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bootstrap import ROOT

from amazon_sandbox import flatfiles
from amazon_sandbox.accounts import DEFAULT_ACCOUNTS
from amazon_sandbox.data import Data
from tap_amazon_vendor.config.marketplaces import BY_ID
from tap_amazon_vendor.documents.findings import Findings, Reject
from tap_amazon_vendor.documents.flat_files import FlatFileReader
from tap_amazon_vendor.inbox.files import look_at
from tap_amazon_vendor.inbox.recognise import Recogniser
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import REPORT_STREAMS

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]

#: Amazon's headers (see test_seller_declarations.py).
HEADERS: dict[str, Any] = json.loads((ROOT / "tests" / "data" / "seller_columns.json").read_text())

STREAMS = {stream.name: stream for stream in REPORT_STREAMS}
SAMPLES = sorted((ROOT.parent / "shared" / "samples" / "amzn-sandbox").glob("*.txt"))
CASES = ROOT.parent / "shared" / "cases"


def columns(stream: str) -> dict[str, Any]:
    found: dict[str, Any] = load_schema(stream)["properties"]
    return found


RECOGNISER = Recogniser(REPORT_STREAMS, columns)


def read(stream: str, path: Path, country: str = "US", findings: Findings | None = None) -> list[Row]:
    own = STREAMS[stream]
    assert own.report.layout
    reader = FlatFileReader(own.report.layout, columns(stream), own.key_columns, pytest.fail, pytest.fail)
    constants = {"snapshot_time": "2026-11-21T12:00:00Z"} if "snapshot_time" in columns(stream) else {}
    return list(itertools.chain.from_iterable(reader.read(path, constants, "report 7", findings, country=country)))


def table(path: Path, *lines: list[str] | str) -> Path:
    """Write a flat file; a line is its cells, or one text with blanks between them."""
    cells = (line.split(" ") if isinstance(line, str) else line for line in lines)
    path.write_text("".join("\t".join(line) + "\n" for line in cells), "utf-8")
    return path


def key(stream: str, row: Row) -> tuple[Any, ...]:
    return tuple(row[column] for column in STREAMS[stream].key_columns)


def recognised(path: Path) -> list[str]:
    return [stream.name for stream in RECOGNISER.recognise(look_at(path, path.name), "US").streams]


@pytest.mark.skipif(not SAMPLES, reason="the samples are not here")
def test_there_are_fourteen_of_amazons_samples() -> None:
    assert len(SAMPLES) == 14


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_line_of_amazons_own_samples_is_a_row_of_its_stream(path: Path) -> None:
    (stream,) = recognised(path)
    assert STREAMS[stream].report.name == path.stem
    rows = read(stream, path)
    assert len(rows) == len(path.read_text("utf-8").strip().splitlines()) - 1
    assert len({key(stream, row) for row in rows}) == len(rows)
    assert not any(row[column] in {None, ""} for row in rows for column in STREAMS[stream].key_columns)
    assert not any(row[column] in {None, "", "(none)"} for row in rows for column in STREAMS[stream].required_keys)


RETURNS = HEADERS["GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"]["columns"]


def pull(path: Path, *returns: tuple[str, str]) -> list[tuple[Any, ...]]:
    """Return the keys of returns, each a date and a license plate number."""
    lines = [f"{date} 111-1 SKU-1 B0TEST0001 X1 Pan 1 AAA1 SELLABLE DEFECTIVE Done {plate} " for date, plate in returns]
    return [
        key("seller_customer_returns", row) for row in read("seller_customer_returns", table(path, RETURNS, *lines))
    ]


def test_a_return_with_its_license_plate_is_one_row_though_its_date_changes(tmp_path: Path) -> None:
    first = pull(tmp_path / "1", ("2026-06-01T07:00:00+00:00", "LPN1"))
    second = pull(tmp_path / "2", ("2026-06-04T07:00:00+00:00", "LPN1"))
    assert first == second


def test_returns_without_a_license_plate_are_apart_within_a_document_and_between_documents(tmp_path: Path) -> None:
    same_day = pull(tmp_path / "1", ("2026-06-01T07:00:00+00:00", ""), ("2026-06-01T09:00:00+00:00", " "))
    another = pull(tmp_path / "2", ("2026-07-09T07:00:00+00:00", ""))
    assert len({*same_day, *another}) == 3


def test_pulls_of_one_document_have_the_same_keys(tmp_path: Path) -> None:
    lines = [("2026-06-01T07:00:00+00:00", plate) for plate in ("", "LPN1", "", "LPN1", "LPN2")]
    keys = pull(tmp_path / "1", *lines)
    assert keys == pull(tmp_path / "2", *lines)
    assert len(set(keys)) == len(keys)


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
def test_the_case_of_a_return_whose_date_changes() -> None:
    first, second = (read("seller_customer_returns", CASES / f"09_returns_pull{each}.txt") for each in (1, 2))
    assert {key("seller_customer_returns", row) for row in (*first, *second)} == {
        ("LPNTEST0001", "111-0000000-0000001", "SKU-1", "X1", "(none)", 1)
    }
    assert second[0]["return_date"] == "2026-06-04T07:00:00+00:00"


def parcel(path: Path, *parcels: tuple[str, str]) -> list[tuple[Any, ...]]:
    """Return the keys of removal shipments, each a date and a tracking number."""
    header = (
        "request-date order-id shipment-date sku fnsku disposition shipped-quantity carrier tracking-number "
        "removal-order-type"
    )
    lines = [f"2026-06-01T07:00:00+00:00 R1 {date} SKU-1 X1 SELLABLE 2 UPS {number} Return" for date, number in parcels]
    rows = read("seller_removal_shipments", table(path, header, *lines))
    return [key("seller_removal_shipments", row) for row in rows]


def test_a_package_is_one_row_though_its_date_changes_and_packages_without_a_number_are_apart(tmp_path: Path) -> None:
    first = parcel(tmp_path / "1", ("2026-06-02T07:00:00+00:00", "1Z1"), ("2026-06-02T07:00:00+00:00", ""))
    second = parcel(tmp_path / "2", ("2026-06-03T07:00:00+00:00", "1Z1"), ("2026-06-03T07:00:00+00:00", ""))
    assert first[0] == second[0]
    assert first[1] != second[1]


LEDGER = (
    "Date|FNSKU|ASIN|MSKU|Title|Disposition|Starting Warehouse Balance|In Transit Between Warehouses|Receipts|"
    "Customer Shipments|Customer Returns|Vendor Returns|Warehouse Transfer In/Out|Found|Lost|Damaged|Disposed|"
    "Other Events|Ending Warehouse Balance|Unknown Events|Location"
)


def balance(path: Path, date: str) -> Row:
    line = [date, "X1", "B0TEST0001", "SKU-1", "Pan", "SELLABLE", "5", *[""] * 11, "4", "", "AAA1"]
    (row,) = read("seller_ledger_summary", table(path, LEDGER.split("|"), line))
    return row


@pytest.mark.parametrize("month", ["04/2026", "4/2026", "2026-04", "04-2026", "2026/04"])
def test_a_monthly_ledger_is_of_the_months_first_day_and_no_days_balance(month: str, tmp_path: Path) -> None:
    monthly = balance(tmp_path / "1", month)
    daily = balance(tmp_path / "2", "04/01/2026")
    assert monthly["date"] == daily["date"] == "2026-04-01"
    assert (monthly["aggregated_by_time_period"], daily["aggregated_by_time_period"]) == ("MONTHLY", "DAILY")
    assert key("seller_ledger_summary", monthly) != key("seller_ledger_summary", daily)
    assert recognised(tmp_path / "1") == ["seller_ledger_summary"]


@pytest.mark.parametrize("nonsense", ["13/2026", "00/2026", "04/26", "2026", "04/2026/", "April"])
def test_a_line_whose_date_is_no_month_is_rejected(nonsense: str, tmp_path: Path) -> None:
    rejects: list[Reject] = []
    line = [nonsense, "X1", "B0TEST0001", "SKU-1", "Pan", "SELLABLE", "5", *[""] * 11, "4", "", "AAA1"]
    path = table(tmp_path / "1", LEDGER.split("|"), line)
    assert read("seller_ledger_summary", path, findings=Findings(rejects.append)) == []
    assert [(each.number, each.column) for each in rejects] == [(2, "date")]


DETAIL = "Date|FNSKU|ASIN|MSKU|Title|Event Type|Reference ID|Quantity|Fulfillment Center|Disposition|Reason|Country"


def movements(path: Path, *dates: str, extra: str = "") -> list[Row]:
    """Read movements; with an extra column each date is that column's too."""
    rest = ["X1", "B0TEST0001", "SKU-1", "Pan", "Receipts", "R1", "5", "AAA1", "SELLABLE", "", "US"]
    header = [*DETAIL.split("|"), *([extra] if extra else [])]
    lines = [[date[:10] if extra else date, *rest, *([date] if extra else [])] for date in dates]
    return read("seller_ledger_detail", table(path, header, *lines))


def test_a_movement_is_the_same_row_in_documents_with_and_without_its_time(tmp_path: Path) -> None:
    moments = ("2026-04-02T08:15:00Z", "2026-04-02T09:15:00Z")
    with_time = movements(tmp_path / "1", *moments, extra="Date and Time")
    in_date = movements(tmp_path / "2", *moments)
    without = movements(tmp_path / "3", "04/02/2026", "04/02/2026")
    keys = [[key("seller_ledger_detail", row) for row in rows] for rows in (with_time, in_date, without)]
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys[0])) == 2
    assert [row["date"] for row in (*with_time, *in_date, *without)] == ["2026-04-02"] * 6
    assert [row["date_and_time"] for row in with_time] == list(moments)
    assert [row["date_and_time"] for row in in_date] == list(moments)
    assert [row["date_and_time"] for row in without] == [None, None]


V1 = [
    *HEADERS["GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE"]["columns"],
    *HEADERS["GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE"]["sometimes"],
]
V2 = HEADERS["GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"]["columns"]


def settlement(path: Path, header: list[str], lines: list[dict[str, str]]) -> Path:
    return table(path, header, *([line.get(name, "") for name in header] for line in lines))


def first_line(total: str, date: str) -> dict[str, str]:
    dates = ("settlement-start-date", "settlement-end-date", "deposit-date")
    return {"settlement-id": "S1", "total-amount": total, "currency": "EUR"} | dict.fromkeys(dates, date)


def line(posted: str, **amounts: str) -> dict[str, str]:
    own = {"settlement-id": "S1", "transaction-type": "Order", "order-id": "O1", "marketplace-name": "Amazon.de"}
    return own | {"posted-date": posted} | {name.replace("_", "-"): amount for name, amount in amounts.items()}


@pytest.mark.parametrize("width", [33, 36])
@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-04-02T00:20:09+00:00", "2026-04-02T00:20:09+00:00"),
        ("02.04.2026 00:20:09 UTC", "2026-04-02T00:20:09+00:00"),
        ("02.04.2026", "2026-04-02T00:00:00"),
    ],
)
def test_the_first_version_of_settlements_has_a_stream_of_its_own_and_adds_up(
    width: int, date: str, expected: str, tmp_path: Path
) -> None:
    lines = [
        first_line("1.083,47", date),
        line(date, price_type="Principal", price_amount="1.100,00"),
        line(date, item_related_fee_type="Commission", item_related_fee_amount="-15,00"),
        line(date, promotion_id="P1", promotion_type="Shipping", promotion_amount="-0,53"),
        line(date, quantity_purchased="2"),
        line(date, other_fee_amount="-1,00", other_fee_reason_description="Fee"),
    ]
    path = settlement(tmp_path / "anything.txt", V1[:width], lines)
    assert recognised(path) == ["seller_settlements_v1"]
    rows = read("seller_settlements_v1", path, "DE")
    assert [row["line_number"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert (rows[0]["deposit_date"], rows[1]["posted_date"]) == (expected, expected)
    assert rows[1]["price_amount"] == Decimal("1100.00")
    assert difference("seller_settlements_v1", rows) == 0
    rows[3]["promotion_amount"] = Decimal("-0.52")
    assert difference("seller_settlements_v1", rows) == Decimal("-0.01")


def test_the_second_version_keeps_its_stream_and_adds_up(tmp_path: Path) -> None:
    lines = [
        first_line("95.00", "2026-04-02 00:00:00 UTC"),
        line("2026-04-02", amount_type="ItemPrice", amount_description="Principal", amount="100.00"),
        line("2026-04-02", amount_type="ItemFees", amount_description="Commission", amount="-5.00"),
    ]
    path = settlement(tmp_path / "anything.txt", V2, lines)
    assert recognised(path) == ["seller_settlements"]
    assert difference("seller_settlements", read("seller_settlements", path)) == 0


@pytest.mark.parametrize("repeats_header", [False, True])
def test_settlements_in_one_file_have_the_line_numbers_of_files_of_their_own(
    tmp_path: Path, *, repeats_header: bool
) -> None:
    day = "2026-04-02"
    texts = []
    for number, amounts in (("S1", ["4", "6", "-1"]), ("S2", ["7"]), ("S3", ["5", "5"])):
        lines = [first_line(str(sum(map(int, amounts))), day), *(line(day, amount=amount) for amount in amounts)]
        lines = [{**each, "settlement-id": number} for each in lines]
        texts.append(settlement(tmp_path / number, V2, lines).read_text())
    apart = [row for number in ("S1", "S2", "S3") for row in read("seller_settlements", tmp_path / number)]
    header, _, _ = texts[0].partition("\n")
    if not repeats_header:
        texts = [texts[0], *(text.removeprefix(f"{header}\n") for text in texts[1:])]
    # A line of the second that is no row takes none of the others' numbers.
    texts[1] += "odd\n"
    (tmp_path / "all").write_text("".join(texts))
    findings = Findings()
    together = read("seller_settlements", tmp_path / "all", findings=findings)
    assert together == apart
    assert [row["line_number"] for row in together] == [1, 2, 3, 4, 1, 2, 1, 2, 3]
    assert findings.rejected == (3 if repeats_header else 1)
    assert difference("seller_settlements", together) == 0


def difference(stream: str, rows: list[Row]) -> Decimal | None:
    total, findings = STREAMS[stream].total, Findings()
    assert total
    check = total.check()
    check.add(rows)
    check.finish(findings)
    return findings.total_difference


@pytest.mark.parametrize("label", ["seller-us", "seller-de", "seller-jp", "seller-in"])
@pytest.mark.parametrize("stream", ["seller_settlements", "seller_settlements_v1"])
def test_the_local_amazons_settlements_add_up_in_their_local_numbers(stream: str, label: str, tmp_path: Path) -> None:
    account = next(each for each in DEFAULT_ACCOUNTS if each.label == label)
    start, end = datetime(2026, 10, 1, tzinfo=timezone.utc), datetime(2026, 10, 15, tzinfo=timezone.utc)
    for place in account.marketplaces:
        found = Data(7, DEFAULT_ACCOUNTS, 12, 3).table(
            STREAMS[stream].report.name, account=account, marketplace_id=place, options={},
            start=start, end=end, as_of=end,
        )  # fmt: skip
        path = tmp_path / f"{place}.txt"
        path.write_bytes(b"".join(flatfiles.write(found)))
        assert recognised(path) == [stream]
        assert difference(stream, read(stream, path, BY_ID[place].country)) == 0


def test_what_amazon_no_longer_gives_is_never_asked_for(tmp_path: Path) -> None:
    from tap_amazon_vendor.tap import TapAmazonVendor  # noqa: PLC0415

    config = {
        "account_type": "seller",
        "client_id": "app",
        "client_secret": "secret",
        "refresh_token": "token",
        "marketplaces": ["US", "CA"],
        "state_dir": str(tmp_path),
    }
    streams = TapAmazonVendor(config=config, validate_config=False).streams
    assert [name for name, stream in STREAMS.items() if stream.report.inbox_only] == ["seller_settlements_v1"]
    assert streams["seller_settlements_v1"].partitions == []
    assert streams["seller_settlements"].partitions


RESTOCK = (
    "Product Name|FNSKU|Merchant SKU|ASIN|Condition|Supplier|Supplier part no.|Currency code|Price|Sales last 30 days|"
    "Units Sold Last 30 Days|Total Units|Recommended ship date"
)


@pytest.mark.parametrize("country", ["Country", "Country/Region Code"])
@pytest.mark.parametrize("supply", ["", "Total Days of Supply"])
def test_restock_has_two_names_for_the_country_and_lacks_columns(country: str, supply: str, tmp_path: Path) -> None:
    header = [country, *RESTOCK.split("|"), *([supply] if supply else [])]
    cells = ["US", "Steel pan", "X1", "SKU-1", "B0TEST0001", "New", "", "", "USD", "12.50", "", "3", "9", "12/01/2026"]
    path = table(tmp_path / "1", header, [*cells, *(["30"] if supply else [])])
    assert recognised(path) == ["seller_restock_recommendations"]
    (row,) = read("seller_restock_recommendations", path)
    assert (row["country"], row["merchant_sku"], row["price"]) == ("US", "SKU-1", Decimal("12.50"))
    assert row["recommended_ship_date"] == "2026-12-01"


@pytest.mark.parametrize("stream", REPORT_STREAMS, ids=lambda stream: stream.name)
def test_a_required_column_is_a_text_of_the_key(stream: Any) -> None:
    own = columns(stream.name)
    assert set(stream.required_keys) <= set(stream.key_columns)
    kinds = {(own[each]["type"], own[each].get("format")) for each in stream.required_keys}
    assert kinds <= {("string", None)}


@pytest.mark.parametrize("stream", REPORT_STREAMS, ids=lambda stream: stream.name)
def test_the_description_says_what_one_row_is(stream: Any) -> None:
    assert "One row is " in load_schema(stream.name)["description"]
