"""Many accounts, many partitions, a long day: nothing is lost, asked for twice, or grows without bounds."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from clocks import NOW, FakeClock
from world import US, World, by, partitions, without_report

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Run

Row = dict[str, Any]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("bare_environment")]

KEY = by("start_date", "distributor_view", "asin")

STREAMS = ("vendor_sales", "vendor_traffic", "report_ledger")


@contextmanager
def fleet(number: int, speed: float = 1.0) -> Iterator[tuple[World, Row]]:
    """A local Amazon with this many accounts and this speed, and the settings for all accounts."""
    clock, first = FakeClock(NOW), DEFAULT_ACCOUNTS[0]
    accounts = [replace(first, label=f"a{each}", refresh_token=f"Atzr|sandbox-a{each}") for each in range(number)]
    sandbox = Sandbox(seed=7, clock=clock, asins=2, accounts=accounts)
    # Quotas stay as they are.
    sandbox.jobs._speed = speed
    with running(sandbox) as server:
        entries = [
            {"account": each.label, "refresh_token": each.refresh_token, "marketplaces": ["US"]} for each in accounts
        ]
        yield (
            World(sandbox, server, clock),
            {
                "client_id": first.client_id,
                "client_secret": first.client_secret,
                "accounts": entries,
                "api_url": server.url,
                "auth_url": server.auth_url,
            },
        )


def rows_of(run: Run, label: str) -> list[Row]:
    return sorted(without_report(row for row in run.records("vendor_sales") if row["account"] == label), key=KEY)


def seed_of(world: World, label: str) -> list[Row]:
    found: list[Row] = []
    for view in ("MANUFACTURING", "SOURCING"):
        context = {
            "account": label,
            "marketplace_id": US,
            "report_period": "DAY",
            "distributor_view": view,
            "selling_program": "RETAIL",
        }
        found += world.expected("vendor_sales", context, world.day(12), world.day(4), label=label)
    return sorted(found, key=KEY)


@pytest.mark.parametrize("number", [5, pytest.param(50, marks=pytest.mark.exhaustive)])
def test_accounts_of_one_run_are_all_read_in_the_time_of_one(number: int) -> None:
    with fleet(number) as (world, config):
        config["start_date"] = world.day(12)
        run = world.run(config, streams=STREAMS)
        assert run.error is None
        hours = (world.clock() - NOW) / timedelta(hours=1)
        labels = {f"a{each}" for each in range(number)}
        for label in sorted(labels):
            assert rows_of(run, label) == seed_of(world, label)
        asked = Counter(call.account for call in world.sandbox.calls if call.operation == "createReport")
        # A report without rows is asked for once more.
        assert {*asked.values()} <= {3, 4}
        again = world.run(config, run.state, streams=STREAMS)
        assert again.error is None
        assert {row["account"] for row in again.records("report_ledger")} <= labels
        assert not any(call.status == 429 for call in world.sandbox.calls)
    assert hours < 0.5


@pytest.mark.parametrize("number", [30, pytest.param(333, marks=pytest.mark.exhaustive)])
def test_a_state_of_many_partitions_is_read_and_written_back_whole(number: int) -> None:
    """Three partitions an account: two views of sales, and traffic."""
    with fleet(number) as (world, config):
        config |= {"start_date": world.day(12), "restatement_days": 0}
        sizes = {}
        complete = {
            "complete_from": world.day(12),
            "replication_key": "end_date",
            "replication_key_value": world.day(4),
        }
        context = {"marketplace_id": US, "report_period": "DAY"}
        state: Row = {"bookmarks": {name: {"partitions": []} for name in STREAMS[:2]}}
        for each in range(number):
            own = {"account": f"a{each}", **context}
            for view in ("MANUFACTURING", "SOURCING"):
                sales = {**own, "distributor_view": view, "selling_program": "RETAIL"}
                state["bookmarks"]["vendor_sales"]["partitions"].append({"context": sales, **complete})
            state["bookmarks"]["vendor_traffic"]["partitions"].append({"context": own, **complete})
        run = world.run(config, state, streams=STREAMS)
        assert run.error is None
        # Everything is complete: no report is requested, and nothing is forgotten.
        assert not any(call.operation == "createReport" for call in world.sandbox.calls)
        for name in STREAMS[:2]:
            before, after = state["bookmarks"][name]["partitions"], partitions(run.state, name)
            ranges = {str(part["context"]): (part["complete_from"], part["replication_key_value"]) for part in after}
            assert len(ranges) == len(before)
            assert {*ranges.values()} == {(world.day(12), world.day(4))}
            sizes[name] = len(after)
        assert sum(sizes.values()) == 3 * number
        assert len(json.dumps(run.state)) < 600 * 3 * number


@pytest.mark.parametrize(("speed", "least"), [(0.02, 1), pytest.param(0.0007, 24, marks=pytest.mark.exhaustive)])
def test_a_run_of_many_hours_renews_its_tokens_each_hour(speed: float, least: float) -> None:
    with fleet(1, speed=speed) as (world, config):
        config |= {"start_date": world.day(12), "wait_minutes": 36 * 60}
        run = world.run(config, streams=STREAMS)
        hours = (world.clock() - NOW) / timedelta(hours=1)
        assert run.error is None
        assert hours > least
        tokens = [call.at for call in world.sandbox.calls if call.operation == "token" and call.status == 200]
        assert all(0.9 < (later - earlier) / timedelta(hours=1) < 1.1 for earlier, later in pairwise(tokens))
        assert len(tokens) >= int(hours)
        assert {row["outcome"] for row in run.records("report_ledger")} == {"loaded"}
        assert {*Counter(str(body) for body in world.asked_bodies()).values()} == {1}
