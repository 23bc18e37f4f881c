"""The benchmark runs, and what it measures is the same work."""

from __future__ import annotations

import subprocess
import sys

import pytest
from bootstrap import ROOT


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
