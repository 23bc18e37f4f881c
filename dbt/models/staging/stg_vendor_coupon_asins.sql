{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('vendor_coupon_asins', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["campaign_id", "string"],
    ["last_updated_date_time", "instant"],
    ["coupon_id", "string"],
    ["asin", "string"],
    ["discount_type", "string"],
    ["discount_amount", "number"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
