{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('vendor_real_time_sales', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["start_time", "instant"],
    ["end_time", "instant"],
    ["asin", "string"],
    ["ordered_units", "integer"],
    ["ordered_revenue", "number"],
    ["currency_code", "string"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
