"""Who advertises: consents for the Amazon Ads API, and the profiles that each of them may read.

The Ads API needs a Login with Amazon client of its own, so whoever sells here too has a second
refresh token. A profile is one advertiser in one marketplace; its products are those of the
selling partner of that name, and so are the sales that its advertising leads to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from amazon_sandbox.accounts import MARKETPLACES, SandboxAccount
from amazon_sandbox.chance import derive
from amazon_sandbox.data.catalogue import code

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

from zoneinfo import ZoneInfo

ADS_CLIENT_ID = "amzn1.application-oa2-client.sandbox-ads"
ADS_CLIENT_SECRET = "amzn1.oa2-cs.v1.sandbox-ads"  # noqa: S105 - opens the sandbox only
"""The application that all advertisers have authorized."""

SPONSORED_PRODUCTS = "SPONSORED_PRODUCTS"
SPONSORED_BRANDS = "SPONSORED_BRANDS"
SPONSORED_DISPLAY = "SPONSORED_DISPLAY"

ZONES = {
    "BR": "America/Sao_Paulo",
    "UK": "Europe/London",
    "NL": "Europe/Amsterdam",
    "BE": "Europe/Brussels",
    "SE": "Europe/Stockholm",
    "PL": "Europe/Warsaw",
    "IE": "Europe/Dublin",
    "TR": "Europe/Istanbul",
    "AE": "Asia/Dubai",
    "SA": "Asia/Riyadh",
    "IN": "Asia/Kolkata",
    "EG": "Africa/Cairo",
    "ZA": "Africa/Johannesburg",
    "JP": "Asia/Tokyo",
    "SG": "Asia/Singapore",
    "AU": "Australia/Sydney",
    **dict.fromkeys(("US", "CA", "MX"), "America/Los_Angeles"),
    **dict.fromkeys(("DE", "ES", "FR", "IT"), "Europe/Paris"),
}


@dataclass(frozen=True)
class AdsProfile:
    """One advertiser in one marketplace.

    Attributes:
        owner: Label of the selling partner whose products it advertises.
        kind: vendor, seller or agency; calls about advertisements of an agency are refused.
        marketplace_id: The marketplace.
        may_edit: Whether the consent covers changes; without it, it is listed with `accessLevel=view` only.
        closed: Advertising products that are not open to it.
        sourcing_only: Whether its vendor knows no other sales than those of the sourcing view.
        own_zone: The name of its time zone, where that is not its country's.
    """

    owner: str
    kind: Literal["vendor", "seller", "agency"]
    marketplace_id: str
    may_edit: bool = True
    closed: tuple[str, ...] = ()
    sourcing_only: bool = False
    own_zone: str = ""

    @property
    def profile_id(self) -> int:
        """The id, a number of 16 digits."""
        return 10**15 + derive("profile", self.owner, self.kind, self.marketplace_id) % (9 * 10**15)

    @property
    def entity_id(self) -> str:
        """The id of the advertiser, which a vendor has in common over marketplaces."""
        prefix = "A" if self.kind == "seller" else "ENTITY"
        return prefix + code(derive("entity", self.owner), 13)

    @property
    def country(self) -> str:
        """Two letters; the United Kingdom is UK."""
        return MARKETPLACES[self.marketplace_id].country

    @property
    def timezone(self) -> str:
        """The name of its time zone."""
        return self.own_zone or ZONES[self.country]

    @property
    def zone(self) -> tzinfo:
        """What a day of its reports is a day of."""
        return ZoneInfo(self.timezone)

    def as_json(self) -> dict[str, object]:
        """The profile as `GET /v2/profiles` lists it."""
        info: dict[str, object] = {
            "marketplaceStringId": self.marketplace_id,
            "id": self.entity_id,
            "type": self.kind,
            "name": self.owner,
        }
        row: dict[str, object] = {
            "profileId": self.profile_id,
            "countryCode": self.country,
            "currencyCode": MARKETPLACES[self.marketplace_id].currency,
            "timezone": self.timezone,
        }
        if self.kind == "seller":
            row["dailyBudget"] = 999999999.0
        if self.kind == "vendor":
            info["validPaymentMethod"] = True
        return {**row, "accountInfo": info}


@dataclass(frozen=True)
class AdsAccount(SandboxAccount):
    """One consent for the Ads API, as one refresh token stands for it.

    Attributes:
        profiles: What it may read.
    """

    profiles: tuple[AdsProfile, ...] = ()

    def profile(self, profile_id: str) -> AdsProfile | None:
        """The profile with an id, as a header has it; None when the consent does not cover it."""
        return next((each for each in self.profiles if f"{each.profile_id}" == profile_id), None)


# What is not as usual, by the label of the selling partner.
VIEW_ONLY = frozenset({"vendor-uk"})
NO_DISPLAY = frozenset({"vendor-jp"})
WITH_AGENCY = frozenset({"seller-us"})


def default_ads_accounts(accounts: Sequence[SandboxAccount]) -> tuple[AdsAccount, ...]:
    """A consent for each selling partner that has a role, and one of a region for all European ones.

    Args:
        accounts: The selling partners.

    Returns:
        `ads-` and the label of the selling partner, and `ads-eu`, which sees all profiles of Europe.
    """
    made = [
        _consent(f"ads-{account.label}", account.region, _profiles(account)) for account in accounts if account.roles
    ]
    europe = tuple(profile for each in made if each.region == "eu" for profile in each.profiles)
    return (*made, _consent("ads-eu", "eu", europe)) if europe else tuple(made)


def _consent(label: str, region: str, profiles: tuple[AdsProfile, ...]) -> AdsAccount:
    return AdsAccount(
        label=label,
        kind="vendor" if profiles[0].kind == "vendor" else "seller",
        region=region,
        marketplaces=tuple(dict.fromkeys(profile.marketplace_id for profile in profiles)),
        refresh_token=f"Atzr|sandbox-{label}",
        client_id=ADS_CLIENT_ID,
        client_secret=ADS_CLIENT_SECRET,
        roles=(),
        profiles=profiles,
    )


def _profiles(account: SandboxAccount) -> tuple[AdsProfile, ...]:
    own = tuple(
        AdsProfile(
            account.label,
            account.kind,
            place,
            may_edit=account.label not in VIEW_ONLY,
            closed=(SPONSORED_DISPLAY,) if account.label in NO_DISPLAY else (),
            sourcing_only=account.kind == "vendor" and "MANUFACTURING" not in account.distributor_views,
        )
        for place in account.marketplaces
    )
    agency = (AdsProfile(account.label, "agency", account.marketplaces[0]),) if account.label in WITH_AGENCY else ()
    return (*own, *agency)
