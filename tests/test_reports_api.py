"""The Reports API of the local Amazon, and its document host, which must never see our token."""

from __future__ import annotations

import gzip
import json
import logging
import typing as t
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hosts import Answer, Fate, account_at, free_url, serving

from amazon_sandbox import Call, Sandbox, encode, running
from tap_amazon_vendor.amazon.auth import LwaAuthenticator
from tap_amazon_vendor.amazon.client import SellingPartnerApi
from tap_amazon_vendor.amazon.download import DOCUMENT_TRIES
from tap_amazon_vendor.amazon.throttle import LEAST_SHARE, Throttle
from tap_amazon_vendor.documents.files import Document, read_slices
from tap_amazon_vendor.engine.model import JobStatus, Processing
from tap_amazon_vendor.errors import (
    AmazonError,
    DocumentError,
    MalformedAnswerError,
    NotFoundError,
    RequestRejectedError,
    UnansweredError,
    UnavailableError,
)
from tap_amazon_vendor.reports.answers import ReportDocument
from tap_amazon_vendor.reports.api import (
    CREATE_REPORT,
    GET_DOCUMENT,
    GET_REPORT,
    GET_REPORTS,
    LISTED_PAGES,
    SALES_AND_TRAFFIC,
    SEARCH_QUERY_PERFORMANCE,
    ReportsApi,
)
from tap_amazon_vendor.reports.request import ReportRequest
from tap_amazon_vendor.reports.windows import Window

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from clocks import FakeClock

    from tap_amazon_vendor.amazon.throttle import Bucket
    from tap_amazon_vendor.amazon.transport import Transport

WINDOW = Window(date(2026, 11, 10), date(2026, 11, 16))
OPTIONS = {"reportPeriod": "DAY", "distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"}
REQUEST = ReportRequest(
    account="main",
    report_type="GET_VENDOR_SALES_REPORT",
    marketplace_id="ATVPDKIKX0DER",
    options=tuple(sorted(OPTIONS.items())),
    window=WINDOW,
)


@pytest.fixture
def sandbox(clock: FakeClock) -> Sandbox:
    return Sandbox(clock=clock)


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    with running(sandbox) as server:
        yield server.url


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    spool = tmp_path / "spool"
    spool.mkdir()
    return spool


@pytest.fixture
def api(url: str, transport: Transport, clock: FakeClock, spool: Path) -> ReportsApi:
    account = account_at(url)
    auth = LwaAuthenticator(account, transport, clock)
    door = SellingPartnerApi(url, auth=auth, throttle=Throttle(clock), transport=transport, sleep=clock.sleep)
    return ReportsApi(door, transport, spool, shared=Throttle(clock), may_download=lambda _: True)


@pytest.fixture
def finished(api: ReportsApi, clock: FakeClock) -> Callable[..., JobStatus]:
    """Ask for a report and wait for its end."""

    def finished(request: ReportRequest = REQUEST) -> JobStatus:
        report_id = api.create(request)
        clock.advance(120)
        return api.status(report_id)

    return finished


@pytest.fixture
def document_id(finished: Callable[..., JobStatus]) -> str:
    """The document of a report that is done."""
    status = finished()
    assert status.processing is Processing.DONE
    return t.cast("str", status.document_id)


def calls(sandbox: Sandbox, operation: str) -> list[Call]:
    return [call for call in sandbox.calls if call.operation == operation]


def expected(sandbox: Sandbox) -> bytes:
    """The document that the sandbox's seed says."""
    account = next(account for account in sandbox.accounts if account.label == "vendor-us")
    return encode(
        sandbox.data.document(
            REQUEST.report_type,
            account=account,
            marketplace_id=REQUEST.marketplace_id,
            options=OPTIONS,
            start=WINDOW.start,
            end=WINDOW.end,
            as_of=sandbox.clock().date(),
        )
    )


class TestCreate:
    def test_asks_for_whole_days_of_one_marketplace_with_its_options(self, api: ReportsApi, sandbox: Sandbox) -> None:
        report_id = api.create(REQUEST)
        (call,) = calls(sandbox, "createReport")
        assert call.status == 202
        assert call.request == {
            "reportType": "GET_VENDOR_SALES_REPORT",
            "marketplaceIds": ["ATVPDKIKX0DER"],
            "dataStartTime": "2026-11-10T00:00:00Z",
            "dataEndTime": "2026-11-16T00:00:00Z",
            "reportOptions": OPTIONS,
        }
        assert api.status(report_id).processing is Processing.IN_QUEUE

    def test_a_broken_connection_is_not_answered_by_a_second_report(self, api: ReportsApi, sandbox: Sandbox) -> None:
        sandbox.inject("connection_reset")
        with pytest.raises(UnansweredError):
            api.create(REQUEST)
        assert len(calls(sandbox, "createReport")) == 1

    def test_a_refusal_is_told(self, api: ReportsApi) -> None:
        seller = ReportRequest("main", "GET_SALES_AND_TRAFFIC_REPORT", "ATVPDKIKX0DER", (), WINDOW)
        with pytest.raises(RequestRejectedError, match="does not support account ID of type"):
            api.create(seller)


def listed(api: ReportsApi, since: datetime, request: ReportRequest = REQUEST) -> list[str]:
    """Ids of the listed reports that may answer a request."""
    reports = api.listed((request.report_type,), request.marketplace_id, since)
    return [report.job_id for report in reports if request.may_be(report)]


class TestListed:
    def test_finds_a_report_that_was_asked_for(self, api: ReportsApi, clock: FakeClock) -> None:
        since = clock() - timedelta(minutes=1)
        assert listed(api, since) == []
        report_id = api.create(REQUEST)
        (report,) = api.listed((REQUEST.report_type,), REQUEST.marketplace_id, since)
        assert (report.job_id, report.processing, report.created_at) == (report_id, Processing.IN_QUEUE, clock())

    def test_finds_the_report_whose_answer_was_lost(self, api: ReportsApi, sandbox: Sandbox, clock: FakeClock) -> None:
        sandbox.inject("connection_reset")
        with pytest.raises(UnansweredError):
            api.create(REQUEST)
        (report_id,) = listed(api, clock() - timedelta(minutes=1))
        assert api.status(report_id).processing is Processing.IN_QUEUE

    def test_the_newest_is_first(self, api: ReportsApi, clock: FakeClock) -> None:
        since = clock()
        first, second = api.create(REQUEST), api.create(REQUEST)
        assert listed(api, since) == [second, first]

    def test_reports_that_failed_are_left_out(self, api: ReportsApi, sandbox: Sandbox, clock: FakeClock) -> None:
        since = clock()
        for fault in ("cancelled_spuriously", "fatal_unknown_text"):
            sandbox.inject(fault)
            api.create(REQUEST)
        clock.advance(120)
        assert listed(api, since) == []

    def test_reports_of_other_days_types_and_times_are_left_out(self, api: ReportsApi, clock: FakeClock) -> None:
        api.create(REQUEST)
        clock.advance(3600)
        since = clock()
        for window in (Window(WINDOW.start, date(2026, 11, 15)), Window(date(2026, 11, 11), WINDOW.end)):
            api.create(ReportRequest(*REQUEST.partition, window=window))
        traffic = ReportRequest(
            "main", "GET_VENDOR_TRAFFIC_REPORT", "ATVPDKIKX0DER", (("reportPeriod", "DAY"),), WINDOW
        )
        other = api.create(traffic)
        assert listed(api, since) == []
        both = api.listed((REQUEST.report_type, traffic.report_type), REQUEST.marketplace_id, since)
        assert [report.job_id for report in both if traffic.may_be(report)] == [other]

    def test_pages_are_read_up_to_a_bound(
        self, api: ReportsApi, sandbox: Sandbox, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        since = clock()
        made = [api.create(REQUEST) for _ in range(2 * LISTED_PAGES + 1)]
        original = api._api.call

        def small_pages(*args: t.Any, query: dict[str, str], **kwargs: t.Any) -> dict[str, t.Any]:
            query = {**query, "pageSize": "2"} if "pageSize" in query else query
            return original(*args, query=query, **kwargs)

        monkeypatch.setattr(api._api, "call", small_pages)
        assert listed(api, since) == made[::-1][: 2 * LISTED_PAGES]
        asked = [set(call.request) for call in calls(sandbox, "getReports")]
        # A token must be the only parameter.
        assert asked[1:] == [{"nextToken"}] * (LISTED_PAGES - 1)


class TestOwnQuotas:
    def test_a_report_type_with_a_quota_of_its_own_has_a_second_bucket(self, api: ReportsApi) -> None:
        assert len(api.create_buckets("GET_VENDOR_SALES_REPORT")) == 1
        account, own = api.create_buckets("GET_SALES_AND_TRAFFIC_REPORT")
        own.take()
        assert (account.delay(), own.delay()) == (0, 901)

    def test_what_an_application_was_found_to_share_is_one_bucket_for_its_accounts(
        self, api: ReportsApi, transport: Transport, clock: FakeClock, spool: Path
    ) -> None:
        client = SellingPartnerApi(
            "http://x", auth=api._api.auth, throttle=Throttle(clock), transport=transport, sleep=clock.sleep
        )
        other = ReportsApi(client, transport, spool, shared=api._shared, may_download=api._may_download)

        def own() -> list[Bucket]:
            return [each.create_buckets(SALES_AND_TRAFFIC)[1] for each in (api, other)]

        assert own()[0] is not own()[1]
        api._shared.shared_quotas.add(SALES_AND_TRAFFIC)
        assert own()[0] is own()[1]

    def test_a_429_while_the_accounts_own_bucket_is_full_shows_that_a_quota_is_shared(
        self, api: ReportsApi, sandbox: Sandbox, clock: FakeClock
    ) -> None:
        request = replace(REQUEST, report_type=SALES_AND_TRAFFIC)
        api.create_buckets(SALES_AND_TRAFFIC)
        clock.advance(900)
        sandbox.inject("quota_exceeded")
        with pytest.raises(RequestRejectedError):
            api.create(request)
        assert api._shared.shared_quotas == {SALES_AND_TRAFFIC}
        assert api.create_buckets(SALES_AND_TRAFFIC)[1].delay() > 890, "the one call just made counts for all accounts"

    @pytest.mark.parametrize("empty", ["the account's own", "createReport's", "Amazon's, before this run"])
    def test_a_429_that_our_buckets_explain_shows_nothing(
        self, empty: str, api: ReportsApi, sandbox: Sandbox, clock: FakeClock
    ) -> None:
        bucket, own = api.create_buckets(SALES_AND_TRAFFIC)
        clock.advance(600 if "before" in empty else 900)
        if "before" not in empty:
            (own if empty == "the account's own" else bucket).empty()
        sandbox.inject("quota_exceeded")
        with pytest.raises(RequestRejectedError):
            api.create(replace(REQUEST, report_type=SALES_AND_TRAFFIC))
        assert api._shared.shared_quotas == set()

    def test_a_quota_that_nobody_knows_starts_wide_and_narrows_with_what_amazon_refuses(
        self, api: ReportsApi, sandbox: Sandbox
    ) -> None:
        def rate() -> float:
            return api.create_buckets(SEARCH_QUERY_PERFORMANCE)[1].rate

        assert rate() == CREATE_REPORT.rate
        sandbox.inject("quota_exceeded")
        with pytest.raises(RequestRejectedError):
            api.create(replace(REQUEST, report_type=SEARCH_QUERY_PERFORMANCE))
        assert rate() == CREATE_REPORT.rate / 2
        api._learn_from(SEARCH_QUERY_PERFORMANCE, Processing.CANCELLED)
        assert rate() == CREATE_REPORT.rate / 4
        for _ in range(20):
            api._learn_from(SEARCH_QUERY_PERFORMANCE, Processing.CANCELLED)
        assert rate() == CREATE_REPORT.rate * LEAST_SHARE
        for _ in range(20):
            api._learn_from(SEARCH_QUERY_PERFORMANCE, Processing.DONE)
        assert rate() == CREATE_REPORT.rate
        api._learn_from("GET_VENDOR_SALES_REPORT", Processing.CANCELLED)
        assert rate() == CREATE_REPORT.rate


class TestStatus:
    def test_goes_from_the_queue_to_done(self, api: ReportsApi, clock: FakeClock) -> None:
        report_id = api.create(REQUEST)
        seen = []
        for _ in range(130):
            seen.append(api.status(report_id))
            clock.advance(1)
        order = list(dict.fromkeys(status.processing for status in seen))
        assert order == [Processing.IN_QUEUE, Processing.IN_PROGRESS, Processing.DONE]
        assert all((status.document_id is None) is (status.processing is not Processing.DONE) for status in seen)
        assert (seen[0].processed_at, seen[-1].processed_at is None) == (None, False)

    def test_a_fatal_report_names_the_document_with_its_reason(
        self, api: ReportsApi, sandbox: Sandbox, finished: Callable[..., JobStatus]
    ) -> None:
        sandbox.inject("not_yet_available")
        status = finished()
        assert status.processing is Processing.FATAL
        document = api.fetch(t.cast("str", status.document_id), REQUEST)
        assert document.error
        assert document.error.startswith("The report data for the requested date range is not yet available.")

    @pytest.mark.parametrize(
        ("fault", "processing"),
        [("fatal_without_document", Processing.FATAL), ("cancelled_spuriously", Processing.CANCELLED)],
    )
    def test_an_end_without_a_document_names_none(
        self, fault: str, processing: Processing, sandbox: Sandbox, finished: Callable[..., JobStatus]
    ) -> None:
        sandbox.inject(fault)
        status = finished()
        assert (status.processing, status.document_id) == (processing, None)

    def test_a_status_that_no_model_has_is_an_answer_that_cannot_be_read(
        self, sandbox: Sandbox, finished: Callable[..., JobStatus]
    ) -> None:
        sandbox.inject("unknown_status")
        with pytest.raises(MalformedAnswerError, match=r"getReport: .*\$\.processingStatus"):
            finished()

    def test_an_unknown_report_is_not_found(self, api: ReportsApi) -> None:
        with pytest.raises(NotFoundError):
            api.status("7")


class TestDocument:
    def test_is_on_disk_byte_by_byte_as_amazon_sent_it(
        self, api: ReportsApi, document_id: str, sandbox: Sandbox, spool: Path
    ) -> None:
        document = api.fetch(document_id, REQUEST)
        assert list(spool.iterdir()) == [document.path]
        content = document.path.read_bytes()
        assert document.bytes == len(content)
        assert content.startswith(b"\x1f\x8b")
        assert gzip.decompress(content) == expected(sandbox)
        assert REQUEST.matches(document.specification)
        assert (document.error, document.empty) == (None, False)

    def test_each_fetch_has_a_file_of_its_own(self, api: ReportsApi, document_id: str, spool: Path) -> None:
        first, second = api.fetch(document_id, REQUEST), api.fetch(document_id, REQUEST)
        assert first.path != second.path
        assert {first.path, second.path} == set(spool.iterdir())

    @pytest.mark.parametrize(
        ("fault", "times"),
        [
            ("url_expired", 2),
            ("download_slow_down", 2),
            ("document_reset", 2),
            ("truncated_document", 2),
            ("corrupt_gzip", 2),
            ("plain_labelled_gzip", 1),
            ("gzip_unlabelled", 1),
            ("quota_exceeded_get", 2),
            ("token_expired_early", 1),
            ("server_error_500", 2),
            ("service_unavailable_503", 2),
            ("html_200", 2),
            ("connection_reset_get", 2),
        ],
    )
    def test_is_whole_after_any_fault_that_passes(
        self, fault: str, times: int, api: ReportsApi, document_id: str, sandbox: Sandbox
    ) -> None:
        content = expected(sandbox)
        sandbox.inject(fault, times)
        document = api.fetch(document_id, REQUEST)
        assert sandbox.faults.armed[-1].struck == times
        found = document.path.read_bytes()
        assert (gzip.decompress(found) if found.startswith(b"\x1f\x8b") else found) == content
        rows = json.loads(content)["salesByAsin"]
        assert sum(len(json.loads(text)) for text in read_slices(document, "salesByAsin")) == len(rows) > 0
        # What came broken is not left on disk.
        assert list(api._spool.iterdir()) == [document.path]

    def test_what_a_killed_check_left_behind_is_never_believed(
        self, api: ReportsApi, document_id: str, sandbox: Sandbox, spool: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def killed(path: Path) -> Document:
            path.write_bytes(path.read_bytes()[:100])
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("tap_amazon_vendor.reports.api.open_document", killed)
            with pytest.raises(KeyboardInterrupt):
                api.fetch(document_id, REQUEST)
        (half,) = spool.iterdir()
        document = api.fetch(document_id, REQUEST)
        assert document.path != half
        assert gzip.decompress(document.path.read_bytes()) == expected(sandbox)

    @pytest.mark.parametrize("fault", ["url_expired", "document_reset", "truncated_document", "corrupt_gzip"])
    def test_each_try_asks_for_a_new_url(self, fault: str, api: ReportsApi, document_id: str, sandbox: Sandbox) -> None:
        sandbox.inject(fault, 2)
        api.fetch(document_id, REQUEST)
        assert len(calls(sandbox, "getReportDocument")) == len(calls(sandbox, "download")) == DOCUMENT_TRIES

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ("url_expired", UnavailableError("the document host answered HTTP 403")),
            ("download_slow_down", UnavailableError("the document host answered HTTP 503")),
            ("document_reset", UnavailableError("the download broke off")),
            ("truncated_document", DocumentError("truncated or damaged")),
            ("corrupt_gzip", DocumentError("truncated or damaged")),
        ],
    )
    def test_a_fault_that_stays_is_an_error_and_leaves_no_file(
        self, fault: str, error: AmazonError, api: ReportsApi, document_id: str, sandbox: Sandbox
    ) -> None:
        sandbox.inject(fault, None)
        with pytest.raises(type(error), match=error.text):
            api.fetch(document_id, REQUEST)
        assert len(calls(sandbox, "getReportDocument")) == DOCUMENT_TRIES
        assert list(api._spool.iterdir()) == []

    def test_a_page_in_place_of_the_document_is_an_error(
        self, api: ReportsApi, sandbox: Sandbox, finished: Callable[..., JobStatus], spool: Path
    ) -> None:
        sandbox.inject("not_json")
        status = finished()
        with pytest.raises(DocumentError, match="not JSON"):
            api.fetch(t.cast("str", status.document_id), REQUEST)
        assert list(spool.iterdir()) == []

    def test_a_url_that_was_left_too_long_is_not_used_again(
        self, api: ReportsApi, document_id: str, clock: FakeClock
    ) -> None:
        """Five minutes is what Amazon gives a URL."""
        first = api.fetch(document_id, REQUEST)
        clock.advance(301)
        assert api.fetch(document_id, REQUEST).bytes == first.bytes

    def test_a_document_that_amazon_forgot_is_not_found(
        self, api: ReportsApi, document_id: str, sandbox: Sandbox
    ) -> None:
        sandbox.inject("document_gone")
        with pytest.raises(NotFoundError):
            api.fetch(document_id, REQUEST)
        assert calls(sandbox, "download") == []


class TestDocumentHost:
    def test_a_url_of_anyone_else_is_not_followed(
        self, api: ReportsApi, document_id: str, transport: Transport, spool: Path
    ) -> None:
        careful = ReportsApi(api._api, transport, spool, shared=api._shared, may_download=lambda _: False)
        with pytest.raises(AmazonError, match="not an Amazon download host"):
            careful.fetch(document_id, REQUEST)
        assert list(spool.iterdir()) == []

    """A host of its own, as Amazon's S3 is."""

    @pytest.fixture
    def fetch(self, api: ReportsApi, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Document]:
        """Fetch a document from any host."""

        def fetch(url: str) -> Document:
            # The account has a token by now, which must not leave for that host.
            listed(api, api._api.auth._clock())
            answer = ReportDocument(f"{url}/7?X-Amz-Signature=0123abc")
            monkeypatch.setattr(api._api, "call", lambda *_, **__: answer)
            return api.fetch("7", REQUEST)

        return fetch

    GOOD = gzip.compress(b'{"reportSpecification": {}, "salesByAsin": []}', mtime=0)

    def test_sees_no_token_and_no_other_header_that_would_break_the_signature(
        self, fetch: Callable[[str], Document]
    ) -> None:
        with serving(Answer(body=self.GOOD)) as host:
            fetch(host.url)
        (seen,) = host.seen
        assert seen.target == "/7?X-Amz-Signature=0123abc"
        names = {name.lower() for name in seen.headers}
        assert not {name for name in names if name.startswith("x-amz")} | (names & {"authorization", "cookie"})
        assert "Atza|" not in str(seen)

    def test_is_not_sent_a_cookie_of_the_api(self, api: ReportsApi, fetch: Callable[[str], Document]) -> None:
        with serving(Answer(headers={"Set-Cookie": "session=1; Path=/"}), Answer(body=self.GOOD)) as host:
            api._transport.request("GET", host.url)
            api._transport._session.cookies.clear()
            fetch(host.url)
        assert "Cookie" not in host.seen[1].headers

    def test_is_not_sent_a_password_of_netrc(
        self, fetch: Callable[[str], Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("default login me password hunter2\n")
        monkeypatch.setenv("NETRC", str(netrc))
        with serving(Answer(body=self.GOOD)) as host:
            fetch(host.url)
        assert "Authorization" not in host.seen[0].headers

    def test_content_that_the_host_calls_gzip_is_kept_as_it_is(self, fetch: Callable[[str], Document]) -> None:
        with serving(Answer(body=self.GOOD, headers={"Content-Encoding": "gzip"})) as host:
            document = fetch(host.url)
        assert document.path.read_bytes() == self.GOOD

    def test_a_length_that_is_not_reached_is_a_broken_download(self, fetch: Callable[[str], Document]) -> None:
        with serving(Fate.CUT, Fate.CUT, Answer(body=self.GOOD)) as host:
            assert fetch(host.url).bytes == len(self.GOOD)
        assert len(host.seen) == 3

    @pytest.mark.parametrize("script", [[Answer(403)] * 9, [Answer(404)] * 9, [Answer(500)] * 99, [Fate.CUT] * 9])
    def test_no_error_and_no_log_quotes_the_url(
        self, script: list[Answer | Fate], fetch: Callable[[str], Document], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with serving(*script) as host, pytest.raises(UnavailableError) as caught:
            fetch(host.url)
        words = str(caught.value) + caplog.text
        assert "0123abc" not in words
        assert "X-Amz" not in words
        assert caught.value.__cause__ is None

    def test_a_host_that_is_not_there_is_an_error_that_quotes_no_url(
        self, fetch: Callable[[str], Document], spool: Path
    ) -> None:
        with pytest.raises(UnavailableError, match="connection refused") as caught:
            fetch(free_url())
        assert "X-Amz" not in str(caught.value)
        assert list(spool.iterdir()) == []

    def test_its_request_id_is_quoted(self, fetch: Callable[[str], Document]) -> None:
        answers = [Answer(403, headers={"x-amz-request-id": "S3-1"})] * 3
        with serving(*answers) as host, pytest.raises(UnavailableError, match=r"\(Amazon request id S3-1\)"):
            fetch(host.url)


class TestUsagePlans:
    @pytest.mark.parametrize(
        ("operation", "rate", "burst"),
        [
            (CREATE_REPORT, 0.0167, 15),
            (GET_REPORT, 2, 15),
            (GET_REPORTS, 0.0222, 10),
            (GET_DOCUMENT, 0.0167, 15),
        ],
    )
    def test_are_those_that_amazon_publishes(self, operation: t.Any, rate: float, burst: int) -> None:
        assert (operation.rate, operation.burst) == (rate, burst)

    def test_the_delays_are_those_of_their_operations(self, api: ReportsApi, document_id: str) -> None:
        (bucket,) = api.create_buckets(REQUEST.report_type)
        assert (bucket.delay(), api.status_bucket.delay(), api.document_bucket.delay()) == (0, 0, 0)
        for _ in range(15):
            api.create(REQUEST)
        assert bucket.delay() > 30
        for _ in range(15):
            api.fetch(document_id, REQUEST)
        assert api.document_bucket.delay() > 30
        assert api.status_bucket.delay() == 0
