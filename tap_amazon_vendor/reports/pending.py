"""Pending reports as JSON, for the Singer state."""

from __future__ import annotations

import logging
import typing as t
from datetime import datetime

from tap_amazon_vendor.engine.model import PendingJob
from tap_amazon_vendor.reports.request import ReportRequest

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = logging.getLogger("tap-amazon-vendor.reports")


def to_state(pending: Iterable[PendingJob]) -> list[dict[str, t.Any]]:
    """Return pending reports as JSON."""
    return [
        {**each.request.to_state(), "report_id": each.job_id, "asked_at": each.asked_at.isoformat(), **_doubt(each)}
        for each in pending
    ]


def from_state(entries: Iterable[Mapping[str, t.Any]]) -> list[PendingJob]:
    """Return what `to_state` wrote; an entry that can't be read is ignored with a warning."""
    return list(filter(None, map(_read, entries)))


def _doubt(pending: PendingJob) -> dict[str, str]:
    if pending.said is None or pending.said_since is None:
        return {}
    return {"said": pending.said, "said_since": pending.said_since.isoformat()}


def _read(entry: Mapping[str, t.Any]) -> PendingJob | None:
    try:
        request, asked_at = ReportRequest.from_state(entry), datetime.fromisoformat(entry["asked_at"])
        said, since = entry.get("said"), entry.get("said_since")
        doubt = (said, datetime.fromisoformat(since)) if said and since else ()
        return PendingJob(request, entry["report_id"] or None, asked_at, *doubt)
    except (KeyError, TypeError, ValueError, AttributeError):
        logger.warning("Ignoring a report in the state that can't be read")
        return None
