"""The sandbox on a port: Werkzeug's threaded server in a thread of its own."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

from amazon_sandbox.app import Application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_sandbox.amazon import Sandbox

# Addresses that mean "all of this computer": no client can connect to them by name.
WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True)
class Server:
    """A sandbox that listens.

    Attributes:
        url: Where it listens, without a slash at the end: the tap's `api_url`.
    """

    url: str

    @property
    def auth_url(self) -> str:
        """The LWA endpoint: the tap's `auth_url`."""
        return f"{self.url}/auth/o2/token"

    @property
    def ads_url(self) -> str:
        """The host of the Ads API, which lies under a path of its own; its tokens come from `auth_url` too."""
        return f"{self.url}/ads"


class _QuietHandler(WSGIRequestHandler):
    """Werkzeug's own log would show presigned URLs; the sandbox has a log of its own."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def running(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """Serve a sandbox while the block runs.

    Args:
        sandbox: What to serve.
        host: Address to listen at.
        port: Port to listen at; 0 picks a free one.

    Yields:
        The server, which already listens.

    Raises:
        OSError: The address cannot be listened at, because its port is in use say.
    """
    # Bound here and not by Werkzeug, which prints and exits when the port is in use.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=128) as listener:
        server = make_server(
            host,
            port,
            Application(sandbox),
            threaded=True,
            request_handler=_QuietHandler,
            fd=listener.fileno(),
        )
    name = "127.0.0.1" if host in WILDCARDS else host
    url = f"http://[{name}]" if ":" in name else f"http://{name}"
    url = f"{url}:{server.port}"
    # A client of a wildcard address may sit on another computer, so documents are then
    # found under the name that the client itself has used.
    sandbox.url = None if host in WILDCARDS else url
    sandbox.closing.clear()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="sandbox", daemon=True)
    thread.start()
    try:
        yield Server(url)
    finally:
        sandbox.closing.set()
        server.shutdown()
        thread.join()
