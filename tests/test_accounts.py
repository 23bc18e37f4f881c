"""From settings to accounts: who is asked, where, and for which marketplaces."""

from __future__ import annotations

import typing as t
from contextlib import suppress
from datetime import date

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from tap_amazon_vendor.config.accounts import LWA_URL, Account, read_accounts
from tap_amazon_vendor.config.dates import WANTED
from tap_amazon_vendor.config.marketplaces import BY_COUNTRY
from tap_amazon_vendor.config.redaction import Secret

SECRETS = ("s3cret", "Atzr|token")
SINGLE: dict[str, t.Any] = {
    "client_id": "amzn1.application-oa2-client.1",
    "client_secret": "s3cret",
    "refresh_token": "Atzr|token",
    "marketplaces": ["US"],
}

#: Pieces of generated URLs.
PARTS = ("evil.example", "x.amazonaws.com", *"\\@:/?#;%.[]\t\n\x00\u3002\uff0f 1", "%5c", "%2f")

#: To `urlsplit` they are URLs of this computer; `requests` connects to the other host.
TWO_HOSTS = (r"http://evil.example\@127.0.0.1", "http://evil.example\x00@127.0.0.1", r"https://evil.example\@127.0.0.1")


def read(config: dict[str, t.Any]) -> tuple[Account, ...]:
    """Read accounts that have no problem."""
    problems: list[str] = []
    accounts = read_accounts(config, problems)
    assert problems == []
    return accounts


def read_one(**changes: t.Any) -> Account:  # any setting
    (account,) = read({**SINGLE, **changes})
    return account


def problems_of(config: dict[str, t.Any]) -> list[str]:
    problems: list[str] = []
    read_accounts(config, problems)
    assert not any(secret in problem for secret in SECRETS for problem in problems)
    return problems


class TestSingleAccount:
    def test_is_complete(self) -> None:
        assert read_one() == Account(
            label="default",
            kind="vendor",
            marketplaces=(BY_COUNTRY["US"],),
            client_id="amzn1.application-oa2-client.1",
            client_secret=Secret("s3cret"),
            refresh_token=Secret("Atzr|token"),
            api_url="https://sellingpartnerapi-na.amazon.com",
            auth_url=LWA_URL,
        )

    def test_its_secrets_are_not_in_its_representation(self) -> None:
        assert not any(secret in repr(read_one()) for secret in SECRETS)

    @pytest.mark.parametrize("name", ["us", " US ", "ATVPDKIKX0DER", "atvpdkikx0der"])
    def test_a_marketplace_is_found_however_it_is_written(self, name: str) -> None:
        (marketplace,) = read_one(marketplaces=[name]).marketplaces
        assert marketplace.marketplace_id == "ATVPDKIKX0DER"

    def test_a_marketplace_that_is_named_twice_is_asked_once(self) -> None:
        account = read_one(marketplaces=["UK", "GB", "A1F83G8C2ARO7P", "DE"], account_type="seller")
        assert [one.marketplace_id for one in account.marketplaces] == ["A1F83G8C2ARO7P", "A1PA6795UKMFR9"]

    @pytest.mark.parametrize(("country", "region"), [("US", "na"), ("DE", "eu"), ("JP", "fe")])
    def test_its_host_follows_from_its_marketplaces(self, country: str, region: str) -> None:
        host = f"https://sellingpartnerapi-{region}.amazon.com"
        assert read_one(marketplaces=[country]).api_url == host
        assert read_one(marketplaces=[country], region=region).api_url == host

    def test_amazons_sandbox_is_another_host(self) -> None:
        assert read_one(sandbox=True).api_url == "https://sandbox.sellingpartnerapi-na.amazon.com"
        assert read_one(sandbox=False).api_url == "https://sellingpartnerapi-na.amazon.com"

    def test_hosts_can_be_overridden(self) -> None:
        account = read_one(api_url="http://127.0.0.1:8080/", auth_url="http://127.0.0.1:8080/auth/o2/token")
        assert account.api_url == "http://127.0.0.1:8080"
        assert account.auth_url == "http://127.0.0.1:8080/auth/o2/token"

    def test_label_and_kind_are_the_users(self) -> None:
        account = read_one(account="Berlin", account_type="seller")
        assert (account.label, account.kind) == ("Berlin", "seller")


class TestProblems:
    @pytest.mark.parametrize("name", ["client_id", "client_secret", "refresh_token", "marketplaces"])
    @pytest.mark.parametrize("value", [None, "", []])
    def test_what_is_missing_is_named(self, name: str, value: object) -> None:
        assert problems_of({**SINGLE, name: value}) == [f"`{name}` is missing"]
        assert problems_of({key: one for key, one in SINGLE.items() if key != name}) == [f"`{name}` is missing"]

    def test_everything_that_is_missing_is_named_at_once(self) -> None:
        assert len(problems_of({})) == 4

    @pytest.mark.parametrize("name", ["XX", "USA", "amazon.com", "", "A1PA6795UKMFR"])
    def test_an_unknown_marketplace_is_refused_with_what_is_allowed(self, name: str) -> None:
        (problem,) = problems_of({**SINGLE, "marketplaces": ["US", name]})
        assert problem.startswith(
            f"`marketplaces`: {name!r} is not a marketplace. Allowed are the country codes AE, AU"
        )
        assert "UK, US" in problem
        assert "ATVPDKIKX0DER" not in problem

    @pytest.mark.parametrize(("countries", "region", "right"), [(["US"], "eu", "na"), (["DE", "FR"], "fe", "eu")])
    def test_a_region_that_contradicts_the_marketplaces_is_refused(
        self, countries: list[str], region: str, right: str
    ) -> None:
        (problem,) = problems_of({**SINGLE, "account_type": "seller", "marketplaces": countries, "region": region})
        assert problem == (
            f"`region` is {region!r}, but the marketplaces ({', '.join(countries)}) lie in {right!r}. "
            f"Leave `region` out or make it {right!r}"
        )

    @pytest.mark.parametrize("region", [None, "na"])
    @pytest.mark.parametrize(
        ("countries", "regions"), [(["US", "DE", "JP"], "eu, fe, na"), (["US", "CA", "DE"], "eu, na")]
    )
    def test_marketplaces_of_several_regions_are_refused(
        self, countries: list[str], regions: str, region: str | None
    ) -> None:
        seller = {**SINGLE, "account_type": "seller"}
        (problem,) = problems_of({**seller, "marketplaces": countries, "region": region})
        assert problem.startswith(f"`marketplaces` lie in several regions ({regions}): one authorization covers one")
        assert "`accounts`" in problem

    @pytest.mark.parametrize(
        ("names", "said"), [(["US", "CA"], "2 (US, CA)"), (["us", "A2EUQ1WTGCTBG2", "DE"], "3 (US, CA, DE)")]
    )
    @pytest.mark.parametrize("kind", [{}, {"account_type": "vendor"}, {"account_type": None}])
    def test_a_vendor_with_several_marketplaces_is_refused(
        self, names: list[str], said: str, kind: dict[str, t.Any]
    ) -> None:
        entry = {**SINGLE, **kind, "marketplaces": names, "region": "eu"}
        for prefix, config in (("", entry), ("accounts[0].", {"accounts": [entry]})):
            (problem,) = problems_of(config)
            assert problem == (
                f"`{prefix}marketplaces` has {said}: a vendor account has exactly one. Make one entry in `accounts` "
                "for each marketplace, with its own `account` and `refresh_token`"
            )

    @pytest.mark.parametrize("names", [["US", "ATVPDKIKX0DER"], ["us", " US "], ["GB", "UK", "A1F83G8C2ARO7P"]])
    def test_a_vendors_one_marketplace_may_be_named_twice(self, names: list[str]) -> None:
        assert len(read_one(marketplaces=names).marketplaces) == 1

    def test_a_seller_and_an_inbox_may_have_several_marketplaces(self) -> None:
        assert len(read_one(marketplaces=["US", "CA"], account_type="seller").marketplaces) == 2
        problems: list[str] = []
        (files,) = read_accounts({"marketplaces": ["US", "CA"], "account_type": "vendor"}, problems, inbox=True)
        assert (problems, len(files.marketplaces)) == ([], 2)

    def test_amazons_sandbox_contradicts_another_host(self) -> None:
        (problem,) = problems_of({**SINGLE, "sandbox": True, "api_url": "http://127.0.0.1:8080"})
        assert problem.startswith("`sandbox` and `api_url` contradict each other")

    @pytest.mark.parametrize("name", ["api_url", "auth_url"])
    @pytest.mark.parametrize(
        "value", ["127.0.0.1:8080", "ftp://127.0.0.1", "file:///etc/passwd", "//amazon.com", *TWO_HOSTS]
    )
    def test_a_host_without_https_is_refused(self, name: str, value: str) -> None:
        (problem,) = problems_of({**SINGLE, name: value})
        assert problem.startswith(f"`{name}` must be a URL that starts with https:// (http:// for this computer only")

    @pytest.mark.parametrize("name", ["api_url", "auth_url"])
    @pytest.mark.parametrize(
        "host",
        ["sellingpartnerapi-na.amazon.com", "proxy.lan:8080", "127.0.0.1.evil.example", "10.0.0.1"],
    )
    def test_http_is_only_for_this_computer(self, name: str, host: str) -> None:
        assert problems_of({**SINGLE, name: f"http://{host}"})
        read_one(**{name: f"https://{host}"})

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
    def test_this_computer_needs_no_encryption(self, host: str) -> None:
        assert read_one(api_url=f"http://{host}:8642").api_url == f"http://{host}:8642"

    @pytest.mark.parametrize("name", ["api_url", "auth_url"])
    @pytest.mark.parametrize(
        "value", ["http://", "https:///reports", "http://[::1", "http://127.0.0.1:99999", " http://a.b", "https://a b"]
    )
    def test_a_url_without_a_host_is_refused(self, name: str, value: str) -> None:
        assert problems_of({**SINGLE, name: value})


class TestDownloads:
    @pytest.mark.parametrize(
        "url",
        [
            "https://tortuga-prod-na.s3-external-1.amazonaws.com/1?X-Amz-Signature=1",
            "https://tortuga-prod-eu.s3.eu-west-1.amazonaws.com/1",
            "https://d34o8swod1owfl.cloudfront.net/1",
        ],
    )
    def test_come_from_amazons_file_hosts(self, url: str) -> None:
        assert read_one().may_download(url)
        assert read_one(api_url="http://127.0.0.1:8642").may_download(url)
        assert not read_one().may_download(url.replace("https:", "http:"))

    @pytest.mark.parametrize(
        "url",
        [
            "https://amazonaws.com.evil.example/1",
            "https://evilamazonaws.com/1",
            "https://user:amazonaws.com@evil.example/1",
            "https://evil.example/.amazonaws.com",
            "http://169.254.169.254/latest/meta-data",
            "http://127.0.0.1:8642/documents/1",
            "file:///etc/passwd.amazonaws.com",
            "https://[::1",
            "",
            # Of these `urlsplit` and `requests` read different hosts, or one of them reads none.
            r"https://evil.example\@x.amazonaws.com/1",
            r"https://evil.example\.amazonaws.com/1",
            "https://evil.example\x00.amazonaws.com/1",
            "https://evil.example;.amazonaws.com/1",
            "https://evil\u3002example.amazonaws.com/1",
            "https://a%00.amazonaws.com/1",
        ],
    )
    def test_come_from_nowhere_else(self, url: str) -> None:
        assert not read_one().may_download(url)

    @given(st.lists(st.sampled_from(PARTS), max_size=6))
    def test_go_to_the_host_that_was_looked_at(self, parts: list[str]) -> None:
        url = f"https://{''.join(parts)}.amazonaws.com/1"
        if read_one().may_download(url):
            with suppress(requests.exceptions.InvalidURL):
                assert str(parse_url(str(requests.Request("GET", url).prepare().url)).host).endswith(".amazonaws.com")

    def test_come_from_where_the_api_was_overridden_to(self) -> None:
        account = read_one(api_url="http://127.0.0.1:8642")
        assert account.may_download("http://127.0.0.1:8642/documents/1?x=1")
        assert not account.may_download("http://127.0.0.1:8643/documents/1")
        assert not account.may_download("http://127.0.0.2:8642/documents/1")


class TestReferences:
    def test_secrets_are_found_where_they_are_kept(
        self, monkeypatch: pytest.MonkeyPatch, keyring: dict[tuple[str, str], str]
    ) -> None:
        monkeypatch.setenv("MY_SECRET", "s3cret")
        keyring["service", "me"] = "Atzr|token"
        account = read_one(client_secret="env:MY_SECRET", refresh_token="keyring:service/me")
        assert (account.client_secret.reveal(), account.refresh_token.reveal()) == SECRETS

    @pytest.mark.parametrize(
        ("reference", "words"),
        [
            ("env:NOWHERE", "the environment variable 'NOWHERE' is not set"),
            ("keyring:a/b", "the keyring has no entry 'b' of the service 'a'"),
            ("keyring:b", "a reference to the keyring is written `keyring:SERVICE/USERNAME`"),
        ],
    )
    def test_that_lead_nowhere_are_a_problem(
        self, reference: str, words: str, keyring: dict[tuple[str, str], str]
    ) -> None:
        assert keyring == {}
        assert problems_of({**SINGLE, "refresh_token": reference}) == [f"`refresh_token`: {words}"]

    def test_what_is_not_required_is_not_looked_up(self) -> None:
        problems: list[str] = []
        (account,) = read_accounts({**SINGLE, "refresh_token": "env:NOWHERE"}, problems, ("client_id", "client_secret"))
        assert (problems, account.refresh_token) == ([], Secret(""))


class TestCredentialsAge:
    def test_is_a_day(self) -> None:
        assert read_one().rotated_on is None
        assert read_one(credentials_rotated_on="2026-06-10").rotated_on == date(2026, 6, 10)
        assert read_one(credentials_rotated_on="2026-06-10T12:00:00Z").rotated_on == date(2026, 6, 10)

    def test_is_nothing_else(self) -> None:
        assert problems_of({**SINGLE, "credentials_rotated_on": "June"}) == [
            f"`credentials_rotated_on` is 'June': {WANTED}"
        ]


class TestManyAccounts:
    SHARED: t.ClassVar[dict[str, t.Any]] = {"client_id": "app", "client_secret": "s3cret"}

    def many(self, *entries: dict[str, t.Any], **shared: t.Any) -> dict[str, t.Any]:
        return {**self.SHARED, **shared, "accounts": list(entries)}

    def test_each_has_its_own_and_inherits_the_application(self) -> None:
        us, de = read(
            self.many(
                {"account": "us", "refresh_token": "Atzr|token", "marketplaces": ["US"]},
                {"account": "de", "refresh_token": "Atzr|2", "marketplaces": ["DE"], "account_type": "seller"},
            )
        )
        assert (us.label, us.kind, us.refresh_token.reveal(), us.client_id) == ("us", "vendor", "Atzr|token", "app")
        assert (de.label, de.kind, de.refresh_token.reveal()) == ("de", "seller", "Atzr|2")
        assert de.client_secret == us.client_secret == Secret("s3cret")
        assert (us.api_url[-13:], de.api_url[-13:]) == ("na.amazon.com", "eu.amazon.com")

    def test_what_an_entry_says_wins(self) -> None:
        entry = {**SINGLE, "account": "own", "client_id": "other", "client_secret": "s3cret-2", "api_url": "https://b"}
        (account,) = read(self.many(entry, api_url="https://a", auth_url="https://a/token"))
        assert (account.client_id, account.client_secret) == ("other", Secret("s3cret-2"))
        assert (account.api_url, account.auth_url) == ("https://b", "https://a/token")

    def test_null_in_an_entry_means_inherited(self) -> None:
        entry = {"refresh_token": "Atzr|token", "marketplaces": ["US"], "client_id": None, "api_url": None}
        (account,) = read(self.many(entry, api_url="https://a"))
        assert (account.client_id, account.api_url) == ("app", "https://a")

    @pytest.mark.parametrize("name", ["refresh_token", "marketplaces"])
    def test_what_is_an_accounts_own_is_not_inherited(self, name: str) -> None:
        entry = {key: value for key, value in SINGLE.items() if key != name}
        assert problems_of({**SINGLE, "accounts": [entry]}) == [f"`accounts[0].{name}` is missing"]

    def test_the_single_account_is_replaced(self) -> None:
        entry = {"account": "us", "refresh_token": "Atzr|2", "marketplaces": ["US"]}
        (account,) = read({**SINGLE, "account": "single", "region": "na", "accounts": [entry]})
        assert (account.label, account.refresh_token) == ("us", Secret("Atzr|2"))

    def test_problems_name_their_entry(self) -> None:
        good = {**SINGLE, "account": "us"}
        bad = {"account": "de", "marketplaces": ["XX"], "sandbox": True, "api_url": "b", "refresh_token": "Atzr|token"}
        problems = problems_of(self.many(good, bad))
        assert [problem.partition(":")[0].partition(" ")[0] for problem in problems] == [
            "`accounts[1].marketplaces`",
            "`accounts[1].sandbox`",
            "`accounts[1].api_url`",
        ]

    def test_a_region_that_contradicts_names_its_entry(self) -> None:
        problems = problems_of(self.many({**SINGLE, "region": "eu"}))
        assert len(problems) == 1
        assert problems[0].startswith("`accounts[0].region` is 'eu'")

    @pytest.mark.parametrize(
        ("labels", "twice"), [(["a", "b", "a"], "'a'"), ([None, None], "'default'"), ([None, "default"], "'default'")]
    )
    def test_labels_that_are_not_unique_are_refused_once(self, labels: list[str | None], twice: str) -> None:
        entries = [{**SINGLE, "account": label} for label in labels]
        (problem,) = problems_of(self.many(*entries))
        assert problem.startswith(f"`account` {twice} names 2 accounts: each needs a label of its own")

    def test_an_empty_list_means_the_single_account(self) -> None:
        (account,) = read({**SINGLE, "accounts": []})
        assert account.label == "default"
