"""A document with totals but without their rows: its report is requested again minutes later before it is believed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox.documents import Documents
from amazon_sandbox.jobs import Jobs
from amazon_sandbox.rules.verdicts import Verdict
from tap_amazon_vendor.engine.hearings import RETRY_PAUSE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Row, Run, World

ROWS, TOTALS, LEDGER = "vendor_sales", "vendor_sales_totals", "report_ledger"
REMARK = "the document has no rows in salesByAsin, though salesAggregate has figures"


@pytest.fixture
def config(world: World) -> Row:
    return world.config(start_date=world.day(18), selling_programs=["RETAIL"], distributor_views=["MANUFACTURING"])


def leave_out(monkeypatch: pytest.MonkeyPatch, times: float) -> list[Any]:
    """Leave the rows out of the first documents, but not their totals; return the reports that were made."""
    whole, made = Documents._text, list[Any]()

    def text(self: Documents, job: Any) -> Iterator[bytes]:
        if job not in made:
            made.append(job)
        document = json.loads(b"".join(whole(self, job)))
        if made.index(job) < times:
            document["salesByAsin"] = []
        return iter([json.dumps(document).encode()])

    monkeypatch.setattr(Documents, "_text", text)
    return made


def outcomes(run: Run) -> set[tuple[str, str, str | None]]:
    return {(row["stream_name"], row["outcome"], row["remarks"]) for row in run.records(LEDGER)}


def test_a_report_with_totals_but_no_rows_is_requested_again(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, began = leave_out(monkeypatch, 1), world.clock()
    run = world.run(config, streams=[ROWS, TOTALS, LEDGER])
    assert run.error is None
    assert outcomes(run) == {(ROWS, "loaded", None), (TOTALS, "loaded", None)}
    assert len(made) == 2
    assert world.clock() - began >= timedelta(seconds=RETRY_PAUSE)
    plain = world.run(config, streams=[ROWS, TOTALS])
    for name in (ROWS, TOTALS):
        keys = [*run.upserted(name)]
        assert len(keys) == len(run.records(name)), "none is doubled"
        assert {*keys} == {*plain.upserted(name)}


def test_a_second_report_that_says_the_same_is_believed_with_a_warning(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = leave_out(monkeypatch, float("inf"))
    run = world.run(config, streams=[ROWS, TOTALS, LEDGER])
    assert run.error is None
    assert outcomes(run) == {(ROWS, "empty", REMARK), (TOTALS, "loaded", None)}
    assert any(REMARK in record.getMessage() for record in caplog.records if record.levelname == "WARNING")
    assert len(made) == 2
    # Later runs do not request it twice.
    world.clock.advance(86_400)
    world.run(config, run.state, streams=[ROWS, LEDGER])
    assert len(made) == 3


@pytest.mark.parametrize(("times", "outcome"), [(1, "loaded"), (2, "empty")])
def test_without_a_report_left_to_ask_with_the_next_run_asks_before_it_is_believed(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch, times: int, outcome: str
) -> None:
    made = leave_out(monkeypatch, times)
    config["max_reports"] = 1
    first = world.run(config, streams=[ROWS, TOTALS, LEDGER])
    (entry, _) = first.records(LEDGER)
    assert (entry["outcome"], entry["reason"]) == ("later", f"{REMARK}, and `max_reports` is reached")
    world.clock.advance(86_400)
    second = world.run(config, first.state, streams=[ROWS, TOTALS, LEDGER])
    start = entry["window_start"]
    ended = {row["stream_name"]: row["outcome"] for row in second.records(LEDGER) if row["window_start"] == start}
    assert ended == {ROWS: outcome, TOTALS: "loaded"}
    assert len(made) == 2


def test_totals_without_their_rows_are_doubted_of_a_report_that_was_cancelled_before(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, real, left = leave_out(monkeypatch, 1), Jobs._verdict, [Verdict("CANCELLED")]
    monkeypatch.setattr(Jobs, "_verdict", lambda *asked: left.pop() if left else real(*asked))
    run = world.run(config, streams=[ROWS, TOTALS, LEDGER])
    assert outcomes(run) == {(ROWS, "loaded", None), (TOTALS, "loaded", None)}
    assert len(made) == 2
