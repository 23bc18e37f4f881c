{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('vendor_real_time_inventory', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["start_time", "instant"],
    ["end_time", "instant"],
    ["asin", "string"],
    ["highly_available_inventory", "integer"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
