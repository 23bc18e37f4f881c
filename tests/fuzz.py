"""Coverage-guided fuzzing of what reads texts from outside.

    pip install atheris
    PYTHONPATH=.:tests python tests/fuzz.py TARGET SECONDS

TARGET is `documents`, `answers` or `inbox`. pytest does not collect this file. Turn what it finds into a test.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import atheris

with atheris.instrument_imports(include=["tap_amazon_vendor"]):
    import inbox_faults
    import msgspec
    from clocks import NOW, FakeClock
    from kept_documents import keep_documents
    from world import World

    from amazon_sandbox import Sandbox, running
    from tap_amazon_vendor.ads import answers as ads
    from tap_amazon_vendor.amazon.answers import Answer, decode, error_text, moment
    from tap_amazon_vendor.command import check_shape
    from tap_amazon_vendor.config.redaction import MASK, Redactor, Secret
    from tap_amazon_vendor.data_kiosk import answers as kiosk
    from tap_amazon_vendor.errors import REPORT_IT, DocumentError
    from tap_amazon_vendor.output import escape_controls
    from tap_amazon_vendor.reports import answers as reports
    from tap_amazon_vendor.reports.pending import from_state
    from tap_amazon_vendor.run.services import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    #: Reads one input and raises if the tap handles it wrongly; and the inputs to begin with.
    Target = tuple[Callable[[bytes], None], Iterable[bytes]]

#: Most rows of a document to begin with.
SEED_ROWS = 3

#: Most bytes of an input.
LONGEST = 6000


def documents(folder: Path) -> Target:
    """A document in place of a stream's own is read into rows with keys and rejects, or raises a `DocumentError`."""
    kept = [each for _, each in sorted(keep_documents(FakeClock(NOW)).items())]

    def read(data: bytes) -> None:
        own = kept[data[0] % len(kept)] if data else kept[0]
        try:
            rows, _ = own.read(data[1:], folder / "document")
        except DocumentError:
            return
        columns = own.stream.schema["properties"]
        required = [name for name in own.stream.primary_keys if "null" not in columns[name]["type"]]
        for row in rows:
            json.loads(msgspec.json.encode(row))
            assert all(row[name] is not None for name in required), own.stream.name

    return read, (bytes([number]) + _short(each.content) for number, each in enumerate(kept))


def _short(content: bytes) -> bytes:
    if not content.startswith(b"{"):
        return b"\n".join(content.split(b"\n")[: SEED_ROWS + 1])
    document = json.loads(content)
    short = {name: value[:SEED_ROWS] if isinstance(value, list) else value for name, value in document.items()}
    return json.dumps(short).encode()


def answers(_: Path) -> Target:
    """A body in place of Amazon's answer, and of the state, is decoded or raises a `ValueError`; no secret shows."""
    kinds = [each for module in (reports, kiosk, ads) for each in vars(module).values() if _is_answer(each)]
    secret = "planted|secret/+1"
    redactor = Redactor([Secret(secret)])

    def read(data: bytes) -> None:
        for kind in kinds:
            with suppress(ValueError):
                decode(data, kind)
        text = error_text(data) or data.decode(errors="replace")
        moment(text)
        assert secret not in redactor.redact(f"{text}{secret}{text}").replace(MASK, "")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", escape_controls(text))
        with suppress(ValueError, RecursionError):
            content = json.loads(data)
            check_shape(content)
            from_state(content, KINDS)

    return read, (
        b'{"reportId":"1","processingStatus":"DONE","reportDocumentId":"2","createdTime":"2026-11-01T00:00:00Z"}',
        b'{"reports":[{"reportId":"1"}],"nextToken":"x","pagination":{"nextToken":"y"},"queries":[{"queryId":"1"}]}',
        b'{"errors":[{"code":"InvalidInput","message":"no","details":"Atza|x"}],"error":"x","error_description":"y"}',
        b'{"bookmarks":{"vendor_sales":{"partitions":[{"context":{"account":"default"}}]}}}',
    )


def _is_answer(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Answer) and kind is not Answer


def inbox(folder: Path) -> Target:
    """A file in the inbox is read by a run, or the ledger says why not; never with a bug of the tap as the reason."""
    inbox_faults.fill(folder / "inbox")
    seeds = [path.read_bytes() for path in (folder / "inbox").iterdir()]
    names = ("sales.json", "returns 2026-08.txt", "orders.json", "a.csv", "GET_VENDOR_SALES_REPORT.json.gz")
    clock = FakeClock(NOW)
    server = running(Sandbox(seed=7, clock=clock, asins=1)).__enter__()
    world = World(Sandbox(seed=7, clock=clock, asins=1), server, clock)
    config = {"inbox": str(folder / "inbox"), "marketplaces": ["US"]}

    def read(data: bytes) -> None:
        for path in (folder / "inbox").iterdir():
            path.unlink()
        (folder / "inbox" / names[data[0] % len(names) if data else 0]).write_bytes(data[1:])
        run = world.run(config, streams=(*inbox_faults.STREAMS, "report_ledger"))
        ledger = run.records("report_ledger")
        assert ledger
        assert REPORT_IT not in f"{run.error} {ledger}"

    return read, (bytes([number % len(names)]) + _short(each) for number, each in enumerate(seeds))


TARGETS = {each.__name__: each for each in (documents, answers, inbox)}


def main() -> None:
    """Fuzz the target of the command line for so many seconds."""
    name, seconds = sys.argv[1:]
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        read, seeds = TARGETS[name](Path(folder))
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / str(number)).write_bytes(seed[:LONGEST])
        options = (f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=30", "-rss_limit_mb=3000")
        atheris.Setup([sys.argv[0], *options, str(corpus)], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
