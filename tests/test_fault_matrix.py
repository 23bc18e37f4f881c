"""A part of all faults × all kinds of stream; `scripts/prove.py` tries all and prints the figures."""

from __future__ import annotations

import pytest
from fault_matrix import CASES, KINDS, TIMES, survive

from amazon_sandbox.faults import FAULTS

#: Faults with tests of their own: dirty documents in `test_flat_files.py`, reports that ignore the marketplace in
#: `test_row_marketplaces.py`, lists that refuse to be sorted in `test_changing_lists.py`.
ELSEWHERE = {"dirty_cells", "dirty_lines", "equal_lines", "marketplace_ignored", "ascending_refused"}


@pytest.mark.sampled(25)
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize(("kind", "fault"), CASES)
@pytest.mark.usefixtures("bare_environment")
def test_after_any_fault_the_next_run_has_every_row_once(kind: str, fault: str, times: int | None) -> None:
    survival = survive(kind, fault, times)
    assert survival.whole, survival


def test_every_fault_is_tried() -> None:
    assert {fault for kind in KINDS.values() for fault in kind.faults} | ELSEWHERE >= set(FAULTS)
