"""Report streams from the local Amazon to Singer messages: rows, state, ledger."""

from __future__ import annotations

import contextlib
import json
import logging
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world import SALES, STREAMS, TRAFFIC, US, Recorder, Row, Run, World, by, partitions, without_report

from amazon_sandbox import FAULTS, REVOKED_REFRESH_TOKEN
from amazon_sandbox.faults import ADS, ASKED, CONSENT, FLAT_CONTENT, PAGE, QUERY
from tap_amazon_vendor.errors import AmazonError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from world import Key

DAY = timedelta(days=1)


def contexts(stream: str, period: str = "DAY") -> list[dict[str, str]]:
    """The partitions of a stream under the default settings."""
    base = {"account": "default", "marketplace_id": US, "report_period": period}
    if not STREAMS[stream][2]:
        return [base]
    return [{**base, "distributor_view": view, "selling_program": "RETAIL"} for view in ("MANUFACTURING", "SOURCING")]


def check_rows(world: World, run: Run, stream: str, start: str, end: str, period: str = "DAY") -> None:
    """Compare all rows of a stream with the seed, field by field."""
    expected = [row for context in contexts(stream, period) for row in world.expected(stream, context, start, end)]
    order = by("distributor_view", "start_date", "asin")
    assert sorted(without_report(run.records(stream)), key=order) == sorted(expected, key=order)
    assert expected


@pytest.mark.parametrize("stream", STREAMS)
def test_a_first_run_writes_exactly_the_rows_of_the_seed(world: World, stream: str) -> None:
    run = world.run()
    check_rows(world, run, stream, world.day(30), world.day(4))
    assert all(row["report_id"] for row in run.records(stream))


@pytest.mark.parametrize("stream", [*STREAMS, "report_ledger"])
def test_no_key_occurs_twice(world: World, stream: str) -> None:
    run = world.run()
    keys = [tuple(row[key] for key in run.keys(stream)) for row in run.records(stream)]
    assert keys
    assert len(set(keys)) == len(keys)
    assert all(None not in key for key in keys)


def test_two_streams_share_one_report_and_none_is_asked_for_without_need(world: World) -> None:
    world.run()
    newest = (world.day(18), world.day(4))
    older = (world.day(30), world.day(19))
    assert Counter(world.asked()) == {
        (SALES, *newest): 2,
        (SALES, *older): 2,
        (TRAFFIC, *newest): 1,
        (TRAFFIC, *older): 1,
    }
    downloads = [call for call in world.sandbox.calls if call.operation == "download"]
    assert len(downloads) == 6


def test_the_newest_window_comes_first(world: World) -> None:
    run = world.run(streams=["vendor_traffic", "report_ledger"])
    assert run.windows == [
        ("vendor_traffic", world.day(18), world.day(4), "loaded"),
        ("vendor_traffic", world.day(30), world.day(19), "loaded"),
    ]


def test_state_says_which_unbroken_range_is_complete(world: World) -> None:
    state = world.run().state
    for stream in STREAMS:
        assert [
            (part["context"], part["complete_from"], part["replication_key_value"])
            for part in partitions(state, stream)
        ] == [(context, world.day(30), world.day(4)) for context in contexts(stream)]
    assert state["bookmarks"]["report_ledger"]["pending"] == []


def test_state_never_runs_ahead_of_the_rows(world: World) -> None:
    """At any message, the range in state holds only days whose rows were all written before."""
    run = world.run()
    written: dict[str, dict[Key, Row]] = {stream: {} for stream in STREAMS}
    states = 0
    for message in run.messages:
        if message["type"] == "RECORD" and message["stream"] in STREAMS:
            row = message["record"]
            written[message["stream"]][tuple(row[key] for key in run.keys(message["stream"]))] = row
        elif message["type"] == "STATE":
            states += check_complete(world, message["value"], written)
    assert states > 10


def check_complete(world: World, state: Row, written: dict[str, dict[Key, Row]]) -> int:
    """Check that every row of every complete range is there; return the number of ranges."""
    ranges = 0
    for stream, rows in written.items():
        for part in partitions(state, stream):
            if "complete_from" not in part:
                continue
            ranges += 1
            context = part["context"]
            start, end = part["complete_from"], part["replication_key_value"]
            have = [
                row
                for row in rows.values()
                if all(row[name] == value for name, value in context.items()) and start <= row["start_date"] <= end
            ]
            expected = world.expected(stream, context, start, end)
            order = by("start_date", "asin")
            assert [(row["start_date"], row.get("asin")) for row in sorted(have, key=order)] == [
                (row["start_date"], row.get("asin")) for row in sorted(expected, key=order)
            ]
    return ranges


def test_a_second_run_on_the_same_day_asks_only_for_what_may_be_restated(world: World) -> None:
    first = world.run()
    before = len(world.sandbox.calls)
    second = world.run(state=first.state)
    window = (world.day(14), world.day(4))
    assert Counter(world.asked(before)) == {(SALES, *window): 2, (TRAFFIC, *window): 1}
    assert second.state["bookmarks"] == first.state["bookmarks"]
    for stream in STREAMS:
        assert second.upserted(stream, first.upserted(stream)).keys() == first.upserted(stream).keys()


def test_a_later_run_catches_up_and_brings_restated_figures(world: World) -> None:
    first = world.run(streams=["vendor_sales"])
    old_day = world.today
    world.clock.advance(5 * 86400)
    second = world.run(streams=["vendor_sales"], state=first.state)
    assert [days[1:] for days in world.asked()[-2:]] == [(world.day(18), world.day(4))] * 2
    rows = second.upserted("vendor_sales", first.upserted("vendor_sales"))
    expected = []
    for context in contexts("vendor_sales"):
        old = world.expected("vendor_sales", context, world.day(35), world.day(19), as_of=old_day)
        expected += old + world.expected("vendor_sales", context, world.day(18), world.day(4))
    order = by("distributor_view", "start_date", "asin")
    assert sorted(without_report(rows.values()), key=order) == sorted(expected, key=order)
    assert without_report(rows.values()) != without_report(first.upserted("vendor_sales").values())


def test_without_restatement_days_nothing_is_read_twice(world: World) -> None:
    config = world.config(restatement_days=0)
    first = world.run(config)
    before = len(world.sandbox.calls)
    second = world.run(config, first.state)
    assert world.asked(before) == []
    assert second.error is None


def test_an_earlier_start_date_extends_the_range_backwards(world: World) -> None:
    first = world.run(streams=["vendor_traffic"])
    before = len(world.sandbox.calls)
    config = world.config(start_date=world.day(50))
    second = world.run(config, first.state, streams=["vendor_traffic", "report_ledger"])
    assert [days[1:] for days in world.asked(before)] == [
        (world.day(45), world.day(31)),
        (world.day(50), world.day(46)),
        (world.day(14), world.day(4)),
    ]
    assert partitions(second.state, "vendor_traffic")[0]["complete_from"] == world.day(50)


def test_a_long_pause_is_caught_up_from_the_days_on_that_were_not_final(world: World) -> None:
    first = world.run(streams=["vendor_traffic"])
    world.clock.advance(40 * 86400)
    second = world.run(state=first.state, streams=["vendor_traffic", "report_ledger"])
    assert [days[1:] for days in world.asked()[-4:]] == [
        (world.day(53), world.day(39)),
        (world.day(38), world.day(24)),
        (world.day(23), world.day(9)),
        (world.day(8), world.day(4)),
    ]
    assert partitions(second.state, "vendor_traffic")[0]["replication_key_value"] == world.day(4)


def test_a_range_that_amazon_can_not_continue_is_given_up_with_a_warning(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Amazon keeps seven weeks: after a longer pause nothing joins the old range."""
    config = world.config(report_periods=["WEEK"])
    first = world.run(config, streams=["vendor_traffic"])
    world.clock.advance(100 * 86400)
    second = world.run(config, first.state, streams=["vendor_traffic", "report_ledger"])
    assert {outcome for *_, outcome in second.windows} == {"loaded"}
    assert partitions(second.state, "vendor_traffic")[0]["complete_from"] > world.day(50)
    assert sum("so there is a gap" in record.getMessage() for record in caplog.records) == 1


def test_a_newly_selected_stream_gets_its_history_from_shared_reports(world: World) -> None:
    first = world.run(streams=["vendor_sales"])
    second = world.run(state=first.state, streams=["vendor_sales_totals", "vendor_sales"])
    check_rows(world, second, "vendor_sales_totals", world.day(30), world.day(4))
    # The reports of this morning will do: nothing is asked for twice.
    assert Counter(world.asked()) == {
        (SALES, world.day(18), world.day(4)): 2,
        (SALES, world.day(30), world.day(19)): 2,
    }


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("WEEK", "2026-10-04", "2026-11-14"),
        ("MONTH", "2024-03-01", "2026-10-31"),
        ("QUARTER", "2025-01-01", "2026-09-30"),
        ("YEAR", "2024-01-01", "2025-12-31"),
    ],
)
def test_longer_periods_are_aligned_as_amazon_wants(world: World, period: str, start: str, end: str) -> None:
    config = world.config(report_periods=[period], start_date="2024-03-05")
    run = world.run(config)
    assert run.error is None
    assert {outcome for *_, outcome in run.windows} == {"loaded"}
    for stream in STREAMS:
        check_rows(world, run, stream, start, end, period)


def test_periods_live_side_by_side(world: World) -> None:
    run = world.run(world.config(report_periods=["DAY", "WEEK"]), streams=["vendor_traffic"])
    assert {row["report_period"] for row in run.records("vendor_traffic")} == {"DAY", "WEEK"}
    assert len(partitions(run.state, "vendor_traffic")) == 2


def test_a_period_without_a_closed_one_is_warned_about(world: World, caplog: pytest.LogCaptureFixture) -> None:
    run = world.run(world.config(report_periods=["YEAR"]))
    assert run.error is None
    assert world.asked() == []
    assert "no complete period of vendor_sales, vendor_sales_totals" in caplog.text


def test_max_reports_spreads_a_backfill_over_runs_without_holes(world: World) -> None:
    config = world.config(start_date=world.day(90), max_reports=2, restatement_days=0)
    state: Row = {}
    for _ in range(6):
        before = len(world.sandbox.calls)
        run = world.run(config, state, streams=["vendor_traffic", "report_ledger"])
        assert run.error is None
        assert len(world.asked(before)) <= 2
        state = run.state
    assert partitions(state, "vendor_traffic")[0]["complete_from"] == world.day(90)
    assert len(set(world.asked())) == len(world.asked()) == 6


def test_what_the_account_lacks_is_skipped_once_remembered_and_tried_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    config = world.config("vendor-uk")
    first = world.run(config)
    assert first.error is None
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "remove it from `distributor_views`" in warnings[0].getMessage()
    skipped = [row for row in first.records("report_ledger") if row["outcome"] == "skipped"]
    assert {row["stream_name"] for row in skipped} == {"vendor_sales", "vendor_sales_totals"}
    assert all("MANUFACTURING" in row["report_options"] and row["reason"] for row in skipped)
    assert {row["distributor_view"] for row in first.records("vendor_sales")} == {"SOURCING"}

    # A later run asks once more before the partition is left alone.
    state = first.state
    for days, asked in ((1, 3), (6, 4), (1, 4)):
        world.clock.advance(days * 86400)
        before = len(world.sandbox.calls)
        run = world.run(config, state)
        state = run.state
        assert len(world.asked(before)) == asked
        skipped = [row for row in run.records("report_ledger") if row["outcome"] == "skipped"]
        assert {row["stream_name"] for row in skipped} == {"vendor_sales", "vendor_sales_totals"}
        until = (world.clock() + timedelta(days=1)).date().isoformat()
        assert all((f"Tried again on {until}" in row["reason"]) is (days == 6) for row in skipped)


def test_a_missing_role_is_skipped_with_what_to_do(world: World, caplog: pytest.LogCaptureFixture) -> None:
    run = world.run(world.config("vendor-us-no-role"))
    assert {outcome for *_, outcome in run.windows} == {"skipped"}
    assert "Brand Analytics" in caplog.text


def test_an_account_without_data_in_a_range_is_empty_and_complete(world: World) -> None:
    account = next(account for account in world.sandbox.accounts if account.label == "vendor-us")
    run = world.run(world.config(start_date="2026-01-01"), streams=["vendor_traffic", "report_ledger"])
    assert run.error is None
    assert partitions(run.state, "vendor_traffic")[0]["complete_from"] == "2026-01-01"
    assert account.first_day is None or {outcome for *_, outcome in run.windows} == {"loaded", "empty"}


def test_the_ledger_accounts_for_every_day(world: World) -> None:
    run = world.run()
    for stream in STREAMS:
        for context in contexts(stream):
            days = [
                day
                for row in run.records("report_ledger")
                if row["stream_name"] == stream
                and all(
                    context[name] in row["report_options"]
                    for name in ("report_period", "distributor_view")
                    if name in context
                )
                for day in days_between(row["window_start"], row["window_end"])
            ]
            assert sorted(days) == list(days_between(world.day(30), world.day(4)))
    assert sum(row["rows"] for row in run.records("report_ledger")) == sum(
        len(run.records(stream)) for stream in STREAMS
    )


def days_between(start: str, end: str) -> Iterable[date]:
    """The days from one to another, both included."""
    first, last = date.fromisoformat(start[:10]), date.fromisoformat(end[:10])
    return [first + DAY * number for number in range((last - first).days + 1)]


def test_a_ledger_row_says_all_that_is_known(world: World) -> None:
    row = world.run(streams=["vendor_traffic", "report_ledger"]).records("report_ledger")[0]
    assert row["account"] == "default"
    assert row["report_options"] == "reportPeriod=DAY"
    assert row["attempts"] == 1
    assert row["bytes"] > 100
    assert row["reason"] is None
    assert row["asked_at"] <= row["processed_at"][:19] <= row["loaded_at"] == row["recorded_at"]


def test_a_deselected_stream_costs_no_report(world: World) -> None:
    run = world.run(streams=["vendor_sales"])
    assert {message["stream"] for message in run.messages if message["type"] == "RECORD"} == {"vendor_sales"}
    assert {report_type for report_type, *_ in world.asked()} == {SALES}


def test_a_field_that_amazon_adds_is_kept_and_warned_about_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.sandbox.inject("extra_field", None)
    run = world.run(streams=["vendor_traffic"])
    assert all(set(json.loads(row["_extra"])) == {"unitsPromisedByDrone"} for row in run.records("vendor_traffic"))
    assert sum("unitsPromisedByDrone" in record.getMessage() for record in caplog.records) == 1


def test_one_revoked_account_stops_only_itself(world: World) -> None:
    good, bad = world.config(account="good"), world.config(account="bad", refresh_token=REVOKED_REFRESH_TOKEN)
    names = ("client_id", "client_secret", "refresh_token", "marketplaces", "account")
    config = {name: good[name] for name in ("api_url", "auth_url")} | {
        "accounts": [{name: entry[name] for name in names} for entry in (bad, good)]
    }
    run = world.run(config)
    assert run.error is not None
    assert "the refresh token is not valid" in str(run.error)
    assert {row["account"] for row in run.records("vendor_sales")} == {"good"}


def test_a_report_left_in_the_queue_is_no_failure_and_taken_up(world: World) -> None:
    world.sandbox.inject("stuck_in_queue", 1)
    first = world.run(streams=["vendor_traffic", "report_ledger"])
    assert first.error is None
    assert [outcome for *_, outcome in first.windows] == ["later", "loaded"]
    assert len(first.state["bookmarks"]["report_ledger"]["pending"]) == 1
    world.clock.advance(8 * 3600)
    before = len(world.sandbox.calls)
    second = world.run(state=first.state, streams=["vendor_traffic", "report_ledger"])
    assert second.error is None
    assert len(world.asked(before)) <= 1
    assert partitions(second.state, "vendor_traffic")[0]["replication_key_value"] == world.day(4)


#: Faults of what these streams never call; and no consent is no passing fault (`test_fault_matrix.py`).
OF_OTHERS = {*CONSENT, *FLAT_CONTENT, *PAGE, *QUERY, *ASKED, *ADS}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in OF_OTHERS])
@pytest.mark.parametrize("count", [1, pytest.param(2, marks=pytest.mark.exhaustive)])
def test_no_fault_loses_or_doubles_a_row(world: World, fault: str, count: int) -> None:
    world.sandbox.inject(fault, count)
    first = world.run()
    assert [fault for fault in world.sandbox.faults.armed if not fault.struck] == []
    rows = {stream: first.upserted(stream) for stream in STREAMS}
    check_complete(world, first.state, rows)
    world.clock.advance(9 * 3600)
    second = world.run(state=first.state)
    assert second.error is None
    for stream in STREAMS:
        rows[stream] = second.upserted(stream, rows[stream])
        for part in partitions(second.state, stream):
            assert (part["complete_from"], part["replication_key_value"]) == (world.day(30), world.day(4))
    check_complete(world, second.state, rows)


@pytest.mark.parametrize("kill_after", [1, 4, 8, 9, 40, 120, 200, 400])
def test_a_killed_run_goes_on_where_it_was(world: World, kill_after: int) -> None:
    killed = world.run(kill_after=kill_after)
    rows = {stream: killed.upserted(stream) if killed.records(stream) else {} for stream in STREAMS}
    check_complete(world, killed.state or {"bookmarks": {}}, rows)
    second = world.run(state=killed.state)
    for stream in STREAMS:
        rows[stream] = second.upserted(stream, rows[stream])
    assert check_complete(world, second.state, rows) == 6
    repeated = Counter(world.asked())
    # A report is asked for again only where the killed run could no longer write down its id.
    assert sum(repeated.values()) <= 6 + 1 + 3


def test_full_table_reads_everything_again(world: World) -> None:
    first = world.run(streams=["vendor_traffic"])
    tap_config: dict[str, Any] = world.config()
    recorder = Recorder()
    tap = world.tap(tap_config, first.state, message_writer=recorder)
    tap.streams["vendor_traffic"].forced_replication_method = "FULL_TABLE"
    for name, stream in tap.streams.items():
        stream.selected = name == "vendor_traffic"
    tap.sync_all()
    check_rows(world, Run(recorder.lines), "vendor_traffic", world.day(30), world.day(4))


def test_batches_hold_the_same_rows_and_state_follows_them(world: World, tmp_path: Any) -> None:
    config = world.config(
        batch_config={"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": f"file://{tmp_path}"}}
    )
    run = world.run(config, streams=["vendor_sales", "report_ledger"])
    kinds = [message["type"] for message in run.messages]
    assert "BATCH" in kinds
    assert kinds.index("BATCH") < next(
        number
        for number, message in enumerate(run.messages)
        if message["type"] == "RECORD" and message["stream"] == "report_ledger"
    )
    assert len(run.records("report_ledger")) == 4
    assert partitions(run.state, "vendor_sales")[0]["complete_from"] == world.day(30)


def test_a_shortened_window_of_the_past_leaves_no_hole(world: World) -> None:
    """It no longer joins the range from below: the range waits for the days that are missing."""
    # Both old windows, and one of them once more.
    world.sandbox.inject("not_yet_available", 3, skip=1)
    config = world.config(start_date=world.day(48))
    first = world.run(config, streams=["vendor_traffic", "report_ledger"])
    rows = {"vendor_traffic": first.upserted("vendor_traffic")}
    check_complete(world, first.state, rows)
    assert "later" in {outcome for *_, outcome in first.windows}
    second = world.run(config, first.state, streams=["vendor_traffic", "report_ledger"])
    rows["vendor_traffic"] = second.upserted("vendor_traffic", rows["vendor_traffic"])
    assert partitions(second.state, "vendor_traffic")[0]["complete_from"] == world.day(48)
    check_complete(world, second.state, rows)


def test_a_stream_that_fell_behind_its_sibling_catches_up(world: World) -> None:
    first = world.run(streams=["vendor_traffic"])
    world.clock.advance(90 * 86400)
    second = world.run(state=first.state, streams=["vendor_traffic", "vendor_traffic_totals"])
    for stream in ("vendor_traffic", "vendor_traffic_totals"):
        assert partitions(second.state, stream)[0]["replication_key_value"] == world.day(4)
    assert partitions(second.state, "vendor_traffic")[0]["complete_from"] == world.day(120)


def test_a_stream_that_was_skipped_does_not_disturb_its_sibling(world: World) -> None:
    context = contexts("vendor_traffic_totals")[0]
    state = {
        "bookmarks": {
            "vendor_traffic_totals": {"partitions": [{"context": context, "skipped_on": world.day(1)}]},
        }
    }
    run = world.run(state=state, streams=["vendor_traffic", "vendor_traffic_totals"])
    assert run.error is None
    assert run.records("vendor_traffic")
    assert not run.records("vendor_traffic_totals")


def test_reports_asked_for_before_an_outage_are_taken_up_after_it(world: World) -> None:
    world.sandbox.inject("service_unavailable_503", 27, skip=3)
    first = world.run()
    assert first.error is not None
    world.clock.advance(3600)
    second = world.run(state=first.state)
    assert second.error is None
    assert max(Counter(world.asked()).values()) <= 2  # One for each view.
    rows = {stream: second.upserted(stream, first.upserted(stream)) for stream in STREAMS}
    assert check_complete(world, second.state, rows) == 6


def test_a_queue_longer_than_a_run_waits_does_not_stop_daily_runs(world: World) -> None:
    state: Row = {}
    rows: dict[str, dict[Key, Row]] = {"vendor_traffic": {}}
    for _ in range(6):
        world.sandbox.inject("stuck_in_queue", None)
        run = world.run(state=state, streams=["vendor_traffic", "report_ledger"])
        assert run.error is None
        rows["vendor_traffic"] = run.upserted("vendor_traffic", rows["vendor_traffic"])
        state = run.state
        world.clock.advance(86400 + 600)
    (part,) = partitions(state, "vendor_traffic")
    assert part["replication_key_value"] >= world.day(7)


@pytest.mark.parametrize(("label", "works"), [("vendor-uk", True), ("vendor-us-no-role", False)])
def test_a_connection_test_fails_only_where_nothing_can_be_read(world: World, label: str, *, works: bool) -> None:
    tap = world.tap(world.config(label), message_writer=Recorder())
    with contextlib.nullcontext() if works else pytest.raises(AmazonError, match="Brand Analytics"):
        tap.run_sync_dry_run(1, [tap.streams[name] for name in ("vendor_sales", "vendor_traffic")])


def test_what_an_account_had_before_is_asked_for_again_after_a_refusal(world: World) -> None:
    first = world.run()
    refused = world.run(world.config("vendor-us-no-role"), first.state)
    assert {outcome for *_, outcome in refused.windows} == {"skipped"}
    before = len(world.sandbox.calls)
    third = world.run(state=refused.state)
    assert {outcome for *_, outcome in third.windows} == {"loaded"}
    assert len(world.asked(before)) == 3


def test_whatever_the_state_says_is_in_the_ledger_before(world: World) -> None:
    run = world.run(streams=["vendor_traffic", "report_ledger"])
    accounted: set[date] = set()
    for message in run.messages:
        if message["type"] == "RECORD" and message["stream"] == "report_ledger":
            row = message["record"]
            accounted.update(days_between(row["window_start"], row["window_end"]))
        elif message["type"] == "STATE":
            for part in partitions(message["value"], "vendor_traffic"):
                if "complete_from" in part:
                    assert set(days_between(part["complete_from"], part["replication_key_value"])) <= accounted


def test_windows_that_a_run_could_not_reach_are_in_the_ledger(world: World) -> None:
    config = world.config(start_date=world.day(90), max_reports=2)
    run = world.run(config, streams=["vendor_traffic", "report_ledger"])
    days = [day for _, start, end, _ in run.windows for day in days_between(start, end)]
    assert sorted(days) == list(days_between(world.day(90), world.day(4)))


def test_a_small_budget_serves_all_partitions_in_turn(world: World) -> None:
    """Neither reading again nor whoever comes first uses it up for ever."""
    state: Row = {}
    for _ in range(4):
        state = world.run(world.config(max_reports=2), state).state
    for stream in STREAMS:
        for part in partitions(state, stream):
            assert part["complete_from"] == world.day(30)
    config = world.config(max_reports=1, restatement_days=0)
    for _ in range(9):
        world.clock.advance(86400)
        state = world.run(config, state).state
    for stream in STREAMS:
        for part in partitions(state, stream):
            assert part["replication_key_value"] >= world.day(7)
