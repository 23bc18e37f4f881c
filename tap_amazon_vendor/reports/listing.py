"""Reports that Amazon lists, whoever asked for them, to be used instead of being asked for again.

The listing does not tell a report's options (models #495), so what is found here is a guess until
the document's own specification has been compared.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict

from tap_amazon_vendor.reports.api import LISTED_TYPES
from tap_amazon_vendor.reports.outcomes import Processing

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_amazon_vendor.reports.api import ListedReport
    from tap_amazon_vendor.reports.request import ReportRequest


class Listing:
    """What an account's listing is to tell, and what it told.

    A guess costs a document call. Whoever else works on the account may ask for other options
    than we do: after a few wrong guesses no more are made.
    """

    #: Wrong guesses that are made up for by right ones, and so many more.
    WRONG = 2

    def __init__(self) -> None:
        """Start without wishes."""
        self._since: dict[str, dict[str, datetime]] = defaultdict(dict)
        self._found: dict[str, list[ListedReport]] = defaultdict(list)
        self._alone: list[tuple[tuple[str, ...], str, datetime]] = []
        self._calls = 0
        self._luck = 0

    def want(self, request: ReportRequest, since: datetime) -> None:
        """Wish for the reports that may answer a request and were asked for since some time."""
        types = self._since[request.marketplace_id]
        types[request.report_type] = min(since, types.get(request.report_type, since))

    @property
    def complete(self) -> bool:
        """Whether no wish is left and no answer outstanding."""
        return not self._since and not self._alone and not self._calls

    def wish(self) -> tuple[tuple[str, ...], str, datetime] | None:
        """Take out report types, marketplace and time of one call, None where there is none to be made."""
        if self._alone:
            self._calls += 1
            return self._alone.pop()
        if not self._since:
            return None
        marketplace_id, types = next(iter(self._since.items()))
        # Those that go back as far come together.
        chosen = tuple(sorted(types, key=lambda report_type: types[report_type])[:LISTED_TYPES])
        since = min(types.pop(report_type) for report_type in chosen)
        if not types:
            del self._since[marketplace_id]
        self._calls += 1
        return chosen, marketplace_id, since

    def answer(self, reports: Iterable[ListedReport]) -> None:
        """Take in what a call brought."""
        self._calls -= 1
        for report in reports:
            self._found[report.report_type].append(report)

    def refused(self, report_types: Sequence[str], marketplace_id: str, since: datetime) -> None:
        """Wish again for each alone: one report type that the account may not have spoils the call for all."""
        self._calls -= 1
        for report_type in report_types if len(report_types) > 1 else ():
            self._alone.append(((report_type,), marketplace_id, since))

    def renounce(self) -> None:
        """Give up all wishes."""
        self._since.clear()
        self._alone.clear()

    def find(self, request: ReportRequest, since: datetime, *, done: bool, used: set[str]) -> ListedReport | None:
        """Return the newest report that may answer a request.

        Args:
            request: What is looked for.
            since: When it was asked for at the earliest.
            done: It must be finished.
            used: Ids of reports that are not to be taken.
        """
        return next(
            (
                report
                for report in self._found[request.report_type]
                if report.created_at >= since
                and (report.processing is Processing.DONE or not done)
                and report.report_id not in used
                and request.may_be(report)
            ),
            None,
        )

    @property
    def hopeless(self) -> bool:
        """Whether too many guesses were wrong."""
        return self._luck < -self.WRONG

    def dares(self, looking: int) -> bool:
        """Say whether one more guess is made, while some are being looked at."""
        return looking <= self._luck + self.WRONG

    def learn(self, *, right: bool) -> None:
        """Note how a guess turned out."""
        self._luck += 1 if right else -1
