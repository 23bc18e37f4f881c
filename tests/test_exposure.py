"""A run and `doctor` warn about files that other users of the computer can read or change."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tap_amazon_vendor.cli import doctor
from tap_amazon_vendor.cli.main import cli
from tap_amazon_vendor.config.exposure import PROJECT, exposures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

pytestmark = [
    pytest.mark.usefixtures("bare_settings"),
    pytest.mark.skipif(os.name != "posix", reason="file modes do not tell who has access"),
]


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, which all users of the computer can reach, unlike pytest's own folders."""
    monkeypatch.delenv(PROJECT, raising=False)
    folder = Path(tempfile.mkdtemp()).resolve()
    folder.chmod(0o755)
    if not all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.parents):
        pytest.skip("the folder for temporary files is private")
    monkeypatch.chdir(folder)
    yield folder
    shutil.rmtree(folder)


def make(path: Path, mode: int) -> Path:
    if path.name == ".env":
        path.write_text("TAP_AMAZON_VENDOR_CLIENT_SECRET=planted\n")
    else:
        path.mkdir()
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("mode", "verbs"),
    [(0o644, "read"), (0o640, "read"), (0o604, "read"), (0o666, "read and change"), (0o620, "change")],
)
def test_an_open_env_file_gets_a_warning_with_the_command_that_fixes_it(mode: int, verbs: str, shared: Path) -> None:
    file = make(shared / ".env", mode)
    (said,) = exposures(None)
    assert said == (
        f"Other users of this computer can {verbs} .env, which may hold secrets. Fix this with: chmod 600 .env"
    )
    subprocess.run(said.partition("with: ")[2], shell=True, check=True)  # noqa: S602  # as a user does
    assert file.stat().st_mode & 0o777 == 0o600
    assert exposures(None) == []


def test_under_meltano_the_env_file_of_the_project_is_checked(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make(shared / "my project", 0o755)
    file = make(project / ".env", 0o644)
    monkeypatch.setenv(PROJECT, str(project))
    (said,) = exposures(None)
    assert said.endswith(f"chmod 600 '{file}'")


def test_the_target_of_a_link_is_checked(shared: Path) -> None:
    (shared / ".env").symlink_to(make(make(shared / "elsewhere", 0o755) / ".env", 0o604))
    (said,) = exposures(None)
    assert "can read .env" in said


@pytest.mark.parametrize(
    ("mode", "verbs"), [(0o777, "read and change"), (0o755, "read"), (0o702, "change"), (0o770, None), (0o711, None)]
)
def test_an_open_inbox_gets_a_warning_but_not_one_that_a_group_shares(
    mode: int, verbs: str | None, shared: Path
) -> None:
    inbox = make(shared / "inbox", mode)
    said = f"Other users of this computer can {verbs} the inbox {inbox}. Fix this with: chmod o-rwx {inbox}"
    assert exposures(inbox) == ([said] if verbs else [])


def test_open_files_in_a_private_folder_get_no_warning(shared: Path) -> None:
    make(shared / ".env", 0o666)
    inbox = make(shared / "inbox", 0o777)
    shared.chmod(0o700)
    assert exposures(inbox) == []


@pytest.mark.parametrize(("mode", "said"), [(0o777, 1), (0o1777, 0), (0o775, 0), (0o700, 0)])
def test_a_temporary_folder_in_which_others_can_replace_files_gets_a_warning(
    mode: int, said: int, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(shared / "temporary", mode)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    found = exposures(None)
    assert len(found) == said
    assert all(f"chmod +t {folder}, or set TMPDIR" in message for message in found)


def test_a_missing_inbox_gets_no_warning_here(shared: Path) -> None:
    assert exposures(shared / "nowhere") == []


def test_a_run_warns_once_and_goes_on(shared: Path, world: World, caplog: pytest.LogCaptureFixture) -> None:
    make(shared / ".env", 0o644)
    run = world.run()
    assert run.error is None
    assert [record.levelname for record in caplog.records if "chmod 600 .env" in record.message] == ["WARNING"]


def test_doctor_warns(shared: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_now", world.clock)
    make(shared / ".env", 0o644)
    (shared / "config.json").write_text(json.dumps(world.config()))
    for form in ("table", "json"):
        result = CliRunner().invoke(cli, ["doctor", "--config", "config.json", "--format", form])
        assert result.exit_code == 0
        assert result.stdout.count("chmod 600 .env") == 1
