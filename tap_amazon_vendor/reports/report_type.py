"""Report types: what Amazon states of a report, for any request. Streams name them; each fact is stated once."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from tap_amazon_vendor.config.marketplaces import BY_COUNTRY
from tap_amazon_vendor.reports.belonging import whole_region
from tap_amazon_vendor.reports.calendars import PERIODS, AmazonGenerated, Calendar
from tap_amazon_vendor.reports.roles import BRAND_ANALYTICS

if t.TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.marketplaces import Marketplace
    from tap_amazon_vendor.documents.flat_files import FlatFile
    from tap_amazon_vendor.reports.belonging import ToldBy
    from tap_amazon_vendor.reports.options import Option


@dataclass(frozen=True, eq=False)
class ReportType:
    """A report type of Amazon's.

    Attributes:
        name: Amazon's name.
        account_type: Type of account that has the report.
        options: Report options that the settings choose: each combination is a partition.
        fixed_options: Report options that are the same in every report.
        narrowed_by: Report options that leave some rows out. They are never used here, but another client may have:
            its report is adopted only if its specification states none of them.
        calendars: How time is cut, by ``reportPeriod``, or just one calendar.
        layout: Format of the document if it is a flat file; None for JSON.
        roles: Amazon's roles, any one of which suffices.
        countries: Countries whose marketplaces have the report; None for all.
        countries_without: Countries whose marketplaces do not have it.
        told_by: What in a row tells its marketplace; None if nothing does, then it is the one that was asked for.
        ignores_marketplaces: The report holds all marketplaces of the region, whichever is asked for
            (docs/amazon/seller-reports.md#where-a-line-belongs). Of those that its rows can't tell apart, only one
            is asked for.
        once_per_account: So it does, and it is requested for only one of an account's marketplaces.
        inbox_only: Amazon no longer gives it to applications: it is never asked for, and read only from the inbox.
        restricted: The document requires a restricted data token
            (docs/amazon/reports-api.md#restricted-documents).
        refresh_interval: For how long Amazon answers with its last report instead of a new one
            (docs/amazon/reports-api.md#regeneration-windows).
    """

    name: str
    account_type: str = "vendor"
    options: tuple[Option, ...] = ()
    fixed_options: Mapping[str, str] = field(default_factory=dict)
    narrowed_by: tuple[str, ...] = ()
    calendars: Mapping[str, Calendar] | Calendar = field(default_factory=lambda: PERIODS)
    layout: FlatFile | None = None
    roles: tuple[str, ...] = (BRAND_ANALYTICS,)
    countries: frozenset[str] | None = None
    countries_without: frozenset[str] = frozenset()
    told_by: ToldBy | None = None
    ignores_marketplaces: bool = False
    once_per_account: bool = False
    inbox_only: bool = False
    restricted: bool = False
    refresh_interval: timedelta | None = None

    @property
    def amazon_generated(self) -> bool:
        """Whether Amazon makes the report by itself: it is looked up, never requested, and read once by its id."""
        return isinstance(self.calendars, AmazonGenerated)

    def marketplaces(self, account: Account) -> list[Marketplace]:
        """Return the marketplaces for which an account's reports are requested.

        Those of the account that have the report; of some that share a report (`group`), the first by id.
        """
        having = {BY_COUNTRY[country].marketplace_id for country in self.countries or BY_COUNTRY}
        having -= {BY_COUNTRY[country].marketplace_id for country in self.countries_without}
        own = {each.marketplace_id for each in account.marketplaces} & having
        # Not the user's first: the order of the settings must not decide a row's key.
        return [
            each for each in account.marketplaces if each.marketplace_id == min(self.group(each) & own, default=None)
        ]

    def group(self, marketplace: Marketplace) -> frozenset[str]:
        """Return the ids of the marketplaces that share one report with a marketplace, itself included."""
        if self.once_per_account:
            return whole_region(marketplace)
        if not self.ignores_marketplaces:
            return frozenset({marketplace.marketplace_id})
        return self.told_by.group(marketplace) if self.told_by else whole_region(marketplace)
