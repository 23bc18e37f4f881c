"""How long a run of the whole tap takes while one operation is out of order for ever: the table of docs/outages.md."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from ads_seed import consent
from in_process import serve
from test_odd_answers import OPERATIONS, made
from world import World

from amazon_sandbox import Sandbox
from tap_amazon_vendor.amazon.deadline import BoundedAdapter
from tap_amazon_vendor.amazon.transport import LONGEST_TRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from clocks import FakeClock
    from world import Row, Run

PAGE = Path(__file__).parents[1] / "docs" / "outages.md"

#: The column of each kind of outage in the table.
KINDS = ("HTTP 503", "HTTP 429", "no answer")

#: The history that a first run wants.
DAYS = 80

#: Beside the stream that calls an operation, others that do: so many that no three failures alike end them all at once.
BESIDE = {
    "vendor_sales_totals": (
        "vendor_traffic_totals",
        "vendor_inventory_totals",
        "vendor_net_pure_product_margin_totals",
        "vendor_forecasting",
    ),
    "vendor_analytics_manufacturing": ("vendor_analytics_sourcing",),
    "seller_vat_transactions": ("seller_fulfilled_shipments_tax", "seller_gst_b2b"),
    "ads_sp_campaigns": ("ads_sp_targets", "ads_sp_search_terms", "ads_sb_campaigns", "ads_sd_campaigns"),
    "ads_campaigns": ("ads_ad_groups", "ads_targets", "ads_product_ads"),
}


@pytest.fixture
def world(clock: FakeClock, bare_environment: None, monkeypatch: pytest.MonkeyPatch) -> World:  # noqa: ARG001
    """A local Amazon without sockets."""
    sandbox = Sandbox(seed=7, clock=clock, asins=2)
    return World(sandbox, serve(sandbox, monkeypatch), clock)


def strike(monkeypatch: pytest.MonkeyPatch, operation: str, kind: str, clock: FakeClock) -> None:
    """Let no request for an operation reach Amazon."""
    real = BoundedAdapter.send

    def send(adapter: BoundedAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if not re.match(OPERATIONS[operation][0], f"{request.method} {request.url}"):
            return real(adapter, request, **options)
        if kind == "no answer":
            clock.advance(LONGEST_TRY)
            raise requests.ReadTimeout
        return made(int(kind.split()[1]), {}, b"{}", str(request.url))

    monkeypatch.setattr(BoundedAdapter, "send", send)


def read(world: World, operation: str) -> Run:
    """Read the streams that call the operation, for the first time."""
    _, label, (stream,) = OPERATIONS[operation]
    config: Row = {"ads": consent(world.server.url, world.server.auth_url), "marketplaces": ["US"]}
    if label != "ads":
        config = world.config(label, account_type=label.split("-")[0])
    if label.startswith("vendor"):
        config |= {"selling_programs": ["RETAIL"], "distributor_views": ["MANUFACTURING"]}
    return world.run(
        {**config, "start_date": world.day(DAYS)}, streams=(stream, *BESIDE.get(stream, ()), "report_ledger")
    )


def minutes(world: World, run: Callable[[], Any]) -> float:
    """How long a run takes, on Amazon's clock."""
    began = world.clock()
    run()
    return (world.clock() - began).total_seconds() / 60


def stated() -> dict[tuple[str, str], float]:
    """The minutes that the page states, by operation and kind."""
    rows = re.findall(
        r"^\| `([^`]+)`[^|]*\| (\d+) \| (\d+) \| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {(name, kind): float(cell) for name, *cells in rows for kind, cell in zip(KINDS, cells, strict=True)}


def test_the_table_has_every_operation() -> None:
    assert {name for name, _ in stated()} == {*OPERATIONS}


@pytest.mark.sampled(12)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_lasting_outage_ends_a_run_in_the_minutes_that_the_table_states(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str, kind: str
) -> None:
    strike(monkeypatch, operation, kind, world.clock)
    runs: list[Run] = []
    took = minutes(world, lambda: runs.append(read(world, operation)))
    assert math.ceil(took) == stated()[operation, kind]
    # An optional listing costs nothing but itself, and the list of campaigns no other list.
    beside = {"getQueries": {"loaded", "empty", "later"}, "exportCampaigns": {"failed", "loaded"}}
    wanted = beside.get(operation, {"failed"})
    assert {row["outcome"] for row in runs[0].records("report_ledger")} <= wanted | {"later"}
    # Advertising has no published quotas: its 429 leaves windows to the next run.
    throttled = kind == "HTTP 429" and OPERATIONS[operation][1] == "ads"
    assert runs[0].error or operation == "getQueries" or throttled
