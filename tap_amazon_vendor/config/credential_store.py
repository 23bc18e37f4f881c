"""Where secrets are kept outside of the configuration: the environment, a ``.env`` file, the system's keyring.

A setting may refer to such a place instead of holding the secret: ``env:NAME`` or ``keyring:SERVICE/USERNAME``.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from tap_amazon_vendor.config.redaction import Secret

if t.TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

ENVIRONMENT = "env:"
KEYRING = "keyring:"

#: The service of the keyring entries that we name ourselves.
SERVICE = "tap-amazon-vendor"

#: Only its owner may read it.
_PRIVATE = 0o600


class VaultError(Exception):
    """A secret is not where it should be, or can't be put there; the message says what to do."""


class Place(t.Protocol):
    """Where a secret can be put."""

    @property
    def reference(self) -> str:
        """How a setting refers to the place, empty if it can't."""
        ...

    def check(self) -> None:
        """Make sure that it can be used, before requesting a secret to keep there.

        Raises:
            VaultError: It can't.
        """

    def keep(self, secret: Secret) -> None:
        """Put a secret there.

        Raises:
            VaultError: That failed.
        """


def look_up(setting: str) -> Secret:
    """Return the secret that a setting holds or refers to.

    Args:
        setting: The secret itself, ``env:NAME`` or ``keyring:SERVICE/USERNAME``.

    Raises:
        VaultError: There is nothing at that place.
    """
    if setting.startswith(ENVIRONMENT):
        name = setting.removeprefix(ENVIRONMENT)
        if not os.environ.get(name):
            text = f"the environment variable {name!r} is not set"
            raise VaultError(text)
        return Secret(os.environ[name])
    if setting.startswith(KEYRING):
        return KeyringEntry.of(setting).read()
    return Secret(setting)


@dataclass(frozen=True)
class EnvFile:
    """A variable in a ``.env`` file, as Meltano reads it.

    Attributes:
        path: The file; created if missing, followed if it is a link.
        name: The variable.
    """

    path: Path
    name: str

    @property
    def reference(self) -> str:
        """How a setting refers to it."""
        return f"{ENVIRONMENT}{self.name}"

    def check(self) -> None:
        """Make sure that the file can be written."""
        file = self.path.resolve()
        usable = file.is_file() and os.access(file, os.R_OK | os.W_OK) if file.exists() else True
        if not usable or not os.access(file.parent, os.W_OK):
            text = f"{self.path} can't be written"
            raise VaultError(text)

    def keep(self, secret: Secret) -> None:
        """Write the variable. Only the owner can read the file then, and its other lines stay as they are."""
        from dotenv import set_key  # noqa: PLC0415  # only here

        file = self.path.resolve()
        try:
            # First, so that others can never read the secret.
            file.touch(_PRIVATE)
            file.chmod(_PRIVATE)
            set_key(file, self.name, secret.reveal())
            file.chmod(_PRIVATE)
        except (OSError, UnicodeDecodeError) as error:
            text = f"{self.path} can't be written: {error}"
            raise VaultError(text) from None


@dataclass(frozen=True)
class KeyringEntry:
    """An entry of the system's keyring (package ``keyring``).

    Attributes:
        service: Name of the service.
        username: Name of the entry in it.
    """

    service: str
    username: str

    @classmethod
    def of(cls, reference: str) -> KeyringEntry:
        """Read ``keyring:SERVICE/USERNAME``.

        Raises:
            VaultError: It has another form.
        """
        service, _, username = reference.removeprefix(KEYRING).rpartition("/")
        if not service or not username:
            text = "a reference to the keyring is written `keyring:SERVICE/USERNAME`"
            raise VaultError(text)
        return cls(service, username)

    @property
    def reference(self) -> str:
        """How a setting refers to it."""
        return f"{KEYRING}{self.service}/{self.username}"

    def check(self) -> None:
        """Make sure that there is a keyring."""
        if _keyring().get_keyring().priority <= 0:
            text = "this computer has no keyring that the package `keyring` can use"
            raise VaultError(text)

    def read(self) -> Secret:
        """Return the secret.

        Raises:
            VaultError: There is no such entry, or it can't be read.
        """
        keyring = _keyring()
        try:
            found = keyring.get_password(self.service, self.username)
        except keyring.errors.KeyringError as error:
            text = f"the keyring can't be read ({type(error).__name__})"
            raise VaultError(text) from None
        if not found:
            text = f"the keyring has no entry {self.username!r} of the service {self.service!r}"
            raise VaultError(text)
        return Secret(found)

    def keep(self, secret: Secret) -> None:
        """Write the entry."""
        keyring = _keyring()
        try:
            keyring.set_password(self.service, self.username, secret.reveal())
        except keyring.errors.KeyringError as error:
            # Without the backend's text, which may quote the secret.
            text = f"the keyring can't be written ({type(error).__name__})"
            raise VaultError(text) from None


def _keyring() -> ModuleType:
    try:
        import keyring  # noqa: PLC0415  # an optional extra
        import keyring.errors  # noqa: PLC0415
    except ModuleNotFoundError:
        text = "the keyring needs the package `keyring`: pip install 'tap-amazon-vendor[keyring]'"
        raise VaultError(text) from None
    return keyring
