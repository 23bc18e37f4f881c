"""Numbers rows with equal keys: by their occurrence, in bounded memory where few are equal; or by their line."""

from __future__ import annotations

import mmap
import typing as t
from collections import Counter

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


class Lines:
    """Numbers the lines with equal keys by their distance from the first of them.

    So a settlement has the same numbers in a file of its own and in one that several were put into. Lines between that
    are no rows count: the numbers of the others do not depend on them.
    """

    def __init__(self) -> None:
        self._before: dict[tuple[t.Any, ...], int] = {}

    def of(self, keys: Iterable[tuple[t.Any, ...]], ordinals: Sequence[int]) -> list[int]:
        """Number lines, each key's from 1.

        Args:
            keys: Of each line.
            ordinals: Number of each line in the file, from 1.
        """
        before = self._before
        numbers = []
        for key, ordinal in zip(keys, ordinals, strict=True):
            if key not in before:
                before[key] = ordinal - 1 if before else 0
            numbers.append(ordinal - before[key])
        return numbers
