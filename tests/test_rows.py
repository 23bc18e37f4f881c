"""From Amazon's rows to ours: names, flat columns, exact values, nothing lost."""

from __future__ import annotations

import itertools
import json
import re
import typing as t
from decimal import Decimal
from unittest import mock

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_amazon_vendor.documents.row_codegen import compile_rows
from tap_amazon_vendor.documents.rows import EXTRA, RowShaper, column_name
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Row = dict[str, t.Any]

COLUMNS: dict[str, dict[str, t.Any]] = {
    "asin": {"type": "string"},
    "start_date": {"type": "string", "format": "date"},
    "updated_at": {"type": ["string", "null"], "format": "date-time"},
    "ordered_units": {"type": ["integer", "null"]},
    "glance_rate": {"type": ["number", "null"]},
    "is_open": {"type": ["boolean", "null"]},
    "ordered_revenue_amount": {"type": ["number", "null"]},
    "ordered_revenue_currency_code": {"type": ["string", "null"]},
    "click_data_click_count": {"type": ["integer", "null"]},
    "click_data_price_median_amount": {"type": ["number", "null"]},
    "codes": {"type": ["array", "null"]},
    "details": {"type": ["object", "null"]},
}
KEYS = ("asin", "start_date")
ENCODE = msgspec.json.Encoder(decimal_format="number").encode
KEY_VALUES = {"asin": "B000000001", "startDate": "2026-11-16"}
NOTHING = mock.Mock(return_value=None)
SECRET = "Jane Doe, 12 Main Street"


def shape(
    rows: Iterable[Row],
    *,
    columns: Mapping[str, Mapping[str, t.Any]] = COLUMNS,
    constants: Mapping[str, t.Any] | None = None,
    unknown: list[str] | None = None,
) -> list[Row]:
    met: list[str] = [] if unknown is None else unknown
    shaper = RowShaper(columns, KEYS, met.append)
    return list(itertools.chain.from_iterable(shaper.shape(slices(rows), constants or {}, "report 7, salesByAsin")))


def slices(rows: Iterable[Row], size: int = 1) -> Iterator[bytes]:
    """Write rows as slices of a document: each its own, so that all but the first may be shaped by compiled code."""
    rows = iter(rows)
    while some := list(itertools.islice(rows, size)):
        yield ENCODE(some)


def shape_one(**fields: t.Any) -> Row:  # any JSON
    """Shape a row that has its keys and these fields."""
    return shape([{**KEY_VALUES, **fields}])[0]


def extra(row: Row) -> Row:
    """Read the fields that the schema does not know."""
    fields: Row = json.loads(row.get(EXTRA) or "{}", parse_float=Decimal)
    return fields


class TestColumnName:
    @pytest.mark.parametrize(
        ("name", "column"),
        [
            # The kinds of names that Amazon writes.
            ("orderedUnits", "ordered_units"),
            ("p70ForecastUnits", "p70_forecast_units"),
            ("amazon-order-id", "amazon_order_id"),
            ("Merchant SKU", "merchant_sku"),
            ("currencyCode", "currency_code"),
            # and what follows from its rule
            ("asin", "asin"),
            ("ASIN", "asin"),
            ("reportASIN", "report_asin"),
            ("glanceViews30Days", "glance_views30_days"),
            ("sku  (new) / old", "sku_new_old"),
            ("already_snake_case", "already_snake_case"),
            ("double__underscore", "double_underscore"),
            ("netPPM%", "net_ppm"),
            ("Größe", "gr_e"),
            ("tax\tamount\n", "tax_amount"),
        ],
    )
    def test_is_snake_case(self, name: str, column: str) -> None:
        assert column_name(name) == column

    @given(name=st.text())
    def test_holds_lower_case_letters_digits_and_single_underscores(self, name: str) -> None:
        assert re.fullmatch(r"([a-z0-9]+(_[a-z0-9]+)*)?", column_name(name))

    @given(name=st.text())
    def test_of_a_column_name_is_that_name(self, name: str) -> None:
        assert column_name(column_name(name)) == column_name(name)

    @given(words=st.lists(st.from_regex(r"[a-z][a-z0-9]{1,6}", fullmatch=True), min_size=1, max_size=5))
    def test_camel_case_words_and_spaced_words_give_the_same_column(self, words: list[str]) -> None:
        camel = words[0] + "".join(word.capitalize() for word in words[1:])
        assert column_name(camel) == column_name(" ".join(words)) == "_".join(words)

    @given(name=st.from_regex(r"[A-Za-z0-9 _-]+", fullmatch=True))
    def test_loses_no_letter_and_no_digit(self, name: str) -> None:
        assert column_name(name).replace("_", "") == re.sub(r"[ _-]", "", name).lower()


class TestShape:
    def test_every_column_is_in_every_row_and_absent_is_null(self) -> None:
        row = shape([KEY_VALUES])[0]
        assert row == dict.fromkeys(COLUMNS) | {"asin": "B000000001", "start_date": "2026-11-16"}

    def test_constants_are_in_every_row(self) -> None:
        rows = shape([KEY_VALUES, KEY_VALUES], constants={"account": "mine", EXTRA: None})
        assert [row["account"] for row in rows] == ["mine", "mine"]
        assert rows[0] is not rows[1]

    def test_constants_are_not_overwritten_by_a_field_of_that_name(self) -> None:
        row = shape([{**KEY_VALUES, "account": "Amazon's"}], constants={"account": "mine"})[0]
        assert row["account"] == "mine"
        assert extra(row) == {"account": "Amazon's"}

    def test_a_value_of_one_row_never_gets_into_the_next(self) -> None:
        rows = shape([{**KEY_VALUES, "orderedUnits": 5, "fresh": 1}, KEY_VALUES], constants={EXTRA: None})
        assert rows[0]["ordered_units"] == 5
        assert rows[1]["ordered_units"] is None
        assert rows[1][EXTRA] is None

    def test_no_rows_give_no_rows(self) -> None:
        assert shape([]) == []

    def test_slices_are_shaped_one_by_one_as_they_are_wanted(self) -> None:
        taken = []

        def document() -> Iterator[bytes]:
            for number in range(3):
                taken.append(number)
                yield ENCODE([KEY_VALUES] * 5)

        shaped = RowShaper(COLUMNS, KEYS, lambda _: None).shape(document(), {}, "report")
        assert len(next(shaped)) == 5
        assert taken == [0]

    def test_money_becomes_two_columns(self) -> None:
        row = shape_one(orderedRevenue={"amount": Decimal("1234.50"), "currencyCode": "USD"})
        assert row["ordered_revenue_amount"] == Decimal("1234.50")
        assert row["ordered_revenue_currency_code"] == "USD"
        assert "ordered_revenue" not in row
        assert EXTRA not in row

    def test_nested_objects_are_flat_at_any_depth(self) -> None:
        row = shape_one(clickData={"clickCount": 3, "priceMedian": {"amount": Decimal("9.99")}})
        assert row["click_data_click_count"] == 3
        assert row["click_data_price_median_amount"] == Decimal("9.99")

    def test_an_absent_or_null_or_empty_object_gives_nulls_and_no_warning(self) -> None:
        unknown: list[str] = []
        rows = shape(
            [KEY_VALUES, {**KEY_VALUES, "orderedRevenue": None}, {**KEY_VALUES, "orderedRevenue": {}}],
            constants={EXTRA: None},
            unknown=unknown,
        )
        assert [row["ordered_revenue_amount"] for row in rows] == [None, None, None]
        assert [row[EXTRA] for row in rows] == [None, None, None]
        assert unknown == []

    def test_null_is_null_in_a_column_of_any_type(self) -> None:
        names = ("updatedAt", "orderedUnits", "glanceRate", "isOpen", "codes", "details")
        row = shape_one(**dict.fromkeys(names))
        assert [row[column_name(name)] for name in names] == [None] * 6

    def test_objects_and_arrays_of_the_schema_stay_nested_with_snake_case_keys(self) -> None:
        row = shape_one(codes=["a", 1], details={"aB": {"c": 1}})
        assert row["codes"] == ["a", 1]
        assert row["details"] == {"a_b": {"c": 1}}

    def test_zero_false_and_empty_text_are_not_null(self) -> None:
        row = shape_one(orderedUnits=0, isOpen=False, glanceRate=0, orderedRevenue={"currencyCode": ""})
        found = [row[name] for name in ("ordered_units", "is_open", "glance_rate", "ordered_revenue_currency_code")]
        assert found == [0, False, 0, ""]

    def test_dates_stay_as_amazon_gives_them(self) -> None:
        row = shape_one(updatedAt="2026-11-16T23:30:00-08:00")
        assert row["start_date"] == "2026-11-16"
        assert row["updated_at"] == "2026-11-16T23:30:00-08:00"

    @pytest.mark.parametrize("moment", ["2026-11-16T23:30:00Z", "2026-11-16T23:30:00.123456+00:00"])
    def test_every_form_of_date_time_that_amazon_uses_passes(self, moment: str) -> None:
        assert shape_one(updatedAt=moment)["updated_at"] == moment


class TestNumbers:
    @given(amount=st.decimals(allow_nan=False, allow_infinity=False))
    def test_decimals_keep_every_digit(self, amount: Decimal) -> None:
        kept = shape_one(glanceRate=amount)["glance_rate"]
        assert type(kept) in {int, Decimal}
        assert Decimal(kept).as_tuple() == amount.as_tuple()

    @given(number=st.integers() | st.integers(10**30, 10**60))
    def test_integers_keep_every_digit(self, number: int) -> None:
        row = shape_one(orderedUnits=number, glanceRate=number)
        assert row["ordered_units"] == number
        assert row["glance_rate"] == number
        assert type(row["ordered_units"]) is int

    @pytest.mark.parametrize("written", ["3.0", "3", "3E+0", "-7.00", "12E+20"])
    def test_a_whole_number_written_with_a_point_is_an_integer(self, written: str) -> None:
        units = shape_one(orderedUnits=Decimal(written))["ordered_units"]
        assert type(units) is int
        assert units == Decimal(written)

    @given(units=st.builds(lambda whole, part: Decimal(f"{whole}.{part:02}"), st.integers(), st.integers(1, 99)))
    def test_a_broken_number_is_no_integer(self, units: Decimal) -> None:
        with pytest.raises(DocumentError, match="column ordered_units is not of type integer"):
            shape_one(orderedUnits=units)


class TestUnknownFields:
    def test_a_new_field_lands_in_extra_by_amazons_name(self) -> None:
        unknown: list[str] = []
        row = shape([{**KEY_VALUES, "unitsByDrone": 3}], unknown=unknown)[0]
        assert extra(row) == {"unitsByDrone": 3}
        assert unknown == ["unitsByDrone"]

    def test_a_new_field_inside_an_object_is_named_by_its_path(self) -> None:
        unknown: list[str] = []
        money = {"amount": Decimal("1.10"), "currencyCode": "USD", "taxIncluded": True}
        row = shape([{**KEY_VALUES, "orderedRevenue": money}], unknown=unknown)[0]
        assert row["ordered_revenue_amount"] == Decimal("1.10")
        assert extra(row) == {"orderedRevenue.taxIncluded": True}
        assert unknown == ["orderedRevenue.taxIncluded"]

    def test_two_levels_down_the_path_has_two_names(self) -> None:
        row = shape_one(clickData={"priceMedian": {"amount": 1, "taxRate": 7}, "fresh": 2})
        assert extra(row) == {"clickData.priceMedian.taxRate": 7, "clickData.fresh": 2}

    def test_a_whole_new_object_is_kept_whole(self) -> None:
        row = shape_one(droneFleet={"size": 3, "makes": ["a", {"b": None}]})
        assert extra(row) == {"droneFleet": {"size": 3, "makes": ["a", {"b": None}]}}

    def test_a_new_field_without_a_value_is_told_too(self) -> None:
        unknown: list[str] = []
        row = shape([{**KEY_VALUES, "unitsByDrone": None}], unknown=unknown)[0]
        assert extra(row) == {"unitsByDrone": None}
        assert unknown == ["unitsByDrone"]

    def test_rows_do_not_share_their_extra_fields(self) -> None:
        shared: Row = {EXTRA: None}
        rows = shape([{**KEY_VALUES, "one": 1}, {**KEY_VALUES, "two": 2}], constants=shared)
        assert [extra(row) for row in rows] == [{"one": 1}, {"two": 2}]
        assert shared == {EXTRA: None}

    @pytest.mark.parametrize("value", [Decimal("12.30"), "12.30 USD", [1, 2], True])
    def test_money_that_is_no_object_is_not_lost(self, value: object) -> None:
        unknown: list[str] = []
        row = shape([{**KEY_VALUES, "orderedRevenue": value}], unknown=unknown)[0]
        assert extra(row) == {"orderedRevenue": value}
        assert unknown == ["orderedRevenue"]

    def test_every_row_tells_its_unknown_fields(self) -> None:
        unknown: list[str] = []
        shape([{**KEY_VALUES, "fresh": 1}, {**KEY_VALUES, "fresh": 2}], unknown=unknown)
        assert unknown == ["fresh", "fresh"]

    @pytest.mark.parametrize("name", ["_extra", "売上", "", "__", "%"])
    def test_a_field_whose_name_gives_no_column_is_kept_by_its_own_name(self, name: str) -> None:
        assert extra(shape([{**KEY_VALUES, name: 1}])[0]) == {name: 1}

    @given(
        fields=st.dictionaries(
            st.text(max_size=8).filter(lambda name: column_name(name) not in COLUMNS),
            st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2),
            max_size=5,
        )
    )
    def test_no_field_is_ever_lost(self, fields: Row) -> None:
        # A null where the schema has an object is that object's absence.
        prefixes = tuple(column.split("_")[0] for column in COLUMNS if "_" in column)
        fields = {name: value for name, value in fields.items() if not column_name(name).startswith(prefixes)}
        row = (
            shape_one(**fields) if all(name.isidentifier() for name in fields) else shape([{**KEY_VALUES, **fields}])[0]
        )
        assert extra(row) == fields


class TestWrongRows:
    @pytest.mark.parametrize(
        ("field", "value", "column", "kind"),
        [
            ("asin", True, "asin", "string"),
            ("asin", {"a": SECRET}, "asin", "string"),
            ("orderedUnits", SECRET, "ordered_units", "integer"),
            ("orderedUnits", "5", "ordered_units", "integer"),
            ("orderedUnits", True, "ordered_units", "integer"),
            ("orderedUnits", Decimal("5.5"), "ordered_units", "integer"),
            ("orderedUnits", [SECRET], "ordered_units", "integer"),
            ("glanceRate", SECRET, "glance_rate", "number"),
            ("glanceRate", False, "glance_rate", "number"),
            ("glanceRate", {"amount": 1}, "glance_rate", "number"),
            ("isOpen", 1, "is_open", "boolean"),
            ("isOpen", "true", "is_open", "boolean"),
        ],
    )
    def test_a_wrong_type_names_document_row_and_column_and_never_the_value(
        self, field: str, value: object, column: str, kind: str
    ) -> None:
        with pytest.raises(DocumentError) as caught:
            shape([KEY_VALUES, KEY_VALUES, {**KEY_VALUES, field: value}])
        assert str(caught.value) == f"report 7, salesByAsin, row 3: column {column} is not of type {kind}"
        # A traceback is written to the log too.
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None

    def test_a_number_too_long_to_write_out_is_no_integer(self) -> None:
        with pytest.raises(DocumentError, match="column ordered_units is not of type integer"):
            shape_one(orderedUnits=Decimal("1e999999999"))

    @pytest.mark.parametrize("value", [SECRET, "16.11.2026", "2026-11-31", "", ["2026-11-16"], {}])
    @pytest.mark.parametrize("field", ["startDate", "updatedAt"])
    def test_what_is_no_date_names_its_column_and_never_the_value(self, field: str, value: object) -> None:
        with pytest.raises(
            DocumentError, match=rf"report 7, salesByAsin, row 1: column {column_name(field)} is"
        ) as caught:
            shape_one(**{field: value})
        assert SECRET not in str(caught.value)
        assert "20" not in str(caught.value)

    def test_a_number_is_no_date(self) -> None:
        with pytest.raises(DocumentError, match="row 1: column start_date is"):
            shape_one(startDate=20261116)

    @pytest.mark.parametrize("value", [20261116, Decimal("1.5"), True])
    def test_a_number_is_no_date_time(self, value: object) -> None:
        with pytest.raises(DocumentError, match="row 1: column updated_at is"):
            shape_one(updatedAt=value)

    @pytest.mark.parametrize(("field", "kind"), [("startDate", "date"), ("updatedAt", "date-time")])
    def test_what_is_no_date_is_said_to_be_no_date(self, field: str, kind: str) -> None:
        with pytest.raises(DocumentError, match=rf"column {column_name(field)} is not of type {kind}$"):
            shape_one(**{field: "yesterday"})

    @pytest.mark.parametrize(
        ("field", "value"),
        [("startDate", "20261116"), ("startDate", "2026-W47-1"), ("updatedAt", "20261116T233000Z")],
    )
    def test_a_date_that_is_not_in_the_schemas_form_is_refused(self, field: str, value: str) -> None:
        with pytest.raises(DocumentError, match="is not of type"):
            shape_one(**{field: value})

    def test_a_wrong_type_inside_an_object_names_its_column(self) -> None:
        with pytest.raises(DocumentError, match="row 1: column ordered_revenue_amount is not of type number"):
            shape_one(orderedRevenue={"amount": "12.30"})

    @pytest.mark.parametrize("row", [{"startDate": "2026-11-16"}, {"asin": None, "startDate": "2026-11-16"}])
    def test_a_missing_key_names_document_row_and_column(self, row: Row) -> None:
        with pytest.raises(DocumentError) as caught:
            shape([KEY_VALUES, row])
        assert str(caught.value) == "report 7, salesByAsin, row 2: column asin has no value"

    @pytest.mark.parametrize("size", [1, 2, 3, 10])
    def test_the_rows_before_a_wrong_one_are_given_out(self, size: int) -> None:
        rows: list[Row] = [{**KEY_VALUES, "orderedUnits": number} for number in range(5)] + [{}]
        shaped = RowShaper(COLUMNS, KEYS, lambda _: None).shape(slices(rows, size), {}, "report 7")
        given: list[Row] = []
        with pytest.raises(DocumentError, match=r"^report 7, row 6: column asin has no value$"):
            given.extend(itertools.chain.from_iterable(shaped))
        assert [row["ordered_units"] for row in given] == [0, 1, 2, 3, 4]

    @pytest.mark.parametrize("element", [None, 7, SECRET, [KEY_VALUES], True])
    def test_what_is_no_object_is_refused_and_never_quoted(self, element: t.Any) -> None:
        with pytest.raises(DocumentError, match=r"^report 7, salesByAsin, row 3: it is not an object$"):
            shape([KEY_VALUES, KEY_VALUES, element])

    @pytest.mark.parametrize("value", [b'"\xff\xfe"', b"9" * 5000, b"1e99999999999999999999"])
    def test_what_cannot_be_decoded_is_refused_by_its_row(self, value: bytes) -> None:
        document = [ENCODE([KEY_VALUES]), b'[{"asin":"B1","startDate":"2026-11-16"},{"details":%b}]' % value]
        shaped = RowShaper(COLUMNS, KEYS, lambda _: None).shape(document, {}, "report 7")
        with pytest.raises(DocumentError, match=r"^report 7, row 3: the document is not JSON: "):
            list(shaped)

    def test_a_value_that_was_refused_once_is_refused_again(self) -> None:
        for _ in range(2):
            with pytest.raises(DocumentError):
                shape_one(startDate="2026-13-01")


#: A value of the right type, and now and then another.
VALUES: dict[str, st.SearchStrategy[t.Any]] = {
    "asin": st.sampled_from(["B1", "B2"]) | st.just("B3") | st.integers(1, 9),
    "startDate": st.sampled_from(["2026-11-16", "2026-11-17"]),
    "updatedAt": st.sampled_from([None, "2026-11-16T23:30:00Z"]),
    "orderedUnits": st.none() | st.integers() | st.just(Decimal("3.0")),
    "glanceRate": st.none() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    "isOpen": st.none() | st.booleans(),
    "orderedRevenue": st.none()
    | st.fixed_dictionaries({}, optional={"amount": st.none() | st.decimals(1, 9, places=2), "currencyCode": st.text()})
    | st.just({"amount": 1, "fresh": 2}),
    "clickData": st.fixed_dictionaries(
        {}, optional={"clickCount": st.integers(), "priceMedian": st.just({"amount": 7})}
    ),
    "codes": st.none() | st.lists(st.integers()),
    "details": st.none() | st.dictionaries(st.text(), st.integers()),
    "left": st.lists(st.integers()),
    "account": st.just("Amazon's"),
}
WRONG: st.SearchStrategy[t.Any] = st.sampled_from(
    [None, True, 7, "text", "2026-13-01", Decimal("1.5"), {}, [], {"amount": "1"}]
)


class TestCompiled:
    """Compiled code says the same as looking at each field of each row."""

    @staticmethod
    def ending(chunks: Iterator[list[Row]]) -> Iterator[list[Row]]:
        """Chunks, and as the last one what they end with."""
        try:
            yield from chunks
        except DocumentError as error:
            yield [{"error": str(error)}]

    def both(self, rows: list[Row], size: int, constants: Row) -> tuple[list[t.Any], list[t.Any]]:
        """Shape rows with compiled code and without."""
        results = []
        for compiles in (True, False):
            unknown: list[str] = []
            shaper = RowShaper(COLUMNS, KEYS, unknown.append, ["left"])
            with mock.patch("tap_amazon_vendor.documents.rows.compile_rows", compile_rows if compiles else NOTHING):
                given: list[t.Any] = []
                # Twice: what one document teaches, the next one uses.
                for source in ("report 7", "report 8"):
                    chunks = shaper.shape(slices(rows, size), constants, source)
                    given += [list(row.items()) for row in itertools.chain.from_iterable(self.ending(chunks))]
            results.append([*given, unknown])
        return results[0], results[1]

    @settings(max_examples=300)
    @given(
        rows=st.lists(st.fixed_dictionaries(
            {name: VALUES[name] for name in ("asin", "startDate")},
            optional={name: value for name, value in VALUES.items() if name not in ("asin", "startDate")},
        ), max_size=6),
        size=st.integers(1, 3),
        constants=st.sampled_from([{}, {"account": "mine", EXTRA: None}, {"ordered_units": 9, "updated_at": None}]),
    )  # fmt: skip
    def test_rows_are_the_same(self, rows: list[Row], size: int, constants: Row) -> None:
        compiled, looked_at = self.both(rows, size, constants)
        assert compiled == looked_at

    @settings(max_examples=300)
    @given(
        name=st.sampled_from(sorted(VALUES)),
        value=WRONG,
        size=st.integers(1, 3),
        place=st.integers(0, 3),
    )
    def test_errors_are_the_same(self, name: str, value: t.Any, size: int, place: int) -> None:
        rows: list[Row] = [{**KEY_VALUES, "orderedUnits": 1, "orderedRevenue": {"amount": 1}} for _ in range(4)]
        rows[place][name] = value
        compiled, looked_at = self.both(rows, size, {})
        assert compiled == looked_at

    def test_plain_rows_are_not_looked_at_one_by_one_again(self) -> None:
        shaper = RowShaper(COLUMNS, KEYS, lambda _: None, ["left"])
        row = {**KEY_VALUES, "orderedUnits": 1, "orderedRevenue": {"amount": Decimal("1.10")}, "left": [1]}
        shaped = shaper.shape(slices([row] * 3), {"account": "mine"}, "report 7")
        first = next(shaped)
        with mock.patch.object(shaper, "_shape_each", side_effect=AssertionError):
            assert list(shaped) == [first, first]

    def test_a_field_that_comes_later_is_learnt(self) -> None:
        shaper = RowShaper(COLUMNS, KEYS, lambda _: None)
        rows: list[Row] = [dict(KEY_VALUES), {**KEY_VALUES, "orderedUnits": 1}, {**KEY_VALUES, "orderedUnits": 2}]
        shaped = shaper.shape(slices(rows), {}, "report 7")
        assert [next(shaped)[0]["ordered_units"] for _ in range(2)] == [None, 1]
        with mock.patch.object(shaper, "_shape_each", side_effect=AssertionError):
            assert next(shaped)[0]["ordered_units"] == 2
