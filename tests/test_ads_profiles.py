"""Which profiles of a consent are read, also where Amazon tells less of one than of the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from tap_amazon_vendor.ads.profiles import Profile, find_profiles
from tap_amazon_vendor.config.ads_accounts import read_ads_accounts
from tap_amazon_vendor.errors import AccessDeniedError, MalformedAnswerError

if TYPE_CHECKING:
    from tap_amazon_vendor.ads.client import AdsClient

Row = dict[str, Any]

US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
GOOD = {"profileId": 1, "countryCode": "US", "accountInfo": {"marketplaceStringId": US, "id": "E1", "type": "vendor"}}


def found(*listed: Row, beside: Row | None = None, **ads: Any) -> list[Profile]:
    """The profiles that are read of those that Amazon lists."""
    settings = {"client_id": "id", "client_secret": "s", "refresh_token": "t", **ads}
    (account,) = read_ads_accounts({"ads": settings, "marketplaces": ["US"], **(beside or {})}, [])
    answer = msgspec.json.encode(listed)
    client = SimpleNamespace(call=lambda *_, **named: msgspec.json.decode(answer, type=named["answer"]))
    profiles = find_profiles(cast("AdsClient", client), account)
    if profiles.missing:
        raise profiles.error
    return profiles.open


@pytest.mark.parametrize(
    "odd",
    [
        {"profileId": 2},
        {"profileId": "2", "countryCode": None, "accountInfo": {}},
        {"profileId": 2, "accountInfo": {"marketplaceStringId": None, "subType": "KDP_AUTHOR"}},
        {"profileId": 2, "countryCode": "XX", "accountInfo": {"type": "vendor"}},
        {"profileId": 2, "countryCode": "US", "accountInfo": {"type": "agency"}},
        {"profileId": 2, "accountInfo": None},
    ],
)
def test_a_profile_that_cannot_be_placed_does_not_hide_the_others(odd: Row) -> None:
    assert [each.own_id for each in found(odd, GOOD)] == ["1"]
    with pytest.raises(AccessDeniedError, match=r"does not open the profile 2 .* It opens 1 \(US, vendor\)"):
        found(odd, GOOD, profiles=["2"])


@pytest.mark.parametrize(
    "odd",
    [
        {"profileId": "2", "countryCode": "US", "accountInfo": {"type": "seller"}},
        {"profileId": 2, "dailyBudget": "12", "accountInfo": {"marketplaceStringId": US, "id": 7, "name": None}},
    ],
)
def test_a_profile_of_which_amazon_tells_little_is_read(odd: Row) -> None:
    first, second = found(odd, GOOD)
    assert (second.own_id, second.marketplace_id) == ("2", US)
    assert "accountInfo" in second.row()
    assert first.row() == {"accountInfo": {"id": "E1", "type": "vendor"}}


def test_profiles_that_are_named_are_read_wherever_they_lie() -> None:
    canada = {"profileId": 2, "countryCode": "CA", "accountInfo": {"marketplaceStringId": CA, "type": "vendor"}}
    assert [each.own_id for each in found(canada, GOOD)] == ["1"]
    assert [each.own_id for each in found(canada, GOOD, profiles=["2"])] == ["2"]


@pytest.mark.parametrize(
    ("told", "zone"),
    [
        ("America/New_York", "America/New_York"),
        *((odd, None) for odd in (None, "", "Mars/Base", "../zone", "Europe", 5, ["Europe/Paris"])),
    ],
)
def test_a_zone_that_is_none_is_not_believed(told: Any, zone: str | None) -> None:
    assert Profile(profile_id=1, timezone=told).zone == zone


def test_beside_sales_the_profiles_of_who_sells_so_are_read() -> None:
    seller = {"profileId": 2, "countryCode": "US", "accountInfo": {"type": "seller"}}
    untold = {"profileId": 3, "countryCode": "US"}

    def read(beside: Row, **ads: Any) -> list[str]:
        return [each.own_id for each in found(GOOD, seller, untold, beside=beside, **ads)]

    assert read({}) == read({"account_type": "vendor"}) == ["1", "2", "3"]
    assert read({"refresh_token": "Atzr|sales"}) == ["1", "3"]
    assert read({"refresh_token": "Atzr|sales", "account_type": "seller"}) == ["2", "3"]
    assert read({"account_type": "seller"}) == ["2", "3"]
    assert read({"refresh_token": "Atzr|sales"}, profiles=["2"]) == ["2"]
    with pytest.raises(AccessDeniedError, match=r"opens no profile of a seller in US .* It opens 1 \(US, vendor\)"):
        found(GOOD, beside={"account_type": "seller"})


@pytest.mark.parametrize(
    "odd",
    [{}, {"profileId": None}, {"profileId": 1.5, "countryCode": "US"}, {**GOOD, "profileId": "2\n"}, 7, None, [GOOD]],
)
def test_a_profile_that_cannot_be_read_is_left_out_and_the_others_are_read(
    odd: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert [each.own_id for each in found(odd, GOOD)] == ["1"]
    assert "a profile that can't be read" in caplog.text
    with pytest.raises(MalformedAnswerError, match="none of the profiles"):
        found(odd)
