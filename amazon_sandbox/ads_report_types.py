"""The report types of the Ads API's version 3: what each of them can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_sandbox.ads_accounts import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS
from amazon_sandbox.data.advertising import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

SPAN = 31
STATES = ("ENABLED", "PAUSED", "ARCHIVED")
KEYWORD_TYPES = ("BROAD", "PHRASE", "EXACT", "TARGETING_EXPRESSION", "TARGETING_EXPRESSION_PREDEFINED")


def _windows(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}{window}d" for name in names for window in WINDOWS)


_SP_SALES = _windows(
    "purchases", "purchasesSameSku", "unitsSoldClicks", "unitsSoldSameSku", "sales", "attributedSalesSameSku"
)
_TRAFFIC = ("impressions", "clicks", "cost", "spend", "costPerClick", "clickThroughRate")
_BUDGET = ("campaignName", "campaignStatus", "campaignBudgetAmount", "campaignBudgetType", "campaignBudgetCurrencyCode")
_RATIOS = ("acosClicks7d", "acosClicks14d", "roasClicks7d", "roasClicks14d")
_OTHER_SKU = ("unitsSoldOtherSku7d", "salesOtherSku7d")
_KEYWORD = ("keywordId", "keyword", "targeting", "keywordType", "matchType", "keywordBid", "adKeywordStatus")
_CAMPAIGN_SET = (
    "campaignId",
    *_BUDGET,
    "campaignRuleBasedBudgetAmount",
    "campaignApplicableBudgetRuleId",
    "campaignApplicableBudgetRuleName",
    "topOfSearchImpressionShare",
)
_SP_TARGETS = (
    "campaignId", "adGroupId", "portfolioId", "adGroupName", *_BUDGET, *_KEYWORD, *_OTHER_SKU, *_RATIOS, *_SP_SALES,
    *(column for column in _TRAFFIC if column != "spend"),
)  # fmt: skip
_BOTH = ("purchases", "unitsSold", "newToBrandPurchases", "newToBrandUnitsSold", "sales", "newToBrandSales")
_SEEN = ("detailPageViews", "addToCart")
VIDEO = (
    "videoFirstQuartileViews",
    "videoMidpointViews",
    "videoThirdQuartileViews",
    "videoCompleteViews",
    "videoUnmutes",
)
_SB_METRICS = (
    "impressions", "viewableImpressions", "clicks", "cost", *_BOTH, *(f"{name}Clicks" for name in _BOTH),
    "purchasesPromoted", "salesPromoted", "newToBrandDetailPageViews", "newToBrandDetailPageViewsClicks",
    *_SEEN, *(f"{name}Clicks" for name in _SEEN), "brandedSearches", "brandedSearchesClicks", "video5SecondViews",
    *VIDEO, "newToBrandSalesPercentage", "newToBrandPurchasesPercentage", "newToBrandPurchasesRate",
    "newToBrandUnitsSoldPercentage", "newToBrandDetailPageViewRate", "newToBrandECPDetailPageView", "addToCartRate",
    "eCPAddToCart", "viewabilityRate", "viewClickThroughRate", "video5SecondViewRate",
)  # fmt: skip
_SB_CAMPAIGN = ("campaignId", *_BUDGET, "costType")
_SB_TARGET = (
    "adGroupId", "adGroupName", "keywordId", "keywordText", "keywordBid", "keywordType", "matchType",
    "adKeywordStatus", "targetingId", "targetingText", "targetingExpression", "targetingType",
)  # fmt: skip
_SD_METRICS = (
    "impressions", "impressionsViews", "clicks", "cost", *_BOTH, *(f"{name}Clicks" for name in _BOTH),
    "purchasesPromotedClicks", "salesPromotedClicks", "newToBrandDetailPageViews", "newToBrandDetailPageViewClicks",
    "newToBrandDetailPageViewViews", "detailPageViews", "detailPageViewsClicks", "brandedSearches", "addToCart",
    "brandedSearchesClicks", "brandedSearchesViews", "addToCartClicks", "addToCartViews", *VIDEO,
    "newToBrandDetailPageViewRate", "newToBrandECPDetailPageView", "addToCartRate", "brandedSearchRate", "eCPAddToCart",
    "eCPBrandSearch", "impressionsFrequencyAverage", "cumulativeReach", "viewabilityRate", "viewClickThroughRate",
)  # fmt: skip
_SD_CAMPAIGN = ("campaignId", "campaignName", "campaignBudgetCurrencyCode")
_HALO = (
    "conversionsBrandHalo", "conversionsBrandHaloClicks", "salesBrandHalo", "salesBrandHaloClicks",
    "unitsSoldBrandHalo", "unitsSoldBrandHaloClicks",
)  # fmt: skip


@dataclass(frozen=True)
class ReportType:
    """What a report can be asked for.

    Attributes:
        id: The reportTypeId.
        ad_product: The adProduct that it belongs to.
        groups: The values of groupBy, and the columns that each of them adds.
        columns: The columns of every request, beside those of the dates.
        days_back: How far back it reaches.
        filters: The fields of filters, and the values of each.
        span: Days that a report spans at most.
        combined: Whether several groups may be asked for together.
    """

    id: str
    ad_product: str
    groups: Mapping[str, Collection[str]]
    columns: Collection[str] = ()
    days_back: int = 95
    filters: Mapping[str, Collection[str]] | None = None
    span: int = SPAN
    combined: bool = False

    def allowed(self, group_by: Sequence[str], time_unit: str) -> list[str]:
        """The columns of a request, in the order in which a refusal lists them."""
        dates = ("date",) if time_unit == "DAILY" else ("startDate", "endDate")
        added = (column for group in group_by for column in self.groups[group])
        return sorted({*dates, *self.columns, *added})


_STATUS = {"campaignStatus": STATES}
_AD_STATUS = {"adStatus": STATES}
_KEYWORDS = {"adKeywordStatus": STATES, "keywordType": KEYWORD_TYPES}
_SB_TYPES = (*KEYWORD_TYPES, "THEME")

_SP_ADVERTISED_PRODUCT = (
    "campaignId", "adGroupId", "adId", "portfolioId", "adGroupName", "advertisedAsin", "advertisedSku", *_BUDGET,
    *_OTHER_SKU, *_RATIOS, *_TRAFFIC, *_SP_SALES,
)  # fmt: skip
_SP_PURCHASED_PRODUCT = (
    "campaignId", "adGroupId", "portfolioId", "keywordId", "campaignName", "campaignBudgetCurrencyCode", "adGroupName",
    "keyword", "keywordType", "matchType", "advertisedAsin", "advertisedSku", "purchasedAsin",
    *_windows("purchases", "purchasesOtherSku", "unitsSoldClicks", "unitsSoldOtherSku", "sales", "salesOtherSku"),
)  # fmt: skip
_SB_SEARCH_TERM = (
    *_SB_CAMPAIGN, "adGroupId", "adGroupName", "keywordId", "keywordText", "keywordBid", "matchType",
    "adKeywordStatus", "searchTerm", "impressions", "viewableImpressions", "clicks", "cost", "purchases",
    "purchasesClicks", "sales", "salesClicks", "unitsSold", "viewabilityRate", "viewClickThroughRate",
    "video5SecondViews", "video5SecondViewRate", *VIDEO,
)  # fmt: skip
_SB_PURCHASED_PRODUCT = (
    "campaignId", "adGroupId", "campaignName", "adGroupName", "campaignBudgetCurrencyCode", "attributionType",
    "purchasedAsin", "productName", "productCategory", "orders14d", "sales14d", "unitsSold14d",
    "newToBrandPurchases14d", "newToBrandSales14d", "newToBrandUnitsSold14d", "newToBrandPurchasesPercentage14d",
    "newToBrandSalesPercentage14d", "newToBrandUnitsSoldPercentage14d",
)  # fmt: skip
_SD_TARGETING = (
    *_SD_CAMPAIGN, "adGroupId", "adGroupName", "targetingId", "targetingText", "targetingExpression",
    "adKeywordStatus", *_SD_METRICS,
)  # fmt: skip
_SD_ADVERTISED_PRODUCT = (
    *_SD_CAMPAIGN, "adGroupId", "adGroupName", "adId", "bidOptimization", "promotedAsin", "promotedSku",
    *_SD_METRICS,
)  # fmt: skip

REPORT_TYPES: Mapping[str, ReportType] = {
    each.id: each
    for each in (
        ReportType(
            "spCampaigns",
            SPONSORED_PRODUCTS,
            {
                "campaign": _CAMPAIGN_SET,
                "adGroup": ("adGroupId", "adGroupName", "adStatus"),
                "campaignPlacement": ("placementClassification", *_CAMPAIGN_SET),
            },
            (*_TRAFFIC, *_SP_SALES, "campaignBiddingStrategy"),
            filters={**_STATUS, **_AD_STATUS, "campaignSite": ("AmazonSite",)},
            combined=True,
        ),
        ReportType(
            "spAdvertisedProduct",
            SPONSORED_PRODUCTS,
            {"advertiser": ()},
            _SP_ADVERTISED_PRODUCT,
            filters={"adCreativeStatus": STATES},
        ),
        ReportType(
            "spTargeting",
            SPONSORED_PRODUCTS,
            {"targeting": ()},
            (*_SP_TARGETS, "topOfSearchImpressionShare"),
            filters=_KEYWORDS,
        ),
        ReportType(
            "spSearchTerm",
            SPONSORED_PRODUCTS,
            {"searchTerm": ()},
            (*_SP_TARGETS, "searchTerm"),
            days_back=65,
            filters={"keywordType": KEYWORD_TYPES},
        ),
        ReportType(
            "spPurchasedProduct",
            SPONSORED_PRODUCTS,
            {"asin": ()},
            _SP_PURCHASED_PRODUCT,
        ),
        ReportType(
            "sbCampaigns",
            SPONSORED_BRANDS,
            {"campaign": ()},
            (*_SB_CAMPAIGN, *_SB_METRICS, "topOfSearchImpressionShare"),
            60,
            _STATUS,
        ),
        ReportType(
            "sbAdGroup",
            SPONSORED_BRANDS,
            {"adGroup": ()},
            (*_SB_CAMPAIGN, "adGroupId", "adGroupName", "adStatus", *_SB_METRICS),
            60,
            _AD_STATUS,
        ),
        ReportType(
            "sbAds",
            SPONSORED_BRANDS,
            {"ads": ()},
            (*_SB_CAMPAIGN, "adGroupId", "adGroupName", "adId", "adStatus", *_SB_METRICS),
            60,
            _AD_STATUS,
        ),
        ReportType(
            "sbTargeting",
            SPONSORED_BRANDS,
            {"targeting": ()},
            (*_SB_CAMPAIGN, *_SB_TARGET, *_SB_METRICS, "topOfSearchImpressionShare"),
            60,
            {"adKeywordStatus": STATES, "keywordType": _SB_TYPES},
        ),
        ReportType(
            "sbSearchTerm",
            SPONSORED_BRANDS,
            {"searchTerm": ()},
            _SB_SEARCH_TERM,
            60,
            {"keywordType": _SB_TYPES},
        ),
        ReportType(
            "sbPurchasedProduct",
            SPONSORED_BRANDS,
            {"purchasedAsin": ()},
            _SB_PURCHASED_PRODUCT,
            731,
            span=731,
        ),
        ReportType(
            "sdCampaigns",
            SPONSORED_DISPLAY,
            {"campaign": (), "matchedTarget": ("matchedTargetAsin",)},
            (*_SD_CAMPAIGN, "campaignStatus", "campaignBudgetAmount", "costType", *_SD_METRICS),
            65,
        ),
        ReportType(
            "sdAdGroup",
            SPONSORED_DISPLAY,
            {"adGroup": (), "matchedTarget": ("matchedTargetAsin",)},
            (*_SD_CAMPAIGN, "adGroupId", "adGroupName", "bidOptimization", *_SD_METRICS),
            65,
        ),
        ReportType(
            "sdTargeting",
            SPONSORED_DISPLAY,
            {"targeting": (), "matchedTarget": ("matchedTargetAsin",)},
            _SD_TARGETING,
            65,
        ),
        ReportType(
            "sdAdvertisedProduct",
            SPONSORED_DISPLAY,
            {"advertiser": ()},
            _SD_ADVERTISED_PRODUCT,
            65,
        ),
        ReportType(
            "sdPurchasedProduct",
            SPONSORED_DISPLAY,
            {"asin": ()},
            (*_SD_CAMPAIGN, "adGroupId", "adGroupName", "promotedAsin", "promotedSku", "asinBrandHalo", *_HALO),
            65,
        ),
    )
}


@dataclass(frozen=True)
class Asked:
    """A request that is in order.

    Attributes:
        type: The type.
        group_by: The groups.
        columns: The columns that are wanted.
        daily: Whether rows are of a day; else of the whole range.
        start: First day.
        end: Last day, included.
        filters: Values by field.
    """

    type: ReportType
    group_by: tuple[str, ...]
    columns: tuple[str, ...]
    daily: bool
    start: date
    end: date
    filters: Mapping[str, frozenset[str]]
