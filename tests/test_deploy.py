"""The files that deploy the tap are well formed, and in step with the rest."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from amazon_sandbox import DEFAULT_ACCOUNTS, REVOKED_REFRESH_TOKEN, Sandbox, running
from tap_amazon_vendor.tap import TapAmazonVendor

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


def pins(path: Path) -> dict[str, set[str]]:
    """Return the versions of each package in a lock."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9][\w.-]*)==([^ \\]+)", path.read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_the_container_has_versions_that_the_tests_have() -> None:
    container, tested = pins(DEPLOY / "requirements.lock"), pins(ROOT / "requirements.lock")
    assert {"singer-sdk", "msgspec", "meltanolabs-target-postgres", "werkzeug"} <= container.keys()
    assert "meltano" not in container
    assert all(versions <= tested[name] for name, versions in container.items())


def test_the_image_is_small_and_has_no_rights() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER [1-9]\d*$", text, re.MULTILINE)
    stages = {"runtime"}
    assert all(base in stages or base.endswith("-slim") for base in re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    copied = {path for line in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.MULTILINE) for path in line.split()}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!/{path}" for path in copied} <= set(ignored)
    assert all((ROOT / path).exists() for path in copied)


def test_the_image_starts_the_tap_and_that_of_airbyte_the_source() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    stages = dict(re.findall(r"^FROM runtime(?: AS (\w+))?\n(.+?)(?=^FROM |\Z)", text, re.MULTILINE | re.DOTALL))
    assert 'ENTRYPOINT ["tap-amazon-vendor"]' in stages[""]
    assert 'ENTRYPOINT ["source-amazon-vendor"]' in stages["airbyte"]
    scripts = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f"\n{name} = " in scripts for name in ("tap-amazon-vendor", "source-amazon-vendor"))


@pytest.mark.parametrize("name", ["compose.yaml", "kubernetes/cronjob.yaml"])
def test_the_settings_are_ones_of_the_tap(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    assert yaml.safe_load(text)
    settings = re.findall(r"TAP_AMAZON_VENDOR_([A-Z_]+):", text)
    (plugin,) = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))["plugins"]["extractors"]
    assert {setting.lower() for setting in settings} <= {each["name"] for each in plugin["settings"]}


def test_the_line_for_cron_reads_each_account_and_skips_one_that_is_being_read(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    (line,) = re.findall(
        r"^30 11 \* \* \* (cd /srv/pipeline && for .*)$", (ROOT / "docs" / "dagster.md").read_text(), re.MULTILINE
    )
    (tmp_path / "accounts").mkdir()
    for name in ("us", "de", "jp"):
        (tmp_path / "accounts" / f"{name}.env").write_text(f"TAP_AMAZON_VENDOR_ACCOUNT={name}\n")
    (tmp_path / "bin").mkdir()
    meltano = tmp_path / "bin" / "meltano"
    meltano.write_text('#!/bin/sh\necho "$TAP_AMAZON_VENDOR_ACCOUNT $3"\n')
    meltano.chmod(0o755)
    path = f"{meltano.parent}{os.pathsep}{os.environ['PATH']}"
    command = line.replace("/srv/pipeline", str(tmp_path))
    with (tmp_path / "accounts" / "jp.env").open() as jp:
        fcntl.flock(jp, fcntl.LOCK_EX)
        done = subprocess.run(["sh", "-c", command], env={"PATH": path}, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.splitlines()) == ["de de", "us us"]


#: What Airflow runs in place of Meltano: the tap into a file for each account, with a state beside it.
MELTANO = """#!/bin/sh
set -e
out={folder}/out/"$3"
mkdir -p "$out"
[ -s "$out/state" ] && state="--state $out/state"
{python} -m tap_amazon_vendor --config=ENV --catalog {folder}/catalog.json $state > "$out/messages"
"""

RUN_DAG = """
import json, runpy
from airflow.models.pool import Pool
Pool.create_or_update_pool("amazon_vendor", slots=2, description="", include_deferred=False)
run = runpy.run_path({dag!r})["amazon_vendor"]().test()
print(json.dumps([[each.task_id, each.map_index, each.state, each.pool] for each in run.get_task_instances()]))
"""


@pytest.mark.exhaustive
@pytest.mark.skipif("AIRFLOW_VENV" not in os.environ, reason="AIRFLOW_VENV names no environment with Airflow")
def test_airflow_reads_each_account_and_one_that_is_revoked_fails_alone(tmp_path: Path) -> None:
    accounts, folder = tmp_path / "amazon", tmp_path / "project"
    for each in (accounts, folder, tmp_path / "bin"):
        each.mkdir()
    first, second = (each for each in DEFAULT_ACCOUNTS if each.label in {"vendor-us", "vendor-de"})
    with running(Sandbox(seed=1, speed=600, asins=3)) as server:
        shared = {"client_id": first.client_id, "client_secret": first.client_secret, "api_url": server.url}
        shared |= {"auth_url": server.auth_url}
        for name, base, token in (
            ("de's & more", second, second.refresh_token),
            ("revoked", first, REVOKED_REFRESH_TOKEN),
            ("us", first, first.refresh_token),
        ):
            own = {"refresh_token": token, "marketplaces": json.dumps([base.marketplaces[0]]), "account": name}
            lines = (f"TAP_AMAZON_VENDOR_{key.upper()}={shlex.quote(value)}\n" for key, value in (shared | own).items())
            (accounts / f"{name}.env").write_text("".join(lines), encoding="utf-8")
        streams = TapAmazonVendor(config=shared, validate_config=False).catalog_dict["streams"]
        wanted = [each for each in streams if each["tap_stream_id"] in {"vendor_sales", "report_ledger"}]
        (folder / "catalog.json").write_text(json.dumps({"streams": wanted}), encoding="utf-8")
        meltano = tmp_path / "bin" / "meltano"
        meltano.write_text(MELTANO.format(folder=folder, python=sys.executable), encoding="utf-8")
        meltano.chmod(0o755)
        text = (DEPLOY / "airflow" / "amazon_vendor.py").read_text(encoding="utf-8")
        dag = tmp_path / "dags" / "amazon_vendor.py"
        dag.parent.mkdir()
        dag.write_text(
            text.replace("/etc/amazon", str(accounts)).replace("/srv/pipeline", str(folder)), encoding="utf-8"
        )
        bin_folder = Path(os.environ["AIRFLOW_VENV"]) / "bin"
        environment = {
            **os.environ,
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dag.parent),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PATH": os.pathsep.join((str(meltano.parent), str(bin_folder), os.environ["PATH"])),
        }
        subprocess.run([bin_folder / "airflow", "db", "migrate"], env=environment, capture_output=True, check=True)
        code = RUN_DAG.format(dag=str(dag))
        done = subprocess.run(
            [bin_folder / "python", "-c", code], env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr[-3000:]
    tasks = json.loads(done.stdout.splitlines()[-1])
    assert sorted(tasks) == [
        ["accounts", -1, "success", "default_pool"],
        ["read", 0, "success", "amazon_vendor"],
        ["read", 1, "failed", "amazon_vendor"],
        ["read", 2, "success", "amazon_vendor"],
    ], done.stdout[-3000:]
    for name in ("de's & more", "us"):
        assert '"stream":"vendor_sales"' in (folder / "out" / name / "messages").read_text(encoding="utf-8")


def test_a_cron_job_never_runs_twice_at_once() -> None:
    job = yaml.safe_load((DEPLOY / "kubernetes" / "cronjob.yaml").read_text(encoding="utf-8"))
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    container = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert container["securityContext"]["runAsNonRoot"]
    assert container["restartPolicy"] == "Never"
