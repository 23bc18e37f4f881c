"""The tap as a person runs it: command line, messages, exit codes."""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import commands
import pytest
from bootstrap import ROOT
from world import SALES, VENDOR_STREAMS

from amazon_sandbox import CLIENT_ID, CLIENT_SECRET, OTHER_CLIENT_ID, REVOKED_REFRESH_TOKEN, Sandbox, running
from tap_amazon_vendor.singer.writer import MessageWriter
from tap_amazon_vendor.streams import STREAMS
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world import World

    from amazon_sandbox import Server

REFRESH_TOKEN = "Atzr|sandbox-vendor-us"


@pytest.fixture(scope="module")
def amazon() -> Sandbox:
    """A local Amazon on the real clock, in a hurry."""
    return Sandbox(seed=7, speed=3000, asins=12)


@pytest.fixture(scope="module")
def server(amazon: Sandbox) -> Iterator[Server]:
    with running(amazon) as server:
        yield server


def tap(tmp_path: Path, config: object, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tap with a configuration file."""
    file = tmp_path / "config.json"
    file.write_text(config if isinstance(config, str) else json.dumps(config))
    return run("--config", str(file), *arguments)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tap."""
    return commands.run("from tap_amazon_vendor.tap import TapAmazonVendor; TapAmazonVendor.cli()", *arguments)


def config(server: Server, **changes: Any) -> dict[str, Any]:
    """Settings that work."""
    return {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "marketplaces": ["US"],
        "api_url": server.url,
        "auth_url": server.auth_url,
    } | changes


def test_about_works_without_a_configuration() -> None:
    about = json.loads(run("--about", "--format", "json").stdout)
    assert about["name"] == "tap-amazon-vendor"
    secrets = {name for name, setting in about["settings"]["properties"].items() if setting.get("secret")}
    assert secrets == {"client_secret", "refresh_token", "quota_store"}
    assert {"catalog", "state", "discover", "about", "stream-maps", "batch"} <= set(about["capabilities"])


def test_discover_works_without_a_configuration() -> None:
    result = run("--discover")
    assert result.returncode == 0
    names = [stream["tap_stream_id"] for stream in json.loads(result.stdout)["streams"]]
    assert names[0] == "report_ledger"
    rejects = ("report_rejects", "report_rejects_restricted")
    assert names[1:] == sorted((*rejects, *(stream.name for stream in STREAMS if stream.account_type == "vendor")))


def test_version_is_that_of_the_package() -> None:
    """As a module, from the start."""
    words = [sys.executable, "-m", "tap_amazon_vendor", "--version"]
    assert subprocess.check_output(words, text=True).startswith("tap-amazon-vendor v0.")


@pytest.mark.parametrize("accounts", [[["US"]], [None], "US", 7, [{"account_type": ["vendor"]}]])
def test_discovery_works_with_any_accounts(accounts: object) -> None:
    tap = TapAmazonVendor(config={"accounts": accounts}, validate_config=False)
    assert "report_ledger" in {stream.name for stream in tap.discover_streams()}


def test_a_catalog_of_discover_selects_what_is_read(tmp_path: Path, server: Server) -> None:
    catalog = json.loads(tap(tmp_path, config(server), "--discover").stdout)
    for stream in catalog["streams"]:
        wanted = stream["tap_stream_id"] == "vendor_traffic_totals"
        next(entry for entry in stream["metadata"] if not entry["breadcrumb"])["metadata"]["selected"] = wanted
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps(catalog))
    result = tap(tmp_path, config(server), "--catalog", str(file))
    assert result.returncode == 0
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    assert {message["stream"] for message in messages if message["type"] == "RECORD"} == {"vendor_traffic_totals"}


def test_a_connection_test_asks_for_one_window_of_each_report(tmp_path: Path, amazon: Sandbox, server: Server) -> None:
    before = len(amazon.calls)
    result = tap(tmp_path, config(server), "--test")
    assert result.returncode == 0
    asked = [
        (call.request["reportType"], str(call.request["reportOptions"]))
        for call in amazon.calls[before:]
        if call.operation == "createReport"
    ]
    assert "ERROR" not in result.stderr
    assert len(asked) == len(set(asked)) >= len({stream.report.name for stream in VENDOR_STREAMS}) - 1


@pytest.mark.parametrize("mode", [[], ["--test"]])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"refresh_token": REVOKED_REFRESH_TOKEN}, "the refresh token is not valid"),
        ({"client_secret": "planted-secret"}, "the client is wrong"),
        ({"client_id": OTHER_CLIENT_ID}, "the client is wrong"),
        ({"marketplaces": ["CA"]}, "The requested marketplaceId|All reports of this account are from US, none from CA"),
        ({"marketplaces": ["DE"]}, "`marketplaces` names one that is not part of this account|none from DE"),
    ],
)
def test_what_amazon_refuses_ends_in_one_clear_message(
    tmp_path: Path, server: Server, changes: dict[str, Any], words: str, mode: list[str]
) -> None:
    result = tap(tmp_path, config(server, **changes), *mode)
    assert result.returncode == 1
    last = result.stderr[result.stderr.rindex("ERROR") :]
    assert re.search(words, last)
    assert "Traceback" not in result.stderr
    assert "planted-secret" not in result.stderr + result.stdout
    assert "Atzr|" not in result.stderr + result.stdout


@pytest.mark.parametrize("mode", [[], ["--test"]])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "`client_id` is missing"),
        ({"marketplaces": ["XX"]}, "'XX' is not a marketplace. Allowed are"),
        ({"region": "eu"}, "`region` is 'eu', but the marketplaces (US) lie in 'na'"),
        ({"report_periods": ["HOUR"]}, "allowed are DAY, WEEK, MONTH, QUARTER, YEAR"),
        ({"marketplace": ["US"]}, "Did you mean 'marketplaces'?"),
        ({"start_date": "yesterday"}, "write a full ISO 8601 date"),
        ({"client_secret": 12345678}, "`client_secret` must be of type string"),
        ("{", "not a JSON object"),
        ("[1]", "not a JSON object"),
    ],
)
def test_a_wrong_configuration_is_refused_before_any_request(
    tmp_path: Path, server: Server, amazon: Sandbox, content: object, words: str, mode: list[str]
) -> None:
    before = len(amazon.calls)
    whole = config(server, **content) if isinstance(content, dict) and content else content
    result = tap(tmp_path, whole, *mode)
    assert result.returncode != 0
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert "12345678" not in result.stderr
    assert amazon.calls[before:] == []


def test_a_missing_file_is_one_message() -> None:
    result = run("--config", "/no/such/file.json")
    assert result.returncode != 0
    assert "/no/such/file.json" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\xff\xfe",
        b"5",
        b"[]",
        b'{"bookmarks": []}',
        b'{"bookmarks": {"vendor_sales": null}}',
        b'{"bookmarks": {"vendor_sales": {"partitions": ["x"]}}}',
    ],
)
@pytest.mark.parametrize("option", ["--state", "--catalog"])
def test_a_damaged_state_or_catalog_is_one_message(tmp_path: Path, server: Server, option: str, content: bytes) -> None:
    file = tmp_path / "file.json"
    file.write_bytes(content)
    result = tap(tmp_path, config(server), option, str(file))
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    assert "JSON" in result.stderr


def test_an_amazon_that_does_not_answer_is_one_message(tmp_path: Path, server: Server) -> None:
    """Port 9 of this computer: nothing listens there."""
    nowhere = {"api_url": "http://127.0.0.1:9", "auth_url": "http://127.0.0.1:9/auth/o2/token"}
    result = tap(tmp_path, config(server, **nowhere))
    assert result.returncode == 1
    assert "connection refused. Is the sandbox running?" in result.stderr
    assert "Traceback" not in result.stderr


def test_sigterm_writes_what_is_known(tmp_path: Path) -> None:
    """Reports that are asked for are in the state, so that the next run takes them up."""
    with running(Sandbox(seed=7, speed=1, asins=12)) as server:
        file = tmp_path / "config.json"
        file.write_text(json.dumps(config(server, max_reports=3)))
        messages = (tmp_path / "messages").open("w+")
        process = subprocess.Popen(
            [sys.executable, "-m", "tap_amazon_vendor", "--config", str(file)],
            stdout=messages,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr
        asked = (line for line in process.stderr if "Requested" in line)
        for _ in range(3):
            next(asked)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    with messages:
        messages.seek(0)
        states = [json.loads(line)["value"] for line in messages if '"STATE"' in line]
    assert len(states[-1]["bookmarks"]["report_ledger"]["pending"]) == 3
    assert process.returncode == 128 + signal.SIGTERM


def test_a_signal_is_heard_though_a_worker_does_not_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may wait for the log, and the log for the one who is interrupted."""
    monkeypatch.setattr("tap_amazon_vendor.run.run.PATIENCE", 0.01)
    tap = world.tap(world.config(), message_writer=(writer := MessageWriter()))
    _ = tap.run.plan
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with tap.run.engine.changed:
            held.set()
            free.wait(20)

    worker = threading.Thread(target=hold, daemon=True)
    worker.start()
    held.wait(20)
    with pytest.raises(SystemExit) as end:
        tap._handle_termination(signal.SIGTERM, None)
    assert end.value.code == 128 + signal.SIGTERM
    assert not writer._writing
    free.set()
    worker.join(20)


def test_no_secret_is_in_anything_that_the_tap_says(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world.sandbox.inject("url_expired", 1)
    world.sandbox.inject("token_malformed", 1)
    world.sandbox.inject("document_reset", 1)
    run = world.run()
    said = caplog.text + "".join(line.decode() for line in run.lines)
    for secret in (CLIENT_SECRET, REFRESH_TOKEN, "Atza|", "X-Amz-Signature"):
        assert secret not in said
    assert SALES in said


def test_a_wrong_environment_variable_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_AMAZON_VENDOR_AVAILABILITY_DAYS", "many")
    monkeypatch.chdir(tmp_path)
    result = run("--config", "ENV")
    assert result.returncode == 1
    assert "an environment variable" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_stream_map_is_one_message(tmp_path: Path, server: Server) -> None:
    result = tap(tmp_path, config(server, stream_maps={"vendor_sales": {"x": "1+"}}))
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


def test_settings_can_come_from_the_environment(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in config(server, start_date="2026-01-01").items():
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(f"TAP_AMAZON_VENDOR_{name.upper()}", text)
    monkeypatch.chdir(tmp_path)
    result = run("--config", "ENV", "--test")
    assert result.returncode == 0, result.stderr


def test_the_spool_is_private_and_emptied(world: World) -> None:
    tap = world.tap(world.config())
    assert tap.run.spool.stat().st_mode & 0o777 == 0o700
    tap.sync_all()
    assert not tap.run.spool.exists()


def test_seller_accounts_have_no_vendor_streams() -> None:
    seller = TapAmazonVendor(config={"account_type": "seller"}, validate_config=False)
    assert set(seller.streams) == {
        "report_ledger",
        "report_rejects",
        "report_rejects_restricted",
        *(stream.name for stream in STREAMS if stream.account_type == "seller"),
    }


def test_the_sample_configuration_works_as_it_is() -> None:
    """Against the sandbox on its usual port."""
    with ExitStack() as stack:
        try:
            stack.enter_context(running(Sandbox(speed=3000, asins=3), port=8642))
        except OSError:
            pytest.skip("port 8642 is taken")
        result = run("--config", str(ROOT / "sample_config.json"))
    assert result.returncode == 0, result.stderr
    assert '"stream":"vendor_sales"' in result.stdout
