"""The closed set of outcomes, and what an error of Amazon means for a job.

An outcome is part of the contract: it is a value in the stream `report_ledger`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(str, Enum):
    """How a window ended."""

    LOADED = "loaded"
    EMPTY = "empty"
    LATER = "later"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def completes(self) -> bool:
        """Whether the window is complete, so that the bookmark may pass it."""
        return self in {Outcome.LOADED, Outcome.EMPTY}

    @property
    def ends_partition(self) -> bool:
        """Whether the partition's other windows would end the same way and are not tried."""
        return self in {Outcome.SKIPPED, Outcome.FAILED}


@dataclass(frozen=True)
class Verdict:
    """What an error of Amazon means for a job.

    Attributes:
        outcome: How the window ends, unless one of the remedies below helps.
        advice: What the user can do about it; empty where there is nothing to do.
        retry: It may be passing: a second request, minutes later, may succeed.
        shorten: A window without its newest day (or hour) may succeed.
        too_wide: The window may be too wide: its halves may succeed.
        no_data: It says that there are no rows, which is believed or not as of a cancelled report.
        whole: It is about the partition and not about the window: the other windows would end alike.
        lasting: It is final by its nature: the next runs need not ask again.
        ambiguous: It may as well be an outage: what other partitions of the account heard decides.
    """

    outcome: Outcome
    advice: str = ""
    retry: bool = False
    shorten: bool = False
    too_wide: bool = False
    no_data: bool = False
    whole: bool = False
    lasting: bool = False
    ambiguous: bool = False
