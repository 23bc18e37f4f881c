"""The streams: a vendor's by the permission groups in Vendor Central, a seller's by topic."""

from __future__ import annotations

import typing as t

from tap_amazon_vendor.streams import (
    ads,
    data_kiosk,
    digital,
    direct_fulfillment,
    financial,
    invoices,
    operational,
    procurement,
    seller_finance,
    seller_inventory,
    seller_orders,
    seller_performance,
    seller_transactions,
)
from tap_amazon_vendor.streams.ads_rows import AdsRows
from tap_amazon_vendor.streams.paged import PagedRows
from tap_amazon_vendor.streams.query_rows import QueryRows
from tap_amazon_vendor.streams.report_rows import ReportRows

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_amazon_vendor.config.settings import Settings

AnyRows = ReportRows | QueryRows | PagedRows | AdsRows

#: Declarations by permission group, named as in Vendor Central.
GROUPS: Mapping[str, tuple[AnyRows, ...]] = {
    "Financial": (*financial.STREAMS, *invoices.STREAMS),
    "Operational": operational.STREAMS,
    "Digital": (*digital.STREAMS, *data_kiosk.VENDOR_STREAMS),
    "Integrations": (*procurement.STREAMS, *direct_fulfillment.STREAMS),
    "Seller fulfillment and orders": seller_orders.STREAMS,
    "Seller inventory": seller_inventory.STREAMS,
    "Seller finance and tax": (*seller_finance.STREAMS, *seller_transactions.STREAMS),
    "Seller performance": (*seller_performance.STREAMS, *data_kiosk.SELLER_STREAMS),
    "Amazon Ads": ads.STREAMS,
}

#: Every declaration.
STREAMS: tuple[AnyRows, ...] = tuple(stream for streams in GROUPS.values() for stream in streams)

#: Declarations of report streams.
REPORT_STREAMS: tuple[ReportRows, ...] = tuple(stream for stream in STREAMS if isinstance(stream, ReportRows))


def left_out(settings: Settings) -> list[str]:
    """List the streams that the settings leave without any partition, and why.

    Args:
        settings: The run's settings.
    """
    streams = (stream for stream in STREAMS if not isinstance(stream, PagedRows))
    reasons = ((stream.name, stream.left_out(settings)) for stream in streams)
    return [f"{name}: {reason}" for name, reason in reasons if reason]
