"""Data flows one way, as docs/architecture.md draws it: import-linter, with the contracts of pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bootstrap import ROOT

#: Lines that a person reads in one sitting.
LONG = 450


def test_no_import_runs_back_up_and_none_runs_in_a_circle() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_an_import_that_runs_back_up_is_found(tmp_path: Path) -> None:
    """The contracts are not empty words."""
    package = tmp_path / "tap_amazon_vendor"
    for room in ("streams", "engine"):
        (package / room).mkdir(parents=True)
        (package / room / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "engine" / "queue.py").write_text("import tap_amazon_vendor.streams\n", encoding="utf-8")
    (tmp_path / ".importlinter").write_text(
        "[importlinter]\nroot_package = tap_amazon_vendor\n[importlinter:contract:flow]\nname = flow\ntype = layers\n"
        "containers = tap_amazon_vendor\nlayers =\n    streams\n    engine\n",
        encoding="utf-8",
    )
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([program, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout


@pytest.mark.parametrize("package", ["tap_amazon_vendor", "amazon_sandbox"])
def test_every_folder_says_what_it_is_for(package: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("__init__.py")
        if not path.read_text(encoding="utf-8").lstrip().startswith('"""')
    ]
    assert silent == []


def test_no_file_is_too_long_to_read_in_one_sitting() -> None:
    long = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tap_amazon_vendor").rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > LONG
    ]
    assert long == []
