"""Amazon Ads: daily figures of Sponsored Products, Brands and Display (docs/amazon/ads.md#report-types)."""

from __future__ import annotations

from tap_amazon_vendor.ads.exports import PORTFOLIOS, PROFILES
from tap_amazon_vendor.ads.report_type import (
    SPONSORED_BRANDS,
    SPONSORED_DISPLAY,
    SPONSORED_PRODUCTS,
    AdsReportType,
)
from tap_amazon_vendor.streams.ads_rows import AdsReportRows, AdsSnapshotRows


def _products(name: str, *group_by: str, days_back: int = 95) -> AdsReportType:
    return AdsReportType(name, SPONSORED_PRODUCTS, group_by, days_back)


def _brands(name: str, *group_by: str, days_back: int = 60, span: int = 31) -> AdsReportType:
    return AdsReportType(name, SPONSORED_BRANDS, group_by, days_back, span)


def _display(name: str, *group_by: str, days_back: int = 65) -> AdsReportType:
    return AdsReportType(name, SPONSORED_DISPLAY, group_by, days_back)


_GROUP = ("date", "campaign_id", "ad_group_id")

STREAMS = (
    AdsSnapshotRows("ads_profiles", PROFILES, ("snapshot_time",)),
    AdsSnapshotRows("ads_portfolios", PORTFOLIOS, ("snapshot_time", "portfolio_id")),
    AdsSnapshotRows("ads_campaigns", "campaigns", ("snapshot_time", "campaign_id")),
    AdsSnapshotRows("ads_ad_groups", "adGroups", ("snapshot_time", "ad_group_id")),
    AdsSnapshotRows("ads_targets", "targets", ("snapshot_time", "target_id")),
    AdsSnapshotRows("ads_product_ads", "ads", ("snapshot_time", "ad_id")),
    AdsReportRows("ads_sp_campaigns", _products("spCampaigns", "campaign"), ("date", "campaign_id")),
    AdsReportRows("ads_sp_ad_groups", _products("spCampaigns", "campaign", "adGroup"), _GROUP),
    AdsReportRows("ads_sp_targets", _products("spTargeting", "targeting"), (*_GROUP, "keyword_id")),
    AdsReportRows(
        "ads_sp_search_terms",
        _products("spSearchTerm", "searchTerm", days_back=65),
        (*_GROUP, "keyword_id", "search_term"),
    ),
    AdsReportRows(
        "ads_sp_advertised_products",
        _products("spAdvertisedProduct", "advertiser"),
        (*_GROUP, "ad_id"),
        asin="advertisedAsin",
    ),
    AdsReportRows(
        "ads_sp_purchased_products",
        _products("spPurchasedProduct", "asin"),
        (*_GROUP, "keyword_id", "asin", "advertised_sku", "purchased_asin"),
        asin="advertisedAsin",
    ),
    AdsReportRows("ads_sb_campaigns", _brands("sbCampaigns", "campaign"), ("date", "campaign_id")),
    AdsReportRows("ads_sb_ad_groups", _brands("sbAdGroup", "adGroup"), _GROUP),
    AdsReportRows("ads_sb_targets", _brands("sbTargeting", "targeting"), (*_GROUP, "keyword_id", "targeting_id")),
    AdsReportRows("ads_sb_search_terms", _brands("sbSearchTerm", "searchTerm"), (*_GROUP, "keyword_id", "search_term")),
    AdsReportRows("ads_sb_ads", _brands("sbAds", "ads"), (*_GROUP, "ad_id")),
    AdsReportRows(
        "ads_sb_purchased_products",
        _brands("sbPurchasedProduct", "purchasedAsin", days_back=731, span=731),
        (*_GROUP, "purchased_asin", "attribution_type"),
    ),
    AdsReportRows("ads_sd_campaigns", _display("sdCampaigns", "campaign"), ("date", "campaign_id")),
    AdsReportRows("ads_sd_ad_groups", _display("sdAdGroup", "adGroup"), _GROUP),
    AdsReportRows("ads_sd_targets", _display("sdTargeting", "targeting"), (*_GROUP, "targeting_id")),
    AdsReportRows(
        "ads_sd_advertised_products",
        _display("sdAdvertisedProduct", "advertiser"),
        (*_GROUP, "ad_id"),
        asin="promotedAsin",
    ),
    AdsReportRows(
        "ads_sd_purchased_products",
        _display("sdPurchasedProduct", "asin"),
        (*_GROUP, "asin", "promoted_sku", "asin_brand_halo"),
        asin="promotedAsin",
    ),
)
