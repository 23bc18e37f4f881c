"""What each seller report asks of a request: roles, countries, dates, options."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox import DEFAULT_ACCOUNTS
from amazon_sandbox.accounts import RESTRICTED_ROLES, SELLER_ROLES, without
from amazon_sandbox.reports import RULES, refusal
from amazon_sandbox.rules import verdicts
from amazon_sandbox.rules.dates import NO_DATES
from amazon_sandbox.rules.seller import SELLER_RULES
from amazon_sandbox.rules.verdicts import ReportRequest, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
ACCOUNTS = {account.label: account for account in DEFAULT_ACCOUNTS}

BY_ORDER_DATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
BY_LAST_UPDATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
SHIPMENTS = "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL"
OWN_RETURNS = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
LEDGER = "GET_LEDGER_SUMMARY_VIEW_DATA"
STORAGE = "GET_FBA_STORAGE_FEE_CHARGES_DATA"
LONG_TERM = "GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA"
FEES = "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA"
VAT = "GET_VAT_TRANSACTION_DATA"
B2C = "GET_GST_MTR_B2C_CUSTOM"
TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"
QUERY = "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT"
CATALOG = "GET_BRAND_ANALYTICS_SEARCH_CATALOG_PERFORMANCE_REPORT"
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"

# docs/amazon/reports-api.md#restricted-documents.
RESTRICTED = {
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING",
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX",
    "GET_GST_MTR_B2B_CUSTOM",
    VAT,
}
FINE = None
TOO_WIDE = Verdict("FATAL", verdicts.CLIENT_ERROR)
MISSING = Verdict("FATAL", verdicts.DATES_MISSING)


def read(text: str | None) -> datetime | None:
    """A moment, or the midnight of a day."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc) if text else None


def end_of(
    report_type: str,
    start: str | None = None,
    end: str | None = None,
    label: str = "seller-us",
    now: datetime = NOW,
    options: dict[str, str] | None = None,
) -> Verdict | None:
    """How a request ends, if not with a document."""
    account = ACCOUNTS[label]
    request = ReportRequest(report_type, account.marketplaces[:1], options or {}, read(start), read(end))
    return refusal(RULES[report_type], account, request, now)


def good(report_type: str) -> tuple[str, dict[str, Any]]:
    """An account and a body that get a document."""
    rule = RULES[report_type]
    label = next(
        label
        for label, country in (("seller-us", "US"), ("seller-de", "DE"), ("seller-in", "IN"))
        if not rule.countries or country in rule.countries
    )
    span = ("2026-11-01T00:00:00Z", "2026-11-20T00:00:00Z")
    if report_type in {STORAGE, VAT}:
        span = ("2026-10-01T00:00:00Z", "2026-10-31T00:00:00Z")
    elif report_type == LONG_TERM:
        span = ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
    elif report_type in {QUERY, CATALOG}:
        span = ("2026-11-08T00:00:00Z", "2026-11-14T00:00:00Z")
    elif report_type == FEES:
        span = ("2026-11-01T00:00:00Z", "2026-11-20T11:59:00Z")
    dates = {} if rule.dates == NO_DATES else dict(zip(("dataStartTime", "dataEndTime"), span, strict=True))
    options = {"reportPeriod": "WEEK"} if "reportPeriod" in rule.options else {}
    if report_type == QUERY:
        # A book that everybody sells.
        options["asin"] = "0071234567"
    return label, {
        "reportType": report_type,
        "dataStartTime": None,
        "dataEndTime": None,
        **dates,
        "reportOptions": options,
    }


ASKED = [rule.report_type for rule in SELLER_RULES if not rule.made_by_amazon]


@pytest.mark.parametrize("report_type", ASKED)
def test_good_requests_end_with_a_document(amazon: Driver, report_type: str) -> None:
    label, body = good(report_type)
    report = amazon.finished(label, **body)
    assert report["processingStatus"] == "DONE", report


@pytest.mark.parametrize("report_type", ASKED)
def test_any_one_of_the_roles_suffices_and_none_does_not(make: Callable[..., Driver], report_type: str) -> None:
    label, body = good(report_type)
    seller = ACCOUNTS[label]
    roles = RULES[report_type].roles
    assert set(roles) <= set(SELLER_ROLES)
    others = [replace(seller, label=role, refresh_token=f"Atzr|{role}", roles=(role,)) for role in roles]
    bare = without(seller, *roles)
    amazon = make(accounts=[*others, bare])
    assert {amazon.create(role, **body).status_code for role in roles} == {202}
    refused = amazon.create(bare.label, **body)
    assert refused.status_code == 403
    assert "Access to the resource is forbidden" in refused.text


@pytest.mark.parametrize("rule", SELLER_RULES, ids=lambda rule: rule.report_type)
def test_they_are_for_sellers_only(amazon: Driver, rule: Any) -> None:
    answer = amazon.create(reportType=rule.report_type)
    assert answer.status_code == 400
    assert "does not support account ID of type class" in answer.text


def test_restricted_reports_are_those_of_amazons_list() -> None:
    assert {rule.report_type for rule in SELLER_RULES if rule.restricted} == RESTRICTED
    for report_type in RESTRICTED:
        assert set(RULES[report_type].roles) <= set(RESTRICTED_ROLES)


def test_an_account_without_a_role_is_another_account() -> None:
    seller = ACCOUNTS["seller-us"]
    twin = without(seller, "Finance and Accounting")
    assert twin.label == "seller-us-no-finance-and-accounting"
    assert twin.refresh_token != seller.refresh_token
    assert set(seller.roles) - set(twin.roles) == {"Finance and Accounting"}


@pytest.mark.parametrize(
    ("report_type", "label", "verdict"),
    [
        ("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX", "seller-us", FINE),
        ("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX", "seller-de", TOO_WIDE),
        ("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING", "seller-de", FINE),
        ("GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING", "seller-us", TOO_WIDE),
        ("GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA", "seller-in", FINE),
        ("GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA", "seller-de", TOO_WIDE),
        ("GET_GST_MTR_B2B_CUSTOM", "seller-in", FINE),
        ("GET_GST_MTR_B2B_CUSTOM", "seller-jp", TOO_WIDE),
    ],
)
def test_some_reports_exist_in_some_countries(report_type: str, label: str, verdict: Verdict | None) -> None:
    assert end_of(report_type, "2026-11-01", "2026-11-10", label) == verdict


@pytest.mark.parametrize(
    ("report_type", "start", "end", "verdict"),
    [
        (BY_ORDER_DATE, "2026-10-20", "2026-11-19", FINE),
        (BY_ORDER_DATE, "2026-10-20", "2026-11-19T00:00:01", Verdict("FATAL", verdicts.ORDERS_TOO_WIDE)),
        (BY_LAST_UPDATE, "2026-10-19", "2026-11-19", Verdict("FATAL", verdicts.ORDERS_TOO_WIDE)),
        (BY_ORDER_DATE, None, "2026-11-19", MISSING),
        (SHIPMENTS, "2026-10-01", "2026-11-01", FINE),
        (SHIPMENTS, "2026-10-01", "2026-11-02", TOO_WIDE),
        (OWN_RETURNS, "2026-09-01", "2026-10-31", FINE),
        (OWN_RETURNS, "2026-09-01", "2026-11-01", TOO_WIDE),
        (LEDGER, "2025-06-01", "2026-11-01", FINE),
        (LEDGER, "2025-05-01", "2025-05-02", TOO_WIDE),
        (LEDGER, None, None, MISSING),
        (STORAGE, "2026-10-01", "2026-10-31T23:59:59", FINE),
        (STORAGE, "2026-10-01", "2026-11-01", FINE),
        (STORAGE, "2026-10-01", "2026-11-01T00:00:01", TOO_WIDE),
        (LONG_TERM, "2026-10-01", "2026-11-01", FINE),
        (LONG_TERM, "2026-09-15T08:00", "2026-10-15T08:00", FINE),
        (LONG_TERM, "2026-10-01", "2026-10-31T23:59:59", TOO_WIDE),
        (LONG_TERM, "2026-09-01", "2026-11-01", TOO_WIDE),
        (FEES, "2026-11-17T12:00", "2026-11-20T12:00", FINE),
        (FEES, "2026-11-17T12:00:01", "2026-11-20T12:00", TOO_WIDE),
        (FEES, "2026-11-01", "2026-11-20T10:59", TOO_WIDE),
    ],
)
def test_dates(report_type: str, start: str | None, end: str | None, verdict: Verdict | None) -> None:
    assert end_of(report_type, start, end) == verdict


@pytest.mark.parametrize(
    ("start", "end", "now", "verdict"),
    [
        ("2026-10-01", "2026-10-31T23:59:59", "2026-11-03", FINE),
        ("2026-10-01", "2026-10-31", "2026-11-02T23:59:59", Verdict("FATAL", verdicts.NOT_YET_AVAILABLE)),
        ("2026-10-02", "2026-10-31", "2026-11-20", TOO_WIDE),
        ("2026-09-01", "2026-10-31", "2026-11-20", TOO_WIDE),
        ("2026-10-01", "2026-11-01", "2026-11-20", TOO_WIDE),
    ],
)
def test_vat_is_ready_on_the_third(start: str, end: str, now: str, verdict: Verdict | None) -> None:
    moment = read(now)
    assert moment is not None
    assert end_of(VAT, start, end, "seller-de", moment) == verdict


def test_gst_of_consumers_goes_back_45_days() -> None:
    assert end_of(B2C, "2026-10-06T12:00", "2026-10-20", "seller-in") == FINE
    assert end_of(B2C, "2026-10-06T11:59", "2026-10-20", "seller-in") == TOO_WIDE


def test_sales_and_traffic_older_than_two_years_are_cancelled(amazon: Driver) -> None:
    assert end_of(TRAFFIC, "2024-11-20T11:00", "2024-11-25") == Verdict("CANCELLED")
    assert end_of(TRAFFIC, "2024-11-21", "2024-11-25") == FINE
    _, body = good(TRAFFIC)
    report = amazon.finished("seller-us", **{**body, "dataStartTime": "2023-01-01T00:00:00Z"})
    assert (report["processingStatus"], "reportDocumentId" in report) == ("CANCELLED", False)


@pytest.mark.parametrize(
    ("granularity", "first", "last"),
    [("DAY", "2026-11-04", "2026-11-10"), ("WEEK", "2026-11-01", "2026-11-14"), ("MONTH", "2026-11-01", "2026-11-30")],
)
def test_half_periods_of_sales_and_traffic_are_widened(amazon: Driver, granularity: str, first: str, last: str) -> None:
    body = {
        "reportType": TRAFFIC,
        "dataStartTime": "2026-11-04T07:00:00Z",
        "dataEndTime": "2026-11-10T09:00:00Z",
        "reportOptions": {"dateGranularity": granularity},
    }
    document = amazon.document(amazon.finished("seller-us", **body), "seller-us")
    specification = document["reportSpecification"]
    assert (specification["dataStartTime"], specification["dataEndTime"]) == (first, last)
    assert specification["reportOptions"] == {"dateGranularity": granularity, "asinGranularity": "PARENT"}


@pytest.mark.parametrize(
    ("report_type", "options", "verdict"),
    [
        (CATALOG, {"reportPeriod": "WEEK"}, FINE),
        (CATALOG, {"reportPeriod": "DAY"}, Verdict("FATAL", "reportPeriod parameter contains an invalid value")),
        (QUERY, {"reportPeriod": "WEEK", "asin": " ".join(["B000000000"] * 18)}, FINE),
        (
            QUERY,
            {"reportPeriod": "WEEK", "asin": " ".join(["B000000000"] * 19)},
            Verdict("FATAL", "asin parameter contains an invalid value"),
        ),
        (
            QUERY,
            {"reportPeriod": "WEEK"},
            Verdict("FATAL", "This report type requires the reportPeriod, asin reportOption to be specified."),
        ),
    ],
)
def test_options_of_search_reports(report_type: str, options: dict[str, str], verdict: Verdict | None) -> None:
    assert end_of(report_type, "2026-11-08", "2026-11-14", options=options) == verdict


def test_search_reports_have_one_period_each() -> None:
    assert end_of(CATALOG, "2026-11-01", "2026-11-14", options={"reportPeriod": "WEEK"}) == TOO_WIDE


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ({"aggregateByLocation": "FC", "aggregatedByTimePeriod": "DAILY"}, FINE),
        ({"aggregatedByLocation": "FC"}, Verdict("FATAL")),
        ({"aggregateByLocation": "STATE"}, Verdict("FATAL", "aggregateByLocation parameter contains an invalid value")),
    ],
)
def test_options_of_ledgers(options: dict[str, str], verdict: Verdict | None) -> None:
    assert end_of(LEDGER, "2026-11-01", "2026-11-14", options=options) == verdict


def test_only_some_reports_can_be_scheduled() -> None:
    account = ACCOUNTS["seller-us"]
    start, end = NOW - timedelta(days=9), NOW - timedelta(days=1)
    for report_type, verdict in ((OWN_RETURNS, FINE), (SHIPMENTS, Verdict("FATAL", verdicts.SCHEDULED))):
        request = ReportRequest(report_type, account.marketplaces[:1], {}, start, end, scheduled=True)
        assert refusal(RULES[report_type], account, request, NOW) == verdict


def test_a_range_without_rows_is_cancelled(amazon: Driver) -> None:
    body = {"reportType": SHIPMENTS, "reportOptions": {}, "dataStartTime": "2026-11-20T11:30:00Z"}
    report = amazon.finished("seller-us", **body, dataEndTime="2026-11-20T12:00:00Z")
    assert report["processingStatus"] == "CANCELLED"
