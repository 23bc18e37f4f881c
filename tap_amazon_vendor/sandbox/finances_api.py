"""The list of transactions of the Finances API 2024-06-19 (API.md section 9 and the model)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_amazon_vendor.sandbox import errors
from tap_amazon_vendor.sandbox.accounts import FINANCE_AND_ACCOUNTING
from tap_amazon_vendor.sandbox.api import Answer, ApiCall, Operation, moment, read_token, write_token
from tap_amazon_vendor.sandbox.data.transactions import iso, transactions
from tap_amazon_vendor.sandbox.registrations import selling_partner_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_amazon_vendor.sandbox.amazon import Sandbox
    from tap_amazon_vendor.sandbox.data.catalogue import Row

NEWEST = timedelta(minutes=2)
WIDEST = timedelta(days=180)
# The model knows no page size and warns of empty pages: here a page is the transactions
# of so much time, and none where a filter leaves none.
PAGE = timedelta(days=7)
STATUSES = ("DEFERRED", "RELEASED", "DEFERRED_RELEASED")
IDENTIFIERS = ("FINANCIAL_EVENT_GROUP_ID", "ORDER_ID")


def list_transactions(sandbox: Sandbox, call: ApiCall) -> Answer:
    """List the transactions that were posted in a window, oldest first."""
    query = dict(call.query)
    token = query.pop("nextToken", None)
    after, before = _window(call)
    place = query.get("marketplaceId")
    if place is not None and place not in call.account.marketplaces:
        raise errors.invalid_input(details="Invalid input in marketplaceId")
    if query.get("transactionStatus", STATUSES[0]) not in STATUSES:
        raise errors.invalid_input(details="Invalid input in transactionStatus")
    payload: Row = {"transactions": []}
    if before - after > WIDEST:
        return Answer(200, {"payload": payload})
    if token is not None:
        sent = read_token(token)
        # What was left out of the first call means the moment of that call.
        start, before = moment("nextToken", sent.pop("start", None)), moment("nextToken", sent.pop("end", None))
        if start is None or before is None or sent != {**query, "account": call.account.label}:
            raise errors.invalid_input(details="nextToken needs the arguments of the call that gave it out")
    else:
        start = after
    end = min(start + PAGE, before)
    payload["transactions"] = list(_posted(sandbox, call, start, end))
    if end < before:
        payload["nextToken"] = write_token(
            {**query, "account": call.account.label, "start": end.isoformat(), "end": before.isoformat()}
        )
    return Answer(200, {"payload": payload})


def _window(call: ApiCall) -> tuple[datetime, datetime]:
    """The range that is asked for."""
    newest = call.now - NEWEST
    after, before = call.moment("postedAfter"), call.moment("postedBefore")
    name = call.query.get("relatedIdentifierName")
    if name is not None and (name not in IDENTIFIERS or "relatedIdentifierValue" not in call.query):
        raise errors.invalid_input(details="Invalid input in relatedIdentifierName")
    if after is None and name is None:
        raise errors.missing_parameters(names=["postedAfter"])
    before = before or newest
    after = after or before - WIDEST
    if before > newest or after >= newest:
        raise errors.invalid_input(message="Date must be more than two minutes before the time of the request")
    if before <= after:
        raise errors.invalid_input(message="postedBefore must be later than postedAfter")
    return after, before


def _posted(sandbox: Sandbox, call: ApiCall, start: datetime, end: datetime) -> Iterator[Row]:
    """The transactions from one moment on and before another one, of all marketplaces together."""
    account, query = call.account, call.query
    places = (query["marketplaceId"],) if "marketplaceId" in query else account.marketplaces
    found = []
    for place in places:
        catalogue = sandbox.data.catalogue(account, place)
        day = start.date() if account.first_day is None else max(start.date(), account.first_day)
        while day <= end.date():
            found += transactions(catalogue, selling_partner_id(account), day, call.now)
            day += timedelta(days=1)
    found.sort(key=lambda row: str(row["postedDate"]))
    first, last = iso(start), iso(end)
    for row in found:
        fits = first <= row["postedDate"] < last
        if fits and query.get("transactionStatus", row["transactionStatus"]) == row["transactionStatus"]:
            wanted = (query.get("relatedIdentifierName"), query.get("relatedIdentifierValue"))
            names = [(i["relatedIdentifierName"], i["relatedIdentifierValue"]) for i in row["relatedIdentifiers"]]
            if wanted[0] is None or wanted in names:
                yield row


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "listTransactions",
        "GET",
        "/finances/2024-06-19/transactions",
        list_transactions,
        (
            *("postedAfter", "postedBefore", "marketplaceId", "transactionStatus"),
            *("relatedIdentifierName", "relatedIdentifierValue", "nextToken"),
        ),
        kind="seller",
        roles=(FINANCE_AND_ACCOUNTING,),
    ),
)
