"""Meltano runs tap and target as requirements.lock names them."""

from __future__ import annotations

import subprocess
from importlib import metadata
from typing import TYPE_CHECKING

import meltano_project
import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize(
    ("plugin", "package"),
    [("tap-amazon-vendor", "tap-amazon-vendor"), ("target-postgres", "meltanolabs-target-postgres")],
)
def test_meltano_finds_nothing_to_install(plugin: str, package: str, tmp_path: Path) -> None:
    """It would install what it takes for missing, and could not: there is no index."""
    meltano_project.install_plugins()
    project = meltano_project.make_project(tmp_path)
    finished = subprocess.run(
        [meltano_project.MELTANO, "invoke", plugin, "--version"],
        cwd=project,
        env={**meltano_project.environment(project), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert f" v{metadata.version(package)}," in finished.stdout
    assert "nstalling" not in finished.stderr
