"""What is released is what its tag says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from release import problems

ROOT = Path(__file__).parents[1]
PROJECT = '[project]\nversion = "1.2.3"\n'
CHANGELOG = "# Changelog\n\n## [1.2.3] - 2026-12-01\n\n## [1.2.2] - unreleased\n"


def test_a_tag_of_the_version_with_its_day_is_released() -> None:
    assert problems("v1.2.3", PROJECT, CHANGELOG) == []


@pytest.mark.parametrize(
    ("tag", "changelog", "said"),
    [
        ("v1.2.4", CHANGELOG, "pyproject.toml says 1.2.3"),
        ("1.2.3", CHANGELOG, "the tag is 1.2.3"),
        ("v1.2.3", "# Changelog\n\n## [1.2.2] - 2026-11-01\n", "no entry for 1.2.3"),
        ("v1.2.3", CHANGELOG.replace("2026-12-01", "unreleased"), "'unreleased'"),
    ],
)
def test_anything_else_is_not(tag: str, changelog: str, said: str) -> None:
    (problem,) = problems(tag, PROJECT, changelog)
    assert said in problem


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.name)
def test_every_action_is_pinned_and_may_do_as_little_as_it_needs(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job.get("steps", ())]
    used = [step["uses"] for step in steps if "uses" in step]
    assert all(len(action.partition("@")[2]) == 40 for action in used)  # a commit's digits
    assert workflow["permissions"] in ({}, {"contents": "read"})
