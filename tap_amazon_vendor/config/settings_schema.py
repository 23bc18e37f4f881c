"""The tap's settings as they are declared: names, types, defaults and meanings."""

from __future__ import annotations

import typing as t

from singer_sdk import typing as th

from tap_amazon_vendor.config.accounts import ACCOUNT_TYPES, LWA_URL
from tap_amazon_vendor.config.ads_accounts import ADS, FAMILIES
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

_ADS: tuple[th.Property[t.Any], ...] = (
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
        description="Client secret of that application, or a reference to it: `env:NAME`, `keyring:SERVICE/USERNAME`.",
    ),
    th.Property(
        "refresh_token",
        th.StringType,
        secret=True,
        title="Refresh token",
        description="The advertiser's authorization of that application (`Atzr|…`), or a reference to it. "
        "`amazon-vendor authorize --ads` gets one.",
    ),
    th.Property(
        "region",
        th.StringType,
        allowed_values=list(REGIONS),
        title="Region",
        description="`na`, `eu` or `fe`. Default: the region of `marketplaces`.",
    ),
    th.Property(
        "profiles",
        th.ArrayType(th.StringType),
        title="Profiles",
        description="Ids of the advertising profiles to read. Default: all profiles in `marketplaces`, or all of the "
        "region if `marketplaces` is not set; with sales, only those of the `account_type`.",
    ),
    th.Property(
        "restatement_days",
        th.IntegerType(minimum=0, maximum=MOST_DAYS),
        title="Restatement days",
        description="How many days back each run reads advertising again. Default: the tap's `restatement_days`.",
    ),
    *(
        th.Property(
            f"{family}_restatement_days",
            th.IntegerType(minimum=0, maximum=MOST_DAYS),
            title=f"Restatement days, {kind}",
            description=f"The same for {kind} alone.",
        )
        for family, kind in zip(FAMILIES, ("Sponsored Products", "Sponsored Brands", "Sponsored Display"), strict=True)
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
        description="LWA client secret of your application, or a reference to it: `env:NAME`, "
        "`keyring:SERVICE/USERNAME`. It expires after 180 days.",
    ),
    th.Property(
        "credentials_rotated_on",
        th.DateTimeType,
        title="Credentials rotated on",
        description="Day on which you created the client secret, ISO 8601. `amazon-vendor doctor` warns you before it "
        "expires.",
    ),
    th.Property(
        "refresh_token",
        th.StringType,
        secret=True,
        title="Refresh token",
        description="The account's authorization of your application (`Atzr|…`), or a reference to it: `env:NAME`, "
        "`keyring:SERVICE/USERNAME`. `amazon-vendor authorize` gets one.",
    ),
    th.Property(
        "application_id",
        th.StringType,
        title="Application id",
        description="Id of your application on Amazon's consent page (`amzn1.sp.solution.…`). Only "
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
        description="`na`, `eu` or `fe`. Default: the region of `marketplaces`.",
    ),
    th.Property(
        "account_type",
        th.StringType,
        allowed_values=list(ACCOUNT_TYPES),
        title="Account type",
        description="`vendor` (sells to Amazon) or `seller` (sells on Amazon). Decides which streams there are.",
    ),
    th.Property(
        "account",
        th.StringType,
        title="Account label",
        description="Your name for the account. It is part of every row and its key.",
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
        description="Consent for the Amazon Ads API, with or without the account's sales: an object with `client_id`, "
        "`client_secret`, `refresh_token`, and optionally `region`, `profiles`, `restatement_days` (for one kind of "
        "advertising `sp_`, `sb_` or `sd_restatement_days`), `api_url`, `auth_url`. Entries of `accounts` inherit what "
        "they do not set.",
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
            "single account; entries inherit application, hosts and account type."
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
        description="Last day to read, ISO 8601. Default: the newest day that Amazon has.",
    ),
    th.Property(
        "report_periods",
        th.ArrayType(th.StringType(allowed_values=list(PERIODS))),
        default=["DAY"],
        title="Report periods",
        description="Periods over which Amazon sums figures: `DAY`, `WEEK` (Sunday to Saturday), `MONTH`, `QUARTER`, "
        "`YEAR`.",
    ),
    th.Property(
        "selling_programs",
        th.ArrayType(th.StringType(allowed_values=list(SELLING_PROGRAMS))),
        default=["RETAIL"],
        title="Selling programs",
        description="`RETAIL`, `BUSINESS`, `FRESH`. RETAIL has been seen to include the other two, so "
        "never add programs up.",
    ),
    th.Property(
        "distributor_views",
        th.ArrayType(th.StringType(allowed_values=list(DISTRIBUTOR_VIEWS))),
        default=list(DISTRIBUTOR_VIEWS),
        title="Distributor views",
        description="`MANUFACTURING`, `SOURCING`. A view that the account lacks is skipped.",
    ),
    th.Property(
        "kiosk_metrics",
        th.ArrayType(th.StringType(allowed_values=list(KIOSK_METRICS))),
        default=[each for each in KIOSK_METRICS if each != "forecasting"],
        title="Data Kiosk metrics",
        description="Metric groups of the vendor analytics streams: `costs`, `customerSatisfaction`, "
        "`forecasting`, `orders`, `productAvailability` (not for days), `shippedOrders`, `sourcing`, `traffic`. "
        "A group that a view lacks is left out. After a change, only rows that are read from then on have the new "
        "columns.",
    ),
    th.Property(
        "kiosk_group_by",
        th.ArrayType(th.StringType(allowed_values=list(KIOSK_ATTRIBUTES))),
        default=["asin"],
        title="Data Kiosk attributes",
        description="Attributes by which the vendor analytics streams split their figures, such as `asin`, `brand`, "
        "`vendorCode`, `shipToStateOrProvince`. They are part of the key: after a change, everything is read again.",
    ),
    th.Property(
        "availability_days",
        th.IntegerType(minimum=0, maximum=MOST_DAYS),
        default=4,
        title="Availability days",
        description="The newest day to request is this many days before today, Pacific time: Amazon publishes a day "
        "up to 72 hours after it ends.",
    ),
    th.Property(
        "restatement_days",
        th.IntegerType(minimum=0, maximum=MOST_DAYS),
        default=14,
        title="Restatement days",
        description="How many days back each run reads figures again, because Amazon may restate them.",
    ),
    th.Property(
        "wait_minutes",
        th.IntegerType(minimum=0),
        default=60,
        title="Wait minutes",
        description="How long to wait for a report. If it is still in Amazon's queue then, the next run fetches it.",
    ),
    th.Property(
        "max_reports",
        th.IntegerType(minimum=1),
        title="Reports per run",
        description="Maximum number of reports and Data Kiosk queries to request in one run; the next run continues. "
        "Default: no limit.",
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
        description="Folder with report files that you downloaded by hand, or that an older system kept. Each is read "
        "once, into the stream of its report. Needs no credentials.",
    ),
    additional_properties=False,
).to_dict()


#: Settings that hold secrets, at the top level, in an entry of `accounts`, and in `ads` of either.
SECRETS = tuple(setting.name for setting in _ACCOUNT if setting.secret)
