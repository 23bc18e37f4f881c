"""Flat files: any dialect comes back equal; what is dirty is told apart from what is damaged, and nothing is lost."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import random
import tempfile
import typing as t
from collections import Counter
from decimal import Decimal
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tap_amazon_vendor.documents import encodings
from tap_amazon_vendor.documents.delimited import is_empty
from tap_amazon_vendor.documents.dialects import read_header
from tap_amazon_vendor.documents.files import open_flat_file
from tap_amazon_vendor.documents.findings import Findings, Reject
from tap_amazon_vendor.documents.flat_files import (
    LINE_NUMBER,
    OCCURRENCE,
    Derived,
    FlatFile,
    FlatFileReader,
)
from tap_amazon_vendor.documents.text_lines import BATCH, LONGEST
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import REPORT_STREAMS

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_amazon_vendor.streams.report_rows import ReportRows

    Row = dict[str, t.Any]

TEXT = {"type": ["string", "null"]}
NUMBER = {"type": ["number", "null"]}
COLUMNS: dict[str, Mapping[str, t.Any]] = {
    "amazon_order_id": {"type": "string"},
    "product_name": TEXT,
    "quantity_shipped": {"type": ["integer", "null"]},
    "item_price": NUMBER,
    "item_tax": NUMBER,
    "purchase_date": {**TEXT, "format": "date-time"},
    "reporting_date": {**TEXT, "format": "date"},
    "is_gift": {"type": ["boolean", "null"]},
}
NAMES = [column.replace("_", "-") for column in COLUMNS]
HEADER = "\t".join(NAMES)
KEYS = ("amazon_order_id",)
CONSTANTS = {"account": "main", "report_id": "7"}
FULL = ["111-1", 'Kettle 12" red', "1", "12.99", "2.07", "2026-11-01T10:00:00+00:00", "2026-11-01", "true"]
FULL_ROW = {
    **CONSTANTS,
    "amazon_order_id": "111-1",
    "product_name": 'Kettle 12" red',
    "quantity_shipped": 1,
    "item_price": Decimal("12.99"),
    "item_tax": Decimal("2.07"),
    "purchase_date": "2026-11-01T10:00:00+00:00",
    "reporting_date": "2026-11-01",
    "is_gift": True,
}
JAPANESE = FlatFile(headers={"注文番号": "amazon_order_id", "商品名": "product_name", "購入日": "purchase_date"})
SECRET = "Jane Doe, 12 Main Street"


class Reading(t.NamedTuple):
    rows: list[Row]
    unknown: list[str]
    warnings: list[str]
    rejects: list[Reject]
    unreadable: Counter[str]


def read(
    data: bytes | str,
    flat: FlatFile | None = None,
    *,
    keys: Sequence[str] = KEYS,
    columns: Mapping[str, Mapping[str, t.Any]] = COLUMNS,
    charset: str | None = None,
    country: str | None = None,
    required: Sequence[str] = (),
) -> Reading:
    """Write a file and read it."""
    reading = Reading([], [], [], [], Counter())
    reader = FlatFileReader(
        flat or FlatFile(), columns, keys, reading.unknown.append, reading.warnings.append, required=required
    )
    findings = Findings(on_reject=reading.rejects.append, unreadable_cells=reading.unreadable)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.txt"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        for chunk in reader.read(path, CONSTANTS, "report 7", findings, charset=charset, country=country):
            assert 0 < len(chunk) <= 1000
            reading.rows.extend(chunk)
    return reading


def lines(*rows: Sequence[str], end: str = "\r\n") -> str:
    """Write rows under the header."""
    return end.join([HEADER, *("\t".join(row) for row in rows), ""])


def with_cell(name: str, text: str) -> list[str]:
    row = [*FULL]
    row[NAMES.index(name)] = text
    return row


def one(data: bytes | str, flat: FlatFile | None = None, **options: t.Any) -> Row:
    (row,) = read(data, flat, **options).rows
    return row


class TestTruthTable:
    """What must come out of files with the faults of issue and field."""

    def test_plain_line(self) -> None:
        assert one(lines(FULL)) == FULL_ROW

    def test_values_have_real_types(self) -> None:
        row = one(lines(FULL))
        assert [type(row[name]) for name in COLUMNS] == [str, str, int, Decimal, Decimal, str, str, bool]

    def test_empty_is_null(self) -> None:
        assert one(lines(["111-1", *[""] * 7])) == {**dict.fromkeys(COLUMNS), **CONSTANTS, "amazon_order_id": "111-1"}

    @pytest.mark.parametrize(("charset", "declared", "country"), [
        ("utf-8", None, None), ("utf-8-sig", "UTF-8", None), ("utf-16", None, None), ("cp1252", "Cp1252", None),
        ("cp1252", "ISO-8859-1", "DE"), ("cp1252", None, "DE"), ("utf-8", "Cp1252", "DE"), ("cp1252", "UTF-8", "DE"),
    ])  # fmt: skip
    def test_western_charsets(self, charset: str, declared: str | None, country: str | None) -> None:
        data = lines(with_cell("product-name", "Größe \u2013 „Ü“")).encode(charset)
        assert one(data, charset=declared, country=country)["product_name"] == "Größe \u2013 „Ü“"

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
    @pytest.mark.parametrize(("charset", "declared"), [("utf-8", None), ("cp932", "Shift_JIS"), ("cp932", None)])
    def test_japanese_file_with_translated_header(self, charset: str, declared: str | None, end: str) -> None:
        data = end.join(["注文番号\t商品名\t購入日", "250-1\tケトル\uff5e①\t2026/11/21 10:00:00 JST", ""]).encode(
            charset
        )
        row = one(data, JAPANESE, charset=declared, country="JP")
        assert row["amazon_order_id"] == "250-1"
        assert row["product_name"] == "ケトル\uff5e①"
        assert row["purchase_date"] == "2026-11-21T10:00:00+09:00"

    def test_columns_in_another_order_and_missing(self) -> None:
        row = one("item-price\tamazon-order-id\n5.00\t111-1\n")
        assert row == {**dict.fromkeys(COLUMNS), **CONSTANTS, "amazon_order_id": "111-1", "item_price": Decimal(5)}

    @pytest.mark.parametrize("name", ["Amazon-Order-ID", "Amazon Order Id", "amazonOrderId", " amazon_order_id "])
    def test_header_is_matched_by_the_rule_of_column_names(self, name: str) -> None:
        assert one(f"sku\t{name}\n1\t111-1\n")["amazon_order_id"] == "111-1"

    @pytest.mark.parametrize(
        "other", ["amazon-order-id ", " amazon-order-id", "AMAZON-ORDER-ID", "amazon-order-id\u00a0"]
    )
    @pytest.mark.parametrize("quote", ["", '"'])
    def test_the_exact_name_is_the_column_and_the_other_goes_to_extra(self, other: str, quote: str) -> None:
        """Wherever it stands, and though white space alone makes the difference."""
        for names in ((other, "amazon-order-id"), ("amazon-order-id", other)):
            header = "\t".join(f"{quote}{name}{quote}" for name in names)
            cells = "\t".join(f"{quote}{'111-1' if name != other else 'x'}{quote}" for name in names)
            row = one(f"{header}\n{cells}\n")
            assert row["amazon_order_id"] == "111-1"
            assert json.loads(row["_extra"]) == {other: "x"}

    def test_added_column_is_not_lost(self) -> None:
        reading = read("amazon-order-id\tNew Field\tother\n111-1\tx\t\n")
        assert json.loads(reading.rows[0]["_extra"]) == {"New Field": "x", "other": None}
        assert reading.unknown == ["New Field", "other"]

    def test_extra_column_is_null_where_nothing_is_unknown(self) -> None:
        assert one(lines(FULL), columns={**COLUMNS, "_extra": {"type": ["string", "null"]}})["_extra"] is None

    def test_quotes_are_data_where_the_report_does_not_quote(self) -> None:
        row = one(lines(with_cell("product-name", '"a""b" c"')))
        assert row["product_name"] == '"a""b" c"'

    def test_quoted_report(self) -> None:
        flat = FlatFile()
        row = one('"amazon-order-id","product-name","item-price"\r\n"111-1","a ""b"",\r\nc",5.00\r\n', flat)
        assert row["product_name"] == 'a "b",\r\nc'
        assert row["item_price"] == 5

    @pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
    @pytest.mark.parametrize("size", [1, 300])
    @pytest.mark.parametrize(
        "above",
        [
            "sep={}\n",
            "A title\n",
            "A title\n\nFrom{}2026-11-01\n",
            "A title{0}{0}{0}{0}{0}{0}{0}\n",
            "sep={}\nA title\n",
        ],
    )
    def test_what_stands_above_the_header_is_skipped(self, above: str, delimiter: str, size: int) -> None:
        rows = "\n".join([HEADER, *["\t".join(FULL)] * size, ""]).replace("\t", delimiter)
        reading = read(above.format(delimiter) + rows)
        assert reading.rows == [FULL_ROW] * size
        assert reading.rejects == []

    @pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
    def test_cells_may_be_in_single_quotes(self, delimiter: str) -> None:
        full = with_cell("product-name", f"it''s{delimiter}\"5")
        text = "\n".join(delimiter.join(f"'{cell}'" for cell in row) for row in (NAMES, full, full))
        assert [row["product_name"] for row in read(text + "\n").rows] == [f"it's{delimiter}\"5"] * 2
        assert read(text + "\n'x'\n").rejects[0].text == "'x'"

    def test_of_two_lines_the_short_one_is_rejected_and_the_other_read(self) -> None:
        for rows in ([FULL, FULL[:5]], [FULL[:5], FULL]):
            reading = read(lines(*rows))
            assert (reading.rows, len(reading.rejects)) == ([FULL_ROW], 1)

    def test_header_alone_has_no_rows(self) -> None:
        assert read(HEADER).rows == []
        assert read(HEADER + "\r\n\r\n").rows == []

    def test_no_newline_at_the_end(self) -> None:
        assert one(lines(FULL).rstrip()) == FULL_ROW

    def test_lines_without_values_are_no_rows(self) -> None:
        data = f"\n{HEADER}\n\n" + "\t".join(FULL) + "\n \n" + "\t" * 7 + "\n" + "\t".join(FULL) + "\n\n"
        assert read(data).rows == [FULL_ROW, FULL_ROW]

    @pytest.mark.parametrize("text", ["a\rb", "a\x0bb", "a\x1cb", "a\x85b", "a\u2028b"])
    def test_other_line_breaks_are_data(self, text: str) -> None:
        assert one(lines(with_cell("product-name", text)))["product_name"] == text

    def test_empty_cells_may_be_dropped_from_the_ends_of_lines(self) -> None:
        rows = read(lines(["111-1", "a"], FULL, ["111-2"])).rows
        assert [row["product_name"] for row in rows] == ["a", 'Kettle 12" red', None]
        assert rows[0]["is_gift"] is None

    def test_empty_cells_beyond_the_header_are_nothing_where_half_of_the_lines_have_them(self) -> None:
        assert read(lines([*FULL, "", ""], FULL)).rows == [FULL_ROW, FULL_ROW]
        reading = read(lines([*FULL, ""], FULL, FULL))
        assert reading.rows == [FULL_ROW, FULL_ROW]
        assert [(each.number, each.reason) for each in reading.rejects] == [
            (2, "it has too many cells: 9 instead of 8")
        ]
        assert one(HEADER + "\t\n" + "\t".join(FULL) + "\t\n") == FULL_ROW

    def test_words_for_no_value(self) -> None:
        assert one(lines(with_cell("item-price", "--")), FlatFile(nulls=("--",)))["item_price"] is None

    def test_declared_names_win(self) -> None:
        flat = FlatFile(headers={"Order": "amazon_order_id"})
        assert one("ORDER\tproduct-name\n111-1\tx\n", flat)["amazon_order_id"] == "111-1"


class TestNumbering:
    def test_line_number_counts_rows_after_the_header(self) -> None:
        columns = {**COLUMNS, LINE_NUMBER: {"type": "integer"}}
        data = lines(*[FULL] * (2 * BATCH + 1)).replace("\r\n", "\r\n\r\n", 1)
        rows = read(data, FlatFile(numbered=LINE_NUMBER), columns=columns, keys=("report_id", LINE_NUMBER)).rows
        assert [row[LINE_NUMBER] for row in rows] == list(range(1, 2 * BATCH + 2))

    def test_occurrence_counts_equal_keys(self) -> None:
        columns = {**COLUMNS, OCCURRENCE: {"type": "integer"}}
        data = "amazon-order-id\tquantity-shipped\tproduct-name\n1\t5\ta\n2\t5\ta\n1\t5.0\tb\n1\t6\ta\n1\t5\ta\n"
        keys = ("amazon_order_id", "quantity_shipped", OCCURRENCE)
        rows = read(data, FlatFile(numbered=OCCURRENCE), columns=columns, keys=keys).rows
        assert [row[OCCURRENCE] for row in rows] == [1, 1, 2, 1, 3]

    def test_occurrence_alone_counts_equal_lines(self) -> None:
        columns = {**COLUMNS, OCCURRENCE: {"type": "integer"}}
        data = "amazon-order-id\tproduct-name\n1\ta\n1\tb\n1\ta\n"
        rows = read(data, FlatFile(numbered=OCCURRENCE), columns=columns, keys=("report_id", OCCURRENCE)).rows
        assert [row[OCCURRENCE] for row in rows] == [1, 1, 2]

    @given(st.lists(st.integers(0, 5), min_size=1, max_size=50))
    def test_key_with_occurrence_is_unique(self, orders: list[int]) -> None:
        columns = {**COLUMNS, OCCURRENCE: {"type": "integer"}}
        data = "\n".join(["amazon-order-id", *map(str, orders)])
        rows = read(data, FlatFile(numbered=OCCURRENCE), columns=columns, keys=(*KEYS, OCCURRENCE)).rows
        assert len({(row["amazon_order_id"], row[OCCURRENCE]) for row in rows}) == len(orders)
        assert all(row[OCCURRENCE] <= orders.count(int(row["amazon_order_id"])) for row in rows)


class TestConventions:
    @pytest.mark.parametrize(
        ("doubtful", "others", "flat", "country", "value"),
        [
            # the column shows it, before or after,
            ("1,234", ["95,00"], FlatFile(local_numbers=True), "DE", Decimal("1.234")),
            ("1,234", ["95.00"], FlatFile(local_numbers=True), "DE", Decimal(1234)),
            ("1.234", ["95,00"], FlatFile(local_numbers=True), "DE", Decimal(1234)),
            ("1.234", ["95,00"], FlatFile(), "US", Decimal(1234)),
            # or the country,
            ("1,234", [], FlatFile(), "US", Decimal(1234)),
            ("1.234", [], FlatFile(local_numbers=True), "GB", Decimal("1.234")),
            # or the report: most have a decimal point.
            ("1.234", [], FlatFile(), "DE", Decimal("1.234")),
            ("1.234", [], FlatFile(), None, Decimal("1.234")),
        ],
    )
    def test_number_of_two_readings(
        self, doubtful: str, others: list[str], flat: FlatFile, country: str | None, value: Decimal
    ) -> None:
        rows = [with_cell("item-price", text) for text in (doubtful, *others)]
        rows = [["" if name == "item-tax" else cell for name, cell in zip(NAMES, row, strict=True)] for row in rows]
        for written in (rows, rows[::-1]):
            found = {row["item_price"] for row in read(lines(*written), flat, country=country).rows}
            assert value in found

    def test_another_column_of_the_file_shows_it(self) -> None:
        row = with_cell("item-price", "1,234")
        row[NAMES.index("item-tax")] = "2,07"
        assert one(lines(row), country="US")["item_price"] == Decimal("1.234")

    @pytest.mark.parametrize(
        ("texts", "flat", "country"),
        [
            (["1,234"], FlatFile(), "DE"),
            (["1,234"], FlatFile(), None),
            (["1.234"], FlatFile(local_numbers=True), "DE"),
            # As many texts of the column prove one as the other.
            (["1,234", "95,00", "95.00"], FlatFile(), None),
        ],
    )
    def test_number_is_never_guessed(self, texts: list[str], flat: FlatFile, country: str | None) -> None:
        data = "\n".join(["amazon-order-id\titem-price", *(f"1\t{text}" for text in texts)])
        row = read(data, flat, country=country).rows[0]
        assert row["item_price"] is None
        assert json.loads(row["_extra"]) == {"item_price": texts[0]}

    @pytest.mark.parametrize("country", ["US", "DE", None])
    @pytest.mark.parametrize(
        ("most", "value", "few"), [("9.50", Decimal("9.5"), "9,50"), ("9,50", Decimal("9.5"), "9.50")]
    )
    def test_most_of_a_column_decide_and_the_others_are_unreadable(
        self, most: str, value: Decimal, few: str, country: str | None
    ) -> None:
        for texts in ([most, few, most], [few, most, most], [most, most, few]):
            data = "\n".join(["amazon-order-id\titem-price", *(f"1\t{text}" for text in texts)])
            reading = read(data, country=country)
            assert [row["item_price"] for row in reading.rows] == [value if text == most else None for text in texts]
            assert reading.unreadable == {"item_price": 1}

    def test_each_column_decides_for_itself(self) -> None:
        row = with_cell("item-price", "1.234,50")
        row[NAMES.index("item-tax")] = "1,234.50"
        found = one(lines(row), country="DE")
        assert (found["item_price"], found["item_tax"]) == (Decimal("1234.5"), Decimal("1234.5"))

    def test_what_a_file_proves_has_precedence_over_what_was_declared(self) -> None:
        data = "amazon-order-id\treporting-date\n" + "1\t02/03/2026\n" * 2 * BATCH + "1\t21/03/2026\n" * 2 * BATCH
        rows = read(data, FlatFile(day_first=False), country="US").rows
        assert {row["reporting_date"] for row in rows} == {"2026-03-02", "2026-03-21"}

    @pytest.mark.parametrize("texts", [["02/03/2026", "02/04/2026"], ["02/13/2026"], ["02/03/2026", "02/13/2026"]])
    def test_one_odd_cell_does_not_change_the_others(self, texts: list[str]) -> None:
        lines_ = "".join(f"1\t{text}\n" for text in [*texts, "31/10/2026", *texts])
        rows = read(f"amazon-order-id\treporting-date\n{lines_}", FlatFile(day_first=False), country="US").rows
        wanted = [f"2026-{text[:2]}-{text[3:5]}" for text in texts]
        assert [row["reporting_date"] for row in rows] == [*wanted, None, *wanted]

    def test_one_odd_number_does_not_change_the_others(self) -> None:
        data = "amazon-order-id\titem-price\n1\t1,234\n1\t2,000\n1\t12,5\n1\t3,000\n"
        rows = read(data, FlatFile(), country="US").rows
        assert [row["item_price"] for row in rows] == [Decimal(1234), Decimal(2000), None, Decimal(3000)]

    @pytest.mark.parametrize(
        ("texts", "flat", "country", "value"),
        [
            (["02/03/2026", "21/03/2026"], FlatFile(), "US", "2026-03-02"),
            (["02/03/2026", "03/21/2026"], FlatFile(), "GB", "2026-02-03"),
            (["02/03/2026"], FlatFile(), "US", "2026-02-03"),
            (["02/03/2026"], FlatFile(day_first=True), None, "2026-03-02"),
            (["02/03/2026"], FlatFile(day_first=False), "GB", "2026-02-03"),
        ],
    )
    def test_date_of_two_readings(self, texts: list[str], flat: FlatFile, country: str | None, value: str) -> None:
        data = "\n".join(["amazon-order-id\treporting-date", *(f"1\t{text}" for text in texts)])
        assert read(data, flat, country=country).rows[0]["reporting_date"] == value

    def test_date_is_never_guessed(self) -> None:
        row = one("amazon-order-id\treporting-date\n1\t02/03/2026\n", country="GB")
        assert row["reporting_date"] is None
        assert json.loads(row["_extra"]) == {"reporting_date": "02/03/2026"}


class TestDamage:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "report 7, line 1: the file is empty, it has not even a header"),
            (b"\xef\xbb\xbf\r\n\r\n", "report 7, line 1: the file is empty, it has not even a header"),
            (b"<html>\n<body>no</body></html>", "report 7, line 1: the file is a page, not a table"),
            (b"a\tb\n1\t2\n", "report 7, line 1: the header has no column of this report"),
            (b"product-name\n1\n", "report 7, line 1: column amazon_order_id is missing"),
            (
                lines(FULL, FULL[:3]).strip().encode(),
                "report 7, line 3: the file ends in the middle of a line: it is truncated",
            ),
            (
                b'"amazon-order-id","product-name"\n"1","a"\n"2","b',
                "report 7, line 3: the file ends in the middle of a line: it is truncated",
            ),
            (HEADER.encode() + b"\n" + b"x" * (1 << 22), "report 7, line 2: the line does not end"),
        ],
    )
    def test_is_one_clear_error(self, data: bytes, message: str) -> None:
        for packed in (data, gzip.compress(data)):
            with pytest.raises(DocumentError) as caught:
                read(packed)
            assert str(caught.value) == message

    def test_truncated_gzip(self) -> None:
        with pytest.raises(DocumentError, match=r"^report 7: the document is truncated or damaged"):
            read(gzip.compress(lines(*[FULL] * 100).encode())[:-9])

    @settings(deadline=None)
    @given(st.data(), st.booleans(), st.booleans())
    def test_of_any_kind_gives_rows_or_one_error(self, data: st.DataObject, packed: bool, quoted: bool) -> None:  # noqa: FBT001
        text = lines(*[FULL] * 3)
        raw = bytearray(text.replace('"', "").encode() if quoted else text.encode())
        if packed:
            raw = bytearray(gzip.compress(bytes(raw)))
        for _ in range(data.draw(st.integers(1, 4))):
            place = data.draw(st.integers(0, len(raw) - 1)) if raw else 0
            change = data.draw(st.sampled_from(["flip", "cut", "insert", "delete"]))
            if change == "cut":
                del raw[place:]
            elif change == "insert":
                raw[place:place] = data.draw(st.binary(max_size=8))
            elif change == "delete":
                del raw[place : place + 3]
            elif raw:
                raw[place] ^= 1 << data.draw(st.integers(0, 7))
        problem = "report 7, line 0: none"
        try:
            reading = read(bytes(raw), FlatFile())
        except DocumentError as error:
            problem = str(error)
        else:
            assert len(reading.rows) + len(reading.rejects) <= bytes(raw).count(b"\n") + bytes(raw).count(b"\r") + 4
        assert problem.startswith(("report 7, line ", "report 7: the document is truncated or damaged"))


class TestUnreadableCells:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            *(
                ("item-price", text)
                for text in ("N/A", "-", "twelve", "12.5%", "1e400", "9" * 5000, "12.99 USD", "x" * 70_000)
            ),
            *(("quantity-shipped", text) for text in ("1.5", "many", "9" * 30, "-", "12,5", "0x10")),
            *(("is-gift", text) for text in ("maybe", "2", "-")),
            *(("reporting-date", text) for text in ("2026-02-30", "today", "2026-11-01T10:00:00", "0000-00-00")),
            *(("purchase-date", text) for text in ("2026-13-01T10:00:00Z", "N/A", "2026-11-01T25:00:00")),
        ],
    )
    def test_is_null_and_its_text_is_kept_and_counted(self, name: str, text: str) -> None:
        column = name.replace("-", "_")
        reading = read(lines(FULL, with_cell(name, text), FULL))
        assert [row[column] for row in reading.rows] == [FULL_ROW[column], None, FULL_ROW[column]]
        assert json.loads(reading.rows[1]["_extra"]) == {column: text}
        assert {**reading.rows[1], column: FULL_ROW[column], "_extra": None} == {**FULL_ROW, "_extra": None}
        assert reading.unreadable == {column: 1}
        assert reading.rejects == []

    def test_is_kept_beside_unknown_columns(self) -> None:
        reading = read("amazon-order-id\titem-price\tnew\n1\tN/A\ta\n2\t5\t\n")
        assert [json.loads(row["_extra"]) for row in reading.rows] == [{"new": "a", "item_price": "N/A"}, {"new": None}]

    def test_are_kept_in_the_order_of_the_columns(self) -> None:
        names = ["quantity-shipped", "item-tax", "is-gift", "item-price"]
        reading = read("\t".join(["amazon-order-id", *names]) + "\n1\t" + "\t".join("abcd") + "\n")
        assert [list(json.loads(row["_extra"])) for row in reading.rows] == [[name.replace("-", "_") for name in names]]

    def test_is_told_of_every_line_of_a_column(self) -> None:
        reading = read(lines(*[with_cell("item-price", "N/A")] * (2 * BATCH + 7)))
        assert reading.unreadable == {"item_price": 2 * BATCH + 7}
        assert {row["_extra"] for row in reading.rows} == {'{"item_price":"N/A"}'}

    def test_is_none_where_the_report_has_a_word_for_no_value(self) -> None:
        assert read(lines(with_cell("item-price", "N/A")), FlatFile(nulls=("N/A",))).unreadable == {}


class TestRejects:
    @pytest.mark.parametrize(
        ("line", "reason", "column"),
        [
            ("\t".join(FULL[:3]), "it has too few cells: 3 instead of 8", None),
            ("lonely", "it has too few cells: 1 instead of 8", None),
            ("\t".join([*FULL, SECRET]), "it has too many cells: 9 instead of 8", None),
            ("\t".join(["", *FULL]), "it has too many cells: 9 instead of 8", None),
            ("\t".join(with_cell("amazon-order-id", " ")), "column amazon_order_id has no value", "amazon_order_id"),
            (HEADER, "it repeats the header", None),
        ],
    )
    @pytest.mark.parametrize("place", [0, 1, BATCH, 2 * BATCH - 1])
    def test_line_that_is_no_row(self, line: str, reason: str, column: str | None, place: int) -> None:
        good = ["\t".join(FULL)] * 2 * BATCH
        data = "\r\n".join([HEADER, *good[:place], line, *good[place:], ""])
        reading = read(data)
        assert reading.rows == [FULL_ROW] * 2 * BATCH
        assert reading.rejects == [Reject(place + 2, line, reason, column)]

    @pytest.mark.parametrize(("cell", "reason"), [("N/A", "is not of type date"), ("", "has no value")])
    def test_key_that_is_no_text_has_to_be_read(self, cell: str, reason: str) -> None:
        reading = read(lines(FULL, with_cell("reporting-date", cell), FULL), keys=(*KEYS, "reporting_date"))
        assert len(reading.rows) == 2
        (reject,) = reading.rejects
        assert (reject.number, reject.column) == (3, "reporting_date")
        assert reject.reason == f"column reporting_date {reason}"
        assert reading.unreadable == {}

    def test_the_first_is_that_of_the_least_number(self) -> None:
        findings = Findings()
        for number in (4, 3, 5):
            findings.reject(number, "too\tshort", "it has too few cells")
        assert findings.first_reject
        assert findings.first_reject.number == 3

    def test_required_text_of_a_key_has_to_be_there(self) -> None:
        data = "amazon-order-id\tproduct-name\n1\t\n\tb\n3\tc\n"
        keys = ("amazon_order_id", "product_name")
        assert [row["product_name"] for row in read(data, keys=keys).rows] == ["(none)", "b", "c"]
        reading = read(data, keys=keys, required=["amazon_order_id"])
        assert [row["product_name"] for row in reading.rows] == ["(none)", "c"]
        assert [(each.number, each.column) for each in reading.rejects] == [(3, "amazon_order_id")]

    @pytest.mark.parametrize("numbered", [None, LINE_NUMBER, OCCURRENCE])
    def test_line_without_any_text_of_its_key(self, numbered: str | None) -> None:
        columns = {**COLUMNS, **({numbered: {"type": "integer"}} if numbered else {})}
        keys = ("amazon_order_id", "product_name", *([numbered] if numbered else []))
        data = "amazon-order-id\tproduct-name\titem-price\n1\ta\t5\n \t\t5\n1\ta\t6\n"
        reading = read(data, FlatFile(numbered=numbered), columns=columns, keys=keys)
        assert [row["item_price"] for row in reading.rows] == [5, 6]
        assert [each.reason for each in reading.rejects] == ["columns amazon_order_id, product_name have no value"]
        if numbered == LINE_NUMBER:
            assert [row[LINE_NUMBER] for row in reading.rows] == [1, 3]

    def test_line_that_is_too_long_is_not_collected(self) -> None:
        long = "x" * (3 * LONGEST)
        reading = read(lines(FULL, with_cell("product-name", long), FULL))
        assert reading.rows == [FULL_ROW, FULL_ROW]
        (reject,) = reading.rejects
        assert reject.number == 3
        assert reject.reason == "the line has more than 1,048,576 characters"

    def test_short_lines_of_most_of_a_file_lack_empty_cells(self) -> None:
        assert read(lines(["1", "a"], ["2"], FULL)).rejects == []
        # One is a damaged line, and so are all where another line shows its empty cells.
        assert len(read(lines(["1", "a"], FULL)).rejects) == 1
        assert len(read(lines(["1", "a"], ["2"], with_cell("is-gift", ""))).rejects) == 2

    @pytest.mark.parametrize("full", [0, 1])
    def test_words_under_a_wide_header_are_no_rows_however_many(self, full: int) -> None:
        reading = read(lines(*[FULL] * full, *[["bad"]] * 9))
        assert (len(reading.rows), len(reading.rejects)) == (full, 9)


class TestQuotes:
    NAMES: t.ClassVar = ["amazon-order-id", "product-name", "item-price", "is-gift"]

    def quoted(self, *rows: str, delimiter: str = "\t") -> str:
        header = delimiter.join(f'"{name}"' for name in self.NAMES)
        return "\n".join([header, *(row.replace("|", delimiter) for row in rows), ""])

    @pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
    @pytest.mark.parametrize(
        ("cell", "value"),
        [
            ('"Desk lamp, 1/2" thread, black"', 'Desk lamp, 1/2" thread, black'),
            ('"1/2""', '1/2"'),
            ('""1/2" pipe"', '"1/2" pipe'),
            ('"12"" pan"', '12" pan'),
            ('"a\n\nb"', "a\n\nb"),
            ('"say ""a""\r\nand ""b"""', 'say "a"\r\nand "b"'),
            ('12" pan', '12" pan'),
            ("", None),
            ('""', None),
        ],
    )
    def test_cell_is_read_whether_its_quotes_are_doubled_or_not(
        self, cell: str, value: str | None, delimiter: str
    ) -> None:
        if delimiter == "," and "," in cell and cell.count('"') % 2:
            pytest.skip("commas within quotes that are not doubled may be anything")
        reading = read(
            self.quoted('"1"|"a"|"5"|"yes"', f'"2"|{cell}|"5"|"yes"', '"3"|"c"|"5"|"yes"', delimiter=delimiter)
        )
        assert [row["product_name"] for row in reading.rows] == ["a", value, "c"]
        assert reading.rejects == []

    @pytest.mark.parametrize("text", ['"', '"12 inches', '12"'])
    def test_lone_quote_is_data_where_the_line_is_whole(self, text: str) -> None:
        data = f"amazon-order-id,product-name,item-price,is-gift\n1,a,5,yes\n2,{text},5,yes\n3,b,5,yes\n"
        assert [row["product_name"] for row in read(data).rows] == ["a", text, "b"]

    def test_quote_that_never_closes_costs_its_own_line_only(self) -> None:
        rows = [f'"{number}"|"a"|"5"|"yes"' for number in range(2000)]
        for place in (0, 5, 1000, 1998):
            damaged = [*rows[:place], f'"{place}"|"a|"5"|"yes"', *rows[place + 1 :]]
            reading = read(self.quoted(*damaged))
            assert [each.number for each in reading.rejects] == [place + 2]
            assert [row["amazon_order_id"] for row in reading.rows] == [str(n) for n in range(2000) if n != place]

    def test_two_quotes_that_never_close_swallow_nothing_between_them(self) -> None:
        data = (
            'amazon-order-id,product-name,item-price,is-gift\n1,a,5,yes\n2,"a,5,yes\n3,b,5,yes\n4,c",5,yes\n5,d,5,yes\n'
        )
        rows = read(data).rows
        assert [row["amazon_order_id"] for row in rows] == ["1", "2", "3", "4", "5"]

    def test_quotes_in_lines_of_an_unquoted_file_of_tabs_are_data(self) -> None:
        names = ['"', '"12 inches', '12"', '"a" and b', '""']
        rows = read(lines(*(with_cell("product-name", name) for name in names))).rows
        assert [row["product_name"] for row in rows] == names

    def test_cells_are_quoted_under_a_header_that_is_not(self) -> None:
        data = HEADER + "\n" + "\t".join(f'"{cell}"' for cell in with_cell("product-name", "a")) + "\n"
        assert one(data) == {**FULL_ROW, "product_name": "a"}


class TestLineEnds:
    @given(st.lists(st.sampled_from(["\n", "\r\n", "\r", "\r\r\n", "\n\r"]), min_size=4, max_size=4))
    def test_of_all_kinds_may_be_mixed(self, ends: list[str]) -> None:
        orders = ["1", "2", "3"]
        data = (
            HEADER
            + ends[0]
            + "".join("\t".join([order, *FULL[1:]]) + end for order, end in zip(orders, ends[1:], strict=True))
        )
        reading = read(data)
        assert [row["amazon_order_id"] for row in reading.rows] == orders
        assert [row["is_gift"] for row in reading.rows] == [True] * 3

    def test_long_rest_with_the_other_line_end_is_read(self) -> None:
        for first, other in (("\n", "\r"), ("\r", "\n"), ("\r\n", "\r")):
            data = HEADER + first + ("\t".join(FULL) + other) * 30_000
            assert len(read(data).rows) == 30_000

    @pytest.mark.parametrize("quote", ["", '"'])
    def test_an_old_programs_ends_of_lines_and_file_are_no_data(self, quote: str) -> None:
        row, *header = with_cell("product-name", "a"), *HEADER.split("\t")
        written = [f"{quote}\t{quote}".join(cells).join([quote, quote]) for cells in (header, row, FULL)]
        reading = read("\n\r".join([*written, "\x1a"]).replace('""', '"'))
        assert [each["amazon_order_id"] for each in reading.rows] == ["111-1", "111-1"]
        assert reading.rejects == []

    def test_byte_order_mark_may_begin_every_line(self) -> None:
        for header in (HEADER, '"' + HEADER.replace("\t", '"\t"') + '"'):
            data = "".join(
                f"\ufeff{line}\r\n" for line in (header, "\t".join(with_cell("product-name", "a")), "\t".join(FULL))
            )
            assert [row["amazon_order_id"] for row in read(data).rows] == ["111-1", "111-1"]

    @pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
    def test_wide_letters(self, charset: str) -> None:
        assert one(lines(with_cell("product-name", "Größe")).encode(charset))["product_name"] == "Größe"


class TestNul:
    def test_cell_of_nothing_else_is_null(self) -> None:
        reading = read("amazon-order-id\tproduct-name\titem-price\n1\t\0\0\t\0\0\n2\t \0\t5\n")
        assert [(row["product_name"], row["item_price"]) for row in reading.rows] == [(None, None), (None, 5)]
        assert reading.warnings == []

    def test_text_gets_a_replacement_and_one_warning(self) -> None:
        reading = read(lines(FULL, *[with_cell("product-name", "a\0b")] * 2 * BATCH))
        assert reading.rows[1]["product_name"] == "a\ufffdb"
        assert len(reading.rows) == 2 * BATCH + 1
        assert reading.warnings == ["report 7: texts hold NUL characters, which became '\\ufffd'"]

    def test_is_not_in_a_rejected_line(self) -> None:
        (reject,) = read(lines(FULL, ["1", "a\0b"])).rejects
        assert reject.text == "1\ta\ufffdb"


class TestNames:
    @pytest.mark.parametrize("name", ["AmazonOrderId", "AMAZON ORDER-ID", "amazon.order/id", "\u00a0Amazon  Order ID "])
    def test_are_compared_by_letters_and_digits(self, name: str) -> None:
        assert one(f"sku\t{name}\n1\t111-1\n")["amazon_order_id"] == "111-1"

    def test_alias_is_compared_by_letters_and_digits(self) -> None:
        flat = FlatFile(headers={"Order/Region Code": "amazon_order_id"})
        assert one("order region code\tproduct-name\n1\tx\n", flat)["amazon_order_id"] == "1"

    @pytest.mark.parametrize("names", [("Amazon Order ID", "amazon-order-id"), ("amazon-order-id", "Amazon Order ID")])
    def test_exact_name_wins_over_one_that_becomes_the_same(self, names: tuple[str, str]) -> None:
        cells = ["right" if name == "amazon-order-id" else "wrong" for name in names]
        reading = read("\t".join([*names, "item-price"]) + "\n" + "\t".join([*cells, "5"]) + "\n")
        assert reading.rows[0]["amazon_order_id"] == "right"
        assert json.loads(reading.rows[0]["_extra"]) == {"Amazon Order ID": "wrong"}
        assert reading.unknown == ["Amazon Order ID"]

    @pytest.mark.parametrize("foreign", ["amazon-order-id", "amazon_order_id"])
    @pytest.mark.parametrize("at", [0, 1, 3])
    def test_a_name_spelled_unlike_the_rest_of_the_header_is_foreign(self, foreign: str, at: int) -> None:
        header, line = ["Amazon Order ID", "Quantity Shipped", "Item Price"], ["111-1", "2", "9.5"]
        header.insert(at, foreign)
        line.insert(at, "x")
        found = one("\t".join(header) + "\n" + "\t".join(line) + "\n")
        assert (found["amazon_order_id"], json.loads(found["_extra"])) == ("111-1", {foreign: "x"})

    def test_first_of_equal_names_wins(self) -> None:
        reading = read("amazon-order-id\tquantity-shipped\tquantity-shipped\tx\tx\n1\t2\t3\t4\t5\n")
        assert reading.rows[0]["quantity_shipped"] == 2
        assert json.loads(reading.rows[0]["_extra"]) == {"quantity-shipped": "3", "x": "4", "x (2)": "5"}

    def test_text_that_is_no_value_and_a_second_column_do_not_meet(self) -> None:
        reading = read("order\tq\tq\n1\tN/A\t3\n", columns={"order": TEXT, "q": NUMBER}, keys=["order"])
        assert json.loads(reading.rows[0]["_extra"]) == {"q": "N/A", "q (2)": "3"}

    def test_translated_name(self) -> None:
        columns = {"seller_sku": TEXT, "quantity": NUMBER, "price": NUMBER}
        for header in ("出品者SKU\t数量\t価格", "卖家 SKU\t数量\t价格"):
            row = one(header + "\nA\t2\t3\n", columns=columns, keys=["seller_sku"])
            assert (row["seller_sku"], row["quantity"], row["price"]) == ("A", 2, 3)

    def test_derived_column_is_made_only_where_the_file_lacks_it(self) -> None:
        flat = FlatFile(
            derived={"purchase_date": Derived(("reporting_date",), lambda text: text or None)},
            days=frozenset({"reporting_date"}),
        )
        row = one("amazon-order-id\treporting-date\n1\t2026-11-01T10:00:00Z\n", flat)
        assert (row["purchase_date"], row["reporting_date"]) == ("2026-11-01T10:00:00Z", "2026-11-01")
        assert one(lines(FULL), flat)["purchase_date"] == FULL_ROW["purchase_date"]
        with pytest.raises(DocumentError, match="column reporting_date is missing"):
            read("amazon-order-id\n1\n", flat)


#: Twenty ways to damage a cell. None of them yields another value of the column's type.
WAYS: list[t.Callable[[str], str]] = [
    lambda _: "N/A", lambda _: "-", lambda _: "--", lambda _: "twelve", lambda _: "12.5%", lambda _: "1e400",
    lambda _: "9" * 5000, lambda _: "\0\0", lambda cell: f"{cell}\0x", lambda _: "#REF!", lambda _: "None?",
    lambda _: "1,2,3", lambda _: "1.2.3", lambda _: '"', lambda cell: f'"{cell}', lambda cell: f'{cell}"?',
    lambda _: "\ufeff?", lambda _: "\N{SUPERSCRIPT TWO}", lambda _: "2026-99-99", lambda _: "x" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("quoted", [False, True])
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 1 << 32))
def test_dirty_file_loses_nothing_and_changes_nothing_else(seed: int, *, quoted: bool) -> None:
    chance = random.Random(seed)
    rows = [[f"{number}-1", f"Pan {number}", *FULL[2:]] for number in range(chance.choice([20, 300, 600]))]
    touched: dict[int, str] = {}
    written = []
    for number, row in enumerate(rows):
        cells, line = [*row], None
        # Two damaged lines in a row may make one whole line.
        way = 1 if number - 1 in touched else chance.random()
        index = chance.randrange(1, len(row))
        join = '"\t"'.join if quoted else "\t".join
        if way < 0.01:
            cells[index] = chance.choice(WAYS)(cells[index])
            touched[number] = NAMES[index].replace("-", "_")
        elif way < 0.02:
            touched[number] = "line"
            line = chance.choice([
                join(cells[:index]),
                join([*cells[:index], "shifted", *cells[index:]]),
                join([*cells, "more"]),
                join(cells[:index]) + '"' + join(cells[index:]) + ("" if quoted else "\t" * 9 + "x"),
            ])  # fmt: skip
        line = join(cells) if line is None else line
        written.append(f'"{line}"' if quoted else line)
    header = '"' + HEADER.replace("\t", '"\t"') + '"' if quoted else HEADER
    reading = read("\r\n".join([header, *written, ""]))
    assert len(reading.rows) + len(reading.rejects) == len(rows)
    found = {row["amazon_order_id"]: row for row in reading.rows}
    for number, row in enumerate(rows):
        expected = {**FULL_ROW, "amazon_order_id": row[0], "product_name": row[1]}
        damage = touched.get(number)
        if damage == "line":
            assert row[0] not in found or not quoted or found[row[0]]["product_name"] == row[1]
            continue
        got = dict(found[row[0]])
        if damage:
            if damage != "product_name":
                assert got[damage] is None
            got[damage] = expected[damage]
        got.pop("_extra", None)
        assert got == expected
    assert sum(reading.unreadable.values()) <= len(touched)


SHARED = next(
    (
        path
        for path in (Path(__file__).resolve().parents[1] / "../shared", Path(__file__).resolve().parents[3] / "shared")
        if path.exists()
    ),
    Path("shared"),
)
BY_NAME = {stream.name: stream for stream in REPORT_STREAMS}
OF_REPORT = {stream.report.name: stream for stream in REPORT_STREAMS}


def read_by_stream(stream: ReportRows, path: Path) -> Reading:
    """Read a file as a stream declares it."""
    assert stream.report.layout
    columns = load_schema(stream.name)["properties"]
    keys = [key for key in stream.key_columns if key in columns]
    reading = Reading([], [], [], [], Counter())
    findings = Findings(on_reject=reading.rejects.append, unreadable_cells=reading.unreadable)
    reader = FlatFileReader(stream.report.layout, columns, keys, reading.unknown.append, reading.warnings.append)
    document = open_flat_file(path)
    constants = {"snapshot_time": "2026-11-21T12:00:00Z"}
    for chunk in reader.read(path, constants, "report 7", findings, charset=document.charset, country="US"):
        reading.rows.extend(chunk)
    return reading


@pytest.mark.parametrize(
    ("name", "stream", "rows"),
    [
        ("01_ledger_unescaped_quote", "seller_ledger_summary", [
            {"title": "Plain title", "ending_warehouse_balance": 4, "location": "AAA1"},
            {"title": 'Desk lamp, 1/2" thread, black', "ending_warehouse_balance": 4, "location": "AAA1"},
        ]),
        *((name, "seller_restock_recommendations", [
            {"country": "US", "merchant_sku": "SKU-1", "price": Decimal("12.5"), "recommended_ship_date": "2026-12-01"},
        ]) for name in ("03_restock_country_region_code", "03b_restock_quoted_api")),
        ("06_seller_orders_by_order_date_two_marketplaces", "seller_orders_by_order_date", [
            {"sales_channel": "Amazon.com", "item_price": 10}, {"sales_channel": "Amazon.ca", "item_price": 14},
            {"sales_channel": "Non-Amazon US", "item_price": None},
        ]),
        ("08_fba_inventory_api_as_csv", "seller_fba_inventory", [
            {"sku": "SKU-1", "your_price": 10, "afn_total_quantity": 4},
        ]),
        ("09_returns_pull1", "seller_customer_returns", [{"license_plate_number": "LPNTEST0001"}]),
        ("09_returns_pull2", "seller_customer_returns", [{"license_plate_number": "LPNTEST0001"}]),
        ("13_bom_each_line", "seller_fba_inventory", [{"sku": "SKU-1"}, {"sku": "SKU-2"}]),
    ],
)  # fmt: skip
def test_shared_case(name: str, stream: str, rows: list[Row]) -> None:
    path = SHARED / "cases" / f"{name}.txt"
    if not path.exists():
        pytest.skip("the folder of shared cases is not here")
    reading = read_by_stream(BY_NAME[stream], path)
    assert [{key: row[key] for key in wanted} for row, wanted in zip(reading.rows, rows, strict=True)] == rows
    assert (reading.rejects, reading.unreadable, reading.unknown) == ([], {}, [])


@pytest.mark.parametrize(
    "path", sorted((SHARED / "samples" / "amzn-sandbox").glob("*.txt")), ids=lambda path: path.stem
)
def test_sample_of_amazon_is_read_whole(path: Path) -> None:
    stream = OF_REPORT.get(path.stem)
    if stream is None or (
        path.stem == "GET_LEDGER_DETAIL_VIEW_DATA" and not (stream.report.layout and stream.report.layout.derived)
    ):
        pytest.skip("no stream reads it")
    reading = read_by_stream(stream, path)
    assert len(reading.rows) == len(path.read_text(encoding="utf-8").splitlines()) - 1
    assert (reading.rejects, reading.unreadable, reading.unknown) == ([], {}, [])


class TestHeader:
    @pytest.mark.parametrize(
        ("data", "names"),
        [
            (HEADER.encode() + b"\r\n1\t2\r\n", NAMES),
            (gzip.compress(HEADER.encode(), mtime=0), NAMES),
            (b'\xef\xbb\xbf"Date","FNSKU"\n1,2', ["Date", "FNSKU"]),
            (b"\n\na,b\rc,d", ["a", "b"]),
            ("注文番号\t商品名\n".encode("cp932"), ["注文番号", "商品名"]),
            ("注文番号\t商品名\n".encode("utf-16"), ["注文番号", "商品名"]),
            (b"", []),
            (b"\0\0\0", []),
        ],
    )
    def test_is_read_whatever_the_dialect(self, tmp_path: Path, data: bytes, names: list[str]) -> None:
        path = tmp_path / "report"
        path.write_bytes(data)
        assert read_header(path).names == names

    @pytest.mark.parametrize(
        ("data", "empty"),
        [
            (b"a\tb", True),
            (b"a\tb\r\n\r\n\t\r\n", True),
            (gzip.compress(b"a\tb\r", mtime=0), True),
            ("a\tb\r\n".encode("utf-16"), True),
            (b"a\tb\n1\t2", False),
            ("a\tb\r\n1\t2\r\n".encode("utf-16"), False),
            (b"a\tb\n" + b"\n" * 100_000 + b"1", False),
            # Not even a header: damaged, not empty.
            (b"", False),
        ],
    )
    def test_alone_is_empty(self, tmp_path: Path, data: bytes, *, empty: bool) -> None:
        path = tmp_path / "report"
        path.write_bytes(data)
        assert is_empty(path) is empty


class Dialect(t.NamedTuple):
    delimiter: str
    quoted: bool
    end: str
    charset: str
    packed: bool
    ends: bool

    def write(self, table: list[list[str]]) -> bytes:
        if self.quoted:
            text = io.StringIO(newline="")
            csv.writer(text, delimiter=self.delimiter, lineterminator=self.end, quoting=csv.QUOTE_ALL).writerows(table)
            written = text.getvalue()
        else:
            written = "".join(self.delimiter.join(row) + self.end for row in table)
        data = (written if self.ends else written.removesuffix(self.end)).encode(self.charset)
        return gzip.compress(data) if self.packed else data


DIALECTS = st.builds(
    Dialect,
    st.sampled_from(["\t", ","]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp932"]),
    st.booleans(),
    st.booleans(),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Dialect, list[list[str]]]:
    """Draw a dialect and a table that can be written in it."""
    dialect = draw(DIALECTS)
    codec = "utf-8" if dialect.charset.startswith("utf") else dialect.charset
    never = "\0\x1a\ufeff\ufffd¢£¬‖\u2212〜" + ("" if dialect.quoted else f"{dialect.delimiter}\r\n")
    width = draw(st.integers(1, 6))
    # A header of one column shows no delimiter: a tab is one then.
    never += "\t" if width == 1 else ""
    cell = st.text(st.characters(codec=codec, exclude_characters=never, exclude_categories=["Cs"]), max_size=8)
    if dialect.delimiter == "," and not dialect.quoted:
        # Whoever writes commas quotes a cell that begins like this.
        cell = cell.filter(lambda text: not text.startswith('"'))
    row = st.lists(cell, min_size=width, max_size=width)
    rows = draw(st.lists(row.filter(lambda cells: any(c.strip() for c in cells)), max_size=8))
    return dialect, rows


@settings(deadline=None, max_examples=300)
@example((Dialect(",", False, "\n", "utf-8", False, False), [["", "", "\t", "\t", "\t0"]]), 1)  # noqa: FBT003  # as they are drawn
@given(tables(), st.sampled_from([1, 2, 5, 16, 1 << 18]))
def test_any_table_in_any_dialect_comes_back_equal(drawn: tuple[Dialect, list[list[str]]], block: int) -> None:
    dialect, rows = drawn
    width = len(rows[0]) if rows else 1
    columns = {f"column_{index}": TEXT for index in range(width)}
    data = dialect.write([[name.replace("_", "-") for name in columns], *rows])
    plain = gzip.decompress(data) if dialect.packed else data
    if not dialect.charset.startswith("utf"):
        # Bytes that happen to be UTF-8 are taken for that.
        with contextlib.suppress(UnicodeDecodeError):
            assume(plain.decode("utf-8").isascii())
    flat = FlatFile()
    with mock.patch.object(encodings, "TEXT_BLOCK", block):
        found = read(data, flat, columns=columns, keys=(), charset=dialect.charset).rows
    assert [[row[name] for name in columns] for row in found] == [[cell or None for cell in row] for row in rows]
