"""A stream's shape of rows, compiled: what `rows` does with any row, in one step for rows with known fields."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from tap_amazon_vendor.documents.json_repair import names_in
from tap_amazon_vendor.documents.json_values import LEAST, MOST, decimal
from tap_amazon_vendor.documents.keys import NONE

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    Row = dict[str, t.Any]
    #: By the path of the object that a field is in, and its name.
    Fields = Mapping[tuple[str, str], "Field"]

#: Types that the JSON decoder checks. The others are checked after decoding.
_TYPES: dict[str, t.Any] = {
    "string": str | None,
    "date": str | None,
    "date-time": str | None,
    "integer": t.Annotated[int, msgspec.Meta(ge=LEAST, le=MOST)] | None,
    "boolean": bool | None,
}


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


@dataclass(frozen=True)
class Compiled:
    """Rows of known fields.

    Attributes:
        decode: Decodes a JSON array of rows; raises ValueError if one has another field, or another type.
        shape: Makes our rows from the decoded ones, given the constants, and counts their fields; raises ValueError
            for a wrong value.
    """

    decode: Callable[[bytes], list[t.Any]]
    shape: Callable[[list[t.Any], Mapping[str, t.Any]], tuple[list[Row], int]]


def compile_rows(  # noqa: PLR0913  # each is one fact
    columns: Iterable[str],
    keys: Iterable[str],
    key_texts: Collection[str],
    fields: Fields,
    constants: Iterable[str],
    *,
    required: Iterable[str] = (),
) -> Compiled | None:
    """Compile the shape of rows that have these fields, or some of them.

    The function is what one would write by hand::

        def shape(elements, constants):
            constant0 = constants['account']
            copy = {'account': constant0, 'start_date': None, 'asin': None, 'revenue_amount': None, 'tax': None}.copy
            last0 = None
            rows = []
            add = rows.append
            names = 4 * len(elements)
            for element in elements:
                value0 = element.field0
                if value0 != last0:
                    if value0 is unset: value0, names = None, names - 1
                    elif value0 is not None: last0 = check0(value0)
                struct1 = element.field1
                if not struct1: struct1, names = empty1, names - (struct1 is unset)
                value2 = struct1.field2
                if value2.__class__ is not decimal:
                    if value2 is unset: value2, names = None, names - 1
                    elif value2 is not None: value2 = check2(value2)
                value3 = element.field3
                if value3 is unset: value3, names = None, names - 1
                if not value3 or value3.isspace(): value3 = none
                if value0 is None: raise ValueError
                if value3 is none: raise ValueError
                row = copy()
                row['start_date'] = value0
                row['asin'] = value3
                row['revenue_amount'] = value2
                add(row)
            return rows, names

    Args:
        columns: All columns of a row, in order.
        keys: Key columns.
        key_texts: Those of them that are text.
        fields: The fields.
        constants: Columns that have the same value in each row.
        required: Text keys without which there is no row.

    Returns:
        None if the fields are not that simple: one is unknown or an object or array, or two are the same column.
    """
    writer = _Writer(fields)
    try:
        struct = writer.struct("", "element")
    except ValueError:
        return None
    names = {column: f"constant{number}" for number, column in enumerate(constants)}
    before = [f"{name} = constants[{column!r}]" for column, name in names.items()]
    row = {}
    for column in columns:
        value, constant = writer.values.get(column), names.get(column)
        row[column] = f"({value} if {value} is not None else {constant})" if value and constant else (
            value or constant or "None"
        )  # fmt: skip
    checks = []
    for key in key_texts:
        if value := writer.values.get(key):
            checks.append(f"if not {value} or {value}.isspace(): {value} = {names.get(key, 'none')}")
        elif key not in names:
            row[key] = "none"
    checks += [f"if {row[key]} is None: raise ValueError" for key in keys]
    checks += [f"if {row[key]} is none: raise ValueError" for key in required]
    # A row that no text tells from others is invalid.
    if telling := [f"{row[key]} is none" for key in key_texts if key not in names]:
        checks.append(f"if {' and '.join(telling)}: raise ValueError")
    # A copy of a row is as small as can be, and takes half the time of a new one of so many columns.
    same = {value: value for value in ("None", "none", *names.values())}
    items = ", ".join(f"{column!r}: {same.get(value)}" for column, value in row.items())
    source = "\n    ".join([
        "def shape(elements, constants):",
        *before,
        f"copy = {{{items}}}.copy",
        *(f"{last} = None" for last in writer.lasts),
        "rows = []",
        "add = rows.append",
        f"names = {writer.names} * len(elements)",
        "for element in elements:",
        *(f"    {line}" for line in (*writer.lines, *checks)),
        "    row = copy()",
        *(f"    row[{column!r}] = {value}" for column, value in row.items() if value not in same),
        "    add(row)",
        "return rows, names",
    ])  # fmt: skip
    scope = {"decimal": Decimal, "none": NONE, "unset": msgspec.UNSET, "names_in": names_in, **writer.scope}
    exec(source, scope)  # noqa: S102  # of names that `repr` wrote and numbers, nothing that Amazon could have chosen
    decoder = msgspec.json.Decoder(list[struct], float_hook=decimal)  # type: ignore[valid-type]
    return Compiled(decoder.decode, t.cast("t.Any", scope["shape"]))


class _Writer:
    """Writes the lines that read the values of a row."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.lines: list[str] = []
        #: Variables with the last date of a column.
        self.lasts: list[str] = []
        self.scope: dict[str, t.Any] = {}
        #: Of each column, the variable with its value.
        self.values: dict[str, str] = {}
        #: Number of fields, those of inner objects too.
        self.names = 0

    def struct(self, path: str, variable: str) -> type[msgspec.Struct]:
        """Define the type of the objects at a path, and read its fields from a variable.

        Raises:
            ValueError: A field is unknown, or an object or array column, or has a name that no struct can have; or a
                column has several fields.
        """
        types: list[tuple[str, t.Any, t.Any]] = []
        names = {}
        for (inside, name), field in self._fields.items():
            if inside != path:
                continue
            self.names += 1
            number = len(self.scope)
            attribute = f"field{number}"
            names[attribute] = name
            self.scope[f"check{number}"] = field.convert
            if field.kind is not None:
                if field.column in self.values or field.kind in {"object", "array"}:
                    raise ValueError
                types.append((attribute, _TYPES.get(field.kind, t.Any), msgspec.UNSET))
                value = self.values[field.column] = f"value{number}"
                self.lines.append(f"{value} = {variable}.{attribute}")
                absent = f"if {value} is unset: {value}, names = None, names - 1"
                if field.kind == "number":
                    self.lines += [
                        f"if {value}.__class__ is not decimal:",
                        f"    {absent}",
                        f"    elif {value} is not None: {value} = check{number}({value})",
                    ]
                elif field.kind in {"date", "date-time"}:
                    # Mostly it is the day of the row before.
                    self.lines += [
                        f"if {value} != last{number}:",
                        f"    {absent}",
                        f"    elif {value} is not None: last{number} = check{number}({value})",
                    ]
                    self.lasts.append(f"last{number}")
                else:
                    self.lines.append(absent)
            elif field.is_prefix:
                inner = f"struct{number}"
                self.lines += [
                    f"{inner} = {variable}.{attribute}",
                    f"if not {inner}: {inner}, names = empty{number}, names - ({inner} is unset)",
                ]
                struct = self.struct(f"{path}{name}.", inner)
                self.scope[f"empty{number}"] = struct()
                types.append((attribute, struct | None, msgspec.UNSET))
            elif field.left_out:
                types.append((attribute, msgspec.Raw, msgspec.UNSET))
                left = f"{variable}.{attribute}"
                self.lines.append(f"names += -1 if {left} is unset else names_in({left})")
            else:
                raise ValueError
        return msgspec.defstruct("Row", types, rename=names, forbid_unknown_fields=True, gc=False)
