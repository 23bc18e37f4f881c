{%- set key = ['account', 'marketplace_id', 'selling_program', 'distributor_view', 'start_date', 'asin'] -%}
with versions as (
    select
        *,
        row_number() over (partition by {{ key | join(', ') }} order by dbt_valid_from) as version,
        count(*) over (partition by {{ key | join(', ') }}) as versions
    from {{ ref('vendor_sales_versions') }}
)

select
    latest.account,
    latest.marketplace_id,
    latest.country_code,
    latest.selling_program,
    latest.distributor_view,
    latest.start_date as day,
    latest.asin,
    {%- for figure in sales_figures() %}
    latest.{{ figure }},
    original.{{ figure }} as first_{{ figure }},
    latest.{{ figure }} - original.{{ figure }} as restated_{{ figure }},
    {%- endfor %}
    latest.ordered_revenue_currency_code,
    latest.shipped_revenue_currency_code,
    latest.shipped_cogs_currency_code,
    original.versions,
    original.loaded_at as first_loaded_at,
    {{ dbt.datediff('latest.start_date', utc_day('original.loaded_at'), 'day') }} as first_loaded_age_days,
    latest.report_id
from {{ ref('stg_vendor_sales') }} as latest
inner join versions as original
    on {{ equal_columns(key, 'latest', 'original') }}
    and original.version = 1
where latest.report_period = 'DAY'
