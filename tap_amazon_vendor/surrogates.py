"""Half a surrogate pair in JSON: what is left where a text was cut by its UTF-16 units."""

from __future__ import annotations

import re

#: An escaped character, with both halves where it is a surrogate pair.
_ESCAPE = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\(?:u....|.)", re.DOTALL)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]..")


def with_whole_pairs(text: bytes) -> bytes:
    """Replace half a surrogate pair, which is not a character, by U+FFFD: nothing is refused for it."""
    if not _HALF.search(text):
        return text
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if _HALF.fullmatch(escape[0]) else escape[0], text)
