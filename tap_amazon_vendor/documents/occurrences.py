"""Numbers equal keys, in bounded memory where few are."""

from __future__ import annotations

import mmap
import typing as t
from collections import Counter

if t.TYPE_CHECKING:
    from collections.abc import Iterable

#: Bits of the filter for repeated keys: of three million keys, one in two hundred collides by chance, which only costs
#: a little memory.
_KEY_BITS = 1 << 28


class Occurrences:
    """Numbers equal keys. Only keys that occur more than once are kept in memory."""

    def __init__(self) -> None:
        # Of the system, which gives a page when it is first written to: a bytearray of this size takes 30 ms to clear.
        self._met = mmap.mmap(-1, _KEY_BITS >> 3)
        self._repeated: set[int] = set()
        self._counts: Counter[tuple[t.Any, ...]] = Counter()

    def look(self, keys: Iterable[tuple[t.Any, ...]]) -> None:
        """Note keys, to find repeated ones before they are numbered."""
        met = self._met
        for key in keys:
            spot = hash(key) % _KEY_BITS
            bit = 1 << (spot & 7)
            if met[spot >> 3] & bit:
                self._repeated.add(spot)
            else:
                met[spot >> 3] |= bit

    def of(self, keys: Iterable[tuple[t.Any, ...]]) -> list[int]:
        """Number keys: the first of equal ones is 1."""
        numbers = []
        for key in keys:
            number = 1
            if hash(key) % _KEY_BITS in self._repeated:
                number = self._counts[key] = self._counts[key] + 1
            numbers.append(number)
        return numbers
