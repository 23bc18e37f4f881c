{# scripts/dbt_sources.py writes this file from the tap's catalog. #}
{{ stream('brand_search_terms', [
    ["account", "string"],
    ["marketplace_id", "string"],
    ["country_code", "string"],
    ["report_period", "string"],
    ["start_date", "date"],
    ["end_date", "date"],
    ["department_name", "string"],
    ["search_term", "string"],
    ["search_frequency_rank", "integer"],
    ["clicked_asin", "string"],
    ["clicked_item_name", "string"],
    ["click_share_rank", "integer"],
    ["click_share", "number"],
    ["conversion_share", "number"],
    ["report_id", "string"],
    ["_extra", "string"],
]) }}
