"""From the values in Amazon's JSON to those of columns: each checked for its column's type."""

from __future__ import annotations

import re
import typing as t
from datetime import date, datetime
from decimal import Clamped, Context, Decimal, InvalidOperation, Overflow, Rounded, Subnormal
from functools import lru_cache

if t.TYPE_CHECKING:
    from collections.abc import Callable

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
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?")


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
