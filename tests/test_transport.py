"""The way out: real sockets, real proxies, real certificates, and no real waiting."""

from __future__ import annotations

import logging
import random
import socket
import ssl
import typing as t
from contextlib import ExitStack

import pytest
import trustme
from hosts import Answer, Fate, Host, free_url, serving

from tap_amazon_vendor.amazon.retry import MAX_TRIES
from tap_amazon_vendor.amazon.transport import LOCAL_TRIES, Transport, user_agent
from tap_amazon_vendor.errors import MalformedAnswerError, UnansweredError, UnavailableError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import requests
    from clocks import FakeClock

pytestmark = pytest.mark.usefixtures("bare_environment")

SECRET = "X-Amz-Signature=0123456789abcdef"


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Whoever signs the certificates: nobody that this computer trusts."""
    return trustme.CA()


@pytest.fixture(scope="session")
def bundle(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("certificates") / "bundle.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def send(clock: FakeClock) -> Iterator[Callable[..., requests.Response]]:
    """Send with a fresh transport: the environment counts from then on."""
    made: list[Transport] = []

    def send(method: str, url: str, **kwargs: t.Any) -> requests.Response:  # those of `request`
        made.append(Transport(clock=clock, sleep=clock.sleep, rng=random.Random(1)))  # jitter
        return made[-1].request(method, url, **kwargs)

    yield send
    for transport in made:
        transport._session.close()


@pytest.fixture
def naps(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, in seconds."""
    slept: list[float] = []
    monkeypatch.setattr(clock, "sleep", slept.append)
    return slept


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer for the network's name server, which may be slow to say that it knows no such host."""
    original = socket.getaddrinfo

    def look_up(host: str, *args: t.Any, **kwargs: t.Any) -> t.Any:  # as the original
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return original(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def only_good(response: requests.Response) -> None:
    if response.content != b"good":
        text = f"localhost: HTTP {response.status_code} with an answer that can't be read"
        raise MalformedAnswerError(text)


def never(response: requests.Response) -> None:
    text = f"x: HTTP {response.status_code} with an answer that can't be read"
    raise MalformedAnswerError(text)


class TestAnswers:
    def test_the_first_good_answer_is_returned(self, send: Callable[..., requests.Response], naps: list[float]) -> None:
        with serving(Answer(body=b'{"a": 1}')) as host:
            assert send("GET", f"{host.url}/x").json() == {"a": 1}
        assert len(host.seen) == 1
        assert naps == []

    @pytest.mark.parametrize("status", [201, 202, 204, 400, 401, 403, 404, 413, 415, 422])
    def test_what_a_retry_would_not_change_is_returned_at_once(
        self, status: int, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with serving(Answer(status, b"")) as host:
            assert send("GET", host.url).status_code == status
        assert len(host.seen) == 1
        assert naps == []

    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    def test_what_passes_by_itself_is_tried_again(
        self, status: int, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with serving(Answer(status), Answer(status), Answer(body=b"good")) as host:
            assert send("GET", host.url).content == b"good"
        assert len(host.seen) == 3
        assert len(naps) == 2

    def test_the_last_answer_is_returned_when_nothing_helps(
        self, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with serving(*(Answer(503, b"%d" % number) for number in range(12))) as host:
            response = send("GET", host.url)
        assert (response.status_code, response.content) == (503, b"8")
        assert len(host.seen) == MAX_TRIES == 9
        assert len(naps) == MAX_TRIES - 1

    def test_pauses_double_with_jitter_up_to_a_limit(self, clock: FakeClock, naps: list[float]) -> None:
        transport = Transport(clock=clock, sleep=clock.sleep, rng=random.Random(1), tries=10)
        with serving(*[Answer(503)] * 10) as host:
            transport.request("GET", host.url)
        transport._session.close()
        for pause, full in zip(naps, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
            assert full / 2 <= pause <= full
        assert len(set(naps)) == 9

    def test_a_pause_is_never_longer_than_a_minute(self, clock: FakeClock, naps: list[float]) -> None:
        class Longest(random.Random):
            def uniform(self, _: float, b: float) -> float:
                return b

        transport = Transport(clock=clock, sleep=clock.sleep, rng=Longest(), tries=12)
        with serving(*[Answer(503)] * 12) as host:
            transport.request("GET", host.url)
        transport._session.close()
        assert naps == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]

    def test_the_jitter_comes_from_the_generator_that_was_handed_in(
        self, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with serving(Answer(500), Answer(500)) as host:
            send("GET", host.url)
        rng = random.Random(1)
        assert naps == [rng.uniform(0.5, 1) * 1, rng.uniform(0.5, 1) * 2]

    def test_a_pause_that_the_answer_asks_for_is_kept(
        self, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with serving(Answer(429, headers={"Retry-After": "123"}), Answer(503)) as host:
            send("GET", host.url, retry_after=lambda response: float(response.headers.get("Retry-After", 7)))
        assert naps == [123, 7]

    def test_a_pause_of_nothing_is_no_pause(self, send: Callable[..., requests.Response], naps: list[float]) -> None:
        with serving(Answer(429)) as host:
            send("GET", host.url, retry_after=lambda _: 0.0)
        assert naps == [0.0]

    def test_every_try_sends_the_whole_request(self, send: Callable[..., requests.Response], naps: list[float]) -> None:
        with serving(Answer(500)) as host:
            send("POST", f"{host.url}/reports", json={"reportType": "X"}, headers={"x-test": "1"})
        assert [(one.method, one.target, one.body) for one in host.seen] == [
            ("POST", "/reports", b'{"reportType": "X"}')
        ] * 2
        assert all(one.headers["x-test"] == "1" for one in host.seen)
        assert len(naps) == 1

    def test_amazon_is_told_who_calls(self, send: Callable[..., requests.Response]) -> None:
        with serving() as host:
            send("GET", host.url)
        sent = host.seen[0].headers["User-Agent"]
        assert sent == user_agent()
        assert sent.startswith("tap-amazon-vendor/")
        assert "(Language=Python/" in sent
        assert "Platform=" in sent
        assert len(sent) <= 500


class TestUnreadableAnswers:
    """A load balancer's page in place of Amazon's answer."""

    def test_a_good_status_with_a_page_is_tried_again(
        self, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with serving(Answer(body=b"<html>"), Answer(body=b"good")) as host:
            assert send("GET", host.url, check=only_good).content == b"good"
        assert len(host.seen) == 2
        assert len(naps) == 1

    def test_a_page_that_stays_is_an_error_without_its_text(
        self, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with (
            serving() as host,
            pytest.raises(UnavailableError, match="HTTP 200 with an answer") as caught,
        ):
            send("GET", f"{host.url}/?{SECRET}", check=never)
        assert SECRET not in str(caught.value)
        assert len(host.seen) == MAX_TRIES
        assert len(naps) == MAX_TRIES - 1

    def test_what_must_not_be_repeated_is_not_sent_again_for_it(
        self, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with serving() as host, pytest.raises(UnansweredError, match="HTTP 200"):
            send("POST", host.url, repeatable=False, check=never)
        assert len(host.seen) == 1
        assert naps == []

    def test_a_bad_status_needs_no_readable_answer(self, send: Callable[..., requests.Response]) -> None:
        with serving(Answer(404, b"<html>")) as host:
            assert send("GET", host.url, check=never).status_code == 404


class TestBrokenConnections:
    @pytest.mark.parametrize("fate", list(Fate))
    def test_a_request_that_may_be_repeated_is_sent_again(
        self, fate: Fate, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with serving(fate, fate, Answer(body=b"good")) as host:
            assert send("GET", host.url).content == b"good"
        assert len(host.seen) == 3
        assert len(naps) == 2

    @pytest.mark.parametrize("fate", list(Fate))
    def test_a_request_that_must_not_be_repeated_is_not_sent_again(
        self, fate: Fate, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with serving(fate) as host, pytest.raises(UnansweredError, match=r"^localhost:\d+: (the )?connection"):
            send("POST", host.url, json={}, repeatable=False)
        assert len(host.seen) == 1
        assert naps == []

    def test_an_answer_that_does_not_come_in_time_counts_as_broken(
        self, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            with pytest.raises(UnansweredError, match="no answer in time"):
                send("POST", url, json={}, repeatable=False, timeout=(1, 0.05))
        assert naps == []

    @pytest.mark.parametrize("repeatable", [True, False])
    def test_a_refused_connection_is_tried_again_because_nothing_arrived(
        self, send: Callable[..., requests.Response], naps: list[float], *, repeatable: bool
    ) -> None:
        with pytest.raises(UnavailableError, match="connection refused"):
            send("POST", free_url(), json={}, repeatable=repeatable)
        assert len(naps) == LOCAL_TRIES - 1

    def test_a_host_that_comes_up_late_is_reached(
        self, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, send: Callable[..., requests.Response]
    ) -> None:
        url = free_url()
        with ExitStack() as stack:
            up: list[Host] = []

            def come_up(_: float) -> None:
                up.append(stack.enter_context(serving(port=int(url.rpartition(":")[2]))))

            monkeypatch.setattr(clock, "sleep", come_up)
            assert send("POST", url, json={}, repeatable=False).status_code == 200
            assert [len(host.seen) for host in up] == [1]

    @pytest.mark.usefixtures("no_names")
    def test_a_host_that_does_not_exist_is_said_to_be_unknown(
        self, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        with pytest.raises(UnavailableError, match=r"^nowhere\.invalid: the host name could not be resolved"):
            send("POST", f"https://nowhere.invalid/x?{SECRET}", json={}, repeatable=False)
        assert len(naps) == MAX_TRIES - 1

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
    def test_a_local_host_that_does_not_answer_is_taken_for_the_sandbox(
        self, host: str, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        port = free_url().rpartition(":")[2]
        with pytest.raises(UnavailableError, match="Start it with `amazon-vendor sandbox`"):
            send("GET", f"http://{host}:{port}")
        assert naps

    def test_a_local_host_of_ipv6_is_taken_for_the_sandbox_too(
        self, send: Callable[..., requests.Response], naps: list[float]
    ) -> None:
        port = free_url().rpartition(":")[2]
        with pytest.raises(UnavailableError, match="Start it with `amazon-vendor sandbox`"):
            send("GET", f"http://[::1]:{port}")
        assert naps

    def test_a_stream_is_the_callers_to_read(self, send: Callable[..., requests.Response]) -> None:
        with serving(Answer(503), Answer(body=b"x" * 1000)) as host, send("GET", host.url, stream=True) as response:
            assert response.raw.read(10) == b"x" * 10

    def test_a_redirect_is_never_followed(self, send: Callable[..., requests.Response]) -> None:
        with serving(Answer(302, headers={"Location": "/elsewhere"})) as host:
            assert send("GET", host.url).status_code == 302
        assert [one.target for one in host.seen] == ["/"]


class TestSecrets:
    """URLs are secrets: what is presigned opens to whoever has it."""

    def all_words(self, caught: pytest.ExceptionInfo[BaseException], caplog: pytest.LogCaptureFixture) -> str:
        """All that a traceback and the log would show."""
        words = caplog.text
        error: BaseException | None = caught.value
        while error:
            words += str(error)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return words

    @pytest.fixture(autouse=True)
    def everything_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)

    @pytest.mark.parametrize("fate", list(Fate))
    def test_a_broken_connection_quotes_no_url(
        self,
        fate: Fate,
        send: Callable[..., requests.Response],
        naps: list[float],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        with serving(*[fate] * MAX_TRIES) as host, pytest.raises(UnavailableError) as caught:
            send("GET", f"{host.url}/documents/secret-path?{SECRET}")
        words = self.all_words(caught, caplog)
        assert "localhost" in words
        assert "trying again" in words
        assert "0123456789abcdef" not in words
        assert "secret-path" not in words
        assert naps

    def test_a_retry_after_an_answer_quotes_no_url(
        self, send: Callable[..., requests.Response], naps: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        with serving(Answer(503), Answer(429)) as host:
            send("GET", f"{host.url}/documents/secret-path?{SECRET}", headers={"x-amz-access-token": "Atza|secret"})
        assert "HTTP 503, trying again in" in caplog.text
        assert "HTTP 429, trying again in" in caplog.text
        assert not any(word in caplog.text for word in ("0123456789abcdef", "secret-path", "Atza"))
        assert len(naps) == 2

    @pytest.mark.usefixtures("no_names")
    @pytest.mark.parametrize("url", [f"http://nowhere.invalid/secret-path?{SECRET}", f"{{free}}/secret-path?{SECRET}"])
    def test_an_unreachable_host_quotes_no_url(
        self, url: str, send: Callable[..., requests.Response], naps: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.raises(UnavailableError) as caught:
            send("GET", url.format(free=free_url()))
        words = self.all_words(caught, caplog)
        assert "0123456789abcdef" not in words
        assert "secret-path" not in words
        assert naps

    def test_a_password_in_a_url_is_not_quoted(
        self, send: Callable[..., requests.Response], naps: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.raises(UnavailableError) as caught:
            send("GET", free_url().replace("//", "//user:hunter2@"))
        assert "hunter2" not in self.all_words(caught, caplog)
        assert naps

    def test_a_password_of_the_proxy_is_not_quoted(
        self,
        send: Callable[..., requests.Response],
        naps: list[float],
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", free_url().replace("//", "//user:hunter2@"))
        with pytest.raises(UnavailableError, match="the proxy did not let the request through") as caught:
            send("GET", f"https://sellingpartnerapi-na.amazon.com/?{SECRET}")
        words = self.all_words(caught, caplog)
        assert "hunter2" not in words
        assert "0123456789abcdef" not in words
        assert naps


class TestProxies:
    @pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
    def test_http_goes_through_the_proxy_of_the_environment(
        self, name: str, send: Callable[..., requests.Response], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving(Answer(body=b"from the proxy")) as proxy:
            monkeypatch.setenv(name, proxy.url)
            assert send("GET", "http://sellingpartnerapi.invalid/reports").content == b"from the proxy"
        assert [one.target for one in proxy.seen] == ["http://sellingpartnerapi.invalid/reports"]

    @pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
    def test_https_is_tunnelled_through_the_proxy_of_the_environment(
        self,
        name: str,
        send: Callable[..., requests.Response],
        tls: ssl.SSLContext,
        bundle: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with serving() as proxy, serving(Answer(body=b"from the host"), tls=tls) as host:
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
            response = send(
                "POST", f"{host.url}/auth?{SECRET}", data={"client_secret": "secret"}, headers={"Connection": "close"}
            )
            assert response.content == b"from the host"
        (tunnel,) = proxy.seen
        assert (tunnel.method, tunnel.target) == ("CONNECT", host.url.removeprefix("https://"))
        assert host.seen[0].body == b"client_secret=secret"

    def test_the_proxys_password_goes_to_the_proxy(
        self, send: Callable[..., requests.Response], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving() as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//user:hunter2@"))
            send("GET", "http://sellingpartnerapi.invalid/")
        assert proxy.seen[0].headers["Proxy-Authorization"] == "Basic dXNlcjpodW50ZXIy"

    @pytest.mark.parametrize("names", ["localhost", "example.com,localhost", "*"])
    def test_no_proxy_names_hosts_that_are_reached_directly(
        self, names: str, send: Callable[..., requests.Response], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving() as proxy, serving() as host:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            monkeypatch.setenv("NO_PROXY", names)
            send("GET", host.url)
        assert (len(proxy.seen), len(host.seen)) == (0, 1)

    def test_other_hosts_than_those_of_no_proxy_go_through_it(
        self, send: Callable[..., requests.Response], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving() as proxy, serving() as host:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            monkeypatch.setenv("NO_PROXY", "example.com")
            send("GET", host.url)
        assert (len(proxy.seen), len(host.seen)) == (1, 0)

    def test_a_streamed_download_goes_through_the_proxy_too(
        self, send: Callable[..., requests.Response], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving(Answer(body=b"document")) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            with send("GET", f"http://documents.invalid/7?{SECRET}", stream=True) as response:
                assert response.raw.read() == b"document"
        assert len(proxy.seen) == 1

    def test_what_the_proxy_refuses_is_an_answer(
        self, send: Callable[..., requests.Response], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving(Answer(407)) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            assert send("GET", "http://sellingpartnerapi.invalid/").status_code == 407


class TestCertificates:
    def test_a_certificate_that_nobody_vouches_for_is_refused_at_once_with_a_hint(
        self, send: Callable[..., requests.Response], tls: ssl.SSLContext, naps: list[float]
    ) -> None:
        with serving(tls=tls) as host, pytest.raises(UnavailableError, match="certificate could not be verified"):
            send("GET", host.url)
        assert host.seen == []
        assert naps == []

    def test_the_hint_for_a_host_of_amazon_names_the_setting(
        self,
        send: Callable[..., requests.Response],
        tls: ssl.SSLContext,
        naps: list[float],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A proxy that opens TLS, as company networks have it."""
        with serving(tls=tls) as host, serving() as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            original = socket.create_connection

            def astray(address: tuple[str, int], *args: t.Any, **kwargs: t.Any) -> socket.socket:
                if address[0].endswith(".invalid"):
                    address = ("127.0.0.1", int(host.url.rpartition(":")[2]))
                return original(address, *args, **kwargs)

            monkeypatch.setattr(socket, "create_connection", astray)
            with pytest.raises(UnavailableError, match="Set REQUESTS_CA_BUNDLE") as caught:
                send("GET", f"https://sellingpartnerapi.invalid:443/?{SECRET}")
        assert str(caught.value).startswith("sellingpartnerapi.invalid:443: the certificate could not be verified")
        assert naps == []

    @pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
    def test_a_bundle_of_the_environment_is_trusted(
        self,
        name: str,
        send: Callable[..., requests.Response],
        tls: ssl.SSLContext,
        bundle: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv(name, bundle)
        with serving(tls=tls) as host:
            assert send("GET", host.url).status_code == 200
        assert len(host.seen) == 1

    def test_requests_own_variable_wins_over_that_of_openssl(
        self,
        send: Callable[..., requests.Response],
        tls: ssl.SSLContext,
        bundle: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        other = tmp_path / "other.pem"
        trustme.CA().cert_pem.write_to_path(str(other))
        monkeypatch.setenv("SSL_CERT_FILE", str(other))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        with serving(tls=tls) as host:
            assert send("GET", host.url).status_code == 200

    def test_a_bundle_without_the_authority_trusts_nobody(
        self,
        send: Callable[..., requests.Response],
        tls: ssl.SSLContext,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        other = tmp_path / "other.pem"
        trustme.CA().cert_pem.write_to_path(str(other))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
        with serving(tls=tls) as host, pytest.raises(UnavailableError, match="certificate could not be verified"):
            send("GET", host.url)

    @pytest.mark.parametrize("value", ["", "0", "false", "False", "no"])
    @pytest.mark.parametrize(
        "name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONHTTPSVERIFY"]
    )
    def test_nothing_in_the_environment_turns_verification_off(
        self,
        name: str,
        value: str,
        send: Callable[..., requests.Response],
        tls: ssl.SSLContext,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv(name, value)
        with serving(tls=tls) as host, pytest.raises(UnavailableError):
            send("GET", host.url)
        assert host.seen == []

    @pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
    def test_a_bundle_that_is_not_there_is_one_clear_message(
        self,
        name: str,
        send: Callable[..., requests.Response],
        tls: ssl.SSLContext,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv(name, str(tmp_path / "gone.pem"))
        with serving(tls=tls) as host, pytest.raises(UnavailableError, match=r"gone\.pem"):
            send("GET", host.url)
