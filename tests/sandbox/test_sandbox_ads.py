"""The Ads API: a second consent, profiles, reports and their life, and figures within all sales."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from amazon_sandbox.ads_accounts import ADS_CLIENT_ID, ADS_CLIENT_SECRET
from amazon_sandbox.ads_api import CREATE_TYPE
from amazon_sandbox.ads_report_types import REPORT_TYPES

if TYPE_CHECKING:
    from sandbox.conftest import Driver
    from werkzeug.test import TestResponse

Row = dict[str, Any]

REPORTS = "/ads/reporting/reports"
VENDOR, SELLER = "ads-vendor-us", "ads-seller-us"


def headers(amazon: Driver, label: str = VENDOR, place: int | None = 0, token: str = "") -> dict[str, str]:
    account = next(each for each in amazon.sandbox.ads_accounts if each.label == label)
    if not token:
        answer = amazon.ask_token(
            grant_type="refresh_token",
            refresh_token=account.refresh_token,
            client_id=ADS_CLIENT_ID,
            client_secret=ADS_CLIENT_SECRET,
        )
        token = answer.json["access_token"]  # type: ignore[index]
    sent = {"Authorization": f"Bearer {token}", "Amazon-Advertising-API-ClientId": ADS_CLIENT_ID}
    if place is not None:
        sent["Amazon-Advertising-API-Scope"] = f"{account.profiles[place].profile_id}"
    return sent


def body(type_id: str = "spCampaigns", start: str = "2026-10-20", end: str = "2026-11-19", **more: Any) -> Row:
    kind = REPORT_TYPES[type_id]
    group_by = more.pop("groupBy", [next(iter(kind.groups))])
    columns = [column for column in kind.allowed(group_by, "DAILY") if not column.endswith("Sku")]
    configuration = {
        "adProduct": kind.ad_product,
        "reportTypeId": type_id,
        "groupBy": group_by,
        "columns": columns,
        "timeUnit": "DAILY",
        "format": "GZIP_JSON",
        **more,
    }
    return {"name": "test", "startDate": start, "endDate": end, "configuration": configuration}


def create(amazon: Driver, request: Row, label: str = VENDOR, place: int = 0, **more: str) -> TestResponse:
    sent = {**headers(amazon, label, place), "Content-Type": CREATE_TYPE, **more}
    return amazon.http.post(REPORTS, data=json.dumps(request), headers=sent)


def look(amazon: Driver, report_id: str, label: str = VENDOR, place: int = 0) -> Row:
    answer = amazon.http.get(f"{REPORTS}/{report_id}", headers=headers(amazon, label, place))
    assert answer.status_code == 200, answer.text
    found: Row = answer.json  # type: ignore[assignment]
    return found


def download(amazon: Driver, url: str) -> TestResponse:
    parts = urlsplit(url)
    return amazon.http.get(f"{parts.path}?{parts.query}")


def rows(amazon: Driver, request: Row, label: str = VENDOR, place: int = 0) -> list[Row]:
    created = create(amazon, request, label, place)
    assert created.status_code == 200, created.text
    started = amazon.clock.now
    amazon.clock.advance(hours=3)
    found = look(amazon, created.json["reportId"], label, place)  # type: ignore[index]
    content = download(amazon, found["url"]).data
    assert len(content) == found["fileSize"]
    amazon.clock.now = started
    parsed: list[Row] = json.loads(gzip.decompress(content), parse_float=Decimal)
    return parsed


def test_profiles_tell_their_place_and_their_right(amazon: Driver) -> None:
    listed: list[Row] = amazon.http.get("/ads/v2/profiles", headers=headers(amazon, SELLER, None)).json  # type: ignore[assignment]
    assert [(each["countryCode"], each["currencyCode"], each["accountInfo"]["type"]) for each in listed] == [
        ("US", "USD", "seller"),
        ("CA", "CAD", "seller"),
        ("MX", "MXN", "seller"),
        ("US", "USD", "agency"),
    ]
    assert listed[0]["timezone"] == "America/Los_Angeles"
    assert listed[0]["accountInfo"]["marketplaceStringId"] == "ATVPDKIKX0DER"
    uk = headers(amazon, "ads-vendor-uk", None)
    assert amazon.http.get("/ads/v2/profiles", headers=uk).json == []
    assert len(amazon.http.get("/ads/v2/profiles?accessLevel=view", headers=uk).json) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("type_id", REPORT_TYPES)
def test_each_type_has_rows_with_just_its_columns(amazon: Driver, type_id: str) -> None:
    request = body(type_id)
    found = rows(amazon, request)
    assert found
    assert all(list(row) == request["configuration"]["columns"] for row in found)


@pytest.mark.parametrize("label", [VENDOR, SELLER])
def test_advertised_sales_never_exceed_all_sales(amazon: Driver, label: str) -> None:
    found: dict[tuple[str, str], list[Decimal]] = {}
    for type_id, asin, units, sales in (
        ("spAdvertisedProduct", "advertisedAsin", "unitsSoldClicks30d", "sales30d"),
        ("sdAdvertisedProduct", "promotedAsin", "unitsSold", "sales"),
        ("sbPurchasedProduct", "purchasedAsin", "unitsSold14d", "sales14d"),
    ):
        for row in rows(amazon, body(type_id, "2026-10-20", "2026-11-15"), label):
            total = found.setdefault((row["date"], row[asin]), [Decimal(0), Decimal(0)])
            total[0] += row[units]
            total[1] += row[sales]
    assert sum(total[0] for total in found.values()) > 50
    everything = whole(amazon, label)
    for place, total in found.items():
        assert total[0] <= everything[place][0], place
        assert total[1] <= everything[place][1], place


def whole(amazon: Driver, label: str) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """Units and sales that the other reports tell of, by day and ASIN."""
    owner = label.removeprefix("ads-")
    asked: Row = {"account": owner, "marketplace_id": "ATVPDKIKX0DER", "as_of": amazon.clock.now}
    start, end = date(2026, 10, 20), date(2026, 11, 15)
    if label == VENDOR:
        options = {"reportPeriod": "DAY", "distributorView": "MANUFACTURING", "sellingProgram": "RETAIL"}
        document = amazon.sandbox.data.document(
            "GET_VENDOR_SALES_REPORT", options=options, start=start, end=end, **asked
        )
        return {
            (row["startDate"], row["asin"]): (row["orderedUnits"], Decimal(row["orderedRevenue"]["amount"]))
            for row in document["salesByAsin"]
        }
    found = {}
    while start <= end:
        document = amazon.sandbox.data.document(
            "GET_SALES_AND_TRAFFIC_REPORT",
            options={"dateGranularity": "DAY", "asinGranularity": "CHILD"},
            start=start,
            end=start,
            **asked,
        )
        for row in document["salesAndTrafficByAsin"]:
            sold = row["salesByAsin"]
            amount = Decimal(sold["orderedProductSales"]["amount"])
            found[f"{start}", row["childAsin"]] = (sold["unitsOrdered"], amount)
        start += timedelta(days=1)
    return found


LISTS = {
    "/portfolios/list": ("spPortfolio.v3", "portfolios"),
    "/sp/campaigns/list": ("spCampaign.v3", "campaigns"),
    "/sp/adGroups/list": ("spAdGroup.v3", "adGroups"),
    "/sp/keywords/list": ("spKeyword.v3", "keywords"),
    "/sp/targets/list": ("spTargetingClause.v3", "targetingClauses"),
    "/sp/productAds/list": ("spProductAd.v3", "productAds"),
    "/sb/v4/campaigns/list": ("sbcampaignresource.v4", "campaigns"),
    "/sb/v4/adGroups/list": ("sbadgroupresource.v4", "adGroups"),
    "/sb/v4/ads/list": ("sbadresource.v4", "ads"),
}


@pytest.mark.parametrize(("path", "names"), LISTS.items())
def test_a_list_comes_in_pages_under_its_media_type(amazon: Driver, path: str, names: tuple[str, str]) -> None:
    media, key = f"application/vnd.{names[0]}+json", names[1]
    sent = {**headers(amazon), "Accept": media, "Content-Type": media}
    whole_list: Row = amazon.http.post(f"/ads{path}", data="{}", headers=sent).json  # type: ignore[assignment]
    found: list[Row] = []
    token: dict[str, str] = {}
    while len(found) < 20:
        page: Row = amazon.http.post(  # type: ignore[assignment]
            f"/ads{path}", data=json.dumps({"maxResults": 7, **token}), headers=sent
        ).json
        found += page[key]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert found == whole_list[key][: len(found)]
    assert whole_list["totalResults"] >= len(whole_list[key]) > 0
    for wrong, status in (({"Content-Type": "application/json"}, 415), ({"Accept": "text/csv"}, 406)):
        assert amazon.http.post(f"/ads{path}", data="{}", headers={**sent, **wrong}).status_code == status


@pytest.mark.parametrize("path", ["/sd/campaigns", "/sd/adGroups", "/sd/targets", "/sd/productAds", "/sb/keywords"])
def test_an_older_list_is_counted_through(amazon: Driver, path: str) -> None:
    everything: list[Row] = amazon.http.get(f"/ads{path}", headers=headers(amazon)).json  # type: ignore[assignment]
    part = amazon.http.get(f"/ads{path}?startIndex=1&count=2", headers=headers(amazon)).json
    assert everything
    assert part == everything[1:3]


@pytest.mark.parametrize("kind", ["campaigns", "adGroups", "targets", "ads"])
def test_an_export_has_all_products_in_one_shape(amazon: Driver, kind: str) -> None:
    media = f"application/vnd.{kind.lower()}export.v1+json"
    sent = {**headers(amazon), "Content-Type": media, "Accept": media}
    products = ["SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY"]
    created = amazon.http.post(
        f"/ads/{kind}/export", data=json.dumps({"adProductFilter": products, "stateFilter": ["ENABLED"]}), headers=sent
    )
    assert created.status_code == 202
    path = f"/ads/exports/{created.json['exportId']}"  # type: ignore[index]
    assert amazon.http.get(path, headers=sent).json["status"] == "PROCESSING"  # type: ignore[index]
    amazon.clock.advance(seconds=60)
    done: Row = amazon.http.get(path, headers=sent).json  # type: ignore[assignment]
    found = json.loads(gzip.decompress(download(amazon, done["url"]).data))
    assert {row["adProduct"] for row in found} == set(products)
    assert {row["state"] for row in found} == {"ENABLED"}


def test_a_report_takes_minutes_or_hours_and_is_refused_a_second_time_meanwhile(amazon: Driver) -> None:
    took = []
    for day in range(1, 13):
        request = body(start=f"2026-11-{day:02d}", end=f"2026-11-{day:02d}")
        created = create(amazon, request)
        assert created.content_type == "application/vnd.createasyncreportresponse.v3+json"
        report: Row = created.json  # type: ignore[assignment]
        assert (report["status"], report["url"], report["configuration"]) == ("PENDING", None, request["configuration"])
        again = create(amazon, {**request, "name": "another"})
        assert (again.status_code, again.json) == (
            425,
            {"code": "425", "detail": f"The Request is a duplicate of : {report['reportId']}"},
        )
        assert create(amazon, request, "ads-vendor-de").status_code == 200
        began = amazon.clock.now
        seen = []
        while (found := look(amazon, report["reportId"]))["status"] != "COMPLETED":
            seen.append(found["status"])
            amazon.clock.advance(seconds=60)
        assert list(dict.fromkeys(seen)) == ["PENDING", "PROCESSING"]
        took.append((amazon.clock.now - began).total_seconds())
        assert create(amazon, request).status_code == 200
    assert min(took) < 600
    assert 3_600 <= max(took) <= 3 * 3_600 + 60


def test_figures_of_a_day_grow_until_they_are_settled(amazon: Driver) -> None:
    request = body("spAdvertisedProduct", "2026-11-18", "2026-11-18")
    seen = []
    for days in (0, 1, 6, 7, 14, 16, 16, 5):
        amazon.clock.advance(days=days)
        found = rows(amazon, request)
        seen.append(
            [sum(row[name] for row in found) for name in ("unitsSoldClicks1d", "unitsSoldClicks14d", "sales30d")]
        )
    for column in zip(*seen, strict=True):
        assert list(column) == sorted(column)
    assert seen[0][2] < seen[3][2] < seen[4][2] < seen[6][2] == seen[7][2]


def test_clicks_are_no_more_than_impressions_and_reports_agree(amazon: Driver) -> None:
    totals = set()
    for type_id, group_by in (
        ("spCampaigns", ["campaign"]),
        ("spCampaigns", ["campaign", "adGroup"]),
        ("spCampaigns", ["campaignPlacement"]),
        ("spAdvertisedProduct", ["advertiser"]),
        ("spTargeting", ["targeting"]),
    ):
        found = rows(amazon, body(type_id, "2026-11-01", "2026-11-10", groupBy=group_by))
        assert all(row["purchases30d"] <= row["unitsSoldClicks30d"] for row in found)
        assert all(row["clicks"] <= row["impressions"] for row in found)
        totals.add(tuple(sum(row[name] for row in found) for name in ("impressions", "clicks", "cost", "sales14d")))
    assert len(totals) == 1
    terms = rows(amazon, body("spSearchTerm", "2026-11-01", "2026-11-10"))
    assert all(row["clicks"] > 0 for row in terms)
    assert sum(row["clicks"] for row in terms) == next(iter(totals))[1]


CONFIGURATION = body()["configuration"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"startDate": "2026-10-19"}, "range (32 days) must not exceed maximum range (31 days)"),
        ({"startDate": "2026-08-01", "endDate": "2026-08-02"}, "too far in the past"),
        ({"endDate": "2026-11-21", "startDate": "2026-11-21"}, "future"),
        ({"startDate": "2026-11-20"}, "startDate"),
        ({"startDate": None}, "dates"),
        (
            {"configuration": {**CONFIGURATION, "columns": ["date", "profit"]}},
            "includes invalid values: (profit). Allowed",
        ),
        ({"configuration": {**CONFIGURATION, "columns": ["startDate"]}}, "includes invalid values: (startDate)"),
        ({"configuration": {**CONFIGURATION, "columns": []}}, "columns"),
        ({"configuration": {**CONFIGURATION, "groupBy": ["asin"]}}, "invalid groupBy values: (asin)"),
        ({"configuration": {**CONFIGURATION, "reportTypeId": "spAdGroup"}}, "reportTypeId is unknown or invalid"),
        ({"configuration": {**CONFIGURATION, "adProduct": "SPONSORED_BRANDS"}}, "reportTypeId is unknown or invalid"),
        ({"configuration": {**CONFIGURATION, "timeUnit": "HOURLY"}}, "timeUnit"),
        (
            {"configuration": {**CONFIGURATION, "filters": [{"field": "keywordType", "values": ["EXACT"]}]}},
            "filters includes fields: (keywordType)",
        ),
    ],
)
def test_a_wrong_request_is_refused_with_a_reason(amazon: Driver, change: Row, says: str) -> None:
    answer = create(amazon, {**body(), **change})
    assert answer.status_code == 400
    assert answer.json["code"] == "400"  # type: ignore[index]
    assert says in answer.json["detail"]  # type: ignore[index]


def test_each_type_has_its_look_back(amazon: Driver) -> None:
    today = date(2026, 11, 20)
    for type_id, kind in REPORT_TYPES.items():
        for extra, status in ((0, 200), (1, 400)):
            day = f"{today - timedelta(days=kind.days_back + extra)}"
            assert create(amazon, body(type_id, day, day)).status_code == status, (type_id, extra)
            amazon.clock.advance(seconds=15)


def test_media_types_and_headers_are_looked_at(amazon: Driver) -> None:
    assert create(amazon, body(), **{"Content-Type": "application/json"}).status_code == 415  # type: ignore[arg-type]  # a header
    assert create(amazon, body(), Accept="text/csv").status_code == 406
    for change, status in (
        ({"Authorization": ""}, 401),
        ({"Authorization": f"Bearer {amazon.log_in()}"}, 401),
        ({"Amazon-Advertising-API-ClientId": "other"}, 401),
        ({"Amazon-Advertising-API-Scope": "1"}, 401),
        ({"Amazon-Advertising-API-Scope": ""}, 400),
    ):
        answer = amazon.http.get(f"{REPORTS}/1", headers={**headers(amazon), **change})
        assert answer.status_code == status, change
    token = headers(amazon)["Authorization"].removeprefix("Bearer ")
    assert amazon.call("GET", "/reports/2021-06-30/reports", headers={"x-amz-access-token": token}).status_code == 403
    assert amazon.http.get("/ads/v3/nothing").status_code == 404


def test_what_is_not_open_is_told_apart(amazon: Driver) -> None:
    closed = create(amazon, body("sdCampaigns"), "ads-vendor-jp")
    assert (closed.status_code, closed.json["detail"]) == (403, "Advertiser is not authorized for Sponsored Display")  # type: ignore[index]
    agency = create(amazon, body(), SELLER, 3)
    assert (agency.status_code, agency.json["details"]) == (400, "Invalid Advertiser or Marketplace ID.")  # type: ignore[index]
    stranger = headers(amazon, SELLER)["Amazon-Advertising-API-Scope"]
    answer = create(amazon, body(), **{"Amazon-Advertising-API-Scope": stranger})  # type: ignore[arg-type]  # a header
    assert answer.json["details"] == "No matching advertiser found for scope"  # type: ignore[index]


def test_a_consent_is_taken_back_alone(amazon: Driver) -> None:
    amazon.sandbox.withdraw(VENDOR)
    account = next(each for each in amazon.sandbox.ads_accounts if each.label == VENDOR)
    form = {"refresh_token": account.refresh_token, "client_id": ADS_CLIENT_ID, "client_secret": ADS_CLIENT_SECRET}
    answer = amazon.ask_token(grant_type="refresh_token", **form)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")  # type: ignore[index]
    assert amazon.log_in("vendor-us")


def test_too_many_calls_wait_as_long_as_they_are_told(amazon: Driver) -> None:
    sent = headers(amazon)
    answers = [amazon.http.get(f"{REPORTS}/1", headers=sent) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [404] * 30 + [429]
    amazon.clock.advance(seconds=int(answers[-1].headers["Retry-After"]))
    assert amazon.http.get(f"{REPORTS}/1", headers=sent).status_code == 404


def test_an_expired_url_is_replaced_by_the_next_status(amazon: Driver) -> None:
    report_id = create(amazon, body()).json["reportId"]  # type: ignore[index]
    amazon.clock.advance(hours=3)
    old = look(amazon, report_id)["url"]
    amazon.clock.advance(hours=1, seconds=1)
    assert download(amazon, old).status_code == 403
    assert download(amazon, look(amazon, report_id)["url"]).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("ads_throttled", 429),
        ("ads_throttled_silently", 429),
        ("ads_server_error_500", 500),
        ("ads_html_502", 502),
        ("ads_unauthorized", 401),
        ("ads_not_acceptable", 406),
    ],
)
def test_a_fault_strikes_once(amazon: Driver, fault: str, status: int) -> None:
    amazon.sandbox.inject(fault)
    struck = create(amazon, body())
    assert struck.status_code == status
    assert ("Retry-After" in struck.headers) == (fault == "ads_throttled")
    assert create(amazon, body()).status_code == 200


def test_a_broken_connection_leaves_a_report_behind(amazon: Driver) -> None:
    amazon.sandbox.inject("ads_connection_reset")
    with pytest.raises(ConnectionResetError):
        create(amazon, body())
    assert create(amazon, body()).status_code == 425


@pytest.mark.parametrize(
    ("fault", "status"),
    [("ads_report_failed", "FAILED"), ("ads_report_failure", "FAILURE"), ("ads_report_stuck", "PROCESSING")],
)
def test_a_report_may_fail_or_stay(amazon: Driver, fault: str, status: str) -> None:
    amazon.sandbox.inject(fault)
    report_id = create(amazon, body()).json["reportId"]  # type: ignore[index]
    amazon.clock.advance(hours=3)
    found = look(amazon, report_id)
    assert found["status"] == status
    assert bool(found["failureReason"]) == (status != "PROCESSING")
    assert found["url"] is None


def test_a_pending_report_can_be_cancelled(amazon: Driver) -> None:
    report_id = create(amazon, body()).json["reportId"]  # type: ignore[index]
    answer = amazon.http.delete(f"{REPORTS}/{report_id}", headers=headers(amazon))
    assert answer.status_code == 200
    assert look(amazon, report_id)["status"] == "CANCELLED"
    assert create(amazon, body()).status_code == 200
