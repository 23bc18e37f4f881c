"""Vendor Central's permission group "Digital reports" (REPORTS.md sections 1 to 3)."""

from __future__ import annotations

from dataclasses import replace

from tap_amazon_vendor.reports.windows import BRAND_PERIODS, Campaigns, Hours
from tap_amazon_vendor.streams.base import ReportStream
from tap_amazon_vendor.streams.options import BRAND_PERIOD, LONG_BRAND_PERIOD, REPORT_PERIOD

PROMOTIONS = Campaigns(("promotionStartDateFrom", "promotionStartDateTo"))
COUPONS = Campaigns(("campaignStartDateFrom", "campaignStartDateTo"))


class VendorTraffic(ReportStream):
    """Detail page views of each ASIN."""

    name = "vendor_traffic"
    report_type = "GET_VENDOR_TRAFFIC_REPORT"
    array = "trafficByAsin"
    options = (REPORT_PERIOD,)
    row_keys = ("start_date", "end_date", "asin")


class VendorTrafficTotals(ReportStream):
    """Detail page views of the whole catalog."""

    name = "vendor_traffic_totals"
    report_type = "GET_VENDOR_TRAFFIC_REPORT"
    array = "trafficAggregate"
    options = (REPORT_PERIOD,)
    row_keys = ("start_date", "end_date")


class VendorRealTimeTraffic(ReportStream):
    """Detail page views of each ASIN and hour."""

    name = "vendor_real_time_traffic"
    report_type = "GET_VENDOR_REAL_TIME_TRAFFIC_REPORT"
    array = "reportData"
    row_keys = ("start_time", "end_time", "asin")
    replication_key = "end_time"
    calendars = Hours(span=14 * 24, look_back=30 * 24, late=2)


class BrandSearchTerms(ReportStream):
    """What customers of the whole marketplace searched for and clicked on.

    One period a report, millions of rows: whoever wants it selects it.
    """

    name = "brand_search_terms"
    report_type = "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT"
    array = "dataByDepartmentAndSearchTerm"
    options = (BRAND_PERIOD,)
    row_keys = ("start_date", "end_date", "department_name", "search_term", "click_share_rank")
    from_specification = {"start_date": "dataStartTime", "end_date": "dataEndTime"}  # noqa: RUF012
    calendars = {name: replace(period, span=1) for name, period in BRAND_PERIODS.items()}  # noqa: RUF012
    costly = True


class BrandMarketBasket(ReportStream):
    """What was bought together with each ASIN."""

    name = "brand_market_basket"
    report_type = "GET_BRAND_ANALYTICS_MARKET_BASKET_REPORT"
    array = "dataByAsin"
    options = (BRAND_PERIOD,)
    row_keys = ("start_date", "end_date", "asin", "purchased_with_asin")
    calendars = BRAND_PERIODS


class BrandRepeatPurchase(ReportStream):
    """How many customers bought each ASIN again."""

    name = "brand_repeat_purchase"
    report_type = "GET_BRAND_ANALYTICS_REPEAT_PURCHASE_REPORT"
    array = "dataByAsin"
    options = (LONG_BRAND_PERIOD,)
    row_keys = ("start_date", "end_date", "asin")
    calendars = BRAND_PERIODS


class VendorPromotions(ReportStream):
    """Promotions, cumulative."""

    name = "vendor_promotions"
    report_type = "GET_PROMOTION_PERFORMANCE_REPORT"
    array = "promotions"
    leaves_out = ("includedProducts",)
    row_keys = ("promotion_id",)
    replication_key = "last_updated_date_time"
    calendars = PROMOTIONS


class VendorPromotionProducts(ReportStream):
    """Products of promotions, cumulative."""

    name = "vendor_promotion_products"
    report_type = "GET_PROMOTION_PERFORMANCE_REPORT"
    array = "promotions.includedProducts"
    inherits = ("promotionId", "lastUpdatedDateTime")
    row_keys = ("promotion_id", "asin")
    replication_key = "last_updated_date_time"
    calendars = PROMOTIONS


class VendorCouponCampaigns(ReportStream):
    """Coupon campaigns, cumulative."""

    name = "vendor_coupon_campaigns"
    report_type = "GET_COUPON_PERFORMANCE_REPORT"
    array = "campaigns"
    leaves_out = ("coupons",)
    row_keys = ("campaign_id",)
    replication_key = "last_updated_date_time"
    calendars = COUPONS


class VendorCoupons(ReportStream):
    """Coupons of campaigns, cumulative."""

    name = "vendor_coupons"
    report_type = "GET_COUPON_PERFORMANCE_REPORT"
    array = "campaigns.coupons"
    inherits = ("campaignId", "lastUpdatedDateTime")
    leaves_out = ("asins",)
    row_keys = ("campaign_id", "coupon_id")
    replication_key = "last_updated_date_time"
    calendars = COUPONS


class VendorCouponAsins(ReportStream):
    """Products of coupons."""

    name = "vendor_coupon_asins"
    report_type = "GET_COUPON_PERFORMANCE_REPORT"
    array = "campaigns.coupons.asins"
    inherits = ("campaignId", "couponId", "lastUpdatedDateTime")
    row_keys = ("campaign_id", "coupon_id", "asin")
    replication_key = "last_updated_date_time"
    calendars = COUPONS


STREAMS = (
    VendorTraffic,
    VendorTrafficTotals,
    VendorRealTimeTraffic,
    BrandSearchTerms,
    BrandMarketBasket,
    BrandRepeatPurchase,
    VendorPromotions,
    VendorPromotionProducts,
    VendorCouponCampaigns,
    VendorCoupons,
    VendorCouponAsins,
)
