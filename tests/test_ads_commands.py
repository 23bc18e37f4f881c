"""`plan` and `doctor` with advertising: what is asked for, and which of three things is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from test_ads_runs import CAMPAIGNS, consent

from tap_amazon_vendor.ads import consent as consent_module
from tap_amazon_vendor.cli import doctor
from tap_amazon_vendor.cli.main import cli
from tap_amazon_vendor.engine.model import Source
from tap_amazon_vendor.errors import AccessDeniedError
from tap_amazon_vendor.forecast import look_ahead

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import World

    from tap_amazon_vendor.forecast import Outlook

Row = dict[str, Any]


@pytest.fixture
def config(world: World) -> Row:
    return {"ads": consent(world), "marketplaces": ["US"], "start_date": world.day(60)}


def ask(world: World, config: Row, state: Row | None = None, *, ask_amazon: bool = True) -> Outlook:
    tap = world.tap(config, state)
    for name, stream in tap.streams.items():
        stream.selected = name in {CAMPAIGNS, "ads_campaigns", "report_ledger"}
    return look_ahead(tap.run, tap.settings.asked, ask_amazon=ask_amazon)


class TestPlan:
    def test_it_says_what_a_run_asks_for_and_asks_for_no_report(self, world: World, config: Row) -> None:
        outlook = ask(world, config)
        assert {call.operation for call in world.sandbox.calls} == {"token", "getProfiles"}
        # 60 days in two reports, and an export.
        assert outlook.count(Source.CREATED) == 3
        assert {windows.country for windows in outlook.windows} == {"US"}
        world.run(config, streams=[CAMPAIGNS, "ads_campaigns", "report_ledger"])
        asked = [call for call in world.sandbox.calls if call.operation in {"createAdsReport", "exportcampaigns"}]
        assert sum(call.operation == "createAdsReport" for call in asked) == 2

    def test_offline_it_asks_nothing_and_takes_the_profiles_of_the_state(self, world: World, config: Row) -> None:
        run = world.run(config, streams=[CAMPAIGNS, "ads_campaigns", "report_ledger"])
        calls = len(world.sandbox.calls)
        world.clock.sleep(86_400)
        outlook = ask(world, config, run.state, ask_amazon=False)
        assert len(world.sandbox.calls) == calls
        (profile,) = world.sandbox.ads_accounts[0].profiles
        assert {dict(windows.partition.options)["profileId"] for windows in outlook.windows} == {
            f"{profile.profile_id}"
        }
        # The new day with those that are restated, and an export.
        assert outlook.count(Source.CREATED) == 2

    def test_offline_and_without_a_state_one_profile_is_assumed(self, world: World, config: Row) -> None:
        outlook = ask(world, config, ask_amazon=False)
        assert world.sandbox.calls == []
        assert outlook.count(Source.CREATED) == 3


@pytest.fixture
def examine(
    world: World,
    tmp_path: Path,
    bare_environment: None,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Row], Result]:
    """Run the doctor on the sandbox's clock."""
    monkeypatch.setattr(doctor, "_now", world.clock)
    monkeypatch.setattr("time.sleep", world.clock.sleep)

    def examine(config: Row) -> Result:
        file = tmp_path / "config.json"
        file.write_text(json.dumps(config))
        result = CliRunner().invoke(cli, ["doctor", "--config", str(file)])
        assert isinstance(result.exception, (SystemExit, type(None))), result.exception
        assert "Atzr|sandbox" not in result.output
        return result

    return examine


class TestDoctor:
    def test_all_is_well(self, examine: Callable[[Row], Result], config: Row) -> None:
        result = examine(config)
        assert result.exit_code == 0, result.output
        assert "ok advertising consent" in result.stdout
        assert "ok advertising profiles: The consent opens" in result.stdout
        assert result.stdout.count("allowed") == 2 * 3

    def test_the_consent_is_missing(self, examine: Callable[[Row], Result], config: Row, world: World) -> None:
        world.sandbox.lwa.withdraw(world.sandbox.ads_accounts[0])
        result = examine(config)
        assert result.exit_code == 1
        assert "failed advertising consent" in result.stdout
        assert "amazon-vendor authorize --ads" in result.stdout
        assert "profile" not in result.stdout

    def test_the_profile_is_missing(self, examine: Callable[[Row], Result], config: Row) -> None:
        result = examine({**config, "marketplaces": ["CA"]})
        assert result.exit_code == 1
        assert "ok advertising consent" in result.stdout
        assert "failed advertising profiles" in result.stdout
        assert "the consent opens no profile in CA" in " ".join(result.stdout.split())
        assert "authorize" not in result.stdout

    def test_the_client_is_wrong(self, examine: Callable[[Row], Result], config: Row) -> None:
        result = examine({**config, "ads": {**config["ads"], "client_secret": "another"}})
        assert result.exit_code == 1
        assert "`client_id` or `client_secret` in `ads` is mistyped" in " ".join(result.stdout.split())
        # A new consent would not help.
        assert "authorize" not in result.stdout

    def test_one_of_two_profiles_is_missing(self, examine: Callable[[Row], Result], config: Row, world: World) -> None:
        (profile,) = world.sandbox.ads_accounts[0].profiles
        result = examine({**config, "ads": {**config["ads"], "profiles": ["123", f"{profile.profile_id}"]}})
        assert result.exit_code == 1
        assert "does not open the profile 123" in " ".join(result.stdout.split())
        assert result.stdout.count("allowed") == 2 * 3

    def test_amazon_refuses_to_tell_the_profiles(
        self, examine: Callable[[Row], Result], config: Row, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*_: object) -> None:
            text = "getProfiles: 403: Forbidden"
            raise AccessDeniedError(text, request_id="42")

        monkeypatch.setattr(consent_module, "find_profiles", refused)
        words = " ".join(examine(config).stdout.split())
        assert "ok advertising consent" in words
        assert "failed advertising profiles: getProfiles: 403: Forbidden" in words
        assert "an administrator of the advertising account gives" in words

    def test_the_permission_is_missing(self, examine: Callable[[Row], Result], config: Row, world: World) -> None:
        result = examine({**config, "ads": consent(world, "vendor-jp"), "marketplaces": ["JP"]})
        # The run goes on without it: nobody has to advertise so.
        assert result.exit_code == 0
        words = " ".join(result.stdout.split())
        assert "Advertiser is not authorized for Sponsored Display" in words
        assert "let an administrator of the advertising account give" in words


def test_the_connection_test_covers_advertising(world: World, config: Row) -> None:
    tap = world.tap(config)
    for name, stream in tap.streams.items():
        stream.selected = name in {CAMPAIGNS, "report_ledger"}
    assert tap.run_connection_test()
