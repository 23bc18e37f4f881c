{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('vendor_forecasting', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["selling_program", "string"],
    ["forecast_generation_date", "date"],
    ["asin", "string"],
    ["start_date", "date"],
    ["end_date", "date"],
    ["mean_forecast_units", "number"],
    ["p70_forecast_units", "number"],
    ["p80_forecast_units", "number"],
    ["p90_forecast_units", "number"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
