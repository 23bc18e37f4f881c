"""The tap on Dagster, from a local Amazon: where DAGSTER_VENV is an environment with deploy/dagster and the tap."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import typing as t
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from bootstrap import ROOT
from embedded_postgres import postgres

from amazon_sandbox import DEFAULT_ACCOUNTS, REVOKED_REFRESH_TOKEN, Sandbox, running

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_sandbox import Server

VENV = os.environ.get("DAGSTER_VENV", "")
SCRIPTS = ROOT / "deploy" / "dagster" / "tests"
ASSET = "vendor_operational"

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(not VENV, reason="DAGSTER_VENV names no environment with Dagster"),
]


def accounts_of(number: int) -> list[t.Any]:
    """Vendors in the United States and in Germany, in turns."""
    bases = {each.label: each for each in DEFAULT_ACCOUNTS}
    chosen = [(bases[("vendor-us", "vendor-de")[each % 2]], f"{each:02}") for each in range(number)]
    return [
        replace(base, label=f"{base.label}-{name}", refresh_token=f"Atzr|sandbox-{base.label}-{name}")
        for base, name in chosen
    ]


class Project:
    """Dagster's home, the file of accounts, and a local Amazon."""

    def __init__(self, folder: Path, sandbox: Sandbox, server: Server) -> None:
        self.folder, self.sandbox = folder, sandbox
        first = sandbox.accounts[0]
        self.config: dict[str, t.Any] = {
            "client_id": first.client_id,
            "client_secret": first.client_secret,
            "api_url": server.url,
            "auth_url": server.auth_url,
            "availability_days": 5,
            "accounts": [
                {"account": each.label, "refresh_token": each.refresh_token, "marketplaces": list(each.marketplaces)}
                for each in sandbox.accounts
            ],
        }
        python = Path(VENV) / "bin" / "python"
        (folder / "home").mkdir()
        (folder / "home" / "dagster.yaml").write_bytes((ROOT / "deploy" / "dagster" / "dagster.yaml").read_bytes())
        self.python = str(python)
        self.environment = {
            **os.environ,
            "DAGSTER_HOME": str(folder / "home"),
            "AMAZON_VENDOR_ACCOUNTS": str(folder / "accounts.json"),
            "AMAZON_VENDOR_STATE": str(folder / "state"),
            "AMAZON_VENDOR_TAP": f"{python} -m tap_amazon_vendor",
            "AMAZON_VENDOR_TARGET": f"{python} {SCRIPTS / 'lines_target.py'} {folder / 'out'}",
            "AMAZON_VENDOR_ACCOUNTS_PER_RUN": "5",
            "PYTHONWARNINGS": "ignore",
        }

    def write(self) -> None:
        """Write the file of accounts."""
        (self.folder / "accounts.json").write_text(json.dumps(self.config), encoding="utf-8")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Dagster, as a group of processes."""
        command = [self.python, str(SCRIPTS / "run_accounts.py"), *arguments]
        return subprocess.Popen(
            command,
            env=self.environment,
            cwd=ROOT / "deploy" / "dagster",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def does(self, *arguments: str) -> t.Any:
        """Run Dagster; return what it prints."""
        process = self.start(*arguments)
        out, log = process.communicate()
        assert process.returncode == 0, log[-3000:]
        return json.loads(out.splitlines()[-1])

    def do(self, *commands: str) -> list[t.Any]:
        """Run Dagster for several commands; return what each prints."""
        process = self.start(*(word for command in commands for word in (*command.split(), "--")))
        out, log = process.communicate()
        assert process.returncode == 0, log[-3000:]
        return [json.loads(line) for line in out.splitlines()]

    def created(self) -> Counter[str]:
        """How often each report was asked for."""
        calls = [call for call in self.sandbox.calls if call.operation == "createReport" and call.status == 202]
        return Counter(json.dumps([call.account, call.request], sort_keys=True, default=str) for call in calls)


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    number, speed = request.param
    sandbox = Sandbox(seed=1, speed=speed, asins=3, accounts=accounts_of(number))
    with running(sandbox) as server:
        yield Project(tmp_path, sandbox, server)


@pytest.mark.parametrize("project", [(21, 600)], indirect=True)
def test_twenty_accounts_of_two_regions_are_read_by_four_processes(project: Project) -> None:
    entries = project.config["accounts"]
    late = entries.pop()
    revoked = entries[6]["account"]
    entries[6]["refresh_token"] = REVOKED_REFRESH_TOKEN
    project.write()
    assert len(project.does("sensor")) == 20
    shards = [*project.does("schedule", "vendor_na"), *project.does("schedule", "vendor_eu")]
    assert len(shards) == 4
    with ThreadPoolExecutor(4) as four:
        runs = [*four.map(lambda shard: project.does("run", *shard, ASSET), shards)]
    assert [run["success"] for run in runs].count(False) == 1
    materialised = {partition: rows for run in runs for _, partition, rows in run["materialised"]}
    why = [text for run in runs for text in run["why"]]
    assert set(materialised) == {entry["account"] for entry in entries} - {revoked}, why
    assert all(materialised.values())
    red = {(name, partition) for run in runs for _, name, partition, passed in run["checks"] if not passed}
    assert ("nothing_failed", revoked) in red
    assert {partition for _, partition in red} == {revoked}
    assert len(why) == 1
    assert "refresh token is not valid" in why[0]
    # One comes, one goes, and the revoked one has consented again.
    gone = entries.pop(0)["account"]
    entries.append(late)
    for entry in entries:
        if entry["account"] == revoked:
            entry["refresh_token"] = f"Atzr|sandbox-{revoked}"
    project.write()
    partitions = project.does("sensor")
    assert late["account"] in partitions
    assert gone not in partitions
    for label in (revoked, late["account"]):
        assert [partition for _, partition, _ in project.does("run", label, label, ASSET)["materialised"]] == [label]
    assert set(project.created().values()) == {1}


@pytest.mark.parametrize("project", [(2, 8)], indirect=True)
def test_a_run_that_is_killed_is_taken_up_without_a_second_report(project: Project) -> None:
    project.write()
    first = project.does("sensor")[0]
    killed = project.start("run", first, first, ASSET)
    while not project.created():
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.05)
    time.sleep(1)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    before = project.created()
    assert not any(call.operation == "getReportDocument" for call in project.sandbox.calls)
    run = project.does("run", first, first, ASSET)
    assert run["success"], run
    assert before
    assert set(project.created().values()) == {1}


@pytest.mark.parametrize("project", [(3, 600)], indirect=True)
def test_an_account_is_removed_once_no_backfill_runs(project: Project) -> None:
    project.write()
    first, second, third = project.does("sensor")
    del project.config["accounts"][0]
    project.write()
    gone = next(each for each in (first, second, third) if each not in str(project.config))
    waiting, _, after = project.do("backfill REQUESTED", "sensor", "backfill COMPLETED_SUCCESS", "sensor")[1:]
    assert gone in waiting
    assert gone not in after
    assert len(after) == 2


@pytest.mark.parametrize("project", [(2, 600)], indirect=True)
def test_a_range_of_days_is_read_separately_and_does_not_change_the_state(project: Project) -> None:
    project.write()
    (label, _) = project.does("sensor")
    (run,) = project.do(f"run {label} {label} vendor_financial")
    assert run["checks"]
    state = (project.folder / "state" / "vendor" / f"{label}.json").read_bytes()
    project.sandbox.calls.clear()
    runs = project.do(*[f"dates 2026-09-01 2026-09-10 {label} {label} vendor_operational"] * 2)
    bodies = [call.request for call in project.sandbox.calls if call.operation == "createReport"]
    assert bodies
    days = {str(body[name])[:10] for body in bodies for name in ("dataStartTime", "dataEndTime") if name in body}
    assert min(days) >= "2026-09-01"
    assert max(days) <= "2026-09-10"
    # Asked for again, it is read again.
    assert all(rows > 0 for run in runs for _, _, rows in run["materialised"])
    assert all(run["success"] and run["materialised"] for run in runs), runs
    # Reading a month again says nothing about the account's other days.
    assert not any(run["checks"] for run in runs)
    assert (project.folder / "state" / "vendor" / f"{label}.json").read_bytes() == state
    assert not [*(project.folder / "state").rglob("2026*/*.json")]


@pytest.mark.parametrize("project", [(3, 600)], indirect=True)
def test_an_account_with_wrong_settings_fails_alone(project: Project) -> None:
    project.config["accounts"][2]["account"] = "100 % ä/'$x"
    project.config["accounts"][1]["marketplaces"] = ["XX"]
    wrong = project.config["accounts"][1]["account"]
    project.write()
    labels = project.does("sensor")
    process = project.start("run", labels[0], labels[-1], ASSET)
    out, log = process.communicate()
    run = json.loads(out.splitlines()[-1])
    assert {partition for _, partition, _ in run["materialised"]} == {*labels} - {wrong}, log[-2000:]
    assert {(name, partition) for _, name, partition, passed in run["checks"] if not passed} == {
        ("nothing_failed", wrong)
    }
    assert "'XX' is not a marketplace" in run["why"][0]


@pytest.mark.parametrize("project", [(1, 600)], indirect=True)
def test_a_tap_that_dies_at_once_materialises_nothing_and_fails_its_check(project: Project) -> None:
    project.write()
    (label,) = project.does("sensor")
    project.environment["AMAZON_VENDOR_TAP"] = str(project.folder / "tap")
    script = (
        f'#!/bin/sh\ncase "$*" in *--discover*) exec {project.python} -m tap_amazon_vendor "$@";; esac\nkill -9 $$\n'
    )
    (project.folder / "tap").write_text(script, encoding="utf-8")
    (project.folder / "tap").chmod(0o755)
    run = project.does("run", label, label, ASSET)
    assert not run["success"]
    assert not run["materialised"]
    assert [[name, passed] for _, name, _, passed in run["checks"]] == [["nothing_failed", False]]


@pytest.mark.skipif(not (Path(VENV) / "bin" / "dbt").exists(), reason="DAGSTER_VENV has no dagster-dbt")
@pytest.mark.parametrize("project", [(1, 600)], indirect=True)
@pytest.mark.parametrize("assets", ["groups", "streams"])
def test_dbt_models_are_downstream_of_what_is_read(project: Project, assets: str, tmp_path: Path) -> None:
    project.write()
    folder = tmp_path / "dbt"
    shutil.copytree(ROOT / "dbt", folder)
    with postgres(tmp_path / "postgres") as server:
        project.environment |= {
            "AMAZON_VENDOR_DBT": str(folder),
            "AMAZON_VENDOR_ASSETS": assets,
            "DBT_POSTGRES_HOST": str(server.socket_folder),
            "DBT_POSTGRES_USER": "postgres",
            "DBT_POSTGRES_DATABASE": "postgres",
            "DBT_POSTGRES_SCHEMA": "amazon",
            "DBT_PROFILES_DIR": str(folder),
            "PATH": os.pathsep.join((str(Path(VENV) / "bin"), os.environ["PATH"])),
        }
        command = [str(Path(VENV) / "bin" / "dbt"), "parse", "--project-dir", str(folder)]
        subprocess.run(command, env=project.environment, check=True, capture_output=True)
        found = project.does("model", "stg_vendor_sales")
    parent = {"groups": "amazon/vendor_financial", "streams": "amazon/vendor_sales"}[assets]
    assert found == {"parents": [parent], "success": True}
