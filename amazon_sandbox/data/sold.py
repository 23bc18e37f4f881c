"""What customers buy of a vendor's products on a day: the one story that a vendor's reports tell.

Daily and hourly reports, stock, margin, brand reports and campaigns all start from these
numbers, so that their figures agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from amazon_sandbox.chance import mix
from amazon_sandbox.data.catalogue import volume

if TYPE_CHECKING:
    from datetime import date

    from amazon_sandbox.data.catalogue import Catalogue, Product


class Sold(NamedTuple):
    """Units of an ASIN that are bought on a day, as they are known in the end.

    Attributes:
        bits: The randomness of that ASIN and day.
        price: What one of them costs.
        parts: Units that consumers, businesses and Fresh buy. RETAIL is the sum, because
            Amazon's figures were seen to be so (docs/amazon/vendor-reports.md#selling-programs).
    """

    bits: int
    price: int
    parts: tuple[int, int, int]

    @property
    def units(self) -> int:
        """Units of RETAIL."""
        return sum(self.parts)

    @property
    def luck(self) -> int:
        """Whether a missing percent that is no whole unit takes one away; see `settled`."""
        return (self.bits >> 37) % 100

    def shipped(self, part: int) -> int:
        """Those of a part's units that are sent: a few percent are cancelled."""
        return part - part * (self.bits >> 26 & 7) // 100

    def returned(self, part: int) -> int:
        """Those of a part's units that come back."""
        return self.shipped(part) * (self.bits >> 29 & 15) // 100


class Day:
    """One Pacific day of a vendor.

    Args:
        catalogue: The ASINs.
        day: The day.
    """

    def __init__(self, catalogue: Catalogue, day: date) -> None:
        """Work out what all ASINs have in common."""
        self._key = mix(catalogue.key ^ day.toordinal())
        self._busy = volume(day)

    def sold(self, product: Product) -> Sold | None:
        """What is bought of an ASIN; None for about every tenth, which has no row of sales."""
        bits = mix(self._key ^ product.key)
        if bits & 63 < 6:  # noqa: PLR2004
            return None
        total = self._total(product, bits)
        business = total * (bits >> 16 & 31) // 200
        fresh = total * (bits >> 21 & 31) // 160 if product.fresh else 0
        price = product.price
        if bits >> 33 & 15 == 0:
            price = price * 85 // 100
        return Sold(bits, price, (total - business - fresh, business, fresh))

    def views(self, product: Product) -> int | None:
        """How often somebody looks at an ASIN; None for a few: more are looked at than sold."""
        bits = mix(self._key ^ product.key)
        if bits & 63 < 2:  # noqa: PLR2004
            return None
        return self._total(product, bits) * (6 + (bits >> 40 & 7)) + (bits >> 44 & 15)

    def _total(self, product: Product, bits: int) -> int:
        return product.demand * self._busy * (60 + (bits >> 8 & 63)) // 1_000_000
