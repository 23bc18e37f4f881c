"""The states: a file for each account, so that an account may move from one process to another."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tap_amazon_vendor.command import check_shape

State = dict[str, Any]

#: The stream whose state holds what Amazon was asked for and has not delivered.
LEDGER = "report_ledger"

#: Longest name of a file, without its extension.
LONGEST_NAME = 200


class BusyError(Exception):
    """Another run reads the account."""


class States:
    """The states of the accounts of a kind."""

    def __init__(self, folder: Path, kind: str, days: str = "") -> None:
        """Make the folder.

        Args:
            folder: Where the states are.
            kind: The kind of the accounts.
            days: A range of days that is read separately, with its own state; empty for the accounts' usual states.
        """
        self._locks = folder / kind
        self._folder = self._locks / quote(days, safe=" ")
        self._folder.mkdir(parents=True, exist_ok=True)

    def _path(self, label: str) -> Path:
        return self._folder / f"{_name(label)}.json"

    @contextmanager
    def locked(self, labels: Iterable[str]) -> Iterator[list[int]]:
        """Keep other runs away from some accounts.

        Yields:
            The descriptors of the locks. A child that inherits them holds the locks for as long as it lives, which is
            longer than we do if we are killed.

        Raises:
            BusyError: Another run reads one of them.
        """
        with ExitStack() as stack:
            files = []
            for label in sorted(labels):
                file = stack.enter_context((self._locks / f"{_name(label)}.lock").open("a"))
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    message = f"Another run reads {label!r}, or what is left of one that was killed: try again later"
                    raise BusyError(message) from None
                files.append(file.fileno())
            yield files

    def read(self, labels: Iterable[str]) -> dict[str, State]:
        """Return the state of each account, empty for one that has none."""
        paths = {label: self._path(label) for label in labels}
        return {label: json.loads(path.read_text()) if path.exists() else {} for label, path in paths.items()}

    def damaged(self, labels: Iterable[str]) -> dict[str, str]:
        """Return which states are damaged and why, by label: one must not stop the others."""
        return {label: why for label in labels if (why := self._damage(label))}

    def _damage(self, label: str) -> str:
        try:
            check_shape(self.read([label])[label])
        except ValueError as error:
            return f"its state is damaged ({error}). Restore {self._path(label)} from a backup, or delete it"
        return ""

    def write(self, states: Mapping[str, State]) -> None:
        """Keep the state of each account: whole, or as it was."""
        for label, state in states.items():
            path = self._path(label)
            new = path.with_suffix(".new")
            with new.open("w", encoding="utf-8") as file:
                json.dump(state, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)

    def forget(self, labels: Iterable[str]) -> None:
        """Delete the states of some accounts."""
        for label in labels:
            self._path(label).unlink(missing_ok=True)


def _name(label: str) -> str:
    """Return the file name for an account: its label, shortened and with a hash if it is too long."""
    name = quote(label, safe=" ")
    return name if len(name) <= LONGEST_NAME else f"{name[:100]}-{hashlib.sha256(label.encode()).hexdigest()[:32]}"


def joined(states: Iterable[State]) -> State:
    """Return the Singer state of several accounts."""
    bookmarks: dict[str, State] = {}
    for state in states:
        for stream, own in state.get("bookmarks", {}).items():
            _join(bookmarks.setdefault(stream, {}), own)
    return {"bookmarks": bookmarks} if bookmarks else {}


def _join(whole: State, part: State) -> None:
    for name, value in part.items():
        if isinstance(value, list) and isinstance(whole.get(name), list):
            whole[name] = whole[name] + [each for each in value if each not in whole[name]]
        elif isinstance(value, dict) and isinstance(whole.get(name), dict):
            _join(whole[name], value)
        else:
            whole[name] = value


def split(state: State, labels: Iterable[str]) -> dict[str, State]:
    """Return each account's part of a Singer state; what belongs to none is in all."""
    return {label: _part(state, label) for label in labels}


def _part(state: State, label: str) -> State:
    bookmarks: dict[str, State] = {}
    for stream, own in state.get("bookmarks", {}).items():
        part = dict(own)
        if "partitions" in own:
            part["partitions"] = [each for each in own["partitions"] if each["context"].get("account") == label]
        if stream == LEDGER and "pending" in own:
            part["pending"] = [each for each in own["pending"] if each.get("account") == label]
        bookmarks[stream] = part
    return {"bookmarks": bookmarks}
