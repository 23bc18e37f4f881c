"""The rules of the reports beside sales and traffic: how a request ends that breaks one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from amazon_sandbox.rules import verdicts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conftest import Driver

INVENTORY = "GET_VENDOR_INVENTORY_REPORT"
MARGIN = "GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT"
FORECAST = "GET_VENDOR_FORECASTING_REPORT"
RT_SALES = "GET_VENDOR_REAL_TIME_SALES_REPORT"
RT_TRAFFIC = "GET_VENDOR_REAL_TIME_TRAFFIC_REPORT"
RT_INVENTORY = "GET_VENDOR_REAL_TIME_INVENTORY_REPORT"
BASKET = "GET_BRAND_ANALYTICS_MARKET_BASKET_REPORT"
REPEAT = "GET_BRAND_ANALYTICS_REPEAT_PURCHASE_REPORT"
TERMS = "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT"
PROMOTIONS = "GET_PROMOTION_PERFORMANCE_REPORT"
COUPONS = "GET_COUPON_PERFORMANCE_REPORT"
HOURLY = (RT_SALES, RT_TRAFFIC, RT_INVENTORY)


def asked(report_type: str, start: str | None = None, end: str | None = None, **options: str) -> dict[str, Any]:
    """The body of a request."""
    return {"reportType": report_type, "reportOptions": options, "dataStartTime": start, "dataEndTime": end}


def started(report_type: str, first: str, last: str) -> dict[str, Any]:
    """A request for promotions or coupons."""
    subject = "promotion" if report_type == PROMOTIONS else "campaign"
    return asked(report_type, **{f"{subject}StartDateFrom": first, f"{subject}StartDateTo": last})


GOOD: dict[str, dict[str, Any]] = {
    INVENTORY: asked(
        INVENTORY, "2026-11-15", "2026-11-16", reportPeriod="DAY", distributorView="SOURCING", sellingProgram="RETAIL"
    ),
    MARGIN: asked(MARGIN, "2026-11-15", "2026-11-16", reportPeriod="DAY"),
    FORECAST: asked(FORECAST, sellingProgram="RETAIL"),
    RT_SALES: asked(RT_SALES, "2026-11-20T00:00:00Z", "2026-11-20T10:00:00Z"),
    RT_TRAFFIC: asked(RT_TRAFFIC, "2026-11-20T00:00:00Z", "2026-11-20T11:00:00Z"),
    RT_INVENTORY: asked(RT_INVENTORY, "2026-11-20T00:00:00Z", "2026-11-20T12:00:00Z"),
    BASKET: asked(BASKET, "2026-11-15", "2026-11-16", reportPeriod="DAY"),
    REPEAT: asked(REPEAT, "2026-11-01", "2026-11-14", reportPeriod="WEEK"),
    TERMS: asked(TERMS, "2026-11-08", "2026-11-14", reportPeriod="WEEK"),
    PROMOTIONS: started(PROMOTIONS, "2026-10-01T00:00:00Z", "2026-12-31T00:00:00Z"),
    COUPONS: started(COUPONS, "2026-10-01T00:00:00+09:00", "2026-12-31T00:00:00+09:00"),
}
BRAND = (BASKET, REPEAT, TERMS, PROMOTIONS, COUPONS)


@pytest.mark.parametrize("report_type", GOOD)
def test_good_requests_end_with_the_document_of_the_figures(amazon: Driver, report_type: str) -> None:
    body = GOOD[report_type]
    created = amazon.clock.now
    report = amazon.finished(**body)
    assert report["processingStatus"] == "DONE"
    moments = report_type in HOURLY

    def read(text: str | None) -> Any:
        if text is None or report_type in {FORECAST, PROMOTIONS, COUPONS}:
            return None
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment if moments else moment.date()

    document = amazon.document(report)
    assert document == amazon.sandbox.data.document(
        report_type,
        account="vendor-us",
        marketplace_id="ATVPDKIKX0DER",
        options=body["reportOptions"],
        start=read(body["dataStartTime"]),
        end=read(body["dataEndTime"]),
        as_of=created if moments else created.date(),
    )
    *_, rows = document.values()
    assert rows


@pytest.mark.parametrize("report_type", GOOD)
def test_no_vendor_report_can_be_scheduled(amazon: Driver, report_type: str) -> None:
    body = {**GOOD[report_type], "marketplaceIds": ["ATVPDKIKX0DER"], "period": "P1D"}
    answer = amazon.call("POST", "/reports/2021-06-30/schedules", json=body)
    assert answer.status_code == 201, answer.text
    amazon.clock.advance(seconds=90)
    listed = amazon.call("GET", f"/reports/2021-06-30/reports?reportTypes={report_type}").json
    report = listed["reports"][0]  # type: ignore[index]
    assert report["processingStatus"] == "FATAL"
    assert amazon.document(report)["errorDetails"] == verdicts.SCHEDULED


@pytest.mark.parametrize("report_type", GOOD)
def test_each_needs_the_role(amazon: Driver, report_type: str) -> None:
    answer = amazon.create("vendor-us-no-role", **GOOD[report_type])
    assert answer.status_code == 403
    assert "Access to the resource is forbidden" in answer.text


@pytest.mark.parametrize("report_type", GOOD)
def test_each_refuses_unknown_options_without_a_word(amazon: Driver, report_type: str) -> None:
    body = GOOD[report_type]
    options = {**body["reportOptions"], "viewBy": "vendorCode"}
    assert amazon.reason(**{**body, "reportOptions": options}) is None


@pytest.mark.parametrize("report_type", [name for name in GOOD if GOOD[name]["dataStartTime"]])
@pytest.mark.parametrize("missing", ["dataStartTime", "dataEndTime"])
def test_those_with_dates_need_both(amazon: Driver, report_type: str, missing: str) -> None:
    assert amazon.reason(**{**GOOD[report_type], missing: None}) == verdicts.DATES_MISSING


@pytest.mark.parametrize(
    ("report_type", "names"),
    [
        (INVENTORY, "reportPeriod, distributorView, sellingProgram"),
        (MARGIN, "reportPeriod"),
        (FORECAST, "sellingProgram"),
        (TERMS, "reportPeriod"),
        (PROMOTIONS, "promotionStartDateFrom, promotionStartDateTo"),
        (COUPONS, "campaignStartDateFrom, campaignStartDateTo"),
    ],
)
def test_options_are_needed(amazon: Driver, report_type: str, names: str) -> None:
    reason = amazon.reason(**{**GOOD[report_type], "reportOptions": {}})
    assert reason == f"This report type requires the {names} reportOption to be specified."


@pytest.mark.parametrize(
    ("report_type", "option", "value"),
    [
        (INVENTORY, "sellingProgram", "BUSINESS"),
        (FORECAST, "sellingProgram", "BUSINESS"),
        (MARGIN, "reportPeriod", "HOUR"),
        (BASKET, "reportPeriod", "YEAR"),
        (REPEAT, "reportPeriod", "DAY"),
        (TERMS, "reportPeriod", "YEAR"),
        (RT_SALES, "currencyCode", "XXX"),
        # Of another marketplace.
        (RT_SALES, "currencyCode", "EUR"),
        (PROMOTIONS, "promotionStartDateFrom", "2026-10-01"),
        (PROMOTIONS, "promotionStartDateTo", "2026-10-01T00:00:00"),
        (COUPONS, "campaignStartDateTo", "tomorrow"),
    ],
)
def test_values_of_options(amazon: Driver, report_type: str, option: str, value: str) -> None:
    body = GOOD[report_type]
    options = {**body["reportOptions"], option: value}
    reason = amazon.reason(**{**body, "reportOptions": options})
    assert reason == f"{option} parameter contains an invalid value"


@pytest.mark.parametrize("report_type", [INVENTORY, FORECAST])
def test_a_program_that_the_account_lacks(amazon: Driver, report_type: str) -> None:
    body = GOOD[report_type]
    options = {**body["reportOptions"], "sellingProgram": "FRESH"}
    reason = amazon.reason("vendor-de", **{**body, "reportOptions": options})
    assert reason == "sellingProgram parameter contains an invalid value"


def test_a_view_that_the_account_lacks(amazon: Driver) -> None:
    body = GOOD[INVENTORY]
    options = {**body["reportOptions"], "distributorView": "MANUFACTURING"}
    reason = amazon.reason("vendor-uk", **{**body, "reportOptions": options})
    assert reason == "No vendor code set as manufacturing role for vendor group"


@pytest.mark.parametrize("report_type", BRAND)
def test_brand_reports_need_brand_registry(amazon: Driver, report_type: str) -> None:
    reason = amazon.reason("vendor-uk", **GOOD[report_type])
    assert reason is not None
    assert "Report requested with invalid user inputs. Please verify if you have correct Vendor Group Rights" in reason


@pytest.mark.parametrize("report_type", [name for name in GOOD if name not in BRAND])
def test_the_others_need_none(amazon: Driver, report_type: str) -> None:
    assert amazon.finished("vendor-uk", **GOOD[report_type])["processingStatus"] == "DONE"


@pytest.mark.parametrize("label", ["vendor-de", "vendor-jp"])
@pytest.mark.parametrize("report_type", GOOD)
def test_other_regions_have_them_all(amazon: Driver, label: str, report_type: str) -> None:
    assert amazon.finished(label, **GOOD[report_type])["processingStatus"] == "DONE"


def test_sellers_have_the_brand_reports_too_and_one_marketplace_at_a_time(amazon: Driver) -> None:
    assert amazon.finished("seller-us", **GOOD[TERMS])["processingStatus"] == "DONE"
    both = ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"]
    assert amazon.reason("seller-us", **GOOD[TERMS], marketplaceIds=both) == verdicts.CLIENT_ERROR
    assert "does not support account ID" in amazon.create("seller-us", **GOOD[INVENTORY]).text


class TestForecast:
    def test_dates_are_ignored(self, amazon: Driver) -> None:
        report = amazon.finished(**asked(FORECAST, "1999-01-01", "1999-01-02", sellingProgram="RETAIL"))
        specification = amazon.document(report)["reportSpecification"]
        assert specification == {
            "reportType": FORECAST,
            "reportOptions": {"sellingProgram": "RETAIL"},
            "lastUpdatedDate": "2026-11-20",
            "marketplaceIds": ["ATVPDKIKX0DER"],
        }


class TestBrandAnalytics:
    @pytest.mark.parametrize(
        ("report_type", "period", "start", "end"),
        [
            (BASKET, "DAY", "2026-11-02", "2026-11-16"),
            (BASKET, "DAY", "2025-11-20", "2025-11-20"),
            (BASKET, "QUARTER", "2025-10-01", "2026-09-30"),
            (REPEAT, "WEEK", "2026-09-27", "2026-11-14"),
            (REPEAT, "MONTH", "2023-11-01", "2023-11-30"),
            (TERMS, "DAY", "2026-11-16", "2026-11-16"),
            (TERMS, "QUARTER", "2026-07-01", "2026-09-30"),
        ],
    )
    def test_widest_and_oldest_requests_that_are_allowed(
        self, amazon: Driver, report_type: str, period: str, start: str, end: str
    ) -> None:
        body = asked(report_type, start, end, reportPeriod=period)
        assert amazon.finished(**body)["processingStatus"] == "DONE"

    @pytest.mark.parametrize(
        ("report_type", "period", "start", "end"),
        [
            # More than one period.
            (TERMS, "DAY", "2026-11-15", "2026-11-16"),
            (TERMS, "WEEK", "2026-11-01", "2026-11-14"),
            (BASKET, "DAY", "2026-11-01", "2026-11-16"),
            (REPEAT, "WEEK", "2026-09-20", "2026-11-14"),
            # Not aligned.
            (TERMS, "WEEK", "2026-11-09", "2026-11-15"),
            (REPEAT, "MONTH", "2026-10-01", "2026-10-30"),
            (BASKET, "QUARTER", "2026-08-01", "2026-10-31"),
            # Too far back.
            (BASKET, "DAY", "2025-11-19", "2025-11-19"),
            (REPEAT, "WEEK", "2025-11-09", "2025-11-15"),
            (TERMS, "MONTH", "2023-10-01", "2023-10-31"),
        ],
    )
    def test_ranges_that_break_a_rule(
        self, amazon: Driver, report_type: str, period: str, start: str, end: str
    ) -> None:
        body = asked(report_type, start, end, reportPeriod=period)
        assert amazon.reason(**body) == verdicts.CLIENT_ERROR

    def test_too_new_is_unavailable_in_words_of_its_own(self, amazon: Driver) -> None:
        body = asked(TERMS, "2026-11-17", "2026-11-17", reportPeriod="DAY")
        assert amazon.reason(**body) == "The requested data is unavailable. Please try a different date range"

    def test_a_week_takes_72_hours_unlike_in_retail_analytics(self, amazon: Driver) -> None:
        # Saturday the 14th closes at eight o'clock UTC.
        body = asked(TERMS, "2026-11-08", "2026-11-14", reportPeriod="WEEK")
        amazon.clock.now = datetime(2026, 11, 18, 8, tzinfo=timezone.utc) - timedelta(seconds=1)
        assert amazon.reason(**body) == verdicts.DATA_UNAVAILABLE
        amazon.clock.now = datetime(2026, 11, 18, 8, tzinfo=timezone.utc)
        assert amazon.finished(**body)["processingStatus"] == "DONE"

    def test_specification_does_not_say_when_it_was_updated(self, amazon: Driver) -> None:
        specification = amazon.document(amazon.finished(**GOOD[TERMS]))["reportSpecification"]
        assert specification == {
            "reportType": TERMS,
            "reportOptions": {"reportPeriod": "WEEK"},
            "dataStartTime": "2026-11-08",
            "dataEndTime": "2026-11-14",
            "marketplaceIds": ["ATVPDKIKX0DER"],
        }


class TestRealTime:
    """It is noon in UTC on the 20th."""

    @pytest.mark.parametrize(
        ("report_type", "start", "end"),
        [
            (RT_SALES, "2026-11-06T10:00:00Z", "2026-11-20T10:00:00Z"),
            (RT_SALES, "2026-10-21T12:00:00Z", "2026-10-21T13:00:00Z"),
            (RT_TRAFFIC, "2026-11-06T11:00:00Z", "2026-11-20T11:00:00Z"),
            (RT_INVENTORY, "2026-11-13T12:00:00Z", "2026-11-20T12:00:00Z"),
        ],
    )
    def test_widest_newest_and_oldest_requests_that_are_allowed(
        self, amazon: Driver, report_type: str, start: str, end: str
    ) -> None:
        assert amazon.finished(**asked(report_type, start, end))["processingStatus"] == "DONE"

    @pytest.mark.parametrize(
        ("report_type", "start", "end"),
        [
            # Too wide.
            (RT_SALES, "2026-11-06T09:59:59Z", "2026-11-20T10:00:00Z"),
            (RT_TRAFFIC, "2026-11-06T10:00:00Z", "2026-11-20T11:00:00Z"),
            # Too far back.
            (RT_SALES, "2026-10-21T11:59:59Z", "2026-10-21T13:00:00Z"),
            (RT_TRAFFIC, "2026-10-21T11:00:00Z", "2026-10-21T13:00:00Z"),
            (RT_INVENTORY, "2026-11-13T11:00:00Z", "2026-11-13T13:00:00Z"),
        ],
    )
    def test_too_wide_or_too_old(self, amazon: Driver, report_type: str, start: str, end: str) -> None:
        assert amazon.reason(**asked(report_type, start, end)) == verdicts.CLIENT_ERROR

    @pytest.mark.parametrize(("report_type", "end"), [(RT_SALES, "10:00:01"), (RT_TRAFFIC, "11:00:01")])
    def test_too_new(self, amazon: Driver, report_type: str, end: str) -> None:
        body = asked(report_type, "2026-11-20T00:00:00Z", f"2026-11-20T{end}Z")
        assert amazon.reason(**body) == verdicts.NOT_YET_AVAILABLE

    def test_only_full_hours_count(self, amazon: Driver) -> None:
        body = asked(RT_TRAFFIC, "2026-11-20T03:00:01Z", "2026-11-20T05:59:59Z")
        document = amazon.document(amazon.finished(**body))
        assert {row["startTime"] for row in document["reportData"]} == {"2026-11-20T04:00:00Z"}
        assert document["reportSpecification"]["dataStartTime"] == "2026-11-20T03:00:01Z"

    def test_no_full_hour_is_no_data(self, amazon: Driver) -> None:
        body = asked(RT_TRAFFIC, "2026-11-20T03:00:01Z", "2026-11-20T04:59:59Z")
        assert amazon.finished(**body)["processingStatus"] == "CANCELLED"

    @pytest.mark.parametrize(
        ("label", "sent", "echoed"),
        [
            ("vendor-us", {}, "USD"),
            ("vendor-us", {"currencyCode": "USD"}, "USD"),
            ("vendor-jp", {}, "JPY"),
        ],
    )
    def test_currency_is_echoed(self, amazon: Driver, label: str, sent: dict[str, str], echoed: str) -> None:
        report = amazon.finished(label, **{**GOOD[RT_SALES], "reportOptions": sent})
        assert amazon.document(report, label)["reportSpecification"] == {
            "reportType": RT_SALES,
            "reportOptions": {"currencyCode": echoed},
            "dataStartTime": "2026-11-20T00:00:00Z",
            "dataEndTime": "2026-11-20T10:00:00Z",
            "marketplaceIds": [report["marketplaceIds"][0]],
        }

    def test_reports_without_options_name_none(self, amazon: Driver) -> None:
        document = amazon.document(amazon.finished(**GOOD[RT_TRAFFIC]))
        assert "reportOptions" not in document["reportSpecification"]


class TestCampaigns:
    @pytest.mark.parametrize("report_type", [PROMOTIONS, COUPONS])
    def test_data_start_time_is_ignored(self, amazon: Driver, report_type: str) -> None:
        body = {**GOOD[report_type], "dataStartTime": "1999-01-01", "dataEndTime": "1999-01-02"}
        document = amazon.document(amazon.finished(**body))
        assert document["reportSpecification"] == {
            "reportType": report_type,
            "reportOptions": body["reportOptions"],
            "marketplaceIds": ["ATVPDKIKX0DER"],
        }

    @pytest.mark.parametrize("report_type", [PROMOTIONS, COUPONS])
    def test_two_years_back_and_no_second_more(self, amazon: Driver, report_type: str) -> None:
        body = started(report_type, "2024-11-20T12:00:00Z", "2026-11-20T12:00:00Z")
        assert amazon.finished(**body)["processingStatus"] == "DONE"
        amazon.clock.advance(seconds=1)
        assert amazon.reason(**body) == verdicts.CLIENT_ERROR

    @pytest.mark.parametrize("report_type", [PROMOTIONS, COUPONS])
    def test_order_of_the_two(self, amazon: Driver, report_type: str) -> None:
        body = started(report_type, "2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z")
        assert amazon.reason(**body) == verdicts.CLIENT_ERROR

    @pytest.mark.parametrize("report_type", [PROMOTIONS, COUPONS])
    def test_nothing_started_is_no_data(self, amazon: Driver, report_type: str) -> None:
        body = started(report_type, "2027-06-01T00:00:00Z", "2027-07-01T00:00:00Z")
        assert amazon.finished(**body)["processingStatus"] == "CANCELLED"


@pytest.mark.parametrize("report_type", GOOD)
def test_the_document_of_somebody_else_has_another_specification(make: Callable[..., Driver], report_type: str) -> None:
    amazon = make(faults=["wrong_specification"])
    body = GOOD[report_type]
    wrong = amazon.document(amazon.finished(**body))
    amazon.clock.advance(seconds=-90)
    good = amazon.document(amazon.finished(**body))
    assert wrong["reportSpecification"] != good["reportSpecification"]
    assert wrong["reportSpecification"].keys() == good["reportSpecification"].keys()
