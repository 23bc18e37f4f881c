"""`kill -9` in the middle of `meltano run`; `scripts/prove.py` kills at many points."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import meltano_project
import pytest
from crashes import Pipeline
from embedded_postgres import postgres, remove

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    meltano_project.install_plugins()
    with tempfile.TemporaryDirectory(prefix="tav-test-") as name:
        folder = Path(name)
        try:
            with postgres(folder / "postgres") as server:
                pipeline = Pipeline(meltano_project.make_project(folder / "project"), server)
                pipeline.measure()
                yield pipeline
        finally:
            remove(folder / "postgres")


@pytest.mark.parametrize(
    "part", [0.7, *(pytest.param(part, marks=pytest.mark.exhaustive) for part in (0.3, 0.5, 0.6, 0.8, 0.9))]
)
def test_the_run_after_a_killed_one_has_every_row_once_and_leaves_no_file(pipeline: Pipeline, part: float) -> None:
    crash = pipeline.crash(int(part * 10), part * pipeline.seconds)
    assert crash.whole, crash
