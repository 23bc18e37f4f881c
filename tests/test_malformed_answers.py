"""Operation by shape of answer: what does not fit is one typed error of that call, in bounded time, never quoted."""

from __future__ import annotations

import gzip
import json
import random
import typing as t
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from hosts import Answer, Host, account_at, serving

from tap_amazon_vendor.amazon.client import SellingPartnerApi
from tap_amazon_vendor.amazon.deadline import _BoundedReader
from tap_amazon_vendor.amazon.download import URL_LIFE
from tap_amazon_vendor.amazon.retry import LONGEST_REQUEST, MAX_TRIES
from tap_amazon_vendor.amazon.throttle import Throttle
from tap_amazon_vendor.amazon.transport import LARGEST_ANSWER, LONGEST_TRY, Transport
from tap_amazon_vendor.doctor.questions import GET_PARTICIPATIONS, Participations
from tap_amazon_vendor.errors import (
    AmazonError,
    MalformedAnswerError,
    UnansweredError,
    UnavailableError,
)
from tap_amazon_vendor.reports.answers import ReportDocument
from tap_amazon_vendor.reports.api import GET_DOCUMENT, MOST_PAGES, ReportsApi
from tap_amazon_vendor.reports.request import ReportRequest
from tap_amazon_vendor.reports.windows import Window
from tap_amazon_vendor.streams.seller_finance import AMAZON_FULFILLED_SHIPMENTS_DATA_TAX
from tap_amazon_vendor.streams.seller_transactions import TRANSACTIONS

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clocks import FakeClock

pytestmark = pytest.mark.usefixtures("bare_environment")

WINDOW = Window(date(2026, 11, 10), date(2026, 11, 16))
REQUEST = ReportRequest("main", "GET_VENDOR_SALES_REPORT", "ATVPDKIKX0DER", (), WINDOW)
RESTRICTED = replace(REQUEST, policy=AMAZON_FULFILLED_SHIPMENTS_DATA_TAX)
REPORT = {"reportId": "1", "reportType": REQUEST.report_type, "processingStatus": "DONE"}
LISTED = {**REPORT, "createdTime": "2026-11-18T11:59:59+00:00", "marketplaceIds": ["ATVPDKIKX0DER"]}
CASES = Path(__file__).parents[2] / "shared" / "cases" / "answers"


@dataclass
class Called:
    """An account's client and its Reports API, at a host that follows a script."""

    client: SellingPartnerApi
    reports: ReportsApi


Call = t.Callable[[Called], object]


@dataclass(frozen=True)
class Case:
    """An operation: how it is called, a good answer, and the parts that may not be missing or of another type."""

    call: Call
    good: dict[str, t.Any]
    parts: dict[str, tuple[t.Any, ...]]
    repeatable: bool = True


def listed(api: Called, marketplace: str | None = None) -> object:
    return api.reports.listed([REQUEST.report_type], marketplace, api.client.auth._clock())


OPERATIONS = {
    "createReport": Case(
        lambda api: api.reports.create(REQUEST), {"reportId": "1"}, {"reportId": (7, "", [])}, repeatable=False
    ),
    "getReport": Case(
        lambda api: api.reports.status("1"),
        REPORT,
        {"processingStatus": (7, ""), "reportDocumentId": (12345, []), "processingEndTime": (5,)},
    ),
    "getReports": Case(listed, {"reports": [LISTED]}, {"reports": ({}, "x", 7), "nextToken": (7, [])}),
    "getReportDocument": Case(
        lambda api: api.reports.fetch("1", REQUEST), {"url": "http://x"}, {"url": (7, "", "http://a b", "é")}
    ),
    "createRestrictedDataToken": Case(
        lambda api: api.reports.fetch("1", RESTRICTED),
        {"restrictedDataToken": "Atz.sprdt|1"},
        {"restrictedDataToken": (7, "", "a\nb", "é")},
    ),
    "listTransactions": Case(
        lambda api: api.client.call(TRANSACTIONS.operation, answer=TRANSACTIONS.page, query={}),
        {"payload": {"transactions": []}},
        {"payload": ([], "x", {}, {"transactions": None}, {"transactions": {}}, {"transactions": [], "nextToken": 7})},
    ),
    "getMarketplaceParticipations": Case(
        lambda api: api.client.call(GET_PARTICIPATIONS, answer=Participations),
        {"payload": []},
        {"payload": ({}, [7], [{"marketplace": None}], [{"marketplace": {"id": "x"}}])},
    ),
}
#: Fields that may be missing or null.
OPTIONAL = {"reportDocumentId", "processingEndTime", "nextToken"}

PARTS = [part for case in OPERATIONS.values() for part in case.parts]
SECRET = "planted-content"
DEEP = b"[" * 10_000 + b"]" * 10_000
BODIES = {
    "empty": b"",
    "null": b"null",
    "array": b"[]",
    "number": b"7",
    "HTML": b"<html>planted-content</html>",
    "cut": b'{"reportId": "planted-con',
    "UTF-16": json.dumps({"x": SECRET}).encode("utf-16"),
    "Latin-1": json.dumps(dict.fromkeys(PARTS, "é"), ensure_ascii=False).encode("latin-1"),
    "deep": b'{"x": ' + DEEP + b"}",
    "deep array": DEEP,
}


def shapes() -> Iterator[t.Any]:
    for name, case in OPERATIONS.items():
        for shape, body in BODIES.items():
            yield pytest.param(name, body, id=f"{name}-{shape}")
        for part, values in case.parts.items():
            others = () if part in OPTIONAL else ({}, {part: None})
            for changes in (*others, *({part: value} for value in values)):
                text = json.dumps({**{key: value for key, value in case.good.items() if key != part}, **changes})
                yield pytest.param(name, text.encode(), id=f"{name}-{part}-{changes}")
        huge = b'{"%s": %s}' % (next(iter(case.parts)).encode(), b"9" * 5000)
        yield pytest.param(name, huge, id=f"{name}-huge number")


@pytest.fixture
def transport(clock: FakeClock) -> Iterator[Transport]:
    transport = Transport(clock=clock, sleep=clock.sleep, rng=random.Random(1))
    yield transport
    transport._session.close()


@pytest.fixture
def at(clock: FakeClock, transport: Transport, tmp_path: Path) -> Callable[[Host], Called]:
    """Call a host as an account that has a token."""

    def at(host: Host) -> Called:
        client = SellingPartnerApi.of(account_at(host.url), transport, clock, clock.sleep)
        client.auth.access_token, client.auth.expires_in = "Atza|1", 10**6
        client.auth.last_refreshed = clock()
        reports = ReportsApi(client, transport, tmp_path, shared=Throttle(clock), may_download=lambda _: True)
        return Called(client, reports)

    return at


@pytest.mark.parametrize(("name", "body"), [*shapes()])
def test_an_answer_that_does_not_fit_is_one_error_of_that_call(
    name: str, body: bytes, at: Callable[[Host], Called], clock: FakeClock
) -> None:
    case, before = OPERATIONS[name], clock()
    kind = MalformedAnswerError if case.repeatable else UnansweredError
    with serving(*[Answer(200, body)] * MAX_TRIES) as host, pytest.raises(kind) as caught:
        case.call(at(host))
    assert len(host.seen) == (MAX_TRIES if case.repeatable else 1)
    assert (clock() - before).total_seconds() <= LONGEST_REQUEST
    words = str(caught.value)
    assert f"{name}: HTTP 200 with an answer that can't be read: " in words
    assert SECRET not in words
    assert "é" not in words
    assert "999" not in words
    assert len(words) < 200


@pytest.mark.parametrize("name", [name for name, case in OPERATIONS.items() if case.repeatable])
@pytest.mark.parametrize("status", [200, 204])
def test_one_that_comes_right_in_the_end_is_taken(name: str, status: int, at: Callable[[Host], Called]) -> None:
    case = OPERATIONS[name]
    good = Answer(200, json.dumps(case.good).encode())
    with serving(Answer(status, b""), Answer(status, b""), good, Answer(404)) as host:
        try:
            case.call(at(host))
        except AmazonError as error:  # What follows after the answer
            assert not isinstance(error, MalformedAnswerError)  # noqa: PT017
    assert len(host.seen) >= 3


def test_a_field_that_nobody_reads_may_be_anything(at: Callable[[Host], Called]) -> None:
    body = b'{"reportId": "1", "x": %s, "y": {"z": [1e999, null]}}' % (b"9" * 5000)
    with serving(Answer(202, body)) as host:
        assert at(host).reports.create(REQUEST) == "1"


def test_an_error_says_which_field(at: Callable[[Host], Called]) -> None:
    body = json.dumps({**REPORT, "reportDocumentId": 12345}).encode()
    with serving(*[Answer(200, body)] * MAX_TRIES) as host, pytest.raises(MalformedAnswerError) as caught:
        at(host).reports.status("1")
    assert "$.reportDocumentId" in str(caught.value)
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"reportId": None},
        {"reportId": 7},
        {"createdTime": None},
        {"createdTime": "yesterday"},
        {"createdTime": 5},
        {"dataStartTime": "x"},
        {"dataEndTime": []},
        {"marketplaceIds": "ATVPDKIKX0DER"},
        {"processingStatus": "PAUSED"},
        {"reportType": None},
    ],
)
def test_a_listed_report_that_cannot_be_read_is_left_out_and_the_others_are_used(
    changes: dict[str, t.Any], at: Callable[[Host], Called], caplog: pytest.LogCaptureFixture
) -> None:
    both = {"reports": [{**LISTED, "reportId": "2"}, {**LISTED, **changes}]}
    with serving(Answer(200, json.dumps(both).encode())) as host:
        assert [job.job_id for job in t.cast("t.Any", listed(at(host)))] == ["2"]
    assert "a report that can't be read" in caplog.text
    assert "yesterday" not in caplog.text
    alone = Answer(200, json.dumps({"reports": [{**LISTED, **changes}]}).encode())
    with serving(*[alone] * MAX_TRIES) as host, pytest.raises(MalformedAnswerError, match="none of the reports"):
        listed(at(host))


class TestDocuments:
    @pytest.mark.parametrize(
        "url", ["http://[bad/x", "http://[bad", "http://x:99999999/", "ftp://x/y", "x", "http:///y"]
    )
    def test_a_url_that_is_none_is_an_error_without_it(self, url: str, at: Callable[[Host], Called]) -> None:
        with (
            serving(*[Answer(200, json.dumps({"url": url}).encode())] * 9) as host,
            pytest.raises(AmazonError) as caught,
        ):
            at(host).reports.fetch("1", REQUEST)
        assert url not in str(caught.value)

    def test_a_host_that_says_503_for_ever_is_over_in_two_minutes(
        self, at: Callable[[Host], Called], clock: FakeClock
    ) -> None:
        with serving(*[Answer(503)] * 99) as documents:
            body = json.dumps({"url": documents.url}).encode()
            before = clock()
            with serving(*[Answer(200, body)] * 3) as host, pytest.raises(UnavailableError, match="HTTP 503"):
                at(host).reports.fetch("1", REQUEST)
        assert len(documents.seen) == 18
        assert 45 <= (clock() - before).total_seconds() <= 93

    def test_an_expired_url_is_asked_for_again(self, at: Callable[[Host], Called]) -> None:
        xml = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
        good = gzip.compress(b'{"reportSpecification": {}, "salesByAsin": []}')
        with serving(Answer(403, xml, {"Content-Type": "application/xml"}), Answer(200, good)) as documents:
            body = json.dumps({"url": documents.url}).encode()
            with serving(*[Answer(200, body)] * 2) as host:
                assert at(host).reports.fetch("1", REQUEST).bytes == len(good)
        assert len(host.seen) == 2

    def test_a_redirect_is_final(self, at: Callable[[Host], Called]) -> None:
        with serving(Answer(302, headers={"Location": "https://elsewhere.example/k?X-Amz-Signature=1"})) as documents:
            body = json.dumps({"url": documents.url}).encode()
            with (
                serving(Answer(200, body)) as host,
                pytest.raises(AmazonError, match=r"a redirect to elsewhere\.example"),
            ):
                at(host).reports.fetch("1", REQUEST)
        assert len(documents.seen) == 1


class TestPages:
    def page(self, number: int, token: str | None, size: int = 2) -> Answer:
        reports = [{**LISTED, "reportId": f"{number}-{each}"} for each in range(size)]
        return Answer(200, json.dumps({"reports": reports, "nextToken": token}).encode())

    @pytest.mark.parametrize("marketplace", ["ATVPDKIKX0DER", None])
    def test_that_repeat_or_whose_token_repeats_are_an_error(
        self, marketplace: str | None, at: Callable[[Host], Called]
    ) -> None:
        same_content = [self.page(1, "a"), self.page(1, "b")]
        old_token = [self.page(1, "a"), self.page(2, "b"), self.page(3, "a")]
        for script in (same_content, old_token):
            with serving(*script) as host, pytest.raises(MalformedAnswerError, match="twice: its pages have no end"):
                listed(at(host), marketplace)

    def test_that_never_stop_are_capped(self, at: Callable[[Host], Called], clock: FakeClock) -> None:
        script = [self.page(number, f"t{number}") for number in range(MOST_PAGES + 1)]
        with serving(*script) as host, pytest.raises(MalformedAnswerError, match=f"more than {MOST_PAGES} pages"):
            at(host).reports.listed([REQUEST.report_type], None, clock())
        assert len(host.seen) == MOST_PAGES

    def test_a_report_listed_twice_because_pages_shift_is_one(self, at: Callable[[Host], Called]) -> None:
        first = {"reports": [LISTED, {**LISTED, "reportId": "2"}], "nextToken": "a"}
        second = {"reports": [{**LISTED, "reportId": "2"}, {**LISTED, "reportId": "3"}]}
        with serving(*(Answer(200, json.dumps(page).encode()) for page in (first, second))) as host:
            assert [job.job_id for job in t.cast("t.Any", listed(at(host)))] == ["1", "2", "3"]

    def test_what_is_optional_is_asked_for_once(self, at: Callable[[Host], Called], clock: FakeClock) -> None:
        before = clock()
        with serving(*[Answer(429)] * 9) as host, pytest.raises(UnavailableError):
            at(host).reports.listed([REQUEST.report_type], None, clock(), optional=True)
        assert len(host.seen) == 1
        assert clock() == before

    def test_an_old_token_costs_what_is_optional_no_try(self, at: Callable[[Host], Called], clock: FakeClock) -> None:
        words = {"errors": [{"message": "The access token you provided has expired."}]}
        script = [
            Answer(403, json.dumps(words).encode()),
            Answer(200, b'{"access_token": "Atza|2"}'),
            Answer(200, b'{"reports": []}'),
        ]
        with serving(*script) as host:
            assert at(host).reports.listed([REQUEST.report_type], None, clock(), optional=True) == []


class TestTime:
    @pytest.mark.parametrize("asked", ["inf", "1e12", "1e308", "86400", "301", "9" * 5000])
    def test_a_pause_that_is_too_long_ends_the_call(
        self, asked: str, at: Callable[[Host], Called], clock: FakeClock
    ) -> None:
        before = clock()
        with (
            serving(*[Answer(429, b"{}", {"Retry-After": asked})] * 9) as host,
            pytest.raises(UnavailableError, match=r"getReport asks to wait .* s, which is more than 300") as caught,
        ):
            at(host).reports.status("1")
        assert len(str(caught.value)) < 120
        assert (len(host.seen), clock()) == (1, before)

    @pytest.mark.parametrize("asked", ["-5", "nan", "soon", "", "Sat, 28 Nov 2026 12:00:00 GMT", "-inf", "0x10"])
    def test_one_that_is_none_is_ignored(self, asked: str, at: Callable[[Host], Called], clock: FakeClock) -> None:
        before = clock()
        good = Answer(200, json.dumps(REPORT).encode())
        with serving(Answer(429, b"{}", {"Retry-After": asked}), good) as host:
            at(host).reports.status("1")
        assert (clock() - before).total_seconds() < 2

    @pytest.mark.parametrize(("status", "asked"), [(429, "290"), (503, "290"), (500, "100"), (429, ""), (503, "")])
    def test_no_outage_outlasts_the_deadline(
        self, status: int, asked: str, at: Callable[[Host], Called], clock: FakeClock
    ) -> None:
        for case in OPERATIONS.values():
            before = clock()
            headers = {"Retry-After": asked} if asked else {}
            with serving(*[Answer(status, b"{}", headers)] * 99) as host, pytest.raises(UnavailableError):
                case.call(at(host))
            assert (clock() - before).total_seconds() <= LONGEST_REQUEST

    def test_tokens_that_tries_wait_for_count_too(self, at: Callable[[Host], Called], clock: FakeClock) -> None:
        with serving(*[Answer(503)] * 99) as host:
            api = at(host)
            api.client.bucket(GET_DOCUMENT).empty()
            clock.advance(61)
            before = clock()
            with pytest.raises(UnavailableError):
                api.reports.fetch("1", REQUEST)
        assert 400 <= (clock() - before).total_seconds() <= LONGEST_REQUEST + 70

    @pytest.mark.parametrize("rate", ["0", "-1", "inf", "nan", "x", "-0.0", "1e999"])
    def test_a_rate_that_nobody_grants_is_not_adopted(self, rate: str, at: Callable[[Host], Called]) -> None:
        good = Answer(200, json.dumps(REPORT).encode(), {"x-amzn-RateLimit-Limit": rate})
        with serving(good) as host:
            api = at(host)
            api.reports.status("1")
        assert api.reports.status_bucket.rate == 2

    @pytest.fixture
    def slow(self, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let each byte of each answer, headers too, take two seconds."""
        original = _BoundedReader.readinto

        def readinto(reader: _BoundedReader, buffer: memoryview) -> int | None:
            clock.advance(2)
            return original(reader, buffer[:1])

        monkeypatch.setattr(_BoundedReader, "readinto", readinto)

    @pytest.mark.usefixtures("slow")
    @pytest.mark.parametrize("name", OPERATIONS)
    @pytest.mark.parametrize("lines", [0, 20])
    def test_a_byte_every_two_seconds_is_over_at_the_deadline(
        self, name: str, lines: int, at: Callable[[Host], Called], clock: FakeClock
    ) -> None:
        before = clock()
        headers = {f"X-{number}": "x" * 100 for number in range(lines)}
        with (
            serving(*[Answer(200, b"x" * 10_000, headers)] * 9) as host,
            pytest.raises(AmazonError, match="no answer in time"),
        ):
            OPERATIONS[name].call(at(host))
        assert LONGEST_TRY <= (clock() - before).total_seconds() <= LONGEST_REQUEST + 10

    @pytest.mark.usefixtures("slow")
    def test_a_document_that_trickles_is_over_in_bounded_time(
        self, at: Callable[[Host], Called], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = clock()
        with serving(*[Answer(200, b"x" * 10_000)] * 99) as documents:
            api = at(documents)
            answer = ReportDocument(documents.url)
            monkeypatch.setattr(api.client, "call", lambda *_, **__: answer)
            with pytest.raises(UnavailableError, match="no answer in time"):
                api.reports.fetch("1", REQUEST)
        assert (clock() - before).total_seconds() <= 3 * (URL_LIFE + 10)

    def test_a_document_may_take_long_if_it_comes_on(
        self, at: Callable[[Host], Called], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At 64 KiB a second, for longer than any other answer may take."""
        original = _BoundedReader.readinto

        def readinto(reader: _BoundedReader, buffer: memoryview) -> int | None:
            count = original(reader, buffer)
            clock.advance((count or 0) / (64 << 10))
            return count

        content = b'{"reportSpecification": {}, "salesByAsin": [' + b" " * (10 << 20) + b"]}"
        with serving(Answer(200, content)) as documents:
            api = at(documents)
            monkeypatch.setattr(_BoundedReader, "readinto", readinto)
            monkeypatch.setattr(api.client, "call", lambda *_, **__: ReportDocument(documents.url))
            before = clock()
            assert api.reports.fetch("1", REQUEST).bytes == len(content)
        assert (clock() - before).total_seconds() > LONGEST_TRY

    @pytest.mark.parametrize("name", OPERATIONS)
    def test_no_wait_for_quota_outlasts_the_deadline(
        self, name: str, at: Callable[[Host], Called], clock: FakeClock
    ) -> None:
        """Though a header says that a call is allowed once in an hour, and a hundred calls wait already."""
        case = OPERATIONS[name]
        answer = Answer(200, json.dumps(case.good).encode(), {"x-amzn-RateLimit-Limit": "0.000278"})
        with serving(*[answer] * 9) as host:
            api = at(host)
            with suppress(AmazonError):
                case.call(api)
            for bucket in api.client._throttle._buckets.values():
                bucket.empty()
                for _ in range(100):
                    bucket.take()
            before = clock()
            with suppress(AmazonError):
                case.call(api)
            with suppress(AmazonError):
                case.call(api)
        # The published rate, ten times slower, is one call in ten minutes.
        assert (clock() - before).total_seconds() <= 2 * (LONGEST_REQUEST + 620)


class TestTexts:
    @pytest.mark.parametrize("text", [r"x\ud800", r"\udfff", r"\ud83d\ud83d\ude00", r"\\\ud800"])
    def test_half_a_character_fails_no_answer(self, text: str, at: Callable[[Host], Called]) -> None:
        body = json.dumps({"reports": [{**LISTED, "x": "TEXT"}, {**LISTED, "reportId": "TEXT"}]}).replace("TEXT", text)
        with serving(Answer(200, body.encode())) as host:
            first, second = t.cast("t.Any", listed(at(host)))
        assert first.job_id == "1"
        assert "\ufffd" in second.job_id

    def test_nor_does_it_hide_what_an_error_says(self, at: Callable[[Host], Called]) -> None:
        body = rb'{"errors": [{"code": "Unauthorized", "message": "Access to the resource \ud800 is forbidden"}]}'
        with serving(Answer(403, body)) as host, pytest.raises(AmazonError, match="Access to the resource \ufffd is"):
            at(host).reports.status("1")

    @pytest.mark.parametrize("break_", ["\\n", "\\r\\n   "])
    def test_a_secret_that_a_line_end_breaks_is_found_before_lines_are_joined(
        self, break_: str, at: Callable[[Host], Called]
    ) -> None:
        body = f'{{"errors": [{{"message": "token Atza|SECRET{break_}SECRET was refused"}}]}}'
        with serving(Answer(400, body.encode())) as host, pytest.raises(AmazonError) as caught:
            at(host).reports.status("1")
        assert str(caught.value) == "getReport: token *** was refused"

    def test_tokens_that_amazon_issued_are_known_whatever_they_look_like(self, at: Callable[[Host], Called]) -> None:
        token = Answer(200, b'{"restrictedDataToken": "planted-restricted-token"}')
        echo = b'{"errors": [{"message": "PLANTED-restricted-token and planted-access%2Dtoken"}]}'
        login = Answer(200, b'{"access_token": "planted-access-token"}')
        with serving(login, token, Answer(400, echo)) as host:
            api = at(host)
            api.client.auth.drop_token()
            with pytest.raises(AmazonError) as caught:
                api.reports.fetch("1", RESTRICTED)
        assert str(caught.value) == "getReportDocument: *** and ***"


class TestSize:
    @pytest.mark.parametrize("zipped", [False, True])
    def test_an_answer_without_end_is_cut_off(self, at: Callable[[Host], Called], *, zipped: bool) -> None:
        content = b'{"reports": [], "x": "' + b"y" * LARGEST_ANSWER + b'"}'
        answer = (
            Answer(200, gzip.compress(content, 1), {"Content-Encoding": "gzip"}) if zipped else Answer(200, content)
        )
        with serving(answer) as host, pytest.raises(MalformedAnswerError, match="an answer of more than 32 MiB"):
            listed(at(host))
        assert len(host.seen) == 1


class TestCases:
    """What was sent on 2026-11-27; our own copies of each kind are above."""

    @pytest.mark.skipif(not CASES.exists(), reason="the folder is not there")
    @pytest.mark.parametrize("folder", sorted(CASES.iterdir()) if CASES.exists() else [], ids=lambda path: path.name)
    def test_each_ends_in_a_typed_error_or_an_answer(
        self, folder: Path, at: Callable[[Host], Called], clock: FakeClock
    ) -> None:
        (head,) = folder.glob("*.head")
        if head.stem == "document":
            pytest.skip("read by the readers of documents")
        (body,) = folder.glob("*.json")
        first, *rest = head.read_text().splitlines()
        headers = dict(line.split(": ", 1) for line in rest if line)
        answer = Answer(int(first.split()[1]), body.read_bytes(), headers)
        case = OPERATIONS.get(head.stem)
        before = clock()
        with serving(*[answer] * 99) as host:
            api = at(host)
            words = self.outcome(api, case)
        assert not any(secret in words for secret in ("REFRESHvendor", "SECRETsecret", "Atzr", "Atza"))
        assert (clock() - before).total_seconds() <= LONGEST_REQUEST

    @staticmethod
    def outcome(api: Called, case: Case | None) -> str:
        """What is said in the end; anything but a typed error is a traceback."""
        try:
            if case:
                return str(case.call(api))
            api.client.auth.update_access_token()
        except AmazonError as error:
            return str(error)
        return ""
