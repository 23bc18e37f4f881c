"""What is nearly JSON is read; each fault is counted, and nothing else changes."""

from __future__ import annotations

import json
import typing as t
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_amazon_vendor.documents.files import open_document, read_slices
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.json_repair import (
    BROKEN,
    CONTROLS,
    NO_NUMBERS,
    TWICE,
    has_single_fields,
    repaired,
    with_single_fields,
)
from tap_amazon_vendor.documents.rows import RowShaper

if t.TYPE_CHECKING:
    from pathlib import Path

COLUMNS: dict[str, dict[str, t.Any]] = {
    "asin": {"type": "string"},
    "title": {"type": ["string", "null"]},
    "price": {"type": ["number", "null"]},
    "_extra": {"type": ["string", "null"]},
}

FAULTS: dict[str, tuple[bytes, t.Any, t.Any, str]] = {
    "not a number": (b'"price":NaN', None, None, NO_NUMBERS),
    "minus infinity": (b'"price":-Infinity', None, None, NO_NUMBERS),
    "a raw tab": (b'"title":"a\tb","price":1', "a\tb", 1, CONTROLS),
    "a raw line break": (b'"title":"a\nb","price":1', "a\nb", 1, CONTROLS),
    "a raw NUL": (b'"title":"a\0b","price":1', "a\ufffdb", 1, CONTROLS),
    "a byte of another charset": (b'"title":"caf\xe9 NaN","price":1', "caf\ufffd NaN", 1, BROKEN),
}


def read(path: Path, findings: Findings) -> list[dict[str, t.Any]]:
    slices = read_slices(open_document(path), "rows", (), findings.repairs)
    return [
        row for rows in RowShaper(COLUMNS, ("asin",), lambda _: None).shape(slices, {}, "it", findings) for row in rows
    ]


@pytest.mark.parametrize("size", [3, 12_000])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_one_row_changes_no_other(tmp_path: Path, fault: str, size: int) -> None:
    written, title, price, said = FAULTS[fault]
    rows = [b'{"asin":"B%d","title":"\xc3\xa9","price":2.5}' % number for number in range(size)]
    rows[size // 2] = b'{"asin":"odd",%b}' % written
    path = tmp_path / "document"
    path.write_bytes(b'{"reportSpecification":{},"rows":[%b]}' % b",".join(rows))
    findings = Findings()
    got = read(path, findings)
    assert len(got) == size
    odd = got.pop(size // 2)
    assert (odd["asin"], odd["title"], odd["price"]) == ("odd", title, price)
    assert {(row["title"], row["price"]) for row in got} == {("é", got[0]["price"])}
    assert f"{said}: 1" in findings.remarks
    # What is no number is kept as a cell that can't be read.
    assert findings.unreadable_cells == Counter({"price": 1} if said == NO_NUMBERS else {})
    assert (odd["_extra"] is None) == (said != NO_NUMBERS)


def test_a_specification_with_a_fault_is_read(tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(b'{"reportSpecification":{"note":"a\tb\xe9","x":NaN,"reportType":"GET"},"rows":[]}')
    document = open_document(path)
    assert document.specification is not None
    assert document.specification["reportType"] == "GET"


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_is_not_changed(value: t.Any) -> None:
    found: Counter[str] = Counter()
    for text in (json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode(errors="replace")):
        assert repaired(text, found) == text
    assert not found


#: Of a row that has fields again: what is written, and the title, the price and what else there is.
AGAIN: dict[str, tuple[bytes, t.Any, t.Any, t.Any]] = {
    "another value": (b'"title":"a","title":"b"', "b", None, {"title (1)": "a"}),
    "three values": (b'"price":1.10,"price":2,"price":3', None, 3, {"price (1)": Decimal("1.10"), "price (2)": 2}),
    "the same value": (b'"title":"a","price":1,"title":"a"', "a", 1, None),
    "far apart": (b'"title":"a","price":1,"new":{},"title":null', None, 1, {"title (1)": "a", "new": {}}),
    "one is missing": (b'"price":1,"price":2', None, 2, {"price (1)": 1}),
}


@pytest.mark.parametrize("size", [1, 12_000])
@pytest.mark.parametrize("again", AGAIN)
def test_a_field_that_a_row_has_again_is_told_and_no_value_is_lost(tmp_path: Path, again: str, size: int) -> None:
    written, title, price, more = AGAIN[again]
    rows = [b'{"asin":"B%d","title":"\\":","price":2.5}' % number for number in range(size)]
    rows[size // 2] = b'{"asin":"odd",%b}' % written
    path = tmp_path / "document"
    path.write_bytes(b'{"reportSpecification":{},"rows":[%b]}' % b",".join(rows))
    findings = Findings()
    got = read(path, findings)
    assert len(got) == size
    odd = got.pop(size // 2)
    assert (odd["asin"], odd["title"], odd["price"]) == ("odd", title, price)
    assert (odd["_extra"] and json.loads(odd["_extra"], parse_float=Decimal)) == more
    assert {(row["title"], row["price"], row["_extra"]) for row in got} <= {('":', Decimal("2.5"), None)}
    assert findings.remarks == [f"{TWICE}: {2 if again == 'three values' else 1}"]


def test_an_inner_array_that_an_element_has_again_loses_no_row(tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(b'{"outer":[{"id":1,"inner":[{"asin":"a"}],"inner":[{"asin":"b","asin":"c"}]}]}')
    found: Counter[str] = Counter()
    rows = [row for text in read_slices(open_document(path), "outer.inner", ("id",), found) for row in json.loads(text)]
    assert rows == [{"id": 1, "asin": "a"}, {"id": 1, "asin (1)": "b", "asin": "c"}]
    assert found == {TWICE: 2}


NAMES = st.sampled_from(["a", "b", '\\":', "c (1)"])
OBJECTS = st.lists(st.tuples(NAMES, st.none() | st.integers() | st.just('":')), max_size=5)


@settings(max_examples=200)
@given(st.lists(OBJECTS, max_size=4))
def test_no_field_twice_escapes(objects: list[list[tuple[str, t.Any]]]) -> None:
    members = (",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in each) for each in objects)
    text = f"[{','.join(f'{{{each}}}' for each in members)}]".encode()
    again = sum(len(each) - len(dict(each)) for each in objects)
    found: Counter[str] = Counter()
    single = with_single_fields(text, found)
    assert found[TWICE] == again
    assert has_single_fields(text) == (not again)
    assert (single == text) == (not again)
    for got, pairs in zip(json.loads(single), objects, strict=True):
        assert got.items() >= dict(pairs).items()
        assert {*map(repr, got.values())} == {repr(value) for _, value in pairs}
