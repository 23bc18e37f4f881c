"""Windows with far fewer rows than those near them get a remark; usual differences do not."""

from __future__ import annotations

import random
import typing as t
from dataclasses import replace
from datetime import date, timedelta

import pytest
from test_ledger import ASKED

from tap_amazon_vendor.audit.few_rows import windows_with_few_rows
from tap_amazon_vendor.audit.ledger import LedgerEntry
from tap_amazon_vendor.audit.recorder import Recorder
from tap_amazon_vendor.config.redaction import Redactor
from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.windows import Window

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from clocks import FakeClock

SUBJECT = ASKED.subject
FIRST = date(2026, 11, 2)


def windows(rows: Sequence[int], **other: t.Any) -> list[LedgerEntry]:
    days = [FIRST + timedelta(days=number) for number in range(len(rows))]
    return [
        replace(LedgerEntry("seller_orders", SUBJECT, Window(day, day), Outcome.LOADED, number, Findings()), **other)
        for day, number in zip(days, rows, strict=True)
    ]


def found(entries: Sequence[LedgerEntry]) -> list[int]:
    return [entries.index(entry) for entry, _ in windows_with_few_rows(entries)]


@pytest.mark.parametrize("at", range(7))
def test_a_day_with_less_than_half_of_the_usual_rows_is_found_at_any_place(at: int) -> None:
    rows = [95, 100, 105, 98, 97, 110]
    rows.insert(at, 40)
    assert found(windows(rows)) == [at]


def test_several_such_days_are_all_found() -> None:
    assert found(windows([100] * 10 + [30, 4])) == [10, 11]


def test_one_is_found_in_an_account_that_grew_tenfold() -> None:
    rows = [int(50 * 10 ** (day / 730)) for day in range(730)]
    rows[600] //= 3
    assert found(windows(rows)) == [600]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([100, 100, 100, 100, 100, 30, 20] * 4, id="two days of each week"),
        pytest.param([100, 100, 100, 100, 10], id="too few windows to know"),
        pytest.param([19, 18, 19, 18, 19, 18, 1], id="so few rows that it may be chance"),
        pytest.param([100, 100, 100, 100, 100, 100, 50], id="half"),
        pytest.param([random.Random(seed).randrange(40, 80) for seed in range(200)], id="noise"),
        pytest.param([20 + day // 2 for day in range(730)], id="an account that grows"),
        pytest.param([1000] * 60 + [300] * 60, id="products that are given up"),
        pytest.param([100] * 60 + [30] * 30 + [100] * 60, id="a season"),
    ],
)
def test_usual_differences_are_not_found(rows: list[int]) -> None:
    assert not found(windows(rows))


def test_only_windows_of_the_same_stream_report_and_length_are_compared() -> None:
    many, few = windows([1000] * 6), windows([30] * 5, stream="seller_returns")
    elsewhere = windows([30] * 5, subject=SUBJECT._replace(marketplace_id="A1PA6795UKMFR9"))
    week = windows([30], window=Window(FIRST, FIRST + timedelta(days=6)))
    empty = windows([0], outcome=Outcome.EMPTY)
    assert not found([*many, *few, *elsewhere, *week, *empty])


def test_the_ledger_gets_a_remark_and_the_log_a_warning(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    ledger = _Ledger()
    recorder = Recorder(t.cast("t.Any", ledger), clock, Redactor(()))
    for entry in windows([100] * 6 + [40]):
        recorder.record(entry)
    loaded_at = ledger.rows[-1]["loaded_at"]
    clock.advance(3600)
    recorder.remark_on_few_rows()
    text = "most windows near this one have 100 rows or more, so the document may be incomplete"
    assert [row["remarks"] for row in ledger.rows] == [None] * 7 + [text]
    recorded_at = clock().isoformat(timespec="seconds")
    assert ledger.rows[-1] == {**ledger.rows[-2], "remarks": text, "recorded_at": recorded_at}
    assert ledger.rows[-1]["loaded_at"] == loaded_at
    assert len(recorder.entries) == 7
    assert caplog.messages[-1].endswith(f"40 rows: {text}")


class _Ledger:
    def __init__(self) -> None:
        self.rows: list[dict[str, t.Any]] = []

    def write(self, row: dict[str, t.Any]) -> None:
        self.rows.append(row)
