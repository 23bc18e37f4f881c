{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('vendor_purchase_order_statuses', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["purchase_order_number", "string"],
    ["purchase_order_status", "string"],
    ["purchase_order_date", "instant"],
    ["last_updated_date", "instant"],
    ["selling_party", "json"],
    ["ship_to_party", "json"],
    ["item_status", "json"],
    ["seen_at", "instant"],
    ["_extra", "string"],
]) }}
