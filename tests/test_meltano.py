"""A Meltano project of one's own, made as docs/connect.md says: `meltano config set` for every setting, and a run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import meltano_project
import psycopg
import pytest
import yaml
from bootstrap import ROOT
from embedded_postgres import postgres, remove
from environments import environment, install_target_jsonl, run

from amazon_sandbox import Sandbox, running
from tap_amazon_vendor.config.settings import check_settings
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CONNECT = (ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
STREAM_MAPS = (ROOT / "docs" / "stream-maps.md").read_text(encoding="utf-8")

#: Runs commands of Meltano in one process: each on its own would take seconds to start. A setting that is not declared
#: is only warned about: here that ends it.
COMMANDS = """
import json, sys, warnings
from meltano.cli import cli
warnings.filterwarnings("error", "Unknown setting")
for arguments in json.load(sys.stdin):
    cli.main(arguments, standalone_mode=False)
"""

#: What a person types for each setting, and what it has to be in the tap.
TYPED: dict[str, tuple[str, Any]] = {
    "client_id": ("amzn1.application-oa2-client.0123", "amzn1.application-oa2-client.0123"),
    "client_secret": ("amzn1.oa2-cs.v1.$a'b", "amzn1.oa2-cs.v1.$a'b"),
    "credentials_rotated_on": ("2026-06-01", "2026-06-01"),
    "refresh_token": ('Atzr|a b"c', 'Atzr|a b"c'),
    "application_id": ("amzn1.sp.solution.0123", "amzn1.sp.solution.0123"),
    "marketplaces": ('["US", "CA"]', ["US", "CA"]),
    "region": ("na", "na"),
    "account_type": ("seller", "seller"),
    "account": ("2026", "2026"),
    "sandbox": ("true", True),
    "ads": (
        '{"client_id": "a", "client_secret": "env:ADS_SECRET", "refresh_token": "env:ADS_TOKEN", "profiles": ["1"]}',
        {"client_id": "a", "client_secret": "env:ADS_SECRET", "refresh_token": "env:ADS_TOKEN", "profiles": ["1"]},
    ),
    "api_url": ("http://127.0.0.1:8642", "http://127.0.0.1:8642"),
    "auth_url": ("http://127.0.0.1:8642/auth/o2/token", "http://127.0.0.1:8642/auth/o2/token"),
    "accounts": (
        '[{"account": "us", "marketplaces": ["US"], "refresh_token": "env:TOKEN_US", "sandbox": false}]',
        [{"account": "us", "marketplaces": ["US"], "refresh_token": "env:TOKEN_US", "sandbox": False}],
    ),
    "start_date": ("2026-01-31", "2026-01-31"),
    "end_date": ("2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z"),
    "report_periods": ('["DAY", "WEEK"]', ["DAY", "WEEK"]),
    "selling_programs": ('["RETAIL", "FRESH"]', ["RETAIL", "FRESH"]),
    "distributor_views": ('["SOURCING"]', ["SOURCING"]),
    "kiosk_metrics": ('["orders", "traffic"]', ["orders", "traffic"]),
    "kiosk_group_by": ('["asin", "brand"]', ["asin", "brand"]),
    "availability_days": ("3", 3),
    "restatement_days": ("0", 0),
    "wait_minutes": ("90", 90),
    "max_reports": ("3", 3),
    "quota_store": ("./my quota.db", "./my quota.db"),
    "inbox": ("./my files", "./my files"),
    "stream_maps": (
        '{"vendor_sales": {"__alias__": "sales", "asin": "md5(asin)"}, "vendor_traffic": null}',
        {"vendor_sales": {"__alias__": "sales", "asin": "md5(asin)"}, "vendor_traffic": None},
    ),
    "stream_map_config": ('{"salt": "pepper", "digits": 3}', {"salt": "pepper", "digits": 3}),
    "faker_config": ('{"seed": 3, "locale": ["de_DE", "en_US"]}', {"seed": 3, "locale": ["de_DE", "en_US"]}),
    "flattening_enabled": ("true", True),
    "flattening_max_depth": ("2", 2),
    "flattening_max_key_length": ("63", 63),
    "flattening_separator": ("__", "__"),
    "batch_config": (
        '{"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": "file:///a b", "prefix": ""}}',
        {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": "file:///a b", "prefix": ""}},
    ),
}


def blocks(language: str, text: str) -> list[str]:
    """The code blocks of a document."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="session")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment for Meltano in a project of its own; nothing answers where the Hub should be."""
    variables = environment(tmp_path_factory.mktemp("variables")) | meltano_project.SETTINGS
    return variables | {"MELTANO_HUB_URL": "http://[::1]:9", "NO_COLOR": "1"}


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str], clone: Path) -> Path:
    """A project in a folder with a space, with the entries of our meltano.yml and the line that the docs give."""
    folder = tmp_path_factory.mktemp("data team") / "our pipelines"
    run([str(meltano_project.MELTANO), "init", str(folder)], folder.parent, variables)
    _, _, entries = (ROOT / "meltano.yml").read_text(encoding="utf-8").partition("\nplugins:\n")
    (line,) = [block for block in blocks("yaml", CONNECT) if "pip_url" in block]
    assert entries.count("    pip_url: -e .\n") == 1
    line = line.replace("/path/to/tap-amazon-vendor", str(clone))
    assert f"'{clone}'" in line
    entries = entries.replace("    pip_url: -e .\n", line)
    with (folder / "meltano.yml").open("a", encoding="utf-8") as file:
        file.write(f"\nplugins:\n{entries}")
    return folder


@pytest.fixture
def copied(project: Path, tmp_path: Path) -> Path:
    """A copy of the project, to change its configuration."""
    return Path(shutil.copytree(project, tmp_path / "a copy", symlinks=True))


def configured(project: Path, variables: dict[str, str], *commands: Sequence[str]) -> list[dict[str, Any]]:
    """Give commands to Meltano; return the configurations that it shows, and last the one that it hands to the tap."""
    dump = ["invoke", "--no-install", "--dump=config", "tap-amazon-vendor"]
    said = run([sys.executable, "-c", COMMANDS], project, variables, json.dumps([*commands, dump]))
    starts = re.finditer(r"^\{$", said, re.MULTILINE)
    return [json.JSONDecoder().raw_decode(said, start.start())[0] for start in starts]


def test_every_setting_arrives_as_it_was_meant(copied: Path, variables: dict[str, str]) -> None:
    schema = json.loads(json.dumps(TapAmazonVendor.config_jsonschema))
    TapAmazonVendor.append_builtin_config(schema)
    assert TYPED.keys() == schema["properties"].keys()
    (config,) = configured(
        copied,
        variables,
        *(["config", "set", "tap-amazon-vendor", name, typed] for name, (typed, _) in TYPED.items()),
    )
    assert config == {name: value for name, (_, value) in TYPED.items()}
    assert check_settings(schema, config) == []
    stored = (copied / "meltano.yml").read_text(encoding="utf-8")
    assert "amzn1.application-oa2-client.0123" in stored
    assert not [secret for secret in ("amzn1.oa2-cs.v1.$", "Atzr|a", "TOKEN_US") if secret in stored]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sandbox", "false"], {"sandbox": False}),
        (["flattening_enabled", "false"], {"flattening_enabled": False}),
        (["marketplaces", "[]"], {"marketplaces": []}),
        (
            ["stream_maps", "vendor_sales", "__alias__", "sales"],
            {"stream_maps": {"vendor_sales": {"__alias__": "sales"}}},
        ),
        (["batch_config", "encoding", "format", "jsonl"], {"batch_config": {"encoding": {"format": "jsonl"}}}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.exhaustive
def test_other_values_arrive_too(
    words: Sequence[str], expected: Mapping[str, Any], copied: Path, variables: dict[str, str]
) -> None:
    (config,) = configured(copied, variables, ["config", "set", "tap-amazon-vendor", *words])
    assert expected.items() <= config.items()


def test_stream_maps_of_the_docs_come_through_meltano(copied: Path, variables: dict[str, str]) -> None:
    """Word for word and in order: those of `meltano.yml`, the salt out of `.env`, and the command line's."""
    pasted = [yaml.safe_load(block)["config"] for block in blocks("yaml", STREAM_MAPS)]
    together: dict[str, Any] = {name: value for block in reversed(pasted) for name, value in block.items()}
    together["stream_maps"] = {name: value for block in pasted for name, value in block["stream_maps"].items()}
    file = copied / "meltano.yml"
    text = yaml.safe_load(file.read_text(encoding="utf-8"))
    text["plugins"]["extractors"][0]["config"] = together
    file.write_text(yaml.safe_dump(text, sort_keys=False), encoding="utf-8")
    (copied / ".env").write_text("HASH_SALT=pepper\n", encoding="utf-8")
    (command,) = blocks("sh", STREAM_MAPS)
    meltano, *words = shlex.split(command)
    assert meltano == "meltano"
    config, replaced = configured(copied, variables, ["config", "--unsafe", "print", "tap-amazon-vendor"], words)
    assert config["stream_maps"] == together["stream_maps"]
    for name, columns in together["stream_maps"].items():
        assert columns == "__NULL__" or list(config["stream_maps"][name]) == list(columns)
    assert config["stream_map_config"] == {"salt": "pepper"}
    assert replaced["stream_maps"] == {"vendor_traffic_totals": "__NULL__"}


@pytest.mark.exhaustive
def test_meltano_loses_a_null_in_the_map_of_a_stream(copied: Path, variables: dict[str, str]) -> None:
    """As docs/stream-maps.md warns. When this fails, the warning can go."""
    maps = '{"vendor_sales": {"asin": null, "ordered_units": "__NULL__"}}'
    (config,) = configured(copied, variables, ["config", "set", "tap-amazon-vendor", "stream_maps", maps])
    assert config["stream_maps"] == {"vendor_sales": {"ordered_units": "__NULL__"}}


@pytest.fixture(scope="module")
def amazon() -> Iterator[str]:
    """The URL of a local Amazon."""
    with running(Sandbox(speed=600, asins=5)) as server:
        yield server.url


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL and the DSN of an empty database."""
    folder = tmp_path_factory.mktemp("postgres")
    try:
        with postgres(folder) as server:
            yield server.url, server.dsn
    finally:
        remove(folder)


def write_dotenv(project: Path, api_url: str, database_url: str) -> None:
    """Write the `.env` that docs/connect.md shows, for the sandbox."""
    sample = json.loads((ROOT / "sample_config.json").read_text(encoding="utf-8"))
    known = {
        **{f"TAP_AMAZON_VENDOR_{name.upper()}": value for name, value in sample.items()},
        "TARGET_POSTGRES_SQLALCHEMY_URL": database_url,
    }
    names = re.findall(r"^ *([A-Z_]+)=", blocks("ini", CONNECT)[0], re.MULTILINE)
    token = "TAP_AMAZON_VENDOR_REFRESH_TOKEN"
    assert f"`{token}=Atzr|...`" in CONNECT
    lines = [
        f"{name}={known[name] if isinstance(known[name], str) else json.dumps(known[name])}" for name in [*names, token]
    ]
    lines += [
        f"TAP_AMAZON_VENDOR_API_URL={api_url}",
        f"TAP_AMAZON_VENDOR_AUTH_URL={api_url}/auth/o2/token",
        # Two streams are enough to see that rows arrive.
        'TAP_AMAZON_VENDOR__SELECT=["vendor_sales.*", "report_ledger.*"]',
    ]
    (project / ".env").write_text("\n".join(lines) + "\n", encoding="utf-8")


def assert_rows_arrived(project: Path, dsn: str) -> None:
    """Compare the tables with the files that hold the same."""
    with psycopg.connect(dsn) as connection:
        for stream in ("vendor_sales", "report_ledger"):
            (count,) = connection.execute(f"select count(*) from amazon.{stream}").fetchone() or (0,)  # noqa: S608
            lines = (project / "output" / f"{stream}.jsonl").read_text(encoding="utf-8").splitlines()
            assert count == len(lines) > 0
        (outcomes,) = (
            connection.execute("select array_agg(distinct outcome) from amazon.report_ledger").fetchone() or ()
        )
        assert outcomes == ["loaded"]


PIPELINES = ["tap-amazon-vendor", "target-postgres", "tap-amazon-vendor", "target-jsonl"]


@pytest.mark.end_to_end
@pytest.mark.slow
def test_a_project_of_ones_own_runs(
    copied: Path, variables: dict[str, str], amazon: str, database: tuple[str, str]
) -> None:
    """The tap installs itself from the clone, in whose path there is a space. The targets are this clone's."""
    meltano_project.install_plugins()
    install_target_jsonl()
    url, dsn = database
    write_dotenv(copied, amazon, url)
    (copied / ".meltano" / "loaders").symlink_to(ROOT / ".meltano" / "loaders", target_is_directory=True)
    run([str(meltano_project.MELTANO), "run", *PIPELINES], copied, variables)
    assert_rows_arrived(copied, dsn)
    installed = copied / ".meltano" / "extractors" / "tap-amazon-vendor" / "venv"
    # Not editable: the clone may go.
    assert list(installed.rglob("site-packages/tap_amazon_vendor/tap.py"))


@pytest.mark.end_to_end
@pytest.mark.exhaustive
@pytest.mark.parametrize("backend", ["uv", "virtualenv"])
def test_all_plugins_install_and_run_once_the_tap_is_released(
    backend: str,
    copied: Path,
    distributions: Path,
    variables: dict[str, str],
    amazon: str,
    tmp_path: Path,
) -> None:
    """With the other line that docs/connect.md gives, and the wheel where an index would have it."""
    (released,) = re.findall(r"`(pip_url: tap-amazon-vendor)`", CONNECT)
    file = copied / "meltano.yml"
    text, changed = re.subn(r"pip_url: \"'.*'\"$", released, file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert changed == 1
    file.write_text(text, encoding="utf-8")
    variables = variables | {
        "MELTANO_VENV_BACKEND": backend,
        "UV_FIND_LINKS": distributions.as_uri(),
        "PIP_FIND_LINKS": distributions.as_uri(),
    }
    # Targets have dependencies of their own, which the tap's lock knows nothing of.
    del variables["UV_CONSTRAINT"]
    try:
        with postgres(tmp_path / "postgres") as server:
            write_dotenv(copied, amazon, server.url)
            run([str(meltano_project.MELTANO), "install"], copied, variables)
            run([str(meltano_project.MELTANO), "run", *PIPELINES], copied, variables)
            assert_rows_arrived(copied, server.dsn)
    finally:
        remove(tmp_path / "postgres")
