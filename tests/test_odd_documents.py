"""A document with totals but without their rows: its report is requested again minutes later before it is believed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox.documents import Documents
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
