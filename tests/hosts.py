"""Small hosts on real sockets that follow a script: what no well-behaved server would do."""

from __future__ import annotations

import http.server
import socket
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from amazon_sandbox import DEFAULT_ACCOUNTS
from tap_amazon_vendor.config.accounts import Account
from tap_amazon_vendor.config.marketplaces import BY_ID
from tap_amazon_vendor.config.redaction import Secret

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


class Fate(Enum):
    """In place of an answer."""

    RESET = auto()
    CUT = auto()


@dataclass
class Answer:
    """What the server says."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Seen:
    """A request that reached a server."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Host:
    """A server that follows a script, and says 200 when that is through."""

    def __init__(self, script: list[Answer | Fate]) -> None:
        self.script = script
        self.seen: list[Seen] = []
        self.url = ""

    def handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                host.seen.append(Seen(self.command, self.path, dict(self.headers), body))
                answer = host.script.pop(0) if host.script else Answer()
                self.close_connection = True
                if answer is Fate.RESET:
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                elif isinstance(answer, Answer):
                    self.send_response(answer.status)
                    self.send_header("Content-Length", str(len(answer.body)))
                    # A client that keeps the connection would meet its end, now and then, as a reset.
                    self.send_header("Connection", "close")
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(answer.body)
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", "100")
                    self.end_headers()
                    self.wfile.write(b"x" * 50)

            do_POST = do_GET  # noqa: N815

            def do_CONNECT(self) -> None:
                """Tunnel to a TLS server, as a proxy does."""
                host.seen.append(Seen(self.command, self.path, dict(self.headers), b""))
                name, _, port = self.path.rpartition(":")
                with socket.create_connection((name, int(port))) as there:
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.flush()
                    back = threading.Thread(target=_pump, args=(there, self.connection))
                    back.start()
                    _pump(self.connection, there)
                    back.join()
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def _pump(here: socket.socket, there: socket.socket) -> None:
    try:
        while data := here.recv(65536):
            there.sendall(data)
        there.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # One end has gone away: the other need not care.


class _QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that gives up is what some tests want."""


@contextmanager
def serving(*script: Answer | Fate, tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Host]:
    """Run a host, on a free port where none is named."""
    host = Host(list(script))
    with _QuietServer(("127.0.0.1", port), host.handler()) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        host.url = f"http{'s' if tls else ''}://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()


def free_url() -> str:
    """A URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def account_at(url: str, label: str = "vendor-us") -> Account:
    """An account of a sandbox at a URL, as the settings would give it."""
    known = next(account for account in DEFAULT_ACCOUNTS if account.label == label)
    return Account(
        label="main",
        kind=known.kind,
        marketplaces=(BY_ID[known.marketplaces[0]],),
        client_id=known.client_id,
        client_secret=Secret(known.client_secret),
        refresh_token=Secret(known.refresh_token),
        api_url=url,
        auth_url=f"{url}/auth/o2/token",
    )
