"""Requests for reports of the Ads API: the whole identity of such a report."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import timedelta

from tap_amazon_vendor.amazon.wording import judge_ads_refusal
from tap_amazon_vendor.engine.model import Processing, Service
from tap_amazon_vendor.outcomes import Outcome, Verdict
from tap_amazon_vendor.reports.asked_job import AskedJob
from tap_amazon_vendor.reports.calendars import PERIODS, Calendar
from tap_amazon_vendor.reports.request import ReportPartition
from tap_amazon_vendor.reports.windows import Window, to_text

if t.TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from datetime import date

    from typing_extensions import Self

    from tap_amazon_vendor.ads.report_type import AdsReportType
    from tap_amazon_vendor.engine.model import ListedJob
    from tap_amazon_vendor.errors import AmazonError

#: The name of the service.
ADS = "ads"

#: How long a report is asked after. Amazon does not say how long it keeps one.
KEPT = timedelta(days=7)

#: Names of the options: the profile, and what a row is of.
PROFILE, GROUP_BY = "profileId", "groupBy"

#: Columns that only sellers' profiles have (docs/amazon/ads.md#columns).
SELLERS_ONLY = frozenset({"advertisedSku", "promotedSku"})


@dataclass(frozen=True)
class AdsRequest(AskedJob):
    """One report of one profile. Two streams that need the same request share its report.

    Attributes:
        account: Label of the account.
        type_name: Amazon's ``reportTypeId``.
        marketplace_id: The marketplace of the profile.
        options: Names and values of what else it is for, sorted by name: `GROUP_BY` and `PROFILE`.
        window: The requested days.
        calendar: How time is cut.
        report_type: What Amazon states of the type, None for a request from the state.
        columns: Amazon's names of the columns to ask for.
        refused_at_once: What is not open to the account is refused when it is asked for (docs/amazon/ads.md#errors).
        may_be_unused: A report without rows may just mean that the profile does not advertise in that way: each report
            is then COMPLETED with `[]` (docs/amazon/ads.md#reports).
    """

    refused_at_once: t.ClassVar[bool] = True
    may_be_unused: t.ClassVar[bool] = True

    account: str
    type_name: str
    marketplace_id: str
    options: tuple[tuple[str, str], ...]
    window: Window
    calendar: Calendar = field(default=PERIODS["DAY"], compare=False, repr=False)
    report_type: AdsReportType | None = field(default=None, compare=False, repr=False)
    columns: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def service(self) -> Service:
        """The Ads API as the profile uses it."""
        return Service(self.account, ADS, dict(self.options)[PROFILE])

    @property
    def kept(self) -> timedelta:
        """How long Amazon keeps a report."""
        return KEPT

    @property
    def partition(self) -> ReportPartition:
        """Everything but the window."""
        return ReportPartition(self.account, self.type_name, self.marketplace_id, self.options)

    def halve(self) -> tuple[AdsRequest, ...]:
        """Return nothing: how wide a report may be is known."""
        return ()

    def following(self, page: Hashable) -> AdsRequest:  # noqa: ARG002
        """Return the request: a report has one page."""
        return self

    def body(self, *, sells: bool) -> dict[str, t.Any]:
        """Return the body of the call that creates the report.

        Args:
            sells: The profile is a seller's.
        """
        report_type = t.cast("AdsReportType", self.report_type)
        return {
            # The same each time: Amazon may tell requests apart by it.
            "name": f"{self.type_name} {self.window}",
            "startDate": to_text(self.window.start),
            "endDate": to_text(self.window.end),
            "configuration": {
                "adProduct": report_type.ad_product,
                "reportTypeId": report_type.name,
                "groupBy": [*report_type.group_by],
                "columns": [column for column in self.columns if sells or column not in SELLERS_ONLY],
                "timeUnit": "DAILY",
                "format": "GZIP_JSON",
            },
        }

    def may_be(self, listed: ListedJob) -> bool:  # noqa: ARG002
        """Return whether a listed report may be this one: none is listed."""
        return False

    def judge_end(self, processing: Processing) -> tuple[str, Verdict] | None:
        """Judge a report that ended without a document."""
        if processing is Processing.CANCELLED:
            return "another application cancelled the report", Verdict(Outcome.LATER, retry=True)
        return None

    def judge_failure(self, text: str | None, *, today: date, known_available: bool) -> Verdict:  # noqa: ARG002
        """Judge a report that Amazon could not make: made once more, then it has failed."""
        return Verdict(Outcome.FAILED, retry=True)

    def judge_refusal(self, error: AmazonError) -> Verdict:
        """Judge a call that Amazon refused."""
        return judge_ads_refusal(error)

    @classmethod
    def from_state(cls, state: Mapping[str, t.Any]) -> Self:
        """Read what `to_state` wrote.

        Raises:
            KeyError: Something is missing.
            ValueError: A date is not valid.
        """
        _ = state["options"][PROFILE]
        return super().from_state(state)
