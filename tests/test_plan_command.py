"""What `amazon-vendor plan` says is what the run then does."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from world import STREAMS, VENDOR_STREAMS, Run, World, catalog

from amazon_sandbox import REVOKED_REFRESH_TOKEN
from tap_amazon_vendor import forecast
from tap_amazon_vendor.cli.main import cli
from tap_amazon_vendor.engine.model import Source
from tap_amazon_vendor.forecast import look_ahead
from tap_amazon_vendor.streams import REPORT_STREAMS
from tap_amazon_vendor.streams.planning import plan_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tap_amazon_vendor.forecast import Outlook

Row = dict[str, Any]


pytestmark = pytest.mark.slow


def ask(world: World, config: Row, state: Row | None = None, streams: Iterable[str] = STREAMS) -> Outlook:
    """What plan says before a run of these streams; it asks for nothing."""
    tap = world.tap(config, state)
    for name, stream in tap.streams.items():
        stream.selected = name in streams
    calls = len(world.sandbox.calls)
    outlook = look_ahead(tap.run, [account.label for account in tap.settings.accounts], ask_amazon=True)
    assert {call.operation for call in world.sandbox.calls[calls:]} <= {"token", "getReports"}
    return outlook


def creates(world: World, since: int = 0) -> list[Row]:
    """The bodies of the createReport calls that were accepted."""
    calls = world.sandbox.calls[since:]
    return [dict(call.request) for call in calls if call.operation == "createReport" and call.status in {0, 202}]


def asked_by(world: World, since: int) -> Counter[tuple[str, str, str]]:
    """How often each type, marketplace and set of options was asked for."""
    return Counter(
        (body["reportType"], body["marketplaceIds"][0], json.dumps(plain(body["reportOptions"]), sort_keys=True))
        for body in creates(world, since)
    )


def plain(options: Row) -> Row:
    """Options without the dates that some reports take there."""
    return {name: value for name, value in options.items() if "Date" not in name}


def planned_by(outlook: Outlook) -> Counter[tuple[str, str, str]]:
    """The same as the plan has it."""
    found: Counter[tuple[str, str, str]] = Counter()
    for windows in outlook.windows:
        partition = windows.partition
        options = json.dumps(dict(partition.options), sort_keys=True)
        found[partition.report_type, partition.marketplace_id, options] += windows.sources.get(Source.CREATED, 0)
    return +found


def days(outlook: Outlook) -> list[tuple[str, str, str]]:
    """Report type, first and last day of each window, in the order of the plan's rows."""
    return [
        (windows.partition.report_type, window.start.isoformat()[:10], window.end.isoformat()[:10])
        for windows in outlook.windows
        for window in windows.ranges
    ]


def test_every_vendor_stream_twice(world: World) -> None:
    streams, state = [stream.name for stream in VENDOR_STREAMS if not stream.opt_in], None
    for _ in range(2):
        since = len(world.sandbox.calls)
        outlook = ask(world, world.config(), state, streams)
        began = world.clock()
        run = world.run(world.config(), state, streams=[*streams, "report_ledger"])
        assert run.error is None
        assert asked_by(world, since) == planned_by(outlook)
        assert outlook.count(Source.CREATED) == len(creates(world, since))
        took = (world.clock() - began).total_seconds()
        assert outlook.duration.total_seconds() == pytest.approx(took, abs=60), "reports take 20 to 90 s"
        state = run.state
        world.clock.advance(86_400)


@pytest.mark.parametrize("label", ["seller-us", pytest.param("seller-de", marks=pytest.mark.exhaustive)])
def test_every_seller_stream_twice(label: str, world: World) -> None:
    streams = [stream.name for stream in REPORT_STREAMS if stream.account_type == "seller" and not stream.opt_in]
    config, state = world.config(label, account_type="seller"), None
    for _ in range(2):
        since = len(world.sandbox.calls)
        outlook = ask(world, config, state, streams)
        run = world.run(config, state, streams=[*streams, "report_ledger"])
        assert run.error is None
        assert asked_by(world, since) == planned_by(outlook)
        state = run.state
        world.clock.advance(86_400)


def test_windows_and_their_order(world: World) -> None:
    config = world.config(start_date=world.day(60))
    first = ask(world, config)
    assert sorted(days(first)) == sorted((each, start, end) for each, start, end in _after(world, config, None))
    state = world.run(config | {"max_reports": 6}).state
    world.clock.advance(2 * 86_400)
    again = ask(world, config, state)
    begun = _after(world, config, state)
    order = [(windows.partition.report_type, windows.priority.name) for windows in again.windows]
    ranks = ["NEW", "BACKFILL", "RESTATEMENT"]
    assert [rank for _, rank in order] == sorted((rank for _, rank in order), key=ranks.index)
    assert sorted(days(again)) == sorted(begun)
    fresh = [each for each in days(again) if each[2] == world.day(4)]
    assert begun[: len(fresh)] == fresh, "what is new is asked for first"


def _after(world: World, config: Row, state: Row | None) -> list[tuple[str, str, str]]:
    since = len(world.sandbox.calls)
    assert world.run(config, state).error is None
    return world.asked(since)


def test_two_years_take_as_long_as_the_quota_says(world: World) -> None:
    config = world.config(start_date=world.day(730))
    outlook = ask(world, config)
    began, since = world.clock(), len(world.sandbox.calls)
    assert world.run(config).error is None
    took = (world.clock() - began).total_seconds()
    assert took > 7200
    assert len(creates(world, since)) == outlook.count(Source.CREATED) == 147
    assert outlook.duration.total_seconds() == pytest.approx(took, rel=0.02)


def test_the_quota_of_a_single_report_type_counts(world: World) -> None:
    config = world.config("seller-us", account_type="seller", marketplaces=["US"], start_date=world.day(6))
    streams = ["seller_sales_and_traffic_by_asin"]
    outlook = ask(world, config, None, streams)
    began, since = world.clock(), len(world.sandbox.calls)
    assert world.run(config, streams=streams).error is None
    assert len(creates(world, since)) == outlook.count(Source.CREATED) > 2
    assert outlook.duration.total_seconds() == pytest.approx((world.clock() - began).total_seconds(), rel=0.05)


@pytest.mark.parametrize("kill_after", [3, 30])
def test_what_a_killed_run_asked_for_is_taken_up(kill_after: int, world: World) -> None:
    config = world.config(start_date=world.day(60))
    killed = world.run(config, kill_after=kill_after)
    outlook = ask(world, config, killed.state)
    since = len(world.sandbox.calls)
    run = world.run(config, killed.state)
    assert run.error is None
    assert outlook.count(Source.RESUMED) == sum(row["attempts"] == 0 for row in unique(run))
    assert outlook.count(Source.CREATED) == len(creates(world, since))


def unique(run: Run) -> list[Row]:
    """The ledger's rows, one for each report."""
    return list({row["report_id"]: row for row in run.records("report_ledger")}.values())


def test_reports_that_amazon_lists_are_guesses(world: World) -> None:
    config = world.config(start_date=world.day(40), distributor_views=["SOURCING"])
    world.run(config)
    outlook = ask(world, config)
    assert outlook.count(Source.ADOPTED) == len(days(outlook))
    assert outlook.count(Source.CREATED) == 0
    since = len(world.sandbox.calls)
    assert world.run(config).error is None
    assert creates(world, since) == []


def test_max_reports_leaves_the_rest(world: World) -> None:
    config = world.config(start_date=world.day(90), max_reports=4)
    outlook = ask(world, config)
    assert outlook.count(Source.CREATED) == 4
    assert outlook.count(Source.DEFERRED) == len(days(outlook)) - 4
    since = len(world.sandbox.calls)
    world.run(config)
    assert len(creates(world, since)) == 4


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({"max_reports": 4}, 90),
        ({"max_reports": 5}, None),
        pytest.param({"max_reports": 7}, 200, marks=pytest.mark.exhaustive),
        ({}, 200),
    ],
)
def test_daily_runs_until_the_history_is_complete(changes: Row, start: int | None, world: World) -> None:
    config = world.config(**changes) | ({"start_date": world.day(start)} if start else {})
    expected = ask(world, config).runs
    assert expected
    state, runs, left = None, 0, True
    while left and runs <= expected:
        began = world.clock()
        run = world.run(config, state)
        state, runs = run.state, runs + 1
        left = any(row["outcome"] == "later" for row in run.records("report_ledger"))
        world.clock.now = began + timedelta(days=1)
    assert runs == expected


def test_a_history_of_years_is_forecast_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    config = world.config(start_date="2015-01-01", max_reports=40, selling_programs=["RETAIL"])
    exact = ask(world, config).runs
    assert exact
    planned: list[int] = []
    plan = plan_jobs

    def counted(*args: Any) -> Any:
        jobs = plan(*args)
        planned.append(sum(map(len, jobs.values())))
        return jobs

    monkeypatch.setattr(forecast, "plan_jobs", counted)
    monkeypatch.setattr(forecast, "MOST_WINDOWS", 1000)
    assert ask(world, config).runs == pytest.approx(exact, abs=1)
    assert sum(planned) < 1500


@pytest.mark.exhaustive
def test_too_small_a_budget_never_gets_there(world: World) -> None:
    outlook = ask(world, world.config(max_reports=1, start_date=world.day(1000)))
    assert outlook.runs is None


def test_nothing_to_do(world: World) -> None:
    config = world.config(restatement_days=0, start_date=world.day(30))
    state = world.run(config).state
    outlook = ask(world, config, state)
    assert (outlook.windows, outlook.runs, outlook.seconds) == ([], 0, {})


def test_what_the_account_lacked_is_not_tried_for_a_week(world: World) -> None:
    config = world.config("vendor-uk")
    state = world.run(config).state
    # It is believed once a later run has heard the same.
    assert ask(world, config, state).skipped == []
    world.clock.now += timedelta(days=1)
    state = world.run(config, state=state).state
    outlook = ask(world, config, state)
    (skipped,) = outlook.skipped
    assert skipped.until == world.today + timedelta(days=7)
    assert skipped.streams == ("vendor_sales", "vendor_sales_totals")
    assert dict(skipped.partition.options)["distributorView"] == "MANUFACTURING"
    assert all(dict(each.partition.options).get("distributorView") != "MANUFACTURING" for each in outlook.windows)


def test_an_operation_is_not_a_report(world: World) -> None:
    config = world.config("seller-us", account_type="seller", start_date=world.day(400))
    outlook = ask(world, config, None, ["seller_finance_transactions"])
    assert [windows.partition.report_type for windows in outlook.windows] == ["listTransactions"] * 2
    assert not any(outlook.count(source) for source in Source)


def test_many_accounts(world: World) -> None:
    shared = ("client_id", "client_secret", "api_url", "auth_url")
    config = {name: world.config()[name] for name in shared} | {
        "accounts": [
            {key: value for key, value in world.config(label, account=label).items() if key not in shared}
            for label in ("vendor-us", "vendor-de", "vendor-jp")
        ]
    }
    outlook = ask(world, config)
    assert set(outlook.seconds) == {"vendor-us", "vendor-de", "vendor-jp"}
    since = len(world.sandbox.calls)
    assert world.run(config).error is None
    assert asked_by(world, since) == planned_by(outlook)
    gets = sum(call.operation.startswith("get") for call in world.sandbox.calls[since:])
    assert gets / 2 < outlook.get_calls < gets * 2


# The command.


@pytest.fixture
def plan(world: World, bare_settings: None, tmp_path: Path) -> Callable[..., Result]:  # noqa: ARG001
    """Run the command with a configuration."""

    def plan(config: Row, *arguments: str, **files: Row) -> Result:
        for name, content in {"config": config, **files}.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(content, default=float))
            arguments = (*arguments, f"--{name}", str(tmp_path / f"{name}.json"))
        result = CliRunner().invoke(cli, ["plan", *arguments])
        assert not any(call.operation == "createReport" for call in world.sandbox.calls)
        return result

    return plan


def test_the_table(plan: Callable[..., Result], world: World) -> None:
    result = plan(world.config(account="[bold]", max_reports=20))
    assert result.exit_code == 0, result.output
    assert "vendor_net_pure_product_margin_totals" in result.stdout
    assert "brand_search_terms" not in result.stdout, "it is costly"
    assert "[bold]" in result.stdout
    assert "20 reports to request (`max_reports` is 20)" in result.stdout
    assert re.search(r"The history is complete after \d+ daily runs, on 20", result.stdout)


def test_queries_are_no_reports(plan: Callable[..., Result], world: World) -> None:
    config = world.config(start_date=world.day(10))
    for streams, words in (
        (["vendor_analytics_sourcing"], r"^[1-9]\d* quer(y|ies) to request$"),
        (["vendor_analytics_sourcing", "vendor_traffic"], r"^[1-9]\d* reports? and [1-9]\d* quer(y|ies) to request$"),
    ):
        chosen = catalog(frozenset({"vendor"}), frozenset(streams)).to_dict()
        assert re.search(words, plan(config, "--offline", catalog=chosen).stdout, re.MULTILINE)


def test_json(plan: Callable[..., Result], world: World) -> None:
    content = json.loads(plan(world.config(), "--format", "json").stdout)
    assert content["ok"] is True
    assert content["reports"]["created"] == sum(each["reports"]["created"] for each in content["windows"]) == 24
    assert content["backfill"]["daily_runs"] == 1
    assert content["get_calls"] > content["reports"]["created"]
    assert content["seconds"] == max(content["accounts"].values())
    (row,) = [each for each in content["windows"] if "vendor_traffic" in each["streams"] and each["turn"] == "new"]
    assert row["windows"] == [f"{row['first']}/{row['last']}"]
    assert (row["account"], row["marketplace"], row["options"]) == ("default", "US", {"reportPeriod": "DAY"})


@pytest.mark.parametrize(
    "around", ["{}", '{"singer_state": {}}', '{"completed": {"singer_state": {}}}', '{"value": {}}']
)
def test_a_state_of_any_shape(around: str, plan: Callable[..., Result], world: World) -> None:
    state: Row = {"bookmarks": {"vendor_forecasting": {}}}
    wrapped = json.loads(around.replace("{}", json.dumps(state)))
    assert plan(world.config(), "--offline", state=wrapped).exit_code == 0


def test_a_catalog_selects(plan: Callable[..., Result], world: World) -> None:
    catalog = world.tap(world.config()).catalog_dict
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if entry["breadcrumb"] == []:
                entry["metadata"]["selected"] = stream["tap_stream_id"] == "brand_search_terms"
    content = json.loads(plan(world.config(), "--format", "json", catalog=catalog).stdout)
    assert {name for each in content["windows"] for name in each["streams"]} == {"brand_search_terms"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"state": {"bookmark": {}}}, "it has no `bookmarks`"),
        ({"state": {"bookmarks": {"vendor_sales": {"partitions": [1]}}}}, "the bookmark of vendor_sales is damaged"),
        ({"catalog": {"stream": []}}, "it has no list `streams`"),
        ({"catalog": {"streams": [{}]}}, "not a catalog"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(
    files: dict[str, Row], words: str, plan: Callable[..., Result], world: World
) -> None:
    result = plan(world.config(), **files)
    assert (result.exit_code, words in result.output) == (2, True), result.output


def test_a_refused_configuration_ends_with_1(plan: Callable[..., Result], world: World) -> None:
    wrong = world.config(marketplaces=["XX"], refresh_token=None)
    result = plan(wrong)
    assert result.exit_code == 1
    assert "failed settings: `refresh_token` is missing" in result.stdout
    content = json.loads(plan(wrong, "--format", "json").stdout)
    assert (content["ok"], len(content["problems"])) == (False, 2)


def test_without_amazon_it_says_what_it_does_not_know(plan: Callable[..., Result], world: World) -> None:
    revoked = plan(world.config(refresh_token=REVOKED_REFRESH_TOKEN))
    assert (revoked.exit_code, "Note: The run would fail." in revoked.stdout) == (0, True)
    nobody = plan(world.config(api_url="http://127.0.0.1:9", auth_url="http://127.0.0.1:9"), "--format", "json")
    assert nobody.exit_code == 0
    note, *_ = json.loads(nobody.stdout)["notes"]
    assert note.startswith("Could not ask which reports Amazon already has")
    offline = plan(world.config(), "--offline")
    assert "Note: Amazon was not asked" in offline.stdout
    assert world.sandbox.calls[-1].operation != "getReports"


def test_one_account_of_many(plan: Callable[..., Result], world: World) -> None:
    entries = [world.config("vendor-us", account="a"), world.config("vendor-de", account="b")]
    config = {"accounts": entries}
    content = json.loads(plan(config, "--account", "b", "--format", "json").stdout)
    assert {each["marketplace"] for each in content["windows"]} == {"DE"}
    assert list(content["accounts"]) == ["b"]
    assert plan(config, "--account", "c").exit_code == 2
