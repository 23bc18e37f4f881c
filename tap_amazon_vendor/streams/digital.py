"""Vendor Central's permission group "Digital reports" (docs/amazon/vendor-reports.md)."""

from __future__ import annotations

from dataclasses import replace

from tap_amazon_vendor.reports.calendars import BRAND_PERIODS, Campaigns, Hours
from tap_amazon_vendor.reports.options import BRAND_PERIOD, LONG_BRAND_PERIOD, REPORT_PERIOD
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.streams.report_rows import ReportRows

PROMOTIONS = Campaigns(("promotionStartDateFrom", "promotionStartDateTo"))
COUPONS = Campaigns(("campaignStartDateFrom", "campaignStartDateTo"))

VENDOR_TRAFFIC = ReportType(
    "GET_VENDOR_TRAFFIC_REPORT",
    options=(REPORT_PERIOD,),
)
VENDOR_REAL_TIME_TRAFFIC = ReportType(
    "GET_VENDOR_REAL_TIME_TRAFFIC_REPORT",
    calendars=Hours(span=14 * 24, look_back=30 * 24, late=2),
)
BRAND_ANALYTICS_SEARCH_TERMS = ReportType(
    "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT",
    calendars={name: replace(period, span=1) for name, period in BRAND_PERIODS.items()},
    options=(BRAND_PERIOD,),
)
BRAND_ANALYTICS_MARKET_BASKET = ReportType(
    "GET_BRAND_ANALYTICS_MARKET_BASKET_REPORT",
    calendars=BRAND_PERIODS,
    options=(BRAND_PERIOD,),
)
BRAND_ANALYTICS_REPEAT_PURCHASE = ReportType(
    "GET_BRAND_ANALYTICS_REPEAT_PURCHASE_REPORT",
    calendars=BRAND_PERIODS,
    options=(LONG_BRAND_PERIOD,),
)
PROMOTION_PERFORMANCE = ReportType(
    "GET_PROMOTION_PERFORMANCE_REPORT",
    calendars=PROMOTIONS,
)
COUPON_PERFORMANCE = ReportType(
    "GET_COUPON_PERFORMANCE_REPORT",
    calendars=COUPONS,
)

STREAMS = (
    # Detail page views of each ASIN.
    ReportRows(
        name="vendor_traffic",
        report=VENDOR_TRAFFIC,
        records_path="trafficByAsin",
        key_columns=("start_date", "end_date", "asin"),
        required_keys=("asin",),
    ),
    # Detail page views of the whole catalog.
    ReportRows(
        name="vendor_traffic_totals",
        report=VENDOR_TRAFFIC,
        records_path="trafficAggregate",
        key_columns=("start_date", "end_date"),
    ),
    # Detail page views of each ASIN and hour.
    ReportRows(
        name="vendor_real_time_traffic",
        report=VENDOR_REAL_TIME_TRAFFIC,
        records_path="reportData",
        key_columns=("start_time", "end_time", "asin"),
        required_keys=("asin",),
        replication_key="end_time",
    ),
    # What customers of the whole marketplace searched for and clicked on. One period per report, millions of rows:
    # opt-in.
    ReportRows(
        name="brand_search_terms",
        report=BRAND_ANALYTICS_SEARCH_TERMS,
        records_path="dataByDepartmentAndSearchTerm",
        key_columns=("start_date", "end_date", "department_name", "search_term", "click_share_rank"),
        required_keys=("search_term",),
        from_specification={"start_date": "dataStartTime", "end_date": "dataEndTime"},
        opt_in=True,
    ),
    # What was bought together with each ASIN.
    ReportRows(
        name="brand_market_basket",
        report=BRAND_ANALYTICS_MARKET_BASKET,
        records_path="dataByAsin",
        key_columns=("start_date", "end_date", "asin", "purchased_with_asin"),
        required_keys=("asin",),
    ),
    # How many customers bought each ASIN again.
    ReportRows(
        name="brand_repeat_purchase",
        report=BRAND_ANALYTICS_REPEAT_PURCHASE,
        records_path="dataByAsin",
        key_columns=("start_date", "end_date", "asin"),
        required_keys=("asin",),
    ),
    # Promotions, cumulative.
    ReportRows(
        name="vendor_promotions",
        report=PROMOTION_PERFORMANCE,
        records_path="promotions",
        ignored_fields=("includedProducts",),
        key_columns=("promotion_id",),
        required_keys=("promotion_id",),
        replication_key="last_updated_date_time",
    ),
    # Products of promotions, cumulative.
    ReportRows(
        name="vendor_promotion_products",
        report=PROMOTION_PERFORMANCE,
        records_path="promotions.includedProducts",
        parent_fields=("promotionId", "lastUpdatedDateTime"),
        key_columns=("promotion_id", "asin"),
        required_keys=("promotion_id", "asin"),
        replication_key="last_updated_date_time",
    ),
    # Coupon campaigns, cumulative.
    ReportRows(
        name="vendor_coupon_campaigns",
        report=COUPON_PERFORMANCE,
        records_path="campaigns",
        ignored_fields=("coupons",),
        key_columns=("campaign_id",),
        required_keys=("campaign_id",),
        replication_key="last_updated_date_time",
    ),
    # Coupons of campaigns, cumulative.
    ReportRows(
        name="vendor_coupons",
        report=COUPON_PERFORMANCE,
        records_path="campaigns.coupons",
        parent_fields=("campaignId", "lastUpdatedDateTime"),
        ignored_fields=("asins",),
        key_columns=("campaign_id", "coupon_id"),
        required_keys=("campaign_id", "coupon_id"),
        replication_key="last_updated_date_time",
    ),
    # Products of coupons.
    ReportRows(
        name="vendor_coupon_asins",
        report=COUPON_PERFORMANCE,
        records_path="campaigns.coupons.asins",
        parent_fields=("campaignId", "couponId", "lastUpdatedDateTime"),
        key_columns=("campaign_id", "coupon_id", "asin"),
        required_keys=("campaign_id", "coupon_id", "asin"),
        replication_key="last_updated_date_time",
    ),
)
