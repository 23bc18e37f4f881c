"""What is advertised: portfolios, campaigns, ad groups, targets and advertisements, as lists and as exports.

Each advertising product has lists of its own: Sponsored Products version 3, Sponsored Brands version 4
and Sponsored Display version 1. Exports give all three in one shape, as a file.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from amazon_sandbox.ads_accounts import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS
from amazon_sandbox.ads_operations import AdsOperation, of_resource
from amazon_sandbox.ads_report_types import STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from amazon_sandbox.ads_operations import AdsCall
    from amazon_sandbox.amazon import Sandbox
    from amazon_sandbox.data.advertising import Ad, AdGroup, Advertising, Campaign, Target

    Row = dict[str, Any]
    Lister = Callable[[Advertising, datetime], Iterable[Row]]

PAGE_SIZE, MOST_PAGE_SIZE = 100, 5_000
BEGAN = "2024-03-01"
MADE = "2024-03-01T09:30:00.000Z"
AD_PRODUCTS = (SPONSORED_PRODUCTS, SPONSORED_BRANDS, SPONSORED_DISPLAY)
# Exports of one kind that a profile may have on their way.
MOST_EXPORTS = 5


def portfolios(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The portfolios; none has a budget."""
    for id_, name in advertising.portfolios:
        yield {"portfolioId": f"{id_}", "name": name, "state": "ENABLED", "inBudget": True}


def sp_campaigns(advertising: Advertising, now: datetime) -> Iterator[Row]:
    """The campaigns of Sponsored Products, version 3."""
    for campaign in _campaigns(advertising, SPONSORED_PRODUCTS):
        yield {
            **_campaign(advertising, campaign, now),
            "targetingType": campaign.targeting,
            "dynamicBidding": {"strategy": "AUTO_FOR_SALES", "placementBidding": []},
            "budget": {"budgetType": "DAILY", "budget": advertising.catalogue.amount(campaign.budget)},
        }


def sb_campaigns(advertising: Advertising, now: datetime) -> Iterator[Row]:
    """The campaigns of Sponsored Brands, version 4."""
    for campaign in _campaigns(advertising, SPONSORED_BRANDS):
        yield {
            **_campaign(advertising, campaign, now),
            "costType": "CPC",
            "isMultiAdGroupsEnabled": campaign.multi,
            "budgetType": "DAILY",
            "budget": advertising.catalogue.amount(campaign.budget),
        }


def sd_campaigns(advertising: Advertising, now: datetime) -> Iterator[Row]:
    """The campaigns of Sponsored Display, with numbers as ids and states in small letters."""
    for campaign in _campaigns(advertising, SPONSORED_DISPLAY):
        yield {
            **_campaign(advertising, campaign, now),
            "campaignId": campaign.id,
            "portfolioId": campaign.portfolio_id,
            "state": campaign.state.lower(),
            "startDate": BEGAN.replace("-", ""),
            "tactic": "T00020",
            "costType": "cpc",
            "budgetType": "daily",
            "budget": advertising.catalogue.amount(campaign.budget),
        }


def sp_groups(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The ad groups of Sponsored Products, version 3."""
    for group in _groups(advertising, SPONSORED_PRODUCTS):
        yield {**_group(group), "defaultBid": advertising.catalogue.amount(group.bid)}


def sb_groups(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The ad groups of Sponsored Brands, version 4."""
    for group in _groups(advertising, SPONSORED_BRANDS):
        yield _group(group)


def sd_groups(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The ad groups of Sponsored Display."""
    for group in _groups(advertising, SPONSORED_DISPLAY):
        yield {
            "adGroupId": group.id,
            "campaignId": group.campaign.id,
            "name": group.name,
            "state": group.campaign.state.lower(),
            "defaultBid": advertising.catalogue.amount(group.bid),
            "bidOptimization": "clicks",
            "tactic": "T00020",
        }


def sp_keywords(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The keywords of Sponsored Products, version 3."""
    for target in _targets(advertising, SPONSORED_PRODUCTS, keywords=True):
        yield {"keywordId": f"{target.id}", **_keyword(advertising, target)}


def sp_targets(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The targets of Sponsored Products that are no keywords, version 3."""
    for target in _targets(advertising, SPONSORED_PRODUCTS, keywords=False):
        predefined = target.type.endswith("PREDEFINED")
        expression = [_expression(target)]
        yield {
            "targetId": f"{target.id}",
            **_of_group(target.group),
            "state": target.group.campaign.state,
            "expressionType": "AUTO" if predefined else "MANUAL",
            "expression": expression,
            "resolvedExpression": expression,
            "bid": advertising.catalogue.amount(target.bid),
        }


def sb_keywords(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The keywords of Sponsored Brands, with numbers as ids and states in small letters."""
    for target in _targets(advertising, SPONSORED_BRANDS, keywords=True):
        yield {
            "keywordId": target.id,
            "adGroupId": target.group.id,
            "campaignId": target.group.campaign.id,
            "keywordText": target.text,
            "matchType": target.type.lower(),
            "state": target.group.campaign.state.lower(),
            "bid": advertising.catalogue.amount(target.bid),
        }


def sb_targets(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The targets of Sponsored Brands that are no keywords."""
    for target in _targets(advertising, SPONSORED_BRANDS, keywords=False):
        yield {**_sd_target(advertising, target)}


def sd_targets(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The targets of Sponsored Display."""
    for target in _targets(advertising, SPONSORED_DISPLAY, keywords=False):
        yield _sd_target(advertising, target)


def sp_ads(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The advertisements of Sponsored Products, version 3."""
    for ad in _ads(advertising, SPONSORED_PRODUCTS):
        row = {"adId": f"{ad.id}", **_of_group(ad.group), "state": ad.group.campaign.state, "asin": ad.product.asin}
        yield row if ad.sku is None else {**row, "sku": ad.sku}


def sb_ads(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The advertisements of Sponsored Brands, version 4."""
    for ad in _ads(advertising, SPONSORED_BRANDS):
        yield {
            "adId": f"{ad.id}",
            **_of_group(ad.group),
            "name": ad.product.title,
            "state": ad.group.campaign.state,
            "creative": {"type": "PRODUCT_COLLECTION", "asins": [ad.product.asin]},
        }


def sd_ads(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """The advertisements of Sponsored Display."""
    for ad in _ads(advertising, SPONSORED_DISPLAY):
        row = {
            "adId": ad.id,
            "adGroupId": ad.group.id,
            "campaignId": ad.group.campaign.id,
            "state": ad.group.campaign.state.lower(),
            "asin": ad.product.asin,
        }
        yield row if ad.sku is None else {**row, "sku": ad.sku}


def _campaigns(advertising: Advertising, ad_product: str) -> Iterator[Campaign]:
    return (each for each in advertising.campaigns if each.ad_product == ad_product)


def _groups(advertising: Advertising, ad_product: str) -> Iterator[AdGroup]:
    return (each for each in advertising.groups if each.campaign.ad_product == ad_product)


def _targets(advertising: Advertising, ad_product: str, *, keywords: bool) -> Iterator[Target]:
    return (
        each
        for each in advertising.targets
        if each.group.campaign.ad_product == ad_product and each.is_keyword == keywords
    )


def _ads(advertising: Advertising, ad_product: str) -> Iterator[Ad]:
    return (each for each in advertising.ads if each.group.campaign.ad_product == ad_product)


def _campaign(advertising: Advertising, campaign: Campaign, now: datetime) -> Row:
    today = now.astimezone(advertising.profile.zone).date()
    row = {
        "campaignId": f"{campaign.id}",
        "name": advertising.name(campaign, today),
        "state": campaign.state,
        "startDate": BEGAN,
    }
    return row if campaign.portfolio_id is None else {**row, "portfolioId": f"{campaign.portfolio_id}"}


def _of_group(group: AdGroup) -> Row:
    return {"adGroupId": f"{group.id}", "campaignId": f"{group.campaign.id}"}


def _group(group: AdGroup) -> Row:
    return {**_of_group(group), "name": group.name, "state": group.campaign.state}


def _keyword(advertising: Advertising, target: Target) -> Row:
    return {
        **_of_group(target.group),
        "keywordText": target.text,
        "matchType": target.type,
        "state": target.group.campaign.state,
        "bid": advertising.catalogue.amount(target.bid),
    }


def _expression(target: Target) -> Row:
    kind, _, value = target.text.partition("=")
    known = {"asin": "ASIN_SAME_AS", "category": "ASIN_CATEGORY_SAME_AS"}
    row = {"type": known.get(kind, f"QUERY_{kind.upper().replace('-', '_')}")}
    return {**row, "value": value.strip('"')} if value else row


def _sd_target(advertising: Advertising, target: Target) -> Row:
    expression = _expression(target)
    expression["type"] = {"ASIN_SAME_AS": "asinSameAs"}.get(expression["type"], "asinCategorySameAs")
    return {
        "targetId": target.id,
        "adGroupId": target.group.id,
        "campaignId": target.group.campaign.id,
        "state": target.group.campaign.state.lower(),
        "expressionType": "manual",
        "expression": [expression],
        "resolvedExpression": [expression],
        "bid": advertising.catalogue.amount(target.bid),
    }


# Exports: the common model of all advertising products.


def exported_campaigns(advertising: Advertising, now: datetime) -> Iterator[Row]:
    """All campaigns in the common shape."""
    for campaign in advertising.campaigns:
        amount = {
            "amount": advertising.catalogue.amount(campaign.budget),
            "currencyCode": advertising.catalogue.currency,
        }
        row = {
            **_campaign(advertising, campaign, now),
            **_common(campaign),
            "budgetCaps": {
                "budgetType": "MONETARY",
                "recurrenceTimePeriod": "DAILY",
                "budgetValue": {"monetaryBudget": amount},
            },
        }
        if campaign.ad_product == SPONSORED_PRODUCTS:
            yield {
                **row,
                "targetingSettings": campaign.targeting,
                "optimization": {"bidStrategy": "SALES", "placementBidAdjustments": []},
            }
        else:
            yield {**row, "costType": "CPC"}


def exported_groups(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """All ad groups in the common shape; those of Sponsored Brands have no bid."""
    for group in advertising.groups:
        row = {**_group(group), **_common(group.campaign)}
        yield (
            row
            if group.campaign.ad_product == SPONSORED_BRANDS
            else {**row, "bid": _bid(advertising, "defaultBid", group.bid)}
        )


def exported_targets(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """All keywords and other targets in the common shape, which names the ad group only."""
    for target in advertising.targets:
        yield {
            "targetId": f"{target.id}",
            "adGroupId": f"{target.group.id}",
            **_common(target.group.campaign),
            "negative": False,
            "bid": _bid(advertising, "bid", target.bid),
            **_target_details(target),
        }


def exported_ads(advertising: Advertising, _now: datetime) -> Iterator[Row]:
    """All advertisements in the common shape, which names the ad group only."""
    for ad in advertising.ads:
        products = [{"productIdType": "ASIN", "productId": ad.product.asin}]
        if ad.sku is not None:
            products.append({"productIdType": "SKU", "productId": ad.sku})
        brands = ad.group.campaign.ad_product == SPONSORED_BRANDS
        yield {
            "adId": f"{ad.id}",
            "adGroupId": f"{ad.group.id}",
            **_common(ad.group.campaign),
            "adType": "PRODUCT_COLLECTION" if brands else "PRODUCT_AD",
            "creative": {"products": products},
        }


def _common(campaign: Campaign) -> Row:
    delivers = campaign.state == "ENABLED"
    return {
        "adProduct": campaign.ad_product,
        "state": campaign.state,
        "deliveryStatus": "DELIVERING" if delivers else "NOT_DELIVERING",
        "deliveryReasons": [] if delivers else [f"CAMPAIGN_{campaign.state}"],
        "creationDateTime": MADE,
        "lastUpdatedDateTime": MADE,
    }


def _bid(advertising: Advertising, name: str, bid: int) -> Row:
    return {name: advertising.catalogue.amount(bid), "currencyCode": advertising.catalogue.currency}


def _target_details(target: Target) -> Row:
    if target.is_keyword:
        return {"targetType": "KEYWORD", "targetDetails": {"matchType": target.type, "keyword": target.text}}
    kind, _, value = target.text.partition("=")
    value = value.strip('"')
    if kind == "asin":
        return {"targetType": "PRODUCT", "targetDetails": {"matchType": "PRODUCT_EXACT", "asin": value}}
    if kind == "category":
        return {"targetType": "PRODUCT_CATEGORY", "targetDetails": {"productCategoryResolved": value}}
    return {"targetType": "AUTO", "targetDetails": {"matchType": f"SEARCH_{kind.upper().replace('-', '_')}"}}


EXPORTS: Mapping[str, Lister] = {
    "campaigns": exported_campaigns,
    "adgroups": exported_groups,
    "targets": exported_targets,
    "ads": exported_ads,
}


def _listed(key: str, lister: Lister) -> Callable[[Sandbox, AdsCall], object]:
    """Answer POST with a page of a list, which a token in the body goes on with."""

    def handler(sandbox: Sandbox, call: AdsCall) -> object:
        body = call.json()
        size = body.get("maxResults", PAGE_SIZE)
        if not isinstance(size, int) or not 1 <= size <= MOST_PAGE_SIZE:
            raise of_resource(400, "INVALID_ARGUMENT", f"maxResults must be between 1 and {MOST_PAGE_SIZE}")
        found = _wanted(lister(sandbox.ads_reports.advertising(call.profile), call.now), body.get("stateFilter"))
        first = _read(body.get("nextToken"))
        page: Row = {key: found[first : first + size], "totalResults": len(found)}
        if first + size < len(found):
            page["nextToken"] = base64.urlsafe_b64encode(f"{first + size}".encode()).decode()
        return page

    return handler


def _counted(lister: Lister) -> Callable[[Sandbox, AdsCall], object]:
    """Answer GET with a part of a list, from `startIndex` on."""

    def handler(sandbox: Sandbox, call: AdsCall) -> object:
        found = list(lister(sandbox.ads_reports.advertising(call.profile), call.now))
        states = call.query.get("stateFilter")
        if states is not None:
            found = [row for row in found if row["state"] in states.split(",")]
        try:
            first, count = int(call.query.get("startIndex", "0")), int(call.query.get("count", f"{MOST_PAGE_SIZE}"))
        except ValueError:
            raise of_resource(400, "INVALID_ARGUMENT", "startIndex and count must be numbers") from None
        return found[first : first + count]

    return handler


def _wanted(rows: Iterable[Row], states: object) -> list[Row]:
    """Those in some states; without a filter all of them."""
    if not states:
        return list(rows)
    named = states.get("include", ()) if isinstance(states, dict) else ()
    if not named or set(named) - set(STATES):
        raise of_resource(400, "INVALID_ARGUMENT", f"stateFilter must include some of {', '.join(STATES)}")
    return [row for row in rows if row["state"] in named]


def _read(token: object) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(token)))
    except (binascii.Error, ValueError):
        raise of_resource(400, "INVALID_ARGUMENT", "nextToken is not valid") from None


def create_export(sandbox: Sandbox, call: AdsCall, kind: str) -> Row:
    """Take an export in."""
    body = call.json()
    wanted, states = _list(body, "adProductFilter"), _list(body, "stateFilter") or STATES
    if not wanted or set(wanted) - set(AD_PRODUCTS):
        raise of_resource(400, "INVALID_ARGUMENT", f"adProductFilter must name some of {', '.join(AD_PRODUCTS)}")
    if set(states) - set(STATES):
        raise of_resource(400, "INVALID_ARGUMENT", f"stateFilter must name some of {', '.join(STATES)}")
    if sandbox.ads_reports.exports_running(call.profile, kind, call.now) >= MOST_EXPORTS:
        raise of_resource(429, "TOO_MANY_REQUESTS", f"No more than {MOST_EXPORTS} exports may be in progress")
    rows = [
        row
        for row in EXPORTS[kind](sandbox.ads_reports.advertising(call.profile), call.now)
        if row["adProduct"] in wanted and row["state"] in states and row["adProduct"] not in call.profile.closed
    ]
    export = sandbox.ads_reports.export(call.account, call.profile, kind, rows=rows, now=call.now)
    return {"exportId": export.export_id, "status": "PROCESSING"}


def get_export(sandbox: Sandbox, call: AdsCall) -> Row:
    """Tell how an export is doing, and where it lies."""
    export = sandbox.ads_reports.find_export(call.profile, call.ids["exportId"], call.now)
    if export is None:
        raise of_resource(404, "NOT_FOUND", "Export not found")
    if call.accepts not in {"", f"application/vnd.{export.kind}export.v1+json"}:
        raise of_resource(406, "NOT_ACCEPTABLE", f"Cannot produce content type {call.accepts}")
    if call.now < export.generated_at:
        return {"exportId": export.export_id, "status": "PROCESSING", "createdAt": stamp(export.created_at)}
    url, expires_at = sandbox.ads_reports.link(call.base_url, export.document_id, call.now)
    return {
        "exportId": export.export_id,
        "status": "COMPLETED",
        "url": url,
        "urlExpiresAt": stamp(expires_at),
        "fileSize": export.content.length,
        "createdAt": stamp(export.created_at),
        "generatedAt": stamp(export.generated_at),
    }


def stamp(moment: datetime) -> str:
    """A moment as the answers about exports write it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _list(body: Row, name: str) -> tuple[str, ...]:
    values = body.get(name) or ()
    return tuple(values.split(",")) if isinstance(values, str) else tuple(values)


def _export(kind: str) -> Callable[[Sandbox, AdsCall], object]:
    return lambda sandbox, call: create_export(sandbox, call, kind)


def _post(name: str, path: str, media: str, lister: Lister, ad_product: str | None = None) -> AdsOperation:
    media = f"application/vnd.{media}+json"
    # What the array is called is what the path names, but for the targets of Sponsored Products.
    key = "targetingClauses" if name == "listSpTargets" else path.split("/")[-2]
    handler = _listed(key, lister)
    return AdsOperation(name, "POST", path, handler, takes=media, gives=media, strict=True, ad_product=ad_product)


def _get(name: str, path: str, lister: Lister, ad_product: str, gives: str = "application/json") -> AdsOperation:
    return AdsOperation(name, "GET", path, _counted(lister), gives=gives, ad_product=ad_product)


_SP, _SB, _SD = AD_PRODUCTS

OPERATIONS: tuple[AdsOperation, ...] = (
    _post("listPortfolios", "/portfolios/list", "spPortfolio.v3", portfolios),
    _post("listSpCampaigns", "/sp/campaigns/list", "spCampaign.v3", sp_campaigns, _SP),
    _post("listSpAdGroups", "/sp/adGroups/list", "spAdGroup.v3", sp_groups, _SP),
    _post("listSpKeywords", "/sp/keywords/list", "spKeyword.v3", sp_keywords, _SP),
    _post("listSpTargets", "/sp/targets/list", "spTargetingClause.v3", sp_targets, _SP),
    _post("listSpProductAds", "/sp/productAds/list", "spProductAd.v3", sp_ads, _SP),
    _post("listSbCampaigns", "/sb/v4/campaigns/list", "sbcampaignresource.v4", sb_campaigns, _SB),
    _post("listSbAdGroups", "/sb/v4/adGroups/list", "sbadgroupresource.v4", sb_groups, _SB),
    _post("listSbAds", "/sb/v4/ads/list", "sbadresource.v4", sb_ads, _SB),
    _post("listSbTargets", "/sb/targets/list", "sbtargetingresource.v3", sb_targets, _SB),
    _get("listSbKeywords", "/sb/keywords", sb_keywords, _SB, "application/vnd.sbkeyword.v3.2+json"),
    _get("listSdCampaigns", "/sd/campaigns", sd_campaigns, _SD),
    _get("listSdAdGroups", "/sd/adGroups", sd_groups, _SD),
    _get("listSdTargets", "/sd/targets", sd_targets, _SD),
    _get("listSdProductAds", "/sd/productAds", sd_ads, _SD),
    *(
        AdsOperation(
            f"export{path}",
            "POST",
            f"/{path}/export",
            _export(path.lower()),
            takes=f"application/vnd.{path.lower()}export.v1+json",
            gives=f"application/vnd.{path.lower()}export.v1+json",
            status=202,
        )
        for path in ("campaigns", "adGroups", "targets", "ads")
    ),
    AdsOperation("getExport", "GET", "/exports/<exportId>", get_export, gives="*", limit="poll"),
)
