"""The operations of the Amazon Ads API: profiles, reports of version 3, and lists of what is advertised."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from amazon_sandbox.ads_jobs import ENDED, REASON, URL_LIFETIME
from amazon_sandbox.ads_reports import REPORT_TYPES, Asked
from amazon_sandbox.faults import ADS_JOB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from amazon_sandbox.ads_accounts import AdsAccount, AdsProfile
    from amazon_sandbox.ads_jobs import AdsReport
    from amazon_sandbox.ads_reports import ReportType
    from amazon_sandbox.amazon import Sandbox

    Handler = Callable[["Sandbox", "AdsCall"], object]
    Row = dict[str, Any]

CREATE_TYPE = "application/vnd.createasyncreportrequest.v3+json"
PAGE_SIZE, MOST_PAGE_SIZE = 100, 5_000
BRANDS_PAGE_SIZE = 100


class AdsError(Exception):
    """An answer of the Ads API that is an error.

    Attributes:
        status: HTTP status.
        body: The JSON body, which has one of three shapes.
        headers: Further headers.
    """

    def __init__(self, status: int, body: Mapping[str, str], headers: Mapping[str, str] | None = None) -> None:
        """Remember what to answer."""
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers or {}


def of_reporting(status: int, detail: str) -> AdsError:
    """An error of the operations of reports."""
    return AdsError(status, {"code": f"{status}", "detail": detail})


def of_resource(status: int, code: str, details: str) -> AdsError:
    """An error of all other operations."""
    return AdsError(status, {"code": code, "details": details, "requestId": "SANDBOX"})


def of_gateway(status: int, message: str) -> AdsError:
    """An error before any operation."""
    return AdsError(status, {"message": message})


@dataclass(frozen=True)
class AdsCall:
    """A request that has passed the gate.

    Attributes:
        account: The consent.
        now: When.
        ids: What stands in the path.
        query: The query parameters.
        body: The body.
        base_url: The host that documents are to be fetched from.
        scope: The profile; None for operations without one.
    """

    account: AdsAccount
    now: datetime
    ids: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    base_url: str
    scope: AdsProfile | None = None

    @property
    def profile(self) -> AdsProfile:
        """The profile of an operation that needs one."""
        assert self.scope is not None, "the gate lets nobody in without"  # noqa: S101 - for the type checker
        return self.scope

    def json(self) -> Row:
        """The body as a JSON object; none is an empty one."""
        try:
            body = json.loads(self.body or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise of_resource(400, "INVALID_ARGUMENT", "Request body is not valid JSON")
        return body


@dataclass(frozen=True)
class AdsOperation:
    """One operation.

    Attributes:
        name: Its name in the log of calls.
        method: HTTP method.
        path: Path behind the host's prefix, in the notation of Werkzeug's routing.
        handler: What answers it.
        takes: The media type that a body must be announced as; None for any.
        gives: The media type of the answer.
        strict: Whether Accept has to name that type; else it may be left out or be JSON.
        limit: The bucket that it draws from.
        scoped: Whether it needs a profile.
        ad_product: What has to be open to the advertiser.
    """

    name: str
    method: str
    path: str
    handler: Handler
    takes: str | None = None
    gives: str = "application/json"
    strict: bool = False
    limit: str = "other"
    scoped: bool = True
    ad_product: str | None = None
    errors: Callable[[int, str], AdsError] = field(default=lambda status, text: of_resource(status, f"{status}", text))


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
    report = sandbox.ads_reports.create(call.account, call.profile, body, asked, call.now, fault)
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
    url = sandbox.ads_presigner.url(call.base_url, report.document_id, now, encoded=False) if done else None
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
        "urlExpiresAt": _iso(now + URL_LIFETIME) if done else None,
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
        raise of_reporting(
            400,
            f"configuration columns includes invalid values: ({', '.join(unknown)}). Allowed values: ({', '.join(allowed)})",
        )
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
            raise of_reporting(
                400,
                f"configuration filters includes fields: ({name}) which are invalid for groupBys: ({', '.join(group_by)})",
            )
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
)
