"""Hostile content: whatever a document, a response or a setting contains, it is read or gives one clear error.

Never a Python traceback, never unbounded memory. `test_malformed_answers.py` has the shapes of single answers,
`test_damaged_documents.py` cells and lines, `test_damaged_states.py` states.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import inbox_faults
import pytest
from fault_matrix import KINDS
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from singer_sdk.exceptions import ConfigValidationError
from werkzeug.wrappers import Response

from amazon_sandbox import app
from amazon_sandbox.documents import Content
from tap_amazon_vendor.config.settings_schema import SCHEMA
from tap_amazon_vendor.errors import REPORT_IT
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World

#: Megabytes that a run may take on top of the memory before it: several times the longest element, which is 16 MiB, and
#: what the local Amazon takes.
MOST_MEMORY = 300

#: Bytes of a bomb after unzipping.
LARGE = 16 << 20

#: Levels that no Python reads, and levels that some versions read.
DEEP, SOMEWHAT_DEEP = 100_000, 5_000

NUMBER = rb"(?<=[:\t])-?\d+(\.\d+)?(?=[,}\t\r\n])"


def _numbers(number: bytes) -> Callable[[bytes], bytes]:
    return lambda good: re.sub(NUMBER, number, good, count=9)


def _lists(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def _in_the_middle(good: bytes, more: bytes) -> bytes:
    at = good.find(b'"', len(good) // 2) + 1 or len(good) // 2
    return good[:at] + more + good[at:]


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "integers of 5000 digits": _numbers(b"9" * 5000),
    "a number beyond all bounds": _numbers(b"1e999999"),
    "a fraction of 5000 digits": _numbers(b"0." + b"3" * 5000),
    "NaN": _numbers(b"NaN"),
    "infinity": _numbers(b"-Infinity"),
    "NUL": lambda good: _in_the_middle(good, b"\x00\x00"),
    "a lone surrogate": lambda good: _in_the_middle(good, rb"\ud800"),
    "a surrogate in UTF-8": lambda good: _in_the_middle(good, b"\xed\xa0\x80"),
    "names that are there twice": lambda good: re.sub(rb'("\w+":"?[\w-]*"?),', rb"\1,\1,", good, count=50),
    "UTF-16": lambda good: good.decode("utf-8", "replace").encode("utf-16"),
    "UTF-32 without a mark": lambda good: good.decode("utf-8", "replace").encode("utf-32-le"),
    "objects in objects": lambda _: b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "lists in lists": lambda _: _lists(DEEP),
    "fewer lists in lists": lambda _: _lists(SOMEWHAT_DEEP),
    "lists in a row": lambda good: re.sub(NUMBER, _lists(DEEP), good, count=1),
    "fewer lists in a row": lambda good: re.sub(NUMBER, _lists(SOMEWHAT_DEEP), good, count=1),
    "fewer objects in an unknown field": lambda good: good.replace(
        b"{", b'{"x":%b1%b,' % (b'{"a":' * SOMEWHAT_DEEP, b"}" * SOMEWHAT_DEEP), 9
    ),
    "nothing": lambda _: b"",
    "null": lambda _: b"null",
    "an empty object": lambda _: b"{}",
    "a bomb of white space": lambda good: gzip.compress(b" " * LARGE + good, 1),
    "a bomb of one line": lambda _: gzip.compress(b'{"a":"' + b"x" * LARGE, 1),
    "a bomb of cells": lambda good: gzip.compress(good[: good.find(b"\n") + 1] + b"\t" * LARGE, 1),
    "a bomb of lists": lambda _: gzip.compress(b'{"salesByAsin":[' + b"[]," * 100_000, 1),
}


@pytest.fixture
def asins() -> int:
    return 2


def _peak() -> int:
    """Return the peak memory of the process in megabytes."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024  # type: ignore[index]


@pytest.mark.sampled(12)
@pytest.mark.parametrize("content", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_any_content_is_read_or_gives_one_clear_error(
    kind: str, content: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil = HOSTILE[content]
    config = KINDS[kind].settings(world, tmp_path)
    find, operate = app.Application._file, app.Application._operate

    def file(self: app.Application, *arguments: Any) -> Any:
        found = find(self, *arguments)
        if found is None:
            return None
        good = found.content()
        plain = b"".join(good.unpacked() if found.compressed else good.chunks())
        return app._File(found.account, lambda: Content().fill([spoil(plain)]), found.content_type, compressed=False)

    def answer(self: app.Application, *arguments: Any) -> Response:
        response = operate(self, *arguments)
        if b'"payload"' in response.get_data():
            text = spoil(response.get_data())
            packed = text.startswith(b"\x1f\x8b")
            headers = {"Content-Encoding": "gzip"} if packed else None
            return Response(text, 200, headers, mimetype="application/json")
        return response

    monkeypatch.setattr(app.Application, "_file", file)
    monkeypatch.setattr(app.Application, "_operate", answer)
    if kind == "inbox":
        inbox_faults.fill(tmp_path / "inbox")
        for path in (tmp_path / "inbox").iterdir():
            path.write_bytes(spoil(path.read_bytes()))
    # Reset the peak.
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    before = _peak()
    run = world.run(config, streams=(*KINDS[kind].streams, "report_ledger"))
    assert _peak() - before < MOST_MEMORY
    assert REPORT_IT not in f"{run.error} {run.records('report_ledger')}"
    assert run.records("report_ledger")


TEXT = st.text(st.characters(), max_size=9) | st.text(st.characters(categories=["Cs", "Cc"]), max_size=2)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=9), SCALARS, max_size=3)


@hypothesis_settings(max_examples=25)
@given(st.dictionaries(st.sampled_from([*SCHEMA["properties"]]) | st.text(max_size=9), JSON, max_size=5))
def test_any_configuration_is_accepted_or_refused_with_a_message(config: dict[str, Any]) -> None:
    problems: list[str] = []
    try:
        assert TapAmazonVendor(config=config, validate_config=True).settings.labels
    except ConfigValidationError as error:
        problems += error.errors
        assert problems
