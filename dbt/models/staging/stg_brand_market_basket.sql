{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('brand_market_basket', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["report_period", "string"],
    ["start_date", "date"],
    ["end_date", "date"],
    ["asin", "string"],
    ["purchased_with_asin", "string"],
    ["purchased_with_rank", "integer"],
    ["combination_pct", "number"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
