"""Where secrets are kept outside of the configuration: the environment, a ``.env`` file, the system's keyring.

A setting refers to such a place in place of the secret itself: ``env:NAME`` or ``keyring:SERVICE/USERNAME``.
"""

from __future__ import annotations

import os
import typing as t

from tap_amazon_vendor.secrets import Secret

if t.TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

ENVIRONMENT = "env:"
KEYRING = "keyring:"

#: The service of a keyring entry that we name ourselves.
SERVICE = "tap-amazon-vendor"

#: Only its owner may read it.
PRIVATE = 0o600


class VaultError(Exception):
    """A secret is not where it should be, or can't be put there; the text says what to do."""


def look_up(setting: str) -> Secret:
    """Return the secret that a setting holds or refers to.

    Args:
        setting: The secret itself, ``env:NAME`` or ``keyring:SERVICE/USERNAME``.

    Raises:
        VaultError: There is nothing at that place.
    """
    if setting.startswith(ENVIRONMENT):
        name = setting.removeprefix(ENVIRONMENT)
        found = os.environ.get(name)
        if not found:
            text = f"the environment variable {name!r} is not set"
            raise VaultError(text)
        return Secret(found)
    if setting.startswith(KEYRING):
        service, username = keyring_entry(setting)
        found = _ask_keyring("read", service, username)
        if not found:
            text = f"the keyring has no entry {username!r} of the service {service!r}"
            raise VaultError(text)
        return Secret(found)
    return Secret(setting)


def keyring_entry(setting: str) -> tuple[str, str]:
    """Return service and user name of ``keyring:SERVICE/USERNAME``.

    Raises:
        VaultError: It is not of that form.
    """
    service, _, username = setting.removeprefix(KEYRING).rpartition("/")
    if not service or not username:
        text = "a reference to the keyring is written `keyring:SERVICE/USERNAME`"
        raise VaultError(text)
    return service, username


def check_keyring() -> None:
    """Make sure that there is a keyring, before something is asked that would have to be kept in it.

    Raises:
        VaultError: There is none.
    """
    keyring = _import_keyring()
    if getattr(keyring.get_keyring(), "priority", 0) <= 0:
        text = "this computer has no keyring that the package `keyring` can use"
        raise VaultError(text)


def keep_in_keyring(service: str, username: str, secret: Secret) -> None:
    """Put a secret into the system's keyring.

    Raises:
        VaultError: It does not take it.
    """
    _ask_keyring("write", service, username, secret)


def keep_in_env_file(path: Path, name: str, secret: Secret) -> None:
    """Put a secret into a ``.env`` file, which only its owner can read then; other lines stay as they are.

    Args:
        path: The file; made where there is none, and followed where it is a link.
        name: The variable.
        secret: Its new value.

    Raises:
        VaultError: The file can't be written.
    """
    from dotenv import set_key  # noqa: PLC0415  # only here

    file = path.resolve()
    try:
        if file.exists():
            # First, so that no moment is left in which others could read the secret.
            file.chmod(PRIVATE)
        set_key(file, name, secret.reveal())
        file.chmod(PRIVATE)
    except (OSError, UnicodeDecodeError) as error:
        text = f"{path} can't be written: {error}"
        raise VaultError(text) from None


def check_env_file(path: Path) -> None:
    """Make sure that a ``.env`` file can be written.

    Raises:
        VaultError: It can't.
    """
    file = path.resolve()
    if file.is_dir() or not os.access(file.parent, os.W_OK) or (file.exists() and not os.access(file, os.W_OK)):
        text = f"{path} can't be written"
        raise VaultError(text)


def _ask_keyring(verb: str, service: str, username: str, secret: Secret | None = None) -> str | None:
    keyring = _import_keyring()
    try:
        if secret is None:
            return t.cast("str | None", keyring.get_password(service, username))
        keyring.set_password(service, username, secret.reveal())
    except keyring.errors.KeyringError as error:
        # The error's text is the backend's, which may quote what it was given.
        text = f"the keyring can't be {'read' if verb == 'read' else 'written'} ({type(error).__name__})"
        raise VaultError(text) from None
    return None


def _import_keyring() -> ModuleType:
    try:
        import keyring  # noqa: PLC0415  # an optional extra
        import keyring.errors  # noqa: PLC0415
    except ModuleNotFoundError:
        text = "the keyring needs the package `keyring`: pip install 'tap-amazon-vendor[keyring]'"
        raise VaultError(text) from None
    return keyring
