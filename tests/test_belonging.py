"""Which marketplace a row tells, which marketplaces share a report, and which report a row is taken from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_amazon_vendor.config.accounts import Account
from tap_amazon_vendor.config.marketplaces import BY_COUNTRY, BY_ID, MARKETPLACES, REGIONS, Marketplace
from tap_amazon_vendor.config.redaction import Secret
from tap_amazon_vendor.reports.belonging import CURRENCIES, ToldBy, named_marketplace, whole_region
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.singer.schema_files import load_schema
from tap_amazon_vendor.streams import REPORT_STREAMS

BY_CHANNEL = ToldBy(name="channel", currency="currency")
BY_CURRENCY = ToldBy(currency="currency")
BY_STORE = ToldBy(name="store", currency="currency", always_named=False)


def country(marketplace_id: str | None) -> str | None:
    return BY_ID[marketplace_id].country if marketplace_id else None


def of(*countries: str) -> tuple[Marketplace, ...]:
    return tuple(BY_COUNTRY[each] for each in countries)


def account(*countries: str) -> Account:
    return Account(
        label="shop",
        kind="seller",
        marketplaces=of(*countries),
        client_id="app",
        client_secret=Secret("secret"),
        refresh_token=Secret("token"),
        api_url="https://api.example",
        auth_url="https://login.example",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Amazon.com", "US"),
        ("amazon.ca", "CA"),
        ("Amazon.com.mx", "MX"),
        ("Amazon.com.br", "BR"),
        ("Amazon.co.uk", "GB"),
        ("www.amazon.de", "DE"),
        ("https://www.amazon.fr/", "FR"),
        ("amazon.com.be", "BE"),
        ("Amazon.ie", "IE"),
        ("Amazon.com.tr", "TR"),
        ("Amazon.ae", "AE"),
        ("Amazon.sa", "SA"),
        ("Amazon.eg", "EG"),
        ("Amazon.sg", "SG"),
        ("Amazon.com.au", "AU"),
        ("Amazon.co.jp", "JP"),
        (" AMAZON.CO.UK ", "GB"),
        ("Non-Amazon US", "US"),
        ("Non-Amazon CA", "CA"),
        ("SI UK Prod Marketplace", "GB"),
        ("US", "US"),
        ("uk", "GB"),
        ("GB", "GB"),
        ("ATVPDKIKX0DER", "US"),
        ("Non-Amazon", None),
        ("Amazon", None),
        ("Amazon.com.xx", None),
        ("sellercentral-europe.amazon.com", None),
        ("Non-Amazon US CA", None),
        ("POS IN STORE", None),
        ("", None),
        ("ebay.com", None),
    ],
)
def test_a_text_names_a_marketplace_or_none(text: str, expected: str | None) -> None:
    assert country(named_marketplace(text)) == expected


@given(st.sampled_from(MARKETPLACES), st.sampled_from(["{}", " {} ", "www.{}", "WWW.{}", "https://www.{}/"]))
def test_the_store_of_every_marketplace_names_it_however_it_is_written(place: Marketplace, form: str) -> None:
    store = {"AE": "amazon.ae", "SA": "amazon.sa", "EG": "amazon.eg"}.get(
        place.country, place.vendor_central.partition(".")[2]
    )
    assert named_marketplace(form.format(store)) == place.marketplace_id


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    assert named_marketplace(text) in {None, *BY_ID}


def test_every_marketplace_has_a_currency() -> None:
    assert set(CURRENCIES) == set(BY_COUNTRY)


@pytest.mark.parametrize(
    ("row", "places", "expected"),
    [
        ({"channel": "Amazon.ca", "currency": "CAD"}, ("US", "CA", "MX"), "CA"),
        ({"channel": "Amazon.com", "currency": "CAD"}, ("US", "CA", "MX"), "US"),  # the store, not the money
        ({"channel": "Non-Amazon", "currency": "MXN"}, ("US", "CA", "MX"), "MX"),
        ({"channel": None, "currency": "CAD"}, ("US",), "CA"),
        ({"channel": None, "currency": None}, ("US",), None),
        ({}, ("US",), None),
        ({"channel": "Non-Amazon", "currency": ""}, ("US",), None),
        ({"channel": None, "currency": "EUR"}, ("DE",), None),
        ({"channel": None, "currency": "GBP"}, ("DE",), "GB"),
        ({"channel": "Amazon.fr", "currency": "EUR"}, ("DE",), "FR"),
        ({"channel": None, "currency": "usd "}, ("US",), "US"),
        ({"channel": None, "currency": "USD"}, ("DE",), None),  # no marketplace of Europe's
        ({"channel": None, "currency": "XXX"}, ("US",), None),
        ({"channel": None, "currency": "GBP"}, (), "GB"),  # files of an account without marketplaces
        ({"channel": None, "currency": "EUR"}, (), None),
    ],
)
def test_a_row_tells_its_marketplace_by_name_or_else_by_currency(
    row: dict[str, Any], places: tuple[str, ...], expected: str | None
) -> None:
    said = BY_CHANNEL.reader()({"channel": None, "currency": None} | row)
    told = BY_CHANNEL.told(said, of(*places)[0].region if places else None)
    assert country(told[0] if len(told) == 1 else None) == expected


def test_marketplaces_that_rows_cant_tell_apart_are_one_group() -> None:
    germany, britain = of("DE", "GB")
    assert {country(each) for each in BY_CURRENCY.group(germany)} == {"BE", "DE", "ES", "FR", "IE", "IT", "NL"}
    assert {country(each) for each in BY_STORE.group(germany)} == {"BE", "DE", "ES", "FR", "IE", "IT", "NL"}
    assert {country(each) for each in BY_CURRENCY.group(britain)} == {"GB"}
    assert {country(each) for each in BY_CHANNEL.group(germany)} == {"DE"}
    assert ToldBy().group(germany) == whole_region(germany)


@given(st.sampled_from(MARKETPLACES), st.sampled_from([BY_CHANNEL, BY_CURRENCY, BY_STORE, ToldBy()]))
def test_groups_cut_a_region_without_overlap(place: Marketplace, told_by: ToldBy) -> None:
    group = told_by.group(place)
    assert place.marketplace_id in group <= whole_region(place)
    assert all(told_by.group(BY_ID[other]) == group for other in group)


NORMAL = ReportType("NORMAL", account_type="seller", told_by=BY_CHANNEL)
CHANNELS = ReportType("CHANNELS", account_type="seller", told_by=BY_CHANNEL, ignores_marketplaces=True)
MONEY = ReportType("MONEY", account_type="seller", told_by=BY_CURRENCY, ignores_marketplaces=True)
STORES = ReportType("STORES", account_type="seller", told_by=BY_STORE, ignores_marketplaces=True)
UNTOLD = ReportType("UNTOLD", account_type="seller", ignores_marketplaces=True)
ONCE = ReportType("ONCE", account_type="seller", told_by=BY_CHANNEL, once_per_account=True)
IGNORING = (CHANNELS, MONEY, STORES, UNTOLD, ONCE)


def asked(report: ReportType, *countries: str) -> list[str]:
    return [each.country for each in report.marketplaces(account(*countries))]


def test_a_report_is_asked_for_in_each_marketplace_whose_rows_can_be_told() -> None:
    assert asked(NORMAL, "US", "CA", "MX") == ["US", "CA", "MX"]
    assert asked(CHANNELS, "US", "CA", "MX") == ["US", "CA", "MX"]
    assert asked(MONEY, "US", "CA", "MX") == ["US", "CA", "MX"]


@pytest.mark.parametrize("countries", [("DE", "FR", "GB"), ("GB", "FR", "DE"), ("FR", "GB", "DE")])
def test_and_once_for_those_whose_rows_cant_the_first_by_id_however_they_are_listed(countries: tuple[str, ...]) -> None:
    assert set(asked(MONEY, *countries)) == {"FR", "GB"}
    assert asked(UNTOLD, *countries) == asked(ONCE, *countries) == ["FR"]


PLACES = st.sampled_from(REGIONS).flatmap(
    lambda region: st.lists(
        st.sampled_from([each.country for each in MARKETPLACES if each.region == region]), min_size=1, unique=True
    )
)


@pytest.mark.parametrize("stream", [each for each in REPORT_STREAMS if each.report.told_by], ids=lambda each: each.name)
def test_what_tells_is_a_column_of_the_stream(stream: Any) -> None:
    columns = load_schema(stream.name)["properties"]
    named = [each for each in (stream.report.told_by.name, stream.report.told_by.currency) if each]
    assert named
    assert [each for each in named if each not in columns] == []


def test_reports_that_are_known_to_ignore_the_marketplace() -> None:
    """docs/amazon/seller-reports.md#where-a-line-belongs."""
    assert {each.report.name for each in REPORT_STREAMS if each.report.ignores_marketplaces} == {
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
        "GET_FBA_REIMBURSEMENTS_DATA",
        "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA",
    }
