"""Report documents: whole or refused, exact to the digit, in bounded memory."""

from __future__ import annotations

import gzip
import itertools
import json
import tracemalloc
import typing as t
import zlib
from decimal import Decimal
from unittest import mock

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_amazon_vendor.documents import files, json_slices, unzip
from tap_amazon_vendor.documents.files import (
    ERROR_BYTES,
    Document,
    first_rows,
    open_document,
    open_flat_file,
    read_slices,
)
from tap_amazon_vendor.errors import DocumentError

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Save = Callable[[bytes], Path]

SPECIFICATION = {
    "reportType": "GET_VENDOR_SALES_REPORT",
    "reportOptions": {"reportPeriod": "DAY"},
    "dataStartTime": "2026-11-16",
    "dataEndTime": "2026-11-16",
    "marketplaceIds": ["ATVPDKIKX0DER"],
}
ROWS = [
    {"asin": "B000000001", "orderedUnits": 5, "orderedRevenue": {"amount": 12.5, "currencyCode": "USD"}},
    {"asin": "B000000002", "orderedUnits": 0, "orderedRevenue": None},
]
GOOD = json.dumps({"reportSpecification": SPECIFICATION, "salesAggregate": [], "salesByAsin": ROWS}).encode()
SECRET = "Jane Doe, 12 Main Street"

#: Few digits, many, exponents: as JSON writes numbers.
NUMBERS = st.one_of(
    st.integers().map(str),
    st.integers(10**25, 10**60).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,20})\.[0-9]{1,25}", fullmatch=True),
    st.from_regex(r"-?[1-9](\.[0-9]{1,5})?[eE][+-]?[0-9]{1,2}", fullmatch=True),
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="session")
def save(tmp_path_factory: pytest.TempPathFactory) -> Save:
    """Write files, of which the last one counts."""
    path = tmp_path_factory.mktemp("documents") / "7.document"

    def save(content: bytes) -> Path:
        path.write_bytes(content)
        return path

    return save


def read_rows(document: Document, array: str = "salesByAsin", inherits: tuple[str, ...] = ()) -> t.Iterator[t.Any]:
    """Decode what is read, as exactly as the tap does."""
    decode = msgspec.json.Decoder(list[t.Any], float_hook=Decimal).decode
    return itertools.chain.from_iterable(map(decode, read_slices(document, array, inherits)))


def rows_of(path: Path, array: str = "salesByAsin") -> list[dict[str, t.Any]]:
    return list(read_rows(open_document(path), array))


def rows_of_unchecked(path: Path) -> list[t.Any]:
    return list(read_rows(unchecked(path)))


def unchecked(path: Path) -> Document:
    """A document whose file was not looked at."""
    return Document(path, bytes=0, error=None, specification=None, empty=False)


def large(rows: int = 30_000) -> bytes:
    """A document that is larger than any error document."""
    parts = b",".join(b'{"asin":"B%09d","orderedUnits":%d,"amount":1.10}' % (number, number) for number in range(rows))
    return b'{"reportSpecification":%s,"salesByAsin":[%s]}' % (json.dumps(SPECIFICATION).encode(), parts)


class TestWhole:
    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
    def test_content_is_read_whatever_its_packing(self, save: Save, pack: Callable[[bytes], bytes]) -> None:
        path = save(pack(GOOD))
        document = open_document(path)
        assert document == Document(path, path.stat().st_size, None, SPECIFICATION, empty=False)
        assert list(read_rows(document, "salesByAsin")) == ROWS

    def test_a_name_that_says_otherwise_does_not_matter(self, tmp_path: Path) -> None:
        plain = tmp_path / "plain.json.gz"
        plain.write_bytes(GOOD)
        packed = tmp_path / "packed.json"
        packed.write_bytes(gzip.compress(GOOD))
        assert rows_of(plain) == rows_of(packed) == ROWS

    def test_a_gzip_file_of_several_members_is_read_to_its_end(self, save: Save) -> None:
        assert rows_of(save(gzip.compress(GOOD[:40]) + gzip.compress(GOOD[40:]))) == ROWS

    @pytest.mark.parametrize("cut", [10, -9, -1])
    def test_python_unzips_where_there_is_no_faster_way(
        self, save: Save, monkeypatch: pytest.MonkeyPatch, cut: int
    ) -> None:
        monkeypatch.setattr(unzip, "_gzip_file", gzip.GzipFile)
        monkeypatch.setattr(unzip, "_inflate_error", zlib.error)
        content = gzip.compress(GOOD)
        assert rows_of(save(content)) == ROWS
        with pytest.raises(DocumentError, match="truncated or damaged"):
            open_document(save(content[:cut]))
        with pytest.raises(DocumentError, match="truncated or damaged"):
            open_document(save(content[:10] + b"\xff" + content[11:]))

    def test_white_space_around_is_allowed(self, save: Save) -> None:
        assert rows_of(save(b"\r\n\t " + GOOD + b"\r\n\r\n")) == ROWS

    def test_much_white_space_after_it_is_allowed(self, save: Save) -> None:
        assert rows_of(save(GOOD + b" " * 100)) == ROWS

    def test_a_byte_order_mark_does_not_make_it_another_document(self, save: Save) -> None:
        document = open_document(save(b"\xef\xbb\xbf" + b'{"errorDetails": "no"}'))
        assert document.error == "no"

    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
    def test_rows_after_a_byte_order_mark_are_read(self, save: Save, pack: Callable[[bytes], bytes]) -> None:
        assert rows_of(save(pack(b"\xef\xbb\xbf" + GOOD))) == ROWS

    def test_the_specification_is_found_at_the_end_too(self, save: Save) -> None:
        content = json.dumps({"salesByAsin": ROWS, "reportSpecification": SPECIFICATION}).encode()
        assert open_document(save(content)).specification == SPECIFICATION

    @pytest.mark.parametrize("other", [None, "GET_VENDOR_SALES_REPORT", 7, []])
    def test_a_specification_that_is_no_object_counts_as_none(self, save: Save, other: object) -> None:
        content = json.dumps({"reportSpecification": other, "salesByAsin": ROWS}).encode()
        assert open_document(save(content)).specification is None

    def test_a_large_document_is_opened_with_its_specification(self, save: Save) -> None:
        content = large()
        assert len(content) > ERROR_BYTES
        document = open_document(save(content))
        assert (document.error, document.specification, document.empty) == (None, SPECIFICATION, False)

    @pytest.mark.parametrize(
        ("content", "empty"),
        [
            ({"reportSpecification": SPECIFICATION, "salesAggregate": [], "salesByAsin": []}, True),
            ({"reportSpecification": SPECIFICATION, "salesAggregate": [{}], "salesByAsin": []}, False),
            ({"reportSpecification": SPECIFICATION}, False),
            ({"errorDetails": "no"}, False),
            ([], False),
        ],
    )
    def test_empty_are_arrays_without_a_row(self, save: Save, content: object, *, empty: bool) -> None:
        assert open_document(save(json.dumps(content).encode())).empty is empty

    @pytest.mark.parametrize("rows", [len(ROWS), 40_000], ids=["short", "long"])
    @pytest.mark.parametrize("twin", [{"marketplaceIds": ["A1F83G8C2ARO7P"]}, {"dataEndTime": None}, {}, None])
    def test_a_specification_that_is_there_twice_must_say_the_same(
        self, save: Save, twin: dict[str, t.Any] | None, rows: int
    ) -> None:
        again = json.dumps(None if twin is None else SPECIFICATION | twin).encode()
        array = json.dumps((ROWS * rows)[:rows]).encode()
        first = json.dumps(SPECIFICATION).encode()
        path = save(b'{"reportSpecification":%b,"salesByAsin":%b,"reportSpecification":%b}' % (first, array, again))
        if twin:
            with pytest.raises(DocumentError, match=r"is there twice, with \w+ [\w-]+ and \w+"):
                open_document(path)
        else:
            assert open_document(path).specification == SPECIFICATION


class TestErrors:
    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ({"errorDetails": "is not yet available"}, "is not yet available"),
            ({"errorMessage": "second"}, "second"),
            ({"message": "third"}, "third"),
            ({"reason": "fourth"}, "fourth"),
            ({"errorDetails": "", "message": "third"}, "third"),
            ({"errorDetails": None, "reason": "fourth"}, "fourth"),
            ({"errors": [{"message": "one"}, {"message": "two"}]}, "one; two"),
            ({"errors": ["plain"]}, "plain"),
            ({"errors": [{"code": 7}]}, "{'code': 7}"),
            ({"errorDetails": {"code": 7}}, "{'code': 7}"),
            ({"errorDetails": "Größe: 売上"}, "Größe: 売上"),
        ],
    )
    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
    def test_every_shape_of_an_error_gives_amazons_text(
        self, save: Save, content: object, text: str, pack: Callable[[bytes], bytes]
    ) -> None:
        document = open_document(save(pack(json.dumps(content, indent=2).encode())))
        assert document.error == text
        assert document.specification is None

    @pytest.mark.parametrize("content", [{}, [], {"errors": []}, {"errors": {}}, {"errorDetails": ""}, {"rows": []}])
    def test_what_holds_no_text_is_no_error(self, save: Save, content: object) -> None:
        assert open_document(save(json.dumps(content).encode())).error is None

    def test_a_document_of_rows_is_no_error_whatever_else_it_holds(self, save: Save) -> None:
        content = {"reportSpecification": SPECIFICATION, "message": "Enjoy your data", "salesByAsin": ROWS}
        assert open_document(save(json.dumps(content).encode())).error is None


class TestDamage:
    def test_gzip_cut_at_any_byte_is_refused_when_opened(self, save: Save) -> None:
        content = gzip.compress(GOOD)
        for length in range(len(content)):
            with pytest.raises(DocumentError):
                open_document(save(content[:length]))

    def test_plain_json_cut_at_any_byte_is_refused_when_opened(self, save: Save) -> None:
        for length in range(len(GOOD)):
            with pytest.raises(DocumentError):
                open_document(save(GOOD[:length]))

    def test_json_cut_before_it_was_packed_is_refused_when_opened(self, save: Save) -> None:
        for length in range(0, len(GOOD), 7):
            with pytest.raises(DocumentError):
                open_document(save(gzip.compress(GOOD[:length])))

    def test_json_cut_at_any_byte_never_ends_quietly_while_read(self, save: Save) -> None:
        for length in range(len(GOOD)):
            with pytest.raises(DocumentError):
                list(read_rows(unchecked(save(GOOD[:length])), "salesByAsin"))

    @pytest.mark.parametrize("keep", [0.3, 0.9, 0.9999])
    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
    def test_a_large_document_that_is_cut_is_refused_when_opened(
        self, save: Save, pack: Callable[[bytes], bytes], keep: float
    ) -> None:
        content = pack(large())
        cut = content[: int(len(content) * keep)]
        while cut.endswith((b"}", b"]")):
            cut = cut[:-1]
        with pytest.raises(DocumentError):
            open_document(save(cut))

    def test_a_large_document_that_is_cut_after_a_row_never_ends_quietly(self, save: Save) -> None:
        content = large()
        with pytest.raises(DocumentError):
            rows_of(save(content[: content.rindex(b",{")]))

    @settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
    @given(data=st.data())
    def test_a_flipped_bit_in_gzip_gives_an_error_or_the_same_rows(self, save: Save, data: st.DataObject) -> None:
        content = bytearray(gzip.compress(GOOD, mtime=0))
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        try:
            rows = rows_of(save(bytes(content)))
        except DocumentError:
            return
        assert rows == ROWS

    @pytest.mark.parametrize("place", [-5, -1], ids=["checksum", "length"])
    def test_a_wrong_checksum_or_length_is_refused_when_opened(self, save: Save, place: int) -> None:
        content = bytearray(gzip.compress(GOOD))
        content[place] ^= 0xFF
        with pytest.raises(DocumentError, match="truncated or damaged"):
            open_document(save(bytes(content)))

    def test_bytes_after_the_gzip_data_are_refused_when_opened(self, save: Save) -> None:
        with pytest.raises(DocumentError, match="truncated or damaged"):
            open_document(save(gzip.compress(GOOD) + b"<html>"))

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b" \n",
            b"<html><body>An error occurred.</body></html>",
            b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
            b"asin\tunits\nB000000001\t5\n",
            b'"a text"',
            b"7",
            b"null",
            "asin\tunits\n".encode("utf-16"),
        ],
    )
    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
    def test_what_is_no_json_document_is_said_to_be_none(
        self, save: Save, content: bytes, pack: Callable[[bytes], bytes]
    ) -> None:
        with pytest.raises(DocumentError, match=r"^the document is not JSON$"):
            open_document(save(pack(content)))

    @pytest.mark.parametrize(
        "content",
        [
            b'{"salesByAsin": [1, 2,]}',
            b'{"salesByAsin": [' + SECRET.encode() + b"]}",
            b'{"salesByAsin": [{"buyer": "' + SECRET.encode() + b'" "x": 1}]}',
            b'{"salesByAsin": []} {"salesByAsin": []}',
            b"{'salesByAsin': []}",
        ],
    )
    def test_wrong_json_is_refused_when_opened_and_never_quoted(self, save: Save, content: bytes) -> None:
        with pytest.raises(DocumentError, match="not JSON") as caught:
            open_document(save(content))
        assert "Jane" not in str(caught.value)

    @pytest.mark.parametrize(
        "content",
        [
            b'{"salesByAsin": [{"buyer": "' + SECRET.encode() + b'" "x": 1}]}',
            b'{"salesByAsin": [{"buyer": ' + SECRET.encode() + b"}]}",
            b'{"salesByAsin": [{"units": 1},]}',
            b'{"salesByAsin": [,{"units": 1}]}',
            b'{"salesByAsin": [{"units": 1}}',
            b'{"salesByAsin": [{"units": 1}] "more": 1}',
            b'{"salesByAsin": [{"units": 1}],}',
            b'{"salesByAsin" [{"units": 1}]}',
            b'{"salesByAsin": , "more": 1}',
            b"{salesByAsin: []}",
            b'{"salesByAsin": ' + b"[" * 400_000 + b"]" * 400_000 + b"}",
        ],
    )
    def test_wrong_json_is_refused_while_read_and_never_quoted(self, save: Save, content: bytes) -> None:
        with pytest.raises(DocumentError, match=r"^the document is not JSON: ") as caught:
            list(read_rows(unchecked(save(content)), "salesByAsin"))
        assert "Jane" not in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_gzip_that_breaks_while_read_is_a_document_error(self, save: Save) -> None:
        content = gzip.compress(large(), compresslevel=1)
        rows = read_rows(unchecked(save(content[: len(content) // 2])), "salesByAsin")
        assert next(rows)["asin"] == "B000000000"
        with pytest.raises(DocumentError, match="truncated or damaged"):
            list(rows)


class TestRows:
    def test_an_empty_array_gives_no_rows(self, save: Save) -> None:
        assert rows_of(save(GOOD), "salesAggregate") == []

    @pytest.mark.parametrize(
        ("own", "totals", "told"),
        [
            ([], [{"units": 7}], True),
            ([], [{"revenue": {"amount": 0.05, "currencyCode": "USD"}}], True),
            ([], [{"units": -1}], True),
            # A day without sales.
            ([], [{"startDate": "2026-11-01", "units": 0, "revenue": {"amount": 0.00, "currencyCode": "USD"}}], False),
            ([], [], False),
            ([{"asin": "X"}], [{"units": 7}], False),
        ],
    )
    def test_an_empty_array_beside_totals_that_are_not_zero_is_told(
        self, save: Save, own: list[t.Any], totals: list[t.Any], *, told: bool
    ) -> None:
        for document in (
            {"salesByAsin": own, "salesAggregate": totals},
            {"salesAggregate": totals, "salesByAsin": own},
        ):
            remarks: list[str] = []
            list(read_slices(open_document(save(json.dumps(document).encode())), "salesByAsin", remarks=remarks))
            assert remarks == ["the document has no rows in salesByAsin, though salesAggregate has figures"] * told

    @pytest.mark.parametrize("array", ["trafficByAsin", "asin", "reportType", "sales"])
    def test_a_missing_array_is_refused_by_its_name(self, save: Save, array: str) -> None:
        with pytest.raises(
            DocumentError, match=f"^the document has no array {array}, but salesAggregate, salesByAsin$"
        ):
            rows_of(save(GOOD), array)

    def test_an_array_inside_another_object_is_not_the_one(self, save: Save) -> None:
        content = json.dumps({"other": {"salesByAsin": ROWS}, "rows": []}).encode()
        with pytest.raises(DocumentError, match="no array salesByAsin"):
            rows_of(save(content))

    def test_a_document_that_is_a_list_has_no_array_by_name(self, save: Save) -> None:
        with pytest.raises(DocumentError, match="no array salesByAsin"):
            rows_of(save(json.dumps(ROWS).encode()))

    @pytest.mark.parametrize("other", [{"B000000001": 5}, {}, "none", 7, True, None])
    def test_what_is_no_array_is_not_taken_for_an_empty_one(self, save: Save, other: object) -> None:
        with pytest.raises(DocumentError):
            rows_of(save(json.dumps({"reportSpecification": {}, "salesByAsin": other}).encode()))

    @given(rows=st.lists(st.dictionaries(st.text(st.characters(codec="utf-8")), JSON_VALUES), max_size=4))
    def test_rows_of_any_values_come_as_they_are(self, save: Save, rows: list[dict[str, t.Any]]) -> None:
        content = json.dumps({"reportSpecification": {}, "salesByAsin": rows})
        assert rows_of(save(content.encode())) == rows

    @given(written=NUMBERS)
    def test_numbers_keep_every_digit(self, save: Save, written: str) -> None:
        (row,) = rows_of(save(b'{"reportSpecification":{},"salesByAsin":[{"x":%s}]}' % written.encode()))
        if written.lstrip("-").isdigit():
            assert type(row["x"]) is int
            assert row["x"] == int(written)
        else:
            assert isinstance(row["x"], Decimal)
            assert row["x"].as_tuple() == Decimal(written).as_tuple()

    def test_rows_are_read_twice_from_one_document(self, save: Save) -> None:
        document = open_document(save(GOOD))
        assert list(read_rows(document, "salesByAsin")) == list(read_rows(document, "salesByAsin")) == ROWS

    def test_a_reader_that_stops_early_leaves_no_open_file(self, save: Save) -> None:
        path = save(GOOD)
        rows = read_rows(open_document(path), "salesByAsin")
        next(rows)
        del rows  # A file left open would be a warning, and that an error.
        path.unlink()


#: Ways to write the same document.
STYLES = st.fixed_dictionaries(
    {
        "indent": st.none() | st.integers(0, 3),
        "separators": st.sampled_from([(",", ":"), (" , ", " : "), (",\r\n\t", ": ")]),
        "ensure_ascii": st.booleans(),
    }
)
#: Texts that look like structure.
TRICKY = st.text(st.sampled_from('{}[],:"\\\n ä売😀'), max_size=8)
NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | TRICKY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TRICKY, inner, max_size=4),
    max_leaves=20,
)
ARRAYS = st.lists(st.dictionaries(TRICKY, NESTED, max_size=4) | NESTED, max_size=8)


class TestSlices:
    """However a document is written and wherever it is cut, its arrays are what `json` says."""

    @settings(max_examples=200)
    @given(
        content=st.dictionaries(TRICKY.filter(lambda name: "." not in name), NESTED | ARRAYS, max_size=4),
        style=STYLES,
        size=st.integers(1, 200),
        guesses=st.sampled_from([1, 16]),
    )
    def test_any_document_is_read_as_it_is(
        self, save: Save, content: dict[str, t.Any], style: dict[str, t.Any], size: int, guesses: int
    ) -> None:
        document = unchecked(save(json.dumps(content, **style).encode()))
        with mock.patch.multiple(json_slices, SLICE_BYTES=size, _GUESSES=guesses, _TAIL=size):
            for name, value in content.items():
                if isinstance(value, list):
                    assert list(read_rows(document, name)) == value
                else:
                    with pytest.raises(DocumentError, match=r"(has|is) no array"):
                        list(read_rows(document, name))

    @settings(max_examples=50)
    @given(rows=ARRAYS, style=STYLES, size=st.integers(1, 200), other=st.integers(1, 200))
    def test_slices_found_during_the_check_change_no_row(
        self, save: Save, rows: list[t.Any], style: dict[str, t.Any], size: int, other: int
    ) -> None:
        path = save(json.dumps({"rows": rows, "reportSpecification": {}, "more": rows}, **style).encode())
        with mock.patch.object(files, "ERROR_BYTES", 1), mock.patch.object(json_slices, "SLICE_BYTES", size):
            document = files.open_document(path)
        with mock.patch.object(json_slices, "SLICE_BYTES", other):
            assert [list(read_rows(document, name)) for name in ("rows", "more")] == [rows, rows]

    @pytest.mark.parametrize("rows", [[], [{"clicks": 1}]])
    def test_a_document_may_be_the_array_itself(self, save: Save, rows: list[t.Any]) -> None:
        assert list(read_rows(unchecked(save(json.dumps(rows).encode())), "")) == rows

    @settings(max_examples=200)
    @given(rows=ARRAYS, style=STYLES, size=st.integers(1, 60), data=st.data())
    def test_any_document_that_is_cut_is_refused(
        self, save: Save, rows: list[t.Any], style: dict[str, t.Any], size: int, data: st.DataObject
    ) -> None:
        content = json.dumps({"reportSpecification": {}, "rows": rows, "more": []}, **style).encode()
        cut = data.draw(st.integers(0, len(content.rstrip()) - 1))
        with mock.patch.object(json_slices, "SLICE_BYTES", size), pytest.raises(DocumentError):
            list(read_rows(unchecked(save(content[:cut])), "rows"))

    @settings(max_examples=300)
    @given(
        orders=st.lists(
            st.fixed_dictionaries(
                {"id": st.integers(), "parts": ARRAYS.map(lambda rows: [row for row in rows if isinstance(row, dict)])}
            ),
            max_size=5,
        ),
        style=STYLES,
        size=st.integers(1, 200),
    )
    def test_inner_arrays_are_read_as_they_are(
        self, save: Save, orders: list[dict[str, t.Any]], style: dict[str, t.Any], size: int
    ) -> None:
        content = json.dumps({"orders": orders}, **style).encode()
        with mock.patch.object(json_slices, "SLICE_BYTES", size), mock.patch.object(files, "SLICE_ROWS", 2):
            rows = list(read_rows(unchecked(save(content)), "orders.parts", ("id",)))
        assert rows == [{"id": order["id"]} | part for order in orders for part in order["parts"]]

    @given(rows=st.integers(1, 2000))
    def test_a_slice_holds_some_32_kib(self, save: Save, rows: int) -> None:
        slices = list(read_slices(unchecked(save(large(rows))), "salesByAsin"))
        assert all(len(text) <= json_slices.SLICE_BYTES * 2 for text in slices)

    def test_an_element_larger_than_a_slice_is_read(self, save: Save) -> None:
        rows = [{"inner": [{"asin": f"{row}-{number}"} for number in range(20_000)]} for row in range(3)]
        assert rows_of(save(json.dumps({"salesByAsin": rows}).encode())) == rows

    def test_arrays_of_the_same_name_further_down_are_not_read(self, save: Save) -> None:
        content = {"a": {"salesByAsin": [{"x": 1}]}, "salesByAsin": [{"salesByAsin": [{"x": 2}]}], "b": []}
        assert rows_of(save(json.dumps(content).encode())) == content["salesByAsin"]

    def test_half_a_surrogate_pair_is_written_as_unknown(self, save: Save) -> None:
        texts = ["\\ud83d", r"\ud83d\ude00", r"\ude00\ud83d!", r"\\ud83d"]
        content = ",".join(f'{{"title":"{text}"}}' for text in texts)
        titles = [row["title"] for row in rows_of(save(f'{{"salesByAsin":[{content}]}}'.encode()))]
        assert titles == ["\ufffd", "😀", "\ufffd\ufffd!", r"\ud83d"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_memory_stays_bounded_however_long_the_document(save: Save, pack: Callable[[bytes], bytes]) -> None:
    def peak(rows: int) -> int:
        path = save(pack(large(rows)))
        tracemalloc.start()
        try:
            assert sum(1 for _ in read_rows(open_document(path), "salesByAsin")) == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Both are longer than what is searched for an error, and the second is three times the first.
    small, big = peak(25_000), peak(75_000)
    assert len(large(75_000)) - len(large(25_000)) > 2 << 20
    assert big < small + (1 << 20)


def test_rows_are_counted_right_in_a_large_document(save: Save) -> None:
    rows = read_rows(open_document(save(gzip.compress(large(), compresslevel=1))), "salesByAsin")
    assert [row["orderedUnits"] for row in rows] == list(itertools.islice(itertools.count(), 30_000))


class TestInnerArrays:
    DOCUMENT: t.ClassVar[dict[str, t.Any]] = {
        "reportSpecification": {},
        "campaigns": [
            {"campaignId": "1", "coupons": [{"couponId": "a", "asins": [{"asin": "X"}, {"asin": "Y"}]}]},
            {"campaignId": "2", "coupons": []},
            {"campaignId": "3"},
        ],
    }

    def read(self, save: Save, path: str, inherits: tuple[str, ...]) -> list[dict[str, t.Any]]:
        return list(read_rows(open_document(save(json.dumps(self.DOCUMENT).encode())), path, inherits))

    def test_rows_inherit_what_identifies_the_elements_around_them(self, save: Save) -> None:
        assert self.read(save, "campaigns.coupons.asins", ("campaignId", "couponId")) == [
            {"campaignId": "1", "couponId": "a", "asin": "X"},
            {"campaignId": "1", "couponId": "a", "asin": "Y"},
        ]

    def test_an_element_without_the_array_has_no_rows(self, save: Save) -> None:
        rows = self.read(save, "campaigns.coupons", ("campaignId",))
        assert [row["couponId"] for row in rows] == ["a"]

    def test_a_name_that_is_no_text_is_refused(self, save: Save) -> None:
        document = unchecked(save(b'{"promotions": [{"includedProducts": [{"\xff": 1},{}]},{}]}'))
        with pytest.raises(DocumentError, match="not JSON"):
            list(read_slices(document, "promotions.includedProducts"))

    @pytest.mark.parametrize(
        ("promotions", "rows"),
        [
            ([{"includedProducts": [7, {"asin": "X"}]}], [7, {"asin": "X"}]),
            ([7, {"includedProducts": [{"asin": "X"}]}, None], [7, {"asin": "X"}, None]),
            ([{"includedProducts": 7}, {"includedProducts": [{"asin": "X"}]}], [[7], {"asin": "X"}]),
            ([{"includedProducts": {"asin": "X"}}], [[{"asin": "X"}]]),
            ([{"includedProducts": None}, {"includedProducts": []}], []),
        ],
    )
    def test_what_is_no_row_is_handed_on_in_its_place(self, save: Save, promotions: object, rows: object) -> None:
        """Whoever shapes rows rejects it; the others are not lost."""
        content = json.dumps({"reportSpecification": {}, "promotions": promotions}).encode()
        assert list(read_rows(open_document(save(content)), "promotions.includedProducts")) == rows


class TestEncodings:
    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
    @pytest.mark.parametrize("mark", ["\ufeff", ""])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
    def test_of_unicode_are_read_alike(
        self, save: Save, encoding: str, mark: str, pack: Callable[[bytes], bytes]
    ) -> None:
        text = GOOD.decode().replace("B000000001", "Größe 売上 😀")
        path = save(pack((mark + text).encode(encoding)))
        assert open_document(path).specification == SPECIFICATION
        assert rows_of(path) == [{**ROWS[0], "asin": "Größe 売上 😀"}, ROWS[1]]

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-32-be"])
    def test_large_documents_too(self, save: Save, encoding: str) -> None:
        assert len(rows_of(save(large().decode().encode(encoding)))) == 30_000

    @pytest.mark.parametrize("length", [1, 2, 3, 101, 250])
    def test_one_that_is_cut_is_refused(self, save: Save, length: int) -> None:
        with pytest.raises(DocumentError):
            open_document(save(GOOD.decode().encode("utf-16")[:-length]))

    def test_an_error_in_place_of_a_flat_file_is_found(self, save: Save) -> None:
        assert open_flat_file(save('{"errorDetails": "no"}'.encode("utf-16"))).error == "no"


class TestLimits:
    @pytest.mark.parametrize(
        ("start", "more"),
        [
            (b'[{"x":"', b"x"),
            (b'[{"x":"', rb"\n"),
            (b'[{"x":[', b"{},"),
            (b'[{"x":', b"9"),
            (b'[{"x":1},{"', b"k"),
            (b'{"', b"k"),
            (b'"', b"k"),
        ],
    )
    def test_an_element_without_end_stops_at_the_cap(self, save: Save, start: bytes, more: bytes) -> None:
        with mock.patch.multiple(json_slices, LONGEST_ELEMENT=1 << 20, _LARGE=1 << 17):
            path = save(b'{"reportSpecification":{},"rows":' + start + more * ((32 << 20) // len(more)) + b"}]}")
            tracemalloc.start()
            try:
                with pytest.raises(DocumentError, match="an element of the document does not end within 1 MiB"):
                    open_document(path)
                assert tracemalloc.get_traced_memory()[1] < 12 << 20
            finally:
                tracemalloc.stop()

    @pytest.mark.parametrize("pair", [rb"\ud83d\ude00", rb"\ud83d"])
    def test_a_long_element_is_read_whatever_its_escapes(self, save: Save, pair: bytes) -> None:
        element = b'{"a":"%b","b":[{"c":1},{}]}' % (pair * 60_000)
        with mock.patch.object(json_slices, "_LARGE", 1 << 17):
            rows = rows_of(save(b'{"salesByAsin":[{"x":1} , %b , {"x":2}]}' % element))
        assert [row.get("x") for row in rows] == [1, None, 2]
        assert rows[1]["b"] == [{"c": 1}, {}]

    def test_what_is_nested_too_deeply_is_refused(self, save: Save) -> None:
        # The limit depends on Python: 3.13 reads 5,000 levels.
        depth = 400_000
        content = b'{"salesByAsin":[' + b"[" * depth + b"]" * depth + b"]}"
        with pytest.raises(DocumentError, match="not JSON"):
            open_document(save(content))
        with pytest.raises(DocumentError, match="nested too deeply"):
            rows_of_unchecked(save(content))

    @pytest.mark.parametrize("number", [b"9" * 400, b"9" * 5000, b"1e400", b"1e999999999"])
    @pytest.mark.parametrize("size", [1, 60_000])
    def test_a_number_without_bounds_damages_no_file(self, save: Save, number: bytes, size: int) -> None:
        row = b'{"asin":"B000000001","units":1}'
        rows = b",".join([*[row] * size, row.replace(b"1}", number + b"}")])
        document = open_document(save(b'{"reportSpecification":{"x":%b},"salesByAsin":[%b]}' % (number, rows)))
        assert not document.empty
        assert sum(text.count(b"B000000001") for text in read_slices(document, "salesByAsin")) == size + 1
        assert set(first_rows(document)) == {"salesByAsin"}
