"""How far a run is, and when it will be done."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class AccountProgress:
    """The reports of an account that are not available yet.

    Attributes:
        account: Label.
        to_ask: Reports still to be requested.
        at_amazon: Reports that Amazon works on.
        to_fetch: Reports whose document is to be fetched.
        seconds: Estimated time until the last of them is available.
        pause: Seconds until the next may be requested.
    """

    account: str
    to_ask: int
    at_amazon: int
    to_fetch: int
    seconds: float
    pause: float = 0.0


@dataclass(frozen=True)
class Progress:
    """All reports of a run.

    Attributes:
        total: Reports of the run.
        open: Those that are not available yet.
        accounts: The accounts that have some of these.
    """

    total: int
    open: int
    accounts: Sequence[AccountProgress]

    @property
    def seconds(self) -> float:
        """Estimated time until the last report is available: accounts do not wait for each other."""
        return max((account.seconds for account in self.accounts), default=0.0)

    def __str__(self) -> str:
        """Describe it in one line: how far, how long, and what is being waited for."""
        to_ask = sum(account.to_ask for account in self.accounts)
        at_amazon = sum(account.at_amazon for account in self.accounts)
        to_fetch = sum(account.to_fetch for account in self.accounts)
        pause = min((account.pause for account in self.accounts if account.to_ask), default=0.0)
        waiting = []
        if at_amazon:
            waiting.append(f"Amazon works on {at_amazon}")
        if to_fetch:
            waiting.append(f"{to_fetch} to fetch")
        if to_ask:
            waiting.append(f"{to_ask} to ask for{f', the next in {pause:.0f} s' if pause >= 1 else ''}")
        done = f"{self.total - self.open} of {self.total} reports done"
        return f"{done}, {duration(self.seconds)} left: {', '.join(waiting)}" if self.open else done


def duration(seconds: float) -> str:
    """Format a duration in the unit that a person would use."""
    if seconds < 90:  # noqa: PLR2004
        return f"about {max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {minutes // 60} h {minutes % 60:02d} min"  # noqa: PLR2004
