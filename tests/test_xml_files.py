"""XML reports: nested elements become flat, typed rows; damage is one clear error."""

from __future__ import annotations

import gzip
import json
import tempfile
import typing as t
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.reports.xml_files import ROWS, XmlFile, XmlFileReader

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    Row = dict[str, t.Any]

TEXT = {"type": ["string", "null"]}
COLUMNS: dict[str, Mapping[str, t.Any]] = {
    "amazon_order_id": TEXT,
    "dates_purchase_date": {**TEXT, "format": "date-time"},
    "sku": {"type": "string"},
    "quantity": {"type": ["integer", "null"]},
    "item_price_amount": {"type": ["number", "null"]},
    "item_price_amount_currency": TEXT,
}
ORDERS = XmlFile(
    rows="Envelope.Message.Order.OrderItem", inherits=("AmazonOrderID", "Dates.PurchaseDate"), leaves_out=("Promotion",)
)
DOCUMENT = """<?xml version="1.0" encoding="{charset}"?>
<Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schema="x"><Header><Version>1</Version></Header>
<Message><Order><AmazonOrderID>1</AmazonOrderID><Dates><PurchaseDate>2026-11-01T10:00:00Z</PurchaseDate></Dates>
<OrderItem><SKU>{sku}</SKU><Quantity>2</Quantity><ItemPrice><Amount currency="EUR">1.234</Amount></ItemPrice>
<Promotion><Id>p</Id></Promotion></OrderItem>
<OrderItem><SKU>b</SKU><Quantity/></OrderItem></Order></Message>
<Message><Order><OrderItem><SKU>c</SKU></OrderItem><AmazonOrderID>2</AmazonOrderID></Order></Message>
</Envelope>
"""


def document(sku: str = "a", charset: str = "UTF-8") -> str:
    return DOCUMENT.format(sku=sku, charset=charset)


def read(
    data: bytes | str,
    xml: XmlFile = ORDERS,
    *,
    columns: Mapping[str, Mapping[str, t.Any]] = COLUMNS,
    unknown: list[str] | None = None,
    charset: str | None = None,
    warn: t.Callable[[str], None] = pytest.fail,
) -> list[Row]:
    met: list[str] = [] if unknown is None else unknown
    reader = XmlFileReader(xml, columns, ("sku",) if "sku" in columns else (), met.append, warn)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xml"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return [row for chunk in reader.read(path, {"account": "main"}, "report 7", charset=charset) for row in chunk]


def test_rows_are_flat_typed_and_whole() -> None:
    unknown: list[str] = []
    empty = {**dict.fromkeys(COLUMNS), "account": "main"}
    moment = "2026-11-01T10:00:00Z"
    assert read(document(), unknown=unknown) == [
        {
            "account": "main",
            "amazon_order_id": "1",
            "dates_purchase_date": moment,
            "sku": "a",
            "quantity": 2,
            "item_price_amount": Decimal("1.234"),
            "item_price_amount_currency": "EUR",
        },
        {**empty, "amazon_order_id": "1", "dates_purchase_date": moment, "sku": "b"},
        # What a row inherits from right around it may come after it, and is not the order's before.
        {**empty, "amazon_order_id": "2", "sku": "c"},
    ]
    assert unknown == []


@pytest.mark.parametrize(
    ("said", "charset", "declared"),
    [
        ("UTF-8", "utf-8", None),
        ("UTF-8", "utf-8-sig", None),
        ("UTF-16", "utf-16", None),
        ("Shift_JIS", "cp932", None),
        ("UTF-8", "cp932", "Shift_JIS"),
        ("Windows-31J", "cp932", "UTF-8"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_charset_of_the_document(said: str, charset: str, declared: str | None, *, packed: bool) -> None:
    data = document("ケトル", said).encode(charset)
    if said == "UTF-8" and charset == "cp932":
        data = data.replace(b' encoding="UTF-8"', b"")
    assert read(gzip.compress(data) if packed else data, charset=declared)[0]["sku"] == "ケトル"


def test_unknown_elements_are_not_lost() -> None:
    unknown: list[str] = []
    new = "<New unit='g'>5</New><Fee><Part>1</Part><Part>2</Part></Fee>"
    row = read(document().replace("<Quantity>2", f"{new}<Quantity>2"), unknown=unknown)[0]
    assert json.loads(row["_extra"]) == {"New": "5", "New.unit": "g", "Fee.Part": ["1", "2"]}
    assert sorted(unknown) == ["Fee.Part", "New", "New.unit"]


def test_document_without_rows() -> None:
    assert read("<Envelope><Header/></Envelope>") == []


def test_rows_may_be_the_root() -> None:
    assert read("<Row><SKU>a</SKU></Row>", XmlFile("Row"))[0]["sku"] == "a"


def test_rows_come_in_chunks_while_the_document_is_read(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text("<R>" + "<I><SKU>a</SKU></I>" * 50_000 + "</R>")
    reader = XmlFileReader(XmlFile("R.I"), COLUMNS, (), pytest.fail, pytest.fail)
    sizes = [len(chunk) for chunk in reader.read(path, {}, "report 7")]
    assert sum(sizes) == 50_000
    assert max(sizes) == ROWS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "report 7, line 1, column 1: the document is not well-formed XML: no element found"),
        ("<html><body/></html>", "report 7, line 1: the document begins with another element than Envelope"),
        (
            '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY c "&b;&b;">]>\n<Envelope>&c;</Envelope>',
            "report 7, line 1: the document has a document type",
        ),
        (
            document().replace("</Message>", "</Massage>", 1),
            "report 7, line 6, column 57: the document is not well-formed XML: mismatched tag",
        ),
        (document()[:-13], "report 7, line 7, column 102: the document is not well-formed XML: no element found"),
        (document().replace(">2<", ">Jane Doe<", 1), "report 7, line 4, column quantity is not of type integer"),
        (document().replace("<SKU>b</SKU>", ""), "report 7, line 6, column sku has no value"),
        (
            document().replace("<SKU>b</SKU>", "<SKU>b</SKU><SKU>c</SKU>"),
            "report 7, line 6, column sku is there 2 times",
        ),
    ],
)
def test_damage_is_one_clear_error(data: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(data)
    assert str(caught.value) == message


@settings(deadline=None)
@given(st.data(), st.booleans())
def test_any_damage_gives_rows_or_one_error(data: st.DataObject, packed: bool) -> None:  # noqa: FBT001
    raw = bytearray(gzip.compress(document().encode()) if packed else document().encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(raw) - 1))
        if data.draw(st.booleans()):
            raw[place] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del raw[max(place, 1) :]
    problem = None
    warnings: list[str] = []
    try:
        read(bytes(raw), warn=warnings.append)
    except DocumentError as error:
        problem = str(error)
    assert problem is None or problem.startswith("report 7")


XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff\ufffd")
)


@given(st.lists(st.tuples(XML_TEXT, XML_TEXT), max_size=5))
def test_any_text_comes_back_equal(rows: list[tuple[str, str]]) -> None:
    inner = "".join(f"<I><A b={quoteattr(b)}>{escape(a)}</A></I>" for a, b in rows)
    found = read(f"<R>{inner}</R>", XmlFile("R.I"), columns={"a": TEXT, "a_b": TEXT})
    assert [(row["a"], row["a_b"]) for row in found] == [(a or None, b or None) for a, b in rows]
