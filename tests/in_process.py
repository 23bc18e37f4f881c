"""The local Amazon without sockets: requests of the tap go to its application in the same thread."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from urllib3 import HTTPResponse
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from amazon_sandbox import running
from amazon_sandbox.app import Application
from amazon_sandbox.server import Server
from tap_amazon_vendor.amazon.deadline import BoundedAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import PreparedRequest, Response

    from amazon_sandbox import Sandbox

#: Names of the faults that only a socket can show.
OF_THE_CONNECTION = re.compile("reset|timeout|cut_off|drips|length")


def serve(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Serve a sandbox until the test ends or the next one is served: a request takes a third of the time.

    Answers that break off, stall or trickle need sockets: `served`, or `amazon_sandbox.running`.
    """
    application = Application(sandbox)

    def send(adapter: BoundedAdapter, request: PreparedRequest, **_: object) -> Response:
        return adapter.build_response(request, answer(application, request))

    monkeypatch.setattr(BoundedAdapter, "send", send)
    sandbox.url = "http://127.0.0.1:1"
    return Server(sandbox.url)


@contextmanager
def served(sandbox: Sandbox) -> Iterator[Server]:
    """Serve a sandbox on a port while the block runs; the tap in this process calls it directly where it can.

    The port is for faults of the connection, and for other processes.
    """
    application = Application(sandbox)
    by_socket = BoundedAdapter.send
    with running(sandbox) as server, pytest.MonkeyPatch.context() as patched:

        def send(adapter: BoundedAdapter, request: PreparedRequest, **how: Any) -> Response:
            broken = any(fault.left != 0 and OF_THE_CONNECTION.search(fault.name) for fault in sandbox.faults.armed)
            if broken or how.get("proxies") or not str(request.url).startswith(f"{server.url}/"):
                return by_socket(adapter, request, **how)
            return adapter.build_response(request, answer(application, request))

        patched.setattr(BoundedAdapter, "send", send)
        yield server


def answer(application: Application, request: PreparedRequest) -> HTTPResponse:
    """Call an application in this thread."""
    parts = urlsplit(str(request.url))
    builder = EnvironBuilder(
        parts.path,
        base_url=f"{parts.scheme}://{parts.netloc}/",
        method=str(request.method),
        query_string=parts.query,
        data=request.body,
        headers=Headers(request.headers),
    )
    environ = builder.get_environ()
    environ["REQUEST_URI"] = request.path_url
    chunks, status, headers = run_wsgi_app(application, environ)
    return HTTPResponse(
        io.BytesIO(b"".join(chunks)), dict(headers.items()), int(status.split()[0]), preload_content=False
    )
