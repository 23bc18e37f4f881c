"""The operations of the Reports API 2021-06-30 (docs/amazon/reports-api.md and the model)."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from amazon_sandbox import errors
from amazon_sandbox.accounts import MARKETPLACES
from amazon_sandbox.api import Answer, ApiCall, Operation, moment, read_token, write_token
from amazon_sandbox.registrations import selling_partner_id
from amazon_sandbox.reports import ACCOUNT_ID_CLASS, RULES, number_of
from amazon_sandbox.rules.verdicts import ReportRequest
from amazon_sandbox.schedules import PERIODS, Schedule

if TYPE_CHECKING:
    from amazon_sandbox.accounts import SandboxAccount
    from amazon_sandbox.amazon import Sandbox
    from amazon_sandbox.jobs import Job

BASE = "/reports/2021-06-30"
STATUSES = ("CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE")
MOST_TYPES = 10
MOST_FILTERED_MARKETPLACES = 10
MOST_MARKETPLACES = 25
PAGE_SIZE, MOST_PAGE_SIZE = 10, 100


def create_report(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Take a report in."""
    request = _requested(call)
    # Has cost a token of the operation by now, as calls that fail do.
    if not sandbox.quotas.take_report(call.account, RULES[request.report_type], call.now):
        raise errors.quota_exceeded()
    job = sandbox.jobs.create(call.account, request, call.now)
    return Answer(202, {"reportId": job.report_id})


def get_report(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Tell how a report is doing."""
    return Answer(200, _job(sandbox, call).as_json(call.now))


def get_reports(sandbox: Sandbox, call: ApiCall) -> Answer:
    """List reports of all origins, newest first, by filters that do not include the options."""
    last = None
    if "nextToken" in call.query:
        if len(call.query) > 1:
            raise errors.invalid_input(details="nextToken must be the only parameter")
        filters = read_token(call.query["nextToken"])
        owner, last_id = filters.pop("account", ""), filters.pop("last", "")
        last = sandbox.jobs.find(call.account, last_id, call.now)
        if owner != call.account.label or last is None:
            raise errors.invalid_input(details="Invalid nextToken")
        call = replace(call, query=filters)
    return Answer(200, _page(sandbox, call, last))


def _page(sandbox: Sandbox, call: ApiCall, last: Job | None) -> dict[str, Any]:
    """List one page.

    Args:
        sandbox: The sandbox.
        call: A call with filters.
        last: The report that ended the page before, if there was one.

    Returns:
        The GetReportsResponse of the model.
    """
    types = call.values("reportTypes", MOST_TYPES)
    if types is None:
        raise errors.missing_parameters(names=["reportTypes"])
    for report_type in types:
        _check_type(call.account, report_type)
    statuses = call.values("processingStatuses", len(STATUSES)) or ()
    if set(statuses) - set(STATUSES):
        raise errors.invalid_input(details="Invalid input in processing status")
    places = call.values("marketplaceIds", MOST_FILTERED_MARKETPLACES)
    since, until = call.moment("createdSince"), call.moment("createdUntil")
    size = call.size("pageSize", PAGE_SIZE, MOST_PAGE_SIZE)

    def fits(job: Job) -> bool:
        return (
            job.request.report_type in types
            and (not statuses or job.status(call.now) in statuses)
            and (places is None or bool(set(places) & set(job.listed_under)))
            and (since is None or job.created_at >= since)
            and (until is None or job.created_at <= until)
        )

    # Reports that come in between two pages are newer, so they move nothing.
    fitting = filter(fits, sandbox.jobs.of(call.account, call.now, before=last))
    found = list(islice(fitting, size))
    page: dict[str, Any] = {"reports": [job.as_json(call.now) for job in found]}
    if next(fitting, None) is not None:
        page["nextToken"] = write_token({**call.query, "account": call.account.label, "last": found[-1].report_id})
    return page


def cancel_report(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Take a report out of the queue."""
    job = _job(sandbox, call)
    if job.status(call.now) != "IN_QUEUE":
        raise errors.invalid_input(details="Only reports IN_QUEUE can be cancelled")
    job.cancelled_at = call.now
    return Answer(200)


def get_report_document(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Give out a presigned URL."""
    document_id = call.ids["reportDocumentId"]
    job = sandbox.jobs.with_document(document_id, call.now)
    if job is None or job.account.label != call.account.label:
        raise errors.not_found(what="Document")
    _check_type(call.account, job.request.report_type)
    if RULES[job.request.report_type].restricted and not call.restricted:
        raise errors.denied()
    flag = call.query.get("enableContentEncodingUrlHeader", "false")
    if flag not in {"true", "false"}:
        raise errors.invalid_input(details="enableContentEncodingUrlHeader")
    url = sandbox.presigner.url(call.base_url, document_id, call.now, encoded=flag == "true")
    body = {"reportDocumentId": document_id, "url": url}
    if sandbox.documents.compressed(job):
        body["compressionAlgorithm"] = "GZIP"
    return Answer(200, body)


def create_report_schedule(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Take a schedule in, and its first report, which ends FATAL."""
    request = _requested(call, scheduled=True)
    body = call.json("marketplaceIds")
    period = body.get("period")
    if not period:
        raise errors.missing_parameters(names=["period"])
    if period not in PERIODS:
        raise errors.invalid_input(details="Invalid input in period")
    schedule = Schedule(
        schedule_id=sandbox.schedules.new_id(),
        account=call.account,
        report_type=request.report_type,
        marketplace_ids=request.marketplace_ids,
        options=request.options,
        period=period,
        next_time=body.get("nextReportCreationTime"),
    )
    sandbox.schedules.add(schedule)
    sandbox.jobs.create(call.account, request, call.now, schedule.schedule_id)
    return Answer(201, {"reportScheduleId": schedule.schedule_id})


def get_report_schedules(sandbox: Sandbox, call: ApiCall) -> Answer:
    """List the schedules of some report types."""
    types = call.values("reportTypes", MOST_TYPES)
    if types is None:
        raise errors.missing_parameters(names=["reportTypes"])
    found = [s for s in sandbox.schedules.of(call.account) if s.report_type in types]
    return Answer(200, {"reportSchedules": [schedule.as_json() for schedule in found]})


def get_report_schedule(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Tell of one schedule."""
    return Answer(200, _schedule(sandbox, call).as_json())


def cancel_report_schedule(sandbox: Sandbox, call: ApiCall) -> Answer:
    """Forget a schedule."""
    sandbox.schedules.remove(_schedule(sandbox, call))
    return Answer(200)


_REPORTS, _SCHEDULES = f"{BASE}/reports", f"{BASE}/schedules"
DOCUMENTS = f"{BASE}/documents"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "getReports",
        "GET",
        _REPORTS,
        get_reports,
        (
            "reportTypes",
            "processingStatuses",
            "marketplaceIds",
            "pageSize",
            "createdSince",
            "createdUntil",
            "nextToken",
        ),
    ),
    Operation("createReport", "POST", _REPORTS, create_report),
    Operation("getReport", "GET", f"{_REPORTS}/<reportId>", get_report),
    Operation("cancelReport", "DELETE", f"{_REPORTS}/<reportId>", cancel_report),
    Operation(
        "getReportDocument",
        "GET",
        f"{DOCUMENTS}/<reportDocumentId>",
        get_report_document,
        ("enableContentEncodingUrlHeader",),
    ),
    Operation("getReportSchedules", "GET", _SCHEDULES, get_report_schedules, ("reportTypes",)),
    Operation("createReportSchedule", "POST", _SCHEDULES, create_report_schedule),
    Operation(
        "getReportSchedule",
        "GET",
        f"{_SCHEDULES}/<reportScheduleId>",
        get_report_schedule,
    ),
    Operation(
        "cancelReportSchedule",
        "DELETE",
        f"{_SCHEDULES}/<reportScheduleId>",
        cancel_report_schedule,
    ),
)


def _requested(call: ApiCall, *, scheduled: bool = False) -> ReportRequest:
    """Check a body against the model, then against the account.

    A body's own `reportSpecification` and all other unknown fields are ignored
    (docs/amazon/reports-api.md#createreport).
    """
    body = call.json("marketplaceIds")
    report_type: Any = body.get("reportType")
    places: Any = body.get("marketplaceIds")
    listed = isinstance(places, list) and bool(places)
    named = isinstance(report_type, str) and bool(report_type)
    if not listed or not named:
        missing = {"marketplaceIds": not listed, "reportType": not named}
        raise errors.missing_parameters(names=[name for name in missing if missing[name]])
    if len(places) > MOST_MARKETPLACES or not all(isinstance(p, str) for p in places):
        raise errors.invalid_input(details="Invalid input in marketplaceIds")
    options = body.get("reportOptions")
    # A list in place of a map counts as no options at all (docs/amazon/reports-api.md#createreport).
    options = options if isinstance(options, dict) else {}
    if not all(isinstance(value, str) for value in options.values()):
        raise errors.invalid_input(details="Invalid input in reportOptions")
    start = moment("dataStartTime", body.get("dataStartTime"))
    end = moment("dataEndTime", body.get("dataEndTime"))
    if start is not None and start > (end or call.now) and start <= call.now:
        raise errors.invalid_input(message="dataStartTime is after dataEndTime")
    for name, value in (("dataStartTime", start), ("dataEndTime", end)):
        if value is not None and value > call.now:
            raise errors.invalid_input(details=f"{name} is in the future")
    _check_type(call.account, report_type)
    _check_places(call.account, places)
    return ReportRequest(report_type, tuple(places), options, start, end, scheduled)


def _check_type(account: SandboxAccount, report_type: str) -> None:
    """Refuse report types that an account cannot have, or for which it lacks the role."""
    rule = RULES.get(report_type)
    if rule is None:
        # Also the answer for a report that Amazon has and the sandbox does not.
        raise errors.invalid_input(message=f"Invalid Report Type _{report_type}_")
    if account.kind not in rule.kinds:
        raise errors.invalid_input(
            message=f"Report type {number_of(report_type)} does not support account ID of type"
            f" class {ACCOUNT_ID_CLASS[account.kind]}."
        )
    if set(rule.roles).isdisjoint(account.roles):
        raise errors.forbidden()
    if account.kind == "vendor" and not account.enabled:
        raise errors.group_not_enabled(selling_partner_id(account))


def _check_places(account: SandboxAccount, places: list[str]) -> None:
    # A seller has the marketplaces of its account. A vendor group gets past this with
    # any marketplace of its region, and its report is FATAL (docs/amazon/vendor-reports.md#vendor-groups).
    own = set(account.marketplaces)
    if account.kind == "vendor":
        own = {id_ for id_, place in MARKETPLACES.items() if place.region == account.region}
    if not own & set(places):
        raise errors.invalid_input(
            message="Report rejected for this client. your report could not be applied to any marketplaces"
        )


def _job(sandbox: Sandbox, call: ApiCall) -> Job:
    job = sandbox.jobs.find(call.account, call.ids["reportId"], call.now)
    if job is None:
        raise errors.not_found(what="Report")
    return job


def _schedule(sandbox: Sandbox, call: ApiCall) -> Schedule:
    schedule = sandbox.schedules.find(call.account, call.ids["reportScheduleId"])
    if schedule is None:
        raise errors.not_found(what="Report schedule")
    return schedule
