"""The files that deploy the tap are well formed, and in step with the rest."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

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


@pytest.mark.exhaustive
@pytest.mark.skipif("AIRFLOW_VENV" not in os.environ, reason="AIRFLOW_VENV names no environment with Airflow")
def test_airflow_loads_the_dag_and_maps_its_task(tmp_path: Path) -> None:
    code = f"""if True:
        import runpy
        from airflow.sdk.definitions.mappedoperator import MappedOperator
        found = runpy.run_path({str(DEPLOY / "airflow" / "amazon_vendor.py")!r})
        dag = found["amazon_vendor"]()
        read = dag.task_dict["read"]
        assert isinstance(read, MappedOperator), read
        print(dag.dag_id, sorted(dag.task_dict), read.partial_kwargs["pool"])
    """
    python = Path(os.environ["AIRFLOW_VENV"]) / "bin" / "python"
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.endswith("amazon_vendor ['accounts', 'read'] amazon_vendor\n"), done.stderr


def test_a_cron_job_never_runs_twice_at_once() -> None:
    job = yaml.safe_load((DEPLOY / "kubernetes" / "cronjob.yaml").read_text(encoding="utf-8"))
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    container = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert container["securityContext"]["runAsNonRoot"]
    assert container["restartPolicy"] == "Never"
