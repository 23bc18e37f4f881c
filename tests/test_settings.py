"""The settings: defaults, meaning, and everything that is refused before the first request."""

from __future__ import annotations

import json
import typing as t
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.exceptions import ConfigValidationError

from tap_amazon_vendor.config.dates import WANTED
from tap_amazon_vendor.config.settings import Settings, check_settings, read_settings
from tap_amazon_vendor.config.settings_schema import DEFAULT_DAYS, SCHEMA

if t.TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 21)
SECRETS = ("s3cret", "Atzr|token")
ACCOUNT: dict[str, t.Any] = {
    "client_id": "app",
    "client_secret": "s3cret",
    "refresh_token": "Atzr|token",
    "marketplaces": ["US"],
}


def problems_of(config: dict[str, t.Any]) -> list[str]:
    """Check and read a configuration; return what is wrong with it."""
    config = dict(config)
    problems = check_settings(SCHEMA, config)
    words = ""
    if not problems:
        try:
            read_settings(config, TODAY)
        except ConfigValidationError as error:
            problems, words = list(error.errors), str(error)
    assert not any(secret in text for secret in SECRETS for text in (words, *problems))
    return problems


def read(**changes: t.Any) -> Settings:  # any setting
    """Read a configuration that nothing is wrong with."""
    config = {**ACCOUNT, **changes}
    assert check_settings(SCHEMA, config) == []
    return read_settings(config, TODAY)


def read_defaults() -> dict[str, t.Any]:
    """The defaults of all settings."""
    config: dict[str, t.Any] = {}
    assert check_settings(SCHEMA, config) == []
    return config


class TestDefaults:
    def test_an_account_is_enough(self) -> None:
        settings = read()
        assert settings.start_date == TODAY - timedelta(days=30) == TODAY - timedelta(days=DEFAULT_DAYS)
        assert settings.end_date is None
        assert settings.report_periods == ("DAY",)
        assert settings.selling_programs == ("RETAIL",)
        assert settings.distributor_views == ("MANUFACTURING", "SOURCING")
        assert (settings.availability_days, settings.restatement_days) == (4, 14)
        assert settings.wait_seconds == 3600
        assert settings.max_reports is None
        assert [account.label for account in settings.accounts] == ["default"]

    @pytest.mark.parametrize("name", list(SCHEMA["properties"]))
    def test_null_means_the_default(self, name: str) -> None:
        if name in ACCOUNT:
            assert problems_of({**ACCOUNT, name: None}) == [f"`{name}` is missing"]
        else:
            assert read(**{name: None}) == read()

    def test_missing_settings_get_their_defaults_in_the_configuration_itself(self) -> None:
        config = dict(ACCOUNT)
        assert check_settings(SCHEMA, config) == []
        assert config["report_periods"] == ["DAY"]
        assert config["account_type"] == "vendor"


class TestMeaning:
    def test_every_setting_reaches_the_run(self) -> None:
        settings = read(
            start_date="2026-01-31",
            end_date="2026-02-28",
            report_periods=["WEEK", "DAY"],
            selling_programs=["FRESH"],
            distributor_views=["SOURCING"],
            availability_days=2,
            restatement_days=0,
            wait_minutes=5,
            max_reports=7,
        )
        assert (settings.start_date, settings.end_date) == (date(2026, 1, 31), date(2026, 2, 28))
        assert settings.report_periods == ("WEEK", "DAY")
        assert (settings.selling_programs, settings.distributor_views) == (("FRESH",), ("SOURCING",))
        assert (settings.availability_days, settings.restatement_days) == (2, 0)
        assert (settings.wait_seconds, settings.max_reports) == (300, 7)

    def test_what_is_named_twice_is_asked_once(self) -> None:
        settings = read(
            report_periods=["DAY", "WEEK", "DAY"],
            selling_programs=["RETAIL", "RETAIL"],
            distributor_views=["SOURCING", "SOURCING"],
        )
        assert settings.report_periods == ("DAY", "WEEK")
        assert settings.selling_programs == ("RETAIL",)
        assert settings.distributor_views == ("SOURCING",)

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("2026-01-31", date(2026, 1, 31)),
            ("2024-02-29", date(2024, 2, 29)),
            ("2026-01-31T00:00:00Z", date(2026, 1, 31)),
            ("2026-01-31T23:59:59.999+00:00", date(2026, 1, 31)),
            # The day that is written, and not the one that it is in Greenwich.
            ("2026-01-31T23:30:00-08:00", date(2026, 1, 31)),
            ("2026-01-31T00:30:00+09:00", date(2026, 1, 31)),
            ("20260131", date(2026, 1, 31)),
        ],
    )
    def test_a_date_is_the_day_that_is_written(self, written: str, meant: date) -> None:
        assert read(start_date=written).start_date == meant
        assert read(start_date="2020-01-01", end_date=written).end_date == meant

    def test_one_day_is_a_range(self) -> None:
        settings = read(start_date="2026-11-01", end_date="2026-11-01")
        assert settings.start_date == settings.end_date == date(2026, 11, 1)

    def test_an_end_in_the_future_means_up_to_then(self) -> None:
        assert read(end_date="2027-01-01").end_date == date(2027, 1, 1)

    def test_a_start_of_today_is_allowed(self) -> None:
        assert read(start_date=TODAY.isoformat()).start_date == TODAY


class TestUnknown:
    def test_an_unknown_setting_is_refused_with_what_is_allowed(self) -> None:
        (problem,) = problems_of({**ACCOUNT, "colour": "blue"})
        assert problem.startswith("Unknown setting 'colour'. Allowed are account, account_type, accounts, ads, api_url")
        assert "blue" not in problem

    @pytest.mark.parametrize(
        ("name", "meant"),
        [("start_dat", "start_date"), ("marketplace", "marketplaces"), ("refreshtoken", "refresh_token")],
    )
    def test_a_mistyped_setting_is_recognized(self, name: str, meant: str) -> None:
        (problem,) = problems_of({**ACCOUNT, name: "s3cret"})
        assert f"Did you mean {meant!r}?" in problem

    def test_an_unknown_setting_of_an_account_names_its_place(self) -> None:
        (problem,) = problems_of({"accounts": [ACCOUNT, {**ACCOUNT, "start_date": "2026-01-01"}]})
        assert problem.startswith("`accounts[1]`: unknown setting 'start_date'.")

    def test_all_problems_are_told_at_once(self) -> None:
        config = {**ACCOUNT, "colour": 1, "max_reports": 0, "region": "us", "sandbox": "yes"}
        problems = problems_of(config)
        assert len(problems) == 4

    def test_accounts_in_accounts_are_refused(self) -> None:
        (problem,) = problems_of({"accounts": [{**ACCOUNT, "accounts": []}]})
        assert "unknown setting 'accounts'" in problem


class TestTypes:
    @pytest.mark.parametrize(
        ("name", "value", "kind"),
        [
            ("client_id", 5, "string"),
            ("client_secret", 5, "string"),
            ("client_secret", ["s3cret"], "string"),
            ("refresh_token", {"token": "Atzr|token"}, "string"),
            ("marketplaces", "US", "array"),
            ("marketplaces", {"US": True}, "array"),
            ("accounts", {"us": {}}, "array"),
            ("sandbox", "true", "boolean"),
            ("sandbox", 1, "boolean"),
            ("start_date", 20260101, "string"),
            ("report_periods", "DAY", "array"),
            ("availability_days", "4", "integer"),
            ("availability_days", 4.5, "integer"),
            ("availability_days", True, "integer"),
            ("restatement_days", [14], "integer"),
            ("wait_minutes", "60", "integer"),
            ("max_reports", 1.5, "integer"),
            ("inbox", ["folder"], "string"),
        ],
    )
    def test_a_wrong_type_names_the_setting_and_the_right_one(self, name: str, value: object, kind: str) -> None:
        assert problems_of({**ACCOUNT, name: value}) == [f"`{name}` must be of type {kind}"]

    @pytest.mark.parametrize(
        ("config", "problem"),
        [
            ({"marketplaces": ["US", 1]}, "`marketplaces[1]` must be of type string"),
            ({"marketplaces": ["US", None]}, "`marketplaces[1]` must be of type string"),
            ({"accounts": ["s3cret"]}, "`accounts[0]` must be of type object"),
            ({"accounts": [{"client_secret": ["s3cret"]}]}, "`accounts[0].client_secret` must be of type string"),
            ({"accounts": [{"marketplaces": [7]}]}, "`accounts[0].marketplaces[0]` must be of type string"),
        ],
    )
    def test_a_wrong_type_inside_names_its_place(self, config: dict[str, t.Any], problem: str) -> None:
        assert problems_of({**ACCOUNT, **config}) == [problem]

    @pytest.mark.parametrize(
        ("name", "value", "allowed"),
        [
            ("region", "us", "na, eu, fe"),
            ("account_type", "Vendor", "vendor, seller"),
            ("account_type", "both", "vendor, seller"),
        ],
    )
    def test_another_value_than_those_allowed_is_refused(self, name: str, value: str, allowed: str) -> None:
        assert problems_of({**ACCOUNT, name: value}) == [f"`{name}` is {value!r}: allowed are {allowed}"]

    @pytest.mark.parametrize(
        ("name", "value", "allowed"),
        [
            ("report_periods", "day", "DAY, WEEK, MONTH, QUARTER, YEAR"),
            ("selling_programs", "VENDOR", "RETAIL, BUSINESS, FRESH"),
            ("distributor_views", "", "MANUFACTURING, SOURCING"),
        ],
    )
    def test_another_option_than_those_allowed_is_refused(self, name: str, value: str, allowed: str) -> None:
        assert problems_of({**ACCOUNT, name: [value]}) == [f"`{name}[0]` is {value!r}: allowed are {allowed}"]

    @pytest.mark.parametrize(
        ("name", "value"),
        [("availability_days", -1), ("restatement_days", -1), ("wait_minutes", -1), ("max_reports", 0)],
    )
    def test_a_number_that_is_too_small_is_refused(self, name: str, value: float) -> None:
        (problem,) = problems_of({**ACCOUNT, name: value})
        assert problem.startswith(f"`{name}`: {value} is less than the minimum of")

    @pytest.mark.parametrize("name", ["availability_days", "restatement_days"])
    @pytest.mark.parametrize("value", [10**6, 10**12])
    def test_more_days_than_the_calendar_has_are_refused(self, name: str, value: int) -> None:
        (problem,) = problems_of({**ACCOUNT, name: value})
        assert f"`{name}`" in problem


class TestText:
    @pytest.mark.parametrize("sign", ["\x00", "\ud800"])
    @pytest.mark.parametrize(
        ("config", "name"),
        [
            ({"account": "a{}"}, "account"),
            ({"client_secret": "s3cret{}"}, "client_secret"),
            ({"marketplaces": ["US{}"]}, "marketplaces[0]"),
            ({"accounts": [{"refresh_token": "s3cret{}"}]}, "accounts[0].refresh_token"),
            ({"ads": {"client_id": "a{}"}}, "ads.client_id"),
        ],
    )
    def test_a_character_that_is_not_allowed_is_named_and_no_secret_quoted(
        self, config: dict[str, t.Any], name: str, sign: str
    ) -> None:
        hostile = json.loads(json.dumps(config).replace("{}", json.dumps(sign)[1:-1]))
        said = f"`{name}` contains the character U+{ord(sign):04X}, which is not allowed: remove it"
        assert said in check_settings(SCHEMA, hostile)
        assert not any("s3cret" in problem for problem in check_settings(SCHEMA, hostile))

    def test_a_path_may_have_any_character(self) -> None:
        assert check_settings(SCHEMA, {"inbox": "/data/M\udcfcller\n", "quota_store": "/data/\udcff"}) == []

    @pytest.mark.parametrize("name", ["inbox", "quota_store"])
    def test_no_path_contains_nul(self, name: str) -> None:
        assert check_settings(SCHEMA, {name: "/data/\0"}) == [f"`{name}` contains U+0000, which no path has: remove it"]

    def test_text_of_any_script_is_allowed(self) -> None:
        assert check_settings(SCHEMA, {"account": "Müller 東京 \n\u200f\U0001f600"}) == []


class TestDates:
    @pytest.mark.parametrize("name", ["start_date", "end_date"])
    @pytest.mark.parametrize(
        "value",
        [
            "2026",
            "2026-11",
            "2026-W45",
            "2026-W45-3",
            "2026-311",
            "2026-01-31 10:00",
            "2026-0131",
            "yesterday",
            "31.01.2026",
            "01/31/2026",
            "2026-02-30",
            "2026-13-01",
            "12:00",
            "P1D",
            "2026-01-01/2026-02-01",
        ],
    )
    def test_what_is_no_date_is_refused_with_an_example(self, name: str, value: str) -> None:
        (problem,) = problems_of({**ACCOUNT, name: value})
        assert problem == f"`{name}` is {value!r}: {WANTED}"

    @pytest.mark.parametrize("name", ["start_date", "end_date"])
    def test_now_is_no_date(self, name: str) -> None:
        assert problems_of({**ACCOUNT, name: "now"}) == [f"`{name}` is 'now': {WANTED}"]

    @given(value=st.text(max_size=12) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]{5})?", fullmatch=True))
    def test_any_text_is_a_day_or_refused(self, value: str) -> None:
        problems = problems_of({**ACCOUNT, "start_date": value})
        assert len(problems) <= 1
        assert problems or read(start_date=value).start_date <= TODAY

    def test_an_end_before_the_start_is_refused(self) -> None:
        problems = problems_of({**ACCOUNT, "start_date": "2026-11-02", "end_date": "2026-11-01"})
        assert problems == ["`end_date` (2026-11-01) is before `start_date` (2026-11-02)"]

    def test_an_end_alone_is_what_the_default_start_counts_back_from(self) -> None:
        settings = read(end_date="2026-01-31")
        assert (settings.start_date, settings.end_date) == (date(2026, 1, 1), date(2026, 1, 31))

    def test_a_start_in_the_future_is_refused(self) -> None:
        problems = problems_of({**ACCOUNT, "start_date": "2026-11-22"})
        assert problems == ["`start_date` (2026-11-22) is in the future: today is 2026-11-21"]


class TestContradictions:
    @pytest.mark.parametrize("name", ["report_periods", "selling_programs", "distributor_views"])
    def test_an_empty_list_of_options_is_refused(self, name: str) -> None:
        assert problems_of({**ACCOUNT, name: []}) == [f"`{name}` is empty: name at least one"]

    def test_an_inbox_needs_a_folder_and_no_account(self, tmp_path: Path) -> None:
        assert problems_of({"inbox": str(tmp_path)}) == []
        (problem,) = problems_of({**ACCOUNT, "inbox": str(tmp_path / "gone")})
        assert problem == f"`inbox` is '{tmp_path / 'gone'}': there is no such folder"

    def test_accounts_without_credentials_are_labels_of_files(self, tmp_path: Path) -> None:
        entries = [ACCOUNT, {"account": "files", "marketplaces": ["US", "DE"]}]
        settings = read_settings({**read_defaults(), "inbox": str(tmp_path), "accounts": entries}, TODAY)
        assert [account.label for account in settings.accounts] == ["default"]
        assert [account.label for account in settings.labels] == ["default", "files"]
        assert len(problems_of({"accounts": entries})) == 4

    def test_problems_of_accounts_and_dates_are_told_at_once(self) -> None:
        problems = problems_of(
            {**ACCOUNT, "marketplaces": ["XX"], "start_date": "yesterday", "selling_programs": [], "refresh_token": ""}
        )
        assert [problem.split("`")[1] for problem in problems] == [
            "refresh_token",
            "marketplaces",
            "start_date",
            "selling_programs",
        ]

    def test_a_region_that_contradicts_and_labels_that_repeat_are_told_too(self) -> None:
        problems = problems_of({"accounts": [{**ACCOUNT, "region": "eu"}, ACCOUNT]})
        assert len(problems) == 2
        assert problems[0].startswith("`accounts[0].region` is 'eu'")
        assert problems[1].startswith("`account` 'default' names 2 accounts")


class TestSchema:
    def test_is_json(self) -> None:
        assert json.loads(json.dumps(SCHEMA)) == SCHEMA

    def test_every_setting_of_the_contract_is_declared(self) -> None:
        """What users rely on, and what `amazon-vendor authorize` and `amazon-vendor doctor` ask for."""
        assert set(SCHEMA["properties"]) == {
            "client_id",
            "client_secret",
            "credentials_rotated_on",
            "refresh_token",
            "application_id",
            "marketplaces",
            "region",
            "account_type",
            "account",
            "accounts",
            "ads",
            "start_date",
            "end_date",
            "report_periods",
            "selling_programs",
            "distributor_views",
            "kiosk_metrics",
            "kiosk_group_by",
            "availability_days",
            "restatement_days",
            "wait_minutes",
            "max_reports",
            "inbox",
            "quota_store",
            "sandbox",
            "api_url",
            "auth_url",
        }

    def test_every_setting_has_a_title_and_a_description(self) -> None:
        for name, schema in SCHEMA["properties"].items():
            assert schema["title"], name
            assert schema["description"].endswith((".", "…`).", "`).")), name

    def test_just_the_secrets_are_marked_as_such(self) -> None:
        entries = SCHEMA["properties"]["accounts"]["items"]["properties"]
        for properties in (SCHEMA["properties"], entries):
            marked = {name for name, schema in properties.items() if schema.get("secret") or schema.get("writeOnly")}
            assert marked - {"quota_store"} == {"client_secret", "refresh_token"}
        assert SCHEMA["properties"]["quota_store"]["secret"]

    def test_entries_of_accounts_have_no_defaults_because_they_inherit(self) -> None:
        entries = SCHEMA["properties"]["accounts"]["items"]["properties"]
        assert not [name for name, schema in entries.items() if "default" in schema]

    def test_the_check_leaves_the_schema_as_it_is(self) -> None:
        before = json.dumps(SCHEMA)
        problems_of({**ACCOUNT, "colour": 1})
        assert json.dumps(SCHEMA) == before
