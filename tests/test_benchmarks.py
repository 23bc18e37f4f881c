"""The benchmarks run, and what they measure is the same work: a few days, small documents."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from bootstrap import ROOT
from meltano_project import HAS_DBT
from warehouses import programs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_benchmark_of_records_prints_its_table() -> None:
    pytest.importorskip("ijson")
    command = [sys.executable, str(ROOT / "benchmarks" / "records.py"), "--rows", "small", "--airbyte", "no"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["stream", "rows", "reader", "rows/s", "peak", "MB", "ours", "is"]
    read = [line.split()[:3] for line in lines if "not in this version" not in line]
    assert ["vendor_sales", "3,000", "ours"] in read
    assert ["brand_search_terms", "10,000", "floor"] in read
    assert len(read) % 3 == 0


@pytest.mark.exhaustive
@pytest.mark.slow
def test_each_stage_is_counted_with_every_document(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    stages = importlib.import_module("stages")
    monkeypatch.setattr(stages.records, "FOLDER", tmp_path / "documents")
    monkeypatch.setattr(stages, "ROWS", (100, 5_000))
    marks: list[int] = []
    monkeypatch.setattr(os, stages.MARK, lambda: marks.append(1))
    for name in stages.CASES:
        for rows in (1, *stages.ROWS):
            stages.CASES[name].make(rows, distinct=rows > 1)
    with stages.documents() as url:
        monkeypatch.setenv("DOCUMENTS", url)
        for name in stages.CASES:
            marks.clear()
            for parts in (stages.TAP, stages.BARE):
                stages.count(name, parts)
            assert len(marks) == (len(stages.TAP) + 1) * 3


@pytest.fixture
def quota(bare_environment: None) -> Iterator[Any]:  # noqa: ARG001
    """The benchmark's module."""
    specification = importlib.util.spec_from_file_location("quota", ROOT / "benchmarks" / "quota.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules["quota"] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules["quota"]


def test_a_run_asks_for_the_fewest_reports_that_are_possible(quota: Any) -> None:
    case = quota.Case("a few days", (*quota.FINANCIAL, "vendor_traffic"), 45, ("vendor-us", "vendor-ca", "vendor-uk"))
    row = quota.measure(case, speed=300)
    # 42 published days by 15: three reports of sales in each of two views, and three of traffic. The account in the
    # United Kingdom does not manufacture, which takes one report to know, and a second one to be sure of.
    assert (row.created, row.minimum) == (9 + 9 + 7 + 1, 9 + 9 + 7)
    assert row.records > row.created
    assert row.peers_created == 42 * 3 * 3
    assert quota.table([row]).splitlines()[-1].startswith("| a few days | 26 | 25 |")


def test_the_bound_is_what_quota_and_processing_make_it(quota: Any) -> None:
    assert quota.bound([30.0, 90.0, 40.0]) == 90.0
    # The sixteenth is asked for a minute later.
    assert quota.bound([30.0] * 15 + [50.0]) == pytest.approx(1 / 0.0167 + 50)
    # However fast it is, it is fetched a minute after the first.
    assert quota.bound([30.0] * 15 + [1.0]) == pytest.approx(1 / 0.0167 + 30)


@pytest.mark.exhaustive
@pytest.mark.skipif(not HAS_DBT, reason="dbt has no release for this Python")
def test_the_benchmark_of_marts_builds_them_twice_in_each_warehouse() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "marts.py"), "--asins", "20"],
        env=os.environ | {"DBT_VENV": str(programs().parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    _, _, *lines = done.stdout.splitlines()
    names = [f"{warehouse}, {what} build" for warehouse in ("PostgreSQL", "DuckDB") for what in ("first", "next")]
    assert [line.split(" | ")[0] for line in lines] == [f"| {name}" for name in names]
    assert len({line.split(" | ")[1] for line in lines}) == 1
