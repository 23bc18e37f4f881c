{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('seller_shipment_promotions', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["shipment_date", "instant"],
    ["currency", "string"],
    ["item_promotion_discount", "number"],
    ["item_promotion_id", "string"],
    ["description", "string"],
    ["promotion_rule_value", "string"],
    ["amazon_order_id", "string"],
    ["shipment_id", "string"],
    ["shipment_item_id", "string"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
