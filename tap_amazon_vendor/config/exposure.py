"""Finds files of a run that other users of this computer can read or change."""

from __future__ import annotations

import os
import shlex
import stat
import tempfile
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: Meltano sets it to the project's folder, whose `.env` it reads.
PROJECT = "MELTANO_PROJECT_ROOT"


def exposures(inbox: Path | None) -> list[str]:
    """Return a message for each file or folder that others can read or change, with the command that fixes it.

    Checked are `.env`, the inbox and the folder for temporary files. A group may share an inbox on purpose.

    Args:
        inbox: The inbox, if there is one.
    """
    if os.name != "posix":
        # Elsewhere, a file's mode says nothing about who may read it.
        return []
    return [*_env_file(Path(os.environ.get(PROJECT) or ".", ".env")), *_inbox(inbox), *_temporary()]


def _env_file(path: Path) -> Iterator[str]:
    if path.is_file() and (verbs := _access(path, stat.S_IRWXG | stat.S_IRWXO)):
        yield f"Other users of this computer can {verbs} {path}, which may hold secrets. {_fix('chmod 600', path)}"


def _inbox(path: Path | None) -> Iterator[str]:
    if path and (verbs := _access(path, stat.S_IRWXO)):
        yield f"Other users of this computer can {verbs} the inbox {path}. {_fix('chmod o-rwx', path)}"


def _temporary() -> Iterator[str]:
    path = Path(tempfile.gettempdir())
    # With the sticky bit, as /tmp has it, nobody can put another folder in the place of ours.
    if "change" in _access(path, stat.S_IRWXO) and not path.stat().st_mode & stat.S_ISVTX:
        yield (
            f"Other users of this computer can replace what a run keeps in {path}. {_fix('chmod +t', path)}, "
            "or set TMPDIR to a folder of your own"
        )


def _access(path: Path, who: int) -> str:
    """Return what others can do with a file or folder: "read", "change", "read and change", or "" for nothing.

    They can do nothing if one of its parent folders is closed to them.

    Args:
        path: The file or folder.
        who: The permission bits of the others, such as `stat.S_IRWXO`.
    """
    try:
        path = path.resolve(strict=True)
        mode = path.stat().st_mode & who
        reachable = all(folder.stat().st_mode & who & 0o111 for folder in path.parents)
    except OSError:
        return ""
    able = (("read", mode & 0o444), ("change", mode & 0o222))
    return " and ".join(verb for verb, bits in able if bits and reachable)


def _fix(command: str, path: Path) -> str:
    return f"Fix this with: {command} {shlex.quote(str(path))}"
