"""The folder for the documents of a run: private, deleted with the run, and by a later one if the run was killed."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import typing as t
import weakref
from contextlib import suppress
from pathlib import Path

from tap_amazon_vendor.errors import RunFailedError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

fcntl: t.Any
try:
    import fcntl
except ImportError:  # Windows: nothing tells there whether a folder is in use, so what a killed run leaves stays.
    fcntl = None

PREFIX = "tap-amazon-vendor-"

#: The file that a run holds locked in its folder. The system lets go of it when the process ends, however it ends.
LOCK = ".in-use"

#: The file's name until it is locked.
NEW_LOCK = f"{LOCK}.new"

#: Seconds after which an empty folder without that file is left over: a run was killed while it made the folder.
ABANDONED = 24 * 3600.0


class Spool:
    """A new folder. What runs that were killed have left beside it is deleted.

    Attributes:
        folder: The folder, which only its owner may read.
    """

    def __init__(self) -> None:
        """Make the folder.

        Raises:
            RunFailedError: The folder can't be created.
        """
        try:
            for left in _left_over():
                shutil.rmtree(left, ignore_errors=True)
            self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
            handle = _lock(self.folder)
        except OSError as error:
            text = f"Can't create a folder for temporary files: {error.strerror}. Set TMPDIR to a folder that has space"
            raise RunFailedError(text) from None
        self.close = weakref.finalize(self, _delete, self.folder, handle)


def _lock(folder: Path) -> int:
    """Lock a new folder's file, before it has the name by which other runs look for it."""
    new = folder / NEW_LOCK
    handle = os.open(new, os.O_CREAT | os.O_RDWR, 0o600)
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX)
    new.rename(folder / LOCK)
    return handle


def _delete(folder: Path, handle: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(handle)


def _left_over() -> Iterator[Path]:
    """Yield our user's folders that no process uses."""
    if fcntl is None:
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            about = folder.lstat()
            # A link, or another user's folder, is none of ours: on a shared computer anybody may make one.
            if folder.is_symlink() or not folder.is_dir() or about.st_uid != os.geteuid():
                continue
            names = {each.name for each in folder.iterdir()}
            if LOCK in names:
                is_left = _is_free(folder / LOCK)
            else:
                # What holds anything else may be a folder that somebody named alike.
                is_left = names <= {NEW_LOCK} and time.time() - about.st_mtime > ABANDONED
            if is_left:
                yield folder


def _is_free(file: Path) -> bool:
    """Return whether no process holds a lock.

    Raises:
        OSError: The file can't be opened.
    """
    handle = os.open(file, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
