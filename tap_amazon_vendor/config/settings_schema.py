"""The tap's settings as they are declared: names, types, defaults and meanings."""

from __future__ import annotations

import typing as t

from singer_sdk import typing as th

from tap_amazon_vendor.config.accounts import ACCOUNT_TYPES, LWA_URL
from tap_amazon_vendor.config.ads_accounts import ADS
from tap_amazon_vendor.config.marketplaces import REGIONS

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
        description="The newest day asked for is the Pacific day minus this: Amazon publishes a day up to 72 "
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
        "quota_store",
        th.StringType,
        secret=True,
        title="Quota store",
        description="Where several processes that call for one account, or one application, keep what is left of its "
        "quota: an SQLite file on one computer, `postgresql://…` on several, or where that is kept (`env:NAME`, "
        "`keyring:SERVICE/USERNAME`). Default: each process counts its own calls.",
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
