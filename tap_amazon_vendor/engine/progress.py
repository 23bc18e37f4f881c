"""How far a run is, and when it will be done."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_amazon_vendor.engine.model import Service


@dataclass(frozen=True)
class ServiceProgress:
    """The jobs of a service that are not available yet.

    Attributes:
        service: The account's API.
        to_ask: Jobs still to be created.
        at_amazon: Jobs that Amazon works on.
        to_fetch: Jobs whose document is to be fetched.
        seconds: Estimated time until the last of them is available.
        pause: Seconds until the next may be requested.
    """

    service: Service
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
        services: The services that have some of these.
    """

    total: int
    open: int
    services: Sequence[ServiceProgress]

    @property
    def seconds(self) -> float:
        """Estimated time until the last report is available: services do not wait for each other."""
        return max((service.seconds for service in self.services), default=0.0)

    @property
    def seconds_by_account(self) -> dict[str, float]:
        """The same for each account that has some of these."""
        slowest: dict[str, float] = {}
        for each in self.services:
            account = each.service.account
            slowest[account] = max(each.seconds, slowest.get(account, 0.0))
        return slowest

    def __str__(self) -> str:
        """Describe it in one line: how far, how long, and what is being waited for."""
        to_ask = sum(service.to_ask for service in self.services)
        at_amazon = sum(service.at_amazon for service in self.services)
        to_fetch = sum(service.to_fetch for service in self.services)
        pause = min((service.pause for service in self.services if service.to_ask), default=0.0)
        waiting = []
        if at_amazon:
            waiting.append(f"Amazon works on {at_amazon}")
        if to_fetch:
            waiting.append(f"{to_fetch} to fetch")
        if to_ask:
            waiting.append(f"{to_ask} to request{f', the next in {pause:.0f} s' if pause >= 1 else ''}")
        done = f"{self.total - self.open} of {self.total} reports done"
        return f"{done}, {duration(self.seconds)} left: {', '.join(waiting)}" if self.open else done


def duration(seconds: float) -> str:
    """Format a duration in the unit that a person would use."""
    if seconds < 90:  # noqa: PLR2004
        return f"about {max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {minutes // 60} h {minutes % 60:02d} min"  # noqa: PLR2004
