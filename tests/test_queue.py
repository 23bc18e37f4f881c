"""The queues of calls: the plan's order, pauses, one queue for each account and kind of call."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from test_engine import NEWEST, NOW, OLDER, FakeAmazon, planned

from tap_amazon_vendor.amazon.throttle import Bucket, Operation
from tap_amazon_vendor.engine.job import Call, Job, State
from tap_amazon_vendor.engine.model import Service
from tap_amazon_vendor.engine.queue import CallQueue, CallQueues
from tap_amazon_vendor.reports.request import REPORTS

if TYPE_CHECKING:
    from clocks import FakeClock


@pytest.fixture
def amazon(clock: FakeClock) -> FakeAmazon:
    return FakeAmazon(clock)


def job(rank: int, request: object = NEWEST) -> Job:
    (plan,) = planned(NEWEST)
    return Job(plan, request, (rank,), {"s"}, {"s"})


def test_the_plan_decides_the_order_and_not_the_order_of_arrival() -> None:
    queue = CallQueue(Service("a", REPORTS), Call.POLL)
    late, early = job(2), job(1)
    queue.put(late)
    queue.put(early)
    assert queue.first(NOW) is early
    assert queue.peek(5) == [early, late]


def test_a_paused_job_comes_when_its_time_has_come() -> None:
    queue = CallQueue(Service("a", REPORTS), Call.POLL)
    queue.put(job(1), NOW + timedelta(seconds=30))
    assert queue.first(NOW) is None
    assert queue.pause(NOW) == 30
    assert queue.first(NOW + timedelta(seconds=30)) is not None
    assert queue.pause(NOW) == math.inf


def test_what_nobody_waits_for_is_dropped() -> None:
    queue = CallQueue(Service("a", REPORTS), Call.POLL)
    given_up, wanted = job(1), job(2)
    given_up.readers.clear()
    queue.put(given_up)
    queue.put(wanted)
    assert queue.first(NOW) is wanted


def test_jobs_go_to_the_queue_of_their_next_call_and_creating_comes_first(amazon: FakeAmazon) -> None:
    queues = CallQueues({Service("a", REPORTS): amazon})
    waiting, new = job(1), job(2)
    waiting.state = State.WAITING
    queues.put(waiting)
    queues.put(new)
    assert [(queue.call, queue.peek(9)) for queue in queues] == [
        (Call.CREATE, [new]),
        (Call.POLL, [waiting]),
        (Call.FETCH, []),
    ]


def test_a_type_with_a_quota_of_its_own_does_not_hold_up_others(amazon: FakeAmazon) -> None:
    amazon.own[NEWEST.report_type] = Bucket(Operation("own", "POST", "", 1, 1), amazon.clock)
    queues = CallQueues({Service("a", REPORTS): amazon})
    queues.put(job(1, NEWEST))
    queues.put(job(2, OLDER.__class__("a", "OTHER", OLDER.marketplace_id, (), OLDER.window)))
    creating = [queue.peek(9) for queue in queues if queue.call is Call.CREATE]
    assert sorted(len(some) for some in creating) == [1, 1]
