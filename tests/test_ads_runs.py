"""Runs with Amazon Ads: advertising beside sales or alone, against the local Amazon, on a made-up clock."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ads_seed
import pytest
from ads_seed import REPORTS, seeded
from in_process import served
from world import US, Run, World, partitions

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox, ads_jobs, ads_reports
from amazon_sandbox.accounts import MARKETPLACES
from tap_amazon_vendor.engine.hearings import RETRY_PAUSE
from tap_amazon_vendor.streams.ads import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clocks import FakeClock

    from amazon_sandbox import Call

Row = dict[str, Any]

CAMPAIGNS = "ads_sp_campaigns"


def consent(world: World, label: str = "vendor-us", **changes: Any) -> Row:
    """The setting `ads` for a consent of the sandbox."""
    return ads_seed.consent(world.server.url, world.server.auth_url, label) | changes


@pytest.fixture
def config(world: World) -> Row:
    """Advertising alone."""
    return {"ads": consent(world), "marketplaces": ["US"], "start_date": world.day(20), "restatement_days": 0}


def created(world: World, since: int = 0) -> list[Call]:
    return [call for call in world.sandbox.calls[since:] if call.operation == "createAdsReport" and call.status == 200]


def test_advertising_alone_is_read_and_not_again(world: World, config: Row) -> None:
    first = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert first.error is None
    rows = first.records(CAMPAIGNS)
    assert rows
    assert {row["country_code"] for row in rows} == {"US"}
    asked = len(created(world))
    again = world.run(config, first.state, streams=[CAMPAIGNS, "report_ledger"])
    assert again.error is None
    assert again.records(CAMPAIGNS) == []
    assert len(created(world)) == asked == 1


def test_files_in_an_inbox_and_advertising_need_no_other_credentials(world: World, config: Row, tmp_path: Path) -> None:
    (tmp_path / "sales.json").write_text('{"reportSpecification": {"reportType": "GET_VENDOR_SALES_REPORT"}}')
    run = world.run({**config, "inbox": str(tmp_path)}, streams=[CAMPAIGNS, "vendor_sales", "report_ledger"])
    assert run.records(CAMPAIGNS)
    assert "sales.json" in str(run.records("report_ledger"))


def test_a_profile_that_the_consent_does_not_open_is_named(world: World, config: Row) -> None:
    config["ads"]["profiles"] = ["123"]
    run = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert "does not open the profile 123" in str(run.error)
    assert "It opens" in str(run.error)
    # It does not keep the others from being read.
    (profile,) = world.sandbox.ads_accounts[0].profiles
    config["ads"]["profiles"] = ["123", f"{profile.profile_id}"]
    run = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert str(run.error).count("does not open the profile 123") == 1
    assert {row["profile_id"] for row in run.records(CAMPAIGNS)} == {f"{profile.profile_id}"}


def test_a_kind_of_advertising_that_is_not_open_is_skipped_and_the_rest_read(world: World, config: Row) -> None:
    config |= {"ads": consent(world, "vendor-jp"), "marketplaces": ["JP"]}
    run = world.run(config, streams=[CAMPAIGNS, "ads_sd_campaigns", "report_ledger"])
    assert run.error is None
    assert {(name, outcome) for name, _, _, outcome in run.windows} == {
        (CAMPAIGNS, "loaded"),
        ("ads_sd_campaigns", "skipped"),
    }


def test_no_traffic_is_believed_on_the_second_day_and_then_at_once(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A kind of advertising that nobody uses costs a few reports more, once."""
    monkeypatch.setattr(ads_jobs, "rows", lambda *_: [])
    config["restatement_days"] = 14
    state, heard = None, []
    for _ in range(4):
        before = len(world.sandbox.calls)
        run = world.run(config, state, streams=[CAMPAIGNS, "report_ledger"])
        assert run.error is None
        heard.append(({outcome for *_, outcome in run.windows}, len(created(world, before))))
        state = run.state
        world.clock.advance(86_400)
    # The second run asks for the days of the first once more, and twice for the new one.
    assert heard == [({"later"}, 2), ({"later", "empty"}, 3), ({"empty"}, 1), ({"empty"}, 1)]
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize("times", [1, 2])
def test_no_rows_of_a_whole_profile_are_not_believed_at_once(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    real, left = ads_reports.rows, [*range(times)]
    monkeypatch.setattr(ads_jobs, "rows", lambda *asked: [] if left and left.pop() >= 0 else real(*asked))
    run = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    assert [outcome for *_, outcome in run.windows] == ["loaded" if times == 1 else "later"]
    world.clock.advance(86_400)
    again = world.run(config, run.state, streams=[CAMPAIGNS, "report_ledger"])
    days = {row["date"] for each in (run, again) for row in each.records(CAMPAIGNS)}
    assert {world.day(number) for number in range(2, 20)} <= days


def test_no_rows_after_a_time_with_rows_are_doubted(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config["restatement_days"] = 14
    state = world.run(config, streams=[CAMPAIGNS]).state
    monkeypatch.setattr(ads_jobs, "rows", lambda *_: [])
    outcomes = []
    for _ in range(3):
        world.clock.advance(86_400)
        run = world.run(config, state, streams=[CAMPAIGNS, "report_ledger"])
        outcomes.append({outcome for *_, outcome in run.windows})
        state = run.state
    assert outcomes == [{"later"}, {"empty"}, {"empty"}]
    assert caplog.text.count("the account has had rows of this report before") >= 2


def test_who_advertises_nothing_has_empty_lists(world: World, config: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    export = ads_jobs.AdsReports.export
    monkeypatch.setattr(ads_jobs.AdsReports, "export", lambda *args, **named: export(*args, **{**named, "rows": []}))
    began = world.clock()
    run = world.run(config, streams=["ads_campaigns", "ads_product_ads", "report_ledger"])
    assert run.error is None
    assert run.records("ads_campaigns") == []
    assert [outcome for *_, outcome in run.windows] == ["empty"] * 2
    assert "exportcampaigns" in {call.operation for call in world.sandbox.calls}
    assert world.clock() - began < timedelta(seconds=RETRY_PAUSE)


def test_a_list_that_had_elements_and_has_none_is_asked_for_once_more(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = world.run(config, streams=["ads_campaigns"])
    world.clock.advance(86_400)
    export, left = ads_jobs.AdsReports.export, [1]

    def once_without(*args: Any, rows: list[Row], **named: Any) -> Any:
        return export(*args, rows=[] if left and left.pop() else rows, **named)

    monkeypatch.setattr(ads_jobs.AdsReports, "export", once_without)
    again = world.run(config, first.state, streams=["ads_campaigns", "report_ledger"])
    assert [outcome for *_, outcome in again.windows] == ["loaded"]
    assert len(again.records("ads_campaigns")) == len(first.records("ads_campaigns"))
    left += [1, 1]
    believed = world.run(config, again.state, streams=["ads_campaigns", "report_ledger"])
    assert [outcome for *_, outcome in believed.windows] == ["empty"]
    assert "but the account has had rows of this report before" in caplog.text


def test_an_ad_tells_the_product_it_is_of(world: World, config: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    odd: list[Any] = [["B1"], {"a": 1}, [{"productIdType": "ASIN", "productId": name} for name in ("B1", "B2")]]
    export = ads_jobs.AdsReports.export

    def with_odd_ones(*args: Any, rows: list[Row], **named: Any) -> Any:
        creatives = [{**row, "creative": {"products": each}} for row, each in zip(rows, odd, strict=False)]
        return export(*args, rows=[*creatives, *rows[len(odd) :]], **named)

    monkeypatch.setattr(ads_jobs.AdsReports, "export", with_odd_ones)
    run = world.run(config, streams=["ads_product_ads", "ads_sp_advertised_products"])
    assert run.error is None
    ads = {row["ad_id"]: row["asin"] for row in run.records("ads_product_ads")}
    assert [*ads.values()][: len(odd)] == [None] * len(odd)
    # The products are those of the reports of the same ads.
    told = {row["ad_id"]: row["asin"] for row in run.records("ads_sp_advertised_products")}
    assert sum(ads[ad] == asin for ad, asin in told.items() if ad in ads) >= len(told) - len(odd) > 0


def test_two_profiles_of_a_marketplace_are_told_apart_and_one_that_vanishes_is_named(
    world: World, config: Row, caplog: pytest.LogCaptureFixture
) -> None:
    owner = next(each for each in world.sandbox.ads_accounts if each.label == "ads-vendor-us")
    (first,) = owner.profiles
    object.__setattr__(owner, "profiles", (first, second := replace(first, kind="seller")))
    both = world.run(config, streams=[CAMPAIGNS])
    assert {key[2] for key in both.upserted(CAMPAIGNS)} == {f"{each.profile_id}" for each in (first, second)}
    object.__setattr__(owner, "profiles", (first,))
    world.clock.sleep(86_400)
    assert world.run(config, both.state, streams=[CAMPAIGNS]).error is None
    (told,) = [record.message for record in caplog.records if "no longer opens" in record.message]
    assert f"{second.profile_id} (US)" in told
    # Who names the profiles to read wants no word about others.
    caplog.clear()
    config["ads"]["profiles"] = [f"{first.profile_id}"]
    world.run(config, both.state, streams=[CAMPAIGNS])
    assert "no longer opens" not in caplog.text


def test_a_report_of_other_days_is_not_the_answer(world: World, config: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ads_reports.rows
    monkeypatch.setattr(ads_jobs, "rows", lambda *asked: [*rows(*asked), {**rows(*asked)[0], "date": world.day(0)}])
    run = world.run(config, streams=[CAMPAIGNS])
    assert f"a row is of {world.day(0)}, which is not a period of the requested" in str(run.error)
    assert run.records(CAMPAIGNS) == []


@pytest.mark.parametrize(("document", "words"), [({"rows": []}, "is no array, but rows"), (None, "is not JSON")])
def test_a_document_without_rows_is_named(
    world: World, config: Row, monkeypatch: pytest.MonkeyPatch, document: Any, words: str
) -> None:
    monkeypatch.setattr(ads_jobs, "rows", lambda *_: document)
    assert words in str(world.run(config, streams=[CAMPAIGNS]).error)


PAGE = Path(__file__).parents[1] / "docs" / "ads.md"

#: The partition of all sales of a vendor.
VIEW = {
    "account": "default",
    "marketplace_id": US,
    "report_period": "DAY",
    "distributor_view": "MANUFACTURING",
    "selling_program": "RETAIL",
}

NAMES = [stream.name for stream in STREAMS]


def test_sales_and_advertising_in_one_run_twice_are_what_the_seed_says(world: World) -> None:
    config = {**world.config(start_date=world.day(9), wait_minutes=240), "ads": consent(world)}
    streams = [*NAMES, "vendor_sales", "report_ledger"]
    first = world.run(config, streams=streams)
    world.clock.sleep(26 * 3600)
    second = world.run(config, first.state, streams=streams)
    assert first.error is second.error is None
    assert first.records("vendor_sales")
    assert second.records("vendor_sales")
    compared = 0
    for name, stream in REPORTS.items():
        got = second.upserted(name, first.upserted(name))
        expected = seeded(world.sandbox, stream, second.keys(name))
        assert got.keys() == expected.keys(), name
        for key, row in got.items():
            assert {column: row[column] for column in expected[key]} == expected[key]
            assert row["country_code"] == "US"
            assert row["_extra"] is None
        compared += len(got)
    assert compared > 500
    # Advertised sales are a part of all sales, found by the same keys.
    advertised = second.upserted("ads_sp_advertised_products", first.upserted("ads_sp_advertised_products"))
    assert {row["asin"] for row in advertised.values()} <= {row["asin"] for row in first.records("vendor_sales")}


def test_the_state_tells_profiles_apart_and_the_bookmark_is_a_day_of_theirs(world: World, config: Row) -> None:
    run = world.run(config, streams=[CAMPAIGNS, "report_ledger"])
    (partition,) = partitions(run.state, CAMPAIGNS)
    profile = next(each for each in world.sandbox.ads_accounts if each.label == "ads-vendor-us").profiles[0]
    assert partition["context"] == {
        "account": "default",
        "marketplace_id": "ATVPDKIKX0DER",
        "profile_id": f"{profile.profile_id}",
    }
    yesterday = world.clock().astimezone(profile.zone).date().toordinal() - 1
    assert partition["replication_key_value"] == f"{world.clock().date().fromordinal(yesterday)}"


def test_a_day_is_one_of_the_time_zone_that_the_profile_tells(world: World, config: Row) -> None:
    owner = next(each for each in world.sandbox.ads_accounts if each.label == "ads-vendor-us")
    # Noon in London, and the next day there already.
    object.__setattr__(owner, "profiles", (replace(owner.profiles[0], own_zone="Pacific/Auckland"),))
    run = world.run(config, streams=[CAMPAIGNS])
    (partition,) = partitions(run.state, CAMPAIGNS)
    assert partition["replication_key_value"] == f"{world.clock().date()}"
    assert max(row["date"] for row in run.records(CAMPAIGNS)) == f"{world.clock().date()}"


SIX = [
    CAMPAIGNS,
    "ads_sp_ad_groups",
    "ads_sp_targets",
    "ads_sp_search_terms",
    "ads_sp_advertised_products",
    "ads_sp_purchased_products",
]


@pytest.fixture
def europe(clock: FakeClock, bare_environment: None) -> Iterator[World]:  # noqa: ARG001
    """A consent for five profiles: those of a seller in five countries of Europe."""
    seller = next(each for each in DEFAULT_ACCOUNTS if each.label == "seller-de")
    others = (
        place for place, about in MARKETPLACES.items() if about.region == "eu" and place not in seller.marketplaces
    )
    seller = replace(seller, marketplaces=(*seller.marketplaces, next(others), next(others)))
    with ExitStack() as stack:
        sandbox = Sandbox(accounts=[seller], seed=7, clock=clock, asins=1, stall_seconds=0.1)
        yield World(sandbox, stack.enter_context(served(sandbox)), clock)


def test_a_profile_that_two_accounts_read_is_named(world: World, config: Row, caplog: pytest.LogCaptureFixture) -> None:
    entries = [{"account": name, "marketplaces": ["US"]} for name in ("one", "other")]
    both = {"ads": config["ads"], "accounts": entries, "start_date": world.day(5)}
    assert world.run(both, streams=[CAMPAIGNS]).error is None
    assert sum("is read for 'one' and 'other'" in message for message in caplog.messages) == 1


def test_all_reports_of_a_first_run_are_asked_for_at_once(world: World, config: Row) -> None:
    world.sandbox.faults.inject("ads_report_stuck")
    run = world.run({**config, "start_date": world.day(90)}, streams=[CAMPAIGNS, "report_ledger"])
    # That Amazon took the first shows that this kind of advertising is open: nothing waits for its rows.
    asked = [report.created_at for report in world.sandbox.ads_reports._made.values()]
    assert len(asked) == 3
    assert max(asked) - min(asked) < timedelta(minutes=1)
    assert sorted(outcome for *_, outcome in run.windows) == ["later", "loaded", "loaded"]


@pytest.mark.exhaustive
def test_ninety_days_of_six_reports_for_every_profile_take_the_fewest_reports(europe: World) -> None:
    label = europe.sandbox.accounts[0].label
    profiles = next(each for each in europe.sandbox.ads_accounts if each.label == f"ads-{label}").profiles
    assert len(profiles) == 5
    config = {
        "ads": consent(europe, label, region="eu"),
        "start_date": europe.day(90),
        "wait_minutes": 240,
    }
    began = europe.clock()
    run = europe.run(config, streams=[*SIX, "report_ledger"])
    assert run.error is None
    assert {outcome for *_, outcome in run.windows} == {"loaded"}
    # Of search terms Amazon keeps 65 days, of all else more than 90: three reports of 31 days at most.
    assert len(created(europe)) == 3 * len(SIX) * len(profiles)
    calls = Counter((call.operation, call.status) for call in europe.sandbox.calls)
    throttled = sum(number for (_, status), number in calls.items() if status == 429)
    assert throttled < len(created(europe)) / 2
    # Nothing waits for the slowest report, which takes three hours, but the last look at it.
    ended = max(report.generated_at for report in europe.sandbox.ads_reports._made.values())
    assert (europe.clock() - began) / (ended - began) < 1.05
    assert max(report.created_at for report in europe.sandbox.ads_reports._made.values()) - began < timedelta(
        minutes=20
    )
    again = europe.run(config, run.state, streams=[*SIX, "report_ledger"])
    assert again.error is None
    # The days that are restated: one report for each partition.
    assert len(created(europe)) == 4 * len(SIX) * len(profiles)


def test_the_documented_query_gives_the_tacos_of_the_seed(world: World) -> None:
    config = {**world.config(start_date=world.day(9), wait_minutes=240), "ads": consent(world)}
    advertised = ("ads_sp_advertised_products", "ads_sd_advertised_products")
    run = world.run(config, streams=[*advertised, "vendor_sales"])
    cost, all_sales, ad_sales = (defaultdict[str, Decimal](Decimal) for _ in range(3))
    days = set()
    for row in world.expected("vendor_sales", VIEW, world.day(9), world.day(4)):
        days.add(row["start_date"])
        all_sales[row["asin"]] += row["ordered_revenue_amount"] or Decimal(0)
    for name in advertised:
        for row in seeded(world.sandbox, REPORTS[name], run.keys(name)).values():
            if row["date"] in days:
                cost[row["asin"]] += row["cost"]
                ad_sales[row["asin"]] += row["sales14d" if name.startswith("ads_sp") else "sales"]
    (query,) = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found = {row[2]: row[3:] for row in queried(run, [*advertised, "vendor_sales"], query)}
    assert found.keys() == all_sales.keys()
    assert any(cost.values())
    for asin, (its_cost, its_ad_sales, its_sales, tacos) in found.items():
        assert (its_cost or 0, its_ad_sales or 0) == pytest.approx((float(cost[asin]), float(ad_sales[asin])))
        assert its_sales == pytest.approx(float(all_sales[asin]))
        assert tacos is None or tacos == pytest.approx(float(cost[asin] / all_sales[asin]))
        # Advertised sales are a part of all sales.
        assert ad_sales[asin] <= all_sales[asin]


def test_the_documented_query_serves_sellers(world: World) -> None:
    own = {"account_type": "seller", "start_date": world.day(4), "wait_minutes": 240}
    config = {**world.config("seller-us", **own), "marketplaces": ["US"], "ads": consent(world, "seller-us")}
    tables = ["ads_sp_advertised_products", "ads_sd_advertised_products", "seller_sales_and_traffic_by_asin"]
    run = world.run(config, streams=tables)
    assert run.error is None
    page = PAGE.read_text(encoding="utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    (sold,) = re.findall(r"`sold` is `(select .*?)`", page, re.DOTALL)
    query = re.sub(r"sold as \(.*?\n\)", lambda _: f"sold as ({sold})", query, count=1, flags=re.DOTALL)
    found = queried(run, tables, query)
    assert sum(row[4] or 0 for row in found) > 0
    assert all((advertised or 0) <= (sales or 0) + 0.005 for *_, advertised, sales, _ in found)


def test_what_was_spent_without_a_sale_counts() -> None:
    (query,) = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    own = ("default", US)
    sold = ("DAY", "MANUFACTURING", "RETAIL")
    with closing(sqlite3.connect(":memory:")) as database:
        place = "account, marketplace_id, date, asin, cost"
        database.executescript(
            f"create table ads_sp_advertised_products ({place}, sales14d);"
            f"create table ads_sd_advertised_products ({place}, sales);"
            "create table vendor_sales (account, marketplace_id, start_date, asin, ordered_revenue_amount,"
            " report_period, distributor_view, selling_program);"
        )
        costs = [("2026-11-02", "A", 3.0, 10), ("2026-11-03", "A", 2.0, 0), ("2026-11-03", "B", 5, 0)]
        # Sales of that day are not told yet.
        costs.append(("2026-11-04", "A", 100, 0))
        database.executemany(
            "insert into ads_sp_advertised_products values (?, ?, ?, ?, ?, ?)", [own + row for row in costs]
        )
        # Advertising of the first day was not read.
        sales = [("2026-11-01", "A", 100), ("2026-11-02", "A", 20), ("2026-11-03", "C", 7)]
        database.executemany(
            "insert into vendor_sales values (?, ?, ?, ?, ?, ?, ?, ?)", [own + row + sold for row in sales]
        )
        found = {row[2]: row[3:] for row in database.execute(query)}
    assert found == {"A": (5, 10, 20, 0.25), "B": (5, 0, 0, None), "C": (0, 0, 7, 0)}


def queried(run: Run, streams: list[str], query: str) -> list[tuple[Any, ...]]:
    """The rows of a query over the tables that a run leads to."""
    with closing(sqlite3.connect(":memory:")) as database:
        for stream in streams:
            table = list(run.upserted(stream).values())
            columns = list(table[0])
            database.execute(f"create table {stream} ({', '.join(columns)})")
            database.executemany(
                f"insert into {stream} values ({', '.join('?' * len(columns))})",  # noqa: S608  # our own names
                [[float(value) if isinstance(value, Decimal) else value for value in row.values()] for row in table],
            )
        return database.execute(query).fetchall()
