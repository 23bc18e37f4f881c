"""Writes what the dbt package knows of the tap's tables: its sources, and a staging model for each stream.

python3 scripts/dbt_sources.py

Both are made from the tap's catalog. Marts, macros and tests of `dbt/` are written by hand.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import bootstrap

if __name__ == "__main__":
    bootstrap.in_venv(__file__)

import yaml

from tap_amazon_vendor.streams.base import AmazonStream
from tap_amazon_vendor.tap import EVERY_STREAM, TapAmazonVendor

if TYPE_CHECKING:
    from pathlib import Path

STAGING = bootstrap.ROOT / "dbt" / "models" / "staging"
WIDTH = 120
NOTE = "scripts/dbt_sources.py writes this file from the tap's catalog."

#: A run each day is usual; the ledger gains rows in every run, also where Amazon had nothing new.
FRESHNESS = {"warn_after": {"count": 36, "period": "hour"}, "error_after": {"count": 72, "period": "hour"}}

KINDS = {"integer": "integer", "number": "number", "boolean": "boolean", "object": "json", "array": "json"}
FORMATS = {"date": "date", "date-time": "instant"}


def kind(schema: dict[str, Any]) -> str:
    """Return the kind of a column, as `column_type` of the package's macros has it."""
    words = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    (word,) = [word for word in words if word != "null"]
    return KINDS.get(word) or FORMATS.get(schema.get("format", ""), "string")


def every_tap() -> TapAmazonVendor:
    """Return a tap that has all streams."""
    return TapAmazonVendor(config=dict(EVERY_STREAM), validate_config=False)


def source(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a stream's table as dbt is told of it."""
    columns = [
        {"name": column, "description": told.get("description", "")} for column, told in schema["properties"].items()
    ]
    table: dict[str, Any] = {"name": name, "description": schema.get("description", ""), "columns": columns}
    if name == "report_ledger":
        table["config"] = {"loaded_at_field": "recorded_at", "freshness": FRESHNESS}
    return table


def model(name: str, schema: dict[str, Any], *, restricted: bool) -> str:
    """Return a stream's staging model."""
    columns = [f"    {json.dumps([column, kind(told)])}," for column, told in schema["properties"].items()]
    tag = ["{{ config(tags=['personal_data']) }}"] if restricted else []
    return "\n".join([f"{{# {NOTE} #}}", *tag, f"{{{{ stream('{name}', [", *columns, "]) }}", ""])


def files() -> dict[Path, str]:
    """Return the text of each file to write."""
    tap = every_tap()
    streams = {name: entry.schema.to_dict() for name, entry in sorted(tap.catalog.items())}
    restricted = {
        name for name, stream in tap.streams.items() if isinstance(stream, AmazonStream) and stream.restricted
    }
    tables = [source(name, schema) for name, schema in streams.items()]
    told = {
        "version": 2,
        "sources": [{"name": "amazon", "schema": "{{ var('amazon_schema') }}", "tables": tables}],
    }
    text = yaml.safe_dump(told, sort_keys=False, width=WIDTH, allow_unicode=True)
    return {
        STAGING / "sources.yml": f"# {NOTE}\n{text}",
        **{
            STAGING / f"stg_{name}.sql": model(name, schema, restricted=name in restricted)
            for name, schema in streams.items()
        },
    }


def main() -> None:
    """Write the files, and remove models of streams that are no more."""
    wanted = files()
    for path in set(STAGING.glob("stg_*.sql")) - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
