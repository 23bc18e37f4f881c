{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('ads_profiles', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["profile_id", "string"],
    ["snapshot_time", "instant"],
    ["currency_code", "string"],
    ["timezone", "string"],
    ["daily_budget", "number"],
    ["account_info_id", "string"],
    ["account_info_type", "string"],
    ["account_info_name", "string"],
    ["account_info_sub_type", "string"],
    ["account_info_valid_payment_method", "boolean"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
