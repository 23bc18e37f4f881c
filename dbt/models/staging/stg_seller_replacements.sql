{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('seller_replacements', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["shipment_date", "instant"],
    ["sku", "string"],
    ["asin", "string"],
    ["fulfillment_center_id", "string"],
    ["original_fulfillment_center_id", "string"],
    ["quantity", "integer"],
    ["replacement_reason_code", "string"],
    ["replacement_customer_order_id", "string"],
    ["original_amazon_order_id", "string"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
