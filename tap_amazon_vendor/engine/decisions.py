"""The decisions about a job: made by `answers` and `adoption`, carried out by `registry`."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from collections.abc import Hashable

    from tap_amazon_vendor.engine.model import ListedJob
    from tap_amazon_vendor.errors import AmazonError
    from tap_amazon_vendor.outcomes import Outcome, Verdict


@dataclass(frozen=True)
class PollAgain:
    """Amazon is working on it: poll it again after some seconds."""

    pause: float


@dataclass(frozen=True)
class Fetch:
    """Its document is ready."""


@dataclass(frozen=True)
class TurnPage:
    """Its page is fetched, and another follows: create that, or take it up."""

    document: t.Any
    next_page: Hashable


@dataclass(frozen=True)
class Retry:
    """Create it once more after some seconds, because the last try failed.

    Attributes:
        verdict: What the reason means, if Amazon gave it.
    """

    reason: str
    pause: float
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Restart:
    """Create it: the existing job that was checked is another one."""


@dataclass(frozen=True)
class Shorten:
    """Create it with a shorter window."""

    request: t.Any
    reason: str


@dataclass(frozen=True)
class Split:
    """Its window is too wide: create its halves."""

    halves: tuple[t.Any, ...]
    reason: str


@dataclass(frozen=True)
class Adopt:
    """Check an existing job that may be the one."""

    existing: ListedJob


@dataclass(frozen=True)
class Hesitate:
    """Decide later: what other jobs are about to learn matters."""


@dataclass(frozen=True)
class Weigh:
    """Amazon says that there are no rows, or why: what follows also depends on other jobs (`hearings`).

    Attributes:
        reason: What Amazon says.
        verdict: What that means, once it is believed.
        refresh_refused: The job was created once more, and Amazon refused to make it again so soon.
    """

    reason: str
    verdict: Verdict
    refresh_refused: bool = False


@dataclass(frozen=True)
class Hold:
    """Decide when the jobs that matter for it know more."""


@dataclass(frozen=True)
class Finish:
    """It has a result.

    Attributes:
        outcome: How it ended.
        reason: Amazon's text, or ours.
        advice: What the user can do about it.
        error: The call that failed, where the reason is that of a call.
        parts: Requests to read instead.
        document: The rows.
        unsettled: The next run looks at it again.
        whole: The partition's other windows would end alike.
        lasting: The next runs would hear the same.
        doubtful: What else is known contradicts what Amazon says, or it is more than a delay: a warning is due.
        doubted: What Amazon says and is not believed yet: a later run compares.
    """

    outcome: Outcome
    reason: str | None
    advice: str = ""
    error: AmazonError | None = None
    parts: tuple[t.Any, ...] = ()
    document: t.Any = None
    unsettled: bool = False
    whole: bool = False
    lasting: bool = False
    doubtful: bool = False
    doubted: str | None = None


Decision: t.TypeAlias = (
    PollAgain | Fetch | TurnPage | Retry | Restart | Shorten | Split | Adopt | Hesitate | Weigh | Hold | Finish
)
