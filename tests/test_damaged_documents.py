"""A document of every stream, damaged: each line is a row, or is rejected; what was not touched is as it was."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from kept_documents import keep_documents

from tap_amazon_vendor.documents.rows import EXTRA
from tap_amazon_vendor.errors import DocumentError
from tap_amazon_vendor.streams import REPORT_STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clocks import FakeClock
    from kept_documents import Kept

Row = dict[str, Any]

#: Texts that no cell of a number, date or boolean holds, and that text may hold.
ODD = (
    "N/A", "-", "--", "n/a", "12.5%", "1,2,3", "$ 5", "null", "None", "TRUE?", "0x10", "1e400", "\u221e", "31/31/2026",
    "yesterday", "?", "\u0000\u0000", "9" * 400, "\u00bd", "#REF!",
)  # fmt: skip
VALUES: tuple[Any, ...] = (*ODD, None, True, 1.5, 10**30, [], {}, [1], {"amount": "x"}, -1, "")


@pytest.fixture(scope="module")
def documents(new_clock: Callable[[], FakeClock]) -> dict[str, Kept]:
    """The largest document of each stream."""
    return keep_documents(new_clock())


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
