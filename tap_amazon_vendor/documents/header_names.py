"""Which column a header name stands for, however it is spelled, and in Amazon's other languages.

Amazon changes spaces, case and punctuation between versions and marketplaces of a report, and translates the header of
some into the account's language (docs/amazon/documents.md#local-formats).
"""

from __future__ import annotations

import typing as t
import unicodedata
from functools import lru_cache

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: By language: Amazon's translated names, with the English ones that they stand for. A report has one of those.
TRANSLATIONS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "fr": {
        "SKU vendeur": ("merchant-sku", "seller-sku", "sku"),
        "MerchantSku (SKU vendeur)": ("merchant-sku", "seller-sku", "sku"),
    },
    "ja": {
        "出品者SKU": ("seller-sku", "merchant-sku", "sku"),
        "商品名": ("product-name", "item-name"),
        "価格": ("price",),
        "数量": ("quantity",),
        "コンディション": ("condition", "item-condition"),
    },
    "zh": {
        "卖家 SKU": ("seller-sku", "merchant-sku", "sku"),
        "商品名称": ("product-name", "item-name"),
        "价格": ("price",),
        "数量": ("quantity",),
        "商品状况": ("condition", "item-condition"),
    },
}

#: Distance of a name that is spelled exactly as declared.
DECLARED = 0


class HeaderNames:
    """Finds the columns of header names for one report."""

    def __init__(self, columns: Iterable[str], aliases: Mapping[str, str]) -> None:
        """Prepare.

        Args:
            columns: Columns that the report may have.
            aliases: Column of each header name whose own spelling is another.
        """
        known = {column: column for column in columns}
        letters = {_letters(column): column for column in known}
        translated = {
            _letters(name): next((column for each in names if (column := letters.get(_letters(each)))), None)
            for language in TRANSLATIONS.values()
            for name, names in language.items()
        }
        #: From the closest spelling to the farthest: how to compare names, and the column of each.
        self._spellings: tuple[tuple[t.Callable[[str], str], Mapping[str, str | None]], ...] = (
            (str, aliases),
            (_dashed, {_dashed(column): column for column in known if column not in aliases}),
            (_folded, {_folded(name): column for name, column in aliases.items()}),
            (_letters, {_letters(name): column for name, column in aliases.items()}),
            (_letters, letters),
            (_letters, translated),
        )

    def find(self, header: str) -> tuple[str | None, int]:
        """Return the column of a header name, None if there is none; and how far its spelling is from the name."""
        for distance, (spelled, names) in enumerate(self._spellings):
            if column := names.get(spelled(header)):
                return column, distance
        return None, len(self._spellings)


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


@lru_cache(maxsize=1 << 13)
def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, _folded(name)))
