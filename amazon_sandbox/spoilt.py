"""Faults of answers and downloads in transit: broken off, sent slowly in small pieces, or of another shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from amazon_sandbox import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Response

    from amazon_sandbox.documents import Content

# Bytes of each piece of a document that is sent slowly.
PIECE = 64
SHAPES = frozenset({"answer_without_fields", "answer_of_nulls", "answer_of_other_types"})


def spoil(
    fault: str | None, response: Response, environ: Mapping[str, Any], pause: Callable[[float], object]
) -> Response:
    """Spoil a good answer.

    Args:
        fault: A fault of `faults.ANSWER` or `faults.ADS_ANSWER`, or None.
        response: The answer, in JSON.
        environ: The WSGI environment of the request.
        pause: Waits the given seconds.
    """
    name = (fault or "").removeprefix("ads_")
    content = response.get_data()
    if name == "answer_cut_off":
        response.content_length = len(content)
        response.response = wire.reset_within(environ, iter([content[: len(content) // 2]]))
    elif name == "answer_drips":
        response.content_length = len(content)
        response.response = wire.drip((content[at : at + 1] for at in range(len(content))), pause)
    elif name in SHAPES:
        response.set_data(json.dumps(_misshapen(name, json.loads(content))))
    return response


def spoil_download(
    fault: str | None,
    response: Response,
    content: Content,
    environ: Mapping[str, Any],
    pause: Callable[[float], object],
) -> bool:
    """Spoil a download on its way.

    Args:
        fault: A fault of `faults.DOWNLOAD`, or None.
        response: The answer, with all of the content.
        content: What is downloaded.
        environ: The WSGI environment of the request.
        pause: Waits the given seconds.

    Returns:
        Whether a fault struck: the response is then sent as it is.
    """
    if fault == "identity_encoding":
        response.headers["Content-Encoding"] = "identity"
    elif fault == "document_reset":
        response.response = wire.reset_within(environ, content.chunks(0, content.length // 2))
    elif fault == "document_drips":
        response.response = wire.drip((content.read(at, PIECE) for at in range(0, content.length, PIECE)), pause)
    elif fault in {"length_too_large", "length_too_small"}:
        length = content.length + PIECE if fault == "length_too_large" else content.length // 2
        response.headers["Connection"] = "close"
        response.content_length = length
        response.response = content.chunks(0, min(content.length, length))
    else:
        return False
    return True


def _misshapen(fault: str, body: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(body, list):
        return [_misshapen(fault, each) for each in body]
    if not isinstance(body, dict):
        return _another(body)
    if isinstance(body.get("payload"), dict):
        return {**body, "payload": _misshapen(fault, body["payload"])}
    if fault == "answer_without_fields":
        return {}
    return {name: None if fault == "answer_of_nulls" else _another(value) for name, value in body.items()}


def _another(value: object) -> object:
    """Return a value of an unexpected type."""
    return {"text": "x"} if isinstance(value, (str, int, float, list)) else "x"
