"""Meltano for the demo and the tests: plugins that the locks bring, and projects that share them."""

from __future__ import annotations

import shlex
import shutil
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bootstrap
import yaml
from meltano.core.venv_service import VirtualEnv

if TYPE_CHECKING:
    from collections.abc import Iterator

MELTANO = Path(sys.executable).with_name("meltano")
MELTANO_FILE = bootstrap.ROOT / "meltano.yml"
PLUGIN_FOLDERS = ("extractors", "loaders", "utilities")
DBT_FOLDER = bootstrap.ROOT / ".meltano" / "utilities" / "dbt-postgres" / "venv"
#: dbt has no release for others that comes as wheels.
HAS_DBT = sys.version_info < (3, 14)
SETTINGS = {
    "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
    "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
}


def environment(project: Path) -> dict[str, str]:
    """Return the environment for Meltano in a project, without foreign variables or a `.env` file."""
    return {**bootstrap.clean_environment(), **SETTINGS, "MELTANO_PROJECT_ROOT": str(project), "NO_COLOR": "1"}


def _locked_plugins() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the plugins that requirements.lock brings, and the folders where Meltano expects their environments."""
    plugins = yaml.safe_load(MELTANO_FILE.read_text(encoding="utf-8"))["plugins"]
    for kind in PLUGIN_FOLDERS:
        for plugin in plugins[kind]:
            if (bootstrap.BIN / plugin["executable"]).exists():
                yield bootstrap.ROOT / ".meltano" / kind / plugin["name"] / "venv", plugin


def install_plugins() -> None:
    """Give tap and target to Meltano as they are in `.venv`, once: left to itself it would look for newer releases.

    Each gets an environment of its own in the clone's `.meltano`, as Meltano would make it, that sees the packages of
    `.venv`. What belongs to `.venv` is not touched when Meltano installs another version there, as it may be asked to.
    """

    def install() -> None:
        for folder, plugin in _locked_plugins():
            venv.create(folder, clear=True, symlinks=True)
            (site_packages,) = folder.glob("lib/python*/site-packages")
            (site_packages / "locked.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
            shutil.copy2(bootstrap.BIN / plugin["executable"], folder / "bin")
            VirtualEnv(folder).write_fingerprint(shlex.split(plugin["pip_url"]))

    parts = [sys.version.encode(), MELTANO_FILE.read_bytes(), bootstrap.LOCK.read_bytes()]
    stamp = bootstrap.ROOT / ".meltano" / ".made-from"
    with bootstrap.alone("installation", wait=True):
        bootstrap.Once(stamp, parts, "Handing tap and target to Meltano", install)()


def install_dbt() -> None:
    """Give dbt to Meltano as dbt/requirements.lock names it, once, where Meltano would install it.

    It has an environment of its own, because it does not agree with Meltano on the versions of what both need.
    """
    if not HAS_DBT:
        return
    (plugin,) = yaml.safe_load(MELTANO_FILE.read_text(encoding="utf-8"))["plugins"]["utilities"]
    lock, _, _ = bootstrap.DBT_LOCK.read_text(encoding="utf-8").partition(bootstrap.CHECKS_LINE)

    def install() -> None:
        venv.create(DBT_FOLDER, clear=True, symlinks=True, with_pip=True)
        bootstrap.install_locked(DBT_FOLDER / "bin" / "python", lock, bootstrap.DEMO / "pip-dbt.log")
        VirtualEnv(DBT_FOLDER).write_fingerprint(shlex.split(plugin["pip_url"]))

    parts = [sys.version.encode(), plugin["pip_url"].encode(), lock.encode()]
    with bootstrap.alone("installation", wait=True):
        bootstrap.Once(DBT_FOLDER.parent / ".made-from", parts, "Installing dbt", install)()


def make_project(folder: Path) -> Path:
    """Make a Meltano project with a state of its own that uses the clone's plugins.

    It is out of reach of the `.env` and the state that belong to the clone's user.
    """
    own = folder / ".meltano"
    own.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(MELTANO_FILE, folder / "meltano.yml")
    for name in PLUGIN_FOLDERS:
        _link(own / name, bootstrap.ROOT / ".meltano" / name)
    _link(folder / "dbt", bootstrap.ROOT / "dbt")
    return folder


def _link(link: Path, target: Path) -> None:
    if not link.is_symlink():
        link.symlink_to(target, target_is_directory=True)
