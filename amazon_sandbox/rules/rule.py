"""What a report type asks of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from amazon_sandbox.accounts import BRAND_ANALYTICS
from amazon_sandbox.rules.dates import NO_DATES, NoDates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from amazon_sandbox.accounts import Kind


@dataclass(frozen=True)
class HiddenQuota:
    """A limit of one report type that no usage plan shows (docs/amazon/quotas.md#own-quotas).

    Attributes:
        seconds: The time after which one more report may be asked for.
        burst: Reports that may be asked for at once.
        per: Whether each seller has its own, or all sellers of an application share it.
    """

    seconds: float
    burst: int
    per: Literal["account", "application"]


@dataclass(frozen=True)
class ReportRule:
    """What a report type asks of a request.

    Attributes:
        report_type: Amazon's name.
        kinds: The kinds of account that may have it.
        roles: createReport needs one of these roles, whichever.
        options: The reportOptions with their values; no values stand for any value.
        optional: The reportOptions among them that may be left out.
        defaults: What those stand for that are left out.
        dates: Which dates it takes, and which ones are in order.
        brand: Whether it needs Brand Registry.
        says_when_updated: Whether its specification has a lastUpdatedDate.
        specified: Whether its document has a specification.
        countries: The marketplaces that have it; none stand for all.
        schedulable: Whether a schedule may ask for it.
        restricted: Whether its document needs a restricted data token
            (docs/amazon/reports-api.md#restricted-documents).
        made_by_amazon: Whether Amazon alone makes it: createReport answers 429, getReports lists it.
        regenerates: How long the same marketplace, range and options give no further
            report (docs/amazon/reports-api.md#regeneration-windows), whichever application asks.
        quota: Its own limit; createReport answers 429 beyond it.
        finished_a_day: How many reports of an account end in a day; more stay IN_QUEUE.
    """

    report_type: str
    kinds: tuple[Kind, ...] = ("vendor",)
    roles: tuple[str, ...] = (BRAND_ANALYTICS,)
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    defaults: Mapping[str, str] = field(default_factory=dict)
    dates: NoDates = NO_DATES
    brand: bool = False
    says_when_updated: bool = False
    specified: bool = True
    countries: tuple[str, ...] = ()
    schedulable: bool = False
    restricted: bool = False
    made_by_amazon: bool = False
    regenerates: timedelta | None = None
    quota: HiddenQuota | None = None
    finished_a_day: int | None = None
