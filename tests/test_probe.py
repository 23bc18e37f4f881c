"""One window of a partition is tried before the quota is spent on the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from test_queue import job

from tap_amazon_vendor.engine.model import JobResult
from tap_amazon_vendor.engine.probe import PartitionProbe
from tap_amazon_vendor.outcomes import Outcome

if TYPE_CHECKING:
    from tap_amazon_vendor.engine.job import Job


def unproven(rank: int) -> Job:
    found = job(rank)
    found.planned = replace(found.planned, known_available=False)
    return found


def test_the_first_that_asks_is_the_probe_and_the_others_are_held() -> None:
    probe, first, second = PartitionProbe(), unproven(1), unproven(2)
    assert [probe.admits(first), probe.admits(second), probe.admits(first)] == [True, False, True]
    probe.hold(second)
    assert probe.release(second) == []


@pytest.mark.parametrize(
    ("outcome", "lacks"),
    [(Outcome.LOADED, False), (Outcome.EMPTY, False), (Outcome.SKIPPED, True), (Outcome.FAILED, True)],
)
def test_its_result_is_that_of_the_partition(outcome: Outcome, *, lacks: bool) -> None:
    probe, first, second = PartitionProbe(), unproven(1), unproven(2)
    probe.admits(first)
    probe.hold(second)
    first.result = JobResult(outcome, first.request)
    probe.learn(first)
    assert probe.release(first) == [second]
    assert (probe.lacks(second) is first.result) is lacks


def test_a_probe_that_is_stuck_in_the_queue_lets_the_others_go() -> None:
    probe, first = PartitionProbe(), unproven(1)
    probe.admits(first)
    first.result, first.unsettled = JobResult(Outcome.LATER, first.request), True
    probe.learn(first)
    assert probe.proven


def test_what_the_account_had_before_needs_no_probe() -> None:
    probe, known = PartitionProbe(), job(1)
    probe.lacking = JobResult(Outcome.SKIPPED, known.request)
    assert probe.admits(known)
    assert probe.lacks(known) is None
