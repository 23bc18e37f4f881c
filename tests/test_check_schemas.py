"""The comparison of our schema files with Amazon's, on made-up schemas and on the real ones where they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import check_schemas
import pytest
from bootstrap import ROOT
from check_schemas import (
    EXCEPTIONS,
    AmazonSchema,
    Difference,
    Field,
    Source,
    amazons_fields,
    compare,
    compare_all,
    main,
    our_fields,
    table,
    unexplained,
)

if TYPE_CHECKING:
    from pathlib import Path

SCHEMAS = ROOT.parent / "shared" / "spapi" / "schemas" / "reports"

STRING = {"type": "string"}
DATE = {"type": "string", "format": "date"}
INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}

SALES = Source("sales", "GET_SALES", "byAsin", ("asin",))
#: A report with references, a nested object, an array of scalars and an array of rows within rows.
REPORT = {
    "type": "object",
    "properties": {
        "reportSpecification": {
            "type": "object",
            "properties": {"reportType": {"type": "string", "enum": ["GET_SALES"]}},
        },
        "byAsin": {"type": "array", "items": {"$ref": "#/definitions/Row"}},
    },
    "definitions": {
        "Row": {
            "type": "object",
            "required": ["asin", "day", "revenue"],
            "properties": {
                "asin": STRING,
                "day": DATE,
                "revenue": {"$ref": "#/definitions/Money", "description": "Beside the reference."},
                "cost": {"$ref": "#/definitions/Money"},
                "p70Units": {"type": ["integer", "null"]},
                "tags": {"type": "array", "items": {"$ref": "#/definitions/Tag"}},
                "offers": {"type": "array", "items": {"$ref": "#/definitions/Offer"}},
            },
        },
        "Money": {
            "type": "object",
            "required": ["amount", "currencyCode"],
            "properties": {"amount": NUMBER, "currencyCode": STRING},
        },
        "Offer": {"type": "object", "required": ["offerId"], "properties": {"offerId": STRING, "price": NUMBER}},
        "Tag": STRING,
    },
}


def fields(**columns: tuple[str, bool]) -> dict[str, Field]:
    return {name: Field(*column) for name, column in columns.items()}


def differences(
    ours: dict[str, Any], amazons: dict[str, Any], required: tuple[str, ...] = ("asin",)
) -> list[Difference]:
    """Compare one schema file with one row of Amazon's, each given by its properties."""
    row = {"type": "object", "required": required, "properties": amazons}
    return compare(SALES, our_fields({"properties": ours}), AmazonSchema({}).fields(row))


def test_amazons_fields_are_flattened_as_rows_are() -> None:
    assert amazons_fields(AmazonSchema(REPORT), SALES) == fields(
        asin=("string", False),
        day=("string date", False),
        revenue_amount=("number", False),
        revenue_currency_code=("string", False),
        cost_amount=("number", True),
        cost_currency_code=("string", True),
        p70_units=("integer", True),
        tags=("array of string", True),
    )


def test_rows_within_rows_have_what_they_inherit() -> None:
    source = Source("offers", "GET_SALES", "byAsin.offers", ("asin", "offer_id"), inherits=("asin", "p70Units"))
    assert amazons_fields(AmazonSchema(REPORT), source) == fields(
        asin=("string", False), p70_units=("integer", True), offer_id=("string", False), price=("number", True)
    )


def test_every_array_of_rows_is_found() -> None:
    assert list(AmazonSchema(REPORT).arrays()) == ["byAsin", "byAsin.offers"]


@pytest.mark.parametrize("key", ["enum", "examples"])
def test_a_report_type_is_read_from_the_specification(key: str) -> None:
    said = {"type": "string", key: ["GET_COUPONS"]}
    specification = {"type": "object", "properties": {"reportType": said}}
    schema = {"type": "object", "properties": {"reportSpecification": specification}}
    assert AmazonSchema(schema).report_types == {"GET_COUPONS"}


def test_agreement_is_silent() -> None:
    ours = {
        "asin": STRING,
        "day": {"type": ["string", "null"], "format": "date"},
        "tags": {"type": ["array", "null"], "items": STRING},
    }
    amazons = {"asin": STRING, "day": DATE, "tags": {"type": "array", "items": STRING}}
    assert differences(ours, amazons, ("asin", "day")) == []


def test_a_range_or_an_enumeration_of_amazons_is_no_difference() -> None:
    amazons = {"asin": {**STRING, "enum": ["A"]}, "units": {**INTEGER, "minimum": 0}}
    assert differences({"asin": STRING, "units": {"type": ["integer", "null"]}}, amazons) == []


@pytest.mark.parametrize(
    ("ours", "amazons", "difference"),
    [
        (None, INTEGER, ("missing", "", "integer")),
        (["integer", "null"], None, ("not Amazon's", "integer", "")),
        (["integer", "null"], NUMBER, ("narrower", "integer", "number")),
        (["number", "null"], INTEGER, ("wider", "number", "integer")),
        (["string", "null"], DATE, ("wider", "string", "string date")),
        (["string", "null"], NUMBER, ("other type", "string", "number")),
        (["object", "null"], {"type": "array", "items": STRING}, ("other type", "object", "array of string")),
        ("integer", INTEGER, ("may be absent", "never null", "optional")),
        ("integer", {"type": ["integer", "null"]}, ("may be absent", "never null", "optional")),
    ],
)
def test_a_column_that_differs_is_told(ours: Any, amazons: dict[str, Any] | None, difference: tuple[str, ...]) -> None:
    found = differences(
        {"asin": STRING, **({"value": {"type": ours}} if ours else {})},
        {"asin": STRING, **({"value": amazons} if amazons else {})},
    )
    assert found == [Difference("sales", "value", *difference)]


@pytest.mark.parametrize(
    ("kind", "amazons", "difference"),
    [("date", "date-time", "other type"), ("date", None, "narrower"), ("date-time", None, "narrower")],
)
def test_a_format_that_differs_is_told(kind: str, amazons: str | None, difference: str) -> None:
    theirs = {"type": "string", **({"format": amazons} if amazons else {})}
    found = differences(
        {"asin": STRING, "at": {"type": ["string", "null"], "format": kind}}, {"asin": STRING, "at": theirs}
    )
    assert [(each.column, each.kind) for each in found] == [("at", difference)]


def test_the_elements_of_an_array_are_compared() -> None:
    amazons = {"asin": STRING, "tags": {"type": "array", "items": INTEGER}}
    (found,) = differences({"asin": STRING, "tags": {"type": ["array", "null"], "items": STRING}}, amazons)
    assert found == Difference("sales", "tags", "other type", "array of string", "array of integer")


def test_a_key_must_have_a_column_and_a_value() -> None:
    assert differences({"asin": {"type": ["string", "null"]}}, {"asin": STRING}) == [
        Difference("sales", "asin", "key may be null", "may be null")
    ]
    assert differences({}, {}) == [Difference("sales", "asin", "key without a column")]


def test_a_key_that_amazon_may_leave_out_is_told() -> None:
    assert [each.kind for each in differences({"asin": STRING}, {"asin": STRING}, ())] == ["may be absent"]


def test_an_array_that_no_stream_reads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = amazons_fields(AmazonSchema(REPORT), SALES)
    properties = {
        name: {"type": [field.kind.split()[0], *(["null"] if field.optional else [])]}
        for name, field in columns.items()
    }
    properties["day"]["format"] = "date"  # type: ignore[assignment]
    properties["tags"]["items"] = STRING  # type: ignore[assignment]
    monkeypatch.setattr(check_schemas, "load_schema", lambda _: {"properties": properties})
    assert compare_all([SALES], [AmazonSchema(REPORT)]) == [
        Difference("GET_SALES", "byAsin.offers", "no stream reads it", amazons="array of objects")
    ]


def test_of_two_files_of_a_report_type_the_array_tells_the_right_one() -> None:
    seller = json.loads(json.dumps(REPORT).replace("byAsin", "byAsins"))
    found = compare_all([SALES], [AmazonSchema(seller)])
    assert found == [Difference("sales", "byAsin", "no one schema", amazons="0 files have GET_SALES with this array")]
    found = compare_all([SALES], [AmazonSchema(REPORT), AmazonSchema(REPORT)])
    assert [each.amazons for each in found] == ["2 files have GET_SALES with this array"]


def test_an_exception_covers_its_own_difference_only() -> None:
    found = [Difference("sales", "units", "wider"), Difference("sales", "units", "may be absent")]
    assert unexplained(found, {("sales", "units", "wider"): "reason"}) == found[1:]


def test_an_exception_that_nothing_needs_is_told() -> None:
    assert unexplained([], {("sales", "units", "wider"): "reason"}) == [
        Difference("sales", "units", "needless exception: wider")
    ]


def test_differences_are_a_table() -> None:
    assert table([Difference("sales", "units", "wider", "number", "integer")]).splitlines() == [
        "stream  column  difference  ours    Amazon's",
        "sales   units   wider       number  integer",
    ]


def made_up(folder: Path, properties: dict[str, Any]) -> Path:
    """Write a folder with a report schema whose rows have these properties."""
    specification = {"type": "object", "properties": {"reportType": {"type": "string", "enum": ["GET_SALES"]}}}
    rows = {"type": "array", "items": {"type": "object", "required": [*properties], "properties": properties}}
    schema = {"type": "object", "properties": {"reportSpecification": specification, "byAsin": rows}}
    (folder / "sales.json").write_text(json.dumps(schema))
    return folder


@pytest.fixture
def one_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_schemas, "sources", lambda: [SALES])
    monkeypatch.setattr(check_schemas, "load_schema", lambda _: {"properties": {"asin": STRING}})
    monkeypatch.setattr(check_schemas, "EXCEPTIONS", {})


@pytest.mark.usefixtures("one_stream")
def test_agreement_ends_well_and_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(made_up(tmp_path, {"asin": STRING}))]) == 0
    out = "1 streams agree with Amazon's schemas, but for 0 exceptions with a reason.\n"
    assert capsys.readouterr() == (out, "")


@pytest.mark.usefixtures("one_stream")
def test_differences_end_badly_and_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(made_up(tmp_path, {"asin": STRING, "units": INTEGER}))]) == 1
    assert capsys.readouterr().out.splitlines()[1].split() == ["sales", "units", "missing", "integer"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "{} is not a folder\n"),
        ({}, "{} has none of Amazon's report schemas: give the folder schemas/reports of Amazon's models\n"),
        (
            {"a.json": "[]"},
            "{} has none of Amazon's report schemas: give the folder schemas/reports of Amazon's models\n",
        ),
        ({"a.json": "{"}, "{}/a.json is not JSON: "),
    ],
)
def test_a_wrong_path_is_one_clear_message(
    files: dict[str, str] | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "reports"
    if files is not None:
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_text(content)
    assert main([str(folder)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message.format(folder))
    assert err.count("\n") == 1


def test_no_path_is_one_clear_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err == "Give one PATH: python3 scripts/check_schemas.py PATH\n"


def test_every_exception_has_a_reason() -> None:
    assert all(EXCEPTIONS.values())


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="Amazon's schemas are not beside the checkout")
def test_our_schemas_agree_with_amazons(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SCHEMAS)]) == 0, capsys.readouterr().out


def test_a_schema_that_names_no_report_type_is_known_by_its_file() -> None:
    rows = {"accountStatuses": {"type": "array", "items": {"type": "object", "properties": {"status": STRING}}}}
    schema = {"type": "object", "properties": rows}
    assert AmazonSchema(schema, "accountHealthReport-2020-11-18.json").report_types == {
        "GET_V2_SELLER_PERFORMANCE_REPORT"
    }
    assert AmazonSchema(schema, "another.json").report_types == set()
    assert AmazonSchema(REPORT, "accountHealthReport-2020-11-18.json").report_types == {"GET_SALES"}
