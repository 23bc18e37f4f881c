"""Schema files: one for each stream, with a description of every column."""

from __future__ import annotations

import json
import typing as t
from functools import cache
from importlib import resources


def load_schema(name: str) -> dict[str, t.Any]:
    """Load the schema file of a stream.

    Args:
        name: Name of the stream and of the file.

    Returns:
        Its JSON Schema.
    """
    return {"type": "object", **json.loads(_text(name))}


@cache
def _text(name: str) -> str:
    return (resources.files("tap_amazon_vendor.schemas") / f"{name}.json").read_text(encoding="utf-8")
