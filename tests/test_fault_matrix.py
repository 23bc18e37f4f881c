"""A part of all faults × all kinds of stream; `scripts/prove.py` tries all and prints the figures."""

from __future__ import annotations

import pytest
from fault_matrix import CASES, KINDS, TIMES, survive, two_runs

from amazon_sandbox.faults import FAULTS

#: Faults with tests of their own: dirty documents in `test_flat_files.py`, reports that ignore the marketplace in
#: `test_row_marketplaces.py`, lists that refuse to be sorted in `test_changing_lists.py`, missing lines in
#: `test_seller_runs.py`.
ELSEWHERE = {"dirty_cells", "dirty_lines", "lines_missing", "equal_lines", "marketplace_ignored", "ascending_refused"}


@pytest.mark.sampled(25)
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize(("kind", "fault"), CASES)
@pytest.mark.usefixtures("bare_environment")
def test_after_any_fault_the_next_run_has_every_row_once(kind: str, fault: str, times: int | None) -> None:
    survival = survive(kind, fault, times)
    assert survival.whole, survival


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("JSON report", "connection_reset"),
        pytest.param("flat file", "connection_reset", marks=pytest.mark.exhaustive),
        pytest.param("Data Kiosk", "connection_reset", marks=pytest.mark.exhaustive),
        pytest.param("Ads", "ads_connection_reset", marks=pytest.mark.exhaustive),
    ],
)
@pytest.mark.usefixtures("bare_environment")
def test_what_amazon_made_though_its_answer_was_lost_is_found_and_used(kind: str, fault: str) -> None:
    assert two_runs(kind, fault, 1).asked == two_runs(kind, None, 0).asked


def test_every_fault_is_tried() -> None:
    assert {fault for kind in KINDS.values() for fault in kind.faults} | ELSEWHERE >= set(FAULTS)
