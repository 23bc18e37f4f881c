"""Calls in the background, while the caller is busy: threads, and a clock that is faster than this computer's."""

from __future__ import annotations

import threading
import time
import typing as t
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from test_engine import NEWEST, OLDER, OLDEST, FakeAmazon, Fate, planned, sales

from tap_amazon_vendor.amazon.throttle import Bucket
from tap_amazon_vendor.engine.engine import Engine
from tap_amazon_vendor.engine.model import Service
from tap_amazon_vendor.engine.workers import MOST, Workers
from tap_amazon_vendor.outcomes import Outcome
from tap_amazon_vendor.reports.api import CREATE_REPORT, OWN_QUOTAS
from tap_amazon_vendor.reports.request import REPORTS

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_amazon_vendor.reports.request import ReportRequest

SPEED = 1000

#: Seconds after which a test gives up.
PATIENCE = 20


class FastClock:
    def __init__(self) -> None:
        self._begin = time.monotonic()

    def __call__(self) -> datetime:
        elapsed = (time.monotonic() - self._begin) * SPEED
        return datetime(2026, 11, 21, 12, tzinfo=timezone.utc) + timedelta(seconds=elapsed)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / SPEED)

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        condition.wait(min(seconds / SPEED, PATIENCE))


@pytest.fixture
def amazon() -> FakeAmazon:
    return FakeAmazon(FastClock())  # type: ignore[arg-type]  # as good a clock


def engine(amazon: FakeAmazon, save: Callable[[], None] = lambda: None) -> Engine:
    clock: t.Any = amazon.clock
    apis = dict.fromkeys((Service("a", REPORTS), Service("b", REPORTS)), amazon)
    return Engine(
        apis,
        clock=clock,
        sleep=clock.sleep,
        wait_seconds=3600,
        save=save,
    )


def working(jobs: Engine, amazon: FakeAmazon, accounts: int = 2) -> Workers:
    return Workers(jobs, t.cast("t.Any", amazon.clock).wait, services=accounts, own_quotas=len(OWN_QUOTAS))


def eventually(truth: Callable[[], bool]) -> bool:
    """Wait for other threads."""
    limit = time.monotonic() + PATIENCE
    while not truth() and time.monotonic() < limit:
        time.sleep(0.001)
    return truth()


def test_reports_come_in_while_the_caller_is_busy(amazon: FakeAmazon) -> None:
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, OLDER, OLDEST))
    with working(jobs, amazon):
        jobs.result(NEWEST)
        # No call of ours any more: what is announced goes on by itself.
        assert eventually(lambda: jobs.is_finished(OLDER) and jobs.is_finished(OLDEST))
    assert sorted(amazon.fetched) == ["d-r0", "d-r1", "d-r2"]


def test_only_the_callers_thread_saves_and_before_anything_is_asked_for(amazon: FakeAmazon) -> None:
    threads, before = set(), []

    def save() -> None:
        threads.add(threading.current_thread())
        before.append(len(amazon.created))

    jobs = engine(amazon, save)
    jobs.plan(planned(NEWEST, OLDER))
    with working(jobs, amazon):
        while jobs.next_finished():
            pass
    assert threads == {threading.current_thread()}
    assert before[0] == 0


def test_nothing_is_asked_for_before_it_is_saved(amazon: FakeAmazon) -> None:
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST))
    with working(jobs, amazon):
        assert eventually(lambda: bool(jobs.pending()))
        assert amazon.created == []
        jobs.save()
        assert eventually(lambda: amazon.created == [NEWEST])


def test_one_accounts_hanging_call_does_not_stop_another(amazon: FakeAmazon) -> None:
    hanging, go_on = threading.Event(), threading.Event()
    create = amazon.create

    def slow(request: ReportRequest) -> str:
        if request.account == "a":
            hanging.set()
            assert go_on.wait(PATIENCE)
        return create(request)

    amazon.create = slow  # type: ignore[method-assign]
    other = sales(4, account="b")
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, other))
    with working(jobs, amazon):
        assert jobs.result(other).outcome is Outcome.LOADED
        assert hanging.wait(PATIENCE)
        assert not jobs.is_finished(NEWEST)
        go_on.set()
        assert jobs.result(NEWEST).outcome is Outcome.LOADED


def test_calls_that_wait_for_a_quota_of_their_own_leave_threads_for_the_others(amazon: FakeAmazon) -> None:
    own = [replace(NEWEST, report_type=report_type) for report_type in OWN_QUOTAS]
    amazon.own = {request.report_type: Bucket(CREATE_REPORT, amazon.clock) for request in own}
    go_on = threading.Event()
    create = amazon.create

    def slow(request: ReportRequest) -> str:
        if request in own:
            go_on.wait(PATIENCE)
        return create(request)

    amazon.create = slow  # type: ignore[method-assign]
    jobs = engine(amazon)
    jobs.plan(planned(*own, NEWEST))
    with working(jobs, amazon, accounts=1):
        assert jobs.result(NEWEST).outcome is Outcome.LOADED
        assert amazon.created == [NEWEST]
        go_on.set()
        assert {jobs.result(request).outcome for request in own} == {Outcome.LOADED}


def test_an_account_has_one_call_of_a_kind_on_its_way(amazon: FakeAmazon) -> None:
    inside, most = 0, 0
    create = amazon.create

    def counted(request: ReportRequest) -> str:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.001)
        inside -= 1
        return create(request)

    amazon.create = counted  # type: ignore[method-assign]
    requests = [sales(4 + 15 * number) for number in range(10)]
    jobs = engine(amazon)
    jobs.plan(planned(*requests))
    with working(jobs, amazon):
        while jobs.next_finished():
            pass
    assert (most, amazon.created) == (1, requests)


def test_a_fault_of_ours_in_a_thread_is_raised_where_the_result_is_waited_for(amazon: FakeAmazon) -> None:
    def broken() -> float:
        msg = "a bug"
        raise ZeroDivisionError(msg)

    jobs = engine(amazon)
    jobs.plan(planned(NEWEST))
    jobs._scheduler.next_task = broken  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError), working(jobs, amazon):
        jobs.result(NEWEST)


def test_a_fault_of_ours_in_the_call_for_one_job_ends_only_that_job(amazon: FakeAmazon) -> None:
    create = amazon.create

    def broken(request: ReportRequest) -> str:
        if request == NEWEST:
            msg = "a bug"
            raise ZeroDivisionError(msg)
        return create(request)

    amazon.create = broken  # type: ignore[method-assign]
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, OLDER))
    with working(jobs, amazon):
        assert [jobs.result(each).outcome for each in (NEWEST, OLDER)] == [Outcome.FAILED, Outcome.LOADED]


def test_threads_end_with_the_block(amazon: FakeAmazon) -> None:
    amazon.fates[NEWEST] = [Fate(seconds=1e9)]
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST))
    workers = working(jobs, amazon)
    with workers:
        jobs.save()
    assert eventually(lambda: not any(thread.is_alive() for thread in workers._threads))


def test_hundreds_of_accounts_share_a_bounded_number_of_threads(amazon: FakeAmazon) -> None:
    assert len(working(engine(amazon), amazon, accounts=300)._threads) == MOST


def test_waiting_for_the_caller_costs_no_time_of_the_processor(amazon: FakeAmazon) -> None:
    jobs = engine(amazon)
    jobs.plan(planned(NEWEST, OLDER))
    looks = 0
    next_task = jobs.next_task

    def counted() -> t.Any:
        nonlocal looks
        looks += 1
        return next_task()

    jobs.next_task = counted  # type: ignore[method-assign]
    with working(jobs, amazon):
        assert eventually(lambda: bool(jobs.pending()))
        time.sleep(0.05)
    assert looks < 30
