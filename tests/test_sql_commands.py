"""The SQL of `amazon-vendor tables` and `comments`, in a real PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from click.testing import CliRunner
from embedded_postgres import postgres, remove

from tap_amazon_vendor.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from embedded_postgres import Postgres

#: What breaks careless quoting.
AWKWARD = 'It\'s 100 %s \\ $comments$ $$ "x"; drop table a; -- {0} \n é'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    folder = tmp_path_factory.mktemp("pg") / "postgres"
    with postgres(folder) as there:
        yield there
    remove(folder)


def stream(
    name: str, columns: dict[str, Any], keys: list[str], *left_out: str, selected: bool = True
) -> dict[str, Any]:
    chosen = [{"breadcrumb": [], "metadata": {"selected": selected}}]
    chosen += [{"breadcrumb": ["properties", each], "metadata": {"selected": False}} for each in left_out]
    schema = {"type": "object", "description": AWKWARD, "properties": columns}
    return {"tap_stream_id": name, "stream": name, "schema": schema, "key_properties": keys, "metadata": chosen}


COLUMNS: dict[str, Any] = {
    "id": {"type": "string", "description": AWKWARD},
    'odd "name"': {"type": ["null", "string"], "format": "date-time", "description": "A time."},
    "day": {"type": ["string", "null"], "format": "date"},
    "units": {"type": ["integer", "null"]},
    "price": {"type": ["number", "null"]},
    "open": {"type": ["boolean", "null"]},
    "parts": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
    "more": {"type": ["object", "null"], "properties": {}},
    "left": {"type": ["string", "null"], "description": "Not selected."},
}
STREAMS = [
    stream("loaded", COLUMNS, ["id"], "left"),
    stream("absent", COLUMNS, ["id"]),
    stream("deselected", COLUMNS, ["id"], selected=False),
]


def printed(command: str, streams: list[dict[str, Any]], folder: Path, schema: str) -> str:
    file = folder / "catalog.json"
    file.write_text(json.dumps({"streams": streams}))
    result = CliRunner().invoke(cli, [command, "--catalog", str(file), "--schema", schema])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_tables_have_the_selected_columns_and_times_with_their_zone(server: Postgres, tmp_path: Path) -> None:
    with psycopg.connect(server.dsn) as connection:
        for _ in range(2):
            connection.execute(printed("tables", [STREAMS[0], STREAMS[2]], tmp_path, "made").encode())
        found = connection.execute(
            "select column_name, udt_name, is_nullable from information_schema.columns"
            " where table_schema = 'made' order by ordinal_position"
        ).fetchall()
    assert found == [
        ("id", "text", "NO"),
        ('odd "name"', "timestamptz", "YES"),
        ("day", "date", "YES"),
        ("units", "int8", "YES"),
        ("price", "numeric", "YES"),
        ("open", "bool", "YES"),
        ("parts", "_text", "YES"),
        ("more", "jsonb", "YES"),
    ]


def test_comments_say_what_the_catalog_says_and_pass_over_what_is_not_there(server: Postgres, tmp_path: Path) -> None:
    words = printed("comments", STREAMS, tmp_path, 'odd "schema"')
    with psycopg.connect(server.dsn) as connection:
        # Neither the schema is there, nor any table of it.
        connection.execute(words.encode())
        connection.execute('create schema "odd ""schema"""')
        connection.execute('create table "odd ""schema""".loaded (id text, "odd ""name""" timestamptz, "left" text)')
        connection.execute(words.encode())
        table = '\'"odd ""schema""".loaded\'::regclass'
        found = connection.execute(
            f"select obj_description({table}), array(select col_description({table}, n) from generate_series(1, 3) n)"  # noqa: S608
        ).fetchall()
    assert found == [(AWKWARD, [AWKWARD, "A time.", None])]


@pytest.mark.parametrize("command", ["tables", "comments"])
@pytest.mark.parametrize("content", ["", "[]", "{}", '{"streams": [{}]}', "not JSON"])
def test_what_is_no_catalog_is_refused_in_one_message(command: str, content: str) -> None:
    result = CliRunner().invoke(cli, [command, "--catalog", "-"], input=content)
    assert result.exit_code == 2
    assert "not a catalog" in result.stderr
