"""Where a command's output goes is no reason to fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "words",
    [
        ["tap-amazon-vendor", "--about"],
        ["tap-amazon-vendor", "--discover"],
        ["amazon-vendor", "sandbox", "--list-faults"],
        ["source-amazon-vendor", "spec"],
    ],
)
def test_a_reader_that_has_gone_ends_it_quietly(words: list[str], unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [str(BIN / words[0]), *words[1:]]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    os.close(writer)
    assert done.returncode == 1
    assert not any(word in done.stderr for word in ("Traceback", "BrokenPipe", "Exception"))


def test_a_character_that_the_encoding_lacks_is_an_escape() -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [str(BIN / "tap-amazon-vendor"), "--about", "--format=markdown"]
    assert b"\\u2026" in subprocess.run(command, capture_output=True, env=environment, check=True).stdout


def test_the_companion_has_a_version() -> None:
    done = subprocess.run([str(BIN / "amazon-vendor"), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("amazon-vendor, version ")
