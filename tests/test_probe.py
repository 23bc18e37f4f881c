"""One window of a partition is tried before the quota is spent on the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from test_queue import job

from tap_amazon_vendor.engine.model import JobResult
from tap_amazon_vendor.engine.probe import ALIKE, PartitionProbe
from tap_amazon_vendor.errors import AccessDeniedError
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
    ("outcome", "whole", "lacks"),
    [
        (Outcome.LOADED, False, False),
        (Outcome.EMPTY, False, False),
        (Outcome.SKIPPED, True, True),
        (Outcome.FAILED, True, True),
        (Outcome.FAILED, False, False),
        (Outcome.LATER, True, True),
        (Outcome.LATER, False, False),
    ],
)
def test_a_result_is_that_of_the_partition_where_it_is_about_all_windows(
    outcome: Outcome, *, whole: bool, lacks: bool
) -> None:
    probe, first, second = PartitionProbe(), unproven(1), unproven(2)
    probe.admits(first)
    probe.hold(second)
    first.result = JobResult(outcome, first.request)
    probe.learn(first, whole=whole)
    assert probe.release(first) == [second]
    assert (probe.lacks(second) is first.result) is lacks


def test_a_probe_that_is_stuck_in_the_queue_lets_the_others_go() -> None:
    probe, first = PartitionProbe(), unproven(1)
    probe.admits(first)
    first.result, first.unsettled = JobResult(Outcome.LATER, first.request), True
    probe.learn(first, whole=False)
    assert probe.proven


def test_after_some_windows_that_failed_alike_the_others_are_not_tried() -> None:
    probe, others = PartitionProbe(), [unproven(rank) for rank in range(ALIKE + 1)]
    for failed in others[:-1]:
        assert probe.lacks(others[-1]) is None
        failed.result = JobResult(Outcome.FAILED, failed.request, "an unknown reason")
        probe.learn(failed, whole=False)
    assert probe.lacks(others[-1])


def test_an_outage_of_a_known_partition_is_not_tried_window_by_window() -> None:
    probe, first, second = PartitionProbe(), job(1), job(2)
    first.result = JobResult(Outcome.LATER, first.request, "an outage")
    probe.learn(first, whole=True)
    assert probe.lacks(second) is first.result


def test_a_refusal_of_a_known_partition_is_shared_too() -> None:
    probe, first, second = PartitionProbe(), job(1), job(2)
    first.result = JobResult(Outcome.SKIPPED, first.request, "no role", error=AccessDeniedError("no role"))
    probe.learn(first, whole=True)
    assert probe.lacks(second) is first.result


def test_what_the_account_had_before_needs_no_probe() -> None:
    probe, known = PartitionProbe(), job(1)
    probe.lacking = JobResult(Outcome.SKIPPED, known.request)
    assert probe.admits(known)
    assert probe.lacks(known) is None
