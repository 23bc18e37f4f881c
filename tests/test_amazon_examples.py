"""Amazon's own example documents, where the fact pack lies beside the checkout."""

from __future__ import annotations

import gzip
import itertools
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from bootstrap import ROOT
from world import elements, flat

from tap_amazon_vendor.documents.files import open_document, read_slices
from tap_amazon_vendor.documents.rows import RowShaper
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import REPORT_STREAMS

if TYPE_CHECKING:
    from pathlib import Path

    from tap_amazon_vendor.streams.report_rows import ReportRows

SCHEMAS = ROOT.parent / "shared" / "spapi" / "schemas" / "reports"
pytestmark = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="Amazon's schemas are not beside the checkout")


def examples() -> list[tuple[ReportRows, int, dict[str, Any]]]:
    """Each example document of each report type that a stream reads."""
    found: list[tuple[ReportRows, int, dict[str, Any]]] = []
    for file in sorted(SCHEMAS.glob("*.json")) if SCHEMAS.is_dir() else []:
        # One of Amazon's examples has a slip of the pen.
        text = file.read_text().replace("browerPageViews", "browserPageViews")
        for number, document in enumerate(json.loads(text, parse_float=Decimal).get("examples", [])):
            specification = document.get("reportSpecification", {})
            report_type, options = specification.get("reportType"), specification.get("reportOptions", {})
            found += [
                (stream, number, document)
                for stream in REPORT_STREAMS
                # A seller's coupon report has the same type and other arrays.
                if stream.report.name == report_type
                and stream.records_path
                and stream.records_path.split(".")[0] in document
                # An example that was asked for otherwise has other rows.
                and all(options.get(name, value) == value for name, value in stream.report.fixed_options.items())
            ]
    return found


EXAMPLES = examples()


def test_every_stream_of_a_json_report_has_an_example() -> None:
    """Account health has one of another version, with other fields."""
    without = {"GET_V2_SELLER_PERFORMANCE_REPORT"}
    assert {stream for stream, *_ in EXAMPLES} == {
        stream for stream in REPORT_STREAMS if stream.records_path and stream.report.name not in without
    }


@pytest.mark.parametrize(
    ("stream", "document"),
    [(stream, document) for stream, _, document in EXAMPLES],
    ids=[f"{stream.name}-{number}" for stream, number, _ in EXAMPLES],
)
def test_every_field_of_an_example_arrives_typed(stream: ReportRows, document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(gzip.compress(json.dumps(document, default=float).encode()))
    unknown: list[str] = []
    schema = load_schema(stream.name)
    specification = document["reportSpecification"]
    constants = {column: specification.get(field) for column, field in stream.from_specification.items()}
    shaper = RowShaper(schema["properties"], stream.key_columns, unknown.append, stream.ignored_fields)
    slices = read_slices(open_document(path), stream.records_path, stream.parent_fields)
    rows = list(itertools.chain.from_iterable(shaper.shape(slices, constants, "example")))
    assert unknown == []
    array, *inner = stream.records_path.split(".")
    assert [{name: value for name, value in row.items() if value is not None} for row in rows] == [
        {name: value for name, value in constants.items() if value is not None}
        | flat({name: value for name, value in row.items() if name not in stream.ignored_fields})
        for row in elements(document[array], inner, stream.parent_fields)
    ]
    assert rows
    validator = jsonschema.Draft7Validator(schema)
    for row in rows:
        assert set(row) == set(schema["properties"])
        plain = {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}
        assert list(validator.iter_errors(plain)) == []
    keys = [tuple(row[key] for key in stream.key_columns) for row in rows]
    assert len(set(keys)) == len(keys)
