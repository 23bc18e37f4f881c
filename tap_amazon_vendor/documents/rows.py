"""From Amazon's rows to ours: column names, flat columns, types."""

from __future__ import annotations

import re
import typing as t
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

import msgspec
from singer_sdk.contrib.msgspec import encoder

from tap_amazon_vendor.documents.cell_values import kind_of
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.keys import NONE, is_blank, without_value
from tap_amazon_vendor.documents.row_codegen import Compiled, Field, compile_rows
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Row = dict[str, t.Any]
    Convert = Callable[[t.Any], t.Any]

#: Column for fields that Amazon sends and the schema does not have.
EXTRA = "_extra"

#: It is text that holds a JSON object. As an object, PostgreSQL's target would write the JSON value null into every row
#: that has nothing extra, which is not the database's null.
EXTRA_SCHEMA: Mapping[str, t.Any] = {
    "type": ["string", "null"],
    "contentMediaType": "application/json",
    "description": "Fields that Amazon sent and this schema does not know, by their names there: a JSON object.",
}

#: Columns that come after all others.
_LAST = ("report_id", EXTRA)

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: RFC 3339, as JSON Schema's formats require; newer Pythons accept more.
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?")

#: No count has more. To write ``1e999999999`` out would take all memory.
_MOST_DIGITS = 1000

_OTHER = re.compile(r"[^A-Za-z0-9]+")

_elements = msgspec.json.Decoder(list[msgspec.Raw])
_element = msgspec.json.Decoder(float_hook=Decimal)


def column_name(name: str) -> str:
    """Convert a field name of Amazon's to snake_case.

    An underscore goes between a lower-case letter or digit and an upper-case letter, every run of
    other characters becomes one underscore: ``p70ForecastUnits`` → ``p70_forecast_units``,
    ``Merchant SKU`` → ``merchant_sku``.
    """
    return _OTHER.sub("_", _HUMP.sub("_", name)).strip("_").lower()


def in_order(constants: Iterable[str], columns: Iterable[str]) -> Sequence[str]:
    """Return the columns of a row in order: the constants, Amazon's, and last its origin.

    Args:
        constants: Columns that have the same value in each row.
        columns: Amazon's.
    """
    names = dict.fromkeys([*constants, *columns])
    return [*(name for name in names if name not in _LAST), *(name for name in _LAST if name in names)]


def extra_text(fields: Mapping[str, t.Any]) -> str:
    """Return unknown fields as the text of `EXTRA`: with every digit of its numbers."""
    return bytes(encoder.encode(fields)).decode()


class RowShaper:
    """Shapes the rows of one stream.

    The fields are learned from the rows: Amazon adds fields without notice. What is learned is compiled (see
    `row_codegen`). A slice with a row that has another field, or another type of value, is processed row by row and
    field by field: that learns new fields, writes numbers as text where they are ids, and says which row is wrong.

    Measured on one core (300 thousand rows of a vendor sales document, from slices to rows, decoding included): 430
    thousand rows a second compiled, 175 thousand row by row and field by field.
    """

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
            keys: Key columns: never null, and never empty text (see `keys`).
            unknown: Called with the name of a field that the schema does not know, each time.
            leaves_out: Fields of a row to ignore: neither columns nor unknown.
        """
        self._columns = columns
        self._kinds = {name: kind_of(schema) for name, schema in columns.items()}
        self._converts = {name: _CONVERTERS[kind] for name, kind in self._kinds.items()}
        self._keys = tuple(keys)
        self._key_texts = tuple(key for key in self._keys if self._kinds.get(key) == "string")
        self._unknown = unknown
        self._leaves_out = frozenset(leaves_out)
        #: Of each field, by the columns' prefix and its name.
        self._fields: dict[tuple[str, str], Field] = {}
        self._compiled: Compiled | None = None
        self._compiled_for: tuple[int, tuple[str, ...]] | None = None

    def shape(
        self, slices: Iterable[bytes], constants: Mapping[str, t.Any], source: str, findings: Findings | None = None
    ) -> Iterator[list[Row]]:
        """Shape rows.

        Args:
            slices: Amazon's rows: JSON arrays of some of them.
            constants: Columns that have the same value in each row.
            source: What to call the document in an error.
            findings: Counts what is found besides the rows.

        Yields:
            The rows of a slice, with every column of the schema. What is absent is null.

        Raises:
            DocumentError: A row is not an object, a value is not of its column's type, or a key has no value. Names
                document, row and column, and never the value. The rows before it have been yielded.
        """
        findings = findings or Findings()
        template = {column: constants.get(column) for column in in_order(constants, self._columns)}
        number = 0
        for text in slices:
            rows, problem = self._shape_compiled(text, constants), None
            if rows is None:
                rows, problem = self._shape_each(text, template, constants)
            number += len(rows)
            if rows:
                yield rows
            if problem:
                problem = f"{source}, row {number + 1}: {problem}"
                raise DocumentError(problem)

    def _shape_compiled(self, text: bytes, constants: Mapping[str, t.Any]) -> list[Row] | None:
        """Shape a slice with the known fields; return None if they are not enough."""
        known = (len(self._fields), tuple(constants))
        if self._compiled_for != known:
            self._compiled_for = known
            order = in_order(constants, self._columns)
            self._compiled = compile_rows(order, self._keys, self._key_texts, self._fields, constants)
        if not self._compiled:
            return None
        try:
            return self._compiled.shape(self._compiled.decode(text), constants)
        # What is wrong, if anything is, is found row by row.
        except (ValueError, ArithmeticError, RecursionError):
            return None

    def _shape_each(self, text: bytes, template: Row, constants: Mapping[str, t.Any]) -> tuple[list[Row], str | None]:
        """Shape a slice row by row; return the rows, and the problem of the one after them."""
        rows: list[Row] = []
        telling = [key for key in self._key_texts if constants.get(key) is None]
        for element in _elements.decode(text):
            row = template.copy()
            try:
                raw = _element.decode(element)
                if not isinstance(raw, dict):
                    return rows, "it is not an object"
                self._fill(row, raw, "", "")
            except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError) as error:
                return rows, f"the document is not JSON: {error}"
            except ValueError as error:
                return rows, str(error)
            for key in self._key_texts:
                if is_blank(row[key]):
                    row[key] = constants.get(key) or NONE
            if telling and all(row[key] is NONE for key in telling):
                return rows, without_value(telling)
            missing = [key for key in self._keys if row[key] is None]
            if missing:
                return rows, without_value(missing[:1])
            if row.get(EXTRA):
                row[EXTRA] = extra_text(row[EXTRA])
            rows.append(row)
        return rows, None

    def _fill(self, row: Row, raw: Mapping[str, t.Any], prefix: str, path: str) -> None:
        for name, value in raw.items():
            field = self._fields.get((prefix, name))
            if field is None:
                field = self._fields[prefix, name] = self._field(prefix, name, path)
            column = field.column
            if field.convert is not None:
                if value is not None:
                    try:
                        row[column] = field.convert(value)
                    except (TypeError, ValueError):
                        msg = f"column {column} is not of type {field.kind}"
                        raise ValueError(msg) from None
            elif isinstance(value, dict) and field.is_prefix:
                self._fill(row, value, f"{column}_", f"{path}{name}.")
            elif not field.left_out and (value is not None or not field.is_prefix):
                # Not lost: Amazon adds fields without notice.
                self._unknown(f"{path}{name}")
                extra = row.get(EXTRA) or {}
                row[EXTRA] = {**extra, f"{path}{name}": value}

    def _field(self, prefix: str, name: str, path: str) -> Field:
        column = f"{prefix}{column_name(name)}"
        is_prefix = any(known.startswith(f"{column}_") for known in self._columns)
        left_out = not path and name in self._leaves_out
        return Field(column, self._kinds.get(column), self._converts.get(column), is_prefix, left_out)


def _string(value: t.Any) -> str:  # noqa: ANN401
    # Amazon has sent ids as numbers in older records (docs/amazon/vendor-reports.md#promotions-and-coupons): the same
    # id, as text.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: t.Any) -> int:  # noqa: ANN401
    if isinstance(value, Decimal) and value.adjusted() < _MOST_DIGITS and value == value.to_integral_value():
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


def snake_keys(value: t.Any) -> t.Any:  # noqa: ANN401  # any JSON
    """Convert the keys of nested objects to snake_case."""
    if isinstance(value, dict):
        return {column_name(key): snake_keys(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [snake_keys(inner) for inner in value]
    return value


#: The check of each type of column: it returns the value, or raises TypeError or ValueError.
_CONVERTERS: dict[str, Convert] = {
    "string": _string,
    "date": _date,
    "date-time": _date_time,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "object": snake_keys,
    "array": snake_keys,
}
