"""The Airbyte source under clients that nobody here wrote: PyAirbyte and its `pyab validate`.

They need an environment of their own (Python < 3.13, `pip install "airbyte==0.71.*"`): `PYAIRBYTE_VENV` is its folder.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ads_seed import consent
from bootstrap import ROOT

from amazon_sandbox import Sandbox, running
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(sys.executable).with_name("source-amazon-vendor")
VENV = Path(os.environ.get("PYAIRBYTE_VENV", "/nowhere"))
OFFLINE = {"AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1"}

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(not (VENV / "bin" / "pyab").exists(), reason="PYAIRBYTE_VENV names no environment of PyAirbyte"),
]

#: Reads every stream twice, and prints the records read and the rows of each table as JSON.
READS = """
import json, sys
import airbyte
source = airbyte.get_source("source-amazon-vendor", local_executable=sys.argv[1], config=json.load(open(sys.argv[2])))
source.check()
source.select_all_streams()
cache = airbyte.caches.DuckDBCache(db_path=sys.argv[3])
for _ in range(2):
    result = source.read(cache=cache)
    tables = {name: len(stream) for name, stream in result.streams.items()}
    print("\\n=" + json.dumps({"records": result.processed_records, "tables": tables}))
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The configuration for a vendor with advertising, and a seller, of a local Amazon."""
    with running(Sandbox(speed=3000, asins=6, search_terms=20)) as server:
        sample = json.loads((ROOT / "sample_config.json").read_text(encoding="utf-8"))
        urls = {"api_url": server.url, "auth_url": server.auth_url}
        login = sample | urls
        vendor = login | {"account": "vendor", "ads": consent(server.url, server.auth_url)}
        seller = login | {"account": "shop", "account_type": "seller", "refresh_token": "Atzr|sandbox-seller-us"}
        file = tmp_path_factory.mktemp("airbyte") / "config.json"
        file.write_text(json.dumps({"credentials": {"auth_type": "accounts", "accounts": [vendor, seller]}}))
        yield file


def run(folder: Path, *command: object) -> str:
    """Run a command in a folder, because PyAirbyte keeps its cache in the current one."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder, env=os.environ | OFFLINE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_pyairbyte_reads_every_stream_twice(config: Path, tmp_path: Path) -> None:
    printed = run(tmp_path, VENV / "bin" / "python", "-c", READS, SOURCE, config, tmp_path / "cache.duckdb")
    first, second = map(json.loads, re.findall(r"^=(.*)$", printed, re.MULTILINE))
    accounts: Any = json.loads(config.read_text())["credentials"]["accounts"]
    assert first["tables"].keys() == TapAmazonVendor(config={"accounts": accounts}).streams.keys()
    assert sum(first["tables"].values()) == first["records"] > 0
    # The second reads what may be restated, into the same rows.
    assert 0 < second["records"] < first["records"]
    for name, rows in second["tables"].items():
        assert rows >= first["tables"][name]


def test_pyab_validates_the_source(config: Path, tmp_path: Path) -> None:
    command = VENV / "bin" / "pyab", "validate", f"--connector={SOURCE}", f"--config={config}"
    assert "check succeeded" in run(tmp_path, *command)
