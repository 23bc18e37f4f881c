"""Amazon's roles that a report requires (docs/amazon/seller-reports.md#roles): any one of a stream's suffices."""

from __future__ import annotations

BRAND_ANALYTICS = "Brand Analytics"
PRICING = "Pricing"
AMAZON_FULFILLMENT = "Amazon Fulfillment"
INVENTORY_AND_ORDERS = "Inventory and Order Tracking"
PRODUCT_LISTING = "Product Listing"
SELLING_PARTNER_INSIGHTS = "Selling Partner Insights"
FINANCE = "Finance and Accounting"
#: Restricted: Amazon grants them for a proven need of personal data.
SHIPPING = "Direct-to-Consumer Shipping"
TAX_INVOICING = "Tax Invoicing"
TAX_REMITTANCE = "Tax Remittance"
