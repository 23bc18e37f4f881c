"""The life of a report, as the clock unfolds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver


def seconds_to_the_end(amazon: Driver, report_id: str, step: float) -> tuple[float, list[str]]:
    """Look every step seconds until the report has ended."""
    start = amazon.clock.now
    seen: list[str] = []
    while True:
        status = amazon.report(report_id)["processingStatus"]
        if not seen or seen[-1] != status:
            seen.append(status)
        if status not in {"IN_QUEUE", "IN_PROGRESS"}:
            return (amazon.clock.now - start).total_seconds(), seen
        amazon.clock.advance(seconds=step)


def test_waits_works_and_is_done(amazon: Driver) -> None:
    report_id = amazon.create().json["reportId"]  # type: ignore[index]
    took, seen = seconds_to_the_end(amazon, report_id, 1)
    assert seen == ["IN_QUEUE", "IN_PROGRESS", "DONE"]
    assert 20 <= took <= 91


def test_durations_differ_and_repeat(make: Callable[..., Driver]) -> None:
    def durations() -> list[float]:
        amazon = make()
        created = [amazon.create().json["reportId"] for _ in range(4)]  # type: ignore[index]
        jobs = [amazon.sandbox.jobs.find(amazon.sandbox.accounts[0], id_, amazon.clock.now) for id_ in created]
        return [(job.waiting + job.working).total_seconds() for job in jobs if job]

    assert durations() == durations()
    assert len(set(durations())) == 4


@pytest.mark.parametrize("speed", [10, 600, 10_000])
def test_speed_shortens_the_life(make: Callable[..., Driver], speed: float) -> None:
    amazon = make(speed=speed)
    report_id = amazon.create().json["reportId"]  # type: ignore[index]
    took, _ = seconds_to_the_end(amazon, report_id, 9 / speed)
    assert took <= 100 / speed


def test_times_and_document_appear_when_they_are_known(amazon: Driver) -> None:
    report_id = amazon.create().json["reportId"]  # type: ignore[index]
    job = amazon.sandbox.jobs.find(amazon.sandbox.accounts[0], report_id, amazon.clock.now)
    assert job is not None
    waiting = amazon.report(report_id)
    assert not {"processingStartTime", "processingEndTime", "reportDocumentId"} & waiting.keys()
    amazon.clock.now += job.waiting
    working = amazon.report(report_id)
    assert working["processingStatus"] == "IN_PROGRESS"
    assert "processingStartTime" in working
    assert not {"processingEndTime", "reportDocumentId"} & working.keys()
    amazon.clock.now += job.working
    done = amazon.report(report_id)
    assert {"processingStartTime", "processingEndTime", "reportDocumentId"} <= done.keys()


def test_document_does_not_exist_before_the_end(amazon: Driver) -> None:
    report_id = amazon.create().json["reportId"]  # type: ignore[index]
    job = amazon.sandbox.jobs.find(amazon.sandbox.accounts[0], report_id, amazon.clock.now)
    assert job is not None
    path = f"/reports/2021-06-30/documents/{job.document_id}"
    assert amazon.call("GET", path).status_code == 404
    amazon.clock.advance(seconds=90)
    assert amazon.call("GET", path).status_code == 200


def test_what_is_published_counts_when_the_report_is_asked_for(amazon: Driver) -> None:
    """A document is that of the day on which it was asked for, whenever it is read."""
    report = amazon.finished()
    before = amazon.document(report)
    amazon.clock.advance(days=30)
    amazon._tokens.clear()
    assert amazon.document(report) == before
    later = amazon.document(amazon.finished())
    assert later["salesAggregate"] != before["salesAggregate"]
    assert later["reportSpecification"]["lastUpdatedDate"] == "2026-12-20"
