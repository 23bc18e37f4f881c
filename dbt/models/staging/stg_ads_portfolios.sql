{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('ads_portfolios', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["profile_id", "string"],
    ["snapshot_time", "instant"],
    ["portfolio_id", "string"],
    ["name", "string"],
    ["state", "string"],
    ["in_budget", "boolean"],
    ["budget_amount", "number"],
    ["budget_currency_code", "string"],
    ["budget_policy", "string"],
    ["budget_start_date", "date"],
    ["budget_end_date", "date"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
