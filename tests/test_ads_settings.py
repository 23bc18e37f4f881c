"""The setting `ads`, and the days of advertising."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from tap_amazon_vendor.ads.calendar import AdsDays
from tap_amazon_vendor.ads.report_type import SPONSORED_PRODUCTS, AdsReportType
from tap_amazon_vendor.config.ads_accounts import AdsAccount, read_ads_accounts
from tap_amazon_vendor.config.settings import secrets_in
from tap_amazon_vendor.reports.calendars import Horizon
from tap_amazon_vendor.reports.coverage import plan
from tap_amazon_vendor.reports.windows import Window

ADS = {"client_id": "id", "client_secret": "s3cret", "refresh_token": "Atzr|ads"}
SP = AdsReportType("spCampaigns", SPONSORED_PRODUCTS, ("campaign",), 95)


def read(config: dict[str, Any]) -> list[AdsAccount]:
    problems: list[str] = []
    accounts = read_ads_accounts(config, problems)
    assert not problems
    return list(accounts)


def problem(config: dict[str, Any]) -> str:
    problems: list[str] = []
    read_ads_accounts(config, problems)
    (only,) = problems
    return only


class TestSettings:
    def test_who_sets_none_has_none(self) -> None:
        assert read({"marketplaces": ["US"]}) == []

    def test_the_region_and_the_host_follow_from_the_marketplaces(self) -> None:
        (account,) = read({"ads": ADS, "marketplaces": ["DE"]})
        assert (account.region, account.api_url) == ("eu", "https://advertising-api-eu.amazon.com")

    def test_a_region_is_enough(self) -> None:
        (account,) = read({"ads": {**ADS, "region": "fe"}})
        assert (account.marketplaces, account.api_url) == ((), "https://advertising-api-fe.amazon.com")

    def test_one_consent_serves_all_accounts_of_a_region(self) -> None:
        entries = [{"account": "de", "marketplaces": ["DE"]}, {"account": "uk", "marketplaces": ["UK"]}]
        found = read({"ads": ADS, "accounts": entries})
        assert [(each.label, each.marketplaces[0].country) for each in found] == [("de", "DE"), ("uk", "GB")]
        assert {each.refresh_token.reveal() for each in found} == {"Atzr|ads"}

    def test_a_consent_of_one_region_is_not_asked_for_accounts_of_another(self) -> None:
        entries = [
            {"account": "de", "marketplaces": ["DE"]},
            {"account": "us", "marketplaces": ["US"]},
            {"account": "jp", "marketplaces": ["JP"], "ads": {"region": "fe", "refresh_token": "Atzr|jp"}},
        ]
        found = read({"ads": {**ADS, "region": "eu"}, "accounts": entries})
        assert [(each.label, each.region) for each in found] == [("de", "eu"), ("jp", "fe")]

    def test_an_account_takes_what_it_does_not_set_from_the_top(self) -> None:
        own = {"account": "jp", "marketplaces": ["JP"], "ads": {"refresh_token": "Atzr|jp"}}
        (account,) = read({"ads": ADS, "accounts": [own]})
        assert (account.client_id, account.refresh_token.reveal()) == ("id", "Atzr|jp")

    def test_each_kind_of_advertising_may_have_its_own_days_to_be_read_again(self) -> None:
        def days(**ads: int) -> Any:
            (account,) = read({"ads": {**ADS, **ads}, "marketplaces": ["US"]})
            return account.restatement_days

        assert days() == {}
        assert days(restatement_days=30, sb_restatement_days=45, sd_restatement_days=0) == {"sp": 30, "sb": 45, "sd": 0}
        assert days(sp_restatement_days=7) == {"sp": 7}

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"ads": {"client_id": "id", "client_secret": "s"}}, "`ads.refresh_token` is missing"),
            ({"marketplaces": []}, "`ads.region` is missing"),
            ({"marketplaces": ["US"], "ads": {**ADS, "region": "eu"}}, "one consent covers one region"),
            ({"ads": {**ADS, "profiles": ["mine"]}}, "not the id of a profile"),
            ({"ads": {**ADS, "api_url": "http://example.com"}}, "must be a URL that starts with https://"),
        ],
    )
    def test_what_is_wrong_is_one_sentence(self, changes: dict[str, Any], words: str) -> None:
        assert words in problem({"ads": ADS, "marketplaces": ["US"]} | changes)

    def test_its_secrets_are_known_wherever_they_stand(self) -> None:
        config = {"ads": ADS, "accounts": [{"ads": {"refresh_token": "Atzr|own"}}]}
        assert {secret.reveal() for secret in secrets_in(config)} == {"s3cret", "Atzr|ads", "Atzr|own"}


def horizon(now: datetime, restatement_days: int = 14) -> Horizon:
    return Horizon(now, date(2026, 1, 1), None, 4, restatement_days)


class TestDays:
    def test_yesterday_is_a_day_of_the_profile(self) -> None:
        # Six in the morning, UTC: still the evening before in Los Angeles.
        now = horizon(datetime(2026, 11, 20, 6, tzinfo=timezone.utc))
        assert AdsDays.of(SP, "US").newest(now) == date(2026, 11, 18)
        assert AdsDays.of(SP, "JP").newest(now) == date(2026, 11, 19)

    def test_two_weeks_are_read_again_with_the_new_day_in_one_report(self) -> None:
        now = horizon(datetime(2026, 11, 20, 12, tzinfo=timezone.utc))
        windows = plan(Window(date(2026, 1, 1), date(2026, 11, 18)), now, AdsDays.of(SP, "DE"))
        assert windows == [Window(date(2026, 11, 6), date(2026, 11, 19))]

    def test_the_first_run_of_a_month_reads_sixty_days_again(self) -> None:
        now = horizon(datetime(2026, 12, 3, 12, tzinfo=timezone.utc))
        windows = plan(Window(date(2026, 1, 1), date(2026, 11, 30)), now, AdsDays.of(SP, "DE"))
        assert windows[0].start == date(2026, 12, 3) - timedelta(days=60)
        assert len(windows) == 2
        # Once: the next run knows of December.
        then = horizon(datetime(2026, 12, 4, 12, tzinfo=timezone.utc))
        (again,) = plan(Window(date(2026, 1, 1), date(2026, 12, 2)), then, AdsDays.of(SP, "DE"))
        assert again.start == date(2026, 11, 20)

    def test_advertising_may_have_a_number_of_days_of_its_own(self) -> None:
        now = horizon(datetime(2026, 11, 20, 12, tzinfo=timezone.utc))
        days = AdsDays.of(SP, "DE").of_profile(None, {"sp": 42, "sb": 7})
        (older, newer) = plan(Window(date(2026, 1, 1), date(2026, 11, 18)), now, days)
        assert (older.start, newer.end) == (date(2026, 10, 9), date(2026, 11, 19))

    def test_who_wants_nothing_read_again_is_obeyed(self) -> None:
        now = horizon(datetime(2026, 12, 3, 12, tzinfo=timezone.utc), restatement_days=0)
        windows = plan(Window(date(2026, 1, 1), date(2026, 11, 30)), now, AdsDays.of(SP, "DE"))
        assert windows == [Window(date(2026, 12, 1), date(2026, 12, 2))]
