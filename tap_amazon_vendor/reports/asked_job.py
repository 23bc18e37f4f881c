"""What requests share whose jobs exist only because somebody asked, and whose documents say nothing of them."""

from __future__ import annotations

import typing as t
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import timedelta

from tap_amazon_vendor.reports.calendars import SETTLED_DAYS
from tap_amazon_vendor.reports.windows import Window, from_text, to_text, touches

if t.TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from typing_extensions import Self

    from tap_amazon_vendor.engine.model import ListedJob
    from tap_amazon_vendor.reports.calendars import Calendar
    from tap_amazon_vendor.reports.request import ReportPartition


class AskedJob(ABC):
    """The base of such requests, which are dataclasses.

    Attributes:
        window: The requested days.
        calendar: How time is cut.
        listed_under: A listing is not limited to a marketplace.
        job_id: Amazon makes no such job by itself, so none exists already.
        has_options: A listing, where there is one, shows the whole request.
        amazon_generated: Amazon makes no such job by itself.
        refused_at_once: What the account lacks shows in the end only.
        may_be_unused: A job without rows does not just mean that the account does not use what the job is about.
        refresh_interval: Each is answered anew.
        type_key: What the state calls the type of job.
    """

    window: Window
    calendar: Calendar

    listed_under: t.ClassVar[str | None] = None
    job_id: t.ClassVar[str | None] = None
    has_options: t.ClassVar[bool] = False
    amazon_generated: t.ClassVar[bool] = False
    refused_at_once: t.ClassVar[bool] = False
    may_be_unused: t.ClassVar[bool] = False
    refresh_interval: t.ClassVar[timedelta | None] = None
    type_key: t.ClassVar[str] = "report_type"

    def __str__(self) -> str:
        """Name the job for a log line."""
        return self.partition.label(self.window)

    @property
    @abstractmethod
    def partition(self) -> ReportPartition:
        """Everything but the window."""

    @property
    def job_type(self) -> str:
        """The type of job, as the engine calls it."""
        return self.partition.report_type

    @property
    def subject(self) -> ReportPartition:
        """What the ledger calls the partition."""
        return self.partition

    def is_recent(self, today: date) -> bool:
        """Return whether Amazon may still publish something for these days."""
        return self.window.last_day > today - timedelta(days=SETTLED_DAYS)

    def adjoins(self, other: AskedJob) -> bool:
        """Return whether another window begins where this one ends, or the other way round, or they overlap."""
        return touches(self.window, other.window)

    def shorten(self) -> Self | None:
        """Leave the newest period out; return None if no other is left."""
        window = self.calendar.shorten(self.window)
        return replace(t.cast("t.Any", self), window=window) if window else None

    def mismatch(self, specification: Mapping[str, t.Any] | None) -> str | None:  # noqa: ARG002
        """Return how a document contradicts this request: it states nothing of it."""
        return None

    def matches(self, specification: Mapping[str, t.Any] | None) -> bool:  # noqa: ARG002
        """Return whether a document answers this request for certain: the listing, if any, has shown its request."""
        return True

    def generated(self, listed: ListedJob) -> Self:  # noqa: ARG002
        """Return the request: Amazon makes no such job by itself."""
        return self

    def to_state(self) -> dict[str, t.Any]:
        """Write the request as JSON."""
        partition = self.partition
        return {
            "account": partition.account,
            self.type_key: partition.report_type,
            "marketplace_id": partition.marketplace_id,
            "options": dict(partition.options),
            "start": to_text(self.window.start),
            "end": to_text(self.window.end),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, t.Any]) -> Self:
        """Read what `to_state` wrote. The fields of each such request begin with these, in this order.

        Raises:
            KeyError: Something is missing.
            ValueError: A date is not valid.
        """
        request = t.cast("t.Any", cls)(
            state["account"],
            state[cls.type_key],
            state["marketplace_id"],
            tuple(sorted(state["options"].items())),
            Window(from_text(state["start"]), from_text(state["end"])),
        )
        return t.cast("Self", request)
