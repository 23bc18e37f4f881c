"""The screens of `plan` and `doctor`, as a person has them on a terminal and a pipe takes them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from terminal import screen

from tap_amazon_vendor.cli import doctor
from tap_amazon_vendor.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion
    from world import World

    Shown = Callable[..., str]

LABEL = "Zürich 東京 [bold] :de: of a customer with a long name\n"


@pytest.fixture
def shown(world: World, bare_settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shown:  # noqa: ARG001
    """Run a command on the sandbox's clock, on a terminal of some width or into a pipe, and return what it says."""
    monkeypatch.setattr(doctor, "_now", world.clock)
    monkeypatch.setattr("tap_amazon_vendor.tap.SystemClock", lambda: world.clock)
    monkeypatch.setattr("time.sleep", world.clock.sleep)

    def shown(command: str, config: dict[str, Any], width: int | None) -> str:
        (tmp_path / "config.json").write_text(json.dumps(config))
        words = [command, "--config", "config.json"]
        text = screen(words, width, monkeypatch) if width else CliRunner().invoke(cli, words).stdout
        return re.sub(r"request id [-0-9a-f]+", "request id …", text.replace(world.server.url, "http://sandbox"))

    return shown


@pytest.mark.parametrize("width", [80, 120, None])
@pytest.mark.parametrize(("command", "label"), [("plan", "vendor-us"), ("doctor", "vendor-us-no-role")])
def test_the_screen(
    command: str, label: str, width: int | None, shown: Shown, world: World, snapshot: SnapshotAssertion
) -> None:
    assert shown(command, world.config(label), width) == snapshot


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_dates_and_names_are_whole(width: int, shown: Shown, world: World) -> None:
    config = world.config(
        account=LABEL, selling_programs=["RETAIL", "BUSINESS", "FRESH"], report_periods=["DAY", "WEEK", "MONTH"]
    )
    text = shown("plan", config, width)
    tables, _, words = text.partition("reports to request")
    assert "Estimated time" in words
    assert all(len(line) <= width for line in tables.splitlines()), tables
    assert "…" not in text
    assert "vendor_net_pure_product_margin_totals" in tables
    whole = re.findall(r"\d{4}-\d\d-\d\d  \d{4}-\d\d-\d\d +\d+(?: +\d+)? *$", tables, re.MULTILINE)
    assert len(whole) == len(re.findall("20\\d\\d", tables)) / 2 > 30


@pytest.mark.parametrize("command", ["plan", "doctor"])
def test_a_pipe_gets_one_line_a_row(command: str, shown: Shown, world: World) -> None:
    text = shown(command, world.config(account=LABEL), None)
    assert not re.search("[\x1b│┃━─…]", text)
    assert "[bold] :de: of a customer with a long name\\n" in text
    assert any(line.endswith("vendor_traffic, vendor_traffic_totals") for line in text.splitlines()) or (
        command == "doctor" and "vendor_traffic, vendor_traffic_totals, " in text
    )
