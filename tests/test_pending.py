"""Pending jobs in the state: written and read back."""

from __future__ import annotations

import typing as t

import pytest
from test_engine import NEWEST, NOW, OLDER

from tap_amazon_vendor.engine.model import PendingJob
from tap_amazon_vendor.reports.pending import from_state, to_state
from tap_amazon_vendor.reports.request import REPORTS, ReportRequest

PENDING = (PendingJob(NEWEST, "r1", NOW), PendingJob(OLDER, None, NOW), PendingJob(OLDER, "r3", NOW, ("r1", "r2")))
KINDS = {REPORTS: ReportRequest.from_state}


def test_what_is_written_is_read_back() -> None:
    assert from_state(to_state(PENDING), KINDS).jobs == PENDING


#: A time without a zone can be compared with none.
NAIVE = "2026-11-20T12:00:00"


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"report_id": 1},
        {**NEWEST.to_state(), "asked_at": "x", "report_id": "r"},
        {**NEWEST.to_state(), "asked_at": NAIVE, "report_id": "r"},
        {**NEWEST.to_state(), "asked_at": f"{NOW}", "report_id": "r", "said": "no rows", "said_since": NAIVE},
    ],
)
def test_a_damaged_entry_is_ignored_and_the_others_are_read(entry: dict[str, t.Any]) -> None:
    found = from_state([entry, *to_state(PENDING)], KINDS)
    assert found.jobs == PENDING
    assert found.unknown == ()


def test_an_entry_of_a_kind_of_a_later_version_is_kept_as_it_is() -> None:
    entry = {"service": "tomorrow", "anything": [1], "report_id": "q1"}
    found = from_state([entry, *to_state(PENDING)], KINDS)
    assert found.jobs == PENDING
    assert to_state(found.jobs, found.unknown) == [*to_state(PENDING), entry]
