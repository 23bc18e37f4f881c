"""Writes what Meltano is told of the tap: its settings in meltano.yml, and the definition for Meltano Hub.

python3 scripts/meltano_definition.py

Both are made from what the tap says of itself (`--about`); meltano.yml says the rest of the plugin, and the Hub's
definition takes it from there. The Hub knows no other keys than these (docs/meltano-hub.md).
"""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

import bootstrap

if __name__ == "__main__":
    bootstrap.in_venv(__file__)

import yaml
from click.testing import CliRunner

from tap_amazon_vendor.config.settings_schema import SCHEMA
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Iterator

MELTANO_FILE = bootstrap.ROOT / "meltano.yml"
HUB_FILE = bootstrap.ROOT / "deploy" / "meltano-hub" / "tap-amazon-vendor.yml"

#: Characters of a line.
WIDTH = 120

KINDS = {
    "array": "array",
    "boolean": "boolean",
    "integer": "integer",
    "number": "decimal",
    "object": "object",
    "string": "string",
}

#: What a person reads in place of a value.
LABELS = {"na": "North America", "eu": "Europe", "fe": "Far East"}


def url(name: str) -> str:
    """Return an address of the project, from pyproject.toml."""
    project = (bootstrap.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (found,) = re.findall(rf'^{name} = "(https://.+)"$', project, re.MULTILINE)
    return str(found)


#: What only the Hub is told. It calls a tap's variants by the owners of their repositories.
HUB_ONLY = {
    "variant": url("Repository").split("/")[-2],
    "repo": url("Repository"),
    "docs": url("Documentation"),
    "pip_url": "tap-amazon-vendor",
    "domain_url": "https://developer-docs.amazon.com/sp-api/",
    "logo_url": "/assets/logos/extractors/amazon-vendor.png",
    "maintenance_status": "active",
    "quality": "silver",
    "keywords": ["advertising", "api", "e-commerce", "meltano_sdk"],
    "supported_python_versions": [f"3.{minor}" for minor in range(10, 15)],
    "settings_preamble": "Set one account, several in `accounts`, Amazon Ads alone in `ads`, or an `inbox` of "
    "report files.",
}

#: What of meltano.yml only a project needs.
PROJECT_ONLY = {"pip_url", "use_cached_catalog"}


def setting(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return what Meltano is told of a setting."""
    (kind,) = {KINDS[word] for word in schema["type"] if word != "null"}
    options = [value for value in schema.get("enum", []) if value is not None]
    if schema.get("format") == "date-time":
        kind = "date_iso8601"
    told = {
        "name": name,
        "label": schema["title"],
        "kind": "options" if options else kind,
        "value": schema.get("default"),
        "sensitive": '"secret": true' in json.dumps(schema) or None,
        "description": schema["description"],
        "options": [{"label": LABELS.get(value, value.capitalize()), "value": value} for value in options] or None,
    }
    return {key: value for key, value in told.items() if value is not None}


def settings() -> list[dict[str, Any]]:
    """Return what Meltano is told of each setting: the tap's own, then the SDK's."""
    about = json.loads(CliRunner().invoke(TapAmazonVendor.get_singer_command(), ["--about", "--format", "json"]).stdout)
    return [setting(name, schema) for name, schema in about["settings"]["properties"].items()]


def hub_definition() -> dict[str, Any]:
    """Return the definition for Meltano Hub."""
    project = yaml.safe_load(MELTANO_FILE.read_text(encoding="utf-8"))
    (plugin,) = project["plugins"]["extractors"]
    told = {key: value for key, value in plugin.items() if key not in PROJECT_ONLY}
    return told | HUB_ONLY | {"settings": settings(), "next_steps": next_steps(plugin["select"])}


def next_steps(select: list[str]) -> str:
    """Return what a user does after `meltano add`, which does not take over `select` from a file."""
    names = [rule.removeprefix("!").partition("*")[0] for rule in select if rule.startswith("!")]
    exclusions = (f"--exclude tap-amazon-vendor '{name}*' '*'" for name in names)
    # With exclusions alone nothing would be selected.
    commands = "\n".join(f"meltano select {words}" for words in ("tap-amazon-vendor '*' '*'", *exclusions))
    return (
        "Leave out the streams that hold millions of rows or personal data, or that few accounts need, unless you want "
        f"them:\n\n```sh\n{commands}\n```\n"
    )


def written(told: list[dict[str, Any]], indent: str) -> Iterator[str]:
    """Yield the lines of settings, as a person would write them in YAML."""
    for each in told:
        if each["name"] == next(name for name in (s["name"] for s in told) if name not in SCHEMA["properties"]):
            yield f"{indent}# The SDK's own."
        for key, value in each.items():
            lead = f"{indent}- " if key == "name" else f"{indent}  "
            if key == "description":
                yield f"{lead}{key}: >-"
                inner = f"{indent}    "
                yield from textwrap.wrap(
                    value, WIDTH, initial_indent=inner, subsequent_indent=inner, break_on_hyphens=False
                )
            elif key == "options":
                yield f"{lead}{key}:"
                for option in value:
                    yield from (f"{indent}  - label: {option['label']}", f"{indent}    value: {option['value']}")
            elif isinstance(value, list):
                yield f"{lead}{key}: [{', '.join(value)}]"
            else:
                yield f"{lead}{key}: {value if isinstance(value, str) else json.dumps(value)}"


def meltano_file(text: str) -> str:
    """Put the settings of the tap into meltano.yml, between the plugin's `settings:` and what follows them."""
    before, head, rest = text.partition("\n    settings:\n")
    after = rest[rest.index("    # Streams to opt in to") :]
    return f"{before}{head}" + "\n".join(written(settings(), "    ")) + f"\n{after}"


def hub_file() -> str:
    """Return the text of the Hub's definition."""
    return yaml.safe_dump(hub_definition(), sort_keys=False, allow_unicode=True, width=WIDTH)


if __name__ == "__main__":
    MELTANO_FILE.write_text(meltano_file(MELTANO_FILE.read_text(encoding="utf-8")), encoding="utf-8")
    HUB_FILE.write_text(hub_file(), encoding="utf-8")
