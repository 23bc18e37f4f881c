"""Texts from Amazon and names of files can neither control a terminal, nor reverse or forge a line of the log."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

import inbox_faults
import pytest
from click.testing import CliRunner
from fault_matrix import KINDS
from hosts import Answer, account_at, serving
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.wrappers import Response

from amazon_sandbox import ads_api, app
from amazon_sandbox.documents import Content
from tap_amazon_vendor.amazon.client import SellingPartnerApi
from tap_amazon_vendor.cli import doctor
from tap_amazon_vendor.cli.main import cli
from tap_amazon_vendor.config.redaction import keep_out_of_logs
from tap_amazon_vendor.errors import RequestRejectedError
from tap_amazon_vendor.output import escape_controls
from tap_amazon_vendor.reports.api import GET_REPORTS

if TYPE_CHECKING:
    from pathlib import Path

    from clocks import FakeClock
    from world import World

    from tap_amazon_vendor.amazon.transport import Transport

#: Clears the screen, rings, returns to the start of the line, reverses what follows, and begins new lines.
HOSTILE = (
    "no\x1b[2J\x1b]0;x\x07\rroot\u202etxt.exe\u2066\x9b31m\u2028one\x0btwo\x00\n"
    "2026-11-29 12:00:00 CRITICAL all is lost"
)

#: What a log may have only in escaped form: control characters, and marks of direction.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.fixture
def asins() -> int:
    return 2


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line for record in caplog.records for line in record.getMessage().split("\n")]


def check_escaped(said: list[str]) -> None:
    assert any("all is lost" in line for line in said), "the hostile text is not in the log at all"
    assert [line for line in said if CONTROLS.search(line)] == []
    assert [line for line in said if line.startswith("2026-11-29 12:00:00")] == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"inbox", "Ads"}])
def test_a_refusal_by_amazon_is_escaped(
    kind: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> Response:
        body = {"errors": [dict.fromkeys(("code", "message", "details"), HOSTILE)]}
        return Response(json.dumps(body), 400, {"x-amzn-RequestId": "a\x1b[2Jb"}, mimetype="application/json")

    monkeypatch.setattr(app.Application, "_operate", refuse)
    caplog.set_level(logging.INFO)
    run = world.run(KINDS[kind].settings(world, tmp_path), streams=(*KINDS[kind].streams, "report_ledger"))
    check_escaped([*lines(caplog), escape_controls(str(run.error))])
    assert not any(b"\\u0000" in line for line in run.lines), "PostgreSQL refuses NUL"


@pytest.mark.parametrize("kind", ["JSON report", "flat file"])
def test_the_reason_of_a_failed_report_is_escaped(
    kind: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    find = app.Application._file

    def file(self: app.Application, *arguments: Any) -> Any:
        found = find(self, *arguments)
        content = json.dumps({"errorDetails": HOSTILE}).encode()
        return found and app._File(
            found.account, lambda: Content().fill([content]), found.content_type, compressed=False
        )

    monkeypatch.setattr(app.Application, "_file", file)
    caplog.set_level(logging.INFO)
    run = world.run(KINDS[kind].settings(world, tmp_path), streams=(*KINDS[kind].streams, "report_ledger"))
    check_escaped([*lines(caplog), escape_controls(str(run.error))])
    assert not any(b"\\u0000" in line for line in run.lines), "PostgreSQL refuses NUL"


def test_the_reason_of_a_failed_advertising_report_is_escaped(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ads_api, "REASON", HOSTILE)
    world.sandbox.inject("ads_report_failed", 9)
    caplog.set_level(logging.INFO)
    run = world.run(KINDS["Ads"].settings(world, tmp_path), streams=(*KINDS["Ads"].streams, "report_ledger"))
    check_escaped([*lines(caplog), escape_controls(str(run.error))])
    assert not any(b"\\u0000" in line for line in run.lines), "PostgreSQL refuses NUL"


def test_names_and_contents_of_inbox_files_are_escaped(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inbox_faults.fill(tmp_path / "inbox")
    hostile = HOSTILE.replace("\x00", "").replace("/", "")
    (tmp_path / "inbox" / hostile).write_text(json.dumps({"errorDetails": HOSTILE}), encoding="utf-8")
    (tmp_path / "inbox" / f"{hostile}.txt").write_text(f"{hostile}\t{hostile}\na\tb\n", encoding="utf-8")
    caplog.set_level(logging.INFO)
    run = world.run({"inbox": str(tmp_path / "inbox")}, streams=(*KINDS["inbox"].streams, "report_ledger"))
    check_escaped([*lines(caplog), escape_controls(str(run.error))])
    assert not any(b"\\u0000" in line for line in run.lines), "PostgreSQL refuses NUL"


@pytest.mark.usefixtures("bare_settings")
@pytest.mark.parametrize("form", ["table", "json"])
def test_what_doctor_quotes_is_escaped(
    form: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Response:
        body = {"errors": [{"code": "Unauthorized", "message": HOSTILE, "details": HOSTILE}]}
        return Response(json.dumps(body), 403, mimetype="application/json")

    monkeypatch.setattr(app.Application, "_operate", refuse)
    monkeypatch.setattr(doctor, "_now", world.clock)
    monkeypatch.setattr("time.sleep", world.clock.sleep)
    (tmp_path / "config.json").write_text(json.dumps(world.config(account=HOSTILE.replace("\x00", ""))))
    result = CliRunner().invoke(cli, ["doctor", "--config", str(tmp_path / "config.json"), "--format", form])
    check_escaped(result.output.split("\n"))


def test_a_request_id_is_cut_and_put_on_one_line(transport: Transport, clock: FakeClock) -> None:
    login = Answer(200, b'{"access_token": "planted", "expires_in": 3600}')
    refusal = Answer(400, b"{}", {"x-amzn-RequestId": f"id\r\n 2026-11-29 12:00:00 CRITICAL {'x' * 5000}"})
    with serving(login, refusal) as host:
        api = SellingPartnerApi.of(account_at(host.url), transport, clock, clock.sleep)
        with pytest.raises(RequestRejectedError) as caught:
            api.call(GET_REPORTS, answer=dict)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_traceback_is_escaped(caplog: pytest.LogCaptureFixture) -> None:
    keep_out_of_logs([])
    logging.getLogger("tap-amazon-vendor").error("it failed", exc_info=ValueError(HOSTILE))
    assert not CONTROLS.search(caplog.text)


@given(st.text())
def test_only_control_characters_are_escaped(text: str) -> None:
    assert not CONTROLS.search(escape_controls(text))
    if not CONTROLS.search(text):
        assert escape_controls(text) == text
