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

#: Seconds to connect, and to wait between two bytes of a response.
TIMEOUT = (10, 120)

#: Tries if the local sandbox is not running: a person is waiting.
LOCAL_TRIES = 4

#: Connections kept open to one host: as many as there are threads.
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
    """Sends requests, and retries those that fail for a transient reason."""

    def __init__(self, *, sleep: Sleep, rng: random.Random, tries: int = MAX_TRIES) -> None:
        """Create the session.

        Args:
            sleep: Waits the given seconds.
            rng: Source of the jitter between tries.
            tries: Most tries of a request that fails for a transient reason.
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
        **kwargs: t.Any,  # noqa: ANN401  # as requests types them
    ) -> requests.Response:
        """Send one request until it has a response that a retry would not change.

        HTTP 429, 5xx and unreadable responses are retried. Any other response, good or bad, is
        returned.

        Args:
            method: HTTP verb.
            url: Where to send it.
            repeatable: False if a second request would have a second effect. Such a request is only
                retried if it did not arrive, or if Amazon itself says that it failed.
            retry_after: The seconds after which a response is worth a retry, None to let its status decide.
            readable: Whether a successful response is the expected one, and not the page of a failing
                load balancer.
            kwargs: Passed on to `requests.Session.request`.

        Returns:
            The last response.

        Raises:
            UnansweredError: A request that must not be repeated may or may not have arrived.
            UnavailableError: No try got a response.
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
                # The environment names a certificate bundle that can't be read.
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
    """Describe a network error that a retry may fix.

    Raises:
        UnansweredError: The request must not be repeated, and may have arrived.
        UnavailableError: No retry will fix it.
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
    """Describe a response that a retry may change, None for a final one.

    Raises:
        UnansweredError: The request must not be repeated, and its effect is unknown.
    """
    problem = f"{_host(url)}: HTTP {response.status_code}"
    if not response.ok:
        if not repeatable and response.status_code in {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}:
            # From a gateway: how far the request got is unknown.
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
    """Leave a request unchanged; by default requests would add a password from ``~/.netrc``."""
    return request


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
