"""The operation of the Sellers API v1 that tells where a seller sells.

See docs/amazon/other-apis.md#getmarketplaceparticipations and the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_sandbox.accounts import MARKETPLACES
from amazon_sandbox.api import Answer, ApiCall, Operation

if TYPE_CHECKING:
    from amazon_sandbox.amazon import Sandbox

# The language of a marketplace, where it is not English.
LANGUAGES = {
    country: language
    for language, countries in {
        "ar": ("EG", "SA", "AE"),
        "de": ("DE",),
        "es": ("ES", "MX"),
        "fr": ("FR", "BE"),
        "it": ("IT",),
        "ja": ("JP",),
        "nl": ("NL",),
        "pl": ("PL",),
        "pt": ("BR",),
        "sv": ("SE",),
        "tr": ("TR",),
    }.items()
    for country in countries
}


def get_marketplace_participations(_sandbox: Sandbox, call: ApiCall) -> Answer:
    """List the marketplaces of a seller."""
    return Answer(200, {"payload": [_participation(id_, call.account.label) for id_ in call.account.marketplaces]})


def _participation(marketplace_id: str, store: str) -> dict[str, object]:
    place = MARKETPLACES[marketplace_id]
    # The model wants two letters of ISO 3166, which has GB.
    country = "GB" if place.country == "UK" else place.country
    return {
        "marketplace": {
            "id": marketplace_id,
            "name": place.domain.capitalize(),
            "countryCode": country,
            "defaultCurrencyCode": place.currency,
            "defaultLanguageCode": f"{LANGUAGES.get(place.country, 'en')}_{country}",
            "domainName": f"www.{place.domain}",
        },
        "storeName": store,
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
    }


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "getMarketplaceParticipations",
        "GET",
        "/sellers/v1/marketplaceParticipations",
        get_marketplace_participations,
        kind="seller",
    ),
)
