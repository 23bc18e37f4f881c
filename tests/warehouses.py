"""Warehouses that the dbt package is built in: a DuckDB file, and a PostgreSQL server that target-postgres loads.

dbt has an environment of its own, because what it needs and what Meltano needs don't agree: the folder `DBT_VENV`, or
one that is made in `.demo` from dbt/requirements.lock.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bootstrap
import psycopg

if TYPE_CHECKING:
    from embedded_postgres import Postgres
    from world import Row, Run

PACKAGE = bootstrap.ROOT / "dbt"
TARGET_POSTGRES = shutil.which("target-postgres")


@cache
def programs() -> Path:
    """The folder of dbt and its Python."""
    if "DBT_VENV" in os.environ:
        return Path(os.environ["DBT_VENV"], "bin")
    folder, locked = bootstrap.DEMO / "dbt", bootstrap.DBT_LOCK.read_text(encoding="utf-8")

    def install() -> None:
        venv.create(folder, clear=True, symlinks=True, with_pip=True)
        bootstrap.install_locked(folder / "bin" / "python", locked, bootstrap.DEMO / "pip-dbt-checks.log")

    parts = [sys.version.encode(), locked.encode()]
    with bootstrap.alone("installation", wait=True):
        bootstrap.Once(folder / ".made-from", parts, "Installing dbt for the tests", install)()
    return folder / "bin"


#: Loads Singer messages into a DuckDB file as a target does: by key.
LOADER = """
import json, sys
import duckdb
TYPES = {"integer": "bigint", "number": "double", "boolean": "boolean", "date": "date", "date-time": "timestamptz"}
database = duckdb.connect(sys.argv[1])
database.execute("create schema if not exists amazon")
columns, keys, rows = {}, {}, {}
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "SCHEMA":
        told = message["schema"]["properties"]
        def kind(column):
            word = next(word for word in [column["type"]] if word) if isinstance(column["type"], str) else next(
                word for word in column["type"] if word != "null")
            return TYPES.get(word) or TYPES.get(column.get("format"), "varchar")
        name = message["stream"]
        columns[name], keys[name] = list(told), message["key_properties"]
        rows.setdefault(name, {})
        body = ", ".join(f'"{name}" {kind(column)}' for name, column in told.items())
        key = ", ".join(f'"{name}"' for name in message["key_properties"])
        database.execute(f'create table if not exists amazon."{message["stream"]}" ({body}, primary key ({key}))')
    elif message["type"] == "RECORD":
        name, record = message["stream"], message["record"]
        values = [record.get(column) for column in columns[name]]
        values = [json.dumps(each) if isinstance(each, (dict, list)) else each for each in values]
        rows[name][tuple(record[column] for column in keys[name])] = values
for name, table in rows.items():
    # As one file: row by row would take minutes.
    with open(sys.argv[1] + ".json", "w") as file:
        for values in table.values():
            file.write(json.dumps(dict(zip(columns[name], values))) + "\\n")
    texts = {column: "varchar" for column in columns[name]}
    read = f"read_json('{file.name}', format='newline_delimited', columns={texts})"
    if table:
        database.execute(f'insert or replace into amazon."{name}" select * from {read}')
"""

#: Runs SQL on a DuckDB file and prints the rows as JSON.
QUERY = """
import json, sys
import duckdb
print(json.dumps(duckdb.connect(sys.argv[1]).execute(sys.argv[2]).fetchall(), default=str))
"""


class Duck:
    """A DuckDB file that dbt builds in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "warehouse.duckdb"
        self.profile: Row = {"type": "duckdb", "path": str(self.file), "schema": "answers", "threads": 2}

    def load(self, run: Run) -> None:
        command = [str(programs() / "python"), "-c", LOADER, str(self.file)]
        subprocess.run(command, input=b"".join(run.lines), check=True)

    def query(self, text: str) -> list[Any]:
        command = [str(programs() / "python"), "-c", QUERY, str(self.file), text]
        rows: list[Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        return rows


class Elephant:
    """A PostgreSQL server that target-postgres loads and dbt builds in."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        self.folder = folder
        self.server = server
        self.profile: Row = {
            "type": "postgres",
            "host": str(server.socket_folder),
            "user": "postgres",
            "password": "",
            "port": 5432,
            "dbname": "postgres",
            "schema": "answers",
            "threads": 2,
        }

    def load(self, run: Run) -> None:
        config = self.folder / "target.json"
        config.write_text(json.dumps({"sqlalchemy_url": self.server.url, "default_target_schema": "amazon"}))
        command = [str(TARGET_POSTGRES), "--config", str(config)]
        subprocess.run(command, input=b"".join(run.lines), check=True, capture_output=True)

    def query(self, text: str) -> list[Any]:
        with psycopg.connect(self.server.dsn) as connection:
            return connection.execute(text.encode()).fetchall()


Warehouse = Duck | Elephant


def dbt(warehouse: Warehouse, *words: str) -> Counter[tuple[str, str]]:
    """Run dbt and count the kinds of nodes that ended in each status."""
    folder = warehouse.folder
    profile = {"amazon_vendor": {"target": "test", "outputs": {"test": warehouse.profile}}}
    (folder / "profiles.yml").write_text(json.dumps(profile))
    places = {"project-dir": PACKAGE, "profiles-dir": folder, "target-path": folder, "log-path": folder}
    options = [f"--{name}={place}" for name, place in places.items()]
    environment = os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    ran = subprocess.run(
        [str(programs() / "dbt"), *words, *options], env=environment, capture_output=True, text=True, check=False
    )
    results = folder / "run_results.json"
    assert results.exists(), ran.stdout
    nodes = json.loads(results.read_text(encoding="utf-8"))["results"]
    results.unlink()
    failed = [node for node in nodes if node["status"] not in {"success", "pass"}]
    if words[0] == "build":
        assert not failed, ran.stdout
    return Counter((node["unique_id"].split(".")[0], node["status"]) for node in nodes)
