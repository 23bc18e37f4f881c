"""Several accounts in one run: regions, marketplaces, vendors and sellers side by side."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError
from world import STREAMS, Killed, Recorder, Run, World, without_report

from amazon_sandbox import REVOKED_REFRESH_TOKEN
from amazon_sandbox.quotas import Quotas
from tap_amazon_vendor.reports.api import SALES_AND_TRAFFIC

if TYPE_CHECKING:
    from datetime import datetime

    from world import Row

    from amazon_sandbox.accounts import SandboxAccount
    from amazon_sandbox.rules.rule import ReportRule

SELLER_STREAMS = ["seller_customer_returns", "seller_settlements", "seller_sales_and_traffic_by_date"]
LABELS = ("vendor-us", "vendor-de", "vendor-jp", "seller-us", "seller-de")

#: What an account has of its own; the rest is said once.
OWN = ("account", "account_type", "refresh_token", "marketplaces")


pytestmark = pytest.mark.slow


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


@pytest.mark.exhaustive
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
        assert world.run(many(world, *some, start_date=world.day(180))).error is None
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
    assert "Account 'vendor-us-no-role' could not be read: 12 windows skipped." in str(run.error)
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
def counted_by_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Amazon count sales and traffic over all accounts of an application, as it once said."""
    original = Quotas.take_report

    def take_report(quotas: Quotas, account: SandboxAccount, rule: ReportRule, now: datetime) -> bool:
        if rule.quota and rule.report_type == SALES_AND_TRAFFIC:
            rule = replace(rule, quota=replace(rule.quota, per="application"))
        return original(quotas, account, rule, now)

    monkeypatch.setattr(Quotas, "take_report", take_report)


def asked_at(world: World) -> list[datetime]:
    return [call.at for call in world.sandbox.calls if call.operation == "createReport" and call.status == 202]


def test_accounts_have_quotas_of_their_own(world: World) -> None:
    config = many(world, "seller-us", "seller-de", changes={"seller-us": {"marketplaces": ["US"]}})
    assert world.run(config, streams=["seller_sales_and_traffic_by_date", "report_ledger"]).error is None
    first, second = asked_at(world)
    assert (second - first).total_seconds() < 60
    assert world.sandbox.calls
    assert 429 not in {call.status for call in world.sandbox.calls}


@pytest.mark.usefixtures("counted_by_application")
def test_a_quota_that_turns_out_to_be_shared_is_shared_from_then_on(world: World) -> None:
    config = many(world, "seller-us", "seller-de", changes={"seller-us": {"marketplaces": ["US"]}})
    assert world.run(config, streams=["seller_sales_and_traffic_by_date", "report_ledger"]).error is None
    first, second = asked_at(world)
    assert (second - first).total_seconds() >= 900
    assert [call.status for call in world.sandbox.calls].count(429) == 1


class Compared(dict[str, str]):
    """A context whose comparisons are counted, because each is a call."""

    def __eq__(self, other: object) -> bool:
        return dict.__eq__(self, other)

    __hash__ = None


def calls_of_planning(world: World, number: int) -> int:
    """Return the number of function calls that planning a daily run of some accounts takes."""
    base = world.config()
    entries = [{"account": f"a{each}", **{name: base[name] for name in OWN if name in base}} for each in range(number)]
    tap = world.tap({name: value for name, value in base.items() if name not in OWN} | {"accounts": entries})
    for name, stream in tap.streams.items():
        stream.selected = name in STREAMS
        if name in STREAMS:
            parts = [
                {"context": Compared(context), "complete_from": world.day(30)} for context in stream.partitions or ()
            ]
            days = {"replication_key": "end_date", "replication_key_value": world.day(6)}
            tap.state.setdefault("bookmarks", {})[name] = {"partitions": [part | days for part in parts]}
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    # Garbage that other tests left must not be collected, and counted, during the planning.
    gc.collect()
    gc.disable()
    sys.setprofile(count)
    try:
        _ = tap.run.engine
        planned = tap.run.plan
    finally:
        sys.setprofile(None)
        gc.enable()
    assert sum(map(len, planned.values())) == 3 * number
    return calls


def test_planning_takes_a_time_that_grows_with_the_accounts_and_not_with_their_square(world: World) -> None:
    # The first one imports and caches.
    _, few, some, more = (calls_of_planning(world, number) for number in (1, 20, 40, 60))
    assert more - some < 1.02 * (some - few)


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


@pytest.mark.exhaustive
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
    "part", [0.99, *(pytest.param(part, marks=pytest.mark.exhaustive) for part in (0.1, 0.4, 0.6, 0.9))]
)
def test_a_state_that_is_written_seldom_never_says_too_much(part: float, world: World) -> None:
    config = many(world, "vendor-us", "vendor-jp", start_date=world.day(100))
    began = world.clock()
    whole = slow(world, config)
    world.sandbox.calls.clear()
    world.clock.now = began.replace(year=began.year + 1)
    config = many(world, "vendor-us", "vendor-jp", start_date=world.day(100))
    killed = slow(world, config, kill_after=int(part * len(whole.lines)))
    rest = world.run(config, killed.state)
    assert rest.error is None
    bodies = [str(body) for body in world.asked_bodies()]
    assert len(bodies) == len(set(bodies)), "nothing is asked for twice"
    for stream in STREAMS:
        for label in ("vendor-us", "vendor-jp"):
            days = {row["start_date"] for run in (killed, rest) for row in of_account(run, stream, label)}
            assert len(days) == 97
