"""The settings that the sandbox's first page shows are all that the tap needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from tap_amazon_vendor.cli import doctor
from tap_amazon_vendor.cli.main import cli

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


def page(world: World) -> str:
    with urlopen(world.server.url) as answer:  # noqa: S310 - the sandbox
        return str(answer.read().decode())


def settings_on(page: str) -> list[dict[str, Any]]:
    """The settings that a page shows, to be copied as they are."""
    return [json.JSONDecoder().raw_decode(part, part.index("{"))[0] for part in page.split("Settings of the tap")[1:]]


def test_the_settings_are_those_of_a_vendor_a_seller_and_all_accounts(world: World) -> None:
    vendor, seller, many = settings_on(page(world))
    assert [vendor["account_type"], seller["account_type"]] == ["vendor", "seller"]
    # Whatever the log-in and `amazon-vendor authorize` need.
    assert vendor.keys() == seller.keys() >= {"application_id", "client_id", "client_secret", "refresh_token"}
    labels = [account["account"] for account in many["accounts"]]
    assert labels == [account.label for account in world.sandbox.accounts if account.roles]


@pytest.mark.usefixtures("bare_settings")
@pytest.mark.parametrize("place", [0, 1, 2], ids=["vendor", "seller", "all accounts"])
def test_doctor_and_a_run_need_nothing_but_the_settings_on_the_page(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    config = settings_on(page(world))[place]
    monkeypatch.setattr(doctor, "_now", world.clock)
    monkeypatch.setattr("time.sleep", world.clock.sleep)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    shown = CliRunner().invoke(cli, ["doctor", "--config", str(file), "--format", "json"])
    assert json.loads(shown.stdout)["problems"] == []
    found = json.loads(shown.stdout)["accounts"]
    # One of the vendors has no role for orders, and one of the sellers may not see buyers' data.
    limited = ["vendor-uk", "seller-us-unrestricted"] if place == 2 else []  # all accounts
    assert [account["account"] for account in found if not account["ok"]] == limited
    run = world.run(config, streams=["vendor_traffic_totals", "seller_sales_and_traffic_by_date", "report_ledger"])
    assert run.error is None
    labels = {row["account"] for row in run.records("report_ledger") if row["outcome"] == "loaded"}
    assert labels == ({each["account"] for each in config["accounts"]} if place == 2 else {"default"})
