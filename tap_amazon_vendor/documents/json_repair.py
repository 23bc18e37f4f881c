"""What is nearly JSON, made JSON: only where a decoder refused it, so that good documents cost nothing."""

from __future__ import annotations

import re
import typing as t

from tap_amazon_vendor.documents.encodings import REPLACEMENT

if t.TYPE_CHECKING:
    from collections import Counter

#: A text, or a number that JSON does not have.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b', re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x1f]")

BROKEN = f"bytes that are not UTF-8, and became {REPLACEMENT!a}"
CONTROLS = "control characters in texts, not escaped"
NO_NUMBERS = "values NaN or Infinity, which JSON does not have"


def repaired(text: bytes, found: Counter[str]) -> bytes:
    """Return some JSON with its faults repaired, the same bytes if there are none that can be.

    Broken characters become U+FFFD. Control characters within texts are escaped. ``NaN`` and ``Infinity`` become texts:
    in a column of numbers they are cells that can't be read.

    Args:
        text: Whole elements or members.
        found: Counts the faults.
    """
    try:
        text.decode()
    except UnicodeDecodeError:
        decoded = text.decode(errors="replace")
        found[BROKEN] += decoded.count(REPLACEMENT) - text.count(REPLACEMENT.encode())
        text = decoded.encode()

    def repair(token: re.Match[bytes]) -> bytes:
        if not token[0].startswith(b'"'):
            found[NO_NUMBERS] += 1
            return b'"%b"' % token[0]
        if controls := len(_CONTROL.findall(token[0])):
            found[CONTROLS] += controls
            return _CONTROL.sub(lambda sign: b"\\u%04x" % ord(sign[0]), token[0])
        return token[0]

    return _TOKEN.sub(repair, text)


def remarks_of(found: Counter[str]) -> list[str]:
    """Return what was repaired, one sentence each."""
    return [f"{fault}: {count}" for fault, count in found.items() if count]
