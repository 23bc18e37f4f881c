"""`amazon-vendor sandbox`, as a person and as a script use it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from click.testing import CliRunner

from amazon_sandbox import CLIENT_ID, CLIENT_SECRET, FAULTS
from tap_amazon_vendor.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
COMMAND = [
    sys.executable,
    "-c",
    "from tap_amazon_vendor.cli.main import cli; cli(prog_name='amazon-vendor')",
    "sandbox",
]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and the URL that it wrote down."""
    ready = tmp_path / "url"
    arguments = ["--port", "0", "--speed", "600", "--fault", "quota_exceeded", "--ready-file", str(ready)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as running:
        deadline = time.monotonic() + 15
        while not (ready.exists() and ready.read_text()):
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield running, ready.read_text()
        running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_runs_logs_and_stops(process: tuple[subprocess.Popen[str], str], number: signal.Signals) -> None:
    running, url = process
    form = {
        "grant_type": "refresh_token",
        "refresh_token": "Atzr|sandbox-vendor-us",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    token = requests.post(f"{url}/auth/o2/token", data=form, timeout=5).json()["access_token"]
    body = {"reportType": "GET_VENDOR_TRAFFIC_REPORT", "marketplaceIds": ["ATVPDKIKX0DER"]}
    for _ in range(2):
        headers = {"x-amz-access-token": token}
        requests.post(f"{url}/reports/2021-06-30/reports", json=body, headers=headers, timeout=5)
    running.send_signal(number)
    output, _ = running.communicate(timeout=10)
    assert running.returncode == 0
    assert url in output
    settings = json.loads(output[output.index("{") : output.index("}") + 1])
    assert settings["auth_url"] == f"{url}/auth/o2/token"
    assert settings["refresh_token"] == "Atzr|sandbox-vendor-us"
    assert " vendor-us token 200\n" in output
    assert " vendor-us createReport 429\n" in output
    assert " vendor-us createReport 202\n" in output
    assert token not in output
    assert output.endswith("The sandbox has stopped.\n")


def test_port_in_use_is_one_clear_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(cli, ["sandbox", "--port", str(port)])
    assert result.exit_code == 1
    assert result.output == (
        f"Error: Cannot listen at 127.0.0.1:{port}: the port is in use; --port 0 picks a free one\n"
    )


def test_address_that_is_not_ours_is_one_clear_message() -> None:
    result = CliRunner().invoke(cli, ["sandbox", "--host", "192.0.2.1"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: Cannot listen at 192.0.2.1:8642: ")
    assert result.output.count("\n") == 1


def test_unknown_fault_is_one_clear_message() -> None:
    result = CliRunner().invoke(cli, ["sandbox", "--fault", "nonsense"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: There is no fault 'nonsense'. Known: quota_exceeded, ")


def test_faults_are_listed() -> None:
    result = CliRunner().invoke(cli, ["sandbox", "--list-faults"])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines] == list(FAULTS)


def test_help_names_all_options() -> None:
    result = CliRunner().invoke(cli, ["sandbox", "-h"])
    assert result.exit_code == 0
    for option in ("--port", "--speed", "--fault", "--ready-file", "--list-faults", "--token-seconds"):
        assert option in result.output


@pytest.mark.parametrize("option", ["--speed=0", "--asins=0", "--port=70000", "--url-seconds=0"])
def test_impossible_settings_are_refused(option: str) -> None:
    assert CliRunner().invoke(cli, ["sandbox", option]).exit_code == 2


def test_missing_werkzeug_is_one_clear_message() -> None:
    code = (
        "import sys; sys.modules['werkzeug'] = None\n"
        "from tap_amazon_vendor.cli.main import cli; cli(['sandbox'], prog_name='amazon-vendor')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )
    assert result.returncode == 1
    assert result.stderr == "Error: The sandbox needs Werkzeug: pip install 'tap-amazon-vendor[sandbox]'\n"


def test_importing_the_command_is_cheap() -> None:
    code = (
        "import sys; import tap_amazon_vendor.cli; print([m for m in sys.modules if 'werkzeug' in m or 'singer' in m])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    assert result.stdout == "[]\n"
