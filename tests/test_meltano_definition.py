"""The definition for Meltano Hub: valid there, in step with meltano.yml, and enough for Meltano to add the tap."""

from __future__ import annotations

import json
import re
import shlex
import struct
from typing import TYPE_CHECKING, Any

import meltano_definition
import meltano_project
import pytest
import yaml
from bootstrap import ROOT
from click.testing import CliRunner
from environments import environment, run
from jsonschema import Draft7Validator

from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from pathlib import Path

#: What the Hub accepts of an extractor: keys, kinds, capabilities. It refuses all else (docs/meltano-hub.md#schema).
STRING, BOOLEAN, OBJECT = ({"type": kind} for kind in ("string", "boolean", "object"))
STRINGS = {"type": "array", "items": STRING}
SCHEMA = {
    "type": "object",
    "required": ["name", "namespace", "variant", "quality"],
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("name", "namespace", "variant", "label", "description", "executable", "pip_url"), STRING),
        **dict.fromkeys(("repo", "docs", "logo_url", "domain_url", "python", "log_parser", "definition"), STRING),
        **dict.fromkeys(("next_steps", "settings_preamble", "usage", "prereq"), STRING),
        **dict.fromkeys(("metadata", "schema", "commands", "requires"), OBJECT),
        "hidden": BOOLEAN,
        "keywords": STRINGS,
        "select": STRINGS,
        "supported_python_versions": {"type": "array", "items": {"type": "string", "pattern": r"^3\.\d+$"}},
        "settings_group_validation": {"type": "array", "items": STRINGS},
        "maintenance_status": {"enum": ["active", "beta", "development", "inactive", "unknown"]},
        "quality": {"enum": ["gold", "silver", "bronze", "unknown"]},
        "capabilities": {
            "type": "array",
            "items": {
                "enum": [
                    "properties",
                    "catalog",
                    "discover",
                    "state",
                    "about",
                    "stream-maps",
                    "schema-flattening",
                    "activate-version",
                    "batch",
                    "test",
                    "log-based",
                    "structured-logging",
                ]
            },
        },
        "settings": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                "properties": {
                    **dict.fromkeys(("name", "label", "placeholder", "description", "tooltip", "env", "docs"), STRING),
                    "documentation": STRING,
                    "value": {},
                    "aliases": STRINGS,
                    "sensitive": BOOLEAN,
                    "hidden": BOOLEAN,
                    "kind": {
                        "enum": [
                            "oauth",
                            "hidden",
                            "password",
                            "date_iso8601",
                            "file",
                            "email",
                            "integer",
                            "options",
                            "object",
                            "array",
                            "boolean",
                            "string",
                            "decimal",
                        ]
                    },
                    "options": {"type": "array", "items": {"type": "object", "properties": {"value": STRING}}},
                },
            },
        },
    },
}


def definition() -> dict[str, Any]:
    return dict(yaml.safe_load(meltano_definition.HUB_FILE.read_text(encoding="utf-8")))


def test_the_hub_accepts_it() -> None:
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(definition())] == []


@pytest.mark.parametrize(
    "change", [{"log_level": "x"}, {"quality": "best"}, {"settings": [{"name": "a", "kind": "x"}]}]
)
def test_the_hub_refuses_what_it_does_not_know(change: dict[str, Any]) -> None:
    assert list(Draft7Validator(SCHEMA).iter_errors(definition() | change))


def test_both_files_are_as_the_script_writes_them() -> None:
    """`python3 scripts/meltano_definition.py` mends it."""
    text = meltano_definition.MELTANO_FILE.read_text(encoding="utf-8")
    assert text == meltano_definition.meltano_file(text)
    assert meltano_definition.HUB_FILE.read_text(encoding="utf-8") == meltano_definition.hub_file()


def test_a_setting_that_only_one_of_them_has_is_noticed() -> None:
    text = meltano_definition.MELTANO_FILE.read_text(encoding="utf-8")
    changed = text.replace("    - name: max_reports\n", "    - name: most_reports\n")
    assert changed != text == meltano_definition.meltano_file(changed)


def test_every_secret_is_sensitive_and_has_no_value() -> None:
    about = json.loads(CliRunner().invoke(TapAmazonVendor.get_singer_command(), ["--about", "--format", "json"]).stdout)
    secret = {name for name, each in about["settings"]["properties"].items() if '"secret": true' in json.dumps(each)}
    sensitive = [each for each in definition()["settings"] if each.get("sensitive")]
    assert {each["name"] for each in sensitive} == secret
    assert secret == {"client_secret", "refresh_token", "accounts", "ads", "quota_store"}
    assert not any("value" in each for each in sensitive)


def test_its_capabilities_are_the_taps() -> None:
    assert {each.value for each in TapAmazonVendor.capabilities} == {*definition()["capabilities"]}


def test_the_logo_is_a_square_picture() -> None:
    logo = ROOT / "deploy" / "meltano-hub" / definition()["logo_url"].rpartition("/")[2]
    width, height = struct.unpack(">II", logo.read_bytes()[16:24])
    assert width == height >= 128


def added(folder: Path, variables: dict[str, str]) -> Path:
    """Make an empty project and add the tap by the definition."""
    meltano = str(meltano_project.MELTANO)
    project = folder / "project"
    run([meltano, "init", str(project)], folder, variables)
    words = ["add", "--no-install", "tap-amazon-vendor", "--from-ref", str(meltano_definition.HUB_FILE)]
    run([meltano, *words], project, variables)
    return project


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """An environment for Meltano; nothing answers where the Hub should be."""
    return environment(tmp_path) | meltano_project.SETTINGS | {"MELTANO_HUB_URL": "http://[::1]:9", "NO_COLOR": "1"}


@pytest.mark.end_to_end
def test_meltano_adds_the_tap_with_it_to_an_empty_project(variables: dict[str, str], tmp_path: Path) -> None:
    project = added(tmp_path, variables)
    plugins = yaml.safe_load((project / "meltano.yml").read_text(encoding="utf-8"))["plugins"]
    (plugin,) = plugins["extractors"]
    told = definition()
    for key in ("name", "namespace", "variant", "pip_url", "executable", "capabilities", "settings"):
        assert plugin[key] == told[key]
    # Meltano takes no selection out of a file: so `next_steps` says how to make it.
    assert "select" not in plugin
    commands = re.findall(r"^meltano (.*)$", told["next_steps"], re.MULTILINE)
    assert len(commands) == len(told["select"])
    for command in commands[:2]:
        run([str(meltano_project.MELTANO), *shlex.split(command)], project, variables)
    (plugin,) = yaml.safe_load((project / "meltano.yml").read_text(encoding="utf-8"))["plugins"]["extractors"]
    assert plugin["select"] == told["select"][:2]


@pytest.mark.end_to_end
@pytest.mark.exhaustive
def test_meltano_installs_the_tap_that_it_has_added(
    distributions: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    """With the wheel where an index would have it."""
    project = added(tmp_path, variables)
    meltano = str(meltano_project.MELTANO)
    variables |= {"MELTANO_VENV_BACKEND": "uv", "UV_FIND_LINKS": distributions.as_uri()}
    run([meltano, "install"], project, variables)
    assert "tap-amazon-vendor v" in run([meltano, "invoke", "tap-amazon-vendor", "--version"], project, variables)
    run([meltano, "config", "set", "tap-amazon-vendor", "marketplaces", '["US"]'], project, variables)
    printed = json.loads(run([meltano, "config", "print", "tap-amazon-vendor"], project, variables))
    assert printed["marketplaces"] == ["US"]
