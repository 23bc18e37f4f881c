"""The catalog in Airbyte's form, and what a configured catalog selects."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.singerlib import CatalogEntry

    from tap_amazon_vendor.tap import TapAmazonVendor

Json = dict[str, t.Any]

#: Sync modes: all streams have both.
FULL_REFRESH, INCREMENTAL = "full_refresh", "incremental"


def to_airbyte(tap: TapAmazonVendor) -> Json:
    """Return the catalog.

    Args:
        tap: A tap, for its streams.
    """
    return {"streams": [_stream(entry) for entry in tap.catalog.streams]}


def _stream(entry: CatalogEntry) -> Json:
    schema = entry.schema.to_dict()
    columns = {name: _column(column) for name, column in schema["properties"].items()}
    return {
        "name": entry.tap_stream_id,
        "json_schema": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            **schema,
            "properties": columns,
            "additionalProperties": True,
        },
        "supported_sync_modes": [FULL_REFRESH, INCREMENTAL],
        "source_defined_cursor": True,
        "default_cursor_field": [entry.replication_key],
        "source_defined_primary_key": [[key] for key in entry.key_properties or ()],
        # A full refresh drops the state: a second attempt would repeat the rows of the first.
        "is_resumable": False,
    }


def _column(schema: Json) -> Json:
    """Return the schema of a column: Airbyte distinguishes times with and without a zone."""
    return {**schema, "airbyte_type": "timestamp_with_timezone"} if schema.get("format") == "date-time" else schema


@dataclass(frozen=True)
class Selection:
    """What a configured catalog selects.

    Attributes:
        columns: Names of the columns of each stream, empty for all.
        anew: Streams that are read from the start, whatever was read before.
    """

    columns: Mapping[str, frozenset[str]]
    anew: frozenset[str]

    @classmethod
    def of(cls, catalog: t.Any) -> Selection:  # noqa: ANN401  # any JSON
        """Read a configured catalog.

        Raises:
            ValueError: It is something else.
        """
        try:
            streams = {each["stream"]["name"]: each for each in catalog["streams"]}
            columns = {
                name: frozenset((each["stream"].get("json_schema") or {}).get("properties") or ())
                for name, each in streams.items()
            }
            anew = frozenset(name for name, each in streams.items() if each.get("sync_mode") == FULL_REFRESH)
        except (AttributeError, KeyError, TypeError) as error:
            msg = f"not a configured catalog: {error!r}"
            raise ValueError(msg) from None
        return cls(columns, anew)

    def to_singer(self, tap: TapAmazonVendor) -> Json:
        """Return the Singer catalog that selects the same.

        Args:
            tap: A tap, for all its streams.

        Raises:
            ValueError: A selected stream does not exist.
        """
        entries = {entry["tap_stream_id"]: entry for entry in tap.catalog_dict["streams"]}
        unknown = sorted(self.columns.keys() - entries.keys())
        if unknown:
            msg = f"these settings have no streams {', '.join(unknown)}: discover the streams again"
            raise ValueError(msg)
        for name, entry in entries.items():
            for each in entry["metadata"]:
                each["metadata"]["selected"] = self._selects(name, each["breadcrumb"])
        return {"streams": list(entries.values())}

    def _selects(self, stream: str, breadcrumb: list[str]) -> bool:
        wanted = self.columns.get(stream)
        if wanted is None or not breadcrumb:
            return wanted is not None
        return not wanted or breadcrumb[1] in wanted
