"""The one HTTP client: a requests session whose requests follow the retry policy.

Everything goes through `requests.Session.request`, never through `Session.send`, because only
the former merges the proxies and certificate bundles of the environment (``HTTPS_PROXY``,
``NO_PROXY``, ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``) into the request.
"""

from __future__ import annotations

import http.client
import logging
import math
import os
import platform
import threading
import typing as t
from http import HTTPStatus
from importlib import metadata
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import LocationValueError, NameResolutionError, NewConnectionError

from tap_amazon_vendor.amazon.deadline import BoundedAdapter, Budget, Limit
from tap_amazon_vendor.amazon.retry import LONGEST_REQUEST, MAX_TRIES, PassingError, RetryPolicy
from tap_amazon_vendor.errors import (
    AmazonError,
    MalformedAnswerError,
    TapFaultError,
    UnansweredError,
    UnavailableError,
    without_frames,
)

if t.TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import datetime

    from tap_amazon_vendor.amazon.retry import Sleep

logger = logging.getLogger("tap-amazon-vendor.transport")

#: Seconds to connect, and to wait between two bytes of a response.
TIMEOUT = (10, 120)

#: Seconds that one try may take, and has even if the deadline is near. A response that is streamed, of any size, may
#: take longer if its bytes come at no less than that many a second.
LONGEST_TRY = 120.0
SHORTEST_TRY = 10.0
SLOWEST_STREAM = 32 << 10

#: Bytes of a response that is read at once.
LARGEST_ANSWER = 32 << 20

#: Longest `Retry-After`, in seconds, that is believed; a longer one ends the request.
LONGEST_RETRY_AFTER = 300.0

#: Tries if the local sandbox is not running: a person is waiting.
LOCAL_TRIES = 4

#: Connections kept open to one host: as many as there are threads.
CONNECTIONS = 32

_CHUNK = 1 << 16


def user_agent() -> str:
    """Return the User-Agent that Amazon asks for (docs/amazon/requests.md#headers).

    Returns:
        ``AppName/Version (Language=...; Platform=...)``.
    """
    version = metadata.version("tap-amazon-vendor")
    language = f"Python/{platform.python_version()}"
    return f"tap-amazon-vendor/{version} (Language={language}; Platform={platform.system()})"


class Transport:
    """Sends requests, and retries those that fail for a transient reason. Each has a deadline."""

    def __init__(
        self, *, clock: Callable[[], datetime], sleep: Sleep, rng: random.Random, tries: int = MAX_TRIES
    ) -> None:
        """Create the session.

        Args:
            clock: Returns the current time, aware.
            sleep: Waits the given seconds.
            rng: Source of the jitter between tries.
            tries: Most tries of a request that fails for a transient reason.
        """
        self._clock = clock
        self._policy = RetryPolicy(sleep=sleep, rng=rng, tries=tries)
        #: Of each thread, the limit of the try that it makes.
        self._tries = threading.local()
        self._session = requests.Session()
        # One connection for each thread: several accounts of a region talk to one host.
        self._session.mount("https://", BoundedAdapter(self._limit, CONNECTIONS))
        self._session.mount("http://", BoundedAdapter(self._limit, CONNECTIONS))
        self._session.headers["User-Agent"] = user_agent()
        # requests knows REQUESTS_CA_BUNDLE, which still wins, but not OpenSSL's own variable.
        self._session.verify = os.environ.get("SSL_CERT_FILE") or True
        # At DEBUG urllib3 prints the path of every request, and with it presigned signatures.
        logging.getLogger("urllib3").setLevel(logging.INFO)

    def request(  # noqa: PLR0913  # each is one part of a request
        self,
        method: str,
        url: str,
        *,
        repeatable: bool = True,
        tries: int | None = None,
        deadline: float | None = None,
        largest: int = LARGEST_ANSWER,
        retry_after: Callable[[requests.Response], float | None] = lambda _: None,
        check: Callable[[requests.Response], object] = lambda _: None,
        auth: Callable[[requests.PreparedRequest], requests.PreparedRequest] = lambda request: request,
        stream: bool = False,
        **kwargs: t.Any,  # noqa: ANN401  # as requests types them
    ) -> requests.Response:
        """Send one request until it has a response that a retry would not change.

        HTTP 429, 5xx and unreadable responses are retried. Any other response, good or bad, is
        returned; so is a redirect, which is never followed: it might carry our secrets anywhere.

        Args:
            method: HTTP verb.
            url: Where to send it.
            repeatable: False if a second request would have a second effect. Such a request is only
                retried if it did not arrive, or if Amazon itself says that it failed.
            tries: Most tries, where that is fewer than usual.
            deadline: Seconds for all tries and pauses, `LONGEST_REQUEST` if None.
            largest: Bytes of the largest response; of a stream any number.
            retry_after: The seconds after which a response is worth a retry, None to let its status decide.
            check: Raises MalformedAnswerError if a good response is not the expected one, but, say, the page of a
                failing load balancer.
            auth: Completes each try's request. What it waits for at the first one does not count towards the
                deadline.
            stream: Leave the body to the caller.
            kwargs: Passed on to `requests.Session.request`.

        Returns:
            The last response.

        Raises:
            UnansweredError: A request that must not be repeated may or may not have arrived.
            MalformedAnswerError: No try got an expected response, or one was too large.
            UnavailableError: No try got a response.
        """
        budget = Budget(deadline or LONGEST_REQUEST)

        def attempt() -> requests.Response:
            try:
                response = self._send(budget, auth, largest, method, url, stream=stream, **kwargs)
            except (requests.RequestException, MalformedAnswerError, ValueError, OSError) as error:
                raise _judge_error(error, url, repeatable=repeatable) from None
            passing = _judge_answer(response, url, check, repeatable=repeatable)
            pause = None if response.ok else retry_after(response)
            if passing is None and pause is None:
                return response
            passing = passing or PassingError(f"{_host(url)}: HTTP {response.status_code}")
            asked = asked_to_wait(response)
            if asked > LONGEST_RETRY_AFTER:
                passing.most_tries = 1
            passing.pause = max(pause or 0, asked) if asked else pause
            passing.response = response
            raise passing

        return self._policy.run(attempt, tries=tries, budget=budget)

    def _send(  # noqa: PLR0913  # each is one part of a try
        self,
        budget: Budget,
        auth: Callable[[requests.PreparedRequest], requests.PreparedRequest],
        largest: int,
        method: str,
        url: str,
        *,
        stream: bool,
        **kwargs: t.Any,  # noqa: ANN401  # as requests types them
    ) -> requests.Response:
        """Make one try, and take its time off the budget."""

        def start(request: requests.PreparedRequest) -> requests.PreparedRequest:
            # Before our limit is set: it may send a request of its own. What the first try waits for is free.
            began = self._clock()
            try:
                request = auth(request)
            except AmazonError:
                raise
            except Exception as error:  # noqa: BLE001  # it would pass for one of this request
                raise TapFaultError.of(error, f"a token for {_host(url)}") from None
            if budget.tries:
                budget.spend((self._clock() - began).total_seconds())
            budget.tries += 1
            rate = SLOWEST_STREAM if stream else math.inf
            seconds = min(LONGEST_TRY, max(budget.left, SHORTEST_TRY))
            self._tries.limit = Limit(self._clock, seconds, rate)
            return request

        self._tries.limit = None
        try:
            response = self._session.request(
                method, url, auth=start, stream=True, allow_redirects=False, **{"timeout": TIMEOUT, **kwargs}
            )
            if not stream:
                _read(response, largest)
        finally:
            if self._tries.limit:
                budget.spend(self._tries.limit.elapsed)
        return response

    def _limit(self) -> Limit:
        """Return the limit of the current thread's try."""
        return self._tries.limit or Limit(self._clock, LONGEST_TRY)


def asked_to_wait(response: requests.Response) -> float:
    """Return the seconds that ``Retry-After`` asks for, 0 for none; its other form, a date, is ignored."""
    try:
        seconds = float(response.headers.get("Retry-After") or 0)
    except ValueError:
        return 0.0
    return seconds if seconds > 0 else 0.0


def redirect(response: requests.Response) -> str | None:
    """Say where a redirect leads, without what may be secret in its URL; None if the response is none."""
    if not HTTPStatus.MULTIPLE_CHOICES <= response.status_code < HTTPStatus.BAD_REQUEST:
        return None
    place = _host(response.headers.get("Location", ""))
    return f"HTTP {response.status_code}, a redirect{f' to {place}' if place else ''}, which is not followed"


def _read(response: requests.Response, largest: int) -> None:
    """Read a body, decompressed, into the response.

    Raises:
        MalformedAnswerError: It is larger than allowed.
    """
    parts: list[bytes] = []
    size = 0
    for part in response.iter_content(_CHUNK):
        size += len(part)
        if size > largest:
            # The error's traceback keeps this frame, and so its variables, alive.
            parts.clear()
            response.close()
            text = f"{_host(response.url)}: HTTP {response.status_code} with an answer of more than {largest >> 20} MiB"
            raise MalformedAnswerError(text)
        parts.append(part)
    # As `requests.Response.content` does it, without a bound.
    response._content = b"".join(parts)  # noqa: SLF001


def _unless(repeatable: bool, error: MalformedAnswerError) -> AmazonError:  # noqa: FBT001
    """Return an error, or the one that stands for it where the request must not be repeated."""
    return error if repeatable else UnansweredError(error.text, request_id=error.request_id)


def _judge_error(error: Exception, url: str, *, repeatable: bool) -> Exception:
    """Return what to raise for a try without a response: PassingError if a retry may help."""
    if isinstance(error, MalformedAnswerError):
        return _unless(repeatable, error)
    if not isinstance(error, requests.RequestException):
        return _judge_odd_error(error, url)
    problem = f"{_host(url)}: {_describe(error)}{_hint(error, url)}"
    if isinstance(error, (requests.exceptions.SSLError, ValueError)):
        # A URL or a header that is not valid is a ValueError, too.
        return UnavailableError(problem)
    if not repeatable and not _never_arrived(error):
        return UnansweredError(problem)
    return PassingError(problem, most_tries=LOCAL_TRIES if _is_local(error, url) else math.inf)


def _judge_odd_error(error: Exception, url: str) -> AmazonError:
    """Return what to raise for an error that is not one of requests."""
    if isinstance(error, (LocationValueError, UnicodeError, http.client.InvalidURL)):
        return UnavailableError(f"{_host(url)}: the URL is not valid")
    if isinstance(error, OSError):
        # The environment names a certificate bundle that can't be read.
        return UnavailableError(f"{_host(url)}: {error}")
    return TapFaultError.of(error, f"a request to {_host(url)}")


def _judge_answer(
    response: requests.Response, url: str, check: Callable[[requests.Response], object], *, repeatable: bool
) -> PassingError | None:
    """Return why a retry may change a response, None for a final one.

    Raises:
        UnansweredError: The request must not be repeated, and its effect is unknown.
    """
    status = response.status_code
    problem = f"{_host(url)}: HTTP {status}"
    if not response.ok:
        if not repeatable and status in {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}:
            # From a gateway: how far the request got is unknown.
            raise UnansweredError(problem)
        return PassingError(problem) if _passing(status) else None
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        return None
    try:
        check(response)
    except MalformedAnswerError as caught:
        error = without_frames(caught)
        # It is not needed any more.
        response._content = b""  # noqa: SLF001
    else:
        return None
    if not repeatable:
        raise _unless(repeatable, error)
    return PassingError(error.text, error=error)


def _host(url: str) -> str:
    """Return host and port of a URL, without a password."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return "a URL that is not valid"


def _passing(status: int) -> bool:
    """Return whether a retry may change an HTTP status (docs/amazon/errors.md#http-errors)."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _causes(error: BaseException) -> list[BaseException]:
    """List an error and its causes: requests wraps urllib3, which wraps sockets."""
    found: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        item = queue.pop(0)
        if isinstance(item, BaseException) and item not in found:
            found.append(item)
            queue += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return found


def _never_arrived(error: requests.RequestException) -> bool:
    """Return whether the request certainly did not reach the server."""
    return any(
        isinstance(cause, (NewConnectionError, NameResolutionError, requests.ConnectTimeout))
        for cause in _causes(error)
    )


def _describe(error: requests.RequestException) -> str:
    """Describe a network error without its text, which quotes URLs and proxies."""
    causes = _causes(error)
    kinds: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
        ((requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema), "the URL is not valid"),
        (requests.exceptions.SSLError, "the certificate could not be verified"),
        (requests.exceptions.ProxyError, "the proxy did not let the request through"),
        (NameResolutionError, "the host name could not be resolved"),
        (ConnectionRefusedError, "connection refused"),
        ((requests.Timeout, TimeoutError), "no answer in time"),
        (ConnectionResetError, "connection reset"),
    )
    for kind, words in kinds:
        if any(isinstance(cause, kind) for cause in causes):
            return words
    return f"the connection broke ({type(error).__name__})"


def _is_local(error: requests.RequestException, url: str) -> bool:
    """Return whether nothing listens on a local port, where the sandbox might be."""
    refused = any(isinstance(cause, ConnectionRefusedError) for cause in _causes(error))
    return refused and urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


def _hint(error: requests.RequestException, url: str) -> str:
    """Return what the user can do about a network error."""
    if _is_local(error, url):
        return ". Is the sandbox running? Start it with `amazon-vendor sandbox`"
    if isinstance(error, requests.exceptions.SSLError):
        return ". Set REQUESTS_CA_BUNDLE to your network's certificate bundle"
    return ""
