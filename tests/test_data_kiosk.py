"""Data Kiosk: queries that are valid by Amazon's schemas, documents in which every field becomes a column."""

from __future__ import annotations

import gzip
import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, cast

import data_kiosk_schemas
import graphql
import pytest
from bootstrap import ROOT
from clocks import NOW
from world import flat

from tap_amazon_vendor.amazon.wording import NULLS
from tap_amazon_vendor.config.settings_schema import KIOSK_ATTRIBUTES, KIOSK_METRICS
from tap_amazon_vendor.data_kiosk.answers import CreatedQuery, KioskDocument, Pagination, QueryList
from tap_amazon_vendor.data_kiosk.api import GET_QUERIES, MOST_PAGES, OPTIONAL_PAGES, DataKioskApi
from tap_amazon_vendor.data_kiosk.graphql import LONGEST_QUERY, normalised, selection, view_of
from tap_amazon_vendor.data_kiosk.request import QueryPage
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.json_lines import open_lines, read_lines
from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.engine.model import JobResult
from tap_amazon_vendor.errors import AccessDeniedError, DocumentError, MalformedAnswerError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.windows import Window
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams.data_kiosk import STREAMS
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tap_amazon_vendor.data_kiosk.request import QueryRequest
    from tap_amazon_vendor.documents.files import Document
    from tap_amazon_vendor.streams.query_rows import QueryRows
    from tap_amazon_vendor.streams.query_stream import QueryStream

Row = dict[str, Any]

SHARED = ROOT.parent / "shared"
SCHEMAS = SHARED / "spapi" / "schemas" / "data-kiosk"
BODIES = SHARED / "samples" / "peddler" / "bodies"
needs_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="Amazon's schemas are not beside the checkout")
needs_samples = pytest.mark.skipif(not BODIES.is_dir(), reason="the samples are not beside the checkout")

WINDOW = Window(date(2026, 11, 15), date(2026, 11, 28))
US, DE = "ATVPDKIKX0DER", "A1PA6795UKMFR9"
BY_NAME = {stream.name: stream for stream in STREAMS}


@cache
def a_tap(kind: str, group_by: str = "asin") -> TapAmazonVendor:
    config = {
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "r",
        "marketplaces": ["US"],
        "account_type": kind,
        "report_periods": ["DAY", "WEEK", "MONTH"],
        "kiosk_group_by": group_by.split(","),
    }
    return TapAmazonVendor(config=config)


def stream_of(name: str, group_by: str = "asin") -> QueryStream:
    return cast("QueryStream", a_tap(BY_NAME[name].account_type, group_by).streams[name])


def requests_of(name: str, **changes: Any) -> list[QueryRequest]:
    """One request of each partition of a stream."""
    stream = BY_NAME[name]
    settings = replace(a_tap(stream.account_type).settings, **changes)
    return [replace(stream.first_request(context, settings), window=WINDOW) for context in stream.partitions(settings)]


#: What no stream of its view reads.
LEFT_OUT = {"metrics.groupByKey.msrp": "An attribute that is an amount of money, by which nobody can group."}
#: Views without a stream.
NO_STREAM = {
    "salesAndTrafficTrends": "The figures by ASIN of at most 30 products, which must be named.",
    "economicsPreview": "Estimates of days to come, for fee types that must be named.",
    "economicsSimulation": "Estimates of what a change would bring, for products that must be named.",
}
TYPES = {"Float": "number", "Int": "integer", "Long": "integer", "Boolean": "boolean"}


def scalars(named: Any, path: tuple[str, ...] = (), *, replaced: bool = False) -> Iterator[tuple[str, str, bool]]:
    """Path, type, and whether Amazon has replaced it, of every scalar below a type of a schema."""
    if not isinstance(named, graphql.GraphQLObjectType):
        yield ".".join(path), named.name, replaced
        return
    for name, field in named.fields.items():
        gone = replaced or field.deprecation_reason is not None
        yield from scalars(graphql.get_named_type(field.type), (*path, name), replaced=gone)


def type_of_column(properties: Row, names: Sequence[str]) -> Row | None:
    """The schema of a value in a row: in a column of its own, or in one that is an object or a list of objects."""
    for end in range(len(names), 0, -1):
        found: Row = properties.get("_".join(map(column_name, names[:end])), {})
        inner: Row = found.get("items", found)
        if found and end == len(names):
            return inner
        if found and "properties" in inner and (deeper := type_of_column(inner["properties"], names[end:])):
            return deeper
    return None


class TestColumns:
    """Every metric that Amazon's schemas have is a typed column."""

    @needs_schemas
    @pytest.mark.parametrize("stream", STREAMS, ids=lambda each: each.name)
    def test_every_scalar_of_a_view_is_one_or_left_out_for_a_reason(self, stream: QueryRows) -> None:
        schema = data_kiosk_schemas.schema_of(SCHEMAS, stream.view)
        dataset: Any = graphql.get_named_type(cast("Any", schema.query_type).fields[stream.view.dataset].type)
        properties = load_schema(stream.name)["properties"]
        around = {name for lifted in (stream.view.rows, *stream.view.lifted) for name in lifted.split(".")}
        found = [*scalars(graphql.get_named_type(dataset.fields[stream.view.field].type))]
        assert len(found) > 50
        for path, kind, replaced in found:
            readers = [each for each in STREAMS if each.source == stream.source and path in each.fields]
            is_left_out = replaced or any(f"{path}.".startswith(f"{other}.") for other in LEFT_OUT)
            assert bool(readers) is not is_left_out, path
            if stream not in readers:
                continue
            names = path.split(".")
            while not (column := type_of_column(properties, names)) and names[0] in around:
                names.pop(0)
            assert column, path
            own = {each for each in [column["type"]] if isinstance(each, str)} or {*column["type"]} - {"null"}
            assert own == {TYPES.get(kind, "string")}, path
            assert (column.get("format") == "date") is (kind == "Date"), path

    @needs_schemas
    def test_every_view_has_a_stream_or_none_for_a_reason(self) -> None:
        schemas = {stream.view.dataset: data_kiosk_schemas.schema_of(SCHEMAS, stream.view) for stream in STREAMS}
        assert {path.stem for path in SCHEMAS.iterdir()} == {*schemas}
        views = {
            name
            for dataset, schema in schemas.items()
            for name in cast("Any", graphql.get_named_type(cast("Any", schema.query_type).fields[dataset].type)).fields
        }
        assert views == {stream.view.field for stream in STREAMS} | {*NO_STREAM}


class TestQueries:
    """The text that is sent."""

    @needs_schemas
    @pytest.mark.parametrize("stream", STREAMS, ids=lambda each: each.name)
    def test_every_query_is_valid_by_amazons_schema_and_not_too_long(self, stream: QueryRows) -> None:
        schema = data_kiosk_schemas.schema_of(SCHEMAS, stream.view)
        choices = product(
            ([*KIOSK_METRICS], ["costs"], ["traffic", "forecasting"]),
            ([*KIOSK_ATTRIBUTES], ["asin"], ["vendorCode", "brand"]),
        )
        for metrics, attributes in choices:
            requests = requests_of(stream.name, kiosk_metrics=tuple(metrics), kiosk_group_by=tuple(attributes))
            assert len(requests) == 3
            for request in requests:
                text = request.text()
                assert graphql.validate(schema, graphql.parse(text)) == []
                assert len(text) <= LONGEST_QUERY
                assert view_of(text) == stream.view.name

    @needs_schemas
    @pytest.mark.parametrize("stream", STREAMS, ids=lambda each: each.name)
    def test_the_schema_file_is_what_amazons_schema_makes_it(self, stream: QueryRows) -> None:
        path = ROOT / "tap_amazon_vendor" / "schemas" / f"{stream.name}.json"
        assert json.loads(path.read_text()) == data_kiosk_schemas.content(stream, SCHEMAS)

    @pytest.mark.parametrize("stream", STREAMS, ids=lambda each: each.name)
    def test_a_query_is_valid_graphql_and_asks_for_every_field(self, stream: QueryRows) -> None:
        (request, *_) = requests_of(stream.name, report_periods=("WEEK",), kiosk_metrics=KIOSK_METRICS)
        operation: Any = graphql.parse(request.text()).definitions[0]
        (dataset,) = operation.selection_set.selections
        (view,) = dataset.selection_set.selections
        asked = set(leaves(view.selection_set))
        others = {f"metrics.groupByKey.{name}" for name in KIOSK_ATTRIBUTES if name != "asin"}
        assert asked == {path for path in stream.fields if path not in others}

    def test_daily_queries_leave_out_what_amazon_has_for_single_days_only(self) -> None:
        daily, weekly = requests_of("vendor_analytics_sourcing", report_periods=("DAY", "WEEK"))
        assert "productAvailability" not in daily.text()
        assert "productAvailability" in weekly.text()

    def test_amounts_are_asked_for_in_the_currency_of_the_marketplace(self) -> None:
        (american,) = requests_of("vendor_analytics_sourcing", report_periods=("DAY",))
        german = replace(american, marketplace_id=DE)
        assert ('currencyCode:"USD"' in american.text(), 'currencyCode:"EUR"' in german.text()) == (True, True)

    def test_the_text_that_amazon_repeats_is_the_same_query(self) -> None:
        ours = 'query{a{b(startDate:"2025-01-01" endDate:"2025-01-31" ids:["X"]){c d{e}}}}'
        for theirs in (
            'query {a{b(startDate:"2025-01-01" endDate:"2025-01-31" ids:["X"]){c d{e}}}}',
            'query { a { b(startDate: "2025-01-01", endDate: "2025-01-31", ids: ["X"]) {\n c,\n d { e } # why\n } } }',
            '{a{b(startDate:"2025-01-01" endDate:"2025-01-31" ids:["X"]){c d{e}}}}',
        ):
            assert normalised(theirs) == normalised(ours)
        for other in (ours.replace("01-31", "01-30"), ours.replace("c d", "d c"), ours.replace('"X"', '"X Y"')):
            assert normalised(other) != normalised(ours)

    def test_a_query_that_only_strings_tell_apart_is_another(self) -> None:
        assert normalised('{a(b:"x, y")}') != normalised('{a(b:"x y")}')

    def test_fields_of_one_object_stay_together(self) -> None:
        assert selection(["a", "b.c", "d", "b.e.f", "b.e.g"]) == "a b{c e{f g}} d"

    def test_a_request_survives_the_state(self) -> None:
        for request in requests_of("vendor_analytics_manufacturing"):
            state = json.loads(json.dumps(request.to_state()))
            assert type(request).from_state(state) == request


def leaves(chosen: Any, path: str = "") -> list[str]:
    found: list[str] = []
    for node in chosen.selections:
        own = f"{path}.{node.name.value}" if path else node.name.value
        found += leaves(node.selection_set, own) if node.selection_set else [own]
    return found


def rows_of(name: str, *bodies: bytes, tmp_path: Path, group_by: str = "asin") -> tuple[list[Row], Findings]:
    """The rows of a stream from the documents of a query's pages."""
    stream = stream_of(name, group_by)
    documents = [document_of(body, tmp_path / f"{number}") for number, body in enumerate(bodies)]
    (request, *_) = requests_of(name)
    context = next(each for each in stream.partitions or ())
    *pages, last = documents
    result = JobResult(Outcome.LOADED, request, document=last, pages=tuple(pages), job_id="q1")
    findings = Findings()
    return [row for rows in stream.chunks(context, result, findings, dated=False) for row in rows], findings


def document_of(body: bytes, path: Path) -> Document:
    path.write_bytes(body)
    return open_lines(path)


def lines(*elements: Row) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in elements)


MONEY = {"amount": 9.99, "currencyCode": "USD"}


def view_element(start: str, *asins: str, marketplace_id: str = US) -> Row:
    """An element of a vendor view."""
    return {
        "startDate": start,
        "endDate": start,
        "marketplaceId": marketplace_id,
        "metrics": [
            {
                "groupByKey": {"asin": asin},
                "metrics": {
                    "costs": {"shippedCogs": {"amount": 12.5, "currencyCode": "USD"}, "netPPM": None},
                    "orders": {
                        "orderedUnitsWithRevenue": {"units": 3, "value": {"amount": 9.99, "currencyCode": "USD"}}
                    },
                    "traffic": {"glanceViews": 7, "lostFeaturedOffer": 0.25},
                    "customerSatisfaction": None,
                },
            }
            for asin in asins
        ],
    }


class TestRows:
    """From a document to rows."""

    def test_each_element_of_the_list_is_a_row_with_the_days_around_it(self, tmp_path: Path) -> None:
        body = lines(view_element("2026-11-21", "B1", "B2"), view_element("2026-11-22", "B1"))
        rows, findings = rows_of("vendor_analytics_manufacturing", body, tmp_path=tmp_path)
        assert [(row["start_date"], row["asin"]) for row in rows] == [
            ("2026-11-21", "B1"),
            ("2026-11-21", "B2"),
            ("2026-11-22", "B1"),
        ]
        first = rows[0]
        assert (first["marketplace_id"], first["country_code"], first["report_period"]) == (US, "US", "DAY")
        assert (first["group_by"], first["report_id"], first["_extra"]) == ("asin", "q1", None)
        assert first["shipped_cogs_amount"] == Decimal("12.5")
        assert first["ordered_units_with_revenue_value_currency_code"] == "USD"
        assert (first["glance_views"], first["lost_featured_offer"], first["net_ppm"]) == (7, Decimal("0.25"), None)
        assert (findings.rows, findings.repeated_keys, findings.remarks) == (3, 0, [])

    def test_what_is_known_of_all_products_together_is_a_row_of_its_own(self, tmp_path: Path) -> None:
        day = {"startDate": "2026-11-15", "endDate": "2026-11-21", "marketplaceId": US}
        rates = {"receivedFillRate": 0.9, "netReceived": {"units": 4, "value": MONEY}}
        totals = {"sourcing": rates, "productAvailability": {"ultraFastTrack": 0.75}, "costs": None}
        body = lines(day | {"totals": totals})
        (row,), findings = rows_of("vendor_analytics_sourcing_totals", body, tmp_path=tmp_path)
        assert (row["start_date"], row["end_date"]) == ("2026-11-15", "2026-11-21")
        assert (row["received_fill_rate"], row["ultra_fast_track"]) == (Decimal("0.9"), Decimal("0.75"))
        assert (row["net_received_units"], row["net_received_value_amount"]) == (4, Decimal("9.99"))
        assert (row["net_ppm"], row["_extra"], findings.remarks) == (None, None, [])
        assert "group_by" not in row

    def test_pages_are_read_in_their_order_as_one(self, tmp_path: Path) -> None:
        pages = lines(view_element("2026-11-21", "B1")), lines(view_element("2026-11-21", "B2", "B1"))
        rows, findings = rows_of("vendor_analytics_manufacturing", *pages, tmp_path=tmp_path)
        assert [row["asin"] for row in rows] == ["B1", "B2", "B1"]
        assert findings.repeated_keys == 1

    def test_the_key_holds_the_attributes_and_one_without_a_value_is_said_to_be_none(self, tmp_path: Path) -> None:
        element = view_element("2026-11-21", "B1")
        element["metrics"][0]["groupByKey"] = {"brand": None, "vendorCode": "ABCDE"}
        rows, _ = rows_of(
            "vendor_analytics_manufacturing", lines(element), tmp_path=tmp_path, group_by="vendorCode,brand"
        )
        assert [(row["brand"], row["vendor_code"], row["group_by"]) for row in rows] == [
            ("(none)", "ABCDE", "brand,vendorCode")
        ]
        stream = stream_of("vendor_analytics_manufacturing", "vendorCode,brand")
        assert tuple(stream.primary_keys)[-2:] == ("brand", "vendor_code")

    def test_rows_of_marketplaces_that_are_not_configured_are_left_out_and_counted(self, tmp_path: Path) -> None:
        body = lines(view_element("2026-11-21", "B1"), view_element("2026-11-21", "B1", marketplace_id=DE))
        rows, findings = rows_of("vendor_analytics_manufacturing", body, tmp_path=tmp_path)
        assert [row["marketplace_id"] for row in rows] == [US]
        assert findings.rows_elsewhere == {"DE": 1}

    def test_amazons_dates_stay_as_they_are(self, tmp_path: Path) -> None:
        body = lines(
            {"startDate": "2024-12-29", "endDate": "2025-01-04", "marketplaceId": US, "sales": {"unitsOrdered": 1}}
        )
        rows, _ = rows_of("seller_analytics_by_date", body, tmp_path=tmp_path)
        assert [(row["start_date"], row["end_date"]) for row in rows] == [("2024-12-29", "2025-01-04")]

    def test_a_field_of_tomorrow_is_kept(self, tmp_path: Path) -> None:
        body = lines({"startDate": "2026-11-21", "endDate": "2026-11-21", "marketplaceId": US, "sales": {"smiles": 5}})
        rows, _ = rows_of("seller_analytics_by_date", body, tmp_path=tmp_path)
        assert rows[0]["_extra"] == '{"sales.smiles":5}'

    def test_a_line_without_a_marketplace_is_rejected(self, tmp_path: Path) -> None:
        bare = {"startDate": "2026-11-21", "endDate": "2026-11-21", "sales": {"unitsOrdered": 1}}
        body = lines(bare, {**bare, "marketplaceId": US})
        rows, findings = rows_of("seller_analytics_by_date", body, tmp_path=tmp_path)
        assert (len(rows), findings.rejected) == (1, 1)

    @pytest.mark.parametrize("alone", [b'{"reportId":' + b"9" * 5_000 + b"}", b'{"startDate":"2026-11-21"}'])
    def test_a_document_of_one_line_that_is_no_row_is_no_answer(self, alone: bytes, tmp_path: Path) -> None:
        with pytest.raises(DocumentError, match="1 of 1 lines can't become rows"):
            rows_of("seller_analytics_by_date", alone, tmp_path=tmp_path)

    @needs_samples
    @pytest.mark.parametrize(
        ("name", "body", "count"),
        [
            (
                "seller_analytics_by_date",
                "DataKiosk__SalesAndTraffic20240424Test__test_sales_and_traffic_by_date_query__6",
                27,
            ),
            ("seller_economics", "DataKiosk__Economics20240315Test__test_economics_query__6", 100),
        ],
    )
    @pytest.mark.parametrize("zipped", [False, True])
    def test_recorded_documents_become_rows_with_every_field(
        self, name: str, body: str, count: int, *, zipped: bool, tmp_path: Path
    ) -> None:
        content = (BODIES / f"{body}.body").read_bytes()
        rows, findings = rows_of(name, gzip.compress(content) if zipped else content, tmp_path=tmp_path)
        elements = [json.loads(line, parse_float=Decimal) for line in content.splitlines() if line.strip()]
        assert len(rows) == len(elements) == count
        assert (findings.rejected, findings.repeated_keys, findings.unreadable_cells.total()) == (0, 0, 0)
        lists = {column for column, schema in load_schema(name)["properties"].items() if "array" in schema["type"]}
        for row, element in zip(rows, elements, strict=True):
            assert row["_extra"] is None
            for column, value in flat({field: inner for field, inner in element.items() if field not in lists}).items():
                assert row[column] == value
            for column in lists & element.keys():
                assert len(row[column]) == len(element[column])


class TestDocuments:
    """What comes in place of rows."""

    def test_an_error_document_is_no_document_of_rows(self, tmp_path: Path) -> None:
        body = b'[{"message":"Exception while fetching data","path":["analytics_x","view"]},{"message":"Second"}]'
        document = document_of(body, tmp_path / "d")
        assert document.error == "Exception while fetching data (/analytics_x/view); Second"

    def test_an_object_of_errors_is_one(self, tmp_path: Path) -> None:
        assert document_of(b'{"errors":[{"message":"Why"}]}', tmp_path / "d").error == "Why"

    @pytest.mark.parametrize("body", [b"", b"\n \n"])
    def test_a_document_without_lines_is_empty(self, body: bytes, tmp_path: Path) -> None:
        assert document_of(body, tmp_path / "d").empty

    @pytest.mark.parametrize("body", [b'{"a":1}\n{"a":', b"<html>", gzip.compress(b'{"a":1}\n' * 99, mtime=0)[:-4]])
    def test_what_is_cut_off_or_no_json_is_no_document(self, body: bytes, tmp_path: Path) -> None:
        with pytest.raises(DocumentError):
            document_of(body, tmp_path / "d")

    def test_a_line_that_is_no_json_fails_the_document(self, tmp_path: Path) -> None:
        document = document_of(b'{"a":1}\n{"a" 2}\n{"a":3}\n', tmp_path / "d")
        with pytest.raises(DocumentError, match="not JSON"):
            list(read_lines(document))

    def test_a_list_of_rows_is_not_taken_for_errors(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentError, match="begin with an object"):
            document_of(b'[{"startDate":"2026-01-01"}]', tmp_path / "d")

    @pytest.mark.parametrize("rows", ["", "rows"])
    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_an_error_among_the_lines_fails_the_document(self, rows: str, place: int, tmp_path: Path) -> None:
        """What Amazon did not write is missing: the window is not complete."""
        row, error = {"day": "x", "rows": [{"a": 1}], "errors": []}, {"errors": [{"message": "Why"}], "data": None}
        every: list[Row] = [row, row]
        every.insert(place, error)
        document = document_of(lines(*every), tmp_path / "d")
        with pytest.raises(DocumentError, match="broke off the document: Why"):
            list(read_lines(document, rows))

    @pytest.mark.parametrize(
        ("line", "found"),
        [
            (b'{"message":"Internal error"}', b'[{"message":"Internal error"}]'),
            (b'{"day":"x","rows":{"a":1}}', b'[{"day":"x","a":1}]'),
            (b'{"day":"x","rows":"none"}', b'["none"]'),
            (b"{}", b"[{}]"),
        ],
    )
    def test_a_line_with_something_else_than_its_list_is_not_passed_over(
        self, line: bytes, found: bytes, tmp_path: Path
    ) -> None:
        body = lines({"day": "w", "rows": [{"a": 1}]}) + line
        assert list(read_lines(document_of(body, tmp_path / "d"), "rows"))[1:] == [found]

    def test_a_line_break_within_a_text_stays_one(self, tmp_path: Path) -> None:
        document = document_of(b'{"a":"one\ntwo"}\n{"a":"three"}\n', tmp_path / "d")
        assert [row["a"] for each in read_lines(document) for row in json.loads(each)] == ["one\ntwo", "three"]

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-le"])
    def test_other_encodings_of_unicode_are_read(self, encoding: str, tmp_path: Path) -> None:
        body = "".join(f'{{"a":"é{number}"}}\r\n' for number in range(3000))
        document = document_of(body.encode(encoding), tmp_path / "d")
        found = [row["a"] for each in read_lines(document) for row in json.loads(each)]
        assert found == [f"é{number}" for number in range(3000)]

    def test_many_lines_are_read_in_slices(self, tmp_path: Path) -> None:
        body = lines(*({"a": number, "text": "x" * 100} for number in range(2000)))
        slices = list(read_lines(document_of(body, tmp_path / "d")))
        assert len(slices) > 3
        assert [row["a"] for each in slices for row in json.loads(each)] == list(range(2000))

    def test_a_long_list_in_a_line_is_read_in_slices(self, tmp_path: Path) -> None:
        body = lines({"day": "x", "rows": [{"key": {"a": number}} for number in range(9000)]}, {"day": "y", "rows": []})
        slices = list(read_lines(document_of(body, tmp_path / "d"), "rows", ("key",)))
        assert len(slices) > 3
        assert [row for each in slices for row in json.loads(each)] == [
            {"day": "x", "a": number} for number in range(9000)
        ]


class Answers:
    """Stands for an account's client: refuses queries with what a script says, then takes them."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.queries: list[str] = []

    def call(self, *_: Any, body: Row, **__: Any) -> CreatedQuery:
        self.queries.append(body["query"])
        if self.texts:
            raise AccessDeniedError(self.texts.pop(0))
        return CreatedQuery(query_id=f"q{len(self.queries)}")


def kiosk(answers: Answers, tmp_path: Path) -> DataKioskApi:
    return DataKioskApi(cast("Any", answers), cast("Any", None), tmp_path, may_download=bool)


@pytest.mark.parametrize("optional", [True, False])
def test_a_listing_that_only_saves_something_ends_within_its_quota_though_its_pages_do_not(
    tmp_path: Path, *, optional: bool
) -> None:
    class Endless:
        calls = 0

        def call(self, *_: Any, **__: Any) -> QueryList:
            self.calls += 1
            return QueryList([], Pagination(f"{self.calls}"))

    amazon = Endless()
    with nullcontext() if optional else pytest.raises(MalformedAnswerError, match="pages have no end"):
        api = kiosk(cast("Any", amazon), tmp_path)
        assert api.listed(["view"], None, NOW, optional=optional) == []
    assert amazon.calls == (OPTIONAL_PAGES if optional else MOST_PAGES)
    assert GET_QUERIES.burst > OPTIONAL_PAGES


@pytest.mark.parametrize(
    ("element", "found"),
    [
        ({"metrics": []}, (None, True)),
        ({"metrics": None}, (NULLS, False)),
        ({"metrics": [{"groupByKey": {"asin": "B1"}, "metrics": {"traffic": {"glanceViews": None}}}]}, (NULLS, False)),
        ({"metrics": [{"groupByKey": {"asin": "B1"}, "metrics": {"traffic": {"glanceViews": 7}}}]}, (None, False)),
    ],
)
def test_days_without_rows_are_told_from_rows_of_nulls(
    element: Row, found: tuple[str | None, bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = lines({"startDate": "2026-11-01", "endDate": "2026-11-01", "marketplaceId": US} | element)
    (request, *_) = requests_of("vendor_analytics_manufacturing")
    monkeypatch.setattr("tap_amazon_vendor.reports.job_calls.download", lambda *args, **_: args[2].write_bytes(body))
    named = type("Named", (), {"call": lambda *_, **__: KioskDocument(document_url="https://host/document")})()
    document = kiosk(cast("Any", named), tmp_path).fetch("d1", request)
    assert (document.error, document.empty) == found


class TestRefusedFields:
    """What Amazon does not give is left out of all queries of the run."""

    @pytest.mark.parametrize(
        "named",
        [
            "[analytics_vendorAnalytics_2024_09_30.manufacturingView.metrics.metrics.traffic.glanceViews]",
            "[metrics.metrics.traffic.glanceViews, totals.traffic.glanceViews]",
            "Traffic.glanceViews",
            "'glanceViews'",
        ],
    )
    def test_a_field_is_told_in_whatever_form_it_is_named(self, named: str, tmp_path: Path) -> None:
        (request, *_) = requests_of("vendor_analytics_manufacturing")
        answers = Answers(*[f"createQuery: Unauthorized to access requested fields. {named}"] * 2)
        api = kiosk(answers, tmp_path)
        with pytest.raises(AccessDeniedError):
            api.create(request)
        assert api.create(request) == "q3"
        assert ["glanceViews" in query for query in answers.queries] == [True, True, False]
        assert "lostFeaturedOffer" in answers.queries[2]
        api.create(request)
        assert "glanceViews" not in answers.queries[3]

    def test_a_single_refusal_may_be_an_incident_and_costs_no_field(self, tmp_path: Path) -> None:
        (first, *_) = requests_of("vendor_analytics_manufacturing")
        second = replace(first, marketplace_id="A2EUQ1WTGCTBG2")
        answers = Answers(*["Unauthorized to access requested fields. glanceViews"] * 2)
        api = kiosk(answers, tmp_path)
        for request in (first, second):
            with pytest.raises(AccessDeniedError) as caught:
                api.create(request)
            assert request.judge_refusal(caught.value).retry
        for request in (first, second):
            api.create(request)
        assert all("glanceViews" in query for query in answers.queries)

    def test_an_object_takes_its_fields_with_it(self, tmp_path: Path) -> None:
        (request, *_) = requests_of("vendor_analytics_manufacturing")
        answers = Answers(*["Unauthorized to access requested fields. metrics.metrics.costs"] * 2)
        api = kiosk(answers, tmp_path)
        with pytest.raises(AccessDeniedError):
            api.create(request)
        api.create(request)
        assert "costs" not in answers.queries[2]

    @pytest.mark.parametrize("named", ["", "startDate", "analytics_vendorAnalytics_2024_09_30.manufacturingView"])
    def test_without_a_field_to_leave_out_the_refusal_stands(self, named: str, tmp_path: Path) -> None:
        (request, *_) = requests_of("vendor_analytics_manufacturing")
        answers = Answers(f"Unauthorized to access requested fields. {named}")
        with pytest.raises(AccessDeniedError):
            kiosk(answers, tmp_path).create(request)
        verdict = request.judge_refusal(AccessDeniedError(f"Unauthorized to access requested fields. {named}"))
        assert (verdict.outcome, "Brand Analytics" in verdict.advice) == (Outcome.SKIPPED, True)

    def test_daily_stock_is_left_out_where_amazon_does_not_have_it(self, tmp_path: Path) -> None:
        (request,) = requests_of("vendor_analytics_sourcing", report_periods=("MONTH",))
        answers = Answers("The same start and end dates must be requested for Daily Inventory metrics.")
        kiosk(answers, tmp_path).create(request)
        assert "productAvailability" in answers.queries[0]
        assert "productAvailability" not in answers.queries[1]
        assert "netReceived" not in answers.queries[1]
        assert "confirmedUnits" in answers.queries[1]

    def test_the_next_page_goes_with_the_query_as_amazon_repeats_it(self, tmp_path: Path) -> None:
        (request, *_) = requests_of("seller_economics")
        answers = Answers()
        kiosk(answers, tmp_path).create(request.following(QueryPage("token", "query { as repeated }")))
        assert answers.queries == ["query { as repeated }"]
