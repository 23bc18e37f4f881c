"""`amazon-vendor doctor` as a person, and as a script, runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from amazon_sandbox import CLIENT_ID, CLIENT_SECRET, REVOKED_REFRESH_TOKEN
from tap_amazon_vendor.cli import doctor
from tap_amazon_vendor.cli.main import cli
from tap_amazon_vendor.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result
    from world import World

pytestmark = pytest.mark.usefixtures("bare_settings")


@pytest.fixture
def examine(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Result]:
    """Run the command on the sandbox's clock."""
    monkeypatch.setattr(doctor, "_now", world.clock)
    monkeypatch.setattr("time.sleep", world.clock.sleep)

    def examine(config: dict[str, Any], *arguments: str) -> Result:
        file = tmp_path / "config.json"
        file.write_text(json.dumps(config))
        result = CliRunner().invoke(cli, ["doctor", "--config", str(file), *arguments])
        assert isinstance(result.exception, (SystemExit, type(None))), result.exception
        assert not any(secret in result.output for secret in ("Atzr|sandbox", CLIENT_SECRET, "planted"))
        return result

    return examine


def test_a_healthy_account_ends_with_0(examine: Callable[..., Result], world: World) -> None:
    result = examine(world.config())
    assert result.exit_code == 0
    for stream in STREAMS:
        assert (stream.name in result.stdout) == (stream.account_type == "vendor")
    for group in ("Financial reports", "Operational reports", "Digital reports"):
        assert group in result.stdout
    assert "unknown until the first run" in result.stdout
    assert result.stdout.count("allowed") == 6, "the APIs whose operations answer: two columns each"
    assert "not documented" in result.stdout, "the role of invoices"
    assert "Send this to" not in result.stdout


def test_a_missing_role_ends_with_1_and_says_what_to_do(examine: Callable[..., Result], world: World) -> None:
    result = examine(world.config("vendor-us-no-role"))
    assert result.exit_code == 1
    assert "missing" in result.stdout
    steps = [line.strip() for line in result.stdout.splitlines() if line.startswith("  1. ")]
    digital = next(line for line in result.stdout.splitlines() if "vendor_analytics_manufacturing" in line)
    assert "missing" in digital
    assert "Brand Analytics" in digital, "queries need the role that their reports need"
    assert len(steps) == 4, "one role is one thing to do, in however many groups; of invoices none is known"
    sentence = result.stdout.split("Send this to the administrator of the account:\n")[1].splitlines()[0]
    assert sentence.startswith("  Please authorize our application ")
    assert sentence.endswith("confirm."), "in one line, so that it can be copied"


def test_what_explains_the_rest_comes_last(examine: Callable[..., Result], world: World) -> None:
    result = examine(world.config(refresh_token=REVOKED_REFRESH_TOKEN))
    assert result.exit_code == 1
    assert "ok client:" in result.stdout
    assert "failed refresh token:" in result.stdout
    assert "region" not in result.stdout
    assert "amazon-vendor authorize" in result.stdout


def test_wrong_settings_end_before_anything_is_asked(examine: Callable[..., Result], world: World) -> None:
    result = examine(world.config(marketplaces=["XX"], refresh_token=None))
    assert result.exit_code == 1
    assert "failed settings: `refresh_token` is missing" in result.stdout
    assert "failed settings: `marketplaces`: 'XX' is not a marketplace" in result.stdout
    assert world.sandbox.calls == []
    content = json.loads(examine(world.config(marketplace="US"), "--format", "json").stdout)
    assert (content["ok"], content["accounts"]) == (False, [])
    assert content["problems"][0].startswith("Unknown setting 'marketplace'. Did you mean 'marketplaces'?")


def test_a_square_bracket_is_shown_as_it_is(examine: Callable[..., Result], world: World) -> None:
    result = examine(world.config(account="[bold]us[/bold]", marketplaces=["[red]"]))
    assert "'[red]' is not a marketplace" in result.stdout
    assert "[bold]us[/bold]: vendor" in examine(world.config(account="[bold]us[/bold]")).stdout


def test_scripts_get_json(examine: Callable[..., Result], world: World) -> None:
    result = examine(world.config("vendor-us-no-role"), "--format", "json")
    assert result.exit_code == 1
    content = json.loads(result.stdout)
    assert content["ok"] is False
    (account,) = content["accounts"]
    assert (account["account"], account["account_type"], account["marketplaces"]) == ("default", "vendor", ["US"])
    assert {check["name"]: check["state"] for check in account["checks"]}["client"] == "ok"
    assert account["permissions"][0]["group"] == "Financial"
    assert account["permissions"][0]["roles"] == ["Brand Analytics"]
    assert account["permissions"][0]["streams"][0] == "vendor_sales"
    assert {entry["api_authorization"] for entry in account["permissions"]} == {"failed"}
    assert {entry["user_permission"] for entry in account["permissions"]} == {"unknown"}
    # Of invoices nobody knows which role to ask for.
    assert all(entry["steps"] and (entry["request"] or not entry["roles"]) for entry in account["permissions"])
    healthy = examine(world.config(), "--format", "json")
    assert healthy.exit_code == 0
    assert json.loads(healthy.stdout)["ok"] is True


class TestManyAccounts:
    @pytest.fixture
    def many(self, world: World) -> dict[str, Any]:
        shared = ("client_id", "client_secret", "api_url", "auth_url")
        config = {name: value for name, value in world.config().items() if name in shared}
        labels = ("vendor-us-no-role", "vendor-de", "vendor-us")
        entries = [{**world.config(label), "account": label} for label in labels]
        return {**config, "accounts": [{k: v for k, v in entry.items() if k not in shared} for entry in entries]}

    def test_each_is_examined_whatever_the_others_are(
        self, many: dict[str, Any], examine: Callable[..., Result]
    ) -> None:
        many["accounts"][1]["refresh_token"] = REVOKED_REFRESH_TOKEN
        result = examine(many, "--format", "json")
        assert result.exit_code == 1
        found = {account["account"]: account["ok"] for account in json.loads(result.stdout)["accounts"]}
        assert found == {"vendor-us-no-role": False, "vendor-de": False, "vendor-us": True}

    def test_one_can_be_named(self, many: dict[str, Any], examine: Callable[..., Result]) -> None:
        result = examine(many, "--account", "vendor-us")
        assert result.exit_code == 0
        assert "vendor-de: vendor" not in result.stdout
        assert examine(many, "--account", "nobody").exit_code == 2


def test_settings_come_from_the_environment_as_at_the_tap(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And from the .env file in the current folder, which wins, as at the SDK."""
    monkeypatch.setattr(doctor, "_now", world.clock)
    lines = {**world.config(), "marketplaces": '["US"]', "client_id": CLIENT_ID}
    text = "".join(f"TAP_AMAZON_VENDOR_{name.upper()}='{value}'\n" for name, value in lines.items())
    (tmp_path / ".env").write_text(text)
    monkeypatch.setenv("TAP_AMAZON_VENDOR_REFRESH_TOKEN", REVOKED_REFRESH_TOKEN)
    result = CliRunner().invoke(cli, ["doctor", "--format", "json"])
    assert result.exit_code == 0, result.output


def test_waiting_for_a_quota_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    doctor._sleep("for Amazon's quota", 45)
    assert slept == [45]
    assert "Waiting 45 s for Amazon's quota" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["[1]", "{", b"\xff"])
def test_a_configuration_that_is_none_is_one_message(content: str | bytes, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    result = CliRunner().invoke(cli, ["doctor", "--config", str(file)])
    assert result.exit_code == 2
    assert f"{file} is not" in result.output.replace("\n", "")


def test_an_environment_that_cannot_be_read_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_AMAZON_VENDOR_MAX_REPORTS", "many")
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 1
    assert "an environment variable TAP_AMAZON_VENDOR_" in result.stdout
