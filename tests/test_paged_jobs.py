"""Jobs whose rows come in pages, each made by a job of its own: delivered whole, and taken up page by page."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from test_engine import NEWEST, FakeAmazon, planned

from tap_amazon_vendor.engine.engine import Engine
from tap_amazon_vendor.engine.model import JobResult, JobStatus, PendingJob, Processing, Service
from tap_amazon_vendor.errors import UnansweredError
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.request import ReportRequest

if t.TYPE_CHECKING:
    from collections.abc import Hashable

    from clocks import FakeClock

    from tap_amazon_vendor.documents.files import Document


@dataclass(frozen=True)
class Paged(ReportRequest):
    """A request of a kind whose jobs have pages, named by tokens."""

    page: str | None = field(default=None, compare=False)

    @property
    def service(self) -> Service:
        return Service(self.account, "paged")

    def following(self, page: Hashable) -> Paged:
        return replace(self, page=t.cast("str | None", page))


WHOLE = Paged(NEWEST.account, NEWEST.report_type, NEWEST.marketplace_id, NEWEST.options, NEWEST.window)


@dataclass
class PagedAmazon(FakeAmazon):
    """Names after each page the next, and after the last none."""

    folder: Path = Path()
    tokens: tuple[str | None, ...] = ("2", "3", None)
    last_is_empty: bool = False
    without_document: bool = False
    empty_page: int | None = None

    def _page(self, job_id: str) -> int:
        return self.tokens.index(t.cast("Paged", self.reports[job_id][0]).page) + 1 if self._later(job_id) else 0

    def _later(self, job_id: str) -> bool:
        return t.cast("Paged", self.reports[job_id][0]).page is not None

    def status(self, report_id: str) -> JobStatus:
        status = super().status(report_id)
        if status.processing.running:
            return status
        token = self.tokens[self._page(report_id)]
        if token is None and self.without_document:
            return JobStatus(Processing.CANCELLED)
        if self._page(report_id) == self.empty_page:
            return JobStatus(Processing.CANCELLED, next_page=token)
        return replace(status, next_page=token)

    def fetch(self, document_id: str, request: ReportRequest) -> Document:
        document = super().fetch(document_id, request)
        page = self._page(document_id[2:])
        path = self.folder / f"{len(self.fetched)}-page-{page + 1}"
        path.write_bytes(b"")
        return replace(document, path=path, empty=self.last_is_empty and self.tokens[page] is None)


@pytest.fixture
def amazon(clock: FakeClock, tmp_path: Path) -> PagedAmazon:
    return PagedAmazon(clock, folder=tmp_path)


def engine(amazon: PagedAmazon, **changes: t.Any) -> Engine:
    clock = amazon.clock
    arguments: dict[str, t.Any] = {"clock": clock, "sleep": clock.sleep, "wait_seconds": 3600} | changes
    return Engine({Service("a", "paged"): amazon}, **arguments)


def pages(result: JobResult) -> list[str]:
    return [document.path.name.split("-", 1)[1] for document in result.documents]


def asked(amazon: PagedAmazon) -> list[str | None]:
    return [t.cast("Paged", request).page for request in amazon.created]


def test_all_pages_are_one_result_in_their_order(amazon: PagedAmazon) -> None:
    jobs = engine(amazon)
    jobs.plan(planned(WHOLE))
    result = jobs.result(WHOLE)
    assert (result.outcome, pages(result)) == (Outcome.LOADED, ["page-1", "page-2", "page-3"])
    assert asked(amazon) == [None, "2", "3"]
    assert result.attempts == 3
    assert len(list(amazon.folder.iterdir())) == 3
    jobs.release(WHOLE, "s", read=True)
    assert list(amazon.folder.iterdir()) == []
    assert jobs.pending() == []


@pytest.mark.parametrize("how", ["last_is_empty", "without_document"])
def test_an_empty_last_page_leaves_the_others(amazon: PagedAmazon, how: str) -> None:
    setattr(amazon, how, True)
    jobs = engine(amazon)
    jobs.plan(planned(WHOLE))
    result = jobs.result(WHOLE)
    assert result.outcome is Outcome.LOADED
    assert pages(result)[:2] == ["page-1", "page-2"]


def test_a_page_without_a_document_never_loses_the_pages_after_it(amazon: PagedAmazon) -> None:
    amazon.empty_page = 1
    jobs = engine(amazon)
    jobs.plan(planned(WHOLE))
    result = jobs.result(WHOLE)
    assert (result.outcome, result.documents) == (Outcome.FAILED, ())
    assert "another page follows" in str(result.reason)


class Killed(BaseException):
    """The process is gone."""


def states_until_killed(amazon: PagedAmazon, at_state: int) -> list[PendingJob]:
    """Run until a state is about to be written; return what the one before says."""
    states: list[list[PendingJob]] = []

    def save() -> None:
        if len(states) == at_state:
            raise Killed
        states.append(jobs.pending())

    jobs = engine(amazon, save=save)
    jobs.plan(planned(WHOLE))
    try:
        jobs.result(WHOLE)
    except Killed:
        return states[-1] if states else []
    return jobs.pending()


def test_a_run_that_is_killed_between_pages_is_taken_up_without_asking_for_one_twice(amazon: PagedAmazon) -> None:
    left = states_until_killed(amazon, 99)
    assert left == [PendingJob(WHOLE, "r2", left[0].asked_at, ("r0", "r1"))]
    asked_before = list(amazon.created)
    jobs = engine(amazon)
    jobs.plan(planned(WHOLE), left)
    assert pages(jobs.result(WHOLE)) == ["page-1", "page-2", "page-3"]
    assert amazon.created == asked_before


@pytest.mark.parametrize("at_state", range(1, 7))
def test_wherever_a_run_is_killed_the_next_reads_every_page_once(amazon: PagedAmazon, at_state: int) -> None:
    left = states_until_killed(amazon, at_state)
    jobs = engine(amazon)
    jobs.plan(planned(WHOLE, adoptable=True), left)
    assert pages(jobs.result(WHOLE)) == ["page-1", "page-2", "page-3"]
    # Only a page whose job was created after the last state was written may be asked for twice.
    assert len(amazon.created) <= 4
    assert asked(amazon).count(None) == 1


def test_pages_that_go_in_a_circle_fail_after_one_more_try(amazon: PagedAmazon) -> None:
    amazon.tokens = ("2", "2", None)
    jobs = engine(amazon)
    jobs.plan(planned(WHOLE))
    result = jobs.result(WHOLE)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "its pages go in a circle")
    assert asked(amazon) == [None, "2", None, "2"]
    assert list(amazon.folder.iterdir()) == []


def test_where_the_budget_ends_between_pages_the_next_run_goes_on_there(amazon: PagedAmazon) -> None:
    jobs = engine(amazon, max_jobs=2)
    jobs.plan(planned(WHOLE))
    assert jobs.result(WHOLE).outcome is Outcome.LATER
    (left,) = jobs.pending()
    assert left.known_pages == ("r0", "r1")
    jobs = engine(amazon)
    jobs.plan(planned(WHOLE), [left])
    assert pages(jobs.result(WHOLE)) == ["page-1", "page-2", "page-3"]
    assert asked(amazon) == [None, "2", "3"]


def test_a_page_whose_creation_was_not_answered_is_never_taken_for_another_first_page(amazon: PagedAmazon) -> None:
    jobs = engine(amazon, retry_pause=0)
    jobs.plan(planned(WHOLE))
    amazon.create_errors = [None, UnansweredError("the connection broke")]
    assert pages(jobs.result(WHOLE)) == ["page-1", "page-2", "page-3"]


def test_a_run_of_two_services_keeps_the_outage_of_one_from_the_other(amazon: PagedAmazon) -> None:
    reports = FakeAmazon(amazon.clock)
    clock = amazon.clock
    both = {Service("a", "paged"): amazon, Service("a", "reports"): reports}
    jobs = Engine(both, clock=clock, sleep=clock.sleep, wait_seconds=3600)
    jobs.plan(planned(WHOLE, NEWEST))
    assert {jobs.result(each).outcome for each in (WHOLE, NEWEST)} == {Outcome.LOADED}
    assert [type(request) for request in reports.created] == [ReportRequest]
    assert {type(request) for request in amazon.created} == {Paged}
