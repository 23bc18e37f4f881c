"""Compares our schema files with Amazon's report schemas, for developers of the tap.

python3 scripts/check_schemas.py PATH

PATH is the folder `schemas/reports` of Amazon's models. What must agree for each column: its presence, its type,
its format, and that no key can be null. Enumerations and ranges are left out on purpose: a value that Amazon adds
tomorrow is a fact, not an error.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bootstrap

if __name__ == "__main__":
    bootstrap.in_venv(__file__)

from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import REPORT_STREAMS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    Schema = Mapping[str, Any]

_UNLISTED = "Amazon's schema lacks it, its documents carry it: "
_UNDATED = "Rows carry no date; reportSpecification."
_ASKED_FOR = "Every row has it: the marketplace that was asked for."
_LIST = "A short list without figures stays one column."
#: Intended differences: (stream, column, kind of difference) and why.
EXCEPTIONS = {
    ("vendor_traffic", "start_date", "narrower"): "Amazon forgot the format: its examples, and its totals, are dates.",
    ("vendor_traffic", "end_date", "narrower"): "Amazon forgot the format: its examples, and its totals, are dates.",
    ("vendor_inventory", "sourceable_product_out_of_stock_rate", "not Amazon's"): (
        f"{_UNLISTED}docs/amazon/vendor-reports.md#retail-analytics."
    ),
    ("vendor_coupons", "coupon_vendor_code", "not Amazon's"): f"{_UNLISTED}its own example does.",
    ("vendor_inventory", "procurable_product_out_of_stock_rate", "not Amazon's"): f"{_UNLISTED}its own example does.",
    ("vendor_inventory", "uft", "not Amazon's"): f"{_UNLISTED}its own example does.",
    ("vendor_inventory", "receive_fill_rate", "not Amazon's"): f"{_UNLISTED}its own example does.",
    ("vendor_inventory_totals", "sourceable_product_out_of_stock_rate", "not Amazon's"): (
        f"{_UNLISTED}public programs read it, and the rows of ASINs have it."
    ),
    ("vendor_real_time_sales", "currency_code", "not Amazon's"): "Said once, in reportSpecification.reportOptions.",
    ("brand_search_terms", "start_date", "not Amazon's"): f"{_UNDATED}dataStartTime does.",
    ("brand_search_terms", "end_date", "not Amazon's"): f"{_UNDATED}dataEndTime does.",
    ("brand_search_terms", "clicked_item_name", "not Amazon's"): f"{_UNLISTED}many public programs read it.",
    ("seller_sales_and_traffic_by_asin", "start_date", "not Amazon's"): f"{_UNDATED}dataStartTime does.",
    ("seller_sales_and_traffic_by_asin", "end_date", "not Amazon's"): f"{_UNDATED}dataEndTime does.",
    ("seller_sales_and_traffic_by_asin", "child_asin", "may be absent"): "Not where the report is asked for by SKU.",
    ("seller_sales_and_traffic_by_asin", "sku", "may be absent"): "Not where the report is asked for by SKU.",
    ("seller_account_health", "marketplace_id", "missing"): _ASKED_FOR,
    ("seller_account_health_metrics", "marketplace_id", "missing"): _ASKED_FOR,
    ("seller_account_health", "snapshot_time", "not Amazon's"): "When Amazon made the report.",
    ("seller_account_health_metrics", "snapshot_time", "not Amazon's"): "When Amazon made the report.",
    ("seller_account_health_metrics", "warning_states", "not Amazon's"): _LIST,
    ("seller_account_health_metrics", "account_health_rating_ahr_status", "not Amazon's"): (
        f"{_UNLISTED}its own example does."
    ),
    ("seller_account_health_metrics", "order_defect_rate_mfn_fulfillment_type", "not Amazon's"): (
        f"{_UNLISTED}it is required, and its own example does."
    ),
    ("seller_account_health_metrics", "order_defect_rate_afn_fulfillment_type", "not Amazon's"): (
        f"{_UNLISTED}it is required, and its own example does."
    ),
    ("GET_V2_SELLER_PERFORMANCE_REPORT", "performanceMetrics.warningStates", "no stream reads it"): _LIST,
}

#: Report types of files that do not name theirs.
UNNAMED = {"accountHealthReport-2020-11-18.json": "GET_V2_SELLER_PERFORMANCE_REPORT"}

#: A type and those that hold all its values and more.
WIDER = {"integer": {"number"}, "string date": {"string"}, "string date-time": {"string"}}


class PathError(Exception):
    """The folder is invalid; the message is all that the user needs."""


@dataclass(frozen=True)
class Source:
    """Where the rows of a stream come from.

    Attributes:
        stream: Name of the stream.
        report_type: Amazon's report type.
        array: The array of the document, as a dotted path.
        keys: Columns that identify a row.
        inherits: Fields that a row takes from the elements around its array.
    """

    stream: str
    report_type: str
    array: str
    keys: tuple[str, ...]
    inherits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """A column's schema.

    Attributes:
        kind: Type and format.
        optional: It may be absent or null.
    """

    kind: str
    optional: bool


@dataclass(frozen=True)
class Difference:
    """A difference between one of our schemas and Amazon's.

    Attributes:
        stream: Name of the stream, or of the report type where no stream is concerned.
        column: Name of the column, or path of the array.
        kind: What is different.
        ours: What we have.
        amazons: What Amazon has.
    """

    stream: str
    column: str
    kind: str
    ours: str = ""
    amazons: str = ""


class AmazonSchema:
    """A report schema of Amazon's."""

    def __init__(self, schema: Schema, file: str = "") -> None:
        """Take a JSON Schema, with references into itself, and the name of its file."""
        self._schema = schema
        specification = self._properties(self._properties(schema).get("reportSpecification", {}))
        said = self._resolve(specification.get("reportType", {}))
        #: Some files name their report type in an enumeration, others in an example only.
        self.report_types = {*said.get("enum", ()), *said.get("examples", ())} or {*filter(None, [UNNAMED.get(file)])}

    def arrays(self) -> dict[str, Schema]:
        """Return the schema of the rows of each array of objects, by dotted path."""
        return dict(self._arrays(self._schema, ""))

    def fields(self, row: Schema, prefix: str = "", *, optional: bool = False) -> dict[str, Field]:
        """Return the columns that a row is flattened to.

        Args:
            row: Schema of an object.
            prefix: What the names of its columns begin with.
            optional: The object may be absent.
        """
        found: dict[str, Field] = {}
        for name, schema in self._properties(row).items():
            value = self._resolve(schema)
            column = prefix + column_name(name)
            absent = optional or name not in self._resolve(row).get("required", ()) or "null" in _types(value)
            if self._properties(value):
                found |= self.fields(value, f"{column}_", optional=absent)
            elif self._items(value) is None:
                found[column] = Field(self._kind(value), absent)
        return found

    def _arrays(self, schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
        for name, value in self._properties(schema).items():
            items = self._items(value)
            if items is not None:
                yield f"{path}{name}", items
                yield from self._arrays(items, f"{path}{name}.")
            else:
                yield from self._arrays(value, f"{path}{name}.")

    def _items(self, schema: Schema) -> Schema | None:
        """Return the schema of an array's elements where they are objects."""
        items = self._resolve(self._resolve(schema).get("items", {}))
        return items if self._properties(items) else None

    def _kind(self, schema: Schema) -> str:
        return _kind({**schema, "items": self._resolve(schema["items"])} if "items" in schema else schema)

    def _properties(self, schema: Schema) -> Schema:
        properties: Schema = self._resolve(schema).get("properties", {})
        return properties

    def _resolve(self, schema: Schema) -> Schema:
        """Follow a reference; properties beside it take precedence over those of its target."""
        if "$ref" not in schema:
            return schema
        found: Any = self._schema
        for name in schema["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return self._resolve({**found, **{name: value for name, value in schema.items() if name != "$ref"}})


def _types(schema: Schema) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _kind(schema: Schema) -> str:
    """Write type and format, null left out: `string date`, `array of string`."""
    kind = " or ".join(name for name in _types(schema) if name != "null") or "any"
    if schema.get("format"):
        return f"{kind} {schema['format']}"
    return f"{kind} of {_kind(schema['items'])}" if "items" in schema else kind


def our_fields(schema: Schema) -> dict[str, Field]:
    """Return the columns of a schema file; those of an object are named as if it were flat."""
    fields: dict[str, Field] = {}
    for name, column in schema["properties"].items():
        if "properties" in column:
            fields |= {f"{name}_{inner}": field for inner, field in our_fields(column).items()}
        else:
            fields[name] = Field(_kind(column), "null" in _types(column))
    return fields


def amazons_fields(amazon: AmazonSchema, source: Source) -> dict[str, Field]:
    """Return the columns that a stream must have: those of its array, and what it inherits from around that."""
    arrays = amazon.arrays()
    names = source.array.split(".")
    around = [".".join(names[:depth]) for depth in range(1, len(names))]
    inherited = {
        column: field
        for path in around
        if path in arrays
        for column, field in amazon.fields(arrays[path]).items()
        if column in map(column_name, source.inherits)
    }
    return inherited | amazon.fields(arrays[source.array])


def compare(source: Source, ours: Mapping[str, Field], amazons: Mapping[str, Field]) -> list[Difference]:
    """Compare the columns of one stream."""
    found = []
    for column, field in amazons.items():
        if column not in ours:
            found.append(Difference(source.stream, column, "missing", amazons=field.kind))
        elif ours[column].kind != field.kind:
            kind = _direction(ours[column].kind, field.kind)
            found.append(Difference(source.stream, column, kind, ours[column].kind, field.kind))
    for column, field in ours.items():
        if column not in amazons:
            found.append(Difference(source.stream, column, "not Amazon's", ours=field.kind))
        elif amazons[column].optional and not field.optional:
            # A key of the report that Amazon may leave out, or a column that would refuse an absent value.
            found.append(Difference(source.stream, column, "may be absent", "never null", "optional"))
    for key in source.keys:
        if key not in ours:
            found.append(Difference(source.stream, key, "key without a column"))
        elif ours[key].optional:
            found.append(Difference(source.stream, key, "key may be null", "may be null", ""))
    return found


def _direction(ours: str, amazons: str) -> str:
    if ours in WIDER.get(amazons, ()):
        return "wider"
    return "narrower" if amazons in WIDER.get(ours, ()) else "other type"


def compare_all(sources: Iterable[Source], amazon: Sequence[AmazonSchema]) -> list[Difference]:
    """Compare all streams, and look for arrays of their reports that no stream reads."""
    found = []
    read: dict[int, tuple[str, set[str]]] = {}
    for source in sources:
        # Two files can be of one report type; then the array distinguishes them.
        files = [
            number
            for number, schema in enumerate(amazon)
            if source.report_type in schema.report_types and source.array in schema.arrays()
        ]
        if len(files) != 1:
            text = f"{len(files)} files have {source.report_type} with this array"
            found.append(Difference(source.stream, source.array, "no one schema", amazons=text))
            continue
        schema = amazon[files[0]]
        found += compare(source, our_fields(load_schema(source.stream)), amazons_fields(schema, source))
        read.setdefault(files[0], (source.report_type, set()))[1].add(source.array)
    for number, (report_type, arrays) in read.items():
        unread = [array for array in amazon[number].arrays() if array not in arrays]
        found += [Difference(report_type, array, "no stream reads it", amazons="array of objects") for array in unread]
    return found


def unexplained(found: Iterable[Difference], exceptions: Collection[tuple[str, str, str]]) -> list[Difference]:
    """Return the differences that are not intended, and the exceptions that are no longer needed."""
    differences = {(each.stream, each.column, each.kind): each for each in found}
    needless = [
        Difference(stream, column, f"needless exception: {kind}")
        for stream, column, kind in exceptions
        if (stream, column, kind) not in differences
    ]
    return [each for key, each in differences.items() if key not in exceptions] + needless


def load(folder: Path) -> list[AmazonSchema]:
    """Load Amazon's schemas.

    Raises:
        PathError: There is no such folder, a file is not JSON, or none is a report schema.
    """
    if not folder.is_dir():
        msg = f"{folder} is not a folder"
        raise PathError(msg)
    found = []
    for file in sorted(folder.glob("*.json")):
        try:
            schema = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            msg = f"{file} is not JSON: {error}"
            raise PathError(msg) from None
        if isinstance(schema, dict):
            found.append(AmazonSchema(schema, file.name))
    if not any(schema.report_types for schema in found):
        msg = f"{folder} has none of Amazon's report schemas: give the folder schemas/reports of Amazon's models"
        raise PathError(msg)
    return found


def sources() -> list[Source]:
    """Every stream of a JSON report, from its declaration."""
    return [
        Source(each.name, each.report.name, each.records_path, each.key_columns, each.parent_fields)
        for each in REPORT_STREAMS
        if not each.report.layout
    ]


def table(found: Iterable[Difference]) -> str:
    """Write differences as a table."""
    rows = [("stream", "column", "difference", "ours", "Amazon's")]
    rows += [(each.stream, each.column, each.kind, each.ours, each.amazons) for each in found]
    widths = [max(len(cell) for cell in cells) for cells in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def main(arguments: Sequence[str]) -> int:
    """Compare; return the exit code: 0 all agree, 1 differences, 2 nothing to compare with."""
    if len(arguments) != 1:
        print("Give one PATH: python3 scripts/check_schemas.py PATH", file=sys.stderr)
        return 2
    try:
        amazon = load(Path(arguments[0]))
    except PathError as error:
        print(error, file=sys.stderr)
        return 2
    streams = sources()
    found = unexplained(compare_all(streams, amazon), EXCEPTIONS)
    if found:
        print(table(found))
        return 1
    print(f"{len(streams)} streams agree with Amazon's schemas, but for {len(EXCEPTIONS)} exceptions with a reason.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
