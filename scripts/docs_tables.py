"""Writes the tables of the documentation: the settings from `--about`, the streams from their declarations.

python3 scripts/docs_tables.py
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import bootstrap

if __name__ == "__main__":
    bootstrap.in_venv(__file__)

from click.testing import CliRunner

from tap_amazon_vendor.audit.rejects import rejects_name
from tap_amazon_vendor.audit.stream import ReportLedger
from tap_amazon_vendor.config.settings_schema import SCHEMA
from tap_amazon_vendor.streams import GROUPS
from tap_amazon_vendor.tap import EVERY_STREAM, TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tap_amazon_vendor.streams import AnyRows

DOCS = bootstrap.ROOT / "docs"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def settings() -> str:
    """The tap's own settings, from `tap-amazon-vendor --about --format json`."""
    about = json.loads(CliRunner().invoke(TapAmazonVendor.cli, ["--about", "--format", "json"]).stdout)
    rows = [
        (f"`{name}`" + (" (secret)" if setting.get("secret") else ""), default(setting), setting["description"])
        for name, setting in about["settings"]["properties"].items()
        if name in SCHEMA["properties"]
    ]
    return table(["setting", "default", "meaning"], rows)


def default(setting: dict[str, Any]) -> str:
    """Write a default as JSON."""
    return f"`{json.dumps(setting['default'])}`" if "default" in setting else ""


def streams() -> str:
    """The streams, a table for each permission group that a reader opens."""
    tap = TapAmazonVendor(config=dict(EVERY_STREAM), validate_config=False)
    groups = {
        group: [(f"`{stream.name}`", f"`{source(stream)}`", *told(tap, stream.name)) for stream in members]
        for group, members in GROUPS.items()
    }
    audit = (ReportLedger.name, *(rejects_name(restricted=restricted) for restricted in (False, True)))
    groups["Audit"] = [(f"`{name}`", "", *told(tap, name)) for name in audit]
    return "\n\n".join(
        f'<details markdown="1">\n<summary>{group}: {", ".join(name.strip("`") for name, *_ in rows)}</summary>\n\n'
        f"{table(['stream', 'report or operation', 'primary key', 'rows'], rows)}\n\n</details>"
        for group, rows in groups.items()
    )


def source(stream: AnyRows) -> str:
    """Amazon's name of what a stream reads."""
    return stream.source


def told(tap: TapAmazonVendor, name: str) -> tuple[str, str]:
    """The primary key of a stream, and its schema's description."""
    stream = tap.streams[name]
    return ", ".join(stream.primary_keys), str(stream.schema["description"])


#: The tables, by their page and the name of their markers.
TABLES = {"settings": settings, "streams": streams}


def page(name: str) -> Path:
    """The page that holds a table."""
    return DOCS / f"{name}.md"


def render(name: str) -> str:
    """A page with its table put between the markers."""
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    content = TABLES[name]()
    return marked.sub(lambda match: f"{match[1]}{content}\n{match[2]}", page(name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    for each in TABLES:
        page(each).write_text(render(each), encoding="utf-8")
