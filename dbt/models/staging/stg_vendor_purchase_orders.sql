{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('vendor_purchase_orders', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["purchase_order_number", "string"],
    ["purchase_order_state", "string"],
    ["order_details", "json"],
    ["seen_at", "instant"],
    ["_extra", "string"],
]) }}
