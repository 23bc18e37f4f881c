{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ config(tags=['personal_data']) }}
{{ stream('vendor_direct_shipping_labels', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["purchase_order_number", "string"],
    ["package_number", "integer"],
    ["package_identifier", "string"],
    ["tracking_number", "string"],
    ["ship_method", "string"],
    ["ship_method_name", "string"],
    ["content", "string"],
    ["label_format", "string"],
    ["selling_party", "json"],
    ["ship_from_party", "json"],
    ["seen_at", "instant"],
    ["_extra", "string"],
]) }}
