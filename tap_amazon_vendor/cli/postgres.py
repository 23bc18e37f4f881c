"""A catalog as PostgreSQL tables, named as target-postgres names them: for the commands that print SQL."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

import click

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO

#: Column types by type or format, as target-postgres chooses them, except that times keep their zone.
_TYPES = {
    "date-time": "timestamptz",
    "date": "date",
    "time": "time",
    "string": "text",
    "integer": "bigint",
    "number": "numeric",
    "boolean": "boolean",
    "object": "jsonb",
    "array": "jsonb",
}

catalog_option = click.option(
    "--catalog",
    "catalog",
    required=True,
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="The catalog, as --discover prints it; - for standard input. Only what it selects counts.",
)
schema_option = click.option(
    "--schema",
    "schema",
    default="amazon",
    show_default=True,
    help="The schema that the target writes into (`default_target_schema`).",
)


@dataclass(frozen=True)
class Table:
    """The table of a stream.

    Attributes:
        name: Its full name, quoted.
        description: The stream's description.
        columns: The JSON Schema of each selected column.
        keys: Columns of the primary key.
    """

    name: str
    description: str | None
    columns: Mapping[str, Mapping[str, t.Any]]
    keys: Sequence[str]


def identifier(*names: str) -> str:
    """Quote a qualified name."""
    return ".".join('"{}"'.format(name.replace('"', '""')) for name in names)


def literal(text: str) -> str:
    """Quote a text, whatever `standard_conforming_strings` is."""
    quoted = text.replace("'", "''")
    return " E'{}'".format(quoted.replace("\\", "\\\\")) if "\\" in quoted else f"'{quoted}'"


def column_type(schema: Mapping[str, t.Any]) -> str:
    """Return the type of a column."""
    kinds = schema.get("type", "string")
    kind = next((each for each in ([kinds] if isinstance(kinds, str) else kinds) if each != "null"), "string")
    items = schema.get("items")
    if kind == "array" and isinstance(items, dict) and "type" in items:
        return f"{column_type({'type': items['type']})}[]"
    return _TYPES.get(schema.get("format", ""), _TYPES[kind]) if kind == "string" else _TYPES[kind]


def selected_tables(catalog: IO[str], schema: str) -> list[Table]:
    """Return the tables of the streams that a catalog selects.

    Args:
        catalog: The catalog.
        schema: The schema that they are in.

    Raises:
        click.BadParameter: It is not a catalog.
    """
    from singer_sdk.singerlib import Catalog  # noqa: PLC0415 - commands start fast

    tables = []
    try:
        content = json.load(catalog)
        # The SDK reads a catalog without this as one without streams.
        _ = content["streams"]
        for entry in Catalog.from_dict(content).streams:
            mask = entry.metadata.resolve_selection()
            if not mask[()]:
                continue
            known = entry.schema.to_dict()
            columns = {name: own for name, own in known["properties"].items() if mask["properties", name]}
            keys = [key for key in entry.key_properties or () if key in columns]
            tables.append(Table(identifier(schema, entry.tap_stream_id), known.get("description"), columns, keys))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"not a catalog: {error!r}"
        raise click.BadParameter(message, param_hint="--catalog") from None
    return tables
