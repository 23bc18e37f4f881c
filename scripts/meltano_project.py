"""Meltano for the demo and the tests: plugins installed once in the clone, projects that share them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import bootstrap

MELTANO = Path(sys.executable).with_name("meltano")
MELTANO_FILE = bootstrap.ROOT / "meltano.yml"
PLUGIN_FOLDERS = ("extractors", "loaders")
SETTINGS = {
    "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
    "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
}


def environment(project: Path) -> dict[str, str]:
    """Return the environment for Meltano in a project: nothing foreign, and no `.env` of anybody."""
    return {**bootstrap.clean_environment(), **SETTINGS, "MELTANO_PROJECT_ROOT": str(project), "NO_COLOR": "1"}


def _constraints() -> str:
    """Write the locked versions in the form of constraints, for the tap's environment in Meltano.

    Returns:
        The path for pip, relative to the clone: pip would split a path at its spaces.
    """
    lines = bootstrap.LOCK.read_text(encoding="utf-8").splitlines()
    versions = [line.rstrip(" \\") for line in lines if "==" in line and not line.startswith((" ", "#"))]
    path = bootstrap.DEMO / "constraints.txt"
    path.write_text("\n".join(versions) + "\n", encoding="utf-8")
    return str(path.relative_to(bootstrap.ROOT))


def install_plugins() -> None:
    """Install tap and targets into the clone's `.meltano`, once."""

    def install() -> None:
        base = environment(bootstrap.ROOT)
        # Meltano does not read what pip prints before pip has ended.
        base["PIP_QUIET"] = "1"
        log = bootstrap.DEMO / "meltano-install.log"
        locked = {**base, "PIP_CONSTRAINT": _constraints()}
        bootstrap.run_logged([MELTANO, "install", "--clean", "tap-amazon-vendor"], log, locked)
        bootstrap.run_logged([MELTANO, "install", "--clean", "target-postgres", "target-jsonl"], log, base)

    parts = [path.read_bytes() for path in (MELTANO_FILE, bootstrap.ROOT / "pyproject.toml", bootstrap.LOCK)]
    stamp = bootstrap.ROOT / ".meltano" / ".made-from"
    with bootstrap.alone("installation", wait=True):
        bootstrap.once(stamp, parts, "Installing tap and targets with Meltano", install)


def make_project(folder: Path) -> Path:
    """Make a Meltano project with a state of its own that uses the clone's plugins.

    It is out of reach of the `.env` and the state that belong to the clone's user.
    """
    own = folder / ".meltano"
    own.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(MELTANO_FILE, folder / "meltano.yml")
    for name in PLUGIN_FOLDERS:
        link = own / name
        if not link.is_symlink():
            link.symlink_to(bootstrap.ROOT / ".meltano" / name, target_is_directory=True)
    return folder
