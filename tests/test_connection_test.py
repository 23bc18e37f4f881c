"""What `--test` says, and when it fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from test_many_accounts import many
from test_verdict import entry, part
from world import SALES, STREAMS, TRAFFIC, Recorder, World

from amazon_sandbox import DEFAULT_ACCOUNTS, Sandbox, running
from tap_amazon_vendor.errors import RunFailedError
from tap_amazon_vendor.run.connection_test import report, run_connection_test

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from clocks import FakeClock
    from world import Row

VENDOR = DEFAULT_ACCOUNTS[0]

#: The streams that are tested where no others are named.
ALL = ", ".join(STREAMS)


def tried(world: World, config: Row, streams: Iterable[str] = STREAMS, state: Row | None = None) -> str:
    """Test the connection for some streams."""
    tap = world.tap(config, state, message_writer=Recorder())
    for name, stream in tap.streams.items():
        stream.selected = name in {*streams, "report_ledger"}
    return run_connection_test(tap._make_run(testing=True))


@pytest.fixture
def limited(clock: FakeClock, bare_environment: None) -> Iterator[World]:  # noqa: ARG001
    """A local Amazon of whose vendors one has one view and one has no rights to two reports."""
    sourcing = replace(VENDOR, label="sourcing", refresh_token="Atzr|sourcing", distributor_views=("SOURCING",))
    denied = replace(VENDOR, label="denied", refresh_token="Atzr|denied", denied_reports=(SALES, TRAFFIC))
    sandbox = Sandbox(seed=7, clock=clock, asins=3, accounts=[sourcing, denied])
    with running(sandbox) as server:
        yield World(sandbox, server, clock)


def test_all_is_well_is_said_in_words(world: World) -> None:
    assert tried(world, world.config(), [*STREAMS, "brand_repeat_purchase"]) == (
        "All is well: Amazon lets us read account 'default' (vendor, US).\n"
        "4 of 5 selected streams gave a row.\n"
        "- nothing to request: brand_repeat_purchase: not in these marketplaces, or not for `report_periods`"
    )


def test_every_account_is_named(world: World) -> None:
    words = tried(world, many(world, "vendor-us", "seller-de"), ["vendor_sales", "seller_customer_returns"])
    assert words == (
        "All is well: Amazon lets us read accounts 'vendor-us' (vendor, US), 'seller-de' (seller, DE).\n"
        "2 of 2 selected streams gave a row."
    )


def test_only_what_is_selected_is_asked_for(world: World) -> None:
    tried(world, world.config(), ["vendor_traffic"])
    assert {report_type for report_type, *_ in world.asked()} == {TRAFFIC}


def test_what_the_account_lacks_is_said_with_the_reason(limited: World) -> None:
    words = tried(limited, limited.config("sourcing")).splitlines()
    assert words[1] == "4 of 4 selected streams gave a row."
    assert words[2].startswith("- skipped: vendor_sales, vendor_sales_totals: ")
    assert "remove it from `distributor_views`" in words[2]


def test_what_gave_no_row_is_said_with_the_reason_once(world: World) -> None:
    accounts = world.tap(world.config()).settings.accounts
    entries = [
        entry("b", "later", "IN_QUEUE for 60 minutes", report_id="7"),
        entry("c", "empty", ""),
        entry("d", "later", "IN_QUEUE for 61 minutes", report_id="8"),
        entry("e", "failed", "HTTP 500"),
    ]
    assert list(report(accounts, "abcde", {"a"}, [part(name) for name in "abcde"], entries)) == [
        "Not everything can be read: Amazon lets us read account 'default' (vendor, US).",
        "1 of 5 selected streams gave a row.",
        "- later: b, d: IN_QUEUE for 60 minutes",
        "- empty: c: Amazon has no rows",
        "- failed: e: HTTP 500",
    ]


def test_what_is_read_already_is_said(world: World) -> None:
    config = world.config(restatement_days=0)
    words = tried(world, config, state=world.run(config).state)
    assert words.splitlines()[1:] == [
        "0 of 4 selected streams gave a row.",
        f"- nothing to request: {ALL}: what these settings select is not published yet, or already read",
    ]


def test_what_an_earlier_run_found_lacking_is_said_and_fails_where_it_is_all(limited: World) -> None:
    config = limited.config("denied")
    selected = [*STREAMS, "vendor_inventory", "report_ledger"]
    state = limited.run(config, streams=selected).state
    # It is believed once a later run has heard the same.
    limited.clock.now += timedelta(days=1)
    state = limited.run(config, streams=selected, state=state).state
    words = tried(limited, config, [*STREAMS, "vendor_inventory"], state)
    until = (limited.today + timedelta(days=7)).isoformat()
    assert words.splitlines()[1:] == [
        "1 of 5 selected streams gave a row.",
        f"- skipped: {ALL}: the account lacked them; they are tried again on {until}",
    ]
    with pytest.raises(RunFailedError, match=r"Account 'default' could not be read\.\n- An earlier run found"):
        tried(limited, config, state=state)


@pytest.mark.parametrize(("label", "kind"), [("seller-us", "vendor"), ("vendor-us", "seller")])
def test_the_wrong_kind_of_account_is_refused(label: str, kind: str, world: World) -> None:
    config = world.config(label, account_type=kind)
    with pytest.raises(RunFailedError) as caught:
        tried(world, config, ["vendor_sales", "seller_customer_returns"])
    head, problem = str(caught.value).splitlines()
    assert head == "Account 'default' could not be read."
    assert problem.startswith(f"- This is not the authorization of a {kind}: getReports")
    assert world.asked() == []


def test_a_stream_that_cannot_be_read_is_named(limited: World) -> None:
    with pytest.raises(RunFailedError, match=r"^vendor_sales: .*correct Vendor Group Rights"):
        tried(limited, limited.config("denied"), ["vendor_sales"])


def test_a_stream_that_reads_no_report_is_checked_by_its_role(world: World) -> None:
    """No list call is about it, but other reports need the same role."""
    streams = ["seller_finance_transactions"]
    assert tried(world, world.config("seller-us", account_type="seller"), streams).startswith("All is well")
    with pytest.raises(RunFailedError, match="The API authorization lacks the role Finance and Accounting"):
        tried(world, world.config("seller-us-no-role", account_type="seller"), streams)


OPT_IN = {
    "vendor_direct_orders": "lacks the role Direct-to-Consumer Shipping",
    "vendor_direct_shipping_labels": "lacks the role Direct-to-Consumer Shipping",
    "vendor_analytics_sourcing": "lacks the role Brand Analytics",
    "vendor_purchase_orders": "lacks the role Amazon Fulfillment or Inventory and Order Tracking",
    "vendor_invoices": "Amazon does not document which one getInvoiceHeaders needs",
}


def test_each_stream_of_another_api_is_asked_for_little(world: World) -> None:
    words = tried(world, world.config(), OPT_IN)
    assert words.endswith("5 of 5 selected streams gave a row.")
    calls = Counter(call.operation for call in world.sandbox.calls)
    listings = {"getOrders", "getShippingLabels", "getPurchaseOrders", "getInvoiceHeaders", "createQuery"}
    assert {name: calls[name] for name in listings if calls[name] > 3} == {}
    assert listings <= calls.keys()


def test_of_streams_of_other_apis_each_missing_right_is_named(world: World) -> None:
    with pytest.raises(RunFailedError) as caught:
        tried(world, world.config("vendor-us-no-role"), OPT_IN)
    problems = str(caught.value).splitlines()
    for stream, words in OPT_IN.items():
        (line,) = [problem for problem in problems if stream in problem.partition(": ")[0]]
        assert words in line


def test_an_inbox_alone_is_well(world: World, tmp_path: Path) -> None:
    said = "All is well: there is no account to ask, and the inbox can be read."
    assert tried(world, {"inbox": str(tmp_path)}) == said
