"""The operations of Data Kiosk 2023-11-15 (docs/amazon/data-kiosk.md and the model).

They need graphql-core, of the extra `sandbox`; all else works without it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from amazon_sandbox import errors
from amazon_sandbox.accounts import BRAND_ANALYTICS, MARKETPLACES, SELLING_PARTNER_INSIGHTS
from amazon_sandbox.api import Answer, ApiCall, Operation, read_token, write_token
from amazon_sandbox.data import seller_datasets, vendor_analytics
from amazon_sandbox.data.catalogue import Query
from amazon_sandbox.data.vendor_analytics import STOCK, View, aligned
from amazon_sandbox.faults import QUERY
from amazon_sandbox.listing import page
from amazon_sandbox.queries import Outcome, iso, spoilt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from amazon_sandbox.accounts import SandboxAccount
    from amazon_sandbox.amazon import Sandbox
    from amazon_sandbox.data.catalogue import Catalogue, Row
    from amazon_sandbox.graphql_queries import KioskQuery
    from amazon_sandbox.queries import Asked

BASE = "/dataKiosk/2023-11-15"
STATUSES = ("DONE", "FATAL", "IN_PROGRESS", "CANCELLED", "IN_QUEUE")
PAGE_SIZE, MOST_PAGE_SIZE = 10, 100
# Not published.
MOST_LINES = 100_000
OLDEST_DAYS = 731
MOST_TREND_ASINS = 30
FORBIDDEN = "Unauthorized to access requested fields."
# What a dataset is for, and the role that it needs besides that of the operations.
DATASETS = {
    "analytics_vendorAnalytics_2024_09_30": ("vendor", BRAND_ANALYTICS),
    "analytics_salesAndTraffic_2024_04_24": ("seller", BRAND_ANALYTICS),
    "analytics_economics_2024_03_15": ("seller", SELLING_PARTNER_INSIGHTS),
}


def create_query(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Take a query in."""
    from amazon_sandbox import graphql_queries  # noqa: PLC0415 - an extra

    body = call.json("query")
    text, token = body.get("query"), body.get("paginationToken")
    if not isinstance(text, str) or not text:
        raise errors.missing_parameters(names=["query"])
    query = graphql_queries.read(text)
    _check_fields(sandbox, call.account, query)
    now, first = call.now, 0
    if token is not None:
        now, first = _continued(token, call, query)
    lines, found = graphql_queries.carry_out(query, partial(_fetch, sandbox, call.account, query, now))
    size = min(MOST_LINES, sandbox.page_records or MOST_LINES)
    more = first + size < len(lines)
    outcome = Outcome(lines[first : first + size], found, _token(call, query, now, first + size) if more else None)
    # A fault is not wasted on a query that has no document anyway.
    fault = sandbox.faults.strike(QUERY) if outcome.rows else None
    asked = sandbox.queries.create(call.account, query.text, spoilt(outcome, fault), call.now)
    return Answer(202, {"queryId": asked.query_id})


def get_query(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Tell how a query is doing."""
    return Answer(200, _asked(sandbox, call).as_json(call.now))


def get_queries(sandbox: Sandbox, call: ApiCall) -> Answer:
    """List queries, newest first."""
    statuses = call.values("processingStatuses", len(STATUSES)) or STATUSES
    if set(statuses) - set(STATUSES):
        message = (
            f"1 validation error detected: Value '[{', '.join(statuses)}]' at 'processingStatuses' failed to satisfy"
            " constraint: Member must satisfy constraint:"
            f" [Member must satisfy enum value set: [{', '.join(STATUSES)}]]"
        )
        raise errors.invalid_input(message)
    size = call.size("pageSize", PAGE_SIZE, MOST_PAGE_SIZE)
    since, until = call.moment("createdSince"), call.moment("createdUntil")

    def listed(began: datetime) -> Iterator[Asked]:
        for asked in sandbox.queries.of(call.account, began):
            if (
                asked.status(call.now) in statuses
                and (since is None or asked.created_at >= since)
                and asked.created_at <= (until or began)
            ):
                yield asked

    found = page(sandbox, call, listed, _place, size, newest_first=True, token="paginationToken")  # noqa: S106 - a name
    body: Row = {"queries": [asked.as_json(call.now) for asked in found.records]}
    if found.pagination:
        body["pagination"] = found.pagination
    return Answer(200, body)


def cancel_query(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Cancel a query that has not ended."""
    asked = _asked(sandbox, call)
    status = asked.status(call.now)
    if status in {"DONE", "FATAL"}:
        raise errors.invalid_input(details="Only queries that have not ended can be cancelled.")
    if status != "CANCELLED":
        sandbox.queries.cancel(asked, call.now)
    return Answer(204)


def get_document(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Give out a presigned URL."""
    document_id = call.ids["documentId"]
    asked = sandbox.queries.with_document(document_id, call.now)
    if asked is None or asked.account.label != call.account.label:
        raise errors.AmazonError(404, "NotFound", "The provided documentId was not found.")
    if not asked.kept(call.now):
        raise errors.denied()
    url = sandbox.presigner.url(call.base_url, document_id, call.now, encoded=False)
    return Answer(200, {"documentId": document_id, "documentUrl": url})


def _asked(sandbox: Sandbox, call: ApiCall) -> Asked:
    query_id = call.ids["queryId"]
    if not query_id.isdecimal():
        raise errors.invalid_input(message="Invalid input", details="Invalid input")
    asked = sandbox.queries.find(call.account, query_id, call.now)
    if asked is None:
        raise errors.AmazonError(404, "NotFound", "The provided queryId was not found.")
    return asked


def _place(asked: Asked) -> tuple[str, ...]:
    return iso(asked.created_at), asked.query_id


def _check_fields(sandbox: Sandbox, account: SandboxAccount, query: KioskQuery) -> None:
    """Refuse fields of the other kind of account, of a role that is missing, or by name."""
    kind, role = DATASETS[query.dataset]
    refused = query.leaves
    if account.kind == kind and role in account.roles:
        names = set(account.denied_fields)
        refused = tuple(leaf for leaf in query.leaves if not names.isdisjoint(leaf.split(".")))
    if not refused and sandbox.faults.strike({"query_fields_refused"}):
        # The incident of June 2026 refused all of them.
        refused = query.leaves
    if refused:
        details = f"Unauthorized to access: [{', '.join(refused)}]"
        raise errors.AmazonError(403, "Unauthorized", FORBIDDEN, details, "AccessDeniedException")


def _token(call: ApiCall, query: KioskQuery, now: datetime, first: int) -> str:
    content = {"account": call.account.label, "query": query.text, "now": now.isoformat(), "first": f"{first}"}
    return write_token(content)


def _continued(token: object, call: ApiCall, query: KioskQuery) -> tuple[datetime, int]:
    content = read_token(str(token))
    if content.get("account") != call.account.label or content.get("query") != query.text:
        raise errors.invalid_input(details="paginationToken needs the query that gave it out")
    return type(call.now).fromisoformat(content["now"]), int(content["first"])


def _fetch(
    sandbox: Sandbox, account: SandboxAccount, query: KioskQuery, now: datetime, arguments: Mapping[str, Any]
) -> list[Row]:
    """Work out the list of a query."""
    start, end = _range(arguments, now, ahead="Preview" in query.view or "Simulation" in query.view)
    asked = Query(account.first_day, {}, start, end, now)
    if DATASETS[query.dataset][0] == "vendor":
        catalogue = sandbox.data.catalogue(account, account.marketplaces[0])
        return _vendor_rows(catalogue, query, asked, arguments, now)
    fetch = SELLER_VIEWS.get(query.view)
    return [] if fetch is None else list(fetch(partial(_catalogue, sandbox, account), asked, arguments))


def _range(arguments: Mapping[str, Any], now: datetime, *, ahead: bool) -> tuple[date, date]:
    from amazon_sandbox.graphql_queries import FetchError  # noqa: PLC0415 - an extra

    try:
        start, end = (date.fromisoformat(arguments[name]) for name in ("startDate", "endDate"))
    except ValueError:
        message = "startDate and endDate must be dates such as 2023-11-15."
        raise FetchError(message) from None
    if start > end:
        message = "startDate must not be after endDate."
        raise FetchError(message)
    if start < now.date() - timedelta(days=OLDEST_DAYS):
        message = "startDate must be no more than two years ago."
        raise FetchError(message)
    if start > now.date() and not ahead:
        message = "startDate must not be in the future."
        raise FetchError(message)
    return start, end


def _vendor_rows(
    catalogue: Catalogue, query: KioskQuery, asked: Query, arguments: Mapping[str, Any], now: datetime
) -> list[Row]:
    from amazon_sandbox.graphql_queries import FetchError  # noqa: PLC0415 - an extra

    currency = arguments.get("currencyCode") or "USD"
    if currency not in vendor_analytics.WORTH:
        message = f"The currency code {currency} is not supported."
        raise FetchError(message)
    stock = query.below("metrics", "metrics", "productAvailability") | query.below("totals", "productAvailability")
    if arguments["aggregateBy"] == "DAY" and stock & STOCK:
        days = vendor_analytics.stock_days(now)
        if asked.start != asked.end:
            message = "The same start and end dates must be requested for Daily Inventory metrics."
            raise FetchError(message)
        if asked.start not in days:
            listed = ", ".join(map(str, days))
            message = f"Daily Inventory metrics are only available on the following dates: {listed}."
            raise FetchError(message)
    view = View(
        catalogue=catalogue,
        query=asked,
        sourcing=query.view == "sourcingView",
        period=arguments["aggregateBy"],
        currency=currency,
        attributes=query.below("metrics", "groupByKey"),
    )
    return vendor_analytics.rows(view, vendor_analytics.newest(now))


def _catalogue(sandbox: Sandbox, account: SandboxAccount, marketplace_id: str) -> Catalogue:
    from amazon_sandbox.graphql_queries import FetchError  # noqa: PLC0415 - an extra

    if marketplace_id not in MARKETPLACES or marketplace_id not in account.marketplaces:
        message = f"The marketplace {marketplace_id} is not one of the account."
        raise FetchError(message)
    return sandbox.data.catalogue(account, marketplace_id)


def _aligned(period: str, asked: Query) -> Query | None:
    """The range that is answered; None for one without a whole period."""
    start, end = aligned(period, asked.start, min(asked.end, asked.today - timedelta(days=1)))
    return replace(asked, start=start, end=end) if start <= end else None


def _by_date(catalogues: Callable[[str], Catalogue], asked: Query, arguments: Mapping[str, Any]) -> Iterator[Row]:
    period = arguments["aggregateBy"]
    whole = _aligned(period, asked)
    for place in arguments["marketplaceIds"]:
        catalogue = catalogues(place)
        if whole is not None:
            yield from seller_datasets.by_date(catalogue, whole, period)


def _by_asin(catalogues: Callable[[str], Catalogue], asked: Query, arguments: Mapping[str, Any]) -> Iterator[Row]:
    for place in arguments["marketplaceIds"]:
        yield from seller_datasets.by_asin(catalogues(place), asked, arguments["aggregateBy"])


def _trends(catalogues: Callable[[str], Catalogue], asked: Query, arguments: Mapping[str, Any]) -> Iterator[Row]:
    period, level = arguments["dateAggregation"], arguments["asinAggregation"]
    whole = _aligned(period, asked)
    for each in arguments["filters"]:
        catalogue, asins = catalogues(each["marketplaceId"]), each["asins"][:MOST_TREND_ASINS]
        if whole is not None:
            yield from seller_datasets.trends(catalogue, whole, level, period, asins)


def _economics(catalogues: Callable[[str], Catalogue], asked: Query, arguments: Mapping[str, Any]) -> Iterator[Row]:
    by = arguments.get("aggregateBy") or {}
    period, level = by.get("date") or "DAY", by.get("productId") or "MSKU"
    whole = asked if period == "RANGE" else _aligned(period, asked)
    for place in arguments["marketplaceIds"]:
        catalogue = catalogues(place)
        if whole is not None:
            yield from seller_datasets.economics(catalogue, whole, period, level)


# economicsPreview and economicsSimulation tell of the future, of which the sandbox knows nothing: no rows.
SELLER_VIEWS: Mapping[str, Callable[[Callable[[str], Catalogue], Query, Mapping[str, Any]], Iterator[Row]]] = {
    "salesAndTrafficByDate": _by_date,
    "salesAndTrafficByAsin": _by_asin,
    "salesAndTrafficTrends": _trends,
    "economics": _economics,
}

ROLES = (BRAND_ANALYTICS,)
_QUERIES = f"{BASE}/queries"

OPERATIONS: tuple[Operation, ...] = (
    Operation("createQuery", "POST", _QUERIES, create_query, roles=ROLES, tolerant=False),
    Operation(
        "getQueries",
        "GET",
        _QUERIES,
        get_queries,
        ("processingStatuses", "pageSize", "createdSince", "createdUntil", "paginationToken"),
        roles=ROLES,
        tolerant=False,
    ),
    Operation("getQuery", "GET", f"{_QUERIES}/<queryId>", get_query, roles=ROLES, tolerant=False),
    Operation("cancelQuery", "DELETE", f"{_QUERIES}/<queryId>", cancel_query, roles=ROLES, tolerant=False),
    Operation("getDocument", "GET", f"{BASE}/documents/<documentId>", get_document, roles=ROLES, tolerant=False),
)
