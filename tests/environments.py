"""Packages of this repository, and environments of their own to install them into: with uv, which takes seconds."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import bootstrap
import meltano_project
import yaml
from meltano.core.venv_service import VirtualEnv
from uv import find_uv_bin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: What of a clone is not its source.
NOT_SOURCE = shutil.ignore_patterns(".*", "__pycache__", "output", "plugins", "tests")


def environment(folder: Path) -> dict[str, str]:
    """Return the environment for uv: the versions of the lock, and the index that pip was told to use."""
    lines = bootstrap.LOCK.read_text(encoding="utf-8").splitlines()
    versions = [line.rstrip(" \\") for line in lines if "==" in line and not line.startswith((" ", "#"))]
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(versions) + "\n", encoding="utf-8")
    variables = bootstrap.clean_environment() | {
        "UV_CONSTRAINT": str(constraints),
        "UV_BUILD_CONSTRAINT": str(constraints),
    }
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    if index := os.environ.get("PIP_INDEX_URL") or told.stdout.strip():
        variables["UV_DEFAULT_INDEX"] = index
    # Not those of the environment that the tests run in.
    del variables["VIRTUAL_ENV"]
    return variables


def install(folder: Path, package: str) -> Path:
    """Install a package into an empty environment and return the folder of its commands."""
    variables = environment(folder)
    for words in (
        ["venv", "--quiet", "--python", sys.executable, str(folder / "venv")],
        ["pip", "install", "--quiet", "--python", str(folder / "venv"), package],
    ):
        run([find_uv_bin(), *words], folder, variables)
    return folder / "venv" / "bin"


def build(source: Path, folder: Path, *targets: str) -> None:
    """Build packages with the backend that the lock names."""
    words = [f"--target={target}" for target in targets]
    run([sys.executable, "-m", "hatchling", "build", "-d", str(folder), *words], source, bootstrap.clean_environment())


def copy_source(folder: Path) -> Path:
    """Copy the sources of this clone to a folder, as if they had been cloned there."""
    shutil.copytree(bootstrap.ROOT, folder, ignore=NOT_SOURCE)
    return folder


def run(command: Sequence[str], folder: Path, variables: dict[str, str], typed: str = "") -> str:
    """Run a command and return its output; if it fails, the test fails with all that it said."""
    finished = subprocess.run(
        command,
        cwd=folder,
        env=variables,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, f"{json.dumps(command)}\n{finished.stdout}{finished.stderr}"
    return finished.stdout


def install_target_jsonl() -> None:
    """Give target-jsonl to Meltano as its lock has it, once: it pins packages that do not go with ours."""
    lock = bootstrap.ROOT / "tests" / "data" / "target-jsonl.lock"
    folder = bootstrap.ROOT / ".meltano" / "loaders" / "target-jsonl" / "venv"

    def make() -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        variables = {**environment(folder.parent), "UV_CONSTRAINT": "", "UV_BUILD_CONSTRAINT": ""}
        for words in (
            ["venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
            ["pip", "sync", "--quiet", "--require-hashes", "--python", str(folder), str(lock)],
        ):
            run([find_uv_bin(), *words], bootstrap.ROOT, variables)
        plugins = yaml.safe_load(meltano_project.MELTANO_FILE.read_text(encoding="utf-8"))["plugins"]["loaders"]
        (plugin,) = [each for each in plugins if each["name"] == "target-jsonl"]
        VirtualEnv(folder).write_fingerprint(shlex.split(plugin["pip_url"]))

    with bootstrap.alone("installation", wait=True):
        parts = [sys.version.encode(), lock.read_bytes(), meltano_project.MELTANO_FILE.read_bytes()]
        bootstrap.Once(folder.with_name("made-from"), parts, "Handing target-jsonl to Meltano", make)()
