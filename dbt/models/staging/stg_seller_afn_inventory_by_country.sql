{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('seller_afn_inventory_by_country', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["seller_sku", "string"],
    ["fulfillment_channel_sku", "string"],
    ["asin", "string"],
    ["condition_type", "string"],
    ["country", "string"],
    ["quantity_for_local_fulfillment", "integer"],
    ["snapshot_time", "instant"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
