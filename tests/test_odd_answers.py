"""Every operation, answered in every odd way, once or for ever: a run ends in time, with one message and no traceback.

What answers in Amazon's place stands between `requests` and the network, below everything of the tap.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import tracemalloc
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests
from ads_seed import consent
from in_process import serve
from urllib3 import HTTPResponse
from world import World

from amazon_sandbox import Sandbox
from tap_amazon_vendor.amazon.deadline import BoundedAdapter, _BoundedReader
from tap_amazon_vendor.amazon.transport import LARGEST_ANSWER
from tap_amazon_vendor.errors import RunFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clocks import FakeClock
    from world import Row, Run


@pytest.fixture
def asins() -> int:
    """Only the answers matter."""
    return 2


@pytest.fixture
def world(clock: FakeClock, bare_environment: None, asins: int, monkeypatch: pytest.MonkeyPatch) -> World:  # noqa: ARG001
    """A local Amazon without sockets."""
    sandbox = Sandbox(seed=7, clock=clock, asins=asins)
    return World(sandbox, serve(sandbox, monkeypatch), clock)


_SALES, _VIEW = ("vendor_sales_totals",), ("vendor_analytics_manufacturing",)
_REPORTS, _KIOSK, _ADS = ".*/reports/2021-06-30", ".*/dataKiosk/2023-11-15", ".*/ads"

#: Of each operation: method and path, an account that calls it, and the streams that make it do so.
OPERATIONS = {
    "login": (r"POST .*/auth/o2/token", "vendor-us", _SALES),
    "createReport": (rf"POST {_REPORTS}/reports", "vendor-us", _SALES),
    "getReports": (rf"GET {_REPORTS}/reports\b(?!/)", "seller-us", ("seller_settlements",)),
    "getReport": (rf"GET {_REPORTS}/reports/\w+", "vendor-us", _SALES),
    "getReportDocument": (rf"GET {_REPORTS}/documents/.+", "vendor-us", _SALES),
    "download": (r"GET http://[^/]+/documents/", "vendor-us", _SALES),
    "createRestrictedDataToken": (r"POST .*restrictedDataToken", "seller-de", ("seller_vat_transactions",)),
    "listTransactions": (r"GET .*/transactions", "seller-us", ("seller_finance_transactions",)),
    "createQuery": (rf"POST {_KIOSK}/queries", "vendor-us", _VIEW),
    "getQuery": (rf"GET {_KIOSK}/queries/\w+", "vendor-us", _VIEW),
    "getQueries": (rf"GET {_KIOSK}/queries\b(?!/)", "vendor-us", _VIEW),
    "getDocument": (rf"GET {_KIOSK}/documents/.+", "vendor-us", _VIEW),
    "download of a query": (r"GET http://[^/]+/documents/", "vendor-us", _VIEW),
    "getPurchaseOrders": (r"GET .*/vendor/orders/v1/purchaseOrders\b", "vendor-us", ("vendor_purchase_orders",)),
    "getPurchaseOrdersStatus": (r"GET .*/purchaseOrdersStatus\b", "vendor-us", ("vendor_purchase_order_statuses",)),
    "GetShipmentDetails": (r"GET .*/vendor/shipping/v1/shipments", "vendor-us", ("vendor_shipments",)),
    "getOrders": (r"GET .*/vendor/directFulfillment/orders", "vendor-us", ("vendor_direct_orders",)),
    "restricted token of orders": (r"POST .*restrictedDataToken", "vendor-us", ("vendor_direct_orders",)),
    "getInvoiceHeaders": (r"GET .*/2026-06-25/invoices\b(?!/)", "vendor-us", ("vendor_invoices",)),
    "getInvoice": (r"GET .*/2026-06-25/invoices/.+", "vendor-us", ("vendor_invoice_items",)),
    "login for ads": (r"POST .*/auth/o2/token", "ads", ("ads_sp_campaigns",)),
    "getProfiles": (rf"GET {_ADS}/v2/profiles", "ads", ("ads_sp_campaigns",)),
    "createAdsReport": (rf"POST {_ADS}/reporting/reports", "ads", ("ads_sp_campaigns",)),
    "getAdsReport": (rf"GET {_ADS}/reporting/reports/.+", "ads", ("ads_sp_campaigns",)),
    "download of an ads report": (r"GET http://[^/]+/documents/", "ads", ("ads_sp_campaigns",)),
    "exportCampaigns": (rf"POST {_ADS}/campaigns/export", "ads", ("ads_campaigns",)),
    "getExport": (rf"GET {_ADS}/exports/.+", "ads", ("ads_campaigns",)),
    "listPortfolios": (rf"POST {_ADS}/portfolios/list", "ads", ("ads_portfolios",)),
}

DEEP = b'{"payload":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
HUGE = b'{"reportId":' + b"9" * 5_000 + b',"expires_in":' + b"9" * 5_000 + b"}"
SECRETS = (
    b'{"errors":[{"message":"client_secret=%b refresh_token=%b Atza|abcdefgh1234567890"}],'
    b'"error":"invalid_grant","error_description":"refresh_token=%b&client_secret=%b"}'
)

#: Status, headers and body of an answer that is none.
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "nothing in it": (200, {}, b"{}"),
    "null": (200, {}, b"null"),
    "no body": (200, {}, b""),
    "no content": (204, {}, b""),
    "a page": (200, {"Content-Type": "text/html"}, b"<html><body>Service</body></html>"),
    "an array": (200, {}, b"[]"),
    "a number": (200, {}, b"7"),
    "deep": (200, {}, DEEP),
    "huge numbers": (200, {}, HUGE),
    "not UTF-8": (200, {}, b'{"reportId":"\xff\xfe"}'),
    "UTF-16": (200, {}, '{"reportId":"7"}'.encode("utf-16")),
    "cut": (200, {}, b'{"reportId":"7'),
    "a redirect": (307, {"Location": "http://localhost:9/elsewhere"}, b""),
    "a page of an error": (503, {}, b"<html>busy</html>"),
    "an error without text": (500, {}, b""),
    "no quota, for years": (429, {"Retry-After": "1e12"}, b'{"errors":[{"code":"QuotaExceeded","message":"x"}]}'),
    "no quota, for infinity": (429, {"Retry-After": "inf"}, b"{}"),
    "teapot": (418, {}, b"{}"),
    "bad request without text": (400, {}, b""),
    "forbidden by a page": (403, {}, b"<html>no</html>"),
    "not found without text": (404, {}, b""),
}

#: Those that are much like another one: not in CI.
SIMILAR = {
    "null", "a number", "cut", "no content", "UTF-16", "teapot", "an error without text", "no quota, for infinity",
    "forbidden by a page", "a page",
}  # fmt: skip

#: A value of another type, in place of each that an answer has.
VALUES: tuple[Any, ...] = (None, 7, "x", [], {}, True, [None], {"x": 1}, -(10**30))

#: Longest that one run may take on Amazon's clock, whatever answers for ever.
LONGEST = timedelta(hours=2)


@dataclass
class Stand:
    """Answers in Amazon's place."""

    pattern: str
    answer: Callable[[requests.Response], requests.Response | None]
    times: float
    calls: int = 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand between requests and the network."""
        real = requests.Session.request

        def request(session: requests.Session, method: str, url: str, **kwargs: Any) -> requests.Response:
            response = real(session, method, url, **kwargs)
            if not re.match(self.pattern, f"{method} {url}") or self.calls >= self.times:
                return response
            self.calls += 1
            other = self.answer(response)
            return response if other is None else other

        monkeypatch.setattr(requests.Session, "request", request)


def made(status: int, headers: dict[str, str], body: bytes, url: str = "") -> requests.Response:
    """A response that no network brought."""
    response = requests.Response()
    response.status_code = status
    response.url = url
    response.headers.update(headers)
    response.raw = HTTPResponse(io.BytesIO(body), status=status, headers=headers, preload_content=False)
    return response


def answered(body: bytes, real: requests.Response) -> requests.Response:
    """A good answer with another body than the real one."""
    return made(200, {}, body, real.url)


def read(world: World, operation: str, state: Row | None = None) -> Run:
    """Run the tap, with what makes it call the operation."""
    _, label, streams = OPERATIONS[operation]
    if label == "ads":
        own = consent(world.server.url, world.server.auth_url)
        config = {"ads": own, "marketplaces": ["US"], "start_date": world.day(20), "restatement_days": 0}
        return world.run(config, state, streams=(*streams, "report_ledger"))
    options: dict[str, Any] = {"account_type": label.split("-")[0]}
    options["start_date"] = world.day(80 if operation == "createRestrictedDataToken" else 20)
    if label.startswith("vendor"):
        options |= {"selling_programs": ["RETAIL"], "distributor_views": ["MANUFACTURING"]}
    return world.run(world.config(label, **options), state, streams=(*streams, "report_ledger"))


def check(world: World, run: Run, began: Any) -> None:
    """A run under any answer ends in time, says what failed and how, and no secret."""
    assert world.clock() - began < LONGEST
    assert run.error is None or isinstance(run.error, RunFailedError)
    said = b"".join(run.lines).decode() + str(run.error)
    for account in world.sandbox.accounts:
        assert account.client_secret not in said
        assert account.refresh_token not in said
    assert "sandbox-ads-vendor-us" not in said
    assert "Atza|" not in said
    assert "Traceback" not in said
    for row in run.records("report_ledger"):
        if row["outcome"] not in {"loaded", "empty"}:
            assert row["reason"]


def the_next_run_is_whole(world: World, operation: str, run: Run) -> None:
    """After the odd answers have passed, no row is missing."""
    world.clock.advance(3600)
    after, plain = read(world, operation, run.state), read(world, operation)
    stream = OPERATIONS[operation][2][0]
    assert after.error is None
    assert plain.records(stream)
    assert keys(plain, stream) <= keys(run, stream) | keys(after, stream)


def keys(run: Run, stream: str) -> set[Any]:
    """The keys of rows, whenever a snapshot of them was taken."""
    return {tuple(row[key] for key in run.keys(stream) if key != "snapshot_time") for row in run.records(stream)}


@pytest.mark.sampled(13)
@pytest.mark.parametrize(
    "times", [pytest.param(1, id="once", marks=pytest.mark.exhaustive), pytest.param(float("inf"), id="for ever")]
)
@pytest.mark.parametrize(
    "shape", [pytest.param(shape, marks=[pytest.mark.exhaustive] if shape in SIMILAR else []) for shape in ANSWERS]
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_answer_that_is_none(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str, shape: str, times: float
) -> None:
    status, headers, body = ANSWERS[shape]
    stand = Stand(OPERATIONS[operation][0], lambda real: made(status, headers, body, real.url), times)
    began = world.clock()
    with monkeypatch.context() as patched:
        stand.install(patched)
        run = read(world, operation)
    assert stand.calls
    check(world, run, began)
    if times > 1 and shape not in {"a redirect", "teapot"}:
        outcomes = {row["outcome"] for row in run.records("report_ledger")}
        # A listing is not needed by all, and finds the report that an unreadable createReport has created.
        assert "loaded" not in outcomes or operation in {"getReports", "getQueries", "createReport", "createQuery"}
    the_next_run_is_whole(world, operation, run)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_errors_that_quote_secrets(world: World, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    label = OPERATIONS[operation][1]
    account = next((each for each in world.sandbox.accounts if each.label == label), None)
    own = consent("", "")
    secret = (account.client_secret if account else own["client_secret"]).encode()
    token = (account.refresh_token if account else own["refresh_token"]).encode()
    body = SECRETS % (secret, token, token.replace(b"|", b"%7C"), secret)
    stand = Stand(OPERATIONS[operation][0], lambda _: made(400, {}, body), float("inf"))
    stand.install(monkeypatch)
    began = world.clock()
    check(world, read(world, operation), began)
    assert stand.calls


class Body(io.RawIOBase):
    """The body of an answer: one text without end, all at once or a byte every two seconds."""

    def __init__(self, begins: bytes, most: float, slow: FakeClock | None = None) -> None:
        self.begins, self.most, self.slow, self.given = begins, most, slow, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.slow:
            self.slow.advance(2)
        size = min(1 if self.slow else len(buffer), int(min(self.most, 1 << 60)) - self.given)
        buffer[:size] = self.begins[self.given :][:size].ljust(size, b"y")
        self.given += size
        return size


#: The answer that a body begins as, by what is downloaded.
BEGINS = {"download of a query": b'{"startDate":"', "download of an ads report": b'[{"date":"'}


def pour(monkeypatch: pytest.MonkeyPatch, operation: str, most: float, slow: FakeClock | None = None) -> list[Body]:
    """Answer an operation with bodies without end, below the limits of time and size; return those that were begun."""
    real, bodies = BoundedAdapter.send, list[Body]()
    begins = BEGINS.get(operation, b'{"reportSpecification":{},"salesAggregate":[{"startDate":"')

    def send(adapter: BoundedAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if not re.match(OPERATIONS[operation][0], f"{request.method} {request.url}"):
            return real(adapter, request, **options)
        bodies.append(Body(begins, most, slow))
        stream = io.BufferedReader(_BoundedReader(bodies[-1], adapter._limit()))
        return adapter.build_response(request, HTTPResponse(stream, {}, 200, preload_content=False))

    monkeypatch.setattr(BoundedAdapter, "send", send)
    return bodies


@pytest.mark.sampled(28)
@pytest.mark.parametrize("share", [0.9, float("inf")])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_answer_of_any_size_costs_little_memory(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str, share: float
) -> None:
    began = world.clock()
    # What is downloaded is kept on disk, and ends with an element that no row can be.
    most = LARGEST_ANSWER * min(share, 2 if "download" in operation else share)
    with monkeypatch.context() as patched:
        bodies = pour(patched, operation, most)
        tracemalloc.start()
        run = read(world, operation)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert bodies
    assert peak < 3 * LARGEST_ANSWER
    check(world, run, began)
    assert "download" in operation or max(body.given for body in bodies) < LARGEST_ANSWER + (1 << 20)
    the_next_run_is_whole(world, operation, run)


@pytest.mark.sampled(9)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_answer_that_trickles_ends_in_time(world: World, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """That nothing comes at all is in `tests/test_outages.py`."""
    began = world.clock()
    with monkeypatch.context() as patched:
        assert pour(patched, operation, float("inf"), world.clock) is not None
        run = read(world, operation)
    check(world, run, began)
    the_next_run_is_whole(world, operation, run)


def mutations(body: Any, path: str = "", values: tuple[Any, ...] = VALUES) -> Iterator[tuple[str, Any]]:
    """The answer with one value missing, or of another type, for each value in it."""
    items = body.items() if isinstance(body, dict) else enumerate(body[:2]) if isinstance(body, list) else ()
    for key, value in list(items):
        here = f"{path}.{key}"
        for other in values:
            yield f"{here}={other!r}", replaced(body, key, other)
        if isinstance(body, dict):
            yield f"{here} missing", {name: inner for name, inner in body.items() if name != key}
        for name, inner in mutations(value, here, values):
            yield name, replaced(body, key, inner)


def replaced(body: Any, key: Any, value: Any) -> Any:
    """A copy of an object or array with another value."""
    other = dict(body) if isinstance(body, dict) else list(body)
    other[key] = value
    return other


#: Parts of the mutations of an answer. `tests/test_malformed_answers.py` has some of each operation in CI.
EVERY = 18


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(EVERY))
@pytest.mark.parametrize("operation", [name for name in OPERATIONS if not name.startswith("download")])
def test_an_answer_with_a_value_of_another_type(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str, part: int
) -> None:
    found: list[Any] = []
    pattern = OPERATIONS[operation][0]
    with monkeypatch.context() as patched:
        Stand(pattern, lambda real: found.append(json.loads(real.content)) if real.ok else None, 1).install(patched)
        read(world, operation)
    (body,) = found
    for _, changed in itertools.islice(mutations(body), part, None, EVERY):
        began = world.clock()
        with monkeypatch.context() as patched:
            Stand(pattern, partial(answered, json.dumps(changed).encode()), 1).install(patched)
            run = read(world, operation)
        check(world, run, began)
        world.clock.advance(7200)
