"""Flat files: any dialect comes back equal, any damage is one clear error."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import tempfile
import typing as t
from decimal import Decimal
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tap_amazon_vendor.documents import encodings
from tap_amazon_vendor.documents.delimited import is_empty
from tap_amazon_vendor.documents.dialects import read_header
from tap_amazon_vendor.documents.text_lines import BATCH
from tap_amazon_vendor.documents.flat_files import (
    LINE_NUMBER,
    OCCURRENCE,
    FlatFile,
    FlatFileReader,
)
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


def read(
    data: bytes | str,
    flat: FlatFile | None = None,
    *,
    keys: Sequence[str] = KEYS,
    columns: Mapping[str, Mapping[str, t.Any]] = COLUMNS,
    charset: str | None = None,
    country: str | None = None,
) -> Reading:
    """Write a file and read it."""
    reading = Reading([], [], [])
    reader = FlatFileReader(flat or FlatFile(), columns, keys, reading.unknown.append, reading.warnings.append)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.txt"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        for chunk in reader.read(path, CONSTANTS, "report 7", charset=charset, country=country):
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

    def test_empty_cells_beyond_the_header_are_nothing(self) -> None:
        assert read(lines([*FULL, "", ""], FULL)).rows == [FULL_ROW, FULL_ROW]
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
            (["1,234", "95,00", "95.00"], FlatFile(), "US"),
        ],
    )
    def test_number_is_never_guessed(self, texts: list[str], flat: FlatFile, country: str | None) -> None:
        data = "\n".join(["amazon-order-id\titem-price", *(f"1\t{text}" for text in texts)])
        with pytest.raises(
            DocumentError, match=r"^report 7, line 2, column item_price \(item-price\) can be read as two"
        ):
            read(data, flat, country=country)

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
        with pytest.raises(DocumentError, match=r"line 2, column reporting_date .* two different values of type date"):
            read("amazon-order-id\treporting-date\n1\t02/03/2026\n", country="GB")


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
                b"amazon-order-id\tAmazon Order Id\n1\t1\n",
                "report 7, line 1, column amazon_order_id (Amazon Order Id) appears twice",
            ),
            (b"amazon-order-id\tx\tx\n1\t1\t1\n", "report 7, line 1, column x appears twice"),
            (
                lines(FULL, with_cell("amazon-order-id", "")).encode(),
                "report 7, line 3, column amazon_order_id (amazon-order-id) has no value",
            ),
            (
                lines(FULL, FULL, with_cell("item-price", SECRET)).encode(),
                "report 7, line 4, column item_price (item-price) is not of type number",
            ),
            (
                lines(FULL, with_cell("product-name", "a\0b")).encode(),
                "report 7, line 3, column product_name (product-name) holds a NUL character: the file is damaged",
            ),
            (
                lines([*FULL, SECRET]).encode(),
                "report 7, line 2, column number 9 has no name: the line has 9 cells, the header 8",
            ),
            (
                lines(FULL, FULL[:3]).strip().encode(),
                "report 7, line 3, column item_price (item-price) is missing: the file ends in the middle of a line",
            ),
            (
                lines(FULL, FULL[:3], with_cell("is-gift", "")).encode(),
                "report 7, line 3, column item_price (item-price) is missing: the line is too short",
            ),
            (
                lines(with_cell("is-gift", ""), FULL[:3]).encode(),
                "report 7, line 3, column item_price (item-price) is missing: the line is too short",
            ),
        ],
    )
    def test_is_one_clear_error(self, data: bytes, message: str) -> None:
        for packed in (data, gzip.compress(data)):
            with pytest.raises(DocumentError) as caught:
                read(packed)
            assert str(caught.value) == message

    @pytest.mark.parametrize("text", ['"a', 'a"b"', '"a"b', '"a\n' + "x\n" * 200_000])
    def test_damaged_quotes_name_the_line_where_they_begin(self, text: str) -> None:
        data = f'"amazon-order-id","product-name"\n1,"x\ny"\n"2",{text}\n'
        if text == 'a"b"':
            assert read(data, FlatFile()).rows[1]["product_name"] == text
            return
        with pytest.raises(DocumentError, match=r"^report 7, line 4: the quotes are damaged"):
            read(data, FlatFile())

    def test_error_far_down_names_its_line(self) -> None:
        data = lines(*[FULL] * 3000, with_cell("quantity-shipped", "x"), *[FULL] * 3000)
        with pytest.raises(DocumentError, match=r"^report 7, line 3002, column quantity_shipped "):
            read(data)

    def test_line_without_end_is_not_collected(self) -> None:
        with pytest.raises(DocumentError, match=r"^report 7, line 2: the line does not end"):
            read(HEADER.encode() + b"\n" + b"x" * (1 << 23))

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
            read(bytes(raw), FlatFile())
        except DocumentError as error:
            problem = str(error)
        assert problem.startswith(("report 7, line ", "report 7: the document is truncated or damaged"))


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
    never = "\0\ufeff\ufffd¢£¬‖\u2212〜" + ("" if dialect.quoted else f"{dialect.delimiter}\r\n")
    cell = st.text(st.characters(codec=codec, exclude_characters=never, exclude_categories=["Cs"]), max_size=8)
    width = draw(st.integers(1, 6))
    row = st.lists(cell, min_size=width, max_size=width)
    rows = draw(st.lists(row.filter(lambda cells: any(c.strip() for c in cells)), max_size=8))
    return dialect, rows


@settings(deadline=None, max_examples=300)
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
    with mock.patch.object(encodings, "BLOCK", block):
        found = read(data, flat, columns=columns, keys=(), charset=dialect.charset).rows
    assert [[row[name] for name in columns] for row in found] == [[cell or None for cell in row] for row in rows]
