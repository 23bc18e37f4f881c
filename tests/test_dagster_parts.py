"""The parts of the project for Dagster that need no Dagster: accounts, shards, states, the pipe, verdicts."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import typing as t
from datetime import date

import pytest

pytest.importorskip("fcntl", reason="locks of files are POSIX's")

from amazon_vendor_dagster.accounts import Accounts, refused, shards
from amazon_vendor_dagster.pipeline import Pipeline, PipelineError
from amazon_vendor_dagster.settings import Settings, SettingsError
from amazon_vendor_dagster.sources import read_accounts
from amazon_vendor_dagster.states import BusyError, States, joined, split
from amazon_vendor_dagster.verdicts import Verdict, unread

from tap_amazon_vendor.config.settings import check_settings
from tap_amazon_vendor.config.settings_schema import SCHEMA

if t.TYPE_CHECKING:
    from pathlib import Path

    from world import Run, World

ADS = {"client_id": "ads", "client_secret": "s", "refresh_token": "r"}
CONFIG = {
    "client_id": "app",
    "client_secret": "secret",
    "start_date": "2026-11-01",
    "accounts": [
        {"account": "us", "marketplaces": ["US"], "refresh_token": "a", "ads": ADS},
        {"account": "de", "marketplaces": ["DE"], "refresh_token": "b"},
        {"account": "shop", "account_type": "seller", "marketplaces": ["JP"], "refresh_token": "c"},
        {"account": "ads only", "marketplaces": ["UK"], "ads": ADS},
    ],
}


class TestAccounts:
    def test_each_is_of_a_kind_and_a_region(self) -> None:
        accounts = Accounts(CONFIG)
        found = {
            kind: [(each.label, each.region) for each in accounts.of(kind)] for kind in ("vendor", "seller", "ads")
        }
        assert found == {
            "vendor": [("us", "na"), ("de", "eu")],
            "seller": [("shop", "fe")],
            "ads": [("us", "na"), ("ads only", "eu")],
        }

    @pytest.mark.parametrize("kind", ["vendor", "seller", "ads"])
    def test_the_configuration_of_some_is_one_of_the_tap(self, kind: str) -> None:
        accounts = Accounts(CONFIG)
        labels = [each.label for each in accounts.of(kind)]
        config = accounts.config(kind, labels)
        assert check_settings(SCHEMA, dict(config)) == []
        assert [entry["account"] for entry in config["accounts"]] == labels
        # No consent is handed on that is not needed.
        assert all(("ads" in entry) == (kind == "ads") for entry in config["accounts"])

    def test_a_configuration_of_one_account_is_one(self) -> None:
        accounts = Accounts({"client_id": "app", "refresh_token": "a", "marketplaces": ["US"]})
        (account,) = accounts.of("vendor")
        assert (account.label, account.application) == ("default", "app")

    def test_one_that_is_gone_is_named(self) -> None:
        with pytest.raises(SettingsError, match="No vendor account is called 'gone': the file has us, de"):
            Accounts(CONFIG).config("vendor", ["us", "gone"])

    @pytest.mark.parametrize("label", ["a...b", "a\nb", "a\tb"])
    def test_a_name_that_cant_be_a_partition_gives_one_message(self, label: str) -> None:
        with pytest.raises(SettingsError, match="can't contain three dots, tabs or line breaks"):
            Accounts({"accounts": [{"account": label, "refresh_token": "a", "marketplaces": ["US"]}]})

    def test_two_accounts_of_the_same_name_give_one_message(self) -> None:
        entries = [{"account": "us", "refresh_token": "a", "marketplaces": [country]} for country in ("US", "DE")]
        with pytest.raises(SettingsError, match="there are two accounts called 'us'"):
            Accounts({"accounts": entries})
        # A vendor account and a seller account may have the same name.
        entries[1]["account_type"] = "seller"
        assert Accounts({"accounts": entries}).of("seller")

    def test_accounts_that_the_tap_would_refuse_are_found_among_the_others(self) -> None:
        config = Accounts(CONFIG | {"stream_maps": {}}).config("vendor", ["us", "de"])
        config["accounts"][1]["marketplaces"] = ["XX"]
        before = json.dumps(config)
        found = refused(config)
        assert set(found) == {"de"}
        assert "'XX' is not a marketplace" in found["de"]
        assert json.dumps(config) == before

    def test_a_shard_has_neighbours_of_one_region_and_application(self) -> None:
        entries = [
            {"account": f"{country}{number}", "marketplaces": [country], "refresh_token": "a", "client_id": client}
            for client in ("x", "y")
            for country in ("US", "DE")
            for number in range(3)
        ]
        entries = [{**each, "account": f"{each['client_id']}-{each['account']}"} for each in entries]
        accounts = {each.label: each for each in Accounts({"accounts": entries}).of("vendor")}
        order = [*accounts, "gone"]
        assert [*shards(accounts, order, "na", 2)] == [["x-US0", "x-US1"], ["x-US2"], ["y-US0", "y-US1"], ["y-US2"]]
        assert [label for some in shards(accounts, order, "eu", 20) for label in some] == [
            label for label in accounts if "DE" in label
        ]


class TestSources:
    def settings(self, tmp_path: Path, **more: t.Any) -> Settings:
        config = {"client_id": "app", "client_secret": "s", "accounts": [{"account": "in the file"}]}
        (tmp_path / "accounts.json").write_text(json.dumps(config))
        return Settings(tmp_path / "accounts.json", tmp_path, ("tap",), ("target",), **more)

    def test_a_table_has_an_account_in_each_row(self, tmp_path: Path) -> None:
        path = tmp_path / "a ?#.db"
        with sqlite3.connect(path) as connection:
            connection.execute("create table amazon_accounts (id, account, refresh_token, marketplaces, account_type)")
            rows = [(1, "us", "env:US", "US", None), (2, "shop", "t", '["DE"]', "seller")]
            connection.executemany("insert into amazon_accounts values (?, ?, ?, ?, ?)", rows)
        accounts = read_accounts(self.settings(tmp_path, database=str(path)))
        found = [(each.label, each.region, each.application) for each in accounts.of("vendor")]
        assert found == [("us", "na", "app")]
        assert [each.region for each in accounts.of("seller")] == ["eu"]
        config = accounts.config("vendor", ["us"])
        assert config["accounts"] == [{"account": "us", "refresh_token": "env:US", "marketplaces": ["US"]}]
        assert check_settings(SCHEMA, config) == []
        query = "select * from amazon_accounts where id = 2"
        assert not read_accounts(self.settings(tmp_path, database=str(path), query=query)).of("vendor")

    @pytest.mark.parametrize("address", ["/nowhere/a.db", "postgresql://user:hunter22@127.0.0.1:1/x"])
    def test_a_database_that_cant_be_read_gives_one_message_without_a_password(
        self, address: str, tmp_path: Path
    ) -> None:
        with pytest.raises(SettingsError, match="AMAZON_VENDOR_ACCOUNTS_DATABASE can't be read") as caught:
            read_accounts(self.settings(tmp_path, database=address))
        assert "hunter22" not in str(caught.value)

    def test_a_table_without_accounts_removes_no_partition(self, tmp_path: Path) -> None:
        settings = self.settings(tmp_path)
        settings.accounts.write_text('{"accounts": []}')
        with pytest.raises(SettingsError, match="There are no accounts"):
            read_accounts(settings)

    @pytest.mark.parametrize("content", ["[]", "{", None])
    def test_a_file_that_is_no_configuration_gives_one_message(self, content: str | None, tmp_path: Path) -> None:
        path = self.settings(tmp_path).accounts
        path.unlink() if content is None else path.write_text(content)
        with pytest.raises(SettingsError, match="AMAZON_VENDOR_ACCOUNTS: "):
            read_accounts(Settings(path, tmp_path, ("tap",), ("target",)))


class TestSettings:
    GIVEN: t.ClassVar = {
        "AMAZON_VENDOR_ACCOUNTS": "a",
        "AMAZON_VENDOR_STATE": "b",
        "AMAZON_VENDOR_TARGET": "c --d 'e f'",
    }

    def test_commands_are_read_as_a_shell_does(self) -> None:
        assert Settings.of(self.GIVEN).target == ("c", "--d", "e f")

    @pytest.mark.parametrize("name", GIVEN)
    def test_one_that_is_missing_is_named(self, name: str) -> None:
        with pytest.raises(SettingsError, match=name):
            Settings.of({other: value for other, value in self.GIVEN.items() if other != name})

    @pytest.mark.parametrize(("name", "value"), [("ACCOUNTS_PER_RUN", "0"), ("FRESH_DAYS", "x"), ("ASSETS", "tables")])
    def test_one_that_is_wrong_is_named(self, name: str, value: str) -> None:
        with pytest.raises(SettingsError, match=f"AMAZON_VENDOR_{name} is '{value}'"):
            Settings.of({**self.GIVEN, f"AMAZON_VENDOR_{name}": value})


def two(world: World) -> dict[str, t.Any]:
    """The settings of two accounts."""
    entries = [
        {"account": label, "marketplaces": config["marketplaces"], "refresh_token": config["refresh_token"]}
        for label in ("vendor-us", "vendor-de")
        for config in [world.config(label)]
    ]
    shared = {name: value for name, value in world.config().items() if name not in {"marketplaces", "refresh_token"}}
    return {**shared, "accounts": entries}


class TestStates:
    @pytest.mark.parametrize("kill_after", [None, 12, 60])
    def test_a_state_in_parts_is_the_state(self, world: World, kill_after: int | None) -> None:
        run = world.run(two(world), kill_after=kill_after)
        parts = split(run.state, ["vendor-us", "vendor-de"])
        whole = joined(parts.values())
        for stream, state in run.state["bookmarks"].items():
            for name, value in state.items():
                found = whole["bookmarks"][stream][name]
                assert sorted(found, key=str) == sorted(value, key=str) if isinstance(value, list) else found == value

    def test_an_account_may_move_to_another_process_in_the_middle_of_its_reports(self, world: World) -> None:
        run: Run = world.run(two(world), kill_after=12)
        parts = split(run.state, ["vendor-us", "vendor-de"])
        assert parts["vendor-us"]["bookmarks"]["report_ledger"]["pending"]
        alone = {**two(world), "accounts": two(world)["accounts"][:1]}
        assert world.run(alone, parts["vendor-us"]).error is None
        other = {**two(world), "accounts": two(world)["accounts"][1:]}
        assert world.run(other, parts["vendor-de"]).error is None
        asked = [
            json.dumps([call.account, call.request], sort_keys=True, default=str)
            for call in world.sandbox.calls
            if call.operation == "createReport" and call.status == 202
        ]
        assert len(asked) == len(set(asked))

    def test_are_kept_whole_and_by_account(self, tmp_path: Path) -> None:
        states = States(tmp_path, "vendor")
        assert states.read(["a/b"]) == {"a/b": {}}
        states.write({"a/b": {"bookmarks": {}}})
        assert states.read(["a/b", "c"]) == {"a/b": {"bookmarks": {}}, "c": {}}
        assert all(path.parent == tmp_path / "vendor" for path in tmp_path.rglob("*.json"))

    @pytest.mark.parametrize("label", ["..", "\u00e4" * 200, "a/../b", "con:", "\u200b'$(x)"])
    def test_any_name_of_an_account_is_a_file_in_the_folder(self, label: str, tmp_path: Path) -> None:
        states = States(tmp_path, "vendor")
        with states.locked([label]):
            states.write({label: {"bookmarks": {"a": {}}}})
        assert states.read([label, f"{label}x"]) == {label: {"bookmarks": {"a": {}}}, f"{label}x": {}}
        assert {path.parent for path in tmp_path.rglob("*.*")} == {tmp_path / "vendor"}

    @pytest.mark.parametrize("content", ["", "[]", "{", '{"bookmarks": {"vendor_sales": {"partitions": [1]}}}'])
    def test_damaged_states_are_found_among_the_others(self, content: str, tmp_path: Path) -> None:
        states = States(tmp_path, "vendor")
        states.write({"us": {"bookmarks": {}}})
        (tmp_path / "vendor" / "de.json").write_text(content)
        found = states.damaged(["us", "de", "new"])
        assert set(found) == {"de"}
        assert str(tmp_path / "vendor" / "de.json") in found["de"]

    def test_a_range_of_days_has_a_state_of_its_own_and_the_lock_of_the_account(self, tmp_path: Path) -> None:
        own, days = States(tmp_path, "vendor"), States(tmp_path, "vendor", "2026-01-01 to 2026-01-31")
        own.write({"us": {"bookmarks": {"own": {}}}})
        assert days.read(["us"]) == {"us": {}}
        days.write({"us": {"bookmarks": {}}})
        assert own.read(["us"]) == {"us": {"bookmarks": {"own": {}}}}
        with own.locked(["us"]), pytest.raises(BusyError), days.locked(["us"]):
            pass
        days.forget(["us", "de"])
        assert days.read(["us"]) == {"us": {}}
        assert own.read(["us"])["us"]

    def test_two_runs_never_read_one_account_at_once(self, tmp_path: Path) -> None:
        states = States(tmp_path, "vendor")
        with states.locked(["us", "de"]):
            with pytest.raises(BusyError, match="Another run reads 'de'"), states.locked(["jp", "de"]):
                pass
            with states.locked(["jp"]):
                pass
        with states.locked(["de"]):
            pass

    def test_a_tap_that_outlives_its_dagster_keeps_the_account(self, tmp_path: Path) -> None:
        states = States(tmp_path, "vendor")
        sleeps = [sys.executable, "-c", "import time; time.sleep(600)"]
        with states.locked(["us"]) as locks:
            tap = subprocess.Popen(sleeps, pass_fds=locks)
        with tap:
            with pytest.raises(BusyError), states.locked(["us"]):
                pass
            tap.kill()
        with states.locked(["us"]):
            pass


def script(folder: Path, name: str, text: str) -> list[str]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return [sys.executable, str(path)]


TAP = """
import json, sys
if "--discover" in sys.argv:
    print(json.dumps({"streams": [{"tap_stream_id": name} for name in ("vendor_sales", "report_ledger", "other")]}))
    sys.exit()
catalog = json.load(open(sys.argv[sys.argv.index("--catalog") + 1]))
print("reads", *(each["tap_stream_id"] for each in catalog["streams"]), file=sys.stderr)
names = "account marketplace_id report_options report_type stream_name window_start window_end"
row = dict.fromkeys(names.split(), "x")
for outcome in ("later", "loaded"):
    print(json.dumps({"type": "RECORD", "stream": "report_ledger", "record": {**row, "outcome": outcome}}))
print(json.dumps({"type": "STATE", "value": {"bookmarks": {}}}), flush=True)
print("2026-11-29 | ERROR    | tap | Account 'x' could not be read", file=sys.stderr)
print("- because", file=sys.stderr)
for _ in range(100):
    print('2026-11-29 | INFO     | singer_sdk.metrics | METRIC: {"type": "counter"}', file=sys.stderr)
sys.exit(1)
"""
TARGET = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "STATE":
        print(json.dumps(message["value"]), flush=True)
"""


class TestPipeline:
    def test_the_ledger_the_states_and_the_log_are_seen_as_they_pass(self, tmp_path: Path) -> None:
        said: list[str] = []
        states: list[t.Any] = []
        pipeline = Pipeline(script(tmp_path, "tap.py", TAP), script(tmp_path, "target.py", TARGET), said.append)
        passed = pipeline.run({"client_secret": "s"}, {"vendor_sales"}, {}, states.append)
        assert [row["outcome"] for row in passed.ledger.values()] == ["loaded"]
        assert states == [{"bookmarks": {}}]
        assert passed.exit_code == 1
        assert passed.last_words.endswith("could not be read\n- because")
        assert "reads vendor_sales report_ledger" in said

    def test_the_last_words_of_a_tap_are_heard_however_slow_the_log_is(self, tmp_path: Path) -> None:
        def log(_: str) -> None:
            threading.Event().wait(0.1)

        pipeline = Pipeline(script(tmp_path, "tap.py", TAP), script(tmp_path, "target.py", TARGET), log)
        passed = pipeline.run({"client_secret": "s"}, {"vendor_sales"}, {}, lambda _: None)
        assert passed.last_words.endswith("could not be read\n- because")

    def test_a_target_that_dies_ends_the_run(self, tmp_path: Path) -> None:
        dies = script(tmp_path, "target.py", "import sys; print('no database', file=sys.stderr); sys.exit(3)")
        pipeline = Pipeline(script(tmp_path, "tap.py", TAP), dies, lambda _: None)
        with pytest.raises(PipelineError, match="exit code 3: no database"):
            pipeline.run({}, {"vendor_sales"}, {}, lambda _: None)

    def test_a_program_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(PipelineError, match=r"can't be started"):
            Pipeline([str(tmp_path / "tap")], ["cat"], lambda _: None).run({}, set(), {}, lambda _: None)
        with pytest.raises(PipelineError, match=r"nowhere can't be started"):
            Pipeline(script(tmp_path, "tap.py", TAP), ["nowhere"], lambda _: None).run({}, set(), {}, lambda _: None)


def row(outcome: str, start: str = "2026-11-01", **more: t.Any) -> dict[str, t.Any]:
    figures = dict.fromkeys(
        ("rows", "rejected", "unreadable_cells", "attempts", "report_id", "asked_at", "processed_at")
    )
    times = {"window_start": f"{start}T00:00:00Z", "window_end": f"{start}T00:00:00Z"}
    return {
        **figures,
        "account": "us",
        "stream_name": "vendor_sales",
        "outcome": outcome,
        "reason": None,
        **times,
    } | more


class TestVerdict:
    def judged(self, *rows: dict[str, t.Any], state: dict[str, t.Any] | None = None) -> Verdict:
        return Verdict.of(rows, state or {}, "us", {"vendor_sales"}, date(2026, 11, 10))

    def test_figures_are_of_this_account_and_these_streams(self) -> None:
        report: dict[str, t.Any] = {"rows": 5, "report_id": "1", "attempts": 1, "asked_at": "2026-11-20T10:00:00Z"}
        report |= {"processed_at": "2026-11-20T10:03:00Z"}
        verdict = self.judged(
            row("loaded", **report), row("loaded", "2026-11-02", **report), row("loaded", account="de", rows=7)
        )
        assert verdict.metadata == {
            "dagster/row_count": 10,
            "reports asked for": 1,
            "minutes waited for Amazon": 3.0,
            "rejected lines": 0,
            "unreadable cells": 0,
            "windows loaded": 2,
            "newest day": "2026-11-02",
        }
        assert verdict.written

    def test_what_failed_is_red_with_its_reasons(self) -> None:
        verdict = self.judged(row("failed", reason="why"), row("failed", "2026-11-02", reason="why"))
        assert verdict.reasons == "why (2 windows)"
        assert not verdict.written
        assert verdict.stale

    def test_a_hole_is_a_gap(self) -> None:
        part = {"context": {"account": "us"}, "holes": ["2026-11-03/2026-11-03"]}
        state = {"bookmarks": {"vendor_sales": {"partitions": [part, {"context": {"account": "us"}}]}}}
        assert self.judged(state=state).holes == ("vendor_sales: 2026-11-03/2026-11-03",)

    def test_only_what_is_overdue_is_stale(self) -> None:
        assert self.judged(row("later", "2026-11-10")).stale == ()
        assert self.judged(row("later", "2026-11-09")).stale == ("vendor_sales: 2026-11-09 to 2026-11-09",)

    def test_an_account_is_unread_if_nothing_of_it_was(self) -> None:
        assert unread([row("failed"), row("skipped"), row("loaded", account="de")], "us")
        assert not unread([row("failed"), row("empty")], "us")
        assert not unread([], "us")
