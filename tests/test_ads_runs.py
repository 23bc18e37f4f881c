"""Runs with Amazon Ads: advertising beside sales or alone, against the local Amazon, on a made-up clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox.ads_accounts import ADS_CLIENT_ID, ADS_CLIENT_SECRET

if TYPE_CHECKING:
    from world import World

    from amazon_sandbox import Call

Row = dict[str, Any]

CAMPAIGNS = "ads_sp_campaigns"


def consent(world: World, label: str = "vendor-us", **changes: Any) -> Row:
    """The setting `ads` for a consent of the sandbox."""
    return {
        "client_id": ADS_CLIENT_ID,
        "client_secret": ADS_CLIENT_SECRET,
        "refresh_token": f"Atzr|sandbox-ads-{label}",
        "api_url": f"{world.server.url}/ads",
        "auth_url": world.server.auth_url,
        **changes,
    }


@pytest.fixture
def config(world: World) -> Row:
    """Advertising alone."""
    return {"ads": consent(world), "marketplaces": ["US"], "start_date": world.day(20), "restatement_days": 0}


def created(world: World, since: int = 0) -> list[Call]:
    return [call for call in world.sandbox.calls[since:] if call.operation == "createAdsReport" and call.status == 200]


def test_advertising_alone_is_read_and_not_again(world: World, config: Row) -> None:
    first = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert first.error is None
    rows = first.records(CAMPAIGNS)
    assert rows
    assert {row["country_code"] for row in rows} == {"US"}
    asked = len(created(world))
    again = world.run(config, first.state, streams=[CAMPAIGNS, "report_ledger"])
    assert again.error is None
    assert again.records(CAMPAIGNS) == []
    assert len(created(world)) == asked == 1
