"""Which marketplace a row belongs to, as the row itself says.

Some reports ignore the marketplace that they are asked for, and hold the whole region; which column then tells rows
apart is a fact of each report type (docs/amazon/seller-reports.md#where-a-line-belongs).
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter

from tap_amazon_vendor.config.marketplaces import BY_COUNTRY, BY_ID, MARKETPLACES, find_marketplace

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_amazon_vendor.config.marketplaces import Marketplace

#: Currency of each marketplace, by country.
CURRENCIES: Mapping[str, str] = {
    **dict.fromkeys(("BE", "DE", "ES", "FR", "IE", "IT", "NL"), "EUR"),
    "AE": "AED",
    "AU": "AUD",
    "BR": "BRL",
    "CA": "CAD",
    "EG": "EGP",
    "GB": "GBP",
    "IN": "INR",
    "JP": "JPY",
    "MX": "MXN",
    "PL": "PLN",
    "SA": "SAR",
    "SE": "SEK",
    "SG": "SGD",
    "TR": "TRY",
    "US": "USD",
    "ZA": "ZAR",
}

#: What may stand around the domain of a store.
_ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?(.*?)/?")

#: Country codes in names of sales channels: ``Non-Amazon US``, ``SI UK Prod Marketplace``.
_CHANNEL = re.compile(r"\bamazon\b|\bmarketplace\b", re.IGNORECASE)
_CODE = re.compile(r"\b[A-Z]{2}\b")
_OTHER_CHANNEL = re.compile(r"non.?amazon\b", re.IGNORECASE)

#: Distinct texts whose marketplaces are cached.
_REMEMBERED = 1 << 12


@dataclass(frozen=True)
class ToldBy:
    """The columns by which a row of a report tells its marketplace.

    Attributes:
        name: Column that names the marketplace: a sales channel, a store, a country or an id.
        currency: Column with the currency of the amounts, asked where the name does not tell.
        always_named: Whether every document has the column of the name. Else some tell rows apart by currency only.
        within: Column that tells which rows have one currency: the first that tells it does so for those after it.
    """

    name: str | None = None
    currency: str | None = None
    always_named: bool = True
    within: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that tell."""
        return tuple(column for column in (self.name, self.currency) if column)

    def reader(self) -> Callable[[Mapping[str, t.Any]], t.Any]:
        """Return what reads from each row of a document, in order, what it says of its marketplace: see `told`."""
        if self.name is None or self.currency is None or self.within is None:
            return itemgetter(*self.columns)
        whole = itemgetter(self.name, self.currency, self.within)
        currencies: dict[t.Any, str] = {}

        def says(row: Mapping[str, t.Any]) -> tuple[str | None, str | None]:
            name, currency, within = whole(row)
            if currency:
                currencies.setdefault(within, currency)
            return name, currency or currencies.get(within)

        return says

    def told(self, said: t.Any, region: str | None) -> tuple[str, ...]:  # noqa: ANN401
        """Return the ids of the marketplaces that a row may be of, as far as it tells; none if it tells nothing.

        Args:
            said: What a `reader` returned: name and currency, or the one of them that rows have.
            region: The region of the account's marketplaces, None if it is unknown.
        """
        if self.name and self.currency:
            return _told(*said, region)
        return _told(said, None, region) if self.name else _told(None, said, region)

    def group(self, marketplace: Marketplace) -> frozenset[str]:
        """Return the ids of the marketplaces that rows may not tell from one marketplace, itself included.

        Args:
            marketplace: The marketplace.
        """
        if self.name and self.always_named:
            return frozenset({marketplace.marketplace_id})
        if self.currency:
            return frozenset(_having(CURRENCIES[marketplace.country], marketplace.region))
        return whole_region(marketplace)


def whole_region(marketplace: Marketplace) -> frozenset[str]:
    """Return the ids of all marketplaces in the region of a marketplace."""
    return frozenset(each.marketplace_id for each in MARKETPLACES if each.region == marketplace.region)


@lru_cache(maxsize=_REMEMBERED)
def named_marketplace(text: str) -> str | None:
    """Return the id of the marketplace that a text names, None if it names none.

    Args:
        text: An id, a country code, the domain of a store (``Amazon.com.mx``, ``www.amazon.de``), or the name of a
            sales channel with one country code in it (``Non-Amazon US``).
    """
    text = text.strip()
    if known := find_marketplace(text):
        return known.marketplace_id
    address = _ADDRESS.fullmatch(text.casefold())
    if address and (store := _stores().get(address[1])):
        return store
    codes = {
        known.marketplace_id
        for code in (_CODE.findall(text) if _CHANNEL.search(text) else ())
        if (known := find_marketplace(code))
    }
    return codes.pop() if len(codes) == 1 else None


def is_other_channel(text: str) -> bool:
    """Return whether a text names a sales channel that is none of Amazon's stores: ``Non-Amazon``."""
    return _OTHER_CHANNEL.match(text.strip()) is not None


@lru_cache(maxsize=_REMEMBERED)
def _told(name: str | None, currency: str | None, region: str | None) -> tuple[str, ...]:
    named = named_marketplace(name) if name else None
    if named:
        return (named,)
    return _having(currency.strip().upper(), region) if currency else ()


@cache
def _having(currency: str, region: str | None) -> tuple[str, ...]:
    """Return the ids of the marketplaces with a currency, of one region or of all."""
    found = (BY_COUNTRY[country] for country, own in CURRENCIES.items() if own == currency)
    return tuple(each.marketplace_id for each in found if region in {None, each.region})


@cache
def _stores() -> Mapping[str, str]:
    """Return the ids of marketplaces by the domain of their store."""
    stores = {}
    for each in BY_ID.values():
        for host in (each.seller_central, each.vendor_central):
            central, _, domain = host.partition(".")
            # Some countries share a host, which then is none of a store.
            if central in {"sellercentral", "vendorcentral"} and domain != "amazon.me":
                stores[domain] = each.marketplace_id
    return stores
