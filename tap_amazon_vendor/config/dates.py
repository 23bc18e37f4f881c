"""Days in the settings."""

from __future__ import annotations

import re
from datetime import date

import pendulum

#: The expected format, for error messages.
WANTED = "write a full ISO 8601 date such as 2026-01-31 (of a date-time such as 2026-01-31T00:00:00Z the day counts)"

#: A year, a week or an ordinal date is ISO 8601 too, but easily misread.
_FULL = re.compile(r"(\d{4}-\d{2}-\d{2}|\d{8})(T[0-9:.,Z+-]+)?", re.ASCII)


def read_day(text: str) -> date:
    """Read the day that a date, or a date-time of any time zone, begins with.

    Args:
        text: ISO 8601, as a user writes it or Meltano's kind ``date_iso8601`` passes it on.

    Raises:
        ValueError: It is not a full date, or there is no such day or time.
    """
    if not _FULL.fullmatch(text):
        raise ValueError(WANTED)
    # strict: only ISO 8601, no guessing. exact: no time zone moves the day.
    parsed = pendulum.parse(text, strict=True, exact=True)
    if not isinstance(parsed, date):
        raise ValueError(WANTED)  # noqa: TRY004 - for the caller the value is wrong
    return date(parsed.year, parsed.month, parsed.day)
