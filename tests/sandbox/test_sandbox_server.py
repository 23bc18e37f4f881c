"""The sandbox on a real socket: what the in-memory client cannot see."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import requests

from amazon_sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, Server, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.conftest import Clock

    Serve = Callable[..., contextlib.AbstractContextManager[tuple[Sandbox, Server]]]

BODY = {
    "reportType": "GET_VENDOR_TRAFFIC_REPORT",
    "marketplaceIds": ["ATVPDKIKX0DER"],
    "dataStartTime": "2026-11-15",
    "dataEndTime": "2026-11-16",
    "reportOptions": {"reportPeriod": "DAY"},
}


@pytest.fixture
def serve(clock: Clock) -> Serve:
    """Serve sandboxes with settings of their own."""

    @contextlib.contextmanager
    def serve(**settings: Any) -> Iterator[tuple[Sandbox, Server]]:
        sandbox = Sandbox(clock=clock, **settings)
        with running(sandbox) as server:
            yield sandbox, server

    return serve


def log_in(server: Server) -> dict[str, str]:
    """The headers of a caller with a good token."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": "Atzr|sandbox-vendor-us",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    answer = requests.post(server.auth_url, data=form, timeout=5)
    return {"x-amz-access-token": answer.json()["access_token"]}


def create(server: Server, headers: dict[str, str], timeout: float = 5) -> requests.Response:
    """Ask for a report."""
    return requests.post(f"{server.url}/reports/2021-06-30/reports", json=BODY, headers=headers, timeout=timeout)


def link(server: Server, headers: dict[str, str], clock: Clock) -> str:
    """Ask for a report, wait for it, and ask where its document is."""
    base = f"{server.url}/reports/2021-06-30"
    report_id = create(server, headers).json()["reportId"]
    clock.advance(seconds=90)
    report = requests.get(f"{base}/reports/{report_id}", headers=headers, timeout=5).json()
    document = requests.get(f"{base}/documents/{report['reportDocumentId']}", headers=headers, timeout=5).json()
    url: str = document["url"]
    return url


def test_document_is_on_the_same_host(serve: Serve, clock: Clock) -> None:
    with serve() as (_, server):
        url = link(server, log_in(server), clock)
        assert url.startswith(f"{server.url}/documents/")
        assert requests.get(url, timeout=5).status_code == 200


def test_document_host_does_not_follow_the_host_header(serve: Serve) -> None:
    """Some clients send a host header that leads nowhere."""
    with serve() as (sandbox, server):
        requests.get(f"{server.url}/", headers={"host": "27.0.0.1:80"}, timeout=5)
        assert sandbox.url == server.url


def test_wildcard_address_is_reached_by_any_name(clock: Clock) -> None:
    sandbox = Sandbox(clock=clock)
    with running(sandbox, host="0.0.0.0") as server:  # noqa: S104 - what is tested
        assert server.url.startswith("http://127.0.0.1:")
        by_name = Server(server.url.replace("127.0.0.1", "localhost"))
        assert link(by_name, log_in(by_name), clock).startswith(f"{by_name.url}/documents/")


def test_connection_reset_after_create(serve: Serve) -> None:
    with serve(faults=["connection_reset"]) as (sandbox, server):
        headers = log_in(server)
        with pytest.raises(requests.ConnectionError, match="reset"):
            create(server, headers)
        listed = f"{server.url}/reports/2021-06-30/reports?reportTypes=GET_VENDOR_TRAFFIC_REPORT"
        assert len(requests.get(listed, headers=headers, timeout=5).json()["reports"]) == 1
        assert [call.status for call in sandbox.calls] == [200, 0, 200]


def test_document_reset_in_the_middle(serve: Serve, clock: Clock) -> None:
    with serve(faults=["document_reset"], asins=400) as (_, server):
        url = link(server, log_in(server), clock)
        with pytest.raises(requests.RequestException):
            requests.get(url, timeout=5)
        assert requests.get(url, timeout=5).status_code == 200


def test_answer_is_held_back_until_the_client_gives_up(serve: Serve) -> None:
    with serve(faults=["read_timeout"]) as (_, server):
        headers = log_in(server)
        with pytest.raises(requests.ReadTimeout):
            create(server, headers, timeout=0.2)
        assert create(server, headers).status_code == 202


def test_answer_is_held_back_no_longer_than_set(serve: Serve) -> None:
    with serve(faults=["read_timeout"], stall_seconds=0.1) as (_, server):
        headers = log_in(server)
        with pytest.raises(requests.ConnectionError, match="reset"):
            create(server, headers)


def test_stopping_does_not_wait_for_held_back_answers(serve: Serve) -> None:
    def call(server: Server, headers: dict[str, str]) -> None:
        with contextlib.suppress(requests.RequestException):
            create(server, headers, timeout=30)

    with serve(faults=["read_timeout"]) as (sandbox, server):
        caller = threading.Thread(target=call, args=(server, log_in(server)))
        caller.start()
        while len(sandbox.calls) < 2:
            time.sleep(0.001)
    started = time.monotonic()
    caller.join(timeout=10)
    assert time.monotonic() - started < 5


def test_faults_leave_no_trace_on_the_console(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    with serve(faults=["connection_reset"]) as (_, server):
        headers = log_in(server)
        with pytest.raises(requests.ConnectionError):
            create(server, headers)
        create(server, headers)
    assert capfd.readouterr() == ("", "")


def test_port_in_use_is_an_os_error(serve: Serve, clock: Clock) -> None:
    with (
        serve() as (_, server),
        pytest.raises(OSError, match="in use"),
        running(Sandbox(clock=clock), port=int(server.url.rpartition(":")[2])),
    ):
        pass


def test_port_is_free_again_afterwards(serve: Serve, clock: Clock) -> None:
    with serve() as (_, server):
        requests.get(server.url, timeout=5)
    port = int(server.url.rpartition(":")[2])
    with running(Sandbox(clock=clock), port=port) as again:
        assert requests.get(again.url, timeout=5).status_code == 200
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
        pass


def test_many_callers_at_once_get_reports_of_their_own(serve: Serve) -> None:
    with serve() as (sandbox, server):
        headers = log_in(server)
        answers: list[requests.Response] = []
        threads = [threading.Thread(target=lambda: answers.append(create(server, headers))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for answer in answers) == [202] * 15 + [429] * 5
        made = {answer.json()["reportId"] for answer in answers if answer.status_code == 202}
        assert len(made) == 15
        assert len({answer.headers["x-amzn-RequestId"] for answer in answers}) == 20
        assert len(sandbox.calls) == 21


def test_many_callers_of_many_accounts_lose_no_call(serve: Serve) -> None:
    """What the tap does when it asks, polls and downloads from several threads."""
    labels = ("vendor-us", "seller-us", "seller-de", "seller-jp")
    settlement = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
    rounds = 5

    def work(server: Server, sandbox: Sandbox, label: str) -> None:
        account = next(account for account in sandbox.accounts if account.label == label)
        form = {
            "grant_type": "refresh_token",
            "refresh_token": account.refresh_token,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
        token = requests.post(server.auth_url, data=form, timeout=30).json()["access_token"]
        headers = {"x-amz-access-token": token}
        base = f"{server.url}/reports/2021-06-30"
        report_type = settlement if account.kind == "seller" else BODY["reportType"]
        for _ in range(rounds):
            listed = requests.get(f"{base}/reports?reportTypes={report_type}", headers=headers, timeout=30).json()
            seen[label].append([report["reportId"] for report in listed["reports"]])
            for report in listed["reports"][:1]:
                path = f"{base}/documents/{report['reportDocumentId']}"
                answer = requests.get(path, headers=headers, timeout=30)
                assert requests.get(answer.json()["url"], timeout=30).status_code == 200

    seen: dict[str, list[list[str]]] = {label: [] for label in labels}
    with serve(asins=4) as (sandbox, server):
        threads = [threading.Thread(target=work, args=(server, sandbox, label)) for label in labels for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counts = Counter((call.operation, call.status) for call in sandbox.calls)
    assert counts == {
        ("token", 200): len(threads),
        ("getReports", 200): len(threads) * rounds,
        ("getReportDocument", 200): 6 * rounds,
        ("download", 200): 6 * rounds,
    }
    for label, lists in seen.items():
        assert lists == [lists[0]] * 2 * rounds
        assert bool(lists[0]) == label.startswith("seller")
