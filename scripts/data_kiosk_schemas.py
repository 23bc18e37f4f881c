"""Writes the schema files of Data Kiosk streams from Amazon's GraphQL schemas, for developers of the tap.

python3 scripts/data_kiosk_schemas.py PATH

PATH is the folder `schemas/data-kiosk` of Amazon's models. Every field that a stream's view has becomes a column, in
our words: no sentence of Amazon's is copied. `fields` lists them as paths, from which queries are built.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import bootstrap

if __name__ == "__main__":
    bootstrap.in_venv(__file__)

from data_kiosk_words import meaning
from graphql import GraphQLList, GraphQLObjectType, build_schema, get_named_type, get_nullable_type

from tap_amazon_vendor.documents.rows import column_name
from tap_amazon_vendor.streams.data_kiosk import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql import GraphQLSchema

    from tap_amazon_vendor.data_kiosk.view import View
    from tap_amazon_vendor.streams.query_rows import QueryRows

#: A named type of graphql-core.
Named: TypeAlias = Any

FOLDER = bootstrap.ROOT / "tap_amazon_vendor" / "schemas"

TYPES: dict[str, dict[str, Any]] = {
    "Float": {"type": ["number", "null"]},
    "Int": {"type": ["integer", "null"]},
    "Long": {"type": ["integer", "null"]},
    "Boolean": {"type": ["boolean", "null"]},
    "Date": {"type": ["string", "null"], "format": "date"},
}

#: Characters of a column name that PostgreSQL takes.
LONGEST_NAME = 63

#: Fields that come first.
FIRST = ("startDate", "endDate", "marketplaceId")


def schema_of(folder: Path, view: View) -> GraphQLSchema:
    """Read the GraphQL schema of a view."""
    return build_schema((folder / f"{view.dataset}.graphql").read_text(encoding="utf-8"))


def columns(stream: QueryRows, schema: GraphQLSchema) -> tuple[list[str], dict[str, Any]]:
    """Return the paths of a view's fields, and the columns that they become."""
    view, query = stream.view, cast("GraphQLObjectType", schema.query_type)
    dataset = cast("GraphQLObjectType", get_named_type(query.fields[view.dataset].type))
    whole = get_named_type(dataset.fields[view.field].type)
    paths = [path for path in leaves(whole) if view.reads(path)]
    # What a row is found by comes first, and before the list of rows, which inherit it.
    paths.sort(key=lambda path: FIRST.index(path) if path in FIRST else len(FIRST))
    properties = {}
    for path in paths:
        own = column_of(view, whole, path)
        properties[column_name(view.within_row(own))] = describe(view, whole, own)
    for key in {*stream.key_columns, "marketplace_id"}:
        properties[key]["type"] = "string"
    return paths, properties


def leaves(named: Named, path: str = "") -> Iterator[str]:
    """Yield the path of every scalar below a type."""
    if not isinstance(named, GraphQLObjectType):
        yield path
        return
    for name, field in named.fields.items():
        if not field.deprecation_reason:
            yield from leaves(get_named_type(field.type), f"{path}.{name}" if path else name)


def column_of(view: View, whole: Named, path: str) -> str:
    """Return the path of the column that a scalar is in: of the list around it, if any, or of an object.

    An object is one column where those of its fields would have longer names than a database takes.
    """
    names, at = path.split("."), whole
    for number, name in enumerate(names, 1):
        field, own = at.fields[name], ".".join(names[:number])
        at = get_named_type(field.type)
        is_list = isinstance(get_nullable_type(field.type), GraphQLList) and own != view.rows
        if is_list or (number < len(names) and is_long(view, at, own)):
            return own
    return path


def is_long(view: View, named: Named, path: str) -> bool:
    """Return whether a field right in an object would have too long a name."""
    return any(
        not isinstance(get_named_type(field.type), GraphQLObjectType)
        and len(column_name(view.within_row(f"{path}.{name}"))) > LONGEST_NAME
        for name, field in named.fields.items()
    )


def describe(view: View, whole: Named, path: str) -> dict[str, Any]:
    """Return the column of a path."""
    at, is_list = whole, False
    for name in path.split("."):
        field = at.fields[name]
        at, is_list = get_named_type(field.type), isinstance(get_nullable_type(field.type), GraphQLList)
    text = text_of(path, column_name(view.within_row(path)))
    if isinstance(at, GraphQLObjectType):
        text += f". {'A list of objects' if is_list else 'An object'} with keys in snake_case"
    return {**kind(at, is_list=is_list), "description": f"{text}. Field {path.removeprefix(f'{view.rows}.')}."}


def text_of(path: str, column: str) -> str:
    """Return what a field means: of an amount with the column of its currency, and the other way round."""
    field, _, last = path.rpartition(".")
    if last == "currencyCode":
        return f"ISO 4217 currency of {column.removesuffix('currency_code')}amount"
    if last == "amount":
        text, *rest = meaning(field).split(". ")
        return ". ".join([f"{text}, in {column.removesuffix('amount')}currency_code", *rest])
    return meaning(path)


def kind(named: Named, *, is_list: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of a type."""
    if isinstance(named, GraphQLObjectType):
        inner = {
            column_name(name): kind(
                get_named_type(field.type), is_list=isinstance(get_nullable_type(field.type), GraphQLList)
            )
            for name, field in named.fields.items()
            if not field.deprecation_reason
        }
        own: dict[str, Any] = {"type": ["object", "null"], "properties": inner}
    else:
        own = dict(TYPES.get(named.name, {"type": ["string", "null"]}))
    return {"type": ["array", "null"], "items": own} if is_list else own


def content(stream: QueryRows, source: Path) -> dict[str, Any]:
    """Return the content of a stream's schema file."""
    paths, properties = columns(stream, schema_of(source, stream.view))
    return {"description": stream.description, "fields": paths, "properties": properties}


def main(source: Path) -> None:
    """Write the files."""
    for stream in STREAMS:
        text = json.dumps(content(stream, source), indent=2, ensure_ascii=False)
        (FOLDER / f"{stream.name}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
