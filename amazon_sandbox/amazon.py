"""The local Amazon: all rooms of this package put together, and its clock."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from amazon_sandbox.accounts import DEFAULT_ACCOUNTS, SandboxAccount
from amazon_sandbox.ads_accounts import ADS_CLIENT_ID, ADS_CLIENT_SECRET, AdsAccount, default_ads_accounts
from amazon_sandbox.ads_jobs import AdsReports
from amazon_sandbox.data import Data
from amazon_sandbox.documents import Documents, Presigner
from amazon_sandbox.faults import Faults
from amazon_sandbox.jobs import Jobs
from amazon_sandbox.lwa import Lwa
from amazon_sandbox.queries import Queries
from amazon_sandbox.quotas import Quotas
from amazon_sandbox.registrations import Registration, default_registrations
from amazon_sandbox.rules.verdicts import ReportRequest
from amazon_sandbox.schedules import Schedules

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from amazon_sandbox.jobs import Job, Origin


@dataclass(frozen=True)
class Call:
    """One request that the sandbox was sent.

    Attributes:
        operation: Amazon's name of it; "token" and "download" beside SP-API, and
            "unknown" for a path that does not exist.
        account: Label of the account; empty when it is not known.
        status: HTTP status of the answer; 0 when the connection was broken instead.
        at: When it came.
        request: What was asked for: a body, ids or filters, and never a secret.
    """

    operation: str
    account: str
    status: int
    at: datetime
    request: Mapping[str, Any] = field(default_factory=dict)


def utc_now() -> datetime:
    """The time of this computer."""
    return datetime.now(timezone.utc)


class Sandbox:
    """A local Amazon with its accounts, figures, reports and faults.

    It has no threads and never sleeps: what it answers follows from the clock.

    Args:
        seed: Decides all figures, ids and durations.
        speed: Quotas refill and reports are made this many times faster.
        clock: Tells the time, as an aware datetime in UTC.
        accounts: The accounts that exist.
        ads_accounts: The consents for the Ads API that exist; None stands for one of each account that
            has a role, and one of all European ones.
        registrations: The applications that exist; None stands for one that is published,
            one that is a draft, and one for each further client of an account.
        faults: What shall go wrong, each NAME, NAME:COUNT or NAME:COUNT@SKIP.
        asins: Number of ASINs of each account.
        search_terms: Number of terms in the search terms report of each marketplace, with
            about three rows a term; ten millions take time and disk, but no memory.
        token_seconds: Lifetime of an access token.
        url_seconds: Lifetime of a presigned URL.
        stall_seconds: How long the fault `read_timeout` waits for the client to go.
        page_records: The most records that a page of the vendor APIs or a document of Data Kiosk
            holds, where that is less than Amazon's; None leaves Amazon's.
        on_call: Is told each call once it is answered.

    Attributes:
        accounts: As given.
        ads_accounts: The consents for the Ads API.
        registrations: The applications by application id; a test may change them.
        ads_registration: The application of all consents for the Ads API.
        clock: As given.
        calls: All calls so far, oldest first. Threads add to it: copy it before it is
            looked through while clients are at work.
        data: The figures, for a test to work out what must arrive.
        faults: The armed faults.
        pause: Waits the seconds between two pieces of a slow body; a test on a made-up clock replaces it.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own, all have defaults
        self,
        *,
        seed: int = 1,
        speed: float = 1.0,
        clock: Callable[[], datetime] = utc_now,
        accounts: Sequence[SandboxAccount] = DEFAULT_ACCOUNTS,
        ads_accounts: Sequence[AdsAccount] | None = None,
        registrations: Sequence[Registration] | None = None,
        faults: Collection[str] = (),
        asins: int = 40,
        search_terms: int = 200,
        token_seconds: float = 3600,
        url_seconds: float = 300,
        stall_seconds: float = 120,
        page_records: int | None = None,
        on_call: Callable[[Call], None] | None = None,
    ) -> None:
        """Build the rooms."""
        self.accounts = tuple(accounts)
        self.ads_accounts = default_ads_accounts(self.accounts) if ads_accounts is None else tuple(ads_accounts)
        self.clock = clock
        self.speed = speed
        self.asins = asins
        self.stall_seconds = stall_seconds
        self.page_records = page_records
        self.calls: list[Call] = []
        self.faults = Faults(faults)
        applications = default_registrations(self.accounts) if registrations is None else registrations
        self.registrations = {application.application_id: application for application in applications}
        self.ads_registration = Registration(ADS_CLIENT_ID, ADS_CLIENT_ID, ADS_CLIENT_SECRET, roles=())
        self.lwa = Lwa(
            (*self.accounts, *self.ads_accounts), (*applications, self.ads_registration), seed, token_seconds
        )
        self.quotas = Quotas(speed)
        self.data = Data(seed, self.accounts, asins, search_terms)
        self.jobs = Jobs(self.data, self.faults, seed, speed)
        self.queries = Queries(seed, speed)
        self.schedules = Schedules(seed)
        self.documents = Documents(self.data)
        self.presigner = Presigner(seed, url_seconds)
        self.ads_reports = AdsReports(self.data, self.accounts, seed, speed)
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self.pause: Callable[[float], object] = self.closing.wait
        # Where clients reach it, once it is served; documents are on the same host.
        self.url: str | None = None
        self._on_call = on_call

    def inject(self, name: str, count: int | None = 1, *, skip: int = 0) -> None:
        """Arm a fault while the sandbox runs.

        Args:
            name: One of FAULTS.
            count: How many times it strikes; None is for ever.
            skip: How many fitting calls it lets pass before.
        """
        with self.lock:
            self.faults.inject(name, count, skip=skip)

    def withdraw(self, label: str) -> None:
        """Let a selling partner take back its consents, so that its refresh tokens are invalid_grant.

        Args:
            label: Label of the account; that of a consent for the Ads API takes back that one alone.

        Raises:
            KeyError: There is no such account.
        """
        with self.lock:
            self.lwa.withdraw(self._account(label))

    def order(  # noqa: PLR0913 - the parts of a report request, and who made it when
        self,
        account: str,
        report_type: str,
        *,
        marketplaces: Sequence[str] = (),
        options: Mapping[str, str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        at: datetime | None = None,
        by: Origin = "other application",
    ) -> Job:
        """Ask for a report in somebody else's place, so that getReports lists it.

        See docs/amazon/reports-api.md#getreports.

        It goes through the rules as if asked for with createReport, but costs no quota and
        meets no fault.

        Args:
            account: Label of the account whose report it is.
            report_type: Amazon's name of the report.
            marketplaces: The marketplace ids; none stand for the account's first one.
            options: The reportOptions.
            start: The dataStartTime.
            end: The dataEndTime.
            at: When it was asked for, at most 90 days ago; None is now.
            by: Who asked.

        Returns:
            The report.

        Raises:
            KeyError: There is no such account.
        """
        owner = self._account(account)
        places = tuple(marketplaces) or owner.marketplaces[:1]
        request = ReportRequest(report_type, places, options or {}, start, end, scheduled=by == "schedule")
        with self.lock:
            return self.jobs.order(owner, request, at or self.clock(), by)

    def record(self, call: Call) -> int:
        """Remember an answered call and tell whoever wants to know.

        Returns:
            The number of the call, counted from 1.
        """
        with self.lock:
            self.calls.append(call)
            number = len(self.calls)
        if self._on_call is not None:
            self._on_call(call)
        return number

    def _account(self, label: str) -> SandboxAccount:
        return {account.label: account for account in (*self.accounts, *self.ads_accounts)}[label]
