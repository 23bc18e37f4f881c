"""The services that make jobs for a run: reports and queries of each account, reports and exports of each profile."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.ads.api import AdsReportsApi
from tap_amazon_vendor.ads.exports import ADS_EXPORTS, AdsExportRequest, AdsExportsApi
from tap_amazon_vendor.ads.request import ADS, AdsRequest
from tap_amazon_vendor.amazon.client import SellingPartnerApi
from tap_amazon_vendor.data_kiosk.api import DataKioskApi
from tap_amazon_vendor.data_kiosk.request import DATA_KIOSK, QueryRequest
from tap_amazon_vendor.engine.model import Service
from tap_amazon_vendor.reports.api import ReportsApi
from tap_amazon_vendor.reports.request import REPORTS, ReportRequest

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tap_amazon_vendor.ads.consent import OpenProfile
    from tap_amazon_vendor.amazon.shared_quota import Quotas
    from tap_amazon_vendor.amazon.throttle import Throttle
    from tap_amazon_vendor.amazon.transport import Transport
    from tap_amazon_vendor.clock import Clock
    from tap_amazon_vendor.config.accounts import Account
    from tap_amazon_vendor.config.redaction import Redactor
    from tap_amazon_vendor.engine.ports import JobApi

#: Reads the requests of a state, by the name of the service.
KINDS = {
    REPORTS: ReportRequest.from_state,
    DATA_KIOSK: QueryRequest.from_state,
    ADS: AdsRequest.from_state,
    ADS_EXPORTS: AdsExportRequest.from_state,
}


def make_clients(
    accounts: Iterable[Account], quotas: Quotas, transport: Transport, clock: Clock, redactor: Redactor
) -> dict[str, SellingPartnerApi]:
    """Return the client of each account, by label.

    Args:
        accounts: The selling partner accounts.
        quotas: Makes their buckets.
        transport: HTTP client.
        clock: Tells the time and waits.
        redactor: Learns the secrets of their calls.
    """
    return {
        account.label: SellingPartnerApi.of(
            account, transport, clock, clock.sleep, redactor, quotas.throttle(account.client_id, account.label)
        )
        for account in accounts
    }


def make_services(  # noqa: PLR0913  # each is one fact
    accounts: Iterable[Account],
    profiles: Iterable[OpenProfile],
    apis: Mapping[str, SellingPartnerApi],
    shared: Mapping[str, Throttle],
    *,
    transport: Transport,
    spool: Path,
) -> dict[Service, JobApi]:
    """Return the services of a run.

    Args:
        accounts: The selling partner accounts.
        profiles: The advertising profiles.
        apis: The client of each account, by label.
        shared: The buckets that the accounts of an application share, by its client id.
        transport: HTTP client for the document hosts.
        spool: A private folder for documents.
    """
    found: dict[Service, JobApi] = {}
    for account in accounts:
        api, may_download = apis[account.label], account.may_download
        found[Service(account.label, REPORTS)] = ReportsApi(
            api, transport, spool, shared=shared[account.client_id], may_download=may_download
        )
        found[Service(account.label, DATA_KIOSK)] = DataKioskApi(api, transport, spool, may_download=may_download)
    for profile in profiles:
        label, may_download = profile.account.label, profile.account.may_download
        found[Service(label, ADS, profile.profile_id)] = AdsReportsApi(
            profile.client, transport, spool, may_download=may_download, sells=profile.sells
        )
        found[Service(label, ADS_EXPORTS, profile.profile_id)] = AdsExportsApi(
            profile.client, transport, spool, may_download=may_download, profile=profile.about
        )
    return found
