"""Errors of Amazon, typed by what has to happen next.

Errors quote Amazon's own text and request id and say who has to do what.
None of them ever holds a token, a presigned URL or a row of data.
"""

from __future__ import annotations

import errno
import logging
import typing as t

from singer_sdk.exceptions import FatalAPIError

logger = logging.getLogger("tap-amazon-vendor")

#: Most characters that are kept of a request id: Amazon's are shorter.
_LONGEST_ID = 100

E = t.TypeVar("E", bound=Exception)

#: What to do about what the tap itself did wrong.
REPORT_IT = "This is a bug in the tap. Please report it with the log of a run at level DEBUG"


class AmazonError(FatalAPIError):
    """An error, or a missing answer, that a retry will not fix.

    Attributes:
        text: Amazon's message, or ours where Amazon gave none.
        request_id: ``x-amzn-RequestId`` of the answer, to quote in a support case.
    """

    def __init__(self, text: str, *, request_id: str | None = None) -> None:
        """Keep Amazon's text and request id, and join them into the message."""
        self.text = text
        # A header may be long, or folded into several lines.
        self.request_id = request_id = one_line(request_id)[:_LONGEST_ID] or None
        super().__init__(f"{text} (Amazon request id {request_id})" if request_id else text)


def one_line(text: str | None) -> str:
    """Return a text of Amazon's with each white space, line breaks included, as one space; empty for None.

    Each line of a log is an entry of its own, so a text must not begin a new one.
    """
    return " ".join((text or "").split())


def without_frames(error: E) -> E:
    """Return an error that is to be remembered, without the frames that raised it: they may hold a whole answer."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


class CredentialsError(AmazonError):
    """Login with Amazon refuses the client or the refresh token: the user fixes the settings.

    Attributes:
        code: Login with Amazon's error code, such as ``invalid_client``, None where it gave none.
    """

    def __init__(self, text: str, *, request_id: str | None = None, code: str | None = None) -> None:
        """Keep Login with Amazon's error code."""
        super().__init__(text, request_id=request_id)
        self.code = code


class ConsentError(AmazonError):
    """The selling partner's consent did not arrive, or the answer is invalid: ask for it again."""


class AccessDeniedError(AmazonError):
    """The authorization lacks a role or a data set: the account's administrator grants it."""


class RequestRejectedError(AmazonError):
    """Amazon rejects the request itself (HTTP 400, 413, 415)."""


class NotFoundError(AmazonError):
    """Amazon does not know the report or document (HTTP 404): gone, or another account's."""


class UnavailableError(AmazonError):
    """Amazon did not answer properly after every retry: wait and run again."""


class MalformedAnswerError(UnavailableError):
    """Amazon's answer is not what it should be, after every retry. Names operation and field, never the content."""


class ThrottledError(UnavailableError):
    """A quota that nobody publishes had no call left after every retry: what it was for is left for the next run."""


class LoginUnavailableError(UnavailableError):
    """Login with Amazon did not answer properly: without a token nothing else can be asked."""


class UnansweredError(AmazonError):
    """The connection broke after a request that must not be sent twice: look before asking again."""


class DocumentError(AmazonError):
    """A report document that can't be read completely: truncated, not gzip, not JSON, wrong shape."""


class UnknownReportError(DocumentError):
    """An inbox file that is not a report which a stream reads: there is nothing to fix in it."""


class NoRoomError(AmazonError):
    """The disk is full: free some space, or use another folder."""

    @classmethod
    def of(cls, error: Exception) -> NoRoomError | None:
        """Return the error for a full disk, None if the error is another one."""
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return cls(f"{error.strerror}. Free some space, or set TMPDIR to a folder that has space")
        return None


class TapFaultError(AmazonError):
    """The tap itself failed in a way that nobody expected: report it. It ends one window or file, and no other."""

    @classmethod
    def of(cls, error: Exception, subject: object) -> AmazonError:
        """Return the error to report for an unexpected one, or for a full disk; its traceback is logged at DEBUG.

        Args:
            error: What was raised. Its text may quote anything, and is not quoted.
            subject: What was being done.
        """
        logger.debug("%s", subject, exc_info=error)
        return NoRoomError.of(error) or cls(f"an unexpected {type(error).__name__}. {REPORT_IT}")


class RunFailedError(AmazonError):
    """The run ended, everything that could be read is written, and something failed."""
