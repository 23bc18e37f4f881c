"""Key columns are never null and never empty text, in any stream: one word stands for no value."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from bootstrap import ROOT

from tap_amazon_vendor.audit.rejects import ReportRejects
from tap_amazon_vendor.documents.findings import Findings, Reject
from tap_amazon_vendor.documents.flat_files import FlatFileReader
from tap_amazon_vendor.documents.keys import NONE, key_text, key_texts
from tap_amazon_vendor.documents.rows import EXTRA, RowShaper
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import REPORT_STREAMS, STREAMS
from tap_amazon_vendor.streams.base import AmazonStream
from tap_amazon_vendor.streams.report_rows import ReportRows
from tap_amazon_vendor.tap import EVERY_STREAM, TapAmazonVendor

if TYPE_CHECKING:
    from pathlib import Path

    from tap_amazon_vendor.streams import AnyRows

Row = dict[str, Any]

HEADERS: dict[str, dict[str, Any]] = json.loads((ROOT / "tests" / "data" / "seller_columns.json").read_text())
SAMPLES = {"date": "2026-10-31", "date-time": "2026-10-31T09:08:07+00:00", "integer": 3, "string": "yes"}
ALL = TapAmazonVendor(config=dict(EVERY_STREAM), validate_config=False).streams

#: Kinds of no value. White space: also that of other scripts, and what a spreadsheet leaves behind.
BLANKS = ["", " ", "\u00a0 ", "\u3000", "\x1f"]


def columns(stream: AnyRows) -> dict[str, Any]:
    found: dict[str, Any] = load_schema(stream.name)["properties"]
    return found


def kind(schema: Row) -> str:
    return str(schema.get("format") or schema["type"])


def text_keys(stream: AnyRows) -> list[str]:
    layout = stream.report.layout if isinstance(stream, ReportRows) else None
    made = layout.derived if layout else {}
    return [key for key in stream.key_columns if kind(columns(stream)[key]) == "string" and key not in made]


JSON_KEYS = [
    (each, key)
    for each in STREAMS
    if not (isinstance(each, ReportRows) and each.report.layout)
    for key in text_keys(each)
]
FLAT_KEYS = [(each, key) for each in REPORT_STREAMS if each.report.layout for key in text_keys(each)]


def name(value: object) -> str:
    return str(getattr(value, "name", repr(value) if value in BLANKS else value))


def read_json(stream: AnyRows, fields: list[Row]) -> list[Row]:
    """Shape rows, each twice: the second one by compiled code."""
    shaper = RowShaper(columns(stream), stream.key_columns, pytest.fail)
    slices = [msgspec.json.encode([row]) for row in fields for _ in range(2)]
    return list(itertools.chain.from_iterable(shaper.shape(slices, {}, "report 7")))


def read_flat(stream: ReportRows, folder: Path, key: str, cell: str) -> list[Row]:
    """Read a file of two equal lines, of which a key's cell is this one."""
    assert stream.report.layout
    reader = FlatFileReader(stream.report.layout, columns(stream), stream.key_columns, pytest.fail, pytest.fail)
    header, cells = HEADERS[stream.report.name]["columns"], []
    for each in header:
        column = str(reader.column(each))
        own = columns(stream)[column]
        sample = SAMPLES.get(
            own.get("format") or next(iter([own["type"]] if isinstance(own["type"], str) else own["type"])), 9
        )
        cells.append(cell if column == key else str(sample if own["type"] != ["boolean", "null"] else "yes"))
    path = folder / "report.txt"
    path.write_text("\n".join("\t".join(line) for line in (header, cells, cells)) + "\n", "utf-8")
    constants = {"snapshot_time": "2026-11-21T12:00:00Z"} if "snapshot_time" in columns(stream) else {}
    return list(itertools.chain.from_iterable(reader.read(path, constants, "report 7", charset="utf-8", country="US")))


def has_another(stream: AnyRows) -> bool:
    """Say whether another text, or a number of the line, tells a row from others that has no text in one key."""
    layout = stream.report.layout if isinstance(stream, ReportRows) else None
    return bool(layout and layout.numbered) or len(text_keys(stream)) > 1


@pytest.mark.parametrize(("stream", "key"), JSON_KEYS, ids=name)
def test_a_key_of_a_document_is_never_null_and_never_empty(stream: AnyRows, key: str) -> None:
    """A field that is empty, white space, null or not there; alone it tells the row from no other."""
    row = {each: SAMPLES[kind(columns(stream)[each])] for each in stream.key_columns}
    without = {each: value for each, value in row.items() if each != key}
    for broken in (without, *({**row, key: blank} for blank in (*BLANKS, None))):
        if has_another(stream):
            for found in read_json(stream, [row, broken])[2:]:
                assert {each: found[each] for each in stream.key_columns} == {**row, key: NONE}
        else:
            assert [found[key] for found in read_json(stream, [row, broken])] == [row[key]] * 2


@pytest.mark.parametrize(("stream", "key"), FLAT_KEYS, ids=name)
def test_a_key_of_a_flat_file_is_never_null_and_never_empty(stream: ReportRows, key: str, tmp_path: Path) -> None:
    for blank in ("", " \u00a0"):
        rows = read_flat(stream, tmp_path, key, blank)
        if text_keys(stream) == [key]:
            # Nothing tells the lines from others: they are rejected.
            assert rows == []
            continue
        assert [row[key] for row in rows] == [NONE, NONE]
        assert [each for row in rows for each in stream.key_columns if row[each] in {None, ""}] == []
        if stream.report.layout and stream.report.layout.numbered:
            assert len({tuple(row[each] for each in stream.key_columns) for row in rows}) == len(rows)


@pytest.mark.parametrize("stream", [each for each in REPORT_STREAMS if each.report.layout], ids=name)
def test_a_file_without_a_column_of_the_key_is_another_layout(stream: ReportRows, tmp_path: Path) -> None:
    """A line would be the same as another that it is not."""
    assert stream.report.layout
    for key in text_keys(stream):
        reader = FlatFileReader(stream.report.layout, columns(stream), stream.key_columns, pytest.fail, pytest.fail)
        header = [each for each in HEADERS[stream.report.name]["columns"] if reader.column(each) != key]
        path = tmp_path / f"{key}.txt"
        path.write_text("\t".join(header) + "\n" + "\t".join(["1"] * len(header)))
        with pytest.raises(DocumentError, match=f"column {key} is missing"):
            list(reader.read(path, {"snapshot_time": "2026-11-21T12:00:00Z"}, "report 7", charset="utf-8"))


@pytest.mark.parametrize("stream", ALL.values(), ids=name)
def test_every_text_key_says_the_word_unless_it_is_the_only_one(stream: Any) -> None:
    """What a reader of the catalog must know. The account and the options are always there."""
    ledger = ("marketplace_id", "report_type", "report_options")
    rejects = (*ledger, "report_id")
    audit = rejects if isinstance(stream, ReportRejects) else ledger
    own = stream.declaration.key_columns if isinstance(stream, AmazonStream) else audit
    properties = stream.schema["properties"]
    saying = {key for key in own if NONE in properties[key]["description"]}
    texts = {key for key in own if kind(properties[key]) == "string"}
    assert saying == (texts if len(texts) > 1 or {"occurrence", "line_number"} & set(own) else set())
    assert not any("mpty text" in column["description"] for column in properties.values())


@pytest.mark.parametrize("stream", ALL.values(), ids=name)
def test_columns_are_in_order(stream: Any) -> None:
    """Whose a row is, then what it says, and last where it comes from."""
    names = list(stream.schema["properties"])
    assert names[:3] == ["account", "marketplace_id", "country_code"]
    last = [each for each in ("report_id", EXTRA) if each in names]
    assert names[-len(last) :] == last
    assert "country_code" not in stream.primary_keys


def test_rows_have_the_order_of_their_table() -> None:
    shaper = RowShaper({"asin": {"type": "string"}, "units": {"type": ["integer", "null"]}}, ["asin"], pytest.fail)
    constants = {"account": "a", "report_id": "7", EXTRA: None, "marketplace_id": "m"}
    slices = [b'[{"units":1,"asin":"B1"}]'] * 2
    wanted = ["account", "marketplace_id", "asin", "units", "report_id", EXTRA]
    assert [list(row) for (row,) in shaper.shape(slices, constants, "report 7")] == [wanted, wanted]


def test_a_marketplace_that_a_row_leaves_empty_is_the_one_that_was_asked_for() -> None:
    shaper = RowShaper(
        {"marketplace_id": {"type": "string"}, "id": {"type": "string"}}, ["marketplace_id", "id"], pytest.fail
    )
    slices = [b'[{"id":"1","marketplaceId":"%s"}]' % each for each in (b"OTHER", b"", b" ", b"OTHER")]
    rows = itertools.chain.from_iterable(shaper.shape(slices, {"marketplace_id": "ASKED"}, "report 7"))
    assert [row["marketplace_id"] for row in rows] == ["OTHER", "ASKED", "ASKED", "OTHER"]


@pytest.mark.parametrize("text", BLANKS, ids=repr)
def test_what_is_empty_or_white_space_is_no_value(text: str) -> None:
    assert key_text(text) == NONE
    assert list(key_texts(["x", text])) == ["x", NONE]


@pytest.mark.parametrize("text", ["0", " x ", "(none)", "-", "N/A"])
def test_what_is_a_value_stays_as_it_is(text: str) -> None:
    assert key_text(text) == text
    assert list(key_texts([text, ""])) == [text, NONE]


def test_no_row_is_given_that_nothing_tells_from_others() -> None:
    """Two such rows would be one in a table."""
    properties = {"order": {"type": "string"}, "sku": {"type": "string"}}
    shaper, rejects = RowShaper(properties, ["order", "sku"], pytest.fail), list[Reject]()
    slices = [b'[{"order":"1","sku":""}]', b'[{"order":"","sku":"2"}]', b'[{"order":null,"sku":" "}]']
    rows = itertools.chain.from_iterable(shaper.shape(slices, {}, "report 7", Findings(rejects.append)))
    assert list(rows) == [{"order": "1", "sku": NONE}, {"order": NONE, "sku": "2"}]
    (reject,) = rejects
    assert (reject.number, reject.reason) == (3, "columns order, sku have no value")
