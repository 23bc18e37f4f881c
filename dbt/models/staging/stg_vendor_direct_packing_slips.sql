{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ config(tags=['personal_data']) }}
{{ stream('vendor_direct_packing_slips', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["purchase_order_number", "string"],
    ["content", "string"],
    ["content_type", "string"],
    ["seen_at", "instant"],
    ["_extra", "string"],
]) }}
