"""Adding a report takes a declaration and a schema file: the example of docs/contributing.md, read with."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from bootstrap import ROOT

from tap_amazon_vendor.documents.files import open_document
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.engine.model import JobResult
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.options import REPORT_PERIOD
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.reports.request import ReportRequest
from tap_amazon_vendor.reports.windows import Window
from tap_amazon_vendor.streams import base
from tap_amazon_vendor.streams.report_rows import ReportRows
from tap_amazon_vendor.streams.report_stream import ReportStream
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

US = "ATVPDKIKX0DER"
CONFIG = {"client_id": "app", "client_secret": "secret", "refresh_token": "token", "marketplaces": ["US"]}


def example(language: str) -> str:
    """The first block of the chapter in a language."""
    chapter = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8").partition("## Add a report")[2]
    block = re.search(rf" *```{language}\n(.*?)```", chapter, re.DOTALL)
    assert block
    return "\n".join(line.removeprefix("   ") for line in block[1].splitlines())


def test_the_example_of_contributing_reads_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {"ReportType": ReportType, "ReportRows": ReportRows, "REPORT_PERIOD": REPORT_PERIOD}
    exec(example("python"), names)  # noqa: S102  # our own document
    declaration: ReportRows = names["STREAMS"][0]
    schema = {"type": "object", **json.loads(example("json"))}
    tap = TapAmazonVendor(config=CONFIG)
    monkeypatch.setattr(base, "load_schema", lambda _: schema)
    stream = ReportStream(tap, declaration, lambda: tap.settings)
    context = (stream.partitions or [])[0]
    path = tmp_path / "document"
    row = {"startDate": "2026-11-16", "endDate": "2026-11-16", "asin": "B0TEST0001", "returnedUnits": 3}
    path.write_text(json.dumps({"returnsByAsin": [row]}), encoding="utf-8")
    day = date(2026, 11, 16)
    partition = declaration.report_partition(context)
    request = ReportRequest(*partition, window=Window(day, day))
    result = JobResult(Outcome.LOADED, request, document=open_document(path), job_id="r1")
    ((read,),) = stream.chunks(context, result, Findings())
    assert read == {
        "account": "default",
        "marketplace_id": US,
        "country_code": "US",
        "report_period": "DAY",
        "start_date": "2026-11-16",
        "end_date": "2026-11-16",
        "asin": "B0TEST0001",
        "returned_units": 3,
        "report_id": "r1",
        "_extra": None,
    }
    assert stream.primary_keys == ("account", "marketplace_id", "report_period", "start_date", "end_date", "asin")
