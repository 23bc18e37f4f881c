"""Numbers that look random and follow from the seed alone.

No global random state and no dependence on the order of calls: a test can work
out every figure of the sandbox beforehand.
"""

from __future__ import annotations

import hashlib

MASK = (1 << 64) - 1


def derive(*parts: object) -> int:
    """Turn any parts, the seed first, into one number of 64 bits.

    Args:
        parts: Values whose `repr` is stable: numbers, texts, dates, tuples.

    Returns:
        The same number for the same parts, in every process.
    """
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def mix(number: int) -> int:
    """Scatter one number of 64 bits into another one (splitmix64).

    Ten times cheaper than `derive`, so it serves the loops over days and ASINs.

    Args:
        number: Any whole number; only its low 64 bits count.

    Returns:
        A number of 64 bits.
    """
    number = (number + 0x9E3779B97F4A7C15) & MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & MASK
    return number ^ (number >> 31)
