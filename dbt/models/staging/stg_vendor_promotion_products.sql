{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('vendor_promotion_products', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["promotion_id", "string"],
    ["last_updated_date_time", "instant"],
    ["asin", "string"],
    ["product_name", "string"],
    ["product_glance_views", "integer"],
    ["product_units_sold", "integer"],
    ["product_amount_spent", "number"],
    ["product_amount_spent_currency_code", "string"],
    ["product_revenue", "number"],
    ["product_revenue_currency_code", "string"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
