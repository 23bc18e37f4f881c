"""Every command is run with planted secrets, and everything that it writes anywhere is searched for them."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import commands
import pytest

from amazon_sandbox import APPLICATION_ID, DEFAULT_ACCOUNTS, Sandbox, running
from amazon_sandbox.registrations import Registration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from amazon_sandbox import Server

# Of no shape that Amazon's have: only whoever knows them can keep them out.
CLIENT_SECRET = "planted-client-secret"
REFRESH_TOKEN = "planted refresh/token"
CLIENT_ID = "planted-client"

#: What any of Amazon's secrets would look like.
SHAPES = (
    "planted-client-secret",
    "planted refresh",
    "planted+refresh",
    "planted%20refresh",
    "Atza|",
    "X-Amz-Signature=",
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def amazon() -> Sandbox:
    """A local Amazon in a hurry, with planted secrets."""
    account = next(account for account in DEFAULT_ACCOUNTS if account.label == "vendor-us")
    planted = replace(account, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, refresh_token=REFRESH_TOKEN)
    return Sandbox(
        seed=7,
        speed=3000,
        asins=12,  # With fewer, a report without rows is asked for again five minutes later.
        accounts=[planted, replace(planted, label="no-role", refresh_token=f"{REFRESH_TOKEN} no-role", roles=())],
        registrations=[Registration(APPLICATION_ID, CLIENT_ID, CLIENT_SECRET)],
    )


@pytest.fixture(scope="module")
def server(amazon: Sandbox) -> Iterator[Server]:
    with running(amazon) as server:
        yield server


@pytest.fixture
def run(server: Server, tmp_path: Path) -> Callable[..., str]:
    """Run a command at the most talkative level, and return all that it wrote, into files too."""

    def run(module: str, *arguments: str, stdin: str = "", **changes: Any) -> str:
        config = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "application_id": APPLICATION_ID,
            "marketplaces": ["US"],
            "api_url": server.url,
            "auth_url": server.auth_url,
        } | changes
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TAP_AMAZON_VENDOR_")}
        environment |= {"TAP_AMAZON_VENDOR_LOGLEVEL": "DEBUG", "PYTHONPATH": os.pathsep.join(sys.path)}
        if "ENV" in arguments:
            environment |= {
                f"TAP_AMAZON_VENDOR_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
                for name, value in config.items()
            }
        else:
            file = tmp_path / "config.json"
            file.write_text(json.dumps(config))
            arguments = (*arguments, "--config", str(file))
        folder = tmp_path / "folder"
        folder.mkdir(exist_ok=True)
        script = {"tap": "tap_amazon_vendor.tap:TapAmazonVendor.cli", "companion": "tap_amazon_vendor.cli.main:cli"}[
            module
        ]
        place, _, name = script.partition(":")
        code = f"from {place} import *; {name}()"
        result = commands.run(code, *arguments, stdin=stdin, cwd=folder, env=environment)
        assert result.stdout + result.stderr
        files = [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()]
        return "\n".join((result.stdout, result.stderr, *files))

    return run


def leaks(text: str) -> list[str]:
    """The lines that show a secret."""
    return [line for line in text.splitlines() if any(shape in line for shape in SHAPES)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--about", "--format", "json"],
        ["--discover"],
        ["--test"],
        [],
        ["--config", "ENV"],
        ["--config", "ENV", "--test"],
    ],
    ids=" ".join,
)
def test_the_tap_shows_none(arguments: list[str], run: Callable[..., str]) -> None:
    assert leaks(run("tap", *arguments, report_periods=["MONTH"])) == []


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        *(
            (command, changes)
            for command in ("tap", "companion")
            for changes in (
                {"client_secret": "planted-client-secret-2"},
                {"refresh_token": "planted refresh token 2"},
                {"refresh_token": ["planted refresh token"]},
                {"refresh_tokn": "planted refresh token"},
                {"accounts": [{"refresh_token": "planted refresh token", "client_secret": 5, "region": "xx"}]},
            )
        ),
        ("companion", {"refresh_token": f"{REFRESH_TOKEN} no-role"}),
        ("tap", {"auth_url": "http://127.0.0.1:9/planted refresh"}),
        ("tap", {"api_url": "http://127.0.0.1:9"}),
        ("tap", {"stream_maps": {"vendor_sales": {"x": "1+"}}}),
    ],
)
def test_no_failure_shows_one(command: str, changes: dict[str, Any], run: Callable[..., str]) -> None:
    assert leaks(run(command, "doctor" if command == "companion" else "--test", **changes)) == []


def test_no_fault_of_amazon_shows_one(run: Callable[..., str], amazon: Sandbox) -> None:
    for fault in ("truncated_document", "url_expired", "token_malformed"):
        amazon.inject(fault, 2)
    assert leaks(run("tap", "--test", report_periods=["MONTH"])) == []


@pytest.mark.parametrize("form", ["table", "json"])
def test_doctor_shows_none(form: str, run: Callable[..., str]) -> None:
    assert leaks(run("companion", "doctor", "--format", form)) == []


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("changes", [{}, {"refresh_token": "planted refresh token 2"}, {"refresh_tokn": "planted"}])
def test_plan_shows_none(changes: dict[str, Any], form: str, run: Callable[..., str]) -> None:
    assert leaks(run("companion", "plan", "--format", form, **changes)) == []


def test_authorize_shows_none(run: Callable[..., str]) -> None:
    """Where the consent fails. Where it succeeds the tests of `authorize` look."""
    text = run("companion", "authorize", "--store", "env", "--no-browser", stdin="http://localhost:8643/callback\n")
    assert "has another `state`" in text
    assert leaks(text) == []
