"""A day that can't be read, for ever: all other days arrive, and it is tried again each day."""

from __future__ import annotations

import typing as t
from datetime import date

from world import World, partitions

from amazon_sandbox.documents import Documents

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from amazon_sandbox.jobs import Job

STREAM = "vendor_traffic"
DAY = 86_400


def break_day(patch: pytest.MonkeyPatch, bad: str) -> None:
    """Let Amazon cut the document of each report that holds a day."""
    whole = Documents._text

    def cut(self: Documents, job: Job) -> Iterator[bytes]:
        first, last = (str(each)[:10] for each in (job.request.start, job.request.end))
        return iter([b'{"reportSpecification": {']) if first <= bad <= last else whole(self, job)

    patch.setattr(Documents, "_text", cut)


def run(world: World, state: t.Any = None) -> t.Any:
    return world.run(state=state, streams=[STREAM, "report_ledger"])


def days(one: t.Any) -> set[str]:
    return {row["end_date"] for row in one.records(STREAM)}


def test_new_days_arrive_though_one_before_them_fails_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one = run(world)
    last, first = world.day(4), world.day(30)
    bad = world.day(3)
    break_day(monkeypatch, bad)
    asked = []
    for _ in range(4):
        world.clock.advance(DAY)
        before = len(world.sandbox.calls)
        one = run(world, one.state)
        asked.append(len(set(world.asked(before))))
        (part,) = partitions(one.state, STREAM)
        # The complete range never claims the hole, and the ledger states it each day.
        assert (part["complete_from"], part["replication_key_value"]) == (first, last)
        assert {outcome for *_, outcome in one.windows} <= {"loaded", "failed"}
        assert one.error is not None
        newest = world.day(4)
        assert (newest in days(one)) == (newest != bad)
        assert bad not in days(one)
    # The day, what may have been restated before it, and what is after it.
    assert asked == [1, 3, 3, 3]
    monkeypatch.undo()
    world.clock.advance(DAY)
    one = run(world, one.state)
    assert one.error is None
    assert bad in days(one)
    (part,) = partitions(one.state, STREAM)
    assert (part["complete_from"], part["replication_key_value"]) == (first, world.day(4))
    assert "holes" not in part
    assert "read" not in part


def test_the_history_before_a_bad_day_arrives_and_its_window_is_halved_day_by_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = world.config(start_date=world.day(60), restatement_days=0)
    bad = world.day(25)
    wanted = {date.fromisoformat(world.day(ago)) for ago in range(4, 61)}
    break_day(monkeypatch, bad)
    got: set[str] = set()
    state = None
    for _ in range(6):
        one = world.run(config, state, streams=[STREAM, "report_ledger"])
        got |= days(one)
        state = one.state
        (part,) = partitions(state, STREAM)
        assert part["complete_from"] > bad
        world.clock.advance(DAY)
    assert {each.isoformat() for each in wanted} - got == {bad}
    assert part["holes"] == [f"{bad}/{bad}"]
