"""Where secrets are kept, and how a setting refers to them."""

from __future__ import annotations

import sys
import typing as t

import pytest

from tap_amazon_vendor.config.credential_store import EnvFile, KeyringEntry, VaultError, look_up
from tap_amazon_vendor.config.redaction import Secret

if t.TYPE_CHECKING:
    from pathlib import Path

Entries = dict[tuple[str, str], str]


class TestReferences:
    @pytest.mark.parametrize("text", ["", "Atzr|1", "plain", "environment:x", "https://a/b"])
    def test_anything_else_is_the_secret_itself(self, text: str) -> None:
        assert look_up(text) == Secret(text)

    def test_a_variable_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MY_TOKEN", "planted")
        assert look_up("env:MY_TOKEN") == Secret("planted")

    @pytest.mark.parametrize("value", [None, ""])
    def test_a_variable_that_is_not_there(self, value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("MY_TOKEN", raising=False)
        if value is not None:
            monkeypatch.setenv("MY_TOKEN", value)
        with pytest.raises(VaultError, match=r"^the environment variable 'MY_TOKEN' is not set$"):
            look_up("env:MY_TOKEN")

    def test_an_entry_of_the_keyring(self, keyring: Entries) -> None:
        keyring["a/b", "c"] = "planted"
        assert look_up("keyring:a/b/c") == Secret("planted")
        assert KeyringEntry.of("keyring:a/b/c").reference == "keyring:a/b/c"

    def test_an_entry_that_is_not_there(self, keyring: Entries) -> None:
        assert not keyring
        with pytest.raises(VaultError, match=r"^the keyring has no entry 'b' of the service 'a'$"):
            look_up("keyring:a/b")

    @pytest.mark.parametrize("reference", ["keyring:", "keyring:a", "keyring:/a", "keyring:a/"])
    def test_a_reference_that_is_none(self, reference: str) -> None:
        with pytest.raises(VaultError, match="keyring:SERVICE/USERNAME"):
            look_up(reference)

    def test_without_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "keyring", None)
        with pytest.raises(VaultError, match=r"pip install 'tap-amazon-vendor\[keyring\]'"):
            look_up("keyring:a/b")

    def test_a_keyring_that_fails_tells_nothing(self, keyring: Entries, monkeypatch: pytest.MonkeyPatch) -> None:
        import keyring as library  # noqa: PLC0415
        from keyring.errors import KeyringError  # noqa: PLC0415

        def fail(*_: str) -> None:
            msg = "could not take planted"
            raise KeyringError(msg)

        monkeypatch.setattr(library, "get_password", fail)
        monkeypatch.setattr(library, "set_password", fail)
        with pytest.raises(VaultError, match=r"^the keyring can't be read \(KeyringError\)$"):
            look_up("keyring:a/b")
        with pytest.raises(VaultError, match=r"^the keyring can't be written \(KeyringError\)$"):
            KeyringEntry("a", "b").keep(Secret("planted"))
        assert not keyring


class TestEnvFile:
    @pytest.mark.parametrize("token", ["Atzr|a'b", 'Atzr|a"b', "Atzr|a\\b", "Atzr|$HOME #x", "Atzr|ä b="])
    def test_what_is_written_is_what_meltano_reads(self, token: str, tmp_path: Path) -> None:
        from dotenv import dotenv_values  # noqa: PLC0415

        file = EnvFile(tmp_path / ".env", "TOKEN")
        file.keep(Secret(token))
        assert dotenv_values(tmp_path / ".env", interpolate=True)["TOKEN"] == token

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(VaultError, match="can't be written"):
            EnvFile(tmp_path, "TOKEN").check()
        with pytest.raises(VaultError, match="can't be written"):
            EnvFile(tmp_path / "nowhere" / ".env", "TOKEN").keep(Secret("planted"))

    def test_a_file_that_is_no_text_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes(b"A=\xff\n")
        with pytest.raises(VaultError, match="can't be written"):
            EnvFile(tmp_path / ".env", "TOKEN").keep(Secret("planted"))
        assert (tmp_path / ".env").read_bytes() == b"A=\xff\n"
        assert [path.name for path in tmp_path.iterdir()] == [".env"]

    @pytest.mark.parametrize("exists", [True, False])
    def test_there_is_no_moment_in_which_others_can_read_it(
        self, exists: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import dotenv  # noqa: PLC0415

        path = tmp_path / ".env"
        if exists:
            path.write_text("A=1\n")
            path.chmod(0o644)
        modes: list[int] = []
        original = dotenv.set_key

        def look(*arguments: t.Any) -> None:
            modes.append(path.stat().st_mode & 0o777)
            original(*arguments)
            modes.append(path.stat().st_mode & 0o777)

        monkeypatch.setattr(dotenv, "set_key", look)
        EnvFile(path, "TOKEN").keep(Secret("planted"))
        assert modes == [0o600, 0o600]
