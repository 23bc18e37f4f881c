"""The guard against adding up programs that contain each other."""

from __future__ import annotations

from typing import Any

from tap_amazon_vendor.streams.overlap import ENOUGH, MOST, ProgramOverlap

ASINS = [f"B{number:09}" for number in range(ENOUGH * 3)]


def row(asin: str, program: str, units: int | None) -> dict[str, Any]:
    return {
        "account": "default",
        "marketplace_id": "ATVPDKIKX0DER",
        "distributor_view": "SOURCING",
        "selling_program": program,
        "end_date": "2026-11-01",
        "asin": asin,
        "shipped_units": units,
    }


def test_warns_where_retail_is_never_less() -> None:
    overlap = ProgramOverlap()
    for number, asin in enumerate(ASINS):
        overlap.see([row(asin, "RETAIL", 10 + number)])
        overlap.see([row(asin, "BUSINESS", 4)])
        overlap.see([row(asin, "FRESH", 6)])
    assert "RETAIL seems to contain" in str(overlap.warning())


def test_is_quiet_where_one_product_sells_more_elsewhere() -> None:
    overlap = ProgramOverlap()
    for asin in ASINS:
        overlap.see([row(asin, "RETAIL", 10)])
        overlap.see([row(asin, "BUSINESS", 11)])
    assert overlap.warning() is None


def test_is_quiet_with_retail_only_few_rows_or_nothing() -> None:
    overlap = ProgramOverlap()
    assert overlap.warning() is None
    for asin in ASINS:
        overlap.see([row(asin, "RETAIL", 10)])
        overlap.see([row(asin, "BUSINESS", None)])
    assert overlap.warning() is None
    for asin in ASINS[: ENOUGH - 1]:
        overlap.see([row(asin, "BUSINESS", 1)])
    assert overlap.warning() is None


def test_looks_at_a_bounded_sample() -> None:
    overlap = ProgramOverlap()
    for program, units in (("RETAIL", 3), ("FRESH", 1)):
        for number in range(MOST * 3):
            overlap.see([row(f"B{number:09}", program, units)])
    assert MOST / 4 < len(overlap._units) <= MOST
    assert "RETAIL seems to contain" in str(overlap.warning())
