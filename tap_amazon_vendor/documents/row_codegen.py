"""The shape of a stream's rows, compiled: does for a slice of rows with known fields what `rows` does row by row."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import msgspec

from tap_amazon_vendor.documents.cell_values import AS_ZEROS
from tap_amazon_vendor.documents.json_repair import names_in
from tap_amazon_vendor.documents.json_values import LEAST, MOST
from tap_amazon_vendor.documents.keys import NONE, key_texts
from tap_amazon_vendor.documents.row_blocks import RowBlock, numbers

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    #: By the path of the object that a field is in, and its name.
    Fields = Mapping[tuple[str, str], "Field"]

#: Types that the JSON decoder checks. Numbers stay as Amazon wrote them.
_TYPES: dict[str, t.Any] = {
    "string": str | None,
    "date": str | None,
    "date-time": str | None,
    "integer": t.Annotated[int, msgspec.Meta(ge=LEAST, le=MOST)] | None,
    "number": msgspec.Raw,
    "boolean": bool | None,
}

#: Types of which all values of a slice are often the same.
_OFTEN_SAME = frozenset({"string", "date", "date-time"})
_DATES = frozenset({"date", "date-time"})

_NULL = msgspec.Raw(b"null")
#: The characters of numbers without an exponent, of null and of commas. No other JSON consists of these alone.
_PLAIN = b"0123456789-.,nul"
#: A number with fewer digits is always within the bounds of a column.
_LONG = b"0" * 300


@dataclass(frozen=True)
class Field:
    """What a field of Amazon's rows is mapped to.

    Attributes:
        column: Its column, if the schema has it; of an object, the column that is null if there is none.
        kind: The column's type, None if the schema does not have it.
        convert: The column's check: returns the value, or raises TypeError or ValueError.
        is_prefix: Columns begin with its name: those of the fields of an object.
        left_out: To be ignored: neither a column nor unknown.
        is_variant: Its name becomes a column's, but the name that Amazon writes is another: ``ASIN`` for ``asin``.
    """

    column: str
    kind: str | None
    convert: Callable[[t.Any], t.Any] | None
    is_prefix: bool
    left_out: bool
    is_variant: bool


def compile_rows(
    order: Sequence[str],
    keys: Iterable[str],
    key_texts: Collection[str],
    fields: Fields,
    *,
    required: Iterable[str] = (),
) -> CompiledRows | None:
    """Compile the shape of rows that have these fields, or some of them.

    Args:
        order: All columns of a row, in order.
        keys: Key columns: never null.
        key_texts: Those of them that are text: never blank.
        fields: The fields.
        required: Text keys without which there is no row.

    Returns:
        None if the fields are not that simple: one is unknown or an object or array, or two are the same column.
    """
    try:
        return CompiledRows(order, keys, key_texts, fields, required)
    except ValueError:
        return None


class CompiledRows:
    """Shapes slices of rows that have certain fields, or some of them.

    The values are read by one expression, as one would write it by hand::

        [
            (element.field0, (field1 := element.field1), (inner := field1 or empty1).field2, inner.field3)
            for element in elements
        ]

    and then checked column by column.
    """

    def __init__(
        self,
        order: Sequence[str],
        keys: Iterable[str],
        key_texts: Collection[str],
        fields: Fields,
        required: Iterable[str],
    ) -> None:
        """Compile: see `compile_rows`.

        Raises:
            ValueError: The fields are not that simple.
        """
        self._order = order
        self._keys = tuple(keys)
        self._key_texts = tuple(key_texts)
        self._required = tuple(required)
        self._fields = fields
        #: What the expression reads, in order.
        self._read: list[Field] = []
        self._items: list[str] = []
        self._scope: dict[str, t.Any] = {}
        struct = self._struct("", "element")
        columns = [field.column for field in self._read if field.kind]
        if not columns or len(columns) > len(set(columns)):
            raise ValueError
        self._decode = msgspec.json.Decoder(list[struct]).decode  # type: ignore[valid-type]
        source = f"lambda elements: [({', '.join(self._items)},) for element in elements]"
        # The source contains only numbered names, nothing that Amazon could have chosen.
        self._values: Callable[[list[t.Any]], list[tuple[t.Any, ...]]] = eval(source, self._scope)  # noqa: S307

    def _struct(self, path: str, variable: str) -> type[msgspec.Struct]:
        """Define the type of the objects at a path, and write what reads its fields from a variable."""
        types: list[tuple[str, t.Any, t.Any]] = []
        names = {}
        for (inside, name), field in self._fields.items():
            if inside != path:
                continue
            number = len(self._read)
            attribute = f"field{number}"
            names[attribute] = name
            kind: t.Any = msgspec.Raw if field.left_out else _TYPES.get(field.kind or "")
            self._read.append(field)
            if kind:
                self._items.append(f"{variable}.{attribute}")
            elif field.is_prefix:
                self._items.append(f"({attribute} := {variable}.{attribute})")
                place = len(self._items)
                inner = self._struct(f"{path}{name}.", f"inner{number}")
                self._scope[f"empty{number}"] = inner()
                if place < len(self._items):
                    self._items[place] = self._items[place].replace(
                        f"inner{number}", f"(inner{number} := {attribute} or empty{number})", 1
                    )
                kind = inner | None
            else:
                raise ValueError
            types.append((attribute, kind, msgspec.UNSET))
        return msgspec.defstruct("Row", types, rename=names, forbid_unknown_fields=True, gc=False)

    def block(self, text: bytes, constants: Mapping[str, t.Any]) -> RowBlock | None:
        """Shape a slice.

        Args:
            text: A JSON array of rows.
            constants: Columns that have the same value in each row.

        Returns:
            None if rows must be processed one by one: one may have a field twice, or lack its key.

        Raises:
            ValueError: A row has another field, or a value of another type.
            TypeError: The same.
            ArithmeticError: A number is out of bounds.
            RecursionError: A value is nested too deeply.
        """
        elements = self._decode(text)
        size = len(elements)
        read: list[Sequence[t.Any]] = list(zip(*self._values(elements), strict=True))
        absent = [values.count(msgspec.UNSET) for values in read]
        if not read or not self._has_single_fields(text, read, size, sum(absent)):
            return None
        same = dict(constants)
        columns: dict[str, Sequence[t.Any]] = {}
        for field, found, absences in zip(self._read, read, absent, strict=True):
            if not field.kind or absences == size:
                continue
            values = found
            if absences:
                nothing = _NULL if field.kind == "number" else None
                values = [nothing if value is msgspec.UNSET else value for value in found]
            # Such a column is checked, and written, once for the slice.
            is_same = field.kind in _OFTEN_SAME and values[0] == values[-1] and values.count(values[0]) == size
            values = self._checked(field, values[:1] if is_same else values, constants.get(field.column))
            if is_same:
                same[field.column] = values[0]
            else:
                columns[field.column] = values
        for name in self._key_texts:
            if name not in columns and same.get(name) is None:
                same[name] = NONE
        return None if self._lacks_key(same, columns, constants) else RowBlock(size, self._order, same, columns)

    def _has_single_fields(self, text: bytes, read: Sequence[Sequence[t.Any]], size: int, absent: int) -> bool:
        """Return whether certainly no object of a slice has a field twice: decoders silently take the last one."""
        # No field is absent, so this number of colons leaves none for a second one. The exact count takes as many
        # instructions, 1.5 thousand a row of sales, but twice the time.
        if not absent and text.count(b":") == len(read) * size:
            return True
        left = (values for field, values in zip(self._read, read, strict=True) if field.left_out)
        inner = sum(names_in(value) for values in left for value in values if value is not msgspec.UNSET)
        return len(read) * size - absent + inner == names_in(text)

    def _checked(self, field: Field, values: Sequence[t.Any], constant: t.Any) -> Sequence[t.Any]:  # noqa: ANN401
        """Return the values of a column, if they are of its type.

        Args:
            field: The field of the column.
            values: What the decoder has checked already, as far as it can.
            constant: The value of rows that have none.

        Raises:
            TypeError: One is not of the column's type.
            ValueError: The same.
            ArithmeticError: A number is out of bounds.
        """
        convert = t.cast("Callable[[t.Any], t.Any]", field.convert)
        if field.kind == "number":
            is_plain = _are_plain(values)
            if is_plain and constant is None and field.column not in self._keys:
                return values
            values = numbers(values)
            if not is_plain:
                values = [None if value is None else convert(value) for value in values]
        elif field.kind in _DATES:
            for value in {*values} - {None}:
                convert(value)
        if field.column in self._key_texts:
            values = key_texts(values)
        if constant is not None:
            values = [constant if value is None or value is NONE else value for value in values]
        return values

    def _lacks_key(
        self, same: Mapping[str, t.Any], columns: Mapping[str, Sequence[t.Any]], constants: Mapping[str, t.Any]
    ) -> bool:
        """Return whether some row may lack its key."""

        def has(name: str, value: t.Any) -> bool:  # noqa: ANN401
            return value in columns[name] if name in columns else same.get(name) == value

        telling = [name for name in self._key_texts if constants.get(name) is None]
        return (
            any(has(name, None) for name in self._keys)
            or any(has(name, NONE) for name in self._required)
            # A row that no text tells from others is invalid.
            or (bool(telling) and all(has(name, NONE) for name in telling))
        )


def _are_plain(encoded: Sequence[msgspec.Raw]) -> bool:
    """Return whether values are certainly all nulls, or numbers without exponent within the bounds of a column."""
    text = b",".join(encoded)
    return not text.translate(None, _PLAIN) and _LONG not in text.translate(AS_ZEROS, b"-.")
