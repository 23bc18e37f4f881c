"""What the doctor found out about an account: checks, permissions, and what to do about them."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import dataclass
from enum import Enum

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.ads_accounts import AdsAccount
    from tap_amazon_vendor.doctor.questions import Roles


class State(str, Enum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """A precondition for reading anything.

    Attributes:
        name: What was checked.
        state: The result.
        text: What was found, with Amazon's message where it refused.
        steps: What to do about it.
    """

    name: str
    state: State
    text: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Permission:
    """Access to the streams of a group that need the same role, and of which reports came or none came.

    Attributes:
        group: Permission group, as `streams.GROUPS` names it.
        roles: Amazon's roles, any one of which suffices.
        streams: Names of the streams.
        authorized: Whether the API authorization covers them: unknown until the first report.
        permitted: Whether the account and its user may see the data, as far as reports show.
        text: What was found, with Amazon's message where it refused.
        steps: What to do about it.
        answered: Amazon answered the question.
        request: Text to send to the account's administrator.
    """

    group: str
    roles: Roles
    streams: tuple[str, ...]
    authorized: State = State.UNKNOWN
    permitted: State = State.UNKNOWN
    text: str = ""
    steps: tuple[str, ...] = ()
    request: str = ""
    answered: bool = True

    @property
    def ok(self) -> bool:
        """Whether the streams can be read, as far as is known."""
        return self.answered and State.FAILED not in {self.authorized, self.permitted}


@dataclass(frozen=True)
class Diagnosis:
    """What was found out about an account.

    Attributes:
        account: The account.
        checks: In order; the first failed check is the last, because it explains the rest.
        permissions: By group and role; empty where a check failed.
    """

    account: Account | AdsAccount
    checks: tuple[Check, ...]
    permissions: tuple[Permission, ...] = ()

    @classmethod
    def joined(cls, found: Sequence[Diagnosis]) -> Diagnosis:
        """Return what was found out about the sales and about the advertising of one account."""
        checks = itertools.chain.from_iterable(each.checks for each in found)
        permissions = itertools.chain.from_iterable(each.permissions for each in found)
        return cls(found[0].account, tuple(checks), tuple(permissions))

    @property
    def ok(self) -> bool:
        """Whether everything can be read, as far as is known."""
        failed = any(check.state is State.FAILED for check in self.checks)
        return not failed and all(permission.ok for permission in self.permissions)

    @property
    def problems(self) -> list[str]:
        """One paragraph for each thing that blocks the account."""
        failed = [_paragraph(check.text, check.steps) for check in self.checks if check.state is State.FAILED]
        return failed + [_of_streams(same) for same in self.remedies if not same[0].ok]

    @property
    def doubts(self) -> list[str]:
        """One paragraph for each thing that may block the account."""
        return [_of_streams(same) for same in self.remedies if same[0].ok]

    @property
    def remedies(self) -> list[list[Permission]]:
        """The permissions that need action, grouped where it is the same: a role opens several groups."""
        found: dict[tuple[object, ...], list[Permission]] = {}
        for permission in self.permissions:
            if permission.steps or not permission.ok:
                key = (permission.text, permission.steps, permission.request)
                found.setdefault(key, []).append(permission)
        return list(found.values())


def _paragraph(text: str, steps: Sequence[str]) -> str:
    """Join what was found and what to do about it."""
    return ". ".join((text, *steps))


def _of_streams(same: Sequence[Permission]) -> str:
    """Write one paragraph for all streams of some permissions."""
    streams = ", ".join(stream for permission in same for stream in permission.streams or (permission.group,))
    return _paragraph(f"{streams}: {same[0].text}", same[0].steps)
