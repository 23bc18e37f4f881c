"""Each settlement is checked against its own total, exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.documents.findings import Findings
from tap_amazon_vendor.streams.totals import SettlementTotal

V1 = SettlementTotal(amounts=("price_amount", "other_amount"))


def row(settlement: str, total: Any = None, **amounts: Any) -> dict[str, Any]:
    return {"settlement_id": settlement, "total_amount": total, "price_amount": None, "other_amount": None} | amounts


def check(*chunks: list[dict[str, Any]]) -> Findings:
    findings = Findings()
    checked = V1.check()
    for chunk in chunks:
        checked.add(chunk)
    checked.finish(findings)
    return findings


def test_a_settlement_that_adds_up_differs_by_nothing() -> None:
    found = check(
        [row("1", Decimal("0.30")), row("1", price_amount=Decimal("0.10"))], [row("1", other_amount=Decimal("0.20"))]
    )
    assert (found.total_difference, len(found.remarks)) == (Decimal(0), 0)


def test_a_difference_of_a_cent_is_told_with_both_sums() -> None:
    found = check([row("1", Decimal("95.01")), row("1", price_amount=100, other_amount=Decimal("-5.00"))])
    assert found.total_difference == Decimal("0.01")
    assert found.remarks == ["settlement 1: its lines add up to 95.00, its total is 95.01 (difference 0.01)"]


def test_settlements_of_one_file_are_checked_apart_though_together_they_add_up() -> None:
    found = check([row("1", 10), row("1", price_amount=9), row("2", 10), row("2", price_amount=11)])
    assert abs(found.total_difference or 0) == 1
    assert len(found.remarks) == 2


def test_lines_of_settlements_may_be_mixed_and_the_total_may_stand_in_each_line() -> None:
    found = check([row("1", 3, price_amount=1), row("2", 5, price_amount=5), row("1", 3, price_amount=2)])
    assert (found.total_difference, len(found.remarks)) == (Decimal(0), 0)


def test_a_settlement_without_its_total_is_told() -> None:
    found = check([row("1", price_amount=Decimal("7.50"))])
    assert found.total_difference == Decimal("7.50")
    assert "it states no total" in found.remarks[0]


def test_a_document_without_lines_has_no_total() -> None:
    assert check([]).total_difference is None


def test_many_differences_are_summed_up_in_the_remarks() -> None:
    found = check([row(str(each), 1) for each in range(20)])
    assert found.remarks[-1] == "15 more settlements differ from their totals"
    assert len(found.remarks) == 6


@given(
    st.lists(st.decimals("-99999.99", "99999.99", places=2), min_size=1),
    st.decimals("-1", "1", places=2),
    st.integers(1, 5),
)
def test_the_difference_is_exactly_what_is_missing(amounts: list[Decimal], missing: Decimal, size: int) -> None:
    rows = [row("7", sum(amounts) + missing), *(row("7", price_amount=amount) for amount in amounts)]
    found = check(*(rows[start : start + size] for start in range(0, len(rows), size)))
    assert found.total_difference == missing
    assert bool(found.remarks) == bool(missing)
