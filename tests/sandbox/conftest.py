"""A sandbox with a clock that the test moves, and a client that speaks to it in memory."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from amazon_sandbox import Sandbox
from amazon_sandbox.app import Application

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

# A Friday, four in the morning in Seattle: the newest published day is Monday the 16th.
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
REPORTS = "/reports/2021-06-30"
SALES_OPTIONS = {"reportPeriod": "DAY", "distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        """Start at a time that all tests know."""
        self.now = NOW

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def advance(self, **by: float) -> None:
        """Move on, by keywords of `timedelta`."""
        self.now += timedelta(**by)


class Driver:
    """Does to a sandbox what a client does, without a socket."""

    def __init__(self, sandbox: Sandbox, clock: Clock) -> None:
        """Drive a sandbox."""
        self.sandbox = sandbox
        self.clock = clock
        self.http = Client(Application(sandbox))
        self._tokens: dict[str, str] = {}

    def log_in(self, label: str = "vendor-us") -> str:
        """Get a new access token."""
        account = next(a for a in self.sandbox.accounts if a.label == label)
        answer = self.ask_token(
            grant_type="refresh_token",
            refresh_token=account.refresh_token,
            client_id=account.client_id,
            client_secret=account.client_secret,
        )
        token: str = answer.json["access_token"]  # type: ignore[index]
        return token

    def ask_token(self, **form: str) -> TestResponse:
        """Send a token request."""
        return self.http.post("/auth/o2/token", data=form)

    def call(
        self,
        method: str,
        path: str,
        label: str = "vendor-us",
        headers: dict[str, str] | None = None,
        **request: Any,
    ) -> TestResponse:
        """Call SP-API; an empty label sends no access token."""
        sent = {"user-agent": "Test/1.0 (Language=Python)", **(headers or {})}
        if label:
            self._tokens[label] = self._tokens.get(label) or self.log_in(label)
            sent.setdefault("x-amz-access-token", self._tokens[label])
        return self.http.open(path, method=method, headers=sent, **request)

    def create(self, label: str = "vendor-us", /, **body: object) -> TestResponse:
        """Ask for a sales report of two days, or for what else the body says."""
        account = next(a for a in self.sandbox.accounts if a.label == label)
        sent = {
            "reportType": "GET_VENDOR_SALES_REPORT",
            "marketplaceIds": list(account.marketplaces[:1]),
            "dataStartTime": "2026-11-15",
            "dataEndTime": "2026-11-16",
            "reportOptions": SALES_OPTIONS,
            **body,
        }
        sent = {name: value for name, value in sent.items() if value is not None}
        return self.call("POST", f"{REPORTS}/reports", label, json=sent)

    def report(self, report_id: str, label: str = "vendor-us") -> dict[str, Any]:
        """Look how a report is doing."""
        report: dict[str, Any] = self.call("GET", f"{REPORTS}/reports/{report_id}", label).json  # type: ignore[assignment]
        return report

    def finished(self, label: str = "vendor-us", /, **body: object) -> dict[str, Any]:
        """Ask for a report and wait for its end."""
        created = self.create(label, **body)
        assert created.status_code == 202, created.text
        self.clock.advance(seconds=90)
        return self.report(created.json["reportId"], label)  # type: ignore[index]

    def link(self, report: dict[str, Any], label: str = "vendor-us", query: str = "") -> dict[str, str]:
        """Ask where a finished report's document is."""
        path = f"{REPORTS}/documents/{report['reportDocumentId']}{query}"
        answer = self.call("GET", path, label)
        assert answer.status_code == 200, answer.text
        link: dict[str, str] = answer.json  # type: ignore[assignment]
        return link

    def download(self, link: dict[str, str], headers: dict[str, str] | None = None) -> TestResponse:
        """Follow a presigned URL."""
        url = urlsplit(link["url"])
        return self.http.get(f"{url.path}?{url.query}", headers=headers or {})

    def document(self, report: dict[str, Any], label: str = "vendor-us") -> Any:
        """Download, unpack and parse a finished report."""
        content = self.download(self.link(report, label)).data
        return json.loads(gzip.decompress(content), parse_float=Decimal)

    def reason(self, label: str = "vendor-us", /, **body: object) -> str | None:
        """Ask for a report that ends FATAL; give its text, or None without a document."""
        report = self.finished(label, **body)
        assert report["processingStatus"] == "FATAL", report
        if "reportDocumentId" not in report:
            return None
        details: str = self.document(report, label)["errorDetails"]
        return details


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Callable[..., Driver]:
    """Make drivers of sandboxes with settings of their own."""

    def make(**settings: Any) -> Driver:
        return Driver(Sandbox(clock=clock, **settings), clock)

    return make


@pytest.fixture
def amazon(make: Callable[..., Driver]) -> Driver:
    """A driver of the default sandbox, with quotas that do not get in the way."""
    return make(speed=1)
