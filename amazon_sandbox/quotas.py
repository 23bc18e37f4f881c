"""Usage plans: one token bucket per account, application and operation.

Rates and bursts are those of the models (docs/amazon/quotas.md#usage-plans); the mechanics are in
docs/amazon/quotas.md#token-buckets. Some report types have a further bucket, of which no header tells
(docs/amazon/quotas.md#own-quotas).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from amazon_sandbox.accounts import SandboxAccount
    from amazon_sandbox.rules.rule import ReportRule


@dataclass(frozen=True)
class Plan:
    """A published usage plan.

    Attributes:
        rate: Tokens that come back in a second.
        burst: Tokens of a full bucket.
    """

    rate: float
    burst: int


PLANS: dict[str, Plan] = {
    "getReports": Plan(0.0222, 10),
    "createReport": Plan(0.0167, 15),
    "getReport": Plan(2, 15),
    "cancelReport": Plan(0.0222, 10),
    "getReportSchedules": Plan(0.0222, 10),
    "createReportSchedule": Plan(0.0222, 10),
    "getReportSchedule": Plan(0.0222, 10),
    "cancelReportSchedule": Plan(0.0222, 10),
    "getReportDocument": Plan(0.0167, 15),
    "getQueries": Plan(0.0222, 10),
    "createQuery": Plan(0.0167, 15),
    "cancelQuery": Plan(0.0222, 10),
    "getQuery": Plan(2, 15),
    "getDocument": Plan(0.0167, 15),
    "createRestrictedDataToken": Plan(1, 10),
    "listTransactions": Plan(0.5, 10),
    "getMarketplaceParticipations": Plan(0.016, 15),
    "getPurchaseOrders": Plan(10, 10),
    "getPurchaseOrder": Plan(10, 10),
    "getPurchaseOrdersStatus": Plan(10, 10),
    "GetShipmentDetails": Plan(10, 10),
    **dict.fromkeys(("getOrders", "getOrder", "getShippingLabels", "getShippingLabel"), Plan(10, 10)),
    **dict.fromkeys(("getPackingSlips", "getPackingSlip"), Plan(10, 10)),
    **dict.fromkeys(("getCustomerInvoices", "getCustomerInvoice"), Plan(10, 10)),
    # Not published; these are those of the other operations of finances.
    "getInvoiceHeaders": Plan(0.5, 10),
    "getInvoice": Plan(0.5, 10),
}


@dataclass
class _Bucket:
    tokens: float
    filled_at: datetime


class Quotas:
    """All buckets of one sandbox; they fill up by the clock alone.

    Args:
        speed: Refills run this many times faster; bursts stay as they are.
    """

    def __init__(self, speed: float) -> None:
        """Start with no bucket: each one is full when first used."""
        self._speed = speed
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def rate(self, operation: str) -> float:
        """The rate in force, as x-amzn-RateLimit-Limit tells it."""
        return PLANS[operation].rate * self._speed

    def take(self, account: SandboxAccount, operation: str, now: datetime) -> bool:
        """Take one token out of a bucket.

        A refused call costs nothing; a call that fails later does (likely, but unverified:
        docs/amazon/quotas.md#token-buckets).

        Args:
            account: Who calls.
            operation: Amazon's name of the call.
            now: The time of the call.

        Returns:
            False when the bucket is empty, which is a 429.
        """
        plan = Plan(self.rate(operation), PLANS[operation].burst)
        return self._take((account.label, account.client_id, operation), plan, now)

    def take_report(self, account: SandboxAccount, rule: ReportRule, now: datetime) -> bool:
        """Take one token out of the hidden bucket of a report type, if it has one.

        Args:
            account: Who calls.
            rule: The rule of the report type.
            now: The time of the call.

        Returns:
            False when createReport is a 429.
        """
        if rule.made_by_amazon:
            return False
        if rule.quota is None:
            return True
        # An account's is one for all its applications.
        whose = (account.label, "") if rule.quota.per == "account" else ("", account.client_id)
        plan = Plan(self._speed / rule.quota.seconds, rule.quota.burst)
        return self._take((*whose, rule.report_type), plan, now)

    def _take(self, key: tuple[str, str, str], plan: Plan, now: datetime) -> bool:
        bucket = self._buckets.setdefault(key, _Bucket(plan.burst, now))
        elapsed = max(0.0, (now - bucket.filled_at).total_seconds())
        bucket.tokens = min(plan.burst, bucket.tokens + elapsed * plan.rate)
        # Threads may come with their times out of order.
        bucket.filled_at = max(now, bucket.filled_at)
        # A client that waits exactly 1/rate must not fail on a rounding error.
        if bucket.tokens < 1 - 1e-9:
            return False
        bucket.tokens -= 1
        return True
