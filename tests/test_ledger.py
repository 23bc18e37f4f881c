"""The row of `report_ledger`: what was asked for, what became of it, and why."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from tap_amazon_vendor.audit.ledger import LedgerEntry
from tap_amazon_vendor.documents.files import Document
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.engine.model import JobResult
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.request import ReportRequest
from tap_amazon_vendor.reports.windows import Window

if t.TYPE_CHECKING:
    from clocks import FakeClock

WINDOW = Window(date(2026, 11, 2), date(2026, 11, 16))
ASKED = ReportRequest(
    account="main",
    report_type="GET_VENDOR_SALES_REPORT",
    marketplace_id="ATVPDKIKX0DER",
    options=(("distributorView", "MANUFACTURING"), ("reportPeriod", "DAY"), ("sellingProgram", "RETAIL")),
    window=WINDOW,
)
LOADED = JobResult(
    outcome=Outcome.LOADED,
    request=ASKED,
    document=Document(Path("7.document"), bytes=12345, error=None, specification=None, empty=False),
    job_id="50001020001",
    attempts=2,
    asked_at=datetime(2026, 11, 21, 11, 58, 30, 987654, tzinfo=timezone.utc),
    processed_at="2026-11-21T11:59:40+00:00",
)


def entry(outcome: Outcome = Outcome.LOADED, result: JobResult = LOADED, rows: int = 42) -> LedgerEntry:
    return LedgerEntry.of_job("vendor_sales", result, WINDOW, outcome, Findings(rows=rows))


def test_a_failed_window_counts_no_rejected_lines(clock: FakeClock) -> None:
    found = Findings(rows=5)
    for _ in range(7):
        found.reject(2, "a line", "it has no key")
    for outcome, rows, rejected in ((Outcome.LOADED, 5, 7), (Outcome.FAILED, 0, 0)):
        row = LedgerEntry.of_job("vendor_sales", LOADED, WINDOW, outcome, found).row(clock())
        assert (row["rows"], row["rejected"]) == (rows, rejected)


def test_a_loaded_window_says_all_that_is_known(clock: FakeClock) -> None:
    assert entry().row(clock()) == {
        "account": "main",
        "marketplace_id": "ATVPDKIKX0DER",
        "country_code": "US",
        "report_type": "GET_VENDOR_SALES_REPORT",
        "report_options": "distributorView=MANUFACTURING,reportPeriod=DAY,sellingProgram=RETAIL",
        "stream_name": "vendor_sales",
        "window_start": "2026-11-02T00:00:00Z",
        "window_end": "2026-11-16T00:00:00Z",
        "outcome": "loaded",
        "reason": None,
        "report_id": "50001020001",
        "rows": 42,
        "rejected": 0,
        "unreadable_cells": 0,
        "repeated_keys": 0,
        "rows_elsewhere": 0,
        "total_difference": None,
        "remarks": None,
        "bytes": 12345,
        "attempts": 2,
        "asked_at": "2026-11-21T11:58:30+00:00",
        "processed_at": "2026-11-21T11:59:40+00:00",
        "loaded_at": "2026-11-21T12:00:00+00:00",
        "recorded_at": "2026-11-21T12:00:00+00:00",
    }


@pytest.mark.parametrize("outcome", [Outcome.LATER, Outcome.SKIPPED, Outcome.FAILED])
def test_a_window_that_is_not_complete_was_not_loaded_and_says_why(outcome: Outcome, clock: FakeClock) -> None:
    result = replace(LOADED, outcome=outcome, reason="Amazon says no (Amazon request id 1-2-3)")
    row = entry(outcome, result, rows=3).row(clock())
    assert row["outcome"] == outcome.value
    assert row["reason"] == "Amazon says no (Amazon request id 1-2-3)"
    assert (row["loaded_at"], row["bytes"]) == (None, None)
    assert row["recorded_at"] == clock().isoformat()


def test_an_empty_window_is_complete_and_says_why(clock: FakeClock) -> None:
    result = replace(LOADED, outcome=Outcome.EMPTY, document=None, reason="Amazon cancelled the report")
    row = entry(Outcome.EMPTY, result, rows=0).row(clock())
    assert (row["outcome"], row["rows"], row["bytes"]) == ("empty", 0, None)
    assert row["reason"] == "Amazon cancelled the report"
    assert row["loaded_at"] == clock().isoformat()


def test_the_outcome_in_the_stream_counts_and_not_that_of_the_report(clock: FakeClock) -> None:
    row = entry(Outcome.EMPTY, LOADED, rows=0).row(clock())
    assert (row["outcome"], row["bytes"]) == ("empty", 12345)


def test_a_loaded_window_gives_no_reason_even_where_the_report_was_shortened(clock: FakeClock) -> None:
    assert entry(result=replace(LOADED, reason="not yet available")).row(clock())["reason"] is None


def test_the_window_is_the_entrys_and_not_that_of_the_request(clock: FakeClock) -> None:
    rest = Window(date(2026, 11, 16), date(2026, 11, 16))
    row = LedgerEntry.of_job("vendor_sales", LOADED, rest, Outcome.LATER).row(clock())
    assert (row["window_start"], row["window_end"]) == ("2026-11-16T00:00:00Z", "2026-11-16T00:00:00Z")


def test_a_report_that_was_never_asked_for_has_no_id_and_no_times(clock: FakeClock) -> None:
    result = JobResult(Outcome.LATER, ASKED, reason="`max_reports` is reached")
    row = entry(Outcome.LATER, result, rows=0).row(clock())
    assert [row[name] for name in ("report_id", "asked_at", "processed_at", "attempts")] == [None, None, None, 0]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_row_fits_the_schema_of_its_stream(outcome: Outcome, clock: FakeClock) -> None:
    schema = json.loads((resources.files("tap_amazon_vendor.schemas") / "report_ledger.json").read_text("utf-8"))
    checker = jsonschema.FormatChecker()
    for result in (LOADED, JobResult(outcome, ASKED)):
        row = entry(outcome, result).row(clock() + timedelta(microseconds=5))
        jsonschema.validate(row, {"type": "object", **schema}, format_checker=checker)
        assert list(row) == list(schema["properties"])
