"""The folder for documents, and what runs that were killed leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tap_amazon_vendor.errors import RunFailedError
from tap_amazon_vendor.run.spool import ABANDONED, LOCK, PREFIX, Spool

#: Makes a folder, says where, and waits to be killed.
HOLDER = """
import sys
from tap_amazon_vendor.errors import RunFailedError
from tap_amazon_vendor.run.spool import Spool
spool = Spool()
print(spool.folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_it_is_private_and_deleted_when_closed(folder: Path) -> None:
    spool = Spool()
    assert spool.folder.stat().st_mode & 0o777 == 0o700
    (spool.folder / "document").write_text("x", encoding="utf-8")
    spool.close()
    assert list(folder.iterdir()) == []


def test_what_a_killed_run_left_is_deleted_by_the_next_and_not_what_a_living_one_uses(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        left = Path(holder.stdout.readline().strip())
        assert left.parent == folder
        Spool().close()
        assert left.exists()
        holder.send_signal(signal.SIGKILL)
    Spool().close()
    assert not left.exists()


def test_a_folder_that_was_never_locked_is_left_alone_until_it_is_old(folder: Path) -> None:
    young, old = folder / f"{PREFIX}young", folder / f"{PREFIX}old"
    for each in (young, old):
        each.mkdir()
    moment = time.time() - ABANDONED - 60
    os.utime(old, (moment, moment))
    Spool().close()
    assert list(folder.iterdir()) == [young]


def test_an_old_folder_with_files_of_somebody_else_is_left_alone(folder: Path) -> None:
    other = folder / f"{PREFIX}settings"
    other.mkdir()
    (other / "config.json").touch()
    moment = time.time() - ABANDONED - 60
    os.utime(other, (moment, moment))
    Spool().close()
    assert (other / "config.json").exists()


def test_links_and_files_are_left_alone(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / LOCK).touch()
    (folder / f"{PREFIX}link").symlink_to(elsewhere, target_is_directory=True)
    (folder / f"{PREFIX}file").touch()
    (folder / f"{PREFIX}lock-is-a-link").mkdir()
    (folder / f"{PREFIX}lock-is-a-link" / LOCK).symlink_to(elsewhere / LOCK)
    Spool().close()
    assert (elsewhere / LOCK).exists()
    assert len(list(folder.iterdir())) == 3


def test_if_the_folder_cant_be_created_the_run_ends_with_one_clear_message(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "gone"))
    with pytest.raises(RunFailedError, match=r"No such file or directory\. Set TMPDIR"):
        Spool()
