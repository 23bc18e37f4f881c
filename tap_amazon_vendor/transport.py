"""The one way out to the network: a requests session with one retry policy.

Everything goes through `requests.Session.request`, never through `Session.send`, because only
the former merges the proxies and certificate bundles of the environment (``HTTPS_PROXY``,
``NO_PROXY``, ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``) into the request.
"""

from __future__ import annotations

import logging
import os
import platform
import typing as t
from http import HTTPStatus
from importlib import metadata
from urllib.parse import urlsplit

import backoff
import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from tap_amazon_vendor.errors import UnansweredError, UnavailableError

if t.TYPE_CHECKING:
    import random
    from collections.abc import Callable

    Sleep = Callable[[float], None]

logger = logging.getLogger("tap-amazon-vendor.transport")

#: Seconds to connect, and to wait between two bytes of an answer.
TIMEOUT = (10, 120)

#: Tries of one request that fails for a passing reason (network, HTTP 5xx, HTTP 429).
MAX_TRIES = 6

#: Longest pause, in seconds, between two tries where Amazon names none.
LONGEST_PAUSE = 60


def user_agent() -> str:
    """Return the User-Agent that Amazon asks for (API.md section 5).

    Returns:
        ``AppName/Version (Language=...; Platform=...)``.
    """
    version = metadata.version("tap-amazon-vendor")
    language = f"Python/{platform.python_version()}"
    return f"tap-amazon-vendor/{version} (Language={language}; Platform={platform.system()})"


class Transport:
    """Sends requests, and sends them again when the reason of a failure passes by itself."""

    def __init__(self, *, sleep: Sleep, rng: random.Random) -> None:
        """Make the session.

        Args:
            sleep: Waits the given seconds.
            rng: Source of the jitter between tries.
        """
        self._sleep = sleep
        self._rng = rng
        self._session = requests.Session()
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
        pause: Callable[[requests.Response], float | None] = lambda _: None,
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
                sent again when it certainly did not arrive.
            pause: The seconds that an answer asks to wait before the next try, None for no wish.
            readable: Says whether a good answer is what it should be, and not a page of a load
                balancer that is in trouble.
            kwargs: Passed on to `requests.Session.request`.

        Returns:
            The last answer.

        Raises:
            UnansweredError: A request that must not be repeated may or may not have been heard.
            UnavailableError: No answer came in all tries.
        """
        kwargs.setdefault("timeout", TIMEOUT)
        pauses = backoff.expo(max_value=LONGEST_PAUSE)
        next(pauses)  # The generator's first value is not a pause.
        host = urlsplit(url).netloc.rpartition("@")[2]
        tries = 0
        while True:
            tries += 1
            wish = None
            try:
                response = self._session.request(method, url, **kwargs)
            except requests.RequestException as error:
                problem = f"{host}: {_describe(error)}"
                if not repeatable and not _never_arrived(error):
                    raise UnansweredError(problem) from None
                hint = _hint(problem, host)
                if tries == MAX_TRIES or hint:
                    raise UnavailableError(problem + hint) from None
            else:
                problem = f"{host}: HTTP {response.status_code}"
                unreadable = response.ok and not readable(response)
                if unreadable:
                    problem += " with an answer that can't be read"
                    if not repeatable:
                        raise UnansweredError(problem)
                    if tries == MAX_TRIES:
                        raise UnavailableError(problem)
                elif not _passing(response.status_code) or tries == MAX_TRIES:
                    return response
                wish = pause(response)
                response.close()
            seconds = self._rng.uniform(0.5, 1) * next(pauses) if wish is None else wish
            logger.info("%s, trying again in %.1f s", problem, seconds)
            self._sleep(seconds)


def _passing(status: int) -> bool:
    """Say whether an HTTP status may be another one at the next try (ERRORS.md section 3)."""
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


def _hint(problem: str, host: str) -> str:
    """Say what a person can do about a problem that no retry will mend, nothing for others."""
    if host.partition(":")[0] in {"localhost", "127.0.0.1"} and "refused" in problem:
        return ". Is the sandbox running? Start it with `amazon-vendor sandbox`"
    if "certificate" in problem:
        return ". Set REQUESTS_CA_BUNDLE to your network's certificate bundle"
    return ""
