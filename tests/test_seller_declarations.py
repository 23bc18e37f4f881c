"""The declarations of a seller's streams: whole, true to Amazon's columns, and never without a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from bootstrap import ROOT

from tap_amazon_vendor.config.marketplaces import BY_COUNTRY, BY_ID
from tap_amazon_vendor.documents.flat_files import FlatFileReader
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.reports.calendars import AmazonGenerated, Snapshot, TimedPeriod
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import GROUPS, REPORT_STREAMS, STREAMS
from tap_amazon_vendor.streams.planning import demands, plan_jobs
from tap_amazon_vendor.streams.report_stream import ReportStream
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from pathlib import Path

    from clocks import FakeClock

    from tap_amazon_vendor.streams.report_rows import ReportRows

#: The header of each flat file: what Amazon writes today, what only some documents have, and names that changed.
#: Collected from schemas and samples that others published (Airbyte, Amazon's help pages, public programs).
HEADERS: dict[str, dict[str, Any]] = json.loads((ROOT / "tests" / "data" / "seller_columns.json").read_text())

SELLER = [stream for stream in STREAMS if stream.account_type == "seller"]
REPORTS = [stream for stream in REPORT_STREAMS if stream.account_type == "seller"]
FLAT = [stream for stream in REPORTS if stream.report.layout]
ADDED = {
    "line_number",
    "occurrence",
    "snapshot_time",
    *(name for stream in FLAT if stream.report.layout for name in stream.report.layout.derived),
} - {"date_and_time"}

#: The settings of a seller.
CONFIG: dict[str, Any] = {
    "account_type": "seller",
    "client_id": "app",
    "client_secret": "secret",
    "refresh_token": "token",
    "marketplaces": ["US"],
}

#: The names that users rely on, by permission group.
NAMES = {
    "Seller fulfillment and orders": (
        "seller_fulfilled_shipments seller_orders_by_order_date seller_orders_by_last_update seller_customer_returns "
        "seller_returns_by_return_date seller_shipment_sales seller_replacements seller_shipment_promotions "
        "seller_removal_orders seller_removal_shipments"
    ),
    "Seller inventory": (
        "seller_fba_inventory seller_fba_inventory_archived seller_afn_inventory seller_reserved_inventory "
        "seller_inventory_planning seller_restock_recommendations seller_stranded_inventory seller_ledger_summary "
        "seller_ledger_detail seller_stranded_inventory_loader seller_afn_inventory_by_country "
        "seller_inbound_noncompliance"
    ),
    "Seller finance and tax": (
        "seller_settlements seller_settlements_v1 seller_overage_fees "
        "seller_reimbursements seller_storage_fees seller_long_term_storage_fees "
        "seller_estimated_fees seller_finance_transactions seller_fulfilled_shipments_tax "
        "seller_fulfilled_shipments_invoicing seller_vat_transactions seller_gst_b2b seller_gst_b2c"
    ),
    "Seller performance": (
        "seller_account_health seller_account_health_metrics seller_sales_and_traffic_by_date "
        "seller_economics seller_analytics_by_date seller_analytics_by_asin "
        "seller_sales_and_traffic_by_asin search_catalog_performance search_query_performance"
    ),
}


def reports(*streams: ReportRows) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("stream", streams, ids=lambda stream: stream.name)


def columns(stream: ReportRows) -> dict[str, Any]:
    found: dict[str, Any] = load_schema(stream.name)["properties"]
    return found


@pytest.mark.parametrize("group", NAMES)
def test_every_group_has_its_streams(group: str) -> None:
    assert {stream.name for stream in GROUPS[group]} == set(NAMES[group].split())
    assert all(stream.account_type == "seller" for stream in GROUPS[group])


@pytest.mark.parametrize("stream", SELLER, ids=lambda stream: stream.name)
def test_a_key_is_made_of_columns_that_are_never_null(stream: ReportRows) -> None:
    schema = load_schema(stream.name)["properties"]
    assert stream.key_columns
    assert [key for key in stream.key_columns if schema[key]["type"] not in {"string", "integer"}] == []


@pytest.mark.parametrize("stream", SELLER, ids=lambda stream: stream.name)
def test_every_stream_and_every_column_is_described_and_typed(stream: ReportRows) -> None:
    schema = load_schema(stream.name)
    for described in (schema, *schema["properties"].values()):
        assert described["description"].endswith(".")
        assert len(described["description"]) > len("Units.")
    for column, own in schema["properties"].items():
        kinds = own["type"] if isinstance(own["type"], list) else [own["type"]]
        assert column == column_name(column)
        assert kinds[0] in {"string", "integer", "number", "boolean", "object", "array"}
        assert kinds[1:] in ([], ["null"])
        assert own.get("format") in {None, "date", "date-time"}


@pytest.mark.parametrize("stream", REPORT_STREAMS, ids=lambda stream: stream.name)
def test_no_column_is_longer_than_postgresql_takes(stream: ReportRows) -> None:
    """It cuts names off after 63 characters, and refuses a table with two that are equal then."""
    assert max(map(len, load_schema(stream.name)["properties"])) <= 63


@pytest.fixture(scope="module")
def seller() -> TapAmazonVendor:
    """The tap of a seller."""
    return TapAmazonVendor(config={"account_type": "seller"}, validate_config=False)


@pytest.mark.parametrize("stream", SELLER, ids=lambda stream: stream.name)
def test_the_catalog_has_every_stream_with_a_key_that_begins_as_all_do(
    stream: ReportRows, seller: TapAmazonVendor
) -> None:
    found = seller.streams[stream.name]
    assert found.primary_keys[:2] == ("account", "marketplace_id")
    assert set(found.primary_keys) <= set(found.schema["properties"])
    assert found.replication_key in found.schema["properties"]
    assert "_extra" in found.schema["properties"]


@pytest.mark.parametrize("stream", SELLER, ids=lambda stream: stream.name)
def test_every_stream_says_which_roles_suffice(stream: ReportRows) -> None:
    assert stream.roles


@reports(*FLAT)
def test_the_columns_are_those_of_amazons_header(stream: ReportRows) -> None:
    header = HEADERS[stream.report.name]
    renamed = header.get("renamed", {})
    amazons = {column_name(renamed.get(name, name)) for name in (*header["columns"], *header.get("sometimes", ()))}
    assert set(columns(stream)) - ADDED == amazons - ADDED


@reports(*FLAT)
def test_a_reader_finds_the_column_of_every_header_that_amazon_writes(stream: ReportRows) -> None:
    header = HEADERS[stream.report.name]
    assert stream.report.layout
    reader = FlatFileReader(stream.report.layout, columns(stream), stream.key_columns, pytest.fail, pytest.fail)
    names = [*header["columns"], *header.get("sometimes", ()), *header.get("renamed", {})]
    assert [name for name in names if reader.column(name) is None] == []


def report(stream: ReportRows, folder: Path) -> Path:
    """A file of two equal lines under Amazon's header."""
    assert stream.report.layout
    reader = FlatFileReader(stream.report.layout, columns(stream), stream.key_columns, pytest.fail, pytest.fail)
    samples = {"date": "2026-10-31", "date-time": "2026-10-31T09:08:07+00:00", "integer": "3", "number": "9.5"}
    header, cells = HEADERS[stream.report.name]["columns"], []
    for name in header:
        column = str(reader.column(name))
        own = columns(stream)[column]
        kind = own.get("format") or (own["type"] if isinstance(own["type"], str) else own["type"][0])
        cells.append(samples.get(kind, "yes"))
    path = folder / "report.txt"
    path.write_text("\n".join("\t".join(line) for line in (header, cells, cells)) + "\n")
    return path


def constants(stream: ReportRows) -> dict[str, str]:
    return {"snapshot_time": "2026-11-21T12:00:00Z"} if "snapshot_time" in columns(stream) else {}


@reports(*FLAT)
def test_a_file_of_amazons_header_is_read_whole(stream: ReportRows, tmp_path: Path) -> None:
    """Two equal lines: both come out, with keys of their own where the report has no natural key."""
    assert stream.report.layout
    reader = FlatFileReader(stream.report.layout, columns(stream), stream.key_columns, pytest.fail, pytest.fail)
    (rows,) = reader.read(report(stream, tmp_path), constants(stream), "report 7", country="US")
    assert len(rows) == len(("one", "another"))
    assert len({tuple(row[key] for key in stream.key_columns) for row in rows}) == (
        2 if stream.report.layout.numbered else 1
    )
    filled = {str(reader.column(name)) for name in HEADERS[stream.report.name]["columns"]}
    filled |= {*constants(stream), *filter(None, [stream.report.layout.numbered]), *stream.report.layout.derived}
    assert {name for name, value in rows[0].items() if value is not None} == filled


@reports(*FLAT)
def test_lines_without_an_identity_are_numbered_and_the_description_says_so(stream: ReportRows) -> None:
    assert stream.report.layout
    numbered = stream.report.layout.numbered
    assert ({numbered} if numbered else set()) == {"line_number", "occurrence"} & set(stream.key_columns)
    assert bool(numbered) == ("the key ends in the line's number" in load_schema(stream.name)["description"].lower())


@reports(*REPORTS)
def test_a_snapshot_carries_the_time_it_was_taken_in_its_key_or_its_day(stream: ReportRows) -> None:
    snapshot = isinstance(stream.time, Snapshot)
    assert ("snapshot_time" in columns(stream)) == snapshot
    if snapshot:
        assert {"snapshot_time", "snapshot_date"} & set(stream.key_columns)


@reports(*REPORTS)
def test_every_report_has_rows_of_one_kind(stream: ReportRows) -> None:
    assert bool(stream.report.layout) != bool(stream.records_path)


def test_what_amazon_makes_by_itself_is_read_for_as_long_as_it_is_kept() -> None:
    made = [stream for stream in REPORTS if stream.report.amazon_generated]
    assert [stream.name for stream in made] == ["seller_settlements", "seller_settlements_v1"]
    assert [stream for stream in REPORTS if isinstance(stream.time, AmazonGenerated)] == made


def test_restricted_are_the_reports_that_amazon_lists() -> None:
    """docs/amazon/reports-api.md#restricted-documents."""
    assert {stream.report.name for stream in REPORTS if stream.report.restricted} == {
        "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING",
        "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX",
        "GET_GST_MTR_B2B_CUSTOM",
        "GET_VAT_TRANSACTION_DATA",
    }


def test_one_report_for_all_marketplaces_is_read_once_for_an_account() -> None:
    assert {stream.name for stream in REPORTS if stream.report.once_per_account} == {
        "seller_settlements",
        "seller_settlements_v1",
        "seller_vat_transactions",
    }


@reports(*REPORTS)
def test_countries_are_marketplaces(stream: ReportRows) -> None:
    countries = {*(stream.countries or ()), *stream.report.countries_without}
    assert [country for country in countries if country not in BY_COUNTRY] == []


def test_streams_of_one_report_ask_for_the_same() -> None:
    same: dict[str, set[Any]] = {}
    for stream in REPORTS:
        asked = (
            stream.report.options,
            tuple(stream.report.fixed_options.items()),
            stream.report.refresh_interval,
            stream.report.restricted,
        )
        same.setdefault(stream.report.name, set()).add(asked)
    assert [report_type for report_type, asked in same.items() if len(asked) > 1] == []


@reports(*FLAT)
def test_a_sellers_days_do_not_wait_for_the_vendors(stream: ReportRows) -> None:
    if not isinstance(stream.time, (Snapshot, AmazonGenerated)):
        assert isinstance(stream.time, TimedPeriod)


def contexts(stream: str, *countries: str, **changes: Any) -> list[tuple[Any, ...]]:
    """Marketplace and options of each partition of a seller's stream."""
    found = TapAmazonVendor(config=CONFIG | {"marketplaces": list(countries)} | changes).streams[stream]
    return [
        (BY_ID[context["marketplace_id"]].country, *tuple(context.values())[2:]) for context in found.partitions or ()
    ]


def test_each_marketplace_has_reports_of_its_own() -> None:
    assert contexts("seller_fulfilled_shipments", "US", "CA") == [("US",), ("CA",)]


def test_a_report_is_asked_for_only_where_amazon_has_it() -> None:
    assert contexts("seller_gst_b2b", "DE", "IN") == [("IN",)]
    assert contexts("seller_inventory_planning", "NL", "DE", "PL") == [("DE",)]
    assert contexts("seller_fulfilled_shipments_tax", "DE") == []
    assert contexts("seller_fulfilled_shipments_invoicing", "UK", "IN") == [("GB",)]


@pytest.mark.parametrize("countries", [("DE", "FR", "UK"), ("UK", "FR", "DE"), ("NL", "DE", "UK", "FR")])
def test_a_report_of_all_marketplaces_has_one_partition_however_they_are_listed(countries: tuple[str, ...]) -> None:
    assert contexts("seller_vat_transactions", *countries) == [("FR",)]
    assert len(contexts("seller_settlements", *countries)) == 1


def test_the_period_of_sales_and_traffic_is_the_users() -> None:
    found = contexts("seller_sales_and_traffic_by_asin", "US", report_periods=["DAY", "WEEK", "YEAR"])
    assert found == [("US", "DAY"), ("US", "WEEK")]


def of(tap: TapAmazonVendor, name: str) -> ReportStream:
    stream = tap.streams[name]
    assert isinstance(stream, ReportStream)
    return stream


BY_NAME = {stream.name: stream for stream in REPORTS}


def test_options_that_are_no_choice_are_in_the_request() -> None:
    context = {"account": "default", "marketplace_id": "ATVPDKIKX0DER"}
    ledger = BY_NAME["seller_ledger_summary"].report_partition(context)
    assert dict(ledger.options) == {"aggregateByLocation": "FC", "aggregatedByTimePeriod": "DAILY"}
    context["date_granularity"] = "DAY"
    by_date, by_asin = (BY_NAME[f"seller_sales_and_traffic_by_{each}"] for each in ("date", "asin"))
    assert dict(by_asin.report_partition(context).options) == {"asinGranularity": "SKU", "dateGranularity": "DAY"}
    assert by_date.report_partition(context) == by_asin.report_partition(context)


@pytest.mark.parametrize(("streams", "windows"), [(("date",), 1), (("asin",), 28), (("date", "asin"), 28)])
def test_by_date_alone_needs_one_report_and_otherwise_reads_those_of_each_day(
    streams: tuple[str, ...], windows: int, clock: FakeClock
) -> None:
    config = CONFIG | {"start_date": "2026-10-22"}
    tap = TapAmazonVendor(config=config, clock=clock)
    chosen = [of(tap, f"seller_sales_and_traffic_by_{each}") for each in streams]
    (planned,) = plan_jobs(demands(chosen, tap.run.horizon), tap.run.horizon).values()
    assert len(planned) == windows
    assert {report.readers for report in planned} == {frozenset(stream.name for stream in chosen)}
