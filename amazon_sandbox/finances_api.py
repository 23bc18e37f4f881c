"""The list of transactions of the Finances API 2024-06-19.

See docs/amazon/other-apis.md#listtransactions and the model.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from amazon_sandbox import errors
from amazon_sandbox.accounts import FINANCE
from amazon_sandbox.api import Answer, ApiCall, Operation, moment, read_token, write_token
from amazon_sandbox.data.catalogue import Query
from amazon_sandbox.data.transactions import iso, transactions
from amazon_sandbox.registrations import selling_partner_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from amazon_sandbox.amazon import Sandbox
    from amazon_sandbox.data.catalogue import Row

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
    start, before = _window(call)
    if query.get("marketplaceId", call.account.marketplaces[0]) not in call.account.marketplaces:
        raise errors.invalid_input(details="Invalid input in marketplaceId")
    if query.get("transactionStatus", STATUSES[0]) not in STATUSES:
        raise errors.invalid_input(details="Invalid input in transactionStatus")
    arguments = {**query, "account": call.account.label}
    if token is not None:
        start, before = _continued(token, arguments)
    if before - start > WIDEST:
        return Answer(200, {"payload": {"transactions": []}})
    end = min(start + PAGE, before)
    payload: Row = {"transactions": list(_posted(sandbox, call, start, end))}
    if end < before:
        payload["nextToken"] = write_token({**arguments, "start": end.isoformat(), "end": before.isoformat()})
    return Answer(200, {"payload": payload})


def _window(call: ApiCall) -> tuple[datetime, datetime]:
    """The range that is asked for."""
    newest = call.now - NEWEST
    name = call.query.get("relatedIdentifierName")
    if name is not None and (name not in IDENTIFIERS or "relatedIdentifierValue" not in call.query):
        raise errors.invalid_input(details="Invalid input in relatedIdentifierName")
    before = call.moment("postedBefore") or newest
    after = call.moment("postedAfter")
    if after is None:
        if name is None:
            raise errors.missing_parameters(names=["postedAfter"])
        after = before - WIDEST
    if before > newest or after >= newest:
        raise errors.invalid_input(message="Date must be more than two minutes before the time of the request")
    if before <= after:
        raise errors.invalid_input(message="postedBefore must be later than postedAfter")
    return after, before


def _continued(token: str, arguments: Mapping[str, str]) -> tuple[datetime, datetime]:
    """What is left of the range of an earlier call, which may have ended "now"."""
    sent = read_token(token)
    start, end = moment("nextToken", sent.pop("start", None)), moment("nextToken", sent.pop("end", None))
    if start is None or end is None or sent != arguments:
        raise errors.invalid_input(details="nextToken needs the arguments of the call that gave it out")
    return start, end


def _posted(sandbox: Sandbox, call: ApiCall, start: datetime, end: datetime) -> Iterator[Row]:
    """The transactions from one moment on and before another one, of all marketplaces together."""
    account, query = call.account, call.query
    range_ = Query(account.first_day, {}, start, end, call.now)
    places = (query["marketplaceId"],) if "marketplaceId" in query else account.marketplaces
    found = [row for place in places for row in transactions(sandbox.data.catalogue(account, place), range_)]
    wanted = (query.get("relatedIdentifierName"), query.get("relatedIdentifierValue"))
    for row in sorted(found, key=lambda row: (row["postedDate"], row["transactionId"])):
        names = [(i["relatedIdentifierName"], i["relatedIdentifierValue"]) for i in row["relatedIdentifiers"]]
        if (
            iso(start) <= row["postedDate"] < iso(end)
            and query.get("transactionStatus", row["transactionStatus"]) == row["transactionStatus"]
            and (wanted[0] is None or wanted in names)
        ):
            row["sellingPartnerMetadata"]["sellingPartnerId"] = selling_partner_id(account)
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
        roles=(FINANCE,),
    ),
)
