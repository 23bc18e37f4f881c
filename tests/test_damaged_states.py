"""A state that was edited by hand, or by another program: one clear message, or what can't be read is ignored."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from clocks import NOW
from test_odd_answers import mutations
from test_paged import NAME
from world import catalog

from tap_amazon_vendor.command import check_shape
from tap_amazon_vendor.tap import TapAmazonVendor

if TYPE_CHECKING:
    from clocks import FakeClock

RETURNS, SETTLEMENTS, ECONOMICS = "seller_customer_returns", "seller_settlements", "seller_economics"
STREAMS = frozenset({RETURNS, SETTLEMENTS, ECONOMICS, NAME, "report_ledger"})
MARKETPLACE = "ATVPDKIKX0DER"
CONTEXT = {"account": "default", "marketplace_id": MARKETPLACE}
DAYS = {"complete_from": "2026-11-02", "replication_key_value": "2026-11-18"}
JOB = {
    "account": "default", "marketplace_id": MARKETPLACE, "options": {}, "start": "2026-11-19", "end": "2026-11-20",
    "report_id": "7", "asked_at": NOW.isoformat(), "said": "no rows", "said_since": NOW.isoformat(),
}  # fmt: skip

#: All that a state has.
STATE: dict[str, Any] = {
    "bookmarks": {
        "report_ledger": {
            "pending": [
                {**JOB, "report_type": "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", "pages": ["6"]},
                {**JOB, "service": "data_kiosk", "view": "seller_economics"},
            ],
            "unreadable": {"5": "2026-11-20"},
            "shared_quotas": {"app": ["GET_FBA_MYI_ALL_INVENTORY_DATA"]},
        },
        RETURNS: {
            "partitions": [
                {
                    "context": CONTEXT, **DAYS, "replication_key": "return_date", "quiet": True,
                    "read": "2026-11-02/2026-11-20", "holes": ["2026-11-19/2026-11-19"], "skipped_on": "2026-11-01",
                }
            ]
        },
        SETTLEMENTS: {"partitions": [{"context": CONTEXT, "reports_read": {"8": "2026-11-20"}}]},
        NAME: {
            "partitions": [
                {
                    "context": CONTEXT, "complete_from": "2026-11-02T00:00:00Z",
                    "replication_key_value": "2026-11-20T00:00:00Z",
                }
            ]
        },
    }
}  # fmt: skip

#: What a text may be that is none of those expected.
ODD = ("9999-12-31", "0001-01-01", "2026-11-20T00:00:00Z", "2026-13-77", "2026-11-20/2026-11-02", "/", "\ud800", "")


def odd_texts(state: Any) -> Any:
    """The state with another text in place of each."""
    for value in ODD:
        yield from ((name, changed) for name, changed in mutations(state, values=(value,)) if "missing" not in name)


#: Parts of all damages.
EVERY = 24


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.exhaustive) for part in range(1, EVERY))])
def test_no_damage_of_a_state_ends_in_a_traceback(clock: FakeClock, part: int) -> None:
    config = {"account_type": "seller", "client_id": "app", "client_secret": "s", "refresh_token": "Atzr|r",
              "marketplaces": ["US"], "start_date": "2026-11-01"}  # fmt: skip
    selected = catalog(frozenset({"seller"}), STREAMS)
    tap = TapAmazonVendor(config=config, catalog=selected, clock=clock, in_background=False)
    whole = itertools.chain(mutations(STATE), odd_texts(STATE))
    for name, changed in itertools.islice(whole, part, None, EVERY):
        state = json.loads(json.dumps(changed))
        try:
            check_shape(state)
        except ValueError as error:
            clear = "bookmark" in str(error)
            assert clear, name  # most states raise nothing
            continue
        # Making a tap for each would take most of the time.
        cast("dict[str, Any]", tap.state).clear()
        tap.load_state(state)
        run = tap._make_run()
        run.partitions()
        for stream in run.amazon_streams:
            for context in stream.partitions or ():
                stream.coverage(context, run.horizon)
                stream.had_rows(context)
                stream.partition_state(context).note_read("9", run.today)
        run._note_pending()
        json.dumps(tap.state)


def test_a_partition_that_is_there_twice_is_one_message() -> None:
    part = {"context": CONTEXT}
    with pytest.raises(ValueError, match="a partition twice"):
        check_shape({"bookmarks": {SETTLEMENTS: {"partitions": [part, dict(part)]}}})
