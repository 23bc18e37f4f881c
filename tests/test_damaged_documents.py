"""A document of every stream, damaged: each line is a row, or is rejected; what was not touched is as it was."""

from __future__ import annotations

import gzip
import json
import random
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from in_process import served
from world import Recorder, World

from amazon_sandbox import Sandbox
from tap_amazon_vendor.documents.encodings import Charset
from tap_amazon_vendor.documents.files import open_document, open_flat_file
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.documents.rows import EXTRA
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.streams import REPORT_STREAMS
from tap_amazon_vendor.streams.report_stream import ReportStream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clocks import FakeClock

    from tap_amazon_vendor.engine.model import JobResult

Row = dict[str, Any]

#: Texts that no cell of a number, date or boolean holds, and that text may hold.
ODD = (
    "N/A", "-", "--", "n/a", "12.5%", "1,2,3", "$ 5", "null", "None", "TRUE?", "0x10", "1e400", "\u221e", "31/31/2026",
    "yesterday", "?", "\u0000\u0000", "9" * 400, "\u00bd", "#REF!",
)  # fmt: skip
VALUES: tuple[Any, ...] = (*ODD, None, True, 1.5, 10**30, [], {}, [1], {"amount": "x"}, -1, "")

#: Accounts of the sandbox that have the streams.
LABELS = ("vendor-us", "seller-us", "seller-de", "seller-in")


@dataclass
class Kept:
    """A document that a run has read."""

    stream: ReportStream
    context: Row
    result: JobResult
    content: bytes

    @property
    def is_flat(self) -> bool:
        return bool(self.stream.declaration.report.layout)

    @property
    def charset(self) -> str:
        charset = self.result.document and self.result.document.charset
        return charset.name if isinstance(charset, Charset) else charset or "utf-8"

    def read(self, content: bytes, path: Path) -> tuple[list[Row], Findings]:
        """Read another content in its place."""
        path.write_bytes(content)
        rejects: list[Any] = []
        findings = Findings(rejects.append)
        document = open_flat_file(path, self.charset) if self.is_flat else open_document(path)
        chunks = self.stream.chunks(self.context, replace(self.result, document=document), findings, asked=False)
        rows = [row for chunk in chunks for row in chunk]
        assert findings.rejected == len(rejects)
        assert findings.rows == len(rows)
        return rows, findings


@pytest.fixture(scope="module")
def documents(new_clock: Callable[[], FakeClock]) -> dict[str, Kept]:
    """The largest document of each stream."""
    kept: dict[str, Kept] = {}
    chunks = ReportStream.chunks

    def keep(self: ReportStream, context: Row, result: JobResult, *args: Any, **kwargs: Any) -> Any:
        if result.document:
            raw = result.document.path.read_bytes()
            content = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
            if self.name not in kept or len(kept[self.name].content) < len(content):
                kept[self.name] = Kept(self, dict(context), result, content)
        return chunks(self, context, result, *args, **kwargs)

    clock = new_clock()
    sandbox = Sandbox(seed=7, clock=clock, asins=12)
    with pytest.MonkeyPatch.context() as patched, served(sandbox) as server:
        patched.setattr(ReportStream, "chunks", keep)
        world = World(sandbox, server, clock)
        for label in LABELS:
            config = world.config(
                label,
                account_type=label.split("-")[0],
                start_date=world.day(60),
                # The largest are of these.
                report_periods=["WEEK", "MONTH"],
                selling_programs=["RETAIL"],
                distributor_views=["MANUFACTURING"],
            )
            tap = world.tap(config, message_writer=Recorder())
            for stream in tap.streams.values():
                # Of the other accounts only what the first ones do not have.
                stream.selected = isinstance(stream, ReportStream) and stream.name not in kept
            with suppress(Exception):
                tap.sync_all()
    return kept


NAMES = [stream.name for stream in REPORT_STREAMS if not stream.report.inbox_only]


def test_every_stream_has_a_document(documents: dict[str, Kept]) -> None:
    assert {*NAMES} - {*documents} <= {"search_query_performance"}


def without_source(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != EXTRA}


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(2, 12))])
@pytest.mark.parametrize("name", NAMES)
def test_one_cell_in_a_hundred_is_damaged(documents: dict[str, Kept], name: str, seed: int, tmp_path: Path) -> None:
    kept = documents.get(name) or pytest.skip("the local Amazon has no document")
    chance = random.Random(seed)
    before, clean = kept.read(kept.content, tmp_path / "clean")
    damaged, touched = (flat_cells if kept.is_flat else json_values)(kept, chance)
    try:
        after, findings = kept.read(damaged, tmp_path / "damaged")
    except DocumentError as error:
        # Whole documents are refused only where so many lines lack their key that no dirty file explains it.
        assert "another layout" in str(error)  # noqa: PT017
        return
    assert clean.rejected == 0
    assert len(after) + findings.rejected == len(before)
    if findings.rejected:
        return
    # In order: each row but for the touched cells.
    differing = sum(
        was[column] != now[column]
        for was, now in zip(map(without_source, before), map(without_source, after), strict=True)
        for column in was
        if column not in {"occurrence", "marketplace_id", "country_code"}
    )
    assert differing <= touched * 3
    unreadable = sum(findings.unreadable_cells.values())
    assert unreadable <= touched * 3
    assert unreadable <= sum(1 for row in after if row[EXTRA]) * 20


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(2, 12))])
@pytest.mark.parametrize("name", [s.name for s in REPORT_STREAMS if s.report.layout and not s.report.inbox_only])
def test_lines_are_cut_shifted_and_quoted(documents: dict[str, Kept], name: str, seed: int, tmp_path: Path) -> None:
    kept = documents[name]
    chance = random.Random(seed)
    before, _ = kept.read(kept.content, tmp_path / "clean")
    header, *lines = kept.content.rstrip(b"\r\n").replace(b"\r\n", b"\n").split(b"\n")
    # At most ten: more would be another layout.
    for index in (
        chance.sample(range(len(lines) - 1), min(10, len(lines) // 20 + 1, len(lines) - 1)) if lines[1:] else ()
    ):
        line = lines[index]
        lines[index] = chance.choice(
            (line[: len(line) // 2], b"\t" + line, line + b"\tsurplus", line.replace(b"\t", b" ", 3), b"x", b'"' + line)
        )
    after, findings = kept.read(b"\n".join((header, *lines)) + b"\n", tmp_path / "damaged")
    assert len(after) + findings.rejected == len(before)


def flat_cells(kept: Kept, chance: random.Random) -> tuple[bytes, int]:
    """Damage one cell in a hundred."""
    name = kept.charset
    text = kept.content.decode(name)
    header, *lines = text.rstrip("\r\n").split("\n")
    quoted = lines[0].startswith('"')
    touched = 0
    for index, line in enumerate(lines):
        cells = line.rstrip("\r").split("\t")
        for place in range(len(cells)):
            if chance.random() < 0.01:
                odd = chance.choice(ODD)
                with suppress(UnicodeEncodeError):
                    odd.encode(name)
                    cells[place] = f'"{odd}"' if quoted else odd
                    touched += 1
        lines[index] = "\t".join(cells)
    return "\n".join((header, *lines, "")).encode(name), touched


def json_values(kept: Kept, chance: random.Random) -> tuple[bytes, int]:
    """Damage one value in a hundred of the rows."""
    content = json.loads(kept.content, parse_float=Decimal)
    touched = 0

    def damage(value: Any) -> Any:
        nonlocal touched
        if isinstance(value, dict):
            return {name: damage(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [damage(inner) for inner in value]
        if chance.random() < 0.01:
            touched += 1
            return chance.choice(VALUES)
        return value

    array = kept.stream.declaration.records_path.split(".")[0]
    content[array] = damage(content[array])
    return json.dumps(content, default=float).encode(), touched
