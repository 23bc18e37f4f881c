"""Downloads documents from presigned URLs."""

from __future__ import annotations

import typing as t
from email.message import Message
from http import HTTPStatus
from urllib.parse import urlsplit

from urllib3.exceptions import HTTPError

from tap_amazon_vendor.amazon.transport import redirect
from tap_amazon_vendor.errors import AmazonError, MalformedAnswerError, UnavailableError

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_amazon_vendor.amazon.transport import Transport

#: Tries to get a complete document. Each requests a new URL, because a URL lives five minutes.
DOCUMENT_TRIES = 3

#: Tries of each URL, with pauses of up to half a minute in all, and the seconds after which it has expired.
URL_TRIES = 6
URL_LIFE = 300.0

_CHUNK = 1 << 18


def download(
    transport: Transport, url: str, path: Path, *, may_download: Callable[[str], bool], operation: str
) -> str | None:
    """Save the response of a presigned URL, byte for byte.

    The URL is a secret: no error may quote it.

    Args:
        transport: HTTP client for the document host, which must never see the account's token.
        url: The URL.
        path: Where to save it.
        may_download: Returns whether a URL is one of a document host.
        operation: Amazon's name of what gave the URL.

    Returns:
        The charset that the host states.

    Raises:
        MalformedAnswerError: The URL is none.
        UnavailableError: The host does not answer as it should.
        AmazonError: It is another host, or the document can't be saved.
    """
    try:
        host, allowed = urlsplit(url).hostname, may_download(url)
    except ValueError:
        text = f"{operation}: the URL of the document is not valid"
        raise MalformedAnswerError(text) from None
    if not allowed:
        text = f"the document is at {host}, which is not an Amazon download host"
        raise AmazonError(text)
    response = transport.request("GET", url, stream=True, tries=URL_TRIES, deadline=URL_LIFE)
    try:
        with response, path.open("wb") as file:
            if leads := redirect(response):
                text = f"the document host answered {leads}"
                raise AmazonError(text)
            if response.status_code != HTTPStatus.OK:
                text = f"the document host answered HTTP {response.status_code}"
                raise UnavailableError(text, request_id=response.headers.get("x-amz-request-id"))
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                file.write(chunk)
            content_type = Message()
            content_type["Content-Type"] = response.headers.get("Content-Type", "")
            return content_type.get_content_charset()
    except (HTTPError, ConnectionError, TimeoutError) as error:
        text = f"the download broke off ({type(error).__name__})"
        raise UnavailableError(text) from None
    except OSError as error:
        path.unlink(missing_ok=True)
        text = f"the document could not be saved in {path.parent}: {error.strerror}"
        raise AmazonError(text) from None
