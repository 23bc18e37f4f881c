"""What the user has to do about an error, in the words of the Airbyte protocol."""

from __future__ import annotations

import typing as t

from singer_sdk.exceptions import ConfigValidationError, SingerSDKError

from tap_amazon_vendor.errors import AccessDeniedError, CredentialsError, RunFailedError, UnavailableError
from tap_amazon_vendor.outcomes import Outcome

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_amazon_vendor.airbyte.messages import FailureType
    from tap_amazon_vendor.audit.ledger import LedgerEntry


def failure_type(error: Exception, entries: Iterable[LedgerEntry] = ()) -> FailureType:
    """Return whether the user changes the configuration, waits, or reports a mistake of the source.

    Args:
        error: The error that a command ended with.
        entries: Ledger entries of the run, if it was one: the error then sums up theirs.
    """
    if isinstance(error, RunFailedError):
        return _of_run(entries)
    if isinstance(error, (ConfigValidationError, CredentialsError, AccessDeniedError)):
        return "config_error"
    if isinstance(error, UnavailableError):
        return "transient_error"
    return "system_error"


def _of_run(entries: Iterable[LedgerEntry]) -> FailureType:
    bad = [entry for entry in entries if entry.outcome in {Outcome.FAILED, Outcome.SKIPPED}]
    failed = [entry for entry in bad if entry.outcome is Outcome.FAILED]
    if any(isinstance(entry.error, (CredentialsError, AccessDeniedError)) for entry in bad):
        return "config_error"
    if any(isinstance(entry.error, UnavailableError) for entry in failed):
        return "transient_error"
    # Nothing failed: an account lacks everything that is selected.
    return "system_error" if failed else "config_error"


def message(error: Exception) -> str:
    """Return what the user reads: the tap's own words, never those of a mistake."""
    if isinstance(error, ConfigValidationError):
        return "\n".join(map(str, error.errors)) or str(error)
    if isinstance(error, SingerSDKError):
        return str(error)
    return "This is a bug in the source. Please report it with the log of this sync"
