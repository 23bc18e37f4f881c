"""The operations of the Amazon Ads API that tell profiles, and those of its reports, version 3."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from amazon_sandbox import ads_entities
from amazon_sandbox.ads_jobs import ENDED, REASON
from amazon_sandbox.ads_operations import AdsOperation, of_reporting, of_resource
from amazon_sandbox.ads_report_types import REPORT_TYPES, Asked
from amazon_sandbox.faults import ADS_JOB

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from amazon_sandbox.ads_jobs import AdsReport
    from amazon_sandbox.ads_operations import AdsCall
    from amazon_sandbox.ads_report_types import ReportType
    from amazon_sandbox.amazon import Sandbox

    Row = dict[str, Any]

CREATE_TYPE = "application/vnd.createasyncreportrequest.v3+json"


def get_profiles(_sandbox: Sandbox, call: AdsCall) -> list[Row]:
    """List the profiles of a consent: with the default, only those that it may change."""
    query = call.query
    level = query.get("accessLevel", "edit")
    if level not in {"edit", "view"}:
        raise of_resource(400, "INVALID_ARGUMENT", "accessLevel must be one of edit, view")
    kinds = query["profileTypeFilter"].split(",") if "profileTypeFilter" in query else ("seller", "vendor", "agency")
    return [
        dict(profile.as_json())
        for profile in call.account.profiles
        if (profile.may_edit or level == "view") and profile.kind in kinds
    ]


def create_report(sandbox: Sandbox, call: AdsCall) -> Row:
    """Take a report in."""
    body = call.json()
    asked = _understood(body, call)
    running = sandbox.ads_reports.running(call.profile, body, call.now)
    if running is not None:
        raise of_reporting(425, f"The Request is a duplicate of : {running.report_id}")
    fault = sandbox.faults.strike(ADS_JOB)
    report = sandbox.ads_reports.create(call.account, call.profile, body, asked=asked, now=call.now, fault=fault)
    return _report(sandbox, report, call)


def get_report(sandbox: Sandbox, call: AdsCall) -> Row:
    """Tell how a report is doing, and where it lies."""
    return _report(sandbox, _found(sandbox, call), call)


def delete_report(sandbox: Sandbox, call: AdsCall) -> Row:
    """Cancel a report that is PENDING."""
    report = _found(sandbox, call)
    if report.status(call.now) != "PENDING":
        raise of_reporting(400, "Report can only be deleted while it is PENDING")
    report.cancelled_at = call.now
    return {"reportId": report.report_id, "status": "CANCELLED"}


def _found(sandbox: Sandbox, call: AdsCall) -> AdsReport:
    report = sandbox.ads_reports.find(call.profile, call.ids["reportId"], call.now)
    if report is None:
        raise of_reporting(404, f"Report with id {call.ids['reportId']} not found")
    return report


def _report(sandbox: Sandbox, report: AdsReport, call: AdsCall) -> Row:
    """The report object of an answer."""
    status, now = report.status(call.now), call.now
    done = status == "COMPLETED"
    ended = status in ENDED
    started = status not in {"PENDING", "CANCELLED"}
    url, expires_at = sandbox.ads_reports.link(call.base_url, report.document_id, now) if done else (None, None)
    updated = report.generated_at if ended else report.created_at + (report.waiting if started else timedelta(0))
    return {
        "reportId": report.report_id,
        "status": status,
        "name": report.body.get("name"),
        "startDate": report.body["startDate"],
        "endDate": report.body["endDate"],
        "configuration": report.body["configuration"],
        "createdAt": _iso(report.created_at),
        "updatedAt": _iso(updated),
        "generatedAt": _iso(report.generated_at) if done else None,
        "fileSize": sandbox.ads_reports.content(report.report_id).length if done else None,
        "url": url,
        "urlExpiresAt": expires_at and _iso(expires_at),
        "failureReason": REASON if ended and not done else None,
    }


def _understood(body: Mapping[str, Any], call: AdsCall) -> Asked:
    """Check a request.

    Raises:
        AdsError: 400 for what Amazon refuses, 403 for an advertising product that is not open.
    """
    configuration = body.get("configuration")
    if not isinstance(configuration, dict):
        raise of_reporting(400, "configuration must not be null")
    for name in ("adProduct", "reportTypeId", "groupBy", "columns", "timeUnit", "format"):
        if not configuration.get(name):
            raise of_reporting(400, f"configuration {name} must not be null or empty")
    report_type = REPORT_TYPES.get(configuration["reportTypeId"])
    if report_type is None or configuration["adProduct"] != report_type.ad_product:
        raise of_reporting(400, "configuration reportTypeId is unknown or invalid")
    if report_type.ad_product in call.profile.closed:
        title = report_type.ad_product.replace("_", " ").title()
        raise of_reporting(403, f"Advertiser is not authorized for {title}")
    if configuration["timeUnit"] not in {"DAILY", "SUMMARY"}:
        raise of_reporting(400, "configuration timeUnit must be one of DAILY, SUMMARY")
    if configuration["format"] != "GZIP_JSON":
        raise of_reporting(400, "configuration format must be one of GZIP_JSON")
    group_by = _texts(configuration, "groupBy")
    wrong = [group for group in group_by if group not in report_type.groups]
    if wrong or (len(group_by) > 1 and not report_type.combined):
        named = ", ".join(wrong or group_by)
        raise of_reporting(
            400, f"configuration invalid groupBy values: ({named}). Allowed values: ({', '.join(report_type.groups)})"
        )
    allowed = report_type.allowed(group_by, configuration["timeUnit"])
    columns = _texts(configuration, "columns")
    unknown = [column for column in columns if column not in allowed or (column in SELLERS_ONLY and not _sells(call))]
    if unknown:
        named = f"({', '.join(unknown)}). Allowed values: ({', '.join(allowed)})"
        raise of_reporting(400, f"configuration columns includes invalid values: {named}")
    start, end = _dates(body, report_type, call)
    filters = _filters(configuration, report_type, group_by)
    return Asked(report_type, group_by, columns, configuration["timeUnit"] == "DAILY", start, end, filters)


SELLERS_ONLY = frozenset({"advertisedSku", "promotedSku"})


def _sells(call: AdsCall) -> bool:
    return call.profile.kind == "seller"


def _texts(configuration: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = configuration[name]
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise of_reporting(400, f"configuration {name} must be a list of strings")
    return tuple(dict.fromkeys(values))


def _dates(body: Mapping[str, Any], report_type: ReportType, call: AdsCall) -> tuple[date, date]:
    """The range, both days included, in the zone of the profile."""
    try:
        start, end = (date.fromisoformat(str(body.get(name))) for name in ("startDate", "endDate"))
    except ValueError:
        raise of_reporting(400, "startDate and endDate must be dates in the format YYYY-MM-DD") from None
    today = call.now.astimezone(call.profile.zone).date()
    if start > end:
        raise of_reporting(400, "startDate must not be after endDate")
    if end > today:
        raise of_reporting(400, "endDate must not be in the future")
    days = (end - start).days + 1
    if days > report_type.span:
        limit = f"must not exceed maximum range ({report_type.span} days)"
        raise of_reporting(400, f"startDate to endDate range ({days} days) {limit}")
    if start < today - timedelta(days=report_type.days_back):
        raise of_reporting(400, "Report date is too far in the past")
    return start, end


def _filters(
    configuration: Mapping[str, Any], report_type: ReportType, group_by: Iterable[str]
) -> Mapping[str, frozenset[str]]:
    known = report_type.filters or {}
    found: dict[str, frozenset[str]] = {}
    for each in configuration.get("filters") or ():
        name, values = each.get("field"), each.get("values")
        if name not in known:
            where = f"invalid for groupBys: ({', '.join(group_by)})"
            raise of_reporting(400, f"configuration filters includes fields: ({name}) which are {where}")
        if not isinstance(values, list) or not values or set(values) - set(known[name]):
            raise of_reporting(400, f"configuration filters includes invalid values for field: ({name})")
        found[name] = frozenset(values)
    return found


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


REPORTING = "/reporting/reports"
ANSWER = "application/vnd.{}asyncreportresponse.v3+json"

OPERATIONS: tuple[AdsOperation, ...] = (
    AdsOperation("getProfiles", "GET", "/v2/profiles", get_profiles, scoped=False),
    AdsOperation(
        "createAdsReport",
        "POST",
        REPORTING,
        create_report,
        takes=CREATE_TYPE,
        gives=ANSWER.format("create"),
        limit="create",
        errors=of_reporting,
    ),
    AdsOperation(
        "getAdsReport",
        "GET",
        f"{REPORTING}/<reportId>",
        get_report,
        gives=ANSWER.format("get"),
        limit="poll",
        errors=of_reporting,
    ),
    AdsOperation(
        "deleteAdsReport",
        "DELETE",
        f"{REPORTING}/<reportId>",
        delete_report,
        gives=ANSWER.format("delete"),
        errors=of_reporting,
    ),
    *ads_entities.OPERATIONS,
)
