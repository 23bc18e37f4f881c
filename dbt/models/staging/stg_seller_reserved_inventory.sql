{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('seller_reserved_inventory', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["snapshot_time", "instant"],
    ["sku", "string"],
    ["fnsku", "string"],
    ["asin", "string"],
    ["product_name", "string"],
    ["reserved_qty", "integer"],
    ["reserved_customerorders", "integer"],
    ["reserved_fc_transfers", "integer"],
    ["reserved_fc_processing", "integer"],
    ["program", "string"],
    ["reserved_staging", "integer"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
