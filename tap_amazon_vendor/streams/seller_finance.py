"""Seller finance and tax (docs/amazon/seller-reports.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pendulum

from tap_amazon_vendor.documents.flat_files import LINE_NUMBER, OCCURRENCE, FlatFile
from tap_amazon_vendor.reports.belonging import ToldBy
from tap_amazon_vendor.reports.calendars import AmazonGenerated, Snapshot, TimedPeriod
from tap_amazon_vendor.reports.report_type import ReportType
from tap_amazon_vendor.reports.roles import (
    AMAZON_FULFILLMENT,
    FINANCE,
    PRICING,
    TAX_INVOICING,
    TAX_REMITTANCE,
)
from tap_amazon_vendor.streams.report_rows import ReportRows
from tap_amazon_vendor.streams.seller_orders import (
    BY_CHANNEL,
    BY_CURRENCY,
    DAILY,
    EIGHTEEN_MONTHS,
    EUROPE,
    FBA_DAYS,
    NEAR_REAL_TIME,
    NORTH_AMERICA,
    NUMBERED,
    TABS,
)
from tap_amazon_vendor.streams.totals import SettlementTotal

VAT_COUNTRIES = frozenset({"DE", "ES", "IT", "FR", "GB"})
INDIA = frozenset({"IN"})

#: A month's storage is billed by the middle of the next. A month requested too early is cancelled as without data.
BILLED_MONTHS = TimedPeriod("MONTH", 1, EIGHTEEN_MONTHS, late=15)

#: End less start must be exactly one month.
SURCHARGED_MONTHS = TimedPeriod("MONTH", 1, EIGHTEEN_MONTHS, late=3, ends_at_midnight=True)

#: Ready on the third of the next month; refused if requested earlier.
VAT_MONTHS = TimedPeriod("MONTH", 1, EIGHTEEN_MONTHS, late=3)

#: Consumer invoices reach back 45 days, the first of which is partial; and midnight may pass before
#: the call is made. Amazon states no limit for business customers.
GST_B2C_DAYS = TimedPeriod("DAY", 30, pendulum.duration(days=43))
GST_B2B_DAYS = TimedPeriod("DAY", 30, pendulum.duration(months=12))

seller = partial(ReportType, account_type="seller")
fba = partial(seller, roles=(PRICING, AMAZON_FULFILLMENT), refresh_interval=DAILY)

V2_SETTLEMENT = seller(
    "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
    told_by=ToldBy(name="marketplace_name", currency="currency", within="settlement_id"),
    calendars=AmazonGenerated(),
    layout=FlatFile(numbered=LINE_NUMBER, local_numbers=True),
    once_per_account=True,
    roles=(FINANCE,),
)
# Removed from the API on 2026-11-11 (docs/amazon/seller-reports.md#settlements); archives hold it.
V1_SETTLEMENT = replace(V2_SETTLEMENT, name="GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE", inbox_only=True)
REIMBURSEMENTS = fba(
    "GET_FBA_REIMBURSEMENTS_DATA",
    told_by=ToldBy(currency="currency_unit"),
    ignores_marketplaces=True,
    calendars=FBA_DAYS,
    layout=NUMBERED,
)
STORAGE_FEE = fba(
    "GET_FBA_STORAGE_FEE_CHARGES_DATA",
    told_by=BY_CURRENCY,
    calendars=BILLED_MONTHS,
    layout=FlatFile(headers={"country_code": "fulfillment_center_country_code"}),
)
LONGTERM_STORAGE_FEE = fba(
    "GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA",
    told_by=ToldBy(name="country", currency="currency"),
    calendars=SURCHARGED_MONTHS,
    layout=NUMBERED,
)
ESTIMATED_FBA_FEES = seller(
    "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA",
    told_by=ToldBy(name="amazon_store", currency="currency", always_named=False),
    ignores_marketplaces=True,
    calendars=Snapshot(since=3),
    layout=FlatFile(
        numbered=OCCURRENCE,
        headers={
            "estimated-future-fee (Current Selling on Amazon + Future Fulfillment fees)": "estimated_future_fee",
        },
        nulls=("--", "N/A"),
    ),
    roles=(PRICING, AMAZON_FULFILLMENT),
    refresh_interval=timedelta(days=1),
)
OVERAGE_FEES = seller(
    "GET_FBA_OVERAGE_FEE_CHARGES_DATA",
    told_by=ToldBy(name="charge_country_code", currency="currency_code"),
    calendars=FBA_DAYS,
    layout=FlatFile(numbered=OCCURRENCE, headers={"country_code": "charge_country_code"}),
    roles=(AMAZON_FULFILLMENT,),
    refresh_interval=DAILY,
)
AMAZON_FULFILLED_SHIPMENTS_DATA_TAX = seller(
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX",
    told_by=BY_CHANNEL,
    calendars=FBA_DAYS,
    layout=TABS,
    restricted=True,
    countries=NORTH_AMERICA,
    roles=(TAX_REMITTANCE,),
    refresh_interval=NEAR_REAL_TIME,
)
AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING = seller(
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING",
    told_by=BY_CHANNEL,
    calendars=FBA_DAYS,
    layout=TABS,
    restricted=True,
    countries=EUROPE,
    roles=(TAX_INVOICING,),
    refresh_interval=NEAR_REAL_TIME,
)
VAT_TRANSACTION = seller(
    "GET_VAT_TRANSACTION_DATA",
    told_by=ToldBy(name="marketplace"),
    calendars=VAT_MONTHS,
    layout=FlatFile(
        numbered=OCCURRENCE,
        headers={"DEPARTURE_CITY": "depature_city"},
        day_first=True,
    ),
    once_per_account=True,
    restricted=True,
    countries=VAT_COUNTRIES,
    roles=(TAX_INVOICING,),
)
GST_MTR_B2B_CUSTOM = seller(
    "GET_GST_MTR_B2B_CUSTOM",
    calendars=GST_B2B_DAYS,
    layout=NUMBERED,
    restricted=True,
    countries=INDIA,
    roles=(TAX_INVOICING,),
)
GST_MTR_B2C_CUSTOM = seller(
    "GET_GST_MTR_B2C_CUSTOM",
    calendars=GST_B2C_DAYS,
    layout=NUMBERED,
    countries=INDIA,
    roles=(TAX_INVOICING,),
)

STREAMS = (
    # Lines of settlements, in the local format of numbers and dates.
    ReportRows(
        name="seller_settlements",
        report=V2_SETTLEMENT,
        key_columns=("settlement_id", LINE_NUMBER),
        required_keys=("settlement_id",),
        replication_key="posted_date_time",
        total=SettlementTotal(amounts=("amount",)),
    ),
    # The same in the first version, with a column for each kind of amount.
    ReportRows(
        name="seller_settlements_v1",
        report=V1_SETTLEMENT,
        key_columns=("settlement_id", LINE_NUMBER),
        required_keys=("settlement_id",),
        replication_key="posted_date",
        total=SettlementTotal(
            amounts=(
                "shipment_fee_amount",
                "order_fee_amount",
                "price_amount",
                "item_related_fee_amount",
                "misc_fee_amount",
                "other_fee_amount",
                "promotion_amount",
                "direct_payment_amount",
                "other_amount",
            ),
        ),
    ),
    # Lines of reimbursements.
    ReportRows(
        name="seller_reimbursements",
        report=REIMBURSEMENTS,
        key_columns=("reimbursement_id", "sku", "fnsku", "reason", OCCURRENCE),
        required_keys=("reimbursement_id",),
        replication_key="approval_date",
    ),
    # Storage fees of a month.
    # In every other table `country_code` is the marketplace's.
    ReportRows(
        name="seller_storage_fees",
        report=STORAGE_FEE,
        key_columns=("month_of_charge", "fnsku", "fulfillment_center", "fulfillment_center_country_code"),
        required_keys=("month_of_charge",),
        replication_key="month_of_charge",
    ),
    # Surcharges of a month on old stock.
    ReportRows(
        name="seller_long_term_storage_fees",
        report=LONGTERM_STORAGE_FEE,
        key_columns=("snapshot_date", "sku", "fnsku", OCCURRENCE),
        replication_key="snapshot_date",
    ),
    # Fees for stock beyond the limit.
    ReportRows(
        name="seller_overage_fees",
        report=OVERAGE_FEES,
        opt_in=True,
        key_columns=("charged_date", "charge_country_code", "storage_type", OCCURRENCE),
        replication_key="charged_date",
    ),
    # Fees expected today. The range begins at least 72 hours ago and ends now.
    ReportRows(
        name="seller_estimated_fees",
        report=ESTIMATED_FBA_FEES,
        key_columns=("snapshot_time", "sku", "fnsku", OCCURRENCE),
        required_keys=("sku",),
        replication_key="snapshot_time",
    ),
    # Lines of what Amazon shipped, for taxes.
    ReportRows(
        name="seller_fulfilled_shipments_tax",
        report=AMAZON_FULFILLED_SHIPMENTS_DATA_TAX,
        key_columns=("shipment_id", "shipment_item_id"),
        required_keys=("shipment_id", "shipment_item_id"),
        replication_key="shipment_date",
    ),
    # Lines of what Amazon shipped, for invoices.
    ReportRows(
        name="seller_fulfilled_shipments_invoicing",
        report=AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING,
        key_columns=("shipment_id", "shipment_item_id"),
        required_keys=("shipment_id", "shipment_item_id"),
        replication_key="shipment_date",
    ),
    # Transactions of a month. The report ignores the requested marketplace: it covers all of the account's.
    ReportRows(
        name="seller_vat_transactions",
        report=VAT_TRANSACTION,
        key_columns=("transaction_event_id", "activity_transaction_id", "seller_sku", OCCURRENCE),
        required_keys=("transaction_event_id",),
        replication_key="transaction_complete_date",
    ),
    # Sales to business customers in India.
    ReportRows(
        name="seller_gst_b2b",
        report=GST_MTR_B2B_CUSTOM,
        key_columns=("invoice_number", "transaction_type", "order_id", "shipment_item_id", OCCURRENCE),
        required_keys=("order_id",),
        replication_key="invoice_date",
    ),
    # Sales to consumers in India.
    ReportRows(
        name="seller_gst_b2c",
        report=GST_MTR_B2C_CUSTOM,
        key_columns=("invoice_number", "transaction_type", "order_id", "shipment_item_id", OCCURRENCE),
        required_keys=("order_id",),
        replication_key="invoice_date",
    ),
)
