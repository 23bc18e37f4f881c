"""The columns that every stream has around Amazon's own, and what its key columns say of themselves."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.config.marketplaces import country_of
from tap_amazon_vendor.documents.flat_files import LINE_NUMBER, OCCURRENCE
from tap_amazon_vendor.documents.keys import NONE
from tap_amazon_vendor.documents.rows import EXTRA, EXTRA_SCHEMA, in_order

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Record

    Columns = Mapping[str, Mapping[str, t.Any]]

#: Country code of the row's marketplace. It is no part of the key: it follows from the marketplace.
COUNTRY_CODE = "country_code"

ACCOUNT: Columns = {"account": {"type": "string", "description": "Your label of the account."}}
MARKETPLACE: Columns = {
    "marketplace_id": {"type": "string", "description": "Amazon's id of the marketplace."},
    COUNTRY_CODE: {
        "type": ["string", "null"],
        "description": "Country code of the marketplace, such as US or GB: that of marketplace_id.",
    },
}
_NO_VALUE = f" {NONE} where Amazon gives no value."


def all_columns(before: Columns, own: Columns, after: Columns, keys: Collection[str]) -> dict[str, t.Any]:
    """Return the columns of a stream in order: whose a row is, Amazon's, and last where it comes from.

    Args:
        before: Columns that say whose a row is.
        own: Amazon's. What they say of a column goes before what others do.
        after: Columns that say where a row comes from.
        keys: Key columns among Amazon's.
    """
    columns = {**before, **own, **after, EXTRA: EXTRA_SCHEMA}
    texts = [key for key in keys if columns[key]["type"] == "string" and "format" not in columns[key]]
    # The only text that tells a row from others is never without a value.
    numbered = {LINE_NUMBER, OCCURRENCE} & set(keys)
    said = {
        key: {**columns[key], "description": columns[key]["description"] + _NO_VALUE}
        for key in texts
        if numbered or len(texts) > 1
    }
    return {name: dict(said.get(name, columns[name])) for name in in_order(columns, ())}


def with_own_countries(chunks: Iterable[list[Record]]) -> Iterator[list[Record]]:
    """Give rows that name their marketplace themselves its country code."""
    for chunk in chunks:
        for row in chunk:
            row[COUNTRY_CODE] = country_of(row["marketplace_id"])
        yield chunk
