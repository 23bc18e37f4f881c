"""The local Amazon without sockets: requests of the tap go to its application in the same thread."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from urllib3 import HTTPResponse
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from amazon_sandbox.app import Application
from amazon_sandbox.server import Server
from tap_amazon_vendor.amazon.deadline import BoundedAdapter

if TYPE_CHECKING:
    import pytest
    from requests import PreparedRequest, Response

    from amazon_sandbox import Sandbox


def serve(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Serve a sandbox until the test ends or the next one is served: a request takes a third of the time.

    Answers that break off, stall or trickle need sockets: `amazon_sandbox.running`.
    """
    application = Application(sandbox)

    def send(adapter: BoundedAdapter, request: PreparedRequest, **_: object) -> Response:
        parts = urlsplit(str(request.url))
        builder = EnvironBuilder(
            parts.path,
            method=str(request.method),
            query_string=parts.query,
            data=request.body,
            headers=Headers(request.headers),
        )
        environ = builder.get_environ()
        environ["REQUEST_URI"] = request.path_url
        chunks, status, headers = run_wsgi_app(application, environ)
        raw = HTTPResponse(
            io.BytesIO(b"".join(chunks)), dict(headers.items()), int(status.split()[0]), preload_content=False
        )
        return adapter.build_response(request, raw)

    monkeypatch.setattr(BoundedAdapter, "send", send)
    sandbox.url = "http://127.0.0.1:1"
    return Server(sandbox.url)
