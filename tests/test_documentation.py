"""The documentation's links lead somewhere, its commands and queries run, and its site builds."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click
import commands
import psycopg
import pytest
from click.testing import CliRunner
from embedded_postgres import postgres, remove
from stream_pages import stream_pages

from amazon_sandbox import Sandbox, running
from tap_amazon_vendor.cli.main import cli
from tap_amazon_vendor.streams import STREAMS
from tap_amazon_vendor.tap import EVERY_STREAM, TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_postgres import Postgres

    from amazon_sandbox.server import Server

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])

#: A link inside the repository: its path and section.
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#{1,4} (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(text)}


def blocks(*languages: str) -> Iterator[tuple[str, str]]:
    """Yield the code blocks of all pages in some languages: the page's name, and the code."""
    for page in PAGES:
        for language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
            if language in languages:
                yield page.name, code


def query(text: str) -> str:
    """Return the one query of a stream's page."""
    (found,) = [code for language, code in BLOCK.findall(text) if language == "sql"]
    return str(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), path
        if anchor:
            assert anchor in anchors(there.read_text(encoding="utf-8")), f"{path}#{anchor}"


def test_every_page_is_reached_from_the_readme() -> None:
    reached, left = set(), {ROOT / "README.md"}
    while left:
        page = left.pop()
        reached.add(page)
        links = {(page.parent / path).resolve() for path, _ in LINK.findall(page.read_text(encoding="utf-8")) if path}
        left |= {path for path in links if path.suffix == ".md"} - reached
    # The home of the site, and where GitHub looks for the way to contribute.
    assert {*PAGES} - reached <= {ROOT / "docs" / "index.md", ROOT / "CONTRIBUTING.md"}


def amazon_vendor_commands() -> list[list[str]]:
    """Return the calls of `amazon-vendor` in all pages, split into words."""
    lines = (line.strip() for _, code in blocks("sh") for line in code.splitlines())
    inline = (text for page in PAGES for text in re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")))
    return [
        shlex.split(text.split("|")[0])
        for text in (*lines, *inline)
        if re.match(r"(\.venv/bin/)?amazon-vendor [a-z]", text)
    ]


def test_every_command_and_option_exists() -> None:
    for _, name, *words in amazon_vendor_commands():
        command = cli.get_command(click.Context(cli), name)
        assert command, name
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word.split("=")[0] for word in words if word.startswith("--")} <= options


#: The queries of all pages, and of those that are made while the site is built.
STREAM_PAGES = stream_pages()
QUERIES = [*blocks("sql"), *((f"{name}.md", query(text)) for name, text in STREAM_PAGES.items())]


#: A day in the ledger, for what draws it.
LEDGER = """
insert into amazon.report_ledger
  (account, marketplace_id, country_code, report_options, report_type, stream_name, outcome,
   window_start, window_end, recorded_at)
values ('default', 'ATVPDKIKX0DER', 'US', 'reportPeriod=DAY', 'GET_VENDOR_TRAFFIC_REPORT', 'vendor_traffic', 'loaded',
        '2026-11-01', '2026-11-01', '2026-11-05')
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL with an empty table for every stream."""
    folder = tmp_path_factory.mktemp("documentation")
    tap = TapAmazonVendor(config=dict(EVERY_STREAM), validate_config=False)
    catalog = tap.catalog_dict
    for entry in catalog["streams"]:
        (whole,) = (item for item in entry["metadata"] if item["breadcrumb"] in ([], ()))
        whole["metadata"]["selected"] = True
    (folder / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    tables = CliRunner().invoke(cli, ["tables", "--catalog", str(folder / "catalog.json"), "--schema", "amazon"])
    try:
        with postgres(folder / "postgres") as server:
            with psycopg.connect(server.dsn) as connection:
                connection.execute(tables.stdout)
                connection.execute(LEDGER)
            yield server
    finally:
        remove(folder / "postgres")


@pytest.mark.parametrize(("page", "query"), QUERIES, ids=[f"{page}-{n}" for n, (page, _) in enumerate(QUERIES)])
def test_every_query_runs(page: str, query: str, database: Postgres) -> None:
    assert page.endswith(".md")
    with psycopg.connect(database.dsn, options="-c search_path=amazon") as connection:
        connection.execute(query)
        connection.rollback()


#: Commands that do not run here, and where they run instead, or why nowhere. Each is the beginning of a command.
ELSEWHERE = {
    "python3 scripts/demo.py": "test_end_to_end.py: it makes an environment of its own",
    "python3 scripts/check.py": "it is what runs the tests",
    "python3 scripts/": "test_packaging.py, test_meltano_definition.py, test_dbt.py: they write into the clone",
    ".venv/bin/python scripts/": "test_check_schemas.py, test_data_kiosk.py: they need Amazon's own schemas",
    ".venv/bin/python -m pytest": "it runs tests",
    "python3 benchmarks/": "test_benchmarks.py: they take hours",
    "python benchmarks/": "test_benchmarks.py: they take hours",
    ".venv/bin/pre-commit install": "it changes the clone's hooks",
    "amazon-vendor authorize": "test_authorize.py: somebody has to consent in a browser",
    "amazon-vendor sandbox": "it does not end; its server is what all tests talk to",
    "meltano": "test_end_to_end.py, test_meltano.py, test_meltano_definition.py: each start takes seconds",
    "dbt": "test_dbt.py, in an environment of its own",
    "python3 -m venv dbt-env": "test_dbt.py, in an environment of its own",
    "pip install": "test_distributions.py: it needs a package index",
    "docker": "it needs a daemon; test_deploy.py reads the files",
    "30 11 * * *": "a line of a crontab",
    "DAGSTER_HOME=": "test_dagster.py, in an environment of its own",
}

#: The programs whose calls in running text are commands, where they have an option.
PROGRAMS = re.compile(r"(\.venv/bin/)?(\w+-)?amazon-vendor .*(--|\|)|(\S*/)?(python3?|meltano|docker|pip|dbt) ")


def documented(page: Path) -> list[str]:
    """Return the commands of a page: the lines of its shell blocks, then those in its text."""
    text = page.read_text(encoding="utf-8")
    lines = [line.strip() for language, code in BLOCK.findall(text) if language == "sh" for line in code.splitlines()]
    inline = [each for each in re.findall(r"`([^`\n]+)`", BLOCK.sub("", text)) if PROGRAMS.match(each)]
    return [line for line in (*lines, *inline) if line and not line.startswith("#")]


def elsewhere(command: str) -> str | None:
    """Return which beginning of a command says that it does not run here."""
    plain = re.sub(r"^(\.venv|dbt-env)/bin/(?!python|pre-commit)", "", command)
    return next((start for start in ELSEWHERE if plain.startswith(start)), None)


#: Commands that run here, by page: each once, in the order of the page, because one may need another one's files.
RUN = {page: [each for each in dict.fromkeys(documented(page)) if not elsewhere(each)] for page in PAGES}


def test_no_reason_is_left_over() -> None:
    assert {elsewhere(each) for page in PAGES for each in documented(page)} - {None} == ELSEWHERE.keys()
    assert sum(map(len, RUN.values())) > 10  # fewer would mean that none are found


@pytest.fixture(scope="module")
def amazon() -> Iterator[Server]:
    with running(Sandbox(speed=3000, asins=2, search_terms=5)) as server:
        yield server


@pytest.fixture
def newcomer(tmp_path: Path, amazon: Server, database: Postgres) -> dict[str, str]:
    """A folder with what the documentation takes for granted, and the environment of somebody who works there."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "psql").symlink_to(database.psql)
    # The first line of a script takes no path with a space.
    (programs / "your-target.py").write_text(f"{TARGET}\n", encoding="utf-8")
    words = f'exec "{sys.executable}" "{programs}/your-target.py"'
    (programs / "your-target").write_text(f"#!/bin/sh\n{words}\n", encoding="utf-8")
    (programs / "your-target").chmod(0o755)
    settings = json.loads((ROOT / "sample_config.json").read_text(encoding="utf-8"))
    last_week = datetime.now(timezone.utc) - timedelta(days=7)
    settings |= {"api_url": amazon.url, "auth_url": amazon.auth_url, "start_date": f"{last_week:%Y-%m-%d}"}
    account = {name: settings.pop(name) for name in ("client_id", "client_secret", "refresh_token", "marketplaces")}
    for name, content in {
        "sample_config.json": settings | account,
        "config.json": settings | account,
        "state.json": {},
    }.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "returns.txt").write_text("return-date\torder-id\tsku\n", encoding="utf-8")
    variables = {
        f"TAP_AMAZON_VENDOR_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in (settings | account).items()
    }
    own = {name: value for name, value in os.environ.items() if not name.startswith("TAP_AMAZON_VENDOR_")}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return {**own, **variables, "PATH": path, "DATABASE": database.dsn}


def write_airbytes_files(folder: Path) -> None:
    """Give a folder the configuration and the configured catalog that an Airbyte platform would."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    account = {name: config.pop(name) for name in ("client_id", "client_secret", "refresh_token", "marketplaces")}
    config["credentials"] = {"auth_type": "account", **account}
    stream = {"name": "vendor_traffic", "json_schema": {}, "supported_sync_modes": ["incremental"]}
    selected = {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "catalog.json").write_text(json.dumps({"streams": [selected]}), encoding="utf-8")
    (folder / "state.json").write_text("[]", encoding="utf-8")


#: Our programs, as Python.
PROGRAM_CODE = {
    "amazon-vendor": "from tap_amazon_vendor.cli.main import cli; cli(prog_name='amazon-vendor')",
    "tap-amazon-vendor": "from tap_amazon_vendor.tap import TapAmazonVendor; TapAmazonVendor.cli()",
    "source-amazon-vendor": "from tap_amazon_vendor.airbyte.source import cli; cli()",
}

#: A target that takes Singer messages and nothing else.
TARGET = "import json, sys; print({json.loads(line)['type'] for line in sys.stdin})"

#: A command: variables, one of our programs with its arguments, and where its output goes.
COMMAND = re.compile(r"((?:\w+=\S+ )*)(?:\.venv/bin/)?(\S+)( [^|>]+?)?(?: > (\S+)| \| (.+))?")


def run(command: str, folder: Path, variables: dict[str, str]) -> None:
    """Run a command as a shell would."""
    match = COMMAND.fullmatch(command)
    assert match, command
    assigned, program, arguments, file, other = match.groups(default="")
    own = dict(each.split("=", 1) for each in shlex.split(assigned))
    done = commands.run(PROGRAM_CODE[program], *shlex.split(arguments), cwd=folder, env=variables | own)
    assert done.returncode == 0, f"{command}\n{done.stdout[-1000:]}{done.stderr[-2000:]}"
    if file:
        (folder / file).write_text(done.stdout, encoding="utf-8")
    if other:
        subprocess.run(["bash", "-c", other], input=done.stdout, cwd=folder, env=variables, text=True, check=True)


@pytest.mark.parametrize("page", [page for page, found in RUN.items() if found], ids=lambda page: page.name)
def test_every_command_runs(page: Path, newcomer: dict[str, str], tmp_path: Path, database: Postgres) -> None:
    if page.name == "airbyte.md":
        write_airbytes_files(tmp_path)
    for command in RUN[page]:
        run(command.replace("postgresql+psycopg://user@host/database", f"'{database.url}'"), tmp_path, newcomer)


@pytest.mark.parametrize("name", [stream.name for stream in STREAMS])
def test_the_page_of_a_stream_says_what_a_reader_wants_to_know(name: str) -> None:
    text = STREAM_PAGES[name]
    for words in ("**One row is ", "| Primary key |", "| Bookmark |", "| Role |", "| Countries |", "## Query"):
        assert words in text
    told = text.partition("## History, freshness and cost")[2].partition("## Query")[0]
    # What it costs, or why nothing.
    assert re.search(r"\d requests?\b|costs no|costs one report|\[inbox\]", told)
    assert all(
        re.fullmatch(r"\| `\w+` \| \w+ \| \S.* \|", line) for line in text.rpartition("| --- |\n")[2].splitlines()
    )


def test_the_site_builds_without_warnings(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    pages = {path.parent.name for path in (tmp_path / "site" / "streams").glob("*/index.html")}
    assert pages == STREAM_PAGES.keys() >= {stream.name for stream in STREAMS}
    assert 'href="vendor_sales/"' in (tmp_path / "site" / "streams" / "index.html").read_text(encoding="utf-8")
