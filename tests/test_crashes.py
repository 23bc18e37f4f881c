"""`kill -9` in the middle of `meltano run`; `scripts/prove.py` kills at many points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import crashes
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crashes import Pipeline

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with crashes.pipeline() as made:
        yield made


@pytest.mark.parametrize(
    "part", [0.7, *(pytest.param(part, marks=pytest.mark.exhaustive) for part in (0.3, 0.5, 0.6, 0.8, 0.9))]
)
def test_the_run_after_a_killed_one_has_every_row_once_and_leaves_no_file(pipeline: Pipeline, part: float) -> None:
    crash = pipeline.crash(int(part * 10), part * pipeline.seconds)
    assert crash.whole, crash
