"""Advertising as the local Amazon's seed has it, in our columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from world import flat

from amazon_sandbox.ads_accounts import ADS_CLIENT_ID, ADS_CLIENT_SECRET
from amazon_sandbox.ads_reports import rows
from tap_amazon_vendor.streams.ads import STREAMS
from tap_amazon_vendor.streams.ads_rows import AdsReportRows

if TYPE_CHECKING:
    from amazon_sandbox import Sandbox

Row = dict[str, Any]


def consent(url: str, auth_url: str, label: str = "vendor-us") -> Row:
    """The setting `ads` for a consent of the local Amazon."""
    return {
        "client_id": ADS_CLIENT_ID,
        "client_secret": ADS_CLIENT_SECRET,
        "refresh_token": f"Atzr|sandbox-ads-{label}",
        "api_url": f"{url}/ads",
        "auth_url": auth_url,
    }


#: The streams of daily reports.
REPORTS = {stream.name: stream for stream in STREAMS if isinstance(stream, AdsReportRows)}


def seeded(sandbox: Sandbox, stream: AdsReportRows, keys: list[str], label: str = "default") -> dict[Any, Row]:
    """The table that the stream leads to by what the seed says of each report that was made for it, in order."""
    table = {}
    for report in sorted(sandbox.ads_reports._made.values(), key=lambda report: report.created_at):
        asked = report.asked
        if asked.type.id != stream.report.name or asked.group_by != stream.report.group_by:
            continue
        for row in rows(sandbox.ads_reports.advertising(report.profile), asked, report.generated_at):
            told = {name: str(value) if name.endswith("_id") else value for name, value in flat(row).items()}
            told |= {"account": label, "profile_id": f"{report.profile.profile_id}"}
            told["marketplace_id"] = report.profile.marketplace_id
            if stream.asin:
                told["asin"] = told.pop(flat_name(stream.asin))
            table[tuple(told.get(key, "(none)") for key in keys)] = told
    return table


def flat_name(name: str) -> str:
    return next(iter(flat({name: 1})))
