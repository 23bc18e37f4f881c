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

from tap_amazon_vendor.documents.findings import Findings, Reject
from tap_amazon_vendor.documents.keys import NONE
from tap_amazon_vendor.documents.row_codegen import compile_rows
from tap_amazon_vendor.documents.rows import EXTRA, NUL_REMARK, RowShaper, column_name
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_amazon_vendor.documents.row_blocks import Rows

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
#: NUL is replaced, see `TestNul`.
NOT_NUL = st.characters(codec="utf-8", exclude_characters="\0")
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
    findings: Findings | None = None,
) -> list[Row]:
    met: list[str] = [] if unknown is None else unknown
    shaper = RowShaper(columns, KEYS, met.append)
    shaped = shaper.shape(slices(rows), constants or {}, "report 7, salesByAsin", findings)
    return list(itertools.chain.from_iterable(shaped))


def rejected(rows: Iterable[t.Any]) -> list[Reject]:
    """Shape rows; return what is rejected of them."""
    rejects: list[Reject] = []
    found = shape(rows := list(rows), findings=Findings(rejects.append))
    assert len(found) + len(rejects) == len(rows)
    return rejects


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
    @given(amount=st.decimals(-(10**60), 10**60).filter(lambda amount: amount.adjusted() >= -300))
    def test_decimals_keep_every_digit(self, amount: Decimal) -> None:
        kept = shape_one(glanceRate=amount)["glance_rate"]
        assert type(kept) in {int, Decimal}
        assert Decimal(kept).as_tuple() == amount.as_tuple()

    @given(number=st.integers(-(2**63), 2**63 - 1))
    def test_integers_keep_every_digit(self, number: int) -> None:
        row = shape_one(orderedUnits=number, glanceRate=10**60 * number)
        assert row["ordered_units"] == number
        assert row["glance_rate"] == 10**60 * number
        assert type(row["ordered_units"]) is int

    @pytest.mark.parametrize("written", ["3.0", "3", "3E+0", "-7.00", "12E+15"])
    def test_a_whole_number_written_with_a_point_is_an_integer(self, written: str) -> None:
        units = shape_one(orderedUnits=Decimal(written))["ordered_units"]
        assert type(units) is int
        assert units == Decimal(written)

    @given(units=st.builds(lambda whole, part: Decimal(f"{whole}.{part:02}"), st.integers(), st.integers(1, 99)))
    def test_a_broken_number_is_no_integer(self, units: Decimal) -> None:
        row = shape_one(orderedUnits=units)
        assert row["ordered_units"] is None
        assert extra(row) == {"ordered_units": units}

    @pytest.mark.parametrize("field", ["orderedUnits", "glanceRate"])
    @pytest.mark.parametrize(
        "written", ["1e400", "-1e400", "9" * 400, "9" * 5000, "1e-400", "1e99999999999999999999", "-" + "9" * 309]
    )
    def test_a_number_that_no_target_can_hold_is_kept_as_text(self, field: str, written: str) -> None:
        shaper, findings = RowShaper(COLUMNS, KEYS, pytest.fail), Findings()
        plain = b'{"asin":"B1","startDate":"2026-11-16","%b":5}'
        wrong = plain.replace(b"5}", b"%b}")
        texts = [
            b"[%b]" % (plain % field.encode()),
            b"[%b,%b]" % (plain % field.encode(), wrong % (field.encode(), written.encode())),
        ]
        *good, bad = itertools.chain.from_iterable(shaper.shape(texts, {}, "report 7", findings))
        column = column_name(field)
        assert [row[column] for row in (*good, bad)] == [5, 5, None]
        assert extra(bad) == {column: written}
        assert findings.unreadable_cells == {column: 1}

    @pytest.mark.parametrize(("number", "held"), [(2**63 - 1, True), (2**63, False), (-(2**63), True)])
    def test_a_count_fits_into_64_bits(self, number: int, *, held: bool) -> None:
        row = shape_one(orderedUnits=number)
        assert row["ordered_units"] == (number if held else None)
        assert extra(row) == ({} if held else {"ordered_units": str(number)})


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
    def test_money_that_is_no_object_is_kept_under_the_column_of_the_amount(self, value: object) -> None:
        findings = Findings()
        row = shape([{**KEY_VALUES, "orderedRevenue": value, "orderedUnits": 5}], findings=findings)[0]
        assert (row["ordered_revenue_amount"], row["ordered_units"]) == (None, 5)
        assert extra(row) == {"ordered_revenue_amount": value}
        assert findings.unreadable_cells == {"ordered_revenue_amount": 1}

    def test_every_row_tells_its_unknown_fields(self) -> None:
        unknown: list[str] = []
        shape([{**KEY_VALUES, "fresh": 1}, {**KEY_VALUES, "fresh": 2}], unknown=unknown)
        assert unknown == ["fresh", "fresh"]

    @pytest.mark.parametrize("name", ["_extra", "売上", "", "__", "%"])
    def test_a_field_whose_name_gives_no_column_is_kept_by_its_own_name(self, name: str) -> None:
        assert extra(shape([{**KEY_VALUES, name: 1}])[0]) == {name: 1}

    @given(
        fields=st.dictionaries(
            st.text(NOT_NUL, max_size=8).filter(lambda name: column_name(name) not in COLUMNS),
            st.none() | st.integers() | st.text(NOT_NUL, max_size=5) | st.lists(st.integers(), max_size=2),
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


class TestWrongValues:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("orderedUnits", SECRET),
            ("orderedUnits", "5"),
            ("orderedUnits", ""),
            ("orderedUnits", True),
            ("orderedUnits", [SECRET]),
            ("orderedUnits", {"a": 1}),
            ("glanceRate", "12.5%"),
            ("glanceRate", False),
            ("glanceRate", {"amount": 1}),
            ("isOpen", 1),
            ("isOpen", "true"),
            ("updatedAt", "16.11.2026"),
            ("updatedAt", "2026-11-31T00:00:00Z"),
            ("updatedAt", "20261116T233000Z"),
            ("updatedAt", 20261116),
            ("updatedAt", ["2026-11-16"]),
        ],
    )
    def test_leave_their_column_null_and_nothing_else_changed(self, field: str, value: object) -> None:
        whole = {**KEY_VALUES, "orderedUnits": 1, "glanceRate": 2, "isOpen": True, "updatedAt": "2026-11-16T23:30:00Z"}
        findings, column = Findings(), column_name(field)
        good, bad = shape([whole, {**whole, field: value}], constants={EXTRA: None}, findings=findings)
        assert bad == good | {column: None, EXTRA: bad[EXTRA]}
        assert extra(bad) == {column: value}
        assert findings.unreadable_cells == {column: 1}
        assert findings.rejected == 0

    def test_inside_an_object_are_kept_under_their_column(self) -> None:
        row = shape_one(orderedRevenue={"amount": "12.30", "currencyCode": "USD"})
        assert (row["ordered_revenue_amount"], row["ordered_revenue_currency_code"]) == (None, "USD")
        assert extra(row) == {"ordered_revenue_amount": "12.30"}

    def test_beside_an_unknown_field_of_the_columns_name_are_not_lost(self) -> None:
        row = shape([{**KEY_VALUES, "ordered_units": 5, "orderedUnits": "many"}])[0]
        assert row["ordered_units"] is None
        assert extra(row) == {"ordered_units": "many", "ordered_units_": 5}

    def test_of_a_rejected_row_are_not_counted(self) -> None:
        findings = Findings()
        assert shape([{"asin": "B1", "orderedUnits": "many"}], findings=findings) == []
        assert (findings.rejected, findings.unreadable_cells) == (1, {})


class TestSeveralFieldsOfOneColumn:
    @pytest.mark.parametrize("name", ["ASIN", "asin ", "Asin", "_asin"])
    @pytest.mark.parametrize("first", [True, False])
    def test_the_exact_name_wins(self, name: str, *, first: bool) -> None:
        unknown: list[str] = []
        fields = {name: "z", **KEY_VALUES} if first else {**KEY_VALUES, name: "z"}
        for row in shape([KEY_VALUES, fields, fields], unknown=unknown)[1:]:
            assert row["asin"] == "B000000001"
            assert extra(row) == {name: "z"}
        assert unknown == [name] * 2

    @pytest.mark.parametrize("name", ["ASIN", "asin "])
    def test_another_spelling_alone_is_the_column(self, name: str) -> None:
        findings = Findings()
        for row in shape([{name: "B1", "startDate": "2026-11-16"}] * 3, findings=findings):
            assert row["asin"] == "B1"
            assert extra(row) == {}
        assert findings == Findings()

    def test_of_two_other_spellings_the_first_wins(self) -> None:
        row = shape([{"ASIN": "B1", "Asin": "B2", "startDate": "2026-11-16"}])[0]
        assert (row["asin"], extra(row)) == ("B1", {"Asin": "B2"})

    def test_an_exact_name_without_a_value_is_not_replaced(self) -> None:
        (reject,) = rejected([{"ASIN": "z", "asin": None, "startDate": "2026-11-16"}])
        assert reject.column == "asin"

    def test_objects_are_no_exception(self) -> None:
        row = shape_one(OrderedRevenue={"amount": 9, "currencyCode": "EUR"}, orderedRevenue={"amount": 1})
        assert (row["ordered_revenue_amount"], row["ordered_revenue_currency_code"]) == (1, "EUR")
        assert extra(row) == {"OrderedRevenue.amount": 9}

    def test_a_flat_field_never_overwrites_one_of_an_object(self) -> None:
        row = shape_one(orderedRevenue={"amount": 1}, orderedRevenueAmount=2)
        assert (row["ordered_revenue_amount"], extra(row)) == (1, {"orderedRevenueAmount": 2})


class TestRejects:
    @pytest.mark.parametrize(
        ("change", "column", "reason"),
        [
            ({"asin": None}, "asin", "column asin has no value"),
            ({"asin": " "}, "asin", "column asin has no value"),
            ({"asin": ""}, "asin", "column asin has no value"),
            ({"asin": True}, "asin", "column asin is not of type string"),
            ({"asin": {"a": SECRET}}, "asin", "column asin is not of type string"),
            ({"startDate": None}, "start_date", "column start_date has no value"),
            ({"startDate": SECRET}, "start_date", "column start_date is not of type date"),
            ({"startDate": "2026-W47-1"}, "start_date", "column start_date is not of type date"),
            ({"startDate": 20261116}, "start_date", "column start_date is not of type date"),
            ({"startDate": []}, "start_date", "column start_date is not of type date"),
        ],
    )
    def test_a_key_without_a_value_of_its_type(self, change: Row, column: str, reason: str) -> None:
        row = {**KEY_VALUES, **change}
        (reject,) = rejected([KEY_VALUES, row, KEY_VALUES])
        assert (reject.number, reject.column, reject.reason) == (2, column, reason)
        assert json.loads(reject.text) == row

    @pytest.mark.parametrize("element", [None, 7, SECRET, [KEY_VALUES], True])
    def test_what_is_no_object(self, element: t.Any) -> None:
        (reject,) = rejected([KEY_VALUES, KEY_VALUES, element])
        assert (reject.number, reject.column, reject.reason) == (3, None, "it is not an object")
        assert json.loads(reject.text) == element

    @pytest.mark.parametrize("size", [1, 2, 3, 10])
    def test_are_numbered_through_all_slices(self, size: int) -> None:
        rows: list[Row] = [dict(KEY_VALUES) for _ in range(9)]
        rows[4] = rows[7] = {}
        rejects: list[Reject] = []
        shaper = RowShaper(COLUMNS, KEYS, pytest.fail)
        shaped = shaper.shape(slices(rows, size), {}, "report 7", Findings(rejects.append))
        assert len(list(itertools.chain.from_iterable(shaped))) == 7
        assert [reject.number for reject in rejects] == [5, 8]

    def test_what_is_nested_too_deeply(self) -> None:
        text = b'[{"asin":"B1","startDate":"2026-11-16","details":%b}]' % (b'{"a":' * 700 + b"1" + b"}" * 700)
        findings = Findings()
        shaper = RowShaper(COLUMNS, KEYS, pytest.fail)
        rows = list(itertools.chain.from_iterable(shaper.shape([text], {}, "report 7", findings)))
        assert len(rows) + findings.rejected == 1

    @pytest.mark.parametrize(("required", "rows"), [((), 2), (["order"], 1), (["order", "sku"], 0)])
    def test_required_keys_are_not_blank(self, required: list[str], rows: int) -> None:
        columns: dict[str, dict[str, t.Any]] = {"order": {"type": "string"}, "sku": {"type": "string"}}
        shaper = RowShaper(columns, ["order", "sku"], pytest.fail, required=required)
        both, findings = {"order": "1", "sku": "2"}, Findings()
        elements: list[Row] = [both, both, {"order": "1", "sku": ""}, {"order": " ", "sku": "2"}, {"order": "1"}]
        shaped = shaper.shape(slices(elements[:4]), {}, "report 7", findings)
        found = list(itertools.chain.from_iterable(shaped))
        assert (len(found), findings.rejected) == (2 + rows, 2 - rows)
        assert all(row[key] != NONE for row in found for key in required)


class TestNul:
    @pytest.mark.parametrize("place", [0, 1])
    def test_is_replaced_and_told_once_for_a_document(self, place: int) -> None:
        rows = [{**KEY_VALUES, "asin": "B0\0X"}, {**KEY_VALUES, "fresh\0": "\0\0"}, {**KEY_VALUES, "asin": r"B0\u0000"}]
        findings = Findings()
        found = shape([*[KEY_VALUES] * place, *rows], findings=findings)[place:]
        assert [row["asin"] for row in found] == ["B0\ufffdX", "B000000001", r"B0\u0000"]
        assert extra(found[1]) == {"fresh\ufffd": "\ufffd\ufffd"}
        assert findings.remarks == [NUL_REMARK]


#: A value of the right type, and now and then another.
VALUES: dict[str, st.SearchStrategy[t.Any]] = {
    "asin": st.sampled_from(["B1", "B2"]) | st.just("B3") | st.integers(1, 9),
    "startDate": st.sampled_from(["2026-11-16", "2026-11-17"]),
    "updatedAt": st.sampled_from([None, "2026-11-16T23:30:00Z"]),
    "orderedUnits": st.none() | st.integers() | st.just(Decimal("3.0")),
    "glanceRate": st.none() | st.integers() | st.decimals(-(10**9), 10**9, places=3),
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
    [None, True, 7, 10**30, "text", " ", "a\0", "2026-13-01", Decimal("1.5"), Decimal("1e400"), {}, [], {"amount": "1"}]
)


class TestCompiled:
    """Compiled code says the same as looking at each field of each row."""

    @staticmethod
    def ending(chunks: Iterator[Rows]) -> Iterator[Rows]:
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
                met = 0
                # Twice: what one document teaches, the next one uses.
                for source in ("report 7", "report 8"):
                    findings = Findings(given.append)
                    chunks = shaper.shape(slices(rows, size), constants, source, findings)
                    given += [list(row.items()) for row in itertools.chain.from_iterable(self.ending(chunks))]
                    assert findings.rejected == sum(isinstance(each, Reject) for each in given[met:])
                    assert len(given) - met == len(rows)
                    given.append(dict(findings.unreadable_cells))
                    met = len(given)
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
    def test_findings_are_the_same(self, name: str, value: t.Any, size: int, place: int) -> None:
        rows: list[Row] = [{**KEY_VALUES, "orderedUnits": 1, "orderedRevenue": {"amount": 1}} for _ in range(4)]
        rows[place][name] = value
        compiled, looked_at = self.both(rows, size, {})
        assert compiled == looked_at

    @settings(max_examples=300)
    @given(
        rows=st.lists(st.tuples(st.sampled_from(sorted(VALUES)), WRONG) | st.none() | WRONG, max_size=8),
        size=st.integers(1, 4),
    )
    def test_damage_changes_nothing_but_what_it_hits(self, rows: list[t.Any], size: int) -> None:
        """Rows and rejected ones are all elements, in their order; values that were not touched are as ever."""
        good = {
            **KEY_VALUES,
            "orderedUnits": 1,
            "orderedRevenue": {"amount": 1},
            "isOpen": True,
            "clickData": {"clickCount": 2},
        }
        elements = [
            dict(good) | ({} if each is None else {each[0]: each[1]}) if each is None or type(each) is tuple else each
            for each in rows
        ]
        rejects: list[Reject] = []
        shaper = RowShaper(COLUMNS, KEYS, lambda _: None, ["left"])
        shaped = shaper.shape(slices(elements, size), {EXTRA: None}, "report 7", Findings(rejects.append))
        found = iter(list(itertools.chain.from_iterable(shaped)))
        (whole,) = shape([good], constants={EXTRA: None})
        numbers = {reject.number for reject in rejects}
        for number, (each, element) in enumerate(zip(rows, elements, strict=True), 1):
            if number in numbers:
                assert each is not None
                continue
            row = next(found)
            hit = set() if each is None or type(each) is not tuple else {EXTRA, column_name(each[0])}
            for column, value in whole.items():
                if not any(column == name or column.startswith(f"{name}_") for name in hit):
                    assert row[column] == value
            assert isinstance(element, dict)
        assert next(found, None) is None

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
