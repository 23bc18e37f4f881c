"""The columns that every stream has in addition to Amazon's, and the descriptions of key columns."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.documents.flat_files import LINE_NUMBER, OCCURRENCE
from tap_amazon_vendor.documents.keys import NONE
from tap_amazon_vendor.documents.row_blocks import records_of
from tap_amazon_vendor.documents.rows import EXTRA, EXTRA_SCHEMA, in_order

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Record

    from tap_amazon_vendor.documents.row_blocks import Rows

    Columns = Mapping[str, Mapping[str, t.Any]]

#: Country code of the row's marketplace. Not part of the key, as it follows from the marketplace.
COUNTRY_CODE = "country_code"

ACCOUNT: Columns = {"account": {"type": "string", "description": "Your label for the account."}}
MARKETPLACE: Columns = {
    "marketplace_id": {"type": "string", "description": "Amazon's id of the marketplace."},
    COUNTRY_CODE: {
        "type": ["string", "null"],
        "description": "Country code of the marketplace, such as US or GB.",
    },
}
_NO_VALUE = f" {NONE} if Amazon gives no value."


def all_columns(before: Columns, own: Columns, after: Columns, keys: Collection[str]) -> dict[str, t.Any]:
    """Return the columns of a stream in order: the row's owner, Amazon's columns, and last the row's source.

    Args:
        before: Columns with the owner of a row.
        own: Amazon's columns. Their schemas take precedence over those in `before`.
        after: Columns with the source of a row.
        keys: Key columns among Amazon's.
    """
    columns = {**before, **own, **after, EXTRA: EXTRA_SCHEMA}
    texts = [key for key in keys if columns[key]["type"] == "string" and "format" not in columns[key]]
    # A text column that alone identifies a row always has a value.
    numbered = {LINE_NUMBER, OCCURRENCE} & set(keys)
    said = {
        key: {**columns[key], "description": columns[key]["description"] + _NO_VALUE}
        for key in texts
        if numbered or len(texts) > 1
    }
    return {name: dict(said.get(name, columns[name])) for name in in_order(columns, ())}


def with_own_countries(chunks: Iterable[Rows]) -> Iterator[list[Record]]:
    """Set the country code of rows that name their own marketplace."""
    for chunk in map(records_of, chunks):
        for row in chunk:
            row[COUNTRY_CODE] = country_of(row["marketplace_id"])
        yield chunk
