{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('seller_afn_inventory', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["snapshot_time", "instant"],
    ["seller_sku", "string"],
    ["fulfillment_channel_sku", "string"],
    ["asin", "string"],
    ["condition_type", "string"],
    ["warehouse_condition_code", "string"],
    ["quantity_available", "integer"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
