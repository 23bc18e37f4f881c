"""Amazon's marketplaces: the table against an independent one."""

from __future__ import annotations

import re

import pytest
from bootstrap import ROOT

from tap_amazon_vendor.config.marketplaces import ALIASES, BY_ID, MARKETPLACES, REGIONS, Marketplace, find_marketplace


@pytest.mark.parametrize(
    ("name", "marketplace_id", "region"),
    [
        ("US", "ATVPDKIKX0DER", "na"),
        (" us ", "ATVPDKIKX0DER", "na"),
        ("atvpdkikx0der", "ATVPDKIKX0DER", "na"),
        ("DE", "A1PA6795UKMFR9", "eu"),
        ("UK", "A1F83G8C2ARO7P", "eu"),
        ("GB", "A1F83G8C2ARO7P", "eu"),
        ("JP", "A1VC38T7YXB528", "fe"),
    ],
)
def test_a_marketplace_is_found_by_country_code_alias_and_id(name: str, marketplace_id: str, region: str) -> None:
    found = find_marketplace(name)
    assert found
    assert (found.marketplace_id, found.region) == (marketplace_id, region)
    assert found.host == f"https://sellingpartnerapi-{region}.amazon.com"


@pytest.mark.parametrize("name", ["", "XX", "USA", "amazon.com"])
def test_anything_else_is_not_found(name: str) -> None:
    assert find_marketplace(name) is None


def test_the_table_is_that_of_python_amazon_sp_api(monkeypatch: pytest.MonkeyPatch) -> None:
    # The package reads it at import and refuses what it does not know.
    monkeypatch.delenv("AWS_ENV", raising=False)
    from sp_api.base.marketplaces import Marketplaces  # noqa: PLC0415

    theirs = {
        (ALIASES.get(country, country), each.marketplace_id, each.endpoint.replace("https://sandbox.", "https://"))
        for country, each in Marketplaces.__members__.items()
    }
    assert {(each.country, each.marketplace_id, each.host) for each in MARKETPLACES} == theirs


def test_every_marketplace_is_in_a_region_and_has_both_centrals() -> None:
    for marketplace in MARKETPLACES:
        assert marketplace.region in REGIONS
        assert re.fullmatch(r"https://vendorcentral\.amazon\.[a-z.]+", marketplace.central("vendor"))
        assert re.fullmatch(r"https://sellercentral(-europe)?\.amazon\.[a-z.]+", marketplace.central("seller"))


def test_the_centrals_are_those_of_the_facts() -> None:
    facts = ROOT / "docs" / "amazon" / "marketplaces.md"
    rows = re.findall(r"^\|[^|]+\| (A\w+) \|.*\| (\S+) \| (\S+) \|$", facts.read_text(), re.MULTILINE)
    centrals: dict[str, tuple[str, str]] = {marketplace_id: (seller, vendor) for marketplace_id, seller, vendor in rows}
    assert {id_: _centrals(each) for id_, each in BY_ID.items()} == centrals


def _centrals(marketplace: Marketplace) -> tuple[str, str]:
    return marketplace.seller_central, marketplace.vendor_central
