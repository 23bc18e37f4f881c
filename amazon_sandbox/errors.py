"""How Amazon says no: status codes, codes and texts of SP-API answers.

The texts are quotes (docs/amazon/errors.md); a client matches them, so not
a character may differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

DENIED = "Access to requested resource is denied."
TOKEN_EXPIRED = "The access token you provided has expired."  # noqa: S105
TOKEN_MALFORMED = "The access token you provided is revoked, malformed or invalid."  # noqa: S105


class AmazonError(Exception):
    """An SP-API answer that is an error.

    Attributes:
        status: HTTP status.
        code: Amazon's code, such as InvalidInput.
        message: Amazon's message.
        details: Amazon's details, often empty.
        error_type: What x-amzn-ErrorType says.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: str = "",
        error_type: str = "",
    ) -> None:
        """Remember what to answer."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.error_type = error_type or f"{code}Exception"

    def body(self) -> dict[str, list[dict[str, str]]]:
        """The error list of the model (docs/amazon/requests.md#error-bodies)."""
        error = {"code": self.code, "message": self.message, "details": self.details}
        return {"errors": [error]}


def invalid_input(message: str = "Invalid Input", details: str = "") -> AmazonError:
    """400: the request cannot be meant (docs/amazon/errors.md#http-errors)."""
    return AmazonError(400, "InvalidInput", message, details)


def missing_parameters(names: Iterable[str]) -> AmazonError:
    """400: required parameters are not there, or not of their type (docs/amazon/errors.md#http-errors)."""
    details = "".join(f"{name};" for name in names)
    return invalid_input("One or more required parameters missing", details)


def missing_token() -> AmazonError:
    """403: no x-amz-access-token in the request (docs/amazon/errors.md#http-errors)."""
    return AmazonError(403, "MissingAuthenticationToken", DENIED)


def denied(details: str = "") -> AmazonError:
    """403: token expired or malformed, or a path that does not exist (docs/amazon/errors.md#http-errors)."""
    return AmazonError(403, "Unauthorized", DENIED, details, "AccessDeniedException")


def forbidden() -> AmazonError:
    """403: the role of this report type is missing (docs/amazon/errors.md#http-errors)."""
    message = "Access to the resource is forbidden"
    return AmazonError(403, "Unauthorized", message, "", "AccessDeniedException")


def group_not_enabled(group: str) -> AmazonError:
    """403: the application may ask, but not for this vendor group (docs/amazon/errors.md#http-errors)."""
    message = f"Vendor Group {group} is not authorized to access vendor reports"
    return AmazonError(403, "Unauthorized", message, "", "AccessDeniedException")


def incident() -> AmazonError:
    """403: an incident on Amazon's side that hit everybody for minutes (docs/amazon/errors.md#http-errors)."""
    message = "The security token included in the request is expired"
    return AmazonError(403, "Unauthorized", message, "", "ExpiredTokenException")


def not_found(what: str) -> AmazonError:
    """404: unknown id, id of another account, or older than 90 days."""
    return AmazonError(404, "NotFound", f"{what} not found")


def unsupported_media_type() -> AmazonError:
    """415: the body is not announced as JSON."""
    return AmazonError(415, "UnsupportedMediaType", "Unsupported Media Type")


def quota_exceeded() -> AmazonError:
    """429: the token bucket is empty (docs/amazon/errors.md#http-errors)."""
    message = "You exceeded your quota for the requested resource."
    return AmazonError(429, "QuotaExceeded", message, "", "QuotaExceeded")


def internal_failure() -> AmazonError:
    """500: an incident that Amazon still answers in JSON."""
    message = "We encountered an internal error. Please try again."
    return AmazonError(500, "InternalFailure", message)
