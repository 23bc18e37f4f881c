"""The files of the inbox: found, hashed and copied."""

from __future__ import annotations

import hashlib
import os
import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Suffixes of unfinished downloads and copies, and of editors' backup files.
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".opdownload", ".tmp", ".temp", ".swp", ".bak", "~")

_BLOCK = 1 << 20


@dataclass(frozen=True)
class InboxFile:
    """A file of the inbox.

    Attributes:
        path: Where it is.
        name: Its path within the inbox, with forward slashes.
        sha256: Hash of its content, as hexadecimal digits.
        modified: When it was last changed.
    """

    path: Path
    name: str
    sha256: str
    modified: datetime

    @property
    def folders(self) -> list[str]:
        """The folders that contain the file, innermost first."""
        return folders_of(self.name)

    @property
    def report_id(self) -> str:
        """The file's substitute for Amazon's report id."""
        return f"{self.name.rpartition('/')[2]}-{self.sha256[:12]}"


def folders_of(name: str) -> list[str]:
    """Return the folders in a path within the inbox, innermost first."""
    return name.split("/")[-2::-1]


def files_in(folder: Path, unreadable: Callable[[OSError], None]) -> Iterator[Path]:
    """Find the files of a folder and its subfolders, in the order of their names.

    Hidden files and folders, and unfinished files, are skipped.

    Args:
        folder: The inbox.
        unreadable: Called for each folder that can't be listed.
    """
    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent) / name
            if not name.startswith((".", "~$")) and not name.lower().endswith(_UNFINISHED) and path.is_file():
                yield path


def lies_within(path: Path, folder: Path) -> bool:
    """Return whether a path leads to a file within the folder, also if it is a link.

    A link could name any file that the tap can read, and its text would appear in the log or the tables: anybody who
    may put files into the inbox could read it there.
    """
    return path.resolve().is_relative_to(folder.resolve())


def look_at(path: Path, name: str, copy: Path | None = None) -> InboxFile:
    """Read a whole file to hash it.

    Args:
        path: The file.
        name: Its path within the inbox.
        copy: Where to copy it to: copy and hash match, even if the file is written to meanwhile.

    Raises:
        OSError: It can't be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file, (copy or path).open("wb" if copy else "rb") as target:
        modified = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, timezone.utc)
        while block := file.read(_BLOCK):
            digest.update(block)
            if copy:
                target.write(block)
    return InboxFile(copy or path, name, digest.hexdigest(), modified)


def clean_name(path: Path, folder: Path) -> str:
    """Return a file's path within the inbox, made safe for messages: some names are not valid text."""
    text = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
