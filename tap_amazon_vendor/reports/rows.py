"""From Amazon's rows to ours: column names, flat columns, types (DESIGN: rows)."""

from __future__ import annotations

import re
import typing as t
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Row = dict[str, t.Any]
    Convert = Callable[[t.Any], t.Any]

#: Column for what Amazon sends and the schema does not know.
EXTRA = "_extra"

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: RFC 3339, as JSON Schema's formats want it; newer Pythons take more.
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?")

_OTHER = re.compile(r"[^A-Za-z0-9]+")


def column_name(name: str) -> str:
    """Write a field name of Amazon's in snake_case.

    An underscore goes between a lower-case letter or digit and an upper-case letter, every run of
    other characters becomes one underscore: ``p70ForecastUnits`` → ``p70_forecast_units``,
    ``Merchant SKU`` → ``merchant_sku``.
    """
    return _OTHER.sub("_", _HUMP.sub("_", name)).strip("_").lower()


class RowShaper:
    """Shapes the rows of one stream. Field names are looked up once, not for each row."""

    def __init__(
        self,
        columns: Mapping[str, Mapping[str, t.Any]],
        keys: Iterable[str],
        unknown: Callable[[str], None],
        leaves_out: Iterable[str] = (),
    ) -> None:
        """Prepare the columns.

        Args:
            columns: JSON Schema of each column.
            keys: Columns that must have a value.
            unknown: Called with the name of a field that the schema does not know, each time.
            leaves_out: Fields of a row that are not columns and not unknown either.
        """
        self._columns = columns
        self._converts = {name: _converter(schema) for name, schema in columns.items()}
        self._keys = tuple(keys)
        self._unknown = unknown
        self._leaves_out = frozenset(leaves_out)
        #: Of each field: its column, the column's check, and whether columns begin with its name.
        self._fields: dict[tuple[str, str], tuple[str, Convert | None, bool]] = {}

    def shape(self, rows: Iterable[Row], constants: Mapping[str, t.Any], source: str) -> Iterator[Row]:
        """Shape rows.

        Args:
            rows: Amazon's rows.
            constants: Columns that have the same value in each row.
            source: What to call the document in an error.

        Yields:
            Rows with every column of the schema. What is absent is null.

        Raises:
            DocumentError: A value is not of its column's type, or a key column has none. Names
                document, row and column, and never the value.
        """
        absent = dict.fromkeys(column for column in self._columns if column not in constants)
        template = {**constants, **absent}
        for number, raw in enumerate(rows, start=1):
            row = template.copy()
            try:
                self._fill(row, raw, "", "")
                missing = next((key for key in self._keys if row[key] is None), None)
                if missing:
                    msg = f"column {missing} has no value"
                    raise ValueError(msg)  # noqa: TRY301
            except ValueError as error:
                text = f"{source}, row {number}: {error}"
                raise DocumentError(text) from None
            yield row

    def _fill(self, row: Row, raw: Mapping[str, t.Any], prefix: str, path: str) -> None:
        for name, value in raw.items():
            field = self._fields.get((prefix, name))
            if field is None:
                column = f"{prefix}{column_name(name)}"
                is_prefix = any(known.startswith(f"{column}_") for known in self._columns)
                field = self._fields[prefix, name] = (column, self._converts.get(column), is_prefix)
            column, convert, is_prefix = field
            if convert is not None:
                if value is not None:
                    try:
                        row[column] = convert(value)
                    except (TypeError, ValueError):
                        msg = f"column {column} is not of type {_kind(self._columns[column])}"
                        raise ValueError(msg) from None
            elif isinstance(value, dict) and is_prefix:
                self._fill(row, value, f"{column}_", f"{path}{name}.")
            elif not path and name in self._leaves_out:
                continue
            elif value is not None or not is_prefix:
                # Not lost: Amazon adds fields without notice.
                self._unknown(f"{path}{name}")
                extra = row.get(EXTRA) or {}
                row[EXTRA] = {**extra, f"{path}{name}": value}


def _converter(schema: Mapping[str, t.Any]) -> Convert:
    """Return the check of one column: it returns the value, or raises TypeError or ValueError."""
    converters: dict[str, Convert] = {
        "string": _string,
        "date": _date,
        "date-time": _date_time,
        "integer": _integer,
        "number": _number,
        "boolean": _boolean,
        "object": lambda value: value,
        "array": lambda value: value,
    }
    return converters[_kind(schema)]


def _kind(schema: Mapping[str, t.Any]) -> str:
    """Return the type of a column: its format where it has one, null left out."""
    kinds = schema["type"]
    kind: str = schema.get("format") or (kinds if isinstance(kinds, str) else kinds[0])
    return kind


def _string(value: t.Any) -> str:  # noqa: ANN401
    # Amazon has sent ids as numbers in older records (models #4881): the same id, as text.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: t.Any) -> int:  # noqa: ANN401
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _number(value: t.Any) -> int | Decimal:  # noqa: ANN401
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
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
