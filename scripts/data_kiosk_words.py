"""What the fields of Data Kiosk mean, in our words, for the descriptions of their columns.

Facts are from the descriptions in Amazon's GraphQL schemas (docs/amazon/data-kiosk.md#datasets) and from the reports
that have the same figures.
"""

from __future__ import annotations

#: Meaning of a field: by its name, where that means different things with the names above it. Amounts get their
#: currency column appended, fields for business customers say so.
MEANINGS = {
    # All datasets.
    "marketplaceId": "Amazon's id of the marketplace that the row belongs to",
    "startDate": "First day of the period, as Amazon states it",
    "endDate": "Last day of the period, as Amazon states it",
    # Attributes that figures are split by.
    "asin": "Amazon Standard Identification Number of the product",
    "binding": "Format of the product, such as Hardcover or DVD-Audio",
    "brand": "Brand of the product",
    "brandCode": "Amazon's code of the brand",
    "color": "Color of the product",
    "ean": "European Article Number, 13 digits",
    "isbn13": "International Standard Book Number, 13 digits",
    "manufacturerCode": "Amazon's code of the manufacturer",
    "modelNumber": "Model or style number of the product",
    "parentAsin": "ASIN of the parent product, which groups variations and can't be bought itself",
    "prepInstructions": "How the product must be prepared for the warehouse, such as bubble wrapping",
    "prepInstructionsPerformedBy": "Who prepares it: Amazon or the vendor",
    "productGroup": "Amazon's product group, such as Wireless or Major Appliances",
    "productTitle": "Title of the product",
    "releaseDate": "Day from which the public can buy the product, as Amazon writes it",
    "replenishmentCategory": "Availability of the product to Amazon, as Amazon classifies it",
    "shipToCity": "City that the units were shipped to",
    "shipToCountryCode": "ISO 3166-1 country code, two letters, that the units were shipped to",
    "shipToStateOrProvince": "State or province that the units were shipped to",
    "shipToZipCode": "ZIP code that the units were shipped to",
    "upc": "Universal Product Code",
    "vendorCode": "Vendor code that Amazon orders the product from",
    # Vendors: costs.
    "averageSalesDiscount": "Sales discount divided by shipped units",
    "contraCogs": "Vendor funding that reduces Amazon's cost of goods (contra COGS), without display ads",
    "contraCogsPerUnit": "Contra COGS divided by shipped units",
    "netPPM": "Net pure product margin: shipped revenue less cost of goods and sales discount, plus contra COGS, "
    "divided by shipped revenue. A fraction: 0.25 is 25 percent",
    "salesDiscount": "What promotions at checkout, gift card promotions and loyalty points took off",
    "shippedCogs": "What Amazon paid the vendor for the units shipped (cost of goods sold)",
    # Vendors: customer satisfaction.
    "browseNodeReturnTopics": "The ten most common topics of return comments in the product's category, with the "
    "share of each, as Amazon writes them",
    "browseNodeReturnTopicTrends": "The ten most common topics of return comments in the product's category, with the "
    "share of each in the past six months, as Amazon writes them",
    "customerReturns": "Units that customers returned",
    "asinReviewTopics": "Topics of customer reviews of the product: the ten most common positive and negative ones, "
    "their trends, and their effect on the star rating",
    "browseNodeReviewTopics": "The same topics of customer reviews for the product's category",
    # Vendors: forecasts and orders.
    "forecasting": "Demand that Amazon forecasts for each coming week, in units: the mean, and the numbers that "
    "demand will not exceed with a probability of 70, 80 and 90 percent",
    "netOrderedGMS": "Net gross merchandise sales of all orders",
    "netShipmentGMS": "Net gross merchandise sales of what was shipped",
    "orderedUnitsWithRevenue.units": "Units that customers ordered, less returns and cancellations of earlier sales",
    "orderedUnitsWithRevenue.value": "Sales value of the units ordered, less returns and cancellations of earlier "
    "sales",
    "unfilledOrderedUnits": "Units that customers ordered or pre-ordered, and that are not yet shipped",
    # Vendors: stock.
    "aged90DaysSellableInventory.units": "Sellable units that are at least 90 days old, on the period's last day",
    "aged90DaysSellableInventory.value": "Cost of the sellable units that are at least 90 days old, on the period's "
    "last day",
    "sellThroughRate": "Shipped units less customer returns, divided by sellable units on hand plus net received "
    "units. A fraction: 0.25 is 25 percent",
    "sellableInTransitInventory": "Sellable units in transit at the end of the period",
    "sellableOnHandInventory.units": "Sellable units in fulfillment centers on the period's last day",
    "sellableOnHandInventory.value": "Cost of the sellable units in fulfillment centers on the period's last day",
    "sourceableROOS": "Replenishment out-of-stock rate (ROOS) of the products that a vendor can supply. A fraction",
    "ultraFastTrack": "Share of the time that a product could be shipped by Prime from a fulfillment center, weighted "
    "by its importance to customers. A fraction: 1 is always",
    "unhealthyInventory.units": "Units beyond what forecast demand justifies, on the period's last day. Null for DAY",
    "unhealthyInventory.value": "Cost of the units beyond what forecast demand justifies, on the period's last day. "
    "Null for DAY",
    "unsellableInTransitInventory": "Unsellable units in transit at the end of the period",
    "unsellableOnHandInventory.units": "Unsellable units in fulfillment centers on the period's last day",
    "unsellableOnHandInventory.value": "Cost of the unsellable units in fulfillment centers on the period's last day",
    # Vendors: shipped orders.
    "shippedOrders.averageSellingPrice": "Shipped revenue divided by shipped units, without tax",
    "shippedUnitsWithRevenue.units": "Units shipped to customers",
    "shippedUnitsWithRevenue.value": "Gross price that customers paid for the units shipped",
    # Vendors: sourcing and traffic.
    "confirmedUnits": "Units of purchase orders that the vendor confirmed",
    "mostRecentSubmitted": "Units that Amazon ordered in the latest purchase orders of the week",
    "netReceived.units": "Units that Amazon received, less those sent back to the vendor",
    "netReceived.value": "Cost of the units that Amazon received, less those sent back to the vendor",
    "openPurchaseOrderQuantity": "Units of confirmed purchase orders that Amazon has not yet received",
    "overallVendorLeadTime": "Days from the vendor's receipt of a purchase order to the arrival of the goods in a "
    "fulfillment center",
    "procurableProductOOS": "Views of procurable products that were out of stock, divided by all glance views. A "
    "fraction: 0.25 is 25 percent",
    "receivedFillRate": "Net received units divided by confirmed units, of procurable products. A fraction",
    "vendorConfirmationRate": "Confirmed units divided by the units that Amazon ordered, of procurable products. A "
    "fraction",
    "glanceViews": "Views of product pages on which Amazon's retail offer was the featured offer",
    "lostFeaturedOffer": "Views of product pages on which another offer was featured, divided by all views. A "
    "fraction: 0.25 is 25 percent",
    # Sellers: products and sales.
    "childAsin": "ASIN of the product itself",
    "sku": "The seller's own code of the product (stock keeping unit)",
    "msku": "The seller's own code of the product (merchant SKU)",
    "fnsku": "Amazon's code on the label of the product (fulfillment network SKU); null where the SKU has several",
    "averageSalesPerOrderItem": "Ordered product sales divided by order items",
    "averageSellingPrice": "Ordered product sales divided by ordered units",
    "averageUnitsPerOrderItem": "Units in an order item, on average",
    "claimsAmount": "Amount of the A-to-z guarantee claims filed",
    "claimsGranted": "A-to-z guarantee claims granted",
    "orderedProductSales": "Sales value of the units ordered",
    "ordersShipped": "Orders shipped",
    "refundRate": "Units refunded in percent of the units ordered",
    "shippedProductSales": "Sales value of the units shipped",
    "totalOrderItems": "Order items, not units: an order of two products has two",
    "unitsOrdered": "Units ordered",
    "unitsRefunded": "Units refunded",
    "unitsShipped": "Units shipped",
    # Sellers: traffic.
    "averageOfferCount": "Offers of the seller, on average over the period",
    "averageParentItems": "Parent products that the seller offers, on average over the period",
    "browserPageViews": "Views of product pages in browsers",
    "browserPageViewsPercentage": "The product's share of all browser page views, in percent",
    "browserSessions": "Visits in browsers: all views by one user within 24 hours",
    "browserSessionPercentage": "Browser sessions with a view of the product, in percent of all browser sessions",
    "buyBoxPercentage": "Page views with the seller's offer in the Buy Box, in percent of all page views",
    "feedbackReceived": "Ratings that customers gave the seller",
    "mobileAppPageViews": "Views of product pages in the mobile app",
    "mobileAppPageViewsPercentage": "The product's share of all mobile app page views, in percent",
    "mobileAppSessions": "Visits in the mobile app: all views by one user within 24 hours",
    "mobileAppSessionPercentage": "Mobile app sessions with a view of the product, in percent of all mobile app "
    "sessions",
    "negativeFeedbackReceived": "Negative ratings that customers gave the seller",
    "orderItemSessionPercentage": "Order items in percent of sessions",
    "pageViews": "Views of product pages, in browsers and the mobile app",
    "pageViewsPercentage": "The product's share of all page views, in percent",
    "receivedNegativeFeedbackRate": "Orders with a negative rating in percent of all orders",
    "sessions": "Visits, in browsers and the mobile app: all views by one user within 24 hours",
    "sessionPercentage": "Sessions with a view of the product, in percent of all sessions",
    "unitSessionPercentage": "Units ordered in percent of sessions",
    # Sellers: economics.
    "ads": "What advertising the product cost, by type of advertisement: amount, promotion, tax, total and amount per "
    "unit",
    "fees": "Amazon's fees on the product, by type of fee, with the charges that each consists of",
    "costOfGoodsSold": "What the seller says a unit costs to make or buy",
    "shippingToAmazonCost": "What the seller says it costs to ship a unit to a fulfillment center",
    "fulfillmentCost": "What the seller says it costs to fulfil an order of the product without Amazon",
    "storageCost": "What the seller says it costs to store a unit for a month without Amazon",
    "miscellaneousCost": "What the seller states as other costs of a unit, such as overhead",
    "netProceeds.perUnit": "Net proceeds divided by net units sold",
    "netProceeds.total": "Net product sales less fees, advertising and the seller's own costs of the net units sold",
    "netProductSales": "Ordered product sales less refunded product sales",
    "netUnitsSold": "Units ordered less units refunded",
    "refundedProductSales": "Sales value of the units refunded, by when the refund was requested",
}

#: Added where a field counts business customers only.
BUSINESS = "Amazon Business customers only; null where the account has none"


def meaning(path: str) -> str:
    """Return what a field means.

    Args:
        path: Its names, with points between; without `amount` or `currencyCode` at the end.

    Raises:
        KeyError: Nobody has described it yet.
    """
    *_, above, name = ["", *path.removesuffix("B2B").split(".")]
    text = MEANINGS.get(f"{above}.{name}") or MEANINGS[name]
    return f"{text}. {BUSINESS}" if path.endswith("B2B") else text
