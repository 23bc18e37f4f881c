{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('brand_repeat_purchase', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["report_period", "string"],
    ["start_date", "date"],
    ["end_date", "date"],
    ["asin", "string"],
    ["orders", "integer"],
    ["unique_customers", "integer"],
    ["repeat_customers_pct_total", "number"],
    ["repeat_purchase_revenue_amount", "number"],
    ["repeat_purchase_revenue_currency_code", "string"],
    ["repeat_purchase_revenue_pct_total", "number"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
