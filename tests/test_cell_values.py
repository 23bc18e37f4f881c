"""From text to value: exact, in every local format, and never a silent guess."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pendulum.locales.locale import Locale
from singer_sdk.contrib.msgspec import encoder

from tap_amazon_vendor.documents.cell_values import (
    ZONES,
    Convention,
    are_iso_times,
    are_plain_numbers,
    convention_of,
    kind_of,
    text_converter,
)

EN, CONT = Convention.ENGLISH, Convention.CONTINENTAL


def convert(kind: str, text: str, convention: Convention | None = None) -> t.Any:
    return text_converter(kind, lambda _: convention)(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-5", -5),
        ("+5", 5),
        ("007", 7),
        ("12.99", Decimal("12.99")),
        ("95,00", Decimal("95.00")),
        ("-95,00", Decimal("-95.00")),
        ("0,5", Decimal("0.5")),
        ("0.123", Decimal("0.123")),
        ("0,123", Decimal("0.123")),
        (".5", Decimal("0.5")),
        ("1,234.56", Decimal("1234.56")),
        ("1.234,56", Decimal("1234.56")),
        ("1 234,56", Decimal("1234.56")),
        ("1\u00a0234\u00a0567,8", Decimal("1234567.8")),
        ("1\u202f234.5", Decimal("1234.5")),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("12,34,567.80", Decimal("1234567.80")),
        ("1234.567", Decimal("1234.567")),
        ("1234,567", Decimal("1234.567")),
        ("1.0E-4", Decimal("0.00010")),
        ("\u22123.50", Decimal("-3.50")),
        (" 7 ", 7),
        ("", None),
        ("  ", None),
        ("12345678901234567890.12345", Decimal("12345678901234567890.12345")),
    ],
)
def test_number_is_exact_in_every_format(text: str, value: Decimal | int | None) -> None:
    found = convert("number", text)
    assert found == value
    assert str(found) == str(value) or found == int(value or 0)


@pytest.mark.parametrize(
    "text",
    [
        "(5)",
        "5-",
        "nan",
        "Infinity",
        "1e999",
        "x",
        "--",
        "1_000",
        "12a",
        "1,23,4",
        "1.23.4",
        "0.123.456",
        "1 23",
        "٣",
        "9" * 5000,
    ],
)
def test_what_is_no_number_is_refused_without_naming_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is not of type number$"):
        convert("number", text)


@pytest.mark.parametrize(
    ("text", "english", "continental"),
    [
        ("1,234", Decimal(1234), Decimal("1.234")),
        ("1.234", Decimal("1.234"), Decimal(1234)),
        ("-999.999", Decimal("-999.999"), Decimal(-999999)),
    ],
)
def test_number_of_two_readings_needs_a_convention(text: str, english: Decimal, continental: Decimal) -> None:
    assert convert("number", text, EN) == english
    assert convert("number", text, CONT) == continental
    assert convention_of("number", text) is None
    with pytest.raises(ValueError, match=r"^can be read as two different values of type number$"):
        convert("number", text)


@pytest.mark.parametrize(
    ("text", "value"), [("5", 5), ("5.00", 5), ("5,0", 5), ("1,234", 1234), ("1.234", 1234), ("1 000", 1000)]
)
def test_integer_takes_the_reading_that_is_whole(text: str, value: int) -> None:
    found = convert("integer", text)
    assert found == value
    assert type(found) is int


@pytest.mark.parametrize("text", ["1.5", "1,5", "2026-01-01", "1e2x"])
def test_fraction_is_no_integer(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is not of type integer$"):
        convert("integer", text)


def test_thousand_or_one_needs_a_convention() -> None:
    assert convert("integer", "1,000", EN) == 1000
    assert convert("integer", "1,000", CONT) == 1
    with pytest.raises(ValueError, match=r"two different values"):
        convert("integer", "1,000")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("TRUE", True),
        ("Yes", True),
        ("Y", True),
        ("1", True),
        ("false", False),
        ("no", False),
        ("N", False),
        ("0", False),
        ("", None),
    ],
)
def test_boolean(text: str, value: bool | None) -> None:  # noqa: FBT001
    assert convert("boolean", text) is value


@pytest.mark.parametrize("text", ["maybe", "2", "-"])
def test_what_is_no_boolean_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is not of type boolean$"):
        convert("boolean", text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21",
        "2026/11/21",
        "2026/11/1",
        "21.11.2026",
        "11/21/2026",
        "21/11/2026",
        "21-11-2026",
        "21-Nov-2026",
        "21 Nov 2026",
        "Nov 21, 2026",
        "November 21, 2026",
        "21 November 2026",
        "21. Nov. 2026",
        "21. November 2026",
        "21 listopada 2026",
        "21 Kas 2026",
        "2026年11月21日",
        "2026-11-21T00:00:00+00:00",
        "2026-11-21 00:00:00",
        " 2026-11-21 ",
    ],
)
def test_date_in_every_format(text: str) -> None:
    assert convert("date", text) == ("2026-11-01" if text == "2026/11/1" else "2026-11-21")


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30",
        "2026-13-01",
        "13/13/2026",
        "31/02/2026",
        "21 Foo 2026",
        "21.11.26",
        "20261121",
        "2026-11-21T10:00:00Z",
        "0000-01-01",
        "x",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is not of type date$"):
        convert("date", text)


def test_date_of_two_readings_needs_a_convention() -> None:
    assert convert("date", "02/03/2026", EN) == "2026-02-03"
    assert convert("date", "02/03/2026", CONT) == "2026-03-02"
    assert convert("date", "03/03/2026") == "2026-03-03"
    assert convert("date", "02.03.2026") == "2026-03-02"
    with pytest.raises(ValueError, match=r"two different values of type date"):
        convert("date", "02/03/2026")


def test_declared_convention_refuses_the_other_reading() -> None:
    with pytest.raises(ValueError, match=r"^is not of type date$"):
        text_converter("date", only=EN)("21/11/2026")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-01T10:00:00+00:00", "2026-11-01T10:00:00+00:00"),
        ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z"),
        ("2026-11-01T10:00:00-08:00", "2026-11-01T10:00:00-08:00"),
        ("2026-11-01T10:00:00.123+0530", "2026-11-01T10:00:00.123+05:30"),
        ("2026-11-01 10:00:00 UTC", "2026-11-01T10:00:00+00:00"),
        ("01.11.2026 10:00:00 UTC", "2026-11-01T10:00:00+00:00"),
        ("2026/11/21 10:00:00 JST", "2026-11-21T10:00:00+09:00"),
        ("11/21/2026 10:00:00 PST", "2026-11-21T10:00:00-08:00"),
        ("21-Nov-2026 09:05:00 PDT", "2026-11-21T09:05:00-07:00"),
        ("21-Nov-2026 09:05 CET", "2026-11-21T09:05:00+01:00"),
        ("Nov 21, 2026 12:00:00 AM PST", "2026-11-21T00:00:00-08:00"),
        ("Nov 21, 2026, 1:02:03 p.m. GMT-8", "2026-11-21T13:02:03-08:00"),
        ("2026-11-01 10:00:00 GMT+09:00", "2026-11-01T10:00:00+09:00"),
        # No zone is invented where there is none,
        ("2026-11-01T10:00:00", "2026-11-01T10:00:00"),
        ("2026-11-01 10:00", "2026-11-01T10:00:00"),
        # and a date alone is its first moment.
        ("2026-11-01", "2026-11-01T00:00:00"),
        ("", None),
    ],
)
def test_time_keeps_the_offset_that_amazon_gives(text: str, value: str | None) -> None:
    assert convert("date-time", text) == value


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-01 25:00:00",
        "2026-11-01 10:60",
        "2026-11-01 13:00:00 PM",
        "2026-11-01 10:00:00 XYZ",
        "2026-11-01T10:00:00+99:00",
        "2026-11-01T10:00:00+14:75",
        "2026-11-01T10:00:00+15:00",
        "10:00",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is not of type date-time$"):
        convert("date-time", text)


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
    st.sampled_from(sorted(ZONES)),
    st.sampled_from(
        ["%Y-%m-%dT%H:%M:%S {}", "%d.%m.%Y %H:%M:%S {}", "%d-%b-%Y %I:%M:%S %p {}", "%B %d, %Y %H:%M:%S {}"]
    ),
)
def test_zone_becomes_its_offset_and_the_clock_stays(moment: datetime, zone: str, form: str) -> None:
    found = convert("date-time", moment.strftime(form).format(zone))
    assert found == moment.strftime("%Y-%m-%dT%H:%M:%S") + ZONES[zone]


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_iso_time_is_left_alone(moment: datetime, offset: int) -> None:
    moment = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert convert("date-time", moment.isoformat()) == moment.isoformat()
    assert are_iso_times([moment.isoformat(), "", moment.isoformat()])


#: Texts that are almost times: each character of one may be another.
ALMOST_TIMES = st.tuples(
    *(st.sampled_from([letter] * 40 + list('09T t:Zz+-."," ')) for letter in "2026-11-01T10:00:00+00:00")
).map("".join)
TIMES = st.datetimes().map(datetime.isoformat) | st.sampled_from(
    [
        *("2026-11-01T10:00:00Z", "2026-11-01T10:00:00+0000", "2026-11-01T10:00:00.125Z", "2026-11-01T10:00:00z", ""),
        *(f"2026-11-01T10:00:00{offset}" for offset in ("-14:00", "+14:75", "+15:00", "+23:59", "-24:00")),
    ]
)


@given(st.lists(ALMOST_TIMES | TIMES, max_size=3))
@example(['2026-11-01T10:00:00Z","2026-11-01T10:00:00Z', ""])
@example(["2026-11-01T10:00:00." + "1" * 100 + "Z"])
@example(["2026-11-01T10:00:00+01:00", "2026-11-01T10:00:00+15:00"])
@example(["2026-11-01T10:00:00.125", "2026-11-01T10:00:00.12z"])
@example(["2026-11-01T10:00:00.123456", "2026-11-01T10:00:00.1-0700"])
@example(["2026-11-01T10:00:00.1234567", "2026-11-01T10:00:00.1+23:59"])
def test_iso_times_are_only_those_that_conversion_leaves_alone(cells: list[str]) -> None:
    if are_iso_times(cells):
        assert [convert("date-time", cell) or "" for cell in cells] == cells


NUMBERS = st.sampled_from(
    ["0", "1.5", "12.30", "-0.00", "-7", "1,234", "1.234", "007.5", "5.", ".5", "-0", "+1.5", "1e5"]
)


@given(st.lists(NUMBERS | st.text("0123456789.,-+ eE[]n²٣", max_size=9), min_size=1, max_size=3))
@example(["1" * 98 + ".50"])
@example(["1" * 101])
def test_plain_numbers_are_written_as_converted_ones_are(cells: list[str]) -> None:
    if are_plain_numbers(cells):
        assert [cell.encode() for cell in cells] == [encoder.encode(convert("number", cell)) for cell in cells]


def test_amounts_are_plain_numbers() -> None:
    assert are_plain_numbers(["12.30", "0.00", "-7", "-0.50"])


@pytest.mark.parametrize(
    "cells",
    [
        ["2026-11-01 10:00:00"],
        ["2026-11-01T10:00:00Z", "2026-11-01T10:00:00"],
        ["2026-11-01T10:00:00", "2026-11-01x10:00:00"],
        ["2026-11-01T10:00:00", "2026-13-01T10:00:00"],
        ["2026-11-01T10:00:00", "x"],
        ["2026-11-01"],
    ],
)
def test_other_times_have_to_be_converted(cells: list[str]) -> None:
    assert not are_iso_times(cells)


@pytest.mark.parametrize(
    ("kind", "text", "convention"),
    [
        ("number", "95,00", CONT),
        ("number", "12.99", EN),
        ("number", "95", None),
        ("number", "x", None),
        ("integer", "1,234", EN),
        ("date", "21/11/2026", CONT),
        ("date", "11/21/2026", EN),
        ("date", "2026-11-21", None),
        ("date-time", "21/11/2026 10:00", CONT),
    ],
)
def test_some_texts_prove_a_convention(kind: str, text: str, convention: Convention | None) -> None:
    assert convention_of(kind, text) is convention


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=2), st.sampled_from([(",", "."), (".", ","), (" ", ",")])
)
def test_money_comes_back_from_every_format(amount: Decimal, marks: tuple[str, str]) -> None:
    text = f"{amount:,.2f}".translate(str.maketrans(",.", "".join(marks)))
    if len(text) <= 100:
        assert convert("number", text) == amount


def test_no_name_stands_for_two_months() -> None:
    numbers: dict[str, int] = {}
    for language in ("en", "de", "fr", "it", "es", "nl", "pl", "sv", "pt_br", "tr"):
        for length in ("abbreviated", "wide"):
            for number, name in Locale.load(language).get(f"translations.months.{length}").items():
                assert numbers.setdefault(name.rstrip(".").casefold(), number) == number
                assert convert("date", f"1 {name} 2026") == f"2026-{number:02}-01"


def test_declared_words_for_no_value_are_null() -> None:
    assert text_converter("number", nulls=("--", "N/A"))(" N/A ") is None


def test_text_stays_text() -> None:
    assert convert("string", " 1,234 ") == " 1,234 "
    assert convert("string", "") is None


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": ["null", "integer"]}, "integer"),
        ({"type": "string"}, "string"),
        ({"type": ["string", "null"], "format": "date"}, "date"),
    ],
)
def test_kind_of_a_column(schema: dict[str, t.Any], kind: str) -> None:
    assert kind_of(schema) == kind
