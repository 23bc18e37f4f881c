"""Pending reports in the state: written and read back."""

from __future__ import annotations

import typing as t

import pytest
from test_engine import NEWEST, NOW, OLDER

from tap_amazon_vendor.engine.model import PendingJob
from tap_amazon_vendor.reports.pending import from_state, to_state

PENDING = [PendingJob(NEWEST, "r1", NOW), PendingJob(OLDER, None, NOW)]


def test_what_is_written_is_read_back() -> None:
    assert from_state(to_state(PENDING)) == PENDING


@pytest.mark.parametrize("entry", [{}, {"report_id": 1}, {**NEWEST.to_state(), "asked_at": "x", "report_id": "r"}])
def test_a_damaged_entry_is_ignored_and_the_others_are_read(entry: dict[str, t.Any]) -> None:
    assert from_state([entry, *to_state(PENDING)]) == PENDING
