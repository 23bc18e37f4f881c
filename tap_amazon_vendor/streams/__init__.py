"""The streams, by the permission groups that a vendor sees in Vendor Central."""

from __future__ import annotations

from tap_amazon_vendor.streams import digital, financial

#: Every report stream.
REPORT_STREAMS = (*financial.STREAMS, *digital.STREAMS)
