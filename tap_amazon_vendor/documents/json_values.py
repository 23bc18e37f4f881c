"""From the values in Amazon's JSON to those of columns: each checked for its column's type."""

from __future__ import annotations

import re
import typing as t
from datetime import date, datetime
from decimal import Clamped, Context, Decimal, InvalidOperation, Overflow, Rounded, Subnormal
from functools import lru_cache

from tap_amazon_vendor.documents.cell_values import kind_of

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Convert = Callable[[t.Any], t.Any]

#: Bounds of an integer column: what targets have for it is of 64 bits.
LEAST, MOST = -(2**63), 2**63 - 1

#: Bound of a number column, exclusive: targets may hold it as a float of 64 bits.
TOO_GREAT = 10**308

#: From the text of a number to a decimal of every digit; raises ArithmeticError if that is out of bounds.
decimal = Context(
    prec=1000, Emin=-307, Emax=307, traps=[InvalidOperation, Overflow, Subnormal, Clamped, Rounded]
).create_decimal


#: RFC 3339, as JSON Schema's formats require; newer Pythons accept more.
_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?")

#: What a message may quote.
_WORD = re.compile(r"[\w.: -]{1,40}", re.ASCII)


def shown(value: t.Any) -> str:  # noqa: ANN401  # any JSON
    """Return a value of JSON for a message; a list by its elements, and what is no word as ``…``."""
    if isinstance(value, list):
        return ", ".join(map(shown, value[:9])) or "none"
    if value is None or isinstance(value, dict):
        return "null" if value is None else "an object"
    return str(value) if _WORD.fullmatch(str(value)) else "…"


def _string(value: t.Any) -> str:  # noqa: ANN401
    # Amazon has sent ids as numbers in older records (docs/amazon/vendor-reports.md#promotions-and-coupons): the same
    # id, as text.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: t.Any) -> int:  # noqa: ANN401
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return _integer(int(value))
    if type(value) is not int or not LEAST <= value <= MOST:
        raise TypeError
    return value


def _number(value: t.Any) -> int | Decimal:  # noqa: ANN401
    if isinstance(value, Decimal):  # Within the bounds: the decoder gives no other.
        return value
    if type(value) is not int or abs(value) >= TOO_GREAT:
        raise TypeError
    return value


def _boolean(value: t.Any) -> bool:  # noqa: ANN401
    if not isinstance(value, bool):
        raise TypeError
    return value


@lru_cache(maxsize=4096)
def _date(value: str) -> str:
    if not _DATE.fullmatch(value):
        raise ValueError
    date.fromisoformat(value)
    return value


@lru_cache(maxsize=4096)
def _date_time(value: str) -> str:
    if not _DATE_TIME.fullmatch(value):
        raise ValueError
    datetime.fromisoformat(value[:19])
    return value


#: The check of each type of column that holds one value: it returns the value, or raises TypeError or ValueError.
CONVERTERS: dict[str, Convert] = {
    "string": _string,
    "date": _date,
    "date-time": _date_time,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}


def _number_or_text(value: t.Any) -> int | Decimal:  # noqa: ANN401
    if not isinstance(value, str):
        return _number(value)
    if not _NUMBER.fullmatch(value):
        raise ValueError
    try:
        return decimal(value)
    except ArithmeticError:
        raise ValueError from None


def _integer_or_text(value: t.Any) -> int:  # noqa: ANN401
    return _integer(_number_or_text(value))


_WITH_TEXTS = CONVERTERS | {"number": _number_or_text, "integer": _integer_or_text}


def converter(schema: Mapping[str, t.Any], rename: Callable[[str], str], *, texts: bool = False) -> Convert:
    """Return the check of a column, or of a value within a nested one.

    Args:
        schema: JSON Schema of the value. What it says of fields of objects and of elements of arrays is checked, too;
            fields that it does not have are kept as they are.
        rename: From the name of a field within an object to ours.
        texts: Numbers may be written as texts.

    Returns:
        A function that returns the value, with every key of its objects renamed; it raises TypeError or ValueError if
        the value is not of that type.
    """
    kind = kind_of(schema) if "type" in schema else ""
    if kind == "object":
        fields = {name: converter(inner, rename, texts=texts) for name, inner in schema.get("properties", {}).items()}
        return lambda value: _object(value, fields, rename)
    if kind == "array":
        element = converter(schema["items"], rename, texts=texts) if "items" in schema else _renamed(rename)
        return lambda value: _array(value, element)
    return (_WITH_TEXTS if texts else CONVERTERS).get(kind) or _renamed(rename)


def _object(value: t.Any, fields: Mapping[str, Convert], rename: Callable[[str], str]) -> dict[str, t.Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise TypeError
    anything = _renamed(rename)
    row = {}
    for name, inner in value.items():
        column = rename(name)
        row[column] = None if inner is None else fields.get(column, anything)(inner)
    return row


def _array(value: t.Any, element: Convert) -> list[t.Any]:  # noqa: ANN401
    if not isinstance(value, list):
        raise TypeError
    return [None if inner is None else element(inner) for inner in value]


def _renamed(rename: Callable[[str], str]) -> Convert:
    """Return a conversion that renames the keys of objects and accepts everything."""

    def convert(value: t.Any) -> t.Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {rename(key): convert(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [convert(inner) for inner in value]
        return value

    return convert
