"""Pending jobs as JSON, for the Singer state: each kind writes and reads its own requests."""

from __future__ import annotations

import logging
import typing as t
from dataclasses import dataclass
from datetime import datetime

from tap_amazon_vendor.engine.model import PendingJob
from tap_amazon_vendor.reports.request import REPORTS

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Entry = Mapping[str, t.Any]

logger = logging.getLogger("tap-amazon-vendor.reports")


@dataclass(frozen=True)
class Pending:
    """What a state holds of jobs.

    Attributes:
        jobs: Those that can be taken up.
        unknown: Entries of kinds that this version does not know, kept as they are for one that does.
    """

    jobs: tuple[PendingJob, ...] = ()
    unknown: tuple[Entry, ...] = ()


def to_state(pending: Iterable[PendingJob], unknown: Iterable[Entry] = ()) -> list[dict[str, t.Any]]:
    """Return pending jobs as JSON."""
    return [*map(_write, pending), *map(dict, unknown)]


def _doubt(pending: PendingJob) -> dict[str, str]:
    if pending.said is None or pending.said_since is None:
        return {}
    return {"said": pending.said, "said_since": pending.said_since.isoformat()}


def _write(pending: PendingJob) -> dict[str, t.Any]:
    request, service = pending.request, pending.request.service.name
    return {
        # Reports were the only kind once, and are not marked.
        **({} if service == REPORTS else {"service": service}),
        **request.to_state(),
        "report_id": pending.job_id,
        **({"pages": list(pending.pages)} if pending.pages else {}),
        "asked_at": pending.asked_at.isoformat(),
        **_doubt(pending),
    }


def from_state(entries: t.Any, kinds: Mapping[str, Callable[[Entry], t.Any]]) -> Pending:  # noqa: ANN401  # any JSON
    """Return what `to_state` wrote; what can't be read is ignored with a warning.

    Args:
        entries: The entries of the state.
        kinds: Reads the request of an entry, by the name of its service.
    """
    jobs, unknown = [], []
    if not isinstance(entries, list):
        logger.warning("Ignoring the jobs in the state: they are not a list")
        entries = []
    for entry in entries:
        try:
            read = kinds.get(entry.get("service", REPORTS))
            if read is None:
                unknown.append(entry)
                continue
            request, asked_at = read(entry), _time(entry["asked_at"])
            # What can't be a key, or has nothing before and after it, is none that was written.
            _ = hash(request), request.window.before(request.window.start) <= request.window, request.window.next
            said, since = entry.get("said"), entry.get("said_since")
            doubt = (_text(said), _time(since)) if said and since else (None, None)
            pages = tuple(map(_text, entry.get("pages", ())))
            jobs.append(PendingJob(request, _text(entry["report_id"] or "") or None, asked_at, pages, *doubt))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            logger.warning("Ignoring a job in the state that can't be read")
    return Pending(tuple(jobs), tuple(unknown))


def texts(value: t.Any) -> dict[str, str]:  # noqa: ANN401  # any JSON
    """Return the texts in an object of the state; anything else in it is left out."""
    return {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}


def _text(value: t.Any) -> str:  # noqa: ANN401  # any JSON
    """Return a text.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, str):
        message = f"{value!r} is no text"
        raise TypeError(message)
    return value


def _time(text: str) -> datetime:
    """Read a time as it is written.

    Raises:
        ValueError: It is none, or has no time zone.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        message = f"{text} has no time zone"
        raise ValueError(message)
    return time
