{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('vendor_net_pure_product_margin_totals', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["report_period", "string"],
    ["start_date", "date"],
    ["end_date", "date"],
    ["net_pure_product_margin", "number"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
