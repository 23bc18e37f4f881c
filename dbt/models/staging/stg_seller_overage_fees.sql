{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('seller_overage_fees', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["charged_date", "date"],
    ["charge_country_code", "string"],
    ["storage_type", "string"],
    ["charge_rate", "number"],
    ["storage_usage_volume", "number"],
    ["storage_limit_volume", "number"],
    ["overage_volume", "number"],
    ["volume_unit", "string"],
    ["charged_fee_amount", "number"],
    ["currency_code", "string"],
    ["occurrence", "integer"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
