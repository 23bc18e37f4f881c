"""Runs with Data Kiosk: queries beside reports, against the local Amazon, on a made-up clock."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import kiosk_seed
import pytest
from in_process import served
from world import World, partitions

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox
from amazon_sandbox.faults import QUERY
from tap_amazon_vendor.documents.json_lines import read_lines
from tap_amazon_vendor.engine.hearings import RETRY_PAUSE
from tap_amazon_vendor.engine.model import Source
from tap_amazon_vendor.forecast import look_ahead
from tap_amazon_vendor.streams import query_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from clocks import FakeClock

    from amazon_sandbox import Call

Row = dict[str, Any]
VIEW = "vendor_analytics_manufacturing"
TOTALS = f"{VIEW}_totals"


@pytest.fixture
def make_world(clock: FakeClock, bare_environment: None) -> Iterator[Callable[..., World]]:  # noqa: ARG001
    """Make a local Amazon whose first vendor differs in something."""
    with ExitStack() as stack:

        def make(**changes: Any) -> World:
            vendor = replace(DEFAULT_ACCOUNTS[0], **changes)
            sandbox = Sandbox(accounts=[vendor], seed=7, clock=clock, asins=12, stall_seconds=0.1)
            return World(sandbox, stack.enter_context(served(sandbox)), clock)

        yield make


@pytest.fixture
def config(world: World) -> Row:
    return world.config(start_date=world.day(20), restatement_days=0)


def created(world: World, since: int = 0) -> list[Call]:
    return [call for call in world.sandbox.calls[since:] if call.operation == "createQuery" and call.status == 202]


def test_a_view_is_read_window_by_window_and_not_again(world: World, config: Row) -> None:
    first = world.run(config, streams=[VIEW, "report_ledger"])
    assert first.error is None
    rows = first.records(VIEW)
    assert rows
    assert Counter(row["start_date"] for row in rows).keys() == {world.day(ago) for ago in range(4, 21)}
    assert all(row["_extra"] is None and row["asin"] != "(none)" for row in rows)
    assert len(first.upserted(VIEW)) == len(rows)
    assert {outcome for *_, outcome in first.windows} == {"loaded"}
    (partition,) = partitions(first.state, VIEW)
    assert (partition["complete_from"], partition["replication_key_value"]) == (world.day(20), world.day(4))
    asked = len(created(world))
    assert asked == 2
    second = world.run(config, first.state, streams=[VIEW, "report_ledger"])
    assert (second.records(VIEW), len(created(world))) == ([], asked)


def test_a_query_of_several_pages_is_written_whole(world: World, make_world: Any, config: Row) -> None:
    whole = world.run(config, streams=[VIEW, "report_ledger"])
    other = make_world()
    other.sandbox.page_records = 4
    settings = other.config(start_date=world.day(20), restatement_days=0)
    paged = other.run(settings, streams=[VIEW, "report_ledger"])
    assert without_query(paged.records(VIEW)) == without_query(whole.records(VIEW))
    assert len(created(other)) > 4
    assert sum("paginationToken" in call.request for call in created(other)) == len(created(other)) - 2


def test_figures_of_other_days_are_not_the_answer(world: World, config: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row is enough: it would replace another day's, and its own day would lack it."""

    def with_another_day(*args: Any) -> Iterator[bytes]:
        for text in read_lines(*args):
            yield text.replace(world.day(5).encode(), b"2019-01-01")

    with monkeypatch.context() as patched:
        patched.setattr(query_stream, "read_lines", with_another_day)
        run = world.run(config, streams=[VIEW, "report_ledger"])
    assert [outcome for *_, outcome in run.windows].count("failed") == 1
    assert "2019-01-01" not in {row["start_date"] for row in run.records(VIEW)}
    assert "outside the requested" in str(run.error)
    after = world.run(config, run.state, streams=[VIEW, "report_ledger"])
    assert after.error is None
    assert world.day(5) in {row["start_date"] for row in after.records(VIEW)}


def test_a_query_that_another_program_has_made_is_used(world: World, config: Row) -> None:
    first = world.run(config, streams=[VIEW, "report_ledger"])
    asked = len(created(world))
    again = world.run(config, streams=[VIEW, "report_ledger"])
    assert again.records(VIEW) == first.records(VIEW)
    assert len(created(world)) == asked


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kill_after", [3, 4, 5, 6, 7, 9])
def test_a_run_that_is_killed_between_pages_is_taken_up_without_a_second_query(
    world: World, config: Row, kill_after: int
) -> None:
    world.sandbox.page_records = 4
    streams = [VIEW, "report_ledger"]
    killed = world.run(config, streams=streams, kill_after=kill_after)
    first = len(created(world))
    again = world.run(config, killed.state, streams=streams)
    rows = killed.upserted(VIEW)
    assert Counter(row["start_date"] for row in again.upserted(VIEW, rows).values()).keys() == {
        world.day(ago) for ago in range(4, 21)
    }
    pages = [call.request.get("paginationToken") for call in created(world)]
    # At most the one query whose id the killed run could not write any more.
    assert (
        len(pages) - len({(page, call.request["query"]) for page, call in zip(pages, created(world), strict=True)}) <= 1
    )
    assert first <= len(pages)


def test_reports_and_queries_share_a_run_and_not_their_quota(world: World, config: Row) -> None:
    streams = ["vendor_sales", VIEW, "vendor_analytics_sourcing", "report_ledger"]
    run = world.run(config, streams=streams)
    assert run.error is None
    assert {row["stream_name"] for row in run.records("report_ledger")} == {*streams} - {"report_ledger"}
    units = Counter[tuple[str, str]]()
    for row in run.records("vendor_sales"):
        if row["distributor_view"] == "MANUFACTURING":
            units[row["start_date"], row["asin"]] += row["ordered_units"] or 0
    for row in run.records(VIEW):
        assert row["ordered_units_with_revenue_units"] == units[row["start_date"], row["asin"]]
    assert all(row["report_type"].startswith(("GET_", "analytics_")) for row in run.records("report_ledger"))


def test_totals_are_those_of_the_products_and_of_the_reports_and_have_rates_that_no_product_has(world: World) -> None:
    config = world.config(start_date=world.day(20), restatement_days=0, report_periods=["DAY", "WEEK"])
    run = world.run(config, streams=[VIEW, TOTALS, "vendor_sales_totals", "report_ledger"])
    assert run.error is None
    totals = run.upserted(TOTALS)
    assert len(totals) == len(run.records(TOTALS))
    units, shipped = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in run.records(VIEW):
        key = row["report_period"], row["start_date"]
        units[key] += row["ordered_units_with_revenue_units"]
        shipped[key] += row["shipped_units_with_revenue_units"]
        assert row["received_fill_rate"] is row["ultra_fast_track"] is None
    assert {row["report_period"] for row in totals.values()} == {"DAY", "WEEK"}
    for row in totals.values():
        key = row["report_period"], row["start_date"]
        assert row["ordered_units_with_revenue_units"] == units[key]
        assert row["shipped_units_with_revenue_units"] == shipped[key]
        assert (row["ultra_fast_track"] is None) is (row["report_period"] == "DAY")
    assert any(row["received_fill_rate"] is not None for row in totals.values())
    reports = {
        (row["report_period"], row["start_date"]): row["shipped_units"]
        for row in run.records("vendor_sales_totals")
        if row["distributor_view"] == "MANUFACTURING"
    }
    assert {key: shipped[key] for key in reports} == reports


def test_fields_that_amazon_refuses_are_left_out_with_one_warning_and_the_rest_is_delivered(
    make_world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    world = make_world(denied_fields=("glanceViews", "costs"))
    with caplog.at_level("WARNING"):
        run = world.run(world.config(start_date=world.day(20), restatement_days=0), streams=[VIEW, "report_ledger"])
    assert run.error is None
    rows = run.records(VIEW)
    assert {row["glance_views"] for row in rows} == {row["shipped_cogs_amount"] for row in rows} == {None}
    assert any(row["ordered_units_with_revenue_units"] for row in rows)
    refused = [call for call in world.sandbox.calls if call.operation == "createQuery" and call.status == 403]
    # Amazon's list of fields is longer than the part of an error that is read, so the rest comes from a third refusal.
    assert len(refused) == 3
    assert refused[1].at - refused[0].at >= timedelta(seconds=RETRY_PAUSE)
    assert [record for record in caplog.messages if "Amazon refuses" in record][1:] == []
    assert {"Amazon refuses" in str(row["remarks"]) for row in run.records("report_ledger")} == {True}


def test_an_account_without_the_role_is_told_so(make_world: Any) -> None:
    world = make_world(denied_fields=("manufacturingView",))
    run = world.run(world.config(start_date=world.day(20)), streams=["vendor_sales", VIEW, "report_ledger"])
    (row, *_) = [row for row in run.records("report_ledger") if row["stream_name"] == VIEW]
    assert (row["outcome"], "Unauthorized to access requested fields" in row["reason"]) == ("skipped", True)
    assert run.records("vendor_sales")


@pytest.mark.parametrize("group_by", [["brand"], ["asin", "vendorCode"], ["asin"]])
def test_the_key_holds_the_attributes_though_the_catalog_was_made_before_they_were_set(
    world: World, config: Row, group_by: list[str]
) -> None:
    first = world.run(config, streams=[VIEW, "report_ledger"])
    second = world.run({**config, "kiosk_group_by": group_by}, first.state, streams=[VIEW, "report_ledger"])
    attributes = ["vendor_code" if each == "vendorCode" else each for each in group_by]
    assert second.keys(VIEW)[-len(group_by) - 2 :] == ["start_date", "end_date", *attributes]
    if group_by == ["asin"]:
        assert second.records(VIEW) == []
        return
    assert len(second.upserted(VIEW)) == len(second.records(VIEW)) > 17
    schema = next(each for each in second.messages if each["type"] == "SCHEMA" and each["stream"] == VIEW)["schema"]
    types = {name: schema["properties"][name]["type"] for name in ("asin", "brand", "vendor_code")}
    assert {name for name, kind in types.items() if "null" not in kind} == {*attributes}
    assert {row["group_by"] for row in second.records(VIEW)} == {",".join(sorted(group_by))}
    assert {row["start_date"] for row in second.records(VIEW)} == {world.day(ago) for ago in range(4, 21)}


@pytest.mark.parametrize("name", kiosk_seed.SEED)
def test_datasets_of_sellers_read_twice_are_what_the_seed_says(world: World, name: str) -> None:
    config = world.config("seller-us", account_type="seller", start_date=world.day(9), restatement_days=30)
    start = world.today - timedelta(days=9)
    state: Row | None = None
    rows: dict[tuple[Any, ...], Row] = {}
    for _ in range(2):
        run = world.run(config, state, streams=[name, "report_ledger"])
        assert run.error is None
        assert len(run.upserted(name)) == len(run.records(name)) > 0
        assert {row["_extra"] for row in run.records(name)} == {None}
        state, rows = run.state, run.upserted(name, rows)
        wanted = kiosk_seed.rows(world.sandbox, name, start, world.today - timedelta(days=3), world.clock())
        key = [column for column in run.keys(name) if any(column in row for row in wanted)]
        found = {tuple(row[column] for column in key): row for row in rows.values()}
        assert len(found) == len(rows)
        assert found.keys() == {tuple(row[column] for column in key) for row in wanted}
        for row in wanted:
            there = found[tuple(row[column] for column in key)]
            figures = {column: value for column, value in row.items() if not isinstance(value, list)}
            assert len(figures) > 8
            assert {column: there[column] for column in figures} == pytest.approx(figures)
        world.clock.advance(5 * 86_400)


def test_queries_count_towards_max_reports_and_the_next_run_goes_on(world: World, config: Row) -> None:
    first = world.run(config | {"max_reports": 1}, streams=[VIEW, "report_ledger"])
    assert len(created(world)) == 1
    second = world.run(config | {"max_reports": 1}, first.state, streams=[VIEW, "report_ledger"])
    assert len(created(world)) == 2
    days = {row["start_date"] for run in (first, second) for row in run.records(VIEW)}
    assert days == {world.day(ago) for ago in range(4, 21)}


FAULTS = [*sorted({*QUERY, "query_fields_refused"})]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_the_next_run_has_all_days(world: World, config: Row, fault: str) -> None:
    world.sandbox.faults.inject(fault)
    first = world.run(config, streams=[VIEW, "report_ledger"])
    rows = first.upserted(VIEW)
    if fault == "query_fields_refused":
        # An incident of five minutes costs nothing.
        assert {row["outcome"] for row in first.records("report_ledger")} == {"loaded"}
        assert any(row["glance_views"] for row in rows.values())
    world.clock.sleep(86_400)
    later = world.run(config | {"end_date": world.day(5)}, first.state, streams=[VIEW, "report_ledger"])
    assert later.error is None
    rows = later.upserted(VIEW, rows)
    assert {row["start_date"] for row in rows.values()} == {world.day(ago) for ago in range(5, 22)}


@pytest.mark.parametrize(
    "fault", ["page_repeated", "page_refused", "connection_reset", "read_timeout", "answer_cut_off"]
)
def test_no_fault_of_a_call_loses_a_row(world: World, config: Row, fault: str) -> None:
    for skip in (0, 2):
        world.sandbox.faults.inject(fault, skip=skip)
    run = world.run(config, streams=[VIEW, "report_ledger"])
    assert run.error is None
    assert len(run.upserted(VIEW)) == len(run.records(VIEW))
    assert {row["start_date"] for row in run.records(VIEW)} == {world.day(ago) for ago in range(4, 21)}


def without_query(rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "report_id"} for row in rows]


def a_file(folder: Path, name: str, *elements: Row) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(f"{json.dumps(each)}\n" for each in elements), encoding="utf-8")


def an_element(**key: str) -> Row:
    day = {"startDate": "2026-11-01", "endDate": "2026-11-01", "marketplaceId": "ATVPDKIKX0DER"}
    metrics = {"traffic": {"glanceViews": 7}, "costs": {"shippedCogs": {"amount": 1.5, "currencyCode": "USD"}}}
    return {**day, "metrics": [{"groupByKey": key, "metrics": metrics}]}


class TestInbox:
    """JSON Lines files that were downloaded by hand."""

    def test_a_document_of_data_kiosk_is_read_once_into_its_stream(self, world: World, tmp_path: Path) -> None:
        a_file(tmp_path / "in", "november.jsonl", an_element(asin="B1"), an_element(asin="B2"))
        config = {"inbox": str(tmp_path / "in"), "marketplaces": ["US"]}
        first = world.run(config, streams=[VIEW, "report_ledger"])
        assert first.error is None
        rows = first.records(VIEW)
        assert [(row["asin"], row["glance_views"], row["report_period"]) for row in rows] == [
            ("B1", 7, "DAY"),
            ("B2", 7, "DAY"),
        ]
        assert rows[0]["report_id"].startswith("november.jsonl-")
        assert first.windows == [(VIEW, "2026-11-01", "2026-11-01", "loaded")]
        second = world.run(config, first.state, streams=[VIEW, "report_ledger"])
        assert (second.records(VIEW), second.windows) == ([], [])

    def test_totals_are_told_from_the_products(self, world: World, tmp_path: Path) -> None:
        day = {"startDate": "2026-11-01", "endDate": "2026-11-01", "marketplaceId": "ATVPDKIKX0DER"}
        a_file(tmp_path / "in", "all.jsonl", {**day, "totals": {"traffic": {"glanceViews": 9}}})
        a_file(tmp_path / "in", "november.jsonl", an_element(asin="B1"))
        config = {"inbox": str(tmp_path / "in"), "marketplaces": ["US"]}
        run = world.run(config, streams=[VIEW, TOTALS, "report_ledger"])
        assert run.error is None
        assert [(row["glance_views"], row["start_date"]) for row in run.records(TOTALS)] == [(9, "2026-11-01")]
        assert [row["asin"] for row in run.records(VIEW)] == ["B1"]

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"msku": "X", "fnsku": "Y", "parentAsin": "B1"}, "belongs to seller accounts"),
            ({"weather": {"rain": 3, "snow": 0}}, "no stream reads such a file"),
        ],
    )
    def test_what_no_stream_of_the_account_reads_is_passed_over(
        self, fields: Row, reason: str, world: World, tmp_path: Path
    ) -> None:
        day = {"startDate": "2026-11-01", "endDate": "2026-11-01", "marketplaceId": "ATVPDKIKX0DER"}
        a_file(tmp_path / "in", "november.jsonl", day | fields)
        config = world.config(inbox=str(tmp_path / "in"), start_date=world.day(5))
        run = world.run(config, streams=[VIEW, "report_ledger"])
        assert run.error is None
        (row,) = [each for each in run.records("report_ledger") if each["stream_name"] == "inbox"]
        assert (row["outcome"], reason in row["reason"]) == ("skipped", True)

    def test_other_attributes_than_those_of_the_key_are_refused_with_what_to_set(
        self, world: World, tmp_path: Path
    ) -> None:
        a_file(tmp_path / "in", "brands.jsonl", an_element(brand="X"))
        run = world.run({"inbox": str(tmp_path / "in"), "marketplaces": ["US"]}, streams=[VIEW, "report_ledger"])
        (row,) = run.records("report_ledger")
        assert (row["outcome"], "kiosk_group_by" in row["reason"]) == ("failed", True)


def test_plan_says_what_queries_a_run_would_make_and_makes_none(world: World, config: Row) -> None:
    tap = world.tap(config)
    for name, stream in tap.streams.items():
        stream.selected = name == VIEW
    outlook = look_ahead(tap.run, ["default"], ask_amazon=True)
    assert outlook.count(Source.CREATED) == 2
    assert {windows.partition.report_type.rpartition(".")[2] for windows in outlook.windows} == {"manufacturingView"}
    assert created(world) == []
    assert [call.operation for call in world.sandbox.calls if "uer" in call.operation] == ["getQueries"]


def test_the_connection_test_reads_a_row_of_a_view(world: World, config: Row, caplog: pytest.LogCaptureFixture) -> None:
    tap = world.tap(config)
    for name, stream in tap.streams.items():
        stream.selected = name in {VIEW, "report_ledger"}
    with caplog.at_level("INFO"):
        assert tap.run_connection_test()
    assert "1 of 1 selected streams gave a row" in caplog.text
