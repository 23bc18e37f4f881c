"""Amazon's answers, decoded by declared types: the one place where what does not fit becomes an error.

Fields that a type does not declare are ignored, since Amazon adds some without notice.
"""

from __future__ import annotations

import logging
import typing as t
from datetime import datetime, timezone
from functools import lru_cache

import msgspec

from tap_amazon_vendor.errors import MalformedAnswerError
from tap_amazon_vendor.surrogates import with_whole_pairs

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import requests

T = t.TypeVar("T")

logger = logging.getLogger("tap-amazon-vendor.amazon")

#: A text that is there.
Text = t.Annotated[str, msgspec.Meta(min_length=1)]

#: How far a report or a query is. Another word may be passing: such an answer is asked for again.
ProcessingStatus = t.Annotated[str, msgspec.Meta(pattern=r"\A(IN_QUEUE|IN_PROGRESS|DONE|CANCELLED|FATAL)\Z")]

#: A token, or an id: it becomes a header.
Token = t.Annotated[str, msgspec.Meta(pattern=r"\A[\x21-\x7e]+\Z")]

#: Characters of Amazon's words that are quoted.
LONGEST_TEXT = 1000


class Answer(msgspec.Struct, rename="camel"):
    """The base of answers: fields in camelCase."""


class AccessToken(msgspec.Struct):
    """A grant of Login with Amazon.

    Attributes:
        access_token: For the header of calls.
        expires_in: Its life in seconds, an hour where Amazon does not say.
        refresh_token: Of a new consent. Of a renewal it is the one that was sent, and nobody reads it.
    """

    access_token: Token
    expires_in: t.Annotated[int, msgspec.Meta(gt=0, le=30 * 86_400)] | None = None
    refresh_token: str | None = None


class LoginRefusal(msgspec.Struct):
    """What Login with Amazon says in place of a token."""

    error: str | None = None
    error_description: str | None = None


class _Errors(msgspec.Struct):
    errors: list[dict[str, t.Any]]


class _Error(msgspec.Struct):
    """An error alone: of the Ads API, and of the gateways before the APIs."""

    code: str | int | None = None
    message: str | None = None
    detail: str | None = None
    details: str | None = None


def read_answer(response: requests.Response, answer: type[T], operation: str) -> T:
    """Decode an answer.

    Args:
        response: A good one.
        answer: The type that it must have.
        operation: Amazon's name of what was called.

    Raises:
        MalformedAnswerError: It does not fit. Names the operation and the field, and never the content.
    """
    try:
        return decode(response.content, answer)
    except ValueError as error:
        text = f"{operation}: HTTP {response.status_code} with an answer that can't be read: {error}"
        raise MalformedAnswerError(text, request_id=request_id(response)) from None


def decode(content: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Decode JSON.

    Raises:
        ValueError: It is not JSON, or not of that type; says which field, and never its content.
    """
    if not content:
        text = "it is empty"
        raise ValueError(text)
    content = with_whole_pairs(bytes(content))
    try:
        return t.cast("T", _decoder(t.cast("t.Hashable", kind)).decode(content))
    except msgspec.ValidationError as error:
        # Of these texts none quotes a value: there is no enumeration among our types.
        raise ValueError(str(error)) from None
    except UnicodeDecodeError:
        text = "it is not UTF-8"
    except RecursionError:
        text = "it is nested too deep"
    except (msgspec.DecodeError, ValueError):
        text = "it is not JSON"
    raise ValueError(text)


def decode_each(
    elements: Iterable[msgspec.Raw], read: Callable[[msgspec.Raw], T], *, what: str, operation: str
) -> list[T]:
    """Read the elements of a list. One that can't be read is left out, with a warning: it must not take others with it.

    Args:
        elements: The elements as they came.
        read: Reads one; raises ValueError if it can't be read.
        what: What one is.
        operation: Amazon's name of the operation that lists them.

    Raises:
        MalformedAnswerError: None can be read.
    """
    found, problem = [], None
    for element in elements:
        try:
            found.append(read(element))
        except ValueError as error:  # noqa: PERF203  # each on its own
            problem = str(error)
            logger.warning("%s: leaving out a %s that can't be read: %s", operation, what, problem)
    if problem and not found:
        text = f"{operation}: none of the {what}s can be read: {problem}"
        raise MalformedAnswerError(text)
    return found


@lru_cache(maxsize=64)
def _decoder(kind: t.Hashable) -> msgspec.json.Decoder[t.Any]:
    return msgspec.json.Decoder(t.cast("type[t.Any]", kind))


def error_text(content: bytes) -> str | None:
    """Return code, message and details of every error in the body of an answer (docs/amazon/requests.md#error-bodies).

    Args:
        content: Any body.

    Returns:
        As Amazon wrote it, which may be several lines and may quote a secret; None if the body is not a list of errors,
        such as a load balancer's page.
    """
    try:
        errors = decode(content, _Errors).errors
    except ValueError:
        errors = _error_alone(content)
    texts = (
        ": ".join(str(error[key]) for key in ("code", "message", "detail", "details") if error.get(key))
        for error in errors
    )
    return "; ".join(filter(None, texts)) or None


def _error_alone(content: bytes) -> list[dict[str, t.Any]]:
    try:
        return [msgspec.structs.asdict(decode(content, _Error))]
    except ValueError:
        return []


def request_id(response: requests.Response) -> str | None:
    """Return Amazon's id of a request, to quote in a support case."""
    return response.headers.get("x-amzn-RequestId")


def moment(text: str | None) -> datetime | None:
    """Read one of Amazon's moments, which are UTC; None if it is missing or none."""
    try:
        moment = datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
