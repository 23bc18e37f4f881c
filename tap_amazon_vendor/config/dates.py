"""Days in the settings."""

from __future__ import annotations

import re
import typing as t
from datetime import date

import pendulum

if t.TYPE_CHECKING:
    from collections.abc import Mapping

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


def day_setting(settings: Mapping[str, t.Any], name: str, problems: list[str], *, prefix: str = "") -> date | None:
    """Read a setting that holds a day.

    Args:
        settings: Those of the tap or of an account, with valid types.
        name: The setting.
        problems: Gets one sentence if it is not a full date.
        prefix: What precedes the name in that sentence: the entry of `accounts`.

    Returns:
        The day, None if the setting is not set or not valid.
    """
    value = settings.get(name)
    if not value:
        return None
    try:
        return read_day(value)
    except ValueError:
        problems.append(f"`{prefix}{name}` is {value!r}: {WANTED}")
        return None
