"""Meltano runs tap and target as requirements.lock names them."""

from __future__ import annotations

import re
import subprocess
from importlib import metadata
from typing import TYPE_CHECKING

import bootstrap
import meltano_project
import pytest
from embedded_postgres import OWNER, postgres, remove

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


@pytest.mark.exhaustive
@pytest.mark.skipif(not meltano_project.HAS_DBT, reason="dbt has no release for this Python")
def test_meltano_finds_no_dbt_to_install(tmp_path: Path) -> None:
    """It is there as dbt/requirements.lock has it, with its adapter."""
    meltano_project.install_dbt()
    project = meltano_project.make_project(tmp_path)
    finished = subprocess.run(
        [meltano_project.MELTANO, "invoke", "dbt-postgres", "--version"],
        cwd=project,
        env={**meltano_project.environment(project), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    locked = bootstrap.DBT_LOCK.read_text(encoding="utf-8")
    for package, name in (("dbt-core", "installed"), ("dbt-postgres", "postgres")):
        (version,) = re.findall(rf"^{package}==(\S+)", locked, re.MULTILINE)
        assert f"{name}: {version}" in finished.stdout
    assert "nstalling" not in finished.stderr


@pytest.mark.exhaustive
@pytest.mark.skipif(not meltano_project.HAS_DBT, reason="dbt has no release for this Python")
def test_dbt_connects_to_where_target_postgres_writes(tmp_path: Path) -> None:
    """The environment variables of the target suffice: dbt needs no others."""
    meltano_project.install_dbt()
    project = meltano_project.make_project(tmp_path / "project")
    try:
        with postgres(tmp_path / "server") as server:
            told = {"HOST": str(server.socket_folder), "USER": OWNER, "PASSWORD": "any", "DATABASE": OWNER}
            variables = {f"TARGET_POSTGRES_{name}": value for name, value in told.items()}
            finished = subprocess.run(
                [meltano_project.MELTANO, "invoke", "dbt-postgres", "debug"],
                cwd=project,
                env=meltano_project.environment(project) | variables,
                capture_output=True,
                text=True,
                check=False,
            )
    finally:
        remove(tmp_path / "server")
    assert finished.returncode == 0, finished.stdout
    assert f"host: {server.socket_folder}" in finished.stdout
    assert "All checks passed!" in finished.stdout
    assert "schema: answers" in finished.stdout
