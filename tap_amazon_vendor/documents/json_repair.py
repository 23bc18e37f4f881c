"""What is nearly JSON, made JSON: only where a decoder refused it, so that good documents cost nothing."""

from __future__ import annotations

import json
import re
import typing as t

import msgspec

from tap_amazon_vendor.documents.encodings import REPLACEMENT

if t.TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

#: A text, or a number that JSON does not have.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b', re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x1f]")

BROKEN = f"bytes that are not UTF-8, and became {REPLACEMENT!a}"
CONTROLS = "unescaped control characters in texts"
NO_NUMBERS = "values NaN or Infinity, which JSON does not have"
TWICE = "repeated fields in an object: the last value counts, any other is in `_extra`"

_anything = msgspec.json.Decoder()
_encode = msgspec.json.Encoder().encode


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


def names_in(text: bytes | msgspec.Raw) -> int:
    """Count the names of fields in some JSON, as all decoders but an exact one can: texts may hold what looks alike."""
    return bytes(text).count(b'":')


def has_single_fields(text: bytes) -> bool:
    """Return whether surely no object in some JSON has a field twice. Decoders take the last one without a word."""
    try:
        return names_in(_encode(_anything.decode(text))) == names_in(text)
    except (ValueError, ArithmeticError, RecursionError):
        return False


def with_single_fields(text: bytes, found: Counter[str]) -> bytes:
    """Return some JSON with the fields that an object has twice made one, the same bytes if there are none.

    The last value counts, as in every decoder. Lists become one list; another value gets a name of its own, so that
    it is not lost.

    Args:
        text: JSON.
        found: Counts such fields.
    """
    before = found[TWICE]

    def single(pairs: Iterable[tuple[str, t.Any]]) -> dict[str, t.Any]:
        fields: dict[str, t.Any] = {}
        others: dict[str, t.Any] = {}
        for name, value in pairs:
            if name in fields:
                found[TWICE] += 1
                earlier = fields[name]
                if isinstance(earlier, list) and isinstance(value, list):
                    value = earlier + value  # noqa: PLW2901
                elif earlier != value:
                    number = 1
                    while (own := f"{name} ({number})") in others:
                        number += 1
                    others[own] = earlier
            fields[name] = value
        return others | fields

    try:
        content = json.loads(
            text, object_pairs_hook=single, parse_int=_as_it_is, parse_float=_as_it_is, parse_constant=_as_it_is
        )
    except (ValueError, RecursionError):
        found[TWICE] = before
        return text  # What is wrong is told by who reads it.
    return _encode(content) if found[TWICE] > before else text


def _as_it_is(number: str) -> msgspec.Raw:
    return msgspec.Raw(number.encode())


def remarks_of(found: Counter[str]) -> list[str]:
    """Return what was repaired, one sentence each."""
    return [f"{fault}: {count}" for fault, count in found.items() if count]
