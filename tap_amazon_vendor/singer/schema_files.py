"""Schema files: one for each stream, with a description of every column."""

from __future__ import annotations

import json
import typing as t
from functools import cache
from importlib import resources

#: Of a schema file, not of a schema: the paths of the fields that a query asks for.
FIELDS = "fields"


def load_schema(name: str) -> dict[str, t.Any]:
    """Load the schema file of a stream.

    Args:
        name: Name of the stream and of the file.

    Returns:
        Its JSON Schema.
    """
    content = _load(name)
    content.pop(FIELDS, None)
    return {"type": "object", **content}


def load_fields(name: str) -> tuple[str, ...]:
    """Return the paths of the fields that a stream's queries may ask for."""
    return tuple(_load(name)[FIELDS])


def _load(name: str) -> dict[str, t.Any]:
    content: dict[str, t.Any] = json.loads(_text(name))
    return content


@cache
def _text(name: str) -> str:
    return (resources.files("tap_amazon_vendor.schemas") / f"{name}.json").read_text(encoding="utf-8")
