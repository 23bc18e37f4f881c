"""Flat files: dialects, charsets, and the faults that strike them; and the same orders as XML."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amazon_sandbox.accounts import DEFAULT_ACCOUNTS
from amazon_sandbox.data import ARCHIVED, TABLES, Data
from amazon_sandbox.data.tables import HEADERS, Style, Table
from amazon_sandbox.faults import FLAT_CONTENT
from amazon_sandbox.flatfiles import UNDECODABLE, charset, text_of, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver

SHIPMENTS = "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL"
LEDGER = "GET_LEDGER_DETAIL_VIEW_DATA"
ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
RETURNS = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
SPAN = {"dataStartTime": "2026-11-01T00:00:00Z", "dataEndTime": "2026-11-10T23:59:59Z", "reportOptions": {}}
FIRST, LAST = (datetime.fromisoformat(SPAN[name].replace("Z", "+00:00")) for name in ("dataStartTime", "dataEndTime"))  # type: ignore[attr-defined]

MOMENT = datetime(2026, 10, 31, 9, 11, 22, tzinfo=timezone.utc)
PLAIN = Table(("sku", "title", "price"), [{"sku": "1", "title": 'TV 55"', "price": None}], Style(), "UTF-8", "utf-8")


def table(driver: Driver, label: str, report_type: str = SHIPMENTS) -> Table:
    """What a flat file must hold."""
    account = next(account for account in driver.sandbox.accounts if account.label == label)
    return driver.sandbox.data.table(
        report_type,
        account=account,
        marketplace_id=account.marketplaces[0],
        options={},
        start=FIRST,
        end=LAST,
        as_of=datetime(2026, 11, 20, 12, tzinfo=timezone.utc),
    )


def fetched(driver: Driver, label: str, report_type: str = SHIPMENTS) -> tuple[bytes, str]:
    """The unpacked bytes of a flat file, and its Content-Type."""
    report = driver.finished(label, reportType=report_type, **SPAN)
    assert report["processingStatus"] == "DONE"
    link = driver.link(report, label)
    answer = driver.download(link)
    packed = "compressionAlgorithm" in link
    return gzip.decompress(answer.data) if packed else answer.data, answer.headers["Content-Type"]


def spoilt(make: Callable[..., Driver], fault: str, label: str = "seller-us") -> tuple[bytes, str, Table]:
    """A file that a fault struck, its Content-Type, and what it should have held."""
    driver = make(faults=[fault])
    content, content_type = fetched(driver, label)
    return content, content_type, table(driver, label)


@pytest.mark.parametrize(
    ("label", "name", "codec"),
    [
        ("seller-us", "Cp1252", "cp1252"),
        ("seller-de", "ISO-8859-1", "iso-8859-1"),
        ("seller-jp", "Shift_JIS", "cp932"),
        ("seller-in", "UTF-8", "utf-8"),
    ],
)
def test_bytes_are_the_table_in_the_charset_of_the_marketplace(
    amazon: Driver, label: str, name: str, codec: str
) -> None:
    content, content_type = fetched(amazon, label)
    expected = table(amazon, label)
    assert content_type == f"text/plain;charset={name}"
    header, *lines = content.decode(codec).split("\r\n")
    assert header.split("\t") == list(expected.columns)
    assert lines.pop() == ""
    assert [line.split("\t") for line in lines] == [
        [text_of(cell, expected.style) for cell in row.values()] for row in expected.rows
    ]
    assert content == b"".join(write(expected))


def test_japanese_bytes_need_the_charset_of_windows(amazon: Driver) -> None:
    content, _ = fetched(amazon, "seller-jp")
    content.decode("cp932")
    with pytest.raises(UnicodeDecodeError):
        content.decode("shift_jis")


def test_a_quote_in_a_title_is_data(amazon: Driver) -> None:
    content, _ = fetched(amazon, "seller-us", ORDERS)
    assert b'\tShelf 24" x 36" \\ "heavy duty"\t' in content


def test_ledgers_are_quoted(amazon: Driver) -> None:
    content, _ = fetched(amazon, "seller-us", LEDGER)
    expected = table(amazon, "seller-us", LEDGER)
    assert content.startswith(b'"Date"\t"FNSKU"\t')
    read = list(csv.reader(io.StringIO(content.decode("cp1252")), delimiter="\t"))
    assert read[1:] == [[text_of(cell, expected.style) for cell in row.values()] for row in expected.rows]
    assert read[1][0] == "11/01/2026"
    assert read[1][-1] == "2026-11-01T00:00:00-0700"


@pytest.mark.parametrize(
    ("label", "when", "day", "number"),
    [
        ("seller-us", "2026-10-31 09:11:22 UTC", "2026-10-31", "95.00"),
        ("seller-de", "31.10.2026 09:11:22 UTC", "31.10.2026", "95,00"),
        ("seller-jp", "2026/10/31 09:11:22 UTC", "2026/10/31", "95.00"),
    ],
)
def test_settlements_have_local_dates_and_numbers(amazon: Driver, label: str, when: str, day: str, number: str) -> None:
    style = table(amazon, label, SETTLEMENT).style
    assert [text_of(cell, style) for cell in (MOMENT, MOMENT.date(), Decimal("95.00"))] == [when, day, number]


@pytest.mark.parametrize(
    ("report_type", "cell", "text"),
    [
        (SHIPMENTS, MOMENT, "2026-10-31T09:11:22+00:00"),
        (RETURNS, MOMENT.date(), "31-Oct-2026"),
        ("GET_VAT_TRANSACTION_DATA", MOMENT.date(), "31-10-2026"),
        ("GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT", MOMENT.date(), "10/31/2026"),
        (ORDERS, True, "true"),
        (ORDERS, None, ""),
        (ORDERS, Decimal("-0.10"), "-0.10"),
        (ORDERS, 7, "7"),
    ],
)
def test_cells(report_type: str, cell: Any, text: str) -> None:
    assert text_of(cell, TABLES[report_type].style) == text


def test_some_flat_files_are_not_compressed(amazon: Driver) -> None:
    body = {"reportType": "GET_RESERVED_INVENTORY_DATA", "dataStartTime": None, "dataEndTime": None}
    labels = set()
    for _ in range(10):
        # Past the window in which no new version is made, and past the life of a token.
        amazon.clock.advance(hours=1)
        amazon._tokens.clear()
        link = amazon.link(amazon.finished("seller-us", **body, reportOptions={}), "seller-us")
        assert ("compressionAlgorithm" in link) == amazon.download(link).data.startswith(b"\x1f\x8b")
        labels.add("compressionAlgorithm" in link)
    assert labels == {True, False}


def test_orders_as_xml_are_those_of_the_flat_file(amazon: Driver) -> None:
    content, content_type = fetched(amazon, "seller-us", "GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL")
    assert content_type == "text/xml;charset=UTF-8"
    root = ET.fromstring(content)  # noqa: S314 - our own
    assert (root.tag, root.findtext("MessageType")) == ("AmazonEnvelope", "AllOrdersReport")
    found = [
        (order.findtext("AmazonOrderID"), item.findtext("SKU"), item.findtext("ItemPrice/Component/Amount"))
        for order in root.iterfind("Message/Order")
        for item in order.iterfind("OrderItem")
    ]
    rows = table(amazon, "seller-us", ORDERS).rows
    assert found == [(row["amazon-order-id"], row["sku"], str(row["item-price"])) for row in rows]
    amount = root.find("Message/Order/OrderItem/ItemPrice/Component/Amount")
    assert amount is not None
    assert amount.attrib == {"currency": "USD"}


def test_a_fatal_flat_file_gives_its_reason_as_json(amazon: Driver) -> None:
    body = {"reportType": ORDERS, "reportOptions": {}, "dataStartTime": "2026-10-01", "dataEndTime": "2026-11-01"}
    report = amazon.finished("seller-us", **body)
    answer = amazon.download(amazon.link(report, "seller-us"))
    assert answer.content_type == "application/json"
    assert b"Date range exceeded" in gzip.decompress(answer.data)


class TestFaults:
    def lines(self, content: bytes) -> list[list[str]]:
        return [line.split("\t") for line in content.decode("cp1252").split("\r\n")]

    def test_columns_added(self, make: Callable[..., Driver]) -> None:
        content, _, good = spoilt(make, "columns_added")
        header, first, *_ = self.lines(content)
        assert [column for column in header if column not in good.columns] == ["unit-weight", "carbon-label"]
        assert (header[24], first[24], header[-1], first[-1]) == ("unit-weight", "1.50", "carbon-label", "green")
        assert [column for column in header if column in good.columns] == list(good.columns)

    def test_columns_missing(self, make: Callable[..., Driver]) -> None:
        content, _, good = spoilt(make, "columns_missing")
        header, first, *_ = self.lines(content)
        assert header == list(good.columns[:-1])
        assert len(first) == len(header)

    def test_columns_reordered(self, make: Callable[..., Driver]) -> None:
        content, _, good = spoilt(make, "columns_reordered")
        header, first, *_ = self.lines(content)
        assert header == list(good.columns[::-1])
        assert first == [text_of(cell, good.style) for cell in next(iter(good.rows)).values()][::-1]

    def test_byte_order_mark(self, make: Callable[..., Driver]) -> None:
        content, content_type, good = spoilt(make, "byte_order_mark", "seller-jp")
        assert content.startswith(b"\xef\xbb\xbfamazon-order-id\t")
        assert content_type == "text/plain;charset=UTF-8"
        assert content.decode("utf-8-sig") == b"".join(write(good)).decode("cp932")

    @pytest.mark.parametrize(("label", "wrong"), [("seller-us", "UTF-8"), ("seller-in", "ISO-8859-1")])
    def test_charset_wrong(self, make: Callable[..., Driver], label: str, wrong: str) -> None:
        content, content_type, good = spoilt(make, "charset_wrong", label)
        assert content_type == f"text/plain;charset={wrong}"
        assert content == b"".join(write(good))

    def test_charset_missing(self, make: Callable[..., Driver]) -> None:
        content, content_type, good = spoilt(make, "charset_missing")
        assert content_type == "text/plain"
        assert content == b"".join(write(good))

    @pytest.mark.parametrize(
        ("label", "codec"), [("seller-us", "cp1252"), ("seller-jp", "cp932"), ("seller-in", "utf-8")]
    )
    def test_undecodable_bytes(self, make: Callable[..., Driver], label: str, codec: str) -> None:
        content, _, good = spoilt(make, "undecodable_bytes", label)
        with pytest.raises(UnicodeDecodeError):
            content.decode(codec)
        assert content.replace(UNDECODABLE, b"") == b"".join(write(good))
        assert content.count(b"\t") == b"".join(write(good)).count(b"\t")

    def test_line_cut_off(self, make: Callable[..., Driver]) -> None:
        content, _, good = spoilt(make, "line_cut_off")
        whole = b"".join(write(good))
        assert whole.startswith(content)
        assert not content.endswith(b"\n")
        assert content.count(b"\n") == whole.count(b"\n") - 1

    def test_lines_missing(self, make: Callable[..., Driver]) -> None:
        content, _, good = spoilt(make, "lines_missing")
        assert b"".join(write(good)).startswith(content)
        assert content.count(b"\n") - 1 == len(list(good.rows)) // 3 > 0

    def test_equal_lines(self, make: Callable[..., Driver]) -> None:
        content, _, good = spoilt(make, "equal_lines")
        lines, count = content.splitlines(), len(list(good.rows))
        assert len(lines) - 1 == count + -(-count // 3)
        assert lines[1] == lines[2] != lines[3]

    def test_range_ignored(self, make: Callable[..., Driver]) -> None:
        content, _, good = spoilt(make, "range_ignored")
        shipped = [line[good.columns.index("shipment-date")][:10] for line in self.lines(content)[1:-1]]
        assert min(shipped) == "2026-11-01"
        assert max(shipped) == "2026-11-20"

    def test_they_let_json_pass_and_those_of_json_let_flat_files_pass(self, make: Callable[..., Driver]) -> None:
        amazon = make(faults=[*FLAT_CONTENT, "missing_array"])
        assert "salesByAsin" not in amazon.document(amazon.finished())
        assert [fault.left for fault in amazon.sandbox.faults.armed] == [1] * len(FLAT_CONTENT) + [0]

    @pytest.mark.parametrize("fault", ["not_json", "error_in_done"])
    def test_documents_that_are_something_else(self, make: Callable[..., Driver], fault: str) -> None:
        content, _, _ = spoilt(make, fault)
        assert content.startswith(b"<html>" if fault == "not_json" else b"{")


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.dates(min_value=date(1000, 1, 1)),
    st.text(st.characters(codec="cp1252", exclude_characters="\t\r\n")),
)


@given(
    st.lists(st.fixed_dictionaries({"sku": CELLS, "title": CELLS, "price": CELLS}), max_size=5),
    st.booleans(),
    st.sampled_from(["\r\n", "\n"]),
)
def test_whatever_is_written_can_be_read_again(rows: list[dict[str, Any]], quoted: bool, newline: str) -> None:  # noqa: FBT001
    style = Style(quoted=quoted, newline=newline)
    written = Table(PLAIN.columns, rows, style, "Cp1252", "cp1252")
    text = b"".join(write(written)).decode("cp1252")
    lines = text.removesuffix(newline).split(newline)
    read = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_NONE))
    assert read[0] == ["sku", "title", "price"]
    assert read[1:] == [[text_of(row[column], style) for column in written.columns] for row in rows]


@pytest.mark.parametrize("fault", FLAT_CONTENT)
def test_a_file_without_rows_survives_every_fault(fault: str) -> None:
    empty = Table(PLAIN.columns, [], Style(), "UTF-8", "utf-8")
    assert b"".join(write(empty, fault))
    assert charset(empty, fault) != ""


def test_no_header_names_a_column_twice() -> None:
    assert HEADERS.keys() == TABLES.keys() | ARCHIVED.keys()
    for columns in HEADERS.values():
        assert len(columns) == len(set(columns))


MANY = Table(
    ("a", "b", "c"),
    [{"a": str(each), "b": f"b{each}", "c": f"c{each}"} for each in range(400)],
    Style(),
    "UTF-8",
    "utf-8",
)


def test_every_hundredth_cell_can_be_dirty_and_no_other() -> None:
    good, bad = (b"".join(write(MANY, fault)).splitlines() for fault in (None, "dirty_cells"))
    cells = [
        (one, other)
        for line, dirty in zip(good, bad, strict=True)
        for one, other in zip(line.split(b"\t"), dirty.split(b"\t"), strict=True)
        if one != other
    ]
    assert len(cells) == 12
    assert len({dirty for _, dirty in cells}) == 12


def test_every_fiftieth_line_can_be_cut_shifted_or_quoted_and_no_other() -> None:
    good, bad = (b"".join(write(MANY, fault)).splitlines() for fault in (None, "dirty_lines"))
    damaged = [dirty for line, dirty in zip(good, bad, strict=True) if line != dirty]
    assert damaged[:3] == [b"1", b"\t51\tb51\tc51", b'101\t"b101\tc101']
    assert len(damaged) == 8


@pytest.mark.parametrize(
    ("report_type", "column"),
    [(ORDERS, "sales-channel"), ("GET_FBA_REIMBURSEMENTS_DATA", "currency-unit")],
)
def test_a_report_that_ignores_the_marketplace_holds_those_of_all(report_type: str, column: str) -> None:
    seller = next(account for account in DEFAULT_ACCOUNTS if account.label == "seller-us")
    data = Data(7, DEFAULT_ACCOUNTS, 12, 3)
    start, end = datetime(2026, 10, 1, tzinfo=timezone.utc), datetime(2026, 10, 20, tzinfo=timezone.utc)
    whole, *parts = (
        data.table(
            report_type, account=seller, marketplace_id=place, options={}, start=start, end=end,
            as_of=datetime(2026, 11, 21, tzinfo=timezone.utc), whole_region=whole,
        )
        for place, whole in [(seller.marketplaces[0], True), *((place, False) for place in seller.marketplaces)]
    )  # fmt: skip
    assert list(whole.rows) == [row for part in parts for row in part.rows]
    assert len({row[column] for row in whole.rows}) == len(seller.marketplaces) == 3
