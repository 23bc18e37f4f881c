"""What the state says of jobs, and when it is written."""

from __future__ import annotations

from datetime import timedelta

from test_engine import NEWEST, NOW, OLDER
from test_queue import job

from tap_amazon_vendor.engine.checkpoint import LISTED_DAYS, RESTS, UNCLAIMED_DAYS, Checkpoint
from tap_amazon_vendor.engine.job import State
from tap_amazon_vendor.engine.model import PendingJob


def test_an_announced_job_is_pending_without_an_id_until_it_is_created() -> None:
    checkpoint, new = Checkpoint(), job(1)
    checkpoint.announce(new, NOW)
    assert checkpoint.pending(NOW) == [PendingJob(NEWEST, None, NOW)]
    new.job_id, new.asked_at = "r1", NOW
    assert checkpoint.pending(NOW) == [PendingJob(NEWEST, "r1", NOW)]
    checkpoint.forget(NEWEST)
    assert checkpoint.pending(NOW) == []


def test_what_was_announced_may_be_created_once_the_state_is_written() -> None:
    checkpoint, new = Checkpoint(), job(1)
    checkpoint.announce(new, NOW)
    checkpoint.written(checkpoint.begin(), began=NOW, now=NOW)
    assert new.state is State.SAVED


def test_what_was_restarted_while_the_state_was_written_is_announced_anew() -> None:
    checkpoint, new = Checkpoint(), job(1)
    checkpoint.announce(new, NOW)
    announced = checkpoint.begin()
    new.restart()
    checkpoint.announce(new, NOW + timedelta(seconds=1))
    checkpoint.written(announced, began=NOW, now=NOW)
    assert new.state is State.ANNOUNCED


def test_a_job_that_no_run_wanted_is_remembered_for_days() -> None:
    checkpoint = Checkpoint()
    checkpoint.load([PendingJob(OLDER, "r9", NOW)])
    days = timedelta(days=UNCLAIMED_DAYS)
    assert len(checkpoint.pending(NOW + days)) == 1
    assert checkpoint.pending(NOW + days + timedelta(seconds=1)) == []


def test_what_can_not_be_read_is_remembered_for_as_long_as_amazon_lists_it() -> None:
    checkpoint = Checkpoint()
    checkpoint.mark_unreadable("r1", NOW)
    assert set(checkpoint.unreadable(NOW + timedelta(days=LISTED_DAYS))) == {"r1"}
    assert checkpoint.unreadable(NOW + timedelta(days=LISTED_DAYS + 1)) == {}


def test_after_a_large_state_there_is_a_rest() -> None:
    checkpoint = Checkpoint()
    assert checkpoint.resting(NOW) == 0
    checkpoint.written([], began=NOW, now=NOW + timedelta(seconds=2))
    assert checkpoint.resting(NOW + timedelta(seconds=2)) == 2 * RESTS
    # The computer's clock was set back.
    assert checkpoint.resting(NOW) == 0
