"""The wheel and the sdist hold all that a user needs: the tap runs from them, in an environment with nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
import zipfile
from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from bootstrap import ROOT
from environments import build, environment, install, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

#: All streams have a schema.
SCHEMAS = [path.stem for path in (ROOT / "tap_amazon_vendor" / "schemas").glob("*.json")]
#: Streams of a vendor and of a seller; the flat file's headers are data of the sandbox.
STREAMS = ("vendor_sales", "vendor_sales_totals", "seller_fba_inventory")


@pytest.fixture(scope="module")
def commands(distributions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of the wheel, installed with the sandbox and nothing of the developers'."""
    (wheel,) = distributions.glob("*.whl")
    return install(tmp_path_factory.mktemp("wheel"), f"tap-amazon-vendor[sandbox] @ {wheel.as_uri()}")


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment that knows nothing of this clone."""
    return environment(tmp_path_factory.mktemp("variables"))


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@contextmanager
def sandbox(commands: Path, folder: Path, variables: dict[str, str]) -> Iterator[str]:
    """Run the sandbox of an installation and yield its URL."""
    with (
        (folder / "sandbox.log").open("w") as log,
        subprocess.Popen(
            [commands / "amazon-vendor", "sandbox", "--port", "0", "--speed", "600", "--asins", "5"],
            cwd=folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout
            yield re.findall(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
        finally:
            process.terminate()


def test_the_wheel_holds_the_package_and_nothing_else(distributions: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    there = {
        str(path.relative_to(ROOT)): path.read_bytes()
        for package in ("tap_amazon_vendor", "amazon_sandbox")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    held = {name: content for name, content in contents(wheel).items() if ".dist-info/" not in name}
    assert held == there
    assert "tap_amazon_vendor/py.typed" in held


def test_a_wheel_made_from_the_sdist_is_the_same(distributions: Path, tmp_path: Path) -> None:
    (sdist,), (wheel,) = distributions.glob("*.tar.gz"), distributions.glob("*.whl")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    build(source, tmp_path / "made", "wheel")
    (made,) = (tmp_path / "made").glob("*.whl")
    assert made.name == wheel.name
    assert contents(made) == contents(wheel)


def test_the_files_that_the_readme_links_to_are_in_the_sdist(distributions: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = {*re.findall(r"\]\(([^)#:]+)\)", readme)}
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"docs/connect.md", "docs/stream-maps.md"} <= links <= names


def test_both_command_lines_run(commands: Path, variables: dict[str, str], tmp_path: Path) -> None:
    version = run([str(commands / "tap-amazon-vendor"), "--version"], tmp_path, variables)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (expected,) = re.findall(r'^version = "(.+)"$', project, re.MULTILINE)
    assert f"v{expected}," in version
    helped = run([str(commands / "amazon-vendor"), "--help"], tmp_path, variables)
    assert all(name in helped for name in ("authorize", "doctor", "plan", "sandbox"))


def test_the_tap_reads_from_the_sandbox_that_comes_with_it(
    commands: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    """Streams of a vendor and of a seller, all of which it discovers."""
    tap = [str(commands / "tap-amazon-vendor"), "--config", "config.json"]
    with sandbox(commands, tmp_path, variables) as url:
        (tmp_path / "config.json").write_text(json.dumps(vendor_and_seller(url)), encoding="utf-8")
        catalog = json.loads(run([*tap, "--discover"], tmp_path, variables))
        # Advertising is not configured.
        wanted = {name for name in SCHEMAS if not name.startswith("ads_")} | {"report_rejects_restricted"}
        assert {entry["tap_stream_id"] for entry in catalog["streams"]} == wanted
        for entry in catalog["streams"]:
            (whole,) = (item for item in entry["metadata"] if item["breadcrumb"] == [])
            whole["metadata"]["selected"] = entry["tap_stream_id"] in {*STREAMS, "report_ledger"}
        (tmp_path / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
        lines = run([*tap, "--catalog", "catalog.json"], tmp_path, variables).splitlines()
    records = [message for message in map(json.loads, lines) if message["type"] == "RECORD"]
    rows = Counter(message["stream"] for message in records)
    assert rows.keys() == {*STREAMS, "report_ledger"}
    ledger = [message["record"] for message in records if message["stream"] == "report_ledger"]
    assert {row["outcome"] for row in ledger} == {"loaded"}
    assert sum(row["rows"] for row in ledger) == sum(rows[name] for name in STREAMS)


def vendor_and_seller(url: str) -> dict[str, Any]:
    """Two accounts of the sandbox, and the last days that Amazon has."""
    sample = json.loads((ROOT / "sample_config.json").read_text(encoding="utf-8"))
    vendor = sample | {"account": "vendor", "api_url": url, "auth_url": f"{url}/auth/o2/token"}
    seller = vendor | {"account": "shop", "account_type": "seller", "refresh_token": "Atzr|sandbox-seller-us"}
    start = datetime.now(timezone.utc) - timedelta(days=9)
    return {"accounts": [vendor, seller], "start_date": start.date().isoformat()}
