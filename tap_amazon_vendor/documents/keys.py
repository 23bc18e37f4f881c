"""What text key columns hold if Amazon gives no value, and what tells a row from others.

Targets disagree on null and on empty text in a key: DuckDB's reads empty text as null, and no database accepts null.
So neither is ever written: a text key column then holds `NONE`. Dates and numbers of a key are always present; a
document without them is invalid.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Stands for no value in text key columns. No id, SKU or other text of Amazon's is in brackets.
NONE = "(none)"


def is_blank(text: str | None) -> bool:
    """Return whether a text is blank: null, empty, or white space only."""
    return not text or text.isspace()


def key_text(text: str | None) -> str:
    """Return the text of a key column, `NONE` if there is no value."""
    return NONE if not text or text.isspace() else text


def key_texts(texts: Sequence[str | None]) -> Sequence[str]:
    """Return the texts of a key column, `NONE` if there is no value."""
    if all(texts) and not any(map(str.isspace, t.cast("Sequence[str]", texts))):
        return t.cast("Sequence[str]", texts)
    return [key_text(text) for text in texts]


def without_value(keys: Iterable[str]) -> str:
    """Return the error text for a row with nothing that tells it from others."""
    first, *more = keys
    return f"columns {', '.join((first, *more))} have no value" if more else f"column {first} has no value"
