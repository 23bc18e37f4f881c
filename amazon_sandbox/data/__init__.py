"""What the selling partners of the sandbox sold: seeded, restated, summed up.

A figure follows from the seed, the account, the marketplace, the ASIN, the day (or hour)
and its age when the report is asked for. All sums are sums of whole numbers (units,
cents), so aggregates, programs and longer periods fit exactly.

Fields and their presence are those of Amazon's schemas, columns those of `headers.tsv`.
Each room of this package has the reports of one kind; a report is a function that gives
the arrays of its document, or the lines of its flat file.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, TypedDict

from amazon_sandbox.accounts import RESTRICTED_ROLES
from amazon_sandbox.data import finance, fulfillment, ledger, removals, stock, tax
from amazon_sandbox.data.brand import market_basket, repeat_purchase, search_terms
from amazon_sandbox.data.campaigns import coupons, promotions
from amazon_sandbox.data.catalogue import Catalogue, Query, iso, make_catalogue
from amazon_sandbox.data.direct import DirectOrders
from amazon_sandbox.data.forecasts import forecasts
from amazon_sandbox.data.inventory import inventory
from amazon_sandbox.data.invoices import Invoices
from amazon_sandbox.data.performance import (
    account_health,
    sales_and_traffic,
    search_catalog,
    search_query,
)
from amazon_sandbox.data.procurement import Procurement
from amazon_sandbox.data.realtime import real_time_inventory, real_time_sales, real_time_traffic
from amazon_sandbox.data.retail import margin, sales, traffic
from amazon_sandbox.data.tables import Sheet, Style, table_of
from amazon_sandbox.data.vendor_analytics import View, newest, worked_out
from amazon_sandbox.data.vendor_analytics import rows as view_rows
from amazon_sandbox.reports import RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from typing_extensions import NotRequired, Unpack

    from amazon_sandbox.accounts import SandboxAccount
    from amazon_sandbox.data.catalogue import Report, Row
    from amazon_sandbox.data.tables import Table

REPORTS: Mapping[str, Report] = {
    "GET_VENDOR_SALES_REPORT": sales,
    "GET_VENDOR_INVENTORY_REPORT": inventory,
    "GET_VENDOR_TRAFFIC_REPORT": traffic,
    "GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT": margin,
    "GET_VENDOR_FORECASTING_REPORT": forecasts,
    "GET_VENDOR_REAL_TIME_SALES_REPORT": real_time_sales,
    "GET_VENDOR_REAL_TIME_TRAFFIC_REPORT": real_time_traffic,
    "GET_VENDOR_REAL_TIME_INVENTORY_REPORT": real_time_inventory,
    "GET_BRAND_ANALYTICS_MARKET_BASKET_REPORT": market_basket,
    "GET_BRAND_ANALYTICS_REPEAT_PURCHASE_REPORT": repeat_purchase,
    "GET_BRAND_ANALYTICS_SEARCH_TERMS_REPORT": search_terms,
    "GET_PROMOTION_PERFORMANCE_REPORT": promotions,
    "GET_COUPON_PERFORMANCE_REPORT": coupons,
    "GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL": fulfillment.xml_orders_by_order_date,
    "GET_XML_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL": fulfillment.xml_orders_by_last_update,
    "GET_V2_SELLER_PERFORMANCE_REPORT": account_health,
    "GET_SALES_AND_TRAFFIC_REPORT": sales_and_traffic,
    "GET_BRAND_ANALYTICS_SEARCH_CATALOG_PERFORMANCE_REPORT": search_catalog,
    "GET_BRAND_ANALYTICS_SEARCH_QUERY_PERFORMANCE_REPORT": search_query,
}

# The kind of message in reports that are XML.
XML: Mapping[str, str] = {
    "GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL": "AllOrdersReport",
    "GET_XML_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL": "AllOrdersReport",
}

# Settlements have local dates and, in Europe, a decimal comma (docs/amazon/documents.md#local-formats).
SETTLEMENT = Style(moment="%Y-%m-%d %H:%M:%S UTC", newline="\n")
EUROPEAN = replace(SETTLEMENT, moment="%d.%m.%Y %H:%M:%S UTC", day="%d.%m.%Y", decimal_comma=True)
LOCAL_SETTLEMENTS: Mapping[str, Style] = {
    **dict.fromkeys(("DE", "FR", "IT", "ES", "NL", "BE", "SE", "PL"), EUROPEAN),
    "UK": replace(EUROPEAN, decimal_comma=False),
    "JP": replace(SETTLEMENT, moment="%Y/%m/%d %H:%M:%S UTC", day="%Y/%m/%d"),
}
LEDGER = Style(moment="%Y-%m-%dT%H:%M:%S%z", day="%m/%d/%Y", quoted=True, newline="\n")

TABLES: Mapping[str, Sheet] = {
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL": Sheet(
        fulfillment.orders_by_order_date, ignores_marketplaces=True
    ),
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL": Sheet(
        fulfillment.orders_by_last_update, ignores_marketplaces=True
    ),
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL": Sheet(fulfillment.fulfilled_shipments),
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX": Sheet(fulfillment.fulfilled_shipments_with_buyers),
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING": Sheet(fulfillment.fulfilled_shipments_with_buyers),
    "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_SALES_DATA": Sheet(fulfillment.shipment_sales),
    "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_PROMOTION_DATA": Sheet(fulfillment.shipment_promotions),
    "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA": Sheet(fulfillment.replacements),
    "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA": Sheet(fulfillment.customer_returns),
    "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE": Sheet(
        fulfillment.returns_by_return_date, Style(day="%d-%b-%Y", newline="\n")
    ),
    "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA": Sheet(removals.removal_orders),
    "GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA": Sheet(removals.removal_shipments),
    "GET_AFN_INVENTORY_DATA": Sheet(stock.afn_inventory),
    "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA": Sheet(stock.unsuppressed_inventory),
    "GET_FBA_MYI_ALL_INVENTORY_DATA": Sheet(stock.all_inventory),
    "GET_RESERVED_INVENTORY_DATA": Sheet(stock.reserved_inventory),
    "GET_FBA_INVENTORY_PLANNING_DATA": Sheet(stock.inventory_planning),
    "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT": Sheet(stock.restock_recommendations, Style(day="%m/%d/%Y")),
    "GET_STRANDED_INVENTORY_UI_DATA": Sheet(stock.stranded_inventory),
    "GET_STRANDED_INVENTORY_LOADER_DATA": Sheet(stock.stranded_inventory_loader),
    "GET_AFN_INVENTORY_DATA_BY_COUNTRY": Sheet(stock.afn_inventory_by_country),
    "GET_FBA_FULFILLMENT_INBOUND_NONCOMPLIANCE_DATA": Sheet(removals.inbound_noncompliance),
    "GET_LEDGER_DETAIL_VIEW_DATA": Sheet(ledger.ledger_detail, LEDGER),
    "GET_LEDGER_SUMMARY_VIEW_DATA": Sheet(ledger.ledger_summary, LEDGER),
    "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2": Sheet(finance.settlement, SETTLEMENT, local=LOCAL_SETTLEMENTS),
    "GET_FBA_REIMBURSEMENTS_DATA": Sheet(finance.reimbursements, ignores_marketplaces=True),
    "GET_FBA_STORAGE_FEE_CHARGES_DATA": Sheet(finance.storage_fees),
    "GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA": Sheet(finance.long_term_storage_fees),
    "GET_FBA_OVERAGE_FEE_CHARGES_DATA": Sheet(finance.overage_fees),
    "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA": Sheet(finance.estimated_fees, ignores_marketplaces=True),
    "GET_VAT_TRANSACTION_DATA": Sheet(tax.vat_transactions, Style(day="%d-%m-%Y"), everywhere=True),
    "GET_GST_MTR_B2B_CUSTOM": Sheet(tax.gst_b2b, Style(moment="%Y-%m-%d %H:%M:%S")),
    "GET_GST_MTR_B2C_CUSTOM": Sheet(tax.gst_b2c, Style(moment="%Y-%m-%d %H:%M:%S")),
}

# What Amazon no longer gives to applications, but archives of sellers hold (docs/amazon/seller-reports.md#settlements).
ARCHIVED: Mapping[str, Sheet] = {
    "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE": Sheet(
        finance.settlement_v1, replace(SETTLEMENT, moment="%Y-%m-%dT%H:%M:%S+00:00"), local=LOCAL_SETTLEMENTS
    ),
}

# Their longer periods are made of their days, so whether there is a row depends on no period.
ADDED_UP = frozenset(
    {
        "GET_VENDOR_SALES_REPORT",
        "GET_VENDOR_INVENTORY_REPORT",
        "GET_VENDOR_TRAFFIC_REPORT",
        "GET_VENDOR_NET_PURE_PRODUCT_MARGIN_REPORT",
    }
)


class Asked(TypedDict):
    """What a report is asked for.

    Attributes:
        account: The account or its label.
        marketplace_id: The one marketplace.
        options: The reportOptions.
        start: First day of the first period; for hourly reports an aware datetime, and
            None for those without dates or with dates in their options.
        end: Last day of the last period, included, or the same.
        as_of: The day (UTC) of createReport, on which restatement depends; for hourly
            reports and flat files the moment: what happens later is not yet known. A bare
            day stands for its midnight.
        whole_region: Whether a report that may ignore the marketplace does.
    """

    account: SandboxAccount | str
    marketplace_id: str
    options: Mapping[str, str]
    start: NotRequired[date | None]
    end: NotRequired[date | None]
    as_of: date
    whole_region: NotRequired[bool]


class Data:
    """All figures of one sandbox.

    Args:
        seed: Another seed is another world.
        accounts: The accounts that have figures.
        asins: Number of ASINs in each catalogue.
        search_terms: Number of terms in each marketplace's search terms report.
    """

    def __init__(self, seed: int, accounts: Sequence[SandboxAccount], asins: int, search_terms: int) -> None:
        """Work nothing out yet: a catalogue is made when it is first needed."""
        self._seed = seed
        self._accounts = {account.label: account for account in accounts}
        self._asins = asins
        self._search_terms = search_terms
        self._catalogue = lru_cache(maxsize=None)(self._make_catalogue)
        self._procurement = lru_cache(maxsize=None)(self._make_procurement)
        self._invoices = lru_cache(maxsize=None)(self._make_invoices)
        self._direct_orders = lru_cache(maxsize=None)(self._make_direct_orders)

    def catalogue(self, account: SandboxAccount | str, marketplace_id: str) -> Catalogue:
        """The ASINs that an account sells in a marketplace."""
        label = account if isinstance(account, str) else account.label
        return self._catalogue(label, marketplace_id)

    def procurement(self, account: SandboxAccount | str) -> Procurement:
        """The purchase orders of a vendor, which has one marketplace."""
        return self._procurement(account if isinstance(account, str) else account.label)

    def invoices(self, account: SandboxAccount | str) -> Invoices:
        """The invoices of a vendor."""
        return self._invoices(account if isinstance(account, str) else account.label)

    def direct_orders(self, account: SandboxAccount | str) -> DirectOrders:
        """The direct fulfilment orders of a vendor."""
        return self._direct_orders(account if isinstance(account, str) else account.label)

    def vendor_analytics(  # noqa: PLR0913 - what a query asks for
        self,
        account: SandboxAccount | str,
        *,
        view: str,
        period: str,
        start: date,
        end: date,
        as_of: datetime,
        currency: str = "USD",
        attributes: Collection[str] = ("asin",),
    ) -> list[Row]:
        """Work out what Data Kiosk's vendor analytics hold for a query of all metrics.

        Args:
            account: The vendor.
            view: manufacturingView or sourcingView.
            period: The aggregateBy: DAY, WEEK or MONTH.
            start: The startDate.
            end: The endDate.
            as_of: The moment of createQuery.
            currency: The currencyCode.
            attributes: What is grouped by.

        Returns:
            The elements of the list; amounts and rates are Decimals.
        """
        known = self._account(account)
        query = Query(known.first_day, {}, start, end, as_of)
        catalogue = self.catalogue(known, known.marketplaces[0])
        asked = View(catalogue, query, view == "sourcingView", period, currency, frozenset(attributes))
        return worked_out(view_rows(asked, newest(as_of)))

    def document(self, report_type: str, **asked: Unpack[Asked]) -> dict[str, Any]:
        """Work out the JSON document that a report asked for on a day would hold.

        Money amounts are `Decimal` with the digits of the document (whole yen are
        `int`), so compare with `json.loads(text, parse_float=Decimal)`.

        Args:
            report_type: Amazon's name of the report.
            asked: What it is asked for.

        Returns:
            The document. Rules of the API are not applied: `reports.py` has those.
        """
        document = self.stream(report_type, **asked)
        return {name: part if name == "reportSpecification" else list(part) for name, part in document.items()}

    def stream(self, report_type: str, **asked: Unpack[Asked]) -> dict[str, Any]:
        """Like `document`, but each array is an iterator that makes rows as it goes."""
        rule = RULES[report_type]
        catalogue = self.catalogue(asked["account"], asked["marketplace_id"])
        options = {**rule.defaults, **asked["options"]}
        if "currencyCode" in rule.optional:
            options.setdefault("currencyCode", catalogue.currency)
        query = self._query({**asked, "options": options})
        arrays = REPORTS[report_type](catalogue, query)
        if not rule.specified:
            return dict(arrays)
        specification: Row = {"reportType": report_type}
        if rule.options:
            specification["reportOptions"] = dict(sorted(options.items()))
        if rule.says_when_updated:
            specification["lastUpdatedDate"] = query.today.isoformat()
        for name, value in (("dataStartTime", asked.get("start")), ("dataEndTime", asked.get("end"))):
            if value is not None:
                specification[name] = iso(value) if isinstance(value, datetime) else value.isoformat()
        specification["marketplaceIds"] = [asked["marketplace_id"]]
        return {"reportSpecification": specification, **arrays}

    def table(self, report_type: str, **asked: Unpack[Asked]) -> Table:
        """Work out the flat file that a report asked for at a moment would hold.

        Args:
            report_type: Amazon's name of a report type in TABLES or ARCHIVED.
            asked: What it is asked for.

        Returns:
            The table with all its rows; `flatfiles.write` makes its bytes.
        """
        return self.lazy_table(report_type, **asked).whole()

    def lazy_table(self, report_type: str, **asked: Unpack[Asked]) -> Table:
        """Like `table`, but its rows are made as they are read."""
        sheet = TABLES.get(report_type) or ARCHIVED[report_type]
        account, place = asked["account"], asked["marketplace_id"]
        catalogue = self.catalogue(account, place)
        query = self._query(asked)
        whole = sheet.everywhere or (sheet.ignores_marketplaces and asked.get("whole_region"))
        places = self._account(account).marketplaces if whole else (place,)
        lines = chain.from_iterable(sheet.lines(self.catalogue(account, each), query) for each in places)
        return table_of(report_type, sheet, catalogue.country, lines)

    def has_rows(self, report_type: str, **asked: Unpack[Asked]) -> bool:
        """Tell whether a report would have any row, without working it out."""
        if report_type in TABLES:
            table = self.lazy_table(report_type, **asked)
            return any(True for _ in table.rows)
        # Where periods add up from days, the first row of the first day with one is
        # enough, for a year too.
        if report_type in ADDED_UP:
            asked = {**asked, "options": {**asked["options"], "reportPeriod": "DAY"}}
        document = self.stream(report_type, **asked)
        *_, rows = document.values()
        return next(iter(rows), None) is not None

    def _account(self, account: SandboxAccount | str) -> SandboxAccount:
        return self._accounts[account if isinstance(account, str) else account.label]

    def _query(self, asked: Asked) -> Query:
        account, as_of = self._account(asked["account"]), asked["as_of"]
        start, end = (asked.get("start") or as_of, asked.get("end") or as_of)
        personal = not set(RESTRICTED_ROLES).isdisjoint(account.roles)
        return Query(account.first_day, asked["options"], start, end, as_of, personal)

    def _make_procurement(self, label: str) -> Procurement:
        account = self._accounts[label]
        return Procurement(self.catalogue(label, account.marketplaces[0]), account.first_day)

    def _make_invoices(self, label: str) -> Invoices:
        catalogue = self.catalogue(label, self._accounts[label].marketplaces[0])
        return Invoices(catalogue, self.procurement(label))

    def _make_direct_orders(self, label: str) -> DirectOrders:
        account = self._accounts[label]
        return DirectOrders(self.catalogue(label, account.marketplaces[0]), account.first_day)

    def _make_catalogue(self, label: str, marketplace_id: str) -> Catalogue:
        return make_catalogue(self._seed, label, marketplace_id, self._asins, self._search_terms)
