"""What is around the tap agrees with it: meltano.yml, sample, lock, changelog."""

from __future__ import annotations

import json
import re
import subprocess
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import bootstrap
import docs_tables
import pytest
import yaml
from bootstrap import ROOT
from click.testing import CliRunner
from meltano.core.plugin.base import PluginType
from meltano.core.plugin.singer.catalog import select_metadata_rules
from meltano.core.plugin.singer.tap import SingerTap
from singer_sdk.exceptions import ConfigValidationError

from tap_amazon_vendor.config.accounts import ACCOUNT_TYPES, is_local
from tap_amazon_vendor.config.settings_schema import SCHEMA
from tap_amazon_vendor.streams import STREAMS
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from pathlib import Path

# In parts, so that this file does not name them.
REGISTRY_HOSTS = ["pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "debian" + ".org"]
KINDS = {
    "array": "array",
    "boolean": "boolean",
    "integer": "integer",
    "number": "decimal",
    "object": "object",
    "string": "string",
}


def plugin(kind: str, name: str) -> dict[str, Any]:
    """Return a plugin's definition in meltano.yml."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    (definition,) = [entry for entry in project["plugins"][kind] if entry["name"] == name]
    return dict(definition)


def meltano_setting(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return what meltano.yml must say of a setting of the tap."""
    (kind,) = {KINDS[word] for word in schema["type"] if word != "null"}
    if schema.get("format") == "date-time":
        kind = "date_iso8601"
    options = [value for value in schema.get("enum", []) if value is not None]
    setting = {
        "name": name,
        "label": schema["title"],
        "kind": "options" if options else kind,
        "description": schema["description"],
        "sensitive": '"secret": true' in json.dumps(schema),
        "value": schema.get("default"),
        "options": options,
    }
    return {key: value for key, value in setting.items() if value not in (None, [])}


def about() -> dict[str, Any]:
    """Return what `tap-amazon-vendor --about --format json` says."""
    result = CliRunner().invoke(TapAmazonVendor.get_singer_command(), ["--about", "--format", "json"])
    return dict(json.loads(result.stdout))


def test_meltano_declares_every_setting_as_the_tap_does() -> None:
    """Names, kinds, texts, defaults, choices and secrets are the same, in the same order; the SDK's own come last."""
    declared = [
        {
            **setting,
            "sensitive": setting.get("sensitive", False),
            **({"options": [option["value"] for option in setting["options"]]} if "options" in setting else {}),
        }
        for setting in plugin("extractors", "tap-amazon-vendor")["settings"]
    ]
    settings = about()["settings"]["properties"]
    assert list(settings)[: len(SCHEMA["properties"])] == list(SCHEMA["properties"])
    assert {"stream_maps", "flattening_enabled", "batch_config"} <= settings.keys()
    assert declared == [meltano_setting(name, schema) for name, schema in settings.items()]


def test_meltano_declares_the_capabilities() -> None:
    """What Meltano is told the tap can do, it can, and nothing is kept from Meltano."""
    assert set(plugin("extractors", "tap-amazon-vendor")["capabilities"]) == {
        capability.value for capability in TapAmazonVendor.capabilities
    }


def test_meltano_selects_every_stream_but_those_to_opt_in_to() -> None:
    """A stream that is added is selected without another line; the star keeps Meltano from warning (see there)."""
    names = {"report_rejects_restricted", *(stream.name for stream in STREAMS if stream.opt_in)}
    deselected = {f"!{name}*.*" for name in names}
    assert set(plugin("extractors", "tap-amazon-vendor")["select"]) == {"*.*", "!vendor_direct_*.content"} | deselected
    audit = ("report_ledger", "report_rejects", "report_rejects_restricted")
    streams = (*audit, *(stream.name for stream in STREAMS))
    assert {name for name in streams if any(fnmatch(f"!{name}.x", pattern) for pattern in deselected)} == names


def test_meltano_finds_no_fault_with_the_selection_whatever_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    missing: list[str] = []
    monkeypatch.setattr(SingerTap, "_warn_missing_stream", staticmethod(missing.append))
    rules = select_metadata_rules(plugin("extractors", "tap-amazon-vendor")["select"])
    for kind in ACCOUNT_TYPES:
        config = {"account_type": kind}
        catalog: Any = TapAmazonVendor(config=config, validate_config=False).catalog_dict
        SingerTap(PluginType.EXTRACTORS, "tap-amazon-vendor").warn_property_not_found(rules, catalog)
    assert missing == []


def test_setting_groups_name_settings() -> None:
    """The groups of settings that are enough are made of settings."""
    for kind, name in (("extractors", "tap-amazon-vendor"), ("loaders", "target-postgres")):
        definition = plugin(kind, name)
        settings = {setting["name"] for setting in definition["settings"]}
        assert all(settings.issuperset(group) for group in definition["settings_group_validation"])


def test_each_group_of_settings_is_enough_and_has_nothing_to_spare(tmp_path: Path) -> None:
    """An account, several, files, advertising and a local Amazon: the tap runs with just these, and not with fewer."""
    sample = json.loads((ROOT / "sample_config.json").read_text(encoding="utf-8"))
    login = {name: sample[name] for name in ("client_id", "client_secret", "refresh_token")}
    values = sample | {"accounts": [sample], "inbox": str(tmp_path), "ads": login | {"region": "na"}}
    account, accounts, inbox, ads, local = plugin("extractors", "tap-amazon-vendor")["settings_group_validation"]
    for group in (account, accounts, inbox, ads, local):
        assert TapAmazonVendor(config={name: values[name] for name in group}).settings.labels
    for group in (account, accounts, inbox, ads):
        for missing in group:
            with pytest.raises(ConfigValidationError):
                TapAmazonVendor(config={name: values[name] for name in group if name != missing})
    (asked,) = TapAmazonVendor(config={name: values[name] for name in local}).settings.accounts
    assert is_local(asked.api_url)
    assert is_local(asked.auth_url)
    assert set(local) - set(account) == {"api_url", "auth_url"}


def test_meltano_file_holds_no_secret() -> None:
    """No sensitive setting has a value, but for the sandbox's, which opens nothing else."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    for kind in project["plugins"].values():
        for definition in kind:
            assert "config" not in definition
            values = [s["value"] for s in definition["settings"] if s.get("sensitive") and "value" in s]
            # Where a value is taken from is none.
            assert all(value.startswith("$") for value in values)
    assert [name for name in project["environments"] if "config" in name] == [
        {"name": "sandbox", "config": project["environments"][-1]["config"]},
    ]


def test_sample_config_is_the_sandbox_of_meltano() -> None:
    """The sample is made of declared settings, and Meltano's sandbox environment is the same."""
    sample = json.loads((ROOT / "sample_config.json").read_text(encoding="utf-8"))
    assert sample.keys() <= SCHEMA["properties"].keys()
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    (extractor,) = project["environments"][-1]["config"]["plugins"]["extractors"]
    assert extractor["config"] == sample


def test_sample_config_is_accepted() -> None:
    """The tap finds nothing wrong with the sample."""
    sample = json.loads((ROOT / "sample_config.json").read_text(encoding="utf-8"))
    assert {stream.name for stream in TapAmazonVendor(config=sample).discover_streams()}


def locked_packages() -> list[str]:
    """Return the entries of both locks, each with its hashes."""
    lines = [line for lock in (bootstrap.LOCK, bootstrap.DBT_LOCK) for line in lock.read_text("utf-8").splitlines()]
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    return [entry for entry in re.split(r"\n(?=\S)", text) if entry]


def test_lock_has_a_version_and_hashes_for_every_package() -> None:
    """What is installed is what was tested."""
    for entry in locked_packages():
        assert re.match(r"[a-z0-9-]+==[^ ]+ .*\\\n +--hash=sha256:[0-9a-f]{64}", entry), entry


def test_lock_names_every_dependency() -> None:
    """A dependency that was added to pyproject.toml is in the lock."""
    names = {entry.partition("==")[0] for entry in locked_packages()}
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.")[0]
    wanted = re.findall(r'^  "([A-Za-z][A-Za-z0-9-]*)(?:\[[a-z,]+\])?(?:[<>=~].*)?",$', text, re.MULTILINE)
    wanted = [name.lower() for name in wanted if name.lower() not in {"elt", "singer", "amazon"}]
    assert {"ijson", "meltano", "pytest", "singer-sdk", "types-pyyaml"} <= set(wanted)
    assert set(wanted) <= names


def test_lock_has_one_backoff() -> None:
    """Two packages bring a module `backoff`: both together are whichever came last."""
    names = {entry.partition("==")[0] for entry in locked_packages()}
    assert len(names & {"backoff", "python-backoff"}) == 1


def test_no_registry_host_is_named() -> None:
    """Packages come by name, from wherever the machine's pip is told to get them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git clone")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    texts = {path: path.read_bytes() for path in paths if path.is_file()}
    assert texts
    assert not [path for path, text in texts.items() for host in REGISTRY_HOSTS if host.encode() in text]


def test_changelog_tells_of_this_version() -> None:
    """The newest entry of the changelog is the version in pyproject.toml."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (version,) = re.findall(r'^version = "(.+)"$', project, re.MULTILINE)
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(\d.*?)\]", changes, re.MULTILINE)[0] == version


def test_ci_and_readme_use_the_same_commands() -> None:
    """The README's first two commands are the demo and the check, and CI runs the latter."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert blocks[:2] == ["python3 scripts/demo.py\n", "python3 scripts/check.py\n"]
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").endswith("python3 scripts/check.py\n")
    assert "bash .ci/run\n" in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", docs_tables.TABLES)
def test_the_tables_of_the_documentation_are_those_of_the_code(name: str) -> None:
    """`python3 scripts/docs_tables.py` writes them."""
    text = docs_tables.page(name).read_text(encoding="utf-8")
    assert docs_tables.render(name) == text
    told = {"settings": "| `client_secret` (secret) |", "streams": "<summary>Financial: vendor_sales, "}
    assert told[name] in text
