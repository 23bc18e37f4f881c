"""A selling partner's consent, by Amazon's website workflow (docs/amazon/login.md#consent).

The link goes to Seller Central or Vendor Central. The account's administrator confirms there, and Amazon sends the
browser to the redirect URI, with a code in it. The code is exchanged for a refresh token by `auth.exchange_code`.
"""

from __future__ import annotations

import hmac
import html
import http.server
import os
import queue
import socket
import socketserver
import threading
import typing as t
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from tap_amazon_vendor.config.redaction import Secret
from tap_amazon_vendor.errors import ConsentError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/apps/authorize/consent"
ADS_PATH = "/ap/oa"

#: Enough for reports, too.
ADS_SCOPE = "advertising::campaign_management"

#: Seconds that a browser may take to send its request once it is connected.
_PATIENCE = 10

_PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>amazon-vendor authorize</title>
<body style="font: 1.1em sans-serif; margin: 4em auto; max-width: 40em"><p>{}</p></body></html>
"""


@dataclass(frozen=True)
class ConsentRequest:
    """A request for a selling partner's consent.

    Attributes:
        central: Base URI of Seller Central or Vendor Central.
        application_id: The application, ``amzn1.sp.solution.…``.
        redirect_uri: One of those that the application has registered.
        state: An unguessable text; Amazon sends it back.
        draft: The application is not published yet.
        answer: What Amazon's answer has: the code first.
    """

    answer: t.ClassVar[tuple[str, ...]] = ("spapi_oauth_code", "selling_partner_id")

    central: str
    application_id: str
    redirect_uri: str
    state: str
    draft: bool = False

    @property
    def url(self) -> str:
        """The link to Amazon's consent page."""
        query = {"application_id": self.application_id, "state": self.state, "redirect_uri": self.redirect_uri}
        if self.draft:
            query["version"] = "beta"
        return f"{self.central}{PATH}?{urlencode(query)}"


@dataclass(frozen=True)
class AdsConsentRequest(ConsentRequest):
    """A request for an advertiser's consent (docs/amazon/ads.md#consent).

    Attributes:
        central: Base URI of Login with Amazon's consent page of the region.
        application_id: The LWA client.
    """

    answer: t.ClassVar[tuple[str, ...]] = ("code",)

    @property
    def url(self) -> str:
        """The link to Amazon's consent page."""
        query = {
            "client_id": self.application_id,
            "scope": ADS_SCOPE,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "state": self.state,
        }
        return f"{self.central}{ADS_PATH}?{urlencode(query)}"


@dataclass(frozen=True)
class Consent:
    """What a selling partner agreed to.

    Attributes:
        selling_partner_id: Who agreed: a merchant, or a vendor group (``amzn1.vg.…``); empty for an advertiser.
        code: Good for 5 minutes and one exchange.
    """

    selling_partner_id: str
    code: Secret


class WrongAddressError(ConsentError):
    """An address that is not the answer to the request: another one may be."""


def read_answer(url: str, request: ConsentRequest) -> Consent:
    """Read the address to which Amazon sent the browser.

    Args:
        url: The whole address.
        request: The request.

    Raises:
        WrongAddressError: It is not the answer to this request.
        ConsentError: The selling partner refused.
    """
    try:
        there, here = urlsplit(url.strip()), urlsplit(request.redirect_uri)
        same = (there.scheme, there.hostname, there.port, there.path or "/") == (
            here.scheme,
            here.hostname,
            here.port,
            here.path or "/",
        )
    except ValueError:
        same = False
    if not same:
        text = (
            f"This is not the address that Amazon redirects to, which begins with {request.redirect_uri}. Paste "
            "the whole address that the browser shows after the consent"
        )
        raise WrongAddressError(text)
    query = {name: values[0] for name, values in parse_qs(there.query).items()}
    if not hmac.compare_digest(query.get("state", "").encode(), request.state.encode()):
        text = (
            "The answer has another `state` than the request: it belongs to another request, or somebody else made it. "
            "Nothing was stored. Use only the newest link, and paste the whole address"
        )
        raise WrongAddressError(text)
    if "error" in query:
        words = ": ".join(query[name] for name in ("error", "error_description") if name in query)
        text = f"The selling partner did not consent. Amazon says: {words}"
        raise ConsentError(text)
    missing = [name for name in request.answer if name not in query]
    if missing:
        text = (
            f"Amazon's answer has no {' and no '.join(missing)}. Paste the whole address. If that is all of it, "
            "start again"
        )
        raise WrongAddressError(text)
    return Consent(query.get("selling_partner_id", ""), Secret(query[request.answer[0]]))


class Receiver:
    """Waits at a redirect URI of this computer for the browser that Amazon sends there."""

    def __init__(self, answers: queue.Queue[Consent | ConsentError]) -> None:
        """Store the queue that the server fills."""
        self._answers = answers

    def wait(self, seconds: float) -> Consent:
        """Return the consent.

        Args:
            seconds: How long to wait for it.

        Raises:
            ConsentError: It did not come in time, was refused, or is not the answer to the request.
        """
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            text = (
                f"No answer came within {seconds / 60:.0f} minutes. If Amazon showed an error instead: MD1000 "
                "is a draft application (use --draft), MD5101 or MD9000 a redirect URI that is not registered for the "
                "application (see --redirect-uri), or a vendor application at Seller Central (see `account_type`)"
            )
            raise ConsentError(text) from None
        if isinstance(answer, ConsentError):
            raise answer
        return answer


@contextmanager
def receiving(request: ConsentRequest) -> Iterator[Receiver]:
    """Listen at the redirect URI of a request while the block runs.

    Args:
        request: Its redirect URI points to this computer.

    Raises:
        OSError: Its port is in use.
    """
    answers: queue.Queue[Consent | ConsentError] = queue.Queue()
    place = urlsplit(request.redirect_uri)

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = _PATIENCE

        def do_GET(self) -> None:
            """Take Amazon's answer, and show the user the result."""
            path = urlsplit(self.path).path
            if path != (place.path or "/"):
                # A browser also asks for an icon.
                self.send_error(404)
                return
            url = f"{place.scheme}://{place.netloc}{self.path}"
            try:
                answer: Consent | ConsentError = read_answer(url, request)
                words = "Thank you. Continue in the terminal; you can close this page."
            except ConsentError as error:
                answer, words = error, error.text
            body = _PAGE.format(html.escape(words)).encode()
            self.send_response(200 if isinstance(answer, Consent) else 400)
            for name, value in (
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(body))),
                # The address of the page holds the code.
                ("Cache-Control", "no-store"),
                ("Referrer-Policy", "no-referrer"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            answers.put(answer)

        def log_message(self, *_: object) -> None:
            """Log nothing: the path holds the code."""

    # Only this computer may connect.
    host = "::1" if place.hostname == "::1" else "127.0.0.1"
    with _Server((host, place.port or 80), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="consent", daemon=True)
        thread.start()
        try:
            yield Receiver(answers)
        finally:
            server.shutdown()
            thread.join()


class _Server(socketserver.ThreadingTCPServer):
    """One thread for each connection, because browsers open some in advance."""

    daemon_threads = True
    block_on_close = False
    # Frees the port at once. Not on Windows, where two servers could then listen on one port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler]) -> None:
        """Listen."""
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, *_: object) -> None:
        """Ignore a browser that hangs up."""
