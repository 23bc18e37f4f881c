"""Several accounts in one run: regions, marketplaces, vendors and sellers side by side."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError
from world import STREAMS, Killed, Recorder, Run, World, without_report

from amazon_sandbox import (
    DEFAULT_ACCOUNTS,
    OTHER_CLIENT_ID,
    OTHER_CLIENT_SECRET,
    REVOKED_REFRESH_TOKEN,
    Sandbox,
    running,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from clocks import FakeClock
    from world import Row

SELLER_STREAMS = ["seller_customer_returns", "seller_settlements", "seller_sales_and_traffic_by_date"]
LABELS = ("vendor-us", "vendor-de", "vendor-jp", "seller-us", "seller-de")

#: What an account has of its own; the rest is said once.
OWN = ("account", "account_type", "refresh_token", "marketplaces")


def many(world: World, *labels: str, changes: dict[str, Row] | None = None, **more: Any) -> Row:
    """The settings for several accounts of the sandbox, each under its own label."""
    entries = []
    for label in labels:
        entry = {"account": label, "account_type": label.partition("-")[0], **world.config(label)}
        entries.append({name: entry[name] for name in OWN} | (changes or {}).get(label, {}))
    shared = {name: value for name, value in world.config().items() if name not in OWN}
    return {**shared, "accounts": entries, **more}


def of_account(run: Run, stream: str, label: str) -> list[Row]:
    """An account's rows, without what differs from report to report."""
    rows = [row for row in run.records(stream) if row["account"] == label]
    return sorted(without_report(rows), key=str)


def outcomes(run: Run, label: str) -> set[str]:
    return {row["outcome"] for row in run.records("report_ledger") if row["account"] == label}


def test_each_account_gets_what_it_gets_alone(world: World) -> None:
    streams = [*STREAMS, *SELLER_STREAMS, "report_ledger"]
    together = world.run(many(world, *LABELS), streams=streams)
    assert together.error is None
    assert not any(call.status == 429 for call in world.sandbox.calls)
    for label in LABELS:
        alone = world.run(many(world, label), streams=streams)
        assert alone.error is None
        for stream in streams[:-1]:
            if stream.startswith(label[:6]):
                mine = of_account(together, stream, label)
                assert mine == of_account(alone, stream, label), (label, stream)
                assert mine
    for name in STREAMS:
        contexts = [each["context"] for each in together.state["bookmarks"][name]["partitions"]]
        assert {context["account"] for context in contexts} == {"vendor-us", "vendor-de", "vendor-jp"}


def test_two_accounts_take_no_longer_than_one(world: World) -> None:
    seconds = []
    for some in (["vendor-us"], ["vendor-de", "vendor-jp"]):
        began = world.clock()
        assert world.run(many(world, *some, start_date=world.day(365))).error is None
        seconds.append((world.clock() - began).total_seconds())
    assert seconds[1] == pytest.approx(seconds[0], rel=0.05)


BROKEN: dict[str, tuple[Row, str]] = {
    "a revoked token": ({"refresh_token": REVOKED_REFRESH_TOKEN}, "the refresh token is not valid"),
    "a token of another account": ({"refresh_token": "Atzr|sandbox-vendor-jp"}, ""),
    "a client of its own that is wrong": ({"client_secret": "amzn1.oa2-cs.v1.wrong"}, "the client is wrong"),
    "no Login with Amazon": ({"auth_url": "http://127.0.0.1:9/"}, "connection refused"),
    "no Amazon": ({"api_url": "http://127.0.0.1:9"}, "connection refused"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_wrong_with_one_account_stops_only_that(broken: str, world: World) -> None:
    change, words = BROKEN[broken]
    healthy = world.run(many(world, "vendor-us", "vendor-jp"))
    world.sandbox.calls.clear()
    run = world.run(many(world, "vendor-us", "vendor-de", "vendor-jp", changes={"vendor-de": change}))
    assert outcomes(run, "vendor-de") == {"failed"}
    assert run.error is not None
    assert words in str(run.error)
    assert "'vendor-de'" in str(run.error)
    assert not any(f"of '{label}'" in str(run.error) for label in ("vendor-us", "vendor-jp"))
    for label in ("vendor-us", "vendor-jp"):
        assert outcomes(run, label) == {"loaded"}
        for stream in STREAMS:
            assert len(of_account(run, stream, label)) == len(of_account(healthy, stream, label)) > 0
    mended = world.run(many(world, "vendor-us", "vendor-de", "vendor-jp"), run.state)
    assert mended.error is None
    assert of_account(mended, "vendor_sales", "vendor-de")


def test_an_account_without_a_role_fails_the_run_and_the_others_are_complete(world: World) -> None:
    run = world.run(many(world, "vendor-us-no-role", "vendor-us"))
    assert run.error is not None
    assert "Account 'vendor-us-no-role' could not be read: 6 reports skipped." in str(run.error)
    assert "Give your application" in str(run.error)
    assert "'vendor-us'" not in str(run.error)
    assert str(run.error).endswith("Everything else is written.")
    assert (outcomes(run, "vendor-us-no-role"), outcomes(run, "vendor-us")) == ({"skipped"}, {"loaded"})
    assert not run.upserted("vendor_sales").keys() & {"vendor-us-no-role"}


def test_two_accounts_need_two_labels(world: World) -> None:
    config = many(world, "vendor-us", "vendor-de", changes={"vendor-de": {"account": "vendor-us"}})
    with pytest.raises(ConfigValidationError) as caught:
        world.tap(config)
    assert "`account` 'vendor-us' names 2 accounts" in caught.value.errors[0]


@pytest.fixture
def two_applications(clock: FakeClock, bare_environment: None) -> Iterator[World]:  # noqa: ARG001
    """A local Amazon of which one account has authorized another application than the others."""
    other = replace(
        next(account for account in DEFAULT_ACCOUNTS if account.label == "seller-de"),
        label="seller-other",
        refresh_token="Atzr|sandbox-seller-other",
        client_id=OTHER_CLIENT_ID,
        client_secret=OTHER_CLIENT_SECRET,
    )
    sandbox = Sandbox(seed=7, clock=clock, asins=3, accounts=(*DEFAULT_ACCOUNTS, other))
    with running(sandbox) as server:
        yield World(sandbox, server, clock)


def test_accounts_of_one_application_share_its_quota_and_of_two_do_not(two_applications: World) -> None:
    world, stream = two_applications, "seller_sales_and_traffic_by_date"
    own = {"seller-other": {"client_id": OTHER_CLIENT_ID, "client_secret": OTHER_CLIENT_SECRET}}
    labels = ("seller-us", "seller-de", "seller-other")
    first = {"marketplaces": ["US"]}, {"marketplaces": ["DE"]}, {"marketplaces": ["DE"], **own["seller-other"]}
    config = many(world, *labels, changes=dict(zip(labels, first, strict=True)))
    assert world.run(config, streams=[stream, "report_ledger"]).error is None
    asked: dict[str, list[datetime]] = {label: [] for label in labels}
    for call in world.sandbox.calls:
        if call.operation == "createReport":
            assert call.status == 202
            asked[str(call.account)].append(call.at)
    shared = sorted(asked["seller-us"] + asked["seller-de"])
    assert len(shared) == 2
    assert all((after - before).total_seconds() >= 900 for before, after in pairwise(shared))
    assert min(asked["seller-other"]) < shared[0] + (shared[1] - shared[0]) / 2


class SlowRecorder(Recorder):
    """A target to which a state takes its time, as with hundreds of accounts."""

    def __init__(self, world: World, kill_after: int | None = None) -> None:
        super().__init__(kill_after)
        self.world = world

    def write_lines(self, lines: bytes) -> None:
        super().write_lines(lines)
        if lines.startswith(b'{"type":"STATE"'):
            self.world.clock.advance(20)


def slow(world: World, config: Row, kill_after: int | None = None) -> Run:
    """Run sales and traffic, writing to such a target."""
    recorder = SlowRecorder(world, kill_after)
    tap = world.tap(config, message_writer=recorder)
    for name, stream in tap.streams.items():
        stream.selected = name in {*STREAMS, "report_ledger"}
    with suppress(Killed):
        tap.sync_all()
    return Run(recorder.lines)


def test_a_large_state_is_written_seldom_and_the_last_one_says_all(world: World) -> None:
    config = many(world, "vendor-us", "vendor-jp", start_date=world.day(200))
    quick = world.run(config)
    for label in ("vendor-us", "vendor-jp"):
        assert outcomes(quick, label) == {"loaded"}
    other = slow(world, config)
    kinds = [message["type"] for message in other.messages]
    windows = len(other.records("report_ledger"))
    assert kinds.count("STATE") < windows / 2
    assert other.state["bookmarks"]["vendor_sales"] == quick.state["bookmarks"]["vendor_sales"]
    assert other.state["bookmarks"]["report_ledger"]["pending"] == []


@pytest.mark.parametrize(
    "part", [0.4, 0.99, *(pytest.param(part, marks=pytest.mark.exhaustive) for part in (0.1, 0.6, 0.9))]
)
def test_a_state_that_is_written_seldom_never_says_too_much(part: float, world: World) -> None:
    config = many(world, "vendor-us", "vendor-jp", start_date=world.day(200))
    began = world.clock()
    whole = slow(world, config)
    world.sandbox.calls.clear()
    world.clock.now = began.replace(year=began.year + 1)
    config = many(world, "vendor-us", "vendor-jp", start_date=world.day(200))
    killed = slow(world, config, kill_after=int(part * len(whole.lines)))
    rest = world.run(config, killed.state)
    assert rest.error is None
    bodies = [str(body) for body in world.asked_bodies()]
    assert len(bodies) == len(set(bodies)), "nothing is asked for twice"
    for stream in STREAMS:
        for label in ("vendor-us", "vendor-jp"):
            days = {row["start_date"] for run in (killed, rest) for row in of_account(run, stream, label)}
            assert len(days) == 197
