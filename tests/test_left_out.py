"""A stream of which the settings leave nothing says why, wherever somebody looks for it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_amazon_vendor.cli import doctor
from tap_amazon_vendor.cli.main import cli

if TYPE_CHECKING:
    from pathlib import Path

    from world import Run, World

pytestmark = pytest.mark.usefixtures("bare_settings")

WEEKLY = "no DAY; Amazon has WEEK, MONTH, QUARTER: add one to report_periods"
DAY = "reportPeriod=DAY"
SELLER = {"account_type": "seller"}
CASES: list[tuple[str, dict[str, Any], str, str, list[str]]] = [
    ("vendor-us", {}, "brand_repeat_purchase", WEEKLY, [DAY]),
    ("seller-de", {**SELLER, "marketplaces": ["DE", "FR", "UK"]}, "search_catalog_performance", WEEKLY, [DAY] * 3),
    ("seller-jp", SELLER, "search_query_performance", WEEKLY, [DAY]),
    (
        "vendor-us",
        {"report_periods": ["DAY", "YEAR"]},
        "brand_repeat_purchase",
        "no DAY or YEAR; Amazon has WEEK, MONTH, QUARTER: add one to report_periods",
        ["reportPeriod=DAY", "reportPeriod=YEAR"],
    ),
    (
        "vendor-us",
        {"report_periods": ["YEAR"]},
        "brand_market_basket",
        "no YEAR; Amazon has DAY, WEEK, MONTH, QUARTER: add one to report_periods",
        ["reportPeriod=YEAR"],
    ),
    (
        "vendor-us",
        {"selling_programs": ["BUSINESS"]},
        "vendor_forecasting",
        "no BUSINESS; Amazon has RETAIL, FRESH: add one to selling_programs",
        ["sellingProgram=BUSINESS"],
    ),
]
each_case = pytest.mark.parametrize(("label", "settings", "stream", "reason", "options"), CASES)


def ledger(run: Run, stream: str) -> list[dict[str, Any]]:
    return [row for row in run.records("report_ledger") if row["stream_name"] == stream]


@each_case
def test_the_ledger_has_a_row_for_what_is_wanted_and_never_there(
    world: World, label: str, settings: dict[str, Any], stream: str, reason: str, options: list[str]
) -> None:
    run = world.run(world.config(label, **settings), streams=[stream, "report_ledger"])
    rows = ledger(run, stream)
    assert [row["report_options"] for row in rows] == options
    assert {(row["outcome"], row["reason"]) for row in rows} == {("skipped", reason)}
    (schema,) = [m for m in run.messages if m["type"] == "SCHEMA" and m["stream"] == "report_ledger"]
    assert all(row[name] for row in rows for name in schema["key_properties"])
    assert len({(row["marketplace_id"], row["report_options"]) for row in rows}) == len(rows)
    assert {row["window_end"][:10] for row in rows} == {world.today.isoformat()}
    # Nothing was asked for, and nothing is remembered of it.
    assert not [call for call in world.sandbox.calls if call.operation == "createReport"]


def test_the_log_says_it_as_information_and_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world.run(streams=["brand_repeat_purchase", "vendor_traffic", "report_ledger"])
    said = [record for record in caplog.records if "no DAY" in record.getMessage()]
    assert [(record.levelname, record.getMessage()) for record in said] == [
        ("INFO", f"brand_repeat_purchase: {WEEKLY}")
    ]


def test_another_run_of_the_day_writes_the_same_rows(world: World) -> None:
    first, again = (world.run(streams=["brand_repeat_purchase", "report_ledger"]) for _ in range(2))
    names = ("account", "marketplace_id", "report_type", "report_options", "stream_name", "window_start", "window_end")
    keys = [[[row[name] for name in names] for row in ledger(run, "brand_repeat_purchase")] for run in (first, again)]
    assert keys[0] == keys[1] != []


def test_a_stream_with_one_of_its_periods_says_nothing(world: World) -> None:
    run = world.run(world.config(report_periods=["DAY", "WEEK"]), streams=["brand_repeat_purchase", "report_ledger"])
    assert {row["report_options"] for row in ledger(run, "brand_repeat_purchase")} == {"reportPeriod=WEEK"}
    assert "skipped" not in {row["outcome"] for row in ledger(run, "brand_repeat_purchase")}


@each_case
def test_plan_and_doctor_say_it_in_one_line(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    label: str,
    settings: dict[str, Any],
    stream: str,
    reason: str,
    options: list[str],  # noqa: ARG001
) -> None:
    monkeypatch.setattr(doctor, "_now", world.clock)
    monkeypatch.setattr("time.sleep", world.clock.sleep)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(world.config(label, **settings)))
    catalog = tmp_path / "catalog.json"
    tap = world.tap(world.config(label, **settings))
    for each in tap.streams.values():
        each.selected = each.name == stream
    catalog.write_text(json.dumps(tap.catalog_dict))
    for arguments in (["plan", "--offline", "--catalog", str(catalog)], ["doctor"]):
        shown = CliRunner().invoke(cli, [*arguments, "--config", str(file)])
        (line,) = [line for line in shown.stdout.splitlines() if f"{stream}:" in line]
        assert line.endswith(f"{stream}: {reason}")
        told = json.loads(CliRunner().invoke(cli, [*arguments, "--config", str(file), "--format", "json"]).stdout)
        assert f"{stream}: {reason}" in told["notes"]
