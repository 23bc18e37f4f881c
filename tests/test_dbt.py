"""The dbt package: in step with the tap's catalog, and its figures are those of the sandbox's seed.

The part that builds all marts twice in each warehouse takes minutes, and has a job of its own in CI. One build, on a
table made by hand, is in every run.
"""

from __future__ import annotations

import math
import re
import shutil
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

import dbt_sources
import lock
import pytest
import yaml
from ads_seed import consent
from bootstrap import DBT_LOCK, ROOT
from clocks import NOW, FakeClock
from embedded_postgres import postgres, remove
from mart_figures import MARTS
from mart_seed import Seed, unusual_run
from meltano_project import HAS_DBT
from packaging.requirements import Requirement
from warehouses import PACKAGE, TARGET_POSTGRES, Duck, Elephant, Warehouse, dbt
from world import Row, Run, World

from amazon_sandbox import Sandbox, running
from amazon_sandbox.accounts import DEFAULT_ACCOUNTS, VENDOR_ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DAYS = 64
DAYS_BETWEEN_RUNS = 11
#: The account's label in the sandbox, and its marketplace.
ACCOUNTS = {"vendor-us": "ATVPDKIKX0DER", "vendor-uk": "A1F83G8C2ARO7P"}
SELLERS = {"seller-us": "ATVPDKIKX0DER"}
STREAMS = (
    "report_ledger",
    "vendor_sales",
    "vendor_traffic",
    "vendor_inventory",
    "vendor_net_pure_product_margin",
    "vendor_forecasting",
    "vendor_purchase_orders",
    "vendor_purchase_order_items",
    "vendor_purchase_order_statuses",
    "vendor_purchase_order_status_items",
    "vendor_invoices",
    "vendor_invoice_items",
    "seller_sales_and_traffic_by_asin",
    "seller_settlements",
    "seller_customer_returns",
    "ads_sp_advertised_products",
    "ads_sd_advertised_products",
)
PROGRAMS = ("RETAIL", "BUSINESS")
VIEWS = ("MANUFACTURING", "SOURCING")
FIGURES = (
    "ordered_units",
    "ordered_revenue_amount",
    "shipped_units",
    "shipped_revenue_amount",
    "shipped_cogs_amount",
    "customer_returns",
)
KEY = ("account", "marketplace_id", "selling_program", "distributor_view", "day", "asin")
Figures = dict[tuple[str, ...], dict[str, Decimal | None]]

needs_dbt = pytest.mark.skipif(not HAS_DBT, reason="dbt has no release for this Python")


@pytest.fixture(scope="module")
def wanted() -> dict[Path, str]:
    """The files that the catalog leads to."""
    return dbt_sources.files()


def test_sources_and_staging_models_are_in_step_with_the_catalog(wanted: dict[Path, str]) -> None:
    there = {path: path.read_text(encoding="utf-8") for path in dbt_sources.STAGING.iterdir()}
    assert there == wanted, "run scripts/dbt_sources.py"


def test_staging_models_of_personal_data_are_tagged(wanted: dict[Path, str]) -> None:
    tagged = {path.stem for path, text in wanted.items() if "personal_data" in text}
    assert "stg_vendor_direct_orders" in tagged
    assert "stg_vendor_sales" not in tagged


def test_meltano_and_the_lock_have_the_dbt_of_the_project() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (group,) = re.findall(r"^dbt = \[\n(.*?)^\]$", project, re.MULTILINE | re.DOTALL)
    wanted = [Requirement(text) for text in re.findall(r'"(.+)"', group)]
    (plugin,) = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))["plugins"]["utilities"]
    told = [Requirement(text) for text in plugin["pip_url"].split()]
    assert [(each.name, each.specifier) for each in told] == [(each.name, each.specifier) for each in wanted]
    locked = [Requirement(lock.requirement(entry)) for entry in lock.entries(DBT_LOCK.read_text(encoding="utf-8"))]
    versions = {each.name: each.specifier for each in locked}
    for each in wanted:
        (pinned,) = versions[each.name]
        assert pinned.operator == "=="
        assert pinned.version in each.specifier


def marts() -> list[Row]:
    """Return what the package declares about its marts."""
    files = sorted((PACKAGE / "models" / "marts").glob("*.yml"))
    return [mart for file in files for mart in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]]


def test_each_mart_states_its_grain_tests_it_and_is_in_the_docs() -> None:
    told = marts()
    assert sorted(each["name"] for each in told) == sorted(
        path.stem for path in (PACKAGE / "models/marts").glob("*.sql")
    )
    docs = (ROOT / "docs" / "dbt.md").read_text(encoding="utf-8")
    for mart in told:
        (columns,) = (test["one_row_per"]["arguments"]["columns"] for test in mart["data_tests"])
        grain = ", ".join(columns)
        assert f"One row per {grain}" in " ".join(mart["description"].split()), mart["name"]
        (row,) = (line for line in docs.splitlines() if line.startswith(f"| `{mart['name']}` |"))
        assert row.endswith(f"| {grain} |"), mart["name"]


#: A table as targets write it: with columns of their own, and without those that the user has deselected.
BY_HAND = """
create schema "My Amazon";
create table "My Amazon".vendor_traffic (account text, asin text, glance_views bigint, _sdc_sequence bigint);
create table "My Amazon".vendor_sales as
select *, 'asin' || units as asin, units as ordered_units, now() as _sdc_extracted_at
from (values ('one', 'US', 'DAY', 'SOURCING', 'RETAIL', '2026-11-01', '2026-11-01', 1.0),
    ('one', 'US', 'DAY', 'SOURCING', 'BUSINESS', '2026-11-01', '2026-11-01', 2.0),
    ('one', 'US', 'DAY', 'MANUFACTURING', 'RETAIL', '2026-11-01', '2026-11-01', 3.0),
    ('one', 'US', 'WEEK', 'SOURCING', 'RETAIL', '2026-11-01', '2026-11-07', 4.0),
    ('one', 'CA', 'DAY', 'SOURCING', 'RETAIL', '2026-11-01', '2026-11-01', 5.0),
    ('two', 'US', 'DAY', 'SOURCING', 'RETAIL', '2026-11-01', '2026-11-01', 6.0)
) as sold(account, marketplace_id, report_period, distributor_view, selling_program, start_date, end_date, units)
"""


@needs_dbt
@pytest.mark.slow
def test_one_stream_alone_is_enough_in_a_schema_of_any_name(tmp_path: Path) -> None:
    duck = Duck(tmp_path)
    duck.query(BY_HAND)
    dbt(duck, "build", "--select", "+path:models/marts", "--vars", "{amazon_schema: My Amazon}")
    found = mart(duck, ["ordered_units", "first_ordered_units", "versions", "first_loaded_age_days"])
    assert {(key[-1], *row) for key, row in found.items()} == {(f"asin{n}.0", n, n, 1, None) for n in (1, 2, 3, 5, 6)}
    told = duck.query("select ordered_units, glance_views, conversion from answers.vendor__traffic_conversion")
    assert sorted(told) == [[n, None, None] for n in range(1, 7)]
    assert duck.query("select count(*) from answers.vendor__advertised_sales") == [[0]]


@pytest.fixture(scope="module")
def history() -> Iterator[tuple[World, Run, Run]]:
    """Two runs of the tap, some days apart, for two vendors in two programs and both views."""
    clock = FakeClock(NOW)
    # Both views for both vendors: one of the sandbox's has but one.
    partners = [
        replace(one, distributor_views=VIEWS, roles=VENDOR_ROLES) if one.label in ACCOUNTS else one
        for one in DEFAULT_ACCOUNTS
        if one.label in {**ACCOUNTS, **SELLERS}
    ]
    sandbox = Sandbox(seed=7, clock=clock, accounts=partners, asins=4, stall_seconds=0.1)
    with running(sandbox) as server:
        world = World(sandbox, server, clock)
        shared: Row = {"selling_programs": list(PROGRAMS), "distributor_views": list(VIEWS), "report_periods": ["DAY"]}
        # Otherwise the seed would have reports that a run requested and left to the next one, and the tables would not.
        shared |= {"start_date": world.day(DAYS), "restatement_days": 20, "wait_minutes": 600}
        accounts = [world.config(label, account=label, account_type="vendor") for label in ACCOUNTS]
        accounts += [world.config(label, account=label, account_type="seller") for label in SELLERS]
        config = {key: accounts[0][key] for key in ("api_url", "auth_url")} | shared
        own = ("account", "account_type", "client_id", "client_secret", "refresh_token", "marketplaces")
        config |= {"accounts": [{key: account[key] for key in own} for account in accounts]}
        for account, region in zip(config["accounts"], ("na", "eu"), strict=False):
            account["ads"] = consent(server.url, server.auth_url, account["account"]) | {"region": region}
        first = world.run(config, streams=STREAMS)
        clock.advance(DAYS_BETWEEN_RUNS * 86400)
        second = world.run(config, first.state, streams=STREAMS)
        assert [first.error, second.error] == [None, None]
        yield world, unusual_run(first), unusual_run(second)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, history: tuple[World, Run, Run]
) -> Iterator[Warehouse]:
    """A warehouse after two runs, each followed by `dbt build`."""
    folder = tmp_path_factory.mktemp(request.param)

    def filled(warehouse: Warehouse) -> Warehouse:
        for run in history[1:]:
            warehouse.load(run)
            dbt(warehouse, "build", "--select", "+path:models/marts")
        return warehouse

    if request.param == "duckdb":
        yield filled(Duck(folder))
        return
    if TARGET_POSTGRES is None:
        pytest.skip("target-postgres is not installed")
    # Far from UTC: target-postgres makes columns without a zone, and writes the time of its session into them.
    with postgres(folder / "server", {"timezone": "Pacific/Kiritimati"}) as server:
        yield filled(Elephant(folder, server))
    remove(folder / "server")


def seed(world: World, until: date, as_of: date) -> Figures:
    """What the sandbox's seed says was sold up to a day, as Amazon had it on another."""
    start = NOW.date() - timedelta(days=DAYS)
    figures: Figures = {}
    for label, marketplace in ACCOUNTS.items():
        for program in PROGRAMS:
            for view in VIEWS:
                context = {
                    "account": label,
                    "marketplace_id": marketplace,
                    "report_period": "DAY",
                    "selling_program": program,
                    "distributor_view": view,
                }
                rows = world.expected(
                    "vendor_sales", context, start.isoformat(), until.isoformat(), label=label, as_of=as_of
                )
                for row in rows:
                    key = (label, marketplace, program, view, row["start_date"], row["asin"])
                    figures[key] = {name: exact(row[name]) for name in FIGURES}
    return figures


def exact(value: object) -> Decimal | None:
    """A figure without the trailing zeros of any warehouse."""
    return None if value is None else Decimal(str(value)).normalize()


def same(found: Any, expected: Any) -> bool:
    """Whether two figures agree: to nine digits, where one is a ratio."""
    if found is None or expected is None or isinstance(expected, str):
        return bool(found == expected)
    return math.isclose(float(found), float(expected), rel_tol=1e-9, abs_tol=1e-9)


def faults() -> Iterator[str]:
    """SQL that puts a row into the marts for each fault that one of their tests is for."""
    for mart in marts():
        table = f"answers.{mart['name']}"
        # Nothing in a row: not_null. Twice: one_row_per.
        yield from [f"insert into {table} ({mart['columns'][0]['name']}) values (null)"] * 2  # noqa: S608
        for column in mart["columns"]:
            for test in column.get("data_tests", []):
                if test == "not_null":
                    continue
                ((name, settings),) = test.items()
                told_of = settings["arguments"]
                match name:
                    case "accepted_values":
                        wrong: Any = "'BOTH'" if told_of.get("quote", True) else 7
                    case "relationships":
                        wrong = "'X'"
                    case "at_least":
                        wrong = told_of["least"] - 1
                    case "at_most":
                        wrong = told_of["most"] + 1
                    case _:
                        raise AssertionError(name)
                yield f"insert into {table} ({column['name']}) values ({wrong})"  # noqa: S608


def mart(warehouse: Warehouse, names: Sequence[str]) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """The mart's columns of each key."""
    rows = warehouse.query(f"select {', '.join((*KEY, *names))} from answers.vendor__daily_sales")  # noqa: S608
    found = {tuple(map(str, row[: len(KEY)])): tuple(row[len(KEY) :]) for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.exhaustive
@needs_dbt
class TestBuild:
    """What `dbt build` makes of two runs."""

    def test_daily_sales_are_those_of_the_seed(self, warehouse: Warehouse, history: tuple[World, Run, Run]) -> None:
        world, first_run, second_run = history
        first_day, second_day = NOW.date(), world.today
        # The runs say which rows were read when, the seed what was in them.
        read_first, read_again = (
            {(*(row[name] for name in KEY[:4]), row["start_date"], row["asin"]) for row in run.records("vendor_sales")}
            for run in (first_run, second_run)
        )
        on_first, on_second = (seed(world, world.today, as_of) for as_of in (first_day, second_day))
        original = {key: on_first[key] for key in read_first}
        latest = original | {key: on_second[key] for key in read_again}
        restated = {key for key in original if original[key] != latest[key]}
        assert restated, "a test without restatements shows nothing"
        assert latest.keys() - original.keys(), "nor one without new days"
        assert {key[2:4] for key in latest} == set(product(PROGRAMS, VIEWS))
        assert {key[0] for key in latest} == set(ACCOUNTS)

        names = [f"{prefix}{name}" for name in FIGURES for prefix in ("", "first_", "restated_")]
        found = mart(warehouse, [*names, "versions", "first_loaded_age_days"])
        assert set(found) == set(latest)
        for key, now in latest.items():
            before = original.get(key, now)
            expected: list[Decimal | None] = []
            for name in FIGURES:
                new, old = now[name], before[name]
                expected += [new, old, None if new is None or old is None else exact(new - old)]
            seen_on = first_day if key in original else second_day
            age = (seen_on - date.fromisoformat(key[4])).days
            *figures, versions, found_age = found[key]
            assert [exact(value) for value in figures] == expected, key
            assert int(versions) == 1 + (key in restated), key
            assert int(found_age) == age, key

    @pytest.mark.parametrize("name", MARTS)
    def test_figures_are_those_of_the_seed(
        self, warehouse: Warehouse, history: tuple[World, Run, Run], name: str
    ) -> None:
        world, *runs = history
        mart = MARTS[name]
        expected = mart.expected(Seed(world, runs, ACCOUNTS, SELLERS))
        columns = ", ".join((*mart.key, *mart.figures))
        rows = warehouse.query(f"select {columns} from answers.{name}")  # noqa: S608
        found = {tuple(map(str, row[: len(mart.key)])): row[len(mart.key) :] for row in rows}
        assert len(found) == len(rows)
        assert found.keys() == expected.keys()
        for place, figure in enumerate(mart.figures):
            # A figure that is always the same would not show that it is worked out.
            assert len({row[figure] for row in expected.values()}) > 1, figure
            for key, row in expected.items():
                assert same(found[key][place], row.get(figure)), (key, figure, found[key][place], row.get(figure))

    def test_a_second_build_of_the_same_rows_changes_nothing(self, warehouse: Warehouse) -> None:
        query = "select count(*) from answers.vendor_sales_versions"
        before = warehouse.query(query)
        dbt(warehouse, "build", "--select", "+path:models/marts", "--full-refresh")
        assert warehouse.query(query) == before

    def test_each_test_of_the_package_fails_on_its_fault(self, warehouse: Warehouse, tmp_path: Path) -> None:
        if not isinstance(warehouse, Duck):
            pytest.skip("one warehouse is enough, and a file is easy to copy")
        shutil.copy(warehouse.file, tmp_path / warehouse.file.name)
        faulty = Duck(tmp_path)
        faulty.query("; ".join([*faults(), "insert into answers.amazon__completeness (state) values ('missing')"]))
        results = dbt(faulty, "test")
        assert set(results) == {("test", "fail")}

    def test_streams_that_are_not_there_are_empty(self, tmp_path: Path) -> None:
        empty = Duck(tmp_path)
        results = dbt(empty, "build")
        assert results["model", "success"] == len(list((PACKAGE / "models").rglob("*.sql")))
        assert empty.query("select count(*) from answers.vendor__daily_sales") == [[0]]

    def test_without_a_connection_every_table_is_taken_to_be_there(self, tmp_path: Path) -> None:
        """So that a warehouse's SQL can be looked at by someone who has none."""
        results = dbt(Duck(tmp_path), "compile", "--no-introspect", "--no-populate-cache")
        assert set(results) >= {("model", "success"), ("snapshot", "success"), ("test", "success")}
        compiled = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.rglob("compiled/**/stg_*.sql")}
        assert compiled.keys() == {path.stem for path in dbt_sources.STAGING.glob("stg_*.sql")}
        assert not [name for name, text in compiled.items() if "no_table" in text]
