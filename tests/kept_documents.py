"""The document that a run read for each report stream, to be read again with other content."""

from __future__ import annotations

import gzip
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from in_process import served
from world import Recorder, World

from amazon_sandbox import Sandbox
from tap_amazon_vendor.documents.encodings import Charset
from tap_amazon_vendor.documents.files import open_document, open_flat_file
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.streams.report_stream import ReportStream

if TYPE_CHECKING:
    from pathlib import Path

    from clocks import FakeClock

    from tap_amazon_vendor.engine.model import JobResult

Row = dict[str, Any]

#: Accounts of the sandbox that have the streams.
LABELS = ("vendor-us", "seller-us", "seller-de", "seller-in")


@dataclass
class Kept:
    """A document that a run has read.

    Attributes:
        stream: The stream that read it.
        context: Its partition.
        result: What the engine returned for it.
        content: Its bytes, unzipped.
    """

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
        """Read other content in its place; return the rows and what else the reader found.

        Raises:
            DocumentError: The content is not a document of the stream.
        """
        path.write_bytes(content)
        rejects: list[Any] = []
        findings = Findings(rejects.append)
        document = open_flat_file(path, self.charset) if self.is_flat else open_document(path)
        chunks = self.stream.chunks(self.context, replace(self.result, document=document), findings, asked=False)
        rows = [row for chunk in chunks for row in chunk]
        assert findings.rejected == len(rejects)
        assert findings.rows == len(rows)
        return rows, findings


def keep_documents(clock: FakeClock) -> dict[str, Kept]:
    """Return the largest document of each stream, by the stream's name."""
    kept: dict[str, Kept] = {}
    chunks = ReportStream.chunks

    def keep(self: ReportStream, context: Row, result: JobResult, *args: Any, **kwargs: Any) -> Any:
        if result.document:
            raw = result.document.path.read_bytes()
            content = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
            if self.name not in kept or len(kept[self.name].content) < len(content):
                kept[self.name] = Kept(self, dict(context), result, content)
        return chunks(self, context, result, *args, **kwargs)

    sandbox = Sandbox(seed=7, clock=clock, asins=12)
    with pytest.MonkeyPatch.context() as patched, served(sandbox) as server:
        patched.setattr(ReportStream, "chunks", keep)
        world = World(sandbox, server, clock)
        for label in LABELS:
            config = world.config(
                label,
                account_type=label.split("-")[0],
                start_date=world.day(60),
                # These have the largest documents.
                report_periods=["WEEK", "MONTH"],
                selling_programs=["RETAIL"],
                distributor_views=["MANUFACTURING"],
            )
            tap = world.tap(config, message_writer=Recorder())
            for stream in tap.streams.values():
                # Of each account, only streams that the accounts before it do not have.
                stream.selected = isinstance(stream, ReportStream) and stream.name not in kept
            with suppress(Exception):
                tap.sync_all()
    return kept
