"""Seller finance and tax (REPORTS.md sections 6, 9, 10 and 12)."""

from __future__ import annotations

from datetime import timedelta

import pendulum

from tap_amazon_vendor.reports.flat_files import LINE_NUMBER, OCCURRENCE, FlatFile
from tap_amazon_vendor.reports.windows import MadeByAmazon, Snapshot, TimedPeriod
from tap_amazon_vendor.streams.base import ReportStream
from tap_amazon_vendor.streams.roles import (
    AMAZON_FULFILLMENT,
    FINANCE,
    PRICING,
    TAX_INVOICING,
    TAX_REMITTANCE,
)
from tap_amazon_vendor.streams.seller_orders import (
    DAILY,
    EIGHTEEN_MONTHS,
    FBA_DAYS,
    NEAR_REAL_TIME,
    NORTH_AMERICA,
    NUMBERED,
    TABS,
)

EUROPE = frozenset({"BE", "DE", "ES", "FR", "GB", "IE", "IT", "NL", "PL", "SE"})
VAT_COUNTRIES = frozenset({"DE", "ES", "IT", "FR", "GB"})
INDIA = frozenset({"IN"})

#: A month's storage is billed by the middle of the next. A month asked for too early is cancelled as one without data.
BILLED_MONTHS = TimedPeriod("MONTH", 1, EIGHTEEN_MONTHS, late=15)

#: End less start must be exactly one month.
SURCHARGED_MONTHS = TimedPeriod("MONTH", 1, EIGHTEEN_MONTHS, late=3, ends_at_midnight=True)

#: Ready on the third of the next month; asked for before, it is refused.
VAT_MONTHS = TimedPeriod("MONTH", 1, EIGHTEEN_MONTHS, late=3)

#: A consumer's invoices reach back 45 days, the first of which is not whole. For business customers nothing is said.
GST_B2C_DAYS = TimedPeriod("DAY", 30, pendulum.duration(days=44))
GST_B2B_DAYS = TimedPeriod("DAY", 30, pendulum.duration(months=12))


class SellerSettlements(ReportStream):
    """Lines of settlements, in the local format of numbers and dates."""

    name = "seller_settlements"
    kind = "seller"
    report_type = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
    flat = FlatFile(numbered=LINE_NUMBER, local_numbers=True)
    row_keys = ("settlement_id", LINE_NUMBER)
    replication_key = "posted_date_time"
    calendars = MadeByAmazon()
    made_by_amazon = True
    once_per_account = True
    roles = (FINANCE,)


class SellerReimbursements(ReportStream):
    """Lines of reimbursements."""

    name = "seller_reimbursements"
    kind = "seller"
    report_type = "GET_FBA_REIMBURSEMENTS_DATA"
    flat = NUMBERED
    row_keys = ("reimbursement_id", "sku", "fnsku", "reason", OCCURRENCE)
    replication_key = "approval_date"
    calendars = FBA_DAYS
    regenerates = DAILY
    roles = (PRICING, AMAZON_FULFILLMENT)


class SellerStorageFees(ReportStream):
    """Storage fees of a month."""

    name = "seller_storage_fees"
    kind = "seller"
    report_type = "GET_FBA_STORAGE_FEE_CHARGES_DATA"
    # In every other table `country_code` is the marketplace's.
    flat = FlatFile(headers={"country_code": "fulfillment_center_country_code"})
    row_keys = ("month_of_charge", "fnsku", "fulfillment_center", "fulfillment_center_country_code")
    replication_key = "month_of_charge"
    calendars = BILLED_MONTHS
    regenerates = DAILY
    roles = (PRICING, AMAZON_FULFILLMENT)


class SellerLongTermStorageFees(ReportStream):
    """Surcharges of a month on old stock."""

    name = "seller_long_term_storage_fees"
    kind = "seller"
    report_type = "GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA"
    flat = NUMBERED
    row_keys = ("snapshot_date", "sku", "fnsku", OCCURRENCE)
    replication_key = "snapshot_date"
    calendars = SURCHARGED_MONTHS
    regenerates = DAILY
    roles = (PRICING, AMAZON_FULFILLMENT)


class SellerEstimatedFees(ReportStream):
    """Fees expected today. The range begins at least 72 hours ago and ends now."""

    name = "seller_estimated_fees"
    kind = "seller"
    report_type = "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA"
    flat = FlatFile(
        numbered=OCCURRENCE,
        headers={
            "estimated-future-fee (Current Selling on Amazon + Future Fulfillment fees)": "estimated_future_fee",
        },
        nulls=("--", "N/A"),
    )
    row_keys = ("snapshot_time", "sku", "fnsku", OCCURRENCE)
    replication_key = "snapshot_time"
    calendars = Snapshot(since=3)
    regenerates = timedelta(days=1)
    roles = (PRICING, AMAZON_FULFILLMENT)


class SellerFulfilledShipmentsTax(ReportStream):
    """Lines of what Amazon shipped, for taxes."""

    name = "seller_fulfilled_shipments_tax"
    kind = "seller"
    report_type = "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX"
    flat = TABS
    row_keys = ("shipment_id", "shipment_item_id")
    replication_key = "shipment_date"
    calendars = FBA_DAYS
    restricted = True
    regenerates = NEAR_REAL_TIME
    roles = (TAX_REMITTANCE,)
    countries = NORTH_AMERICA


class SellerFulfilledShipmentsInvoicing(ReportStream):
    """Lines of what Amazon shipped, for invoices."""

    name = "seller_fulfilled_shipments_invoicing"
    kind = "seller"
    report_type = "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING"
    flat = TABS
    row_keys = ("shipment_id", "shipment_item_id")
    replication_key = "shipment_date"
    calendars = FBA_DAYS
    restricted = True
    regenerates = NEAR_REAL_TIME
    roles = (TAX_INVOICING,)
    countries = EUROPE


class SellerVatTransactions(ReportStream):
    """Transactions of a month. The report ignores which marketplace is asked for: it has all of the account."""

    name = "seller_vat_transactions"
    kind = "seller"
    report_type = "GET_VAT_TRANSACTION_DATA"
    flat = FlatFile(
        numbered=OCCURRENCE,
        headers={"DEPARTURE_CITY": "depature_city"},
        day_first=True,
    )
    row_keys = ("transaction_event_id", "activity_transaction_id", "seller_sku", OCCURRENCE)
    replication_key = "transaction_complete_date"
    calendars = VAT_MONTHS
    restricted = True
    once_per_account = True
    roles = (TAX_INVOICING,)
    countries = VAT_COUNTRIES


class SellerGstB2b(ReportStream):
    """Sales to business customers in India."""

    name = "seller_gst_b2b"
    kind = "seller"
    report_type = "GET_GST_MTR_B2B_CUSTOM"
    flat = NUMBERED
    row_keys = ("invoice_number", "transaction_type", "order_id", "shipment_item_id", OCCURRENCE)
    replication_key = "invoice_date"
    calendars = GST_B2B_DAYS
    restricted = True
    roles = (TAX_INVOICING,)
    countries = INDIA


class SellerGstB2c(ReportStream):
    """Sales to consumers in India."""

    name = "seller_gst_b2c"
    kind = "seller"
    report_type = "GET_GST_MTR_B2C_CUSTOM"
    flat = NUMBERED
    row_keys = ("invoice_number", "transaction_type", "order_id", "shipment_item_id", OCCURRENCE)
    replication_key = "invoice_date"
    calendars = GST_B2C_DAYS
    roles = (TAX_INVOICING,)
    countries = INDIA


STREAMS = (
    SellerSettlements,
    SellerReimbursements,
    SellerStorageFees,
    SellerLongTermStorageFees,
    SellerEstimatedFees,
    SellerFulfilledShipmentsTax,
    SellerFulfilledShipmentsInvoicing,
    SellerVatTransactions,
    SellerGstB2b,
    SellerGstB2c,
)
