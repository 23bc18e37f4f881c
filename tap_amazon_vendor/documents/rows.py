"""From Amazon's rows to ours: column names, flat columns, types."""

from __future__ import annotations

import json
import re
import typing as t

import msgspec
from singer_sdk.contrib.msgspec import encoder

from tap_amazon_vendor.documents.cell_values import kind_of
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.json_repair import (
    has_single_fields,
    remarks_of,
    repaired,
    with_single_fields,
)
from tap_amazon_vendor.documents.json_values import MOST, converter, decimal
from tap_amazon_vendor.documents.keys import NONE, is_blank, without_value
from tap_amazon_vendor.documents.row_codegen import CompiledRows, Field, compile_rows
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from tap_amazon_vendor.documents.row_blocks import RowBlock, Rows

    Row = dict[str, t.Any]

#: Column for fields that Amazon sends and the schema does not have.
EXTRA = "_extra"

#: It is text that holds a JSON object. As an object, PostgreSQL's target would write the JSON value null into every row
#: that has nothing extra, which is not the database's null.
EXTRA_SCHEMA: Mapping[str, t.Any] = {
    "type": ["string", "null"],
    "contentMediaType": "application/json",
    "description": "Fields that Amazon sent and this schema does not know, under Amazon's names: a JSON object.",
}

#: Columns that come after all others.
_LAST = ("seen_at", "report_id", EXTRA)

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^A-Za-z0-9]+")

#: No integer with more is decoded: the time that takes grows with their square.
_MOST_DIGITS = 1000

#: Added to a document's remarks.
NUL_REMARK = "NUL characters in its texts became U+FFFD: databases refuse them"

#: An escaped character.
_ESCAPED = re.compile(rb"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)

_elements = msgspec.json.Decoder(list[msgspec.Raw])
_element = msgspec.json.Decoder(float_hook=decimal)


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

    The fields are learned from the rows: Amazon adds fields without notice. What is learned is compiled, and turns a
    slice into a block (see `row_codegen`). A slice with a row that has another field, or another type of value, is
    processed row by row and field by field: that learns new fields, writes numbers as text where they are ids, keeps
    what is not of its column's type in `EXTRA`, and finds what can't be a row.

    From slices to rows of a vendor sales document, decoding included: 18 thousand instructions a row compiled, 132
    thousand row by row and field by field.
    """

    def __init__(  # noqa: PLR0913  # each is one fact
        self,
        columns: Mapping[str, Mapping[str, t.Any]],
        keys: Iterable[str],
        unknown: Callable[[str], None],
        leaves_out: Iterable[str] = (),
        required: Collection[str] = (),
        *,
        texts: bool = False,
    ) -> None:
        """Prepare the columns.

        Args:
            columns: JSON Schema of each column.
            keys: Key columns: never null, and never empty text (see `keys`).
            unknown: Called with the name of a field that the schema does not know, each time.
            leaves_out: Fields of a row to ignore: neither columns nor unknown.
            required: Those of the text keys without which there is no row. Of the others, one that has a value
                suffices.
            texts: Numbers may be written as texts.
        """
        self._columns = columns
        self._kinds = {name: kind_of(schema) for name, schema in columns.items()}
        self._converts = {name: converter(schema, column_name, texts=texts) for name, schema in columns.items()}
        self._keys = tuple(keys)
        self._key_texts = tuple(key for key in self._keys if self._kinds.get(key) == "string")
        self._required = tuple(key for key in self._key_texts if key in required)
        self._unknown = unknown
        self._leaves_out = frozenset(leaves_out)
        #: By the path of the object that a field is in, and its name.
        self._fields: dict[tuple[str, str], Field] = {}
        self._compiled: CompiledRows | None = None
        self._compiled_for: tuple[int, tuple[str, ...]] | None = None

    def shape(
        self, slices: Iterable[bytes], constants: Mapping[str, t.Any], source: str, findings: Findings | None = None
    ) -> Iterator[Rows]:
        """Shape rows.

        Each element of Amazon's is a row, or rejected. A value that is not of its column's type leaves the column null
        and is kept in `EXTRA` under the column's name.

        Args:
            slices: Amazon's rows: JSON arrays of some of them.
            constants: Columns that have the same value in each row.
            source: What to call the document in an error.
            findings: Counts what is found besides the rows.

        Yields:
            The rows of a slice, with every column of the schema. What is absent is null.

        Raises:
            DocumentError: A slice is not JSON. Names document and row, and never a value.
        """
        findings = findings or Findings()
        template = {column: constants.get(column) for column in in_order(constants, self._columns)}
        number = 0
        for text in slices:
            if b"\\" in text and b"\\u0000" in text and (cleaned := _without_nul(text)) != text:
                text = cleaned  # noqa: PLW2901
                if NUL_REMARK not in findings.remarks:
                    findings.remarks.append(NUL_REMARK)
            before = findings.rejected
            rows: Rows | None = self._shape_compiled(text, constants)
            if rows is None:
                rows = self._shape_each(text, template, constants, source, number, findings)
            number += len(rows) + findings.rejected - before
            if rows:
                yield rows
        findings.remarks += remarks_of(findings.repairs)

    def _shape_compiled(self, text: bytes, constants: Mapping[str, t.Any]) -> RowBlock | None:
        """Shape a slice with the known fields; return None if they are not enough."""
        known = (len(self._fields), tuple(constants))
        if self._compiled_for != known:
            self._compiled_for = known
            order = in_order(constants, self._columns)
            self._compiled = compile_rows(order, self._keys, self._key_texts, self._fields, required=self._required)
        try:
            return self._compiled.block(text, constants) if self._compiled else None
        # What is wrong, if anything is, is found row by row.
        except (TypeError, ValueError, ArithmeticError, RecursionError):
            return None

    def _shape_each(  # noqa: PLR0913, PLR0917  # each is one fact
        self,
        text: bytes,
        template: Row,
        constants: Mapping[str, t.Any],
        source: str,
        before: int,
        findings: Findings,
    ) -> list[Row]:
        """Shape a slice row by row.

        Args:
            text: The slice.
            template: A row of constants and nulls.
            constants: Columns that have the same value in each row.
            source: What to call the document in an error.
            before: Number of the last element before the slice.
            findings: Counts what is found besides the rows.
        """
        rows: list[Row] = []
        try:
            str(text, "utf-8")
        except UnicodeDecodeError:
            text = repaired(text, findings.repairs)
        if not has_single_fields(text):
            text = with_single_fields(text, findings.repairs)
        for number, element in enumerate(_elements.decode(text), before + 1):
            try:
                rows.append(self._shape_one(element, template, constants, findings))
            except _NoRowError as error:  # noqa: PERF203  # each is a row of its own
                findings.reject(number, bytes(element).decode(errors="replace"), error.reason, error.column)
            except RecursionError:
                findings.reject(number, bytes(element).decode(errors="replace"), "it is nested too deeply")
            except ValueError as error:
                problem = f"{source}, row {number}: the document is not JSON: {error}"
                raise DocumentError(problem) from None
        return rows

    def _shape_one(
        self, element: msgspec.Raw, template: Row, constants: Mapping[str, t.Any], findings: Findings
    ) -> Row:
        """Shape a row.

        Raises:
            _NoRowError: It can't be a row.
            ValueError: It is not JSON.
            RecursionError: It is nested too deeply.
        """
        raw = _decoded(element)
        if not isinstance(raw, dict):
            reason = "it is not an object"
            raise _NoRowError(reason)
        row = template.copy()
        filled = _Filled(row)
        self._fill(filled, raw, "")
        self._check_keys(filled, constants)
        if filled.extra or filled.unreadable:
            row[EXTRA] = extra_text(filled.left_over())
        findings.unreadable_cells.update(filled.unreadable.keys())
        return row

    def _check_keys(self, filled: _Filled, constants: Mapping[str, t.Any]) -> None:
        row = filled.row
        for key in self._keys:
            if key in filled.unreadable:
                reason = f"column {key} is not of type {self._kinds[key]}"
                raise _NoRowError(reason, key)
        for key in self._key_texts:
            if is_blank(row[key]):
                row[key] = constants.get(key) or NONE
        missing = [key for key in self._required if row[key] is NONE]
        missing += [key for key in self._keys if row[key] is None]
        if missing:
            raise _NoRowError(without_value(missing[:1]), missing[0])
        telling = [key for key in self._key_texts if constants.get(key) is None]
        if telling and all(row[key] is NONE for key in telling):
            raise _NoRowError(without_value(telling), telling[0] if len(telling) == 1 else None)

    def _fill(self, filled: _Filled, raw: Mapping[str, t.Any], path: str) -> None:
        """Fill a row with the fields of an object; of several that become one column, with the one named as it is."""
        variants = []
        for name, value in raw.items():
            field = self._fields.get((path, name)) or self._learn(path, name)
            if field.is_variant:
                variants.append((name, value, field))
            else:
                self._put(filled, path, name, value, field)
        for name, value, field in variants:
            self._put(filled, path, name, value, field)

    def _put(self, filled: _Filled, path: str, name: str, value: t.Any, field: Field) -> None:  # noqa: ANN401
        column, is_first = field.column, field.column not in filled.columns
        if field.convert is not None and is_first:
            filled.columns.add(column)
            if value is not None:
                try:
                    filled.row[column] = field.convert(value)
                except (TypeError, ValueError):
                    filled.unreadable[column] = value
        elif field.is_prefix and (value is None or isinstance(value, dict)):
            self._fill(filled, value or {}, f"{path}{name}.")
        elif field.is_prefix and is_first:
            # A number where an object of money is due, say.
            filled.columns.add(column)
            filled.unreadable[column] = value
        elif not field.left_out:
            # Not lost: Amazon adds fields without notice.
            self._unknown(f"{path}{name}")
            filled.extra.append((f"{path}{name}", value))

    def _learn(self, path: str, name: str) -> Field:
        prefix = "".join(f"{column_name(each)}_" for each in path.split(".")[:-1])
        column = f"{prefix}{column_name(name)}"
        kind = self._kinds.get(column)
        left_out = not path and name in self._leaves_out
        is_prefix = kind is None and not left_out and any(known.startswith(f"{column}_") for known in self._columns)
        amount = f"{column}_amount"
        field = self._fields[path, name] = Field(
            amount if is_prefix and amount in self._columns else column,
            kind,
            self._converts.get(column),
            is_prefix=is_prefix,
            left_out=left_out,
            is_variant=name != camel_case(column_name(name)),
        )
        return field


class _NoRowError(Exception):
    """An element can't be a row.

    Attributes:
        reason: Why, without a value.
        column: The column at fault, None if it is the whole element.
    """

    def __init__(self, reason: str, column: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column


class _Filled:
    """A row that is being filled.

    Attributes:
        row: The row.
        columns: Its columns that have been met.
        unreadable: Values that are not of their column's type.
        extra: Names and values of the fields that the schema does not know.
    """

    __slots__ = ("columns", "extra", "row", "unreadable")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.columns: set[str] = set()
        self.unreadable: Row = {}
        self.extra: list[tuple[str, t.Any]] = []

    def left_over(self) -> Row:
        """Return what no column holds, by name."""
        left: Row = {}
        for column, value in self.unreadable.items():
            is_long = type(value) is int and abs(value) > MOST
            left[column] = str(value) if is_long else value
        for name, value in self.extra:
            while name in left:
                name += "_"  # noqa: PLW2901
            left[name] = value
        return left


def _without_nul(text: bytes) -> bytes:
    """Replace escaped NUL characters: PostgreSQL refuses them."""
    return _ESCAPED.sub(lambda escape: rb"\ufffd" if escape[0] == rb"\u0000" else escape[0], text)


def _decoded(element: msgspec.Raw) -> t.Any:  # noqa: ANN401  # any JSON
    """Decode an element; of numbers that are too long, their text.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    try:
        return _element.decode(element)
    except (ArithmeticError, msgspec.ValidationError):
        return json.loads(bytes(element), parse_int=_int, parse_float=_decimal)


def _int(text: str) -> int | str:
    return int(text) if len(text) <= _MOST_DIGITS else text


def _decimal(text: str) -> Decimal | str:
    try:
        return decimal(text)
    except ArithmeticError:
        return text


def camel_case(column: str) -> str:
    """Return the field name that becomes a column and is written as Amazon writes most."""
    first, *more = column.split("_")
    return first + "".join(word.capitalize() for word in more)
