"""The streams, by the permission groups that a vendor sees in Vendor Central."""

from __future__ import annotations

from tap_amazon_vendor.streams import digital, financial, operational

#: Report streams by permission group, named as Vendor Central names them.
GROUPS = {
    "Financial": financial.STREAMS,
    "Operational": operational.STREAMS,
    "Digital": digital.STREAMS,
}

#: Every report stream.
REPORT_STREAMS = tuple(stream for streams in GROUPS.values() for stream in streams)
