"""The tap's settings: names, meanings, and checks."""

from __future__ import annotations

import difflib
import os
import typing as t
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.plugin_base import JSONSchemaValidator

from tap_amazon_vendor.config.accounts import ACCOUNT_TYPES, LWA_URL, Account, read_accounts
from tap_amazon_vendor.config.ads_accounts import ADS, AdsAccount, read_ads_accounts
from tap_amazon_vendor.config.credential_store import ENVIRONMENT, KEYRING
from tap_amazon_vendor.config.dates import day_setting
from tap_amazon_vendor.config.marketplaces import REGIONS
from tap_amazon_vendor.config.redaction import Secret

if t.TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from jsonschema import ValidationError


PERIODS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
SELLING_PROGRAMS = ("RETAIL", "BUSINESS", "FRESH")
DISTRIBUTOR_VIEWS = ("MANUFACTURING", "SOURCING")

#: Groups of metrics, and attributes, of Data Kiosk's vendor analytics (docs/amazon/data-kiosk.md#vendor-analytics).
KIOSK_METRICS = (
    "costs",
    "customerSatisfaction",
    "forecasting",
    "orders",
    "productAvailability",
    "shippedOrders",
    "sourcing",
    "traffic",
)
KIOSK_ATTRIBUTES = (
    "asin",
    "binding",
    "brand",
    "brandCode",
    "color",
    "ean",
    "isbn13",
    "manufacturerCode",
    "modelNumber",
    "parentAsin",
    "prepInstructions",
    "prepInstructionsPerformedBy",
    "productGroup",
    "productTitle",
    "releaseDate",
    "replenishmentCategory",
    "shipToCity",
    "shipToCountryCode",
    "shipToStateOrProvince",
    "shipToZipCode",
    "upc",
    "vendorCode",
)

#: How far back a run reads if `start_date` is not set.
DEFAULT_DAYS = 30

#: How far back Amazon has data (docs/amazon/calendars.md#widths-and-look-back).
MOST_DAYS = 1460

_ADS = (
    th.Property(
        "client_id",
        th.StringType,
        title="Client id",
        description="LWA client identifier of the application that Amazon approved for the Ads API.",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        secret=True,
        title="Client secret",
        description="Its client secret, or where it is kept: `env:NAME`, `keyring:SERVICE/USERNAME`.",
    ),
    th.Property(
        "refresh_token",
        th.StringType,
        secret=True,
        title="Refresh token",
        description="The advertiser's authorization of that application (`Atzr|…`), or where it is kept. "
        "`amazon-vendor authorize --ads` gets it.",
    ),
    th.Property(
        "region",
        th.StringType,
        allowed_values=list(REGIONS),
        title="Region",
        description="`na`, `eu` or `fe`. Follows from `marketplaces` when absent.",
    ),
    th.Property(
        "profiles",
        th.ArrayType(th.StringType),
        title="Profiles",
        description="Ids of the advertising profiles to read. Default: all that lie in `marketplaces`, without these "
        "all of the region.",
    ),
    th.Property(
        "restatement_days",
        th.IntegerType(minimum=0, maximum=MOST_DAYS),
        title="Restatement in days",
        description="How far back each run reads advertising again. Default: `restatement_days` of the tap.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        title="API URL",
        description="Overrides the regional host of the Ads API (local sandbox, proxy).",
    ),
    th.Property(
        "auth_url",
        th.StringType,
        title="Token URL",
        description="Overrides the token endpoint of Login with Amazon.",
    ),
)

_ACCOUNT = (
    th.Property(
        "client_id",
        th.StringType,
        title="Client id",
        description="LWA client identifier of your application (`amzn1.application-oa2-client…`).",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        secret=True,
        title="Client secret",
        description="LWA client secret of your application, or where it is kept: `env:NAME`, "
        "`keyring:SERVICE/USERNAME`. Amazon lets it expire after 180 days.",
    ),
    th.Property(
        "credentials_rotated_on",
        th.DateTimeType,
        title="Credentials rotated on",
        description="Day on which the client secret was made, ISO 8601: `amazon-vendor doctor` warns before its "
        "180 days are over.",
    ),
    th.Property(
        "refresh_token",
        th.StringType,
        secret=True,
        title="Refresh token",
        description="The account's authorization of your application (`Atzr|…`), or where it is kept: `env:NAME`, "
        "`keyring:SERVICE/USERNAME`. `amazon-vendor authorize` gets it.",
    ),
    th.Property(
        "application_id",
        th.StringType,
        title="Application id",
        description="Your application as Amazon's consent page knows it (`amzn1.sp.solution.…`). Only "
        "`amazon-vendor authorize` needs it.",
    ),
    th.Property(
        "marketplaces",
        th.ArrayType(th.StringType),
        title="Marketplaces",
        description=('Country codes or marketplace ids, for example `["US"]`. A vendor account has exactly one.'),
    ),
    th.Property(
        "region",
        th.StringType,
        allowed_values=list(REGIONS),
        title="Region",
        description="`na`, `eu` or `fe`. Follows from the marketplaces when absent.",
    ),
    th.Property(
        "account_type",
        th.StringType,
        allowed_values=list(ACCOUNT_TYPES),
        title="Account type",
        description="`vendor` (sells to Amazon) or `seller` (sells on Amazon). Decides the streams.",
    ),
    th.Property(
        "account",
        th.StringType,
        title="Account label",
        description="Your name for the account. It is written into every row and its key.",
    ),
    th.Property(
        "sandbox",
        th.BooleanType,
        title="Amazon's sandbox",
        description="Use Amazon's own sandbox hosts, which answer with fixed examples.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        title="API URL",
        description="Overrides the regional base URI (local sandbox, proxy).",
    ),
    th.Property(
        "auth_url",
        th.StringType,
        title="Token URL",
        description=f"Overrides the token endpoint of Login with Amazon ({LWA_URL}).",
    ),
    th.Property(
        ADS,
        th.ObjectType(*_ADS, additional_properties=False),
        title="Amazon Ads",
        description="Consent for the Amazon Ads API, beside the account's sales or alone: an object with `client_id`, "
        "`client_secret`, `refresh_token`, and if need be `region`, `profiles`, `restatement_days`, `api_url`, "
        "`auth_url`. Entries of `accounts` take from it what they do not set.",
    ),
)

_DEFAULTS = {"account_type": "vendor", "account": "default", "sandbox": False}


def _with_default(setting: th.Property[t.Any]) -> th.Property[t.Any]:
    """Give a setting its default: only at the top level, entries of `accounts` inherit."""
    return th.Property(
        setting.name,
        setting.wrapped,
        secret=setting.secret,
        allowed_values=setting.allowed_values,
        default=_DEFAULTS.get(setting.name),
        title=setting.title,
        description=setting.description,
    )


#: The settings as JSON Schema, for `--about`, Meltano and the check below.
SCHEMA: dict[str, t.Any] = th.PropertiesList(
    *(_with_default(setting) for setting in _ACCOUNT),
    th.Property(
        "accounts",
        th.ArrayType(th.ObjectType(*_ACCOUNT, additional_properties=False)),
        title="Accounts",
        description=(
            "Several accounts in one run: a list of objects with the settings above. Replaces the "
            "single account; the application, hosts and account type are inherited."
        ),
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description=f"First day to read, ISO 8601. Default: {DEFAULT_DAYS} days back.",
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        title="End date",
        description="Last day to read, ISO 8601. Default: the newest that Amazon has.",
    ),
    th.Property(
        "report_periods",
        th.ArrayType(th.StringType(allowed_values=list(PERIODS))),
        default=["DAY"],
        title="Report periods",
        description="Lengths of the periods that figures are summed over: `DAY`, `WEEK` (Sunday to "
        "Saturday), `MONTH`, `QUARTER`, `YEAR`.",
    ),
    th.Property(
        "selling_programs",
        th.ArrayType(th.StringType(allowed_values=list(SELLING_PROGRAMS))),
        default=["RETAIL"],
        title="Selling programs",
        description="`RETAIL`, `BUSINESS`, `FRESH`. RETAIL has been seen to contain the other two: "
        "never add programs up.",
    ),
    th.Property(
        "distributor_views",
        th.ArrayType(th.StringType(allowed_values=list(DISTRIBUTOR_VIEWS))),
        default=list(DISTRIBUTOR_VIEWS),
        title="Distributor views",
        description="`MANUFACTURING`, `SOURCING`. What the account lacks is skipped.",
    ),
    th.Property(
        "kiosk_metrics",
        th.ArrayType(th.StringType(allowed_values=list(KIOSK_METRICS))),
        default=[each for each in KIOSK_METRICS if each != "forecasting"],
        title="Data Kiosk metrics",
        description="Groups of metrics of the vendor analytics streams: `costs`, `customerSatisfaction`, "
        "`forecasting`, `orders`, `productAvailability` (not for days), `shippedOrders`, `sourcing`, `traffic`. "
        "What a view lacks is left out. After a change, only what is read from then on has the new columns.",
    ),
    th.Property(
        "kiosk_group_by",
        th.ArrayType(th.StringType(allowed_values=list(KIOSK_ATTRIBUTES))),
        default=["asin"],
        title="Data Kiosk attributes",
        description="Attributes that the figures of the vendor analytics streams are split by, such as `asin`, "
        "`brand`, `vendorCode`, `shipToStateOrProvince`. They are part of the key: after a change all is read again.",
    ),
    th.Property(
        "availability_days",
        th.IntegerType(minimum=0, maximum=MOST_DAYS),
        default=4,
        title="Availability in days",
        description="The newest day asked for is today minus this: Amazon publishes a day up to 72 "
        "hours after it closes.",
    ),
    th.Property(
        "restatement_days",
        th.IntegerType(minimum=0, maximum=MOST_DAYS),
        default=14,
        title="Restatement in days",
        description="How far back from today each run reads figures again that Amazon may have restated.",
    ),
    th.Property(
        "wait_minutes",
        th.IntegerType(minimum=0),
        default=60,
        title="Wait in minutes",
        description="How long to wait for a report. One that is still in Amazon's queue then is left for the next run.",
    ),
    th.Property(
        "max_reports",
        th.IntegerType(minimum=1),
        title="Reports per run",
        description="Most reports and Data Kiosk queries to ask for in one run; the next run goes on. Default: no "
        "limit.",
    ),
    th.Property(
        "inbox",
        th.StringType,
        title="Inbox",
        description="Folder of report files that were downloaded by hand, or that an older system kept: each is "
        "read once, into the stream of its report. Needs no credentials.",
    ),
    additional_properties=False,
).to_dict()


#: Settings that hold secrets, at the top level, in an entry of `accounts`, and in `ads` of either.
SECRETS = tuple(setting.name for setting in _ACCOUNT if setting.secret)


@dataclass(frozen=True)
class Settings:
    """A validated configuration.

    Attributes:
        accounts: Accounts that can call the Selling Partner API.
        labels: These, and those that only label advertising, or files in the inbox.
        ads: Consents for the Ads API.
        inbox: Folder of files to read, if any.
        start_date: First day to read.
        start_given: `start_date` is set.
        end_date: Last day to read, None for the newest available.
        report_periods: See the setting of that name.
        selling_programs: See the setting of that name.
        distributor_views: See the setting of that name.
        kiosk_metrics: See the setting of that name.
        kiosk_group_by: See the setting of that name, in alphabetical order.
        availability_days: See the setting of that name.
        restatement_days: See the setting of that name.
        wait_seconds: How long to wait for a report.
        max_reports: Most reports and queries to request, None for no limit.
    """

    accounts: tuple[Account, ...]
    labels: tuple[Account, ...]
    ads: tuple[AdsAccount, ...]
    inbox: Path | None
    start_date: date
    start_given: bool
    end_date: date | None
    report_periods: tuple[str, ...]
    selling_programs: tuple[str, ...]
    distributor_views: tuple[str, ...]
    kiosk_metrics: tuple[str, ...]
    kiosk_group_by: tuple[str, ...]
    availability_days: int
    restatement_days: int
    wait_seconds: float
    max_reports: int | None

    @property
    def asked(self) -> list[str]:
        """The labels of all accounts that can call one of Amazon's APIs, each once."""
        owners: tuple[Account | AdsAccount, ...] = (*self.accounts, *self.ads)
        return list(dict.fromkeys(owner.label for owner in owners))

    @property
    def secrets(self) -> list[Secret]:
        """The secrets of all authorizations."""
        owners: tuple[Account | AdsAccount, ...] = (*self.accounts, *self.ads)
        return [secret for owner in owners for secret in (owner.client_secret, owner.refresh_token)]


def check_settings(schema: dict[str, t.Any], config: dict[str, t.Any]) -> list[str]:
    """Validate a configuration against the schema, and fill in defaults.

    Args:
        schema: JSON Schema of the settings, the SDK's own included.
        config: The configuration; missing settings, null ones too, get their defaults.

    Returns:
        A sentence for each unknown setting and each value of a wrong type. None of them quotes
        the value of a secret.
    """
    for name in [name for name, value in config.items() if value is None]:
        del config[name]
    problems: list[str] = []
    for error in JSONSchemaValidator(schema).iter_errors(config):
        problems += _words(error)
    return problems


def secrets_in(config: Mapping[str, t.Any]) -> list[Secret]:
    """Return the secrets in a configuration, valid or not; references are left out."""
    accounts = config.get("accounts")
    entries = [config, *(accounts if isinstance(accounts, list) else ())]
    entries += [entry.get(ADS) for entry in entries if isinstance(entry, dict)]
    values = [entry.get(name) for entry in entries if isinstance(entry, dict) for name in SECRETS]
    return [
        Secret(value) for value in values if isinstance(value, str) and not value.startswith((ENVIRONMENT, KEYRING))
    ]


def read_settings(config: Mapping[str, t.Any], today: date) -> Settings:
    """Parse a configuration that passed `check_settings`.

    Args:
        config: The tap's configuration.
        today: The current UTC day.

    Returns:
        The checked settings.

    Raises:
        ConfigValidationError: Something is missing or contradictory; lists each problem.
    """
    problems: list[str] = []
    accounts = read_accounts(config, problems, inbox=bool(config.get("inbox")))
    ads = read_ads_accounts(config, problems)
    end = day_setting(config, "end_date", problems)
    start = day_setting(config, "start_date", problems) or default_start(today, end)
    if end and end < start:
        problems.append(f"`end_date` ({end}) lies before `start_date` ({start})")
    elif start > today:
        problems.append(f"`start_date` ({start}) lies in the future: today is {today}")
    problems += [
        f"`{name}` is empty: name at least one"
        for name in ("report_periods", "selling_programs", "distributor_views", "kiosk_metrics", "kiosk_group_by")
        if not config[name]
    ]
    inbox = _folder(config, "inbox", problems)
    if problems:
        message = "Config validation failed"
        raise ConfigValidationError(message, errors=problems, schema=SCHEMA)
    return Settings(
        accounts=tuple(account for account in accounts if account.asks),
        labels=accounts,
        ads=ads,
        inbox=inbox,
        start_date=start,
        start_given=bool(config.get("start_date")),
        end_date=end,
        # dict.fromkeys: a value listed twice must not be requested twice.
        report_periods=tuple(dict.fromkeys(config["report_periods"])),
        selling_programs=tuple(dict.fromkeys(config["selling_programs"])),
        distributor_views=tuple(dict.fromkeys(config["distributor_views"])),
        kiosk_metrics=tuple(sorted(set(config["kiosk_metrics"]))),
        kiosk_group_by=tuple(sorted(set(config["kiosk_group_by"]))),
        availability_days=config["availability_days"],
        restatement_days=config["restatement_days"],
        wait_seconds=config["wait_minutes"] * 60,
        max_reports=config.get("max_reports"),
    )


def _folder(config: Mapping[str, t.Any], name: str, problems: list[str]) -> Path | None:
    if not config.get(name):
        return None
    folder = Path(config[name]).expanduser()
    if not folder.exists():
        problems.append(f"`{name}` is {config[name]!r}: there is no such folder")
    elif not folder.is_dir():
        problems.append(f"`{name}` is {config[name]!r}: that is a file, name the folder")
    elif not os.access(folder, os.R_OK | os.X_OK):
        problems.append(f"`{name}` is {config[name]!r}: the folder can't be read by this user")
    return folder


def default_start(today: date, end: date | None) -> date:
    """Return the first day to read if `start_date` is not set."""
    return min(today, end or today) - timedelta(days=DEFAULT_DAYS)


def _words(error: ValidationError) -> list[str]:
    """Describe what is wrong with one setting, and what is allowed, without showing a secret."""
    name = ""
    for step in error.absolute_path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else str(step)
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        inside = f"`{name}`: unknown" if name else "Unknown"
        return [
            f"{inside} setting {unknown!r}.{_suggestion(unknown, known)} Allowed are {', '.join(sorted(known))}"
            for unknown in error.instance
            if unknown not in known
        ]
    if error.validator == "type":
        kinds = error.validator_value
        kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
        return [f"`{name}` must be of type {' or '.join(kinds)}"]
    if error.validator == "enum":
        allowed = ", ".join(str(value) for value in error.validator_value if value is not None)
        return [f"`{name}` is {error.instance!r}: allowed are {allowed}"]
    if error.schema.get("writeOnly") or error.schema.get("secret"):
        return [f"`{name}` is not valid"]
    return [f"`{name}`: {error.message}"]


def _suggestion(unknown: str, known: Mapping[str, t.Any]) -> str:
    close = difflib.get_close_matches(unknown, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
