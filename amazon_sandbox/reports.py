"""The rules of all report types, and how a request that breaks them ends.

A further report is one more `ReportRule` in `rules/` and one function in `data/`.
The rules are those of docs/amazon, the words docs/amazon/errors.md#texts-of-error-documents. Where no source
is sure, the stricter reading rules: what gets past the sandbox gets past Amazon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_sandbox.accounts import MARKETPLACES
from amazon_sandbox.chance import derive
from amazon_sandbox.rules.seller import SELLER_RULES
from amazon_sandbox.rules.vendor import VENDOR_RULES
from amazon_sandbox.rules.verdicts import (
    CLIENT_ERROR,
    DATES_MISSING,
    INVALID_VALUE,
    NO_MANUFACTURING,
    NO_RIGHTS,
    SCHEDULED,
    WRONG_MARKETPLACE,
    Verdict,
    fatal,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from amazon_sandbox.accounts import Kind, SandboxAccount
    from amazon_sandbox.rules.rule import ReportRule
    from amazon_sandbox.rules.verdicts import ReportRequest

ACCOUNT_ID_CLASS: Mapping[Kind, str] = {
    "vendor": "com.amazon.partner.account.id.VendorGroupId",
    "seller": "com.amazon.partner.account.id.MerchantAccountId",
}

# docs/amazon/vendor-reports.md#brand-analytics says so of lists of ASINs, docs/amazon/seller-reports.md#tax of other
# lists.
LONGEST_OPTION = 200

RULES: Mapping[str, ReportRule] = {rule.report_type: rule for rule in (*VENDOR_RULES, *SELLER_RULES)}


def number_of(report_type: str) -> int:
    """The number that Amazon's messages name a report type by (invented here)."""
    return derive(report_type) % 60_000 + 300


def refusal(rule: ReportRule, account: SandboxAccount, request: ReportRequest, now: datetime) -> Verdict | None:
    """Say how a report ends that breaks a rule.

    Args:
        rule: The rule of the report type.
        account: Who asks.
        request: What is asked for.
        now: When it is asked.

    Returns:
        Mostly FATAL; None when the request is in order.
    """
    if request.scheduled and not rule.schedulable:
        return fatal(SCHEDULED)
    if set(request.options) - set(rule.options):
        return Verdict("FATAL")
    if rule.dates.needed and (request.start is None or request.end is None):
        return fatal(DATES_MISSING)
    required = [name for name in rule.options if name not in rule.optional]
    if set(required) - set(request.options):
        return fatal(f"This report type requires the {', '.join(required)} reportOption to be specified.")
    return _entitlement(rule, account, request) or rule.dates.refusal(request, now)


def _entitlement(rule: ReportRule, account: SandboxAccount, request: ReportRequest) -> Verdict | None:
    own = account.marketplaces[0]
    if account.kind == "vendor" and request.marketplace_ids != (own,):
        return fatal(WRONG_MARKETPLACE.format(marketplace=own))
    # Amazon takes several marketplaces for some seller reports; which ones is not known.
    marketplace = MARKETPLACES[request.marketplace_ids[0]]
    if len(request.marketplace_ids) > 1 or (rule.countries and marketplace.country not in rule.countries):
        return fatal(CLIENT_ERROR)
    granted = {
        "sellingProgram": account.selling_programs,
        "distributorView": account.distributor_views,
        "currencyCode": (marketplace.currency,),
    }
    for option, values in rule.options.items():
        value = request.options.get(option)
        if value is None:
            continue
        if (values and value not in values) or len(value) > LONGEST_OPTION:
            return fatal(INVALID_VALUE.format(option=option))
        if value not in granted.get(option, (value,)):
            no_manufacturing = value == "MANUFACTURING"
            text = NO_MANUFACTURING if no_manufacturing else INVALID_VALUE
            return fatal(text.format(option=option))
    if rule.report_type in account.denied_reports or (rule.brand and not account.brand_registry):
        return fatal(NO_RIGHTS)
    return None
