{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('report_rejects_restricted', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["report_type", "string"],
    ["report_options", "string"],
    ["stream_name", "string"],
    ["line_number", "integer"],
    ["line", "string"],
    ["column_name", "string"],
    ["reason", "string"],
    ["window_start", "instant"],
    ["window_end", "instant"],
    ["recorded_at", "instant"],
    ["report_id", "string"],
]) }}
