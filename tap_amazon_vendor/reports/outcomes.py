"""What became of a report, and the one place where Amazon's words become ours.

The texts are those of ERRORS.md sections 1 and 3. Amazon changes their wording, so each is
matched by its telling part, without regard to case.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from enum import Enum

from tap_amazon_vendor.errors import AccessDeniedError, RequestRejectedError

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_amazon_vendor.errors import AmazonError


class Outcome(str, Enum):
    """What became of a window, in one word."""

    LOADED = "loaded"
    EMPTY = "empty"
    LATER = "later"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def completes(self) -> bool:
        """Whether the window is complete."""
        return self in {Outcome.LOADED, Outcome.EMPTY}

    @property
    def ends_partition(self) -> bool:
        """Whether the other windows of the partition need no try."""
        return self in {Outcome.SKIPPED, Outcome.FAILED}


class Processing(str, Enum):
    """Amazon's ``processingStatus``."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FATAL = "FATAL"


@dataclass(frozen=True)
class Verdict:
    """How a report ended and what follows.

    Attributes:
        outcome: The word for it.
        advice: What a person can do about it, empty where nothing.
        again: Asking once more may help.
        shorten: Leaving out the newest unit may help.
        too_wide: The window may be too wide: asking for halves of it may help.
    """

    outcome: Outcome
    advice: str = ""
    again: bool = False
    shorten: bool = False
    too_wide: bool = False


_BUG = "This is a fault of the tap. Please report it with this message"
_OTHER_MARKETPLACE = "Set `marketplaces` to the marketplace that Amazon names"
_NO_VIEW = "The account does not have this view: remove it from `distributor_views`"
_NO_PROGRAM = "The account does not have this program: remove it from `selling_programs`"
_NO_RIGHTS = (
    "The vendor group, or the user who authorized the application, lacks the rights for this "
    "report: ask the administrator of the account in Vendor Central"
)
_NO_ROLE = (
    "The application lacks the role for this report ({roles}), or the "
    "account authorized it before the role was added: add the role, then authorize again"
)
_NO_RESTRICTED_ROLE = (
    "The application lacks the restricted role for this report ({roles}), is not allowed to "
    "use restricted data tokens, or was authorized before it got the role: have the role granted, then authorize again"
)

_FATAL = (
    ("is not yet available", Verdict(Outcome.LATER, shorten=True)),
    ("must be supplied", Verdict(Outcome.FAILED, _BUG)),
    ("reportoption to be specified", Verdict(Outcome.FAILED, _BUG)),
    ("parentreferenceid", Verdict(Outcome.FAILED, _BUG)),
    ("date range exceeded", Verdict(Outcome.FAILED, _BUG)),
    ("requested marketplaceid", Verdict(Outcome.FAILED, _OTHER_MARKETPLACE)),
    ("provided marketplaceid", Verdict(Outcome.FAILED, _OTHER_MARKETPLACE)),
    ("no vendor code set as manufacturing role", Verdict(Outcome.SKIPPED, _NO_VIEW)),
    ("distributorview parameter contains an invalid value", Verdict(Outcome.SKIPPED, _NO_VIEW)),
    ("sellingprogram parameter contains an invalid value", Verdict(Outcome.SKIPPED, _NO_PROGRAM)),
    ("report requested with invalid user inputs", Verdict(Outcome.SKIPPED, _NO_RIGHTS)),
)

_REFUSED = (
    ("does not support account id", Verdict(Outcome.SKIPPED, "Not a report of this account type")),
    ("access to the resource is forbidden", Verdict(Outcome.SKIPPED, _NO_ROLE)),
    ("do not have access to some or all requested resource", Verdict(Outcome.SKIPPED, _NO_RESTRICTED_ROLE)),
    ("not authorized to access vendor reports", Verdict(Outcome.SKIPPED, _NO_RIGHTS)),
    (
        "report rejected for this client",
        Verdict(Outcome.FAILED, "`marketplaces` names one that is not part of this account"),
    ),
    (
        "access to requested resource is denied",
        Verdict(Outcome.FAILED, "Check `region`, `api_url` and the roles of the application"),
    ),
)

_CLIENT_ERROR = "a client error occurred"
_UNAVAILABLE = "requested data is unavailable"


def judge_fatal(text: str | None, *, recent: bool, delivered: bool) -> Verdict:
    """Judge a report by the error that Amazon put into its document.

    Args:
        text: Amazon's text, None for a FATAL report without a document.
        recent: The days asked for are so young that Amazon may still publish them.
        delivered: This account has had this report with these options before.

    Returns:
        The verdict; for an unknown text, failure after one more try.
    """
    if text is None:
        return Verdict(Outcome.LATER, again=True)
    words = text.lower()
    if _CLIENT_ERROR in words:
        # Amazon's catch-all. Our dates are aligned, so it means unpublished, an outage, or a
        # combination that this account does not have.
        if recent or delivered:
            return Verdict(Outcome.LATER, too_wide=True)
        return Verdict(Outcome.SKIPPED, _NO_RIGHTS, too_wide=True)
    if _UNAVAILABLE in words:
        return Verdict(Outcome.LATER if recent else Outcome.EMPTY)
    for part, verdict in _FATAL:
        if part in words:
            return verdict
    return Verdict(Outcome.FAILED, again=True)


def judge_refusal(error: AmazonError, roles: Iterable[str] = ()) -> Verdict:
    """Judge a report that Amazon did not even accept.

    Args:
        error: What the call raised.
        roles: Amazon's roles of which any one suffices for the report.
    """
    if isinstance(error, (AccessDeniedError, RequestRejectedError)):
        words = error.text.lower()
        for part, verdict in _REFUSED:
            if part in words:
                return replace(verdict, advice=verdict.advice.format(roles=" or ".join(roles) or "none is known"))
    return Verdict(Outcome.FAILED)
