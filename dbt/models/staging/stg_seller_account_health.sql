{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('seller_account_health', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["snapshot_time", "instant"],
    ["status", "string"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
