"""The SQL of the dbt package for warehouses that no test can reach: compiled offline, parsed in their dialect.

`DBT_WAREHOUSES` is the folder of an environment with their adapters and sqlglot. CI has one; nothing else needs it.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from warehouses import PACKAGE

BIN = Path(os.environ.get("DBT_WAREHOUSES", "/nowhere"), "bin")
PROFILES: dict[str, dict[str, object]] = {
    "snowflake": {"account": "a", "user": "u", "password": "p", "role": "r", "database": "d", "warehouse": "w"},
    "bigquery": {"method": "oauth-secrets", "token": "t", "project": "p", "dataset": "answers"},
    "redshift": {"host": "h", "user": "u", "password": "p", "port": 5439, "dbname": "d"},
}
#: Parses all models and tests in a dialect, and prints what can't be parsed and which functions are unknown.
READ = """
import json, sys
from pathlib import Path
import sqlglot
from sqlglot import exp
told = {}
for node in json.loads(Path(sys.argv[2], "manifest.json").read_text(encoding="utf-8"))["nodes"].values():
    try:
        tree = sqlglot.parse_one(node["compiled_code"], dialect=sys.argv[1])
        unknown = sorted({part.name.lower() for part in tree.find_all(exp.Anonymous)})
        told[node["name"]] = unknown if isinstance(tree, exp.Query) else ["no query"]
    except sqlglot.errors.SqlglotError as error:
        told[node["name"]] = [str(error)]
print(json.dumps(told))
"""
#: Functions of the warehouse that sqlglot does not know.
KNOWN: dict[str, set[str]] = {"snowflake": set(), "bigquery": set(), "redshift": set()}


@pytest.mark.exhaustive
@pytest.mark.skipif(not BIN.exists(), reason="DBT_WAREHOUSES names no environment with adapters")
@pytest.mark.parametrize("warehouse", PROFILES)
def test_all_models_are_valid_sql_for_the_warehouse(warehouse: str, tmp_path: Path) -> None:
    profile = {"type": warehouse, "schema": "answers", "threads": 1, **PROFILES[warehouse]}
    (tmp_path / "profiles.yml").write_text(json.dumps({"amazon_vendor": {"target": "t", "outputs": {"t": profile}}}))
    places = {"project-dir": PACKAGE, "profiles-dir": tmp_path, "target-path": tmp_path, "log-path": tmp_path}
    options = [f"--{name}={place}" for name, place in places.items()]
    environment = os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    words = [str(BIN / "dbt"), "compile", "--no-introspect", "--no-populate-cache", *options]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    read = [str(BIN / "python"), "-c", READ, warehouse, str(tmp_path)]
    told = json.loads(subprocess.run(read, capture_output=True, check=True).stdout)
    models = {path.stem for folder in ("models", "snapshots") for path in (PACKAGE / folder).rglob("*.sql")}
    assert told.keys() >= models
    wrong = {name: found for name, found in told.items() if not set(found) <= KNOWN[warehouse]}
    assert not wrong
