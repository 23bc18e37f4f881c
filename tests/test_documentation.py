"""The documentation's links lead somewhere, and its commands and queries are ones that exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg
import pytest
from click.testing import CliRunner
from embedded_postgres import postgres, remove
from stream_pages import stream_pages

from tap_amazon_vendor.cli.main import cli
from tap_amazon_vendor.streams import STREAMS
from tap_amazon_vendor.tap import EVERY_STREAM, TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    assert {*PAGES} - reached <= {ROOT / "docs" / "index.md"}


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
    commands = amazon_vendor_commands()
    assert len(commands) > 10  # fewer would mean that none are found
    for _, name, *words in commands:
        command = cli.get_command(click.Context(cli), name)
        assert command, name
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word.split("=")[0] for word in words if word.startswith("--")} <= options


#: The queries of all pages, and of those that are made while the site is built.
QUERIES = [*blocks("sql"), *((f"{name}.md", query(text)) for name, text in stream_pages().items())]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
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
            yield server.dsn
    finally:
        remove(folder / "postgres")


@pytest.mark.parametrize(("page", "query"), QUERIES, ids=[f"{page}-{n}" for n, (page, _) in enumerate(QUERIES)])
def test_every_query_runs(page: str, query: str, database: str) -> None:
    assert page.endswith(".md")
    with psycopg.connect(database, options="-c search_path=amazon") as connection:
        connection.execute(query)
        connection.rollback()


def test_the_site_builds_without_warnings(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    pages = {path.parent.name for path in (tmp_path / "site" / "streams").glob("*/index.html")}
    assert {stream.name for stream in STREAMS} <= pages
    assert 'href="vendor_sales/"' in (tmp_path / "site" / "streams" / "index.html").read_text(encoding="utf-8")
