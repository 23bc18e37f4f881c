"""The picture of the ledger: what is read, what becomes of a day, the page and the terminal's drawing."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from browser import CHROMEDRIVER, CHROMIUM, chromium
from click.testing import CliRunner

from tap_amazon_vendor.cli.main import cli
from tap_amazon_vendor.coverage.days import DayState, Span, stream_days
from tap_amazon_vendor.coverage.ledger import UnreadableLedgerError, read_ledger

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

KIOSK = {
    "stream_name": "vendor_analytics_manufacturing",
    "report_options": "aggregateBy=DAY,groupBy=asin,brand,"
    "metrics=costs,customerSatisfaction,orders,productAvailability,shippedOrders,sourcing,traffic",
}
DAILY = "distributorView=SOURCING,reportPeriod=DAY,sellingProgram=RETAIL"


def row(first: str, last: str, outcome: str = "loaded", **other: Any) -> dict[str, Any]:
    """A row of the ledger."""
    return {
        "account": "default",
        "marketplace_id": "ATVPDKIKX0DER",
        "country_code": "US",
        "report_type": "GET_VENDOR_SALES_REPORT",
        "report_options": DAILY,
        "stream_name": "vendor_sales",
        "window_start": first if "T" in first else f"{first}T00:00:00Z",
        "window_end": last if "T" in last else f"{last}T00:00:00Z",
        "outcome": outcome,
        "reason": None,
        "rows": 5,
        "rejected": 0,
        "recorded_at": "2026-11-21T08:00:00+00:00",
        **other,
    }


def ledger(folder: Path, *rows: dict[str, Any]) -> str:
    file = folder / "report_ledger.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in rows), encoding="utf-8")
    return str(file)


def spans(folder: Path, *rows: dict[str, Any]) -> list[tuple[str, str, str]]:
    (stream,) = stream_days(read_ledger(ledger(folder, *rows), None))
    return [(str(each.first), str(each.last), each.state.value) for each in stream.spans]


def coverage(*words: str) -> Result:
    return CliRunner().invoke(cli, ["coverage", *words])


class TestDays:
    def test_days_in_a_row_with_one_state_are_one_span(self, tmp_path: Path) -> None:
        found = spans(tmp_path, row("2026-11-01", "2026-11-03"), row("2026-11-04", "2026-11-05"))
        assert found == [("2026-11-01", "2026-11-05", "loaded")]

    def test_a_day_that_no_window_holds_is_missing(self, tmp_path: Path) -> None:
        found = spans(tmp_path, row("2026-11-01", "2026-11-01"), row("2026-11-03", "2026-11-03"))
        assert found[1] == ("2026-11-02", "2026-11-02", "missing")

    @pytest.mark.parametrize("later", ["failed", "later", "skipped", "empty"])
    def test_what_was_loaded_once_stays_so(self, later: str, tmp_path: Path) -> None:
        again = row("2026-11-02", "2026-11-02", later, recorded_at="2026-11-22T08:00:00+00:00")
        assert spans(tmp_path, row("2026-11-01", "2026-11-03"), again) == [("2026-11-01", "2026-11-03", "loaded")]

    def test_days_of_two_loaded_windows_were_read_again(self, tmp_path: Path) -> None:
        found = spans(tmp_path, row("2026-11-01", "2026-11-03"), row("2026-11-03", "2026-11-04"))
        assert [state for *_, state in found] == ["loaded", "read again", "loaded"]

    def test_rejected_lines_show(self, tmp_path: Path) -> None:
        assert spans(tmp_path, row("2026-11-01", "2026-11-01", rejected=2))[0][2] == "with rejected lines"

    def test_the_row_that_was_recorded_last_counts(self, tmp_path: Path) -> None:
        """target-jsonl appends."""
        failed = row("2026-11-01", "2026-11-01", "failed", recorded_at="2026-11-20T08:00:00+00:00")
        loaded = row("2026-11-01", "2026-11-01")
        assert spans(tmp_path, loaded, failed) == [("2026-11-01", "2026-11-01", "loaded")]

    def test_hours_end_before_their_midnight(self, tmp_path: Path) -> None:
        hours = [
            row("2026-11-01T05:00:00Z", "2026-11-02T00:00:00Z"),
            row("2026-11-02T00:00:00Z", "2026-11-02T07:00:00Z", "later"),
        ]
        assert spans(tmp_path, *hours) == [
            ("2026-11-01", "2026-11-01", "loaded"),
            ("2026-11-02", "2026-11-02", "later"),
        ]

    def test_snapshots_and_single_reports_have_no_missing_days(self, tmp_path: Path) -> None:
        taken = [
            row(f"2026-11-{day}", f"2026-11-{day}", recorded_at=f"2026-11-{day}T09:00:00Z", report_options="(none)")
            for day in ("10", "20")
        ]
        assert "missing" not in {state for *_, state in spans(tmp_path, *taken)}
        settled = [row(f"2026-11-{day}", f"2026-11-{day}", report_options=f"reportId={day}") for day in ("10", "20")]
        assert "missing" not in {state for *_, state in spans(tmp_path, *settled)}

    def test_options_are_rows_of_their_own(self, tmp_path: Path) -> None:
        other = row("2026-11-01", "2026-11-01", report_options=DAILY.replace("SOURCING", "MANUFACTURING"))
        windows = read_ledger(ledger(tmp_path, other, row("2026-11-01", "2026-11-01")), None)
        assert [each.options.partition(",")[0] for each in stream_days(windows)] == [
            "distributorView=MANUFACTURING",
            "distributorView=SOURCING",
        ]

    def test_a_part_of_a_span_is_cut_out(self, tmp_path: Path) -> None:
        (stream,) = stream_days(read_ledger(ledger(tmp_path, row("2026-11-01", "2026-11-30")), None))
        cut = Span(date(2026, 11, 10), date(2026, 11, 12), DayState.LOADED, None)
        assert [*stream.within(cut.first, cut.last)] == [cut]


class TestSources:
    def test_singer_messages_are_read_too(self, tmp_path: Path) -> None:
        messages = [
            {"type": "SCHEMA", "stream": "report_ledger", "schema": {}},
            {"type": "RECORD", "stream": "vendor_sales", "record": {"asin": "B0"}},
            {"type": "RECORD", "stream": "report_ledger", "record": row("2026-11-01", "2026-11-02")},
            {"type": "STATE", "value": {}},
        ]
        assert spans(tmp_path, *messages) == [("2026-11-01", "2026-11-02", "loaded")]

    def test_a_database_is_read_by_its_url(self, tmp_path: Path) -> None:
        import sqlalchemy as sql  # noqa: PLC0415  # for this one test

        url = f"sqlite:///{tmp_path / 'warehouse.db'}"
        (one,) = [row("2026-11-01", "2026-11-02")]
        table = sql.Table("report_ledger", sql.MetaData(), *(sql.Column(name, sql.String) for name in one))
        with sql.create_engine(url).begin() as connection:
            table.create(connection)
            connection.execute(table.insert(), one)
        (window,) = read_ledger(url, None)
        assert (window.stream, window.rows, window.start.day, window.end.day) == ("vendor_sales", 5, 1, 2)

    @pytest.mark.parametrize(
        "content", ["nonsense", "[]", '{"a": 1}', '{"window_start": "today"}', json.dumps(row("x", "y"))]
    )
    def test_what_is_no_ledger_is_refused_in_one_message(self, content: str, tmp_path: Path) -> None:
        file = tmp_path / "ledger.jsonl"
        file.write_text(content, encoding="utf-8")
        with pytest.raises(UnreadableLedgerError):
            read_ledger(str(file), None)
        result = coverage(str(file))
        assert result.exit_code == 2
        assert "Traceback" not in result.output

    @pytest.mark.parametrize(
        "source",
        ["/nowhere/at/all.jsonl", "postgresql+psycopg://me:secret-word@127.0.0.1:9/db", "nosuch://me:secret-word@x/y"],
    )
    def test_a_source_that_is_not_there_shows_no_password(self, source: str) -> None:
        result = coverage(source)
        assert result.exit_code == 2
        assert "secret-word" not in result.output
        assert "Traceback" not in result.output


AWKWARD = '<b>"R&D"</b>'
ROWS = (
    row("2026-10-01", "2026-10-20"),
    row("2026-10-21", "2026-10-22", "failed", reason='HTTP 500 <script>alert("x")</script>'),
    row("2026-10-23", "2026-11-05"),
    row("2026-11-08", "2026-11-10", "later", reason="not yet available"),
    row("2026-10-01", "2026-11-10", account=AWKWARD, stream_name="vendor_traffic"),
)


class TestCommand:
    def test_the_exit_code_tells_of_gaps(self, tmp_path: Path) -> None:
        assert coverage(ledger(tmp_path, *ROWS)).exit_code == 1
        assert coverage(ledger(tmp_path, ROWS[0])).exit_code == 0

    def test_the_drawing_has_a_letter_for_each_day(self, tmp_path: Path) -> None:
        text = coverage(ledger(tmp_path, *ROWS), "--account", "default").output
        assert f"{'█' * 20}XX{'█' * 14}??~~~  4" in text
        assert "vendor_traffic" not in text

    def test_of_an_option_with_several_values_the_drawing_has_the_first_and_how_many_follow(
        self, tmp_path: Path
    ) -> None:
        text = coverage(ledger(tmp_path, row("2026-11-01", "2026-11-02", **KIOSK))).output
        assert "vendor_analytics_manufacturing DAY asin+1 costs+6  ██" in re.sub(r" {2,}", "  ", text)

    def test_an_account_without_windows_is_said_to_have_none(self, tmp_path: Path) -> None:
        assert coverage(ledger(tmp_path, *ROWS), "--account", "nobody").exit_code == 2

    def test_the_page_is_whole_and_needs_nothing_else(self, tmp_path: Path) -> None:
        page = tmp_path / "coverage.html"
        result = coverage(ledger(tmp_path, *ROWS), "--html", str(page))
        assert result.exit_code == 1
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"https?://|<script|<link|@import", text)
        for picture in re.findall(r"<svg.*?</svg>", text):
            ET.fromstring(picture)  # noqa: S314  # our own
        assert "&lt;script&gt;" in text
        assert "<b>" not in text


@pytest.mark.skipif(not (CHROMIUM and CHROMEDRIVER), reason="no Chromium on this machine")
def test_a_real_browser_draws_the_page(tmp_path: Path) -> None:
    page = tmp_path / "coverage.html"
    coverage(ledger(tmp_path, *ROWS, row("2026-11-01", "2026-11-02", **KIOSK)), "--html", str(page))
    with chromium(tmp_path / "profile") as browser:
        browser.open(page.as_uri())
        assert "4 days failed or missing" in browser.text
        assert "vendor_traffic" in browser.text
        widths = browser.run("return [...document.querySelectorAll('rect')].map(each => each.getBBox().width)")
        assert len(widths) == len(re.findall("<rect", page.read_text(encoding="utf-8"))) > 0
        assert min(widths) > 0
        labels = browser.run("return [...document.querySelectorAll('th small')].map(each => each.offsetWidth)")
        assert 0 < max(labels) <= 480
        assert browser.screenshot().startswith(b"\x89PNG")
