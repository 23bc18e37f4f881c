"""The one HTTP client: a requests session whose requests follow the retry policy.

Everything goes through `requests.Session.request`, never through `Session.send`, because only
the former merges the proxies and certificate bundles of the environment (``HTTPS_PROXY``,
``NO_PROXY``, ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``) into the request.
"""

from __future__ import annotations

import logging
import math
import os
import platform
import typing as t
from http import HTTPStatus
from importlib import metadata
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NameResolutionError, NewConnectionError

from tap_amazon_vendor.amazon.retry import MAX_TRIES, PassingError, RetryPolicy
from tap_amazon_vendor.errors import UnansweredError, UnavailableError

if t.TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tap_amazon_vendor.amazon.retry import Sleep

logger = logging.getLogger("tap-amazon-vendor.transport")

#: Seconds to connect, and to wait between two bytes of an answer.
TIMEOUT = (10, 120)

#: Tries where a sandbox should listen that nobody has started: a person is waiting.
LOCAL_TRIES = 4

#: Connections to one host that are kept: as many as there are threads.
CONNECTIONS = 32


def user_agent() -> str:
    """Return the User-Agent that Amazon asks for (docs/amazon/requests.md#headers).

    Returns:
        ``AppName/Version (Language=...; Platform=...)``.
    """
    version = metadata.version("tap-amazon-vendor")
    language = f"Python/{platform.python_version()}"
    return f"tap-amazon-vendor/{version} (Language={language}; Platform={platform.system()})"


class Transport:
    """Sends requests, and sends them again when the reason of a failure passes by itself."""

    def __init__(self, *, sleep: Sleep, rng: random.Random, tries: int = MAX_TRIES) -> None:
        """Make the session.

        Args:
            sleep: Waits the given seconds.
            rng: Source of the jitter between tries.
            tries: Tries of one request that fails for a passing reason.
        """
        self._policy = RetryPolicy(sleep=sleep, rng=rng, tries=tries)
        self._session = requests.Session()
        # One connection for each thread: several accounts of a region talk to one host.
        self._session.mount("https://", HTTPAdapter(pool_maxsize=CONNECTIONS))
        self._session.mount("http://", HTTPAdapter(pool_maxsize=CONNECTIONS))
        self._session.headers["User-Agent"] = user_agent()
        # requests knows REQUESTS_CA_BUNDLE, which still wins, but not OpenSSL's own variable.
        self._session.verify = os.environ.get("SSL_CERT_FILE") or True
        # At DEBUG urllib3 prints the path of every request, and with it presigned signatures.
        logging.getLogger("urllib3").setLevel(logging.INFO)

    def request(
        self,
        method: str,
        url: str,
        *,
        repeatable: bool = True,
        retry_after: Callable[[requests.Response], float | None] = lambda _: None,
        readable: Callable[[requests.Response], bool] = lambda _: True,
        **kwargs: t.Any,  # noqa: ANN401  # as requests has them
    ) -> requests.Response:
        """Send one request until it has an answer that a retry would not change.

        HTTP 429, 5xx and unreadable answers are tried again. Any other answer, good or bad, is
        the caller's.

        Args:
            method: HTTP verb.
            url: Where to.
            repeatable: False where sending twice would do something twice. Such a request is only
                sent again when it did not arrive, or when Amazon itself says that it failed.
            retry_after: The seconds after which an answer is worth another try, None to let its status decide.
            readable: Whether a good answer is what it should be, and not a page of a load
                balancer that is in trouble.
            kwargs: Passed on to `requests.Session.request`.

        Returns:
            The last answer.

        Raises:
            UnansweredError: A request that must not be repeated may or may not have been heard.
            UnavailableError: No answer came in all tries.
        """
        kwargs.setdefault("timeout", TIMEOUT)
        kwargs.setdefault("auth", _no_auth)

        def attempt() -> requests.Response:
            try:
                response = self._session.request(method, url, **kwargs)
            except requests.RequestException as error:
                problem = _judge_error(error, url, repeatable=repeatable)
                tries = LOCAL_TRIES if _is_local(error, url) else math.inf
                raise PassingError(problem, most_tries=tries) from None
            except OSError as error:
                # A bundle of certificates that the environment names and nobody can read.
                text = f"{_host(url)}: {error}"
                raise UnavailableError(text) from None
            passing = _judge_answer(response, url, readable, repeatable=repeatable)
            pause = None if response.ok else retry_after(response)
            if passing is None and pause is None:
                return response
            passing = passing or f"{_host(url)}: HTTP {response.status_code}"
            raise PassingError(passing, pause=pause, response=response)

        return self._policy.run(attempt)


def _judge_error(error: requests.RequestException, url: str, *, repeatable: bool) -> str:
    """Describe a network error that another try may mend.

    Raises:
        UnansweredError: The request must not be repeated, and may have arrived.
        UnavailableError: No try will mend it.
    """
    problem = f"{_host(url)}: {_describe(error)}{_hint(error, url)}"
    if isinstance(error, (requests.exceptions.SSLError, requests.exceptions.InvalidURL)):
        raise UnavailableError(problem) from None
    if not repeatable and not _never_arrived(error):
        raise UnansweredError(problem) from None
    return problem


def _judge_answer(
    response: requests.Response, url: str, readable: Callable[[requests.Response], bool], *, repeatable: bool
) -> str | None:
    """Describe an answer that may be another one at the next try, None for one that is final.

    Raises:
        UnansweredError: The request must not be repeated, and nobody can tell what it did.
    """
    problem = f"{_host(url)}: HTTP {response.status_code}"
    if not response.ok:
        if not repeatable and response.status_code in {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}:
            # A gateway speaks: nobody knows how far the request came.
            raise UnansweredError(problem)
        return problem if _passing(response.status_code) else None
    if readable(response):
        return None
    problem += " with an answer that can't be read"
    if not repeatable:
        raise UnansweredError(problem)
    return problem


def _host(url: str) -> str:
    """Return host and port of a URL, without a password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _passing(status: int) -> bool:
    """Say whether an HTTP status may be another one at the next try (docs/amazon/errors.md#http-errors)."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _causes(error: BaseException) -> list[BaseException]:
    """List an error and what it was made of: requests wraps urllib3, which wraps sockets."""
    found: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        item = queue.pop(0)
        if isinstance(item, BaseException) and item not in found:
            found.append(item)
            queue += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return found


def _never_arrived(error: requests.RequestException) -> bool:
    """Say whether the request surely did not reach the server."""
    return any(
        isinstance(cause, (NewConnectionError, NameResolutionError, requests.ConnectTimeout))
        for cause in _causes(error)
    )


def _describe(error: requests.RequestException) -> str:
    """Put a network error into words without its text, which quotes URLs and proxies."""
    causes = _causes(error)
    for kind, words in (
        (requests.exceptions.SSLError, "the certificate could not be verified"),
        (requests.exceptions.ProxyError, "the proxy did not let the request through"),
        (NameResolutionError, "the host name could not be resolved"),
        (ConnectionRefusedError, "connection refused"),
        (requests.Timeout, "no answer in time"),
        (ConnectionResetError, "connection reset"),
    ):
        if any(isinstance(cause, kind) for cause in causes):
            return words
    return f"the connection broke ({type(error).__name__})"


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request alone; without this requests would add a password of ``~/.netrc``."""
    return request


def _is_local(error: requests.RequestException, url: str) -> bool:
    """Say whether nothing listens where the sandbox might."""
    refused = any(isinstance(cause, ConnectionRefusedError) for cause in _causes(error))
    return refused and urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


def _hint(error: requests.RequestException, url: str) -> str:
    """Say what a person can do about a network error."""
    if _is_local(error, url):
        return ". Is the sandbox running? Start it with `amazon-vendor sandbox`"
    if isinstance(error, requests.exceptions.SSLError):
        return ". Set REQUESTS_CA_BUNDLE to your network's certificate bundle"
    return ""
