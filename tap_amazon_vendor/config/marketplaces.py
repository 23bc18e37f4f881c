"""Amazon's marketplaces: country codes, ids, regions, hosts, and where users log in.

Source: developer-docs.amazon.com/sp-api/docs/marketplace-ids and .../sp-api-endpoints. A test compares the table with
that of python-amazon-sp-api.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from collections.abc import Mapping

REGIONS = ("na", "eu", "fe")


@dataclass(frozen=True)
class Marketplace:
    """An Amazon marketplace.

    Attributes:
        country: ISO 3166 country code.
        marketplace_id: Amazon's id.
        region: ``na``, ``eu`` or ``fe``.
        seller_central: Host of Seller Central.
        vendor_central: Host of Vendor Central.
    """

    country: str
    marketplace_id: str
    region: str
    seller_central: str
    vendor_central: str

    @property
    def host(self) -> str:
        """The region's base URI of the Selling Partner API."""
        return f"https://sellingpartnerapi-{self.region}.amazon.com"

    def central(self, account_type: str) -> str:
        """Return the base URI of Vendor Central, or for ``seller`` of Seller Central."""
        return f"https://{self.seller_central if account_type == 'seller' else self.vendor_central}"


_EUROPE = "sellercentral-europe.amazon.com"
_MIDDLE_EAST = "vendorcentral.amazon.me"

MARKETPLACES = (
    Marketplace("CA", "A2EUQ1WTGCTBG2", "na", "sellercentral.amazon.ca", "vendorcentral.amazon.ca"),
    Marketplace("US", "ATVPDKIKX0DER", "na", "sellercentral.amazon.com", "vendorcentral.amazon.com"),
    Marketplace("MX", "A1AM78C64UM0Y8", "na", "sellercentral.amazon.com.mx", "vendorcentral.amazon.com.mx"),
    Marketplace("BR", "A2Q3Y263D00KWC", "na", "sellercentral.amazon.com.br", "vendorcentral.amazon.com.br"),
    Marketplace("IE", "A28R8C7NBKEWEA", "eu", _EUROPE, "vendorcentral.amazon.ie"),
    Marketplace("ES", "A1RKKUPIHCS9HS", "eu", _EUROPE, "vendorcentral.amazon.es"),
    Marketplace("GB", "A1F83G8C2ARO7P", "eu", _EUROPE, "vendorcentral.amazon.co.uk"),
    Marketplace("FR", "A13V1IB3VIYZZH", "eu", _EUROPE, "vendorcentral.amazon.fr"),
    Marketplace("BE", "AMEN7PMS3EDWL", "eu", "sellercentral.amazon.com.be", "vendorcentral.amazon.com.be"),
    Marketplace("NL", "A1805IZSGTT6HS", "eu", "sellercentral.amazon.nl", "vendorcentral.amazon.nl"),
    Marketplace("DE", "A1PA6795UKMFR9", "eu", _EUROPE, "vendorcentral.amazon.de"),
    Marketplace("IT", "APJ6JRA9NG5V4", "eu", _EUROPE, "vendorcentral.amazon.it"),
    Marketplace("SE", "A2NODRKZP88ZB9", "eu", "sellercentral.amazon.se", "vendorcentral.amazon.se"),
    Marketplace("ZA", "AE08WJ6YKNBMC", "eu", "sellercentral.amazon.co.za", "vendorcentral.amazon.co.za"),
    Marketplace("PL", "A1C3SOZRARQ6R3", "eu", "sellercentral.amazon.pl", "vendorcentral.amazon.pl"),
    Marketplace("EG", "ARBP9OOSHTCHU", "eu", "sellercentral.amazon.eg", _MIDDLE_EAST),
    Marketplace("TR", "A33AVAJ2PDY3EV", "eu", "sellercentral.amazon.com.tr", "vendorcentral.amazon.com.tr"),
    Marketplace("SA", "A17E79C6D8DWNP", "eu", "sellercentral.amazon.sa", _MIDDLE_EAST),
    Marketplace("AE", "A2VIGQ35RCS4UG", "eu", "sellercentral.amazon.ae", _MIDDLE_EAST),
    Marketplace("IN", "A21TJRUUN4KGV", "eu", "sellercentral.amazon.in", "vendorcentral.amazon.in"),
    Marketplace("SG", "A19VAU5U5O7RUS", "fe", "sellercentral.amazon.sg", "vendorcentral.amazon.com.sg"),
    Marketplace("AU", "A39IBJ37TRP1C6", "fe", "sellercentral.amazon.com.au", "vendorcentral.amazon.com.au"),
    Marketplace("JP", "A1VC38T7YXB528", "fe", "sellercentral.amazon.co.jp", "vendorcentral.amazon.co.jp"),
)

#: Other codes that Amazon's own pages use.
ALIASES = {"UK": "GB"}

_EURO = ("BE", "DE", "ES", "FR", "IE", "IT", "NL")

#: ISO 4217 currency of each country's marketplace.
CURRENCIES: Mapping[str, str] = {
    "AE": "AED", "AU": "AUD", "BR": "BRL", "CA": "CAD", "EG": "EGP", "GB": "GBP", "IN": "INR", "JP": "JPY",
    "MX": "MXN", "PL": "PLN", "SA": "SAR", "SE": "SEK", "SG": "SGD", "TR": "TRY", "US": "USD", "ZA": "ZAR",
    **dict.fromkeys(_EURO, "EUR"),
}  # fmt: skip

BY_COUNTRY: Mapping[str, Marketplace] = {each.country: each for each in MARKETPLACES}
BY_ID: Mapping[str, Marketplace] = {each.marketplace_id: each for each in MARKETPLACES}


def find_marketplace(name: str) -> Marketplace | None:
    """Return the marketplace of a country code or id, None if unknown."""
    key = name.strip().upper()
    return BY_ID.get(key) or BY_COUNTRY.get(ALIASES.get(key, key))


def country_of(marketplace_id: str) -> str | None:
    """Return the country code of a marketplace, None if the id is unknown."""
    found = BY_ID.get(marketplace_id)
    return found.country if found else None


def region_of(marketplace_id: str) -> str | None:
    """Return the region of a marketplace, None if the id is unknown."""
    found = BY_ID.get(marketplace_id)
    return found.region if found else None
